"""What a report is made of, in one language: chapters of numbers and tables, and how these are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from povsim.charts.base import BLUE, Chart
from povsim.terms import Language
from povsim.views.parts import BigNumber, Table

Heat = Literal["no", "low", "high"]


@dataclass(frozen=True)
class Stroke:
    """A series of a native chart: column of the table, colour (``#RRGGBB``), whether it is drawn dashed."""

    column: str
    colour: str = BLUE
    dashed: Literal["yes", "no"] = "no"


@dataclass(frozen=True)
class Plot:
    """How slides and sheets draw a table with the means of their own programs.

    Attributes
    ----------
    kind : {"line", "bar", "column"}
        Lines, bars from the top down, or columns.
    label : str
        Column that names the rows.
    strokes : sequence of Stroke
        Series.
    axis : str
        Name of the axis of values.
    most : int
        Rows drawn at most, from the first.
    table : Table, optional
        What is drawn, where it is laid out otherwise than the table shown.
    """

    kind: Literal["line", "bar", "column"]
    label: str
    strokes: Sequence[Stroke]
    axis: str = ""
    most: int = 16
    table: Table | None = None


@dataclass(frozen=True)
class Item:
    """A table of a report with what is drawn of it.

    Attributes
    ----------
    table : Table
        In one language.
    charts : sequence of Chart
        Drawn on the web page, above the table.
    plot : Plot, optional
        Drawn on slides and sheets.
    heat : {"no", "low", "high"}
        Whether numbers of columns alike are shaded on slides and the web page, and which end is the one to worry about.
    message : str
        The one thing that the table says: title of its slide; without one it has no slide.
    shown : sequence of str
        Columns that a slide shows, where it shows the table; all if not given.
    spare : {"no", "yes"}
        Whether its slide goes first where there would be too many.
    """

    table: Table
    charts: Sequence[Chart] = ()
    plot: Plot | None = None
    heat: Heat = "no"
    message: str = ""
    shown: Sequence[str] = ()
    spare: Literal["no", "yes"] = "no"


@dataclass(frozen=True)
class Chapter:
    """A chapter: title, sentences, big numbers, and items; where its numbers come from, if not from the run alone."""

    code: str
    title: str
    numbers: Sequence[BigNumber] = ()
    items: Sequence[Item] = ()
    lead: Sequence[str] = ()
    origin: str = ""


@dataclass(frozen=True)
class Contents:
    """A report in one language.

    Attributes
    ----------
    lang : {"zh", "en"}
        Language.
    title, subtitle : str
        Name of the plan; run, years, draws.
    message : str
        The main result, in a sentence.
    origin : str
        Where the numbers come from, in a line.
    conventions : sequence of str
        What everybody has to know to read the numbers.
    chapters : sequence of Chapter
        The last is what the results rest on.
    """

    lang: Language
    title: str
    subtitle: str
    message: str
    origin: str
    conventions: Sequence[str] = field(default_factory=tuple)
    chapters: Sequence[Chapter] = field(default_factory=tuple)
