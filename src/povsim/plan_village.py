"""What a planner chooses for whole villages: public works, and projects that earn collective income."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from povsim.plan_frame import Payer, Years
from povsim.quantity import Quantity
from povsim.rulebook import Facility, Meaning, Named, a_share

PER_VILLAGE = "yuan per village"
PER_VILLAGE_YEAR = "yuan per village and year"

FACILITIES: tuple[str, ...] = get_args(Facility)
"""The facilities that a village may lack, in the order in which results name them."""


class VillageFrame(Named):
    """What every measure for villages states: when, where, how many a year, in which order, at what cost, who pays.

    Nothing named under ``townships`` and ``villages`` means all of them; both must hold.
    """

    active: bool = True
    years: Years
    townships: tuple[str, ...] = ()
    villages: tuple[str, ...] = ()
    poor_villages_only: bool = False
    villages_per_year: Annotated[Quantity, Meaning("villages per year", "每年村数", "new villages a year", 0.0)]
    priority: Literal["poor_villages_first", "random", "largest_first"] = "poor_villages_first"
    cost: Annotated[Quantity, Meaning(PER_VILLAGE, "每村投入", "cost per village, paid when begun", 0.0)]
    payer: Payer
    source: str = ""

    @model_validator(mode="after")
    def _ordered_years(self) -> VillageFrame:
        if self.years[0] > self.years[1]:
            raise ValueError(f"years should run forward; found {self.years[0]} to {self.years[1]}")
        return self


class VillageWorks(VillageFrame):
    """Works on one facility of a village: begun once, tried every year until finished, then of use to its trades."""

    type: Literal["village_works"]
    facility: Facility
    lacking: Annotated[Quantity, a_share("期初缺乏比例", "share of villages without it at the start")]
    self_raised: Annotated[Quantity, a_share("村自筹比例", "share of the cost raised by the village")]
    completion: Annotated[Quantity, a_share("当年验收合格率", "share finished and accepted within the year")]
    business_gain: Annotated[
        Quantity, a_share("经营收入增幅", "share added to gross business income of the village once finished")
    ]


class Collective(VillageFrame):
    """A project that earns collective income for the village until it fails."""

    type: Literal["collective"]
    income_per_year: Annotated[
        Quantity, Meaning(PER_VILLAGE_YEAR, "项目年收入", "collective income of a project at full size", 0.0)
    ]
    income_sd: Annotated[Quantity, Meaning("log points", "村间差异", "spread of income between villages", 0.0, 3.0)]
    first_year: Annotated[Quantity, a_share("首年达产率", "share of full income in the first year")]
    failure: Annotated[Quantity, a_share("年失败率", "share of projects that fail in a year")]


VillageMeasure = Annotated[VillageWorks | Collective, Field(discriminator="type")]
