"""Spells of poverty from a latent three-part process: poor while permanent, persistent and one-year luck lie low."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from povsim.calibration.distances import Split

Floats = npt.NDArray[np.float64]
NODES = 21
"""Points on which the permanent and the persistent part are laid out."""
LEAST_LUCK = 0.02
"""Share of one-year luck below which the layout on points would be too coarse."""


@dataclass(frozen=True)
class Latent:
    """A latent process on points.

    Attributes
    ----------
    permanent : array, (node,)
        Values of the permanent part.
    weight : array, (node,)
        Their chances.
    persistent : array, (node,)
        Values of the persistent part, evenly spaced.
    once : float
        Standard deviation of the luck of one year.
    rho : float
        What is left of the persistent part after a year.
    """

    permanent: Floats
    weight: Floats
    persistent: Floats
    once: float
    rho: float


def latent_of(split: Split) -> Latent:
    """Lay a split out on points; the variances are made to sum to one."""
    shares = np.array([split.permanent, split.persistent, split.one_year]) / max(split.variance, 1e-12)
    once = max(float(shares[2]), LEAST_LUCK)
    shares = shares * (1.0 - once) / max(1.0 - float(shares[2]), 1e-12)
    nodes, weight = np.polynomial.hermite_e.hermegauss(NODES)
    persistent = np.sqrt(shares[1] * (NODES - 1)) * np.linspace(-1.0, 1.0, NODES)
    return Latent(np.sqrt(shares[0]) * nodes, weight / weight.sum(), persistent, float(np.sqrt(once)), split.rho)


def passage(rho: float) -> Floats:
    """Return the chances of moving between the points of the persistent part, (from, to).

    The chain of K. Kopecky and R. Suen 2010 (doi:10.1016/j.red.2010.02.002, after Rouwenhorst): autocorrelation rho
    and the normal's variance exactly, its steady state binomial.

    Examples
    --------
    >>> bool(np.allclose(passage(0.8).sum(axis=1), 1.0))
    True
    """
    stay = (1.0 + rho) / 2.0
    chain = np.array([[stay, 1.0 - stay], [1.0 - stay, stay]])
    for size in range(3, NODES + 1):
        wider = np.zeros((size, size))
        wider[:-1, :-1] += stay * chain
        wider[:-1, 1:] += (1.0 - stay) * chain
        wider[1:, :-1] += (1.0 - stay) * chain
        wider[1:, 1:] += stay * chain
        wider[1:-1] /= 2.0
        chain = wider
    return chain


def chance_of_last(split: Split, threshold: Floats, poor: Floats, years: Floats) -> Floats:
    """Return the chance of being poor in the last wave, given the states before.

    Parameters
    ----------
    split : Split
        Of the latent variance.
    threshold : array, (wave,)
        Below which a household is poor.
    poor : array, (history, early wave)
        1 poor, 0 not, NaN not seen.
    years : array, (wave,)
        Of all waves, the last included.

    Returns
    -------
    array, (history,)
        By filtering: what is known of the two lasting parts is brought up to date wave by wave.
    """
    latent = latent_of(split)
    steady = np.array(
        [float(np.prod(np.arange(NODES - k, NODES)) / np.prod(np.arange(1, k + 1))) for k in range(NODES)]
    )
    belief = np.multiply.outer(np.ones(len(poor)), np.multiply.outer(latent.weight, steady / steady.sum()))
    level = latent.permanent[:, None] + latent.persistent[None, :]
    for wave in range(years.size - 1):
        chance = ndtr((threshold[wave] - level) / latent.once)
        state = poor[:, wave][:, None, None]
        belief = belief * np.where(np.isnan(state), 1.0, np.where(state == 1, chance, 1.0 - chance))
        belief = belief @ passage(split.rho ** float(years[wave + 1] - years[wave]))
    # scaled at the end: a few waves cannot run out of digits
    belief /= belief.sum(axis=(1, 2), keepdims=True)
    return np.asarray((belief * ndtr((threshold[-1] - level) / latent.once)).sum(axis=(1, 2)))


def simulated_spells(
    split: Split, threshold: Floats, years: Floats, *, persons: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Return whether made-up persons are poor in each wave, (person, wave)."""
    root = np.sqrt(np.array([split.permanent, split.persistent, split.one_year]) / max(split.variance, 1e-12))
    fading = rng.standard_normal(persons)
    lasting = root[0] * rng.standard_normal(persons)
    found = np.empty((persons, years.size), dtype=bool)
    for wave in range(years.size):
        if wave:
            left = split.rho ** float(years[wave] - years[wave - 1])
            fading = left * fading + np.sqrt(1.0 - left**2) * rng.standard_normal(persons)
        found[:, wave] = lasting + root[1] * fading + root[2] * rng.standard_normal(persons) < threshold[wave]
    return found
