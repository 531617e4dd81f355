"""Quantiles and what is built on them: shares of groups, relative lines and rates, a line for a given share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.errors import InputError, Problem
from povsim.poverty.doors import Asked, answer
from povsim.poverty.ordering import rising
from povsim.poverty.sums import dot

Floats = npt.NDArray[np.float64]

_TIE = 1e-12
"""Running weights are sums of doubles: within this share of all weight of a wanted rank they are taken to be at it."""


def quantile_of_rising(values: Floats, weight: Floats, share: float) -> float:
    """Return the value at a rank of rising values: the lowest with at least that share of weight up to it.

    Where the share falls exactly between two values: the middle between them (type 2 of R, as laeken has it).

    Examples
    --------
    >>> quantile_of_rising(np.array([1.0, 2, 3, 4]), np.ones(4), 0.5)
    2.5
    """
    if weight.min() <= 0:
        values, weight = values[weight > 0], weight[weight > 0]
    running = np.cumsum(weight)
    goal, slack = share * running[-1], _TIE * running[-1]
    place = min(int(np.searchsorted(running, goal - slack)), values.size - 1)
    between = abs(running[place] - goal) <= slack and place + 1 < values.size
    return float((values[place] + values[place + 1]) / 2.0 if between else values[place])


def _share_checked(name: str, what: str, *shares: float) -> None:
    wrong = [share for share in shares if not 0 <= share <= 1]
    if wrong:
        found = ", ".join(f"{share}" for share in wrong)
        raise InputError(name, [Problem(what, "is not a share", found, "0 to 1; percent are divided by 100")])


def quantile(
    income: Any, *, share: float | Sequence[float], weight: Any = None, by: Any = None, dim: str | None = None
) -> Any:
    """Return incomes at ranks of the distribution.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``.
    share : float or sequence of float
        Ranks, 0-1; of a sequence the answer has one value a rank, the last axis, ``rank`` in DataArrays.

    Returns
    -------
    float, array or DataArray
        The lowest income with at least that share of persons up to it; the middle between two where the share falls
        exactly between them. Unchanged if everybody comes twice.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for shares outside 0-1.

    Examples
    --------
    >>> quantile(np.array([1.0, 2, 3, 4]), share=(0.25, 0.3)).tolist()
    [1.5, 2.0]
    """
    shares = [float(one) for one in np.atleast_1d(np.asarray(share, dtype=np.float64))]
    _share_checked("quantile", "share", *shares)

    def kernel(y: Floats, w: Floats, _: Floats) -> Any:
        ordered = rising(y, w)
        found = [quantile_of_rising(*ordered, one) for one in shares]
        return found[0] if np.isscalar(share) else found

    return answer(Asked("quantile", income, weight, by, dim), kernel, None if np.isscalar(share) else ("rank", shares))


def quantile_shares(income: Any, *, count: int = 5, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the share of all income that goes to each of equal groups of persons, the poorest first.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``. NaN where the mean is not above zero.
    count : int
        Number of groups: 5 for fifths, 10 for tenths.

    Returns
    -------
    array or DataArray
        Shares, adding up to 1, over ``quantile_group``, 1 the poorest. A row at an edge is split: the Lorenz curve runs
        straight between rows.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for a count below one.

    Examples
    --------
    >>> quantile_shares(np.array([1.0, 2, 3, 4]), count=2).tolist()
    [0.3, 0.7]
    """
    if count < 1:
        raise InputError("quantile_shares", [Problem("count", "is no number of groups", f"{count}", "1 or more")])

    def kernel(y: Floats, w: Floats, _: Floats) -> Floats:
        values, weights = rising(y, w)
        persons = np.concatenate(([0.0], np.cumsum(weights)))
        cash = np.concatenate(([0.0], np.cumsum(weights * values)))
        at = np.interp(np.arange(count + 1) / count * persons[-1], persons, cash)
        return np.asarray(np.diff(at) / cash[-1]) if cash[-1] > 0 else np.full(count, np.nan)

    return answer(Asked("quantile_shares", income, weight, by, dim), kernel, ("quantile_group", range(1, count + 1)))


