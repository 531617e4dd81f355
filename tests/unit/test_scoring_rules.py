"""The twelve rule types: real examples of documents, and a slow twin, one value at a time, beside each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.scoring.rules import item_points, target_met
from povsim.scoring.schema import Indicator
from tests.twins.scoring_rules import same, single, twin

TOLD = {"source": "test", "status": "documented"}
f32 = np.float32


def item(rule, points, *, direction="higher", target=None, unit="number"):
    """Return an indicator made up for a test."""
    figure = None if target is None else {"value": target, "unit": unit, **TOLD}
    return Indicator.model_validate(
        {
            "code": "x", "name_zh": "项", "name_en": "item", "points": points, "direction": direction, "unit": unit,
            "possible": (None, None) if unit != "share" else (0.0, 1.0), "rule": {**TOLD, **rule},
            "value_from": {"entered": "own"}, "target": figure, **TOLD,
        }
    )  # fmt: skip


def points_of(entry, values, **more):
    """Return the points of units in one year, as plain numbers."""
    return item_points(entry, np.array([values], dtype=f32), [2017], **more)[0].tolist()


FUND_MONTHS = {
    "type": "bands",
    "closed": "high",
    "bands": [
        {"high": 1, "points": 10}, {"low": 1, "high": 2, "points_at_low": 9, "points_at_high": 8},
        {"low": 2, "high": 3, "points_at_low": 7, "points_at_high": 6},
        {"low": 3, "high": 4, "points_at_low": 5, "points_at_high": 4},
        {"low": 4, "high": 5, "points_at_low": 3, "points_at_high": 2}, {"low": 5, "high": 6, "points": 1},
        {"low": 6, "points": 0},
    ],
}  # fmt: skip
"""Fund table of 2008, months until money is passed on; six to nine months, not printed, read as nothing."""
GROWTH = {
    "type": "bands",
    "closed": "low",
    "bands": [
        {"high": 0, "points": 0}, {"low": 0, "high": 0.04, "points_at_low": 1, "points_at_high": 2},
        {"low": 0.04, "high": 0.08, "points_at_low": 3, "points_at_high": 4}, {"low": 0.08, "points": 5},
    ],
}  # fmt: skip
PLACES = [60, 57, 54, 51, 48]

RULES = [
    ({"type": "gate"}, 10, "any"),
    ({"type": "gate", "strict": True}, 0, "any"),
    ({"type": "all_or_nothing"}, 15, "any"),
    ({"type": "all_or_nothing", "strict": True}, 15, "any"),
    *(
        ({"type": "linear_deduction", "step": step, "deduct": 1.5, "floor": floor, "steps": steps}, 8, "any")
        for step, floor in ((0.001, 0.0), (0.5, 2.0))
        for steps in ("proportional", "full", "started")
    ),
    ({"type": "proportional"}, 8, "any"),
    ({"type": "proportional_to_norm", "norm": 2500}, 4.8, "any"),
    ({"type": "proportional_to_norm", "norm": 0.7, "cap": 1.5}, 4.8, "any"),
    ({"type": "proportional_to_norm", "norm": 2500, "cap": None}, 4.8, "higher"),
    ({"type": "proportional_to_norm"}, 4.8, "any"),
    ({"type": "relative_to_mean", "at_mean": 2.4, "floor": 1.5, "cap": 4}, 4, "any"),
    ({"type": "coefficient", "coefficient": 0.57}, 20, "higher"),
    (FUND_MONTHS, 10, "lower"),
    (GROWTH, 5, "higher"),
    ({**GROWTH, "closed": "high"}, 5, "higher"),
    ({"type": "rank", "step": 0.25}, 20, "any"),
    ({"type": "rank", "step": 3, "floor": 5}, 20, "any"),
    ({"type": "rank", "points_by_place": PLACES, "beyond": 10}, 60, "any"),
    ({"type": "rank", "step": 0.25, "value_is_rank": True}, 20, "lower"),
    ({"type": "rank", "points_by_place": PLACES, "value_is_rank": True}, 60, "lower"),
    ({"type": "defects", "deduct": 2}, 30, "lower"),
    ({"type": "defects", "deduct": 2, "floor": None}, 30, "lower"),
    ({"type": "defects", "deduct": 2, "floor": -20}, 0, "lower"),
    ({"type": "zero_on_defect"}, 10, "lower"),
    ({"type": "zero_on_defect", "deduct": 4}, 10, "lower"),
    ({"type": "ledger"}, 0, "higher"),
    ({"type": "ledger", "bonus_cap": 5, "penalty_cap": 10}, 0, "higher"),
]
CASES = [
    pytest.param(rule, points, way, id=f"{place}-{rule['type']}-{way}")
    for place, (rule, points, ways) in enumerate(RULES)
    for way in (("higher", "lower") if ways == "any" else (ways,))
]
MONOTONE = [case for case in CASES if case.values[0]["type"] != "ledger"]

NEAR = st.sampled_from([0.0, -0.0, 1.0, 0.98, 0.999, 0.997, 0.08, 0.04, 2.0, 3.0, 2500.0, 0.5])
VALUE = st.one_of(NEAR, st.floats(-5, 12, width=32), st.floats(0, 1, width=32), st.floats(0, 20_000, width=32))
VALUES = st.lists(st.one_of(VALUE, st.just(math.nan)), min_size=1, max_size=12)


@pytest.mark.parametrize(("rule", "points", "way"), CASES)
@settings(max_examples=40)
@given(data=st.data())
def test_every_rule_agrees_with_its_twin(rule, points, way, data):
    values = [single(x) for x in data.draw(VALUES)]
    target = data.draw(st.floats(2**-6, 3, width=32))
    entry = item(rule, points, direction=way, target=target)
    found = points_of(entry, values)
    assert same(found, [twin(entry, x, target, values) for x in values]), (values, found)


@pytest.mark.parametrize(("rule", "points", "way"), MONOTONE)
@settings(max_examples=40)
@given(one=VALUE, two=VALUE, others=VALUES, target=st.floats(2**-6, 3, width=32))
def test_a_better_value_never_earns_less(rule, points, way, one, two, others, target):
    entry = item(rule, points, direction=way, target=target)
    worse, better = sorted((single(one), single(two)), reverse=way == "lower")
    earned = [points_of(entry, [value, *others])[0] for value in (worse, better)]
    assert earned[0] <= earned[1]


@pytest.mark.parametrize(("rule", "points", "way"), CASES)
@settings(max_examples=25)
@given(values=VALUES)
def test_points_stay_within_the_items_unless_the_rule_says_so(rule, points, way, values):
    entry = item(rule, points, direction=way, target=0.9)
    earned = np.array(points_of(entry, values))
    known = earned[~np.isnan(earned)]
    free_below = rule["type"] == "ledger" or rule.get("floor", 0.0) is None or rule.get("floor", 0.0) < 0
    free_above = rule["type"] == "ledger" or rule.get("cap", 1.0) is None or rule.get("cap") == 1.5
    assert free_below or (known >= 0).all()
    assert free_above or (known <= f32(points)).all()
    assert np.isnan(earned).tolist() == np.isnan(values).tolist()


@pytest.mark.parametrize(("rule", "points", "way"), CASES)
@pytest.mark.parametrize("shape", [(3, 1), (2, 4, 3, 5), (1, 3, 700), (0, 3, 4)])
def test_shapes_and_targets_by_year(rule, points, way, shape):
    path = {2016: 0.5, 2018: 0.75} if way == "higher" else {2016: 0.75, 2018: 0.5}
    entry = item(rule, points, direction=way, target=path)
    value = (np.random.default_rng(1).random(shape) * 4).astype(f32)
    years = [2016, 2017, 2018]
    found = item_points(entry, value, years)
    assert found.shape == shape
    assert found.dtype == f32
    for place in np.ndindex(*shape[:-1]):
        row = value[place].tolist()
        target = entry.target.at(years[place[-1]])
        assert same(found[place][:20], [twin(entry, x, target, row) for x in row[:20]])


def test_values_of_any_layout_and_type_earn_the_same():
    entry = item(GROWTH, 5)
    value = np.random.default_rng(2).random((4, 3, 6)).astype(f32) * f32(0.1)
    wanted = item_points(entry, value, [1, 2, 3])
    for other in (np.asfortranarray(value), value.astype(float), np.repeat(value, 2, axis=2)[..., ::2]):
        assert np.array_equal(item_points(entry, other, [1, 2, 3]), wanted)
    value.flags.writeable = False
    assert np.array_equal(item_points(entry, value, [1, 2, 3]), wanted)


# ---- real examples ----


def sichuan(points):
    return item(
        {"type": "linear_deduction", "step": 0.001, "deduct": 1, "steps": "full"}, points, target=1.0, unit="share"
    )


def test_sichuan_a_tenth_of_a_point_costs_a_point():
    assert points_of(sichuan(4), [1, 0.999, 0.998, 0.997, 0.996, 0.9]) == [4, 3, 2, 1, 0, 0]
    assert points_of(sichuan(2), [1, 0.999, 0.998]) == [2, 1, 0]


@pytest.mark.parametrize("whole", [1, 7, 1000, 3000, 250_000])
@pytest.mark.parametrize("short", range(8))
def test_steps_do_not_slip_through_rounding(whole, short):
    """A ratio of counts in single precision that is whole steps short is that many steps short."""
    people = whole * 1000
    ratio = f32(people - whole * short) / f32(people)
    for steps in ("full", "started"):
        entry = item({"type": "linear_deduction", "step": 0.001, "deduct": 1, "steps": steps}, 8, target=1.0)
        assert points_of(entry, [ratio]) == [8 - short]


def test_parts_of_steps():
    earned = {}
    for steps in ("proportional", "full", "started"):
        entry = item({"type": "linear_deduction", "step": 1, "deduct": 2, "steps": steps}, 10, target=100, unit="%")
        earned[steps] = points_of(entry, [100, 99.5, 98.5, 101])
    assert earned == {"proportional": [10, 9, 7, 10], "full": [10, 10, 8, 10], "started": [10, 8, 6, 10]}


def test_one_person_short_and_nothing_is_left():
    entry = item({"type": "all_or_nothing"}, 15, target=1.0, unit="share")
    persons = np.array([1000, 40_000, 1_000_000], dtype=f32)
    assert points_of(entry, (persons - 1) / persons) == [0, 0, 0]
    assert points_of(entry, persons / persons) == [15, 15, 15]


def test_fund_timeliness():
    months = [0, 1, 1.5, 2, 2.5, 3, 4, 5, 5.5, 6, 7, 9.5]
    assert points_of(item(FUND_MONTHS, 10, direction="lower"), months) == [10, 10, 8.5, 8, 6.5, 6, 4, 2, 1, 1, 0, 0]


def test_fund_growth_bands_take_their_edges_in_single_precision():
    entry = item(GROWTH, 5)
    assert points_of(entry, [-0.01, 0, 0.02, 0.04, 0.06, 8 / 100, 0.0799999]) == pytest.approx(
        [0, 1, 1.5, 3, 3.5, 5, 4], abs=1e-5
    )


def test_table_of_household_assistance():
    income = item({"type": "proportional_to_norm", "norm": 2500, "cap": None}, 4.8, unit="yuan")
    assert points_of(income, [2500, 2000, 3000]) == pytest.approx([4.8, 3.84, 5.76])
    helped = item({"type": "relative_to_mean", "at_mean": 2.4, "floor": 1.5, "cap": 4}, 4)
    assert points_of(helped, [10, 10, 10]) == pytest.approx([2.4] * 3)
    assert points_of(helped, [1, 40, 19, 20]) == pytest.approx([1.5, 4, 2.28, 2.4])
    share = item({"type": "proportional"}, 8, unit="share")
    assert points_of(share, [0.75, 1, 0]) == [6, 8, 0]
    kept_from_school = item({"type": "proportional"}, 2, direction="lower", unit="share")
    assert points_of(kept_from_school, [0, 0.25, 1]) == [2, 1.5, 0]


@pytest.mark.parametrize(("times", "most", "full"), [(4, 60, 15), (1, 70, 70), (0.57, 20, 36), (0.33, 20, 61)])
def test_baoji_coefficients(times, most, full):
    entry = item({"type": "coefficient", "coefficient": times}, most)
    assert points_of(entry, [0, 10, full, 200]) == pytest.approx([0, 10 * times, most, most])


def test_defects_of_the_village_rules():
    handbook = item({"type": "defects", "deduct": 2}, 30, direction="lower")
    assert points_of(handbook, [0, 1, 14, 15, 16]) == [30, 28, 2, 0, 0]
    open_end = item({"type": "defects", "deduct": 2, "floor": None}, 0, direction="lower")
    assert points_of(open_end, [0, 3, 20]) == [0, -6, -40]
    team = item({"type": "zero_on_defect"}, 10, direction="lower")
    assert points_of(team, [0, 1, 9]) == [10, 0, 0]


def test_ranks_of_the_fund_table_and_of_a_list():
    entry = item({"type": "rank", "step": 0.25}, 20)
    assert points_of(entry, [9, 7, 9, math.nan, 5]) == pytest.approx([20, 19.5, 20, math.nan, 19.25], nan_ok=True)
    low = item({"type": "rank", "step": 0.25}, 20, direction="lower")
    assert points_of(low, [9, 7, -9, 0.0, -0.0]) == [19, 19.25, 20, 19.75, 19.75]
    listed = item({"type": "rank", "points_by_place": PLACES}, 60)
    assert points_of(listed, [1, 2, 3, 4, 5, 6]) == [0, 48, 51, 54, 57, 60]


def test_units_are_compared_within_their_class():
    classes = ["one", "two", "one", "two", "one"]
    ranks = item({"type": "rank", "step": 1}, 10)
    assert points_of(ranks, [5, 4, 3, 2, 9], classes=classes) == [9, 10, 8, 9, 10]
    mean = item({"type": "relative_to_mean", "at_mean": 2, "cap": 4}, 4)
    assert points_of(mean, [1, 10, 2, 30, 3], classes=classes) == [1, 1, 2, 3, 3]


@pytest.mark.parametrize("way", ["higher", "lower"])
def test_mean_of_nothing(way):
    entry = item({"type": "relative_to_mean", "at_mean": 2, "floor": 1, "cap": 4}, 4, direction=way)
    assert points_of(entry, [0, 0]) == [2, 2] if way == "higher" else [4, 4]
    assert np.isnan(points_of(entry, [math.nan, math.nan])).all()


# ---- targets ----


@pytest.mark.parametrize(
    ("way", "strict", "wanted"),
    [
        ("higher", False, [False, True, True, False]),
        ("higher", True, [False, False, True, False]),
        ("lower", False, [True, True, False, False]),
        ("lower", True, [True, False, False, False]),
    ],
)
def test_targets_are_compared_in_single_precision(way, strict, wanted):
    entry = item({"type": "gate", "strict": strict}, 6, direction=way, target=0.98)
    ratio = f32(98) / f32(100)
    values = np.array([[np.nextafter(ratio, f32(0)), ratio, np.nextafter(ratio, f32(1)), math.nan]], dtype=f32)
    assert target_met(entry, values, [2017])[0].tolist() == wanted
    earned = item_points(entry, values, [2017])[0]
    assert np.array_equal(earned, [6.0 if met else 0.0 for met in wanted[:3]] + [math.nan], equal_nan=True)


def test_each_year_has_its_target():
    entry = item({"type": "proportional"}, 5, target={2016: 0.5, 2018: 0.8}, unit="share")
    met = target_met(entry, np.full((2, 3, 1), 0.6), [2015, 2017, 2018])
    assert met[..., 0].tolist() == [[True, True, False]] * 2


# ---- what is refused ----


def test_axes_that_do_not_fit():
    entry = item({"type": "proportional"}, 5)
    with pytest.raises(InputError, match=r"should end in the axes year and unit; found \(3, 4\); allowed: 2 years"):
        item_points(entry, np.zeros((3, 4), dtype=f32), [2016, 2017])
    with pytest.raises(InputError, match="should end in the axes year and unit"):
        item_points(entry, np.zeros(3, dtype=f32), [2016])
    with pytest.raises(InputError, match="one class for each unit"):
        item_points(entry, np.zeros((1, 4), dtype=f32), [2016], classes=["a"])


def test_targets_that_are_missing():
    with pytest.raises(InputError, match="is missing, so nothing can be said to meet it"):
        target_met(item({"type": "proportional"}, 5), np.zeros((1, 4), dtype=f32), [2016])


def test_norms_that_cannot_be():
    entry = item({"type": "proportional_to_norm"}, 5, target={2016: 3, 2017: 0}, direction="lower")
    with pytest.raises(InputError, match="serves as the norm and should be above 0; found 0"):
        item_points(entry, np.ones((2, 1), dtype=f32), [2016, 2017])
    boundless = item({"type": "proportional_to_norm", "norm": 2, "cap": None}, 5, direction="lower")
    assert points_of(boundless, [1, math.nan])[0] == 10
    with pytest.raises(InputError, match="earns boundless points; found 0; allowed: above 0; give the rule a cap"):
        points_of(boundless, [1, 0, math.nan])
