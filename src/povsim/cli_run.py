"""The work behind ``povsim run``: read, simulate, write, print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import cli_show, figures
from povsim.assumptions import assumptions, counts
from povsim.cli_progress import Reporter
from povsim.errors import InputError, Problem
from povsim.folder import check_folder, write_run
from povsim.folder_manifest import Record, input_files
from povsim.interrupts import raise_if_stopped
from povsim.outcomes import Results
from povsim.outlook import forecast, target_held
from povsim.register import read_register
from povsim.runs import Settings, complete_population, run_scenarios
from povsim.scenario import Scenario, locate, read_scenario
from povsim.wording import Wording


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    scenario: str
    register: Path | None
    mapping: Path | None
    out: Path | None
    overrides: tuple[str, ...]
    settings: Settings


@dataclass(frozen=True)
class Done:
    """What came of it."""

    scenario: Scenario
    register: xr.Dataset
    results: Results
    folder: Path
    counts: dict[str, int]
    seconds: float


def perform(order: Order, say: Wording) -> None:
    """Run a scenario, write the folder and print the forecast.

    Parameters
    ----------
    order : Order
        Scenario, inputs, settings, folder.
    say : Wording
        Texts of the commands.

    Raises
    ------
    InputError
        Anything wrong with the inputs or the folder; nothing has been written then.
    """
    with Reporter(say) as report:
        done = _run(order, report)
    _print(order, done, say)


def _run(order: Order, report: Reporter) -> Done:
    report.phase("scenario")
    source = locate(order.scenario)
    scenario = read_scenario(source, overrides=order.overrides)
    folder = order.out or Path("runs") / scenario.code
    # Whatever can be refused is refused before the long part.
    check_folder(folder)
    inputs = input_files(source, scenario, register=order.register, mapping=order.mapping)
    figures_known = counts(assumptions(scenario))
    register = _people(order, scenario, inputs.get("mapping"), report)
    report.phase("simulate")
    results = run_scenarios(register, (scenario,), order.settings, progress=report)
    report.phase("write")
    record = Record(order.settings.seed, order.settings.threads, inputs, order.overrides, report.seconds)
    write_run(results, folder, register=register, record=record, before=raise_if_stopped)
    return Done(scenario, register, results, folder, figures_known, report.seconds)


def _people(order: Order, scenario: Scenario, mapping: Path | None, report: Reporter) -> xr.Dataset:
    if order.register is None:
        if order.mapping is not None:
            problem = Problem(
                "--mapping", "says how a register is read, but no register is given", mend="add --register"
            )
            raise InputError("povsim run", [problem])
        register = None
    else:
        report.phase("register")
        register = read_register(order.register, mapping)
    report.phase("population")
    return complete_population(scenario, register)


def _print(order: Order, done: Done, say: Wording) -> None:
    outcomes, scenario = done.results.outcomes, done.scenario
    screen = cli_show.screen()
    result = forecast(outcomes, scenario)
    lines = cli_show.headline(outcomes, done.register, scenario, say, seed=order.settings.seed)
    missing = _missing(done.register)
    lines += [say("run.missing", count=figures.count(missing))] if missing else []
    for line in lines:
        screen.print(line)
    screen.print()
    cli_show.show_whole(screen, cli_show.forecast_table(result, scenario, say))
    screen.print()
    if result.targets.empty:
        screen.print(say("targets.none"))
    else:
        screen.print(cli_show.target_table(result, say))
        screen.print(say("targets.all", probability=figures.probability(_all_years(outcomes, scenario), say.lang)))
    screen.print()
    tied = cli_show.alignment_lines(outcomes, scenario, say)
    for line in [
        *tied,
        *([""] if tied else []),
        *cli_show.notes(outcomes, done.counts, order.scenario, say),
        _written(done, say),
    ]:
        screen.print(line)


def _missing(register: xr.Dataset) -> int:
    import json

    return sum(int(entry["count"]) for entry in json.loads(register.attrs.get("missing", "{}")).values())


def _all_years(outcomes: xr.Dataset, scenario: Scenario) -> float:
    """Return the share of draws in which every target of every year holds."""
    one = outcomes.sel(scenario=scenario.code)
    held: list[npt.NDArray[np.bool_]] = []
    for target in scenario.targets:
        due = [target.applies(year) for year in scenario.span]
        held.append(np.logical_and.reduce(target_held(one, target, scenario)[:, due], axis=1))
    return float(np.logical_and.reduce(held).mean())


def _written(done: Done, say: Wording) -> str:
    files = list(done.folder.iterdir())
    size = figures.size(sum(file.stat().st_size for file in files))
    seconds = f"{done.seconds:.1f}"
    return say("run.written", folder=done.folder, files=len(files), size=size, seconds=seconds)
