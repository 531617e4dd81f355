from __future__ import annotations

import gzip
import re
from pathlib import Path

import pandas as pd
import pytest

from povsim import register_files
from povsim.errors import InputError
from povsim.register import check_register, read_register
from tests.unit.register_samples import failing, household_frame, person_frame, write


@pytest.fixture
def persons(tmp_path: Path) -> Path:
    return write(person_frame(), tmp_path / "register-2016.csv")


PERSON_FAULTS = {
    "two heads": (
        "与户主关系",
        lambda f: f.index == second_member(f),
        "户主",
        r"与户主关系: more than one head; found households 43000\d+",
    ),
    "no head": (
        "与户主关系",
        lambda f: f["户编号"] == "4300010000",
        "之子",
        r"members without a head; found households 4300010000",
    ),
    "differs": (
        "人均纯收入",
        lambda f: f.index == second_member(f),
        "77777",
        r"人均纯收入: differs within a household; found households",
    ),
    "village differs": ("行政村", lambda f: f.index == second_member(f), "他村", r"行政村: differs within a household"),
    "months": (
        "务工时间(月)",
        lambda f: f.index == 3,
        "13",
        r"务工时间\(月\): impossible value; found 13; allowed: from 0 to 12; .*1 rows: 5",
    ),
    "unknown cause": (
        "主要致贫原因",
        lambda f: f["户编号"] == "4300010001",
        "因病致平",
        r"unknown word; found 因病致平; .*did you mean '因病致贫'",
    ),
    "unknown skill": (
        "劳动技能",
        lambda f: f.index == 0,
        "普通劳动里",
        r"劳动技能: unknown word; found 普通劳动里; .*did you mean '普通劳动力'.*rows: 2",
    ),
    "no village": (
        "行政村",
        lambda f: f.index == 1,
        "",
        r"行政村: missing village; enter the village in every row; 1 rows: 3",
    ),
    "persons": (
        "人数",
        lambda f: f["户编号"] == "4300010002",
        "9",
        r"人数: persons disagree with the rows of the household; found 9 said and \d rows",
    ),
    "person number": (
        "人编号",
        lambda f: f.index == second_member(f),
        "01",
        r"人编号: person number stands more than once in a household; .*2 rows",
    ),
    "no number": ("户编号", lambda f: f.index == 0, "", r"户编号: missing household number; .*1 rows: 2"),
    "rounded": (
        "户编号",
        lambda f: f.index == 0,
        "4.3E+11",
        r"户编号: number rounded by a spreadsheet; found 4.3E\+11",
    ),
}


def second_member(frame: pd.DataFrame) -> int:
    """Return the row of a second member whose household is otherwise whole."""
    return int(frame.index[(frame["人编号"] == "02") & (frame["户编号"] > "4300010005")][0])


@pytest.mark.parametrize("fault", PERSON_FAULTS)
def test_faults_in_a_person_file(fault: str, tmp_path: Path) -> None:
    column, where, word, message = PERSON_FAULTS[fault]
    frame = person_frame()
    frame.loc[where(frame), column] = word
    assert re.search(message, failing(frame, tmp_path))


HOUSEHOLD_FAULTS = {
    "text": (
        "工资性收入（元）",
        "1,200元",
        r"工资性收入（元）: text in a column of numbers; found '1,200元'; .*should read 1200 and put 元 .*1 rows: 2",
    ),
    "negative": (
        "工资性收入（元）",
        "-5",
        r"工资性收入（元）: impossible value; found -5; allowed: from 0 to 1\d+; .*rows: 2",
    ),
    "infinite": ("生产经营性收入", "inf", r"生产经营性收入: not a finite number; found 'inf'"),
    "area": (
        "住房面积（平方米）",
        "2001",
        r"住房面积（平方米）: impossible value; found 2001; allowed: from 0 to 2000",
    ),
    "crowd": ("家庭人口数", "31", r"家庭人口数: impossible value; found 31; allowed: a whole number from 1 to 30"),
    "negative persons": ("家庭人口数", "-1", r"家庭人口数: impossible value; found -1"),
    "half a person": ("家庭人口数", "2.5", r"家庭人口数: impossible value; found 2.5; allowed: a whole number"),
    "no persons": ("家庭人口数", "", r"家庭人口数: missing value; .*1 rows: 2"),
    "workers": ("劳动力人数", "29", r"劳动力人数: more than the persons of the household; found 29 of \d"),
    "transfer": (
        "转移性收入",
        "1",
        r"转移性收入: pensions and dibao are more than all transfers; found \d+.00 within 1.00",
    ),
    "years": (
        "年度",
        "2015",
        r"年度: more than one year; found 2015 \(1 rows\), 2016 \(29 rows\); allowed: one year; .*1 rows: 2",
    ),
    "duplicate": (
        "户编号",
        "H1",
        r"户编号: household number stands more than once; found households H1; allowed: once; .*2 rows: 2, 3",
    ),
    "category": ("贫困户属性", "低保贫困", r"贫困户属性: unknown word; found 低保贫困; .*did you mean '低保贫困户'"),
}


