"""Verdicts and the forecast: whole-number comparisons, village and county tests, sampled inspection, targets."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import hypergeom

import povsim
from povsim.draws import uniforms
from povsim.outlook import forecast, target_held
from povsim.verdicts import compare_ratio, sampled_failures
from tests.conftest import quantity

UNITS = {"exits": "persons", "villages_passing": "villages"}
COUNTY_TESTS = [
    {"code": code, "name_zh": code, "name_en": code, "column": code, "comparison": "<",
     "threshold": quantity(0.02, "share")}
    for code in ("composite_incidence", "wrong_exit_rate", "omission_rate")
]  # fmt: skip


def test_shares_are_compared_in_whole_numbers():
    ones = np.full(3, 3)
    assert compare_ratio(np.array([1, 1, 1]) * 7, ones * 7, ">=", 1 / 3).tolist() == [True] * 3
    n, d = np.array([199, 200, 201]), np.full(3, 10_000)
    assert compare_ratio(n, d, "<", 0.02).tolist() == [True, False, False]
    assert compare_ratio(n, d, "<=", 0.02).tolist() == [True, True, False]
    assert compare_ratio(n, d, ">=", 0.02).tolist() == [False, True, True]
    assert compare_ratio(n, d, ">", 0.02).tolist() == [False, False, True]


def test_a_rate_without_a_denominator_passes_an_upper_bound():
    zero = np.array([0])
    assert compare_ratio(zero, zero, "<", 0.02).tolist() == [True]
    assert compare_ratio(zero, zero, ">=", 0.9).tolist() == [False]


def test_large_villages_and_long_decimals_are_compared_exactly():
    """Yuan of a village of 3,000 persons times the denominator of 0.7 x 12936 would wrap around in 64 bits."""
    persons = np.array([3_000, 3_000, 1_018])
    bound = Fraction("0.7") * Fraction("12936")
    income = np.array([3_000 * 9055 + 600, 3_000 * 9055 + 599, 40_000_000])
    assert compare_ratio(income, persons, ">=", bound).tolist() == [True, False, True]
    assert compare_ratio(income, persons, ">=", 9055.199999999999).tolist() == [True, False, True]


@pytest.fixture(scope="module")
def county(people):
    """The sample county under county tests, with rates of the size that matters."""
    plan = povsim.read_scenario("sample", overrides={"exit_standard.county": COUNTY_TESTS})
    return plan, povsim.simulate(people, plan, draws=30, seed=4)


def test_true_county_rates_come_from_the_counts(county):
    _, out = county
    one = out.isel(scenario=0)
    persons = one["persons"].sum("village")
    wrong = one["failing_exited_persons"].sum("village")
    omitted = one["omissions"].sum("village")
    registered = persons.sel(status=["registered", "relapsed"]).sum("status")
    expected = {
        "wrong_exit_rate": wrong / persons.sel(status="exited"),
        "omission_rate": omitted / persons.sel(status="never_registered"),
        "composite_incidence": (registered + omitted + wrong) / persons.sum("status"),
    }
    rate = one["county_rate_true"].isel(county_name=0)
    for code, values in expected.items():
        assert np.allclose(rate.sel(veto=code), values.transpose("draw", "year"), atol=1e-6), code
    passes = np.logical_and.reduce([(rate.sel(veto=code) < 0.02).values for code in expected])
    assert np.array_equal(one["county_passes_true"].isel(county_name=0).values, passes)


def test_a_sample_of_everybody_sees_the_truth(people):
    census = {"inspection.sample_villages": 1000, "inspection.sample_households": 1_000_000}
    plan = povsim.read_scenario("sample", overrides={"exit_standard.county": COUNTY_TESTS, **census})
    out = povsim.simulate(people, plan, draws=5).isel(scenario=0)
    households = out["households"].sum("village")
    for code, bad, status in (
        ("wrong_exit_rate", "failing_exited_households", "exited"),
        ("omission_rate", "omissions_households", "never_registered"),
    ):
        truth = out[bad].sum("village") / households.sel(status=status)
        seen = out["county_rate_seen"].isel(county_name=0).sel(veto=code)
        assert np.allclose(seen, truth.transpose("draw", "year"), atol=1e-6)


def test_sampled_counts_follow_the_hypergeometric_law(people):
    sample = {"inspection.sample_villages": 1000, "inspection.sample_households": 100}
    plan = povsim.read_scenario("sample", overrides={"exit_standard.county": COUNTY_TESTS, **sample})
    out = povsim.simulate(people, plan, draws=300, seed=8).isel(scenario=0)
    seen = out["county_rate_seen"].isel(county_name=0).sel(veto="omission_rate", year=2016).values * 50
    pool = out["households"].sum("village").sel(status="never_registered", year=2016).values
    bad = out["omissions_households"].sum("village").sel(year=2016).values
    # the probability integral of each count, randomised within its step, is uniform: compare means and variances
    expected = hypergeom.mean(pool, bad, 50)
    spread = hypergeom.var(pool, bad, 50)
    z = (seen - expected) / np.sqrt(spread)
    assert abs(z.mean()) < 3 / np.sqrt(300)
    assert 0.8 < z.var() < 1.25


def test_check_values_of_the_sampled_test_for_independent_persons():
    """A county of 200,000 households, 1,000 asked: true rate 1.5 % fails with probability .08 or .12, 2.5 % passes
    with .18 or .13, as the bound itself passes or not."""
    luck = uniforms(np.arange(40_000), seed=1, draw=0, year=2016, decision="check").astype(float)
    for rate, expected in ((0.015, (0.08, 0.12)), (0.025, (0.18, 0.13))):
        found = sampled_failures(luck, np.full(luck.shape, 200_000), np.full(luck.shape, int(200_000 * rate)), 1_000)
        size = np.full(found.shape, 1_000)
        passing = [compare_ratio(found, size, sign, 0.02).mean() for sign in ("<=", "<")]
        seen = [1 - share for share in passing] if rate < 0.02 else passing
        assert seen == pytest.approx(expected, abs=0.008)


def test_village_verdicts(county, people):
    plan, out = county
    one = out.isel(scenario=0)
    persons = one["persons"]
    registered = persons.sel(status=["registered", "relapsed"]).sum("status")
    fails = one["village_test_fails"].sel(veto="village_incidence").transpose("draw", "year", "village")
    expected = ~(registered * 100 < 2 * persons.sum("status")).transpose("draw", "year", "village").values
    assert np.array_equal(fails.values.astype(bool), expected)
    mean = one["income_sum"].sel(source="total") / persons.sum("status")
    bound = [0.7 * plan.references.province_mean_income.at(year) for year in plan.span]
    income_fails = one["village_test_fails"].sel(veto="village_income").transpose("draw", "year", "village").values
    assert np.array_equal(
        income_fails.astype(bool), mean.transpose("draw", "year", "village").values < np.array(bound)[:, None]
    )
    collective = (
        one["village_test_fails"].sel(veto="village_collective").isel(draw=0).transpose("year", "village").values
    )
    income = people["collective_income"].values + 6000 * np.arange(1, 6)[:, None]
    assert np.array_equal(collective.astype(bool), np.floor(income) < 40_000)
    blocked = one["village_test_fails"].where(one["level"] == "village", drop=True).max("veto") == 1
    passes = one["village_passes"].transpose("draw", "year", "village")
    assert np.array_equal(~blocked.transpose("draw", "year", "village").values, passes.values)
    assert (one["village_test_fails"].where(one["level"] != "village", drop=True) == -1).all()


def test_without_tests_there_is_no_verdict(people, sample):
    plan = povsim.read_scenario("sample", overrides={"exit_standard.village": []})
    out = povsim.simulate(people, plan, draws=1)
    assert (out["village_passes"] == -1).all()
    assert (out["county_passes_true"] == -1).all()
    assert (out["county_passes_seen"] == -1).all()


def test_unknown_collective_income_is_no_failure(people, sample):
    unknown = people.assign(collective_income=people["collective_income"] * np.nan)
    out = povsim.simulate(unknown, sample, draws=1)
    assert (out["village_test_fails"].sel(veto="village_collective") == -1).all()
    assert (out["village_passes"] >= 0).all()


def test_household_tests_come_first_along_the_vetoes(county):
    _, out = county
    assert out["veto"].values[:7].tolist() == [
        "income", "food", "clothing", "housing", "water", "schooling", "insurance",
    ]  # fmt: skip
    assert out["level"].values.tolist() == ["household"] * 7 + ["village"] * 3 + ["county"] * 3


def test_forecast_is_what_the_counts_say(people, sample):
    out = povsim.simulate(people, sample, draws=25, seed=6)
    result = forecast(out, sample)
    one = out.isel(scenario=0)
    poor = one["poor_persons"].sum("village") / one["persons"].sum(["village", "status"])
    assert np.allclose(result.table["headcount_ratio"], poor.mean("draw"))
    assert np.allclose(result.table["low"], poor.quantile(0.1, "draw"))
    assert np.allclose(result.table["high"], poor.quantile(0.9, "draw"))
    assert np.allclose(result.table["exits"], one["exits"].sum("village").mean("draw"))
    assert np.allclose(result.table["spending"], one["spending"].sum(["village", "measure"]).mean("draw"))
    registered = one["persons"].sel(status=["registered", "relapsed"]).sum(["status", "village"])
    held = (registered.sel(year=2020) * 100 < 2 * 1980).mean()
    assert result.table.loc[2020, "target_probability"] == pytest.approx(float(held))
    assert result.table["target_probability"].isna().tolist() == [True] * 4 + [False]
    assert result.targets["probability"].tolist() == [pytest.approx(float(held))]
    lasting = one["lasting_exits"].sum("village").mean("draw").values
    money = result.table["spending"].cumsum().iloc[-1]
    assert result.table.loc[2020, "cost_per_lasting_exit"] == pytest.approx(money / lasting.sum())
    assert np.isnan(result.table.loc[2016, "cost_per_lasting_exit"])


@pytest.mark.parametrize(
    "measure", ["headcount_ratio", "registered_ratio", "composite_incidence", "exits", "villages_passing"]
)
def test_targets_of_every_measure(people, measure):
    target = {
        "code": "t", "name_zh": "t", "name_en": "t", "measure": measure, "comparison": ">=",
        "value": quantity(0, UNITS.get(measure, "share")),
    }  # fmt: skip
    plan = povsim.read_scenario("sample", overrides={"targets": [target]})
    out = povsim.simulate(people, plan, draws=2).isel(scenario=0)
    assert target_held(out, plan.targets[0], plan).all()
    never = plan.targets[0].model_copy(update={"comparison": "<"})
    assert not target_held(out, never, plan).any()


def test_ratios_of_areas_add_up(people, sample):
    out = povsim.simulate(people, sample, draws=2)
    villages, county = povsim.ratios(out, "village"), povsim.ratios(out, "county")
    weight = out["persons"].sum("status")
    for name in county:
        whole = (villages[name] * weight).sum("village") / weight.sum("village")
        assert np.allclose(whole, county[name].isel(county=0).transpose(*whole.dims)), name
    townships = povsim.ratios(out, "township")
    assert townships.sizes["township"] == 2
