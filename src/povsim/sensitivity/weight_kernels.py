"""Compiled passes over many weightings: totals, the order of units, places counted, ties shared.

Counts are whole numbers (shared places in parts of 2^40), so results are the same bits for any number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from povsim.compiled import compiled, internal

TIE = 1e-9
"""Totals (full score 1) no further than this from the next in order tie; rounding errors are below 1e-14."""
PART = 2**40
"""Whole number that stands for one place when places are shared."""
CROWD = 48
"""Units in one bucket from which a plain sort is faster than buckets."""


@internal
def weigh(stack: Any, weights: Any, total: Any) -> None:
    """Fill totals (unit) of a stack (indicator, unit): five indicators at a time, fewer passes over the totals."""
    count, units, place = stack.shape[0], total.shape[0], 0
    total[:] = 0.0
    while place + 5 <= count:
        w0, w1, w2 = weights[place], weights[place + 1], weights[place + 2]
        w3, w4 = weights[place + 3], weights[place + 4]
        x0, x1, x2 = stack[place], stack[place + 1], stack[place + 2]
        x3, x4 = stack[place + 3], stack[place + 4]
        for unit in range(units):
            total[unit] += w0 * x0[unit] + w1 * x1[unit] + w2 * x2[unit] + w3 * x3[unit] + w4 * x4[unit]
        place += 5
    while place < count:
        weight, row = weights[place], stack[place]
        for unit in range(units):
            total[unit] += weight * row[unit]
        place += 1


@internal
def into_buckets(total: Any, bucket: Any, starts: Any) -> Any:
    """Give each unit a bucket, highest totals first, and fill where buckets start; return the largest bucket's size."""
    units = total.shape[0]
    low, high = total[0], total[0]
    for unit in range(units):
        low = min(low, total[unit])
        high = max(high, total[unit])
    width = high - low
    scale = (units - 1) / width if width > 1e-300 else 0.0
    for unit in range(units):
        bucket[unit] = np.int32((high - total[unit]) * scale)
    starts[:] = 0
    for unit in range(units):
        starts[bucket[unit] + 1] += 1
    most = np.int32(0)
    for place in range(1, units + 1):
        most = max(most, starts[place])
        starts[place] += starts[place - 1]
    return most


@internal
def in_order(total: Any, bucket: Any, starts: Any, value: Any, unit: Any) -> None:
    """Fill values and units, best first: buckets, then insertion, which has little left to do."""
    units = total.shape[0]
    if into_buckets(total, bucket, starts) > CROWD:
        unit[:] = np.argsort(-total, kind="mergesort").astype(np.int32)
        for place in range(units):
            value[place] = total[unit[place]]
        return
    for one in range(units):
        place = starts[bucket[one]]
        starts[bucket[one]] = place + 1
        value[place] = total[one]
        unit[place] = one
    for place in range(1, units):
        mine, who, back = value[place], unit[place], place
        while back > 0 and value[back - 1] < mine:
            value[back], unit[back] = value[back - 1], unit[back - 1]
            back -= 1
        value[back], unit[back] = mine, who


@internal
def count_places(value: Any, unit: Any, single: Any, shared: Any) -> None:
    """Count each unit's place; a place shared by g units is 1/g to each, entered where it begins and ends."""
    units, place = value.shape[0], 0
    while place < units:
        last = place
        while last + 1 < units and value[last] - value[last + 1] <= TIE:
            last += 1
        if last == place:
            single[place, unit[place]] += 1
        else:
            part = np.int64(PART // (last - place + 1))
            for one in range(place, last + 1):
                shared[place, unit[one]] += part
                shared[last + 1, unit[one]] -= part
        place = last + 1


@compiled
def count_weighted(stack: Any, weights: Any, span: Any, single: Any, shared: Any) -> None:
    """Count places (place, unit) under the weightings of a span; weighting k meets draw k modulo draws of the stack."""
    draws, units = stack.shape[0], stack.shape[2]
    total, value = np.empty(units), np.empty(units)
    bucket, unit = np.empty(units, np.int32), np.empty(units, np.int32)
    starts = np.empty(units + 1, np.int32)
    for draw in range(draws):
        first = span[0] + (draw - span[0]) % draws
        for row in range(first, span[1], draws):
            weigh(stack[draw], weights[row], total)
            in_order(total, bucket, starts, value, unit)
            count_places(value, unit, single, shared)


@compiled
def count_given(totals: Any, single: Any, shared: Any, unranked: Any) -> None:
    """Count places of given totals (row, unit); a unit without a total is counted as unranked."""
    for row in range(totals.shape[0]):
        known = np.flatnonzero(~np.isnan(totals[row]))
        for unit in range(totals.shape[1]):
            if np.isnan(totals[row, unit]):
                unranked[unit] += 1
        order = known[np.argsort(-totals[row][known], kind="mergesort")]
        count_places(totals[row][order], order, single, shared)


@compiled
def sum_first(stack: Any, weights: Any, span: Any, central: Any, times: Any) -> None:
    """Sum the weights (unit, indicator) under which each unit is first, and how often; those that tie share."""
    draws, units = stack.shape[0], stack.shape[2]
    total = np.empty(units)
    for row in range(span[0], span[1]):
        weigh(stack[row % draws], weights[row], total)
        ahead = np.flatnonzero(total >= first_edge(total))
        for place in range(ahead.shape[0]):
            times[ahead[place]] += 1.0 / ahead.shape[0]
            central[ahead[place]] += weights[row] / ahead.shape[0]


@internal
def first_edge(total: Any) -> Any:
    """Return the lowest total that still ties for the first place."""
    edge, found = total.max(), True
    while found:
        found = False
        for unit in range(total.shape[0]):
            if edge - TIE <= total[unit] < edge:
                edge, found = total[unit], True
    return edge


@compiled
def count_wins(stack: Any, weights: Any, span: Any, wins: Any) -> None:
    """Count, in halves, how often a unit (row) is ahead of another (column); a tie is one half to each."""
    draws, units = stack.shape[0], stack.shape[2]
    total = np.empty(units)
    for row in range(span[0], span[1]):
        weigh(stack[row % draws], weights[row], total)
        for unit in range(units):
            mine, won = total[unit], wins[unit]
            for other in range(units):
                gap = mine - total[other]
                won[other] += np.int64(gap > TIE) + np.int64(gap >= -TIE)


@compiled
def edge_crossings(inside: Any, outside: Any, found: Any) -> None:
    """Find where, along one weight, a unit outside first draws level with one inside.

    ``inside`` and ``outside`` are (2, unit): total and share of the item, every total inside being above every one
    outside. When the item's weight alone changes by u, a total changes by u times the share. ``found`` (2, 3) becomes,
    downwards and upwards, the size of the change at which the first pair is level, and the positions of the pair.
    """
    for a in range(inside.shape[1]):
        total, share = inside[0, a], inside[1, a]
        for b in range(outside.shape[1]):
            gap, slope = total - outside[0, b], share - outside[1, b]
            # without a division: most pairs are further off than the nearest so far
            if gap < found[0, 0] * slope:
                found[0, 0], found[0, 1], found[0, 2] = gap / slope, a, b
            elif gap < -found[1, 0] * slope:
                found[1, 0], found[1, 1], found[1, 2] = -gap / slope, a, b
