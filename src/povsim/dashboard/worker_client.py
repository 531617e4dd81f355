"""A session's way to the simulator process: requests out, answers back on the session's own loop."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from povsim.dashboard.worker import VARIABLE, end, spawn

Message = dict[str, Any]
OnMessage = Callable[[Message], None]
Deliver = Callable[[Callable[[], None]], None]
STAGES = (3, 10, 30, 100)
"""Draws after which there is an answer."""
ENDS = frozenset({"done", "cancelled", "error"})


@dataclass(frozen=True)
class Submission:
    """A request that is on its way.

    Attributes
    ----------
    code : str
        Its name.
    """

    code: str
    _client: Client

    def cancel(self) -> None:
        """Have it given up; nothing of it arrives afterwards."""
        self._client.cancel(self.code)


class Client:
    """A connection to the simulator process, opened when first needed and again after it was lost.

    Messages arrive where ``deliver`` puts them: widgets must only be touched on the thread of the kernel.

    Parameters
    ----------
    deliver : callable, optional
        Called from another thread with a function to be called; by default it goes to the loop that was running when
        the client was made, or is called where it is if there is none.
    address : str, optional
        Socket of the process; that of the environment if not given. Without any a process of the session's own.
    """

    def __init__(self, deliver: Deliver | None = None, address: str | None = None) -> None:
        self._deliver = deliver or _to_running_loop()
        self._address = os.environ.get(VARIABLE) if address is None else address
        self._listeners: dict[str, OnMessage] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._sink: BinaryIO | None = None
        self._channel: socket.socket | None = None
        self._own: _Own | None = None

    def run(
        self, run: str, folder: Path, levers: Mapping[str, float], on_message: OnMessage, draws: Sequence[int] = STAGES
    ) -> Submission:
        """Try levers: answers are digests of more and more draws.

        Parameters
        ----------
        run : str
            Code of the run on the shelf.
        folder : Path
            Its digest, for a process of the session's own.
        levers : mapping of str to float
            Dotted path to value.
        on_message : callable
            Called with each answer; see ``worker_process``.
        draws : sequence of int
            After how many draws an answer is wanted.
        """
        request = {"do": "run", "set": dict(levers), "draws": list(draws)}
        return self.submit({**request, "run": run, "folder": str(folder)}, on_message)

    def explain(self, run: str, folder: Path, household: str, on_message: OnMessage) -> Submission:
        """Live one draw again and have one household explained: ``result`` is ``Explanation.plain()``."""
        return self.submit({"do": "explain", "run": run, "folder": str(folder), "household": household}, on_message)

    def cures(self, run: str, folder: Path, asked: tuple[str, int | None], on_message: OnMessage) -> Submission:
        """Ask what could cure a household (identifier, year): ``result`` is that of ``views.forecast_cures.cures``."""
        told = {"household": asked[0], "year": asked[1]}
        return self.submit({"do": "cures", "run": run, "folder": str(folder), **told}, on_message)

    def submit(self, request: Mapping[str, Any], on_message: OnMessage) -> Submission:
        """Send a request.

        Parameters
        ----------
        request : mapping
            As ``worker_process`` reads it, without an id.
        on_message : callable
            Called with each answer, on the session's loop. Where the process cannot be reached there is one answer,
            ``{"error": "gone"}``.
        """
        code = str(next(self._numbers))
        self._listeners[code] = on_message
        try:
            self._send({"id": code, **request})
        except OSError:
            self._listeners.pop(code, None)
            self._deliver(lambda: on_message({"id": code, "error": "gone", "text": ""}))
        return Submission(code, self)

    def cancel(self, code: str) -> None:
        """Give up a request; nothing of it arrives afterwards."""
        if self._listeners.pop(code, None) is not None:
            with contextlib.suppress(OSError):
                self._send({"cancel": code})

    def close(self) -> None:
        """Close the connection, which gives up all requests."""
        with self._lock:
            self._listeners.clear()
            self._hang_up()

    def _hang_up(self) -> None:
        """Let go of the connection as it is, from either end."""
        sink, channel, own = self._sink, self._channel, self._own
        self._sink = self._channel = self._own = None
        if channel is not None:
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)
            channel.close()
        if sink is not None:
            with contextlib.suppress(OSError, ValueError):
                sink.close()
        if own is not None:
            own.stop()

    def _send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            sink = self._sink or self._connect()
            try:
                sink.write(line)
                sink.flush()
            except ValueError as error:
                raise OSError("the connection is closed") from error

    def _connect(self) -> BinaryIO:
        if self._address:
            channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                channel.connect(self._address)
            except OSError:
                channel.close()
                raise
            source: BinaryIO = channel.makefile("rb")
            sink: BinaryIO = channel.makefile("wb")
            self._channel = channel
        else:
            self._own = _Own()
            source, sink = self._own.streams()
        self._sink = sink
        threading.Thread(target=self._read, args=(source, sink), daemon=True).start()
        return sink

    def _read(self, source: BinaryIO, sink: BinaryIO) -> None:
        """Hand answers on until the connection ends; then tell all who still wait."""
        with contextlib.suppress(OSError, ValueError), source:
            for line in source:
                message = json.loads(line)
                self._deliver(lambda told=message: self._hand(told))  # type: ignore[misc]
        with self._lock:
            if self._sink is sink:
                self._hang_up()
        for code in list(self._listeners):
            self._deliver(lambda code=code: self._hand({"id": code, "error": "gone", "text": ""}))  # type: ignore[misc]

    def _hand(self, message: Message) -> None:
        listener = self._listeners.get(str(message.get("id")))
        if listener is not None:
            if not ENDS.isdisjoint(message):
                self._listeners.pop(str(message["id"]), None)
            listener(message)


class _Own:
    """A simulator process of this session alone."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="povsim-"))
        self.process = spawn(self.place, [], stdout=subprocess.PIPE)
        atexit.register(self.stop)

    def streams(self) -> tuple[BinaryIO, BinaryIO]:
        """Return what it says and what it hears."""
        process = self.process
        assert process.stdout is not None
        assert process.stdin is not None
        return process.stdout, process.stdin  # type: ignore[return-value]

    def stop(self) -> None:
        """End it."""
        atexit.unregister(self.stop)
        end(self.process)
        shutil.rmtree(self.place, ignore_errors=True)


def _to_running_loop() -> Deliver:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda call: call()

    def deliver(call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop ended before the connection did
            loop.call_soon_threadsafe(call)

    return deliver


@cache
def client() -> Client:
    """Return the session's client."""
    return Client()
