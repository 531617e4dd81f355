"""What the comparison of plans needs of a run, by draw, year and area, small enough to be shared by many sessions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError
from povsim.folder import Run
from povsim.outlook import BAND
from povsim.planning.comparison_groups import BAND_WIDTH, STATES
from povsim.planning.comparison_statistics import STATISTICS, WHOLE, membership, statistics_of
from povsim.scenario import Scenario
from povsim.terms import CATEGORIES, CAUSES, STATUSES, Term
from povsim.views.comparison_digest_targets import held_of, target_rows, together
from povsim.views.comparison_sources import documents, parameters

OF_VILLAGES = ("poor_persons", "lasting_exits_so_far", "spending_so_far")
"""Statistics that are kept by village too; all of them would be hundreds of megabytes with a thousand draws."""
NEVER = "never_registered"


def digest(run: Run) -> xr.Dataset:
    """Return what plans are compared by.

    Parameters
    ----------
    run : Run
        A run that was opened.

    Returns
    -------
    Dataset
        ``value`` (scenario, statistic, draw, year, area): every statistic that plans are compared by, all areas
        together first; ``village_value`` the same for a few of them by village; ``histogram`` (scenario, draw, year,
        bin): persons by income, with the ``line`` (scenario, year; missing where it is no one amount); ``targets_hold``
        (scenario, draw, year): all targets of the year, -1 without any; ``target_*`` and ``parameter_*``: rows of
        tables, with ``target_held`` (target, draw): whether the row's target holds, -1 where a draw cannot tell;
        ``document_*``: the scorecards that ship. ``household_*``: how often each household is poor
        (``household_poor``, draws), its income, and the groups it belongs to; none where the run has no households.
    """
    outcomes, plans = run.outcomes, run.scenarios
    own = [outcomes.sel(scenario=[plan.code]) for plan in plans]
    parts = [_of_plan(one, plan) for one, plan in zip(own, plans, strict=True)]
    held = [held_of(one.isel(scenario=0), plan) for one, plan in zip(own, plans, strict=True)]
    common = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    whole = [together(told, plan, outcomes.sizes["draw"]) for told, plan in zip(held, plans, strict=True)]
    due = enumerate(zip(own, plans, held, strict=True))
    data: dict[str, Any] = {
        "value": (("scenario", "statistic", "draw", "year", "area"), common["value"]),
        "village_value": (("scenario", "village_statistic", "draw", "year", "village"), common["village_value"]),
        "histogram": (("scenario", "draw", "year", "bin"), common["histogram"]),
        "line": (("scenario", "year"), common["line"]),
        "targets_hold": (("scenario", "draw", "year"), np.stack(whole)),
    }
    data |= _rows("target", (row for place, mine in due for row in target_rows(*mine, place)))
    data |= _rows("parameter", (row for place, plan in enumerate(plans) for row in parameters(plan, place)))
    data |= _rows("document", documents())
    data |= _households(run)
    return xr.Dataset(data, _coordinates(outcomes, plans), _attrs(outcomes, run))


def _of_plan(one: xr.Dataset, plan: Scenario) -> dict[str, npt.NDArray[Any]]:
    by_area = [statistics_of(one, level) for level in _levels(one)]
    by_village = statistics_of(one, "village")
    # the whole comes first in each of them and is kept once
    areas = [
        np.concatenate([by_area[0][name], *(part[name][..., 1:] for part in by_area[1:])], axis=-1)
        for name in STATISTICS
    ]
    histogram = one["income_histogram"].isel(scenario=0).sum("township_name").transpose("draw", "year", "bin")
    return {
        "value": np.array(areas),
        "village_value": np.array([by_village[name][..., 1:] for name in OF_VILLAGES]),
        "histogram": histogram.to_numpy().astype(np.int32),
        "line": np.array([_line(plan, year) for year in plan.span]),
    }


def _levels(outcomes: xr.Dataset) -> list[str]:
    several = len(set(outcomes["county"].to_numpy().tolist())) > 1
    return ["county", "township"] if several else ["township"]


def _line(plan: Scenario, year: int) -> float:
    """Return the income line of a year where it is one amount for all draws, else not a number."""
    test = plan.exit_standard.household.tests[0]
    line = test.line if test.type == "income" else None
    return np.nan if line is None or line.spread is not None else line.at(year)


def _rows(name: str, rows: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Return rows as variables, one a column; what a row holds by draw keeps that dim."""
    found = list(rows)
    columns = {key: np.array([row[key] for row in found]) for key in (found[0] if found else {})}
    return {f"{name}_{key}": ((name, "draw")[: values.ndim], values) for key, values in columns.items()}


