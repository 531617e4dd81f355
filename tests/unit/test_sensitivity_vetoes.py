"""Vetoes: every closed form beside all subsets, what permuting and idle rules may not change, and finished runs."""

from __future__ import annotations

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.sensitivity import vetoes as v


def brute(value, rules: int) -> np.ndarray:
    """Shapley shares of a set function, from its definition."""
    shares = np.zeros(rules)
    for rule in range(rules):
        others = [other for other in range(rules) if other != rule]
        for size in range(rules):
            chance = factorial(size) * factorial(rules - size - 1) / factorial(rules)
            for chosen in combinations(others, size):
                shares[rule] += chance * (value({*chosen, rule}) - value(set(chosen)))
    return shares


def table(flags: np.ndarray) -> xr.DataArray:
    codes = [f"r{place}" for place in range(flags.shape[1])]
    return xr.DataArray(flags.astype(bool), dims=("unit", "veto"), coords={"veto": codes})


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    units, rules = draw(st.integers(0, 12)), draw(st.integers(1, 5))
    bits = draw(st.lists(st.integers(0, 2**rules - 1), min_size=units, max_size=units))
    heads = draw(st.lists(st.integers(0, 9), min_size=units, max_size=units))
    flags = (np.array(bits, dtype=int)[:, None] >> np.arange(rules)) & 1
    return flags.reshape(units, rules).astype(bool), np.array(heads, dtype=np.int64)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_attribution_agrees_with_all_subsets(case: tuple[np.ndarray, np.ndarray]) -> None:
    flags, heads = case
    found = v.attribution(table(flags), weight=heads)
    rules = flags.shape[1]

    def excluded(rules_on: set[int]) -> float:
        return float(heads[flags[:, sorted(rules_on)].any(axis=1)].sum()) if rules_on else 0.0

    np.testing.assert_allclose(found["shapley"], brute(excluded, rules), atol=1e-9)
    everything = excluded(set(range(rules)))
    assert float(found["excluded"]) == everything
    np.testing.assert_allclose(found["shapley"].sum(), everything)
    for rule in range(rules):
        assert found["any_hit"][rule] == excluded({rule})
        assert found["sole_blocker"][rule] == everything - excluded(set(range(rules)) - {rule})
        off = v.release(table(flags), [f"r{rule}"], weight=heads)
        assert off["released"] == found["sole_blocker"][rule]
    assert (found["sole_blocker"] <= found["shapley"] + 1e-9).all()
    assert (found["shapley"] <= found["any_hit"] + 1e-9).all()


@settings(deadline=None, max_examples=30)
@given(cases(), st.randoms(use_true_random=False))
def test_permuting_units_and_rules_permutes_the_result(case: tuple[np.ndarray, np.ndarray], luck) -> None:
    flags, heads = case
    found = v.attribution(table(flags), weight=heads)
    units, rules = list(range(flags.shape[0])), list(range(flags.shape[1]))
    luck.shuffle(units)
    luck.shuffle(rules)
    xr.testing.assert_identical(v.attribution(table(flags[units]), weight=heads[units]), found)
    other = v.attribution(table(flags)[:, rules], weight=heads)
    codes = [f"r{rule}" for rule in rules]
    xr.testing.assert_identical(other, found.sel(veto=codes, other_veto=codes))


@settings(deadline=None, max_examples=30)
@given(cases())
def test_a_rule_that_never_binds_changes_nothing(case: tuple[np.ndarray, np.ndarray]) -> None:
    flags, heads = case
    idle = np.concatenate([flags, np.zeros((len(flags), 1), dtype=bool)], axis=1)
    before, after = (v.attribution(table(each), weight=heads) for each in (flags, idle))
    codes = list(before["veto"].values)
    xr.testing.assert_identical(after.sel(veto=codes, other_veto=codes), before)
    assert float(after["shapley"][-1]) == 0
    patterns = idle @ (1 << np.arange(idle.shape[1]))
    frame = pd.DataFrame({"village": "a", "pattern": patterns, "persons": heads})
    if heads.sum():
        idle_found = v.rollup_attribution(v.histograms(frame, [*codes, "idle"]), limit=0.1)
        np.testing.assert_allclose(
            idle_found["shapley"][:-1], v.rollup_attribution(v.histograms(frame, codes), limit=0.1)["shapley"]
        )


