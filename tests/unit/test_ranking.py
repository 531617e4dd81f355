"""Places with ties, quotas of shares, grades by cut-off and share, awards by place, total and history."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from povsim.scoring.ranking import (
    Standing,
    awards,
    grade_index,
    on_grid,
    places,
    quota,
    ranks,
)
from povsim.scoring.verdict_schema import Grades, Ties
from tests.unit.judging_parts import GRADES, MARK, card_of, item, named

BEST, WORST = Ties(**MARK), Ties(rank="worst", **MARK)
SHANXI = named("praised", type="top_share", share=0.2)


def slow_places(total, break_by, out):
    """Rank one row by comparing every unit with every other."""
    count = len(total)

    def key(unit):
        broken = [np.inf if np.isnan(points[unit]) else -float(on_grid(points[unit])) for points in break_by]
        return (-float(on_grid(total[unit])), *broken)

    ranked = [unit for unit in range(count) if not (np.isnan(total[unit]) or out[unit])]
    best, worst = [0] * count, [0] * count
    for unit in ranked:
        best[unit] = 1 + sum(key(other) < key(unit) for other in ranked)
        worst[unit] = sum(key(other) <= key(unit) for other in ranked)
    return best, worst, len(ranked)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.booleans())
def test_places_are_those_of_comparing_all_pairs(seed, count, wide):
    rng = np.random.default_rng(seed)
    total = rng.integers(0, 4, (3, count)).astype(np.float32)
    # values from one end of the numbers to the other take another way
    scale = 1e8 if wide else 1
    breaks = [(rng.integers(0, 3, (3, count)) * scale).astype(np.float32) for _ in range(2)]
    for array in (total, *breaks):
        array[rng.random(array.shape) < 0.2] = np.nan
    out = rng.random(total.shape) < 0.2
    found = places(total, break_by=breaks, out=out)
    for row in range(3):
        best, worst, ranked = slow_places(total[row], [points[row] for points in breaks], out[row])
        assert found.best[row].tolist() == best
        assert found.worst[row].tolist() == worst
        assert found.ranked[row].tolist() == [ranked]


def test_many_units_keep_their_places():
    total = np.repeat(np.arange(50_000, 0, -1), 2).astype(np.float64)
    second = np.tile([1.0, 1e9], 50_000)
    found = places(total, break_by=[second])
    assert found.best[:4].tolist() == [2, 1, 4, 3]
    assert (found.best == found.worst).all()
    rank, tied = ranks(total, BEST)
    assert rank.dtype == np.int32
    assert rank[-2:].tolist() == [99_999, 99_999]
    assert tied.all()


def test_more_rows_than_fit_one_piece():
    total = np.tile(np.arange(500, dtype=np.float32), (1_100, 1))
    assert (ranks(total, BEST)[0] == np.arange(500, 0, -1)).all()


def test_ties_share_the_best_or_the_worst_place():
    total = np.array([70, 90, 70, 50], dtype=np.float32)
    assert ranks(total, BEST)[0].tolist() == [2, 1, 2, 4]
    assert ranks(total, WORST)[0].tolist() == [3, 1, 3, 4]
    rank, tied = ranks(total, BEST)
    assert rank.dtype == np.int16
    assert tied.tolist() == [True, False, True, False]
    rank, tied = ranks(total, BEST, break_by=[np.array([1.0, 0, 2, 9])])
    assert rank.tolist() == [3, 1, 2, 4]
    assert not tied.any()


def test_sums_in_another_order_still_tie():
    parts = np.random.default_rng(3).uniform(0, 6, 30).astype(np.float32)
    sums = np.array([np.cumsum(np.roll(parts, k))[-1] for k in range(6)], dtype=np.float32)
    assert len(set(sums.tolist())) > 1
    assert ranks(sums, BEST)[0].tolist() == [1] * 6
    assert ranks(np.array([80.0, 80.001], dtype=np.float32), BEST)[0].tolist() == [2, 1]


def test_who_is_out_leaves_no_gap():
    total = np.array([90, 80, np.nan, 70], dtype=np.float32)
    rank, tied = ranks(total, BEST, out=np.array([True, False, False, False]))
    assert rank.tolist() == [0, 1, 0, 2]
    assert not tied.any()


def test_nobody_to_rank():
    assert ranks(np.zeros((3, 0), dtype=np.float32), BEST)[0].shape == (3, 0)
    assert ranks(np.full(2, np.nan, dtype=np.float32), BEST)[0].tolist() == [0, 0]


def test_a_fifth_of_58_counties_is_11_or_12():
    assert [quota(0.2, 58, way) for way in ("floor", "ceil", "half_up", "half_even")] == [11, 12, 12, 12]
    assert [quota(0.5, 5, way) for way in ("floor", "ceil", "half_up", "half_even")] == [2, 3, 3, 2]
    # 0.07 x 100 in binary is 7.000000000000001
    assert quota(0.07, 100, "ceil") == 7
    assert quota(0.0, 100, "ceil") == 0


def test_grades_by_cutoff():
    grades = Grades(**GRADES)
    total = np.array([100, 90, 89.99, 80, 79.9999, 79.99999, 60, 0, -5, np.nan], dtype=np.float32)
    assert grade_index(total, grades).tolist() == [0, 0, 1, 1, 2, 1, 2, 3, 3, -1]
    assert grade_index(total, grades).dtype == np.int8


@pytest.mark.parametrize(("rounding", "first"), [("floor", 11), ("ceil", 12), ("half_up", 12)])
def test_grades_by_share(rounding, first):
    steps = [("a", 0.2), ("b", 0.3), ("c", None)]
    grades = Grades(
        by="share", rounding=rounding, **MARK,
        grades=[{"code": code, "name_zh": code, "name_en": code, "share": share} for code, share in steps],
    )  # fmt: skip
    total = np.arange(58, dtype=np.float32)
    found = grade_index(total, grades)
    assert (found == 0).sum() == first
    assert (found == 1).sum() == quota(0.3, 58, rounding)
    assert found[57] == 0
    assert found[0] == 2
    # two at the edge: both get the better grade, and the next edge stays
    edge = 58 - first
    total[edge - 1] = total[edge]
    tied = grade_index(total, grades)
    assert (tied == 0).sum() == first + 1
    assert (tied != 2).sum() == (found != 2).sum()
    out = places(total, out=total == 57)
    assert grade_index(total, grades, found=out)[57] == -1


def standing_of(total, *, awards_count=1, **more):
    """Return a standing of one scenario, draw and year (or of the years given)."""
    total = np.asarray(total, dtype=np.float32)
    total = total.reshape(1, 1, -1, total.shape[-1])
    count = total.shape[-1]
    nobody = np.zeros(total.shape, dtype=bool)
    parts = {
        "grade": np.full(total.shape, -1, dtype=np.int8), "break_by": (), "out": nobody, "classes": [""] * count,
        "barred": np.zeros((awards_count, *total.shape), dtype=bool), "units": [f"u{k}" for k in range(count)],
        "years": [2016], "history": {}, **more,
    }  # fmt: skip
    return Standing(total=total, **parts)


def won(card, standing, award=0):
    """Return the places in the list of those who get an award in the last year."""
    return np.flatnonzero(awards(card, standing)[award, 0, 0, -1]).tolist()


def test_a_fifth_of_58_counties_is_praised():
    total = np.arange(58)
    for rounding, count in (("floor", 11), ("ceil", 12), ("half_up", 12), ("half_even", 12)):
        card = card_of([item("a")], awards=[{**SHANXI, "rounding": rounding}])
        assert won(card, standing_of(total)) == list(range(58 - count, 58))


def test_ties_at_the_edge_are_all_taken_or_none():
    total = [90, 80, 80, 70, 60, 60]
    kinds = [
        named("top_all", type="top_count", count=2),
        named("top_none", type="top_count", count=2, ties_at_edge="none"),
        named("low_all", type="bottom_count", count=1, penalty=True),
        named("low_none", type="bottom_count", count=1, ties_at_edge="none", penalty=True),
    ]
    card = card_of([item("a")], awards=kinds)
    standing = standing_of(total, awards_count=4)
    assert [won(card, standing, place) for place in range(4)] == [[0, 1, 2], [0], [4, 5], []]
    broken = standing_of(total, awards_count=4, break_by=(np.array([0, 1, 2, 0, 2, 1.0]).reshape(1, 1, 1, 6),))
    assert [won(card, broken, place) for place in range(4)] == [[0, 2], [0, 2], [5], [5]]


def test_the_bottom_three_are_counted_among_all():
    card = card_of(
        [item("a")], awards=[named("last", type="bottom_count", count=3, penalty=True),
                             named("first", type="top_count", count=1)],
    )  # fmt: skip
    total = np.array([50.0, 90, 80, 70, 60, np.nan])
    out = np.array([True, True, False, False, False, False]).reshape(1, 1, 1, 6)
    standing = standing_of(total, awards_count=2, out=out, barred=np.stack([out, out]))
    assert won(card, standing, 0) == [0, 3, 4]
    assert won(card, standing, 1) == [2]


def test_within_class_counts_in_each_class():
    card = card_of([item("a")], awards=[named("first", type="top_count", count=1, within_class=True), SHANXI,
                                        named("fifth", type="top_share", share=0.5, within_class=True)])  # fmt: skip
    standing = standing_of([50, 90, 80, 70, 60], awards_count=3, classes=["one", "two", "two", "one", "two"])
    assert won(card, standing, 0) == [1, 3]
    assert won(card, standing, 1) == [1]
    assert won(card, standing, 2) == [1, 3]


def test_cutoff_takes_everybody_from_a_total_on():
    card = card_of([item("a")], awards=[named("able", type="cutoff", at_least=60)])
    assert won(card, standing_of([59.99, 59.99999, 60, 90, np.nan])) == [1, 2, 3]
    barred = np.array([0, 0, 0, 1, 0], dtype=bool).reshape(1, 1, 1, 1, 5)
    assert won(card, standing_of([59.99, 59.99999, 60, 90, np.nan], barred=barred)) == [1, 2]


def test_three_years_in_a_row():
    card = card_of(
        [item("a")], grades=GRADES, awards=[named("lasting", type="consecutive", grade="excellent", years=3)]
    )
    history = {2014: {"u0": "excellent", "u1": "excellent", "u2": "good", "u3": ""}, 2015: dict.fromkeys(
        ("u0", "u1", "u2", "u3", "u4"), "excellent")}  # fmt: skip
    grade = np.array([[0, 1, 0, 0, 0], [0, 0, 0, 0, -1], [0, 0, 0, 0, 0]], dtype=np.int8).reshape(1, 1, 3, 5)
    standing = standing_of(np.zeros((3, 5)), grade=grade, history=history, years=[2016, 2017, 2018])
    found = awards(card, standing)[0, 0, 0]
    assert found[0].tolist() == [True, False, False, False, False]
    assert found[1].tolist() == [True, False, True, True, False]
    assert found[2].tolist() == [True, False, True, True, False]


def test_a_better_grade_counts_towards_a_row():
    card = card_of([item("a")], grades=GRADES, awards=[named("lasting", type="consecutive", grade="good", years=2)])
    history = {2015: {"u0": "excellent", "u1": "good", "u2": "fair", "u3": "unheard of"}}
    grade = np.array([[1, 0, 0, 0]], dtype=np.int8).reshape(1, 1, 1, 4)
    assert won(card, standing_of(np.zeros(4), grade=grade, history=history)) == [0, 1]


def test_each_draw_has_its_own_row_of_years():
    card = card_of([item("a")], grades=GRADES, awards=[named("lasting", type="consecutive", grade="good", years=2)])
    grade = np.array([[[0], [0]], [[2], [0]]], dtype=np.int8).reshape(1, 2, 2, 1)
    total = np.zeros(grade.shape, dtype=np.float32)
    nobody = np.zeros((1, *grade.shape), dtype=bool)
    standing = Standing(total, grade, (), nobody[0], nobody, [""], ["u0"], [2016, 2017], {})
    assert awards(card, standing)[0, 0, :, :, 0].tolist() == [[False, True], [False, False]]
