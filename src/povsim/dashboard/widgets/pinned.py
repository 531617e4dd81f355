"""Big numbers beside those of the state that was pinned: what they were, and the difference of what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from povsim.views.parts import BigNumber
from povsim.wording import Wording

NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?")
"""A number as pages write it."""


def against(now: BigNumber, pinned: Iterable[BigNumber], say: Wording) -> str:
    """Return what a number was in the pinned state, with the difference where both are numbers in one unit.

    The difference is that of the numbers as shown, so that who takes them away by head finds the same.

    Parameters
    ----------
    now : BigNumber
        As it is.
    pinned : iterable of BigNumber
        The numbers of the pinned state; that of the same code is taken.
    say : Wording
        Texts of the room ``dashboard``.

    Examples
    --------
    >>> from povsim.wording import wording
    >>> was, now = BigNumber("poor", "Still poor", "1,250 people"), BigNumber("poor", "Still poor", "1,190 people")
    >>> against(now, [was], wording("en", "dashboard"))
    'A: 1,250 people (change −60)'
    """
    was = next((one for one in pinned if one.code == now.code), None)
    if was is None:
        return ""
    if was.value == now.value:
        return say("pinned.same")
    change = _change(was.value, now.value, say)
    return say("pinned.change", was=was.value, change=change) if change else say("pinned.was", was=was.value)


def _change(was: str, now: str, say: Wording) -> str:
    """Return the difference of two texts that are alike but for one number; nothing for others."""
    before, after = NUMBER.findall(was), NUMBER.findall(now)
    if not before or not after or NUMBER.sub("#", was, count=1) != NUMBER.sub("#", now, count=1):
        return ""
    digits = max(len(text.partition(".")[2]) for text in (before[0], after[0]))
    apart = round(_value(after[0]) - _value(before[0]), digits)
    sign = "+" if apart > 0 else "−" if apart < 0 else ""
    change = f"{sign}{abs(apart):,.{digits}f}"
    return say("pinned.points", change=change) if now.rstrip().endswith("%") else change


def _value(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))
