"""The commands ``povsim goal-seek`` and ``povsim allocate``: thin, like those of `povsim.cli`, which adds them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from povsim.cli_language import LangOption, texts_for

ScenarioArgument = Annotated[str, typer.Argument(metavar="SCENARIO")]
RegisterOption = Annotated[Path | None, typer.Option("--register", metavar="FILE")]
MappingOption = Annotated[Path | None, typer.Option("--mapping", metavar="FILE")]
DrawsOption = Annotated[int, typer.Option("--draws", min=10, max=65_535, metavar="N")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, metavar="S")]
ThreadsOption = Annotated[int | None, typer.Option("--threads", min=1, max=256, metavar="N")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR")]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE")]


def goal_seek(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    scenario: ScenarioArgument,
    target: Annotated[str, typer.Option("--target", metavar="TARGET")],
    vary: Annotated[list[str], typer.Option("--vary", metavar="PATH")],
    probability: Annotated[float, typer.Option("--probability", metavar="P")] = 0.9,
    bounds: Annotated[list[str] | None, typer.Option("--bounds", metavar="LOW:HIGH")] = None,
    tolerance: Annotated[float | None, typer.Option("--tolerance", metavar="X")] = None,
    register: RegisterOption = None,
    mapping: MappingOption = None,
    draws: DrawsOption = 100,
    seed: SeedOption = 1,
    threads: ThreadsOption = None,
    out: OutOption = None,
    set_: SetOption = None,
    lang: LangOption = None,
) -> None:
    """Find how far a lever has to be moved."""
    from povsim.cli_goals import Common, GoalOrder, perform_goal_seek

    common = Common(scenario, register, mapping, draws, seed, threads, out, tuple(set_ or ()))
    order = GoalOrder(common, target, probability, tuple(vary), tuple(bounds or ()), tolerance)
    perform_goal_seek(order, texts_for(context, lang, "goals"))


def allocate(  # noqa: PLR0913  (one parameter per option of the command)
    context: typer.Context,
    scenario: ScenarioArgument,
    budget: Annotated[float, typer.Option("--budget", metavar="X")],
    measures: Annotated[str | None, typer.Option("--measures", metavar="A,B,C")] = None,
    output: Annotated[str, typer.Option("--output", metavar="NAME")] = "lasting_exits",
    register: RegisterOption = None,
    mapping: MappingOption = None,
    draws: DrawsOption = 100,
    seed: SeedOption = 1,
    threads: ThreadsOption = None,
    out: OutOption = None,
    set_: SetOption = None,
    lang: LangOption = None,
) -> None:
    """Split a budget over measures."""
    from povsim.cli_allocate import AllocateOrder, perform_allocate
    from povsim.cli_goals import Common

    common = Common(scenario, register, mapping, draws, seed, threads, out, tuple(set_ or ()))
    named = tuple(part.strip() for part in measures.replace("，", ",").split(",") if part.strip()) if measures else ()
    perform_allocate(AllocateOrder(common, budget, named, output), texts_for(context, lang, "goals"))
