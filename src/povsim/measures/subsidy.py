"""Subsidies of one year: education aid, medical assistance, flat transfers, dibao."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.compiled import f32, inlined
from povsim.layout import Floats, Home, Records, Scratch, State, Words
from povsim.measures.frame import Spot, end_record, whole_yuan
from povsim.schooling import sum_by_stage

_ZERO = f32(0.0)
_HEADS = np.array([0, at.PERSONS, at.STUDENTS, at.ILL, at.DISABLED])
_DISABLED = 4
"""Whom a flat amount is paid for: the household, its persons, pupils, ill or disabled members."""


@inlined
def aid_pupils(
    home: Home,
    scratch: Scratch,
    rows: Records,
    run: tuple[int, int, int],
    terms: Floats,
    spot: Spot,
    key: Words,
) -> tuple[np.int64, np.int64]:
    """Pay an amount for each pupil by the stage of school it is in; ``key`` is that of the decision ``schooling``.

    Parameters and what is returned are as for ``income.earn_by_measure``.
    """
    begin, end, bit = run
    received, weight, traits = scratch.ints[at.RECEIVED], home.weight, home.traits
    transfer, keys = scratch.floats[at.TRANSFER_INCOME], home.key
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        i = np.int64(rows[r]["place"])
        j = i - spot.low + spot.base
        total = sum_by_stage(traits[at.STUDENTS, i], terms, key, spot.draw, keys[i], spot.since_register)
        aid = whole_yuan(total)
        if aid > _ZERO:
            transfer[j] += aid
            received[j] |= np.int32(bit)
            served += weight[i]
            spent += np.int64(aid) * weight[i]
        end_record(rows, r)
    return spent, served


@inlined
def assist_ill(
    home: Home, scratch: Scratch, rows: Records, run: tuple[int, int, int], terms: Floats, spot: Spot
) -> tuple[np.int64, np.int64]:
    """Pay a share of what the ill still have to pay, above a deductible and up to a ceiling, and the premium of all.

    Parameters and what is returned are as for ``income.earn_by_measure``.
    """
    begin, end, bit = run
    received, weight, traits = scratch.ints[at.RECEIVED], home.weight, home.traits
    medical = scratch.floats[at.MEDICAL]
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        i = np.int64(rows[r]["place"])
        j = i - spot.low + spot.base
        paid = whole_yuan(min(terms[0] * max(medical[j] - terms[1], _ZERO), terms[2]))
        medical[j] -= paid
        if paid > _ZERO or terms[3] > _ZERO:
            received[j] |= np.int32(bit)
            served += weight[i]
            spent += np.int64(paid + whole_yuan(terms[3] * f32(traits[at.PERSONS, i]))) * weight[i]
        end_record(rows, r)
    return spent, served


@inlined
def pay_flat(
    home: Home, state: State, scratch: Scratch, rows: Records, run: tuple[int, int, int], terms: Floats, spot: Spot
) -> tuple[np.int64, np.int64]:
    """Pay a flat amount to a household, or for each of its persons, pupils, ill or disabled members.

    Parameters and what is returned are as for ``income.earn_by_measure``.
    """
    begin, end, bit = run
    received, weight, traits = scratch.ints[at.RECEIVED], home.weight, home.traits
    per = np.int64(terms[1])
    flow = scratch.floats[at.ONE_OFF if terms[2] > f32(0.5) else at.TRANSFER_INCOME]
    flags = state.bits[spot.scenario, at.FLAGS]
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        i = np.int64(rows[r]["place"])
        j = i - spot.low + spot.base
        heads = np.int16(1)
        if per > 0:
            heads = traits[_HEADS[per], i]
        if per == _DISABLED and (flags[i] & at.NEWLY_DISABLED) != 0:
            heads += np.int16(1)
        amount = whole_yuan(terms[0] * f32(heads))
        flow[j] += amount
        received[j] |= np.int32(bit)
        served += weight[i]
        spent += np.int64(amount) * weight[i]
        end_record(rows, r)
    return spent, served


@inlined
def pay_dibao(
    home: Home, state: State, scratch: Scratch, rows: Records, run: tuple[int, int, int], terms: Floats, spot: Spot
) -> tuple[np.int64, np.int64]:
    """Pay the dibao awarded in the yearly review: a part of what last year's assessed income lacked of the standard.

    The award is worked out from the standard of the year and last year's income as inspectors saw it (before dibao), so
    it can miss households that fall this year and reach some that rise: targeting errors as they happen. Parameters and
    what is returned are as for ``income.earn_by_measure``.
    """
    begin, end, bit = run
    received, weight, traits = scratch.ints[at.RECEIVED], home.weight, home.traits
    last, dibao = state.real[spot.scenario, at.LAST_INCOME], scratch.floats[at.DIBAO]
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        i = np.int64(rows[r]["place"])
        j = i - spot.low + spot.base
        award = whole_yuan(max(terms[0] - last[i], _ZERO) * terms[1] * f32(traits[at.PERSONS, i]))
        dibao[j] += award
        received[j] |= np.int32(bit)
        served += weight[i]
        spent += np.int64(award) * weight[i]
        end_record(rows, r)
    return spent, served
