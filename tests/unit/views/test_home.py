"""The home page: what is said of runs, assumptions and documents."""

from __future__ import annotations

import pytest

import povsim
from povsim.assumptions import assumptions, counts
from povsim.figures import source_name
from povsim.scoring.scorecard import shipped_scorecards
from povsim.views import home
from povsim.views.digests import RunDigest
from tests.unit.views.comparison_samples import digested, make


@pytest.fixture(scope="module")
def digest(people, tmp_path_factory) -> RunDigest:
    place = tmp_path_factory.mktemp("runs")
    return digested(make("b", people, place), place)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_run_is_told_with_what_made_it(digest, lang) -> None:
    (row,) = home.runs_table([digest], lang).rows
    assert (row["_key"], row["draws"], row["households"], row["scorecards"]) == ("b", 6, 600, 0)
    assert row["years"].replace("\u2060", "") == "2016–2020"
    assert row["title"] == ("<img onerror=x>" if lang == "zh" else "Less")
    assert row["version"] == povsim.__version__
    missing = (
        "除脱贫预测、权重调节、一票否决外可用" if lang == "zh" else "all but Exit forecast, Weight tuner, Veto lab"
    )
    assert row["pages"] == missing


def test_figures_are_those_that_the_command_lists(digest) -> None:
    rows = assumptions(digest.scenario)
    told = counts(rows)
    numbers = {one.code: one.value for one in home.status_numbers(digest, "en")}
    assert numbers["figures"] == f"{told['total']:,}"
    assert {status: numbers[status] for status in home.STATUSES} == {
        status: f"{told[status]:,}" for status in home.STATUSES
    }
    table = home.assumptions_table(digest, "", "zh")
    assert [row["path"] for row in table.rows] == [row.path for row in rows]
    assert [row["meaning"] for row in table.rows] == [row.zh for row in rows]
    assert [row["source"] for row in table.rows] == [source_name(row.entry.source, "zh") for row in rows]
    english = home.assumptions_table(digest, "", "en")
    assert [row["source"] for row in english.rows] == [source_name(row.entry.source, "en") for row in rows]
    for status in home.STATUSES:
        assert len(home.assumptions_table(digest, status, "en").rows) == told[status]


def test_every_scorecard_names_its_document(digest) -> None:
    table = home.documents_table(digest, "en")
    assert {row["_key"] for row in table.rows} == set(shipped_scorecards())
    assert all(row["document"] and row["title"] for row in table.rows)


def test_scorecards_of_the_run_come_first(digest) -> None:
    used = RunDigest(digest.code, digest.folder, digest.path, ("shanxi-2016",), {}, digest.manifest, digest.names)
    rows = home.documents_table(used, "zh").rows
    assert (rows[0]["_key"], rows[0]["used"], rows[1]["used"]) == ("shanxi-2016", "是", "")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_page_answers_a_question(lang) -> None:
    doors = home.doors(lang)
    assert [door.page for door in doors] == ["exit-forecast", "weight-tuner", "veto-lab", "scenario-compare"]
    assert all(door.question.endswith(("？", "?")) for door in doors)
