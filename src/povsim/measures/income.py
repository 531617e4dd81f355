"""Income measures: industry support."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.arithmetic import spread_of
from povsim.compiled import compiled, f32, inlined
from povsim.layout import Floats, Households, Shorts
from povsim.measures.frame import Book, Turn, count, entry_luck, pay, whole_yuan, year_luck
from povsim.terms import Status

_EXITED = int(Status.exited)
INDUSTRY_TERMS = (
    "gross_sales", "margin", "effect_sd", "first_year", "second_year", "failure",
    "support_years", "support_after_exit", "decay", "unit_cost", "yearly_cost",
)  # fmt: skip
FADED = f32(0.05)
"""A trade that has shrunk below this share of its size is over."""


@inlined
def _size_now(since: np.int16, ended: np.int16, year: int, terms: Floats) -> np.float32:
    """Return the share of full size that a trade has: it grows over two years and fades once support has ended."""
    age = year - since
    size = terms[3] if age == 0 else (terms[4] if age == 1 else f32(1.0))
    if ended > 0:
        for _ in range(year - ended):
            size *= f32(1.0) - terms[8]
    return f32(size)


@inlined
def _support_over(h: Households, since: Shorts, i: int, year: int, terms: Floats) -> bool:
    served = year - since[i] >= np.int64(terms[6])
    exited = h.whole[at.STATUS, i] == _EXITED
    return bool(served or (exited and year - h.whole[at.STATUS_YEAR, i] > np.int64(terms[7])))


@compiled
def industry_year(h: Households, since: Shorts, ended: Shorts, terms: Floats, turn: Turn, book: Book) -> None:
    """Add the sales and costs of supported trades; some fail, and those out of support fade.

    Gross sales are not net income: the margin is what is left after production cost.

    Parameters
    ----------
    h : Households
        Changes gross business income and production cost.
    since, ended : array, shape (n,)
        Code of the year of entry, and of the year support ended (0 while it runs).
    terms : array
        In the order of ``INDUSTRY_TERMS``.
    turn : Turn
        Address of the luck: the entry year's lane 3 sizes the trade, this year's lane 2 decides failure.
    book : Book
        Start-up and yearly cost of those in support.
    """
    gross, cost, key = h.flow[at.GROSS], h.flow[at.COST], h.key
    for i in turn.served:
        if since[i] <= 0:
            continue
        if ended[i] == 0 and turn.year > since[i] and _support_over(h, since, i, turn.year, terms):
            ended[i] = np.int16(turn.year)
        luck = year_luck(turn, key[i])
        size = _size_now(since[i], ended[i], turn.year, terms)
        if ended[i] == 0:
            count(h, book, i)
            pay(h, book, i, whole_yuan(terms[9] + terms[10] if turn.year == since[i] else terms[10]))
        if luck[2] < terms[5] or size < FADED:
            since[i] = np.int16(-turn.year)
            ended[i] = 0
            continue
        sales = terms[0] * size * spread_of(entry_luck(turn, since, key[i], i)[3], terms[2])
        gross[i] += sales
        cost[i] += sales * (f32(1.0) - terms[1])
