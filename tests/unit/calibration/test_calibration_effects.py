"""Effects of a measure: by lot and matched, on panels made up with a known effect."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import yaml

import povsim
from povsim.calibration import effects_yaml
from povsim.calibration.balancing import baseline_of, control_weights, treatment_chance
from povsim.calibration.simulated import Setting, simulated_panel
from povsim.errors import InputError
from povsim.quantity import Quantity

GAIN = 0.2
"""Log points that the measure adds from the second wave on."""


def trial(seed: int, *, households: int = 800, pull: float = 0.0):
    """Return a panel with a measure given by lot, or rather to those who were poor where ``pull`` is above zero."""
    panel = simulated_panel(Setting(households=households, clusters=households // 4, years=(0.0, 2.0, 3.0)), seed=seed)
    rng = np.random.default_rng(seed)
    base = np.log(panel["income"].values[:, 0])
    chance = 1 / (1 + np.exp(pull * (base - base.mean()) / base.std()))
    arm = (rng.random(households) < chance).astype(np.int8)
    lift = np.exp(GAIN * np.outer(arm, [0, 1, 1]))
    panel = panel.assign(income=panel["income"] * lift)
    panel["treated"] = ("unit", arm, {"role": "treatment", "name_zh": "措施", "name_en": "measure"})
    return panel.assign_attrs(line=float(np.quantile(panel["income"].values[:, 0], 0.4)))


def of(found, outcome: str, wave: str):
    return next(one for one in found.found if (one.outcome, one.wave) == (outcome, wave))


@pytest.mark.parametrize("method", ["difference", "baseline", "matched"])
def test_a_known_effect_by_lot_comes_back_with_its_error(method) -> None:
    effects = [
        of(povsim.measure_effects(trial(seed), method=method, draws=40), "log_income", "2") for seed in range(1, 21)
    ]
    values, errors = np.array([one.effect for one in effects]), np.array([one.error for one in effects])
    # twenty panels: the mean within four of its errors, the spread within what twenty values can tell (chi square)
    assert abs(values.mean() - GAIN) < 4 * values.std(ddof=1) / np.sqrt(20)
    assert 0.6 < errors.mean() / values.std(ddof=1) < 1.6
    assert sum(one.low <= GAIN <= one.high for one in effects) >= 16


def test_the_baseline_makes_the_error_smaller() -> None:
    panel = trial(1)
    plain, fixed = (
        of(povsim.measure_effects(panel, method=one), "log_income", "2") for one in ("difference", "baseline")
    )
    assert fixed.error < 0.9 * plain.error


def test_a_difference_of_means_is_one() -> None:
    panel = trial(2)
    arm, income = panel["treated"].values == 1, panel["income"].values[:, 1]
    found = of(povsim.measure_effects(panel), "income", "2")
    assert found.treated == pytest.approx(income[arm].mean())
    assert found.effect == pytest.approx(income[arm].mean() - income[~arm].mean())
    assert (found.households, found.years) == ((int(arm.sum()), int((~arm).sum())), 2.0)
    assert found.unit == ""


def test_exits_are_of_those_below_the_line_at_the_baseline() -> None:
    panel = trial(3)
    arm, income, line = panel["treated"].values == 1, panel["income"].values, panel.attrs["line"]
    poor = income[:, 0] < line
    found = of(povsim.measure_effects(panel), "exit", "3")
    assert found.treated == pytest.approx((income[poor & arm, 2] >= line).mean())
    assert found.control == pytest.approx((income[poor & ~arm, 2] >= line).mean())
    assert sum(found.households) == poor.sum()


def test_spells_give_exits_too() -> None:
    panel = trial(3)
    line = panel.attrs["line"]
    poor = (panel["income"] < line).astype(np.int8)
    spells = panel.drop_vars("income").assign(poor=poor).assign_attrs(line=float("nan"))
    found, other = povsim.measure_effects(spells), povsim.measure_effects(panel)
    assert {one.outcome for one in found.found} == {"exit"}
    assert of(found, "exit", "2").effect == pytest.approx(of(other, "exit", "2").effect)


def test_strata_are_compared_within() -> None:
    panel = trial(4)
    # the second stratum is richer and has more of the treated: comparing across would find an effect twice as large
    arm = panel["treated"].values
    stratum = np.where(np.random.default_rng(1).random(arm.size) < 0.3 + 0.4 * arm, 1, 0).astype(np.int32)
    richer = panel.assign(income=panel["income"] * np.exp(1.0 * stratum)[:, None], stratum=("unit", stratum))
    found = of(povsim.measure_effects(richer), "log_income", "2")
    assert found.effect == pytest.approx(GAIN, abs=4 * found.error)
    assert found.treated - found.control > GAIN + 0.2


def test_matching_undoes_what_choosing_the_poor_does() -> None:
    panel = trial(5, households=3000, pull=1.0)
    plain = of(povsim.measure_effects(panel), "log_income", "2")
    found = povsim.measure_effects(panel, method="matched", draws=30)
    matched = of(found, "log_income", "2")
    assert plain.effect < 0.0
    assert matched.effect == pytest.approx(GAIN, abs=4 * matched.error)
    income = next(one for one in found.balance if one.covariate == "log_income")
    assert income.before < -0.5
    # odds balance in expectation, not exactly: a tenth is the usual rule
    assert abs(income.after) < 0.1


def test_chances_are_those_that_meet_the_means() -> None:
    rng = np.random.default_rng(6)
    x = np.column_stack([np.ones(500), rng.normal(size=(500, 2))])
    arm = (rng.random(500) < 1 / (1 + np.exp(-x @ [0.2, 1.0, -0.5]))).astype(float)
    weight = rng.uniform(0.5, 2, 500)
    chance = treatment_chance(x, arm, weight)
    # a logit's first-order conditions: weighted sums of every column over the treated and over the chances agree
    np.testing.assert_allclose((weight * chance) @ x, (weight * arm) @ x, atol=1e-3)


def test_missing_baselines_stand_at_the_mean() -> None:
    panel = trial(7)
    income = panel["income"].values.copy()
    income[:5, 0] = np.nan
    known = baseline_of(panel.assign(income=(("unit", "wave"), income)))
    assert known["log_income"][:5].tolist() == pytest.approx([np.nanmean(np.log(income[:, 0]))] * 5)
    weights = control_weights(list(known.values()), panel["treated"].values.astype(float), np.ones(800))
    assert np.isfinite(weights).all()


def test_effects_are_figures_with_their_spread() -> None:
    found = povsim.measure_effects(trial(8))
    written = yaml.safe_load(effects_yaml(found))["effects"]["treated"]
    for one in found.found:
        entry = Quantity.model_validate(written[one.outcome][one.wave])
        assert entry.value == pytest.approx(one.effect, rel=1e-5)
        assert entry.spread is not None
        assert entry.spread.sd == pytest.approx(one.error, rel=1e-5)
        assert "simulated panel (made up): measure; intention to treat" in entry.source
        assert entry.status == "estimated"


def test_what_is_refused() -> None:
    panel = trial(9)
    with pytest.raises(InputError, match="no such treatment; found treatd; allowed: treated; did you mean 'treated'"):
        povsim.measure_effects(panel, treatment="treatd")
    with pytest.raises(InputError, match="no such treatment; found treated; allowed: none"):
        povsim.measure_effects(simulated_panel(dataclasses.replace(Setting(), households=40, clusters=10), seed=1))
    few = panel.isel(
        unit=np.r_[np.flatnonzero(panel["treated"].values == 1)[:5], np.flatnonzero(panel["treated"].values == 0)]
    )
    with pytest.raises(InputError, match="too few households in an arm; found 5 treated"):
        povsim.measure_effects(few)
    with pytest.raises(InputError, match="method: unknown; found guess; allowed: difference, baseline, matched"):
        povsim.measure_effects(panel, method="guess")


def test_an_outcome_that_hardly_anybody_shows_is_left_out() -> None:
    panel = trial(10)
    values = panel["income"].values.copy()
    values[5:, 2] = np.nan
    found = povsim.measure_effects(panel.assign(income=(("unit", "wave"), values)))
    assert {one.wave for one in found.found} == {"2"}


def with_outcome(panel, known_at_baseline: int):
    """Return a trial with an outcome that the measure raises by one, asked of some households at the baseline."""
    rng = np.random.default_rng(5)
    values = rng.normal(size=panel["income"].shape) + panel["treated"].values[:, None]
    values[known_at_baseline:, 0] = np.nan
    told = {"role": "outcome", "units": "1", "name_zh": "结果", "name_en": "outcome"}
    return panel.assign(asked=(("unit", "wave"), values, told))


@pytest.mark.parametrize("method", ["baseline", "matched"])
def test_an_outcome_that_was_not_asked_for_at_the_baseline_goes_without_it(method) -> None:
    panel = with_outcome(trial(1), 0)
    found = of(povsim.measure_effects(panel, method=method, draws=10), "asked", "2")
    assert sum(found.households) == 800
    # two arms of about 400 with a variance of one: an error of .07
    assert abs(found.effect - 1.0) < 0.28


def test_households_are_those_the_effect_rests_on() -> None:
    panel = with_outcome(trial(1), 100)
    found = of(povsim.measure_effects(panel, method="baseline"), "asked", "2")
    alone = of(povsim.measure_effects(panel.isel(unit=slice(0, 100)), method="baseline"), "asked", "2")
    assert found.households == alone.households
    assert found.clusters == alone.clusters
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))


def test_matching_does_not_hang_on_the_unit_of_the_weights() -> None:
    panel = trial(3, pull=1.0)
    effects = [
        of(povsim.measure_effects(panel.assign(weight=panel["weight"] * by), method="matched", draws=3), "income", "2")
        for by in (1.0, 1e-8)
    ]
    assert effects[1].effect == pytest.approx(effects[0].effect, rel=1e-9)


def test_the_chance_of_treatment_does_not_hang_on_the_unit_of_the_weights() -> None:
    x = np.column_stack([np.ones(40), np.linspace(-1, 1, 40)])
    arm = (np.arange(40) % 3 == 0).astype(float)
    found = [treatment_chance(x, arm, np.full(40, weight)) for weight in (1.0, 1e-8)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)
