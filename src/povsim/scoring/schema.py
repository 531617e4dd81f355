"""What an assessment document says, as a scorecard: indicators, groups, vetoes, triggers, grades, awards, ties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from povsim.quantity import Finite, Quantity, Rule
from povsim.rulebook import Named
from povsim.scoring.rule_schema import (
    EARNS_POINTS_OF_ITS_OWN,
    NEEDS_TARGET,
    Code,
    Defects,
    NonNegative,
    RankRule,
    ScoringRule,
    Share,
    Sourced,
    ZeroOnDefect,
)
from povsim.scoring.verdict_schema import Award, Finding, Grades, Ladder, Ties, Trigger, Veto

Level = Literal["county", "township", "village", "household", "department"]
Missing = Literal["refuse", "rebase", "zero", "last_known"]
Month = Annotated[int, Field(ge=1, le=12)]


COUNTED = ("share", "ratio", "persons", "households", "villages")
"""Units in which nothing is below 0; a share is at most 1 unless the entry says more."""
COUNTS_DEFECTS = (Defects, ZeroOnDefect)


class Head(Named):
    """What the scorecard is, and the document it comes from."""

    code: Code
    level: Level
    total_points: NonNegative
    document: Annotated[str, Field(min_length=1)]
    clause: str = ""
    derived_from: str = ""
    """Code of the scorecard whose items these are, re-based."""
    note_zh: str = ""
    note_en: str = ""


class Group(Named):
    """A category of indicators: its points are those of its items, between a floor and a cap where given.

    ``mix``: the group is one score made of its items in fixed shares, so that their points move together.
    """

    code: Code
    points: NonNegative | None = None
    cap: NonNegative | None = None
    floor: Finite | None = None
    mix: dict[str, Share] = Field(default_factory=dict)
    source: str = ""
    status: Literal["documented", "estimated", "assumed"] = "documented"


class ValueFrom(Rule):
    """Where an indicator's value comes from: exactly one of these. An entered value goes before any of them.

    Parameters
    ----------
    simulated : str
        A name that ``povsim scorecard signals`` lists, computed from the run.
    entered : str
        Column or code under which values are entered; the indicator's own code where it says ``own``.
    assumed : Quantity
        A figure with a spread: drawn anew for each draw and unit.
    scorecard : str
        Another scorecard of the same level: its total over its total points.
    of : tuple of str
        For a simulated name that needs them: measures (by code or type), guarantees, facilities.
    plan : Quantity
        For a simulated completion: what was planned, where the run itself does not say.
    sample : Quantity
        For a simulated rate "as inspected": households asked per unit; the rate is then that of the sample.
    otherwise : Quantity
        For entered values: the assumed figure that stands in until something is entered.
    raters : mapping of str to float
        For entered ratings by several kinds of raters: the weight of each kind's mean.
    """

    simulated: str | None = None
    entered: str | None = None
    assumed: Quantity | None = None
    scorecard: str | None = None
    of: tuple[str, ...] = ()
    plan: Quantity | None = None
    sample: Quantity | None = None
    otherwise: Quantity | None = None
    raters: dict[str, Share] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> ValueFrom:
        given = [name for name in ("simulated", "entered", "assumed", "scorecard") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of simulated, entered, assumed, scorecard; found {len(given)}")
        if self.simulated is None and (self.of or self.plan or self.sample):
            raise ValueError("of, plan and sample go with simulated")
        if self.entered is None and (self.otherwise or self.raters):
            raise ValueError("otherwise and raters go with entered")
        if self.raters and abs(sum(self.raters.values()) - 1) > 1e-9:
            raise ValueError(f"the weights of raters should sum to 1; found {sum(self.raters.values()):g}")
        return self


class Indicator(Named):
    """One item: what is measured, for how many points, by which rule, against which target, and who answers for it.

    ``possible`` bounds the values that can be; a value beyond is refused. ``source`` and ``status`` are those of the
    points and the responsible units; rule, target and value carry their own. ``levels`` names the levels at which the
    document makes units answer for the item. Of a re-based item ``original_points`` are the printed ones, in which its
    rule is written.
    """

    code: Code
    group: str = ""
    points: NonNegative
    original_points: NonNegative | None = None
    direction: Literal["higher", "lower"] = "higher"
    unit: str
    possible: tuple[Finite | None, Finite | None] = (None, None)
    rule: ScoringRule
    value_from: ValueFrom
    target: Quantity | None = None
    departments: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    missing: Missing = "refuse"
    profile: str = ""
    source: Annotated[str, Field(min_length=1)]
    status: Literal["documented", "estimated", "assumed"]
    clause: str = ""
    note_zh: str = ""
    note_en: str = ""

    @property
    def rule_points(self) -> float:
        """Return the points that the rule is written in: the printed ones where the scorecard is re-based."""
        return self.points if self.original_points is None else self.original_points

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the lowest and highest possible value: what the entry says, else what its unit allows."""
        low, high = self.possible
        least = 0.0 if self.unit in COUNTED or isinstance(self.rule, COUNTS_DEFECTS) else float("-inf")
        most = 1.0 if self.unit == "share" else float("inf")
        return least if low is None else low, most if high is None else high

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Indicator:
        if isinstance(self.rule, NEEDS_TARGET) and self.target is None:
            raise ValueError(f"a rule of type {self.rule.type} needs a target")
        norm = getattr(self.rule, "norm", 0.0)
        if norm is None and self.target is None:
            raise ValueError(f"a rule of type {self.rule.type} needs a norm or a target")
        if self.points == 0 and not isinstance(self.rule, (*EARNS_POINTS_OF_ITS_OWN, NEEDS_TARGET[0])):
            raise ValueError(f"a rule of type {self.rule.type} needs points above 0")
        if isinstance(self.rule, RankRule) and self.rule.points_by_place[:1] not in ((), (self.rule_points,)):
            raise ValueError("the first of points_by_place should be the points of the item")
        self._check_target()
        return self

    def _check_target(self) -> None:
        if self.target is None:
            return
        if self.target.unit != self.unit:
            raise ValueError(f"the target should be in {self.unit}; found {self.target.unit}")
        low, high = self.bounds
        path = self.target.value if isinstance(self.target.value, dict) else {0: self.target.value}
        beyond = [value for value in path.values() if not low <= value <= high]
        if beyond:
            raise ValueError(f"the target lies outside the possible values {low:g} to {high:g}; found {beyond[0]:g}")


