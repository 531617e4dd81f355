"""Loops behind veto attribution: counting who blocks whom, roll-ups over all subsets of rules, measured verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np

from povsim.compiled import compiled

MOST_ENUMERATED = 16
"""Rules up to which all subsets are gone through."""


@compiled
def _add_unit(own: Any, size: Any, weight: Any, singles: Any, pairs: Any) -> None:
    """Count a unit blocked by the first ``size`` rules of ``own`` with each of them and each pair."""
    for a in range(size):
        singles[own[a], size] += weight
        for b in range(a + 1, size):
            pairs[own[a], own[b], size] += weight


@compiled
def count_flags(blocked: Any, weight: Any, singles: Any, pairs: Any) -> None:
    """Add units (unit, veto) to ``singles`` (veto, size) and ``pairs`` (veto, veto, size), size being the rules hit."""
    own = np.zeros(blocked.shape[1] + 1, dtype=np.int64)
    for unit in range(blocked.shape[0]):
        size: Any = 0
        for veto in range(blocked.shape[1]):
            own[size] = veto
            size += np.int64(blocked[unit, veto])
        _add_unit(own, size, weight[unit], singles, pairs)


@compiled
def count_patterns(patterns: Any, weight: Any, group: Any, singles: Any, pairs: Any) -> None:
    """Add patterns (row) to the ``singles`` (group, veto, size) and ``pairs`` (group, veto, veto, size) of a group."""
    own = np.zeros(singles.shape[1] + 1, dtype=np.int64)
    for row in range(patterns.size):
        left, veto = patterns[row], 0
        size: Any = 0
        while left != 0:
            own[size] = veto
            size += np.int64(left & np.uint64(1))
            left >>= np.uint64(1)
            veto += 1
        _add_unit(own, size, weight[row], singles[group[row]], pairs[group[row]])


# ---- roll-ups: an area fails when too large a share of its persons fails any rule ----


@compiled
def own_rules(patterns: Any, own: Any) -> Any:
    """List in ``own`` the rules that occur in an area's patterns, and return how many there are."""
    seen = np.uint64(0)
    for pattern in patterns:
        seen |= pattern
    size, veto = 0, 0
    while seen != 0:
        if seen & np.uint64(1):
            own[size] = veto
            size += 1
        seen >>= np.uint64(1)
        veto += 1
    return size


@compiled
def _local(pattern: Any, own: Any, size: Any) -> Any:
    """Return a pattern in the bits of an area's own rules."""
    found: Any = 0
    for place in range(size):
        found |= np.int64((pattern >> np.uint64(own[place])) & np.uint64(1)) << place
    return found


@compiled
def spared_by(patterns: Any, counts: Any, own: Any, size: Any, spared: Any) -> None:
    """Fill ``spared`` (subset): persons who fail nothing outside the subset; sums over subsets, rule by rule."""
    full = 1 << size
    spared[:full] = 0
    dense = size > 0 and own[size - 1] == size - 1
    for row in range(patterns.size):
        place = np.int64(patterns[row]) if dense else _local(patterns[row], own, size)
        spared[place] += counts[row]
    for place in range(size):
        half = 1 << place
        for start in range(0, full, 2 * half):
            low, high = spared[start : start + half], spared[start + half : start + 2 * half]
            for i in range(half):
                high[i] += low[i]


@compiled
def fails_limit(bad: Any, everybody: Any, limit: Any) -> Any:
    """Tell whether bad / everybody is too large; ``limit`` is numerator, denominator and 1 where equality passes."""
    left, right = bad * limit[1], everybody * limit[0]
    return left > right or (left == right and limit[2] == 0)


@compiled
def _coefficients(size: Any, out: Any) -> None:
    """Fill ``out`` (subset) with s! (n - s - 1)! of its size s: shares are sums of whole numbers, over n!."""
    factorial = np.ones(size + 1, dtype=np.int64)
    for n in range(1, size + 1):
        factorial[n] = factorial[n - 1] * n
    for subset in range(1 << size):
        members, left = 0, subset
        while left:
            members += left & 1
            left >>= 1
        out[subset] = factorial[members] * factorial[size - members - 1] if members < size else 0


