"""The exit forecast's views against the analysis package and counts made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

import povsim
from povsim import figures
from povsim.folder import open_run
from povsim.planning.targets import OFF_TRACK, ON_TRACK, target_report
from povsim.rulebook import Target
from povsim.views import forecast_areas as areas
from povsim.views import forecast_numbers as numbers
from povsim.views.forecast_beside import first_draws, numbers_beside
from povsim.views.forecast_digest import WHOLE, digest_outcomes
from povsim.views.forecast_flows import FLOWS
from povsim.views.forecast_parts import combined
from povsim.views.forecast_villages import village_table
from tests.unit.views.forecast_samples import DRAWS, sample_digest, sample_run


@pytest.fixture(scope="module")
def data():
    return sample_digest().part("forecast")


@pytest.fixture(scope="module")
def outcomes():
    with open_run(sample_run()) as run:
        yield run.outcomes.load()


@pytest.fixture(scope="module")
def plan():
    return sample_digest().scenario


def test_bands_and_tones_are_those_of_the_package():
    assert numbers.BAND == povsim.outlook.BAND
    assert (numbers.SURE, numbers.UNSURE) == (ON_TRACK, OFF_TRACK)


def test_the_whole_county_is_what_forecast_says(data, outcomes, plan):
    table = povsim.forecast(outcomes, plan).table
    headcount = areas.ratio_values(data, "headcount_ratio", 0)
    assert headcount.mean(axis=0) == pytest.approx(table["headcount_ratio"])
    assert np.quantile(headcount, 0.1, axis=0) == pytest.approx(table["low"])
    for name in ("exits", "relapses", "wrong_exits", "spending"):
        assert data[name].values[0].mean(axis=0) == pytest.approx(table[name])
    assert numbers.cost_per_lasting_exit(data, 0) == pytest.approx(table["cost_per_lasting_exit"], nan_ok=True)
    assert numbers.joint_chances(data)[0] == pytest.approx(table["target_probability"], nan_ok=True)


@pytest.mark.parametrize("ratio", areas.RATIOS)
def test_townships_have_the_ratios_of_the_package(data, outcomes, plan, ratio):
    wanted = povsim.ratios(outcomes, "township")[ratio].sel(scenario=plan.code)
    for place, name in enumerate(data["area"].values.tolist()[1:], start=1):
        assert areas.ratio_values(data, ratio, place) == pytest.approx(wanted.sel(township=name).values)


def test_a_townships_cost_is_that_of_its_villages_alone(data, outcomes, plan):
    name = data["area"].values.tolist()[2]
    alone = outcomes.isel(village=np.flatnonzero(outcomes["township"].values == name))
    table = povsim.forecast(alone, plan).table
    assert numbers.cost_per_lasting_exit(data, 2) == pytest.approx(table["cost_per_lasting_exit"], nan_ok=True)


def test_chances_are_those_of_the_report(data, outcomes, plan):
    report = target_report(outcomes, plan, levels=("county", "township")).table
    for row in report.to_dict("records"):
        if row["target"] not in data["target"].values:
            continue
        area = WHOLE if row["level"] == "county" else row["unit"]
        found = {one.code: one for one in numbers.chances(data, row["year"], area, "en")}[row["target"]]
        assert (found.share, found.error) == (row["probability"], pytest.approx(row["standard_error"]))
        assert found.shortfall == pytest.approx(row["shortfall_if_missed"], nan_ok=True)


@pytest.mark.parametrize("bound", [0.0, 0.019, 0.02, 0.3])
def test_another_bound_is_judged_as_a_target_would_be(data, plan, bound):
    target = plan.targets[0]
    other = Target.model_validate(target.model_dump() | {"value": target.value.model_dump() | {"value": bound}})
    held = numbers.held_under(data, 0, bound)
    top, everybody = data["registered"].values, data["everybody"].values
    for place in np.ndindex(held.shape):
        assert held[place] == other.holds(int(top[place]), int(everybody[place]), 2020)


def test_a_bound_that_many_decimals_make_large_is_still_exact(data):
    assert numbers.held_under(data, 0, 0.123456789012345678).dtype == bool


def test_a_bound_counts_in_every_year_but_the_plan_only_where_it_is_due(data):
    assert np.isnan(numbers.joint_chances(data)[0]).tolist() == [True] * 4 + [False]
    assert not np.isnan(numbers.joint_chances(data, {"incidence": 0.03})[0]).any()


def dated(data, *bounds):
    return data.assign(bound=(data["bound"].dims, np.array([bounds])))


def test_bounds_that_differ_by_year_move_in_proportion_and_only_in_their_years(data):
    plan = dated(data, 0.05, 0.04, np.nan, 0.03, 0.02)
    told = numbers.chances_by_year(plan, None, "en", {"incidence": 0.03})
    assert [[one.bound for one in found] for found in told.values()] == [
        ["below 7.5 %"], ["below 6 %"], [], ["below 4.5 %"], ["below 3 %"],
    ]  # fmt: skip
    held = numbers.held_under(plan, 0, 0.03)
    top, everybody = data["registered"].values, data["everybody"].values
    np.testing.assert_array_equal(held[..., 1], top[..., 1] < 0.06 * everybody[..., 1])
    assert not held[..., 2].any()
    line = areas.fan(plan, ratio="registered_ratio", area=None, lang="en", bounds={"incidence": 0.03}).targets[0][1]
    np.testing.assert_allclose(line, [0.075, 0.06, np.nan, 0.045, 0.03])


def test_a_sure_last_year_is_not_all_years(data):
    # bounds out of the range of what happens: never in 2016, always in 2020
    plan = dated(data, 0.0, np.nan, np.nan, np.nan, 1.0).assign(held=data["held"].copy())
    plan["held"][..., 0], plan["held"][..., -1] = False, True
    assert numbers.always(plan, None) == 0
    shown = {one.code: one for one in numbers.numbers(plan, year=2020, area=None, lang="en")}["chance"]
    assert shown.value == "100 %"
    assert "all targets in all years 0 %" in shown.spread
    assert numbers.always(data, None) is None


def test_big_numbers_say_what_was_counted(data, outcomes, plan):
    shown = {one.code: one for one in numbers.numbers(data, year=2018, area=None, lang="en")}
    poor = outcomes["poor_persons"].sel(scenario=plan.code, year=2018).sum("village").values
    assert shown["poor"].value == f"{poor.mean():,.0f}"
    low, high = np.quantile(poor, (0.1, 0.9))
    assert shown["poor"].spread == f"80 % band: {low:,.0f} to {high:,.0f}"
    assert shown["chance"].value == figures.NOTHING
    assert shown["chance"].note == "No target is due in this year; the next one is due in 2020."
    assert list(shown) == ["poor", "chance", "cost", "relapses", "exits", "spent"]
    last = {one.code: one for one in numbers.numbers(data, year=None, area=None, lang="zh")}
    assert "低于 2%" in last["chance"].note


def test_unknown_areas_and_years_fall_back(data):
    assert numbers.numbers(data, year=1999, area="nowhere", lang="en") == numbers.numbers(
        data, year=2020, area=None, lang="en"
    )


def test_flows_account_for_every_change_of_status(data):
    stock, moved = data["stock"].values.astype(int), data["moved"].values.astype(int)
    codes = data["status"].values.tolist()
    change = np.zeros_like(stock[..., 1:])
    for f, flow in enumerate(FLOWS):
        change[codes.index(flow.source)] -= moved[f]
        change[codes.index(flow.target)] += moved[f]
    assert (change == np.diff(stock, axis=-1)).all()
    assert (moved[0] + moved[1] == data["exits"].values).all()
    assert moved[0].min() >= 0
    assert moved[2].min() >= 0


def test_flows_without_monitoring_are_those_of_single_households(people, sample):
    """Followed household by household in the panel, the moves are the same numbers."""
    from povsim.terms import STATUSES

    outcomes, panel = povsim.simulate(people, sample, draws=2, seed=3, keep=("household",))
    found = digest_outcomes(outcomes, sample)
    codes = [term.code for term in STATUSES]
    heads = (panel["persons"] * panel["weight"]).values
    years = list(sample.span)
    watched = sample.monitoring.from_year if sample.monitoring else 9999
    for draw in range(2):
        before = people["status"].values
        for y, year in enumerate(years):
            after = panel["status"].values[0, draw, y]
            for f, flow in enumerate(FLOWS[:4]):
                chosen = (before == codes.index(flow.source)) & (after == codes.index(flow.target))
                if year < watched or f < 2:
                    assert found["moved"].values[f, 0, draw, y] == heads[chosen].sum(), (flow.code, year)
            before = after


def test_villages_have_their_verdicts(data, outcomes, plan):
    table = village_table(data, year=2019, area=None, lang="en")
    one = outcomes.sel(scenario=plan.code, year=2019)
    for row in table.rows:
        village = one.sel(village=row["_key"])
        assert row["passes"] == pytest.approx(float((village["village_passes"] == 1).mean()))
        fails = village["village_test_fails"].where(village["level"] == "village", 0).clip(min=0).mean("draw").values
        if row["fails"] is not None:
            assert row["fails"] == pytest.approx(fails.max())
            assert row["test"] == str(village["veto_en"].values[fails.argmax()])
    chances = [row["passes"] for row in table.rows]
    assert chances == sorted(chances)
    inside = village_table(data, year=2019, area=data["area"].values.tolist()[1], lang="en")
    assert 0 < len(inside.rows) < len(table.rows)


def test_heat_map_rows_are_townships_with_the_worst_first(data):
    table = areas.heat_table(data, "headcount_ratio", "en")
    assert sorted(row["_key"] for row in table.rows) == sorted(data["area"].values.tolist()[1:])
    last = [row["2020"] for row in table.rows]
    assert last == sorted(last, reverse=True)
    exits = areas.heat_table(data, "exits", "en")
    assert sum(row["2017"] for row in exits.rows) == pytest.approx(data["exits"].values[0, :, 1].mean())


def test_fan_in_persons_is_the_share_of_everybody(data):
    share = areas.fan(data, ratio="registered_ratio", area=None, lang="en")
    persons = areas.fan(data, ratio="registered_ratio", area=None, lang="en", unit="persons")
    everybody = data["everybody"].values[0].mean(axis=0)
    assert persons.mean == pytest.approx(share.mean * everybody)
    assert persons.targets[0][1][-1] == pytest.approx(0.02 * everybody[-1])
    assert areas.main_ratio(data) == "registered_ratio"
    assert areas.fan(data, ratio="headcount_ratio", area=None, lang="en").targets == ()
    assert areas.fan_table(share, "zh").rows[0]["target0"] is None


def test_a_plan_beside_itself_does_not_change_and_is_compared_on_the_same_draws(data):
    few = data.isel(draw=slice(0, 3))
    shown = numbers_beside(data, few, year=2018, area=None, lang="en")
    assert all("+0" in one.spread or one.spread == "" for one in shown), [one.spread for one in shown]
    assert all(one.tone == "plain" for one in shown)
    assert first_draws(data, few)["draw"].values.tolist() == [0, 1, 2]


def test_what_changed_is_told_with_its_sign(data):
    fewer = data.copy()
    fewer["poor"] = data["poor"] // 2
    change = {one.code: one for one in numbers_beside(data, fewer, year=2018, area=None, lang="en")}["poor"]
    was, now = (each["poor"].values[0, :, 2].mean() for each in (data, fewer))
    assert change.spread.startswith(f"{now - was:+,.0f} against the plan (")
    assert change.tone == "good"


def test_draws_in_parts_make_the_digest_of_all(people, sample):
    whole = digest_outcomes(povsim.simulate(people, sample, draws=5, seed=1), sample)
    parts = [
        digest_outcomes(povsim.simulate(people, sample, draws=draws, seed=1), sample)
        for draws in (range(2), range(2, 5))
    ]
    found = combined(parts)
    assert found["draw"].values.tolist() == [0, 1, 2, 3, 4]
    assert set(found.data_vars) == set(whole.data_vars)
    for name, array in whole.data_vars.items():
        np.testing.assert_allclose(found[name].values, array.values, rtol=1e-12, err_msg=str(name))


def test_target_table_leaves_out_what_cannot_be_asked(data):
    table = areas.target_table(data, area=None, lang="en")
    assert [(row["year"], row["bound"]) for row in table.rows] == [("2020", "below 2 %")]
    assert not math.isnan(table.rows[0]["share"])
    assert f"{DRAWS} draws" in table.note


def test_shortfalls_carry_their_unit(data):
    missed = data.assign(
        target_shortfall_if_missed=xr.full_like(data["bound"], 0.0012).expand_dims(area=data["area"], axis=1)
    )
    rows = areas.target_table(missed, area=None, lang="zh").rows
    assert [row["shortfall"] for row in rows] == ["0.12 个百分点"]


def test_money_of_measures_is_in_the_unit_of_its_heading(data):
    tables = {lang: areas.measure_table(data, year=None, area=None, lang=lang) for lang in ("zh", "en")}
    units = {
        lang: next(column.unit for column in table.columns if column.code == "spent") for lang, table in tables.items()
    }
    assert units == {"zh": "万元", "en": "m yuan"}
    whole = float(data["measure_spending"].to_numpy()[:, 0, -1].sum())
    assert sum(row["spent"] for row in tables["zh"].rows) * 1e4 == pytest.approx(whole)
    assert sum(row["spent"] for row in tables["en"].rows) * 1e6 == pytest.approx(whole)
