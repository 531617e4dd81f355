"""Measure the engine against plain NumPy in one process: ratios, throughput, memory, compiling, where the time goes.

    python benchmarks/engine.py --households 500000 --years 10 --repeats 3 --json results.json

The two take turns, so that whatever else the machine does falls on both. Seconds depend on the machine; quote the
ratios, and on a busy machine those of processor time on one thread. Neither side's time holds the preparation of the
register (the regression that explains incomes); both hold all that a draw needs, without a summary by household.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import xarray as xr

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import povsim  # noqa: E402
from benchmarks.cases import (  # noqa: E402
    SCENARIOS,
    bytes_a_household,
    county,
    live_engine,
    live_plain,
    plans,
    timed,
)
from benchmarks.memory import LARGEST, SIZES, costs, show_costs, show_traced, traced  # noqa: E402
from benchmarks.parts import can_mark, show_parts, where_time_goes  # noqa: E402
from benchmarks.plain import County, read_facts  # noqa: E402
from benchmarks.plain_measures import ACTS, Turn, figures  # noqa: E402
from povsim.engine import make_task  # noqa: E402
from povsim.measures import FIRST_SUBSIDY  # noqa: E402
from povsim.runs import Settings, run_scenarios  # noqa: E402
from povsim.scenario import Scenario  # noqa: E402

BUDGET, NO_LIMIT, PROCESS = "county-wide budget in force", "no shared capacity", "a process of its own, budget in force"
QUICK_HOUSEHOLDS, QUICK_SIZES, QUICK_DRAWS, QUICK_YEARS = 10_000, (10_000, 20_000), 1, 3
VISITED, VISIT_YUAN = 0.1, 800.0


# ---- a process added from Python, on either side ----


def visit(block: Any) -> None:
    """Let tourism bring something to one household in ten."""
    block.business[block.uniforms()[0] < VISITED] += VISIT_YUAN


def act_and_visit(county: County) -> None:
    """Let the plain model's measures act, and tourism before the subsidies, as the engine does."""
    turns = [
        Turn(county, slot, measure, county.records[measure.code], figures(measure, county.index))
        for slot, measure in enumerate(county.rules.measures)
    ]
    for turn in turns:
        if turn.measure.kind < FIRST_SUBSIDY:
            ACTS[turn.measure.kind](turn)
    county.gross[county.luck.uniform("process.visit", county.year, 0) < VISITED] += VISIT_YUAN
    for turn in turns:
        if turn.measure.kind >= FIRST_SUBSIDY:
            ACTS[turn.measure.kind](turn)


# ---- races ----


def race(
    register: xr.Dataset, scenarios: tuple[Scenario, ...], repeats: int, *, process: bool = False
) -> list[dict[str, Any]]:
    """Let plain NumPy and the engine take turns; one row for each number of threads."""
    facts = read_facts(register, scenarios[0])
    added = (povsim.Process("visit", visit),) if process else ()
    task = make_task(register, scenarios, draws=range(1), seed=1, processes=added)
    live_engine(register, task, 0, 1)
    sides: dict[str, Callable[[int], float]] = {
        "plain": lambda draw: live_plain(register, facts, scenarios, draw),
        "1": lambda draw: live_engine(register, task, draw, 1),
        "2": lambda draw: live_engine(register, task, draw, 2),
    }
    seconds: dict[str, list[float]] = defaultdict(list)
    processor: dict[str, list[float]] = defaultdict(list)
    with patch("benchmarks.plain.act", act_and_visit) if process else patch.dict({}):
        for draw in range(1, repeats + 1):
            for side, live in sides.items():
                begun = time.process_time()
                seconds[side].append(live(draw))
                processor[side].append(time.process_time() - begun)
    work = register.sizes["household"] * len(scenarios[0].span) * len(scenarios)
    return [_row(len(scenarios), threads, seconds, processor, work) for threads in (1, 2)]


