"""One thread's work: it brings a block through a year, with lists that grow when there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from povsim import layout as at
from povsim.compiled import compiled
from povsim.enrolling import Cuts
from povsim.layout import (
    APPLICATION,
    RECORD,
    Block,
    Floats,
    Growing,
    Ints,
    Longs,
    Records,
    Roll,
    State,
    new_scratch,
    new_state,
)
from povsim.measures import LOAN, RELOCATION, WORKS
from povsim.process import BlockYear, Process
from povsim.stacked import Slots
from povsim.tables import Tables, record_households
from povsim.tally import BINS, MARGIN_BINS, Shares
from povsim.trends import Draw
from povsim.year import FIRST_PART, LAST_PART, SUBSIDY_PART, WHOLE, When, Where, begin_block, live_block


@dataclass(frozen=True)
class Halted:
    """One scenario of a block, stopped in mid-year before the tests: flows (10, n) from WAGE on, receipts, records."""

    flows: Floats
    received: Ints
    rows: Records
    starts: Longs  # (villages + 1,)


@dataclass
class Held:
    """What a block holds between two years: state, records of measures, applications for the coming year.

    ``halted`` are the scenarios, by position, whose year was begun and waits for a total that has to be met.
    """

    state: State
    records: Roll
    applications: Roll
    halted: dict[int, Halted] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """A year of a draw, what blocks share in it, and the user's own processes."""

    draw: Draw
    index: int
    standing: Longs
    cuts: Cuts
    processes: Sequence[Process]


