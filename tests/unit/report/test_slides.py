"""The slides, opened again: numbers of the views, charts that are not empty, notes, faces, nothing beyond its box."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.util import Inches

from povsim.report.slide_text import EAST_ASIAN, height, lines
from povsim.report.slides import chosen, slides
from tests.unit.report.poisoned import FORMULA, PLAN


@pytest.fixture(scope="module", params=["zh", "en"])
def told(request, reports):
    report = next(one for one in reports if one.lang == request.param)
    return report, Presentation(io.BytesIO(slides([report])))


def test_one_message_a_slide_big_numbers_first(told) -> None:
    report, deck = told
    titles = [slide.shapes.title.text_frame.text.replace("\u00a0%", " %") for slide in deck.slides]
    assert titles == [report.message, *(item.message for _, item in chosen(report))]
    assert (deck.slide_width, deck.slide_height) == (Inches(13.333), Inches(7.5))
    texts = {shape.text_frame.text.replace("\u00a0%", " %") for shape in deck.slides[0].shapes if shape.has_text_frame}
    assert {one.value for one in report.chapters[0].numbers} <= texts


def test_charts_hold_the_numbers_of_their_tables(told) -> None:
    report, deck = told
    drawn = 0
    for slide, (_, item) in zip(list(deck.slides)[1:], chosen(report), strict=True):
        charts = [shape.chart for shape in slide.shapes if shape.has_chart]
        assert len(charts) == (item.plot is not None)
        if item.plot is None:
            assert any(shape.has_table for shape in slide.shapes)
            continue
        table = item.plot.table or item.table
        for series, stroke in zip(charts[0].plots[0].series, item.plot.strokes, strict=True):
            wanted = [row.get(stroke.column) for row in table.rows[: item.plot.most]]
            assert any(value is not None for value in series.values)
            for mine, theirs in zip(series.values, wanted, strict=True):
                assert mine == (None if theirs is None else pytest.approx(theirs))
        drawn += 1
    assert drawn >= 4


def test_notes_and_source_are_on_every_slide(told) -> None:
    report, deck = told
    for slide in deck.slides:
        assert len(slide.notes_slide.notes_text_frame.text) > 80
        assert report.origin in {shape.text_frame.text for shape in slide.shapes if shape.has_text_frame}


def test_every_text_has_a_face_for_chinese_signs(told) -> None:
    _, deck = told
    for slide in deck.slides:
        runs = list(slide._element.iter(qn("a:r")))
        assert runs
        for run in runs:
            east = run.find(qn("a:rPr")).find(qn("a:ea"))
            assert east is not None
            assert east.get("typeface") == EAST_ASIAN
        for shape in slide.shapes:
            if shape.has_chart:
                faces = {one.get("typeface") for one in shape.chart._chartSpace.iter(qn("a:ea"))}
                assert faces == {EAST_ASIAN}


def test_nothing_stands_beyond_the_slide_or_its_box(told) -> None:
    _, deck = told
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
            if shape.has_text_frame and shape.text_frame.text:
                size = shape.text_frame.paragraphs[0].runs[0].font.size.pt
                assert height(shape.text_frame.text, size, shape.width / 914_400) <= shape.height / 914_400 + 0.02
            if shape.has_table:
                bottom = shape.top + sum(row.height for row in shape.table.rows)
                assert bottom <= Inches(6.95)
                for row in shape.table.rows:
                    for at, cell in enumerate(row.cells):
                        size = cell.text_frame.paragraphs[0].runs[0].font.size.pt
                        wide = shape.table.columns[at].width / 914_400 - 0.2
                        assert lines(cell.text_frame.text, size, wide) * size * 1.2 / 72 <= row.height / 914_400 + 0.02


def test_names_are_texts_and_no_formulas_in_the_workbooks_within(reports) -> None:
    data = slides(reports)
    files = zipfile.ZipFile(io.BytesIO(data))
    books = [name for name in files.namelist() if name.startswith("ppt/embeddings/") and name.endswith(".xlsx")]
    assert books
    seen = set()
    for name in books:
        for sheet in openpyxl.load_workbook(io.BytesIO(files.read(name))):
            cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
            assert all(cell.data_type != "f" for cell in cells)
            seen |= {cell.value for cell in cells}
    assert any(isinstance(text, str) and text.startswith(f"'{FORMULA[:11]}") for text in seen)
    deck = Presentation(io.BytesIO(data))
    assert any(PLAN in shape.text_frame.text for shape in deck.slides[0].shapes if shape.has_text_frame)


def test_both_languages_stand_one_after_the_other(reports) -> None:
    deck = Presentation(io.BytesIO(slides(reports)))
    count = [len(chosen(report)) + 1 for report in reports]
    assert len(deck.slides) == sum(count)
    assert deck.slides[count[0]].shapes.title.text_frame.text.replace("\u00a0%", " %") == reports[1].message
