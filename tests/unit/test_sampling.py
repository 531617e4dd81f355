"""The sampled county test: exact counts, villages by stratum, households by village, against closed forms."""

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from povsim.draws import uniforms
from povsim.sampling import ask_households, choose_villages, sample_luck, sampled_failures
from povsim.verdicts import compare_ratio


def luck_of(cells, villages, decision):
    """Return uniforms of shape (cells, 1, villages)."""
    flat = uniforms(np.arange(cells * villages), seed=5, draw=0, year=2016, decision=decision)
    return flat.reshape(cells, 1, villages)


def groups(households, failing, *, size=1, failing_size=1):
    """Return counts (4, cell, 1, village) with so many persons in each household."""
    households, failing = np.broadcast_arrays(np.asarray(households), np.asarray(failing))
    persons = failing * failing_size + (households - failing) * size
    return np.stack([households, failing, persons, failing * failing_size])[:, :, np.newaxis]


def everywhere(cells, villages):
    """Return a choice of all villages."""
    return np.ones((cells, 1, villages), dtype=bool)


@pytest.mark.parametrize("largest", [4, 60, 5_000, 20_000_000])
def test_sampled_counts_are_quantiles_of_the_hypergeometric_law(largest):
    rng = np.random.default_rng(3)
    pool = rng.integers(1, largest + 1, 400)
    failing = (pool * rng.choice([0, 0.001, 0.02, 0.5, 0.99, 1], 400)).astype(int)
    asked = np.minimum((pool * rng.choice([0, 0.001, 0.1, 0.9, 1], 400)).astype(int), 50_000)
    luck = rng.random(400).astype(np.float32)
    luck[:8] = [2.0**-24, 1 - 2.0**-24] * 4
    expected = np.nan_to_num(hypergeom.ppf(luck.astype(float), pool, failing, asked))
    assert np.array_equal(sampled_failures(luck, pool, failing, asked), expected)


@pytest.mark.parametrize(("rate", "expected"), [(0.015, (0.08, 0.12)), (0.025, (0.18, 0.13))])
def test_check_values_for_independent_persons(rate, expected):
    """A thousand persons asked in forty villages; fails above the bound, or at it too, as the comparison says."""
    cells, villages = 40_000, 40
    failing = np.random.default_rng(11).binomial(500, rate, (cells, villages))
    met = ask_households(
        everywhere(cells, villages),
        groups(np.full_like(failing, 500), failing),
        [1000],
        luck_of(cells, villages, "met"),
    )
    assert (met.persons == 1000).all()
    passing = [compare_ratio(met.failing, met.persons, sign, 0.02).mean() for sign in ("<=", "<")]
    seen = [1 - share for share in passing] if rate < 0.02 else passing
    assert seen == pytest.approx(expected, abs=0.01)
    bounds = binom.cdf([20, 19], 1000, rate)
    assert passing == pytest.approx(bounds.tolist(), abs=0.007)


@pytest.mark.parametrize("rate", [0.015, 0.025])
def test_clustering_makes_both_errors_worse_as_two_stage_sampling_says(rate):
    """All failures in a few of 200 villages: variance of the mean of 25 villages with 40 persons asked in each."""
    cells, villages, size, sampled, each = 20_000, 200, 1000, 25, 40
    failing = np.zeros(villages, dtype=int)
    failing[:10] = int(rate * size * villages / 10)
    chosen = choose_villages(luck_of(cells, villages, "order"), [(np.ones(villages, bool), [sampled])])
    counts = groups(np.full((cells, villages), size), np.broadcast_to(failing, (cells, villages)))
    met = ask_households(chosen, counts, [sampled * each], luck_of(cells, villages, "met"))
    seen = met.failing / met.persons
    share = failing / size
    between = share.var(ddof=1) * (1 - sampled / villages) / sampled
    within = (share * (1 - share)).mean() * size / (size - 1) * (1 - each / size) / (sampled * each)
    assert seen.mean() == pytest.approx(rate, abs=4 * np.sqrt((between + within) / cells))
    assert seen.var() == pytest.approx(between + within, rel=0.05)
    assert seen.var() > 5 * rate * (1 - rate) / (sampled * each)
    passing = [compare_ratio(met.failing, met.persons, sign, 0.02).mean() for sign in ("<=", "<")]
    alone = binom.cdf([20, 19], 1000, rate)
    worse = alone - passing if rate < 0.02 else passing - alone
    assert (worse > 0.1).all()


def test_strata_are_drawn_by_themselves_and_exactly():
    poor = np.arange(30) % 3 == 0
    luck = np.concatenate([luck_of(3000, 30, "first"), luck_of(3000, 30, "second")], axis=1)
    chosen = choose_villages(luck, [(poor, [4, 7]), (~poor, [5, 0])])
    assert (chosen[:, 0, poor].sum(axis=-1) == 4).all()
    assert (chosen[:, 0, ~poor].sum(axis=-1) == 5).all()
    assert (chosen[:, 1, poor].sum(axis=-1) == 7).all()
    assert not chosen[:, 1, ~poor].any()
    # without replacement and all alike within a stratum
    assert chosen[:, 0, poor].mean(axis=0) == pytest.approx(np.full(10, 0.4), abs=0.04)
    assert chosen[:, 0, ~poor].mean(axis=0) == pytest.approx(np.full(20, 0.25), abs=0.035)


