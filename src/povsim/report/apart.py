"""Reports made by a process of their own: a session of the dashboards stays small and goes on answering."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from povsim.errors import InputError, Problem
from povsim.report import Kind, Languages, pack
from povsim.report.wanted import Plain, Wanted, plain_of, told_of

if TYPE_CHECKING:
    from povsim.views.digests import RunDigest

SECONDS = 300
"""Longest time for a report."""
REFUSED = 2


def pack_apart(
    digest: RunDigest, settings: Wanted, kind: Kind, lang: Languages, others: Sequence[RunDigest] = ()
) -> bytes:
    """Return a report as :func:`povsim.report.pack` does, made in a process of its own; call it from a thread.

    Parameters
    ----------
    digest, settings, kind, lang, others
        As for :func:`povsim.report.pack`.

    Raises
    ------
    InputError
        As there.
    RuntimeError
        The process failed; its last words are in the message.
    """
    with tempfile.TemporaryDirectory(prefix="povsim-report-") as place:
        file = Path(place) / f"report.{kind}"
        order = {
            "file": str(file), "kind": kind, "lang": lang, "settings": told_of(settings),
            "digests": [[str(one.folder), one.code, str(one.path)] for one in (digest, *others)],
        }  # fmt: skip
        made = subprocess.run(
            [sys.executable, "-m", "povsim.report.apart"], input=json.dumps(order), capture_output=True, text=True,
            timeout=SECONDS, check=False, encoding="utf-8",
        )  # fmt: skip
        if made.returncode == REFUSED:
            told = json.loads(made.stdout)
            raise InputError(told["source"], [Problem(**one) for one in told["problems"]])
        if made.returncode:
            raise RuntimeError(made.stderr.strip().rpartition("\n")[2] or "the report was not made")
        return file.read_bytes()


def fulfil(order: Mapping[str, Any]) -> int:
    """Make a report that another process asked for; return the code to end with."""
    from povsim.views.digests import open_digest

    try:
        digests = [open_digest(folder, code=code, path=Path(path)) for folder, code, path in order["digests"]]
        wanted: Plain = plain_of(order["settings"])
        Path(order["file"]).write_bytes(pack(digests[0], wanted, order["kind"], order["lang"], digests[1:]))
    except InputError as error:
        told = {"source": error.source, "problems": [asdict(one) for one in error.problems]}
        sys.stdout.write(json.dumps(told))
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.exit(fulfil(json.load(sys.stdin)))
