"""Calibration: the income process of a panel with its errors, its trend, and who left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.calibration.attrition import attrition_of
from povsim.calibration.processes import Source, process_of, trend_of
from povsim.calibration.records import Calibration, Choices, IncomeProcess, Interval, Note
from povsim.calibration.resampling import Progress, Sampled, sampled
from povsim.calibration.residuals import Floats
from povsim.errors import InputError, Problem, nearest

WITH_PROCESS = ("wage", "business")
"""Sources that carry a process of their own in a scenario; the others follow rules."""
MAPPED = (*WITH_PROCESS, "property", "transfer")
FEWEST_HOUSEHOLDS = 30


def calibrate(
    panel: xr.Dataset,
    *,
    error_share: float | None = None,
    rho: float | Interval | None = None,
    draws: int = 200,
    seed: int = 1,
    groups: str | None = None,
) -> Calibration:
    """Estimate the income process of a panel.

    Parameters
    ----------
    panel : Dataset, dims (unit, wave)
        As ``read_panel`` returns it. Treated households are left out: they do not show incomes without the measure.
    error_share : float, optional
        Share of the one-year variance taken for misreporting, 0-1: a choice, since no panel tells it from luck of one
        year. A half if not given.
    rho : float or (float, float), optional
        Stated persistence, or the range it lies in. Estimated if not given and the waves have three different gaps
        between them; else any value between .5 and .95 is looked at.
    draws, seed : int
        Bootstrap samples of clusters within strata, and the address of their luck.
    groups : str, optional
        Variable of the household whose groups have a mean of their own in every wave; the strata if not given.

    Returns
    -------
    Calibration
        Shares of the variance of log income per head less what persons, covariates, groups and waves explain, by
        equally weighted minimum distance to the autocovariances of all pairs of waves, whatever years lie between
        them; with standard errors, or bounds where the waves cannot tell the parts apart. Incomes at or below zero
        have no log and do not take part; they do in the trend.

    Raises
    ------
    InputError
        A panel without incomes, too few households, choices out of range.

    Examples
    --------
    >>> from povsim.calibration.simulated import Setting, simulated_panel
    >>> found = calibrate(simulated_panel(Setting(), seed=1), draws=20)
    >>> found.total.known, round(found.total.lasting, 1)
    ('estimated', 0.7)
    """
    return calibrate_by(panel, Choices(error_share, rho, "equal", groups, draws, seed))


def calibrate_by(panel: xr.Dataset, choices: Choices, *, progress: Progress | None = None) -> Calibration:
    """Estimate the income process of a panel; every choice can be made, and progress is told.

    Parameters
    ----------
    panel, choices
        As in `calibrate`.
    progress : callable, optional
        Told how many bootstrap samples are done, of how many in all.

    Raises
    ------
    InputError
        As `calibrate`.
    """
    _checked(panel, choices)
    kept = panel.isel(unit=np.flatnonzero(panel["treated"].values == 0))
    ground = _ground(kept, choices)
    names = [name for name in WITH_PROCESS if name in kept]
    stages = _Stages(1 + len(names), choices.draws, progress)
    total = process_of(_source(kept, "income", ground), choices, stages.next())
    sources: dict[str, IncomeProcess] = {}
    notes = list(_notes(panel, kept, ground, total))
    for name in names:
        step = stages.next()
        process = _own_process(_source(kept, name, ground), choices, step)
        if process is None:
            notes.append(Note("note.source", {"source": name}))
        else:
            sources[name] = process
    trends = {name: trend_of(_source(kept, name, ground), choices) for name in MAPPED if name in kept}
    left = attrition_of(kept["income"].values, ground.weight, ground.design.cluster, kept["wave"].values)
    if any(one.left > 0 for one in left):
        notes.append(Note("note.attrition"))
    return Calibration(total, sources, trends, left, tuple(notes), choices, _told(panel, kept, ground))


@dataclass(frozen=True)
class _Ground:
    """What all sources share: weights, design, groups, covariates, years."""

    weight: Floats
    design: Sampled
    group: npt.NDArray[np.integer]
    groups: int
    covariates: Floats
    named: tuple[str, ...]
    years: Floats


class _Stages:
    """Progress over several bootstraps, told as one."""

    def __init__(self, stages: int, draws: int, progress: Progress | None) -> None:
        self.stages, self.draws, self.progress, self.at = stages, draws, progress, -1

    def next(self) -> Progress | None:
        """Return who is told of the next bootstrap."""
        self.at += 1
        before, progress = self.at * self.draws, self.progress
        if progress is None:
            return None
        return lambda done, _: progress(before + done, self.stages * self.draws)


def _checked(panel: xr.Dataset, choices: Choices) -> None:
    problems = list(_wrong_choices(choices))
    if "income" not in panel:
        mend = "spells of poverty say nothing about variances; povsim backtest takes them"
        problems.append(Problem("panel", "has no income, only whether households are poor", mend=mend))
    elif panel.sizes["wave"] < 2 or not _enough(panel["income"].values[panel["treated"].values == 0]):
        found = f"{panel.sizes['wave']} waves, {panel.sizes['unit']} households"
        allowed = f"two waves with {FEWEST_HOUSEHOLDS} untreated households above zero in both"
        problems.append(Problem("panel", "has too few households", found, allowed))
    if _no_spread(panel):
        mend = "map clusters that are smaller, or no strata"
        problems.append(Problem("cluster", "every stratum has one cluster only, which shows no error", mend=mend))
    if choices.groups is not None and (choices.groups not in panel or panel[choices.groups].dims != ("unit",)):
        known = [str(name) for name in panel.data_vars if panel[name].dims == ("unit",)]
        hint = nearest(choices.groups, known)
        problems.append(Problem("groups", "no variable of the household", choices.groups, ", ".join(known), hint))
    if problems:
        raise InputError(str(panel.attrs.get("name_en", "panel")), problems)


def _no_spread(panel: xr.Dataset) -> bool:
    """Tell whether the untreated make up one cluster in every stratum: no sample then differs from another."""
    kept = panel["treated"].values == 0
    if not kept.any():
        return False
    design = sampled(panel["cluster"].values[kept], panel["stratum"].values[kept])
    return design.lonely == int(design.stratum.max()) + 1


def _wrong_choices(choices: Choices) -> Iterator[Problem]:
    if choices.error_share is not None and not 0 <= choices.error_share <= 1:
        yield Problem("error_share", "is not a share", f"{choices.error_share:g}", "0 to 1")
    if choices.rho is not None:
        low, high = choices.rho if isinstance(choices.rho, tuple) else (choices.rho, choices.rho)
        if not 0 <= low <= high < 1:
            found = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            yield Problem("rho", "should be a number or a range, the lower first", found, "0 to below 1")
    if choices.draws < 2:
        yield Problem("draws", "too few for an error", str(choices.draws), "at least 2; 200 is usual")
    if choices.threads < 1:
        yield Problem("threads", "too few", str(choices.threads), "at least 1")
    if not 0 <= choices.seed < 2**32:
        yield Problem("seed", "out of range", str(choices.seed), "0 to 4294967295")


def _own_process(source: Source, choices: Choices, progress: Progress | None) -> IncomeProcess | None:
    """Return the process of one source of income; None where too few households have it."""
    if not _enough(source.income):
        return None
    try:
        return process_of(source, choices, progress)
    except InputError:
        return None


def _enough(income: Floats) -> bool:
    """Tell whether enough households are seen above zero in two waves."""
    return int(((np.nan_to_num(income) > 0).sum(axis=1) >= 2).sum()) >= FEWEST_HOUSEHOLDS


def _ground(panel: xr.Dataset, choices: Choices) -> _Ground:
    seen = panel["income"].notnull().values
    named, covariates = [], []
    persons = panel["persons"].values
    if not np.isnan(persons[seen]).any():
        named.append("persons")
        covariates.append(np.log(persons))
    for name in panel.data_vars:
        if panel[name].attrs.get("role") == "covariate":
            named.append(str(name))
            covariates.append(panel[name].values)
    group = panel[choices.groups or "stratum"].values
    codes = np.unique(group, return_inverse=True)[1]
    weight = panel["weight"].values.astype(np.float64)
    return _Ground(
        # only their ratios count: squares of large ones would leave the range of numbers
        weight / weight.max(),
        sampled(panel["cluster"].values, panel["stratum"].values),
        codes,
        int(codes.max()) + 1,
        np.stack(covariates) if covariates else np.zeros((0, *seen.shape)),
        tuple(named),
        panel["year"].values.astype(np.float64),
    )


def _source(panel: xr.Dataset, name: str, ground: _Ground) -> Source:
    waves = tuple(str(wave) for wave in panel["wave"].values)
    income = panel[name].values.astype(np.float64)
    return Source(income, ground.covariates, ground.group, ground.weight, ground.design, (waves, ground.years))


def _notes(panel: xr.Dataset, kept: xr.Dataset, ground: _Ground, total: IncomeProcess) -> Iterator[Note]:
    treated = panel.sizes["unit"] - kept.sizes["unit"]
    if treated:
        yield Note("note.treated", {"households": treated})
    income = kept["income"].values
    low = int((income <= 0).sum())
    if low:
        yield Note("note.nonpositive", {"count": low, "share": low / int((~np.isnan(income)).sum())})
    if ground.covariates.size and (incomplete := int((np.isnan(ground.covariates).any(axis=0) & (income > 0)).sum())):
        yield Note("note.covariates", {"count": incomplete})
    usable = (income > 0) & ~np.isnan(ground.covariates).any(axis=0)
    if alone := int(usable.sum()) - total.observations:
        yield Note("note.alone", {"count": alone})
    if ground.design.lonely:
        yield Note("note.lonely", {"strata": ground.design.lonely})
    if panel.attrs.get("welfare") == "consumption":
        yield Note("note.consumption")
    yield from _notes_of_fit(total, distinct=np.unique(np.subtract.outer(ground.years, ground.years)).size // 2)


def _notes_of_fit(total: IncomeProcess, *, distinct: int) -> Iterator[Note]:
    if total.known == "bounds":
        yield Note("note.bounds.two" if distinct < 2 else "note.bounds.three")
    if total.known == "estimated" and distinct == 3:
        yield Note("note.barely")
    if total.known == "estimated" and total.persistent < 0.005:
        yield Note("note.no_persistent")
    if total.known == "estimated" and (total.permanent < 0.005 or total.rho > 0.98):
        yield Note("note.inseparable")
    elif total.known == "estimated" and total.standard_errors["permanent"] > 0.1:
        yield Note("note.weak")
    together, _ = total.lasting_error
    if total.known == "estimated" and together < 0.5 * total.standard_errors["permanent"]:
        yield Note("note.lasting", {"value": total.lasting, "error": together})
    own = [value for (first, second), value in total.covariances.items() if first == second]
    if max(own) > 1.5 * min(own):
        yield Note("note.unsteady", {"low": min(own), "high": max(own)})


def _told(panel: xr.Dataset, kept: xr.Dataset, ground: _Ground) -> dict[str, Any]:
    named = ("name_zh", "name_en", "source", "status", "note_zh", "note_en", "welfare", "currency")
    told: dict[str, Any] = {name: panel.attrs.get(name, "") for name in named}
    told["waves"] = {str(wave): float(year) for wave, year in zip(kept["wave"].values, ground.years, strict=True)}
    told["clusters"], told["strata"] = int(ground.design.stratum.size), int(ground.design.stratum.max()) + 1
    return told | {"covariates": ground.named, "groups": ground.groups, "households": kept.sizes["unit"]}
