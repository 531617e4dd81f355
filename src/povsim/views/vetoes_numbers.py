"""The headlines of the veto lab."""

from __future__ import annotations

import numpy as np

from povsim import figures
from povsim.views.parts import BigNumber
from povsim.views.vetoes_asked import BAND, Asked
from povsim.views.vetoes_boards import held
from povsim.views.vetoes_cards import card_of, kept
from povsim.views.vetoes_income import excluded
from povsim.views.vetoes_patterns import PERSONS, failing_villages


def numbers(asked: Asked) -> list[BigNumber]:
    """Return the big numbers: the excluded, by one rule alone, the rule that decides most, villages, units kept.

    Parameters
    ----------
    asked : Asked
        The run, its year, and how the rules are set.

    Returns
    -------
    list of BigNumber
        In the reader's language; each with what it was as the rules stand, where they are set otherwise.
    """
    found = [_excluded(asked), _alone(asked), _main(asked), _villages(asked)]
    return [*found, _kept(asked)] if asked.units is not None else found


def _excluded(asked: Asked) -> BigNumber:
    say, now = asked.say, excluded(asked)
    base = float(asked.part["excluded"].to_numpy()[asked.place, PERSONS].mean())
    value = say("persons", number=figures.count(now.estimate))
    if now.surety == "bounded":
        spread = say("bounds", low=figures.count(now.low), high=figures.count(now.high))
    elif now.band is not None:
        spread = say("band", low=figures.count(now.band[0]), high=figures.count(now.band[1]))
    else:
        spread = say("exact")
    if abs(now.estimate - base) >= 0.5:
        spread = say("was", spread=spread, before=figures.count(base))
    return BigNumber("excluded", say("number.excluded"), value, spread, say("number.excluded.note"))


def _alone(asked: Asked) -> BigNumber:
    say = asked.say
    alone = asked.found["sole_blocker"][PERSONS].sum(axis=1)
    total = asked.found["excluded"][PERSONS]
    share = float(alone.mean() / total.mean()) if total.mean() > 0 else float("nan")
    spread = say("share_of_excluded", share=figures.percent(share, asked.lang, 0))
    value = say("persons", number=figures.count(alone.mean()))
    if asked.line_moved:
        # known for the run's own line only: as a big number it would stand beside one that goes by the new line
        value, spread = figures.NOTHING, say("own_line", spread=value)
    return BigNumber("alone", say("number.alone"), value, spread, say("number.alone.note"))


def _own_line(asked: Asked, spread: str) -> str:
    """Return what is said under a number that goes by the run's own income line, where another one is set."""
    return asked.say("own_line", spread=spread) if asked.line_moved else spread


def _main(asked: Asked) -> BigNumber:
    say = asked.say
    shares = asked.found["shapley"][PERSONS].mean(axis=0)
    if not shares.size or shares.sum() <= 0:
        return BigNumber("main", say("number.main"), say("nobody"), "", say("number.main.note"))
    top = int(shares.argmax())
    part = figures.percent(float(shares[top] / shares.sum()), asked.lang, 0)
    return BigNumber("main", say("number.main"), part, _own_line(asked, asked.names[top]), say("number.main.note"))


def _villages(asked: Asked) -> BigNumber:
    say, board = asked.say, asked.villages
    every = len(board.members)
    if len(board.codes):
        now, base = held(board, asked.off, asked.thresholds), board.held
        label, note = say("number.villages"), say("number.villages.note")
    else:
        now, base = (failing_villages(asked.part, asked.year, off) for off in (asked.off, ()))
        label, note = say("number.villages.persons"), say("number.villages.persons.note")
    low, high = (figures.count(float(edge)) for edge in np.quantile(now, BAND))
    spread = say("band", low=low, high=high)
    if abs(now.mean() - base.mean()) >= 0.05:
        spread = say("was", spread=spread, before=f"{base.mean():.1f}")
    return BigNumber("villages", label, say("of_all", number=f"{now.mean():.1f}", all=every), spread, note)


def _kept(asked: Asked) -> BigNumber:
    one, board = card_of(asked)
    say = asked.say
    by_draw = kept(asked).sum(axis=1)
    if not (len(board.codes) or one.sizes["veto"]):
        return BigNumber("kept", say("number.kept"), "0", say("card.none"), say("number.kept.note"))
    if not np.isfinite(one["before"].to_numpy()).any():
        return BigNumber("kept", say("number.kept"), figures.NOTHING, say("card.unknown"), say("number.kept.note"))
    low, high = (figures.count(float(edge)) for edge in np.quantile(by_draw, BAND))
    value = say("of_all", number=f"{by_draw.mean():.1f}", all=len(board.members))
    return BigNumber("kept", say("number.kept"), value, say("band", low=low, high=high), say("number.kept.note"))
