"""Texts, and how far something has got."""

from __future__ import annotations

from typing import Any, Literal

from traitlets import Bool, Float, Int, Unicode

from povsim.dashboard.widgets.part import Part

Tone = Literal["plain", "info", "warning", "error", "good", "heading", "lead", "small"]


class Note(Part):
    """A text, shown as it is: nothing in it is taken for HTML.

    Examples
    --------
    >>> note = Note("<b>3</b> villages", tone="warning")
    >>> note.text
    '<b>3</b> villages'
    """

    kind = Unicode("note").tag(sync=True)
    text = Unicode().tag(sync=True)
    tone = Unicode("plain").tag(sync=True)

    def __init__(self, text: str = "", tone: Tone = "plain") -> None:
        super().__init__(text=text, tone=tone)

    def show(self, text: str, tone: Tone | None = None) -> None:
        """Show another text; line breaks stay.

        Parameters
        ----------
        text : str
            What is said; an empty text leaves no gap.
        tone : str, optional
            ``plain``, ``info``, ``good``, ``warning``, ``error``; ``heading``, ``lead`` and ``small`` set type.
        """
        with self.hold_sync():
            self.text = text
            self.tone = self.tone if tone is None else tone


class ProgressView(Part):
    """How far something has got, with a button to give it up.

    Attributes
    ----------
    value : float
        Share done, 0-1.
    text : str
        What is being done.
    running : bool
        Whether bar and button are shown; its place is kept.
    cancelled : int
        Times that the button was pressed; observe it.
    """

    kind = Unicode("progress").tag(sync=True)
    value = Float(0.0).tag(sync=True)
    text = Unicode().tag(sync=True)
    running = Bool(default_value=False).tag(sync=True)
    cancelled = Int(0)

    def show(self, value: float, text: str = "") -> None:
        """Show a share done, 0-1, and what is being done."""
        with self.hold_sync():
            self.value, self.text, self.running = min(1.0, max(0.0, float(value))), text, True

    def finish(self, text: str = "") -> None:
        """Take the bar away; a text may say how it ended."""
        with self.hold_sync():
            self.value, self.text, self.running = 0.0, text, False

    def _on_cancel(self, _content: dict[str, Any], _buffers: list[Any]) -> None:
        self.cancelled += 1
