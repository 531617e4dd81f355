"""The commands ``povsim compare`` and ``povsim targets``: thin; `povsim.cli` adds them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from povsim.cli_language import LangOption, texts_for


class Area(StrEnum):
    """Areas beside the whole."""

    county = "county"
    township = "township"
    village = "village"


def compare(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_A RUN_B...")],
    year: Annotated[int | None, typer.Option("--year", metavar="Y")] = None,
    by: Annotated[Area | None, typer.Option("--by")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR")] = Path("runs/compare"),
    measures: Annotated[bool, typer.Option("--measures")] = False,  # noqa: FBT002
    orders: Annotated[int, typer.Option("--orders", min=2, max=10_000, metavar="N")] = 20,
    draws: Annotated[int, typer.Option("--draws", min=1, max=65_535, metavar="N")] = 20,
    register: Annotated[Path | None, typer.Option("--register", metavar="FILE")] = None,
    lang: LangOption = None,
) -> None:
    """Compare plans with the first of them."""
    from povsim.cli_compare import Order, perform

    order = Order(tuple(runs), year, by.value if by else None, out, orders if measures else 0, draws, register)
    perform(order, texts_for(context, lang, "compare"))


def targets(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR")],
    targets: Annotated[Path | None, typer.Option("--targets", metavar="FILE")] = None,
    by: Annotated[Area | None, typer.Option("--by")] = None,
    year: Annotated[int | None, typer.Option("--year", metavar="Y")] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="CODE")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR")] = None,
    lang: LangOption = None,
) -> None:
    """Report on the targets of a run."""
    from povsim.cli_targets import Order, perform

    perform(Order(run, targets, by.value if by else None, year, scenario, out), texts_for(context, lang, "targets"))
