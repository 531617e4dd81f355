"""The pieces of a calibration: residuals, autocovariances, distances, bounds, samples, regressions, attrition."""

from __future__ import annotations

import numpy as np
import pytest

from povsim.calibration.attrition import attrition_of
from povsim.calibration.bounds import bounds_of
from povsim.calibration.distances import distance_of, distinct_lags, nearest_split, split_given
from povsim.calibration.regression import fit_clustered
from povsim.calibration.resampling import bootstrap, multipliers, sampled
from povsim.calibration.residuals import Moments, log_incomes, moment_variance, moments_of, residual_grid


def exact(years, permanent=0.4, persistent=0.3, one_year=0.3, rho=0.8) -> Moments:
    """Return the autocovariances that a process has."""
    years = np.asarray(years, dtype=np.float64)
    first, second = np.triu_indices(years.size)
    lag = years[second] - years[first]
    covariance = permanent + persistent * rho**lag + one_year * (first == second)
    return Moments(first, second, covariance, np.full(lag.size, 100), lag)


# ---- residuals and autocovariances ----


def test_residuals_are_those_of_least_squares_with_a_mean_for_every_cell() -> None:
    rng = np.random.default_rng(1)
    income = np.exp(rng.normal(size=(40, 3)))
    income[rng.random((40, 3)) < 0.2] = np.nan
    covariate, group, weight = rng.normal(size=(1, 40, 3)), rng.integers(0, 2, 40), rng.uniform(0.5, 2, 40)
    logs = log_incomes(income, covariate, group)
    found = residual_grid(logs, weight)
    cells = np.eye(int(logs.cell.max()) + 1)[logs.cell]
    root = np.sqrt(weight[logs.unit])
    x = np.column_stack([cells, logs.covariates])
    slope = np.linalg.lstsq(x * root[:, None], logs.log * root, rcond=None)[0]
    left = logs.log - x @ slope
    w = weight[logs.unit]
    taken = (np.bincount(logs.cell, w**2) / np.bincount(logs.cell, w) ** 2)[logs.cell]
    np.testing.assert_allclose(found[logs.unit, logs.wave], left / np.sqrt(1 - taken), rtol=1e-10)
    assert (np.isnan(found) == np.isnan(income)).all()


