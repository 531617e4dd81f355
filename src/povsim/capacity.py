"""Who is taken on: applications on the register as it stands at year's end, and the exact cut-off where capacity ends.

The plan of a year is drawn up on what is known when the year before has closed: status, guarantees, income as
inspectors saw it. So a year needs one pass over the households, and a budget shared by a county needs one meeting of
all blocks between two years.
"""

from __future__ import annotations

import numpy as np

from povsim import layout as at
from povsim.compiled import compiled, f32, inlined, internal
from povsim.draws import fill_uniforms
from povsim.layout import Floats, Home, Ints, Longs, Records, Scratch, Shorts, State, Words
from povsim.measures.frame import Spot
from povsim.rules_measures import BY_CAUSE, RANDOM

UNLIMITED, IN_VILLAGE, IN_MEETING = 0, 1, 2
"""Who decides on applications: nobody needs to, the village by itself, or all blocks together."""
NO_LIMIT, SHARE, HOUSEHOLDS, BUDGET = 0, 1, 2, 3
"""Kinds of a measure's own limit."""
_CATEGORY, _CAUSE, _TRAIT, _ANY_LACK = 1 << 5, 1 << 8, 1 << 22, 1 << 16
_MOST, _SEVEN, _17, _24, _1 = 127, np.int32(127), np.int32(17), np.int32(24), np.int32(1)
"""A candidate in whole numbers: bits of status from 0, category from 5, cause from 8, traits from 22; guarantees
lacking from 0, a bit that is always set at 16, workers from 17 and persons from 24 (seven bits each, 127 at most)."""


@inlined
def ordered_bits(value: np.float32) -> np.uint32:
    """Return a whole number that sorts as the float does."""
    bits = f32(value).view(np.int32)
    return np.uint32(~bits) if bits < 0 else np.uint32(np.uint32(bits) | np.uint32(0x80000000))


@inlined
def sort_key(income: np.float32, cause_rank: int, priority: int, u: np.float32) -> np.uint32:
    """Return a household's place in the queue: small goes first."""
    if priority == RANDOM:
        return np.uint32(u * f32(2.0**31))
    bits = ordered_bits(income)
    if priority == BY_CAUSE:
        return np.uint32((np.uint32(cause_rank) << np.uint32(27)) | (bits >> np.uint32(5)))
    return bits


@inlined
def gather_candidates(home: Home, state: State, scratch: Scratch, spot: Spot, widest: np.float32) -> int:
    """List the households of a village that any measure may concern, and bring together what conditions look at.

    They are few, so measures need not see all; and side by side in whole numbers they are looked at many at once.

    Parameters
    ----------
    home, state, scratch
        The village at year's end; row PLACE of ``scratch.ints`` is filled with positions in the block, the rows from
        TRAITS_OF on with a bit for status, category, cause and each trait above zero; guarantees lacking, workers and
        persons; measures held, had; count units.
    spot : Spot
        Village and scenario.
    widest : float32
        Unregistered households with all guarantees met concern no measure at or above this income per head.

    Returns
    -------
    int
        How many.
    """
    s, here, shift = spot.scenario, slice(spot.low, spot.high), spot.base - spot.low
    status, deprived = state.small[s, at.STATUS, here], state.bits[s, at.DEPRIVED, here]
    had, income, place = state.had[s, here], state.real[s, at.LAST_INCOME, here], scratch.ints[at.PLACE]
    filled = 0
    for i in range(status.shape[0]):
        # written without branches: the position is stored each time, and kept when it counts
        place[filled] = spot.low + i
        concerned = (status[i] | deprived[i] | had[i]) != 0
        filled += 1 if concerned or income[i] < widest else 0
    ints, traits, weight, holds = scratch.ints, home.traits, home.weight, scratch.ints[at.HOLDS]
    cause, category, flags = state.small[s, at.CAUSE], home.codes[at.CATEGORY], state.bits[s, at.FLAGS]
    incomes = scratch.floats[at.CANDIDATE_INCOME]
    for k in range(filled):
        i = np.int64(place[k])
        j = i - spot.low
        bits = (1 << status[j]) | (_CATEGORY << category[i]) | (_CAUSE << cause[i])
        bits |= _TRAIT if traits[at.STUDENTS, i] > 0 else 0
        bits |= _TRAIT << 1 if traits[at.ILL, i] > 0 else 0
        newly = (flags[i] & at.NEWLY_DISABLED) != 0
        bits |= _TRAIT << 2 if traits[at.DISABLED, i] > 0 or newly else 0
        ints[at.TRAITS_OF, k] = np.int32(bits)
        workers, persons = min(np.int64(traits[at.WORKERS, i]), _MOST), min(np.int64(traits[at.PERSONS, i]), _MOST)
        ints[at.LACKS_OF, k] = np.int32(np.int64(deprived[j]) | _ANY_LACK | (workers << 17) | (persons << 24))
        ints[at.HOLDS_OF, k] = holds[i + shift]
        ints[at.HAD_OF, k] = had[j]
        ints[at.WEIGHT_OF, k] = weight[i]
        incomes[k] = income[j]
    return filled


