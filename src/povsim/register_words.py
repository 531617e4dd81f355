"""The words of the national register: headings with their variants, and what the words in the cells mean.

Choices made here, all *assumed* readings of the forms: able to work are 普通劳动力 and 技能劳动力, not
弱劳动力或半劳动力; at school is everybody from kindergarten to university; a household lacks schooling when a member is
entered as 辍学 or 失学 (age cannot be told without the identity number, which is never read); it lacks basic
medical cover when any member does not take part in 大病医疗; it lacks safe water when 饮水安全 says no or 饮水困难 says
yes.
"""

from __future__ import annotations

import re
import unicodedata

from povsim.mapping import Scalar
from povsim.terms import CATEGORIES, CAUSES, STATUSES, Status

HEADINGS: dict[str, tuple[str, ...]] = {
    "county": ("县", "行政县", "县区", "区县", "县市区", "县名称", "县区名称", "county"),
    "township": ("乡镇", "乡", "镇", "乡镇街道", "乡镇名称", "行政乡", "township", "town"),
    "village": ("行政村", "村", "村名", "行政村名称", "所在村", "村居", "village"),
    "household": ("户编号", "户编码", "户id", "家庭编号", "aac001", "household_id", "household"),
    "person_no": ("人编号", "人员编号", "人编码", "人id", "person_id", "person_no"),
    "relation": ("与户主关系", "与户主的关系", "和户主关系", "relation"),
    "year": ("年度", "年份", "数据年度", "统计年度", "aar040", "year"),
    "months": ("务工时间", "务工时长", "务工月数"),
    "persons": ("人数", "家庭人口数", "家庭人口", "家庭人数", "户人口数", "人口数", "persons"),
    "workers": ("劳动力人数", "劳动力数", "家庭劳动力人数", "workers"),
    "students": ("在校生人数", "在校生数", "在校学生人数", "students"),
    "ill": ("患病人数", "患大病人数", "ill"),
    "disabled": ("残疾人数", "残疾人口数", "disabled"),
    "wage": ("工资性收入", "务工收入", "aac082", "wage"),
    "business": ("生产经营性收入", "经营性收入", "家庭经营性收入", "aac071", "business"),
    "production_cost": ("生产经营性支出", "生产经营费用支出", "生产经营费用总支出", "经营性支出", "production_cost"),
    "property": ("财产性收入", "财产收入", "aac072", "property"),
    "transfer": ("转移性收入", "转移性收入合计", "aac090", "transfer"),
    "pension": ("养老保险金", "养老金", "其中养老保险金", "aac087", "pension"),
    "dibao": ("低保金", "最低生活保障金", "其中低保金", "aac077", "dibao"),
    "income_total": ("家庭年纯收入", "家庭纯收入", "年纯收入", "家庭年可支配收入", "income_total"),
    "income_per_head": ("人均纯收入", "家庭年人均纯收入", "家庭人均纯收入", "年人均纯收入", "人均可支配收入"),
    "housing_area": ("住房面积", "房屋面积", "housing_area"),
    "cause": ("主要致贫原因", "致贫原因", "cause"),
    "category": ("贫困户属性", "贫困户类型", "户属性", "category"),
    "status": ("脱贫属性", "脱贫状态", "脱贫情况", "status"),
    "status_year": ("脱贫年度", "脱贫年份", "脱贫时间", "status_year"),
    "weight": ("权数", "权重", "weight"),
    "poor_village": ("是否贫困村", "贫困村", "poor_village"),
    "collective_income": ("村集体经济收入", "集体经济收入", "collective_income"),
    "population_households": ("全村总户数", "村总户数", "population_households"),
    "population_persons": ("全村总人口", "村总人口", "population_persons"),
}
"""Role -> headings, the preferred first; written without blanks, units and brackets."""

MEMBER_HEADINGS: dict[str, tuple[str, ...]] = {
    "skill": ("劳动技能", "劳动能力", "劳动力状况"),
    "school": ("在校生状况", "在校生情况", "在校状况"),
    "health": ("健康状况", "健康情况"),
}
"""Columns that say something of each member, read where a row is a person."""

PARTS: dict[str, tuple[str, ...]] = {
    "transfer": ("计划生育金", "低保金", "五保金", "养老保险金", "生态补偿金", "其他转移性收入", "其他转移性收入合计"),
    "property": ("资产收益扶贫分红收入", "其他财产性收入"),
}
"""Items that add up to a source of income where its total is not in the file."""

