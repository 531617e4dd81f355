"""Figures and sentences of a comparison, as they are read aloud."""

from __future__ import annotations

import math
from collections.abc import Sequence

from povsim import figures
from povsim.terms import Language
from povsim.views.comparison_plans import Pair, Plan, Statistic, place_of, texts
from povsim.views.comparison_sums import bargain_of
from povsim.wording import Wording

LEAST_LASTING = 0.5
"""Differences in lasting exits below half a person are none."""


def amount(value: float, form: str, lang: Language, *, sign: bool = False) -> str:
    """Return a figure without its unit: a share as a percentage, large money in ten thousands or millions.

    Examples
    --------
    >>> amount(0.0325, "share", "zh"), amount(-1234.4, "count", "zh"), amount(2e6, "money", "zh", sign=True)
    ('3.25%', '-1,234', '+200.00')
    """
    if form == "share":
        text = figures.percent(value, lang)
    else:
        text = figures.money([value], lang)[0] if form == "money" else figures.count(value)
    # what rounds to nothing has no sign
    if not any(digit in text for digit in "123456789"):
        return text.lstrip("-")
    return f"+{text}" if sign and value > 0 else text


def unit_of(statistic: Statistic, plan: Plan, lang: Language) -> str:
    """Return the unit that goes behind an amount of a statistic; none behind percentages."""
    say, currency = texts(lang), currency_of(plan, lang)
    if statistic.form == "share":
        return ""
    if statistic.form == "money":
        return say("money.large", currency=currency)
    return currency if statistic.units.startswith("yuan") else say(f"unit.{statistic.units}")


def axis_unit(statistic: Statistic, plan: Plan, lang: Language) -> str:
    """Return the unit of bare numbers, as axes and workbooks have them."""
    if statistic.form == "share":
        return "%"
    return currency_of(plan, lang) if statistic.units.startswith("yuan") else texts(lang)(f"unit.{statistic.units}")


def currency_of(plan: Plan, lang: Language) -> str:
    """Return the name of the money a plan is in."""
    return figures.currency_name(str(plan.part.attrs["currency"]), lang)


def joined(text: str, unit: str) -> str:
    """Return a figure with its unit behind it."""
    return f"{text} {unit}" if unit else text


def answer(pair: Pair, year: int, called: Sequence[str], lang: Language) -> str:
    """Return the answer about one plan in a sentence: people, money, cost per extra lasting exit.

    Parameters
    ----------
    pair : Pair
        The plan beside the first.
    year : int
        At the end of which year.
    called : sequence of str
        Names of the first and of the other plan.
    lang : {"zh", "en"}
        Language.
    """
    say, place = texts(lang), place_of(pair.first, year)
    told = pair.difference("poor_persons", place=place)
    change, low, high = float(told.mean), float(told.low), float(told.high)
    words = {"plan": called[1], "first": called[0], "year": year}
    if round(change) == 0 and round(low) == 0 and round(high) == 0:
        people = say("answer.same", **words)
    else:
        key = "answer.fewer" if change < 0 else "answer.more"
        people = say(key, **words, count=figures.count(abs(change)), band=_people_band(low, high, change, say))
    return people + _money_words(pair, place, say)


def _people_band(low: float, high: float, change: float, say: Wording) -> str:
    if low * high > 0 and low * change > 0:
        ends = sorted((abs(low), abs(high)))
        return f"{figures.count(ends[0])}-{figures.count(ends[1])}"
    said = [say("band.fewer" if end < 0 else "band.more", count=figures.count(abs(end))) for end in (low, high)]
    return say("band.to", low=said[0], high=said[1])


def _money_words(pair: Pair, place: int, say: Wording) -> str:
    told, currency = bargain_of(pair, place), currency_of(pair.first, say.lang)
    spent, lasting = told.spending[0], told.lasting[0]
    money = figures.money([abs(spent)], say.lang)[0]
    key = "answer.free" if spent == 0 else "answer.dearer" if spent > 0 else "answer.cheaper"
    words = say(key, money=money, unit=say("money.large", currency=currency))
    if abs(lasting) < LEAST_LASTING:
        return words + say("answer.no_exits")
    said = {"count": figures.count(abs(lasting)), "one": say("money.one", currency=currency)}
    said["cost"] = figures.unit_cost([abs(told.cost[0])], say.lang)[0]
    if lasting > 0:
        return words + (say("answer.cost", **said) if spent > 0 else say("answer.both_better", **said))
    return words + (say("answer.saved", **said) if spent < 0 else say("answer.both_worse", **said))


def luck_words(pair: Pair, called: Sequence[str], lang: Language) -> str:
    """Say whether two plans share their luck, and how their draws were therefore compared.

    Parameters
    ----------
    pair : Pair
        The plan beside the first.
    called : sequence of str
        Names of the first and of the other plan.
    lang : {"zh", "en"}
        Language.
    """
    say, words = texts(lang), {"plan": called[1], "first": called[0]}
    if not pair.pairs.common:
        return say("luck.apart", **words, reason=say(pair.reason))
    draws = len(pair.pairs.first)
    told = say("luck.common", **words, draws=draws)
    return told + ("" if lang == "zh" else " ") + say("vs.some_draws", draws=draws) if pair.reason else told


def probability(share: float, lang: Language) -> str:
    """Return a probability; nothing known is a dash."""
    return figures.NOTHING if math.isnan(share) else figures.probability(share, lang)
