"""How sure a share of draws and the place where it is reached are: intervals at 95 %."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

Floats = npt.NDArray[np.float64]
LEVEL = 0.95
Z = 1.959963984540054


def crossing_interval(crossings: Floats, probability: float) -> tuple[float, float]:
    """Return a 95 % interval of the distance at which a share of draws is reached: two order statistics.

    Parameters
    ----------
    crossings : array
        One a draw: its margin in units of the lever; the deciding draw is where its quantile is zero.
    probability : float
        The share.

    Returns
    -------
    tuple of float
        Ends relative to the deciding draw; infinite where there are too few draws to tell.

    Examples
    --------
    >>> crossing_interval(np.arange(100.0), 0.5)
    (-10.0, 11.0)
    """
    needed = np.sort(-crossings)
    count = len(needed)
    centre = needed[max(1, math.ceil(probability * count - 1e-9)) - 1]
    first, last = (int(binom.ppf(end, count, probability)) for end in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    low = float(needed[first - 1] - centre) if first >= 1 else -math.inf
    high = float(needed[last] - centre) if last < count else math.inf
    return low, high


def wilson(held: int, draws: int) -> tuple[float, float]:
    """Return the Wilson interval of a probability at 95 % (doi:10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(90, 100)]
    [0.826, 0.945]
    """
    share, extra = held / draws, Z * Z / draws
    centre = (share + extra / 2) / (1 + extra)
    half = Z / (1 + extra) * math.sqrt(share * (1 - share) / draws + extra / draws / 4)
    return max(0.0, centre - half), min(1.0, centre + half)
