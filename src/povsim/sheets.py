"""Workbooks: numbers stay numbers, texts are never run, columns fit Chinese; with links and native charts."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from povsim.sheet_drawings import draw
from povsim.sheet_parts import Drawing, Field, Link, Sheet, Stroke, legal_names, number_format, plain_text, width

__all__ = [
    "Drawing",
    "Field",
    "Link",
    "Sheet",
    "Stroke",
    "legal_names",
    "number_format",
    "plain_text",
    "width",
    "workbook",
]
NARROWEST, WIDEST = 8, 46
"""Characters that a column is given."""
MEASURED = 300
"""Rows that widths are taken from."""


def workbook(sheets: Sequence[Sheet], *, title: str = "") -> bytes:
    """Return the bytes of a workbook (.xlsx).

    Parameters
    ----------
    sheets : sequence of Sheet
        In order; at least one.
    title : str
        For the properties of the file.

    Examples
    --------
    >>> workbook([Sheet("a", [Field("n", "number")], [[1.5]])])[:2]
    b'PK'
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = title or None, "povsim"
    legal = legal_names([sheet.name for sheet in sheets])
    names = {sheet.name: name for sheet, name in zip(sheets, legal, strict=True)}
    for sheet, name in zip(sheets, legal, strict=True):
        _write(book.create_sheet(name), sheet, names)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


# ---- one sheet ----


def _write(place: Any, sheet: Sheet, names: dict[str, str]) -> None:
    top = _write_head(place, sheet, names)
    headed = any(field.heading for field in sheet.fields)
    widths = [float(NARROWEST)] * len(sheet.fields)
    if headed:
        _write_headings(place, sheet.fields, top, widths)
        place.freeze_panes = place.cell(top + 1, 1)
    last = _write_rows(place, sheet, top + headed, widths, names)
    for column, wide in enumerate(widths, start=1):
        place.column_dimensions[_letter(column)].width = wide
    _write_note(place, sheet, widths)
    if headed and last > top:
        place.auto_filter.ref = f"A{top}:{_letter(len(sheet.fields))}{last}"
    if sheet.shade and last > top:
        _shade(place, sheet, (top + 1, last))
    if sheet.drawing is not None and last > top:
        draw(place, sheet.drawing, (top, last), sheet.fields)
    _print_setup(place, top if headed else 0, sum(widths))


def _write_rows(place: Any, sheet: Sheet, first: int, widths: list[float], names: dict[str, str]) -> int:
    """Write the rows of the table; return the last row written."""
    forms, down = [number_format(field) for field in sheet.fields], first - 1
    for row in sheet.rows:
        down += 1
        for column, (value, form) in enumerate(zip(row, forms, strict=True)):
            shown = _write_value(place.cell(down, column + 1), value, form, names)
            if down - first < MEASURED:
                widths[column] = max(widths[column], min(WIDEST, shown + 2))
    return down


def _write_head(place: Any, sheet: Sheet, names: dict[str, str]) -> int:
    """Write what stands above the table; return the row of the headings."""
    from openpyxl.styles import Font

    row = 0
    if sheet.title:
        row += 1
        _write_text(place.cell(row, 1), sheet.title)
        place.cell(row, 1).font = Font(bold=True, size=14, color="17365D")
    if sheet.back is not None:
        row += 1
        _write_value(place.cell(row, 1), sheet.back, "General", names)
    if sheet.note:
        row += 1
    return row + 1


def _write_note(place: Any, sheet: Sheet, widths: Sequence[float]) -> None:
    """Write the note across the columns of the table, in as many lines as it takes."""
    from openpyxl.styles import Alignment, Font

    if not sheet.note:
        return
    row = 1 + bool(sheet.title) + (sheet.back is not None)
    cell, columns, across = place.cell(row, 1), len(widths), sum(widths)
    while across < 80:
        columns, across = columns + 1, across + 9
    place.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)
    _write_text(cell, sheet.note)
    cell.font, cell.alignment = Font(color="5A6675", size=10), Alignment(wrap_text=True, vertical="top")
    lines = sum(max(1, math.ceil(width(line) * 1.05 / across)) for line in sheet.note.split("\n"))
    place.row_dimensions[row].height = 14.5 * lines + 3


