"""Random weightings: any at all, around a scheme, within bounds, in an order of importance; addressed by number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.optimize import linprog

from povsim.draws import decision_key
from povsim.errors import Problem, nearest
from povsim.sensitivity.weight_inputs import Doubles, Points, points_of, refuse
from povsim.sensitivity.weight_walk import walked

Kind = Literal["uniform", "dirichlet"]
KINDS = ("uniform", "dirichlet")
BLOCK = 1024
"""Weightings drawn together: number k is the same however many are asked for."""
PILOT, RAREST = 4096, 0.01
"""Proposals tried first, and the share of them that must fit, for proposals to be drawn until enough fit."""
CONCENTRATION = 100.0


@dataclass(frozen=True, eq=False)
class Limits:
    """What weights must fulfil; positions are those of the indicators.

    Attributes
    ----------
    low, high : array of float64
        Least and most weight of each indicator, 0-1.
    chains : tuple of tuple of int
        Indicators in falling importance, each chain on its own.
    """

    low: Doubles
    high: Doubles
    chains: tuple[tuple[int, ...], ...] = ()

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs (more, less) that chains demand."""
        return tuple(pair for chain in self.chains for pair in pairwise(chain))

    def fit(self, weights: Doubles) -> npt.NDArray[np.bool_]:
        """Tell which weightings fulfil everything."""
        good = (weights >= self.low - 1e-12).all(axis=1) & (weights <= self.high + 1e-12).all(axis=1)
        for more, less in self.pairs:
            good &= weights[:, more] >= weights[:, less] - 1e-12
        return np.asarray(good)


def weightings(  # noqa: PLR0913  (bounds and order are two ways to limit weights)
    points: Points,
    *,
    count: int,
    seed: int = 0,
    kind: Kind = "uniform",
    concentration: float = CONCENTRATION,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    order: Sequence[Sequence[str]] = (),
) -> xr.DataArray:
    """Return random weightings, each summing to one; number k depends on the seed and k alone.

    Parameters
    ----------
    points : mapping, Series or DataArray
        Points by indicator: the centre for ``dirichlet``, and what bounds are in.
    count : int
        How many.
    seed : int
        Address of the luck.
    kind : {"uniform", "dirichlet"}
        All weightings alike (flat Dirichlet), or a Dirichlet whose mean are the points. Then a weight w has the
        standard deviation sqrt(w (1 - w) / (concentration + 1)), and one of no points keeps none.
    concentration : float
        How close to the points; above 0.
    bounds : mapping of str to (low, high), optional
        Least and most points, as many in all as ``points``; for indicators not named, none.
    order : sequence of sequences of str, optional
        Indicators in falling importance; several orders may be given that share no indicator.

    Returns
    -------
    DataArray
        (weighting, indicator). Attribute ``method``: ``exact`` (independent draws), or, where bounds leave so little
        that proposals hardly ever fit, ``random walk``: each number its own walk of pairwise exchanges from the middle,
        long enough to forget its start, as tests of the means show, but not exactly independent of it.

    Raises
    ------
    InputError
        Unknown indicators, bounds or orders that no weighting fulfils, counts or concentrations that do not fit.

    Examples
    --------
    >>> found = weightings({"a": 60, "b": 40}, count=3, kind="dirichlet", concentration=1e6)
    >>> found.round(2).values.tolist()
    [[0.6, 0.4], [0.6, 0.4], [0.6, 0.4]]
    >>> bool((weightings({"a": 60, "b": 40}, count=9, order=[["b", "a"]]).diff("indicator") >= 0).all())
    True
    """
    codes = _codes(points)
    given = points_of(points, codes)
    limits = limits_of(points, bounds, order)
    _check(count, kind, concentration)
    alpha = np.ones(len(codes)) if kind == "uniform" else concentration * given / given.sum()
    key = decision_key(seed, f"weightings {kind} {alpha.tolist()}")
    plan = (limits, alpha, key)
    free = not limits.pairs and (limits.low <= 0).all() and (limits.high >= 1).all()
    walks = not free and not _fits_often(plan, kind)
    if walks and kind == "dirichlet":
        mend = "use kind uniform, wider bounds or a higher concentration"
        refuse("weightings", [Problem("bounds", "leave almost nothing of this distribution", mend=mend)])
    rows = walked(limits, start_of(limits), count, key) if walks else _drawn(plan, count, kind)
    about = {"units": "share", "long_name": "weight", "long_name_zh": "权重", "seed": seed, "kind": kind}
    about |= {"method": "random walk" if walks else "exact"}
    return xr.DataArray(rows, {"indicator": np.array(codes, dtype=str)}, ("weighting", "indicator"), "weight", about)


def _codes(points: Points) -> tuple[str, ...]:
    if isinstance(points, xr.DataArray):
        return tuple(str(code) for code in points["indicator"].to_numpy())
    return tuple(str(code) for code in points.keys())  # noqa: SIM118  (a Series iterates over its values)


