"""Verdicts and the forecast: whole-number comparisons, village and county tests, sampled inspection, targets."""

from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from scipy.stats import hypergeom

import povsim
from povsim.outlook import forecast, target_held
from povsim.quantity import read_yaml
from povsim.scenario import locate
from povsim.verdicts import add_verdicts, compare_ratio
from tests.conftest import quantity

UNITS = {"exits": "persons", "villages_passing": "villages"}
CODES = ["composite_incidence", "wrong_exit_rate", "omission_rate"]
COUNTY_TESTS = [
    {"code": code, "name_zh": code, "name_en": code, "column": code, "comparison": "<",
     "threshold": quantity(0.02, "share")}
    for code in CODES
]  # fmt: skip
APPROVAL = {
    "code": "approval", "name_zh": "认可度", "name_en": "approval", "column": "approval", "comparison": ">=",
    "threshold": quantity(0.9, "share"),
}  # fmt: skip
APPROVED = quantity(0.92, "share")
ALIKE = dict.fromkeys(("inspection.poor_villages", "inspection.other_villages", "inspection.approval"))
"""No strata of villages, and nothing known of approval."""


def village_test(column, comparison, threshold, unit, **more):
    """Return one village test made up for a test."""
    names = {"code": "tried", "name_zh": "t", "name_en": "t"}
    return {**names, "column": column, "comparison": comparison, "threshold": quantity(threshold, unit), **more}


def judged(outcomes, people, overrides, seed=4):
    """Judge counts anew, under another standard."""
    plan = povsim.read_scenario("sample", overrides={**ALIKE, **overrides})
    counts = outcomes.drop_dims(["veto", "county_name"]).drop_vars("village_passes")
    return add_verdicts(counts, people, (plan,), seed=seed).isel(scenario=0)


def fails_of(outcomes, people, test):
    """Return which villages fail one test, (draw, year, village)."""
    one = judged(outcomes, people, {"exit_standard.village": [test]})
    return one["village_test_fails"].sel(veto=test["code"]).transpose("draw", "year", "village").values


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
    plan = povsim.read_scenario("sample", overrides={"exit_standard.county": COUNTY_TESTS, **ALIKE, **census})
    out = povsim.simulate(people, plan, draws=5).isel(scenario=0)
    assert np.array_equal(out["county_passes_seen"], out["county_passes_true"])
    seen, truth = out["county_rate_seen"].sel(veto=CODES), out["county_rate_true"].sel(veto=CODES)
    assert np.allclose(seen, truth, atol=1e-6)
    persons = out["persons"].sum("village")
    sizes = out["county_sample"].isel(county_name=0)
    for code, group in (("wrong_exit_rate", "exited"), ("omission_rate", "never_registered")):
        assert np.array_equal(sizes.sel(veto=code), persons.sel(status=group).transpose("draw", "year"))
    assert (sizes.sel(veto="composite_incidence") == 1980).all()
    assert (sizes.sel(veto="income") == 0).all()


def test_sampled_persons_have_the_right_mean_and_spread(people):
    """Fifty of some hundreds of households asked, shared out over all villages, against the closed forms."""
    sample = {"inspection.sample_villages": 1000, "inspection.sample_households": 100}
    plan = povsim.read_scenario("sample", overrides={"exit_standard.county": COUNTY_TESTS, **ALIKE, **sample})
    out = povsim.simulate(people, plan, draws=300, seed=8).isel(scenario=0).sel(year=2016)
    pool = out["households"].sel(status="never_registered").values
    bad, persons = out["omissions_households"].values, out["omissions"].values
    asked = 50 * pool.cumsum(axis=-1) // pool.sum(axis=-1, keepdims=True)
    asked = np.diff(asked, axis=-1, prepend=0)
    each = persons / np.maximum(bad, 1)
    share = bad / pool
    expected = (asked * share * each).sum(axis=-1)
    spread = (asked * share * (1 - share) * (pool - asked) / (pool - 1) * each**2).sum(axis=-1)
    seen = out["county_rate_seen"].isel(county_name=0).sel(veto="omission_rate").values
    found = seen * out["county_sample"].isel(county_name=0).sel(veto="omission_rate").values
    z = (found - expected) / np.sqrt(spread)
    assert abs(z.mean()) < 3 / np.sqrt(300)
    assert 0.8 < z.var() < 1.25


def test_each_rate_has_its_own_denominator(county, people):
    _, out = county
    sample = {"inspection.sample_villages": 3, "inspection.sample_households": 61, "inspection.approval": APPROVED}
    one = judged(out, people, {"exit_standard.county": [*COUNTY_TESTS, APPROVAL], **sample}).isel(county_name=0)
    sizes = {code: one["county_sample"].sel(veto=code).values for code in (*CODES, "approval")}
    assert (sizes["composite_incidence"] == 1980).all()
    # thirty exited and thirty-one others, of some two to five persons each
    assert (sizes["approval"] <= 61).all()
    assert (sizes["approval"].max(), sizes["omission_rate"].min() > 31) == (61, True)
    assert not np.array_equal(sizes["omission_rate"], sizes["wrong_exit_rate"])
    for code in CODES[1:]:
        rate = one["county_rate_seen"].sel(veto=code).values
        whole = np.nan_to_num(rate * sizes[code])
        assert np.allclose(whole, np.rint(whole), atol=1e-3)


