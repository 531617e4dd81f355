"""The commands about scorecards as a planner meets them: lists, tables, checks and files to be filled in."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from unicodedata import east_asian_width

import openpyxl
import pandas as pd
import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

import povsim
from povsim.cli import app
from povsim.cli_scorecard_app import list_scorecards, scorecard_app
from povsim.cli_scorecard_template import dated_years, write_table
from povsim.cli_scorecards import TEXT_WIDTHS, signal_needs, status_counts
from povsim.errors import InputError
from povsim.scoring.describe import near_veto, rule_sentence
from povsim.scoring.entered import read_entered
from povsim.scoring.saying import words
from povsim.scoring.schema import Scorecard
from povsim.scoring.schemes import weight_scheme
from povsim.scoring.scorecard import figures_of, read_scorecard, shipped_scorecards
from povsim.scoring.signal_names import SIGNALS
from povsim.scoring.template import write_card_template

CARD = "xiangyin-2016"
WIDEST = 100


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def call(*parts: str | Path) -> Result:
    return CliRunner().invoke(scorecard_app, [str(part) for part in parts])


def done(*parts: str | Path) -> str:
    result = call(*parts)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def refused(*parts: str | Path) -> InputError:
    error = call(*parts).exception
    assert isinstance(error, InputError)
    return error


def columns(line: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line)


def together(text: str) -> str:
    """Return a text without blanks and line ends, which folding moves about."""
    return re.sub(r"\s", "", text)


def own(name: str = "own.yaml", **changes: object) -> Path:
    """Write the example scorecard with other entries in its head."""
    path = write_card_template(Path(name), "own")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["scorecard"] |= changes
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", shipped_scorecards())
def test_every_shipped_scorecard_is_shown_whole_and_fits(name: str, lang: str) -> None:
    output, card = done("show", name, "--lang", lang), read_scorecard(name)
    assert max(columns(line) for line in output.splitlines()) <= WIDEST
    shown = together(output)
    parts = (*card.vetoes, *card.findings, *card.triggers, *card.awards, *card.provisions, *card.groups)
    assert all(together(part.label(lang)) in shown for part in parts)
    assert together(card.label(lang)) in shown
    assert together(card.scorecard.document) in shown
    if card.indicators:
        numbers = [int(line.split()[0]) for line in output.splitlines() if re.match(r" {0,3}\d{1,3}  \S", line)]
        assert numbers[: len(card.indicators)] == list(range(1, len(card.indicators) + 1))


def test_the_table_of_items_loses_no_word_of_a_rule() -> None:
    card = read_scorecard(CARD)
    output = done("show", CARD, "--lang", "en")
    table = output[output.index("no.  item") : output.index("Units that answer")].splitlines()
    head = table[0]
    places = [head.index(word) for word in ("rule", "value", "status")]
    rules = together("".join(line[places[0] : places[1]] for line in table[2:]))
    assert all(together(rule_sentence(item, "en")) in rules for item in card.indicators)
    statuses = together("".join(line[places[2] :] for line in table[2:]))
    assert statuses.count("documented:points") == len(card.indicators)
    assert statuses.count("assumed:rule") == len(card.indicators)
    assert set(TEXT_WIDTHS) < {"number", "item", "points", "rule", "value", "status"}


def test_one_status_for_all_parts_is_said_once_and_parts_are_told_apart() -> None:
    write_card_template(Path("own.yaml"), "own")
    output = done("show", "own.yaml", "--lang", "en")
    assert "  1  yearly exit plan" in output
    assert "assumed: points" not in output
    assert re.search(r"^  1 .* assumed\s*$", output, re.MULTILINE)


def test_re_based_items_show_their_original_points() -> None:
    derived = [name for name in shipped_scorecards() if read_scorecard(name).scorecard.derived_from]
    assert derived
    card = read_scorecard(derived[0])
    item = next(item for item in card.indicators if item.original_points is not None)
    output = done("show", derived[0], "--lang", "en")
    assert f"{round(item.points, 2):g} ({item.original_points:g})" in output
    assert f"Derived from {card.scorecard.derived_from}, points re-based" in output


def test_the_list_names_every_scorecard_with_its_counts() -> None:
    alone = typer.Typer()
    alone.command("scorecards")(list_scorecards)
    output = CliRunner().invoke(alone, ["--lang", "en"]).output
    assert max(columns(line) for line in output.splitlines()) <= WIDEST
    for name in shipped_scorecards():
        card = read_scorecard(name)
        counted = status_counts(card)
        line = next(line for line in output.splitlines() if line.startswith(f"{name} "))
        numbers = [card.total_points, counted["documented"], counted["assumed"]]
        assert re.search(r"\s+".join(re.escape(f"{number:,g}") for number in numbers), line), line
        assert card.level in line
        assert sum(counted.values()) == len(list(figures_of(card)))
    assert "povsim scorecard show xiangyin-2016\n" in output


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_signals_are_listed_with_what_they_need(lang: str) -> None:
    output = done("signals", "--lang", lang)
    assert max(columns(line) for line in output.splitlines()) <= WIDEST
    assert [line.split()[0] for line in output.splitlines() if re.match("[a-z_]{4,}  ", line)] == list(SIGNALS)
    shown = together(output)
    for signal in SIGNALS.values():
        assert together(signal.zh if lang == "zh" else signal.en)[:6] in shown


def test_needs_tell_a_plan_that_has_to_be_given_from_one_that_may() -> None:
    say = words("en")
    assert signal_needs(SIGNALS["exit_plan_completion"], say) == ["plan, if wanted, in persons"]
    needed = ["plan: an amount in yuan per village and year"]
    assert signal_needs(SIGNALS["collective_income_reached"], say) == needed
    assert signal_needs(SIGNALS["guarantee_met"], say) == ["of: guarantees"]


def test_the_language_before_the_command_counts_where_none_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "没有问题" in done("check", CARD)
    assert "no problems" in done("--lang", "en", "check", CARD)
    assert "没有问题" in done("--lang", "en", "check", CARD, "--lang", "zh")


def near(card: Scorecard) -> list[str]:
    return [item.name_en for item in card.indicators if near_veto(item) is not None]


def test_check_warns_of_items_that_are_nearly_vetoes() -> None:
    card = read_scorecard("sichuan-2017")
    shown = together(done("check", "sichuan-2017", "--lang", "en"))
    assert len(near(card)) >= 5
    for name in near(card):
        assert together(f"Note: {name}: nearly a veto,") in shown
    first = card.indicators[0].name_en
    assert together(f"Note: {first}: nearly a veto, any shortfall takes all 15 points") in shown
    assert "all4pointsaregone0.4percentagepointshortofthetarget" in shown
    assert shown.count("nearlyaveto") == len(near(card))


def test_check_lists_every_problem_and_fails() -> None:
    path = own(total_points=90, level="town")
    result = call("check", path, CARD, "--lang", "en")
    assert result.exit_code == 1
    assert "own.yaml: 1 problem(s)" in result.output
    assert "scorecard.level: input should be" in result.output
    assert f"{CARD}.yaml: no problems." in result.output


CASE = """\
scorecard: own
cases:
  - name: half satisfied
    clause: "4"
    year: 2017
    inputs: {{exit_plan: 1, wrong_exits: 0, satisfaction: 0.5, files: 0}}
    expect: {{points: {{satisfaction: {satisfaction}}}, total: 85}}
