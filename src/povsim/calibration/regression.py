"""Weighted least squares with errors by clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Coefficients and their standard errors by clusters, in the order of the design's columns."""

    coefficient: Floats
    error: Floats
    clusters: int


def fit_clustered(y: Floats, x: Floats, weight: Floats, cluster: npt.NDArray[np.integer]) -> Fit:
    """Return weighted least squares with errors that clusters may share.

    Parameters
    ----------
    y : array, (observation,)
    x : array, (observation, k)
        Of full rank.
    weight : array, (observation,)
    cluster : array of int, (observation,)
        Where each observation is a cluster, errors are those of White, HC1.

    Returns
    -------
    Fit
        The sandwich with G / (G - 1) times (N - 1) / (N - K), as Stata has it (Liang and Zeger 1986,
        doi:10.1093/biomet/73.1.13).

    Examples
    --------
    >>> y, arm = np.array([1.0, 2, 3, 5, 6, 7]), np.array([0.0, 0, 0, 1, 1, 1])
    >>> fit = fit_clustered(y, np.column_stack([np.ones(6), arm]), np.ones(6), np.arange(6))
    >>> fit.coefficient.round(6).tolist(), fit.error.round(4).tolist()
    ([2.0, 4.0], [0.5774, 0.8165])
    """
    inverse = np.linalg.pinv((x * weight[:, None]).T @ x)
    coefficient = inverse @ ((x * weight[:, None]).T @ y)
    scores = x * (weight * (y - x @ coefficient))[:, None]
    codes = np.unique(cluster, return_inverse=True)[1]
    groups, (rows, columns) = int(codes.max()) + 1, x.shape
    sums = np.zeros((groups, columns))
    np.add.at(sums, codes, scores)
    small = groups / max(groups - 1, 1) * (rows - 1) / max(rows - columns, 1)
    spread = small * inverse @ (sums.T @ sums) @ inverse
    return Fit(coefficient, np.sqrt(np.maximum(np.diag(spread), 0.0)), groups)
