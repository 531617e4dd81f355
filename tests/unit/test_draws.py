"""Addressed draws: known answers of the generator, and what addressing promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import kstest

from povsim.arithmetic import exp32, log32, normal_quantile
from povsim.compiled import compiled
from povsim.draws import decision_key, fill_normals, fill_uniforms, household_key, philox, uniforms

U = np.uint32

# Random123 distribution, kat_vectors: philox4x32, 10 rounds
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_known_answers(counter, key, words):
    found = philox(tuple(U(c) for c in counter), U(key[0]), U(key[1]))
    assert tuple(int(word) for word in found) == words


def test_uniforms_are_uniform_and_lanes_independent():
    household = np.arange(200_000)
    lanes = np.stack([uniforms(household, seed=3, draw=1, year=2016, decision="x", lane=k) for k in range(4)])
    assert (lanes > 0).all()
    assert (lanes < 1).all()
    for lane in lanes:
        assert kstest(lane, "uniform").pvalue > 1e-4
    assert np.abs(np.corrcoef(lanes) - np.eye(4)).max() < 0.01


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 4000),
    st.text(max_size=20),
    st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=20, unique=True),
)
def test_a_draw_depends_on_its_address_alone(seed, draw, year, decision, households):
    together = uniforms(households, seed=seed, draw=draw, year=year, decision=decision)
    alone = [float(uniforms([one], seed=seed, draw=draw, year=year, decision=decision)[0]) for one in households]
    assert together.tolist() == alone


def test_every_part_of_the_address_matters():
    base = {"seed": 1, "draw": 2, "year": 2016, "decision": "a"}
    household = np.arange(50)
    first = uniforms(household, **base)
    for change in ({"seed": 2}, {"draw": 3}, {"year": 2017}, {"decision": "b"}, {"lane": 1}):
        assert (uniforms(household, **{**base, **change}) != first).mean() > 0.9


def test_text_identifiers_have_stable_addresses():
    assert household_key(["A-1", "A-2"]).tolist() == household_key(np.array(["A-1", "A-2", "A-3"]))[:2].tolist()
    assert len(set(household_key([f"H{k}" for k in range(10_000)]).tolist())) == 10_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lane": 4}, "lane: found 4; allowed: 0 to 3"),
        ({"seed": -1}, "seed: found -1"),
        ({"year": 2**32}, "year: found"),
    ],
)
def test_addresses_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        uniforms([1], **{"seed": 1, "draw": 0, "year": 2016, "decision": "a", **change})


@compiled
def _apply(which, x, out):
    for i in range(x.shape[0]):
        if which == 0:
            out[i] = exp32(x[i])
        elif which == 1:
            out[i] = log32(x[i])
        else:
            out[i] = normal_quantile(x[i])


@pytest.mark.parametrize(
    ("which", "x", "truth", "tolerance"),
    [
        (0, np.linspace(-80, 80, 100_001), np.exp, 3e-7),
        (1, np.geomspace(1e-30, 1e30, 100_001), np.log, 3e-7),
        (2, (np.arange(2**15) + 0.5) / 2**15, ndtri, 3e-6),
    ],
)
def test_single_precision_functions_hold_their_stated_error(which, x, truth, tolerance):
    x = x.astype(np.float32)
    out = np.empty_like(x)
    _apply(which, x, out)
    exact = truth(x.astype(np.float64))
    assert (np.abs(out - exact) <= tolerance * np.maximum(np.abs(exact), 1)).all()


def test_tails_of_the_normal_quantile():
    u = np.array([2.0**-24, 1 - 2.0**-24], dtype=np.float32)
    out = np.empty_like(u)
    _apply(2, u, out)
    assert out == pytest.approx(ndtri(u.astype(np.float64)), abs=1e-5)
    assert out[0] == -out[1]


def test_normals_have_the_moments_of_normals():
    out = np.empty((4, 400_000), dtype=np.float32)
    fill_normals(decision_key(5, "moments"), 0, 2016, np.arange(400_000, dtype=np.uint64), out, 0)
    assert np.abs(out.mean(axis=1)).max() < 0.006
    assert np.abs(out.std(axis=1) - 1).max() < 0.005
    assert np.abs((out**4).mean(axis=1) - 3).max() < 0.08


def test_blocks_of_any_length_give_the_same_bits():
    keys = np.arange(1, 1001, dtype=np.uint64) * np.uint64(0x1_0000_0001)
    key = decision_key(9, "split")
    whole = np.empty((4, 1000), dtype=np.float32)
    fill_normals(key, 7, 2019, keys, whole, 0)
    for size in (1, 3, 17, 256):
        parts = []
        for begin in range(0, 1000, size):
            part = np.empty((4, keys[begin : begin + size].size), dtype=np.float32)
            fill_normals(key, 7, 2019, keys[begin : begin + size].copy(), part, 0)
            parts.append(part)
        assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_uniforms_fill_the_caller_s_array():
    out = np.zeros((4, 3), dtype=np.float32)
    fill_uniforms(decision_key(1, "a"), 0, 2016, np.array([1, 2, 3], dtype=np.uint64), out, 0)
    assert out[0].tolist() == uniforms([1, 2, 3], seed=1, draw=0, year=2016, decision="a").tolist()
