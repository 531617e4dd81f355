"""Places under many weightings at once (SMAA): how often each unit comes where, ties shared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.scoring.reweighting_kernels import spread
from povsim.sensitivity import weight_kernels as kernels
from povsim.sensitivity.weight_inputs import Doubles, Table, Weightings, table_of, weights_of
from povsim.sensitivity.weight_packed import FEWEST, MOST, count_packed

Whole = npt.NDArray[np.int64]
Work = Callable[[tuple[int, int]], None]
BLOCK = 2048
"""Weightings a thread takes at a time; sums over blocks are added in their order."""


def rank_acceptability(scores: xr.DataArray, weightings: Weightings, *, higher_is_better: bool = True) -> xr.DataArray:
    """Return the share of weightings under which each unit takes each place.

    Exact for the weightings given, ties included: units whose totals lie within 1e-9 of the full score of the next in
    order tie, and share their places equally. Rank acceptability index b of SMAA-2 (Lahdelma and Salminen 2001,
    doi:10.1287/opre.49.3.444.11220).

    Parameters
    ----------
    scores : DataArray
        Item scores (unit, indicator), 0-1. With a dim draw too, weighting k meets draw k modulo the number of draws.
    weightings : array, DataArray or DataFrame
        Weights (weighting, indicator), each row summing to one, in the order of the indicators unless named.
    higher_is_better : bool
        Whether the highest total is first.

    Returns
    -------
    DataArray
        (unit, rank), shares 0-1; rows and columns sum to one.

    Raises
    ------
    InputError
        Scores missing or beyond 0-1, weights that do not fit or do not sum to one.

    Examples
    --------
    >>> scores = xr.DataArray([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], dims=("unit", "indicator"))
    >>> rank_acceptability(scores, [[0.9, 0.1], [0.2, 0.8]]).values
    array([[0.5 , 0.  , 0.5 ],
           [0.25, 0.5 , 0.25],
           [0.25, 0.5 , 0.25]])
    """
    table = table_of(scores)
    weights = weights_of(weightings, table.indicators)
    stack = table.stack if higher_is_better else 1 - table.stack
    single, shared = _counted(stack, weights)
    return acceptability_array(single, shared, len(weights), table.units)


def _counted(stack: Doubles, weights: Doubles) -> tuple[Whole, Whole]:
    units, parts = stack.shape[2], []

    def work(span: tuple[int, int]) -> None:
        single, shared = np.zeros((units, units), np.int32), np.zeros((units + 1, units), np.int64)
        if FEWEST <= units <= MOST:
            count_packed(stack, weights, span, (single, shared))
        else:
            kernels.count_weighted(stack, weights, span, single, shared)
        parts.append((single, shared))

    spread(work, len(weights), None, BLOCK)
    single, shared = (np.stack([part[side] for part in parts]).sum(axis=0, dtype=np.int64) for side in (0, 1))
    return np.asarray(single), np.asarray(shared)


def acceptability_array(single: Whole, shared: Whole, count: int, units: tuple[str, ...]) -> xr.DataArray:
    """Return counts of places as shares of ``count``, with labels."""
    places = single + shared.cumsum(axis=0)[:-1] / kernels.PART
    about = {
        "units": "share",
        "long_name": "share of weightings under which the unit takes the place",
        "long_name_zh": "取得各名次的权重组所占比例",
        "method": "closed form",
        "weightings": count,
    }
    ranks = np.arange(1, len(units) + 1)
    coords = {"unit": ("unit", np.array(units, dtype=str)), "rank": ("rank", ranks)}
    return xr.DataArray(places.T / count, coords, ("unit", "rank"), "rank_acceptability", about)


def acceptability_of(totals: Doubles, units: tuple[str, ...]) -> xr.Dataset:
    """Return the share of rows in which each unit takes each place, from totals already worked out.

    Parameters
    ----------
    totals : array of float64
        (row, unit), full score 1; not a number where a unit is not ranked.
    units : tuple of str
        Names of the units.

    Returns
    -------
    Dataset
        ``rank_acceptability`` (unit, rank) and ``unranked`` (unit): a unit's shares sum to one with the latter.

    Examples
    --------
    >>> found = acceptability_of(np.array([[0.9, 0.9, np.nan], [0.8, 0.7, 0.6]]), ("A", "B", "C"))
    >>> found["rank_acceptability"].values[0].tolist(), found["unranked"].values.tolist()
    ([0.75, 0.25, 0.0], [0.0, 0.0, 0.5])
    """
    count = len(units)
    single, shared = np.zeros((count, count), np.int32), np.zeros((count + 1, count), np.int64)
    unranked = np.zeros(count, np.int64)
    kernels.count_given(np.ascontiguousarray(totals, dtype=np.float64), single, shared, unranked)
    array = acceptability_array(single.astype(np.int64), shared, len(totals), units)
    array.attrs["method"] = "re-evaluated"
    about = {"units": "share", "long_name": "share without a place", "long_name_zh": "不参加排名的比例"}
    return xr.Dataset({"rank_acceptability": array, "unranked": ("unit", unranked / len(totals), about)})


def acceptability_analysis(scores: xr.DataArray, weightings: Weightings, *, pairwise: str = "yes") -> xr.Dataset:
    """Return the measures of SMAA for weightings: places, central weights, confidence, who beats whom.

    Lahdelma and Salminen 2001, doi:10.1287/opre.49.3.444.11220; pairwise winning: Leskinen et al. 2006,
    doi:10.1016/j.ejor.2004.09.047.

    Parameters
    ----------
    scores : DataArray
        Item scores (unit, indicator), 0-1, with or without a dim draw.
    weightings : array, DataArray or DataFrame
        Weights (weighting, indicator), each row summing to one, in the order of the indicators unless named.
    pairwise : {"yes", "no"}
        Whether to count who beats whom: units squared per weighting.

    Returns
    -------
    Dataset
        ``rank_acceptability`` (unit, rank); ``expected_rank`` (unit); ``standard_error`` (unit, rank) of the shares as
        estimates for all weightings of the kind; ``central_weights`` (unit, indicator): mean of the weightings under
        which the unit is first, not a number where it never is; ``confidence`` (unit): share of draws in which it is
        first under these; ``pairwise_winning`` (unit, other): share of weightings under which the unit is ahead, ties
        counting one half.

    Examples
    --------
    >>> scores = xr.DataArray([[1.0, 0.0], [0.0, 1.0]], dims=("unit", "indicator"))
    >>> found = acceptability_analysis(scores, [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    >>> found["central_weights"].values.round(6).tolist(), found["confidence"].values.tolist()
    ([[0.9, 0.1], [0.3, 0.7]], [1.0, 1.0])
    """
    table = table_of(scores)
    weights = weights_of(weightings, table.indicators)
    out = xr.Dataset({"rank_acceptability": rank_acceptability(scores, weightings)})
    shares = out["rank_acceptability"]
    out["expected_rank"] = (shares * shares["rank"]).sum("rank")
    out["standard_error"] = np.sqrt((shares * (1 - shares)).clip(0) / len(weights))
    out = out.assign_coords(indicator=np.array(table.indicators, dtype=str))
    central, confidence = _central(table, weights)
    out["central_weights"] = (("unit", "indicator"), central)
    out["confidence"] = ("unit", confidence)
    if pairwise == "yes":
        out = out.assign_coords(other=np.array(table.units, dtype=str))
        out["pairwise_winning"] = (("unit", "other"), _wins(table, weights))
    for name, (label, label_zh) in _LABELS.items():
        if name in out:
            out[name].attrs = {"units": "place" if name == "expected_rank" else "share"}
            out[name].attrs |= {"long_name": label, "long_name_zh": label_zh}
    return out.assign_attrs(method="closed form", weightings=len(weights))


_LABELS = {
    "expected_rank": ("mean place over the weightings", "平均名次"),
    "standard_error": ("simulation error of the share", "比例的模拟误差"),
    "central_weights": ("mean of the weights under which the unit is first", "居首位时的平均权重"),
    "confidence": ("share of draws in which the unit is first under its central weights", "中心权重下居首位的把握"),
    "pairwise_winning": ("share of weightings under which the unit is ahead of the other", "胜过对方的比例"),
}


def _central(table: Table, weights: Doubles) -> tuple[Doubles, Doubles]:
    units, blocks = len(table.units), -(-len(weights) // BLOCK)
    central, times = np.zeros((blocks, units, weights.shape[1])), np.zeros((blocks, units))

    def work(span: tuple[int, int]) -> None:
        for first in range(span[0], span[1], BLOCK):
            place = first // BLOCK
            inner = (first, min(first + BLOCK, span[1]))
            kernels.sum_first(table.stack, weights, inner, central[place], times[place])

    spread(work, len(weights), None, BLOCK)
    summed, often = central.sum(axis=0), times.sum(axis=0)[:, None]
    mean = np.divide(summed, often, out=np.full_like(summed, np.nan), where=often > 0)
    return mean, np.array([_confidence(table.stack, mean[unit], unit) for unit in range(units)])


def _confidence(stack: Doubles, weights: Doubles, unit: int) -> float:
    if np.isnan(weights).any():
        return 0.0
    totals = np.einsum("i,diu->du", weights, stack)
    ahead = totals >= totals.max(axis=1, keepdims=True) - kernels.TIE
    return float((ahead[:, unit] / ahead.sum(axis=1)).mean())


def _wins(table: Table, weights: Doubles) -> Doubles:
    units, parts = len(table.units), []

    def work(span: tuple[int, int]) -> None:
        part = np.zeros((units, units), np.int64)
        kernels.count_wins(table.stack, weights, span, part)
        parts.append(part)

    spread(work, len(weights), None, BLOCK)
    wins = np.sum(parts, axis=0) / (2 * len(weights))
    np.fill_diagonal(wins, np.nan)
    return np.asarray(wins)