@inlined
def list_applicants(scratch: Scratch, candidates: int, measure: int, ask: tuple[Longs, Floats], standing: Longs) -> int:
    """List the candidates that may apply for a measure, before luck decides who does.

    Parameters
    ----------
    scratch : Scratch
        As :func:`gather_candidates` has filled it. Row BIN of ``scratch.ints`` is filled with those who may apply.
    candidates : int
        How many candidates.
    measure : int
        Slot of the measure.
    ask : tuple of array
        Its conditions and figures for the coming year.
    standing : array, shape (3,)
        Out: count units eligible or served are added to the first, those served so far to the second.

    Returns
    -------
    int
        How many may apply.
    """
    who, figures = ask
    ints = scratch.ints
    bits, lacks, holds, had = ints[at.TRAITS_OF], ints[at.LACKS_OF], ints[at.HOLDS_OF], ints[at.HAD_OF]
    weight, chosen, out, income = ints[at.WEIGHT_OF], ints[at.CHOSEN], ints[at.BIN], scratch.floats[at.CANDIDATE_INCOME]
    bit, below = np.int32(1 << measure), figures[at.BELOW]
    status, category = np.int32(who[at.IS_STATUS] & 31), np.int32((who[at.IS_CATEGORY] & 7) << 5)
    cause, trait = np.int32((who[at.HAS_CAUSE] & 0x3FFF) << 8), np.int32(-1)
    if who[at.NEEDED_TRAIT] > 0:
        trait = np.int32(_TRAIT << (who[at.NEEDED_TRAIT] - 1))
    failing = np.int32(who[at.IS_FAILING] if who[at.IS_FAILING] != 0 else _ANY_LACK)
    least, most, heads = (
        np.int32(who[at.LEAST_WORKERS]),
        np.int32(who[at.MOST_WORKERS]),
        np.int32(who[at.LEAST_PERSONS]),
    )
    holding, not_holding = np.int32(who[at.HOLDING]), np.int32(who[at.NOT_HOLDING])
    free = np.int32(1 if who[at.HOLDING] == 0 else 0)
    # yearly measures are decided anew: who was served before counts as served only by lasting ones
    lasting = np.int32(0 if who[at.IS_YEARLY] != 0 else bit)
    eligible, so_far, none = np.int32(0), np.int32(0), np.int32(0)
    # thirty-two bits throughout: twice as many households at once as with sixty-four
    for k in range(candidates):
        held, now, lack, units = holds[k], bits[k], lacks[k], weight[k]
        workers, persons = np.int32((lack >> _17) & _SEVEN), np.int32((lack >> _24) & _SEVEN)
        fits = (np.int32(now & status) != none) & (np.int32(now & category) != none) & (np.int32(now & cause) != none)
        fits = (
            fits
            & (income[k] < below)
            & (np.int32(lack & failing) != none)
            & (workers >= least)
            & (workers <= most)
            & (persons >= heads)
        )
        fits = fits & (np.int32((held & holding) | free) != none) & (np.int32(held & not_holding) == none)
        served = np.int32((held & bit) | (had[k] & lasting)) != none
        eligible = np.int32(eligible + (units if fits | served else none))
        so_far = np.int32(so_far + (units if served else none))
        may = fits & (np.int32(held & bit) == none) & (np.int32(now & trait) != none)
        chosen[k] = _1 if may else none
    standing[0] += eligible
    standing[1] += so_far
    filled = 0
    for k in range(candidates):
        out[filled] = k
        filled += np.int64(chosen[k])
    return filled


@inlined
def apply_for(
    home: Home, state: State, scratch: Scratch, count: int, measure: int, ask: tuple[Longs, Floats], rank: Shorts,
    key: Words, spot: Spot, rows: Records, begin: int,
) -> int:  # fmt: skip
    """Let those who may apply decide by luck, and write down who does, with its cost and place in the queue.

    Parameters are those of :func:`list_applicants`, which has listed who may apply. Applications are for the year after
    ``spot.year``, with that year's luck: lane 0 decides who applies, lane 1 a random order.

    Returns
    -------
    int
        Rows of ``rows`` filled now.
    """
    who, figures = ask
    s = spot.scenario
    may, place, holds = scratch.ints[at.BIN], scratch.ints[at.PLACE], scratch.ints[at.HOLDS_OF]
    keys, filled, key_of = scratch.key[:count], begin, home.key
    for m in range(count):
        keys[m] = key_of[place[may[m]]]
    fill_uniforms(key, spot.draw, spot.origin + spot.year + 1, keys, scratch.floats, at.FOUR)
    applies, order, incomes = scratch.floats[at.FOUR], scratch.floats[at.FOUR + 1], scratch.floats[at.CANDIDATE_INCOME]
    take_up, priority, unlimited = figures[at.TAKE_UP], who[at.PRIORITY], who[at.DECIDES] == UNLIMITED
    cause, flags, traits, weight = state.small[s, at.CAUSE], state.bits[s, at.FLAGS], home.traits, home.weight
    cost, standard = figures[at.FIRST_COST : at.FIRST_COST + 6], figures[at.STANDARD]
    for m in range(count):
        if applies[m] < take_up:
            k = may[m]
            i = np.int64(place[k])
            row = rows[filled]
            row["place"] = np.int32(i)
            row["measure"] = np.int8(measure)
            row["granted"] = np.int8(1 if unlimited else 0)
            if unlimited:
                holds[k] |= np.int32(1) << measure
            else:
                row["key"] = sort_key(incomes[k], rank[cause[i]], priority, order[m])
                newly = f32(1.0) if (flags[i] & at.NEWLY_DISABLED) != 0 else f32(0.0)
                lacking = max(standard - incomes[k], f32(0.0))
                yuan = cost[0] + f32(traits[at.PERSONS, i]) * (cost[1] + cost[2] * lacking)
                yuan += cost[3] * f32(traits[at.STUDENTS, i]) + cost[4] * f32(traits[at.ILL, i])
                yuan += cost[5] * (f32(traits[at.DISABLED, i]) + newly)
                row["cost"] = np.int64(np.ceil(yuan)) * weight[i]
            filled += 1
    return filled


