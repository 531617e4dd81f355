"""Poverty over time: parts of changes, panels, spells."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from povsim import poverty
from povsim.errors import InputError
from povsim.poverty.games import shapley

LUCK = np.random.default_rng(3)
BEFORE, AFTER = np.exp(LUCK.normal(0, 0.6, 800)), np.exp(LUCK.normal(0.3, 0.8, 700))
MEASURES = (poverty.headcount_ratio, poverty.poverty_gap, poverty.watts)


@pytest.mark.parametrize("measure", MEASURES)
def test_shapley_shares_are_those_of_the_game(measure):
    lines = (0.7, 0.8)
    found = poverty.shapley_change(BEFORE, AFTER, lines=lines, measure=measure)
    means, incomes = (BEFORE.mean(), AFTER.mean()), (BEFORE, AFTER)
    games = []
    for coalition in range(8):
        mean, shape, line = (coalition >> place & 1 for place in range(3))
        income = incomes[shape] * (1.0 if mean == shape else means[mean] / means[shape])
        games.append(measure(income, line=lines[line]))
    assert [found.growth, found.redistribution, found.line] == pytest.approx(shapley(games), abs=1e-12)
    change = measure(AFTER, line=lines[1]) - measure(BEFORE, line=lines[0])
    assert found.change == pytest.approx(change)
    assert found.growth + found.redistribution + found.line == pytest.approx(change)


@pytest.mark.parametrize("measure", MEASURES)
def test_datt_ravallion(measure):
    first, second = (
        poverty.datt_ravallion(BEFORE, AFTER, line=0.7, measure=measure, reference=one) for one in ("first", "second")
    )
    assert first.growth + first.redistribution + first.residual == pytest.approx(first.change)
    assert second.residual == pytest.approx(-first.residual)
    # the Shapley shares are the mean of the two views
    even = poverty.shapley_change(BEFORE, AFTER, lines=(0.7, 0.7), measure=measure)
    assert even.growth == pytest.approx((first.growth + second.growth) / 2)
    assert even.line == 0


def test_decompositions_keep_other_dims():
    def panel(values):
        return xr.DataArray(np.stack([values, values * 1.1]), dims=("draw", "household"))

    found = poverty.datt_ravallion(panel(BEFORE), panel(AFTER), line=0.7, measure=poverty.poverty_gap)
    one = poverty.datt_ravallion(BEFORE, AFTER, line=0.7, measure=poverty.poverty_gap)
    assert found.growth.dims == ("draw",)
    assert float(found.growth[0]) == pytest.approx(one.growth)
    arrays = poverty.datt_ravallion(
        np.stack([BEFORE, BEFORE]), np.stack([AFTER, AFTER]), line=0.7, measure=poverty.poverty_gap
    )
    assert arrays.growth == pytest.approx([one.growth] * 2)


def test_decompositions_refuse():
    with pytest.raises(InputError, match="first: has no mean above zero"):
        poverty.shapley_change([0.0, -1.0], AFTER, lines=(1, 1), measure=poverty.poverty_gap)
    with pytest.raises(InputError, match="reference: is unknown"):
        poverty.datt_ravallion(BEFORE, AFTER, line=1, measure=poverty.poverty_gap, reference="both")


def test_growth_at_each_rank():
    found = poverty.growth_incidence(BEFORE, BEFORE * 1.07)
    assert found.shape == (99,)
    assert found == pytest.approx(np.full(99, 0.07))
    labels = poverty.growth_incidence(
        xr.DataArray(BEFORE, dims="household"), xr.DataArray(AFTER, dims="household"), ranks=(0.1, 0.5)
    )
    assert labels.dims == ("rank",)
    assert labels.attrs["units"] == "share"


def test_chronic_and_transient():
    panel = np.array([[50.0, 150.0, 60.0], [150.0, 150.0, 70.0]])
    found = poverty.chronic_transient(panel, line=100)
    gaps = np.maximum(0, 1 - panel / 100) ** 2
    assert found.total == pytest.approx(gaps.mean())
    assert found.chronic == pytest.approx((0.35**2) / 3)
    assert found.transient == pytest.approx(found.total - found.chronic)
    cube = xr.DataArray(panel.T, {"household": list("abc"), "year": [1, 2]}, ("household", "year"))
    assert float(poverty.chronic_transient(cube, line=100).transient) == pytest.approx(found.transient)
    with pytest.raises(InputError, match="does not have two waves"):
        poverty.chronic_transient(panel[0], line=100)


@given(panel=st.lists(st.tuples(*[st.floats(1, 300)] * 3), min_size=1, max_size=6))
def test_ups_and_downs_only_cost(panel):
    assert poverty.chronic_transient(np.array(panel).T, line=100).transient >= -1e-12


def test_moves_between_states():
    before = np.array(["poor", "poor", "not", "poor"])
    after = np.array(["not", "poor", "not", "poor"])
    found = poverty.transition_matrix(before, after, weight=[1, 1, 1, 2], states=["poor", "not", "gone"])
    assert found[:2].tolist() == [[0.75, 0.25, 0.0], [0.0, 1.0, 0.0]]
    assert np.isnan(found[2]).all()


def test_moves_are_joined_by_label():
    before = xr.DataArray([1, 1, 0], {"household": list("abc")}, ("household",))
    after = xr.DataArray([0, 1, 0], {"household": list("cba")}, ("household",))
    found = poverty.transition_matrix(before, after)
    assert found.sel(before=1, after=1) == 0.5
    with pytest.raises(InputError, match="after: has other labels"):
        poverty.transition_matrix(before, after.assign_coords(household=list("cbx")))


def test_moves_refuse():
    with pytest.raises(InputError, match="states: lacks some; found 2"):
        poverty.transition_matrix(np.array([1, 2]), np.array([1, 1]), states=[0, 1])
    with pytest.raises(InputError, match="states: lacks some; found nan"):
        poverty.transition_matrix(np.array([1.0, np.nan]), np.array([1.0, 1.0]))
    with pytest.raises(InputError, match="after: does not go with before"):
        poverty.transition_matrix(np.array([1, 2]), np.array([1]))
    with pytest.raises(InputError, match="after: is of another kind"):
        poverty.transition_matrix(xr.DataArray([1]), np.array([1]))


def slow_hazards(row, want):
    """Yield (year of the spell, whether it ended) of spells in a state that were seen to begin."""
    for start in range(1, len(row)):
        if row[start] == want and row[start - 1] != want:
            for year, now in enumerate(range(start + 1, len(row)), start=1):
                yield year, row[now] != want
                if row[now] != want:
                    break


@given(st.lists(st.tuples(*[st.booleans()] * 5, st.integers(1, 4)), min_size=1, max_size=8))
def test_spells_by_a_slow_loop(people):
    waves, weight = np.array([row[:5] for row in people]).T, np.array([row[5] for row in people], dtype=float)
    found = poverty.spell_hazards(waves, weight=weight)
    for want, hazard, at_risk in (
        (True, found.exit, found.exit_at_risk),
        (False, found.reentry, found.reentry_at_risk),
    ):
        met = [(year, ended, row[5]) for row in people for year, ended in slow_hazards(row[:5], want)]
        for year in range(1, 5):
            there = sum(w for one, _, w in met if one == year)
            assert at_risk[year - 1] == there
            if there:
                assert hazard[year - 1] == pytest.approx(sum(w for one, end, w in met if one == year and end) / there)
            else:
                assert np.isnan(hazard[year - 1])


def test_spells_of_dataarrays():
    cube = xr.DataArray([[0, 1, 0, 0], [0, 1, 1, 0]], {"household": ["a", "b"]}, ("household", "year"))
    found = poverty.spell_hazards(cube)
    assert found.exit.sel(spell_year=1) == 0.5
    with pytest.raises(InputError, match="poor: holds other values"):
        poverty.spell_hazards(cube * 2)


def test_vulnerability():
    assert poverty.vulnerability(np.array([40.0, 50.0]), sd=12.0, line=40.0) == pytest.approx([0.5, 0.20232838])
    draws = np.exp(np.random.default_rng(1).normal(np.log(50) - 0.02, 0.2, 400_000))
    found = poverty.vulnerability(draws.mean(), sd=draws.std(), line=40.0, law="lognormal")
    assert found == pytest.approx((draws < 40).mean(), abs=0.003)
    with pytest.raises(InputError, match="vulnerability: 2 problems"):
        poverty.vulnerability(50.0, sd=0.0, line=-1.0)
    with pytest.raises(InputError, match="law: is unknown"):
        poverty.vulnerability(50.0, sd=1.0, line=1.0, law="cauchy")
