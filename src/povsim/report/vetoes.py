"""The chapter on rules that exclude."""

from __future__ import annotations

from typing import TYPE_CHECKING

from povsim import figures
from povsim.charts import vetoes as charts
from povsim.charts.base import BLUE, ORANGE, SKY
from povsim.report.parts import Chapter, Item, Plot, Stroke
from povsim.report.wanted import Wanted
from povsim.terms import Language
from povsim.views.vetoes_asked import Asked
from povsim.views.vetoes_cards import close_table, kept_table, near_table
from povsim.views.vetoes_changes import changes
from povsim.views.vetoes_households import pairs_table, patterns_table, rules_table
from povsim.views.vetoes_income import has_margins
from povsim.views.vetoes_measured import measured_table, sampled_table
from povsim.views.vetoes_numbers import numbers, summary
from povsim.views.vetoes_villages import board_rules_table, cures_table, rollup_table, villages_table
from povsim.wording import wording

if TYPE_CHECKING:
    from povsim.views.digests import RunDigest
    from povsim.views.parts import Table


def chapter(digest: RunDigest, card: str | None, year: int, wanted: Wanted, lang: Language) -> Chapter | None:
    """Return who is excluded by which rules, as they are set; nothing where the run keeps no patterns."""
    if not digest.has("vetoes"):
        return None
    asked = _asked(digest, card, year, wanted, lang)
    items = [
        _rules(asked),
        _patterns(asked),
        Item(pairs_table(asked)),
        *_villages(asked),
        *_measured(asked),
        *_card(asked),
    ]
    made = [change.text for change in changes(asked)]
    lead = [*made, summary(asked)] if made else []
    title = wording(lang, "report")("chapter.vetoes", year=year)
    return Chapter("vetoes", title, numbers(asked), [item for item in items if item.table.rows], lead)


def _asked(digest: RunDigest, card: str | None, year: int, wanted: Wanted, lang: Language) -> Asked:
    part, told = f"vetoes.{card}", wanted.vetoes
    own = digest.part(part) if card is not None and digest.has(part) else None
    return Asked(
        digest.part("vetoes"), year, lang, tuple(told.off), dict(told.thresholds), told.error, told.sample, own
    )


def _rules(asked: Asked) -> Item:
    say, table = wording(asked.lang, "report"), rules_table(asked)
    strokes = [Stroke("any_hit_persons", SKY), Stroke("shapley_persons", BLUE), Stroke("sole_blocker_persons", ORANGE)]
    plot = Plot("bar", "rule", strokes, say("axis.persons"), most=12)
    known = [row for row in table.rows if row["part"]]
    if not known:
        return Item(table, (charts.rules_chart(asked),), plot)
    first = max(known, key=lambda row: float(row["part"]))
    share = figures.percent(float(first["part"]), asked.lang, 0)
    message = say("message.vetoes", year=asked.year, name=first["rule"], share=share)
    return Item(table, (charts.rules_chart(asked),), plot, message=message)


def _patterns(asked: Asked) -> Item:
    table = patterns_table(asked)
    drawn = (charts.patterns_chart(asked),) if table.rows else ()
    return Item(
        table,
        drawn,
        Plot("bar", "pattern", [Stroke("persons")], wording(asked.lang, "report")("axis.persons"), most=12),
    )


def _villages(asked: Asked) -> list[Item]:
    found = [Item(villages_table(asked)), Item(rollup_table(asked)), Item(cures_table(asked))]
    return [Item(board_rules_table(asked, asked.villages)), *found] if asked.villages.codes else found


def _measured(asked: Asked) -> list[Item]:
    tables: list[Table] = [measured_table(asked)] if has_margins(asked) and asked.income is not None else []
    if asked.part.sizes.get("test", 0):
        tables.append(sampled_table(asked))
    return [Item(table) for table in tables]


def _card(asked: Asked) -> list[Item]:
    if asked.units is None:
        return []
    return [Item(kept_table(asked)), Item(close_table(asked)), Item(near_table(asked))]
