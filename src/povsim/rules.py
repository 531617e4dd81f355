"""A scenario turned into the plain numbers that compiled functions read, with each draw's own parameter values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from povsim.beliefs import Residual
from povsim.capacity import PRIORITIES, Ask
from povsim.draws import decision_key, uniforms
from povsim.incomes import Parts
from povsim.layout import DISABLED, ILL, STUDENTS, Floats, Longs, Shorts, Words
from povsim.measures.income import INDUSTRY_TERMS
from povsim.measures.loan import MICROCREDIT_TERMS
from povsim.measures.relocation import RELOCATION_TERMS
from povsim.measures.subsidy import DIBAO_TERMS, PER, TRANSFER_TERMS
from povsim.measures.works import REPAIR_TERMS
from povsim.plan import (
    Capacity,
    Dibao,
    Filter,
    Industry,
    Measure,
    MeasureFrame,
    Microcredit,
    Relocation,
    Repair,
    Transfer,
)
from povsim.quantity import Quantity
from povsim.rulebook import GuaranteeTest, Meaning
from povsim.scenario import Scenario, entries
from povsim.terms import CAUSES

TERMS = {
    "industry": INDUSTRY_TERMS,
    "microcredit": MICROCREDIT_TERMS,
    "relocation": RELOCATION_TERMS,
    "repair": REPAIR_TERMS,
    "dibao": DIBAO_TERMS,
    "transfer": TRANSFER_TERMS,
}


@dataclass(frozen=True)
class MeasureRules:
    """One measure's numbers in one draw: figures and conditions by year (index 0 is the first simulated year)."""

    code: str
    type: str
    key: Words
    years: tuple[bool, ...]
    terms: tuple[Floats, ...]
    asks: tuple[Ask, ...]
    capacity: Capacity | None
    limits: tuple[float, ...]

    @property
    def shared(self) -> bool:
        """Whether capacity is shared by more than a village, so that blocks have to meet between years."""
        return self.capacity is not None and self.capacity.area != "village"


@dataclass(frozen=True)
class Rules:
    """One scenario's numbers in one draw."""

    origin: int
    wage: Parts
    business: Parts
    income_terms: tuple[Floats, ...]
    growth: npt.NDArray[np.float64]  # (4, years): cumulated log growth since the register's year, by source
    common_sd: tuple[float, float]
    illness: tuple[Floats, ...]
    disaster: tuple[Floats, ...]
    village_struck: tuple[float, ...]
    lines: Floats
    line_before: np.float32
    strict: int
    counts: Floats
    bits: Shorts
    vetoes: int
    insurance_bit: int
    housing_bit: int
    inspection: tuple[Floats, ...]
    measures: tuple[MeasureRules, ...]


Uncertain = tuple[tuple[str, Quantity, Meaning | None], ...]
"""Dotted path, entry and meaning of every figure that has a spread."""


def uncertain_entries(scenario: Scenario) -> Uncertain:
    """Return the entries of a scenario that differ from draw to draw."""
    return tuple(item for item in entries(scenario) if item[1].spread is not None)


