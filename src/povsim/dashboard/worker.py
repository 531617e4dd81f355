"""The simulator process that all sessions of a server share: started warm, reached over a socket, stopped with it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from povsim.dashboard.places import fits, short_folder

BELOW = len("/socket")
"""Letters of the socket after the path of its folder."""
VARIABLE = "POVSIM_DASHBOARD_WORKER"
"""Names the socket for the sessions of a server."""
SECONDS = 5.0
"""What a process gets to end before it is killed."""


@dataclass(frozen=True)
class Handle:
    """A simulator process.

    Attributes
    ----------
    place : Path
        Folder of the socket and of answers, of its user alone.
    process : Popen or None
        None where the system has no Unix sockets: sessions then start a process each.
    """

    place: Path
    process: subprocess.Popen[bytes] | None

    @property
    def environment(self) -> dict[str, str]:
        """What sessions need in their environment to reach it."""
        return {VARIABLE: str(self.place / "socket")} if self.process is not None else {}

    @property
    def pid(self) -> int | None:
        """Number of the process."""
        return None if self.process is None else self.process.pid

    def running(self) -> bool:
        """Tell whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End the process and remove its folder; it does no harm to call it twice."""
        if self.process is not None:
            if self.process.stdin is not None:
                self.process.stdin.close()
            end(self.process)
        shutil.rmtree(self.place, ignore_errors=True)


def start(cache: str | Path) -> Handle:
    """Start the simulator process of a server; it prepares the first run of the shelf at once.

    Parameters
    ----------
    cache : str or Path
        Folder with ``shelf.json``, that of ``POVSIM_DASHBOARD_CACHE``.

    Returns
    -------
    Handle
        Put its ``environment`` into that of the sessions, and call ``stop`` at the end.
    """
    place = short_folder("povsim-", BELOW)
    if not hasattr(socket, "AF_UNIX") or not fits(place, BELOW):
        return Handle(place, None)
    given = ["--cache", str(Path(cache).resolve()), "--socket", str(place / "socket")]
    return Handle(place, spawn(place, given, stdout=subprocess.DEVNULL))


def spawn(place: Path, given: list[str], *, stdout: int) -> subprocess.Popen[bytes]:
    """Start a simulator process whose input ends with its parent.

    Parameters
    ----------
    place : Path
        Where it writes answers.
    given : list of str
        More arguments.
    stdout : int
        Where its output goes, as ``subprocess`` names it.
    """
    command = [sys.executable, "-m", "povsim.dashboard.worker_process", "--place", str(place / "answers"), *given]
    # a Ctrl-C in the terminal is the server's to handle
    apart = {"start_new_session": True} if os.name == "posix" else {}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, **apart)  # type: ignore[call-overload,no-any-return]


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process, gently first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