GUARANTEE_HEADINGS: dict[str, tuple[tuple[tuple[str, ...], bool, str], ...]] = {
    "food": ((("不愁吃", "是否不愁吃"), True, "same"),),
    "clothing": ((("不愁穿", "是否不愁穿"), True, "same"),),
    "housing": (
        (("住房安全", "住房是否安全", "是否住房安全"), True, "same"),
        (("危房户", "是否危房", "是否危房户", "危房", "是否住房出现安全问题"), False, "same"),
    ),
    "water": (
        (("饮水安全", "饮水是否安全", "是否饮水安全"), True, "same"),
        (("饮水困难", "饮水是否困难", "是否饮水困难", "是否饮水出现安全问题"), False, "same"),
    ),
    "schooling": (
        (("义务教育", "义务教育是否有保障", "义务教育保障"), True, "same"),
        (("是否义务教育阶段适龄儿童少年失学辍学", "是否有辍学学生"), False, "same"),
    ),
    "insurance": (
        (
            ("参加大病医疗", "是否参加大病医疗", "是否参加居民医疗保险", "是否参加城乡居民基本医疗保险", "基本医疗"),
            True,
            "any",
        ),
        (("是否有家庭成员未参加城乡居民(职工)基本医疗保险", "是否有家庭成员未参加基本医疗保险"), False, "same"),
    ),
}
"""Guarantee -> (headings, whether yes means *met*, how rows of a household fold)."""

_YES = ("是", "有", "1", "true", "yes", "y", "√", "已")
_NO = ("否", "无", "0", "false", "no", "n", "×", "未", "没有", "不是")
_GOOD = ("安全", "a级", "b级", "非危房", "不困难", "参加", "已参加")
_BAD = ("不安全", "c级", "d级", "危房", "困难", "未参加", "不参加")

YES_NO: dict[str, Scalar] = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}
IS_MET: dict[str, Scalar] = {**YES_NO, **dict.fromkeys(_GOOD, True), **dict.fromkeys(_BAD, False)}
IS_PROBLEM: dict[str, Scalar] = {**YES_NO, **dict.fromkeys(_GOOD, False), **dict.fromkeys(_BAD, True)}
"""Under 住房安全 the word C级 is a no, under 危房户 it is a yes: each heading has its own list."""

SKILL: dict[str, Scalar] = {
    **dict.fromkeys(("普通劳动力", "技能劳动力", "有劳动能力", "有"), 1),
    **dict.fromkeys(
        (
            "丧失劳动力",
            "无劳动力",
            "无劳动能力",
            "弱劳动力或半劳动力",
            "弱劳动力",
            "半劳动力",
            "部分丧失劳动能力",
            "无",
        ),
        0,
    ),
}

_AT_SCHOOL = (
    *(
        "在校生",
        "学前教育",
        "幼儿园",
        "小学",
        "初中",
        "高中",
        "中职",
        "中专",
        "技校",
        "高职",
        "大专",
        "专科",
        "本科",
        "大学",
        "硕士",
    ),
    *("博士", "研究生", "是", *(f"小学{n}年级" for n in "一二三四五六"), *(f"初中{n}年级" for n in "一二三")),
    *("一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级"),
    *(f"{stage}{n}年级" for stage in ("高中", "中职", "中专", "大专", "高职", "本科", "大学") for n in "一二三四五"),
    *("普通高中", "职业高中", "高一", "高二", "高三", "义务教育", "硕士研究生", "博士研究生", "硕士及以上"),
    *(
        "普通高中一年级",
        "普通高中二年级",
        "普通高中三年级",
        "高职高专",
        "高职高专一年级",
        "高职高专二年级",
        "高职高专三年级",
    ),
)
_DROPPED_OUT = ("辍学", "失学", "失学辍学", "小学辍学", "初中辍学", "义务教育阶段辍学")
_NOT_AT_SCHOOL = ("非在校生", "不在校", "学龄前儿童", "已毕业", "毕业", "休学", "否", "无")

SCHOOL: dict[str, Scalar] = {**dict.fromkeys(_AT_SCHOOL, 1), **dict.fromkeys((*_NOT_AT_SCHOOL, *_DROPPED_OUT), 0)}
DROPOUT: dict[str, Scalar] = {**dict.fromkeys(SCHOOL, False), **dict.fromkeys(_DROPPED_OUT, True)}

