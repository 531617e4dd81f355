"""Exit tests, inspection, declared exits, falling back, being found, being monitored: what a year decides."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.arithmetic import exp32
from povsim.compiled import f32, inlined, internal
from povsim.layout import Bytes, Floats, Home, Ints, Longs, Scratch, Shorts, State
from povsim.measures.frame import Spot
from povsim.terms import Status

_NEVER, _REGISTERED = int(Status.never_registered), int(Status.registered)
_EXITED, _RELAPSED, _MONITORED = int(Status.exited), int(Status.relapsed), int(Status.monitored)
LOOKED_AT = f32(1.5)
"""Unregistered households below this multiple of the line are visited too: their income is known with error."""
UNSTABLE, MARGINAL, HARDSHIP = 1, 2, 3
"""Monitored classes: exited and close to the line, never registered and close to it, struck by a sudden burden."""
_ZERO, _ONE = f32(0.0), f32(1.0)
_CLASS_BITS = np.int16(3 * at.MONITORED_CLASS)
_REMEMBERED = ~np.int16(at.NEWLY_DISABLED)


@internal
def test_village(
    home: Home, state: State, scratch: Scratch, yearly: Floats, masks: Longs, line: np.float32, spot: Spot, growth: int
) -> None:
    """Work out counted income and the pattern of failed tests of every household, as they truly are.

    Parameters
    ----------
    home, state, scratch
        The village; sets COUNTED (yuan per household) and PATTERN: bit i is set where the i-th test fails.
    yearly, masks : array
        One scenario's numbers of the year: what counts, which tests there are.
    line : float32
        Income line, yuan per head.
    spot : Spot
        Village, scenario and year.
    growth : int
        1 when income can be compared with that of the year before.
    """
    n = spot.high - spot.low
    here, there = slice(spot.low, spot.high), slice(spot.base, spot.base + n)
    floats, counts = scratch.floats, yearly[at.COUNT_TERMS : at.COUNT_TERMS + 5]
    counted, pattern, persons = (
        floats[at.COUNTED, there],
        scratch.marks[at.PATTERN, there],
        home.traits[at.PERSONS, here],
    )
    wage, gross, dibao = floats[at.WAGE, there], floats[at.GROSS, there], floats[at.DIBAO, there]
    _count_earned(
        wage,
        gross,
        floats[at.COST, there],
        floats[at.PROPERTY_INCOME, there],
        floats[at.TRANSFER_INCOME, there],
        counted,
    )
    _count_rest(
        floats[at.PENSION_INCOME, there], dibao, floats[at.ONE_OFF, there], floats[at.MEDICAL, there],
        floats[at.SCHOOLING, there], counts, counted,
    )  # fmt: skip
    strict = masks[at.STRICT] == 1
    for i in range(n):
        needed = line * f32(persons[i])
        below = counted[i] <= needed if strict else counted[i] < needed
        pattern[i] = np.int16(1) if below else np.int16(0)
    deprived, last = state.bits[spot.scenario, at.DEPRIVED, here], state.real[spot.scenario, at.LAST_INCOME, here]
    workers = home.traits[at.WORKERS, here]
    for test in range(1, masks[at.TEST_COUNT]):
        kind, fails, value = masks[at.TEST_KIND + test], np.int16(1 << test), yearly[at.TEST_VALUES + test]
        if kind == 1:
            bit = np.int16(masks[at.TEST_BIT + test])
            for i in range(n):
                pattern[i] |= fails if (deprived[i] & bit) != 0 else np.int16(0)
        elif kind == 3 or growth == 1:
            for i in range(n):
                if workers[i] > 0:
                    before_dibao = (counted[i] - dibao[i] * counts[1]) / f32(persons[i])
                    missed = before_dibao < (_ONE + value) * last[i] if kind == 2 else wage[i] + gross[i] < value
                    pattern[i] |= fails if missed else np.int16(0)


@inlined
def _count_earned(wage: Floats, gross: Floats, cost: Floats, rent: Floats, transfer: Floats, counted: Floats) -> None:
    for i in range(counted.shape[0]):
        counted[i] = wage[i] + (gross[i] - cost[i]) + rent[i] + transfer[i]


@inlined
def _count_rest(
    pension: Floats, dibao: Floats, one_off: Floats, medical: Floats, schooling: Floats, counts: Floats, counted: Floats
) -> None:
    c0, c1, c2, c3, c4 = counts[0], counts[1], counts[2], counts[3], counts[4]
    for i in range(counted.shape[0]):
        counted[i] = (
            counted[i] + pension[i] * c0 + dibao[i] * c1 + one_off[i] * c2 - medical[i] * c3 - schooling[i] * c4
        )


@inlined
def recall_failing(
    home: Home, state: State, scratch: Scratch, yearly: Floats, masks: Longs, spot: Spot, found: Ints
) -> None:
    """Flag the households that truly fail, or are poor, in the register's year: what they fail later is not new.

    Parameters are those of :func:`test_village`, with WAGE and GROSS holding the true earnings of the register's year;
    ``found`` (4,) is added to: registered persons and households that truly pass, unregistered ones that truly fail.
    """
    n, s = spot.high - spot.low, spot.scenario
    here, there = slice(spot.low, spot.high), slice(spot.base, spot.base + n)
    floats, facts = scratch.floats, home.facts
    cost, gross, ratio = floats[at.COST, there], floats[at.GROSS, there], facts[at.COST_RATIO, here]
    for i in range(n):
        cost[i] = gross[i] * ratio[i]
    for k in range(4):
        floats[at.PROPERTY_INCOME + k, there] = facts[at.PROPERTY_BEFORE + k, here]
    for row in range(at.ONE_OFF, at.COUNTED):
        floats[row, there] = _ZERO
    test_village(home, state, scratch, yearly, masks, yearly[at.LINE_BEFORE], spot, 0)
    pattern, vetoes = scratch.marks[at.PATTERN, there], masks[at.VETOES]
    status, flags = state.small[s, at.STATUS, here], state.bits[s, at.FLAGS, here]
    persons, weight = home.traits[at.PERSONS, here], home.weight[here]
    for i in range(n):
        fails = (pattern[i] & vetoes) != 0
        flag = at.FAILED_LAST if fails else 0
        flag |= at.POOR_LAST if (pattern[i] & 1) != 0 else 0
        flag |= at.SOUND if status[i] == _EXITED and not fails else 0
        flags[i] = np.int16(flag)
        heads = np.int32(persons[i]) * weight[i]
        if not fails and (status[i] == _REGISTERED or status[i] == _RELAPSED):
            found[0] += heads
            found[1] += weight[i]
        elif fails and status[i] == _NEVER:
            found[2] += heads
            found[3] += weight[i]


@inlined
def seen_passing(pattern: int, poor: bool, vetoes: int, terms: Floats, luck: np.float32) -> bool:
    """Tell whether inspectors see a household pass every veto; unmet guarantees may be overlooked or imagined."""
    lacking = (pattern & vetoes & ~1) != 0
    lacking_seen = luck >= terms[1] if lacking else luck < terms[2]
    return not (poor and (vetoes & 1) != 0) and not lacking_seen


@inlined
def _declare(
    small: Bytes, bits: Shorts, events: Shorts, i: int, j: int, fails: bool, stage: int, year: int, needed: int
) -> None:
    """A registered household that is seen above the standard for enough years is declared out of poverty."""
    small[at.ABOVE, i] = np.int8(min(small[at.ABOVE, i] + 1, 99))
    if small[at.ABOVE, i] < needed:
        return
    if fails and stage >= 0:
        small[at.ABOVE, i] = np.int8(0)
        events[j] |= np.int16(at.CAUGHT)
        return
    small[at.STATUS, i] = np.int8(_EXITED)
    small[at.STATUS_YEAR, i] = np.int8(year)
    small[at.FELL, i] = np.int8(0)
    events[j] |= np.int16(at.EXIT | (at.WRONG_EXIT if fails else 0))
    bits[at.FLAGS, i] &= ~np.int16(at.SOUND | at.FALLEN)
    if not fails:
        bits[at.FLAGS, i] |= np.int16(at.SOUND)


@inlined
def _follow(
    small: Bytes, bits: Shorts, events: Shorts, i: int, j: int, fails: bool, found: bool, year: int, delay: int
) -> None:
    """Exited households may truly fall back; after a delay they are found and registered again."""
    flags = bits[at.FLAGS, i]
    if not fails:
        bits[at.FLAGS, i] = np.int16((flags | at.SOUND) & ~at.FALLEN)
        small[at.FELL, i] = np.int8(0)
        return
    if small[at.FELL, i] == 0:
        small[at.FELL, i] = np.int8(year)
    if (flags & at.SOUND) != 0 and (flags & at.FALLEN) == 0:
        events[j] |= np.int16(at.RELAPSE)
        bits[at.FLAGS, i] |= np.int16(at.FALLEN)
    if found and year - small[at.FELL, i] >= delay:
        small[at.STATUS, i] = np.int8(_RELAPSED)
        small[at.STATUS_YEAR, i] = np.int8(year)
        small[at.ABOVE, i] = np.int8(0)


@inlined
def _notice(small: Bytes, bits: Shorts, events: Shorts, i: int, j: int, found: bool, year: int) -> None:
    """An unregistered household that fails is newly poor at first, and registered once it is found in a later year."""
    if (bits[at.FLAGS, i] & at.FAILED_LAST) == 0:
        events[j] |= np.int16(at.NEWLY_POOR)
    elif found:
        small[at.STATUS, i] = np.int8(_REGISTERED)
        small[at.STATUS_YEAR, i] = np.int8(year)


@inlined
def _note_poor(bits: Shorts, i: int, poor: bool) -> int:
    """Remember whether the household is poor; return LASTING_EXIT in the second year above after a poor one."""
    flags = bits[at.FLAGS, i]
    was, before = (flags & at.POOR_LAST) != 0, (flags & at.POOR_BEFORE) != 0
    flags &= ~np.int16(at.POOR_LAST | at.POOR_BEFORE)
    flags |= np.int16((at.POOR_LAST if poor else 0) | (at.POOR_BEFORE if was else 0))
    bits[at.FLAGS, i] = flags
    return at.LASTING_EXIT if before and not was and not poor else 0


@inlined
def _monitor(
    small: Bytes, bits: Shorts, i: int, below: bool, hardship: bool, fails: bool, found: bool, year: int
) -> None:
    """Watch households close to the line or under a sudden burden, and let them go once they are clear of it."""
    status, flags = small[at.STATUS, i], bits[at.FLAGS, i]
    if status == _MONITORED:
        if not (below or hardship or fails):
            small[at.STATUS, i] = np.int8(_EXITED if (flags & at.HAD_EXITED) != 0 else _NEVER)
            small[at.STATUS_YEAR, i] = np.int8(year)
            bits[at.FLAGS, i] = np.int16(flags & ~(_CLASS_BITS | np.int16(at.HAD_EXITED)))
        return
    if not found or not (below or hardship):
        return
    named = HARDSHIP if hardship else (UNSTABLE if status == _EXITED else MARGINAL)
    flags |= np.int16((named << at.CLASS_SHIFT) | (at.HAD_EXITED if status == _EXITED else 0))
    bits[at.FLAGS, i] = flags
    small[at.STATUS, i] = np.int8(_MONITORED)
    small[at.STATUS_YEAR, i] = np.int8(year)


@inlined
def stage_that_catches(catches: Floats, luck: np.float32) -> int:
    """Return the stage of checking that catches a wrong exit, -1 for none."""
    for stage in range(catches.shape[0]):
        if luck < catches[stage]:
            return stage
    return -1


@inlined
def _see(counted: Floats, dibao: Floats, counts_dibao: np.float32, persons: Shorts, seen: Floats) -> None:
    for i in range(seen.shape[0]):
        seen[i] = (counted[i] - dibao[i] * counts_dibao) / f32(persons[i])


@inlined
def inspect_village(
    home: Home, state: State, scratch: Scratch, yearly: Floats, masks: Longs, spot: Spot, whole: Ints
) -> None:
    """Inspect households and change their register status.

    Declared exits follow what inspectors see, relapse and omission what is true; the two differ by measurement error.

    Parameters
    ----------
    home, state, scratch
        The village; changes status, its year, years above the standard, flags and LAST_INCOME; sets EVENTS. The rows of
        ``scratch.floats`` from INSPECTION_LUCK on are a normal for the error in income, uniforms for guarantees, for
        being found, and for the stages of checking.
    yearly, masks : array
        One scenario's numbers of the year.
    spot : Spot
        Village, scenario and year.
    whole : array
        Counts of the village: those are added to that a stage of checking caught.
    """
    s, low, n = spot.scenario, spot.low, spot.high - spot.low
    here, there = slice(low, spot.high), slice(spot.base, spot.base + n)
    floats = scratch.floats
    counted, medical, persons = floats[at.COUNTED, there], floats[at.MEDICAL, there], home.traits[at.PERSONS, here]
    seen = state.real[s, at.LAST_INCOME, here]
    _see(counted, floats[at.DIBAO, there], yearly[at.COUNT_TERMS + 1], persons, seen)
    scratch.marks[at.EVENTS, there] = np.int16(0)
    small, bits = state.small[s], state.bits[s]
    status, flags = state.small[s, at.STATUS, here], state.bits[s, at.FLAGS, here]
    pattern, events, weight = scratch.marks[at.PATTERN, there], scratch.marks[at.EVENTS, there], home.weight[here]
    errors, guarantee = floats[at.INSPECTION_LUCK], floats[at.INSPECTION_LUCK + 1]
    found_luck, checks = floats[at.INSPECTION_LUCK + 2], floats[at.INSPECTION_LUCK + 3]
    terms = yearly[at.INSPECT_TERMS : at.INSPECT_TERMS + 6]
    watch = yearly[at.WATCH_TERMS : at.WATCH_TERMS + 4]
    catches = yearly[at.CATCH_TERMS : at.CATCH_TERMS + masks[at.STAGE_COUNT]]
    line, vetoes, strict = yearly[at.LINE], masks[at.VETOES], masks[at.STRICT] == 1
    watching = watch[0] > _ZERO
    nothing_to_see = LOOKED_AT * (max(line, watch[1]) if watching else line)
    sd, centre = terms[0], f32(0.5) * terms[0] * terms[0]
    needed, delay = np.int64(terms[5]), np.int64(terms[4])
    for i in range(n):
        quiet = (status[i] | pattern[i] | (flags[i] & _REMEMBERED)) == 0 and seen[i] >= nothing_to_see
        if quiet and not (watching and medical[i] > _ZERO):
            continue
        fails = (pattern[i] & vetoes) != 0
        events[i] = np.int16(_note_poor(bits, low + i, (pattern[i] & 1) != 0))
        error = exp32(sd * errors[i] - centre)
        seen[i] *= error
        heads = f32(persons[i])
        found = found_luck[i] < terms[3] and not watching
        was = status[i]
        if was in (_REGISTERED, _RELAPSED):
            income = counted[i] * error
            bar = line * yearly[at.EXIT_BAR]
            poor = income <= bar * heads if strict else income < bar * heads
            if seen_passing(np.int64(pattern[i]), poor, vetoes, terms, guarantee[i]):
                stage = stage_that_catches(catches, checks[i])
                _declare(small, bits, events, low + i, i, fails, stage, spot.year, needed)
                if (events[i] & at.CAUGHT) != 0:
                    whole[at.CAUGHT_BY_STAGE + 2 * stage] += np.int32(persons[i]) * weight[i]
                    whole[at.CAUGHT_BY_STAGE + 2 * stage + 1] += weight[i]
            else:
                # a bar above the line holds back whom the standard lets go: their years above it go on counting
                below = income <= line * heads if strict else income < line * heads
                above = bar > line and seen_passing(int(pattern[i]), below, vetoes, terms, guarantee[i])
                small[at.ABOVE, low + i] = np.int8(min(small[at.ABOVE, low + i] + 1, 99) if above else 0)
        elif was == _EXITED or (was == _MONITORED and (flags[i] & at.HAD_EXITED) != 0):
            _follow(small, bits, events, low + i, i, fails, found, spot.year, delay)
        elif fails:
            _notice(small, bits, events, low + i, i, found, spot.year)
        if watching and was != _REGISTERED and was != _RELAPSED:
            below = counted[i] * error < watch[1] * heads
            hardship = medical[i] > watch[2] * max(counted[i] + medical[i], _ZERO)
            _monitor(small, bits, low + i, below, hardship, fails, found_luck[i] < watch[3], spot.year)
        flags[i] = flags[i] | np.int16(at.FAILED_LAST) if fails else flags[i] & ~np.int16(at.FAILED_LAST)