def _row(
    scenarios: int, threads: int, seconds: dict[str, list[float]], processor: dict[str, list[float]], work: int
) -> dict[str, Any]:
    def ratio(spent: dict[str, list[float]]) -> float:
        return statistics.median(a / b for a, b in zip(spent["plain"], spent[str(threads)], strict=True))

    plain, engine = statistics.median(seconds["plain"]), statistics.median(seconds[str(threads)])
    return {
        "scenarios": scenarios,
        "threads": threads,
        "plain_seconds": plain,
        "engine_seconds": engine,
        "ratio": ratio(seconds),
        "processor_ratio": ratio(processor),
        "engine_processor_nanoseconds": statistics.median(processor[str(threads)]) / work * 1e9,
        "plain_rate": work / plain / 1e6,
        "engine_rate": work / engine / 1e6,
    }


def races(register: xr.Dataset, years: int, repeats: int) -> dict[str, list[dict[str, Any]]]:
    """Run all races: with the budget, without limits, with a process added from Python."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, shared in ((BUDGET, True), (NO_LIMIT, False)):
        scenarios = plans(register, years, shared=shared)
        found[name] = [row for count in (1, SCENARIOS) for row in race(register, scenarios[:count], repeats)]
    found[PROCESS] = race(register, plans(register, years, shared=True)[:1], repeats, process=True)
    return found


def show_races(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print the races as a table."""
    heads = (("scenarios", 10), ("threads", 9), ("plain s", 10), ("engine s", 10), ("ratio", 8), ("cpu ratio", 11))
    print(
        f"{'':38}" + "".join(f"{head:>{width}}" for head, width in heads) + f"{'M/s':>8}{'plain M/s':>11}{'cpu ns':>8}"
    )
    for name, rows in found.items():
        for row in rows:
            print(
                f"{name:38}{row['scenarios']:>10}{row['threads']:>9}{row['plain_seconds']:>10.2f}"
                f"{row['engine_seconds']:>10.2f}{row['ratio']:>8.1f}{row['processor_ratio']:>11.1f}"
                f"{row['engine_rate']:>8.2f}{row['plain_rate']:>11.2f}{row['engine_processor_nanoseconds']:>8.0f}"
            )
    print("M/s: million household-years times scenarios a second; cpu: processor time, all threads together")
    print("cpu ns: the engine's, for a household, year and scenario\n")


# ---- the shipped county, compiling ----


def shipped_runs(draws: int) -> list[dict[str, float]]:
    """Return the seconds of the shipped county on two threads, tables and verdicts included."""
    plan = povsim.read_scenario("xiangyin-2016")
    growth = [{"code": f"growth-{place}", "incomes.growth.wage.value": 0.06 + 0.01 * place} for place in range(1, 4)]
    four = (plan, *(povsim.read_scenario("xiangyin-2016", overrides=change) for change in growth))
    made, people = timed(lambda: povsim.complete_population(plan))
    rows = []
    for scenarios, count in (((plan,), min(draws, 10)), (four, draws)):
        settings = Settings(range(count), 1, 2, household_summary=False)
        seconds, _ = timed(lambda scenarios=scenarios, settings=settings: run_scenarios(people, scenarios, settings))
        rows.append({"draws": count, "scenarios": len(scenarios), "seconds": seconds, "register_seconds": made})
    return rows


def show_shipped(rows: list[dict[str, float]]) -> None:
    """Print the runs of the shipped county."""
    print(f"shipped county, 2 threads; its register took {rows[0]['register_seconds']:.1f} s to make")
    for row in rows:
        print(f"  {row['draws']} draws, {row['scenarios']} scenarios: {row['seconds']:.1f} s")
    print()


FIRST_CALL = """
import time
import povsim
plan = povsim.read_scenario("sample")
people = povsim.complete_population(plan)
times = []
for draw in range(3):
    begun = time.perf_counter()
    povsim.simulate(people, plan, draws=range(draw, draw + 1), seed=1, threads=1)
    times.append(time.perf_counter() - begun)
print(times[0] - min(times[1:]))
"""


def compiling() -> dict[str, float]:
    """Return what the first call takes more than a later one, without and with a cache on disk."""
    with tempfile.TemporaryDirectory() as cache:
        surroundings = {**os.environ, "XDG_CACHE_HOME": cache}
        surroundings.pop("NUMBA_CACHE_DIR", None)
        found = {}
        for name in ("first", "cached"):
            done = subprocess.run(
                [sys.executable, "-c", FIRST_CALL], env=surroundings, stdout=subprocess.PIPE, text=True, check=True
            )
            found[name] = float(done.stdout)
    return found


