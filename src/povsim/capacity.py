"""Who is taken on: applications on the register as it stands at year's end, and the exact cut-off where capacity ends.

The plan of a year is drawn up on what is known when the year before has closed: status, guarantees, income as
inspectors saw it. So a year needs one pass over the households, and a budget shared by a county needs one meeting of
all blocks between two years.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from povsim import layout as at
from povsim.compiled import compiled, f32, inlined
from povsim.draws import fill_uniforms
from povsim.layout import Floats, Households, Ints, Keys, Longs, Shorts
from povsim.measures.frame import Turn

POOREST_FIRST, RANDOM, BY_CAUSE = 0, 1, 2
PRIORITIES = {"poorest_first": POOREST_FIRST, "random": RANDOM, "cause": BY_CAUSE}


class Ask(NamedTuple):
    """Who may apply for a measure in a year, and what taking on a household costs.

    ``who``: masks of status, category, cause and guarantees, least and most workers, least persons, priority, whether
    arrears block, whether the measure is decided anew each year, the trait that has to be above zero (0: none).
    ``rank``: place of each cause in the priority. ``cost``: yuan for a household, a person, per yuan lacking of the
    last entry (times persons), a pupil, an ill, a disabled member, and that entry in yuan per head. ``running``: yuan
    for a household already in support, and per yuan it owes.
    """

    who: Longs
    rank: Shorts
    below: np.float32
    take_up: np.float32
    cost: Floats
    running: Floats
    villages: npt.NDArray[np.bool_]


class Applications(NamedTuple):
    """Applications of one block for one measure: position in the block, luck, sort key, and cost in yuan."""

    place: Ints
    luck: Floats
    sort_key: npt.NDArray[np.uint32]
    cost: Longs


class Listed(NamedTuple):
    """Applications, and by village count units eligible or served, units served, yuan of running support."""

    applications: Applications
    standing: Longs


@inlined
def _ordered_bits(value: np.float32) -> np.uint32:
    """Return a whole number that sorts as the float does."""
    bits = f32(value).view(np.int32)
    return np.uint32(~bits) if bits < 0 else np.uint32(np.uint32(bits) | np.uint32(0x80000000))


@inlined
def _sort_key(income: np.float32, cause_rank: int, priority: int, u: np.float32) -> np.uint32:
    if priority == RANDOM:
        return np.uint32(u * f32(2.0**31))
    bits = _ordered_bits(income)
    if priority == BY_CAUSE:
        return np.uint32((np.uint32(cause_rank) << np.uint32(27)) | (bits >> np.uint32(5)))
    return bits


@compiled
def _price(h: Households, ask: Ask, place: Ints, luck: Floats, sort_key: npt.NDArray[np.uint32], cost: Longs) -> None:
    """Set the cost of each application and its place in the queue."""
    who, rank, terms = ask.who, ask.rank, ask.cost
    income, persons, cause = h.real[at.LAST_INCOME], h.home[at.PERSONS], h.traits[at.CAUSE]
    weight, students, ill, disabled = h.weight, h.traits[at.STUDENTS], h.traits[at.ILL], h.traits[at.DISABLED]
    for k in range(place.shape[0]):
        i = place[k]
        total = terms[0] + persons[i] * (terms[1] + terms[2] * max(terms[6] - income[i], f32(0.0)))
        total += terms[3] * students[i] + terms[4] * ill[i] + terms[5] * disabled[i]
        cost[k] = np.int64(np.ceil(total)) * weight[i]
        sort_key[k] = _sort_key(income[i], rank[cause[i]], who[7], luck[k])


@compiled
def list_candidates(h: Households, income_below: np.float32, out: Ints) -> int:
    """List the households that any measure but a general one may concern: few, so that measures need not see all.

    Parameters
    ----------
    h : Households
        The block at year's end.
    income_below : float32
        Unregistered households with all guarantees met concern no measure at or above this income per head.
    out : array, shape (n,)
        Filled with positions.

    Returns
    -------
    int
        How many.
    """
    status, deprived, flags = h.whole[at.STATUS], h.whole[at.DEPRIVED], h.whole[at.FLAGS]
    income = h.real[at.LAST_INCOME]
    served = np.int16(at.SERVED)
    filled = 0
    for i in range(status.shape[0]):
        # written without branches: the position is stored each time, and kept when it counts
        out[filled] = i
        concerned = (status[i] | deprived[i] | (flags[i] & served)) != 0
        filled += 1 if concerned or income[i] < income_below else 0
    return filled


def is_general(ask: Ask) -> bool:
    """Tell whether a measure is open to unregistered households with all guarantees met, whatever their income."""
    return bool(ask.who[0] & 1) and ask.who[3] == 0 and not np.isfinite(ask.below)


def widest_income(asks: list[Ask]) -> np.float32:
    """Return the highest income per head at which one of the measures still takes an unregistered household on."""
    bounds = [ask.below for ask in asks if ask.who[0] & 1 and ask.who[3] == 0 and np.isfinite(ask.below)]
    return np.float32(max(bounds, default=-np.inf))


@compiled
def _draw_lots(key: Keys, take_up: np.float32, turn: Turn, place: Ints, kept_luck: Floats) -> int:
    """Keep those of the eligible who apply, in place, with the luck that a random order goes by; return how many."""
    # gathered first: the generator runs eight lanes at once over an array, one at a time inside a loop with branches
    keys = np.empty(place.shape[0], dtype=np.uint64)
    for k in range(place.shape[0]):
        keys[k] = key[place[k]]
    luck = np.empty((4, place.shape[0]), dtype=np.float32)
    fill_uniforms(turn.key, turn.draw, turn.origin + turn.year, keys, luck)
    applies, order = luck[0], luck[1]
    kept = 0
    for k in range(place.shape[0]):
        if applies[k] < take_up:
            place[kept] = place[k]
            kept_luck[kept] = order[k]
            kept += 1
    return kept


@compiled
def list_applicants(
    h: Households,
    since: Shorts,
    ended: Shorts,
    ask: Ask,
    turn: Turn,
    standing: Longs,
    out: Applications,
) -> int:
    """List the households of a block that apply for a measure.

    Parameters
    ----------
    h : Households
        The block at the end of the year before.
    since, ended : array, shape (n,)
        The measure's state; households in support do not apply again.
    ask : Ask
        Conditions, order and costs.
    turn : Turn
        The coming year and the address of its luck: lane 0 decides who applies, lane 1 a random order;
        ``served`` lists the households to look at, in ascending order.
    standing : array, shape (villages, 3)
        Out, added to: count units eligible or served, count units served so far, yuan of running support.
    out : Applications
        Filled in the order of households.

    Returns
    -------
    int
        Number of applications.
    """
    # the arrays of a named tuple are taken out before the loop: inside it each access would count references
    who, villages, running = ask.who, ask.villages, ask.running
    place, first_luck = out.place, out.luck
    status, income, arrears = h.whole[at.STATUS], h.real[at.LAST_INCOME], h.real[at.ARREARS]
    deprived, balance, persons = h.whole[at.DEPRIVED], h.real[at.BALANCE], h.home[at.PERSONS]
    category, cause, workers = h.traits[at.CATEGORY], h.traits[at.CAUSE], h.traits[at.WORKERS]
    village, weight = h.village, h.weight
    heads = h.traits[max(who[10], 0)]
    below, take_up, statuses, failing, filled = ask.below, ask.take_up, who[0], who[3], 0
    for i in turn.served:
        fits = ((statuses >> status[i]) & 1) != 0 and income[i] < below
        fits = fits and (failing == 0 or (deprived[i] & failing) != 0)
        if not fits and since[i] == 0:
            continue
        v, units = village[i], weight[i]
        # who was served by a yearly measure last year may be served again: only lasting support counts as served
        served = since[i] > 0 or (since[i] < 0 and who[9] == 0)
        standing[v, 1] += units if served else 0
        fits = fits and villages[v] and ((who[1] >> category[i]) & 1) != 0 and ((who[2] >> cause[i]) & 1) != 0
        fits = fits and who[4] <= workers[i] <= who[5] and persons[i] >= who[6]
        standing[v, 0] += units if fits or served else 0
        if since[i] > 0:
            in_support = running[0] + running[1] * balance[i] if ended[i] == 0 else f32(0.0)
            standing[v, 2] += np.int64(np.ceil(in_support)) * units
        elif fits and (who[8] == 0 or arrears[i] <= f32(0.0)) and (who[10] == 0 or heads[i] > 0):
            place[filled] = i
            filled += 1
    filled = _draw_lots(h.key, take_up, turn, place[:filled], first_luck)
    _price(h, ask, place[:filled], first_luck[:filled], out.sort_key, out.cost)
    return filled


def applications(h: Households, since: Shorts, ended: Shorts, ask: Ask, turn: Turn, space: Applications) -> Listed:
    """List the applications of a block with their cost and place in the queue, and the measure's standing by village.

    Parameters
    ----------
    h, since, ended, ask, turn
        As for :func:`list_applicants`.
    space : Applications
        Work space at least as long as the block.

    Returns
    -------
    Listed
        Views of the work space, and a new array (villages, 3).
    """
    standing = np.zeros((h.bounds.shape[0] - 1, 3), dtype=np.int64)
    count = list_applicants(h, since, ended, ask, turn, standing, space)
    found = Applications(space.place[:count], space.luck[:count], space.sort_key[:count], space.cost[:count])
    return Listed(found, standing)


def cut_off(sort_key: npt.NDArray[np.uint32], amount: Longs, starts: Longs, limits: Longs) -> npt.NDArray[np.bool_]:
    """Grant applications in order of priority until an area's limit is reached.

    Parameters
    ----------
    sort_key : array, shape (n,)
        Small goes first; ties go by the order of the arrays, which is by household.
    amount : array of int, shape (n,)
        What each application uses of the limit.
    starts : array of int, shape (areas + 1,)
        Where each area's applications begin.
    limits : array of int, shape (areas,)
        Limit of each area; below zero nothing is granted.

    Returns
    -------
    array of bool, shape (n,)
        The longest run of applications, in order, whose sum stays within the limit.

    Examples
    --------
    >>> keys, amounts = np.array([3, 1, 2], np.uint32), np.array([5, 5, 5])
    >>> cut_off(keys, amounts, np.array([0, 3]), np.array([10])).tolist()
    [False, True, True]
    """
    granted = np.zeros(sort_key.size, dtype=bool)
    for area, limit in enumerate(limits.tolist()):
        begin, end = int(starts[area]), int(starts[area + 1])
        used = amount[begin:end]
        if limit >= int(used.sum()):
            granted[begin:end] = True
        elif limit > 0:
            # one sortable number: the key above, the position below
            places = np.arange(end - begin, dtype=np.uint64)
            order = np.argsort((sort_key[begin:end].astype(np.uint64) << np.uint64(32)) | places)
            kept = int(np.searchsorted(np.cumsum(used[order]), limit, side="right"))
            granted[begin + order[:kept]] = True
    return granted
