"""Integer alignment: shares and weights turned into whole counts that meet declared totals exactly."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit, ndtri

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Columns = dict[str, Array]
"""Household columns by name, all of one length."""


def largest_remainder(weights: npt.ArrayLike, total: int, *, at_most: npt.ArrayLike | None = None) -> Ints:
    """Share out a whole number in proportion to weights, each share rounded so that the sum is exact.

    Parameters
    ----------
    weights : array
        Zero or more; all zero counts as all equal.
    total : int
        Number to share out.
    at_most : array, optional
        Upper bounds; what does not fit goes to the others.

    Returns
    -------
    array of int64

    Raises
    ------
    ValueError
        The bounds hold less than the total.

    Examples
    --------
    >>> largest_remainder([1, 1, 1], 5).tolist()
    [2, 2, 1]
    >>> largest_remainder([9, 1], 10, at_most=[4, 8]).tolist()
    [4, 6]
    """
    share = np.asarray(weights, dtype=np.float64)
    bound = np.full(share.shape, total) if at_most is None else np.asarray(at_most, dtype=np.int64)
    if bound.sum() < total or (total and not share.size):
        raise ValueError(f"{total} cannot be shared out: the bounds hold {bound.sum()}")
    counts = np.zeros(share.shape, dtype=np.int64)
    while (left := total - int(counts.sum())) > 0:
        room = bound - counts
        live = np.where(room > 0, share, 0.0)
        live = live if live.sum() > 0 else (room > 0).astype(np.float64)
        live = live / live.max()  # weights may be too small to divide by
        exact = live * (left / live.sum())
        whole = np.floor(exact).astype(np.int64)
        # A stable sort gives ties to the earlier entry, so the result does not depend on the machine.
        order = np.argsort(whole - exact, kind="stable")
        whole[order[: left - int(whole.sum())]] += 1
        counts += np.minimum(whole, room)
    return counts


def highest(score: Array, count: int) -> Bools:
    """Mark the ``count`` highest scores.

    Examples
    --------
    >>> highest(np.array([0.3, 0.9, 0.5]), 2).tolist()
    [False, True, True]
    """
    chosen = np.zeros(score.shape, dtype=np.bool_)
    if 0 < count < score.size:
        chosen[np.argpartition(score, score.size - count)[score.size - count :]] = True
    elif count >= score.size:
        chosen[:] = True
    return chosen


def rounded(share: float, number: int) -> int:
    """Return a share of a number, halves rounded up."""
    return int(np.floor(share * number + 0.5))


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of one named step, so that a new step changes no other."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def uniforms(seed: int, name: str, size: int) -> Floats:
    """Return uniforms strictly between 0 and 1."""
    return stream(seed, name).random(size) * (1 - 2.0**-52) + 2.0**-53


def normals(seed: int, name: str, size: int) -> Floats:
    """Return standard normals by inversion."""
    return np.asarray(ndtri(uniforms(seed, name, size)))


def logistics(seed: int, name: str, size: int) -> Floats:
    """Return standard logistic noise: the highest scores of link + noise follow a logit with that link."""
    return np.asarray(logit(uniforms(seed, name, size)))
