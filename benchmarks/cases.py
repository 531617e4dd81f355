"""What the benchmarks run on: registers of any size, plans with every measure on, one run of either side."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import xarray as xr

import povsim
import povsim.engine
from benchmarks.plain import Facts, GeneratorLuck, simulate_plain
from povsim.engine import Task, size_of
from povsim.quantity import Quantity, read_yaml
from povsim.scenario import Scenario, locate
from povsim.tables import Tables

Result = TypeVar("Result")

SCENARIOS = 8
FIRST_YEAR = 2016
SHIPPED = {"county": 169_800, "township": 169_800 // 15, "village": 169_800 // 205}
"""Households of the shipped county, and of its townships and villages on average."""
MOST_SYNTHESISED = 100_000
"""Larger registers are laid out in tiles of about this size: so a village keeps about 490 households."""


def county(households: int) -> xr.Dataset:
    """Return a county like Xiangyin with about this many households: synthesised, or a synthesised one many times over.

    Examples
    --------
    >>> county(2000).sizes["household"]
    2000
    """
    times = max(1, round(households / MOST_SYNTHESISED))
    return tiled(_synthesised(round(households / times)), times)


def _synthesised(households: int) -> xr.Dataset:
    data = read_yaml(locate("xiangyin-2016.margins.yaml"))
    factor = households / data["population"]["households"]["value"]
    for place in ("population", "registration"):
        for name in ("households", "persons"):
            entry = data[place][name]
            data[place][name] = {**entry, "value": round(entry["value"] * factor), "spread": None}
    return povsim.synthesise_register(data, seed=2016)


def tiled(register: xr.Dataset, times: int) -> xr.Dataset:
    """Return a register many times over in one county, under new household numbers, village and township names.

    A column is written once at its full length, so that making the register takes no more room than the register.
    """
    if times == 1:
        return register
    variables = {}
    for name, variable in register.variables.items():
        data = variable.to_numpy()
        if variable.dims[0] != "guarantee":
            data = np.tile(data, (times,) + (1,) * (data.ndim - 1))
        if name in ("village", "township"):
            tile = np.repeat([f"{number:04d}-" for number in range(times)], variable.size)
            data = np.char.add(tile, data)
        variables[name] = (variable.dims, data, variable.attrs)
    households, villages = register.sizes["household"], register.sizes["village"]
    variables["household"][1][:] = np.arange(1, times * households + 1)
    variables["household_village"][1].reshape(times, -1)[:] += (np.arange(times) * villages)[:, None].astype(np.int32)
    return xr.Dataset(variables, attrs=register.attrs).set_coords(list(register.coords))


def bytes_a_household(register: xr.Dataset) -> float:
    """Return how much a household takes in a register's columns."""
    columns = [variable for variable in register.variables.values() if "household" in variable.dims]
    return sum(column.nbytes for column in columns) / register.sizes["household"]


def plans(register: xr.Dataset, years: int, *, shared: bool) -> tuple[Scenario, ...]:
    """Return eight variants of the shipped plan with every measure on: growth and take-up differ.

    Parameters
    ----------
    register : Dataset
        Budgets and numbers of households and villages a year grow with its areas.
    years : int
        Years simulated; the measures run all of them.
    shared : bool
        Whether capacity is shared by townships and the county, as shipped, or there is no limit.
    """
    changes = _changes(register, years, shared=shared)
    variants = [
        {
            "code": f"variant-{place + 1}",
            "incomes.growth.wage.value": 0.06 + 0.008 * place,
            "measures.industry.take_up.value": 0.3 + 0.08 * place,
        }
        for place in range(SCENARIOS)
    ]
    return tuple(povsim.read_scenario("xiangyin-2016", overrides={**changes, **variant}) for variant in variants)


def _changes(register: xr.Dataset, years: int, *, shared: bool) -> dict[str, Any]:
    shipped = povsim.read_scenario("xiangyin-2016")
    span = range(FIRST_YEAR, FIRST_YEAR + years)
    factors = _factors(register)
    of_villages = register.sizes["village"] / (SHIPPED["county"] / SHIPPED["village"])

    def grown(limit: Quantity, factor: float) -> dict[int, float]:
        return {year: float(limit.at(year) * factor) for year in span}

    changes: dict[str, Any] = {"years": [span[0], span[-1]]}
    if not shared:
        changes["funds"] = {}
    for name, fund in shipped.funds.items() if shared else ():
        changes[f"funds.{name}.budget.value"] = grown(fund.budget, factors[fund.area])
    for code, measure in shipped.measures.items():
        where = f"measures.{code}"
        changes |= {f"{where}.years": [span[0], span[-1]], f"{where}.active": True}
        if code in shipped.village_measures():
            changes[f"{where}.villages_per_year.value"] = grown(measure.villages_per_year, of_villages)
        elif not shared:
            changes |= {f"{where}.capacity": None, f"{where}.fund": None}
        elif measure.capacity is not None and measure.capacity.share is None:
            kind, limit = measure.capacity.limit()
            changes[f"{where}.capacity.{kind}.value"] = grown(limit, factors[measure.capacity.area])
    return changes


def _factors(register: xr.Dataset) -> dict[str, float]:
    """Return how large the areas of a register are beside those of the shipped county, by level."""
    areas = {
        "county": 1,
        "township": len(np.unique(register["township"].to_numpy())),
        "village": register.sizes["village"],
    }
    return {level: register.sizes["household"] / count / SHIPPED[level] for level, count in areas.items()}


def timed(function: Callable[[], Result]) -> tuple[float, Result]:
    """Return the seconds that a call takes, and its result."""
    begun = time.perf_counter()
    result = function()
    return time.perf_counter() - begun, result


def run_engine(register: xr.Dataset, task: Task, draws: range, threads: int) -> Tables:
    """Run draws of a task without a summary by household; each run works out its own drift."""
    for prepared in task.prepared:
        prepared._drifts.clear()
    one = replace(task, draws=draws)
    size, township = size_of(one, register)
    tables = Tables(size, township, household_summary=False)
    povsim.engine.run(one, tables, threads=threads)
    return tables


def live_engine(register: xr.Dataset, task: Task, draw: int, threads: int) -> float:
    """Return the seconds that the engine takes for one draw of a task."""
    return timed(lambda: run_engine(register, task, range(draw, draw + 1), threads))[0]


def live_plain(register: xr.Dataset, facts: Facts, scenarios: tuple[Scenario, ...], draw: int) -> float:
    """Return the seconds that plain NumPy takes for one draw of the scenarios."""
    begun = time.perf_counter()
    for scenario in scenarios:
        facts.prepared._drifts.clear()
        simulate_plain(register, scenario, seed=1, draw=draw, luck=GeneratorLuck, facts=facts)
    return time.perf_counter() - begun
