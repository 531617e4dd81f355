"""Totals that a scenario ties: before a year's tests all blocks meet, and incomes or the exit bar give way.

Mean income is met by one factor on what every household earns, the number of exits by the multiple of the income line
that a household has to be seen above. Both are reported, as what the simulation had to be stretched by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from povsim import layout as at
from povsim.arithmetic import exp32
from povsim.compiled import compiled, f32
from povsim.draws import fill_uniforms, to_normals
from povsim.exits import seen_passing, stage_that_catches, test_village
from povsim.layout import Block, Floats, Home, Ints, Longs, Scratch, State
from povsim.measures.frame import Spot
from povsim.scenario import Scenario
from povsim.tables import TOTALS, Tables
from povsim.terms import Status
from povsim.worker import Held, Turn, Worker
from povsim.year import DECISIONS, Figures

Each = Callable[[Callable[[int], Any], Sequence[int]], list[Any]]
"""A map over blocks, on threads where there are several."""
Ties = Mapping[int, Mapping[int, Mapping[str, float]]]
"""Year's index, scenario's position, total: figure to meet."""
_WAGE, _GROSS, _COST, _RENT = 0, at.GROSS - at.WAGE, at.COST - at.WAGE, at.PROPERTY_INCOME - at.WAGE
_TRANSFERS = slice(at.TRANSFER_INCOME - at.WAGE, at.ONE_OFF - at.WAGE + 1)
_INSPECTION = DECISIONS.index("inspection") - len(DECISIONS)
_REGISTERED, _RELAPSED = int(Status.registered), int(Status.relapsed)
_MOST_YUAN = 2e9
"""A household's amounts are counted as whole yuan in 32 bits."""
_TRIES = 8
_NOT_POOR = False
_FARTHEST = int(f32(1e30).view(np.int32))
_UNSTRETCHED = int(f32(1.0).view(np.int32))


def ties_of(scenarios: Sequence[Scenario]) -> Ties:
    """Return what scenarios tie, by year.

    Parameters
    ----------
    scenarios : sequence of Scenario
        Of one run.

    Returns
    -------
    mapping
        Index of the year, position of the scenario and total to the figure: persons, or yuan per head and year. Years
        outside the run are left out, as are years and scenarios that tie nothing.

    Examples
    --------
    >>> import povsim
    >>> exits = {"total": "exits", "name_zh": "脱贫", "name_en": "exits", "value": {"value": {2016: 30, 2018: 20},
    ...          "unit": "persons", "source": "made up", "status": "assumed"}}
    >>> ties_of([povsim.read_scenario("sample"), povsim.read_scenario("sample", overrides={"alignment": [exits]})])
    {0: {1: {'exits': 30.0}}, 2: {1: {'exits': 20.0}}}
    """
    ties: dict[int, dict[int, dict[str, float]]] = {}
    for place, scenario in enumerate(scenarios):
        for item in scenario.alignment:
            path = item.value.value
            assert isinstance(path, dict)
            for index, year in enumerate(scenario.span):
                if year in path:
                    ties.setdefault(index, {}).setdefault(place, {})[item.total] = float(path[year])
    return dict(sorted(ties.items()))


@dataclass(frozen=True)
class Aligner:
    """A meeting of all blocks in mid-year; ``held`` and ``blocks`` are in the same order."""

    blocks: Sequence[Block]
    held: Sequence[Held]
    turn: Turn
    workspace: Callable[[], Worker]
    each: Each
    tables: Tables

    def align(self, ties: Mapping[int, Mapping[str, float]]) -> None:
        """Begin the year of the scenarios that tie a total of it, and meet what they tie: incomes first."""
        self._of_blocks(lambda place: self.workspace().halt(*self._block(place), self.turn, list(ties)))
        for scenario, goals in ties.items():
            if "mean_income" in goals:
                self._meet_income(scenario, goals["mean_income"])
            if "exits" in goals:
                self._meet_exits(scenario, goals["exits"])

    def _block(self, place: int) -> tuple[Block, Held]:
        return self.blocks[place], self.held[place]

    def _of_blocks(self, function: Callable[[int], Any]) -> list[Any]:
        return self.each(function, range(len(self.blocks)))

    def _meet_income(self, scenario: int, goal: float) -> None:
        flows = [held.halted[scenario].flows for held in self.held]
        heads = sum(self._of_blocks(lambda place: _persons_in(self.blocks[place].home)))
        most = max(self._of_blocks(lambda place: float(np.abs(flows[place][: _COST + 1]).max(initial=0.0))))

        def count(factor: float) -> Longs:
            parts = self._of_blocks(lambda place: count_income(flows[place], self.blocks[place].home.weight, factor))
            total: Longs = np.sum(parts, axis=0)
            return total

        factor, reached = find_factor(count, round(goal * heads), _MOST_YUAN / max(most, 1.0))
        self._of_blocks(lambda place: scale_earned(flows[place], factor))
        self._report(scenario, "mean_income", factor, goal - reached / max(heads, 1))

    def _meet_exits(self, scenario: int, goal: float) -> None:
        figures, index = self.turn.draw.figures, self.turn.index
        parts = self._of_blocks(lambda place: self._weigh(place, scenario))
        income, heads, units = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        line, strict = figures.yearly[scenario, index, at.LINE], figures.masks[scenario, at.STRICT] == 1
        bar, reached = find_bar(Candidates(income, heads, units), line, goal, strict=bool(strict))
        figures.yearly[scenario, index, at.EXIT_BAR] = bar
        self._report(scenario, "exits", float(bar), goal - reached)

    def _weigh(self, place: int, scenario: int) -> Candidates:
        """Return the households of a block that could be declared out, from the flows as they now are."""
        (block, held), worker, turn = self._block(place), self.workspace(), self.turn
        worker.put_back(block, held, scenario)
        out = Candidates(np.empty(block.size, f32), np.empty(block.size, f32), np.empty(block.size, np.int64))
        when = (scenario, turn.index, turn.draw.number, turn.draw.rules[scenario].origin)
        found = weigh_candidates(block.home, held.state, worker.scratch, turn.draw.figures, when, out)
        return Candidates(out.income[:found].copy(), out.heads[:found].copy(), out.units[:found].copy())

    def _report(self, scenario: int, total: str, stretch: float, missed: float) -> None:
        place = (scenario, self.turn.draw.position, self.turn.index, TOTALS.index(total))
        self.tables.stretch[place], self.tables.missed[place] = stretch, missed


