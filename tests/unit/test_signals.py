"""Simulated names: each against a slow count over single villages, by county, township and village; samples; slips."""

from dataclasses import dataclass
from math import isnan, nan

import numpy as np
import pytest
import xarray as xr

import povsim
from povsim.errors import InputError
from povsim.folder import open_run, write_run
from povsim.folder_manifest import Record
from povsim.margins_report import net_income
from povsim.runs import Settings, run_scenarios
from povsim.sampling import sampled_failures
from povsim.scoring.by_unit import make_view
from povsim.scoring.schema import ValueFrom
from povsim.scoring.signal_names import AREAS, SIGNALS
from povsim.scoring.signals import FUNCTIONS, signal, units_of
from povsim.terms import STATUSES
from tests.conftest import quantity
from tests.tiny import county, lives

YEARS = range(2016, 2021)
STATUS = {term.code: place for place, term in enumerate(STATUSES)}
LISTED = ("registered", "exited", "relapsed", "monitored")
CODES = ("composite_incidence", "wrong_exit_rate", "omission_rate")
COUNTY_TESTS = [
    {"code": code, "name_zh": code, "name_en": code, "column": code, "comparison": "<",
     "threshold": quantity(0.02, "share")}
    for code in CODES
]  # fmt: skip


def target(code, measure, value, unit, comparison=">="):
    return {"code": code, "name_zh": code, "name_en": code, "measure": measure, "comparison": comparison,
            "value": quantity(value, unit)}  # fmt: skip


TARGETS = [
    target("a", "exits", {2016: 40.0, 2018: 25.0, 2020: 0.0}, "persons"),
    target("b", "exits", {2016: 30.0}, "persons"),
    target("most", "exits", 10.0, "persons", "<="),
    target("villages", "villages_passing", {2016: 2.0, 2017: 4.0, 2018: 6.0}, "villages"),
]


@pytest.fixture(scope="session")
def plans():
    first = {"exit_standard.county": COUNTY_TESTS, "targets": TARGETS, "measures.jobs.capacity.area": "township"}
    other = {"code": "other", "measures.posts.active": False, "measures.village_solar.active": False, "targets": []}
    return tuple(povsim.read_scenario("sample", overrides={**first, **more}) for more in ({}, other))


@pytest.fixture(scope="session")
def register(people):
    """The sample's population; of one village the collective income is not known."""
    income = people["collective_income"].copy()
    income[1] = np.nan
    return people.assign(collective_income=income)


@pytest.fixture(scope="session")
def results(plans, register):
    return run_scenarios(register, plans, Settings(range(3), 1, keep_households=True))


@pytest.fixture(scope="session")
def outcomes(results):
    return results.outcomes


@dataclass(frozen=True)
class Cell:
    """One scenario, draw, year and unit; what is counted of it is summed one village after another."""

    arrays: dict
    s: int
    d: int
    y: int
    villages: list
    level: str
    unit: str

    def sum(self, name, *last, ago=0):
        """Sum a statistic of the unit's villages, over places along its last dim where they are given."""
        total = 0
        for v in self.villages:
            value = self.arrays[name][self.s, self.d, self.y - ago, v]
            total += sum(value[place].item() for place in last) if last else value.item()
        return total

    def by_status(self, name, *statuses, ago=0):
        return self.sum(name, *(STATUS[status] for status in statuses), ago=ago)

    def at_start(self, name, *statuses):
        """Sum people of some statuses at the start of the year."""
        if self.y:
            return self.by_status(name, *statuses, ago=1)
        start = self.arrays[f"{name}_at_start"]
        return sum(start[v, STATUS[status]].item() for v in self.villages for status in statuses)

    def among(self, name, label):
        return self.arrays[f"of {name}"].index(label)

    def whole(self):
        """Return the cell of the whole county."""
        return Cell(self.arrays, self.s, self.d, self.y, list(range(6)), "county", "")

    def measures(self, wanted):
        pairs = zip(self.arrays["of measure"], self.arrays["of measure_type"], strict=True)
        return [place for place, names in enumerate(pairs) if names[0] in wanted or names[1] in wanted]


