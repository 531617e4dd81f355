"""What is believed about incomes, shocks and inspection: the part of a scenario that a planner does not choose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from povsim.quantity import Quantity, Rule, Year
from povsim.rulebook import Meaning, Named, a_share

LOG = "log points"
PER_YEAR = "share per year"
PER_PUPIL_YEAR = "yuan per pupil and year"


class Growth(Rule):
    """Yearly growth of the mean of each income source, nominal."""

    wage: Annotated[Quantity, Meaning(PER_YEAR, "工资性收入增长", "growth of wages", -0.9, 5.0)]
    business: Annotated[Quantity, Meaning(PER_YEAR, "经营收入增长", "growth of business income", -0.9, 5.0)]
    property: Annotated[Quantity, Meaning(PER_YEAR, "财产性收入增长", "growth of property income", -0.9, 5.0)]
    transfer: Annotated[Quantity, Meaning(PER_YEAR, "转移性收入增长", "growth of transfers", -0.9, 5.0)]


class Residual(Rule):
    """How the log of an income source departs from what area and household explain.

    The variance of the departure is split into a permanent part, a persistent part that fades by ``rho`` a year, a part
    of one year only, and measurement error; the shares sum to one.
    """

    permanent: Annotated[Quantity, a_share("永久成分", "permanent share of the variance")]
    persistent: Annotated[Quantity, a_share("持续成分", "persistent share of the variance")]
    transitory: Annotated[Quantity, a_share("暂时成分", "share of the variance that lasts one year")]
    error: Annotated[Quantity, a_share("测量误差", "measurement-error share of the variance")]
    rho: Annotated[Quantity, a_share("持续系数", "what is left of the persistent part after a year")]
    log_sd: Annotated[
        Quantity | None,
        Meaning(LOG, "对数标准差", "standard deviation of the departure; measured if not given", 0.0, 5.0),
    ] = None

    @model_validator(mode="after")
    def _whole(self) -> Residual:
        parts = (self.permanent, self.persistent, self.transitory, self.error)
        if any(isinstance(part.value, dict) for part in (*parts, self.rho)):
            raise ValueError("the shares and rho are single numbers, not dated paths")
        total = sum(part.at(0) for part in parts)
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"permanent, persistent, transitory and error should sum to 1; found {total:g}")
        return self


class CommonShocks(Rule):
    """Growth shocks that a whole county or village shares."""

    county_sd: Annotated[Quantity, Meaning(LOG, "县级增长波动", "yearly spread of the county's growth", 0.0, 1.0)]
    village_sd: Annotated[Quantity, Meaning(LOG, "村级增长波动", "yearly spread of a village's growth", 0.0, 1.0)]


class SourceShares(Rule):
    """How a register that knows only total income is split by source (one household: the shares of all)."""

    wage: Annotated[Quantity, a_share("工资占比", "share of wages")]
    business: Annotated[Quantity, a_share("经营净收入占比", "share of net business income")]
    property: Annotated[Quantity, a_share("财产占比", "share of property income")]
    transfer: Annotated[Quantity, a_share("转移占比", "share of transfers")]
    production_cost: Annotated[Quantity, a_share("经营成本率", "production cost, share of gross business income")]


class Incomes(Rule):
    """The income process: trend, household luck, and luck shared by areas."""

    growth: Growth
    wage: Residual
    business: Residual
    common: CommonShocks
    shift: Annotated[
        Quantity, Meaning("yuan per household and year", "对数平移", "added to income before taking logs", 0.0)
    ]
    source_shares: SourceShares | None = None


class Illness(Rule):
    """A member falls seriously ill."""

    hazard: Annotated[Quantity, a_share("患病率", "share of persons who fall ill in a year")]
    hazard_ill: Annotated[Quantity, a_share("慢病户患病率", "the same where a member is ill already")]
    cost: Annotated[Quantity, Meaning("yuan per case", "医疗费用", "cost of a case", 0.0)]
    cost_sd: Annotated[Quantity, Meaning(LOG, "费用差异", "spread of the cost", 0.0, 3.0)]
    reimbursement: Annotated[Quantity, a_share("报销比例", "share reimbursed to the insured")]
    work_loss: Annotated[Quantity, a_share("误工损失", "share of earnings lost while ill")]
    years: Annotated[Quantity, Meaning("years", "影响年限", "years that work is lost", 1, 20)]
    disability: Annotated[
        Quantity | None, a_share("致残率", "share of cases that leave a disability; none if not given")
    ] = None
    disability_loss: Annotated[
        Quantity | None, a_share("致残后收入损失", "share of earnings lost for good with it")
    ] = None
    cause_factor: Annotated[
        Quantity | None,
        Meaning("factor", "因病户患病倍数", "hazard of households poor from illness, times others'", 1.0, 20.0),
    ] = None


class JobLoss(Rule):
    """Wage work is lost."""

    hazard: Annotated[Quantity, a_share("失业率", "share of households with wages that lose work in a year")]
    wage_loss: Annotated[Quantity, a_share("工资损失", "share of wages lost while out of work")]
    years: Annotated[Quantity, Meaning("years", "影响年限", "years that work is lost", 1, 20)]
    cause_factor: Annotated[
        Quantity | None,
        Meaning(
            "factor",
            "缺技术缺劳力户失业倍数",
            "hazard of households poor from lack of skill or labour, times others'",
            1.0,
            20.0,
        ),
    ] = None


class SchoolingCost(Rule):
    """What a pupil costs a household in a year, by stage of education; it counts where the exit standard says so."""

    preschool: Annotated[Quantity, Meaning(PER_PUPIL_YEAR, "学前支出", "cost in preschool", 0.0)]
    compulsory: Annotated[Quantity, Meaning(PER_PUPIL_YEAR, "义务教育支出", "cost in compulsory schooling", 0.0)]
    senior: Annotated[Quantity, Meaning(PER_PUPIL_YEAR, "高中阶段支出", "cost in senior secondary schooling", 0.0)]
    tertiary: Annotated[Quantity, Meaning(PER_PUPIL_YEAR, "高等教育支出", "cost in tertiary education", 0.0)]


class Disaster(Rule):
    """A flood, drought or storm strikes villages, and in them a share of households."""

    village: Annotated[Quantity, a_share("受灾村比例", "share of villages struck in a year")]
    household: Annotated[Quantity, a_share("受灾户比例", "share of households hit in a struck village")]
    business_loss: Annotated[Quantity, a_share("经营损失", "share of gross business income lost by those hit")]
    dwelling: Annotated[Quantity, a_share("房屋受损率", "share of those hit whose dwelling becomes unsafe")]


class Shocks(Rule):
    """Shocks drawn each year; ``lapses`` gives, by guarantee, the share of households that lose it in a year."""

    illness: Illness
    job_loss: JobLoss | None = None
    lapses: dict[
        str, Annotated[Quantity, a_share("保障失效率", "share of households that lose the guarantee in a year")]
    ] = Field(default_factory=dict)
    disaster: Disaster
    schooling: SchoolingCost | None = None

    @model_validator(mode="after")
    def _lapses_within_one(self) -> Shocks:
        years = {year for entry in self.lapses.values() if isinstance(entry.value, dict) for year in entry.value} or {0}
        total = max(sum(entry.at(year) for entry in self.lapses.values()) for year in years)
        if total > 1.0:
            raise ValueError(f"a household loses one guarantee a year, so lapses sum to at most 1; found {total:g}")
        return self


class Check(Named):
    """One stage of the procedure between a household's review and its declared exit."""

    code: str
    catch: Annotated[Quantity, a_share("查出率", "share of wrong exits that the stage catches")]


