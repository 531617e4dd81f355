"""The work behind ``povsim register``: check a file, describe it."""

from __future__ import annotations

import json
from pathlib import Path

import xarray as xr

from povsim import cli_show, figures
from povsim.errors import InputError, Problem
from povsim.register import describe_register, read_register, write_problems
from povsim.wording import Wording


def check_file(file: Path, mapping: Path | None, report: Path | None, say: Wording) -> int:
    """Check a register, print what is wrong, write the report if asked for.

    Returns
    -------
    int
        Number of problems.
    """
    if report is not None and report.resolve() in {path.resolve() for path in (file, mapping) if path is not None}:
        problem = Problem("--report", "is the file that is being checked", report.name, "another file")
        raise InputError("povsim register check", [problem])
    screen, problems = cli_show.screen(), list[Problem]()
    try:
        register = read_register(file, mapping)
    except InputError as error:
        problems = list(error.problems)
        screen.print(say("check.some", file=file, count=len(problems)))
        for line in cli_show.problem_lines(problems):
            screen.print(line)
    else:
        screen.print(say("check.none", file=file))
        _summary(register, say)
    if report is not None:
        # An empty report says that there is nothing left; an old one would say otherwise.
        write_problems(problems, report)
        screen.print(say("check.report", report=report))
    return len(problems)


def describe_file(file: Path, mapping: Path | None, say: Wording) -> None:
    """Print tables that describe a register."""
    register = read_register(file, mapping)
    screen = cli_show.screen()
    _summary(register, say)
    for title, table in cli_show.describe_tables(describe_register(register, lang=say.lang), say):
        screen.print()
        screen.print(title)
        screen.print(table)


def _summary(register: xr.Dataset, say: Wording) -> None:
    screen = cli_show.screen()
    screen.print(
        say(
            "check.summary",
            year=register.attrs["year"],
            villages=figures.count(register.sizes["village"]),
            people=cli_show.people_of(register, say),
            coverage=say(f"coverage.{register.attrs['coverage']}"),
            detail=say(f"detail.{register.attrs['income_detail']}"),
        )
    )
    dropped = json.loads(register.attrs["dropped_personal_columns"])
    if dropped:
        screen.print(say("check.dropped", columns=", ".join(dropped)))
