"""Values to points, vetoes, totals, grades, ranks and awards, for one or more weight schemes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.scoring.cells import LEAD, labels
from povsim.scoring.conditions import Facts
from povsim.scoring.judging import Judged, judge
from povsim.scoring.missing import LAST_KNOWN, LEFT_OUT, POLICIES, REBASE, ZERO, fill, leave_out
from povsim.scoring.rules import item_points, target_met
from povsim.scoring.schema import Scorecard
from povsim.scoring.schemes import WeightScheme, check_schemes, weight_scheme

Floats = npt.NDArray[np.float32]
STACK = ("indicator", *LEAD)


@dataclass(frozen=True)
class Earned:
    """What does not depend on weights, each (indicator, scenario, draw, year, unit).

    Attributes
    ----------
    values : array of float32
        After the policies for what is missing.
    points : array of float32
        By the rules, in the points they are written in; not a number where an item does not count.
    met : array of bool
        Whether the target is met, for items that have one.
    filled : array of int8
        Policy used where a value was missing.
    """

    values: Floats
    points: Floats
    met: npt.NDArray[np.bool_]
    filled: npt.NDArray[np.int8]


def score(values: xr.Dataset, scorecard: Scorecard, *, schemes: Sequence[WeightScheme] | None = None) -> xr.Dataset:
    """Score units: points by item and group, vetoes, total, grade, rank and awards.

    An item's share of its documented points is what its rule gives; under a scheme with other points it earns that
    share of them. Items without points of their own (bonus and penalty ledgers, shared counts of defects) add or take
    off what the rule says under every scheme.

    Parameters
    ----------
    values : Dataset
        As ``indicator_values`` returns it.
    scorecard : Scorecard
        The scorecard the values belong to.
    schemes : sequence of WeightScheme, optional
        The card's own points where none is given.

    Returns
    -------
    Dataset
        ``points``, ``group_points``, ``total_before_vetoes``, ``total``, ``grade``, ``rank``, ``tied``, ``award``,
        ``passed``, ``vetoed``, ``triggered``, ``value``, ``value_origin``, ``value_source``, ``filled``,
        ``item_points``, ``rebased_by`` by scenario, scheme, draw, year and unit. ``grade`` and ``award`` carry their
        codes in the attribute ``flag_meanings``: a grade is a position (-1: none), an award a bit.

    Raises
    ------
    InputError
        Values of another scorecard; an indicator missing; schemes that do not sum or do not fit; a value missing where
        the policy is to refuse.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=2)
    >>> card = povsim.read_scorecard("xiangyin-2016")
    >>> scores = score(povsim.indicator_values(outcomes, card), card)
    >>> scores["total"].dims, bool((scores["total"] <= 100).all())
    (('scenario', 'scheme', 'draw', 'year', 'unit'), True)
    """
    return score_values(values, scorecard, schemes, strict=True)


def score_values(
    values: xr.Dataset, card: Scorecard, schemes: Sequence[WeightScheme] | None = None, *, strict: bool = True
) -> xr.Dataset:
    """Score units; where not ``strict``, items without a value are left out whatever their policy."""
    chosen = list(schemes) if schemes else [weight_scheme(card)]
    check_schemes(chosen, card)
    _check_values(values, card)
    earned = _earned(values, card, strict=strict)
    parts = [_under(values, card, earned, scheme) for scheme in chosen]
    stacked = {name: np.stack([part[name] for part in parts], axis=1) for name in parts[0]}
    return _dataset(values, card, earned, stacked, chosen)


def _check_values(values: xr.Dataset, card: Scorecard) -> None:
    problems = []
    other = values.attrs.get("scorecard", card.code)
    if other != card.code:
        problems.append(Problem("values", "belong to another scorecard", str(other), card.code))
    found = [str(code) for code in values["indicator"].to_numpy()] if "indicator" in values.coords else []
    wanted = [item.code for item in card.indicators]
    if gone := [code for code in wanted if code not in found]:
        problems.append(Problem("indicator", "missing from the values", ", ".join(gone)))
    if more := [code for code in found if code not in wanted]:
        problems.append(Problem("indicator", "not in the scorecard", ", ".join(more)))
    if found and not problems:
        for item in card.indicators:
            one = values["value"].sel(indicator=item.code)
            low, high = float(one.min()), float(one.max())
            if low < np.float32(item.bounds[0]) or high > np.float32(item.bounds[1]) or np.isinf((low, high)).any():
                bounds = f"{item.bounds[0]:g} to {item.bounds[1]:g} {item.unit}"
                problems.append(Problem(f"value.{item.code}", "outside the possible", f"{low:g} to {high:g}", bounds))
    if problems:
        raise InputError(card.code, problems)


def _earned(values: xr.Dataset, card: Scorecard, *, strict: bool) -> Earned:
    codes = [item.code for item in card.indicators]
    stack = values["value"].sel(indicator=codes).transpose(*STACK).to_numpy().astype(np.float32)
    units, years = _units(values), _years(values)
    filled = fill(card, stack, units, years) if strict else leave_out(stack)
    classes = [str(name) for name in values["unit_class"].to_numpy()] if "unit_class" in values else [""] * len(units)
    points, met = np.empty_like(stack), np.ones(stack.shape, dtype=bool)
    for place, item in enumerate(card.indicators):
        apart = getattr(item.rule, "within_class", False) and any(classes)
        points[place] = item_points(item, stack[place], years, classes=classes if apart else None)
        if item.target is not None:
            met[place] = target_met(item, stack[place], years)
    points[filled == ZERO] = 0
    return Earned(stack, points, met, filled)


def _units(values: xr.Dataset) -> list[str]:
    return [str(unit) for unit in values["unit"].to_numpy()]


def _years(values: xr.Dataset) -> list[int]:
    return [int(year) for year in values["year"].to_numpy()]


def _under(values: xr.Dataset, card: Scorecard, earned: Earned, scheme: WeightScheme) -> dict[str, npt.NDArray[Any]]:
    """Return everything that depends on weights, arrays (scenario, draw, year, unit, ...) without the scheme dim."""
    weights = scheme.array()
    own = np.array([item.rule_points for item in card.indicators])
    points, factor = _rebased(_reweighted(earned.points, own, weights), earned.filled, weights)
    groups = group_points(card, points, weights=weights, factor=factor)
    loose = [place for place, item in enumerate(card.indicators) if not item.group]
    total = groups.sum(axis=0) + np.nansum(points[loose], axis=0, dtype=np.float32)
    counted = weights > 0 if (weights > 0).any() else np.ones(weights.size, dtype=bool)
    nothing = np.isnan(points[counted]).all(axis=0)
    left_out = (earned.filled == LEFT_OUT).any(axis=0)
    total[nothing | left_out] = np.nan
    facts = _facts(values, card, earned, (points, weights, total, factor))
    judged = judge(card, facts, group_points=groups)
    return {"points": points, "groups": groups, "before": total, "rebased_by": factor, **_of_judged(judged)}


def _reweighted(points: Floats, own: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> Floats:
    factor = np.divide(weights, own, out=np.ones_like(own), where=own > 0).astype(np.float32)
    return np.asarray(points * factor[:, None, None, None, None])


def _rebased(points: Floats, filled: npt.NDArray[np.int8], weights: npt.NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Scale the items that count up to the points of those that do not, so that a unit can still earn the total.

    Returns the points and the factor, (scenario, draw, year, unit).
    """
    out = filled == REBASE
    if not out.any():
        return points, np.ones(points.shape[1:], dtype=np.float32)
    gone = np.zeros(points.shape[1:])
    for place, weight in enumerate(weights):
        gone += weight * out[place]
    left = weights.sum() - gone
    factor = np.divide(weights.sum(), left, out=np.ones_like(left), where=left > 0).astype(np.float32)
    points = points.copy()
    for place, weight in enumerate(weights):
        if weight > 0:
            points[place] *= factor
    points[out] = np.nan
    return points, factor


