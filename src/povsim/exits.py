"""Exit tests, inspection, declared exits, falling back and being found: what a year decides about a household."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.arithmetic import exp32, normal_quantile
from povsim.compiled import compiled, f32, inlined
from povsim.draws import four_uniforms
from povsim.layout import Floats, Households, Shorts
from povsim.measures.frame import Turn
from povsim.terms import Status

_NEVER, _REGISTERED = int(Status.never_registered), int(Status.registered)
_EXITED, _RELAPSED = int(Status.exited), int(Status.relapsed)
INSPECTION_TERMS = ("income_error", "overlooked", "false_alarm", "found", "delay", "stability_years")
LOOKED_AT = f32(1.5)
"""Unregistered households below this multiple of the line are visited too: their income is known with error."""


@compiled
def test_year(h: Households, line: np.float32, strict: int, counts: Floats, bits: Shorts) -> None:
    """Work out counted income and the pattern of failed tests of every household, as they truly are.

    Parameters
    ----------
    h : Households
        Sets COUNTED (yuan per household) and the pattern: bit i is set where the i-th test fails.
    line : float32
        Income line, yuan per head.
    strict : int
        1 when income has to exceed the line, 0 when the line itself passes.
    counts : array, shape (4,)
        1 or 0: do pensions, dibao, one-off aid and medical cost count.
    bits : array, shape (tests,)
        For each test but the first the bit of its guarantee in DEPRIVED.
    """
    counted, pattern, deprived = h.flow[at.COUNTED], h.marks[at.PATTERN], h.whole[at.DEPRIVED]
    wage, gross, cost = h.flow[at.WAGE], h.flow[at.GROSS], h.flow[at.COST]
    rent, transfer, pension = h.flow[at.PROPERTY_INCOME], h.flow[at.TRANSFER_INCOME], h.flow[at.PENSION_INCOME]
    dibao, one_off, medical = h.flow[at.DIBAO], h.flow[at.ONE_OFF], h.flow[at.MEDICAL]
    persons = h.home[at.PERSONS]
    for i in range(counted.shape[0]):
        income = wage[i] + (gross[i] - cost[i]) + rent[i] + transfer[i]
        income += pension[i] * counts[0] + dibao[i] * counts[1] + one_off[i] * counts[2] - medical[i] * counts[3]
        counted[i] = income
        needed = line * persons[i]
        below = income <= needed if strict == 1 else income < needed
        pattern[i] = np.int16(1) if below else np.int16(0)
    for test in range(1, bits.shape[0]):
        bit = bits[test]
        fails = np.int16(1 << test)
        for i in range(counted.shape[0]):
            pattern[i] |= fails if (deprived[i] & bit) != 0 else np.int16(0)


@inlined
def _seen_passing(
    h: Households, i: int, seen: np.float32, line: np.float32, strict: int, vetoes: int, terms: Floats, luck: np.float32
) -> bool:
    """Tell whether inspectors see a household pass every veto; unmet guarantees may be overlooked or imagined."""
    needed = line * h.home[at.PERSONS, i]
    poor = seen <= needed if strict == 1 else seen < needed
    lacking = (np.int64(h.marks[at.PATTERN, i]) & vetoes & ~1) != 0
    lacking_seen = luck >= terms[1] if lacking else luck < terms[2]
    return not (poor and (vetoes & 1) != 0) and not lacking_seen


@inlined
def _declare(h: Households, i: int, passing: bool, fails: bool, year: int, terms: Floats) -> None:
    """Registered households that are seen above the standard for enough years are declared out of poverty."""
    h.whole[at.ABOVE, i] = np.int16(h.whole[at.ABOVE, i] + 1) if passing else np.int16(0)
    if h.whole[at.ABOVE, i] >= np.int64(terms[5]):
        h.whole[at.STATUS, i] = np.int16(_EXITED)
        h.whole[at.STATUS_YEAR, i] = np.int16(year)
        h.whole[at.FELL, i] = np.int16(0)
        h.marks[at.EVENTS, i] |= np.int16(at.EXIT | (at.WRONG_EXIT if fails else 0))
        h.whole[at.FLAGS, i] &= ~np.int16(at.SOUND | at.FALLEN)
        if not fails:
            h.whole[at.FLAGS, i] |= np.int16(at.SOUND)


@inlined
def _follow(h: Households, i: int, fails: bool, found: bool, year: int, terms: Floats) -> None:
    """Exited households may truly fall back; after a delay they are found and registered again."""
    flags = h.whole[at.FLAGS, i]
    if not fails:
        h.whole[at.FLAGS, i] = np.int16((flags | at.SOUND) & ~at.FALLEN)
        h.whole[at.FELL, i] = np.int16(0)
        return
    if h.whole[at.FELL, i] == 0:
        h.whole[at.FELL, i] = np.int16(year)
    if (flags & at.SOUND) != 0 and (flags & at.FALLEN) == 0:
        h.marks[at.EVENTS, i] |= np.int16(at.RELAPSE)
        h.whole[at.FLAGS, i] |= np.int16(at.FALLEN)
    if found and year - h.whole[at.FELL, i] >= np.int64(terms[4]):
        h.whole[at.STATUS, i] = np.int16(_RELAPSED)
        h.whole[at.STATUS_YEAR, i] = np.int16(year)
        h.whole[at.ABOVE, i] = np.int16(0)


@inlined
def _notice(h: Households, i: int, found: bool, year: int) -> None:
    """An unregistered household that fails is newly poor at first, and registered once it is found in a later year."""
    if (h.whole[at.FLAGS, i] & at.FAILED_LAST) == 0:
        h.marks[at.EVENTS, i] |= np.int16(at.NEWLY_POOR)
    elif found:
        h.whole[at.STATUS, i] = np.int16(_REGISTERED)
        h.whole[at.STATUS_YEAR, i] = np.int16(year)


@inlined
def _note_poor(h: Households, i: int) -> np.int16:
    """Remember whether the household is poor; return LASTING_EXIT in the second year above after a poor one."""
    flags = h.whole[at.FLAGS, i]
    poor = (h.marks[at.PATTERN, i] & 1) != 0
    was, before = (flags & at.POOR_LAST) != 0, (flags & at.POOR_BEFORE) != 0
    flags &= ~np.int16(at.POOR_LAST | at.POOR_BEFORE)
    flags |= np.int16((at.POOR_LAST if poor else 0) | (at.POOR_BEFORE if was else 0))
    h.whole[at.FLAGS, i] = flags
    return np.int16(at.LASTING_EXIT if before and not was and not poor else 0)


@compiled
def inspect_year(h: Households, line: np.float32, strict: int, vetoes: int, terms: Floats, turn: Turn) -> None:
    """Inspect households and change their register status.

    Declared exits follow what inspectors see, relapse and omission what is true; the two differ by measurement error.

    Parameters
    ----------
    h : Households
        Changes status, its year, years above the standard, flags and LAST_INCOME; sets EVENTS.
    line : float32
        Income line, yuan per head.
    strict : int
        1 when income has to exceed the line.
    vetoes : int
        Mask of the tests that are vetoes.
    terms : array
        In the order of ``INSPECTION_TERMS``.
    turn : Turn
        Address of the luck: lane 0 the error in income, lane 1 guarantees, lane 2 whether a poor household is found.
    """
    counted, dibao, seen = h.flow[at.COUNTED], h.flow[at.DIBAO], h.real[at.LAST_INCOME]
    persons, status, flags = h.home[at.PERSONS], h.whole[at.STATUS], h.whole[at.FLAGS]
    pattern, events = h.marks[at.PATTERN], h.marks[at.EVENTS]
    k0, k1, year = turn.key[0], turn.key[1], turn.origin + turn.year
    for i in range(seen.shape[0]):
        seen[i] = (counted[i] - dibao[i]) / persons[i]
        events[i] = np.int16(0)
    nothing_to_see = LOOKED_AT * line
    for i in range(seen.shape[0]):
        if status[i] == _NEVER and pattern[i] == 0 and flags[i] == 0 and seen[i] >= nothing_to_see:
            continue
        fails = (pattern[i] & vetoes) != 0
        events[i] = _note_poor(h, i)
        luck = four_uniforms(k0, k1, turn.draw, year, h.key[i])
        error = exp32(terms[0] * normal_quantile(luck[0]) - f32(0.5) * terms[0] * terms[0])
        seen[i] *= error
        found = luck[2] < terms[3]
        if status[i] == _REGISTERED or status[i] == _RELAPSED:
            passing = _seen_passing(h, i, counted[i] * error, line, strict, vetoes, terms, luck[1])
            _declare(h, i, passing, fails, turn.year, terms)
        elif status[i] == _EXITED:
            _follow(h, i, fails, found, turn.year, terms)
        elif fails:
            _notice(h, i, found, turn.year)
        flags[i] = flags[i] | np.int16(at.FAILED_LAST) if fails else flags[i] & ~np.int16(at.FAILED_LAST)
