"""The answer about a plan beside the first, in one sentence: the page and the command say the same."""

from __future__ import annotations

from dataclasses import dataclass

from povsim import figures
from povsim.wording import Wording

LEAST_LASTING = 0.5
"""Differences in lasting exits below half a person are none."""


@dataclass(frozen=True)
class Beside:
    """A plan beside the first, at the end of a year.

    Attributes
    ----------
    plan, first : str
        Names.
    year : int
        At the end of which year.
    poor : (float, float, float)
        Persons poor by income, more than under the first: mean and the ends of the band.
    spending, lasting : float
        Money and lasting exits so far, more than under the first, means.
    cost : float
        Money for one more lasting exit.
    currency : str
        Name of the money.
    """

    plan: str
    first: str
    year: int
    poor: tuple[float, float, float]
    spending: float
    lasting: float
    cost: float
    currency: str


def sentence(told: Beside, say: Wording) -> str:
    """Return the answer in a sentence: people, money, cost per extra lasting exit.

    Parameters
    ----------
    told : Beside
        The plan beside the first.
    say : Wording
        With the texts "commands" and "compare".

    Examples
    --------
    >>> from povsim.wording import wording
    >>> told = Beside("wide", "narrow", 2020, (-120.0, -150.0, -90.0), 2e6, 80.0, 25_000.0, "元")
    >>> sentence(told, wording("zh", "commands", "compare")).partition("，累计")[0]
    '按 wide，2020 年末收入贫困人口比 narrow 少 120 人（80%区间：90 至 150）'
    """
    words = {"plan": told.plan, "first": told.first, "year": told.year}
    if all(round(one) == 0 for one in told.poor):
        people = say("answer.same", **words)
    elif round(told.poor[0]) == 0:
        people = say("answer.about", **words, band=_people_band(told.poor, say))
    else:
        key = "answer.fewer" if told.poor[0] < 0 else "answer.more"
        people = say(key, **words, count=figures.count(abs(told.poor[0])), band=_people_band(told.poor, say))
    return people + _money(told, say)


def _people_band(poor: tuple[float, float, float], say: Wording) -> str:
    change, low, high = poor
    if low * high > 0 and low * change > 0:
        # the sentence says which way, so that the ends have no sign
        small, large = sorted((abs(low), abs(high)))
        return say("band.to", low=figures.count(small), high=figures.count(large))
    said = [say("band.fewer" if end < 0 else "band.more", count=figures.count(abs(end))) for end in (low, high)]
    return say("band.to", low=said[0], high=said[1])


def _money(told: Beside, say: Wording) -> str:
    spent, lasting = told.spending, told.lasting
    money = figures.money([abs(spent)], say.lang)[0]
    nothing = not any(digit in money for digit in "123456789")
    key = "answer.free" if nothing else "answer.dearer" if spent > 0 else "answer.cheaper"
    words = say(key, money=money, unit=say("money.large", currency=told.currency))
    if abs(lasting) < LEAST_LASTING:
        return words + say("answer.no_exits")
    said = {"count": figures.count(abs(lasting)), "one": say("money.one", currency=told.currency)}
    said["cost"] = figures.unit_cost([abs(told.cost)], say.lang)[0]
    if lasting > 0:
        return words + (say("answer.cost", **said) if spent > 0 else say("answer.both_better", **said))
    return words + (say("answer.saved", **said) if spent < 0 else say("answer.both_worse", **said))
