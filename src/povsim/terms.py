"""The vocabulary: names of dims, statuses, causes and columns with their units and labels in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Term:
    """One word of the vocabulary: its code, its labels and, for quantities, its unit."""

    code: str
    zh: str
    en: str
    unit: str = ""

    def label(self, lang: Language) -> str:
        """Return the label in the language asked for."""
        return self.zh if lang == "zh" else self.en


class Status(IntEnum):
    """Register status of a household at year end."""

    never_registered = 0
    registered = 1
    exited = 2
    relapsed = 3
    monitored = 4


STATUSES = (
    Term("never_registered", "未建档", "never registered"),
    Term("registered", "未脱贫", "registered"),
    Term("exited", "已脱贫", "exited"),
    Term("relapsed", "返贫", "relapsed"),
    Term("monitored", "监测户", "monitored"),
)

SOURCES = (
    Term("wage", "工资性收入", "wage income", "yuan"),
    Term("business", "经营净收入", "net business income", "yuan"),
    Term("property", "财产净收入", "property income", "yuan"),
    Term("transfer", "转移净收入", "transfer income", "yuan"),
    Term("total", "合计", "total", "yuan"),
)
"""The four official income sources and their total; business income is net of production cost."""

CAUSES = (
    Term("illness", "因病", "illness"),
    Term("disability", "因残", "disability"),
    Term("schooling", "因学", "schooling"),
    Term("disaster", "因灾", "disaster"),
    Term("marriage", "因婚", "marriage"),
    Term("land", "缺土地", "lack of land"),
    Term("water", "缺水", "lack of water"),
    Term("skill", "缺技术", "lack of skill"),
    Term("capital", "缺资金", "lack of capital"),
    Term("labour", "缺劳力", "lack of labour"),
    Term("traffic", "交通条件落后", "poor traffic"),
    Term("drive", "自身发展动力不足", "lack of drive"),
    Term("other", "其他", "other"),
)
"""Main cause of poverty: the register's twelve and 'other'; in data the code is the position + 1, 0 is none."""

CATEGORIES = (
    Term("general", "一般户", "general"),
    Term("dibao", "低保户", "dibao household"),
    Term("tekun", "特困户", "tekun household"),
)
"""Household category; in data the code is the position."""

GUARANTEES = (
    Term("food", "不愁吃", "food"),
    Term("clothing", "不愁穿", "clothing"),
    Term("housing", "住房安全", "safe housing"),
    Term("water", "饮水安全", "safe water"),
    Term("schooling", "义务教育", "schooling"),
    Term("insurance", "基本医疗", "medical insurance"),
)
"""The official two worries and three guarantees (water counted on its own); another country names its own."""


MONITORED_CLASSES = (
    Term("unstable", "脱贫不稳定户", "exited and unstable"),
    Term("marginal", "边缘易致贫户", "marginal, never registered"),
    Term("hardship", "突发严重困难户", "sudden hardship"),
)
"""Classes of monitored households; in data the code is the position + 1."""

FACILITY_TERMS = (
    Term("road", "通村公路", "road"),
    Term("power", "动力电", "power"),
    Term("broadband", "宽带网络", "broadband"),
    Term("broadcasting", "广播电视", "broadcasting"),
    Term("clinic", "村卫生室", "clinic"),
    Term("culture_room", "文化活动室", "culture room"),
    Term("services", "综合服务平台", "service centre"),
)
"""Facilities that a village may lack."""


def position(terms: tuple[Term, ...], code: str) -> int:
    """Return the position of a code in a tuple of terms.

    Examples
    --------
    >>> position(CAUSES, "illness")
    0
    """
    return [term.code for term in terms].index(code)


@dataclass(frozen=True)
class Column:
    """One household column of a register Dataset: its NumPy type, unit, labels and the rule for a missing value.

    ``missing`` is the declared policy: ``refuse`` (an error names the rows), ``zero`` (nothing is meant by a blank),
    ``median`` (the register's median by category), ``unknown`` (a code of its own). Every use is counted.
    """

    code: str
    dtype: str
    unit: str
    zh: str
    en: str
    missing: Literal["refuse", "zero", "median", "unknown"] = "zero"


REGISTER_COLUMNS = (
    Column("persons", "int16", "persons", "家庭人口数", "persons in the household", "refuse"),
    Column("workers", "int16", "persons", "劳动力人数", "persons able to work"),
    Column("students", "int16", "persons", "在校生人数", "members at school"),
    Column("ill", "int16", "persons", "患病人数", "members with a serious or chronic illness"),
    Column("disabled", "int16", "persons", "残疾人数", "disabled members"),
    Column("wage", "float32", "yuan per household and year", "工资性收入", "wage income", "median"),
    Column("business", "float32", "yuan per household and year", "生产经营性收入", "gross business income", "median"),
    Column("production_cost", "float32", "yuan per household and year", "生产经营性支出", "production cost", "zero"),
    Column("property", "float32", "yuan per household and year", "财产性收入", "property income", "zero"),
    Column("transfer", "float32", "yuan per household and year", "转移性收入", "transfer income, all items", "median"),
    Column("pension", "float32", "yuan per household and year", "其中养老保险金", "pensions within transfers"),
    Column("dibao", "float32", "yuan per household and year", "其中低保金", "dibao within transfers"),
    Column("housing_area", "float32", "square metres", "住房面积", "dwelling area", "median"),
    Column("cause", "int8", "code", "主要致贫原因", "main cause of poverty (terms.CAUSES, 0 none)", "unknown"),
    Column("category", "int8", "code", "贫困户属性", "household category (terms.CATEGORIES)", "zero"),
    Column("status", "int8", "code", "脱贫属性", "register status (terms.Status)", "zero"),
    Column("status_year", "int16", "year", "状态年度", "year of the last change of status, 0 unknown"),
    Column("weight", "int32", "count units", "权数", "households of the population this row stands for", "refuse"),
    Column("synthetic", "bool", "flag", "是否合成", "made by povsim, not read from a file"),
)
"""Household variables of a register Dataset, beside ``deprived(household, guarantee)`` and the membership."""
