"""What has to agree between the parts of a scorecard: codes, points, references; every slip at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from povsim.errors import Problem, nearest
from povsim.quantity import Quantity
from povsim.scoring.rule_schema import Bands, Coefficient, Proportional, RelativeToMean
from povsim.scoring.schema import Indicator, Scorecard
from povsim.scoring.signal_names import SIGNALS
from povsim.scoring.verdict_schema import Condition

TOLERANCE = 1e-6
"""Points: re-based items sum to a hundred up to rounding."""


def slips(card: Scorecard) -> Iterator[Problem]:
    """Yield everything in a scorecard that does not agree with something else in it."""
    for check in (
        _codes,
        _shared_codes,
        _groups,
        _points,
        _values,
        _stocks,
        _spreads,
        _targets,
        _rules,
        _vetoes,
        _consequences,
        _others,
    ):
        yield from check(card)


def unknown(where: str, kind: str, code: str, known: Iterable[str]) -> Problem:
    """Return the problem of a name that stands for nothing."""
    names = list(known)
    return Problem(where, f"unknown {kind}", code, ", ".join(names) or "none is declared", nearest(code, names))


def _twice(where: str, codes: Sequence[str]) -> Iterator[Problem]:
    for code in dict.fromkeys(code for code in codes if codes.count(code) > 1):
        yield Problem(f"{where}.{code}", f"is given {codes.count(code)} times; one rule for each is allowed")


def _codes(card: Scorecard) -> Iterator[Problem]:
    for name in ("groups", "indicators", "vetoes", "findings", "triggers", "ladders", "awards", "provisions"):
        yield from _twice(name, [item.code for item in getattr(card, name)])
    if card.grades is not None:
        yield from _twice("grades", [grade.code for grade in card.grades.grades])
    if not card.indicators and not card.triggers:
        yield Problem("indicators", "is empty: a scorecard needs indicators, or at least triggers")


def _shared_codes(card: Scorecard) -> Iterator[Problem]:
    """Yield codes that would leave open what a veto empties: an item, a group, or the total."""
    groups = [group.code for group in card.groups]
    for item in card.indicators:
        if item.code in (*groups, "total"):
            yield Problem(
                f"indicators.{item.code}", "has the code of a group, or of the total", mend="rename one of them"
            )


def _spreads(card: Scorecard) -> Iterator[Problem]:
    """Yield spreads of figures that are the same in all draws."""
    for item in card.indicators:
        for name, figure in (
            ("target", item.target),
            ("plan", item.value_from.plan),
            ("sample", item.value_from.sample),
        ):
            if figure is not None and figure.spread is not None:
                yield Problem(
                    f"indicators.{item.code}.{name}.spread", "is one figure for all draws, so takes no spread"
                )
    for finding in card.findings:
        chance = finding.probability
        if chance is None:
            continue
        path = chance.value.values() if isinstance(chance.value, dict) else [chance.value]
        if not all(0 <= each <= 1 for each in path):
            yield Problem(f"findings.{finding.code}.probability", "lies outside the possible", allowed="0 to 1")
        if chance.spread is not None:
            yield Problem(
                f"findings.{finding.code}.probability.spread", "is one figure for all draws, so takes no spread"
            )


def _groups(card: Scorecard) -> Iterator[Problem]:
    known = [group.code for group in card.groups]
    for item in card.indicators:
        if item.group not in known and (known or item.group):
            yield unknown(f"indicators.{item.code}.group", "group", item.group, known)
    for group in card.groups:
        where, items = f"groups.{group.code}", [item for item in card.indicators if item.group == group.code]
        points = sum(item.points for item in items)
        if not items:
            yield Problem(where, "has no indicators")
        elif group.points is not None and abs(points - group.points) > TOLERANCE:
            yield Problem(f"{where}.points", "is not the sum of its items", f"{group.points:g}", f"{points:g}")
        if group.mix:
            yield from _mix(where, group.mix, items)


def _mix(where: str, mix: dict[str, float], items: list[Indicator]) -> Iterator[Problem]:
    points = {item.code: item.points for item in items}
    total = sum(points.values())
    if set(mix) != set(points):
        yield Problem(f"{where}.mix", "should name the items of the group", ", ".join(mix), ", ".join(points))
    elif abs(sum(mix.values()) - 1) > TOLERANCE:
        yield Problem(f"{where}.mix", "should sum to 1", f"{sum(mix.values()):g}")
    else:
        for code, share in mix.items():
            if abs(points[code] - share * total) > TOLERANCE:
                found, allowed = f"{points[code]:g}", f"{share:g} x {total:g} = {share * total:g}"
                yield Problem(f"indicators.{code}.points", "does not follow the fixed mix", found, allowed)


def _points(card: Scorecard) -> Iterator[Problem]:
    points = sum(item.points for item in card.indicators)
    if abs(points - card.total_points) > TOLERANCE:
        found, allowed = f"{points:g}", f"{card.total_points:g}"
        yield Problem("indicators", "points do not sum to total_points", found, allowed)


def _values(card: Scorecard) -> Iterator[Problem]:
    for item in card.indicators:
        where, source = f"indicators.{item.code}.value_from", item.value_from
        if item.profile and item.profile not in card.profiles:
            yield unknown(f"indicators.{item.code}.profile", "profile", item.profile, card.profiles)
        for name, figure in (("assumed", source.assumed), ("otherwise", source.otherwise)):
            if figure is not None:
                yield from _beyond(item, figure, f"{where}.{name}")
        if source.scorecard is not None:
            yield from _nested(card, item, where)
        if source.simulated is not None:
            yield from _simulated(card, item, where)


def _nested(card: Scorecard, item: Indicator, where: str) -> Iterator[Problem]:
    if item.value_from.scorecard == card.code:
        yield Problem(f"{where}.scorecard", "is the scorecard itself")
    if item.unit not in ("share", "ratio"):
        yield Problem(f"indicators.{item.code}.unit", "another scorecard's total is a share", item.unit, "share, ratio")


def _beyond(item: Indicator, figure: Quantity, where: str) -> Iterator[Problem]:
    low, high = item.bounds
    if figure.unit != item.unit:
        yield Problem(f"{where}.unit", "is not the unit of the indicator", figure.unit, item.unit)
    for value in figure.value.values() if isinstance(figure.value, dict) else [figure.value]:
        if not low <= value <= high:
            yield Problem(where, "lies outside the possible values", f"{value:g}", f"{low:g} to {high:g} {item.unit}")


def _simulated(card: Scorecard, item: Indicator, where: str) -> Iterator[Problem]:
    source = item.value_from
    name = SIGNALS.get(source.simulated or "")
    if name is None:
        yield unknown(f"{where}.simulated", "simulated name", str(source.simulated), SIGNALS)
        return
    if name.unit != item.unit:
        yield Problem(f"{where}.simulated", f"{name.code} is in another unit than the indicator", name.unit, item.unit)
    if card.level not in name.levels:
        yield Problem(f"{where}.simulated", f"{name.code} is not known by {card.level}", allowed=", ".join(name.levels))
    if (name.of != "nothing") != bool(source.of):
        yield Problem(f"{where}.of", "is needed" if name.of != "nothing" else "does not belong here", allowed=name.of)
    if source.plan is not None and source.plan.unit != name.plan.rstrip("!"):
        yield Problem(f"{where}.plan", "has another unit", source.plan.unit, name.plan.rstrip("!") or "no plan here")
    if source.plan is None and name.plan.endswith("!"):
        yield Problem(f"{where}.plan", "is missing", allowed=f"an amount in {name.plan.rstrip('!')}")
    if source.sample is not None and (not name.sample or source.sample.unit != "households"):
        allowed = "a number of households" if name.sample else "no sample here"
        yield Problem(f"{where}.sample", "does not fit", source.sample.unit, allowed)


def _stocks(card: Scorecard) -> Iterator[Problem]:
    """Yield flow profiles of values that do not add up over the year: half a year in, they are not half of it."""
    for item in card.indicators:
        profile, name = card.profiles.get(item.profile), SIGNALS.get(item.value_from.simulated or "")
        if profile is not None and profile.kind == "flow" and name is not None and name.stock:
            where, what = f"indicators.{item.code}.profile", f"{name.code} does not add up over the year"
            yield Problem(where, what, f"{item.profile} (flow)", mend="name a profile of kind level")


def _targets(card: Scorecard) -> Iterator[Problem]:
    for item in card.indicators:
        if item.target is None:
            continue
        where, higher = f"indicators.{item.code}.target", item.direction == "higher"
        path = item.target.value if isinstance(item.target.value, dict) else {0: item.target.value}
        worst = item.bounds[0] if higher else item.bounds[1]
        if any(value == worst for value in path.values()):
            what = f"every possible value meets it where {item.direction} is better"
            yield Problem(where, what, f"{worst:g}", mend="is the direction the wrong way round?")
        values = [path[year] for year in sorted(path)]
        if values != sorted(values, reverse=not higher):
            found = ", ".join(f"{year}: {path[year]:g}" for year in sorted(path))
            what = f"gets easier from year to year where {item.direction} is better"
            yield Problem(where, what, found, mend="are the years or the direction the wrong way round?")


def _rules(card: Scorecard) -> Iterator[Problem]:
    for item in card.indicators:
        where, rule = f"indicators.{item.code}.rule", item.rule
        if isinstance(rule, Proportional) and item.unit not in ("share", "ratio"):
            yield Problem(where, "proportional needs a share or a ratio", item.unit, "share, ratio")
        if isinstance(rule, RelativeToMean) and abs(rule.cap - item.rule_points) > TOLERANCE:
            yield Problem(f"{where}.cap", "should be the points of the item", f"{rule.cap:g}", f"{item.rule_points:g}")
        if isinstance(rule, Coefficient) and item.direction == "lower":
            yield Problem(where, "coefficient goes with values of which more is better", item.direction, "higher")
        if isinstance(rule, Bands):
            best = max(
                point
                for band in rule.bands
                for point in (band.points, band.points_at_low, band.points_at_high)
                if point is not None
            )
            if abs(best - item.rule_points) > TOLERANCE:
                yield Problem(
                    where, "the best band should earn the points of the item", f"{best:g}", f"{item.rule_points:g}"
                )


def _vetoes(card: Scorecard) -> Iterator[Problem]:
    items, groups = [item.code for item in card.indicators], [group.code for group in card.groups]
    grades = [grade.code for grade in card.grades.grades] if card.grades else []
    for veto in card.vetoes:
        where = f"vetoes.{veto.code}"
        yield from _condition(card, veto.when, f"{where}.when")
        if veto.of and veto.of not in (*items, *groups, "total"):
            yield unknown(f"{where}.of", "item or group", veto.of, (*items, *groups, "total"))
        if veto.grade and veto.grade not in grades:
            yield unknown(f"{where}.grade", "grade", veto.grade, grades)
        for award in veto.awards:
            if award not in (known := [item.code for item in card.awards]):
                yield unknown(f"{where}.awards", "award", award, known)
        each = any(part.peer_rank == "each" for part in veto.when.parts())
        if each != (veto.scope == "item"):
            yield Problem(f"{where}.scope", "peer_rank: each goes with scope: item, and only with it", veto.scope)


def _condition(card: Scorecard, condition: Condition, where: str) -> Iterator[Problem]:
    items = [item.code for item in card.indicators]
    known = {
        "indicator": items,
        "target_missed": items,
        "finding": [item.code for item in card.findings],
        "peer_rank": [*items, "each", "total"],
        "grade": [grade.code for grade in card.grades.grades] if card.grades else [],
    }
    for part in condition.parts():
        for name, codes in known.items():
            code = getattr(part, name)
            if code is not None and code not in codes:
                yield unknown(f"{where}.{name}", "indicator" if codes is items else name, code, codes)
        if part.target_missed in items and card.by_code()[str(part.target_missed)].target is None:
            yield Problem(f"{where}.target_missed", "the indicator has no target", str(part.target_missed))
        if part.peer_rank is not None and card.peers is None:
            yield Problem(f"{where}.peer_rank", "needs peers, which the scorecard does not declare")


def _consequences(card: Scorecard) -> Iterator[Problem]:
    ladders = [ladder.code for ladder in card.ladders]
    for trigger in card.triggers:
        yield from _condition(card, trigger.when, f"triggers.{trigger.code}.when")
        if trigger.ladder not in ladders:
            yield unknown(f"triggers.{trigger.code}.ladder", "ladder", trigger.ladder, ladders)
    grades = [grade.code for grade in card.grades.grades] if card.grades else []
    for award in card.awards:
        if award.grade and award.grade not in grades:
            yield unknown(f"awards.{award.code}.grade", "grade", award.grade, grades)


def _others(card: Scorecard) -> Iterator[Problem]:
    items = [item.code for item in card.indicators]
    for code in card.ties.break_by:
        if code not in items:
            yield unknown("ties.break_by", "indicator", code, items)
    for code in card.peers.items if card.peers else ():
        if code not in items:
            yield unknown("peers.items", "indicator", code, items)
