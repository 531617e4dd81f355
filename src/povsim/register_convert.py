"""From words to numbers: one array per register column and row of the file, NaN where a cell is blank."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from povsim.errors import Problem, nearest
from povsim.mapping import AreaMap, ColumnMap, Scalar
from povsim.register_files import Cells, Sheet
from povsim.register_plan import AREAS, Plan
from povsim.register_words import CODES, HEAD_WORDS, YES_NO

Floats = NDArray[np.float64]
WORDS_SHOWN = 5

BOUNDS: dict[str, tuple[float, float, bool]] = {
    "persons": (1, 30, True),
    **dict.fromkeys(("workers", "students", "ill", "disabled"), (0, 30, True)),
    **dict.fromkeys(
        ("wage", "business", "production_cost", "property", "transfer", "pension", "dibao"), (0, 1e8, False)
    ),
    "income_total": (-1e8, 1e9, False),
    "housing_area": (0, 2_000, False),
    "status_year": (1980, 2200, True),
    "weight": (1, 2**31 - 1, True),
    "months": (0, 12, False),
    "year": (1980, 2200, True),
    "collective_income": (-1e9, 1e10, False),
    **dict.fromkeys(("population_households", "population_persons"), (0, 2e9, True)),
}
"""Code -> least, largest possible value and whether it is a whole number; beyond them is a slip of the pen."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ENDLESS = re.compile(r"[+-]?(inf|infinity|1\.#inf)", re.IGNORECASE)
_DRESSED = re.compile(r"[¥￥$]?\s*([+-]?[\d,]+(?:\.\d+)?)\s*(元|万元|人|个月|月|平方米|平米|m2|㎡|年)?")
_SPLIT = re.compile(r"[,、;/]")
_ROUNDED_ID = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_ID_CARD = re.compile(r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]")


@dataclass
class Rows:
    """Every column of the plan as numbers, row by row, with the problems seen on the way (the state of one reading)."""

    numbers: NDArray[np.int64]
    household: Cells
    areas: dict[str, Cells] = field(default_factory=dict)
    columns: dict[str, Floats] = field(default_factory=dict)
    guarantees: dict[str, list[Floats]] = field(default_factory=dict)
    person_no: Cells | None = None
    is_head: NDArray[np.bool_] | None = None
    year: Floats | None = None
    stated_income: Floats | None = None
    blank_items: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def convert(sheet: Sheet, plan: Plan) -> Rows:
    """Turn the cells of a sheet into numbers by a plan.

    Parameters
    ----------
    sheet : Sheet
        Cells as text.
    plan : Plan
        Columns that the file lacks are left out.

    Returns
    -------
    Rows
        Arrays along the rows of the sheet; money in yuan a year (per head where the plan says so), codes and flags as
        numbers.

    Examples
    --------
    >>> from povsim.register_plan import NO_MAPPING, make_plan
    >>> cells = {1: Cells(np.array([0, 1], dtype=np.int32), np.array(["3", "4"], dtype=object))}
    >>> sheet = Sheet(("户编号", "人数"), np.array([2, 3]), cells)
    >>> convert(sheet, make_plan(sheet.headings, NO_MAPPING)).columns["persons"].tolist()
    [3.0, 4.0]
    """
    rows = Rows(numbers=sheet.rows, household=_identifiers(sheet, plan))
    rows.problems.extend(_wrong_identifiers(rows.household, rows.numbers, plan))
    for area in AREAS:
        entry = plan.areas.get(area)
        if entry is not None:
            rows.areas[area] = _area_cells(entry, sheet, plan)
            rows.problems.extend(_blank(rows.areas[area], rows.numbers, area, entry))
    for code, column in plan.columns.items():
        rows.columns[code] = _column(code, column, sheet, plan, rows)
    for term, entries in plan.guarantees:
        rows.guarantees[term.code] = [_flag(term.code, entry, sheet, plan, rows) for entry in entries]
    if plan.stated_income is not None:
        rows.stated_income = _column("income_total", plan.stated_income, sheet, plan, rows)
    _convert_roles(sheet, plan, rows)
    return rows


def within_bounds(code: str, values: Floats, where: str, numbers: NDArray[np.int64]) -> Iterator[Problem]:
    """Yield a problem for values that cannot be; NaN passes, infinities do not.

    Examples
    --------
    >>> [problem.found for problem in within_bounds("months", np.array([13.0]), "务工时间", np.array([2]))]
    ['13']
    """
    if code not in BOUNDS:
        return
    low, high, whole = BOUNDS[code]
    wrong = (values < low) | (values > high)
    if whole:
        wrong |= np.isfinite(values) & (values != np.floor(values))
    if wrong.any():
        found = ", ".join(f"{value:.12g}" for value in np.unique(values[wrong])[:WORDS_SHOWN])
        kind = "a whole number " if whole else ""
        allowed = f"{kind}from {low:.12g} to {high:.12g}"
        yield Problem(where, "impossible value", found, allowed, "correct the cells", row_numbers(numbers, wrong))


def row_numbers(numbers: NDArray[np.int64], mask: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the sheet's row numbers where a mask holds.

    Examples
    --------
    >>> row_numbers(np.array([2, 3]), np.array([False, True]))
    (3,)
    """
    return tuple(numbers[mask].tolist())


def _cells(heading: str, sheet: Sheet, plan: Plan) -> Cells:
    cells = sheet.cells.get(plan.position(heading))
    # A mapped heading that is not in the file is a problem of the plan already.
    return cells if cells is not None else Cells(np.full(sheet.rows.size, -1, np.int32), np.zeros(0, object))


def _identifiers(sheet: Sheet, plan: Plan) -> Cells:
    if plan.household is None:
        return Cells(np.full(sheet.rows.size, -1, np.int32), np.zeros(0, object))
    parts = [_cells(heading, sheet, plan) for heading in plan.household.from_]
    joined = parts[0]
    for part in parts[1:]:
        key = joined.codes.astype(np.int64) * (len(part.words) + 1) + part.codes
        key[(joined.codes < 0) | (part.codes < 0)] = -1
        seen, codes = np.unique(key, return_inverse=True)
        words = [
            f"{joined.words[pair // (len(part.words) + 1)]}-{part.words[pair % (len(part.words) + 1)]}"
            for pair in seen.tolist()
            if pair >= 0
        ]
        joined = Cells((codes - (seen[0] < 0)).astype(np.int32), np.array(words, dtype=object))
    words = [str(word).lstrip("'") for word in joined.words]
    return Cells(joined.codes, np.array(words, dtype=object))


def _wrong_identifiers(cells: Cells, numbers: NDArray[np.int64], plan: Plan) -> Iterator[Problem]:
    if plan.household is None:
        return
    where = " + ".join(plan.household.from_)
    if (cells.codes < 0).any():
        mend = "enter the household's number in each of its rows"
        yield Problem(where, "missing household number", mend=mend, rows=row_numbers(numbers, cells.codes < 0))
    rounded = np.array([bool(_ROUNDED_ID.fullmatch(word)) for word in cells.words], dtype=bool)
    if rounded.any():
        mask = _at(cells, rounded)
        mend = "format the column as text and export again"
        yield Problem(where, "number rounded by a spreadsheet", str(cells.words[rounded][0]), "all digits", mend,
                      row_numbers(numbers, mask))  # fmt: skip
    cards = sum(bool(_ID_CARD.fullmatch(word)) for word in cells.words)
    if cards > len(cells.words) / 2:
        mend = "use a household number such as 户编号"
        yield Problem(where, "identity numbers of persons stand in for household numbers", mend=mend)


def _at(cells: Cells, words: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Spread a mask over words to the rows; blanks are False."""
    return np.append(words, False)[cells.codes]


def _area_cells(entry: AreaMap, sheet: Sheet, plan: Plan) -> Cells:
    if entry.constant is not None:
        return Cells(np.zeros(sheet.rows.size, np.int32), np.array([entry.constant], dtype=object))
    cells = _cells(entry.from_[0], sheet, plan)
    names = [entry.values.get(word, word) for word in cells.words]
    index = {name: position for position, name in enumerate(dict.fromkeys(names))}
    table = np.array([*(index[name] for name in names), -1], dtype=np.int32)
    return Cells(table[cells.codes], np.array(list(index), dtype=object))


def _blank(cells: Cells, numbers: NDArray[np.int64], area: str, entry: AreaMap) -> Iterator[Problem]:
    mask = cells.codes < 0
    if mask.any():
        where = entry.from_[0]
        yield Problem(where, f"missing {area}", mend=f"enter the {area} in every row", rows=row_numbers(numbers, mask))
    unknown = [word for word in cells.words if entry.values and word not in entry.values.values()]
    if unknown:
        found, allowed = ", ".join(unknown[:WORDS_SHOWN]), ", ".join(entry.values)
        mask = _at(cells, np.isin(cells.words, unknown))
        yield Problem(entry.from_[0], "not in the value map", found, allowed, rows=row_numbers(numbers, mask))


def _column(code: str, entry: ColumnMap, sheet: Sheet, plan: Plan, rows: Rows) -> Floats:
    """Return one column; money comes out in yuan a year, per household or per head as the entry says."""
    if code == "poor_village":
        return _flag(code, entry, sheet, plan, rows)
    known = CODES.get(code, {})
    if entry.constant is not None:
        return np.full(sheet.rows.size, _constant(code, entry.constant, known, rows))
    where = " + ".join(entry.from_)
    if entry.transform == "sum":
        items = np.array([_read(heading, entry, known, sheet, plan, rows) for heading in entry.from_])
        blank = np.isnan(items)
        rows.blank_items[code] = int((blank.any(axis=0) & ~blank.all(axis=0)).sum())
        values = np.where(blank.all(axis=0), np.nan, np.where(blank, 0.0, items).sum(axis=0))
    else:
        values = _transformed(_read(entry.from_[0], entry, known, sheet, plan, rows), entry)
    values = values * entry.money_factor()
    if code == "status_year":
        values = np.where(values == 0, np.nan, values)
    rows.problems.extend(within_bounds(code, values, where, rows.numbers))
    return values


def _constant(code: str, constant: Scalar, known: dict[str, int], rows: Rows) -> float:
    if not isinstance(constant, str):
        return float(constant)
    if constant in known:
        return float(known[constant])
    allowed, mend = (", ".join(known) or "a number"), nearest(constant, known)
    rows.problems.append(Problem(f"mapping: columns.{code}.constant", "unknown word", constant, allowed, mend))
    return np.nan


def _transformed(values: Floats, entry: ColumnMap) -> Floats:
    if entry.factor is not None:
        return values * entry.factor.value
    if entry.subtract is not None:
        # Overflow gives infinity, which the bounds then report with its rows.
        with np.errstate(over="ignore"):
            return np.maximum(np.exp(values) - entry.subtract.value, 0.0)
    if entry.threshold is not None:
        return np.where(np.isnan(values), np.nan, (values >= entry.threshold.value).astype(np.float64))
    return values


def _flag(code: str, entry: ColumnMap, sheet: Sheet, plan: Plan, rows: Rows) -> Floats:
    """Return a yes/no column as 1 and 0, NaN where blank."""
    if entry.constant is not None:
        yes: Scalar = entry.constant
        values = np.full(sheet.rows.size, float(YES_NO[yes] if isinstance(yes, str) and yes in YES_NO else bool(yes)))
    elif entry.transform == "at_least":
        values = _transformed(_read(entry.from_[0], entry, {}, sheet, plan, rows), entry)
    else:
        known = {word: int(bool(value)) for word, value in (entry.values or YES_NO).items()}
        values = _looked_up(_cells(entry.from_[0], sheet, plan), known.get, known, entry.from_[0], rows)
    return 1.0 - values if entry.reversed else values


def _read(heading: str, entry: ColumnMap, known: dict[str, int], sheet: Sheet, plan: Plan, rows: Rows) -> Floats:
    cells = _cells(heading, sheet, plan)
    if entry.values:
        scalars = {word: _scalar(value, known) for word, value in entry.values.items()}
        table = {word: value for word, value in scalars.items() if value is not None}
        wrong = [str(entry.values[word]) for word, value in scalars.items() if value is None]
        if wrong:
            allowed, mend = ", ".join(known), nearest(wrong[0], known)
            rows.problems.append(Problem(f"mapping: {heading}", "unknown word in values", wrong[0], allowed, mend))
        return _looked_up(cells, table.get, table, heading, rows)
    if known:
        return _looked_up(cells, known.get, known, heading, rows)
    return _numbers(cells, heading, rows)


def _scalar(value: Scalar, known: dict[str, int]) -> float | None:
    if isinstance(value, str):
        return known.get(value)
    return float(value)


def _looked_up(
    cells: Cells, look: Callable[[str], float | None], known: dict[str, float] | dict[str, int], where: str, rows: Rows
) -> Floats:
    """Look every distinct word up; several words in one cell give the largest of their values."""
    table, unknown = np.full(len(cells.words) + 1, np.nan), np.zeros(len(cells.words), dtype=bool)
    for position, word in enumerate(cells.words):
        values = [look(word) if look(word) is not None else look(word.lower())]
        if values[0] is None:
            values = [look(part.strip()) for part in _SPLIT.split(word) if part.strip()]
        clear = [value for value in values if value is not None]
        unknown[position] = not clear or len(clear) < len(values)
        table[position] = np.nan if unknown[position] else max(clear)
    mask = _at(cells, unknown)
    if mask.any():
        words = [str(word) for word in cells.words[unknown]][:WORDS_SHOWN]
        mend = "; ".join(f"'{word}': {near}" for word in words if (near := nearest(word, known)))
        # To a reader of Chinese words the list in Chinese is enough; the codes of the vocabulary are words too.
        same_script = [word for word in known if not word.isascii()] if not words[0].isascii() else []
        allowed = ", ".join((same_script or list(known))[:60])
        rows.problems.append(
            Problem(where, "unknown word", ", ".join(words), allowed, mend, row_numbers(rows.numbers, mask))
        )
    return table[cells.codes]


def _numbers(cells: Cells, where: str, rows: Rows) -> Floats:
    """Read numbers; text in their place and infinities are problems of their own."""
    clear = np.array([bool(_NUMBER.fullmatch(word)) for word in cells.words], dtype=bool)
    endless = np.array([bool(_ENDLESS.fullmatch(word)) for word in cells.words], dtype=bool)
    table = np.full(len(cells.words) + 1, np.nan)
    table[:-1][clear] = [float(word) for word in cells.words[clear]]
    endless[clear] |= np.isinf(table[:-1][clear])
    for words, what in ((endless, "not a finite number"), (~clear & ~endless, "text in a column of numbers")):
        mask = _at(cells, words)
        if mask.any():
            shown = [str(word) for word in cells.words[words]][:WORDS_SHOWN]
            mend = "; ".join(_undressed(word) for word in shown if _DRESSED.fullmatch(word))
            mend = mend or "enter a number, or leave the cell blank"
            found = ", ".join(f"'{word}'" for word in shown)
            rows.problems.append(Problem(where, what, found, "a number", mend, row_numbers(rows.numbers, mask)))
    table[:-1][endless] = np.nan
    return table[cells.codes]


def _undressed(word: str) -> str:
    found = _DRESSED.fullmatch(word)
    number = found[1].replace(",", "") if found else word
    unit = f" and put {found[2]} into the heading" if found and found[2] else ""
    return f"'{word}' should read {number}{unit}"


def _convert_roles(sheet: Sheet, plan: Plan, rows: Rows) -> None:
    roles = plan.roles
    if "months" in roles:
        months = _numbers(_cells(roles["months"], sheet, plan), roles["months"], rows)
        rows.problems.extend(within_bounds("months", months, roles["months"], rows.numbers))
    if "year" in roles:
        rows.year = _numbers(_cells(roles["year"], sheet, plan), roles["year"], rows)
        rows.problems.extend(within_bounds("year", rows.year, roles["year"], rows.numbers))
    if plan.grain == "person" and "person_no" in roles:
        rows.person_no = _cells(roles["person_no"], sheet, plan)
    if plan.grain == "person" and "relation" in roles:
        relation = _cells(roles["relation"], sheet, plan)
        rows.is_head = _at(relation, np.array([word.lower() in HEAD_WORDS for word in relation.words], dtype=bool))
