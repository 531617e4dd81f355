"""The fewest points that let one unit draw level with another, and what single items do to the order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import Problem
from povsim.sensitivity.weight_inputs import Doubles, Points, Table, refuse, table_of
from povsim.sensitivity.weight_intervals import groups_in_order
from povsim.sensitivity.weight_kernels import TIE
from povsim.terms import Language

Moves = list[tuple[int, int, float]]


def fewest_points_to_swap(
    scores: xr.DataArray,
    points: Points,
    a: str,
    b: str,
    *,
    locked: Collection[str] = (),
    most: Mapping[str, float] | None = None,
) -> xr.Dataset:
    """Return the fewest points to move between indicators so that b is level with a; any more puts it ahead.

    With d the item scores of a less those of b, a point moved from item i to item j closes d_i - d_j. Points are taken
    where d is highest and given where it is lowest, which is optimal since what a move closes is a difference of the
    two. Exact, for totals before caps, floors and vetoes.

    Parameters
    ----------
    scores : DataArray
        Item scores (unit, indicator), 0-1; of several draws their mean.
    points : mapping, Series or DataArray
        Points by indicator.
    a, b : str
        The unit ahead and the one that is to draw level.
    locked : collection of str
        Indicators whose points stay.
    most : mapping of str to float, optional
        Most points an indicator may get; those that are not named may get all.

    Returns
    -------
    Dataset
        ``moved``: points moved in all, 0 where b is not behind, not a number where it cannot be done; ``possible``;
        ``gap``: points a is ahead; ``gap_after``: after the moves, or, where it cannot be done, the least that can be
        reached; ``change``, ``points_after`` (indicator); ``giver``, ``taker``, ``amount`` (move), in the order made.

    Raises
    ------
    InputError
        Unknown units or indicators, limits below the present points.

    Examples
    --------
    >>> scores = xr.DataArray([[1.0, 0.0], [0.0, 1.0]], {"unit": ["A", "B"], "indicator": ["x", "y"]})
    >>> found = fewest_points_to_swap(scores, {"x": 60, "y": 40}, "A", "B")
    >>> float(found["moved"]), str(found["giver"].values[0]), str(found["taker"].values[0])
    (10.0, 'x', 'y')
    """
    table = table_of(scores, points)
    first, second = table.unit(a), table.unit(b)
    ahead = table.scores[:, first] - table.scores[:, second]
    now = table.shares * table.total
    room = _room(table, now, locked, most)
    supply = np.where(np.isin(table.indicators, list(locked)), 0.0, now)
    gap = float(now @ ahead)
    moves, left = _greedy(ahead, supply, room, gap)
    return _swap(table, now, moves, (gap, left))


def _room(table: Table, now: Doubles, locked: Collection[str], most: Mapping[str, float] | None) -> Doubles:
    room = np.full(len(now), np.inf)
    problems = []
    for code in locked:
        room[table.indicator(code)] = 0.0
    for code, limit in (most or {}).items():
        place = table.indicator(code)
        if not limit >= now[place] - TIE:
            problems.append(Problem(f"most.{code}", "is below the present points", f"{limit:g}", f"{now[place]:g} up"))
        room[place] = min(room[place], max(0.0, limit - now[place]))
    refuse("fewest_points_to_swap", problems)
    return room


def _greedy(ahead: Doubles, supply: Doubles, room: Doubles, gap: float) -> tuple[Moves, float]:
    """Return moves and the gap they leave; the caller's arrays are left as they are."""
    supply, room, moves = supply.copy(), room.copy(), []
    givers, takers = list(np.argsort(-ahead, kind="stable")), list(np.argsort(ahead, kind="stable"))
    slack = TIE * max(1.0, float(supply.sum()))
    while gap > slack and givers and takers:
        giver, taker = int(givers[0]), int(takers[0])
        gain = ahead[giver] - ahead[taker]
        if gain <= 0:
            break
        amount = min(supply[giver], room[taker], gap / gain)
        if amount > 0:
            moves.append((giver, taker, float(amount)))
            supply[giver] -= amount
            room[taker] -= amount
            gap -= amount * gain
        if gap > slack:
            if supply[giver] <= 0:
                givers.pop(0)
            else:
                takers.pop(0)
    return moves, gap


