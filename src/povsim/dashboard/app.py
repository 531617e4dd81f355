"""What the notebooks call: a page over the runs that its session can see."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from povsim.errors import InputError, Problem, nearest
from povsim.terms import Language
from povsim.views.digests import RunDigest, open_digest, prepare

if TYPE_CHECKING:
    from ipywidgets import Widget

PAGES = ("home", "exit-forecast", "weight-tuner", "veto-lab", "scenario-compare")
CACHE_VARIABLE, LANGUAGE_VARIABLE = "POVSIM_DASHBOARD_CACHE", "POVSIM_DASHBOARD_LANG"
"""Set by the server; kernels inherit them."""
SHELF_FILE = "shelf.json"


class Shelf:
    """The runs a session can see, by their codes, in the order in which they were named.

    Parameters
    ----------
    digests : sequence of RunDigest
        At least one; codes differ.

    Examples
    --------
    >>> from pathlib import Path
    >>> Shelf([RunDigest("first", Path("x"), Path("y"), (), {}, {}, {})]).codes()
    ('first',)
    """

    def __init__(self, digests: Sequence[RunDigest]) -> None:
        self._digests = {digest.code: digest for digest in digests}

    def codes(self) -> tuple[str, ...]:
        """Return the codes of all runs."""
        return tuple(self._digests)

    def get(self, code: str | None) -> RunDigest:
        """Return a run by its code; the first for none, or for one that is not here (a link from elsewhere)."""
        return self._digests.get(code or "", self.default())

    def default(self) -> RunDigest:
        """Return the first run."""
        return next(iter(self._digests.values()))


def write_shelf(digests: Sequence[RunDigest], folder: Path) -> Path:
    """Write which digests sessions are to see; runs of the same name are told apart by a number.

    Parameters
    ----------
    digests : sequence of RunDigest
        In the order in which they are offered.
    folder : Path
        To be named by ``POVSIM_DASHBOARD_CACHE``.
    """
    entries: dict[str, str] = {}
    for digest in digests:
        places = (digest.code, *(f"{digest.code}-{number}" for number in range(2, len(digests) + 2)))
        code = next(place for place in places if place not in entries)
        entries[code] = str(digest.folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SHELF_FILE).write_text(json.dumps(entries, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder


def open_shelf(runs: Sequence[str | Path] | None = None) -> Shelf:
    """Return the runs named, else those of the server, else those of ``runs/``, else a small demonstration.

    Parameters
    ----------
    runs : sequence of str or Path, optional
        Folders of runs.

    Raises
    ------
    InputError
        A folder that is no run: all of them at once.
    """
    served = os.environ.get(CACHE_VARIABLE)
    if runs is None and served:
        return _read_shelf(Path(served))
    folders = [Path(run) for run in runs] if runs else found_runs(Path("runs"))
    return _prepared(folders)


def found_runs(folder: Path) -> list[Path]:
    """Return the folders below ``folder`` that hold runs, the newest first."""
    from povsim.staging import MANIFEST, read_manifest

    found = [path.parent for path in folder.glob(f"*/{MANIFEST}") if read_manifest(path.parent) is not None]
    return sorted(found, key=lambda path: (path / MANIFEST).stat().st_mtime, reverse=True)


def _prepared(folders: Sequence[Path]) -> Shelf:
    """Prepare runs in a folder that goes with the session."""
    from povsim.dashboard.demonstration import SMALL, make_runs, session_folder

    place = session_folder()
    named = folders or make_runs(SMALL, place / "runs")
    check_runs(named)
    return _read_shelf(write_shelf([prepare(folder, place / "digests") for folder in named], place))


def _read_shelf(folder: Path) -> Shelf:
    entries = json.loads((folder / SHELF_FILE).read_text(encoding="utf-8"))
    return Shelf([open_digest(place, code=code) for code, place in entries.items()])


def check_runs(folders: Sequence[Path]) -> None:
    """Make sure that folders are runs.

    Raises
    ------
    InputError
        Those that are not: all of them at once.
    """
    from povsim.folder import open_run

    problems = []
    for folder in folders:
        try:
            open_run(folder).close()
        except InputError as error:
            problems += [Problem(str(folder), one.what, one.found, one.allowed, one.mend) for one in error.problems]
    if problems:
        raise InputError("dashboard", problems)


def page(name: str, runs: Sequence[str | Path] | None = None) -> Widget:
    """Return a page as a widget, ready to be shown.

    Parameters
    ----------
    name : str
        ``home``, ``exit-forecast``, ``weight-tuner``, ``veto-lab`` or ``scenario-compare``.
    runs : sequence of str or Path, optional
        Folders of runs; see :func:`open_shelf` for what is shown without.

    Raises
    ------
    InputError
        No such page, or a folder that is no run.

    Examples
    --------
    >>> page("weight-tunre")
    Traceback (most recent call last):
    povsim.errors.InputError: dashboard: 1 problem
      - page: does not exist; found weight-tunre; allowed: home, exit-forecast, weight-tuner, veto-lab, scenario-compare; did you mean 'weight-tuner'?
    """  # noqa: E501
    if name not in PAGES:
        problem = Problem("page", "does not exist", name, ", ".join(PAGES), nearest(name, PAGES))
        raise InputError("dashboard", [problem])
    from povsim.dashboard.settings import Settings
    from povsim.dashboard.state import State

    shelf = open_shelf(runs)
    room = importlib.import_module(f"povsim.dashboard.pages.{name.replace('-', '_')}")
    widget: Widget = room.build(State(Settings(lang=_language())), shelf)
    return widget


def _language() -> Language:
    from povsim.wording import language

    asked = os.environ.get(LANGUAGE_VARIABLE)
    return language(asked) if asked else "zh"
