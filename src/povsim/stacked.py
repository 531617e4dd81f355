"""The numbers of one draw, all scenarios one above the other: the arrays that compiled functions read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from povsim import layout as at
from povsim.capacity import BUDGET, HOUSEHOLDS, IN_MEETING, IN_VILLAGE, NO_LIMIT, SHARE, UNLIMITED
from povsim.draws import decision_key
from povsim.layout import Flags, Floats, Longs
from povsim.measures import MOST_TERMS
from povsim.rules import Rules
from povsim.rules_measures import MeasureRules
from povsim.terms import CAUSES
from povsim.year import DECISIONS, Figures

_LIMITS = {"share": SHARE, "households": HOUSEHOLDS, "budget": BUDGET}


@dataclass(frozen=True)
class Slots:
    """The household measures of a run, in calendar order, and the number of scenarios, years and villages."""

    measures: tuple[str, ...]
    scenarios: int
    years: int
    villages: int

    def mask(self, codes: Sequence[str]) -> int:
        """Return the bits of measures; a scenario may name measures that are off."""
        return sum(1 << self.measures.index(code) for code in codes if code in self.measures)


def stack(rules: Sequence[Rules], trend: Sequence[Floats], struck: Sequence[Flags], slots: Slots, seed: int) -> Figures:
    """Return the arrays of one draw.

    Parameters
    ----------
    rules : sequence of Rules
        One a scenario.
    trend : sequence of array, each shape (years, villages, 4)
        See ``incomes.earn_village``.
    struck : sequence of array of bool, each shape (years, villages)
        Villages struck by a disaster.
    slots : Slots
        Measures and sizes of the run.
    seed : int
        Address of all luck.
    """
    shape = (slots.scenarios, slots.years, len(slots.measures))
    figures = Figures(
        trend=np.empty((*shape[:2], slots.villages, 5), dtype=np.float32),
        yearly=np.zeros((*shape[:2], at.YEARLY_TERMS), dtype=np.float32),
        masks=np.zeros((slots.scenarios, at.MASKS), dtype=np.int64),
        asks=np.zeros((*shape, at.FIRST_TERM + MOST_TERMS), dtype=np.float32),
        conditions=np.zeros((*shape, at.CONDITIONS), dtype=np.int64),
        rank=np.zeros((shape[0], shape[2], len(CAUSES) + 1), dtype=np.int16),
        villages=np.zeros((shape[0], shape[2], slots.villages), dtype=np.bool_),
        widest=np.full(shape[:2], -np.inf, dtype=np.float32),
        keys=np.array(
            [decision_key(seed, name) for name in (*(f"measures.{code}" for code in slots.measures), *DECISIONS)],
            dtype=np.uint32,
        ),
    )
    figures.conditions[..., at.KIND] = -1
    for s, one in enumerate(rules):
        figures.trend[s, ..., :4], figures.trend[s, ..., 4] = trend[s], struck[s]
        _put_year(figures.yearly[s], one)
        _put_masks(figures.masks[s], one)
        for measure in one.measures:
            _put_measure(figures, s, slots.measures.index(measure.code), measure, slots)
    return figures


def _put_year(yearly: Floats, one: Rules) -> None:
    """Fill one scenario's numbers, shape (years, YEARLY_TERMS)."""
    for begin, rows in (
        (at.INCOME_TERMS, one.income_terms), (at.SHOCK_TERMS, one.shocks), (at.SCHOOL_TERMS, one.schooling),
        (at.INSPECT_TERMS, one.inspection), (at.WATCH_TERMS, one.monitoring), (at.LAPSE_TERMS, one.lapses),
        (at.TEST_VALUES, one.test_values),
    ):  # fmt: skip
        yearly[:, begin : begin + len(rows[0])] = rows
    start = np.concatenate([one.wage.sds(), one.wage.shares(), one.business.sds(), one.business.shares()])
    for begin, row in ((at.COUNT_TERMS, one.counts), (at.CATCH_TERMS, one.catches), (at.START_TERMS, start)):
        yearly[:, begin : begin + row.size] = row
    yearly[:, at.LINE], yearly[:, at.LINE_BEFORE], yearly[:, at.EXIT_BAR] = one.lines, one.line_before, 1.0


def _put_masks(masks: Longs, one: Rules) -> None:
    masks[: at.TEST_KIND] = (
        one.strict, one.vetoes, one.insurance_bit, one.housing_bit, one.schooling_bit, len(one.tests), one.catches.size,
        one.lapses[0].size,
    )  # fmt: skip
    masks[at.TEST_KIND : at.TEST_KIND + len(one.tests)] = one.tests[:, 0]
    masks[at.TEST_BIT : at.TEST_BIT + len(one.tests)] = one.tests[:, 1]


def _put_measure(figures: Figures, s: int, m: int, measure: MeasureRules, slots: Slots) -> None:
    kind = _LIMITS[measure.capacity.limit()[0]] if measure.capacity else NO_LIMIT
    decides = IN_MEETING if measure.shared else (IN_VILLAGE if measure.capacity else UNLIMITED)
    held = (slots.mask(measure.holding), slots.mask(measure.not_holding))
    # a measure that has to be held and is off can be held by nobody
    figures.villages[s, m] = measure.villages & (not measure.holding or held[0] != 0)
    figures.rank[s, m] = measure.asks[0].rank
    for y, ask in enumerate(measure.asks):
        # a share is compared in millionths, exactly
        limit = round(measure.limits[y] * 1e6) if kind == SHARE else int(measure.limits[y])
        figures.conditions[s, y, m] = (*ask.who, *held, decides, kind, limit, measure.years[y], measure.kind)
        asks = figures.asks[s, y, m]
        asks[: at.FIRST_TERM] = (ask.below, ask.take_up, *ask.cost, *ask.running)
        asks[at.FIRST_TERM : at.FIRST_TERM + measure.terms[y].size] = measure.terms[y]
        if measure.years[y] and ask.who[0] & 1 and ask.who[3] == 0:
            figures.widest[s, y] = max(figures.widest[s, y], np.float32(ask.below))
