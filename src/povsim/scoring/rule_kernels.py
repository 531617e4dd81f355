"""Compiled passes from values to points: one read, one write, arithmetic in double precision, NaN stays NaN.

Values come as (row, cell), float32. A target or norm is given for each cell, already rounded to float32, so that a
ratio such as 98/100 computed in single precision meets 0.98.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.compiled import compiled, internal

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

Whole = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Members = tuple[npt.NDArray[np.intp], ...]

KEYS = 1 << 16
"""Values that are sorted at a time: their keys stay in the second-level cache."""
BLOCK = 2048
"""Values that a pass goes over several times while they are in the first-level cache."""
SLACK = 4 * 2.0**-23
"""Relative error that a value computed in single precision may carry, when steps are counted."""
MOST_SLACK = 0.5
"""Steps; where a step is finer than the value's precision, the nearest step counts."""
UNKNOWN = 2**63 - 1
"""Sorts after every key."""
PROPORTIONAL, FULL, STARTED = 0.0, 1.0, 2.0


@compiled
def line(value: Floats, figures: tuple[float, float, float, float], out: Floats) -> None:
    """Fill ``start + slope * value`` between ``low`` and ``high``, over (row, cell)."""
    start, slope, low, high = figures
    for row in range(value.shape[0]):
        given, filled = value[row], out[row]
        for cell in range(given.shape[0]):
            earned = start + slope * np.float64(given[cell])
            earned = low if earned < low else earned
            filled[cell] = high if earned > high else earned


@compiled
def threshold(value: Floats, edge: Floats, figures: tuple[float, float, float], out: Floats) -> None:
    """Fill ``met`` where the value is at the edge or beyond it in the direction of ``sign``, else ``missed``."""
    sign, met, missed = figures
    for row in range(value.shape[0]):
        given, filled = value[row], out[row]
        for cell in range(given.shape[0]):
            x = np.float64(given[cell])
            earned = met if sign * x >= sign * np.float64(edge[cell]) else missed
            filled[cell] = earned if x == x else x


@compiled
def deduction(value: Floats, target: Floats, figures: tuple[float, ...], out: Floats) -> None:
    """Fill points less ``deduct`` for each step short of the target, down to ``floor``."""
    sign, points, step, deduct, floor, steps = figures
    for row in range(value.shape[0]):
        given, filled = value[row], out[row]
        for cell in range(given.shape[0]):
            x, goal = np.float64(given[cell]), np.float64(target[cell])
            short = sign * (goal - x) / step
            short = 0.0 if short < 0.0 else short
            largest = max(abs(goal), abs(x))
            slack = min(SLACK * largest / step, MOST_SLACK)
            count = short if steps == PROPORTIONAL else np.floor(short + slack)
            count = np.ceil(short - slack) if steps == STARTED else count
            earned = points - deduct * (0.0 if count < 0.0 else count)
            earned = floor if earned < floor else earned
            earned = points if earned > points else earned
            filled[cell] = earned if x == x else x


@compiled
def norm(value: Floats, against: Floats, figures: tuple[float, float, float], out: Floats) -> None:
    """Fill points times value over norm, or norm over value where lower is better, from 0 to ``high``."""
    sign, points, high = figures
    for row in range(value.shape[0]):
        given, filled = value[row], out[row]
        for cell in range(given.shape[0]):
            x, usual = np.float64(given[cell]), np.float64(against[cell])
            # where lower is better, nothing at all is the best there is
            inverse = high if x <= 0.0 else points * usual / x
            earned = points * x / usual if sign > 0.0 else inverse
            earned = 0.0 if earned < 0.0 else earned
            filled[cell] = high if earned > high else earned


@internal
def fill_band(given: Floats, edge: float, parts: Doubles, filled: Floats) -> None:
    """Fill the points of a band from its edge on; what lies beyond its end is filled again by the next."""
    start, slope, begin = parts[0], parts[1], parts[2]
    if slope == 0.0:
        for cell in range(given.shape[0]):
            filled[cell] = start if given[cell] >= edge else np.float64(filled[cell])
    else:
        for cell in range(given.shape[0]):
            earned = start + slope * (np.float64(given[cell]) - begin)
            filled[cell] = earned if given[cell] >= edge else np.float64(filled[cell])


@compiled
def table(value: Floats, edges: Floats, lines: Doubles, out: Floats) -> None:
    """Fill from a table of bands.

    ``edges[k]`` is the first value of band ``k + 1``; ``lines`` (band, 3) are the points where a band begins, what they
    rise by a unit of the value, and the value where it begins.
    """
    for first in range(0, value.shape[0], BLOCK):
        given, filled = value[first : first + BLOCK], out[first : first + BLOCK]
        for cell in range(given.shape[0]):
            x = given[cell]
            filled[cell] = lines[0, 0] if x == x else np.float64(x)
        for band in range(1, lines.shape[0]):
            fill_band(given, edges[band - 1], lines[band], filled)