def _persons_in(home: Home) -> int:
    return int(home.traits[at.PERSONS].astype(np.int64) @ home.weight.astype(np.int64))


def count_income(flows: Floats, weight: Ints, factor: float) -> Longs:
    """Count a block's income in whole yuan, as the statistics do, were what is earned a multiple of what it is.

    Parameters
    ----------
    flows : array, shape (10, n)
        A year's flows in yuan per household, rows from WAGE on.
    weight : array, shape (n,)
        Households that a row stands for.
    factor : float
        The multiple.

    Returns
    -------
    array of int64, shape (2,)
        What is earned (wages and net business income), and the rest (property income and transfers), in yuan.

    Examples
    --------
    >>> flows = np.zeros((10, 2), np.float32)
    >>> flows[0], flows[1], flows[2], flows[4] = 1000.4, 500, 100, [30, 0]
    >>> count_income(flows, np.array([1, 2], np.int32), 2.0).tolist()
    [8403, 30]
    """
    units = weight.astype(np.int64)
    wage, gross, cost = (_times(flows[row], factor) for row in (_WAGE, _GROSS, _COST))
    transfer, pension, dibao, one_off = flows[_TRANSFERS]
    earned = _whole(wage) + _whole(gross - cost)
    rest = _whole(flows[_RENT]) + _whole(transfer + pension + dibao + one_off)
    return np.array([earned @ units, rest @ units])


def scale_earned(flows: Floats, factor: float) -> None:
    """Multiply wages, gross business income and production cost, in place."""
    for row in (_WAGE, _GROSS, _COST):
        flows[row] = _times(flows[row], factor)


def _times(amount: Floats, factor: float) -> Floats:
    # in double precision: a factor in single precision would be too coarse for the sum over a county
    return (amount * np.float64(factor)).astype(f32)


def _whole(amount: Floats) -> Longs:
    rounded: Longs = np.floor(amount + f32(0.5)).astype(np.int64)
    return rounded


def find_factor(count: Callable[[float], Longs], goal: int, most: float) -> tuple[float, int]:
    """Find the multiple of what is earned at which income adds up to a sum.

    Each household's amounts are rounded to whole yuan before they are added up, so the sum moves in small steps: after
    the first, proportional step the rest is corrected while that brings the sum nearer.

    Parameters
    ----------
    count : callable
        Earned income and the rest at a multiple, yuan.
    goal : int
        Yuan in all.
    most : float
        Largest multiple that may be used.

    Returns
    -------
    tuple of (float, int)
        The multiple, 1 where nothing is earned, and the sum it leads to.

    Examples
    --------
    >>> find_factor(lambda factor: np.array([round(1000 * factor), 200]), 1700, 100.0)
    (1.5, 1700)
    >>> find_factor(lambda factor: np.array([round(1000 * factor), 200]), 100, 100.0)
    (0.0, 200)
    """
    earned, rest = count(1.0).tolist()
    best, nearest, factor = 1.0, earned + rest, 1.0
    reached = nearest
    for _ in range(_TRIES):
        if earned <= 0 or reached == goal:
            break
        factor = min(max(factor + (goal - reached) / earned, 0.0), most)
        reached = int(count(factor).sum())
        if abs(goal - reached) >= abs(goal - nearest):
            break
        best, nearest = factor, reached
    return best, nearest


