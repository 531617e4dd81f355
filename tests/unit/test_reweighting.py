"""Changes of weights: totals, moves, moments and ranked slices against plain NumPy in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.scoring.moments import moments, prepare_moments, ranked_slice
from povsim.scoring.reweighting import (
    REFRESH_AFTER,
    Caps,
    Move,
    moved,
    proportional_move,
    reweighted,
    reweighting,
    totals,
)
from povsim.scoring.reweighting_kernels import BLOCK

f32 = np.float32
HUNDRED = np.array([16, 5, 5, 6, 4, 5, 5, 4, 4, 6, 4, 4, 5, 3, 3, 3, 2, 2, 4, 2, 2, 2, 1, 2, 1], dtype=float)


def made(indicators=25, scenarios=2, draws=9, years=3, units=401, seed=0):
    """Return shares made up: half of the items all or nothing, as rules make them."""
    rng = np.random.default_rng(seed)
    shares = rng.random((indicators, scenarios, draws, years, units), dtype=f32)
    shares[::2] = shares[::2] > 0.4
    return shares


def plain(shares, weights):
    return np.einsum("i,i...->...", np.asarray(weights, dtype=float), shares.astype(float))


@pytest.fixture(scope="module")
def shares():
    """Shares of 25 indicators over more cells than two blocks hold."""
    found = made()
    assert found[0].size > 2 * BLOCK
    return found


# ---- totals ----


def test_totals_are_weighted_sums_rounded_once(shares):
    found = totals(shares, HUNDRED)
    assert found.dtype == f32
    assert np.allclose(found, plain(shares, HUNDRED), rtol=6.0e-8, atol=0)


@given(
    st.integers(1, 12), st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(1, 40), st.integers(0, 99)
)
@settings(max_examples=30)
def test_totals_of_any_shape(indicators, scenarios, draws, years, units, seed):
    some = made(indicators, scenarios, draws, years, units, seed)
    weights = np.random.default_rng(seed).normal(size=indicators) * 10
    assert np.allclose(totals(some, weights), plain(some, weights), rtol=1e-6, atol=1e-5)


def test_any_number_of_threads_gives_the_same_bits(shares):
    caps = Caps(group=[place % 4 for place in range(25)], cap=[20.0, 15, 10, 5])
    move, prepared = Move(3, 6, 9, 0.9), prepare_moments(shares, threads=1)
    alone = totals(shares, HUNDRED, threads=1)
    for threads in (2, 3, 7, None):
        assert np.array_equal(totals(shares, HUNDRED, threads=threads), alone)
        assert np.array_equal(
            totals(shares, HUNDRED, caps=caps, threads=threads), totals(shares, HUNDRED, caps=caps, threads=1)
        )
        assert np.array_equal(moved(alone, shares, move, threads=threads), moved(alone, shares, move, threads=1))
        again = prepare_moments(shares, threads=threads)
        assert np.array_equal(again.mean, prepared.mean)
        assert np.array_equal(again.covariance, prepared.covariance)
        for one, two in zip(
            moments(prepared, HUNDRED, threads=threads), moments(prepared, HUNDRED, threads=1), strict=True
        ):
            assert np.array_equal(one, two)


def test_shares_may_be_mapped_from_disk_and_need_not_be_contiguous(shares, tmp_path):
    np.save(tmp_path / "shares.npy", shares)
    mapped = np.load(tmp_path / "shares.npy", mmap_mode="r")
    alone = totals(shares, HUNDRED)
    assert np.array_equal(totals(mapped, HUNDRED), alone)
    assert np.array_equal(moved(alone, mapped, Move(0, 16, 10)), moved(alone, shares, Move(0, 16, 10)))
    assert np.array_equal(prepare_moments(mapped).mean, prepare_moments(shares).mean)
    part = shares[:, :, ::2]
    assert np.array_equal(totals(part, HUNDRED), alone[:, ::2])


def test_missing_shares_make_missing_totals(shares):
    holed = shares.copy()
    holed[3, 1, 2, 0, 5] = np.nan
    weights = HUNDRED.copy()
    weights[3] = 0
    for caps in (None, Caps([0] * 25, [50.0])):
        missing = np.isnan(totals(holed, weights, caps=caps))
        assert missing.sum() == 1
        assert missing[1, 2, 0, 5]
    assert np.isnan(moved(totals(shares, HUNDRED), holed, Move(3, 6, 0)))[1, 2, 0, 5]
    mean, variance = moments(prepare_moments(holed), HUNDRED)
    assert np.argwhere(np.isnan(mean)).tolist() == np.argwhere(np.isnan(variance)).tolist() == [[1, 0, 5]]


# ---- limits of groups ----


@given(st.lists(st.integers(-1, 3), min_size=7, max_size=7), st.integers(0, 50))
@settings(max_examples=30)
def test_groups_keep_within_their_limits(group, seed):
    some, rng = made(7, 1, 3, 2, 11, seed), np.random.default_rng(seed)
    weights, floor = rng.random(7) * 30 - 5, rng.random(4) * 5
    cap = floor + rng.random(4) * 20
    wanted = plain(some[[place for place in range(7) if group[place] < 0]], weights[np.array(group) < 0])
    for number in range(4):
        mine = [place for place in range(7) if group[place] == number]
        wanted = wanted + np.clip(plain(some[mine], weights[mine]), floor[number], cap[number])
    found = totals(some, weights, caps=Caps(group, cap, floor))
    assert np.allclose(found, wanted, rtol=1e-6, atol=1e-5)


# ---- moves ----


def test_one_weight_moved(shares):
    before, weights = totals(shares, HUNDRED), HUNDRED.copy()
    weights[4] = 11.5
    wanted = plain(shares, weights)
    after = moved(before, shares, Move(4, 4, 11.5))
    assert np.allclose(after, wanted, rtol=0, atol=1.6e-5)
    assert np.array_equal(before, totals(shares, HUNDRED))
    same = before.copy()
    assert moved(same, shares, Move(4, 4, 11.5), out=same) is same
    assert np.array_equal(same, after)


def test_the_others_give_way_in_proportion(shares):
    move = proportional_move(HUNDRED, 0, 40)
    weights = HUNDRED * move.others
    weights[0] = 40
    assert weights.sum() == pytest.approx(100)
    assert np.allclose(moved(totals(shares, HUNDRED), shares, move), plain(shares, weights), rtol=0, atol=2e-5)


@pytest.mark.parametrize("proportional", [False, True])
def test_a_thousand_moves_do_not_drift_visibly(shares, proportional):
    some, rng = shares[:, :1, :2], np.random.default_rng(5)
    weights, found = HUNDRED.copy(), totals(shares[:, :1, :2], HUNDRED)
    for _ in range(1000):
        place, new = int(rng.integers(25)), float(rng.random() * 12)
        move = proportional_move(weights, place, new) if proportional else Move(place, weights[place], new)
        weights *= move.others
        weights[place] = move.new
        moved(found, some, move, out=found)
    off = np.abs(found - plain(some, weights))
    assert off.max() < 0.001, off.max()
    assert np.abs(totals(some, weights, out=found) - plain(some, weights)).max() < 1e-5


def test_a_state_follows_its_moves_and_is_refreshed(shares):
    some = shares[:, :1, :1, :1, :50]
    state = reweighting(some, HUNDRED)
    for count in range(REFRESH_AFTER):
        state = reweighted(state, Move(count % 25, float(state.weights[count % 25]), float(count % 7)))
    assert state.moves == 0
    assert np.array_equal(state.totals, totals(some, state.weights))
    state = reweighted(state, Move(2, float(state.weights[2]), 20.0))
    assert state.moves == 1
    assert np.allclose(state.totals, plain(some, state.weights), rtol=0, atol=1.6e-5)


def test_a_state_with_caps_is_summed_anew(shares):
    caps = Caps([0] * 10 + [1] * 15, [20.0, 30.0])
    state = reweighted(reweighting(shares, HUNDRED, caps=caps), proportional_move(HUNDRED, 0, 30))
    assert np.array_equal(state.totals, totals(shares, state.weights, caps=caps))
    assert state.moves == 0


# ---- mean and variance ----


@pytest.mark.parametrize(("draws", "units"), [(1, 3), (2, 17), (7, 16), (50, 33)])
def test_moments_are_those_of_the_totals(draws, units):
    some = made(9, 2, draws, 3, units, seed=draws)
    prepared = prepare_moments(some)
    for seed in range(4):
        weights = np.random.default_rng(seed).random(9) * 20
        mean, variance = moments(prepared, weights)
        wanted = plain(some, weights)
        assert np.allclose(mean, wanted.mean(axis=1), rtol=1e-12)
        assert np.allclose(variance, wanted.var(axis=1), rtol=1e-9, atol=1e-9)
        assert (variance >= 0).all()


def test_covariances_are_those_of_numpy():
    some = made(4, 1, 30, 1, 5)
    prepared, one, two = prepare_moments(some), *np.triu_indices(4)
    for unit in range(5):
        wanted = np.cov(some[:, 0, :, 0, unit].astype(float), bias=True)
        assert np.allclose(prepared.covariance[:, 0, 0, unit], wanted[one, two], atol=1e-12)


# ---- one slice ----


def twin_ranks(values):
    rounded = np.round(values, 3)
    return [1 + int((rounded > value).sum()) if np.isfinite(value) else 0 for value in rounded]


@pytest.mark.parametrize("draw", ["mean", 0, 3])
def test_slices_are_ranked(draw):
    rng = np.random.default_rng(3)
    some = (rng.integers(60, 80, size=(2, 5, 3, 40)) + 0.25 * rng.integers(4, size=(2, 5, 3, 40))).astype(f32)
    some[1, :, 2, 7] = np.nan
    found = ranked_slice(some, 1, draw, 2)
    values = some[1, :, 2].astype(float).mean(axis=0) if draw == "mean" else some[1, draw, 2].astype(float)
    assert np.allclose(found.totals, values, equal_nan=True)
    assert found.ranks.tolist() == twin_ranks(values)
    shared = [rank > 0 and found.ranks.tolist().count(rank) > 1 for rank in found.ranks.tolist()]
    assert found.tied.tolist() == shared


def test_rounding_does_not_part_units_that_tie():
    first = f32(90.25)
    above = np.nextafter(np.nextafter(first, f32(91)), f32(91))
    found = ranked_slice(np.array([[[[first, above, 80.0]]]], dtype=f32), 0, 0, 0)
    assert found.ranks.tolist() == [1, 1, 3]


# ---- what is refused ----


def test_everything_that_does_not_fit_is_said_at_once(shares):
    with pytest.raises(InputError, match="4 problems") as caught:
        totals(shares, [1, 2], caps=Caps([0], [1.0], [1.0, 2.0]), out=np.zeros((2, 2), dtype=f32))
    text = str(caught.value)
    for part in ("weights: do not fit", "out: has another shape", "caps.group: does not fit", "caps.floor: does not"):
        assert part in text


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda s: totals(s.astype(float), HUNDRED), "shares: have another shape or type"),
        (lambda s: totals(s[0], np.ones(2)), "shares: have another shape or type"),
        (lambda s: totals(s, HUNDRED * np.nan), "allowed: 25 finite numbers"),
        (lambda s: prepare_moments(s[0]), "shares: have another shape or type"),
        (lambda s: moments(prepare_moments(s[:2, :1, :1, :1, :2]), [1.0]), "allowed: 2 finite numbers"),
        (lambda s: moved(np.zeros(3, dtype=f32), s, Move(0, 1, 2)), "totals: has another shape"),
        (
            lambda s: moved(totals(s, HUNDRED), s, Move(25, 1, 2)),
            "move.place: is no indicator; found 25; allowed: 0 to",
        ),
        (lambda s: proportional_move([5, 0, 0], 0, 3), "nothing to rescale"),
        (lambda s: reweighted(reweighting(s, HUNDRED), Move(0, 3, 4)), "not the weight in force; found 3; allowed: 16"),
    ],
)
def test_what_does_not_fit_is_refused(shares, call, match):
    with pytest.raises(InputError, match=match):
        call(shares)
