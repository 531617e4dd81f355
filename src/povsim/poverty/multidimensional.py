"""Multidimensional poverty after Alkire and Foster: who is poor by counting deprivations, and what that consists of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.poverty.doors import Asked, laid_out, offenders, wrapped
from povsim.poverty.layouts import Laid, matched, numbers
from povsim.poverty.sums import PIECE

Floats = npt.NDArray[np.float64]

_SIMPLE = 10_000
_CLOSE = 1e-13
_ROOM = 1 << 62
INDICATOR = "indicator"


@dataclass(frozen=True)
class AlkireFoster:
    """Multidimensional poverty, floats and arrays or DataArrays as came in, with a dim of groups where asked for.

    Attributes
    ----------
    headcount_ratio : float, array or DataArray
        H, the share of persons who are poor.
    intensity : float, array or DataArray
        A, the poor's mean share of weighted deprivations; NaN where nobody is poor.
    adjusted_headcount_ratio : float, array or DataArray
        M0 = H A.
    censored, uncensored : array or DataArray, dims (..., indicator)
        Share of persons who are poor and deprived in an indicator; who are deprived in it at all.
    contributions : array or DataArray, dims (..., indicator)
        Share of M0 that each indicator makes up, adding up to 1; NaN where nobody is poor.
    population_share, group_contribution : float, array or DataArray
        Share of persons and of the whole M0 that each group makes up.
    poor : array or DataArray, dims (person,)
        Whether each person is poor.
    """

    headcount_ratio: Any
    intensity: Any
    adjusted_headcount_ratio: Any
    censored: Any
    uncensored: Any
    contributions: Any
    population_share: Any
    group_contribution: Any
    poor: Any


def alkire_foster(deprived: Any, *, indicator_weight: Any, k: Any, weight: Any = None, by: Any = None) -> AlkireFoster:
    """Return multidimensional poverty by a cut-off on the weighted count of deprivations.

    Parameters
    ----------
    deprived : array, dims (person, indicator), or DataArray with the dim ``indicator``
        Whether each person is deprived: booleans, or 0 and 1.
    indicator_weight : array or DataArray, dims (indicator,)
        Weights of indicators, above zero; only their ratios matter.
    k : float or Fraction
        Cut-off, a share of all indicator weight, above 0, at most 1: poor is who reaches it or more. Weights and a
        cut-off such as 1/6 and 1/3 are taken for these fractions and counted in whole numbers, so that rounding puts
        nobody on the wrong side.
    weight, by
        As in ``headcount_ratio``.

    Returns
    -------
    AlkireFoster
        H, A, M0, headcounts by indicator, contributions.

    Raises
    ------
    InputError
        Naming everything wrong: values other than 0 and 1, weights at or below zero, a cut-off outside 0-1, labels that
        differ; and as in ``headcount_ratio``.

    References
    ----------
    S. Alkire and J. Foster, "Counting and multidimensional poverty measurement", 10.1016/j.jpubeco.2010.11.006.

    Examples
    --------
    >>> table = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 1, 0]])
    >>> found = alkire_foster(table, indicator_weight=[1, 1, 1, 1], k=1 / 2)
    >>> round(found.adjusted_headcount_ratio, 12), found.headcount_ratio, found.censored.tolist()
    (0.35, 0.6, [0.4, 0.2, 0.6, 0.2])
    """
    flags, laid, shares, labels = _read("alkire_foster", deprived, indicator_weight, (k, weight, by))
    poor = poor_by_count(flags > 0, shares, k)
    weights = np.array([float(share) for share in shares])
    sums = _sums_by_group(laid, poor, flags)
    count = weights.size
    persons, heads = sums[:, 0], sums[:, 1] / sums[:, 0]
    censored, uncensored = sums[:, 2 : 2 + count] / persons[:, None], sums[:, 2 + count :] / persons[:, None]
    adjusted = censored @ weights
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = {
            "headcount_ratio": heads,
            "intensity": adjusted / heads,
            "adjusted_headcount_ratio": adjusted,
            "population_share": persons / persons.sum(),
            "group_contribution": persons * adjusted / (persons @ adjusted),
        }
        contributions = censored * weights / adjusted[:, np.newaxis]
    more = {"censored": censored, "uncensored": uncensored, "contributions": contributions}
    grouped = laid.codes is not None
    found = {name: wrapped(laid, part if grouped else part[0], "") for name, part in parts.items()}
    found |= {name: wrapped(laid, part if grouped else part[0], "", (INDICATOR, labels)) for name, part in more.items()}
    kept = deprived.isel({INDICATOR: 0}, drop=True).copy(data=poor) if isinstance(deprived, xr.DataArray) else poor
    return AlkireFoster(**found, poor=kept)


def adjusted_gap(
    gap: Any, *, indicator_weight: Any, k: Any, weight: Any = None, by: Any = None, alpha: float = 1.0
) -> Any:
    """Return Alkire and Foster's M1: the poor's depth of deprivation, weighted, over all persons.

    Parameters
    ----------
    gap : array, dims (person, indicator), or DataArray with the dim ``indicator``
        Shortfall from each indicator's cut-off as a share of it, 0 (not deprived) to 1.
    indicator_weight, k, weight, by
        As in ``alkire_foster``; deprived is whose gap is above zero.
    alpha : float
        Power of the gap: 1 for M1, 2 for M2, above zero.

    Returns
    -------
    float, array or DataArray
        Between 0 and 1.

    Raises
    ------
    InputError
        As in ``alkire_foster``; or for gaps outside 0-1, or a power at or below zero.

    References
    ----------
    S. Alkire and J. Foster, 10.1016/j.jpubeco.2010.11.006.

    Examples
    --------
    >>> round(adjusted_gap(np.array([[0.5, 0.1], [0.0, 0.2]]), indicator_weight=[1, 1], k=1), 12)
    0.15
    """
    if not alpha > 0:
        raise InputError("adjusted_gap", [Problem("alpha", "is not above zero", f"{alpha}", "above 0")])
    gaps, laid, shares, _ = _read("adjusted_gap", gap, indicator_weight, (k, weight, by))
    poor = poor_by_count(gaps > 0, shares, k)
    depth = gaps**alpha @ np.array([float(share) for share in shares])
    sums = _sums_by_group(laid, poor, depth[:, np.newaxis])
    found = sums[:, 2] / sums[:, 0]
    return wrapped(laid, found if laid.codes is not None else found[0], "adjusted_gap")


def as_fraction(number: Any) -> Fraction:
    """Return the simple fraction that a number stands for, else exactly the number.

    Examples
    --------
    >>> as_fraction(1 / 18), as_fraction(0.1 + 0.2)
    (Fraction(1, 18), Fraction(3, 10))
    """
    exact = number if isinstance(number, Fraction) else Fraction(float(number))
    simple = exact.limit_denominator(_SIMPLE)
    return simple if abs(float(simple - exact)) <= _CLOSE * max(1.0, abs(float(exact))) else exact


def poor_by_count(deprived: npt.NDArray[np.bool_], shares: list[Fraction], k: Any) -> npt.NDArray[np.bool_]:
    """Return whether each person's weighted deprivations reach a share of all weight, in whole numbers.

    Parameters
    ----------
    deprived : array, dims (person, indicator)
        Flags.
    shares : list of Fraction
        Weights of indicators, adding up to 1.
    k : float or Fraction
        Cut-off.

    Examples
    --------
    >>> flags = np.array([[True, True, True], [True, True, False]])
    >>> poor_by_count(flags, [Fraction(1, 6), Fraction(1, 9), Fraction(13, 18)], 5 / 18).tolist()
    [True, True]
    """
    cut = as_fraction(k)
    scale = math.lcm(cut.denominator, *(share.denominator for share in shares))
    points = [int(share * scale) for share in shares]
    needed = int(cut * scale)
    kind = np.dtype(np.int64) if scale < _ROOM else np.dtype(object)
    reached = np.zeros(deprived.shape[0], dtype=kind)
    for column, point in zip(deprived.T, points, strict=True):
        reached += column.astype(kind) * point
    return np.asarray(reached >= needed, dtype=np.bool_)


def _sums_by_group(laid: Laid, poor: npt.NDArray[np.bool_], columns: Floats) -> Floats:
    """Return, for each group, all weight, the poor's, the poor's sums of columns, and everybody's sums of columns."""
    of_poor = laid.weight * poor
    if laid.codes is None:
        weights = np.stack((of_poor, laid.weight))
        sums = sum(
            np.einsum("wi,ij->wj", weights[:, low : low + PIECE], columns[low : low + PIECE])
            for low in range(0, poor.size, PIECE)
        )
        return np.concatenate(([laid.weight.sum(), of_poor.sum()], np.asarray(sums).ravel()))[np.newaxis]
    count = len(laid.labels)
    rows = [laid.weight, of_poor, *(weight * column for weight in (of_poor, laid.weight) for column in columns.T)]
    return np.column_stack([np.bincount(laid.codes, row, count) for row in rows])