def _swap(table: Table, now: Doubles, moves: Moves, gaps: tuple[float, float]) -> xr.Dataset:
    possible = bool(gaps[1] <= TIE * table.total)
    change = np.zeros(len(now))
    for giver, taker, amount in moves:
        change[giver] -= amount
        change[taker] += amount
    names = np.array(table.indicators, dtype=str)
    found = xr.Dataset(
        {
            "moved": sum(amount for *_, amount in moves) if possible else np.nan,
            "possible": possible,
            "gap": gaps[0],
            "gap_after": gaps[1],
            "change": ("indicator", change),
            "points_after": ("indicator", now + change),
            "giver": ("move", names[[giver for giver, *_ in moves]].astype(str) if moves else np.empty(0, "<U1")),
            "taker": ("move", names[[taker for _, taker, _ in moves]].astype(str) if moves else np.empty(0, "<U1")),
            "amount": ("move", np.array([amount for *_, amount in moves])),
        },
        {"indicator": names},
        {"method": "closed form", "total_points": table.total},
    )
    for name, (label, label_zh) in _SWAP.items():
        found[name].attrs = {"units": "points", "long_name": label, "long_name_zh": label_zh}
    return found


_SWAP = {
    "moved": ("fewest points to move", "最少需挪动的分值"),
    "gap": ("points ahead now", "现领先分值"),
    "gap_after": ("points ahead after the moves", "挪动后的领先分值"),
    "change": ("points gained or lost", "分值增减"),
    "points_after": ("points after the moves", "挪动后的分值"),
    "amount": ("points moved", "挪动分值"),
}


