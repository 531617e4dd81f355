"""The best split of a budget over sampled levels of measures, with interactions: a whole-number programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

Floats = npt.NDArray[np.float64]
Split = tuple[int, ...]
"""Which level of each measure."""


@dataclass(frozen=True)
class Responses:
    """What levels of measures do and cost, as differences from the plan.

    Attributes
    ----------
    gain, cost : tuple of array
        A measure each: by level, against the plan; the plan's own level has 0.
    pair_gain, pair_cost : mapping of (measure, measure) to array
        What two levels do or cost together beyond the sum of both; (level, level), measures in rising order.
    base_cost : float
        What the plan costs.
    """

    gain: tuple[Floats, ...]
    cost: tuple[Floats, ...]
    base_cost: float
    pair_gain: Mapping[tuple[int, int], Floats] = field(default_factory=dict)
    pair_cost: Mapping[tuple[int, int], Floats] = field(default_factory=dict)

    def of(self, split: Sequence[int]) -> tuple[float, float]:
        """Return the gain over the plan and the cost that are expected of a split."""
        gain = sum(float(one[level]) for one, level in zip(self.gain, split, strict=True))
        cost = self.base_cost + sum(float(one[level]) for one, level in zip(self.cost, split, strict=True))
        for one, two in self.pair_gain:
            gain += float(self.pair_gain[one, two][split[one], split[two]])
            cost += float(self.pair_cost[one, two][split[one], split[two]])
        return gain, cost


def best_split(responses: Responses, budget: float, excluded: Sequence[Split] = ()) -> Split | None:
    """Return the split with the largest expected gain within a budget; nothing where none fits.

    Parameters
    ----------
    responses : Responses
        Of every level.
    budget : float
        Most that may be spent, in the unit of the costs.
    excluded : sequence of tuple of int
        Splits that are not wanted.

    Returns
    -------
    tuple of int, or None
        The level of each measure.

    Notes
    -----
    One yes-or-no unknown for each level; each pair of levels that interact has a share that is the product of both,
    by the transport form (its sums over either side are the other side's unknowns), so the programme is exact. Solved
    by HiGHS through ``scipy.optimize.milp``.

    Examples
    --------
    >>> two = Responses((np.array([0.0, 3.0]), np.array([0.0, 2.0])), (np.array([0.0, 5.0]), np.array([0.0, 4.0])), 0.0)
    >>> best_split(two, 5.0), best_split(two, 9.0), best_split(two, -1.0)
    ((1, 0), (1, 1), None)
    """
    return _solved(responses, budget, excluded, responses.gain, responses.pair_gain)


def least_cost(responses: Responses) -> float:
    """Return what the cheapest split is expected to cost.

    Examples
    --------
    >>> least_cost(Responses((np.zeros(2),), (np.array([-4.0, 0.0]),), 10.0))
    6.0
    """
    saved = tuple(-one for one in responses.cost)
    pairs = {pair: -both for pair, both in responses.pair_cost.items()}
    split = _solved(responses, np.inf, (), saved, pairs)
    assert split is not None
    return responses.of(split)[1]


def _solved(
    responses: Responses,
    budget: float,
    excluded: Sequence[Split],
    gain: tuple[Floats, ...],
    pair_gain: Mapping[tuple[int, int], Floats],
) -> Split | None:
    sizes = [len(one) for one in responses.gain]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    pairs = list(responses.pair_gain)
    singles = int(starts[-1])
    places = singles + np.concatenate([[0], np.cumsum([sizes[one] * sizes[two] for one, two in pairs])]).astype(int)
    worth = np.concatenate([*gain, *(pair_gain[pair].ravel() for pair in pairs)])
    price = np.concatenate([*responses.cost, *(responses.pair_cost[pair].ravel() for pair in pairs)])
    rules = [_one_level_each(starts, len(worth)), *_products(sizes, starts, pairs, places)]
    if np.isfinite(budget):
        unit = np.abs(price).max() or 1.0
        rules.append(LinearConstraint(price[np.newaxis] / unit, -np.inf, (budget - responses.base_cost) / unit))
    for split in excluded:
        row = np.zeros((1, len(worth)))
        row[0, [starts[place] + level for place, level in enumerate(split)]] = 1
        rules.append(LinearConstraint(row, -np.inf, len(sizes) - 1))
    whole = np.concatenate([np.ones(singles), np.zeros(len(worth) - singles)])
    # Figures of very different sizes would strain the solver's tolerances.
    scale = np.abs(worth).max() or 1.0
    solved = milp(
        -worth / scale, integrality=whole, bounds=Bounds(0, 1), constraints=rules, options={"mip_rel_gap": 0.0}
    )
    if solved.x is None:
        return None
    chosen = [int(np.argmax(solved.x[starts[one] : starts[one + 1]])) for one in range(len(sizes))]
    return tuple(chosen)


def _one_level_each(starts: npt.NDArray[np.int64], columns: int) -> LinearConstraint:
    rows = np.zeros((len(starts) - 1, columns))
    for one in range(len(starts) - 1):
        rows[one, starts[one] : starts[one + 1]] = 1
    return LinearConstraint(rows, 1, 1)


def _products(
    sizes: Sequence[int],
    starts: npt.NDArray[np.int64],
    pairs: Sequence[tuple[int, int]],
    places: npt.NDArray[np.int64],
) -> list[LinearConstraint]:
    """Tie each pair's shares to the levels of both measures."""
    cells: list[tuple[int, int, float]] = []
    row = 0
    for (one, two), place in zip(pairs, places, strict=False):
        grid = place + np.arange(sizes[one] * sizes[two]).reshape(sizes[one], sizes[two])
        for start, lines in ((starts[one], grid), (starts[two], grid.T)):
            for level, line in enumerate(lines):
                cells += [(row, int(column), 1.0) for column in line]
                cells.append((row, int(start) + level, -1.0))
                row += 1
    if not cells:
        return []
    lines_, columns, values = zip(*cells, strict=True)
    matrix = coo_matrix((values, (lines_, columns)), shape=(row, int(places[-1])))
    return [LinearConstraint(matrix.tocsr(), 0, 0)]
