"""Small tables that users fill in (CSV, Excel, data frames): read safely, cells cleaned, every slip with its place."""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.utils.cell import get_column_letter, range_boundaries

from povsim.errors import InputError, Problem
from povsim.register_files import BLANKS, ENCODINGS, HEADING_ROWS, READ_ERRORS, clean_word

Cell = str | int | float | None
"""Cleaned text, a number, or None for a blank. A formula is text from ``=`` on, a percentage text up to ``%``."""
Row = tuple[int, tuple[Cell, ...]]
"""Number of a row as a spreadsheet shows it, and its cells."""
Wanted = Callable[[str], bool]
KINDS = (".csv", ".txt", ".tsv", ".xlsx")
LAST_ROW = 1_048_576
"""Rows of a sheet, blank ones too."""
LARGEST = 1e30
"""Numbers beyond are none that anything is measured in, and do not fit the arrays."""
SHOWN = 10
"""At most this many cell addresses are named in one problem."""
DAMAGED = (
    *READ_ERRORS,
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
)
"""Damaged workbooks make the reader fail in every way there is."""
SAVE = "save it as .xlsx or as CSV UTF-8"
_DOCTYPES = tuple("<!DOCTYPE".encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be"))
_LITERAL = re.compile(r'"[^"]*"|\\.')
"""What a number format shows as it stands."""
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?\bref=[\"']([A-Z]+[0-9]+:[A-Z]+[0-9]+)[\"']")
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?)(?:[eE][+-]?[0-9]+)?"
)


@dataclass(frozen=True)
class TableLimits:
    """How much one sheet may hold; ``unpacked`` is the size in MB of a workbook without its compression."""

    megabytes: float = 10
    unpacked: float = 200
    rows: int = 200_000
    columns: int = 300
    cells: int = 5_000_000


SMALL = TableLimits()


@dataclass(frozen=True)
class Grid:
    """A sheet: its rows without blank ones, each up to its last cell that is filled, and the ranges that are merged."""

    name: str
    rows: tuple[Row, ...]
    merged: tuple[str, ...] = ()
    workbook: bool = True

    def address(self, row: int, place: int, name: str) -> str:
        """Return where a cell is: ``D5`` in a workbook, ``row 5, points`` in a text file, which shows no letters."""
        return f"{get_column_letter(place + 1)}{row}" if self.workbook else f"row {row}, {name}"

    def merged_in(self, first: int, last: int = LAST_ROW) -> tuple[str, ...]:
        """Return the merged ranges that touch some rows, from left to right."""
        bounds = sorted((range_boundaries(ref), ref) for ref in self.merged)
        return tuple(ref for (_, top, _, bottom), ref in bounds if bottom >= first and top <= last)


@dataclass(frozen=True)
class SmallTable:
    """A sheet with a heading, and what is wrong with its cells, for the reader of the table to add to its own.

    Rows have as many cells as there are headings. Cells of a text file are text even where they hold numbers: see
    `number_in`. Words for a missing value are blanks, and blank rows are left out.
    """

    source: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    heading_row: int = 1
    problems: tuple[Problem, ...] = ()


def read_grids(
    path: str | Path, *, limits: TableLimits = SMALL, sheets: Sequence[str] | None = None
) -> tuple[Grid, ...]:
    r"""Read the visible sheets of a workbook, or a text file as one sheet.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.txt`` or ``.tsv`` (UTF-8 with or without BOM, GB18030; separated by commas, semicolons or tabs), or
        ``.xlsx``.
    limits : TableLimits
        Sizes beyond which the file is refused.
    sheets : sequence of str, optional
        Names of the one sheet to read, the first that there is; where there is none of them, the first sheet.

    Returns
    -------
    tuple of Grid
        None for a workbook without sheets of cells.

    Raises
    ------
    InputError
        No such file, another kind of file, macros, too large, in no known encoding, damaged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text("a,１６ \n\n,98％\n", encoding="gb18030")
    ...     read_grids(file)[0].rows
    ((1, ('a', '16')), (3, (None, '98%')))
    """
    path = Path(path)
    kind = path.suffix.lower()
    _check_file(path, kind, limits)
    try:
        return _read_workbook(path, limits, sheets) if kind == ".xlsx" else (_read_text(path, limits),)
    except InputError:
        raise
    except DAMAGED as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        mend = "open it in the spreadsheet program and save it again as .xlsx, without a password"
        raise InputError(path.name, [Problem("file", f"cannot be read as {kind}", reason, mend=mend)]) from None


def read_small_table(
    path: str | Path, *, limits: TableLimits = SMALL, sheets: Sequence[str] = (), wanted: Wanted | None = None
) -> SmallTable:
    r"""Read a table from a file.

    Parameters
    ----------
    path, limits, sheets
        See `read_grids`.
    wanted : callable, optional
        Says of a cleaned text whether it is a heading: the heading is then the row with most of them among the first
        ten rows. Without it, or where no row has any, the first row that is not blank.

    Returns
    -------
    SmallTable
        Headings, rows with their numbers, and the slips found in the cells.

    Raises
    ------
    InputError
        As `read_grids`; and the sheet is empty.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text("单位,值\n\n甲镇,９８％\n", encoding="gb18030")
    ...     table = read_small_table(file)
    >>> table.headings, table.rows
    (('单位', '值'), ((3, ('甲镇', '98%')),))
    """
    path = Path(path)
    grids = read_grids(path, limits=limits, sheets=sheets)
    return _table(path.name, grids[0] if grids else Grid("", ()), wanted)


