"""Targets against counting by hand, at every level; verdicts, points, files of targets, households, sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import povsim
from povsim.cli_targets import Order, perform
from povsim.errors import InputError
from povsim.folder import write_run
from povsim.folder_manifest import Record
from povsim.outlook import target_held
from povsim.planning.target_households import most_at_risk
from povsim.planning.target_rules import UnitTarget, read_targets, targets_of
from povsim.planning.target_values import measure_target
from povsim.planning.targets import target_report
from povsim.runs import Settings, run_scenarios
from povsim.wording import wording


def quantity(value, unit):
    return {"value": value, "unit": unit, "source": "test", "status": "assumed"}


def target(measure, value=None, unit="share", **more) -> UnitTarget:
    entry = {} if value is None else {"value": quantity(value, unit)}
    return UnitTarget(**{"code": "t", "name_zh": "目标", "name_en": "target", "measure": measure, **entry, **more})


@pytest.fixture(scope="module")
def plan():
    extra = [
        {"code": "exit_plan", "name_zh": "减贫", "name_en": "exits", "measure": "exits", "comparison": ">=",
         "value": quantity({2016: 40, 2017: 30, 2018: 10}, "persons")},
        {"code": "incidence", "name_zh": "发生率", "name_en": "incidence", "measure": "registered_ratio",
         "comparison": "<", "value": quantity({2016: 0.04, 2018: 0.01}, "share")},
    ]  # fmt: skip
    return povsim.read_scenario("sample", overrides={"targets": extra})


@pytest.fixture(scope="module")
def folder(plan, people, tmp_path_factory) -> Path:
    results = run_scenarios(people, (plan,), Settings(draws=range(8), seed=1))
    return write_run(results, tmp_path_factory.mktemp("runs") / "run", register=people, record=Record(seed=1))


@pytest.fixture(scope="module")
def outcomes(folder):
    with povsim.open_run(folder) as run:
        return run.outcomes.load()


@pytest.fixture(scope="module")
def report(folder):
    return target_report(folder, levels=("county", "township", "village"))


def test_probability_and_shortfall_by_hand(outcomes, plan, report) -> None:
    one = outcomes.sel(scenario=plan.code)
    held = target_held(one, plan.targets[0], plan)
    exits = one["exits"].sum("village").transpose("draw", "year").values
    rows = report.table.query("target == 'exit_plan'").set_index("year")
    assert rows.index.tolist() == [2016, 2017, 2018]
    for place, (year, bound) in enumerate(((2016, 40), (2017, 30), (2018, 10))):
        missed = np.maximum(bound - exits[:, place], 0)
        assert rows.loc[year, "probability"] == held[:, place].mean()
        assert rows.loc[year, "shortfall"] == pytest.approx(missed.mean())
        if missed.any():
            assert rows.loc[year, "shortfall_if_missed"] == pytest.approx(missed[missed > 0].mean())
    first = report.first_met.query("target == 'exit_plan'").set_index("year")
    assert first["probability"].sum() == pytest.approx(1.0)
    assert first["for_good"].sum() == pytest.approx(1.0)
    assert first.loc[2016, "probability"] == held[:, 0].mean()
    assert first.loc[2016, "for_good"] == held[:, :3].all(axis=1).mean()


def test_on_or_off_track_by_hand(outcomes, plan, report) -> None:
    held = target_held(outcomes.sel(scenario=plan.code), plan.targets[0], plan)
    row = report.track.query("target == 'exit_plan' and year == 2016").iloc[0]
    ahead = held[:, 1:3].all(axis=1)
    assert row["ahead"] == ahead.mean()
    if held[:, 0].any():
        assert row["ahead_if_met"] == ahead[held[:, 0]].mean()
    assert row["state"] == ("on" if ahead.mean() >= 0.8 else "off" if ahead.mean() <= 0.2 else "open")
    assert np.isnan(row["by_trend"])
    exits = outcomes["exits"].isel(scenario=0).sum("village").transpose("draw", "year").values.astype(float)
    carried = 2 * exits[:, 1] - exits[:, 0] >= 10
    assert report.track.query("target == 'exit_plan' and year == 2017")["by_trend"].iloc[0] == carried.mean()


def test_a_ratio_is_asked_of_every_level_and_a_number_is_not(report) -> None:
    ratio = report.table.query("target == 'incidence' and year == 2018")
    assert ratio["level"].value_counts().to_dict() == {"village": 6, "township": 2, "county": 1}
    assert set(report.table.query("target == 'exit_plan'")["level"]) == {"county"}
    verdicts = report.table.query("measure == 'village_passes'")
    assert len(verdicts) == 6 * 5


def test_equal_to_the_bound_is_decided_in_whole_numbers(outcomes) -> None:
    persons = outcomes["persons"].isel(scenario=0, draw=0, year=0).sum("village")
    share = float(persons.sel(status=["registered", "relapsed"]).sum() / persons.sum())
    strict, loose = (
        measure_target(outcomes, target("registered_ratio", share, comparison=sign)) for sign in ("<", "<=")
    )
    assert strict.values[0, 0, 0] == share
    # the bound in decimals is the ratio rounded, which in whole numbers lies above or below it, never at it
    assert strict.held[0, 0, 0] == loose.held[0, 0, 0]
    none = measure_target(outcomes, target("exits", 0.0, "persons", comparison=">"))
    assert (none.held == (none.values > 0)).all()


def test_income_coverage_and_verdicts(outcomes) -> None:
    income = measure_target(outcomes, target("mean_income", 15000.0, "yuan per head and year", level="township"))
    total = outcomes["income_sum"].sel(source="total").isel(scenario=0).groupby("township").sum("village")
    heads = outcomes["persons"].isel(scenario=0).sum("status").groupby("township").sum("village")
    by_hand = (total / heads).sel(township=list(income.units)).transpose("draw", "year", "township")
    assert income.values == pytest.approx(by_hand.values)
    coverage = measure_target(outcomes, target("coverage", 0.1, of=("industry",), units=()))
    assert coverage.values.shape == (8, 5, 1)
    verdict = measure_target(outcomes, target("village_passes", level="village"))
    assert (verdict.held == (outcomes["village_passes"].isel(scenario=0).values == 1)).all()


def test_points_and_ranks_come_from_scores(outcomes, folder, plan) -> None:
    card = povsim.read_scorecard("xiangyin-2016-townships")
    scores = povsim.score(povsim.indicator_values(outcomes, card), card)
    wanted = [
        target("points", 60.0, "points", level="township", code="points"),
        target("rank", 1.0, "place", level="township", code="rank", comparison="<="),
    ]
    told = target_report(folder, targets=wanted, scores=scores).table
    first = told.query("target == 'rank' and year == 2018").set_index("unit")["probability"]
    rank = scores["rank"].isel(scenario=0, scheme=0).sel(year=2018)
    assert first.to_dict() == pytest.approx(((rank == 1).mean("draw").to_series()).to_dict())
    assert first.sum() >= 1.0
    with pytest.raises(InputError, match="no scores by county; found scores by township"):
        target_report(folder, targets=[target("points", 60.0, "points")], scores=scores)


def test_time_to_exit_is_watts_over_growth(outcomes, report) -> None:
    one = outcomes.isel(scenario=0).sum("village")
    heads = one["persons"].sum("status")
    growth = np.log(
        one["income_sum"].sel(source="total")
        / heads
        / (outcomes["income_at_start"].sum() / outcomes["persons_at_start"].sum())
    )
    years = (one["log_gap_sum"] / one["poor_persons"]) / (growth / (one["year"] - 2015))
    row = report.exit_time.query("level == 'county' and year == 2017").iloc[0]
    here = years.sel(year=2017)
    assert row["years"] == pytest.approx(float(np.quantile(here.dropna("draw"), 0.5, method="inverted_cdf")))
    lasting = report.lasting.query("level == 'county'").set_index("year")["so_far"]
    assert lasting[2020] == pytest.approx(float(one["lasting_exits"].sum("year").mean()))


def test_households_most_likely_to_fall_back(report, plan) -> None:
    mine = report.households.query("year == 2020")
    assert len(mine) > 0
    assert (mine["exited"] + mine["relapsed"] >= 0.5).all()
    assert (mine["risk"].diff().dropna() <= 0).all()
    assert set(mine["test"]) <= {test.code for test in plan.exit_standard.household.tests}
    codes = [test.code for test in plan.exit_standard.household.tests]
    table = pd.DataFrame({"year": 2020, "household": [1, 2, 3], "village": "v", "persons": 1, "weight": 1,
                          "poor": [0.5, 0.5, 0.0], "registered": 0.0, "exited": [1.0, 0.5, 0.75],
                          "relapsed": [0.0, 0.0, 0.25], "monitored": 0.0,
                          **{f"fails_{code}": 0.0 for code in codes}, "fails_housing": 0.25})  # fmt: skip
    found = most_at_risk(table, plan)
    # the second may be poor only in draws in which it never exited
    assert found[["household", "risk", "test"]].values.tolist() == [[1, 0.5, "housing"], [3, 0.25, "housing"]]


def test_without_households_the_rest_is_still_said(outcomes, plan) -> None:
    told = target_report(outcomes, plan)
    assert told.households is None
    assert told.left_out == ("left_out.households",)
    assert not told.table.empty


def test_a_file_of_targets(tmp_path) -> None:
    file = tmp_path / "targets.yaml"
    value = "{value: 9000, unit: yuan per head and year, source: test, status: assumed}"
    body = f"name_zh: 收入, name_en: income, measure: mean_income, value: {value}"
    file.write_text(f"targets:\n  - {{code: a, {body}}}\n", encoding="utf-8")
    assert read_targets(file)[0].bound(2019) == 9000
    file.write_text(f"targets:\n  - {{code: a, {body}}}\n  - {{code: a, {body}}}\n", encoding="utf-8")
    with pytest.raises(InputError, match="two targets share a code; found a"):
        read_targets(file)
    file.write_text(f"targets:\n  - {{code: a, {body.replace('mean_income', 'mean_incme')}}}\n", encoding="utf-8")
    with pytest.raises(InputError, match="did you mean 'mean_income'"):
        read_targets(file)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"measure": "village_passes", "level": "county"}, "village_passes is known by village"),
        ({"measure": "exits"}, "a verdict takes no value, any other measure needs one"),
        ({"measure": "exits", "level": "department", "value": quantity(1, "persons")}, "departments have points"),
    ],
)
def test_targets_that_make_no_sense_are_refused(more, message) -> None:
    with pytest.raises(ValueError, match=message):
        UnitTarget(code="t", name_zh="", name_en="", **more)


def test_what_the_run_does_not_have_is_refused(outcomes, plan) -> None:
    with pytest.raises(InputError, match="levels: unknown level; found parish"):
        target_report(outcomes, plan, levels=("parish",))
    with pytest.raises(InputError, match="scenario: is needed"):
        target_report(outcomes)
    with pytest.raises(InputError, match="scenario: is not in the run; found less"):
        target_report(outcomes, plan.model_copy(update={"code": "less"}))
    with pytest.raises(InputError, match="no such township; found 东镇镇"):
        target_report(outcomes, plan, targets=[target("headcount_ratio", 0.1, level="township", units=("东镇镇",))])


def test_the_bound_in_force_is_the_next_one_due(plan) -> None:
    ours = targets_of(plan)[1]
    assert [ours.bound(year) for year in range(2016, 2021)] == [0.04, 0.01, 0.01, 0.01, 0.01]
    assert [ours.applies(year) for year in range(2016, 2019)] == [True, False, True]


def test_the_command_says_it_in_both_languages(folder, tmp_path, capsys) -> None:
    for lang, word in (("en", "time to exit"), ("zh", "脱贫所需时间")):
        perform(Order(folder, by="township", out=tmp_path), wording(lang, "commands", "targets"))
        text = capsys.readouterr().out
        assert word in text
        assert all(len(line) <= 100 for line in text.splitlines() if str(tmp_path) not in line)
    assert (tmp_path / "targets.xlsx").is_file()
    with pytest.raises(InputError, match="--year: is not in the run; found 1999"):
        perform(Order(folder, year=1999), wording("en", "commands", "targets"))
    with pytest.raises(InputError, match=r"--scenario: is not in the run; found smple(.|\n)*did you mean 'sample'"):
        perform(Order(folder, scenario="smple"), wording("en", "commands", "targets"))
