"""A scorecard in plain sentences, in both languages: rules, conditions, vetoes, triggers, grades, awards, ties."""

from __future__ import annotations

from povsim.scoring.describe_rules import (
    near_veto,
    near_veto_sentence,
    rule_sentence,
    target_sentence,
    value_sentence,
)
from povsim.scoring.saying import amount, bracketed, listed, points_text, words
from povsim.scoring.schema import Scorecard
from povsim.scoring.verdict_schema import Award, Condition, Grades, Ties, Trigger, Veto
from povsim.terms import Language

__all__ = [
    "award_sentence",
    "condition_sentence",
    "grades_sentence",
    "near_veto",
    "near_veto_sentence",
    "rule_sentence",
    "target_sentence",
    "ties_sentence",
    "trigger_sentence",
    "value_sentence",
    "veto_sentence",
]


def condition_sentence(condition: Condition, card: Scorecard, lang: Language) -> str:
    """Return when a condition holds.

    Parameters
    ----------
    condition : Condition
        Of a veto or a trigger of the scorecard.
    card : Scorecard
        The scorecard, which knows the names.
    lang : {"zh", "en"}
        Language.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> card = read_scorecard("xiangyin-2016")
    >>> condition_sentence(Condition(total=True, comparison="<", threshold=60.0), card, "en")
    'total below 60 points'
    """
    for kind in ("all", "any"):
        inner: tuple[Condition, ...] = getattr(condition, kind)
        if inner:
            return words(lang)(f"condition.{kind}").join(_inner(part, card, lang) for part in inner)
    if condition.indicator is not None:
        return _item_condition(condition, card, lang)
    if condition.finding is not None:
        return _finding(condition, card, lang)
    if condition.peer_rank is not None:
        return _peer_rank(condition, card, lang)
    return _standing(condition, card, lang)


def veto_sentence(veto: Veto, card: Scorecard, lang: Language) -> str:
    """Return when a veto holds and what it does.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> card = read_scorecard("xiangyin-2016")
    >>> veto = Veto(
    ...     code="low", name_zh="低分", name_en="low total", source="rule", status="assumed", effect="fail",
    ...     when={"total": True, "comparison": "<", "threshold": 60.0},
    ... )
    >>> veto_sentence(veto, card, "zh"), veto_sentence(veto, card, "en")
    ('总分低于60分：整体不合格', 'total below 60 points: the unit fails as a whole')
    """
    say = words(lang)
    key = "veto.item" if veto.scope == "item" else "veto"
    text = say(key, condition=condition_sentence(veto.when, card, lang), effect=_effect(veto, card, lang))
    return text if veto.active else say("veto.inactive", sentence=text)


def trigger_sentence(trigger: Trigger, card: Scorecard, lang: Language) -> str:
    """Return what sets a trigger off, and the ladder of consequences with the severity each step begins at."""
    say = words(lang)
    ladder = next(ladder for ladder in card.ladders if ladder.code == trigger.ladder)
    steps = [
        say("trigger.step", severity=_severity(step.severity, lang), step=step.label(lang)) for step in ladder.steps
    ]
    condition = condition_sentence(trigger.when, card, lang)
    return say("trigger", condition=condition, ladder=ladder.label(lang), steps=listed(steps, lang, clauses=True))


def grades_sentence(grades: Grades, lang: Language) -> str:
    """Return the grades with their cut-offs or shares.

    Examples
    --------
    >>> good = {"code": "a", "name_zh": "优", "name_en": "good", "at_least": 90.0}
    >>> poor = {"code": "b", "name_zh": "差", "name_en": "poor"}
    >>> grades = Grades(by="cutoff", grades=[good, poor], source="rule", status="assumed")
    >>> grades_sentence(grades, "zh"), grades_sentence(grades, "en")
    ('优：90分及以上；差：其余', 'good: from 90 points; poor: the rest')
    """
    say, parts = words(lang), []
    for place, grade in enumerate(grades.grades):
        name = grade.label(lang)
        if grade.at_least is not None:
            parts.append(say("grades.cutoff", grade=name, points=points_text(grade.at_least, lang)))
        elif grade.share is not None:
            key = "grades.next" if place else "grades.first"
            parts.append(say(key, grade=name, share=amount(grade.share, "share", lang)))
        else:
            parts.append(say("grades.rest", grade=name))
    if grades.by == "share":
        parts.append(say("grades.rounding", rounding=say(f"rounding.{grades.rounding}")))
    return listed(parts, lang, clauses=True)


