"""What is done before pages open: which runs are shown, and their digests, kept from one start to the next."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from povsim.dashboard.app import check_runs, found_runs
from povsim.dashboard.demonstration import WHOLE, make_runs
from povsim.views.digests import RunDigest, prepare

KEPT_DAYS = 60
"""Digests that were not opened for so long are removed."""
MOST_FOUND = 6
"""Runs of ``runs/`` that are shown where none is named."""
Progress = Callable[[str, int, int], None]
"""Called with what is prepared, steps done and steps in all."""


def cache_folder() -> Path:
    """Return the folder for what can be made again, only for this user: of the system, else a temporary one."""
    from platformdirs import user_cache_path

    folder = user_cache_path("povsim", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="povsim-cache-"))


def chosen_runs(named: Sequence[Path], cache: Path, progress: Progress) -> list[Path]:
    """Return the folders of the runs that are shown.

    Parameters
    ----------
    named : sequence of Path
        As asked for.
    cache : Path
        Where the demonstration is kept.
    progress : callable
        Called while the demonstration is made.

    Returns
    -------
    list of Path
        Those named, else the newest of ``runs/``, else the demonstration's.

    Raises
    ------
    InputError
        Folders that are no runs: all of them at once.
    """
    if named:
        check_runs(named)
        return list(named)
    return found_runs(Path("runs"))[:MOST_FOUND] or make_runs(WHOLE, cache / "demonstration", progress)


def digests_of(
    runs: Sequence[Path], cache: Path, progress: Progress, scorecards: Sequence[str] = ()
) -> list[RunDigest]:
    """Return the digests of runs, in their order; made where the cache does not have them.

    Raises
    ------
    InputError
        A scorecard that does not exist or does not work.
    """
    place = cache / "digests"
    _remove_old(place)
    done = []
    for run in runs:
        digest = prepare(run, place, _told(progress, run.resolve().name), scorecards=scorecards)
        with suppress(OSError):
            (digest.folder / ".opened").touch()
        done.append(digest)
    return done


def _told(progress: Progress, name: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(name, done, total)


def _remove_old(place: Path) -> None:
    limit = time.time() - KEPT_DAYS * 24 * 3600
    for mark in place.glob("*/.opened"):
        if mark.stat().st_mtime < limit:
            shutil.rmtree(mark.parent, ignore_errors=True)
