"""Many parameter sets on common luck: run in batches, reduced at once, resumable, results as they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.runs import Settings, run_scenarios
from povsim.scenario import Scenario, read_scenario
from povsim.sweep_outputs import Chosen, Reduction, choose_outputs, joined, reduce_outcomes
from povsim.sweep_parts import Parts, register_digest, scenario_digest, text_digest
from povsim.sweep_sets import Sets, Variants, coordinate, read_sets, set_problems, variants

BATCH = 8
"""Sets run at a time: enough to share the drawing of luck, few enough that a batch of a large county fits in memory."""


def sweep(  # noqa: PLR0913  (a door: all but three by keyword)
    register: xr.Dataset,
    scenario: Scenario | str | Path,
    grid_or_samples: Mapping[str, Sequence[Any]] | pd.DataFrame | Sequence[Mapping[str, Any]],
    *,
    outputs: Sequence[str | tuple[str, str] | Reduction],
    draws: int | range = 100,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    folder: str | Path | None = None,
    on_result: Callable[[xr.Dataset], None] | None = None,
) -> xr.Dataset:
    """Simulate a scenario under many parameter sets that share their luck.

    Parameters
    ----------
    register : Dataset
        The whole population, as ``complete_population`` returns it.
    scenario : Scenario, str or Path
        The plan that the sets change, or where to read it.
    grid_or_samples : mapping, DataFrame or sequence of mappings
        ``{dotted path: values}`` is a full factorial grid; a DataFrame with a column a path, or a sequence of
        ``{dotted path: value}``, is a list of samples. Paths and values are as in ``read_scenario(overrides=...)``.
    outputs : sequence
        What is kept: names of ``sweep_outputs.OUTPUTS``, by county or ``(name, "township")``, ``(name, "village")``;
        codes of targets (1 held, 0 not, missing where none is set); functions of one set's outcomes.
    draws : int or range
        How many paths of luck, or which; the same for all sets.
    seed : int
        Address of all luck, the same for all sets.
    threads : int, optional
        Threads; all processors if not given.
    progress : callable, optional
        Called with sets done and sets in all, after each batch.
    folder : str or Path, optional
        Each finished batch is written there at once. A later call with the same arguments runs only what is missing or
        damaged. At the end ``sweep.nc`` holds the whole.
    on_result : callable, optional
        Called with the Dataset of each batch in order, dim ``sample``, those found in the folder included.

    Returns
    -------
    Dataset
        Dims: the paths of a grid or ``sample``, then draw, year, area as the output has them. Parameter values are
        coordinates with units.

    Raises
    ------
    InputError
        All wrong paths, values and outputs at once, before anything runs; a folder with a sweep of other arguments,
        or with other files.

    Examples
    --------
    >>> import povsim
    >>> people = povsim.complete_population(povsim.read_scenario("sample"))
    >>> grid = {"measures.industry.capacity.budget": [0.0, 60000.0]}
    >>> result = sweep(people, "sample", grid, outputs=["headcount_ratio", "spending"], draws=2)
    >>> dict(result["headcount_ratio"].sizes)
    {'measures.industry.capacity.budget': 2, 'draw': 2, 'year': 5, 'county': 1}
    >>> result["measures.industry.capacity.budget"].attrs["units"]
    'yuan per year'
    """
    base = scenario if isinstance(scenario, Scenario) else read_scenario(scenario)
    sets = read_sets(grid_or_samples)
    made = variants(base, sets)
    chosen = _checked(made, outputs)
    settings = Settings(draws if isinstance(draws, range) else range(draws), seed, threads, household_summary=False)
    job = _Job(register, made, chosen, settings)
    parts = None if folder is None else Parts(Path(folder).resolve(), job.arguments())
    if parts is not None:
        parts.check()
    done = []
    for number in range(job.batches):
        done.append(_finished(job, number, parts))
        if on_result is not None:
            on_result(done[-1].copy(deep=True))
        if progress is not None:
            progress(job.places(number).stop, len(sets.values))
    result = _assembled(done, job)
    if parts is not None:
        parts.write_result(result)
    return result


def _checked(made: Variants, outputs: object) -> tuple[Chosen, ...]:
    """Return the outputs chosen, after naming everything wrong with them and with the sets."""
    problems: list[Problem] = []
    chosen: tuple[Chosen, ...] = ()
    try:
        chosen = choose_outputs(outputs, made.base)
    except InputError as error:
        problems += error.problems
    problems += set_problems(made)
    if problems:
        raise InputError(f"sweep of {made.base.code}", problems)
    return chosen


@dataclass(frozen=True)
class _Job:
    """What to run, in batches that do not depend on what is already done."""

    register: xr.Dataset
    made: Variants
    chosen: tuple[Chosen, ...]
    settings: Settings

    @property
    def sets(self) -> Sets:
        return self.made.sets

    @property
    def batches(self) -> int:
        return -(-len(self.sets.values) // BATCH)

    def places(self, number: int) -> range:
        """Return which sets a batch holds."""
        return range(number * BATCH, min((number + 1) * BATCH, len(self.sets.values)))

    def arguments(self) -> dict[str, str]:
        """Return what the results depend on, texts or digests."""
        draws, sets = self.settings.draws, self.sets
        listed = json.dumps([sets.paths, sets.values, sets.axes], ensure_ascii=False, sort_keys=True)
        return {
            "scenario": scenario_digest(self.made.base),
            "register": register_digest(self.register),
            "sets": text_digest(listed),
            "outputs": ", ".join(item.address for item in self.chosen),
            "draws": f"{draws.start} to {draws.stop - 1}",
            "seed": str(self.settings.seed),
            "sets at a time": str(BATCH),
            "povsim": version("povsim"),
        }

    def run(self, number: int) -> xr.Dataset:
        """Simulate a batch and reduce it, dim ``sample``."""
        places = self.places(number)
        scenarios = tuple(self.made.scenario(place) for place in places)
        outcomes = run_scenarios(self.register, scenarios, self.settings).outcomes
        reduced = reduce_outcomes(outcomes, scenarios, self.chosen, self.made.base)
        return reduced.assign_coords(_samples(self.made, places))


def _finished(job: _Job, number: int, parts: Parts | None) -> xr.Dataset:
    """Return a batch: run, or found in the folder."""
    if parts is None:
        return job.run(number)
    if not parts.is_whole(number):
        parts.write(number, job.run(number))
    return parts.read(number)


def _samples(made: Variants, places: range) -> dict[str, xr.Variable]:
    """Return the coordinates of a batch: the number of each set, and its values."""
    here, labels = slice(places.start, places.stop), made.labels
    numbered = {"sample": xr.Variable("sample", np.array(places, dtype=np.int64), {"long_name": "parameter set"})}
    return numbered | {path: xr.Variable("sample", values[here], labels[path]) for path, values in made.columns.items()}


def _assembled(done: list[xr.Dataset], job: _Job) -> xr.Dataset:
    """Put the batches together, along the dims of the grid where there is one."""
    sets, settings = job.sets, job.settings
    arrays = {str(name): joined([part[name] for part in done], str(name)) for name in done[0].data_vars}
    told = {
        "scenario": job.made.base.code,
        "seed": settings.seed,
        "draws": len(settings.draws),
        "first_draw": settings.draws.start,
        "count_unit": str(job.register.attrs.get("count_unit", "1 household")),
        "povsim": version("povsim"),
    }
    if not sets.axes:
        return xr.Dataset(arrays, attrs=told)
    shape = tuple(len(axis) for axis in sets.axes)
    axes = {
        path: (path, coordinate(axis), job.made.labels[path]) for path, axis in zip(sets.paths, sets.axes, strict=True)
    }
    data = {
        name: ((*sets.paths, *array.dims[1:]), array.to_numpy().reshape(shape + array.shape[1:]), array.attrs)
        for name, array in arrays.items()
    }
    others = {name: item for array in arrays.values() for name, item in array.coords.items() if name in array.dims[1:]}
    return xr.Dataset(data, {**axes, **others}, told)
