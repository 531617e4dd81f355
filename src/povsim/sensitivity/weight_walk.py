"""Random weightings within narrow limits: walks of pairwise exchanges, whose stationary distribution is uniform."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from povsim.compiled import compiled, internal
from povsim.draws import luck_of
from povsim.sensitivity.weight_inputs import Doubles

SWEEPS = 60
"""Exchanges per indicator and its square root; means differ from those of much longer walks by less than noise."""


class Limited(Protocol):
    """Limits on weights."""

    @property
    def low(self) -> Doubles:
        """Least weights."""

    @property
    def high(self) -> Doubles:
        """Most weights."""

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs (more, less)."""


def walked(limits: Limited, start: Doubles, count: int, key: npt.NDArray[np.uint32]) -> Doubles:
    """Return weightings (weighting, indicator), each at the end of a walk of its own from ``start``."""
    indicators = len(start)
    # the indicator just above and just below each in its order, or none
    above, below = np.full((2, indicators), -1, dtype=np.int64)
    for more, less in limits.pairs:
        above[less], below[more] = more, less
    rows = np.tile(start, (count, 1))
    steps = int(SWEEPS * indicators * max(1.0, np.sqrt(indicators)))
    walk(rows, np.stack([limits.low, limits.high]), np.stack([above, below]), key, steps)
    return rows


@compiled
def walk(rows: Any, bounds: Any, beside: Any, key: Any, steps: int) -> None:
    """Exchange weight between random pairs, uniformly as far as limits allow."""
    count = rows.shape[1]
    for row in range(rows.shape[0]):
        for step in range(steps if count > 1 else 0):
            first, second, third, _ = luck_of(key[0], key[1], row, 0, np.uint64(step))
            i = min(int(first * count), count - 1)
            j = (i + 1 + min(int(second * (count - 1)), count - 2)) % count
            up = most_moved(rows[row], bounds, beside, i, j)
            down = most_moved(rows[row], bounds, beside, j, i)
            change = third * (up + down) - down
            rows[row, i] += change
            rows[row, j] -= change


@internal
def most_moved(weights: Any, bounds: Any, beside: Any, i: int, j: int) -> Any:
    """Return the most weight that i can take from j."""
    above, below = beside[0, i], beside[1, j]
    most = min(bounds[1, i] - weights[i], weights[j] - bounds[0, j])
    if above == j:
        # the gap between the two closes from both sides
        return max(0.0, min(most, 0.5 * (weights[j] - weights[i])))
    if above >= 0:
        most = min(most, weights[above] - weights[i])
    if below >= 0:
        most = min(most, weights[j] - weights[below])
    return max(0.0, most)
