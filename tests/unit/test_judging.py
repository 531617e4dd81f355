"""Effects of vetoes and their order, gates, grades, ranks and awards after them, ladders of consequences."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from povsim.scoring.judging import judge
from tests.unit.judging_parts import GRADES, MARK, card_of, facts_of, groups_of, item, ledger, named

FOUND = {"when": {"finding": "fraud"}}
FRAUD = [named("fraud")]
GROUPS = [{"code": code, "name_zh": code, "name_en": code} for code in ("g", "h")]
ITEMS = [item("a", 40, group="g"), item("b", 30, group="g"), item("c", 30, group="h")]
EXCELLENT, GOOD, FAIR, POOR = range(4)


def judged(card, points, **more):
    """Judge points of items by unit."""
    facts = facts_of(card, points, **more)
    return judge(card, facts, group_points=groups_of(card, facts.points))


def veto(effect, **more):
    """Return a veto on fraud."""
    return named("struck", effect=effect, **{**FOUND, **more})


def one(found):
    """Return the units of the only scenario, draw and year."""
    return found[..., 0, 0, 0, :].tolist()


def of_three(**parts):
    """Judge three units, the second of which has committed fraud: totals 100, 95, 70."""
    card = card_of(ITEMS, groups=GROUPS, findings=FRAUD, **{"grades": GRADES, **parts})
    return judged(card, [[40, 35, 20], [30, 30, 20], [30, 30, 30]], findings=[[0, 1, 0]])


def test_without_vetoes_the_total_stands():
    found = of_three()
    assert one(found.total) == [100, 95, 70]
    assert one(found.rank) == [1, 2, 3]
    assert one(found.grade) == [EXCELLENT, EXCELLENT, FAIR]
    assert one(found.passed) == [True] * 3
    assert found.vetoed.shape == (0, 1, 1, 1, 3)
    assert found.item_struck is None


def test_a_failed_unit_keeps_its_total_and_loses_the_rest():
    found = of_three(
        vetoes=[veto("fail")],
        awards=[named("first", type="top_count", count=2), named("last", type="bottom_count", count=2, penalty=True)],
    )
    assert one(found.total) == [100, 95, 70]
    assert one(found.passed) == [True, False, True]
    assert one(found.grade) == [EXCELLENT, POOR, FAIR]
    assert one(found.rank) == [1, 0, 2]
    assert one(found.award) == [[True, False, True], [False, True, True]]
    assert one(found.vetoed) == [[False, True, False]]


@pytest.mark.parametrize(
    ("of", "total"),
    [("a", 60), ("g", 30), ("h", 65), ("total", 0), ("", 0)],
    ids=["item", "group", "h", "total", "all"],
)
def test_zero_takes_an_item_a_group_or_the_total(of, total):
    assert one(of_three(vetoes=[veto("zero", of=of)]).total) == [100, total, 70]


def test_an_item_in_two_vetoes_is_taken_once():
    twice = [veto("zero", of="a"), {**veto("zero", of="g"), "code": "again"}, {**veto("zero", of="a"), "code": "more"}]
    assert one(of_three(vetoes=twice).total) == [100, 30, 70]


def test_a_cap_on_the_group_gives_up_its_excess_first():
    groups = [{**GROUPS[0], "cap": 50}, GROUPS[1]]
    card = card_of(ITEMS, groups=groups, findings=FRAUD, vetoes=[veto("zero", of="b")])
    points = np.array([[40, 40, 15], [30, 30, 30], [0, 0, 0]])
    found = judged(card, points, findings=[[0, 1, 1]], total=[50, 50, 45])
    assert one(found.total) == [50, 40, 15]


def test_a_floor_of_the_group_holds_and_penalties_are_not_given_back():
    groups = [{**GROUPS[0], "floor": 0}, GROUPS[1]]
    items = [item("a", 40, group="g"), ledger("defects", group="g"), item("c", 60, group="h")]
    card = card_of(items, groups=groups, findings=FRAUD, vetoes=[veto("zero", of="a"), {
        **veto("zero", of="defects"), "code": "more"}])  # fmt: skip
    found = judged(card, [[40, 40, 10], [-15, -15, -30], [5, 5, 5]], findings=[[0, 1, 1]], total=[30, 30, 5])
    assert one(found.total) == [30, 5, 5]


def test_deductions_add_up_and_stop_at_zero():
    twice = [veto("deduct", value=60), {**veto("deduct", value=50), "code": "more"}]
    assert one(of_three(vetoes=twice).total) == [100, 0, 70]
    assert one(of_three(vetoes=twice[1:]).total) == [100, 45, 70]


def test_a_total_below_zero_by_penalties_stays_there():
    card = card_of([item("a"), ledger("fines")], findings=FRAUD, vetoes=[veto("deduct", value=5)])
    found = judged(card, [[10, 10, 2], [-15, -15, 0]], findings=[[0, 1, 1]])
    assert one(found.total) == [-5, -5, 0]


def test_the_first_secretary_failed_and_the_unit_cannot_be_excellent():
    secretary = named("secretary", effect="cap", grade="good", when={"target_missed": "first_secretary"})
    card = card_of([item("first_secretary", 10), item("rest", 90)], grades=GRADES, vetoes=[secretary])
    found = judged(card, [[10, 4, 0, 4], [85, 90, 70, 50]])
    assert one(found.grade) == [EXCELLENT, GOOD, FAIR, POOR]
    assert one(found.vetoed) == [[False, True, True, True]]
    assert one(found.total) == [95, 94, 70, 54]
    assert one(found.rank) == [1, 2, 3, 4]


def test_grades_fall_at_90_80_and_60():
    card = card_of([item("a", 100)], grades=GRADES)
    found = judged(card, [[90, 89.9, 80, 79.9, 60, 59.9]])
    assert one(found.grade) == [EXCELLENT, GOOD, GOOD, FAIR, FAIR, POOR]


def test_disqualified_from_the_ranking_others_move_up():
    awards = [named("first", type="top_count", count=2), named("able", type="cutoff", at_least=60)]
    found = of_three(vetoes=[veto("disqualify", ranking=True)], awards=awards)
    assert one(found.rank) == [1, 0, 2]
    assert one(found.award) == [[True, False, True]] * 2
    assert one(found.grade) == [EXCELLENT, EXCELLENT, FAIR]
    assert one(found.passed) == [True] * 3
    kept = of_three(vetoes=[veto("disqualify", awards=["first"])], awards=awards)
    assert one(kept.rank) == [1, 2, 3]
    assert one(kept.award) == [[True, False, False], [True, True, True]]


def test_grades_by_share_count_the_units_ranked():
    steps = [("top", 0.5), ("rest", None)]
    grades = {"by": "share", **MARK, "grades": [
        {"code": code, "name_zh": code, "name_en": code, "share": share} for code, share in steps]}  # fmt: skip
    assert one(of_three(grades=grades).grade) == [0, 1, 1]
    assert one(of_three(grades=grades, vetoes=[veto("disqualify", ranking=True)]).grade) == [0, -1, 1]
    assert one(of_three(grades=grades, vetoes=[veto("fail")]).grade) == [0, 1, 1]
    capped = named("capped", effect="cap", grade="rest", when={"grade": "top"})
    assert one(of_three(grades=grades, vetoes=[capped]).grade) == [1, 1, 1]


def test_a_missed_gate_fails_the_unit_unless_its_value_is_missing():
    card = card_of([item("gate", 10, gate=True), item("a", 90)], grades=GRADES)
    found = judged(card, [[10, 0, np.nan], [85, 90, 90]], total=[95, 90, np.nan])
    assert one(found.passed) == [True, False, True]
    assert one(found.rank) == [1, 0, 0]
    assert one(found.grade) == [EXCELLENT, POOR, -1]


def test_an_inactive_veto_does_nothing():
    found = of_three(vetoes=[veto("fail", active=False)])
    assert one(found.vetoed) == [[False] * 3]
    assert one(found.passed) == [True] * 3


PEERS = {
    **MARK,
    "name_zh": "p", "name_en": "p", "count": {"value": 9, "unit": "counties", **MARK},
    "share": {"value": 0.9, "unit": "share", **MARK},
}  # fmt: skip
PENALTY = named(
    "title",
    effect="disqualify",
    scope="item",
    when={
        "all": [
            {"peer_rank": "each", "comparison": ">", "threshold": 5},
            {"peer_rank": "total", "comparison": ">", "threshold": 2},
        ]
    },
)


def test_only_both_conditions_strike_an_item_and_never_the_county():
    awards = [named("able", type="cutoff", at_least=0)]
    card = card_of([item("a"), item("b", 30)], peers=PEERS, vetoes=[PENALTY], awards=awards)
    peers = np.array([[0.9, 0.9], *[[0.9, 0.5]] * 8], dtype=np.float32)[None, None]
    # not among the top five with a, but second in total; neither; both for a; both for a and b
    found = judged(card, [[5, 10, 5, 0], [30, 16, 16, 0]], peer_share=peers)
    assert one(found.item_struck) == [[[False, False, True, True], [False, False, False, True]]]
    assert one(found.vetoed) == [[False, False, True, True]]
    assert one(found.award) == [[True] * 4]
    assert one(found.rank) == [1, 2, 3, 4]


def test_ties_are_broken_by_items_in_turn():
    ties = {"break_by": ["b", "a"], **MARK}
    card = card_of([item("a", 50), item("b", 50)], ties=ties)
    found = judged(card, [[30, 20, 30, 20, 50], [20, 30, 20, 30, 0]])
    assert one(found.rank) == [3, 1, 3, 1, 5]
    assert one(found.tied) == [True] * 4 + [False]


def test_severity_reaches_a_step_of_the_ladder():
    steps = [{"code": code, "name_zh": code, "name_en": code, "severity": at} for code, at in
             (("talked_to", 1), ("questioned", 2), ("removed", 4))]  # fmt: skip
    triggers = [
        named("caught", ladder="ladder", when={"finding": "fraud"}),
        named("failed", ladder="ladder", when={"grade": "poor"}),
        named("late", ladder="late", when={"finding": "fraud", "comparison": ">=", "threshold": 2}),
    ]
    ladders = [named("ladder", steps=steps), named("late", steps=steps[2:])]
    card = card_of([item("a", 100)], grades=GRADES, findings=FRAUD, triggers=triggers, ladders=ladders,
                   vetoes=[named("grave", effect="fail", when={"finding": "fraud", "comparison": ">=",
                                                               "threshold": 3})])  # fmt: skip
    found = judged(card, [[90, 90, 90, 90, 50]], findings=[[0, 1, 2, 3, 0]])
    assert one(found.triggered) == [[0, 1, 2, 3, 0], [0, 0, 0, 1, 1], [0, 0, 2, 3, 0]]
    assert one(found.step) == [[-1, 0, 1, 1, -1], [-1, -1, -1, 0, 0], [-1] * 5]


def test_three_years_of_excellence_need_the_final_grade():
    awards = [named("lasting", type="consecutive", grade="excellent", years=3)]
    card = card_of([item("a", 100)], grades=GRADES, findings=FRAUD, awards=awards,
                   vetoes=[veto("cap", grade="good")])  # fmt: skip
    history = {year: {"u0": "excellent", "u1": "excellent"} for year in (2014, 2015)}
    points, findings = [[[95, 95], [95, 95], [95, 95]]], [[[0, 0], [1, 0], [0, 0]]]
    found = judged(card, points, years=(2016, 2017, 2018), findings=findings, history=history)
    assert found.grade[0, 0].tolist() == [[0, 0], [1, 0], [0, 0]]
    assert found.award[0, 0, 0].tolist() == [[True, True], [False, True], [False, True]]


RICH = card_of(
    [*ITEMS[:2], item("c", 30, group="h", gate=True), ledger("fines", group="h")],
    groups=[{**GROUPS[0], "cap": 60}, {**GROUPS[1], "floor": -5}],
    findings=[named("fraud"), named("misuse")],
    grades=GRADES,
    ties={"break_by": ["a"], **MARK},
    vetoes=[
        named("v0", effect="zero", of="a", when={"finding": "fraud"}),
        named("v1", effect="zero", of="g", when={"finding": "misuse", "comparison": ">=", "threshold": 2}),
        named("v2", effect="deduct", value=7, when={"any": [{"finding": "misuse"}, {"target_missed": "b"}]}),
        named("v3", effect="cap", grade="good", when={"finding": "fraud"}),
        named("v4", effect="fail", when={"total": True, "comparison": "<", "threshold": 20}),
        named("v5", effect="disqualify", ranking=True, when={"grade": "fair"}),
    ],
    awards=[
        named("first", type="top_share", share=0.4, rounding="half_up"),
        named("last", type="bottom_count", count=2, penalty=True),
    ],
)


def random_case(seed):
    """Return points (item, scenario, draw, year, unit), totals before vetoes and findings of five units."""
    rng = np.random.default_rng(seed)
    full = np.array([40, 30, 30, 0]).reshape(-1, 1, 1, 1, 1)
    points = np.rint(full * rng.choice([0, 0.3, 0.6, 1], (4, 2, 3, 1, 5))).astype(np.float32)
    points[3] = rng.choice([0, 4, -12, -60], points[3].shape)
    findings = rng.choice([0, 0, 0, 1, 2], (2, *points.shape[1:])).astype(np.int8)
    total = groups_of(RICH, points).sum(axis=0)
    return points, total, findings


def facts_and_judged(card, points, total, findings, **more):
    """Return facts and the judgement on them."""
    facts = replace(facts_of(card, points, total=total, **more), findings=findings)
    return facts, judge(card, facts, group_points=groups_of(card, points))


def slow_total(points, total, findings):
    """Apply the vetoes of the rich card to one unit, item by item."""
    fraud, misuse = findings
    left = [0.0 if fraud else points[0], points[1]]
    group = 0.0 if misuse >= 2 else min(sum(left), 60)
    out = total - (min(points[0] + points[1], 60) - group)
    if misuse or points[1] / 30 < 0.5:
        out -= 7
    return max(out, min(total, 0))


@given(st.integers(0, 2**32 - 1))
def test_totals_are_those_of_going_through_the_vetoes_one_by_one(seed):
    points, total, findings = random_case(seed)
    _, found = facts_and_judged(RICH, points, total, findings)
    for cell in np.ndindex(total.shape):
        at = (slice(None), *cell)
        assert found.total[cell] == pytest.approx(slow_total(points[at], total[cell], findings[at]))
        failed = total[cell] < 20 or points[2][cell] < 15
        assert found.passed[cell] == (not failed)
        assert (found.rank[cell] == 0) == (failed or 60 <= total[cell] < 80)


@given(st.integers(0, 2**32 - 1))
def test_vetoes_never_raise_a_total_nor_better_a_grade(seed):
    points, total, findings = random_case(seed)
    free = RICH.model_copy(update={"vetoes": ()})
    _, before = facts_and_judged(free, points, total, findings)
    _, after = facts_and_judged(RICH, points, total, findings)
    assert (after.total <= before.total + 1e-4).all()
    assert (after.grade >= before.grade).all()
    assert not (after.passed & ~before.passed).any()


@given(st.integers(0, 2**32 - 1), st.sampled_from(["fail", "zero", "cap", "disqualify", "deduct"]))
def test_a_veto_that_never_binds_changes_nothing(seed, effect):
    points, total, findings = random_case(seed)
    more = {"cap": {"grade": "poor"}, "deduct": {"value": 9}, "disqualify": {"ranking": True}}.get(effect, {})
    never = {"finding": "fraud", "comparison": ">", "threshold": 3}
    extra = type(RICH.vetoes[0]).model_validate(named("never", effect=effect, when=never, **more))
    wider = RICH.model_copy(update={"vetoes": (*RICH.vetoes, extra)})
    _, plain = facts_and_judged(RICH, points, total, findings)
    _, found = facts_and_judged(wider, points, total, findings)
    assert not found.vetoed[-1].any()
    for name in ("total", "passed", "grade", "rank", "tied", "award"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))


@given(st.integers(0, 2**32 - 1), st.permutations(range(5)))
def test_units_in_another_order_get_the_same(seed, order):
    points, total, findings = random_case(seed)
    _, plain = facts_and_judged(RICH, points, total, findings)
    _, found = facts_and_judged(RICH, points[..., order], total[..., order], findings[..., order])
    for name in ("vetoed", "total", "passed", "grade", "rank", "tied", "award", "triggered", "step"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name)[..., order])
