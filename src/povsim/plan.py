"""What a planner chooses, part one: the measures, each with one common frame and the figures of its family."""

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
    guarantees to be unmet. Income is that of last year as inspectors saw it, before dibao.
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


class Payer(Named):
    """Who pays."""


class MeasureFrame(Named):
    """What every measure states: when, for whom, how many, in which order, and who pays."""

    active: bool = True
    years: Years
    eligible: Filter = Filter()
    take_up: Annotated[Quantity, a_share("参与率", "share of the eligible who apply in a year")]
    capacity: Capacity | None = None
    priority: Literal["poorest_first", "random", "cause"] = "poorest_first"
    payer: Payer
    source: str = ""

    @model_validator(mode="after")
    def _ordered_years(self) -> MeasureFrame:
        if self.years[0] > self.years[1]:
            raise ValueError(f"years should run forward; found {self.years[0]} to {self.years[1]}")
        return self


class Industry(MeasureFrame):
    """Industry support: a trade is started, grows into its size, may fail, and fades once support has ended."""

    type: Literal["industry"]
    gross_sales: Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "年销售收入", "gross sales at full size", 0.0)]
    margin: Annotated[Quantity, a_share("净收益率", "net of production cost, share of gross sales")]
    effect_sd: Annotated[Quantity, Meaning("log points", "户间差异", "spread of sales between households", 0.0, 3.0)]
    first_year: Annotated[Quantity, a_share("首年达产率", "share of full size in the first year")]
    second_year: Annotated[Quantity, a_share("次年达产率", "share of full size in the second year")]
    failure: Annotated[Quantity, a_share("年失败率", "share of projects that fail in a year")]
    support_years: Annotated[Quantity, Meaning("years", "帮扶年限", "years of support", 1, 30)]
    support_after_exit: Annotated[Quantity, Meaning("years", "脱贫后继续帮扶", "years of support after exit", 0, 30)]
    decay: Annotated[Quantity, a_share("停扶后年衰减", "yearly loss of size after support")]
    unit_cost: Annotated[Quantity, Meaning(PER_HOUSEHOLD, "一次性投入", "cost at the start", 0.0)]
    yearly_cost: Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "年度投入", "cost in each supported year", 0.0)]


class Microcredit(MeasureFrame):
    """Microcredit: a loan is invested at a random return, falls due, and what is not repaid is in arrears."""

    type: Literal["microcredit"]
    mean_amount: Annotated[Quantity, Meaning(PER_HOUSEHOLD, "户均贷款", "mean loan", 0.0)]
    amount_sd: Annotated[Quantity, Meaning("log points", "贷款额差异", "spread of loans", 0.0, 3.0)]
    max_amount: Annotated[Quantity, Meaning(PER_HOUSEHOLD, "贷款上限", "largest loan", 0.0)]
    term: Annotated[Quantity, Meaning("years", "贷款期限", "term", 1, 10)]
    rate: Annotated[Quantity, a_share("年利率", "interest a year, paid by the budget")]
    return_mean: Annotated[
        Quantity, Meaning("share", "年净收益率", "mean net return a year on the invested loan", -1, 3)
    ]
    return_sd: Annotated[Quantity, Meaning("share", "收益波动", "spread of the return from year to year", 0.0, 3.0)]
    salvage: Annotated[Quantity, a_share("本金可收回比例", "share of the invested capital recovered when due")]
    repay_share: Annotated[Quantity, a_share("余力还款比例", "share of income above the line that goes to a debt due")]


class Relocation(MeasureFrame):
    """Relocation: a safe dwelling, a year of disruption, debt, perhaps a job, and land left behind."""

    type: Literal["relocation"]
    cost_per_head: Annotated[Quantity, Meaning(PER_HEAD, "人均投资", "cost in all", 0.0)]
    self_paid: Annotated[Quantity, Meaning(PER_HEAD, "人均自筹", "part paid by the household, which becomes debt", 0.0)]
    repay_years: Annotated[Quantity, Meaning("years", "自筹还款年限", "years to pay the debt off", 1, 40)]
    rate: Annotated[Quantity, a_share("债务利率", "interest a year on the debt")]
    disruption: Annotated[Quantity, a_share("搬迁当年损失", "share of earnings lost in the year of the move")]
    land_loss: Annotated[Quantity, a_share("土地收益损失", "share of business income lost for good")]
    job_share: Annotated[Quantity, a_share("就业率", "share of households with labour that find a job after the move")]
    job_wage: Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "岗位年工资", "wage of that job", 0.0)]
    cures: tuple[str, ...] = ("housing", "water")


class Repair(MeasureFrame):
    """Works on a household's guarantees, such as the repair of a dangerous dwelling or a water connection."""

    type: Literal["repair"]
    subsidy: Annotated[Quantity, Meaning(PER_HOUSEHOLD, "补助", "subsidy", 0.0)]
    self_paid: Annotated[
        Quantity, Meaning(PER_HOUSEHOLD, "自筹", "part paid by the household, which becomes debt", 0.0)
    ]
    repay_years: Annotated[Quantity, Meaning("years", "自筹还款年限", "years to pay the debt off", 1, 40)]
    completion: Annotated[Quantity, a_share("当年合格率", "share finished and found sound within the year")]
    cures: Annotated[tuple[str, ...], Field(min_length=1)] = ("housing",)


class Dibao(MeasureFrame):
    """Dibao: the difference between a standard and last year's income as assessed is paid."""

    type: Literal["dibao"]
    standard: Annotated[Quantity, Meaning(PER_HEAD_YEAR, "低保标准", "standard", 0.0)]
    paid_share: Annotated[Quantity, a_share("补差比例", "share of the difference that is paid")]


class Transfer(MeasureFrame):
    """A flat amount to each household, or to each of its persons, pupils, ill or disabled members."""

    type: Literal["transfer"]
    amount: Annotated[Quantity, Meaning("yuan per recipient and year", "补助标准", "amount", 0.0)]
    per: Literal["household", "person", "student", "ill", "disabled"] = "household"
    one_off: bool = False


Measure = Annotated[
    Industry | Microcredit | Relocation | Repair | Dibao | Transfer,
    Field(discriminator="type"),
]
CALENDAR = ("industry", "microcredit", "relocation", "repair", "transfer", "dibao")
"""Order in which the families act within a year, whatever the order in the file."""
