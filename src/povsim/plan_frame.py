"""What every measure of a plan states: when, for whom, how many, in which order, and who pays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from povsim.quantity import Quantity, Rule
from povsim.rulebook import Meaning, Named, a_share
from povsim.terms import CATEGORIES, CAUSES, STATUSES

Years = Annotated[tuple[int, int], Field(description="first and last year, both included")]
PER_HOUSEHOLD = "yuan per household"
PER_HOUSEHOLD_YEAR = "yuan per household and year"
PER_HEAD = "yuan per head"
PER_HEAD_YEAR = "yuan per head and year"

StatusName = Literal["never_registered", "registered", "exited", "relapsed", "monitored"]
CategoryName = Literal["general", "dibao", "tekun"]


class Filter(Rule):
    """Who is eligible: conditions on household columns, all of which must hold.

    A list names the accepted values; an empty list accepts all. ``failing`` asks for at least one of the named
    guarantees to be unmet. Income is that of last year as inspectors saw it, before dibao. ``holding`` asks that at
    least one of the named measures runs for the household, ``not_holding`` that none of them does.
    """

    status: tuple[StatusName, ...] = ("registered", "relapsed")
    category: tuple[CategoryName, ...] = ()
    cause: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    workers_at_least: int = 0
    workers_at_most: int = 99
    persons_at_least: int = 0
    income_below: Annotated[Quantity | None, Meaning(PER_HEAD_YEAR, "收入低于", "income below", 0.0)] = None
    townships: tuple[str, ...] = ()
    villages: tuple[str, ...] = ()
    poor_villages_only: bool = False
    holding: tuple[str, ...] = ()
    not_holding: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known_causes(self) -> Filter:
        known = [cause.code for cause in CAUSES]
        unknown = [cause for cause in self.cause if cause not in known]
        if unknown:
            raise ValueError(f"unknown cause {unknown[0]!r}; allowed: {', '.join(known)}")
        return self

    def masks(self) -> tuple[int, int, int]:
        """Return status, category and cause as bit masks over their codes; nothing named means everything."""
        status = sum(1 << [term.code for term in STATUSES].index(name) for name in self.status) or 0x7FFF
        category = sum(1 << [term.code for term in CATEGORIES].index(name) for name in self.category) or 0x7FFF
        cause = sum(1 << ([term.code for term in CAUSES].index(name) + 1) for name in self.cause) or 0x7FFF
        return status, category, cause


class Capacity(Rule):
    """How much a measure can take on in a year, in a village, a township or the county.

    ``share``: at most this share of the eligible households served so far in all; ``households``: at most this many new
    ones a year; ``budget``: yuan a year, from which running support is paid before new households are taken on.
    """

    area: Literal["village", "township", "county"]
    share: Annotated[Quantity | None, a_share("覆盖面", "share of the eligible served so far")] = None
    households: Annotated[Quantity | None, Meaning("households per year", "户数", "new households a year", 0.0)] = None
    budget: Annotated[Quantity | None, Meaning("yuan per year", "年度预算", "budget a year", 0.0)] = None

    @model_validator(mode="after")
    def _one_limit(self) -> Capacity:
        if sum(limit is not None for limit in (self.share, self.households, self.budget)) != 1:
            raise ValueError("give exactly one of share, households and budget")
        return self

    def limit(self) -> tuple[str, Quantity]:
        """Return the kind of limit and its figures."""
        if self.share is not None:
            return "share", self.share
        if self.households is not None:
            return "households", self.households
        assert self.budget is not None
        return "budget", self.budget


class Fund(Named):
    """Money of a year on which several measures draw.

    The running support of all of them comes first; then new households are taken on measure by measure, in ``order``
    where it is given and else in the order in which measures act, while the fund and the measure's own capacity hold.
    """

    area: Literal["township", "county"]
    budget: Annotated[Quantity, Meaning("yuan per year", "年度资金", "budget a year", 0.0)]
    order: tuple[str, ...] = ()


class Payer(Named):
    """Who pays."""


class MeasureFrame(Named):
    """What every measure states: when, for whom, how many, in which order, and who pays."""

    active: bool = True
    years: Years
    eligible: Filter = Filter()
    take_up: Annotated[Quantity, a_share("参与率", "share of the eligible who apply in a year")]
    capacity: Capacity | None = None
    fund: str | None = None
    priority: Literal["poorest_first", "random", "cause"] = "poorest_first"
    payer: Payer
    source: str = ""

    @model_validator(mode="after")
    def _ordered_years(self) -> MeasureFrame:
        if self.years[0] > self.years[1]:
            raise ValueError(f"years should run forward; found {self.years[0]} to {self.years[1]}")
        return self
