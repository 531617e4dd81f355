"""The big numbers of each plan, with what differs from the first."""

from __future__ import annotations

from povsim import figures
from povsim.planning.comparison_draws import Bargain, Difference
from povsim.terms import Language
from povsim.views.comparison_plans import Pair, Plan, band_of, texts
from povsim.views.comparison_sums import bargain_of, cost_of, hold, hold_difference
from povsim.views.comparison_words import LEAST_LASTING, amount, currency_of, joined, probability, unit_of
from povsim.views.parts import BigNumber, Tone

HEADLINES = ("poor_persons", "lasting_exits_so_far", "spending_so_far")
CLEAR = 0.9
"""Better (or worse) in so many of the draws: said by colour."""


def numbers(plan: Plan, pair: Pair | None, place: int, lang: Language) -> list[BigNumber]:
    """Return the big numbers of a plan: poor, targets, lasting exits, spending, cost.

    Parameters
    ----------
    plan : Plan
        The plan.
    pair : Pair, optional
        The plan beside the first; none for the first itself, which shows its own bands.
    place : int
        Position of the year.
    lang : {"zh", "en"}
        Language.

    Returns
    -------
    list of BigNumber
        Of the first plan with 80 % bands over its draws, of the others with differences from the first and their bands.
    """
    poor, lasting, spending = (_headline(plan, pair, (code, place), lang) for code in HEADLINES)
    return [poor, _targets(plan, pair, place, lang), lasting, spending, _cost(plan, pair, place, lang)]


def _headline(plan: Plan, pair: Pair | None, asked: tuple[str, int], lang: Language) -> BigNumber:
    import numpy as np

    code, place = asked
    say, statistic, values = texts(lang), plan.statistic(code), plan.value(code)[:, place]
    unit = unit_of(statistic, plan, lang)
    value = joined(amount(float(values.mean()), statistic.form, lang), unit)
    label = say(f"vs.number.{code}", year=plan.years[place])
    if pair is None:
        low, high = (amount(float(end), statistic.form, lang) for end in np.quantile(values, band_of(plan)))
        return BigNumber(code, label, value, say("vs.band", low=low, high=high), say(f"vs.note.{code}"))
    told = pair.difference(code, place=place)
    change, low, high = (
        amount(float(end), statistic.form, lang, sign=True) for end in (told.mean, told.low, told.high)
    )
    spread = say("vs.apart", change=joined(change, unit), low=low, high=high)
    note = say("vs.note.better", share=probability(float(told.better), lang), what=statistic.label(lang))
    return BigNumber(code, label, value, spread, note, _tone(told))


def _tone(told: Difference) -> Tone:
    if told.better >= CLEAR:
        return "good"
    return "bad" if 1 - told.better - told.equal >= CLEAR else "plain"


def _targets(plan: Plan, pair: Pair | None, place: int, lang: Language) -> BigNumber:
    say, held = texts(lang), hold(plan, place)
    label = say("vs.number.targets", year=plan.years[place])
    if held is None:
        return BigNumber("targets", label, figures.NOTHING, "", say("vs.no_target"))
    share = float(held.mean())
    value, note = probability(share, lang), say("vs.note.targets", draws=held.size)
    if pair is None:
        error = (share * (1 - share) / held.size) ** 0.5
        return BigNumber("targets", label, value, say("vs.error", error=_points(error, lang)), note)
    told = hold_difference(pair, place)
    if told is None:
        return BigNumber("targets", label, value, say("vs.other_targets"), note)
    spread = say("vs.points", change=_points(float(told.mean), lang, sign=True), error=f"{100 * float(told.error):.0f}")
    return BigNumber("targets", label, value, spread, note)


def _points(share: float, lang: Language, *, sign: bool = False) -> str:
    text = f"{100 * share:+.0f}" if sign else f"{100 * share:.0f}"
    # what rounds to nothing has no sign
    text = text if any(digit in text for digit in "123456789") else "0"
    return texts(lang)("vs.percentage_points", points=text)


def _cost(plan: Plan, pair: Pair | None, place: int, lang: Language) -> BigNumber:
    say, one = texts(lang), texts(lang)("money.one", currency=currency_of(plan, lang))
    mean = joined(figures.unit_cost([cost_of(plan, place)], lang)[0], one)
    if pair is None:
        return BigNumber("cost", say("vs.number.cost"), mean, "", say("vs.note.cost"))
    told = bargain_of(pair, place)
    note = say("vs.note.extra_cost", mean=mean)
    low, high = figures.unit_cost([told.cost[1], told.cost[2]], lang)
    key, tone = verdict(told)
    band = "" if key in ("same", "unclear") else say("vs.band.cost", low=low, high=high)
    cost = joined(figures.unit_cost([abs(told.cost[0])], lang)[0], one)
    said = cost if key in ("dearer", "saved") else say(f"vs.cost.{key}")
    label = say("vs.number.saved" if key == "saved" else "vs.number.extra_cost")
    return BigNumber("cost", label, said, band, note, tone)


def verdict(told: Bargain) -> tuple[str, Tone]:
    """Return what a plan is worth beside the first, as the key of a text, and how that sounds.

    Examples
    --------
    >>> import numpy as np
    >>> from povsim.planning.comparison_draws import bargain, pair_numbers
    >>> same = pair_numbers([0], [0], same_luck=True)
    >>> one = bargain((np.zeros(1), np.ones(1)), (np.zeros(1), np.ones(1)), same, band=(0.1, 0.9))
    >>> verdict(one)
    ('dearer', 'plain')
    """
    spent, lasting = told.spending[0], told.lasting[0]
    if abs(lasting) < LEAST_LASTING:
        return "same", "plain"
    if told.lasting[1] <= 0 <= told.lasting[2]:
        # a ratio over what may as well be nothing says nothing
        return "unclear", "plain"
    if lasting > 0:
        return ("dearer", "plain") if spent > 0 else ("both_better", "good")
    return ("saved", "plain") if spent < 0 else ("both_worse", "bad")
