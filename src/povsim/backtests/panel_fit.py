"""What the early waves say, in every bootstrap sample: means, spreads, trend, and the splits of all forecasters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from povsim.backtests.panel_waves import Floats, Waves
from povsim.backtests.rivals import (
    AR1,
    MODEL,
    NO_PERSISTENCE,
    Interval,
    ar1_split,
    permanent_transitory_split,
    three_part_split,
)
from povsim.calibration.distances import LARGEST_RHO, Distance, Split, distance_of, distinct_lags
from povsim.calibration.records import RHO_RANGE
from povsim.calibration.resampling import bootstrap, multipliers, sampled
from povsim.calibration.residuals import FEWEST_PAIRS, Moments, moments_of
from povsim.errors import InputError, Problem


@dataclass(frozen=True)
class Fitted:
    """Parameters in every draw, from a bootstrap sample of the clusters each.

    Attributes
    ----------
    mean, sd : array, (draw, early wave)
        Of log welfare over the line.
    trend : array, (draw,)
        Growth of mean welfare, log points a year.
    splits : mapping of str to sequence of Split
        By forecaster, one a draw; the three variances sum to one.
    lags : int
        Different gaps between the early waves: three tell rho, two tell the split given rho, one gives bounds.
    within : (float, float)
        Where rho may lie.
    correlations : mapping of (str, str) to float
        Of pairs of early waves, as they were seen.
    weight : array, (draw, unit)
        Weights in the bootstrap samples.
    """

    mean: Floats
    sd: Floats
    trend: Floats
    splits: Mapping[str, tuple[Split, ...]]
    lags: int
    within: Interval
    correlations: Mapping[tuple[str, str], float]
    weight: Floats


def rho_range(lags: int, rho: float | Interval | None) -> Interval:
    """Return where rho may lie: as stated, anywhere if the waves tell it, else where yearly panels put it."""
    if isinstance(rho, tuple):
        return rho
    if rho is not None:
        return (rho, rho)
    return (0.0, LARGEST_RHO) if lags >= 3 else RHO_RANGE


def fit_early(early: Waves, *, draws: int, seed: int, rho: float | Interval | None = None) -> Fitted:
    """Fit all forecasters on the early waves.

    Parameters
    ----------
    early : Waves
        Without the wave that is held out.
    draws, seed : int
        Bootstrap samples of clusters within strata, and their luck.
    rho : float or (float, float), optional
        Stated persistence or its range.

    Returns
    -------
    Fitted
        Every wave is measured by its own spread, as the simulation measures the spread in the register's year; the
        splits come from the correlations by minimum distance, as in ``calibrate``. Measurement error needs no share of
        its own here: incomes are forecast as surveys see them, so error and luck of one year do the same.

    Raises
    ------
    InputError
        Too few households seen in any two early waves.
    """
    seen = _summary(early, early.weight)
    where = _pairs(early, early.weight)
    if not (where.first != where.second).any():
        found = f"below {FEWEST_PAIRS} in every pair"
        raise InputError(early.name, [Problem("early waves", "too few households seen in two of them", found)])
    lags = distinct_lags(where)
    within = rho_range(lags, rho)
    design = sampled(early.cluster, early.stratum)
    samples = bootstrap(lambda weight: _row(early, weight), early.weight, design, address=(seed, draws))
    waves = early.years.size
    luck = np.random.default_rng([seed, 1]).random((draws, 2))
    asked = [distance_of(_replaced(where, row[2 * waves + 1 :]), "equal") for row in samples]
    splits = {
        MODEL: tuple(three_part_split(one, lags, within, (u[0], u[1])) for one, u in zip(asked, luck, strict=True)),
        AR1: tuple(ar1_split(one) for one in asked),
        NO_PERSISTENCE: tuple(permanent_transitory_split(one) for one in asked),
    }
    named = {
        (early.labels[a], early.labels[b]): float(value)
        for a, b, value in zip(where.first, where.second, _row(early, early.weight)[seen.size :], strict=True)
        if a != b
    }
    weight = early.weight * np.stack([multipliers(design, seed, draw) for draw in range(draws)])
    return Fitted(
        samples[:, :waves], samples[:, waves : 2 * waves], samples[:, 2 * waves], splits, lags, within, named, weight
    )


def correlations_of(early: Waves) -> tuple[Distance, int]:
    """Return the autocorrelations of a panel's waves, and how many different gaps lie between them."""
    where = _pairs(early, early.weight)
    return distance_of(where, "equal"), distinct_lags(where)


def _row(early: Waves, weight: Floats) -> Floats:
    return np.concatenate([_summary(early, weight), _pairs(early, weight).covariance])


def _summary(early: Waves, weight: Floats) -> Floats:
    """Return means and spreads of the logs by wave, and the growth of the mean."""
    seen = ~np.isnan(early.log)
    logs = np.nan_to_num(early.log)
    totals = np.maximum(weight @ seen, 1e-300)
    mean = weight @ logs / totals
    sd = np.sqrt(np.maximum(weight @ (seen * (logs - mean) ** 2) / totals, 1e-12))
    return np.concatenate([mean, sd, [_trend(early, weight)]])


def _trend(early: Waves, weight: Floats) -> float:
    """Return the slope of the log of mean welfare over the years."""
    seen = ~np.isnan(early.log)
    means = np.log((weight @ (seen * np.exp(np.nan_to_num(early.log)))) / np.maximum(weight @ seen, 1e-300))
    off = early.years - early.years.mean()
    return float(off @ (means - means.mean()) / (off @ off)) if off.any() else 0.0


def _pairs(early: Waves, weight: Floats) -> Moments:
    found = _summary(early, weight)
    waves = early.years.size
    grid = (early.log - found[:waves]) / found[waves : 2 * waves]
    return moments_of(grid, weight, early.years)


def _replaced(where: Moments, covariance: Floats) -> Moments:
    return Moments(where.first, where.second, covariance, where.pairs, where.lag)
