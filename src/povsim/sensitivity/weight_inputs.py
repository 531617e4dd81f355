"""What the questions about weights take in: item scores, points, weightings; checked all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.sensitivity.matching import matched

Doubles = npt.NDArray[np.float64]
Points = Mapping[str, float] | pd.Series | xr.DataArray
Weightings = npt.ArrayLike | xr.DataArray | pd.DataFrame
SLACK = 1e-6
"""How far from 0, 1 or their sum figures in single precision may fall."""


@dataclass(frozen=True, eq=False)
class Table:
    """Item scores in a fixed order.

    Attributes
    ----------
    stack : array of float64
        (draw, indicator, unit), 0-1.
    units, indicators : tuple of str
        Their codes.
    shares : array of float64
        (indicator,) points over their sum; empty where none were given.
    total : float
        Sum of the points.
    """

    stack: Doubles
    units: tuple[str, ...]
    indicators: tuple[str, ...]
    shares: Doubles
    total: float = 1.0

    @cached_property
    def scores(self) -> Doubles:
        """Item scores (indicator, unit), mean over draws."""
        return np.asarray(self.stack.mean(axis=0))

    @cached_property
    def totals(self) -> Doubles:
        """Totals (unit,), full score 1, under the points, of the mean over draws."""
        return np.asarray(self.shares @ self.scores)

    def unit(self, name: str) -> int:
        """Return a unit's position, or refuse with the nearest name."""
        if name not in self.units:
            raise InputError("units", [Problem(name, "unknown unit", mend=nearest(name, self.units))])
        return self.units.index(name)

    def indicator(self, name: str) -> int:
        """Return an indicator's position, or refuse with the nearest name."""
        if name not in self.indicators:
            raise InputError("indicators", [Problem(name, "unknown indicator", mend=nearest(name, self.indicators))])
        return self.indicators.index(name)


def refuse(source: str, problems: Sequence[Problem]) -> None:
    """Raise what is wrong, if anything is."""
    if problems:
        raise InputError(source, list(problems))


def table_of(scores: xr.DataArray, points: Points | None = None) -> Table:
    """Return scores and points in a fixed order.

    Parameters
    ----------
    scores : DataArray
        (unit, indicator), with or without a dim draw; 0-1.
    points : mapping, Series or DataArray, optional
        Points by indicator.

    Raises
    ------
    InputError
        Other dims, scores that are missing or beyond 0-1, points that do not fit the indicators.
    """
    refuse("scores", _score_slips(scores))
    full = scores if "draw" in scores.dims else scores.expand_dims("draw")
    stack = np.ascontiguousarray(full.transpose("draw", "indicator", "unit").to_numpy(), dtype=np.float64)
    units, indicators = _names(scores, "unit"), _names(scores, "indicator")
    if points is None:
        return Table(stack, units, indicators, np.empty(0))
    given = points_of(points, indicators)
    return Table(stack, units, indicators, given / given.sum(), float(given.sum()))


def _names(scores: xr.DataArray, dim: str) -> tuple[str, ...]:
    if dim not in scores.coords:
        return tuple(str(place) for place in range(scores.sizes[dim]))
    return tuple(str(name) for name in scores[dim].to_numpy())


def _score_slips(scores: xr.DataArray) -> list[Problem]:
    if set(scores.dims) not in ({"unit", "indicator"}, {"draw", "unit", "indicator"}):
        return [Problem("dims", "do not fit", ", ".join(map(str, scores.dims)), "unit, indicator (and draw)")]
    if not scores.size:
        return [Problem("scores", "are empty", str(dict(scores.sizes)), "at least one unit and one indicator")]
    problems = []
    for dim in ("unit", "indicator"):
        names = _names(scores, dim)
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            problems.append(Problem(dim, "named twice", ", ".join(twice[:5])))
    values = scores.to_numpy()
    if values.dtype.kind not in "fiub":
        return [*problems, Problem("scores", "are no numbers", str(values.dtype))]
    missing, beyond = np.isnan(values), (values < -SLACK) | (values > 1 + SLACK)
    if missing.any():
        mend = "fill or leave out the items and units concerned first"
        problems.append(Problem("scores", "missing", f"{int(missing.sum())} of {values.size}", mend=mend))
    if beyond.any():
        mend = "divide points by the item's full points"
        problems.append(Problem("scores", "beyond the range", f"{values[beyond].flat[0]:g}", "0 to 1", mend))
    return problems


