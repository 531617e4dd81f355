"""A demonstration for who has no run yet: a shipped plan and a leaner one on the same luck, kept once made."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from povsim.wording import wording

LEANER = {f"measures.{code}.active": False for code in ("posts", "rangers", "solar", "dibao_new")}
"""What the second plan goes without: public jobs, solar power, and new places on the minimum living allowance."""
Progress = Callable[[str, int, int], None]
"""Called with the plan's code, steps done and steps in all."""


@dataclass(frozen=True)
class Demonstration:
    """Which shipped scenario is run, on how many draws.

    Attributes
    ----------
    scenario : str
        Name of a shipped scenario.
    draws : int
        Draws of each plan.
    """

    scenario: str
    draws: int


WHOLE = Demonstration("xiangyin-2016", 100)
SMALL = Demonstration("sample", 20)
"""For notebooks outside the server, where nobody wants to wait."""


def make_runs(demonstration: Demonstration, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Return the folders of the plan and of the leaner one, made where they are not there yet.

    Parameters
    ----------
    demonstration : Demonstration
        Scenario and draws.
    folder : Path
        Where the runs are kept; each appears when it is complete, so that nothing is lost by a stop.
    progress : callable, optional
        Called with code, steps done and steps in all.
    """
    made = []
    for code, overrides in _plans(demonstration).items():
        target = folder / code
        if not (target / "manifest.json").is_file():
            _make(demonstration, overrides, target, progress)
        made.append(target)
    return made


def _plans(demonstration: Demonstration) -> dict[str, dict[str, Any]]:
    from povsim.scenario import read_scenario

    base = read_scenario(demonstration.scenario)
    code = f"{base.code}-leaner"
    names = {
        f"name_{lang}": wording(lang, "dashboard_server")("demonstration.leaner", name=base.label(lang))
        for lang in ("zh", "en")
    }
    return {base.code: {}, code: {"code": code, **names, **LEANER}}


def _make(demonstration: Demonstration, overrides: dict[str, Any], target: Path, progress: Progress | None) -> None:
    from povsim.folder import write_run
    from povsim.folder_manifest import Record, input_files
    from povsim.interrupts import raise_if_stopped
    from povsim.runs import Settings, complete_population, run_scenarios
    from povsim.scenario import locate, read_scenario

    source = locate(demonstration.scenario)
    plan = read_scenario(source, overrides=overrides)
    people = complete_population(plan)
    told = None if progress is None else lambda done, total: progress(plan.code, done, total)
    results = run_scenarios(people, (plan,), Settings(range(demonstration.draws), seed=1), progress=told)
    changed = tuple(f"{path}={value}" for path, value in overrides.items())
    record = Record(seed=1, inputs=input_files(source, plan), overrides=changed)
    write_run(results, target, register=people, record=record, before=raise_if_stopped)


@cache
def session_folder() -> Path:
    """Return a temporary folder that goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="povsim-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
