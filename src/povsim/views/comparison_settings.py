"""What an entry of a plan is and says, in words: for the table of what plans set differently."""

from __future__ import annotations

from povsim.terms import CATEGORIES, CAUSES, FACILITY_TERMS, GUARANTEES, STATUSES, Language, Term
from povsim.views.comparison_plans import texts

TERMS: dict[str, tuple[Term, ...]] = {
    "status": STATUSES, "category": CATEGORIES, "cause": CAUSES, "failing": GUARANTEES, "cures": GUARANTEES,
    "guarantee": GUARANTEES, "facility": FACILITY_TERMS,
}  # fmt: skip
"""Vocabularies of what such settings list."""


def meaning(row: dict[str, str], lang: Language) -> str:
    """Return what an entry is: a figure by its meaning, a setting by its owner and what its last word stands for.

    Parameters
    ----------
    row : mapping of str to str
        As ``comparison_targets.parameter_rows`` yields it.
    lang : {"zh", "en"}
        Language.

    Examples
    --------
    >>> row = {"path": "measures.jobs.active", "zh": "劳务输出", "en": "jobs", "status": ""}
    >>> meaning(row, "zh"), meaning({**row, "path": "measures.jobs.unheard_of"}, "en")
    ('劳务输出：是否实施', 'jobs: another setting')
    """
    if row["status"]:
        return row[lang]
    say, (above, _, word) = texts(lang), row["path"].rpartition(".")
    block = row["path"].partition(".")[0]
    said = say.find(f"vs.key.{block}.{word}") or say.find(f"vs.key.{word}")
    owner = row[lang] or say.find(f"vs.block.{above}") or say.find(f"vs.block.{block}") or ""
    if said is None:
        # the path, which stands last in the row, tells which
        return f"{owner}{say('colon')}{say('vs.key.other')}" if owner else row["path"]
    return f"{owner}{say('colon')}{said}" if owner and above else said


def value(row: dict[str, str] | None, lang: Language) -> str:
    """Return what an entry is set to, with the spread where it is drawn; words of the vocabulary in the language.

    Examples
    --------
    >>> row = {"path": "measures.jobs.eligible.status", "value": "registered; relapsed", "spread": "", "status": ""}
    >>> value(row, "zh"), value({**row, "path": "x.active", "value": "true"}, "en"), value(None, "en")
    ('未脱贫; 返贫', 'yes', 'not set')
    """
    say = texts(lang)
    if row is None:
        return say("vs.not_set")
    text, word = row["value"], row["path"].rpartition(".")[2]
    if row["status"]:
        kind, _, rest = row["spread"].partition(" ")
        return say("vs.value.spread", value=text, kind=say(f"vs.spread.{kind}"), rest=rest) if kind else text
    if text in ("true", "false"):
        return say(f"vs.{text}")
    return "; ".join(_token(token, word, lang) for token in text.split("; ")) if text else say("vs.empty")


def _token(token: str, word: str, lang: Language) -> str:
    named = next((term.label(lang) for term in TERMS.get(word, ()) if term.code == token), None)
    return named or texts(lang).find(f"vs.word.{word}.{token}") or token
