"""Vetoes, what follows from them: curves, measurement error, sampled tests and cures, each beside a plain twin."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from povsim.errors import InputError
from povsim.sensitivity import vetoes as v
from povsim.sensitivity.veto_cures import _by_milp
from povsim.sensitivity.veto_rollups import exact_limit


def table(flags: np.ndarray) -> xr.DataArray:
    codes = [f"r{place}" for place in range(flags.shape[1])]
    return xr.DataArray(flags.astype(bool), dims=("unit", "veto"), coords={"veto": codes})


# ---- curves ----


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 4)), min_size=0, max_size=15),
    st.sampled_from([">", ">=", "<", "<="]),
)
def test_exclusion_curves_count_units(rows: list[tuple[int, bool, int]], sign) -> None:
    x = np.array([row[0] for row in rows], dtype=float)
    other, heads = np.array([row[1] for row in rows], dtype=bool), np.array([row[2] for row in rows], dtype=np.int64)
    values = xr.DataArray(x[:, None], dims=("unit", "veto"), coords={"veto": ["r0"]})
    compare = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}[sign]
    points = np.arange(-4, 4.5, 0.5)
    blocked = table(np.stack([~compare(x, 0), other], axis=1)) if rows else table(np.zeros((0, 2)))
    for weight in (None, heads):
        found = v.exclusion_curves(values, blocked, comparison=sign, weight=weight).at(points)
        by = np.ones(len(rows), dtype=np.int64) if weight is None else weight
        wanted = [by[other | ~compare(x, tau)].sum() for tau in points]
        assert found.values[0].tolist() == wanted


def test_a_missing_value_holds_nobody_back_and_bad_curves_are_refused() -> None:
    values = xr.DataArray([[np.nan], [1.0]], dims=("unit", "veto"), coords={"veto": ["r0"]})
    curves = v.exclusion_curves(values, table(np.zeros((2, 1))), weight=[3, 4])
    assert curves.at([9.0]).values.tolist() == [[4]]
    with pytest.raises(InputError, match="another shape"):
        curves.at(np.zeros((3, 2)))
    with pytest.raises(InputError, match="numbers everywhere"):
        curves.at([np.nan])
    with pytest.raises(InputError, match="one of the four signs"):
        v.exclusion_curves(values, table(np.zeros((2, 1))), comparison="==")
    with pytest.raises(InputError, match="another number of units"):
        v.exclusion_curves(values, table(np.zeros((3, 1))))
    with pytest.raises(InputError, match="no such rule"):
        v.exclusion_curves(values.assign_coords(veto=["zz"]), table(np.zeros((2, 1))))


def test_margins_bound_every_threshold_between_two_edges() -> None:
    rng = np.random.default_rng(4)
    x, edges = rng.normal(0, 0.6, 500), np.round(-2 + 0.05 * np.arange(1, 80), 12)
    bins = np.bincount(np.searchsorted(edges, x, side="right"), minlength=80).astype(float)
    curve = v.MarginCurve("income", edges, bins, np.full(80, 0.5))
    factors = np.exp([-3.0, -0.1, -0.07, 0.0, 0.033, 0.05, 3.0])
    found = curve.at(factors)
    truth = 40 + np.array([(x < np.log(factor)).sum() for factor in factors])
    assert (found["low"] <= truth).all()
    assert (truth <= found["high"]).all()
    assert (found["low"] <= found["estimate"]).all()
    assert (found["estimate"] <= found["high"]).all()
    exact = [1, 3, 5]
    assert found["low"][exact].values.tolist() == found["high"][exact].values.tolist() == truth[exact].tolist()
    with pytest.raises(InputError, match="above zero"):
        curve.at([0.0])
    flips = v.margin_flips(curve, 0.1)
    wrongly = norm.cdf(-np.abs(x) / 0.1)
    for name, rows in (("wrongly_excluded", x >= 0), ("wrongly_passed", x < 0)):
        low, _, high = flips[name].values
        assert low <= wrongly[rows].sum() <= high
    assert v.margin_flips(curve, 0.0)["wrongly_passed"].values.tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="zero or more"):
        v.margin_flips(curve, -1.0)


# ---- measurement error ----


@pytest.mark.parametrize("rules", [1, 2, 3, 4, 5])
def test_expected_shares_agree_with_all_measured_patterns(rules: int) -> None:
    rng = np.random.default_rng(rules)
    chances, heads = rng.random((6, rules)), rng.integers(1, 5, 6)
    chances[0], chances[1, 0] = 0.0, 1.0
    found = v.measured_attribution(table(chances > 2).astype(float) + chances, weight=heads)
    wanted = np.zeros((3, rules))
    passing = np.zeros(6)
    for pattern in range(2**rules):
        flags = ((pattern >> np.arange(rules)) & 1).astype(bool)
        chance = np.prod(np.where(flags, chances, 1 - chances), axis=1)
        one = v.attribution(table(flags[None]))
        for row, name in enumerate(("any_hit", "sole_blocker", "shapley")):
            wanted[row] += (chance * heads).sum() * one[name].values
        passing += chance if pattern == 0 else 0
    for row, name in enumerate(("any_hit", "sole_blocker", "shapley")):
        np.testing.assert_allclose(found[name], wanted[row], atol=1e-12)
    np.testing.assert_allclose(found["passing"], passing, atol=1e-12)
    assert float(found["shapley"].sum()) == pytest.approx(float(found["excluded"]))


def test_sure_chances_are_the_attribution() -> None:
    flags = np.random.default_rng(8).random((30, 7)) < 0.3
    found, exact = v.measured_attribution(table(flags).astype(float)), v.attribution(table(flags))
    for name in ("any_hit", "sole_blocker", "shapley", "excluded"):
        np.testing.assert_allclose(found[name], exact[name], atol=1e-12)
    assert (v.flip_chances(table(flags).astype(float), table(flags)) == 0).all()


def test_chances_follow_the_comparison_and_the_scale() -> None:
    values = xr.DataArray([[2.0, 2.0], [np.nan, 5.0]], dims=("unit", "veto"), coords={"veto": ["a", "b"]})
    found = v.failure_chances(
        values, {"a": 3, "b": 3}, {"a": 1.0, "b": 0.5}, comparison={"a": ">=", "b": "<="}, log=["a"]
    )
    assert found[0, 0] == pytest.approx(norm.cdf(np.log(1.5)))
    assert found[0, 1] == pytest.approx(norm.cdf(-2.0))
    assert found[1].values.tolist() == [0.0, pytest.approx(norm.cdf(4.0))]
    sure = v.failure_chances(values, {"a": 2, "b": 2}, 0.0, comparison={"a": ">", "b": "<="})
    assert sure[0].values.tolist() == [1.0, 0.0]
    flips = v.flip_chances(found, table(np.array([[1, 0], [0, 0]])).assign_coords(veto=["a", "b"]))
    passing = np.prod(1 - found.values, axis=1)
    np.testing.assert_allclose(flips, [passing[0], 1 - passing[1]])


@pytest.mark.parametrize(
    ("thresholds", "sd", "log", "words"),
    [
        ({"a": 1}, 1.0, [], "thresholds.b: is missing"),
        ({"a": 1, "b": 1}, -1.0, [], "zero or more"),
        ({"a": 0, "b": 1}, 1.0, ["a"], "above zero on the log scale"),
        ({"a": 1, "b": 1, "c": 1}, 1.0, [], "no such rule"),
        ({"a": 1, "b": 1}, {"a": 1.0}, [], "sd.b: is missing"),
        ({"a": np.nan, "b": 1}, 0.0, [], "thresholds.a: should be a number; found nan"),
        ({"a": 1, "b": np.nan}, 1.0, ["b"], "thresholds.b: should be a number; found nan"),
    ],
)
def test_errors_of_measurement_are_checked(thresholds: dict, sd, log: list[str], words: str) -> None:
    values = xr.DataArray([[2.0, 2.0]], dims=("unit", "veto"), coords={"veto": ["a", "b"]})
    with pytest.raises(InputError, match=words):
        v.failure_chances(values, thresholds, sd, log=log)


def test_truths_that_are_no_table_of_flags_are_refused() -> None:
    chances = table(np.ones((2, 2))) * 0.5
    for truly, words in (
        (np.ones((2, 2), dtype=bool), "should be a DataArray"),
        (table(np.ones((2, 2))).astype(float), "should be booleans; found float64"),
        (table(np.ones((3, 2))), "another number of units"),
    ):
        with pytest.raises(InputError, match=words):
            v.flip_chances(chances, truly)


def test_chances_outside_their_range_are_refused() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        v.measured_attribution(table(np.ones((2, 2))).astype(float) * 2)


# ---- sampled tests ----


def test_the_sampled_test_has_the_figures_of_the_reference() -> None:
    found = v.sampled_test([0.015, 0.018, 0.025], [500, 1000, 2000], limit=0.02, comparison="<=")
    exceeds = (1 - found).sel(rate=[0.015, 0.018]).transpose("rate", "size").values.round(2)
    assert exceeds.tolist() == [[0.14, 0.08, 0.03], [0.29, 0.27, 0.22]]
    assert found.sel(rate=0.025).values.round(2).tolist() == [0.29, 0.18, 0.08]


def test_sampling_a_pool_is_hypergeometric_and_asking_all_is_certain() -> None:
    found = v.sampled_test([0.015, 0.02, 0.025], [400, 1000], limit=0.02, comparison="<=", pool=1000)
    assert found.sel(size=1000).values.tolist() == [1.0, 1.0, 0.0]
    plain = v.sampled_test([0.015], [400], limit=0.02, comparison="<=")
    assert float(found.sel(size=400, rate=0.015)) > float(plain[0, 0])
    strict = v.sampled_test([0.02], [1000], limit=0.02, pool=1000)
    assert strict.values.tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("rates", "sizes", "more", "words"),
    [
        ([2.0], [10], {}, "between 0 and 1"),
        ([0.1], [0], {}, "one or more"),
        ([0.1], [20], {"pool": 10}, "larger than the pool"),
        ([0.1], [20], {"comparison": ">"}, "< or <="),
        ([0.1], [20], {"limit": 2}, "limit: should lie"),
    ],
)
def test_sampled_tests_are_checked(rates: list[float], sizes: list[int], more: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        v.sampled_test(rates, sizes, **{"limit": 0.02, **more})


def made_villages(rules: int, villages: int = 6, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frames = []
    for village in range(villages):
        patterns = np.append(rng.choice(2**rules, size=9, replace=True), 0)
        counts = np.append(rng.integers(0, 5, 9), rng.integers(60, 200))
        frames.append(pd.DataFrame({"village": f"v{village}", "pattern": patterns, "persons": counts}))
    return pd.concat(frames, ignore_index=True)


# ---- cures ----


@pytest.mark.parametrize("seed", range(4))
def test_the_cheapest_cures_of_villages_agree_with_all_subsets_and_with_milp(seed: int) -> None:
    frame = made_villages(4, seed=seed)
    areas, cost = v.histograms(frame, list("abcd")), {"a": 2.0, "b": 1.0, "c": 0.5, "d": 3.0}
    found = v.area_cures(areas, limit=0.02, cost=cost)
    for village, rows in frame.groupby("village"):
        everybody = rows["persons"].sum()
        if rows.loc[rows["pattern"] != 0, "persons"].sum() <= 0.02 * everybody:
            assert village not in found.index
            continue
        prices = []
        for size in range(5):
            for mended in combinations(range(4), size):
                left = rows["pattern"] & ~sum(1 << rule for rule in mended)
                if rows.loc[left != 0, "persons"].sum() * 50 <= everybody:
                    heads = [rows.loc[rows["pattern"].to_numpy() >> rule & 1 == 1, "persons"].sum() for rule in mended]
                    prices.append(sum(cost["abcd"[rule]] * by for rule, by in zip(mended, heads, strict=True)))
        assert found.loc[village, "cost"] == pytest.approx(min(prices))
        assert found.loc[village, "share_after"] <= 0.02 < found.loc[village, "share"]
        place = areas.areas.index(village)
        rows_of = slice(areas.starts[place], areas.starts[place + 1])
        patterns, counts = areas.patterns[rows_of], areas.counts[rows_of]
        heads = [int(counts[(patterns >> np.uint64(rule)) & np.uint64(1) == 1].sum()) for rule in range(4)]
        each = np.array(heads) * np.array(list(cost.values()))
        chosen = _by_milp(patterns, counts, np.arange(4), each, exact_limit(0.02, "<="))
        assert each[chosen].sum() == pytest.approx(min(prices))


def test_cures_of_many_rules_go_through_milp_and_hopeless_ones_are_empty() -> None:
    rules = 18
    frame = pd.DataFrame({"village": "a", "pattern": [0, *(1 << np.arange(rules))], "persons": [982, *[1] * rules]})
    found = v.area_cures(v.histograms(frame, [f"r{place}" for place in range(rules)]), limit=0.01)
    assert found.loc["a", "method"] == "milp"
    assert found.loc["a", "cost"] == 8
    hopeless = v.area_cures(v.histograms(frame, [f"r{place}" for place in range(rules)]), limit=0.0, comparison="<")
    assert hopeless.loc["a", "rules"] == ()
    with pytest.raises(InputError, match="zero or more"):
        v.area_cures(v.histograms(frame, [f"r{place}" for place in range(rules)]), limit=0.01, cost={"r1": -1})


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-2, 6), min_size=3, max_size=3), st.integers(0, 3))
def test_the_cheapest_cures_of_a_unit_agree_with_all_subsets(short: list[int], allowed: int) -> None:
    values = xr.DataArray([[float(each) for each in short]], dims=("unit", "veto"), coords={"veto": list("abc")})
    found = v.unit_cures(values, scale={"a": 2.0}, allowed=allowed)
    price = np.maximum(np.array(short) / [2, 1, 1], 0)
    binding = np.array(short) > 0
    costs = [
        price[list(mended)].sum()
        for size in range(4)
        for mended in combinations(range(3), size)
        if sum(binding[rule] for rule in range(3) if rule not in mended) <= allowed
    ]
    assert float(found["cost"][0]) == pytest.approx(min(costs))
    assert int(found["binding"][0]) == binding.sum()


def test_prices_of_cures_are_checked() -> None:
    values = xr.DataArray([[1.0, 2.0]], dims=("unit", "veto"), coords={"veto": ["a", "b"]})
    assert float(v.unit_cures(values, cost={"a": 5, "b": 7})["cost"][0]) == 12
    assert float(v.unit_cures(values, cost=values * 2)["cost"][0]) == 6
    with pytest.raises(InputError, match="above zero"):
        v.unit_cures(values, scale={"a": 0})
    with pytest.raises(InputError, match="wherever a rule blocks"):
        v.unit_cures(values, cost={"a": 1})
    with pytest.raises(InputError, match="no such rule"):
        v.unit_cures(values, scale={"zz": 1})
    for cost in (values.T[:, :0], values.rename(unit="x"), values[:, 0]):
        with pytest.raises(InputError, match=r"cost: (lacks labels|has other dims|has another shape)"):
            v.unit_cures(values, cost=cost)
    with pytest.raises(InputError, match="cost: has another shape"):
        v.unit_cures(values, cost=xr.DataArray([1.0], dims="veto"))


@pytest.mark.parametrize("allowed", [-1, 1.5, True])
def test_what_cures_cannot_know_is_refused_all_at_once(allowed) -> None:
    values = xr.DataArray([[1.0, np.nan], [2.0, 1.0]], dims=("unit", "veto"), coords={"veto": ["a", "a"]})
    with pytest.raises(InputError, match=r"(?s)names rules twice.*missing; found 1 of 4.*allowed: does not fit"):
        v.unit_cures(values, allowed=allowed)
