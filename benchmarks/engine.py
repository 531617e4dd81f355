"""Measure the engine against plain NumPy in one process: ratios, throughput, memory, compiling, where the time goes.

    python benchmarks/engine.py --households 500000 --years 10 --repeats 3 --json results.json

The two take turns, so that whatever else the machine does falls on both. Seconds depend on the machine; quote the
ratios. Neither side's time holds the preparation of the register (the regression that explains incomes); both hold all
that a draw needs. Memory is what ``tracemalloc`` sees, which NumPy reports its arrays to, from before the register is
prepared.
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
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import povsim
import povsim.engine
import povsim.measures
from povsim.engine import Task, make_task, size_of
from povsim.quantity import read_yaml
from povsim.runs import Settings, run_scenarios
from povsim.scenario import Scenario, locate
from povsim.tables import Tables

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.plain import Facts, GeneratorLuck, read_facts, simulate_plain

SCENARIOS = 8
FIRST_YEAR = 2016

PARTS = {
    "draws": ("draw_luck", "draw_start"),
    "starting state": ("start",),
    "rules, trends, drift": ("make_rules", "trends", "_area_luck", "_earned_trends"),
    "incomes": ("earn_year",),
    "shocks": ("shock_year",),
    "measures": ("list_served", "service_debt_year"),
    "capacity": ("list_candidates", "applications", "_decide", "_offer"),
    "tests and inspection": ("judge_year",),
    "statistics": ("count_year", "_share_out", "_counts"),
}
"""Which functions make up which part of the engine, beside those of the measures."""


def county(households: int) -> xr.Dataset:
    """Synthesise a county like Xiangyin with this many households."""
    data = read_yaml(locate("xiangyin-2016.margins.yaml"))
    factor = households / data["population"]["households"]["value"]
    for place, names in (("population", ("households", "persons")), ("registration", ("households", "persons"))):
        for name in names:
            entry = data[place][name]
            data[place][name] = {**entry, "value": round(entry["value"] * factor), "spread": None}
    return povsim.synthesise_register(data, seed=2016)


def plans(years: int, factor: float, *, shared: bool) -> tuple[Scenario, ...]:
    """Return eight variants of the shipped plan with every measure on: growth and take-up differ.

    Parameters
    ----------
    years : int
        Years simulated; the measures run all of them.
    factor : float
        Size of the county relative to the shipped one: budgets grow with it.
    shared : bool
        Whether capacity is shared by the county, as shipped, or without limit.
    """
    shipped = povsim.read_scenario("xiangyin-2016")
    last = FIRST_YEAR + years - 1
    changes: dict[str, Any] = {"years": [FIRST_YEAR, last]}
    for code, measure in shipped.measures.items():
        changes[f"measures.{code}.years"] = [FIRST_YEAR, last]
        if measure.capacity is None:
            continue
        kind, limit = measure.capacity.limit()
        if not shared:
            changes[f"measures.{code}.capacity"] = None
        elif kind != "share":
            changes[f"measures.{code}.capacity.{kind}.value"] = float(limit.at(FIRST_YEAR) * factor)
    variants = [
        {
            "code": f"variant-{place + 1}",
            "incomes.growth.wage.value": 0.06 + 0.008 * place,
            "measures.industry.take_up.value": 0.3 + 0.08 * place,
        }
        for place in range(SCENARIOS)
    ]
    return tuple(povsim.read_scenario("xiangyin-2016", overrides={**changes, **variant}) for variant in variants)


def live_plain(register: xr.Dataset, facts: Facts, scenarios: tuple[Scenario, ...], draw: int) -> float:
    """Return the seconds that plain NumPy takes for one draw of the scenarios."""
    begun = time.perf_counter()
    for scenario in scenarios:
        facts.prepared._drifts.clear()  # each run works out its own drift
        simulate_plain(register, scenario, seed=1, draw=draw, luck=GeneratorLuck, facts=facts)
    return time.perf_counter() - begun


def live_engine(register: xr.Dataset, task: Task, draw: int, threads: int) -> float:
    """Return the seconds that the engine takes for one draw of a task."""
    for prepared in task.prepared:
        prepared._drifts.clear()
    begun = time.perf_counter()
    one = replace(task, draws=range(draw, draw + 1))
    size, township = size_of(one, register)
    povsim.engine.run(one, Tables(size, township, household_summary=False), threads=threads)
    return time.perf_counter() - begun


def race(register: xr.Dataset, scenarios: tuple[Scenario, ...], repeats: int) -> list[dict[str, Any]]:
    """Let plain NumPy and the engine take turns; one row for each number of scenarios and threads."""
    facts = read_facts(register, scenarios[0])
    years, households = len(scenarios[0].span), register.sizes["household"]
    rows = []
    for count in (1, SCENARIOS):
        chosen = scenarios[:count]
        task = make_task(register, chosen, draws=range(1), seed=1)
        live_engine(register, task, 0, 1)
        seconds: dict[str, list[float]] = defaultdict(list)
        for draw in range(1, repeats + 1):
            seconds["plain"].append(live_plain(register, facts, chosen, draw))
            for threads in (1, 2):
                seconds[f"engine {threads}"].append(live_engine(register, task, draw, threads))
        work = households * years * count / 1e6
        for threads in (1, 2):
            pairs = zip(seconds["plain"], seconds[f"engine {threads}"], strict=True)
            rows.append(
                {
                    "scenarios": count,
                    "threads": threads,
                    "plain_seconds": statistics.median(seconds["plain"]),
                    "engine_seconds": statistics.median(seconds[f"engine {threads}"]),
                    "ratio": statistics.median(plain / engine for plain, engine in pairs),
                    "plain_rate": work / statistics.median(seconds["plain"]),
                    "engine_rate": work / statistics.median(seconds[f"engine {threads}"]),
                }
            )
    return rows


def memory(register: xr.Dataset, scenarios: tuple[Scenario, ...]) -> dict[str, float]:
    """Return bytes a household that preparing and running take beside the register, at their peak."""
    tracemalloc.start()
    task = make_task(register, scenarios, draws=range(1), seed=1)
    held, peak_of_preparing = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    live_engine(register, task, 0, 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    households = register.sizes["household"]
    return {
        "scenarios": len(scenarios),
        "prepared": held / households,
        "peak_while_preparing": peak_of_preparing / households,
        "peak_while_running": peak / households,
    }


def where_time_goes(register: xr.Dataset, scenarios: tuple[Scenario, ...], repeats: int) -> dict[str, Any]:
    """Return the share of the engine's time on one thread by part; the rest is the driver.

    The functions that the driver calls are timed from outside: a profiler would add its own time to many small calls.
    """
    task = make_task(register, scenarios, draws=range(1), seed=1)
    with _timed() as spent:
        total = sum(live_engine(register, task, draw, 1) for draw in range(1, repeats + 1))
    parts = dict.fromkeys(PARTS, 0.0)
    for (part, _), seconds in spent.items():
        parts[part] += seconds
    # the start draws its own luck
    shares = {part: seconds / total for part, seconds in parts.items()}
    shares["driver"] = 1 - sum(shares.values())
    functions = {name: seconds / total for (_, name), seconds in sorted(spent.items(), key=lambda item: -item[1])}
    return {"scenarios": len(scenarios), "seconds": total / repeats, "parts": shares, "functions": functions}


@contextmanager
def _timed() -> Iterator[dict[tuple[str, str], float]]:
    """Time the functions of ``PARTS`` and of the measures, each without the timed ones that it calls."""
    spent: dict[tuple[str, str], float] = defaultdict(float)
    inner = [0.0]

    def watch(part: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            inner.append(0.0)
            begun = time.perf_counter()
            result = function(*arguments, **named)
            took = time.perf_counter() - begun
            spent[part, name] += took - inner.pop()
            inner[-1] += took
            return result

        return timed

    saved = [(home, name, getattr(home, name)) for names in PARTS.values() for name in names for home in _homes(name)]
    part_of = {name: part for part, names in PARTS.items() for name in names}
    acts = dict(povsim.measures.ACTS)
    for home, name, function in saved:
        setattr(home, name, watch(part_of[name], name, function))
    for name, act in acts.items():
        povsim.measures.ACTS[name] = watch("measures", name, act)
    try:
        yield spent
    finally:
        for home, name, function in saved:
            setattr(home, name, function)
        povsim.measures.ACTS.update(acts)


def _homes(name: str) -> list[Any]:
    """Return the modules that call a function by this name from Python."""
    modules = [module for path, module in sorted(sys.modules.items()) if path.startswith("povsim.")]
    found = [module for module in modules if callable(getattr(module, name, None))]
    # compiled functions of the same module call each other, and must not meet a Python function
    return [
        module
        for module in found
        if not (hasattr(getattr(module, name), "py_func") and getattr(module, name).__module__ == module.__name__)
    ]


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
                [sys.executable, "-c", FIRST_CALL], env=surroundings, capture_output=True, text=True, check=True
            )
            found[name] = float(done.stdout)
    return found


def shipped_run(draws: int) -> dict[str, float]:
    """Return the seconds of the shipped county, household summary and verdicts included, on two threads."""
    plan = povsim.read_scenario("xiangyin-2016")
    people = povsim.complete_population(plan)
    begun = time.perf_counter()
    run_scenarios(people, (plan,), Settings(range(draws), 1, 2))
    return {"draws": draws, "households": people.sizes["household"], "seconds": time.perf_counter() - begun}


def measure(households: int, years: int, repeats: int, draws: int) -> dict[str, Any]:
    """Measure everything."""
    register = county(households)
    factor = households / 169_800
    found: dict[str, Any] = {"households": register.sizes["household"], "years": years, "repeats": repeats, "races": {}}
    profiles: dict[str, Any] = {}
    for name, shared in (("county-wide capacity", True), ("no shared capacity", False)):
        scenarios = plans(years, factor, shared=shared)
        found["races"][name] = race(register, scenarios, repeats)
        profiles[name] = [where_time_goes(register, scenarios[:count], repeats) for count in (1, SCENARIOS)]
        if shared:
            found["memory"] = [memory(register, scenarios[:count]) for count in (1, SCENARIOS)]
    found["profiles"] = profiles
    found["compiling"] = compiling()
    found["shipped"] = shipped_run(draws)
    return found


def show(found: dict[str, Any]) -> None:
    """Print the measurements as tables."""
    print(f"{found['households']} households, {found['years']} years, one draw, median of {found['repeats']}\n")
    heads = (("scenarios", 10), ("threads", 9), ("plain s", 10), ("engine s", 10), ("ratio", 8), ("M/s", 9))
    print(f"{'capacity':24}" + "".join(f"{head:>{width}}" for head, width in heads) + f"{'plain M/s':>11}")
    for name, rows in found["races"].items():
        for row in rows:
            print(
                f"{name:24}{row['scenarios']:>10}{row['threads']:>9}{row['plain_seconds']:>10.2f}"
                f"{row['engine_seconds']:>10.2f}{row['ratio']:>8.1f}{row['engine_rate']:>9.1f}{row['plain_rate']:>11.2f}"
            )
    print("M/s: million household-years times scenarios a second\n")
    for row in found["memory"]:
        parts = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in row.items() if name != "scenarios")
        print(f"memory, {row['scenarios']} scenarios, bytes a household beside the register: {parts}")
    times, shipped = found["compiling"], found["shipped"]
    print(f"first call: {times['first']:.1f} s more than a later one, {times['cached']:.1f} s with the cache on disk")
    print(f"shipped county, {shipped['draws']} draws, 2 threads, household summary: {shipped['seconds']:.1f} s\n")
    for name, profiles in found["profiles"].items():
        print(f"share of the engine's time, one thread, {name}:")
        print(f"  {'':26}" + "".join(f"{profile['scenarios']:>4} scenarios" for profile in profiles))
        for part in profiles[0]["parts"]:
            print(f"  {part:26}" + "".join(f"{profile['parts'][part]:>13.1%} " for profile in profiles))
        top = list(profiles[-1]["functions"].items())[:12]
        print("  most:", ", ".join(f"{function} {share:.1%}" for function, share in top), "\n")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--households", type=int, default=500_000)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--draws", type=int, default=200, help="draws of the shipped county")
    parser.add_argument("--quick", action="store_true", help="a small county and few draws, to see that it runs")
    parser.add_argument("--json", type=Path, help="file to write the measurements to")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.households, chosen.repeats, chosen.draws = min(chosen.households, 60_000), 1, 5
    np.seterr(all="ignore")
    found = measure(chosen.households, chosen.years, chosen.repeats, chosen.draws)
    show(found)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
