"""Shocks of the year: illness, lost jobs, guarantees that lapse, disasters, the cost of schooling."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.arithmetic import spread_of
from povsim.compiled import f32, inlined, internal
from povsim.draws import luck_of
from povsim.layout import Floats, Home, Scratch, State, Words
from povsim.measures.frame import Spot
from povsim.schooling import sum_by_stage
from povsim.terms import CAUSES, position

ILLNESS, DISABILITY, DISASTER, SKILL, LABOUR = (
    position(CAUSES, code) + 1 for code in ("illness", "disability", "disaster", "skill", "labour")
)
_ZERO, _ONE = f32(0.0), f32(1.0)


@inlined
def fall_ill(
    home: Home, state: State, scratch: Scratch, terms: Floats, insurance_bit: int, detail: Words, spot: Spot
) -> None:
    """Strike households with illness: cost net of reimbursement now, lost work for some years, perhaps disability.

    Insurance changes the net cost, never the hazard.

    Parameters
    ----------
    home, state, scratch
        The village; changes medical cost, wage, gross business income and production cost, the year until which work is
        lost, levels, flags and the main cause.
    terms : array
        In the order of ``rules.SHOCK_TERMS``.
    insurance_bit : int
        Bit of the insurance guarantee in DEPRIVED, 0 when there is none.
    detail : array, shape (2,)
        Key of the decision ``shock.detail``: of the few who are struck, lane 0 sizes the cost, lane 1 decides
        disability, lane 2 the damage to a dwelling.
    spot : Spot
        Village, scenario and year.
    """
    s, low, n = spot.scenario, spot.low, spot.high - spot.low
    here, there = slice(low, spot.high), slice(spot.base, spot.base + n)
    luck, ill, persons = scratch.floats[at.SHOCK_LUCK], home.traits[at.ILL, here], home.traits[at.PERSONS, here]
    cause, until = state.small[s, at.CAUSE, here], state.small[s, at.ILL_UNTIL, here]
    wage, gross, cost = scratch.floats[at.WAGE, there], scratch.floats[at.GROSS, there], scratch.floats[at.COST, there]
    kept = _ONE - terms[5]
    well, sick, factor, year = terms[0], terms[1], terms[9], np.int8(spot.year)
    for i in range(n):
        hazard = (sick if ill[i] > 0 else well) * f32(persons[i]) * (factor if cause[i] == ILLNESS else _ONE)
        if luck[i] < hazard:
            _treat(home, state, scratch, terms, insurance_bit, detail, spot, low + i)
        if until[i] >= year:
            wage[i] *= kept
            gross[i] *= kept
            cost[i] *= kept


@internal
def _treat(
    home: Home, state: State, scratch: Scratch, terms: Floats, insurance_bit: int, detail: Words, spot: Spot, i: int
) -> None:
    s = spot.scenario
    luck = luck_of(detail[0], detail[1], spot.draw, spot.origin + spot.year, home.key[i])
    size = terms[2] * spread_of(luck[0], terms[3])
    insured = (state.bits[s, at.DEPRIVED, i] & insurance_bit) == 0
    scratch.floats[at.MEDICAL, i - spot.low + spot.base] = size * (_ONE - terms[4]) if insured else size
    state.small[s, at.ILL_UNTIL, i] = np.int8(spot.year + np.int64(terms[6]) - 1)
    named = ILLNESS
    if luck[1] < terms[7]:
        lost = np.float32(np.log(np.float64(_ONE - terms[8])))
        state.real[s, at.LEVEL_WAGE, i] += lost
        state.real[s, at.LEVEL_BUSINESS, i] += lost
        state.bits[s, at.FLAGS, i] |= np.int16(at.NEWLY_DISABLED)
        named = DISABILITY
    if state.small[s, at.CAUSE, i] == 0:
        state.small[s, at.CAUSE, i] = np.int8(named)


@inlined
def lose_jobs(state: State, scratch: Scratch, terms: Floats, spot: Spot) -> None:
    """Take a part of the wage from households that lose a job, for some years; parameters as for :func:`fall_ill`."""
    hazard, kept, factor = terms[10], _ONE - terms[11], terms[13]
    s, n = spot.scenario, spot.high - spot.low
    here = slice(spot.low, spot.high)
    luck, wage = scratch.floats[at.SHOCK_LUCK + 1], scratch.floats[at.WAGE, spot.base : spot.base + n]
    cause, until = state.small[s, at.CAUSE, here], state.small[s, at.JOBLESS_UNTIL, here]
    last, year = np.int8(spot.year + np.int64(terms[12]) - 1), np.int8(spot.year)
    for i in range(n):
        raised = hazard * factor if cause[i] == SKILL or cause[i] == LABOUR else hazard
        if luck[i] < raised and wage[i] > _ZERO:
            until[i] = last
        if until[i] >= year:
            wage[i] *= kept


@inlined
def lapse(home: Home, state: State, scratch: Scratch, hazards: Floats, schooling_bit: int, spot: Spot) -> None:
    """Let guarantees lapse: a dwelling decays, a well runs dry, an insurance is not renewed, a pupil leaves school.

    Parameters are as for :func:`fall_ill`; ``hazards`` are cumulated over the register's guarantees, so that a
    household loses one at most in a year.
    """
    n, here, kinds = spot.high - spot.low, slice(spot.low, spot.high), hazards.shape[0]
    luck, deprived = scratch.floats[at.SHOCK_LUCK + 2], state.bits[spot.scenario, at.DEPRIVED, here]
    students = home.traits[at.STUDENTS, here]
    total = hazards[kinds - 1] if kinds > 0 else _ZERO
    for i in range(n):
        if luck[i] < total:
            lost = 0
            while luck[i] >= hazards[lost]:
                lost += 1
            bit = 1 << lost
            if bit != schooling_bit or students[i] > 0:
                deprived[i] |= np.int16(bit)


@inlined
def strike(
    home: Home, state: State, scratch: Scratch, terms: Floats, dwelling_bit: int, detail: Words, spot: Spot
) -> None:
    """Let a disaster take part of the harvest, and some dwellings, in a village that was struck.

    Parameters are as for :func:`fall_ill`; production cost is sunk and stays.
    """
    s, low, shift = spot.scenario, spot.low, spot.base - spot.low
    luck, gross = scratch.floats[at.SHOCK_LUCK + 3], scratch.floats[at.GROSS]
    for i in range(low, spot.high):
        if luck[i - low] < terms[14]:
            gross[i + shift] *= _ONE - terms[15]
            more = luck_of(detail[0], detail[1], spot.draw, spot.origin + spot.year, home.key[i])
            if more[2] < terms[16]:
                state.bits[s, at.DEPRIVED, i] |= np.int16(dwelling_bit)
            if state.small[s, at.CAUSE, i] == 0:
                state.small[s, at.CAUSE, i] = np.int8(DISASTER)


@inlined
def pay_schools(home: Home, scratch: Scratch, amounts: Floats, key: Words, spot: Spot) -> None:
    """Set what households with pupils pay for school; ``key`` is that of the decision ``schooling``."""
    paid = scratch.floats[at.SCHOOLING]
    for i in range(spot.low, spot.high):
        if home.traits[at.STUDENTS, i] > 0:
            paid[i - spot.low + spot.base] = sum_by_stage(
                home.traits[at.STUDENTS, i], amounts, key, spot.draw, home.key[i], spot.since_register
            )
