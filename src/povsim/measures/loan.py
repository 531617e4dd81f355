"""Loan measures: credit lines, and microcredit that is invested, falls due and may stay unpaid."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.arithmetic import normal_of, spread_of
from povsim.compiled import f32, inlined
from povsim.layout import Floats, Home, Records, Scratch, State
from povsim.measures.frame import Spot, end_record, whole_yuan

_ZERO = f32(0.0)
OVERDUE = 1


@inlined
def hold_line(
    home: Home, state: State, scratch: Scratch, rows: Records, run: tuple[int, int, int], terms: Floats, spot: Spot
) -> tuple[np.int64, np.int64]:
    """Keep credit lines open for their years; a line is a promise, not a loan.

    Parameters and what is returned are as for ``income.earn_by_measure``; ``a`` is the line in yuan.
    """
    begin, end, bit = run
    received, weight = scratch.ints[at.RECEIVED], home.weight
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        row = rows[r]
        i = np.int64(row["place"])
        since = np.int64(row["since"])
        received[i - spot.low + spot.base] |= np.int32(bit)
        served += weight[i]
        if since == spot.year:
            row["a"] = terms[0]
            spent += np.int64(whole_yuan(terms[2])) * weight[i]
        if spot.year - since + 1 >= np.int64(terms[1]):
            end_record(rows, r)
    return spent, served


@inlined
def lend(
    home: Home, state: State, scratch: Scratch, rows: Records, run: tuple[int, int, int], terms: Floats, spot: Spot
) -> tuple[np.int64, np.int64]:
    """Lend, invest at a random return, collect at term; arrears are paid off from income above the line.

    Parameters and what is returned are as for ``income.earn_by_measure``: lane 3 sizes a new loan, lane 2 the return;
    ``a`` is owed, ``b`` still invested, ``c`` overdue.
    """
    begin, end, bit = run
    change, entry = scratch.floats[at.FOUR + 2], scratch.floats[at.FOUR + 3]
    floats, weight, persons, received = scratch.floats, home.weight, home.traits[at.PERSONS], scratch.ints[at.RECEIVED]
    wage, gross, cost = floats[at.WAGE], floats[at.GROSS], floats[at.COST]
    rent, transfer, pension = floats[at.PROPERTY_INCOME], floats[at.TRANSFER_INCOME], floats[at.PENSION_INCOME]
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        row = rows[r]
        i, since = np.int64(row["place"]), np.int64(row["since"])
        j = i - spot.low + spot.base
        overdue = row["stage"] == OVERDUE
        if not overdue:
            if since == spot.year:
                row["a"] = whole_yuan(min(terms[0] * spread_of(entry[r - begin], terms[1]), terms[2]))
                row["b"] = row["a"]
            gain = max(row["b"] * (terms[5] + terms[6] * normal_of(change[r - begin])), -row["b"])
            gross[j] += max(gain, _ZERO)
            cost[j] += max(-gain, _ZERO)
            row["b"] += min(gain, _ZERO)
            served += weight[i]
            received[j] |= np.int32(bit)
            spent += np.int64(whole_yuan(row["a"] * terms[4])) * weight[i]
            if spot.year - since + 1 < np.int64(terms[3]):
                continue
        # what a household can pay on a debt due: a share of its income above the line, never below zero
        income = wage[j] + gross[j] - cost[j]
        income += rent[j] + transfer[j] + pension[j]
        to_spare = max(income - terms[9] * f32(persons[i]), _ZERO) * terms[8]
        if overdue:
            row["c"] -= min(row["c"], whole_yuan(to_spare))
        else:
            row["c"] = row["a"] - min(row["a"], whole_yuan(row["b"] * terms[7] + to_spare))
            row["a"] = _ZERO
            row["b"] = _ZERO
            row["stage"] = np.int8(OVERDUE)
        if row["c"] <= _ZERO:
            end_record(rows, r)
    return spent, served
