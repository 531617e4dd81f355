"""The ways from the home page to the others: cards that are links and carry the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from typing import Any

import anywidget
from traitlets import List, Unicode

from povsim.dashboard.state import State
from povsim.views.home import Door

_FOLDER = resources.files("povsim.dashboard.pages")


class Doors(anywidget.AnyWidget):
    """Cards with the question each page answers.

    Parameters
    ----------
    state : State
        Its link goes with every card.
    doors : sequence of Door
        The pages.
    opens : str
        What the link on a card says.

    Examples
    --------
    >>> from povsim.dashboard.settings import Settings
    >>> state = State(Settings())
    >>> cards = Doors(state, [Door("veto-lab", "Vetoes", "Who?", "How")], "Open")
    >>> state.change(year=2018)
    >>> cards.token == state.token, cards.doors[0]["page"]
    (True, 'veto-lab')
    """

    _esm = (_FOLDER / "home_doors.js").read_text(encoding="utf-8")
    _css = (_FOLDER / "home_doors.css").read_text(encoding="utf-8")
    doors: Any = List().tag(sync=True)
    opens = Unicode().tag(sync=True)
    token = Unicode().tag(sync=True)

    def __init__(self, state: State, doors: Sequence[Door], opens: str) -> None:
        self._state = state
        super().__init__(doors=[asdict(door) for door in doors], opens=opens, token=state.token)
        state.observe(self._follow, "token")

    def release(self) -> None:
        """Stop following the state."""
        self._state.unobserve(self._follow, "token")

    def _follow(self, change: Any) -> None:
        self.token = change["new"]
