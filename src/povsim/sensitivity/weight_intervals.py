"""How far the points of one indicator may move, the others rescaled in proportion, before anything changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import Problem
from povsim.sensitivity.weight_inputs import Doubles, Points, Table, refuse, table_of, top_problems
from povsim.sensitivity.weight_kernels import TIE, edge_crossings

Places = npt.NDArray[np.intp]
NOBODY = -1


@dataclass(frozen=True)
class End:
    """Where something first changes: the weight by itself (others fixed), who falls back and who comes up."""

    weight: float
    loser: int = NOBODY
    gainer: int = NOBODY


def stability_intervals(
    scores: xr.DataArray, points: Points, *, top: int | None = None, pass_line: float | None = None
) -> xr.Dataset:
    """Return, for each indicator, the interval of its points within which the order or the choice stays.

    The others are rescaled in proportion, so that all points keep their sum. With s the totals, x the item's scores and
    w its weight, r = (s - w x)/(1 - w) is the total without the item, and the total is the line r + t (x - r) in the
    new weight t; the ends are where two lines, or a line and the pass line, meet. Exact, for totals before caps, floors
    and vetoes. Within an interval, ends excluded, what was asked for does not change; at an end it is level.

    Parameters
    ----------
    scores : DataArray
        Item scores (unit, indicator), 0-1; of several draws their mean.
    points : mapping, Series or DataArray
        Points by indicator.
    top : int, optional
        Look at the set of units whose place is among the first ``top``; those that tie at its edge are in.
    pass_line : float, optional
        Look at the set of units with a total at or above it, in points. Without either, at the whole ranking.

    Returns
    -------
    Dataset
        By indicator: ``points``, ``low``, ``high`` in points and ``share``, ``low_share``, ``high_share`` of their sum
        (0-1); ``low_loser``, ``low_gainer``, ``high_loser``, ``high_gainer``: the unit that falls back and the one that
        comes up at an end, empty where nothing ever changes on that side (with a pass line one of both). Where a tie
        breaks at once, both ends are the present points. Where one indicator has all points, nothing can be rescaled:
        not a number.

    Raises
    ------
    InputError
        Scores or points that do not fit; ``top`` and ``pass_line`` together, or out of range; ``top`` that is no whole
        number.

    Examples
    --------
    >>> scores = xr.DataArray([[1.0, 0.0], [0.0, 1.0]], {"unit": ["A", "B"], "indicator": ["x", "y"]})
    >>> found = stability_intervals(scores, {"x": 60, "y": 40})
    >>> found["low"].values.tolist(), found["high"].values.tolist(), str(found["low_gainer"].values[0])
    ([50.0, 0.0], [100.0, 50.0], 'B')
    """
    table = table_of(scores, points)
    _check(table, top, pass_line)
    ends, groups = [], groups_in_order(table.totals)
    edge = None if top is None else _edge(groups, top)
    for place, weight in enumerate(table.shares):
        if weight >= 1 - TIE:
            ends.append((End(np.nan), End(np.nan)))
        elif pass_line is not None:
            ends.append(_line_ends(table, place, pass_line / table.total))
        else:
            ends.append(_order_ends(table, place, groups) if edge is None else _top_ends(table, place, edge))
    return _dataset(table, ends, top, pass_line)


def _check(table: Table, top: int | None, pass_line: float | None) -> None:
    problems = []
    if top is not None and pass_line is not None:
        problems.append(Problem("top", "does not go with pass_line", mend="ask for one at a time"))
    problems += [] if top is None else top_problems(top, len(table.units))
    if pass_line is not None and not 0 <= pass_line <= table.total:
        problems.append(Problem("pass_line", "is out of range", f"{pass_line:g}", f"0 to {table.total:g} points"))
    refuse("stability_intervals", problems)


def groups_in_order(totals: Doubles) -> list[Places]:
    """Return positions of units, best first, those that tie together."""
    order = np.argsort(-totals, kind="stable")
    breaks = np.flatnonzero(-np.diff(totals[order]) > TIE) + 1
    return np.split(order, breaks)


def _breaks(table: Table, item: int, group: Places) -> bool:
    """Tell whether units that tie come apart as soon as the item's weight moves."""
    return bool(np.ptp(table.scores[item, group]) > TIE)


def _at_once(table: Table, item: int, group: Places) -> tuple[End, End]:
    rising = group[np.argsort(table.scores[item, group], kind="stable")]
    least, most, weight = int(rising[0]), int(rising[-1]), float(table.shares[item])
    return End(weight, most, least), End(weight, least, most)


def _order_ends(table: Table, item: int, groups: list[Places]) -> tuple[End, End]:
    """Look at neighbours only: lines that cross first are next to each other."""
    for group in groups:
        if len(group) > 1 and _breaks(table, item, group):
            return _at_once(table, item, group)
    leads = np.array([group[0] for group in groups])
    gap, slope = -np.diff(table.totals[leads]), -np.diff(table.scores[item, leads])
    weight, ends = float(table.shares[item]), []
    for sign in (1.0, -1.0):
        steps = np.divide(gap, sign * slope, out=np.full_like(gap, np.inf), where=sign * slope > 0)
        first = int(steps.argmin()) if steps.size else NOBODY
        step = steps[first] if steps.size else np.inf
        ends.append(_end(weight - sign * step, leads, (first, first + 1)))
    return ends[0], ends[1]


