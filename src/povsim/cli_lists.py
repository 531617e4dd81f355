"""The work behind ``povsim assumptions``, ``povsim scenarios`` and ``povsim init``: what they print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from povsim import cli_show
from povsim.assumptions import assumptions, counts, write_assumptions
from povsim.errors import InputError, Problem
from povsim.scenario import locate, read_scenario, shipped_scenarios
from povsim.staging import replaced
from povsim.wording import Wording


def show_assumptions(name: str, csv: Path | None, status: str | None, say: Wording) -> None:
    """Print a scenario's figures, or write them to a CSV file."""
    source = locate(name)
    scenario = read_scenario(source)
    every = assumptions(scenario)
    rows = [row for row in every if status is None or row.entry.status == status]
    screen = cli_show.screen()
    if csv is not None:
        if csv.resolve() == source.resolve():
            raise InputError("povsim assumptions", [Problem("--csv", "is the scenario itself", csv.name)])
        with replaced(csv) as part:
            write_assumptions([(scenario.code, row) for row in rows], part)
        screen.print(say("assumptions.csv", count=len(rows), file=csv))
        return
    for row in rows:
        first, second = cli_show.assumption_lines(row, say.lang)
        screen.print(first)
        screen.print(second, style="dim", no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    screen.print()
    screen.print(say("assumptions.count", name=scenario.label(say.lang), **counts(every)))
    screen.print(say("assumptions.set", name=name))


def show_scenarios(say: Wording) -> None:
    """Print the shipped scenarios: name, title, years, what they need."""
    rows = []
    for name in shipped_scenarios():
        scenario = read_scenario(name)
        needs = say("scenarios.nothing" if scenario.population.margins else "scenarios.register")
        rows.append([name, scenario.label(say.lang), f"{scenario.years[0]}-{scenario.years[1]}", needs])
    headings = [say(f"scenarios.{key}") for key in ("name", "title", "years", "needs")]
    screen = cli_show.screen()
    screen.print(cli_show.grid(headings, rows, left=(0, 1, 2, 3)))
    screen.print()
    screen.print(say("scenarios.hint"))


def show_project(folder: Path, files: Mapping[str, str], say: Wording) -> None:
    """Print what a new project holds and what to do next."""
    screen = cli_show.screen()
    screen.print(say("init.done", folder=folder))
    screen.print(cli_show.grid(("", ""), [[file, say(f"init.{key}")] for file, key in files.items()], left=(0, 1)))
    screen.print()
    screen.print(say("init.next"))
    commands = (
        f"cd {folder}",
        "povsim register check register.csv --mapping mapping.yaml",
        "povsim run plan.yaml --register register.csv",
    )
    for command in commands:
        screen.print(f"  {command}")
