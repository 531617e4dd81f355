"""Weights: every closed form beside a slow obvious twin, ties, permutations, intervals walked across."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import povsim
from povsim.errors import InputError
from povsim.sensitivity import weight_kernels, weight_moves, weight_packed, weights
from povsim.sensitivity.weight_draws import limits_of, start_of
from povsim.sensitivity.weight_report import analyse
from povsim.sensitivity.weight_walk import walked
from tests.unit.scoring_samples import card, group, item, values

LABELS = "abcdefgh"


def table(rows: Any) -> xr.DataArray:
    array = np.asarray(rows, dtype=float)
    units = [f"U{place}" for place in range(array.shape[0])]
    return xr.DataArray(array, {"unit": units, "indicator": list(LABELS[: array.shape[1]])}, ("unit", "indicator"))


def points(*figures: float) -> dict[str, float]:
    return dict(zip(LABELS, figures, strict=False))


def twin_acceptability(scores: list[list[Fraction]], rows: list[list[Fraction]]) -> np.ndarray:
    """Places counted one by one, in exact fractions."""
    units = len(scores)
    out = [[Fraction(0)] * units for _ in range(units)]
    for weights_ in rows:
        totals = [sum(w * x for w, x in zip(weights_, line, strict=True)) for line in scores]
        for unit, mine in enumerate(totals):
            ahead, level = sum(t > mine for t in totals), sum(t == mine for t in totals)
            for place in range(ahead, ahead + level):
                out[unit][place] += Fraction(1, level * len(rows))
    return np.array([[float(share) for share in line] for line in out])


tenths = st.integers(0, 10).map(lambda n: Fraction(n, 10))


@st.composite
def leagues(draw: Any, most: int = 7) -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    units, items = draw(st.integers(1, most)), draw(st.integers(1, 6))
    scores = [[draw(tenths) for _ in range(items)] for _ in range(units)]
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        raw = [draw(st.integers(0, 5)) for _ in range(items)]
        raw[0] += sum(raw) == 0
        rows.append([Fraction(one, sum(raw)) for one in raw])
    return scores, rows


@settings(max_examples=80, deadline=None)
@given(leagues())
def test_acceptability_equals_places_counted_in_fractions(league: Any) -> None:
    scores, rows = league
    found = weights.rank_acceptability(table([[float(x) for x in line] for line in scores]), np.array(rows, float))
    np.testing.assert_allclose(found.values, twin_acceptability(scores, rows), atol=1e-11)


@pytest.mark.parametrize("units", [60, 300])
@pytest.mark.parametrize("steps", [3, 10, 10**6])
def test_the_fast_way_equals_double_precision_with_and_without_ties(units: int, steps: int) -> None:
    rng = np.random.default_rng(units + steps)
    stack = (rng.integers(0, steps + 1, (2, 7, units)) / steps).astype(float)
    rows = rng.dirichlet(np.ones(7), 701)
    rows[::3] = np.round(rows[::3], 1)
    rows[:, 0] += 1 - rows.sum(axis=1)
    rows = np.abs(rows) / np.abs(rows).sum(axis=1, keepdims=True)
    counts = [(np.zeros((units, units), np.int32), np.zeros((units + 1, units), np.int64)) for _ in range(2)]
    weight_packed.count_packed(stack, rows, (0, 701), counts[0])
    weight_kernels.count_weighted(stack, rows, (0, 701), *counts[1])
    for fast, plain in zip(*counts, strict=True):
        np.testing.assert_array_equal(fast, plain)


def test_totals_nearer_than_single_precision_can_tell_are_put_in_order() -> None:
    base = np.tile(np.linspace(0, 1, 80)[:, None], (1, 3))
    base[1] = base[0] + 1e-8
    base[3] = base[2] + 1e-10
    found = weights.rank_acceptability(table(base), [[0.2, 0.3, 0.5]])
    assert found.values[1, 78] == 1
    assert found.values[2, 76:78].tolist() == [0.5, 0.5]


def test_ties_spread_over_the_places_they_take() -> None:
    found = weights.rank_acceptability(table([[1, 0], [0, 1], [0.5, 0.5], [0, 0]]), [[0.5, 0.5]])
    np.testing.assert_allclose(found.values, [[1 / 3] * 3 + [0]] * 3 + [[0, 0, 0, 1]], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(leagues(), st.randoms(use_true_random=False), st.booleans())
def test_permuting_units_permutes_and_shares_sum_to_one(league: Any, random: Any, higher: bool) -> None:
    scores = table([[float(x) for x in line] for line in league[0]])
    rows = np.array(league[1], float)
    order = list(range(scores.sizes["unit"]))
    random.shuffle(order)
    first = weights.rank_acceptability(scores, rows, higher_is_better=higher)
    second = weights.rank_acceptability(scores.isel(unit=order), rows, higher_is_better=higher)
    np.testing.assert_array_equal(first.isel(unit=order).values, second.values)
    np.testing.assert_allclose(first.sum("rank"), 1, atol=1e-11)
    np.testing.assert_allclose(first.sum("unit"), 1, atol=1e-11)


def test_lower_may_be_better_and_columns_are_found_by_name() -> None:
    scores = table([[0.9, 0.1], [0.2, 0.3]])
    rows = xr.DataArray([[1.0, 0.0]], {"indicator": ["b", "a"]}, ("weighting", "indicator"))
    assert weights.rank_acceptability(scores, rows)[:, 0].values.tolist() == [0, 1]
    assert weights.rank_acceptability(scores, rows, higher_is_better=False)[:, 0].values.tolist() == [1, 0]


def test_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    scores, rows = table(rng.integers(0, 4, (9, 4)) / 3), rng.dirichlet(np.ones(4), 9000)
    many = weights.acceptability_analysis(scores, rows)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert many.identical(weights.acceptability_analysis(scores, rows))


def test_the_measures_of_smaa_against_loops() -> None:
    rng = np.random.default_rng(5)
    stack = rng.integers(0, 6, (3, 6, 4)) / 5
    scores = xr.DataArray(stack, {"unit": list("UVWXYZ"), "indicator": list("abcd")}, ("draw", "unit", "indicator"))
    rows = rng.dirichlet(np.ones(4), 500)
    found = weights.acceptability_analysis(scores, rows)
    central, times, wins = np.zeros((6, 4)), np.zeros(6), np.zeros((6, 6))
    for number, row in enumerate(rows):
        totals = stack[number % 3] @ row
        first = np.flatnonzero(totals >= totals.max() - 1e-9)
        times[first] += 1 / len(first)
        central[first] += row / len(first)
        gap = totals[:, None] - totals
        wins += np.where(np.abs(gap) <= 1e-9, 0.5, gap > 0)
    np.testing.assert_allclose(found["rank_acceptability"][:, 0], times / 500, atol=1e-12)
    known = times > 0
    np.testing.assert_allclose(found["central_weights"][known], (central[known].T / times[known]).T)
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(found["pairwise_winning"].values[off], (wins / 500)[off])
    for unit in np.flatnonzero(known):
        shares = [
            (lambda t: (t >= t.max() - 1e-9)[unit] / (t >= t.max() - 1e-9).sum())(
                one @ (central / times[:, None])[unit]
            )
            for one in stack
        ]
        assert float(found["confidence"][unit]) == pytest.approx(np.mean(shares))


def ranked(scores: xr.DataArray, row: np.ndarray) -> tuple[int, ...]:
    return tuple(weights.ranks_of(scores.values @ row).tolist())


def moved_to(shares: np.ndarray, place: int, new: float) -> np.ndarray:
    row = shares * (1 - new) / (1 - shares[place])
    row[place] = new
    return row


def picture(scores: xr.DataArray, row: np.ndarray, ask: dict[str, float]) -> Any:
    if "pass_line" in ask:
        return tuple((scores.values @ row >= ask["pass_line"] / 100 - 1e-12).tolist())
    ranks = ranked(scores, row)
    return tuple(rank <= ask["top"] for rank in ranks) if "top" in ask else ranks


@pytest.mark.parametrize("ask", [{}, {"top": 3}, {"top": 1}, {"pass_line": 52.0}])
@pytest.mark.parametrize("seed", range(6))
def test_intervals_hold_just_inside_and_break_just_outside(seed: int, ask: dict[str, float]) -> None:
    rng = np.random.default_rng(seed)
    scores = table(rng.random((9, 5)))
    shares = rng.dirichlet(np.ones(5))
    found = weights.stability_intervals(scores, points(*(100 * shares)), **ask)  # type: ignore[arg-type]
    now = picture(scores, shares, ask)
    for place in range(5):
        low, high = float(found["low_share"][place]), float(found["high_share"][place])
        assert low <= shares[place] <= high
        inside = np.linspace(low, high, 41)[1:-1]
        assert all(picture(scores, moved_to(shares, place, t), ask) == now for t in inside)
        for end, side, out in ((low, "low", -1e-7), (high, "high", 1e-7)):
            swap = (str(found[f"{side}_loser"][place].values), str(found[f"{side}_gainer"][place].values))
            if not any(swap):
                assert end in (pytest.approx(0), pytest.approx(1))
                continue
            totals = dict(zip(scores["unit"].values, scores.values @ moved_to(shares, place, end), strict=True))
            level = [totals[name] for name in swap if name] + ([ask["pass_line"] / 100] if "pass_line" in ask else [])
            assert level[0] == pytest.approx(level[1], abs=1e-9)
            if 0 < end + out < 1:
                assert picture(scores, moved_to(shares, place, end + out), ask) != now


def test_ties_that_break_at_once_leave_no_room_and_lasting_ties_do_not_matter() -> None:
    scores = table([[1.0, 0.0], [0.0, 1.0], [0.2, 0.2]])
    found = weights.stability_intervals(scores, points(50, 50))
    assert found["low"].values.tolist() == found["high"].values.tolist() == [50, 50]
    assert (str(found["high_loser"][0].values), str(found["high_gainer"][0].values)) == ("U1", "U0")
    twins = table([[0.9, 0.8], [0.9, 0.8], [0.1, 0.9]])
    found = weights.stability_intervals(twins, points(50, 50), top=1)
    assert found["low_share"].values[0] == pytest.approx(1 / 9)
    assert weights.stability_intervals(scores, points(50, 50), top=1)["high"].values.tolist() == [50, 50]
    assert weights.stability_intervals(scores, points(50, 50), top=2)["low"].values[0] == pytest.approx(20)


def test_those_ahead_of_a_lasting_tie_at_the_edge_have_to_stay_ahead() -> None:
    scores = table([[1.0, 0.6], [0.4, 0.8], [0.4, 0.8], [0.0, 0.0]])
    found = weights.stability_intervals(scores, points(50, 50), top=2)
    assert found["low_share"].values[0] == pytest.approx(0.25)
    assert str(found["low_loser"][0].values) == "U0"


def test_a_unit_on_the_pass_line_and_one_item_with_all_points() -> None:
    scores = table([[0.6, 0.4], [0.9, 0.9]])
    found = weights.stability_intervals(scores, points(50, 50), pass_line=50)
    assert found["low"].values[0] == found["high"].values[1] == 50
    assert found["high"].values[0] == 100
    alone = weights.stability_intervals(scores, points(100, 0))
    assert np.isnan(alone["low"].values[0])
    assert alone["low"].values[1] == 0


@pytest.mark.parametrize("seed", range(30))
def test_fewest_points_equal_a_linear_programme(seed: int) -> None:
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    scores, now = table(rng.integers(0, 5, (2, 5)) / 4), rng.dirichlet(np.ones(5)) * 100
    limits = {"b": float(now[1] + 8), "c": float(now[2] + 3)} if seed % 2 else {}
    locked = ("a",) if seed % 3 == 0 else ()
    found = weights.fewest_points_to_swap(scores, points(*now), "U0", "U1", locked=locked, most=limits)
    ahead = scores.values[0] - scores.values[1]
    # up and down by item: as little as possible, sums level, the gap closed
    rooms = [0.0 if code in locked else limits.get(code, 1e9) - have for code, have in zip("abcde", now, strict=True)]
    supply = [0.0 if code in locked else have for code, have in zip("abcde", now, strict=True)]
    answer = linprog(
        np.r_[np.ones(5), np.zeros(5)],
        A_ub=[np.r_[ahead, -ahead]],
        b_ub=[-float(now @ ahead)],
        A_eq=[np.r_[np.ones(5), -np.ones(5)]],
        b_eq=[0.0],
        bounds=[(0, room) for room in rooms] + [(0, have) for have in supply],
    )
    assert bool(found["possible"]) == (answer.status == 0)
    if answer.status == 0:
        assert float(found["moved"]) == pytest.approx(answer.fun, abs=1e-6)
        after = found["points_after"].values
        assert after.sum() == pytest.approx(100)
        assert after @ ahead <= 1e-6
        assert float(found["gap_after"]) == pytest.approx(after @ ahead, abs=1e-9)
    else:
        assert np.isnan(float(found["moved"]))


def test_ladder_and_leave_one_out_against_plain_sums() -> None:
    rng = np.random.default_rng(8)
    scores, shares = table(rng.random((6, 4))), rng.dirichlet(np.ones(4))
    ladder = weights.weight_ladder(scores, points(*(100 * shares)), "b", steps=[0, 10, 100])
    for step in (0, 10, 100):
        row = moved_to(shares, 1, step / 100)
        np.testing.assert_allclose(ladder["total"].sel(step=step), 100 * (scores.values @ row))
        assert tuple(ladder["rank"].sel(step=step).values.tolist()) == ranked(scores, row)
    out = weights.leave_one_out(scores, points(*(100 * shares)))
    now = np.array(ranked(scores, shares))
    for place, code in enumerate("abcd"):
        ranks = np.array(ranked(scores, moved_to(shares, place, 0.0)))
        np.testing.assert_array_equal(out["rank"].sel(indicator=code), ranks)
        assert float(out["mean_move"].sel(indicator=code)) == pytest.approx(np.abs(ranks - now).mean())


@pytest.mark.parametrize("kind", ["uniform", "dirichlet"])
def test_weightings_are_addressed_by_number(kind: Any) -> None:
    few = weights.weightings(points(50, 30, 20), count=5, seed=3, kind=kind)
    many = weights.weightings(points(50, 30, 20), count=3000, seed=3, kind=kind)
    np.testing.assert_array_equal(few.values, many.values[:5])
    assert not np.array_equal(few.values, weights.weightings(points(50, 30, 20), count=5, seed=4, kind=kind).values)
    np.testing.assert_allclose(many.sum("indicator"), 1)
    mean = np.array([50, 30, 20]) / 100 if kind == "dirichlet" else np.full(3, 1 / 3)
    np.testing.assert_allclose(many.mean("weighting"), mean, atol=0.02)


def test_the_spread_around_a_scheme_is_what_is_said() -> None:
    found = weights.weightings(points(80, 20, 0), count=20_000, kind="dirichlet", concentration=50)
    np.testing.assert_allclose(found.std("weighting")[:2], np.sqrt(0.16 / 51), rtol=0.03)
    assert float(found[:, 2].max()) == 0


def test_orders_are_exact_and_bounds_hold() -> None:
    found = weights.weightings(points(25, 25, 25, 25), count=40_000, order=[["c", "a", "d", "b"]])
    # centroid weights of ranks: Barron and Barrett 1996, doi:10.1287/mnsc.42.11.1515
    np.testing.assert_allclose(
        found.mean("weighting").sel(indicator=list("cadb")), [25 / 48, 13 / 48, 7 / 48, 3 / 48], atol=0.003
    )
    assert found.attrs["method"] == "exact"
    held = weights.weightings(points(25, 25, 25, 25), count=500, bounds={"a": (10, 20), "b": (30, 60)})
    assert held.attrs["method"] == "exact"
    assert float(held[:, 0].min()) >= 0.1
    assert float(held[:, 0].max()) <= 0.2
    assert float(held[:, 1].min()) >= 0.3


def test_narrow_bounds_are_walked_and_the_walk_forgets_its_start() -> None:
    narrow = dict.fromkeys(LABELS, (8.0, 17.0))
    given_ = points(*[12.5] * 8)
    found = weights.weightings(
        given_, count=3000, bounds={**narrow, "a": (16.0, 17.0), "b": (8.0, 8.5)}, order=[["c", "d"]]
    )
    assert found.attrs["method"] == "random walk"
    limits = limits_of(given_, {**narrow, "a": (16.0, 17.0), "b": (8.0, 8.5)}, [["c", "d"]])
    assert limits.fit(found.values).all()
    # a corner for a start gives the same means
    corner = walked(limits, found.values[int(found[:, 2].values.argmax())], 3000, np.array([1, 2], dtype=np.uint32))
    assert limits.fit(corner).all()
    np.testing.assert_allclose(corner.mean(axis=0), found.mean("weighting"), atol=0.0025)


def test_a_walk_and_proposals_that_fit_agree() -> None:
    limits = limits_of(points(50, 30, 20), {"a": (20, 60)}, [["b", "c"]])
    exact = weights.weightings(points(50, 30, 20), count=20_000, bounds={"a": (20, 60)}, order=[["b", "c"]])
    assert exact.attrs["method"] == "exact"
    walk = walked(limits, start_of(limits), 20_000, np.array([5, 6], dtype=np.uint32))
    np.testing.assert_allclose(walk.mean(axis=0), exact.mean("weighting"), atol=0.004)
    np.testing.assert_allclose(walk.std(axis=0), exact.std("weighting"), atol=0.004)


@pytest.mark.parametrize("limits", [{}, {"bounds": {"a": (20, 60), "b": (0, 30)}}, {"order": [["c", "a"]]}])
def test_attainable_ranks_equal_those_of_all_corners_and_mixtures(limits: Any) -> None:
    rng = np.random.default_rng(11)
    scores = table(rng.integers(0, 11, (7, 3)) / 10)
    found = weights.attainable_ranks(scores, points(40, 30, 30), **limits)
    assert found.attrs["method"] == "exact"
    rows = np.array([[i, j, 60 - i - j] for i in range(61) for j in range(61 - i)]) / 60
    rows = rows[limits_of(points(40, 30, 30), limits.get("bounds"), limits.get("order", ())).fit(rows)]
    totals = rows @ scores.values.T
    best = 1 + (totals[:, None, :] > totals[:, :, None] + 1e-9).sum(axis=2).min(axis=0)
    worst = (totals[:, None, :] >= totals[:, :, None] - 1e-9).sum(axis=2).max(axis=0)
    assert (found["best"].values <= best).all()
    assert (found["worst"].values >= worst).all()
    # a fine grid of weights finds nearly all of them
    assert (found["best"].values == best).sum() >= 6
    assert (found["worst"].values == worst).sum() >= 6


def test_every_pair_is_reached_by_attainable_ranks_on_corners() -> None:
    found = weights.attainable_ranks(table(np.eye(4)), points(25, 25, 25, 25), units=["U2"])
    assert (int(found["best"][0]), int(found["worst"][0])) == (1, 4)
    assert len(list(combinations(range(4), 2))) == 6


SCORES = table([[1.0, 0.0], [0.0, 1.0]])
REFUSED = [
    (lambda: weights.rank_acceptability(SCORES * np.nan, [[1, 0]]), "missing"),
    (lambda: weights.rank_acceptability(SCORES * 60, [[1, 0]]), "beyond the range.*divide points"),
    (lambda: weights.rank_acceptability(SCORES.rename(unit="town"), [[1, 0]]), "dims"),
    (lambda: weights.rank_acceptability(SCORES.isel(unit=[]), [[1, 0]]), "are empty"),
    (lambda: weights.rank_acceptability(SCORES.isel(unit=[0, 0]), [[1, 0]]), "named twice; found U0"),
    (lambda: weights.rank_acceptability(SCORES.astype(str), [[1, 0]]), "are no numbers"),
    (lambda: weights.rank_acceptability(SCORES, [[1, 0.5]]), "row 0: does not sum to one; found 1.5"),
    (lambda: weights.rank_acceptability(SCORES, [[1.5, -0.5]]), "below 0"),
    (lambda: weights.rank_acceptability(SCORES, [1, 0]), "shape"),
    (
        lambda: weights.rank_acceptability(SCORES, xr.DataArray([[1, 0]], dims=("row", "indicator"))),
        "dims: do not fit; found row, indicator",
    ),
    (
        lambda: weights.rank_acceptability(
            SCORES, xr.DataArray([[1, 0]], {"indicator": ["a", "z"]}, ("weighting", "indicator"))
        ),
        "lacks labels of indicator: b",
    ),
    (lambda: weights.stability_intervals(SCORES, {"a": 60}), "b: has no points"),
    (lambda: weights.stability_intervals(SCORES, {"a": 60, "b": -1, "c": 1}), "(?s)c: unknown.*b: points do not fit"),
    (lambda: weights.stability_intervals(SCORES, points(0, 0)), "are all 0"),
    (lambda: weights.stability_intervals(SCORES, pd.Series([5, 1, 4], ["a", "a", "b"])), "a: has points twice"),
    (lambda: weights.stability_intervals(SCORES, points(6, 4), top=3), "top: is out of range; found 3"),
    (lambda: weights.stability_intervals(SCORES, points(6, 4), top=1.5), "top: should be a whole number; found 1.5"),  # type: ignore[arg-type]
    (lambda: weights.stability_intervals(SCORES, points(6, 4), top=True), "should be a whole number; found True"),
    (lambda: weights.stability_intervals(SCORES, points(6, 4), pass_line=11), "0 to 10 points"),
    (lambda: weights.stability_intervals(SCORES, points(6, 4), top=1, pass_line=1), "one at a time"),
    (lambda: weights.fewest_points_to_swap(SCORES, points(6, 4), "U0", "U11"), "did you mean 'U1'"),
    (lambda: weights.fewest_points_to_swap(SCORES, points(6, 4), "U0", "U1", locked=["q"]), "q: unknown indicator"),
    (lambda: weights.fewest_points_to_swap(SCORES, points(6, 4), "U0", "U1", most={"a": 2}), "below the present"),
    (lambda: weights.weight_ladder(SCORES, points(6, 4), "a", steps=[11]), "0 to 10 points"),
    (lambda: weights.weight_ladder(SCORES, points(6, 0), "a"), "nothing can be rescaled"),
    (lambda: weights.leave_one_out(SCORES, points(6, 0)), "nothing is left without it"),
    (lambda: weights.weightings(points(6, 4), count=0), "count: does not fit"),
    (lambda: weights.weightings(points(6, 4), count=1, kind="unifrom"), "did you mean 'uniform'"),  # type: ignore[arg-type]
    (lambda: weights.weightings(points(6, 4), count=1, concentration=0), "above 0"),
    (lambda: weights.weightings(points(6, 4), count=1, bounds={"a": (1, 2), "b": (1, 2)}), "no weighting fulfils"),
    (lambda: weights.weightings(points(6, 4), count=1, bounds={"a": (3, 2)}), "low before high"),
    (lambda: weights.weightings(points(6, 4), count=1, order=[["a", "b"], ["a"]]), "in the orders twice"),
    (lambda: weights.weightings(points(6, 4), count=1, order=[["a", "x"]]), "x: unknown indicator"),
    (
        lambda: weights.weightings(points(6, 4), count=1, kind="dirichlet", bounds={"a": (0, 0.5)}),
        "almost nothing of this distribution",
    ),
    (lambda: weights.attainable_ranks(SCORES, points(6, 4), seconds=0), "seconds"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "said"), REFUSED)
def test_bad_input_is_refused(ask: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ask()


# ---- scorecards ----

PLAIN = (item("a", 60), item("b", 40))
"""Proportional items."""


def league(*rows: Any, **more: Any) -> tuple[Any, Any]:
    small = card(*(more.pop("items", PLAIN)), **more)
    return values(small, [rows]), small


def test_a_plain_card_has_a_closed_form_that_scoring_again_confirms() -> None:
    shares, small = league((1.0, 0.2), (0.3, 0.9), (0.5, 0.5))
    case = weights.case_of(shares, small, year=2016)
    assert case.method == "closed form"
    scores, rows = weights.item_scores(case).mean("draw"), np.array([[0.6, 0.4], [0.2, 0.8]])
    np.testing.assert_allclose(weights.rescored(case, rows)[:, 0], rows @ scores.values.T, atol=1e-6)
    closed = weights.rank_acceptability(scores, rows)
    again = weights.rescored_acceptability(case, rows)["rank_acceptability"]
    np.testing.assert_allclose(closed, again, atol=1e-9)
    np.testing.assert_array_equal(
        weights.leave_one_out(scores, case.scheme.points)["rank"], weights.rescored_leave_one_out(case)["rank"]
    )
    np.testing.assert_array_equal(
        weights.weight_ladder(scores, case.scheme.points, "a", steps=[0, 30, 90])["rank"],
        weights.rescored_ladder(case, "a", [0, 30, 90])["rank"],
    )
    exact, grid = (
        weights.stability_intervals(scores, case.scheme.points, top=1),
        weights.rescored_intervals(case, top=1),
    )
    for side, sign in (("low", 1), ("high", -1)):
        off = sign * (grid[side] - exact[side])
        assert (off >= -1e-6).all()
        assert (off <= grid[f"{side}_step"] + 1e-6).all()


def test_caps_break_the_closed_form_and_are_scored_again() -> None:
    items = (item("a", 60, group="g"), item("b", 40, group="g"))
    shares, small = league((1.0, 0.9), (0.9, 1.0), (0.1, 0.1), items=items, groups=(group("g", cap=80),))
    case = weights.case_of(shares, small, year=2016)
    assert case.reasons == ("caps or floors of groups",)
    with pytest.raises(InputError, match="closed form: does not hold; found caps or floors of groups"):
        weights.item_scores(case)
    report = analyse(case, top=1, count=200)
    assert report.units.attrs["method"] == "re-evaluated"
    # both are at the cap whatever the weights
    np.testing.assert_allclose(report.near["rank_acceptability"][:2, :2], 0.5, atol=1e-9)
    assert report.swaps.empty


def test_locked_points_stay_when_scored_again() -> None:
    shares, small = league((1.0, 0.2, 0.5), (0.3, 0.9, 0.5), items=(item("a", 50), item("b", 30), item("c", 20)))
    own = povsim.weight_scheme(small).locked("c")
    case = weights.case_of(shares, small, year=2016, scheme=own)
    assert case.reasons == ("locked points",)
    assert set(weights.rescored_leave_one_out(case)["indicator"].values) == {"a", "b"}


def test_a_case_of_another_year_is_refused() -> None:
    shares, small = league((1.0, 0.2), (0.3, 0.9))
    with pytest.raises(InputError, match="year: is not in the run; found 1999"):
        weights.case_of(shares, small, year=1999)


def test_schemes_are_compared() -> None:
    shares, small = league((1.0, 0.2), (0.3, 0.9))
    own = povsim.weight_scheme(small)
    other = own.with_points({"a": 20, "b": 80}).named("other")
    found = weights.compare_schemes(povsim.score(shares, small, schemes=[own, other]), year=2016)
    assert found["rank"].values.tolist() == [[1, 2], [2, 1]]
    assert found["moved"].values.tolist() == [[0, 0], [-1, 1]]
    assert found["ahead"].values.tolist() == [[0, 0], [0, 1]]


def ranks(*rows: Any) -> xr.Dataset:
    """Ranks (indicator, unit) out of totals, not a number for units without a place."""
    return ranked_as_points(np.array(rows, dtype=float), {"indicator": list(LABELS[: len(rows)]), "unit": list("ABCD")})


def ranked_as_points(totals: np.ndarray, dims: dict[str, list[str]]) -> xr.Dataset:
    return weight_moves.ranked(totals, dims, 100.0)


def test_who_drops_out_gains_no_places() -> None:
    now = ranked_as_points(np.array([0.9, 0.8, 0.7, np.nan]), {"unit": list("ABCD")})
    # a: A falls to the end; b: C drops out; c: D comes in first; d: nobody has a place any more
    then = ranks([0.1, 0.8, 0.7, np.nan], [0.9, 0.8, np.nan, np.nan], [0.9, 0.8, 0.7, 1.0], [np.nan] * 4)
    found = weight_moves.with_moves(then, now)
    assert found["moved"].values.tolist() == [[-2, 1, 1, 0], [0, 0, 0, 0], [-1, -1, -1, 0], [0, 0, 0, 0]]
    assert found["entry"].values.tolist() == [[0, 0, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1], [-1, -1, -1, 0]]
    np.testing.assert_allclose(found["mean_move"], [4 / 3, 0, 1, np.nan])
    told = weight_moves.told_moves(found)
    np.testing.assert_array_equal(
        told["moved"], [[-2, 1, 1, np.nan], [0, 0, np.nan, np.nan], [-1, -1, -1, np.nan], [np.nan] * 4]
    )
    for lang, said in (("en", ["drops out", "comes in"]), ("zh", ["退出排名", "新进排名"])):
        words = weight_moves.entry_words(found, lang).values
        assert [words[1, 2], words[2, 3]] == said
        assert words[0].tolist() == [""] * 4


def test_schemes_under_which_a_veto_strikes_say_who_drops_out() -> None:
    shares, small = league((1.0, 0.2), (0.3, 0.9), (0.5, 0.5))
    own = povsim.weight_scheme(small)
    scores = povsim.score(shares, small, schemes=[own, own.named("other")])
    # B is struck out under the second scheme
    struck = (scores["scheme"] == "other") & (scores["unit"] == scores["unit"][1])
    scores["rank"] = scores["rank"].where(~struck, 0)
    found = weights.compare_schemes(scores, year=2016)
    now = found["rank"].values[0]
    assert found["rank"].values[1, 1] == 0
    assert found["entry"].values.tolist() == [[0, 0, 0], [0, -1, 0]]
    assert found["moved"].values[1, 1] == 0
    assert found["mean_move"].values[1] == ((now[[0, 2]] > now[1]).sum()) / 2


def test_the_files_leave_places_blank_for_who_drops_out(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    from povsim.sensitivity.weight_files import tables, write_report
    from povsim.wording import wording

    shares, small = league((1.0, 0.2), (0.3, 0.9), (0.5, 0.5))
    case = weights.case_of(shares, small, year=2016)
    report = analyse(case, top=1, count=50)
    left_out = report.left_out.copy(deep=True)
    left_out["rank"][0, 1] = 0
    report = replace(report, left_out=weight_moves.with_moves(left_out, left_out.rename(
        {"rank": "before", "total": "sum", "rank_now": "rank", "total_now": "total"})[["rank", "total"]]))  # fmt: skip
    frame = dict(tables(report, lang="zh"))["left_out"]
    assert frame.loc[1, "entry"] == "退出排名"
    assert np.isnan(frame.loc[1, "moved"])
    for lang, said in (("en", "drops out"), ("zh", "退出排名")):
        write_report(tmp_path / lang, report, None, wording(lang, "weights"))
        book = load_workbook(tmp_path / lang / "weights.xlsx")
        rows = [row for sheet in book for row in sheet.iter_rows(values_only=True) if said in row]
        assert len(rows) == 1
        assert None in rows[0]
        with xr.open_dataset(tmp_path / lang / "weights.nc") as stored:
            assert np.isnan(stored["left_out_moved"].values[0, 1])
            assert stored["left_out_entry"].values[0, 1] == -1


@pytest.mark.parametrize("reasons", [(), ("vetoes",)])
@pytest.mark.parametrize(
    ("top", "said"),
    [(4, "top: is out of range; found 4; allowed: 1 to 3"), (0, "out of range"), (1.5, "whole number; found 1.5")],
)
def test_first_places_are_whole_and_no_more_than_units(reasons: tuple[str, ...], top: Any, said: str) -> None:
    shares, small = league((1.0, 0.2), (0.3, 0.9), (0.5, 0.5))
    case = replace(weights.case_of(shares, small, year=2016), reasons=reasons)
    with pytest.raises(InputError, match=said):
        analyse(case, top=top, count=20)
    with pytest.raises(InputError, match=said):
        weights.rescored_intervals(case, top=top)


def test_the_command_answers_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from typer.testing import CliRunner

    from povsim.cli_sensitivity_app import sensitivity_app
    from povsim.folder import Record, write_run
    from povsim.runs import Settings, run_scenarios

    plan = povsim.read_scenario("sample")
    people = povsim.complete_population(plan)
    results = run_scenarios(people, (plan,), Settings(draws=range(3), seed=1))
    folder = write_run(results, tmp_path / "run", register=people, record=Record(seed=1))
    asked = ["weights", str(folder), "--scorecard", "xiangyin-2016-townships", "--count", "200", "--out"]
    for lang, said in (("en", "What the points decide"), ("zh", "权重的影响")):
        done = CliRunner().invoke(sensitivity_app, [*asked, str(tmp_path / lang), "--lang", lang])
        assert done.exit_code == 0, done.exception
        assert said in done.output
        assert {path.name for path in (tmp_path / lang).iterdir()} == {"weights.nc", "weights.xlsx"}
    with xr.open_dataset(tmp_path / "en" / "weights.nc") as found:
        # the sample leaves out items that it has no value for
        assert found.attrs["method"] == "re-evaluated"
        np.testing.assert_allclose(found["near_rank_acceptability"].sum("rank"), 1)
    bad = CliRunner().invoke(sensitivity_app, [*asked, str(tmp_path / "x"), "--top", "99", "--year", "2016"])
    assert isinstance(bad.exception, InputError)
    assert "--top: is more than there are units" in str(bad.exception)
