"""The big numbers of each plan, with what differs from the first."""

from __future__ import annotations

from collections.abc import Sequence

from povsim import figures
from povsim.planning.comparison_draws import Bargain, Difference
from povsim.terms import Language
from povsim.views.comparison_due import Due, due
from povsim.views.comparison_plans import Pair, Plan, band_of, sentences, texts
from povsim.views.comparison_sentence import LEAST_LASTING
from povsim.views.comparison_sums import bargain_of, cost_of, hold, hold_difference
from povsim.views.comparison_words import amount, currency_of, in_points, joined, probability, unit_of
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
    if told.equal == 1:
        return BigNumber(code, label, value, say("vs.same"), say(f"vs.note.{code}"))
    spread = say("vs.apart", change=joined(change, unit), low=low, high=high)
    shares = {"share": probability(float(told.better), lang), "equal": probability(float(told.equal), lang)}
    note = say("vs.note.better" if told.equal == 0 else "vs.note.better_equal", what=statistic.label(lang), **shares)
    return BigNumber(code, label, value, spread, note, _tone(told))


def _tone(told: Difference) -> Tone:
    if told.better >= CLEAR:
        return "good"
    return "bad" if 1 - told.better - told.equal >= CLEAR else "plain"


def _targets(plan: Plan, pair: Pair | None, place: int, lang: Language) -> BigNumber:
    say, held, year = texts(lang), hold(plan, place), plan.years[place]
    label = say("vs.number.targets", year=year)
    if held is None:
        return BigNumber("targets", label, figures.NOTHING, say("vs.no_target"))
    share, asked = float(held.mean()), due(plan, year)
    what = asked[0].name(lang) if len(asked) == 1 else say("vs.targets.all", count=len(asked))
    said = _error(share, held.size, lang) if pair is None else _beside(pair, place, share, lang)
    spread = say("vs.targets.line", what=what, said=said)
    return BigNumber("targets", label, probability(share, lang), spread, _each(asked, held.size, lang))


def _each(asked: Sequence[Due], draws: int, lang: Language) -> str:
    """Name the targets, each with its bound and its own probability, on the draws that are counted together."""
    say = texts(lang)
    said = [
        say(
            "vs.note.target",
            target=one.name(lang),
            required=one.required(lang),
            share=figures.NOTHING if one.probability is None else probability(one.probability, lang),
        )
        for one in asked
    ]
    words: dict[str, object] = {"draws": draws, "targets": say("vs.list").join(said)}
    if len(asked) == 1:
        return say("vs.note.only_target", **words)
    return sentences([say("vs.note.targets", **words), say("vs.note.together")], lang)


def _sure(share: float, draws: int, lang: Language) -> str | None:
    """Say that all draws meet the targets, or none; nothing where some do."""
    return texts(lang)("vs.all_draws" if share else "vs.no_draws", draws=draws) if share in (0, 1) else None


def _error(share: float, draws: int, lang: Language) -> str:
    """Say how exact a share of draws is; of all or none there is no error to tell."""
    error = (share * (1 - share) / draws) ** 0.5
    return _sure(share, draws, lang) or texts(lang)("vs.error", error=_in_points(error, lang))


def _beside(pair: Pair, place: int, share: float, lang: Language) -> str:
    """Say how the probability differs from that of the first plan."""
    say, told = texts(lang), hold_difference(pair, place)
    if told is None:
        return say("vs.other_targets")
    if told.equal == 1:
        sure = _sure(share, pair.second.draws.size, lang)
        return say("vs.same") if sure is None else say("vs.same_too", said=sure)
    change, error = float(told.mean), float(told.error)
    if not error > 0:
        return say("vs.points.sure", change=_in_points(change, lang, sign=True))
    return say("vs.points", change=_in_points(change, lang, sign=True), error=points(error))


def _in_points(share: float, lang: Language, *, sign: bool = False) -> str:
    return in_points(points(share, sign=sign), lang)


def points(share: float, *, sign: bool = False) -> str:
    """Return a difference of shares in percentage points: whole ones, below one with a decimal, 0 only for nothing.

    Examples
    --------
    >>> points(0.031), points(0.004), points(-0.02, sign=True), points(0.0001), points(0.0, sign=True)
    ('3', '0.4', '-2', '<0.1', '0')
    """
    value = 100 * share
    if 0 < abs(value) < 0.05:
        return "<0.1"
    text = f"{value:{'+' if sign else ''}.{1 if abs(value) < 0.95 else 0}f}"
    return text if value else "0"


def _cost(plan: Plan, pair: Pair | None, place: int, lang: Language) -> BigNumber:
    say, one = texts(lang), texts(lang)("money.one", currency=currency_of(plan, lang))
    mean = joined(figures.unit_cost([cost_of(plan, place)], lang)[0], one)
    if pair is None:
        return BigNumber("cost", say("vs.number.cost"), mean, "", say("vs.note.cost"))
    told = bargain_of(pair, place)
    note = say("vs.note.extra_cost", mean=mean)
    low, high = figures.unit_cost([told.cost[1], told.cost[2]], lang)
    key, tone = verdict(told)
    band = "" if key in ("same", "unclear") else say("vs.band", low=low, high=high)
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
