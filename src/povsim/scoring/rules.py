"""From values to points: the door to the rules of a scorecard's items, and whether targets are met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.errors import InputError, Problem
from povsim.scoring.rule_kernels import Doubles, Floats
from povsim.scoring.rule_schema import ProportionalToNorm
from povsim.scoring.rule_types import RULES, Terms, edge_of
from povsim.scoring.schema import Indicator

Met = npt.NDArray[np.bool_]


def item_points(
    item: Indicator, value: Floats, years: Sequence[int], *, classes: Sequence[str] | None = None
) -> Floats:
    """Return the points that values of an item earn.

    Parameters
    ----------
    item : Indicator
        Its rule, points, direction and target.
    value : array of float32
        Dims (..., year, unit), in the unit of the indicator; NaN is missing.
    years : sequence of int
        Calendar years along the year axis; the target of each is ``item.target.at(year)``.
    classes : sequence of str, optional
        The class of each unit. Means and ranks are then among units of the same class.

    Returns
    -------
    array of float32
        Dims as ``value``; points that the rule is written in (``item.rule_points``), NaN where the value is NaN.

    Raises
    ------
    InputError
        Axes that do not fit; a norm of 0 or less; a value of 0 or less where points are w x norm / value without a cap.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> item = read_scorecard("xiangyin-2016").indicators[0]
    >>> worst, best = [5.0, 0.0] if item.direction == "lower" else [0.0, 5.0]
    >>> points = item_points(item, np.array([[worst, best]], dtype=np.float32), [2017])
    >>> bool(points[0, 0] <= points[0, 1] <= item.rule_points)
    True
    """
    value = np.ascontiguousarray(value, dtype=np.float32)
    labels = None if classes is None else np.asarray(classes)
    _refuse(item, _axis_slips(value, years, labels))
    members = () if labels is None else tuple(np.flatnonzero(labels == label) for label in np.unique(labels))
    terms = Terms(item.rule_points, item.direction == "higher", _targets(item, years), members)
    _refuse(item, _norm_slips(item, value, terms))
    return RULES[item.rule.type](item.rule, value, terms)


def target_met(item: Indicator, value: Floats, years: Sequence[int]) -> Met:
    """Return whether values meet the target of their year.

    Parameters
    ----------
    item : Indicator
        Its target, direction, and whether its rule is strict: a value at the target itself then does not meet it.
    value : array of float32
        Dims (..., year, unit), in the unit of the indicator; NaN is missing.
    years : sequence of int
        Calendar years along the year axis.

    Returns
    -------
    array of bool
        Dims as ``value``; a missing value does not meet the target.

    Raises
    ------
    InputError
        No target, or axes that do not fit.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> card = read_scorecard("xiangyin-2016")
    >>> item = next(item for item in card.indicators if item.target is not None)
    >>> bool(target_met(item, np.array([[np.nan]]), [2017])[0, 0])
    False
    """
    value = np.asarray(value, dtype=np.float32)
    slips = list(_axis_slips(value, years, None))
    if item.target is None:
        slips.append(Problem("target", "is missing, so nothing can be said to meet it"))
    _refuse(item, slips)
    terms = Terms(item.rule_points, item.direction == "higher", _targets(item, years))
    edge = edge_of(terms, strict=getattr(item.rule, "strict", False)).reshape(-1, 1)
    met: Met = value >= edge if terms.higher else value <= edge
    return met


def _targets(item: Indicator, years: Sequence[int]) -> float | Doubles:
    if item.target is None:
        return float("nan")
    return np.array([item.target.at(year) for year in years])


def _axis_slips(value: Floats, years: Sequence[int], labels: Any) -> Iterator[Problem]:
    shape = value.shape
    if len(shape) < 2 or shape[-2] != len(years):
        yield Problem(
            "value", "should end in the axes year and unit", str(shape), f"{len(years)} years, then the units"
        )
    elif labels is not None and labels.shape != shape[-1:]:
        yield Problem("classes", "should name one class for each unit", str(labels.shape), str(shape[-1:]))


def _norm_slips(item: Indicator, value: Floats, terms: Terms) -> Iterator[Problem]:
    rule = item.rule
    if not isinstance(rule, ProportionalToNorm):
        return
    usual = np.atleast_1d(np.asarray(terms.target if rule.norm is None else rule.norm))
    if not (usual > 0).all():
        yield Problem("target", "serves as the norm and should be above 0", f"{usual.min():g}")
    if rule.cap is None and not terms.higher and value.size and (lowest := np.fmin.reduce(value, axis=None)) <= 0:
        yield Problem("value", "earns boundless points", f"{lowest:g}", "above 0", "give the rule a cap")


def _refuse(item: Indicator, slips: Iterator[Problem] | list[Problem]) -> None:
    problems = list(slips)
    if problems:
        raise InputError(f"indicator {item.code}", problems)
