"""Shocks of the year: a member falls seriously ill, a disaster strikes the village."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from povsim import layout as at
from povsim.arithmetic import spread_of
from povsim.compiled import compiled, f32
from povsim.layout import Floats, Households


@compiled
def fall_ill_year(h: Households, uniforms: Floats, terms: Floats, insurance_bit: int, year: int) -> None:
    """Strike households with illness: cost net of reimbursement now, lost work for some years.

    Insurance changes the net cost, never the hazard.

    Parameters
    ----------
    h : Households
        Changes medical cost, wage and gross business income, and the year until which work is lost.
    uniforms : array, shape (4, n)
        Lane 0 decides, lane 1 sizes the cost.
    terms : array, shape (7,)
        Hazard per person, hazard per person where somebody is ill already, mean cost in yuan, its log sd, reimbursed
        share, share of earnings lost, years that it lasts.
    insurance_bit : int
        Bit of the insurance guarantee in DEPRIVED, 0 when there is none.
    year : int
        Code of the year.
    """
    ill, until, deprived = h.traits[at.ILL], h.whole[at.ILL_UNTIL], h.whole[at.DEPRIVED]
    persons, wage, gross, cost, medical = (
        h.home[at.PERSONS],
        h.flow[at.WAGE],
        h.flow[at.GROSS],
        h.flow[at.COST],
        h.flow[at.MEDICAL],
    )
    first, second = uniforms[0], uniforms[1]
    kept = f32(1.0) - terms[5]
    for i in range(until.shape[0]):
        hazard = (terms[1] if ill[i] > 0 else terms[0]) * persons[i]
        if first[i] < hazard:
            size = terms[2] * spread_of(second[i], terms[3])
            insured = (deprived[i] & insurance_bit) == 0
            medical[i] = size * (f32(1.0) - terms[4]) if insured else size
            until[i] = np.int16(year + np.int64(terms[6]) - 1)
        if until[i] >= year:
            wage[i] *= kept
            gross[i] *= kept
            cost[i] *= kept


@compiled
def strike_year(
    h: Households, uniforms: Floats, terms: Floats, struck: npt.NDArray[np.bool_], dwelling_bit: int
) -> None:
    """Let a disaster take part of the harvest, and some dwellings, in the villages that were struck.

    Parameters
    ----------
    h : Households
        Changes gross business income (production cost is sunk and stays) and DEPRIVED.
    uniforms : array, shape (4, n)
        Lane 2 decides who is hit, lane 3 whose dwelling is damaged.
    terms : array, shape (3,)
        Share of households hit, share of gross business income lost, share of those hit whose dwelling is damaged.
    struck : array of bool, shape (villages,)
        Villages struck this year.
    dwelling_bit : int
        Bit of the housing guarantee in DEPRIVED, 0 when there is none.
    """
    village, gross, deprived = h.village, h.flow[at.GROSS], h.whole[at.DEPRIVED]
    hit, damaged = uniforms[2], uniforms[3]
    if not struck.any():
        return
    for i in range(village.shape[0]):
        if struck[village[i]] and hit[i] < terms[0]:
            gross[i] *= f32(1.0) - terms[1]
            if damaged[i] < terms[2]:
                deprived[i] |= np.int16(dwelling_bit)


@compiled
def shock_year(
    h: Households,
    uniforms: Floats,
    illness: Floats,
    disaster: Floats,
    struck: npt.NDArray[np.bool_],
    guarantees: tuple[int, int],
    year: int,
) -> None:
    """Let illness and disaster strike a block, in one call.

    Parameters are those of :func:`fall_ill_year` and :func:`strike_year`; ``guarantees`` are the bits of insurance and
    housing in DEPRIVED.
    """
    fall_ill_year(h, uniforms, illness, guarantees[0], year)
    strike_year(h, uniforms, disaster, struck, guarantees[1])
