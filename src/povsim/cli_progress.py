"""How far a run is: a bar on a terminal, a line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from povsim.interrupts import raise_if_stopped
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 10.0


class Reporter:
    """Tells what is being done; also called by the engine, from any thread, with steps done and in all."""

    def __init__(self, say: Wording) -> None:
        self.say = say
        self.bar: Progress | None = None
        self.doing = ""
        self.started = self.told = time.monotonic()

    def __enter__(self) -> Reporter:
        """Start the bar where there is a terminal."""
        if sys.stderr.isatty():
            self.bar = _bar()
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def phase(self, key: str) -> None:
        """Say what is being done now."""
        self.announce(self.say(f"phase.{key}"))
        self.doing = ""

    def announce(self, text: str) -> None:
        """Say in a text of one's own what is being done now."""
        raise_if_stopped()
        self.told = time.monotonic()
        self.doing = text
        if self.bar is None:
            self._line(text)
            return
        for task in self.bar.task_ids:
            self.bar.remove_task(task)
        self.bar.add_task(text, total=None)

    def __call__(self, done: int, total: int) -> None:
        """Say how far the simulation is; a stop that was asked for ends it here."""
        raise_if_stopped()
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=done, total=total)
        elif time.monotonic() - self.told >= SECONDS_BETWEEN_LINES:
            self.told = time.monotonic()
            percent = f"{100 * done / total:.0f}"
            self._line(f"{self.doing}: {percent} %" if self.doing else self.say("phase.percent", percent=percent))

    def _line(self, text: str) -> None:
        print(f"povsim: {text}", file=sys.stderr, flush=True)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)
