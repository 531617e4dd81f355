"""Weights from outside: files and pasted cells, with everything wrong told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from povsim.dashboard.widgets.controls import button
from povsim.dashboard.widgets.layout import column, row, show_only
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.upload import Upload
from povsim.errors import InputError
from povsim.views import weights_files as files
from povsim.wording import Wording

if TYPE_CHECKING:
    from povsim.scoring.schemes import WeightScheme

Read = Callable[..., "WeightScheme"]


class Bring:
    """Upload, paste and export.

    Parameters
    ----------
    say : Wording
        Texts of the page.
    use : callable
        Takes a scheme that was read, and its label.
    export : callable
        Gives the points in force to the reader.
    own : callable
        Returns the printed points of the card in force.

    Attributes
    ----------
    widget : Widget
        To be shown.
    upload, note, rescale, offer : Widget
        Its parts; the offer holds the button to rescale.
    """

    def __init__(
        self,
        say: Wording,
        use: Callable[[WeightScheme, str], None],
        export: Callable[[], None],
        own: Callable[[], WeightScheme],
    ) -> None:
        self._say, self._use, self._own = say, use, own
        self._waiting: tuple[Callable[[], WeightScheme], str] | None = None
        self.upload = Upload(files.LARGEST, files.KINDS, paste=True, label=say("upload.label"))
        self.note = Note("")
        self.rescale = button(say("button.rescale"), self._rescale, "primary")
        self.offer = row(self.rescale)
        show_only(self.offer, when=False)
        about = Note(say("upload.note"), tone="small")
        self.widget = column(self.upload, about, self.note, self.offer, row(button(say("button.export"), export)))
        self.upload.observe(self._on_file, "file")
        self.upload.observe(self._on_paste, "pasted")

    def _on_file(self, change: Any) -> None:
        file = change["new"]
        self._read(lambda **how: files.read_upload(self._own(), file["name"], file["data"], **how), file["name"])

    def _on_paste(self, change: Any) -> None:
        text = change["new"]["text"]
        self._read(lambda **how: files.read_paste(self._own(), text, **how), self._say("note.pasted"))

    def _read(self, read: Read, name: str) -> None:
        self._waiting = None
        try:
            self._use(read(), name)
            self.note.show(self._say("note.read", name=name), "good")
        except InputError as error:
            head = self._say("note.not_read", name=name, count=len(error.problems))
            lines = [head, files.told(error, self._say)]
            if files.only_the_sum(error):
                self._waiting = (lambda: read(rescale=True), name)
                lines.append(self._say("note.sum_off"))
            self.note.show("\n".join(lines), "error")
        show_only(self.offer, when=self._waiting is not None)

    def _rescale(self) -> None:
        if self._waiting is None:
            return
        read, name = self._waiting
        self._waiting = None
        show_only(self.offer, when=False)
        try:
            self._use(read(), name)
            self.note.show(self._say("note.read", name=name), "good")
        except InputError as error:
            self.note.show(files.told(error, self._say), "error")
