"""The work behind ``povsim targets``: a run's targets and verdicts as a planner reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from povsim import cli_show, figures
from povsim.cli_frames import write_frames
from povsim.errors import InputError, Problem, nearest
from povsim.folder import Run, open_run
from povsim.planning.target_rules import LEVELS, Level, UnitTarget, read_targets
from povsim.planning.targets import TargetReport, target_report
from povsim.scenario import Scenario
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

MOST_ROWS = 40
"""Rows of targets on the screen; the workbook has all."""
SHOWN = 10
"""Households on the screen."""


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    run: Path
    targets: Path | None = None
    by: str | None = None
    year: int | None = None
    scenario: str | None = None
    out: Path | None = None


def perform(order: Order, say: Wording) -> None:
    """Report on targets, print the tables and, where a folder is named, write ``targets.xlsx``.

    Parameters
    ----------
    order : Order
        Run, more targets, level.
    say : Wording
        Texts of the rooms ``commands`` and ``targets``.

    Raises
    ------
    InputError
        Anything wrong with the run or the targets; nothing has been written then.
    """
    with open_run(order.run) as run:
        plan, levels = _plan(order, run), _levels(order)
        asked: tuple[UnitTarget, ...] = read_targets(order.targets) if order.targets else ()
        scores = [xr.load_dataset(file) for file in sorted(run.path.glob("scores*.nc"))]
        report = target_report(run, plan, targets=asked, levels=levels, scores=scores)
        year, draws = _year(order, plan), int(run.outcomes.sizes["draw"])
    screen = cli_show.screen()
    screen.print(say("title", scenario=plan.label(say.lang), draws=draws))
    screen.print()
    for part in _parts(report, plan, (year, order.year, draws), say):
        if isinstance(part, str):
            screen.print(part)
        else:
            cli_show.show_whole(screen, part)
    if order.out is not None:
        screen.print(say("written", file=_write(order.out, report, say)))


def _plan(order: Order, run: Run) -> Scenario:
    known = {plan.code: plan for plan in run.scenarios}
    if order.scenario is not None and order.scenario not in known:
        mend = nearest(order.scenario, known)
        raise InputError(
            str(run.path), [Problem("--scenario", "is not in the run", order.scenario, ", ".join(known), mend)]
        )
    return run.scenario if order.scenario is None else known[order.scenario]


def _levels(order: Order) -> tuple[Level, ...]:
    return ("county", *(level for level in LEVELS if level == order.by and level != "county"))


def _year(order: Order, plan: Scenario) -> int:
    if order.year is not None and order.year not in plan.span:
        allowed = f"{plan.years[0]} to {plan.years[1]}"
        raise InputError(str(order.run), [Problem("--year", "is not in the run", str(order.year), allowed)])
    return plan.years[1] if order.year is None else order.year


def _write(folder: Path, report: TargetReport, say: Wording) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("table", "first_met", "track", "exit_time", "lasting", "households")
    frames = {say(f"sheet.{name}"): getattr(report, name) for name in names}
    write_frames(folder / "targets.xlsx", {key: frame for key, frame in frames.items() if frame is not None})
    return str(folder / "targets.xlsx")


def _parts(
    report: TargetReport, plan: Scenario, asked: tuple[int, int | None, int], say: Wording
) -> Iterator[str | Table]:
    year, only, draws = asked
    table = report.table
    if not table.empty:
        table = table if only is None else table[table["year"] == only]
        yield _target_table(table.head(MOST_ROWS), report.first_met, say)
        if len(table) > MOST_ROWS:
            yield say("more", count=len(table) - MOST_ROWS)
        yield say("note.probability", error=figures.percent(0.5 / np.sqrt(draws), say.lang, 0))
        yield ""
        yield from _track_lines(report.track, only, say)
    yield say("time.title")
    yield _time_table(report, say)
    yield ""
    yield from _household_parts(report, year, say)
    for key in report.left_out:
        yield say(key)


def _target_table(table: pd.DataFrame, first: pd.DataFrame, say: Wording) -> Table:
    keys = ("target", "unit", "year", "required", "value", "probability", "shortfall", "if_missed", "first")
    rows, told = [], ("", "")
    for row in table.to_dict("records"):
        here = (str(row["target"]), str(row["unit"]))
        mark = row["units"]
        required = (
            say("verdict")
            if mark == "flag"
            else say(f"comparison.{row['comparison']}", value=_figure(row["bound"], mark, say))
        )
        cells = [_figure(row[key], mark, say) for key in ("value", "shortfall", "shortfall_if_missed")]
        name = "" if here == told else _cut(str(row[f"name_{say.lang}"]), 18)
        met = "" if here == told else _first(first, here, str(row["level"]), say)
        shown = "" if here == told else here[1]
        rows.append(
            [
                name,
                shown,
                str(row["year"]),
                required,
                cells[0],
                figures.probability(row["probability"], say.lang),
                *cells[1:],
                met,
            ]
        )
        told = here
    return cli_show.grid([say(f"column.{key}") for key in keys], rows, left=(0, 1, 3, 8))


def _first(first: pd.DataFrame, here: tuple[str, str], level: str, say: Wording) -> str:
    """Return the most likely first year with its probability."""
    mine = first[(first["target"] == here[0]) & (first["unit"] == here[1]) & (first["level"] == level)]
    best = max(mine.to_dict("records"), key=lambda row: row["probability"])
    share = figures.probability(float(best["probability"]), say.lang)
    return say("never", share=share) if best["year"] == 0 else f"{int(best['year'])} ({share})"


def _cut(text: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _figure(value: float, units: str, say: Wording) -> str:
    if np.isnan(value):
        return figures.NOTHING
    if units in ("share", "share per year", "flag", "ratio"):
        return figures.percent(value, say.lang)
    return figures.count(value) if abs(value) >= 100 else figures.number(round(value, 2))


def _track_lines(track: pd.DataFrame, only: int | None, say: Wording) -> Iterator[str]:
    """Say of the county's targets whether they are on track, in the first year or the one asked for."""
    if track.empty:
        return
    year = int(track["year"].min()) if only is None else only
    for row in track[(track["level"] == "county") & (track["year"] == year)].to_dict("records"):
        ahead = figures.probability(row["ahead"], say.lang)
        yield say(f"track.{row['state']}", target=row[f"name_{say.lang}"], unit=row["unit"], year=year, ahead=ahead)
        given = [
            (key, row[name])
            for key, name in (("met", "ahead_if_met"), ("missed", "ahead_if_missed"), ("trend", "by_trend"))
        ]
        said = [
            say(f"track.{key}", share=figures.probability(share, say.lang))
            for key, share in given
            if not np.isnan(share)
        ]
        if said:
            yield "  " + "; ".join(said)
    yield ""


