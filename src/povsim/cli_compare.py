"""The work behind ``povsim compare``: the answer in words first, then tables, then files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import xarray as xr

from povsim import cli_show
from povsim.cli_compare_show import parts
from povsim.cli_frames import write_frames
from povsim.errors import InputError, Problem
from povsim.folder import Run, open_run
from povsim.folder_files import write_dataset
from povsim.interrupts import raise_if_stopped
from povsim.planning.comparison import Comparison, compare
from povsim.planning.measure_shares import game_of, measure_shares
from povsim.register import read_register
from povsim.register_files import file_sha256
from povsim.runs import Settings, complete_population
from povsim.scenario import locate
from povsim.staging import replaced
from povsim.wording import Wording


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line; ``orders`` of 0 leaves the shares of measures out."""

    runs: tuple[Path, ...]
    year: int | None = None
    by: str | None = None
    out: Path = Path("runs/compare")
    orders: int = 0
    draws: int = 20
    register: Path | None = None


def perform(order: Order, say: Wording) -> None:
    """Compare runs, print the answer and write ``compare.nc`` and ``compare.xlsx``.

    Parameters
    ----------
    order : Order
        Runs, year, areas, folder.
    say : Wording
        Texts of the rooms ``commands`` and ``compare``.

    Raises
    ------
    InputError
        Anything wrong with the runs; nothing has been written then.
    """
    opened: list[Run] = []
    try:
        for folder in order.runs:
            opened.append(open_run(folder))
        register = _population(order, opened[0])
        result = compare(opened, year=order.year, by=order.by, register=register)
        if order.orders:
            result = _with_measures(order, result, opened, say)
    finally:
        for run in opened:
            run.close()
    screen = cli_show.screen()
    for part in parts(result, say):
        if isinstance(part, str):
            screen.print(part)
        else:
            cli_show.show_whole(screen, part)
    screen.print(say("written", files=", ".join(write_comparison(result, order.out, say))), soft_wrap=True)


def _population(order: Order, run: Run) -> xr.Dataset | None:
    """Return the population of the first run where it can be made again; without it groups by cause are left out."""
    given = run.manifest["inputs"].get("register")
    if order.register is None:
        people = None if given is not None else complete_population(run.scenario)
    else:
        if given is None or file_sha256(order.register) != given["sha256"]:
            allowed = "none" if given is None else f"{given['file']} as it was then"
            problem = Problem("--register", "is not what the first run was made from", order.register.name, allowed)
            raise InputError("povsim compare", [problem])
        mapping = run.scenario.population.mapping
        people = complete_population(run.scenario, read_register(order.register, locate(mapping) if mapping else None))
    if people is not None and people.attrs.get("sha256") != run.manifest["population"]["sha256"]:
        return None
    return people


def _with_measures(order: Order, result: Comparison, opened: list[Run], say: Wording) -> Comparison:
    plans = [plan for run in opened for plan in run.scenarios]
    people = _population(order, opened[0])
    if people is None:
        problem = Problem(
            "--measures", "needs the register that the first run was made from", mend="add --register FILE"
        )
        raise InputError("povsim compare", [problem])
    told = opened[0].manifest
    first, count = told["draws"]["first"], min(order.draws, told["draws"]["count"])
    settings = Settings(draws=range(first, first + count), seed=told["seed"], household_summary=False)

    def progress(done: int, total: int) -> None:
        raise_if_stopped()
        print(f"povsim: {say('phase.mixtures', done=done, total=total)}", file=sys.stderr, flush=True)

    # the plans' names need not be unique: only the second is taken apart, as the answer is about two plans
    game_of(plans[0], plans[1])
    shares = measure_shares(
        people, plans[0], plans[1], year=result.year, orders=order.orders, settings=settings, progress=progress
    )
    return replace(result, measures=shares)


def write_comparison(result: Comparison, folder: Path, say: Wording) -> Iterator[str]:
    """Write ``compare.nc`` and ``compare.xlsx`` and return their names.

    Parameters
    ----------
    result : Comparison
        As ``compare`` returns it.
    folder : Path
        Made if it is not there.
    say : Wording
        For the names of the sheets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replaced(folder / "compare.nc") as part:
        write_dataset(_as_dataset(result), part)
    # plan and side share no dim, so each goes out as a table of its own
    values = result.differences.drop_vars("value").drop_dims("side", errors="ignore").to_dataframe().reset_index()
    frames: dict[str, pd.DataFrame] = {"differences": values}
    frames |= {name: getattr(result, name) for name in ("money", "targets", "groups", "decomposition", "luck")}
    if result.measures is not None:
        frames["measures"] = result.measures.to_dataframe().reset_index()
    write_frames(folder / "compare.xlsx", {say(f"sheet.{name}"): frame for name, frame in frames.items()})
    return iter([str(folder / "compare.nc"), str(folder / "compare.xlsx")])


def _as_dataset(result: Comparison) -> xr.Dataset:
    attrs = {"first_plan": result.names[0], "year": result.year, "povsim": "comparison"}
    whole = result.differences.assign_attrs(attrs)
    if result.measures is None:
        return whole
    shares = result.measures.rename(
        {name: f"measure_{name}" for name in (*result.measures.data_vars, "statistic", "units")}
    )
    return whole.merge(shares.drop_attrs(), combine_attrs="override")
