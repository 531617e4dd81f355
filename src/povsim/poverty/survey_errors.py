"""Standard errors of measures from a sample survey, by linearisation, with strata and clusters.

This is the uncertainty of a sample. The spread of simulations over draws is another thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import stdtrit

from povsim.errors import InputError, Problem
from povsim.poverty import influences
from povsim.poverty.doors import Asked, laid_out, places_of
from povsim.poverty.gaps import headcount_ratio, poverty_gap, poverty_severity, watts
from povsim.poverty.inequality import gini, mean_income
from povsim.poverty.layouts import Laid, group_codes, matched
from povsim.poverty.quantiles import at_risk_rate

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_INFLUENCES: dict[Callable[..., Any], influences.Influence] = {
    headcount_ratio: influences.of_fgt(0.0),
    poverty_gap: influences.of_fgt(1.0),
    poverty_severity: influences.of_fgt(2.0),
    watts: influences.of_watts,
    mean_income: influences.of_income,
    gini: influences.of_gini,
    at_risk_rate: influences.of_at_risk(0.6),
}
_WITH_LINE = (headcount_ratio, poverty_gap, poverty_severity, watts)


@dataclass(frozen=True)
class Design:
    """How a sample was drawn.

    Attributes
    ----------
    weight : array or DataArray, dims (person,), optional
        Persons that each row stands for.
    stratum : array or DataArray, dims (person,), optional
        Stratum of each row; without it there is one.
    cluster : array or DataArray, dims (person,), optional
        Primary sampling unit of each row, counted within its stratum; without it each row is one. Give the household
        where rows are persons.
    lonely : {"refuse", "centre"}
        What to do with strata that have one unit only, which say nothing about spread: refuse them, or measure their
        unit's distance from the mean of all units.
    """

    weight: Any = None
    stratum: Any = None
    cluster: Any = None
    lonely: Literal["refuse", "centre"] = "refuse"


@dataclass(frozen=True)
class Estimate:
    """A measure and the error of its sample, floats or one value a group.

    Attributes
    ----------
    value : float, array or DataArray
        The measure.
    error : float, array or DataArray
        Its standard error, in the same unit.
    low, high : float, array or DataArray
        Ends of the 95 % interval by Student's t.
    degrees_of_freedom : int
        Primary units less strata.
    """

    value: Any
    error: Any
    low: Any
    high: Any
    degrees_of_freedom: int


def standard_error(
    measure: Callable[..., Any], income: Any, *, design: Design, line: Any = None, by: Any = None
) -> Estimate:
    """Return a measure with its standard error.

    Parameters
    ----------
    measure : callable
        One of ``headcount_ratio``, ``poverty_gap``, ``poverty_severity``, ``watts``, ``mean_income``, ``gini``,
        ``at_risk_rate`` (60 % of the median, whose own error counts).
    income : array or DataArray, dims (person,)
        Income per head.
    design : Design
        Weights, strata and clusters.
    line : float, array or DataArray, optional
        Poverty line, taken as known without error.
    by : array, DataArray or str, optional
        Groups: for each, the whole design is kept and everybody else counts zero.

    Returns
    -------
    Estimate
        With z the influence of each row on the measure, w z is summed by primary unit; the variance is the sum over
        strata of n / (n - 1) times the squared distances of these sums from their mean in the stratum. No correction
        for finite populations.

    Raises
    ------
    InputError
        For measures without a known influence, a line lacking or too many, strata with one unit; and as the measure.

    References
    ----------
    J.-C. Deville, "Variance estimation for complex statistics and estimators" (1999).

    Examples
    --------
    >>> income = np.array([80.0, 120, 90, 200, 60, 150])
    >>> found = standard_error(headcount_ratio, income, line=100, design=Design(cluster=[1, 1, 2, 2, 3, 3]))
    >>> found.value, round(found.error, 6), found.degrees_of_freedom
    (0.5, 0.0, 2)
    """
    _known(measure, line)
    least = 0.0 if measure is watts else None
    asked = Asked(measure.__name__, income, design.weight, by, None, line, least, open_end=True)
    laid = laid_out(asked)
    if laid.lead:
        raise InputError(measure.__name__, [Problem("income", "has more dims than persons", str(laid.lead), "one dim")])
    told = {"line": line} if line is not None else {}
    value = measure(income, weight=design.weight, by=by, **told)
    units, strata = _units(income, laid, design, measure.__name__)
    errors = np.array([_error(z * laid.weight, units, strata) for z in _influence_rows(measure, laid)])
    freedom = int(strata.size - np.unique(strata).size)
    error: Any = errors if laid.codes is not None else float(errors[0])
    if isinstance(value, xr.DataArray):
        error = value.copy(data=np.asarray(error).reshape(value.shape))
    reach = float(stdtrit(freedom, 0.975)) * error
    return Estimate(value, error, value - reach, value + reach, freedom)


def influence(measure: Callable[..., Any], income: Any, *, line: Any = None, weight: Any = None) -> Any:
    """Return how much each person moves a measure: its derivative with respect to the person's weight.

    Parameters
    ----------
    measure, income, line
        As in ``standard_error``.
    weight : array or DataArray, dims (person,), optional
        Persons that each row stands for.

    Returns
    -------
    array or DataArray, dims (person,)
        Unit of the measure per person; its weighted sum is zero.

    Raises
    ------
    InputError
        As ``standard_error``.

    Examples
    --------
    >>> influence(headcount_ratio, np.array([50.0, 150.0]), line=100).tolist()
    [0.25, -0.25]
    """
    _known(measure, line)
    laid = laid_out(Asked(measure.__name__, income, weight, None, None, line))
    if laid.lead:
        raise InputError(measure.__name__, [Problem("income", "has more dims than persons", str(laid.lead), "one dim")])
    rows = _influence_rows(measure, laid)[0]
    return income.copy(data=rows) if isinstance(income, xr.DataArray) else rows


def linearised_error(z: Any, *, design: Design) -> float:
    """Return the standard error of any measure whose influence of each row is known.

    Parameters
    ----------
    z : array or DataArray, dims (person,)
        Influences, as ``influence`` gives them; for a difference of two measures, the difference of theirs.
    design : Design
        Weights, strata and clusters.

    Returns
    -------
    float
        Standard error, the unit of the measure.

    Raises
    ------
    InputError
        As ``standard_error``.

    Examples
    --------
    >>> z = influence(mean_income, np.array([1.0, 2.0, 3.0, 4.0]))
    >>> round(linearised_error(z, design=Design()), 6)
    0.645497
    """
    laid = laid_out(Asked("linearised_error", z, design.weight))
    units, strata = _units(z, laid, design, "linearised_error")
    return _error(laid.income * laid.weight, units, strata)


def _known(measure: Callable[..., Any], line: Any) -> None:
    name = getattr(measure, "__name__", repr(measure))
    if measure not in _INFLUENCES:
        allowed = ", ".join(known.__name__ for known in _INFLUENCES)
        raise InputError(name, [Problem("measure", "has no known influence function", name, allowed)])
    if (line is None) == (measure in _WITH_LINE):
        what = "is lacking" if line is None else "is not for this measure"
        raise InputError(name, [Problem("line", what, f"{line}", "a line for measures of poverty")])


def _influence_rows(measure: Callable[..., Any], laid: Laid) -> list[Floats]:
    """Return the influences on each group's measure, zero for everybody else."""
    one = laid.line[:1] if laid.line.strides[-1] == 0 else laid.line
    of = _INFLUENCES[measure]
    if laid.codes is None:
        return [of(laid.income, laid.weight, one)]
    found = []
    for place in places_of(laid.codes, len(laid.labels)):
        row = np.zeros(laid.income.size)
        row[place] = of(laid.income[place], laid.weight[place], one if one.size == 1 else one[place])
        found.append(row)
    return found


