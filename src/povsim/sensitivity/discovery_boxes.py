"""Boxes of uncertain figures in which most points fail: the patient rule induction method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from povsim.errors import InputError, Problem
from povsim.sensitivity.matching import first_dim, labels_of, matched

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FEWEST_CASES = 20
"""Points, and points that fail, below which a box says nothing."""
SURE = 0.05
"""A limit whose quasi-p-value is above this could be chance."""


@dataclass(frozen=True)
class Box:
    """One box, and how well it tells failures apart.

    Attributes
    ----------
    low, high : array (factor,)
        Limits; those of all points where a factor is not restricted.
    restricted : array (factor,)
        Which factors are limited.
    coverage : float
        Share of all failures that lie in the box.
    density : float
        Share of the points in the box that fail.
    mass : float
        Share of all points that lie in the box.
    quasi_p : array (factor,)
        Chance that the box without a factor's limits would fail as often as with them; missing where unrestricted.
    """

    low: Floats
    high: Floats
    restricted: Flags
    coverage: float
    density: float
    mass: float
    quasi_p: Floats

    def holds(self, factors: npt.ArrayLike) -> Flags:
        """Tell which points (point, factor) lie in the box."""
        return _inside(np.asarray(factors, dtype=np.float64), self.low, self.high)


@dataclass(frozen=True)
class _Search:
    """What one search works on: the points that no earlier box holds."""

    factors: Floats
    fails: Flags
    whole: int
    alpha: float
    least: int


@dataclass(frozen=True)
class _State:
    """A box on the way: its limits and the points inside."""

    low: Floats
    high: Floats
    inside: Flags


def find_boxes(
    factors: npt.ArrayLike,
    fails: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    least_mass: float = 0.05,
    density: float = 0.8,
    boxes: int = 3,
) -> tuple[Box, ...]:
    """Find boxes of factors in which most points fail.

    Each box starts from all points. Peeling takes away the slice of about ``alpha`` of the points, at the low or high
    end of one factor, whose going raises the density most for each point lost, as long as ``least_mass`` stays; pasting
    then puts slices back as long as the density rises. Points of a box are left out in the search for the next
    (Friedman and Fisher 1999, doi:10.1023/A:1008894516817; coverage, density and quasi-p-values: Bryant and Lempert
    2010, doi:10.1016/j.techfore.2009.08.002).

    Parameters
    ----------
    factors : array (point, factor)
        Values or quantiles, finite.
    fails : array (point,)
        Which points fail; matched by label where both have labels, else by place.
    alpha : float
        Slice taken at a time.
    least_mass : float
        Smallest share of all points in a box.
    density : float
        A box with fewer failures is not returned.
    boxes : int
        How many at most.

    Returns
    -------
    tuple of Box
        In the order found; none where no box is dense enough.

    Raises
    ------
    InputError
        Shapes or labels that do not fit, missing values, settings out of range, all or hardly any points fail.

    Examples
    --------
    >>> points = np.random.default_rng(1).random((1000, 2))
    >>> box = find_boxes(points, (points[:, 0] > 0.7) & (points[:, 1] < 0.4), boxes=1)[0]
    >>> bool(abs(box.low[0] - 0.7) < 0.05), bool(abs(box.high[1] - 0.4) < 0.05), box.density > 0.9
    (True, True, True)
    """
    # points are the first axis of both, whatever a DataArray calls its dim
    points = labels_of(factors, first_dim(factors, "point"))
    fails = matched(fails, first_dim(fails, "point"), points, ("fails", "discovery"))
    values, flags = np.asarray(factors, dtype=np.float64), np.asarray(fails)
    problems = [*_shape_problems(values, flags), *_setting_problems(alpha, least_mass, density, boxes)]
    if problems:
        raise InputError("discovery", problems)
    flags = flags.astype(np.bool_)
    left = np.full(flags.shape, fill_value=True)
    found: list[Box] = []
    while len(found) < boxes and flags[left].any():
        search = _Search(values[left], flags[left], len(flags), alpha, int(np.ceil(least_mass * len(flags) - 1e-9)))
        state = _pasted(search, _peeled(search))
        box = _measured(search, state, (values.min(axis=0), values.max(axis=0)), int(flags.sum()))
        if box.density < density or not box.restricted.any():
            break
        found.append(box)
        left &= ~box.holds(values)
    return tuple(found)


def _shape_problems(values: Floats, flags: npt.NDArray[np.generic]) -> Iterator[Problem]:
    if values.ndim != 2 or flags.shape != values.shape[:1]:
        found = f"{values.shape} and {flags.shape}"
        yield Problem("factors", "does not go with fails", found, "(points, factors) and (points,)")
        return
    if not np.isfinite(values).all():
        yield Problem("factors", "should be finite", f"{int((~np.isfinite(values)).sum())} missing or infinite values")
    failing = int(flags.astype(np.bool_).sum())
    if failing < FEWEST_CASES or failing == len(flags):
        what = "everything fails" if failing == len(flags) and failing else "too few points fail"
        mend = "choose another threshold, or run more points"
        yield Problem("fails", what, f"{failing} of {len(flags)}", f"{FEWEST_CASES} or more, not all", mend)


def _setting_problems(alpha: float, least_mass: float, density: float, boxes: int) -> Iterator[Problem]:
    for name, value in (("alpha", alpha), ("least_mass", least_mass)):
        if not 0 < value < 0.5:
            yield Problem(name, "is out of range", f"{value:g}", "above 0, below 0.5")
    if not 0 <= density <= 1:
        yield Problem("density", "is out of range", f"{density:g}", "0 to 1")
    if boxes < 1:
        yield Problem("boxes", "should be one or more", str(boxes))


def _inside(factors: Floats, low: Floats, high: Floats) -> Flags:
    return np.asarray(((factors >= low) & (factors <= high)).all(axis=1))


def _peeled(search: _Search) -> _State:
    values = search.factors
    state = _State(values.min(axis=0), values.max(axis=0), np.full(len(values), fill_value=True))
    while True:
        best = _best(search, state, list(_peels(search, state)))
        if best is None or best.inside.sum() < search.least:
            return state
        state = best


def _peels(search: _Search, state: _State) -> Iterator[_State]:
    """Yield the box less a slice at each end of each factor."""
    within = search.factors[state.inside]
    for place in range(within.shape[1]):
        ranked = np.sort(within[:, place])
        for at_top in (True, False):
            edge = _edge(ranked, 1 - search.alpha if at_top else search.alpha)
            yield _moved(search, state, place, edge, at_top=at_top)


def _moved(search: _Search, state: _State, place: int, edge: float, *, at_top: bool) -> _State:
    low, high = state.low.copy(), state.high.copy()
    (high if at_top else low)[place] = edge
    return _State(low, high, _inside(search.factors, low, high))


def _edge(ranked: Floats, quantile: float) -> float:
    """Return a limit between two different values near a quantile, on the side that takes less away.

    Among equal values a limit in the middle would cut nothing, so it goes to the next different value.
    """
    place = quantile * (len(ranked) - 1)
    if quantile > 0.5:
        below = int(np.floor(place + 1e-9))
        nxt = int(np.searchsorted(ranked, ranked[below], side="right"))
        if nxt >= len(ranked):
            first = int(np.searchsorted(ranked, ranked[below], side="left"))
            return float((ranked[first - 1] + ranked[first]) / 2) if first else float(ranked[below])
        return float((ranked[below] + ranked[nxt]) / 2)
    above = int(np.ceil(place - 1e-9))
    first = int(np.searchsorted(ranked, ranked[above], side="left"))
    if first == 0:
        nxt = int(np.searchsorted(ranked, ranked[above], side="right"))
        return float((ranked[nxt - 1] + ranked[nxt]) / 2) if nxt < len(ranked) else float(ranked[above])
    return float((ranked[first - 1] + ranked[first]) / 2)


def _best(search: _Search, state: _State, others: Sequence[_State]) -> _State | None:
    """Return the change that raises the density most for each point it moves; none where none raises it."""
    now, density = int(state.inside.sum()), float(search.fails[state.inside].mean())
    best, most = None, 0.0
    for other in others:
        count = int(other.inside.sum())
        if count in (0, now):
            continue
        gain = (float(search.fails[other.inside].mean()) - density) / abs(now - count)
        if gain > most:
            best, most = other, gain
    return best


def _pasted(search: _Search, state: _State) -> _State:
    while True:
        best = _best(search, state, list(_pastes(search, state)))
        if best is None:
            return state
        state = best


def _pastes(search: _Search, state: _State) -> Iterator[_State]:
    """Yield the box with a slice put back at each end of each factor."""
    values = search.factors
    for place in range(values.shape[1]):
        low, high = state.low.copy(), state.high.copy()
        low[place], high[place] = -np.inf, np.inf
        column = np.sort(values[_inside(values, low, high), place])
        size = max(1, int(search.alpha * state.inside.sum()))
        above, below = column[column > state.high[place]], column[column < state.low[place]]
        if above.size:
            edge = (above[size - 1] + above[size]) / 2 if above.size > size else values[:, place].max()
            yield _moved(search, state, place, float(edge), at_top=True)
        if below.size:
            edge = (below[-size] + below[-size - 1]) / 2 if below.size > size else values[:, place].min()
            yield _moved(search, state, place, float(edge), at_top=False)


def _measured(search: _Search, state: _State, whole: tuple[Floats, Floats], failures: int) -> Box:
    # A limit at the end of what this search saw may be short of the end of all points, but cuts nothing here.
    low = np.where(state.low <= search.factors.min(axis=0), whole[0], state.low)
    high = np.where(state.high >= search.factors.max(axis=0), whole[1], state.high)
    count, hits = int(state.inside.sum()), int(search.fails[state.inside].sum())
    restricted = (low > whole[0]) | (high < whole[1])
    quasi = np.full(low.shape, np.nan)
    for place in np.flatnonzero(restricted):
        quasi[place] = _quasi_p(search, (low, high), int(place), (hits, count))
    return Box(low, high, restricted, hits / failures, hits / count, count / search.whole, quasi)


def _quasi_p(search: _Search, limits: tuple[Floats, Floats], place: int, seen: tuple[int, int]) -> float:
    """Return the one-sided binomial probability of Bryant and Lempert (2010) for the limits of one factor."""
    from scipy.stats import binom

    low, high = limits[0].copy(), limits[1].copy()
    low[place], high[place] = -np.inf, np.inf
    free = _inside(search.factors, low, high)
    return float(binom.sf(seen[0] - 1, seen[1], search.fails[free].mean()))
