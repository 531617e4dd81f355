"""The engine against plain NumPy on the engine's own draws: the same people, the same decisions, the same books."""

import numpy as np
import pytest

import povsim
from povsim.measures import EARNING, KINDS
from povsim.quantity import Quantity
from povsim.rulebook import ActivityTest, GrowthTest
from tests.conftest import flat_transfer, quantity
from tests.twins.alike import SEED, check


def _capacity(area, kind, number):
    units = {"share": "share", "households": "households per year", "budget": "yuan per year"}
    return {"area": area, kind: quantity(number, units[kind])}


def _more(scenario, **parts):
    """Return a variant of a scenario with other parts of its household standard."""
    household = scenario.exit_standard.household.model_copy(update=parts)
    standard = scenario.exit_standard.model_copy(update={"household": household})
    return scenario.model_copy(update={"exit_standard": standard})


def _income_test(scenario, **changes):
    first, *rest = scenario.exit_standard.household.tests
    return _more(scenario, tests=(first.model_copy(update=changes), *rest))


SAMPLE = povsim.read_scenario("sample")
ALL_OFF = {f"measures.{code}.active": False for code in SAMPLE.measures}
WITHOUT_FUNDS = {f"measures.{code}.fund": None for code in SAMPLE.active()} | {"funds": {}}
NO_LIMIT = {f"measures.{code}.capacity": None for code in SAMPLE.active()} | WITHOUT_FUNDS


def _fund(area, budget, order=()):
    names = {"name_zh": "资金", "name_en": "fund"}
    return {**names, "area": area, "budget": quantity(budget, "yuan per year"), "order": list(order)}


