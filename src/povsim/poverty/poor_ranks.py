"""Poverty measures that look at ranks among the poor: Sen, Sen-Shorrocks-Thon and Takayama."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.poverty.doors import Asked, answer
from povsim.poverty.ordering import gini_of_rising, rising
from povsim.poverty.sums import dot

Floats = npt.NDArray[np.float64]


def _poor(y: Floats, w: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the poor's incomes as shares of their lines, rising, their weights, and the line that is then 1."""
    low = (y < z) & (w > 0)
    share = np.maximum(y[low], 0.0) / (z if z.size == 1 else z[low])
    return *rising(share, w[low]), np.ones(1)


def poor_gini(income: Any, *, line: Any, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the Gini coefficient among the poor, zero where nobody is poor.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero count as zero; with lines that differ, incomes are compared as
        shares of them.

    Returns
    -------
    float, array or DataArray
        By the convention of ``gini``.

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    Examples
    --------
    >>> round(poor_gini(np.array([100, 110, 150, 160]), line=125), 7)
    0.0238095
    """

    def kernel(y: Floats, w: Floats, z: Floats) -> float:
        poor, weights, _ = _poor(y, w, z)
        return gini_of_rising(poor, weights) if poor.size else 0.0

    return answer(Asked("poor_gini", income, weight, by, dim, line), kernel)


def sen(
    income: Any,
    *,
    line: Any,
    weight: Any = None,
    by: Any = None,
    dim: str | None = None,
    small_sample: bool = False,
) -> Any:
    """Return the Sen measure H (I + (1 - I) G), with the Gini coefficient G of the poor alone.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero count as zero.
    small_sample : bool
        Whether G is multiplied by q / (q + 1), with q poor persons, each counted by weight, as Sen wrote it and Stata's
        ``poverty`` has it. It then changes if everybody comes twice; the default does not.

    Returns
    -------
    float, array or DataArray
        Between 0 and 1. I is the poor's mean shortfall as a share of the line, H the headcount ratio.

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    References
    ----------
    A. Sen, "Poverty: an ordinal approach to measurement", 10.2307/1912718.

    Examples
    --------
    >>> round(sen(np.array([100, 110, 150, 160]), line=125), 12)
    0.09
    """

    def kernel(y: Floats, w: Floats, z: Floats) -> float:
        poor, weights, one = _poor(y, w, z)
        count = float(weights.sum())
        if count == 0.0:
            return 0.0
        shortfall = dot(weights, one - poor) / count
        spread = gini_of_rising(poor, weights) * (count / (count + 1.0) if small_sample else 1.0)
        return count / float(w.sum()) * (shortfall + (1.0 - shortfall) * spread)

    return answer(Asked("sen", income, weight, by, dim, line), kernel)


def sen_shorrocks_thon(income: Any, *, line: Any, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the Sen-Shorrocks-Thon measure: the poverty gap times one plus the Gini coefficient of everybody's gaps.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero count as zero.

    Returns
    -------
    float, array or DataArray
        Between 0 and 1; unchanged if everybody comes twice.

    Raises
    ------
    InputError
        As in ``headcount_ratio``.

    References
    ----------
    A. Shorrocks, "Revisiting the Sen poverty index", Econometrica 63 (1995).

    Examples
    --------
    >>> round(sen_shorrocks_thon(np.array([100, 110, 150, 160]), line=125), 12)
    0.125
    """

    def kernel(y: Floats, w: Floats, z: Floats) -> float:
        gaps, weights = rising(np.clip(1.0 - y / z, 0.0, 1.0), w)
        return float(dot(gaps, weights) / weights.sum()) * (1.0 + gini_of_rising(gaps, weights))

    return answer(Asked("sen_shorrocks_thon", income, weight, by, dim, line), kernel)


def takayama(income: Any, *, line: Any, weight: Any = None, by: Any = None, dim: str | None = None) -> Any:
    """Return the Takayama measure: the Gini coefficient of incomes cut off at the line.

    Parameters
    ----------
    income, line, weight, by, dim
        As in ``headcount_ratio``. Incomes below zero count as zero; with lines that differ, incomes are taken as shares
        of them. It may fall when somebody poor loses income.

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
    N. Takayama, "Poverty, income inequality, and their measures", Econometrica 47 (1979).

    Examples
    --------
    >>> round(takayama(np.arange(1, 101), line=25.25), 8)
    0.11523944
    """

    def kernel(y: Floats, w: Floats, z: Floats) -> float:
        return gini_of_rising(*rising(np.clip(y / z, 0.0, 1.0), w))

    return answer(Asked("takayama", income, weight, by, dim, line), kernel)
