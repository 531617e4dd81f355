"""Scorecards in sentences: every rule type with its numbers, conditions, consequences, warnings, in both languages."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import povsim
from povsim.errors import InputError
from povsim.quantity import validate
from povsim.scoring.describe import (
    award_sentence,
    condition_sentence,
    grades_sentence,
    near_veto,
    near_veto_sentence,
    rule_sentence,
    target_sentence,
    ties_sentence,
    trigger_sentence,
    value_sentence,
    veto_sentence,
)
from povsim.scoring.describe_card import sections
from povsim.scoring.rule_schema import ScoringRule
from povsim.scoring.rules import item_points
from povsim.scoring.schema import Indicator, Scorecard
from povsim.scoring.scorecard import figures_of, read_scorecard, shipped_scorecards
from povsim.scoring.signal_names import SIGNALS
from povsim.scoring.template import card_template, write_card_template
from povsim.scoring.verdict_schema import Award, Condition
from povsim.wording import read_room

TOLD = {"source": "made up", "status": "assumed"}
LANGUAGES = ("zh", "en")


def entry(value: Any, unit: str, **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, **TOLD, **more}


def item(rule: dict[str, Any], *, target: Any = None, **more: Any) -> Indicator:
    data = {
        "code": "a",
        "name_zh": "甲",
        "name_en": "A",
        "points": 16.0,
        "unit": "share",
        "value_from": {"entered": "own"},
    }
    data |= {"rule": {**rule, **TOLD}, **TOLD, **more}
    if target is not None:
        data["target"] = entry(target, data["unit"])
    return validate(Indicator, data, "item")


LINEAR = {"type": "linear_deduction", "step": 0.001, "deduct": 1.0}
BANDS = {
    "type": "bands",
    "closed": "low",
    "bands": [
        {"high": 0.6, "points": 0.0},
        {"low": 0.6, "high": 0.8, "points_at_low": 4.0, "points_at_high": 8.0},
        {"low": 0.8, "points": 16.0},
    ],
}
MEAN = {"type": "relative_to_mean", "at_mean": 10.0, "floor": 5.0, "cap": 16.0}
LOWER = {"direction": "lower"}
SENTENCES: list[tuple[Indicator, str, str]] = [
    (
        item({"type": "gate"}, target=1.0),
        "须不低于100%：达到得16分，否则得0分且整体不合格",
        "has to be at least 100 %: 16 points when it is, otherwise 0 and the unit fails as a whole",
    ),
    (
        item({"type": "gate", "strict": True}, target=0.02, points=0.0, **LOWER),
        "须低于2%，否则整体不合格；本项不计分",
        "has to be below 2 %, otherwise the unit fails as a whole; it earns no points",
    ),
    (
        item({"type": "all_or_nothing", "strict": True}, target={2016: 0.2, 2017: 0.3}),
        "高于目标值（2016年20%，2017年30%）得满分16分，否则得0分",
        "full 16 points when above the target (2016: 20 %, 2017: 30 %), otherwise 0",
    ),
    (
        item({"type": "all_or_nothing"}, target=1.0, unit="0 or 1"),
        "满足得满分16分，否则得0分",
        "full 16 points when met, otherwise 0",
    ),
    (
        item(LINEAR, target=1.0),
        "达到100%得满分16分；每低0.1个百分点扣1分，扣完为止",
        "full 16 points at 100 %; each 0.1 percentage point short takes 1 point off, down to 0",
    ),
    (
        item({**LINEAR, "steps": "full", "floor": 4.0}, target=1.0),
        "达到100%得满分16分；每低满0.1个百分点扣1分，不足的不扣，最低4分",
        "full 16 points at 100 %; each full 0.1 percentage point short takes 1 point off, parts take none, "
        "down to 4 points",
    ),
    (
        item({**LINEAR, "steps": "started", "step": 2.0, "deduct": 0.5}, target=10.0, unit="persons", **LOWER),
        "不高于10人得满分16分；每高2人扣0.5分，不足的也按此扣，扣完为止",
        "full 16 points up to 10 persons; each started 2 persons more takes 0.5 points off, down to 0",
    ),
    (
        item({"type": "proportional"}),
        "按比例得分：100%得满分16分，0%得0分",
        "in proportion: full 16 points at 100 %, 0 at 0 %",
    ),
    (
        item({"type": "proportional"}, **LOWER),
        "按比例得分：0%得满分16分，100%得0分",
        "in proportion, lower is better: full 16 points at 0 %, 0 at 100 %",
    ),
    (
        item({"type": "proportional_to_norm", "norm": 2500.0, "cap": 1.5}, unit="yuan per head and year"),
        "按数值与2,500元/人·年之比得分：等于时得16分；最多24分",
        "in proportion to the value over 2,500 yuan per head and year: 16 points where they are equal, "
        "no more than 24 points",
    ),
    (
        item({"type": "proportional_to_norm", "cap": None}, target={2016: 2.0, 2017: 1.0}, unit="persons", **LOWER),
        "按标准值（2016年2；2017年1人）与数值之比得分：等于时得16分；不封顶",
        "in proportion to the norm (2016: 2; 2017: 1 persons) over the value: 16 points where they are equal, "
        "with no upper limit",
    ),
    (
        item(MEAN),
        "等于各单位平均值得10分，高低按比例增减，最低5分，最高16分",
        "10 points at the mean of the units compared, more or less in proportion, at least 5 points, at most 16 points",
    ),
    (
        item({"type": "coefficient", "coefficient": 4.0}, unit="villages"),
        "4分乘以数值得分，最多16分，最低0分",
        "4 points times the value, at most 16 points, at least 0",
    ),
    (
        item({"type": "coefficient", "coefficient": 20.0}),
        "20分乘以数值（100%作1）得分，最多16分，最低0分",
        "20 points times the value (100 % counts as 1), at most 16 points, at least 0",
    ),
    (
        item(BANDS),
        "分档得分：低于60%得0分；60%至不足80%得4分至8分（按比例）；80%及以上得16分",
        "by bands: 0 points below 60 %; 4 points to 8 points, evenly, from 60 % to below 80 %; 16 points from 80 %",
    ),
    (
        item({**BANDS, "closed": "high"}),
        "分档得分：60%及以下得0分；高于60%至80%得4分至8分（按比例）；高于80%得16分",
        "by bands: 0 points up to 60 %; 4 points to 8 points, evenly, above 60 % up to 80 %; 16 points above 80 %",
    ),
    (
        item({"type": "rank", "step": 0.25, "floor": 2.0}),
        "第1名得满分16分，每后移一名少得0.25分，最低2分（按数值从高到低排名）",
        "full 16 points for the first place, 0.25 points less for each place after it, at least 2 points "
        "(ranked by value from the highest)",
    ),
    (
        item({"type": "rank", "points_by_place": [16.0, 1.0], "value_is_rank": True}, unit="place", **LOWER),
        "第1名得16分，第2名得1分，其后各名得0分（数值即公布的名次）",
        "16 points for place 1, 1 point for place 2, 0 points for places beyond "
        "(the value is a rank in a published table)",
    ),
    (
        item({"type": "defects", "deduct": 2.0}, unit="defects", **LOWER),
        "满分16分；每发现一处扣2分，扣完为止",
        "full 16 points without defects; each defect takes 2 points off, down to 0",
    ),
    (
        item({"type": "defects", "deduct": 2.0, "floor": None}, unit="defects", points=0.0, **LOWER),
        "每发现一处扣2分，扣到所在类别的下限为止",
        "each defect takes 2 points off, down to the floor of the group",
    ),
    (
        item({"type": "zero_on_defect"}, unit="defects", **LOWER),
        "没有问题得满分16分，有一处即得0分",
        "full 16 points without defects; any defect takes all of them",
    ),
    (
        item({"type": "zero_on_defect", "deduct": 3.0}, unit="defects", **LOWER),
        "没有问题得满分16分，有问题即扣3分，不论几处",
        "full 16 points without defects; any defect takes 3 points off, however many there are",
    ),
    (
        item({"type": "ledger", "bonus_cap": 2.0}, unit="points", points=0.0),
        "在总分之外加减分：加分最多2分，扣分不设限",
        "points added or taken off after the sum: at most 2 points added, deductions without limit",
    ),
    (
        item({"type": "ledger", "bonus_cap": 0.0, "penalty_cap": 5.0}, unit="points", points=0.0),
        "在总分之外加减分：不加分，扣分最多5分",
        "points added or taken off after the sum: no additions, at most 5 points taken off",
    ),
]


@pytest.mark.parametrize(("one", "zh", "en"), SENTENCES, ids=lambda value: getattr(value, "code", None))
def test_a_rule_is_one_sentence_in_both_languages(one: Indicator, zh: str, en: str) -> None:
    assert (rule_sentence(one, "zh"), rule_sentence(one, "en")) == (zh, en)


def test_all_twelve_types_have_sentences() -> None:
    types = {get_args(rule.model_fields["type"].annotation)[0] for rule in get_args(get_args(ScoringRule)[0])}
    assert {one.rule.type for one, _, _ in SENTENCES} == types
    assert len(types) == 12


def school(**rule: Any) -> Indicator:
    return item({**LINEAR, **rule}, target=1.0, points=4.0)


def test_four_points_that_are_gone_at_four_tenths_of_a_point_are_nearly_a_veto() -> None:
    assert near_veto(school()) == pytest.approx(0.004)
    zh, en = near_veto_sentence(school(), "zh"), near_veto_sentence(school(), "en")
    assert zh == "近乎一票否决：比目标低0.4个百分点，4分就全部扣完"
    assert en == "nearly a veto, all 4 points are gone 0.4 percentage point short of the target"


@pytest.mark.parametrize(
    "one",
    [
        school(floor=1.0),
        school(step=0.01),
        item({"type": "proportional"}),
        item({"type": "zero_on_defect", "deduct": 3.0}, unit="defects", **LOWER),
        item({"type": "defects", "deduct": 2.0}, unit="defects", **LOWER),
        item({"type": "defects", "deduct": 20.0, "floor": 1.0}, unit="defects", **LOWER),
        item({**LINEAR, "step": 1.0}, target=100.0, points=4.0, unit="persons"),
    ],
    ids=["points left", "four percentage points", "no steps", "3 of 16", "2 of 16", "one left", "4 of 100 persons"],
)
def test_what_leaves_points_or_room_is_no_near_veto(one: Indicator) -> None:
    assert near_veto(one) is None
    assert near_veto_sentence(one, "en") is None


ANY_ZH, ANY_EN = "近乎一票否决：只要未达标，16分就全部失去", "nearly a veto, any shortfall takes all 16 points"
BEYOND_ZH = "近乎一票否决：只要超标，16分就全部失去"
BEYOND_EN = "nearly a veto, anything beyond the target takes all 16 points"
DEFECT_ZH = "近乎一票否决：只要有一处问题，16分就全部失去"
DEFECT_EN = "nearly a veto, a single defect takes all 16 points"
GATE_ZH, GATE_EN = "一票否决：只要未达标，整体即不合格", "a veto, missing the target fails the unit as a whole"


@pytest.mark.parametrize(
    ("one", "zh", "en"),
    [
        (item({"type": "all_or_nothing"}, target=1.0), ANY_ZH, ANY_EN),
        (item({"type": "all_or_nothing", "strict": True}, target=0.02, **LOWER), BEYOND_ZH, BEYOND_EN),
        (item({**LINEAR, "deduct": 16.0, "steps": "started"}, target=1.0), ANY_ZH, ANY_EN),
        (item({"type": "zero_on_defect"}, unit="defects", **LOWER), DEFECT_ZH, DEFECT_EN),
        (item({"type": "zero_on_defect", "deduct": 16.0}, unit="defects", **LOWER), DEFECT_ZH, DEFECT_EN),
        (item({"type": "defects", "deduct": 20.0}, unit="defects", **LOWER), DEFECT_ZH, DEFECT_EN),
        (item({"type": "gate"}, target=1.0), GATE_ZH, GATE_EN),
        (item({"type": "gate"}, target=1.0, points=0.0), GATE_ZH, GATE_EN),
    ],
    ids=["all or nothing", "above", "one step", "defect", "deduct all", "one of one", "gate", "gate without points"],
)
def test_what_any_shortfall_takes_is_said_plainly(one: Indicator, zh: str, en: str) -> None:
    assert near_veto(one) == 0.0
    assert (near_veto_sentence(one, "zh"), near_veto_sentence(one, "en")) == (zh, en)


TARGETS: list[tuple[Indicator, str, str]] = [
    (item({"type": "proportional"}), "", ""),
    (item({"type": "gate"}, target=0.5, unit="ratio"), "不低于50%", "at least 50 %"),
    (item({"type": "gate", "strict": True}, target=0.02, **LOWER), "低于2%", "below 2 %"),
    (item({"type": "gate"}, target=1.0, unit="0 or 1"), "满足", "met"),
    (
        item({"type": "gate"}, target={2017: 60.0, 2016: 70.0}, unit="persons", **LOWER),
        "2016年不高于70人；2017年不高于60人",
        "2016: at most 70 persons; 2017: at most 60 persons",
    ),
    (item({"type": "gate"}, target={2016: 0.3, 2017: 0.3}), "不低于30%", "at least 30 %"),
]


@pytest.mark.parametrize(("one", "zh", "en"), TARGETS)
def test_a_target_is_said_year_by_year_where_it_changes(one: Indicator, zh: str, en: str) -> None:
    assert (target_sentence(one, "zh"), target_sentence(one, "en")) == (zh, en)


def test_one_per_cent_of_a_target_that_is_no_share_is_near() -> None:
    one = item({**LINEAR, "step": 1.0}, target={2016: 300.0, 2017: 400.0}, points=4.0, unit="persons", **LOWER)
    # Falling targets are for the reader of the card; here only the size of the largest counts.
    assert near_veto(one) == 4.0
    assert near_veto_sentence(one, "en") == "nearly a veto, all 4 points are gone 4 persons above the target"


@given(
    points=st.integers(1, 20),
    deduct=st.sampled_from([0.5, 1.0, 2.0, 3.0]),
    step=st.sampled_from([0.0005, 0.001, 0.002]),
    steps=st.sampled_from(["proportional", "full", "started"]),
)
def test_beyond_a_near_veto_there_are_no_points_and_before_it_there_are(
    points: int, deduct: float, step: float, steps: str
) -> None:
    one = item({**LINEAR, "deduct": deduct, "step": step, "steps": steps}, target=1.0, points=float(points))
    shortfall = near_veto(one)
    counted = {"proportional": points / deduct, "full": math.ceil(points / deduct)}
    expected = counted.get(steps, math.ceil(points / deduct) - 1) * step
    assert (shortfall is None) == (expected > 0.01 + 1e-9)
    if shortfall is None:
        return
    assert shortfall == pytest.approx(expected)
    values = np.array([[1 - shortfall - step / 10, 1 - shortfall + step / 10]], dtype=np.float32)
    beyond, before = item_points(one, values, [2017])[0]
    assert beyond == 0
    assert before > 0


ASSUMED = entry(0.9, "share", spread={"type": "uniform", "low": 0.8, "high": 1.0})
VALUES: list[tuple[dict[str, Any], str, str]] = [
    ({"entered": "own"}, "填报", "entered"),
    ({"entered": "house"}, "填报：house", "entered as house"),
    (
        {"entered": "a", "otherwise": entry(0.9, "share")},
        "填报，未填报时假定90%",
        "entered, until then assumed to be 90 %",
    ),
    (
        {"entered": "own", "raters": {"village": 0.25, "visitors": 0.75}},
        "填报，由村占25%，visitors占75%评分加权",
        "entered, rated by village (25 %), visitors (75 %)",
    ),
    ({"assumed": ASSUMED}, "假定：90%（80%至100%之间）", "assumed: 90 % (between 80 % and 100 %)"),
    (
        {"assumed": entry(0.9, "share", spread={"type": "normal", "sd": 0.02})},
        "假定：90%（标准差2个百分点）",
        "assumed: 90 % (standard deviation 2 percentage points)",
    ),
    (
        {"assumed": entry({2016: 0.8, 2017: 0.9}, "share", spread={"type": "uniform", "low": -0.01, "high": 0.01})},
        "假定：2016年80%，2017年90%（各年一同上下，-1个百分点至1个百分点）",
        "assumed: 2016: 80 %, 2017: 90 % (all years shifted alike by -1 percentage point to 1 percentage point)",
    ),
    ({"scorecard": "other"}, "另一评分表的得分率：other", "share of the points of another scorecard: other"),
    (
        {"simulated": "guarantee_met", "of": ["housing", "own_code"]},
        "模拟：保障达标率（住房安全，own_code）",
        "simulated: persons whose guarantees are met (safe housing, own_code)",
    ),
    (
        {"simulated": "exit_accuracy", "sample": entry(300.0, "households")},
        "模拟：退出准确率，抽查300户",
        "simulated: sound exits over exits of the year, as a sample of 300 households sees it",
    ),
    (
        {"simulated": "exit_plan_completion", "plan": entry({2016: 1200.0, 2017: 1.0}, "persons")},
        "模拟：年度减贫计划完成率，计划数2016年1,200；2017年1人",
        "simulated: exits over the year's plan, with a plan of 2016: 1,200; 2017: 1 persons",
    ),
]


@pytest.mark.parametrize(("source", "zh", "en"), VALUES)
def test_a_sentence_says_where_the_value_comes_from(source: dict[str, Any], zh: str, en: str) -> None:
    one = item({"type": "proportional"}, value_from=source)
    assert (value_sentence(one, "zh"), value_sentence(one, "en")) == (zh, en)


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Scorecard:
    path = tmp_path_factory.mktemp("card") / "own.yaml"
    return read_scorecard(write_card_template(path, "own"))


@pytest.fixture(scope="module")
def ranked() -> Scorecard:
    return read_scorecard("xiangyin-2016")


POOR = {"grade": "poor"}
CONDITIONS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"indicator": "wrong_exits", "comparison": ">", "threshold": 0.02},
        "错退率高于2%",
        "wrong exits above 2 %",
    ),
    (
        {"indicator": "wrong_exits", "of": "points", "comparison": "<", "threshold": 1.0},
        "错退率得分低于1分",
        "points for wrong exits below 1 point",
    ),
    (
        {"indicator": "wrong_exits", "of": "share", "comparison": "<=", "threshold": 0.5},
        "错退率得分率不高于50%",
        "share of the points for wrong exits at most 50 %",
    ),
    ({"finding": "fund_misuse"}, "查实“违规使用扶贫资金”", "found: funds misused"),
    (
        {"finding": "fund_misuse", "comparison": ">=", "threshold": 2.0},
        "查实“违规使用扶贫资金”且程度不低于2（严重）",
        "found: funds misused, severity at least 2 (serious)",
    ),
    ({"total": True, "comparison": "<", "threshold": 60.0}, "总分低于60分", "total below 60 points"),
    ({"target_missed": "exit_plan"}, "年度减贫计划完成率未达到目标", "target missed: yearly exit plan fulfilled"),
    (POOR, "等次为较差", "grade poor"),
    (
        {"all": [POOR, {"any": [POOR, {"finding": "fund_misuse"}]}]},
        "等次为较差且（等次为较差或查实“违规使用扶贫资金”）",
        "grade poor and (grade poor or found: funds misused)",
    ),
]


@pytest.mark.parametrize(("data", "zh", "en"), CONDITIONS)
def test_a_condition_is_a_sentence(card: Scorecard, data: dict[str, Any], zh: str, en: str) -> None:
    condition = validate(Condition, data, "condition")
    assert (condition_sentence(condition, card, "zh"), condition_sentence(condition, card, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("comparison", "zh", "en"),
    [
        (">", "排在第5名之后", "below place 5"),
        (">=", "排在第5名或之后", "at place 5 or below"),
        ("<", "排在第5名之前", "above place 5"),
        ("<=", "排在第5名或之前", "at place 5 or above"),
    ],
)
def test_a_low_place_is_a_high_number(ranked: Scorecard, comparison: str, zh: str, en: str) -> None:
    condition = validate(Condition, {"peer_rank": "total", "comparison": comparison, "threshold": 5.0}, "condition")
    assert ranked.peers is not None
    assert condition_sentence(condition, ranked, "zh") == f"总分在{ranked.peers.name_zh}中{zh}"
    assert condition_sentence(condition, ranked, "en") == f"total: among {ranked.peers.name_en}, {en}"


VETO = {"code": "v", "name_zh": "否", "name_en": "veto", "when": {"finding": "fund_misuse"}, **TOLD}


@pytest.mark.parametrize(
    ("effect", "zh", "en"),
    [
        ({"effect": "fail"}, "整体不合格", "the unit fails as a whole"),
        ({"effect": "zero"}, "总分记0分", "the total becomes 0"),
        ({"effect": "zero", "of": "exit_plan"}, "年度减贫计划完成率记0分", "yearly exit plan fulfilled becomes 0"),
        ({"effect": "zero", "of": "work"}, "工作落实记0分", "work becomes 0"),
        ({"effect": "cap", "grade": "good"}, "等次最高为良好", "the grade can be no better than good"),
        ({"effect": "deduct", "value": 5.0}, "总分扣5分", "5 points off the total"),
        ({"effect": "disqualify"}, "取消全部评先评优资格", "out of all awards"),
        (
            {"effect": "disqualify", "awards": ["commended"], "ranking": True},
            "取消资格：表彰，不参加排名",
            "out of: commended and out of the ranking",
        ),
    ],
)
def test_a_veto_says_what_it_does(card: Scorecard, effect: dict[str, Any], zh: str, en: str) -> None:
    veto = validate(type(card.vetoes[0]), {**VETO, **effect}, "veto")
    assert veto_sentence(veto, card, "zh") == f"查实“违规使用扶贫资金”：{zh}"
    assert veto_sentence(veto, card, "en") == f"found: funds misused: {en}"
    idle = veto.model_copy(update={"active": False})
    assert veto_sentence(idle, card, "zh").startswith("（默认不启用）查实")
    assert veto_sentence(idle, card, "en").startswith("(not active by default) found")


def test_a_veto_on_single_items_strikes_those_who_answer(ranked: Scorecard) -> None:
    veto = next(veto for veto in ranked.vetoes if veto.scope == "item")
    assert "该指标的责任单位取消" in veto_sentence(veto, ranked, "zh")
    assert "the units that answer for the item are out of" in veto_sentence(veto, ranked, "en")


def test_a_trigger_names_its_ladder_with_all_steps(card: Scorecard) -> None:
    assert trigger_sentence(card.triggers[0], card, "zh") == (
        "查实“违规使用扶贫资金”：启动“问责”（程度1（一般）起约谈；程度2（严重）起通报批评；程度3（涉嫌犯罪）起移送司法）"
    )
    assert trigger_sentence(card.triggers[0], card, "en") == (
        "found: funds misused: sets off accountability (called in from severity 1 (found); "
        "named in a circular from severity 2 (serious); handed to the courts from severity 3 (criminal))"
    )


def test_grades_by_cutoff_and_by_share(card: Scorecard) -> None:
    grades = card.grades
    assert grades is not None
    assert grades_sentence(grades, "zh") == "优秀：90分及以上；良好：75分及以上；较差：其余"
    names = [{"code": code, "name_zh": "级", "name_en": code} for code in "abc"]
    shared = [{**names[0], "share": 0.2}, {**names[1], "share": 0.3}, names[2]]
    by_share = validate(type(grades), {"by": "share", "grades": shared, "rounding": "ceil", **TOLD}, "grades")
    assert grades_sentence(by_share, "en") == (
        "a: the first 20 %; b: the next 30 %; c: the rest; numbers of units rounded up"
    )


@pytest.mark.parametrize(
    ("data", "zh", "en"),
    [
        (
            {"type": "top_share", "share": 0.2, "rounding": "half_up", "within_class": True},
            "奖励：同类单位排名前20%，四舍五入；末位并列的全部列入",
            "reward: the first 20 % of each class, rounded, halves up; all that tie at the edge are taken",
        ),
        (
            {"type": "bottom_count", "count": 3, "penalty": True, "ties_at_edge": "none"},
            "问责：全部单位排名后3名；末位并列的都不列入",
            "consequence: the last 3 of all units; none that tie at the edge are taken",
        ),
        ({"type": "cutoff", "at_least": 90.0}, "奖励：总分90分及以上", "reward: a total from 90 points"),
        (
            {"type": "consecutive", "grade": "good", "years": 3},
            "奖励：连续3年等次为良好",
            "reward: grade good 3 years in a row",
        ),
    ],
)
def test_an_award_says_who_gets_it(card: Scorecard, data: dict[str, Any], zh: str, en: str) -> None:
    award = validate(Award, {"code": "w", "name_zh": "奖", "name_en": "award", **data, **TOLD}, "award")
    assert (award_sentence(award, card, "zh"), award_sentence(award, card, "en")) == (zh, en)


def test_ties_name_the_items_that_break_them(card: Scorecard) -> None:
    assert (
        ties_sentence(card.ties, card, "zh") == "总分相同依次比较年度减贫计划完成率的得分，仍相同的都取其中最前的名次"
    )
    worst = card.ties.model_copy(update={"break_by": (), "rank": "worst"})
    assert ties_sentence(worst, card, "en") == (
        "units with equal totals are not told apart: all get the worst of their places"
    )


def test_the_template_is_a_scorecard_in_whose_comments_both_languages_stand(card: Scorecard) -> None:
    assert card.code == "own"
    assert sum(one.points for one in card.indicators) == card.total_points
    comments = [line for line in card_template().splitlines() if line.lstrip().startswith("#")]
    assert any(re.search("[\u4e00-\u9fff]", line) for line in comments)
    assert any(not re.search("[\u4e00-\u9fff]", line) for line in comments)
    assert all(status == "assumed" for *_, status in figures_of(card))


@pytest.mark.parametrize("code", ["2017", "1.5", "yes", "1e5", "a.b_c-d"])
def test_a_code_that_looks_like_a_number_stays_text(code: str, tmp_path: Path) -> None:
    assert read_scorecard(write_card_template(tmp_path / "a.yaml", code)).code == code


def test_a_code_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="code: is no code; found a b; allowed: letters"):
        write_card_template(tmp_path / "a.yaml", "a b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", shipped_scorecards())
def test_every_shipped_scorecard_can_be_said_in_both_languages(name: str) -> None:
    shipped = read_scorecard(name)
    units = set(read_room("units"))
    for lang in LANGUAGES:
        for one in shipped.indicators:
            # Names of columns and measures are codes.
            said = (rule_sentence(one, lang), near_veto_sentence(one, lang) or "", value_sentence(one, lang))
            assert all("{" not in text for text in said)
            assert lang == "zh" or not any(re.search("[\u4e00-\u9fff]", text) for text in said), one.code
        assert all(lines and all(lines) for _, lines in sections(shipped, lang))
    used = {one.unit for one in shipped.indicators} | {one.unit for one in shipped.provisions if one.unit}
    used |= {unit for _, _, unit, _, _ in figures_of(shipped) if unit}
    assert {unit for unit in used if unit not in units and re.sub("^[A-Z]{3} ", "yuan ", unit) not in units} == set()


def test_units_of_simulated_names_are_known() -> None:
    units = set(read_room("units"))
    assert {signal.unit for signal in SIGNALS.values()} <= units
    assert {signal.plan.rstrip("!") for signal in SIGNALS.values() if signal.plan} <= units


def test_texts_of_scorecards_are_those_that_are_asked_for() -> None:
    source = Path(povsim.__file__).parent
    files = [
        *source.glob("cli_scorecard*.py"),
        *(source / "scoring").glob("describe*.py"),
        source / "scoring/saying.py",
    ]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    known = set(read_room("scorecards"))
    named = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)*)"', code))
    families = tuple(set(re.findall(r'f"([a-z_.]+\.)\{', code)) | set(re.findall(r'"([a-z_.]+\.)" \+', code)))
    left_over = {key for key in known if key not in named and not key.startswith(families)}
    assert left_over == set()


def test_no_text_of_scorecards_hides_one_of_the_commands() -> None:
    assert set(read_room("scorecards")) & set(read_room("commands")) == set()