VARIANTS = {
    "without limits": NO_LIMIT,
    "township shares, drawn at random": {
        "measures.industry.capacity": _capacity("township", "share", 0.5),
        "measures.industry.priority": "random",
        "measures.microcredit.capacity": _capacity("township", "share", 0.3),
        "measures.workshop.capacity": _capacity("township", "share", 0.2),
        "measures.workshop.priority": "random",
    },
    "township households, by cause": {
        "measures.industry.capacity": _capacity("township", "households", 5),
        "measures.industry.priority": "cause",
        "measures.industry.eligible.cause": ["skill", "illness", "capital", "labour"],
        "measures.repair.priority": "cause",
    },
    "village limits": {
        "measures.industry.capacity": _capacity("village", "budget", 12000),
        "measures.microcredit.capacity": _capacity("village", "share", 0.3),
        "measures.repair.capacity": _capacity("village", "households", 1),
        "measures.relocation.capacity": _capacity("village", "budget", 200000),
        "measures.posts.capacity": _capacity("village", "households", 1),
        "measures.training.capacity": _capacity("village", "share", 0.4),
        "measures.workshop.capacity": _capacity("village", "budget", 9000),
        **WITHOUT_FUNDS,
    },
    "funds of townships": {
        "funds.trades": _fund("township", 30000, ("jobs", "industry")),
        "funds.posts": _fund("county", 40000),
        "measures.industry.capacity": None,
        "measures.industry.fund": "trades",
        "measures.jobs.fund": "trades",
        "measures.tourism.fund": "trades",
        "measures.posts.fund": "posts",
        "measures.posts.capacity": _capacity("village", "households", 2),
        "measures.rangers.fund": "posts",
        "measures.ecology.fund": "posts",
        "funds.special.area": "township",
        "funds.special.order": ["assets", "training"],
    },
    "two kinds of loans": {
        "measures.second_loan": {
            **SAMPLE.measures["microcredit"].model_dump(),
            "capacity": None,
            "fund": None,
            "eligible": {"status": ["never_registered", "registered", "exited"], "not_holding": ["microcredit"]},
            "take_up": quantity(0.2, "share"),
            "term": quantity(2, "years"),
        },
        "measures.microcredit.eligible.holding": [],
        "measures.microcredit.capacity": None,
    },
    "monitored from the first year": {"monitoring.from_year": 2016, "shocks.illness.hazard.value": 0.03},
    "no monitoring, no checks": {"monitoring": None, "inspection.checks": []},
    "careful checks": {
        "inspection.income_error.value": 0.4,
        "inspection.checks": [
            {"code": code, "name_zh": code, "name_en": code, "catch": quantity(catch, "share")}
            for code, catch in (("first", 0.5), ("second", 0.4))
        ],
    },
    "schooling counts": {
        "exit_standard.household.counts.schooling_cost": True,
        "measures.education.take_up.value": 1.0,
    },
    "holding one for another": {
        "measures.industry.eligible.holding": ["credit_line", "training"],
        "measures.assets.eligible.not_holding": ["credit_line", "education"],
        "measures.ecology.eligible.holding": ["education"],
        "measures.ecology.capacity": None,
    },
    "works that drag on": {
        "measures.repair.completion.value": 0.3,
        "measures.repair.self_paid.value": 1000.0,
        "measures.repair.repay_years.value": 3,
        "measures.water.completion.value": 0.5,
        "measures.water.repay_years.value": 7,
        "shocks.lapses.housing.value": 0.1,
        "shocks.lapses.schooling.value": 0.3,
        "shocks.lapses.insurance.value": 0.2,
    },
    "everybody helped to earn": WITHOUT_FUNDS
    | {
        f"measures.{code}.{field}": value
        for code, measure in SAMPLE.active().items()
        if KINDS[measure.type] == EARNING
        for field, value in (
            ("capacity", None), ("take_up.value", 0.8), ("eligible.not_holding", []),
            ("decay.value", 0.5), ("support_years.value", 2),
        )
    },
    "budgets that run out": {
        "measures.dibao.capacity": _capacity("county", "budget", 40000),
        "measures.education.capacity": _capacity("township", "budget", 20000),
        "measures.microcredit.capacity": _capacity("township", "budget", 9000),
        "measures.microcredit.fund": None,
        "funds.special.order": ["training", "workshop"],
        "measures.relocation.capacity": _capacity("county", "budget", 500000),
    },
    "two years above the line": {
        "exit_standard.household.stability_years.value": 2,
        "inspection.delay.value": 2,
    },
    "pensions do not count": {"exit_standard.household.counts.pension": False},
    "medical cost does not count": {
        "exit_standard.household.counts.medical_cost": False,
        "exit_standard.household.counts.one_off": True,
    },
    "transfers by head": {
        "exit_standard.household.counts.one_off": True,
        "measures.pupils": flat_transfer(750.0, per="student", eligible={"status": ["registered"]}),
        "measures.heads": flat_transfer(100.4, per="person", one_off=True),
        "measures.ill": flat_transfer(300.0, per="ill", capacity=_capacity("township", "budget", 3000.0)),
        "measures.disabled": flat_transfer(200.0, per="disabled", priority="random",
                                           capacity=_capacity("county", "households", 12)),
    },
    "shifted logs": {"incomes.shift.value": 2000.0},
    "hard years": {
        "shocks.illness.hazard.value": 0.08,
        "shocks.illness.hazard_ill.value": 0.3,
        "shocks.illness.years.value": 3,
        "shocks.illness.disability.value": 0.5,
        "shocks.job_loss.hazard.value": 0.4,
        "shocks.job_loss.years.value": 2,
        "shocks.disaster.village.value": 0.6,
        "shocks.disaster.dwelling.value": 0.3,
        "measures.industry.failure.value": 0.4,
    },
    "careless inspectors": {
        "inspection.income_error.value": 0.5,
        "inspection.overlooked.value": 0.4,
        "inspection.false_alarm.value": 0.2,
        "inspection.found.value": 0.8,
        "inspection.delay.value": 0,
    },
    "narrow eligibility": {
        "measures.industry.eligible.poor_villages_only": True,
        "measures.repair.eligible.income_below": quantity(5000.0, "yuan per head and year"),
        "measures.dibao.eligible.category": ["dibao", "tekun"],
        "measures.relocation.eligible.persons_at_least": 3,
    },
    "nine years": {
        "years": [2016, 2024],
        "measures.industry.support_years.value": 1,
        "measures.industry.decay.value": 0.6,
        "measures.microcredit.term.value": 2,
    },
}  # fmt: skip