def test_a_stratum_with_fewer_villages_is_taken_whole():
    poor = np.array([True, False, False, False])
    chosen = choose_villages(luck_of(50, 4, "order"), [(poor, [9]), (~poor, [2])])
    assert chosen[..., 0].all()
    assert (chosen.sum(axis=-1) == 3).all()
    none = choose_villages(luck_of(50, 4, "order"), [(~poor, [2]), (np.zeros(4, bool), [3])])
    assert (none.sum(axis=-1) == 2).all()


def test_ties_of_luck_do_not_add_villages():
    chosen = choose_villages(np.full((1, 1, 6), 0.5, dtype=np.float32), [(np.ones(6, bool), [2])])
    assert chosen.sum() == 2


def test_questionnaires_are_shared_out_in_proportion_and_add_up():
    pool = np.array([[3, 0, 101, 57, 1, 640]])
    found = []
    for village in range(6):
        # where a whole village fails, the failing households met are those asked in it
        failing = np.where(np.arange(6) == village, pool, 0)
        met = ask_households(everywhere(1, 6), groups(pool, failing), [100], luck_of(1, 6, "met"))
        assert (met.asked[0, 0], met.pool[0, 0], met.persons[0, 0]) == (100, 802, 100)
        found.append(int(met.failing[0, 0]))
    assert sum(found) == 100
    assert np.abs(np.array(found) - 100 * pool[0] / 802).max() < 1


def test_a_village_that_is_not_sampled_is_not_met():
    chosen = np.array([[[True, False, True]]])
    met = ask_households(chosen, groups([[5, 50, 5]], [[0, 50, 0]]), [1000], luck_of(1, 3, "met"))
    assert (met.failing[0, 0], met.persons[0, 0], met.asked[0, 0]) == (0, 10, 10)


def test_households_bring_their_persons():
    """Failing households of five persons among others of two: the rate is one of persons, not of households."""
    cells = 4000
    counts = groups(np.full((cells, 8), 200), np.full((cells, 8), 30), size=2, failing_size=5)
    met = ask_households(everywhere(cells, 8), counts, [160], luck_of(cells, 8, "met"))
    assert (met.asked == 160).all()
    found = met.failing / 5
    assert np.array_equal(found, np.rint(found))
    assert np.array_equal(met.persons, 5 * found + 2 * (160 - found))
    assert found.mean() == pytest.approx(24, abs=4 * np.sqrt(8 * hypergeom.var(200, 30, 20) / cells))
    assert found.var() == pytest.approx(8 * hypergeom.var(200, 30, 20), rel=0.1)


def test_mean_sizes_are_not_rounded_away():
    """Three failing households of ten persons: one met in each of many villages brings 3 1/3 persons, not 3."""
    households, failing = np.full((1, 300), 3), np.full((1, 300), 3)
    counts = np.stack([households, failing, np.full((1, 300), 10), np.full((1, 300), 10)])[:, :, np.newaxis]
    met = ask_households(everywhere(1, 300), counts, [300], luck_of(1, 300, "met"))
    assert (met.failing[0, 0], met.persons[0, 0]) == (1000, 1000)


def test_asking_everybody_counts_everybody():
    rng = np.random.default_rng(2)
    households = rng.integers(0, 40, (20, 9))
    failing = rng.binomial(households, 0.3)
    counts = groups(households, failing, size=3, failing_size=4)
    counts[2:] += rng.integers(0, 3, counts[2:].shape) * (counts[:2] > 0)
    counts[2] += counts[3]
    met = ask_households(everywhere(20, 9), counts, [10_000], luck_of(20, 9, "met"))
    whole = np.where(failing == households, counts[3, :, 0], counts[2, :, 0])
    assert np.array_equal(met.failing[:, 0], np.where(failing > 0, counts[3, :, 0], 0).sum(axis=-1))
    assert np.array_equal(met.persons[:, 0], whole.sum(axis=-1))


def test_nobody_to_ask():
    met = ask_households(
        everywhere(2, 3), groups(np.zeros((2, 3), int), np.zeros((2, 3), int)), [50], luck_of(2, 3, "m")
    )
    assert (met.persons == 0).all()
    assert (met.asked == 0).all()


def test_luck_belongs_to_a_village_a_draw_and_a_year():
    whole = sample_luck(["a", "b", "c"], [0, 1], [2016, 2017], seed=9)
    part = sample_luck(["c"], [1], [2017], seed=9)
    assert np.array_equal(whole[1:, 1:, :, 2:], part)
    assert np.unique(whole).size == whole.size
    assert not np.array_equal(whole, sample_luck(["a", "b", "c"], [0, 1], [2016, 2017], seed=10))