def _time_table(report: TargetReport, say: Wording) -> Table:
    both = report.exit_time.merge(report.lasting, on=["level", "unit", "year"])
    last = both["year"].max()
    shown = both[(both["level"] == "county") | (both["year"] == last)].head(MOST_ROWS)
    keys = ("unit", "year", "watts", "growth", "years", "band", "lasting", "so_far")
    rows = [
        [
            str(row["unit"]), str(row["year"]), f"{row['watts']:.4f}", figures.percent(row["growth"], say.lang, 1),
            _years(row["years"], say), f"{_years(row['low'], say)}-{_years(row['high'], say)}",
            figures.count(row["lasting_exits"]), figures.count(row["so_far"]),
        ]
        for row in shown.to_dict("records")
    ]  # fmt: skip
    return cli_show.grid([say(f"column.{key}") for key in keys], rows)


def _years(value: float, say: Wording) -> str:
    return figures.NOTHING if np.isnan(value) else f"{value:.1f}" if np.isfinite(value) else say("time.never")


def _household_parts(report: TargetReport, year: int, say: Wording) -> Iterator[str | Table]:
    if report.households is None:
        return
    mine = report.households[report.households["year"] == year].head(SHOWN)
    if mine.empty:
        yield say("households.none")
        return
    yield say("households.title", year=year)
    keys = ("household", "village", "persons", "risk", "test")
    rows = [
        [
            str(row["household"]), str(row["village"]), str(row["persons"]), figures.probability(row["risk"], say.lang),
            f"{_cut(str(row[f'test_{say.lang}']), 30)} ({figures.probability(row['test_fails'], say.lang)})",
        ]
        for row in mine.to_dict("records")
    ]  # fmt: skip
    yield cli_show.grid([say(f"column.{key}") for key in keys], rows, left=(0, 1, 4))
    yield say("households.note")
