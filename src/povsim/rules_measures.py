"""A measure turned into the plain numbers of one draw: figures by year, conditions, costs, limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from povsim.drawn import Sampler
from povsim.layout import Flags, Floats, Longs, Shorts
from povsim.measures import EARNING, KINDS, TERMS, YEARLY
from povsim.plan import (
    Capacity,
    CreditLine,
    Dibao,
    Earning,
    Education,
    Filter,
    Fund,
    HouseholdMeasure,
    MeasureFrame,
    Medical,
    Microcredit,
    Relocation,
    Transfer,
    Works,
)
from povsim.quantity import Quantity
from povsim.terms import CAUSES
from povsim.villages import VillageNames, eligible

POOREST_FIRST, RANDOM, BY_CAUSE = 0, 1, 2
PRIORITIES = {"poorest_first": POOREST_FIRST, "random": RANDOM, "cause": BY_CAUSE}
DESTINATIONS = ("wage", "business", "property", "transfer")
PER = ("household", "person", "student", "ill", "disabled")
TRAITS = ("student", "ill", "disabled")
EDUCATION_STAGES = ("preschool", "compulsory", "senior", "tertiary")


class Places(VillageNames, Protocol):
    """What a measure's rules need to know of the register."""

    def mask(self, guarantees: tuple[str, ...]) -> int:
        """Return the bits of several guarantees."""


@dataclass(frozen=True)
class Ask:
    """Who may apply for a measure in a year, and what taking on a household costs.

    ``who``: masks of status, category, cause and unmet guarantees, least and most workers, least persons, priority,
    whether the measure is decided anew each year, the trait that has to be above zero (0 none, 1 students, 2 ill,
    3 disabled). ``cost``: yuan for a household, a person, per yuan lacking of the last entry (times persons), a
    pupil, an ill, a disabled member, and that entry in yuan per head. ``running``: yuan a year for a household already
    in support, and per yuan it owes.
    """

    who: Longs
    rank: Shorts  # place of each cause in the priority
    below: float
    take_up: float
    cost: Floats
    running: Floats


@dataclass(frozen=True)
class MeasureRules:
    """One measure's numbers in one draw: figures and conditions by year (index 0 is the first simulated year)."""

    code: str
    type: str
    kind: int
    years: tuple[bool, ...]
    terms: tuple[Floats, ...]
    asks: tuple[Ask, ...]
    villages: Flags
    holding: tuple[str, ...]
    not_holding: tuple[str, ...]
    capacity: Capacity | None
    limits: tuple[float, ...]
    fund: str | None
    by_year: bool
    """Whether figures depend on the year."""

    @property
    def shared(self) -> bool:
        """Whether capacity is shared by more than a village, so that blocks have to meet between years."""
        return self.fund is not None or (self.capacity is not None and self.capacity.area != "village")


@dataclass(frozen=True)
class FundRules:
    """One fund's numbers in one draw: yuan by year in each of its areas, and the measures in the order they draw."""

    code: str
    area: str
    limits: tuple[float, ...]
    measures: tuple[str, ...]


def make_fund(code: str, fund: Fund, measures: dict[str, HouseholdMeasure], span: range, sample: Sampler) -> FundRules:
    """Return a fund's numbers in one draw; measures that its order does not name follow in calendar order."""
    drawing = [name for name, measure in measures.items() if measure.fund == code]
    first = [name for name in fund.order if name in drawing]
    order = (*first, *(name for name in drawing if name not in first))
    return FundRules(code, fund.area, tuple(sample(fund.budget, year) for year in span), order)


def make_measure(
    code: str, measure: HouseholdMeasure, places: Places, lines: Floats, sample: Sampler, span: range
) -> MeasureRules:
    """Return a measure's numbers in one draw.

    Parameters
    ----------
    code : str
        Name in the scenario.
    measure : Measure
        As the planner states it.
    places : Places
        Guarantees and villages of the register.
    lines : array, shape (years,)
        Income line, yuan per head.
    sample : Sampler
        Values of the draw.
    span : range
        Calendar years.
    """
    by_year = _differs_by_year(measure)
    asks = tuple(_ask(measure, year, places, sample) for year in (span if by_year else span[:1]))
    return MeasureRules(
        code=code,
        type=measure.type,
        kind=KINDS[measure.type],
        years=tuple(measure.years[0] <= year <= measure.years[1] for year in span),
        terms=_all_terms(measure, places, lines, sample, span, by_year=by_year),
        asks=asks if by_year else asks * len(span),
        villages=eligible(measure.eligible, places),
        holding=measure.eligible.holding,
        not_holding=measure.eligible.not_holding,
        capacity=measure.capacity,
        limits=_limits(measure, sample, span),
        fund=measure.fund,
        by_year=by_year,
    )


def remake_measure(
    before: MeasureRules, measure: HouseholdMeasure, places: Places, lines: Floats, sample: Sampler, span: range
) -> MeasureRules:
    """Return a measure's numbers in another draw: only figures differ, not whom, where and by whom it is decided.

    What a draw costs before its first household is lived is felt in short runs.
    """
    years = span if before.by_year else span[:1]
    asks = tuple(_ask_again(before.asks[index], measure, year, sample) for index, year in enumerate(years))
    return replace(
        before,
        terms=_all_terms(measure, places, lines, sample, span, by_year=before.by_year),
        asks=asks if before.by_year else asks * len(span),
        limits=_limits(measure, sample, span),
    )


def _all_terms(
    measure: HouseholdMeasure, places: Places, lines: Floats, sample: Sampler, span: range, *, by_year: bool
) -> tuple[Floats, ...]:
    dated = zip(span, lines.tolist(), strict=True)
    if not by_year:
        return (_terms(measure, *next(dated), places, sample),) * len(span)
    return tuple(_terms(measure, year, line, places, sample) for year, line in dated)


