"""The last chapter: what results rest on. Figures with source and status, other settings, documents, what was set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from povsim import figures
from povsim.report.parts import Chapter, Item
from povsim.report.wanted import Wanted
from povsim.terms import Language
from povsim.views.comparison_plans import Plan
from povsim.views.comparison_sources import documents
from povsim.views.comparison_targets import parameter_rows
from povsim.views.parts import Column, Table
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    from povsim.views.digests import RunDigest

STATUSES = ("documented", "estimated", "assumed")
SPREADS = ("normal", "lognormal", "uniform", "triangular")


def chapter(digest: RunDigest, plan: Plan, chosen: tuple[str | None, int], wanted: Wanted, lang: Language) -> Chapter:
    """Return what a report rests on.

    Parameters
    ----------
    digest : RunDigest
        The run.
    plan : Plan
        Its first plan, as the comparison keeps it.
    chosen : tuple of (str or None, int)
        Scorecard and year that the report is about.
    wanted : Wanted
        What was asked for.
    lang : {"zh", "en"}
        Language.
    """
    say = wording(lang, "report", "commands", "page_compare", "units")
    rows = [dict(row) for row in parameter_rows(plan)]
    given = [row for row in rows if row["status"]]
    items = [
        Item(_used(digest, chosen, wanted, say)),
        Item(_status(given, say), message=_message(given, say), shown=("status", "count", "share", "meaning")),
        Item(_sources(given, say), message=_sources_message(given, say)),
        Item(_documents(say)),
        Item(_assumptions(given, say)),
        Item(_settings([row for row in rows if not row["status"]], say)),
    ]
    return Chapter("basis", say("chapter.basis"), (), [item for item in items if item.table.rows])


def _message(given: Sequence[dict[str, str]], say: Wording) -> str:
    known = [row["status"] for row in given]
    return say("message.basis", count=len(known), **{status: known.count(status) for status in STATUSES})


def _sources_message(given: Sequence[dict[str, str]], say: Wording) -> str:
    count = len({row["source"] for row in given})
    return say("message.sources.one" if count == 1 else "message.sources", count=count)


def _status(given: Sequence[dict[str, str]], say: Wording) -> Table:
    known = [row["status"] for row in given]
    columns = [
        Column("status", say("column.status")), Column("count", say("column.figures"), "count"),
        Column("share", say("column.share"), "percent", 0), Column("drawn", say("column.drawn"), "count"),
        Column("meaning", say("column.meaning")),
    ]  # fmt: skip
    rows = [
        {
            "status": say(f"status.{status}"), "count": known.count(status),
            "share": known.count(status) / max(len(known), 1),
            "drawn": sum(1 for row in given if row["status"] == status and row["spread"]),
            "meaning": say(f"status.{status}.meaning"),
        }
        for status in STATUSES
    ]  # fmt: skip
    return Table("basis_status", say("title.status"), columns, rows, say("note.status"))


def _assumptions(given: Sequence[dict[str, str]], say: Wording) -> Table:
    names = ("meaning", "value", "unit", "spread", "status", "source", "note", "path")
    columns = [Column(name, say(f"column.{name}")) for name in names]
    rows = [
        {
            "meaning": row[say.lang], "value": number(row["value"]), "unit": figures.unit_name(row["unit"], say.lang),
            "spread": _spread(row["spread"], say), "status": say(f"status.{row['status']}"),
            **{name: figures.source_name(row[name], say.lang) for name in ("source", "note")}, "path": row["path"],
        }
        for row in given
    ]  # fmt: skip
    return Table("assumptions", say("title.assumptions"), columns, rows, say("note.assumptions"))


def number(text: str) -> float | str:
    """Return a figure as a number, or the text where it is none (values by year).

    Examples
    --------
    >>> number("0.5"), number("2016: 1; 2017: 2")
    (0.5, '2016: 1; 2017: 2')
    """
    try:
        return float(text)
    except ValueError:
        return text


def _spread(text: str, say: Wording) -> str:
    kind, _, rest = text.partition(" ")
    return f"{say(f'vs.spread.{kind}')} {rest}" if kind in SPREADS else text


def _settings(rows: Sequence[dict[str, str]], say: Wording) -> Table:
    columns = [Column(name, say(f"column.{name}")) for name in ("owner", "path", "value")]
    told = [{"owner": row[say.lang], "path": row["path"], "value": number(row["value"])} for row in rows]
    return Table("plan_settings", say("title.plan_settings"), columns, told, say("note.plan_settings"))


def _sources(given: Sequence[dict[str, str]], say: Wording) -> Table:
    counts: dict[str, dict[str, int]] = {}
    for row in given:
        source = figures.source_name(row["source"], say.lang)
        counts.setdefault(source, dict.fromkeys(STATUSES, 0))[row["status"]] += 1
    columns = [Column("source", say("column.source")), Column("count", say("column.figures"), "count")]
    columns += [Column(status, say(f"status.{status}"), "count") for status in STATUSES]
    rows = [{"source": source, "count": sum(each.values()), **each} for source, each in counts.items()]
    rows.sort(key=lambda row: -int(str(row["documented"])) * 1000 - int(str(row["count"])))
    return Table("sources", say("title.sources"), columns, rows, say("note.sources"))


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    """Return the scorecards that ship; reading all of them takes a second."""
    return tuple(documents())


def _documents(say: Wording) -> Table:
    columns = [Column(name, say(f"column.{name}")) for name in ("card", "document", "level", "note")]
    columns += [Column("points", say("column.points"), "number", 0)]
    columns += [Column(status, say(f"status.{status}"), "count") for status in STATUSES]
    rows = [
        {
            "card": one[say.lang], "document": one["document"], "level": say(f"level.{one['level']}"),
            "note": one[f"note_{say.lang}"], "points": one["points"], **{status: one[status] for status in STATUSES},
        }
        for one in _shipped()
    ]  # fmt: skip
    return Table("documents", say("title.documents"), columns, rows, say("note.documents"))


# ---- what was set ----


def _used(digest: RunDigest, chosen: tuple[str | None, int], wanted: Wanted, say: Wording) -> Table:
    columns = [Column("what", say("column.what")), Column("value", say("column.value"))]
    rows = [
        {"what": what, "value": value} for what, value in _told(digest, chosen, wanted, say) if value not in ("", None)
    ]
    return Table("used", say("title.used"), columns, rows, say("note.used"))


def _told(digest: RunDigest, chosen: tuple[str | None, int], wanted: Wanted, say: Wording) -> Iterator[tuple[str, Any]]:
    card, year = chosen
    manifest = digest.manifest
    yield say("used.plan"), digest.label(say.lang)
    yield say("used.run"), digest.code
    yield say("used.created"), str(manifest.get("created", ""))[:10]
    yield say("used.version"), str(manifest.get("povsim", ""))
    yield say("used.draws"), manifest.get("draws", {}).get("count")
    yield say("used.seed"), manifest.get("seed")
    yield say("used.overrides"), "; ".join(map(str, manifest.get("overrides", ())))
    yield say("used.year"), year
    yield say("used.area"), wanted.forecast.area or say("used.whole")
    yield say("used.card"), _card_name(digest, card, say.lang)
    for code, points in wanted.weights.points.items():
        yield say("used.points", code=_item_name(digest, card, code, say.lang)), points
    for code in wanted.vetoes.off:
        yield say("used.off"), code
    for code, threshold in wanted.vetoes.thresholds.items():
        yield say("used.threshold", code=code), threshold
    yield say("used.error"), wanted.vetoes.error
    yield say("used.sample"), wanted.vetoes.sample


def _card_name(digest: RunDigest, card: str | None, lang: Language) -> str:
    if card is None or not digest.has(f"weights.{card}"):
        return card or ""
    return str(_card(digest, card).label(lang))


def _item_name(digest: RunDigest, card: str | None, code: str, lang: Language) -> str:
    if card is None or not digest.has(f"weights.{card}"):
        return code
    found = _card(digest, card).by_code().get(code)
    return str(found.label(lang)) if found is not None else code


def _card(digest: RunDigest, card: str) -> Any:
    from povsim.scoring.schema import Scorecard

    return Scorecard.model_validate_json(digest.part(f"weights.{card}").attrs["card"])
