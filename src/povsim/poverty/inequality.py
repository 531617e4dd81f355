"""Inequality: Gini, Theil, Hoover and Atkinson, each on weighted incomes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from povsim.errors import InputError, Problem
from povsim.poverty.doors import Asked, answer
from povsim.poverty.ordering import gini_of_rising, rising
from povsim.poverty.sums import dot

Floats = npt.NDArray[np.float64]


def mean_income(income: Any, *, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return mean income.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``.

    Returns
    -------
    float, array or DataArray
        The unit of the income.

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    Examples
    --------
    >>> mean_income([1.0, 2.0], weight=[3, 1])
    1.25
    """
    return answer(Asked("mean_income", income, weight, by, dim), lambda y, w, _: _mean(y, w))


def gini(
    income: Any,
    *,
    weight: Any = None,
    by: Any = None,
    dim: str | None = None,
    convention: Literal["trapezoid", "upper"] = "trapezoid",
) -> Any:
    """Return the Gini coefficient.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero are allowed (the coefficient can then pass 1); their mean must be
        above zero, else the answer is NaN (0 where nobody has anything).
    convention : {"trapezoid", "upper"}
        Area under the Lorenz curve by trapezoids, that is, half the mean absolute difference between all pairs of
        persons, self-pairs included, over the mean: unchanged if everybody comes twice (R's laeken, the World Bank's
        Handbook). ``upper`` ranks each row by all persons up to and including its own, as R's convey does: a little
        higher, and the order of tied rows then matters (here: as given).

    Returns
    -------
    float, array or DataArray
        Between 0 and 1 for incomes from zero on. There is no small-sample factor n / (n - 1).

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    Examples
    --------
    >>> round(gini(np.array([10, 15, 20, 25, 40, 20, 30, 35, 45, 90])), 7)
    0.3272727
    """
    if convention not in ("trapezoid", "upper"):
        problem = Problem("convention", "is unknown", repr(convention), "trapezoid, upper")
        raise InputError("gini", [problem])

    def kernel(y: Floats, w: Floats, _: Floats) -> float:
        return _upper(y, w) if convention == "upper" else gini_of_rising(*rising(y, w))

    return answer(Asked("gini", income, weight, by, dim), kernel)


def _upper(y: Floats, w: Floats) -> float:
    order = np.argsort(y, kind="stable")
    cash = (w * y)[order]
    rank = np.cumsum(w[order])
    total = float(cash.sum())
    return 2.0 * dot(cash, rank) / (rank[-1] * total) - 1.0 if total > 0 else float("nan")


def theil_l(income: Any, *, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return Theil's L, the mean log deviation: the mean logarithm of the mean over the income.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``. Incomes must be above zero: their logarithm is taken.

    Returns
    -------
    float, array or DataArray
        Log points.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for incomes at or below zero.

    References
    ----------
    H. Theil, "Economics and information theory" (1967).

    Examples
    --------
    >>> round(theil_l(np.array([10, 15, 20, 25, 40, 20, 30, 35, 45, 90])), 7)
    0.1792203
    """

    def kernel(y: Floats, w: Floats, _: Floats) -> float:
        return float(np.log(_mean(y, w)) - dot(w, np.log(y)) / w.sum())

    return answer(Asked("theil_l", income, weight, by, dim, least=0.0, open_end=True), kernel)


def theil_t(income: Any, *, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return Theil's T: the mean of r log r with r the income over the mean.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``. An income of zero counts zero, its limit; incomes below zero are refused.

    Returns
    -------
    float, array or DataArray
        Log points; 0 where nobody has anything.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for incomes below zero.

    References
    ----------
    H. Theil, "Economics and information theory" (1967).

    Examples
    --------
    >>> round(theil_t(np.array([10, 15, 20, 25, 40, 20, 30, 35, 45, 90])), 7)
    0.1830644
    """

    def kernel(y: Floats, w: Floats, _: Floats) -> float:
        mean = _mean(y, w)
        if mean == 0.0:
            return 0.0
        ratio = y / mean
        return float(dot(w * ratio, np.log(np.where(ratio > 0, ratio, 1.0))) / w.sum())

    return answer(Asked("theil_t", income, weight, by, dim, least=0.0), kernel)


def hoover(income: Any, *, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the Hoover index: the share of all income that would have to move for everybody to have the mean.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``. NaN where the mean is not above zero.

    Returns
    -------
    float, array or DataArray
        Share.

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    Examples
    --------
    >>> round(hoover(np.array([10, 15, 20, 25, 40, 20, 30, 35, 45, 90])), 7)
    0.2363636
    """

    def kernel(y: Floats, w: Floats, _: Floats) -> float:
        mean = _mean(y, w)
        return float(dot(w, np.abs(y - mean)) / (2.0 * mean * w.sum())) if mean > 0 else float("nan")

    return answer(Asked("hoover", income, weight, by, dim), kernel)


def atkinson(income: Any, *, aversion: float, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the Atkinson index: the share of income that even incomes of the same welfare would save.

    Parameters
    ----------
    income, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero are refused; an income of zero makes the index 1 where the
        aversion is 1 or more.
    aversion : float
        Aversion to inequality, above zero.

    Returns
    -------
    float, array or DataArray
        Share; 0 where nobody has anything.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for incomes below zero, or an aversion at or below zero.

    References
    ----------
    A. Atkinson, "On the measurement of inequality", 10.1016/0022-0531(70)90039-6.

    Examples
    --------
    >>> income = np.array([10, 15, 20, 25, 40, 20, 30, 35, 45, 90])
    >>> [round(atkinson(income, aversion=e), 7) for e in (0.5, 1, 2)]
    [0.0869155, 0.1640783, 0.2901688]
    """
    if not 0 < aversion < np.inf:
        raise InputError("atkinson", [Problem("aversion", "is not above zero", f"{aversion}", "above 0")])

    def kernel(y: Floats, w: Floats, _: Floats) -> float:
        mean = _mean(y, w)
        if mean == 0.0:
            return 0.0
        if aversion >= 1 and (y[w > 0] == 0).any():
            return 1.0
        return 1.0 - _even(y[w > 0] / mean, w[w > 0], aversion)

    return answer(Asked("atkinson", income, weight, by, dim, least=0.0), kernel)


def _even(ratio: Floats, w: Floats, aversion: float) -> float:
    """Return the evenly spread share of the mean that is as good as what there is."""
    if aversion == 1.0:
        return float(np.exp(dot(w, np.log(ratio)) / w.sum()))
    power = 1.0 - aversion
    return float((dot(w, ratio**power) / w.sum()) ** (1.0 / power))


def _mean(y: Floats, w: Floats) -> float:
    return float(dot(w, y) / w.sum())
