"""The work behind ``povsim explain``: ask, print one household's years."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from povsim import cli_show, figures
from povsim.cli_progress import Reporter
from povsim.errors import InputError, Problem
from povsim.explanation import Explanation, explain
from povsim.household_account import ITEMS, MARKS, STOCKS
from povsim.household_year import HouseholdYear
from povsim.remedies import Failed, Remedy, Unmet
from povsim.scenario import Scenario
from povsim.staging import replaced
from povsim.terms import CATEGORIES, CAUSES, GUARANTEES, STATUSES, Term
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

YEARS_A_TABLE = 5
"""More would not fit into eighty columns."""
ALWAYS = ("wage", "business", "property", "transfer")
"""Rows that are shown even where there is nothing in them."""
DIFFERENCES_SHOWN = 5
COMMA, SEMICOLON = {"zh": "、", "en": ", "}, {"zh": "；", "en": "; "}


@dataclass(frozen=True)
class Question:
    """What was asked for on the command line."""

    run: Path
    household: str
    scenario: str | None
    draw: int | None
    register: Path | None
    json: Path | None


@dataclass(frozen=True)
class Voice:
    """Words for one scenario in one language."""

    say: Wording
    scenario: Scenario

    @property
    def currency(self) -> str:
        """Name of the currency."""
        return figures.currency_name(self.scenario.currency, self.say.lang)

    def term(self, terms: Sequence[Term], code: str) -> str:
        """Return the label of a code; nothing is named as such."""
        found = next((term for term in terms if term.code == code), None)
        return found.label(self.say.lang) if found else code or self.say("explain.nothing")

    def guarantee(self, code: str) -> str:
        """Return a guarantee as the standard names it."""
        tests = self.scenario.exit_standard.household.tests
        found = next((test for test in tests if getattr(test, "guarantee", "") == code), None)
        return found.label(self.say.lang) if found else self.term(GUARANTEES, code)

    def guarantees(self, codes: Iterable[str]) -> str:
        """Return several guarantees."""
        return self.listed(self.guarantee(code) for code in codes)

    def listed(self, names: Iterable[str]) -> str:
        """Return names side by side."""
        return COMMA[self.say.lang].join(names) or self.say("explain.nothing")

    def test(self, failed: Failed) -> str:
        """Return a test in a word."""
        if failed.type == "income":
            return self.say("explain.income")
        return failed.name_zh if self.say.lang == "zh" else failed.name_en

    def measure(self, code: str) -> str:
        """Return the name of a measure."""
        known = self.scenario.measures
        return known[code].label(self.say.lang) if code in known else code


def answer(question: Question, say: Wording) -> None:
    """Explain a household and print it.

    Parameters
    ----------
    question : Question
        Run, household, draw.
    say : Wording
        Texts of the commands and of explanations.

    Raises
    ------
    InputError
        The run has no such household, draw or scenario; the JSON file would be in the run's folder.
    """
    if question.json is not None and question.json.resolve().parent == question.run.resolve():
        problem = Problem("--json", "is in the run's folder", question.json.name, "a file elsewhere")
        raise InputError("povsim explain", [problem])
    with Reporter(say) as report:
        report.phase("explain")
        told = explain(
            question.run,
            question.household,
            scenario=question.scenario,
            draw=question.draw,
            register=question.register,
            progress=report,
        )
    _print(told, say)
    if question.json is not None:
        with replaced(question.json) as part:
            part.write_text(json.dumps(told.plain(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        cli_show.screen().print(say("explain.written", file=question.json))


def _print(told: Explanation, say: Wording) -> None:
    screen, voice = cli_show.screen(), Voice(say, told.scenario)
    for line in (*_who(told, voice), *_which(told, voice)):
        screen.print(line)
    screen.print()
    for first in range(0, len(told.years), YEARS_A_TABLE):
        years = told.years[first : first + YEARS_A_TABLE]
        if told.probabilities is not None:
            cli_show.show_whole(screen, _chances(told, years, say))
            screen.print()
        cli_show.show_whole(screen, account_table(years, voice))
        screen.print()
    rows = [
        (str(each.year) if place == 0 else "", line)
        for each in told.years
        for place, line in enumerate(year_lines(each, voice))
    ]
    screen.print(cli_show.grid(("", ""), rows, left=(0, 1)))


def _who(told: Explanation, voice: Voice) -> Iterator[str]:
    home, say = told.household, voice.say
    name = home.village_zh if say.lang == "zh" else home.village_en
    village = home.village if home.village.endswith(name) else say("explain.village", name=name, code=home.village)
    village = say("explain.poor_village", village=village) if home.poor_village else village
    yield say("explain.title", household=home.household, village=village)
    counts = {key: getattr(home, key) for key in ("persons", "workers", "students", "ill", "disabled")}
    yield say("explain.members", **counts)
    yield say("explain.kind", category=voice.term(CATEGORIES, home.category), cause=voice.term(CAUSES, home.cause))
    status = voice.term(STATUSES, home.status)
    yield say(
        "explain.start",
        year=home.register_year,
        status=say("explain.since", status=status, year=home.status_year) if home.status_year else status,
        income=figures.count(home.income_per_head),
        currency=voice.currency,
        lacking=voice.guarantees(home.lacking),
    )
    if home.weight != 1:
        yield say("explain.weight", weight=figures.count(home.weight))
    if home.synthetic:
        yield say("explain.synthetic")


def _which(told: Explanation, voice: Voice) -> Iterator[str]:
    say = voice.say
    yield say(
        "explain.draw",
        scenario=told.scenario.label(say.lang),
        draw=told.draw,
        first=told.draws[0],
        last=told.draws[-1],
        seed=told.seed,
    )
    if told.agrees:
        yield say("explain.agrees")
        return
    yield say("explain.differs", count=len(told.differences))
    for each in told.differences[:DIFFERENCES_SHOWN]:
        status = voice.term(STATUSES, each.status)
        counts = {key: figures.count(getattr(each, key)) for key in ("stored", "again")}
        yield "  " + say("explain.difference", year=each.year, status=status, **counts)


def _chances(told: Explanation, years: Sequence[HouseholdYear], say: Wording) -> Table:
    chances = told.probabilities
    assert chances is not None
    rows = [
        [say(f"chance.{name}"), *(figures.probability(shares[each.year], say.lang) for each in years)]
        for name, shares in chances.to_dict().items()
    ]
    title = say("explain.chances", draws=figures.count(len(told.draws)))
    return cli_show.grid([title, *(str(each.year) for each in years)], rows)


def account_table(years: Sequence[HouseholdYear], voice: Voice) -> Table:
    """Return a household's account by year: income by source, the test of income, what is owed."""
    say, counts = voice.say, voice.scenario.exit_standard.household.counts
    rows = []
    for item in ITEMS:
        amounts = [each.amounts.get(item.code, 0.0) for each in years]
        if item.code not in ALWAYS and not any(amounts):
            continue
        name = say(f"item.{item.code}")
        name = say("explain.within", item=name) if item.within else name
        counted = not item.switch or getattr(counts, item.switch, False)
        rows.append([name if counted else say("explain.uncounted", item=name), *map(_whole, amounts)])
    rows += [
        [say("explain.counted"), *(_whole(each.counted) for each in years)],
        [say("explain.per_head"), *(_whole(each.counted_per_head) for each in years)],
        [say("explain.line"), *(_whole(each.line) for each in years)],
        [say("explain.distance"), *(f"{_rounded(each.counted_per_head - each.line):+,d}" for each in years)],
        [say("explain.seen"), *(_whole(each.seen_per_head) for each in years)],
    ]
    if any(abs(each.seen_per_head - each.seen_before_dibao) >= 1 for each in years):
        rows.append([say("explain.seen_before_dibao"), *(_whole(each.seen_before_dibao) for each in years)])
    for name in STOCKS:
        owed = [each.stocks.get(name, 0.0) for each in years]
        if any(owed):
            rows.append([say(f"stock.{name}"), *map(_whole, owed)])
    return cli_show.grid([say("explain.account", currency=voice.currency), *(str(each.year) for each in years)], rows)


