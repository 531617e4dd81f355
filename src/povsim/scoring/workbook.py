"""Scores as a workbook: league, points by item, values and their origin, departments, vetoes, spread, basis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from povsim.assumptions import harmless
from povsim.figures import unit_name
from povsim.scoring.cells import ORIGINS
from povsim.scoring.departments import departments
from povsim.scoring.league import league, usual_step, years_of
from povsim.scoring.schema import Scorecard
from povsim.scoring.scorecard import figures_of
from povsim.scoring.spread import spread_by_origin
from povsim.wording import Wording

Part = tuple[Scorecard, xr.Dataset, xr.Dataset]
"""A scorecard, its values, its scores."""
Row = Sequence[Any]
WIDEST, NARROWEST = 60, 8
HEAD = PatternFill("solid", fgColor="DDE6F0")
MOST_ROWS = 200_000
"""Rows of a sheet; a county's villages over many years stay below."""


def write_workbook(path: Path, parts: Sequence[Part], about: Mapping[str, str], say: Wording) -> None:
    """Write the scores of one or more scorecards as a workbook, one set of sheets each.

    Parameters
    ----------
    path : Path
        The .xlsx file to write.
    parts : sequence of (Scorecard, values Dataset, scores Dataset)
        What was scored; the first scenario and every scheme are written.
    about : mapping of str to str
        ``run`` and ``seed``, for the first sheet.
    say : Wording
        Texts of the rooms ``commands`` and ``score``; headings are in its language.
    """
    book = Workbook()
    book.remove(book.active)
    _sheet(book, say("sheet.about"), ("", ""), _about(parts, about, say))
    for number, part in enumerate(parts, start=1):
        mark = "" if len(parts) == 1 else f" {number}"
        for key, (headings, rows) in _tables(part, say).items():
            _sheet(book, say(f"sheet.{key}") + mark, headings, rows)
    # openpyxl writes to a path only if its name ends as a workbook's does
    with path.open("wb") as stream:
        book.save(stream)


def _tables(part: Part, say: Wording) -> dict[str, tuple[Row, Iterable[Row]]]:
    card, values, scores = part
    tables: dict[str, tuple[Row, Iterable[Row]]] = {
        "league": _league(card, scores, say),
        "items": _items(card, scores, say),
        "values": _values(card, values, scores, say),
        "spread": _spread(scores, say),
        "basis": _basis(card, say),
    }
    if any(item.departments for item in card.indicators) and card.attribution is not None:
        tables["departments"] = _departments(card, scores, say)
    if card.vetoes or card.triggers:
        tables["vetoes"] = _vetoes(card, scores, say)
    return tables


def _sheet(book: Workbook, title: str, headings: Row, rows: Iterable[Row]) -> None:
    sheet = book.create_sheet(title)
    if any(headings):
        sheet.append([harmless(str(heading)) for heading in headings])
        for cell in sheet[1]:
            cell.font, cell.fill = Font(bold=True), HEAD
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.freeze_panes = "A2"
    for count, row in enumerate(rows):
        if count >= MOST_ROWS:
            sheet.append(["…"])
            break
        sheet.append([_cell(value) for value in row])
    _format(sheet)


def _cell(value: Any) -> Any:
    """Return a value as a sheet takes it: numbers plain, missing ones blank, texts never as formulas."""
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    return harmless(str(value))


def _format(sheet: Worksheet) -> None:
    for place, column in enumerate(sheet.iter_cols(max_row=min(sheet.max_row, 200)), start=1):
        widest = NARROWEST
        for cell in column:
            if isinstance(cell.value, float):
                cell.number_format = "0.00" if abs(cell.value) >= 1 or cell.value == 0 else "0.0000"
            widest = max(widest, min(WIDEST, _width(cell.value)))
        sheet.column_dimensions[get_column_letter(place)].width = widest + 2


def _width(value: Any) -> int:
    """Return the columns a text takes: a Chinese character takes two."""
    text = f"{value:.2f}" if isinstance(value, float) else str(value or "")
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def _about(parts: Sequence[Part], about: Mapping[str, str], say: Wording) -> Iterator[Row]:
    yield say("about.run"), about["run"]
    yield say("about.seed"), about["seed"]
    for card, _, scores in parts:
        yield say("about.card"), card.label(say.lang)
        yield say("about.document"), card.scorecard.document
        yield say("about.draws"), scores.sizes["draw"]
        note = card.scorecard.note_zh if say.lang == "zh" else card.scorecard.note_en
        yield say("about.note"), note
        if scores.sizes["scenario"] > 1:
            yield say("column.scenario"), say("about.scenario", code=str(scores["scenario"].to_numpy()[0]))
    yield say("about.band").rstrip("。."), ""


