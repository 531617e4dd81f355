"""Where the engine's time goes, part by part.

A year of a block is one compiled call, so its parts cannot be timed from outside. ``marked_block`` is that call written
out once more with a mark after each part, which reads the processor's cycle counter; it takes the engine's place for a
run on one thread. Its statistics are compared with those of the engine bit for bit, so that it cannot drift away from
what it stands for. Approximate: the marks take time too, though little, and the compiler may arrange a function
differently where a mark cuts it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import numpy as np
import xarray as xr
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from benchmarks.cases import run_engine, timed
from povsim import layout as at
from povsim.compiled import compiled, inlined, internal
from povsim.draws import fill_uniforms, to_normals
from povsim.engine import make_task
from povsim.enrolling import Cuts, enter_village, take_stock
from povsim.exits import inspect_village, test_village
from povsim.layout import Growing, Home, Longs, Roll, Scratch, State
from povsim.measures.frame import Spot
from povsim.scenario import Scenario
from povsim.tally import Counts, Shares, count_bins, count_loans, count_patterns, count_village
from povsim.year import _INSPECTION, _SHOCK, Figures, When, Where
from povsim.year import _act as act
from povsim.year import _apply as apply
from povsim.year import _befall as befall
from povsim.year import _draw_income as draw_income
from povsim.year import _lacks_room as lacks_room

DRAWS, FLOWS, MEASURES, TESTS, STATISTICS, APPLICATIONS, LAST, COUNT = range(8)
NAMES = {
    DRAWS: "draws of whole villages",
    FLOWS: "incomes and shocks",
    MEASURES: "measures",
    TESTS: "tests and inspection",
    STATISTICS: "statistics",
    APPLICATIONS: "applications",
}
OUTSIDE = {
    "meetings": ("povsim.engine.meet",),
    "starting state": ("povsim.worker.begin_block",),
    "driver: numbers of a draw": ("povsim.engine.make_draw",),
    "driver: copying lists": ("povsim.worker._copied", "povsim.tables.Tables.share_out"),
}
"""Functions called from Python, timed from outside."""


def can_mark() -> bool:
    """Tell whether this processor lets programs read its cycle counter."""
    return platform.machine().lower() in ("x86_64", "amd64")


@intrinsic
def _cycles(typing_context: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.readcyclecounter"), [])

    return types.int64(), generate


@inlined
def _mark(cycles: Longs, part: int) -> None:
    now = _cycles()
    cycles[part] += now - cycles[LAST]
    cycles[LAST] = now


@compiled
def marked_block(
    home: Home, state: State, scratch: Scratch, figures: Figures, counts: Counts, shares: Shares, standing: Longs,
    lists: tuple[Roll, Roll, Growing, Growing], cuts: Cuts, when: When, where: Where, cycles: Longs,
) -> int:  # fmt: skip
    """Live a whole year of a block as ``povsim.year.live_block`` does, adding the cycles of each part to ``cycles``."""
    records, applications = lists[2], lists[3]
    villages, measures = home.bounds.shape[0] - 1, figures.conditions.shape[2]
    calendar = when.origin + when.year_index + 1
    cycles[LAST] = _cycles()
    for v in range(where.village, villages):
        low, high = home.bounds[v], home.bounds[v + 1]
        if lacks_room(high - low, shares, lists, measures, when, v):
            return v
        draw_income(home, scratch, figures.keys, when, calendar, low, high)
        for decision, row in ((_SHOCK, at.SHOCK_LUCK), (_INSPECTION, at.INSPECTION_LUCK)):
            key = figures.keys[measures + decision]
            fill_uniforms(key, when.draw, calendar, home.key[low:high], scratch.floats, row)
        to_normals(scratch.floats, at.INSPECTION_LUCK, high - low)
        _mark(cycles, DRAWS)
        for s in range(when.first_scenario, when.last_scenario):
            since = calendar - when.base_year
            spot = Spot(s, low, high, np.int64(0), when.year_index + 1, when.origin, when.draw, since, v)
            _support(home, state, scratch, figures, counts, lists, cuts, (when, where), spot, cycles)
            _close(
                home,
                state,
                scratch,
                figures,
                counts,
                shares,
                standing,
                (records, applications),
                when,
                where,
                spot,
                cycles,
            )
    return villages


@internal
def _support(
    home: Home, state: State, scratch: Scratch, figures: Figures, counts: Counts,
    lists: tuple[Roll, Roll, Growing, Growing], cuts: Cuts, call: tuple[When, Where], spot: Spot, cycles: Longs,
) -> None:  # fmt: skip
    """Bring a village's year up to the test: records of measures, incomes, shocks, measures."""
    old, waiting, records, _ = lists
    when, where = call
    s, v, place = spot.scenario, spot.village, where.first_village + spot.village
    rows, start = records.rows[s], records.starts[s, v]
    d, y = when.draw_position, when.year_index
    books = (counts.spending[s, d, y], counts.recipients[s, d, y])
    records.starts[s, v + 1] = enter_village(
        state, figures.conditions[s, y], (old, waiting), cuts, rows, start, place, where.first, spot,
        (home.weight, counts.entered[s, y]),
    )  # fmt: skip
    _mark(cycles, MEASURES)
    befall(home, state, scratch, figures, place, spot)
    _mark(cycles, FLOWS)
    for turn in range(2):
        act(home, state, scratch, figures, books, rows, (start, records.starts[s, v + 1], place, turn), spot)
    _mark(cycles, MEASURES)


