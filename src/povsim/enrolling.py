"""Who is in which measure: records carried over from year to year, and new ones of those who were granted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from povsim import layout as at
from povsim.capacity import IN_MEETING
from povsim.compiled import f32, inlined
from povsim.layout import DEAD, Floats, Ints, Longs, Records, Roll, Scratch, State, Words
from povsim.measures.frame import Spot


class Cuts(NamedTuple):
    """What a meeting of blocks decided: the last key granted in each village, and the last household with that key."""

    key: Words  # (S, M, V)
    place: Longs  # (S, M, V) position in the register


@inlined
def enter_village(
    state: State, conditions: Longs, before: tuple[Roll, Roll], cuts: Cuts, rows: Records, begin: int, village: int,
    first: int, spot: Spot, book: tuple[Ints, Ints],
) -> int:  # fmt: skip
    """Carry the live records of a village over, and take on who was granted; both are in order of measure and place.

    Parameters
    ----------
    state : State
        The block; ``had`` is added to.
    conditions : array, shape (M, CONDITIONS)
        One scenario's measures in the year.
    before : tuple of Roll
        Records and applications of the year before.
    cuts : Cuts
        Decides the applications of measures whose capacity blocks share.
    rows : array of RECORD
        Filled from ``begin`` on.
    begin, village, first : int
        Where to begin; positions of the village and of the block's first household in the register.
    spot : Spot
        Village, scenario and year.
    book : tuple of array
        Count units of the block's households, shape (n,); of those taken on, and of those that never were in the
        measure before, shape (2, M, V), added to.

    Returns
    -------
    int
        Where the records end.
    """
    old, waiting = before
    s, v = spot.scenario, spot.village
    held, asked, had = old.rows, waiting.rows, state.had[s]
    last_key, last_place = cuts.key[s], cuts.place[s]
    weight, entered = book
    o, o_end, w, w_end = old.starts[s, v], old.starts[s, v + 1], waiting.starts[s, v], waiting.starts[s, v + 1]
    filled = begin
    while o < o_end or w < w_end:
        measure, place = np.int64(127), np.int64(0)
        if w < w_end:
            measure, place = np.int64(asked[w]["measure"]), np.int64(asked[w]["place"])
        if o < o_end:
            ahead = np.int64(held[o]["measure"])
            if ahead < measure or (ahead == measure and held[o]["place"] < place):
                if ahead >= 0:
                    rows[filled] = held[o]
                    filled += 1
                o += 1
                continue
        granted, key = asked[w]["granted"] != 0, asked[w]["key"]
        w += 1
        if not granted and conditions[measure, at.DECIDES] == IN_MEETING:
            last = last_key[measure, village]
            granted = key < last or (key == last and place + first <= last_place[measure, village])
        if granted:
            row = rows[filled]
            row["place"] = np.int32(place)
            row["measure"] = np.int8(measure)
            row["since"] = np.int8(spot.year)
            row["ended"] = np.int8(0)
            row["stage"] = np.int8(0)
            row["a"] = f32(0.0)
            row["b"] = f32(0.0)
            row["c"] = f32(0.0)
            bit = np.int32(1) << np.int32(measure)
            entered[0, measure, village] += weight[place]
            if (had[place] & bit) == 0:
                entered[1, measure, village] += weight[place]
            had[place] |= bit
            filled += 1
    return filled


@inlined
def take_stock(
    weight: Ints, scratch: Scratch, rows: Records, run: tuple[int, int], asks: Floats, standing: Longs, spot: Spot
) -> int:
    """Note who holds which measure at the year's end, and what running support will cost; close up the live records.

    Returns where the live records end.
    """
    shift, holds, kept = spot.base - spot.low, scratch.ints[at.HOLDS], run[0]
    scratch.ints[at.HOLDS, spot.base : spot.base + spot.high - spot.low] = np.int32(0)
    standing[:, :] = 0
    for r in range(run[0], run[1]):
        row = rows[r]
        measure = np.int64(row["measure"])
        if measure >= 0:
            i = np.int64(row["place"])
            holds[i + shift] |= np.int32(1) << np.int32(measure)
            if row["ended"] == 0:
                yuan = asks[measure, at.RUNNING] + asks[measure, at.RUNNING_OWED] * row["a"]
                standing[measure, 2] += np.int64(np.ceil(yuan)) * weight[i]
            if kept < r:
                rows[kept] = row
                row["measure"] = DEAD
            kept += 1
    return kept
