"""The parts of a scorecard beside its items as titled lists of sentences, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from povsim import figures
from povsim.scoring.describe import (
    award_sentence,
    grades_sentence,
    ties_sentence,
    trigger_sentence,
    veto_sentence,
)
from povsim.scoring.saying import amount, bracketed, figure_text, listed, points_text, words
from povsim.scoring.schema import Group, Provision, Scorecard
from povsim.scoring.verdict_schema import Finding
from povsim.terms import Language

Lines = Callable[[Scorecard, Language], Iterator[str]]


def sections(card: Scorecard, lang: Language) -> Iterator[tuple[str, list[str]]]:
    """Yield a title and lines for each part of a scorecard that it has, with how well each entry is known.

    Parameters
    ----------
    card : Scorecard
        The scorecard.
    lang : {"zh", "en"}
        Language.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> [title for title, _ in sections(read_scorecard("xiangyin-2016"), "en")][:2]
    ['Groups', 'Units that answer for the items']
    """
    for name, lines in _SECTIONS:
        found = list(lines(card, lang))
        if found:
            yield words(lang)(f"scorecard.{name}"), found


def _line(name: str, sentence: str, status: str, lang: Language) -> str:
    say = words(lang)
    return say("scorecard.line", name=name, sentence=sentence, status=say(f"status.{status}"))


def _groups(card: Scorecard, lang: Language) -> Iterator[str]:
    for group in card.groups:
        items = [item for item in card.indicators if item.group == group.code]
        points = sum(item.points for item in items) if group.points is None else group.points
        parts = [points_text(points, lang), *_bounds(group, card, lang)]
        yield _line(group.label(lang), listed(parts, lang, clauses=True), group.status, lang)


def _bounds(group: Group, card: Scorecard, lang: Language) -> Iterator[str]:
    say = words(lang)
    if group.cap is not None:
        yield say("scorecard.group.cap", points=points_text(group.cap, lang))
    if group.floor is not None:
        yield say("scorecard.group.floor", points=points_text(group.floor, lang))
    if group.mix:
        shares = (
            f"{card.indicator(code).label(lang)}{say('colon')}{amount(share, 'share', lang)}"
            for code, share in group.mix.items()
        )
        yield say("scorecard.group.mix", mix=listed(shares, lang))


def _departments(card: Scorecard, lang: Language) -> Iterator[str]:
    for place, item in enumerate(card.indicators, start=1):
        if item.departments:
            yield f"{place}{words(lang)('colon')}{listed(item.departments, lang)}"


def _vetoes(card: Scorecard, lang: Language) -> Iterator[str]:
    for veto in card.vetoes:
        yield _line(veto.label(lang), veto_sentence(veto, card, lang), veto.status, lang)


def _findings(card: Scorecard, lang: Language) -> Iterator[str]:
    for finding in card.findings:
        yield _line(finding.label(lang), _finding(finding, lang), finding.status, lang)


def _finding(finding: Finding, lang: Language) -> str:
    say = words(lang)
    if finding.probability is None:
        return say("scorecard.finding.never")
    return say("scorecard.finding", probability=figure_text(finding.probability, lang))


def _triggers(card: Scorecard, lang: Language) -> Iterator[str]:
    for trigger in card.triggers:
        yield _line(trigger.label(lang), trigger_sentence(trigger, card, lang), trigger.status, lang)


def _grades(card: Scorecard, lang: Language) -> Iterator[str]:
    if card.grades is not None:
        say = words(lang)
        yield f"{grades_sentence(card.grades, lang)} [{say('status.' + card.grades.status)}]"


def _awards(card: Scorecard, lang: Language) -> Iterator[str]:
    for award in card.awards:
        yield _line(award.label(lang), award_sentence(award, card, lang), award.status, lang)


def _ties(card: Scorecard, lang: Language) -> Iterator[str]:
    yield f"{ties_sentence(card.ties, card, lang)} [{words(lang)('status.' + card.ties.status)}]"


def _attribution(card: Scorecard, lang: Language) -> Iterator[str]:
    if card.attribution is not None:
        say, rule = words(lang), card.attribution
        yield f"{say('scorecard.attribution.' + rule.rule)} [{say('status.' + rule.status)}]"


def _peers(card: Scorecard, lang: Language) -> Iterator[str]:
    if card.peers is not None:
        name = card.peers.name_zh if lang == "zh" else card.peers.name_en
        figures_shown = {"count": figure_text(card.peers.count, lang), "share": figure_text(card.peers.share, lang)}
        yield _line(name, words(lang)("scorecard.peers.line", **figures_shown), card.peers.status, lang)


def _provisions(card: Scorecard, lang: Language) -> Iterator[str]:
    for provision in card.provisions:
        yield _line(provision.label(lang), _provision(provision, lang), provision.status, lang)


def _provision(provision: Provision, lang: Language) -> str:
    say = words(lang)
    kind = say(f"provision.{provision.kind}")
    parts = []
    if provision.value is not None:
        parts.append(amount(provision.value, provision.unit, lang))
    elif provision.unit:
        parts.append(figures.unit_name(provision.unit, lang))
    items = provision.items if lang == "zh" or not provision.items_en else provision.items_en
    if items:
        parts.append(listed(items, lang, clauses=True))
    text = kind + (say("colon") + listed(parts, lang, clauses=True) if parts else "")
    return text + (bracketed(provision.clause, lang) if provision.clause else "")


_SECTIONS: tuple[tuple[str, Lines], ...] = (
    ("groups", _groups),
    ("departments", _departments),
    ("vetoes", _vetoes),
    ("findings", _findings),
    ("triggers", _triggers),
    ("grades", _grades),
    ("awards", _awards),
    ("ties", _ties),
    ("attribution", _attribution),
    ("peers", _peers),
    ("provisions", _provisions),
)
