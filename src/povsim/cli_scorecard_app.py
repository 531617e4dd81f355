"""The commands ``povsim scorecards`` and ``povsim scorecard``: thin, like those of `povsim.cli`, which adds them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from povsim.cli_language import LangOption, texts_for

FAILED = 1


class TemplateKind(StrEnum):
    """What ``povsim scorecard template`` writes."""

    entered = "entered"
    weights = "weights"
    card = "card"


CardArgument = Annotated[str, typer.Argument(metavar="NAME|FILE")]
scorecard_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def list_scorecards(context: typer.Context, lang: LangOption = None) -> None:
    """List the shipped scorecards."""
    from povsim.cli_scorecards import show_scorecards

    show_scorecards(texts_for(context, lang, "scorecards"))


@scorecard_app.callback()
def scorecard_root(lang: LangOption = None) -> None:
    """Take what stands before the command."""


@scorecard_app.command("show")
def show(context: typer.Context, name: CardArgument, lang: LangOption = None) -> None:
    """Show a scorecard whole."""
    from povsim.cli_scorecards import show_scorecard

    show_scorecard(name, texts_for(context, lang, "scorecards"))


@scorecard_app.command("check")
def check(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...")],
    cases: Annotated[Path | None, typer.Option("--cases", metavar="FILE")] = None,
    lang: LangOption = None,
) -> None:
    """Check scorecards and run their worked examples."""
    from povsim.cli_scorecards import check_files

    if check_files(files, cases, texts_for(context, lang, "scorecards")):
        raise typer.Exit(FAILED)


@scorecard_app.command("template")
def template(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    out: Annotated[Path, typer.Argument(metavar="OUT")],
    run: Annotated[Path | None, typer.Option("--run", metavar="DIR")] = None,
    kind: Annotated[TemplateKind, typer.Option("--kind")] = TemplateKind.entered,
    lang: LangOption = None,
) -> None:
    """Write a table to be filled in, or a scorecard to start from."""
    from povsim.cli_scorecard_template import write_template

    write_template(name, out, run, kind.value, texts_for(context, lang, "scorecards"))


@scorecard_app.command("signals")
def signals(context: typer.Context, lang: LangOption = None) -> None:
    """List the simulated names."""
    from povsim.cli_scorecards import show_signals

    show_signals(texts_for(context, lang, "scorecards"))
