"""Measure poverty measures: milliseconds for a million weighted incomes, beside plain NumPy.

    python benchmarks/poverty.py [--quick] [--json results.json]

Each figure stands beside its target and beside plain NumPy in the same process, whose answer it must meet.
Seconds depend on the machine and on what else it does: the processor time of the one thread that works is given beside
the time that passes; quote the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import poverty

Floats = npt.NDArray[np.float64]

PERSONS, QUICK_PERSONS = 1_000_000, 50_000
REPEATS, QUICK_REPEATS = 31, 3
LINE = 5000.0
CLOSE = 1e-10
MILLISECONDS = {"FGT 0, 1 and 2": 12.0, "Gini": 60.0}
"""Most that an answer should take for a million persons."""


def plain_fgt(income: Floats, weight: Floats) -> list[float]:
    """Return FGT 0 to 2 as one writes them down."""
    poor = income < LINE
    gap = np.where(poor, (LINE - income) / LINE, 0.0)
    return [float((weight * part).sum() / weight.sum()) for part in (poor, gap, gap**2)]


def plain_gini(income: Floats, weight: Floats) -> float:
    """Return the Gini coefficient as one writes it down."""
    order = np.argsort(income)
    y, w = income[order], weight[order]
    cash = w * y
    return float((2 * (cash * np.cumsum(w)).sum() - (w * cash).sum()) / (w.sum() * cash.sum()) - 1)


def plain_median_rate(income: Floats, weight: Floats) -> float:
    """Return the share below 60 % of the median as one writes it down."""
    order = np.argsort(income)
    running = np.cumsum(weight[order])
    middle = income[order][np.searchsorted(running, running[-1] / 2)]
    return float(weight[income < 0.6 * middle].sum() / running[-1])


def plain_counting(flags: npt.NDArray[np.bool_], weight: Floats) -> float:
    """Return M0 with six equal indicators and a cut-off of a third as one writes it down, in doubles."""
    share = flags.mean(axis=1)
    return float((weight * share * (share >= 1 / 3)).sum() / weight.sum())


def cases(persons: int) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """Return ours and plain NumPy's way to each answer."""
    luck = np.random.default_rng(0)
    income, weight = np.exp(luck.normal(9.0, 0.7, persons)), luck.uniform(0.5, 2.0, persons)
    whole, village = np.round(income), luck.integers(0, 500, persons)
    flags = luck.random((persons, 6)) < 0.2
    names = ("household",)
    cube, rows = xr.DataArray(income, dims=names), xr.DataArray(weight, dims=names)
    three = (poverty.headcount_ratio, poverty.poverty_gap, poverty.poverty_severity)

    def by_village() -> list[float]:
        everybody = np.bincount(village, weight)
        return list(np.bincount(village, weight * (income < LINE)) / everybody)

    return {
        "FGT 0, 1 and 2": (
            lambda: poverty.fgt(income, line=LINE, weight=weight, alpha=(0, 1, 2)),
            lambda: plain_fgt(income, weight),
        ),
        "FGT 0, 1 and 2, one by one": (
            lambda: [one(income, line=LINE, weight=weight) for one in three],
            lambda: plain_fgt(income, weight),
        ),
        "FGT 0, 1 and 2, a DataArray": (
            lambda: poverty.fgt(cube, line=LINE, weight=rows, alpha=(0, 1, 2)).values,
            lambda: plain_fgt(income, weight),
        ),
        "headcount ratio by 500 villages": (
            lambda: poverty.headcount_ratio(income, line=LINE, weight=weight, by=village),
            by_village,
        ),
        "Gini": (lambda: poverty.gini(income, weight=weight), lambda: plain_gini(income, weight)),
        "Gini, whole yuan": (lambda: poverty.gini(whole, weight=weight), lambda: plain_gini(whole, weight)),
        "at-risk rate": (
            lambda: poverty.at_risk_rate(income, weight=weight),
            lambda: plain_median_rate(income, weight),
        ),
        "Alkire-Foster, six indicators": (
            lambda: poverty.alkire_foster(flags, indicator_weight=np.ones(6), k=1 / 3, weight=weight)
            .adjusted_headcount_ratio,
            lambda: plain_counting(flags, weight),
        ),
    }  # fmt: skip


def measured(persons: int, repeats: int) -> list[dict[str, Any]]:
    """Return times of ours and of plain NumPy, in turns, so that a busy moment hits both."""
    rows = []
    for name, (ours, plain) in cases(persons).items():
        np.testing.assert_allclose(ours(), plain(), rtol=CLOSE, err_msg=name)
        passed: dict[str, list[float]] = {"ours": [], "plain": []}
        worked: dict[str, list[float]] = {"ours": [], "plain": []}
        for _ in range(repeats):
            for who, work in (("ours", ours), ("plain", plain)):
                begun, at = time.perf_counter(), time.thread_time()
                work()
                passed[who].append(time.perf_counter() - begun)
                worked[who].append(time.thread_time() - at)
        times = {
            "milliseconds": statistics.median(passed["ours"]) * 1e3,
            "processor": statistics.median(worked["ours"]) * 1e3,
            "plain": statistics.median(passed["plain"]) * 1e3,
            "plain_processor": statistics.median(worked["plain"]) * 1e3,
        }
        ratio = times["plain_processor"] / times["processor"]
        rows.append({"name": name, **times, "target": MILLISECONDS.get(name), "ratio": ratio})
    return rows


def shown(rows: list[dict[str, Any]]) -> None:
    """Print the times."""
    print(f"{'answer':34}{'ms':>8}{'cpu ms':>8}{'target':>8}{'NumPy ms':>10}{'cpu ms':>8}{'x NumPy':>9}")
    for row in rows:
        target = "" if row["target"] is None else f"{row['target']:.0f}"
        print(
            f"{row['name']:34}{row['milliseconds']:>8.1f}{row['processor']:>8.1f}{target:>8}{row['plain']:>10.1f}"
            f"{row['plain_processor']:>8.1f}{row['ratio']:>9.1f}"
        )
    print("medians; x NumPy: processor time against processor time")


def read_command(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--persons", type=int, default=PERSONS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--quick", action="store_true", help="few persons: to see that it runs")
    parser.add_argument("--json", type=Path, help="file to write the measurements to")
    chosen = parser.parse_args(words)
    if chosen.quick:
        chosen.persons, chosen.repeats = QUICK_PERSONS, QUICK_REPEATS
    return chosen


def main() -> None:
    """Read the command line, measure, print."""
    chosen = read_command()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} processors, load {load:.1f}, {chosen.persons:,} persons, {chosen.repeats} times\n")
    rows = measured(chosen.persons, chosen.repeats)
    shown(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps({"persons": chosen.persons, "measures": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
