"""Tables on slides: as many rows as fit, columns as wide as their texts, shades where numbers are alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from povsim.report.parts import Heat, Item
from povsim.report.slide_frame import BOTTOM, LEFT, RIGHT, TOP, box
from povsim.report.slide_text import INK, LEADING, Look, em, lines, rgb, write
from povsim.report.written import number, shown
from povsim.terms import Language
from povsim.views.parts import Column
from povsim.wording import wording

SIZES = (15, 14, 13, 12, 11)
PAD = 0.1
"""Inches on either side of a cell's text."""
HEAD, BAND, RULE = "DDE6F0", "F6F8FB", "C9D1DA"
SHADED = ("percent", "count")
FEWEST = 4
"""Of fewer numbers shades say nothing but which is larger."""
WORD = re.compile(r"[^\s\u2e80-\uffef]+")
WIDEST = 30.0
"""Widths of texts, in letters, beyond which they are broken."""


@dataclass(frozen=True)
class _Grid:
    """A table laid out: columns, their widths in inches, texts, the size of letters, heights of rows."""

    columns: Sequence[Column]
    widths: Sequence[float]
    texts: Sequence[Sequence[str]]
    size: float
    heights: Sequence[float]


def add_table(slide: Any, item: Item, lang: Language, *, area: tuple[float, float, float, float] | None = None) -> None:
    """Add the table of an item with as many rows as fit, and say how many there are where some are left out.

    Parameters
    ----------
    slide : Slide
        Where to.
    item : Item
        The table, the columns shown, whether numbers are shaded.
    lang : {"zh", "en"}
        Language.
    area : tuple of float, optional
        Left, top, width, height in inches; the body of the slide if not given.
    """
    left, top, wide, high = area or (LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP)
    grid = _laid_out(item, lang, wide, high)
    count = _fitting(grid, high)
    rows = item.table.rows
    if count < len(rows):
        count = _fitting(grid, high - 0.34)
        say = wording(lang, "report")
        text = say("slide.more", all=len(rows), shown=count)
        box(slide, text, (left, top + high - 0.28, wide, 0.28), (12, 11), lang)
    _write(slide, grid, (left, top, count), lang)
    if item.heat != "no":
        _shade(slide, item, grid, count)


def _laid_out(item: Item, lang: Language, wide: float, high: float) -> _Grid:
    """Return the layout with the largest letters with which all rows fit; else at a middle size."""
    columns = [column for column in item.table.columns if not item.shown or column.code in item.shown]
    say = wording(lang, "report")
    words = (say("words.yes"), say("words.no"))
    texts = [[_heading(column) for column in columns]]
    texts += [[shown(row.get(column.code), column, words) for column in columns] for row in item.table.rows[:60]]
    sizes = SIZES if len(columns) <= 8 else SIZES[2:]
    for size in sizes:
        grid = _grid(columns, texts, size, wide)
        if sum(grid.heights) <= high:
            return grid
    # rows have to be left out anyway: better a few that can be read
    return _grid(columns, texts, sizes[len(sizes) // 2], wide)


def _heading(column: Column) -> str:
    return f"{column.label} ({column.unit})" if column.unit else column.label


def _grid(columns: Sequence[Column], texts: Sequence[Sequence[str]], size: float, wide: float) -> _Grid:
    pad = 2 * PAD * 72 / size + 1.0
    columns_of = list(zip(*texts, strict=True))
    wanted = [min(max(em(text) for text in column), WIDEST) + pad for column in columns_of]
    least = [
        min(max(_longest_word(text) for text in column) + pad, most)
        for column, most in zip(columns_of, wanted, strict=True)
    ]
    widths = [one * size / 72 for one in _shared(wanted, least, wide * 72 / size)]
    heights = [
        max(lines(text, size, width - 2 * PAD) for text, width in zip(row, widths, strict=True)) * size * LEADING / 72
        + 0.1
        for row in texts
    ]
    return _Grid(columns, widths, texts, size, heights)


def _longest_word(text: str) -> float:
    """Return the widest that must not be broken: words of letters and digits; Chinese breaks anywhere."""
    return max((em(word) for word in WORD.findall(text)), default=4.0)


def _shared(wanted: Sequence[float], least: Sequence[float], room: float) -> list[float]:
    """Return widths of columns that fill a room, as far as they may be wider or narrower than wanted."""
    if sum(wanted) <= room:
        # few narrow columns need not fill the slide
        scale = min(room / sum(wanted), 1.7)
        return [scale * one for one in wanted]
    if sum(least) >= room:
        return [one * room / sum(least) for one in least]
    share = (room - sum(least)) / (sum(wanted) - sum(least))
    return [low + share * (high - low) for low, high in zip(least, wanted, strict=True)]


def _fitting(grid: _Grid, high: float) -> int:
    total, count = grid.heights[0], 0
    for one in grid.heights[1:]:
        if total + one > high + 1e-6:
            break
        total, count = total + one, count + 1
    return max(count, 1)


def _write(slide: Any, grid: _Grid, place: tuple[float, float, int], lang: Language) -> None:
    from pptx.util import Inches

    left, top, count = place
    total = sum(grid.heights[: count + 1])
    shape = slide.shapes.add_table(
        count + 1, len(grid.columns), Inches(left), Inches(top), Inches(sum(grid.widths)), Inches(total)
    )
    table = shape.table
    table.horz_banding = False
    for at, wide in enumerate(grid.widths):
        table.columns[at].width = Inches(wide)
    for down in range(count + 1):
        table.rows[down].height = Inches(grid.heights[down])
        for at, column in enumerate(grid.columns):
            _cell(table.cell(down, at), (grid.texts[down][at], grid.size, down), column, lang)


def _cell(cell: Any, told: tuple[str, float, int], column: Column, lang: Language) -> None:
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Inches

    text, size, down = told
    cell.margin_left = cell.margin_right = Inches(PAD)
    cell.margin_top = cell.margin_bottom = Inches(0.03)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    fill(cell, HEAD if down == 0 else "FFFFFF" if down % 2 else BAND)
    look = Look(INK, bold=down == 0, side="right" if number(column) else "left")
    write(cell.text_frame, text, size, lang, look)


def fill(cell: Any, colour: str) -> None:
    """Fill a cell."""
    cell.fill.solid()
    cell.fill.fore_color.rgb = rgb(colour)


def _shade(slide: Any, item: Item, grid: _Grid, count: int) -> None:
    table = slide.shapes[-1].table
    for at, column in enumerate(grid.columns):
        found = [row.get(column.code) for row in item.table.rows[:count]]
        values = [float(value) for value in found if isinstance(value, (int, float))]
        if column.kind not in SHADED or len(values) < FEWEST:
            continue
        # column by column: who stands out in a year, though the years differ
        low, span = min(values), max(values) - min(values)
        for down, value in enumerate(found, start=1):
            if isinstance(value, (int, float)) and span > 0:
                fill(table.cell(down, at), shade((float(value) - low) / span, item.heat))


def shade(share: float, heat: Heat) -> str:
    """Return the colour of a number by where it stands between the least (0) and the largest (1).

    Examples
    --------
    >>> shade(0.0, "high"), shade(1.0, "high"), shade(1.0, "low")
    ('FFFFFF', 'F4A582', '9ECAE1')
    """
    end = (0xF4, 0xA5, 0x82) if heat == "high" else (0x9E, 0xCA, 0xE1)
    return "".join(f"{round(255 + (one - 255) * min(max(share, 0.0), 1.0)):02X}" for one in end)
