"""What pages are made from beside their own text: when that changes, everything is read and run again."""

import hashlib
import shutil
from pathlib import Path

MADE_FROM = ("src/povsim", "scenarios", "rulebooks", "panels", "backtests", "docs/_ext")
"""Folders whose files pages show: by running them, or by listing what they say."""
LEFT_OUT = ("__pycache__", "static", "share")


def digest(root: Path) -> str:
    """Return twelve characters that change when a file does that pages are made from.

    Examples
    --------
    >>> digest(Path("no such folder")) == digest(Path("nor this one"))
    True
    """
    found = hashlib.sha256()
    for folder in MADE_FROM:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not set(path.parts) & set(LEFT_OUT):
                found.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return found.hexdigest()[:12]


def only(folder: Path, name: str) -> Path:
    """Return the folder of a name within another, from which everything else is taken away."""
    for old in folder.glob("*"):
        if old.name != name:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    return folder / name
