"""Splitting a change in poverty: exact and sampled Shapley values, growth and redistribution from income histograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.poverty.games import shapley

Floats = npt.NDArray[np.float64]
Poverty = Literal["headcount_ratio", "poverty_gap"]
COMPONENTS = ("growth", "redistribution", "line")
_NAMES = {"growth": "增长", "redistribution": "再分配", "line": "标准变动"}


def sampled_orders(players: int, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Return random orders of players, each followed by its reverse, which takes variance out of what they tell.

    Parameters
    ----------
    players, count : int
        How many players; how many orders, rounded up to an even number.
    seed : int
        Address of the luck.

    Examples
    --------
    >>> orders = sampled_orders(4, 3, seed=1)
    >>> orders.shape, bool((orders[1] == orders[0][::-1]).all())
    ((4, 4), True)
    """
    luck = np.random.Generator(np.random.Philox(seed))
    one_way = [luck.permutation(players) for _ in range((count + 1) // 2)]
    return np.array([order for one in one_way for order in (one, one[::-1])], dtype=np.int64).reshape(-1, players)


def coalitions_of(order: npt.NDArray[np.int64]) -> list[int]:
    """Return the coalitions met while players join in an order, nobody to all, as bits.

    Examples
    --------
    >>> coalitions_of(np.array([1, 0]))
    [0, 2, 3]
    """
    met = [0]
    for player in order.tolist():
        met.append(met[-1] | 1 << player)
    return met


def sampled_shapley(orders: npt.NDArray[np.int64], along: Floats) -> tuple[Floats, Floats]:
    """Return Shapley values as the mean over sampled orders, and their standard errors.

    Parameters
    ----------
    orders : array, shape (orders, players)
        As ``sampled_orders`` gives them: pairs of an order and its reverse.
    along : array, shape (orders, players + 1, ...)
        Worth of the coalitions of ``coalitions_of``, order by order.

    Returns
    -------
    tuple of array
        Values (players, ...), which add up to the worth of all less that of nobody whatever the orders; standard
        errors (players, ...) over pairs of orders, NaN with one pair only.
    """
    gained = np.diff(along, axis=1)
    by_player = np.empty_like(gained)
    for row, order in enumerate(orders):
        by_player[row, order] = gained[row]
    pairs = (by_player[::2] + by_player[1::2]) / 2.0
    if len(pairs) < 2:
        return pairs.mean(axis=0), np.full(pairs.shape[1:], np.nan)
    return pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))


@dataclass(frozen=True)
class Histogram:
    """Persons by income per head in bins of equal steps of the logarithm.

    Attributes
    ----------
    persons : array, dims (..., bin)
        Persons.
    edges : array, shape (bin + 1,)
        Edges of the bins, yuan per head, rising by equal factors.
    """

    persons: Floats
    edges: Floats

    @property
    def step(self) -> float:
        """Return the width of a bin, log points."""
        return float(np.log(self.edges[-1] / self.edges[0]) / (len(self.edges) - 1))

    @property
    def centres(self) -> Floats:
        """Return the mean income of each bin, its persons spread evenly over log income."""
        return np.asarray(np.diff(self.edges) / self.step)

    def mean(self) -> Floats:
        """Return mean income per head, dims (...)."""
        return np.asarray(self.persons @ self.centres / self.persons.sum(axis=-1))


def edges_of(lower: npt.ArrayLike) -> Floats:
    """Return all edges of bins from their lower ones, which rise by equal factors.

    Examples
    --------
    >>> edges_of([1.0, 10.0, 100.0]).round(6).tolist()
    [1.0, 10.0, 100.0, 1000.0]
    """
    low = np.asarray(lower, dtype=np.float64)
    return np.append(low, low[-1] * (low[-1] / low[0]) ** (1.0 / (len(low) - 1)))


