"""From grouped data to a distribution: Lorenz curves fitted to published shares, and poverty and inequality from them.

The rules of validity and of choice are those of PovcalNet, after G. Datt, "Computational tools for poverty measurement
and analysis" (1998); measures come from the fitted curve by quadrature, to about ten digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.integrate import quad
from scipy.optimize import brentq

from povsim.errors import InputError, Problem
from povsim.poverty.layouts import matched
from povsim.poverty.lorenz_curves import Beta, Curve, GeneralQuadratic

Floats = npt.NDArray[np.float64]

_FEWEST = 4
_EDGE = 1e-13
_EXACT = {"epsabs": 1e-13, "epsrel": 1e-12, "limit": 400}


@dataclass(frozen=True)
class LorenzPoverty:
    """What a Lorenz curve and a mean say about a line.

    Attributes
    ----------
    headcount_ratio, poverty_gap, poverty_severity, watts : float
        As the functions of these names, of the fitted distribution, negative incomes of a Beta curve taken as they are.
        Watts is NaN where some of the poor have no income above zero and no floor is given.
    gini : float
        One less twice the area under the curve.
    """

    headcount_ratio: float
    poverty_gap: float
    poverty_severity: float
    watts: float
    gini: float


def fit_general_quadratic(p: Any, l: Any) -> GeneralQuadratic:  # noqa: E741 - the name is contract
    """Fit the General Quadratic Lorenz curve by least squares on its own equation.

    Parameters
    ----------
    p : array or DataArray, dims (point,)
        Shares of persons, the poorest first, rising, 0-1. The ends (0, 0) and (1, 1) may be there; they say nothing.
    l : array or DataArray, dims (point,)
        Their shares of income.

    Returns
    -------
    GeneralQuadratic
        ``faults`` says whether it is a Lorenz curve.

    Raises
    ------
    InputError
        For shares outside 0-1, not rising, above the diagonal or not convex; or fewer than four points inside.

    References
    ----------
    J. Villasenor and B. Arnold, 10.1016/0304-4076(89)90089-4; G. Datt (1998).

    Examples
    --------
    >>> p = np.array([0.2, 0.4, 0.6, 0.8])
    >>> curve = fit_general_quadratic(p, np.array([0.06, 0.18, 0.35, 0.58]))
    >>> [round(x, 3) for x in (curve.a, curve.b, curve.c)], curve.faults
    ([1.054, -1.448, 0.056], ())
    """
    p, l = _points("fit_general_quadratic", p, l)  # noqa: E741
    terms = np.column_stack((p * p - l, l * (p - 1.0), p - l))
    a, b, c = np.linalg.lstsq(terms, l * (1.0 - l), rcond=None)[0].tolist()
    curve = GeneralQuadratic(a, b, c)
    return GeneralQuadratic(a, b, c, float(np.sum((curve.ordinate(p) - l) ** 2)))


def fit_beta(p: Any, l: Any) -> Beta:  # noqa: E741 - the name is contract
    """Fit the Beta Lorenz curve by least squares on its logarithms.

    Parameters
    ----------
    p, l
        As in ``fit_general_quadratic``.

    Returns
    -------
    Beta
        ``faults`` says whether it is a Lorenz curve.

    Raises
    ------
    InputError
        As in ``fit_general_quadratic``; or for points on the diagonal, which have no logarithm here.

    References
    ----------
    N. Kakwani, 10.2307/1911106; G. Datt (1998).

    Examples
    --------
    >>> p = np.array([0.2, 0.4, 0.6, 0.8])
    >>> curve = fit_beta(p, np.array([0.06, 0.18, 0.35, 0.58]))
    >>> [round(x, 3) for x in (curve.theta, curve.gamma, curve.delta)], len(curve.faults)
    ([0.651, 0.878, 0.552], 1)
    """
    p, l = _points("fit_beta", p, l)  # noqa: E741
    if (p <= l).any():
        found = ", ".join(f"{one:g}" for one in p[p <= l])
        raise InputError("fit_beta", [Problem("l", "is on the diagonal", f"at p = {found}", "l below p")])
    terms = np.column_stack((np.ones(p.size), np.log(p), np.log1p(-p)))
    level, gamma, delta = np.linalg.lstsq(terms, np.log(p - l), rcond=None)[0].tolist()
    theta = float(np.exp(level))
    curve = Beta(theta, gamma, delta)
    return Beta(theta, gamma, delta, float(np.sum((curve.ordinate(p) - l) ** 2)))


def fit_best(p: Any, l: Any, *, line_over_mean: float | None = None) -> Curve:  # noqa: E741 - as the others
    """Fit both curves and return the better of those that are Lorenz curves.

    Parameters
    ----------
    p, l
        As in ``fit_general_quadratic``.
    line_over_mean : float, optional
        Poverty line over the mean: where both curves hold, they are then compared up to the poor (the points up to the
        lower of the two headcount ratios and the one above), else at all points.

    Returns
    -------
    GeneralQuadratic or Beta
        The one with the lower sum of squared differences in L.

    Raises
    ------
    InputError
        As in ``fit_beta``; or where neither curve holds, saying why.

    Examples
    --------
    >>> p = np.array([0.2, 0.4, 0.6, 0.8])
    >>> type(fit_best(p, np.array([0.06, 0.18, 0.35, 0.58]))).__name__
    'GeneralQuadratic'
    """
    curves: list[Curve] = [fit_general_quadratic(p, l), fit_beta(p, l)]
    sound = [curve for curve in curves if not curve.faults]
    if not sound:
        problems = [Problem(type(curve).__name__, fault) for curve in curves for fault in curve.faults]
        raise InputError("fit_best", problems)
    at, shares = _points("fit_best", p, l)
    if line_over_mean is not None:
        poor = min(_headcount(curve, line_over_mean) for curve in sound)
        last = int(np.searchsorted(at, poor)) + 1
        at, shares = at[:last], shares[:last]
    return min(sound, key=lambda curve: float(np.sum((curve.ordinate(at) - shares) ** 2)))


def poverty_from(curve: Curve, *, mean: float, line: float, floor: float | None = None) -> LorenzPoverty:
    """Return poverty and inequality of a fitted distribution.

    Parameters
    ----------
    curve : GeneralQuadratic or Beta
        Fitted; a curve with faults is refused.
    mean, line : float
        In the same unit, above zero.
    floor : float, optional
        Share of the line to which lower incomes are raised for Watts alone.

    Returns
    -------
    LorenzPoverty
        By quadrature of the fitted curve, the headcount ratio by solving slope = line / mean.

    Raises
    ------
    InputError
        For a curve with faults, a mean or a line at or below zero, a floor outside 0-1.

    Examples
    --------
    >>> curve = fit_general_quadratic([0.2, 0.4, 0.6, 0.8], [0.06, 0.18, 0.35, 0.58])
    >>> found = poverty_from(curve, mean=100.0, line=50.0)
    >>> round(found.headcount_ratio, 3), round(found.gini, 3)
    (0.221, 0.357)
    """
    problems = [Problem("curve", fault) for fault in curve.faults]
    given = {"mean": mean, "line": line} | ({} if floor is None else {"floor": floor})
    problems += [Problem(name, "is not above zero", f"{x}", "above 0") for name, x in given.items() if not x > 0]
    if floor is not None and floor > 1:
        problems.append(Problem("floor", "is not a share of the line", f"{floor}", "above 0, at most 1"))
    if problems:
        raise InputError("poverty_from", problems)
    ratio = line / mean
    poor = _headcount(curve, ratio)
    gap = poor - float(curve.ordinate(poor)) / ratio if poor > 0 else 0.0
    severity = _over_poor(lambda p: (1.0 - float(curve.slope(p)) / ratio) ** 2, poor)
    return LorenzPoverty(poor, gap, severity, _watts(curve, ratio, poor, floor), gini_from(curve))


def gini_from(curve: Curve) -> float:
    """Return the Gini coefficient of a Lorenz curve, one less twice the area under it, by quadrature.

    Parameters
    ----------
    curve : GeneralQuadratic or Beta
        Fitted.

    Examples
    --------
    >>> round(gini_from(GeneralQuadratic(0.807, -1.13, 0.194)), 3)
    0.38
    """
    return 1.0 - 2.0 * float(quad(lambda p: float(curve.ordinate(p)), 0.0, 1.0, **_EXACT)[0])


def _headcount(curve: Curve, ratio: float) -> float:
    """Return the rank at which income over the mean passes a line over the mean."""

    def above(p: float) -> float:
        return float(curve.slope(p)) - ratio

    if above(_EDGE) >= 0:
        return 0.0
    return 1.0 if above(1.0 - _EDGE) <= 0 else float(brentq(above, _EDGE, 1.0 - _EDGE, xtol=1e-15, rtol=1e-14))


def _over_poor(value: Any, poor: float) -> float:
    """Return the integral of a function of rank from zero to the headcount ratio.

    With p = poor t^4 the steep start of a Beta curve does not hurt.
    """
    if poor == 0.0:
        return 0.0
    return float(quad(lambda t: value(poor * t**4) * 4.0 * poor * t**3, _EDGE, 1.0, **_EXACT)[0])


def _watts(curve: Curve, ratio: float, poor: float, floor: float | None) -> float:
    if floor is None:
        if poor > 0 and not float(curve.slope(_EDGE)) > 0:
            return float("nan")
        return _over_poor(lambda p: float(np.log(ratio / curve.slope(p))), poor)
    floored = _headcount(curve, floor * ratio)
    lowest = -float(np.log(floor)) * floored
    rest = quad(lambda p: float(np.log(ratio / curve.slope(p))), floored, poor, **_EXACT)[0] if poor > floored else 0.0
    return lowest + float(rest)


def _points(name: str, p: Any, l: Any) -> tuple[Floats, Floats]:  # noqa: E741
    """Return the points between the ends, checked."""
    if isinstance(p, xr.DataArray) and isinstance(l, xr.DataArray):
        problems: list[Problem] = []
        l = matched(l, {dim: p.indexes.get(dim) for dim in p.dims}, "l", problems)  # noqa: E741
        if problems:
            raise InputError(name, problems)
    at, shares = np.asarray(p, dtype=np.float64), np.asarray(l, dtype=np.float64)
    if at.ndim != 1 or at.shape != shares.shape:
        raise InputError(
            name, [Problem("l", "does not go with p", f"{shares.shape}, {at.shape}", "two rows of points")]
        )
    wrong = list(_wrong_points(at, shares))
    if wrong:
        raise InputError(name, wrong)
    inner = (at > 0) & (at < 1)
    if inner.sum() < _FEWEST:
        raise InputError(name, [Problem("p", "has too few points between 0 and 1", f"{inner.sum()}", f"{_FEWEST} on")])
    return at[inner], shares[inner]


def _wrong_points(p: Floats, l: Floats) -> Iterator[Problem]:  # noqa: E741
    if not (np.isfinite(p).all() and np.isfinite(l).all() and (p >= 0).all() and (p <= 1).all() and (l <= 1).all()):
        yield Problem("p, l", "are not shares", "", "0 to 1; percent are divided by 100")
        return
    if not (np.diff(p) > 0).all():
        yield Problem("p", "does not rise", "", "the poorest first, running shares")
        return
    if (l > p).any():
        found = ", ".join(f"{one:g}" for one in p[l > p])
        yield Problem("l", "is above the diagonal", f"at p = {found}", "running shares of income, the poorest first")
    if ((p == 1) & (l != 1)).any() or ((p == 0) & (l != 0)).any():
        yield Problem("l", "does not end well", "", "0 at p = 0, 1 at p = 1")
    steps = (
        np.diff(np.concatenate(([0.0], l))) / np.diff(np.concatenate(([0.0], p)))
        if p[0] > 0
        else np.diff(l) / np.diff(p)
    )
    if (np.diff(steps) < -1e-9).any():
        found = ", ".join(f"{one:g}" for one in p[-steps.size :][1:][np.diff(steps) < -1e-9])
        yield Problem("l", "does not bend upwards: a richer group has less", f"up to p = {found}", "groups by income")
