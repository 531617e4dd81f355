"""Counting: a block's households of one year, scenario and draw reduced to statistics by village."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from povsim import layout as at
from povsim.arithmetic import log32
from povsim.compiled import compiled, f32, inlined
from povsim.layout import Households, Ints, Longs

Doubles = npt.NDArray[np.float64]

STATUS_COUNT = 5
SOURCE_COUNT = 5
BINS = 128
LOWEST, HIGHEST = 100.0, 1_000_000.0
"""Income histograms: this many equal steps of the logarithm of income per head between these, the ends open."""
MARGIN_BINS = 80
MARGIN_REACH = 2.0
"""Margins: this many equal steps of log(income / line) between minus and plus this."""

EVENT_NAMES = ("exits", "wrong_exits", "relapses", "newly_poor", "lasting_exits")
_PER_STEP = f32(BINS / np.log(HIGHEST / LOWEST))
_MARGIN_PER_STEP = f32(MARGIN_BINS / (2 * MARGIN_REACH))
_LOWEST_LOG = f32(np.log(LOWEST))
_LEAST = f32(1e-3)
_REACH = f32(MARGIN_REACH)
_0 = np.int32(0)
_LAST_BIN = np.int32(BINS - 1)
_LAST_MARGIN = np.int32(MARGIN_BINS - 1)


class Counts(NamedTuple):
    """One block's statistics of a year; villages first."""

    persons: Ints  # (villages, status)
    households: Ints  # (villages, status)
    poor: Ints  # (villages,): persons below the line
    failing: Ints  # (villages, status): persons truly failing any veto
    failing_households: Ints  # (villages, status)
    events: Ints  # (villages, event): persons, in the order of EVENT_NAMES
    events_households: Ints  # (villages, event)
    gaps: Doubles  # (villages, 3): sums of gap, squared gap, log gap, person-weighted
    income: Longs  # (villages, source): yuan, each household's rounded
    loans: Longs  # (villages, 2): yuan owed and overdue
    histogram: Ints  # (villages, bin): persons by net income per head
    margins: Longs  # (villages, 2, bin): persons by log(income / line), otherwise not blocked / blocked


@compiled
def count_people(
    whole: npt.NDArray[np.int16],
    marks: npt.NDArray[np.int16],
    persons: npt.NDArray[np.float32],
    weight: Ints,
    bounds: Longs,
    vetoes: int,
    out: Counts,
) -> None:
    """Count persons and households by status, truth and event; shapes as in :class:`Counts`."""
    status, pattern, events = whole[at.STATUS], marks[at.PATTERN], marks[at.EVENTS]
    for v in range(bounds.shape[0] - 1):
        here = slice(bounds[v], bounds[v + 1])
        _count_village(status[here], pattern[here], events[here], persons[here], weight[here], v, vetoes, out)


@compiled
def _count_village(
    status: npt.NDArray[np.int16],
    pattern: npt.NDArray[np.int16],
    events: npt.NDArray[np.int16],
    persons: npt.NDArray[np.float32],
    weight: Ints,
    v: int,
    vetoes: int,
    out: Counts,
) -> None:
    # taken out of the tuple before the loops, since each access inside would count references
    by_status, by_status_households = out.persons[v], out.households[v]
    failing, failing_households = out.failing[v], out.failing_households[v]
    event_persons, event_households = out.events[v], out.events_households[v]
    everybody, rows, poor = np.int32(0), np.int32(0), np.int32(0)
    for i in range(persons.shape[0]):
        everybody += np.int32(persons[i]) * weight[i]
        rows += weight[i]
    # most households were never registered, pass and see nothing happen: they are what is left
    for i in range(persons.shape[0]):
        if (status[i] | pattern[i] | events[i]) == 0:
            continue
        heads = np.int32(persons[i]) * weight[i]
        by_status[status[i]] += heads
        by_status_households[status[i]] += weight[i]
        everybody -= heads
        rows -= weight[i]
        poor += heads if (pattern[i] & 1) != 0 else 0
        if (pattern[i] & vetoes) != 0:
            failing[status[i]] += heads
            failing_households[status[i]] += weight[i]
        for event in range(5):
            if (events[i] >> event) & 1 != 0:
                event_persons[event] += heads
                event_households[event] += weight[i]
    by_status[0] += everybody
    by_status_households[0] += rows
    out.poor[v] += poor


