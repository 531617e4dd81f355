"""The driver: draws, years and blocks, on threads; results are the same bits however the work is divided."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.aligned import Aligner, Each, ties_of
from povsim.draws import decision_key
from povsim.errors import InputError, Problem
from povsim.ground import BLOCK, Prepared, prepare
from povsim.layout import MOST_MEASURES, MOST_STAGES, MOST_YEARS
from povsim.meeting import Table, Waiting, areas_of, meet, no_cuts
from povsim.plan import CALENDAR
from povsim.plan_village import FACILITIES
from povsim.process import Process
from povsim.scenario import Scenario
from povsim.stacked import Slots
from povsim.tables import Size, Tables
from povsim.trends import Draw, make_draw
from povsim.worker import Held, Turn, Worker

Progress = Callable[[int, int], None]
"""Called with years of blocks done and in all, from any thread."""


@dataclass(frozen=True)
class Task:
    """What to run: scenarios on one register, with common luck."""

    scenarios: tuple[Scenario, ...]
    prepared: tuple[Prepared, ...]
    draws: range
    seed: int
    processes: tuple[Process, ...]
    slots: Slots
    village_measures: tuple[str, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        """Codes along the measure dim: those of households in calendar order, then those of villages."""
        return (*self.slots.measures, *self.village_measures)


def make_task(
    register: xr.Dataset,
    scenarios: Sequence[Scenario],
    *,
    draws: range,
    seed: int,
    processes: Sequence[Process] = (),
    block_size: int = BLOCK,
) -> Task:
    """Check that scenarios and register fit, and make them ready."""
    slots = _slots(scenarios, register.sizes["village"])
    prepared: list[Prepared] = []
    for scenario in scenarios:
        like = prepared[0] if prepared else None
        prepared.append(prepare(register, scenario, like=like, block_size=block_size))
    named = tuple(replace(item, key=decision_key(seed, f"process.{item.name}")) for item in processes)
    of_villages = tuple(dict.fromkeys(code for scenario in scenarios for code in scenario.village_measures()))
    return Task(tuple(scenarios), tuple(prepared), draws, seed, named, slots, of_villages)


def _slots(scenarios: Sequence[Scenario], villages: int) -> Slots:
    types: dict[str, str] = {}
    problems = []
    for scenario in scenarios:
        for code, measure in scenario.active().items():
            if types.setdefault(code, measure.type) != measure.type:
                found = f"{types[code]} and {measure.type}"
                problems.append(Problem(f"measures.{code}", "of two types", found, "one type under one name"))
    problems += _too_many(scenarios, len(types))
    if problems:
        raise InputError("simulate", problems)
    # families act in the order of the calendar, whichever scenario names them first
    codes = sorted(types, key=lambda code: CALENDAR.index(types[code]))
    return Slots(tuple(codes), len(scenarios), len(scenarios[0].span), villages)


def _too_many(scenarios: Sequence[Scenario], measures: int) -> list[Problem]:
    """Name what the engine's arrays have no room for."""
    stages = max(len(scenario.inspection.checks) for scenario in scenarios)
    counted = (
        ("measures", measures, MOST_MEASURES, "for households in all scenarios"),
        ("inspection.checks", stages, MOST_STAGES, "stages of checking"),
        ("years", len(scenarios[0].span), MOST_YEARS, "years"),
    )
    return [
        Problem(where, "too many", str(found), f"at most {most} {what}")
        for where, found, most, what in counted
        if found > most
    ]


def size_of(task: Task, register: xr.Dataset) -> tuple[Size, npt.NDArray[np.int64]]:
    """Return the lengths of a run's dims and each village's township."""
    township = task.prepared[0].ground.township_position
    size = Size(
        scenarios=len(task.scenarios),
        draws=len(task.draws),
        years=len(task.scenarios[0].span),
        villages=register.sizes["village"],
        townships=int(township.max()) + 1,
        households=register.sizes["household"],
        measures=len(task.slots.measures),
        village_measures=len(task.village_measures),
        tests=len(task.scenarios[0].exit_standard.household.tests),
        stages=max(len(scenario.inspection.checks) for scenario in task.scenarios),
        facilities=len(FACILITIES),
        funds=len(fund_codes(task.scenarios)),
    )
    return size, township


def run(task: Task, tables: Tables, *, threads: int | None = None, progress: Progress | None = None) -> None:
    """Run all draws of a task and fill the tables.

    Parameters
    ----------
    task : Task
        What to run.
    tables : Tables
        Filled in place; its arrays are the same bits for any number of threads and any block size.
    threads : int, optional
        Threads to use; all processors if not given.
    progress : callable, optional
        Told how far the run is.
    """
    engine = _Engine(task, tables, threads or os.cpu_count() or 1, progress)
    with engine.workers() as each:
        for position, number in enumerate(task.draws):
            draw = make_draw(
                task.scenarios, task.prepared, task.slots, seed=task.seed, number=number, position=position
            )
            _record_villages(task, tables, draw)
            engine.live(draw, each)
            tables.close_draw(position)


