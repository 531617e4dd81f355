"""How sure a ranking is of its points: shares of places, attainable places, the fewest points that change one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from povsim.views.weights_board import Board, Doubles, Flags, mean_totals, ranked_totals, standing
from povsim.views.weights_case import (
    absent,
    case_of_board,
    full_points,
    item_points,
    mean_scores,
    reasons_under,
    score_array,
)

if TYPE_CHECKING:
    import xarray as xr

    from povsim.scoring.schemes import WeightScheme
    from povsim.sensitivity.weight_cards import Case

Kind = Literal["near", "any", "both", "luck"]
"""Weights near the scheme, any at all, near it together with the luck of draws, or that luck alone."""
KINDS: tuple[Kind, ...] = ("near", "any", "both", "luck")
COUNT = 10_000
"""Random weightings, where totals are quickly worked out."""
FEW = 300
"""Random weightings where each has to be scored again."""
MOST_CELLS = 4_000_000
"""Totals held at a time."""
HALF = 0.5
"""How far each item's points may move, as a share of them, where weights near the scheme are meant."""
SECONDS = 1.0
"""Most time for one unit's best or worst place; then bounds are told."""
TESTED = 200
CONSTANT = "+"
"""Stands for what items without points of their own add: it never moves."""


@dataclass(frozen=True, eq=False)
class Places:
    """Shares of weightings under which units take places.

    Attributes
    ----------
    share : array of float64
        (unit, rank) 0-1; rows sum to one with ``unranked`` (unit,).
    method, why : str, tuple of str
        ``closed form`` or ``re-evaluated``, and the reasons.
    count : int
        Weightings, or draws.
    """

    share: Doubles
    unranked: Doubles
    method: str
    why: tuple[str, ...]
    count: int

    @property
    def expected(self) -> Doubles:
        """Mean rank (unit,) where ranked; not a number for units that never are."""
        ranks = np.arange(1, self.share.shape[1] + 1)
        known = self.share.sum(axis=1)
        return np.asarray(np.divide(self.share @ ranks, known, out=np.full_like(known, np.nan), where=known > 0))


@dataclass(frozen=True, eq=False)
class Filled:
    """Mean item scores for closed forms, items that do not count filled in so that present totals are exact.

    Attributes
    ----------
    scores : DataArray
        (unit, indicator) of the units that are ranked.
    points : dict of str to float
        By item, with what is added under every scheme as an item of its own that never moves.
    held : tuple of str
        Items whose points stay.
    scale : float
        What totals are to be multiplied by: items that count for nobody are left out, their points kept.
    error : float
        Most that totals under other points were found to be off, in points; 0 where nothing was filled.
    """

    scores: xr.DataArray
    points: dict[str, float]
    held: tuple[str, ...]
    scale: float
    error: float


# ---- shares of places ----


def places(board: Board, scheme: WeightScheme, kind: Kind, *, count: int = COUNT, seed: int = 0) -> Places:
    """Return the share of weightings, of draws, or of both, under which each unit takes each place.

    Parameters
    ----------
    board, scheme
        What is looked at, and the points that ``near`` stays close to.
    kind : {"near", "any", "both", "luck"}
        What varies.
    count : int
        Weightings; at most 300 where each has to be scored again.
    seed : int
        Address of their luck.
    """
    from povsim.sensitivity.weight_ranks import acceptability_of, rank_acceptability

    case = case_of_board(board, scheme)
    if kind == "luck":
        rows = _rescored(case, scheme.array()[None] / board.full)[0]
        return _places(acceptability_of(rows, board.units), case, len(rows))
    if case.reasons and not board.sums:
        from povsim.sensitivity.weight_cards import rescored_acceptability

        weights = _weights(board, case, kind, (_affordable(board, count), seed))
        return _places(rescored_acceptability(case, weights), case, len(weights))
    weights = _weights(board, case, kind, (count, seed))
    if not case.reasons:
        scores = _draw_scores(board, scheme) if kind == "both" else mean_scores(board, scheme)
        found = rank_acceptability(scores, weights)
        return Places(found.to_numpy(), np.zeros(len(board.units)), case.method, (), len(weights))
    rows = _with_draws(board, weights) if kind == "both" else mean_totals(board, weights)
    return _places(acceptability_of(rows, board.units), case, len(weights))


def _rescored(case: Case, weights: Doubles) -> Doubles:
    from povsim.sensitivity.weight_cards import rescored

    return rescored(case, weights)


