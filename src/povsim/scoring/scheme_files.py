"""Tables of weights that planners edit in a spreadsheet: written with their checks, read with every slip named."""

from __future__ import annotations

import csv
import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from povsim.errors import InputError, Problem, nearest
from povsim.figures import number, unit_name
from povsim.register_files import HEADING_ROWS, clean_word
from povsim.scoring.scheme_lines import SchemeLine
from povsim.scoring.small_tables import Cell, Grid, Row, TableLimits, number_in, read_grids, text_in
from povsim.staging import replaced
from povsim.terms import Language
from povsim.wording import Wording, wording

COLUMNS = ("code", "group", "name", "points", "original", "locked", "target", "rule", "unit", "departments")
EDITED = ("points", "locked")
NEEDED = ("code", "points")
READ = (*NEEDED, "locked")
WIDEST = {"target": 30, "rule": 60, "name": 40, "departments": 30}
"""Columns of text are wrapped at these widths; the others are as wide as their longest cell."""
BETWEEN = {"zh": "、", "en": "; "}
LIMITS = TableLimits(unpacked=60, rows=2_000, columns=50)
LANGUAGES: tuple[Language, Language] = ("zh", "en")
YES = frozenset({"是", "yes", "y", "true", "1", "√", "✓", "锁定", "locked"})
NO = frozenset({"", "否", "no", "n", "false", "0", "-", "×"})
INK = {"light": "FFF2CC", "grey": "EDEDED", "red": "F8CBAD"}


@dataclass(frozen=True)
class Title:
    """What stands above a table: code and names of the scheme, code of its scorecard, points in all."""

    code: str
    name_zh: str
    name_en: str
    scorecard: str
    total_points: float


@dataclass(frozen=True)
class FilePoints:
    """What a table says: points and locks by code, the cell that says so, and everything wrong.

    ``locked`` is None where the table has no such column; ``column`` is where the points stand.
    """

    points: Mapping[str, float]
    locked: Mapping[str, bool] | None
    where: Mapping[str, str]
    column: str
    problems: tuple[Problem, ...]


Rows = dict[str, Row]
V = TypeVar("V", float, bool)


def write_csv(path: Path, lines: Sequence[SchemeLine], *, lang: Language) -> None:
    """Write a table as CSV (UTF-8 with BOM, so that spreadsheets know it)."""
    _check_name(path, ".csv")
    say = wording(lang, "schemes")
    with replaced(path) as part, part.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([say(f"column.{name}") for name in COLUMNS])
        for line in lines:
            writer.writerow([_guarded(value) for value in _row(line, say)])


def _check_name(path: Path, kind: str) -> None:
    if path.suffix.lower() != kind:
        raise InputError(str(path), [Problem("file", "has another ending", path.suffix or "none", kind)])


def _row(line: SchemeLine, say: Wording) -> list[str | float]:
    lang = say.lang
    return [
        line.code,
        line.text("group", lang) or line.group,
        line.text("name", lang),
        line.points,
        line.original_points,
        say("yes" if line.locked else "no"),
        line.text("target", lang),
        line.text("rule", lang),
        unit_name(line.unit, lang),
        BETWEEN[lang].join(line.departments),
    ]


def _guarded(value: str | float) -> str | float:
    if isinstance(value, str):
        # late: all that assumptions rest on would come with it, which who only reads or moves points does not need
        from povsim.assumptions import harmless

        return harmless(str(ILLEGAL_CHARACTERS_RE.sub("", value)))
    return int(value) if value == int(value) else value


def write_excel(path: Path, lines: Sequence[SchemeLine], title: Title, *, lang: Language) -> None:
    """Write a table as a workbook: title, heading that stays in view, the table, and below it the sum as a formula.

    Only points and locks can be changed while the sheet is protected; the protection has no password.
    """
    _check_name(path, ".xlsx")
    say = wording(lang, "schemes")
    book = Workbook()
    page = book.active
    page.title = say("sheet")
    name = title.name_zh if lang == "zh" else title.name_en
    page.append([_guarded(say("title", name=name, code=title.code, scorecard=title.scorecard))])
    page.append([say("help", total=number(title.total_points))])
    page.append([say(f"column.{name}") for name in COLUMNS])
    for line in lines:
        page.append([_guarded(value) for value in _row(line, say)])
    first, last = 4, 3 + len(lines)
    if lines:
        _sum_row(page, (first, last), title.total_points, say)
        _checks(page, (first, last), say)
    _dress(page, last, lines)
    with replaced(path) as part:
        book.save(part)


def _letter(name: str) -> str:
    return str(get_column_letter(COLUMNS.index(name) + 1))


