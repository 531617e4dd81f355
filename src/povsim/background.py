"""What outcomes need beside counts to be judged on their own: plans, the start, single tests, households taken on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.margins_report import net_income
from povsim.outcomes import township_labels
from povsim.plan import HouseholdMeasure, VillageMeasure
from povsim.plan_frame import Filter, MeasureFrame
from povsim.scenario import Scenario
from povsim.tables import Tables
from povsim.terms import STATUSES
from povsim.verdicts import collective_income
from povsim.villages import eligible

Array = npt.NDArray[Any]
Whole = npt.NDArray[np.int64]

# code: dims, units, label, Chinese label
_LABELS: Mapping[str, tuple[tuple[str, ...], str, str, str]] = {
    "planned_households": (
        ("scenario", "year", "measure"),
        "households per year",
        "new households the plan has room for in all areas (measures for villages: villages), where it says how many",
        "计划新增户数（村级措施为村数）",
    ),
    "planned_exits": (
        ("scenario", "year"),
        "persons",
        "persons to be declared out of poverty in the year, where a target says how many",
        "年度计划脱贫人数",
    ),
    "planned_villages": (
        ("scenario", "year"),
        "villages",
        "villages that are to pass by the year's end, where a target says how many",
        "计划达标村数",
    ),
    "persons_at_start": (("village", "status"), "persons", "persons by status in the register", "期初人数（按状态）"),
    "households_at_start": (
        ("village", "status"),
        "households",
        "households by status in the register",
        "期初户数（按状态）",
    ),
    "income_at_start": (("village",), "yuan per year", "net income in the register's year", "建档年度收入合计"),
    "failing_by_test": (
        ("scenario", "draw", "year", "village", "veto"),
        "persons",
        "persons truly failing each test of households (other tests: 0)",
        "各户级项真实未达标人数",
    ),
    "collective_income": (
        ("scenario", "draw", "year", "village"),
        "yuan per year",
        "collective income, projects included (missing where the register does not know it)",
        "村集体经济收入",
    ),
    "taken_on": (
        ("scenario", "draw", "year", "village", "measure"),
        "households",
        "households that the measure newly took on in the year",
        "当年新纳入户数",
    ),
    "taken_on_first": (
        ("scenario", "draw", "year", "village", "measure"),
        "households",
        "households that the measure took on in the year for the first time",
        "首次纳入户数",
    ),
}


@dataclass(frozen=True)
class _Places:
    """Names of villages, as a measure's filter looks at them."""

    villages: npt.NDArray[np.str_]
    townships: npt.NDArray[np.str_]
    poor_village: npt.NDArray[np.bool_]


def add_background(
    outcomes: xr.Dataset, tables: Tables, register: xr.Dataset, scenarios: tuple[Scenario, ...]
) -> xr.Dataset:
    """Return the outcomes with what judging them needs beside counts and verdicts.

    Parameters
    ----------
    outcomes : Dataset
        With verdicts, whose veto dim begins with the tests of households.
    tables : Tables
        Filled by the engine: patterns of failed tests, households taken on.
    register : Dataset
        The register that was simulated.
    scenarios : tuple of Scenario
        As simulated.

    Returns
    -------
    Dataset
        With the coordinate ``measure_type`` (measure) and

        - ``planned_households`` (scenario, year, measure): capacity in households, the areas it holds for taken
          together, in the years of the measure; for measures for villages, villages a year; missing elsewhere;
        - ``planned_exits``, ``planned_villages`` (scenario, year): persons, villages, from targets; missing elsewhere;
        - ``persons_at_start``, ``households_at_start`` (village, status), ``income_at_start`` (village; yuan): the
          register;
        - ``failing_by_test`` (scenario, draw, year, village, veto): persons of the whole population;
        - ``collective_income`` (scenario, draw, year, village): yuan a year;
        - ``taken_on``, ``taken_on_first`` (scenario, draw, year, village, measure): households granted in the year,
          and those of them that never were in the measure before; 16 bits wide where the numbers fit.
    """
    entered = np.moveaxis(tables.entered, -1, -2)
    arrays: dict[str, Array] = {
        **_plans(outcomes, register, scenarios),
        **_start(register),
        "failing_by_test": _failing_by_test(tables, outcomes.sizes["veto"]),
        "collective_income": _collective(outcomes, register, scenarios),
        "taken_on": entered[:, :, :, 0],
        "taken_on_first": entered[:, :, :, 1],
    }
    types = {code: measure.type for scenario in scenarios for code, measure in _active(scenario).items()}
    codes = outcomes["measure"].to_numpy().tolist()
    labels = {"measure_type": ("measure", np.array([types[code] for code in codes], dtype=str))}
    data = {name: _variable(name, values) for name, values in arrays.items()}
    return outcomes.assign(data).assign_coords(labels)


def _active(scenario: Scenario) -> dict[str, HouseholdMeasure | VillageMeasure]:
    return {**scenario.active(), **scenario.village_measures()}


