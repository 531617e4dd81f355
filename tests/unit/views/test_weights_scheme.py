"""Points as planners change them: the sum stays, locks hold, what they do not allow is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.scoring.schemes import WeightScheme, weight_scheme
from povsim.views.weights_scheme import (
    entry_of,
    equal,
    lock,
    most_points,
    moved,
    origin,
    rated,
    rows,
    scheme_of,
)
from tests.unit.scheme_samples import card as mixed_card
from tests.unit.views.weights_samples import plain_card

OWN = weight_scheme(plain_card())
MIXED = weight_scheme(mixed_card())
"""a 30, b 20 | c 10 | x 16, y 12, z 12 in a fixed mix | a ledger."""

step = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(OWN.codes), st.floats(0, 100)),
    st.tuples(st.just("lock"), st.sampled_from(OWN.codes), st.booleans()),
    st.tuples(st.just("rate"), st.sampled_from(OWN.codes), st.integers(0, 5)),
    st.tuples(st.just("equal"), st.just(""), st.just(0)),
)


def apply(scheme: WeightScheme, one: tuple[str, str, Any]) -> WeightScheme:
    kind, code, value = one
    if kind == "move":
        return moved(scheme, code, value)
    if kind == "lock":
        return lock(scheme, code, locked=value)
    return rated(scheme, {code: value}) if kind == "rate" else equal(scheme)


@given(st.lists(step, max_size=12))
def test_whatever_is_done_the_total_stays_and_locks_hold(steps: list[tuple[str, str, Any]]) -> None:
    scheme = OWN
    for one in steps:
        before = scheme
        try:
            scheme = apply(scheme, one)
        except InputError:
            continue
        assert math.isclose(math.fsum(scheme.points.values()), 100, abs_tol=1e-6)
        assert all(points >= 0 for points in scheme.points.values())
        for line in before.lines:
            if line.locked:
                assert scheme.points[line.code] == line.points
        entry = entry_of(scheme)
        assert scheme_of(OWN, entry.points, entry.locked) == replace(scheme)


def test_others_move_in_proportion() -> None:
    found = moved(OWN, "a", 70).points
    assert found == pytest.approx({"a": 70, "b": 15, "c": 10, "d": 5})
    locked = moved(OWN.locked("b"), "a", 55).points
    assert locked == pytest.approx({"a": 55, "b": 30, "c": 10, "d": 5})


def test_what_locks_do_not_allow_is_refused() -> None:
    scheme = OWN.locked("b", "c")
    assert most_points(scheme, "a") == 50
    assert most_points(scheme, "b") == 30
    assert most_points(OWN.locked("b", "c", "d"), "a") == 40
    with pytest.raises(InputError, match="exceed the sum"):
        moved(scheme, "a", 50.5)
    with pytest.raises(InputError, match="is locked"):
        moved(scheme, "b", 10)
    with pytest.raises(InputError, match="nothing is left to scale"):
        moved(OWN.locked("b", "c", "d"), "a", 39)
    with pytest.raises(InputError, match="nothing is left to scale"):
        equal(OWN.locked(*OWN.codes))
    with pytest.raises(InputError, match="no proportions"):
        rated(OWN, dict.fromkeys(OWN.codes, 0))


def test_from_all_points_in_one_item_there_is_a_way_back() -> None:
    alone = moved(OWN, "a", 100)
    assert alone.points == {"a": 100, "b": 0, "c": 0, "d": 0}
    assert moved(alone, "a", 40).points == pytest.approx(dict(OWN.points))


def test_items_in_a_fixed_mix_move_together() -> None:
    found = moved(MIXED, "x", 32).points
    assert [found[code] for code in "xyz"] == pytest.approx([32, 24, 24])
    assert found["bonus"] == 0
    assert sum(found.values()) == pytest.approx(100)
    even = equal(MIXED).points
    assert [even[code] for code in "abc"] == pytest.approx([100 / 6] * 3)
    assert [even[code] for code in "xyz"] == pytest.approx([20, 15, 15])


def test_ratings_over_their_sum() -> None:
    assert rated(OWN, {"a": 5, "b": 0, "c": 1, "d": 4}).points == pytest.approx({"a": 50, "b": 0, "c": 10, "d": 40})
    assert rated(OWN, {"a": 5}).points["b"] == pytest.approx(300 / 14)
    assert rated(OWN.locked("a"), {"b": 5, "c": 1, "d": 0}).points == pytest.approx({"a": 40, "b": 50, "c": 10, "d": 0})


def test_settings_that_do_not_fit_the_card_are_told() -> None:
    assert scheme_of(OWN, {"a": 41}, ()) is None
    assert scheme_of(OWN, {"nobody": 1}, ()) is None
    assert scheme_of(OWN, {"a": -1, "b": 71}, ()) is None
    assert scheme_of(OWN, {}, ("nobody", "a")) == OWN.locked("a")


def test_rows_of_the_table() -> None:
    found = rows(moved(OWN, "a", 70).locked("d"), "en", intervals={"a": (60.0, 80.0)})
    assert [row["code"] for row in found] == ["a", "b", "c", "d"]
    assert (found[0]["points"], found[0]["printed"], found[0]["lo"], found[0]["hi"]) == (70, 40, 60, 80)
    assert (found[3]["locked"], found[3]["group"], found[3]["lo"], found[3]["rating"]) == (True, "pair", None, None)
    assert [row["rating"] for row in rows(OWN, "zh", ratings={"b": 5})] == [3, 5, 3, 3]
    assert "bonus" not in {row["code"] for row in rows(MIXED, "zh")}
    assert [row["code"] for row in rows(OWN, "zh", absent={"b", "d"}) if row["absent"]] == ["b", "d"]
    assert origin(OWN) == "printed"
    assert origin(moved(OWN, "a", 70)) == "changed"
