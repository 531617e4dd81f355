"""``povsim score`` as a planner uses it: the league, an edited weight table, entered values, what is refused."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import povsim
from povsim.cli import app
from povsim.folder import write_run
from povsim.folder_manifest import Record
from povsim.runs import Settings, run_scenarios
from povsim.scoring.league import league

COUNTY, LEAGUE = "xiangyin-2016", "xiangyin-2016-townships"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = povsim.read_scenario("sample")
    people = povsim.complete_population(plan)
    results = run_scenarios(people, (plan,), Settings(draws=range(4), seed=1))
    return write_run(results, tmp_path_factory.mktemp("runs") / "sample", register=people, record=Record(seed=1))


def say(*args: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert result.exit_code == code, result.output
    return result.output


def test_the_county_and_its_townships_are_scored_year_by_year(run: Path, tmp_path: Path) -> None:
    text = say("score", run, "--out", tmp_path, "--lang", "en")
    for year in range(2016, 2021):
        assert f"\n{year}" in text
    assert "loses most on" in text
    assert "where the spread of the points comes from" in text
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "scores-xiangyin-2016-townships.nc",
        "scores.nc",
        "scores.xlsx",
    ]
    with xr.open_dataset(tmp_path / "scores.nc") as scores:
        assert scores.attrs["scorecard"] == COUNTY
        assert scores["points"].dims == ("scenario", "scheme", "draw", "year", "unit", "indicator")
        total = scores["points"].sum("indicator")
        xr.testing.assert_allclose(total, scores["total_before_vetoes"], atol=1e-3)
    assert all(len(line) <= 120 for line in text.splitlines() if not line.startswith(("Written", "To change")))


def test_both_languages_say_the_same_figures(run: Path, tmp_path: Path) -> None:
    zh, en = (
        say("score", run, "--out", tmp_path, "--by", "township", "--year", 2017, "--lang", lang)
        for lang in ("zh", "en")
    )
    rows = [[line.split()[:4] for line in text.splitlines() if line.startswith("2017 ")] for text in (zh, en)]
    assert "年度" in zh
    assert "\nyear" in en
    assert len(rows[0]) >= 2
    assert rows[0] == rows[1]


def test_an_edited_weight_table_is_scored_beside_the_cards_own(run: Path, tmp_path: Path) -> None:
    table = tmp_path / "ours.xlsx"
    say("scorecard", "template", LEAGUE, table, "--kind", "weights", "--lang", "en")
    book = openpyxl.load_workbook(table)
    sheet = book.active
    head = next(row for row in sheet.iter_rows() if any(cell.value == "points" for cell in row))
    column = next(cell.column for cell in head if cell.value == "points")
    cells = [sheet.cell(row, column) for row in range(head[0].row + 1, head[0].row + 3)]
    cells[0].value, cells[1].value = cells[0].value + 3, cells[1].value - 3
    book.save(table)
    text = say(
        "score", run, "--scorecard", LEAGUE, "--scheme", table, "--out", tmp_path, "--year", 2018, "--lang", "en"
    )
    assert "weight scheme: ours" in text
    card = povsim.read_scorecard(LEAGUE)
    with xr.open_dataset(tmp_path / "scores.nc") as scores:
        assert scores["scheme"].to_numpy().tolist() == [LEAGUE, "ours"]
        first, second = card.indicators[0].code, card.indicators[1].code
        moved = scores["item_points"].sel(scheme="ours") - scores["item_points"].sel(scheme=LEAGUE)
        assert float(moved.sel(indicator=first)) == pytest.approx(3, abs=1e-6)
        assert float(moved.sel(indicator=second)) == pytest.approx(-3, abs=1e-6)
        own, ours = (league(scores, card, 2018, scheme=place) for place in (0, 1))
    assert not own["points"].equals(ours["points"].reindex(own.index))


def test_weights_that_do_not_sum_are_refused_and_nothing_is_written(run: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "wrong.csv", tmp_path / "out"
    scheme = povsim.weight_scheme(povsim.read_scorecard(LEAGUE)).with_points({"poverty_reduction_plan": 50})
    scheme.to_csv(table)
    text = say("score", run, "--scorecard", LEAGUE, "--scheme", table, "--out", out, code=2)
    assert "100" in text
    assert not out.exists()


def test_entered_values_serve_county_and_townships_at_once(run: Path, tmp_path: Path) -> None:
    with povsim.open_run(run) as opened:
        outcomes = opened.outcomes
        county = str(outcomes["county"].to_numpy()[0])
        town = str(outcomes["township"].to_numpy()[0])
    rows = [
        {"unit": county, "year": 2017, "indicator": "satisfaction", "value": 0.9},
        {"unit": town, "year": 2017, "indicator": "satisfaction", "value": 0.7},
    ]
    table = tmp_path / "values.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    say("score", run, "--entered", table, "--out", tmp_path, "--lang", "en")
    for name, unit, value in (("scores.nc", county, 0.9), (f"scores-{LEAGUE}.nc", town, 0.7)):
        with xr.open_dataset(tmp_path / name) as scores:
            found = scores["value"].sel(unit=unit, year=2017, indicator="satisfaction")
            assert found.to_numpy() == pytest.approx(value)
            assert int(scores["value_source"].sel(unit=unit, year=2017, indicator="satisfaction")) == 1


def test_points_lost_are_laid_at_departments(run: Path, tmp_path: Path) -> None:
    text = say("score", run, "--by", "department", "--year", 2017, "--out", tmp_path, "--lang", "zh")
    assert "责任单位 (2017)" in text
    assert "扶贫办" in text


WRONG = {
    "no such card": (("--scorecard", "xiangyin-2061"), "did you mean 'xiangyin-2016'"),
    "no such year": (("--year", "2050"), "is not in the run"),
    "which card": (("--scheme", "x.xlsx"), "which scorecard is it for"),
    "no such level": (("--by", "village"), "no scorecard of level village"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_scored_is_told(kind: str, run: Path, tmp_path: Path) -> None:
    options, message = WRONG[kind]
    text = say("score", run, *options, "--out", tmp_path / "out", code=2)
    assert message in " ".join(text.split())
    assert not (tmp_path / "out").exists()


def test_the_workbook_holds_what_is_printed(run: Path, tmp_path: Path) -> None:
    say("score", run, "--by", "township", "--out", tmp_path, "--lang", "en")
    book = openpyxl.load_workbook(tmp_path / "scores.xlsx")
    names = ["about", "league", "points by item", "values", "spread by origin", "basis", "departments"]
    assert book.sheetnames == names
    card = povsim.read_scorecard(LEAGUE)
    with xr.open_dataset(tmp_path / "scores.nc") as scores:
        table = league(scores, card, 2016)
    rows = [row for row in book["league"].iter_rows(min_row=2, values_only=True) if row[1] == 2016]
    assert [row[3] for row in rows] == table.index.tolist()
    assert [row[4] for row in rows] == pytest.approx(table["points"].tolist())
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)


def test_a_scored_run_can_be_made_again(run: Path) -> None:
    from povsim.staging import target_folder

    say("score", run, "--by", "township")
    assert target_folder(run, ("outcomes.nc", "manifest.json"))


def test_what_follows_from_findings_is_told(run: Path, tmp_path: Path) -> None:
    with povsim.open_run(run) as opened:
        county = str(opened.outcomes["county"].to_numpy()[0])
    card = povsim.read_scorecard("huizhou-2017")
    rows = [
        {"unit": county, "year": 2017, "indicator": item.code, "value": 1}
        for item in card.indicators
        if item.value_from.simulated is None or item.missing == "refuse"
    ]
    rows.append({"unit": county, "year": 2017, "indicator": "fund_misuse", "value": 2})
    table = tmp_path / "values.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    out = tmp_path / "out"
    text = say(
        "score", run, "--scorecard", "huizhou-2017", "--entered", table, "--year", 2017, "--out", out, "--lang", "en"
    )
    assert "Triggers and what follows:" in text
    ladder = card.ladders[0]
    second = next(step for step in ladder.steps if step.severity == 2)
    assert f"2017 {county}" in text
    assert second.label("en") in " ".join(text.split())
    book = openpyxl.load_workbook(out / "scores.xlsx")
    cells = [row for row in book["vetoes and triggers"].iter_rows(min_row=2, values_only=True) if row[5]]
    assert any(row[5] == second.label("en") and row[4] == 1 for row in cells)


def test_a_file_of_another_scoring_does_not_stay_behind(run: Path, tmp_path: Path) -> None:
    say("score", run, "--out", tmp_path)
    assert (tmp_path / f"scores-{LEAGUE}.nc").exists()
    say("score", run, "--out", tmp_path, "--by", "township")
    assert [file.name for file in sorted(tmp_path.glob("*.nc"))] == ["scores.nc"]


def test_a_card_that_names_no_attribution_is_refused_before_anything_is_written(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = say("score", run, "--scorecard", "guangxi-village-2017", "--by", "department", "--out", out, code=2)
    assert "attribution: {rule: equal" in " ".join(text.split())
    assert not out.exists()


def test_units_that_fail_have_no_place(run: Path, tmp_path: Path) -> None:
    text = say("score", run, "--scorecard", "guangxi-village-2017", "--year", 2018, "--out", tmp_path, "--lang", "en")
    card = povsim.read_scorecard("guangxi-village-2017")
    with xr.open_dataset(tmp_path / "scores.nc") as scores:
        table = league(scores, card, 2018)
    assert "passes" in text
    failing = table["passed"] == 0
    assert failing.any()
    assert (table.loc[failing, "place"] == 0).all()
