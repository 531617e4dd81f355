"""Which points a sensitivity analysis runs: quantiles of the factors, laid out as each method needs them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from povsim.errors import InputError, Problem, nearest
from povsim.sensitivity.matching import first_dim, matched

Method = Literal["sobol", "morris", "pawn"]
METHODS = get_args(Method)
LEVELS = 4
"""Levels of the grid of Morris, as its author uses."""
TAIL = 0.025
"""Morris steps from this quantile to its mirror: its outermost levels would lie at 0 and 1."""
TRAJECTORIES = 10
"""Paths of Morris through the space of factors where no number of points is given."""
FEWEST = {"sobol": 8, "morris": 2, "pawn": 50}
"""Base points, trajectories, points below which indices say nothing."""


@dataclass(frozen=True)
class Design:
    """Points to run.

    Attributes
    ----------
    method : {"sobol", "morris", "pawn"}
        What the points are for.
    quantiles : array (point, factor)
        Between 0 and 1.
    seed : int
        Of the points and of the resampling.
    second : bool
        Whether pairs of factors can be told apart (Sobol).
    """

    method: Method
    quantiles: npt.NDArray[np.float64]
    seed: int
    second: bool = False

    def ordered(self, results: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return results (point, ...) in the order of the points where they are labelled with the points' numbers."""
        numbers = pd.RangeIndex(len(self.quantiles))
        given = matched(results, first_dim(results, "point"), numbers, ("results", "drivers"))
        return np.asarray(given, dtype=np.float64)

    @property
    def factors(self) -> int:
        """How many factors."""
        return int(self.quantiles.shape[1])

    @property
    def step(self) -> int:
        """Points that belong together: a base point of Sobol, a trajectory of Morris, one point of PAWN."""
        if self.method == "sobol":
            return (2 if self.second else 1) * self.factors + 2
        return self.factors + 1 if self.method == "morris" else 1

    @property
    def independent(self) -> npt.NDArray[np.bool_]:
        """Which points are draws from the spreads, independent of each other but for their evenness."""
        place = np.arange(len(self.quantiles)) % self.step
        return (
            (place == 0) | (place == self.step - 1) if self.method == "sobol" else np.full(place.shape, self.step == 1)
        )

    def problem(self, extra: int = 0) -> dict[str, Any]:
        """Return what SALib wants to know of the factors, and of ``extra`` ones."""
        count = self.factors + extra
        return {"num_vars": count, "names": [f"x{place}" for place in range(count)], "bounds": [[0.0, 1.0]] * count}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the warnings of SALib and of what it calls to itself: constant and missing results are told apart here."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def make_design(
    method: str, factors: int, *, points: int | None = None, seed: int = 1, second_order: bool = False
) -> Design:
    """Return the points of a method.

    Parameters
    ----------
    method : {"sobol", "morris", "pawn"}
        Sobol by Saltelli's scheme on a scrambled Sobol sequence (Saltelli et al. 2010, doi:10.1016/j.cpc.2009.09.018),
        Morris's trajectories (Morris 1991, doi:10.1080/00401706.1991.10484804), a Latin hypercube for PAWN (Pianosi and
        Wagener 2018, doi:10.1016/j.envsoft.2018.07.019).
    factors : int
        How many.
    points : int, optional
        How many points at least. Sobol rounds up to a power of two times factors + 2, Morris to whole trajectories.
        5,000, ten trajectories, or 500 if not given.
    seed : int
        Of the points.
    second_order : bool
        Sobol: also the points that second-order indices need, about twice as many.

    Raises
    ------
    InputError
        No such method, or points that are none.

    Examples
    --------
    >>> make_design("sobol", 10, points=5000).quantiles.shape, make_design("morris", 10).quantiles.shape
    ((6144, 10), (110, 10))
    """
    if method not in METHODS:
        problem = Problem("method", "no such method", str(method), ", ".join(METHODS), nearest(str(method), METHODS))
        raise InputError("drivers", [problem])
    if points is not None and points < 1:
        raise InputError("drivers", [Problem("points", "should be one or more", str(points))])
    with quiet():
        if method == "sobol":
            return _sobol(factors, points or 5000, seed, second_order)
        if method == "morris":
            return _morris(factors, points or TRAJECTORIES * (factors + 1), seed)
    from scipy.stats import qmc

    count = max(points or 500, FEWEST["pawn"])
    return Design("pawn", qmc.LatinHypercube(factors, seed=seed).random(count), seed)


def _sobol(factors: int, points: int, seed: int, second_order: bool) -> Design:  # noqa: FBT001  (inner)
    from SALib.sample import sobol  # type: ignore[import-untyped]

    design = Design("sobol", np.empty((0, factors)), seed, second_order)
    base = max(FEWEST["sobol"], 2 ** math.ceil(math.log2(max(points / design.step, 1))))
    taken = sobol.sample(design.problem(), base, calc_second_order=second_order, seed=seed)
    return Design("sobol", np.asarray(taken, dtype=np.float64), seed, second_order)


def _morris(factors: int, points: int, seed: int) -> Design:
    from SALib.sample import morris

    problem = Design("morris", np.empty((0, factors)), seed).problem()
    trajectories = max(FEWEST["morris"], math.ceil(points / (factors + 1)))
    taken = morris.sample(problem, trajectories, num_levels=LEVELS, seed=seed)
    return Design("morris", TAIL + (1 - 2 * TAIL) * np.asarray(taken, dtype=np.float64), seed)