@compiled
def _swings(failing: Any, coefficient: Any, half: Any, full: Any) -> Any:
    """Sum the coefficients of the subsets that fail only once the rule of weight ``half`` joins them."""
    total = np.int64(0)
    for start in range(0, full, 2 * half):
        without, joined = failing[start : start + half], failing[start + half : start + 2 * half]
        weights = coefficient[start : start + half]
        for i in range(half):
            total += weights[i] & -(joined[i] - without[i])
    return total


@compiled
def _mark_failing(spared: Any, full: Any, everybody: Any, limit: Any, failing: Any) -> None:
    """Set ``failing`` (subset of rules in force) to 1 where an area fails."""
    for subset in range(full):
        bad = everybody - spared[full - 1 - subset]
        failing[subset] = 1 if fails_limit(bad, everybody, limit) else 0


@compiled
def _area_shares(failing: Any, coefficient: Any, own: Any, size: Any, out: Any) -> None:
    """Fill ``out`` (3, veto) for one area: Shapley share, fails by this rule alone, passes without it."""
    full = 1 << size
    for place in range(size):
        half, veto = 1 << place, own[place]
        out[0, veto] = _swings(failing, coefficient, half, full) / (coefficient[0] * size)
        out[1, veto] = failing[half]
        out[2, veto] = failing[full - 1] - failing[full - 1 - half]


@compiled
def rollup_shares(patterns: Any, counts: Any, starts: Any, limit: Any, out: Any) -> None:
    """Fill ``out`` (area, 3, veto): Shapley share of the failing, fails by this rule alone, passes without it.

    Rows of an area are ``starts[a]`` to ``starts[a + 1]``. Areas with too many rules are left alone.
    """
    room, own = 1 << MOST_ENUMERATED, np.zeros(64, dtype=np.int64)
    spared, failing, coefficient = (
        np.zeros(room, dtype=np.int64),
        np.zeros(room, dtype=np.int64),
        np.zeros(room, dtype=np.int64),
    )
    ready = -1
    for area in range(starts.size - 1):
        rows = slice(starts[area], starts[area + 1])
        size = own_rules(patterns[rows], own)
        if size > MOST_ENUMERATED:
            continue
        if size != ready:
            ready = size
            _coefficients(size, coefficient)
        full = 1 << size
        spared_by(patterns[rows], counts[rows], own, size, spared)
        _mark_failing(spared, full, spared[full - 1], limit, failing)
        if failing[full - 1] != failing[0]:
            _area_shares(failing, coefficient, own, size, out[area])


@compiled
def _first_places(patterns: Any, counts: Any, place_of: Any, hit: Any) -> None:
    """Fill ``hit`` (place in an order): persons whom the rule at that place is the first to block."""
    hit[:] = 0
    for row in range(patterns.size):
        left, veto, first = patterns[row], 0, place_of.size
        while left != 0:
            if left & np.uint64(1):
                first = min(first, place_of[veto])
            left >>= np.uint64(1)
            veto += 1
        if first < place_of.size:
            hit[first] += counts[row]


@compiled
def pivotal_rules(rows: Any, starts: Any, orders: Any, limit: Any, out: Any) -> None:
    """Fill ``out`` (order, area) with the rule whose joining makes an area fail, -1 for none.

    ``rows`` is (patterns, counts); ``orders`` (order, veto) holds rules in the order they join.
    """
    patterns, counts = rows
    vetoes = orders.shape[1]
    hit, place_of = np.zeros(vetoes, dtype=np.int64), np.zeros(vetoes, dtype=np.int64)
    for number in range(orders.shape[0]):
        for place in range(vetoes):
            place_of[orders[number, place]] = place
        for area in range(starts.size - 1):
            own = slice(starts[area], starts[area + 1])
            everybody, bad = counts[own].sum(), np.int64(0)
            _first_places(patterns[own], counts[own], place_of, hit)
            out[number, area] = -1
            if fails_limit(bad, everybody, limit):
                continue
            for place in range(vetoes):
                bad += hit[place]
                if fails_limit(bad, everybody, limit):
                    out[number, area] = orders[number, place]
                    break


