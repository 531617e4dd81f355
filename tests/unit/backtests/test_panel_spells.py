"""Spells: normals behind two states, the filter against simulated lives, rivals on made-up spells."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import multivariate_normal, norm

import povsim
from povsim.backtests.panel import backtest_panel
from povsim.backtests.panel_waves import waves_of
from povsim.backtests.spells import fit_spells
from povsim.backtests.spells_latent import chance_of_last, latent_of, passage, simulated_spells
from povsim.backtests.spells_normal import both_below, tetrachoric
from povsim.calibration.distances import Split

THREE = Split(0.3, 0.4, 0.3, 0.8, 0.0)


def spells(poor, **attrs):
    """Return a panel of states in the form of ``read_panel``."""
    units, waves = poor.shape
    told = {
        "name_zh": "例",
        "name_en": "example",
        "source": "made up",
        "status": "assumed",
        "note_zh": "",
        "note_en": "",
    }
    told |= {"welfare": "poor", "currency": "", "line": np.nan, "line_note": "", "line_status": ""}
    flags = {"weight": np.ones(units), "cluster": np.arange(units), "stratum": np.zeros(units, dtype=int)}
    data = {name: ("unit", values) for name, values in flags.items()} | {
        "treated": ("unit", np.zeros(units, dtype=int))
    }
    data["poor"] = (("unit", "wave"), poor.astype(np.int8))
    labels, years = [str(wave) for wave in range(waves)], np.arange(waves, dtype=float)
    return xr.Dataset(
        data, {"unit": np.arange(units).astype(str), "wave": labels, "year": ("wave", years)}, told | attrs
    )


@pytest.fixture(scope="module")
def lives():
    rng = np.random.default_rng(1)
    return simulated_spells(THREE, np.full(5, -0.4), np.arange(5.0), persons=3000, rng=rng)


@pytest.mark.parametrize(("h", "k", "r"), [(-0.4, 0.3, 0.6), (1.2, -2.0, -0.7), (0.0, 0.0, 0.98), (-1.0, -1.0, 0.0)])
def test_both_below_is_the_bivariate_normal(h, k, r):
    wanted = multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([h, k])
    assert float(both_below(h, k, r)) == pytest.approx(wanted, abs=2e-6)


@pytest.mark.parametrize("r", [-0.6, 0.0, 0.35, 0.9])
def test_tetrachoric_correlations_come_back(r):
    assert float(tetrachoric(-0.5, 0.2, both_below(-0.5, 0.2, r))) == pytest.approx(r, abs=1e-6)


def test_the_chain_has_the_autocorrelation_and_spread_asked_for():
    latent, chain = latent_of(THREE), passage(0.8)
    steady = np.linalg.matrix_power(chain, 500)[0]
    variance = steady @ latent.persistent**2
    assert variance == pytest.approx(0.4)
    assert (steady * latent.persistent) @ chain @ latent.persistent / variance == pytest.approx(0.8)


@pytest.mark.parametrize("history", [(1, 1, 1), (0, 0, 0), (1, 0, 1), (0, 1, 0)])
def test_the_filter_agrees_with_simulated_lives(history):
    """A million lives: at least 40,000 have each history, so the simulated share has an error of .0025."""
    threshold, years = np.array([-0.4, -0.3, -0.4, -0.2]), np.array([0.0, 1.0, 3.0, 4.0])
    poor = simulated_spells(THREE, threshold, years, persons=1_000_000, rng=np.random.default_rng(2))
    like = (poor[:, :3] == np.array(history, dtype=bool)).all(axis=1)
    found = chance_of_last(THREE, threshold, np.array([history], dtype=float), years)[0]
    assert found == pytest.approx(poor[like, 3].mean(), abs=0.0075)


def test_a_history_never_seen_leaves_the_headcount():
    found = chance_of_last(THREE, np.array([0.1, 0.2, -0.3]), np.full((1, 2), np.nan), np.arange(3.0))
    assert found[0] == pytest.approx(norm.cdf(-0.3), abs=0.002)


def test_known_correlations_are_recovered(lives):
    """3,000 persons: the error of a tetrachoric correlation near .6 is about .02."""
    fitted = fit_spells(waves_of(spells(lives)).early(), draws=20, seed=1)
    assert fitted.correlations["0", "1"] == pytest.approx(0.3 + 0.4 * 0.8, abs=0.07)
    assert fitted.correlations["0", "3"] == pytest.approx(0.3 + 0.4 * 0.8**3, abs=0.07)


def test_the_model_sees_who_was_poor_for_long_and_the_chain_does_not(lives):
    """Markov chains forget all but the last wave: they overstate exits of the long poor and understate relapse."""
    table = backtest_panel(spells(lives), draws=60).table.set_index(["quantity", "model"])
    actual = table["actual"]
    assert table.loc[("long_exit", "markov"), "low95"] > actual["long_exit", "markov"] + 0.05
    assert table.loc[("relapse", "markov"), "high95"] < actual["relapse", "markov"]
    held = [table.loc[(code, "model"), "inside95"] for code in ("headcount", "exit", "entry", "relapse", "long_exit")]
    assert sum(held) >= 4
    assert (
        table.loc[("household_poor", "markov"), "behind"] > 2 * table.loc[("household_poor", "markov"), "behind_error"]
    )
    assert table.loc[("household_poor", "independent"), "discrimination"] == pytest.approx(0.0, abs=1e-9)


def test_who_was_not_seen_in_an_early_wave_is_forecast_all_the_same(lives):
    holes = lives.astype(int)
    holes[:500, 1] = -1
    holes[500:600, -1] = -1
    found = backtest_panel(spells(holes), draws=20)
    assert found.table["households"].max() == 2900
    assert any(note.key == "panel.note.attrition" for note in found.notes)


def test_states_that_nobody_leaves_or_enters_are_refused(lives):
    nobody = lives.astype(int)
    nobody[:, 1] = 0
    with pytest.raises(povsim.InputError, match="1: nobody is poor"):
        backtest_panel(spells(nobody), draws=20)


def test_three_waves_show_the_hazards_they_can() -> None:
    # a spell seen to begin in the second wave can end in the third: one year; nothing is known of a third year
    rng = np.random.default_rng(3)
    found = backtest_panel(spells(simulated_spells(THREE, np.zeros(3), np.arange(3.0), persons=400, rng=rng)), draws=20)
    drawn = {one.code: one for one in found.pictures if one.code.startswith("panel_hazard")}
    assert len(drawn["panel_hazard_exit"].lines[0].values) == 1
    assert all(np.isfinite(line.values).all() for one in drawn.values() for line in one.lines)


def test_waves_that_are_not_a_year_apart_have_no_hazards_by_year() -> None:
    rng = np.random.default_rng(3)
    years = np.array([0.0, 1.0, 3.0, 4.0])
    panel = spells(simulated_spells(THREE, np.zeros(4), years, persons=400, rng=rng))
    panel = panel.assign_coords(year=("wave", years))
    found = backtest_panel(panel, draws=20)
    assert not [one for one in found.pictures if one.code.startswith("panel_hazard")]
