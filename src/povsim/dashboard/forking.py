"""Sessions forked from one process that has everything loaded: a third of the memory each, and there at once.

Linux only; elsewhere, or should the process be gone, a session starts as a Python of its own.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from povsim.dashboard import kernel

LOG = logging.getLogger(__name__)
NAME = "povsim-forked"
"""As the kernel's description and the package's entry point call it."""
POSSIBLE = sys.platform == "linux"
"""Elsewhere libraries of the system do not outlive a fork, or there is none."""


def start() -> None:
    """Start the process that sessions are forked from; it loads while the server does."""
    multiprocessing.set_forkserver_preload(["povsim.dashboard.loaded"])
    forkserver.ensure_running()


class Session:
    """A forked process, as the Jupyter client expects one of ``subprocess``."""

    stdin = stdout = stderr = None

    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None
        self._process, self.pid = process, process.pid

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self._process.exitcode

    def wait(self) -> int | None:
        """Wait for its end."""
        self._process.join()
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()


def fork(command: Sequence[str], environment: Mapping[str, str], folder: str | None) -> Session:
    """Start a session.

    Parameters
    ----------
    command : sequence of str
        Of a Python of its own; what comes after the module's name is for the kernel.
    environment : mapping of str to str
        All of it.
    folder : str or None
        Where it works.

    Raises
    ------
    OSError, EOFError
        There is nothing to fork from.
    """
    arguments = list(command[command.index(kernel.__name__) + 1 :])
    # some of Voila's names are members of its own class, which the session would load Voila to read
    plain = {str.__str__(name): str.__str__(value) for name, value in environment.items()}
    process = multiprocessing.get_context("forkserver").Process(
        target=kernel.forked, args=(arguments, plain, folder), daemon=True
    )
    process.start()
    return Session(process)


class ForkedProvisioner(LocalProvisioner):
    """Starts sessions by forking."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a session; start one as a Python of its own where that fails."""
        folder = kwargs.get("cwd")
        try:
            session = await asyncio.to_thread(fork, cmd, kwargs["env"], None if folder is None else str(folder))
        except (OSError, EOFError):
            LOG.warning("cannot fork a session", exc_info=True)
            return await super().launch_kernel(cmd, **kwargs)
        self.process: Any = session
        self.pid = self.pgid = session.pid
        self.cwd = folder or Path.cwd()
        return self.connection_info
