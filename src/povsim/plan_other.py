"""The measures beside the earning types: loans, relocation, works on guarantees, and yearly subsidies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from povsim.plan_frame import PER_HEAD, PER_HEAD_YEAR, PER_HOUSEHOLD, PER_HOUSEHOLD_YEAR, MeasureFrame
from povsim.quantity import Quantity
from povsim.rulebook import Meaning, a_share

PER_PUPIL_YEAR = "yuan per pupil and year"
Cures = Annotated[tuple[str, ...], Field(min_length=1)]
"""Guarantees that are met once a work is finished."""


class CreditLine(MeasureFrame):
    """A credit line is granted: the right to borrow, on which a loan may later draw (授信)."""

    type: Literal["credit_line"]
    amount: Annotated[Quantity, Meaning(PER_HOUSEHOLD, "授信额度", "credit line", 0.0)]
    open_years: Annotated[Quantity, Meaning("years", "授信有效期", "years that the line stays open", 1, 30)]
    unit_cost: Annotated[Quantity, Meaning(PER_HOUSEHOLD, "评级授信成本", "cost of rating and granting", 0.0)]


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


class Works(MeasureFrame):
    """Works on a household's guarantees: a subsidy, a part paid by the household, and a chance to be finished."""

    subsidy: Annotated[Quantity, Meaning(PER_HOUSEHOLD, "补助", "subsidy", 0.0)]
    self_paid: Annotated[
        Quantity, Meaning(PER_HOUSEHOLD, "自筹", "part paid by the household, which becomes debt", 0.0)
    ]
    repay_years: Annotated[Quantity, Meaning("years", "自筹还款年限", "years to pay the debt off", 1, 40)]
    completion: Annotated[Quantity, a_share("当年合格率", "share finished and found sound within the year")]


class Repair(Works):
    """Repair of a dangerous dwelling (危房改造)."""

    type: Literal["repair"]
    cures: Cures = ("housing",)


class Water(Works):
    """A connection to safe drinking water (饮水安全)."""

    type: Literal["water"]
    cures: Cures = ("water",)


class Enrolment(Works):
    """Enrolment in the basic medical insurance (参保)."""

    type: Literal["enrolment"]
    cures: Cures = ("insurance",)


class ReturnToSchool(Works):
    """Pupils who had left school are brought back (控辍保学)."""

    type: Literal["return_to_school"]
    cures: Cures = ("schooling",)


class Education(MeasureFrame):
    """Aid for each pupil by stage of education; paid each year (教育资助)."""

    type: Literal["education"]
    preschool: Annotated[Quantity, Meaning(PER_PUPIL_YEAR, "学前资助", "aid in preschool", 0.0)]
    compulsory: Annotated[Quantity, Meaning(PER_PUPIL_YEAR, "义务教育资助", "aid in compulsory schooling", 0.0)]
    senior: Annotated[Quantity, Meaning(PER_PUPIL_YEAR, "高中阶段资助", "aid in senior secondary schooling", 0.0)]
    tertiary: Annotated[Quantity, Meaning(PER_PUPIL_YEAR, "高等教育资助", "aid in tertiary education", 0.0)]


class Medical(MeasureFrame):
    """Part of the household's own medical cost is borne, and its insurance premium; paid each year (医疗救助)."""

    type: Literal["medical"]
    reimbursed: Annotated[Quantity, a_share("救助比例", "share of cost above the deductible that is borne")]
    deductible: Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "起付线", "cost the household bears first", 0.0)]
    ceiling: Annotated[Quantity, Meaning(PER_HOUSEHOLD_YEAR, "封顶线", "most that is paid in a year", 0.0)]
    premium: Annotated[Quantity, Meaning(PER_HEAD_YEAR, "参保缴费补助", "insurance premium that is paid", 0.0)]


class Transfer(MeasureFrame):
    """A flat amount to each household, or to each of its persons, pupils, ill or disabled members."""

    type: Literal["transfer"]
    amount: Annotated[Quantity, Meaning("yuan per recipient and year", "补助标准", "amount", 0.0)]
    per: Literal["household", "person", "student", "ill", "disabled"] = "household"
    one_off: bool = False


class Dibao(MeasureFrame):
    """Dibao: the difference between a standard and last year's income as assessed is paid."""

    type: Literal["dibao"]
    standard: Annotated[Quantity, Meaning(PER_HEAD_YEAR, "低保标准", "standard", 0.0)]
    paid_share: Annotated[Quantity, a_share("补差比例", "share of the difference that is paid")]
