"""What the analysis says about weights, as tables and sentences: places, what is within reach, what must change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from povsim.views.parts import Column, Table
from povsim.views.weights_board import Board, Standing
from povsim.views.weights_case import absent
from povsim.views.weights_intervals import Exchange, Intervals
from povsim.views.weights_scheme import most_points
from povsim.views.weights_sure import CONSTANT, Places, Swap, lost, method_of
from povsim.views.weights_tables import COMMA, ROOM, Reach, in_order, label
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    from povsim.scoring.schemes import WeightScheme
    from povsim.terms import Language

MOST_BANDS = 20
"""Columns of a heat map: of more places, several stand in one."""
MOST_ROWS = 40
"""Units of a heat map."""
FEW_ITEMS = 8


def method_line(board: Board, scheme: WeightScheme, lang: Language) -> str:
    """Return how totals and answers about them are worked out, and why."""
    say = wording(lang, ROOM)
    method, why = method_of(board, scheme)
    return say(f"method.{method}", why=reasons(why, say))


def about_items(board: Board, scheme: WeightScheme, lang: Language) -> str:
    """Return what is special about items: those without points to weigh, and those that count for nobody."""
    say = wording(lang, ROOM)
    found = []
    if additive := sum(line.additive for line in scheme.lines):
        found.append(say("note.sum", total=f"{board.full:g}", count=additive))
    gone = [line.text("name", lang) for line, none in zip(scheme.lines, absent(board), strict=True) if none]
    if gone:
        found.append(say("note.absent", names=COMMA[lang].join(gone)))
    return "\n".join(found)


def refusal(scheme: WeightScheme, code: str, lang: Language) -> str:
    """Return why an item cannot be given the points asked for."""
    say = wording(lang, ROOM)
    line = next(line for line in scheme.lines if line.code == code)
    name, most = line.text("name", lang), most_points(scheme, code)
    if line.locked:
        return say("note.is_locked", name=name)
    if most == line.points:
        return say("note.alone", name=name)
    return say("note.most", name=name, most=f"{most:.4g}", total=f"{scheme.total_points:g}")


def reasons(why: Sequence[str], say: Wording) -> str:
    """Return reasons of the analysis in the reader's language."""
    return COMMA[say.lang].join(say.find(f"reason.{reason}") or reason for reason in why)


# ---- intervals ----


def interval_table(found: Intervals, scheme: WeightScheme, top: int, lang: Language) -> Table:
    """Return the points of each item within which the first places stay, and who changes beyond."""
    say = wording(lang, ROOM)
    points = say("unit.points")
    columns = [
        Column("name", say("column.item")),
        *(Column(code, say(f"column.{code}"), "number", 1, points) for code in ("points", "low_end", "high_end")),
        Column("below", say("column.below")),
        Column("above", say("column.above")),
    ]
    rows = []
    for line in scheme.lines:
        if line.code not in found.points:
            continue
        low, high = found.points[line.code]
        below, above = found.exchange[line.code]
        rows.append({
            "_key": line.code, "name": line.text("name", lang), "points": line.points, "low_end": low, "high_end": high,
            "below": _exchange(below, say), "above": _exchange(above, say),
        })  # fmt: skip
    method = say(f"intervals.{found.method}", why=reasons(found.why, say))
    return Table("intervals", say("title.intervals", top=top), columns, rows, method)


def _exchange(found: Exchange, say: Wording) -> str:
    leave, enter = (COMMA[say.lang].join(label(name) for name in names[:3]) for names in found)
    if leave and enter:
        return say("exchange.both", leave=leave, enter=enter)
    if leave:
        return say("exchange.leave", leave=leave)
    return say("exchange.enter", enter=enter) if enter else say("never")


# ---- places ----


def places_table(board: Board, found: Places, kind: str, top: int, lang: Language) -> Table:
    """Return shares of places: how often first, among the first ``top``, the mean place, and every place or band."""
    say = wording(lang, ROOM)
    ranked = np.flatnonzero(found.share.sum(axis=1) > 0)
    taken = np.flatnonzero(found.share[ranked].sum(axis=0) > 0)
    bands = place_bands(int(taken[-1]) + 1 if taken.size else 0)
    columns = [
        Column("name", say("column.unit")),
        Column("first", say("column.first"), "percent", 0),
        Column("top", say("column.top", top=top), "percent", 0),
        Column("expected", say("column.expected"), "number", 1),
        *(Column(f"p{place}", band, "percent", 0) for place, (band, _, _) in enumerate(bands)),
    ]
    rows = []
    expected = found.expected
    for unit in ranked[np.argsort(expected[ranked], kind="stable")]:
        share = found.share[unit]
        row: dict[str, Any] = {"_key": board.units[unit], "name": label(board.units[unit]), "first": float(share[0])}
        row |= {"top": float(share[:top].sum()), "expected": _number(expected[unit])}
        row |= {f"p{place}": float(share[low - 1 : high].sum()) for place, (_, low, high) in enumerate(bands)}
        rows.append(row)
    return Table("places", say(f"title.places.{kind}"), columns, rows, places_note(found, say))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def places_note(found: Places, say: Wording) -> str:
    """Return how shares of places were found, and their error."""
    error = 50 / np.sqrt(max(found.count, 1))
    return say(f"places.{found.method}", count=f"{found.count:,}", error=f"{error:.1f}", why=reasons(found.why, say))