def over(part, whole):
    return part / whole if whole > 0 else nan


def everybody(c, ago=0):
    return c.by_status("persons", *STATUS, ago=ago)


def listed(c):
    return c.by_status("households", *LISTED)


def mean_income(c, ago=0):
    if c.y - ago < 0:
        heads = sum(c.arrays["persons_at_start"][v].sum() for v in c.villages)
        return sum(c.arrays["income_at_start"][v].item() for v in c.villages) / heads
    return over(c.sum("income_sum", c.among("source", "total"), ago=ago), everybody(c, ago))


def exit_plan(c, plan):
    on = ("registered", "relapsed")
    planned = plan if plan is not None else c.arrays["planned_exits"][c.s, c.y].item()
    return over(c.sum("exits"), planned * over(c.at_start("persons", *on), c.whole().at_start("persons", *on)))


def village_plan(c, plan):
    planned = plan if plan is not None else c.arrays["planned_villages"][c.s, c.y].item()
    passing = sum(c.arrays["village_passes"][c.s, c.d, c.y, v] == 1 for v in c.villages)
    if c.level == "village":
        return nan if isnan(planned) else passing
    return over(passing, planned * len(c.villages) / 6)


def relapse_rate(c):
    before = c.at_start("persons", "exited")
    if c.y:
        before += c.sum("monitored_persons", c.among("monitored_class", "unstable"), ago=1)
    return min(over(c.sum("relapses"), before), 1)


def identification(c):
    wrong = sum(c.arrays["wrongly_included"][c.s, c.d, v].item() for v in c.villages)
    return 1 - over(wrong + c.sum("omissions"), everybody(c))


def so_far(c, of):
    years = [Cell(c.arrays, c.s, c.d, y, c.villages, c.level, c.unit) for y in range(c.y + 1)]
    return min(over(sum(one.sum("taken_on_first", m) for one in years for m in c.measures(of)), listed(c)), 1)


def measure_plan(c, of, plan):
    share = over(c.at_start("households", *LISTED), c.whole().at_start("households", *LISTED))
    if plan is not None:
        return over(sum(c.sum("taken_on", m) for m in c.measures(of)), plan * share)
    stated = {m: c.arrays["planned_households"][c.s, c.y, m].item() for m in c.measures(of)}
    stated = {m: number for m, number in stated.items() if not isnan(number)}
    if c.arrays["of measure_type"][c.measures(of)[0]] in ("village_works", "collective"):
        begun = sum(c.arrays["recipients"][c.s, c.d, c.y, v, m] > 0 for v in c.villages for m in stated)
        return over(begun, sum(stated.values()) * len(c.villages) / 6)
    return over(sum(c.sum("taken_on", m) for m in stated), sum(stated.values()) * share)


def guarantee(c, of):
    return min(1 - over(c.sum("failing_by_test", c.among("veto", test)), everybody(c)) for test in of)


def facilities(c, of):
    values = [
        c.arrays["facilities_lacking"][c.s, c.d, c.y, v, c.among("facility", one)] for v in c.villages for one in of
    ]
    if min(values) < 0:
        return nan
    whole = [sum(values[i * len(of) : (i + 1) * len(of)]) == 0 for i in range(len(c.villages))]
    return sum(whole) / len(whole)


def collective(c, least=None):
    known = [c.arrays["collective_income"][c.s, c.d, c.y, v].item() for v in c.villages]
    known = [income for income in known if not isnan(income)]
    return over(sum(known) if least is None else sum(income >= least for income in known), len(known))


def funds(c, name, of=None):
    places = [c.among("fund", code) for code in of] if of else range(len(c.arrays["of fund"]))
    return sum(c.arrays[f"fund_{name}"][c.s, c.d, c.y, place].item() for place in places)


def households(number):
    return quantity(number, "households")


