"""The exit forecast: what the digest of a run holds for it, and its big numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from povsim.views.forecast_digest import WHOLE, digest_outcomes
from povsim.views.forecast_levers import levers_of, pack_levers
from povsim.views.forecast_people import digest_households

if TYPE_CHECKING:
    from povsim.folder import Run

__all__ = ["digest", "digest_households"]

REPORTED = ("standard_error", "shortfall", "shortfall_if_missed")
"""Columns taken over from the report on targets."""


def digest(run: Run) -> xr.Dataset:
    """Return what the exit forecast shows of a run, of its first scenario where it has several.

    Parameters
    ----------
    run : Run
        A run that was opened.

    Returns
    -------
    Dataset
        As ``digest_outcomes``, with ``cost_per_lasting_exit`` and ``target_probability`` (year) as ``povsim.forecast``
        has them, ``target_*`` (target, area, year) as ``povsim.target_report`` has them, and the levers of the plan
        among its attributes.
    """
    from povsim.outlook import forecast

    plan = run.scenario
    outcomes = run.outcomes.sel(scenario=[plan.code])
    found = digest_outcomes(outcomes, plan)
    table = forecast(outcomes, plan).table
    columns = ("cost_per_lasting_exit", "target_probability")
    data: dict[str, Any] = {f"whole_{name}": ("year", table[name].to_numpy()) for name in columns}
    spending = found["measure_spending"].sel(area=WHOLE).sum("year")
    by_measure = dict(zip(found["measure"].to_numpy().tolist(), spending.to_numpy().tolist(), strict=True))
    told = {"levers": pack_levers(levers_of(plan, by_measure)), "seed": int(run.manifest["seed"])}
    return found.assign(data | _reported(run, found)).assign_attrs(told)


def _reported(run: Run, found: xr.Dataset) -> dict[str, Any]:
    """Return what the report on targets adds: error, shortfall, and whether the years to come are on track."""
    from povsim.planning.targets import target_report

    areas, targets = found["area"].to_numpy().tolist(), found["target"].to_numpy().tolist()
    years = found["year"].to_numpy().tolist()
    numbers = {name: np.full((len(targets), len(areas), len(years)), np.nan) for name in REPORTED}
    states = np.full(numbers["shortfall"].shape, "", dtype="U4")
    outcomes = run.outcomes.sel(scenario=[run.scenario.code])
    report = target_report(outcomes, run.scenario, levels=("county", "township"))
    for frame in (report.table, report.track):
        for row in frame.to_dict("records"):
            area = found.attrs["county"] and WHOLE if row["level"] == "county" else row["unit"]
            if row["target"] not in targets or area not in areas:
                continue
            at = targets.index(row["target"]), areas.index(area), years.index(row["year"])
            for name, values in numbers.items():
                values[at] = row.get(name, values[at])
            states[at] = row.get("state", states[at])
    dims = ("target", "area", "year")
    return {f"target_{name}": (dims, values) for name, values in numbers.items()} | {"target_state": (dims, states)}