def _sum_row(page: Any, rows: tuple[int, int], total: float, say: Wording) -> None:
    first, last = rows
    page[f"{_letter('name')}{last + 1}"] = say("sum")
    for name in ("points", "original"):
        letter = _letter(name)
        page[f"{letter}{last + 1}"] = f"=SUM({letter}{first}:{letter}{last})"
    cell = f"{_letter('points')}{last + 1}"
    red = PatternFill("solid", start_color=INK["red"], end_color=INK["red"])
    page.conditional_formatting.add(cell, FormulaRule(formula=[f"ABS({cell}-{total!r})>0.000001"], fill=red))


def _checks(page: Any, rows: tuple[int, int], say: Wording) -> None:
    first, last = rows
    points = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0", allow_blank=False)
    locked = DataValidation(type="list", formula1=f'"{say("yes")},{say("no")}"', allow_blank=True)
    for name, check in (("points", points), ("locked", locked)):
        check.error, check.errorTitle, check.showErrorMessage = say(f"check.{name}"), say(f"column.{name}"), True
        check.add(f"{_letter(name)}{first}:{_letter(name)}{last}")
        page.add_data_validation(check)


def _dress(page: Any, last: int, lines: Sequence[SchemeLine]) -> None:
    light, grey = (PatternFill("solid", start_color=INK[ink], end_color=INK[ink]) for ink in ("light", "grey"))
    thin, figures = Side(style="thin", color="BFBFBF"), _figure_format(lines)
    page["A1"].font = Font(bold=True, size=13)
    for at, row in enumerate(page.iter_rows(min_row=3, max_row=last + bool(lines), max_col=len(COLUMNS)), start=3):
        for name, cell in zip(COLUMNS, row, strict=True):
            free = name in EDITED and 3 < at <= last
            cell.fill, cell.protection = light if free else grey, Protection(locked=not free)
            cell.border = Border(top=thin, bottom=thin, left=thin, right=thin)
            cell.alignment = Alignment(vertical="center", wrap_text=name in WIDEST)
            cell.font = Font(bold=at == 3 or at > last)
            if name in ("points", "original"):
                cell.number_format = figures
    page.freeze_panes = "A4"
    for place, name in enumerate(COLUMNS, start=1):
        cells = [page.cell(at, place).value for at in range(3, last + 1)]
        page.column_dimensions[get_column_letter(place)].width = _width(name, cells)
    allowed = dict.fromkeys(("formatColumns", "formatRows", "formatCells"), False)
    for key, value in {"sheet": True, **allowed}.items():
        setattr(page.protection, key, value)


def _figure_format(lines: Sequence[SchemeLine]) -> str:
    """Return the number format of points: re-based points have no end of decimals, of which two are shown."""
    points = [value for line in lines for value in (line.points, line.original_points)]
    return "General" if all(round(value, 2) == value for value in points) else "0.00"


def _width(name: str, cells: Sequence[object]) -> float:
    longest = max((_columns_wide(str(cell)) for cell in cells if not isinstance(cell, float)), default=0)
    return min(max(longest, 8), WIDEST.get(name, 40)) + 2


def _columns_wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "FW" else 1 for sign in text)


def read_points(path: Path, codes: Sequence[str]) -> FilePoints:
    """Read points and locks from a table.

    Parameters
    ----------
    path : Path
        ``.xlsx`` or a text file, headings in Chinese or English, titles above them allowed. Of the columns only code,
        points and locked are read. A row whose code is blank is the sum, or a remark.
    codes : sequence of str
        Codes the table has to hold.

    Returns
    -------
    FilePoints
        Points of the rows that are in order, and the problems of the others; sums are for the caller to check.

    Raises
    ------
    InputError
        The file cannot be read at all, or holds no such table, or several.
    """
    grid, at = _table(path, read_grids(path, limits=LIMITS))
    top, heading = grid.rows[at]
    places = {name: place for place, name in enumerate(_names(heading)) if name in READ}
    rows, problems = _by_code(grid, at, places, codes)
    last = max((row for row, _ in rows.values()), default=top)
    if merged := grid.merged_in(top, last):
        problems.append(Problem("cells", "merged cells are not read", ", ".join(merged), mend="unmerge them"))
    where = {code: grid.address(row, places["points"], "points") for code, (row, _) in rows.items()}
    points = _column(rows, places["points"], lambda cell, code: _points(cell, where[code]), problems)
    locked = None
    if "locked" in places:
        at_lock = {code: grid.address(row, places["locked"], "locked") for code, (row, _) in rows.items()}
        locked = _column(rows, places["locked"], lambda cell, code: _locked(cell, at_lock[code]), problems)
    return FilePoints(points, locked, where, _span(grid, list(where.values())), tuple(problems))


def _span(grid: Grid, places: Sequence[str]) -> str:
    return f"{places[0]}:{places[-1]}" if grid.workbook and places else "points"


def _at(cells: Sequence[Cell], place: int) -> Cell:
    return cells[place] if place < len(cells) else None


