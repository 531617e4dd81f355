"""Bounds: every split of the variance that agrees with a panel which cannot tell the parts apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from povsim.calibration.distances import Distance, Split, nearest_split, split_given
from povsim.calibration.records import Interval
from povsim.calibration.residuals import Floats

_GRID = 46
_SAME = 1e-6
"""Distances within this share of the variance are taken for equal."""


@dataclass(frozen=True)
class Bounds:
    """Ends of the shares of the variance and of rho, a split well inside them, and all splits that were looked at."""

    permanent: Interval
    persistent: Interval
    one_year: Interval
    rho: Interval
    central: Split
    members: tuple[Split, ...]


def bounds_of(asked: Distance, within: Interval, lags: int) -> Bounds:
    """Return the bounds of a split.

    Parameters
    ----------
    asked : Distance
        Autocovariances.
    within : (float, float)
        Where rho may lie.
    lags : int
        Different gaps between waves: with one, permanent and persistent variance are not told apart even given rho.
    """
    grid = np.linspace(*within, _GRID) if within[1] > within[0] else np.array([within[0]])
    splits = _one_gap(asked, grid) if lags < 2 else _several_gaps(asked, grid)
    shares = np.array([(one.permanent, one.persistent, one.one_year) for one in splits])
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    rho = np.array([one.rho for one in splits])
    # of the ends, the split nearest to the middle of all
    middle = (shares.min(axis=0) + shares.max(axis=0)) / 2
    off = np.abs(shares - middle).sum(axis=1) + np.abs(rho - (rho.min() + rho.max()) / 2)
    central = splits[int(np.argmin(off))]
    ends = [(float(column.min()), float(column.max())) for column in shares.T]
    return Bounds(ends[0], ends[1], ends[2], (float(rho.min()), float(rho.max())), central, tuple(splits))


def _one_gap(asked: Distance, grid: Floats) -> list[Split]:
    """Return splits of two waves: for each rho the two ends of the permanent variance and the middle between them."""
    variance = float(asked.covariance[asked.own > 0].mean())
    shared = float(np.clip(asked.covariance[asked.own == 0].mean(), 0.0, variance))
    gap = float(asked.lag.max())
    found = []
    for rho in grid:
        left = float(rho) ** gap
        # the persistent variance may not pass what the permanent one leaves
        least = max((shared - left * variance) / (1.0 - left), 0.0)
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            permanent = least + share * (shared - least)
            persistent = max(shared - permanent, 0.0) / left if left > 0 else 0.0
            one_year = max(variance - permanent - persistent, 0.0)
            found.append(Split(permanent, persistent, one_year, float(rho), 0.0))
    return found


def _several_gaps(asked: Distance, grid: Floats) -> list[Split]:
    """Return the splits that come as near as any, one a rho."""
    best = nearest_split(asked, (float(grid[0]), float(grid[-1]))) if grid.size > 1 else None
    tried = [split_given(asked, float(rho)) for rho in grid] + ([best] if best is not None else [])
    least = min(one.distance for one in tried)
    scale = _SAME * float(asked.covariance[asked.own > 0].mean())
    return [one for one in tried if one.distance <= least + scale]