class Inspection(Rule):
    """What inspectors see, how soon a poor household is found, and what stands between a review and a declared exit."""

    income_error: Annotated[Quantity, Meaning(LOG, "收入核查误差", "spread of the error in observed income", 0.0, 2.0)]
    overlooked: Annotated[Quantity, a_share("漏查率", "share of unmet guarantees that are overlooked")]
    false_alarm: Annotated[Quantity, a_share("误判率", "share of households wrongly seen to lack a guarantee")]
    found: Annotated[
        Quantity, a_share("发现率", "share of unregistered or fallen-back poor households found in a year")
    ]
    sample_villages: Annotated[Quantity, Meaning("villages", "抽查村数", "villages sampled in the county test", 1, 1e6)]
    sample_households: Annotated[
        Quantity, Meaning("households", "抽查户数", "households sampled in the county test", 2, 1e8)
    ]
    delay: Annotated[
        Quantity, Meaning("years", "纳入时滞", "years before a household that fell back is registered", 0, 20)
    ]
    checks: tuple[Check, ...] = ()
    poor_villages: Annotated[
        Quantity | None, Meaning("villages", "抽查贫困村数", "poor villages sampled in the county test", 0, 1e6)
    ] = None
    other_villages: Annotated[
        Quantity | None, Meaning("villages", "抽查非贫困村数", "other villages sampled in the county test", 0, 1e6)
    ] = None
    approval: Annotated[Quantity | None, a_share("群众认可度", "true share of those asked who approve")] = None

    @model_validator(mode="after")
    def _each_once(self) -> Inspection:
        codes = [check.code for check in self.checks]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"two checks share the code {twice[0]!r}")
        if (self.poor_villages is None) != (self.other_villages is None):
            raise ValueError("give poor_villages and other_villages both or neither")
        return self


class Monitoring(Rule):
    """From a year on, nobody is registered anew; households at risk are monitored instead, in three classes."""

    from_year: Year
    line: Annotated[
        Quantity, Meaning("yuan per head and year", "监测线", "income below which a household is at risk", 0.0)
    ]
    hardship_share: Annotated[
        Quantity, a_share("突发困难支出占比", "medical cost above this share of income is sudden hardship")
    ]
    found: Annotated[Quantity, a_share("监测发现率", "share of households at risk that are found in a year")]


class Alignment(Named):
    """A total that the simulation is brought to in the years its path names; other years are left as simulated."""

    total: Literal["exits", "mean_income"]
    value: Quantity

    @property
    def code(self) -> str:
        """The name under which the figure is found: its total, of which there is one each."""
        return self.total

    @model_validator(mode="after")
    def _dated_and_in_its_unit(self) -> Alignment:
        if not isinstance(self.value.value, dict):
            raise ValueError(
                "the value should be a dated path, one figure for each year to align, such as {2016: 5000}"
            )
        unit = "persons" if self.total == "exits" else "yuan per head and year"
        money, _, rest = self.value.unit.partition(" ")
        fits = self.value.unit == unit if self.total == "exits" else rest == "per head and year" and bool(money)
        if not fits:
            raise ValueError(f"the unit should be '{unit}'; found '{self.value.unit}'")
        return self


class References(Rule):
    """Figures of other places that tests compare with."""

    province_mean_income: Annotated[
        Quantity | None, Meaning("yuan per head and year", "全省农村居民人均可支配收入", "province's rural income", 0.0)
    ] = None
    collective_growth: Annotated[
        Quantity, Meaning("yuan per village and year", "村集体收入年增量", "yearly rise of villages' collective income")
    ]
