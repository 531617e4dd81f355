"""Whom a county inspection meets: villages by stratum, then households within them, each rate with its own persons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.compiled import compiled
from povsim.draws import LANES, decision_key, fill_uniforms, household_key

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PARTS = 1000
"""Persons met in a village are kept in thousandths until a county's sum is rounded to whole persons."""
ORDER, EXITED, UNREGISTERED, APPROVAL = range(LANES)
"""Lanes of a village's luck; a county's approval is the last lane of its own address."""

_FARTHEST_SD = 12.0
_FARTHEST = 20.0
_NEGLIGIBLE = 1e-20


@compiled
def _next_mass(mass: Any, k: Any, pool: Any, failing: Any, asked: Any) -> Any:
    return mass * ((failing - k) / (k + 1.0)) * ((asked - k) / (pool - failing - asked + k + 1.0))


@compiled
def _quantile(u: Any, pool: Any, failing: Any, asked: Any) -> Any:
    """Return the smallest count whose hypergeometric distribution function reaches ``u``."""
    low, high = max(0, asked + failing - pool), min(asked, failing)
    if low >= high:
        return low
    share = failing / pool
    mean = asked * share
    sd = math.sqrt(mean * (1.0 - share) * (pool - asked) / (pool - 1))
    # masses relative to that of a start below which lies far less than the smallest uniform
    start = max(low, int(mean - _FARTHEST_SD * sd - _FARTHEST))
    k, mass, total = start, 1.0, 1.0
    while k < high and (k < mean or mass > _NEGLIGIBLE * total):
        mass = _next_mass(mass, k, pool, failing, asked)
        k += 1
        total += mass
    k, mass, reached = start, 1.0, 1.0
    while k < high and reached < u * total:
        mass = _next_mass(mass, k, pool, failing, asked)
        k += 1
        reached += mass
    return k


