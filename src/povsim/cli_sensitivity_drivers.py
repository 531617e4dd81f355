"""What ``povsim sensitivity drivers`` does: which uncertain figures drive a result, and how much is luck."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import xarray as xr

from povsim import cli_show
from povsim.assumptions import harmless_table
from povsim.cli_progress import Reporter
from povsim.cli_sensitivity_drivers_show import Done, boxes, opening, print_one, threshold
from povsim.errors import InputError, Problem
from povsim.folder_files import write_dataset
from povsim.register import read_register
from povsim.runs import complete_population
from povsim.scenario import Scenario, locate, read_scenario
from povsim.sensitivity.discovery import box_table, discover
from povsim.sensitivity.driver_parameters import JOIN, Shared
from povsim.sensitivity.driver_runs import Job, job_problems
from povsim.sensitivity.drivers import driver_table, drivers, find_drivers, thin, tornado
from povsim.staging import replaced
from povsim.sweep_parts import text_digest
from povsim.wording import Wording

Method = Literal["sobol", "morris", "pawn", "tornado"]
Wanted = tuple[tuple[str, int | None], ...]
Bounds = dict[str, tuple[float, float] | None] | None
DISCOVERING = ("sobol", "pawn")


@dataclass(frozen=True)
class Order:
    """What the command was asked to do.

    Attributes
    ----------
    scenario : str
        YAML file, or the name of a shipped scenario (SCENARIO).
    outputs : tuple of str
        ``NAME`` or ``NAME:YEAR`` (``--output``, several allowed); the last year where none is named.
    method : {"sobol", "morris", "pawn", "tornado"}
        ``--method``.
    points : int, optional
        ``--points``: parameter sets to run, at least; what the method needs if not given.
    draws : int
        ``--draws``: paths of luck each point is run on.
    seed : int
        ``--seed``.
    households : int, optional
        ``--households``: thin the population to about so many households first.
    parameters : tuple of str
        ``--parameter``, several allowed: ``PATH``, ``PATH=LOW..HIGH``, or ``PATH+PATH`` to move entries together; every
        entry with a spread if none is given.
    luck : {"averaged", "factor"}
        ``--luck``.
    register : Path, optional
        ``--register``.
    out : Path, optional
        ``--out``: folder for drivers.nc, drivers.csv and the sweep, with which a broken off job goes on.
    discover : bool
        ``--discover``: also look for the box of parameters in which the first output goes wrong (PRIM).
    threads : int, optional
        ``--threads``.
    shared : {"together", "apart"}
        Whether figures written alike in every respect count as one.
    """

    scenario: str
    outputs: tuple[str, ...]
    method: Method = "sobol"
    points: int | None = None
    draws: int = 20
    seed: int = 1
    households: int | None = None
    parameters: tuple[str, ...] = ()
    luck: Literal["averaged", "factor"] = "averaged"
    register: Path | None = None
    out: Path | None = None
    discover: bool = False
    threads: int | None = None
    shared: Shared = "together"


def perform(order: Order, say: Wording) -> None:
    """Find the drivers of a scenario's results, print the ranking and write the files.

    Parameters
    ----------
    order : Order
        Scenario, outputs, method, what to run.
    say : Wording
        Texts of the rooms ``commands`` and ``drivers``.

    Raises
    ------
    InputError
        Anything wrong with the inputs; nothing has been run then.
    """
    wanted, parameters = _read(order)
    with Reporter(say) as report:
        report.phase("scenario")
        scenario = read_scenario(order.scenario)
        folder = order.out or Path("drivers") / scenario.code
        _check(order, scenario, wanted, parameters)
        people = _people(order, scenario, report)
        report.phase("simulate")
        result = _result(order, (scenario, people), wanted, (parameters, folder, report))
        report.phase("write")
        last = int(scenario.span[-1])
        shown = tuple((name, last if year is None else year) for name, year in wanted)
        count = sum(str(paths).count(JOIN) + 1 for paths in result["paths"].to_numpy() if str(paths))
        done = Done(scenario, result, shown, people, count, order.draws, order.luck)
        found = _discovered(done) if order.discover else None
        files = _write(done, folder, found)
    screen = cli_show.screen()
    for line in opening(done, say):
        screen.print(line)
    for name, year in shown:
        screen.print()
        print_one(done, name, year, say)
    for line in boxes(done, found, say) if order.discover else ():
        screen.print(line)
    screen.print()
    screen.print(say("drivers.written", files=", ".join(files)), soft_wrap=True)


def _read(order: Order) -> tuple[Wanted, Bounds]:
    """Return the outputs with their years, and the parameters with their bounds, as written on the command line."""
    problems: list[Problem] = []
    wanted: list[tuple[str, int | None]] = []
    for text in order.outputs:
        name, colon, year = text.partition(":")
        if colon and not year.isdecimal():
            problems.append(Problem(f"--output {text}", "the year is not a number", year, "NAME or NAME:YEAR"))
        wanted.append((name, int(year) if year.isdecimal() else None))
    bounds: dict[str, tuple[float, float] | None] = {}
    for text in order.parameters:
        path, sign, given = text.partition("=")
        pair = _bounds(given) if sign else None
        if sign and pair is None:
            problems.append(Problem(f"--parameter {text}", "bounds cannot be read", given, "PATH=LOW..HIGH"))
        bounds[path] = pair
    if order.discover and order.method not in DISCOVERING:
        mend = "--method sobol or --method pawn"
        problems.append(Problem("--discover", "needs points drawn from the spreads", order.method, "sobol, pawn", mend))
    if order.method == "tornado" and order.luck == "factor":
        problems.append(Problem("--luck", "a tornado takes the mean over draws", "factor", "averaged"))
    if problems:
        raise InputError("povsim sensitivity drivers", problems)
    return tuple(wanted), bounds or None


def _bounds(text: str) -> tuple[float, float] | None:
    low, dots, high = text.partition("..")
    try:
        return (float(low), float(high)) if dots else None
    except ValueError:
        return None


def _check(order: Order, scenario: Scenario, wanted: Wanted, parameters: Bounds) -> None:
    """Refuse what can be refused before the population is made and read."""
    names = tuple(dict.fromkeys(name for name, _ in wanted))
    years = tuple(sorted({scenario.span[-1] if year is None else year for _, year in wanted}))
    problems = job_problems(scenario, Job(None, names, years, order.draws, order.seed), order.luck)
    try:
        find_drivers(scenario, parameters, shared=order.shared)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(f"drivers of {scenario.code}", problems)


def _people(order: Order, scenario: Scenario, report: Reporter) -> xr.Dataset:
    register = None
    if order.register is not None:
        report.phase("register")
        mapping = scenario.population.mapping
        register = read_register(order.register, None if mapping is None else locate(mapping))
    report.phase("population")
    people = complete_population(scenario, register)
    return people if order.households is None else thin(people, order.households, order.seed)


def _result(
    order: Order,
    over: tuple[Scenario, xr.Dataset],
    wanted: Wanted,
    rest: tuple[Bounds, Path, Reporter],
) -> xr.Dataset:
    scenario, people = over
    parameters, folder, report = rest
    years = sorted({scenario.span[-1] if year is None else year for _, year in wanted})
    # Another request gets a folder of its own, so that two of them in one place do not stop each other.
    asked = text_digest(repr((order, sorted(set(wanted), key=str))))[:8]
    common: dict[str, Any] = {
        "outputs": list(dict.fromkeys(name for name, _ in wanted)),
        "years": years,
        "register": people,
        "draws": order.draws,
        "seed": order.seed,
        "parameters": parameters,
        "shared": order.shared,
        "folder": folder / f"points-{asked}",
        "progress": report,
        "threads": order.threads,
    }
    if order.method == "tornado":
        return tornado(scenario, **common)
    return drivers(scenario, method=order.method, points=order.points, luck=order.luck, **common)


def _write(done: Done, folder: Path, found: xr.Dataset | None) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    frames = {"drivers.csv": driver_table(done.result)}
    sets = {"drivers.nc": done.result}
    if found is not None and found.sizes.get("box", 0):
        frames["boxes.csv"] = pd.concat([box_table(found, lang) for lang in ("zh", "en")])
        sets["boxes.nc"] = found
    for name, dataset in sets.items():
        with replaced(folder / name) as part:
            write_dataset(dataset, part)
    for name, frame in frames.items():
        with replaced(folder / name) as part:
            safe = harmless_table(frame)
            safe.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")
    return [str(folder / name) for name in (*sets, *frames)]


def _discovered(done: Done) -> xr.Dataset | None:
    """Return the boxes in which the first output fails; nothing where too few points fail, or all do."""
    name, year = done.shown[0]
    limit = threshold(done)
    try:
        return discover(done.result, output=name, year=year, below=limit.get("below"), above=limit.get("above"))
    except InputError as error:
        if all(problem.where == "fails" for problem in error.problems):
            return None
        raise
