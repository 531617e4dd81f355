"""Changes between two dates: growth by rank, and what growth, redistribution and the line did to poverty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.poverty.games import shapley
from povsim.poverty.inequality import mean_income
from povsim.poverty.names import attributes
from povsim.poverty.quantiles import quantile

Measure = Callable[..., Any]
"""Such as ``headcount_ratio`` or ``poverty_gap``: income, ``line=`` and ``weight=`` to a number."""
Pair = tuple[Any, Any]

RANKS = tuple(round(place / 100, 2) for place in range(1, 100))


@dataclass(frozen=True)
class GrowthRedistribution:
    """A change in poverty and its parts, floats, arrays or DataArrays.

    Attributes
    ----------
    change, growth, redistribution, residual : float, array or DataArray
        The change; with the distribution held; with the mean held; what these two leave over.
    """

    change: Any
    growth: Any
    redistribution: Any
    residual: Any


@dataclass(frozen=True)
class ShapleyChange:
    """A change in poverty and its Shapley shares, which add up to it.

    Attributes
    ----------
    change, growth, redistribution, line : float, array or DataArray
        The change; shares of the mean, of the distribution about it and of the line.
    """

    change: Any
    growth: Any
    redistribution: Any
    line: Any


def growth_incidence(
    first: Any, second: Any, *, ranks: Sequence[float] = RANKS, weights: Pair = (None, None), dim: str | None = None
) -> Any:
    """Return growth of income at each rank of the distribution between two dates.

    Parameters
    ----------
    first, second : array or DataArray
        Incomes per head at the two dates, at constant prices; the persons need not be the same.
    ranks : sequence of float
        Ranks, 0-1.
    weights : pair
        Weights at the two dates.
    dim : str, optional
        Dim of persons, for DataArrays.

    Returns
    -------
    array or DataArray, dims (..., rank)
        Share by which the quantile grew, over the whole time between the dates; NaN where it was not above zero.

    Raises
    ------
    InputError
        As in ``quantile``.

    References
    ----------
    M. Ravallion and S. Chen, "Measuring pro-poor growth", 10.1016/S0165-1765(02)00205-7.

    Examples
    --------
    >>> growth_incidence([100.0, 200, 400], [110.0, 220, 400], ranks=(0.2, 0.5, 0.9)).round(6).tolist()
    [0.1, 0.1, 0.0]
    """
    name, shares = "growth_incidence", list(ranks)
    before = quantile(first, share=shares, weight=weights[0], dim=dim)
    after = quantile(second, share=shares, weight=weights[1], dim=dim)
    if isinstance(before, xr.DataArray):
        return (after / before.where(before > 0) - 1.0).rename(name).assign_attrs(attributes(name))
    return after / np.where(before > 0, before, np.nan) - 1.0


def datt_ravallion(
    first: Any,
    second: Any,
    *,
    line: Any,
    measure: Measure,
    weights: Pair = (None, None),
    reference: Literal["first", "second"] = "first",
) -> GrowthRedistribution:
    """Split a change in poverty into growth of the mean and redistribution about it, seen from one of the dates.

    Parameters
    ----------
    first, second : array or DataArray
        Incomes per head at the two dates, at constant prices.
    line : float
        Poverty line at both.
    measure : callable
        Such as ``headcount_ratio``.
    weights : pair
        Weights at the two dates.
    reference : {"first", "second"}
        Date whose distribution growth is seen with, and whose mean redistribution is seen with.

    Returns
    -------
    GrowthRedistribution
        Adding up to the change. The residual changes its sign with the reference.

    Raises
    ------
    InputError
        As the measure; or where a mean is not above zero.

    References
    ----------
    G. Datt and M. Ravallion, "Growth and redistribution components of changes in poverty measures",
    10.1016/0304-3878(92)90001-P.

    Examples
    --------
    >>> from povsim.poverty.gaps import poverty_gap
    >>> found = datt_ravallion([50.0, 150], [60.0, 180], line=100, measure=poverty_gap)
    >>> round(found.growth, 12), round(found.redistribution, 12)
    (-0.05, 0.0)
    """
    if reference not in ("first", "second"):
        found = repr(reference)
        raise InputError("datt_ravallion", [Problem("reference", "is unknown", found, "first, second")])
    worth = _Worth(measure, (first, second), weights, (line, line))
    change = worth(1, 1, 0) - worth(0, 0, 0)
    if reference == "first":
        growth, spread = worth(1, 0, 0) - worth(0, 0, 0), worth(0, 1, 0) - worth(0, 0, 0)
    else:
        growth, spread = worth(1, 1, 0) - worth(0, 1, 0), worth(1, 1, 0) - worth(1, 0, 0)
    return GrowthRedistribution(change, growth, spread, change - growth - spread)


def shapley_change(
    first: Any, second: Any, *, lines: Pair, measure: Measure, weights: Pair = (None, None)
) -> ShapleyChange:
    """Split a change in poverty into the Shapley shares of the mean, of the distribution about it and of the line.

    Parameters
    ----------
    first, second : array or DataArray
        Incomes per head at the two dates.
    lines : pair of float
        Poverty lines at the two dates.
    measure : callable
        Such as ``headcount_ratio``.
    weights : pair
        Weights at the two dates.

    Returns
    -------
    ShapleyChange
        Shares that add up to the change, without a residual and without a reference date.

    Raises
    ------
    InputError
        As the measure; or where a mean is not above zero.

    References
    ----------
    A. Shorrocks, "Decomposition procedures for distributional analysis: a unified framework based on the Shapley
    value", 10.1007/s10888-011-9214-z.

    Examples
    --------
    >>> from povsim.poverty.gaps import poverty_gap
    >>> found = shapley_change([50.0, 150], [60.0, 180], lines=(100, 100), measure=poverty_gap)
    >>> round(found.growth, 12), round(found.redistribution, 12), found.line
    (-0.05, 0.0, 0.0)
    """
    worth = _Worth(measure, (first, second), weights, lines)
    games = [worth(*(coalition >> place & 1 for place in range(3))) for coalition in range(8)]
    shares = shapley([np.asarray(game) for game in games])
    return ShapleyChange(games[-1] - games[0], *(_shared(games, share) for share in shares))


def _shared(games: Sequence[Any], share: Any) -> Any:
    if isinstance(games[-1], xr.DataArray):
        return games[-1].copy(data=share)
    return share if share.ndim else share.item()


class _Worth:
    """Poverty with mean, distribution and line each taken from one of two dates: what decompositions play with."""

    def __init__(self, measure: Measure, incomes: Pair, weights: Pair, lines: Pair) -> None:
        self.measure, self.weights, self.lines = measure, weights, lines
        self.incomes = tuple(x if isinstance(x, xr.DataArray) else np.asarray(x, dtype=np.float64) for x in incomes)
        self.means = tuple(mean_income(x, weight=w) for x, w in zip(self.incomes, weights, strict=True))
        named = zip(("first", "second"), self.means, strict=True)
        wrong = [place for place, mean in named if not (np.asarray(mean) > 0).all()]
        if wrong:
            problems = [Problem(place, "has no mean above zero", "", "a mean above 0") for place in wrong]
            raise InputError("decomposition", problems)

    def __call__(self, mean: int, shape: int, line: int) -> Any:
        """Return poverty with the mean, the distribution and the line of the first (0) or second (1) date."""
        income = self.incomes[shape]
        if mean != shape:
            factor = self.means[mean] / self.means[shape]
            income = income * (factor[..., np.newaxis] if isinstance(factor, np.ndarray) else factor)
        return self.measure(income, line=self.lines[line], weight=self.weights[shape])
