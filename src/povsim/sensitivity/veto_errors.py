"""What measurement error does to verdicts: chances of failing each rule as measured, flips, expected Shapley shares."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import ndtr

from povsim.errors import InputError, Problem
from povsim.sensitivity.matching import labels_of, matched, twice
from povsim.sensitivity.veto_curves import MarginCurve, Passing, comparisons_of
from povsim.sensitivity.veto_inputs import Weights, check_known, one_weight
from povsim.sensitivity.veto_kernels import expected_shares

Floats = npt.NDArray[np.float64]
ByRule = float | Mapping[str, float]


def failure_chances(
    values: xr.DataArray,
    thresholds: Mapping[str, float],
    sd: ByRule,
    *,
    comparison: Passing = ">=",
    log: Sequence[str] = (),
) -> xr.DataArray:
    """Return the chance that a unit, as measured, fails each rule.

    For a test x >= tau measured with a normal error of standard deviation sigma: Phi((tau - x)/sigma); for x <= tau
    the sign is flipped. On the log scale x and tau are replaced by their logarithms.

    Parameters
    ----------
    values : DataArray
        (unit, veto): what is true. A missing value fails no rule.
    thresholds : mapping of veto to number
        One for each rule.
    sd : float or mapping of veto to float
        Standard deviation of the error, in the unit of the values, or in log points; 0 measures exactly.
    comparison : {">", ">=", "<", "<="} or mapping of veto to one
        How a value passes.
    log : sequence of str
        Rules measured on the log scale, such as incomes; values of zero and less fail (or pass) for certain.

    Returns
    -------
    DataArray
        (unit, veto), between 0 and 1.

    Raises
    ------
    InputError
        Rules unknown, named twice or without a threshold, a threshold that is not a number, a negative standard
        deviation, a log scale with a threshold of 0 or less.

    Examples
    --------
    >>> values = xr.DataArray([[3000.0], [3500.0]], dims=("unit", "veto"), coords={"veto": ["income"]})
    >>> failure_chances(values, {"income": 3000}, 0.1, log=["income"]).values.round(3)
    array([[0.5  ],
           [0.062]])
    """
    codes = [str(code) for code in values["veto"].to_numpy()]
    check_known(log, codes, "log")
    check_known(list(thresholds), codes, "thresholds")
    signs = comparisons_of(comparison, codes)
    spread = dict.fromkeys(codes, float(sd)) if not isinstance(sd, Mapping) else dict(sd)
    check_known(list(spread), codes, "sd")
    _check_numbers(codes, thresholds, spread, log)
    table = values.transpose(..., "veto")
    out = np.empty(table.shape)
    for place, code in enumerate(codes):
        column, bound = table[:, place].to_numpy().astype(np.float64), float(thresholds[code])
        if code in log:
            column = np.log(column, out=np.full(column.shape, -np.inf), where=~(column <= 0))
            bound = float(np.log(bound))
        out[:, place] = _chance(column, bound, spread[code], signs[place])
    coords = {"veto": codes, **_own(table, table.dims[0])}
    about = {"long_name": "chance of failing the rule as measured", "long_name_zh": "测量结果不达标的概率"}
    return xr.DataArray(out, coords, table.dims, "failure_chance", about)


def _check_numbers(
    codes: Sequence[str], thresholds: Mapping[str, float], sd: Mapping[str, float], log: Sequence[str]
) -> None:
    problems = list(twice("values", codes, "name rules twice"))
    problems += [Problem(f"thresholds.{code}", "is missing") for code in codes if code not in thresholds]
    # a distance to nothing would pass as one that blocks nobody
    problems += [
        Problem(f"thresholds.{code}", "should be a number", str(value))
        for code, value in thresholds.items()
        if np.isnan(value)
    ]
    problems += [Problem(f"sd.{code}", "is missing") for code in codes if code not in sd]
    problems += [
        Problem(f"sd.{code}", "should be zero or more", str(value))
        for code, value in sd.items()
        if not (np.isfinite(value) and value >= 0)
    ]
    problems += [
        Problem(f"thresholds.{code}", "should be above zero on the log scale", str(thresholds[code]))
        for code in log
        if code in thresholds and thresholds[code] <= 0
    ]
    if problems:
        raise InputError("measurement error", problems)


def _chance(x: Floats, bound: float, sd: float, sign: str) -> Floats:
    distance = bound - x if sign in (">", ">=") else x - bound
    sure = (distance > 0) | ((distance == 0) & (sign in (">", "<")))
    chance = ndtr(distance / sd) if sd > 0 else sure
    return np.where(np.isnan(x), 0.0, np.asarray(chance, dtype=np.float64))


def measured_attribution(chances: xr.DataArray, *, weight: Weights | None = None) -> xr.Dataset:
    """Attribute the excluded as measured with independent errors: expectations, exact.

    A rule's expected Shapley share of a unit is its chance p of failing times the integral over t from 0 to 1 of the
    product, over the other rules, of 1 - p + p t: a polynomial of degree R - 1, which ceil(R/2) Gauss-Legendre nodes
    integrate exactly.

    Parameters
    ----------
    chances : DataArray
        (unit, veto): chance of failing each rule, as :func:`failure_chances` returns it; 0 and 1 are exact verdicts.
    weight : array, optional
        By unit; 1 if not given.

    Returns
    -------
    Dataset
        ``any_hit``, ``sole_blocker``, ``shapley`` (veto), ``passing`` (unit, chance of passing all rules),
        ``excluded``: expectations.

    Raises
    ------
    InputError
        Chances outside 0 to 1.

    Examples
    --------
    >>> chances = xr.DataArray([[0.5, 0.5]], dims=("unit", "veto"), coords={"veto": ["a", "b"]})
    >>> found = measured_attribution(chances)
    >>> found["shapley"].values, float(found["excluded"])
    (array([0.375, 0.375]), 0.75)
    """
    table = np.ascontiguousarray(_chances(chances))
    units, rules = table.shape
    unit = chances.transpose(..., "veto").dims[0]
    labels = labels_of(chances, unit)
    heads = np.ones(units) if weight is None else one_weight("weight", weight, unit, units, labels).astype(np.float64)
    nodes, parts = np.polynomial.legendre.leggauss(max(1, -(-rules // 2)))
    out = np.zeros((3, rules))
    passing = expected_shares(table, heads, (nodes + 1) / 2, parts / 2, out)
    data: dict[str, Any] = {name: ("veto", row) for name, row in zip(_NAMES, out, strict=True)}
    data |= {"passing": (unit, passing), "excluded": float(heads @ (1 - passing))}
    about = {"method": "exact expectation: Gauss-Legendre over the Shapley integral", "nodes": nodes.size}
    return xr.Dataset(data, {"veto": chances["veto"].to_numpy(), **_own(chances, unit)}, about)


def _own(table: xr.DataArray, dim: Hashable) -> dict[Hashable, Any]:
    return {dim: table[dim]} if dim in table.coords else {}


_NAMES = ("any_hit", "sole_blocker", "shapley")


def _chances(chances: xr.DataArray) -> Floats:
    if not isinstance(chances, xr.DataArray) or chances.ndim != 2 or "veto" not in chances.coords:
        raise InputError(
            "chances", [Problem("chances", "should be a DataArray (unit, veto) with the codes of the vetoes")]
        )
    table = chances.transpose(..., "veto").to_numpy().astype(np.float64)
    problems = list(twice("chances", chances["veto"].to_numpy(), "name rules twice"))
    if table.size and not (table.min() >= 0 and table.max() <= 1):
        problems.append(Problem("chances", "should lie between 0 and 1 everywhere"))
    if problems:
        raise InputError("chances", problems)
    return table


def flip_chances(chances: xr.DataArray, blocked: xr.DataArray) -> xr.DataArray:
    """Return the chance that the measured verdict on a unit is not the true one, exact for independent errors.

    Parameters
    ----------
    chances : DataArray
        (unit, veto): chance of failing each rule as measured.
    blocked : DataArray
        Booleans (unit, veto): what truly fails, for the same rules. Units and rules are matched by label where both
        have labels, else by place.

    Returns
    -------
    DataArray
        (unit): for a unit that truly passes, the chance of failing anything; else the chance of passing everything.

    Raises
    ------
    InputError
        Chances outside 0 to 1; other units or rules, or no booleans.

    Examples
    --------
    >>> chances = xr.DataArray([[0.1, 0.2], [0.9, 0.0]], dims=("unit", "veto"), coords={"veto": ["a", "b"]})
    >>> flip_chances(chances, chances > 0.5).values.round(2)
    array([0.28, 0.1 ])
    """
    table = _chances(chances)
    unit = chances.transpose(..., "veto").dims[0]
    truly = _truly(blocked, chances, unit)
    passing = np.prod(1 - table, axis=1)
    about = {"long_name": "chance that the verdict flips", "long_name_zh": "结论翻转概率"}
    return xr.DataArray(np.where(truly, passing, 1 - passing), _own(chances, unit), (unit,), "flip_chance", about)


def _truly(blocked: xr.DataArray, chances: xr.DataArray, unit: Hashable) -> npt.NDArray[np.bool_]:
    """Return which units truly fail any rule, in the order of the chances."""
    if not isinstance(blocked, xr.DataArray) or blocked.ndim != 2 or "veto" not in blocked.dims:
        raise InputError("chances", [Problem("blocked", "should be a DataArray (unit, veto)")])
    if blocked.dtype != bool:
        raise InputError("chances", [Problem("blocked", "should be booleans", str(blocked.dtype))])
    told = ("blocked", "chances")
    flags = matched(blocked.transpose(..., "veto"), "veto", labels_of(chances, "veto"), told)
    flags = matched(flags, flags.dims[0], labels_of(chances, unit), told)
    if flags.shape != (chances.sizes[unit], chances.sizes["veto"]):
        what = "has another number of units than the chances, or of rules"
        raise InputError("chances", [Problem("blocked", what, str(flags.shape))])
    return np.asarray(flags.to_numpy().any(axis=1))


def margin_flips(curve: MarginCurve, sd: float) -> xr.Dataset:
    """Return how many persons' verdicts flip when one rule's figure is measured with error, from a run's margins.

    Only persons whom no other rule holds back can flip. Within a bin the distance to the threshold is not known: both
    edges give bounds, the middle an estimate.

    Parameters
    ----------
    curve : MarginCurve
        As ``margin_curve`` returns it.
    sd : float
        Standard deviation of the error in log points; the errors are unbiased on the log scale.

    Returns
    -------
    Dataset
        ``wrongly_excluded``, ``wrongly_passed``: persons, dim ``bound`` (low, estimate, high).

    Examples
    --------
    >>> curve = MarginCurve("income", np.array([-0.1, 0.0, 0.1]), np.array([5.0, 10.0, 10.0, 900.0]), np.zeros(4))
    >>> margin_flips(curve, 0.1)["wrongly_passed"].values.round(2)
    array([1.59, 3.88, 5.79])
    """
    if not (np.isfinite(sd) and sd >= 0):
        raise InputError("measurement error", [Problem("sd", "should be zero or more", str(sd))])
    low = np.concatenate([[-np.inf], curve.edges])
    high = np.concatenate([curve.edges, [np.inf]])
    # the open ends count as if all of them lay at their inner edge (or infinitely far away)
    middle = np.where(np.isinf(low), high, np.where(np.isinf(high), low, (low + high) / 2))
    passes = low >= -1e-12
    far, near = np.where(passes, high, low), np.where(passes, low, high)
    chances = [ndtr(-np.abs(place) / sd) if sd > 0 else np.zeros(low.size) for place in (far, middle, near)]
    data = {
        name: ("bound", np.array([float(curve.free[rows] @ chance[rows]) for chance in chances]))
        for name, rows in (("wrongly_excluded", passes), ("wrongly_passed", ~passes))
    }
    about = {"units": "persons", "sd": sd, "method": "bounds by bin: exact at the edges of the bins"}
    return xr.Dataset(data, {"bound": ["low", "estimate", "high"]}, about)