def test_approval_is_asked_of_the_sampled_households(county, people):
    _, out = county
    sample = {"inspection.sample_villages": 6, "inspection.sample_households": 60}
    one = judged(out, people, {"exit_standard.county": [APPROVAL], "inspection.approval": APPROVED, **sample})
    one = one.isel(county_name=0)
    assert np.allclose(one["county_rate_true"].sel(veto="approval"), 0.92)
    assert (one["county_passes_true"] == 1).all()
    asked, seen = (one[name].sel(veto="approval").values for name in ("county_sample", "county_rate_seen"))
    assert (asked == 60).all()
    households = out["households"].isel(scenario=0).sum("village")
    pool = households.sel(status=["exited", "never_registered"]).sum("status").transpose("draw", "year").values
    approving = np.floor(0.92 * pool + 0.5).astype(int)
    z = (seen * asked - hypergeom.mean(pool, approving, asked)) / hypergeom.std(pool, approving, asked)
    assert abs(z.mean()) < 3 / np.sqrt(z.size)
    assert 0.7 < z.var() < 1.35
    assert np.array_equal(one["county_passes_seen"], np.rint(seen * 60) >= 54)


@pytest.mark.parametrize(("comparison", "passes"), [(">=", 1), (">", 0)])
def test_whether_the_bound_itself_passes_is_the_comparisons(county, people, comparison, passes):
    _, out = county
    test = {**APPROVAL, "comparison": comparison}
    over = {"exit_standard.county": [test], "inspection.approval": quantity(0.9, "share")}
    assert (judged(out, people, over)["county_passes_true"] == passes).all()


def test_approval_that_nobody_knows_is_no_failure(county, people):
    _, out = county
    alone = judged(out, people, {"exit_standard.county": [APPROVAL]})
    for name in ("county_passes_true", "county_passes_seen"):
        assert (alone[name] == -1).all()
    assert np.isnan(alone["county_rate_seen"]).all()
    beside = judged(out, people, {"exit_standard.county": [*COUNTY_TESTS, APPROVAL]})
    without = judged(out, people, {"exit_standard.county": COUNTY_TESTS})
    for name in ("county_passes_true", "county_passes_seen"):
        assert np.array_equal(beside[name], without[name])


def test_villages_are_sampled_by_stratum(county, people):
    """Failures in poor villages only: seen in full where all poor villages are sampled, not at all without them."""
    _, out = county
    poor = people["poor_village"].values.astype(bool)
    assert 0 < poor.sum() < poor.size
    changed = out.copy()
    for name in ("omissions", "omissions_households"):
        changed[name] = out[name] * xr.DataArray(poor.astype(int), dims="village")
    seen = {}
    for first, second in ((6, 0), (0, 6)):
        strata = {
            "inspection.poor_villages": quantity(first, "villages"),
            "inspection.other_villages": quantity(second, "villages"),
            "inspection.sample_households": 100_000,
        }
        one = judged(changed, people, {"exit_standard.county": COUNTY_TESTS, **strata}).isel(county_name=0)
        size = one["county_sample"].sel(veto="omission_rate")
        unregistered = out["persons"].isel(scenario=0).sel(status="never_registered")
        members = poor if first else ~poor
        assert np.array_equal(size, unregistered.isel(village=members).sum("village").transpose("draw", "year"))
        seen[first] = np.rint((one["county_rate_seen"].sel(veto="omission_rate") * size).values)
    assert not seen[0].any()
    omitted = changed["omissions"].isel(scenario=0).sum("village").transpose("draw", "year")
    assert np.array_equal(seen[6], omitted)


def test_scenarios_share_the_luck_of_the_sample(county, people):
    _, out = county
    twice = judged(out, people, {"exit_standard.county": COUNTY_TESTS})
    assert twice.equals(judged(out, people, {"exit_standard.county": COUNTY_TESTS}))
    other = judged(out, people, {"exit_standard.county": COUNTY_TESTS}, seed=5)
    assert not np.array_equal(twice["county_rate_seen"], other["county_rate_seen"])
    part = judged(out.isel(draw=[3, 7]), people, {"exit_standard.county": COUNTY_TESTS})
    assert part.equals(twice.isel(draw=[3, 7]))


@pytest.fixture(scope="module")
def with_facilities(county):
    """The sample county with facilities that some of its villages lack."""
    _, out = county
    shape = (1, 30, 5, 6, 4)
    lacking = (np.random.default_rng(1).random(shape) < [0.5, 0.3, 0.2, 1]).astype(np.int8)
    # power is not modelled
    lacking[..., 3] = -1
    dims = ("scenario", "draw", "year", "village", "facility")
    labels = {"facility": ["road", "clinic", "culture_room", "power"]}
    out = out.drop_dims("facility", errors="ignore").assign_coords(labels)
    return out.assign(facilities_lacking=(dims, lacking)), lacking[0, ..., :3] == 1