def table_of_frame(frame: pd.DataFrame, source: str = "table", *, limits: TableLimits = SMALL) -> SmallTable:
    """Return a data frame as the table a file with the same content would give; its index is left out.

    Examples
    --------
    >>> import pandas as pd
    >>> table_of_frame(pd.DataFrame({"unit": ["A"], "value": [0.5], "note": [None]})).rows
    ((2, ('A', 0.5, None)),)
    """
    body = frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)
    lines = chain([tuple(frame.columns)], ([_plain(value) for value in row] for row in body))
    return _table(source, Grid(source, _rows(source, lines, limits)), None)


def number_in(cell: Cell, *, largest: float = LARGEST) -> tuple[float, bool] | None:
    """Return the number that a cell holds and whether it is written in per cent, or nothing where it holds none.

    Examples
    --------
    >>> number_in("98.5%"), number_in("1,234"), number_in(7), number_in("about 7"), number_in("nan")
    ((0.985, True), (1234.0, False), (7.0, False), None, None)
    """
    if not isinstance(cell, str):
        return (float(cell), False) if cell is not None and abs(cell) <= largest else None
    percent = cell.endswith("%")
    text = cell.removesuffix("%").strip().replace("\N{MINUS SIGN}", "-")
    number = float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None
    if number is None or abs(number) > largest:
        return None
    # Division, rather than a product with 0.01, gives the share that would have been written.
    return (number / 100, True) if percent else (number, False)


def text_in(cell: Cell) -> str:
    """Return a cell as text: a whole number without its decimal point, a blank as no text.

    Examples
    --------
    >>> text_in(2016.0), text_in("甲镇"), text_in(None)
    ('2016', '甲镇', '')
    """
    return cell if isinstance(cell, str) else "" if cell is None else clean_word(str(cell))


def _check_file(path: Path, kind: str, limits: TableLimits) -> None:
    if not path.is_file():
        raise InputError(path.name, [Problem("file", "does not exist")])
    if kind not in KINDS:
        what = "holds macros, which are not read" if kind in (".xlsm", ".xltm") else "unknown kind of file"
        raise InputError(path.name, [Problem("file", what, kind, ", ".join(KINDS), SAVE)])
    _at_most(path.name, path.stat().st_size / 1e6, limits.megabytes, "is too large", "MB")


def _at_most(source: str, found: float, allowed: float, what: str, unit: str) -> None:
    if found > allowed:
        shown = f"{found:,}" if isinstance(found, int) else f"{found:.4g}"
        raise InputError(source, [Problem("file", what, f"{shown} {unit}", f"at most {allowed:,g} {unit}")])


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _cleaned(value: object) -> Cell:
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return None if value is None or value != value else value
    return clean_word("true" if value is True else "false" if value is False else str(value)) or None


def _meant(cell: Cell) -> Cell:
    """Return a cell as its writer means it: words for a missing value as blanks, guarded cells of ours unguarded."""
    if not isinstance(cell, str):
        return cell
    text = cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell
    return None if text.lower() in BLANKS else text


def _rows(source: str, lines: Iterable[Sequence[object]], limits: TableLimits) -> tuple[Row, ...]:
    # Words come again and again; 1, 1.0 and true are not the same word.
    clean = lru_cache(maxsize=None, typed=True)(_cleaned)
    rows: list[Row] = []
    count = 0
    for at, line in enumerate(lines, start=1):
        _at_most(source, at, LAST_ROW, "has too many rows", "rows")
        cells = tuple(map(clean, line))
        if width := _filled(cells):
            count += width
            rows.append((at, cells[:width]))
            _at_most(source, len(rows), limits.rows, "has too many rows", "rows")
            _at_most(source, width, limits.columns, "has too many columns", "columns")
            _at_most(source, count, limits.cells, "has too many cells", "cells")
    return tuple(rows)


def _filled(cells: Sequence[Cell]) -> int:
    """Return how many cells there are up to the last one that is not blank."""
    return next((place for place in range(len(cells), 0, -1) if cells[place - 1] is not None), 0)


def _table(source: str, grid: Grid, wanted: Wanted | None) -> SmallTable:
    meant = lru_cache(maxsize=None, typed=True)(_meant)
    rows = [(at, tuple(map(meant, cells))) for at, cells in grid.rows]
    rows = [(at, cells) for at, cells in rows if any(cell is not None for cell in cells)]
    if not rows:
        raise InputError(source, [Problem("file", "is empty")])
    first = _heading_at([cells for at, cells in rows if at <= HEADING_ROWS], wanted)
    (top, heading), body = rows[first], rows[first + 1 :]
    headings = tuple(text_in(cell) for cell in heading[: _filled(heading)])
    beyond = tuple(at for at, cells in body if _filled(cells) > len(headings))
    padded = tuple((at, (cells + (None,) * len(headings))[: len(headings)]) for at, cells in body)
    return SmallTable(source, headings, padded, top, tuple(_slips(grid, top, headings, beyond)))