def _affordable(board: Board, count: int) -> int:
    return max(20, min(count, FEW, MOST_CELLS // max(1, board.out.size)))


def _places(found: xr.Dataset, case: Case, count: int) -> Places:
    share, unranked = found["rank_acceptability"].to_numpy(), found["unranked"].to_numpy()
    return Places(share, unranked, case.method, case.reasons, count)


def _weights(board: Board, case: Case, kind: Kind, luck: tuple[int, int]) -> Doubles:
    """Return random weightings; locked items, fixed mixes and items without points keep what they must."""
    from povsim.sensitivity.weight_draws import weightings
    from povsim.sensitivity.weight_report import kept_fixed

    count, seed = luck
    points = dict(case.scheme.points)
    spread: Literal["uniform", "dirichlet"] = "uniform" if kind == "any" else "dirichlet"
    found = weightings(points, count=count, seed=seed, kind=spread).to_numpy()
    return np.ascontiguousarray(kept_fixed(case, found) if case.reasons else found)


def _draw_scores(board: Board, scheme: WeightScheme) -> xr.DataArray:
    import xarray as xr

    stack = np.clip(board.share.astype(np.float64), 0, 1)
    coords = {"unit": np.array(board.units, dtype=str), "indicator": np.array(scheme.codes, dtype=str)}
    return xr.DataArray(stack, coords, ("draw", "unit", "indicator"))


def _with_draws(board: Board, weights: Doubles) -> Doubles:
    """Return totals (weighting, unit): weighting k meets draw k modulo the number of draws."""
    from dataclasses import replace

    draws = board.share.shape[0]
    rows = np.empty((len(weights), len(board.units)))
    for draw in range(min(draws, len(weights))):
        gap = board.gap[board.gap[:, 0] == draw].copy()
        gap[:, 0] = 0
        arrays = {name: getattr(board, name)[draw : draw + 1] for name in ("share", "out", "emptied", "taken")}
        rows[draw::draws] = ranked_totals(replace(board, gap=gap, **arrays), weights[draw::draws])[:, 0]
    return rows


# ---- closed forms on filled scores ----


def filled(board: Board, scheme: WeightScheme) -> Filled | tuple[str, ...]:
    """Return mean item scores that closed forms can work with, or why there are none."""
    barriers = {
        "caps or floors of groups": bool(board.limits),
        "a veto looks at points, totals, grades or ranks": bool(board.slow),
        "vetoes": bool(board.emptied.any() or board.taken.any()),
        "items in fixed shares": bool(scheme.mixes),
    }
    scores, gone = _filled_scores(board, scheme), absent(board)
    # a single-precision share of all points may come out a millionth beyond
    barriers["item scores missing or beyond 0-1"] = bool((scores < -1e-5).any() or (scores > 1 + 1e-5).any())
    ranked = np.flatnonzero(~board.unranked)
    barriers["fewer than two units are ranked"] = ranked.size < 2
    if any(barriers.values()):
        return tuple(reason for reason, holds in barriers.items() if holds)
    weighed = ~board.additive & ~gone
    columns = [np.clip(np.round(scores[ranked][:, weighed], 6), 0, 1)]
    codes = [code for code, own in zip(scheme.codes, weighed, strict=True) if own]
    scale = board.full / (board.full - float(scheme.array()[gone].sum()))
    points = {code: scheme.points[code] for code in codes}
    constant = board.mean[ranked][:, board.additive].sum(axis=1) / scale
    if np.ptp(constant) > 0:
        columns.append(((constant - constant.min()) / np.ptp(constant))[:, None])
        points[CONSTANT] = float(np.ptp(constant))
    held = [line.code for line in scheme.lines if line.locked and not line.additive]
    held += [CONSTANT] if CONSTANT in points else []
    table = score_array(np.hstack(columns), [board.units[place] for place in ranked], list(points))
    return Filled(table, points, tuple(held), scale, _error(board, scheme, (scores, gone)))


def _filled_scores(board: Board, scheme: WeightScheme) -> Doubles:
    """Return mean shares (unit, indicator), filled so that totals under the scheme are as scored; 0 for nobody's."""
    found, gone = board.mean.copy(), absent(board)
    weighed = np.where(board.additive | gone, 0.0, scheme.array())
    for gap in board.gaps:
        mask = gap.mask & ~gone
        left = weighed.sum() - weighed[mask].sum()
        if left > 0:
            found[gap.unit, mask] += (gap.share @ weighed) / left
    return np.asarray(np.where(board.additive, 0.0, found))


def _error(board: Board, scheme: WeightScheme, told: tuple[Doubles, Flags]) -> float:
    """Return the largest difference between totals of filled scores and totals as scored, under other weightings."""
    scores, gone = told
    if not any((gap.mask & ~gone).any() for gap in board.gaps):
        return 0.0
    case = case_of_board(board, scheme)
    sets = [_weights(board, case, kind, (TESTED, 1)) for kind in ("near", "any")]
    weights = np.concatenate(sets)
    # items that count for nobody keep their points, and the others are scaled up for them
    kept = np.where(gone, 0.0, weights) / weights[:, ~gone].sum(axis=1, keepdims=True)
    plain = kept @ scores.T * board.full + board.mean[:, board.additive].sum(axis=1)
    return float(np.nanmax(np.abs(plain - mean_totals(board, weights) * board.full), initial=0.0))


def reach(
    board: Board, scheme: WeightScheme, units: Sequence[str], *, near: bool = True
) -> dict[str, tuple[int, int, bool]] | tuple[str, ...]:
    """Return the best and worst place that units can reach, and whether both are proven; or why that is not known.

    Parameters
    ----------
    board, scheme
        What is looked at.
    units : sequence of str
        Whom to look at; those that are not ranked are passed over.
    near : bool
        Each item keeps half to one and a half times its points; else any points. Locked items keep theirs.
    """
    from povsim.sensitivity.weight_extremes import attainable_ranks

    table = filled(board, scheme)
    if isinstance(table, tuple):
        return table
    bounds = {code: ((1 - HALF) * points, (1 + HALF) * points) for code, points in table.points.items() if near}
    bounds |= {code: (table.points[code], table.points[code]) for code in table.held}
    known = set(table.scores["unit"].to_numpy().astype(str).tolist())
    chosen = [unit for unit in units if unit in known]
    if not chosen:
        return {}
    found = attainable_ranks(table.scores, table.points, units=chosen, seconds=SECONDS, bounds=bounds or None)
    rows = [found[name].to_numpy() for name in ("best", "worst", "exact_best", "exact_worst")]
    return {
        unit: (int(best), int(worst), bool(one and two))
        for unit, best, worst, one, two in zip(chosen, *rows, strict=True)
    }


@dataclass(frozen=True, eq=False)
class Swap:
    """What must change for one unit to draw level with another.

    Attributes
    ----------
    gap : float
        Points the other is ahead.
    moved : float
        Fewest points to move; not a number where no points can do it.
    moves : tuple of (from, to, points)
        Items and amounts.
    points : dict of str to float
        Points of all items afterwards.
    error : float
        Most that totals were found to be off, in points.
    """

    ahead: str
    behind: str
    gap: float
    moved: float
    moves: tuple[tuple[str, str, float], ...]
    points: dict[str, float]
    error: float


def swap(board: Board, scheme: WeightScheme, ahead: str, behind: str) -> Swap | tuple[str, ...]:
    """Return the fewest points to move so that one unit draws level with another, or why that is not known."""
    from povsim.sensitivity.weight_moves import fewest_points_to_swap

    table = filled(board, scheme)
    if isinstance(table, tuple):
        return table
    known = set(table.scores["unit"].to_numpy().astype(str).tolist())
    if not {ahead, behind} <= known:
        return ("out of the ranking",)
    found = fewest_points_to_swap(table.scores, table.points, ahead, behind, locked=table.held)
    parts = [found[name].to_numpy().tolist() for name in ("giver", "taker", "amount")]
    moves = tuple((str(giver), str(taker), float(amount)) for giver, taker, amount in zip(*parts, strict=True))
    codes = found["indicator"].to_numpy().astype(str).tolist()
    after = dict(zip(codes, found["points_after"].to_numpy().astype(float).tolist(), strict=True))
    after.pop(CONSTANT, None)
    gap = float(found["gap"]) * table.scale
    return Swap(ahead, behind, gap, float(found["moved"]), moves, after, table.error)


def leader(board: Board, scheme: WeightScheme, unit: str) -> str | None:
    """Return the first of the ranking; the second for the first itself, none where nobody else is ranked."""
    found = standing(board, scheme).rank
    order = [place for place in np.argsort(found, kind="stable") if found[place] > 0 and board.units[place] != unit]
    return board.units[int(order[0])] if order else None


def lost(board: Board, scheme: WeightScheme, unit: str, rival: str | None) -> list[tuple[str, float, float]]:
    """Return items by points that a unit loses, most first: code, points below full, points behind the rival."""
    earned = item_points(board, scheme.array())
    own = earned[board.units.index(unit)]
    other = own if rival is None else earned[board.units.index(rival)]
    full = full_points(board, scheme.array())[board.units.index(unit)]
    rows = [
        (code, float(max(0.0, full[place] - own[place])), float(other[place] - own[place]))
        for place, code in enumerate(scheme.codes)
    ]
    return sorted(rows, key=lambda row: (-row[1], -row[2]))


def method_of(board: Board, scheme: WeightScheme) -> tuple[str, tuple[str, ...]]:
    """Return how live totals and the rest are worked out, and why: ``closed form``, ``sums``, or ``re-evaluated``."""
    why = reasons_under(board, scheme)
    if board.slow:
        return "re-evaluated", (*why, *board.slow)
    return ("sums" if why else "closed form"), why
