"""The best and the worst place a unit can reach under any weights within limits: exact, or bounds that are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from povsim.errors import Problem
from povsim.sensitivity.weight_draws import Limits, limits_of
from povsim.sensitivity.weight_inputs import Doubles, Points, Table, refuse, table_of

SECONDS = 2.0
FAINT = 1e-7
"""Tolerance of the solver on sums of weights times scores."""


def attainable_ranks(
    scores: xr.DataArray,
    points: Points,
    *,
    units: Sequence[str] | None = None,
    seconds: float = SECONDS,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    order: Sequence[Sequence[str]] = (),
) -> xr.Dataset:
    """Return the best and the worst place each unit can reach, whatever the weights within bounds and orders.

    The best place is one more than the fewest units that are ahead under one and the same weights, ties being no harm;
    the worst counts those that tie as ahead. Both by mixed integer programming over weights and one flag per other
    unit, after units that are always or never ahead have been told by linear programmes. Differences below 1e-6 of the
    full score are within the solver's tolerance and may count either way.

    Parameters
    ----------
    scores : DataArray
        Item scores (unit, indicator), 0-1; of several draws their mean.
    points : mapping, Series or DataArray
        Points by indicator; only their sum matters, in which bounds are written.
    units : sequence of str, optional
        Whom to look at; all if not given.
    seconds : float
        Most seconds for one unit and side; then bounds are given instead.
    bounds, order : optional
        As for `povsim.sensitivity.weights.weightings`.

    Returns
    -------
    Dataset
        By unit: ``best``, ``worst``; ``exact_best``, ``exact_worst``: whether they are proven. Where not, ``best`` and
        ``worst`` are bounds: no weights do better or worse, but it is not known that any do as well or badly.

    Raises
    ------
    InputError
        Scores, points, bounds or orders that do not fit.

    Examples
    --------
    >>> scores = xr.DataArray([[1.0, 0.0], [0.0, 1.0], [0.4, 0.4]], {"unit": ["A", "B", "C"], "indicator": ["x", "y"]})
    >>> found = attainable_ranks(scores, {"x": 50, "y": 50})
    >>> found["best"].values.tolist(), found["worst"].values.tolist()
    ([1, 1, 2], [3, 3, 3])
    """
    table = table_of(scores, points)
    if not seconds > 0:
        refuse("attainable_ranks", [Problem("seconds", "does not fit", f"{seconds:g}", "above 0")])
    named = {code: share * table.total for code, share in zip(table.indicators, table.shares, strict=True)}
    limits = limits_of(named, bounds, order)
    chosen = table.units if units is None else tuple(units)
    found = [_extremes(table, limits, table.unit(name), seconds) for name in chosen]
    columns = dict(zip(("best", "exact_best", "worst", "exact_worst"), zip(*found, strict=True), strict=True))
    out = xr.Dataset(
        {name: ("unit", np.array(values)) for name, values in columns.items()}, {"unit": np.array(chosen, dtype=str)}
    )
    labels = {
        "best": ("best place within reach", "可达最好名次"),
        "worst": ("worst place within reach", "可达最差名次"),
    }
    for name, (label, label_zh) in labels.items():
        out[name].attrs = {"units": "place", "long_name": label, "long_name_zh": label_zh}
        out[f"exact_{name}"].attrs = {"units": "flag", "long_name": "proven", "long_name_zh": "已证实"}
    proven = bool(out["exact_best"].all() and out["exact_worst"].all())
    return out.assign_attrs(method="exact" if proven else "exact where proven, else bounds")


def _extremes(table: Table, limits: Limits, unit: int, seconds: float) -> tuple[int, bool, int, bool]:
    ahead = np.delete(table.scores - table.scores[:, [unit]], unit, axis=1).T
    least, most = ranges(ahead, limits)
    always = int((least > FAINT).sum())
    open_ = ahead[(least <= FAINT) & (most > FAINT)]
    fewest, sure = _count(open_, limits, seconds)
    best = 1 + always + fewest
    # a unit that can tie counts against the worst place
    level = int((least >= -FAINT).sum())
    open_ = ahead[(least < -FAINT) & (most >= -FAINT)]
    spared, sure_worst = _count(-open_, limits, seconds)
    return best, sure, 1 + level + len(open_) - spared, sure_worst


def ranges(lines: Doubles, limits: Limits) -> tuple[Doubles, Doubles]:
    """Return the least and the most of lines (line, indicator) over all weights within limits."""
    if not limits.pairs and (limits.low <= 0).all() and (limits.high >= 1).all():
        return lines.min(axis=1, initial=np.inf), lines.max(axis=1, initial=-np.inf)
    if not limits.pairs:
        return _filled(lines, limits), -_filled(-lines, limits)
    found = np.array([[_least(line, limits), -_least(-line, limits)] for line in lines]).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _filled(lines: Doubles, limits: Limits) -> Doubles:
    """Return the least over a box: what is left after the least weights goes where a line is lowest, up to the most."""
    order = np.argsort(lines, axis=1)
    room = (limits.high - limits.low)[order]
    before = np.cumsum(room, axis=1) - room
    given = np.clip(1 - limits.low.sum() - before, 0, room)
    return np.asarray(lines @ limits.low + (given * np.take_along_axis(lines, order, axis=1)).sum(axis=1))


def _least(line: Doubles, limits: Limits) -> float:
    rows = order_rows(limits, len(line))
    bounds = list(zip(limits.low, limits.high, strict=True))
    found = linprog(line, A_ub=rows, b_ub=np.zeros(len(rows)), A_eq=np.ones((1, len(line))), b_eq=[1], bounds=bounds)
    return float(found.fun)


def order_rows(limits: Limits, count: int) -> Doubles:
    """Return rows whose product with weights must not exceed 0."""
    rows = np.zeros((len(limits.pairs), count))
    for row, (more, less) in zip(rows, limits.pairs, strict=True):
        row[more], row[less] = -1.0, 1.0
    return rows


def _count(lines: Doubles, limits: Limits, seconds: float) -> tuple[int, bool]:
    """Return the fewest lines (line, indicator) above 0 under one weighting, or a lower bound, and whether proven."""
    count, indicators = len(lines), lines.shape[1]
    if not count:
        return 0, True
    reach = np.maximum(ranges(lines, limits)[1], FAINT)
    above = np.hstack([lines, -np.diag(reach)])
    total = np.r_[np.ones(indicators), np.zeros(count)][None]
    order = np.hstack([order_rows(limits, indicators), np.zeros((len(limits.pairs), count))])
    rules = [LinearConstraint(above, -np.inf, 0.0), LinearConstraint(total, 1.0, 1.0)]
    rules += [LinearConstraint(order, -np.inf, 0.0)] if len(order) else []
    found = milp(
        np.r_[np.zeros(indicators), np.ones(count)],
        constraints=rules,
        integrality=np.r_[np.zeros(indicators), np.ones(count)],
        bounds=Bounds(np.r_[limits.low, np.zeros(count)], np.r_[limits.high, np.ones(count)]),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    return _proven(found)


def _proven(found: object) -> tuple[int, bool]:
    """Return the optimum, or the solver's bound where it ran out of time."""
    status, value = getattr(found, "status", 4), getattr(found, "fun", None)
    if status == 0 and value is not None:
        return round(float(value)), True
    bound = getattr(found, "mip_dual_bound", None)
    return (0 if bound is None or not np.isfinite(bound) else max(0, int(np.ceil(bound - FAINT)))), False
