"""A scenario turned into the plain numbers that a draw is lived by, with the draw's own parameter values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from povsim.beliefs import Residual, Shocks
from povsim.drawn import Sampler, Uncertain
from povsim.incomes import Parts
from povsim.layout import Doubles, Flags, Floats, Keys, Longs
from povsim.plan import HouseholdMeasure
from povsim.quantity import Quantity
from povsim.rules_measures import EDUCATION_STAGES, FundRules, MeasureRules, make_fund, make_measure, remake_measure
from povsim.scenario import Scenario
from povsim.villages import VillagePaths, village_paths

TEST_KINDS = {"income": 0, "guarantee": 1, "growth": 2, "activity": 3}
INSPECTION_TERMS = ("income_error", "overlooked", "false_alarm", "found", "delay", "stability_years")
SHOCK_TERMS = (
    "hazard", "hazard_ill", "cost", "cost_sd", "reimbursement", "work_loss", "years", "disability", "disability_loss",
    "cause_factor", "job_hazard", "wage_loss", "job_years", "job_factor", "household", "business_loss", "dwelling",
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """One scenario's numbers in one draw; tuples and first dims run over the simulated years."""

    origin: int
    wage: Parts
    business: Parts
    income_terms: tuple[Floats, ...]
    growth: npt.NDArray[np.float64]  # (4, years): cumulated log growth since the register's year, by source
    common_sd: tuple[float, float]
    shocks: tuple[Floats, ...]  # in the order of SHOCK_TERMS
    lapses: tuple[Floats, ...]  # cumulated hazards of losing each guarantee, in the register's order
    schooling: tuple[Floats, ...]  # cost of a pupil at each of the four stages
    village_struck: tuple[float, ...]
    lines: Floats
    line_before: float
    strict: int
    counts: Floats  # pension, dibao, one-off, medical cost, schooling cost: 1 or 0
    tests: Longs  # (tests, 2): kind, and the bit of the guarantee in DEPRIVED
    test_values: tuple[Floats, ...]  # growth to reach, or least earnings
    vetoes: int
    insurance_bit: int
    housing_bit: int
    schooling_bit: int
    inspection: tuple[Floats, ...]  # in the order of INSPECTION_TERMS
    catches: Floats  # cumulated share of wrong exits that the stages of checking catch
    monitoring: tuple[Floats, ...]  # on (1 or 0), line, share of income that medical cost may reach, found
    measures: tuple[MeasureRules, ...]
    funds: tuple[FundRules, ...]
    paths: VillagePaths


@dataclass(frozen=True)
class Ground:
    """What the rules need to know of the register and the plan: year, guarantees, villages, measured figures."""

    base_year: int
    origin: int
    guarantees: tuple[str, ...]
    counties: npt.NDArray[np.str_]
    township_position: npt.NDArray[np.int64]
    county_position: npt.NDArray[np.int64]
    townships: npt.NDArray[np.str_]
    villages: npt.NDArray[np.str_]
    poor_village: npt.NDArray[np.bool_]
    households: npt.NDArray[np.int64]
    facilities: dict[str, Flags]
    variance_wage: float
    variance_business: float
    line_of_quantile: float | None
    uncertain: Uncertain
    village_key: Keys
    _before: dict[str, tuple[HouseholdMeasure, MeasureRules, bool]] = field(default_factory=dict, repr=False)
    """Measures as an earlier draw had them, and whether any of their figures differs from draw to draw."""

    def bit(self, guarantee: str) -> int:
        """Return the bit of a guarantee in DEPRIVED, 0 when the register does not have it."""
        return 1 << self.guarantees.index(guarantee) if guarantee in self.guarantees else 0

    def mask(self, guarantees: tuple[str, ...]) -> int:
        """Return the bits of several guarantees."""
        return sum({self.bit(name) for name in guarantees})


