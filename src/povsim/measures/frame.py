"""What the functions of all families share: where a run of records stands, the books, the luck of its households."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from povsim import layout as at
from povsim.compiled import f32, inlined
from povsim.draws import fill_uniforms
from povsim.layout import DEAD, Keys, Records, Scratch, Words


class Spot(NamedTuple):
    """A village of a block under one scenario in a year: where things stand.

    ``low`` and ``high`` bound its households in the block, ``base`` is where its flows begin in the scratch; ``year``
    is the code of the year, ``origin`` the calendar year of code 0.
    """

    scenario: int
    low: int
    high: int
    base: int
    year: int
    origin: int
    draw: int
    since_register: int  # years since the register's
    village: int  # position within the block


@inlined
def whole_yuan(amount: np.float32) -> np.float32:
    """Round to whole yuan, so that money booked and money received are the same number."""
    return f32(np.floor(amount + f32(0.5)))


@inlined
def gather_luck(key_of: Keys, scratch: Scratch, rows: Records, begin: int, end: int, key: Words, spot: Spot) -> None:
    """Draw the four uniforms of a measure for a run of records, into the rows of ``scratch.floats`` from FOUR on."""
    # gathered first: the generator runs many lanes at once over an array, one at a time inside a loop with branches
    keys = scratch.key[: end - begin]
    for k in range(end - begin):
        keys[k] = key_of[rows[begin + k]["place"]]
    fill_uniforms(key, spot.draw, spot.origin + spot.year, keys, scratch.floats, at.FOUR)


@inlined
def end_record(rows: Records, r: int) -> None:
    """Mark a record as over; the next year's list leaves it out."""
    rows[r]["measure"] = DEAD
