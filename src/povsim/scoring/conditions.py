"""When vetoes and triggers hold: conditions over values, points, findings, ranks among peers and grades."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.rulebook import Comparison
from povsim.scoring.ranking import GRID, Flags, Floats, Small
from povsim.scoring.schema import Scorecard
from povsim.scoring.verdict_schema import Condition

SHARE_GRID = 1e6
"""Shares of an item's points are compared to a millionth."""

_COMPARE: Mapping[Comparison, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, eq=False)
class Facts:
    """What conditions are held against; cells are (scenario, draw, year, unit), shares are 0-1.

    Attributes
    ----------
    card : Scorecard
        The scorecard; stacks follow the order of its parts.
    values, points, shares : array of float32
        (indicator, *cells): value in the unit of the indicator, points under the scheme in force, and points over the
        item's points of the scheme (NaN where it has none). NaN: missing.
    met, missing : array of bool
        (indicator, *cells): whether the target is met, whether the value is missing.
    total : array of float32
        (*cells): points before vetoes.
    findings : array of int8
        (finding, *cells): severity.
    weights : array of float
        (indicator,): points of the items in the scheme.
    years, units, classes : sequence
        Labels of the last two dims; class of each unit.
    peer_share : array of float32, optional
        (draw, year, peer, indicator): share of each item's points that the peers earn.
    grade : array of int8, optional
        (*cells): index of the grade by total, -1 none.
    history : mapping
        Year -> unit -> code of the grade it had.
    """

    card: Scorecard
    values: Floats
    points: Floats
    shares: Floats
    met: Flags
    missing: Flags
    total: Floats
    findings: Small
    weights: npt.NDArray[np.floating[Any]]
    years: Sequence[int]
    units: Sequence[str]
    classes: Sequence[str]
    peer_share: npt.NDArray[np.float32] | None = None
    grade: Small | None = None
    history: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


def holds(condition: Condition, facts: Facts) -> Flags:
    """Tell where a condition holds, dims (scenario, draw, year, unit).

    What is not known makes no condition hold: a missing value, a missing total, peers of which nothing is known.
    Values are compared in single precision, points to a ten-thousandth, shares of points to a millionth. A condition on
    every item on its own holds where it does for any.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> facts = SimpleNamespace(total=np.array([[[[59.999996, 59.9, np.nan]]]], dtype=np.float32))
    >>> holds(Condition(total=True, comparison="<", threshold=60), facts)[0, 0, 0].tolist()
    [False, True, False]
    """
    return np.asarray(_test(condition, facts).any(axis=0))


def holds_by_item(condition: Condition, facts: Facts) -> Flags:
    """Tell for which items a condition holds, dims (indicator, scenario, draw, year, unit).

    ``peer_rank: each`` looks at each item; any other part holds for all items or for none.
    """
    found = _test(condition, facts)
    return np.broadcast_to(found, (len(facts.card.indicators), *found.shape[1:]))


def severity(condition: Condition, facts: Facts) -> Small:
    """Return how severe the condition is, dims (scenario, draw, year, unit).

    0 where it does not hold; the severity of the finding where it is one (of several parts, the largest of those that
    hold), else 1.
    """
    held = holds(condition, facts)
    if condition.finding is not None:
        degree = np.maximum(facts.findings[_finding(condition.finding, facts)], 1)
        return np.where(held, degree, 0).astype(np.int8)
    parts = (*condition.all, *condition.any)
    if not parts:
        return held.astype(np.int8)
    degree = np.max([severity(part, facts) for part in parts], axis=0)
    return np.where(held, degree, 0).astype(np.int8)


def peer_rank(of: str, facts: Facts) -> npt.NDArray[np.float32]:
    """Return the rank among the peers, dims (indicator, scenario, draw, year, unit), indicator 1 or all.

    One more than the number of peers strictly better, by the share of the item's points, or by the total over the
    points of the scheme. NaN where the share is not known, or nothing of the peers.

    Parameters
    ----------
    of : str
        Code of an item, ``each``, or ``total``.
    facts : Facts
        Shares of the units and of their peers.
    """
    if of == "total":
        weights = np.asarray(facts.weights, dtype=np.float64)
        whole = weights.sum() or np.nan
        own = (facts.total / np.float32(whole))[None]
    else:
        own = facts.shares if of == "each" else facts.shares[[_item(of, facts)]]
    if facts.peer_share is None:
        return np.full(own.shape, np.nan, dtype=np.float32)
    if of == "total":
        used = weights > 0
        peers = (facts.peer_share[..., used] @ weights[used] / whole)[..., None]
    else:
        peers = facts.peer_share if of == "each" else facts.peer_share[..., [_item(of, facts)]]
    return _rank_among(own, np.moveaxis(peers, -1, 0))


