"""Calibration as a whole: known parameters come back, with honest errors; choices; notes; what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import povsim
from povsim.calibration import Choices, calibrate_by
from povsim.calibration.records import SHARES
from povsim.calibration.simulated import Setting, simulated_panel
from povsim.calibration.spreads import independent_spreads
from povsim.errors import InputError
from povsim.incomes import Parts

SMALL = Setting(households=600, clusters=120)
PANELS = 20
"""Panels made up for each setting."""


@pytest.fixture(scope="module")
def panel():
    """Five yearly waves of 600 households."""
    return simulated_panel(SMALL, seed=1)


def keys(calibration) -> set[str]:
    return {note.key for note in calibration.notes}


# ---- recovery ----


def truth_of(setting: Setting) -> dict[str, float]:
    parts = setting.parts
    return {name: getattr(parts, name) for name in ("variance", *SHARES, "rho")} | {"trend": setting.trend}


SETTINGS = {
    "yearly": (Setting(households=600, clusters=120), None),
    "unequal": (Setting(households=600, clusters=120, years=(2010.0, 2011.0, 2013.0, 2016.0, 2017.0)), None),
    "attrition": (Setting(households=800, clusters=160, attrition=0.1), None),
    "rho stated": (Setting(households=600, clusters=120, years=(2014.0, 2015.0, 2016.0)), 0.8),
    "fast fading": (Setting(households=600, clusters=120, parts=Parts(0.5, 0.5, 0.2, 0.15, 0.15, 0.5)), None),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_known_parameters_come_back(name: str) -> None:
    setting, rho = SETTINGS[name]
    truth = truth_of(setting) | {"lasting": setting.parts.permanent + setting.parts.persistent}
    found, held = [], []
    for seed in range(PANELS):
        total = povsim.calibrate(simulated_panel(setting, seed=100 + seed), rho=rho, draws=40, seed=seed).total
        found.append([getattr(total, key) for key in truth])
        inside = {key: low - 1e-9 <= truth[key] <= high + 1e-9 for key, (low, high) in total.intervals.items()}
        held.append([inside[key] for key in ("variance", *SHARES, "trend")])
    values = np.array(found)
    # what the moments tell well is unbiased: the mean lies within four of its own errors of the truth (t of 19 degrees
    # of freedom: one in a thousand); shares near a bound are pushed off it, by less than .02 here
    error = values.std(axis=0, ddof=1) / np.sqrt(PANELS)
    for place, key in enumerate(truth):
        if key in ("variance", "trend") or (key in ("lasting", "transitory") and name != "fast fading"):
            slack = 0.0 if key in ("variance", "trend") else 0.02
            assert abs(values[:, place].mean() - truth[key]) < 4 * error[place] + slack, key
    # of 20 intervals that hold in 90 % of panels fewer than 14 hold with a chance of .2 % (binomial)
    assert (np.sum(held, axis=0) >= 14).all(), np.sum(held, axis=0)


@pytest.mark.parametrize("years", [(2014.0, 2018.0), (2014.0, 2015.0), (2014.0, 2015.0, 2016.0)])
def test_bounds_hold_the_truth(years: tuple[float, ...]) -> None:
    setting = Setting(households=600, clusters=120, years=years)
    truth, held = truth_of(setting), []
    for seed in range(PANELS):
        total = povsim.calibrate(simulated_panel(setting, seed=300 + seed), draws=20, seed=seed).total
        assert total.known == "bounds"
        assert all(np.isnan(total.standard_errors[key]) for key in (*SHARES, "rho"))
        held.append([total.intervals[key][0] <= truth[key] <= total.intervals[key][1] for key in (*SHARES, "rho")])
        for key in SHARES:
            assert total.bounds[key][0] <= getattr(total, key) <= total.bounds[key][1]
    # widened by the sample's error they hold in at least 95 %: 16 or more of 20 but for a chance of .3 %
    assert (np.sum(held, axis=0) >= 16).all()


# ---- choices ----


def test_the_split_of_one_year_is_the_stated_one_and_shares_sum_to_one(panel) -> None:
    for stated, share in ((None, 0.5), (0.0, 0.0), (0.25, 0.25), (1.0, 1.0)):
        total = povsim.calibrate(panel, error_share=stated, draws=2).total
        assert total.error == pytest.approx(share * (total.error + total.transitory))
        assert sum(getattr(total, name) for name in SHARES) == pytest.approx(1.0)


def test_a_stated_rho_is_kept_and_a_range_is_searched(panel) -> None:
    stated = povsim.calibrate(panel, rho=0.7, draws=5).total
    assert (stated.rho, stated.known) == (0.7, "given_rho")
    assert np.isnan(stated.standard_errors["rho"])
    searched = povsim.calibrate(panel, rho=(0.6, 0.65), draws=5).total
    assert 0.6 <= searched.rho <= 0.65
    assert searched.known == "estimated"


@pytest.mark.parametrize("weighting", ["diagonal", "optimal"])
def test_other_weights_come_near_the_same(panel, weighting) -> None:
    equal = calibrate_by(panel, Choices(rho=0.8, draws=2)).total
    other = calibrate_by(panel, Choices(rho=0.8, draws=2, weighting=weighting)).total
    assert other.variance == pytest.approx(equal.variance, rel=0.1)
    assert other.lasting == pytest.approx(equal.lasting, abs=0.05)
    assert other.lasting != equal.lasting


def test_seed_and_workers(panel) -> None:
    one = calibrate_by(panel, Choices(draws=20))
    four = calibrate_by(panel, Choices(draws=20, threads=4))
    assert (one.total.samples == four.total.samples).all()
    assert one.total.standard_errors == four.total.standard_errors
    other = calibrate_by(panel, Choices(draws=20, seed=2))
    assert other.total.variance == one.total.variance
    assert other.total.standard_errors["variance"] != one.total.standard_errors["variance"]


def test_groups_take_their_own_means_out(panel) -> None:
    moved = panel.copy(deep=True)
    half = np.arange(panel.sizes["unit"]) % 2
    moved["stratum"] = ("unit", half.astype(np.int32))
    moved["income"] = moved["income"] * np.exp(2.0 * half)[:, None]
    plain, moved_total = povsim.calibrate(panel, draws=2).total, povsim.calibrate(moved, draws=2).total
    assert moved_total.variance == pytest.approx(plain.variance, rel=0.02)
    without = moved.assign(all=("unit", np.zeros(panel.sizes["unit"])))
    assert povsim.calibrate(without, draws=2, groups="all").total.variance > plain.variance + 0.9


def test_covariates_take_their_part_out(panel) -> None:
    rng = np.random.default_rng(1)
    persons = rng.integers(1, 6, panel["income"].shape).astype(float)
    larger = panel.assign(income=panel["income"] / persons, persons=(("unit", "wave"), persons))
    age = rng.normal(size=panel["income"].shape)
    larger["income"] = larger["income"] * np.exp(age)
    larger["age"] = (("unit", "wave"), age, {"role": "covariate"})
    found = povsim.calibrate(larger, draws=2)
    assert found.told["covariates"] == ("persons", "age")
    assert found.total.variance == pytest.approx(povsim.calibrate(panel, draws=2).total.variance, rel=0.01)


def test_weights_count(panel) -> None:
    # a household of weight two is two households
    weight = np.where(np.arange(panel.sizes["unit"]) < 100, 2.0, 1.0)
    heavy = panel.assign(weight=("unit", weight))
    twice = panel.isel(unit=np.r_[np.arange(100), np.arange(panel.sizes["unit"])])
    one, two = povsim.calibrate(heavy, draws=2).total, povsim.calibrate(twice, draws=2).total
    assert one.variance == pytest.approx(two.variance, rel=1e-3)
    assert one.trend == pytest.approx(two.trend)


# ---- notes ----


def test_treated_households_are_left_out_and_said_to_be(panel) -> None:
    treated = panel.copy(deep=True)
    arm = (np.arange(panel.sizes["unit"]) < 200).astype(np.int8)
    treated["treated"] = ("unit", arm)
    treated["income"] = treated["income"].where(arm[:, None] == 0, 5.0)
    found = povsim.calibrate(treated, draws=2)
    assert found.total.households == 400
    assert ("note.treated", {"households": 200}) in [(note.key, note.values) for note in found.notes]


def test_incomes_at_or_below_zero_are_said_to_be_out_of_the_variance_but_in_the_mean(panel) -> None:
    poor = panel.copy(deep=True)
    poor["income"][:60, 4] = 0.0
    found = povsim.calibrate(poor, draws=2)
    assert ("note.nonpositive", {"count": 60, "share": 60 / 3000}) in [(n.key, n.values) for n in found.notes]
    assert found.total.observations == 3000 - 60
    assert found.total.trend < povsim.calibrate(panel, draws=2).total.trend


def test_attrition_is_told(panel) -> None:
    gone = panel.copy(deep=True)
    low = np.argsort(panel["income"].values[:, 0])[:100]
    values = gone["income"].values.copy()
    values[low, 3:] = np.nan
    found = povsim.calibrate(gone.assign(income=(("unit", "wave"), values)), draws=2)
    assert "note.attrition" in keys(found)
    last = found.attrition[-1]
    assert last.left == pytest.approx(100 / 600)
    assert last.gap < -1 < 0 < last.gap_error


def test_what_cannot_be_told_apart_is_said(panel) -> None:
    assert "note.barely" in keys(povsim.calibrate(simulated_panel(dataclasses.replace(SMALL, years=(0, 2, 3)), seed=1)))
    assert "note.bounds.two" in keys(
        povsim.calibrate(simulated_panel(dataclasses.replace(SMALL, years=(0, 2)), seed=1))
    )
    three = simulated_panel(dataclasses.replace(SMALL, years=(0, 2, 4)), seed=1)
    assert "note.bounds.three" in keys(povsim.calibrate(three, draws=5))
    assert "note.bounds.three" not in keys(povsim.calibrate(three, draws=5, rho=0.8))
    louder = panel.assign(income=panel["income"] ** np.array([1, 1, 1, 1, 1.5]))
    assert "note.unsteady" in keys(povsim.calibrate(louder, draws=2))


def test_sources_have_processes_and_trends_of_their_own(panel) -> None:
    split = panel.copy(deep=True)
    split["wage"] = split["income"] * 0.6
    split["business"] = split["income"].where(np.arange(600)[:, None] < 20, 0.0)
    split["transfer"] = split["income"] * np.exp(0.1 * (split["year"] - 2014))
    found = povsim.calibrate(split, draws=10)
    assert found.sources["wage"].permanent == pytest.approx(found.total.permanent)
    assert "business" not in found.sources
    assert "note.source" in keys(found)
    assert set(found.trends) == {"wage", "business", "transfer"}
    assert found.trends["wage"] == pytest.approx((found.total.trend, found.total.standard_errors["trend"]))
    assert found.trends["transfer"][0] == pytest.approx(found.total.trend + 0.1, abs=0.01)


def test_progress_counts_all_bootstraps_as_one(panel) -> None:
    told: list[tuple[int, int]] = []
    calibrate_by(panel.assign(wage=panel["income"]), Choices(draws=4), progress=lambda *one: told.append(one))
    assert told == [(done, 8) for done in range(1, 9)]


# ---- refusals ----


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"error_share": 1.2}, "error_share: is not a share; found 1.2; allowed: 0 to 1"),
        ({"rho": 1.0}, "rho: should be a number or a range"),
        ({"rho": (0.9, 0.2)}, "found 0.9 to 0.2"),
        ({"draws": 1}, "draws: too few"),
        ({"seed": -1}, "seed: out of range"),
        ({"groups": "clster"}, "groups: no variable of the household; .*did you mean 'cluster'"),
    ],
)
def test_choices_out_of_range(panel, choices: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        povsim.calibrate(panel, **choices)


def test_workers_have_to_be_some(panel) -> None:
    with pytest.raises(InputError, match="threads: too few"):
        calibrate_by(panel, Choices(threads=0))


def test_all_wrong_choices_at_once(panel) -> None:
    with pytest.raises(InputError, match="3 problems"):
        povsim.calibrate(panel, error_share=2, rho=3, draws=0)


def test_panels_that_say_nothing(panel) -> None:
    with pytest.raises(InputError, match="has no income, only whether households are poor"):
        povsim.calibrate(panel.drop_vars("income").assign(poor=panel["income"] < 1))
    with pytest.raises(InputError, match="has too few households; found 5 waves, 20 households"):
        povsim.calibrate(panel.isel(unit=slice(20)))
    with pytest.raises(InputError, match="has too few households; found 1 waves"):
        povsim.calibrate(panel.isel(wave=[0]))


# ---- spreads ----


def test_spreads_leave_persistence_as_uncertain_as_the_panel_has_it() -> None:
    total = povsim.calibrate(simulated_panel(Setting(), seed=2), draws=100).total
    spreads = independent_spreads(total)
    for name, place in (("permanent", 1), ("persistent", 2), ("rho", 5)):
        assert 0 <= spreads[name] <= total.samples[:, place].std(ddof=1)
    rng = np.random.default_rng(1)
    point = np.array([total.permanent, total.persistent, total.rho])
    sd = np.array([spreads["permanent"], spreads["persistent"], spreads["rho"]])
    drawn = np.maximum(point + sd * rng.standard_normal((4000, 3)), 0)
    whole = drawn[:, 0] + drawn[:, 1] + 1 - point[:2].sum()
    after_two = (drawn[:, 0] + drawn[:, 1] * drawn[:, 2] ** 2) / whole
    wanted = total.samples[:, 1] + total.samples[:, 2] * total.samples[:, 5] ** 2
    # three spreads cannot meet every autocorrelation; within a third they do, while standard errors are threefold
    assert after_two.std() == pytest.approx(wanted.std(), rel=0.35)
    apart = np.maximum(point + total.samples[:, [1, 2, 5]].std(axis=0) * rng.standard_normal((4000, 3)), 0)
    far = (apart[:, 0] + apart[:, 1] * apart[:, 2] ** 2) / (apart[:, :2].sum(axis=1) + 1 - point[:2].sum())
    assert far.std() > 2 * wanted.std()


def test_households_alone_in_their_group_stay_out_and_do_not_halve_the_variance(panel) -> None:
    # half of the households make up one group, each of the others a group of its own
    group = np.maximum(np.arange(600) - 299, 0).astype(np.int32)
    half = povsim.calibrate(panel.isel(unit=slice(0, 300)), draws=5).total
    found = povsim.calibrate(panel.assign(area=("unit", group)), draws=5, groups="area")
    assert found.total.observations == half.observations
    assert found.total.variance == pytest.approx(half.variance, rel=1e-9)
    assert "note.alone" in keys(found)


def test_groups_of_one_household_each_are_refused(panel) -> None:
    with pytest.raises(InputError, match="with others of their group"):
        povsim.calibrate(panel.assign(own=("unit", np.arange(600))), draws=5, groups="own")


def test_a_rotating_panel_with_too_few_households_in_every_pair_of_waves_is_refused(panel) -> None:
    seen = np.zeros((60, 5), dtype=bool)
    for unit in range(60):
        seen[unit, [unit % 4, unit % 4 + 1]] = True
    short = panel.isel(unit=slice(0, 60))
    with pytest.raises(InputError, match="no two waves share enough households"):
        povsim.calibrate(short.assign(income=short["income"].where(seen)), draws=5)


def test_weights_of_any_size_say_the_same(panel) -> None:
    # squares of these leave the range of numbers
    totals = [povsim.calibrate(panel.assign(weight=panel["weight"] * by), draws=3).total for by in (1.0, 1e300)]
    assert totals[1].variance == pytest.approx(totals[0].variance, rel=1e-12)


def test_one_cluster_shows_no_error_and_is_refused(panel) -> None:
    with pytest.raises(InputError, match="every stratum has one cluster only"):
        povsim.calibrate(panel.assign(cluster=panel["cluster"] * 0), draws=5)
