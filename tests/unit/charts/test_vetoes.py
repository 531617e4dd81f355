"""The veto lab's charts: every series has its numbers, and nothing in them but plain data and named formatters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from povsim.charts import vetoes as charts
from povsim.charts.base import Chart
from povsim.sensitivity.veto_samples import sampled_test
from povsim.views.vetoes import Asked
from povsim.views.vetoes_patterns import by_draw

YEAR = 2020


@pytest.fixture
def asked() -> Asked:
    rng = np.random.default_rng(1)
    patterns = np.arange(8, dtype=np.uint64)
    cases = rng.integers(1, 99, (1, 2, 8, 2))
    codes = ["income", "housing", "water"]
    base = by_draw(patterns, cases[0], 3)
    dims = {"excluded": ("count", "draw"), "both": ("count", "rule", "other"), "overlap": ("count", "rule", "other")}
    data: dict[str, Any] = {
        name: (("year", *dims.get(name, ("count", "draw", "rule"))), values[None]) for name, values in base.items()
    }
    rates = np.linspace(0, 0.06, 5)
    data |= {
        "pattern": ("pattern_number", patterns), "cases": (("year", "draw", "pattern_number", "count"), cases),
        "line": ("year", [4000.0]), "margin_edge": ("edge", np.round(-2 + 0.05 * np.arange(1, 80), 12)),
        "margin_free": (("year", "bin"), np.ones((1, 80))), "margin_blocked": (("year", "bin"), np.ones((1, 80))),
        "rate": (("test", "rate"), rates[None]), "test_limit": ("test", [0.02]),
        "sampled": (("test", "size", "rate"), sampled_test(rates, [1000], limit=0.02).to_numpy()[None]),
        "true_rate": (("test", "year", "draw"), [[[0.01, 0.5]]]),
        "sampled_true": (("test", "size", "year", "draw"), [[[[0.9, 0.0]]]]),
    }  # fmt: skip
    names = {f"rule_{lang}": ("rule", codes) for lang in ("zh", "en")}
    coords = {"year": [YEAR], "rule": codes, "rule_kind": ("rule", ["income", "guarantee", "guarantee"]), **names}
    coords |= {"test": ["omission_rate"], "test_comparison": ("test", ["<"]), "size": [1000]}
    return Asked(xr.Dataset(data, coords), YEAR, "en", off=("water",))


def _made(asked: Asked) -> list[Chart]:
    return [
        charts.rules_chart(asked), charts.patterns_chart(asked), charts.pairs_chart(asked), charts.line_chart(asked),
        charts.flips_chart(asked), charts.sampled_chart(asked),
    ]  # fmt: skip


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(one) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return value is None or type(value) in (str, int, float, bool)


def test_every_series_has_its_data_and_all_is_plain(asked: Asked) -> None:
    for chart in _made(asked):
        codes = [series["id"] for series in chart.option["series"]]
        assert sorted(codes) == sorted(chart.data), chart.code
        assert _plain(chart.whole()), chart.code
        assert chart.title, chart.code
        assert chart.table is not None, chart.code
        assert chart.table.rows, chart.code


def test_dots_are_the_rules_of_the_bar_above(asked: Asked) -> None:
    chart = charts.patterns_chart(asked)
    bars = [bar["name"] for bar in chart.data["persons"]]
    rows = chart.option["yAxis"][1]["data"]
    for column, name in enumerate(bars):
        failed = {rows[row] for place, row in chart.data["fails"] if place == column}
        assert failed == set(name.split(" + "))
    assert not any("water" in name for name in bars)
    assert len(chart.data["passes"]) + len(chart.data["fails"]) == 3 * len(bars)


def test_rates_beyond_the_axis_are_left_out(asked: Asked) -> None:
    chart = charts.sampled_chart(asked)
    assert chart.data["omission_rate_run"] == [[0.01, 0.9]]


def test_the_dot_lies_on_the_curve(asked: Asked) -> None:
    chart = charts.line_chart(asked)
    (dot,) = chart.data["now"]
    assert dot["value"][0] == 4000.0
    curve = dict(map(tuple, chart.data["estimate"]))
    assert set(curve) >= {4000.0}
