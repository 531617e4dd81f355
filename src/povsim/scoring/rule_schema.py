"""How a value becomes points: the twelve rule types of the documents, as entries of a scorecard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from povsim.quantity import EvidenceStatus, Finite, PositiveNumber, Rule

Share = Annotated[Finite, Field(ge=0, le=1)]
NonNegative = Annotated[Finite, Field(ge=0)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
Steps = Literal["proportional", "full", "started"]


class Sourced(Rule):
    """An entry with the document and clause it comes from, and how well it is known; both hold for all its numbers."""

    source: Annotated[str, Field(min_length=1)]
    status: EvidenceStatus


class Gate(Sourced):
    """Met or not: a unit that misses the target fails as a whole; the item itself scores all or nothing.

    ``strict``: a value at the target itself does not meet it.
    """

    type: Literal["gate"]
    strict: bool = False


class AllOrNothing(Sourced):
    """Full points when the target is met, else none."""

    type: Literal["all_or_nothing"]
    strict: bool = False


class LinearDeduction(Sourced):
    """Full points at the target; ``deduct`` points off for each ``step`` (unit of the indicator) short of it.

    ``steps``: parts of a step count in proportion, only full steps count, or every started step counts whole.
    """

    type: Literal["linear_deduction"]
    step: PositiveNumber
    deduct: PositiveNumber
    floor: NonNegative = 0.0
    steps: Steps = "proportional"


class Proportional(Sourced):
    """Points in proportion to a ratio between 0 and 1; where lower is better, to what is missing to 1."""

    type: Literal["proportional"]


class ProportionalToNorm(Sourced):
    """Points in proportion to the value over a norm, the target where none is given here.

    ``cap``: most that can be earned, as a multiple of the points; without it, better than the norm earns more.
    """

    type: Literal["proportional_to_norm"]
    norm: PositiveNumber | None = None
    cap: PositiveNumber | None = 1.0


class RelativeToMean(Sourced):
    """``at_mean`` points for the mean of the units compared, in proportion above and below, between floor and cap.

    ``within_class``: units are compared with those of their class.
    """

    type: Literal["relative_to_mean"]
    at_mean: PositiveNumber
    floor: NonNegative = 0.0
    cap: PositiveNumber
    within_class: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> RelativeToMean:
        if not self.floor <= self.at_mean <= self.cap:
            raise ValueError(
                f"floor, at_mean and cap should rise; found {self.floor:g}, {self.at_mean:g}, {self.cap:g}"
            )
        return self


class Coefficient(Sourced):
    """A coefficient times the value, in points, no more than the item's points and no less than nothing."""

    type: Literal["coefficient"]
    coefficient: PositiveNumber


class Band(Rule):
    """One band: values between two edges earn ``points``, or points that run evenly from one figure to another.

    An edge left out is open: everything below, or above.
    """

    low: Finite | None = None
    high: Finite | None = None
    points: Finite | None = None
    points_at_low: Finite | None = None
    points_at_high: Finite | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Band:
        ramp = (self.points_at_low, self.points_at_high)
        if (self.points is None) == (None in ramp) or (self.points is not None and ramp != (None, None)):
            raise ValueError("give either points, or both points_at_low and points_at_high")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"the band should run from low to high; found {self.low:g} to {self.high:g}")
        if self.points is None and None in (self.low, self.high):
            raise ValueError("points that run from one figure to another need both edges")
        return self


class Bands(Sourced):
    """A table of bands in rising order, with neither gaps nor overlaps; ``closed`` says to which an edge belongs.

    ``low``: an edge belongs to the band that begins there; ``high``: to the band that ends there. What lies beyond the
    outermost edges has to be given as an open band.
    """

    type: Literal["bands"]
    closed: Literal["low", "high"]
    bands: Annotated[tuple[Band, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _complete(self) -> Bands:
        problems = list(self._slips())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _slips(self) -> Iterator[str]:
        if self.bands[0].low is not None:
            yield f"values below {self.bands[0].low:g} belong to no band; leave the low edge of the first band out"
        if self.bands[-1].high is not None:
            yield f"values above {self.bands[-1].high:g} belong to no band; leave the high edge of the last band out"
        for place, (one, two) in enumerate(zip(self.bands, self.bands[1:], strict=False), start=1):
            if one.high is None or two.low is None:
                yield f"bands {place} and {place + 1}: an edge between bands may not be left out"
            elif one.high < two.low:
                yield f"bands {place} and {place + 1} leave a gap from {one.high:g} to {two.low:g}"
            elif one.high > two.low:
                yield f"bands {place} and {place + 1} overlap from {two.low:g} to {one.high:g}"


class RankRule(Sourced):
    """Points by rank: full points for the first and ``step`` less for each place, or a list of points.

    ``value_is_rank``: the value is a rank read from a league table; else units are ranked here by their values, among
    those of their class where ``within_class``. Places beyond the list earn ``beyond``.
    """

    type: Literal["rank"]
    step: PositiveNumber | None = None
    points_by_place: tuple[NonNegative, ...] = ()
    beyond: NonNegative = 0.0
    floor: NonNegative = 0.0
    value_is_rank: bool = False
    within_class: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> RankRule:
        if (self.step is None) == (not self.points_by_place):
            raise ValueError("give either step or points_by_place")
        if list(self.points_by_place) != sorted(self.points_by_place, reverse=True):
            raise ValueError("points_by_place should not rise from place to place")
        return self


class Defects(Sourced):
    """The value counts defects: each takes ``deduct`` points off, down to ``floor``.

    ``floor: null`` leaves the floor to the group, which several counts of defects may share.
    """

    type: Literal["defects"]
    deduct: PositiveNumber
    floor: Finite | None = 0.0


class ZeroOnDefect(Sourced):
    """The value counts defects: any defect takes all points, or ``deduct`` points where given."""

    type: Literal["zero_on_defect"]
    deduct: PositiveNumber | None = None


class Ledger(Sourced):
    """The value is points added (positive) or taken off (negative) after the sum, each side up to its cap."""

    type: Literal["ledger"]
    bonus_cap: NonNegative | None = None
    penalty_cap: NonNegative | None = None


ScoringRule = Annotated[
    Gate
    | AllOrNothing
    | LinearDeduction
    | Proportional
    | ProportionalToNorm
    | RelativeToMean
    | Coefficient
    | Bands
    | RankRule
    | Defects
    | ZeroOnDefect
    | Ledger,
    Field(discriminator="type"),
]

NEEDS_TARGET = (Gate, AllOrNothing, LinearDeduction)
"""Rules that compare the value with a target."""
EARNS_POINTS_OF_ITS_OWN = (Ledger, Defects)
"""Rules that may stand in an item of no points: what they add or take off is in points already."""
