"""The arrays a run fills: statistics by scenario, draw, year and village, allocated once, written block by block."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim import layout as at
from povsim.compiled import compiled
from povsim.layout import Block, Bytes, Doubles, Floats, Ints, Longs, Scratch, Shorts, State
from povsim.tally import BINS, CLASS_COUNT, EVENT_NAMES, MARGIN_BINS, Counts, Shares

Array = npt.NDArray[Any]
TOTALS = ("exits", "mean_income")
"""Totals that a scenario may tie, in the order of the dim."""


@dataclass(frozen=True)
class Size:
    """Lengths of the dims of a run; ``measures`` are those of households, which come first, then those of villages."""

    scenarios: int
    draws: int
    years: int
    villages: int
    townships: int
    households: int
    measures: int
    village_measures: int
    tests: int
    stages: int
    facilities: int
    funds: int


def make_counts(size: Size) -> Counts:
    """Return the statistics of a run, all zero."""
    lead = (size.scenarios, size.draws, size.years, size.villages)
    by_measure = (*lead[:3], size.measures + size.village_measures, size.villages)

    return Counts(
        whole=np.zeros((*lead, at.WHOLE_COLUMNS), dtype=np.int32),
        yuan=np.zeros((*lead, at.YUAN_COLUMNS), dtype=np.int64),
        gaps=np.zeros((*lead, 3)),
        spending=np.zeros(by_measure, dtype=np.int64),
        recipients=np.zeros(by_measure, dtype=np.int32),
        entered=np.zeros((size.scenarios, size.years, 2, size.measures, size.villages), dtype=np.int32),
        identified=np.zeros((*lead[:2], size.villages, 4), dtype=np.int32),
    )


@dataclass
class Tables:
    """Everything that is counted in a run.

    Threads write to the villages of their own block; what several blocks share (township bins) is whole numbers added
    under a lock, so that order does not matter.
    """

    size: Size
    township: npt.NDArray[np.int64]  # (villages,): position of each village's township
    household_summary: bool = True
    keep_households: bool = False
    counts: Counts = field(init=False)
    lacking: npt.NDArray[np.int8] = field(init=False)  # (S, D, Y, V, facility)
    collective: Longs = field(init=False)  # (S, D, Y, V)
    fund_budget: Longs = field(init=False)  # (S, D, Y, fund)
    entered: Array = field(init=False)  # (S, D, Y, 2, M, V): whole numbers of 16 bits where they fit, see close_draw
    histogram: Ints = field(init=False)
    margins: Longs = field(init=False)
    stretch: Doubles = field(init=False)  # (S, D, Y, total): NaN where nothing is tied
    missed: Doubles = field(init=False)  # (S, D, Y, total): tied total minus what was reached
    patterns: dict[tuple[int, int, int], list[tuple[int, Longs]]] = field(default_factory=dict)
    summary: dict[str, Array] = field(default_factory=dict)
    panel: dict[str, Array] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """Allocate all arrays."""
        s = self.size
        self.counts = make_counts(s)
        lead = (s.scenarios, s.draws, s.years)
        self.lacking = np.zeros((*lead, s.villages, s.facilities), dtype=np.int8)
        self.collective = np.zeros((*lead, s.villages), dtype=np.int64)
        self.fund_budget = np.zeros((*lead, s.funds), dtype=np.int64)
        self.entered = np.zeros((*lead, 2, s.measures + s.village_measures, s.villages), dtype=np.int16)
        self.stretch, self.missed = np.full((2, *lead, len(TOTALS)), np.nan)
        self.histogram = np.zeros((*lead, s.townships, BINS), dtype=np.int32)
        self.margins = np.zeros((s.scenarios, s.years, s.townships, 2, MARGIN_BINS), dtype=np.int64)
        per_household = (s.scenarios, s.years, s.households)
        if self.household_summary:
            for name in ("poor", "registered", "exited", "relapsed", "monitored"):
                self.summary[name] = np.zeros(per_household, dtype=np.uint16)
            self.summary["failing"] = np.zeros((s.scenarios, s.years, s.tests, s.households), dtype=np.uint16)
            self.summary["receiving"] = np.zeros((s.scenarios, s.years, s.measures, s.households), dtype=np.uint16)
            self.summary["income"] = np.zeros(per_household)
        if self.keep_households:
            shape = (*lead, s.households)
            self.panel = {name: np.zeros(shape, dtype=np.float32) for name in (*PANEL_FLOW, *PANEL_OWED, *PANEL_REAL)}
            self.panel |= {name: np.zeros(shape, dtype=np.int16) for name in (*PANEL_SMALL, *PANEL_BITS, *PANEL_MARKS)}
            self.panel["received"] = np.zeros(shape, dtype=np.int32)

    @property
    def keeps(self) -> bool:
        """Whether single households are looked at once a block's year is over."""
        return self.household_summary or self.keep_households

    def named(self) -> dict[str, Array]:
        """Return the statistics by name; dims scenario, draw, year, village (measure before it), then width."""
        whole, yuan, stages = self.counts.whole, self.counts.yuan, self.size.stages

        def columns(first: int, count: int) -> Array:
            return whole[..., first : first + count]

        def pairs(first: int, count: int) -> Array:
            chosen = columns(first, 2 * count)
            return chosen.reshape(*chosen.shape[:-1], count, 2)

        return {
            "persons": columns(at.PERSONS_BY_STATUS, 5),
            "households": columns(at.HOUSEHOLDS_BY_STATUS, 5),
            "poor": whole[..., at.POOR],
            "failing": columns(at.FAILING, 5),
            "failing_households": columns(at.FAILING_HOUSEHOLDS, 5),
            "events": columns(at.HAPPENED, len(EVENT_NAMES)),
            "events_households": columns(at.HAPPENED_HOUSEHOLDS, len(EVENT_NAMES)),
            "monitored": pairs(at.WATCHED, CLASS_COUNT),
            "caught": pairs(at.CAUGHT_BY_STAGE, stages),
            "gaps": self.counts.gaps,
            "income": yuan[..., at.INCOME_BY_SOURCE : at.INCOME_BY_SOURCE + 5],
            "loans": yuan[..., [at.OWED, at.OVERDUE]],
            "spending": self.counts.spending,
            "recipients": self.counts.recipients,
        }

    def close_draw(self, draw: int) -> None:
        """Keep whom measures took on in a draw, and make room for the next; measures for villages do so only once."""
        first, counted = self.size.measures, self.counts.entered
        begun = self.counts.recipients[:, draw, :, np.newaxis, first:]
        if max(counted.max(initial=0), begun.max(initial=0)) > np.iinfo(self.entered.dtype).max:
            self.entered = self.entered.astype(np.int32)
        self.entered[:, draw, :, :, :first], self.entered[:, draw, :, :, first:] = counted, begun
        counted[:] = 0

    def share_out(self, block: Block, shares: Shares, place: tuple[int, int]) -> None:
        """Add what a block's villages add to their townships in a year, and keep the patterns they show."""
        draw, year = place
        towns = slice(block.first_township, block.first_township + block.townships)
        with self.lock:
            self.histogram[:, draw, year, towns] += shares.histogram[:, : block.townships]
            self.margins[:, year, towns] += shares.margins[:, : block.townships]
            for scenario in range(self.size.scenarios):
                rows = shares.patterns[scenario, : shares.filled[scenario]].copy()
                self.patterns.setdefault((scenario, draw, year), []).append((block.first_village, rows))


