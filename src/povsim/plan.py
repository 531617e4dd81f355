"""What a planner chooses, part one: the measures, told apart by their type, and the order in which they act."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from povsim.plan_frame import (
    PER_HEAD,
    PER_HEAD_YEAR,
    PER_HOUSEHOLD,
    PER_HOUSEHOLD_YEAR,
    Capacity,
    CategoryName,
    Filter,
    Fund,
    MeasureFrame,
    Payer,
    StatusName,
    Years,
)
from povsim.plan_income import (
    Assets,
    Contracts,
    Earning,
    Ecology,
    Ecommerce,
    Industry,
    Jobs,
    Posts,
    Solar,
    Tourism,
    Training,
    Workshop,
)
from povsim.plan_other import (
    PER_PUPIL_YEAR,
    CreditLine,
    Dibao,
    Education,
    Enrolment,
    Medical,
    Microcredit,
    Relocation,
    Repair,
    ReturnToSchool,
    Transfer,
    Water,
    Works,
)
from povsim.plan_village import Collective, VillageMeasure, VillageWorks

HouseholdMeasure = (
    Industry
    | Contracts
    | Ecommerce
    | Tourism
    | Jobs
    | Workshop
    | Training
    | Posts
    | Solar
    | Assets
    | Ecology
    | CreditLine
    | Microcredit
    | Relocation
    | Repair
    | Water
    | Enrolment
    | ReturnToSchool
    | Education
    | Medical
    | Transfer
    | Dibao
)
"""What is done for single households."""
Measure = Annotated[HouseholdMeasure | VillageWorks | Collective, Field(discriminator="type")]
CALENDAR = (
    "industry",
    "contracts",
    "ecommerce",
    "tourism",
    "jobs",
    "workshop",
    "training",
    "posts",
    "solar",
    "assets",
    "ecology",
    "credit_line",
    "microcredit",
    "relocation",
    "repair",
    "water",
    "enrolment",
    "return_to_school",
    "education",
    "medical",
    "transfer",
    "dibao",
)
"""Order in which the household types act within a year, whatever the order in the file; the last four are subsidies."""
SUBSIDIES = ("education", "medical", "transfer", "dibao")
"""Types that act after everything else of the year and are applied for anew each year."""

__all__ = [
    "CALENDAR",
    "PER_HEAD",
    "PER_HEAD_YEAR",
    "PER_HOUSEHOLD",
    "PER_HOUSEHOLD_YEAR",
    "PER_PUPIL_YEAR",
    "SUBSIDIES",
    "Assets",
    "Capacity",
    "CategoryName",
    "Collective",
    "Contracts",
    "CreditLine",
    "Dibao",
    "Earning",
    "Ecology",
    "Ecommerce",
    "Education",
    "Enrolment",
    "Filter",
    "Fund",
    "HouseholdMeasure",
    "Industry",
    "Jobs",
    "Measure",
    "MeasureFrame",
    "Medical",
    "Microcredit",
    "Payer",
    "Posts",
    "Relocation",
    "Repair",
    "ReturnToSchool",
    "Solar",
    "StatusName",
    "Tourism",
    "Training",
    "Transfer",
    "VillageMeasure",
    "VillageWorks",
    "Water",
    "Works",
    "Workshop",
    "Years",
]