@internal
def _close(
    home: Home, state: State, scratch: Scratch, figures: Figures, counts: Counts, shares: Shares, standing: Longs,
    lists: tuple[Growing, Growing], when: When, where: Where, spot: Spot, cycles: Longs,
) -> None:  # fmt: skip
    """Close a village's year: tests, inspection, statistics, next year's applications."""
    records, applications = lists
    s, v, d, y, place = (
        spot.scenario,
        spot.village,
        when.draw_position,
        when.year_index,
        where.first_village + spot.village,
    )
    rows, begin, end = records.rows[s], records.starts[s, v], records.starts[s, v + 1]
    yearly, masks, whole, yuan = (
        figures.yearly[s, y],
        figures.masks[s],
        counts.whole[s, d, y, place],
        counts.yuan[s, d, y, place],
    )
    line, vetoes, township = yearly[at.LINE], masks[at.VETOES], home.township[v]
    test_village(home, state, scratch, yearly, masks, line, spot, 1)
    inspect_village(home, state, scratch, yearly, masks, spot, whole)
    _mark(cycles, TESTS)
    count_village(home, state, scratch, line, vetoes, spot, (whole, yuan, counts.gaps[s, d, y, place]))
    count_bins(home, scratch, line, vetoes, spot, shares.histogram[s, township], shares.margins[s, township])
    shares.filled[s] = count_patterns(home, scratch, spot, place, shares.patterns[s], shares.filled[s])
    count_loans(home.weight, rows, (begin, end), figures.conditions[s, y], yuan)
    _mark(cycles, STATISTICS)
    applications.starts[s, v + 1] = applications.starts[s, v]
    if spot.year < figures.yearly.shape[1]:
        asks = figures.asks[s, spot.year]
        kept = take_stock(home.weight, scratch, rows, (begin, end), asks, standing[s, place], spot)
        records.starts[s, v + 1] = kept
        _mark(cycles, MEASURES)
        apply(home, state, scratch, figures, standing[s, place], applications, place, spot, spot.year)
        _mark(cycles, APPLICATIONS)


def where_time_goes(register: xr.Dataset, scenarios: tuple[Scenario, ...], draws: int) -> dict[str, Any]:
    """Return the share of the engine's time on one thread by part."""
    task = make_task(register, scenarios, draws=range(1), seed=1)
    expected = run_engine(register, task, range(1), 1)
    cycles, outside = np.zeros(COUNT, dtype=np.int64), dict.fromkeys([*OUTSIDE, "call"], 0.0)

    def live(*arguments: Any) -> int:
        village: int = marked_block(*arguments, cycles)
        return village

    with ExitStack() as stack:
        stack.enter_context(patch("povsim.worker.live_block", _watched(live, outside, "call")))
        for part, names in OUTSIDE.items():
            for name in names:
                stack.enter_context(patch(name, _watched(_found(name), outside, part)))
        found = run_engine(register, task, range(1), 1)
        _check_equal(expected, found)
        cycles[:] = 0
        outside.update(dict.fromkeys(outside, 0.0))
        total, _ = timed(lambda: run_engine(register, task, range(1, 1 + draws), 1))
    return {"scenarios": len(scenarios), "seconds": total / draws, "parts": _shares(cycles, outside, total)}


def _shares(cycles: Longs, outside: dict[str, float], total: float) -> dict[str, float]:
    inside = outside["call"] / total
    parts = {name: float(inside * cycles[part] / cycles[:LAST].sum()) for part, name in NAMES.items()}
    parts |= {name: outside[name] / total for name in OUTSIDE}
    return {**parts, "driver: the rest": 1.0 - sum(parts.values())}


def _watched(function: Callable[..., Any], spent: dict[str, float], part: str) -> Callable[..., Any]:
    def watched(*arguments: Any, **named: Any) -> Any:
        seconds, result = timed(lambda: function(*arguments, **named))
        spent[part] += seconds
        return result

    return watched


def _found(name: str) -> Callable[..., Any]:
    """Return the function that a dotted name stands for."""
    home, _, own = name.rpartition(".")
    module, _, inner = home.rpartition(".") if own == "share_out" else (home, "", "")
    place = __import__(module, fromlist=["_"])
    function: Callable[..., Any] = getattr(getattr(place, inner) if inner else place, own)
    return function


def _check_equal(expected: Any, found: Any) -> None:
    for name, one, other in zip(expected.counts._fields, expected.counts, found.counts, strict=True):
        if not np.array_equal(one, other):
            raise SystemExit(f"marked_block is not what the engine runs any more: {name} differs; bring it up to date")


def show_parts(name: str, profiles: list[dict[str, Any]]) -> None:
    """Print the shares."""
    print(f"share of the engine's time, one thread, {name}")
    print(f"  {'':28}" + "".join(f"{profile['scenarios']:>4} scenarios" for profile in profiles))
    for part in profiles[0]["parts"]:
        print(f"  {part:28}" + "".join(f"{profile['parts'][part]:>13.1%} " for profile in profiles))
    print("  approximate: cycle counter read between the parts of the compiled call, the rest timed from outside;")
    print("  luck that only some households need is part of what needs it (measures, shocks, applications)\n")
