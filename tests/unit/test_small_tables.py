"""Small tables that no reader should trust: other kinds, damaged, too large, with something that runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from povsim.errors import InputError
from povsim.scoring.small_tables import SMALL, number_in, read_grids, read_small_table, table_of_frame
from tests.unit.entered_samples import frame, item, make_card, read, refused, save, values


def workbook(path: Path, rows, **sheets) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, other in sheets.items():
        page = book.create_sheet(name)
        for row in other:
            page.append(row)
    book.save(path)
    return path


HEAD = ["unit", "year", "indicator", "value"]
ROW = ["东镇", 2016, "known", 0.5]


def test_formulas_and_merged_cells_are_refused_with_their_addresses(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["title"], HEAD, ROW, ["西乡", 2016, "known", "=D3*2"], ROW])
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A1:D1")
    book.active.merge_cells("A3:A4")
    book.save(path)
    error = refused(path, "formulas are not read; found D4; .*1 rows: 4")
    # the title above the table may be merged
    assert "merged cells are not read; found A3:A4; allowed: one value in each cell; unmerge them; 1 rows: 3" in str(
        error
    )
    csv = tmp_path / "a.csv"
    csv.write_text("unit,year,indicator,value\n东镇,2016,known,=0.5*2\n", encoding="utf-8")
    refused(csv, "formulas are not read; found D2")


def test_the_named_sheet_goes_before_the_first(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["说明"]], 填报=[HEAD, ROW])
    assert values(read(path), "known")[0, 0, 0] == 0.5
    assert values(read(workbook(tmp_path / "b.xlsx", [HEAD, ROW], other=[["x"]])), "known")[0, 0, 0] == 0.5


def test_rows_keep_the_numbers_that_a_spreadsheet_shows(tmp_path):
    csv = tmp_path / "a.csv"
    csv.write_text(
        'title\n\nunit,year,indicator,value,note\n\n东镇,2016,known,2,"a\nb"\n西乡,2016,known,3,\n', encoding="utf-8"
    )
    error = refused(csv, "2 problems")
    assert [problem.rows for problem in error.problems] == [(5,), (6,)]


def test_semicolons_and_tabs_separate_too(tmp_path):
    for sign in ";\t":
        path = tmp_path / "a.csv"
        path.write_text(sign.join(HEAD) + "\n" + sign.join(map(str, ROW)) + "\n", encoding="utf-8")
        assert values(read(path), "known")[0, 0, 0] == 0.5


def test_cells_beyond_the_headings_and_headings_twice(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,a\n1,2,3\n4,5,,\n", encoding="utf-8")
    table = read_small_table(path)
    assert [problem.line() for problem in table.problems] == [
        "a: heading is given twice; found 2 columns",
        "cells: rows reach beyond the headings; allowed: 2 columns; "
        "a comma inside a cell needs quotes around the cell; 1 rows: 2",
    ]
    assert table.rows == ((2, ("1", "2")), (3, ("4", "5")))


def test_guarded_cells_are_read_as_they_were_before():
    assert table_of_frame(frame(("'=x", "'-y", "-", " ｎａｎ "))).rows == ((2, ("=x", "-y", None, None)),)


OLD = b"\xd0\xcf\x11\xe0 old workbook or one with a password"
OTHERS = {
    "a.xlsm": (
        OLD,
        "holds macros, which are not read; found .xlsm; allowed: .csv, .txt, .tsv, .xlsx; save it as .xlsx",
    ),
    "a.xls": (OLD, "unknown kind of file; found .xls; allowed: .csv, .txt, .tsv, .xlsx; save it as .xlsx or as CSV"),
    "a.et": (OLD, "unknown kind of file; found .et"),
    "a": (OLD, "unknown kind of file; allowed"),
    "a.xlsx": (OLD, "cannot be read as .xlsx; found File is not a zip file; open it in the spreadsheet program"),
    "bad.csv": (b"\xff\xff\x00\x81", "is in no known encoding; allowed: utf-8, gb18030; save it as .xlsx"),
    "wide.csv": ("代码,分值".encode("utf-16"), "is in no known encoding"),
    "long.csv": (b"unit\n" + b"x" * 200_000, "cannot be read as .csv; found field larger"),
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n,,\n", "is empty"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_files_that_cannot_be_read(tmp_path, name):
    content, message = OTHERS[name]
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, re.escape(f"file: {message}"))


def test_files_that_hold_nothing(tmp_path):
    refused(tmp_path / "none.csv", "file: does not exist")
    refused(tmp_path, "file: does not exist")
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("a.txt", "x")
    refused(tmp_path / "other.xlsx", "cannot be read as .xlsx")
    refused(workbook(tmp_path / "empty.xlsx", []), "file: is empty")


LIMITS = {
    "rows": ({"rows": 2}, "has too many rows; found 3 rows; allowed: at most 2 rows"),
    "columns": ({"columns": 3}, "has too many columns; found 4 columns; allowed: at most 3"),
    "cells": ({"cells": 8}, "has too many cells; found 12 cells; allowed: at most 8"),
    "size": ({"megabytes": 0.00001}, "is too large; found .* MB; allowed: at most 1e-05 MB"),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_limits(tmp_path, name, suffix):
    less, match = LIMITS[name]
    path = save(frame(ROW, ROW, ROW), tmp_path / f"a{suffix}")
    with pytest.raises(InputError, match=match):
        read_small_table(path, limits=dataclasses.replace(SMALL, **less))


def test_usual_limits():
    assert (SMALL.megabytes, SMALL.rows, SMALL.columns) == (10, 200_000, 300)


def changed(path: Path, *swaps: tuple[str, bytes, bytes], **more: bytes) -> Path:
    """Write the parts of a workbook anew, the first of some bytes replaced, parts added."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for member, old, new in swaps:
        assert old in parts[member]
        parts[member] = parts[member].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**parts, **more}.items():
            archive.writestr(name, part)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def usual(tmp_path: Path, old: bytes = b"", new: bytes = b"", member: str = SHEET, **more: bytes) -> Path:
    return changed(save(frame(ROW), tmp_path / "a.xlsx"), (member, old, new), **more)


