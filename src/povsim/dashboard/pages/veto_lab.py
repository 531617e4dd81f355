"""The veto lab: rules on and off, thresholds moved, and who is excluded by which rules."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from povsim.dashboard.packing import offer_packs
from povsim.dashboard.pages.veto_lab_asked import asked_of, offered, place_of
from povsim.dashboard.pages.veto_lab_controls import Controls
from povsim.dashboard.pages.veto_lab_panes import PANES, Pane, at_top
from povsim.dashboard.widgets.controls import button
from povsim.dashboard.widgets.layout import box, card, column, discard, page, row, show_only, tabs
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.shell import Shell
from povsim.views import vetoes

if TYPE_CHECKING:
    from ipywidgets import Widget

    from povsim.dashboard.app import Shelf
    from povsim.dashboard.state import State
    from povsim.views.vetoes import Asked

ROOM = "page_vetoes"
HELP = ("help.1", "help.2", "help.3", "help.4", "help.5")
QUIET_SECONDS = 1.0
"""After this the page has been shown, and what the first change needs is loaded."""


def build(state: State, shelf: Shelf) -> Widget:
    """Return the page.

    Parameters
    ----------
    state : State
        The session's settings; all that can be undone goes through it.
    shelf : Shelf
        Runs to look at.
    """
    return Lab(state, shelf).root


class Lab:
    """The page of one session.

    Attributes
    ----------
    root : Widget
        The page.
    asked : Asked
        What is asked of the run now.
    numbers, answer, basis, controls, panes : Widget
        Its live parts: ``answer`` is one line, whatever is set, ``basis`` all that is to be said about it.
    """

    def __init__(self, state: State, shelf: Shelf) -> None:
        self.state, self.shelf = state, shelf
        self.panes: dict[str, Pane] = {}
        self.shell = Shell(state, page="veto-lab")
        offer_packs(self.shell, state, shelf)
        self._body = box(classes="povsim-column")
        self.root = page(self.shell, self._body)
        self._build()
        state.observe(self._on_settings, "settings")
        state.observe(lambda _: self._show_numbers(), "pinned")
        self._warm_later()

    def _build(self) -> None:
        """Make all parts anew: at first, in another language, on another run, year or scorecard."""
        self.say = self.state.say(ROOM)
        self.asked = asked_of(self.state.settings, self.shelf)
        self.shell.help = [self.say(key) for key in HELP]
        for code, options in offered(self.state.settings, self.shelf).items():
            self.shell.offer(code, options)
        old = self._body.children
        self.panes = {}
        self._body.children = self._parts()
        for widget in old:
            discard(widget)
        self._refresh()

    def _parts(self) -> list[Widget]:
        say = self.say
        self.numbers, self.answer, self.basis = NumbersView(), Note("", tone="info"), Note("")
        self.rerun = button(say("control.rerun"), self._to_forecast)
        self.controls = Controls(self.state, self.asked)
        entries: dict[str, tuple[str, Any]] = {
            key: (say(f"tab.{key}"), lambda key=key: self._pane(key)) for key in PANES if self._has(key)
        }
        self.tabs = tabs(entries, self.state)
        self.tabs.observe(lambda _: self._show_pane(), "value")
        self.basis_card = card(say("control.basis"), self.basis)
        # Above what is dragged or switched stands nothing that grows: the numbers and what is said of them have a
        # column of their own, and the longer explanation comes after the switches.
        left = at_top(column(self.controls.widget, self.basis_card)).add_class("povsim-controls")
        right = at_top(column(self.numbers, row(self.answer, self.rerun), self.tabs))
        return [Note(say("lead"), tone="lead"), row(left, right, ratio=(1, 2))]

    def _has(self, key: str) -> bool:
        return {"error": vetoes.has_margins(self.asked), "card": self.asked.card is not None}.get(key, True)

    def _pane(self, key: str) -> Widget:
        self.panes[key] = PANES[key](self.state, self.asked, self.controls)
        return self.panes[key].widget

    # ---- what follows a change ----

    def _on_settings(self, change: Any) -> None:
        old, new = change["old"], change["new"]
        if old.lang != new.lang or place_of(old, self.shelf) != place_of(new, self.shelf):
            self._build()
        elif old.vetoes != new.vetoes:
            self.asked = asked_of(new, self.shelf)
            self._refresh()

    def _refresh(self) -> None:
        asked = self.asked
        self._show_numbers()
        self.answer.show(vetoes.summary(asked))
        self.basis.show(vetoes.told(asked))
        show_only(self.basis_card, when=bool(vetoes.changes(asked)))
        self.rerun.disabled, self.rerun.help = not vetoes.levers(asked), vetoes.command(asked)
        self.controls.show(asked)
        self._show_pane()

    def _show_numbers(self) -> None:
        pinned = self.state.pinned
        kept = [] if pinned is None else vetoes.numbers(asked_of(pinned.changed(lang=self.asked.lang), self.shelf))
        self.numbers.show(vetoes.numbers(self.asked), kept)

    def _show_pane(self) -> None:
        pane = self.panes.get(self.tabs.value)
        if pane is not None:
            pane.show(self.asked)

    def _to_forecast(self) -> None:
        """Take what is set over as levers of the exit forecast, where it runs again."""
        levers = {**self.state.settings.forecast.levers, **vetoes.levers(self.asked)}
        self.state.change("forecast", levers=levers)
        self.shell.tell(self.say("control.rerun.done"))

    def _warm_later(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        thread = threading.Thread(target=_warm, args=(self.asked,), daemon=True)
        loop.call_later(QUIET_SECONDS, thread.start)


def _warm(asked: Asked) -> None:
    vetoes.warm(asked)