def _whole(amount: float) -> str:
    return f"{_rounded(amount):,d}"


def _rounded(amount: float) -> int:
    return math.floor(amount + 0.5)


def year_lines(each: HouseholdYear, voice: Voice) -> Iterator[str]:
    """Yield what happened to a household in a year, a line each: status, events, shocks, help, tests, remedies."""
    say = voice.say
    yield _status(each, voice)
    for event in each.events:
        yield say(f"event.{event}")
    yield from (say("explain.lost", names=voice.guarantees(each.lost)),) if each.lost else ()
    yield from (say("explain.met", names=voice.guarantees(each.met)),) if each.met else ()
    medical = -each.amounts.get("medical", 0.0)
    if medical >= 1:
        yield say("explain.medical", amount=_whole(medical), currency=voice.currency)
    for mark in MARKS:
        if mark.column in each.marks:
            yield say(f"mark.{mark.column}", term=voice.term(mark.terms, each.marks[mark.column]))
    yield from (say(f"spell.{name}", year=until) for name, until in each.spells.items())
    yield from (say("explain.newly_disabled"),) if each.newly_disabled else ()
    if each.received:
        yield say("explain.received", names=voice.listed(_receipts(each, voice)))
    yield from _tests(each, voice)
    for remedy in each.remedies:
        yield _remedy(remedy, each, voice)


