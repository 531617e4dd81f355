"""The commands ``povsim sensitivity``: thin, like those of `povsim.cli`, which adds them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from povsim.cli_language import LangOption, texts_for

MOST_SEED = 2**32 - 1


class Level(StrEnum):
    """Whom to score."""

    county = "county"
    township = "township"
    village = "village"


class Held(StrEnum):
    """Whom rules hold back."""

    household = "household"
    village = "village"


class Method(StrEnum):
    """How drivers are looked for."""

    sobol = "sobol"
    morris = "morris"
    pawn = "pawn"
    tornado = "tornado"


class Luck(StrEnum):
    """What is done with luck."""

    averaged = "averaged"
    factor = "factor"


RunArgument = Annotated[Path, typer.Argument(metavar="RUN_DIR")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR")]
YearOption = Annotated[int | None, typer.Option("--year", metavar="Y")]
CardOption = Annotated[str | None, typer.Option("--scorecard", metavar="NAME|FILE")]
sensitivity_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@sensitivity_app.callback()
def sensitivity_root(lang: LangOption = None) -> None:
    """Take what stands before the command."""


@sensitivity_app.command("weights")
def weights(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    run: RunArgument,
    scorecard: CardOption = None,
    entered: Annotated[Path | None, typer.Option("--entered", metavar="FILE")] = None,
    scheme: Annotated[list[Path] | None, typer.Option("--scheme", metavar="FILE")] = None,
    by: Annotated[Level | None, typer.Option("--by")] = None,
    year: YearOption = None,
    top: Annotated[int | None, typer.Option("--top", min=1, metavar="K")] = None,
    count: Annotated[int, typer.Option("--count", min=100, max=1_000_000, metavar="N")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, metavar="S")] = 0,
    out: OutOption = None,
    lang: LangOption = None,
) -> None:
    """Say whose place rests on the points, and on which."""
    from povsim.cli_sensitivity_weights import Order, perform

    level = by.value if by else None
    perform(
        Order(run, scorecard, entered, tuple(scheme or ()), level, year, top, count, seed, out),
        texts_for(context, lang, "weights"),
    )


@sensitivity_app.command("vetoes")
def vetoes(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    run: RunArgument,
    year: YearOption = None,
    level: Annotated[Held, typer.Option("--level")] = Held.household,
    off: Annotated[list[str] | None, typer.Option("--off", metavar="CODE")] = None,
    threshold: Annotated[list[str] | None, typer.Option("--threshold", metavar="CODE=VALUE")] = None,
    error: Annotated[list[str] | None, typer.Option("--error", metavar="CODE=SD")] = None,
    scorecard: CardOption = None,
    out: OutOption = None,
    lang: LangOption = None,
) -> None:
    """Say which rules hold whom back."""
    from povsim.cli_sensitivity_vetoes import Order, perform

    lists = (tuple(off or ()), tuple(threshold or ()), tuple(error or ()))
    perform(Order(run, year, level.value, *lists, scorecard, out), texts_for(context, lang, "vetoes"))


@sensitivity_app.command("drivers")
def drivers(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO")],
    output: Annotated[list[str], typer.Option("--output", metavar="NAME[:YEAR]")],
    method: Annotated[Method, typer.Option("--method")] = Method.sobol,
    points: Annotated[int | None, typer.Option("--points", min=1, metavar="N")] = None,
    draws: Annotated[int, typer.Option("--draws", min=1, max=65_535, metavar="N")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, metavar="S")] = 1,
    households: Annotated[int | None, typer.Option("--households", min=1, metavar="N")] = None,
    parameter: Annotated[list[str] | None, typer.Option("--parameter", metavar="PATH[=LOW..HIGH]")] = None,
    luck: Annotated[Luck, typer.Option("--luck")] = Luck.averaged,
    register: Annotated[Path | None, typer.Option("--register", metavar="FILE")] = None,
    out: OutOption = None,
    discover: Annotated[bool, typer.Option("--discover")] = False,  # noqa: FBT002
    threads: Annotated[int | None, typer.Option("--threads", min=1, max=256, metavar="N")] = None,
    lang: LangOption = None,
) -> None:
    """Say which uncertain figures drive a result."""
    from povsim.cli_sensitivity_drivers import Order, perform

    order = Order(
        scenario=scenario,
        outputs=tuple(output),
        method=method.value,
        points=points,
        draws=draws,
        seed=seed,
        households=households,
        parameters=tuple(parameter or ()),
        luck=luck.value,
        register=register,
        out=out,
        discover=discover,
        threads=threads,
    )
    perform(order, texts_for(context, lang, "drivers"))
