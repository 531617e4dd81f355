"""All that a planner asks about the weights of one scorecard, year and scenario, in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from povsim.sensitivity.weight_cards import (
    Case,
    item_scores,
    rescored,
    rescored_acceptability,
    rescored_intervals,
    rescored_leave_one_out,
)
from povsim.sensitivity.weight_draws import CONCENTRATION, weightings
from povsim.sensitivity.weight_extremes import attainable_ranks
from povsim.sensitivity.weight_inputs import refuse, top_problems
from povsim.sensitivity.weight_intervals import stability_intervals
from povsim.sensitivity.weight_moves import fewest_points_to_swap, leave_one_out, ranks_of
from povsim.sensitivity.weight_ranks import acceptability_analysis, acceptability_of

FEW = 300
"""Most weightings where each has to be scored again."""
MOST_UNITS = 60
"""Units up to which best and worst places are worked out; more take minutes."""
HALF = 0.5
"""How far each item's points may move, as a share of them, where weights near the scheme are meant."""
BESIDE = 2
"""Units on each side of the edge that are compared with each other."""


@dataclass(frozen=True, eq=False)
class Report:
    """Answers about weights.

    Attributes
    ----------
    case : Case
        What was looked at.
    top : int
        How many places count as the first.
    units : Dataset
        By unit: ``points``, ``rank`` (mean over draws), ``top_luck``, ``top_near``, ``top_any``, ``top_both`` (shares
        among the first: over draws under the scheme; over weights near it and any weights by mean scores; over weights
        near it and draws), and, where worked out, best and worst places.
    near, any_weights, both : Dataset
        Places under weights near the scheme, under any, and near it with the luck of draws.
    items : Dataset
        Intervals of points within which the first stay.
    left_out : Dataset
        Ranks without each item.
    swaps : DataFrame
        Fewest points to move for neighbours at the edge; empty where that takes a closed form that does not hold.
    """

    case: Case
    top: int
    units: xr.Dataset
    near: xr.Dataset
    any_weights: xr.Dataset
    both: xr.Dataset
    items: xr.Dataset
    left_out: xr.Dataset
    swaps: pd.DataFrame


def analyse(case: Case, *, top: int, count: int = 10_000, seed: int = 0) -> Report:
    """Answer everything for a case.

    Parameters
    ----------
    case : Case
        As ``case_of`` returns it.
    top : int
        How many places count as the first; at most the number of units.
    count : int
        Random weightings of each kind; at most 300 where each has to be scored again.
    seed : int
        Address of their luck.

    Returns
    -------
    Report
        Its Datasets say in their attributes how they were found.

    Raises
    ------
    InputError
        ``top`` that is no whole number from 1 to the number of units.
    """
    refuse(case.card.code, top_problems(top, len(case.units)))
    return _rescored(case, top, min(count, FEW), seed) if case.reasons else _closed(case, top, count, seed)


def points_in_use(case: Case) -> Mapping[str, float]:
    """Return points by item."""
    return dict(case.scheme.points)


def bounds_near(case: Case) -> dict[str, tuple[float, float]]:
    """Return each item's points, a half less to a half more."""
    return {code: ((1 - HALF) * points, (1 + HALF) * points) for code, points in case.scheme.points.items()}


def _closed(case: Case, top: int, count: int, seed: int) -> Report:
    scores, points = item_scores(case), points_in_use(case)
    mean = scores.mean("draw")
    around = weightings(points, count=count, seed=seed, kind="dirichlet", concentration=CONCENTRATION)
    flat = weightings(points, count=count, seed=seed)
    near, any_weights = acceptability_analysis(mean, around), acceptability_analysis(mean, flat)
    both = acceptability_analysis(scores, around)
    shares = np.array(list(points.values())) / case.card.total_points
    luck = acceptability_of(np.round(scores.to_numpy() @ shares, 9), case.units)
    units = _units(case, top, mean.to_numpy() @ shares, {"luck": luck, "near": near, "any": any_weights, "both": both})
    if len(case.units) <= MOST_UNITS:
        for name, bounds in (("near", bounds_near(case)), ("any", None)):
            found = attainable_ranks(mean, points, bounds=bounds)
            units = units.merge(found.rename({code: f"{code}_{name}" for code in found.data_vars}))
    return Report(
        case,
        top,
        units.assign_attrs(case.about),
        near,
        any_weights,
        both,
        stability_intervals(mean, points, top=top).assign_attrs(case.about),
        leave_one_out(mean, points).assign_attrs(case.about),
        edge_swaps(mean, points, top),
    )


