"""Compiled passes behind a change of weights: sums over indicators, block by block, in double precision.

Every cell is computed by itself and always in the same order, so results are the same bits however cells are divided
among threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from povsim.compiled import compiled, internal

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

BLOCK = 8192
"""Cells summed at a time: their sums stay in the cache while the indicators pass by."""
TILE = 16
"""Units whose covariances are computed at a time."""


@internal
def add_rows(stack: Doubles | Floats, weights: Doubles, rows: Longs, first: int, total: Doubles) -> None:
    """Add weighted rows to the totals of a block of cells, five at a time: fewer passes over the totals."""
    last, place, count = first + total.shape[0], 0, rows.shape[0]
    while place + 5 <= count:
        a, b, c, d, e = rows[place], rows[place + 1], rows[place + 2], rows[place + 3], rows[place + 4]
        part_a, part_b, part_c = stack[a, first:last], stack[b, first:last], stack[c, first:last]
        part_d, part_e = stack[d, first:last], stack[e, first:last]
        for cell in range(total.shape[0]):
            total[cell] = (
                total[cell]
                + weights[a] * np.float64(part_a[cell])
                + weights[b] * np.float64(part_b[cell])
                + weights[c] * np.float64(part_c[cell])
                + weights[d] * np.float64(part_d[cell])
                + weights[e] * np.float64(part_e[cell])
            )
        place += 5
    while place < count:
        part, weight = stack[rows[place], first:last], weights[rows[place]]
        for cell in range(total.shape[0]):
            total[cell] += weight * np.float64(part[cell])
        place += 1


@compiled
def weighted_sums(stack: Doubles | Floats, weights: Doubles, span: tuple[int, int], out: Doubles | Floats) -> None:
    """Fill the weighted sum of rows (row, cell) for the cells of a span."""
    room, rows = np.empty(BLOCK), np.arange(stack.shape[0])
    for first in range(span[0], span[1], BLOCK):
        total = room[: min(BLOCK, span[1] - first)]
        total[:] = 0.0
        add_rows(stack, weights, rows, first, total)
        out[first : first + total.shape[0]] = total


@compiled
def limited_sums(
    shares: Floats, weights: Doubles, groups: tuple[Longs, Longs, Doubles, Doubles], span: tuple[int, int], out: Floats
) -> None:
    """Fill weighted sums in which the points of a group lie between two limits.

    ``groups`` are: indicators in the order of their groups, where each group ends in it, lower limits, upper limits.
    """
    order, ends, lows, highs = groups
    room = np.empty((2, BLOCK))
    for first in range(span[0], span[1], BLOCK):
        size = min(BLOCK, span[1] - first)
        total, points = room[0, :size], room[1, :size]
        total[:] = 0.0
        begin = 0
        for group in range(ends.shape[0]):
            points[:] = 0.0
            add_rows(shares, weights, order[begin : ends[group]], first, points)
            begin, low, high = ends[group], lows[group], highs[group]
            for cell in range(size):
                earned = low if points[cell] < low else points[cell]
                total[cell] += high if earned > high else earned
        out[first : first + size] = total


@compiled
def shift(totals: Floats, share: Floats, figures: tuple[float, float], span: tuple[int, int], out: Floats) -> None:
    """Fill ``keep * totals + add * share`` for the cells of a span; ``out`` may not be ``totals``."""
    keep, add = figures
    given, part, filled = totals[span[0] : span[1]], share[span[0] : span[1]], out[span[0] : span[1]]
    for cell in range(given.shape[0]):
        filled[cell] = keep * np.float64(given[cell]) + add * np.float64(part[cell])


@compiled
def shift_in_place(totals: Floats, share: Floats, figures: tuple[float, float], span: tuple[int, int]) -> None:
    """Do as :func:`shift` into the totals themselves: a loop over arrays that overlap is not made vector code."""
    keep, add = figures
    part, filled = share[span[0] : span[1]], totals[span[0] : span[1]]
    for cell in range(part.shape[0]):
        filled[cell] = keep * np.float64(filled[cell]) + add * np.float64(part[cell])


@compiled
def spread_of_row(shares: Floats, place: tuple[int, int], mean: Doubles, covariance: Doubles) -> None:
    """Fill means (indicator, unit) and covariances (pair, unit) over draws, of one scenario and year.

    ``shares`` has dims (indicator, scenario, draw, year, unit).
    """
    indicators, draws, units = shares.shape[0], shares.shape[2], shares.shape[4]
    apart = np.zeros((indicators, draws, TILE))
    for first in range(0, units, TILE):
        size = min(TILE, units - first)
        for one in range(indicators):
            centre(
                shares[one, place[0], :, place[1], first : first + size], mean[one, first : first + size], apart[one]
            )
        pair = 0
        for one in range(indicators):
            for two in range(one, indicators):
                mean_product(apart[one], apart[two], covariance[pair, first : first + size])
                pair += 1


@compiled
def centre(values: Floats, mean: Doubles, apart: Doubles) -> None:
    """Fill the mean over draws of each unit of a tile, and how far each draw is from it."""
    draws, size = values.shape
    mean[:] = 0.0
    for draw in range(draws):
        for unit in range(size):
            mean[unit] += np.float64(values[draw, unit])
    for unit in range(size):
        mean[unit] /= draws
    for draw in range(draws):
        for unit in range(size):
            apart[draw, unit] = np.float64(values[draw, unit]) - mean[unit]


@compiled
def mean_product(one: Doubles, two: Doubles, out: Doubles) -> None:
    """Fill the mean over draws of the product of two arrays (draw, unit)."""
    draws, draw = one.shape[0], 0
    total = np.zeros(TILE)
    while draw + 4 <= draws:
        for unit in range(TILE):
            total[unit] = (
                total[unit]
                + one[draw, unit] * two[draw, unit]
                + one[draw + 1, unit] * two[draw + 1, unit]
                + one[draw + 2, unit] * two[draw + 2, unit]
                + one[draw + 3, unit] * two[draw + 3, unit]
            )
        draw += 4
    while draw < draws:
        for unit in range(TILE):
            total[unit] += one[draw, unit] * two[draw, unit]
        draw += 1
    for unit in range(out.shape[0]):
        out[unit] = total[unit] / draws


@compiled
def mean_over_draws(totals: Floats, scenario: int, year: int, out: Doubles) -> None:
    """Fill the mean over draws of the totals (scenario, draw, year, unit) of one scenario and year."""
    draws = totals.shape[1]
    out[:] = 0.0
    for draw in range(draws):
        row = totals[scenario, draw, year]
        for unit in range(out.shape[0]):
            out[unit] += np.float64(row[unit])
    for unit in range(out.shape[0]):
        out[unit] /= draws


def spread(work: Callable[[tuple[int, int]], None], cells: int, threads: int | None, block: int = BLOCK) -> None:
    """Divide cells among threads, in whole blocks."""
    blocks = -(-cells // block)
    count = max(1, min(threads or os.cpu_count() or 1, blocks))
    share = max(1, -(-blocks // count)) * block
    spans = [(first, min(first + share, cells)) for first in range(0, cells, share)]
    if len(spans) < 2:
        for span in spans:
            work(span)
        return
    with ThreadPoolExecutor(len(spans)) as pool:
        list(pool.map(work, spans))
