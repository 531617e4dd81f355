"""Measurement error and the sampled test: the package's numbers, and the limits that anybody can check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from povsim.charts.vetoes import sampled_chart
from povsim.sensitivity import vetoes as analysis
from povsim.sensitivity.veto_curves import MarginCurve
from povsim.views import vetoes
from povsim.views.vetoes import Asked
from povsim.views.vetoes_measured import flips, sampled

YEAR = 2020


@pytest.fixture
def asked() -> Asked:
    rng = np.random.default_rng(2)
    rates, sizes = np.linspace(0, 0.06, 121), [500, 1000]
    free, blocked = rng.integers(0, 500, 80).astype(float), rng.integers(0, 50, 80).astype(float)
    true = np.array([[0.01, 0.03]])
    data: dict[str, Any] = {
        "margin_free": (("year", "bin"), free[None]), "margin_blocked": (("year", "bin"), blocked[None]),
        "margin_edge": ("edge", np.round(-2 + 0.05 * np.arange(1, 80), 12)), "line": ("year", [4000.0]),
        "rate": (("test", "rate"), rates[None]), "test_limit": ("test", [0.02]),
        "sampled": (("test", "size", "rate"), analysis.sampled_test(rates, sizes, limit=0.02).to_numpy()[None]),
        "true_rate": (("test", "year", "draw"), true[None]),
        "sampled_true": (
            ("test", "size", "year", "draw"),
            analysis.sampled_test(true[0], sizes, limit=0.02).to_numpy()[None, :, None],
        ),
    }  # fmt: skip
    codes = ["income", "housing"]
    coords: dict[str, Any] = {
        "year": [YEAR], "rule": codes, "rule_en": ("rule", codes), "rule_kind": ("rule", ["income", "guarantee"]),
        "test": ["wrong_exit_rate"], "test_comparison": ("test", ["<"]), "size": sizes,
    }  # fmt: skip
    return Asked(xr.Dataset(data, coords), YEAR, "en", error=0.1)


def _curve(asked: Asked) -> MarginCurve:
    free, blocked = (asked.part[f"margin_{name}"].to_numpy()[0] for name in ("free", "blocked"))
    return MarginCurve("income", asked.part["margin_edge"].to_numpy(), free, blocked)


def test_flips_are_those_of_the_package(asked: Asked) -> None:
    found = analysis.margin_flips(_curve(asked), 0.1)
    numbers = {one.code: one.value for one in vetoes.flip_numbers(asked)}
    for name, value in numbers.items():
        assert value == f"{float(found[name].sel(bound='estimate')):,.0f}"


def test_without_error_nothing_flips(asked: Asked) -> None:
    exact = replace(asked, error=0.0)
    assert [one.value for one in vetoes.flip_numbers(exact)] == ["0", "0"]
    assert flips(exact).chance.max() == 0
    for row in vetoes.measured_table(exact).rows:
        assert row["any_hit_true"] == row["any_hit_measured"]
        assert row["shapley_true"] == row["shapley_measured"]


def test_chance_falls_with_the_distance(asked: Asked) -> None:
    found = flips(asked)
    above = found.distance > 0
    assert (np.diff(found.chance[above]) < 0).all()
    assert (np.diff(found.chance[~above]) > 0).all()
    assert found.chance.max() < 0.5
    assert found.persons.sum() <= _curve(asked).free.sum()


def test_true_shares_of_the_two_rules_are_counted(asked: Asked) -> None:
    curve, rows = _curve(asked), vetoes.measured_table(asked).rows
    poor, both = curve.free[:40].sum(), curve.blocked[:40].sum()
    assert rows[0]["any_hit_true"] == pytest.approx(poor + both)
    assert rows[0]["shapley_true"] == pytest.approx(poor + both / 2)
    assert rows[1]["shapley_true"] == pytest.approx(curve.blocked.sum() - both / 2)


@pytest.mark.parametrize("size", [500, 777])
def test_sampled_test_at_any_size_is_the_package_s(asked: Asked, size: int) -> None:
    one = sampled(replace(asked, sample=size))[0]
    expected = analysis.sampled_test(one.rates, [size], limit=0.02).to_numpy()[0]
    np.testing.assert_allclose(one.chances, expected)
    np.testing.assert_allclose(one.true_chances, analysis.sampled_test([0.01, 0.03], [size], limit=0.02).to_numpy()[0])


def test_a_sample_misleads_when_it_says_otherwise(asked: Asked) -> None:
    row = vetoes.sampled_table(asked).rows[0]
    passing = analysis.sampled_test([0.01, 0.03], [1000], limit=0.02).to_numpy()[0]
    assert row["truly"] == 0.5
    assert row["passes"] == pytest.approx(passing.mean())
    assert row["wrong"] == pytest.approx(((1 - passing[0]) + passing[1]) / 2)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_wrong_exits_of_the_sampled_test_are_told_from_those_of_the_year(asked: Asked, lang: str) -> None:
    told = replace(asked, part=asked.part.assign_coords({f"rule_{lang}": ("rule", ["a", "b"])}), lang=lang)
    said = told.say("test.wrong_exit.note")
    row = vetoes.sampled_table(told)
    assert said in row.note
    assert row.rows[0]["test"] == told.say("test.wrong_exit_rate")
    assert ("不论哪一年" if lang == "zh" else "whatever the year") in said
    assert said in sampled_chart(told).note
    other = replace(told, part=told.part.assign_coords(test=["omission_rate"]))
    assert said not in vetoes.sampled_table(other).note
    assert said not in sampled_chart(other).note


def test_a_plan_without_a_sampled_test_is_told(asked: Asked) -> None:
    assert vetoes.nothing_sampled(asked) == ""
    none = replace(asked, part=asked.part.isel(test=slice(0, 0)))
    assert vetoes.nothing_sampled(none) == asked.say("empty.sampled")
