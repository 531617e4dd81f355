"""The cells of a panel file as grids of households by waves; everything wrong with them is gathered on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from povsim.errors import InputError, Problem, nearest
from povsim.panel_schema import Flag, PanelMapping, UnitLabel, UnitNumber
from povsim.register_files import Cells, Sheet, clean_word, read_sheet

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
WORDS_SHOWN = 8
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
"""Commas between thousands; any other comma may be a decimal point, and is told."""
HEADINGS_SHOWN = 60


@dataclass(frozen=True)
class Table:
    """Rows of a panel file: cells by heading, row numbers as a spreadsheet shows them, household and wave of each row.

    ``wave`` is -1 throughout in a wide file. ``problems`` grows while columns are read.
    """

    cells: dict[str, Cells]
    rows: npt.NDArray[np.int64]
    unit: Ints
    names: tuple[str, ...]
    wave: Ints
    waves: tuple[str, ...]
    problems: list[Problem] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """Households and waves."""
        return len(self.names), len(self.waves)


def read_table(path: Path, mapping: PanelMapping) -> Table:
    """Read the mapped columns of a panel file.

    Parameters
    ----------
    path : Path
        CSV, Excel or Parquet.
    mapping : PanelMapping
        Which headings are wanted; no other column leaves the file.

    Raises
    ------
    InputError
        Headings that are missing or stand twice, households without a name, unknown waves, rows given twice.
    """
    sheet = read_sheet(path, wanted=_wanted(mapping).__contains__)
    cells = _by_heading(sheet, mapping, path.name)
    problems = list(sheet.problems)
    kept = _kept(cells, sheet.rows, mapping, problems)
    rows, cells = sheet.rows[kept], {name: column.take(kept) for name, column in cells.items()}
    unit, names = _units(cells[mapping.unit.from_], rows, problems)
    wave = np.full(rows.size, -1, dtype=np.intp)
    if mapping.wave is not None:
        wave = _waves(cells[mapping.wave.from_], rows, list(mapping.years), problems)
    table = Table(cells, rows, unit, names, wave, tuple(mapping.years), problems)
    if not names:
        problems.append(Problem("keep", "no household is left", mend="look at the words under keep.values"))
    _no_row_twice(table, problems)
    if problems:
        raise InputError(path.name, problems)
    return table


def _wanted(mapping: PanelMapping) -> set[str]:
    named = {mapping.unit.from_, *mapping.keep.values}
    named |= {mapping.wave.from_} if mapping.wave is not None else set()
    named |= {heading for headings in mapping.by_wave.values() for heading in headings}
    named |= {heading for wave in mapping.waves for headings in wave.columns.values() for heading in headings}
    for entry in mapping.by_unit.values():
        named |= {entry.from_} if isinstance(entry, UnitNumber) else set(entry.from_)
    return named


def _by_heading(sheet: Sheet, mapping: PanelMapping, source: str) -> dict[str, Cells]:
    here = [sheet.headings[position] for position in sheet.cells]
    problems = [
        Problem("file", "heading stands twice", name)
        for name in sorted({name for name in here if here.count(name) > 1})
    ]
    if missing := sorted(_wanted(mapping) - set(here)):
        near = {name: nearest(name, sheet.headings) for name in missing}
        mend = "; ".join(f"{name}: {hint}" for name, hint in near.items() if hint)
        shown = ", ".join(sheet.headings[:HEADINGS_SHOWN])
        what = "headings that the mapping names are not in the file"
        problems.append(Problem("file", what, ", ".join(missing), shown, mend))
    if problems:
        raise InputError(source, problems)
    return {sheet.headings[position]: cells for position, cells in sheet.cells.items()}


def _kept(
    cells: dict[str, Cells], rows: npt.NDArray[np.int64], mapping: PanelMapping, problems: list[Problem]
) -> npt.NDArray[np.bool_]:
    kept = np.ones(rows.size, dtype=bool)
    for heading, words in mapping.keep.values.items():
        column = cells[heading]
        known = {str(word) for word in column.words}
        for word in (word for word in words if clean_word(word) not in known):
            shown = ", ".join(sorted(known)[:WORDS_SHOWN])
            problems.append(Problem(f"keep.values.{heading}", "no row has this word", word, shown))
        wanted = np.array([str(word) in {clean_word(one) for one in words} for word in column.words] + [False])
        kept &= wanted[column.codes]
    if mapping.wave is not None and mapping.wave.ignored:
        column = cells[mapping.wave.from_]
        left_out = np.array([str(word) in mapping.wave.ignored for word in column.words] + [False])
        kept &= ~left_out[column.codes]
    return kept


def _units(column: Cells, rows: npt.NDArray[np.int64], problems: list[Problem]) -> tuple[Ints, tuple[str, ...]]:
    if (blank := column.codes < 0).any():
        problems.append(Problem("unit", "the household has no name", rows=_rows(rows, blank)))
    here, codes = np.unique(column.codes, return_inverse=True)
    return codes.astype(np.intp), tuple(str(column.words[code]) if code >= 0 else "" for code in here)


def _waves(column: Cells, rows: npt.NDArray[np.int64], labels: list[str], problems: list[Problem]) -> Ints:
    places = {label: place for place, label in enumerate(labels)}
    found = np.array([places.get(str(word), -1) for word in column.words] + [-1], dtype=np.intp)[column.codes]
    unknown = found < 0
    if unknown.any():
        words = sorted({str(column.words[code]) if code >= 0 else "blank" for code in np.unique(column.codes[unknown])})
        mend = "give its year under wave.years, or name it under wave.ignored"
        told = Problem("wave", "not a wave of the mapping", _shown(words), ", ".join(labels), mend)
        problems.append(Problem(told.where, told.what, told.found, told.allowed, told.mend, _rows(rows, unknown)))
    absent = [label for place, label in enumerate(labels) if not (found == place).any()]
    if absent and rows.size:
        mend = "the words should read as they stand in the file"
        problems.append(Problem("wave.years", "no row of this wave", _shown(absent), mend=mend))
    return found


def _no_row_twice(table: Table, problems: list[Problem]) -> None:
    key = table.unit * (len(table.waves) + 1) + table.wave + 1
    _, first = np.unique(key, return_index=True)
    again = np.ones(key.size, dtype=bool)
    again[first] = False
    if again.any():
        what = "household" if (table.wave < 0).all() else "household and wave"
        mend = "a long file has a row a household and wave, a wide one a row a household"
        problems.append(Problem("unit", f"{what} given twice", mend=mend, rows=_rows(table.rows, again)))


def wave_grid(table: Table, mapping: PanelMapping, name: str, words: dict[str, int] | None = None) -> Floats:
    """Return a variable with a value a wave, (unit, wave); headings are added up, NaN where one is blank.

    Parameters
    ----------
    words : dict, optional
        Values of words, for flags; numbers if not given.
    """
    grid = np.full(table.shape, np.nan)
    if mapping.wave is not None:
        total = sum((_column(table, name, heading, words) for heading in mapping.by_wave[name]), np.zeros(1))
        grid[table.unit, table.wave] = total
        return grid
    for wave in mapping.waves:
        if headings := wave.columns.get(name):
            place = table.waves.index(wave.label)
            grid[table.unit, place] = sum((_column(table, name, head, words) for head in headings), np.zeros(1))
    return grid


def unit_values(table: Table, name: str, entry: UnitNumber | Flag) -> Floats:
    """Return a number or flag of the household itself, (unit,); it has to be the same in all waves or name a wave."""
    heading = entry.from_ if isinstance(entry, UnitNumber) else entry.from_[0]
    words: dict[str, int] | None = None if isinstance(entry, UnitNumber) else {**entry.values}
    told = len(table.problems)
    values = _column(table, name, heading, words)
    blank = (table.cells[heading].codes < 0) & _asked_rows(table, entry.wave)
    if blank.any():
        table.problems.append(Problem(name, "blank", heading, rows=_rows(table.rows, blank)))
    out = np.full(table.shape[0], np.nan)
    asked = _asked_rows(table, entry.wave) & ~np.isnan(values)
    # rows from last to first, so that the first one of a household stays
    out[table.unit[asked][::-1]] = values[asked][::-1]
    _same(table, name, heading, values[asked] != out[table.unit[asked]], asked)
    if len(table.problems) == told:
        _everybody(table, name, entry.wave, np.isnan(out))
    return out


def unit_labels(table: Table, name: str, entry: UnitLabel) -> npt.NDArray[np.int32]:
    """Return labels of the household itself as whole numbers from 0, (unit,)."""
    columns = [table.cells[heading] for heading in entry.from_]
    asked = _asked_rows(table, entry.wave)
    blank = np.any([column.codes < 0 for column in columns], axis=0) & asked
    if blank.any():
        table.problems.append(Problem(name, "blank", ", ".join(entry.from_), rows=_rows(table.rows, blank)))
        asked = asked & ~blank
    _, codes = np.unique(np.stack([column.codes for column in columns]), axis=1, return_inverse=True)
    codes = codes.ravel()
    out = np.full(table.shape[0], -1, dtype=np.int64)
    out[table.unit[asked][::-1]] = codes[asked][::-1]
    _same(table, name, ", ".join(entry.from_), codes[asked] != out[table.unit[asked]], asked)
    if not blank.any():
        _everybody(table, name, entry.wave, out < 0)
    return np.unique(out, return_inverse=True)[1].astype(np.int32)


def _asked_rows(table: Table, wave: str | None) -> npt.NDArray[np.bool_]:
    if wave is None or (table.wave < 0).all():
        return np.ones(table.rows.size, dtype=bool)
    return np.asarray(table.wave == table.waves.index(wave))


def _same(table: Table, name: str, heading: str, other: npt.NDArray[np.bool_], asked: npt.NDArray[np.bool_]) -> None:
    if other.any():
        rows = _rows(table.rows[asked], other)
        mend = f"say {name}.wave to take that wave's value"
        table.problems.append(Problem(name, f"{heading} differs between the waves of a household", "", "", mend, rows))


def _everybody(table: Table, name: str, wave: str | None, missing: npt.NDArray[np.bool_]) -> None:
    if missing.any():
        names = [table.names[place] for place in np.flatnonzero(missing)[:WORDS_SHOWN]]
        found = f"{int(missing.sum())} households, such as {', '.join(names)}"
        what = f"no value in wave {wave}" if wave is not None else "no value in any wave"
        table.problems.append(Problem(name, what, found))


def _column(table: Table, name: str, heading: str, words: dict[str, int] | None) -> Floats:
    """Return a column as numbers, NaN where blank; words that are none are told with their rows."""
    column = table.cells[heading]
    values = [_number(str(word), words) for word in column.words]
    wrong = np.array([value is None for value in values] + [False])[column.codes]
    if wrong.any():
        found = sorted({str(column.words[code]) for code in np.unique(column.codes[wrong])})
        what = "is not a number" if words is None else "is not among the words of the mapping"
        allowed = "" if words is None else ", ".join(words)
        place = f"{name} ({heading})"
        table.problems.append(Problem(place, what, _shown(found), allowed, rows=_rows(table.rows, wrong)))
    numbers = np.array([np.nan if value is None else value for value in values] + [np.nan])
    return np.asarray(numbers[column.codes], dtype=np.float64)


def _number(word: str, words: dict[str, int] | None) -> float | None:
    if words is not None:
        found = words.get(word)
        return None if found is None else float(found)
    if _GROUPED.fullmatch(word):
        word = word.replace(",", "")
    try:
        value = float("" if "_" in word else word)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _rows(rows: npt.NDArray[np.int64], which: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(row) for row in rows[which])


def _shown(words: Sequence[str]) -> str:
    more = f" and {len(words) - WORDS_SHOWN} more" if len(words) > WORDS_SHOWN else ""
    return ", ".join(repr(word) for word in words[:WORDS_SHOWN]) + more
