"""Counting: a village's households of one year, scenario and draw reduced to statistics."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from povsim import layout as at
from povsim.arithmetic import log32, log_of
from povsim.compiled import f32, inlined
from povsim.layout import Doubles, Floats, Home, Ints, Longs, Records, Scratch, Shorts, State
from povsim.measures import LOAN
from povsim.measures.frame import Spot

CLASS_COUNT = 3
BINS = 128
LOWEST, HIGHEST = 100.0, 1_000_000.0
"""Income histograms: this many equal steps of the logarithm of income per head between these, the ends open."""
MARGIN_BINS = 80
MARGIN_REACH = 2.0
"""Margins: this many equal steps of log(income / line) between minus and plus this."""

EVENT_NAMES = ("exits", "wrong_exits", "relapses", "newly_poor", "lasting_exits")
_EVENT_COUNT = len(EVENT_NAMES)
_PER_STEP = f32(BINS / np.log(HIGHEST / LOWEST))
_MARGIN_PER_STEP = f32(MARGIN_BINS / (2 * MARGIN_REACH))
_LOWEST_LOG = f32(np.log(LOWEST))
_LEAST = f32(1e-3)
_REACH = f32(MARGIN_REACH)
_0 = np.int32(0)
_LAST_BIN = np.int32(BINS - 1)
_LAST_MARGIN = np.int32(MARGIN_BINS - 1)


class Counts(NamedTuple):
    """Statistics of a run by village; dims scenario, draw, year, village unless said otherwise."""

    whole: Ints  # (..., WHOLE_COLUMNS): persons and households, columns as in layout
    yuan: Longs  # (..., YUAN_COLUMNS): income by source, owed, overdue
    gaps: Doubles  # (..., 3): sums of gap, squared gap, log gap, person-weighted
    spending: Longs  # (S, D, Y, M, V)
    recipients: Ints  # (S, D, Y, M, V)
    entered: Ints  # (S, Y, 2, household measures, V), of the draw under way: taken on; of them for the first time
    identified: Ints  # (S, D, V, 4): see exits.recall_failing


class Shares(NamedTuple):
    """What a block's villages add to the townships they share with other blocks, and the patterns they show."""

    histogram: Ints  # (S, townships, bin)
    margins: Longs  # (S, townships, 2, bin)
    patterns: Longs  # (S, room, 4): village, pattern, households, persons
    filled: Longs  # (S,) rows of patterns filled


@inlined
def count_village(
    home: Home, state: State, scratch: Scratch, line: np.float32, vetoes: int, spot: Spot,
    out: tuple[Ints, Longs, Doubles],
) -> None:  # fmt: skip
    """Count people, money and gaps of a village into its rows of ``Counts.whole``, ``yuan`` and ``gaps``."""
    whole, yuan, gaps = out
    s, n = spot.scenario, spot.high - spot.low
    here, there = slice(spot.low, spot.high), slice(spot.base, spot.base + n)
    persons, weight = home.traits[at.PERSONS, here], home.weight[here]
    pattern, events = scratch.marks[at.PATTERN, there], scratch.marks[at.EVENTS, there]
    status, flags = state.small[s, at.STATUS, here], state.bits[s, at.FLAGS, here]
    everybody, rows = _sum_heads(persons, weight)
    whole[at.PERSONS_BY_STATUS] += everybody
    whole[at.HOUSEHOLDS_BY_STATUS] += rows
    # most households were never registered, pass and see nothing happen: they are what is left
    for i in range(n):
        if (status[i] | pattern[i] | events[i]) == 0:
            continue
        heads, units, now = np.int32(persons[i]) * weight[i], weight[i], np.int64(status[i])
        whole[at.PERSONS_BY_STATUS + now] += heads
        whole[at.HOUSEHOLDS_BY_STATUS + now] += units
        whole[at.PERSONS_BY_STATUS] -= heads
        whole[at.HOUSEHOLDS_BY_STATUS] -= units
        whole[at.POOR] += heads if (pattern[i] & 1) != 0 else 0
        if (pattern[i] & vetoes) != 0:
            whole[at.FAILING + now] += heads
            whole[at.FAILING_HOUSEHOLDS + now] += units
        if events[i] != 0:
            for event in range(_EVENT_COUNT):
                if (events[i] >> event) & 1 != 0:
                    whole[at.HAPPENED + event] += heads
                    whole[at.HAPPENED_HOUSEHOLDS + event] += units
        named = ((flags[i] >> at.CLASS_SHIFT) & 3) - 1
        if now == 4 and named >= 0:
            whole[at.WATCHED + 2 * named] += heads
            whole[at.WATCHED + 2 * named + 1] += units
    floats = scratch.floats
    _count_money(floats, weight, there, yuan)
    if whole[at.POOR] > 0:
        _sum_gaps(floats[at.COUNTED, there], persons, weight, pattern, line, gaps)


