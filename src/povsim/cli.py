"""The command line: thin commands over the package, in Chinese and English.

Heavy imports stand inside the commands, so that ``povsim --help`` answers at once.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from povsim.cli_backtest import backtest
from povsim.cli_calibrate_app import calibrate
from povsim.cli_compare_app import compare, targets
from povsim.cli_goals_app import allocate, goal_seek
from povsim.cli_language import LangOption
from povsim.cli_scorecard_app import list_scorecards, scorecard_app
from povsim.cli_sensitivity_app import sensitivity_app
from povsim.errors import InputError, Problem
from povsim.interrupts import stoppable
from povsim.wording import Wording, language, wording

DEFAULT_SCENARIO = "xiangyin-2016"
MOST_DRAWS = 65_535
"""Households are counted over draws in sixteen bits."""
FAILED, REFUSED, STOPPED = 1, 2, 130
HELP = ["-h", "--help"]


class Status(StrEnum):
    """How well a figure is known."""

    documented = "documented"
    estimated = "estimated"
    assumed = "assumed"


class Level(StrEnum):
    """Whom to score."""

    county = "county"
    township = "township"
    village = "village"
    department = "department"


class ReportLang(StrEnum):
    """Languages of a report."""

    zh = "zh"
    en = "en"
    both = "both"


class Planner(TyperGroup):
    """The root command: help in the reader's language, and one way to fail for all commands."""

    asked: str | None = None
    """Language named anywhere on the command line, also before the command."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Put the help texts in before anything is parsed."""
        given = list(sys.argv[1:] if args is None else args)
        Planner.asked = _asked(given)
        _translate(self, "", wording(language(Planner.asked), "help"))
        return super().main(given, *rest, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what went wrong is told once, without a traceback."""
        try:
            with stoppable():
                return super().invoke(ctx)
        except InputError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(REFUSED) from None
        except KeyboardInterrupt:
            typer.echo(_say()("stopped"), err=True)
            raise typer.Exit(STOPPED) from None
        except MemoryError:
            typer.echo(_say()("failed.memory"), err=True)
            raise typer.Exit(FAILED) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            typer.echo(_say()("failed.file", reason=error), err=True)
            raise typer.Exit(FAILED) from None


def _asked(args: Sequence[str]) -> str | None:
    """Return the language named among the arguments, which help needs before they are parsed."""
    for place, word in enumerate(args):
        if word.startswith("--lang="):
            return word.partition("=")[2]
        if word == "--lang" and place + 1 < len(args):
            return args[place + 1]
    return None


def _translate(command: Any, path: str, texts: Wording) -> None:
    """Give a command, its parameters and the commands below it their help texts, found by their paths."""
    # A new command without its texts still works; the tests tell that they are missing.
    command.help = command.short_help = texts.find(path or "povsim") or command.help
    own_help = command.get_help_option(typer.Context(command, help_option_names=HELP))
    for parameter in command.params:
        name = parameter.name.rstrip("_")
        parameter.help = texts.find(f"{path or 'povsim'}.{name}") or getattr(parameter, "help", None)
    if own_help is not None:
        own_help.help = texts("help")
    for name, below in getattr(command, "commands", {}).items():
        _translate(below, f"{path}.{name}" if path else name, texts)


def _say(lang: str | None = None, *rooms: str) -> Wording:
    return wording(language(lang or Planner.asked), "commands", *rooms)


app = typer.Typer(
    cls=Planner,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": HELP},
)
register_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(register_app, name="register")
app.add_typer(scorecard_app, name="scorecard")
app.add_typer(sensitivity_app, name="sensitivity")

MappingOption = Annotated[Path | None, typer.Option("--mapping", metavar="FILE")]
RegisterArgument = Annotated[Path, typer.Argument(metavar="FILE")]


def _show_version(value: bool) -> None:  # noqa: FBT001  (Typer calls it with the flag)
    if value:
        from povsim import __version__

        typer.echo(f"povsim {__version__}")
        raise typer.Exit


@app.callback()
def root(
    lang: LangOption = None,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,  # noqa: FBT002
) -> None:
    """Take what stands before the command."""


@register_app.callback()
def register_root(lang: LangOption = None) -> None:
    """Take what stands before the command."""


@app.command()
def run(  # noqa: PLR0913  (one parameter per option of the command)
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO")] = DEFAULT_SCENARIO,
    register: Annotated[Path | None, typer.Option("--register", metavar="FILE")] = None,
    mapping: MappingOption = None,
    draws: Annotated[int, typer.Option("--draws", min=1, max=MOST_DRAWS, metavar="N")] = 100,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, metavar="S")] = 1,
    threads: Annotated[int | None, typer.Option("--threads", min=1, max=256, metavar="N")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE")] = None,
    households: Annotated[bool, typer.Option("--households/--no-households")] = True,  # noqa: FBT002
    lang: LangOption = None,
) -> None:
    """Simulate a plan, write the run, print the forecast."""
    from povsim.cli_run import Order, perform
    from povsim.runs import Settings

    settings = Settings(range(draws), seed, threads, household_summary=households)
    perform(Order(scenario, register, mapping, out, tuple(set_ or ()), settings), _say(lang))


@app.command()
def score(  # noqa: PLR0913  (one parameter per option of the command)
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR")],
    scorecard: Annotated[str | None, typer.Option("--scorecard", metavar="NAME|FILE")] = None,
    entered: Annotated[Path | None, typer.Option("--entered", metavar="FILE")] = None,
    scheme: Annotated[list[Path] | None, typer.Option("--scheme", metavar="FILE")] = None,
    by: Annotated[Level | None, typer.Option("--by")] = None,
    year: Annotated[int | None, typer.Option("--year", metavar="Y")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, metavar="S")] = 0,
    lang: LangOption = None,
) -> None:
    """Score a run, print the league, write scores and workbook."""
    from povsim.cli_score import Order, perform

    order = Order(run, scorecard, entered, tuple(scheme or ()), by.value if by else None, year, out, seed)
    perform(order, _say(lang, "score"))


@app.command()
def explain(  # noqa: PLR0913  (one parameter per option of the command)
    run: Annotated[Path, typer.Argument(metavar="RUN")],
    household: Annotated[str, typer.Argument(metavar="HOUSEHOLD")],
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="CODE")] = None,
    draw: Annotated[int | None, typer.Option("--draw", min=0, metavar="N")] = None,
    register: Annotated[Path | None, typer.Option("--register", metavar="FILE")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE")] = None,
    lang: LangOption = None,
) -> None:
    """Explain one household's years in one draw of a run."""
    from povsim.cli_explain import Question, answer

    answer(Question(run, household, scenario, draw, register, json), _say(lang, "explain"))


@register_app.command("check")
def check(
    file: RegisterArgument,
    mapping: MappingOption = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="CSV")] = None,
    lang: LangOption = None,
) -> None:
    """Check a register and list its problems."""
    from povsim.cli_register import check_file

    if check_file(file, mapping, report, _say(lang)):
        raise typer.Exit(FAILED)


