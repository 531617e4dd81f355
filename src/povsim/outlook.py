"""The forecast: per year the headcount with its band, exits, relapses, money, and the probability that targets hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.rulebook import Target
from povsim.scenario import Scenario

BAND = (0.1, 0.9)
"""Quantiles of the 80 % band over draws: simulation spread, not sampling error."""


@dataclass(frozen=True)
class Forecast:
    """One scenario's forecast.

    Attributes
    ----------
    table : DataFrame
        One row a year; shares as shares, counts in persons, money in yuan.
    targets : DataFrame
        Probability, over draws, that each target of each year holds.
    """

    table: pd.DataFrame
    targets: pd.DataFrame


def forecast(outcomes: xr.Dataset, scenario: Scenario) -> Forecast:
    """Summarise a scenario's outcomes by year.

    Parameters
    ----------
    outcomes : Dataset
        As ``simulate`` returns it; the scenario is found by its code.
    scenario : Scenario
        The plan, for its targets.

    Returns
    -------
    Forecast
        ``headcount_ratio`` with ``low`` and ``high`` (80 % band over draws), mean ``exits``, ``relapses``,
        ``wrong_exits`` (persons), ``spending`` (yuan), ``target_probability`` (all targets of the year), and
        ``cost_per_lasting_exit``: spending so far over persons who were poor and then above the line for two years.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> result = forecast(povsim.simulate(povsim.complete_population(plan), plan, draws=3), plan)
    >>> list(result.table.index)
    [2016, 2017, 2018, 2019, 2020]
    """
    one = outcomes.sel(scenario=scenario.code)
    headcount = _headcount(one)
    spending = _total(one["spending"].sum("measure"))
    lasting = _total(one["lasting_exits"])
    held = {target.code: target_held(one, target, scenario) for target in scenario.targets}
    table = pd.DataFrame(
        {
            "headcount_ratio": headcount.mean(axis=0),
            "low": np.quantile(headcount, BAND[0], axis=0),
            "high": np.quantile(headcount, BAND[1], axis=0),
            "exits": _total(one["exits"]).mean(axis=0),
            "relapses": _total(one["relapses"]).mean(axis=0),
            "wrong_exits": _total(one["wrong_exits"]).mean(axis=0),
            "spending": spending.mean(axis=0),
            "target_probability": _all_held(held, scenario),
            "cost_per_lasting_exit": _cost(spending, lasting),
        },
        index=pd.Index(list(scenario.span), name="year"),
    )
    return Forecast(table, _target_table(held, scenario))


def _total(array: xr.DataArray) -> npt.NDArray[np.float64]:
    """Sum over villages, shape (draw, year)."""
    return np.asarray(array.astype(np.float64).sum("village").transpose("draw", "year"))


def _headcount(one: xr.Dataset) -> npt.NDArray[np.float64]:
    return np.asarray(_total(one["poor_persons"]) / _total(one["persons"].sum("status")))


def _cost(spending: npt.NDArray[np.float64], lasting: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return mean spending so far over mean lasting exits so far; not a number while there are none."""
    so_far = np.cumsum(lasting, axis=1).mean(axis=0)
    money = np.cumsum(spending, axis=1).mean(axis=0)
    return np.asarray(np.divide(money, so_far, out=np.full(money.shape, np.nan), where=so_far > 0))


def target_held(one: xr.Dataset, target: Target, scenario: Scenario) -> npt.NDArray[np.bool_]:
    """Tell in which draws and years a target of the county holds, compared in whole numbers; shape (draw, year)."""
    top, bottom = _counts(one, target)
    years = list(scenario.span)
    held = np.zeros(top.shape, dtype=bool)
    for (draw, place), numerator in np.ndenumerate(top):
        held[draw, place] = target.holds(int(numerator), int(bottom[draw, place]), years[place])
    return held


def _counts(one: xr.Dataset, target: Target) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return numerator and denominator of a target's measure, each (draw, year)."""
    persons = one["persons"].astype(np.int64).sum("village").transpose("draw", "year", "status")
    everybody = persons.sum("status").to_numpy()
    if target.measure == "exits":
        return _whole(one["exits"]), np.ones_like(everybody)
    if target.measure == "villages_passing":
        return _whole(one["village_passes"] == 1), np.ones_like(everybody)
    if target.measure == "headcount_ratio":
        return _whole(one["poor_persons"]), everybody
    registered = persons.sel(status=["registered", "relapsed"]).sum("status").to_numpy()
    if target.measure == "composite_incidence":
        registered = registered + _whole(one["omissions"]) + _whole(one["failing_exited_persons"])
    return registered, everybody


def _whole(array: xr.DataArray) -> npt.NDArray[np.int64]:
    return array.astype(np.int64).sum("village").transpose("draw", "year").to_numpy()


def _all_held(held: dict[str, npt.NDArray[np.bool_]], scenario: Scenario) -> list[float]:
    """Return per year the share of draws in which every target of that year holds; not a number without a target."""
    shares = []
    for place, year in enumerate(scenario.span):
        due = [held[target.code][:, place] for target in scenario.targets if target.applies(year)]
        shares.append(float(np.logical_and.reduce(due).mean()) if due else float("nan"))
    return shares


def _target_table(held: dict[str, npt.NDArray[np.bool_]], scenario: Scenario) -> pd.DataFrame:
    rows = [
        {
            "year": year,
            "target": target.code,
            "name_zh": target.name_zh,
            "name_en": target.name_en,
            "comparison": target.comparison,
            "value": target.value.at(year),
            "unit": target.value.unit,
            "probability": float(held[target.code][:, place].mean()),
        }
        for place, year in enumerate(scenario.span)
        for target in scenario.targets
        if target.applies(year)
    ]
    columns = ["year", "target", "name_zh", "name_en", "comparison", "value", "unit", "probability"]
    return pd.DataFrame(rows, columns=columns)