class Sampler:
    """Values of a scenario's entries in one draw: an entry with a spread takes its own addressed luck."""

    def __init__(self, uncertain: Uncertain, *, seed: int, draw: int) -> None:
        self._luck = {
            id(entry): (float(uniforms([0], seed=seed, draw=draw, year=0, decision=f"parameter:{path}")[0]), meaning)
            for path, entry, meaning in uncertain
        }

    def __call__(self, entry: Quantity, year: int) -> float:
        """Return the entry's value in a year, within the range that makes sense for it."""
        if id(entry) not in self._luck:
            return entry.at(year)
        luck, meaning = self._luck[id(entry)]
        value = entry.at_quantile(year, luck)
        return value if meaning is None else min(max(value, meaning.low), meaning.high)


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
    variance_wage: float
    variance_business: float
    line_of_quantile: float | None
    uncertain: Uncertain

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
    span = list(scenario.span)
    standard, shocks, incomes = scenario.exit_standard.household, scenario.shocks, scenario.incomes
    wage = _parts(incomes.wage, ground.variance_wage, sample)
    business = _parts(incomes.business, ground.variance_business, sample)
    counts, income_test = standard.counts, standard.tests[0]
    lines = _lines(scenario, ground, sample)
    ill, struck, seen = shocks.illness, shocks.disaster, scenario.inspection
    return Rules(
        origin=ground.origin,
        wage=wage,
        business=business,
        income_terms=tuple(
            _income_terms(wage, business, incomes.shift.at(span[0]), _keeps_dibao(scenario, year)) for year in span
        ),
        growth=_growth(scenario, ground.base_year, sample),
        common_sd=(sample(incomes.common.county_sd, span[0]), sample(incomes.common.village_sd, span[0])),
        illness=_by_year(
            sample,
            span,
            (ill.hazard, ill.hazard_ill, ill.cost, ill.cost_sd, ill.reimbursement, ill.work_loss, ill.years),
        ),
        disaster=_by_year(sample, span, (struck.household, struck.business_loss, struck.dwelling)),
        village_struck=tuple(sample(struck.village, year) for year in span),
        lines=lines,
        line_before=_line_before(scenario, ground, sample),
        strict=int(income_test.type == "income" and income_test.comparison == ">"),
        counts=np.array([counts.pension, counts.dibao, counts.one_off, counts.medical_cost], dtype=np.float32),
        bits=np.array(
            [0, *(ground.bit(test.guarantee) for test in standard.tests if isinstance(test, GuaranteeTest))], np.int16
        ),
        vetoes=sum(1 << place for place, test in enumerate(standard.tests) if test.veto),
        insurance_bit=ground.bit("insurance"),
        housing_bit=ground.bit("housing"),
        inspection=_by_year(
            sample,
            span,
            (seen.income_error, seen.overlooked, seen.false_alarm, seen.found, seen.delay, standard.stability_years),
        ),
        measures=tuple(
            _measure_rules(code, measure, scenario, ground, lines, sample, seed)
            for code, measure in scenario.active().items()
        ),
    )


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


def _growth(scenario: Scenario, base_year: int, sample: Sampler) -> npt.NDArray[np.float64]:
    growth, last = scenario.incomes.growth, scenario.years[1]
    years = range(base_year + 1, last + 1)
    sources = (growth.wage, growth.business, growth.property, growth.transfer)
    steps = np.array([[math.log1p(max(sample(entry, year), -0.9)) for year in years] for entry in sources])
    return np.cumsum(steps, axis=1)[:, -len(scenario.span) :]


def _lines(scenario: Scenario, ground: Ground, sample: Sampler) -> Floats:
    test = scenario.exit_standard.household.tests[0]
    assert test.type == "income"
    if test.line is not None:
        return np.array([sample(test.line, year) for year in scenario.span], dtype=np.float32)
    assert ground.line_of_quantile is not None
    return np.full(len(scenario.span), ground.line_of_quantile, dtype=np.float32)


def _line_before(scenario: Scenario, ground: Ground, sample: Sampler) -> np.float32:
    """Return the income line of the register's year."""
    test = scenario.exit_standard.household.tests[0]
    if test.type == "income" and test.line is not None:
        return np.float32(sample(test.line, ground.base_year))
    return np.float32(ground.line_of_quantile or 0.0)


def _by_year(sample: Sampler, span: list[int], sources: tuple[Quantity, ...]) -> tuple[Floats, ...]:
    return tuple(np.array([sample(entry, year) for entry in sources], dtype=np.float32) for year in span)


def _measure_rules(
    code: str, measure: Measure, scenario: Scenario, ground: Ground, lines: Floats, sample: Sampler, seed: int
) -> MeasureRules:
    span = list(scenario.span)
    limit = measure.capacity.limit()[1] if measure.capacity else None
    terms = tuple(_terms(measure, year, float(line), ground, sample) for year, line in zip(span, lines, strict=True))
    return MeasureRules(
        code=code,
        type=measure.type,
        key=decision_key(seed, f"measures.{code}"),
        years=tuple(measure.years[0] <= year <= measure.years[1] for year in span),
        terms=terms,
        asks=tuple(_ask(measure, year, ground, sample) for year in span),
        capacity=measure.capacity,
        limits=tuple(sample(limit, year) if limit is not None else 0.0 for year in span),
    )


