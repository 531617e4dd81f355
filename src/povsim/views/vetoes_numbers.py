"""The headlines of the veto lab."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from povsim import figures
from povsim.views.parts import BigNumber
from povsim.views.vetoes_asked import BAND, Asked, Surety, remembered
from povsim.views.vetoes_boards import held
from povsim.views.vetoes_cards import card_of, kept
from povsim.views.vetoes_changes import changes
from povsim.views.vetoes_counts import mean_count
from povsim.views.vetoes_income import excluded
from povsim.views.vetoes_patterns import PERSONS, failing_villages

Array = npt.NDArray[Any]
SURETIES: tuple[Surety, ...] = ("exact", "bounded", "rerun")
"""The surest first."""


def numbers(asked: Asked) -> list[BigNumber]:
    """Return the big numbers: the excluded, by one rule alone, the rule that decides most, villages, units kept.

    Parameters
    ----------
    asked : Asked
        The run, its year, and how the rules are set.

    Returns
    -------
    list of BigNumber
        In the reader's language. What they were as the rules stand is said by :func:`summary`, so that texts here keep
        their length and tiles their height while a threshold is moved.
    """
    found = [_excluded(asked), _alone(asked), _main(asked), _villages(asked)]
    return [*found, _kept(asked)] if asked.units is not None else found


def summary(asked: Asked) -> str:
    """Return in one line how much is changed, how sure the answers are, and persons and villages before and now."""
    made, say = changes(asked), asked.say
    if not made:
        return say("answer.none")
    worst = max((one.surety for one in made), key=SURETIES.index)
    now, before = _village_counts(asked)
    return say(
        "answer.some",
        number=len(made),
        surety=say(f"surety.{worst}"),
        before=figures.count(_base(asked)),
        now=figures.count(excluded(asked).estimate),
        villages_before=mean_count(float(before.mean())),
        villages=mean_count(float(now.mean())),
    )


def _base(asked: Asked) -> float:
    """Return the persons excluded as the rules stand, mean of the draws."""
    return float(asked.part["excluded"].to_numpy()[asked.place, PERSONS].mean())


def _excluded(asked: Asked) -> BigNumber:
    say, now = asked.say, excluded(asked)
    value = say("persons", number=figures.count(now.estimate))
    if now.surety == "bounded":
        spread = say("bounds", low=figures.count(now.low), high=figures.count(now.high))
    elif now.band is not None:
        spread = say("band", low=figures.count(now.band[0]), high=figures.count(now.band[1]))
    else:
        spread = say("exact")
    return BigNumber("excluded", say("number.excluded"), value, spread, say("number.excluded.note"))


def _alone(asked: Asked) -> BigNumber:
    say = asked.say
    alone = asked.found["sole_blocker"][PERSONS].sum(axis=1)
    total = asked.found["excluded"][PERSONS]
    spread = say("nobody")
    if total.mean() > 0:
        spread = say("share_of_excluded", share=figures.percent(float(alone.mean() / total.mean()), asked.lang, 0))
    value, spread = _on_own_line(asked, say("persons", number=figures.count(alone.mean())), spread)
    return BigNumber("alone", say("number.alone"), value, spread, say("number.alone.note"))


def _on_own_line(asked: Asked, value: str, spread: str) -> tuple[str, str]:
    """Return what is shown of a number that is known for the run's own income line only.

    Where another line is set, it would as a big number stand beside one that goes by the new line.
    """
    return (figures.NOTHING, asked.say("own_line", spread=value)) if asked.line_moved else (value, spread)


def _main(asked: Asked) -> BigNumber:
    say = asked.say
    shares = asked.found["shapley"][PERSONS].mean(axis=0)
    if not shares.size or shares.sum() <= 0:
        return BigNumber("main", say("number.main"), figures.NOTHING, say("nobody"), say("number.main.note"))
    top = int(shares.argmax())
    part = figures.percent(float(shares[top] / shares.sum()), asked.lang, 0)
    value, spread = _on_own_line(asked, part, asked.names[top])
    return BigNumber("main", say("number.main"), value, spread, say("number.main.note"))


def _village_counts(asked: Asked) -> tuple[Array, Array]:
    """Return how many villages fail by draw, as the rules are set and as they stand: by village tests, if any."""

    def counted() -> tuple[Array, Array]:
        board = asked.villages
        if len(board.codes):
            return held(board, asked.off, asked.thresholds), board.held
        now, base = (failing_villages(asked.part, asked.year, off) for off in (asked.off, ()))
        return now, base

    return remembered(asked.memory, "village_counts", counted)


def _villages(asked: Asked) -> BigNumber:
    say = asked.say
    name = "number.villages" if len(asked.villages.codes) else "number.villages.persons"
    now, _ = _village_counts(asked)
    spread = _of(asked, "villages", len(asked.villages.members), now)
    value = say("amount.units", number=mean_count(float(now.mean())))
    return BigNumber("villages", say(name), value, spread, say(f"{name}.note"))


def _of(asked: Asked, what: str, every: int, by_draw: Array) -> str:
    """Return of how many villages or units a number is, and its band."""
    band = _band(asked, by_draw)
    if every == 1:
        return asked.say(f"of.{what}.one", band=band)
    return asked.say(f"of.{what}", all=figures.count(every), band=band)


def _band(asked: Asked, by_draw: Array) -> str:
    low, high = (figures.count(float(edge)) for edge in np.quantile(by_draw, BAND))
    return asked.say("band", low=low, high=high)


def _kept(asked: Asked) -> BigNumber:
    one, board = card_of(asked)
    say = asked.say
    label, note = say("number.kept"), say("number.kept.note")
    if not (len(board.codes) or one.sizes["veto"]):
        return BigNumber("kept", label, say("amount.units", number=0), say("card.none"), note)
    if not np.isfinite(one["before"].to_numpy()).any():
        return BigNumber("kept", label, figures.NOTHING, say("card.unknown"), note)
    by_draw = kept(asked).sum(axis=1)
    value = say("amount.units", number=mean_count(float(by_draw.mean())))
    spread = _of(asked, "units", len(board.members), by_draw)
    return BigNumber("kept", label, value, spread, note)