def quintile_ratio(income: Any, *, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return what those above the 80 % quantile have, over what those up to the 20 % quantile have (S80/S20).

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``. NaN where the bottom has nothing.

    Returns
    -------
    float, array or DataArray
        Ratio of sums, as in Eurostat's and laeken's definition: rows are not split.

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    Examples
    --------
    >>> quintile_ratio(np.array([1.0, 2, 3, 4, 5]))
    5.0
    """

    def kernel(y: Floats, w: Floats, _: Floats) -> float:
        values, weights = rising(y, w)
        low, high = (quantile_of_rising(values, weights, share) for share in (0.2, 0.8))
        below, above = values <= low, values > high
        bottom = dot(weights[below], values[below])
        return dot(weights[above], values[above]) / bottom if bottom > 0 else float("nan")

    return answer(Asked("quintile_ratio", income, weight, by, dim), kernel)


def at_risk_threshold(
    income: Any, *, fraction: float = 0.6, weight: Any = None, by: Any = None, dim: str | None = None
) -> Any:
    """Return a relative poverty line: a fraction of the median.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``.
    fraction : float
        Of the median, above zero; 0.6 in the European Union.

    Returns
    -------
    float, array or DataArray
        The unit of the income.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for a fraction at or below zero.

    Examples
    --------
    >>> at_risk_threshold(np.array([10.0, 20, 30]), fraction=0.5)
    10.0
    """
    if not fraction > 0:
        raise InputError("at_risk_threshold", [Problem("fraction", "is not above zero", f"{fraction}", "above 0")])
    asked = Asked("at_risk_threshold", income, weight, by, dim)
    return answer(asked, lambda y, w, _: fraction * quantile_of_rising(*rising(y, w), 0.5))


def at_risk_rate(
    income: Any, *, fraction: float = 0.6, weight: Any = None, by: Any = None, dim: str | None = None
) -> Any:
    """Return the share of persons with an income below a fraction of the median.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``. With ``by`` the median is that of each group.
    fraction : float
        Of the median, above zero.

    Returns
    -------
    float, array or DataArray
        Share, 0-1; an income exactly at the threshold is not at risk.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for a fraction at or below zero.

    Examples
    --------
    >>> at_risk_rate(np.array([10.0, 20, 40, 50]))
    0.25
    """
    if not fraction > 0:
        raise InputError("at_risk_rate", [Problem("fraction", "is not above zero", f"{fraction}", "above 0")])

    def kernel(y: Floats, w: Floats, _: Floats) -> float:
        values, weights = rising(y, w)
        low = values < fraction * quantile_of_rising(values, weights, 0.5)
        return float(weights[low].sum() / weights.sum())

    return answer(Asked("at_risk_rate", income, weight, by, dim), kernel)


def median_gap(
    income: Any, *, line: Any = None, fraction: float = 0.6, weight: Any = None, by: Any = None, dim: str | None = None
) -> Any:
    """Return how far the median of the poor is below the line, as a share of the line.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``.
    line : float, array or DataArray, optional
        One line for all persons of a cell; without it, ``fraction`` of the median.
    fraction : float
        Of the median.

    Returns
    -------
    float, array or DataArray
        Share of the line; NaN where nobody is poor. With a relative line, Eurostat's relative median
        at-risk-of-poverty gap.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for a fraction at or below zero.

    Examples
    --------
    >>> median_gap(np.array([50.0, 80.0, 200.0]), line=100)
    0.35
    """
    if not fraction > 0:
        raise InputError("median_gap", [Problem("fraction", "is not above zero", f"{fraction}", "above 0")])

    def kernel(y: Floats, w: Floats, z: Floats) -> float:
        values, weights = rising(y, w)
        edge = fraction * quantile_of_rising(values, weights, 0.5) if line is None else float(z[0])
        low = (values < edge) & (weights > 0)
        return (edge - quantile_of_rising(values[low], weights[low], 0.5)) / edge if low.any() else float("nan")

    return answer(Asked("median_gap", income, weight, by, dim, line), kernel)


def line_for_share(income: Any, *, share: float, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the line whose headcount ratio is nearest to a share.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``.
    share : float
        Headcount ratio wanted, 0-1.

    Returns
    -------
    float, array or DataArray
        Half-way between the two incomes that the line must part, so that rounding does not matter; of two shares
        equally near, the higher. ``headcount_ratio`` at this line tells the share that is attained. A share of zero
        gives the lowest income, of one a line just above the highest.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for a share outside 0-1.

    Examples
    --------
    >>> line_for_share(np.array([100.0, 200, 300, 400]), share=0.5)
    250.0
    """
    _share_checked("line_for_share", "share", share)

    def kernel(y: Floats, w: Floats, _: Floats) -> float:
        ordered, weights = rising(y[w > 0], w[w > 0])
        values, starts = np.unique(ordered, return_index=True)
        running = np.concatenate(([0.0], np.cumsum(weights)))
        attained = running[np.append(starts, running.size - 1)] / running[-1]
        # a line at the n-th distinct income finds the n below it poor
        place = attained.size - 1 - int(np.argmin(np.abs(attained - share)[::-1]))
        if place == values.size:
            return float(np.nextafter(values[-1], np.inf))
        return float(values[0] if place == 0 else (values[place - 1] + values[place]) / 2.0)

    return answer(Asked("line_for_share", income, weight, by, dim), kernel)
