"""Weight schemes: changed, locked, rescaled, rounded, compared, checked before use."""

from __future__ import annotations

import dataclasses
import math
import pickle
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.scoring.describe_rules import rule_sentence, target_sentence
from povsim.scoring.scheme_lines import lines_of
from povsim.scoring.scheme_points import in_steps, round_to_total, scale
from povsim.scoring.schemes import WeightScheme, check_schemes, weight_scheme
from povsim.scoring.scorecard import read_scorecard
from tests.unit.scheme_samples import SOURCE, card, item

PLAIN = weight_scheme(card(mix=False))
MIXED = weight_scheme(card())
WEIGHTED = ("a", "b", "c", "x", "y", "z")


def total(scheme: WeightScheme) -> float:
    return math.fsum(scheme.points.values())


def heavier(**points: float) -> WeightScheme:
    return PLAIN.with_points(points)


def test_a_scheme_is_the_card() -> None:
    assert (MIXED.code, MIXED.name_zh, MIXED.name_en, MIXED.scorecard) == ("small", "试验", "trial", "small")
    assert MIXED.codes == ("a", "b", "c", "x", "y", "z", "bonus")
    assert dict(MIXED.points) == {"a": 30, "b": 20, "c": 10, "x": 16, "y": 12, "z": 12, "bonus": 0}
    np.testing.assert_array_equal(MIXED.array(), [30, 20, 10, 16, 12, 12, 0])
    assert MIXED.array().dtype == np.float64
    assert MIXED.mixes == (("rated", (("x", 0.4), ("y", 0.3), ("z", 0.3))),)
    row = MIXED.table.loc["a"]
    assert (row["group"], row["group_zh"], row["name_en"], row["points"]) == ("first", "类别first", "item a", 30)
    assert (row["original_points"], row["locked"], row["direction"], row["unit"]) == (30, False, "higher", "share")
    assert (row["target_zh"], row["target_en"]) == ("不低于98%", "at least 98 %")
    assert row["rule_en"] == "full 30 points at 98 %; each 1 percentage point short takes 1 point off, down to 0"
    assert row["departments"] == ("扶贫办", "教育局")
    assert list(MIXED.table.index) == list(MIXED.codes)


def test_schemes_are_frozen_hashable_and_cross_processes() -> None:
    assert pickle.loads(pickle.dumps(MIXED)) == MIXED
    assert hash(MIXED) == hash(weight_scheme(card()))
    with pytest.raises(TypeError, match="item assignment"):
        MIXED.points["a"] = 1.0  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError, match="code"):
        MIXED.code = "b"  # type: ignore[misc]
    MIXED.array()[0] = 0
    assert MIXED.points["a"] == 30


def test_other_points_leave_the_scheme_they_came_from_alone() -> None:
    mine = weight_scheme(card(mix=False), code="mine", points={"a": 35, "b": np.float64(15)})
    assert (mine.code, mine.name_zh, mine.name_en) == ("mine", "mine", "mine")
    assert mine.points["a"] == 35
    assert mine.points["b"] == 15
    assert type(mine.points["b"]) is float
    assert mine.table.loc["a", "original_points"] == 30
    assert PLAIN.points["a"] == 30
    assert math.copysign(1, heavier(a=-0.0).points["a"]) == 1


def test_a_scheme_can_be_named() -> None:
    named = PLAIN.named(" 方案二 ", name_en="plan two")
    assert (named.code, named.name_zh, named.name_en) == ("方案二", "方案二", "plan two")
    for code in ("", " ", "a\nb", "a" * 81):
        with pytest.raises(InputError, match=r"code: does not fit; found .*1 to 80 letters"):
            PLAIN.named(code)


def test_all_slips_in_points_are_named_at_once() -> None:
    points: dict[str, Any] = {"aa": 1, "a": -1, "b": math.nan, "c": "10", "x": True, "y": math.inf, "bonus": 5, "z": 9}
    with pytest.raises(InputError) as caught:
        PLAIN.locked("z").with_points(points)
    text = str(caught.value)
    assert text.startswith("small: 8 problems")
    for part in (
        "aa: unknown indicator",
        "a: points are negative; found -1; allowed: 0 or more",
        "b: points are not a finite number; found nan",
        "c: points are not a finite number; found '10'",
        "x: points are not a finite number; found True",
        "y: points are not a finite number; found inf",
        "bonus: bonus adds or takes off points by its rule under every scheme and has none to weigh; found 5",
        "z: is locked; found 9; allowed: 12; unlock it first: scheme.unlocked('z')",
    ):
        assert part in text


