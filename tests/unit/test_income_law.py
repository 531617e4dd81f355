"""The law with tails of its own: incomes that rise, a mean and headcounts that are exact, misses that are told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from povsim.income_distribution import fifth_means, from_lorenz, gini_of_ranked
from povsim.income_known import households_below
from povsim.income_law import (
    KNOTS,
    MOST_BEND,
    IncomeLaw,
    Known,
    KnownHeadcount,
    fit_income_law,
    ranked_incomes,
)
from povsim.poverty.lorenz_curves import Beta, GeneralQuadratic

FIFTHS_2015 = np.array([3086.0, 7221, 10311, 14537, 26014])
MEAN = 9433.0


def sizes(households, seed=1):
    return np.random.default_rng(seed).integers(1, 8, households).astype(float)


def made(known, persons, mean=MEAN):
    law = fit_income_law(known, persons, mean)
    return law, ranked_incomes(law, persons, mean)


def share_below(income, persons, line):
    return persons[income < line].sum() / persons.sum()


headcounts = st.builds(KnownHeadcount, line=st.floats(500, 8000), share=st.floats(0.005, 0.6), households=st.booleans())
shapes = st.one_of(
    st.builds(Known, headcounts=st.tuples(headcounts)),
    st.builds(Known, gini=st.floats(0.15, 0.6), headcounts=st.tuples(headcounts)),
    st.builds(Known, median=st.floats(5000, 9000), headcounts=st.tuples(headcounts)),
    st.builds(Known, fifths=st.just(FIFTHS_2015), median=st.floats(6000, 9000), headcounts=st.tuples(headcounts)),
)


@settings(max_examples=30)
@given(known=shapes, households=st.integers(20, 900), seed=st.integers(0, 99))
def test_incomes_rise_and_mean_and_headcount_are_exact(known, households, seed):
    persons = sizes(households, seed)
    _, income = made(known, persons)
    assert (np.diff(income) > 0).all()
    assert (income > 0).all()
    assert np.average(income, weights=persons) == pytest.approx(MEAN, rel=1e-12)
    item = known.headcounts[0]
    below = households_below(item.share, persons, households=item.households)
    assert abs(int((income < item.line).sum()) - below) <= 1
    counted = np.ones(households) if item.households else persons
    found = counted[income < item.line].sum() / counted.sum()
    # Whole households: the nearest boundary is at most half a household off, and one more for rounding.
    assert abs(found - item.share) <= 1.5 * counted.max() / counted.sum()


@pytest.mark.parametrize("sigma", [0.2, 0.6, 1.0])
def test_with_nothing_against_it_the_law_is_lognormal(sigma):
    share = 0.1
    line = MEAN * np.exp(sigma * ndtri(share) - sigma**2 / 2)
    law, income = made(Known(headcounts=(KnownHeadcount(line, share),)), np.ones(50_000))
    # Half a cell of the outermost ranks is missing from a mean over whole households.
    assert law.spread == pytest.approx(sigma, rel=2e-3)
    assert law.bend < 1e-8
    assert np.log(income).std() == pytest.approx(sigma, rel=3e-3)


def test_what_can_be_met_together_is_met():
    persons = sizes(20_000)
    known = Known(gini=0.37, median=7907, headcounts=(KnownHeadcount(2736, 0.085, gap=0.025),))
    law, income = made(known, persons)
    one = persons.max() / persons.sum()
    assert max(abs(miss) for miss in law.misses.values()) < 1e-5
    assert law.bend < MOST_BEND
    assert gini_of_ranked(income, persons) == pytest.approx(0.37, abs=1e-5)
    middle = households_below(0.5, persons)
    assert income[middle - 1] < 7907 < income[middle]
    assert share_below(income, persons, 2736) == pytest.approx(0.085, abs=one)
    gap = (np.maximum(1 - income / 2736, 0) * persons).sum() / persons.sum()
    assert gap == pytest.approx(0.025, abs=one)


def test_tails_are_of_their_own():
    """A known headcount widens the lower tail and leaves the upper one to the fifths."""
    persons = sizes(20_000)
    plain, _ = made(Known(gini=0.35), persons)
    low, _ = made(Known(gini=0.35, headcounts=(KnownHeadcount(2736, 0.085),), median=7900), persons)
    assert plain.spread[0] == pytest.approx(plain.spread[-1], rel=1e-6)
    assert low.spread[0] > 1.2 * low.spread[-1]


def test_several_headcounts_are_met_together():
    persons = sizes(5000)
    known = Known(
        gini=0.4, headcounts=(KnownHeadcount(2000, 0.05), KnownHeadcount(2736, 0.085), KnownHeadcount(6000, 0.4))
    )
    _, income = made(known, persons)
    for item in known.headcounts:
        assert share_below(income, persons, item.line) == pytest.approx(item.share, abs=persons.max() / persons.sum())


def test_contradictions_are_missed_by_little_and_told():
    """Nothing smooth has the fifths of 2015 and the headcount of 2013: the lowest fifth is missed."""
    persons = sizes(20_000)
    known = Known(fifths=FIFTHS_2015, headcounts=(KnownHeadcount(2736, 0.085),))
    law, income = made(known, persons)
    assert law.bend <= MOST_BEND * 1.01
    assert abs(law.misses["headcounts.0"]) < 1e-9
    means = fifth_means(income, persons)
    cells = np.add.reduceat(persons, np.arange(5) * persons.size // 5)
    targets = FIFTHS_2015 * (MEAN * persons.sum() / (FIFTHS_2015 * cells).sum())
    told = np.array([law.misses[f"fifths.{k}"] for k in range(5)])
    assert means / targets - 1 == pytest.approx(told, abs=1e-5)
    assert told[0] > 0.05


def test_what_is_better_known_is_missed_by_less():
    persons = sizes(5000)
    item = KnownHeadcount(2855, 0.057)
    known = {"fifths": FIFTHS_2015, "median": 8500.0, "headcounts": (item,)}
    even, median = (fit_income_law(Known(**known, weights=w), persons, MEAN) for w in ({}, {"median": 20.0}))
    assert abs(median.misses["median"]) < 0.3 * abs(even.misses["median"])


def test_a_share_below_the_first_household_is_nobody():
    law, income = made(Known(gini=0.3, headcounts=(KnownHeadcount(2000, 0.0001),)), np.ones(50))
    assert np.isfinite(law.spread).all()
    assert (income > 2000).all()


@pytest.mark.parametrize(
    "curve", [Beta(0.65, 0.96, 0.5), GeneralQuadratic(0.795981535745657, -1.4445933880119242, 0.14728191995919815)]
)
def test_a_curve_is_met(curve):
    persons = sizes(4000)
    running = np.cumsum(persons) / persons.sum()
    income = from_lorenz(curve, persons, 100.0)
    assert (np.diff(income) > 0).all()
    assert np.average(income, weights=persons) == pytest.approx(100, rel=1e-12)
    shares = np.cumsum(income * persons) / (income * persons).sum()
    kept = (running > 0.01) & (running < 0.985)
    # Incomes below a thousandth of the mean are lifted: nothing that shows in a share of all income.
    assert shares[kept] == pytest.approx(curve.ordinate(running[kept]), abs=1e-4)


def test_a_curve_and_a_headcount_together():
    persons, curve = sizes(4000), Beta(0.578, 0.942, 0.526)
    law, income = made(Known(curve=curve, headcounts=(KnownHeadcount(60, 0.3),)), persons, 100.0)
    assert share_below(income, persons, 60.0) == pytest.approx(0.3, abs=persons.max() / persons.sum())
    assert any(name.startswith("lorenz.") for name in law.misses)


def test_beyond_the_knots_the_spread_stays():
    spread = np.linspace(1.0, 0.5, KNOTS.size)
    law = IncomeLaw(1.0, spread, {})
    low, high = law.log_income(np.array([-5.0, -4.0])), law.log_income(np.array([4.0, 5.0]))
    assert np.diff(low)[0] == pytest.approx(1.0)
    assert np.diff(high)[0] == pytest.approx(0.5)
    assert law.log_income(np.array([0.0]))[0] == pytest.approx(1.0)
    fine = np.linspace(-3.4, 3.4, 20_001)
    # The slope is the spread at every rank.
    assert np.gradient(law.log_income(fine), fine)[1:-1] == pytest.approx(
        np.interp(fine, KNOTS, spread)[1:-1], abs=1e-4
    )