def _coordinates(outcomes: xr.Dataset, plans: tuple[Scenario, ...]) -> dict[str, Any]:
    levels = _levels(outcomes)
    named = [membership(outcomes, level)[0][1:] for level in levels]
    areas = [WHOLE, *(name for names in named for name in names)]
    of_levels = [WHOLE, *(level for level, names in zip(levels, named, strict=True) for _ in names)]
    return {
        "scenario": [plan.code for plan in plans],
        "scenario_zh": ("scenario", [plan.label("zh") for plan in plans]),
        "scenario_en": ("scenario", [plan.label("en") for plan in plans]),
        "draw": outcomes["draw"].to_numpy(),
        "year": outcomes["year"].to_numpy(),
        "statistic": list(STATISTICS),
        **{key: ("statistic", [getattr(one, key) for one in STATISTICS.values()]) for key in ("zh", "en", "units")},
        "better": ("statistic", [one.better for one in STATISTICS.values()]),
        "village_statistic": list(OF_VILLAGES),
        "area": areas,
        "area_level": ("area", of_levels),
        "village": outcomes["village"].to_numpy().astype(str),
        "village_township": ("village", outcomes["township"].to_numpy().astype(str)),
        "bin": outcomes["bin"].to_numpy(),
    }


def _attrs(outcomes: xr.Dataset, run: Run) -> dict[str, Any]:
    told = {key: str(outcomes.attrs.get(key, "")) for key in ("currency", "count_unit", "unit_of_persons")}
    return {
        **told,
        "seed": int(run.manifest["seed"]),
        "population": str(run.manifest["population"]["sha256"]),
        "registered": run.manifest["inputs"].get("register") is not None,
        "band": list(BAND),
        "band_width": BAND_WIDTH,
        "groups": json.dumps(_group_names(), ensure_ascii=False),
    }


def _group_names() -> dict[str, list[tuple[str, str, str]]]:
    """Return code and names of the groups of households, by kind."""

    def named(terms: tuple[Term, ...]) -> list[tuple[str, str, str]]:
        return [(term.code, term.zh, term.en) for term in terms]

    return {
        "status": named(tuple(term for code in (*STATES, NEVER) for term in STATUSES if term.code == code)),
        "status_at_start": named(STATUSES),
        # a cause is kept as its position + 1, 0 being none
        "cause": [("none", "无", "none"), *named(CAUSES)],
        "category": named(CATEGORIES),
    }


def _households(run: Run) -> dict[str, Any]:
    file = run.path / "households.parquet"
    if not file.is_file():
        return {}
    draws, years = run.outcomes.sizes["draw"], run.outcomes["year"].to_numpy().tolist()
    plans = [plan.code for plan in run.scenarios]
    base = _part(run, plans[0], years[0], ["household", "village", "persons", "weight"])
    keys = household_keys(base["household"].to_numpy())
    poor = np.empty((len(plans), len(years), len(base)), dtype=np.uint16)
    income, status = np.empty(poor.shape, dtype=np.float32), np.empty((len(plans), len(base)), dtype=np.int8)
    for place, plan in enumerate(plans):
        for at, year in enumerate(years):
            rows = _part(run, plan, year, ["poor", "income_per_head", *(STATES if at == 0 else ())])
            poor[place, at] = np.rint(rows["poor"].to_numpy(dtype=np.float64) * draws)
            income[place, at] = rows["income_per_head"]
            if at == 0:
                status[place] = _status(rows)
    villages = pd.Index(run.outcomes["village"].to_numpy().astype(str))
    return {
        "household_key": ("household", keys),
        "household_village": ("household", villages.get_indexer(base["village"].astype(str)).astype(np.int32)),
        "household_persons": ("household", base["persons"].to_numpy(dtype=np.int16)),
        "household_weight": ("household", base["weight"].to_numpy(dtype=np.int32)),
        "household_poor": (("scenario", "year", "household"), poor),
        "household_income": (("scenario", "year", "household"), income),
        "household_status": (("scenario", "household"), status),
        **_register_groups(run, keys),
    }


def _part(run: Run, plan: str, year: int, columns: list[str]) -> pd.DataFrame:
    asked = [("scenario", "==", plan), ("year", "==", year)]
    return pd.read_parquet(run.path / "households.parquet", columns=columns, filters=asked)


def household_keys(names: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return what households are told apart by: their numbers, or 64 bits of a hash of their names.

    Examples
    --------
    >>> household_keys(np.array([7, 9])).tolist()
    [7, 9]
    """
    if names.dtype.kind in "iu":
        return names.astype(np.int64)
    hashed = [hashlib.blake2b(str(name).encode(), digest_size=8).digest() for name in names]
    return np.frombuffer(b"".join(hashed), dtype=np.int64)


def _status(rows: pd.DataFrame) -> npt.NDArray[np.int8]:
    """Return the likeliest status; what is left of the four states is never having been registered."""
    chance = rows[list(STATES)].assign(**{NEVER: lambda one: 1.0 - one.sum(axis=1)})
    return np.asarray(chance.to_numpy().argmax(axis=1), dtype=np.int8)


def _register_groups(run: Run, keys: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return cause, category and status on the register, where the population can be made again from the plan alone."""
    if run.manifest["inputs"].get("register") is not None:
        return {}
    from povsim.runs import complete_population

    try:
        people = complete_population(run.scenario)
    except InputError:
        return {}
    if people.attrs.get("sha256") != run.manifest["population"]["sha256"]:
        return {}
    if not np.array_equal(household_keys(people["household"].to_numpy()), keys):
        return {}
    columns = {"status_at_start": "status", "cause": "cause", "category": "category"}
    return {f"household_{name}": ("household", people[key].to_numpy().astype(np.int8)) for name, key in columns.items()}
