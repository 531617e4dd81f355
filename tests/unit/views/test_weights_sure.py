"""What the tuner says about how sure a ranking is agrees with the analysis, in closed form or scored again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from povsim.scoring.schemes import weight_scheme
from povsim.scoring.scores import score
from povsim.sensitivity.weight_cards import Case, case_of, item_scores, rescored_intervals
from povsim.sensitivity.weight_draws import weightings
from povsim.sensitivity.weight_extremes import attainable_ranks
from povsim.sensitivity.weight_intervals import stability_intervals
from povsim.sensitivity.weight_moves import fewest_points_to_swap
from povsim.sensitivity.weight_ranks import acceptability_analysis
from povsim.views import weights_answers as answers
from povsim.views import weights_tables as tables
from povsim.views.weights_board import Board, mean_totals, standing
from povsim.views.weights_intervals import intervals
from povsim.views.weights_scheme import moved
from povsim.views.weights_sure import KINDS, Swap, filled, leader, lost, method_of, places, reach, swap
from tests.unit.views.weights_samples import sample


def closed(name: str = "plain") -> tuple[Board, Case]:
    small, values, board = sample(name)
    return board, case_of(values, small, year=2016)


def test_intervals_in_closed_form() -> None:
    board, case = closed()
    found = intervals(board, case.scheme, 3)
    wanted = stability_intervals(item_scores(case).mean("draw"), dict(case.scheme.points), top=3)
    assert found.method == "closed form"
    np.testing.assert_allclose([found.points[code][0] for code in "abcd"], wanted["low"], atol=1e-3)
    np.testing.assert_allclose([found.points[code][1] for code in "abcd"], wanted["high"], atol=1e-3)
    assert found.exchange["a"][1] == ((str(wanted["high_loser"][0].values),), (str(wanted["high_gainer"][0].values),))


def test_searched_intervals_agree_with_closed_ones_where_both_hold() -> None:
    board, case = closed()
    exact = intervals(board, case.scheme, 3)
    found = intervals(replace(board, reasons=("vetoes",)), case.scheme, 3)
    assert found.method == "re-evaluated"
    for code in "abcd":
        assert found.points[code] == pytest.approx(exact.points[code], abs=2e-3)


@pytest.mark.parametrize("name", ["missing", "fail", "ledger", "out"])
def test_searched_intervals_hold_and_end_where_they_say(name: str) -> None:
    small, values, board = sample(name)
    own = weight_scheme(small)
    found = intervals(board, own, 2)
    assert found.method == "re-evaluated"
    grid = rescored_intervals(case_of(values, small, year=2016), top=2)

    def first(points: float, code: str) -> set[int]:
        ranks = standing(board, moved(own, code, points)).rank
        return set(np.flatnonzero((ranks > 0) & (ranks <= 2)).tolist())

    now = first(own.points["a"], "a")
    for place, code in enumerate(grid["indicator"].to_numpy().astype(str)):
        low, high = found.points[code]
        assert low <= own.points[code] <= high
        assert low <= float(grid["low"][place]) + 1e-6 or name == "missing"
        assert first(low + 1e-3, code) == first(high - 1e-3, code) == now
        if high < 99:
            assert first(high + 2e-3, code) != now


def test_all_points_in_an_item_that_nobody_has_is_no_change() -> None:
    small, _, board = sample("missing", without="b", missing=0.0)
    found = intervals(board, weight_scheme(small), 3)
    assert found.points["b"] == (0.0, 100.0)
    assert found.exchange["b"] == (((), ()), ((), ()))


def test_intervals_under_locks_leave_locked_items_out() -> None:
    board, case = closed()
    found = intervals(board, case.scheme.locked("b"), 3)
    assert set(found.points) == {"a", "c", "d"}
    assert found.points["a"][1] <= 70
    assert found.why == ("locked points",)


@pytest.mark.parametrize("name", ["capped", "total"])
def test_intervals_by_the_cards_own_rules(name: str) -> None:
    small, values, board = sample(name)
    found = intervals(board, weight_scheme(small), 3)
    wanted = rescored_intervals(case_of(values, small, year=2016), top=3)
    assert found.method == "re-evaluated"
    for place, code in enumerate(wanted["indicator"].to_numpy().astype(str)):
        assert found.points[code] == pytest.approx((float(wanted["low"][place]), float(wanted["high"][place])))


def test_places_are_those_of_the_analysis() -> None:
    board, case = closed()
    points = dict(case.scheme.points)
    for kind, spread, scores in (
        ("near", "dirichlet", item_scores(case).mean("draw")),
        ("any", "uniform", item_scores(case).mean("draw")),
        ("both", "dirichlet", item_scores(case)),
    ):
        found = places(board, case.scheme, kind, count=500)
        wanted = acceptability_analysis(scores, weightings(points, count=500, kind=spread))
        np.testing.assert_allclose(found.share, wanted["rank_acceptability"], atol=0.005)
        np.testing.assert_allclose(found.expected, wanted["expected_rank"], atol=0.01)
        assert (found.method, found.count) == ("closed form", 500)


@pytest.mark.parametrize("name", ["missing", "fail", "ledger", "capped", "total"])
@pytest.mark.parametrize("kind", KINDS)
def test_places_scored_again_add_up(name: str, kind: str) -> None:
    small, _, board = sample(name)
    found = places(board, weight_scheme(small), kind, count=200)
    np.testing.assert_allclose(found.share.sum(axis=1) + found.unranked, 1)
    assert found.method == "re-evaluated"


def test_units_that_are_never_ranked_have_no_row_among_places() -> None:
    small, _, board = sample("fail", draws=1)
    found = places(board, weight_scheme(small), "luck")
    table = answers.places_table(board, found, "luck", 3, "zh")
    ranked = [unit for unit, none in zip(board.units, found.unranked, strict=True) if none == 0]
    assert {row["_key"] for row in table.rows} == set(ranked)
    assert [column.label for column in table.columns][4:] == [str(place + 1) for place in range(len(ranked))]
    assert sum(row["p0"] for row in table.rows) == 1


def test_places_over_draws_are_shares_of_ranks() -> None:
    small, values, board = sample("out")
    found = places(board, weight_scheme(small), "luck")
    rank = score(values, small)["rank"].isel(scenario=0, scheme=0, year=0).transpose("draw", "unit").to_numpy()
    np.testing.assert_allclose(found.share[:, 0], (rank == 1).mean(axis=0))
    np.testing.assert_allclose(found.unranked, (rank == 0).mean(axis=0))


def test_near_places_with_missing_items_are_those_of_mean_totals() -> None:
    small, _, board = sample("missing")
    own = weight_scheme(small)
    found = places(board, own, "near", count=400)
    weights = weightings(dict(own.points), count=400, kind="dirichlet").to_numpy()
    totals = mean_totals(board, weights)
    np.testing.assert_allclose(found.share[:, 0], (totals.argmax(axis=1)[:, None] == np.arange(7)).mean(axis=0))


def test_reach_and_swap_are_those_of_the_analysis() -> None:
    board, case = closed()
    mean, points = item_scores(case).mean("draw"), dict(case.scheme.points)
    found = reach(board, case.scheme, board.units, near=False)
    wanted = attainable_ranks(mean, points)
    assert [found[unit][:2] for unit in board.units] == list(
        zip(wanted["best"].values.tolist(), wanted["worst"].values.tolist(), strict=True)
    )
    held = reach(board, case.scheme.locked("a", "b", "c", "d"), board.units)
    ranks = standing(board, case.scheme).rank
    assert [held[unit][0] for unit in board.units] == ranks.tolist()
    first, last = board.units[int(ranks.argmin())], board.units[int(ranks.argmax())]
    one = swap(board, case.scheme, first, last)
    two = fewest_points_to_swap(mean, points, first, last)
    assert isinstance(one, Swap)
    assert (one.gap, one.moved) == pytest.approx((float(two["gap"]), float(two["moved"])), abs=1e-3, nan_ok=True)


@pytest.mark.parametrize("name", ["plain", "missing", "ledger"])
def test_after_the_fewest_moves_both_are_level(name: str) -> None:
    small, _, board = sample(name)
    own = weight_scheme(small)
    ranks = standing(board, own).rank
    third = board.units[int(np.flatnonzero(ranks == 3)[0])]
    first = leader(board, own, third)
    found = swap(board, own, first, third)
    assert isinstance(found, Swap)
    assert found.moves
    after = standing(board, own.with_points(found.points, rescale=True)).total
    gap = after[board.units.index(first)] - after[board.units.index(third)]
    # filled scores are exact only for the points now
    assert abs(gap) < (3.0 if name == "missing" else 0.01)
    assert found.gap == pytest.approx(
        standing(board, own).total[board.units.index(first)] - standing(board, own).total[board.units.index(third)],
        abs=1e-3,
    )


def test_no_closed_form_is_told() -> None:
    for name, reason in {"capped": "caps or floors of groups", "deduct": "vetoes", "total": "a veto looks"}.items():
        small, _, board = sample(name)
        found = filled(board, weight_scheme(small))
        assert isinstance(found, tuple)
        assert found[0].startswith(reason)
        assert answers.why_not(found, "zh")


def test_units_out_of_the_ranking_are_passed_over() -> None:
    small, _, board = sample("fail", draws=1)
    own = weight_scheme(small)
    out = [unit for unit, rank in zip(board.units, standing(board, own).rank, strict=True) if rank == 0]
    assert out
    found = reach(board, own, board.units)
    assert set(found) == set(board.units) - set(out)
    assert swap(board, own, leader(board, own, out[0]), out[0]) == ("out of the ranking",)


def test_leader_and_losses() -> None:
    small, _, board = sample("plain")
    own = weight_scheme(small)
    order = tables.in_order(standing(board, own))
    first, second = board.units[order[0]], board.units[order[1]]
    assert (leader(board, own, second), leader(board, own, first)) == (first, second)
    rows = lost(board, own, second, first)
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    total = standing(board, own).total[order[1]]
    assert sum(row[1] for row in rows) == pytest.approx(100 - total, abs=1e-3)


def test_method_is_told_with_its_reason() -> None:
    small, _, board = sample("plain")
    own = weight_scheme(small)
    assert method_of(board, own) == ("closed form", ())
    assert method_of(board, own.locked("a")) == ("sums", ("locked points",))
    assert "有分值锁定" in answers.method_line(board, own.locked("a"), "zh")
    slow_card, _, slow = sample("total")
    assert "looks at points" in answers.method_line(slow, weight_scheme(slow_card), "en")
