"""Populations made from published grouped data: headcount, gap and Gini of the households are the published ones.

What may differ is what whole households take: a headcount is as fine as one household, a gap is finer still, and the
Gini coefficient loses what is unequal within the ranks of one household, which falls with the square of their number.
"""

import json

import numpy as np
import pandas as pd
import pytest

from povsim.errors import InputError
from povsim.income_distribution import from_lorenz, gini_of_ranked
from povsim.income_law import Known, KnownHeadcount, fit_income_law, ranked_incomes
from povsim.poverty import gini, headcount_ratio, lorenz, poverty_gap
from povsim.poverty.lorenz import poverty_from
from tests.conftest import DATA

NUMBERS = (200, 2000, 20_000)
RURAL_INDIA = {"mean": 109.9, "line": 89.0}


def table(name):
    if not (DATA / name).is_file():
        pytest.skip(f"published figures not at hand: {name}")
    return pd.read_csv(DATA / name)


@pytest.fixture(scope="module")
def wbpip():
    if not (DATA / "wbpip_published.json").is_file():
        pytest.skip("published figures not at hand: wbpip_published.json")
    return json.loads((DATA / "wbpip_published.json").read_text())


def households(number):
    return np.random.default_rng(number).integers(1, 8, number).astype(float)


def measured(income, persons, line):
    weight = {"weight": persons}
    found = (
        headcount_ratio(income, line=line, **weight),
        poverty_gap(income, line=line, **weight),
        gini(income, **weight),
    )
    return [float(value) for value in found]


def within(persons):
    """Return what may part headcount, gap and Gini of whole households from a curve's."""
    one = persons.max() / persons.sum()
    return [one, one, 2 * one]


@pytest.mark.parametrize("number", NUMBERS)
def test_wbpip_published_figures(wbpip, number):
    """The quadratic curve ends at a + c = .943; the rest, given to the richest hundredth, moves Gini by up to .0006."""
    persons, published = households(number), wbpip["general_quadratic"]
    curve = lorenz.fit_best(wbpip["P"], wbpip["L"], line_over_mean=wbpip["line"] / wbpip["mean"])
    income = from_lorenz(curve, persons, wbpip["mean"])
    found = measured(income, persons, wbpip["line"])
    slack = [*within(persons)[:2], within(persons)[2] + 0.0006]
    for value, key, off in zip(found, ("headcount", "pg", "gini"), slack, strict=True):
        assert value == pytest.approx(published[key], abs=off), key


@pytest.mark.parametrize("number", NUMBERS)
def test_wbpip_published_beta(wbpip, number):
    """Their Gini .31236656 is Simpson's rule on a steep end; the curve's own is .31236884."""
    persons, published = households(number), wbpip["beta"]
    income = from_lorenz(lorenz.fit_beta(wbpip["P"], wbpip["L"]), persons, wbpip["mean"])
    found = measured(income, persons, wbpip["line"])
    for value, target, off in zip(
        found, (published["headcount"], published["pg"], 0.31236884), within(persons), strict=True
    ):
        assert value == pytest.approx(target, abs=off + 1e-5)


@pytest.mark.parametrize("number", NUMBERS)
def test_rural_india_1983(number):
    """Datt (1998): 45 % of persons below 89 rupees, poverty gap .125; at 20,000 households nothing is left to see."""
    groups, persons = table("datt1998_rural_india_1983_grouped.csv"), households(number)
    mean, line = RURAL_INDIA["mean"], RURAL_INDIA["line"]
    curve = lorenz.fit_best(groups["P"].to_numpy(), groups["L"].to_numpy(), line_over_mean=line / mean)
    found = measured(from_lorenz(curve, persons, mean), persons, line)
    told = poverty_from(curve, mean=mean, line=line)
    for value, target, off in zip(
        found, (told.headcount_ratio, told.poverty_gap, told.gini), within(persons), strict=True
    ):
        assert value == pytest.approx(target, abs=off)
    assert found[0] == pytest.approx(0.45, abs=0.002 + within(persons)[0])
    assert found[1] == pytest.approx(0.125, abs=0.001 + within(persons)[1])


def test_the_groups_themselves_come_out():
    """Mean consumption of each of the 13 groups: as near as a curve of three parameters comes to published groups."""
    groups, persons = table("datt1998_rural_india_1983_grouped.csv"), households(20_000)
    curve = lorenz.fit_best(groups["P"].to_numpy(), groups["L"].to_numpy(), line_over_mean=89 / 109.9)
    income = from_lorenz(curve, persons, 109.9)
    running = np.concatenate(([0.0], np.cumsum(persons))) / persons.sum()
    cash = np.concatenate(([0.0], np.cumsum(income * persons))) / (income * persons).sum()
    found = np.interp(groups["P"], running, cash)
    assert np.abs(found - groups["L"]).max() < 0.002
    means = np.diff(np.concatenate(([0.0], found))) / np.diff(np.concatenate(([0.0], groups["P"]))) * 109.9
    assert np.median(np.abs(means / groups["X"] - 1)) < 0.01


def test_the_curve_that_fails_its_rules_is_not_taken():
    """The quadratic curve of this example ends at a + c = .87: the automatic choice is the other one."""
    points = table("wbpip_gd_ex1.csv")
    p, shares = points["weight"].to_numpy(), points["welfare"].to_numpy()
    assert lorenz.fit_general_quadratic(p, shares).faults
    curve = lorenz.fit_best(p, shares)
    assert isinstance(curve, lorenz.Beta)
    persons = households(20_000)
    income = from_lorenz(curve, persons, 100.0)
    running = np.cumsum(persons) / persons.sum()
    found = np.interp(p[:-1], running, np.cumsum(income * persons) / (income * persons).sum())
    assert found == pytest.approx(shares[:-1], abs=0.002)
    assert gini_of_ranked(income, persons) == pytest.approx(lorenz.gini_from(curve), abs=2e-4)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_law_with_tails_of_its_own_meets_the_published_figures_too(wbpip, number):
    """Curve, headcount and gap together; the law bends as far as it may at the top of this curve, and says so."""
    persons, published = households(number), wbpip["general_quadratic"]
    curve = lorenz.fit_general_quadratic(wbpip["P"], wbpip["L"])
    headcount = KnownHeadcount(wbpip["line"], published["headcount"], published["pg"])
    law = fit_income_law(Known(curve=curve, headcounts=(headcount,)), persons, wbpip["mean"])
    found = measured(ranked_incomes(law, persons, wbpip["mean"]), persons, wbpip["line"])
    slack = [*within(persons)[:2], within(persons)[2] + 0.001]
    for value, key, off in zip(found, ("headcount", "pg", "gini"), slack, strict=True):
        assert value == pytest.approx(published[key], abs=off), key
    assert max(abs(miss) for miss in law.misses.values()) < 0.02


def test_points_no_curve_holds_for_are_refused():
    with pytest.raises(InputError, match=r"(?s)GeneralQuadratic: ends far below.*Beta: bends downwards"):
        lorenz.fit_best([0.1, 0.2, 0.5, 0.9], [0.0, 0.0, 0.01, 0.5])
