"""One figure at a time: what a result is with each uncertain figure low and high, on common draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.scenario import Scenario, read_scenario
from povsim.sensitivity.driver_parameters import JOIN, Asked, Driver, Shared, find_drivers
from povsim.sensitivity.driver_runs import Job, Output, job_problems, run_points


def tornado(  # noqa: PLR0913  (a door: all but two by keyword)
    scenario: Scenario | str | Path,
    outputs: Sequence[Output] | str,
    *,
    years: Sequence[int] | None = None,
    register: xr.Dataset | None = None,
    quantiles: tuple[float, float] = (0.05, 0.95),
    draws: int = 20,
    seed: int = 1,
    parameters: Asked = None,
    shared: Shared = "together",
    folder: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
) -> xr.Dataset:
    """Run each uncertain figure low and high while all others stay as written.

    Two runs for each figure and one for the base; interactions and the middle of the range are not seen, which
    `drivers` is for.

    Parameters
    ----------
    scenario : Scenario, str or Path
        The plan, or where to read it.
    outputs, years, register, draws, seed, parameters, shared, folder, progress, threads
        As in :func:`povsim.sensitivity.drivers.drivers`.
    quantiles : tuple of float
        Low and high of each figure's own spread.

    Returns
    -------
    Dataset
        ``low``, ``high``, ``swing`` (high less low) and ``swing_error`` (half of its 95 % interval over the common
        draws) by parameter, output, year; ``base`` by output, year.

    Raises
    ------
    InputError
        All that is wrong with the request, before anything runs.

    Examples
    --------
    >>> found = tornado("sample", "mean_income", years=[2020], parameters=["incomes.growth.wage"], draws=2)
    >>> bool(found["swing"].item() > 0)
    True
    """
    base = scenario if isinstance(scenario, Scenario) else read_scenario(scenario)
    wanted = (outputs,) if isinstance(outputs, str) or callable(outputs) else tuple(outputs)
    over = tuple(dict.fromkeys(years)) if years is not None else None
    job = Job(register, wanted, over, draws, seed, folder, progress, threads)
    problems = job_problems(base, job)
    low, high = quantiles
    if not 0 < low < high < 1:
        problems.append(Problem("quantiles", "should run from low to high", f"{low:g}, {high:g}", "between 0 and 1"))
    found: tuple[Driver, ...] = ()
    try:
        found = find_drivers(base, parameters, shared=shared)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(f"tornado of {base.code}", problems)
    count = len(found)
    points = np.full((2 * count + 1, count), np.nan)
    points[1 : count + 1][np.diag_indices(count)] = low
    points[count + 1 :][np.diag_indices(count)] = high
    told = {"method": "tornado", "scenario": base.code, "draws": draws, "seed": seed, "povsim": version("povsim")}
    return _assembled(found, run_points(base, found, points, job)).assign_attrs(
        told, points=len(points), low=low, high=high
    )


def _assembled(found: Sequence[Driver], results: xr.DataArray) -> xr.Dataset:
    values = results.transpose("point", "draw", "output", "year").to_numpy()
    count, draws = len(found), values.shape[1]
    low, high = values[1 : count + 1], values[count + 1 :]
    swing = high - low
    # Paired draws: what luck does to both sides alike falls out.
    spread = swing.std(axis=1, ddof=1) if draws > 1 else np.full(np.delete(swing.shape, 1), np.nan)
    error = 1.96 * spread / np.sqrt(draws)
    dims = ("parameter", "output", "year")
    columns = {
        "meaning_zh": [item.zh for item in found],
        "meaning_en": [item.en for item in found],
        "paths": [JOIN.join(item.paths) for item in found],
    }
    labels = {"units": "output_units", "long_name": "output_en", "long_name_zh": "output_zh"}
    return xr.Dataset(
        {
            "low": (dims, low.mean(axis=1), _words("result with the figure low", "参数取低值时的结果")),
            "high": (dims, high.mean(axis=1), _words("result with the figure high", "参数取高值时的结果")),
            "swing": (dims, swing.mean(axis=1), _words("high less low", "高低之差")),
            "swing_error": (dims, error, _words("half of the 95 % interval of the swing", "高低之差的95%区间半宽")),
            "base": (dims[1:], values[0].mean(axis=0), _words("result with all figures as written", "基准结果")),
        },
        {
            "parameter": [item.name for item in found],
            "output": results["output"].to_numpy(),
            "year": results["year"].to_numpy(),
            **{name: ("parameter", values) for name, values in columns.items()},
            **{new: ("output", results[old].to_numpy()) for old, new in labels.items()},
        },
    )


def _words(en: str, zh: str) -> dict[str, str]:
    return {"units": "units of the output", "long_name": en, "long_name_zh": zh}
