"""Answers to a change of weights at once: the totals of all cells, summed anew or moved by one weight.

Everything rests on item shares: (indicator, scenario, draw, year, unit) float32, points of an item over its documented
points, contiguous or memory-mapped. A total is the sum of weight times share, in the unit of the weights (points);
totals here are those before vetoes. An item of no points of its own (a ledger) enters with its points for a share and
a weight of 1.

Missing values: a cell with NaN in any share has NaN for its total, and for its mean, variance and rank, whatever the
weight. Whoever builds the shares fills what is missing first, by a rule that is said (nothing, the last known value).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from povsim.errors import InputError, Problem
from povsim.scoring import reweighting_kernels as kernels
from povsim.scoring.reweighting_kernels import Doubles, Floats, Longs, spread

Weights = npt.ArrayLike

DIMS = ("indicator", "scenario", "draw", "year", "unit")
REFRESH_AFTER = 1000
"""Moves; then totals are summed anew, since each move rounds them once more to single precision."""


@dataclass(frozen=True)
class Caps:
    """Limits of groups of indicators, in points.

    Parameters
    ----------
    group : sequence of int
        Group of each indicator, counted from 0; -1 for none.
    cap, floor : sequence of float
        Most and least points of each group; infinite where there is no limit. No floor where left out.
    """

    group: Sequence[int]
    cap: Sequence[float]
    floor: Sequence[float] = ()


@dataclass(frozen=True)
class Move:
    """A change of one weight.

    Parameters
    ----------
    place : int
        Position of the indicator.
    old, new : float
        Its weight before and after.
    others : float
        Factor on all other weights.
    """

    place: int
    old: float
    new: float
    others: float = 1.0


@dataclass(frozen=True)
class Reweighting:
    """Shares, the weights in force, and the totals they give.

    Attributes
    ----------
    shares : array of float32
        (indicator, scenario, draw, year, unit).
    weights : array of float64
        (indicator,).
    totals : array of float32
        (scenario, draw, year, unit), before vetoes. :func:`reweighted` writes into it.
    caps : Caps, optional
        Limits of groups.
    moves : int
        Weights moved since the totals were last summed anew.
    """

    shares: Floats
    weights: Doubles
    totals: Floats
    caps: Caps | None = None
    moves: int = 0


# ---- totals ----


def totals(
    shares: Floats,
    weights: Weights,
    *,
    caps: Caps | None = None,
    threads: int | None = None,
    out: Floats | None = None,
) -> Floats:
    """Return the totals of all cells, summed in double precision.

    Parameters
    ----------
    shares : array of float32
        (indicator, scenario, draw, year, unit), 0-1, contiguous or memory-mapped.
    weights : array of float
        (indicator,), in points.
    caps : Caps, optional
        Limits of groups of indicators.
    threads : int, optional
        Number of threads; all processors by default. Results are the same bits for any number.
    out : array of float32, optional
        Where to put the totals; saves the time it takes to get memory.

    Returns
    -------
    array of float32
        (scenario, draw, year, unit), in points.

    Raises
    ------
    InputError
        Shares, weights, caps or ``out`` that do not fit each other.

    Examples
    --------
    >>> shares = np.array([[1.0, 0.5], [0.0, 1.0]], dtype=np.float32).reshape(2, 1, 1, 1, 2)
    >>> totals(shares, [60, 40]).ravel()
    array([60., 70.], dtype=float32)
    >>> totals(shares, [60, 40], caps=Caps(group=[0, 0], cap=[65])).ravel()
    array([60., 65.], dtype=float32)
    """
    weights = np.asarray(weights, dtype=np.float64)
    refuse([*_slips(shares, weights), *_out_slips(shares, out), *_cap_slips(shares, caps)])
    filled = np.empty(shares.shape[1:], dtype=np.float32) if out is None else out
    flat, rows = filled.reshape(-1), np.ascontiguousarray(shares).reshape(len(shares), -1)
    if caps is None:
        spread(lambda span: kernels.weighted_sums(rows, weights, span, flat), flat.size, threads)
    else:
        groups = _in_groups(caps, len(shares))
        spread(lambda span: kernels.limited_sums(rows, weights, groups, span, flat), flat.size, threads)
    return filled


def moved(
    totals: Floats, shares: Floats, move: Move, *, threads: int | None = None, out: Floats | None = None
) -> Floats:
    """Return totals after one weight has changed; not with caps, where the totals have to be summed anew.

    Each call rounds the totals once to single precision. A thousand moves in place put totals of about 100 points off
    by some 4e-5 points, 2e-4 at most; call :func:`totals` to refresh. While one slider is dragged, moving from the
    totals at the start of the drag into ``out`` rounds only once.

    Parameters
    ----------
    totals : array of float32
        (scenario, draw, year, unit), under the old weight.
    shares : array of float32
        (indicator, scenario, draw, year, unit).
    move : Move
        Which weight, from what to what, and the factor on the others.
    threads : int, optional
        Number of threads; all processors by default. Results are the same bits for any number.
    out : array of float32, optional
        Where to put the new totals; may be ``totals`` itself.

    Returns
    -------
    array of float32
        (scenario, draw, year, unit), in points.

    Raises
    ------
    InputError
        Totals or ``out`` that do not fit the shares.

    Examples
    --------
    >>> shares = np.array([[1.0, 0.5], [0.0, 1.0]], dtype=np.float32).reshape(2, 1, 1, 1, 2)
    >>> moved(totals(shares, [60, 40]), shares, Move(place=0, old=60, new=50)).ravel()
    array([50., 65.], dtype=float32)
    """
    slips = [*shape_slips(shares), *_out_slips(shares, totals, "totals"), *_out_slips(shares, out)]
    if not 0 <= move.place < len(shares):
        slips.append(Problem("move.place", "is no indicator", str(move.place), f"0 to {len(shares) - 1}"))
    refuse(slips)
    filled = np.empty_like(totals) if out is None else out
    given, part, flat = totals.reshape(-1), np.ascontiguousarray(shares[move.place]).reshape(-1), filled.reshape(-1)
    figures = (float(move.others), float(move.new - move.others * move.old))
    if given.ctypes.data == flat.ctypes.data:
        spread(lambda span: kernels.shift_in_place(flat, part, figures, span), flat.size, threads)
    else:
        spread(lambda span: kernels.shift(given, part, figures, span, flat), flat.size, threads)
    return filled


def proportional_move(weights: Weights, place: int, new: float) -> Move:
    """Return the move that gives one weight a new value and rescales all others so that the sum stays.

    Raises
    ------
    InputError
        All other weights are 0; the new one is below 0 or above their sum.

    Examples
    --------
    >>> proportional_move([60, 30, 10], 0, 20)
    Move(place=0, old=60.0, new=20.0, others=2.0)
    """
    old = np.asarray(weights, dtype=np.float64)
    if not 0 <= new <= old.sum():
        raise InputError("weights", [Problem("new", "is not possible", f"{new:g}", f"0 to {old.sum():g}")])
    rest = float(old.sum() - old[place])
    if rest == 0:
        refuse([Problem("weights", "are all 0 but for one, so there is nothing to rescale", allowed="Move(...)")])
    return Move(place, float(old[place]), float(new), (rest + float(old[place]) - float(new)) / rest)


# ---- the state of a dashboard ----


def reweighting(
    shares: Floats, weights: Weights, *, caps: Caps | None = None, threads: int | None = None
) -> Reweighting:
    """Return shares with weights in force and the totals they give; arguments and errors as for :func:`totals`.

    Examples
    --------
    >>> shares = np.array([[1.0, 0.5], [0.0, 1.0]], dtype=np.float32).reshape(2, 1, 1, 1, 2)
    >>> state = reweighted(reweighting(shares, [60, 40]), proportional_move([60, 40], 0, 80))
    >>> state.weights, state.totals.ravel()
    (array([80., 20.]), array([80., 60.], dtype=float32))
    """
    return Reweighting(
        shares, np.array(weights, dtype=np.float64), totals(shares, weights, caps=caps, threads=threads), caps
    )


def reweighted(state: Reweighting, move: Move, *, threads: int | None = None) -> Reweighting:
    """Return the state after a move; its totals are written where those of the old state were.

    With caps, and after :data:`REFRESH_AFTER` moves, totals are summed anew.

    Raises
    ------
    InputError
        The move's old weight is not the one in force.
    """
    if state.weights[move.place] != move.old:
        found, allowed = f"{move.old:g}", f"{state.weights[move.place]:g}"
        refuse([Problem("move.old", "is not the weight in force", found, allowed)])
    weights = state.weights * move.others
    weights[move.place] = move.new
    if state.caps is not None or state.moves + 1 >= REFRESH_AFTER:
        totals(state.shares, weights, caps=state.caps, threads=threads, out=state.totals)
        return replace(state, weights=weights, moves=0)
    moved(state.totals, state.shares, move, threads=threads, out=state.totals)
    return replace(state, weights=weights, moves=state.moves + 1)


# ---- within ----


def _in_groups(caps: Caps, indicators: int) -> tuple[Longs, Longs, Doubles, Doubles]:
    """Return indicators by group, where each group ends, its limits; those of no group come last, unlimited."""
    group = np.asarray(caps.group, dtype=np.int64)
    count = len(caps.cap)
    group = np.where(group < 0, count, group)
    ends = np.cumsum(np.bincount(group, minlength=count + 1))
    floor = [*caps.floor] or [-np.inf] * count
    lows, highs = np.array([*floor, -np.inf]), np.array([*caps.cap, np.inf])
    return np.argsort(group, kind="stable"), ends, lows, highs


def refuse(problems: list[Problem]) -> None:
    """Raise what is wrong, if anything is."""
    if problems:
        raise InputError("reweighting", problems)


def shape_slips(shares: Floats) -> list[Problem]:
    """Return what is wrong with the shape and type of shares."""
    if shares.ndim == len(DIMS) and shares.dtype == np.float32:
        return []
    return [Problem("shares", "have another shape or type", f"{shares.shape} {shares.dtype}", f"{DIMS} float32")]


def weight_slips(indicators: int, weights: Doubles) -> list[Problem]:
    """Return what is wrong with weights: one finite number for each indicator is right."""
    if weights.shape == (indicators,) and np.isfinite(weights).all():
        return []
    return [Problem("weights", "do not fit", str(weights), f"{indicators} finite numbers")]


def _slips(shares: Floats, weights: Doubles) -> list[Problem]:
    return [*shape_slips(shares), *weight_slips(len(shares), weights)]


def _out_slips(shares: Floats, array: Floats | None, name: str = "out") -> list[Problem]:
    if array is None:
        return []
    fits = array.shape == shares.shape[1:] and array.dtype == np.float32 and array.flags.c_contiguous
    found, allowed = f"{array.shape} {array.dtype}", f"{shares.shape[1:]} float32, contiguous"
    return [] if fits else [Problem(name, "has another shape or type", found, allowed)]


def _cap_slips(shares: Floats, caps: Caps | None) -> list[Problem]:
    if caps is None:
        return []
    slips = []
    if len(caps.group) != len(shares) or not all(-1 <= group < len(caps.cap) for group in caps.group):
        slips.append(Problem("caps.group", "does not fit", str(list(caps.group)), "a group for each indicator, or -1"))
    if len(caps.floor) not in (0, len(caps.cap)):
        slips.append(Problem("caps.floor", "does not fit", str(len(caps.floor)), f"{len(caps.cap)} floors or none"))
    return slips
