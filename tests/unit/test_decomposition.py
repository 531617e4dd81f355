"""Shapley values against every order, growth and redistribution against incomes written out, mixtures of plans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import povsim
from povsim.errors import InputError
from povsim.planning.decomposition import (
    Histogram,
    coalitions_of,
    edges_of,
    growth_redistribution,
    poverty_of,
    sampled_orders,
    sampled_shapley,
)
from povsim.planning.measure_shares import OTHER, game_of, measure_shares
from povsim.poverty.games import shapley
from povsim.runs import Settings, run_scenarios

EDGES = edges_of(np.geomspace(100.0, 1_000_000.0, 129)[:-1])


def by_orders(worth: np.ndarray, players: int) -> np.ndarray:
    total = np.zeros(players)
    orders = list(itertools.permutations(range(players)))
    for order in orders:
        met = 0
        for player in order:
            total[player] += worth[met | 1 << player] - worth[met]
            met |= 1 << player
    return total / len(orders)


@given(st.integers(1, 5).flatmap(lambda n: arrays(np.float64, 1 << n, elements=st.floats(-1e3, 1e3))))
def test_shapley_is_the_mean_over_all_orders_and_sums_exactly(worth: np.ndarray) -> None:
    players = len(worth).bit_length() - 1
    found = shapley(worth)
    assert found == pytest.approx(by_orders(worth, players), abs=1e-8)
    assert found.sum() == pytest.approx(worth[-1] - worth[0], abs=1e-8)


@given(st.permutations([0, 1, 2]), arrays(np.float64, 8, elements=st.floats(-10, 10)))
def test_renaming_players_renames_their_values(order: list[int], worth: np.ndarray) -> None:
    renamed = np.array([worth[sum(1 << order[p] for p in range(3) if s >> p & 1)] for s in range(8)])
    assert shapley(renamed) == pytest.approx(shapley(worth)[order], abs=1e-9)


def test_a_game_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="2 \\*\\* n coalitions; found 3"):
        shapley([0.0, 1.0, 2.0])


def test_sampled_values_sum_exactly_and_come_near_the_exact_ones() -> None:
    worth = np.random.default_rng(1).normal(size=1 << 6)
    orders = sampled_orders(6, 400, seed=3)
    values, errors = sampled_shapley(orders, np.array([[worth[item] for item in coalitions_of(o)] for o in orders]))
    assert values.sum() == pytest.approx(worth[-1] - worth[0])
    assert (np.abs(values - shapley(worth)) < 4.5 * errors).all()
    assert np.isnan(sampled_shapley(orders[:2], np.zeros((2, 7)))[1]).all()


def histogram(incomes: np.ndarray) -> Histogram:
    return Histogram(np.histogram(incomes, EDGES)[0].astype(float)[np.newaxis], EDGES)


def test_growth_and_redistribution_agree_with_incomes_written_out() -> None:
    luck = np.random.default_rng(7)
    a = np.exp(luck.normal(9.0, 0.6, 40_000))
    b = np.exp(luck.normal(9.2, 0.5, 40_000))
    line, z = 4000.0, (4000.0, 4400.0)
    mean = (a.mean(), b.mean())
    worth = np.empty(8)
    for s in range(8):
        growth, shape, moved = s & 1, s >> 1 & 1, s >> 2 & 1
        incomes = (a, b)[shape] * mean[growth] / mean[shape]
        worth[s] = (incomes < z[moved]).mean()
    found = growth_redistribution(histogram(a), histogram(b), z)
    assert found["shapley"].values[:, 0] == pytest.approx(by_orders(worth, 3), abs=2e-3)
    assert (np.abs(found["shapley"].values[:, 0] - by_orders(worth, 3)) < found["bound"].values[0]).all()
    assert float(found["change"][0]) == pytest.approx(worth[-1] - worth[0], abs=2e-3)
    assert found["at_first"].values[:, 0] == pytest.approx([worth[1 << p] - worth[0] for p in range(3)], abs=2e-3)
    gap = poverty_of(histogram(a), line, "poverty_gap")
    exact = np.maximum(1 - a / line, 0).mean()
    assert gap[0][0] == pytest.approx(exact, abs=5e-4)
    assert abs(gap[0][0] - exact) <= gap[1][0]


@given(
    arrays(np.float64, (2, 128), elements=st.integers(0, 50).map(float)),
    st.tuples(st.floats(150, 5e5), st.floats(150, 5e5)),
    st.sampled_from(["headcount_ratio", "poverty_gap"]),
)
def test_the_parts_sum_to_the_change(persons: np.ndarray, lines: tuple[float, float], measure: str) -> None:
    both = [Histogram(row[np.newaxis] + 1.0, EDGES) for row in persons]
    found = growth_redistribution(both[0], both[1], lines, measure)
    assert float(found["shapley"].sum("component")[0]) == pytest.approx(float(found["change"][0]), abs=1e-12)
    told = poverty_of(both[1], lines[1], measure)[0] - poverty_of(both[0], lines[0], measure)[0]
    assert float(found["change"][0]) == pytest.approx(float(told[0]), abs=1e-12)
    same = growth_redistribution(both[0], both[0], (lines[0], lines[0]), measure)
    assert np.abs(same["shapley"].values).max() == 0.0


def test_a_poverty_line_outside_the_bins_counts_nobody_or_everybody() -> None:
    people = Histogram(np.ones((1, 128)), EDGES)
    assert poverty_of(people, 50.0)[0][0] == 0.0
    assert poverty_of(people, 2e6)[0][0] == 1.0


def off(*codes: str, **more: object) -> povsim.scenario.Scenario:
    changes = {f"measures.{code}.active": False for code in codes}
    return povsim.read_scenario("sample", overrides={"code": "off", **changes, **more})


def test_players_are_what_differs(sample) -> None:
    assert game_of(off("industry", "dibao_new"), sample).players == (("industry",), ("dibao_new",))
    funds = {"funds.special.budget": 1.0}
    assert (OTHER,) in game_of(off("industry", **funds), sample).players
    with pytest.raises(InputError, match="are the same: nothing to share out"):
        game_of(sample, sample)


def test_shares_of_measures_add_up_to_what_two_runs_tell(sample, people) -> None:
    first = off("industry", "dibao_new")
    settings = Settings(draws=range(2), seed=1)
    found = measure_shares(people, first, sample, year=2018, settings=settings)
    assert found.attrs["exact"] == 1
    assert found.attrs["runs"] == 4
    both = run_scenarios(people, (first, sample), Settings(draws=range(2), seed=1, household_summary=False)).outcomes
    poor = both["poor_persons"].sel(year=2018).sum("village").mean("draw").values
    spent = both["spending"].sel(year=slice(None, 2018)).sum(["village", "measure", "year"]).mean("draw").values
    change = found["change"]
    assert float(change.sel(statistic="poor_persons")) == pytest.approx(poor[1] - poor[0])
    assert float(change.sel(statistic="spending")) == pytest.approx(spent[1] - spent[0])
    assert found["share"].sum("player").values == pytest.approx(change.values)
    with pytest.raises(InputError, match="year: is not in the plan; found 1999"):
        measure_shares(people, first, sample, year=1999, settings=settings)


def test_the_year_has_to_be_in_both_plans(sample, people, monkeypatch) -> None:
    def never(*_, **__):
        raise AssertionError("run")

    monkeypatch.setattr("povsim.planning.measure_shares.run_scenarios", never)
    short = povsim.read_scenario("sample", overrides=["code=short", "years=[2016,2019]", "targets=[]"])
    for year in (None, 2020):
        with pytest.raises(InputError, match=r"year: is not in the plan; found 2020; allowed: 2016 to 2019, as short"):
            measure_shares(people, sample, short, year=year)
        with pytest.raises(InputError, match=r"year: is not in the plan; found 2020; allowed: 2016 to 2019, as short"):
            measure_shares(people, short, sample, year=2020)
    with pytest.raises(InputError, match=r"years: .*found sample: 2016 to 2020; allowed: 2016 to 2019, as short"):
        measure_shares(people, short, sample, year=2018)


def test_sampled_shares_of_measures_say_so(sample, people) -> None:
    first = off("industry", "dibao_new", "repair", "water")
    found = measure_shares(people, first, sample, orders=2, settings=Settings(draws=range(1), seed=1))
    assert found.attrs["exact"] == 0
    assert found.attrs["runs"] <= 8
    assert found["share"].sum("player").values == pytest.approx(found["change"].values)


def test_the_gap_of_a_line_above_all_bins_is_that_of_the_mean() -> None:
    found = histogram(np.array([150.0, 700.0, 2500.0]))
    line = 100 * EDGES[-1]
    gap, bound = poverty_of(found, line, "poverty_gap")
    assert gap[0] == pytest.approx(1 - found.mean()[0] / line, abs=float(bound[0]) + 1e-9)
    assert gap[0] > 0.99
