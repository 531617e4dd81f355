"""What drives a result: global sensitivity of a scenario's outputs to its uncertain figures, and to luck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.scenario import Scenario, read_scenario
from povsim.sensitivity.driver_design import Design, make_design
from povsim.sensitivity.driver_indices import NAMES, RANKED, indices, pawn_noise
from povsim.sensitivity.driver_luck import indices_with_luck, luck_share
from povsim.sensitivity.driver_parameters import JOIN, Asked, Driver, Shared, find_drivers
from povsim.sensitivity.driver_runs import Job, Luck, Output, job_problems, run_points
from povsim.sensitivity.driver_thin import thin
from povsim.sensitivity.driver_tornado import tornado
from povsim.sensitivity.matching import matched
from povsim.terms import Language

__all__ = ["driver_table", "drivers", "find_drivers", "ranking", "thin", "tornado"]

LUCK = "luck"
LUCK_WORDS = ("运气（抽样路径）", "luck (the path drawn)")
# index: units, label, Chinese label; units of the result where they are empty
LABELS = {
    "first": ("share", "share of the variance from the figure alone", "该项单独解释的方差份额"),
    "total": ("share", "share of the variance with interactions", "该项连同交互作用解释的方差份额"),
    "second": ("share", "share of the variance from the pair together", "两项共同作用解释的方差份额"),
    "mu": ("", "mean change over the middle 95 % of the figure", "该项在中间95%范围内变动时结果的平均变化"),
    "mu_star": ("", "mean size of the change over the middle 95 %", "该项在中间95%范围内变动时结果变化的平均幅度"),
    "sigma": ("", "spread of the change: bends and interactions", "变化的离散程度（非线性与交互作用）"),
    "median": ("distance", "typical shift of the distribution (PAWN)", "结果分布的典型位移（PAWN）"),
    "maximum": ("distance", "largest shift of the distribution (PAWN)", "结果分布的最大位移（PAWN）"),
}


def drivers(  # noqa: PLR0913  (a door: all but one by keyword)
    scenario: Scenario | str | Path,
    *,
    outputs: Sequence[Output] | str,
    method: str = "sobol",
    years: Sequence[int] | None = None,
    register: xr.Dataset | None = None,
    points: int | None = None,
    draws: int = 20,
    seed: int = 1,
    parameters: Asked = None,
    luck: Luck = "averaged",
    shared: Shared = "together",
    second_order: bool = False,
    folder: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
) -> xr.Dataset:
    """Find out which uncertain figures of a scenario drive its results.

    Every figure with a spread moves on that spread (a dated path as a whole), independently of the others; all points
    share their draws of luck. Outputs and years come from the same runs. Figures that are not among ``parameters`` are
    drawn as in a run, and count as luck.

    Parameters
    ----------
    scenario : Scenario, str or Path
        The plan, or where to read it.
    outputs : sequence of str or callable
        As in :func:`povsim.sweep`, of the county: names, codes of targets, functions that return draw by year.
    method : {"sobol", "morris", "pawn"}
        Shares of the variance (needs thousands of points), a screening by steps (ten for each figure), or shifts of the
        whole distribution (hundreds).
    years : sequence of int, optional
        All years of the scenario if not given.
    register : Dataset, optional
        The whole population; made from the scenario if not given. `thin` makes one that thousands of runs can afford.
    points : int, optional
        How many points at least: 5,000, ten for each figure, or 500 if not given.
    draws : int
        Paths of luck each point is run on, the same for all points.
    seed : int
        Of the luck, the points and the resampling.
    parameters : sequence of str or of sequences of str, or mapping, optional
        See :func:`find_drivers`: which figures, in which bounds, which together.
    luck : {"averaged", "factor"}
        Take the mean over draws, which needs 20 for a probability; or make the draw a factor of its own, last along
        ``parameter`` as ``luck``, and explain the result of a single path.
    shared : {"together", "apart"}
        Whether entries that agree in everything are one figure.
    second_order : bool
        Sobol: also indices of pairs, for about twice as many points; not with luck as a factor.
    folder : str or Path, optional
        Finished batches are kept there; a later call with the same arguments goes on from them.
    progress : callable, optional
        Called with points done and in all.
    threads : int, optional
        Threads; all processors if not given.

    Returns
    -------
    Dataset
        Indices by parameter, output, year, each with ``_error``, half of its 95 % bootstrap interval: ``first`` and
        ``total``; ``mu``, ``mu_star``, ``sigma``; or ``median``, ``maximum`` and ``noise``, what a figure without
        influence reaches by chance. Missing where an output does not vary. ``luck_share``: what part of the variance
        of a single path is luck. ``result`` (point, output, year) and ``value`` (point, parameter) hold the runs.

    Raises
    ------
    InputError
        All that is wrong with parameters, outputs, years, draws and points, before anything runs.

    Examples
    --------
    >>> found = drivers(
    ...     "sample", outputs="headcount_ratio", years=[2020], parameters=["incomes.growth.wage"], points=24, draws=2
    ... )
    >>> dict(found["total"].sizes)
    {'parameter': 1, 'output': 1, 'year': 1}
    """
    base = scenario if isinstance(scenario, Scenario) else read_scenario(scenario)
    wanted = (outputs,) if isinstance(outputs, str) or callable(outputs) else tuple(outputs)
    over = tuple(dict.fromkeys(years)) if years is not None else None
    job = Job(register, wanted, over, draws, seed, folder, progress, threads)
    found = _found(base, job, parameters, luck, shared)
    design = make_design(method, len(found), points=points, seed=seed, second_order=second_order and luck == "averaged")
    results = run_points(base, found, design.quantiles, job)
    told = {"scenario": base.code, "draws": draws, "seed": seed, "povsim": version("povsim")}
    return assemble(design, found, results, luck).assign_attrs(told)


def _found(base: Scenario, job: Job, parameters: Asked, luck: str, shared: Shared) -> tuple[Driver, ...]:
    """Return the factors, after naming everything wrong with the request."""
    problems = job_problems(base, job, luck)
    found: tuple[Driver, ...] = ()
    try:
        found = find_drivers(base, parameters, shared=shared)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(f"drivers of {base.code}", problems)
    return found


def assemble(design: Design, found: Sequence[Driver], results: xr.DataArray, luck: str = "averaged") -> xr.Dataset:
    """Return the indices of results that are there already, from runs or from any function.

    Parameters
    ----------
    design : Design
        The points.
    found : sequence of Driver
        The factors.
    results : DataArray
        Dims point, draw, output, year, as `run_points` returns them; points by number where they have labels.
    luck : {"averaged", "factor"}
        As in `drivers`.

    Returns
    -------
    Dataset
        As `drivers` returns it.
    """
    results = matched(results, "point", pd.RangeIndex(len(design.quantiles)), ("results", "drivers"))
    values = results.transpose("output", "year", "point", "draw").to_numpy()
    shape = values.shape[:2]
    each = [values[place] for place in np.ndindex(*shape)]
    if luck == "factor":
        computed = [indices_with_luck(design, item) for item in each]
    else:
        computed = [indices(design, item.mean(axis=1)) for item in each]
    names = [*NAMES[design.method], *(("second", "second_error") if design.second else ())]
    data: dict[str, Any] = {}
    for name in names:
        stacked = np.stack([item[name] for item in computed], axis=-1)
        dims = ("parameter", "other") if name.startswith("second") else ("parameter",)
        data[name] = ((*dims, "output", "year"), stacked.reshape(*stacked.shape[:-1], *shape), _attrs(name))
    both = ("output", "year")
    shares = np.array([luck_share(design, item) for item in each]).reshape(shape)
    data["luck_share"] = (
        both,
        shares,
        _words("share", "luck's part in the variance of one path", "单次模拟中运气的份额"),
    )
    if design.method == "pawn":
        noise = [pawn_noise(design, item if luck == "factor" else item.mean(axis=1)) for item in each]
        words = _words("distance", "what a figure without influence reaches by chance", "无影响的参数偶然达到的水平")
        data["noise"] = (both, np.array(noise).reshape(shape), words)
    data |= _runs(design, found, results, luck)
    coords = _coords(found, results, luck) | ({"other": [item.name for item in found]} if design.second else {})
    attrs = {"method": design.method, "luck": luck, "points": len(design.quantiles), "seed": design.seed}
    return xr.Dataset(data, coords, attrs)


def _attrs(name: str) -> dict[str, str]:
    bare = name.removesuffix("_error")
    units, en, zh = LABELS[bare]
    if bare != name:
        en, zh = f"half of the 95 % interval: {en}", f"95%区间的半宽：{zh}"
    return _words(units or "units of the output", en, zh)


def _words(units: str, en: str, zh: str) -> dict[str, str]:
    return {"units": units, "long_name": en, "long_name_zh": zh}


def _runs(design: Design, found: Sequence[Driver], results: xr.DataArray, luck: str) -> dict[str, Any]:
    """Return the runs behind the indices: results, values of the factors, which points are independent."""
    columns = [[_number(driver, at) for at in design.quantiles[:, place]] for place, driver in enumerate(found)]
    values: npt.NDArray[np.float64] = np.array(columns, dtype=np.float64).T
    if luck == "factor":
        values = np.column_stack([values, np.full(len(values), np.nan)])
    mean = results.mean("draw").transpose("point", "output", "year")
    about = "value of the figure at the point; of a dated path in its first year"
    return {
        "result": (("point", "output", "year"), mean.to_numpy(), _words("", "mean over draws", "各次抽样均值")),
        "value": (("point", "parameter"), values, _words("", about, "各点的参数取值（逐年路径为首年）")),
        "independent": ("point", design.independent, _words("flag", "drawn from the spreads", "独立抽取的点")),
    }


def _number(driver: Driver, quantile: float) -> float:
    value = driver.values(quantile)[driver.name]
    return float(next(iter(value.values())) if isinstance(value, dict) else value)


def _coords(found: Sequence[Driver], results: xr.DataArray, luck: str) -> dict[str, Any]:
    extra = luck == "factor"
    names = [item.name for item in found] + [LUCK] * extra
    columns = {
        "meaning_zh": [item.zh for item in found] + [LUCK_WORDS[0]] * extra,
        "meaning_en": [item.en for item in found] + [LUCK_WORDS[1]] * extra,
        "paths": [JOIN.join(item.paths) for item in found] + [""] * extra,
        "parameter_units": [item.moved[0].entry.unit for item in found] + [""] * extra,
    }
    coords: dict[str, Any] = {"parameter": names, "year": results["year"].to_numpy()}
    coords |= {name: ("parameter", values) for name, values in columns.items()}
    renamed = {"units": "output_units", "long_name": "output_en", "long_name_zh": "output_zh"}
    coords["output"] = results["output"].to_numpy()
    return coords | {new: ("output", results[old].to_numpy()) for old, new in renamed.items() if old in results.coords}


def ranking(
    result: xr.Dataset, output: str | None = None, year: int | None = None, lang: Language = "en"
) -> pd.DataFrame:
    """Return the parameters of one output and year, the strongest driver first.

    Parameters
    ----------
    result : Dataset
        As `drivers` returns it.
    output : str, optional
        The first if not given.
    year : int, optional
        The last if not given.
    lang : {"zh", "en"}
        Language of ``meaning``.

    Returns
    -------
    DataFrame
        Index ``parameter``; columns ``meaning`` and the indices with their errors.

    Raises
    ------
    InputError
        No such output or year.
    """
    outputs = [str(name) for name in result["output"].to_numpy()]
    years = [int(item) for item in result["year"].to_numpy()]
    problems = []
    if output is not None and output not in outputs:
        problems.append(Problem("output", "is not in the result", output, ", ".join(outputs), nearest(output, outputs)))
    if year is not None and year not in years:
        problems.append(Problem("year", "is not in the result", str(year), ", ".join(map(str, years))))
    if problems:
        raise InputError("ranking", problems)
    one = result.sel(output=output or outputs[0], year=year if year is not None else years[-1])
    method = str(result.attrs["method"])
    columns = {"meaning": one[f"meaning_{lang}"].to_numpy()} | {name: one[name].to_numpy() for name in NAMES[method]}
    frame = pd.DataFrame(columns, index=pd.Index(one["parameter"].to_numpy(), name="parameter"))
    # Swings have a sign, and a fall counts as much as a rise.
    return frame.sort_values(RANKED[method], ascending=False, kind="stable", key=np.abs)


def driver_table(result: xr.Dataset) -> pd.DataFrame:
    """Return all indices as a tidy table with labels in both languages.

    Parameters
    ----------
    result : Dataset
        As `drivers` returns it.

    Returns
    -------
    DataFrame
        Columns output, output_zh, output_en, year, rank, parameter, meaning_zh, meaning_en, paths, the indices with
        their errors, luck_share; the strongest driver of each output and year first.
    """
    parts = []
    for output in result["output"].to_numpy():
        for year in result["year"].to_numpy():
            ranked = ranking(result, str(output), int(year)).drop(columns="meaning")
            one = result.sel(output=output, year=year)
            words = result[["meaning_zh", "meaning_en", "paths"]].to_dataframe()[["meaning_zh", "meaning_en", "paths"]]
            part = words.loc[ranked.index].join(ranked).reset_index()
            labels = {f"output_{lang}": str(one[f"output_{lang}"].to_numpy()) for lang in ("zh", "en")}
            part = part.assign(output=output, **labels, year=year, rank=np.arange(1, len(part) + 1))
            parts.append(part.assign(luck_share=float(one["luck_share"])) if "luck_share" in one else part)
    lead = ["output", "output_zh", "output_en", "year", "rank"]
    table = pd.concat(parts, ignore_index=True)
    return table[[*lead, *(name for name in table.columns if name not in lead)]]