def group_points(card: Scorecard, points: Floats, *, weights: npt.NDArray[np.float64], factor: Floats) -> Floats:
    """Return the points of each group between its floor and cap, (group, scenario, draw, year, unit).

    Floor and cap are written in the card's points: they grow and shrink with the points that a scheme gives the group,
    and with what is re-based.
    """
    out = np.zeros((len(card.groups), *points.shape[1:]), dtype=np.float32)
    for place, group in enumerate(card.groups):
        own = [number for number, item in enumerate(card.indicators) if item.group == group.code]
        np.nansum(points[own], axis=0, out=out[place], dtype=np.float32)
        if group.cap is not None or group.floor is not None:
            printed = sum(card.indicators[number].points for number in own)
            size = factor * np.float32(weights[own].sum() / printed if printed > 0 else 1.0)
            # a group that a scheme gives no points has room for none
            own_points = np.divide(out[place], size, out=np.zeros_like(out[place]), where=size > 0)
            out[place] = np.clip(own_points, group.floor, group.cap) * size
    return out


def _facts(
    values: xr.Dataset, card: Scorecard, earned: Earned, under: tuple[Floats, npt.NDArray[np.float64], Floats, Floats]
) -> Facts:
    points, weights, total, factor = under
    below = np.where(weights > 0, weights, np.nan).astype(np.float32)
    shape = total.shape
    findings = np.zeros((len(card.findings), *shape), dtype=np.int8)
    if card.findings and "severity" in values:
        findings = values["severity"].transpose("finding", *LEAD).to_numpy()
    peers = values["peer_share"].transpose("draw", "year", "peer", "indicator") if "peer_share" in values else None
    units = _units(values)
    return Facts(
        card=card,
        values=earned.values,
        points=points,
        # what an item earns of its own points: that others are left out does not make it better
        shares=points / factor / below[:, None, None, None, None],
        met=earned.met,
        missing=np.isnan(earned.values),
        total=total,
        findings=findings,
        grade=np.full(shape, -1, dtype=np.int8),
        peer_share=None if peers is None else peers.to_numpy(),
        weights=weights,
        years=_years(values),
        units=units,
        classes=[str(name) for name in values["unit_class"].to_numpy()]
        if "unit_class" in values
        else [""] * len(units),
        history=_history(values),
    )


