"""Forecasts of a held-out wave: the law given the early waves, the simulation beside it, the rivals' known faults."""

from dataclasses import replace

import numpy as np
import pytest

import povsim
from povsim.backtests.panel_draws import conditional, drawn, luck_of
from povsim.backtests.panel_engine import drawn_by_engine, runnable
from povsim.backtests.panel_fit import fit_early
from povsim.backtests.panel_statistics import actual_statistics, members_of, shares
from povsim.backtests.panel_study import FIVE_WAVES, THREE_PARTS, THREE_WAVES, Study, held, study_table
from povsim.backtests.panel_waves import waves_of
from povsim.backtests.rivals import correlation, three_part_split
from povsim.calibration.distances import Distance, Split
from povsim.calibration.simulated import simulated_panel
from povsim.poverty import Design, headcount_ratio, standard_error


def made(setting, seed=1, share=0.3):
    """Return a made-up panel with its line at a share of the first wave."""
    panel = simulated_panel(setting, seed=seed)
    return panel.assign_attrs(line=float(np.quantile(panel["income"].values[:, 0], share)))


@pytest.fixture(scope="module")
def three():
    return waves_of(made(THREE_WAVES))


# ---- who is counted ----


def test_a_panel_without_a_line_is_refused():
    with pytest.raises(povsim.InputError, match="no poverty line"):
        waves_of(simulated_panel(THREE_WAVES, seed=1))


def test_a_panel_with_too_few_households_is_refused():
    with pytest.raises(povsim.InputError, match="too few households seen in both; found 30"):
        waves_of(made(replace(THREE_WAVES, households=30, clusters=30)))


def test_members_are_those_seen_in_the_waves_that_matter(three):
    poor = np.full(three.poor.shape, np.nan)
    rows = [(1, 0, 1), (1, 1, 0), (0, 0, 1), (1, np.nan, 1), (np.nan, 0, 1), (1, 0, np.nan), (np.nan, 1, 1)]
    poor[: len(rows)] = rows
    found = {code: np.flatnonzero(who).tolist() for code, who in members_of(replace(three, poor=poor)).items()}
    assert found == {"headcount": [0, 1, 2, 4, 6], "exit": [1, 6], "entry": [0, 2, 4], "relapse": [0], "long_exit": [1]}


def test_errors_of_shares_are_those_of_the_measures(three):
    """A headcount among some is the survey error of that group, the whole design kept."""
    cluster = np.arange(three.weight.size) // 4
    weighted = replace(three, weight=1.0 + (cluster % 3), cluster=cluster)
    group = np.where(members_of(weighted)["entry"], "a", "b")
    design = Design(weight=weighted.weight, stratum=weighted.stratum, cluster=weighted.cluster)
    wanted = standard_error(headcount_ratio, np.exp(weighted.log[:, -1]), line=1.0, design=design, by=group)
    found = {one.code: one for one in actual_statistics(weighted)}["entry"]
    assert (found.value, found.error) == pytest.approx((float(wanted.value[0]), float(wanted.error[0])))


def test_statistics_of_few_are_left_out(three):
    poor = three.poor.copy()
    poor[:, 0] = 0.0
    assert [one.code for one in actual_statistics(replace(three, poor=poor))] == ["headcount", "exit", "entry"]


# ---- the law given the early waves ----


def test_the_law_given_the_early_waves_is_that_of_joint_normals(three):
    fitted = fit_early(three.early(), draws=3, seed=1)
    splits = [Split(0.3, 0.3, 0.4, 0.8, 0.0)] * 3
    log, seen = three.log.copy(), three.poor.copy()
    log[0, 0], seen[0, 0] = np.nan, np.nan  # one early wave only
    mean, sd = conditional(replace(three, log=log, poor=seen), fitted, splits)
    rho = [0.3 + 0.3 * 0.8, 0.3 + 0.3 * 0.8**2]
    z = (log - np.append(fitted.mean[1], 0.0)) / np.append(fitted.sd[1], 1.0)
    level, spread = fitted.mean[1, 1], fitted.sd[1, 1]
    assert mean[1, 0] == pytest.approx(level + spread * rho[0] * z[0, 1], abs=1e-6)
    assert sd[1, 0] == pytest.approx(spread * np.sqrt(1 - rho[0] ** 2), abs=1e-6)
    # two waves: the regression written out
    first = (rho[0] - rho[0] * rho[1]) / (1 - rho[0] ** 2)
    second = (rho[1] - rho[0] ** 2) / (1 - rho[0] ** 2)
    assert mean[1, 5] == pytest.approx(level + spread * (first * z[5, 1] + second * z[5, 0]), abs=1e-6)
    assert sd[1, 5] == pytest.approx(spread * np.sqrt(1 - first * rho[0] - second * rho[1]), abs=1e-6)


def test_correlations_of_a_split_fade_to_the_permanent_part():
    found = correlation(Split(0.3, 0.5, 0.2, 0.8, 0.0), np.array([0.0, 2.0, 90.0]))
    assert np.diag(found).tolist() == [1.0, 1.0, 1.0]
    assert found[0, 1] == pytest.approx(0.3 + 0.5 * 0.64)
    assert found[0, 2] == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("luck", [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.4, 0.6)])
def test_every_split_of_two_waves_meets_their_correlation(luck):
    asked = Distance(np.array([0.0, 2.0, 0.0]), np.array([1.0, 0, 1]), np.array([1.0, 0.3, 1.0]), np.eye(3))
    split = three_part_split(asked, 1, (0.5, 0.95), luck)
    assert min(split.permanent, split.persistent, split.one_year) >= -1e-12
    assert split.variance == pytest.approx(1.0)
    assert split.permanent + split.persistent * split.rho**2 == pytest.approx(0.3)