def _read(name: str, table: Any, indicator_weight: Any, rest: tuple[Any, Any, Any]) -> tuple[Any, ...]:
    """Return values (person, indicator), persons' weights and groups, indicators' shares as fractions, and labels."""
    k, weight, by = rest
    problems: list[Problem] = []
    labelled = isinstance(table, xr.DataArray)
    shape = table.dims if labelled else np.shape(table)
    if len(shape) != 2 or (labelled and INDICATOR not in shape):
        raise InputError(name, [Problem("deprived", "has other dims", str(shape), "persons and indicator")])
    people = next((dim for dim in shape if dim != INDICATOR), None) if labelled else None
    values = numbers(table.transpose(people, INDICATOR).values if labelled else table, "deprived", problems)
    shares = _shares(table, indicator_weight, shape, problems)
    if not 0 < float(k) <= 1:
        problems.append(Problem("k", "is not a share of all indicator weight", f"{k}", "above 0, at most 1"))
    if values is not None:
        wrong = ~((values >= 0) & (values <= 1)) if name == "adjusted_gap" else ~((values == 0) | (values == 1))
        if wrong.any():
            allowed = "0 to 1" if name == "adjusted_gap" else "0 and 1"
            problems.append(Problem("deprived", "holds other values", offenders(wrong, values, None), allowed))
    one: Any = table.isel({INDICATOR: 0}, drop=True).astype(np.float64) if labelled else np.zeros(np.shape(table)[:1])
    try:
        laid = laid_out(Asked(name, one * 0.0, weight, by, people, told={"income": "deprived"}))
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(name, problems)
    labels = table.indexes.get(INDICATOR, range(table.sizes[INDICATOR])) if labelled else range(shape[1])
    return values, laid, shares, list(labels)


def _shares(table: Any, indicator_weight: Any, shape: tuple[Any, ...], problems: list[Problem]) -> list[Fraction]:
    if isinstance(table, xr.DataArray):
        if not isinstance(indicator_weight, xr.DataArray) or indicator_weight.dims != (INDICATOR,):
            problems.append(Problem("indicator_weight", "has no labels", "", f"a DataArray over {INDICATOR}"))
            return []
        index = {INDICATOR: table.indexes.get(INDICATOR)}
        indicator_weight, count = matched(indicator_weight, index, "indicator_weight", problems), table.sizes[INDICATOR]
    else:
        count = int(shape[1])
    given = list(np.asarray(indicator_weight).ravel())
    if len(given) != count:
        problems.append(Problem("indicator_weight", "does not have one for each", f"{len(given)}", f"{count}"))
        return []
    if not all(0 < float(one) < np.inf for one in given):
        found = ", ".join(f"{float(one):g}" for one in given)
        problems.append(Problem("indicator_weight", "is not above zero", found, "finite numbers above 0"))
        return []
    parts = [as_fraction(one) for one in given]
    return [part / sum(parts) for part in parts]