@pytest.mark.parametrize("fault", HOUSEHOLD_FAULTS)
def test_faults_in_a_household_file(fault: str, tmp_path: Path) -> None:
    column, word, message = HOUSEHOLD_FAULTS[fault]
    frame = household_frame()
    frame.loc[0, column] = word
    assert re.search(message, failing(frame, tmp_path))


def test_all_faults_come_in_one_error(tmp_path: Path) -> None:
    frame = household_frame()
    chosen = ("text", "infinite", "area", "crowd", "years", "category")
    for row, fault in enumerate(chosen):
        frame.loc[row, HOUSEHOLD_FAULTS[fault][0]] = HOUSEHOLD_FAULTS[fault][1]
    frame.loc[9, "户编号"] = "H10"
    frame.loc[12, "村"] = ""
    frame.loc[13, "工资性收入（元）"] = "-1"
    frame.loc[14, "家庭人口数"] = ""
    frame.loc[15, "转移性收入"] = "1"
    text = failing(frame, tmp_path)
    messages = ["text in a column", "not a finite", "impossible value; found 2001", "found 31", "more than one year"]
    messages += ["did you mean", "stands more than once", "missing village", "found -1", "missing value"]
    for message in [*messages, "more than all transfers"]:
        assert message in text
    assert "11 problems" in text


def test_unrecognised_headings_explain_a_mapping(tmp_path: Path) -> None:
    frame = pd.DataFrame({"hh": ["1"], "乡镇": ["甲"], "姓名": ["张某"]})
    text = failing(frame, tmp_path)
    assert "no heading was recognised for household, village, persons, income_per_head" in text
    assert "recognised were 乡镇" in text
    assert "found hh, 乡镇" in text
    assert "write a mapping file such as `household: {from: your heading}" in text
    assert "张某" not in text


def test_identity_numbers_are_no_household_numbers(tmp_path: Path) -> None:
    frame = household_frame()
    frame["户编号"] = [f"43062419800101{1000 + row}" for row in range(len(frame))]
    assert "identity numbers of persons stand in for household numbers" in failing(frame, tmp_path)


def test_year_must_be_known_and_agree(tmp_path: Path) -> None:
    frame = household_frame()
    path = write(frame.drop(columns="年度"), tmp_path / "form.csv")
    with pytest.raises(InputError, match="the year of the incomes is not known"):
        read_register(path)
    assert read_register(path, year=2014).attrs["year"] == 2014
    with pytest.raises(InputError, match="another year than asked for; found 2016; allowed: 2014"):
        read_register(write(frame, tmp_path / "form2.csv"), year=2014)


def test_heading_twice_and_rows_of_another_length(tmp_path: Path) -> None:
    path = tmp_path / "r-2016.csv"
    path.write_text("乡镇,村,户编号,人数,人数,人均纯收入\n甲,乙,1,2,2,900\n甲,乙,2,3,3,1,200\n", encoding="utf-8")
    text = "\n".join(problem.line() for problem in check_register(path))
    assert "人数: heading stands more than once; found 2" in text
    assert "rows with another number of cells than the heading; found 7; allowed: 6" in text
    assert "1 rows: 3" in text


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.xls", b"x", "unknown kind of file; found .xls; .*save it as .xlsx"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\xff\xfe\x00\x81", "is in no known encoding"),
        ("a.xlsx", b"no zip", "cannot be read as .xlsx"),
        ("a.parquet", b"nothing", "cannot be read as .parquet"),
        ("a.csv.gz", b"nothing", "cannot be read as .csv"),
        ("a.csv", "乡镇,村,户编号,人数,人均纯收入\n".encode(), "has no rows below the heading"),
    ],
)
def test_files_that_cannot_be_read(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_register(tmp_path / name)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (register_files.Limits(megabytes=0), "too large"),
        (register_files.Limits(rows=3), r"too many rows; found \d+; allowed: at most 3"),
        (register_files.Limits(columns=5), "too many columns; found 26; allowed: at most 5"),
    ],
)
def test_limits(persons: Path, monkeypatch: pytest.MonkeyPatch, limits: object, message: str) -> None:
    monkeypatch.setattr(register_files, "LIMITS", limits)
    with pytest.raises(InputError, match=message):
        read_register(persons)


def test_a_packed_file_is_measured_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 3_000_000))
    assert path.stat().st_size < 1_000_000
    monkeypatch.setattr(register_files, "LIMITS", register_files.Limits(megabytes=1))
    with pytest.raises(InputError, match=r"too large; found \d MB unpacked"):
        read_register(path)
