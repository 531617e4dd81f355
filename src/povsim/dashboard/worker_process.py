"""The simulator process: reads requests as JSON lines from a Unix socket or its input, and answers the same way.

Requests: ``{"id", "do": "run", "run", "set": {path: value}, "draws": [3, 10, ...]}``, ``{"id", "do": "explain", "run",
"household"}``, ``{"id", "do": "cures", "run", "household", "year"}``, ``{"cancel": id}``. Answers, each with the id:
``queued`` (jobs before it), ``progress`` (0-1, of a step) with the draws there are (``have``) and the stage gone for
(``want``), ``stage`` (draws) with the ``folder`` of the digest, ``result``, then one of ``done``, ``cancelled`` and
``error`` (``input``, ``busy``, ``failed``) with its ``text``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from povsim.dashboard.worker_jobs import MOST_STAGES, Bench
from povsim.dashboard.worker_queue import PATIENCE, GaveWayError, Job, Queue, StoppedError
from povsim.errors import InputError, Problem

LOG = logging.getLogger(__name__)
LONGEST = 100_000
"""Bytes of a request."""
EVERY = 0.1
"""Seconds between two messages of progress."""
KINDS = ("run", "explain", "cures")
SHELF_FILE = "shelf.json"


class Connection:
    """One session: a stream of lines in and one out."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self.source, self.sink = source, sink
        self.closed = threading.Event()
        self.jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def end(self) -> None:
        """Close both streams; jobs that go on find it closed."""
        self.closed.set()
        for stream in (self.source, self.sink):
            with contextlib.suppress(OSError, ValueError):
                stream.close()

    def say(self, message: dict[str, Any]) -> None:
        """Send a message; where nobody listens any more, remember that."""
        line = json.dumps(message, ensure_ascii=False, default=float).encode() + b"\n"
        try:
            with self._lock:
                self.sink.write(line)
                self.sink.flush()
        except (OSError, ValueError):
            self.closed.set()


