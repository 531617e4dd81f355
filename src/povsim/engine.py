"""The driver: draws, years, blocks and scenarios, on threads; results are the same bits however the work is divided."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import layout as at
from povsim.capacity import Applications, Listed
from povsim.draws import decision_key, fill_normals, household_key, uniforms
from povsim.errors import InputError, Problem
from povsim.ground import BLOCK, Prepared, prepare
from povsim.incomes import Doubles, log_trend, renew_sources
from povsim.layout import MOST_MEASURES, Block, Households, Longs, Workspace
from povsim.process import Process
from povsim.rules import MeasureRules, Rules, make_rules
from povsim.scenario import Scenario
from povsim.tables import Size, Tables, record
from povsim.year import (
    AreaLuck,
    Keys,
    YearOfScenario,
    apply_year,
    candidates_year,
    draw_luck,
    draw_start,
    settle,
    simulate_year,
    start,
    take_on,
    trends,
)

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
    measures: tuple[str, ...]

    codes: tuple[tuple[str, ...], ...]

    def slots(self, scenario: int) -> tuple[int, ...]:
        """Return where a scenario's measures stand along the run's measures."""
        return tuple(self.measures.index(code) for code in self.codes[scenario])


@dataclass(frozen=True)
class Draw:
    """One draw: the rules, trends and disasters of each scenario."""

    number: int
    position: int
    rules: tuple[Rules, ...]
    trend: tuple[npt.NDArray[np.float32], ...]
    struck: tuple[npt.NDArray[np.bool_], ...]

    @property
    def shared(self) -> bool:
        """Whether any capacity is shared between blocks."""
        return any(measure.shared for rules in self.rules for measure in rules.measures)


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
    prepared: list[Prepared] = []
    for scenario in scenarios:
        like = prepared[0] if prepared else None
        prepared.append(prepare(register, scenario, like=like, block_size=block_size))
    codes = tuple(tuple(scenario.active()) for scenario in scenarios)
    measures = tuple(dict.fromkeys(code for each in codes for code in each))
    if len(measures) > MOST_MEASURES:
        found, allowed = str(len(measures)), f"at most {MOST_MEASURES} in all scenarios"
        raise InputError("simulate", [Problem("measures", "too many", found, allowed)])
    named = tuple(replace(item, key=decision_key(seed, f"process.{item.name}")) for item in processes)
    return Task(tuple(scenarios), tuple(prepared), draws, seed, named, measures, codes)


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
            engine.live(_make_draw(task, number, position), each)


def size_of(task: Task, register: xr.Dataset) -> tuple[Size, npt.NDArray[np.int64]]:
    """Return the lengths of a run's dims and each village's township."""
    township = task.prepared[0].ground.township_position
    scenario = task.scenarios[0]
    size = Size(
        scenarios=len(task.scenarios),
        draws=len(task.draws),
        years=len(scenario.span),
        villages=register.sizes["village"],
        townships=int(township.max()) + 1,
        households=register.sizes["household"],
        measures=len(task.measures),
        tests=len(scenario.exit_standard.household.tests),
    )
    return size, township


def _make_draw(task: Task, number: int, position: int) -> Draw:
    rules = tuple(
        make_rules(scenario, prepared.ground, seed=task.seed, draw=number)
        for scenario, prepared in zip(task.scenarios, task.prepared, strict=True)
    )
    luck = _area_luck(task, number)
    trend = tuple(
        trends(each, luck, _earned_trends(prepared, each, scenario))
        for each, prepared, scenario in zip(rules, task.prepared, task.scenarios, strict=True)
    )
    struck = tuple(luck.disaster < np.array(each.village_struck, dtype=np.float32)[:, None] for each in rules)
    return Draw(number, position, rules, trend, struck)


def _area_luck(task: Task, draw: int) -> AreaLuck:
    ground, span = task.prepared[0].ground, task.scenarios[0].span
    years = list(range(ground.base_year + 1, span[-1] + 1))
    counties, of_village = np.unique(ground.counties, return_inverse=True)
    village = _luck_of_areas(task.seed, "growth.village", draw, years, ground.villages)
    county = _luck_of_areas(task.seed, "growth.county", draw, years, counties)
    disaster = np.stack(
        [uniforms(ground.villages, seed=task.seed, draw=draw, year=year, decision="disaster.village") for year in span]
    )
    return AreaLuck(county[:, :, of_village], village, disaster)


def _luck_of_areas(
    seed: int, decision: str, draw: int, years: list[int], names: npt.NDArray[np.str_]
) -> npt.NDArray[np.float32]:
    """Return standard normals of named areas, shape (years, 2, areas): one for wages, one for business income."""
    keys, key = household_key(names), decision_key(seed, decision)
    luck = np.empty((len(years), 4, keys.size), dtype=np.float32)
    for place, year in enumerate(years):
        fill_normals(key, draw, year, keys, luck[place])
    return luck[:, :2]


def _earned_trends(prepared: Prepared, rules: Rules, scenario: Scenario) -> Doubles:
    """Return the log trends of wage and business, shape (2, years)."""
    base = prepared.ground.base_year
    horizons = range(scenario.years[0] - base, scenario.years[1] - base + 1)
    sources = ((prepared.wage, rules.wage), (prepared.business, rules.business))
    return np.stack(
        [
            log_trend(growth, source, prepared.drift(source, parts, horizons))
            for growth, (source, parts) in zip(rules.growth[:2], sources, strict=True)
        ]
    )


Each = Callable[..., "list[list[dict[str, Offer]]]"]
"""A map over blocks."""


class _Engine:
    """The loop's state: threads with their work space, and the households of each block and scenario."""

    def __init__(self, task: Task, tables: Tables, threads: int, progress: Progress | None) -> None:
        self.task, self.tables, self.threads, self.progress = task, tables, threads, progress
        self.blocks = task.prepared[0].blocks
        self.largest = max(block.size for block in self.blocks)
        self.keys = Keys.of(task.seed)
        self.local = threading.local()
        self.done, self.lock = 0, threading.Lock()
        self.states: dict[tuple[int, int], Households] = {}

    @property
    def steps(self) -> int:
        return len(self.task.draws) * len(self.blocks) * self.tables.size.years

    def live(self, draw: Draw, each: Each) -> None:
        """Live one draw: all years of a block at once, or year by year where blocks have to share capacity."""
        places = range(len(self.blocks))
        if not draw.shared:
            each(lambda place: self._live_block(draw, place), places)
            return
        each(lambda place: self._begin(draw, place), places)
        for index in range(self.tables.size.years):
            offers = each(lambda place, index=index: self._apply(draw, place, index), places)
            for scenario in range(len(draw.rules)):
                self._meet(draw, scenario, index, [offer[scenario] for offer in offers])
            each(lambda place, index=index: self._live_year(draw, place, index), places)

    def _live_block(self, draw: Draw, place: int) -> None:
        self._begin(draw, place)
        for index in range(self.tables.size.years):
            self._apply(draw, place, index)
            self._live_year(draw, place, index)

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

    def _work(self) -> Workspace:
        if not hasattr(self.local, "work"):
            self.local.work = Workspace(self.largest)
        work: Workspace = self.local.work
        return work

    def _households(self, place: int, scenario: int, work: Workspace) -> Households:
        """Return the households of a block under one scenario, in the thread's work space."""
        block = self.task.prepared[scenario].blocks[place]
        held = self.states.get((place, scenario))
        if held is None:
            rows = at.SINCE + 2 * len(self.task.slots(scenario))
            held = Households(
                block.home,
                block.traits,
                block.village,
                block.bounds,
                block.weight,
                block.key,
                np.empty((at.REAL_ROWS, block.size), dtype=np.float32),
                np.empty((rows, block.size), dtype=np.int16),
                np.empty((0, 0), dtype=np.float32),
                np.empty((0, 0), dtype=np.int16),
                np.empty(0, dtype=np.int32),
            )
            self.states[place, scenario] = held
        return held._replace(
            flow=work.flow(block.size), marks=work.marks(block.size), received=work.received(block.size)
        )

    def _begin(self, draw: Draw, place: int) -> None:
        work = self._work()
        luck = draw_start(self.blocks[place], self.keys, draw.number, work)
        for scenario, rules in enumerate(draw.rules):
            block = self.task.prepared[scenario].blocks[place]
            start(self._households(place, scenario, work), block, rules, luck)
        for year in range(self.task.prepared[0].ground.base_year + 1, draw.rules[0].origin + 1):
            between = draw_luck(self.blocks[place], self.keys, draw.number, year, work)
            for scenario, rules in enumerate(draw.rules):
                renew_sources(self._households(place, scenario, work), between.income, rules.income_terms[0])

    def _now(self, draw: Draw, scenario: int, block: Block, index: int) -> YearOfScenario:
        villages = slice(block.first_village, block.first_village + block.villages)
        trend = np.ascontiguousarray(draw.trend[scenario][index][:, villages])
        return YearOfScenario(
            draw.rules[scenario], index, draw.number, trend, draw.struck[scenario][index, villages].copy()
        )

    def _live_year(self, draw: Draw, place: int, index: int) -> None:
        work, block = self._work(), self.blocks[place]
        year = draw.rules[0].origin + index + 1
        luck = draw_luck(block, self.keys, draw.number, year, work)
        for scenario, rules in enumerate(draw.rules):
            h = self._households(place, scenario, work)
            now = self._now(draw, scenario, block, index)
            slots = self.task.slots(scenario)
            spot = (scenario, draw.position, index)
            books = self.tables.books(spot, block, self.task.codes[scenario], slots)
            simulate_year(h, luck, now, books, work, self.task.processes)
            record(self.tables, h, block, rules, spot)
        if self.progress is not None:
            with self.lock:
                self.done += 1
                self.progress(self.done, self.steps)

    def _apply(self, draw: Draw, place: int, index: int) -> list[dict[str, Offer]]:
        """Grant what a block can decide by itself, and return the applications that other blocks have a say in."""
        work, block = self._work(), self.blocks[place]
        waiting: list[dict[str, Offer]] = []
        for scenario, rules in enumerate(draw.rules):
            h = self._households(place, scenario, work)
            now = self._now(draw, scenario, block, index)
            candidates = candidates_year(h, now, work)
            offers: dict[str, Offer] = {}
            for slot, measure in enumerate(rules.measures):
                if not measure.years[index]:
                    continue
                listed = apply_year(h, block, now, slot, candidates, work)
                if measure.capacity is None:
                    take_on(h, slot, listed.applications.place, now.code)
                elif measure.shared:
                    offers[measure.code] = _offer(block, h, listed)
                else:
                    offer = _offer(block, h, listed)
                    granted = _decide(measure, index, [offer], np.arange(block.villages))
                    take_on(h, slot, offer.waiting.place[granted], now.code)
            waiting.append(offers)
        return waiting

    def _meet(self, draw: Draw, scenario: int, index: int, offers: list[dict[str, Offer]]) -> None:
        """Decide applications for capacity that blocks share, and take the granted households on."""
        rules, ground = draw.rules[scenario], self.task.prepared[scenario].ground
        for slot, measure in enumerate(rules.measures):
            if not (measure.shared and measure.years[index]) or measure.capacity is None:
                continue
            area = ground.township_position if measure.capacity.area == "township" else ground.county_position
            gathered = [offer[measure.code] for offer in offers]
            granted = _decide(measure, index, gathered, area)
            begin = 0
            for place, offer in enumerate(gathered):
                here = granted[begin : begin + offer.waiting.place.size]
                begin += offer.waiting.place.size
                take_on(self.states[place, scenario], slot, offer.waiting.place[here], index + 1)


