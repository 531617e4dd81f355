"""How far totals spread over the draws, and which part of the spread comes from values of which origin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.scoring.cells import ORIGINS as EVERY_ORIGIN

ORIGINS = EVERY_ORIGIN[:-1]
"""Origins of values, in the order of the codes of ``value_source``; what comes from nowhere does not spread."""
JOINT = "joint"
"""What the origins do not explain each on their own: that they move together, caps and floors of groups."""

_CELLS = ("scenario", "scheme", "draw", "year", "unit")


def spread_by_origin(scores: xr.Dataset) -> xr.Dataset:
    """Split the variance of the total before vetoes over the draws by the origin of the values.

    Parameters
    ----------
    scores : Dataset
        ``points`` (scenario, scheme, draw, year, unit, indicator), ``total_before_vetoes`` (..., unit), and the origin
        of the values: ``value_source`` (year, unit, indicator) of codes where there is one, else ``value_origin``
        (indicator) of names.

    Returns
    -------
    Dataset
        Dims (scenario, scheme, year, unit, origin), origins ``simulated``, ``entered``, ``assumed``, ``scorecard`` and
        ``joint``: ``variance`` (points squared) of the subtotal of each origin, and for ``joint`` the rest of the
        variance of the total, which may be negative; ``sd`` (points; NaN for ``joint``); ``share`` of the variance of
        the total (NaN where it does not vary); ``total_sd`` (..., unit) and ``total_mean``. Draws are equally likely:
        the variance is that of the draws themselves. NaN where a draw has no total.

    Raises
    ------
    InputError
        Points, totals or origins are missing.

    Examples
    --------
    >>> points = np.array([[1.0, 10.0], [3.0, 10.0]], dtype=np.float32).reshape(1, 1, 2, 1, 1, 2)
    >>> scores = xr.Dataset(
    ...     {"points": ((*_CELLS, "indicator"), points), "total_before_vetoes": (_CELLS, points.sum(axis=-1)),
    ...      "value_origin": ("indicator", ["simulated", "entered"])})
    >>> spread_by_origin(scores)["variance"].values.ravel().tolist()
    [1.0, 0.0, 0.0, 0.0, 0.0]
    """
    problems = list(_slips(scores))
    if problems:
        raise InputError("scores", problems)
    total = scores["total_before_vetoes"].transpose(*_CELLS).to_numpy().astype(np.float64)
    points = scores["points"].transpose(*_CELLS, "indicator").to_numpy()
    codes = _codes(scores)
    known = [_variance(_subtotal(points, codes == place)) for place in range(len(ORIGINS))]
    whole = _variance(total)
    parts = np.stack([*known, whole - np.sum(known, axis=0)], axis=-1)
    parts[np.isnan(whole)] = np.nan
    sd = np.sqrt(parts[..., :-1])
    share = np.divide(parts, whole[..., None], out=np.full_like(parts, np.nan), where=whole[..., None] > 0)
    cells = tuple(dim for dim in _CELLS if dim != "draw")
    dims = (*cells, "origin")
    kept = {name: scores.coords[name] for name in cells if name in scores.coords}
    return xr.Dataset(
        {
            "variance": (dims, parts, {"units": "points squared"}),
            "sd": (dims, np.concatenate([sd, np.full((*sd.shape[:-1], 1), np.nan)], axis=-1), {"units": "points"}),
            "share": (dims, share, {"units": "share"}),
            "total_sd": (cells, np.sqrt(whole), {"units": "points"}),
            "total_mean": (cells, total.mean(axis=2), {"units": "points"}),
        },
        coords={**kept, "origin": [*ORIGINS, JOINT]},
    )


def _slips(scores: xr.Dataset) -> Iterator[Problem]:
    for name in ("points", "total_before_vetoes"):
        if name not in scores:
            yield Problem(f"scores.{name}", "is missing")
    if "value_source" not in scores and "value_origin" not in scores:
        yield Problem("scores.value_origin", "is missing", allowed="value_source or value_origin")


def _codes(scores: xr.Dataset) -> npt.NDArray[np.int64]:
    """Return the origin of the values by place in ORIGINS, (year, unit, indicator) or sizes of one; -1 elsewhere."""
    if "value_source" in scores:
        return scores["value_source"].transpose("year", "unit", "indicator").to_numpy().astype(np.int64)
    names = [str(name) for name in scores["value_origin"].values]
    return np.array([[[ORIGINS.index(name) if name in ORIGINS else -1 for name in names]]], dtype=np.int64)


def _subtotal(points: npt.NDArray[np.floating], chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Sum the points of the chosen items; items left out of a total that is known count nothing."""
    out = np.zeros(points.shape[:-1])
    for item in range(points.shape[-1]):
        if chosen[..., item].any():
            out += np.where(chosen[..., item], np.nan_to_num(points[..., item]), np.float32(0))
    return out


def _variance(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # from the first draw: what never varies then has no variance at all, instead of one by rounding
    return np.asarray((values - values[:, :, :1]).var(axis=2))
