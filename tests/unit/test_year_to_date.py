from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from povsim.scoring.schema import Profile
from povsim.scoring.year_to_date import done_by, to_year_end

KINDS = ("flow", "level")
DONE = {3: 0.1, 6: 0.3, 9: 0.7, 12: 1.0}


def profile(kind="flow", persistence=0.5, done=None):
    return Profile(
        name_zh="进度",
        name_en="profile",
        kind=kind,
        done=done or DONE,
        persistence=persistence,
        source="test",
        status="assumed",
    )


def slow_done(month, done):
    """Walk from month to month."""
    known = {0: 0.0, **done}
    before = max(place for place in known if place <= month)
    after = min(place for place in known if place >= month)
    if before == after:
        return known[before]
    return known[before] + (known[after] - known[before]) * (month - before) / (after - before)


def slow_year_end(y, month, p, prior):
    """Return one year-end value for each draw of the prior, one unit and year, as the formula reads."""
    s = slow_done(month, p.done)
    pace = y / s if p.kind == "flow" else y
    m, rho = sum(prior) / len(prior), p.persistence
    rest = [m + rho * (pace - m) + (1 - rho**2) ** 0.5 * (x - m) for x in prior]
    return [(y if p.kind == "flow" else s * y) + (1 - s) * r for r in rest]


@given(
    st.sampled_from(KINDS),
    st.integers(1, 12),
    st.floats(0, 1),
    st.floats(0, 100),
    st.lists(st.floats(0, 100), min_size=1, max_size=6),
)
def test_kernel_does_what_its_slow_twin_does(kind, month, persistence, y, prior):
    p = profile(kind, persistence)
    shape = (len(prior), 1, 1)
    found = to_year_end(np.full(shape, y), np.full((1, 1), month), p, np.reshape(prior, shape))
    assert np.allclose(found[:, 0, 0], slow_year_end(y, month, p, prior), rtol=1e-4, atol=1e-4)


@given(st.integers(1, 12), st.sampled_from([DONE, {12: 1.0}, {1: 0.5, 12: 1.0}, {2: 1.0, 12: 1.0}]))
def test_part_done_is_linear_between_months(month, done):
    assert done_by(month, profile(done=done)) == pytest.approx(slow_done(month, done))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("persistence", [0.0, 0.5, 1.0])
def test_the_last_month_gives_the_reading_itself(kind, persistence):
    reading = np.array([[[0.1, 1234.567, 0.0]]], dtype=np.float32)
    prior = np.array([[[0.9, 3.0, np.inf]], [[0.7, 4.0, np.nan]]])
    found = to_year_end(np.repeat(reading, 2, axis=0), 12, profile(kind, persistence), prior)
    assert np.array_equal(found, np.repeat(reading, 2, axis=0))


@pytest.mark.parametrize(("kind", "expected"), [("flow", 100.0), ("level", 30.0)])
def test_full_persistence_and_no_prior_both_go_on_at_the_pace(kind, expected):
    prior = np.array([50.0, 90.0, 200.0]).reshape(3, 1, 1)
    reading = np.full((3, 1, 1), 30.0)
    for given_prior in (prior, None, np.full((3, 1, 1), np.nan)):
        found = to_year_end(reading, 6, profile(kind, 1.0), given_prior)
        assert found[:, 0, 0] == pytest.approx([expected] * 3)


@pytest.mark.parametrize("kind", KINDS)
def test_without_persistence_the_prior_spreads_the_rest(kind):
    prior = np.random.default_rng(1).normal(80, 10, (500, 1, 1))
    found = to_year_end(np.full((500, 1, 1), 20.0), 6, profile(kind, 0.0), prior)
    assert np.std(found) == pytest.approx(0.7 * np.std(prior), rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_spread_shrinks_as_months_pass(kind):
    prior = np.random.default_rng(2).normal(80, 10, (200, 1, 1))
    spreads = [
        np.std(to_year_end(np.full((200, 1, 1), 20.0), month, profile(kind, 0.6), prior)) for month in range(1, 13)
    ]
    assert all(later < earlier for earlier, later in pairwise(spreads))
    assert spreads[-1] == 0


@pytest.mark.parametrize("persistence", [0.0, 0.4, 0.9])
def test_right_priors_give_unbiased_values_of_the_right_spread(persistence):
    """Simulate years whose two paces correlate; the truth should look like a draw of what is forecast for it."""
    rng = np.random.default_rng(3)
    mean, sd, s, years = 100.0, 15.0, 0.3, 4_000
    first, other = rng.normal(size=(2, years))
    pace, rest = mean + sd * first, mean + sd * (persistence * first + np.sqrt(1 - persistence**2) * other)
    truth = s * pace + (1 - s) * rest
    # the same well-spread prior draws for every year: their quantiles
    prior = np.repeat(rng.normal(mean, sd, (400, 1, 1)), years, axis=1)
    prior += mean - prior.mean(axis=0)
    forecast = to_year_end(
        np.broadcast_to((s * pace)[None, :, None], (400, years, 1)), 6, profile("flow", persistence), prior
    )
    errors = truth - forecast.mean(axis=0)[:, 0]
    spread = float(np.sqrt(1 - persistence**2) * (1 - s) * sd)
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(years)
    assert errors.std() == pytest.approx(spread, rel=0.05)
    assert float(forecast.std(axis=0).mean()) == pytest.approx(spread, rel=0.1)


def test_what_adds_up_does_not_fall_below_what_is_in():
    prior = np.full((2, 1, 1), 10.0)
    reading = np.full((2, 1, 1), 90.0)
    bounded = to_year_end(reading, 9, profile("flow", 0.0), prior - 300, bounds=(0.0, np.inf))
    assert np.array_equal(bounded, reading)
    free = to_year_end(reading, 9, profile("flow", 0.0), prior - 300)
    assert (free < reading).all()
    level = to_year_end(reading, 9, profile("level", 0.0), prior, bounds=(0.0, np.inf))
    assert level[:, 0, 0] == pytest.approx([0.7 * 90 + 0.3 * 10] * 2)


def test_values_stay_within_the_bounds():
    assert to_year_end([[[0.5]]], 6, profile(), bounds=(0.0, 1.0)).item() == 1.0
    assert to_year_end([[[0.2]]], 6, profile(), [[[-9.0]]], bounds=(0.0, 1.0)).item() == pytest.approx(0.2)


def test_months_and_gaps_differ_by_unit_and_year():
    reading = np.array([[[30.0, np.nan], [70.0, 5.0]]])
    month = np.array([[6, 12], [9, 12]])
    found = to_year_end(reading, month, profile())
    assert found.dtype == np.float32
    assert found[0, 0] == pytest.approx([100.0, np.nan], nan_ok=True)
    assert found[0, 1] == pytest.approx([100.0, 5.0])


def test_draws_without_prior_take_the_pace_and_do_not_move_the_mean():
    prior = np.array([100.0, np.nan, 140.0]).reshape(3, 1, 1)
    found = to_year_end(np.full((3, 1, 1), 30.0), 6, profile("flow", 0.0), prior)[:, 0, 0]
    assert found == pytest.approx([30 + 0.7 * 100, 100.0, 30 + 0.7 * 140])
