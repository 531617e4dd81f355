"""Loan measures: microcredit."""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.arithmetic import normal_of, spread_of
from povsim.compiled import compiled, f32, inlined
from povsim.layout import Floats, Households, Shorts
from povsim.measures.frame import Book, Turn, count, pay, whole_yuan, year_luck

MICROCREDIT_TERMS = (
    "mean_amount", "amount_sd", "max_amount", "term", "rate", "return_mean", "return_sd", "salvage", "repay_share",
    "line",
)  # fmt: skip
_ZERO = f32(0.0)


@inlined
def _to_spare(h: Households, i: int, terms: Floats) -> np.float32:
    """Return what a household can pay on a debt due: a share of its income above the line, never below zero."""
    income = h.flow[at.WAGE, i] + h.flow[at.GROSS, i] - h.flow[at.COST, i]
    income += h.flow[at.PROPERTY_INCOME, i] + h.flow[at.TRANSFER_INCOME, i] + h.flow[at.PENSION_INCOME, i]
    return f32(max(income - terms[9] * h.home[at.PERSONS, i], _ZERO) * terms[8])


@inlined
def _lend(h: Households, i: int, terms: Floats, u: np.float32) -> None:
    amount = whole_yuan(min(terms[0] * spread_of(u, terms[1]), terms[2]))
    h.real[at.BALANCE, i] = amount
    h.real[at.CAPITAL, i] = amount


@inlined
def _settle(h: Households, i: int, terms: Floats) -> None:
    """Repay at term from what the capital fetches and from income; the rest is overdue."""
    due = h.real[at.BALANCE, i]
    fetched = h.real[at.CAPITAL, i] * terms[7]
    paid = min(due, whole_yuan(fetched + _to_spare(h, i, terms)))
    h.real[at.ARREARS, i] += due - paid
    h.real[at.BALANCE, i] = _ZERO
    h.real[at.CAPITAL, i] = _ZERO


@compiled
def microcredit_year(h: Households, since: Shorts, ended: Shorts, terms: Floats, turn: Turn, book: Book) -> None:
    """Lend, invest at a random return, collect at term; arrears are paid off from income above the line.

    Parameters
    ----------
    h : Households
        Changes gross business income (gains), production cost (losses), and the loan rows of the state.
    since, ended : array, shape (n,)
        Code of the year the running loan was taken; ``ended`` is not used.
    terms : array
        In the order of ``MICROCREDIT_TERMS``; ``line`` is the year's income line in yuan per head.
    turn : Turn
        Address of the luck: this year's lane 3 sizes a new loan, lane 2 the return.
    book : Book
        Interest paid by the budget; households with a running loan.
    """
    arrears = h.real[at.ARREARS]
    for i in turn.served:
        if arrears[i] > _ZERO:
            arrears[i] -= min(arrears[i], whole_yuan(_to_spare(h, i, terms)))
        if since[i] <= 0:
            continue
        luck = year_luck(turn, h.key[i])
        if since[i] == turn.year:
            _lend(h, i, terms, luck[3])
        gain = h.real[at.CAPITAL, i] * (terms[5] + terms[6] * normal_of(luck[2]))
        gain = max(gain, -h.real[at.CAPITAL, i])
        h.flow[at.GROSS, i] += max(gain, _ZERO)
        h.flow[at.COST, i] += max(-gain, _ZERO)
        h.real[at.CAPITAL, i] += min(gain, _ZERO)
        count(h, book, i)
        pay(h, book, i, whole_yuan(h.real[at.BALANCE, i] * terms[4]))
        if turn.year - since[i] + 1 >= np.int64(terms[3]):
            _settle(h, i, terms)
            since[i] = np.int16(-turn.year)
