"""The rivals of the three-part process: the same machine with a part missing.

Each forecaster is a law of how standardised log incomes of two waves go together, the same trend and the same spread:
corr(s, t) = permanent + persistent rho^|s - t| + (s = t) one_year. The rivals leave parts out: AR(1) has the
persistent part only, permanent + transitory has no persistent one, distribution-neutral growth moves everybody alike.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from povsim.backtests.panel_waves import Floats
from povsim.calibration.distances import LARGEST_RHO, Distance, Split, nearest_split, split_given

MODEL, ENGINE, NEUTRAL, AR1, NO_PERSISTENCE = "model", "engine", "neutral", "ar1", "permanent_transitory"
RIVALS = (NEUTRAL, AR1, NO_PERSISTENCE)
MARKOV, INDEPENDENT = "markov", "independent"
SPELL_RIVALS = (MARKOV, INDEPENDENT)
Interval = tuple[float, float]


def ar1_split(asked: Distance) -> Split:
    """Return the AR(1) nearest to the autocorrelations: all variance persistent.

    Examples
    --------
    >>> asked = Distance(np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0]), np.array([1.0, 0.6, 1.0]), np.eye(3))
    >>> round(ar1_split(asked).rho, 3)
    0.6
    """
    off = asked.own == 0
    lag, seen = asked.lag[off], asked.covariance[off]
    found = minimize_scalar(
        lambda rho: float(((seen - rho**lag) ** 2).sum()), bounds=(0.0, LARGEST_RHO), method="bounded",
        options={"xatol": 1e-6},
    )  # fmt: skip
    return Split(0.0, 1.0, 0.0, float(found.x), float(np.sqrt(found.fun)))


def permanent_transitory_split(asked: Distance) -> Split:
    """Return the split without a persistent part nearest to the autocorrelations.

    Examples
    --------
    >>> asked = Distance(np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0]), np.array([1.0, 0.6, 1.0]), np.eye(3))
    >>> round(permanent_transitory_split(asked).permanent, 3)
    0.6
    """
    shared = float(np.clip(asked.covariance[asked.own == 0].mean(), 0.0, 1.0))
    return Split(shared, 0.0, 1.0 - shared, 0.0, 0.0)


def three_part_split(asked: Distance, lags: int, within: Interval, luck: tuple[float, float]) -> Split:
    """Return a three-part split that agrees with the autocorrelations.

    Parameters
    ----------
    asked : Distance
        Autocorrelations.
    lags : int
        Different gaps between the waves. Three or more tell rho; two tell the split given rho; one leaves the
        permanent share open as well.
    within : (float, float)
        Where rho may lie.
    luck : (float, float)
        Uniforms that choose among the splits that agree alike: every rho and every permanent share is as likely.

    Examples
    --------
    >>> asked = Distance(np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0]), np.array([1.0, 0.6, 1.0]), np.eye(3))
    >>> one = three_part_split(asked, 1, (0.8, 0.8), (0.5, 1.0))
    >>> round(one.permanent, 3), round(one.persistent, 3)
    (0.6, 0.0)
    """
    rho = within[0] + luck[0] * (within[1] - within[0])
    if lags >= 3:
        return nearest_split(asked, within) if within[1] > within[0] else split_given(asked, rho)
    if lags == 2:
        return split_given(asked, rho)
    shared = float(np.clip(asked.covariance[asked.own == 0].mean(), 0.0, 1.0))
    left = rho ** float(asked.lag.max())
    # the persistent share may not pass what the permanent one leaves
    least = max((shared - left) / (1.0 - left), 0.0)
    permanent = least + luck[1] * (shared - least)
    persistent = (shared - permanent) / left if left > 0 else 0.0
    return Split(permanent, persistent, max(1.0 - permanent - persistent, 0.0), rho, 0.0)


def correlation(split: Split, years: Floats) -> Floats:
    """Return the correlations of the waves under a split, (wave, wave), one on the diagonal."""
    gap = np.abs(years[:, None] - years[None, :])
    whole = max(split.variance, 1e-12)
    # where nothing fades the persistent part goes on for ever, also between equal years
    shared = split.permanent + split.persistent * np.where(gap > 0, split.rho ** np.where(gap > 0, gap, 1.0), 1.0)
    return np.asarray((shared + split.one_year * (gap == 0)) / whole)
