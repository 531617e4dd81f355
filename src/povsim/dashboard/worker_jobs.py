"""What the simulator process does for sessions: try levers, explain a household, find its cures; a step at a time."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from povsim.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    import xarray as xr

    from povsim.scenario import Scenario
    from povsim.views.digests import RunDigest

Progress = Callable[[int, int], None]
MOST_READY = 2
"""Populations kept in memory."""
MOST_KEPT = 24
"""Trials whose draws so far are kept, so that going back to one answers at once."""
MOST_LEVERS, MOST_STAGES = 40, 8
STEP_SECONDS = 2.0
"""A step is no longer than about this, so that others get their turn."""


@dataclass(frozen=True)
class Ready:
    """A run whose population is in memory, ready to be simulated again.

    Attributes
    ----------
    digest : RunDigest
        The run as pages see it.
    plan : Scenario
        Its plan.
    people : Dataset
        Its population.
    seed : int
        Address of its luck.
    draws : range
        The draws it has.
    """

    digest: RunDigest
    plan: Scenario
    people: xr.Dataset
    seed: int
    draws: range


class Bench:
    """The populations and trials that the process keeps; used by one thread only.

    Parameters
    ----------
    place : Path
        Where answers are written.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ready: OrderedDict[Path, Ready] = OrderedDict()
        self._trials: OrderedDict[str, Trial] = OrderedDict()

    def ready(self, folder: Path) -> Ready:
        """Return a run with its population, made again from its folder.

        Raises
        ------
        InputError
            The run was made from a register, which its folder does not keep, or it is gone.
        """
        if folder not in self._ready:
            self._ready[folder] = _load(folder)
            while len(self._ready) > MOST_READY:
                self._ready.popitem(last=False)
        self._ready.move_to_end(folder)
        return self._ready[folder]

    def trial(self, folder: Path, levers: Mapping[str, float]) -> Trial:
        """Return a trial of levers with the draws that it has so far.

        Raises
        ------
        InputError
            Levers that do not exist, or values that the plan does not hold together with.
        """
        told = json.dumps([str(folder), sorted(levers.items())])
        code = hashlib.sha256(told.encode()).hexdigest()[:20]
        if code not in self._trials:
            ready = self.ready(folder)
            self._trials[code] = Trial(ready, moved(ready.plan, levers), self.place / code)
            while len(self._trials) > MOST_KEPT:
                self._trials.popitem(last=False)[1].discard()
        self._trials.move_to_end(code)
        return self._trials[code]


def _load(folder: Path) -> Ready:
    from povsim.folder import open_run
    from povsim.runs import complete_population
    from povsim.views.digests import open_digest

    digest = open_digest(folder)
    with open_run(digest.path) as run:
        if run.manifest["inputs"].get("register") is not None:
            mend = "run it again with other settings on the command line: povsim run SCENARIO --register FILE --set ..."
            problem = Problem("register", "the run was made from a register, which its folder does not keep", mend=mend)
            raise InputError(digest.code, [problem])
        told = run.manifest["draws"]
        draws = range(told["first"], told["first"] + told["count"])
        return Ready(digest, run.scenario, complete_population(run.scenario), int(run.manifest["seed"]), draws)


def moved(plan: Scenario, levers: Mapping[str, float]) -> Scenario:
    """Return a plan with levers moved, checked as a scenario is.

    Parameters
    ----------
    plan : Scenario
        The plan.
    levers : mapping of str to float
        Dotted path to value.

    Raises
    ------
    InputError
        Unknown paths, too many levers, values out of range.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> moved(read_scenario("sample"), {"measures.jobs.take_up": 0.5}).measures["jobs"].take_up.value
    0.5
    """
    from povsim.planning.levers import changed
    from povsim.scenario import entries

    if len(levers) > MOST_LEVERS:
        raise InputError("levers", [Problem("levers", "too many", str(len(levers)), f"at most {MOST_LEVERS}")])
    known = [path for path, _, _ in entries(plan)]
    problems = [
        Problem("levers", "no such lever", path, mend=nearest(path, known)) for path in levers if path not in known
    ]
    problems += [
        Problem("levers", "should be a number", path) for path, value in levers.items() if not math.isfinite(value)
    ]
    if problems:
        raise InputError("levers", problems)
    return changed(plan, tuple(levers.items()))


@dataclass
class Trial:
    """Levers that are tried: draws are added step by step, and a digest is written at each stage.

    Attributes
    ----------
    ready : Ready
        The run.
    plan : Scenario
        Its plan with the levers moved.
    folder : Path
        Digests are in folders below it, named by how many draws they rest on.
    """

    ready: Ready
    plan: Scenario
    folder: Path
    _parts: list[xr.Dataset] = field(default_factory=list)
    _seconds: float = 0.0

    @property
    def done(self) -> int:
        """How many draws there are."""
        return sum(part.sizes["draw"] for part in self._parts)

    def stages(self, asked: Sequence[int]) -> list[int]:
        """Return the stages that can be had, in order: no more draws than the run has, so that it can be compared."""
        most = len(self.ready.draws)
        return sorted({min(stage, most) for stage in asked})

    def advance(self, stage: int, progress: Progress) -> Path | None:
        """Add draws towards a stage; return the folder of its digest once it is reached.

        Parameters
        ----------
        stage : int
            Draws wanted.
        progress : callable
            Called with steps done and in all; an exception of its own stops the step, and its draws are lost.
        """
        from povsim.runs import simulate
        from povsim.views import store
        from povsim.views.forecast_digest import digest_outcomes
        from povsim.views.forecast_parts import combined

        target = self.folder / str(stage)
        if (target / store.INDEX).is_file():
            return target
        if self.done < stage:
            first = self.ready.draws.start + self.done
            count = min(stage - self.done, self._step())
            begun = time.monotonic()
            draws = range(first, first + count)
            outcomes = simulate(self.ready.people, self.plan, draws=draws, seed=self.ready.seed, progress=progress)
            self._parts.append(digest_outcomes(outcomes, self.plan))
            self._seconds = (time.monotonic() - begun) / count
        if self.done < stage:
            return None
        self._parts = [combined(self._parts)]
        return store.write(self._parts[0].isel(draw=slice(0, stage)), target)

    def _step(self) -> int:
        """Return how many draws make a step, by how long the last ones took."""
        return max(1, int(STEP_SECONDS / self._seconds)) if self._seconds else 3

    def discard(self) -> None:
        """Remove what was written."""
        import shutil

        shutil.rmtree(self.folder, ignore_errors=True)


def explained(bench: Bench, folder: Path, household: str, progress: Progress) -> dict[str, Any]:
    """Live one draw of a run again and return one household's account as plain data.

    Raises
    ------
    InputError
        The run has no such household, or its register is needed.
    """
    from povsim.explanation import explain

    ready = bench.ready(folder)
    told = explain(ready.digest.path, household, register=ready.people, progress=progress).plain()
    return {**told, "run": ready.digest.code}


def cured(bench: Bench, folder: Path, household: str, year: int | None) -> list[dict[str, Any]]:
    """Return what could cure a household's failures, from what the run stores.

    Raises
    ------
    InputError
        No such household.
    """
    from povsim.views.digests import open_digest
    from povsim.views.forecast_cures import cures
    from povsim.views.forecast_households import row_of

    digest = open_digest(folder)
    people = digest.part("households")
    row = row_of(people, household)
    if row is None:
        raise InputError(digest.code, [Problem("household", "is not in the run", household[:60])])
    return cures(digest.part("forecast"), people, digest.scenario, row, year)
