"""The work behind ``povsim dashboard``: runs and their digests first, then the server, until Ctrl-C."""

from __future__ import annotations

import os
import sys
import webbrowser
from dataclasses import dataclass, field
from pathlib import Path

from povsim.cli_progress import Reporter
from povsim.dashboard import preparing, server
from povsim.dashboard.server import Address, Options
from povsim.interrupts import raise_if_stopped
from povsim.views.digests import RunDigest
from povsim.wording import Wording, wording


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    runs: tuple[Path, ...]
    scorecards: tuple[str, ...] = ()
    browser: bool = True
    options: Options = field(default_factory=Options)


def perform(order: Order, say: Wording) -> None:
    """Serve the dashboards until Ctrl-C.

    Parameters
    ----------
    order : Order
        Runs, address, token, language.
    say : Wording
        Texts of the rooms ``commands`` and ``dashboard_server``.

    Raises
    ------
    InputError
        Whatever is wrong with the options or the runs, before anything is made.
    """
    server.check(order.options)
    sockets = server.bind(order.options)
    try:
        digests = _digests(order, say)
        server.run(digests, order.options, sockets, lambda address: _tell(order, digests, address))
    finally:
        for one in sockets:
            one.close()
    print(f"\npovsim: {say('dashboard.stopped')}", file=sys.stderr)


def _digests(order: Order, say: Wording) -> list[RunDigest]:
    """Return the digests; a stop on the way loses nothing that was finished."""
    with Reporter(say) as report:
        told = _Told(report, say)
        cache = preparing.cache_folder()
        runs = preparing.chosen_runs(order.runs, cache, told.simulating)
        return preparing.digests_of(runs, cache, told.preparing, order.scorecards)


class _Told:
    """Says of each run once that it is worked on, and then how far."""

    def __init__(self, report: Reporter, say: Wording) -> None:
        self.report, self.say, self.last = report, say, ""

    def simulating(self, name: str, done: int, total: int) -> None:
        self._tell(self.say("dashboard.simulating", name=name), done, total)

    def preparing(self, name: str, done: int, total: int) -> None:
        self._tell(self.say("dashboard.preparing", name=name), done, total)

    def _tell(self, text: str, done: int, total: int) -> None:
        raise_if_stopped()
        if text != self.last:
            self.last = text
            self.report.announce(text)
        self.report(done, total)


def _tell(order: Order, digests: list[RunDigest], address: Address) -> None:
    """Print the address in both languages, since who starts the server need not be who reads the pages."""
    lines = [
        line for lang in ("zh", "en") for line in _lines(wording(lang, "dashboard_server"), order, digests, address)
    ]
    print("\n".join(lines), flush=True)
    if order.browser and _has_screen():
        webbrowser.open(address.urls()[0])


def _lines(say: Wording, order: Order, digests: list[RunDigest], address: Address) -> list[str]:
    names = ("、" if say.lang == "zh" else ", ").join(digest.label(say.lang) for digest in digests)
    lines = [say("dashboard.runs", names=names), say("dashboard.address")]
    lines += [f"    {url}" for url in address.urls()]
    if order.options.port is None and address.port != server.PORT:
        lines.append(say("dashboard.port", port=server.PORT))
    if order.options.lan:
        lines.append(say("dashboard.lan"))
    if not address.token:
        lines.append(say("dashboard.no_token"))
    return [*lines, say("dashboard.stop"), ""]


def _has_screen() -> bool:
    """Tell whether a window can be opened; without one a text browser would take over the terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
