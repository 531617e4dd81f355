"""Folders whose paths are short enough for sockets: systems refuse those of more than about a hundred letters."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

LONGEST_SOCKET = 103
"""Bytes of a socket's path on the strictest system, without the zero at its end."""
BELOW = len("/voila_12345678/kernel-01234567-89ab-cdef-0123-456789abcdef-ipc-5")
"""Letters of a kernel's socket after the path of the server's folder."""
SHORT = Path("/tmp")
"""Where systems whose own temporary folder has a long path still have one."""


def fits(folder: Path, below: int) -> bool:
    """Tell whether sockets can stand in a folder.

    Parameters
    ----------
    folder : Path
        The folder.
    below : int
        Letters that come after its path.

    Examples
    --------
    >>> fits(Path("/tmp/a"), 7), fits(Path("/tmp/a"), 200)
    (True, False)
    """
    return len(os.fsencode(folder)) + below <= LONGEST_SOCKET


def short_folder(prefix: str, below: int) -> Path:
    """Return a new folder, only for this user, in which sockets can stand; else one where temporary files go.

    Parameters
    ----------
    prefix : str
        Begin of its name.
    below : int
        Letters that come after its path.
    """
    usual = Path(tempfile.gettempdir())
    long = not fits(usual / f"{prefix}12345678", below)
    elsewhere = long and SHORT.is_dir() and os.access(SHORT, os.W_OK)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=SHORT if elsewhere else usual))