BY_HAND = [
    ("headcount_ratio", {}, lambda c: over(c.sum("poor_persons"), everybody(c))),
    ("registered_ratio", {}, lambda c: over(c.by_status("persons", "registered", "relapsed"), everybody(c))),
    ("composite_incidence", {}, lambda c: over(
        c.by_status("persons", "registered", "relapsed") + c.sum("omissions") + c.sum("failing_exited_persons"),
        everybody(c))),
    ("failing_ratio", {}, lambda c: over(c.sum("failing_persons"), everybody(c))),
    ("poverty_gap", {}, lambda c: over(c.sum("gap_sum"), everybody(c))),
    ("exits", {}, lambda c: c.sum("exits")),
    ("exit_plan_completion", {}, lambda c: exit_plan(c, None)),
    ("exit_plan_completion", {"plan": quantity({2016: 30.0, 2018: 12.0}, "persons")},
     lambda c: exit_plan(c, 30.0 if c.y < 2 else 12.0)),
    ("villages_passing", {}, lambda c: sum(c.arrays["village_passes"][c.s, c.d, c.y, v] == 1 for v in c.villages)),
    ("villages_passing_share", {}, lambda c: over(
        sum(c.arrays["village_passes"][c.s, c.d, c.y, v] == 1 for v in c.villages), len(c.villages))),
    ("village_exit_plan_completion", {}, lambda c: village_plan(c, None)),
    ("village_exit_plan_completion", {"plan": quantity(3.0, "villages")}, lambda c: village_plan(c, 3.0)),
    ("relapses", {}, lambda c: c.sum("relapses")),
    ("relapse_rate", {}, relapse_rate),
    ("newly_poor_rate", {}, lambda c: min(over(c.sum("newly_poor"), c.at_start("persons", "never_registered")), 1)),
    ("mean_income", {}, mean_income),
    ("income_growth", {}, lambda c: mean_income(c) / mean_income(c, 1) - 1),
    ("identification_accuracy", {}, identification),
    ("omission_rate", {}, lambda c: over(c.sum("omissions"), c.by_status("persons", "never_registered"))),
    ("exit_accuracy", {}, lambda c: 1 - over(c.sum("wrong_exits"), c.sum("exits"))),
    ("wrong_exit_rate", {}, lambda c: over(c.sum("failing_exited_persons"), c.by_status("persons", "exited"))),
    ("coverage", {"of": ("posts", "jobs")}, lambda c: min(
        over(sum(c.sum("recipients", m) for m in c.measures(("posts", "jobs"))), listed(c)), 1)),
    ("coverage_so_far", {"of": ("microcredit",)}, lambda c: so_far(c, ("microcredit",))),
    ("coverage_so_far", {"of": ("posts", "repair")}, lambda c: so_far(c, ("posts", "repair"))),
    ("coverage_so_far", {"of": ("village_solar",)}, lambda c: so_far(c, ("village_solar",))),
    ("recipients", {"of": ("dibao",)}, lambda c: sum(c.sum("recipients", m) for m in c.measures(("dibao",)))),
    ("spending", {"of": ("dibao", "village_works")},
     lambda c: sum(c.sum("spending", m) for m in c.measures(("dibao", "village_works")))),
    ("measure_plan_completion", {"of": ("jobs", "posts", "microcredit")},
     lambda c: measure_plan(c, ("jobs", "posts", "microcredit"), None)),
    ("measure_plan_completion", {"of": ("village_works",)}, lambda c: measure_plan(c, ("village_works",), None)),
    ("measure_plan_completion", {"of": ("microcredit", "collective"), "plan": households(20.0)},
     lambda c: measure_plan(c, ("microcredit", "collective"), 20.0)),
    ("loans_outstanding", {}, lambda c: c.sum("loans_outstanding")),
    ("arrears_rate", {}, lambda c: over(c.sum("arrears"), c.sum("arrears") + c.sum("loans_outstanding"))),
    ("guarantee_met", {"of": ("housing",)}, lambda c: guarantee(c, ("housing",))),
    ("guarantee_met", {"of": ("income", "insurance", "water")},
     lambda c: guarantee(c, ("income", "insurance", "water"))),
    ("facility_coverage", {"of": ("road", "clinic")}, lambda c: facilities(c, ("road", "clinic"))),
    ("collective_income", {}, collective),
    ("collective_income_reached", {"plan": quantity(30_000.0, "yuan per village and year")},
     lambda c: collective(c, 30_000.0)),
    ("fund_spending", {}, lambda c: funds(c, "spending")),
    ("fund_use_rate", {}, lambda c: over(funds(c, "spending"), funds(c, "budget"))),
    ("fund_use_rate", {"of": ("special",)}, lambda c: over(funds(c, "spending", ["special"]), funds(c, "budget"))),
    ("county_rate_seen", {"of": ("wrong_exit_rate",)},
     lambda c: c.arrays["county_rate_seen"][c.s, c.d, c.y, 0, c.among("veto", "wrong_exit_rate")]),
    ("county_rate_true", {"of": ("omission_rate",)},
     lambda c: c.arrays["county_rate_true"][c.s, c.d, c.y, 0, c.among("veto", "omission_rate")]),
]  # fmt: skip


