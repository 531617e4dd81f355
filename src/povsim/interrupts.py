"""Ctrl-C and a kill end a command the same way: one exception in the main thread, and a flag that threads look at."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPED = threading.Event()
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Those the platform knows are handled; SIGHUP comes when a terminal is closed."""


def raise_if_stopped() -> None:
    """Raise KeyboardInterrupt where a signal has come.

    The exception that a signal raises can be lost in code that may not raise, such as a callback of a compiled
    function; the flag cannot.

    Examples
    --------
    >>> raise_if_stopped()
    """
    if _STOPPED.is_set():
        raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the signals that end a process into KeyboardInterrupt while the block runs; only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in known}
    _STOPPED.clear()
    try:
        for number in known:
            # A process told to ignore hang-ups (nohup) goes on ignoring them.
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, _stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    _STOPPED.set()
    raise KeyboardInterrupt