def test_a_slip_of_the_pen_is_mended() -> None:
    long = card(
        indicators=[item("schooling_met", 100, "first")], groups=[{"code": "first", "name_zh": "", "name_en": ""}]
    )
    with pytest.raises(InputError, match="schoolng_met: unknown indicator; did you mean 'schooling_met'"):
        weight_scheme(long, points={"schoolng_met": 1})
    with pytest.raises(InputError, match="did you mean 'schooling_met'"):
        weight_scheme(long).locked("schooling_me")


def test_rescaling_keeps_the_total_the_locks_and_the_proportions_of_the_others() -> None:
    scheme = PLAIN.locked("b").with_points({"a": 40}, rescale=True)
    # 40 stay, 20 are locked: 40 are left for 50 original points.
    assert dict(scheme.points) == pytest.approx({"a": 40, "b": 20, "c": 8, "x": 12.8, "y": 9.6, "z": 9.6, "bonus": 0})
    assert scheme.table.loc["b", "locked"]
    assert not scheme.table.loc["a", "locked"]


def test_rescaling_may_have_nothing_to_go_on() -> None:
    with pytest.raises(InputError, match="those that stay exceed the sum; found 120; allowed: 100"):
        PLAIN.locked("b").with_points({"a": 100}, rescale=True)
    with pytest.raises(InputError, match="nothing is left to scale; found 60; allowed: 100"):
        PLAIN.with_points(dict.fromkeys(WEIGHTED, 10), rescale=True)
    empty = PLAIN.with_points({"a": 100}, rescale=True)
    assert dict(empty.points) == {"a": 100, **dict.fromkeys((*WEIGHTED[1:], "bonus"), 0)}
    with pytest.raises(InputError, match="all that may be scaled are 0: there are no proportions"):
        empty.with_points({"a": 50}, rescale=True)
    assert empty.with_points({"a": 100}, rescale=True) == empty


def test_locked_points_may_be_named_with_what_they_are() -> None:
    assert PLAIN.locked("a").with_points({"a": 30, "b": 25}).points["b"] == 25
    assert PLAIN.locked("a", "b").unlocked("a").with_points({"a": 1}).points["a"] == 1
    assert PLAIN.locked("a").unlocked("a") == PLAIN
    with pytest.raises(InputError, match=r"q: unknown indicator[\s\S]*r: unknown indicator"):
        PLAIN.unlocked("q", "r")


def test_a_fixed_mix_moves_only_together() -> None:
    needed = (
        r"groups\.rated: the fixed mix is broken: its items move only together; found x 20, y 12, z 12; "
        r"allowed: x : y : z = 0\.4 : 0\.3 : 0\.3; for 44 in all: x 17\.6, y 13\.2, z 13\.2"
    )
    for rescale in (False, True):
        with pytest.raises(InputError, match=needed):
            MIXED.with_points({"x": 20}, rescale=rescale)
    with pytest.raises(InputError, match="fixed mix"):
        weight_scheme(card(), points={"x": 20})
    together = MIXED.with_points({"x": 20, "y": 15, "z": 15}, rescale=True)
    assert dict(together.points) == pytest.approx(
        {"a": 25, "b": 50 / 3, "c": 25 / 3, "x": 20, "y": 15, "z": 15, "bonus": 0}
    )
    scaled = MIXED.with_points({"a": 40}, rescale=True)
    assert [scaled.points[code] / 40 for code in "xyz"] == pytest.approx([12 / 35 * s / 0.4 for s in (0.4, 0.3, 0.3)])


def test_a_lock_holds_the_whole_mix() -> None:
    scheme = MIXED.locked("y").with_points({"a": 40}, rescale=True)
    assert [scheme.points[code] for code in "xyz"] == [16, 12, 12]
    assert [scheme.points[code] for code in "bc"] == pytest.approx([40 / 3, 20 / 3])


def test_a_mix_is_rounded_as_one() -> None:
    scheme = MIXED.with_points({"a": 33}).renormalised(step=1)
    assert sum(scheme.points[code] for code in "xyz") == pytest.approx(39)
    assert [scheme.points[code] for code in "xyz"] == pytest.approx([15.6, 11.7, 11.7])
    assert all(scheme.points[code] == int(scheme.points[code]) for code in "abc")
    assert total(scheme) == pytest.approx(100, abs=1e-12)