def _league(card: Scorecard, scores: xr.Dataset, say: Wording) -> tuple[Row, Iterable[Row]]:
    keys = ("scheme", "year", "place", "unit", "points", "band", "band", "grade", "probability", "vetoed", "passed")
    headings = [say(f"column.{key}") for key in keys]
    headings[5] += " (low)" if say.lang == "en" else "下限"
    headings[6] += " (high)" if say.lang == "en" else "上限"
    headings += [f"{award.label(say.lang)}" for award in card.awards] + [say("column.lost")]
    return headings, _league_rows(card, scores, say)


def _league_rows(card: Scorecard, scores: xr.Dataset, say: Wording) -> Iterator[Row]:
    items = card.by_code()
    for place, scheme in enumerate(scores["scheme"].to_numpy()):
        for year in years_of(scores):
            for unit, row in league(scores, card, year, scheme=place).iterrows():
                grade = card.grades.grades[row["grade"]].label(say.lang) if card.grades and row["grade"] >= 0 else ""
                lost = "; ".join(f"{items[code].label(say.lang)} -{gone:.2f}" for code, gone in row["lost"].items())
                first = [scheme, year, row["place"], unit, row["points"], row["low"], row["high"]]
                yield [
                    *first,
                    *(grade, row["grade_share"] if grade else "", row["vetoed"], row["passed"]),
                    *row["awards"].values(),
                    lost,
                ]


def _items(card: Scorecard, scores: xr.Dataset, say: Wording) -> tuple[Row, Iterable[Row]]:
    units = [str(unit) for unit in scores["unit"].to_numpy()]
    keys = ("scheme", "year", "code", "indicator", "group", "original", "full")
    return [*(say(f"column.{key}") for key in keys), *units], _item_rows(card, scores, say)


def _item_rows(card: Scorecard, scores: xr.Dataset, say: Wording) -> Iterator[Row]:
    groups = {group.code: group.label(say.lang) for group in card.groups}
    one = scores.isel(scenario=0)
    # each item in the points it can earn; the factor for items left out stands in a row of its own
    earned = one["points"] / one["rebased_by"]
    mean = earned.mean("draw").transpose("scheme", "year", "indicator", "unit").to_numpy()
    factor = one["rebased_by"].mean("draw").transpose("scheme", "year", "unit").to_numpy()
    full = scores["item_points"].to_numpy()
    for s, scheme in enumerate(scores["scheme"].to_numpy()):
        for y, year in enumerate(years_of(scores)):
            for i, item in enumerate(card.indicators):
                original = item.points if item.original_points is None else item.original_points
                first = (
                    scheme,
                    year,
                    item.code,
                    item.label(say.lang),
                    groups.get(item.group, ""),
                    original,
                    full[s, i],
                )
                yield [*first, *mean[s, y, i]]
            if (factor[s, y] != 1).any():
                yield [scheme, year, "", say("items.factor"), "", "", "", *factor[s, y]]


def _values(card: Scorecard, values: xr.Dataset, scores: xr.Dataset, say: Wording) -> tuple[Row, Iterable[Row]]:
    keys = ("year", "unit", "code", "indicator", "value", "band", "band", "units", "origin", "filled")
    headings = [say(f"column.{key}") for key in keys]
    headings[5] += " (low)" if say.lang == "en" else "下限"
    headings[6] += " (high)" if say.lang == "en" else "上限"
    return headings, _value_rows(card, values, scores, say)


def _value_rows(card: Scorecard, values: xr.Dataset, scores: xr.Dataset, say: Wording) -> Iterator[Row]:
    stack = scores["value"].isel(scenario=0).transpose("year", "unit", "indicator", "draw").to_numpy()
    filled = scores["filled"].isel(scenario=0).transpose("year", "unit", "indicator", "draw").to_numpy().max(axis=-1)
    source = values["value_source"].transpose("year", "unit", "indicator").to_numpy()
    policies = str(scores["filled"].attrs["flag_meanings"]).split()
    for y, year in enumerate(years_of(scores)):
        for u, unit in enumerate(scores["unit"].to_numpy()):
            for i, item in enumerate(card.indicators):
                drawn = stack[y, u, i][~np.isnan(stack[y, u, i])]
                spread = (drawn.mean(), *np.quantile(drawn, (0.1, 0.9))) if drawn.size else ("", "", "")
                policy = say(f"policy.{policies[filled[y, u, i]]}") if filled[y, u, i] else ""
                named = (item.code, item.label(say.lang))
                origin = say(f"origin.{ORIGINS[source[y, u, i]]}")
                yield [year, unit, *named, *spread, unit_name(item.unit, say.lang), origin, policy]


