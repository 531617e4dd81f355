"""The simulated names: each is one small function from outcomes to values by scenario, draw, year and unit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.scoring.by_unit import (
    Array,
    Doubles,
    View,
    Whole,
    at_year_start,
    by_unit,
    chosen_among,
    make_view,
    rate,
    ratio,
    start_of,
    status_of,
    total_of,
    units_of,
    values_of,
)
from povsim.scoring.measure_signals import MEASURE_SIGNALS
from povsim.scoring.schema import ValueFrom
from povsim.scoring.signal_names import SIGNALS
from povsim.terms import STATUSES

EVERYBODY = tuple(term.code for term in STATUSES)
ON_REGISTER = ("registered", "relapsed")
NEEDED = frozenset({"taken_on", "persons_at_start", "failing_by_test", "collective_income"})
"""What runs hold since scorecards are computed from them."""


def signal(outcomes: xr.Dataset, source: ValueFrom, level: str, *, seed: int = 0) -> xr.DataArray:
    """Compute a simulated name for the units of a level.

    Parameters
    ----------
    outcomes : Dataset
        As ``simulate`` returns it, or ``open_run(folder).outcomes``.
    source : ValueFrom
        The name, and what it needs: measures, guarantees, facilities or tests, a plan, a sample.
    level : {"county", "township", "village"}
        Whose values.
    seed : int
        Address of the luck of samples.

    Returns
    -------
    DataArray, dims (scenario, draw, year, unit), float32
        In the unit that ``SIGNALS`` states; NaN where a ratio has no denominator (nobody exited, nothing planned) and
        where the run knows nothing of it. Sums are exact, and divided once.

    Raises
    ------
    InputError
        An unknown name or level, a name that the level does not have, ``of`` naming what the run does not have.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=2, seed=1)
    >>> found = signal(outcomes, ValueFrom(simulated="registered_ratio"), "township")
    >>> found.dims, found.sizes["unit"], found.attrs["units"]
    (('scenario', 'draw', 'year', 'unit'), 2, 'share')
    >>> signal(outcomes, ValueFrom(simulated="coverage", of=("loans",)), "county")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    povsim.errors.InputError: value_from: 1 problem
      - coverage.of: names no measure of the run; found loans; allowed: industry, ...
    """
    code = str(source.simulated)
    if code not in SIGNALS:
        problem = Problem("simulated", "unknown simulated name", code, ", ".join(SIGNALS), nearest(code, SIGNALS))
        raise InputError("value_from", [problem])
    if not set(outcomes) >= NEEDED or "measure" not in outcomes["taken_on"].dims:
        problem = Problem(
            "outcomes", "come from an older povsim, which kept less", mend="run the plan again: povsim run"
        )
        raise InputError("value_from", [problem])
    view, name = make_view(outcomes, source, level, seed), SIGNALS[code]
    if level not in name.levels:
        raise InputError("value_from", [Problem(code, f"is not known by {level}", allowed=", ".join(name.levels))])
    values = np.broadcast_to(FUNCTIONS[code](view), view.sizes).astype(np.float32)
    coordinates = {dim: outcomes[dim].to_numpy() for dim in ("scenario", "draw", "year")} | {"unit": view.units}
    labels = {"units": name.unit, "long_name": name.en, "long_name_zh": name.zh}
    return xr.DataArray(values, coordinates, ("scenario", "draw", "year", "unit"), code, labels)


def _per_person(name: str) -> Callable[[View], Array]:
    """Return the function that divides a statistic of villages by all persons."""
    return lambda view: ratio(total_of(view, name), status_of(view, "persons", *EVERYBODY))


def _counted(name: str) -> Callable[[View], Array]:
    """Return the function that sums a statistic of villages."""
    return lambda view: total_of(view, name)


def _registered(view: View) -> Whole:
    return status_of(view, "persons", *ON_REGISTER)


def _registered_ratio(view: View) -> Array:
    return ratio(_registered(view), status_of(view, "persons", *EVERYBODY))


def _composite_incidence(view: View) -> Array:
    hidden = total_of(view, "omissions") + total_of(view, "failing_exited_persons")
    return ratio(_registered(view) + hidden, status_of(view, "persons", *EVERYBODY))


def _planned(view: View, targets: str) -> Doubles:
    """Return the plan of the whole run by scenario and year, (scenario, 1, year, 1): the indicator's, else the run's.

    NaN where neither says anything.
    """
    plan = view.source.plan
    if plan is None:
        return values_of(view, targets, lead=("scenario", "year")).astype(np.float64)[:, np.newaxis, :, np.newaxis]
    return np.array([plan.at(year) for year in view.years])[np.newaxis, np.newaxis, :, np.newaxis]


def _exit_plan_completion(view: View) -> Array:
    """Exits over the plan, which is shared out over units like registered and relapsed persons at the year's start.

    The documents give a plan for the county and leave open how it is handed down: that is our assumption.
    """
    before = at_year_start(_registered(view), start_of(view, "persons", *ON_REGISTER))
    share = ratio(before, before.sum(axis=-1, keepdims=True))
    return ratio(total_of(view, "exits"), _planned(view, "planned_exits") * share)


def _passes(view: View) -> tuple[Whole, Doubles]:
    """Return villages that pass, and villages judged, by unit; where no test is set nothing is judged."""
    passes = values_of(view, "village_passes")
    return by_unit(view, passes == 1), by_unit(view, passes >= 0)


def _villages_passing(view: View) -> Array:
    passing, judged = _passes(view)
    return np.where(judged > 0, passing, np.nan)


def _villages_passing_share(view: View) -> Array:
    return ratio(*_passes(view))


def _village_exit_plan_completion(view: View) -> Array:
    """Villages that pass over the plan, shared out over units like their villages; a village passes (1) or not (0).

    The plan says how many villages are to pass by the year's end, those of earlier years included.
    """
    passing, judged = _passes(view)
    plan = _planned(view, "planned_villages")
    if view.level == "village":
        return np.where((judged > 0) & (plan > 0), passing, np.nan)
    return ratio(passing, plan * ratio(judged, judged.sum(axis=-1, keepdims=True)))


def _relapse_rate(view: View) -> Array:
    """Relapses over persons exited, or watched as exited and unstable, at the year's start; at most 1."""
    watched = values_of(view, "monitored_persons", "monitored_class")
    unstable = view.outcomes["monitored_class"].to_numpy().tolist().index("unstable")
    ends = status_of(view, "persons", "exited") + by_unit(view, watched[..., unstable])
    return np.minimum(ratio(total_of(view, "relapses"), at_year_start(ends, start_of(view, "persons", "exited"))), 1.0)


