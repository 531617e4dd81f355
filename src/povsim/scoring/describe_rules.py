"""The rule of an item and the origin of its value in one plain sentence each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from povsim.scoring.rule_schema import (
    AllOrNothing,
    Band,
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
from povsim.scoring.saying import (
    YES_OR_NO,
    amount,
    bracketed,
    figure_text,
    gap_text,
    in_percent,
    listed,
    path_text,
    points_text,
    words,
)
from povsim.scoring.schema import Indicator, ValueFrom
from povsim.scoring.signal_names import SIGNALS
from povsim.terms import FACILITY_TERMS, GUARANTEES, Language

NEAR = 0.01
"""A shortfall of one percentage point, or of 1 % of the target, that costs all points is nearly a veto."""
SLACK = 1e-9
_LABELS = {term.code: term for term in (*GUARANTEES, *FACILITY_TERMS)}


def rule_sentence(item: Indicator, lang: Language) -> str:
    """Return the rule of an item as one sentence, with its numbers, units and target.

    Parameters
    ----------
    item : Indicator
        Item of a scorecard.
    lang : {"zh", "en"}
        Language.

    Returns
    -------
    str
        Without a full stop.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> item = read_scorecard("xiangyin-2016").indicators[0]
    >>> bool(rule_sentence(item, "zh")), "16 points" in rule_sentence(item, "en")
    (True, True)
    """
    return _SENTENCES[type(item.rule)](item, item.rule, lang)


def target_sentence(item: Indicator, lang: Language) -> str:
    """Return the target of an item in words, year by year where it changes; nothing where there is none.

    Parameters
    ----------
    item : Indicator
        Item of a scorecard.
    lang : {"zh", "en"}
        Language.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> item = read_scorecard("xiangyin-2016").indicator("microcredit")
    >>> target_sentence(item, "zh"), target_sentence(item, "en")
    ('2016年不低于20%；2017年不低于30%', '2016: at least 20 %; 2017: at least 30 %')
    """
    if item.target is None:
        return ""
    value, strict = item.target.value, getattr(item.rule, "strict", False)
    dates = sorted(value.items()) if isinstance(value, dict) else [(0, value)]
    texts = [_bound(item, amount(one, item.unit, lang), strict=strict, lang=lang) for _, one in dates]
    if len(set(texts)) == 1:
        return texts[0]
    say = words(lang)
    parts = (say("dated.year", year=year, value=text) for (year, _), text in zip(dates, texts, strict=True))
    return listed(parts, lang, clauses=True)


def near_veto(item: Indicator) -> float | None:
    """Return the shortfall at which all points of an item are gone, where that is at the target or close to it.

    Parameters
    ----------
    item : Indicator
        Item of a scorecard.

    Returns
    -------
    float or None
        Shortfall in the unit of the item (0.004: 0.4 percentage points); 0 where any shortfall, or a single defect,
        takes all; None where points are left standing, or go over more than one percentage point (shares) or 1 % of
        the target (other units).

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> near_veto(read_scorecard("xiangyin-2016").indicator("poverty_reduction_plan")) is None
    True
    >>> near_veto(read_scorecard("sichuan-2017").indicator("reduction_completion"))
    0.0
    """
    if isinstance(item.rule, (Gate, AllOrNothing)) or _one_defect_takes_all(item):
        return 0.0
    if not isinstance(item.rule, LinearDeduction) or item.rule.floor > 0 or item.target is None:
        return None
    shortfall = _whole_shortfall(item.rule, item.rule_points)
    path = item.target.value if isinstance(item.target.value, dict) else {0: item.target.value}
    near = NEAR if in_percent(item.unit) else NEAR * max(abs(value) for value in path.values())
    return shortfall if shortfall <= near + SLACK else None


def _whole_shortfall(rule: LinearDeduction, points: float) -> float:
    steps = points / rule.deduct
    if rule.steps == "full":
        steps = math.ceil(steps - SLACK)
    elif rule.steps == "started":
        # The last step has only to begin.
        steps = math.ceil(steps - SLACK) - 1
    return steps * rule.step


def _one_defect_takes_all(item: Indicator) -> bool:
    rule, points = item.rule, item.rule_points
    if isinstance(rule, ZeroOnDefect):
        return rule.deduct is None or rule.deduct >= points
    return isinstance(rule, Defects) and 0 < points <= rule.deduct and (rule.floor or 0.0) <= 0


def near_veto_sentence(item: Indicator, lang: Language) -> str | None:
    """Return the warning that an item is a veto or nearly one, or None where it is not; see `near_veto`.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> near_veto_sentence(read_scorecard("xiangyin-2016").indicator("poverty_reduction_plan"), "en")
    >>> near_veto_sentence(read_scorecard("sichuan-2017").indicator("reduction_completion"), "en")
    'nearly a veto, any shortfall takes all 15 points'
    """
    shortfall = near_veto(item)
    if shortfall is None:
        return None
    say, points = words(lang), points_text(item.rule_points, lang)
    if isinstance(item.rule, Gate):
        return say("near.gate")
    if _one_defect_takes_all(item):
        return say("near.defect", points=points)
    if not shortfall:
        return say(f"near.any.{item.direction}", points=points)
    return say(f"near.{item.direction}", points=points, shortfall=gap_text(shortfall, item.unit, lang))


def value_sentence(item: Indicator, lang: Language) -> str:
    """Return where the value of an item comes from.

    Parameters
    ----------
    item : Indicator
        Item of a scorecard.
    lang : {"zh", "en"}
        Language.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> value_sentence(read_scorecard("xiangyin-2016").indicators[0], "en")[:10]
    'simulated:'
    """
    say, source = words(lang), item.value_from
    if source.simulated is not None:
        return _simulated(source, lang)
    if source.assumed is not None:
        return say("value.assumed", figure=figure_text(source.assumed, lang))
    if source.scorecard is not None:
        return say("value.scorecard", name=source.scorecard)
    own = source.entered in ("own", item.code)
    text = say("value.own") if own else say("value.entered", column=source.entered)
    if source.raters:
        # Thirds are not printed to the last digit.
        shares = {name: amount(round(share, 4), "share", lang) for name, share in source.raters.items()}
        parts = [
            say("value.rater", name=say.find(f"level.{name}") or name, share=share) for name, share in shares.items()
        ]
        text += say("value.raters", raters=listed(parts, lang))
    if source.otherwise is not None:
        text += say("value.otherwise", figure=figure_text(source.otherwise, lang))
    return text


def _simulated(source: ValueFrom, lang: Language) -> str:
    say, signal = words(lang), SIGNALS[source.simulated or ""]
    text = say("value.simulated", name=signal.zh if lang == "zh" else signal.en)
    if source.of:
        text += bracketed(
            listed((_LABELS[code].label(lang) if code in _LABELS else code for code in source.of), lang), lang
        )
    if source.plan is not None:
        text += say("value.plan", plan=path_text(source.plan, lang))
    if source.sample is not None:
        text += say("value.sample", sample=path_text(source.sample, lang))
    return text


def _meets(item: Indicator, *, strict: bool, lang: Language) -> str:
    return _bound(item, _target(item, lang), strict=strict, lang=lang)


def _bound(item: Indicator, target: str, *, strict: bool, lang: Language) -> str:
    if item.unit == YES_OR_NO and item.direction == "higher" and not strict:
        return words(lang)("meets.yes")
    return words(lang)(f"meets.{item.direction}{'.strict' if strict else ''}", target=target)


def _target(item: Indicator, lang: Language) -> str:
    return path_text(item.target, lang, whole="dated.target") if item.target is not None else ""


def _full(item: Indicator, lang: Language) -> str:
    return points_text(item.rule_points, lang)


def _floor(floor: float | None, lang: Language) -> str:
    say = words(lang)
    if floor is None:
        return say("floor.group")
    return say("floor.at", points=points_text(floor, lang)) if floor else say("floor.nothing")


def _gate(item: Indicator, rule: Gate, lang: Language) -> str:
    meets = _meets(item, strict=rule.strict, lang=lang)
    if not item.rule_points:
        return words(lang)("rule.gate.bare", meets=meets)
    return words(lang)("rule.gate", meets=meets, points=_full(item, lang))


def _all_or_nothing(item: Indicator, rule: AllOrNothing, lang: Language) -> str:
    meets = _meets(item, strict=rule.strict, lang=lang)
    return words(lang)("rule.all_or_nothing", meets=meets, points=_full(item, lang))


def _linear(item: Indicator, rule: LinearDeduction, lang: Language) -> str:
    return words(lang)(
        f"rule.linear_deduction.{item.direction}.{rule.steps}",
        target=_target(item, lang),
        points=_full(item, lang),
        step=gap_text(rule.step, item.unit, lang),
        deduct=points_text(rule.deduct, lang),
        floor=_floor(rule.floor, lang),
    )


def _proportional(item: Indicator, rule: Proportional, lang: Language) -> str:
    del rule
    best, worst = (1.0, 0.0) if item.direction == "higher" else (0.0, 1.0)
    return words(lang)(
        f"rule.proportional.{item.direction}",
        points=_full(item, lang),
        best=amount(best, item.unit, lang),
        worst=amount(worst, item.unit, lang),
    )


def _to_norm(item: Indicator, rule: ProportionalToNorm, lang: Language) -> str:
    say = words(lang)
    norm = amount(rule.norm, item.unit, lang) if rule.norm is not None else _norm(item, lang)
    most = None if rule.cap is None else points_text(rule.cap * item.rule_points, lang)
    cap = say("cap.none") if most is None else say("cap.at", points=most)
    return say(f"rule.proportional_to_norm.{item.direction}", norm=norm, points=_full(item, lang), cap=cap)


def _norm(item: Indicator, lang: Language) -> str:
    return path_text(item.target, lang, whole="dated.norm") if item.target is not None else ""


def _to_mean(item: Indicator, rule: RelativeToMean, lang: Language) -> str:
    figures = {name: points_text(getattr(rule, name), lang) for name in ("at_mean", "floor", "cap")}
    return words(lang)(f"rule.relative_to_mean.{item.direction}", **figures)


def _coefficient(item: Indicator, rule: Coefficient, lang: Language) -> str:
    key = "rule.coefficient.share" if in_percent(item.unit) else "rule.coefficient"
    return words(lang)(key, coefficient=points_text(rule.coefficient, lang), points=_full(item, lang))


def _bands(item: Indicator, rule: Bands, lang: Language) -> str:
    parts = (_band(band, rule.closed, item.unit, lang) for band in rule.bands)
    return words(lang)("rule.bands", bands=listed(parts, lang, clauses=True))


def _band(band: Band, closed: str, unit: str, lang: Language) -> str:
    say = words(lang)
    edges = {name: amount(edge, unit, lang) for name in ("low", "high") if (edge := getattr(band, name)) is not None}
    place = "between" if len(edges) == 2 else "above" if "low" in edges else "below"
    span = say(f"band.{closed}.{place}", **edges)
    if band.points is not None:
        return say("band.flat", range=span, points=points_text(band.points, lang))
    first, last = (points_text(value or 0.0, lang) for value in (band.points_at_low, band.points_at_high))
    return say("band.ramp", range=span, first=first, last=last)


def _rank(item: Indicator, rule: RankRule, lang: Language) -> str:
    say = words(lang)
    ranked = say("rank.read" if rule.value_is_rank else f"rank.{item.direction}")
    if rule.step is not None:
        step, floor = points_text(rule.step, lang), points_text(rule.floor, lang)
        return say("rule.rank.step", points=_full(item, lang), step=step, floor=floor, ranked=ranked)
    places = (
        say("rank.place", place=place, points=points_text(points, lang))
        for place, points in enumerate(rule.points_by_place, start=1)
    )
    beyond = points_text(rule.beyond, lang)
    return say("rule.rank.list", places=listed(places, lang), beyond=beyond, ranked=ranked)


def _defects(item: Indicator, rule: Defects, lang: Language) -> str:
    parts = {"deduct": points_text(rule.deduct, lang), "floor": _floor(rule.floor, lang)}
    if not item.rule_points:
        return words(lang)("rule.defects.bare", **parts)
    return words(lang)("rule.defects", points=_full(item, lang), **parts)


def _zero_on_defect(item: Indicator, rule: ZeroOnDefect, lang: Language) -> str:
    if rule.deduct is None:
        return words(lang)("rule.zero_on_defect", points=_full(item, lang))
    deduct = points_text(rule.deduct, lang)
    return words(lang)("rule.zero_on_defect.some", points=_full(item, lang), deduct=deduct)


def _ledger(item: Indicator, rule: Ledger, lang: Language) -> str:
    del item
    say = words(lang)
    parts = {}
    for side, cap in (("bonus", rule.bonus_cap), ("penalty", rule.penalty_cap)):
        key = "none" if cap is None else "at" if cap else "never"
        parts[side] = say(f"ledger.{side}.{key}", **({"points": points_text(cap, lang)} if cap else {}))
    return say("rule.ledger", **parts)


_SENTENCES: Mapping[type, Callable[[Indicator, Any, Language], str]] = MappingProxyType(
    {
        Gate: _gate,
        AllOrNothing: _all_or_nothing,
        LinearDeduction: _linear,
        Proportional: _proportional,
        ProportionalToNorm: _to_norm,
        RelativeToMean: _to_mean,
        Coefficient: _coefficient,
        Bands: _bands,
        RankRule: _rank,
        Defects: _defects,
        ZeroOnDefect: _zero_on_defect,
        Ledger: _ledger,
    }
)
