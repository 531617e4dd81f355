"""How a session's process starts: a kernel without the debugger, which takes a fifth of its memory and of its start."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path

NAME = "povsim-session"
"""What the system's list of processes calls a session; at most 15 letters."""
OPTIONS = ("--HistoryManager.enabled=False", "--IPKernelApp.extensions=ipywidgets")
"""Of the kernel; widgets make themselves known when imported, but not where that was done before the kernel began."""


def leave_out_debugger() -> None:
    """Have it found missing; nobody debugs in a page."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]


def main(arguments: Sequence[str] | None = None) -> None:
    """Start the kernel; the command line is that of ``ipykernel_launcher``."""
    leave_out_debugger()
    from ipykernel import kernelapp

    with suppress(OSError):  # only Linux has the file
        Path("/proc/self/comm").write_text(NAME, encoding="ascii")
    kernelapp.launch_new_instance(None if arguments is None else list(arguments))


def forked(arguments: Sequence[str], environment: Mapping[str, str], folder: str | None) -> None:
    """Start the kernel in a process that was forked from one with everything loaded.

    Parameters
    ----------
    arguments : sequence of str
        As on the command line.
    environment : mapping of str to str
        All of it, in place of what the forking process had.
    folder : str or None
        Where it works; None: where the forking process does.
    """
    os.setsid()  # a Ctrl-C in the terminal is the server's to handle
    os.environ.clear()
    os.environ.update(environment)
    if folder is not None:
        os.chdir(folder)
    threading.Thread(target=_end_with_server, daemon=True).start()
    try:
        main(arguments)
    finally:
        # a forked process leaves without, on its own
        atexit._run_exitfuncs()


def _end_with_server() -> None:
    """End at once when the server is gone: the process forked from waits for its children, and they must not for it."""
    server = multiprocessing.parent_process()
    if server is not None:
        wait([server.sentinel])
        os._exit(1)


if __name__ == "__main__":
    main()