def test_facilities_of_villages(with_facilities, people):
    out, lacking = with_facilities
    every = village_test("facilities", ">=", 1, "share", facility="all")
    assert np.array_equal(fails_of(out, people, every), lacking.any(axis=-1))
    clinic = village_test("facilities", ">=", 1, "facilities", facility="clinic")
    assert np.array_equal(fails_of(out, people, clinic), lacking[..., 1])
    most = village_test("facilities", ">=", 0.5, "share", facility="all")
    assert np.array_equal(fails_of(out, people, most), lacking.sum(axis=-1) > 1)


def test_haves_are_made_of_facilities_and_what_is_not_modelled_is_there(with_facilities, people):
    out, lacking = with_facilities
    haves = {"industry": [], "health": ["clinic", "culture_room"], "road": ["road"], "power": ["power"]}
    gone = (lacking[..., 1] | lacking[..., 2]).astype(int) + lacking[..., 0]
    for wanted in (4, 3, 2):
        test = village_test("facilities", ">=", wanted, "facilities", facility="haves", haves=haves)
        assert np.array_equal(fails_of(out, people, test), 4 - gone < wanted)


@pytest.mark.parametrize("facility", ["power", "all"])
def test_facilities_that_are_not_modelled_are_no_failure(county, with_facilities, people, facility):
    out = county[1].drop_dims("facility", errors="ignore") if facility == "all" else with_facilities[0]
    unit = "share" if facility == "all" else "facilities"
    assert (fails_of(out, people, village_test("facilities", ">=", 1, unit, facility=facility)) == -1).all()


def test_a_target_does_not_keep_a_village_from_passing(with_facilities, people):
    out, lacking = with_facilities
    test = village_test("facilities", ">=", 1, "share", facility="all")
    for veto in (True, False):
        one = judged(out, people, {"exit_standard.village": [{**test, "veto": veto}]})
        passes = one["village_passes"].transpose("draw", "year", "village").values
        assert np.array_equal(passes, ~lacking.any(axis=-1) if veto else np.ones_like(passes))


def test_collective_projects_add_to_collective_income(county, people):
    out = county[1].copy()
    test = village_test("collective_income", ">=", 100_000, "yuan per village and year")
    income = np.floor(people["collective_income"].values + 6000 * np.arange(1, 6)[:, None])
    more = np.zeros((1, 30, 5, 6))
    more[:, ::2] = np.where(np.arange(6) % 2, 100_000 - income, 99_999 - income)
    out["collective_projects"] = (("scenario", "draw", "year", "village"), more)
    fails = fails_of(out, people, test)
    assert (fails[::2] == (np.arange(6) % 2 == 0)).all()
    assert np.array_equal(fails[1::2], np.broadcast_to(income < 100_000, (15, 5, 6)))


def test_the_years_relapses_do_not_count_as_poor(county, people):
    out = county[1].copy(deep=True)
    persons = out["persons"]
    persons.loc[{"status": ["registered", "relapsed"]}] = 0
    persons.loc[{"status": "registered", "year": 2018, "village": persons["village"][0]}] = 1
    # three fall back in 2017 and stay a year, one more comes in 2018, nobody is left in 2019
    persons.loc[{"status": "relapsed", "year": 2017, "village": persons["village"][1]}] = 3
    persons.loc[{"status": "relapsed", "year": 2018, "village": persons["village"][1]}] = 4
    fails = fails_of(out, people, village_test("poor_without_relapses", "<=", 0, "persons"))
    expected = np.zeros((5, 6))
    expected[2, :2] = 1
    assert np.array_equal(fails, np.broadcast_to(expected, fails.shape))
    at_start = people.copy()
    at_start["status"] = people["status"] * 0 + 3
    persons.loc[{"status": "relapsed", "year": 2016}] = 2
    assert (fails_of(out, at_start, village_test("poor_without_relapses", "<=", 0, "persons"))[:, 0] == 1).all()


def test_a_second_rulebook_judges_the_same_counts(county, people):
    _, out = county
    yichang = judged(out, people, {"exit_standard": read_yaml(locate("exit-yichang-2018"))})
    codes = yichang["veto"].values.tolist()
    assert codes[-6:] == ["growth", "activity", "village_no_poor", "village_income", "village_collective",
                          "village_services"]  # fmt: skip
    national = out.isel(scenario=0)
    stricter = yichang["village_test_fails"].sel(veto="village_collective") >= (
        national["village_test_fails"].sel(veto="village_collective")
    )
    assert stricter.all()


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
    projects = one["collective_projects"].isel(draw=0).transpose("year", "village").values
    assert np.array_equal(collective.astype(bool), np.floor(income + projects) < 40_000)
    vetoes = [test.code for test in plan.exit_standard.village if test.veto]
    assert vetoes == ["village_incidence", "village_income", "village_collective"]
    blocked = one["village_test_fails"].sel(veto=vetoes).max("veto") == 1
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
    assert out["level"].values.tolist() == ["household"] * 7 + ["village"] * 4 + ["county"] * 3


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
