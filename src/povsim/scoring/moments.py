"""What a dashboard shows beside totals: their mean and variance for any weights, and one slice with ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from povsim.scoring import reweighting_kernels as kernels
from povsim.scoring.reweighting import Weights, refuse, shape_slips, weight_slips
from povsim.scoring.reweighting_kernels import Doubles, Floats, spread

Ranks = npt.NDArray[np.int32]

FEWEST = 1024
"""Cells that are worth a thread: there are few cells, and many rows to sum for each."""
DECIMALS = 3
"""Totals that agree to so many decimals tie: more than rounding can move, less than any rule awards."""


@dataclass(frozen=True)
class Prepared:
    """Means and covariances of item shares over draws.

    Attributes
    ----------
    mean : array of float64
        (indicator, scenario, year, unit).
    covariance : array of float64
        (pair, scenario, year, unit): pairs (0, 0), (0, 1), ..., (1, 1), ...; the mean product over draws.
    """

    mean: Doubles
    covariance: Doubles


@dataclass(frozen=True)
class Slice:
    """What one scenario and year looks like: totals (unit,), ranks (unit,) from 1, 0 where missing, and who ties."""

    totals: Doubles
    ranks: Ranks
    tied: npt.NDArray[np.bool_]


def prepare_moments(shares: Floats, *, threads: int | None = None) -> Prepared:
    """Return means and covariances of shares over draws, from which :func:`moments` answers for any weights.

    Parameters
    ----------
    shares : array of float32
        (indicator, scenario, draw, year, unit).
    threads : int, optional
        Number of threads; all processors by default. Results are the same bits for any number.

    Returns
    -------
    Prepared
        For 25 indicators 351 numbers for each scenario, year and unit.

    Raises
    ------
    InputError
        Shares that are not of five dims and single precision.
    """
    refuse(shape_slips(shares))
    indicators, scenarios, _, years, units = shares.shape
    mean = np.empty((indicators, scenarios, years, units))
    covariance = np.empty((indicators * (indicators + 1) // 2, scenarios, years, units))

    def fill(span: tuple[int, int]) -> None:
        for cell in range(*span):
            scenario, year = divmod(cell, years)
            kernels.spread_of_row(
                shares, (scenario, year), mean[:, scenario, year], covariance[:, scenario, year]
            )  # fmt: skip

    spread(fill, scenarios * years, threads, block=1)
    return Prepared(mean, covariance)


def moments(prepared: Prepared, weights: Weights, *, threads: int | None = None) -> tuple[Doubles, Doubles]:
    """Return mean and variance over draws of all totals, exactly, for any weights; without caps and before vetoes.

    Parameters
    ----------
    prepared : Prepared
        From :func:`prepare_moments`.
    weights : array of float
        (indicator,), in points.
    threads : int, optional
        Number of threads; all processors by default. Results are the same bits for any number.

    Returns
    -------
    tuple of arrays of float64
        Mean and variance, each (scenario, year, unit), in points and squared points; the variance divides by the
        number of draws.

    Raises
    ------
    InputError
        Not one finite weight for each indicator.

    Examples
    --------
    >>> shares = np.array([[0.0, 1.0], [1.0, 1.0]], dtype=np.float32).reshape(2, 1, 2, 1, 1)
    >>> mean, variance = moments(prepare_moments(shares), [60, 40])
    >>> mean.ravel(), variance.ravel()
    (array([70.]), array([900.]))
    """
    weights = np.asarray(weights, dtype=np.float64)
    refuse(weight_slips(len(prepared.mean), weights))
    one, two = np.triu_indices(len(weights))
    pairs = weights[one] * weights[two] * np.where(one == two, 1.0, 2.0)
    mean, variance = np.empty(prepared.mean.shape[1:]), np.empty(prepared.mean.shape[1:])
    _sum_rows(prepared.mean, weights, mean, threads)
    _sum_rows(prepared.covariance, pairs, variance, threads)
    return mean, np.maximum(variance, 0.0, out=variance)


def ranked_slice(totals: Floats, scenario: int, draw: int | Literal["mean"], year: int) -> Slice:
    """Return the totals and ranks of the units of one scenario and year, of one draw or of the mean over draws.

    Parameters
    ----------
    totals : array of float32
        (scenario, draw, year, unit).
    scenario, draw, year : int
        Positions along the axes; ``draw="mean"`` ranks the means over draws.

    Returns
    -------
    Slice
        Highest total first; totals that agree to :data:`DECIMALS` decimals tie and share the best of their places.

    Examples
    --------
    >>> found = ranked_slice(np.array([[[[80.0, 90.0, 80.0, 70.0]]]], dtype=np.float32), 0, "mean", 0)
    >>> found.ranks, found.tied
    (array([2, 1, 2, 4], dtype=int32), array([ True, False,  True, False]))
    """
    if draw == "mean":
        shown = np.empty(totals.shape[-1])
        kernels.mean_over_draws(totals, scenario, year, shown)
    else:
        shown = totals[scenario, draw, year].astype(np.float64)
    known = np.isfinite(shown)
    _, place, count = np.unique(-np.round(shown[known], DECIMALS), return_inverse=True, return_counts=True)
    ranks, tied = np.zeros(shown.size, dtype=np.int32), np.zeros(shown.size, dtype=np.bool_)
    ranks[known] = (np.cumsum(count) - count + 1)[place]
    tied[known] = count[place] > 1
    return Slice(shown, ranks, tied)


def _sum_rows(stack: Doubles, weights: Doubles, out: Doubles, threads: int | None) -> None:
    rows, flat = stack.reshape(len(stack), -1), out.reshape(-1)
    spread(lambda span: kernels.weighted_sums(rows, weights, span, flat), flat.size, threads, FEWEST)