def _write_headings(place: Any, fields: Sequence[Field], row: int, widths: list[float]) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    line = Border(bottom=Side(style="thin", color="8496A9"))
    for column, field in enumerate(fields, start=1):
        cell = place.cell(row, column)
        _write_text(cell, field.heading)
        cell.font, cell.fill, cell.border = Font(bold=True), PatternFill("solid", fgColor="DDE6F0"), line
        side = "left" if field.kind in ("text", "flag") else "right"
        indent = 1 if side == "left" and column > 1 else 0
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal=side, indent=indent)
        # a heading may take two lines before it widens its column
        widest = max((width(part) for part in field.heading.split()), default=0)
        whole = width(field.heading)
        widths[column - 1] = max(widths[column - 1], min(WIDEST, max(min(widest, 24), math.ceil(whole / 2) + 1) + 3))


def _write_value(cell: Any, value: Any, form: str, names: dict[str, str]) -> int:
    """Write a value as what it is; return how wide it is shown."""
    from openpyxl.styles import Alignment

    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, Link):
        return _write_link(cell, value, names)
    if isinstance(value, (int, float)):
        cell.number_format = form
        return _write_number(cell, value)
    if value is None or value == "":
        return 0
    text = str(value)
    _write_text(cell, text)
    widest = max(width(line) for line in text.split("\n"))
    # a text beside a number to its left would touch it
    indent = 1 if cell.column > 1 else 0
    cell.alignment = Alignment(vertical="top", wrap_text=widest > WIDEST or "\n" in text, indent=indent)
    return widest


def _write_number(cell: Any, value: float) -> int:
    if isinstance(value, float) and not math.isfinite(value):
        return 0
    # beyond so many digits spreadsheets round
    cell.value = value if abs(value) < 2**53 else str(value)
    return len(f"{value:,.0f}") + 4


def _write_text(cell: Any, text: str) -> None:
    cell.value = plain_text(text)
    # openpyxl would take a text that begins with "=" for a formula
    cell.data_type = "s"


def _write_link(cell: Any, link: Link, names: dict[str, str]) -> int:
    from openpyxl.styles import Font
    from openpyxl.worksheet.hyperlink import Hyperlink

    _write_text(cell, link.text)
    quoted = names[link.sheet].replace("'", "''")
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{quoted}'!A1", display=link.text)
    cell.font = Font(color="0563C1", underline="single")
    return width(link.text)


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


def _shade(place: Any, sheet: Sheet, rows: tuple[int, int]) -> None:
    """Shade numbers by rules of the spreadsheet, so that shades follow when a number is changed."""
    from openpyxl.formatting.rule import ColorScaleRule

    for column, field in enumerate(sheet.fields, start=1):
        if field.kind in ("count", "percent"):
            cells = f"{_letter(column)}{rows[0]}:{_letter(column)}{rows[1]}"
            scale = ColorScaleRule(start_type="min", start_color="FFFFFF", end_type="max", end_color=sheet.shade)
            place.conditional_formatting.add(cells, scale)


def _print_setup(place: Any, headings: int, across: float) -> None:
    """Fit the columns on a page, landscape where they are many, headings repeated."""
    place.page_setup.orientation = "landscape" if across > 90 else "portrait"
    place.page_setup.paperSize = place.PAPERSIZE_A4
    # a chart is not to be torn apart
    place.page_setup.fitToWidth, place.page_setup.fitToHeight = 1, int(bool(place._charts) and place.max_row <= 60)
    place.sheet_properties.pageSetUpPr.fitToPage = True
    if headings:
        place.print_title_rows = f"{headings}:{headings}"
    place.oddFooter.center.text = "&A   &P / &N"
