"""What a nation's path is compared with: a lognormal that grows with the mean, and what the published fifths imply."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import ndtr, ndtri

from povsim.backtests.nation_spec import Nation
from povsim.errors import InputError, Problem
from povsim.income_distribution import from_quintiles
from povsim.margins_report import net_income

Floats = npt.NDArray[np.float64]


def lognormal_sigma(*, headcount: float, line: float, mean: float) -> float:
    """Return the log standard deviation of the lognormal with a mean and a share of persons below a line.

    Parameters
    ----------
    headcount : float
        Share of persons, above 0 and below 1.
    line, mean : float
        Yuan per head and year; the line below the mean.

    Raises
    ------
    InputError
        For anything else: nobody poor, or a line at the mean or above, fixes no lognormal or two of them.

    Examples
    --------
    The nation of 2013:

    >>> round(lognormal_sigma(headcount=0.085, line=2736, mean=9433), 4)
    0.7155
    """
    problems = []
    if not 0 < headcount < 1:
        problems.append(Problem("headcount", "fixes no lognormal", f"{headcount:g}", "above 0 and below 1"))
    if not 0 < line < mean:
        problems.append(Problem("line", "fixes no lognormal", f"{line:g}", f"above 0 and below the mean, {mean:g}"))
    if problems:
        raise InputError("the reference's first year", problems)
    z, distance = float(ndtri(headcount)), math.log(mean / line)
    # (log(line / mean) + s^2 / 2) / s = z, of whose two roots the positive one is meant
    return z + math.sqrt(z * z + 2 * distance)


def lognormal_headcount(sigma: float, *, line: float, mean: float) -> float:
    """Return the share of persons below a line under a lognormal.

    Examples
    --------
    >>> sigma = lognormal_sigma(headcount=0.085, line=2736, mean=9433)
    >>> [round(100 * lognormal_headcount(sigma, line=z, mean=m), 2) for z, m in ((2855, 11422), (3218, 16021))]
    [5.7, 2.97]
    """
    return float(ndtr((math.log(line / mean) + sigma * sigma / 2) / sigma))


def grown_alike(register: xr.Dataset, *, factor: float, line: float) -> float:
    """Return the share of persons below a line had everybody's income of the start grown by the same factor."""
    persons = register["persons"].to_numpy().astype(np.float64)
    poor = net_income(register) / persons * factor < line
    return float(persons[poor].sum() / persons.sum())


def implied_by_fifths(spec: Nation, register: xr.Dataset, *, shape: int, mean: float, line: float) -> float:
    """Return the share of persons below a line that the published fifths of a year imply.

    Parameters
    ----------
    spec : Nation
        With fifths.
    register : Dataset
        Whose households give sizes by rank.
    shape : int
        Year of the fifths' relations.
    mean, line : float
        Yuan per head and year of the year asked about.

    Notes
    -----
    Within fifths income follows the law that populations are synthesised by, ``income_distribution.from_quintiles``.
    """
    assert spec.fifths is not None
    persons = register["persons"].to_numpy().astype(np.float64)
    ranked = persons[np.argsort(net_income(register) / persons, kind="stable")]
    ratios = np.array([fifth.at(shape) for fifth in spec.fifths])
    income = from_quintiles(ratios, ranked, mean)
    return float(ranked[income < line].sum() / ranked.sum())


def needed_growth(register: xr.Dataset, *, headcount: float, line: float) -> float:
    """Return by what factor the start's poorest must have gained for a share of persons to be left below a line."""
    persons = register["persons"].to_numpy().astype(np.float64)
    income = net_income(register) / persons
    order = np.argsort(income)
    below = np.searchsorted(np.cumsum(persons[order]) / persons.sum(), headcount)
    return float(line / income[order][below])
