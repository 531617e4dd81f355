"""What follows from points: vetoes and their effects, the total after them, grades, ranks, awards, consequences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from povsim.scoring.conditions import Facts, holds, holds_by_item, severity
from povsim.scoring.ranking import (
    NO_GRADE,
    Flags,
    Floats,
    Places,
    Small,
    Standing,
    Whole,
    awards,
    grade_index,
    places,
    rank_of,
)
from povsim.scoring.rule_schema import Gate
from povsim.scoring.schema import Group, Scorecard
from povsim.scoring.verdict_schema import Veto

NO_STEP = -1


@dataclass(frozen=True, eq=False)
class Judged:
    """The judgement; cells are (scenario, draw, year, unit), stacks follow the order of the scorecard's parts.

    Attributes
    ----------
    vetoed : array of bool
        (veto, *cells): the veto holds; for a veto whose scope is the item, for any item. Inactive vetoes never do.
    item_struck : array of bool, optional
        (veto, indicator, *cells): items struck by vetoes whose scope is the item; nothing where there are none.
    total : array of float32
        (*cells): points after vetoes; NaN where a value that it needs is missing.
    passed : array of bool
        (*cells): no gate missed and no veto that fails the unit. A gate whose value is missing fails nobody.
    grade : array of int8
        (*cells): index of the grade, best 0; -1 none.
    rank, tied : array of int16 (int32 for very many units), array of bool
        (*cells): 0 where not ranked: failed, disqualified from the ranking, or without a total.
    award : array of bool
        (award, *cells).
    triggered, step : array of int8
        (trigger, *cells): severity (0: not set off), and place of the step reached on the trigger's ladder (-1: none).
    """

    vetoed: Flags
    item_struck: Flags | None
    total: Floats
    passed: Flags
    grade: Small
    rank: Whole
    tied: Flags
    award: Flags
    triggered: Small
    step: Small


def judge(card: Scorecard, facts: Facts, *, group_points: Floats) -> Judged:
    """Apply vetoes, then grade, rank, reward and trigger.

    All vetoes look at the facts before any veto. In this order: items, groups or the total become zero; points are
    deducted; the rest is the total, which no veto takes below zero (one that penalties have taken there stays). Grades
    go by that total, then are capped. A unit that fails as a whole, by a veto or a gate, keeps its total, gets the last
    grade and is out of the ranking and of all rewards; a disqualified one is out of the rewards named and, where the
    veto says so, of the ranking. Triggers that name a grade look at the final one.

    Parameters
    ----------
    card : Scorecard
        Vetoes, grades, awards, triggers.
    facts : Facts
        Values, points, totals and findings; its grade is worked out here.
    group_points : array of float32
        (group, scenario, draw, year, unit): points of the groups between their floors and caps, as they count in the
        total.

    Examples
    --------
    >>> from povsim.quantity import validate
    >>> card = validate(Scorecard, {
    ...     "scorecard": {"code": "c", "name_zh": "c", "name_en": "c", "level": "county", "total_points": 0,
    ...                   "document": "d"},
    ...     "findings": [{"code": "fraud", "name_zh": "f", "name_en": "f", "source": "x", "status": "assumed"}],
    ...     "vetoes": [{"code": "fraud", "name_zh": "f", "name_en": "f", "source": "x", "status": "assumed",
    ...                 "when": {"finding": "fraud"}, "effect": "deduct", "value": 15}],
    ... }, "c")
    >>> cells = (1, 1, 1, 2)
    >>> nothing = np.zeros((0, *cells), dtype=np.float32)
    >>> facts = Facts(
    ...     card=card, values=nothing, points=nothing, shares=nothing, met=nothing > 0, missing=nothing > 0,
    ...     total=np.full(cells, 80, dtype=np.float32), findings=np.array([0, 2], dtype=np.int8).reshape(1, *cells),
    ...     weights=np.zeros(0), years=[2016], units=["A", "B"], classes=["", ""])
    >>> judged = judge(card, facts, group_points=nothing)
    >>> judged.total.ravel().tolist(), judged.rank.ravel().tolist()
    ([80.0, 65.0], [1, 2])
    """
    facts = replace(facts, grade=_grade_before(card, facts))
    vetoed, struck = _vetoes(card, facts)
    passed = ~(_gate_missed(card, facts) | _any(vetoed, card, "fail"))
    total = _total_after(card, facts, vetoed, group_points)
    removed = [veto.effect == "disqualify" and veto.ranking and veto.scope == "unit" for veto in card.vetoes]
    out = ~passed | vetoed[removed].any(axis=0)
    broken = _break_by(card, facts)
    found = places(total, break_by=broken, out=out)
    rank, tied = rank_of(found, card.ties)
    grade = _grade_after(card, total, found, vetoed, passed)
    barred = _barred(card, vetoed, passed)
    standing = Standing(
        total=total,
        grade=grade,
        break_by=broken,
        out=out,
        barred=barred,
        classes=facts.classes,
        units=facts.units,
        years=facts.years,
        history=facts.history,
    )
    triggered, step = _triggers(card, replace(facts, grade=grade))
    award = awards(card, standing)
    return Judged(vetoed, struck, total, passed, grade, rank, tied, award, triggered=triggered, step=step)


def _break_by(card: Scorecard, facts: Facts) -> tuple[Floats, ...]:
    codes = [item.code for item in card.indicators]
    return tuple(facts.points[codes.index(code)] for code in card.ties.break_by)


def _grade_before(card: Scorecard, facts: Facts) -> Small | None:
    """Return the grade by the total before vetoes; none where no condition asks for it."""
    asked = any(part.grade is not None for veto in card.vetoes for part in veto.when.parts())
    if card.grades is None or not asked:
        return None
    found = places(facts.total, break_by=_break_by(card, facts)) if card.grades.by == "share" else None
    return grade_index(facts.total, card.grades, found=found)


def _vetoes(card: Scorecard, facts: Facts) -> tuple[Flags, Flags | None]:
    """Return which vetoes hold for units, and which items those with the scope of an item strike."""
    vetoed = np.zeros((len(card.vetoes), *facts.total.shape), dtype=bool)
    by_item = any(veto.scope == "item" for veto in card.vetoes)
    shape = (len(card.vetoes), len(card.indicators), *facts.total.shape)
    struck = np.zeros(shape, dtype=bool) if by_item else None
    for place, veto in enumerate(card.vetoes):
        if not veto.active:
            continue
        if struck is not None and veto.scope == "item":
            struck[place] = holds_by_item(veto.when, facts)
            vetoed[place] = struck[place].any(axis=0)
        else:
            vetoed[place] = holds(veto.when, facts)
    return vetoed, struck


def _any(vetoed: Flags, card: Scorecard, effect: str, of: str = "") -> Flags:
    rows = [veto.effect == effect and veto.of == of for veto in card.vetoes]
    return np.asarray(vetoed[rows].any(axis=0))


def _gate_missed(card: Scorecard, facts: Facts) -> Flags:
    missed = np.zeros(facts.total.shape, dtype=bool)
    for place, item in enumerate(card.indicators):
        if isinstance(item.rule, Gate):
            missed |= ~facts.met[place] & ~facts.missing[place]
    return missed


def _total_after(card: Scorecard, facts: Facts, vetoed: Flags, group_points: Floats) -> Floats:
    total = facts.total.astype(np.float32)
    struck = {veto.of for veto in card.vetoes if veto.effect == "zero" and veto.active}
    for place, item in enumerate(card.indicators):
        if not item.group and item.code in struck:
            total -= _struck_points(card, facts, vetoed, place)
    for place, group in enumerate(card.groups):
        items = [item.code for item in card.indicators if item.group == group.code]
        if struck & {group.code, *items}:
            total -= _group_loss(card, facts, vetoed, group, group_points[place])
    emptied = _any(vetoed, card, "zero", "total") | _any(vetoed, card, "zero")
    total = np.where(emptied, np.minimum(total, 0), total)
    for place, veto in enumerate(card.vetoes):
        if veto.effect == "deduct":
            total -= np.where(vetoed[place], np.float32(veto.value or 0.0), np.float32(0))
    return np.maximum(total, np.minimum(facts.total, 0)).astype(np.float32)


def _struck_points(card: Scorecard, facts: Facts, vetoed: Flags, item: int) -> Floats:
    """Return what an item loses where it becomes zero; penalties in it stay."""
    hit = _any(vetoed, card, "zero", card.indicators[item].code)
    return np.where(hit, np.fmax(facts.points[item], 0), np.float32(0))


def _group_loss(card: Scorecard, facts: Facts, vetoed: Flags, group: Group, earned: Floats) -> Floats:
    """Return what a group loses: points beyond its cap take the place of those struck, and its floor holds."""
    raw, taken = np.zeros((2, *earned.shape), dtype=np.float32)
    for place, item in enumerate(card.indicators):
        if item.group == group.code:
            raw += np.nan_to_num(facts.points[place])
            taken += _struck_points(card, facts, vetoed, place)
    loss = np.fmax(taken - np.fmax(raw - earned, 0), 0)
    if group.floor is not None:
        loss = np.fmin(loss, np.fmax(earned - np.float32(group.floor), 0))
    return np.where(_any(vetoed, card, "zero", group.code), np.fmax(earned, 0), loss)


def _grade_after(card: Scorecard, total: Floats, found: Places, vetoed: Flags, passed: Flags) -> Small:
    if card.grades is None:
        return np.full(total.shape, NO_GRADE, dtype=np.int8)
    codes = [grade.code for grade in card.grades.grades]
    grade = grade_index(total, card.grades, found=found)
    for place, veto in enumerate(card.vetoes):
        if veto.effect == "cap":
            capped = np.maximum(grade, np.int8(codes.index(veto.grade)))
            grade = np.where(vetoed[place] & (grade != NO_GRADE), capped, grade)
    return np.where(passed, grade, np.int8(len(codes) - 1))


def _barred(card: Scorecard, vetoed: Flags, passed: Flags) -> Flags:
    barred = np.repeat(~passed[None], len(card.awards), axis=0)
    for place, veto in _disqualifying(card):
        for row, award in enumerate(card.awards):
            if not veto.awards or award.code in veto.awards:
                barred[row] |= vetoed[place]
    return barred


def _disqualifying(card: Scorecard) -> Iterator[tuple[int, Veto]]:
    """Yield the vetoes that disqualify the unit itself; scope item strikes those that answer for the item."""
    for place, veto in enumerate(card.vetoes):
        if veto.effect == "disqualify" and veto.scope == "unit":
            yield place, veto


def _triggers(card: Scorecard, facts: Facts) -> tuple[Small, Small]:
    shape = (len(card.triggers), *facts.total.shape)
    triggered, step = np.zeros(shape, dtype=np.int8), np.full(shape, NO_STEP, dtype=np.int8)
    ladders = {ladder.code: [one.severity for one in ladder.steps] for ladder in card.ladders}
    for place, trigger in enumerate(card.triggers):
        triggered[place] = severity(trigger.when, facts)
        step[place] = np.searchsorted(ladders[trigger.ladder], triggered[place], side="right") - 1
    return triggered, step
