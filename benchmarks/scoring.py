"""Measure scoring: each rule type in values a second, and what a dashboard waits for when a weight changes.

    python benchmarks/scoring.py [--quick] [--json results.json]

Each figure stands beside its target and beside plain NumPy or xarray in the same process, which are asked less often.
Seconds depend on the machine and on what else it does: medians and minima are given; quote the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.stats import rankdata

from povsim.scoring.moments import moments, prepare_moments, ranked_slice
from povsim.scoring.reweighting import Caps, Move, moved, totals
from povsim.scoring.rules import item_points
from povsim.scoring.schema import Indicator

Floats = npt.NDArray[np.float32]

INDICATORS, SCENARIOS, DRAWS, YEARS, UNITS = 25, 4, 500, 10, 500
QUICK_DRAWS, QUICK_REPEATS = 20, 3
RATE = 50.0
"""Million values a second that every rule should reach on one thread."""
MILLISECONDS = {
    "all totals": 250.0,
    "all totals, five capped groups": 250.0,
    "one weight moved": 15.0,
    "mean and variance of all units": 10.0,
    "ranked slice, mean over draws": 10.0,
    "ranked slice, one draw": 10.0,
}
"""Most that each answer should take, in the case of 250 million shares."""


def spent(work: Callable[[], Any], repeats: int) -> dict[str, float]:
    """Return median and minimum of the seconds that work takes, after a first time that does not count."""
    work()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return {"median": statistics.median(seconds), "minimum": min(seconds)}


# ---- rules ----

TOLD = {"source": "benchmark", "status": "assumed"}
EDGES = [place / 10 for place in range(1, 10)]
BANDS = [
    {"high": EDGES[0], "points": 0.0},
    *({"low": a, "high": b, "points_at_low": 10 * a, "points_at_high": 10 * b} for a, b in pairwise(EDGES)),
    {"low": EDGES[-1], "points": 10.0},
]  # fmt: skip

Plain = Callable[[Floats, Floats], Any]
RULES: dict[str, tuple[dict[str, Any], Plain]] = {
    "gate": ({"type": "gate"}, lambda x, t: np.where(np.isnan(x), x, np.where(x >= t, 10, 0))),
    "all or nothing": (
        {"type": "all_or_nothing", "strict": True},
        lambda x, t: np.where(np.isnan(x), x, np.where(x > t, 10, 0)),
    ),
    "linear deduction": (
        {"type": "linear_deduction", "step": 0.001, "deduct": 1},
        lambda x, t: np.clip(10 - (t - x) / 0.001, 0, 10),
    ),
    "linear deduction, full steps": (
        {"type": "linear_deduction", "step": 0.001, "deduct": 1, "steps": "full"},
        lambda x, t: np.clip(10 - np.floor((t - x) / 0.001 + 1e-4), 0, 10),
    ),
    "proportional": ({"type": "proportional"}, lambda x, _: 10 * np.clip(x, 0, 1)),
    "proportional to a norm": (
        {"type": "proportional_to_norm"},
        lambda x, t: np.clip(10 * x / t, 0, 10),
    ),
    "relative to the mean": (
        {"type": "relative_to_mean", "at_mean": 6, "floor": 1, "cap": 10},
        lambda x, _: np.clip(6 * x / np.nanmean(x, axis=-1, keepdims=True), 1, 10),
    ),
    "coefficient": ({"type": "coefficient", "coefficient": 4}, lambda x, _: np.clip(4 * x, 0, 10)),
    "bands, ten": (
        {"type": "bands", "closed": "low", "bands": BANDS},
        lambda x, _: np.select([x < EDGES[0], x >= EDGES[-1]], [0 * x, 0 * x + 10], 10 * x),
    ),
    "rank": (
        {"type": "rank", "step": 0.01},
        lambda x, _: 10 - 0.01 * np.argsort(np.argsort(-x, axis=-1), axis=-1),
    ),
    "defects": ({"type": "defects", "deduct": 2}, lambda x, _: np.clip(10 - 2 * x, 0, 10)),
    "zero on a defect": (
        {"type": "zero_on_defect"},
        lambda x, _: np.where(np.isnan(x), x, np.where(x <= 0, 10, 0)),
    ),
    "ledger": ({"type": "ledger", "bonus_cap": 5, "penalty_cap": 5}, lambda x, _: np.clip(x, -5, 5)),
}
"""Name: rule, and its formula in plain NumPy (ranks without ties)."""


def rule_rates(draws: int, repeats: int) -> list[dict[str, Any]]:
    """Return million values a second of each rule and of plain NumPy, both on one thread."""
    years = list(range(2016, 2016 + YEARS))
    target = {"value": {year: 0.9 + 0.01 * place for place, year in enumerate(years)}, "unit": "number", **TOLD}
    value = np.random.default_rng(1).random((SCENARIOS * draws // 2, YEARS, UNITS), dtype=np.float32)
    goals = np.array([target["value"][year] for year in years], dtype=np.float32)[:, None]
    rows = []
    for name, (rule, plain) in RULES.items():
        item = Indicator.model_validate(
            {
                "code": "x", "name_zh": "x", "name_en": "x", "points": 10, "unit": "number", "rule": {**TOLD, **rule},
                "value_from": {"entered": "own"}, "target": target, **TOLD,
            }
        )  # fmt: skip
        ours = spent(lambda item=item: item_points(item, value, years), repeats)
        other = spent(lambda plain=plain: plain(value, goals), 1)
        rates = {"rate": value.size / ours["median"] / 1e6, "best": value.size / ours["minimum"] / 1e6}
        rows.append({"name": name, **rates, "target": RATE, "ratio": other["median"] / ours["median"]})
    return rows


def show_rates(rows: list[dict[str, Any]]) -> None:
    """Print the rates of rules."""
    print(f"{'rule, one thread':32}{'M values/s':>11}{'best':>8}{'target':>8}{'x plain':>9}")
    for row in rows:
        print(f"{row['name']:32}{row['rate']:>11.0f}{row['best']:>8.0f}{row['target']:>8.0f}{row['ratio']:>9.1f}")
    print()


# ---- weights ----


def made_shares(draws: int) -> Floats:
    """Return shares, one indicator after the other; every other one all or nothing."""
    rng = np.random.default_rng(0)
    shares = np.empty((INDICATORS, SCENARIOS, draws, YEARS, UNITS), dtype=np.float32)
    for place, share in enumerate(shares):
        rng.random(dtype=np.float32, out=share)
        if place % 2:
            np.greater(share, 0.3, out=share, casting="unsafe")
    return shares


def _plain(shares: Floats, weights: npt.NDArray[np.float64], caps: Caps) -> dict[str, Callable[[], Any]]:
    """Return the answers in plain xarray; a slice is cut from totals that are there."""
    named = xr.DataArray(shares, dims=("indicator", "scenario", "draw", "year", "unit"))
    factors = xr.DataArray(weights.astype(np.float32), dims="indicator")
    groups = xr.DataArray(np.array(caps.group), dims="indicator", name="group")

    def anew() -> xr.DataArray:
        return (named * factors).sum("indicator")

    sums = anew()

    def all_moments() -> tuple[xr.DataArray, xr.DataArray]:
        found = anew()
        return found.mean("draw"), found.var("draw")

    return {
        "all totals": anew,
        "all totals, five capped groups": lambda: (named * factors).groupby(groups).sum().clip(max=15).sum("group"),
        "one weight moved": anew,
        "mean and variance of all units": all_moments,
        "ranked slice, mean over draws": lambda: rankdata(-sums[1, :, 3].mean("draw").values, method="min"),
        "ranked slice, one draw": lambda: rankdata(-sums[1, 7, 3].values, method="min"),
    }


def weight_changes(draws: int, repeats: int) -> list[dict[str, Any]]:
    """Return the milliseconds of each answer, on one and two threads, and of plain xarray, its second time."""
    shares, weights = made_shares(draws), np.random.default_rng(2).random(INDICATORS)
    weights *= 100 / weights.sum()
    caps = Caps([place // 5 for place in range(INDICATORS)], [15.0] * 5)
    room, held, begun = np.empty(shares.shape[1:], dtype=np.float32), totals(shares, weights), time.perf_counter()
    prepared = prepare_moments(shares)
    print(f"preparing moments, once, all threads: {time.perf_counter() - begun:.1f} s\n")
    ours: dict[str, Callable[[int], Any]] = {
        "all totals": lambda threads: totals(shares, weights, threads=threads, out=room),
        "all totals, five capped groups": lambda threads: totals(shares, weights, caps=caps, threads=threads, out=room),
        "one weight moved": lambda threads: moved(held, shares, Move(3, 4.0, 5.0), threads=threads, out=held),
        "mean and variance of all units": lambda threads: moments(prepared, weights, threads=threads),
        "ranked slice, mean over draws": lambda _: ranked_slice(held, 1, "mean", 3),
        "ranked slice, one draw": lambda _: ranked_slice(held, 1, 7, 3),
    }
    plain = _plain(shares, weights, caps)
    rows: list[dict[str, Any]] = []
    known: dict[Callable[[], Any], float] = {}
    for name, most in MILLISECONDS.items():
        if plain[name] not in known:
            known[plain[name]] = spent(plain[name], 1)["minimum"]
        naive = known[plain[name]]
        for threads in (1, 2):
            found = spent(lambda name=name, threads=threads: ours[name](threads), repeats)
            times = {"milliseconds": found["median"] * 1e3, "best": found["minimum"] * 1e3, "target": most}
            rows.append(
                {"name": name, "threads": threads, **times, "plain": naive * 1e3, "ratio": naive / found["median"]}
            )
    return rows


def show_changes(rows: list[dict[str, Any]]) -> None:
    """Print the times of answers."""
    print(f"{'answer':34}{'threads':>8}{'ms':>9}{'best':>9}{'target':>9}{'xarray ms':>11}{'x plain':>9}")
    for row in rows:
        print(
            f"{row['name']:34}{row['threads']:>8}{row['milliseconds']:>9.2f}{row['best']:>9.2f}{row['target']:>9.1f}"
            f"{row['plain']:>11.1f}{row['ratio']:>9.1f}"
        )
    print("targets are those of 250 million shares; plain xarray sums all anew, but for slices\n")


# ---- the command ----


def read_command(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=DRAWS, help="draws of the case; 500 make 250 million shares, 1 GB")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="few draws: to see that it runs")
    parser.add_argument("--json", type=Path, help="file to write the measurements to")
    chosen = parser.parse_args(words)
    if chosen.quick:
        chosen.draws, chosen.repeats = QUICK_DRAWS, QUICK_REPEATS
    return chosen


def main() -> None:
    """Read the command line, measure, print."""
    chosen = read_command()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    cells = INDICATORS * SCENARIOS * chosen.draws * YEARS * UNITS
    print(
        f"{os.cpu_count()} processors, load {load:.1f}, median of {chosen.repeats}, {cells / 1e6:.0f} million shares\n"
    )
    found = {"draws": chosen.draws, "rules": rule_rates(chosen.draws, chosen.repeats)}
    show_rates(found["rules"])
    sys.stdout.flush()
    found["weights"] = weight_changes(chosen.draws, chosen.repeats)
    show_changes(found["weights"])
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
