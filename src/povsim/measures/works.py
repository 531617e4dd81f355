"""Works on a household's guarantees: repair of a dangerous dwelling, a water connection."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.compiled import compiled, f32
from povsim.layout import Floats, Households, Shorts
from povsim.measures.frame import Book, Turn, count, pay, whole_yuan, year_luck
from povsim.measures.relocation import owe

REPAIR_TERMS = ("subsidy", "self_paid", "repay_years", "completion", "cures")
_ZERO = f32(0.0)


@compiled
def repair_year(h: Households, since: Shorts, ended: Shorts, terms: Floats, turn: Turn, book: Book) -> None:
    """Start works for households taken on this year, and finish those that are found sound.

    Parameters
    ----------
    h : Households
        Clears the cured guarantees in DEPRIVED; the household's own part becomes debt.
    since, ended : array, shape (n,)
        Code of the year works began, negative once finished; ``ended`` is not used.
    terms : array
        In the order of ``REPAIR_TERMS``; ``cures`` is a mask of guarantees.
    turn : Turn
        Address of the luck: this year's lane 2 decides whether works are finished and sound.
    book : Book
        Subsidy and households, in the year works begin.
    """
    mask = np.int16(terms[4])
    for i in turn.served:
        if since[i] <= 0:
            continue
        if since[i] == turn.year:
            count(h, book, i)
            pay(h, book, i, whole_yuan(terms[0]))
            owe(h, i, whole_yuan(terms[1]), terms[2], _ZERO)
        if year_luck(turn, h.key[i])[2] < terms[3]:
            h.whole[at.DEPRIVED, i] &= ~mask
            since[i] = np.int16(-turn.year)


@compiled
def service_debt_year(h: Households) -> None:
    """Pay the year's interest, which lowers property income, and a part of the debt from relocation and works."""
    debt, payment, rate, rent = (
        h.real[at.DEBT],
        h.real[at.DEBT_PAYMENT],
        h.real[at.DEBT_RATE],
        h.flow[at.PROPERTY_INCOME],
    )
    for i in range(debt.shape[0]):
        if debt[i] > _ZERO:
            rent[i] -= debt[i] * rate[i]
            debt[i] = max(debt[i] - payment[i], _ZERO)
            payment[i] *= f32(1.0) if debt[i] > _ZERO else _ZERO
