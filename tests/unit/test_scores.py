"""From values to scores: composition, what is missing, schemes, vetoes, by hand on small cards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import povsim
from povsim.errors import InputError
from povsim.scoring.scores import score
from tests.unit.scoring_samples import card, group, item, known, one, values

NAN = float("nan")


def test_points_groups_and_total_add_up() -> None:
    small = card(item("a", 60, group="g"), item("b", 40, group="h"), groups=[group("g"), group("h")])
    scores = score(values(small, [[[0.5, 1.0], [1.0, 0.25]]]), small)
    assert one(scores, "points").tolist() == [[30, 40], [60, 10]]
    assert one(scores, "group_points").tolist() == [[30, 40], [60, 10]]
    assert one(scores, "total").tolist() == [70, 70]
    assert one(scores, "rank").tolist() == [1, 1]
    assert one(scores, "tied").tolist() == [True, True]
    assert scores["points"].dims == ("scenario", "scheme", "draw", "year", "unit", "indicator")


def test_a_group_is_capped_and_floored() -> None:
    ledger = item("extra", 0, group="g", unit="points", rule={"type": "ledger", **known()})
    small = card(item("a", 10, group="g"), ledger, groups=[group("g", cap=12, floor=2)])
    scores = score(values(small, [[[1.0, 5.0], [0.5, -9.0], [0.5, 1.0]]]), small)
    assert one(scores, "points").tolist() == [[10, 5], [5, -9], [5, 1]]
    assert one(scores, "group_points")[:, 0].tolist() == [12, 2, 6]
    assert one(scores, "total").tolist() == [12, 2, 6]


def test_a_scheme_scales_shares_and_leaves_ledgers_alone() -> None:
    ledger = item("extra", 0, unit="points", rule={"type": "ledger", **known()})
    small = card(item("a", 60), item("b", 40), ledger)
    scheme = povsim.weight_scheme(small, code="other").with_points({"a": 20, "b": 80})
    scores = score(values(small, [[[0.5, 1.0, 3.0]]]), small, schemes=[povsim.weight_scheme(small), scheme])
    assert scores["total"].isel(scenario=0, draw=0, year=0, unit=0).to_numpy().tolist() == [73, 93]
    assert scores["item_points"].to_numpy().tolist() == [[60, 40, 0], [20, 80, 0]]


def test_schemes_that_do_not_sum_or_do_not_fit_are_refused() -> None:
    small = card(item("a", 60), item("b", 40))
    wrong = povsim.weight_scheme(small, code="wrong").with_points({"a": 70})
    with pytest.raises(InputError, match="110"):
        score(values(small, [[[0.5, 1.0]]]), small, schemes=[wrong])


MISSING = {
    "zero": ([[50.0, 0.0]], 50.0, 2),
    "rebase": ([[100.0, NAN]], 100.0, 1),
}


@pytest.mark.parametrize("policy", MISSING)
def test_what_is_missing_follows_the_policy_and_is_shown(policy: str) -> None:
    small = card(item("a", 50), item("b", 50, missing=policy))
    scores = score(values(small, [[[1.0, NAN]]]), small)
    points, total, code = MISSING[policy]
    np.testing.assert_array_equal(one(scores, "points"), points)
    assert one(scores, "total").tolist() == [total]
    assert scores["filled"].isel(scenario=0, draw=0, year=0, unit=0).to_numpy().tolist() == [0, code]


def test_the_last_known_value_is_carried_and_before_it_the_item_is_rebased() -> None:
    small = card(item("a", 50), item("b", 50, missing="last_known"))
    table = [[[0.5, NAN]], [[0.5, 0.8]], [[0.5, NAN]]]
    scores = score(values(small, table, years=(2016, 2017, 2018)), small)
    assert scores["total"].to_numpy().ravel() == pytest.approx([50, 65, 65])
    assert scores["filled"].sel(indicator="b").to_numpy().ravel().tolist() == [1, 0, 3]


def test_a_missing_value_is_refused_where_the_policy_says_so() -> None:
    small = card(item("a", 50), item("b", 50))
    with pytest.raises(InputError, match=r"indicators\.b: no value; found u1 2016") as caught:
        score(values(small, [[[1.0, 1.0], [1.0, NAN]]]), small)
    assert "missing: rebase, zero, last_known" in str(caught.value)


def test_values_of_other_indicators_or_beyond_the_possible_are_refused() -> None:
    small = card(item("a", 50), item("b", 50))
    good = values(small, [[[1.0, 1.0]]])
    with pytest.raises(InputError, match="missing from the values; found b"):
        score(good.sel(indicator=["a"]), small)
    with pytest.raises(InputError, match=r"value\.b: outside the possible; found 1\.5 to 1\.5; allowed: 0 to 1"):
        score(values(small, [[[1.0, 1.5]]]), small)


def test_a_veto_acts_and_one_that_is_off_does_not() -> None:
    def veto(effect: str, **more: Any) -> dict[str, Any]:
        when = {"indicator": "b", "comparison": "<", "threshold": 0.5}
        return {"code": "low", "name_zh": "低", "name_en": "low", "when": when, "effect": effect, **known(), **more}

    table = [[[1.0, 0.4], [1.0, 0.5]]]
    items = (item("a", 50), item("b", 50))
    deduct = card(*items, vetoes=[veto("deduct", value=7)])
    scores = score(values(deduct, table), deduct)
    assert one(scores, "vetoed")[:, 0].tolist() == [True, False]
    assert one(scores, "total_before_vetoes").tolist() == pytest.approx([70, 75])
    assert one(scores, "total").tolist() == pytest.approx([63, 75])
    zero = card(*items, vetoes=[veto("zero", of="a")])
    assert one(score(values(zero, table), zero), "total").tolist() == pytest.approx([20, 75])
    fail = card(*items, vetoes=[veto("fail")])
    assert one(score(values(fail, table), fail), "passed").tolist() == [False, True]
    off = card(*items, vetoes=[veto("deduct", value=7, active=False)])
    assert one(score(values(off, table), off), "total").tolist() == pytest.approx([70, 75])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 3), min_size=2, max_size=6), st.randoms())
def test_permuting_units_permutes_results(rows: list[tuple[float, ...]], random: Any) -> None:
    small = card(item("a", 50), item("b", 30), item("c", 20))
    order = list(range(len(rows)))
    random.shuffle(order)
    straight = score(values(small, [rows]), small)
    mixed = score(values(small, [[rows[place] for place in order]]), small)
    for name in ("total", "rank", "tied"):
        np.testing.assert_array_equal(one(straight, name)[order], one(mixed, name))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3), st.lists(st.booleans(), min_size=3, max_size=3))
def test_rebasing_keeps_a_perfect_unit_perfect(shares: list[float], gone: list[bool]) -> None:
    small = card(*(item(code, points, missing="rebase") for code, points in (("a", 50), ("b", 30), ("c", 20))))
    full = [NAN if missing else 1.0 for missing in gone]
    total = one(score(values(small, [[full]]), small), "total")[0]
    assert np.isnan(total) if all(gone) else total == pytest.approx(100, abs=1e-3)
    part = [NAN if missing else share for share, missing in zip(shares, gone, strict=True)]
    known_points = [points for points, missing in zip((50, 30, 20), gone, strict=True) if not missing]
    expected = sum(p * s for p, s in zip((50, 30, 20), part, strict=True) if not np.isnan(s))
    if known_points:
        total = one(score(values(small, [[part]]), small), "total")[0]
        assert total == pytest.approx(100 * expected / sum(known_points), abs=1e-3)


def veto(code: str, effect: str, when: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"code": code, "name_zh": code, "name_en": code, "when": when, "effect": effect, **known(), **more}


@pytest.mark.parametrize("of", ["share", "points"])
def test_rebasing_makes_no_item_better_than_it_is(of: str) -> None:
    threshold = 0.6 if of == "share" else 30
    when = {"indicator": "a", "of": of, "comparison": "<", "threshold": threshold}
    items = (item("a", 50), item("b", 30), item("c", 20, missing="rebase"))
    small = card(*items, vetoes=[veto("weak", "fail", when)])
    scores = score(values(small, [[[0.5, 1.0, 1.0], [0.5, 1.0, NAN]]]), small)
    assert one(scores, "vetoed")[:, 0].tolist() == [True, True]
    assert one(scores, "rebased_by").tolist() == pytest.approx([1, 1.25])


def test_caps_of_groups_go_with_the_points_of_the_group() -> None:
    small = card(item("a", 50, group="g"), item("b", 50), groups=[group("g", cap=40)])
    half = povsim.weight_scheme(small, code="half").with_points({"a": 80, "b": 20})
    scores = score(values(small, [[[1.0, 1.0]]]), small, schemes=[povsim.weight_scheme(small), half])
    assert scores["total"].to_numpy().ravel() == pytest.approx([90, 84])
    loose = card(item("a", 50, group="g"), item("b", 50, missing="rebase"), groups=[group("g", cap=40)])
    assert one(score(values(loose, [[[1.0, NAN]]]), loose), "total") == pytest.approx(80)


def test_a_unit_of_which_only_a_ledger_is_known_has_no_total() -> None:
    ledger = item("extra", 0, unit="points", rule={"type": "ledger", **known()})
    small = card(item("a", 100, missing="rebase"), ledger)
    scores = score(values(small, [[[NAN, 0.0], [1.0, 0.0]]]), small)
    assert np.isnan(one(scores, "total")[0])
    assert one(scores, "rank").tolist() == [0, 1]


def test_classes_matter_to_a_rule_only_where_it_says_so() -> None:
    for within, expected in ((False, [5, 10, 10]), (True, [10, 10, 6.6667])):
        rule = {"type": "relative_to_mean", "at_mean": 10, "cap": 10, "within_class": within, **known()}
        small = card(item("a", 10, unit="persons", rule=rule))
        given = values(small, [[[10.0], [30.0], [20.0]]]).assign(unit_class=("unit", ["x", "y", "y"]))
        if not within:
            assert one(score(given, small), "total").tolist() == pytest.approx(expected)
        else:
            assert one(score(given, small), "total")[[0, 1]].tolist() == pytest.approx(expected[:2])


def test_values_of_another_scorecard_and_boundless_ones_are_refused() -> None:
    small = card(item("a", 100, unit="yuan", rule={"type": "proportional_to_norm", "norm": 5, **known()}))
    given = values(small, [[[3.0]]])
    with pytest.raises(InputError, match="belong to another scorecard; found other"):
        score(given.assign_attrs(scorecard="other"), small)
    with pytest.raises(InputError, match="outside the possible"):
        score(values(small, [[[float("inf")]]]), small)


def test_a_carried_value_keeps_its_origin() -> None:
    small = card(item("a", 50), item("b", 50, missing="last_known"))
    given = values(small, [[[0.5, 0.5]], [[0.5, NAN]]], years=(2016, 2017))
    given["value_source"][1, 0, 1] = 4
    assert score(given, small)["value_source"].to_numpy()[:, 0].tolist() == [[1, 1], [1, 1]]


def test_the_band_of_ranks_is_over_draws_with_a_rank() -> None:
    from povsim.scoring.league import league

    gate = {"type": "gate", **known()}
    goal = {"value": 0.5, "unit": "share", **known()}
    small = card(item("a", 50), item("b", 50, rule=gate, target=goal))
    given = values(small, [[[1.0, 1.0], [0.9, 1.0]]], draws=3)
    given["value"][0, 1:, 0, 0, 1] = 0.0
    table = league(score(given, small), small, 2016)
    assert table.loc["u0", ["rank_low", "rank_high"]].tolist() == [1, 1]
    assert table.loc["u0", "passed"] == pytest.approx(1 / 3)
