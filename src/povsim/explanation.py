"""One household of a run, lived again from the run's folder in one draw and explained year by year."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.draws import uniforms
from povsim.engine import Progress
from povsim.errors import InputError, Problem, nearest
from povsim.folder import Run, open_run
from povsim.holdings import Luck, Number
from povsim.household_year import Case, Household, HouseholdYear, household_years, read_household
from povsim.register import read_register
from povsim.register_files import file_sha256
from povsim.remedies import figures_of_draw
from povsim.runs import complete_population, simulate
from povsim.scenario import Scenario, locate

PROBABILITIES = ("poor", "registered", "exited", "relapsed")
SHOWN = 3
"""How many of the nearest identifiers are named."""


@dataclass(frozen=True)
class Difference:
    """Persons of one year and status: as the run stored them, and as they came out again."""

    year: int
    status: str
    stored: int
    again: int


@dataclass(frozen=True)
class Explanation:
    """One household in one draw of a run.

    Attributes
    ----------
    run : Path
        The run's folder.
    scenario : Scenario
        The plan.
    draw, seed : int
        Which luck.
    draws : range
        The draws of the run.
    household : Household
        Who it is.
    years : tuple of HouseholdYear
        Its years.
    differences : tuple of Difference
        Where the draw, simulated again, is not what the run stored; none when the two agree.
    probabilities : DataFrame or None
        By year, over all draws of the run: shares in which the household is poor, registered, exited, relapsed. None
        where a draw was asked for, or the run was made without probabilities per household.
    panel : Dataset
        The household's panel, dims (year,).
    """

    run: Path
    scenario: Scenario
    draw: int
    seed: int
    draws: range
    household: Household
    years: tuple[HouseholdYear, ...]
    differences: tuple[Difference, ...]
    probabilities: pd.DataFrame | None
    panel: xr.Dataset

    @property
    def agrees(self) -> bool:
        """Whether the draw came out as the run stored it."""
        return not self.differences

    def plain(self) -> dict[str, Any]:
        """Return everything but the panel as plain data, for JSON."""
        chances = self.probabilities
        return {
            "run": self.run.name,
            "scenario": self.scenario.code,
            "draw": self.draw,
            "seed": self.seed,
            "currency": self.scenario.currency,
            "agrees": self.agrees,
            "differences": [asdict(each) for each in self.differences],
            "household": asdict(self.household),
            "probabilities": None if chances is None else chances.reset_index().to_dict("records"),
            "years": [asdict(each) for each in self.years],
        }


def explain(
    run: Run | str | Path,
    household: int | str,
    *,
    scenario: str | None = None,
    draw: int | None = None,
    register: str | Path | xr.Dataset | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Explain one household's years in one draw of a run.

    The population and the plan are made again from the folder, the one draw is simulated again with its households
    kept, and what comes out is compared with what the run stored.

    Parameters
    ----------
    run : Run, str or Path
        A run, or its folder.
    household : int or str
        Identifier.
    scenario : str, optional
        Code of the scenario; the first if not given.
    draw : int, optional
        Number of the draw; the first if not given, with the probabilities over all draws beside it.
    register : str, Path or Dataset, optional
        The register of a run that was made from one: a run folder keeps no register.
    progress : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    Explanation
        Who the household is and its years.

    Raises
    ------
    InputError
        The run has no such household, draw or scenario, or the register of the run is needed.

    Examples
    --------
    >>> import tempfile, povsim
    >>> from povsim.folder import write_run
    >>> from povsim.folder_manifest import Record
    >>> from povsim.runs import Settings, run_scenarios
    >>> plan = povsim.read_scenario("sample")
    >>> people = povsim.complete_population(plan)
    >>> results = run_scenarios(people, (plan,), Settings(draws=range(2), seed=1))
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = write_run(results, Path(place, "first"), register=people, record=Record(seed=1))
    ...     told = povsim.explain(folder, people["household"].values[0], draw=1)
    >>> told.agrees, [each.year for each in told.years], told.years[0].line
    (True, [2016, 2017, 2018, 2019, 2020], 2952.0)
    """
    if not isinstance(run, Run):
        with open_run(run) as opened:
            return explain(opened, household, scenario=scenario, draw=draw, register=register, progress=progress)
    plan, chosen = _choose(run, scenario, draw)
    people = _people(run, plan, register)
    place = _find(people["household"].to_numpy(), household, str(run.path))
    seed = int(run.manifest["seed"])
    outcomes, panel = simulate(
        people, plan, draws=range(chosen, chosen + 1), seed=seed, keep=("household",), progress=progress
    )
    number = figures_of_draw(plan, seed=seed, draw=chosen)
    case = Case(
        scenario=plan,
        household=read_household(people, place),
        guarantees=tuple(people["guarantee"].values.astype(str).tolist()),
        measures=tuple(outcomes["measure"].values.astype(str).tolist()),
        lines=_lines(plan, people, number),
        number=number,
        panel=panel.isel(scenario=0, draw=0, household=place),
        luck=_luck(people["household"].to_numpy()[[place]], seed, chosen),
    )
    return Explanation(
        run=run.path,
        scenario=plan,
        draw=chosen,
        seed=seed,
        draws=_draws(run),
        household=case.household,
        years=household_years(case),
        differences=_differences(run, plan, outcomes["persons"]),
        probabilities=_probabilities(run, plan, case.household) if draw is None else None,
        panel=case.panel,
    )


