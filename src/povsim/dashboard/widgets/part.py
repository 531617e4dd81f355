"""What every part of a page has in common: how its code is found, and how its messages are heard."""

from __future__ import annotations

import logging
from typing import Any

import anywidget
from ipywidgets import Layout
from traitlets import Unicode

from povsim.dashboard.widgets.stage import read, stage
from povsim.errors import InputError
from povsim.terms import Language
from povsim.wording import wording

LOG = logging.getLogger(__name__)
_LAYOUTS: list[Layout] = []


def plain_layout() -> Layout:
    """Return the layout that all parts share: looks are the style sheet's, and each model less is time won at start."""
    if not _LAYOUTS or _LAYOUTS[0].comm is None:
        _LAYOUTS[:] = [Layout()]
    return _LAYOUTS[0]


class Part(anywidget.AnyWidget):
    """A part of a page; ``kind`` names the function of the browser's side that draws it.

    What the reader does arrives as a message ``{"kind": <event>, ...}`` and is handed to the method ``_on_<event>``.
    """

    _esm = Unicode(read("part.js")).tag(sync=True)
    kind = Unicode().tag(sync=True)
    stage_id = Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        traits.setdefault("layout", plain_layout())
        super().__init__(stage_id=stage().model_id, **traits)
        self.on_msg(self._receive)

    def _receive(self, _widget: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        """Hand a message to its method, and send all that follows from it in one."""
        with stage().gathering():
            self._handle(content, buffers)

    def _handle(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Call the method of a message; what goes wrong is shown on the page, because nobody sees the kernel's log."""
        try:
            handle = getattr(self, f"_on_{content.get('kind', '')}", None)
            if handle is not None:
                handle(content, buffers)
        except InputError as error:
            stage().tell(str(error), "error")
        except Exception:
            LOG.exception("a part of the page failed")
            stage().tell(wording(page_language(), "dashboard")("ui.failed"), "error")
        finally:
            if content.get("ack"):
                self.send({"kind": "ack", "n": content.get("n", 0), **self._truth()})

    def _truth(self) -> dict[str, Any]:
        """Return what an acknowledgement tells besides: where the part stands now."""
        return {}

    def _send(self, msg: dict[str, Any], buffers: list[Any] | None = None) -> None:
        if not stage().gather(self, msg, buffers):
            super()._send(msg, buffers)


def page_language() -> Language:
    """Return the language that the page is in."""
    return "en" if stage().lang == "en" else "zh"