class Office:
    """Takes requests from any number of connections and does them one at a time.

    Parameters
    ----------
    place : Path
        Where answers are written.
    cache : Path, optional
        Folder whose ``shelf.json`` names the digest of each run; without it requests name the folder themselves.
    """

    def __init__(self, place: Path, cache: Path | None) -> None:
        self.bench, self.queue, self.cache = Bench(place), Queue(), cache

    def serve(self, connection: Connection) -> None:
        """Read a connection's requests until it is closed; then give up what it had asked for."""
        try:
            while line := connection.source.readline(LONGEST):
                self._receive(connection, line)
        except (OSError, ValueError):
            pass
        finally:
            connection.end()

    def work(self) -> None:
        """Do what is asked for, the most urgent first, for ever."""
        while True:
            job = self.queue.take()
            try:
                self._step(job)
            except Exception:
                LOG.exception("a request failed")
                self._end(job, error="failed", text="")

    def warm(self) -> None:
        """Have the first run of the shelf loaded while nobody waits."""
        folders = list(self._shelf().values())
        if folders:
            quiet = Job("", self, lambda message: None, {"do": "warm"}, Path(folders[0]))
            self.queue.put(quiet)

    def _receive(self, connection: Connection, line: bytes) -> None:
        request: Any = None
        try:
            request = json.loads(line)
            if isinstance(request, dict) and "cancel" in request:
                job = connection.jobs.get(str(request["cancel"]))
                if job is not None:
                    job.stopped.set()
                return
            job = self._job(connection, request)
        except (ValueError, InputError, RecursionError) as error:
            code = request.get("id") if isinstance(request, dict) else None
            connection.say({"id": code, "error": "input", "text": str(error)})
            return
        connection.jobs[job.code] = job
        if self.queue.put(job):
            connection.say({"id": job.code, "queued": self.queue.waiting_before(job)})
        else:
            self._end(job, error="busy", text="")

    def _job(self, connection: Connection, request: Any) -> Job:
        if not isinstance(request, dict) or request.get("do") not in KINDS:
            raise InputError("request", [Problem("do", "is unknown", allowed=", ".join(KINDS))])
        folder = Path(self._folder(request))
        made: dict[str, Any] = {"do": request["do"]}
        if request["do"] == "run":
            made |= {"set": _levers(request.get("set")), "draws": _stages(request.get("draws"))}
        else:
            year = request.get("year")
            made |= {
                "household": str(request.get("household", ""))[:80],
                "year": year if isinstance(year, int) else None,
            }
        return Job(str(request.get("id", ""))[:80], connection, connection.say, made, folder)

    def _folder(self, request: dict[str, Any]) -> str:
        if self.cache is None:
            return str(request.get("folder", ""))
        shelf, code = self._shelf(), str(request.get("run", ""))
        if code not in shelf:
            raise InputError("request", [Problem("run", "is not on the shelf", code[:80], ", ".join(shelf))])
        return shelf[code]

    def _shelf(self) -> dict[str, str]:
        file = None if self.cache is None else self.cache / SHELF_FILE
        if file is None or not file.is_file():
            return {}
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def _step(self, job: Job) -> None:
        try:
            self._listen(job)
            finished = job.step(self.bench, self._watch(job))
        except StoppedError:
            self._end(job, cancelled=True)
        except GaveWayError:
            job.gave_way += 1
            self.queue.put(job, again="yes")
        except InputError as error:
            self._end(job, error="input", text=str(error))
        else:
            if finished:
                self._end(job, done=True)
            else:
                self.queue.put(job, again="yes")

    def _watch(self, job: Job) -> Any:
        last = [0.0]

        def watch(step: int, steps: int) -> None:
            self._listen(job)
            if job.gave_way < PATIENCE and self.queue.urgent(job):
                raise GaveWayError
            if time.monotonic() - last[0] >= EVERY:
                last[0] = time.monotonic()
                about: dict[str, Any] = {
                    key: job.request[key] for key in ("have", "want", "last") if key in job.request
                }
                job.say({"id": job.code, "progress": step / max(steps, 1), **about})

        return watch

    def _listen(self, job: Job) -> None:
        """Raise where a job was cancelled or its connection closed."""
        gone = isinstance(job.owner, Connection) and job.owner.closed.is_set()
        if job.stopped.is_set() or gone:
            raise StoppedError

    def _end(self, job: Job, **how: Any) -> None:
        if isinstance(job.owner, Connection):
            job.owner.jobs.pop(job.code, None)
        job.say({"id": job.code, **how})


def _levers(told: Any) -> dict[str, float]:
    pairs = told.items() if isinstance(told, dict) else ()
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for _, value in pairs)
    if not isinstance(told, dict) or not numbers:
        raise InputError("request", [Problem("set", "should be paths with a number each")])
    return {str(path): float(value) for path, value in pairs}


def _stages(told: Any) -> list[int]:
    whole = isinstance(told, list) and told and all(isinstance(one, int) and not isinstance(one, bool) for one in told)
    if not whole or len(told) > MOST_STAGES or min(told) < 1:
        raise InputError("request", [Problem("draws", "should be a few whole numbers from 1")])
    return sorted(set(told))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the process until its parent is gone."""
    parser = argparse.ArgumentParser(prog="povsim dashboard worker")
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--socket", type=Path)
    asked = parser.parse_args(arguments)
    _nice()
    office = Office(asked.place, asked.cache)
    if asked.socket is None:
        # what libraries print must not be taken for answers
        sink = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        only = Connection(sys.stdin.buffer, sink)
        threading.Thread(target=_alone, args=(office, only), daemon=True).start()
    else:
        threading.Thread(target=_accept, args=(office, _bound(asked.socket)), daemon=True).start()
        threading.Thread(target=_leave_with_parent, daemon=True).start()
        office.warm()
    office.work()


def _alone(office: Office, only: Connection) -> None:
    office.serve(only)
    os._exit(0)


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _bound(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(64)
    return listener


def _accept(office: Office, listener: socket.socket) -> None:
    while True:
        channel, _ = listener.accept()
        connection = Connection(channel.makefile("rb"), channel.makefile("wb"))
        threading.Thread(target=office.serve, args=(connection,), daemon=True).start()


def _nice() -> None:
    """Leave the processor to the sessions that draw pages."""
    if hasattr(os, "nice"):
        os.nice(5)


if __name__ == "__main__":
    main()
