"""Folders that appear whole or not at all: written beside their place under a hidden name, then renamed into it."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from povsim.errors import InputError, Problem

MANIFEST = "manifest.json"
CLUTTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave behind in any folder they show."""
DERIVED = ("scores", "weights", "vetoes", "targets")
"""What commands work out from a run and write beside it: it goes with the run it belongs to."""
STALE_SECONDS = 3600


def target_folder(folder: str | Path, files: Collection[str]) -> Path:
    """Return the full path of a folder of results, after making sure that nothing of the user's would be lost.

    Parameters
    ----------
    folder : str or Path
        Where the results are to go: not there yet, empty, or a previous run.
    files : collection of str
        Names of the files a run writes.

    Raises
    ------
    InputError
        The folder is a file, holds anything that no run wrote, is the folder one stands in, or cannot be made.
    """
    path = Path(folder).resolve()
    problem = _obstacle(path, files)
    if problem is not None:
        raise InputError(str(folder), [problem])
    return path


def _obstacle(path: Path, files: Collection[str]) -> Problem | None:
    here = Path.cwd()
    if path == here or path in here.parents:
        mend = "name a new folder, such as --out results"
        return Problem("folder", "is the folder you are in, or holds it, and cannot be replaced", mend=mend)
    if path.exists() and not path.is_dir():
        return Problem("folder", "is a file", mend="name a folder that does not exist yet")
    if path.is_dir():
        return _foreign(path, files)
    parent = next(place for place in path.parents if place.exists())
    if not parent.is_dir():
        return Problem("folder", "cannot be made", found=f"{parent.name} is a file", mend="name another folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        return Problem("folder", "cannot be made: no permission to write beside it", mend="name another folder")
    return None


def _foreign(path: Path, files: Collection[str]) -> Problem | None:
    present = {item.name for item in path.iterdir()} - CLUTTER
    if not present:
        return None
    mend = "name another folder, or move these away"
    manifest = read_manifest(path)
    if manifest is None:
        return Problem("folder", "exists and is not a povsim run", _some(present), "a new folder, or a run", mend)
    derived = {name for name in present if name.startswith(DERIVED) and name.endswith((".nc", ".xlsx", ".csv"))}
    foreign = present - set(files) - set(manifest.get("files", {})) - {MANIFEST} - derived
    if foreign:
        return Problem(
            "folder", "holds files beside the run, which replacing it would delete", _some(foreign), mend=mend
        )
    return None


def _some(names: Collection[str]) -> str:
    shown = sorted(names)[:5]
    return ", ".join(shown) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Return the manifest of a run, or nothing where the folder has none of povsim's."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or not {"format", "povsim"} <= set(manifest):
        return None
    return manifest if isinstance(manifest.get("files", {}), dict) else None


@contextmanager
def staged(target: Path, before: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """Give a hidden folder to write into; when all went well it takes the place of ``target``, else it is removed.

    Parameters
    ----------
    target : Path
        As ``target_folder`` returns it; a previous run there is replaced.
    before : callable
        Called just before the change; an exception of its own still stops it.

    Yields
    ------
    Path
        ``.<name>.part-<pid>`` beside the target.
    """
    made = _make_parents(target)
    _sweep(target)
    part = target.with_name(f".{target.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        yield part
        before()
        _swap(part, target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        for parent in reversed(made):
            _remove_empty(parent)
        raise


def _make_parents(target: Path) -> list[Path]:
    missing = [parent for parent in reversed(target.parents) if not parent.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return


def _swap(part: Path, target: Path) -> None:
    aside = target.with_name(f".{target.name}.old-{os.getpid()}")
    if not target.exists():
        part.rename(target)
        return
    target.rename(aside)
    try:
        part.rename(target)
    except BaseException:
        # An interrupt may arrive just after the new folder took its place: then the old one may go.
        if not target.exists():
            aside.rename(target)
        raise
    finally:
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Clear up after a process that was killed outright: put an old run back, remove what is half-written."""
    for left in sorted(target.parent.glob(f".{target.name}.*")):
        kind, _, pid = left.name.removeprefix(f".{target.name}.").partition("-")
        if kind not in ("part", "old") or not pid.isdigit() or not _is_stale(left, int(pid)):
            continue
        if kind == "old" and not target.exists():
            left.rename(target)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _is_stale(folder: Path, pid: int) -> bool:
    # The age guards against another machine's process on a shared drive, whose number says nothing here.
    if os.name != "posix" or time.time() - folder.stat().st_mtime < STALE_SECONDS:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@contextmanager
def replaced(file: Path) -> Iterator[Path]:
    """Give a hidden file beside ``file`` to write to, and put it in its place when all went well."""
    part = file.with_name(f".{file.name}.part-{os.getpid()}")
    try:
        yield part
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
