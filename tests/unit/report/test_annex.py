"""The annex, opened again and compared with the tables it was made of."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from povsim.report.annex import annex
from povsim.report.written import number
from povsim.sheets import plain_text
from tests.unit.report.poisoned import FORMULA, MARKUP


@pytest.fixture(scope="module")
def data(reports) -> bytes:
    return annex(reports)


@pytest.fixture(scope="module")
def book(data):
    return openpyxl.load_workbook(io.BytesIO(data))


def tables(report):
    return [item.table for chapter in report.chapters for item in chapter.items]


def rows_below(sheet, headings):
    """Return the rows of cells below the headings."""
    rows = list(sheet.iter_rows())
    top = next(at for at, cells in enumerate(rows) if [cell.value for cell in cells][: len(headings)] == headings)
    return rows[top + 1 :]


def test_every_table_has_its_sheet_with_its_numbers(book, reports) -> None:
    for report in reports:
        first = book["目录" if report.lang == "zh" else "Contents"]
        links = [cell.value for cell in first["B"] if cell.hyperlink is not None][1:]
        assert len(links) == len(tables(report))
        for name, table in zip(links, tables(report), strict=True):
            headings = [f"{one.label} ({one.unit})" if one.unit else one.label for one in table.columns]
            rows = rows_below(book[name], [plain_text(one) for one in headings])[: len(table.rows)]
            for cells, row in zip(rows, table.rows, strict=True):
                for cell, column in zip(cells, table.columns, strict=False):
                    value = row.get(column.code)
                    if number(column):
                        assert cell.value == pytest.approx(value), (table.code, column.code)


def test_links_lead_to_sheets_that_are_there(book) -> None:
    for sheet in book:
        for row in sheet.iter_rows(max_row=40):
            for cell in row:
                if cell.hyperlink is not None:
                    assert cell.hyperlink.location.removesuffix("!A1").strip("'").replace("''", "'") in book.sheetnames


def test_no_cell_is_a_formula_and_names_are_kept(book, data) -> None:
    texts = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert not any(text.startswith(("=", "@")) for text in texts)
    assert f"'{FORMULA}" in texts
    assert MARKUP in texts
    files = zipfile.ZipFile(io.BytesIO(data))
    assert not any("<f>" in files.read(name).decode() for name in files.namelist() if "worksheets/sheet" in name)


def test_sheets_are_frozen_and_have_a_way_back(book) -> None:
    for sheet in book:
        assert sheet.freeze_panes is not None, sheet.title
        assert any(cell.hyperlink is not None for row in sheet.iter_rows(max_row=40) for cell in row), sheet.title


def test_assumptions_stand_with_value_unit_source_and_status(book, digest) -> None:
    from povsim.assumptions import assumptions
    from povsim.figures import source_name

    name = next(name for name in book.sheetnames if "Figures and their" in name)
    rows = rows_below(book[name], ["Meaning", "Value", "Unit"])
    found = {cells[7].value: cells for cells in rows}
    for one in assumptions(digest.scenario):
        cells = found[one.path]
        if isinstance(one.entry.value, (int, float)):
            assert cells[1].value == pytest.approx(one.entry.value)
        assert cells[4].value == one.entry.status
        assert cells[5].value == plain_text(source_name(one.entry.source, "en"))


def test_headline_charts_are_native(data) -> None:
    files = zipfile.ZipFile(io.BytesIO(data))
    charts = [files.read(name).decode() for name in files.namelist() if name.startswith("xl/charts/chart")]
    assert sum("lineChart" in chart for chart in charts) == 2  # the fan, in each language
    assert sum('barDir val="bar"' in chart for chart in charts) >= 4
