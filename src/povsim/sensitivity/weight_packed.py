"""Places under many weightings for some hundred units: single precision for the order, double where it is close.

A total in single precision and the unit's number are packed into one whole number of 32 bits, so that one plain sort
of a row gives the order. Whatever single precision cannot tell apart is summed again in double precision: the result
is that of double precision throughout.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from povsim.compiled import compiled, internal
from povsim.sensitivity.weight_inputs import Doubles
from povsim.sensitivity.weight_kernels import count_places

FEWEST, MOST = 48, 4096
"""Units between which this is the faster way: a total keeps 20 bits or more."""
ROWS = 256
"""Weightings sorted at a time: their keys stay in the cache."""
ROUNDING = 2.0**-24
"""Most that single precision is off, relative to a number."""


def count_packed(stack: Doubles, weights: Doubles, span: tuple[int, int], counts: tuple[Any, Any]) -> None:
    """Count places (place, unit) under the weightings of a span; see `weight_kernels.count_weighted`.

    ``stack`` is (draw, indicator, unit), 0-1.
    """
    draws, indicators, units = stack.shape
    bits = int(units - 1).bit_length()
    top = 2 ** (32 - bits) - 1
    # each of the sums is off by the rounding of its terms and of every addition; two are compared
    close = int(2 * (indicators + 4) * ROUNDING * top) + 2
    keys = np.empty((ROWS, units), np.uint32)
    for draw in range(draws):
        single, by_unit = stack[draw].astype(np.float32), np.ascontiguousarray(stack[draw].T)
        first = span[0] + (draw - span[0]) % draws
        for start in range(first, span[1], ROWS * draws):
            rows = weights[start : min(start + ROWS * draws, span[1]) : draws]
            block = keys[: len(rows)]
            fill_keys(single, rows.astype(np.float32), np.array([bits, top]), block)
            block.sort(axis=1)
            count_sorted(by_unit, np.ascontiguousarray(rows), np.array([bits, close]), block, counts)


@internal
def weigh_two(stack: Any, one: Any, two: Any, totals: Any) -> None:
    """Fill the totals (2, unit) of two weightings: scores are read once for both."""
    count, units, place = stack.shape[0], stack.shape[1], 0
    first, second = totals[0], totals[1]
    first[:] = np.float32(0)
    second[:] = np.float32(0)
    while place + 5 <= count:
        a0, a1, a2, a3, a4 = one[place], one[place + 1], one[place + 2], one[place + 3], one[place + 4]
        b0, b1, b2, b3, b4 = two[place], two[place + 1], two[place + 2], two[place + 3], two[place + 4]
        x0, x1, x2, x3, x4 = stack[place], stack[place + 1], stack[place + 2], stack[place + 3], stack[place + 4]
        for unit in range(units):
            y0, y1, y2, y3, y4 = x0[unit], x1[unit], x2[unit], x3[unit], x4[unit]
            first[unit] += a0 * y0 + a1 * y1 + a2 * y2 + a3 * y3 + a4 * y4
            second[unit] += b0 * y0 + b1 * y1 + b2 * y2 + b3 * y3 + b4 * y4
        place += 5
    while place < count:
        for unit in range(units):
            first[unit] += one[place] * stack[place, unit]
            second[unit] += two[place] * stack[place, unit]
        place += 1


@compiled
def fill_keys(stack: Any, weights: Any, figures: Any, keys: Any) -> None:
    """Fill keys (row, unit) of which less is better; figures are the bits of a unit's number and the largest total."""
    rows, units = keys.shape
    totals = np.empty((2, units), np.float32)
    bits, top = np.uint32(figures[0]), np.float32(figures[1])
    for row in range(0, rows, 2):
        other = min(row + 1, rows - 1)
        weigh_two(stack, weights[row], weights[other], totals)
        for place in range(2):
            line, total = keys[min(row + place, rows - 1)], totals[place]
            for unit in range(units):
                below = min(max(np.float32(1) - total[unit], np.float32(0)), np.float32(0.999999)) * top
                line[unit] = (np.uint32(np.int32(below)) << bits) | np.uint32(unit)


@compiled
def count_sorted(by_unit: Any, weights: Any, figures: Any, keys: Any, counts: Any) -> None:
    """Count places of sorted keys; runs of units too close to tell are summed again, put in order, ties shared."""
    rows, units = keys.shape
    single, shared = counts
    mask = np.uint32((1 << figures[0]) - 1)
    near = np.uint32(((figures[1] + 1) << figures[0]) - 1)
    value, unit = np.empty(units), np.empty(units, np.int32)
    for row in range(rows):
        line = keys[row]
        for place in range(units):
            single[place, line[place] & mask] += 1
        last = 0
        for place in range(1, units + 1):
            if place < units and line[place] - line[place - 1] <= near:
                continue
            if place - last > 1:
                settle(by_unit, weights[row], line[last:place] & mask, (value, unit))
                for one in range(last, place):
                    single[one, line[one] & mask] -= 1
                count_places(value[: place - last], unit[: place - last], single[last:], shared[last:])
            last = place


@internal
def settle(by_unit: Any, weights: Any, who: Any, room: Any) -> None:
    """Fill values in double precision and units, best first."""
    value, unit = room
    for place in range(who.shape[0]):
        total, row = 0.0, by_unit[who[place]]
        for item in range(weights.shape[0]):
            total += weights[item] * row[item]
        back = place
        while back > 0 and value[back - 1] < total:
            value[back], unit[back] = value[back - 1], unit[back - 1]
            back -= 1
        value[back], unit[back] = total, who[place]