# ---- cures: the cheapest rules to mend so that an area passes ----


@compiled
def cheapest_subset(spared: Any, cost: Any, size: Any, limit: Any, price: Any) -> Any:
    """Return the cheapest subset of an area's own rules whose cure lets it pass; -1 where none does.

    ``price`` is room for the costs of subsets. Of equally dear subsets the one with fewer rules, then the first.
    """
    full, best, fewest = 1 << size, -1, size + 1
    everybody, price[0] = spared[full - 1], 0.0
    for subset in range(full):
        members, low = 0, -1
        for place in range(size):
            if (subset >> place) & 1:
                members += 1
                low = place if low < 0 else low
        if low >= 0:
            price[subset] = price[subset ^ (1 << low)] + cost[low]
        if fails_limit(everybody - spared[subset], everybody, limit):
            continue
        if best < 0 or price[subset] < price[best] or (price[subset] == price[best] and members < fewest):
            best, fewest = subset, members
    return best


# ---- measured verdicts: independent chances of failing each rule ----


@compiled
def _others(chance: Any, t: Any, out: Any) -> Any:
    """Fill ``out`` (veto) with the product over the other rules of 1 - p + p t; return the product over all."""
    before = 1.0
    for veto in range(chance.size):
        out[veto] = before
        before *= 1.0 - chance[veto] + chance[veto] * t
    after = 1.0
    for veto in range(chance.size - 1, -1, -1):
        out[veto] *= after
        after *= 1.0 - chance[veto] + chance[veto] * t
    return before


@compiled
def expected_shares(chance: Any, weight: Any, nodes: Any, parts: Any, out: Any) -> Any:
    """Add expected any hit, sole blocker and Shapley share to ``out`` (3, veto); return the chance of passing (unit).

    ``nodes`` and ``parts`` are those of a Gauss-Legendre rule between 0 and 1.
    """
    others = np.empty(chance.shape[1])
    passing = np.empty(chance.shape[0])
    for unit in range(chance.shape[0]):
        heads, own = weight[unit], chance[unit]
        passing[unit] = _others(own, 0.0, others)
        for veto in range(own.size):
            out[0, veto] += heads * own[veto]
            out[1, veto] += heads * own[veto] * others[veto]
        for node in range(nodes.size):
            _others(own, nodes[node], others)
            for veto in range(own.size):
                out[2, veto] += heads * parts[node] * own[veto] * others[veto]
    return passing


# ---- curves ----


@compiled
def _before(values: Any, wanted: Any, equal: Any) -> Any:
    """Return how many of the rising values lie below ``wanted``; ``equal``: or on it."""
    low, high = 0, values.size
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted or (equal and values[middle] == wanted):
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def read_steps(steps: Any, starts: Any, wanted: Any, kinds: Any, out: Any) -> None:
    """Fill ``out`` (veto, point) with the weight excluded by each rule at each threshold.

    ``steps`` is (values, sums) as curves keep them; ``kinds`` are places in (">", ">=", "<", "<="), as a value passes.
    """
    values, sums = steps
    for veto in range(starts.size - 1):
        own, first = values[starts[veto] : starts[veto + 1]], starts[veto] + veto
        upper, equal = kinds[veto] >= 2, kinds[veto] == 0 or kinds[veto] == 3
        for point in range(wanted.shape[1]):
            below = sums[first + _before(own, wanted[veto, point], equal)]
            out[veto, point] = sums[first + own.size] - below if upper else below
