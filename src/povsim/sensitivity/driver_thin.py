"""A county thinned to fewer households that stand for more: what thousands of runs can afford."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.terms import Status

Ints = npt.NDArray[np.int64]
INCOMES = ("wage", "business", "property", "transfer")


def thin(register: xr.Dataset, households: int, seed: int = 1) -> xr.Dataset:
    """Return a register with fewer rows, each standing for the households left out beside it.

    Within a village households are ordered by status and income per head and cut into runs of nearly equal weight; one
    household of each run, picked by weight, stands for the run with its whole weight. Villages, their weights in
    households and whole numbers stay exact; persons, registered households, poor persons and incomes are unbiased with
    the error of a stratified sample, which the attributes ``thinned_persons_error`` and ``thinned_registered_error``
    tell for this sample. A row of weight 8 takes or leaves eight places of a measure at once, so results that hang on
    a few places of a village, and verdicts of single villages, are coarser than with the whole register.

    Parameters
    ----------
    register : Dataset
        The whole population, as ``complete_population`` returns it.
    households : int
        Rows wanted; villages keep at least one each. A register with no more rows is returned as it is.
    seed : int
        Of the picking.

    Returns
    -------
    Dataset
        The register's own dims, with fewer along ``household``.

    Raises
    ------
    InputError
        Fewer rows than villages with households.

    Examples
    --------
    >>> import povsim
    >>> people = povsim.complete_population(povsim.read_scenario("sample"))
    >>> small = thin(people, 100)
    >>> small.sizes["household"], int(small["weight"].sum()), int(people["weight"].sum())
    (100, 600, 600)
    """
    rows = register.sizes["household"]
    village = register["household_village"].to_numpy().astype(np.int64)
    weight = register["weight"].to_numpy().astype(np.int64)
    inhabited = np.unique(village).size
    if households < inhabited:
        found, allowed = str(households), f"{inhabited:,} or more, one for each village"
        raise InputError("thin", [Problem("households", "too few", found, allowed)])
    if households >= rows:
        return register
    order = np.lexsort((_income_per_head(register), register["status"].to_numpy(), village))
    strata = _strata(village[order], weight[order], households)
    picked, totals = _picked(strata, weight[order], np.random.default_rng(seed))
    chosen = np.sort(order[picked])
    ranks = np.argsort(order[picked], kind="stable")
    small = register.isel(household=chosen)
    small["weight"] = ("household", totals[ranks].astype(register["weight"].dtype), register["weight"].attrs)
    return small.assign_attrs(_errors(register, small), thinned_to=small.sizes["household"], thinned_from=rows)


def _income_per_head(register: xr.Dataset) -> npt.NDArray[np.float64]:
    named = [register[name].to_numpy().astype(np.float64) for name in INCOMES if name in register]
    return np.asarray(np.nan_to_num(sum(named, start=np.zeros(register.sizes["household"]))) / register["persons"])


def _strata(village: Ints, weight: Ints, households: int) -> Ints:
    """Return the run of each ordered row: about ``households`` runs in all, none across villages."""
    _, starts, place = np.unique(village, return_index=True, return_inverse=True)
    rows = np.bincount(place)
    quota = _quotas(rows, np.bincount(place, weights=weight), households)
    before = np.cumsum(weight) - weight
    inside = before - before[starts][place]
    totals = np.bincount(place, weights=weight)[place]
    run = np.minimum((inside * quota[place] / totals).astype(np.int64), quota[place] - 1)
    return np.asarray((np.cumsum(quota) - quota)[place] + run, dtype=np.int64)


def _quotas(rows: npt.NDArray[Any], weights: npt.NDArray[Any], households: int) -> Ints:
    """Share the rows over villages by weight: at least one each, at most all (largest remainders)."""
    wanted = households * weights / weights.sum()
    quota = np.clip(np.floor(wanted).astype(np.int64), 1, rows)
    while (left := households - int(quota.sum())) != 0:
        open_to = (quota < rows) if left > 0 else (quota > 1)
        gaps = np.where(open_to, (wanted - quota) * np.sign(left), -np.inf)
        best = np.argsort(-gaps, kind="stable")[: min(abs(left), int(open_to.sum()))]
        quota[best] += int(np.sign(left))
    return np.asarray(quota, dtype=np.int64)


def _picked(strata: Ints, weight: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the row picked of each run by weight, and the weight of the run."""
    _, starts, place = np.unique(strata, return_index=True, return_inverse=True)
    totals = np.bincount(place, weights=weight).astype(np.int64)
    upto = np.cumsum(weight)
    target = (upto - weight)[starts] + np.floor(rng.random(starts.size) * totals).astype(np.int64)
    return np.searchsorted(upto, target, side="right").astype(np.int64), totals


def _errors(register: xr.Dataset, small: xr.Dataset) -> dict[str, float]:
    """Return by what shares totals have come out too high or too low."""

    def totals(people: xr.Dataset) -> npt.NDArray[np.float64]:
        weight = people["weight"].to_numpy().astype(np.float64)
        heads = weight * people["persons"].to_numpy()
        registered = people["status"].to_numpy() == Status.registered
        return np.array([heads.sum(), heads[registered].sum()])

    whole, part = totals(register), totals(small)
    shares = np.divide(part - whole, whole, out=np.zeros(2), where=whole > 0)
    return {"thinned_persons_error": float(shares[0]), "thinned_registered_error": float(shares[1])}