def _variable(name: str, values: Array) -> xr.Variable:
    dims, units, label, label_zh = _LABELS[name]
    return xr.Variable(dims, values, {"units": units, "long_name": label, "long_name_zh": label_zh})


def _plans(outcomes: xr.Dataset, register: xr.Dataset, scenarios: tuple[Scenario, ...]) -> dict[str, Array]:
    codes, years = outcomes["measure"].to_numpy().tolist(), outcomes["year"].to_numpy().tolist()
    lead = (len(scenarios), len(years))
    households = np.full((*lead, len(codes)), np.nan, dtype=np.float32)
    targets = {name: np.full(lead, np.nan, dtype=np.float32) for name in ("exits", "villages_passing")}
    places, areas = _places(register)
    for s, scenario in enumerate(scenarios):
        for code, year, planned in _planned(scenario, places, areas):
            households[s, years.index(year), codes.index(code)] = planned
        for name, values in targets.items():
            for y, year in enumerate(years):
                values[s, y] = _wanted(scenario, name, year)
    return {
        "planned_households": households,
        "planned_exits": targets["exits"],
        "planned_villages": targets["villages_passing"],
    }


def _places(register: xr.Dataset) -> tuple[_Places, dict[str, npt.NDArray[np.str_]]]:
    """Return the villages, and the label of the area that each lies in, by kind of area."""
    villages, townships = (register[name].to_numpy().astype(str) for name in ("village", "township"))
    poor = np.zeros(villages.size, dtype=bool)
    if "poor_village" in register:
        poor = register["poor_village"].to_numpy().astype(bool)
    county = register["county"].to_numpy().astype(str)
    return _Places(villages, townships, poor), {
        "village": villages,
        "township": township_labels(register),
        "county": county,
    }


def _planned(
    scenario: Scenario, places: _Places, areas: Mapping[str, npt.NDArray[np.str_]]
) -> Iterator[tuple[str, int, float]]:
    """Yield measure, year and number of places where a measure says how many, whole ones as the engine grants them."""
    for code, measure in _active(scenario).items():
        number, each = None, 1
        if not isinstance(measure, MeasureFrame):
            number = measure.villages_per_year
        elif measure.capacity is not None and measure.capacity.households is not None:
            number, each = measure.capacity.households, _open(measure.eligible, places, areas[measure.capacity.area])
        for year in scenario.span:
            if number is not None and measure.years[0] <= year <= measure.years[1]:
                yield code, year, float(np.floor(number.at(year) + 1e-9) * each)


def _open(who: Filter, places: _Places, area: npt.NDArray[np.str_]) -> int:
    """Count the areas with a village that the measure is open to: each has the capacity to itself."""
    return len(set(area[eligible(who, places)].tolist()))


def _wanted(scenario: Scenario, measure: str, year: int) -> float:
    """Return the most that a target asks for at least, NaN where none is set for the year."""
    asked = [
        target.value.at(year)
        for target in scenario.targets
        if target.measure == measure and target.comparison in (">", ">=") and target.applies(year)
    ]
    return max(asked, default=float("nan"))


def _start(register: xr.Dataset) -> dict[str, Array]:
    """Return people, households and yuan of the register by village, weighted."""
    village, status = (register[name].to_numpy().astype(np.int64) for name in ("household_village", "status"))
    weight = register["weight"].to_numpy().astype(np.float64)
    shape = (register.sizes["village"], len(STATUSES))
    place, cells = village * shape[1] + status, shape[0] * shape[1]
    heads = register["persons"].to_numpy().astype(np.float64) * weight
    counts = {"persons_at_start": heads, "households_at_start": weight}
    found: dict[str, Array] = {
        name: np.bincount(place, values, cells).astype(np.int64).reshape(shape) for name, values in counts.items()
    }
    income = np.bincount(village, net_income(register) * weight, shape[0])
    return found | {"income_at_start": np.rint(income).astype(np.int64)}


def _failing_by_test(tables: Tables, tests: int) -> npt.NDArray[np.int32]:
    """Count persons by test from the patterns in which they fail, one scenario, draw and year at a time."""
    size = tables.size
    out = np.zeros((size.scenarios, size.draws, size.years, size.villages, tests), dtype=np.int32)
    for place, parts in tables.patterns.items():
        rows = np.concatenate([part[part[:, 1] > 0] for _, part in parts])
        for test in range(size.tests):
            failing = rows[(rows[:, 1] >> test) & 1 == 1]
            out[(*place, slice(None), test)] = np.bincount(failing[:, 0], failing[:, 3], size.villages)
    return out


def _collective(outcomes: xr.Dataset, register: xr.Dataset, scenarios: tuple[Scenario, ...]) -> npt.NDArray[np.float64]:
    if "collective_income" not in register:
        return np.full(outcomes["poor_persons"].shape, np.nan)
    known = ~np.isnan(register["collective_income"].to_numpy())
    incomes = [
        np.where(known, collective_income(outcomes.isel(scenario=place), register, scenario), np.nan)
        for place, scenario in enumerate(scenarios)
    ]
    return np.stack(incomes)
