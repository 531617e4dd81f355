"""Measures that add up over persons: the Foster-Greer-Thorbecke family and Watts, and what follows from Watts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.errors import InputError, Problem
from povsim.poverty.doors import Asked, Kernel, answer
from povsim.poverty.sums import PIECE, dot

Floats = npt.NDArray[np.float64]


def headcount_ratio(
    income: Any, *, line: Any, weight: Any = None, by: Any = None, dim: str | None = None, poor_at_line: bool = False
) -> Any:
    """Return the share of persons with an income below a line.

    Parameters
    ----------
    income : array or DataArray, dims (..., person)
        Income per head, any unit of money.
    line : float, array or DataArray
        Poverty line, the same unit, above zero.
    weight : array or DataArray, optional
        Persons that each row stands for, from zero on.
    by : array, DataArray or str, optional
        Groups, one label a person, or the name of a coordinate; the answer has one value a group.
    dim : str, optional
        Dim of persons, for DataArrays.
    poor_at_line : bool
        Whether an income exactly at the line is poor; the rule of the register (低于标准) and of most surveys is no.

    Returns
    -------
    float, array or DataArray
        Share, 0-1. Incomes and line are compared as stored, without rounding or tolerance: an income kept in single
        precision is the number that single precision made of it.

    Raises
    ------
    InputError
        Naming everything wrong: not numbers, negative weights, nobody, a line at or below zero, labels that differ.

    References
    ----------
    J. Foster, J. Greer and E. Thorbecke, "A class of decomposable poverty measures", 10.2307/1913475.

    Examples
    --------
    >>> headcount_ratio(np.array([100, 110, 150, 160]), line=125)
    0.5
    >>> headcount_ratio(np.array([125.0, 130.0]), line=125), headcount_ratio([125, 130], line=125, poor_at_line=True)
    (0.0, 0.5)
    """

    def share(y: Floats, w: Floats, z: Floats) -> float:
        return float(dot(w, y <= z) / w.sum())

    kernel = share if poor_at_line else _first(_orders((0.0,)))
    return answer(Asked("headcount_ratio", income, weight, by, dim, line), kernel)


def poverty_gap(income: Any, *, line: Any, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the mean shortfall from a line as a share of the line, those above it counting zero.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero count as zero.

    Returns
    -------
    float, array or DataArray
        Share of the line, 0-1.

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    References
    ----------
    J. Foster, J. Greer and E. Thorbecke, 10.2307/1913475.

    Examples
    --------
    >>> round(poverty_gap(np.array([100, 110, 150, 160]), line=125), 12)
    0.08
    """
    return answer(Asked("poverty_gap", income, weight, by, dim, line), _first(_orders((1.0,))))


