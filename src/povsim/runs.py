"""The main job from Python: make the population, simulate, write a run to a folder, open it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import xarray as xr

from povsim.background import add_background
from povsim.engine import Progress, make_task, run, size_of
from povsim.errors import InputError, Problem
from povsim.ground import BLOCK
from povsim.outcomes import Results, assemble, margins_dataset, panel_dataset
from povsim.process import Process
from povsim.scenario import Scenario, locate
from povsim.synthetic import complete_register, split_income, synthesise_register
from povsim.tables import Tables
from povsim.verdicts import add_verdicts

MOST_PANEL_BYTES = 8_000_000_000
"""A kept household panel larger than this is refused rather than swapped."""


MOST_SUMMED_DRAWS = 65_535
"""The summary by household counts draws in 16 bits."""


def complete_population(scenario: Scenario, register: xr.Dataset | None = None) -> xr.Dataset:
    """Return the whole population that a scenario is about.

    Parameters
    ----------
    scenario : Scenario
        Names the margins to synthesise from or to complete a register with.
    register : Dataset, optional
        A register that was read; without it the population is synthesised.

    Returns
    -------
    Dataset
        A register Dataset with coverage ``population`` and incomes by source. Rows that were made are ``synthetic``.

    Raises
    ------
    InputError
        A register is needed and not given; rural totals are missing; totals smaller than the register.

    Examples
    --------
    >>> import povsim
    >>> people = complete_population(povsim.read_scenario("sample"))
    >>> people.sizes["household"], people.attrs["coverage"]
    (600, 'population')
    """
    source = scenario.population
    if register is None:
        if source.margins is None:
            mend = "give the file: povsim run SCENARIO --register FILE, or read_register(FILE)"
            raise InputError(scenario.code, [Problem("register", "this scenario needs a register file", mend=mend)])
        return synthesise_register(locate(source.margins), seed=source.seed)
    if register.attrs["coverage"] == "registered":
        if source.margins is None:
            raise InputError(
                scenario.code,
                [
                    Problem(
                        "population.margins",
                        "the register lists registered households only, and incidence and omissions need rural totals",
                        mend="name a margins file with rural households and persons in the scenario",
                    )
                ],
            )
        register = complete_register(register, locate(source.margins), seed=source.seed)
    if register.attrs["income_detail"] == "total" and scenario.incomes.source_shares is not None:
        shares = scenario.incomes.source_shares
        register = split_income(register, {name: getattr(shares, name) for name in type(shares).model_fields})
    return register


def simulate(
    register: xr.Dataset,
    scenarios: Scenario | Sequence[Scenario],
    *,
    draws: int | range = 100,
    seed: int = 1,
    threads: int | None = None,
    keep: Sequence[Literal["household"]] = (),
    processes: Sequence[Process] = (),
    progress: Progress | None = None,
) -> Any:
    """Simulate households over the years of one or several scenarios that share their luck.

    Parameters
    ----------
    register : Dataset
        The whole population, as ``complete_population`` returns it.
    scenarios : Scenario or sequence of Scenario
        Plans with the same years and the same household tests; their codes name them in the outcome.
    draws : int or range
        How many paths of luck, or which.
    seed : int
        Address of all luck, 0 to 2^32 - 1. Equal seeds give equal bits on any number of threads.
    threads : int, optional
        Threads; all processors if not given.
    keep : sequence of {"household"}
        With ``"household"`` the panel of households is returned beside the outcomes.
    processes : sequence of Process
        Processes added from Python.
    progress : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    Dataset, or tuple of (Dataset, Dataset) with ``keep=("household",)``
        Outcomes by scenario, draw, year and village; the panel by scenario, draw, year and household.

    Raises
    ------
    InputError
        Scenarios that do not go together, or a register that does not fit them.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> people = povsim.complete_population(plan)
    >>> outcomes = povsim.simulate(people, plan, draws=2, seed=1)
    >>> outcomes["persons"].sum(["village", "status"]).values.tolist()[0][0]
    [1980, 1980, 1980, 1980, 1980]
    """
    chosen = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
    settings = Settings(
        draws=draws if isinstance(draws, range) else range(draws),
        seed=seed,
        threads=threads,
        household_summary=False,
        keep_households="household" in keep,
    )
    results = run_scenarios(register, chosen, settings, processes=processes, progress=progress)
    if settings.keep_households:
        return results.outcomes, panel_dataset(results.tables, register, results.outcomes)
    return results.outcomes


@dataclass(frozen=True)
class Settings:
    """How to run: which draws, which luck, how many threads, what to keep."""

    draws: range
    seed: int
    threads: int | None = None
    household_summary: bool = True
    keep_households: bool = False
    block_size: int = BLOCK


def run_scenarios(
    register: xr.Dataset,
    scenarios: tuple[Scenario, ...],
    settings: Settings,
    *,
    processes: Sequence[Process] = (),
    progress: Progress | None = None,
) -> Results:
    """Simulate and return everything a run leaves behind, still in memory; see :func:`simulate`."""
    _check_together(scenarios, settings)
    task = make_task(
        register,
        scenarios,
        draws=settings.draws,
        seed=settings.seed,
        processes=processes,
        block_size=settings.block_size,
    )
    size, township = size_of(task, register)
    if settings.keep_households:
        _check_panel(size.scenarios * size.draws * size.years * size.households)
    tables = Tables(size, township, settings.household_summary, settings.keep_households)
    run(task, tables, threads=settings.threads, progress=progress)
    counted = assemble(tables, register, scenarios, settings.draws, task.measures)
    judged = add_verdicts(counted, register, scenarios, seed=settings.seed)
    outcomes = add_background(judged, tables, register, scenarios)
    margins = margins_dataset(tables, outcomes, len(settings.draws))
    return Results(outcomes, margins, tables, scenarios, task.measures)


def _check_together(scenarios: tuple[Scenario, ...], settings: Settings) -> None:
    if not scenarios:
        raise InputError("scenarios", [Problem("scenarios", "none given", allowed="one or more")])
    problems = [*_scenario_problems(scenarios), *_setting_problems(settings)]
    if problems:
        raise InputError("simulate", problems)


def _scenario_problems(scenarios: tuple[Scenario, ...]) -> list[Problem]:
    problems: list[Problem] = []
    first, codes = scenarios[0], [scenario.code for scenario in scenarios]
    if len(set(codes)) < len(codes):
        problems.append(Problem("code", "two scenarios share a code", ", ".join(codes), "a code each"))
    tests = [test.code for test in first.exit_standard.household.tests]
    for other in scenarios[1:]:
        if other.years != first.years:
            found, allowed = f"{other.code}: {other.years}", f"{first.years}, as {first.code}"
            problems.append(Problem("years", "scenarios run over different years", found, allowed))
        if [test.code for test in other.exit_standard.household.tests] != tests:
            problems.append(Problem("exit_standard.household.tests", "tests differ", other.code, ", ".join(tests)))
    return problems


def _setting_problems(settings: Settings) -> list[Problem]:
    problems: list[Problem] = []
    if len(settings.draws) < 1 or settings.draws.step != 1 or settings.draws.start < 0:
        problems.append(Problem("draws", "should be one or more", str(settings.draws), "a whole number from 1"))
    if settings.household_summary and len(settings.draws) > MOST_SUMMED_DRAWS:
        found, allowed = str(len(settings.draws)), f"at most {MOST_SUMMED_DRAWS} with a summary by household"
        problems.append(Problem("draws", "too many", found, allowed))
    if not 0 <= settings.seed < 2**32:
        problems.append(Problem("seed", "out of range", str(settings.seed), "0 to 4294967295"))
    if settings.threads is not None and not 1 <= settings.threads <= 256:
        problems.append(Problem("threads", "out of range", str(settings.threads), "1 to 256"))
    return problems


def _check_panel(cells: int) -> None:
    needed = cells * (14 * 4 + 4 * 2)
    if needed > MOST_PANEL_BYTES:
        found = f"{needed / 1e9:.1f} GB"
        mend = "fewer draws, fewer scenarios, or a part of the register"
        raise InputError("simulate", [Problem("keep", "the household panel is too large", found, "8 GB", mend)])
