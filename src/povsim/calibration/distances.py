"""Minimum distance: the permanent, persistent and one-year variance that come nearest to a panel's autocovariances.

The model is cov(s, t) = permanent + persistent rho^|s - t| + (s = t) one_year. Given rho it is linear, so the three
variances come from least squares without negative values, and rho alone is searched for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar, nnls

from povsim.calibration.records import Interval, Weighting
from povsim.calibration.residuals import Floats, Moments

LARGEST_RHO = 0.99
_GRID = 24


@dataclass(frozen=True)
class Split:
    """Variances of the three parts, rho, and the distance that is left."""

    permanent: float
    persistent: float
    one_year: float
    rho: float
    distance: float

    @property
    def variance(self) -> float:
        """All variance."""
        return self.permanent + self.persistent + self.one_year


@dataclass(frozen=True)
class Distance:
    """Autocovariances with the square root of their weights: what a split is held against."""

    lag: Floats
    own: Floats
    covariance: Floats
    root: Floats


def distance_of(moments: Moments, weighting: Weighting, variance: Floats | None = None) -> Distance:
    """Return the autocovariances with the weights asked for.

    Parameters
    ----------
    variance : array, (pair, pair), optional
        Covariance matrix of the autocovariances; not used with equal weights.
    """
    size = moments.covariance.size
    root = np.eye(size)
    if variance is not None and weighting == "diagonal":
        root = np.diag(1.0 / np.sqrt(np.maximum(np.diag(variance), 1e-300)))
    if variance is not None and weighting == "optimal":
        # with few clusters the matrix has no inverse: the pseudo-inverse leaves the directions without spread out
        values, vectors = np.linalg.eigh(variance)
        good = values > values.max() * 1e-10
        root = (vectors[:, good] / np.sqrt(values[good])).T
    # one scale for all, so that distances do not depend on units
    root = root / np.sqrt((root**2).sum() / size)
    return Distance(moments.lag, (moments.first == moments.second).astype(np.float64), moments.covariance, root)


def split_given(asked: Distance, rho: float) -> Split:
    """Return the nearest split with this rho.

    Examples
    --------
    >>> moments = Moments(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 0.6, 1.0]), np.ones(3), np.eye(3)[1])
    >>> found = split_given(distance_of(moments, "equal"), 0.0)
    >>> round(found.permanent, 6), round(found.distance, 6)
    (0.6, 0.0)
    """
    design = np.column_stack([np.ones_like(asked.lag), rho**asked.lag, asked.own])
    found, left = nnls(asked.root @ design, asked.root @ asked.covariance)
    return Split(float(found[0]), float(found[1]), float(found[2]), rho, float(left))


def nearest_split(asked: Distance, within: Interval = (0.0, LARGEST_RHO)) -> Split:
    """Return the nearest split with rho anywhere within an interval."""
    grid = np.linspace(*within, _GRID)
    tried = [split_given(asked, float(rho)) for rho in grid]
    best = int(np.argmin([one.distance for one in tried]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)]
    finer = minimize_scalar(
        lambda rho: split_given(asked, float(rho)).distance,
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-4},
    )
    refined = split_given(asked, float(finer.x))
    return refined if refined.distance < tried[best].distance else tried[best]


def distinct_lags(moments: Moments) -> int:
    """Return how many different gaps between waves a panel has: three tell rho, two do given rho, one gives bounds.

    Examples
    --------
    >>> zero, one = np.array([0, 0, 0]), np.array([1, 2, 3])
    >>> distinct_lags(Moments(zero, one, np.ones(3), np.ones(3), np.array([1.0, 2.0, 1.0])))
    2
    """
    return int(np.unique(np.round(moments.lag[moments.lag > 0], 9)).size)
