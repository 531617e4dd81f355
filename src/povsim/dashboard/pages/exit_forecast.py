"""The exit forecast: how many are still poor, whether targets hold, who may fall back, and what a change would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from povsim.dashboard.packing import offer_packs
from povsim.dashboard.pages.exit_forecast_asked import Asked, asked_of
from povsim.dashboard.pages.exit_forecast_panes import PANES, Pane
from povsim.dashboard.widgets.controls import picker
from povsim.dashboard.widgets.layout import box, discard, page, row, tabs
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.shell import Shell
from povsim.views.forecast_digest import WHOLE
from povsim.views.forecast_numbers import area_name, numbers

if TYPE_CHECKING:
    from ipywidgets import Widget

    from povsim.dashboard.app import Shelf
    from povsim.dashboard.state import State
    from povsim.views.parts import BigNumber

ROOM = "page_forecast"
HELP = ("help.1", "help.2", "help.3", "help.4")


def build(state: State, shelf: Shelf) -> Widget:
    """Return the page.

    Parameters
    ----------
    state : State
        The session's settings; all that can be undone goes through it.
    shelf : Shelf
        Runs to look at.
    """
    return Forecast(state, shelf).root


class Forecast:
    """The page of one session.

    Attributes
    ----------
    root : Widget
        The page.
    asked : Asked
        What is asked of the run now.
    numbers, area, tabs, panes : Widget
        Its live parts.
    """

    def __init__(self, state: State, shelf: Shelf) -> None:
        self.state, self.shelf = state, shelf
        self.panes: dict[str, Pane] = {}
        self.shell = Shell(state, page="exit-forecast")
        offer_packs(self.shell, state, shelf)
        self._body = box(classes="povsim-column")
        self.root = page(self.shell, self._body)
        self._build()
        state.observe(self._on_settings, "settings")
        state.observe(lambda _: self._show_numbers(), "pinned")

    def _build(self) -> None:
        """Make all parts anew: at first, in another language, on another run."""
        self.asked = asked_of(self.state.settings, self.shelf)
        self.say = self.state.say(ROOM)
        self.shell.help = [self.say(key) for key in HELP]
        self._offer()
        old, self.panes = self._body.children, self._without_panes()
        self._body.children = self._parts()
        for widget in old:
            discard(widget)
        self._refresh()

    def _without_panes(self) -> dict[str, Pane]:
        for pane in self.panes.values():
            pane.close()
        return {}

    def _offer(self) -> None:
        lang = self.state.settings.lang
        self.shell.offer("run", {code: self.shelf.get(code).label(lang) for code in self.shelf.codes()})
        self.shell.offer("year", {year: str(year) for year in self.asked.years[::-1]})

    def _parts(self) -> list[Widget]:
        say, asked = self.say, self.asked
        self.numbers = NumbersView()
        whole = say("area.everything", area=area_name(asked.data, None, asked.lang))
        names = {WHOLE: whole, **{name: name for name in asked.townships}}
        self.area = picker(say("area.pick"), names, asked.area or WHOLE, self._pick_area)
        entries: dict[str, tuple[str, Any]] = {
            key: (say(f"tab.{key}"), lambda key=key: self._pane(key)) for key in PANES
        }
        self.tabs = tabs(entries, self.state)
        self.tabs.observe(lambda _: self._show_pane(), "value")
        return [row(Note(say("lead"), tone="lead"), self.area), self.numbers, self.tabs]

    def _pane(self, key: str) -> Widget:
        self.panes[key] = PANES[key](self.state, self.asked)
        return self.panes[key].widget

    def _pick_area(self, area: str) -> None:
        self.state.change("forecast", area=None if area == WHOLE else area)

    def _on_settings(self, change: Any) -> None:
        old, new = change["old"], change["new"]
        if old.lang != new.lang or self.shelf.get(new.run).code != self.asked.digest.code:
            self._build()
        elif (old.year, old.forecast) != (new.year, new.forecast):
            self.asked = asked_of(new, self.shelf)
            self._refresh()

    def _refresh(self) -> None:
        asked = self.asked
        self.area.value = asked.area or WHOLE
        self._show_numbers()
        self._show_pane()

    def _show_numbers(self) -> None:
        pinned = self.state.pinned
        kept = () if pinned is None else _numbers_of(asked_of(pinned.changed(lang=self.asked.lang), self.shelf))
        self.numbers.show(_numbers_of(self.asked), kept)

    def _show_pane(self) -> None:
        pane = self.panes.get(self.tabs.value)
        if pane is not None:
            pane.show(self.asked)


def _numbers_of(asked: Asked) -> list[BigNumber]:
    return numbers(asked.data, year=asked.year, area=asked.area, lang=asked.lang)