def _units(income: Any, laid: Laid, design: Design, name: str) -> tuple[Ints, Ints]:
    """Return the primary unit of each row and the stratum of each unit; -1 for the strata to be centred together."""
    problems: list[Problem] = []
    size = laid.income.shape[-1]
    strata, names = _codes(income, design.stratum, "stratum", size, problems)
    clusters, _ = _codes(income, design.cluster, "cluster", size, problems)
    if problems:
        raise InputError(name, problems)
    strata = np.zeros(size, dtype=np.int64) if strata is None else strata
    clusters = np.arange(size) if clusters is None else clusters
    _, first, units = np.unique(strata * size + clusters, return_index=True, return_inverse=True)
    of_unit = strata[first]
    alone = np.bincount(of_unit) == 1
    if alone.any() and (design.lonely == "refuse" or of_unit.size == 1):
        told = ", ".join(str(one) for one in names[alone][:5]) if names.size else "the only one"
        found = f"{int(alone.sum())}: {told}"
        mend = 'merge them with like strata, or say lonely="centre"'
        raise InputError(name, [Problem("stratum", "has one primary unit only", found, "two units or more", mend)])
    return units, np.where(alone[of_unit], -1 - of_unit, of_unit)


def _codes(income: Any, item: Any, where: str, size: int, problems: list[Problem]) -> tuple[Any, npt.NDArray[Any]]:
    if item is None:
        return None, np.array([])
    if isinstance(income, xr.DataArray):
        if not isinstance(item, xr.DataArray) or item.dims != income.dims:
            problems.append(
                Problem(where, "has no labels beside a labelled income", type(item).__name__, "a DataArray")
            )
            return None, np.array([])
        item = matched(item, {dim: income.indexes.get(dim) for dim in income.dims}, where, problems)
    elif hasattr(item, "index") and not isinstance(item, list | tuple):
        problems.append(Problem(where, "has an index that would be ignored", type(item).__name__, "an array"))
        return None, np.array([])
    found = len(problems)
    codes, labels = group_codes(item, size, problems)
    problems[found:] = [Problem(where, one.what, one.found, one.allowed) for one in problems[found:]]
    return codes, labels


def _error(rows: Floats, units: Ints, strata: Ints) -> float:
    """Return the standard error of the sum of weighted influences."""
    sums = np.bincount(units, rows, strata.size)
    alone = strata < 0
    _, codes = np.unique(np.where(alone, -1, strata), return_inverse=True)
    counts = np.bincount(codes)
    means = np.bincount(codes, sums) / counts
    apart = sums - means[codes]
    apart[alone] = sums[alone] - sums.mean()
    with np.errstate(divide="ignore"):
        factor = np.where(counts > 1, counts / (counts - 1.0), 1.0)[codes]
    factor[alone] = 1.0
    return float(np.sqrt((factor * apart**2).sum()))
