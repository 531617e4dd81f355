"""The work behind ``povsim backtest``: hold the model against what happened, print the result, write the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from povsim.cli_language import LangOption, texts_for
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

    from povsim.backtests.record import BackTest


SHOWN = ("headcount", "declared", "declared_beside_survey")
"""Quantities printed by time; the page and the table have all."""


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    subject: str
    draws: int
    seed: int
    out: Path | None
    mapping: str | None = None
    rho: str | None = None

    @property
    def folder(self) -> Path:
        """Where the result goes."""
        return self.out or Path("runs") / f"backtest-{Path(self.subject).name.split('.')[0]}"


def backtest(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="NAME|FILE")],
    draws: Annotated[int, typer.Option("--draws", min=1, max=10_000, metavar="N")] = 100,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, metavar="S")] = 1,
    mapping: Annotated[str | None, typer.Option("--mapping", metavar="NAME|FILE")] = None,
    rho: Annotated[str | None, typer.Option("--rho", metavar="R|LOW:HIGH")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR")] = None,
    lang: LangOption = None,
) -> None:
    """Hold the model against what happened."""
    perform(Order(subject, draws, seed, out, mapping, rho), texts_for(context, lang, "backtest"))


def perform(order: Order, say: Wording) -> Path:
    """Run a back-test, print it, write its folder and return that.

    Parameters
    ----------
    order : Order
        Name or file, draws, seed, folder.
    say : Wording
        Texts of the rooms ``commands`` and ``backtest``.

    Raises
    ------
    InputError
        Anything wrong with the inputs or the folder, before anything runs.
    """
    from povsim import cli_show, figures
    from povsim.backtests.files import check_folder, write_backtest
    from povsim.backtests.subjects import backtest as test
    from povsim.backtests.subjects import check_subject
    from povsim.cli_calibrate import read_rho
    from povsim.cli_progress import Reporter
    from povsim.interrupts import raise_if_stopped

    check_subject(order.subject)
    rho = read_rho(order.rho)
    check_folder(order.folder)
    with Reporter(say) as report:
        report.announce(say("phase", name=order.subject))
        result = test(
            order.subject, mapping=order.mapping, draws=order.draws, seed=order.seed, rho=rho, progress=report
        )
        folder = write_backtest(result, order.folder, lang=say.lang, before=raise_if_stopped)
        seconds = f"{report.seconds:.1f}"
    screen = cli_show.screen()
    for part in _parts(result, say):
        screen.print(part) if isinstance(part, str) else cli_show.show_whole(screen, part)
    files = list(folder.iterdir())
    size = figures.size(sum(file.stat().st_size for file in files))
    screen.print(say("written", folder=order.folder, files=len(files), size=size, seconds=seconds))
    return folder


def _parts(result: BackTest, say: Wording) -> Iterator[str | Table]:
    from povsim.backtests.record import name_of

    yield say("title", name=result.label(say.lang))
    yield ""
    there = [name for name in SHOWN if result.kind == "nation" and (result.table["quantity"] == name).any()]
    # a register is printed once, beside its own published path or else the survey's
    for name in [name for name in there if name != "declared" or "declared_beside_survey" not in there]:
        yield name_of(say, "quantity", name)
        yield _years(result, name, say)
        yield ""
    yield from _panel(result, say) if result.kind == "panel" else (_skill(result, say), "")
    yield from (statement.text(say.lang) for statement in result.statements)
    yield ""
    yield say("section.notes")
    yield from (f"- {note.text(say.lang)}" for note in result.notes)


def _panel(result: BackTest, say: Wording) -> Iterator[str | Table]:
    """Return the scores of a panel's back-test."""
    from povsim import cli_show
    from povsim.backtests.panel_page import cells_of, panel_tables

    for table in panel_tables(result, say):
        yield table.title
        yield cli_show.grid([column.label for column in table.columns], cells_of(table, say), left=(0, 1))
        yield ""


def _years(result: BackTest, quantity: str, say: Wording) -> Table:
    """Return forecasts with their bands by time, a column for each model, beside what happened."""
    from povsim import cli_show, figures
    from povsim.backtests.pages import amount
    from povsim.backtests.record import name_of

    rows = result.table[result.table["quantity"] == quantity]
    models = list(dict.fromkeys(rows["model"]))
    cells = {(row["when"], row["model"]): _cell(row, say) for row in rows.to_dict("records")}
    actual = dict(zip(rows["when"], rows["actual"], strict=True))
    unit = str(rows["unit"].iloc[0])
    lines = [
        [
            str(when),
            amount(actual[when], unit, say.lang),
            *(cells.get((when, model), figures.NOTHING) for model in models),
        ]
        for when in dict.fromkeys(rows["when"])
    ]
    headings = [say("column.when"), say("column.actual"), *(name_of(say, "model", model) for model in models)]
    return cli_show.grid(headings, lines)


def _cell(row: Mapping[Any, Any], say: Wording) -> str:
    """Return a forecast with its band, if it has one."""
    from povsim.backtests.pages import amount

    mean, low, high = (amount(row[key], str(row["unit"]), say.lang) for key in ("mean", "low", "high"))
    return f"{mean} ({low.rstrip(' %')}-{high.rstrip(' %')})" if row["low"] < row["high"] else mean


def _skill(result: BackTest, say: Wording) -> Table:
    from povsim import cli_show, figures
    from povsim.backtests.pages import skill_table

    table = skill_table(result, say)
    rows, told = [], ""
    for row in table.rows:
        score = figures.NOTHING if row["brier"] != row["brier"] else f"{row['brier']:.2f}"
        name = "" if row["quantity"] == told else str(row["quantity"])
        held = figures.percent(float(row["coverage"]), say.lang, 0)
        rows.append([name, *(str(row[key]) for key in ("model", "count", "error", "crps")), score, held])
        told = str(row["quantity"])
    keys = ("quantity", "model", "count", "error", "crps", "brier", "coverage")
    return cli_show.grid([say(f"column.{key}") for key in keys], rows, left=(0, 1))