def make_rules(scenario: Scenario, ground: Ground, *, seed: int, draw: int) -> Rules:
    """Return a scenario's numbers in one draw.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    ground : Ground
        Facts of the register.
    seed, draw : int
        Address of the parameters' luck.
    """
    sample = Sampler(ground.uncertain, seed=seed, draw=draw)
    span = scenario.span
    standard, incomes = scenario.exit_standard.household, scenario.incomes
    wage = _parts(incomes.wage, ground.variance_wage, sample)
    business = _parts(incomes.business, ground.variance_business, sample)
    counts, income_test, seen = standard.counts, standard.tests[0], scenario.inspection
    lines = _lines(scenario, ground, sample)
    return Rules(
        origin=ground.origin,
        wage=wage,
        business=business,
        income_terms=tuple(
            _income_terms(wage, business, incomes.shift.at(span[0]), _keeps_dibao(scenario, year)) for year in span
        ),
        growth=_growth(scenario, ground.base_year, sample),
        common_sd=(sample(incomes.common.county_sd, span[0]), sample(incomes.common.village_sd, span[0])),
        shocks=tuple(_shock_terms(scenario.shocks, year, sample) for year in span),
        lapses=tuple(_lapses(scenario.shocks, ground, year, sample) for year in span),
        schooling=tuple(_schooling(scenario.shocks, year, sample) for year in span),
        village_struck=tuple(sample(scenario.shocks.disaster.village, year) for year in span),
        lines=lines,
        line_before=_line_before(scenario, ground, sample),
        strict=int(income_test.type == "income" and income_test.comparison == ">"),
        counts=np.array(
            [counts.pension, counts.dibao, counts.one_off, counts.medical_cost, counts.schooling_cost], dtype=np.float32
        ),
        tests=np.array(
            [
                (TEST_KINDS[test.type], ground.bit(test.guarantee) if test.type == "guarantee" else 0)
                for test in standard.tests
            ],
            dtype=np.int64,
        ),
        test_values=tuple(_test_values(scenario, year, sample) for year in span),
        vetoes=sum(1 << place for place, test in enumerate(standard.tests) if test.veto),
        insurance_bit=ground.bit("insurance"),
        housing_bit=ground.bit("housing"),
        schooling_bit=ground.bit("schooling"),
        inspection=_by_year(
            sample,
            span,
            (seen.income_error, seen.overlooked, seen.false_alarm, seen.found, seen.delay, standard.stability_years),
        ),
        catches=_catches(scenario, sample),
        monitoring=tuple(_monitoring(scenario, year, sample) for year in span),
        measures=_measures(scenario, ground, lines, sample),
        funds=tuple(make_fund(code, fund, scenario.active(), span, sample) for code, fund in scenario.funds.items()),
        paths=village_paths(scenario.village_measures(), ground, span, sample, seed=seed, draw=draw),
    )


def _measures(scenario: Scenario, ground: Ground, lines: Floats, sample: Sampler) -> tuple[MeasureRules, ...]:
    """Return the measures' numbers; those without an uncertain figure are worked out once for all draws."""
    found = []
    for code, measure in scenario.active().items():
        before = ground._before.get(code)
        if before is None or before[0] is not measure:
            # a loan's repayment goes by the income line
            uncertain = sample.touches(measure) or sample.touches(scenario.exit_standard.household.tests[0])
            rules = make_measure(code, measure, ground, lines, sample, scenario.span)
            ground._before[code] = (measure, rules, uncertain)
        else:
            rules = before[1]
            if before[2]:
                rules = remake_measure(rules, measure, ground, lines, sample, scenario.span)
        found.append(rules)
    return tuple(found)


def _parts(residual: Residual, measured: float, sample: Sampler) -> Parts:
    variance = measured if residual.log_sd is None else sample(residual.log_sd, 0) ** 2
    raw = [
        max(sample(part, 0), 0.0)
        for part in (residual.permanent, residual.persistent, residual.transitory, residual.error)
    ]
    permanent, persistent, transitory, error = (part / sum(raw) for part in raw)
    rho = min(max(sample(residual.rho, 0), 0.0), 1.0)
    return Parts(variance, permanent, persistent, transitory, error, rho)


def _keeps_dibao(scenario: Scenario, year: int) -> bool:
    """Tell whether the register's dibao goes on in a year: it gives way while a dibao measure runs."""
    running = scenario.active().values()
    return not any(item.type == "dibao" and item.years[0] <= year <= item.years[1] for item in running)


def _income_terms(wage: Parts, business: Parts, shift: float, keeps_dibao: bool) -> Floats:
    numbers = [
        wage.rho, wage.renewal_sd(), wage.sds()[2], business.rho, business.renewal_sd(), business.sds()[2],
        shift, float(keeps_dibao),
    ]  # fmt: skip
    return np.array(numbers, dtype=np.float32)