def test_renormalising_by_group_keeps_the_points_of_groups() -> None:
    scheme = heavier(a=60, x=4).renormalised(within="group")
    # a and b share 50 as 60 : 20; x, y, z share 40 as 4 : 12 : 12.
    expected = {"a": 37.5, "b": 12.5, "c": 10, "x": 40 / 7, "y": 120 / 7, "z": 120 / 7, "bonus": 0}
    assert dict(scheme.points) == pytest.approx(expected)
    assert dict(heavier(a=60, x=4).renormalised(within="group", step=0.5).points) == {
        "a": 37.5, "b": 12.5, "c": 10, "x": 6, "y": 17, "z": 17, "bonus": 0,
    }  # fmt: skip


def test_groups_that_cannot_be_had_are_all_named() -> None:
    with pytest.raises(InputError) as caught:
        heavier(a=60, x=0, y=0, z=0, c=3).locked("a", "c").renormalised(within="group")
    text = str(caught.value)
    assert "groups.first: those that stay exceed the sum; found 60; allowed: 50; unlock some" in text
    assert "groups.second: nothing is left to scale; found 3; allowed: 10" in text
    assert "groups.rated: all that may be scaled are 0" in text


def test_locks_that_leave_no_whole_number_of_steps_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"cannot be rounded so that they sum exactly; found 69.7 left .* a multiple of 1"
    ):
        heavier(a=30.3).locked("a").renormalised(step=1)
    assert total(heavier(a=30.5).locked("a").renormalised(step=0.5)) == 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step": 0.3}, "step: unknown; found 0.3; allowed: None, 0.5, 1"),
        ({"step": True}, "step: unknown; found True"),
        ({"within": "county"}, "within: unknown; found 'county'; allowed: all, group"),
    ],
)
def test_unknown_ways_of_renormalising_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PLAIN.renormalised(**arguments)


FIGURES = st.one_of(st.just(0.0), st.floats(min_value=1e-3, max_value=1e3))
POINTS = st.fixed_dictionaries(dict.fromkeys(WEIGHTED, FIGURES)).filter(lambda points: sum(points.values()) > 0)


@given(points=POINTS, step=st.sampled_from([None, 0.5, 1]))
def test_renormalised_points_sum_and_keep_their_order(points: dict[str, float], step: float | None) -> None:
    scheme = PLAIN.with_points(points).renormalised(step=step)
    assert total(scheme) == (pytest.approx(100, abs=1e-9) if step is None else 100)
    assert scheme.codes == PLAIN.codes
    for one in WEIGHTED:
        for two in WEIGHTED:
            if points[one] > points[two] * (1 + 1e-6):
                assert scheme.points[one] >= scheme.points[two]
    if step is not None:
        assert all((value / step).is_integer() for value in scheme.points.values())
        whole = 100 / sum(points.values())
        assert all(abs(scheme.points[code] - whole * points[code]) < step + 1e-9 for code in WEIGHTED)
    check_schemes([scheme], card(mix=False))


@given(points=POINTS, step=st.sampled_from([None, 0.5, 1]), locks=st.sets(st.sampled_from(WEIGHTED), max_size=5))
def test_locked_points_never_move(points: dict[str, float], step: float | None, locks: set[str]) -> None:
    points = {code: math.floor(value / 20) if code in locks else value for code, value in points.items()}
    scheme = PLAIN.with_points(points).locked(*locks)
    held = sum(points[code] for code in locks)
    free = sum(points[code] for code in WEIGHTED if code not in locks)
    if held > 100 or (held < 100 and free == 0):
        with pytest.raises(InputError, match=r"exceed the sum|nothing is left|all that may be scaled are 0"):
            scheme.renormalised(step=step)
        return
    moved = scheme.renormalised(step=step)
    assert total(moved) == pytest.approx(100, abs=1e-9)
    assert all(moved.points[code] == points[code] for code in locks)


def slow_round(points: list[Fraction], whole: int) -> list[int]:
    """Hand out steps one at a time to whoever is farthest below its due, after everybody has the whole part."""
    given_out = [int(value) for value in points]
    while sum(given_out) < whole:
        gaps = [value - have for value, have in zip(points, given_out, strict=True)]
        given_out[gaps.index(max(gaps))] += 1
    return given_out


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any), st.integers(1, 300))
def test_rounding_is_that_of_largest_remainders(weights: list[int], whole: int) -> None:
    exact = [Fraction(weight * whole, sum(weights)) for weight in weights]
    assert round_to_total(scale(weights, whole), whole, 1) == slow_round(exact, whole)