def _terms(measure: Measure, year: int, line: float, ground: Ground, sample: Sampler) -> Floats:
    def number(name: str) -> float:
        if name == "line":
            return line
        value = getattr(measure, name)
        if isinstance(value, Quantity):
            return sample(value, year)
        if name == "cures":
            return float(ground.mask(value))
        return float(PER.index(value)) if name == "per" else float(value)

    return np.array([number(name) for name in TERMS[measure.type]], dtype=np.float32)


def _ask(measure: MeasureFrame, year: int, ground: Ground, sample: Sampler) -> Ask:
    who = measure.eligible
    status, category, cause = who.masks()
    conditions: Longs = np.array(
        [
            status, category, cause, ground.mask(who.failing), who.workers_at_least, who.workers_at_most,
            who.persons_at_least, PRIORITIES[measure.priority], int(isinstance(measure, Microcredit)),
            int(isinstance(measure, (Dibao, Transfer))), _needed_trait(measure),
        ],
        dtype=np.int64,
    )  # fmt: skip
    cost, running = _costs(measure, year, sample)
    below = sample(who.income_below, year) if who.income_below is not None else math.inf
    if isinstance(measure, Dibao):
        below = min(below, sample(measure.standard, year))
    return Ask(
        who=conditions,
        rank=_ranks(who),
        below=np.float32(below),
        take_up=np.float32(sample(measure.take_up, year)),
        cost=np.array(cost, dtype=np.float32),
        running=np.array(running, dtype=np.float32),
        villages=_villages(who, ground),
    )


def _needed_trait(measure: MeasureFrame) -> int:
    """Return the row of the trait that a transfer by pupil, ill or disabled member goes by, 0 for none."""
    rows = {"student": STUDENTS, "ill": ILL, "disabled": DISABLED}
    return rows.get(measure.per, 0) if isinstance(measure, Transfer) else 0


def _ranks(who: Filter) -> Shorts:
    """Rank causes by their order in the filter; the filter keeps the others out."""
    order = list(who.cause)
    return np.array([0, *(order.index(term.code) if term.code in order else 0 for term in CAUSES)], dtype=np.int16)


def _villages(who: Filter, ground: Ground) -> npt.NDArray[np.bool_]:
    chosen = np.ones(ground.villages.shape, dtype=bool)
    if who.townships:
        chosen &= np.isin(ground.townships, who.townships)
    if who.villages:
        chosen &= np.isin(ground.villages, who.villages)
    if who.poor_villages_only:
        chosen &= ground.poor_village
    return chosen


def _costs(measure: MeasureFrame, year: int, sample: Sampler) -> tuple[list[float], list[float]]:
    """Return the cost of taking on a household and of running support; see ``capacity.Ask``.

    What is not known when a household is taken on is reserved at its highest, so a budget is never overdrawn.
    """
    cost, running = [0.0] * 7, [0.0, 0.0]
    if isinstance(measure, Industry):
        yearly = sample(measure.yearly_cost, year)
        cost[0], running[0] = sample(measure.unit_cost, year) + yearly, yearly
    elif isinstance(measure, Microcredit):
        rate = sample(measure.rate, year)
        cost[0], running[1] = sample(measure.max_amount, year) * rate, rate
    elif isinstance(measure, Relocation):
        cost[1] = sample(measure.cost_per_head, year) - sample(measure.self_paid, year)
    elif isinstance(measure, Repair):
        cost[0] = sample(measure.subsidy, year)
    elif isinstance(measure, Dibao):
        cost[2], cost[6] = sample(measure.paid_share, year), sample(measure.standard, year)
    elif isinstance(measure, Transfer):
        cost[{"household": 0, "person": 1, "student": 3, "ill": 4, "disabled": 5}[measure.per]] = sample(
            measure.amount, year
        )
    return cost, running
