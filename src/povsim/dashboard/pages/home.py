"""The home page: what can be asked, which runs there are, what they rest on, how to read them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from povsim.dashboard.packing import offer_packs
from povsim.dashboard.pages.home_doors import Doors
from povsim.dashboard.widgets.controls import segments
from povsim.dashboard.widgets.layout import box, card, column, discard, page, row, tabs
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.shell import Shell
from povsim.dashboard.widgets.table import TableView
from povsim.views import home as views

if TYPE_CHECKING:
    from ipywidgets import Widget

    from povsim.dashboard.app import Shelf
    from povsim.dashboard.state import State

TABS = ("runs", "assumptions", "documents", "help")
HELP = ("is", "isnot", "read", "use")


def build(state: State, shelf: Shelf) -> Widget:
    """Return the page.

    Parameters
    ----------
    state : State
        The session's settings.
    shelf : Shelf
        Runs to look at.
    """
    return Home(state, shelf).root


class Home:
    """The page of one session.

    Attributes
    ----------
    root : Widget
        The page.
    status : str
        Status of the figures that are listed; empty for all.
    """

    def __init__(self, state: State, shelf: Shelf) -> None:
        self.state, self.shelf, self.status = state, shelf, ""
        self.doors: Doors | None = None
        self.shell = Shell(state, page="home")
        offer_packs(self.shell, state, shelf)
        self._body = box(classes="povsim-column")
        self.root = page(self.shell, self._body)
        self._build()
        state.observe(self._follow, "settings")
        state.observe(lambda _: self._show("assumptions"), "pinned")

    def _build(self) -> None:
        """Make all parts anew: at first and in another language."""
        say, lang = self.state.say("commands", "page_home"), self.state.settings.lang
        self._say = say
        self.shell.help = [say(key) for key in ("home.help.1", "home.help.2")]
        self.shell.offer("run", {code: self.shelf.get(code).label(lang) for code in self.shelf.codes()})
        old = self._body.children
        if self.doors is not None:
            self.doors.release()
        self._made: dict[str, Any] = {}
        self.doors = Doors(self.state, views.doors(lang), say("home.open"))
        entries: dict[str, tuple[str, Any]] = {key: (say(f"home.tab.{key}"), partial(self._tab, key)) for key in TABS}
        self.tabs = tabs(entries, self.state)
        self._body.children = [Note(say("home.lead"), "lead"), self.doors, self.tabs]
        for widget in old:
            discard(widget)

    def _tab(self, key: str) -> Widget:
        made: Widget = getattr(self, f"_{key}")()
        self._show(key)
        return made

    def _runs(self) -> Widget:
        self._made["runs"] = TableView(selectable=True)
        self._made["runs"].observe(self._choose, "chosen")
        return column(self._made["runs"])

    def _assumptions(self) -> Widget:
        say = self._say
        options = {"": say("home.status.all"), **{status: say(f"status.{status}") for status in views.STATUSES}}
        numbers, table = NumbersView(), TableView(height=560)
        self._made["assumptions"] = (numbers, table)
        return column(numbers, row(segments(say("home.status"), options, self.status, self._filter)), table)

    def _documents(self) -> Widget:
        self._made["documents"] = TableView(height=620)
        return column(self._made["documents"])

    def _help(self) -> Widget:
        say = self._say
        cards = [card(say(f"home.{key}.title"), Note(say(f"home.{key}"))) for key in HELP]
        return column(row(*cards[:2], ratio=(1, 1)), row(*cards[2:], ratio=(1, 1)))

    def _show(self, key: str) -> None:
        lang, digest = self.state.settings.lang, self.shelf.get(self.state.settings.run)
        made = self._made.get(key)
        if made is None:
            return
        if key == "runs":
            made.show(views.runs_table((self.shelf.get(code) for code in self.shelf.codes()), lang))
            made.chosen = digest.code
        elif key == "assumptions":
            pinned = self.state.pinned
            kept = [] if pinned is None else views.status_numbers(self.shelf.get(pinned.run), lang)
            made[0].show(views.status_numbers(digest, lang), kept)
            made[1].show(views.assumptions_table(digest, self.status, lang))
        else:
            made.show(views.documents_table(digest, lang))

    def _choose(self, change: Any) -> None:
        if change["new"] and change["new"] != self.shelf.get(self.state.settings.run).code:
            self.state.change(run=change["new"])

    def _filter(self, status: str) -> None:
        self.status = status
        self._show("assumptions")

    def _follow(self, change: Any) -> None:
        old, new = change["old"], change["new"]
        if old.lang != new.lang:
            self._build()
        elif old.run != new.run:
            for key in tuple(self._made):
                self._show(key)
