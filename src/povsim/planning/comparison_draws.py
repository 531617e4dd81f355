"""Plans compared draw by draw, on plain arrays: how draws are paired, differences with bands, money per extra exit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
MOST_PAIRS = 250_000
"""Pairs of draws that stand for two runs without common luck; of more, that many taken evenly."""


@dataclass(frozen=True)
class Pairs:
    """How the draws of two plans are put beside each other.

    Attributes
    ----------
    first, second : array of int
        Positions along the draws of the two.
    common : bool
        Whether the two of a pair had the same luck.
    """

    first: Places
    second: Places
    common: bool


def pair_numbers(first: npt.ArrayLike, second: npt.ArrayLike, *, same_luck: bool) -> Pairs:
    """Pair draws of the same number where luck is common, else every draw with every other.

    Parameters
    ----------
    first, second : array of int
        Numbers of the draws of two plans.
    same_luck : bool
        Whether population and seed are the same.

    Examples
    --------
    >>> pairs = pair_numbers([0, 1, 2], [1, 2, 3], same_luck=True)
    >>> pairs.first.tolist(), pairs.second.tolist(), pairs.common
    ([1, 2], [0, 1], True)
    >>> len(pair_numbers([0, 1, 2], [0, 1], same_luck=False).first)
    6
    """
    a, b = np.asarray(first), np.asarray(second)
    shared, at_a, at_b = np.intersect1d(a, b, return_indices=True)
    if same_luck and shared.size:
        return Pairs(at_a.astype(np.int64), at_b.astype(np.int64), common=True)
    chosen = np.arange(a.size * b.size, dtype=np.int64)
    if chosen.size > MOST_PAIRS:
        # evenly along the table of pairs, so that each draw of either side comes about equally often
        chosen = np.floor(np.arange(MOST_PAIRS) * (chosen.size / MOST_PAIRS)).astype(np.int64)
    return Pairs(chosen // b.size, chosen % b.size, common=False)


@dataclass(frozen=True)
class Difference:
    """A statistic under a second plan less that under the first.

    Attributes
    ----------
    mean, low, high : array
        Mean over draws, and the band.
    error : array
        Standard error of the mean; missing with one draw.
    better, equal : array
        Shares of pairs in which the second plan is better, and in which nothing differs.
    """

    mean: Floats
    low: Floats
    high: Floats
    error: Floats
    better: Floats
    equal: Floats


def difference(first: Floats, second: Floats, pairs: Pairs, *, better: int, band: tuple[float, float]) -> Difference:
    """Return how much a second plan differs from the first.

    Parameters
    ----------
    first, second : array, dims (draw, ...)
        The statistic under each plan.
    pairs : Pairs
        How their draws go together.
    better : {1, -1}
        Whether more of the statistic is better, or less.
    band : tuple of float
        Quantiles of the band.

    Examples
    --------
    >>> before, after = np.array([3.0, 5.0]), np.array([2.0, 3.0])
    >>> told = difference(before, after, pair_numbers([0, 1], [0, 1], same_luck=True), better=-1, band=(0.0, 1.0))
    >>> float(told.mean), float(told.low), float(told.high), float(told.better)
    (-1.5, -2.0, -1.0, 1.0)
    """
    apart = second[pairs.second] - first[pairs.first]
    low, high = np.quantile(apart, band, axis=0)
    # pairs of draws that are taken evenly need not hold each draw equally often
    mean = apart.mean(axis=0) if pairs.common else second.mean(axis=0) - first.mean(axis=0)
    error = _error(apart) if pairs.common else np.hypot(_error(first), _error(second))
    return Difference(mean, low, high, error, (apart * better > 0).mean(axis=0), (apart == 0).mean(axis=0))


def _error(values: Floats) -> Floats:
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return np.asarray(values.std(axis=0, ddof=1) / np.sqrt(len(values)))


@dataclass(frozen=True)
class Bargain:
    """What a second plan costs and brings more than the first, up to a year.

    Attributes
    ----------
    spending, lasting : tuple of float
        Mean, and ends of the band, of the extra money and of the extra lasting exits.
    cost : tuple of float
        Money per extra lasting exit: ratio of the means, and the band of the ratio over draws.
    negative : float
        Share of draws in which that cost is below 0.
    quarters : tuple of float
        Shares of draws: more money for more exits, less for more, more for fewer or as many, less for fewer or as many.
    draws : tuple of array
        Extra money and extra lasting exits by pair.
    """

    spending: tuple[float, float, float]
    lasting: tuple[float, float, float]
    cost: tuple[float, float, float]
    negative: float
    quarters: tuple[float, float, float, float]
    draws: tuple[Floats, Floats]


def bargain(
    money: tuple[Floats, Floats], exits: tuple[Floats, Floats], pairs: Pairs, *, band: tuple[float, float]
) -> Bargain:
    """Return what a second plan costs and brings more than the first.

    Parameters
    ----------
    money, exits : tuple of array, dims (draw,)
        Spending and lasting exits so far, under the first plan and under the second.
    pairs : Pairs
        How their draws go together.
    band : tuple of float
        Quantiles of the band.

    Examples
    --------
    >>> same = pair_numbers([0, 1], [0, 1], same_luck=True)
    >>> told = bargain((np.zeros(2), np.array([6.0, 10.0])), (np.zeros(2), np.array([2.0, 2.0])), same, band=(0, 1))
    >>> told.cost, told.quarters
    ((4.0, 3.0, 5.0), (1.0, 0.0, 0.0, 0.0))
    """
    more, lasting = (values[1][pairs.second] - values[0][pairs.first] for values in (money, exits))
    known = lasting != 0
    each = more[known] / lasting[known]
    low, high = np.quantile(each, band) if each.size else (np.nan, np.nan)
    paid, gained = (float(values.mean()) for values in (more, lasting))
    quarters = ((more > 0, lasting > 0), (more <= 0, lasting > 0), (more > 0, lasting <= 0), (more <= 0, lasting <= 0))
    shares = [float((a & b).mean()) for a, b in quarters]
    return Bargain(
        (paid, *_ends(more, band)),
        (gained, *_ends(lasting, band)),
        (paid / gained if gained else float("nan"), float(low), float(high)),
        float((each < 0).sum() / len(lasting)),
        (shares[0], shares[1], shares[2], shares[3]),
        (more, lasting),
    )


def _ends(values: Floats, band: tuple[float, float]) -> tuple[float, float]:
    low, high = np.quantile(values, band)
    return float(low), float(high)
