"""The state of a dashboard session, without widgets: settings, steps back and forth, a pin, and the link back."""

from __future__ import annotations

import time
from typing import Any

from traitlets import Bool, HasTraits, Instance, Unicode, observe

from povsim.dashboard.links import decode, encode
from povsim.dashboard.settings import VIEW, Settings
from povsim.wording import Wording, wording

DEEPEST = 200
"""Steps that can be undone."""
MERGE_SECONDS = 1.0
"""A slider's drag is one step: changes of the same thing that follow each other faster are merged."""


class State(HasTraits):
    """Settings of one session and their history; pages observe ``settings`` and show it.

    Attributes
    ----------
    settings : Settings
        What is set now; replaced, never changed.
    pinned : Settings or None
        Settings kept for comparison (A/B).
    can_undo, can_redo : bool
        Whether there is a step back or forth.
    token : str
        The link to these settings.

    Examples
    --------
    >>> state = State()
    >>> state.change("weights", points={"a": 10.0})
    >>> state.change("weights", points={"a": 12.0})
    >>> state.undo()
    >>> state.settings.weights.points, state.can_redo
    ({'a': 10.0}, True)
    """

    settings = Instance(Settings)
    pinned = Instance(Settings, allow_none=True)
    can_undo = Bool(default_value=False)
    can_redo = Bool(default_value=False)
    token = Unicode()

    def __init__(self, settings: Settings | None = None) -> None:
        start = settings or Settings()
        self._start = start
        self._past: list[Settings] = []
        self._future: list[Settings] = []
        self._last: tuple[str, float] | None = None
        super().__init__(settings=start, pinned=None, token=encode(start))

    def say(self, *rooms: str) -> Wording:
        """Return the texts of some rooms in the session's language."""
        return wording(self.settings.lang, "dashboard", *rooms)

    def change(self, part: str | None = None, *, drag: str | None = None, **updates: Any) -> None:
        """Change some settings, of a part (``weights``, ``vetoes``, ...) or of the whole, as one step.

        Parameters
        ----------
        part : str, optional
            Part of the settings that is meant.
        drag : str, optional
            What is being dragged: changes under one name that follow fast are one step.
        **updates
            Entries with their new values.

        Raises
        ------
        pydantic.ValidationError
            A value out of bounds; nothing changes then.
        """
        new = self.settings.changed(part, **updates)
        if new == self.settings:
            return
        if part is not None or not set(updates) <= VIEW:
            self._remember(drag)
        self._set(new)

    def undo(self) -> None:
        """Go one step back, if there is one; language, theme and the like stay."""
        self._step(self._past, self._future)

    def redo(self) -> None:
        """Take back the last step back, if there is one."""
        self._step(self._future, self._past)

    def reset(self) -> None:
        """Go back to the settings the session began with, as a step that can be undone."""
        new = self._keeping_view(self._start)
        if new != self.settings:
            self._remember(None)
            self._set(new)

    def pin(self) -> None:
        """Keep the settings as they are now, to compare with."""
        self.pinned = self.settings

    def unpin(self) -> None:
        """Forget the pinned settings."""
        self.pinned = None

    def swap(self) -> None:
        """Exchange the pinned settings and those of now."""
        if self.pinned is not None and self.pinned != self.settings:
            kept, self.pinned = self.pinned, self.settings
            self._remember(None)
            self._set(self._keeping_view(kept))

    def load(self, token: str) -> None:
        """Take over the settings of a link, as a step that can be undone.

        Raises
        ------
        InputError
            The link is damaged or out of bounds; nothing changes then.
        """
        new = decode(token)
        if new != self.settings:
            self._remember(None)
            self._set(new)

    def _keeping_view(self, settings: Settings) -> Settings:
        return settings.changed(**{name: getattr(self.settings, name) for name in VIEW})

    def _remember(self, drag: str | None) -> None:
        now = time.monotonic()
        merged = drag is not None and self._last is not None and self._last[0] == drag
        if not (merged and self._last is not None and now - self._last[1] < MERGE_SECONDS):
            self._past = [*self._past[-(DEEPEST - 1) :], self.settings]
        self._last = None if drag is None else (drag, now)
        self._future = []

    def _step(self, source: list[Settings], other: list[Settings]) -> None:
        if source:
            other.append(self.settings)
            self._last = None
            self._set(self._keeping_view(source.pop()))

    def _set(self, new: Settings) -> None:
        with self.hold_trait_notifications():
            self.settings = new
            self.can_undo, self.can_redo = bool(self._past), bool(self._future)

    @observe("settings")
    def _link(self, _change: Any) -> None:
        self.token = encode(self.settings)
