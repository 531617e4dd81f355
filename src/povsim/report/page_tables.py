"""Tables of the page: written out, so that they are there without scripts; long ones folded."""

from __future__ import annotations

from html import escape
from typing import Any

from povsim.report.parts import Item
from povsim.report.written import number, shown
from povsim.sheet_parts import FORBIDDEN
from povsim.views.parts import Column
from povsim.wording import Wording

OPEN_ROWS = 25
"""Longer tables are folded, and so are shorter ones that a chart already shows."""
SHADES = 6
FEWEST = 4
"""Of fewer numbers shades say nothing but which is larger."""


def table_of(item: Item, say: Wording, *, drawn: str) -> str:
    """Return the table of an item as markup, all texts escaped.

    Parameters
    ----------
    item : Item
        The table, and whether numbers are shaded.
    say : Wording
        Texts of the room ``report``.
    drawn : {"yes", "no"}
        Whether a chart shows it already.
    """
    table = item.table
    head = "".join(f"<th{_side(column)}>{_text(_heading(column))}</th>" for column in table.columns)
    spans = {column.code: _span(item, column) for column in table.columns}
    words = (say("words.yes"), say("words.no"))
    rows = "".join(
        "<tr>"
        + "".join(_cell(row.get(column.code), column, words, spans[column.code]) for column in table.columns)
        + "</tr>"
        for row in table.rows
    )
    whole = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    count = len(table.rows)
    if count <= OPEN_ROWS and drawn == "no":
        return whole
    search = f' data-search="{_text(say("page.search"))}"' if count > OPEN_ROWS else ""
    opened = _text(say("page.row" if count == 1 else "page.rows", count=count))
    return f"<details{search}><summary>{opened}</summary>{whole}</details>"


def _heading(column: Column) -> str:
    return f"{column.label} ({column.unit})" if column.unit else column.label


def _text(value: str) -> str:
    return escape(FORBIDDEN.sub("", value))


def _side(column: Column) -> str:
    return ' class="n"' if number(column) else ""


Span = tuple[float, float, str] | None


def _span(item: Item, column: Column) -> Span:
    """Return the least and largest number of a column that is shaded, and the name of its shades."""
    if item.heat == "no" or column.kind not in ("percent", "count"):
        return None
    known = [float(row[column.code]) for row in item.table.rows if isinstance(row.get(column.code), (int, float))]
    if len(known) < FEWEST or min(known) == max(known):
        return None
    return min(known), max(known), "hot" if item.heat == "high" else "cool"


def _cell(value: Any, column: Column, words: tuple[str, str], span: Span) -> str:
    names = ["n"] if number(column) else []
    if span is not None and isinstance(value, (int, float)):
        low, high, shade = span
        step = round(SHADES * (float(value) - low) / (high - low))
        names += [f"{shade}{step}"] if step else []
    kind = f' class="{" ".join(names)}"' if names else ""
    return f"<td{kind}>{_text(shown(value, column, words))}</td>"
