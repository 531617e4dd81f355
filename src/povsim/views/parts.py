"""The parts a page is made of: big numbers and tables, in one language, ready to be shown, exported or printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "number", "percent", "money", "count", "signed", "flag"]
"""How a column is shown; values stay numbers, so that a workbook can go on calculating with them."""
Tone = Literal["plain", "good", "bad", "warning"]


@dataclass(frozen=True)
class BigNumber:
    """A headline number with its spread.

    Attributes
    ----------
    code, label : str
        Code, and what it is in the reader's language.
    value, spread : str
        As shown: the number with its unit, and its band or error.
    note : str
        What it means or how it was made, for a tooltip and for print.
    tone : {"plain", "good", "bad", "warning"}
        Whether it is as it should be.
    """

    code: str
    label: str
    value: str
    spread: str = ""
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    code, label : str
        Key in the rows, and the heading in the reader's language, without the unit.
    kind : str
        How values are shown. Percent columns hold shares (0-1).
    digits : int
        Decimals shown; of a percent column, of the percentage.
    unit : str
        Shown beside the heading.
    """

    code: str
    label: str
    kind: Kind = "text"
    digits: int = 0
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """A table in one language.

    Attributes
    ----------
    code, title : str
        Code (also the name of its sheet and file), and title.
    columns : sequence of Column
        In order.
    rows : sequence of mapping
        Column code to value; missing values are None. Key ``_key`` names the row where rows can be chosen.
    note : str
        Convention, error or source, printed under the table.
    """

    code: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    note: str = ""