def _rank_among(own: Floats, peers: Floats) -> npt.NDArray[np.float32]:
    """Rank shares (item, scenario, draw, year, unit) among those of peers (item, draw, year, peer)."""
    here, there = np.rint(own * SHARE_GRID), np.rint(peers * SHARE_GRID)[:, None, :, :, :, None]
    rank = np.where(np.isnan(here), np.float32(np.nan), np.float32(1))
    for place in range(peers.shape[-1]):
        rank += there[:, :, :, :, place] > here
    return rank


def _item(code: str, facts: Facts) -> int:
    return [item.code for item in facts.card.indicators].index(code)


def _finding(code: str, facts: Facts) -> int:
    return [item.code for item in facts.card.findings].index(code)


def _test(condition: Condition, facts: Facts) -> Flags:
    """Return where a condition holds, with the items first: one for all, or each."""
    if condition.all or condition.any:
        found = [_test(part, facts) for part in (*condition.all, *condition.any)]
        join = np.logical_and if condition.all else np.logical_or
        out = found[0]
        for other in found[1:]:
            out = join(out, other)
        return out
    for name, test in _TESTS.items():
        if getattr(condition, name) is not None:
            return test(condition, facts)
    raise AssertionError("a condition names one kind")


def _compared(found: Floats, condition: Condition, grid: float | None = None) -> Flags:
    if condition.comparison is None or condition.threshold is None:
        raise AssertionError("comparison and threshold go together")
    compare = _COMPARE[condition.comparison]
    if grid is None:
        return np.asarray(compare(found, np.float32(condition.threshold)) & ~np.isnan(found))
    return np.asarray(compare(np.rint(found * grid), round(condition.threshold * grid)) & ~np.isnan(found))


def _test_indicator(condition: Condition, facts: Facts) -> Flags:
    place = [_item(str(condition.indicator), facts)]
    if condition.of == "value":
        return _compared(facts.values[place], condition)
    if condition.of == "points":
        weight = np.float32(facts.weights[place[0]])
        # in the scheme's points: what re-basing adds because other items are left out is not this item's
        found = facts.shares[place] * weight if weight > 0 else facts.points[place]
        return _compared(found, condition, GRID)
    return _compared(facts.shares[place], condition, SHARE_GRID)


def _test_finding(condition: Condition, facts: Facts) -> Flags:
    found = facts.findings[[_finding(str(condition.finding), facts)]]
    if condition.comparison is None:
        return np.asarray(found >= 1)
    return _compared(found.astype(np.float32), condition)


def _test_total(condition: Condition, facts: Facts) -> Flags:
    return _compared(facts.total[None], condition, GRID)


def _test_target(condition: Condition, facts: Facts) -> Flags:
    place = [_item(str(condition.target_missed), facts)]
    return ~facts.met[place] & ~facts.missing[place]


def _test_rank(condition: Condition, facts: Facts) -> Flags:
    return _compared(peer_rank(str(condition.peer_rank), facts), condition)


def _test_grade(condition: Condition, facts: Facts) -> Flags:
    codes = [grade.code for grade in facts.card.grades.grades] if facts.card.grades else []
    if facts.grade is None or condition.grade not in codes:
        return np.zeros((1, *facts.total.shape), dtype=bool)
    return np.asarray(facts.grade == codes.index(condition.grade))[None]


_TESTS: Mapping[str, Callable[[Condition, Facts], Flags]] = {
    "indicator": _test_indicator,
    "finding": _test_finding,
    "total": _test_total,
    "target_missed": _test_target,
    "peer_rank": _test_rank,
    "grade": _test_grade,
}