@inlined
def _sum_heads(persons: Shorts, weight: Ints) -> tuple[np.int32, np.int32]:
    everybody, rows = np.int32(0), np.int32(0)
    for i in range(persons.shape[0]):
        everybody += np.int32(persons[i]) * weight[i]
        rows += weight[i]
    return everybody, rows


@inlined
def _yuan(amount: np.float32) -> np.int64:
    return np.int64(np.int32(np.floor(amount + f32(0.5))))


@inlined
def _count_money(floats: Floats, weight: Ints, there: slice, income: Longs) -> None:
    """Sum incomes by source in whole yuan, each household's rounded, which any order adds up alike."""
    wage = _sum_yuan(floats[at.WAGE, there], weight)
    business = _sum_difference(floats[at.GROSS, there], floats[at.COST, there], weight)
    rent = _sum_yuan(floats[at.PROPERTY_INCOME, there], weight)
    transfer = _sum_transfers(
        floats[at.TRANSFER_INCOME, there], floats[at.PENSION_INCOME, there], floats[at.DIBAO, there],
        floats[at.ONE_OFF, there], weight,
    )  # fmt: skip
    income[0] += wage
    income[1] += business
    income[2] += rent
    income[3] += transfer
    income[4] += wage + business + rent + transfer


@inlined
def _sum_yuan(amount: Floats, weight: Ints) -> np.int64:
    total = np.int64(0)
    for i in range(amount.shape[0]):
        total += _yuan(amount[i]) * np.int64(weight[i])
    return total


@inlined
def _sum_difference(amount: Floats, less: Floats, weight: Ints) -> np.int64:
    total = np.int64(0)
    for i in range(amount.shape[0]):
        total += _yuan(amount[i] - less[i]) * np.int64(weight[i])
    return total


@inlined
def _sum_transfers(transfer: Floats, pension: Floats, dibao: Floats, one_off: Floats, weight: Ints) -> np.int64:
    total = np.int64(0)
    for i in range(transfer.shape[0]):
        total += _yuan(transfer[i] + pension[i] + dibao[i] + one_off[i]) * np.int64(weight[i])
    return total


@inlined
def _sum_gaps(counted: Floats, persons: Shorts, weight: Ints, pattern: Shorts, line: np.float32, out: Doubles) -> None:
    """Add the gaps of a village's poor, in the order of households."""
    for i in range(counted.shape[0]):
        if (pattern[i] & 1) != 0:
            needed = line * f32(persons[i])
            heads = np.float64(weight[i]) * persons[i]
            gap = np.float64(f32(1.0) - max(counted[i], f32(0.0)) / needed)
            out[0] += heads * gap
            out[1] += heads * gap * gap
            out[2] += heads * np.float64(log_of(needed / max(counted[i], _LEAST * needed)))


