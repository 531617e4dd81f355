"""Who waits for the simulator process: the most urgent first, bounded, and given up when nobody listens any more."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from povsim.dashboard.worker_jobs import Bench, cured, explained

MOST_WAITING, MOST_EACH = 24, 4
"""Jobs that may wait in all, and of one session."""
PATIENCE = 3
"""How often a job gives way to a more urgent one before it is left in peace."""
Say = Callable[[dict[str, Any]], None]


class StoppedError(Exception):
    """The job was cancelled, or nobody listens."""


class GaveWayError(Exception):
    """A more urgent job came: the step is lost and will be done again."""


@dataclass
class Job:
    """Something asked of the process, done in steps.

    Attributes
    ----------
    code : str
        The session's name for it.
    owner : object
        The connection it came by.
    say : callable
        Sends a message to the session.
    request : dict
        What was asked, checked.
    folder : Path
        Digest of the run.
    stopped : Event
        Set to have it end.
    """

    code: str
    owner: object
    say: Say
    request: dict[str, Any]
    folder: Path
    stopped: threading.Event = field(default_factory=threading.Event)
    stage: int = 0
    gave_way: int = 0

    @property
    def urgency(self) -> int:
        """How soon it should be done: 0 is at once."""
        kind = self.request["do"]
        if kind == "run":
            return 1 if self.stage == 0 else 3 + self.stage
        return {"cures": 0, "explain": 2}.get(kind, 99)

    def step(self, bench: Bench, watch: Callable[[int, int], None]) -> bool:
        """Do a step; tell whether the job is finished.

        Parameters
        ----------
        bench : Bench
            What the process keeps.
        watch : callable
            Called between blocks with steps done and in all; it may raise ``StoppedError`` or ``GaveWayError``.
        """
        kind = self.request["do"]
        if kind == "run":
            return self._run(bench, watch)
        if kind == "cures":
            self._tell(result=cured(bench, self.folder, self.request["household"], self.request.get("year")))
        elif kind == "explain":
            self._tell(result=explained(bench, self.folder, self.request["household"], watch))
        else:
            _warm(bench, self.folder, watch)
        return True

    def _run(self, bench: Bench, watch: Callable[[int, int], None]) -> bool:
        trial = bench.trial(self.folder, self.request["set"])
        stages = trial.stages(self.request["draws"])
        wanted, done = stages[self.stage], trial.done
        self.request |= {"have": done, "want": wanted, "last": stages[-1]}
        folder = trial.advance(wanted, watch)
        if folder is not None:
            self.stage += 1
            self._tell(stage=wanted, folder=str(folder), last=stages[-1])
        return self.stage == len(stages)

    def _tell(self, **content: Any) -> None:
        self.say({"id": self.code, **content})


def _warm(bench: Bench, folder: Path, watch: Callable[[int, int], None]) -> None:
    """Load the population and the compiled code of a run, so that the first question is answered at once."""
    from povsim.runs import simulate
    from povsim.views.forecast_digest import digest_outcomes

    ready = bench.ready(folder)
    draws = range(ready.draws.start, ready.draws.start + 1)
    digest_outcomes(simulate(ready.people, ready.plan, draws=draws, seed=ready.seed, progress=watch), ready.plan)


class Queue:
    """Jobs that wait; any thread may put and cancel, one takes."""

    def __init__(self) -> None:
        self._jobs: list[tuple[int, Job]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()

    def put(self, job: Job, *, again: str = "no") -> bool:
        """Add a job; false where too many wait already. With ``again="yes"`` a job that had its turn comes back."""
        with self._changed:
            mine = sum(other.owner is job.owner for _, other in self._jobs)
            if again == "no" and (len(self._jobs) >= MOST_WAITING or mine >= MOST_EACH):
                return False
            self._jobs.append((next(self._order), job))
            self._changed.notify()
            return True

    def take(self) -> Job:
        """Return the most urgent job, the first of those that are alike; wait for one where there is none."""
        with self._changed:
            while not self._jobs:
                self._changed.wait()
            best = min(self._jobs, key=lambda one: (one[1].urgency, one[0]))
            self._jobs.remove(best)
            return best[1]

    def waiting_before(self, job: Job) -> int:
        """Return how many jobs that wait are at least as urgent."""
        with self._changed:
            return sum(other.urgency <= job.urgency for _, other in self._jobs if other is not job)

    def urgent(self, job: Job) -> bool:
        """Tell whether a more urgent job waits than one that is being done."""
        with self._changed:
            return any(other.urgency < min(job.urgency, 3) for _, other in self._jobs)

    def of(self, owner: object) -> Iterator[Job]:
        """Yield the jobs of a connection that wait."""
        with self._changed:
            yield from [job for _, job in self._jobs if job.owner is owner]
