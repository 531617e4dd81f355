"""Who gets a benefit: coverage, leakage and targeting, for the poor and along the distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.poverty.doors import Asked, answer

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Targeting:
    """How well a benefit meets the poor, each a float, or an array or DataArray over groups and other dims.

    Attributes
    ----------
    coverage : float, array or DataArray
        Share of the poor who receive; one less it is undercoverage, the exclusion error.
    coverage_of_others : float, array or DataArray
        Share of the others who receive.
    leakage : float, array or DataArray
        Share of recipients who are not poor, the inclusion error.
    leakage_of_money : float, array or DataArray
        Share of the money that goes to persons who are not poor.
    differential : float, array or DataArray
        Coverage less coverage of others.
    relative_share : float, array or DataArray
        Share of the money that goes to the poor, over their share of persons: 1 is what giving everybody the same does.
    mean_benefit_of_poor : float, array or DataArray
        Benefit a recipient who is poor.
    """

    coverage: Any
    coverage_of_others: Any
    leakage: Any
    leakage_of_money: Any
    differential: Any
    relative_share: Any
    mean_benefit_of_poor: Any


def targeting_table(
    benefit: Any, *, poor: Any, weight: Any = None, by: Any = None, dim: str | None = None
) -> Targeting:
    """Return coverage, leakage and targeting of a benefit.

    Parameters
    ----------
    benefit : array or DataArray, dims (..., person)
        Amount that each person gets, from zero on; who gets more than zero receives.
    poor : array or DataArray, dims (..., person)
        Whether each person is poor (without the benefit, as a rule): booleans, or 0 and 1.
    weight, by, dim
        As in ``headcount_ratio``.

    Returns
    -------
    Targeting
        Shares, 0-1; NaN where there is nobody to take a share of.

    Raises
    ------
    InputError
        For amounts below zero or other values of ``poor``; and as in ``headcount_ratio``.

    References
    ----------
    D. Coady, M. Grosh and J. Hoddinott, "Targeting of transfers in developing countries" (2004).

    Examples
    --------
    >>> found = targeting_table(np.array([10.0, 0, 30, 0]), poor=np.array([1, 1, 0, 0]))
    >>> found.coverage, found.leakage, found.leakage_of_money, found.relative_share
    (0.5, 0.5, 0.75, 0.5)
    """
    values = np.asarray(poor)
    if not ((values == 0) | (values == 1)).all():
        raise InputError("targeting_table", [Problem("poor", "holds other values than 0 and 1", "", "0 and 1")])
    # what is poor rides along as a line of 1 or 2: the door joins it by label
    flags = poor + 1 if isinstance(poor, xr.DataArray) else values + 1
    told = {"income": "benefit", "line": "poor"}
    asked = Asked("targeting_table", benefit, weight, by, dim, flags, 0.0, told=told)

    def kernel(y: Floats, w: Floats, z: Floats) -> Floats:
        low, gets = np.broadcast_to(z > 1, y.shape), y > 0
        persons, cash = float(w[low].sum()), float((w * y).sum())
        got, money = float(w[low & gets].sum()), float((w * y)[low].sum())
        everybody, takers = float(w.sum()), float(w[gets].sum())
        coverage, others = _over(got, persons), _over(takers - got, everybody - persons)
        share = _over(_over(money, cash), persons / everybody)
        leaks = (_over(takers - got, takers), _over(cash - money, cash))
        return np.array([coverage, others, *leaks, coverage - others, share, _over(money, got)])

    names = list(Targeting.__dataclass_fields__)
    found = answer(asked, kernel, ("figure", names))
    if isinstance(found, xr.DataArray):
        return Targeting(*(found.sel(figure=name, drop=True).rename(name) for name in names))
    parts = (found[..., place] for place in range(len(names)))
    return Targeting(*(float(part) if part.ndim == 0 else part for part in parts))


def quantile_incidence(
    benefit: Any, *, income: Any, count: int = 5, weight: Any = None, by: Any = None, dim: str | None = None
) -> dict[str, Any]:
    """Return who gets a benefit along the distribution of income.

    Parameters
    ----------
    benefit : array or DataArray, dims (..., person)
        Amount that each person gets, from zero on.
    income : array or DataArray, dims (..., person)
        What persons are ranked by, above zero (without the benefit, as a rule).
    count : int
        Number of equal groups of persons: 5 for fifths.
    weight, by, dim
        As in ``headcount_ratio``.

    Returns
    -------
    dict
        ``coverage`` (share who receive), ``benefit_share`` (share of the money, adding up to 1), ``relative_benefit``
        (benefit over income), each an array or DataArray over ``quantile_group``, 1 the poorest. Persons of equal
        income are shared out evenly over the groups that they span.

    Raises
    ------
    InputError
        For amounts below zero, incomes at or below zero; and as in ``headcount_ratio``.

    Examples
    --------
    >>> found = quantile_incidence(np.array([10.0, 0, 30, 0]), income=np.array([1.0, 2, 3, 4]), count=2)
    >>> found["coverage"].tolist(), found["benefit_share"].tolist()
    ([0.5, 0.5], [0.25, 0.75])
    """
    if count < 1:
        raise InputError("quantile_incidence", [Problem("count", "is no number of groups", f"{count}", "1 or more")])
    names = ("coverage", "benefit_share", "relative_benefit")

    def kernel(y: Floats, w: Floats, z: Floats) -> Floats:
        _, codes = np.unique(np.broadcast_to(z, y.shape), return_inverse=True)
        columns = (w, w * (y > 0), w * y, w * z)
        running = [np.concatenate(([0.0], np.cumsum(np.bincount(codes, column)))) for column in columns]
        edges = np.arange(count + 1) / count * running[0][-1]
        persons, takers, cash, incomes = (np.diff(np.interp(edges, running[0], column)) for column in running)
        total = float(cash.sum())
        return np.array([takers / persons, cash / total if total > 0 else np.full(count, np.nan), cash / incomes])

    asked = Asked(
        "quantile_incidence", benefit, weight, by, dim, income, 0.0, told={"income": "benefit", "line": "income"}
    )
    flat = answer(asked, lambda y, w, z: kernel(y, w, z).ravel(), ("quantile_group", range(len(names) * count)))
    if isinstance(flat, xr.DataArray):
        groups = list(range(1, count + 1))
        cut = {name: slice(place * count, (place + 1) * count) for place, name in enumerate(names)}
        return {n: flat.isel(quantile_group=s).assign_coords(quantile_group=groups).rename(n) for n, s in cut.items()}
    return {name: flat[..., place * count : (place + 1) * count] for place, name in enumerate(names)}


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