def fund_codes(scenarios: Sequence[Scenario]) -> list[str]:
    """Return the funds of all scenarios, in the order in which they are named."""
    return list(dict.fromkeys(code for scenario in scenarios for code in scenario.funds))


def _record_villages(task: Task, tables: Tables, draw: Draw) -> None:
    """Enter what was done for villages: money and villages' households served, what they lack, what projects earn."""
    first = tables.size.measures
    for s, rules in enumerate(draw.rules):
        paths, d = rules.paths, draw.position
        for place, code in enumerate(task.scenarios[s].village_measures()):
            slot = first + task.village_measures.index(code)
            tables.counts.spending[s, d, :, slot] = paths.spending[place]
            tables.counts.recipients[s, d, :, slot] = paths.recipients[place]
        tables.collective[s, d] = paths.collective
        for fund in rules.funds:
            areas = {
                "township": tables.size.townships,
                "county": int(task.prepared[s].ground.county_position.max()) + 1,
            }
            yearly = np.array([int(limit) for limit in fund.limits]) * areas[fund.area]
            tables.fund_budget[s, d, :, fund_codes(task.scenarios).index(fund.code)] = yearly
        for place, name in enumerate(paths.facilities):
            tables.lacking[s, d, :, :, FACILITIES.index(name)] = paths.lacking[place]
        for name in set(FACILITIES) - set(paths.facilities):
            tables.lacking[s, d, :, :, FACILITIES.index(name)] = -1


class _Engine:
    """The loop's state: threads with their work space, and what each block holds between two years."""

    def __init__(self, task: Task, tables: Tables, threads: int, progress: Progress | None) -> None:
        self.task, self.tables, self.threads, self.progress = task, tables, threads, progress
        self.blocks = task.prepared[0].blocks
        self.held: list[Held | None] = [None] * len(self.blocks)
        self.areas = [areas_of(prepared.ground) for prepared in task.prepared]
        self.cuts = no_cuts(task.slots)
        shape = (task.slots.scenarios, task.slots.villages, len(task.slots.measures), 3)
        self.standing = np.zeros(shape, dtype=np.int64)
        self.ties = ties_of(task.scenarios)
        self.local = threading.local()
        self.done, self.lock = 0, threading.Lock()

    def live(self, draw: Draw, each: Each) -> None:
        """Live one draw: all years of a block at once, or year by year where blocks share capacity or a total."""
        places = range(len(self.blocks))
        if not (draw.shared or self.ties):
            each(lambda place: self._live_alone(draw, place), places)
            return
        each(lambda place: self._begin(draw, place), places)
        for index in range(self.tables.size.years):
            each(partial(self._meet, draw, index), range(self.task.slots.scenarios))
            if index in self.ties:
                self._align(draw, index, each)
            each(partial(self._live_year, draw, index), places)

    def _live_alone(self, draw: Draw, place: int) -> None:
        self._begin(draw, place)
        for index in range(self.tables.size.years):
            self._live_year(draw, index, place)
        self.held[place] = None

    @contextmanager
    def workers(self) -> Iterator[Each]:
        """Give a map over blocks, on threads when there are several; the first error or Ctrl-C ends the rest."""
        if self.threads == 1:
            yield lambda function, places: [function(place) for place in places]
            return
        pool = ThreadPoolExecutor(self.threads)
        try:
            yield lambda function, places: list(pool.map(function, places))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _worker(self) -> Worker:
        if not hasattr(self.local, "worker"):
            prepared = self.task.prepared[0]
            self.local.worker = Worker(
                self.tables, self.blocks, self.task.slots, prepared.ground.base_year, prepared.one_process
            )
        worker: Worker = self.local.worker
        return worker

    def _begin(self, draw: Draw, place: int) -> None:
        self.held[place] = self._worker().begin(self.blocks[place], draw, self.standing, self.held[place])

    def _meet(self, draw: Draw, index: int, scenario: int) -> None:
        waiting = [
            Waiting(block.first, block.first_village, held.applications.rows, held.applications.starts)
            for block, held in zip(self.blocks, self.held, strict=True)
            if held is not None
        ]
        table = Table(
            scenario, index, draw.rules[scenario], self.areas[scenario], draw.figures, self.standing[scenario],
            self.task.slots,
        )  # fmt: skip
        meet(table, waiting, self.task.prepared[0].weight, self.cuts)

    def _align(self, draw: Draw, index: int, each: Each) -> None:
        """Stop the scenarios that tie a total of the year before its tests, and meet what they tie."""
        held = [block for block in self.held if block is not None]
        aligner = Aligner(self.blocks, held, self._turn(draw, index), self._worker, each, self.tables)
        aligner.align(self.ties[index])

    def _turn(self, draw: Draw, index: int) -> Turn:
        return Turn(draw, index, self.standing, self.cuts, self.task.processes)

    def _live_year(self, draw: Draw, index: int, place: int) -> None:
        held = self.held[place]
        assert held is not None
        self._worker().live(self.blocks[place], held, self._turn(draw, index))
        if self.progress is not None:
            with self.lock:
                self.done += 1
                self.progress(self.done, self.steps)

    @property
    def steps(self) -> int:
        return len(self.task.draws) * len(self.blocks) * self.tables.size.years
