"""The arrays a run fills: statistics by scenario, draw, year and village, allocated once, written block by block."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from povsim import layout as at
from povsim.compiled import compiled
from povsim.layout import Block, Households, Ints, Longs
from povsim.measures.frame import Book
from povsim.rules import Rules
from povsim.tally import (
    BINS,
    EVENT_NAMES,
    MARGIN_BINS,
    SOURCE_COUNT,
    STATUS_COUNT,
    Counts,
    count_year,
)

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Size:
    """Lengths of the dims of a run."""

    scenarios: int
    draws: int
    years: int
    villages: int
    townships: int
    households: int
    measures: int
    tests: int


@dataclass
class Tables:
    """Everything that is counted in a run.

    Village statistics have leading dims (scenario, draw, year, village). Threads write to the villages of their own
    block; what several blocks share (township bins) is whole numbers added under a lock, so that order does not matter.
    """

    size: Size
    township: npt.NDArray[np.int64]  # (villages,): position of each village's township
    household_summary: bool = True
    keep_households: bool = False
    by_village: dict[str, Array] = field(default_factory=dict)
    histogram: npt.NDArray[np.int32] = field(init=False)
    margins: Longs = field(init=False)
    patterns: dict[tuple[int, int, int], list[tuple[int, Longs]]] = field(default_factory=dict)
    summary: dict[str, Array] = field(default_factory=dict)
    panel: dict[str, Array] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _local: threading.local = field(default_factory=threading.local, repr=False)

    def __post_init__(self) -> None:
        """Allocate all arrays."""
        s = self.size
        lead = (s.scenarios, s.draws, s.years, s.villages)
        whole = {
            "persons": STATUS_COUNT, "households": STATUS_COUNT, "failing": STATUS_COUNT,
            "failing_households": STATUS_COUNT, "events": len(EVENT_NAMES), "events_households": len(EVENT_NAMES),
        }  # fmt: skip
        self.by_village = {name: np.zeros((*lead, width), dtype=np.int32) for name, width in whole.items()}
        self.by_village["poor"] = np.zeros(lead, dtype=np.int32)
        self.by_village["gaps"] = np.zeros((*lead, 3))
        self.by_village["income"] = np.zeros((*lead, SOURCE_COUNT), dtype=np.int64)
        self.by_village["loans"] = np.zeros((*lead, 2), dtype=np.int64)
        # a measure's books are contiguous by village
        self.by_village["recipients"] = np.zeros((*lead[:3], s.measures, s.villages), dtype=np.int32)
        self.by_village["spending"] = np.zeros((*lead[:3], s.measures, s.villages), dtype=np.int64)
        self.histogram = np.zeros((*lead[:3], s.townships, BINS), dtype=np.int32)
        self.margins = np.zeros((s.scenarios, s.years, s.townships, 2, MARGIN_BINS), dtype=np.int64)
        per_household = (s.scenarios, s.years, s.households)
        if self.household_summary:
            for name in ("poor", "registered", "exited", "relapsed"):
                self.summary[name] = np.zeros(per_household, dtype=np.uint16)
            self.summary["failing"] = np.zeros((s.scenarios, s.years, s.tests, s.households), dtype=np.uint16)
            self.summary["receiving"] = np.zeros((s.scenarios, s.years, s.measures, s.households), dtype=np.uint16)
            self.summary["income"] = np.zeros(per_household)
        if self.keep_households:
            shape = (s.scenarios, s.draws, s.years, s.households)
            self.panel = {name: np.zeros(shape, dtype=np.float32) for name in PANEL_FLOATS}
            self.panel |= {name: np.zeros(shape, dtype=np.int16) for name in PANEL_WHOLE}
            self.panel["received"] = np.zeros(shape, dtype=np.int32)

    def space(self, size: int) -> tuple[Longs, Longs]:
        """Return this thread's work space for the patterns of a block: rows, and a slot for each pattern (all zero)."""
        if getattr(self._local, "rows", None) is None or self._local.rows.shape[0] < size:
            self._local.rows = np.empty((size, 4), dtype=np.int64)
            self._local.slots = np.zeros((1 << self.size.tests, 2), dtype=np.int64)
        return self._local.rows, self._local.slots

    def books(
        self, place: tuple[int, int, int], block: Block, codes: tuple[str, ...], slots: tuple[int, ...]
    ) -> dict[str, Book]:
        """Return each measure's books for a block: views of the tables."""
        villages = slice(block.first_village, block.first_village + block.villages)
        spending, recipients = self.by_village["spending"][place], self.by_village["recipients"][place]
        return {
            code: Book(spending[slot, villages], recipients[slot, villages], 1 << slot)
            for code, slot in zip(codes, slots, strict=True)
        }


