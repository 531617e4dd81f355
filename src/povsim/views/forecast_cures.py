"""What could cure a household's failures, from what a run stores; and the full explanation of one of its draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from povsim import figures
from povsim.terms import CATEGORIES, CAUSES, GUARANTEES, STATUSES, Language, Term
from povsim.views.forecast_numbers import COMMA, SEMICOLON, texts, year_at
from povsim.views.parts import Column, Table
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    from povsim.remedies import Failed, Standing
    from povsim.scenario import Scenario

SELDOM = 0.05
"""Tests failed in fewer draws are not asked a cure for."""
USUAL = 0.5
KEPT = ("registered", "exited", "relapsed", "monitored")
Plain = Mapping[str, Any]


def cures(data: xr.Dataset, people: xr.Dataset, plan: Scenario, row: int, year: int | None) -> list[dict[str, Any]]:
    """List the plan's measures that address what a household fails, as plain data.

    The household is taken as it mostly is over the draws: its likeliest status, its mean income, the measures it
    receives in at least half of them. Medical cost, arrears and spells are not stored by household, so conditions on
    them count as met and medical aid is not among the cures; ``povsim.explain`` lives one draw again and knows them.

    Parameters
    ----------
    data, people : Dataset
        The parts "forecast" and "households" of a digest.
    plan : Scenario
        The plan.
    row : int
        The household's row.
    year : int, optional
        The last if not given.

    Returns
    -------
    list of dict
        The fields of ``povsim.remedies.Remedy``, ``tests`` with their chances; without what the register says of the
        household (``known`` false) no condition is judged.
    """
    from povsim.remedies import remedies

    y = year_at(data, year)
    failed, shares = _failed(people, plan, row, y)
    standing = _standing(data, people, row, y, frozenset(one.guarantee for one in failed if one.guarantee))
    known = "register_workers" in people
    found = remedies(plan, failed, standing, lambda entry, when: entry.at(when), plan.span[y])
    return [
        {
            "measure": one.measure,
            "zh": one.name_zh,
            "en": one.name_en,
            "tests": [[code, shares[code]] for code in one.tests],
            "yearly": one.yearly,
            "receives": one.receives,
            "take_up": one.take_up,
            "limit": one.limit,
            "known": known,
            "unmet": [vars(gap) | {"found": list(gap.found), "wanted": list(gap.wanted)} for gap in one.unmet]
            if known
            else [],
        }
        for one in found
    ]


def _failed(people: xr.Dataset, plan: Scenario, row: int, y: int) -> tuple[list[Failed], dict[str, float]]:
    """Return the tests failed in at least ``SELDOM`` of the draws, and in what share."""
    from povsim.remedies import Failed, income_test

    fails = people["fails"].to_numpy()[row, y] / people.attrs["draws"]
    shares = dict(zip(people["test"].to_numpy().tolist(), fails.tolist(), strict=True))
    persons, income = int(people["persons"].to_numpy()[row]), float(people["income"].to_numpy()[row, y])
    found = []
    for test in plan.exit_standard.household.tests:
        if shares.get(test.code, 0.0) < SELDOM:
            continue
        gap: dict[str, Any] = {}
        if test.type == "income" and test.line is not None:
            gap = income_test(income * persons, test.line.at(plan.span[y]), persons, strict=test.comparison == ">")
        elif test.type == "guarantee":
            gap = {"guarantee": test.guarantee}
        found.append(Failed(test.code, test.name_zh, test.name_en, test.type, test.veto, **gap))
    return found, shares


def _standing(data: xr.Dataset, people: xr.Dataset, row: int, y: int, lacking: frozenset[str]) -> Standing:
    from povsim.remedies import Standing

    village = int(people["village_index"].to_numpy()[row])
    receives = people["receives"].to_numpy()[row, y] / people.attrs["draws"]
    helps = frozenset(
        code
        for code, share in zip(people["help"].to_numpy().tolist(), receives.tolist(), strict=True)
        if share >= USUAL
    )

    def trait(name: str) -> int:
        return int(people[f"register_{name}"].to_numpy()[row]) if f"register_{name}" in people else 0

    cause = trait("cause")
    return Standing(
        status=likeliest_status(people, row, y),
        category=CATEGORIES[trait("category")].code,
        cause=CAUSES[cause - 1].code if cause else "",
        lacking=lacking,
        persons=int(people["persons"].to_numpy()[row]),
        workers=trait("workers"),
        students=trait("students"),
        ill=trait("ill"),
        disabled=trait("disabled"),
        medical=0.0,
        income=float(people["income"].to_numpy()[row, y]),
        arrears=0.0,
        township=str(data["township"].to_numpy()[village]),
        village=str(data["village"].to_numpy()[village]),
        poor_village=bool(people["poor_village"].to_numpy()[village]) if "poor_village" in people else False,
        receives=helps,
        holds=helps,
    )


def likeliest_status(people: xr.Dataset, row: int, y: int) -> str:
    """Return the status that a household has in most draws at the end of a year."""
    counts = dict(zip(people["status"].to_numpy().tolist(), people["state"].to_numpy()[row, y].tolist(), strict=True))
    kept = {name: counts[name] for name in KEPT}
    never = people.attrs["draws"] - sum(kept.values())
    best = max(kept, key=lambda name: kept[name])
    return best if kept[best] >= never else "never_registered"


def cure_table(found: Sequence[Plain], data: xr.Dataset, plan: Scenario, lang: Language) -> Table:
    """Return the measures that could help, those the household may have first.

    Parameters
    ----------
    found : sequence of mapping
        As :func:`cures` returns them.
    data : Dataset
        The part "forecast" of the digest, for the names of tests.
    plan : Scenario
        The plan, for the names of measures and guarantees.
    lang : {"zh", "en"}
        Language.
    """
    say, words = texts(lang), _Words(plan, lang)
    tests = dict(zip(data["test"].to_numpy().tolist(), data[f"test_{lang}"].to_numpy().tolist(), strict=True))
    columns = [
        Column("measure", say("column.measure")),
        Column("tests", say("column.cures")),
        Column("yearly", say("column.yearly"), "money", 0, figures.currency_name(data.attrs["currency"], lang)),
        Column("state", say("column.cure_state")),
        Column("how", say("column.how")),
    ]
    rows = [
        {
            "measure": one[lang],
            "tests": words.listed(
                f"{tests.get(code, code)} {figures.probability(share, lang)}" for code, share in one["tests"]
            ),
            "yearly": one["yearly"],
            "state": say(f"cure.{_rank(one)}"),
            "how": words.how(one),
        }
        for one in sorted(found, key=lambda one: ("open", "receives", "unknown", "unmet").index(_rank(one)))
    ]
    return Table("cures", say("cures.title"), columns, rows, say("cures.note" if rows else "cures.none"))


def _rank(one: Plain) -> str:
    if one["receives"]:
        return "receives"
    if not one["known"]:
        return "unknown"
    return "unmet" if one["unmet"] else "open"


class _Words:
    """Words for a plan in one language; the sentences are those of ``povsim explain``."""

    def __init__(self, plan: Scenario, lang: Language) -> None:
        self.plan, self.lang, self.say = plan, lang, wording(lang, "explain", "page_forecast")

    def listed(self, parts: Iterable[str]) -> str:
        """Return parts side by side."""
        return COMMA[self.lang].join(parts) or self.say("nothing")

    def how(self, one: Plain) -> str:
        """Return why a measure is or is not open to the household, and what limits it."""
        say = self.say
        if one["receives"]:
            return say("explain.receives")
        if one["unmet"]:
            return SEMICOLON[self.lang].join(self.reason(gap) for gap in one["unmet"])
        parts = [say("explain.take_up", share=figures.percent(one["take_up"], self.lang, 0))]
        return SEMICOLON[self.lang].join([*parts, say(f"limit.{one['limit']}")] if one["limit"] else parts)

    def reason(self, gap: Plain) -> str:
        """Say which condition is not met."""
        condition = gap["condition"]
        wanted = [self.word(condition, value) for value in gap["wanted"]]
        text = "-".join(wanted) if condition == "years" else self.listed(wanted)
        return self.say(
            f"unmet.{condition}", found=self.listed(self.word(condition, value) for value in gap["found"]), wanted=text
        )

    def word(self, condition: str, value: str | float) -> str:
        """Return a value of a condition as people read it."""
        if not isinstance(value, str):
            return str(value) if condition == "years" else figures.count(math.floor(value + 0.5))
        if condition == "failing":
            return self.guarantee(value)
        if condition in ("holding", "not_holding"):
            return self.measure(value)
        known = {"status": STATUSES, "category": CATEGORIES, "cause": CAUSES}
        return self.term(known.get(condition, ()), value)

    def term(self, terms: Sequence[Term], code: str) -> str:
        """Return the label of a code."""
        return next((term.label(self.lang) for term in terms if term.code == code), code or self.say("nothing"))

    def guarantee(self, code: str) -> str:
        """Return a guarantee as the standard names it."""
        tests = self.plan.exit_standard.household.tests
        found = next((test for test in tests if getattr(test, "guarantee", "") == code), None)
        return found.label(self.lang) if found else self.term(GUARANTEES, code)

    def measure(self, code: str) -> str:
        """Return the name of a measure."""
        return self.plan.measures[code].label(self.lang) if code in self.plan.measures else code


def account_table(told: Plain, plan: Scenario, lang: Language) -> Table:
    """Return a household's account by year out of an explanation: income by source, counted, line, distance.

    Parameters
    ----------
    told : mapping
        ``povsim.explain(...).plain()``.
    plan : Scenario
        The plan.
    lang : {"zh", "en"}
        Language.
    """
    from povsim.household_account import ITEMS

    say, years = wording(lang, "explain", "page_forecast"), told["years"]
    unit = figures.currency_name(plan.currency, lang)
    rows = [
        {"what": say(f"item.{item.code}"), **{str(each["year"]): each["amounts"].get(item.code, 0.0) for each in years}}
        for item in ITEMS
        if any(each["amounts"].get(item.code) for each in years)
    ]
    for key, field in (
        ("counted", "counted"),
        ("per_head", "counted_per_head"),
        ("line", "line"),
        ("seen", "seen_per_head"),
    ):
        rows.append({"what": say(f"explain.{key}"), **{str(each["year"]): each[field] for each in years}})
    columns = [
        Column("what", say("column.account"), unit=unit),
        *(Column(str(each["year"]), str(each["year"]), "money") for each in years),
    ]
    agrees = say("explain.agrees") if told["agrees"] else say("explain.differs", count=len(told["differences"]))
    return Table("account", say("account.title", draw=told["draw"]), columns, rows, agrees)


def story_table(told: Plain, plan: Scenario, lang: Language) -> Table:
    """Return what happened to a household in one draw, a row a year: status, events, failed tests, help, cures."""
    say, words = wording(lang, "explain", "page_forecast"), _Words(plan, lang)
    columns = [
        Column("year", say("column.year")),
        Column("status", say("column.status")),
        Column("events", say("column.events")),
        Column("failed", say("column.failed")),
        Column("received", say("column.received")),
        Column("cures", say("column.could_help")),
    ]
    rows = [
        {
            "year": str(each["year"]),
            "status": words.term(STATUSES, each["status"]),
            "events": words.listed(_events(each, say, words)) if each["events"] or each["lost"] or each["met"] else "",
            "failed": SEMICOLON[lang].join(_failures(each, say, plan, lang)) or say("explain.passes"),
            "received": SEMICOLON[lang].join(_receipts(each, say, plan, lang)),
            "cures": SEMICOLON[lang].join(_could_help(each, words, lang)),
        }
        for each in told["years"]
    ]
    return Table("story", say("story.title", draw=told["draw"]), columns, rows, say("story.note", seed=told["seed"]))


def _events(each: Plain, say: Wording, words: _Words) -> Iterator[str]:
    yield from (say(f"event.{name}") for name in each["events"])
    for key in ("lost", "met"):
        if each[key]:
            yield say(f"explain.{key}", names=words.listed(words.guarantee(code) for code in each[key]))


def _failures(each: Plain, say: Wording, plan: Scenario, lang: Language) -> Iterator[str]:
    currency = figures.currency_name(plan.currency, lang)
    for one in each["failed"]:
        name = say("explain.income") if one["type"] == "income" else one[f"name_{lang}"]
        if one["short_per_head"] is not None and one["share_of_line"] is not None:
            share = figures.percent(one["share_of_line"], lang, 1)
            name = say(
                "explain.short",
                test=name,
                short=figures.count(math.ceil(one["short_per_head"])),
                share=share,
                currency=currency,
            )
        yield name if one["veto"] else say("explain.no_veto", test=name)


def _receipts(each: Plain, say: Wording, plan: Scenario, lang: Language) -> Iterator[str]:
    currency = figures.currency_name(plan.currency, lang)
    for one in each["received"]:
        name = one[f"name_{lang}"]
        known = one["money"] is not None
        yield (
            say("explain.receipt", name=name, amount=figures.count(one["money"]), currency=currency) if known else name
        )


def _could_help(each: Plain, words: _Words, lang: Language) -> Iterator[str]:
    for one in each["remedies"]:
        if not one["receives"]:
            state = words.say("explain.eligible") if not one["unmet"] else words.reason(one["unmet"][0])
            yield words.say("story.cure", measure=one[f"name_{lang}"], state=state)