PANEL_FLOW = {
    "wage": at.WAGE, "business": at.GROSS, "production_cost": at.COST, "property": at.PROPERTY_INCOME,
    "transfer": at.TRANSFER_INCOME, "pension": at.PENSION_INCOME, "dibao": at.DIBAO, "one_off": at.ONE_OFF,
    "medical": at.MEDICAL, "schooling_cost": at.SCHOOLING, "counted_income": at.COUNTED,
}  # fmt: skip
PANEL_OWED = ("loan_balance", "arrears", "debt")
PANEL_REAL = {"seen_income_per_head": at.LAST_INCOME}
PANEL_SMALL = {"status": at.STATUS, "cause": at.CAUSE, "ill_until": at.ILL_UNTIL, "jobless_until": at.JOBLESS_UNTIL}
PANEL_BITS = {"deprived": at.DEPRIVED, "flags": at.FLAGS}
PANEL_MARKS = {"pattern": at.PATTERN, "events": at.EVENTS}


def record_households(
    tables: Tables, block: Block, state: State, scratch: Scratch, owed: Floats, place: tuple[int, int, int]
) -> None:
    """Add a block's year to the summary by household and to the panel, as far as they are kept.

    Parameters
    ----------
    tables : Tables
        Written at the block's households.
    block : Block
        Its place in the register.
    state, scratch
        The block at year end; the scratch holds flows and marks of all its households.
    owed : array, shape (3, n)
        Loans, arrears, debt of each household in yuan.
    place : tuple of int
        Positions of scenario, draw and year.
    """
    s, _, year = place
    n, here = block.size, slice(block.first, block.first + block.size)
    marks, flow = scratch.marks[:, :n], scratch.floats[:, :n]
    if tables.household_summary:
        # blocks have their own households and draws follow one another, so the sums are always made in the same order
        names = ("poor", "registered", "exited", "relapsed", "monitored", "failing", "receiving", "income")
        out = tuple(tables.summary[name][s, year][..., here] for name in names)
        add_summary(
            state.small[s, at.STATUS], scratch.marks[at.PATTERN, :n], scratch.floats[at.COUNTED, :n],
            block.home.traits[at.PERSONS], scratch.ints[at.RECEIVED, :n], out,
        )  # fmt: skip
    if not tables.keep_households:
        return
    arrays: dict[str, Array] = {name: flow[row] for name, row in PANEL_FLOW.items()}
    arrays |= dict(zip(PANEL_OWED, owed, strict=True))
    arrays |= {name: state.real[s, row] for name, row in PANEL_REAL.items()}
    arrays |= {name: state.small[s, row] for name, row in PANEL_SMALL.items()}
    arrays |= {name: state.bits[s, row] for name, row in PANEL_BITS.items()}
    arrays |= {name: marks[row] for name, row in PANEL_MARKS.items()}
    arrays["received"] = scratch.ints[at.RECEIVED, :n]
    for name, array in arrays.items():
        tables.panel[name][place][here] = array


@compiled
def add_summary(
    status: Bytes, pattern: Shorts, counted: Floats, persons: Shorts, received: Ints, out: tuple[Array, ...]
) -> None:
    """Add one draw's year to the sums per household; shapes as in :class:`Tables`."""
    poor, registered, exited, relapsed, monitored, failing, receiving, income = out
    for i in range(counted.shape[0]):
        now = status[i]
        poor[i] += pattern[i] & 1
        registered[i] += 1 if now == 1 or now == 3 else 0
        exited[i] += 1 if now == 2 else 0
        relapsed[i] += 1 if now == 3 else 0
        monitored[i] += 1 if now == 4 else 0
        income[i] += counted[i] / persons[i]
    for test in range(failing.shape[0]):
        for i in range(counted.shape[0]):
            failing[test, i] += (pattern[i] >> test) & 1
    for measure in range(receiving.shape[0]):
        for i in range(counted.shape[0]):
            receiving[measure, i] += (received[i] >> measure) & 1