"""


@pytest.mark.parametrize(("satisfaction", "code"), [(20, 0), (21, 1)])
@pytest.mark.parametrize("beside", [True, False])
def test_check_runs_the_worked_examples(satisfaction: int, code: int, beside: bool) -> None:
    path = own()
    Path("cases").mkdir()
    cases = Path("cases/own.yaml") if beside else Path("mine.yaml")
    cases.write_text(CASE.format(satisfaction=satisfaction), encoding="utf-8")
    result = call("check", path, "--lang", "en", *(() if beside else ("--cases", cases)))
    assert result.exit_code == code, result.output
    assert f"Worked examples ({cases.name}): {1 - code} of 1 passed" in result.output
    assert ("failed: half satisfied (4)" in result.output) == bool(code)
    assert ("satisfaction" in result.output) == bool(code)


def test_check_refuses_what_is_not_there_and_cases_for_several() -> None:
    with pytest.raises(InputError, match=r"scorecard: not found; .* did you mean 'xiangyin-2016'"):
        raise refused("check", "xiangyin-2015")
    with pytest.raises(InputError, match="--cases: goes with one scorecard; found 2"):
        raise refused("check", CARD, CARD, "--cases", "a.yaml")


def test_the_table_of_entered_values_can_be_read_back() -> None:
    assert "satisfaction" not in done("template", CARD, "a.csv", "--lang", "en")
    with Path("a.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    card = read_scorecard(CARD)
    wanted = {item.code for item in card.indicators if item.value_from.simulated is None}
    assert {row["indicator"] for row in rows} >= wanted
    assert {row["year"] for row in rows} - {""} == {str(year) for year in dated_years(card)}
    frame = pd.DataFrame(rows).replace("", None)
    chosen = frame[(frame["indicator"] == "satisfaction") & (frame["year"] == "2016")].assign(unit="A", value="0.9")
    chosen.to_csv("filled.csv", index=False)
    entered = read_entered(Path("filled.csv"), card, units=["A"], years=[2016])
    assert entered is not None


def test_the_same_table_as_a_workbook_in_chinese() -> None:
    done("template", CARD, "a.xlsx", "--lang", "zh")
    page = openpyxl.load_workbook("a.xlsx").active
    done("template", CARD, "a.csv", "--lang", "zh")
    with Path("a.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    cells = [["" if cell is None else str(cell) for cell in row] for row in page.iter_rows(values_only=True)]
    assert cells == rows
    assert rows[0][:3] == ["单位", "年度", "指标"]
    assert page.freeze_panes == "A2"


def test_units_and_years_of_a_run_fill_the_table() -> None:
    assert CliRunner().invoke(app, ["run", "sample", "--draws", "2", "--no-households", "--out", "r"]).exit_code == 0
    write_card_template(Path("own.yaml"), "own")
    done("template", "own.yaml", "a.csv", "--run", "r", "--lang", "en")
    frame = pd.read_csv("a.csv", encoding="utf-8-sig")
    with povsim.open_run("r") as run:
        townships = run.outcomes["township_name"].values.tolist()
        years = run.outcomes["year"].values.tolist()
    assert frame["unit"].drop_duplicates().tolist() == townships
    assert sorted(frame["year"].dropna().unique()) == years
    done("template", "yichang-household-2018", "b.csv", "--run", "r", "--lang", "en")
    assert pd.read_csv("b.csv", encoding="utf-8-sig")["unit"].isna().all()
    with pytest.raises(InputError, match="folder: does not exist"):
        raise refused("template", CARD, "c.csv", "--run", "nowhere")


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_table_of_weights_is_the_scheme_of_the_card(ending: str) -> None:
    file = Path(f"w.{ending}")
    done("template", CARD, file, "--kind", "weights")
    scheme = weight_scheme(read_scorecard(CARD))
    read = scheme.from_csv(file) if ending == "csv" else scheme.from_excel(file)
    assert dict(read.points) == dict(scheme.points)


def test_a_new_scorecard_is_checked_without_problems() -> None:
    output = done("template", "town-2017", "town.yaml", "--kind", "card", "--lang", "en")
    assert "town.yaml" in output
    assert "povsim scorecard check town.yaml" in Path("town.yaml").read_text(encoding="utf-8")
    assert "town.yaml: no problems." in done("check", "town.yaml", "--lang", "en")


def test_no_file_is_written_over_and_all_slips_are_told_at_once() -> None:
    Path("mine.csv").write_text("filled in", encoding="utf-8")
    with pytest.raises(InputError, match=r"(?s)2 problems.*no ending for kind card.*is there already"):
        raise refused("template", "a", "mine.csv", "--kind", "card")
    assert Path("mine.csv").read_text(encoding="utf-8") == "filled in"
    with pytest.raises(InputError, match=r"(?s)OUT: is in a folder that does not exist.*--run: does not go with kind"):
        raise refused("template", CARD, "no/w.csv", "--kind", "weights", "--run", "r")
    assert [path.name for path in Path().iterdir()] == ["mine.csv"]


def test_cells_that_a_spreadsheet_would_run_are_made_harmless() -> None:
    table = pd.DataFrame({"unit": ["=1+1", "@x"], "year": [2016, None], "value": [None, -0.5]})
    for file in (Path("a.csv"), Path("a.xlsx")):
        write_table(table, file)
    page = openpyxl.load_workbook("a.xlsx").active
    assert [page["A2"].value, page["A3"].value, page["C3"].value] == ["'=1+1", "'@x", -0.5]
    assert [page["A2"].data_type, page["B3"].value] == ["s", None]
    assert Path("a.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("'=1+1,2016")


@pytest.mark.parametrize(
    ("name", "years"),
    [(CARD, [2016, 2017, 2018, 2019, 2020]), ("sichuan-2017", [2017])],
)
def test_without_a_run_the_years_are_those_of_the_card(name: str, years: list[int]) -> None:
    assert dated_years(read_scorecard(name)) == years
