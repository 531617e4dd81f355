"""Text on slides: fonts with Chinese signs, and sizes at which a text stays within its box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from povsim.sheet_parts import FORBIDDEN
from povsim.terms import Language

EAST_ASIAN = "Microsoft YaHei"
LATIN: dict[Language, str] = {"zh": EAST_ASIAN, "en": "Arial"}
LEADING = 1.3
"""Height of a line, as a multiple of the size of its letters; fonts with Chinese signs are tall."""
INCH = 72.0
CHINESE = 0x2E7F
"""Signs beyond are square."""
NAVY, INK, SOFT = "17365D", "1D2733", "5A6675"


def em(text: str) -> float:
    """Return how wide a text is, in sizes of its letters: Chinese signs are square, others take a bit over half.

    Examples
    --------
    >>> em("贫困"), round(em("abcd"), 2)
    (2.0, 2.24)
    """
    signs = sum(1.0 if ord(sign) > CHINESE else 0.72 if sign.isupper() else 0.56 for sign in text)
    # some programs part Chinese signs from others by a small gap
    gaps = sum((ord(one) > CHINESE) != (ord(other) > CHINESE) for one, other in pairwise(text))
    return signs + 0.2 * gaps


def lines(text: str, size: float, wide: float) -> int:
    """Return how many lines a text takes in a box so many inches wide; a little more than it should need."""
    room = max(wide * INCH / size - 0.5, 1.0)
    return sum(max(1, math.ceil(em(part) * 1.04 / room)) for part in text.split("\n"))


def height(text: str, size: float, wide: float) -> float:
    """Return the inches that a text is high."""
    return lines(text, size, wide) * size * LEADING / INCH


def fitting(text: str, wide: float, high: float, sizes: Sequence[float]) -> float:
    """Return the largest of some sizes at which a text fits a box (inches); the smallest where none does.

    Examples
    --------
    >>> fitting("短", 4, 1, (28, 20)), fitting("长" * 80, 4, 1, (28, 20, 10))
    (28, 10)
    """
    return next((size for size in sizes if height(text, size, wide) <= high), sizes[-1])


def cut(text: str, wide: float, high: float, size: float) -> str:
    """Return a text shortened to what fits a box, with a mark where something is left out."""
    if height(text, size, wide) <= high:
        return text
    while text and height(text + "…", size, wide) > high:
        text = text[: -max(1, len(text) // 20)]
    return text.rstrip() + "…"


@dataclass(frozen=True)
class Look:
    """How a text looks: colour (``RRGGBB``), weight, side."""

    colour: str = INK
    bold: bool = False
    side: Literal["left", "right"] = "left"


def rgb(colour: str) -> Any:
    """Return a colour as python-pptx takes it."""
    from pptx.dml.color import RGBColor

    kind: Any = RGBColor
    return kind.from_string(colour)


def write(frame: Any, text: str, size: float, lang: Language, look: Look) -> None:
    """Put a text into a frame, paragraph by paragraph.

    Parameters
    ----------
    frame : TextFrame
        Of a shape or a cell.
    text : str
        Lines become paragraphs.
    size : float
        Points.
    lang : {"zh", "en"}
        Language.
    look : Look
        Colour, weight, side.
    """
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Pt

    frame.word_wrap = True
    # a number is not parted from its percent sign
    for place, line in enumerate(FORBIDDEN.sub("", text).replace(" %", "\u00a0%").split("\n")):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.LEFT if look.side == "left" else PP_ALIGN.RIGHT
        run = paragraph.add_run()
        run.text = line
        run.font.size, run.font.bold = Pt(size), look.bold
        run.font.color.rgb = rgb(look.colour)
        face(run.font, lang)


def face(font: Any, lang: Language) -> None:
    """Give a font faces for Latin letters and for Chinese signs; without the latter a deck falls back on any font."""
    from pptx.oxml.ns import qn

    font.name = LATIN[lang]
    properties = font._element
    properties.set("lang", "zh-CN" if lang == "zh" else "en-GB")
    for tag in ("a:ea", "a:cs"):
        for old in properties.findall(qn(tag)):
            properties.remove(old)
    latin = properties.find(qn("a:latin"))
    east = properties.makeelement(qn("a:ea"), {"typeface": EAST_ASIAN})
    latin.addnext(east)