class Worker:
    """A thread's work space, and how it lives blocks."""

    def __init__(
        self, tables: Tables, blocks: Sequence[Block], slots: Slots, base_year: int, one_process: bool
    ) -> None:
        size = tables.size
        self.tables, self.slots, self.base_year, self.one_process = tables, slots, base_year, one_process
        self.scratch = new_scratch(self._length(tables, blocks, keeps=False), size.tests)
        self.whole_blocks = False
        self.blocks = blocks
        villages = max(block.villages for block in blocks)
        largest, most = max(block.largest_village for block in blocks), max(block.size for block in blocks)
        self.records = _growing(size.scenarios, most // 2 + largest, villages, RECORD)
        self.applications = _growing(size.scenarios, largest * len(slots.measures) + most // 2, villages, APPLICATION)
        towns = max(block.townships for block in blocks)
        self.shares = Shares(
            np.zeros((size.scenarios, towns, BINS), dtype=np.int32),
            np.zeros((size.scenarios, towns, 2, MARGIN_BINS), dtype=np.int64),
            np.zeros((size.scenarios, largest + 4 * villages + 16, 4), dtype=np.int64),
            np.zeros(size.scenarios, dtype=np.int64),
        )

    @staticmethod
    def _length(tables: Tables, blocks: Sequence[Block], *, keeps: bool) -> int:
        return max(block.size if keeps else block.largest_village for block in blocks)

    def keep_blocks(self) -> None:
        """Make room for the flows of whole blocks, where single households are looked at after their year."""
        if not self.whole_blocks:
            self.scratch = new_scratch(max(block.size for block in self.blocks), self.tables.size.tests)
            self.whole_blocks = True

    def begin(self, block: Block, draw: Draw, standing: Longs, held: Held | None) -> Held:
        """Set a block's state at the end of the year before the first, and list the first year's applications."""
        scenarios = self.slots.scenarios
        state = new_state(scenarios, block.size) if held is None else held.state
        self.applications.starts[:, 0] = 0
        when = self._at(draw, -1, (0, scenarios), WHOLE, keep=0)
        village = 0
        while True:
            where = Where(block.first, block.first_village, village)
            village = begin_block(
                block.home, state, self.scratch, draw.figures, self.tables.counts, standing, self.applications, when,
                where,
            )  # fmt: skip
            if village == block.villages:
                break
            self.applications = _grown(self.applications)
        nobody = Roll(np.empty(0, dtype=RECORD), np.zeros((scenarios, block.villages + 1), dtype=np.int64))
        return Held(state, nobody, _copied(self.applications, block.villages))

    def halt(self, block: Block, held: Held, turn: Turn, scenarios: Sequence[int]) -> None:
        """Bring scenarios of a block to where incomes and subsidies are known and nothing is tested yet."""
        self.keep_blocks()
        self.records.starts[:, 0] = 0
        for scenario in scenarios:
            self._begin_year(block, held, turn, scenario)
            self._call(block, held, turn, self._when(turn, scenario, SUBSIDY_PART))
            starts = self.records.starts[scenario, : block.villages + 1].copy()
            held.halted[scenario] = Halted(
                self.scratch.floats[at.WAGE : at.COUNTED, : block.size].copy(),
                self.scratch.ints[at.RECEIVED, : block.size].copy(),
                self.records.rows[scenario, : starts[-1]].copy(),
                starts,
            )

    def put_back(self, block: Block, held: Held, scenario: int) -> None:
        """Put the flows of a scenario that was halted back into the work space."""
        self.keep_blocks()
        self.scratch.floats[at.WAGE : at.COUNTED, : block.size] = held.halted[scenario].flows
        self.scratch.ints[at.RECEIVED, : block.size] = held.halted[scenario].received

    def live(self, block: Block, held: Held, turn: Turn) -> None:
        """Bring a block through a year: all scenarios in one call, or one after the other where flows are looked at."""
        self.records.starts[:, 0] = 0
        self.applications.starts[:, 0] = 0
        self.shares.filled[:] = 0
        self.shares.histogram[:] = 0
        self.shares.margins[:] = 0
        if not (turn.processes or self.tables.keeps or held.halted):
            self._call(block, held, turn, self._when(turn, None, WHOLE))
        else:
            self.keep_blocks()
            for scenario in range(self.slots.scenarios):
                self._live_one(block, held, turn, scenario)
        held.halted = {}
        self.tables.share_out(block, self.shares, (turn.draw.position, turn.index))
        held.records = _copied(self.records, block.villages)
        held.applications = _copied(self.applications, block.villages)

    def _live_one(self, block: Block, held: Held, turn: Turn, scenario: int) -> None:
        if scenario in held.halted:
            self._resume(block, held, scenario)
            self._call(block, held, turn, self._when(turn, scenario, LAST_PART))
        elif turn.processes:
            self._begin_year(block, held, turn, scenario)
            self._call(block, held, turn, self._when(turn, scenario, SUBSIDY_PART | LAST_PART))
        else:
            self._call(block, held, turn, self._when(turn, scenario, WHOLE))
        if self.tables.keeps:
            owed = np.zeros((3, block.size), dtype=np.float32)
            if self.tables.keep_households:
                rows = self.records.rows[scenario, : self.records.starts[scenario, block.villages]]
                sum_owed(rows, turn.draw.figures.conditions[scenario, turn.index], owed)
            place = (scenario, turn.draw.position, turn.index)
            record_households(self.tables, block, held.state, self.scratch, owed, place)

    def _begin_year(self, block: Block, held: Held, turn: Turn, scenario: int) -> None:
        """Let incomes come in, shocks strike, measures act, and then the user's own processes."""
        self._call(block, held, turn, self._when(turn, scenario, FIRST_PART))
        year = turn.draw.rules[scenario].origin + turn.index + 1
        for process in turn.processes:
            process.step(
                BlockYear(block.home, held.state, self.scratch, (scenario, year, turn.draw.number), process.key)
            )

    def _resume(self, block: Block, held: Held, scenario: int) -> None:
        """Bring back a scenario that was halted."""
        halted = held.halted[scenario]
        self.put_back(block, held, scenario)
        while self.records.rows.shape[1] < halted.rows.size:
            self.records = _grown(self.records)
        _raw(self.records.rows)[scenario, : halted.rows.size] = _raw(halted.rows)
        self.records.starts[scenario, : block.villages + 1] = halted.starts

    def _call(self, block: Block, held: Held, turn: Turn, when: When) -> None:
        village = 0
        while True:
            lists = (held.records, held.applications, self.records, self.applications)
            where = Where(block.first, block.first_village, village)
            village = live_block(
                block.home, held.state, self.scratch, turn.draw.figures, self.tables.counts, self.shares,
                turn.standing, lists, turn.cuts, when, where,
            )  # fmt: skip
            if village == block.villages:
                return
            self.records, self.applications = _grown(self.records), _grown(self.applications)
            patterns = np.concatenate([self.shares.patterns, np.zeros_like(self.shares.patterns)], axis=1)
            self.shares = self.shares._replace(patterns=patterns)

    def _when(self, turn: Turn, scenario: int | None, part: int) -> When:
        """Return a part of the year for one scenario, its flows kept, or for all of them."""
        if scenario is None:
            return self._at(turn.draw, turn.index, (0, self.slots.scenarios), part, keep=0)
        return self._at(turn.draw, turn.index, (scenario, scenario + 1), part, keep=1)

    def _at(self, draw: Draw, index: int, span: tuple[int, int], part: int, *, keep: int) -> When:
        return When(
            draw.number, draw.position, index, draw.rules[0].origin, self.base_year, *span, part, keep,
            int(self.one_process),
        )  # fmt: skip


@compiled
def sum_owed(rows: Records, conditions: Longs, out: Floats) -> None:
    """Sum what each household owes: loans running, overdue, and debts from relocation and works, in yuan."""
    for r in range(rows.shape[0]):
        measure, place = rows[r]["measure"], rows[r]["place"]
        if measure < 0:
            continue
        kind = conditions[measure, at.KIND]
        if kind == LOAN:
            out[0, place] += rows[r]["a"]
            out[1, place] += rows[r]["c"]
        elif kind in (RELOCATION, WORKS):
            out[2, place] += rows[r]["a"]


def _growing(scenarios: int, room: int, villages: int, dtype: np.dtype[np.void]) -> Growing:
    return Growing(np.empty((scenarios, room), dtype=dtype), np.zeros((scenarios, villages + 1), dtype=np.int64))


def _grown(lists: Growing) -> Growing:
    """Return the lists with twice the room."""
    scenarios, room = lists.rows.shape
    rows = np.empty((scenarios, 2 * room), dtype=lists.rows.dtype)
    _raw(rows)[:, :room] = _raw(lists.rows)
    return Growing(rows, lists.starts)


def _copied(lists: Growing, villages: int) -> Roll:
    """Return what was filled, as a block keeps it until the next year."""
    filled = lists.starts[:, villages].tolist()
    begins = np.cumsum([0, *filled])
    rows = np.empty(int(begins[-1]), dtype=lists.rows.dtype)
    source, target = _raw(lists.rows), _raw(rows)
    for s, count in enumerate(filled):
        target[begins[s] : begins[s + 1]] = source[s, :count]
    return Roll(rows, lists.starts[:, : villages + 1] + begins[:-1, None])


def _raw(rows: Records) -> Records:
    """Return rows as bare bytes, which are copied at once rather than field by field."""
    return rows.view(f"V{rows.dtype.itemsize}")