def show_compiling(found: dict[str, float]) -> None:
    """Print what the first call takes."""
    print(
        f"first call after installing: {found['first']:.1f} s more than a later one; cached: {found['cached']:.1f} s\n"
    )


def profiles(register: xr.Dataset, years: int, draws: int) -> dict[str, list[dict[str, Any]]]:
    """Return where the time goes with one and eight scenarios, with the budget and without limits."""
    found = {}
    for name, shared in ((BUDGET, True), (NO_LIMIT, False)):
        scenarios = plans(register, years, shared=shared)
        found[name] = [where_time_goes(register, scenarios[:count], draws) for count in (1, SCENARIOS)]
    return found


def show_profiles(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print where the time goes."""
    for name, rows in found.items():
        show_parts(name, rows)


# ---- the command ----

SHOW: dict[str, Callable[[Any], None]] = {
    "cost": show_costs, "races": show_races, "parts": show_profiles, "memory": show_traced, "shipped": show_shipped,
    "first-call": show_compiling,
}  # fmt: skip
"""What can be measured, in this order: sizes first, while this process is small."""
NEEDS_REGISTER = {"races", "parts", "memory"}


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Measure what was chosen, and print each as it is done."""
    wanted = [name for name in SHOW if name in chosen.only]
    found: dict[str, Any] = {"years": chosen.years, "repeats": chosen.repeats}
    register = None
    for name in wanted:
        if name in NEEDS_REGISTER and register is None:
            register = county(chosen.households)
            found["households"] = register.sizes["household"]
            show_register(register, chosen)
        found[name] = _measure_one(name, register, chosen)
        SHOW[name](found[name])
        sys.stdout.flush()
    return found


def show_register(register: xr.Dataset, chosen: argparse.Namespace) -> None:
    """Print what the measurements run on."""
    households, villages = register.sizes["household"], register.sizes["village"]
    print(
        f"{households} households in {villages} villages, {bytes_a_household(register):.0f} bytes a household, "
        f"{chosen.years} years, one draw, median of {chosen.repeats}, {os.cpu_count()} processors\n"
    )


def _measure_one(name: str, register: xr.Dataset | None, chosen: argparse.Namespace) -> Any:
    if name == "cost":
        return costs(chosen.sizes, chosen.years, chosen.repeats)
    if name == "shipped":
        return shipped_runs(chosen.draws)
    if name == "first-call":
        return compiling()
    assert register is not None
    if name == "races":
        return races(register, chosen.years, chosen.repeats)
    if name == "memory":
        return traced(register, plans(register, chosen.years, shared=True))
    return profiles(register, chosen.years, chosen.repeats)


def read_command(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--households", type=int, default=500_000)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--draws", type=int, default=100, help="draws of the shipped county")
    parser.add_argument("--quick", action="store_true", help="all small, without the first call: to see that it runs")
    parser.add_argument("--large", action="store_true", help=f"cost of a household at {LARGEST:,} too: gigabytes")
    parser.add_argument("--only", action="append", choices=list(SHOW), metavar="NAME", help=", ".join(SHOW))
    parser.add_argument("--json", type=Path, help="file to write the measurements to")
    chosen = parser.parse_args(words)
    chosen.sizes = (*SIZES, LARGEST) if chosen.large else SIZES
    if chosen.quick:
        chosen.households, chosen.draws = min(chosen.households, QUICK_HOUSEHOLDS), QUICK_DRAWS
        chosen.sizes, chosen.repeats, chosen.years = QUICK_SIZES, 1, min(chosen.years, QUICK_YEARS)
    everything = [name for name in SHOW if name != "first-call" or not chosen.quick]
    chosen.only = chosen.only or everything
    if not can_mark() and "parts" in chosen.only:
        print("parts: left out, the cycle counter of this processor cannot be read")
        chosen.only = [name for name in chosen.only if name != "parts"]
    return chosen


def main() -> None:
    """Read the command line, measure, print."""
    chosen = read_command()
    np.seterr(all="ignore")
    found = measure(chosen)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
