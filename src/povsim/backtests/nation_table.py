"""The table of a nation's back-test: every quantity by year and model, with its band, beside what was published."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from povsim.backtests.nation_plans import GROWTH, MEASURES, Plans, lines, mean_path
from povsim.backtests.nation_reference import (
    grown_alike,
    implied_by_fifths,
    lognormal_headcount,
    lognormal_sigma,
)
from povsim.backtests.nation_runs import Paths
from povsim.backtests.nation_spec import Nation, Series
from povsim.backtests.record import TABLE
from povsim.backtests.scores import brier, crps, inside, mean_and_band
from povsim.margins_report import net_income

Floats = npt.NDArray[np.float64]

LOGNORMAL, ALIKE, FIFTHS = "lognormal", "alike", "fifths"
BESIDE = "declared_beside_survey"
"""The register of the model beside the estimate of a survey, where no register's path was published."""
UNITS = {
    "headcount": "share of persons", "headcount_otherwise": "share of persons", "declared": "share of persons",
    BESIDE: "share of persons", "mean": "yuan per head and year", "median": "yuan per head and year",
    "low_fifth": "yuan per head and year",
}  # fmt: skip
REGISTER = ("declared", "exits", "relapses_registered", "newly_registered", "dibao_recipients", BESIDE)
"""Quantities of a register; the others are what a survey would find."""
_ORDER = (
    "headcount", "declared", "low_fifth", "median", "mean", "relapses_registered", "newly_registered", "relapses",
    "newly_poor", "exits", "dibao_recipients", "headcount_otherwise",
)  # fmt: skip


@dataclass(frozen=True)
class Rivals:
    """Headcounts by year that need no simulation; shares of persons.

    Attributes
    ----------
    sigma : float
        Log standard deviation of the lognormal, fixed at the start.
    lognormal, alike, fifths, fifths_alike : mapping of year to share
        The lognormal; everybody's income of the start grown alike; what the published fifths imply; what the first
        published fifths imply had all grown alike since.
    """

    sigma: float
    lognormal: dict[int, float]
    alike: dict[int, float]
    fifths: dict[int, float]
    fifths_alike: dict[int, float]


def rivals(spec: Nation, plans: Plans) -> Rivals:
    """Return what the model is compared with.

    Parameters
    ----------
    spec, plans
        The test, its start.
    """
    base, line, mean = spec.years[0] - 1, lines(plans.full), mean_path(spec)
    start = grown_alike(plans.register, factor=1.0, line=line[base])
    if spec.series.get("headcount") and base in spec.series["headcount"].years:
        start = spec.series["headcount"].years[base]
    sigma = lognormal_sigma(headcount=start, line=line[base], mean=mean[base])
    of = {year: {"line": line[year], "mean": mean[year]} for year in spec.span}
    dated = spec.fifths[0].value if spec.fifths else None
    known = sorted(year for year in dated if year in of) if isinstance(dated, dict) else []

    def implied(year: int, shape: int) -> float:
        return implied_by_fifths(spec, plans.register, shape=shape, **of[year])

    return Rivals(
        sigma,
        {year: lognormal_headcount(sigma, **of[year]) for year in spec.span},
        {year: grown_alike(plans.register, factor=mean[year] / mean[base], line=line[year]) for year in spec.span},
        {year: implied(year, year) for year in known},
        {year: implied(year, known[0]) for year in known},
    )


def make_table(spec: Nation, paths: Paths, others: Rivals) -> pd.DataFrame:
    """Return the table; columns as in ``record.TABLE``.

    Parameters
    ----------
    spec : Nation
        Published series.
    paths : Paths
        Simulated.
    others : Rivals
        Computed beside.
    """
    rows = [*_rival_rows(spec, others)]
    for quantity in _ORDER:
        for plan in (GROWTH, MEASURES):
            values = paths.values.get((quantity, plan))
            # without measures nobody renews dibao: the register's own amounts go on
            if values is not None and (quantity, plan) != ("dibao_recipients", GROWTH):
                rows += _rows(spec, quantity, plan, values)
    if "declared" not in spec.series:
        rows += [
            row for plan in (GROWTH, MEASURES) for row in _rows(spec, BESIDE, plan, paths.values["declared", plan])
        ]
    return pd.DataFrame(rows, columns=list(TABLE))


def _rival_rows(spec: Nation, others: Rivals) -> Iterator[dict[str, Any]]:
    named = ((LOGNORMAL, others.lognormal), (ALIKE, others.alike), (FIFTHS, others.fifths))
    for model, path in named:
        for year, value in path.items():
            yield _row(_series(spec, "headcount"), ("headcount", model, year), np.array([value]))


def _rows(spec: Nation, quantity: str, plan: str, values: Floats) -> Iterator[dict[str, Any]]:
    series = _series(spec, quantity)
    for place, year in enumerate(spec.span):
        yield _row(series, (quantity, plan, year), values[:, place])


def _series(spec: Nation, quantity: str) -> Series | None:
    name = "headcount" if quantity == BESIDE else quantity
    return spec.series.get(name)  # type: ignore[call-overload, no-any-return]


def _row(series: Series | None, of: tuple[str, str, int], draws: Floats) -> dict[str, Any]:
    quantity, model, year = of
    mean, low, high = mean_and_band(draws)
    row = {
        "quantity": quantity, "when": year, "model": model, "unit": UNITS.get(quantity, "persons"),
        "concept": "register" if quantity in REGISTER else "survey", "mean": mean, "low": low, "high": high,
        **dict.fromkeys(("actual", "actual_error", "crps", "brier", "inside"), math.nan),
    }  # fmt: skip
    actual = None if series is None else series.years.get(year)
    if series is None or actual is None:
        return row
    row |= {"actual": actual, "actual_error": series.rounding or math.nan}
    # What the simulation was tied to tells nothing about it.
    return row if quantity == "mean" else row | _scores(series, year, actual, draws)


def _scores(series: Series, year: int, actual: float, draws: Floats) -> dict[str, float]:
    bound = series.bounds.get(year)
    if bound is None:
        _, low, high = mean_and_band(draws)
        held = inside((low, high), actual, rounding=series.rounding)
        return {"crps": crps(draws, actual), "inside": float(held)}
    # Of a bound it is known only that it held: an event, to which the draws give a probability.
    chance = float((draws >= actual).mean() if bound == "at_least" else (draws <= actual).mean())
    return {"brier": brier(chance, outcome=True), "inside": float(chance > 0.1)}


def start_middle(plans: Plans) -> float:
    """Return the median of persons over the mean at the start, as synthesised."""
    persons = plans.register["persons"].to_numpy().astype(np.float64)
    total = net_income(plans.register)
    order = np.argsort(total / persons)
    running = np.cumsum(persons[order])
    median = (total / persons)[order][np.searchsorted(running, running[-1] / 2)]
    return float(median * persons.sum() / total.sum())


def start_headcount(plans: Plans) -> float:
    """Return the share of persons below the line at the start, as synthesised."""
    persons = plans.register["persons"].to_numpy().astype(np.float64)
    line = lines(plans.full)[plans.full.years[0] - 1]
    return float(persons[net_income(plans.register) / persons < line].sum() / persons.sum())
