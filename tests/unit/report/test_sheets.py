"""Workbooks read again: numbers are numbers, texts are never formulas, names are legal, links lead somewhere."""

from __future__ import annotations

import io
import math
import zipfile

import openpyxl
import pytest

from povsim.sheets import Drawing, Field, Link, Sheet, Stroke, legal_names, plain_text, workbook


def opened(*sheets: Sheet):
    return openpyxl.load_workbook(io.BytesIO(workbook(sheets)))


FIELDS = (
    Field("名称"),
    Field("share", "percent", 1),
    Field("count", "count"),
    Field("change", "signed", 0),
    Field("free", "number"),
)


def test_numbers_stay_numbers_with_their_formats() -> None:
    sheet = opened(Sheet("a", FIELDS, [["x", 0.125, 1234.6, -2, 0.123456]], title="T", note="N"))["a"]
    row = next(cells for cells in sheet.iter_rows() if cells[0].value == "x")
    assert [cell.value for cell in row[1:5]] == [0.125, 1234.6, -2, 0.123456]
    assert [cell.number_format for cell in row[1:5]] == ["0.0%", "#,##0", "+#,##0;-#,##0;0", "#,##0.######"]
    assert sheet.freeze_panes == "A4"


@pytest.mark.parametrize("text", ["=1+1", "@sum(a)", "+cmd|' /C calc'!A0", "-2+3", "\tx", '=HYPERLINK("http://x")'])
def test_no_text_is_a_formula_anywhere(text) -> None:
    data = workbook([Sheet(text, [Field(text)], [[text]], title=text, note=text, back=Link(text, text))])
    for sheet in openpyxl.load_workbook(io.BytesIO(data)):
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert len(cells) == 5
        assert all(cell.data_type == "s" and cell.value.startswith("'") for cell in cells)
    assert "<f>" not in "".join(zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode())


def test_what_a_cell_cannot_hold_is_taken_out_or_left_blank() -> None:
    sheet = opened(Sheet("a", [Field("a")] * 5, [["a\x00\x0bb", math.nan, math.inf, None, 2**60]]))["a"]
    assert [cell.value for cell in sheet[2]] == ["ab", None, None, None, str(2**60)]
    assert len(plain_text("x" * 40_000)) < 32_768


def test_names_of_sheets_are_legal_and_told_apart() -> None:
    names = legal_names(["=a[1]:*?/\\", "History", "'quoted'", "表" * 40, "表" * 40, "Ａ" * 31, "𠮷" * 20])
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(name.encode("utf-16-le")) <= 62 and not set(name) & set("[]:*?/\\") for name in names)
    assert "history" not in [name.casefold() for name in names]
    assert not any(name.startswith("'") or name.endswith("'") for name in names)


def test_links_lead_to_the_sheet_although_its_name_had_to_change() -> None:
    book = opened(Sheet("目录", [Field("x")], [[Link("go", "a/b's")]]), Sheet("a/b's", [Field("x")], [[1]]))
    cell = book["目录"]["A2"]
    assert cell.hyperlink.location == "'a b''s'!A1"
    assert "a b's" in book.sheetnames


def test_columns_are_wide_enough_for_chinese() -> None:
    sheet = opened(Sheet("a", [Field("x"), Field("y", "number", 2)], [["建档立卡贫困人口脱贫", 12_345_678.5]]))["a"]
    assert sheet.column_dimensions["A"].width >= 20
    assert sheet.column_dimensions["B"].width >= len("12,345,678.50")


def test_charts_are_native_and_refer_to_the_cells() -> None:
    drawing = Drawing("bar", "T", "axis", 0, [Stroke(1, "0072B2")], most=2)
    data = workbook([Sheet("a b", [Field("n"), Field("v", "count")], [["x", 1], ["y", 2], ["z", 3]], drawing=drawing)])
    chart = zipfile.ZipFile(io.BytesIO(data)).read("xl/charts/chart1.xml").decode()
    assert "'a b'!$B$2:$B$3" in chart
    assert "'a b'!$A$2:$A$3" in chart
    assert 'barDir val="bar"' in chart
