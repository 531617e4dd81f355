"""Sums of products, by pieces small enough that no linear-algebra library starts threads for them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PIECE = 8_192
"""Rows worked on at a time: they stay in the processor's cache, and libraries leave a product of them on one thread,
which on a busy machine is many times faster, and the same to the last bit whatever their number of threads."""


def dot(a: Floats, b: npt.NDArray[np.float64] | npt.NDArray[np.bool_]) -> float:
    """Return the sum of the products of two arrays of one dim.

    Examples
    --------
    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    if a.size <= PIECE:
        return float(np.dot(a, b))
    return float(sum(np.dot(a[low : low + PIECE], b[low : low + PIECE]) for low in range(0, a.size, PIECE)))