def _spread(scores: xr.Dataset, say: Wording) -> tuple[Row, Iterable[Row]]:
    found = spread_by_origin(scores).isel(scenario=0)
    origins = [str(code) for code in found["origin"].to_numpy()]
    headings = [say("column.scheme"), say("column.year"), say("column.unit"), say("column.sd")]
    headings += [say(f"origin.{code}") for code in origins]
    return headings, _spread_rows(found)


def _spread_rows(found: xr.Dataset) -> Iterator[Row]:
    variance = found["variance"].transpose("scheme", "year", "unit", "origin").to_numpy()
    for s, scheme in enumerate(found["scheme"].to_numpy()):
        for y, year in enumerate(found["year"].to_numpy()):
            for u, unit in enumerate(found["unit"].to_numpy()):
                total = variance[s, y, u].sum()
                shares = variance[s, y, u] / total if total > 0 else np.zeros(variance.shape[-1])
                yield [scheme, year, unit, np.sqrt(max(total, 0.0)), *shares]


def _departments(card: Scorecard, scores: xr.Dataset, say: Wording) -> tuple[Row, Iterable[Row]]:
    keys = ("scheme", "year", "unit", "department", "available", "earned", "lost_points", "share")
    found = departments(scores, card).isel(scenario=0).mean("draw")
    struck = "disqualified" in found
    return [say(f"column.{key}") for key in (*keys, *(("struck",) if struck else ()))], _department_rows(found)


def _department_rows(found: xr.Dataset) -> Iterator[Row]:
    names = [
        "points_available",
        "points_earned",
        "points_lost",
        "share",
        *(["disqualified"] if "disqualified" in found else []),
    ]
    tables = [found[name].transpose("scheme", "year", "unit", "department").to_numpy() for name in names]
    for place in np.ndindex(*tables[0].shape):
        dims = ("scheme", "year", "unit", "department")
        labels = [found[dim].to_numpy()[at] for dim, at in zip(dims, place, strict=True)]
        yield [*labels, *(float(table[place]) for table in tables)]


def _vetoes(card: Scorecard, scores: xr.Dataset, say: Wording) -> tuple[Row, Iterable[Row]]:
    keys = ("scheme", "year", "unit", "veto", "probability", "step")
    return [say(f"column.{key}") for key in keys], _veto_rows(card, scores, say)


def _veto_rows(card: Scorecard, scores: xr.Dataset, say: Wording) -> Iterator[Row]:
    one = scores.isel(scenario=0)
    for labels, at in _places(one, "veto"):
        yield [*labels, card.vetoes[at["veto"]].label(say.lang), float(one["vetoed"].isel(at).mean()), ""]
    for labels, at in _places(one, "trigger"):
        trigger, share = card.triggers[at["trigger"]], float((one["triggered"].isel(at) > 0).mean())
        yield [*labels, trigger.label(say.lang), share, usual_step(card, trigger, one["step"].isel(at).to_numpy(), say)]


def _places(one: xr.Dataset, dim: str) -> Iterator[tuple[list[Any], dict[str, int]]]:
    """Yield scheme, year and unit with their places, for each entry along a dim."""
    dims = ("scheme", "year", "unit", dim)
    for place in np.ndindex(*(one.sizes[name] for name in dims)):
        at = dict(zip(dims, place, strict=True))
        yield [one[name].to_numpy()[at[name]] for name in dims[:3]], at


def _basis(card: Scorecard, say: Wording) -> tuple[Row, Iterable[Row]]:
    keys = ("path", "figure", "units", "status", "source")
    rows = (
        [path, figure, unit_name(unit, say.lang) if unit else "", say(f"status.{status}"), source]
        for path, figure, unit, source, status in figures_of(card)
    )
    return [say(f"column.{key}") for key in keys], rows
