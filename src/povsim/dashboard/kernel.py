"""How a session's process starts: a kernel without the debugger, which takes a fifth of its memory and of its start."""

from __future__ import annotations

import sys


def main() -> None:
    """Start the kernel; the command line is that of ``ipykernel_launcher``."""
    # Found missing, it is left out; nobody debugs in a page.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
