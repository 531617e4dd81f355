"""What the weight tuner shows of a ranking: headline, live list, one unit's points, schemes side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
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


@lru_cache(maxsize=8)
def labels(units: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of all units as shown."""
    return tuple(label(unit) for unit in units)


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
    first = in_order(now)[0]
    if now.rank[first] == 0:
        return BigNumber("first", say("big.first"), figures.NOTHING, "", say("big.first.note"))
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
    before, after = ((one.rank > 0) & (one.rank <= top) for one in (printed, now))
    enter = [label(board.units[place]) for place in np.flatnonzero(after & ~before)]
    leave = [label(board.units[place]) for place in np.flatnonzero(before & ~after)]
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
    order: list[int] = np.lexsort((np.arange(now.rank.size), -np.nan_to_num(now.total), now.rank == 0)).tolist()
    return order


def moves(now: Standing, before: Standing) -> np.ndarray:
    """Return places gained (unit,); 0 where a unit is not ranked in both."""
    return np.asarray(np.where((now.rank > 0) & (before.rank > 0), before.rank - now.rank, 0))


def ranking(
    board: Board, now: Standing, printed: Standing, lang: Language, *, reach: Reach | None = None
) -> dict[str, Any]:
    """Return the columns of the live list, in the fixed order of the units, so that only numbers travel.

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

    Returns
    -------
    dict
        As ``RankingView.show`` takes it; ``rank`` is not a number where a unit is out of the ranking.
    """
    known = [] if reach is None else [reach.get(unit) for unit in board.units]
    proven = [one if one is not None and one[2] else (np.nan, np.nan) for one in known]
    found = {
        "key": board.units, "name": labels(board.units),
        "rank": np.where(now.rank > 0, now.rank, np.nan), "move": moves(now, printed),
        "total": now.total, "low": now.low, "high": now.high, "veto": _vetoes(now, lang),
    }  # fmt: skip
    if known:
        found["best"], found["worst"] = [one[0] for one in proven], [one[1] for one in proven]
        found["reach"] = ["" if one is None or one[2] else _reach(one) for one in known]
    return found


def bar_ends(board: Board, printed: Standing) -> tuple[float, float]:
    """Return where bars of totals begin and end: a round number well below the lowest band, and full points."""
    full = board.full or 1.0
    known = printed.low[~np.isnan(printed.low)]
    least = float(known.min()) if known.size else 0.0
    return max(0.0, np.floor((least - 0.1 * full) / (0.1 * full)) * 0.1 * full), full


def _vetoes(now: Standing, lang: Language) -> list[str]:
    """Return what bars each unit, with the share of draws; empty for units that nothing bars."""
    found, say = [""] * now.rank.size, wording(lang, ROOM)
    for place in np.flatnonzero(now.out >= NOTICED):
        share = figures.probability(float(now.out[place]), lang)
        found[place] = say("veto.barred" if now.rank[place] == 0 else "veto.some", share=share)
    return found


def _reach(found: tuple[int, int, bool] | None) -> str:
    """Return best and worst place as a text, with a question mark where they are bounds only."""
    return "" if found is None else f"{found[0]}–{found[1]}" + ("" if found[2] else "?")


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
    told = ranking(board, now, printed, lang, reach=reach)
    names = [column.code for column in columns if column.code not in ("rank", "reach")]
    rows: list[dict[str, Any]] = []
    for place in in_order(now):
        row = {name: np.asarray(told[name])[place].item() for name in names}
        ends = _reach((reach or {}).get(board.units[place]))
        rows.append({"_key": board.units[place], "rank": int(now.rank[place]) or None, **row, "reach": ends})
    return Table("ranking", say("title.ranking", year=board.year), columns, rows, say("note.ranking"))


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
    gained = [moves(one, found[0]) for one in found]
    columns = [Column("name", say("column.unit"))]
    for place, (name, _) in enumerate(schemes):
        columns.append(Column(f"rank{place}", name, "count"))
        columns += [Column(f"move{place}", say("column.move.short"), "signed")] if place else []
    rows = []
    for unit in in_order(found[0]):
        row: dict[str, Any] = {"_key": board.units[unit], "name": label(board.units[unit])}
        for place, one in enumerate(found):
            row[f"rank{place}"] = int(one.rank[unit]) or None
            row[f"move{place}"] = int(gained[place][unit])
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
