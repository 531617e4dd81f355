"""The work behind ``povsim scorecards`` and ``povsim scorecard``: listing, showing, checking them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from povsim import cli_show, figures
from povsim.errors import InputError, Problem
from povsim.scoring.describe import near_veto, near_veto_sentence, rule_sentence, value_sentence
from povsim.scoring.describe_card import sections
from povsim.scoring.saying import bracketed, listed, points_text
from povsim.scoring.schema import Indicator, Scorecard
from povsim.scoring.scorecard import figures_of, locate_scorecard, read_scorecard, shipped_scorecards
from povsim.scoring.signal_names import AREAS, SIGNALS, SignalName
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

STATUSES = ("documented", "estimated", "assumed")
COMMANDS = (
    "povsim scorecard show xiangyin-2016",
    "povsim scorecard template my-card my-card.yaml --kind card",
    "povsim score runs/xiangyin-2016 --scorecard xiangyin-2016",
)
TEXT_WIDTHS = {"item": 20, "rule": 28, "value": 21, "status": 14}
"""Columns of text share what the numbers leave in these proportions."""


def show_scorecards(say: Wording) -> None:
    """Print the shipped scorecards: name, title, level, points, how much is documented, the document.

    Parameters
    ----------
    say : Wording
        Texts of the rooms ``commands`` and ``scorecards``.
    """
    rows = []
    for name in shipped_scorecards():
        card = read_scorecard(name)
        counted = status_counts(card)
        level, points = say(f"level.{card.level}"), figures.number(card.total_points)
        known = [str(counted["documented"]), str(counted["assumed"])]
        rows.append([name, card.label(say.lang), level, points, *known, card.scorecard.document])
    keys = ("name", "title", "level", "points", "documented", "assumed", "document")
    screen = cli_show.screen()
    screen.print(cli_show.grid([say(f"scorecard.{key}") for key in keys], rows, left=(0, 1, 2, 6)))
    screen.print()
    screen.print(say("scorecard.counts"))
    screen.print(say("scorecard.hint"))
    for command in COMMANDS:
        screen.print(f"  {command}")


def status_counts(card: Scorecard) -> dict[str, int]:
    """Count what a scorecard rests on by how well it is known.

    Examples
    --------
    >>> counted = status_counts(read_scorecard("xiangyin-2016"))
    >>> list(counted), counted["documented"] > 0
    (['documented', 'estimated', 'assumed'], True)
    """
    found = [status for *_, status in figures_of(card)]
    return {status: found.count(status) for status in STATUSES}


def show_scorecard(name: str, say: Wording) -> None:
    """Print a scorecard whole: document, groups, items with rules and values, vetoes, grades and all the rest.

    Parameters
    ----------
    name : str
        A file, or the name of a shipped scorecard.
    say : Wording
        Texts of the rooms ``commands`` and ``scorecards``.

    Raises
    ------
    InputError
        No such scorecard, or what is wrong in it.
    """
    card = read_scorecard(name)
    screen = cli_show.screen()
    for line in head_lines(card, say):
        screen.print(line)
    parts = list(sections(card, say.lang))
    # Groups explain the items and go before them.
    for title, lines in (part for part in parts if part[0] == say("scorecard.groups")):
        _print_section(title, lines)
    if card.indicators:
        screen.print()
        screen.print(item_table(card, say))
    for title, lines in (part for part in parts if part[0] != say("scorecard.groups")):
        _print_section(title, lines)


def head_lines(card: Scorecard, say: Wording) -> Iterator[str]:
    """Yield the lines above a scorecard: name, document, what it is derived from, notes."""
    head, lang = card.scorecard, say.lang
    level, points = say(f"level.{card.level}"), points_text(card.total_points, lang)
    yield say("scorecard.head", name=card.label(lang), code=card.code, level=level, points=points)
    clause = bracketed(head.clause, lang) if head.clause else ""
    yield say("scorecard.from", document=head.document) + clause
    if head.derived_from:
        yield say("scorecard.derived", base=head.derived_from)
    note = head.note_zh if lang == "zh" else head.note_en
    if note:
        yield note.strip()
    counted = {**status_counts(card), "items": len(card.indicators), "points": points}
    yield say("scorecard.check.counts", vetoes=len(card.vetoes), triggers=len(card.triggers), **counted)


def item_table(card: Scorecard, say: Wording) -> Table:
    """Return the table of items: number, name, points, rule, where the value comes from, how well all is known."""
    keys = ("number", "item", "points", "rule", "value", "status")
    headings = [say(f"scorecard.{key}") for key in keys]
    rows = [_item_row(place, item, say) for place, item in enumerate(card.indicators, start=1)]
    table = cli_show.grid(headings, rows, left=(1, 3, 4, 5))
    table.expand = True
    for key, column in zip(keys, table.columns, strict=True):
        column.ratio = TEXT_WIDTHS.get(key)
    return table


def _item_row(place: int, item: Indicator, say: Wording) -> list[str]:
    lang = say.lang
    points = figures.number(round(item.points, 2))
    if item.original_points is not None:
        points += bracketed(figures.number(round(item.original_points, 2)), lang)
    # A rule by which any shortfall takes all says so itself.
    warning = near_veto_sentence(item, lang) if near_veto(item) else None
    rule = "\n".join(filter(None, (rule_sentence(item, lang), warning)))
    unit = say("scorecard.unit") + say("colon") + figures.unit_name(item.unit, lang)
    value = f"{value_sentence(item, lang)}\n{unit}"
    return [str(place), item.label(lang), points, rule, value, _statuses(item, say)]


def _statuses(item: Indicator, say: Wording) -> str:
    """Say how well the parts of an item are known: once where all are known alike, else part by part."""
    source = item.value_from
    figure = next(
        (one for name in ("assumed", "otherwise", "plan", "sample") if (one := getattr(source, name)) is not None), None
    )
    known = {"points": item.status, "rule": item.rule.status}
    known |= {"target": item.target.status} if item.target is not None else {}
    known |= {"value": figure.status} if figure is not None else {}
    lines = []
    for status in (status for status in STATUSES if status in known.values()):
        parts = [say(f"part.{part}") for part, one in known.items() if one == status]
        lines.append(
            say(f"status.{status}") + ("" if len(parts) == len(known) else say("colon") + listed(parts, say.lang))
        )
    return "\n".join(lines)


def _print_section(title: str, lines: Sequence[str]) -> None:
    from rich.padding import Padding

    screen = cli_show.screen()
    screen.print()
    screen.print(title)
    for line in lines:
        screen.print(Padding(line, (0, 0, 0, 2), expand=False))


def check_files(files: Sequence[str], cases: Path | None, say: Wording) -> int:
    """Check scorecards and run their worked examples, print what is wrong.

    Parameters
    ----------
    files : sequence of str
        Files, or names of shipped scorecards.
    cases : Path, optional
        File of worked examples; ``cases/<code>.yaml`` beside a scorecard, where there is one, if not given.
    say : Wording
        Texts of the rooms ``commands`` and ``scorecards``.

    Returns
    -------
    int
        Faulty scorecards and examples that did not come out.

    Raises
    ------
    InputError
        A file that is not there; one file of examples for several scorecards; examples that cannot be read.
    """
    if cases is not None and len(files) > 1:
        problem = Problem("--cases", "goes with one scorecard", str(len(files)), mend="check them one by one")
        raise InputError("povsim scorecard check", [problem])
    return sum(_check_file(locate_scorecard(file), cases, say) for file in files)


def _check_file(path: Path, cases: Path | None, say: Wording) -> int:
    screen = cli_show.screen()
    try:
        card = read_scorecard(path)
    except InputError as error:
        screen.print(say("scorecard.check.some", file=path.name, count=len(error.problems)))
        for line in cli_show.problem_lines(error.problems):
            screen.print(line)
        return 1
    screen.print(say("scorecard.check.none", file=path.name))
    counted = {**status_counts(card), "items": len(card.indicators), "points": points_text(card.total_points, say.lang)}
    screen.print(say("scorecard.check.counts", vetoes=len(card.vetoes), triggers=len(card.triggers), **counted))
    for item in card.indicators:
        warning = near_veto_sentence(item, say.lang)
        if warning is not None:
            screen.print("  " + say("scorecard.check.near", name=item.label(say.lang), sentence=warning))
    beside = path.parent / "cases" / f"{card.code}.yaml"
    if cases is None and not beside.is_file():
        return 0
    return _run_cases(cases or beside, card, say)


def _run_cases(path: Path, card: Scorecard, say: Wording) -> int:
    from povsim.scoring.cases import run_cases

    results = run_cases(path, card)
    failed = [result for result in results if result.problems]
    screen = cli_show.screen()
    numbers = {"passed": len(results) - len(failed), "count": len(results)}
    screen.print(say("scorecard.check.cases", file=path.name, **numbers))
    for result in failed:
        screen.print("  " + say("scorecard.check.failed", name=result.name, clause=result.clause))
        for problem in result.problems:
            screen.print(f"    - {problem}")
    return len(failed)


def show_signals(say: Wording) -> None:
    """Print the simulated names: unit, meaning, what has to be said with them, levels at which they exist."""
    rows = [
        [
            signal.code,
            signal.zh if say.lang == "zh" else signal.en,
            figures.unit_name(signal.unit, say.lang),
            listed(signal_needs(signal, say), say.lang, clauses=True),
            say("levels.areas")
            if signal.levels == AREAS
            else listed((say(f"level.{level}") for level in signal.levels), say.lang),
        ]
        for signal in SIGNALS.values()
    ]
    headings = [say(f"scorecard.{key}") for key in ("signal", "meaning", "unit", "needs", "levels")]
    screen = cli_show.screen()
    screen.print(cli_show.grid(headings, rows, left=(0, 1, 2, 3, 4)))
    screen.print()
    screen.print(say("scorecard.signals.hint"))


def signal_needs(signal: SignalName, say: Wording) -> list[str]:
    """Return what has to be, or may be, said beside a simulated name.

    Examples
    --------
    >>> from povsim.scoring.saying import words
    >>> signal_needs(SIGNALS["exit_accuracy"], words("en")), signal_needs(SIGNALS["exits"], words("en"))
    (['sample, if wanted: households asked'], [])
    """
    parts = [] if signal.of == "nothing" else [say(f"signal.of.{signal.of}")]
    if signal.plan:
        unit = figures.unit_name(signal.plan.rstrip("!"), say.lang)
        parts.append(say("signal.plan.needed" if signal.plan.endswith("!") else "signal.plan", unit=unit))
    return [*parts, say("signal.sample")] if signal.sample else parts
