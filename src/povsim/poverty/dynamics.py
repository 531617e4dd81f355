"""Poverty over time: chronic and transient parts, moves between states, spells, and the chance of being poor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import ndtr

from povsim.errors import InputError, Problem
from povsim.poverty.doors import Asked, laid_out
from povsim.poverty.gaps import fgt
from povsim.poverty.layouts import core_dim, matched

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ChronicTransient:
    """Poverty over several waves in two parts.

    Attributes
    ----------
    total, chronic, transient : float, array or DataArray
        Mean poverty over waves; poverty of mean incomes; what is left, the cost of ups and downs.
    """

    total: Any
    chronic: Any
    transient: Any


@dataclass(frozen=True)
class SpellHazards:
    """Hazards of leaving and re-entering poverty, by the year of the spell, 1 the first.

    Attributes
    ----------
    exit, reentry : array or DataArray, dims (spell_year,)
        Share of those in the n-th wave of a spell who end it by the next wave; NaN where nobody is.
    exit_at_risk, reentry_at_risk : array or DataArray, dims (spell_year,)
        Weight of those who could.
    """

    exit: Any
    exit_at_risk: Any
    reentry: Any
    reentry_at_risk: Any


def chronic_transient(
    income: Any, *, line: Any, alpha: float = 2.0, weight: Any = None, by: Any = None, dim: str | None = None
) -> ChronicTransient:
    """Split poverty over several waves into a chronic and a transient part.

    Parameters
    ----------
    income : array, dims (wave, person), or DataArray with the dim ``year`` or ``wave``
        Income per head at constant prices.
    line, weight, by, dim
        As in ``headcount_ratio``; the line does not change over waves.
    alpha : float
        Order of the measure, 2 in the source; with 0 the transient part can be negative.

    Returns
    -------
    ChronicTransient
        Foster-Greer-Thorbecke measures; chronic and transient add up to the total.

    Raises
    ------
    InputError
        As in ``headcount_ratio``; or where there are not two waves.

    References
    ----------
    J. Jalan and M. Ravallion, "Transient poverty in postreform rural China", 10.1006/jcec.1998.1526.

    Examples
    --------
    >>> found = chronic_transient(np.array([[50.0, 150.0], [150.0, 150.0]]), line=100, alpha=1)
    >>> found.total, found.chronic, found.transient
    (0.125, 0.0, 0.125)
    """
    labelled = isinstance(income, xr.DataArray)
    waves = _wave_dim("chronic_transient", income)
    asked = {"line": line, "alpha": alpha, "weight": weight, "by": by, "dim": dim}
    if labelled:
        total, middle = fgt(income, **asked).mean(waves), fgt(income.mean(waves, skipna=False), **asked)
    else:
        values = np.asarray(income, dtype=np.float64)
        total, middle = fgt(values, **asked).mean(axis=0), fgt(values.mean(axis=0), **asked)
        total = float(total) if np.ndim(total) == 0 else total
    return ChronicTransient(total, middle, total - middle)


def transition_matrix(before: Any, after: Any, *, weight: Any = None, states: Sequence[Any] | None = None) -> Any:
    """Return how persons move between states from one wave to another.

    Parameters
    ----------
    before, after : array or DataArray, dims (person,)
        State of each person: labels, numbers or booleans. DataArrays are joined by label.
    weight : array or DataArray, optional
        Persons that each row stands for.
    states : sequence, optional
        All states in the order wanted; without it, those met, sorted.

    Returns
    -------
    array or DataArray, dims (before, after)
        Share of those in a state before who are in a state after: rows add up to 1, NaN for a state nobody was in.

    Raises
    ------
    InputError
        For persons that differ, missing states, states not listed; and as in ``headcount_ratio`` about weights.

    Examples
    --------
    >>> transition_matrix(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    problems: list[Problem] = []
    labelled = isinstance(before, xr.DataArray)
    if labelled != isinstance(after, xr.DataArray):
        problems.append(Problem("after", "is of another kind than before", "", "both arrays or both DataArrays"))
    elif labelled:
        after = matched(after, {dim: before.indexes.get(dim) for dim in before.dims}, "after", problems)
    if np.ndim(before) != 1 or np.shape(before) != np.shape(after):
        shapes = f"{np.shape(before)}, {np.shape(after)}"
        problems.append(Problem("after", "does not go with before", shapes, "one state a person in both"))
    if problems:
        raise InputError("transition_matrix", problems)
    people = xr.zeros_like(before, dtype=np.float64) if labelled else np.zeros(np.shape(before))
    rows = laid_out(Asked("transition_matrix", people, weight)).weight
    start, end = np.asarray(before), np.asarray(after)
    known = np.unique(np.concatenate((start, end))) if states is None else np.asarray(states)
    places = {state: place for place, state in enumerate(known.tolist())}
    met = {str(state) for state in (*start.tolist(), *end.tolist()) if state not in places or state != state}
    if met:
        problem = Problem("states", "lacks some", ", ".join(sorted(met)), str(known.tolist()))
        raise InputError("transition_matrix", [problem])
    moves = zip(start.tolist(), end.tolist(), strict=True)
    cells = np.array([places[left] * known.size + places[reached] for left, reached in moves])
    counts = np.bincount(cells, rows, known.size**2).reshape(known.size, known.size)
    with np.errstate(invalid="ignore"):
        found = np.asarray(counts / counts.sum(axis=1, keepdims=True))
    if not labelled:
        return found
    return xr.DataArray(found, {"before": known, "after": known}, ("before", "after"), attrs={"units": "share"})


def spell_hazards(poor: Any, *, weight: Any = None) -> SpellHazards:
    """Return how likely poverty ends, and comes back, by how long it has lasted or been away.

    Parameters
    ----------
    poor : array, dims (wave, person), or DataArray with the dim ``year`` or ``wave``
        Whether each person is poor in each wave, evenly spaced: booleans, or 0 and 1.
    weight : array or DataArray, dims (person,), optional
        Persons that each row stands for.

    Returns
    -------
    SpellHazards
        By wave of the spell. A spell of poverty under way in the first wave is left out of exits, its length being
        unknown; time out of poverty counts from every exit that was seen, of such a spell as well. Spells still going
        on in the last wave count as long as they were seen.

    Raises
    ------
    InputError
        For values other than 0 and 1, fewer than two waves; and as in ``headcount_ratio`` about weights.

    References
    ----------
    M. Bane and D. Ellwood, "Slipping into and out of poverty: the dynamics of spells", 10.2307/145955.

    Examples
    --------
    >>> found = spell_hazards(np.array([[0, 0], [1, 1], [0, 1], [0, 0]]))
    >>> found.exit.tolist(), found.reentry.tolist()
    ([0.5, 1.0, nan], [0.0, nan, nan])
    """
    name = "spell_hazards"
    waves = _wave_dim(name, poor)
    labelled = isinstance(poor, xr.DataArray)
    if labelled:
        core = core_dim(poor, next((str(dim) for dim in poor.dims if dim != waves), None))
        poor = poor.transpose(waves, core)
    values = np.asarray(poor, dtype=np.float64)
    if values.ndim != 2 or not ((values == 0) | (values == 1)).all():
        raise InputError(
            name, [Problem("poor", "holds other values than 0 and 1, or other dims", "", "waves, persons")]
        )
    people = poor.isel({waves: 0}, drop=True).astype(np.float64) if labelled else values[0]
    rows = laid_out(Asked(name, people, weight)).weight
    flags = values > 0
    parts = (*_hazards(flags, rows, since_start=False), *_hazards(~flags, rows, since_start=True))
    if labelled:
        years = {"spell_year": np.arange(1, flags.shape[0])}
        parts = tuple(xr.DataArray(part, years, ("spell_year",)) for part in parts)
    return SpellHazards(*parts)


def _hazards(state: Flags, weight: Floats, *, since_start: bool) -> tuple[Any, ...]:
    """Return hazards of leaving a state that was seen to begin, and the weight at risk."""
    waves = state.shape[0]
    left, at_risk = np.zeros(waves - 1), np.zeros(waves - 1)
    length = np.zeros(state.shape[1], dtype=np.int64)
    for wave in range(1, waves):
        before, now = state[wave - 1], state[wave]
        known = length > 0
        at_risk += np.bincount(length[known] - 1, weight[known], waves - 1)
        gone = known & ~now
        left += np.bincount(length[gone] - 1, weight[gone], waves - 1)
        # whoever was out and is in begins; whoever's beginning was seen goes on
        length = np.where(now, np.where(~before, 1, np.where(known, length + 1, 0)), 0)
    with np.errstate(invalid="ignore"):
        return left / at_risk, at_risk


def vulnerability(mean: Any, *, sd: Any, line: Any, law: Literal["normal", "lognormal"] = "normal") -> Any:
    """Return the chance that next year's income is below a line.

    Parameters
    ----------
    mean, sd : float, array or DataArray
        Mean and standard deviation of the income, for each household.
    line : float, array or DataArray
        Poverty line, the same unit, above zero.
    law : {"normal", "lognormal"}
        Shape of the uncertainty; the lognormal has the same mean and standard deviation.

    Returns
    -------
    float, array or DataArray
        Chance, 0-1.

    Raises
    ------
    InputError
        For numbers that are not finite, standard deviations at or below zero, a line at or below zero, or means at or
        below zero with the lognormal.

    References
    ----------
    J. Haughton and S. Khandker, "Handbook on poverty and inequality" (2009), chapter 12, 10.1596/978-0-8213-7613-3.

    Examples
    --------
    >>> round(vulnerability(50.0, sd=12.0, line=40.0), 3)
    0.202
    """
    problems = [] if law in ("normal", "lognormal") else [Problem("law", "is unknown", repr(law), "normal, lognormal")]
    bounds = {"mean": (mean, -np.inf if law == "normal" else 0.0), "sd": (sd, 0.0), "line": (line, 0.0)}
    for name, (item, least) in bounds.items():
        values = np.asarray(item, dtype=np.float64)
        if not (np.isfinite(values).all() and (values > least).all()):
            allowed = "finite numbers" if np.isinf(least) else "finite numbers above 0"
            problems.append(Problem(name, "is out of bounds", f"lowest {values.min(initial=np.inf):g}", allowed))
    labelled = [item for item in (mean, sd, line) if isinstance(item, xr.DataArray)]
    for item in labelled[1:]:
        matched(item, {dim: labelled[0].indexes.get(dim) for dim in labelled[0].dims}, "sd, line", problems)
    if problems:
        raise InputError("vulnerability", problems)
    if law == "normal":
        found = xr.apply_ufunc(ndtr, (line - mean) / sd)
    else:
        spread = np.log1p((sd / mean) ** 2)
        found = xr.apply_ufunc(ndtr, (np.log(line / mean) + spread / 2.0) / np.sqrt(spread))
    return float(found) if np.ndim(found) == 0 and not labelled else found


def _wave_dim(name: str, panel: Any) -> str:
    """Return the dim of waves, checked to have two at least."""
    if isinstance(panel, xr.DataArray):
        found: str | None = next((dim for dim in ("year", "wave") if dim in panel.dims), None)
        count = 0 if found is None else panel.sizes[found]
    else:
        found, count = "wave", np.shape(panel)[0] if np.ndim(panel) == 2 else 0
    if count < 2:
        shape = str(dict(panel.sizes)) if isinstance(panel, xr.DataArray) else str(np.shape(panel))
        raise InputError(name, [Problem("panel", "does not have two waves", shape, "dims wave or year, and persons")])
    return str(found)
