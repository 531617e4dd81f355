"""What is asked of the veto lab: a run's year, and how the rules are set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy.typing as npt
import xarray as xr

from povsim.terms import Language
from povsim.views.vetoes_boards import Board, card_board, village_board
from povsim.views.vetoes_patterns import attributed, codes_of, year_place
from povsim.wording import Wording, wording

Array = npt.NDArray[Any]
Value = TypeVar("Value")
BAND = (0.1, 0.9)
"""Quantiles of the draws that a band covers."""
Surety = Literal["exact", "bounded", "rerun"]
KEPT = 6
"""Grounds that a session keeps: the year looked at, a pinned one, the other language."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What does not depend on how the rules are set: one year of a run, with a scorecard, in one language."""

    part: xr.Dataset
    year: int
    lang: Language
    card: xr.Dataset | None

    @cached_property
    def say(self) -> Wording:
        """Texts of the page."""
        return wording(self.lang, "page_vetoes")

    @cached_property
    def place(self) -> int:
        """Place of the year."""
        return year_place(self.part, self.year)

    @cached_property
    def codes(self) -> list[str]:
        """Tests of households that veto, in the order of the bits."""
        return codes_of(self.part)

    @cached_property
    def names(self) -> list[str]:
        """Their names in the reader's language."""
        return [str(name) for name in self.part[f"rule_{self.lang}"].to_numpy()]

    @cached_property
    def villages(self) -> Board:
        """Villages against the tests of villages."""
        return village_board(self.part, self.year, self.lang)

    @cached_property
    def units(self) -> Board | None:
        """Units of the scorecard against its vetoes and gates; none without a scorecard, or a year that it lacks."""
        if self.card is None or self.year not in self.card["year"].to_numpy():
            return None
        return card_board(self.card, self.year, self.lang)

    @cached_property
    def line(self) -> float:
        """The income line of the year; 1 where it is a quantile of incomes."""
        line = float(self.part["line"].to_numpy()[self.place])
        return line if line == line else 1.0

    @cached_property
    def income(self) -> str | None:
        """Code of the income test; none where it vetoes nobody."""
        kinds = self.part["rule_kind"].to_numpy()
        return self.codes[0] if len(self.codes) and str(kinds[0]) == "income" else None

    @cached_property
    def memory(self) -> dict[str, Any]:
        """Answers that do not depend on how the rules are set."""
        return {}


_GROUNDS: dict[tuple[int, int, int, str], Ground] = {}


def ground_of(part: xr.Dataset, card: xr.Dataset | None, year: int, lang: Language) -> Ground:
    """Return the ground of a year; the last few are kept, with the datasets that they are named by."""
    key = (id(part), id(card), year, lang)
    if key not in _GROUNDS:
        while len(_GROUNDS) >= KEPT:
            _GROUNDS.pop(next(iter(_GROUNDS)))
        _GROUNDS[key] = Ground(part, year, lang, card)
    return _GROUNDS[key]


@dataclass(frozen=True, eq=False)
class Asked:
    """A question to the veto lab.

    Attributes
    ----------
    part : Dataset
        The part ``vetoes`` of a run's digest.
    year : int
        Year of the run.
    lang : {"zh", "en"}
        Language of the answer.
    off : tuple of str
        Rules switched off: tests of households and villages by code, rules of a scorecard with ``card.`` before it.
    thresholds : mapping of str to float
        Thresholds moved, in the unit of the rule; the income line in money a head, or as a multiple of itself where it
        is a quantile of incomes.
    error : float
        Standard deviation of the error of measured incomes, in log points.
    sample : int
        Persons sampled in the county test.
    card : Dataset, optional
        The part ``vetoes.<scorecard>``.
    """

    part: xr.Dataset
    year: int
    lang: Language
    off: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    error: float = 0.1
    sample: int = 1000
    card: xr.Dataset | None = None

    @cached_property
    def ground(self) -> Ground:
        """What does not depend on how the rules are set."""
        return ground_of(self.part, self.card, self.year, self.lang)

    @property
    def say(self) -> Wording:
        """Texts of the page."""
        return self.ground.say

    @property
    def place(self) -> int:
        """Place of the year."""
        return self.ground.place

    @property
    def codes(self) -> list[str]:
        """Tests of households that veto, in the order of the bits."""
        return self.ground.codes

    @property
    def names(self) -> list[str]:
        """Their names in the reader's language."""
        return self.ground.names

    @property
    def villages(self) -> Board:
        """Villages against the tests of villages."""
        return self.ground.villages

    @property
    def units(self) -> Board | None:
        """Units of the scorecard against its vetoes and gates; none without a scorecard, or a year that it lacks."""
        return self.ground.units

    @property
    def line(self) -> float:
        """The income line of the year; 1 where it is a quantile of incomes."""
        return self.ground.line

    @property
    def income(self) -> str | None:
        """Code of the income test; none where it vetoes nobody."""
        return self.ground.income

    @cached_property
    def found(self) -> dict[str, Array]:
        """The excluded by rule, with the rules in force; thresholds as in the run. See ``attributed``."""
        return attributed(self.part, self.year, self.off)

    @property
    def factor(self) -> float:
        """The income line set, over that of the run."""
        code = self.income
        return self.thresholds.get(code, self.line) / self.line if code is not None else 1.0

    @property
    def line_moved(self) -> bool:
        """Whether the income line is another than the run's, and in force."""
        return self.income is not None and self.income not in self.off and abs(self.factor - 1) > 1e-12

    @cached_property
    def memory(self) -> dict[str, Any]:
        """Answers to this question that several parts of a page show."""
        return {}


def remembered(memory: dict[str, Any], name: str, work: Callable[[], Value]) -> Value:
    """Return an answer, worked out once.

    Examples
    --------
    >>> memory = {}
    >>> remembered(memory, "four", lambda: 2 + 2), memory
    (4, {'four': 4})
    """
    if name not in memory:
        memory[name] = work()
    found: Value = memory[name]
    return found