def _status(each: HouseholdYear, voice: Voice) -> str:
    say, status = voice.say, voice.term(STATUSES, each.status)
    if each.status == each.status_before:
        text = say("explain.status", status=status)
    else:
        before = voice.term(STATUSES, each.status_before)
        text = say("explain.status_changed", status=status, before=before)
    if each.failed:
        return text
    return text + SEMICOLON[say.lang] + _passing(each, voice)


def _passing(each: HouseholdYear, voice: Voice) -> str:
    """Say that a household passes, and why it is on the register all the same."""
    standard = voice.scenario.exit_standard.household
    if each.status not in ("registered", "relapsed"):
        return voice.say("explain.passes")
    if each.seen_per_head <= each.line:
        return voice.say("explain.seen_below")
    return voice.say("explain.waits", years=figures.number(standard.stability_years.at(each.year)))


def _receipts(each: HouseholdYear, voice: Voice) -> Iterator[str]:
    for receipt in each.received:
        name = voice.measure(receipt.measure)
        if receipt.money is None:
            yield name
        else:
            yield voice.say("explain.receipt", name=name, amount=_whole(receipt.money), currency=voice.currency)


def _tests(each: HouseholdYear, voice: Voice) -> Iterator[str]:
    say, currency, helped = voice.say, voice.currency, {code for remedy in each.remedies for code in remedy.tests}
    for failed in each.failed:
        text = voice.test(failed)
        if failed.short_per_head is not None and failed.share_of_line is not None:
            share = figures.percent(failed.share_of_line, say.lang, 1)
            text = say("explain.short", test=text, short=_up(failed.short_per_head), share=share, currency=currency)
        elif failed.found is not None and failed.wanted is not None:
            amounts = {"found": _whole(failed.found), "wanted": _up(failed.wanted), "short": _up(failed.short or 0.0)}
            text = say(f"gap.{failed.type}", test=text, currency=currency, **amounts)
        text = text if failed.veto else say("explain.no_veto", test=text)
        lines = [say("explain.fails", test=text)]
        lines += [] if failed.code in helped else [say("explain.no_remedy")]
        yield SEMICOLON[say.lang].join(lines)
        if failed.type == "income" and failed.short_per_head is not None and failed.short is not None:
            amounts = {"per_head": _up(failed.short_per_head), "household": _up(failed.short), "currency": currency}
            yield say("explain.needs_more", **amounts) if failed.strict else say("explain.needs_least", **amounts)


def _up(amount: float) -> str:
    """Return whole yuan that are enough."""
    return f"{math.ceil(amount):,d}"


def _remedy(remedy: Remedy, each: HouseholdYear, voice: Voice) -> str:
    say, how = voice.say, list[str]()
    if remedy.yearly is not None:
        how.append(say("explain.yearly", amount=_whole(remedy.yearly), currency=voice.currency))
    if remedy.receives:
        how.append(say("explain.receives"))
    elif remedy.unmet:
        reasons = SEMICOLON[say.lang].join(_reason(gap, voice) for gap in remedy.unmet)
        how.append(say("explain.not_eligible", reasons=reasons))
    else:
        how += [say("explain.eligible"), say("explain.take_up", share=figures.percent(remedy.take_up, say.lang, 0))]
        how += [say(f"limit.{remedy.limit}")] if remedy.limit else []
    tests = voice.listed(voice.test(failed) for failed in each.failed if failed.code in remedy.tests)
    return say("explain.remedy", measure=voice.measure(remedy.measure), tests=tests, how=SEMICOLON[say.lang].join(how))


def _reason(gap: Unmet, voice: Voice) -> str:
    """Say which condition is not met."""

    def word(value: str | float) -> str:
        if not isinstance(value, str):
            return _whole(value) if gap.condition != "years" else str(value)
        if gap.condition == "failing":
            return voice.guarantee(value)
        if gap.condition in ("holding", "not_holding"):
            return voice.measure(value)
        known = {"status": STATUSES, "category": CATEGORIES, "cause": CAUSES}
        return voice.term(known.get(gap.condition, ()), value)

    if gap.condition == "years":
        wanted = "-".join(word(value) for value in gap.wanted)
    else:
        wanted = voice.listed(word(value) for value in gap.wanted)
    return voice.say(f"unmet.{gap.condition}", found=voice.listed(word(value) for value in gap.found), wanted=wanted)