EVERYBODY = np.uint32(0xFFFFFFFF)
_DIGITS = ((21, 11), (11, 10), (0, 11))


@compiled
def cut_off(key: Words, amount: Longs, limit: int) -> tuple[np.uint32, int]:
    """Find how far applications can be granted in order of priority within a limit.

    Parameters
    ----------
    key : array of uint32, shape (n,)
        Small goes first; ties go by the order of the arrays, which is by household.
    amount : array of int, shape (n,)
        What each application uses of the limit.
    limit : int
        Below zero nothing is granted.

    Returns
    -------
    tuple of (uint32, int)
        A key and a position: granted are the smaller keys, and those with this key up to the position (-1: none of
        them). That is the longest run of applications, in order, whose sum stays within the limit.

    Examples
    --------
    >>> keys, amounts = np.array([3, 1, 2], np.uint32), np.array([5, 5, 5])
    >>> [int(part) for part in cut_off(keys, amounts, 10)]
    [3, -1]
    """
    n = key.shape[0]
    if limit < 0 or n == 0:
        return np.uint32(0), -1
    total = np.int64(0)
    for k in range(n):
        total += amount[k]
    if total <= limit:
        return EVERYBODY, n - 1
    # a search by digits: only keys that share the digit where the limit is crossed are looked at again
    low, left = np.int64(0), np.int64(limit)
    for shift, width in _DIGITS:
        low, left = _narrow(key, amount, low, shift, width, left)
    position = -1
    for k in range(n):
        if np.int64(key[k]) == low:
            if amount[k] > left:
                break
            left -= amount[k]
            position = k
    return np.uint32(low), position


@inlined
def _narrow(key: Words, amount: Longs, low: int, shift: int, width: int, left: int) -> tuple[int, int]:
    """Add the digit where the limit is crossed to the key so far; return it and what is left of the limit before it."""
    used = np.zeros(1 << width, dtype=np.int64)
    above, mask = shift + width, (1 << width) - 1
    for k in range(key.shape[0]):
        word = np.int64(key[k])
        if word >> above == low >> above:
            used[(word >> shift) & mask] += amount[k]
    digit = 0
    while digit < mask and used[digit] <= left:
        left -= used[digit]
        digit += 1
    return low | (digit << shift), left


@internal
def decide_in_village(rows: Records, run: tuple[int, int], weight: Ints, who: Longs, standing: Longs) -> None:
    """Grant the applications of one village for a measure whose capacity is the village's own.

    Parameters
    ----------
    rows : array of APPLICATION
        ``granted`` is set.
    run : tuple of int
        Where the measure's applications begin and end.
    weight : array
        Count units of the block's households.
    who : array
        The measure's conditions.
    standing : array, shape (3,)
        Count units eligible, served, yuan of running support.
    """
    begin, end = run
    key, amount = np.empty(end - begin, dtype=np.uint32), np.empty(end - begin, dtype=np.int64)
    for k in range(end - begin):
        key[k] = rows[begin + k]["key"]
        amount[k] = (
            rows[begin + k]["cost"] if who[at.LIMIT_KIND] == BUDGET else np.int64(weight[rows[begin + k]["place"]])
        )
    last, position = cut_off(key, amount, room_left(who[at.LIMIT_KIND], who[at.LIMIT], standing))
    for k in range(end - begin):
        if key[k] < last or (key[k] == last and k <= position):
            rows[begin + k]["granted"] = np.int8(1)


@compiled
def room_left(kind: int, limit: int, standing: Longs) -> int:
    """Return how much of a measure's own limit new applications may use: count units, or yuan.

    A share is given in millionths, so that it is compared exactly.
    """
    if kind == SHARE:
        return (limit * standing[0]) // 1_000_000 - standing[1]
    if kind == BUDGET:
        return limit - standing[2]
    return limit
