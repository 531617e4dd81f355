"""The command reference: what every command says of itself, in one language."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.testing import CliRunner

from povsim.cli import app
from povsim.terms import Language
from povsim.wording import wording

WIDTH = "88"


def command_paths(command: Any = None, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words that call each command, groups before the commands in them.

    Examples
    --------
    >>> ("register", "check") in set(command_paths())
    True
    """
    command = typer.main.get_command(app) if command is None else command
    for name, below in getattr(command, "commands", {}).items():
        yield (*above, name)
        yield from command_paths(below, (*above, name))


def help_text(path: tuple[str, ...], lang: Language) -> str:
    """Return what a command prints when asked for help.

    Raises
    ------
    RuntimeError
        The command failed.
    """
    result = CliRunner(env={"COLUMNS": WIDTH, "TERMINAL_WIDTH": WIDTH}).invoke(app, [*path, "--lang", lang, "--help"])
    if result.exit_code:
        result = CliRunner(env={"COLUMNS": WIDTH}).invoke(app, ["--lang", lang, *path, "--help"])
    if result.exit_code:
        raise RuntimeError(f"povsim {' '.join(path)} --help failed: {result.output}")
    return result.output.replace("Usage: root ", "Usage: povsim ").strip("\n")


def command_reference(lang: Language) -> str:
    """Return the reference of all commands as MyST text."""
    texts = wording(lang, "help")
    lines = ["```text", help_text((), lang), "```", ""]
    for path in command_paths():
        name = " ".join(path)
        lines += [f"(command-{'-'.join(path)}-{lang})=", f"## povsim {name}", "", texts(".".join(path)), ""]
        lines += ["```text", help_text(path, lang), "```", ""]
    return "\n".join(lines)
