"""Works on a household's guarantees (dwelling, water, insurance, school), and relocation to a safe dwelling."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.compiled import f32, inlined
from povsim.layout import Floats, Home, Records, Scratch, State
from povsim.measures.frame import Spot, end_record, whole_yuan

_ZERO, _ONE = f32(0.0), f32(1.0)
FINISHED = 1


@inlined
def carry_out_works(
    home: Home, state: State, scratch: Scratch, rows: Records, run: tuple[int, int, int], terms: Floats, spot: Spot
) -> tuple[np.int64, np.int64]:
    """Start works for households taken on this year, and finish those that are found sound.

    Parameters and what is returned are as for ``income.earn_by_measure``: lane 2 decides whether works are finished;
    ``a`` is what the household still owes for its own part, ``b`` what it pays back a year.
    """
    begin, end, bit = run
    chance, mask = scratch.floats[at.FOUR + 2], np.int16(terms[4])
    received, weight, deprived = scratch.ints[at.RECEIVED], home.weight, state.bits[spot.scenario, at.DEPRIVED]
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        row = rows[r]
        i = np.int64(row["place"])
        if row["since"] == spot.year:
            served += weight[i]
            received[i - spot.low + spot.base] |= np.int32(bit)
            spent += np.int64(whole_yuan(terms[0])) * weight[i]
            row["a"] = whole_yuan(terms[1])
            row["b"] = row["a"] / terms[2]
        if row["stage"] != FINISHED and chance[r - begin] < terms[3]:
            deprived[i] &= ~mask
            row["stage"] = np.int8(FINISHED)
        row["a"] = max(row["a"] - row["b"], _ZERO)
        if row["stage"] == FINISHED and row["a"] <= _ZERO:
            end_record(rows, r)
    return spent, served


@inlined
def relocate(
    home: Home, state: State, scratch: Scratch, rows: Records, run: tuple[int, int, int], terms: Floats, spot: Spot
) -> tuple[np.int64, np.int64]:
    """Move households taken on this year; those who moved before have lost their land and may have found a job.

    Parameters and what is returned are as for ``income.earn_by_measure``: lane 3 decides the job at entry; ``a`` is the
    debt, ``b`` what is paid back a year, ``c`` 1 where a job was found.
    """
    begin, end, bit = run
    entry, floats, traits = scratch.floats[at.FOUR + 3], scratch.floats, home.traits
    received, weight, deprived = scratch.ints[at.RECEIVED], home.weight, state.bits[spot.scenario, at.DEPRIVED]
    wage, gross, cost, rent = floats[at.WAGE], floats[at.GROSS], floats[at.COST], floats[at.PROPERTY_INCOME]
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        row = rows[r]
        i = np.int64(row["place"])
        j = i - spot.low + spot.base
        if row["since"] == spot.year:
            persons = f32(traits[at.PERSONS, i])
            own = whole_yuan(terms[1] * persons)
            row["a"] = own
            row["b"] = own / terms[2]
            row["c"] = _ONE if traits[at.WORKERS, i] > 0 and entry[r - begin] < terms[6] else _ZERO
            served += weight[i]
            received[j] |= np.int32(bit)
            spent += np.int64(whole_yuan(terms[0] * persons) - own) * weight[i]
            wage[j] *= _ONE - terms[4]
            gross[j] *= _ONE - terms[4]
            cost[j] *= _ONE - terms[4]
            deprived[i] &= ~np.int16(terms[8])
        else:
            gross[j] *= _ONE - terms[5]
            cost[j] *= _ONE - terms[5]
            wage[j] += terms[7] * row["c"]
        rent[j] -= row["a"] * terms[3]
        row["a"] = max(row["a"] - row["b"], _ZERO)
    return spent, served