PANEL_FLOATS = {
    "wage": ("flow", at.WAGE), "business": ("flow", at.GROSS), "production_cost": ("flow", at.COST),
    "property": ("flow", at.PROPERTY_INCOME), "transfer": ("flow", at.TRANSFER_INCOME),
    "pension": ("flow", at.PENSION_INCOME), "dibao": ("flow", at.DIBAO), "one_off": ("flow", at.ONE_OFF),
    "medical": ("flow", at.MEDICAL), "counted_income": ("flow", at.COUNTED), "loan_balance": ("real", at.BALANCE),
    "arrears": ("real", at.ARREARS), "debt": ("real", at.DEBT), "seen_income_per_head": ("real", at.LAST_INCOME),
}  # fmt: skip
PANEL_WHOLE = {
    "status": ("whole", at.STATUS), "deprived": ("whole", at.DEPRIVED),
    "pattern": ("marks", at.PATTERN), "events": ("marks", at.EVENTS),
}  # fmt: skip


def record(tables: Tables, h: Households, block: Block, rules: Rules, place: tuple[int, int, int]) -> None:
    """Count a block's year into the tables.

    Parameters
    ----------
    tables : Tables
        Written at the block's villages.
    h : Households
        The block at year end, before the next year's applications.
    block : Block
        Its place in the register.
    rules : Rules
        Line and vetoes.
    place : tuple of int
        Positions of scenario, draw and year.
    """
    counts = _counts(tables, block, place)
    rows, slots = tables.space(block.size)
    filled = count_year(h, block.bounds, rules.lines[place[2]], rules.vetoes, (slots, rows), counts)
    _share_out(tables, block, place, counts, rows[:filled].copy())
    if tables.household_summary:
        _summarise(tables, h, block, place)
    for name, (array, row) in (PANEL_FLOATS | PANEL_WHOLE).items() if tables.keep_households else ():
        tables.panel[name][place][block.first : block.first + block.size] = getattr(h, array)[row]
    if tables.keep_households:
        tables.panel["received"][place][block.first : block.first + block.size] = h.received


def _counts(tables: Tables, block: Block, place: tuple[int, int, int]) -> Counts:
    villages = slice(block.first_village, block.first_village + block.villages)

    def view(name: str) -> Array:
        chosen: Array = tables.by_village[name][place][villages]
        return chosen

    return Counts(
        persons=view("persons"),  # type: ignore[arg-type]
        households=view("households"),  # type: ignore[arg-type]
        poor=view("poor"),  # type: ignore[arg-type]
        failing=view("failing"),  # type: ignore[arg-type]
        failing_households=view("failing_households"),  # type: ignore[arg-type]
        events=view("events"),  # type: ignore[arg-type]
        events_households=view("events_households"),  # type: ignore[arg-type]
        gaps=view("gaps"),  # type: ignore[arg-type]
        income=view("income"),  # type: ignore[arg-type]
        loans=view("loans"),  # type: ignore[arg-type]
        histogram=np.zeros((block.villages, BINS), dtype=np.int32),
        margins=np.zeros((block.villages, 2, MARGIN_BINS), dtype=np.int64),
    )


def _share_out(tables: Tables, block: Block, place: tuple[int, int, int], counts: Counts, rows: Longs) -> None:
    """Add what townships share, and keep the patterns under the block's first village."""
    scenario, _, year = place
    township = tables.township[block.first_village : block.first_village + block.villages]
    starts = np.flatnonzero(np.diff(township, prepend=-1))
    rows[:, 0] += block.first_village
    with tables.lock:
        tables.histogram[place][township[starts]] += np.add.reduceat(counts.histogram, starts, axis=0)
        tables.margins[scenario, year][township[starts]] += np.add.reduceat(counts.margins, starts, axis=0)
        tables.patterns.setdefault(place, []).append((block.first_village, rows))


def _summarise(tables: Tables, h: Households, block: Block, place: tuple[int, int, int]) -> None:
    scenario, _, year = place
    here = slice(block.first, block.first + block.size)
    # blocks have their own households and draws follow one another, so the sums are always made in the same order
    names = ("poor", "registered", "exited", "relapsed", "failing", "receiving", "income")
    out = tuple(tables.summary[name][scenario, year][..., here] for name in names)
    add_summary(h.whole, h.marks, h.flow[at.COUNTED], h.home[at.PERSONS], h.received, out)


@compiled
def add_summary(
    whole: npt.NDArray[np.int16],
    marks: npt.NDArray[np.int16],
    counted: npt.NDArray[np.float32],
    persons: npt.NDArray[np.float32],
    received: Ints,
    out: tuple[Array, ...],
) -> None:
    """Add one draw's year to the sums per household; shapes as in :class:`Tables`."""
    poor, registered, exited, relapsed, failing, receiving, income = out
    for i in range(counted.shape[0]):
        pattern, status = marks[at.PATTERN, i], whole[at.STATUS, i]
        poor[i] += pattern & 1
        registered[i] += 1 if status == 1 or status == 3 else 0
        exited[i] += 1 if status == 2 else 0
        relapsed[i] += 1 if status == 3 else 0
        income[i] += counted[i] / persons[i]
        for test in range(failing.shape[0]):
            failing[test, i] += (pattern >> test) & 1
    for measure in range(receiving.shape[0]):
        for i in range(counted.shape[0]):
            receiving[measure, i] += (received[i] >> measure) & 1
