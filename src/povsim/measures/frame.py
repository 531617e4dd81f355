"""What the functions of all families share: the address of a measure's luck, and the books."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from povsim import layout as at
from povsim.compiled import compiled, f32, inlined
from povsim.draws import luck_of
from povsim.layout import Households, Ints, Longs, Shorts, Words


class Turn(NamedTuple):
    """One measure's turn in a year: year code, calendar year of code 0, draw, key, and who may be in the measure."""

    year: int
    origin: int
    draw: int
    key: Words
    served: Ints


@compiled
def list_served(h: Households, out: Ints) -> int:
    """List the positions of households that some measure has taken on, now or before; return how many."""
    flags = h.whole[at.FLAGS]
    filled = 0
    for i in range(flags.shape[0]):
        out[filled] = i
        filled += 1 if (flags[i] & at.SERVED) != 0 else 0
    return filled


class Book(NamedTuple):
    """A measure's books of a year by village: yuan spent, households that received something, and the measure's bit."""

    spending: Longs
    recipients: Ints
    bit: int


@inlined
def whole_yuan(amount: np.float32) -> np.float32:
    """Round to whole yuan, so that money booked and money received are the same number."""
    return f32(np.floor(amount + f32(0.5)))


@inlined
def pay(h: Households, book: Book, i: int, amount: np.float32) -> None:
    """Enter whole yuan paid for household i, for every household that the row stands for."""
    book.spending[h.village[i]] += np.int64(amount) * h.weight[i]


@inlined
def count(h: Households, book: Book, i: int) -> None:
    """Enter household i as a recipient of the year."""
    book.recipients[h.village[i]] += h.weight[i]
    h.received[i] |= np.int32(book.bit)


@inlined
def entry_luck(turn: Turn, since: Shorts, key: np.uint64, i: int):  # type: ignore[no-untyped-def]
    """Return the four uniforms of household i in the year it entered the measure; they stay with it."""
    year = turn.origin + np.int64(since[i])
    return luck_of(turn.key[0], turn.key[1], turn.draw, year, key)


@inlined
def year_luck(turn: Turn, key: np.uint64):  # type: ignore[no-untyped-def]
    """Return the four uniforms of a household in this year; lanes 0 and 1 decide applications, 2 and 3 are free."""
    return luck_of(turn.key[0], turn.key[1], turn.draw, turn.origin + turn.year, key)
