"""How far the points of each item may move before the first places change hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from povsim.errors import InputError
from povsim.views.weights_board import TIE, Board, Doubles, Flags, mean_totals
from povsim.views.weights_case import case_of_board, mean_scores
from povsim.views.weights_scheme import moved

if TYPE_CHECKING:
    import xarray as xr

    from povsim.scoring.schemes import WeightScheme
    from povsim.sensitivity.weight_cards import Case

Names = tuple[str, ...]
Exchange = tuple[Names, Names]
"""Who drops out of the first places, and who comes in."""
NOBODY: Exchange = ((), ())

GRID = 100
"""Points tried on each side of the present ones where there is no closed form."""
HALVINGS = 14
"""Times that the step in which something changes is halved: what is left of it is below a thousandth of a point."""
NEARLY = 1 - 1e-6
"""How near points come to all or nothing."""
PATIENCE = 400_000_000
"""Item scores that are weighed again at most; beyond, the answer would take minutes."""
BY_RULES = 30
"""Times that scoring by the card's own rules takes as long as sums."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """Points of each item within which the first places stay.

    Attributes
    ----------
    points : dict of str to (low, high)
        By item; empty where not worked out.
    exchange : dict of str to (Exchange, Exchange)
        Who leaves and who comes below ``low`` and above ``high``.
    method : {"closed form", "re-evaluated", "left out"}
        How they were found.
    why : tuple of str
        Why not in closed form.
    step : float
        How far the true end may lie outwards, in points; 0 where exact.
    """

    points: dict[str, tuple[float, float]]
    exchange: dict[str, tuple[Exchange, Exchange]]
    method: str
    why: Names
    step: float = 0.0


def intervals(board: Board, scheme: WeightScheme, top: int) -> Intervals:
    """Return how far the points of each item may move, the others rescaled, before the first ``top`` change.

    In closed form where totals are plain sums and nothing is locked; else scored again point by point.

    Parameters
    ----------
    board, scheme
        Units and the points now.
    top : int
        How many places count as the first.
    """
    case = case_of_board(board, scheme)
    places = min(top, len(board.units))
    if not case.reasons:
        from povsim.sensitivity.weight_intervals import stability_intervals

        return _exact(stability_intervals(mean_scores(board, scheme), dict(scheme.points), top=places))
    if board.sums:
        return _searched(board, scheme, places, case)
    return _by_rules(board, places, case)


def _exact(found: xr.Dataset) -> Intervals:
    codes, points = _points(found)
    sides = []
    for side in ("low", "high"):
        losers, gainers = (found[f"{side}_{role}"].to_numpy().astype(str).tolist() for role in ("loser", "gainer"))
        sides.append([(_one(loser), _one(gainer)) for loser, gainer in zip(losers, gainers, strict=True)])
    return Intervals(points, dict(zip(codes, zip(*sides, strict=True), strict=True)), "closed form", ())


def _points(found: xr.Dataset) -> tuple[list[str], dict[str, tuple[float, float]]]:
    codes = [str(code) for code in found["indicator"].to_numpy()]
    ends = zip(found["low"].to_numpy(), found["high"].to_numpy(), strict=True)
    return codes, {code: (float(low), float(high)) for code, (low, high) in zip(codes, ends, strict=True)}


def _one(name: str) -> Names:
    return (name,) if name else ()


def _by_rules(board: Board, top: int, case: Case) -> Intervals:
    """Return intervals by the card's own rules, unless that takes minutes."""
    from povsim.sensitivity.weight_cards import STEPS, movable, rescored_intervals

    weighed = board.share.size * len(board.card.indicators) * 2 * (STEPS + 1) * (BY_RULES if board.slow else 1)
    if weighed > PATIENCE or not movable(case):
        return Intervals({}, {}, "left out", case.reasons)
    found = rescored_intervals(case, top=top)
    codes, points = _points(found)
    told = [tuple((NOBODY[0], _names(part)) for part in str(text).split(" | ")) for text in found["changed"].to_numpy()]
    exchange = {code: (one[0], one[-1]) for code, one in zip(codes, told, strict=True)}
    step = float(max(found["low_step"].max(), found["high_step"].max()))
    return Intervals(points, exchange, case.method, case.reasons, step)


def _names(text: str) -> Names:
    return tuple(part for part in text.split(", ") if part)


# ---- point by point, where mean totals are sums over items ----


def _searched(board: Board, scheme: WeightScheme, top: int, case: Case) -> Intervals:
    """Look for the first change on a grid, then halve the step: a change undone within a step may be missed."""
    held = {line.code for line in scheme.lines if line.locked or line.additive}
    held |= {code for _, mix in scheme.mixes for code, _ in mix}
    codes = [code for code in scheme.codes if code not in held]
    now = scheme.array() / board.full
    inside = _first(mean_totals(board, now[None]), top)[0]
    points, exchange, step = {}, {}, 0.0
    for code in codes:
        at, ends, told = scheme.points[code], [], []
        for edge in _edges(scheme, code, held):
            far = _weights_at(scheme, code, edge)
            share, there = (0.0, inside) if far is None else _last_same(board, (now, far), inside, top)
            ends.append(at + share * (edge - at))
            told.append(_exchange(board.units, inside, there))
            step = max(step, abs(edge - at) / GRID / 2**HALVINGS)
        points[code], exchange[code] = (ends[0], ends[1]), (told[0], told[1])
    return Intervals(points, exchange, case.method, case.reasons, step)


def _edges(scheme: WeightScheme, code: str, held: set[str]) -> tuple[float, float]:
    kept = sum(scheme.points[one] for one in held - {code})
    return 0.0, max(scheme.points[code], scheme.total_points - kept)


def _weights_at(scheme: WeightScheme, code: str, points: float) -> Doubles | None:
    try:
        return np.asarray(moved(scheme, code, points).array() / scheme.total_points)
    except InputError:
        return None


def _first(totals: Doubles, top: int) -> Flags:
    """Return who is among the first (weighting, unit); those that tie at the edge are."""
    known = np.where(np.isnan(totals), -np.inf, totals)
    edge = -np.partition(-known, top - 1, axis=1)[:, [top - 1]]
    return np.asarray((known >= edge - TIE) & np.isfinite(known))


def _last_same(board: Board, line: tuple[Doubles, Doubles], inside: Flags, top: int) -> tuple[float, Flags]:
    """Return how far along a line of weights (0-1) the first stay, and who they are just beyond."""
    now, far = line

    def first(shares: Doubles) -> Flags:
        # not quite to the end, where an item that some units miss would be all there is
        return _first(mean_totals(board, now + (NEARLY * shares)[:, None] * (far - now)), top)

    grid = np.linspace(0.0, 1.0, GRID + 1)
    sets = first(grid)
    changed = np.flatnonzero((sets != inside).any(axis=1))
    if not changed.size:
        return 1.0, inside
    low, high = grid[max(0, changed[0] - 1)], grid[changed[0]]
    there = sets[changed[0]]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = first(np.array([middle]))[0]
        if (found == inside).all():
            low = middle
        else:
            high, there = middle, found
    return float(low), there


def _exchange(units: Sequence[str], inside: Flags, there: Flags) -> Exchange:
    leave, enter = np.flatnonzero(inside & ~there).tolist(), np.flatnonzero(there & ~inside).tolist()
    return tuple(units[place] for place in leave), tuple(units[place] for place in enter)
