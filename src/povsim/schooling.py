"""Where a household's pupils stand in the nineteen years of school: 3 + 9 + 3 + 4."""

from __future__ import annotations

import numpy as np

from povsim.compiled import f32, internal
from povsim.draws import luck_of
from povsim.layout import Floats, Words

SCHOOL_YEARS = f32(19.0)
_STAGES = (f32(3.0), f32(12.0), f32(15.0))


@internal
def sum_by_stage(students: int, amounts: Floats, key: Words, draw: int, household: np.uint64, years: int) -> np.float32:
    """Return the sum over a household's pupils of the amount of the stage that each is in.

    A pupil's place in the nineteen years is drawn once and moves on by a year each year; who leaves at the end is
    followed by a younger one, since households keep their members.

    Parameters
    ----------
    students : int
        Pupils of the household.
    amounts : array, shape (4,)
        Yuan for a pupil in preschool, compulsory school, senior school, tertiary education.
    key : array, shape (2,)
        Key of the decision ``schooling``.
    draw : int
        Number of the draw.
    household : uint64
        Address of the household's luck.
    years : int
        Years since the register's.
    """
    luck = luck_of(key[0], key[1], draw, 0, household)
    total = f32(0.0)
    for k in range(students):
        place = luck[k & 3] * SCHOOL_YEARS + f32(years)
        place -= SCHOOL_YEARS * np.floor(place / SCHOOL_YEARS)
        stage = (
            (1 if place >= _STAGES[0] else 0) + (1 if place >= _STAGES[1] else 0) + (1 if place >= _STAGES[2] else 0)
        )
        total += amounts[stage]
    return total
