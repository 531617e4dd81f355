"""Places among units, grades by total or by share, and the awards that follow from places, totals and grades."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.scoring.schema import Scorecard
from povsim.scoring.verdict_schema import Award, Grades, Rounding, Ties

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
Small = npt.NDArray[np.int8]
Whole = npt.NDArray[np.signedinteger[Any]]

GRID = 1e4
"""Points are compared to a ten-thousandth: sums in single precision that should be equal may differ by less."""
NO_GRADE = -1

_CHUNK = 2**18
_LARGEST = 2.0**40
_LAST = 2**41


@dataclass(frozen=True, eq=False)
class Places:
    """Places of units, last dim unit.

    Attributes
    ----------
    best, worst : array of int32
        First and last of the places that the unit shares with those it ties with; 0 where it is not ranked.
    ranked : array of int32
        Number of units ranked that the unit is ranked among; last dim 1 where it is the same for all.
    """

    best: npt.NDArray[np.int32]
    worst: npt.NDArray[np.int32]
    ranked: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Standing:
    """What awards depend on; arrays have dims (scenario, draw, year, unit).

    Attributes
    ----------
    total : array of float
        Total after vetoes, points.
    grade : array of int8
        Index of the grade, -1 none.
    break_by : tuple of array
        Points of the items that break ties, in turn.
    out : array of bool
        Out of the ranking: failed, or disqualified from it.
    barred : array of bool
        With the award first: out of the award.
    classes, units : sequence of str
        Class and name of each unit.
    years : sequence of int
        Years of the run.
    history : mapping
        Year before the run -> unit -> code of its grade; a grade not known is left out or empty.
    """

    total: Floats
    grade: Small
    break_by: tuple[Floats, ...]
    out: Flags
    barred: Flags
    classes: Sequence[str]
    units: Sequence[str]
    years: Sequence[int]
    history: Mapping[int, Mapping[str, str]]


def on_grid(points: Floats) -> Floats:
    """Return points in ten-thousandths, whole.

    Examples
    --------
    >>> on_grid(np.array([59.999996, 60.0])).tolist()
    [600000.0, 600000.0]
    """
    return np.asarray(np.rint(points * GRID))


def places(total: Floats, *, break_by: Sequence[Floats] = (), out: Flags | None = None) -> Places:
    """Return the places of units by their totals, more being better.

    Parameters
    ----------
    total : array
        Points, last dim unit; a unit whose total is missing is not ranked.
    break_by : sequence of array
        Points that break ties, in turn; a missing value comes last.
    out : array of bool, optional
        Units out of the ranking.

    Examples
    --------
    >>> found = places(np.array([80.0, 90.0, 80.0, np.nan]))
    >>> found.best.tolist(), found.worst.tolist(), found.ranked.tolist()
    ([2, 1, 2, 0], [3, 1, 3, 0], [3])
    """
    shape = (math.prod(total.shape[:-1]), total.shape[-1])
    known = ~np.isnan(total) if out is None else ~(np.isnan(total) | out)
    flat = known.reshape(shape)
    best, worst = _sorted_places(_keys(total.reshape(shape), flat))
    for points in break_by:
        rows = np.flatnonzero(((best != worst) & flat).any(axis=1))
        if rows.size:
            best[rows], worst[rows] = _sorted_places(_joined(best[rows], points.reshape(shape)[rows]))
    best[~flat] = 0
    worst[~flat] = 0
    ranked = known.sum(axis=-1, keepdims=True, dtype=np.int32)
    return Places(best.reshape(total.shape), worst.reshape(total.shape), ranked)


def _keys(points: Floats, known: Flags) -> npt.NDArray[np.int64]:
    """Return whole numbers of which less is better."""
    filled = np.where(known, points, np.float32(0))
    return np.where(known, -np.clip(on_grid(filled), -_LARGEST, _LARGEST).astype(np.int64), _LAST)


def _joined(first: npt.NDArray[np.int32], points: Floats) -> npt.NDArray[np.int64]:
    """Return keys that sort by place and then by points."""
    units = points.shape[-1]
    second = _keys(points, ~np.isnan(points))
    known = second[second < _LAST]
    lowest = int(known.min()) if known.size else 0
    span = int(known.max()) - lowest + 2 if known.size else 2
    if (span * (units + 1)) << units.bit_length() < 2**62:
        second = np.minimum(second - lowest, span - 1)
    else:  # too wide for whole numbers of 64 bits: places take less room
        second, span = _sorted_places(second)[0].astype(np.int64), units + 1
    return first * np.int64(span) + second


def _sorted_places(keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return best and worst places by row; the unit's number rides in the low bits, so that one plain sort does."""
    rows, units = keys.shape
    best, worst = np.zeros((2, rows, units), dtype=np.int32)
    bits = max(1, (units - 1).bit_length())
    place = np.arange(1, units + 1, dtype=np.int32)
    step = max(1, _CHUNK // max(units, 1))
    for start in range(0, rows if units else 0, step):
        packed = np.sort((keys[start : start + step] << bits) | np.arange(units), axis=1)
        unit = packed & ((1 << bits) - 1)
        packed >>= bits
        edge = np.ones((packed.shape[0], units + 1), dtype=bool)
        np.not_equal(packed[:, 1:], packed[:, :-1], out=edge[:, 1:-1])
        first = np.maximum.accumulate(np.where(edge[:, :-1], place, np.int32(0)), axis=1)
        last = np.where(edge[:, 1:], place, np.int32(units))[:, ::-1]
        np.put_along_axis(best[start : start + step], unit, first, axis=1)
        np.put_along_axis(worst[start : start + step], unit, np.minimum.accumulate(last, axis=1)[:, ::-1], axis=1)
    return best, worst


def ranks(
    total: Floats, ties: Ties, *, break_by: Sequence[Floats] = (), out: Flags | None = None
) -> tuple[Whole, Flags]:
    """Return the rank of each unit and whether it still shares its place.

    Parameters
    ----------
    total : array
        Points, last dim unit, more being better. Totals that differ by less than a ten-thousandth of a point tie.
    ties : Ties
        Whether units that tie get the best or the worst of their places.
    break_by : sequence of array
        Points of the items named in ``ties.break_by``, in turn.
    out : array of bool, optional
        Units out of the ranking.

    Returns
    -------
    tuple of array
        Rank (0: not ranked) and tied.

    Examples
    --------
    >>> ranks(np.array([80.0, 90.0, 80.0]), Ties(rank="worst", source="x", status="assumed"))[0].tolist()
    [3, 1, 3]
    """
    return rank_of(places(total, break_by=break_by, out=out), ties)


def rank_of(found: Places, ties: Ties) -> tuple[Whole, Flags]:
    """Return rank and tied from places; int16 as long as the number of units fits."""
    chosen = found.best if ties.rank == "best" else found.worst
    kind = np.int16 if chosen.shape[-1] <= np.iinfo(np.int16).max else np.int32
    return chosen.astype(kind), found.best != found.worst


def quota(share: float, count: int, rounding: Rounding) -> int:
    """Return how many of ``count`` units a share stands for, computed exactly from the decimals as written.

    Examples
    --------
    >>> [quota(0.2, 58, way) for way in ("floor", "ceil", "half_up", "half_even")]
    [11, 12, 12, 12]
    """
    exact = Fraction(repr(float(share))) * count
    if rounding == "half_even":
        return round(exact)
    return math.ceil(exact) if rounding == "ceil" else math.floor(exact + Fraction(rounding == "half_up", 2))


def _quotas(share: float, counts: Whole, rounding: Rounding) -> Whole:
    distinct, where = np.unique(counts, return_inverse=True)
    table = np.array([quota(share, int(count), rounding) for count in distinct], dtype=np.int64)
    return table[where].reshape(counts.shape)


def grade_index(total: Floats, grades: Grades, *, found: Places | None = None) -> Small:
    """Return the grade of each unit as its index from best to worst; -1 where there is none.

    Grades by share take so many places each, from the top; the places of each share are rounded on their own. Units
    that tie at the edge get the better grade, and the edge below does not move. A unit that is not ranked has none.

    Parameters
    ----------
    total : array
        Points, last dim unit.
    grades : Grades
        By cut-offs, compared to a ten-thousandth of a point, or by shares of the units ranked.
    found : Places, optional
        Needed for grades by share; worked out from the totals where left out.

    Examples
    --------
    >>> three = [{"code": c, "name_zh": c, "name_en": c, "at_least": a} for c, a in (("A", 90), ("B", 60), ("C", None))]
    >>> grades = Grades(by="cutoff", grades=three, source="x", status="assumed")
    >>> grade_index(np.array([95.0, 90.0, 89.9, 12.0, np.nan]), grades).tolist()
    [0, 0, 1, 2, -1]
    """
    index = np.zeros(total.shape, dtype=np.int8)
    if grades.by == "cutoff":
        points = on_grid(total)
        for grade in grades.grades[:-1]:
            index += points < round((grade.at_least or 0.0) * GRID)
        return np.where(np.isnan(total), np.int8(NO_GRADE), index)
    found = places(total) if found is None else found
    edge = np.zeros_like(found.ranked, dtype=np.int64)
    for grade in grades.grades[:-1]:
        edge = edge + _quotas(grade.share or 0.0, found.ranked, grades.rounding)
        index += found.best > edge
    return np.where(found.best == 0, np.int8(NO_GRADE), index)


def awards(card: Scorecard, standing: Standing) -> Flags:
    """Return who gets which award, dims (award, scenario, draw, year, unit).

    Rewards go by the ranking without those out of it, and not to who is barred. A unit barred from the award alone
    keeps its place, which nobody takes. Consequences of a low place go by the totals of all, failed or disqualified
    or not. A unit without a total gets nothing that goes by place or total.

    Parameters
    ----------
    card : Scorecard
        Its awards and grades.
    standing : Standing
        Totals, grades, who is out, and the grades of past years.
    """
    out = np.zeros((len(card.awards), *standing.total.shape), dtype=bool)
    known: dict[tuple[bool, bool], Places] = {}
    for place, award in enumerate(card.awards):
        if award.type == "consecutive":
            given = _in_a_row(card, award, standing)
        elif award.type == "cutoff":
            given = on_grid(standing.total) >= round((award.at_least or 0.0) * GRID)
        else:
            key = (award.within_class, award.penalty)
            if key not in known:
                known[key] = _places_among(standing, within_class=award.within_class, everybody=award.penalty)
            given = _by_place(award, known[key])
        out[place] = given if award.penalty else given & ~standing.barred[place]
    return out


def _members(standing: Standing, *, within_class: bool) -> Iterator[npt.NDArray[np.intp]]:
    classes = np.array(standing.classes if within_class else [""] * len(standing.units))
    for name in dict.fromkeys(classes.tolist()):
        yield np.flatnonzero(classes == name)


def _places_among(standing: Standing, *, within_class: bool, everybody: bool) -> Places:
    best, worst, ranked = np.zeros((3, *standing.total.shape), dtype=np.int32)
    for members in _members(standing, within_class=within_class):
        out = None if everybody else standing.out[..., members]
        broken = [points[..., members] for points in standing.break_by]
        found = places(standing.total[..., members], break_by=broken, out=out)
        best[..., members], worst[..., members], ranked[..., members] = found.best, found.worst, found.ranked
    return Places(best, worst, ranked)


def _by_place(award: Award, found: Places) -> Flags:
    if award.type == "top_share":
        count: Whole | int = _quotas(award.share or 0.0, found.ranked, award.rounding)
    else:
        count = award.count or 0
    taken = award.ties_at_edge == "all"
    if award.type == "bottom_count":
        place = found.ranked + 1 - (found.worst if taken else found.best)
    else:
        place = found.best if taken else found.worst
    return np.asarray((found.best > 0) & (place <= count))


def _in_a_row(card: Scorecard, award: Award, standing: Standing) -> Flags:
    """Tell who has had a grade for so many years: years of the run by their own grades, others by the past's."""
    codes = [grade.code for grade in card.grades.grades] if card.grades else []
    enough = set(codes[: codes.index(award.grade) + 1])
    good = (standing.grade >= 0) & (standing.grade < len(enough))
    years = list(standing.years)

    def held(year: int) -> Flags:
        if year in years:
            return np.asarray(good[..., years.index(year), :])
        past = standing.history.get(year, {})
        return np.array([past.get(unit, "") in enough for unit in standing.units], dtype=bool)

    out = good.copy()
    for place, year in enumerate(years):
        for lag in range(1, award.years or 1):
            out[..., place, :] &= held(year - lag)
    return out
