"""The weight tuner: points are moved, and ranks, bands and everything that rests on them follow at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from povsim.dashboard.packing import offer_packs
from povsim.dashboard.pages import weight_tuner_panes as panes
from povsim.dashboard.pages.weight_tuner_bring import Bring
from povsim.dashboard.pages.weight_tuner_desk import (
    Desk,
    Place,
    cards,
    desk_of,
    numbers_of,
    pinned_numbers,
    place_of,
    tops,
    years_of,
)
from povsim.dashboard.pages.weight_tuner_later import Later
from povsim.dashboard.widgets.controls import button, picker
from povsim.dashboard.widgets.layout import box, card, column, discard, page, row, tabs
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.ranking import RankingView
from povsim.dashboard.widgets.shell import Shell
from povsim.dashboard.widgets.weight_table import WeightTable
from povsim.errors import InputError
from povsim.views import weights_answers as answers
from povsim.views import weights_files as files
from povsim.views import weights_scheme as schemes
from povsim.views import weights_tables as tables
from povsim.views.weights_foretold import sums_of
from povsim.views.weights_intervals import Intervals, intervals
from povsim.wording import wording

if TYPE_CHECKING:
    from ipywidgets import Widget

    from povsim.dashboard.app import Shelf
    from povsim.dashboard.state import State
    from povsim.scoring.schemes import WeightScheme

HELP = ("help.1", "help.2", "help.3", "help.4")
MOST_SCHEMES = 6
LONGEST_LABEL = 60
RATED = "ratings"


def build(state: State, shelf: Shelf) -> Widget:
    """Return the page.

    Parameters
    ----------
    state : State
        The session's settings; all that can be undone goes through it.
    shelf : Shelf
        Runs to look at.
    """
    return Tuner(state, shelf).root


class Tuner:
    """The page of one session.

    Attributes
    ----------
    root : Widget
        The page.
    desk : Desk or None
        What is shown.
    table, ranking, numbers, note : Widget
        Its live parts.
    """

    def __init__(self, state: State, shelf: Shelf) -> None:
        self.state, self.shelf = state, shelf
        self.place: Place | None = None
        self.desk: Desk | None = None
        self.brought: dict[str, WeightScheme] = {}
        self.intervals: Intervals | None = None
        self.reach: tuple[Any, dict[str, tuple[int, int, bool]]] | None = None
        self.later, self.soon = Later(), Later()
        self._drag: tuple[str, WeightScheme] | None = None
        self._made: WeightScheme | None = None
        self._asked: tuple[WeightScheme, int] | None = None
        self._kept: list[Any] = []
        self._panes: dict[str, panes.Pane] = {}
        say = state.say(tables.ROOM)
        self.shell = Shell(state, page="weight-tuner", help=[say(key) for key in HELP])
        offer_packs(self.shell, state, shelf)
        self._body = box(classes="povsim-column")
        self.root = page(self.shell, self._body)
        self._build()
        state.observe(self._on_settings, "settings")
        state.observe(self._on_pin, "pinned")

    # ---- the page as a whole ----

    def _build(self) -> None:
        """Make all parts anew: at first, in another language, on another card."""
        settings = self.state.settings
        self.say = wording(settings.lang, tables.ROOM)
        self.shell.help = [self.say(key) for key in HELP]
        self.place = place_of(settings, self.shelf, self.place)
        self._offer()
        old = self._body.children
        self._panes = {}
        self.desk = None if self.place is None else desk_of(self.place, settings)
        parts = [Note(self.say("note.no_card"), tone="info")] if self.desk is None else self._parts(self.desk)
        self._body.children = parts
        for widget in old:
            discard(widget)
        if self.desk is not None:
            self._kept = pinned_numbers(self.state, self.shelf, self.place)
            self._refresh()

    def _offer(self) -> None:
        """Put runs, scorecards and years on the bar."""
        lang = self.state.settings.lang
        runs = {code: self.shelf.get(code).label(lang) for code in self.shelf.codes()}
        self.shell.offer("run", runs)
        if self.place is None:
            return
        digest = self.shelf.get(self.place.key[0])
        self.shell.offer("scorecard", cards(digest, lang), on_change=self._pick_card)
        self.shell.offer("year", {year: str(year) for year in years_of(digest, self.place.key[1])})

    def _pick_card(self, code: str) -> None:
        # points belong to a card: those of another one would mean nothing
        self.state.change(scorecard=code, weights={"top": self.state.settings.weights.top})

    def _parts(self, desk: Desk) -> list[Widget]:
        say = self.say
        self.numbers, self.note, self.method = NumbersView(), Note(""), Note("", tone="small")
        self._hint()
        self.table = WeightTable(title=say("card.weights"), total=desk.place.own.total_points)
        if self.state.settings.weights.ratings:
            self.table.mode = "ratings"
        self.ranking = RankingView(title=say("card.ranking", year=desk.place.key[2]))
        self.ranking.lowest, self.ranking.highest = tables.bar_ends(desk.place.board, desk.place.printed)
        self.ranking.foretell_from(sums_of(desk.place.board, desk.scheme))
        self.table.observe(self._on_edit, "edit")
        self.ranking.observe(self._on_choose, "chosen")
        self.bring = Bring(self.say, self._use, self._export, lambda: self._desk().place.own)
        units = len(desk.place.board.units)
        choices = {top: say("picker.top.value", top=top) for top in sorted({*tops(units), desk.top})}
        self.top = picker(say("picker.top"), choices, desk.top, lambda top: self.state.change("weights", top=int(top)))
        weights = card("", self.note, self.table, self._buttons(), note=self._about(desk))
        single = [] if units > 1 else [Note(say("note.one_unit"), tone="info")]
        ranking = card("", *single, self.ranking, self.top, self.method, note=self._bars())
        return [self.numbers, row(weights, ranking, ratio=(3, 2)), card("", self._whom(desk), self._tabs())]

    def _about(self, desk: Desk) -> str:
        return answers.about_items(desk.place.board, desk.scheme, self.state.settings.lang)

    def _bars(self) -> str:
        told = [self.say("note.bars", lowest=f"{self.ranking.lowest:g}")]
        if self._desk().now.out.any():
            told.append(self.say("note.vetoes"))
        return "".join(told) if self.state.settings.lang == "zh" else " ".join(told)

    def _hint(self) -> None:
        """Say what happens when a weight moves, where no more important thing is to be said; so nothing jumps."""
        self.note.show(self.say("note.idle"), "info")

    def _whom(self, desk: Desk) -> Widget:
        """Return what picks the unit looked at and whom it is compared with."""
        names = {unit: tables.label(unit) for unit in desk.place.board.units}
        leader = {"": self.say("picker.rival.leader")}
        self.unit = picker(
            self.say("picker.unit"), names, desk.unit, lambda unit: self.state.change("weights", unit=unit)
        )
        self.rival = picker(
            self.say("picker.rival"),
            {**leader, **names},
            desk.rival or "",
            lambda unit: self.state.change("weights", rival=unit or None),
        )
        return row(self.unit, self.rival, ratio=(1, 1))

    def _buttons(self) -> Widget:
        say = self.say
        return row(
            button(say("button.printed"), self._printed, help=say("button.printed.help")),
            button(say("button.equal"), lambda: self._reshape(schemes.equal, "equal"), help=say("button.equal.help")),
            button(say("button.round"), lambda: self._reshape(_rounded, None), help=say("button.round.help")),
            button(say("button.export"), self._export),
        )

    def _tabs(self) -> Widget:
        lang = self.state.settings.lang
        made: dict[str, Callable[[], panes.Pane]] = {
            "breakdown": lambda: panes.breakdown(lang),
            "schemes": lambda: panes.side_by_side(lang, self._schemes),
            "places": lambda: panes.places(lang, self._ask),
            "reach": lambda: panes.reach(lang, self._ask, self._take_reach),
            "change": lambda: panes.change(lang, self._try),
            "intervals": lambda: panes.allowed(lang, lambda _, found: self._got_intervals(found)),
        }
        entries: dict[str, tuple[str, Any]] = {
            key: (self.say(f"tab.{key}"), lambda key=key, make=make: self._pane(key, make))
            for key, make in made.items()
        }
        entries["bring"] = (self.say("card.bring"), column(self.bring.widget))
        self.tabs = tabs(entries, self.state)
        self.tabs.observe(lambda _: self._show_pane(), "value")
        return self.tabs

    def _pane(self, key: str, make: Callable[[], panes.Pane]) -> Widget:
        self._panes[key] = make()
        return self._panes[key].widget

    # ---- what follows a change ----

    def _on_settings(self, change: Any) -> None:
        old, new = change["old"], change["new"]
        made, self._made = self._made, None
        where = ("lang", "run", "scorecard", "year")
        if any(getattr(old, name) != getattr(new, name) for name in where):
            self._forget()
            self._build()
        elif old.weights != new.weights and self.place is not None:
            self.desk = desk_of(self.place, new, made)
            self._refresh()

    def _forget(self) -> None:
        self._drag = self._asked = self.intervals = self.reach = None
        self.later.drop()
        self.soon.drop()

    def _on_pin(self, _change: Any) -> None:
        if self.desk is None:
            return
        self._kept = pinned_numbers(self.state, self.shelf, self.place)
        self.numbers.show(numbers_of(self.desk, self.say.lang), self._kept)
        if self.tabs.value == "schemes":
            self._show_pane()

    def _desk(self) -> Desk:
        if self.desk is None:
            raise AssertionError("the page has no scorecard to weigh")
        return self.desk

    def _refresh(self) -> None:
        """Show everything that is known at once, and have the rest worked out."""
        desk, lang = self._desk(), self.state.settings.lang
        self._show_table()
        self._show_ranking()
        self.numbers.show(numbers_of(desk, lang), self._kept)
        self.method.show(answers.method_line(desk.place.board, desk.scheme, lang))
        self.top.value, self.unit.value, self.rival.value = desk.top, desk.unit, desk.rival or ""
        if not desk.fits:
            self.note.show(self.say("note.wrong_link"), "warning")
        if self._asked != (desk.scheme, desk.top):
            self._asked = (desk.scheme, desk.top)
            self.soon.ask(lambda: intervals(desk.place.board, desk.scheme, desk.top), self._got_intervals)
        self._show_pane()

    def _show_table(self) -> None:
        desk, settings = self._desk(), self.state.settings
        known = None if self.intervals is None else self.intervals.points
        given, gone = settings.weights.ratings, desk.place.board.absent
        self.table.show(schemes.rows(desk.scheme, settings.lang, ratings=given, intervals=known, absent=gone))

    def _show_ranking(self) -> None:
        desk, lang = self._desk(), self.state.settings.lang
        known = self.reach[1] if self.reach is not None and self.reach[0] is desk.scheme else None
        told = tables.ranking(desk.place.board, desk.now, desk.place.printed, lang, reach=known)
        self.ranking.show(told, top=desk.top)
        if self.ranking.chosen != desk.unit:
            self.ranking.chosen = desk.unit

    def _show_pane(self) -> None:
        pane = self._panes.get(self.tabs.value)
        if pane is None or self.desk is None:
            self.later.drop()
            return
        pane.show(self.desk)
        self._ask()

    def _ask(self) -> None:
        """Have the open pane's work done."""
        pane, desk = self._panes.get(self.tabs.value), self._desk()
        if pane is None or pane.work is None or pane.take is None:
            self.later.drop()
            return
        work, take = pane.work, pane.take
        self.later.ask(lambda: work(desk), lambda found: take(desk, found))

    def _got_intervals(self, found: Intervals) -> None:
        self.intervals = found
        self._show_table()

    def _take_reach(self, found: dict[str, tuple[int, int, bool]]) -> None:
        self.reach = (self._desk().scheme, found)
        self._show_ranking()

    # ---- what the reader does ----

    def _on_choose(self, change: Any) -> None:
        if change["new"] and change["new"] != self._desk().unit:
            self.state.change("weights", unit=change["new"])

    def _on_edit(self, change: Any) -> None:
        edit = change["new"]
        desk = self._desk()
        try:
            if "points" in edit:
                self._move(edit, desk)
            elif "rating" in edit:
                ratings = {**self.state.settings.weights.ratings, edit["code"]: edit["rating"]}
                self._set(schemes.rated(desk.scheme, ratings), ratings=ratings, label=RATED)
                self.note.show(self.say("note.rated"), "info")
            else:
                locked = schemes.lock(desk.scheme, edit["code"], locked=edit["locked"])
                asked = self.state.settings.weights
                self._set(locked, ratings=dict(asked.ratings), label=asked.scheme)
        except InputError as error:
            self._refuse(error)

    def _move(self, edit: dict[str, Any], desk: Desk) -> None:
        """Move one item from where its drag began, so that a drag to the end and back changes nothing."""
        code = edit["code"]
        dragging = self._drag is not None and self._drag[0] == code
        base = self._drag[1] if dragging and self._drag is not None else desk.scheme
        self._drag = (code, base) if edit["drag"] else None
        drag = f"points {code}" if dragging or edit["drag"] else None
        try:
            scheme = schemes.moved(base, code, edit["points"])
        except InputError:
            self.note.show(answers.refusal(desk.scheme, code, self.state.settings.lang), "warning")
            self._show_table()
            return
        self._set(scheme, drag=drag)

    def _refuse(self, error: InputError) -> None:
        text = files.told(error, self.say)
        self.note.show(self.say("note.refused") + text, "warning")
        self._show_table()

    def _set(
        self,
        scheme: WeightScheme,
        *,
        label: str | None = None,
        ratings: dict[str, int] | None = None,
        drag: str | None = None,
    ) -> None:
        """Put a scheme in force, as a step that can be undone."""
        entry = schemes.entry_of(scheme)
        self._made = scheme
        self._hint()
        self.state.change(
            "weights", drag=drag, points=entry.points, locked=entry.locked, ratings=ratings or {}, scheme=label
        )
        self._made = None

    def _printed(self) -> None:
        self._set(self._desk().place.own, label=None)

    def _reshape(self, change: Callable[[WeightScheme], WeightScheme], label: str | None) -> None:
        try:
            self._set(change(self._desk().scheme), label=label)
        except InputError as error:
            self._refuse(error)

    def _use(self, scheme: WeightScheme, label: str) -> None:
        """Take over a scheme that was brought in; it stays for comparison."""
        self.brought = dict([*self.brought.items(), (label[:LONGEST_LABEL], scheme)][-3:])
        self._set(scheme, label=label[:LONGEST_LABEL])

    def _try(self, points: dict[str, float]) -> None:
        self._reshape(lambda scheme: scheme.with_points(points, rescale=True), None)

    def _export(self) -> None:
        desk, lang = self._desk(), self.state.settings.lang
        self.shell.send_file(f"weights-{desk.place.key[1]}.xlsx", files.workbook(desk.scheme, lang), files.EXCEL)

    def _schemes(self, desk: Desk) -> list[tuple[str, WeightScheme]]:
        """Return the schemes to compare: printed, in force, equal, rated, brought in, pinned."""
        say, own, settings = self.say, desk.place.own, self.state.settings.weights
        found = [(say("scheme.printed"), own)]
        if schemes.origin(desk.scheme) == "changed":
            found.append((say("scheme.now"), desk.scheme))
        found.append((say("scheme.equal"), schemes.equal(own)))
        if settings.ratings and settings.scheme != RATED:
            found.append((say("scheme.ratings"), schemes.rated(own, settings.ratings)))
        found += [(name, one) for name, one in self.brought.items() if one.codes == own.codes]
        pinned = self.state.pinned
        if pinned is not None and pinned.scorecard == self.state.settings.scorecard:
            kept = schemes.scheme_of(own, pinned.weights.points, pinned.weights.locked)
            found += [] if kept is None else [(say("scheme.pinned"), kept)]
        return found[:MOST_SCHEMES]


def _rounded(scheme: WeightScheme) -> WeightScheme:
    return scheme.renormalised(step=0.5)