def test_bombs_are_refused_before_they_unfold(tmp_path, monkeypatch):
    path = usual(tmp_path, bomb=bytes(201_000_000))
    assert path.stat().st_size < 1_000_000
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *_, **__: pytest.fail("opened"))
    refused(path, "is too large once unpacked; found 201 MB; allowed: at most 200 MB")


def test_sheets_that_lie_about_their_size(tmp_path):
    for claim in (b"A1:B2", b"A1:XFD1048576"):
        path = usual(tmp_path, b'ref="A1:D2"', b'ref="' + claim + b'"')
        assert values(read(path), "known")[0, 0, 0] == 0.5
    refused(usual(tmp_path, b'<row r="2"', b'<row r="1048577"'), "has too many rows; found 1,048,577 rows")
    wide = usual(tmp_path, b'r="D2"', b'r="XFD2"')
    refused(wide, "has too many columns; found 16,384 columns; allowed: at most 300")


def test_macros_are_refused(tmp_path):
    path = usual(tmp_path, **{"xl/vbaProject.bin": b"x"})
    refused(path, "file: holds macros, which are not read; allowed: no macros; save it as .xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("member", [SHEET, "xl/workbook.xml", "xl/sheet.bin"])
def test_entities_are_refused(tmp_path, encoding, member):
    # Behind a long comment, where a look at the beginning would not see it.
    bomb = f'<?xml version="1.0"?><!--{"x" * 5000}--><!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;">]><a/>'
    path = usual(tmp_path, **{member: bomb.encode(encoding)})
    refused(path, f"file: holds a document type declaration, which spreadsheets do not write; found {member}")


@pytest.mark.parametrize("member", ["xl/workbook.xml", SHEET, "[Content_Types].xml", "xl/styles.xml"])
def test_damaged_workbooks_are_refused(tmp_path, member):
    path = save(frame(ROW), tmp_path / "a.xlsx")
    whole = zipfile.ZipFile(path).read(member)
    refused(changed(path, (member, whole, whole[: len(whole) // 2])), "file: cannot be read")


def test_torn_workbooks_and_impossible_numbers_are_refused(tmp_path):
    path = usual(tmp_path, b"<v>0.5</v>", b"<v>1" + b"0" * 400 + b"</v>")
    refused(path, "file: cannot be read")
    path.write_bytes(path.read_bytes()[:3000])
    refused(path, "file: cannot be read")


def test_cells_of_a_workbook(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx", [["ｘ ", 1, 0.985, 98, True, dt.date(2016, 6, 1), "=A1"], [None], [None, " - "]]
    )
    book = openpyxl.load_workbook(path)
    book.active["C1"].number_format, book.active["D1"].number_format = "0.0%", '0"%"'
    book.active["B7"].number_format = "0%"
    book.active.merge_cells("A5:B6")
    book.create_sheet("hidden").sheet_state = "hidden"
    book.create_sheet("other")["B2"] = 1.5
    book.save(path)
    first, other = read_grids(path)
    assert first.rows == ((1, ("x", 1, "98.5%", 98, "true", "2016-06-01 00:00:00", "=A1")), (3, (None, "-")))
    assert (first.merged_in(6, 9), first.merged_in(1, 4), first.merged_in(7)) == (("A5:B6",), (), ())
    assert (other.name, other.rows, other.address(2, 1, "points")) == ("other", ((2, (None, 1.5)),), "B2")
    assert [grid.name for grid in read_grids(path, sheets=["none", "OTHER"])] == ["other"]
    assert [grid.name for grid in read_grids(path, sheets=["hidden"])] == ["Sheet"]


def test_a_percentage_of_a_spreadsheet_is_one(tmp_path):
    card = make_card(indicators=[item("known", "认可度", "Recognition", unit="percent", missing="zero")], awards=[])
    path = save(frame(ROW), tmp_path / "a.xlsx")
    assert values(read(path, card=card), "known")[0, 0, 0] == 0.5
    book = openpyxl.load_workbook(path)
    book.active["D2"].number_format = "0%"
    book.save(path)
    assert values(read(path, card=card), "known")[0, 0, 0] == 50


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("98％".replace("％", "%"), (0.98, True)),
        ("−3", (-3.0, False)),
        ("+2.5e2", (250.0, False)),
        ("12,345,678.5", (12345678.5, False)),
        ("0,123", None),
        ("12,34", None),
        ("1_000", None),
        ("1e999", None),
        ("%", None),
        ("inf", None),
        (float("inf"), None),
        (None, None),
    ],
)
def test_numbers_in_cells(cell, expected):
    assert number_in(cell) == expected
