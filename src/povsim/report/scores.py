"""The chapter on scores and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from povsim import figures
from povsim.charts import weights as charts
from povsim.charts.base import BLUE, GREY, ORANGE
from povsim.report.parts import Chapter, Item, Plot, Stroke
from povsim.report.wanted import Wanted
from povsim.terms import Language
from povsim.views.parts import Table
from povsim.views.weights_answers import interval_table, method_line, places_table
from povsim.views.weights_board import Board, Standing, board_of, standing
from povsim.views.weights_intervals import intervals
from povsim.views.weights_scheme import scheme_of
from povsim.views.weights_sure import places
from povsim.views.weights_tables import breakdown, compared, in_order, label, numbers, ranking_table, scheme_points
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    from povsim.scoring.schemes import WeightScheme
    from povsim.views.digests import RunDigest


@dataclass(frozen=True, eq=False)
class _Told:
    """What is told of: the units and their standing under the points set and the printed ones."""

    board: Board
    scheme: WeightScheme
    own: WeightScheme
    top: int
    lang: Language

    @property
    def say(self) -> Wording:
        return wording(self.lang, "report")

    @property
    def changed(self) -> bool:
        return self.scheme.points != self.own.points

    @property
    def now(self) -> Standing:
        return standing(self.board, self.scheme)

    @property
    def printed(self) -> Standing:
        return standing(self.board, self.own)


def chapter(digest: RunDigest, card: str, year: int, wanted: Wanted, lang: Language) -> Chapter | None:
    """Return the ranking under the points set, how sure it is, and what the points are; nothing without points."""
    from povsim.scoring.schemes import weight_scheme

    part = f"weights.{card}"
    if not digest.has(part) or year not in digest.part(part)["year"].to_numpy():
        return None
    board = board_of(digest.part(part), year)
    own = weight_scheme(board.card)
    asked = wanted.weights
    scheme = scheme_of(own, asked.points, asked.locked) or own
    told = _Told(board, scheme, own, min(asked.top, len(board.units)), lang)
    items = [_ranking(told), *_sure(told), _points(told), *_schemes(told), *_unit(told, asked.unit)]
    head = numbers(board, told.now, told.printed, told.top, lang)
    title = told.say("chapter.scores", card=board.card.label(lang), year=year)
    return Chapter("scores", title, head, items, (method_line(board, scheme, lang),))


def _ranking(told: _Told) -> Item:
    now = told.now
    table = ranking_table(told.board, now, told.printed, told.lang)
    plot = Plot("bar", "name", [Stroke("total", BLUE)], told.say("axis.total"), most=16)
    order = [place for place in in_order(now) if now.rank[place] > 0]
    if len(order) < 2:
        return Item(table, plot=plot)
    names = {"first": label(told.board.units[order[0]]), "second": label(told.board.units[order[1]])}
    ends = {"total": f"{now.total[order[0]]:.1f}", "other": f"{now.total[order[1]]:.1f}"}
    message = told.say("message.ranking", year=told.board.year, **names, **ends)
    return Item(table, plot=plot, message=message)


def _sure(told: _Told) -> list[Item]:
    """Return how often units take places, and within which points the first stay; of one unit there is no ranking."""
    if len(told.board.units) < 2:
        return []
    found = places(told.board, told.scheme, "near")
    table = places_table(told.board, found, "near", told.top, told.lang)
    best = max(table.rows, key=lambda row: row["first"])
    share = figures.probability(best["first"], told.lang)
    message = told.say("message.places", name=best["name"], share=share, top=told.top)
    shown = ("name", "first", "top", "expected")
    stays = interval_table(intervals(told.board, told.scheme, told.top), told.scheme, told.top, told.lang)
    first = Item(table, (charts.places(table, told.lang),), heat="low", message=message, shown=shown)
    return [first, *([Item(stays)] if stays.rows else [])]


def _points(told: _Told) -> Item:
    say = told.say
    named = [(say("scheme.printed"), told.own), *([(say("scheme.set"), told.scheme)] if told.changed else [])]
    table = scheme_points(named, told.lang)
    strokes = [
        Stroke("points0", GREY if told.changed else BLUE),
        *([Stroke("points1", ORANGE)] if told.changed else []),
    ]
    plot = Plot("bar", "name", strokes, say("axis.points"), most=24)
    if not told.changed:
        return Item(table, plot=plot)
    count = sum(1 for line in told.scheme.lines if line.points != told.own.points[line.code])
    return Item(
        table,
        plot=plot,
        message=say("message.points.one" if count == 1 else "message.points", count=count),
        spare="yes",
    )


def _schemes(told: _Told) -> list[Item]:
    if not told.changed:
        return []
    named = [(told.say("scheme.printed"), told.own), (told.say("scheme.set"), told.scheme)]
    table = compared(told.board, named, told.lang)
    return [Item(table, (charts.schemes(table, [name for name, _ in named], told.lang),))]


def _unit(told: _Told, unit: str | None) -> list[Item]:
    if unit not in told.board.units:
        return []
    table: Table = breakdown(told.board, told.scheme, unit, told.lang)
    strokes = [Stroke("full", GREY), Stroke("earned", BLUE), Stroke("mean", ORANGE)]
    plot = Plot("bar", "name", strokes, told.say("axis.points"), most=30)
    return [Item(table, (charts.breakdown(table, told.lang),), plot)]
