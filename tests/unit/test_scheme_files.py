"""Tables of weights: written for planners, read back with every slip named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.scoring.schemes import WeightScheme, weight_scheme
from povsim.scoring.small_tables import read_grids
from povsim.wording import read_room
from tests.unit.scheme_samples import SCHEME, Lang, card, edited, group, item, plain, put, refused, table

MIXED = weight_scheme(card())
FIRST = 4
"""Row of the first indicator in a workbook of ours: title, help and heading stand above."""


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("scheme", [SCHEME, MIXED, MIXED.with_points({"a": 22.25}, rescale=True)])
def test_a_scheme_comes_back_as_it_was(tmp_path: Path, kind: str, lang: Lang, scheme: WeightScheme) -> None:
    path = tmp_path / f"二.{kind}"
    (scheme.to_csv if kind == "csv" else scheme.to_excel)(path, lang=lang)
    back = (scheme.from_csv if kind == "csv" else scheme.from_excel)(path)
    assert (back.code, back.name_zh, back.scorecard) == ("二", "二", "small")
    assert back.lines == scheme.lines
    assert scheme.from_excel(path, code="c").code == "c"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=6, max_size=6), st.sampled_from(["csv", "xlsx"]))
def test_every_figure_comes_back_to_the_last_digit(tmp_path: Path, weights: list[float], kind: str) -> None:
    scheme = SCHEME.unlocked("b").with_points(dict(zip("abcxyz", weights, strict=True))).renormalised()
    path = tmp_path / f"a.{kind}"
    (scheme.to_csv if kind == "csv" else scheme.to_excel)(path)
    assert scheme.from_csv(path).points == scheme.points


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_planner_changes_numbers_and_locks(tmp_path: Path, lang: Lang) -> None:
    yes, no = ("是", "否") if lang == "zh" else ("yes", "no")
    path = edited(tmp_path, put(D4=27.5, D6=12.5, F4=yes, F5=no), lang=lang)
    back = SCHEME.from_excel(path)
    change = SCHEME.diff(back)["change"]
    assert change[change != 0].to_dict() == {"a": -2.5, "c": 2.5}
    assert back.table["locked"][back.table["locked"]].index.tolist() == ["a"]
    assert SCHEME.table.loc["b", "locked"]


def test_the_workbook_helps_its_reader(tmp_path: Path) -> None:
    SCHEME.to_excel(tmp_path / "a.xlsx", lang="zh")
    SCHEME.to_excel(tmp_path / "b.xlsx", lang="en")
    page = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert page.title == "权重方案"
    assert page["A1"].value == "权重方案：试验（small），指标体系 small"
    heading = ["代码", "类别", "指标", "分值", "原分值", "锁定", "目标", "计分规则", "单位", "责任单位"]
    assert [cell.value for cell in page[3]] == heading
    assert [cell.value for cell in page[4]][:7] == ["a", "类别first", "指标a", 30, 30, "否", "不低于98%"]
    assert [cell.value for cell in page[5]][5] == "是"
    assert page["J4"].value == "扶贫办、教育局"
    last = FIRST + len(SCHEME.lines)
    assert [cell.value for cell in page[last]][:5] == [None, None, "合计", "=SUM(D4:D10)", "=SUM(E4:E10)"]
    assert page.freeze_panes == "A4"
    assert page.protection.sheet
    assert page.protection.password is None
    assert [(cell.column_letter, cell.protection.locked) for cell in page[4] if not cell.protection.locked] == [
        ("D", False),
        ("F", False),
    ]
    checks = {str(check.sqref): (check.type, check.formula1) for check in page.data_validations.dataValidation}
    assert checks == {"D4:D10": ("decimal", "0"), "F4:F10": ("list", '"是,否"')}
    assert page.column_dimensions["A"].width >= 8
    assert page.column_dimensions["H"].width <= 62
    assert page["D4"].number_format == "General"
    other = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    assert other.title == "weights"
    assert [cell.value for cell in other[3]][:6] == ["code", "group", "name", "points", "original points", "locked"]
    assert other["J4"].value == "扶贫办; 教育局"


def test_points_without_end_show_two_decimals(tmp_path: Path) -> None:
    path = edited(tmp_path, put(), scheme=SCHEME.with_points({"a": 29}, rescale=True))
    page = openpyxl.load_workbook(path).active
    assert page["D6"].number_format == "0.00"
    assert page["D6"].value == pytest.approx(10 + 1 / 5)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_runs_as_a_formula(tmp_path: Path, kind: str) -> None:
    names = {"name_zh": "=HYPERLINK(1)", "name_en": "@x\x07", "departments": ["+1+1"], "unit": "-cmd|x"}
    evil = weight_scheme(card(groups=[group("first")], indicators=[item("a", 100, "first", **names)]))
    path = tmp_path / f"a.{kind}"
    for lang in ("zh", "en"):
        (evil.to_csv if kind == "csv" else evil.to_excel)(path, lang=lang)
        (grid,) = read_grids(path)
        texts = {cell for _, cells in grid.rows for cell in cells if isinstance(cell, str)}
        assert {text for text in texts if text.startswith("=")} <= {"=SUM(D4:D4)", "=SUM(E4:E4)"}
        assert not any(text.startswith(("+", "-", "@")) for text in texts)
        assert {"'+1+1", "'-cmd|x"} <= texts
        assert evil.from_excel(path).points == evil.points


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_files_of_any_making(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = [
        ["权重，试行"],
        [],
        ["代 码", "分　值", "备注"],
        *([*row, "说明"] for row in table(a="３０ ", b=" 20.0")[1:]),
    ]
    back = SCHEME.from_csv(plain(tmp_path, rows, encoding=encoding, separator=separator))
    assert back.points == SCHEME.points
    # Without a column of locks, those of the scheme hold.
    assert back.table.loc["b", "locked"]


def test_quirks_of_spreadsheet_programs_are_taken(tmp_path: Path) -> None:
    def edit(page: Any) -> None:
        for address, value in {"D4": "３０ ", "D5": " 20", "D6": "10.0", "F6": True, "F7": "√", "F8": None}.items():
            page[address] = value
        page["A4"] = " a　"
        page["A40"] = "  "
        page["H500"].number_format = "0.00"
        page.merge_cells("A1:J1")
        page.merge_cells("A20:C21")
        page["A19"] = None
        page["B19"] = "说明：此行无代码"
        page.row_dimensions[900].height = 20

    back = SCHEME.from_excel(edited(tmp_path, edit))
    assert back.points == SCHEME.points
    assert back.table["locked"].to_dict() == {
        **dict.fromkeys("abcxyz", False),
        "bonus": False,
        "b": True,
        "c": True,
        "x": True,
    }


def test_every_slip_of_a_workbook_is_named_with_its_cell(tmp_path: Path) -> None:
    def edit(page: Any) -> None:
        for address, value in {
            "D4": "=B2*2",
            "D5": None,
            "D6": "ten",
            "D7": -16,
            "D8": 0.12,
            "D9": dt.date(2016, 6, 1),
        }.items():
            page[address] = value
        page["D8"].number_format = "0%"
        page["F4"], page["F5"] = "maybe", "=TRUE()"
        page.insert_rows(11)
        for address, value in {"A11": "bonnus", "D11": 1, "A12": "a", "D12": 3}.items():
            page[address] = value

    text = refused(edited(tmp_path, edit))
    for part in (
        "mine.xlsx: 10 problems",
        "D4: points are a formula; found =B2*2; allowed: a number; copy the cell and paste it as a value",
        "D5: points are blank; allowed: a number of 0 or more",
        "D6: points are not a number; found ten",
        "D7: points are negative; found -16",
        "D8: points are in per cent; found 12%, which is 0.12; allowed: a number of points; "
        "format the cell as a number, and enter 12 if that many points are meant",
        "D9: points are not a number; found 2016-06-01",
        "F4: lock is neither yes nor no; found maybe; allowed: yes or no",
        "F5: lock is a formula; found =TRUE()",
        "A11: unknown indicator; found bonnus; did you mean 'bonus'?",
        "A12: indicator is given twice; found a, first in row 4; keep one",
    ):
        assert part in text


def test_every_slip_of_a_text_file_is_named_with_its_row(tmp_path: Path) -> None:
    rows = [*table(a="=1+1", b="", c="1,000", x="16%", y="nan", z="1e999")[:-1], ["", 7], ["q", ""]]
    text = refused(plain(tmp_path, rows))
    for part in (
        "row 2, points: points are a formula; found =1+1",
        "row 3, points: points are blank",
        "row 4, points: points are not a number; found 1,000",
        "row 5, points: points are in per cent; found 16%, which is 0.16",
        "row 6, points: points are not a number; found nan",
        "row 7, points: points are not a finite number; found inf",
        "code: indicators are missing; found bonus; give them a row each, or the rows with points and no code their "
        "code; 1 rows: 8",
        "row 9, code: unknown indicator; found q; delete the row; a remark leaves the code blank",
    ):
        assert part in text


def test_a_wrong_sum_says_by_how_much_and_can_be_rescaled(tmp_path: Path) -> None:
    path = edited(tmp_path, put(D4=40))
    wrong = "D4:D10: points do not sum to the total; found 110; allowed: 100; correct them, or read the file with "
    assert f"{wrong}rescale=True" in refused(path)
    back = SCHEME.from_excel(path, rescale=True)
    # b is locked at 20: 80 points are left for the other 90.
    assert dict(back.points) == pytest.approx(
        {"a": 320 / 9, "b": 20, "c": 80 / 9, "x": 128 / 9, "y": 96 / 9, "z": 96 / 9, "bonus": 0}
    )
    with pytest.raises(
        InputError, match=r"mine.xlsx: 1 problem\n  - points: those that stay exceed the sum; found 120"
    ):
        SCHEME.from_excel(edited(tmp_path, put(D5=120)), rescale=True)
    assert "points: points do not sum to the total; found 99" in refused(plain(tmp_path, table(a=29)))


def test_what_holds_for_schemes_holds_for_files(tmp_path: Path) -> None:
    assert "groups.rated: the fixed mix is broken" in refused(edited(tmp_path, put(D7=20, D8=8), scheme=MIXED), MIXED)
    assert "D10: bonus adds or takes off points by its rule" in refused(edited(tmp_path, put(D10=5, D4=25)))
    with pytest.raises(InputError, match="code: does not fit"):
        SCHEME.from_excel(edited(tmp_path, put()), code=" ")


def test_merged_cells_in_the_table_are_refused_with_their_ranges(tmp_path: Path) -> None:
    def edit(page: Any) -> None:
        page.merge_cells("A1:J1")
        page.merge_cells("B4:B5")
        page.merge_cells("D8:D9")

    text = refused(edited(tmp_path, edit))
    assert "cells: merged cells are not read; found B4:B5, D8:D9; unmerge them" in text
    assert "D9: points are blank" in text


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "heading: no heading with the columns needed in the first 10 rows; allowed: 代码, 分值 or code, points"),
        ([["a", 1]], "heading: no heading"),
        ([[""]] * 10 + table(), "heading: no heading"),
        ([["code", "name"]], "points: heading is missing; allowed: 代码, 分值 or code, points"),
        ([["分值", "名称"]], "code: heading is missing"),
        ([["code", "points", "分值"]], "points: heading is given twice; keep one"),
        ([["code", "points"]], "code: indicators are missing; found a, b, c, x, y, z, bonus; give them a row each"),
    ],
)
def test_a_file_without_the_table_is_refused(tmp_path: Path, rows: list[list[Any]], message: str) -> None:
    assert message in refused(plain(tmp_path, rows))


def test_the_sheet_is_found_and_two_tables_are_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, put())
    book = openpyxl.load_workbook(path)
    book.create_sheet("说明", 0)["A1"] = "code"
    book["说明"]["A1"] = "read me"
    book.save(path)
    assert SCHEME.from_excel(path).points == SCHEME.points
    book.copy_worksheet(book["权重方案"]).title = "方案二"
    book.save(path)
    assert "sheets: several hold a table of points; found 权重方案, 方案二; allowed: one; keep one" in refused(path)
    book["方案二"].sheet_state = "hidden"
    book.save(path)
    assert SCHEME.from_excel(path).points == SCHEME.points


def test_headings_are_those_of_the_texts() -> None:
    texts = read_room("schemes")
    assert {key for key in texts if key.startswith("column.")} == {
        f"column.{name}"
        for name in ("code", "group", "name", "points", "original", "locked", "target", "rule", "unit", "departments")
    }
    for lang in ("zh", "en"):
        words = [texts[key][lang] for key in texts if key.startswith("column.")]
        assert len(set(words)) == len(words)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = edited(tmp_path, put())
    before = path.read_bytes()

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(openpyxl.Workbook, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        SCHEME.to_excel(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_has_the_ending_of_its_kind(tmp_path: Path, kind: str) -> None:
    write = SCHEME.to_csv if kind == "csv" else SCHEME.to_excel
    with pytest.raises(InputError, match=f"file: has another ending; found .xls; allowed: .{kind}"):
        write(tmp_path / "a.xls")


def test_tables_of_weights_are_small(tmp_path: Path) -> None:
    many = plain(tmp_path, [*table(), *([["", "x"]] * 2_000)])
    assert "file: has too many rows; found 2,001 rows; allowed: at most 2,000 rows" in refused(many)
    wide = plain(tmp_path, [["code", "points", *map(str, range(60))], *table()[1:]])
    assert "file: has too many columns; found 62 columns; allowed: at most 50 columns" in refused(wide)
    assert "has too many columns; found 60 columns" in refused(edited(tmp_path, put(BH2="far out")))
    rows = {f"B{20 + at}": "x" for at in range(2_000)}
    assert "has too many rows; found 2,001 rows" in refused(edited(tmp_path, put(**rows)))
    assert "A1048576: unknown indicator; found q" in refused(edited(tmp_path, put(A1048576="q")))