def poverty_of(
    histogram: Histogram, line: npt.ArrayLike, measure: Poverty = "headcount_ratio"
) -> tuple[Floats, Floats]:
    """Return poverty by a line and the most it can be off because incomes are known by bins only.

    Within a bin persons are taken to be spread evenly over the logarithm of income.

    Parameters
    ----------
    histogram : Histogram
        Persons, dims (..., bin).
    line : array
        Yuan per head, dims (...) or one number.
    measure : {"headcount_ratio", "poverty_gap"}
        Foster-Greer-Thorbecke of order 0 or 1.

    Returns
    -------
    tuple of array
        Shares of persons, dims (...): poverty, and the bound on its error.

    Examples
    --------
    >>> people = Histogram(np.array([10.0, 30.0, 60.0]), edges_of([100.0, 1000.0, 10000.0]))
    >>> [round(float(part), 3) for part in poverty_of(people, 1000.0)]
    [0.1, 0.3]
    """
    persons, lowest = histogram.persons, histogram.edges[0]
    lines = np.broadcast_to(np.asarray(line, dtype=np.float64), persons.shape[:-1])
    place = np.clip(np.log(np.maximum(lines, lowest) / lowest) / histogram.step, 0.0, persons.shape[-1])
    whole = np.minimum(place.astype(np.int64), persons.shape[-1] - 1)
    part, here = place - whole, _at(persons, whole)
    below, total = _at(_before(persons), whole), persons.sum(axis=-1)
    if measure == "headcount_ratio":
        # a line at an edge may still find the whole of the bin above it misplaced by rounding, hence no exact zero
        return (below + part * here) / total, np.maximum(part, 1.0 - part) * here / total
    cash, ends = persons * histogram.centres, histogram.edges[whole]
    tops = np.minimum(lines, histogram.edges[whole + 1])
    inside = here * (part - (np.maximum(tops, ends) - ends) / (histogram.step * lines))
    spread = _at(_before(persons * np.diff(histogram.edges) / 2.0), whole) + here * np.diff(histogram.edges)[whole]
    return (below - _at(_before(cash), whole) / lines + inside) / total, spread / (lines * total)


def _before(values: Floats) -> Floats:
    """Return running sums, each without its own item."""
    return np.asarray(np.cumsum(values, axis=-1) - values)


def _at(values: Floats, place: npt.NDArray[np.int64]) -> Floats:
    return np.asarray(np.take_along_axis(values, place[..., np.newaxis], axis=-1)[..., 0])


def growth_redistribution(
    first: Histogram, second: Histogram, lines: tuple[float, float], measure: Poverty = "headcount_ratio"
) -> xr.Dataset:
    """Split a change in poverty into growth of the mean, redistribution about it, and a change of the line.

    Parameters
    ----------
    first, second : Histogram
        Persons by income, dims (draw, bin), before and after (or under one plan and another), the same edges.
    lines : tuple of float
        Poverty lines of the two, yuan per head.
    measure : {"headcount_ratio", "poverty_gap"}
        What is split.

    Returns
    -------
    Dataset
        ``shapley`` (component, draw): shares that add up to ``change`` (draw), the change by the histograms.
        ``at_first`` (component, draw): each alone, from the first's distribution, mean and line, and ``residual``
        (draw), what that leaves over, as G. Datt and M. Ravallion, "Growth and redistribution components of changes
        in poverty measures", 10.1016/0304-3878(92)90001-P, have it. ``bound`` (draw): the most that any of these can
        be off by bins. The mean of a distribution is that of its histogram.

    Examples
    --------
    >>> edges = edges_of(np.geomspace(100, 10000, 60))
    >>> poor = Histogram(np.exp(-(np.log(edges[:-1] / 1000) ** 2))[np.newaxis], edges)
    >>> same = growth_redistribution(poor, poor, (900.0, 900.0))
    >>> float(abs(same["shapley"]).max()), float(same["change"].max())
    (0.0, 0.0)
    """
    means = (first.mean(), second.mean())
    worth, bounds = [], []
    for coalition in range(1 << len(COMPONENTS)):
        mean, shape, line = (coalition >> place & 1 for place in range(len(COMPONENTS)))
        # incomes scaled to another mean against a line are incomes as they are against a scaled line
        scaled = lines[line] * (1.0 if mean == shape else means[shape] / means[mean])
        found, bound = poverty_of((first, second)[shape], scaled, measure)
        worth.append(found)
        bounds.append(bound)
    alone = np.array([worth[1 << place] - worth[0] for place in range(len(COMPONENTS))])
    change = worth[-1] - worth[0]
    return xr.Dataset(
        {
            "shapley": (("component", "draw"), shapley(np.array(worth)), _labels("Shapley share", "沙普利分解")),
            "at_first": (("component", "draw"), alone, _labels("each alone", "单独变动")),
            "residual": ("draw", change - alone.sum(axis=0), _labels("left over", "剩余项")),
            "change": ("draw", change, _labels("change by histograms", "按分组计算的变动")),
            "bound": ("draw", 2.0 * np.max(bounds, axis=0), _labels("bound of the error by bins", "分组误差上界")),
        },
        {"component": list(COMPONENTS), "component_zh": ("component", [_NAMES[code] for code in COMPONENTS])},
        {"measure": measure},
    )


def _labels(en: str, zh: str) -> dict[str, str]:
    return {"units": "share", "long_name": en, "long_name_zh": zh}
