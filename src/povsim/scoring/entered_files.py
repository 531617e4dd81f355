"""Tables of entered values as records: headings and words in both languages, long and wide, slips gathered by kind."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Literal

import pandas as pd

from povsim.errors import InputError, Problem, nearest
from povsim.register_files import clean_word
from povsim.scoring.schema import Scorecard
from povsim.scoring.small_tables import Cell, SmallTable, read_small_table, table_of_frame, text_in
from povsim.wording import read_room

Kind = Literal["indicator", "peer", "finding", "class", "grade", "profile", "ambiguous"]
COLUMNS = ("unit", "year", "indicator", "value", "low", "high", "month", "rater", "note")
SYNONYMS = {
    "年份": "year",
    "考核年度": "year",
    "月": "month",
    "单位名称": "unit",
    "指标代码": "indicator",
    "数值": "value",
}
"""Headings beside those of the texts that leave no doubt."""
LISTED = 12
"""Allowed names listed in a problem; more are counted."""
KINDS_SHOWN = 20
"""Problems of one sort that are told one by one; the rest are told together."""


@dataclass(frozen=True)
class Record:
    """One entry as it stands in the table: text, numbers or None, with its row; ``word`` is the indicator cell."""

    row: int
    unit: str
    year: Cell
    word: str
    value: Cell
    low: Cell = None
    high: Cell = None
    month: Cell = None
    rater: str = ""

    @property
    def blank(self) -> bool:
        """Whether there is nothing entered: a row of the template that was left as it is."""
        return self.value is None and self.low is None and self.high is None


@dataclass(frozen=True)
class Slip:
    """One thing wrong with one row; slips that differ only by row become one problem."""

    row: int
    where: str
    what: str
    found: str = ""
    allowed: str = ""
    mend: str = ""
    known: Collection[str] = field(default=(), compare=False)


@dataclass(frozen=True)
class Meaning:
    """What an indicator cell stands for."""

    kind: Kind
    code: str


def read_table(source: str | Path | pd.DataFrame) -> SmallTable:
    """Read a table of entered values: a data frame, or a file's first sheet or the one named entered, 填报."""
    if isinstance(source, pd.DataFrame):
        return table_of_frame(source, "entered")
    return read_small_table(source, sheets=sheet_names(), wanted=lambda text: text.lower() in headings())


def records(table: SmallTable) -> tuple[list[Record], list[Problem]]:
    """Return the entries of a table, and what is wrong with its headings.

    Without an indicator column the table is wide: every column that is none of the usual ones is an indicator.

    Raises
    ------
    InputError
        There is no column of units, or nothing but it: the table cannot be told.
    """
    places: dict[str, int] = {}
    others: list[tuple[int, str]] = []
    for place, heading in enumerate(table.headings):
        column = headings().get(heading.lower())
        if column is None and heading:
            others.append((place, heading))
        elif column is not None:
            places.setdefault(column, place)
    wide = "indicator" not in places and "value" not in places
    problems = [*table.problems, *_headings_wrong(table, places, others, wide=wide)]
    if "unit" not in places or (not others if wide else "indicator" not in places):
        raise InputError(table.source, problems)
    found = _wide(table, places, others) if wide else _long(table, places)
    return list(found), problems


@cache
def headings() -> dict[str, str]:
    """Return the columns by heading, lower case, in both languages."""
    texts = read_room("entered")
    named = {text.lower(): column for column in COLUMNS for text in texts[f"column.{column}"].values()}
    return {**SYNONYMS, **named}


def sheet_names() -> tuple[str, ...]:
    """Return the names of the sheet that is read before the first one."""
    return tuple(read_room("entered")["sheet"].values())


def words(key: str) -> tuple[str, ...]:
    """Return a word that stands for something in the table, in both languages."""
    return tuple(read_room("entered")[f"word.{key}"].values())


def lexicon(card: Scorecard) -> dict[str, tuple[Meaning, ...]]:
    """Return what each word (cleaned, lower case) stands for: codes go before names, indicators before findings.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> lexicon(read_scorecard("xiangyin-2016"))["等次"]
    (Meaning(kind='grade', code='grade'),)
    """
    known: dict[str, tuple[Meaning, ...]] = {}
    for tier in (_codes, _fixed, _names):
        added: dict[str, tuple[Meaning, ...]] = {}
        for word, meaning in tier(card):
            key = key_of(word)
            if key and key not in known and meaning not in added.get(key, ()):
                added[key] = (*added.get(key, ()), meaning)
        if tier is _names:
            added = {key: found if len(found) == 1 else (_ambiguous(found),) for key, found in added.items()}
        known.update(added)
    return known


@lru_cache(maxsize=10_000)
def key_of(word: str) -> str:
    """Return a word as it is looked up: cleaned, in lower case, no blanks around colons.

    Examples
    --------
    >>> key_of("Profile： Spending")
    'profile:spending'
    """
    return re.sub(r"\s*:\s*", ":", clean_word(word).lower())


def peer_name(unit: str) -> str:
    """Return the name of a peer out of ``peer:<name>``, in either language; empty for a unit of the run.

    Examples
    --------
    >>> peer_name("peer: 汨罗"), peer_name("同类:汨罗"), peer_name("汨罗")
    ('汨罗', '汨罗', '')
    """
    word, colon, name = unit.partition(":")
    return name.strip() if colon and word.strip().lower() in words("peer") else ""