@pytest.fixture(scope="session")
def arrays(outcomes):
    """Plain arrays of the outcomes, and the labels along their dims."""
    lead = [dim for dim in ("scenario", "draw", "year", "village") if dim in outcomes.dims]
    found = {}
    for name, array in outcomes.data_vars.items():
        found[name] = array.transpose(*(dim for dim in lead if dim in array.dims), ...).values
    dims = ("measure", "measure_type", "veto", "facility", "fund", "source", "monitored_class")
    return found | {f"of {dim}": outcomes[dim].values.tolist() for dim in dims}


def from_hand(arrays, outcomes, level, function):
    names = outcomes[level].values.tolist()
    units = units_of(outcomes, level)
    out = np.empty((2, 3, 5, len(units)))
    for s, d, y, u in np.ndindex(out.shape):
        villages = [v for v, name in enumerate(names) if name == units[u]]
        out[s, d, y, u] = function(Cell(arrays, s, d, y, villages, level, units[u]))
    return out


def source(code, **more):
    return ValueFrom.model_validate({"simulated": code, **more})


@pytest.mark.parametrize("level", AREAS)
@pytest.mark.parametrize(("code", "more", "function"), BY_HAND, ids=[f"{one[0]}-{i}" for i, one in enumerate(BY_HAND)])
def test_each_name_is_what_villages_add_up_to(outcomes, arrays, code, more, function, level):
    if level not in SIGNALS[code].levels:
        return
    found = signal(outcomes, source(code, **more), level)
    expected = from_hand(arrays, outcomes, level, function)
    np.testing.assert_allclose(found.values, expected.astype(np.float32), rtol=1e-6, atol=1e-7)
    assert np.isfinite(expected).any()
    assert found.dims == ("scenario", "draw", "year", "unit")
    assert found.dtype == np.float32
    assert found["unit"].values.tolist() == units_of(outcomes, level)
    assert found.attrs["units"] == SIGNALS[code].unit


def test_every_name_is_computed_and_tried():
    assert set(FUNCTIONS) == set(SIGNALS) == {code for code, _, _ in BY_HAND}
    assert {code for code, name in SIGNALS.items() if name.sample} == {one[0] for one in SAMPLED}


def test_units_come_in_the_order_of_the_outcomes(outcomes):
    assert units_of(outcomes, "county") == ["样例县"]
    assert units_of(outcomes, "township") == ["东镇", "西乡"]
    assert units_of(outcomes, "village") == outcomes["village"].values.tolist()


def test_units_need_not_lie_together(outcomes):
    order = [5, 0, 4, 1, 3, 2]
    mixed = outcomes.isel(village=order)
    for code in ("exits", "mean_income", "collective_income"):
        for level in AREAS:
            one, other = signal(outcomes, source(code), level), signal(mixed, source(code), level)
            np.testing.assert_array_equal(other.sel(unit=one["unit"]), one)


