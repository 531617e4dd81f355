"""Choosing so many households per village by a score while the persons in them add up to a given number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from povsim.alignment import Array, Bools, Floats, Ints
from povsim.areas import Declared
from povsim.errors import InputError, Problem

_HALVINGS = 20
_STRONGEST = 16.0
"""Log points per person beyond which holding back large households changes nothing more."""


@dataclass(frozen=True)
class Choice:
    """What there is to choose from: one entry per household."""

    village: Ints
    score: Floats
    size: Ints
    source: str


def highest_per_village(score: Floats, village: Ints, quota: Ints) -> Bools:
    """Mark the households with the highest scores of each village.

    Examples
    --------
    >>> village, score = np.array([0, 0, 0, 1]), np.array([1.0, 3.0, 2.0, 0.0])
    >>> highest_per_village(score, village, np.array([2, 0])).tolist()
    [False, True, True, False]
    """
    chosen = np.empty(score.size, dtype=np.bool_)
    order, place = _places(score, village, quota.size)
    chosen[order] = place < quota[village[order]]
    return chosen


def _places(score: Floats, village: Ints, villages: int) -> tuple[Ints, Ints]:
    order = np.lexsort((-score, village))
    counts = np.bincount(village, minlength=villages)
    return order, np.arange(score.size) - (np.cumsum(counts) - counts)[village[order]]


def choose_households(choice: Choice, quota: Ints, persons: Declared) -> Bools:
    """Choose by score within villages, meeting quotas and, where declared, person totals exactly.

    Large households are held back (or preferred) just so far that the person totals nearly come out; exchanges inside
    a village close what is left at the least loss of score.

    Parameters
    ----------
    choice : Choice
        Households with village, score and size.
    quota : array, dims (village,)
        Households to choose.
    persons : Declared
        Person totals of groups of villages.

    Raises
    ------
    InputError
        No exchange can reach a person total.

    Examples
    --------
    >>> choice = Choice(np.zeros(4, dtype=int), np.array([4.0, 3.0, 2.0, 1.0]), np.array([5, 4, 3, 1]), "x")
    >>> persons = Declared(np.array([0]), np.array([6]), ("registration.persons",))
    >>> choose_households(choice, np.array([2]), persons).tolist()
    [True, False, False, True]
    """
    if not persons.totals.size:
        return highest_per_village(choice.score, choice.village, quota)
    order, place = _places(choice.score, choice.village, quota.size)
    near = np.sort(order[place < 4 * quota[choice.village[order]] + 40])
    for live in (near, np.arange(choice.score.size)):
        part = Choice(choice.village[live], choice.score[live], choice.size[live], choice.source)
        chosen = _held_back(part, quota, persons)
        missed = _exchange(part, chosen, persons)
        if not missed:
            break
    else:
        raise InputError(choice.source, missed)
    result = np.zeros(choice.score.size, dtype=np.bool_)
    result[live[chosen]] = True
    return result


def _sums(choice: Choice, chosen: Bools, persons: Declared) -> Ints:
    group = persons.group[choice.village[chosen]]
    sums = np.bincount(group + 1, weights=choice.size[chosen], minlength=persons.totals.size + 1)
    return sums[1:].astype(np.int64)


def _held_back(choice: Choice, quota: Ints, persons: Declared) -> Bools:
    """Bisect, for all groups at once, the log points by which each further member holds a household back."""
    low = np.full(persons.totals.size + 1, -_STRONGEST)
    high = np.full(persons.totals.size + 1, _STRONGEST)
    low[-1] = high[-1] = 0.0  # the last place is that of villages without a total (group -1)
    group = persons.group[choice.village]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        chosen = highest_per_village(choice.score - middle[group] * choice.size, choice.village, quota)
        over = _sums(choice, chosen, persons) > persons.totals
        low[:-1], high[:-1] = np.where(over, middle[:-1], low[:-1]), np.where(over, high[:-1], middle[:-1])
    return highest_per_village(choice.score - high[group] * choice.size, choice.village, quota)


def _exchange(choice: Choice, chosen: Bools, persons: Declared) -> list[Problem]:
    """Exchange chosen households for others of their village until person totals are met; report those that are not."""
    problems = []
    misses = persons.totals - _sums(choice, chosen, persons)
    for number in np.flatnonzero(misses).tolist():
        members = np.flatnonzero(persons.group[choice.village] == number)
        miss = int(misses[number])
        while miss:
            pair = _best_exchange(choice, chosen, members, miss)
            if pair is None:
                reached = int(persons.totals[number]) - miss
                what = "no choice of registered households holds so many persons"
                problems.append(Problem(persons.labels[number], what, str(persons.totals[number]), f"near {reached}"))
                break
            leaver, newcomer = pair
            chosen[leaver], chosen[newcomer] = False, True
            miss -= int(choice.size[newcomer] - choice.size[leaver])
    return problems


def _best_exchange(choice: Choice, chosen: Bools, members: Ints, miss: int) -> tuple[int, int] | None:
    """Return the exchange that brings the total nearer at the least loss of score per person."""
    inside, outside = members[chosen[members]], members[~chosen[members]]
    leavers, worst = _extremes(choice, inside, -1.0)
    newcomers, best = _extremes(choice, outside, 1.0)
    sizes = np.arange(worst.shape[1])
    gain = sizes[np.newaxis, :] - sizes[:, np.newaxis]
    useful = np.abs(miss - gain) < abs(miss)
    loss = (-worst[:, :, np.newaxis] - best[:, np.newaxis, :]) / np.maximum(np.abs(gain), 1)
    loss = np.where(useful, loss, np.inf)
    if not np.isfinite(loss).any():
        return None
    village, old, new = np.unravel_index(int(np.argmin(loss)), loss.shape)
    return int(leavers[village, old]), int(newcomers[village, new])


def _extremes(choice: Choice, rows: Ints, sign: float) -> tuple[Ints, Array]:
    """Return, by village and size, the row with the highest ``sign * score`` and that score (minus infinity: none)."""
    shape = (int(choice.village.max()) + 1, int(choice.size.max()) + 1)
    order = rows[np.argsort(sign * choice.score[rows], kind="stable")]
    row = np.full(shape, -1, dtype=np.int64)
    value = np.full(shape, -np.inf)
    # Later entries overwrite earlier ones, so the highest remains.
    row[choice.village[order], choice.size[order]] = order
    value[choice.village[order], choice.size[order]] = sign * choice.score[order]
    return row, value