def _limits(measure: HouseholdMeasure, sample: Sampler, span: range) -> tuple[float, ...]:
    if measure.capacity is None:
        return (0.0,) * len(span)
    limit = measure.capacity.limit()[1]
    return tuple(sample(limit, year) for year in span)


def _differs_by_year(measure: HouseholdMeasure) -> bool:
    """Tell whether a measure's figures depend on the year: a dated entry, or a loan, repaid from above the line."""
    figures = [*(getattr(measure, name) for name in type(measure).model_fields), measure.eligible.income_below]
    dated = any(isinstance(figure, Quantity) and isinstance(figure.value, Mapping) for figure in figures)
    return dated or isinstance(measure, Microcredit)


def _terms(measure: HouseholdMeasure, year: int, line: float, places: Places, sample: Sampler) -> Floats:
    special = {"line": line}
    if isinstance(measure, Earning):
        special |= {
            "amount": sample(getattr(measure, measure.AMOUNT), year),
            "destination": float(DESTINATIONS.index(measure.DESTINATION)),
            "paid": float(measure.PAID),
        }
    neutral = {"success": 1.0, "displaced": 0.0, "margin": 1.0}

    def number(name: str) -> float:
        if name in special:
            return special[name]
        value = getattr(measure, name, None)
        if value is None:
            return neutral[name]
        if isinstance(value, Quantity):
            return sample(value, year)
        if name == "cures":
            return float(places.mask(value))
        return float(PER.index(value)) if name == "per" else float(value)

    return np.array([number(name) for name in TERMS[KINDS[measure.type]]], dtype=np.float32)


def _ask(measure: HouseholdMeasure, year: int, places: Places, sample: Sampler) -> Ask:
    who = measure.eligible
    status, category, cause = who.masks()
    yearly = int(KINDS[measure.type] in YEARLY)
    conditions: Longs = np.array(
        [
            status, category, cause, places.mask(who.failing), who.workers_at_least, who.workers_at_most,
            who.persons_at_least, PRIORITIES[measure.priority], yearly, _needed_trait(measure),
        ],
        dtype=np.int64,
    )  # fmt: skip
    nothing = np.zeros(0, dtype=np.float32)
    return _ask_again(Ask(conditions, _ranks(who), 0.0, 0.0, nothing, nothing), measure, year, sample)


def _ask_again(before: Ask, measure: HouseholdMeasure, year: int, sample: Sampler) -> Ask:
    """Return the conditions as they were, with the draw's own figures."""
    cost, running = _costs(measure, year, sample)
    below = measure.eligible.income_below
    bound = math.inf if below is None else sample(below, year)
    if isinstance(measure, Dibao):
        bound = min(bound, sample(measure.standard, year))
    return Ask(
        who=before.who,
        rank=before.rank,
        below=bound,
        take_up=sample(measure.take_up, year),
        cost=np.array(cost, dtype=np.float32),
        running=np.array(running, dtype=np.float32),
    )


def _needed_trait(measure: MeasureFrame) -> int:
    if isinstance(measure, Education):
        return 1
    return TRAITS.index(measure.per) + 1 if isinstance(measure, Transfer) and measure.per in TRAITS else 0


def _ranks(who: Filter) -> Shorts:
    """Rank causes by their order in the filter; the filter keeps the others out."""
    order = list(who.cause)
    return np.array([0, *(order.index(term.code) if term.code in order else 0 for term in CAUSES)], dtype=np.int16)


def _costs(measure: HouseholdMeasure, year: int, sample: Sampler) -> tuple[list[float], list[float]]:
    """Return the cost of taking on a household and of running support; see :class:`Ask`.

    What is not known when a household is taken on is reserved at its highest, so a budget is never overdrawn.
    """
    cost, running = [0.0] * 7, [0.0, 0.0]
    if isinstance(measure, Earning):
        yearly = sample(measure.yearly_cost, year)
        yearly += sample(getattr(measure, measure.AMOUNT), year) if measure.PAID else 0.0
        cost[0], running[0] = sample(measure.unit_cost, year) + yearly, yearly
    elif isinstance(measure, Microcredit):
        rate = sample(measure.rate, year)
        cost[0], running[1] = sample(measure.max_amount, year) * rate, rate
    elif isinstance(measure, Relocation):
        cost[1] = sample(measure.cost_per_head, year) - sample(measure.self_paid, year)
    else:
        place, amount = _plain_cost(measure, year, sample)
        cost[place] = amount
        if isinstance(measure, Dibao):
            cost[6] = sample(measure.standard, year)
    return cost, running


def _plain_cost(measure: HouseholdMeasure, year: int, sample: Sampler) -> tuple[int, float]:
    """Return which entry of the cost a measure fills, and its yuan."""
    if isinstance(measure, CreditLine):
        return 0, sample(measure.unit_cost, year)
    if isinstance(measure, Works):
        return 0, sample(measure.subsidy, year)
    if isinstance(measure, Education):
        return 3, max(sample(getattr(measure, stage), year) for stage in EDUCATION_STAGES)
    if isinstance(measure, Medical):
        return 1, sample(measure.premium, year)
    if isinstance(measure, Dibao):
        return 2, sample(measure.paid_share, year)
    assert isinstance(measure, Transfer)
    return {"household": 0, "person": 1, "student": 3, "ill": 4, "disabled": 5}[measure.per], sample(
        measure.amount, year
    )


__all__ = ["EARNING", "Ask", "FundRules", "MeasureRules", "make_fund", "make_measure"]