@inlined
def _yuan(amount: np.float32) -> np.int64:
    return np.int64(np.int32(np.floor(amount + f32(0.5))))


@compiled
def count_money(
    flow: npt.NDArray[np.float32],
    real: npt.NDArray[np.float32],
    persons: npt.NDArray[np.float32],
    weight: Ints,
    bounds: Longs,
    line: np.float32,
    pattern: npt.NDArray[np.int16],
    out: Counts,
) -> None:
    """Sum incomes by source and loans in whole yuan, which any order adds up alike, and the gaps of the poor."""
    income, loans = out.income, out.loans
    for v in range(bounds.shape[0] - 1):
        here = slice(bounds[v], bounds[v + 1])
        w = weight[here]
        wage = _sum_yuan(flow[at.WAGE][here], w)
        business = _sum_yuan(flow[at.GROSS][here], w) - _sum_yuan(flow[at.COST][here], w)
        rent = _sum_yuan(flow[at.PROPERTY_INCOME][here], w)
        transfer = _sum_yuan(flow[at.TRANSFER_INCOME][here], w) + _sum_yuan(flow[at.PENSION_INCOME][here], w)
        transfer += _sum_yuan(flow[at.DIBAO][here], w) + _sum_yuan(flow[at.ONE_OFF][here], w)
        income[v, 0] += wage
        income[v, 1] += business
        income[v, 2] += rent
        income[v, 3] += transfer
        income[v, 4] += wage + business + rent + transfer
        loans[v, 0] += _sum_yuan(real[at.BALANCE][here], w)
        loans[v, 1] += _sum_yuan(real[at.ARREARS][here], w)
        _sum_gaps(flow[at.COUNTED][here], persons[here], w, pattern[here], line, out.gaps[v])


@compiled
def _sum_yuan(amount: npt.NDArray[np.float32], weight: Ints) -> np.int64:
    total = np.int64(0)
    for i in range(amount.shape[0]):
        total += _yuan(amount[i]) * np.int64(weight[i])
    return total


@compiled
def _sum_gaps(
    counted: npt.NDArray[np.float32],
    persons: npt.NDArray[np.float32],
    weight: Ints,
    pattern: npt.NDArray[np.int16],
    line: np.float32,
    out: Doubles,
) -> None:
    """Add the gaps of a village's poor, in the order of households."""
    for i in range(counted.shape[0]):
        if (pattern[i] & 1) != 0:
            needed = line * persons[i]
            heads = np.float64(weight[i]) * persons[i]
            gap = np.float64(f32(1.0) - max(counted[i], f32(0.0)) / needed)
            out[0] += heads * gap
            out[1] += heads * gap * gap
            out[2] += heads * np.float64(log32(needed / max(counted[i], _LEAST * needed)))


@compiled
def count_bins(
    flow: npt.NDArray[np.float32],
    marks: npt.NDArray[np.int16],
    persons: npt.NDArray[np.float32],
    weight: Ints,
    bounds: Longs,
    line: np.float32,
    vetoes: int,
    out: Counts,
) -> None:
    """Sort persons into bins of income per head and of distance to the line; the end bins are open."""
    counted, pattern = flow[at.COUNTED], marks[at.PATTERN]
    histogram, margins = out.histogram, out.margins
    log_line = log32(max(line, _LEAST))
    for v in range(bounds.shape[0] - 1):
        here = slice(bounds[v], bounds[v + 1])
        places = np.empty((2, bounds[v + 1] - bounds[v]), dtype=np.int32)
        _place(counted[here], persons[here], log_line, places[0], places[1])
        _scatter(places, persons[here], weight[here], pattern[here], vetoes & ~1, histogram[v], margins[v])


