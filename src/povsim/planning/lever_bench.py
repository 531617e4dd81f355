"""Where plans are tried: many variants of a scenario on common luck, in batches that fit in memory, each run once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.planning.levers import Overrides, changed
from povsim.runs import Settings, run_scenarios
from povsim.scenario import Scenario
from povsim.sweep_parts import Parts, register_digest, scenario_digest

Pick = Callable[[xr.Dataset, Sequence[Scenario]], npt.NDArray[np.float64]]
"""From the outcomes of scenarios to the figures that are kept, shape (scenario, draw, figure)."""
Progress = Callable[[int, int], None]
TOGETHER = 8
"""Variants run at a time, which share the drawing of luck."""
MOST_CELLS = 60_000
"""Variants x draws x villages run at a time: about 300 MB of outcomes."""
TICKS = 1000
"""Steps of progress for each variant and draw."""


@dataclass(frozen=True)
class Bench:
    """A plan on which variants are tried.

    Attributes
    ----------
    register : Dataset
        The whole population.
    base : Scenario
        The plan.
    pick : callable
        Makes the figures that are kept of each run.
    seed : int
        Address of all luck.
    parts : Parts, optional
        Where finished batches are kept, to go on with after a stop.
    progress : callable, optional
        Called with steps done and steps expected.
    """

    register: xr.Dataset
    base: Scenario
    pick: Pick
    seed: int
    threads: int | None = None
    parts: Parts | None = None
    progress: Progress | None = None
    known: dict[Overrides, dict[int, npt.NDArray[np.float64]]] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=lambda: {"batch": 0, "runs": 0, "expected": 1})

    @property
    def runs(self) -> int:
        """Variants times draws simulated so far."""
        return self.counted["runs"]

    def expect(self, runs: int) -> None:
        """Say how many more runs are likely, for the progress."""
        self.counted["expected"] = self.runs + runs

    def ask(self, asked: Sequence[Overrides], draws: range) -> npt.NDArray[np.float64]:
        """Return the figures of variants, simulating what is not known yet; shape (variant, draw, figure)."""
        waiting: dict[range, list[Overrides]] = {}
        for variant in dict.fromkeys(asked):
            missing = [draw for draw in draws if draw not in self.known.setdefault(variant, {})]
            if missing:
                waiting.setdefault(range(missing[0], missing[-1] + 1), []).append(variant)
        for span, several in waiting.items():
            for first in range(0, len(several), TOGETHER):
                self._run_over(several[first : first + TOGETHER], span)
        return np.stack([[self.known[variant][draw] for draw in draws] for variant in asked])

    def _run_over(self, several: Sequence[Overrides], span: range) -> None:
        """Run variants over draws, as many draws at a time as memory allows."""
        at_once = max(1, MOST_CELLS // (self.register.sizes["village"] * len(several)))
        for start in range(span.start, span.stop, at_once):
            draws = range(start, min(start + at_once, span.stop))
            figures = self._batch(several, draws)
            for variant, rows in zip(several, figures, strict=True):
                self.known[variant].update(zip(draws, rows, strict=True))
            self.counted["runs"] += len(several) * len(draws)
            self._tell(0.0)

    def _batch(self, several: Sequence[Overrides], draws: range) -> npt.NDArray[np.float64]:
        """Simulate a batch, or read it from the folder; shape (variant, draw, figure)."""
        number, self.counted["batch"] = self.counted["batch"], self.counted["batch"] + 1
        about = json.dumps([several, [draws.start, draws.stop]], ensure_ascii=False)
        if self.parts is not None and self.parts.is_whole(number):
            part = self.parts.read(number)
            if str(part["about"].item()) == about:
                return np.asarray(part["figures"].to_numpy())
        figures = self._simulate(several, draws)
        if self.parts is not None:
            kept = xr.Dataset({"figures": (("sample", "draw", "figure"), figures), "about": ((), about)})
            self.parts.write(number, kept)
        return figures

    def _simulate(self, several: Sequence[Overrides], draws: range) -> npt.NDArray[np.float64]:
        share = len(several) * len(draws)
        scenarios = tuple(
            changed(self.base, overrides).model_copy(update={"code": f"{self.base.code[:60]}.{place}"})
            for place, overrides in enumerate(several)
        )
        settings = Settings(draws, self.seed, self.threads, household_summary=False)
        # Also without a progress of the caller: the engine looks for a stop there.
        results = run_scenarios(
            self.register, scenarios, settings, progress=lambda done, total: self._tell(share * done / total)
        )
        return np.asarray(self.pick(results.outcomes, scenarios), dtype=np.float64)

    def _tell(self, more: float) -> None:
        if self.progress is not None:
            done = int(TICKS * (self.runs + more))
            self.progress(done, max(TICKS * self.counted["expected"], done))


def open_parts(folder: str | Path | None, bench: tuple[Scenario, xr.Dataset], asked: Mapping[str, object]) -> Any:
    """Return the parts in a folder, checked to be of the same question, or nothing without a folder.

    Raises
    ------
    InputError
        The folder holds other files, or batches of another plan, register or question.
    """
    if folder is None:
        return None
    scenario, register = bench
    digests = {"scenario": scenario_digest(scenario), "register": register_digest(register)}
    told = {key: str(value) for key, value in asked.items()}
    parts = Parts(Path(folder).resolve(), {**digests, **told, "povsim": version("povsim")})
    parts.check()
    return parts