class Attribution(Sourced):
    """How points of an item are shared by the units that answer for it: equally, or to the first named."""

    rule: Literal["equal", "first_named"]


class Peers(Named, Sourced):
    """Units elsewhere that the unit is ranked among: their number, and their share of each item's points.

    ``items`` overrides ``share`` for single items; ``common`` is the part of a peer's luck that all its items have in
    common, 0 to 1. Peers entered by name take the place of the assumed ones.
    """

    count: Quantity
    share: Quantity
    items: dict[str, Quantity] = Field(default_factory=dict)
    common: Share = 0.0


class Profile(Named, Sourced):
    """How much of a year's value is in by the end of a month, for values entered before the year is over.

    ``flow``: values add up over the year and ``done`` is the part done. ``level``: a reading that may still move, and
    ``done`` is how much of the year's final reading it settles. ``persistence``: how far the pace so far tells on the
    rest, 0 (not at all) to 1 (it goes on the same).
    """

    kind: Literal["flow", "level"]
    done: dict[Month, Share]
    persistence: Share

    @model_validator(mode="after")
    def _rising(self) -> Profile:
        months = sorted(self.done)
        shares = [self.done[month] for month in months]
        if not months or months[-1] != 12 or shares[-1] != 1:
            raise ValueError("the profile should end with month 12 at 1")
        if shares != sorted(shares) or shares[0] <= 0:
            raise ValueError("the shares done should be above 0 and not fall from month to month")
        return self


class Provision(Named, Sourced):
    """What a document lays down beside points: a rhythm, a deadline, a procedure, a list, a scope, a target, a fact."""

    code: Code
    kind: Literal["rhythm", "deadline", "procedure", "list", "scope", "target", "fact"]
    value: Finite | None = None
    unit: str = ""
    items: tuple[str, ...] = ()
    items_en: tuple[str, ...] = ()
    clause: str = ""


class Scorecard(Rule):
    """A scheme of assessment.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> card = read_scorecard("xiangyin-2016")
    >>> card.code, len(card.indicators), sum(item.points for item in card.indicators)
    ('xiangyin-2016', 25, 100.0)
    """

    scorecard: Head
    groups: tuple[Group, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    findings: tuple[Finding, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    grades: Grades | None = None
    awards: Annotated[tuple[Award, ...], Field(max_length=31)] = ()
    ties: Ties = Ties(source="own choice: units that tie share the best of their places", status="assumed")
    attribution: Attribution | None = None
    peers: Peers | None = None
    profiles: dict[str, Profile] = Field(default_factory=dict)
    provisions: tuple[Provision, ...] = ()

    @property
    def code(self) -> str:
        """Code of the scorecard."""
        return self.scorecard.code

    @property
    def level(self) -> Level:
        """Level of the units that are scored."""
        return self.scorecard.level

    @property
    def total_points(self) -> float:
        """Points in all."""
        return self.scorecard.total_points

    def label(self, lang: str) -> str:
        """Return the name in the language asked for."""
        return self.scorecard.label(lang)

    def indicator(self, code: str) -> Indicator:
        """Return the item with a code."""
        return self.by_code()[code]

    def by_code(self) -> Mapping[str, Indicator]:
        """Return the items by code."""
        return {item.code: item for item in self.indicators}