@compiled
def _fill_failures(luck: Any, pool: Any, failing: Any, asked: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = _quantile(luck[i], pool[i], failing[i], asked[i])


def sampled_failures(luck: npt.ArrayLike, pool: npt.ArrayLike, failing: npt.ArrayLike, asked: npt.ArrayLike) -> Whole:
    """Return how many failing households a sample without replacement meets.

    Parameters
    ----------
    luck : array
        Uniforms, one a sample.
    pool, failing : array of int
        Households that can be sampled, and how many of them fail.
    asked : array of int
        Size of the sample, at most the pool.

    Returns
    -------
    array of int
        Hypergeometric counts: the quantile of the law at ``luck``.

    Examples
    --------
    >>> sampled_failures([0.5], 100, 20, 50).tolist()
    [10]
    """
    shape = np.broadcast_shapes(*(np.shape(each) for each in (luck, pool, failing, asked)))
    uniform = np.broadcast_to(np.asarray(luck, dtype=np.float64), shape).ravel()
    pools, bad, sizes = (
        np.broadcast_to(np.asarray(each, dtype=np.int64), shape).ravel() for each in (pool, failing, asked)
    )
    out = np.empty(uniform.size, dtype=np.int64)
    _fill_failures(uniform, pools, bad, sizes, out)
    return out.reshape(shape)


def sample_luck(addresses: npt.ArrayLike, draws: list[int], years: list[int], *, seed: int) -> npt.NDArray[np.float32]:
    """Return the luck of an inspection's samples, the same for every scenario.

    Parameters
    ----------
    addresses : array of str, shape (n,)
        Codes of villages, or of counties.
    draws, years : list of int
        Numbers of draws, and calendar years.
    seed : int
        Address of the run's luck.

    Returns
    -------
    array of float32, shape (draw, year, 4, n)
        Uniforms by lane: order of villages, exited households, unregistered households, approval.

    Examples
    --------
    >>> sample_luck(["a", "b"], [0, 1, 2], [2016], seed=1).shape
    (3, 1, 4, 2)
    """
    keys, key = household_key(np.atleast_1d(addresses)), decision_key(seed, "inspection.sample")
    luck = np.empty((len(draws), len(years), LANES, keys.size), dtype=np.float32)
    for d, draw in enumerate(draws):
        for y, year in enumerate(years):
            fill_uniforms(key, draw, year, keys, luck[d, y], 0)
    return luck


def choose_villages(luck: npt.NDArray[np.float32], strata: list[tuple[Flags, list[int]]]) -> Flags:
    """Draw villages without replacement, in each stratum by itself.

    Parameters
    ----------
    luck : array, shape (draw, year, village)
        Uniforms; the smallest of a stratum are drawn.
    strata : list of (array of bool (village), list of int by year)
        Which villages belong to a stratum, and how many are wanted; a stratum with fewer villages is taken whole, and
        what it lacks is not made up for elsewhere.

    Returns
    -------
    array of bool, shape (draw, year, village)
        The villages drawn.

    Examples
    --------
    >>> luck = np.array([[[0.9, 0.2, 0.4, 0.6]]], dtype=np.float32)
    >>> poor = np.array([True, True, False, False])
    >>> choose_villages(luck, [(poor, [1]), (~poor, [1])]).tolist()
    [[[False, True, True, False]]]
    """
    chosen = np.zeros(luck.shape, dtype=bool)
    for members, wanted in strata:
        places = np.flatnonzero(members)
        order = np.argsort(luck[..., places], axis=-1, kind="stable")
        for year, size in enumerate(wanted):
            np.put_along_axis(chosen[:, year], places[order[:, year, :size]], 1, axis=-1)
    return chosen


@dataclass(frozen=True)
class Met:
    """What a sample of households in a county meets, each array (draw, year).

    Attributes
    ----------
    failing : array of int
        Failing persons met.
    persons : array of int
        Persons met.
    asked : array of int
        Households asked.
    pool : array of int
        Households of the sampled villages that could have been asked.
    """

    failing: Whole
    persons: Whole
    asked: Whole
    pool: Whole


@compiled
def _parts(met: Any, persons: Any, households: Any) -> Any:
    """Return the persons of the households met, in thousandths rounded half up, at the village's mean size."""
    if households == 0:
        return 0
    whole, rest = divmod(met * persons, households)
    return whole * PARTS + (2 * rest * PARTS + households) // (2 * households)


@compiled
def _ask(chosen: Any, counts: Any, asked: Any, luck: Any, out: Any) -> None:
    """Fill ``out`` (4, n) with failing and all persons met in thousandths, households asked, and their pool."""
    households, failing, persons, failing_persons = counts[0], counts[1], counts[2], counts[3]
    for i in range(chosen.shape[0]):
        pool = 0
        for v in range(chosen.shape[1]):
            if chosen[i, v]:
                pool += households[i, v]
        size, before, mark, bad, sound = min(asked[i], pool), 0, 0, 0, 0
        for v in range(chosen.shape[1]):
            if not chosen[i, v] or households[i, v] == 0:
                continue
            before += households[i, v]
            sample = size * before // pool - mark
            mark += sample
            met = _quantile(luck[i, v], households[i, v], failing[i, v], sample)
            bad += _parts(met, failing_persons[i, v], failing[i, v])
            others = households[i, v] - failing[i, v]
            sound += _parts(sample - met, persons[i, v] - failing_persons[i, v], others)
        out[0, i], out[1, i], out[2, i], out[3, i] = bad, bad + sound, size, pool


def ask_households(chosen: Flags, counts: Whole, asked: list[int], luck: npt.NDArray[np.float32]) -> Met:
    """Ask households of one group in the sampled villages, without replacement.

    The questionnaires are shared out over the sampled villages in proportion to their households of the group:
    cumulated and rounded down, so that they add up exactly. How many failing households are met in a village is
    hypergeometric. Each of them brings the mean persons of the village's failing households, each other the mean of
    its others, in thousandths of a person rounded half up; the county's sum is rounded half up to whole persons, so
    that asking everybody counts everybody.

    Parameters
    ----------
    chosen : array of bool, shape (draw, year, village)
        The sampled villages.
    counts : array of int, shape (4, draw, year, village)
        Households of the group, those failing; persons of the group, those failing.
    asked : list of int, by year
        Households to ask; all of the group where it has fewer.
    luck : array, shape (draw, year, village)
        Uniforms.

    Returns
    -------
    Met
        Persons and households met.

    Examples
    --------
    >>> counts = np.array([[10, 20], [2, 0], [40, 60], [8, 0]]).reshape(4, 1, 1, 2)
    >>> met = ask_households(np.ones((1, 1, 2), bool), counts, [15], np.full((1, 1, 2), 0.5, np.float32))
    >>> met.failing.tolist(), met.persons.tolist(), met.asked.tolist(), met.pool.tolist()
    ([[4]], [[50]], [[15]], [[30]])
    """
    shape, villages = chosen.shape[:2], chosen.shape[2]
    cells = shape[0] * shape[1]
    out = np.empty((4, cells), dtype=np.int64)
    wanted = np.broadcast_to(np.array(asked, dtype=np.int64), shape).reshape(cells)
    flat = np.ascontiguousarray(counts, dtype=np.int64).reshape(4, cells, villages)
    _ask(chosen.reshape(cells, villages), flat, wanted, np.ascontiguousarray(luck).reshape(cells, villages), out)
    out[:2] = (2 * out[:2] + PARTS) // (2 * PARTS)
    failing, persons, households, pool = (row.reshape(shape) for row in out)
    return Met(failing, persons, households, pool)
