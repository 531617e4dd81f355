"""Targets in the digest that plans are compared by: draw by draw whether each holds, so that any of them can count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.outlook import target_held
from povsim.planning.target_rules import VERDICTS, targets_of
from povsim.planning.target_values import measure_target
from povsim.scenario import Scenario

Flags = npt.NDArray[np.bool_]
UNKNOWN = -1
"""Stands in a draw that cannot tell."""


def held_of(one: xr.Dataset, plan: Scenario) -> dict[str, Flags]:
    """Return in which draws and years each target of a plan holds, dims (draw, year).

    Parameters
    ----------
    one : Dataset
        Outcomes of the plan, without a scenario dim.
    plan : Scenario
        The plan.
    """
    return {target.code: target_held(one, target, plan) for target in plan.targets}


def together(held: Mapping[str, Flags], plan: Scenario, draws: int) -> npt.NDArray[np.int8]:
    """Return in which draws all targets of a year hold, dims (draw, year); -1 where none is due.

    Parameters
    ----------
    held : mapping
        As ``held_of`` returns it.
    plan : Scenario
        The plan.
    draws : int
        How many draws there are.
    """
    found = np.full((draws, len(plan.span)), UNKNOWN, dtype=np.int8)
    for place, year in enumerate(plan.span):
        due = [held[target.code][:, place] for target in plan.targets if target.applies(year)]
        if due:
            found[:, place] = np.logical_and.reduce(due)
    return found


def target_rows(
    outcomes: xr.Dataset, plan: Scenario, held: Mapping[str, Flags], place: int
) -> Iterator[dict[str, Any]]:
    """Yield the targets of a plan and the verdicts on its counties, by year.

    Parameters
    ----------
    outcomes : Dataset
        Of the plan, with a scenario dim of length 1.
    plan : Scenario
        The plan.
    held : mapping
        As ``held_of`` returns it.
    place : int
        Position of the plan in its run.

    Yields
    ------
    dict
        ``plan``, ``year``, ``target``, ``unit`` (the county, where there are several and it is one's own), names,
        ``comparison``, ``units`` (``flag`` for verdicts), ``bound``, and ``held`` by draw: 1, 0, or -1 where unknown.
    """
    for target in plan.targets:
        told = {
            "target": target.code, "name_zh": target.name_zh, "name_en": target.name_en, "unit": "",
            "comparison": target.comparison, "units": target.value.unit,
        }  # fmt: skip
        for at, year in enumerate(plan.span):
            if target.applies(year):
                mine = held[target.code][:, at].astype(np.int8)
                yield {"plan": place, "year": year, **told, "bound": float(target.value.at(year)), "held": mine}
    for verdict in (one for one in targets_of(plan) if one.measure in VERDICTS):
        found = measure_target(outcomes, verdict)
        flags = np.where(found.known, found.held, UNKNOWN).astype(np.int8)
        told = {
            "target": verdict.code, "name_zh": verdict.name_zh, "name_en": verdict.name_en,
            "comparison": verdict.comparison, "units": verdict.unit,
        }  # fmt: skip
        for number, unit in enumerate(found.units):
            name = unit if len(found.units) > 1 else ""
            for at, year in enumerate(plan.span):
                yield {"plan": place, "year": year, **told, "unit": name, "bound": 1.0, "held": flags[:, at, number]}