_SICK = ("长期慢性病", "慢性病", "患有大病", "大病", "重病", "患病", "患有长期慢性病")
_DISABLED = ("残疾", "残疾人", "肢体残疾", "视力残疾", "听力残疾", "智力残疾", "精神残疾", "言语残疾", "多重残疾")
_WELL = ("健康", "良好", "一般", "正常", "较好")
ILL: dict[str, Scalar] = {**dict.fromkeys((*_WELL, *_DISABLED), 0), **dict.fromkeys(_SICK, 1)}
DISABLED: dict[str, Scalar] = {**dict.fromkeys((*_WELL, *_SICK), 0), **dict.fromkeys(_DISABLED, 1)}

HEAD_WORDS = frozenset({"户主", "本人", "本人或户主", "户主本人", "户主或本人", "head"})

CODES: dict[str, dict[str, int]] = {
    "status": {
        **{word: code for code, term in enumerate(STATUSES) for word in (term.code, term.zh, term.en, str(code))},
        **dict.fromkeys(("贫困户", "未脱贫户", "未脱贫贫困户", "预脱贫", "未脱贫(贫困户)"), int(Status.registered)),
        **dict.fromkeys(
            ("脱贫", "脱贫户", "已脱贫(享受政策)", "已脱贫(不享受政策)", "已脱贫(不再享受政策)", "稳定脱贫"), 2
        ),
        **dict.fromkeys(("返贫户", "已返贫", "脱贫又返贫"), int(Status.relapsed)),
        **dict.fromkeys(
            ("监测对象", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户", "边缘户"), int(Status.monitored)
        ),
        **dict.fromkeys(("一般农户", "非贫困户", "非建档立卡户"), int(Status.never_registered)),
    },
    "category": {
        **{word: code for code, term in enumerate(CATEGORIES) for word in (term.code, term.zh, term.en, str(code))},
        **dict.fromkeys(("一般贫困户", "一般农户", "一般脱贫户", "扶贫户"), 0),
        **dict.fromkeys(("低保贫困户", "低保脱贫户", "扶贫低保户", "低保"), 1),
        **dict.fromkeys(
            ("五保贫困户", "五保户", "五保", "特困供养户", "特困供养贫困户", "特困供养", "特困供养脱贫户"), 2
        ),
    },
    "cause": {
        **{word: n for n, term in enumerate(CAUSES, 1) for word in (term.code, term.zh, term.en, str(n))},
        **{f"{term.zh}致贫": n for n, term in enumerate(CAUSES, 1) if term.zh.startswith("因")},
        **dict.fromkeys(("无", "none", "0"), 0),
        **{"缺劳动力": 10, "缺乏劳动力": 10, "缺乏技术": 8, "缺乏资金": 9, "其它": 13, "自身发展力不足": 12},
    },
}
"""Coded column -> word -> code; the codes of `terms` are words too."""

_PERSONAL_ZH = re.compile("姓名|身份证|证件号|电话|手机|银行卡|卡号|账号|帐号|联系方式|住址|微信")
_PERSONAL_EN = re.compile(
    r"id_?card|id_?number|phone|telephone|mobile|bank_?account|passport|name$|^head_of_?household$"
)
_AREA_NAME = re.compile(r"^(village|township|town|county|city|province|area)_?name$")
_BRACKETS = re.compile(r"[(\[【]([^)\]】]*)[)\]】]$")


def heading_key(heading: str) -> str:
    """Return a heading in the form headings are compared in: half-width, lower case, no blanks.

    Examples
    --------
    >>> heading_key("人均纯收入（元） ")
    '人均纯收入(元)'
    """
    return "".join(unicodedata.normalize("NFKC", heading).split()).lower()


def heading_stem(heading: str) -> tuple[str, str]:
    """Return a heading without its last bracket, and what stood in the bracket.

    Examples
    --------
    >>> heading_stem("务工时间（月）"), heading_stem("乡（镇）")
    (('务工时间', '月'), ('乡', '镇'))
    """
    key = heading_key(heading)
    found = _BRACKETS.search(key)
    return (key[: found.start()], found[1]) if found and found.start() else (key, "")


def is_personal(heading: str) -> bool:
    """Whether a heading names personal data, which is never read.

    Examples
    --------
    >>> [is_personal(word) for word in ("户主姓名", "证件号码", "id_card", "与户主关系", "village_name")]
    [True, True, True, False, False]
    """
    key = heading_key(heading).replace(" ", "_")
    if key == "户主" or _PERSONAL_ZH.search(key):
        return True
    return bool(_PERSONAL_EN.search(key)) and not _AREA_NAME.search(key)