@inlined
def count_loans(weight: Ints, rows: Records, run: tuple[int, int], conditions: Longs, out: Longs) -> None:
    """Sum what is owed and overdue on the loans of a village's records, in whole yuan."""
    for r in range(run[0], run[1]):
        measure = rows[r]["measure"]
        if measure >= 0 and conditions[measure, at.KIND] == LOAN:
            units = np.int64(weight[rows[r]["place"]])
            out[at.OWED] += _yuan(rows[r]["a"]) * units
            out[at.OVERDUE] += _yuan(rows[r]["c"]) * units


@inlined
def count_bins(
    home: Home, scratch: Scratch, line: np.float32, vetoes: int, spot: Spot, histogram: Ints, margins: Longs
) -> None:
    """Sort persons into bins of income per head and of distance to the line; the end bins are open."""
    n = spot.high - spot.low
    here, there = slice(spot.low, spot.high), slice(spot.base, spot.base + n)
    persons = home.traits[at.PERSONS, here]
    bins, steps = scratch.ints[at.BIN, :n], scratch.ints[at.STEP, :n]
    _place(scratch.floats[at.COUNTED, there], persons, log_of(max(line, _LEAST)), bins, steps)
    _scatter(bins, steps, persons, home.weight[here], scratch.marks[at.PATTERN, there], vetoes & ~1, histogram, margins)


@inlined
def _place(counted: Floats, persons: Shorts, log_line: np.float32, place: Ints, step: Ints) -> None:
    for i in range(counted.shape[0]):
        log_income = log32(max(counted[i] / f32(persons[i]), f32(1.0)))
        place[i] = min(max(np.int32((log_income - _LOWEST_LOG) * _PER_STEP), _0), _LAST_BIN)
        step[i] = min(max(np.int32((log_income - log_line + _REACH) * _MARGIN_PER_STEP), _0), _LAST_MARGIN)


@inlined
def _scatter(
    place: Ints, step: Ints, persons: Shorts, weight: Ints, pattern: Shorts, others: int, histogram: Ints,
    margins: Longs,
) -> None:  # fmt: skip
    free, blocked = margins[0], margins[1]
    for i in range(persons.shape[0]):
        heads = np.int32(persons[i]) * weight[i]
        histogram[place[i]] += heads
        if (pattern[i] & others) != 0:
            blocked[step[i]] += heads
        else:
            free[step[i]] += heads


@inlined
def count_patterns(home: Home, scratch: Scratch, spot: Spot, village: int, out: Longs, begin: int) -> int:
    """List the patterns of failed tests that occur in a village.

    Parameters
    ----------
    home, scratch, spot
        The village; ``scratch.slots`` is all zero before and after.
    village : int
        Its position in the register.
    out : array, shape (room, 4)
        Filled from ``begin`` on with village, pattern, households, persons, failing patterns first.
    begin : int
        Rows filled so far.

    Returns
    -------
    int
        Rows filled now.
    """
    pattern, slots, persons, weight = scratch.marks[at.PATTERN], scratch.slots, home.traits[at.PERSONS], home.weight
    shift, filled = spot.base - spot.low, begin
    passing, heads_passing = np.int64(0), np.int64(0)
    for i in range(spot.low, spot.high):
        p = np.int64(pattern[i + shift])
        heads = np.int64(persons[i]) * weight[i]
        if p == 0:
            passing += weight[i]
            heads_passing += heads
            continue
        if slots[p, 0] == 0:
            out[filled, 0] = village
            out[filled, 1] = p
            filled += 1
        slots[p, 0] += weight[i]
        slots[p, 1] += heads
    for row in range(begin, filled):
        p = out[row, 1]
        out[row, 2] = slots[p, 0]
        out[row, 3] = slots[p, 1]
        slots[p, 0] = 0
        slots[p, 1] = 0
    if passing > 0:
        out[filled, 0] = village
        out[filled, 1] = 0
        out[filled, 2] = passing
        out[filled, 3] = heads_passing
        filled += 1
    return filled
