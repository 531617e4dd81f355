"""Figures and sentences of a comparison, as they are read aloud."""

from __future__ import annotations

import math
from collections.abc import Sequence

from povsim import figures
from povsim.terms import Language
from povsim.views.comparison_plans import Pair, Plan, Statistic, place_of, sentences, texts
from povsim.views.comparison_sentence import Beside, sentence
from povsim.views.comparison_sums import bargain_of


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
    place = place_of(pair.first, year)
    poor, sums = pair.difference("poor_persons", place=place), bargain_of(pair, place)
    told = Beside(
        plan=called[1],
        first=called[0],
        year=year,
        poor=(float(poor.mean), float(poor.low), float(poor.high)),
        spending=sums.spending[0],
        lasting=sums.lasting[0],
        cost=sums.cost[0],
        currency=currency_of(pair.first, lang),
    )
    return sentence(told, texts(lang))


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
    told = [say("luck.common", **words, draws=draws)]
    return sentences([*told, say("vs.some_draws", draws=draws)] if pair.reason else told, lang)


def points_text(share: float, lang: Language) -> str:
    """Return a change of a probability with its unit, in percentage points.

    Examples
    --------
    >>> points_text(0.01, "en"), points_text(0.05, "en"), points_text(0.01, "zh")
    ('1 point', '5 points', '1 个百分点')
    """
    return in_points(f"{100 * share:g}", lang)


def in_points(points: str, lang: Language) -> str:
    """Return percentage points that are written already with their unit: one of them is a point.

    Examples
    --------
    >>> in_points("-1", "en"), in_points("0.4", "en")
    ('-1 point', '0.4 points')
    """
    return texts(lang)("vs.one_point" if points.lstrip("+-") == "1" else "vs.percentage_points", points=points)


def probability(share: float, lang: Language) -> str:
    """Return a probability; nothing known is a dash."""
    return figures.NOTHING if math.isnan(share) else figures.probability(share, lang)
