"""A tornado made in a process of its own: low priority, one thread, told how far it is, stopped with the session.

The child prints a JSON object a line: ``{"done", "total"}``, then ``{"file"}`` or ``{"error"}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from povsim.views.comparison_drivers import made_file
from povsim.views.digests import SCENARIO, RunDigest

HOUSEHOLDS, DRAWS, SEED = 5_000, 5, 1
OUTPUT = "headcount_ratio"
Hear = Callable[[dict[str, Any]], None]


class Job:
    """A tornado that is being made.

    Parameters
    ----------
    digest : RunDigest
        The run; the result is kept beside its digest, for all sessions.
    hear : callable
        Called with what the process says, where the page runs.
    """

    def __init__(self, digest: RunDigest, hear: Hear) -> None:
        self._hear: Hear | None = hear
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        command = [sys.executable, "-m", "povsim.dashboard.pages.scenario_compare_job", str(digest.folder)]
        pipe = subprocess.PIPE
        # the child reads its input to the end, which comes with the end of this process however that ends
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop it; nothing of it is heard afterwards."""
        self._hear = None
        self._process.terminate()

    def settle(self, timeout: float = 300.0) -> None:
        """Wait until it has ended; for tests."""
        self._thread.join(timeout)

    def _read(self) -> None:
        ended = False
        for line in self._process.stdout or ():
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                ended = ended or "total" not in told
                self._say(told)
        self._process.wait()
        for stream in (self._process.stdout, self._process.stdin):
            if stream is not None:
                stream.close()
        if not ended:
            self._say({"error": f"exit {self._process.returncode}"})

    def _say(self, told: dict[str, Any]) -> None:
        if self._loop is None or self._loop.is_closed():
            self._tell(told)
        else:
            self._loop.call_soon_threadsafe(self._tell, told)

    def _tell(self, told: dict[str, Any]) -> None:
        if self._hear is not None:
            self._hear(told)


def make(folder: Path, progress: Callable[[int, int], None]) -> Path:
    """Make the tornado of a run and keep it beside the run's digest.

    Parameters
    ----------
    folder : Path
        The digest.
    progress : callable
        Called with settings run and in all.

    Returns
    -------
    Path
        The file.
    """
    from povsim.folder_files import write_dataset
    from povsim.runs import complete_population
    from povsim.scenario import Scenario
    from povsim.sensitivity.drivers import thin, tornado
    from povsim.staging import replaced

    scenario = Scenario.model_validate_json((folder / SCENARIO).read_text(encoding="utf-8"))
    people = complete_population(scenario)
    if people.sizes["household"] > HOUSEHOLDS:
        people = thin(people, HOUSEHOLDS, SEED)
    years = [int(scenario.span[-1])]
    found = tornado(
        scenario, OUTPUT, years=years, register=people, draws=DRAWS, seed=SEED, progress=progress,
        threads=1,
    )  # fmt: skip
    file = made_file(folder)
    file.parent.mkdir(exist_ok=True)
    with replaced(file) as part:
        write_dataset(found, part)
    return file


def main(folder: str) -> None:
    """Make a tornado and tell of it, line by line."""
    if hasattr(os, "nice"):
        os.nice(10)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    try:
        file = make(Path(folder), lambda done, total: _print({"done": done, "total": total}))
    except Exception as error:  # whatever it is, the page is to say so
        _print({"error": str(error)[:400]})
    else:
        _print({"file": file.name})


def _print(told: dict[str, Any]) -> None:
    print(json.dumps(told, ensure_ascii=False), flush=True)


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