@compiled
def row_means(value: Floats, means: Doubles) -> None:
    """Fill the mean of each row's known values, NaN where none is."""
    for row in range(value.shape[0]):
        total, known = 0.0, 0
        for cell in range(value.shape[1]):
            x = np.float64(value[row, cell])
            total += x if x == x else 0.0
            known += 1 if x == x else 0
        means[row] = total / known if known > 0 else np.nan


@compiled
def against_mean(value: Floats, means: Doubles, figures: tuple[float, float, float, float], out: Floats) -> None:
    """Fill ``at_mean`` times value over the row's mean (mean over value where lower is better), floor to cap."""
    sign, at_mean, floor, cap = figures
    for row in range(value.shape[0]):
        mean = means[row]
        # a mean of 0 or less has no multiples: only better, equal or worse
        above = mean if mean > 0.0 else 1.0
        for cell in range(value.shape[1]):
            x = np.float64(value[row, cell])
            side = cap if sign * x > sign * mean else floor
            side = at_mean if x == mean else side
            inverse = cap if x <= 0.0 else at_mean * above / x
            earned = at_mean * x / above if sign > 0.0 else inverse
            earned = earned if mean > 0.0 else side
            earned = floor if earned < floor else earned
            earned = cap if earned > cap else earned
            out[row, cell] = earned if x == x else x


@compiled
def pack(keys: Floats, bits: Whole, packed: Longs) -> None:
    """Fill whole numbers that sort as the keys (row, unit) do, NaN last, and tell the unit in their lower half.

    ``bits`` are the bits of the keys; those of negative numbers fall where the number rises.
    """
    for row in range(keys.shape[0]):
        for unit in range(keys.shape[1]):
            word = np.int64(bits[row, unit])
            rising = word ^ ((word >> 31) & 0x7FFFFFFF)
            known = keys[row, unit] == keys[row, unit]
            packed[row, unit] = (rising << 32) | unit if known else UNKNOWN


@compiled
def by_place(packed: Longs, points: Floats, out: Floats) -> None:
    """Fill the points of each unit's place, units in the rising order of what :func:`pack` fills.

    ``points`` are those of places 1, 2, 3, ...; equal keys share the best of their places.
    """
    for row in range(packed.shape[0]):
        place, before = 0, UNKNOWN
        out[row, :] = np.nan
        for position in range(packed.shape[1]):
            word = packed[row, position]
            if word == UNKNOWN:
                break
            place = place if word >> 32 == before else position
            before = word >> 32
            out[row, word & 0xFFFFFFFF] = points[place]


# ---- passes over arrays of any shape ----


def line_points(value: Floats, figures: tuple[float, float, float, float]) -> Floats:
    """Return ``start + slope * value`` between ``low`` and ``high``."""
    out = np.empty_like(value)
    line(value.reshape(1, -1), figures, out.reshape(1, -1))
    return out


def table_points(value: Floats, edges: Floats, lines: Doubles, *, closed_low: bool) -> Floats:
    """Return what :func:`table` fills; ``closed_low`` says whether an edge belongs to the band that begins there."""
    if not closed_low:
        edges = np.nextafter(edges, np.float32(np.inf))
    out = np.empty_like(value)
    table(value.ravel(), edges, lines, out.ravel())
    return out


def by_year(
    kernel: Callable[[Floats, Floats, Any, Floats], None], value: Floats, years: Floats, figures: tuple[float, ...]
) -> Floats:
    """Return points by a kernel that takes a figure (a target, a norm) for each cell.

    ``value`` has dims (..., year, unit), or (unit,) alone; ``years`` one figure, or one for each year.
    """
    rows = value.reshape(-1, int(np.prod(value.shape[-2:], dtype=np.int64)))
    cells = np.broadcast_to(
        np.asarray(years, dtype=np.float32).reshape(-1, 1), (*(1, *value.shape)[-2:-1], value.shape[-1])
    )
    out = np.empty_like(rows)
    kernel(rows, np.ascontiguousarray(cells).ravel(), figures, out)
    return out.reshape(value.shape)


def among(value: Floats, compared: Members, fill: Callable[[Floats, Floats], None]) -> Floats:
    """Return points by a function that compares units of a row, all of them or each set of ``compared`` by itself."""
    rows = value.reshape(-1, value.shape[-1])
    out = np.empty_like(rows)
    if not compared:
        fill(rows, out)
    for members in compared:
        part = np.ascontiguousarray(rows[:, members])
        filled = np.empty_like(part)
        fill(part, filled)
        out[:, members] = filled
    return out.reshape(value.shape)


def fill_by_place(rows: Floats, sign: float, points: Floats, out: Floats) -> None:
    """Fill the points of places; ``sign`` 1 where the lowest value is first, -1 where the highest is."""
    step = max(1, KEYS // max(1, rows.shape[1]))
    for first in range(0, len(rows), step):
        # adding zero makes one zero of the two
        keys = rows[first : first + step] * np.float32(sign) + np.float32(0)
        packed = np.empty(keys.shape, dtype=np.int64)
        pack(keys, keys.view(np.int32), packed)
        packed.sort(axis=-1)
        by_place(packed, points, out[first : first + step])