@register_app.command("describe")
def describe(file: RegisterArgument, mapping: MappingOption = None, lang: LangOption = None) -> None:
    """Describe a register in tables."""
    from povsim.cli_register import describe_file

    describe_file(file, mapping, _say(lang))


@register_app.command("margins")
def hold_against_margins(
    margins: Annotated[str, typer.Argument(metavar="MARGINS")],
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S")] = 1,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE")] = None,
    lang: LangOption = None,
) -> None:
    """Make a register from margins and tell how far it is off each."""
    from povsim.cli_margins import show_margins

    show_margins(margins, seed, csv, _say(lang, "margins"))


@app.command("assumptions")
def list_assumptions(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO")] = DEFAULT_SCENARIO,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE")] = None,
    status: Annotated[Status | None, typer.Option("--status")] = None,
    lang: LangOption = None,
) -> None:
    """List what a scenario rests on."""
    from povsim.cli_lists import show_assumptions

    show_assumptions(scenario, csv, status, _say(lang))


app.command("targets")(targets)
app.command("compare")(compare)
app.command("goal-seek")(goal_seek)
app.command("allocate")(allocate)
app.command("backtest")(backtest)
app.command("scorecards")(list_scorecards)
app.command("calibrate")(calibrate)


@app.command()
def dashboard(  # noqa: PLR0913  (one parameter per option of the command)
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[RUN_DIR]...", show_default=False)] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65_535, metavar="P")] = None,
    lan: Annotated[bool, typer.Option("--lan")] = False,  # noqa: FBT002
    token: Annotated[str | None, typer.Option("--token", metavar="T")] = None,
    no_token: Annotated[bool, typer.Option("--no-token")] = False,  # noqa: FBT002
    anyone: Annotated[bool, typer.Option("--anyone")] = False,  # noqa: FBT002
    no_browser: Annotated[bool, typer.Option("--no-browser")] = False,  # noqa: FBT002
    scorecard: Annotated[list[str] | None, typer.Option("--scorecard", metavar="NAME|FILE")] = None,
    lang: LangOption = None,
) -> None:
    """Serve the dashboards."""
    from povsim.cli_dashboard import Order, perform
    from povsim.dashboard.server import Options

    say = _say(lang, "dashboard_server")
    if token is not None and no_token:
        raise InputError("povsim dashboard", [Problem("--token", "goes against --no-token", mend="leave one away")])
    options = Options(port, lan, "" if no_token else token, anyone, say.lang)
    perform(Order(tuple(runs or ()), tuple(scorecard or ()), not no_browser, options), say)


@app.command()
def report(  # noqa: PLR0913  (one parameter per option of the command)
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR")],
    format_: Annotated[str | None, typer.Option("--format", metavar="xlsx|pptx|html")] = None,
    lang: Annotated[ReportLang | None, typer.Option("--lang")] = None,
    scorecard: Annotated[str | None, typer.Option("--scorecard", metavar="NAME|FILE")] = None,
    year: Annotated[int | None, typer.Option("--year", metavar="Y")] = None,
    beside: Annotated[list[Path] | None, typer.Option("--beside", metavar="RUN_DIR")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE")] = None,
) -> None:
    """Write a report of a run: annex workbook, slides, or a page that needs no network."""
    from povsim.cli_report import Order, perform

    say = _say(lang, "report")
    perform(Order(run, format_, lang.value if lang else say.lang, scorecard, year, out, tuple(beside or ())), say)


@app.command("scenarios")
def list_scenarios(lang: LangOption = None) -> None:
    """List the shipped scenarios."""
    from povsim.cli_lists import show_scenarios

    show_scenarios(_say(lang))


@app.command()
def init(folder: Annotated[Path, typer.Argument(metavar="DIR")], lang: LangOption = None) -> None:
    """Make a project folder."""
    from povsim.cli_lists import show_project
    from povsim.project import make_project

    show_project(folder, make_project(folder), _say(lang))


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows a question mark rather than a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()