@dataclass(frozen=True)
class Offer:
    """A block's applications for one measure, copied out of the work space."""

    waiting: Applications
    units: Longs
    village: npt.NDArray[np.int64]  # position among all the villages that decide together
    standing: Longs  # (villages of the block, 3)
    first_village: int


def _offer(block: Block, h: Households, listed: Listed) -> Offer:
    found = listed.applications
    place = found.place.copy()
    units, village = h.weight[place].astype(np.int64), block.village[place].astype(np.int64)
    waiting = Applications(place, found.luck.copy(), found.sort_key.copy(), found.cost.copy())
    return Offer(waiting, units, village, listed.standing, block.first_village)


def _decide(
    measure: MeasureRules, index: int, offers: list[Offer], area: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Decide the applications of several blocks; ``area`` gives the area of each village, in ascending order."""
    several = len(offers) > 1 or measure.shared
    village = np.concatenate([offer.village + (offer.first_village if several else 0) for offer in offers])
    standing = np.concatenate([offer.standing for offer in offers])
    where = area[village]
    areas = int(area.max()) + 1
    standing_area = np.stack([np.bincount(area, standing[:, k], areas) for k in range(3)], axis=1).astype(np.int64)
    merged = Applications(*(np.concatenate(columns) for columns in zip(*(o.waiting for o in offers), strict=True)))
    units = np.concatenate([offer.units for offer in offers])
    starts = np.searchsorted(where, np.arange(areas + 1)).astype(np.int64)
    return settle(measure, index, merged, units, starts, standing_area)
