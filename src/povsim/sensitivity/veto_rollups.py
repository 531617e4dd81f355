"""Rules on the members, a verdict on the whole: villages that fail above a share, and verdicts that depend on rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.sensitivity.matching import labels_of, matched, twice
from povsim.sensitivity.veto_inputs import BITS, Weights, is_whole, one_weight, read_blocked
from povsim.sensitivity.veto_kernels import MOST_ENUMERATED, own_rules, pivotal_rules, rollup_shares

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Game = Callable[[Flags], npt.ArrayLike]
"""Which units are excluded, or how much is, when the rules flagged are in force."""

ENUMERATED = "exact: all subsets of rules"
SAMPLED = "sampled: random orders of the rules, with standard error"
ORDERS = 2000
"""Random orders of the rules where subsets are too many."""
_LARGEST = 2**40


@dataclass(frozen=True, eq=False)
class Histograms:
    """Persons of areas by the pattern of rules they fail, including those who fail none.

    Attributes
    ----------
    areas, vetoes : sequence of str
        Codes of the areas, and of the rules in the order of the bits.
    patterns, counts : array of uint64, array of int64
        Rows, those of an area together.
    starts : array of int64
        Rows of area a are ``starts[a]`` to ``starts[a + 1]``.
    """

    areas: Sequence[str]
    vetoes: Sequence[str]
    patterns: npt.NDArray[np.uint64]
    counts: Whole
    starts: Whole


def histograms(
    frame: pd.DataFrame, vetoes: Sequence[str], *, area: str = "village", count: str = "persons"
) -> Histograms:
    """Gather rows of patterns by area, as a run's ``patterns.parquet`` has them for one draw and year.

    Parameters
    ----------
    frame : DataFrame
        Columns ``pattern``, and those named by ``area`` and ``count``.
    vetoes : sequence of str
        Codes of the rules, in the order of the bits.
    area, count : str
        Columns of the area's code and of whole numbers of persons or households.

    Raises
    ------
    InputError
        Columns or areas missing, patterns or counts that are no whole numbers of zero or more, bits beyond the rules,
        rules named twice.

    Examples
    --------
    >>> rows = pd.DataFrame({"village": ["a", "a", "b"], "pattern": [0, 1, 0], "persons": [97, 3, 50]})
    >>> histograms(rows, ["income"]).starts
    array([0, 2, 3])
    """
    gone = [name for name in (area, "pattern", count) if name not in frame.columns]
    if gone:
        raise InputError(
            "patterns", [Problem("columns", "missing", ", ".join(gone), ", ".join(map(str, frame.columns)))]
        )
    places, names = pd.factorize(frame[area], sort=False)
    patterns, counts = frame["pattern"].to_numpy(), frame[count].to_numpy()
    problems = list(twice("vetoes", vetoes, "name rules twice"))
    if nowhere := int((places < 0).sum()):
        mend = "name the area, or leave the rows out"
        problems.append(Problem(area, "is missing", f"{nowhere} of {places.size} rows", mend=mend))
    if counts.dtype.kind not in "iu" or (counts.size and not 0 <= int(counts.min()) <= int(counts.max()) < _LARGEST):
        problems.append(Problem(count, "should be whole numbers of zero or more"))
    problems += _pattern_problems(patterns, len(vetoes))
    if problems:
        raise InputError("patterns", problems)
    order = np.argsort(places, kind="stable")
    patterns, counts = patterns[order].astype(np.uint64), counts[order].astype(np.int64)
    starts = np.searchsorted(places[order], np.arange(len(names) + 1)).astype(np.int64)
    return Histograms([str(name) for name in names], list(vetoes), patterns, counts, starts)


def _pattern_problems(patterns: npt.NDArray[np.generic], vetoes: int) -> Iterator[Problem]:
    if patterns.dtype.kind not in "iu":
        yield Problem("pattern", "should be whole numbers", str(patterns.dtype), "bit i set where the i-th rule blocks")
    elif patterns.size and int(patterns.min()) < 0:
        yield Problem("pattern", "cannot be negative", str(int(patterns.min())))
    elif vetoes > BITS or (patterns.size and int(patterns.max()).bit_length() > vetoes):
        yield Problem("pattern", "has bits of rules that are not named", allowed=f"{vetoes} rules")


def exact_limit(limit: float, comparison: Literal["<", "<="]) -> Whole:
    """Return a limit on a share as whole numbers: numerator, denominator, and 1 where the limit itself passes.

    Raises
    ------
    InputError
        No share between 0 and 1, or more than six decimals; another comparison.
    """
    exact = Fraction(repr(float(limit))) if 0 <= limit <= 1 else Fraction(-1)
    problems = []
    if exact < 0 or exact.denominator > 10**6:
        allowed = "a share between 0 and 1 of at most six decimals"
        problems.append(Problem("limit", "cannot be used", f"{limit!r}", allowed))
    if comparison not in ("<", "<="):
        problems.append(Problem("comparison", "should be < or <=, as an area passes", str(comparison)))
    if problems:
        raise InputError("roll-up", problems)
    return np.array([exact.numerator, exact.denominator, comparison == "<="], dtype=np.int64)


def rollup_attribution(
    areas: Histograms,
    *,
    limit: float,
    comparison: Literal["<", "<="] = "<=",
    weight: Weights | None = None,
    orders: int = ORDERS,
    seed: int = 0,
) -> xr.Dataset:
    """Attribute failing areas to the rules on their members, where an area fails above a share of failing members.

    The closed form for single units does not hold: two rules may each leave a village below 2 % and together not. All
    subsets of the rules that occur in an area are gone through, up to 16; areas with more get random orders of the
    rules, and the error of those is given.

    Parameters
    ----------
    areas : Histograms
        Members by pattern.
    limit : float
        Share of failing members, compared exactly.
    comparison : {"<=", "<"}
        Whether an area passes at the limit itself.
    weight : array, optional
        Weight of each area; 1 if not given. Matched by the areas' codes where it has labels, else by place.
    orders, seed : int
        Random orders where an area has more than 16 rules, and their luck.

    Returns
    -------
    Dataset
        ``shapley`` and ``standard_error`` (veto), ``area_shapley`` (area, veto), ``fails`` (area), ``excluded``;
        ``alone`` (veto): areas that would fail with only this rule; ``sole_blocker`` (veto): areas that would pass
        without it. Shares sum to the excluded, less what fails without any rule (limit 0 with "<").

    Raises
    ------
    InputError
        A limit that is no share; weights that do not fit.

    Examples
    --------
    Two rules fail two in a hundred each: together they put the village above 2 %, none does alone.

    >>> rows = pd.DataFrame({"village": "a", "pattern": [0, 1, 2], "persons": [96, 2, 2]})
    >>> rollup_attribution(histograms(rows, ["income", "housing"]), limit=0.02)["shapley"].values
    array([0.5, 0.5])
    """
    bound = exact_limit(limit, comparison)
    number, vetoes = len(areas.areas), len(areas.vetoes)
    heads = np.ones(number)
    if weight is not None:
        heads = one_weight("weight", weight, "area", number, pd.Index(areas.areas)).astype(np.float64)
    found = np.zeros((number, 3, vetoes))
    rollup_shares(areas.patterns, areas.counts, areas.starts, bound, found)
    large = _large(areas)
    error = np.zeros(vetoes)
    if large.size:
        error = _sampled(_part(areas, large), bound, heads[large], np.random.default_rng(seed), (orders, large, found))
    fails = failing_areas(areas, bound, np.full(vetoes, fill_value=True))
    shares = found[:, 0]
    data = {
        "shapley": ("veto", heads @ shares),
        "standard_error": ("veto", error),
        "area_shapley": (("area", "veto"), shares),
        "alone": ("veto", heads @ found[:, 1]),
        "sole_blocker": ("veto", heads @ found[:, 2]),
        "fails": ("area", fails),
        "excluded": float(heads[fails].sum()),
    }
    about = {"method": SAMPLED if large.size else ENUMERATED, "limit": float(limit), "comparison": comparison}
    return xr.Dataset(data, {"area": list(areas.areas), "veto": list(areas.vetoes)}, about)


def _large(areas: Histograms) -> Whole:
    """Return the areas with too many rules to go through all subsets."""
    if len(areas.vetoes) <= MOST_ENUMERATED:
        return np.zeros(0, dtype=np.int64)
    room, pairs = np.zeros(BITS, dtype=np.int64), zip(areas.starts[:-1], areas.starts[1:], strict=True)
    sizes = [own_rules(areas.patterns[first:last], room) for first, last in pairs]
    return np.flatnonzero(np.array(sizes) > MOST_ENUMERATED)


def _part(areas: Histograms, chosen: Whole) -> Histograms:
    """Return some of the areas."""
    rows = [np.arange(areas.starts[place], areas.starts[place + 1]) for place in chosen]
    where = np.concatenate(rows)
    starts = np.concatenate([[0], np.cumsum([row.size for row in rows])]).astype(np.int64)
    names = [areas.areas[place] for place in chosen]
    return Histograms(names, areas.vetoes, areas.patterns[where], areas.counts[where], starts)


def _sampled(
    areas: Histograms, bound: Whole, heads: Floats, rng: np.random.Generator, out: tuple[int, Whole, Floats]
) -> Floats:
    """Fill what is found for large areas from random orders; return the standard error of the weighted sums."""
    orders, large, found = out
    vetoes = len(areas.vetoes)
    drawn = rng.permuted(np.tile(np.arange(vetoes), (orders, 1)), axis=1)
    pivots = np.empty((orders, large.size), dtype=np.int64)
    pivotal_rules((areas.patterns, areas.counts), areas.starts, drawn, bound, pivots)
    error, every = np.full(vetoes, np.nan), np.full(vetoes, fill_value=True)
    for veto in range(vetoes):
        hit, one = pivots == veto, np.arange(vetoes) == veto
        found[large, 0, veto] = hit.mean(axis=0)
        found[large, 1, veto] = failing_areas(areas, bound, one)
        found[large, 2, veto] = failing_areas(areas, bound, every) & ~failing_areas(areas, bound, ~one)
        if orders > 1:
            error[veto] = (hit @ heads).std(ddof=1) / np.sqrt(orders)
    return error


def failing_areas(areas: Histograms, bound: Whole, active: Flags) -> Flags:
    """Tell which areas fail when only the rules flagged are in force.

    Parameters
    ----------
    areas : Histograms
        Members by pattern.
    bound : array
        As :func:`exact_limit` returns it.
    active : array of bool
        By rule.
    """
    mask = np.uint64(sum(1 << place for place in np.flatnonzero(active).tolist()))
    # an area has at least one row, which is what reduceat needs
    hit = np.where((areas.patterns & mask) != 0, areas.counts, 0)
    bad, everybody = (
        np.add.reduceat(each, areas.starts[:-1]) if len(areas.areas) else each for each in (hit, areas.counts)
    )
    left, right = bad * bound[1], everybody * bound[0]
    return np.asarray((left > right) | ((left == right) & (bound[2] == 0)))


def game_attribution(value: Game, vetoes: Sequence[str], *, orders: int = ORDERS, seed: int = 0) -> xr.Dataset:
    """Attribute what rules exclude, whatever way they act together.

    Parameters
    ----------
    value : callable
        Given flags of the rules in force, returns what is excluded: a number.
    vetoes : sequence of str
        Codes of the rules: up to 16 are enumerated, more are sampled.
    orders, seed : int
        Random orders of the rules where they are sampled, and their luck.

    Returns
    -------
    Dataset
        ``shapley`` and ``standard_error`` (veto; 0 where enumerated), ``excluded`` with all rules, ``without_rules``
        with none; shares sum to the difference.

    Raises
    ------
    InputError
        Rules named twice.

    Examples
    --------
    >>> found = game_attribution(lambda on: 10.0 * on.all(), ["a", "b"])
    >>> found["shapley"].values, float(found["excluded"])
    (array([5., 5.]), 10.0)
    """
    if problems := list(twice("vetoes", vetoes, "name rules twice")):
        raise InputError("rules", problems)
    exact = len(vetoes) <= MOST_ENUMERATED
    shares, error = _all_subsets(value, len(vetoes)) if exact else _orders(value, len(vetoes), orders, seed)
    ends = [float(np.asarray(value(np.full(len(vetoes), fill_value=on)))) for on in (True, False)]
    data = {"shapley": ("veto", shares), "standard_error": ("veto", error)}
    about = {"method": ENUMERATED if exact else SAMPLED}
    return xr.Dataset(data | {"excluded": ends[0], "without_rules": ends[1]}, {"veto": list(vetoes)}, about)


def _all_subsets(value: Game, vetoes: int) -> tuple[Floats, Floats]:
    subsets = np.arange(1 << vetoes)
    flags = ((subsets[:, np.newaxis] >> np.arange(vetoes)) & 1).astype(bool)
    worth = np.array([float(np.asarray(value(row))) for row in flags])
    members = flags.sum(axis=1)
    chances = np.array([factorial(s) * factorial(vetoes - s - 1) / factorial(vetoes) for s in range(vetoes)])
    shares = np.empty(vetoes)
    for veto in range(vetoes):
        without = subsets[~flags[:, veto]]
        shares[veto] = chances[members[without]] @ (worth[without | (1 << veto)] - worth[without])
    return shares, np.zeros(vetoes)


def _orders(value: Game, vetoes: int, orders: int, seed: int) -> tuple[Floats, Floats]:
    rng, gains = np.random.default_rng(seed), np.empty((orders, vetoes))
    for number in range(orders):
        on = np.zeros(vetoes, dtype=bool)
        before = float(np.asarray(value(on)))
        for veto in rng.permutation(vetoes):
            on[veto] = True
            now = float(np.asarray(value(on)))
            gains[number, veto], before = now - before, now
    error = gains.std(axis=0, ddof=1) / np.sqrt(orders) if orders > 1 else np.full(vetoes, np.nan)
    return gains.mean(axis=0), error


def rank_attribution(
    blocked: xr.DataArray,
    points: npt.ArrayLike,
    *,
    places: int,
    weight: Weights | None = None,
    orders: int = ORDERS,
    seed: int = 0,
) -> xr.Dataset:
    """Attribute exclusion where one rule goes by rank: only the best of those not blocked otherwise get through.

    The rule ``rank`` is added to those given. A rule that strikes a unit out makes room for the next, so that it costs
    nobody's place in all, yet the closed form would count it.

    Parameters
    ----------
    blocked : DataArray
        Booleans (unit, veto), or patterns: the other rules.
    points : array
        By unit, more being better; units that tie at the edge all get through. Matched by label where both have
        labels, else by place.
    places : int
        How many get through.
    weight : array, optional
        By unit; 1 if not given.
    orders, seed : int
        As in :func:`game_attribution`.

    Returns
    -------
    Dataset
        As :func:`game_attribution` returns it, with ``rank`` as the last veto.

    Raises
    ------
    InputError
        Points or weights that do not fit the units, places that are no whole number of zero or more, a rule that is
        called ``rank`` already.

    Examples
    --------
    Two of three get through by rank, so the veto on one of them only decides who.

    >>> blocked = xr.DataArray([[True], [False], [False]], dims=("unit", "veto"), coords={"veto": ["fraud"]})
    >>> rank_attribution(blocked, [90, 80, 70], places=2)["shapley"].values
    array([0.5, 0.5])
    """
    read = read_blocked(blocked, weight, None)
    unit = next((dim for dim in blocked.dims if dim != "veto"), blocked.dims[0])
    given = matched(points, unit, labels_of(blocked, unit), ("points", "points"))
    table, score = read.table(), np.asarray(given, dtype=np.float64)
    problems = []
    if score.shape != (table.shape[0],) or np.isnan(score).any():
        problems.append(Problem("points", "should be a number for each unit", str(score.shape)))
    if not is_whole(places, 0):
        problems.append(Problem("places", "does not fit", str(places), "a whole number of zero or more"))
    if problems:
        raise InputError("points", problems)

    def excluded(on: Flags) -> float:
        out = table[:, on[:-1]].any(axis=1)
        left = np.sort(score[~out])[::-1]
        if on[-1] and left.size > places:
            out = out | (score < left[places - 1]) if places else np.full(out.size, fill_value=True)
        return float(read.weight[out].sum())

    return game_attribution(excluded, [*read.codes, "rank"], orders=orders, seed=seed)