@compiled
def _place(
    counted: npt.NDArray[np.float32],
    persons: npt.NDArray[np.float32],
    log_line: np.float32,
    place: Ints,
    step: Ints,
) -> None:
    for i in range(counted.shape[0]):
        log_income = log32(max(counted[i] / persons[i], f32(1.0)))
        place[i] = min(max(np.int32((log_income - _LOWEST_LOG) * _PER_STEP), _0), _LAST_BIN)
        step[i] = min(max(np.int32((log_income - log_line + _REACH) * _MARGIN_PER_STEP), _0), _LAST_MARGIN)


@compiled
def _scatter(
    places: Ints,
    persons: npt.NDArray[np.float32],
    weight: Ints,
    pattern: npt.NDArray[np.int16],
    others: int,
    histogram: Ints,
    margins: Longs,
) -> None:
    place, step = places[0], places[1]
    free, blocked = margins[0], margins[1]
    for i in range(persons.shape[0]):
        heads = np.int32(persons[i]) * weight[i]
        histogram[place[i]] += heads
        if (pattern[i] & others) != 0:
            blocked[step[i]] += heads
        else:
            free[step[i]] += heads


@compiled
def count_patterns(
    pattern: npt.NDArray[np.int16],
    persons: npt.NDArray[np.float32],
    weight: Ints,
    bounds: Longs,
    slots: Longs,
    out: Longs,
) -> int:
    """List the patterns of failed tests that occur in each village.

    Parameters
    ----------
    pattern, persons, weight : array, shape (n,)
        Pattern of each household, its persons, and count units.
    bounds : array, shape (villages + 1,)
        Where each village's households begin.
    slots : array, shape (2 ** tests, 2)
        Work space, all zero before and after.
    out : array, shape (rows, 4)
        Filled with village, pattern, households, persons, by village, failing patterns first.

    Returns
    -------
    int
        Rows filled.
    """
    filled = 0
    for v in range(bounds.shape[0] - 1):
        begin = filled
        passing, heads_passing = np.int64(0), np.int64(0)
        for i in range(bounds[v], bounds[v + 1]):
            p = np.int64(pattern[i])
            heads = np.int64(persons[i]) * weight[i]
            if p == 0:
                passing += weight[i]
                heads_passing += heads
                continue
            if slots[p, 0] == 0:
                out[filled, 0] = v
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
            out[filled, 0], out[filled, 1], out[filled, 2], out[filled, 3] = v, 0, passing, heads_passing
            filled += 1
    return filled


@compiled
def count_year(
    h: Households, bounds: Longs, line: np.float32, vetoes: int, work: tuple[Longs, Longs], out: Counts
) -> int:
    """Count all there is to count of a block's year, in one call.

    Parameters
    ----------
    h : Households
        The block at year end.
    bounds : array, shape (villages + 1,)
        Where each village's households begin.
    line : float32
        Income line, yuan per head.
    vetoes : int
        Mask of the tests that are vetoes.
    work : tuple of array
        Slots and rows as for :func:`count_patterns`; the rows are filled.
    out : Counts
        Added to.

    Returns
    -------
    int
        Rows of patterns filled.
    """
    persons, pattern = h.home[at.PERSONS], h.marks[at.PATTERN]
    count_people(h.whole, h.marks, persons, h.weight, bounds, vetoes, out)
    count_money(h.flow, h.real, persons, h.weight, bounds, line, pattern, out)
    count_bins(h.flow, h.marks, persons, h.weight, bounds, line, vetoes, out)
    return int(count_patterns(pattern, persons, h.weight, bounds, work[0], work[1]))