def _end(weight: float, units: Places, pair: tuple[int, int]) -> End:
    if not np.isfinite(weight) or weight < 0:
        return End(0.0 if weight < 0 else np.inf)
    return End(weight, int(units[pair[0]]), int(units[pair[1]]))


@dataclass(frozen=True, eq=False)
class Edge:
    """The edge of a choice: pairs of sets (ahead, behind) that have to stay so, and who ties at it."""

    pairs: list[tuple[Places, Places]]
    tied: Places | None


def _edge(groups: list[Places], top: int) -> Edge:
    sizes = np.cumsum([len(group) for group in groups])
    edge = int(np.searchsorted(sizes, top))
    order, last = np.concatenate(groups), int(sizes[edge])
    pairs = [(order[:last], order[last:])]
    if last == top:
        return Edge(pairs, None)
    # a tie at the edge: more than ``top`` are in, and those ahead of them must stay ahead
    return Edge([*pairs, (order[: last - len(groups[edge])], groups[edge])], groups[edge])


def _top_ends(table: Table, item: int, edge: Edge) -> tuple[End, End]:
    if edge.tied is not None and _breaks(table, item, edge.tied):
        return _at_once(table, item, edge.tied)
    found = [_crossings(table, item, *pair) for pair in edge.pairs]
    return max((one[0] for one in found), key=_weight), min((one[1] for one in found), key=_weight)


def _weight(end: End) -> float:
    return end.weight


def _crossings(table: Table, item: int, inside: Places, outside: Places) -> tuple[End, End]:
    found = np.array([[np.inf, 0, 0], [np.inf, 0, 0]])
    lines = np.stack([table.totals, table.scores[item]])
    edge_crossings(np.ascontiguousarray(lines[:, inside]), np.ascontiguousarray(lines[:, outside]), found)
    weight, ends = float(table.shares[item]), []
    for sign, (step, a, b) in zip((-1.0, 1.0), found, strict=True):
        there = weight + sign * step
        known = np.isfinite(there) and there >= 0
        pair = (int(inside[int(a)]), int(outside[int(b)])) if known else (NOBODY, NOBODY)
        ends.append(End(max(there, 0.0), *pair))
    return ends[0], ends[1]


def _line_ends(table: Table, item: int, line: float) -> tuple[End, End]:
    """Return where a unit first meets the pass line; the others are rescaled, so this is in the weight t itself."""
    weight, share = float(table.shares[item]), table.scores[item]
    slope = (share - table.totals) / (1 - weight)
    gap = line - table.totals
    passing = gap <= TIE
    # a unit on the line falls below it as soon as its line goes down
    gap = np.where(np.abs(gap) <= TIE, 0.0, gap)
    slope = np.where(np.abs(slope) <= TIE, 0.0, slope)
    step = np.divide(gap, slope, out=np.full_like(gap, np.nan), where=slope != 0)
    down = np.where((step < 0) | ((step == 0) & (slope > 0)), step, -np.inf)
    up = np.where((step > 0) | ((step == 0) & (slope < 0)), step, np.inf)
    ends = []
    for steps, first in ((down, int(down.argmax())), (up, int(up.argmin()))):
        there = weight + steps[first]
        if not 0 <= there <= 1:
            ends.append(End(0.0 if there < 0 else 1.0))
        else:
            ends.append(End(there, first, NOBODY) if passing[first] else End(there, NOBODY, first))
    return ends[0], ends[1]


def _dataset(table: Table, ends: list[tuple[End, End]], top: int | None, pass_line: float | None) -> xr.Dataset:
    shares = np.array([[end.weight for end in pair] for pair in ends])
    if pass_line is None:
        # the weight by itself, over all weights once it has moved
        others = (1 - table.shares)[:, None]
        with np.errstate(invalid="ignore"):
            shares = np.where(np.isinf(shares), 1.0, shares / (others + shares))
    units = np.array([*table.units, ""], dtype=str)
    data = {
        "points": table.shares * table.total,
        "low": shares[:, 0] * table.total,
        "high": shares[:, 1] * table.total,
        "share": table.shares,
        "low_share": shares[:, 0],
        "high_share": shares[:, 1],
    }
    labels = {
        f"{side}_{role}": units[[getattr(pair[place], role) for pair in ends]]
        for place, side in enumerate(("low", "high"))
        for role in ("loser", "gainer")
    }
    found = xr.Dataset(
        {name: ("indicator", values) for name, values in (data | labels).items()},
        {"indicator": np.array(table.indicators, dtype=str)},
    )
    for name, (unit, label, label_zh) in _LABELS.items():
        found[name].attrs = {"units": unit, "long_name": label, "long_name_zh": label_zh}
    asked = "pass line" if pass_line is not None else "whole ranking" if top is None else f"first {top}"
    return found.assign_attrs(method="closed form", asked=asked, total_points=table.total)


_LABELS = {
    "points": ("points", "points now", "现分值"),
    "low": ("points", "least points without a change", "不变的最低分值"),
    "high": ("points", "most points without a change", "不变的最高分值"),
    "share": ("share", "share of all points now", "现占比"),
    "low_share": ("share", "least share without a change", "不变的最低占比"),
    "high_share": ("share", "most share without a change", "不变的最高占比"),
    "low_loser": ("name", "who falls back below the interval", "低于下限时退后的单位"),
    "low_gainer": ("name", "who comes up below the interval", "低于下限时上来的单位"),
    "high_loser": ("name", "who falls back above the interval", "高于上限时退后的单位"),
    "high_gainer": ("name", "who comes up above the interval", "高于上限时上来的单位"),
}