def listed(names: Collection[object]) -> str:
    """Return names as a list that is short enough to read.

    Examples
    --------
    >>> listed(range(15))
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more'
    """
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(str(name) for name in islice(names, LISTED)) + more


def gathered(slips: Sequence[Slip]) -> Iterator[Problem]:
    """Yield one problem for all rows with the same slip; beyond a number of a sort, one for all the rest.

    Examples
    --------
    >>> next(gathered([Slip(2, "unit", "unknown", "A"), Slip(5, "unit", "unknown", "A")])).line()
    'unit: unknown; found A; 2 rows: 2, 5'
    """
    rows: dict[Slip, list[int]] = {}
    for slip in slips:
        rows.setdefault(replace(slip, row=0), []).append(slip.row)
    told: dict[tuple[str, str], int] = {}
    rest: dict[tuple[str, str], list[int]] = {}
    for slip, where in rows.items():
        sort = (slip.where, slip.what)
        told[sort] = told.get(sort, 0) + 1
        if told[sort] > KINDS_SHOWN:
            rest.setdefault(sort, []).extend(where)
            continue
        mend = " ".join(part for part in (nearest(slip.found, slip.known), slip.mend) if part)
        yield Problem(slip.where, slip.what, _brief(slip.found), slip.allowed, mend, _rows(where))
    for (place, what), where in rest.items():
        yield Problem(place, what, f"{told[place, what] - KINDS_SHOWN} other entries", rows=_rows(where))


def _codes(card: Scorecard) -> Iterator[tuple[str, Meaning]]:
    """Yield codes, and the names under which items are entered, which several items may share."""
    for item in card.indicators:
        yield item.code, Meaning("indicator", item.code)
        if item.value_from.entered not in (None, "own"):
            yield str(item.value_from.entered), Meaning("indicator", item.code)


def _fixed(card: Scorecard) -> Iterator[tuple[str, Meaning]]:
    for finding in card.findings:
        yield finding.code, Meaning("finding", finding.code)
    for word in words("class"):
        yield word, Meaning("class", "class")
    for word in words("grade"):
        yield word, Meaning("grade", "grade")
    for code, profile in card.profiles.items():
        for word in words("profile"):
            for name in (code, profile.name_zh, profile.name_en):
                yield f"{word}:{name}", Meaning("profile", code)


def _names(card: Scorecard) -> Iterator[tuple[str, Meaning]]:
    for item in card.indicators:
        yield from ((name, Meaning("indicator", item.code)) for name in (item.name_zh, item.name_en))
    for finding in card.findings:
        yield from ((name, Meaning("finding", finding.code)) for name in (finding.name_zh, finding.name_en))


def _ambiguous(found: tuple[Meaning, ...]) -> Meaning:
    return Meaning("ambiguous", ", ".join(meaning.code for meaning in found))


def _rows(rows: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({row for row in rows if row > 0}))


def _brief(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _headings_wrong(
    table: SmallTable, places: dict[str, int], others: list[tuple[int, str]], *, wide: bool
) -> Iterator[Problem]:
    names = {column: " or ".join(read_room("entered")[f"column.{column}"].values()) for column in COLUMNS}
    if "unit" not in places:
        yield Problem("unit", "column is missing", listed([*filter(None, table.headings)]), names["unit"])
    if wide and not others:
        yield Problem("indicator", "column is missing, and no column is an indicator", allowed=names["indicator"])
    if wide:
        yield from (
            Problem(column, "does not go with one column per indicator", mend="give each indicator a row of its own")
            for column in ("low", "high")
            if column in places
        )
        return
    if "indicator" not in places:
        yield Problem("indicator", "column is missing", listed([*filter(None, table.headings)]), names["indicator"])
    if "value" not in places and not {"low", "high"} <= set(places):
        yield Problem("value", "column is missing, and so are low and high", allowed=names["value"])
    for _, heading in others:
        allowed = "; ".join(names.values())
        yield Problem(heading, "unknown column", allowed=allowed, mend=nearest(heading.lower(), headings()))
    counted = [headings().get(heading) for heading in dict.fromkeys(name.lower() for name in table.headings)]
    for column in sorted({name for name in counted if name and counted.count(name) > 1}):
        yield Problem(column, "stands under two headings")


def _long(table: SmallTable, places: dict[str, int]) -> Iterator[Record]:
    for row, cells in table.rows:
        cell = {column: cells[place] for column, place in places.items()}
        yield Record(
            row,
            text_in(cell.get("unit")),
            cell.get("year"),
            text_in(cell.get("indicator")),
            cell.get("value"),
            cell.get("low"),
            cell.get("high"),
            cell.get("month"),
            text_in(cell.get("rater")),
        )


def _wide(table: SmallTable, places: dict[str, int], others: list[tuple[int, str]]) -> Iterator[Record]:
    for row, cells in table.rows:
        cell = {column: cells[place] for column, place in places.items()}
        for place, heading in others:
            yield Record(
                row,
                text_in(cell.get("unit")),
                cell.get("year"),
                heading,
                cells[place],
                month=cell.get("month"),
                rater=text_in(cell.get("rater")),
            )
