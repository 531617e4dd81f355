"""Incomes in rising order with their weights, fast and exact; what ranks need and nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from povsim.poverty.sums import PIECE, dot

Floats = npt.NDArray[np.float64]

_LARGE = 20_000
"""From this many values on a sort of packed integers beats ``argsort``."""
_PASSES = 16
_SIGN = np.uint64(1) << np.uint64(63)


def rising(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return values in rising order and their weights.

    Parameters
    ----------
    values, weight : array, dims (person,)
        No NaN.

    Returns
    -------
    tuple of array
        Exactly sorted; the order among equal values is not fixed.

    Examples
    --------
    >>> [part.tolist() for part in rising(np.array([3.0, 1.0, 2.0]), np.array([30.0, 10.0, 20.0]))]
    [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]
    """
    if weight.strides[-1] == 0:
        return np.sort(values), weight
    if values.size < _LARGE:
        order = np.argsort(values, kind="stable")
        return values[order], weight[order]
    order = _nearly_sorted(values)
    return _mended(values[order], weight[order])


def _nearly_sorted(values: Floats) -> npt.NDArray[np.int64]:
    """Return an order by as many leading bits of the values as fit beside a position in 64 bits."""
    bits = values.view(np.uint64) if values.flags.c_contiguous else np.ascontiguousarray(values).view(np.uint64)
    low = values.min()
    # doubles rise as integers do, once the negative ones are turned over
    keys = bits ^ _SIGN if low >= 0 else np.where(bits & _SIGN, ~bits, bits | _SIGN)
    keys -= keys.min()
    room = np.uint64(int(values.size - 1).bit_length())
    excess = int(keys.max()).bit_length() - (64 - int(room))
    if excess > 0:
        keys >>= np.uint64(excess)
    keys <<= room
    keys |= np.arange(values.size, dtype=np.uint64)
    keys.sort()
    keys &= (np.uint64(1) << room) - np.uint64(1)
    return np.asarray(keys.view(np.int64))


def _mended(ordered: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Swap neighbours that the bits left out of order; where that does not end soon, sort anew."""
    for _ in range(_PASSES):
        wrong = np.flatnonzero(ordered[1:] < ordered[:-1])
        if not wrong.size:
            return ordered, weights
        # two swaps must not share a value: the later of two adjoining ones waits for the next pass
        wrong = wrong[np.concatenate(([True], np.diff(wrong) > 1))]
        for part in (ordered, weights):
            part[wrong], part[wrong + 1] = part[wrong + 1], part[wrong]
    order = np.argsort(ordered, kind="stable")
    return ordered[order], weights[order]


def gini_of_rising(values: Floats, weight: Floats) -> float:
    """Return the Gini coefficient of rising values: half the weighted mean absolute difference over the mean.

    Zero where nobody has anything, NaN where the mean is otherwise not above zero.

    Examples
    --------
    >>> gini_of_rising(np.array([0.0, 0.0, 0.0, 1.0]), np.ones(4))
    0.75
    """
    everybody, total = float(weight.sum()), dot(weight, values)
    if total <= 0.0:
        return 0.0 if values[0] == values[-1] == 0.0 else float("nan")
    before, found = -everybody, 0.0
    for low in range(0, values.size, PIECE):
        weights, incomes = weight[low : low + PIECE], values[low : low + PIECE]
        # twice the middle rank of each row, from minus to plus everybody: taking that off keeps the sum from cancelling
        running = np.cumsum(weights)
        middle = 2.0 * running
        middle -= weights
        middle += before
        found += float(np.dot(weights * incomes, middle))
        before += 2.0 * float(running[-1])
    return found / (everybody * total)
