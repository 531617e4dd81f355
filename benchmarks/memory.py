"""What a household costs: time and peak memory by size of the county, and what is held beside the register.

    python benchmarks/memory.py --households 2000000 --years 10

prints one size as JSON. It is a program of its own because a peak is that of a whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import xarray as xr

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.cases import SCENARIOS, bytes_a_household, county, live_engine, plans, run_engine  # noqa: E402
from povsim.engine import make_task  # noqa: E402
from povsim.scenario import Scenario  # noqa: E402
from povsim.tables import Tables  # noqa: E402

SIZES = (100_000, 500_000, 2_000_000)
LARGEST = 10_000_000


def costs(sizes: tuple[int, ...], years: int, repeats: int) -> list[dict[str, float]]:
    """Measure the cost of a household at several sizes, each in a process of its own."""
    return [_in_own_process(size, years, repeats) for size in sizes]


def _in_own_process(households: int, years: int, repeats: int) -> dict[str, float]:
    asked = {"households": households, "years": years, "repeats": repeats}
    words = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, __file__, *words], env=surroundings, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def cost(households: int, years: int, repeats: int, *, threads: int = 2) -> dict[str, float]:
    """Measure one size in this process: one scenario, the county-wide budget in force."""
    _warm_up(years)
    _forget_peak()
    empty = peak_bytes()
    begun = time.perf_counter()
    register = county(households)
    made, with_register = time.perf_counter(), peak_bytes()
    scenarios = plans(register, years, shared=True)[:1]
    begun_preparing = time.perf_counter()
    task = make_task(register, scenarios, draws=range(1), seed=1)
    prepared, with_task = time.perf_counter(), peak_bytes()
    begun_running = time.process_time()
    seconds = statistics.median(live_engine(register, task, draw, threads) for draw in range(repeats))
    processor = (time.process_time() - begun_running) / repeats
    count = register.sizes["household"]
    return {
        "households": count,
        "villages": register.sizes["village"],
        "register_seconds": made - begun,
        "prepare_seconds": prepared - begun_preparing,
        "run_seconds": seconds,
        "nanoseconds": seconds / (count * years) * 1e9,
        "processor_nanoseconds": processor / (count * years) * 1e9,
        "register_bytes": bytes_a_household(register),
        "empty_megabytes": empty / 1e6,
        "peak_megabytes": peak_bytes() / 1e6,
        "peak_after_register": (with_register - empty) / count,
        "peak_after_preparing": (with_task - empty) / count,
        "peak_bytes": (peak_bytes() - empty) / count,
    }


def _warm_up(years: int) -> None:
    """Load the compiled code, which is no part of what a household costs."""
    register = county(2_000)
    task = make_task(register, plans(register, years, shared=True)[:1], draws=range(1), seed=1)
    live_engine(register, task, 0, 2)


def _forget_peak() -> None:
    """Set the mark of the peak to what is resident now, where the system can: compiling takes much for a moment."""
    marks = Path("/proc/self/clear_refs")
    if marks.exists():
        marks.write_text("5")


def peak_bytes() -> int:
    """Return the largest resident memory that this process had.

    ``ru_maxrss`` of a process that was started by a large one begins at what that one had, so the system's own mark of
    this program's memory goes first where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        marks = [line.split() for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(marks[0][1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def traced(register: xr.Dataset, scenarios: tuple[Scenario, ...]) -> list[dict[str, float]]:
    """Return bytes a household that preparing and running take beside the register, with one and eight scenarios.

    As ``tracemalloc`` sees it, which NumPy reports its arrays to.
    """
    return [_traced(register, scenarios[:count]) for count in (1, SCENARIOS)]


def _traced(register: xr.Dataset, scenarios: tuple[Scenario, ...]) -> dict[str, float]:
    tracemalloc.start()
    task = make_task(register, scenarios, draws=range(1), seed=1)
    held, peak_of_preparing = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    tables = run_engine(register, task, range(1), 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    households = register.sizes["household"]
    return {
        "scenarios": len(scenarios),
        "prepared": held / households,
        "peak_while_preparing": peak_of_preparing / households,
        "peak_while_running": peak / households,
        "tables": _bytes_of(tables) / households,
    }


def _bytes_of(tables: Tables) -> int:
    arrays: list[Any] = [*tables.counts, tables.lacking, tables.collective, tables.histogram, tables.margins]
    arrays += [rows for parts in tables.patterns.values() for _, rows in parts]
    return sum(array.nbytes for array in arrays)


def show_costs(rows: list[dict[str, float]]) -> None:
    """Print the cost by size."""
    print(
        "cost of a household, engine, 1 scenario, 2 threads, county-wide budget in force, each size in its own process"
    )
    print(
        f"{'households':>12}{'villages':>10}{'ns/hh-year':>12}{'cpu ns':>8}{'run s':>8}{'prepare s':>11}{'peak MB':>9}",
        end="",
    )
    print(f"{'bytes/hh: register':>20}{'made':>7}{'prepared':>10}{'run':>6}")
    for row in rows:
        print(
            f"{row['households']:>12,.0f}{row['villages']:>10,.0f}{row['nanoseconds']:>12.1f}"
            f"{row['processor_nanoseconds']:>8.1f}{row['run_seconds']:>8.2f}"
            f"{row['prepare_seconds']:>11.2f}{row['peak_megabytes']:>9.0f}{row['register_bytes']:>20.0f}"
            f"{row['peak_after_register']:>7.0f}{row['peak_after_preparing']:>10.0f}{row['peak_bytes']:>6.0f}"
        )
    print("cpu ns: processor time, all threads together; a busy machine lengthens it less")
    print("bytes a household: columns of the register; then peaks of resident memory above that of a process that has")
    print(
        f"run a small county ({rows[0]['empty_megabytes']:.0f} MB), after making the register, preparing it, running\n"
    )


def show_traced(rows: list[dict[str, float]]) -> None:
    """Print what is held beside the register."""
    for row in rows:
        parts = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in row.items() if name != "scenarios")
        print(f"tracemalloc, {row['scenarios']} scenarios, bytes a household beside the register: {parts}")
    print("tables: of one draw, part of the peak; they grow with villages and draws, not with households\n")


def main() -> None:
    """Measure one size and print it as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--households", type=int, required=True)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    print(json.dumps(cost(chosen.households, chosen.years, chosen.repeats)))


if __name__ == "__main__":
    main()
