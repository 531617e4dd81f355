"""A law of income per head with tails of its own: as near to a lognormal as what is known allows.

With z the standard normal value of a household's rank, the logarithm of income rises in z with a slope of its own at
every rank, its *spread*. A lognormal has one spread throughout; here it may change along the ranks, is a line between
knots and stays what it is beyond the outer ones, so that the poor and the rich have tails of their own. Of all such
laws the one with the least change of spread is taken that meets what is known. Incomes rise with rank by construction.

Known headcounts and the mean are always met. What else is known is met where it does not ask for more change of spread
than an income distribution has; where it does, it is missed by as little as that allows, and the misses are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.special import ndtri

from povsim.alignment import Floats, Ints
from povsim.income_distribution import FIFTHS, fifth_starts
from povsim.income_known import Known, KnownHeadcount, household_scores, households_below

__all__ = ["KNOTS", "MOST_BEND", "IncomeLaw", "Known", "KnownHeadcount", "fit_income_law", "ranked_incomes"]

KNOTS = np.linspace(-3.5, 3.5, 29)
MOST_BEND = 2.0
"""Most change of spread: squared change of its logarithm, summed over ranks, per standard unit of rank. Within one
standard unit the spread can then grow to the fourfold; the fifths of China's rural incomes ask for 0.7."""
NARROWEST, WIDEST = 0.02, 8.0
"""Bounds of the spread, log points of income per standard unit of rank."""
_STEP = float(KNOTS[1] - KNOTS[0])
_CELL = 0.002
"""Width of the cells that households are summed in, standard units of rank: errors are below a millionth."""
_ORDINATES = np.array([0.02, 0.05, *np.arange(0.1, 0.95, 0.1), 0.95, 0.98])
"""Ranks at which a Lorenz curve is met."""
_MUST = 30.0
"""Weight of known headcounts while the rest is fitted; a larger one slows the fit, and they are made exact after it."""
_PULLS = 10.0 ** np.arange(-1, -9, -1)
"""How strongly the spread is held together, strongest first."""
_HALVINGS = 5
_FIXES = 12


