"""Two states that are cuts of one normal: their joint share, and the correlation that a joint share tells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float64]
LARGEST = 0.995
"""Correlations are looked for up to this size."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_HALVINGS = 40


def both_below(first: npt.ArrayLike, second: npt.ArrayLike, correlation: npt.ArrayLike) -> Floats:
    """Return the share of pairs of standard normals with both below their thresholds.

    Parameters
    ----------
    first, second : array
        Thresholds.
    correlation : array
        Between -1 and 1, both excluded; all are broadcast.

    Returns
    -------
    array
        By integrating the density over the correlation from zero on, in its arc sine (Drezner and Wesolowsky 1990,
        doi:10.1080/00949659008811236).

    Examples
    --------
    >>> round(float(both_below(0.0, 0.0, 0.5)), 6)
    0.333333
    """
    h, k, r = (np.asarray(one, dtype=np.float64)[..., None] for one in (first, second, correlation))
    end = np.arcsin(r)
    angle = 0.5 * end * (_NODES + 1.0)
    density = np.exp(-(h * h + k * k - 2.0 * h * k * np.sin(angle)) / (2.0 * np.cos(angle) ** 2))
    part = 0.5 * end[..., 0] * (density @ _WEIGHTS) / (2.0 * np.pi)
    return np.asarray(ndtr(h[..., 0]) * ndtr(k[..., 0]) + part)


def tetrachoric(first: npt.ArrayLike, second: npt.ArrayLike, both: npt.ArrayLike) -> Floats:
    """Return the correlation of the normals behind two states.

    Parameters
    ----------
    first, second : array
        Thresholds below which a household is in the state.
    both : array
        Share of those in the state both times.

    Examples
    --------
    >>> round(float(tetrachoric(0.0, 0.0, 1 / 3)), 4)
    0.5
    """
    h, k, share = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in (first, second, both)))
    low, high = np.full(h.shape, -LARGEST), np.full(h.shape, LARGEST)
    # the share rises with the correlation: halving cannot miss it
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        under = both_below(h, k, middle) < share
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray(0.5 * (low + high))