def _rescored(case: Case, top: int, count: int, seed: int) -> Report:
    points = points_in_use(case)
    around = weightings(points, count=count, seed=seed, kind="dirichlet").to_numpy()
    flat = weightings(points, count=count, seed=seed).to_numpy()
    around, flat = (kept_fixed(case, rows) for rows in (around, flat))
    own = rescored(case, case.scheme.array()[None] / case.card.total_points)[0]
    near, any_weights = rescored_acceptability(case, around), rescored_acceptability(case, flat)
    found = {"luck": acceptability_of(own, case.units), "near": near, "any": any_weights, "both": near}
    mean = np.where(np.isnan(own).mean(axis=0) > 0.5, np.nan, np.nan_to_num(own).mean(axis=0))
    units = _units(case, top, mean, found).assign_attrs(case.about)
    left_out, items = rescored_leave_one_out(case), rescored_intervals(case, top=top)
    return Report(case, top, units, near, any_weights, near, items, left_out, pd.DataFrame())


def kept_fixed(case: Case, weights: np.ndarray) -> np.ndarray:
    """Return weightings in which locked items, fixed mixes and items without points keep what they must."""
    now = case.scheme.array() / case.card.total_points
    codes = list(case.scheme.codes)
    rows = weights.copy()
    for _, parts in case.scheme.mixes:
        places = [codes.index(code) for code, _ in parts]
        rows[:, places] = rows[:, places].sum(axis=1, keepdims=True) * np.array([share for _, share in parts])
    held = np.array([line.locked for line in case.scheme.lines]) | (now == 0)
    rows[:, held] = now[held]
    free = rows[:, ~held].sum(axis=1, keepdims=True)
    rows[:, ~held] *= (1 - now[held].sum()) / free
    return rows


def _units(case: Case, top: int, totals: np.ndarray, found: Mapping[str, xr.Dataset]) -> xr.Dataset:
    data = {"points": totals * case.card.total_points, "rank": ranks_of(totals)}
    for name, one in found.items():
        data[f"top_{name}"] = one["rank_acceptability"].to_numpy()[:, :top].sum(axis=1)
    units = np.array(case.units, dtype=str)
    out = xr.Dataset({name: ("unit", column) for name, column in data.items()}, {"unit": units})
    for name in data:
        unit, label, label_zh = _LABELS[name]
        out[name].attrs = {"units": unit, "long_name": label, "long_name_zh": label_zh}
    return out


_LABELS = {
    "points": ("points", "points, mean over draws", "平均得分"),
    "rank": ("place", "rank by mean points (0: not ranked)", "按平均得分的名次"),
    "top_luck": ("share", "share of draws among the first, points as they are", "现行权重下进入前几名的模拟占比"),
    "top_near": ("share", "share of weightings near the scheme among the first", "相近权重下进入前几名的占比"),
    "top_any": ("share", "share of any weightings among the first", "任意权重下进入前几名的占比"),
    "top_both": (
        "share",
        "share among the first over weightings near the scheme and draws",
        "相近权重与模拟一起的占比",
    ),
}


def edge_swaps(mean: xr.DataArray, points: Mapping[str, float], top: int) -> pd.DataFrame:
    """Return the fewest points to move for units just below the edge to draw level with those just above it."""
    shares = np.array([points[str(code)] for code in mean["indicator"].to_numpy()])
    totals = mean.transpose("unit", "indicator").to_numpy() @ shares
    order = [str(mean["unit"].to_numpy()[place]) for place in np.argsort(-totals, kind="stable")]
    rows = []
    for ahead in order[max(0, top - BESIDE) : top]:
        for behind in order[top : top + BESIDE]:
            found = fewest_points_to_swap(mean, points, ahead, behind)
            moves = [
                (str(giver), str(taker), float(amount))
                for giver, taker, amount in zip(
                    found["giver"].values, found["taker"].values, found["amount"].values, strict=True
                )
            ]
            row = {"ahead": ahead, "behind": behind, "gap": float(found["gap"]), "moved": float(found["moved"])}
            rows.append(row | {"possible": bool(found["possible"]), "moves": moves})
    return pd.DataFrame(rows, columns=["ahead", "behind", "gap", "moved", "possible", "moves"])
