"""Luck as a factor: indices of a single path of luck, where every point has been run on the same draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from povsim.sensitivity.driver_design import Design, quiet
from povsim.sensitivity.driver_indices import DELTA, RESAMPLES, SIDES, nothing, pawn_errors, pawn_indices, varies

Floats = npt.NDArray[np.float64]
FEWEST_DRAWS = 2


def luck_share(design: Design, results: npt.ArrayLike) -> float:
    """Return the share of the variance of a single path of luck that goes when luck is known.

    Parameters
    ----------
    design : Design
        The points; of Sobol those are used that are independent of each other.
    results : array (point, draw)
        The result on common draws.

    Returns
    -------
    float
        Total index of luck, 0-1: its own part and its part in interactions. Not a number with one draw.

    Examples
    --------
    >>> from povsim.sensitivity.driver_design import make_design
    >>> design = make_design("pawn", 1, points=200)
    >>> round(luck_share(design, design.quantiles + np.arange(20) / 20), 1)
    0.5
    """
    values = design.ordered(results)
    values = values[design.independent] if design.independent.any() else values
    if values.shape[1] < FEWEST_DRAWS or not varies(values):
        return float("nan")
    within, _, whole = _variances(values)
    return within / whole if whole > 0 else float("nan")


def _variances(values: Floats) -> tuple[float, float, float]:
    """Return the variance within points, that of luck alone, and the whole, for points and draws beyond those run.

    With a point's effect f, luck's l and their interaction i: the mean over draws varies with f + i/D over points, the
    mean over points with l + i/P over draws, so all three come apart (two-way components of variance).
    """
    points, draws = values.shape
    within = float(values.var(axis=1, ddof=1).mean())
    over_draws = float(values.mean(axis=0).var(ddof=1))
    alone = min(max((over_draws - within / points) / (1 - 1 / points), 0.0), within)
    over_points = float(values.mean(axis=1).var())
    return within, alone, max(over_points - (within - alone) / draws, 0.0) + within


def indices_with_luck(design: Design, results: npt.ArrayLike) -> dict[str, Floats]:
    """Return the indices of one result with luck as the last factor.

    Every point has been run on every draw, so nothing has to be drawn anew for luck: first-order indices of factors
    pair different draws, total ones the same, and luck's own come from the two-way components of variance. Intervals
    resample base points and draws.

    Parameters
    ----------
    design : Design
        The points.
    results : array (point, draw)
        The result on common draws, two or more.

    Returns
    -------
    dict of str to array (factor + 1,)
        As :func:`povsim.sensitivity.driver_indices.indices`, of a single path of luck. Morris: for luck the mean
        difference between two paths.

    Examples
    --------
    >>> from povsim.sensitivity.driver_design import make_design
    >>> design = make_design("sobol", 1, points=500)
    >>> found = indices_with_luck(design, design.quantiles + np.arange(100) / 100)
    >>> [round(float(share), 1) for share in found["first"]]
    [0.5, 0.5]
    """
    values = design.ordered(results)
    if not varies(values):
        return nothing(design, extra=1)
    with quiet():
        return {"sobol": _sobol, "morris": _morris, "pawn": _pawn}[design.method](design, values)


def _sobol(design: Design, values: Floats) -> dict[str, Floats]:
    blocks = values.reshape(-1, design.step, values.shape[1])

    def of(chosen: Floats) -> Floats:
        return _sobol_once(chosen, design.factors)

    centre, error = _resampled(blocks, of, design.seed)
    found = {"first": centre[0], "first_error": error[0], "total": centre[1], "total_error": error[1]}
    empty = np.full((design.factors, design.factors), np.nan)
    return found | ({"second": empty, "second_error": empty.copy()} if design.second else {})


def _sobol_once(blocks: Floats, factors: int) -> Floats:
    """Return first and total indices (2, factor + 1) of blocks (base point, place, draw)."""
    draws = blocks.shape[2]
    ends = np.concatenate([blocks[:, 0], blocks[:, -1]])
    mean = ends.mean()
    first, last, mixed = blocks[:, 0] - mean, blocks[:, -1] - mean, blocks[:, 1 : factors + 1] - mean
    change = mixed - first[:, None]
    # Pairs of different draws: all pairs less the equal ones, or luck would count into every factor.
    all_pairs = last.sum(axis=1)[:, None] * change.sum(axis=2)
    same = (last[:, None] * change).sum(axis=2)
    own = (all_pairs - same).mean(axis=0) / (draws * (draws - 1))
    total = 0.5 * (change**2).mean(axis=(0, 2))
    within, alone, whole = _variances(ends)
    return np.array([[*own, alone], [*total, within]]) / (whole or np.nan)


def _morris(design: Design, values: Floats) -> dict[str, Floats]:
    steps = np.diff(design.quantiles.reshape(-1, design.step, design.factors), axis=1)
    moved = np.abs(steps).argmax(axis=2)
    signs = np.sign(np.take_along_axis(steps, moved[..., None], axis=2))
    blocks = values.reshape(-1, design.step, values.shape[1])
    found = np.diff(blocks, axis=1) * signs / DELTA
    effects = np.take_along_axis(found, np.argsort(moved, axis=1)[..., None], axis=1)

    def of(chosen: Floats) -> Floats:
        return np.asarray(np.abs(chosen).mean(axis=(0, 2)))

    def apart(chosen: Floats) -> Floats:
        return np.array([_difference(chosen.reshape(-1, chosen.shape[2]))])

    star, star_error = _resampled(effects, of, design.seed)
    luck, luck_error = _resampled(blocks, apart, design.seed)
    within = float(values.var(axis=1, ddof=1).mean())
    return {
        "mu": np.array([*effects.mean(axis=(0, 2)), 0.0]),
        "mu_star": np.concatenate([star, luck]),
        "mu_star_error": np.concatenate([star_error, luck_error]),
        "sigma": np.array([*effects.std(axis=(0, 2), ddof=1), np.sqrt(2 * within)]),
    }


def _difference(values: Floats) -> float:
    """Return the mean absolute difference between two different draws of a point, from sorted values."""
    draws = values.shape[1]
    weights = 2 * np.arange(draws) - draws + 1
    return float((np.sort(values, axis=1) @ weights).mean() * 2 / (draws * (draws - 1)))


def _pawn(design: Design, values: Floats) -> dict[str, Floats]:
    draws = values.shape[1]
    paths = np.tile((np.arange(draws) + 0.5) / draws, len(values))
    factors = np.column_stack([np.repeat(design.quantiles, draws, axis=0), paths])
    centre = pawn_indices(factors, values.ravel())
    rng = np.random.default_rng(design.seed)
    spread = []
    for _ in range(max(RESAMPLES // draws, 20)):
        rows = rng.integers(len(values), size=len(values))
        places = (rows[:, None] * draws + np.arange(draws)).ravel()
        spread.append(pawn_indices(factors[places], values[rows].ravel()))
    return {"median": centre[0], "maximum": centre[1]} | pawn_errors(np.array(spread))


def _resampled(blocks: Floats, of: Callable[[Floats], Floats], seed: int) -> tuple[Floats, Floats]:
    """Return a statistic of blocks (block, place, draw), and half of its interval over blocks and draws."""
    rng = np.random.default_rng(seed)
    count, _, draws = blocks.shape
    spread = []
    for _ in range(RESAMPLES):
        taken = blocks[rng.integers(count, size=count)]
        spread.append(of(taken[:, :, rng.integers(draws, size=draws)]))
    return of(blocks), SIDES * np.nanstd(np.array(spread), axis=0, ddof=1)