def award_sentence(award: Award, card: Scorecard, lang: Language) -> str:
    """Return who gets an award, or whom a consequence of a low place meets.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> award = Award(
    ...     code="a", name_zh="先进", name_en="commended", type="top_count", count=3, source="rule", status="assumed"
    ... )
    >>> award_sentence(award, read_scorecard("xiangyin-2016"), "en")
    'reward: the first 3 of all units; all that tie at the edge are taken'
    """
    say = words(lang)
    parts = {
        "who": say("award.class" if award.within_class else "award.whole"),
        "share": amount(award.share or 0.0, "share", lang),
        "count": award.count,
        "points": points_text(award.at_least or 0.0, lang),
        "grade": _grade(award.grade, card, lang),
        "years": award.years,
        "rounding": say(f"rounding.{award.rounding}"),
    }
    text = say(f"award.{award.type}", **parts)
    if award.type in ("top_share", "top_count", "bottom_count"):
        text = listed((text, say(f"award.edge.{award.ties_at_edge}")), lang, clauses=True)
    return say("award.penalty" if award.penalty else "award.reward", sentence=text)


def ties_sentence(ties: Ties, card: Scorecard, lang: Language) -> str:
    """Return how units with equal totals are placed.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> ties_sentence(Ties(source="rule", status="assumed"), read_scorecard("xiangyin-2016"), "en")
    'units with equal totals are not told apart: all get the best of their places'
    """
    say = words(lang)
    rank = say(f"ties.{ties.rank}")
    if not ties.break_by:
        return say("ties.none", rank=rank)
    names = listed((card.indicator(code).label(lang) for code in ties.break_by), lang)
    return say("ties.by", items=names, rank=rank)


def _inner(part: Condition, card: Scorecard, lang: Language) -> str:
    text = condition_sentence(part, card, lang)
    return bracketed(text, lang).strip() if part.all or part.any else text


def _item_condition(condition: Condition, card: Scorecard, lang: Language) -> str:
    say, item, threshold = words(lang), card.indicator(condition.indicator or ""), condition.threshold or 0.0
    if condition.of == "value":
        compared = say(f"comparison.{condition.comparison}", value=amount(threshold, item.unit, lang))
        return f"{item.label(lang)}{'' if lang == 'zh' else ' '}{compared}"
    shown = points_text(threshold, lang) if condition.of == "points" else amount(threshold, "share", lang)
    compared = say(f"comparison.{condition.comparison}", value=shown)
    return say(f"condition.{condition.of}", name=item.label(lang), compared=compared)


def _finding(condition: Condition, card: Scorecard, lang: Language) -> str:
    say = words(lang)
    name = next(finding.label(lang) for finding in card.findings if finding.code == condition.finding)
    if condition.comparison is None or condition.threshold is None:
        return say("condition.finding", name=name)
    compared = say(f"comparison.{condition.comparison}", value=_severity(int(condition.threshold), lang))
    return say("condition.finding.severe", name=name, compared=compared)


def _peer_rank(condition: Condition, card: Scorecard, lang: Language) -> str:
    say, code, peers = words(lang), condition.peer_rank or "", card.peers
    name = say(f"condition.rank.{code}") if code in ("each", "total") else card.indicator(code).label(lang)
    among = "" if peers is None else peers.name_zh if lang == "zh" else peers.name_en
    place = say(f"place.{condition.comparison}", place=f"{condition.threshold:g}")
    return say("condition.rank", name=name, peers=among, place=place)


def _standing(condition: Condition, card: Scorecard, lang: Language) -> str:
    say = words(lang)
    if condition.target_missed is not None:
        return say("condition.target_missed", name=card.indicator(condition.target_missed).label(lang))
    if condition.grade is not None:
        return say("condition.grade", grade=_grade(condition.grade, card, lang))
    value = points_text(condition.threshold or 0.0, lang)
    return say("condition.total", compared=say(f"comparison.{condition.comparison}", value=value))


def _grade(code: str, card: Scorecard, lang: Language) -> str:
    grades = card.grades.grades if card.grades else ()
    return next((grade.label(lang) for grade in grades if grade.code == code), code)


def _severity(severity: int, lang: Language) -> str:
    name = words(lang).find(f"severity.{severity}")
    return f"{severity}{bracketed(name, lang)}" if name else str(severity)


def _effect(veto: Veto, card: Scorecard, lang: Language) -> str:
    say = words(lang)
    if veto.effect == "zero":
        return say("effect.zero", name=_struck(veto.of, card, lang))
    if veto.effect == "cap":
        return say("effect.cap", grade=_grade(veto.grade, card, lang))
    if veto.effect == "deduct":
        return say("effect.deduct", points=points_text(veto.value or 0.0, lang))
    if veto.effect == "fail":
        return say("effect.fail")
    names = {award.code: award.label(lang) for award in card.awards}
    awards = listed((names[code] for code in veto.awards), lang)
    text = say("effect.disqualify.some", awards=awards) if awards else say("effect.disqualify")
    return text + (say("effect.ranking") if veto.ranking else "")


def _struck(code: str, card: Scorecard, lang: Language) -> str:
    names = {part.code: part.label(lang) for part in card.groups} | {
        part.code: part.label(lang) for part in card.indicators
    }
    return names.get(code) or words(lang)("effect.zero.total")