def _number(cell: Cell) -> tuple[float, bool] | None:
    # The comma of 1,000 might stand for a decimal point.
    return None if isinstance(cell, str) and "," in cell else number_in(cell, largest=math.inf)


def _by_code(grid: Grid, at: int, places: Mapping[str, int], codes: Sequence[str]) -> tuple[Rows, list[Problem]]:
    """Return the first row of each code, and the problems of the codes.

    Rows without a code are the sum, our own or typed in by hand, or remarks.
    """
    rows: Rows = {}
    problems = []
    nameless = []
    for row, cells in grid.rows[at + 1 :]:
        code = text_in(_at(cells, places["code"]))
        where = grid.address(row, places["code"], "code")
        if not code:
            found = _number(_at(cells, places["points"]))
            nameless += [row] if found and not found[1] else []
        elif code not in codes:
            mend = nearest(code, codes) or "delete the row; a remark leaves the code blank"
            problems.append(Problem(where, "unknown indicator", code, mend=mend))
        elif code in rows:
            first = f"{code}, first in row {rows[code][0]}"
            problems.append(Problem(where, "indicator is given twice", first, mend="keep one"))
        else:
            rows[code] = (row, cells)
    missing = [code for code in codes if code not in rows]
    if missing:
        mend = "give them a row each" + (", or the rows with points and no code their code" if nameless else "")
        problems.append(Problem("code", "indicators are missing", ", ".join(missing), mend=mend, rows=tuple(nameless)))
    return rows, problems


def _column(rows: Rows, place: int, parse: Callable[[Cell, str], V | Problem], problems: list[Problem]) -> dict[str, V]:
    """Return a column's values by code, leaving those out that are wrong."""
    values: dict[str, V] = {}
    for code, (_, cells) in rows.items():
        value = parse(_at(cells, place), code)
        if isinstance(value, Problem):
            problems.append(value)
        else:
            values[code] = value
    return values


def _points(cell: Cell, where: str) -> float | Problem:
    text, found = text_in(cell), _number(cell)
    if not text:
        return Problem(where, "points are blank", allowed="a number of 0 or more")
    if text.startswith("="):
        return Problem(where, "points are a formula", text, "a number", "copy the cell and paste it as a value")
    if found is None:
        return Problem(where, "points are not a number", text, "a number of 0 or more")
    points, percent = found
    if percent:
        mend = f"format the cell as a number, and enter {100 * points:g} if that many points are meant"
        return Problem(where, "points are in per cent", f"{text}, which is {points:g}", "a number of points", mend)
    return points


def _locked(cell: Cell, where: str) -> bool | Problem:
    text = text_in(cell)
    if text.lower() in YES | NO:
        return text.lower() in YES
    what = "lock is a formula" if text.startswith("=") else "lock is neither yes nor no"
    return Problem(where, what, text, "yes or no, 是 or 否, or blank")


@cache
def _headings() -> Mapping[str, str]:
    """Return the names of columns by what their headings say in either language."""
    known = {_heading(wording(lang, "schemes")(f"column.{name}")): name for lang in LANGUAGES for name in COLUMNS}
    return {**known, **{name: name for name in COLUMNS}}


def _heading(text: str) -> str:
    return "".join(clean_word(text).lower().split())


def _names(cells: Sequence[Cell]) -> list[str]:
    return [_headings().get(_heading(text_in(cell)), "") for cell in cells]


def _heading_row(grid: Grid) -> int | None:
    """Return which row is the heading: among the first, that with most headings, and a needed one among them."""
    found = [(_names(cells), place) for place, (row, cells) in enumerate(grid.rows) if row <= HEADING_ROWS]
    scores = {place: len(set(names) - {""}) for names, place in found if set(names) & set(NEEDED)}
    return max(scores, key=lambda place: (scores[place], -place)) if scores else None


def _table(path: Path, grids: Sequence[Grid]) -> tuple[Grid, int]:
    """Return the one sheet that has the table, and which of its rows is the heading."""
    tables = [(grid, at) for grid in grids if (at := _heading_row(grid)) is not None]
    words = " or ".join(", ".join(wording(lang, "schemes")(f"column.{name}") for name in NEEDED) for lang in LANGUAGES)
    if not tables:
        what = f"no heading with the columns needed in the first {HEADING_ROWS} rows"
        raise InputError(path.name, [Problem("heading", what, allowed=words)])
    if len(tables) > 1:
        found = ", ".join(grid.name for grid, _ in tables)
        mend = "keep one, and hide or delete the others"
        raise InputError(path.name, [Problem("sheets", "several hold a table of points", found, "one", mend)])
    grid, at = tables[0]
    names = _names(grid.rows[at][1])
    problems = [Problem(name, "heading is missing", allowed=words) for name in NEEDED if name not in names]
    problems += [Problem(name, "heading is given twice", mend="keep one") for name in READ if names.count(name) > 1]
    if problems:
        raise InputError(path.name, problems)
    return grid, at
