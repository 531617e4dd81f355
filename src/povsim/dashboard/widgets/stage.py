"""What all parts of a page share in the browser: their code, style and texts, sent once, and how the page looks."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import Any

import anywidget
from ipywidgets import Widget
from traitlets import Bool, Bytes, Dict, Unicode

from povsim.errors import InputError
from povsim.wording import read_room

PIECES = (
    "dom", "formats", "sending", "saving", "icons", "heartbeat",
    "chart_themes", "chart_options", "chart_library", "chart_picture", "chart",
    "grid_rows", "column_widths", "table", "numbers", "weight_model", "weight_row", "weight_table", "ranking",
    "note", "progress", "upload", "combobox", "controls", "tabs", "address", "shell_parts", "shell", "main",
)  # fmt: skip
"""The modules of the browser's side, each after those that it imports."""


def read(name: str) -> str:
    """Return a file of the browser's side."""
    return (resources.files("povsim.dashboard.widgets") / name).read_text(encoding="utf-8")


@cache
def library() -> tuple[bytes, str]:
    """Return code, style and texts of the browser's side, packed, and a name that changes with them."""
    texts = {
        lang: {key: text[lang] for key, text in read_room("dashboard").items() if key.startswith("ui.")}
        for lang in ("zh", "en")
    }
    told = {"pieces": [[name, read(f"{name}.js")] for name in PIECES], "style": read("style.css"), "texts": texts}
    packed = gzip.compress(json.dumps(told, ensure_ascii=False).encode(), 6, mtime=0)
    return packed, hashlib.sha256(packed).hexdigest()[:16]


class Stage(anywidget.AnyWidget):
    """The one model, never drawn itself, from which every part of the page takes its code and its look.

    Attributes
    ----------
    lang : {"zh", "en"}
        Language of the labels that the browser writes.
    theme : {"light", "dark"}
        Colours of the page.
    presenter : bool
        Large type, controls hidden.
    message : dict
        What the banner says: ``{"text", "tone", "n"}``.
    """

    _esm = read("stage.js")

    stage_id = Unicode().tag(sync=True)
    pack = Bytes().tag(sync=True)
    version = Unicode().tag(sync=True)
    echarts = Unicode().tag(sync=True)
    lang = Unicode("zh").tag(sync=True)
    theme = Unicode("light").tag(sync=True)
    presenter = Bool(default_value=False).tag(sync=True)
    message = Dict().tag(sync=True)

    def __init__(self) -> None:
        pack, version = library()
        name = uuid.uuid4().hex
        quiet = {"text": "", "tone": "info", "n": 0}
        super().__init__(
            model_id=name, stage_id=name, pack=pack, version=version, echarts=_echarts_address(), message=quiet
        )
        self._gathered: list[tuple[Widget, dict[str, Any], list[Any]]] | None = None
        self._gatherer = threading.current_thread()
        self._due: list[Callable[[], Any]] = []
        self.on_msg(self._receive)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Have all that parts tell within this block travel together: a message costs more than most of what it says.

        An edit changes five parts; told one by one, most of the time of a session and of the server went into that.
        """
        if self._gathered is not None:
            yield
            return
        self._gathered, self._gatherer = [], threading.current_thread()
        try:
            yield
        finally:
            self._finish()

    def _finish(self) -> None:
        """Call back who waits for the parts to have answered, then send; whatever fails, the page goes on."""
        due, self._due = self._due, []
        try:
            for act in due:
                act()
        finally:
            told, self._gathered = self._gathered or [], None
            self._deliver([one for one in told if one[0].comm is not None])

    def gather(self, part: Widget, message: dict[str, Any], buffers: list[Any] | None) -> bool:
        """Keep what a part tells until all is gathered; return whether it was kept."""
        # a thread's news are not to get lost between the last look at what is gathered and its sending
        if self._gathered is None or threading.current_thread() is not self._gatherer:
            return False
        self._gathered.append((part, message, list(buffers or [])))
        return True

    def soon(self, act: Callable[[], Any]) -> None:
        """Call back once the page's parts have answered; at once where nothing goes on (tests, scripts)."""
        if self._gathered is not None:
            self._due.append(act)
            return
        try:
            asyncio.get_running_loop().call_soon(act)
        except RuntimeError:
            act()

    def _deliver(self, told: list[tuple[Widget, dict[str, Any], list[Any]]]) -> None:
        of = [[part.model_id, message, len(buffers)] for part, message, buffers in told]
        if of:
            self.send({"kind": "many", "of": of}, [one for _, _, buffers in told for one in buffers])

    def tell(self, text: str, tone: str = "info") -> None:
        """Show a message across the top of the page; an empty one takes it away.

        Parameters
        ----------
        text : str
            What is said, in the reader's language; shown as text, whatever it holds.
        tone : {"info", "warning", "error"}
            How it looks.
        """
        self.message = {"text": text, "tone": tone, "n": self.message["n"] + 1}

    def _receive(self, _widget: Any, content: dict[str, Any], _buffers: list[Any]) -> None:
        # JupyterLab has no static file of ours: the browser asks for the library once
        if content.get("kind") == "echarts":
            packed = gzip.compress(_echarts_source().encode(), 6, mtime=0)
            self.send({"kind": "echarts"}, [packed])


def _echarts_source() -> str:
    from povsim.charts.library import echarts_source

    return echarts_source()


def _echarts_address() -> str:
    from povsim.charts.library import library as charts

    try:
        return charts().url
    except InputError:
        # built without it: charts say so in their place, all else works
        return ""


_STAGES: list[Stage] = []


def stage() -> Stage:
    """Return the stage of this session, made when first asked for."""
    if not _STAGES or _STAGES[0].comm is None:
        _STAGES[:] = [Stage()]
    return _STAGES[0]
