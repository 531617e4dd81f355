"""A meeting of all blocks between two years: applications for what they share are decided, to the yuan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from povsim import layout as at
from povsim.capacity import BUDGET, cut_off, room_left
from povsim.compiled import compiled
from povsim.enrolling import Cuts
from povsim.layout import Flags, Ints, Longs, Records, Words
from povsim.rules import Ground, Rules
from povsim.rules_measures import MeasureRules
from povsim.stacked import Slots
from povsim.year import Figures

_NO_END = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Waiting:
    """Applications of one block by scenario and village, and where its households and villages begin."""

    first: int
    first_village: int
    rows: Records
    starts: Longs  # (S, villages + 1)


class Queue(NamedTuple):
    """One scenario's applications, measure after measure, each in the order of households."""

    key: Words
    cost: Longs
    units: Longs
    village: Longs
    place: Longs  # position in the register
    starts: Longs  # (M + 1,)


def no_cuts(slots: Slots) -> Cuts:
    """Return cuts that grant nothing."""
    shape = (slots.scenarios, len(slots.measures), slots.villages)
    return Cuts(np.zeros(shape, dtype=np.uint32), np.full(shape, -1, dtype=np.int64))


@dataclass(frozen=True)
class Table:
    """What a meeting needs: one scenario's rules and numbers, the areas of villages, where each measure stands."""

    scenario: int
    index: int
    rules: Rules
    areas: dict[str, Longs]
    figures: Figures
    standing: Longs  # (V, M, 3)
    slots: Slots


def areas_of(ground: Ground) -> dict[str, Longs]:
    """Return the position of each village's area, by level."""
    return {
        "village": np.arange(ground.villages.size),
        "township": ground.township_position,
        "county": ground.county_position,
    }


def meet(table: Table, blocks: Sequence[Waiting], weight: Ints, cuts: Cuts) -> None:
    """Decide one scenario's applications for a year.

    A measure's own limit comes first, then what is left of the fund it draws on. From both first the running support is
    set aside.

    Parameters
    ----------
    table : Table
        Scenario, year, limits and standing.
    blocks : sequence of Waiting
        Applications of all blocks, in order.
    weight : array, shape (households,)
        Households that a row of the register stands for.
    cuts : Cuts
        Set for the scenario.
    """
    shared = [measure for measure in table.rules.measures if measure.shared and measure.years[table.index]]
    if not shared:
        return
    queue = _queue_up(table.scenario, blocks, weight, len(table.slots.measures))
    left = _fund_room(table)
    for measure in in_order(table.rules, shared):
        _decide(table, measure, queue, left, cuts)


def in_order(rules: Rules, shared: Sequence[MeasureRules]) -> list[MeasureRules]:
    """Return measures in the order they are decided: fund after fund as each says, those without a fund first."""
    rank = {code: (f + 1, m) for f, fund in enumerate(rules.funds) for m, code in enumerate(fund.measures)}
    return sorted(shared, key=lambda measure: rank.get(measure.code, (0, 0)))


def _fund_room(table: Table) -> dict[str, Longs]:
    """Return what each fund has for new applications, by area: its budget less the running support of its measures."""
    room = {}
    for fund in table.rules.funds:
        area = table.areas[fund.area]
        slots = [table.slots.measures.index(code) for code in fund.measures]
        running = np.bincount(area, table.standing[:, slots, 2].sum(axis=1), int(area.max()) + 1)
        room[fund.code] = int(fund.limits[table.index]) - running.astype(np.int64)
    return room


def _decide(table: Table, measure: MeasureRules, queue: Queue, left: dict[str, Longs], cuts: Cuts) -> None:
    m, s = table.slots.measures.index(measure.code), table.scenario
    here = slice(queue.starts[m], queue.starts[m + 1])
    key, cost, village, place = queue.key[here], queue.cost[here], queue.village[here], queue.place[here]
    granted = np.ones(key.size, dtype=bool)
    out = cuts.key[s, m], cuts.place[s, m]
    out[0][:], out[1][:] = np.iinfo(np.uint32).max, _NO_END
    if measure.capacity is not None:
        area = table.areas[measure.capacity.area]
        conditions = table.figures.conditions[s, table.index, m]
        kind, limit = int(conditions[at.LIMIT_KIND]), int(conditions[at.LIMIT])
        standing = _by_area(table.standing[:, m], area)
        room = np.array([room_left(kind, limit, row) for row in standing], dtype=np.int64)
        amount = cost if kind == BUDGET else queue.units[here]
        _cut_areas(key, amount, (village, place), area, room, granted, out)
    if measure.fund is not None:
        fund = next(fund for fund in table.rules.funds if fund.code == measure.fund)
        area = table.areas[fund.area]
        _cut_areas(key, cost, (village, place), area, left[fund.code], granted, out)
        left[fund.code] -= np.bincount(area[village], cost * granted, left[fund.code].size).astype(np.int64)


