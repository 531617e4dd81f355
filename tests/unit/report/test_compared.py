"""Plans side by side in a report: where numbers come from, draws that count, long sentences as titles."""

from __future__ import annotations

import io

import pytest
from pptx import Presentation

from povsim.folder import write_run
from povsim.folder_manifest import Record
from povsim.report.annex import annex
from povsim.report.contents import contents
from povsim.report.page import page
from povsim.report.slide_frame import LEFT, RIGHT, TITLE_HIGH, add_slide, deck
from povsim.report.slide_text import height
from povsim.report.slides import slides
from povsim.report.wanted import Plain
from povsim.runs import Settings, run_scenarios
from povsim.scenario import read_scenario
from povsim.views.digests import prepare

LANGUAGES = ("zh", "en")
LONG = (
    "With run3 about as many people are poor at the end of 2020 as with run2 (80 %: 1,130 fewer to 1,250 more), "
    "13.195 million yuan more is spent, 92,255 yuan per extra lasting exit."
)


@pytest.fixture(scope="module")
def two(people, tmp_path_factory) -> list:
    """Runs of six draws and of three, whose folders are called run2 and run3."""
    place, found = tmp_path_factory.mktemp("runs"), []
    for name, draws, active in (("run2", 6, True), ("run3", 3, False)):
        plan = read_scenario("sample", overrides={"code": name, "measures.dibao_new.active": active})
        results = run_scenarios(people, (plan,), Settings(range(draws), seed=1))
        write_run(results, place / name, register=people, record=Record(seed=1))
        found.append(prepare(place / name, place / "digests"))
    return found


def words(slide) -> list[str]:
    return [shape.text_frame.text.replace("\u00a0%", " %") for shape in slide.shapes if shape.has_text_frame]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_runs_and_the_draws_that_count_are_named(two, lang) -> None:
    report = contents(two[0], Plain(), lang, two[1:])
    chapter = next(one for one in report.chapters if one.code == "comparison")
    told = (
        ("run2 (6 draws", "run3 (3 draws", "the 3 draws")
        if lang == "en"
        else ("run2（6 次", "run3（3 次", "3 次模拟比较")
    )
    assert all(one in chapter.origin for one in told)
    feet = [told for slide in Presentation(io.BytesIO(slides([report]))).slides for told in words(slide)]
    assert chapter.origin in feet
    assert report.origin in feet
    assert f'<p class="note">{chapter.origin}</p>' in page([report]).decode()
    assert len(annex([report])) > 10_000
    assert ("the 3 draws" if lang == "en" else "3 次模拟上比较") in report.conventions[0]
    # households are known over all draws only
    assert any("--draws" in sentence for sentence in chapter.lead)


def test_a_run_alone_has_one_source(two) -> None:
    report = contents(two[0], Plain(), "en")
    assert all(not chapter.origin for chapter in report.chapters)
    assert "that all of them have" not in report.conventions[0]


def test_no_slide_says_run_twice(two) -> None:
    report = contents(two[0], Plain(), "en", two[1:])
    for slide in Presentation(io.BytesIO(slides([report]))).slides:
        assert not any("run run" in told for told in words(slide))
    assert f"{report.title} {report.subtitle}".count("run2") <= 1


def test_the_answer_fits_as_a_title_and_is_not_cut(two) -> None:
    for lang in LANGUAGES:
        report = contents(two[0], Plain(), lang, two[1:])
        titles = [words(slide)[0] for slide in Presentation(io.BytesIO(slides([report]))).slides]
        chapter = next(one for one in report.chapters if one.code == "comparison")
        assert chapter.lead[0] in titles
        assert not any("…" in title for title in titles)
    title = add_slide(deck("x"), LONG, "", "", "en").shapes.title.text_frame
    assert title.text.replace("\u00a0%", " %") == LONG
    size = title.paragraphs[0].runs[0].font.size.pt
    assert size >= 14
    assert height(LONG, size, RIGHT - LEFT) <= TITLE_HIGH