def test_scaling_by_hand() -> None:
    assert scale([0, 0], 0) == [0, 0]
    assert scale([1e-300, 3e-300], 100) == pytest.approx([25, 75])
    with pytest.raises(ZeroDivisionError, match="division"):
        scale([0, 0], 1)
    assert in_steps(0.1 + 0.2 + 99.7, 1)
    assert in_steps(16.5, 0.5)
    assert not in_steps(16.5, 1)


def test_two_schemes_are_compared() -> None:
    frame = PLAIN.diff(heavier(a=35, b=15).named("two"))
    assert list(frame.columns) == ["points", "other_points", "change", "share", "other_share", "share_change"]
    assert list(frame.index) == list(PLAIN.codes)
    assert frame.loc["a"].tolist() == pytest.approx([30, 35, 5, 0.3, 0.35, 0.05])
    assert frame.loc["b", "change"] == -5
    assert (frame.loc[["c", "x", "y", "z", "bonus"], "change"] == 0).all()
    with pytest.raises(InputError, match="other: schemes of different scorecards have no points to compare"):
        PLAIN.diff(weight_scheme(card(code="other")))


def test_a_scorecard_without_points_has_a_scheme() -> None:
    head = {**card().scorecard.model_dump(), "total_points": 0}
    ledger = {"type": "ledger", **SOURCE}
    none = card(scorecard=head, groups=[], indicators=[item("only", 0, "", unit="points", rule=ledger)])
    scheme = weight_scheme(none)
    check_schemes([scheme], none)
    assert scheme.renormalised() == scheme
    assert scheme.diff(scheme)["share"].tolist() == [0]


def test_schemes_in_order_pass() -> None:
    check_schemes([MIXED, MIXED.with_points({"a": 40}, rescale=True).named("two")], card())


def test_everything_wrong_with_all_schemes_is_named_at_once() -> None:
    lines = MIXED.lines
    bad = {
        "low": MIXED.with_points({"a": 29}),
        "short": replace(MIXED, lines=lines[:-1]),
        "strange": replace(MIXED, lines=(*lines, replace(lines[0], code="aa", points=0.0))),
        "turned": replace(MIXED, lines=(lines[1], lines[0], *lines[2:])),
        "broken": weight_scheme(card(mix=False), points={"x": 20, "y": 8}),
        "minus": replace(MIXED, lines=(replace(lines[0], points=-30.0), replace(lines[1], points=80.0), *lines[2:])),
        "ledger": replace(MIXED, lines=(replace(lines[0], points=29.0), *lines[1:-1], replace(lines[-1], points=1.0))),
    }
    schemes = [replace(scheme, code=code) for code, scheme in bad.items()]
    with pytest.raises(InputError) as caught:
        check_schemes([MIXED, MIXED, weight_scheme(card(code="other")), *schemes], card())
    text = str(caught.value)
    for part in (
        "weights for small: 9 problems",
        "small: 2 schemes have this code",
        "other: belongs to another scorecard; found other; allowed: small",
        "low: points do not sum to the total; found 99; allowed: 100; correct them, or use scheme.renormalised()",
        "short: indicators are missing; found bonus",
        "strange.aa: unknown indicator",
        "turned: indicators are in another order",
        "broken.groups.rated: the fixed mix is broken",
        "minus.a: points are negative; found -30",
        "ledger.bonus: bonus adds or takes off points by its rule",
    ):
        assert part in text


def test_no_scheme_at_all_is_refused_and_rounding_noise_is_not() -> None:
    with pytest.raises(InputError, match="schemes: none is given"):
        check_schemes([], card())
    check_schemes([heavier(a=30 + 9e-7)], card(mix=False))
    with pytest.raises(InputError, match=r"points do not sum to the total; found 100\.000002"):
        check_schemes([heavier(a=30 + 2e-6)], card(mix=False))


def test_a_line_says_the_target_and_the_rule_as_the_scorecard_does() -> None:
    for line, entry in zip(lines_of(card()), card().indicators, strict=True):
        assert (line.rule_zh, line.rule_en) == (rule_sentence(entry, "zh"), rule_sentence(entry, "en"))
        assert (line.target_zh, line.target_en) == (target_sentence(entry, "zh"), target_sentence(entry, "en"))


def test_points_in_words_are_those_of_the_document_where_a_card_is_re_based() -> None:
    line = lines_of(read_scorecard("xiangyin-2016-townships"))[0]
    assert line.points > 16
    assert "full 16 points" in line.rule_en
