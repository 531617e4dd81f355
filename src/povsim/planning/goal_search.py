"""The search behind a goal seek: which value of a lever is the least that holds the goal often enough.

With common draws each draw has one margin for each value of the lever: how far its outcome is on the right side. The
goal holds with probability p over D draws exactly where the ``ceil(p D)``-th largest margin does, a figure that moves
smoothly with the lever although the probability moves in steps; so a bracket is narrowed by the secant of that figure,
and halved where the secant is slow. Most of the way is gone with few draws; what is answered held with all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from povsim.planning.goal_error import crossing_interval, wilson

Floats = npt.NDArray[np.float64]
Ask = Callable[[Sequence[int], int], Floats]
"""From positions on the ladder and a number of draws to margins, shape (position, draw)."""
Status = Literal["found", "everywhere", "unreachable", "no_effect"]
COARSE = 5
"""Values of the coarse grid, both ends included."""
PILOT = (10, 40)
"""Draws of the coarse grid: a tenth of all, but at least and at most these."""
FEW_STEPS = 4
"""So many secants before plain halving."""
FINEST = 0.02
"""Share of the range that a bracket is narrowed to at least; where margins are only flags, no further."""
REFINED = 17
"""Values of the grid where the response is not monotone."""
CHECKED = 6
"""Candidates tried with all draws there."""


@dataclass(frozen=True)
class Quest:
    """What is looked for.

    Attributes
    ----------
    values : array
        Values of the lever in rising order.
    probability : float
        Share of draws in which the goal is to hold.
    draws : int
        Draws in all.
    strict : bool
        Whether a margin of nothing fails.
    tolerance : float, optional
        Width of the last bracket, in units of the lever; a part of the simulation error if not given.
    now : float
        The plan's value: where the response is not monotone, the nearest is answered.
    """

    values: Floats
    probability: float
    draws: int
    strict: bool = False
    tolerance: float | None = None
    now: float = 0.0

    @property
    def pilot(self) -> int:
        """Draws of the coarse grid."""
        return min(self.draws, max(PILOT[0], min(self.draws // 10, PILOT[1])))

    def need(self, draws: int) -> int:
        """Return in how many of so many draws the goal has to hold."""
        return max(1, math.ceil(self.probability * draws - 1e-9))

    def held(self, margins: Floats) -> npt.NDArray[np.bool_]:
        """Tell which margins hold the goal."""
        return np.asarray(margins > 0 if self.strict else margins >= 0)

    @property
    def wide(self) -> float:
        """Range of the lever."""
        return float(self.values[-1] - self.values[0])


@dataclass(frozen=True)
class Tried:
    """A value that was tried."""

    position: int
    value: float
    draws: int
    held: int


@dataclass(frozen=True)
class Found:
    """What came of it.

    Attributes
    ----------
    status : {"found", "everywhere", "unreachable", "no_effect"}
        A value holds; all do; none does (the best is told); the lever moves nothing over the coarse grid.
    value, held : float, int
        The answer, or the best value, and in how many of all draws the goal holds there.
    low, high : float
        Values within which the probability is consistent with the one asked for, given the number of draws (95 %).
    direction : int
        1 where more of the lever helps, -1 where less does, 0 where neither is so throughout.
    tried : tuple of Tried
        All values tried, by value, with the largest number of draws each.
    """

    status: Status
    value: float
    held: int
    low: float
    high: float
    direction: int
    tried: tuple[Tried, ...]


@dataclass(frozen=True)
class _Notes:
    """Margins met so far, by position: of the coarse grid and with all draws."""

    quest: Quest
    ask: Ask
    coarse: dict[int, Floats] = field(default_factory=dict)
    full: dict[int, Floats] = field(default_factory=dict)

    def look(self, positions: Sequence[int]) -> None:
        """Try positions with few draws."""
        for place, row in zip(positions, self.ask(positions, self.quest.pilot), strict=True):
            self.coarse[place] = row

    def whole(self, positions: Sequence[int]) -> Floats:
        """Return margins over all draws, shape (position, draw)."""
        asked = [place for place in positions if place not in self.full]
        if asked:
            self.full.update(zip(asked, self.ask(asked, self.quest.draws), strict=True))
        return np.array([self.full[place] for place in positions])

    def count(self, position: int) -> int:
        """Return in how many of all draws the goal holds at a position."""
        return int(self.quest.held(self.whole([position])).sum())

    def x(self, position: int) -> float:
        return float(self.quest.values[position])

    def rank(self, margins: Floats) -> float:
        """Return the margin that decides: it holds exactly where the goal holds often enough."""
        need = self.quest.need(len(margins))
        return float(np.partition(margins, len(margins) - need)[len(margins) - need])

    def is_smooth(self) -> bool:
        """Tell whether margins say by how much, rather than only on which side."""
        rows = np.array(list(self.coarse.values()))
        return bool(np.isfinite(rows).all() and np.unique(rows).size > 3)

    def tried(self) -> tuple[Tried, ...]:
        rows = self.coarse | self.full
        return tuple(
            Tried(place, self.x(place), len(rows[place]), int(self.quest.held(rows[place]).sum()))
            for place in sorted(rows)
        )


def seek(quest: Quest, ask: Ask) -> Found:
    """Find the value of a lever at which a goal holds with a probability.

    Parameters
    ----------
    quest : Quest
        Values, probability, draws.
    ask : callable
        Margins of positions over the first draws; the same draws have the same luck at every position.

    Returns
    -------
    Found
        Where the response is monotone the least move that holds, within the last bracket; else the nearest value to
        the plan's among those tried that holds.

    Examples
    --------
    >>> luck = np.linspace(-0.5, 0.5, 100)
    >>> line = lambda places, draws: np.array([place / 10 - 5 + luck[:draws] for place in places])
    >>> found = seek(Quest(np.arange(101.0), 0.9, 100), line)
    >>> found.status, found.direction, abs(found.value - 54) <= 1
    ('found', 1, True)
    """
    notes = _Notes(quest, ask)
    grid = [int(place) for place in np.unique(np.linspace(0, len(quest.values) - 1, COARSE).round())]
    notes.look(grid)
    rows = np.array([notes.coarse[place] for place in grid])
    if (rows == rows[0]).all():
        # Few draws may be just those that the lever does not move: ends and grid are asked with all.
        rows = notes.whole(grid)
        if (rows == rows[0]).all():
            return _no_effect(notes)
    direction = direction_of(rows, quest.held(rows))
    return _monotone(notes, direction) if direction else _winding(notes, grid)


def direction_of(rows: Floats, held: npt.NDArray[np.bool_]) -> int:
    """Return which way a response goes over a grid: 1 up, -1 down, 0 where some step goes against it beyond chance.

    Steps are judged by the paired differences over common draws, at two standard errors.

    Examples
    --------
    >>> rows = np.array([[0.0, 1.0], [2.0, 3.0], [1.0, 2.0]])
    >>> direction_of(rows, rows > 1.5), direction_of(rows[:2], rows[:2] > 1.5)
    (0, 1)
    """
    kinds = [np.diff(held.astype(float), axis=0)]
    if np.isfinite(rows).all():
        kinds.append(np.diff(rows, axis=0))
    whole = next((sign for kind in reversed(kinds) if (sign := int(np.sign(kind.sum())))), 0)
    for steps in kinds:
        error = steps.std(axis=1) / math.sqrt(max(steps.shape[1] - 1, 1))
        against = -whole * steps.mean(axis=1)
        if (against > 2 * error + 1e-12 * np.abs(rows[np.isfinite(rows)]).max(initial=0.0)).any():
            return 0
    return whole


def _no_effect(notes: _Notes) -> Found:
    held, quest = notes.count(0), notes.quest
    status: Status = "everywhere" if held >= quest.need(quest.draws) else "no_effect"
    return Found(status, notes.x(0), held, notes.x(0), notes.x(len(quest.values) - 1), 0, notes.tried())


def _monotone(notes: _Notes, direction: int) -> Found:
    """Narrow a bracket; places count in the direction that helps."""
    last, need = len(notes.quest.values) - 1, notes.quest.need(notes.quest.draws)

    def at(place: int) -> int:
        return place if direction > 0 else last - place

    low, high, steps = -1, last + 1, 0
    guess = _first_guess(notes, [at(place) for place in range(last + 1)])
    while True:
        place = min(max(guess, low + 1), high - 1)
        steps += 1
        if notes.count(at(place)) >= need:
            high = place
        else:
            low = place
        ends = (at(low) if low >= 0 else None, at(high) if high <= last else None)
        if low == last or high == 0 or (ends[1] is not None and (high - low == 1 or _is_narrow(notes, ends))):
            break
        guess = _next_guess(notes, (low, high), (at(low + 1), at(high - 1)), (direction, steps))
    if low == last:
        return _finished(notes, "unreachable", at(last), direction)
    return _finished(notes, "everywhere" if high == 0 else "found", at(high), direction)


def _first_guess(notes: _Notes, order: Sequence[int]) -> int:
    """Return where the deciding margin of the coarse grid passes zero, as a place in the order given."""
    places = [place for place, position in enumerate(order) if position in notes.coarse]
    ranks = np.array([notes.rank(notes.coarse[order[place]]) for place in places])
    good = np.flatnonzero(notes.quest.held(ranks))
    if not good.size:
        return places[-1]
    first = int(good[0])
    if not first:
        return places[0]
    below, above = ranks[first - 1], ranks[first]
    share = -below / (above - below) if np.isfinite(below) and above > below else 0.5
    return places[first - 1] + max(1, math.ceil(share * (places[first] - places[first - 1])))


def _is_narrow(notes: _Notes, ends: tuple[int | None, int | None]) -> bool:
    """Tell whether a bracket is as narrow as was asked, or as ``FINEST`` demands and the simulation error allows."""
    quest, (low, high) = notes.quest, ends
    assert high is not None
    gap = abs(notes.x(high) - notes.x(low)) if low is not None else math.inf
    if quest.tolerance is not None:
        return gap <= quest.tolerance
    # On a plateau just enough draws may hold far down: nothing is the least that holds before one near it has failed.
    if gap > FINEST * quest.wide * (1 + 1e-9):
        return False
    slope = _slope(notes, high)
    if not slope:
        # A jump between two levels can be told to the next value; flags say too little to be worth it.
        return not notes.is_smooth()
    excess = notes.count(high) - quest.need(quest.draws)
    slack = 0.5 * math.sqrt(quest.draws * quest.probability * (1 - quest.probability))
    # Where every draw is needed none can be in excess, however far the lever was moved.
    few = quest.need(quest.draws) < quest.draws and excess <= slack
    return few or gap <= max(_half_width(notes, high, slope), quest.wide / (4 * len(quest.values)))


def _half_width(notes: _Notes, position: int, slope: float) -> float:
    low, high = crossing_interval(notes.full[position] / abs(slope), notes.quest.probability)
    ends = [end for end in (low, high) if math.isfinite(end)]
    return (max(ends) - min(ends)) / 2 if len(ends) == 2 else 0.0


def _next_guess(notes: _Notes, bracket: tuple[int, int], inner: tuple[int, int], how: tuple[int, int]) -> int:
    """Return the next place: by the secant of the deciding margin, a little beyond; by halving where that is slow."""
    (low, high), (direction, steps) = bracket, how
    last, latest = len(notes.quest.values) - 1, next(reversed(notes.full))
    slope = _slope(notes, latest)
    if steps > FEW_STEPS or slope * direction <= 0:
        # Above what failed the next value of the coarse grid, and at last the end, which shows what can be reached.
        coarse = sorted(place if direction > 0 else last - place for place in notes.coarse)
        return (low + high) // 2 if high <= last else next((place for place in coarse if place > low), last)
    aim = notes.x(latest) - notes.rank(notes.full[latest]) / slope
    if notes.count(latest) < notes.quest.need(notes.quest.draws):
        # From below a little beyond, so that the next one likely holds.
        aim += direction * _half_width(notes, latest, slope) / 4
    else:
        aim = _shown_near(notes, (aim, notes.x(latest)), notes.x(inner[0]), direction)
    position = min(max(int(np.searchsorted(notes.quest.values, aim)), min(inner)), max(inner))
    return position if direction > 0 else last - position


def _shown_near(notes: _Notes, ends: tuple[float, float], least: float, direction: int) -> float:
    """Return what to try below a value that holds: where that seems nearly the least, what shows it by failing."""
    begins, holds = ends
    # Less than the width asked for, which the next value of the ladder may exceed.
    near = holds - direction * 0.75 * (notes.quest.tolerance or FINEST * notes.quest.wide)
    return near if (begins - near) * direction > 0 and (near - least) * direction > 0 else begins


def _slope(notes: _Notes, position: int) -> float:
    """Return how the mean margin moves with the lever about a position; 0 where that cannot be told."""
    if not notes.is_smooth():
        return 0.0
    x = notes.x(position)
    others = [place for place in notes.full if abs(notes.x(place) - x) >= notes.quest.wide / 100]
    if others:
        nearest = min(others, key=lambda place: abs(notes.x(place) - x))
        change = float((notes.full[position] - notes.full[nearest]).mean())
        return change / (x - notes.x(nearest)) if np.isfinite(change) else 0.0
    grid = sorted(notes.coarse)
    right = min(max(int(np.searchsorted(grid, position)), 1), len(grid) - 1)
    pair = grid[right - 1], grid[right]
    change = float((notes.coarse[pair[1]] - notes.coarse[pair[0]]).mean())
    return change / (notes.x(pair[1]) - notes.x(pair[0]))


def _finished(notes: _Notes, status: Status, position: int, direction: int) -> Found:
    low, high = _interval(notes, position, direction) if status == "found" else (notes.x(position),) * 2
    return Found(status, notes.x(position), notes.count(position), low, high, direction, notes.tried())


def _interval(notes: _Notes, position: int, direction: int) -> tuple[float, float]:
    """Return values consistent with the probability: by the draws' own crossings, else by the values tried."""
    quest, x = notes.quest, notes.x(position)
    first, last = float(quest.values[0]), float(quest.values[-1])
    slope = _slope(notes, position) if direction else 0.0
    if slope * direction > 0:
        margins = notes.full[position]
        centre = x - notes.rank(margins) / slope
        ends = [centre + direction * end for end in crossing_interval(margins / abs(slope), quest.probability)]
        return max(first, min(*ends, x)), min(last, max(*ends, x))
    low, high = first, last
    for item in notes.tried():
        least, most = wilson(item.held, item.draws)
        if most < quest.probability or least > quest.probability:
            low = max(low, item.value) if item.value < x else low
            high = min(high, item.value) if item.value > x else high
    return low, high


