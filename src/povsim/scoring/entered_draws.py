"""Entered values as arrays: each rater's readings on a grid, ranges drawn by addressed luck, ratings weighed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from povsim.draws import uniforms
from povsim.scoring.entered_rows import FINAL, Reading

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


def placed(
    readings: Iterable[Reading], years: Sequence[int], units: Sequence[str]
) -> Iterator[tuple[int, int, Reading]]:
    """Yield the readings of the years and units wanted, with their places on the grid."""
    year_at = {int(year): place for place, year in enumerate(years)}
    unit_at = {str(unit): place for place, unit in enumerate(units)}
    for reading in readings:
        if reading.year in year_at and reading.unit in unit_at:
            yield year_at[reading.year], unit_at[reading.unit], reading


def by_rater(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    """Return each rater's readings by month, so that the latest month is written last."""
    out: dict[str, list[Reading]] = defaultdict(list)
    for reading in sorted(readings, key=lambda reading: reading.month):
        out[reading.rater].append(reading)
    return out


def grid(readings: Iterable[Reading], years: Sequence[int], units: Sequence[str]) -> Doubles:
    """Return low, mode, high and month, dims (4, year, unit); the month is 12 where nothing is entered."""
    out = np.full((4, len(years), len(units)), np.nan)
    out[3] = FINAL
    for year, unit, reading in placed(readings, years, units):
        out[:, year, unit] = reading.low, reading.mode, reading.high, reading.month
    return out


def luck(
    ranges: Doubles, units: Sequence[str], draws: Sequence[int], years: Sequence[int], address: tuple[int, str]
) -> Doubles:
    """Return addressed uniforms, dims (draw, year, unit); one half in years that have no ranges."""
    seed, decision = address
    out = np.full((len(draws), len(years), len(units)), 0.5)
    for place in np.flatnonzero((ranges[2] > ranges[0]).any(axis=1)).tolist():
        for row, draw in enumerate(draws):
            year = int(years[place])
            out[row, place] = uniforms(list(units), seed=seed, draw=int(draw), year=year, decision=decision)
    return out


def drawn(ranges: Doubles, chance: Doubles) -> Doubles:
    """Return values at quantiles, dims (draw, year, unit): triangular with a mode, uniform without, else the value."""
    low, mode, high, _ = ranges
    if not (high > low).any():
        return np.broadcast_to(low, chance.shape)
    width = np.where(high > low, high - low, 1.0)
    rise = (mode - low) / width
    below, above = np.sqrt(chance * rise), 1 - np.sqrt((1 - chance) * (1 - rise))
    share = np.where(np.isnan(mode), chance, np.where(chance < rise, below, above))
    out: Doubles = np.where(high > low, low + width * share, low)
    return out


def weighted(
    sums: Mapping[str, Doubles],
    counts: Mapping[str, npt.NDArray[np.int64]],
    weights: Mapping[str, float],
    shape: tuple[int, int, int],
) -> Floats:
    """Return the mean of the kinds' means by their weights, over the kinds there are."""
    total, weight = np.zeros(shape), np.zeros(shape[1:])
    for kind, values in sums.items():
        share = weights.get(kind, 0.0) if weights else 1.0
        total += share * values / np.maximum(counts[kind], 1)
        weight += share * (counts[kind] > 0)
    out = np.full(shape, np.nan)
    np.divide(total, weight, out=out, where=np.broadcast_to(weight > 0, shape))
    return out.astype(np.float32)