@dataclass(frozen=True)
class IncomeLaw:
    """A fitted law.

    Attributes
    ----------
    level : float
        Log of income per head at z = 0.
    spread : array, dims (knot,)
        At ``KNOTS``, log points per standard unit of rank.
    misses : mapping of str to float
        Relative difference from each thing known, as the law has it: in income for headcounts and the median, in the
        share of all income for fifths and Lorenz ordinates, in the coefficient itself for Gini.
    """

    level: float
    spread: Floats
    misses: Mapping[str, float]

    @property
    def bend(self) -> float:
        """Return how much the spread changes, 0 for a lognormal; ``MOST_BEND`` is what is allowed for."""
        return float((np.diff(np.log(self.spread)) ** 2).sum() / _STEP)

    def log_income(self, z: Floats) -> Floats:
        """Return the logarithm of income per head at standard normal ranks."""
        place = np.clip(z, KNOTS[0], KNOTS[-1])
        j = np.minimum(((place - KNOTS[0]) / _STEP).astype(np.int64), KNOTS.size - 2)
        t = (place - KNOTS[0]) / _STEP - j
        areas = np.concatenate(([0.0], np.cumsum((self.spread[1:] + self.spread[:-1]) * _STEP / 2)))
        areas = areas - areas[KNOTS.size // 2]
        rise = areas[j] + _STEP * t * (self.spread[j] + t / 2 * (self.spread[j + 1] - self.spread[j]))
        outside = np.where(z < place, self.spread[0], self.spread[-1]) * (z - place)
        return np.asarray(self.level + rise + outside)


def fit_income_law(known: Known, persons: Floats, mean: float) -> IncomeLaw:
    """Return the law nearest to a lognormal that meets what is known, for given households.

    Parameters
    ----------
    known : Known
        Beside the mean.
    persons : array, dims (household,)
        Household sizes, households ranked by income per head, lowest first; five households or more.
    mean : float
        Person-weighted mean, yuan per head.

    Returns
    -------
    IncomeLaw

    Notes
    -----
    Penalised least squares in the logs of the spreads, with the smallest penalty on their change that keeps it within
    ``MOST_BEND``; what must be met is made exact by the least further change.

    Examples
    --------
    A lognormal that has China's rural mean and headcount of 2013 puts the median at 7,303 yuan; 7,907 was published.

    >>> headcount = KnownHeadcount(line=2736, share=0.085)
    >>> plain = fit_income_law(Known(headcounts=(headcount,)), np.ones(10_000), 9433.0)
    >>> tailed = fit_income_law(Known(median=7907, headcounts=(headcount,)), np.ones(10_000), 9433.0)
    >>> [round(float(np.exp(law.level))) for law in (plain, tailed)]
    [7303, 7907]
    >>> [f"{law.spread[0]:.2f} {law.spread[-1]:.2f}" for law in (plain, tailed)]
    ['0.72 0.72', '0.82 0.58']
    """
    task = _task(known, persons.astype(np.float64), mean)
    log_spread = _exact(task, _bent(task))
    level = np.log(mean) - task.log_total(log_spread)
    named = zip(task.names, task.misses(log_spread)[0].tolist(), strict=True)
    return IncomeLaw(float(level), np.exp(log_spread), {name: float(np.expm1(miss)) for name, miss in named})


def ranked_incomes(law: IncomeLaw, persons: Floats, mean: float) -> Floats:
    """Return rising incomes per head of households by a law; their person-weighted mean is exact.

    Parameters
    ----------
    law : IncomeLaw
        Fitted to these households.
    persons : array, dims (household,)
        Household sizes, households ranked by income per head.
    mean : float
        Yuan per head.

    Examples
    --------
    >>> persons = np.ones(1000)
    >>> headcount = KnownHeadcount(line=2736, share=0.085)
    >>> law = fit_income_law(Known(gini=0.38, headcounts=(headcount,)), persons, 9433.0)
    >>> income = ranked_incomes(law, persons, 9433.0)
    >>> int((income < 2736).sum()), round(float(income.mean()), 6)
    (85, 9433.0)
    """
    income = np.exp(law.log_income(household_scores(persons.size)))
    return np.asarray(income * (mean * persons.sum() / (income * persons).sum()))


@dataclass(frozen=True)
class _Task:
    """Households summed in cells of rank, and what is to be met; logs of incomes are linear in the spreads."""

    basis: Floats
    """Log income by the spreads, dims (cell, knot)."""
    people: Floats
    """Share of persons, dims (cell,)."""
    parts: Floats
    """How much of a cell's income counts towards a part of all income, dims (part, cell)."""
    shares: Floats
    """The parts wanted."""
    points: Floats
    """Log income at single ranks, dims (point, knot)."""
    values: Floats
    """Log of income over the mean wanted there."""
    names: tuple[str, ...]
    weights: Floats

    def log_total(self, log_spread: Floats) -> float:
        """Return the log of the mean where income at z = 0 is one."""
        return float(self._incomes(log_spread)[1])

    def _incomes(self, log_spread: Floats) -> tuple[Floats, float]:
        logs = self.basis @ np.exp(log_spread)
        highest = float(logs.max())
        cash = self.people * np.exp(logs - highest)
        total = float(cash.sum())
        return cash / total, float(np.log(total)) + highest

    def misses(self, log_spread: Floats) -> tuple[Floats, Floats]:
        """Return the log of found over wanted, parts first, and its slopes in the logs of the spreads."""
        spread = np.exp(log_spread)
        cash, total = self._incomes(log_spread)
        centre = cash @ self.basis
        parts = self.parts * cash
        sums = parts.sum(axis=1)
        found = np.concatenate((np.log(sums / self.shares), self.points @ spread - total - self.values))
        slopes = np.concatenate(((parts @ self.basis) / sums[:, np.newaxis], self.points)) - centre
        return found, slopes * spread


def _bent(task: _Task) -> Floats:
    """Loosen what holds the spread together until all is met or the spread changes by as much as it may."""
    kept = _loosened(task, 1.0, np.full(KNOTS.size, np.log(0.6)))
    before = 1.0
    for pull in _PULLS.tolist():
        tried = _loosened(task, pull, kept)
        if _bend(tried) > MOST_BEND:
            return _between(task, (pull, before), kept)
        kept, before = tried, pull
    return kept


def _between(task: _Task, pulls: tuple[float, float], kept: Floats) -> Floats:
    low, high = np.log(pulls)
    for _ in range(_HALVINGS):
        tried = _loosened(task, float(np.exp((low + high) / 2)), kept)
        if _bend(tried) > MOST_BEND:
            low = (low + high) / 2
        else:
            kept, high = tried, (low + high) / 2
    return kept


def _exact(task: _Task, log_spread: Floats) -> Floats:
    """Meet what must be met by the least further change of spread (Newton)."""
    must = np.array(
        [name.startswith("headcounts.") and not name.endswith(".gap") for name in task.names], dtype=np.bool_
    )
    change = np.diff(np.eye(KNOTS.size), axis=0)
    inverse = np.linalg.inv(change.T @ change / _STEP + 1e-3 * np.eye(KNOTS.size))
    for _ in range(_FIXES if must.any() else 0):
        found, slopes = task.misses(log_spread)
        found, slopes = found[must], slopes[must]
        if np.abs(found).max() < 1e-13:
            break
        # Two lines at one rank (few households) have no common answer: least squares then.
        steps = np.linalg.lstsq(slopes @ inverse @ slopes.T, np.clip(-found, -0.5, 0.5), rcond=1e-12)[0]
        log_spread = log_spread + inverse @ slopes.T @ steps
    return log_spread


def _bend(log_spread: Floats) -> float:
    return float((np.diff(log_spread) ** 2).sum() / _STEP)


def _loosened(task: _Task, pull: float, start: Floats) -> Floats:
    held = np.diff(np.eye(KNOTS.size), axis=0) * np.sqrt(pull / _STEP)

    def miss(log_spread: Floats) -> Floats:
        return np.concatenate((task.weights * task.misses(log_spread)[0], held @ log_spread))

    def slopes(log_spread: Floats) -> Floats:
        return np.concatenate((task.weights[:, np.newaxis] * task.misses(log_spread)[1], held))

    bounds = (np.log(NARROWEST), np.log(WIDEST))
    exact = {"xtol": 1e-10, "ftol": 1e-13, "gtol": 1e-13, "max_nfev": 60}
    return np.asarray(least_squares(miss, start, jac=slopes, bounds=bounds, **exact).x)


def _task(known: Known, persons: Floats, mean: float) -> _Task:
    running = np.concatenate(([0.0], np.cumsum(persons))) / persons.sum()
    pieces = [*_fifths(known, running), *_ordinates(known, running), *_gaps(known, persons, running, mean)]
    cuts = _cuts(persons.size, [edge for piece in pieces for edge in piece[1]])
    people = np.add.reduceat(persons, cuts)
    z = np.add.reduceat(persons * household_scores(persons.size), cuts) / people
    people = people / people.sum()
    parts = [((cuts >= low) & (cuts < high)).astype(np.float64) for _, (low, high), _, _ in pieces]
    shares, names = [piece[2] for piece in pieces], [piece[0] for piece in pieces]
    weights = [known.weights.get(piece[3], 1.0) for piece in pieces]
    if known.gini is not None:
        parts.append(2 * np.cumsum(people) - people - 1)
        shares, names = [*shares, known.gini], [*names, "gini"]
        weights.append(known.weights.get("gini", 1.0))
    points = list(_points(known, persons))
    ends = np.array([score for _, score, _, _ in points])
    return _Task(
        _basis(z),
        people,
        np.array(parts).reshape(-1, z.size),
        np.array(shares),
        _basis(ends),
        np.log(np.array([value / mean for _, _, value, _ in points])),
        (*names, *(point[0] for point in points)),
        np.array([*weights, *(point[3] for point in points)]),
    )


_Piece = tuple[str, tuple[int, int], float, str]
"""Name, first household and end, share of all income, kind."""


def _fifths(known: Known, running: Floats) -> list[_Piece]:
    if known.fifths is None:
        return []
    starts = fifth_starts(running.size - 1)
    cash = known.fifths * np.diff(running[starts])
    cash = cash / cash.sum()
    return [(f"fifths.{k}", (int(starts[k]), int(starts[k + 1])), float(cash[k]), "fifths") for k in range(FIFTHS)]


def _ordinates(known: Known, running: Floats) -> list[_Piece]:
    if known.curve is None:
        return []
    ends = np.unique(np.searchsorted(running, _ORDINATES))
    ends = ends[(ends > 0) & (ends < running.size - 1)]
    shares = np.asarray(known.curve.ordinate(running[ends]))
    rows = zip(ends.tolist(), running[ends].tolist(), shares.tolist(), strict=True)
    return [(f"lorenz.{rank:.4f}", (0, end), share, "curve") for end, rank, share in rows if share > 0]


def _gaps(known: Known, persons: Floats, running: Floats, mean: float) -> list[_Piece]:
    found: list[_Piece] = []
    for number, item in enumerate(known.headcounts):
        end = households_below(item.share, persons, households=item.households)
        if item.gap is not None and end > 0:
            # The poor have the line less the gap each; the gap is spread over everybody.
            share = (float(running[end]) - item.gap) * item.line / mean
            found.append((f"headcounts.{number}.gap", (0, end), max(share, 1e-9), "gap"))
    return found


def _points(known: Known, persons: Floats) -> list[tuple[str, float, float, float]]:
    """Return name, standard normal rank, income and weight of what is known at single ranks."""
    found = [
        (
            f"headcounts.{number}",
            _score(households_below(item.share, persons, households=item.households), persons.size),
            item.line,
            _MUST,
        )
        for number, item in enumerate(known.headcounts)
    ]
    if known.median is not None:
        score = _score(households_below(0.5, persons), persons.size)
        found.append(("median", score, known.median, known.weights.get("median", 1.0)))
    return found


def _score(below: int, households: int) -> float:
    """Return the standard normal value of the rank between two households; nobody below is before the first."""
    return float(ndtri(min(max(below, 0.25), households - 0.25) / households))


def _cuts(households: int, edges: list[int]) -> Ints:
    grid = np.searchsorted(household_scores(households), np.arange(-6.0, 6.0, _CELL))
    cuts = np.unique(np.concatenate(([0], grid, np.array(edges, dtype=np.int64))))
    return np.asarray(cuts[cuts < households], dtype=np.int64)


def _basis(z: Floats) -> Floats:
    """Return log income at ranks by the spreads at the knots, zero at z = 0: hats integrated from there."""
    laws = (IncomeLaw(0.0, hat, {}).log_income(z) for hat in np.eye(KNOTS.size))
    return np.stack(list(laws), axis=1)