def _history(values: xr.Dataset) -> dict[int, dict[str, str]]:
    if "past_grade" not in values:
        return {}
    units = _units(values)
    past = values["past_grade"].transpose("past_year", "unit").to_numpy()
    years = values["past_year"].to_numpy()
    return {
        int(year): {unit: str(grade) for unit, grade in zip(units, row, strict=True) if grade}
        for year, row in zip(years, past, strict=True)
    }


def _of_judged(judged: Judged) -> dict[str, npt.NDArray[Any]]:
    bits = np.zeros(judged.rank.shape, dtype=np.int32)
    for place in range(judged.award.shape[0]):
        bits |= judged.award[place].astype(np.int32) << place
    found = {
        "total": judged.total,
        "grade": judged.grade,
        "rank": judged.rank,
        "tied": judged.tied,
        "award": bits,
        "passed": judged.passed,
        "vetoed": judged.vetoed,
        "triggered": judged.triggered,
        "step": judged.step,
    }
    return found if judged.item_struck is None else {**found, "item_struck": judged.item_struck}


_DIMS = {
    "points": ("indicator",),
    "groups": ("group",),
    "vetoed": ("veto",),
    "triggered": ("trigger",),
    "step": ("trigger",),
    "item_struck": ("veto", "indicator"),
}
_NAMES = {"groups": "group_points", "before": "total_before_vetoes"}
_LABELS = {
    "points": ("points", "points by item", "各项得分"),
    "group_points": ("points", "points by group, between floor and cap", "分类得分"),
    "total_before_vetoes": ("points", "total before vetoes", "否决前总分"),
    "total": ("points", "total", "总分"),
    "rebased_by": ("factor", "what points were scaled up by, for items left out", "因缺项折算的倍数"),
    "grade": ("position", "grade, best first (-1: none)", "等次"),
    "rank": ("place", "rank (0: not ranked)", "名次"),
    "tied": ("flag", "place shared with another unit", "并列"),
    "award": ("bits", "awards, a bit each", "奖惩"),
    "passed": ("flag", "no gate missed and no veto that fails the unit", "合格"),
    "vetoed": ("flag", "veto holds", "触发否决"),
    "triggered": ("severity", "severity of the trigger (0: not set off)", "触发情形的程度"),
    "step": ("position", "step of the ladder reached (-1: none)", "处理阶段"),
    "item_struck": ("flag", "veto of an item strikes the units that answer for it", "责任单位被追究的指标"),
}


