"""Households of the exit forecast against the run's own summary and the package's remedies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import povsim
from povsim.folder import open_run
from povsim.planning.target_households import household_table, most_at_risk
from povsim.views import forecast_cures as cures
from povsim.views import forecast_households as views
from povsim.views import store
from povsim.views.forecast_people import digest_households
from tests.unit.views.forecast_samples import DRAWS, sample_digest, sample_run


@pytest.fixture(scope="module")
def data():
    return sample_digest().part("forecast")


@pytest.fixture(scope="module")
def people_part():
    return sample_digest().part("households")


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return pd.read_parquet(sample_run() / "households.parquet")


def test_every_household_is_found_with_its_own_numbers(data, people_part, summary):
    assert sorted(people_part["id"].values.tolist()) == sorted(summary["household"].unique().tolist())
    for line in summary[summary["year"] == 2018].iloc[::37].to_dict("records"):
        row = views.row_of(people_part, str(line["household"]))
        assert views.identifier(people_part, row) == str(line["household"])
        state = people_part["state"].values[row, 2] / DRAWS
        assert state == pytest.approx([line[name] for name in views.STATES])
        assert data["village"].values[people_part["village_index"].values[row]] == line["village"]
        assert people_part["income"].values[row, 2] == pytest.approx(line["income_per_head"])
        helps = dict(zip(people_part["help"].values, people_part["receives"].values[row, 2] / DRAWS, strict=True))
        assert all(helps[code] == pytest.approx(line[f"receives_{code}"]) for code in helps)


@pytest.mark.parametrize("text", ["", None, "no such", "1", "9" * 30, "-5", "<img onerror=alert(1)>"])
def test_what_is_no_identifier_finds_nobody(people_part, text):
    assert views.row_of(people_part, text) is None


def test_texts_as_identifiers_are_found_too(people_part, tmp_path):
    names = np.array([f"户-{number}" for number in people_part["id"].values.tolist()])
    order = np.argsort(names)
    made = people_part.assign(
        id=("household", names), id_sorted=("household", names[order]), id_row=("household", order.astype(np.int32))
    )
    again = store.read(store.write(made, tmp_path / "part"))
    assert views.row_of(again, names[17]) == 17
    assert views.row_of(again, names[17] + "0000000000000000000000") is None


def test_a_part_of_a_villages_name_finds_its_poorest_households(data, people_part):
    village = data["village_zh"].values[2]
    found = views.find(data, people_part, village, year=2016, lang="zh")
    assert 0 < len(found) <= views.MOST_FOUND
    assert {data["village_zh"].values[people_part["village_index"].values[one.row]] for one in found} == {village}
    assert views.find(data, people_part, found[3].household, year=2016, lang="zh") == [found[3]]
    assert views.find(data, people_part, "no village", year=2016, lang="zh") == []


def test_the_follow_up_list_is_the_packages(data, people_part):
    with open_run(sample_run()) as run:
        table = household_table(run, run.scenario, [2018])
        wanted = most_at_risk(table, run.scenario, most=views.MOST_FOLLOWED)
    found = views.follow_up(data, people_part, year=2018, area=None, lang="en")
    assert len(found.rows) == len(wanted) > 0
    assert [row["risk"] for row in found.rows] == pytest.approx(wanted["risk"].tolist(), abs=1e-4)
    assert sorted(row["_key"] for row in found.rows) == sorted(str(one) for one in wanted["household"])
    by_name = {str(row["household"]): row for row in wanted.to_dict("records")}
    assert all(row["test"] == by_name[row["_key"]]["test_en"] for row in found.rows)
    assert all(row["task"] for row in found.rows)


def test_the_list_of_a_township_holds_only_its_households(data, people_part):
    area = data["area"].values.tolist()[1]
    whole = views.follow_up(data, people_part, year=2018, area=None, lang="zh").rows
    inside = views.follow_up(data, people_part, year=2018, area=area, lang="zh").rows
    assert [row["_key"] for row in inside] == [row["_key"] for row in whole if row["township"] == area]


def test_the_card_tells_the_same_in_both_languages(data, people_part):
    row = int(people_part["follow_row"].values[0])
    for lang in ("zh", "en"):
        table = views.household_states(data, people_part, row, lang)
        fails = people_part["fails"].values[row] / DRAWS
        named = [line for line in table.rows if "2018" in line]
        assert len(named) == len(table.rows) >= 1 + (fails.max(axis=0) > 0).sum()
        assert views.household_line(data, people_part, row, lang).count("\n") == 3
    shown = {one.code: one for one in views.household_numbers(data, people_part, row, year=2016, lang="en")}
    assert shown["card_risk"].value == f"{100 * views.risk_of(people_part, row, 0):.0f} %"


def test_register_facts_are_left_out_when_the_population_cannot_be_made_again(monkeypatch):
    with open_run(sample_run()) as run:
        run.manifest["inputs"]["register"] = {"file": "r.csv", "sha256": "0"}
        part = digest_households(run)
        run.manifest["population"]["sha256"] = "another"
        del run.manifest["inputs"]["register"]
        other = digest_households(run)
    assert "register_workers" not in part
    assert "register_workers" not in other


def lacking(people_part, test):
    """Return the row that fails a test most often at the end of 2016."""
    place = people_part["test"].values.tolist().index(test)
    return int(people_part["fails"].values[:, 0, place].argmax())


def test_cures_are_the_plans_remedies_for_what_fails(data, people_part):
    plan, row = sample_digest().scenario, lacking(sample_digest().part("households"), "housing")
    found = cures.cures(data, people_part, plan, row, 2016)
    housing = {code for code, measure in plan.active().items() if "housing" in getattr(measure, "cures", ())}
    assert housing
    assert housing <= {one["measure"] for one in found}
    share = people_part["fails"].values[row, 0, people_part["test"].values.tolist().index("housing")] / DRAWS
    repair = next(one for one in found if one["measure"] in housing)
    assert dict(repair["tests"])["housing"] == pytest.approx(share)


def test_cures_without_the_register_judge_no_condition(data, people_part):
    plan, row = sample_digest().scenario, lacking(people_part, "housing")
    bare = people_part.drop_vars([name for name in people_part if name.startswith("register_")])
    found = cures.cures(data, bare, plan, row, 2016)
    assert found
    assert not any(one["known"] or one["unmet"] for one in found)
    states = {line["state"] for line in cures.cure_table(found, data, plan, "en").rows}
    assert states <= {"not known", "receives it"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_cure_table_names_every_measure_and_reason(data, people_part, lang):
    plan = sample_digest().scenario
    for row in people_part["follow_row"].values[:25].tolist():
        found = cures.cures(data, people_part, plan, int(row), 2018)
        table = cures.cure_table(found, data, plan, lang)
        assert len(table.rows) == len(found)
        assert all(line["how"] for line in table.rows)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_full_explanation_becomes_tables(data, people_part, lang):
    plan, household = sample_digest().scenario, int(people_part["id"].values[int(people_part["follow_row"].values[0])])
    told = povsim.explain(sample_run(), household).plain()
    account, story = cures.account_table(told, plan, lang), cures.story_table(told, plan, lang)
    years = [str(year) for year in plan.span]
    assert [line["year"] for line in story.rows] == years
    counted = [each["counted"] for each in told["years"]]
    assert any([line[year] for year in years] == counted for line in account.rows)
    assert all(line["failed"] for line in story.rows)


def test_likeliest_status_is_the_one_of_most_draws(people_part):
    state = people_part["state"].values
    row = int((state[:, 4, 2]).argmax())
    assert cures.likeliest_status(people_part, row, 4) == "exited"
    nobody = int(state[:, 4, 1:].sum(axis=1).argmin())
    assert cures.likeliest_status(people_part, nobody, 4) == "never_registered"
