"""Values as readers see them on slides and pages, the same as the dashboards' tables write them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from povsim.sheet_parts import FORBIDDEN
from povsim.views.parts import Column

MISSING = "–"


def shown(value: Any, column: Column, words: tuple[str, str] = ("yes", "no")) -> str:
    """Return a value of a column as text.

    Parameters
    ----------
    value : object
        Number, text, flag, or None.
    column : Column
        How it is shown.
    words : tuple of str
        What flags are written as.

    Examples
    --------
    >>> shown(0.1234, Column("a", "A", "percent", 1)), shown(-2.0, Column("a", "A", "signed"))
    ('12.3%', '-2')
    """
    value = value.item() if hasattr(value, "item") else value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if column.kind == "flag":
        return words[0] if value else words[1]
    if column.kind == "text" or not isinstance(value, (int, float)):
        return _text(value)
    return _number(float(value), column)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    return FORBIDDEN.sub("", str(value))


def _number(value: float, column: Column) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if column.kind == "percent":
        return f"{_plain(100 * value, column.digits)}%"
    if column.kind == "signed":
        text = _plain(value, column.digits)
        return f"+{text}" if value > 0 and text.strip("0.,") else text
    return _plain(value, 0 if column.kind == "count" else column.digits)


def _plain(value: float, digits: int) -> str:
    # halves go away from nothing, as browsers and spreadsheets have it
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{rounded:,.{digits}f}"
    # nothing is written as minus nothing
    return text.removeprefix("-") if not text.strip("-0.,") else text


def number(column: Column) -> bool:
    """Tell whether a column holds numbers, which stand to the right."""
    return column.kind not in ("text", "flag")