def _growth(scenario: Scenario, base_year: int, sample: Sampler) -> Doubles:
    growth, last = scenario.incomes.growth, scenario.years[1]
    years = range(base_year + 1, last + 1)
    sources = (growth.wage, growth.business, growth.property, growth.transfer)
    steps = np.array([[math.log1p(max(sample(entry, year), -0.9)) for year in years] for entry in sources])
    return np.cumsum(steps, axis=1)[:, -len(scenario.span) :]


def _shock_terms(shocks: Shocks, year: int, sample: Sampler) -> Floats:
    ill, struck, job = shocks.illness, shocks.disaster, shocks.job_loss
    numbers = [
        sample(entry, year)
        for entry in (
            ill.hazard, ill.hazard_ill, ill.cost, ill.cost_sd, ill.reimbursement, ill.work_loss, ill.years
        )
    ]  # fmt: skip
    numbers += [sample.maybe(ill.disability, year, 0.0), sample.maybe(ill.disability_loss, year, 0.0)]
    numbers.append(sample.maybe(ill.cause_factor, year, 1.0))
    if job is None:
        numbers += [0.0, 0.0, 1.0, 1.0]
    else:
        numbers += [sample(job.hazard, year), sample(job.wage_loss, year), sample(job.years, year)]
        numbers.append(sample.maybe(job.cause_factor, year, 1.0))
    numbers += [sample(entry, year) for entry in (struck.household, struck.business_loss, struck.dwelling)]
    return np.array(numbers, dtype=np.float32)


def _lapses(shocks: Shocks, ground: Ground, year: int, sample: Sampler) -> Floats:
    hazards = [sample(shocks.lapses[name], year) if name in shocks.lapses else 0.0 for name in ground.guarantees]
    return np.cumsum(hazards).astype(np.float32)


def _schooling(shocks: Shocks, year: int, sample: Sampler) -> Floats:
    cost = shocks.schooling
    stages = [0.0] * 4 if cost is None else [sample(getattr(cost, stage), year) for stage in EDUCATION_STAGES]
    return np.array(stages, dtype=np.float32)


def _test_values(scenario: Scenario, year: int, sample: Sampler) -> Floats:
    values = []
    for test in scenario.exit_standard.household.tests:
        if test.type == "activity":
            values.append(sample(test.least, year))
        elif test.type == "growth":
            mean = scenario.references.province_mean_income
            values.append(mean.at(year) / mean.at(year - 1) - 1.0 if isinstance(mean, Quantity) else 0.0)
        else:
            values.append(0.0)
    return np.array(values, dtype=np.float32)


def _catches(scenario: Scenario, sample: Sampler) -> Floats:
    missed = np.cumprod([1.0 - sample(check.catch, scenario.years[0]) for check in scenario.inspection.checks])
    return (1.0 - missed).astype(np.float32)


def _monitoring(scenario: Scenario, year: int, sample: Sampler) -> Floats:
    plan = scenario.monitoring
    if plan is None or year < plan.from_year:
        return np.zeros(4, dtype=np.float32)
    figures = [sample(entry, year) for entry in (plan.line, plan.hardship_share, plan.found)]
    return np.array([1.0, *figures], dtype=np.float32)


def _lines(scenario: Scenario, ground: Ground, sample: Sampler) -> Floats:
    test = scenario.exit_standard.household.tests[0]
    assert test.type == "income"
    if test.line is not None:
        return np.array([sample(test.line, year) for year in scenario.span], dtype=np.float32)
    assert ground.line_of_quantile is not None
    return np.full(len(scenario.span), ground.line_of_quantile, dtype=np.float32)


def _line_before(scenario: Scenario, ground: Ground, sample: Sampler) -> float:
    """Return the income line of the register's year."""
    test = scenario.exit_standard.household.tests[0]
    if test.type == "income" and test.line is not None:
        return sample(test.line, ground.base_year)
    return ground.line_of_quantile or 0.0


def _by_year(sample: Sampler, span: range, sources: tuple[Quantity, ...]) -> tuple[Floats, ...]:
    return tuple(np.array([sample(entry, year) for entry in sources], dtype=np.float32) for year in span)
