"""Scores of forecasts against closed forms and slow twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from povsim.backtests.scores import brier, coverage, crps, inside, mean_and_band


@pytest.mark.parametrize("actual", [-2.0, 0.0, 0.7, 3.0])
def test_crps_of_a_normal_is_that_of_the_closed_form(actual: float) -> None:
    # Gneiting and Raftery 2007, section 4.2; evenly spaced quantiles miss the tails, by less than a thousandth here
    draws = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    closed = actual * (2 * norm.cdf(actual) - 1) + 2 * norm.pdf(actual) - 1 / math.sqrt(math.pi)
    assert crps(draws, actual) == pytest.approx(closed, abs=1e-3)


def test_crps_from_ranks_is_that_from_all_pairs() -> None:
    rng = np.random.default_rng(3)
    draws = rng.gamma(2.0, size=37)
    pairs = np.abs(draws[:, np.newaxis] - draws).mean() / 2
    assert crps(draws, 1.3) == pytest.approx(np.abs(draws - 1.3).mean() - pairs, abs=1e-14)


def test_a_sharper_forecast_of_the_truth_scores_better() -> None:
    rng = np.random.default_rng(5)
    wide, sharp = rng.normal(0, 2, 500), rng.normal(0, 1, 500)
    assert crps(sharp, 0.0) < crps(wide, 0.0)
    assert crps(sharp + 3, 0.0) > crps(wide, 0.0)


def test_brier_and_coverage() -> None:
    assert brier(1.0, outcome=True) == 0 == brier(0.0, outcome=False)
    assert brier(0.3, outcome=True) == pytest.approx(0.49)
    assert coverage([True, True, False]) == pytest.approx(2 / 3)


def test_rounding_widens_a_band_by_half_a_digit() -> None:
    assert not inside((0.0516, 0.06), 0.051, rounding=0.0005)
    assert inside((0.0514, 0.06), 0.051, rounding=0.0005)
    assert not inside((0.04, 0.0502), 0.051, rounding=0.0005)


def test_bands_are_quantiles() -> None:
    assert mean_and_band(np.arange(101.0)) == (50.0, 10.0, 90.0)
