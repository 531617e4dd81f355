"""How good a forecast with a spread is, once the outcome is known: CRPS, Brier score, coverage."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BAND = (0.1, 0.9)
"""Quantiles of the 80 % band over draws."""


def crps(draws: Floats, actual: float) -> float:
    """Return the continuous ranked probability score of draws: 0 is perfect, and a single number scores its error.

    Parameters
    ----------
    draws : array, dims (draw,)
        The forecast; its distribution is that of the draws, each as likely.
    actual : float
        What happened, the same unit.

    Returns
    -------
    float
        In the unit of the draws: the squared distance between the two cumulative distributions, summed over values.

    References
    ----------
    T. Gneiting and A. Raftery, "Strictly proper scoring rules, prediction, and estimation", section 4.2,
    doi:10.1198/016214506000001437.

    Examples
    --------
    >>> crps(np.array([3.0]), 5.0), crps(np.array([0.0, 1.0]), 0.5)
    (2.0, 0.25)
    """
    ranked = np.sort(draws)
    size = ranked.size
    # the mean absolute difference of all pairs, from ranks instead of pairs
    spread = float(((2 * np.arange(size) + 1 - size) * ranked).sum()) / size**2
    return float(np.abs(ranked - actual).mean()) - spread


def brier(probability: float, *, outcome: bool) -> float:
    """Return the Brier score of a probability: its squared distance from 1 where the event came, else from 0.

    Parameters
    ----------
    probability : float
        Forecast, 0-1.
    outcome : bool
        Whether it came.

    References
    ----------
    G. Brier, "Verification of forecasts expressed in terms of probability", 1950.

    Examples
    --------
    >>> brier(0.75, outcome=True), brier(0.75, outcome=False)
    (0.0625, 0.5625)
    """
    return (probability - float(outcome)) ** 2


def inside(band: tuple[float, float], actual: float, *, rounding: float = 0.0) -> bool:
    """Tell whether a band holds what happened, which is known up to its rounding.

    Parameters
    ----------
    band : tuple of float
        Low and high end.
    actual : float
        As published.
    rounding : float
        Half a unit of the last digit published.

    Examples
    --------
    >>> inside((0.058, 0.07), 0.057), inside((0.0574, 0.07), 0.057, rounding=0.0005)
    (False, True)
    """
    return band[0] - rounding <= actual <= band[1] + rounding


def coverage(held: Sequence[bool]) -> float:
    """Return the share of bands that held what happened; not a number where there are none.

    Examples
    --------
    >>> coverage([True, False, True, True]), coverage([])
    (0.75, nan)
    """
    return sum(held) / len(held) if held else math.nan


def mean_and_band(draws: Floats) -> tuple[float, float, float]:
    """Return mean, low and high end of draws.

    Examples
    --------
    >>> mean_and_band(np.arange(11.0))
    (5.0, 1.0, 9.0)
    """
    low, high = np.quantile(draws, BAND)
    return float(draws.mean()), float(low), float(high)
