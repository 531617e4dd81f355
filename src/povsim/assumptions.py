"""Every figure a scenario and its population rest on, with meaning, unit, source and how well it is known."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from povsim.margins import Margins, read_margins
from povsim.quantity import Quantity
from povsim.scenario import Scenario, entries, locate
from povsim.terms import CAUSES, GUARANTEES, SOURCES, Language
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "margins."
HEADINGS = ("scenario", "path", "meaning_zh", "meaning_en", "value", "unit", "status", "source", "note")
LANGUAGES: tuple[Language, Language] = ("zh", "en")
STATUSES = ("documented", "estimated", "assumed")


@dataclass(frozen=True)
class Assumption:
    """One figure: where it stands, what it means in both languages, and the entry itself."""

    path: str
    zh: str
    en: str
    entry: Quantity

    def meaning(self, lang: Language) -> str:
        """Return what the figure stands for."""
        return self.zh if lang == "zh" else self.en


def assumptions(scenario: Scenario) -> list[Assumption]:
    """List every numeric entry of a scenario, and of the margins it names.

    Parameters
    ----------
    scenario : Scenario
        As read; its margins file is read too, its entries have paths that begin with ``margins.``.

    Returns
    -------
    list of Assumption
        In the order of the schema.

    Raises
    ------
    InputError
        The margins file is missing or faulty.

    Examples
    --------
    >>> import povsim
    >>> rows = assumptions(povsim.read_scenario("sample"))
    >>> next(row.zh for row in rows if row.path == "measures.industry.margin")
    '产业扶贫：净收益率'
    """
    words = {lang: wording(lang, "commands", "margins") for lang in LANGUAGES}
    rows = []
    for path, entry, meaning in entries(scenario):
        names = {"zh": meaning.zh, "en": meaning.en} if meaning is not None else {}
        zh, en = (_meaning(scenario, path, names.get(lang), words[lang]) for lang in LANGUAGES)
        rows.append(Assumption(path, zh, en, entry))
    if scenario.population.margins is not None:
        margins = read_margins(locate(scenario.population.margins))
        for path, entry, _ in entries(margins):
            zh, en = (margin_meaning(margins, path, words[lang]) for lang in LANGUAGES)
            rows.append(Assumption(f"{PREFIX}{path}", zh, en, entry))
    return rows


def counts(rows: Iterable[Assumption]) -> dict[str, int]:
    """Count figures by status, with their total.

    Examples
    --------
    >>> counts([])
    {'documented': 0, 'estimated': 0, 'assumed': 0, 'total': 0}
    """
    found = [row.entry.status for row in rows]
    return {**{status: found.count(status) for status in STATUSES}, "total": len(found)}  # type: ignore[arg-type]


def write_assumptions(rows: Iterable[tuple[str, Assumption]], path: Path) -> None:
    """Write figures to a CSV file (UTF-8 with BOM), both languages side by side.

    Parameters
    ----------
    rows : iterable of (code of the scenario, Assumption)
        In the order wanted.
    path : Path
        The file to write.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADINGS)
        for code, row in rows:
            entry = row.entry
            texts = (code, row.path, row.zh, row.en, plain_value(entry), entry.unit, entry.status)
            writer.writerow([harmless(text) for text in (*texts, entry.source, entry.note)])


def plain_value(entry: Quantity) -> str:
    """Return a value as a file holds it: a number, or year and value of each date.

    Examples
    --------
    >>> plain_value(Quantity(value={2016: 0.5, 2017: 3740.0}, unit="share", source="a", status="assumed"))
    '2016: 0.5; 2017: 3740'
    """
    if isinstance(entry.value, dict):
        return "; ".join(f"{year}: {_number(value)}" for year, value in sorted(entry.value.items()))
    return _number(entry.value)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; numbers are left alone.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-0.14"), harmless("@x")
    ("'=1+1", '-0.14', "'@x")
    """
    if not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def harmless_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table none of whose texts a spreadsheet runs as a formula."""
    return table.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)


def _meaning(scenario: Scenario, path: str, name: str | None, say: Wording) -> str:
    """Put the measure, test or target an entry belongs to before what it stands for."""
    owners = list(_named(scenario, path, say.lang))
    section = say.find("section." + path.rpartition(".")[0])
    parts = [*owners[-1:], *([section] if section else []), *([name] if name else [])]
    return say("colon").join(parts) or path


def margin_meaning(margins: Margins, path: str, say: Wording) -> str:
    """Return what an entry of margins stands for, the path itself where no text says it."""
    parts = path.split(".")
    for pattern in _patterns(parts):
        text = say.find(pattern)
        if text is not None:
            stars = [part for part, kept in zip(parts, pattern.split("."), strict=True) if kept == "*"]
            owners = list(_named(margins, path, say.lang))
            item = owners[-1] if owners else _item(stars[-1], parts[0], say.lang) if stars else ""
            return text.format(item=item)
    return path


def _patterns(parts: list[str]) -> Iterator[str]:
    """Yield a path as it is and with its second, fourth or third part left open, as the texts write them."""
    for stars in ((), (1,), (2,), (1, 3)):
        if all(place < len(parts) for place in stars):
            yield ".".join("*" if place in stars else part for place, part in enumerate(parts))


def _item(part: str, room: str, lang: Language) -> str:
    terms = {"causes": CAUSES, "guarantees": GUARANTEES, "income": SOURCES}.get(room, ())
    known = {term.code: term.label(lang) for term in terms}
    # Positions count from one for people.
    return str(int(part) + 1) if room == "income" and part.isdigit() else known.get(part, part)


def _named(model: BaseModel, path: str, lang: Language) -> Iterator[str]:
    """Yield the names of what a path passes on its way: a measure, a test, a township."""
    place: object = model
    for part in path.split("."):
        place = _inside(place, part)
        name = getattr(place, f"name_{lang}", "") or getattr(place, "name_zh", "")
        if name:
            yield str(name)


def _inside(place: object, part: str) -> object:
    if isinstance(place, Mapping):
        return place.get(part, place.get(int(part)) if part.isdigit() else None)
    if isinstance(place, tuple):
        return next((item for position, item in enumerate(place) if getattr(item, "code", str(position)) == part), None)
    return getattr(place, part, None)