def _by_area(standing: Longs, area: Longs) -> Longs:
    size = int(area.max()) + 1
    return np.stack([np.bincount(area, standing[:, k], size) for k in range(3)], axis=1).astype(np.int64)


def _cut_areas(
    key: Words,
    amount: Longs,
    where: tuple[Longs, Longs],
    area: Longs,
    room: Longs,
    granted: Flags,
    out: tuple[Words, Longs],
) -> None:
    """Cut the queue of each area where its room ends; what was cut before stays cut.

    Parameters
    ----------
    key, amount : array, shape (n,)
        Place in the queue, and what each application uses of the room.
    where : tuple of array, each shape (n,)
        Village, in ascending order, and household of each application.
    area : array, shape (villages,)
        Area of each village, in ascending order.
    room : array, shape (areas,)
        What may be used.
    granted : array of bool, shape (n,)
        Changed in place.
    out : tuple of array, each shape (villages,)
        Last key and, among those with it, last household granted; lowered.
    """
    village, place = where
    single = room.size == 1
    ends = np.array([0, key.size]) if single else np.searchsorted(area[village], np.arange(room.size + 1))
    of_area = np.searchsorted(area, np.arange(room.size + 1))
    for a, left in enumerate(room.tolist()):
        here, there = slice(ends[a], ends[a + 1]), slice(of_area[a], of_area[a + 1])
        free = granted[here]
        whole = bool(free.all())
        queued = key[here] if whole else key[here][free]
        used = amount[here] if whole else amount[here][free]
        last, position = cut_off(queued, used, left)
        household = int((place[here] if whole else place[here][free])[position]) if position >= 0 else -1
        free &= (key[here] < last) | ((key[here] == last) & (place[here] <= household))
        lower = (last < out[0][there]) | ((last == out[0][there]) & (household < out[1][there]))
        out[0][there][lower], out[1][there][lower] = last, household


def _queue_up(scenario: int, blocks: Sequence[Waiting], weight: Ints, measures: int) -> Queue:
    """Bring one scenario's applications together by measure, in the order of households; those granted are left out."""
    starts = np.zeros(measures + 1, dtype=np.int64)
    for block in blocks:
        count_waiting(block.rows, block.starts[scenario], starts)
    np.cumsum(starts, out=starts)
    n, filled = int(starts[-1]), starts.copy()
    cost, units, village, place = (np.empty(n, dtype=np.int64) for _ in range(4))
    queue = Queue(np.empty(n, dtype=np.uint32), cost, units, village, place, starts)
    for block in blocks:
        fill_queue(block.rows, block.starts[scenario], (block.first, block.first_village), weight, filled, queue)
    return queue


@compiled
def count_waiting(rows: Records, villages: Longs, starts: Longs) -> None:
    """Count a block's applications that wait for a decision, by measure, into the entry after the measure's."""
    for k in range(villages[0], villages[villages.shape[0] - 1]):
        starts[rows[k]["measure"] + 1] += 1 if rows[k]["granted"] == 0 else 0


@compiled
def fill_queue(
    rows: Records, villages: Longs, first: tuple[int, int], weight: Ints, filled: Longs, queue: Queue
) -> None:
    """Write a block's applications that wait for a decision into the queue.

    Parameters
    ----------
    rows : array of APPLICATION
        Village after village.
    villages : array, shape (villages + 1,)
        Where each village's begin.
    first : tuple of int
        Positions of the block's first household and village in the register.
    weight : array, shape (households,)
        Households that a row of the register stands for.
    filled : array, shape (M,)
        Where the next application of each measure goes; moved on.
    queue : Queue
        Filled.
    """
    key, cost, units, of_village, place, _ = queue
    for v in range(villages.shape[0] - 1):
        for k in range(villages[v], villages[v + 1]):
            if rows[k]["granted"] == 0:
                measure = rows[k]["measure"]
                to = filled[measure]
                filled[measure] = to + 1
                household = np.int64(rows[k]["place"]) + first[0]
                key[to] = rows[k]["key"]
                cost[to] = rows[k]["cost"]
                of_village[to] = v + first[1]
                place[to] = household
                units[to] = weight[household]
