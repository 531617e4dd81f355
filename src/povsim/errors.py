"""One error type for bad input: every problem at once, where, what was found, what is allowed, how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

ROWS_SHOWN = 20
"""At most this many rows of one problem are shown on the screen; a report file holds them all."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    Parameters
    ----------
    where : str
        Place in the input: a path such as ``measures.loan.share``, a column or a sheet.
    what : str
        What is wrong, in one clause.
    found : str
        The offending value or values.
    allowed : str
        What would be accepted.
    mend : str
        How to put it right.
    rows : tuple of int
        Row numbers as a spreadsheet shows them (the heading is row 1); empty where rows make no sense.
    """

    where: str
    what: str
    found: str = ""
    allowed: str = ""
    mend: str = ""
    rows: tuple[int, ...] = field(default=())

    def line(self) -> str:
        """Return the problem as one line of text."""
        parts = [f"{self.where}: {self.what}"]
        parts += [f"found {self.found}"] if self.found else []
        parts += [f"allowed: {self.allowed}"] if self.allowed else []
        parts += [self.mend] if self.mend else []
        if self.rows:
            shown = ", ".join(str(row) for row in self.rows[:ROWS_SHOWN])
            more = f" and {len(self.rows) - ROWS_SHOWN} more" if len(self.rows) > ROWS_SHOWN else ""
            parts.append(f"{len(self.rows)} rows: {shown}{more}")
        return "; ".join(parts)


class InputError(ValueError):
    """Everything wrong with one input.

    Parameters
    ----------
    source : str
        The file or object that was read.
    problems : sequence of Problem
        At least one.

    Examples
    --------
    >>> raise InputError("plan.yaml", [Problem("years", "end before start", found="2020-2016")])
    Traceback (most recent call last):
    povsim.errors.InputError: plan.yaml: 1 problem
      - years: end before start; found 2020-2016
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem" + ("s" if len(self.problems) != 1 else "")
        super().__init__("\n".join([f"{source}: {count}", *(f"  - {problem.line()}" for problem in self.problems)]))

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the parts, so that the error crosses a process boundary whole."""
        return type(self), (self.source, self.problems)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for a likely slip of the pen, else the empty string.

    Examples
    --------
    >>> nearest("bugdet", ["budget", "share"])
    "did you mean 'budget'?"
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""
