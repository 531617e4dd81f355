"""Subsidies: dibao and flat transfers."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.compiled import compiled, f32
from povsim.layout import Floats, Households, Shorts
from povsim.measures.frame import Book, Turn, count, pay, whole_yuan

DIBAO_TERMS = ("standard", "paid_share")
TRANSFER_TERMS = ("amount", "per", "one_off")
PER = ("household", "person", "student", "ill", "disabled")


@compiled
def dibao_year(h: Households, since: Shorts, ended: Shorts, terms: Floats, turn: Turn, book: Book) -> None:
    """Pay the dibao awarded in the yearly review: a part of what last year's assessed income lacked of the standard.

    The award is worked out from the standard of the year and last year's income as inspectors saw it (before dibao), so
    it can miss households that fall this year and reach some that rise: targeting errors as they happen.

    Parameters
    ----------
    h : Households
        Changes dibao income.
    since, ended : array, shape (n,)
        Code of the year dibao is awarded for; it lapses at the year's end. ``ended`` is not used.
    terms : array
        In the order of ``DIBAO_TERMS``.
    turn : Turn
        The year.
    book : Book
        Yuan and households.
    """
    for i in turn.served:
        if since[i] == turn.year:
            lacking = max(terms[0] - h.real[at.LAST_INCOME, i], f32(0.0))
            award = whole_yuan(lacking * terms[1] * h.home[at.PERSONS, i])
            h.flow[at.DIBAO, i] += award
            count(h, book, i)
            pay(h, book, i, award)
            since[i] = np.int16(-turn.year)


@compiled
def transfer_year(h: Households, since: Shorts, ended: Shorts, terms: Floats, turn: Turn, book: Book) -> None:
    """Pay a flat amount to a household, or for each of its persons, pupils, ill or disabled members.

    Parameters
    ----------
    h : Households
        Changes regular transfers, or one-off aid.
    since, ended : array, shape (n,)
        Code of the year the transfer is granted for; it lapses at the year's end. ``ended`` is not used.
    terms : array
        In the order of ``TRANSFER_TERMS``; ``per`` is a position in ``PER``.
    turn : Turn
        The year.
    book : Book
        Yuan and households.
    """
    per, one_off = np.int64(terms[1]), terms[2] > f32(0.5)
    for i in turn.served:
        if since[i] != turn.year:
            continue
        heads = f32(1.0)
        if per == 1:
            heads = h.home[at.PERSONS, i]
        elif per == 2:
            heads = f32(h.traits[at.STUDENTS, i])
        elif per == 3:
            heads = f32(h.traits[at.ILL, i])
        elif per == 4:
            heads = f32(h.traits[at.DISABLED, i])
        amount = whole_yuan(terms[0] * heads)
        row = at.ONE_OFF if one_off else at.TRANSFER_INCOME
        h.flow[row, i] += amount
        count(h, book, i)
        pay(h, book, i, amount)
        since[i] = np.int16(-turn.year)