def test_a_type_stands_for_all_its_measures(outcomes):
    both, one, other = (signal(outcomes, source("recipients", of=of), "village") for of in
                        (("posts",), ("rangers",), ("posts", "rangers", "rangers")))  # fmt: skip
    assert (both >= one).all()
    assert (both > one).any()
    np.testing.assert_array_equal(both, other)


def test_shared_out_plans_add_up_to_the_plan(outcomes):
    plan = quantity(50.0, "persons")
    for level in AREAS:
        exits = signal(outcomes, source("exits"), level).astype(float)
        share = exits / signal(outcomes, source("exit_plan_completion", plan=plan), level)
        known = (exits > 0).all("unit")
        assert share.where(known).sum("unit").values[known.values] == pytest.approx(50.0, rel=1e-5)


def test_years_without_a_plan_are_missing(outcomes):
    exits = signal(outcomes, source("exit_plan_completion"), "county").isel(unit=0)
    assert np.isnan(exits.sel(year=[2017, 2019, 2020])).all()
    assert np.isfinite(exits.sel(scenario="sample", year=[2016, 2018])).all()
    assert np.isnan(exits.sel(scenario="other")).all()


def test_growth_over_an_older_register_is_by_year(outcomes):
    older = outcomes.assign_attrs(base_year=2013)
    now, then = (signal(each, source("income_growth"), "county").values.astype(float) for each in (outcomes, older))
    np.testing.assert_allclose((1 + then[:, :, 0]) ** 3, 1 + now[:, :, 0], rtol=1e-5)
    np.testing.assert_array_equal(then[:, :, 1:], now[:, :, 1:])


# name, its failing households, households that can be asked, whether the value is what does not fail
SAMPLED = [
    ("omission_rate", "omissions_households", ("never_registered",), False),
    ("wrong_exit_rate", "failing_exited_households", ("exited",), False),
    ("exit_accuracy", "wrong_exits_households", "exits_households", True),
    ("identification_accuracy", None, tuple(STATUS), True),
]


def pools(arrays, outcomes, level, case):
    """Return failing households and those that can be asked, by hand."""
    _, bad, pool, _ = case

    def failing(c):
        if bad is not None:
            return c.sum(bad)
        wrong = sum(c.arrays["wrongly_included_households"][c.s, c.d, v].item() for v in c.villages)
        return wrong + c.sum("omissions_households")

    def asked(c):
        return c.sum(pool) if isinstance(pool, str) else c.by_status("households", *pool)

    return (from_hand(arrays, outcomes, level, each).astype(int) for each in (failing, asked))


