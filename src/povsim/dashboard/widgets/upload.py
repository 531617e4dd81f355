"""Files and pasted tables from the reader, refused when too large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from traitlets import Bool, Dict, Int, List, Unicode

from povsim.dashboard.widgets.part import Part, page_language
from povsim.errors import InputError, Problem
from povsim.wording import wording

LONGEST_PASTE = 1_000_000
"""Characters that can be pasted at once."""


class Upload(Part):
    """A file from the reader's machine, or rows pasted out of a spreadsheet.

    Parameters
    ----------
    max_bytes : int
        Largest file; the browser refuses a larger one with a message, and so does the kernel.
    kinds : sequence of str
        Endings that are accepted.
    paste : bool
        Offer a place to paste into as well.

    Attributes
    ----------
    file : dict
        ``{"name", "data", "n"}``, data as bytes.
    pasted : dict
        ``{"text", "n"}``.
    """

    kind = Unicode("upload").tag(sync=True)
    max_bytes = Int(5_000_000).tag(sync=True)
    kinds: Any = List().tag(sync=True)
    paste = Bool(default_value=False).tag(sync=True)
    label = Unicode().tag(sync=True)
    file: Any = Dict()
    pasted: Any = Dict()

    def __init__(
        self,
        max_bytes: int = 5_000_000,
        kinds: Sequence[str] = (".csv", ".xlsx"),
        *,
        paste: bool = False,
        label: str = "",
    ) -> None:
        super().__init__(max_bytes=max_bytes, kinds=list(kinds), paste=paste, label=label)

    def _on_file(self, content: Mapping[str, Any], buffers: list[Any]) -> None:
        data, name = bytes(buffers[0]) if buffers else b"", str(content.get("name", ""))[:255]
        say = wording(page_language(), "dashboard")
        # the browser refused it already, unless it was not our page that sent it
        if len(data) > self.max_bytes:
            what = say("ui.upload.too_large", most=self.max_bytes // 1_000_000)
            raise InputError(name, [Problem(say("ui.upload.size"), what)])
        if not name.lower().endswith(tuple(self.kinds)):
            raise InputError(
                name, [Problem(say("ui.upload.ending"), say("ui.upload.kinds", kinds=" ".join(self.kinds)))]
            )
        self.file = {"name": name, "data": data, "n": self.file.get("n", 0) + 1}

    def _on_pasted(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        text = str(content.get("text", ""))
        if len(text) <= LONGEST_PASTE:
            self.pasted = {"text": text, "n": self.pasted.get("n", 0) + 1}