def test_small_cells_do_not_make_the_variance_smaller() -> None:
    # 500 groups of four: without the stretch three quarters of the variance would be left
    rng = np.random.default_rng(2)
    income = np.exp(rng.normal(size=(2000, 2)))
    logs = log_incomes(income, np.zeros((0, 2000, 2)), np.arange(2000) // 4)
    variance = moments_of(residual_grid(logs, np.ones(2000)), np.ones(2000), np.array([0.0, 1.0])).covariance[0]
    # of 1500 degrees of freedom: standard error sqrt(2 / 1500) = .037
    assert abs(variance - 1.0) < 0.11


def test_incomes_at_or_below_zero_and_missing_covariates_take_no_part() -> None:
    income = np.array([[1.0, 0.0], [2.0, -3.0], [4.0, 5.0]])
    covariate = np.zeros((1, 3, 2))
    covariate[0, 2, 1] = np.nan
    assert log_incomes(income, covariate, np.zeros(3, dtype=int)).log.tolist() == np.log([1.0, 2.0, 4.0]).tolist()


def test_autocovariances_are_weighted_over_households_seen_in_both_waves() -> None:
    grid = np.array([[1.0, 2.0], [-1.0, np.nan], [3.0, -1.0]])
    weight = np.array([1.0, 5.0, 2.0])
    found = moments_of(grid, weight, np.array([2010.0, 2013.5]), fewest=1)
    np.testing.assert_allclose(found.covariance, [(1 + 5 + 18) / 8, (2 - 6) / 3, (4 + 2) / 3])
    assert found.lag.tolist() == [0, 3.5, 0]
    assert found.pairs.tolist() == [3, 2, 2]
    assert moments_of(grid, weight, np.array([2010.0, 2013.5]), fewest=3).pairs.tolist() == [3]


def test_variance_of_autocovariances_is_that_of_the_bootstrap() -> None:
    rng = np.random.default_rng(3)
    shared = rng.normal(size=(60, 1, 1))
    grid = (shared + rng.normal(size=(60, 5, 3))).reshape(300, 3)
    cluster, weight, years = np.repeat(np.arange(60), 5), np.ones(300), np.arange(3.0)
    moments = moments_of(grid, weight, years)
    stated = np.sqrt(np.diag(moment_variance(grid, weight, moments, cluster)))
    design = sampled(cluster, np.zeros(300, dtype=int))
    drawn = bootstrap(lambda w: moments_of(grid, w, years).covariance, weight, design, address=(1, 400))
    # 400 samples tell a deviation to 3.5 %; linearisation leaves a little more
    np.testing.assert_allclose(drawn.std(axis=0), stated, rtol=0.12)


# ---- distances ----


@pytest.mark.parametrize("years", [(0, 1, 2, 3, 4), (0, 1, 3, 6), (0, 2, 3), (1991, 1993.5, 1994, 1999)])
@pytest.mark.parametrize("weighting", ["equal", "diagonal", "optimal"])
def test_exact_autocovariances_give_the_process_back(years, weighting) -> None:
    moments = exact(years)
    spread = np.diag(np.linspace(1, 2, moments.lag.size)) + 0.1
    found = nearest_split(distance_of(moments, weighting, spread))
    assert found.permanent == pytest.approx(0.4, abs=0.005)
    assert found.persistent == pytest.approx(0.3, abs=0.005)
    assert found.one_year == pytest.approx(0.3, abs=0.005)
    assert found.rho == pytest.approx(0.8, abs=0.01)
    assert found.variance == pytest.approx(1.0, abs=1e-3)


def test_variances_are_never_below_zero() -> None:
    first, second = np.triu_indices(3)
    lag = (second - first).astype(float)
    moments = Moments(first, second, np.where(lag == 0, 1.0, -0.2), np.full(6, 100), lag)
    found = split_given(distance_of(moments, "equal"), 0.5)
    assert (found.permanent, found.persistent) == (0.0, 0.0)
    assert found.one_year == pytest.approx(1.0)


def test_gaps_are_counted_once_each() -> None:
    assert [distinct_lags(exact(years)) for years in ((0, 7), (0, 1, 2), (0, 2, 3), range(5))] == [1, 2, 3, 4]


# ---- bounds ----


@pytest.mark.parametrize(("gap", "rho"), [(1, 0.8), (4, 0.6), (7, 0.9)])
def test_two_waves_bound_the_parts_as_worked_out_by_hand(gap, rho) -> None:
    found = bounds_of(distance_of(exact((0, gap), rho=rho), "equal"), (rho, rho), 1)
    shared, left = 0.4 + 0.3 * rho**gap, rho**gap
    least = max((shared - left) / (1 - left), 0.0)
    assert found.permanent == pytest.approx((least, shared))
    assert found.persistent == pytest.approx((0.0, (shared - least) / left))
    assert found.one_year == pytest.approx((1 - least - (shared - least) / left, 1 - shared))
    assert found.permanent[0] <= 0.4 <= found.permanent[1]
    assert found.persistent[0] <= 0.3 <= found.persistent[1]
    assert found.one_year[0] <= 0.3 <= found.one_year[1]


def test_bounds_of_three_even_waves_hold_the_truth_for_any_rho_of_the_range() -> None:
    for rho in (0.55, 0.7, 0.9):
        found = bounds_of(distance_of(exact((0, 1, 2), rho=rho), "equal"), (0.5, 0.95), 2)
        # the grid of rho has steps of a hundredth, so the ends may miss by what a step moves
        assert found.permanent[0] - 0.02 <= 0.4 <= found.permanent[1] + 0.02
        assert found.persistent[0] - 0.02 <= 0.3 <= found.persistent[1] + 0.02
        assert found.rho[0] <= rho <= found.rho[1]


def test_a_split_inside_the_bounds_agrees_with_the_panel() -> None:
    found = bounds_of(distance_of(exact((0, 5)), "equal"), (0.5, 0.95), 1)
    split = found.central
    assert split.variance == pytest.approx(1.0)
    assert split.permanent + split.persistent * split.rho**5 == pytest.approx(0.4 + 0.3 * 0.8**5)


# ---- samples ----


def test_samples_leave_totals_of_strata_and_lonely_clusters_as_they_are() -> None:
    cluster, stratum = np.array([0, 0, 1, 2, 3, 4]), np.array([0, 0, 0, 0, 0, 1])
    design = sampled(cluster, stratum)
    assert design.lonely == 1
    for draw in range(20):
        factor = multipliers(design, 7, draw)
        assert factor[5] == 1.0
        assert factor[0] == factor[1]
        assert factor[[0, 2, 3, 4]].sum() == pytest.approx(4.0)


def test_a_cluster_is_counted_within_its_stratum() -> None:
    assert sampled(np.array([0, 0, 1]), np.array([0, 1, 1])).stratum.size == 3


def test_samples_spread_totals_as_the_formula_for_clusters_says() -> None:
    rng = np.random.default_rng(4)
    y, cluster = rng.normal(size=90), np.repeat(np.arange(30), 3)
    design = sampled(cluster, np.repeat([0, 1], 45))
    sums = np.bincount(cluster, y)
    formula = np.sqrt(sum(15 / 14 * ((part - part.mean()) ** 2).sum() for part in (sums[:15], sums[15:])))
    drawn = bootstrap(lambda w: np.array([w @ y]), np.ones(90), design, address=(5, 4000))[:, 0]
    # a deviation from 4000 samples is known to 1.1 %
    assert drawn.std() == pytest.approx(formula, rel=0.04)


def test_the_number_of_workers_changes_no_bit() -> None:
    design = sampled(np.arange(50), np.zeros(50, dtype=int))
    y = np.random.default_rng(6).normal(size=50)
    one, four = (
        bootstrap(lambda w: np.array([w @ y]), np.ones(50), design, address=(9, 40), threads=workers)
        for workers in (1, 4)
    )
    assert (one == four).all()


def test_progress_that_stops_ends_the_bootstrap() -> None:
    told = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    design = sampled(np.arange(5), np.zeros(5, dtype=int))
    with pytest.raises(KeyboardInterrupt):
        bootstrap(lambda w: w, np.ones(5), design, address=(1, 50), progress=stop)
    assert told == [(1, 50), (2, 50), (3, 50)]


# ---- regressions and attrition ----


def test_errors_by_clusters_are_the_sandwich() -> None:
    rng = np.random.default_rng(7)
    cluster = np.repeat(np.arange(20), 4)
    x = np.column_stack([np.ones(80), rng.normal(size=80)])
    y, weight = x @ [1.0, 2.0] + rng.normal(size=20)[cluster], rng.uniform(1, 2, 80)
    fit = fit_clustered(y, x, weight, cluster)
    bread = np.linalg.inv(x.T @ np.diag(weight) @ x)
    beta = bread @ x.T @ (weight * y)
    meat = np.zeros((2, 2))
    for one in range(20):
        here = cluster == one
        score = x[here].T @ (weight[here] * (y - x @ beta)[here])
        meat += np.outer(score, score)
    np.testing.assert_allclose(fit.coefficient, beta)
    np.testing.assert_allclose(fit.error**2, np.diag(20 / 19 * 79 / 78 * bread @ meat @ bread))
    assert fit.clusters == 20


def test_who_left_and_by_how_much_poorer() -> None:
    income = np.array([[10.0, 1, 1], [20, 1, np.nan], [10, np.nan, np.nan], [40, 2, 2], [np.nan, 1, np.nan]])
    weight = np.array([1.0, 1, 2, 1, 1])
    first, second = attrition_of(income, weight, np.arange(5), np.array(["a", "b", "c"]))
    assert (first.wave, first.seen, first.left, first.entered) == ("b", 4, 0.4, 1)
    assert first.gap == pytest.approx(np.log(10) - np.log([10, 20, 40]).mean())
    assert (second.left, second.entered) == (0.6, 0)
    assert second.gap == pytest.approx((2 * np.log(10) + np.log(20)) / 3 - np.log([10, 40]).mean())


def test_a_panel_that_nobody_left_has_no_gap() -> None:
    found = attrition_of(np.ones((3, 2)), np.ones(3), np.arange(3), np.array(["a", "b"]))[0]
    assert found.left == 0
    assert np.isnan(found.gap)
