"""Exit tests, inspection, declared exits, falling back and being found: what a year decides about a household."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.arithmetic import exp32
from povsim.compiled import compiled, f32, inlined
from povsim.layout import Floats, Households, Shorts
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


@compiled
def recall_failing(h: Households, line: np.float32, strict: int, vetoes: int, counts: Floats, bits: Shorts) -> None:
    """Flag the households that truly fail, or are poor, in the register's year: what they fail later is not new.

    Parameters are those of :func:`test_year`, with WAGE and GROSS holding the true earnings of the register's year.
    """
    for i in range(h.weight.shape[0]):
        h.flow[at.COST, i] = h.flow[at.GROSS, i] * h.home[at.COST_RATIO, i]
        h.flow[at.PROPERTY_INCOME, i] = h.home[at.PROPERTY, i]
        h.flow[at.TRANSFER_INCOME, i] = h.home[at.TRANSFER, i]
        h.flow[at.PENSION_INCOME, i] = h.home[at.PENSION, i]
        h.flow[at.DIBAO, i] = h.home[at.DIBAO_BEFORE, i]
    h.flow[at.ONE_OFF, :] = f32(0.0)
    h.flow[at.MEDICAL, :] = f32(0.0)
    test_year(h, line, strict, counts, bits)
    pattern, status, flags = h.marks[at.PATTERN], h.whole[at.STATUS], h.whole[at.FLAGS]
    for i in range(flags.shape[0]):
        fails = (pattern[i] & vetoes) != 0
        flag = at.FAILED_LAST if fails else 0
        flag |= at.POOR_LAST if (pattern[i] & 1) != 0 else 0
        flag |= at.SOUND if status[i] == _EXITED and not fails else 0
        flags[i] = np.int16(flag)


@inlined
def _seen_passing(
    pattern: int, seen: np.float32, needed: np.float32, strict: int, vetoes: int, terms: Floats, luck: np.float32
) -> bool:
    """Tell whether inspectors see a household pass every veto; unmet guarantees may be overlooked or imagined."""
    poor = seen <= needed if strict == 1 else seen < needed
    lacking = (pattern & vetoes & ~1) != 0
    lacking_seen = luck >= terms[1] if lacking else luck < terms[2]
    return not (poor and (vetoes & 1) != 0) and not lacking_seen


@inlined
def _declare(whole: Shorts, marks: Shorts, i: int, passing: bool, fails: bool, year: int, terms: Floats) -> None:
    """Registered households that are seen above the standard for enough years are declared out of poverty."""
    whole[at.ABOVE, i] = np.int16(whole[at.ABOVE, i] + 1) if passing else np.int16(0)
    if whole[at.ABOVE, i] >= np.int64(terms[5]):
        whole[at.STATUS, i] = np.int16(_EXITED)
        whole[at.STATUS_YEAR, i] = np.int16(year)
        whole[at.FELL, i] = np.int16(0)
        marks[at.EVENTS, i] |= np.int16(at.EXIT | (at.WRONG_EXIT if fails else 0))
        whole[at.FLAGS, i] &= ~np.int16(at.SOUND | at.FALLEN)
        if not fails:
            whole[at.FLAGS, i] |= np.int16(at.SOUND)


@inlined
def _follow(whole: Shorts, marks: Shorts, i: int, fails: bool, found: bool, year: int, terms: Floats) -> None:
    """Exited households may truly fall back; after a delay they are found and registered again."""
    flags = whole[at.FLAGS, i]
    if not fails:
        whole[at.FLAGS, i] = np.int16((flags | at.SOUND) & ~at.FALLEN)
        whole[at.FELL, i] = np.int16(0)
        return
    if whole[at.FELL, i] == 0:
        whole[at.FELL, i] = np.int16(year)
    if (flags & at.SOUND) != 0 and (flags & at.FALLEN) == 0:
        marks[at.EVENTS, i] |= np.int16(at.RELAPSE)
        whole[at.FLAGS, i] |= np.int16(at.FALLEN)
    if found and year - whole[at.FELL, i] >= np.int64(terms[4]):
        whole[at.STATUS, i] = np.int16(_RELAPSED)
        whole[at.STATUS_YEAR, i] = np.int16(year)
        whole[at.ABOVE, i] = np.int16(0)


@inlined
def _notice(whole: Shorts, marks: Shorts, i: int, found: bool, year: int) -> None:
    """An unregistered household that fails is newly poor at first, and registered once it is found in a later year."""
    if (whole[at.FLAGS, i] & at.FAILED_LAST) == 0:
        marks[at.EVENTS, i] |= np.int16(at.NEWLY_POOR)
    elif found:
        whole[at.STATUS, i] = np.int16(_REGISTERED)
        whole[at.STATUS_YEAR, i] = np.int16(year)


@inlined
def _note_poor(whole: Shorts, marks: Shorts, i: int) -> np.int16:
    """Remember whether the household is poor; return LASTING_EXIT in the second year above after a poor one."""
    flags = whole[at.FLAGS, i]
    poor = (marks[at.PATTERN, i] & 1) != 0
    was, before = (flags & at.POOR_LAST) != 0, (flags & at.POOR_BEFORE) != 0
    flags &= ~np.int16(at.POOR_LAST | at.POOR_BEFORE)
    flags |= np.int16((at.POOR_LAST if poor else 0) | (at.POOR_BEFORE if was else 0))
    whole[at.FLAGS, i] = flags
    return np.int16(at.LASTING_EXIT if before and not was and not poor else 0)


@compiled
def inspect_year(
    h: Households,
    line: np.float32,
    strict: int,
    vetoes: int,
    dibao_counts: np.float32,
    terms: Floats,
    luck: Floats,
    year: int,
) -> None:
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
    dibao_counts : float32
        1 when dibao is part of counted income, else 0.
    terms : array
        In the order of ``INSPECTION_TERMS``.
    luck : array, shape (4, n)
        A normal for the error in income, uniforms for guarantees and for whether a poor household is found.
    year : int
        Code of the year.
    """
    counted, dibao, seen = h.flow[at.COUNTED], h.flow[at.DIBAO], h.real[at.LAST_INCOME]
    persons, status, flags = h.home[at.PERSONS], h.whole[at.STATUS], h.whole[at.FLAGS]
    pattern, events = h.marks[at.PATTERN], h.marks[at.EVENTS]
    whole, marks = h.whole, h.marks
    error_luck, guarantee_luck, found_luck = luck[0], luck[1], luck[2]
    sd, centre = terms[0], f32(0.5) * terms[0] * terms[0]
    for i in range(seen.shape[0]):
        seen[i] = (counted[i] - dibao[i] * dibao_counts) / persons[i]
        events[i] = np.int16(0)
    nothing_to_see, remembered = LOOKED_AT * line, ~np.int16(at.SERVED)
    for i in range(seen.shape[0]):
        if status[i] == _NEVER and pattern[i] == 0 and (flags[i] & remembered) == 0 and seen[i] >= nothing_to_see:
            continue
        fails = (pattern[i] & vetoes) != 0
        events[i] = _note_poor(whole, marks, i)
        error = exp32(sd * error_luck[i] - centre)
        seen[i] *= error
        found = found_luck[i] < terms[3]
        if status[i] == _REGISTERED or status[i] == _RELAPSED:
            passing = _seen_passing(
                int(pattern[i]), counted[i] * error, line * persons[i], strict, vetoes, terms, guarantee_luck[i]
            )
            _declare(whole, marks, i, passing, fails, year, terms)
        elif status[i] == _EXITED:
            _follow(whole, marks, i, fails, found, year, terms)
        elif fails and status[i] == _NEVER:
            _notice(whole, marks, i, found, year)
        flags[i] = flags[i] | np.int16(at.FAILED_LAST) if fails else flags[i] & ~np.int16(at.FAILED_LAST)


@compiled
def judge_year(
    h: Households,
    line: np.float32,
    strict: int,
    vetoes: int,
    counts: Floats,
    bits: Shorts,
    terms: Floats,
    luck: Floats,
    year: int,
) -> None:
    """Test and inspect a block, in one call; parameters are those of :func:`test_year` and :func:`inspect_year`."""
    test_year(h, line, strict, counts, bits)
    inspect_year(h, line, strict, vetoes, counts[1], terms, luck, year)