def _newly_poor_rate(view: View) -> Array:
    """Newly poor over persons who were not registered at the year's start; at most 1."""
    never = "never_registered"
    before = at_year_start(status_of(view, "persons", never), start_of(view, "persons", never))
    return np.minimum(ratio(total_of(view, "newly_poor"), before), 1.0)


def _income(view: View) -> Whole:
    place = view.outcomes["source"].to_numpy().tolist().index("total")
    return by_unit(view, values_of(view, "income_sum", "source")[..., place])


def _mean_income(view: View) -> Doubles:
    return ratio(_income(view), status_of(view, "persons", *EVERYBODY))


def _income_growth(view: View) -> Array:
    """Growth over last year; in the first year over the register's, a year's part of it where that is older."""
    start = by_unit(view, values_of(view, "income_at_start", lead=("village",)))
    mean, first = _mean_income(view), ratio(start, start_of(view, "persons", *EVERYBODY))
    factor = ratio(mean, at_year_start(mean, first))
    apart = view.years[0] - int(view.outcomes.attrs["base_year"])
    factor[:, :, 0] = np.maximum(factor[:, :, 0], 0.0) ** (1.0 / max(apart, 1))
    return factor - 1.0


def _identification_accuracy(view: View) -> Array:
    """1 less those wrongly on the register at its start and those omitted now, over everybody.

    The documents print no formula: this is the share of all persons whom the register deals with rightly.
    """
    found = []
    for kind, end in (("persons", ""), ("households", "_households")):
        wrong = by_unit(view, values_of(view, f"wrongly_included{end}", lead=("scenario", "draw", "village")))
        misjudged = wrong[:, :, np.newaxis] + total_of(view, f"omissions{end}")
        found.append((misjudged, status_of(view, kind, *EVERYBODY)))
    return 1.0 - rate(view, ("inspected:identification_accuracy", *found[1]), found[0])


def _omission_rate(view: View) -> Array:
    never = "never_registered"
    persons = total_of(view, "omissions"), status_of(view, "persons", never)
    households = total_of(view, "omissions_households"), status_of(view, "households", never)
    return rate(view, ("inspected:omission_rate", *households), persons)


def _exit_accuracy(view: View) -> Array:
    persons = total_of(view, "wrong_exits"), total_of(view, "exits")
    households = total_of(view, "wrong_exits_households"), total_of(view, "exits_households")
    return 1.0 - rate(view, ("inspected:exit_accuracy", *households), persons)


def _wrong_exit_rate(view: View) -> Array:
    persons = total_of(view, "failing_exited_persons"), status_of(view, "persons", "exited")
    households = total_of(view, "failing_exited_households"), status_of(view, "households", "exited")
    return rate(view, ("inspected:wrong_exit_rate", *households), persons)


