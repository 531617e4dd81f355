"""Tables from planners: good ones are read, everything wrong is told at once in the reader's language."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from povsim.errors import InputError
from povsim.scoring.schemes import weight_scheme
from povsim.views.weights_files import LARGEST, only_the_sum, read_paste, read_upload, told, workbook
from povsim.views.weights_scheme import moved
from povsim.wording import wording
from tests.unit.scheme_samples import card as mixed_card
from tests.unit.views.weights_samples import plain_card

OWN = weight_scheme(plain_card())


def changed(**cells: Any) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook(OWN, "zh")))
    for cell, value in cells.items():
        book.active[cell] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_what_is_exported_comes_back() -> None:
    scheme = moved(OWN, "a", 70).locked("d")
    for lang in ("zh", "en"):
        again = read_upload(OWN, "C:\\tables\\我们的方案.xlsx", workbook(scheme, lang))
        assert (again.points, again.code) == (scheme.points, "我们的方案")
        assert [line.locked for line in again.lines] == [False, False, False, True]


def test_everything_wrong_is_told_at_once_in_both_languages() -> None:
    with pytest.raises(InputError) as caught:
        read_upload(OWN, "mine.xlsx", changed(D4="=20+20", D5=-3, D6="many", A7="e"))
    error = caught.value
    assert len(error.problems) == 5
    chinese = told(error, wording("zh", "page_weights"))
    for words in ("D4：分值是公式", "D5：分值为负", "D6：分值不是数", "没有这个指标", "缺少指标"):
        assert words in chinese
    assert "found" not in chinese
    assert "D4: points are a formula; found =20+20" in told(error, wording("en", "page_weights"))


def test_only_the_sum_can_be_mended_by_rescaling() -> None:
    data = changed(D4=60)
    with pytest.raises(InputError, match="do not sum") as caught:
        read_upload(OWN, "mine.xlsx", data)
    assert only_the_sum(caught.value)
    assert read_upload(OWN, "mine.xlsx", data, rescale=True).points["a"] == pytest.approx(50)
    with pytest.raises(InputError) as other:
        read_upload(OWN, "mine.xlsx", changed(D4=60, D5=-1))
    assert not only_the_sum(other.value)


@pytest.mark.parametrize(
    ("name", "data", "match"),
    [
        ("mine.xlsm", b"x", "unknown kind of file"),
        ("mine", b"x", "unknown kind of file"),
        ("mine.csv", b"x" * (LARGEST + 1), "is too large"),
        ("mine.xlsx", b"not a workbook", "cannot be read"),
        ("mine.csv", b"code,points\n" + b"a,1\n" * 2_100, "too many rows"),
        ("mine.csv", b"code,points" + b",x" * 60 + b"\n", "too many columns"),
        ("mine.csv", b"", "no heading"),
    ],
)
def test_files_that_are_none(name: str, data: bytes, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        read_upload(OWN, name, data)
    assert caught.value.source == name
    lines = told(caught.value, wording("zh", "page_weights"))
    # what the reader of workbooks says of a damaged one stays as it is
    assert not any(word in lines.replace("File is not", "") for word in ("is ", "cannot", "has "))


def test_paste_of_a_table_of_pairs_and_of_a_column() -> None:
    for text in (
        "代码\t分值\nd\t40\nc\t30\nb\t20\na\t10\n",
        "a\t10\nb\t20\nc\t30\nd\t40",
        "10\n20\n30\n40\n",
        "１０\r\n20\r\n30\r\n40",
        "code,points\na,10\nb,20\nc,30\nd,40",
    ):
        assert read_paste(OWN, text).points == {"a": 10, "b": 20, "c": 30, "d": 40}


def test_paste_by_name_and_past_items_without_points() -> None:
    scheme = weight_scheme(mixed_card())
    text = "\n".join(f"指标{code}\t{points}" for code, points in zip("abcxyz", (20, 20, 20, 16, 12, 12), strict=True))
    with pytest.raises(InputError, match="bonus"):
        read_paste(scheme, text)
    assert read_paste(scheme, "20\n20\n20\n16\n12\n12").points["c"] == 20


def test_paste_that_is_wrong() -> None:
    for text, match in {
        "": "is empty",
        "1\n2": "are not as many",
        "a\t50\nb\t=20\nc\t20\nd\t10": "formula",
        "a\t10%\nb\t60\nc\t20\nd\t10": "per cent",
    }.items():
        with pytest.raises(InputError, match=match):
            read_paste(OWN, text)


def test_names_of_files_are_only_names() -> None:
    data = workbook(OWN, "en")
    assert read_upload(OWN, "../../etc/passwd.xlsx", data).code == "passwd"
    assert read_upload(OWN, "<img onerror=x>.xlsx", data).code == "<img onerror=x>"
    assert read_upload(OWN, "\u202ex.xlsx", data).code == "upload"