def _luck(household: npt.NDArray[Any], seed: int, draw: int) -> Luck:
    """Return this year's chance of the household's record of a measure, as the simulation draws it."""

    def chance(code: str, year: int) -> float:
        return float(uniforms(household, seed=seed, draw=draw, year=year, decision=f"measures.{code}", lane=2)[0])

    return chance


def _draws(run: Run) -> range:
    told: Mapping[str, int] = run.manifest["draws"]
    return range(told["first"], told["first"] + told["count"])


def _choose(run: Run, scenario: str | None, draw: int | None) -> tuple[Scenario, int]:
    """Return the scenario and the draw asked for, after making sure that the run has them."""
    known, draws, problems = {plan.code: plan for plan in run.scenarios}, _draws(run), list[Problem]()
    if scenario is not None and scenario not in known:
        mend = nearest(scenario, known)
        problems.append(Problem("scenario", "is not in the run", scenario, ", ".join(known), mend))
    if draw is not None and draw not in draws:
        problems.append(Problem("draw", "is not in the run", str(draw), f"{draws[0]} to {draws[-1]}"))
    if problems:
        raise InputError(str(run.path), problems)
    return run.scenario if scenario is None else known[scenario], draws[0] if draw is None else draw


def _people(run: Run, plan: Scenario, register: str | Path | xr.Dataset | None) -> xr.Dataset:
    """Return the population that was simulated, made as the run made it."""
    wanted = run.manifest["inputs"].get("register")
    if isinstance(register, xr.Dataset) or (register is None and wanted is None):
        return complete_population(plan, register)
    if register is None:
        mend = "give it: --register FILE, or register=FILE"
        problem = Problem("register", "the run was made from a register, which its folder does not keep", mend=mend)
        raise InputError(str(run.path), [problem])
    file = Path(register)
    if not file.is_file():
        raise InputError(str(run.path), [Problem("register", "not found", str(register))])
    if wanted is None or file_sha256(file) != wanted["sha256"]:
        allowed = "none" if wanted is None else f"{wanted['file']} as it was then"
        raise InputError(str(run.path), [Problem("register", "is not what the run was made from", file.name, allowed)])
    mapping = plan.population.mapping
    return complete_population(plan, read_register(file, locate(mapping) if mapping else None))


def _find(known: npt.NDArray[Any], wanted: int | str, source: str) -> int:
    """Return the position of a household.

    Examples
    --------
    >>> _find(np.array([11, 12, 20]), "12", "run")
    1
    >>> _find(np.array(["east-1", "east-2", "mill-7"]), "east-3", "run")
    Traceback (most recent call last):
    povsim.errors.InputError: run: 1 problem
      - household: is not in the population; found east-3; the nearest: east-2, east-1
    """
    places = np.flatnonzero(known.astype(str) == str(wanted).strip())
    if places.size == 1:
        return int(places[0])
    names, text = known.tolist(), str(wanted).strip()
    if known.dtype.kind in "iu" and text.lstrip("-").isdigit():
        near = heapq.nsmallest(SHOWN, names, key=lambda name: abs(name - int(text)))
    else:
        near = difflib.get_close_matches(text, [str(name) for name in names], n=SHOWN) or names[:SHOWN]
    mend = "the nearest: " + ", ".join(str(name) for name in near)
    raise InputError(source, [Problem("household", "is not in the population", text, mend=mend)])


def _lines(plan: Scenario, people: xr.Dataset, number: Number) -> dict[int, float]:
    """Return the income line of each year in the draw, in the precision of the simulation."""
    test = plan.exit_standard.household.tests[0]
    assert test.type == "income"
    if test.line is not None:
        return {year: float(np.float32(number(test.line, year))) for year in plan.span}
    assert test.line_quantile is not None
    income = {name: people[name].to_numpy().astype(np.float64) for name in ("wage", "business", "property", "transfer")}
    persons = people["persons"].to_numpy().astype(np.float64)
    net = sum(income.values()) - people["production_cost"].to_numpy().astype(np.float64)
    per_head = net / persons
    order = np.argsort(per_head, kind="stable")
    reached = np.cumsum((people["weight"].to_numpy() * persons)[order])
    place = int(np.searchsorted(reached, test.line_quantile.at(plan.years[0]) * reached[-1]))
    line = float(np.float32(per_head[order[min(place, order.size - 1)]]))
    return dict.fromkeys(plan.span, line)


def _differences(run: Run, plan: Scenario, again: xr.DataArray) -> tuple[Difference, ...]:
    """Compare persons by year, village and status with what the run stored; list years and statuses that differ."""
    draw = int(again["draw"].item())
    stored = run.outcomes["persons"].sel(scenario=plan.code, draw=draw).reset_coords(drop=True)
    found = again.isel(scenario=0, draw=0).reset_coords(drop=True)
    old, new = xr.align(stored.load(), found, join="outer", fill_value=0)
    apart = (old != new).any("village")
    return tuple(
        Difference(
            int(year),
            str(status),
            int(old.sel(year=year, status=status).sum()),
            int(new.sel(year=year, status=status).sum()),
        )
        for year in apart["year"].values
        for status in apart["status"].values
        if bool(apart.sel(year=year, status=status))
    )


def _probabilities(run: Run, plan: Scenario, home: Household) -> pd.DataFrame | None:
    file = run.path / "households.parquet"
    if not file.is_file():
        return None
    rows = pd.read_parquet(file, filters=[("household", "==", home.household)])
    rows = rows[rows["scenario"].astype(str) == plan.code].set_index("year")
    return rows[[name for name in PROBABILITIES if name in rows]].astype(float)