def _dataset(
    values: xr.Dataset,
    card: Scorecard,
    earned: Earned,
    stacked: dict[str, npt.NDArray[Any]],
    schemes: Sequence[WeightScheme],
) -> xr.Dataset:
    data: dict[str, Any] = {}
    for key, array in stacked.items():
        inner = _DIMS.get(key, ())
        # schemes were stacked behind the first dim
        first, *rest = (*inner, *LEAD)
        dims = (first, "scheme", *rest)
        name = _NAMES.get(key, key)
        units, label, label_zh = _LABELS[name]
        attributes = {"units": units, "long_name": label, "long_name_zh": label_zh}
        variable = xr.Variable(dims, array, attributes)
        data[name] = variable.transpose("scenario", "scheme", "draw", "year", "unit", *inner)
    data["grade"].attrs |= _flags([grade.code for grade in card.grades.grades] if card.grades else [])
    data["award"].attrs |= {"flag_meanings": " ".join(award.code for award in card.awards)}
    data["filled"] = xr.Variable(STACK, earned.filled, _FILLED).transpose(*LEAD, "indicator")
    data["value"] = xr.Variable(STACK, earned.values).transpose(*LEAD, "indicator")
    data["item_points"] = (("scheme", "indicator"), np.stack([scheme.array() for scheme in schemes]))
    if "value_origin" in values:
        data["value_origin"] = values["value_origin"].variable
    if "value_source" in values:
        data["value_source"] = _carried(values["value_source"].variable, earned.filled)
    return xr.Dataset(data, _coordinates(values, card, schemes), {**values.attrs, **_about(card)})


def _carried(source: xr.Variable, filled: npt.NDArray[np.int8]) -> xr.Variable:
    """Return where values come from, those carried from an earlier year included."""
    codes = source.transpose("indicator", "year", "unit").to_numpy().copy()
    carried = (filled == LAST_KNOWN).any(axis=(1, 2))
    for year in range(1, codes.shape[1]):
        np.copyto(codes[:, year], codes[:, year - 1], where=carried[:, year])
    return xr.Variable(("indicator", "year", "unit"), codes, source.attrs).transpose("year", "unit", "indicator")


_FILLED = {
    "long_name": "what was done where a value is missing",
    "long_name_zh": "缺失值的处理",
    "flag_values": np.arange(len(POLICIES), dtype=np.int8),
    "flag_meanings": " ".join(POLICIES),
}


def _flags(codes: list[str]) -> dict[str, Any]:
    return {"flag_values": np.arange(len(codes), dtype=np.int8), "flag_meanings": " ".join(codes)}


def _about(card: Scorecard) -> dict[str, Any]:
    return {
        "scorecard": card.code,
        "level": card.level,
        "document": card.scorecard.document,
        "total_points": card.total_points,
    }


def _coordinates(values: xr.Dataset, card: Scorecard, schemes: Sequence[WeightScheme]) -> dict[str, Any]:
    parts = {"indicator": card.indicators, "group": card.groups, "veto": card.vetoes, "trigger": card.triggers}
    named = [labels(dim, entries) for dim, entries in parts.items()]
    scheme = {
        "scheme": [scheme.code for scheme in schemes],
        "scheme_zh": ("scheme", np.array([scheme.name_zh for scheme in schemes], dtype=str)),
        "scheme_en": ("scheme", np.array([scheme.name_en for scheme in schemes], dtype=str)),
    }
    kept = {dim: values[dim] for dim in ("scenario", "draw", "year", "unit")}
    return {**kept, **scheme, **{key: entry for group in named for key, entry in group.items()}}