def place_bands(units: int) -> list[tuple[str, int, int]]:
    """Return bands of places: label, first and last place; of few units each place is one.

    Examples
    --------
    >>> place_bands(3), place_bands(205)[1]
    ([('1', 1, 1), ('2', 2, 2), ('3', 3, 3)], ('12–22', 12, 22))
    """
    width = max(1, -(-units // MOST_BANDS))
    starts = range(1, units + 1, width)
    ends = [(first, min(first + width - 1, units)) for first in starts]
    return [(str(low) if low == high else f"{low}–{high}", low, high) for low, high in ends]


# ---- within reach ----


def reach_table(board: Board, now: Standing, found: Reach, lang: Language, *, near: bool) -> Table:
    """Return best and worst places that units can reach."""
    say = wording(lang, ROOM)
    columns = [
        Column("name", say("column.unit")),
        Column("rank", say("column.rank"), "count"),
        Column("best", say("column.best"), "count"),
        Column("worst", say("column.worst"), "count"),
        Column("proven", say("column.proven")),
    ]
    rows = []
    for place in in_order(now):
        unit = board.units[place]
        if unit in found:
            best, worst, proven = found[unit]
            row = {"_key": unit, "name": label(unit), "rank": int(now.rank[place]), "best": best, "worst": worst}
            rows.append({**row, "proven": say("proven.yes" if proven else "proven.no")})
    return Table("reach", say("title.reach"), columns, rows, say("note.reach.near" if near else "note.reach.any"))


# ---- what must change ----


def swap_sentence(found: Swap, lang: Language) -> str:
    """Return in a sentence how many points have to move for one unit to draw level with another."""
    say = wording(lang, ROOM)
    named = {"ahead": label(found.ahead), "behind": label(found.behind), "gap": f"{found.gap:.2f}"}
    if np.isnan(found.moved):
        return say("swap.never", **named)
    if not found.moves:
        return say("swap.level", **named)
    text = say("swap.moved", **named, moved=f"{found.moved:.2f}")
    return text + (say("swap.error", error=f"{found.error:.2f}") if found.error > 0 else "")


def swap_table(found: Swap, scheme: WeightScheme, lang: Language) -> Table:
    """Return the moves of points, in the order in which they close the gap fastest."""
    say = wording(lang, ROOM)
    names = {line.code: line.text("name", lang) for line in scheme.lines}
    points = say("unit.points")
    title = say("title.swap")
    columns = [
        Column("giver", say("column.giver")),
        Column("taker", say("column.taker")),
        Column("amount", say("column.amount"), "number", 2, points),
    ]
    rows = [
        {"giver": names.get(giver, giver), "taker": names.get(taker, taker), "amount": amount}
        for giver, taker, amount in found.moves
        if CONSTANT not in (giver, taker)
    ]
    return Table("swap", title, columns, rows, say("note.swap"))


def lost_table(board: Board, scheme: WeightScheme, unit: str, rival: str | None, lang: Language) -> Table:
    """Return the items on which a unit loses most points, and how far behind the rival it is on them."""
    say = wording(lang, ROOM)
    names = {line.code: line.text("name", lang) for line in scheme.lines}
    points = say("unit.points")
    columns = [Column("name", say("column.item")), Column("lost", say("column.lost"), "number", 2, points)]
    columns += [Column("behind", say("column.behind", rival=label(rival)), "signed", 2, points)] if rival else []
    rows = [
        {"_key": code, "name": names[code], "lost": short, "behind": -behind}
        for code, short, behind in lost(board, scheme, unit, rival)[:FEW_ITEMS]
        if short > 0 or behind > 0
    ]
    return Table("lost", say("title.lost", unit=label(unit)), columns, rows, say("note.lost"))


def why_not(found: Sequence[str], lang: Language) -> str:
    """Return why a closed form is not to be had."""
    say = wording(lang, ROOM)
    return say("method.none", why=reasons(found, say))
