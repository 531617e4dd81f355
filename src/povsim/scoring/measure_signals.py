"""The simulated names that look at measures and funds: who receives, who was taken on, what was spent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from povsim.errors import InputError, Problem
from povsim.scoring.by_unit import (
    LEAD,
    Array,
    Doubles,
    View,
    Whole,
    at_year_start,
    by_unit,
    chosen_among,
    ratio,
    start_of,
    status_of,
    values_of,
)

LISTED = ("registered", "exited", "relapsed", "monitored")
"""Statuses of households that are, or were, on the register, or are watched."""
FOR_VILLAGES = ("village_works", "collective")


def _matching(view: View) -> list[int]:
    """Return the places along ``measure`` of the measures whose code or type ``of`` names."""
    codes, types = (view.outcomes[name].to_numpy().tolist() for name in ("measure", "measure_type"))
    known: dict[str, list[int]] = {}
    for place, names in enumerate(zip(codes, types, strict=True)):
        for name in dict.fromkeys(names):
            known.setdefault(name, []).append(place)
    return chosen_among(view, known, "measure")


def _summed(view: View, name: str, places: list[int]) -> Whole:
    """Sum a statistic over measures and the villages of units, (scenario, draw, year, unit)."""
    values = values_of(view, name, "measure")
    total = np.zeros(values.shape[:-1], dtype=np.int64)
    for place in places:
        total += values[..., place]
    return by_unit(view, total)


def _recipients(view: View) -> Array:
    return _summed(view, "recipients", _matching(view))


def _spending(view: View) -> Array:
    return _summed(view, "spending", _matching(view))


def _coverage(view: View) -> Array:
    """Recipients in the year over households listed at its end, at most 1: who has two of the measures counts twice."""
    return np.minimum(ratio(_recipients(view), status_of(view, "households", *LISTED)), 1.0)


def _coverage_so_far(view: View) -> Array:
    """Households that a measure took on in any year so far over households listed at the year's end, at most 1.

    Each household counts once for a measure, however often it was taken on; the ``recipients`` of the outcomes would
    not do, since they count running support anew each year. Who has two of the measures counts twice.
    """
    reached = np.cumsum(_summed(view, "taken_on_first", _matching(view)), axis=2)
    return np.minimum(ratio(reached, status_of(view, "households", *LISTED)), 1.0)


def _measure_plan_completion(view: View) -> Array:
    """Households newly taken on in the year over the places planned for them; running support is not counted again.

    The plan is the indicator's, in households, or the capacity of the measures that state one in households or
    villages; the others are left out. It is that of the whole run, shared out over units like households listed at
    the year's start, or for measures for villages like villages, whose works are then counted in villages.
    """
    places = _matching(view)
    plan = view.source.plan
    if plan is None:
        return _capacity_used(view, places)
    wanted = np.array([plan.at(year) for year in view.years])[:, np.newaxis]
    return ratio(_summed(view, "taken_on", places), wanted * _share(view))


def _capacity_used(view: View, places: list[int]) -> Array:
    """Return households or villages newly taken on over the capacity of those measures that state it so."""
    of_villages = np.isin(view.outcomes["measure_type"].to_numpy()[places], FOR_VILLAGES)
    if of_villages.any() != of_villages.all():
        what = "mixes measures for households with measures for villages, whose plans are in households and in villages"
        raise InputError("value_from", [Problem(f"{view.name}.of", what, ", ".join(view.source.of))])
    planned = values_of(view, "planned_households", "measure", lead=("scenario", "year"))[..., places]
    stated, newly = ~np.isnan(planned), values_of(view, "taken_on", "measure")
    total = np.zeros(newly.shape[:-1], dtype=np.int64)
    for column, place in enumerate(places):
        each = newly[..., place] > 0 if of_villages.all() else newly[..., place]
        total += each * stated[:, np.newaxis, :, np.newaxis, column]
    wanted = np.where(stated, planned, 0.0).sum(axis=-1, dtype=np.float64)[:, np.newaxis, :, np.newaxis]
    return ratio(by_unit(view, total), wanted * (_villages(view) if of_villages.all() else _share(view)))


def _share(view: View) -> Doubles:
    """Return the units' shares of the households listed at the year's start, (scenario, draw, year, unit)."""
    before = at_year_start(status_of(view, "households", *LISTED), start_of(view, "households", *LISTED))
    return ratio(before, before.sum(axis=-1, keepdims=True))


def _villages(view: View) -> Doubles:
    """Return the units' shares of the villages, (unit,)."""
    count = by_unit(view, np.ones(view.outcomes.sizes["village"], dtype=np.int64))
    return ratio(count, count.sum(keepdims=True))


def _funds(view: View, name: str) -> Whole:
    """Sum a book over the funds that ``of`` names, or over all, (scenario, draw, year, 1).

    Raises
    ------
    InputError
        A run of several counties, whose funds are kept in one book.
    """
    if len(view.units) > 1:
        found = f"{len(view.units)} counties"
        problem = Problem(view.name, "is known of one county only: the run's funds are kept in one book", found)
        raise InputError("value_from", [problem])
    codes = view.outcomes["fund"].to_numpy().tolist()
    places = list(range(len(codes)))
    if view.source.of:
        places = chosen_among(view, {code: [place] for place, code in enumerate(codes)}, "fund")
    values = values_of(view, name, "fund", lead=LEAD[:3])
    total: Whole = values[..., places].sum(axis=-1, dtype=np.int64, keepdims=True)
    return total


def _fund_spending(view: View) -> Array:
    """Return yuan; NaN where the run has no funds."""
    spent = _funds(view, "fund_spending")
    return spent if view.outcomes.sizes["fund"] else np.full(spent.shape, np.nan)


def _fund_use_rate(view: View) -> Array:
    return ratio(_funds(view, "fund_spending"), _funds(view, "fund_budget"))


MEASURE_SIGNALS: dict[str, Callable[[View], Array]] = {
    "coverage": _coverage,
    "coverage_so_far": _coverage_so_far,
    "recipients": _recipients,
    "spending": _spending,
    "measure_plan_completion": _measure_plan_completion,
    "fund_spending": _fund_spending,
    "fund_use_rate": _fund_use_rate,
}
"""What computes each name that looks at measures and funds."""