class Candidates(NamedTuple):
    """Households that are declared out if they are seen above the bar."""

    income: Floats  # as seen, yuan per household
    heads: Floats  # persons
    units: Longs  # persons that the row stands for


@compiled
def weigh_candidates(
    home: Home, state: State, scratch: Scratch, figures: Figures, when: tuple[int, int, int, int], out: Candidates
) -> int:
    """List the registered households that nothing but the bar keeps from being declared out.

    They are seen to have every guarantee that is a veto, for enough years, and no check catches them.

    Parameters
    ----------
    home, state, scratch
        The block, its flows in the scratch.
    figures : Figures
        The draw's numbers.
    when : tuple of int
        Scenario, index of the year, draw, calendar year of code 0.
    out : Candidates
        Filled, in the order of households.

    Returns
    -------
    int
        How many were found.
    """
    s, y, draw, origin = when
    yearly, masks, key = figures.yearly[s, y], figures.masks[s], figures.keys[figures.keys.shape[0] + _INSPECTION]
    floats, terms = scratch.floats, yearly[at.INSPECT_TERMS : at.INSPECT_TERMS + 6]
    catches, vetoes = yearly[at.CATCH_TERMS : at.CATCH_TERMS + masks[at.STAGE_COUNT]], masks[at.VETOES]
    sd, centre, needed = terms[0], f32(0.5) * terms[0] * terms[0], np.int64(terms[5])
    found = 0
    for v in range(home.bounds.shape[0] - 1):
        low, high = home.bounds[v], home.bounds[v + 1]
        fill_uniforms(key, draw, origin + y + 1, home.key[low:high], floats, at.INSPECTION_LUCK)
        to_normals(floats, at.INSPECTION_LUCK, high - low)
        test_village(
            home, state, scratch, yearly, masks, yearly[at.LINE], Spot(s, low, high, low, y + 1, origin, draw, 0, v), 1
        )
        for i in range(low, high):
            status, pattern = state.small[s, at.STATUS, i], int(scratch.marks[at.PATTERN, i])
            if status != _REGISTERED and status != _RELAPSED:
                continue
            if min(state.small[s, at.ABOVE, i] + 1, 99) < needed:
                continue
            if not seen_passing(pattern, _NOT_POOR, vetoes, terms, floats[at.INSPECTION_LUCK + 1, i - low]):
                continue
            if (pattern & vetoes) != 0 and stage_that_catches(catches, floats[at.INSPECTION_LUCK + 3, i - low]) >= 0:
                continue
            persons = home.traits[at.PERSONS, i]
            out.income[found] = floats[at.COUNTED, i] * exp32(sd * floats[at.INSPECTION_LUCK, i - low] - centre)
            out.heads[found] = f32(persons)
            out.units[found] = np.int64(persons) * home.weight[i]
            found += 1
    return found


def find_bar(candidates: Candidates, line: np.float32, goal: float, *, strict: bool) -> tuple[np.float32, int]:
    """Find the multiple of the line to be seen above at which the most persons within a total are declared out.

    Parameters
    ----------
    candidates : Candidates
        Who may be declared out.
    line : float32
        Yuan per head.
    goal : float
        Persons; where all candidates are fewer, all are declared out.
    strict : bool
        Whether income has to be above the bar, not only at it.

    Returns
    -------
    tuple of (float32, int)
        The multiple, of all that lead to the same persons the one nearest to 1, and the persons.

    Examples
    --------
    >>> three = Candidates(np.float32([2000, 9000, 6000]), np.ones(3, np.float32), np.array([5, 3, 4]))
    >>> [find_bar(three, np.float32(3000), goal, strict=False) for goal in (7.0, 6.0, 100.0)]
    [(np.float32(1.0), 7), (np.float32(2.0000002), 3), (np.float32(0.6666667), 12)]
    """

    def declared(rank: int) -> int:
        # the engine's own comparison, to the bit
        with np.errstate(over="ignore"):
            needed = line * _ranked(rank) * candidates.heads
        passing = candidates.income > needed if strict else candidates.income >= needed
        return int(candidates.units[passing].sum())

    lowest = _first(lambda rank: declared(rank) <= goal, -_FARTHEST, _FARTHEST)
    best = declared(lowest)
    if declared(_UNSTRETCHED) == best:
        return f32(1.0), best
    if lowest > _UNSTRETCHED:
        return _ranked(lowest), best
    return _ranked(_first(lambda rank: declared(rank) < best, lowest, _UNSTRETCHED) - 1), best


def _ranked(rank: int) -> np.float32:
    """Return the number with a rank in the order of all single-precision numbers, 0 for zero."""
    number = np.int32(abs(rank)).view(f32)
    return f32(number if rank >= 0 else -number)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first whole number between two at which something holds that holds from there on; ``high`` if none."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
