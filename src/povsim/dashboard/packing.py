"""The meeting pack: a report of what a page shows, made in a process of its own so that the page goes on answering."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from povsim.errors import InputError

if TYPE_CHECKING:
    from povsim.dashboard.app import Shelf
    from povsim.dashboard.settings import Settings
    from povsim.dashboard.state import State
    from povsim.dashboard.widgets.shell import Shell
    from povsim.report import Kind
    from povsim.views.digests import RunDigest

Take = Callable[[bytes, str], None]


def offer_packs(shell: Shell, state: State, shelf: Shelf) -> None:
    """Let the bar of a page give meeting packs: the annex workbook, slides, and a page that needs no network.

    Parameters
    ----------
    shell : Shell
        The bar; its ``pack`` tells which form is asked for.
    state : State
        Its settings as they are then are what the pack shows.
    shelf : Shelf
        The runs; the others than the one looked at may be put beside.
    """
    shell.observe(lambda change: _give(shell, state, shelf, change["new"]["kind"]), "pack")


def runs_of(settings: Settings, shelf: Shelf) -> tuple[RunDigest, list[RunDigest]]:
    """Return the run a pack is about, and those that are put beside it."""
    first = shelf.get(settings.run)
    beside = (shelf.get(code) for code in settings.compare.others or shelf.codes())
    return first, [digest for digest in beside if digest.code != first.code]


def _give(shell: Shell, state: State, shelf: Shelf, kind: Kind) -> None:
    if shell.busy:
        return
    from povsim.report import MIMES

    say, settings = state.say(), state.settings
    digest, beside = runs_of(settings, shelf)
    shell.busy = say("pack.making")

    def take(data: bytes, problem: str) -> None:
        shell.busy = ""
        if problem:
            shell.tell(say("pack.failed") + f"\n{problem}", "error")
        else:
            shell.send_file(say("pack.file", run=digest.code) + f".{kind}", data, MIMES[kind])

    threading.Thread(target=_work, args=(settings, digest, beside, kind, _on_loop(take)), daemon=True).start()


def _on_loop(take: Take) -> Take:
    """Return a function that calls another where the page runs; at once where there is no event loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return take

    def later(data: bytes, problem: str) -> None:
        loop.call_soon_threadsafe(take, data, problem)

    return later


def _work(settings: Settings, digest: RunDigest, beside: list[RunDigest], kind: Kind, take: Take) -> None:
    from povsim.report.apart import pack_apart

    try:
        data = pack_apart(digest, settings, kind, settings.lang, beside)
    except (InputError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        take(b"", str(error) or type(error).__name__)
    else:
        take(data, "")
