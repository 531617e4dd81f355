"""Relocation to a safe dwelling."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.compiled import compiled, f32, inlined
from povsim.layout import Floats, Households, Shorts
from povsim.measures.frame import Book, Turn, count, entry_luck, pay, whole_yuan

RELOCATION_TERMS = (
    "cost_per_head", "self_paid", "repay_years", "rate", "disruption", "land_loss", "job_share", "job_wage", "cures",
)  # fmt: skip
_ONE = f32(1.0)


@inlined
def owe(h: Households, i: int, amount: np.float32, years: np.float32, rate: np.float32) -> None:
    """Add the household's own part to its debt, to be paid back in equal yearly parts at a rate of interest."""
    before = h.real[at.DEBT, i]
    total = before + amount
    if total > f32(0.0):
        # the rate of the whole is the mean of its parts
        h.real[at.DEBT_RATE, i] = (h.real[at.DEBT_RATE, i] * before + rate * amount) / total
    h.real[at.DEBT, i] = total
    h.real[at.DEBT_PAYMENT, i] += amount / years


@inlined
def _move(h: Households, i: int, terms: Floats, book: Book) -> None:
    persons = h.home[at.PERSONS, i]
    own = whole_yuan(terms[1] * persons)
    owe(h, i, own, terms[2], terms[3])
    count(h, book, i)
    pay(h, book, i, whole_yuan(terms[0] * persons) - own)
    kept = _ONE - terms[4]
    h.flow[at.WAGE, i] *= kept
    h.flow[at.GROSS, i] *= kept
    h.flow[at.COST, i] *= kept
    h.whole[at.DEPRIVED, i] &= ~np.int16(terms[8])


@compiled
def relocation_year(h: Households, since: Shorts, ended: Shorts, terms: Floats, turn: Turn, book: Book) -> None:
    """Move households taken on this year; those who moved before have lost their land and may have found a job.

    Parameters
    ----------
    h : Households
        Changes earnings, DEPRIVED and debt.
    since, ended : array, shape (n,)
        Code of the year of the move; ``ended`` is not used: a move is for good.
    terms : array
        In the order of ``RELOCATION_TERMS``; ``cures`` is a mask of guarantees.
    turn : Turn
        Address of the luck: the entry year's lane 3 decides the job.
    book : Book
        Public cost and households moved, in the year of the move.
    """
    for i in turn.served:
        if since[i] <= 0:
            continue
        if since[i] == turn.year:
            _move(h, i, terms, book)
            continue
        h.flow[at.GROSS, i] *= _ONE - terms[5]
        h.flow[at.COST, i] *= _ONE - terms[5]
        if h.traits[at.WORKERS, i] > 0 and entry_luck(turn, since, h.key[i], i)[3] < terms[6]:
            h.flow[at.WAGE, i] += terms[7]