def poverty_severity(income: Any, *, line: Any, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the mean squared shortfall from a line.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero count as zero.

    Returns
    -------
    float, array or DataArray
        Between 0 and 1.

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    References
    ----------
    J. Foster, J. Greer and E. Thorbecke, 10.2307/1913475.

    Examples
    --------
    >>> round(poverty_severity(np.array([100, 110, 150, 160]), line=125), 12)
    0.0136
    """
    return answer(Asked("poverty_severity", income, weight, by, dim, line), _first(_orders((2.0,))))


def fgt(
    income: Any,
    *,
    line: Any,
    alpha: float | Sequence[float],
    weight: Any = None,
    by: Any = None,
    dim: str | None = None,
) -> Any:
    """Return Foster-Greer-Thorbecke measures of any order, several in one pass over the data.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero count as zero.
    alpha : float or sequence of float
        Order, from 0 on; 0, 1 and 2 are headcount ratio, poverty gap and severity. Of a sequence the answer has one
        value an order, the last axis, ``alpha`` in DataArrays.

    Returns
    -------
    float, array or DataArray
        Between 0 and 1.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for an order below zero.

    References
    ----------
    J. Foster, J. Greer and E. Thorbecke, 10.2307/1913475.

    Examples
    --------
    >>> fgt(np.array([100, 110, 150, 160]), line=125, alpha=(0, 1, 2)).round(12).tolist()
    [0.5, 0.08, 0.0136]
    """
    several = not np.isscalar(alpha)
    orders = tuple(float(order) for order in np.atleast_1d(np.asarray(alpha, dtype=np.float64)))
    wrong = [order for order in orders if not order >= 0]
    if wrong or not orders:
        found = ", ".join(f"{order:g}" for order in wrong) or "none"
        raise InputError("fgt", [Problem("alpha", "is not an order", found, "numbers from 0 on")])
    asked = Asked("fgt", income, weight, by, dim, line)
    return answer(asked, _orders(orders), ("alpha", orders)) if several else answer(asked, _first(_orders(orders)))


def _first(kernel: Kernel) -> Kernel:
    return lambda y, w, z: kernel(y, w, z)[0]


def _orders(orders: tuple[float, ...]) -> Kernel:
    """Return the kernel of some orders."""

    def kernel(y: Floats, w: Floats, z: Floats) -> Floats:
        sums = np.zeros(len(orders))
        gap = np.empty(min(PIECE, y.size))
        for low in range(0, y.size, PIECE):
            part = slice(low, low + PIECE)
            lines = z if z.size == 1 else z[part]
            sums += _chunk_sums(orders, (y[part], w[part], lines), gap[: y[part].size])
        return np.asarray(sums / w.sum())

    return kernel


def _chunk_sums(orders: tuple[float, ...], rows: tuple[Floats, Floats, Floats], gap: Floats) -> list[float]:
    y, w, z = rows
    if orders != (0.0,):
        np.divide(y, z, out=gap)
        np.subtract(1.0, gap, out=gap)
        np.clip(gap, 0.0, 1.0, out=gap)
    found = []
    for order in orders:
        if order == 0.0:
            # the gap of an income just below the line may round to zero: the headcount compares the numbers themselves
            found.append(dot(w, (y < z).astype(np.float64)))
        elif order == 1.0:
            found.append(dot(w, gap))
        else:
            power = gap * gap if order == 2.0 else gap**order
            found.append(dot(w, power))
    return found


def watts(
    income: Any, *, line: Any, weight: Any = None, by: Any = None, dim: str | None = None, floor: float | None = None
) -> Any:
    """Return the mean log shortfall from a line, those above it counting zero.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``headcount_ratio``.
    floor : float, optional
        Share of the line to which lower incomes are raised. The logarithm of an income at or below zero does not
        exist: without a floor such incomes are refused.

    Returns
    -------
    float, array or DataArray
        Log points.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or for incomes at or below zero and no floor, or a floor outside 0-1.

    References
    ----------
    H. Watts, "An economic definition of poverty" (1968); B. Zheng, "An axiomatic characterization of the Watts poverty
    index" (1993).

    Examples
    --------
    >>> round(watts(np.array([100, 110, 150, 160]), line=125), 7)
    0.0877442
    """
    if floor is not None and not 0 < floor <= 1:
        raise InputError("watts", [Problem("floor", "is not a share of the line", f"{floor}", "above 0, at most 1")])

    def kernel(y: Floats, w: Floats, z: Floats) -> float:
        low = y < z
        lines = z if z.size == 1 else z[low]
        poor = y[low] if floor is None else np.maximum(y[low], floor * lines)
        return float(dot(w[low], np.log(lines / poor)) / w.sum())

    least = 0.0 if floor is None else None
    return answer(Asked("watts", income, weight, by, dim, line, least, open_end=True), kernel)


def exit_time(
    income: Any, *, line: Any, growth: float, weight: Any = None, by: Any = None, dim: str | None = None
) -> Any:
    """Return the mean time until persons pass a line if every income grows at one rate, those above it counting zero.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``watts``, without a floor.
    growth : float
        Growth of log income a year, above zero. Divide by the headcount ratio for the mean over the poor alone.

    Returns
    -------
    float, array or DataArray
        Years.

    Raises
    ------
    InputError
        As in ``watts``; or for growth at or below zero.

    References
    ----------
    J. Morduch, "Poverty, economic growth, and average exit time" (1998), 10.1016/S0165-1765(98)00070-6.

    Examples
    --------
    >>> round(exit_time(np.array([100, 110, 150, 160]), line=125, growth=0.05), 7)
    1.7548846
    """
    if not growth > 0:
        raise InputError("exit_time", [Problem("growth", "leads nobody over the line", f"{growth}", "above 0")])
    return watts(income, line=line, weight=weight, by=by, dim=dim) / growth
