"""Slides: one message each, big numbers first, charts that can be edited, what it rests on at the end."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from povsim.report.parts import Chapter, Contents, Item
from povsim.report.slide_frame import BOTTOM, LEFT, RIGHT, TOP, add_notes, add_slide, box, deck, number_pages
from povsim.report.slide_parts import add_chart, add_numbers
from povsim.report.slide_tables import add_table
from povsim.report.slide_text import INK, NAVY, Look
from povsim.wording import wording

MOST = 12
"""Slides of a deck in one language."""


def slides(reports: Sequence[Contents]) -> bytes:
    """Return the bytes of a presentation (.pptx), 16:9; in several languages one after the other.

    Parameters
    ----------
    reports : sequence of Contents
        The report in each language that is wanted.
    """
    made = deck(reports[0].title)
    for report in reports:
        first = len(made.slides)
        _add(made, report)
        number_pages(made, report.lang, first, wording(report.lang, "report"))
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


def _add(made: Any, report: Contents) -> None:
    head = report.chapters[0]
    slide = add_slide(made, report.message, f"{report.title}　{report.subtitle}", report.origin, report.lang)
    add_numbers(slide, head.numbers, report.lang)
    add_notes(
        slide, [f"{one.label}: {one.value}. {one.spread} {one.note}" for one in head.numbers] + list(report.conventions)
    )
    for chapter, item in chosen(report):
        _add_item(made, report, chapter, item)


def chosen(report: Contents) -> list[tuple[Chapter, Item]]:
    """Return the items that have a slide; where they are too many, those that can be spared go, the last first."""
    found = [(chapter, item) for chapter in report.chapters for item in chapter.items if item.message]
    spare = [pair for pair in found if pair[1].spare == "yes"]
    gone = [id(item) for _, item in spare[::-1][: max(0, len(found) + 1 - MOST)]]
    return [pair for pair in found if id(pair[1]) not in gone][: MOST - 1]


def _add_item(made: Any, report: Contents, chapter: Chapter, item: Item) -> None:
    origin = chapter.origin or report.origin
    slide = add_slide(made, item.message, item.table.title, origin, report.lang)
    if item.table.code == "basis_status":
        _add_basis(slide, report, item)
    elif item.plot is not None and (item.plot.table or item.table).rows:
        add_chart(slide, item, report.lang)
    else:
        add_table(slide, item, report.lang)
    notes = [
        item.message,
        f"{chapter.title}: {item.table.title}",
        item.table.note,
        *chapter.lead,
        *report.conventions[:1],
    ]
    add_notes(slide, [*notes, origin])


def _add_basis(slide: Any, report: Contents, item: Item) -> None:
    """Add how well figures are known to the left, how to read the numbers to the right."""
    say = wording(report.lang, "report")
    wide = RIGHT - LEFT
    add_table(slide, item, report.lang, area=(LEFT, TOP, wide * 0.46, BOTTOM - TOP))
    x = LEFT + wide * 0.5
    head, body = (x, TOP, wide * 0.5, 0.4), (x, TOP + 0.5, wide * 0.5, BOTTOM - TOP - 0.5)
    box(slide, say("slide.basis"), head, (18,), report.lang, Look(NAVY, bold=True))
    text = "\n".join(f"· {rule}" for rule in report.conventions)
    box(slide, text, body, (16, 15, 14, 13, 12, 11), report.lang, Look(INK))