def _arrears_rate(view: View) -> Array:
    overdue = total_of(view, "arrears")
    return ratio(overdue, total_of(view, "loans_outstanding") + overdue)


def _tests(view: View, level: str) -> dict[str, list[int]]:
    """Return the tests of a level by code, with their places along the veto dim."""
    codes, levels = (view.outcomes[name].to_numpy().tolist() for name in ("veto", "level"))
    return {code: [place] for place, (code, of) in enumerate(zip(codes, levels, strict=True)) if of == level}


def _guarantee_met(view: View) -> Array:
    """1 less the share of persons who fail a test of households; of several tests, that of the worst.

    Counts by test do not tell who fails several at once: the worst is the most that all together can reach.
    """
    places = chosen_among(view, _tests(view, "household"), "test of households")
    failing = values_of(view, "failing_by_test", "veto")
    worst = np.max([by_unit(view, failing[..., place]) for place in places], axis=0)
    return 1.0 - ratio(worst, status_of(view, "persons", *EVERYBODY))


def _facility_coverage(view: View) -> Array:
    """Share of villages that have every one of the facilities; NaN where one of them is not modelled."""
    codes = view.outcomes["facility"].to_numpy().tolist()
    places = chosen_among(view, {code: [place] for place, code in enumerate(codes)}, "facility")
    lacking = values_of(view, "facilities_lacking", "facility")[..., places]
    least, most = lacking.min(axis=-1), lacking.max(axis=-1)
    unknown, whole = by_unit(view, least < 0), by_unit(view, np.ones(least.shape[-1], dtype=np.int64))
    return np.where(unknown == 0, ratio(by_unit(view, most == 0), whole), np.nan)


def _collective_income(view: View) -> Array:
    """Mean over the villages whose income is known."""
    income = values_of(view, "collective_income")
    known = ~np.isnan(income)
    return ratio(by_unit(view, np.where(known, income, 0.0)), by_unit(view, known))


def _collective_income_reached(view: View) -> Array:
    """Share of the villages whose income is known with at least the plan's amount."""
    if view.source.plan is None:
        raise InputError("value_from", [Problem(f"{view.name}.plan", "is missing", allowed="an amount in yuan")])
    income, bound = values_of(view, "collective_income"), _planned(view, "")
    return ratio(by_unit(view, income >= bound), by_unit(view, ~np.isnan(income)))


def _county_rate(name: str) -> Callable[[View], Array]:
    """Return the function that looks up the rate of a county test."""

    def found(view: View) -> Array:
        places = chosen_among(view, _tests(view, "county"), "test of counties")
        if len(places) != 1:
            raise InputError(
                "value_from", [Problem(f"{view.name}.of", "should name one test", ", ".join(view.source.of))]
            )
        counties = view.outcomes["county_name"].to_numpy().tolist()
        rates = values_of(view, name, "veto", lead=("scenario", "draw", "year", "county_name"))[..., places[0]]
        return rates[..., [counties.index(unit) for unit in view.units]]

    return found


FUNCTIONS: dict[str, Callable[[View], Array]] = {
    "headcount_ratio": _per_person("poor_persons"),
    "registered_ratio": _registered_ratio,
    "composite_incidence": _composite_incidence,
    "failing_ratio": _per_person("failing_persons"),
    "poverty_gap": _per_person("gap_sum"),
    "exits": _counted("exits"),
    "exit_plan_completion": _exit_plan_completion,
    "villages_passing": _villages_passing,
    "villages_passing_share": _villages_passing_share,
    "village_exit_plan_completion": _village_exit_plan_completion,
    "relapses": _counted("relapses"),
    "relapse_rate": _relapse_rate,
    "newly_poor_rate": _newly_poor_rate,
    "mean_income": _mean_income,
    "income_growth": _income_growth,
    "identification_accuracy": _identification_accuracy,
    "omission_rate": _omission_rate,
    "exit_accuracy": _exit_accuracy,
    "wrong_exit_rate": _wrong_exit_rate,
    **MEASURE_SIGNALS,
    "loans_outstanding": _counted("loans_outstanding"),
    "arrears_rate": _arrears_rate,
    "guarantee_met": _guarantee_met,
    "facility_coverage": _facility_coverage,
    "collective_income": _collective_income,
    "collective_income_reached": _collective_income_reached,
    "county_rate_seen": _county_rate("county_rate_seen"),
    "county_rate_true": _county_rate("county_rate_true"),
}
"""What computes each name of ``SIGNALS``."""

__all__ = ["FUNCTIONS", "signal", "units_of"]