def ranks_of(totals: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Return ranks (..., unit) of totals (full score 1): units that tie share the best of their places; 0 for none.

    Examples
    --------
    >>> ranks_of(np.array([0.8, 0.9, 0.8, np.nan])).tolist()
    [2, 1, 2, 0]
    """
    rows = np.atleast_2d(np.asarray(totals, dtype=np.float64))
    out = np.zeros(rows.shape, dtype=np.int64)
    for row, line in zip(out, rows, strict=True):
        known = np.flatnonzero(~np.isnan(line))
        place = 1
        for group in groups_in_order(line[known]) if known.size else []:
            row[known[group]] = place
            place += len(group)
    return out.reshape(np.shape(totals))


def ranked(totals: Doubles, dims: Mapping[str, Sequence[str] | Doubles], total: float) -> xr.Dataset:
    """Return totals (..., unit), full score 1, as points, with ranks and how many places units move from the first."""
    ranks = ranks_of(totals)
    names = tuple(dims)
    about = {"units": "points", "long_name": "total", "long_name_zh": "总分"}
    places = {"units": "place", "long_name": "rank (ties share the best place)", "long_name_zh": "名次"}
    return xr.Dataset(
        {"total": (names, totals * total, about), "rank": (names, ranks, places)},
        {dim: np.asarray(values) for dim, values in dims.items()},
    )


def weight_ladder(
    scores: xr.DataArray, points: Points, indicator: str, *, steps: Sequence[float] | None = None
) -> xr.Dataset:
    """Return totals and ranks while one indicator's points go from nothing to all, the others rescaled in proportion.

    Parameters
    ----------
    scores, points : DataArray, mapping
        As for `stability_intervals`.
    indicator : str
        Code of the indicator.
    steps : sequence of float, optional
        Its points; 0 to all in 20 steps if not given.

    Returns
    -------
    Dataset
        ``total`` (step, unit) in points and ``rank`` (step, unit); the coordinate step is in points.

    Examples
    --------
    >>> scores = xr.DataArray([[1.0, 0.0], [0.0, 1.0]], {"unit": ["A", "B"], "indicator": ["x", "y"]})
    >>> weight_ladder(scores, {"x": 60, "y": 40}, "x", steps=[0, 50, 100])["rank"].values.tolist()
    [[2, 1], [1, 1], [1, 2]]
    """
    table = table_of(scores, points)
    chosen = np.linspace(0, table.total, 21) if steps is None else np.asarray(steps, dtype=np.float64)
    weights = ladder_weights(table, indicator, chosen)
    found = ranked(weights @ table.scores, {"step": chosen, "unit": table.units}, table.total)
    found["step"].attrs = {"units": "points", "long_name": "points of the indicator", "long_name_zh": "该项分值"}
    return found.assign_attrs(method="closed form", indicator=indicator)


def ladder_weights(table: Table, indicator: str, steps: Doubles) -> Doubles:
    """Return weights (step, indicator) with one indicator at given points and the others rescaled."""
    place = table.indicator(indicator)
    rest = 1 - table.shares[place]
    problems = []
    if steps.size == 0 or not (np.isfinite(steps).all() and steps.min() >= 0 and steps.max() <= table.total):
        problems.append(Problem("steps", "do not fit", str(steps.tolist())[:80], f"0 to {table.total:g} points"))
    if rest <= TIE:
        problems.append(Problem(indicator, "has all points, so that nothing can be rescaled"))
    refuse("weight_ladder", problems)
    weights = table.shares[None] * ((1 - steps / table.total) / rest)[:, None]
    weights[:, place] = steps / table.total
    return np.asarray(weights)


def leave_one_out(scores: xr.DataArray, points: Points) -> xr.Dataset:
    """Return totals and ranks without each indicator in turn, the others rescaled in proportion.

    Parameters
    ----------
    scores, points : DataArray, mapping
        As for `stability_intervals`.

    Returns
    -------
    Dataset
        ``total`` (in points) and ``rank`` (indicator, unit; 0: no place), ``moved`` (indicator, unit): places gained
        without the indicator; ``mean_move`` (indicator): mean of the places moved, up or down; ``rank_now``,
        ``total_now`` (unit); ``entry`` (indicator, unit): see `with_moves`.

    Examples
    --------
    >>> scores = xr.DataArray([[1.0, 0.0], [0.0, 1.0]], {"unit": ["A", "B"], "indicator": ["x", "y"]})
    >>> leave_one_out(scores, {"x": 60, "y": 40})["rank"].values.tolist()
    [[2, 1], [1, 2]]
    """
    table = table_of(scores, points)
    full = [code for code, share in zip(table.indicators, table.shares, strict=True) if share >= 1 - TIE]
    refuse("leave_one_out", [Problem(code, "has all points, so that nothing is left without it") for code in full])
    weights = np.concatenate([ladder_weights(table, code, np.zeros(1)) for code in table.indicators])
    found = ranked(weights @ table.scores, {"indicator": table.indicators, "unit": table.units}, table.total)
    return with_moves(found, ranked(table.totals, {"unit": table.units}, table.total)).assign_attrs(
        method="closed form"
    )


def with_moves(found: xr.Dataset, now: xr.Dataset) -> xr.Dataset:
    """Add how many places units gain compared with ``now``, who drops out of the ranking or comes in, the mean move.

    Places cannot be counted where a unit has one on one side only (rank 0: none, as where a veto strikes it out):
    ``moved`` is 0 there, ``entry`` says -1 for one that drops out and 1 for one that comes in, and ``mean_move`` is
    over the units that have a place on both sides, not a number where none has. `told_moves` and `entry_words` make of
    it what people read.
    """
    out = found.assign(rank_now=now["rank"], total_now=now["total"])
    before, after = out["rank_now"].variable, out["rank"].variable
    both = (after > 0) & (before > 0)
    moved, count = (before - after).transpose(*after.dims) * both, both.sum("unit")
    mean = np.where(count.values > 0, abs(moved).sum("unit").values / np.maximum(count.values, 1), np.nan)
    out["moved"], out["mean_move"] = moved, (count.dims, mean)
    # a flag, not a number of places, so that nobody counts it
    out["entry"] = (after > 0).astype(np.int8) - (before > 0).astype(np.int8)
    for name in _MOVES:
        out[name].attrs = _attrs(name)
    return out


_MOVES = {
    "moved": ("places", "places gained", "上升名次"),
    "mean_move": ("places", "mean places moved", "平均变动名次"),
    "entry": ("flag", "drops out of the ranking (-1) or comes in (1)", "退出排名（-1）或新进排名（1）"),
}
_ENTRY: Mapping[Language, tuple[str, str, str]] = {
    "en": ("drops out", "", "comes in"),
    "zh": ("退出排名", "", "新进排名"),
}


def told_moves(found: xr.Dataset) -> xr.Dataset:
    """Return what `with_moves` gave with ``moved`` missing wherever places cannot be counted, as files have it."""
    both = (found["rank_now"] > 0) & (found["rank"] > 0)
    return found.assign(moved=found["moved"].where(both.transpose(*found["moved"].dims)).assign_attrs(_attrs("moved")))


def _attrs(name: str) -> dict[str, str]:
    return dict(zip(("units", "long_name", "long_name_zh"), _MOVES[name], strict=True))


def entry_words(found: xr.Dataset, lang: Language) -> xr.DataArray:
    """Return ``entry`` in words: who drops out of the ranking, who comes in; empty for the others.

    Examples
    --------
    >>> [str(word) for word in entry_words(xr.Dataset({"entry": ("unit", [-1, 0, 1])}), "en").values]
    ['drops out', '', 'comes in']
    """
    words = np.array(_ENTRY[lang])[found["entry"].to_numpy() + 1]
    return found["entry"].copy(data=words)
