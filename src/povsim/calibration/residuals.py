"""Log incomes less what covariates, area and wave explain, and the autocovariances of what is left."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
FEWEST_PAIRS = 20
"""Households seen in both waves of a pair, below which its covariance is left out."""
ALONE = 0.99
"""Share of the variance of one observation that the mean of its cell takes, beyond which it stands (almost) alone."""


@dataclass(frozen=True)
class Logs:
    """Log incomes of n households in a panel's waves, one row an observation; a household's rows share its weight.

    Attributes
    ----------
    log : array, (observation,)
        Log income per head.
    covariates : array, (observation, k)
    unit, wave, cell : array of int, (observation,)
        Household, wave, and group by wave (cells have means of their own).
    shape : (int, int)
        Households and waves.
    """

    log: Floats
    covariates: Floats
    unit: Ints
    wave: Ints
    cell: Ints
    shape: tuple[int, int]


def log_incomes(income: Floats, covariates: Floats, group: npt.NDArray[np.integer]) -> Logs:
    """Return the logs of all incomes above zero.

    Parameters
    ----------
    income : array, (unit, wave)
        Per head; NaN where not observed.
    covariates : array, (k, unit, wave)
        An observation with a covariate missing does not take part.
    group : array of int, (unit,)
        Groups that have a mean of their own in every wave.
    """
    seen = (np.nan_to_num(income) > 0) & ~np.isnan(covariates).any(axis=0)
    unit, wave = np.nonzero(seen)
    cell = np.unique(group[unit] * income.shape[1] + wave, return_inverse=True)[1]
    return Logs(np.log(income[seen]), covariates[:, seen].T, unit, wave, cell.astype(np.intp), income.shape)


def without_alone(logs: Logs, weight: Floats) -> Logs:
    """Return the logs without observations that alone make up the mean of their cell: nothing is left of them.

    Examples
    --------
    >>> logs = log_incomes(np.ones((3, 1)), np.zeros((0, 3, 1)), np.array([0, 0, 1]))
    >>> without_alone(logs, np.ones(3)).unit.tolist()
    [0, 1]
    """
    keep = _taken(logs, weight)[logs.cell] <= ALONE
    cell = np.unique(logs.cell[keep], return_inverse=True)[1].astype(np.intp)
    unit, wave = logs.unit[keep], logs.wave[keep]
    return replace(logs, log=logs.log[keep], covariates=logs.covariates[keep], unit=unit, wave=wave, cell=cell)


def _taken(logs: Logs, weight: Floats) -> Floats:
    """Return by cell the variance of its mean, that of one observation being 1: sum(w^2) / sum(w)^2."""
    w = weight[logs.unit]
    totals, squares = np.bincount(logs.cell, w), np.bincount(logs.cell, w * w)
    return np.divide(squares, totals**2, out=np.zeros(squares.shape), where=squares > 0)


def residual_grid(logs: Logs, weight: Floats) -> Floats:
    """Return what least squares leave of the logs, (unit, wave), NaN where not seen.

    Weighted, with a mean for every cell. A cell of m observations takes 1/m of each one's variance with its mean;
    residuals are stretched to make up for that.
    """
    w = weight[logs.unit]
    totals = np.maximum(np.bincount(logs.cell, w), 1e-300)

    def centred(column: Floats) -> Floats:
        return np.asarray(column - (np.bincount(logs.cell, w * column) / totals)[logs.cell])

    y = centred(logs.log)
    if logs.covariates.shape[1]:
        x = np.column_stack([centred(column) for column in logs.covariates.T])
        root = np.sqrt(w)[:, None]
        y = y - x @ np.linalg.lstsq(x * root, y * root[:, 0], rcond=None)[0]
    grid = np.full(logs.shape, np.nan)
    grid[logs.unit, logs.wave] = y / np.sqrt(1.0 - np.minimum(_taken(logs, weight), ALONE)[logs.cell])
    return grid


@dataclass(frozen=True)
class Moments:
    """Autocovariances of pairs of waves, the first not after the second.

    Attributes
    ----------
    first, second : array of int, (pair,)
    covariance : array, (pair,)
    pairs : array of int, (pair,)
        Households seen in both.
    lag : array, (pair,)
        Years between the waves.
    """

    first: Ints
    second: Ints
    covariance: Floats
    pairs: npt.NDArray[np.int64]
    lag: Floats


def moments_of(grid: Floats, weight: Floats, years: Floats, *, fewest: int = FEWEST_PAIRS) -> Moments:
    """Return the weighted autocovariances over all pairs of waves, each of all households seen in both.

    Parameters
    ----------
    grid : array, (unit, wave)
        As `residual_grid` returns it.
    weight : array, (unit,)
    years : array, (wave,)
    fewest : int
        Pairs of waves with fewer households are left out.

    Examples
    --------
    >>> grid = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, np.nan]])
    >>> found = moments_of(grid, np.ones(3), np.array([2016.0, 2018.0]), fewest=2)
    >>> found.covariance.tolist(), found.lag.tolist()
    ([1.0, 1.0, 1.0], [0.0, 2.0, 0.0])
    """
    seen = (~np.isnan(grid)).astype(np.float64)
    filled = np.nan_to_num(grid)
    first, second = np.triu_indices(grid.shape[1])
    pairs = np.rint(seen.T @ seen)[first, second].astype(np.int64)
    products = ((filled * weight[:, None]).T @ filled)[first, second]
    totals = ((seen * weight[:, None]).T @ seen)[first, second]
    kept = (pairs >= fewest) & (totals > 0)
    first, second = first[kept], second[kept]
    lag = years[second] - years[first]
    return Moments(first, second, products[kept] / totals[kept], pairs[kept], lag)


def moment_variance(grid: Floats, weight: Floats, moments: Moments, cluster: npt.NDArray[np.integer]) -> Floats:
    """Return the covariance matrix of the autocovariances between clusters, (pair, pair)."""
    filled, seen = np.nan_to_num(grid), ~np.isnan(grid)
    both = seen[:, moments.first] & seen[:, moments.second]
    product = filled[:, moments.first] * filled[:, moments.second] - moments.covariance
    influence = np.where(both, product, 0.0) * weight[:, None] / (both * weight[:, None]).sum(axis=0)
    sums = np.zeros((int(cluster.max()) + 1, influence.shape[1]))
    np.add.at(sums, cluster, influence)
    return np.asarray(sums.T @ sums)
