"""From the file of a nation: the start, and the same plan without and with each of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import xarray as xr

from povsim.backtests.nation_spec import Nation
from povsim.errors import InputError, Problem, nearest
from povsim.margins import Margins
from povsim.quantity import read_yaml, validate
from povsim.rulebook import IncomeTest
from povsim.scenario import Scenario, locate, read_scenario
from povsim.synthetic import synthesise_register

LUCK, SHOCKS, GROWTH, MEASURES = "luck", "shocks", "growth", "measures"
"""Incomes move by luck alone, everybody's mean growing alike; with illness, lost jobs and disasters; with growth by
source; with measures."""
_HAZARDS = ("illness.hazard", "illness.hazard_ill", "job_loss.hazard", "disaster.village")


@dataclass(frozen=True)
class Plans:
    """What is simulated.

    Attributes
    ----------
    margins : Margins
        What the start is made from.
    register : Dataset
        The start.
    scenarios : mapping of str to Scenario
        ``luck``, ``shocks``, ``growth`` and ``measures``, in this order; each adds one thing to the one before.
    """

    margins: Margins
    register: xr.Dataset
    scenarios: Mapping[str, Scenario]

    @property
    def full(self) -> Scenario:
        """The plan with all that was done."""
        return self.scenarios[MEASURES]


def make_plans(spec: Nation) -> Plans:
    """Return the start and the plans of a back-test.

    Parameters
    ----------
    spec : Nation
        As ``read_nation`` returns it.

    Raises
    ------
    InputError
        Everything wrong with the scenario, the margins, or how they go with the series.
    """
    changes = {**spec.plan, "years": list(spec.years)}
    full = read_scenario(spec.scenario, overrides=changes)
    if full.population.margins is None:
        mend = "name a margins file in the scenario"
        raise InputError(spec.scenario, [Problem("population.margins", "is needed to make the start", mend=mend)])
    margins = _margins(spec, full)
    _check(spec, full, margins)
    off = {f"measures.{code}.active": False for code in full.measures}
    alike = {f"incomes.growth.{source}": _growth(spec) for source in ("wage", "business", "property", "transfer")}
    variants: dict[str, dict[str, Any]] = {
        LUCK: {**off, **alike, **_no_shocks(full)},
        SHOCKS: {**off, **alike},
        GROWTH: off,
        MEASURES: {},
    }
    scenarios = {
        code: read_scenario(spec.scenario, overrides={**changes, **more, "code": code})
        for code, more in variants.items()
    }
    return Plans(margins, synthesise_register(margins, seed=full.population.seed), scenarios)


def lines(scenario: Scenario) -> dict[int, float]:
    """Return the poverty line of every year from the one before the first, yuan per head and year."""
    test = scenario.exit_standard.household.tests[0]
    assert isinstance(test, IncomeTest)
    line = test.line
    assert line is not None
    return {year: line.at(year) for year in range(scenario.years[0] - 1, scenario.years[1] + 1)}


def _growth(spec: Nation) -> dict[int, float]:
    """Return yearly growth of the published mean; over years without a figure the mean grows evenly."""
    mean = spec.series["mean"].years
    known = sorted(year for year in mean if spec.years[0] - 1 <= year <= spec.years[1])
    growth: dict[int, float] = {}
    for before, after in pairwise(known):
        yearly = (mean[after] / mean[before]) ** (1 / (after - before)) - 1
        growth |= dict.fromkeys(range(before + 1, after + 1), yearly)
    return growth


def mean_path(spec: Nation) -> dict[int, float]:
    """Return the published mean of every year, evenly grown over years without a figure; yuan per head and year."""
    mean = spec.series["mean"].years
    path = {spec.years[0] - 1: mean[spec.years[0] - 1]}
    for year, growth in sorted(_growth(spec).items()):
        path[year] = mean.get(year, path[year - 1] * (1 + growth))
    return path


def _no_shocks(full: Scenario) -> dict[str, float]:
    there = [path for path in _HAZARDS if getattr(full.shocks, path.split(".")[0]) is not None]
    return {f"shocks.{path}": 0.0 for path in there}


def _margins(spec: Nation, full: Scenario) -> Margins:
    assert full.population.margins is not None
    data = read_yaml(locate(full.population.margins))
    problems = [problem for path, entry in spec.start.items() for problem in _put(data, path, entry)]
    if problems:
        raise InputError(spec.code, problems)
    return validate(Margins, data, f"{spec.code}: start")


def _put(data: dict[str, Any], dotted: str, entry: Any) -> list[Problem]:
    *parents, last = dotted.split(".")
    place: Any = data
    for part in parents:
        place = place.get(part) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        return [Problem(f"start.{dotted}", "no such place in the margins", mend=nearest(parents[0], data))]
    place[last] = entry
    return []


def _check(spec: Nation, full: Scenario, margins: Margins) -> None:
    """Make sure that start, plan and series are about the same years and the same line."""
    problems = []
    first = spec.years[0] - 1
    if margins.year != first:
        problems.append(Problem("start.year", "should be the year before the first", str(margins.year), str(first)))
    needed = [year for year in (first, spec.years[1]) if year not in spec.series["mean"].years]
    if needed:
        problems.append(Problem("series.mean", "has no figure for the start or the end", ", ".join(map(str, needed))))
    if full.exit_standard.household.tests[0].type != "income":
        problems.append(Problem("scenario", "the first test of households should be that of income"))
    else:
        published = spec.line_published.value
        dated = published if isinstance(published, dict) else {}
        used = lines(full)
        off = [year for year, line in dated.items() if year in used and abs(used[year] - line) > 1e-9]
        if off:
            found = ", ".join(f"{year}: {used[year]:g}, published {dated[year]:g}" for year in off)
            problems.append(Problem("line_published", "is not the line of the scenario", found))
    if problems:
        raise InputError(spec.code, problems)
