"""What the weight tuner shows of a ranking: headline, live list, one unit's points, schemes side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from povsim import figures
from povsim.views.parts import BigNumber, Column, Table
from povsim.views.weights_board import Board, Standing, standing
from povsim.views.weights_case import full_points, item_points
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    from povsim.scoring.schemes import WeightScheme
    from povsim.terms import Language

ROOM = "page_weights"
NOTICED = 0.005
"""Share of draws from which on a veto is told."""
COMMA, BETWEEN = {"zh": "、", "en": ", "}, {"zh": "；", "en": "; "}
Reach = Mapping[str, tuple[int, int, bool]]
Named = Sequence[tuple[str, "WeightScheme"]]
"""Schemes with the labels they are shown under."""


def label(unit: str, lang: Language = "zh") -> str:
    """Return a unit's name as shown: a village after its township.

    Examples
    --------
    >>> label("文星镇/滨江社区"), label("Upper/Mill", "en")
    ('文星镇 · 滨江社区', 'Upper · Mill')
    """
    return unit.replace("/", " · ")


# ---- the ranking ----


def numbers(board: Board, now: Standing, printed: Standing, top: int, lang: Language) -> list[BigNumber]:
    """Return the headline: who is first, who moved, who came among the first, who is barred."""
    say = wording(lang, ROOM)
    found = [_first(board, now, say), _movers(board, now, printed, say)]
    if len(board.units) > top:
        found.append(_exchanged(board, now, printed, (top, say)))
    barred = int((now.rank == 0).sum())
    if barred:
        value = say("big.units", count=barred)
        found.append(BigNumber("barred", say("big.barred"), value, "", say("big.barred.note"), "warning"))
    return found


def _first(board: Board, now: Standing, say: Wording) -> BigNumber:
    order = in_order(now)
    known = [place for place in order if now.rank[place] > 0]
    if not known:
        return BigNumber("first", say("big.first"), figures.NOTHING, "", say("big.first.note"))
    first = known[0]
    ends = {name: _points(getattr(now, name)[first]) for name in ("total", "low", "high")}
    spread = say("big.points", **ends)
    return BigNumber("first", say("big.first"), label(board.units[first]), spread, say("big.first.note"))


def _movers(board: Board, now: Standing, printed: Standing, say: Wording) -> BigNumber:
    gained = moves(now, printed)
    count = int((gained != 0).sum())
    most = int(np.abs(gained).argmax()) if gained.size else 0
    spread = say("big.mover", unit=label(board.units[most]), places=f"{gained[most]:+d}") if count else ""
    return BigNumber("moved", say("big.moved"), say("big.units", count=count), spread, say("big.moved.note"))


def _exchanged(board: Board, now: Standing, printed: Standing, told: tuple[int, Wording]) -> BigNumber:
    top, say = told
    sets = [{place for place in range(len(board.units)) if 0 < one.rank[place] <= top} for one in (printed, now)]
    enter = [label(board.units[place]) for place in sorted(sets[1] - sets[0])]
    leave = [label(board.units[place]) for place in sorted(sets[0] - sets[1])]
    names = [say("big.enter", names=_some(enter, say))] if enter else []
    names += [say("big.leave", names=_some(leave, say))] if leave else []
    value = say("big.units", count=len(enter)) if enter or leave else say("big.same")
    return BigNumber("top", say("big.top", top=top), value, BETWEEN[say.lang].join(names), say("big.top.note", top=top))


def _some(names: Sequence[str], say: Wording, most: int = 3) -> str:
    shown = COMMA[say.lang].join(names[:most])
    return shown + say("others", count=len(names) - most) if len(names) > most else shown


def _points(value: float) -> str:
    return figures.NOTHING if np.isnan(value) else f"{value:.1f}"


def in_order(now: Standing) -> list[int]:
    """Return places of units in the order shown: by rank, those out of the ranking last, by their totals."""
    keys = np.lexsort((np.arange(now.rank.size), -np.nan_to_num(now.total), now.rank == 0))
    return [int(place) for place in keys]


def moves(now: Standing, before: Standing) -> np.ndarray:
    """Return places gained (unit,); 0 where a unit is not ranked in both."""
    return np.asarray(np.where((now.rank > 0) & (before.rank > 0), before.rank - now.rank, 0))


def ranking(
    board: Board, now: Standing, printed: Standing, lang: Language, *, reach: Reach | None = None
) -> list[dict[str, Any]]:
    """Return the rows of the live list, in the fixed order of the units, so that only numbers travel.

    Parameters
    ----------
    board : Board
        The units.
    now, printed : Standing
        Under the points in force, and under the printed ones, which movement is told against.
    lang : {"zh", "en"}
        Language.
    reach : mapping of str to (best, worst, proven), optional
        Attainable places by unit, where known.
    """
    say, gained = wording(lang, ROOM), moves(now, printed)
    columns = [column.tolist() for column in (now.rank, gained, now.total, now.low, now.high, now.out)]
    known = reach or {}
    return [
        {
            "key": unit, "name": label(unit), "rank": rank or None, "move": move,
            "total": total, "low": low, "high": high, "veto": _veto(rank, out, say), "reach": _reach(known.get(unit)),
        }
        for unit, rank, move, total, low, high, out in zip(board.units, *columns, strict=True)
    ]  # fmt: skip


def bar_ends(board: Board, printed: Standing) -> tuple[float, float]:
    """Return where bars of totals begin and end: a round number well below the lowest band, and full points."""
    full = board.full or 1.0
    known = printed.low[~np.isnan(printed.low)]
    least = float(known.min()) if known.size else 0.0
    return max(0.0, np.floor((least - 0.1 * full) / (0.1 * full)) * 0.1 * full), full


def _veto(rank: int, out: float, say: Wording) -> str:
    if out < NOTICED:
        return ""
    share = figures.probability(out, say.lang)
    return say("veto.barred" if rank == 0 else "veto.some", share=share)


def _reach(found: tuple[int, int, bool] | None) -> tuple[int, int] | str | None:
    """Return best and worst place, as a text with a question mark where they are bounds only."""
    if found is None:
        return None
    return (found[0], found[1]) if found[2] else f"{found[0]}–{found[1]}?"


def ranking_table(
    board: Board, now: Standing, printed: Standing, lang: Language, *, reach: Reach | None = None
) -> Table:
    """Return the ranking as a table to take away."""
    say = wording(lang, ROOM)
    columns = [
        Column("rank", say("column.rank"), "count"),
        Column("name", say("column.unit")),
        Column("total", say("column.total"), "number", 2, say("unit.points")),
        Column("low", say("column.low"), "number", 2, say("unit.points")),
        Column("high", say("column.high"), "number", 2, say("unit.points")),
        Column("move", say("column.move"), "signed"),
        Column("veto", say("column.veto")),
        Column("reach", say("column.reach")),
    ]
    rows = ranking(board, now, printed, lang, reach=reach)
    ordered = []
    for row in (rows[place] for place in in_order(now)):
        ends = row["reach"]
        text = "–".join(map(str, ends)) if isinstance(ends, tuple) else ends
        ordered.append({**row, "_key": row["key"], "reach": text})
    return Table("ranking", say("title.ranking", year=board.year), columns, ordered, say("note.ranking"))


# ---- one unit ----


def breakdown(board: Board, scheme: WeightScheme, unit: str, lang: Language) -> Table:
    """Return a unit's points by item, against full points and the mean of all units."""
    say = wording(lang, ROOM)
    earned = item_points(board, scheme.array())
    at = board.units.index(unit)
    own, mean, most = earned[at], earned.mean(axis=0), full_points(board, scheme.array())[at]
    rows = []
    for place, line in enumerate(scheme.lines):
        full = float(most[place])
        rows.append({
            "_key": line.code, "name": line.text("name", lang), "group": line.text("group", lang) or line.group,
            "earned": float(own[place]), "full": full, "mean": float(mean[place]),
            "lost": max(0.0, full - float(own[place])), "ahead": float(own[place] - mean[place]),
        })  # fmt: skip
    points = say("unit.points")
    columns = [
        Column("group", say("column.group")),
        Column("name", say("column.item")),
        *(Column(code, say(f"column.{code}"), "number", 2, points) for code in ("earned", "full", "mean", "lost")),
        Column("ahead", say("column.ahead"), "signed", 2, points),
    ]
    rebased = bool(np.abs(most - np.where(board.additive, 0.0, scheme.array())).max() > NOTICED)
    told = {"note.breakdown": True, "note.rebased": rebased, "note.capped": bool(board.limits)}
    note = "".join(say(key) for key, holds in told.items() if holds)
    return Table("breakdown", say("title.breakdown", unit=label(unit)), columns, rows, note)


