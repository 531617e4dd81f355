"""The annex: a workbook with every table of a report, its charts, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from povsim import sheets
from povsim.report.parts import Chapter, Contents, Heat, Item, Plot
from povsim.sheets import Drawing, Field, Link, Sheet
from povsim.views.parts import Column, Table
from povsim.wording import wording

SHADES: dict[Heat, str] = {"no": "", "high": "F4A582", "low": "9ECAE1"}


def annex(reports: Sequence[Contents]) -> bytes:
    """Return the bytes of a workbook: in each language contents, headline numbers, and a sheet a table.

    Parameters
    ----------
    reports : sequence of Contents
        The report in each language that is wanted.
    """
    found = [sheet for report in reports for sheet in _sheets(report)]
    return sheets.workbook(found, title=reports[0].title)


def table_workbook(table: Table, words: tuple[str, str] = ("yes", "no")) -> bytes:
    """Return the bytes of a workbook with one table.

    Parameters
    ----------
    table : Table
        In the reader's language.
    words : tuple of str
        What flags are written as.

    Examples
    --------
    >>> table_workbook(Table("t", "Title", [Column("a", "A", "number")], [{"a": 1.5}]))[:2]
    b'PK'
    """
    return sheets.workbook([sheet_of(table, words=words)], title=table.title)


def sheet_of(
    table: Table,
    *,
    words: tuple[str, str],
    name: str = "",
    back: Link | None = None,
    plot: Plot | None = None,
    heat: Heat = "no",
) -> Sheet:
    """Return the sheet of a table.

    Parameters
    ----------
    table : Table
        Title, columns, rows, note.
    words : tuple of str
        What flags are written as.
    name : str
        Name of the sheet; the title of the table if not given.
    back : Link, optional
        A way back.
    plot : Plot, optional
        Chart of the table.
    heat : {"no", "low", "high"}
        Whether numbers are shaded.
    """
    fields = [Field(_heading(column), column.kind, _digits(column)) for column in table.columns]
    rows = [[_value(row.get(column.code), column, words) for column in table.columns] for row in table.rows]
    drawing = None if plot is None else _drawing(table, plot)
    return Sheet(name or table.title, fields, rows, table.title, table.note, back, drawing, SHADES[heat])


def _heading(column: Column) -> str:
    return f"{column.label} ({column.unit})" if column.unit else column.label


def _digits(column: Column) -> int | None:
    return None if column.kind == "text" else column.digits


def _value(value: Any, column: Column, words: tuple[str, str]) -> Any:
    if column.kind == "flag" and value is not None:
        return words[0] if value else words[1]
    return value


def _drawing(table: Table, plot: Plot) -> Drawing | None:
    codes = [column.code for column in table.columns]
    strokes = [sheets.Stroke(codes.index(one.column), one.colour.removeprefix("#"), one.dashed) for one in plot.strokes]
    known = any(row.get(one.column) is not None for one in plot.strokes for row in table.rows)
    return Drawing(plot.kind, table.title, plot.axis, codes.index(plot.label), strokes, plot.most) if known else None


# ---- the whole report ----


def _sheets(report: Contents) -> Iterator[Sheet]:
    say = wording(report.lang, "report")
    tail = "" if report.lang == "zh" else " "
    first = say("sheet.contents")
    back = Link(say("sheet.back"), first)
    words = (say("words.yes"), say("words.no"))
    placed = _placed(report)
    yield _contents(report, first, placed)
    yield _numbers(report, back)
    for name, _, item in placed:
        plot = item.plot
        own = plot is None or plot.table is None
        yield sheet_of(item.table, words=words, name=name, back=back, plot=plot if own else None, heat=item.heat)
        if plot is not None and plot.table is not None:
            drawn = say("sheet.drawn", name=name).rstrip(tail)
            yield sheet_of(plot.table, words=words, name=drawn, back=back, plot=plot)


def _placed(report: Contents) -> list[tuple[str, Chapter, Item]]:
    """Return every table with its chapter and the name of its sheet: its number and title, as spreadsheets take it."""
    found = [(chapter, item) for chapter in report.chapters for item in chapter.items]
    names = sheets.legal_names(f"{number:02d} {_short(item.table.title)}" for number, (_, item) in enumerate(found, 1))
    return [(name, *pair) for name, pair in zip(names, found, strict=True)]


def _short(title: str) -> str:
    """Return a title without the place before the colon, cut to what fits the tab with the number and a mark."""
    return title.rpartition("：")[2][:20] if "：" in title else title[:22].rstrip()


def _contents(report: Contents, name: str, placed: Sequence[tuple[str, Chapter, Item]]) -> Sheet:
    say = wording(report.lang, "report")
    fields = [Field(say(f"column.{code}")) for code in ("chapter", "sheet", "title")] + [
        Field(say("column.rows"), "count")
    ]
    head = say("sheet.numbers")
    rows: list[list[Any]] = [["", Link(head, head), report.message, None]]
    rows += [
        [chapter.title, Link(sheet, sheet), item.table.title, len(item.table.rows)] for sheet, chapter, item in placed
    ]
    origins = [chapter.origin for chapter in report.chapters if chapter.origin]
    note = "\n".join((report.subtitle, report.origin, *origins, *report.conventions))
    return Sheet(name, fields, rows, report.title, note)


def _numbers(report: Contents, back: Link) -> Sheet:
    say = wording(report.lang, "report")
    fields = [Field(say(f"column.{code}")) for code in ("chapter", "headline", "said", "band", "note")]
    rows = [
        [chapter.title, one.label, one.value, one.spread, one.note]
        for chapter in report.chapters
        for one in chapter.numbers
    ]
    rows += [[chapter.title, "", sentence, "", ""] for chapter in report.chapters for sentence in chapter.lead]
    return Sheet(say("sheet.numbers"), fields, rows, report.message, report.origin, back)
