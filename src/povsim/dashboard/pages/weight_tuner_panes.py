"""What lies below the ranking of the weight tuner: one pane for each question, filled when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from povsim.charts import weights as charts
from povsim.dashboard.pages.weight_tuner_desk import Desk
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.controls import button, segments
from povsim.dashboard.widgets.layout import column, row, show_only
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.table import TableView
from povsim.terms import Language
from povsim.views import weights_answers as answers
from povsim.views import weights_sure as sure
from povsim.views import weights_tables as tables
from povsim.views.weights_intervals import Intervals, intervals
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    from ipywidgets import Widget

    from povsim.scoring.schemes import WeightScheme

MANY = 40
"""Units from which places within reach are worked out for a few only."""
FIRST_FEW = 12
Named = Sequence[tuple[str, "WeightScheme"]]


@dataclass(frozen=True, eq=False)
class Pane:
    """One question.

    Attributes
    ----------
    widget : Widget
        What shows the answer.
    show : callable
        Given the desk, shows what is known at once.
    work : callable, optional
        Given the desk, returns what takes longer; runs in a thread.
    take : callable, optional
        Given the desk and the result, shows it.
    """

    widget: Widget
    show: Callable[[Desk], None]
    work: Callable[[Desk], Any] | None = None
    take: Callable[[Desk, Any], None] | None = None


def breakdown(lang: Language) -> Pane:
    """Return the pane with one unit's points by item."""
    chart = ChartView()

    def show(desk: Desk) -> None:
        table = tables.breakdown(desk.place.board, desk.scheme, desk.unit, lang)
        chart.show(charts.breakdown(table, lang))

    return Pane(column(chart), show)


def side_by_side(lang: Language, named: Callable[[Desk], Named]) -> Pane:
    """Return the pane with ranks and points under several schemes."""
    chart, ranks, points = ChartView(), TableView(), TableView()

    def show(desk: Desk) -> None:
        schemes = named(desk)
        table = tables.compared(desk.place.board, schemes, lang)
        chart.show(charts.schemes(table, [name for name, _ in schemes], lang, chosen=desk.unit))
        ranks.show(table)
        points.show(tables.scheme_points(schemes, lang))

    return Pane(column(row(chart, ranks, ratio=(1, 1)), points), show)


def places(lang: Language, again: Callable[[], None]) -> Pane:
    """Return the pane with the heat map of places."""
    say = wording(lang, tables.ROOM)
    kinds = segments(say("picker.kind"), {kind: say(f"kind.{kind}") for kind in sure.KINDS}, "near", lambda _: again())
    note, chart, room = _waiting(say)

    def work(desk: Desk) -> tuple[str, sure.Places]:
        kind: sure.Kind = kinds.value
        return kind, sure.places(desk.place.board, desk.scheme, kind)

    def take(desk: Desk, found: tuple[str, sure.Places]) -> None:
        note.show("")
        table = answers.places_table(desk.place.board, found[1], found[0], desk.top, lang)
        chart.show(charts.places(table, lang))
        show_only(room, when=True)

    return Pane(column(kinds, note, room), lambda _: note.show(say("note.working")), work, take)


def reach(lang: Language, again: Callable[[], None], told: Callable[[dict[str, tuple[int, int, bool]]], None]) -> Pane:
    """Return the pane with best and worst places; ``told`` is given those near the points in force."""
    say = wording(lang, tables.ROOM)
    options = {"near": say("bounds.near"), "any": say("bounds.any")}
    bounds = segments(say("picker.bounds"), options, "near", lambda _: again())
    note, chart, room = _waiting(say)

    def work(desk: Desk) -> Any:
        return sure.reach(desk.place.board, desk.scheme, whom(desk), near=bounds.value == "near")

    def take(desk: Desk, found: Any) -> None:
        if isinstance(found, tuple):
            note.show(answers.why_not(found, lang))
        else:
            some = len(found) < len(desk.place.board.units) > MANY
            note.show(say("note.reach.some", count=FIRST_FEW) if some else "")
            near = bounds.value == "near"
            table = answers.reach_table(desk.place.board, desk.now, found, lang, near=near)
            chart.show(charts.reach(table, lang))
            if near:
                told(found)
        show_only(room, when=not isinstance(found, tuple))

    return Pane(column(bounds, note, room), lambda _: note.show(say("note.working")), work, take)


def _waiting(say: Wording) -> tuple[Note, ChartView, Widget]:
    """Return a note that work is under way, and the chart that is to come, in a box that is out of sight.

    Boxes can be shown and hidden again; of other parts the browser does not notice.
    """
    chart = ChartView()
    room = column(chart)
    show_only(room, when=False)
    return Note(say("note.working"), tone="small"), chart, room


def whom(desk: Desk) -> list[str]:
    """Return the units whose places within reach are worked out."""
    units = desk.place.board.units
    if len(units) <= MANY:
        return list(units)
    first = [units[place] for place in tables.in_order(desk.now)[:FIRST_FEW]]
    return list(dict.fromkeys([desk.unit, *first]))


def change(lang: Language, use: Callable[[dict[str, float]], None]) -> Pane:
    """Return the pane that says what must change for the unit to be first; ``use`` takes points to be tried."""
    say = wording(lang, tables.ROOM)
    head, chart, moves, losses = Note(say("note.working")), ChartView(), TableView(), TableView()
    proposed: dict[str, float] = {}
    attempt = button(say("button.try"), lambda: use(dict(proposed)), "primary")
    rooms = (column(attempt, chart), column(moves))
    for room in rooms:
        show_only(room, when=False)

    def show(desk: Desk) -> None:
        rival = desk.rival or sure.leader(desk.place.board, desk.scheme, desk.unit)
        losses.show(answers.lost_table(desk.place.board, desk.scheme, desk.unit, rival, lang))

    def work(desk: Desk) -> Any:
        rival = desk.rival or sure.leader(desk.place.board, desk.scheme, desk.unit)
        return ("out of the ranking",) if rival is None else sure.swap(desk.place.board, desk.scheme, rival, desk.unit)

    def take(_desk: Desk, found: Any) -> None:
        proposed.clear()
        known = isinstance(found, sure.Swap)
        if known:
            head.show(answers.swap_sentence(found, lang))
            table = answers.swap_table(found, _desk.scheme, lang)
            moves.show(table)
            chart.show(charts.changes(table, lang))
            proposed.update(found.points if found.moves else {})
        else:
            head.show(answers.why_not(found, lang))
        for room in rooms:
            show_only(room, when=bool(proposed))

    return Pane(column(head, row(rooms[0], losses, ratio=(1, 1)), rooms[1]), show, work, take)


def allowed(lang: Language, told: Callable[[Desk, Intervals], None]) -> Pane:
    """Return the pane with the points within which the first places stay; ``told`` is given them too."""
    table = TableView()

    def work(desk: Desk) -> Intervals:
        return intervals(desk.place.board, desk.scheme, desk.top)

    def take(desk: Desk, found: Intervals) -> None:
        table.show(answers.interval_table(found, desk.scheme, desk.top, lang))
        told(desk, found)

    return Pane(column(table), lambda _: None, work, take)
