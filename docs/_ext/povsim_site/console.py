"""Commands that are run while the site is built, so that what a page shows is what the reader will see.

Each line of a ``{console}`` block is a command. Blocks of one page share a folder that is empty at the page's first
block; a command that fails is a warning, and so an error of the build. ``:lines:`` shows that many lines of what is
printed, ``:quiet:`` none. With ``:write: NAME`` the block is no command but a file, which the blocks after it find.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)
OUR_OWN = ("PYTHONWARNINGS", "MPLBACKEND", "LC_ALL", "LC_MESSAGES")
"""What the build sets or finds and commands should not: readers have none of it."""
STATE = ".place"
"""File in a page's folder that names where its last block ended."""
LONGEST = 600
"""Seconds that the commands of a block may take."""


def surroundings() -> dict[str, str]:
    """Return the environment of commands: this Python's programs first, eighty columns, English unless asked."""
    programs = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if name not in OUR_OWN}
    return {**kept, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "88", "LANG": "C.UTF-8"}


def performed(commands: list[str], folder: Path) -> tuple[int, str, str]:
    r"""Run commands one after the other; the folder in which the last one ended is where the next block begins.

    Returns
    -------
    tuple of int, str, str
        Exit code of the first command that failed, or 0; what was printed, each command above it; what was said on the
        error stream.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     performed(["echo one", "mkdir below", "cd below"], Path(place))[:2]
    (0, '$ echo one\none\n$ mkdir below\n$ cd below\n')
    """
    state = folder / STATE
    lines = [f"cd {_quoted(str(where(folder)))}", "set -e"]
    for command in commands:
        lines += [f"printf '%s\\n' {_quoted('$ ' + command)}", command]
    lines.append(f"pwd > {_quoted(str(state))}.new && tr -d '\\n' < {_quoted(str(state))}.new > {_quoted(str(state))}")
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        capture_output=True, text=True, timeout=LONGEST, env=surroundings(), stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def where(folder: Path) -> Path:
    """Return the folder in which the last block of a page ended."""
    state = folder / STATE
    return Path(state.read_text(encoding="utf-8")) if state.is_file() else folder


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


class Console(SphinxDirective):
    """A block of commands and what they print."""

    has_content = True
    option_spec: ClassVar = {"lines": directives.nonnegative_int, "quiet": directives.flag, "write": directives.path}

    def run(self) -> list[nodes.Node]:
        """Run the block and show it."""
        folder = Path(self.env.app.outdir).parent / "console" / self.env.docname
        if "povsim_console" not in self.env.temp_data:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self.env.temp_data["povsim_console"] = True
        if name := self.options.get("write"):
            text = "\n".join(self.content)
            (where(folder) / name).write_text(text + "\n", encoding="utf-8")
            return [nodes.literal_block(text, text, language=Path(name).suffix.lstrip("."))]
        commands = [line for line in self.content if line.strip()]
        code, printed, said = performed(commands, folder)
        if code:
            LOGGER.warning("a command failed with %s: %s", code, said or printed, location=self.get_location())
        shown = "\n".join(f"$ {line}" for line in commands) if "quiet" in self.options else printed.rstrip("\n")
        if limit := self.options.get("lines"):
            every = shown.split("\n")
            shown = "\n".join(every[:limit]) + ("\n…" if len(every) > limit else "")
        block = nodes.literal_block(shown, shown, language="console", classes=["ran"])
        self.set_source_info(block)
        return [block]


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the block."""
    app.add_directive("console", Console)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
