"""What a scorecard says beside points: conditions, vetoes, triggers and ladders, grades, awards, ties."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from povsim.quantity import Finite, Quantity, Rule
from povsim.rulebook import Comparison, Named
from povsim.scoring.rule_schema import Code, NonNegative, Share, Sourced

Rounding = Literal["floor", "ceil", "half_up", "half_even"]


class Condition(Rule):
    """When a veto or a trigger holds: exactly one of these.

    Parameters
    ----------
    indicator : str
        Code of an item; ``of`` says whether its value, its points or its share of full points is compared.
    finding : str
        Something found by inspectors, entered by unit and year: 0 no, 1 found, 2 serious, 3 criminal.
    total : true
        The total before vetoes, in points.
    target_missed : str
        Code of an item whose target is not met.
    peer_rank : str
        Code of an item, ``each`` (every item on its own, for vetoes whose scope is the item) or ``total``: rank among
        the peers.
    grade : str
        Code of a grade: the unit's grade by its total.
    all, any : list of Condition
        Several conditions together.
    """

    indicator: str | None = None
    of: Literal["value", "points", "share"] = "value"
    finding: str | None = None
    total: Literal[True] | None = None
    target_missed: str | None = None
    peer_rank: str | None = None
    grade: str | None = None
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    comparison: Comparison | None = None
    threshold: Finite | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Condition:
        names = ("indicator", "finding", "total", "target_missed", "peer_rank", "grade")
        given = [name for name in names if getattr(self, name) is not None]
        given += [name for name in ("all", "any") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join((*names, 'all', 'any'))}; found {len(given)}")
        compares = given[0] in ("indicator", "total", "peer_rank")
        if compares and (self.comparison is None or self.threshold is None):
            raise ValueError(f"{given[0]} needs comparison and threshold")
        if given[0] == "finding" and (self.comparison is None) != (self.threshold is None):
            raise ValueError("finding takes both comparison and threshold, or neither: any severity then")
        if given[0] in ("target_missed", "grade", "all", "any") and self.comparison is not None:
            raise ValueError(f"comparison and threshold do not go with {given[0]}")
        return self

    def parts(self) -> tuple[Condition, ...]:
        """Return the condition and all within it."""
        return (self, *(part for inner in (*self.all, *self.any) for part in inner.parts()))


class Veto(Named, Sourced):
    """A one-vote veto and its effect.

    ``fail``: the unit fails as a whole. ``zero``: the item (``of``) or the total becomes 0. ``cap``: the grade can be
    no better than ``grade``. ``disqualify``: out of the awards named in ``awards`` (all where none is named), and out
    of the ranking where ``ranking`` says so. ``deduct``: ``value`` points off the total. Scope ``item`` looks at every
    item on its own and strikes the units that answer for it.
    """

    code: Code
    when: Condition
    effect: Literal["fail", "zero", "cap", "disqualify", "deduct"]
    scope: Literal["unit", "item"] = "unit"
    value: NonNegative | None = None
    of: str = ""
    grade: str = ""
    awards: tuple[str, ...] = ()
    ranking: bool = False
    active: bool = True
    clause: str = ""
    note_zh: str = ""
    note_en: str = ""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Veto:
        if (self.effect == "deduct") != (self.value is not None):
            raise ValueError("value, in points, goes with effect deduct, and only with it")
        if (self.effect == "cap") != bool(self.grade):
            raise ValueError("grade goes with effect cap, and only with it")
        if self.effect != "zero" and self.of:
            raise ValueError("of goes with effect zero")
        if self.effect != "disqualify" and (self.awards or self.ranking):
            raise ValueError("awards and ranking go with effect disqualify")
        if self.scope == "item" and self.effect != "disqualify":
            raise ValueError("a veto whose scope is the item strikes units that answer for it: effect disqualify")
        return self


class Finding(Named, Sourced):
    """Something inspectors may find in a unit: entered by unit and year, else drawn with a probability (or never)."""

    code: Code
    probability: Quantity | None = None


class Step(Named):
    """A step of a ladder of consequences."""

    code: Code
    severity: Annotated[int, Field(ge=1, le=9)]


class Ladder(Named, Sourced):
    """Consequences by severity, mildest first; each step begins at a severity."""

    code: Code
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rising(self) -> Ladder:
        severities = [step.severity for step in self.steps]
        if severities != sorted(set(severities)):
            raise ValueError(f"severities of the steps should rise; found {severities}")
        return self


class Trigger(Named, Sourced):
    """A circumstance that sets a ladder of consequences in motion; its severity is that of a finding, else 1."""

    code: Code
    when: Condition
    ladder: str
    clause: str = ""
    note_zh: str = ""
    note_en: str = ""


class Grade(Named):
    """A grade: totals from ``at_least`` on, or the best ``share`` of units; the last grade takes the rest."""

    code: Code
    at_least: Finite | None = None
    share: Share | None = None


class Grades(Sourced):
    """Grades from best to worst, by cut-offs or by shares of the units ranked."""

    by: Literal["cutoff", "share"]
    grades: Annotated[tuple[Grade, ...], Field(min_length=2, max_length=20)]
    rounding: Rounding = "floor"
    clause: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Grades:
        field = "at_least" if self.by == "cutoff" else "share"
        figures = [getattr(grade, field) for grade in self.grades[:-1]]
        if None in figures:
            raise ValueError(f"grades by {self.by} need {field}, except the last")
        last = getattr(self.grades[-1], field)
        if last is not None:
            raise ValueError(f"the last grade, {self.grades[-1].code}, takes the rest: leave {field} out")
        if self.by == "cutoff" and figures != sorted(set(figures), reverse=True):
            raise ValueError("cut-offs should fall from grade to grade")
        if self.by == "share" and sum(figures) > 1 + 1e-9:
            raise ValueError(f"the shares of the grades should sum to at most 1; found {sum(figures):g}")
        return self


class Award(Named, Sourced):
    """A reward, or a consequence of a low place.

    ``top_share`` and ``top_count`` take the best by rank, ``bottom_count`` the worst, ``cutoff`` everybody from a total
    on, ``consecutive`` those with ``grade`` for ``years`` years in a row, this one included. ``within_class`` counts
    among units of the same class. Units that tie at the edge are all taken, or none of them.
    """

    code: Code
    type: Literal["top_share", "top_count", "bottom_count", "cutoff", "consecutive"]
    share: Share | None = None
    count: Annotated[int | None, Field(ge=1)] = None
    at_least: Finite | None = None
    grade: str = ""
    years: Annotated[int | None, Field(ge=2, le=20)] = None
    rounding: Rounding = "floor"
    within_class: bool = False
    ties_at_edge: Literal["all", "none"] = "all"
    penalty: bool = False
    """Whether it is a consequence of a low place rather than a reward: vetoes do not take it away."""
    clause: str = ""
    note_zh: str = ""
    note_en: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Award:
        needs = {
            "top_share": ("share",),
            "top_count": ("count",),
            "bottom_count": ("count",),
            "cutoff": ("at_least",),
            "consecutive": ("grade", "years"),
        }[self.type]
        missing = [name for name in needs if getattr(self, name) in (None, "")]
        if missing:
            raise ValueError(f"an award of type {self.type} needs {' and '.join(missing)}")
        if self.grade and self.type != "consecutive":
            raise ValueError(f"grade goes with type consecutive; found type {self.type}")
        if self.type == "bottom_count" and not self.penalty:
            raise ValueError("bottom_count is a consequence of a low place: say penalty: true")
        return self


class Ties(Sourced):
    """Units with equal totals: the points of items decide in turn, then all get the best or the worst of the places."""

    break_by: tuple[str, ...] = ()
    rank: Literal["best", "worst"] = "best"
