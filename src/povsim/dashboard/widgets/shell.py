"""The bar on top of every page: what it is, where to go, what is looked at, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from traitlets import Bool, Dict, List, Unicode

from povsim.dashboard.links import encode
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from povsim.dashboard.widgets.part import Part
from povsim.dashboard.widgets.stage import stage
from povsim.errors import InputError

PAGES = ("home", "exit-forecast", "weight-tuner", "veto-lab", "scenario-compare")
KINDS = ("xlsx", "pptx", "html")
FLAGS = ("can_undo", "can_redo")
STEPS = ("undo", "redo", "reset", "pin", "unpin", "swap")


class Shell(Part):
    """The bar, the link in the address, the heartbeat and the banner of a page.

    Parameters
    ----------
    state : State
        Shown and changed: language, theme, presenter mode, steps back and forth, pin, link.
    page : str
        Name of the page's notebook.

    Attributes
    ----------
    pack : dict
        The meeting pack asked for last: ``{"kind": "xlsx" | "pptx" | "html", "n"}``; observe it.

    Examples
    --------
    >>> state = State()
    >>> shell = Shell(state, page="weight-tuner")
    >>> shell.offer("year", {2016: "2016", 2017: "2017"})
    >>> state.change(lang="en")
    >>> stage().lang, shell.token == state.token
    ('en', True)
    """

    kind = Unicode("shell").tag(sync=True)
    page = Unicode().tag(sync=True)
    pages: Any = List(list(PAGES)).tag(sync=True)
    token = Unicode().tag(sync=True)
    assumptions = Unicode().tag(sync=True)
    pickers: Any = List().tag(sync=True)
    help: Any = List().tag(sync=True)
    packs: Any = List(list(KINDS)).tag(sync=True)
    can_undo = Bool(default_value=False).tag(sync=True)
    can_redo = Bool(default_value=False).tag(sync=True)
    pinned = Bool(default_value=False).tag(sync=True)
    busy = Unicode().tag(sync=True)
    subtitle = Unicode().tag(sync=True)
    pack: Any = Dict()

    def __init__(self, state: State, page: str, *, help: Sequence[str] = ()) -> None:  # noqa: A002
        self._state = state
        self._offers: dict[str, tuple[list[Any], list[str], Callable[[Any], Any] | None]] = {}
        super().__init__(page=page, help=list(help))
        self._due = False
        self._look()
        self._follow()
        state.observe(self._follow_soon, ["settings", "pinned", "token", *FLAGS])

    def offer(
        self, code: str, options: Mapping[Any, str], *, label: str = "", on_change: Callable[[Any], Any] | None = None
    ) -> None:
        """Put a list to pick from on the bar.

        Parameters
        ----------
        code : str
            ``run``, ``year`` or ``scorecard`` are settings of that name: shown and changed without further ado; the
            first option stands for a setting that is None. Any other name needs ``on_change``.
        options : mapping
            Value to label, in order; with a single one, nothing is offered.
        label : str
            What is picked, if the bar has no name for it.
        on_change : callable, optional
            Called with the value instead of changing the setting.
        """
        self._offers[code] = (list(options), [str(one) for one in options.values()], on_change)
        self._labels = {**getattr(self, "_labels", {}), code: label}
        self._follow()

    def tell(self, text: str, tone: str = "info") -> None:
        """Show a message across the top; an empty one takes it away."""
        stage().tell(text, tone)

    def send_file(self, name: str, data: bytes, mime: str = "application/octet-stream") -> None:
        """Let the reader's browser save a file."""
        self.send({"kind": "file", "name": name, "mime": mime}, [data])

    def _follow_soon(self, _change: Any) -> None:
        """Show how the page looks at once, and on the bar what may wait once the page's own parts have answered."""
        self._look()
        if not self._due:
            self._due = True
            stage().soon(self._follow)

    def _look(self) -> None:
        look, settings = stage(), self._state.settings
        with look.hold_sync():
            look.lang, look.theme, look.presenter = settings.lang, settings.theme, settings.presenter

    def _follow(self) -> None:
        state, settings = self._state, self._state.settings
        self._due = False
        with self.hold_sync():
            self.token, self.pinned = state.token, state.pinned is not None
            self.assumptions = encode(settings.changed(tab="assumptions"))
            self.can_undo, self.can_redo = state.can_undo, state.can_redo
            self.pickers = [self._picker(code, settings) for code, offer in self._offers.items() if len(offer[0]) > 1]

    def _picker(self, code: str, settings: Settings) -> dict[str, Any]:
        values, labels, _ = self._offers[code]
        value = getattr(settings, code, None)
        place = values.index(value) if value in values else 0
        return {"code": code, "label": self._labels.get(code, ""), "options": labels, "value": place}

    def _on_pick(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        code, place = content.get("code"), content.get("value")
        if code not in self._offers or not isinstance(place, int) or not 0 <= place < len(self._offers[code][0]):
            return
        values, _, on_change = self._offers[code]
        if on_change is not None:
            on_change(values[place])
        elif code in ("run", "year", "scorecard"):
            self._state.change(**{code: values[place]})

    def _on_do(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        if content.get("what") in STEPS:
            getattr(self._state, content["what"])()

    def _on_look(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        allowed = {"lang": ("zh", "en"), "theme": ("light", "dark"), "presenter": (True, False)}
        told = {name: content[name] for name, values in allowed.items() if content.get(name) in values}
        if told:
            self._state.change(**told)

    def _on_link(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        try:
            self._state.load(str(content.get("token", "")))
        except InputError as error:
            stage().tell(str(error), "error")
        self.send({"kind": "linked", "token": self._state.token})

    def _on_pack(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        if content.get("format") in KINDS:
            self.pack = {"kind": content["format"], "n": self.pack.get("n", 0) + 1}

    def _on_ping(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        self.send({"kind": "pong", "n": content.get("n", 0)})
