"""The veto lab's charts: every series has its numbers, and nothing in them but plain data and named formatters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import povsim
from povsim.charts import vetoes as charts
from povsim.charts.base import Chart
from povsim.scenario import shipped_scenarios
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


def _few(asked: Asked, cases: list[list[float]]) -> Asked:
    """Return the same with other persons by pattern; households do not matter here."""
    persons = np.array(cases)
    part = asked.part.assign(cases=(asked.part["cases"].dims, np.stack([persons, persons], axis=-1)[None]))
    base = by_draw(part["pattern"].to_numpy(), part["cases"].to_numpy()[0], 3)
    return Asked(part.assign({name: part[name].copy(data=values[None]) for name, values in base.items()}), YEAR, "en")


def test_bars_are_labelled_in_whole_numbers_and_below_ten_with_one_decimal(asked: Asked) -> None:
    rare = _few(asked, [[0, 1220, 439, 15, 5, 2, 0, 0], [0, 1220, 0, 0, 6, 0, 0, 0]])
    bars = charts.patterns_chart(rare).data["persons"]
    assert [bar["label"]["formatter"] for bar in bars] == ["1,220", "220", "7.5", "5.5", "1"]
    assert [bar["value"] for bar in bars] == [1220, 220, 7.5, 5.5, 1]
    rules = charts.rules_chart(rare)
    assert all(value == round(value, 0 if value >= 10 else 1) for values in rules.data.values() for value in values)


def test_pairs_are_numbered_below_and_named_beside(asked: Asked) -> None:
    chart = charts.pairs_chart(Asked(asked.part, YEAR, "en"))
    beside, below = chart.option["yAxis"]["data"], chart.option["xAxis"]["data"]
    assert below == ["1", "2", "3"]
    assert beside == ["3  water", "2  housing", "1  income"]
    assert "rotate" not in str(chart.option)
    both = asked.part["both"].to_numpy()[0, 1]
    for cell in chart.data["both"]:
        across, up, value = cell["value"]
        rule = int(beside[up].split()[0]) - 1
        assert rule != across
        assert value == pytest.approx(both[rule, across], abs=0.5)
        assert cell["name"] == f"{asked.names[rule]} + {asked.names[across]}"


def test_the_colour_bar_of_pairs_has_its_ends_written(asked: Asked) -> None:
    chart = charts.pairs_chart(Asked(asked.part, YEAR, "en"))
    most = max(cell["value"][2] for cell in chart.data["both"])
    assert chart.option["visualMap"]["text"] == [f"{most:,.0f} persons", "0"]
    assert chart.option["visualMap"]["max"] == most


def _light(colour: list[float]) -> float:
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("share", np.linspace(0, 1, 41).tolist())
def test_numbers_on_cells_stand_out_from_their_colour(share: float) -> None:
    """Contrast by WCAG 2, as large as for any text; on the colours that the library mixes, on light pages and dark."""
    rgb = [[int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)] for shade in charts.SHADES]
    cell = [float(np.interp(share, [0, 0.5, 1], channel)) for channel in zip(*rgb, strict=True)]
    ink = [int(charts._ink(share)[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    dark, light = sorted((_light(cell), _light(ink)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_names_of_what_ships_stand_beside_axes_uncut(asked: Asked, lang: str) -> None:
    shipped = [povsim.read_scenario(name).exit_standard.household.tests for name in shipped_scenarios()]
    names = sorted({test.label(lang) for tests in shipped for test in tests})
    assert len(names) >= 7
    for at in range(0, len(names), 3):
        three = (names[at : at + 3] * 3)[:3]
        part = asked.part.assign_coords({f"rule_{lang}": ("rule", three)})
        one = Asked(part, YEAR, lang)
        assert sorted(charts.rules_chart(one).axes["y"]) == sorted(three)
        assert charts.patterns_chart(one).option["yAxis"][1]["data"] == three[::-1]
    # in type of 13 pixels, and two lines, which is what may stand beside an axis
    for name in names:
        assert sum(13 if ord(sign) > 0x2E80 else 6.8 for sign in name) <= 2 * charts.NAMES["width"] - 60, name
    assert charts.NAMES["overflow"] == "break"


def test_a_name_too_long_for_two_lines_is_cut(asked: Asked) -> None:
    part = asked.part.assign_coords(rule_en=("rule", ["income", "x" * 80, "water"]))
    chart = charts.patterns_chart(Asked(part, YEAR, "en"))
    assert chart.option["yAxis"][1]["data"][1] == "x" * 49 + "…"
    assert chart.height > charts.patterns_chart(asked).height


def test_columns_of_a_curve_have_their_units(asked: Asked) -> None:
    table = charts.line_chart(asked).table
    assert [column.unit for column in table.columns] == ["yuan per head and year", "persons", "persons", "persons"]
