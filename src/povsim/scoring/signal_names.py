"""The simulated names that an indicator may take its value from: what each means, its unit, what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Needs = Literal["nothing", "measures", "guarantees", "facilities", "tests"]
AREAS = ("county", "township", "village")


@dataclass(frozen=True)
class SignalName:
    """One simulated name.

    Attributes
    ----------
    code, unit, zh, en : str
        Name, unit of its values, meaning in both languages.
    of : str
        What ``of`` has to name: measures (codes or types, summed), guarantees or facilities (all of which have to be
        met), tests of the county (one).
    plan : str
        What ``plan`` stands for where it is used; empty where there is none. ``!`` at the end: the run never says it.
    sample : bool
        Whether it can be had as a sampled inspection sees it.
    stock : bool
        Whether a value to date is a reading of what stands (stocks, rates, growth), not a part of the year's sum;
        its profile cannot be a flow.
    levels : tuple of str
        Levels at which it exists.
    """

    code: str
    unit: str
    zh: str
    en: str
    of: Needs = "nothing"
    plan: str = ""
    sample: bool = False
    stock: bool = False
    levels: tuple[str, ...] = AREAS


_COUNTY = ("county",)
_ALL = (
    SignalName("headcount_ratio", "share", "真实收入贫困发生率", "true headcount ratio by income", stock=True),
    SignalName(
        "registered_ratio", "share", "建档立卡贫困发生率", "registered and relapsed persons over all", stock=True
    ),
    SignalName(
        "composite_incidence", "share", "综合贫困发生率", "registered, omitted and wrongly exited over all", stock=True
    ),
    SignalName("failing_ratio", "share", "真实未达标人口比例", "persons truly failing the exit standard", stock=True),
    SignalName("poverty_gap", "share", "贫困缺口率", "poverty gap", stock=True),
    SignalName("exits", "persons", "当年脱贫人数", "persons declared out of poverty in the year"),
    SignalName("exit_plan_completion", "ratio", "年度减贫计划完成率", "exits over the year's plan", plan="persons"),
    SignalName("villages_passing", "villages", "达标村数", "villages that pass the village standard", stock=True),
    SignalName(
        "villages_passing_share", "share", "达标村比例", "share of villages that pass the village standard", stock=True
    ),
    SignalName(
        "village_exit_plan_completion",
        "ratio",
        "贫困村退出计划完成率",
        "villages passing over the plan",
        plan="villages",
        stock=True,
    ),
    SignalName("relapses", "persons", "当年返贫人数", "persons who truly fell back in the year"),
    SignalName("relapse_rate", "share", "返贫率", "relapses over persons exited at the year's start"),
    SignalName("newly_poor_rate", "share", "新致贫率", "newly poor over unregistered persons"),
    SignalName("mean_income", "yuan per head and year", "人均可支配收入", "mean income per head"),
    SignalName(
        "income_growth",
        "share per year",
        "人均可支配收入增速",
        "growth of mean income per head over last year",
        stock=True,
    ),
    SignalName(
        "identification_accuracy",
        "share",
        "识别准确率",
        "persons rightly on or off the register, of all",
        sample=True,
        stock=True,
    ),
    SignalName(
        "omission_rate",
        "share",
        "漏评率",
        "unregistered persons truly failing, of the unregistered",
        sample=True,
        stock=True,
    ),
    SignalName("exit_accuracy", "share", "退出准确率", "sound exits over exits of the year", sample=True, stock=True),
    SignalName(
        "wrong_exit_rate", "share", "错退率", "exited persons truly failing, of the exited", sample=True, stock=True
    ),
    SignalName("coverage", "share", "措施覆盖率", "recipients in the year over listed households", of="measures"),
    SignalName(
        "coverage_so_far",
        "share",
        "措施累计覆盖率",
        "households taken on so far over listed households",
        of="measures",
        stock=True,
    ),
    SignalName("recipients", "households", "措施受益户数", "recipients in the year", of="measures"),
    SignalName("spending", "yuan per year", "措施支出", "spending on measures", of="measures"),
    SignalName(
        "measure_plan_completion",
        "ratio",
        "措施计划完成率",
        "recipients over planned places",
        of="measures",
        plan="households",
    ),
    SignalName("loans_outstanding", "yuan", "年末贷款余额", "loans running at year end", stock=True),
    SignalName("arrears_rate", "share", "贷款逾期率", "loans overdue over loans running and overdue", stock=True),
    SignalName("guarantee_met", "share", "保障达标率", "persons whose guarantees are met", of="guarantees", stock=True),
    SignalName(
        "facility_coverage", "share", "村设施覆盖率", "villages that have the facilities", of="facilities", stock=True
    ),
    SignalName(
        "collective_income", "yuan per village and year", "村均集体经济收入", "mean collective income of villages"
    ),
    SignalName(
        "collective_income_reached",
        "share",
        "集体经济收入达标村比例",
        "villages whose collective income reaches an amount",
        plan="yuan per village and year!",
        stock=True,
    ),
    SignalName("fund_spending", "yuan per year", "资金支出", "spent out of the funds", levels=_COUNTY),
    SignalName("fund_use_rate", "share", "资金报账率", "spent over the budgets of the funds", levels=_COUNTY),
    SignalName(
        "county_rate_seen",
        "share",
        "县级抽查指标",
        "rate of a county test as sampled",
        of="tests",
        levels=_COUNTY,
        stock=True,
    ),
    SignalName(
        "county_rate_true",
        "share",
        "县级指标真实值",
        "rate of a county test in truth",
        of="tests",
        levels=_COUNTY,
        stock=True,
    ),
)
SIGNALS = {name.code: name for name in _ALL}
"""All simulated names, by code; ``ratio`` is a share that may exceed one."""
