"""Shapley values of a game that is known for every coalition: what decompositions share a change out by."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def shapley(values: npt.ArrayLike) -> Floats:
    """Return each player's Shapley value of a game that is known for every coalition.

    Parameters
    ----------
    values : array, shape (2 ** players, ...)
        Worth of each coalition; bit ``i`` of the position says whether player ``i`` is in it.

    Returns
    -------
    array, shape (players, ...)
        Adding up to ``values[-1] - values[0]`` (A. F. Shorrocks, "Decomposition procedures for distributional
        analysis: a unified framework based on the Shapley value", 10.1007/s10888-011-9214-z).

    Examples
    --------
    >>> shapley([0.0, 1.0, 2.0, 5.0]).tolist()
    [2.0, 3.0]
    """
    worth = np.asarray(values, dtype=np.float64)
    players = int(worth.shape[0]).bit_length() - 1
    if worth.shape[0] != 1 << players:
        raise ValueError(f"a game of n players has 2 ** n coalitions; found {worth.shape[0]}")
    sets = np.arange(worth.shape[0])
    size = np.array([int(number).bit_count() for number in sets])
    found = np.zeros((players, *worth.shape[1:]))
    for player in range(players):
        without = sets[(sets >> player) & 1 == 0]
        chance = np.array([1.0 / (players * math.comb(players - 1, int(count))) for count in size[without]])
        gained = worth[without | (1 << player)] - worth[without]
        found[player] = np.tensordot(chance, gained, axes=1)
    return found
