"""What workbooks are made of: sheets, columns, links, charts; what spreadsheets take as names, texts and formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from povsim.assumptions import harmless

Kind = Literal["text", "number", "percent", "money", "count", "signed", "flag"]
LONGEST_NAME = 31
LONGEST_CELL = 32_767
"""Characters that spreadsheets take."""
FORBIDDEN_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
FIGURE = re.compile(r"[+-]\d[\d,.]*\s*[\w\s%（）]*")
"""A signed figure with its unit: no formula, whatever program reads it."""


@dataclass(frozen=True)
class Link:
    """A cell that leads to a sheet, named as in its ``Sheet``."""

    text: str
    sheet: str


@dataclass(frozen=True)
class Field:
    """A column: heading with unit, and how its values are shown.

    Attributes
    ----------
    heading : str
        As printed.
    kind : str
        Percent columns hold shares (0-1).
    digits : int, optional
        Decimals shown (of a percentage); as many as there are if not given.
    """

    heading: str
    kind: Kind = "text"
    digits: int | None = None


@dataclass(frozen=True)
class Stroke:
    """A series of a chart: the position of its column, its colour (``RRGGBB``), whether it is drawn dashed."""

    column: int
    colour: str
    dashed: Literal["yes", "no"] = "no"


@dataclass(frozen=True)
class Drawing:
    """A native chart of a sheet's rows.

    Attributes
    ----------
    kind : {"line", "bar", "column"}
        Lines, bars from the top down, or columns.
    title, axis : str
        Title, and name of the axis of values.
    label : int
        Position of the column that names the rows.
    strokes : sequence of Stroke
        Series.
    most : int
        Rows drawn at most, from the first.
    """

    kind: Literal["line", "bar", "column"]
    title: str
    axis: str
    label: int
    strokes: Sequence[Stroke]
    most: int = 40


@dataclass(frozen=True)
class Sheet:
    """A sheet: what is above the table, the table, a chart of it.

    Attributes
    ----------
    name : str
        Name wanted; what spreadsheets refuse is taken out, and names that are alike are numbered.
    fields : sequence of Field
        Columns; no headings are written where none has a text.
    rows : iterable of sequence
        Values in the order of the columns; numbers, texts, ``Link``, None.
    title, note : str
        Above the table; without both the headings stand in the first row.
    back : Link, optional
        A way back, above the table.
    drawing : Drawing, optional
        Chart below the table.
    shade : str
        Colour (``RRGGBB``) towards which counts and percentages are shaded, column by column; none if empty.
    """

    name: str
    fields: Sequence[Field]
    rows: Iterable[Sequence[Any]]
    title: str = ""
    note: str = ""
    back: Link | None = None
    drawing: Drawing | None = None
    shade: str = ""


def legal_names(wanted: Iterable[str]) -> list[str]:
    """Return names that spreadsheets take for sheets, no two of them alike.

    Examples
    --------
    >>> legal_names(["A/B: 1", "a b  1", "", "x" * 40])
    ['A B 1', 'a b 1 (2)', 'Sheet', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx']
    """
    taken: set[str] = {"history"}
    return [_free(name, taken) for name in wanted]


def _free(wanted: str, taken: set[str]) -> str:
    plain = " ".join(FORBIDDEN_NAME.sub(" ", wanted).split()).strip("'") or "Sheet"
    for number in range(1, 10_000):
        tail = "" if number == 1 else f" ({number})"
        name = _cut(plain, LONGEST_NAME - len(tail)).rstrip("' ") + tail
        if name.casefold() not in taken:
            taken.add(name.casefold())
            return name
    raise AssertionError("no workbook has so many sheets")


def _cut(text: str, units: int) -> str:
    """Return a text of at most so many units as spreadsheets count them: rare signs count as two."""
    while len(text.encode("utf-16-le")) // 2 > units:
        text = text[:-1]
    return text


def plain_text(text: str) -> str:
    r"""Return a text as a cell may hold it: no control signs, not too long, and nothing that is run as a formula.

    Examples
    --------
    >>> plain_text("=1+1"), plain_text("+3.5 %"), plain_text("+cmd|x"), plain_text("a\x07b")
    ("'=1+1", '+3.5 %', "'+cmd|x", 'ab')
    """
    clean = FORBIDDEN.sub("", text)[: LONGEST_CELL - 1]
    return clean if FIGURE.fullmatch(clean) else harmless(clean)


def width(text: str) -> int:
    """Return the columns a text takes: a Chinese character takes two.

    Examples
    --------
    >>> width("ab"), width("贫困")
    (2, 4)
    """
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def number_format(field: Field) -> str:
    """Return how a spreadsheet is to show the numbers of a column.

    Examples
    --------
    >>> number_format(Field("a", "percent", 1)), number_format(Field("b", "signed", 0)), number_format(Field("c"))
    ('0.0%', '+#,##0;-#,##0;0', 'General')
    """
    places = "" if not field.digits else "." + "0" * field.digits
    if field.kind == "percent":
        return f"0{places}%"
    if field.kind == "signed":
        return f"+#,##0{places};-#,##0{places};0{places}"
    if field.kind == "count":
        return "#,##0"
    if field.kind in ("number", "money"):
        return f"#,##0{places}" if field.digits is not None else "#,##0.######"
    return "General"