@pytest.mark.parametrize("draw", range(6))
def test_sample_county(people, sample, draw):
    check(people, sample, [draw])


@pytest.mark.parametrize("name", VARIANTS)
def test_variants(people, name):
    check(people, povsim.read_scenario("sample", overrides=VARIANTS[name]), (0, 3))


def test_without_any_measure(people):
    check(people, povsim.read_scenario("sample", overrides=ALL_OFF), (0, 1))


def _with_tests(scenario, *more):
    return _more(scenario, tests=(*scenario.exit_standard.household.tests, *more))


@pytest.mark.parametrize("veto", [True, False], ids=["vetoes", "targets"])
def test_growth_and_activity(people, sample, veto):
    growth = GrowthTest(type="growth", name_zh="", name_en="", veto=veto, source="test", status="assumed")
    least = Quantity(**quantity(6000.0, "yuan per household and year"))
    activity = ActivityTest(type="activity", name_zh="", name_en="", veto=veto, least=least)
    check(people, _with_tests(sample, growth, activity), (0, 1))


@pytest.mark.parametrize(
    "changes",
    [{"comparison": ">="}, {"veto": False}, {"line": None, "line_quantile": Quantity(
        value=0.15, unit="share", source="test", status="assumed")}],
    ids=["at the line passes", "income is a target", "line at a quantile"],
)  # fmt: skip
def test_income_tests(people, sample, changes):
    check(people, _income_test(sample, **changes), (1, 2))


def test_guarantees_that_are_targets(people, sample):
    tests = sample.exit_standard.household.tests
    loose = tuple(test.model_copy(update={"veto": place % 2 == 0}) for place, test in enumerate(tests))
    check(people, _more(sample, tests=loose[:5]), (1, 2))


def test_rows_that_stand_for_several_households(people, sample):
    weight = people["weight"].copy(data=1 + np.arange(people.sizes["household"], dtype=np.int32) % 3)
    check(people.assign(weight=weight), sample, (0, 1))


def test_monitored_households(people, sample):
    status = people["status"].to_numpy().copy()
    status[::7] = 4
    check(people.assign(status=people["status"].copy(data=status)), sample, (0, 1))


def test_dibao_that_does_not_count(people):
    plan = povsim.read_scenario("sample", overrides={"exit_standard.household.counts.dibao": False})
    check(people, plan, (0, 1))


CALM = {
    **ALL_OFF,
    "shocks.illness.hazard.value": 0.0,
    "shocks.illness.hazard_ill.value": 0.0,
    "shocks.job_loss": None,
    "shocks.disaster.village.value": 0.0,
    "incomes.common.county_sd.value": 0.0,
}


def _wage_over_trend(people, changes):
    plan = povsim.read_scenario("sample", overrides={**CALM, **changes})
    outcomes = povsim.simulate(people, plan, draws=100, seed=SEED)
    wages = float(outcomes["income_sum"].sel(source="wage").isel(scenario=0, year=-1).sum("village").mean())
    growth = [1 + plan.incomes.growth.wage.at(year) for year in range(int(people.attrs["year"]) + 1, plan.years[1] + 1)]
    return wages / float(people["wage"].sum()) / np.prod(growth)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"incomes.shift.value": 5000.0},
        {"years": [2020, 2020]},
    ],
    ids=["as shipped", "shifted logs", "five years after the register"],
)
def test_mean_wage_follows_its_trend(people, changes):
    assert abs(_wage_over_trend(people, changes) - 1) < 0.015
