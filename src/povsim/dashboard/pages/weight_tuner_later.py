"""Work that may wait: done in a thread shortly after the last change, thrown away when another change overtakes it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

LOG = logging.getLogger(__name__)
WAIT = 0.6
"""Seconds without another change before work begins: longer than between the keys of a hand that goes on moving, also
while many sessions share the processors."""
Work = Callable[[], Any]
Take = Callable[[Any], None]

_ONE_AT_A_TIME = threading.Lock()
"""Heavy work of one session queues up, so that answers to a moving slider keep a processor."""


class Later:
    """One kind of work, of which only the last that was asked for counts.

    Parameters
    ----------
    wait : float
        Seconds to wait for another change.

    Examples
    --------
    >>> later, found = Later(wait=0.0), []
    >>> later.ask(lambda: 1 + 1, found.append)
    >>> later.settle()
    >>> found
    [2]
    """

    def __init__(self, wait: float = WAIT) -> None:
        self.wait = wait
        self._number = 0
        self._thread: threading.Thread | None = None
        self._change = threading.Condition()
        self._pending: tuple[int, Work, Take] | None = None
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def ask(self, work: Work, take: Take) -> None:
        """Have work done after the wait and its result taken, unless something else is asked for meanwhile.

        ``take`` runs where the page runs, never while it is busy; without an event loop (in tests) in the thread.
        """
        with self._change:
            self._number += 1
            self._pending = (self._number, work, take)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._change.notify()

    def drop(self) -> None:
        """Forget what was asked for."""
        with self._change:
            self._number += 1
            self._pending = None
            self._change.notify()

    def settle(self, timeout: float = 60.0) -> None:
        """Wait until all that was asked for is done; for tests."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _run(self) -> None:
        """Work as long as something is asked for, then end: an idle session keeps no thread."""
        while True:
            order = self._rested()
            if order is None:
                return
            number, work, take = order
            with _ONE_AT_A_TIME:
                if number == self._number:
                    self._do(number, work, take)

    def _rested(self) -> tuple[int, Work, Take] | None:
        """Return what is asked for once nothing else has been for a while; nothing when there is no more."""
        with self._change:
            while self._pending is not None:
                number = self._pending[0]
                if self.wait > 0:
                    self._change.wait_for(lambda number=number: self._number != number, self.wait)
                if self._pending is not None and self._pending[0] == number:
                    order, self._pending = self._pending, None
                    return order
            self._thread = None
            return None

    def _do(self, number: int, work: Work, take: Take) -> None:
        try:
            found = work()
        except Exception:  # what fails in a thread nobody would hear of
            LOG.exception("work in the background failed")
            return
        if self._loop is None or self._loop.is_closed():
            self._take(number, take, found)
        else:
            self._loop.call_soon_threadsafe(self._take, number, take, found)

    def _take(self, number: int, take: Take, found: Any) -> None:
        if number == self._number:
            take(found)