# ---- schemes side by side ----


def compared(board: Board, schemes: Named, lang: Language) -> Table:
    """Return ranks under several schemes, and places gained over the first.

    Parameters
    ----------
    board : Board
        The units.
    schemes : sequence of (label, WeightScheme)
        The first is the one that movement is told against.
    lang : {"zh", "en"}
        Language.
    """
    say = wording(lang, ROOM)
    found = [standing(board, scheme) for _, scheme in schemes]
    columns = [Column("name", say("column.unit"))]
    for place, (name, _) in enumerate(schemes):
        columns.append(Column(f"rank{place}", name, "count"))
        columns += [Column(f"move{place}", say("column.move.short"), "signed")] if place else []
    rows = []
    for unit in in_order(found[0]):
        row: dict[str, Any] = {"_key": board.units[unit], "name": label(board.units[unit])}
        for place, one in enumerate(found):
            row[f"rank{place}"] = int(one.rank[unit]) or None
            row[f"move{place}"] = int(moves(one, found[0])[unit])
            row[f"total{place}"] = float(one.total[unit])
        rows.append(row)
    return Table("schemes", say("title.schemes"), columns, rows, say("note.schemes", first=schemes[0][0]))


def scheme_points(schemes: Named, lang: Language) -> Table:
    """Return the points of each item under several schemes."""
    say = wording(lang, ROOM)
    points = say("unit.points")
    columns = [Column("group", say("column.group")), Column("name", say("column.item"))]
    columns += [Column(f"points{place}", name, "number", 2, points) for place, (name, _) in enumerate(schemes)]
    rows = []
    for at, line in enumerate(schemes[0][1].lines):
        row: dict[str, Any] = {"_key": line.code, "name": line.text("name", lang), "group": line.text("group", lang)}
        row |= {f"points{place}": scheme.lines[at].points for place, (_, scheme) in enumerate(schemes)}
        rows.append(row)
    return Table("scheme-points", say("title.points"), columns, rows, say("note.points"))