def _heading_at(rows: Sequence[Sequence[Cell]], wanted: Wanted | None) -> int:
    scores = [sum(wanted(text_in(cell)) for cell in row) if wanted else 0 for row in rows]
    return scores.index(max(scores)) if scores else 0


def _slips(grid: Grid, top: int, headings: Sequence[str], beyond: tuple[int, ...]) -> Iterator[Problem]:
    for name in dict.fromkeys(name for name in headings if name and headings.count(name) > 1):
        yield Problem(name, "heading is given twice", f"{headings.count(name)} columns")
    formulas = {
        f"{get_column_letter(place)}{at}": at
        for at, cells in grid.rows
        for place, cell in enumerate(cells, start=1)
        if at >= top and isinstance(cell, str) and cell.startswith("=")
    }
    if formulas:
        rows, mend = tuple(dict.fromkeys(formulas.values())), "copy the cells and paste them as values"
        yield Problem("cells", "formulas are not read", _some([*formulas]), "values", mend, rows)
    if beyond:
        mend = "a comma inside a cell needs quotes around the cell"
        yield Problem("cells", "rows reach beyond the headings", "", f"{len(headings)} columns", mend, beyond)
    # Titles above the table may be merged.
    if inside := grid.merged_in(top):
        rows, one = tuple(sorted({int(range_boundaries(name)[1]) for name in inside})), "one value in each cell"
        yield Problem("cells", "merged cells are not read", _some(inside), one, "unmerge them", rows)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _read_text(path: Path, limits: TableLimits) -> Grid:
    raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    for encoding in ENCODINGS:
        with suppress(UnicodeDecodeError):
            text = raw.decode(encoding)
            break
    else:
        raise InputError(path.name, [Problem("file", "is in no known encoding", "", ", ".join(ENCODINGS), SAVE)])
    first = "".join(islice(io.StringIO(text, newline=""), HEADING_ROWS))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=first.count))
    return Grid(path.name, _rows(path.name, rows, limits), workbook=False)


def _read_workbook(path: Path, limits: TableLimits, sheets: Sequence[str] | None) -> tuple[Grid, ...]:
    # From memory: a reader that fails half-way leaves no file open.
    raw = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(raw) as archive:
        _check_parts(path.name, archive, limits)
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions, none of which touch a value.
            warnings.simplefilter("ignore")
            # Formulas are wanted as such: a result kept from the last time may be out of date.
            book = openpyxl.load_workbook(raw, read_only=True, data_only=False, keep_links=False)
            try:
                pages = [page for page in book.worksheets if page.sheet_state == "visible"] or book.worksheets
                return tuple(_sheet(path.name, page, archive, limits) for page in _chosen(pages, sheets))
            finally:
                book.close()


def _chosen(pages: Sequence[Any], sheets: Sequence[str] | None) -> Sequence[Any]:
    if sheets is None:
        return pages
    named = {page.title.strip().lower(): page for page in pages}
    return [*(named[name.lower()] for name in sheets if name.lower() in named), *pages][:1]


def _check_parts(source: str, archive: zipfile.ZipFile, limits: TableLimits) -> None:
    """Refuse what would unfold beyond measure, what runs, and what declares entities of its own."""
    parts = archive.infolist()
    _at_most(source, sum(item.file_size for item in parts) / 1e6, limits.unpacked, "is too large once unpacked", "MB")
    if any(item.filename.lower().endswith("vbaproject.bin") for item in parts):
        raise InputError(source, [Problem("file", "holds macros, which are not read", "", "no macros", SAVE)])
    for item in parts:
        # Spreadsheets never declare a document type; text in a cell cannot look like one, its < is written &lt;.
        # Parts of any name: a workbook may say of each that it is a sheet.
        if any(map(archive.read(item).__contains__, _DOCTYPES)):
            what = "holds a document type declaration, which spreadsheets do not write"
            raise InputError(source, [Problem("file", what, item.filename, mend=SAVE)])


def _sheet(source: str, page: Any, archive: zipfile.ZipFile, limits: TableLimits) -> Grid:
    # The size that a sheet claims can be anything.
    page.reset_dimensions()
    rows = _rows(source, ([_excel_value(cell) for cell in row] for row in page.iter_rows()), limits)
    merged = _MERGED.findall(archive.read(page._worksheet_path.lstrip("/")))
    return Grid(page.title, rows, tuple(ref.decode() for ref in merged))


def _excel_value(cell: Any) -> object:
    value = cell.value
    if cell.data_type == "f":
        # Formulas over a range come as objects with a text of their own; data tables have none.
        return str(getattr(value, "text", value if isinstance(value, str) else "="))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    # A whole number too large for any cell fails here.
    share = float(value)
    return f"{100 * share:.15g}%" if "%" in _LITERAL.sub("", cell.number_format) else value
