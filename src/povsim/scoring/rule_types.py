"""The twelve rule types of the documents: from values to points, each a small function over whole arrays.

Every function takes the rule, values with dims (..., year, unit) as float32, and the terms of the item; it returns
points as float32, NaN where the value is NaN. ``x`` is the value, ``w`` the item's points, ``t`` the target of the
year. Points stay between 0 and ``w`` unless the docstring says otherwise. Values and targets are compared in single
precision, both rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from povsim.scoring import rule_kernels as kernels
from povsim.scoring.rule_kernels import Doubles, Floats, Members, among, by_year, line_points, table_points
from povsim.scoring.rule_schema import (
    AllOrNothing,
    Bands,
    Coefficient,
    Defects,
    Gate,
    Ledger,
    LinearDeduction,
    Proportional,
    ProportionalToNorm,
    RankRule,
    RelativeToMean,
    ZeroOnDefect,
)


@dataclass(frozen=True)
class Terms:
    """What a rule needs to know beside its own numbers.

    Parameters
    ----------
    points : float
        Full points of the item.
    higher : bool
        Whether more is better.
    target : float or array of float
        The target, or one for each year; NaN without target.
    compared : tuple of arrays of int
        Units that are compared with each other (mean, ranks), by position; empty: all with all.
    """

    points: float
    higher: bool = True
    target: float | Doubles = float("nan")
    compared: Members = ()

    @property
    def sign(self) -> float:
        """1 where more is better, else -1."""
        return 1.0 if self.higher else -1.0


def single(figures: float | Doubles) -> Floats:
    """Return figures, one or one for each year, rounded to single precision."""
    return np.atleast_1d(np.asarray(figures, dtype=np.float32))


def edge_of(terms: Terms, *, strict: bool) -> Floats:
    """Return the first value that meets the target: where strict, the next one that single precision knows."""
    edge = single(terms.target)
    return np.nextafter(edge, np.float32(terms.sign * np.inf)) if strict else edge


def gate(rule: Gate | AllOrNothing, value: Floats, terms: Terms) -> Floats:
    """Score w where x meets t, else 0; that the unit fails as a whole is for :func:`target_met` to say.

    x >= t, or x <= t where lower is better; strictly where the rule is strict. x and t in the unit of the indicator.
    No floor or cap.

    Examples
    --------
    A county exits with less than 2 % of persons poor (national rule); at 2 % itself it does not:

    >>> rule = Gate(type="gate", strict=True, source="national 2016", status="documented")
    >>> gate(rule, np.array([0.0199, 0.02, np.nan], dtype=np.float32), Terms(10, higher=False, target=0.02))
    array([10.,  0., nan], dtype=float32)
    """
    return by_year(kernels.threshold, value, edge_of(terms, strict=rule.strict), (terms.sign, terms.points, 0.0))


def all_or_nothing(rule: AllOrNothing, value: Floats, terms: Terms) -> Floats:
    """Score w where x meets t, else 0, compared as by :func:`gate`; x and t in the unit of the indicator.

    Examples
    --------
    Sichuan, persons lifted out of poverty over persons planned, 15 points: one person short and nothing is left:

    >>> rule = AllOrNothing(type="all_or_nothing", source="Sichuan 2017", status="documented")
    >>> all_or_nothing(rule, np.array([1, 39999 / 40000], dtype=np.float32), Terms(15, target=1.0))
    array([15.,  0.], dtype=float32)
    """
    return gate(rule, value, terms)


def linear_deduction(rule: LinearDeduction, value: Floats, terms: Terms) -> Floats:
    """Score max(floor, w - deduct x (t - x) / step), at most w; (x - t) where lower is better.

    x, t and ``step`` in the unit of the indicator, ``deduct`` and ``floor`` in points. ``full`` counts whole steps
    only, ``started`` each step begun; a value a whole number of steps short but for rounding in single precision counts
    that number.

    Examples
    --------
    Sichuan, children in compulsory schooling, 4 points, 1 point off for each 0.1 percentage point below 100 %:

    >>> rule = LinearDeduction(type="linear_deduction", step=0.001, deduct=1, steps="full", source="Sichuan 2017",
    ...     status="documented")
    >>> linear_deduction(rule, np.array([1, 0.999, 0.9985, 0.996, 0.9], dtype=np.float32), Terms(4, target=1.0))
    array([4., 3., 3., 0., 0.], dtype=float32)
    """
    steps = {"proportional": kernels.PROPORTIONAL, "full": kernels.FULL, "started": kernels.STARTED}[rule.steps]
    figures = (terms.sign, terms.points, rule.step, rule.deduct, min(rule.floor, terms.points), steps)
    return by_year(kernels.deduction, value, single(terms.target), figures)


def proportional(rule: Proportional, value: Floats, terms: Terms) -> Floats:
    """Score w x, or w (1 - x) where lower is better; x is a ratio and counts as 0 below 0, as 1 above 1.

    Examples
    --------
    Share of households at 2,500 yuan of which 95 % earned, times 8 points (household-assistance table):

    >>> rule = Proportional(type="proportional", source="table G", status="documented")
    >>> proportional(rule, np.array([0.75, 1.2], dtype=np.float32), Terms(8))
    array([6., 8.], dtype=float32)
    >>> proportional(rule, np.array([0.25], dtype=np.float32), Terms(2, higher=False))
    array([1.5], dtype=float32)
    """
    start = 0.0 if terms.higher else terms.points
    return line_points(value, (start, terms.sign * terms.points, 0.0, terms.points))


def proportional_to_norm(rule: ProportionalToNorm, value: Floats, terms: Terms) -> Floats:
    """Score w x / norm, or w norm / x where lower is better, from 0 to cap x w; without a cap there is no upper end.

    x and the norm (that of the rule, else t) in the unit of the indicator. Where lower is better a value of 0 or less
    earns the cap; :func:`item_points` refuses it where there is none.

    Examples
    --------
    Income per head, 4.8 points at 2,500 yuan and in proportion above and below (household-assistance table):

    >>> rule = ProportionalToNorm(type="proportional_to_norm", norm=2500, cap=None, source="table G",
    ...     status="documented")
    >>> proportional_to_norm(rule, np.array([1250, 2500, 5000, -10], dtype=np.float32), Terms(4.8))
    array([2.4, 4.8, 9.6, 0. ], dtype=float32)
    """
    usual = single(terms.target if rule.norm is None else rule.norm)
    high = float("inf") if rule.cap is None else rule.cap * terms.points
    return by_year(kernels.norm, value, usual, (terms.sign, terms.points, high))


def relative_to_mean(rule: RelativeToMean, value: Floats, terms: Terms) -> Floats:
    """Score at_mean x / mean, or at_mean mean / x where lower is better, between ``floor`` and ``cap`` (points).

    The mean is over the known values of the units compared, in their year and draw. Where it is 0 or less there are no
    multiples of it: better than the mean earns the cap, worse the floor. Where lower is better, 0 earns the cap.

    Examples
    --------
    Households helped, 2.4 points at the mean of all units, from 1.5 to 4 (household-assistance table):

    >>> rule = RelativeToMean(type="relative_to_mean", at_mean=2.4, floor=1.5, cap=4, source="table G",
    ...     status="documented")
    >>> relative_to_mean(rule, np.array([[2, 10, 15, 13, np.nan]], dtype=np.float32), Terms(4))
    array([[1.5 , 2.4 , 3.6 , 3.12,  nan]], dtype=float32)
    """
    figures = (terms.sign, rule.at_mean, rule.floor, rule.cap)

    def fill(rows: Floats, out: Floats) -> None:
        means = np.empty(len(rows))
        kernels.row_means(rows, means)
        kernels.against_mean(rows, means, figures, out)

    return among(value, terms.compared, fill)


def coefficient(rule: Coefficient, value: Floats, terms: Terms) -> Floats:
    """Score min(w, coefficient x), at least 0; x in the unit of the indicator, the coefficient in points for one.

    The same where lower is better: the formula has no direction.

    Examples
    --------
    Baoji, 4 points for each unit measured, 60 at most (1,000-point rating of villages):

    >>> rule = Coefficient(type="coefficient", coefficient=4, source="Baoji", status="documented")
    >>> coefficient(rule, np.array([-1, 10, 15, 99], dtype=np.float32), Terms(60))
    array([ 0., 40., 60., 60.], dtype=float32)
    """
    return line_points(value, (0.0, rule.coefficient, 0.0, terms.points))


def bands(rule: Bands, value: Floats, terms: Terms) -> Floats:
    """Score what the band of x says: fixed points, or points on a straight line between its edges.

    x and the edges in the unit of the indicator; floor and cap are those of the table, direction lies in it.

    Examples
    --------
    Fund table 2008, months until the money is passed on: 10 points up to one month, 9 to 8 up to two, and so on:

    >>> steps = [{"high": 1, "points": 10}, {"low": 1, "high": 2, "points_at_low": 9, "points_at_high": 8},
    ...     {"low": 2, "points": 0}]
    >>> rule = Bands(type="bands", closed="high", bands=steps, source="fund table 2008", status="documented")
    >>> bands(rule, np.array([0.5, 1, 1.5, 2, 3], dtype=np.float32), Terms(10, higher=False))
    array([10. , 10. ,  8.5,  8. ,  0. ], dtype=float32)
    """
    edges = np.array([band.low for band in rule.bands[1:]], dtype=np.float32)
    lines = np.zeros((len(rule.bands), 3))
    for row, band in zip(lines, rule.bands, strict=True):
        if band.points is not None:
            row[0] = band.points
        else:
            low, high = float(np.float32(band.low)), float(np.float32(band.high))
            begin, end = float(band.points_at_low or 0.0), float(band.points_at_high or 0.0)
            row[:] = begin, (end - begin) / (high - low), low
    return table_points(value, edges, lines, closed_low=rule.closed == "low")


def _points_of_places(rule: RankRule, points: float, places: int) -> Floats:
    """Return the points of the first, second, ... place."""
    listed = rule.points_by_place[:places]
    if rule.step is not None:
        earned = points - rule.step * np.arange(places)
    else:
        earned = np.array([*listed, *[rule.beyond] * (places - len(listed))])
    return np.asarray(np.maximum(earned, min(rule.floor, points)), dtype=np.float32)


def rank(rule: RankRule, value: Floats, terms: Terms) -> Floats:
    """Score by place: max(floor, w - step (place - 1)), or the points listed for the place, ``beyond`` after the list.

    Places are among the known values of the units compared, in their year and draw, best value first; equal values
    share the best of their places. With ``value_is_rank`` x is the place itself, lower better whatever the
    direction; between two places the list pays the worse one.

    Examples
    --------
    Fund table 2008: 20 points for the first county, 0.25 less for each further place. A city's list for the first five:

    >>> told = {"type": "rank", "source": "fund table 2008", "status": "documented"}
    >>> values = np.array([[0.9, 0.7, 0.9, 0.8]], dtype=np.float32)
    >>> rank(RankRule(step=0.25, **told), values, Terms(20))
    array([[20.  , 19.25, 20.  , 19.5 ]], dtype=float32)
    >>> listed = RankRule(points_by_place=(60, 57, 54, 51, 48), value_is_rank=True, **told)
    >>> rank(listed, np.array([1, 3, 5, 6], dtype=np.float32), Terms(60, higher=False))
    array([60., 54., 48.,  0.], dtype=float32)
    """
    if rule.value_is_rank and rule.step is not None:
        return line_points(value, (terms.points + rule.step, -rule.step, min(rule.floor, terms.points), terms.points))
    if rule.value_is_rank:
        places = len(rule.points_by_place)
        lines = np.zeros((places + 1, 3))
        lines[:, 0] = _points_of_places(rule, terms.points, places + 1)
        return table_points(value, np.arange(1, places + 1, dtype=np.float32), lines, closed_low=False)
    table = _points_of_places(rule, terms.points, value.shape[-1])

    def fill(rows: Floats, out: Floats) -> None:
        kernels.fill_by_place(rows, -terms.sign, table, out)

    return among(value, terms.compared, fill)


def defects(rule: Defects, value: Floats, terms: Terms) -> Floats:
    """Score max(floor, w - deduct x), at most w; x is a number of defects, ``floor`` in points.

    Without a floor the points run below 0, down to the floor of the group.

    Examples
    --------
    Village detail rules, household handbook, 30 points, each error 2 points off:

    >>> rule = Defects(type="defects", deduct=2, source="village detail rules", status="documented")
    >>> defects(rule, np.array([0, 3, 40], dtype=np.float32), Terms(30, higher=False))
    array([30., 24.,  0.], dtype=float32)
    """
    floor = float("-inf") if rule.floor is None else min(rule.floor, terms.points)
    return line_points(value, (terms.points, -rule.deduct, floor, terms.points))


def zero_on_defect(rule: ZeroOnDefect, value: Floats, terms: Terms) -> Floats:
    """Score w where x, a number of defects, is 0, else nothing: or w - deduct, at least 0.

    Examples
    --------
    Work team, 10 points, any of ten tasks left undone and they are lost (village detail rules):

    >>> rule = ZeroOnDefect(type="zero_on_defect", source="village detail rules", status="documented")
    >>> zero_on_defect(rule, np.array([0, 1, 3], dtype=np.float32), Terms(10, higher=False))
    array([10.,  0.,  0.], dtype=float32)
    """
    left = 0.0 if rule.deduct is None else max(0.0, terms.points - rule.deduct)
    return by_year(kernels.threshold, value, np.zeros(1, dtype=np.float32), (-1.0, terms.points, left))


def ledger(rule: Ledger, value: Floats, terms: Terms) -> Floats:
    """Score x itself, points added or taken off after the sum, from -penalty_cap to bonus_cap where given.

    Neither 0 nor w bounds it.

    Examples
    --------
    Fund table 2008, whose last item only deducts:

    >>> rule = Ledger(type="ledger", bonus_cap=0, source="fund table 2008", status="documented")
    >>> ledger(rule, np.array([-7, 3], dtype=np.float32), Terms(0))
    array([-7.,  0.], dtype=float32)
    """
    low = float("-inf") if rule.penalty_cap is None else -rule.penalty_cap
    return line_points(value, (0.0, 1.0, low, float("inf") if rule.bonus_cap is None else rule.bonus_cap))


RULES: dict[str, Callable[[Any, Floats, Terms], Floats]] = {
    "gate": gate, "all_or_nothing": all_or_nothing, "linear_deduction": linear_deduction, "proportional": proportional,
    "proportional_to_norm": proportional_to_norm, "relative_to_mean": relative_to_mean, "coefficient": coefficient,
    "bands": bands, "rank": rank, "defects": defects, "zero_on_defect": zero_on_defect, "ledger": ledger,
}  # fmt: skip
"""The function of each rule type."""
