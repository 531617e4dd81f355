"""The command ``povsim calibrate``: thin, like those of `povsim.cli`, which adds it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from povsim.cli_language import LangOption, texts_for


def calibrate(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    panel: Annotated[Path, typer.Argument(metavar="PANEL")],
    mapping: Annotated[Path | None, typer.Option("--mapping", metavar="NAME|FILE")] = None,
    error_share: Annotated[float | None, typer.Option("--error-share", metavar="S")] = None,
    rho: Annotated[str | None, typer.Option("--rho", metavar="R|LOW:HIGH")] = None,
    groups: Annotated[str | None, typer.Option("--groups", metavar="NAME")] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, max=100_000, metavar="N")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, metavar="S")] = 1,
    base: Annotated[str, typer.Option("--base", metavar="SCENARIO")] = "xiangyin-2016",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE")] = None,
    lang: LangOption = None,
) -> None:
    """Estimate incomes and effects of measures from a panel."""
    from povsim.calibration import Choices
    from povsim.cli_calibrate import Order, perform, read_rho

    choices = Choices(error_share, read_rho(rho), "equal", groups, draws, seed)
    perform(Order(panel, mapping, choices, base, out), texts_for(context, lang, "calibrate"))
