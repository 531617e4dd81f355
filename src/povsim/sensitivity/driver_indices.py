"""Sensitivity indices of one result: Sobol, Morris and PAWN through SALib, with intervals from resampling."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from povsim.sensitivity.driver_design import LEVELS, Design, quiet

Floats = npt.NDArray[np.float64]
RESAMPLES = 200
SIDES = 1.959963984540054
"""Standard errors on each side of a 95 % interval."""
SLIDES = 10
"""Slices of a factor's range in PAWN, as SALib takes them."""
DELTA = LEVELS / (2 * (LEVELS - 1))
"""Step of Morris on the unit scale."""
NAMES = {
    "sobol": ("first", "first_error", "total", "total_error"),
    "morris": ("mu", "mu_star", "mu_star_error", "sigma"),
    "pawn": ("median", "median_error", "maximum", "maximum_error"),
    "tornado": ("swing", "swing_error", "low", "high"),
}
"""Indices by method; an ``_error`` is half of the 95 % interval. Sobol can have ``second`` and ``second_error``."""
RANKED = {"sobol": "total", "morris": "mu_star", "pawn": "median", "tornado": "swing"}
"""The index that orders the factors."""


def indices(design: Design, results: npt.ArrayLike) -> dict[str, Floats]:
    """Return the indices of one result.

    Parameters
    ----------
    design : Design
        The points, as `make_design` returns them.
    results : array (point,)
        The result at each point; in any order where labels tell the numbers of the points.

    Returns
    -------
    dict of str to array (factor,)
        As :data:`NAMES`; second-order indices (factor, factor), upper triangle. Not a number where the result is
        missing at a point, or the same at all of them: nothing drives what does not vary. Sobol in shares of the
        variance, Morris in units of the result over the middle 95 % of a factor, PAWN in distances 0-1.

    Examples
    --------
    >>> from povsim.sensitivity.driver_design import make_design
    >>> design = make_design("sobol", 2, points=1000)
    >>> found = indices(design, 3 * design.quantiles[:, 0] + design.quantiles[:, 1])
    >>> [round(float(share), 2) for share in found["total"]]
    [0.9, 0.1]
    """
    values = design.ordered(results)
    if not varies(values):
        return nothing(design)
    with quiet():
        return {"sobol": _sobol, "morris": _morris, "pawn": _pawn}[design.method](design, values)


def varies(values: Floats) -> bool:
    """Tell whether a result is there at every point, and not the same but for rounding."""
    if not np.isfinite(values).all():
        return False
    return bool(np.ptp(values) > 1e-12 * np.abs(values).max(initial=0.0))


def nothing(design: Design, extra: int = 0) -> dict[str, Floats]:
    """Return indices that say nothing."""
    count = design.factors + extra
    found = {name: np.full(count, np.nan) for name in NAMES[design.method]}
    if design.second:
        found |= {name: np.full((design.factors, design.factors), np.nan) for name in ("second", "second_error")}
    return found


def _sobol(design: Design, values: Floats) -> dict[str, Floats]:
    from SALib.analyze import sobol  # type: ignore[import-untyped]

    # SALib takes a seed of 0 for none.
    found = sobol.analyze(
        design.problem(), values, calc_second_order=design.second, num_resamples=RESAMPLES, seed=design.seed + 1
    )
    names = {"first": "S1", "first_error": "S1_conf", "total": "ST", "total_error": "ST_conf"}
    names |= {"second": "S2", "second_error": "S2_conf"} if design.second else {}
    return {name: np.array(found[key], dtype=np.float64) for name, key in names.items()}


def _morris(design: Design, values: Floats) -> dict[str, Floats]:
    from SALib.analyze import morris

    found = morris.analyze(
        design.problem(),
        np.ascontiguousarray(design.quantiles),
        values,
        num_resamples=RESAMPLES,
        num_levels=LEVELS,
        seed=design.seed,
    )
    names = {"mu": "mu", "mu_star": "mu_star", "mu_star_error": "mu_star_conf", "sigma": "sigma"}
    return {name: np.asarray(found[key], dtype=np.float64) for name, key in names.items()}


def _pawn(design: Design, values: Floats) -> dict[str, Floats]:
    from SALib.analyze import pawn

    found = pawn.analyze(design.problem(), design.quantiles, values, S=SLIDES)
    centre = {name: np.asarray(found[name], dtype=np.float64) for name in ("median", "maximum")}
    rng = np.random.default_rng(design.seed)
    count = len(values)
    spread = []
    for _ in range(RESAMPLES):
        rows = rng.integers(count, size=count)
        spread.append(pawn_indices(design.quantiles[rows], values[rows]))
    return centre | pawn_errors(np.array(spread))


def pawn_errors(spread: Floats) -> dict[str, Floats]:
    """Return half intervals from resampled indices (resample, median or maximum, factor)."""
    errors = SIDES * spread.std(axis=0, ddof=1)
    return {"median_error": errors[0], "maximum_error": errors[1]}


def pawn_indices(factors: Floats, values: Floats) -> Floats:
    """Return median and maximum over the slices of each factor, the same as SALib's but some hundred times faster.

    Parameters
    ----------
    factors : array (point, factor)
        Any scale.
    values : array (point,)
        The result.

    Returns
    -------
    array (2, factor)
        Median and maximum of the Kolmogorov-Smirnov distances between slices and the whole.
    """
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    last = np.searchsorted(ranked, ranked, side="right") - 1
    whole = (last + 1) / ranked.size
    edges = np.nanquantile(factors, np.arange(0, 1 + 1 / SLIDES, 1 / SLIDES), axis=0)
    found = np.empty((2, factors.shape[1]))
    for place in range(factors.shape[1]):
        column = factors[order, place]
        within = (column >= edges[:-1, place, None]) & (column < edges[1:, place, None])
        below = np.cumsum(within, axis=1)
        filled = below[:, -1] > 0
        shares = below[filled][:, last] / below[filled, -1:]
        distances = np.abs(shares - whole).max(axis=1)
        found[:, place] = np.median(distances), distances.max()
    return found


def pawn_noise(design: Design, results: npt.ArrayLike) -> float:
    """Return the median index that a factor without any influence would reach by chance (95 % quantile).

    Parameters
    ----------
    design : Design
        Points of PAWN.
    results : array (point,) or (point, draw)
        The result; all draws of a point share the value of a factor.

    Returns
    -------
    float
        Distance, 0-1.
    """
    values = design.ordered(results).reshape(len(design.quantiles), -1)
    if not varies(values):
        return float("nan")
    rng = np.random.default_rng(design.seed)
    found = []
    for _ in range(max(RESAMPLES // values.shape[1], 40)):
        dummy = np.repeat(rng.permutation(len(values)), values.shape[1]).astype(np.float64)
        found.append(pawn_indices(dummy[:, None], values.ravel())[0, 0])
    return float(np.quantile(found, 0.95))
