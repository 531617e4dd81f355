"""Earning measures: trades, jobs, posts, dividends and compensations that a household is helped to."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.arithmetic import spread_of
from povsim.compiled import f32, inlined
from povsim.layout import Floats, Home, Records, Scratch, State
from povsim.measures.frame import Spot, end_record, whole_yuan
from povsim.terms import Status

_EXITED = int(Status.exited)
FADED = f32(0.05)
"""What has shrunk below this share of its size is over."""
_ONE, _ZERO = f32(1.0), f32(0.0)
_BELOW_ONE = f32(1.0 - 2.0**-24)
_BUSINESS = 1
_ROWS = np.array([at.WAGE, at.GROSS, at.PROPERTY_INCOME, at.TRANSFER_INCOME])


@inlined
def size_at_entry(u: np.float32, success: np.float32, sd: np.float32) -> np.float32:
    """Return the size of what a household is helped to, as a multiple of the mean: 0 where it comes to nothing."""
    if u >= success:
        return _ZERO
    return spread_of(min(u / success, _BELOW_ONE), sd)


@inlined
def _size_now(since: int, ended: int, year: int, terms: Floats) -> np.float32:
    """Return the share of full size: it grows over two years and fades once support has ended."""
    age = year - since
    size = terms[3] if age == 0 else (terms[4] if age == 1 else _ONE)
    if ended > 0:
        for _ in range(year - ended):
            size *= _ONE - terms[10]
    return size


@inlined
def earn_by_measure(
    home: Home, state: State, scratch: Scratch, rows: Records, run: tuple[int, int, int], terms: Floats, spot: Spot
) -> tuple[np.int64, np.int64]:
    """Add what supported households earn by a measure; some fail, and those out of support fade.

    Gross sales are not net income: the margin is what is left after production cost.

    Parameters
    ----------
    home, state, scratch
        The village; changes the flow that the measure is about, and what it displaces.
    rows : array of RECORD
        ``a`` is the household's size as a multiple of the mean.
    run : tuple of int
        Where the measure's records begin and end, and its bit.
    terms : array
        In the order of ``TERMS[EARNING]``.
    spot : Spot
        Village, scenario and year. ``scratch.floats`` holds the records' luck: lane 2 decides failure, lane 3 sizes at
        entry.

    Returns
    -------
    tuple of int
        Yuan spent and households served.
    """
    begin, end, bit = run
    failure, entry = scratch.floats[at.FOUR + 2], scratch.floats[at.FOUR + 3]
    received, weight = scratch.ints[at.RECEIVED], home.weight
    status, since_status = state.small[spot.scenario, at.STATUS], state.small[spot.scenario, at.STATUS_YEAR]
    destination, paid, share = np.int64(terms[13]), terms[14] > _ZERO, terms[7]
    flow, gross, cost_row = scratch.floats[_ROWS[destination]], scratch.floats[at.GROSS], scratch.floats[at.COST]
    years, after_exit = np.int64(terms[8]), np.int64(terms[9])
    spent, served = np.int64(0), np.int64(0)
    for r in range(begin, end):
        row = rows[r]
        i, since = np.int64(row["place"]), np.int64(row["since"])
        j = i - spot.low + spot.base
        if since == spot.year:
            row["a"] = size_at_entry(entry[r - begin], terms[6], terms[2])
        elif row["ended"] == 0:
            out_for = spot.year - np.int64(since_status[i]) if status[i] == _EXITED else -1
            if spot.year - since >= years or out_for > after_exit:
                row["ended"] = np.int8(spot.year)
        cost = _ZERO
        supported = row["ended"] == 0
        if supported:
            served += weight[i]
            received[j] |= np.int32(bit)
            cost = whole_yuan(terms[11] + terms[12] if since == spot.year else terms[12])
        size = _size_now(since, np.int64(row["ended"]), spot.year, terms)
        if failure[r - begin] < terms[5] or size < FADED or (paid and not supported):
            end_record(rows, r)
        else:
            gain = terms[0] * size * row["a"]
            if paid:
                gain = whole_yuan(gain)
                cost += gain
            if share > _ZERO and gross[j] > _ZERO:
                # the gain takes time from the household's own trade, which loses at most all it had
                kept = _ONE - min(_ONE, share * gain / gross[j])
                gross[j] *= kept
                cost_row[j] *= kept
            flow[j] += gain
            if destination == _BUSINESS:
                cost_row[j] += gain * (_ONE - terms[1])
        spent += np.int64(cost) * weight[i]
    return spent, served