@settings(deadline=None, max_examples=30)
@given(cases())
def test_overlap_is_the_interaction_of_two_rules(case: tuple[np.ndarray, np.ndarray]) -> None:
    flags, heads = case
    rules = flags.shape[1]

    def excluded(on: set[int]) -> float:
        return float(heads[flags[:, sorted(on)].any(axis=1)].sum()) if on else 0.0

    found = v.attribution(table(flags), weight=heads)["overlap"].values
    for r, s in combinations(range(rules), 2):
        others, total = [each for each in range(rules) if each not in (r, s)], 0.0
        for size in range(rules - 1):
            chance = factorial(size) * factorial(rules - size - 2) / factorial(rules - 1)
            for chosen in map(set, combinations(others, size)):
                both = excluded(chosen | {r, s}) - excluded(chosen | {r}) - excluded(chosen | {s}) + excluded(chosen)
                total += chance * both
        assert found[r, s] == pytest.approx(total, abs=1e-9)
        assert found[s, r] == found[r, s]


@settings(deadline=None, max_examples=30)
@given(cases())
def test_patterns_say_what_flags_say(case: tuple[np.ndarray, np.ndarray]) -> None:
    flags, heads = case
    found = v.attribution(table(flags), weight=heads)
    bits = (flags @ (1 << np.arange(flags.shape[1]))).astype(np.uint32)
    patterns = xr.DataArray(bits, dims="pattern", attrs={"veto": list(found["veto"].values)})
    xr.testing.assert_allclose(v.attribution(patterns, counts=heads), found)
    order = [f"r{place}" for place in reversed(range(flags.shape[1]))]
    one = v.sequential_hits(table(flags), order, weight=heads)
    xr.testing.assert_equal(one, v.sequential_hits(patterns, order, counts=heads))
    assert int(one.sum()) == int(found["excluded"])
    assert one[0] == found["any_hit"].sel(veto=order[0])
    assert one[-1] == found["sole_blocker"].sel(veto=order[-1])


def test_sequential_hits_averaged_over_all_orders_are_the_shapley_shares() -> None:
    flags = np.random.default_rng(3).random((40, 4)) < 0.4
    codes = [f"r{place}" for place in range(4)]
    every = [v.sequential_hits(table(flags), order).sel(veto=codes).values for order in permutations(codes)]
    np.testing.assert_allclose(np.mean(every, axis=0), v.attribution(table(flags))["shapley"])