def _winding(notes: _Notes, grid: Sequence[int]) -> Found:
    """Refine the grid, then try what holds there with all draws, the nearest to the plan first."""
    quest = notes.quest
    finer = {int(place) for place in np.linspace(0, len(quest.values) - 1, REFINED).round()} - set(grid)
    if finer:
        notes.look(sorted(finer))
    ranks = {place: notes.rank(row) for place, row in notes.coarse.items()}
    holding = [place for place, rank in ranks.items() if quest.held(np.array(rank))]
    best = max(ranks, key=lambda place: ranks[place])
    near, need = (lambda place: abs(notes.x(place) - quest.now)), quest.need(quest.draws)
    # What was asked with all draws before costs nothing more.
    for place in [*sorted(holding, key=near)[: CHECKED - 1], best, *sorted(notes.full, key=near)]:
        if notes.count(place) >= need:
            return _finished(notes, "found", _drawn_in(notes, place), 0)
    top = max(notes.full, key=lambda place: (notes.count(place), notes.rank(notes.full[place])))
    return _finished(notes, "unreachable", top, 0)


def _drawn_in(notes: _Notes, position: int) -> int:
    """Halve the way from a value that holds to the next one tried towards the plan, while it is worth while."""
    quest = notes.quest
    towards = [place for place in notes.coarse if (place - position) * (quest.now - notes.x(position)) > 0]
    if not towards or notes.x(position) == quest.now:
        return position
    fails, least = min(towards, key=lambda place: abs(place - position)), quest.tolerance or FINEST * quest.wide
    while abs(fails - position) > 1 and abs(notes.x(fails) - notes.x(position)) > least:
        middle = (fails + position) // 2
        if notes.count(middle) >= quest.need(quest.draws):
            position = middle
        else:
            fails = middle
    return position
