"""Running the points of a sensitivity analysis as a sweep on common draws, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.runs import complete_population
from povsim.scenario import Scenario
from povsim.sensitivity.driver_luck import FEWEST_DRAWS
from povsim.sensitivity.driver_parameters import Driver
from povsim.sweep_outputs import VERDICTS, Reduction, choose_outputs
from povsim.sweeps import sweep

Luck = Literal["averaged", "factor"]
Output = str | Reduction
ENOUGH_DRAWS = 20
"""Common draws a point needs for a probability; fewer tell of the paths of luck that happened to be drawn."""
NO_TESTS = -1
"""A verdict where there is nothing to judge."""


@dataclass(frozen=True)
class Job:
    """What to run the points on, and what to keep of them."""

    register: xr.Dataset | None
    outputs: tuple[Output, ...]
    years: tuple[int, ...] | None
    draws: int
    seed: int
    folder: str | Path | None = None
    progress: Callable[[int, int], None] | None = None
    threads: int | None = None


VARIANCE_PARTS = ("permanent", "persistent", "transitory", "error")
"""Shares of the variance of an income that sum to one."""


def job_problems(scenario: Scenario, job: Job, luck: str = "averaged") -> list[Problem]:
    """Return all that is wrong with what was asked for, before anything runs."""
    problems: list[Problem] = []
    try:
        chosen = choose_outputs(job.outputs, scenario)
        problems += [
            Problem(f"outputs {item.name}", "drivers are of the whole county", item.area, "the name alone")
            for item in chosen
            if item.area not in ("", "county")
        ]
    except InputError as error:
        problems += error.problems
    span = scenario.span
    for year in job.years or ():
        if year not in span:
            problems.append(Problem("years", "is not in the scenario", str(year), f"{span[0]} to {span[-1]}"))
    if luck not in get_args(Luck):
        allowed = get_args(Luck)
        problems.append(Problem("luck", "no such choice", luck, ", ".join(allowed), nearest(luck, allowed)))
    return problems + _draw_problems(scenario, job, luck)


def _draw_problems(scenario: Scenario, job: Job, luck: str) -> list[Problem]:
    chances = [str(name) for name in job.outputs if is_probability(scenario, name)]
    if luck == "factor" and job.draws < FEWEST_DRAWS:
        return [Problem("draws", "too few to tell luck apart", str(job.draws), f"{FEWEST_DRAWS} or more")]
    if luck == "averaged" and chances and job.draws < ENOUGH_DRAWS:
        what = f"too few for the probability of {', '.join(chances)}"
        mend = "or make luck a factor of its own"
        return [Problem("draws", what, str(job.draws), f"{ENOUGH_DRAWS} or more", mend)]
    return [] if job.draws >= 1 else [Problem("draws", "should be one or more", str(job.draws))]


def is_probability(scenario: Scenario, output: object) -> bool:
    """Tell whether an output is whether something holds, so that its mean over draws is a probability."""
    return output in VERDICTS or output in {target.code for target in scenario.targets}


def run_points(scenario: Scenario, drivers: Sequence[Driver], quantiles: npt.ArrayLike, job: Job) -> xr.DataArray:
    """Run a scenario at points given by quantiles of its factors.

    Parameters
    ----------
    scenario : Scenario
        The plan; factors take the values of their quantiles and are not drawn any more, other uncertain entries are.
    drivers : sequence of Driver
        As `find_drivers` returns them.
    quantiles : array (point, factor)
        Between 0 and 1; not a number leaves an entry at the value as written, without its spread.
    job : Job
        Register, outputs, years, draws.

    Returns
    -------
    DataArray
        Dims point, draw, output, year; flags of targets and verdicts as 1 and 0, missing where there is none.
    """
    register = complete_population(scenario) if job.register is None else job.register
    places = np.asarray(quantiles, dtype=np.float64)
    result = sweep(
        register,
        scenario,
        [setting(scenario, drivers, row) for row in places],
        outputs=job.outputs,
        draws=job.draws,
        seed=job.seed,
        threads=job.threads,
        progress=job.progress,
        folder=job.folder,
    )
    arrays = {str(name): _plain(result[name], str(name)) for name in result.data_vars}
    years = list(job.years) if job.years is not None else list(scenario.span)
    stacked = xr.concat(arrays.values(), "output", coords="minimal", compat="override", combine_attrs="drop")
    labels = [
        (key, [str(result[name].attrs.get(key, "" if key == "units" else name)) for name in arrays])
        for key in ("units", "long_name", "long_name_zh")
    ]
    coords: dict[str, Any] = {"output": list(arrays), **{key: ("output", values) for key, values in labels}}
    named = stacked.assign_coords(coords).sel(year=years).rename(sample="point")
    return named.transpose("point", "draw", "output", "year")


def setting(scenario: Scenario, drivers: Sequence[Driver], row: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the values of all entries that a point sets, by path.

    Of the four parts of an income's variance, which sum to one, those that no factor moves make way in proportion.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> from povsim.sensitivity.driver_parameters import find_drivers
    >>> plan = read_scenario("sample")
    >>> found = find_drivers(plan, ["incomes.growth.wage"])
    >>> list(setting(plan, found, np.array([0.5])))
    ['incomes.growth.wage']
    """
    values: dict[str, Any] = {}
    for driver, quantile in zip(drivers, row, strict=True):
        written = {item.path: item.entry.value for item in driver.moved}
        values |= written if np.isnan(quantile) else driver.values(float(quantile))
    for source in dict.fromkeys(path.split(".")[1] for path in values if path.startswith("incomes.")):
        values |= _made_way(scenario, source, values)
    return values


def _made_way(scenario: Scenario, source: str, values: dict[str, Any]) -> dict[str, float]:
    """Return the parts of an income's variance that no factor moves, as what is left to them."""
    paths = {part: f"incomes.{source}.{part}" for part in VARIANCE_PARTS}
    moved = {part: float(values[path]) for part, path in paths.items() if path in values}
    if not moved:
        return {}
    residual = getattr(scenario.incomes, source)
    written = {part: getattr(residual, part).at(0) for part in VARIANCE_PARTS}
    others = [part for part in VARIANCE_PARTS if part not in moved]
    kept, left = sum(written[part] for part in others), 1.0 - sum(moved.values())
    unchanged = all(value == written[part] for part, value in moved.items())
    return {paths[part]: written[part] if unchanged or kept == 0 else written[part] * left / kept for part in others}


def _plain(array: xr.DataArray, name: str) -> xr.DataArray:
    """Return an output by sample, draw and year as numbers."""
    if "county" in array.dims:
        array = array.isel(county=0, drop=True)
    if set(array.dims) != {"sample", "draw", "year"}:
        found = ", ".join(str(dim) for dim in array.dims if dim != "sample")
        problem = Problem(f"outputs {name}", "has other dims than draw and year", found or "none", "draw, year")
        raise InputError("drivers", [problem])
    numbers = array.astype(np.float64)
    return numbers.where(numbers != NO_TESTS) if name in VERDICTS else numbers
