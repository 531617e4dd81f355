"""Counting: a block's households of one year, scenario and draw reduced to statistics by village."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from povsim import layout as at
from povsim.arithmetic import log32
from povsim.compiled import compiled, f32
from povsim.layout import Ints, Longs

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
    income: Doubles  # (villages, source): yuan
    loans: Doubles  # (villages, 2): yuan owed and overdue
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
    # taken out of the tuple before the loop, since each access inside would count references
    all_persons, all_households, poor, failing = out.persons, out.households, out.poor, out.failing
    failing_households, event_persons, event_households = out.failing_households, out.events, out.events_households
    for v in range(bounds.shape[0] - 1):
        for i in range(bounds[v], bounds[v + 1]):
            heads = np.int32(persons[i]) * weight[i]
            all_persons[v, status[i]] += heads
            all_households[v, status[i]] += weight[i]
            if pattern[i] == 0 and events[i] == 0:
                continue
            poor[v] += heads if (pattern[i] & 1) != 0 else 0
            if (pattern[i] & vetoes) != 0:
                failing[v, status[i]] += heads
                failing_households[v, status[i]] += weight[i]
            for event in range(5):
                if (events[i] >> event) & 1 != 0:
                    event_persons[v, event] += heads
                    event_households[v, event] += weight[i]


@compiled
def count_money(
    flow: npt.NDArray[np.float32],
    real: npt.NDArray[np.float32],
    persons: npt.NDArray[np.float32],
    weight: Ints,
    bounds: Longs,
    line: np.float32,
    strict: int,
    out: Counts,
) -> None:
    """Sum incomes by source, gaps to the line and loans, in the order of households: any split gives the same."""
    earned, gross, cost, rent = flow[at.WAGE], flow[at.GROSS], flow[at.COST], flow[at.PROPERTY_INCOME]
    regular, pension, dibao, one_off = (
        flow[at.TRANSFER_INCOME], flow[at.PENSION_INCOME], flow[at.DIBAO], flow[at.ONE_OFF],
    )  # fmt: skip
    counted, balance, arrears = flow[at.COUNTED], real[at.BALANCE], real[at.ARREARS]
    gaps, income, loans = out.gaps, out.income, out.loans
    for v in range(bounds.shape[0] - 1):
        wage, business, rents, transfer, owed, overdue = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(bounds[v], bounds[v + 1]):
            w = np.float64(weight[i])
            wage += w * earned[i]
            business += w * (gross[i] - cost[i])
            rents += w * rent[i]
            transfer += w * (regular[i] + pension[i] + dibao[i] + one_off[i])
            owed += w * balance[i]
            overdue += w * arrears[i]
            needed = line * persons[i]
            if counted[i] < needed or (strict == 1 and counted[i] <= needed):
                heads = w * persons[i]
                gap = np.float64(f32(1.0) - max(counted[i], f32(0.0)) / needed)
                gaps[v, 0] += heads * gap
                gaps[v, 1] += heads * gap * gap
                gaps[v, 2] += heads * np.float64(log32(needed / max(counted[i], _LEAST * needed)))
        income[v, 0] += wage
        income[v, 1] += business
        income[v, 2] += rents
        income[v, 3] += transfer
        income[v, 4] += wage + business + rents + transfer
        loans[v, 0] += owed
        loans[v, 1] += overdue


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
    log_line = log32(max(line, _LEAST))
    counted, pattern = flow[at.COUNTED], marks[at.PATTERN]
    histogram, margins = out.histogram, out.margins
    others = vetoes & ~1
    for v in range(bounds.shape[0] - 1):
        row, margin_row = histogram[v], margins[v]
        here = slice(bounds[v], bounds[v + 1])
        counted_v, persons_v, weight_v, pattern_v = counted[here], persons[here], weight[here], pattern[here]
        for i in range(counted_v.shape[0]):
            heads = np.int32(persons_v[i]) * weight_v[i]
            log_income = log32(max(counted_v[i] / persons_v[i], f32(1.0)))
            place = min(max(int((log_income - _LOWEST_LOG) * _PER_STEP), 0), BINS - 1)
            row[place] += heads
            step = int((log_income - log_line + f32(MARGIN_REACH)) * _MARGIN_PER_STEP)
            blocked = 1 if (pattern_v[i] & others) != 0 else 0
            margin_row[blocked, min(max(step, 0), MARGIN_BINS - 1)] += heads


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
        Filled with village, pattern, households, persons, by village and then by pattern's first appearance.

    Returns
    -------
    int
        Rows filled.
    """
    filled = 0
    for v in range(bounds.shape[0] - 1):
        begin = filled
        for i in range(bounds[v], bounds[v + 1]):
            p = np.int64(pattern[i])
            if slots[p, 0] == 0:
                out[filled, 0] = v
                out[filled, 1] = p
                filled += 1
            slots[p, 0] += weight[i]
            slots[p, 1] += np.int64(persons[i]) * weight[i]
        for row in range(begin, filled):
            p = out[row, 1]
            out[row, 2] = slots[p, 0]
            out[row, 3] = slots[p, 1]
            slots[p, 0] = 0
            slots[p, 1] = 0
    return filled