def _check(count: int, kind: str, concentration: float) -> None:
    problems = []
    if count < 1:
        problems.append(Problem("count", "does not fit", str(count), "1 or more"))
    if kind not in KINDS:
        problems.append(Problem("kind", "unknown", repr(kind), ", ".join(KINDS), nearest(str(kind), KINDS)))
    if not (np.isfinite(concentration) and concentration > 0):
        problems.append(Problem("concentration", "does not fit", f"{concentration:g}", "above 0"))
    refuse("weightings", problems)


def limits_of(
    points: Points, bounds: Mapping[str, tuple[float, float]] | None, order: Sequence[Sequence[str]]
) -> Limits:
    """Return bounds (in points) and orders as limits on weights, after making sure that some weighting fulfils them."""
    codes, bounds = _codes(points), bounds or {}
    total = float(points_of(points, codes).sum())
    refuse("weightings", list(_limit_slips(codes, bounds, order)))
    low, high = np.zeros(len(codes)), np.ones(len(codes))
    for code, (least, most) in bounds.items():
        low[codes.index(code)], high[codes.index(code)] = least / total, min(most / total, 1.0)
    limits = Limits(low, high, tuple(tuple(codes.index(code) for code in chain) for chain in order))
    start_of(limits)
    return limits


def _limit_slips(
    codes: Sequence[str], bounds: Mapping[str, tuple[float, float]], order: Sequence[Sequence[str]]
) -> Iterator[Problem]:
    named = [code for chain in order for code in chain]
    for code in (*bounds, *named):
        if code not in codes:
            yield Problem(str(code), "unknown indicator", mend=nearest(str(code), codes))
    for code in sorted({code for code in named if named.count(code) > 1}):
        yield Problem(code, "stands in the orders twice")
    for code, (least, most) in bounds.items():
        if not 0 <= least <= most:
            yield Problem(f"bounds.{code}", "do not fit", f"{least:g} to {most:g}", "0 up, low before high")


def start_of(limits: Limits) -> Doubles:
    """Return a weighting as far inside the limits as any, by a linear programme; refuse where there is none."""
    count = len(limits.low)
    rows = [[-1.0 if place == less else 1.0 if place == more else 0.0 for place in range(count)]
            for more, less in limits.pairs]  # fmt: skip
    sides = [*(-np.eye(count)), *np.eye(count), *(-np.array(rows) if rows else ())]
    edges = [*(-limits.low), *limits.high, *([0.0] * len(rows))]
    matrix = np.column_stack([np.array(sides), np.ones(len(sides))])
    goal = np.r_[np.zeros(count), -1.0]
    total = np.r_[np.ones(count), 0.0][None]
    found = linprog(goal, A_ub=matrix, b_ub=edges, A_eq=total, b_eq=[1.0], bounds=[(0, 1)] * count + [(None, 1)])
    if found.status != 0 or found.x[-1] < -1e-9:
        what = "no weighting fulfils them"
        found_text = f"least points sum to {limits.low.sum():.4g}, most to {limits.high.sum():.4g} of 1"
        refuse("weightings", [Problem("bounds and order", what, found_text, mend="widen the bounds")])
    return np.asarray(found.x[:-1])


Plan = tuple[Limits, Doubles, npt.NDArray[np.uint32]]


def _proposals(plan: Plan, kind: str, block: int, trial: int, rows: int = BLOCK) -> Doubles:
    """Return weightings of the distribution without upper bounds, and without orders where there are lower bounds."""
    limits, alpha, key = plan
    address = np.random.Philox(key=int(key[0]) | int(key[1]) << 32, counter=[0, 0, trial, block])
    draws = np.random.Generator(address).standard_gamma(alpha, (rows, len(alpha)))
    # with very small shapes all may underflow; the largest then takes all
    total = draws.sum(axis=1, keepdims=True)
    draws = np.divide(draws, total, out=np.full_like(draws, 1 / len(alpha)), where=total > 0)
    if kind == "dirichlet":
        return np.asarray(draws)
    if not limits.pairs:
        return np.asarray(limits.low + (1 - limits.low.sum()) * draws)
    # all orders are alike to a flat distribution, so sorting draws from the right one exactly
    for chain in limits.chains:
        draws[:, chain] = -np.sort(-draws[:, chain], axis=1)
    return np.asarray(draws)


def _fits_often(plan: Plan, kind: str) -> bool:
    return float(plan[0].fit(_proposals(plan, kind, 0, 2**32, PILOT)).mean()) >= RAREST


def _drawn(plan: Plan, count: int, kind: str) -> Doubles:
    blocks = []
    for block in range(-(-count // BLOCK)):
        kept: list[Doubles] = []
        trial = 0
        while sum(len(rows) for rows in kept) < BLOCK:
            rows = _proposals(plan, kind, block, trial)
            kept.append(rows[plan[0].fit(rows)])
            trial += 1
        blocks.append(np.concatenate(kept)[:BLOCK])
    return np.ascontiguousarray(np.concatenate(blocks)[:count])