def points_of(points: Points, indicators: Sequence[str]) -> Doubles:
    """Return points in the order of the indicators.

    Raises
    ------
    InputError
        Unknown or missing indicators, points that are negative or no numbers, nothing to weigh.
    """
    if isinstance(points, xr.DataArray):
        if points.dims != ("indicator",):
            found = ", ".join(map(str, points.dims))
            refuse("points", [Problem("dims", "do not fit", found, "indicator")])
        pairs = [
            (str(code), float(value)) for code, value in zip(_names(points, "indicator"), points.values, strict=True)
        ]
    else:
        pairs = [(str(code), float(value)) for code, value in points.items()]
    named = dict(pairs)
    codes = [code for code, _ in pairs]
    refuse("points", [Problem(code, "has points twice") for code in named if codes.count(code) > 1])
    problems = [
        Problem(code, "unknown indicator", mend=nearest(code, indicators)) for code in named if code not in indicators
    ]
    problems += [Problem(code, "has no points") for code in indicators if code not in named]
    for code, value in named.items():
        if not (np.isfinite(value) and value >= 0):
            problems.append(Problem(code, "points do not fit", f"{value:g}", "0 or more"))
    if not problems and sum(named.values()) <= 0:
        problems.append(Problem("points", "are all 0"))
    refuse("points", problems)
    return np.array([named[code] for code in indicators])


def weights_of(weightings: Weightings, indicators: Sequence[str]) -> Doubles:
    """Return weightings (weighting, indicator) in the order of the indicators, which labels tell where there are any.

    Raises
    ------
    InputError
        Another shape, unknown or missing indicators or such that are there twice, weights below 0 or no numbers, rows
        that do not sum to one.
    """
    if isinstance(weightings, xr.DataArray):
        weightings = _transposed(weightings)
    weightings = matched(weightings, "indicator", pd.Index(indicators), ("weightings", "weightings"), axis=1)
    weights = np.ascontiguousarray(weightings, dtype=np.float64)
    if weights.ndim != 2 or weights.shape[1] != len(indicators) or not len(weights):
        allowed = f"one or more rows of {len(indicators)} weights"
        refuse("weightings", [Problem("shape", "does not fit", str(weights.shape), allowed)])
    problems = []
    if not np.isfinite(weights).all() or weights.min() < -SLACK:
        problems.append(Problem("weights", "below 0 or no numbers", allowed="0 to 1"))
    elif (off := np.abs(weights.sum(axis=1) - 1)).max() > SLACK:
        row = int(off.argmax())
        problems.append(Problem(f"row {row}", "does not sum to one", f"{weights[row].sum():g}", "1"))
    refuse("weightings", problems)
    return weights


def top_problems(top: object, units: int) -> list[Problem]:
    """Return what is wrong with how many places count as the first."""
    if isinstance(top, bool) or not isinstance(top, Integral):
        return [Problem("top", "should be a whole number", repr(top), f"1 to {units}")]
    return [] if 1 <= int(top) <= units else [Problem("top", "is out of range", str(top), f"1 to {units}")]


def _transposed(weightings: xr.DataArray) -> xr.DataArray:
    if set(weightings.dims) != {"weighting", "indicator"}:
        found = ", ".join(map(str, weightings.dims))
        refuse("weightings", [Problem("dims", "do not fit", found, "weighting, indicator")])
    return weightings.transpose("weighting", "indicator")