@pytest.mark.parametrize("level", AREAS)
@pytest.mark.parametrize("case", SAMPLED, ids=[case[0] for case in SAMPLED])
def test_a_sample_is_drawn_without_replacement_by_addressed_luck(outcomes, arrays, level, case):
    code, turned = case[0], case[3]
    failing, pool = pools(arrays, outcomes, level, case)
    found = signal(outcomes, source(code, sample=households(25.0)), level, seed=9)
    units = units_of(outcomes, level)
    for d, y in np.ndindex(3, 5):
        luck = povsim.uniforms(units, seed=9, draw=d, year=2016 + y, decision=f"inspected:{code}")
        for s, u in np.ndindex(2, len(units)):
            whole = pool[s, d, y, u]
            size = min(25, whole)
            met = sampled_failures(luck[u], whole, failing[s, d, y, u], size).item()
            seen = over(met, size)
            expected = 1 - seen if turned else seen
            assert found.values[s, d, y, u] == pytest.approx(expected, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("case", SAMPLED, ids=[case[0] for case in SAMPLED])
def test_samples_come_to_the_truth(outcomes, arrays, case):
    """Asking everybody shows the truth, by households; the mean of many samples is close to it."""
    code, turned = case[0], case[3]
    failing, pool = pools(arrays, outcomes, "county", case)
    truth = np.divide(failing, pool, out=np.full(pool.shape, np.nan), where=pool > 0)
    truth = 1 - truth if turned else truth
    all_asked = signal(outcomes, source(code, sample=households(10_000.0)), "county")
    np.testing.assert_allclose(all_asked.values, truth.astype(np.float32), atol=1e-6)
    some = [signal(outcomes, source(code, sample=households(20.0)), "county", seed=seed) for seed in range(60)]
    spread = np.sqrt(np.maximum(truth * (1 - truth), 1e-3) / 20 / 60)
    off = np.abs(np.mean(some, axis=0) - truth)
    assert (off[pool > 0] <= 5 * spread[pool > 0]).all()


def test_samples_are_the_same_again_and_differ_by_seed(outcomes):
    asked = source("omission_rate", sample=households(30.0))
    one, again, other = (signal(outcomes, asked, "township", seed=seed) for seed in (4, 4, 5))
    xr.testing.assert_identical(one, again)
    assert (one != other).any()


def test_unknown_facilities_and_incomes_are_missing(outcomes):
    road = outcomes["facilities_lacking"].copy()
    road.loc[{"scenario": "other", "facility": "road"}] = -1
    found = signal(
        outcomes.assign(facilities_lacking=road), source("facility_coverage", of=("road", "clinic")), "village"
    )
    assert np.isnan(found.sel(scenario="other")).all()
    assert found.sel(scenario="sample").notnull().all()
    income = signal(outcomes, source("collective_income"), "village")
    assert np.isnan(income.isel(unit=1)).all()
    assert income.isel(unit=[0, 2, 3, 4, 5]).notnull().all()


def test_without_village_tests_no_village_passes_or_fails(outcomes):
    none = outcomes.assign(village_passes=xr.full_like(outcomes["village_passes"], -1))
    for code in ("villages_passing", "villages_passing_share"):
        for level in AREAS:
            assert np.isnan(signal(none, source(code), level)).all()
    plan = quantity(3.0, "villages")
    assert np.isnan(signal(none, source("village_exit_plan_completion", plan=plan), "village")).all()


@pytest.mark.parametrize(
    ("code", "more", "level", "message"),
    [
        ("exit", {}, "county", "unknown simulated name; found exit"),
        ("exits", {}, "household", "is not simulated; found household; allowed: county, township, village"),
        ("fund_use_rate", {}, "village", "is not known by village; allowed: county"),
        ("coverage", {"of": ("industri",)}, "county",
         "names no measure of the run; found industri; allowed: industry, .*village_works, .*did you mean 'industry'"),
        ("coverage", {}, "county", "coverage.of: is missing; allowed: industry"),
        ("spending", {"of": ("a", "jobs", "b")}, "county", "2 problems"),
        ("guarantee_met", {"of": ("village_income",)}, "county", "no test of households of the run; .*income, food"),
        ("facility_coverage", {"of": ("harbour",)}, "county", "names no facility of the run; .*road"),
        ("fund_use_rate", {"of": ("none",)}, "county", "names no fund of the run; .*special"),
        ("county_rate_true", {"of": ("income",)}, "county", "names no test of counties of the run"),
        ("county_rate_true", {"of": CODES}, "county", "should name one test"),
        ("measure_plan_completion", {"of": ("jobs", "collective")}, "county", "mixes measures for households"),
        ("collective_income_reached", {}, "county", "plan: is missing"),
    ],
)  # fmt: skip
def test_slips_are_named(outcomes, code, more, level, message):
    with pytest.raises(InputError, match=message):
        signal(outcomes, source(code, **more), level)


def test_outcomes_of_an_older_version_are_refused(outcomes):
    with pytest.raises(InputError, match="taken_on_first: is missing, and coverage_so_far needs it"):
        signal(outcomes.drop_vars("taken_on_first"), source("coverage_so_far", of=("jobs",)), "county")


def test_funds_of_several_counties_are_in_one_book(outcomes):
    names = np.where(outcomes["township"] == "东镇", "甲县", "乙县")
    two = outcomes.assign_coords(county=("village", names))
    assert units_of(two, "county") == ["甲县", "乙县"]
    assert make_view(two, source("exits"), "county", 0).starts.tolist() == [0, 3]
    with pytest.raises(InputError, match="known of one county only"):
        signal(two, source("fund_spending"), "county")


def test_a_run_without_funds_spends_nothing_out_of_them(outcomes):
    none = outcomes.isel(fund=slice(0))
    for code in ("fund_spending", "fund_use_rate"):
        assert np.isnan(signal(none, source(code), "county")).all()


# what the outcomes say beside counts


def test_the_start_is_that_of_the_register(outcomes, register):
    village, status, weight, persons = (
        register[name].values.tolist() for name in ("household_village", "status", "weight", "persons")
    )
    heads, units, income = np.zeros((6, 5), int), np.zeros((6, 5), int), np.zeros(6)
    for i, net in enumerate(net_income(register)):
        heads[village[i], status[i]] += persons[i] * weight[i]
        units[village[i], status[i]] += weight[i]
        income[village[i]] += net * weight[i]
    assert np.array_equal(outcomes["persons_at_start"], heads)
    assert np.array_equal(outcomes["households_at_start"], units)
    assert np.array_equal(outcomes["income_at_start"], np.rint(income))


def test_income_at_the_start_is_what_the_run_goes_on_from():
    """Where incomes stay as they are, the first year brings what the register has."""
    out = lives({}, county(n=40, villages=4)).out
    first = signal(out, source("income_growth"), "village").sel(year=2016)
    np.testing.assert_allclose(first, 0.0, atol=1e-4)


def test_persons_failing_single_tests_are_those_of_the_panel(results, register):
    outcomes, tables = results.outcomes, results.tables
    heads = register["persons"].values.astype(int) * register["weight"].values
    village = register["household_village"].values
    pattern = tables.panel["pattern"]
    tests = [
        code
        for code, level in zip(outcomes["veto"].values, outcomes["level"].values, strict=True)
        if level == "household"
    ]
    failing = outcomes["failing_by_test"].transpose("scenario", "draw", "year", "village", "veto")
    for bit, test in enumerate(tests):
        for place in np.ndindex(2, 3, 5):
            expected = np.bincount(village, ((pattern[place] >> bit) & 1) * heads, 6)
            assert np.array_equal(failing.sel(veto=test).values[place], expected), test
    assert np.array_equal(failing.sel(veto="income"), outcomes["poor_persons"])
    assert (failing.sel(veto="income") > 0).any()
    assert not failing.isel(veto=slice(len(tests), None)).any()


def test_who_is_taken_on_is_told_from_what_the_panel_received(results, register):
    outcomes = results.outcomes
    codes = outcomes["measure"].values.tolist()[: results.tables.size.measures]
    village, weight = register["household_village"].values, register["weight"].values
    had = np.zeros(results.tables.panel["received"].shape, dtype=np.int32)
    had[:] = np.bitwise_or.accumulate(results.tables.panel["received"], axis=2)
    dims = ("scenario", "draw", "year", "measure", "village")
    first = np.cumsum(outcomes["taken_on_first"].transpose(*dims).values, axis=2)
    anew = outcomes["taken_on"].transpose(*dims).values
    received = outcomes["recipients"].transpose("scenario", "draw", "year", "measure", "village").values
    for name in (first, anew):
        # a measure for a village takes its households on once
        begun = received[:, :, :, len(codes) :]
        begun = np.cumsum(begun, axis=2) if name is first else begun
        assert np.array_equal(name[:, :, :, len(codes) :], begun)
    for m, code in enumerate(codes):
        if code in ("education", "medical"):
            continue  # not all who are granted them have a pupil or a cost
        for s, d, y in np.ndindex(2, 3, 5):
            assert np.array_equal(first[s, d, y, m], np.bincount(village, ((had[s, d, y] >> m) & 1) * weight, 6)), code
        if code in ("relocation", "repair", "water", "enrolment", "return_to_school", "dibao", "disability_allowance"):
            assert np.array_equal(anew[:, :, :, m], received[:, :, :, m]), code
    assert (outcomes["taken_on_first"] <= outcomes["taken_on"]).all()
    assert (outcomes["taken_on_first"] < outcomes["taken_on"]).any()


def test_numbers_beyond_sixteen_bits_are_kept_whole(people, outcomes, plans):
    heavy = people.assign(weight=people["weight"] * 1000)
    one, other = (povsim.simulate(each, plans[1], draws=2, seed=2) for each in (people, heavy))
    free = ["relief", "dibao", "credit_line", "education"]
    assert (one["taken_on"].dtype, other["taken_on"].dtype) == (np.int16, np.int32)
    for name in ("taken_on", "taken_on_first"):
        few, many = (each[name].sel(measure=free, year=2016).astype(int) for each in (one, other))
        assert np.array_equal(few * 1000, many), "no capacity and no fund limits these"
    assert other["taken_on"].max() > 32_767


def test_plans_are_those_of_the_scenario(outcomes, plans):
    planned = outcomes["planned_households"].sel(scenario="sample")
    assert planned.sel(measure="jobs").values.tolist() == [6.0] * 5, "three households in each of two townships"
    assert planned.sel(measure="contracts").values.tolist() == [1.0] * 5
    road = plans[0].measures["road_poor"]
    expected = [np.floor(road.villages_per_year.at(y)) if road.years[0] <= y <= road.years[1] else nan for y in YEARS]
    np.testing.assert_array_equal(planned.sel(measure="road_poor"), expected)
    for code in ("microcredit", "industry", "dibao"):
        assert np.isnan(planned.sel(measure=code)).all(), "no number of households is stated"
    assert np.isnan(outcomes["planned_households"].sel(scenario="other", measure="posts")).all()
    np.testing.assert_array_equal(outcomes["planned_exits"].sel(scenario="sample"), [40, nan, 25, nan, 0])
    np.testing.assert_array_equal(outcomes["planned_villages"].sel(scenario="sample"), [2, 4, 6, nan, nan])
    assert np.isnan(outcomes["planned_exits"].sel(scenario="other")).all()


def test_a_measure_open_in_one_township_has_its_places_once(people):
    overrides = {"measures.jobs.capacity.area": "township", "measures.jobs.eligible.townships": ["西乡"],
                 "measures.posts.capacity.area": "village", "measures.posts.capacity.households": 1.9}  # fmt: skip
    out = povsim.simulate(people, povsim.read_scenario("sample", overrides=overrides), draws=1)
    planned = out["planned_households"].isel(scenario=0, year=0)
    assert planned.sel(measure="jobs") == 3
    assert planned.sel(measure="posts") == 6, "whole households: 1.9 in each of six villages are six"
    served = out["taken_on"].isel(scenario=0, draw=0).sum("village")
    assert (served.sel(measure="jobs") <= 3).all()


def test_collective_income_is_what_villages_are_judged_by(outcomes, register):
    known = register["collective_income"].values
    income = outcomes["collective_income"].transpose("scenario", "draw", "year", "village").values
    projects = outcomes["collective_projects"].transpose("scenario", "draw", "year", "village").values
    assert np.isnan(income[..., 1]).all()
    rest = [0, 2, 3, 4, 5]
    assert (income[..., rest] >= np.floor(known[rest]) + projects[..., rest]).all()


def test_types_of_measures_are_told(outcomes, plans):
    types = dict(zip(outcomes["measure"].values.tolist(), outcomes["measure_type"].values.tolist(), strict=True))
    assert types == {code: plans[0].measures[code].type for code in types}
    assert types["rangers"] == "posts"


def test_signals_of_a_folder_are_those_of_the_run(results, register, tmp_path):
    folder = write_run(results, tmp_path / "run", register=register, record=Record(seed=1))
    with open_run(folder) as run:
        for code, more, _ in BY_HAND:
            one, other = (signal(each, source(code, **more), "county") for each in (results.outcomes, run.outcomes))
            xr.testing.assert_identical(one, other)
