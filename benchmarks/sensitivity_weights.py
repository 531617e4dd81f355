"""Measure the questions about weights against plain implementations in the same process.

    python benchmarks/sensitivity_weights.py [--quick] [--json results.json]

Seconds depend on the machine and on what else it does: medians are given; quote the ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.sensitivity import weights

Doubles = npt.NDArray[np.float64]
UNITS, ITEMS, COUNT, TOP = 500, 25, 100_000, 50
QUICK_COUNT = 10_000
SECONDS = {"rank acceptability": 0.5, "top-50 intervals of all items": 0.010}
BLOCK = 2000


def spent(work: Callable[[], Any], repeats: int) -> float:
    """Return the median of the seconds that work takes, after a first time that does not count."""
    work()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def plain_acceptability(scores: Doubles, rows: Doubles) -> Doubles:
    """Count places by sorting totals in double precision; ties go by number."""
    units = len(scores)
    counts = np.zeros(units * units, dtype=np.int64)
    for first in range(0, len(rows), BLOCK):
        order = np.argsort(-(rows[first : first + BLOCK] @ scores.T), axis=1)
        counts += np.bincount((order * units + np.arange(units)).ravel(), minlength=units * units)
    return counts.reshape(units, units) / len(rows)


def plain_intervals(scores: Doubles, shares: Doubles) -> Doubles:
    """Find where lines cross, all pairs of an item in one array."""
    totals = scores @ shares
    order = np.argsort(-totals)
    inside, outside = order[:TOP], order[TOP:]
    out = np.empty((len(shares), 2))
    for place, weight in enumerate(shares):
        rest = (totals - weight * scores[:, place]) / (1 - weight)
        slope = scores[:, place] - rest
        meet = (rest[outside] - rest[inside][:, None]) / (slope[inside][:, None] - slope[outside])
        out[place, 0] = np.max(meet, where=(meet < weight) & (meet >= 0), initial=0.0)
        out[place, 1] = np.min(meet, where=(meet > weight) & (meet <= 1), initial=1.0)
    return out


def measured(count: int, repeats: int) -> list[dict[str, Any]]:
    """Return seconds of each question here and plain, after making sure that both say the same."""
    rng = np.random.default_rng(1)
    scores, shares = rng.random((UNITS, ITEMS)), rng.dirichlet(np.full(ITEMS, 4.0))
    table = xr.DataArray(scores, {"indicator": [f"i{place}" for place in range(ITEMS)]}, ("unit", "indicator"))
    points = {f"i{place}": 100 * share for place, share in enumerate(shares)}
    rows = rng.dirichlet(np.ones(ITEMS), count)
    found = weights.rank_acceptability(table, rows).to_numpy()
    # the generator makes next to no ties, which the plain way does not share
    assert np.abs(found - plain_acceptability(scores, rows)).max() < 2 / count
    intervals = weights.stability_intervals(table, points, top=TOP)
    ends = np.stack([intervals["low_share"], intervals["high_share"]], axis=1)
    assert np.allclose(ends, plain_intervals(scores, shares), atol=1e-9)
    coarse = table.round(1)
    figures = [
        (
            "rank acceptability",
            lambda: weights.rank_acceptability(table, rows),
            lambda: plain_acceptability(scores, rows),
        ),
        ("rank acceptability, tenths (ties)", lambda: weights.rank_acceptability(coarse, rows), None),
        (
            "top-50 intervals of all items",
            lambda: weights.stability_intervals(table, points, top=TOP),
            lambda: plain_intervals(scores, shares),
        ),
        ("whole ranking, intervals of all items", lambda: weights.stability_intervals(table, points), None),
        ("leave one out", lambda: weights.leave_one_out(table, points), None),
        ("fewest points to swap", lambda: weights.fewest_points_to_swap(table, points, "0", "1"), None),
        ("uniform weightings", lambda: weights.weightings(points, count=count), None),
    ]
    out = []
    for name, here, plain in figures:
        row: dict[str, Any] = {"name": name, "seconds": spent(here, repeats), "target": SECONDS.get(name)}
        row["plain"] = None if plain is None else spent(plain, max(1, repeats // 3))
        out.append(row)
    return out


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    count = QUICK_COUNT if asked.quick else COUNT
    rows = measured(count, 3 if asked.quick else 9)
    print(f"{UNITS} units, {ITEMS} items, {count:,} weightings (targets: {COUNT:,})")
    for row in rows:
        plain = (
            ""
            if row["plain"] is None
            else f"  plain {1e3 * row['plain']:9.1f} ms, {row['plain'] / row['seconds']:5.1f} x"
        )
        target = "" if row["target"] is None else f"  target {1e3 * row['target']:.0f} ms"
        print(f"{row['name']:40s}{1e3 * row['seconds']:9.1f} ms{target}{plain}")
    if asked.json is not None:
        asked.json.write_text(json.dumps({"count": count, "rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
