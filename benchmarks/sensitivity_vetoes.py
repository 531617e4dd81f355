"""Measure veto attribution, roll-ups and exclusion curves, each beside its target and a plain implementation.

    python benchmarks/sensitivity_vetoes.py [--repeats 9] [--json results.json]

Seconds depend on the machine and on what else it does: medians and minima are given; quote the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from povsim.sensitivity import vetoes as v

UNITS, RULES, VILLAGES, VILLAGE_RULES, POINTS = 50_000, 20, 500, 12, 101
TARGETS = {
    "shapley, 50,000 x 20": 10.0,
    "roll-up, 500 x 12": 60.0,
    "curves, build": 50.0,
    "curves, build with weights": 50.0,
    "curves, 101 x 20": 1.0,
    "expected shapley, 50,000 x 20": 100.0,
}
"""Milliseconds; the last has no target in the design."""


def spent(work: Callable[[], Any], repeats: int) -> dict[str, float]:
    """Return median and minimum of the milliseconds that work takes, after a first time that does not count."""
    work()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return {"median": statistics.median(times), "minimum": min(times)}


def plain_shapley(flags: np.ndarray, heads: np.ndarray) -> tuple[Any, ...]:
    """Attribute in NumPy: any hit, alone, share, overlap."""
    size = flags.sum(axis=1)
    shared = np.divide(heads, size, out=np.zeros(size.size), where=size > 0)
    less = np.divide(heads, size - 1, out=np.zeros(size.size), where=size > 1)
    return heads @ flags, (heads * (size == 1)) @ flags, shared @ flags, -(flags.T * less) @ flags


def plain_rollup(frame: pd.DataFrame, rules: int, limit: float) -> np.ndarray:
    """Go through all subsets in NumPy, a village at a time."""
    subsets = np.arange(1 << rules)
    members = ((subsets[:, None] >> np.arange(rules)) & 1).sum(axis=1)
    chance = np.array([1 / (rules * _choose(rules - 1, size)) for size in range(rules)])
    shares = np.zeros(rules)
    for _, rows in frame.groupby("village"):
        pattern, heads = rows["pattern"].to_numpy(), rows["persons"].to_numpy()
        bad = ((subsets[:, None] & pattern) != 0) @ heads
        fails = bad > limit * heads.sum()
        for rule in range(rules):
            without = subsets[(subsets >> rule) & 1 == 0]
            shares[rule] += chance[members[without]] @ (fails[without | (1 << rule)] & ~fails[without])
    return shares


def _choose(n: int, k: int) -> int:
    from math import comb

    return comb(n, k)


def plain_curves(values: np.ndarray, flags: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Count units anew at every threshold of every rule."""
    size = flags.sum(axis=1)
    out = np.empty((values.shape[1], points.size), dtype=np.int64)
    for rule in range(values.shape[1]):
        other = size > flags[:, rule]
        for place, point in enumerate(points):
            out[rule, place] = np.count_nonzero(other | (values[:, rule] < point))
    return out


def made_villages(rng: np.random.Generator) -> pd.DataFrame:
    """Return households of villages by pattern, most of them close to the limit of 2 %."""
    frames = []
    for village in range(VILLAGES):
        flags = rng.random((800, VILLAGE_RULES)) < 0.008 * rng.random(VILLAGE_RULES)
        pattern, count = np.unique(flags @ (1 << np.arange(VILLAGE_RULES)), return_counts=True)
        frames.append(pd.DataFrame({"village": village, "pattern": pattern, "persons": count}))
    return pd.concat(frames, ignore_index=True)


def measure(repeats: int) -> list[dict[str, Any]]:
    """Return the times of each answer and of its plain twin."""
    rng = np.random.default_rng(0)
    values, heads = rng.random((UNITS, RULES)), rng.integers(1, 8, UNITS)
    flags = values < 0.1
    codes = {"veto": [f"r{place}" for place in range(RULES)]}
    x, blocked = (xr.DataArray(each, dims=("unit", "veto"), coords=codes) for each in (values, flags))
    frame, points = made_villages(rng), np.linspace(0, 1, POINTS)
    areas = v.histograms(frame, [f"r{place}" for place in range(VILLAGE_RULES)])
    curves = v.exclusion_curves(x, blocked)
    ours: dict[str, Callable[[], Any]] = {
        "shapley, 50,000 x 20": lambda: v.attribution(blocked, weight=heads),
        "roll-up, 500 x 12": lambda: v.rollup_attribution(areas, limit=0.02),
        "curves, build": lambda: v.exclusion_curves(x, blocked),
        "curves, build with weights": lambda: v.exclusion_curves(x, blocked, weight=heads),
        "curves, 101 x 20": lambda: curves.at(points),
        "expected shapley, 50,000 x 20": lambda: v.measured_attribution(x * 0.2, weight=heads),
    }
    plain: dict[str, Callable[[], Any]] = {
        "shapley, 50,000 x 20": lambda: plain_shapley(flags, heads),
        "roll-up, 500 x 12": lambda: plain_rollup(frame, VILLAGE_RULES, 0.02),
        "curves, 101 x 20": lambda: plain_curves(values, flags, points),
    }
    rows = []
    for name, target in TARGETS.items():
        found = spent(ours[name], repeats)
        other = spent(plain[name], 1)["minimum"] if name in plain else float("nan")
        rows.append({"name": name, **found, "target": target, "plain": other, "ratio": other / found["median"]})
    return rows


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", type=Path, help="file to write the measurements to")
    chosen = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} processors, load {load:.1f}, median of {chosen.repeats}, milliseconds\n")
    rows = measure(chosen.repeats)
    print(f"{'answer':32}{'median':>9}{'best':>9}{'target':>9}{'plain':>10}{'x plain':>9}")
    for row in rows:
        numbers = f"{row['median']:>9.2f}{row['minimum']:>9.2f}{row['target']:>9.1f}{row['plain']:>10.1f}"
        print(f"{row['name']:32}{numbers}{row['ratio']:>9.1f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