@pytest.mark.parametrize(
    ("blocked", "more", "words"),
    [
        (np.ones((2, 2), dtype=bool), {}, "should be a DataArray"),
        (xr.DataArray(np.ones(3)), {}, "flags or patterns"),
        (xr.DataArray(np.ones((2, 2), dtype=bool)), {}, "flags need the dim veto"),
        (table(np.ones((2, 2))), {"counts": [1, 1]}, "use weight for flags"),
        (table(np.ones((2, 2))), {"weight": [1, 2, 3]}, "another length"),
        (table(np.ones((2, 2))), {"weight": [1, -2]}, "zero or more"),
        (table(np.ones((2, 2))), {"weight": [1, np.nan]}, "zero or more"),
        (table(np.ones((2, 2))), {"weight": ["a", "b"]}, "should be numbers"),
        (table(np.ones((2, 2))), {"weight": xr.DataArray([1, 2], dims="x")}, "other dims"),
        (xr.DataArray([-1]), {}, "cannot be negative"),
        (xr.DataArray([[1]]), {}, "patterns need one dim"),
        (xr.DataArray([4], attrs={"veto": ["a"]}), {}, "does not list"),
        (xr.DataArray(np.ones((1, 300), dtype=bool), dims=("u", "veto")), {}, "too many rules"),
        (table(np.ones((2, 2))).assign_coords(veto=["a", "a"]), {}, "veto: names rules twice; found a"),
        (xr.DataArray([4], attrs={"veto": ["a", "a"]}), {}, "(?s)names rules twice; found a.*does not list"),
    ],
)
def test_attribution_refuses_what_it_cannot_count(blocked, more: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        v.attribution(blocked, **more)


def test_unknown_rules_are_named_with_the_nearest() -> None:
    flags = table(np.ones((2, 2)))
    with pytest.raises(InputError, match="did you mean 'r1'"):
        v.sequential_hits(flags, ["r11"])
    with pytest.raises(InputError, match="given twice"):
        v.release(flags, ["r1", "r1"])


# ---- roll-ups ----


def made_villages(rules: int, villages: int = 6, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frames = []
    for village in range(villages):
        patterns = np.append(rng.choice(2**rules, size=9, replace=True), 0)
        counts = np.append(rng.integers(0, 5, 9), rng.integers(60, 200))
        frames.append(pd.DataFrame({"village": f"v{village}", "pattern": patterns, "persons": counts}))
    return pd.concat(frames, ignore_index=True)


def failing(frame: pd.DataFrame, on: set[int], limit: float, *, equal_passes: bool) -> float:
    mask, count = sum(1 << rule for rule in on), 0
    for _, rows in frame.groupby("village"):
        bad = int(rows.loc[(rows["pattern"] & mask) != 0, "persons"].sum())
        left, right = bad * 1000, round(limit * 1000) * int(rows["persons"].sum())
        count += left > right or (left == right and not equal_passes)
    return float(count)


@pytest.mark.parametrize("comparison", ["<", "<="])
@pytest.mark.parametrize("seed", range(4))
def test_rollups_agree_with_all_subsets(seed: int, comparison) -> None:
    frame = made_villages(4, seed=seed)
    found = v.rollup_attribution(v.histograms(frame, list("abcd")), limit=0.05, comparison=comparison)
    equal = comparison == "<="
    wanted = brute(lambda on: failing(frame, on, 0.05, equal_passes=equal), 4)
    np.testing.assert_allclose(found["shapley"], wanted, atol=1e-12)
    everything = failing(frame, {0, 1, 2, 3}, 0.05, equal_passes=equal)
    assert float(found["excluded"]) == everything == float(found["fails"].sum())
    np.testing.assert_allclose(found["area_shapley"].sum("area"), found["shapley"])
    for rule in range(4):
        assert found["alone"][rule] == failing(frame, {rule}, 0.05, equal_passes=equal)
        without = failing(frame, {0, 1, 2, 3} - {rule}, 0.05, equal_passes=equal)
        assert found["sole_blocker"][rule] == everything - without


def test_rollups_of_many_rules_are_sampled_with_an_error_that_holds() -> None:
    rng = np.random.default_rng(5)
    rules, frames = 18, []
    for village in range(3):
        single = pd.DataFrame({"pattern": [0, *(1 << np.arange(rules))], "persons": [900, *rng.integers(1, 6, rules)]})
        frames.append(single.assign(village=village))
    frame = pd.concat(frames)
    areas = v.histograms(frame, [f"r{place}" for place in range(rules)])
    found = v.rollup_attribution(areas, limit=0.02, weight=[1, 2, 3], orders=800)
    again = v.rollup_attribution(areas, limit=0.02, weight=[1, 2, 3], orders=800, seed=9)
    assert found.attrs["method"].startswith("sampled")
    assert float(found["shapley"].sum()) == pytest.approx(float(found["excluded"]))
    error = np.hypot(found["standard_error"], again["standard_error"])
    assert (np.abs(found["shapley"] - again["shapley"]) <= 5 * error + 1e-12).all()
    assert (found["standard_error"] > 0).any()


def test_a_game_is_enumerated_or_sampled() -> None:
    flags = np.random.default_rng(1).random((60, 5)) < 0.3
    exact = v.attribution(table(flags))["shapley"].values
    codes = [f"r{place}" for place in range(5)]
    found = v.game_attribution(lambda on: flags[:, on].any(axis=1).sum(), codes)
    np.testing.assert_allclose(found["shapley"], exact)
    more = [*codes, *(f"idle{place}" for place in range(12))]
    sampled = v.game_attribution(lambda on: flags[:, on[:5]].any(axis=1).sum(), more, orders=300)
    assert (np.abs(sampled["shapley"][:5] - exact) <= 5 * sampled["standard_error"][:5] + 1e-12).all()
    assert (sampled["shapley"][5:] == 0).all()


def test_vetoes_by_rank_agree_with_all_subsets() -> None:
    rng = np.random.default_rng(2)
    flags, points, heads = rng.random((12, 3)) < 0.3, rng.integers(50, 60, 12).astype(float), rng.integers(1, 5, 12)

    def excluded(on: set[int]) -> float:
        out = flags[:, sorted(on - {3})].any(axis=1) if on - {3} else np.zeros(12, dtype=bool)
        if 3 in on:
            left = sorted(points[~out], reverse=True)
            if len(left) > 5:
                out = out | (points < left[4])
        return float(heads[out].sum())

    found = v.rank_attribution(table(flags), points, places=5, weight=heads)
    np.testing.assert_allclose(found["shapley"], brute(excluded, 4))
    with pytest.raises(InputError, match="a number for each unit"):
        v.rank_attribution(table(flags), [1.0], places=2)


@pytest.mark.parametrize(
    ("limit", "comparison", "words"),
    [(1.5, "<", "cannot be used"), (0.1234567, "<", "six decimals"), (0.1, ">", "< or <=")],
)
def test_limits_of_rollups_are_checked(limit: float, comparison, words: str) -> None:
    with pytest.raises(InputError, match=words):
        v.rollup_attribution(v.histograms(made_villages(2), list("ab")), limit=limit, comparison=comparison)


def test_rules_named_twice_are_refused_everywhere() -> None:
    double = table(np.ones((2, 2))).assign_coords(veto=["a", "a"])
    rows = pd.DataFrame({"village": ["a"], "pattern": [1], "persons": [1]})
    one = xr.DataArray([[1.0], [2.0]], dims=("unit", "veto"), coords={"veto": ["a"]})
    asked = (
        lambda: v.histograms(rows, ["a", "a"]),
        lambda: v.game_attribution(lambda on: on.sum(), ["a", "a"]),
        lambda: v.rank_attribution(table(np.ones((2, 2))).assign_coords(veto=["a", "rank"]), [1, 2], places=1),
        lambda: v.exclusion_curves(one, double),
        lambda: v.measured_attribution(double * 0.5),
        lambda: v.failure_chances(double * 1.0, {"a": 1}, 1.0),
    )
    for ask in asked:
        with pytest.raises(InputError, match=r"names? rules twice; found (a|rank)"):
            ask()


@pytest.mark.parametrize(("places", "words"), [(-1, "found -1"), (1.5, "found 1.5; allowed: a whole number")])
def test_places_are_whole(places: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        v.rank_attribution(table(np.ones((2, 2))), [1, 2], places=places)


def test_rows_without_an_area_or_a_whole_pattern_are_refused() -> None:
    rows = pd.DataFrame({"village": ["a", None, "b"], "pattern": [1, 0, 1], "persons": [1, 2, 3]})
    with pytest.raises(InputError, match="village: is missing; found 1 of 3 rows"):
        v.histograms(rows, ["a"])
    rows = rows.assign(pattern=[1.5, 0.0, np.nan])
    with pytest.raises(InputError, match=r"(?s)village: is missing.*pattern: should be whole numbers; found float64"):
        v.histograms(rows, ["a"])
    with pytest.raises(InputError, match="pattern: cannot be negative; found -1"):
        v.histograms(rows.assign(village="a", pattern=[0, -1, 1]), ["a"])


def test_histograms_are_checked() -> None:
    with pytest.raises(InputError, match="missing; found village"):
        v.histograms(pd.DataFrame({"pattern": [1], "persons": [1]}), ["a"])
    with pytest.raises(InputError, match="bits of rules that are not named"):
        v.histograms(pd.DataFrame({"village": ["a"], "pattern": [2], "persons": [1]}), ["a"])
    with pytest.raises(InputError, match="whole numbers"):
        v.histograms(pd.DataFrame({"village": ["a"], "pattern": [1], "persons": [1.5]}), ["a"])
