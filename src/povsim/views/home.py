"""The home page: runs that were found, what the pages answer, assumptions with sources, documents of scorecards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from povsim import figures
from povsim.terms import Language
from povsim.views.digests import RunDigest
from povsim.views.parts import BigNumber, Column, Table, Tone
from povsim.wording import Wording, wording

PART = "comparison"
STATUSES: dict[str, Tone] = {"documented": "good", "estimated": "plain", "assumed": "warning"}
"""How well a figure is known, the best first."""
PAGES = ("exit-forecast", "weight-tuner", "veto-lab", "scenario-compare")


@dataclass(frozen=True)
class Door:
    """A page as the home page offers it: its name, title, the question it answers, and what one can do there."""

    page: str
    title: str
    question: str
    note: str


def doors(lang: Language) -> list[Door]:
    """Return the pages with the question each answers.

    Examples
    --------
    >>> [door.page for door in doors("en")][0]
    'exit-forecast'
    """
    say = _say(lang)
    return [Door(page, *(say(f"home.{page}.{key}") for key in ("title", "question", "note"))) for page in PAGES]


def _say(lang: Language) -> Wording:
    return wording(lang, "commands", "page_home")


def runs_table(digests: Iterable[RunDigest], lang: Language) -> Table:
    """Return the runs that were found, with what each page can show of them.

    Parameters
    ----------
    digests : iterable of RunDigest
        The runs.
    lang : {"zh", "en"}
        Language.
    """
    say = _say(lang)
    rows = [_run(digest, say) for digest in digests]
    columns = [Column("title", say("home.column.title")), Column("code", say("home.column.run"))]
    columns += [Column(code, say(f"home.column.{code}")) for code in ("created", "years")]
    counts = ("draws", "households", "scorecards")
    columns += [Column(code, say(f"home.column.{code}"), "count") for code in counts]
    columns += [Column(code, say(f"home.column.{code}")) for code in ("pages", "seed", "size", "version")]
    return Table("runs", say("home.runs.title"), columns, rows, say("home.runs.note"))


def _run(digest: RunDigest, say: Wording) -> dict[str, Any]:
    told = digest.manifest
    years = years_of(digest)
    plans = len(told["scenarios"])
    title = digest.names[say.lang]
    return {
        "_key": digest.code,
        "title": title if plans == 1 else say("home.plans", title=title, count=plans),
        "code": digest.code,
        # the hour is that of the machine that made it, which nobody here can know: the day will do
        "created": _together(str(told["created"])[:10]),
        "years": _together(f"{years[0]}–{years[-1]}") if years else "",
        "draws": int(told["draws"]["count"]),
        "households": int(told["sizes"]["household"]),
        "seed": str(told["seed"]),
        "size": _together(figures.size(sum(int(file["bytes"]) for file in told["files"].values()))),
        "version": str(told["povsim"]),
        "scorecards": len(digest.scorecards),
        "pages": _pages(digest, say),
    }


def _together(text: str) -> str:
    """Return a text that no line break may part."""
    return text.replace("-", "\u2011").replace("–", "\u2060–\u2060").replace(" ", "\u00a0")


def _pages(digest: RunDigest, say: Wording) -> str:
    """Return which pages have nothing to show of a run."""
    ready = {
        "exit-forecast": digest.has("forecast"),
        "weight-tuner": bool(digest.scorecards),
        "veto-lab": digest.has("vetoes"),
        "scenario-compare": digest.has(PART),
    }
    without = [say(f"home.{page}.title") for page, there in ready.items() if not there]
    return (
        say("home.shows.without", pages=("、" if say.lang == "zh" else ", ").join(without))
        if without
        else say("home.shows.all")
    )


def years_of(digest: RunDigest) -> list[int]:
    """Return the years of a run."""
    return [int(year) for year in digest.part(PART)["year"].to_numpy()] if digest.has(PART) else []


def figures_of(digest: RunDigest) -> Iterator[dict[str, str]]:
    """Yield the figures that a run's plan and population rest on: path, names, value, spread, unit, status, source."""
    if not digest.has(PART):
        return
    part = digest.part(PART)
    mine = (part["parameter_plan"].to_numpy() == 0) & (part["parameter_status"].to_numpy() != "")
    names = ("path", "zh", "en", "value", "spread", "unit", "status", "source", "note")
    for values in zip(*(part[f"parameter_{name}"].to_numpy()[mine].tolist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def status_numbers(digest: RunDigest, lang: Language) -> list[BigNumber]:
    """Return how many figures a run rests on, and how well they are known.

    Parameters
    ----------
    digest : RunDigest
        The run.
    lang : {"zh", "en"}
        Language.
    """
    say = _say(lang)
    known = [row["status"] for row in figures_of(digest)]
    total = len(known)
    numbers = [BigNumber("figures", say("home.figures"), figures.count(total), "", say("home.figures.note"))]
    for status, tone in STATUSES.items():
        count = known.count(status)
        share = figures.percent(count / total, lang, 0) if total else ""
        label, note = say(f"status.{status}"), say(f"home.status.{status}")
        numbers.append(BigNumber(status, label, figures.count(count), share, note, tone))
    return numbers


def assumptions_table(digest: RunDigest, status: str, lang: Language) -> Table:
    """Return the figures a run rests on, with source and status.

    Parameters
    ----------
    digest : RunDigest
        The run.
    status : str
        Only those of a status; all if empty.
    lang : {"zh", "en"}
        Language.
    """
    say = _say(lang)
    rows = [
        {
            **row, "_key": row["path"], "meaning": row[lang], "unit": figures.unit_name(row["unit"], lang),
            "status": say(f"status.{row['status']}"),
            **{name: figures.source_name(row[name], lang) for name in ("source", "note")},
        }
        for row in figures_of(digest)
        if status in ("", row["status"])
    ]  # fmt: skip
    columns = [
        Column(code, say(f"home.column.{code}"))
        for code in ("meaning", "value", "unit", "status", "source", "note", "path")
    ]
    title = say("home.assumptions.title", plan=digest.label(lang), count=len(rows))
    return Table("assumptions", title, columns, rows, say("home.assumptions.note"))


def documents_table(digest: RunDigest, lang: Language) -> Table:
    """Return the scorecards that ship, with the documents they come from; those of the run first.

    Parameters
    ----------
    digest : RunDigest
        The run.
    lang : {"zh", "en"}
        Language.
    """
    say = _say(lang)
    rows = sorted(_documents(digest, say), key=lambda row: not row["_used"])
    columns = [Column("title", say("home.column.card")), Column("used", say("home.column.used"))]
    columns += [Column("level", say("home.column.level")), Column("points", say("home.column.points"), "number", 1)]
    columns += [Column(status, say(f"status.{status}"), "count") for status in STATUSES]
    columns += [Column("document", say("home.column.document")), Column("note", say("home.column.reading"))]
    return Table("documents", say("home.documents.title"), columns, rows, say("home.documents.note"))


def _documents(digest: RunDigest, say: Wording) -> Iterator[dict[str, Any]]:
    if not digest.has(PART):
        return
    part = digest.part(PART)
    names = [str(name).removeprefix("document_") for name in part.data_vars if str(name).startswith("document_")]
    for values in zip(*(part[f"document_{name}"].to_numpy().tolist() for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        used = row["code"] in digest.scorecards
        yield {
            **row, "_key": row["code"], "_used": used, "title": row[say.lang], "note": row[f"note_{say.lang}"],
            "used": say("home.used") if used else "", "points": row["points"] or None,
            "level": say(f"home.level.{row['level']}"),
        }  # fmt: skip