def test_the_fit_does_not_see_the_last_wave(three):
    spoilt = replace(three, log=three.log.copy())
    spoilt.log[:, -1] += 5.0
    one, other = (fit_early(each.early(), draws=5, seed=3) for each in (three, spoilt))
    assert np.array_equal(one.mean, other.mean)
    assert one.splits == other.splits


# ---- the simulation ----


def test_the_simulation_and_the_law_agree_where_one_wave_is_known():
    """The same process twice: drawn by the engine from a register, and as normals given one wave.

    160 draws of 1,500 households: a household's mean has an error of .5 / sqrt(160) = .04, the slope of all on what was
    seen one of .04 / (.63 sqrt(1500)) = .0017, the headcount one below .001; bounds are four of these and the engine's
    drift of the mean, which rests on the seen cross-section.
    """
    setting = replace(THREE_WAVES, households=1500, clusters=1500)
    waves = waves_of(made(setting, seed=2))
    split = Split(0.25, 0.35, 0.4, 0.8, 0.0)
    fitted = fit_early(waves.early(), draws=160, seed=1, rho=0.8)
    level, spread = waves.log[:, :-1].mean(axis=0), waves.log[:, :-1].std(axis=0)
    same = {"mean": np.tile(level, (160, 1)), "sd": np.tile(spread, (160, 1)), "splits": {"model": (split,) * 160}}
    fitted = replace(fitted, **same, trend=np.full(160, 0.03), weight=np.ones_like(fitted.weight))
    poor = waves.poor.copy()
    poor[:, 0] = np.nan
    one = replace(waves, poor=poor)
    assert runnable(one)
    engine = drawn_by_engine(one, fitted, draws=160, seed=1, growth=0.03)
    normal = drawn(one, fitted, (split,) * 160, luck_of(one, draws=160, seed=1, sds=(0.0, 0.0)), "trend")
    seen = one.log[:, 1]
    slopes = [np.polyfit(seen, log.mean(axis=0), 1)[0] for log in (engine, normal)]
    assert slopes[0] == pytest.approx(0.25 + 0.35 * 0.8, abs=0.01)
    assert slopes[1] == pytest.approx(0.25 + 0.35 * 0.8, abs=0.01)
    assert engine.mean() == pytest.approx(normal.mean(), abs=0.01)
    assert engine.std(axis=0).mean() == pytest.approx(normal.std(axis=0).mean(), abs=0.01)
    assert (engine < 0).mean() == pytest.approx((normal < 0).mean(), abs=0.006)


def test_the_simulation_is_left_out_over_broken_years(three):
    assert not runnable(replace(three, years=np.array([0.0, 1.0, 2.5])))
    assert not runnable(replace(three, years=np.array([0.0, 1.0, 9.0])))


# ---- what is known of the rivals ----


@pytest.fixture(scope="module")
def large():
    """Forecasts of a panel of 6,000 households made of three parts, fitted on two waves."""
    return study_table(Study(replace(THREE_WAVES, households=6000, clusters=6000), 1, draws=60), seed=5)


def test_rivals_err_in_relapse_as_they_are_known_to(large):
    """AR(1) forgets who was well off for good and understates relapse, permanent + transitory overstates it.

    Among 900 who left poverty a year before, the error of the actual share is .016; the rivals are off by .1 and .035.
    """
    relapse = large[large["quantity"] == "relapse"].set_index("model")
    actual = relapse["actual"].iloc[0]
    assert relapse.loc["ar1", "high95"] < actual - 0.03
    assert relapse.loc["permanent_transitory", "mean"] > actual
    assert relapse.loc["permanent_transitory", "mean"] > relapse.loc["model", "mean"] > relapse.loc["ar1", "mean"]
    assert relapse.loc["model", "inside95"] == 1.0


def test_two_waves_leave_exit_and_entry_alike(large):
    """The last wave alone says as much of exits under every law with the same correlation over the same gap."""
    for code in ("exit", "entry"):
        means = large[large["quantity"] == code]["mean"]
        assert means.max() - means.min() < 0.01


def test_bands_hold_as_often_as_they_promise():
    """Twenty panels: the share of 80 % bands that hold has an error of at most .09, of .04 were statistics independent.

    The larger study (docs/backtests-panels.md) has 200 panels.
    """
    table = study_table(Study(replace(FIVE_WAVES, households=400, clusters=400), 20, draws=40), seed=11)
    found = held(table)["inside"]
    assert 0.65 <= found["model"].mean() <= 0.95
    assert found["ar1", "relapse"] < 0.5


def test_the_mean_of_a_sample_keeps_its_luck_in_a_forecast():
    """Bands of the headcount come out too narrow (two thirds instead of .8) where the last mean is taken for true."""
    waves = waves_of(made(THREE_WAVES, seed=4))
    fitted = fit_early(waves.early(), draws=300, seed=1)
    luck = luck_of(waves, draws=300, seed=1, sds=(0.0, 0.0))
    log = drawn(waves, replace(fitted, trend=np.zeros(300)), fitted.splits["model"], luck, "trend")
    # of the mean of n: last year's one-year luck and this year's, the latter alone were the last mean true
    parts, n = THREE_PARTS, waves.weight.size
    pulled = parts.permanent + parts.persistent * parts.rho
    wanted = np.sqrt(2 * (1 - pulled) * parts.variance / n)
    assert log.mean(axis=1).std() == pytest.approx(wanted, rel=0.15)


def test_shares_of_forecasts_are_weighted():
    poor = np.array([[True, False, True]])
    found = shares("long_exit", poor, np.array([True, True, False]), np.array([3.0, 1.0, 9.0]))
    assert found.tolist() == [0.25]
