"""The frame of all slides: wide format, title, footer, notes, faces of the theme."""

from __future__ import annotations

from typing import Any

from povsim.report.slide_text import EAST_ASIAN, NAVY, SOFT, Look, cut, fitting, lines, rgb, write
from povsim.terms import Language

WIDE, HIGH = 13.333, 7.5
LEFT, RIGHT = 0.6, 12.73
TITLE_TOP, TITLE_HIGH = 0.38, 0.95
TOP, BOTTOM = 1.95, 6.82
"""What is shown stands between these, in inches."""
FOOT = 6.98
SMALL = Look(SOFT)
TITLE_SIZES = (30, 28, 26, 24, 22, 20, 18, 17, 16, 15, 14)


def deck(title: str) -> Any:
    """Return an empty presentation, 16:9, whose theme has a face for Chinese signs."""
    from pptx import Presentation
    from pptx.util import Inches

    made = Presentation()
    old = made.slide_width
    made.slide_width, made.slide_height = Inches(WIDE), Inches(HIGH)
    _widen(made, made.slide_width / old)
    _theme(made)
    made.core_properties.title, made.core_properties.author = title, "povsim"
    return made


def _widen(made: Any, factor: float) -> None:
    """Stretch the layouts to the new width, so that slides added by hand look right too."""
    for holder in (made.slide_master, *made.slide_layouts):
        for shape in holder.shapes:
            shape.left, shape.width = round(shape.left * factor), round(shape.width * factor)


def _theme(made: Any) -> None:
    """Name a face for Chinese signs in the theme, which texts without a face of their own take."""
    from pptx.opc.constants import RELATIONSHIP_TYPE
    from pptx.opc.oxml import serialize_part_xml
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import qn

    part = made.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    root: Any = parse_xml(part.blob)
    for east in root.iter(qn("a:ea")):
        east.set("typeface", EAST_ASIAN)
    part._blob = serialize_part_xml(root)


def add_slide(made: Any, title: str, subtitle: str, origin: str, lang: Language) -> Any:
    """Add a slide with its one message as title, what is shown below it, and the source at the foot."""
    from pptx.enum.shapes import MSO_SHAPE
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Inches

    slide = made.slides.add_slide(made.slide_layouts[5])
    head = slide.shapes.title
    head.left, head.top, head.width, head.height = (Inches(one) for one in (LEFT, TITLE_TOP, RIGHT - LEFT, TITLE_HIGH))
    head.text_frame.vertical_anchor = MSO_ANCHOR.BOTTOM
    plain(head.text_frame)
    wide = RIGHT - LEFT
    # one line in somewhat smaller letters is read faster than two
    single = [size for size in TITLE_SIZES[:4] if lines(title, size, wide) == 1]
    size = single[0] if single else fitting(title, wide, TITLE_HIGH, TITLE_SIZES)
    write(head.text_frame, cut(title, wide, TITLE_HIGH, size), size, lang, Look(NAVY, bold=True))
    line = slide.shapes.add_shape(
        MSO_SHAPE.RECTANGLE, Inches(LEFT), Inches(TITLE_TOP + TITLE_HIGH + 0.06), Inches(0.9), Inches(0.05)
    )
    line.fill.solid()
    line.fill.fore_color.rgb = rgb("0072B2")
    line.line.fill.background()
    if subtitle:
        box(slide, subtitle, (LEFT, TITLE_TOP + TITLE_HIGH + 0.16, wide, 0.38), (15, 14, 13, 12), lang)
    box(slide, origin, (LEFT, FOOT, wide - 2.0, 0.3), (10, 9, 8), lang)
    return slide


def plain(frame: Any) -> None:
    """Take away margins and whatever resizes text, so that what was measured is what is shown."""
    from pptx.enum.text import MSO_AUTO_SIZE

    frame.auto_size = MSO_AUTO_SIZE.NONE
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0


def box(
    slide: Any,
    text: str,
    place: tuple[float, float, float, float],
    sizes: tuple[float, ...],
    lang: Language,
    look: Look = SMALL,
) -> Any:
    """Add a text in the largest of some sizes that fits; what is too long for all of them is cut.

    Parameters
    ----------
    slide : Slide
        Where to.
    text : str
        Any.
    place : tuple of float
        Left, top, width, height in inches.
    sizes : tuple of float
        Points, largest first.
    lang : {"zh", "en"}
        Language.
    look : Look
        Colour, weight, side.
    """
    from pptx.util import Inches

    made = slide.shapes.add_textbox(*(Inches(one) for one in place))
    plain(made.text_frame)
    size = fitting(text, place[2], place[3], sizes)
    write(made.text_frame, cut(text, place[2], place[3], size), size, lang, look)
    return made


def number_pages(made: Any, lang: Language, first: int, say: Any) -> None:
    """Write the page on the slides from one on, once it is known how many there are."""
    slides = list(made.slides)
    for page, slide in enumerate(slides[first:], start=1):
        text = say("slide.page", page=page, all=len(slides) - first)
        box(slide, text, (RIGHT - 1.8, FOOT, 1.8, 0.3), (10,), lang, Look(SOFT, side="right"))


def add_notes(slide: Any, texts: list[str]) -> None:
    """Write what the speaker has to know."""
    slide.notes_slide.notes_text_frame.text = "\n".join(text for text in texts if text)
