"""Targets by level and year: how likely, missed by how much, first met when, on track or not, and how long it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.folder import Run, open_run
from povsim.outlook import BAND
from povsim.planning.target_households import household_table, most_at_risk, with_area
from povsim.planning.target_rules import LEVELS, Level, UnitTarget, targets_of
from povsim.planning.target_values import Floats, Measured, measure_target, villages
from povsim.scenario import Scenario

ON_TRACK, OFF_TRACK = 0.8, 0.2
"""On track: the target holds in all years still to come in at least so many draws; off track: in at most so many."""
_SIGN = {"<": -1, "<=": -1, ">": 1, ">=": 1}


@dataclass(frozen=True)
class TargetReport:
    """What a run says about targets; tidy tables, shares as shares, money in the scenario's currency.

    Attributes
    ----------
    table : DataFrame
        One row a target, unit and due year: ``bound``, ``value`` (mean), ``low``, ``high`` (80 % band over draws),
        ``probability`` of being met and its ``standard_error``, ``shortfall`` (mean amount by which it is missed, 0
        where met) and ``shortfall_if_missed`` (mean over the draws that miss it), ``known`` (share of draws).
    first_met : DataFrame
        One row a target, unit and year: ``probability`` that the bound in force is met in that year for the first
        time, and that it is met from that year on to the end (``for_good``); year 0 stands for never.
    track : DataFrame
        One row a target, unit and year with due years after it: ``ahead``, the share of draws in which the target
        holds in every due year still to come; ``ahead_if_met`` and ``ahead_if_missed``, the same among the draws that
        meet or miss the bound in force in the year; ``by_trend``, the share of draws in which last year's change,
        carried on year by year, would meet them all; ``state``: on, open or off by ``ahead``.
    exit_time : DataFrame
        One row an area and year: ``watts``, ``growth`` (of mean income a year since the register, log points),
        ``years`` (``low``, ``high``) until the poor would reach the line: W / (H g); ``years_all``: W / g.
    lasting : DataFrame
        One row an area and year: mean lasting exits with band, and so far.
    households : DataFrame or None
        Households most likely to fall back; none where the run was made without households.
    left_out : tuple of str
        What could not be said, as keys of texts.
    """

    table: pd.DataFrame
    first_met: pd.DataFrame
    track: pd.DataFrame
    exit_time: pd.DataFrame
    lasting: pd.DataFrame
    households: pd.DataFrame | None
    left_out: tuple[str, ...]


def target_report(  # noqa: PLR0913  (a door: all but two by keyword)
    run: Run | str | Path | xr.Dataset,
    scenario: Scenario | None = None,
    *,
    targets: Sequence[UnitTarget] = (),
    levels: Sequence[Level] = ("county",),
    scores: xr.Dataset | Sequence[xr.Dataset] = (),
    households: pd.DataFrame | None = None,
    most: int = 20,
) -> TargetReport:
    """Report on the targets of a scenario, its verdicts, and further targets, by level, unit and year.

    Parameters
    ----------
    run : Run, path or Dataset
        A finished run, its folder, or outcomes as ``simulate`` returns them.
    scenario : Scenario, optional
        The plan; the first of the run if not given.
    targets : sequence of UnitTarget
        More targets, as ``target_rules.read_targets`` reads them.
    levels : sequence of {"county", "township", "village"}
        Levels at which the scenario's own targets are asked, where they are ratios or verdicts.
    scores : Dataset or sequence of Dataset
        Scores of the run, for targets on points and ranks.
    households : DataFrame, optional
        Like ``households.parquet``, for outcomes in memory.
    most : int
        Households named a year.

    Returns
    -------
    TargetReport
        Probabilities are shares of draws, so they carry simulation error. Time to exit is J. Morduch's ("Poverty,
        economic growth, and average exit time", Economics Letters 59, 1998): the Watts index over growth, with the
        growth of everybody's mean income in place of that of the poor.

    Raises
    ------
    InputError
        A scenario that the run does not have, unknown levels, targets whose figures the run does not have.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=3)
    >>> report = target_report(outcomes, plan)
    >>> report.table[["target", "unit", "year", "bound"]].values.tolist()[0]
    ['incidence', '样例县', 2020, 0.02]
    """
    if isinstance(run, (str, Path)):
        with open_run(run) as opened:
            return target_report(
                opened, scenario, targets=targets, levels=levels, scores=scores, households=households, most=most
            )
    outcomes, plan = _chosen(run, scenario)
    unknown = [level for level in levels if level not in LEVELS]
    if unknown:
        raise InputError("targets", [Problem("levels", "unknown level", str(unknown[0]), ", ".join(LEVELS))])
    given = [scores] if isinstance(scores, xr.Dataset) else list(scores)
    asked = (*targets_of(plan, tuple(levels)), *targets)
    measured = _measured(outcomes, asked, given)
    people = household_table(run if isinstance(run, Run) else households, plan, plan.span)
    risky = None if people is None else with_area(most_at_risk(people, plan, most=most), outcomes)
    left = [] if people is not None else ["left_out.households"]
    left += [] if measured else ["left_out.targets"]
    return TargetReport(
        _frame(row for one in measured for row in _table_rows(one, plan.span)),
        _frame(row for one in measured for row in _first_rows(one, plan.span)),
        _frame(row for one in measured for row in _track_rows(one, plan.span)),
        _frame(row for level in levels for row in _time_rows(outcomes, level)),
        _frame(row for level in levels for row in _lasting_rows(outcomes, level)),
        risky,
        tuple(left),
    )


def _chosen(run: Run | xr.Dataset, scenario: Scenario | None) -> tuple[xr.Dataset, Scenario]:
    outcomes = run if isinstance(run, xr.Dataset) else run.outcomes
    if scenario is None and isinstance(run, xr.Dataset):
        raise InputError("targets", [Problem("scenario", "is needed with outcomes in memory")])
    plan = scenario if scenario is not None or isinstance(run, xr.Dataset) else run.scenario
    assert plan is not None
    known = outcomes["scenario"].to_numpy().tolist()
    if plan.code not in known:
        mend = nearest(plan.code, known)
        raise InputError("targets", [Problem("scenario", "is not in the run", plan.code, ", ".join(known), mend)])
    return outcomes.sel(scenario=[plan.code]), plan


def _measured(outcomes: xr.Dataset, asked: Sequence[UnitTarget], scores: Sequence[xr.Dataset]) -> list[Measured]:
    found: list[Measured] = []
    problems: list[Problem] = []
    for target in asked:
        try:
            found.append(measure_target(outcomes, target, scores))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError("targets", problems)
    return found


def _frame(rows: Iterator[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def _head(one: Measured, unit: int) -> dict[str, Any]:
    target = one.target
    return {
        "target": target.code, "name_zh": target.name_zh, "name_en": target.name_en, "measure": target.measure,
        "level": target.level, "unit": one.units[unit],
    }  # fmt: skip


def _table_rows(one: Measured, years: Sequence[int]) -> Iterator[dict[str, Any]]:
    for unit in range(len(one.units)):
        for place in np.flatnonzero(one.due).tolist():
            known = one.known[:, place, unit]
            values, held = one.values[known, place, unit], one.held[known, place, unit]
            missed = one.missed_by[known, place, unit]
            share = float(held.mean()) if held.size else np.nan
            low, high = np.quantile(values, BAND) if values.size else (np.nan, np.nan)
            yield {
                **_head(one, unit),
                "year": years[place],
                "comparison": one.target.comparison,
                "bound": float(one.bounds[place]),
                "units": one.target.unit,
                "value": float(values.mean()) if values.size else np.nan,
                "low": float(low),
                "high": float(high),
                "probability": share,
                "standard_error": float(np.sqrt(share * (1 - share) / held.size)) if held.size else np.nan,
                "shortfall": float(missed.mean()) if missed.size else np.nan,
                "shortfall_if_missed": float(missed[~held].mean()) if (~held).any() else np.nan,
                "known": float(known.mean()),
            }


def _first_rows(one: Measured, years: Sequence[int]) -> Iterator[dict[str, Any]]:
    # where several years are due these count, where one is, all up to it, with its bound
    last = int(np.flatnonzero(one.due).max(initial=len(years) - 1 if not one.due.any() else 0))
    places = np.flatnonzero(one.due) if one.due.sum() > 1 else np.arange(last + 1)
    held = one.held[:, places]
    first = np.where(held.any(axis=1), held.argmax(axis=1), len(places))
    # met from here on: what is met in this and all later years
    good: npt.NDArray[np.bool_] = np.flip(np.minimum.accumulate(np.flip(held, axis=1), axis=1), axis=1)
    for_good = np.where(good.any(axis=1), good.argmax(axis=1), len(places))
    for unit in range(len(one.units)):
        for place, year in enumerate([*(years[at] for at in places.tolist()), 0]):
            yield {
                **_head(one, unit),
                "year": year,
                "probability": float((first[:, unit] == place).mean()),
                "for_good": float((for_good[:, unit] == place).mean()),
            }


def _track_rows(one: Measured, years: Sequence[int]) -> Iterator[dict[str, Any]]:
    for place, year in enumerate(years):
        later = np.flatnonzero(one.due & (np.arange(len(years)) > place))
        if not later.size:
            continue
        ahead, trend = np.asarray(np.all(one.held[:, later], axis=1)), _trend(one, place, later)
        for unit in range(len(one.units)):
            now, then = one.held[:, place, unit], ahead[:, unit]
            share = float(then.mean())
            yield {
                **_head(one, unit),
                "year": year,
                "ahead": share,
                "ahead_if_met": float(then[now].mean()) if now.any() else np.nan,
                "ahead_if_missed": float(then[~now].mean()) if (~now).any() else np.nan,
                "by_trend": float(trend[unit]),
                "state": "on" if share >= ON_TRACK else "off" if share <= OFF_TRACK else "open",
            }


def _trend(one: Measured, place: int, later: npt.NDArray[np.int64]) -> Floats:
    """Return, by unit, the share of draws in which last year's change carried on meets every later bound."""
    if place == 0:
        return np.full(len(one.units), np.nan)
    now, change = one.values[:, place], one.values[:, place] - one.values[:, place - 1]
    ahead = now[:, np.newaxis] + change[:, np.newaxis] * (later - place)[:, np.newaxis]
    apart = (ahead - one.bounds[later][:, np.newaxis]) * _SIGN[one.target.comparison]
    met = (apart > 0 if one.target.comparison in ("<", ">") else apart >= 0).all(axis=1)
    known = np.asarray(~np.isnan(change))
    return np.where(known.any(axis=0), (known & met).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)


def _areas(outcomes: xr.Dataset, level: Level) -> tuple[list[str], npt.NDArray[np.int64]]:
    names = outcomes[level if level != "village" else "village"].to_numpy().astype(str)
    units = list(dict.fromkeys(names.tolist()))
    return units, (names[:, np.newaxis] == np.array(units)[np.newaxis]).astype(np.int64)


def _time_rows(outcomes: xr.Dataset, level: Level) -> Iterator[dict[str, Any]]:
    units, member = _areas(outcomes, level)
    gaps = outcomes["log_gap_sum"].isel(scenario=0).transpose("draw", "year", "village").to_numpy() @ member
    persons = villages(outcomes.assign(all=outcomes["persons"].astype(np.int64).sum("status")), "all") @ member
    income = villages(outcomes.sel(source="total"), "income_sum") @ member
    poor = villages(outcomes, "poor_persons") @ member
    start = outcomes["income_at_start"].to_numpy() @ member
    people = outcomes["persons_at_start"].sum("status").to_numpy() @ member
    apart = outcomes["year"].to_numpy() - int(outcomes.attrs["base_year"])
    with np.errstate(divide="ignore", invalid="ignore"):
        watts = gaps / persons
        growth = np.log((income / persons) / (start / people)) / np.maximum(apart, 1)[:, np.newaxis]
        # without growth nobody gets there: infinite; where nobody is poor there is no time to take
        among = np.where(poor > 0, np.where(growth > 0, watts / (poor / persons) / growth, np.inf), np.nan)
        overall = np.where(growth > 0, watts / growth, np.where(watts > 0, np.inf, 0.0))
    for unit, name in enumerate(units):
        for place, year in enumerate(outcomes["year"].to_numpy().tolist()):
            low, middle, high = _quantiles(among[:, place, unit])
            yield {
                "level": level, "unit": name, "year": year, "watts": float(watts[:, place, unit].mean()),
                "growth": float(growth[:, place, unit].mean()), "years": middle, "low": low, "high": high,
                "years_all": _quantiles(overall[:, place, unit])[1],
            }  # fmt: skip


def _quantiles(values: Floats) -> tuple[float, float, float]:
    """Return lower end, median and upper end over the draws that have a value, which may be infinite."""
    known = values[~np.isnan(values)]
    if not known.size:
        return np.nan, np.nan, np.nan
    low, middle, high = np.quantile(known, (BAND[0], 0.5, BAND[1]), method="inverted_cdf")
    return float(low), float(middle), float(high)


def _lasting_rows(outcomes: xr.Dataset, level: Level) -> Iterator[dict[str, Any]]:
    units, member = _areas(outcomes, level)
    found = villages(outcomes, "lasting_exits") @ member
    so_far = np.cumsum(found, axis=1)
    for unit, name in enumerate(units):
        for place, year in enumerate(outcomes["year"].to_numpy().tolist()):
            low, high = np.quantile(so_far[:, place, unit], BAND)
            yield {
                "level": level, "unit": name, "year": year, "lasting_exits": float(found[:, place, unit].mean()),
                "so_far": float(so_far[:, place, unit].mean()), "so_far_low": float(low), "so_far_high": float(high),
            }  # fmt: skip
