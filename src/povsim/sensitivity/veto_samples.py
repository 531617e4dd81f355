"""The county test as sampled: how often it is passed, by true rate and sample size."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.stats import binom, hypergeom

from povsim.errors import InputError, Problem


def sampled_test(
    rates: npt.ArrayLike,
    sizes: npt.ArrayLike,
    *,
    limit: float,
    comparison: Literal["<", "<="] = "<",
    pool: int | None = None,
) -> xr.DataArray:
    """Return the probability that a sampled rate passes an upper limit: the operating characteristic of the test.

    Parameters
    ----------
    rates : array
        True rates, 0 to 1.
    sizes : array of int
        Persons (or households) sampled.
    limit : float
        Limit on the rate in the sample, compared exactly.
    comparison : {"<", "<="}
        How a rate passes.
    pool : int, optional
        Persons to sample from, without replacement: hypergeometric, with the nearest whole number of failing persons;
        binomial where it is not given. Persons are independent: households fail together, so that real samples say
        less than as many single persons.

    Returns
    -------
    DataArray
        (size, rate).

    Raises
    ------
    InputError
        Rates or limits outside 0 to 1, samples of nobody or larger than the pool.

    Examples
    --------
    A true rate of 2.5 % is overlooked by a sample of 500 persons in 29 of 100 cases.

    >>> sampled_test([0.015, 0.025], [500, 2000], limit=0.02, comparison="<=").values.round(2)
    array([[0.86, 0.29],
           [0.97, 0.08]])
    """
    wanted = np.atleast_1d(np.asarray(rates, dtype=np.float64))
    asked = np.atleast_1d(np.asarray(sizes))
    _check(wanted, asked, limit, comparison, pool)
    most = np.array([most_passing(int(size), limit, comparison) for size in asked])[:, np.newaxis]
    if pool is None:
        found = binom.cdf(most, asked[:, np.newaxis], wanted)
    else:
        found = hypergeom.cdf(most, pool, np.floor(wanted * pool + 0.5).astype(np.int64), asked[:, np.newaxis])
    about = {
        "long_name": "probability that the sampled rate passes",
        "long_name_zh": "抽查通过概率",
        "limit": limit,
        "comparison": comparison,
        "method": "exact: binomial" if pool is None else "exact: hypergeometric",
    }
    return xr.DataArray(found, {"size": asked, "rate": wanted}, ("size", "rate"), "passes", about)


def most_passing(size: int, limit: float, comparison: Literal["<", "<="]) -> int:
    """Return how many failing persons a sample may hold and still pass; -1: not even none.

    Examples
    --------
    >>> most_passing(500, 0.02, "<"), most_passing(500, 0.02, "<="), most_passing(499, 0.02, "<")
    (9, 10, 9)
    """
    bound = Fraction(repr(float(limit))) * size
    return floor(bound) if comparison == "<=" else ceil(bound) - 1


def _check(
    rates: npt.NDArray[np.float64], sizes: npt.NDArray[np.int64], limit: float, comparison: str, pool: int | None
) -> None:
    problems = []
    if not (rates.ndim == 1 and ((rates >= 0) & (rates <= 1)).all()):
        problems.append(Problem("rates", "should lie between 0 and 1"))
    if not 0 <= limit <= 1:
        problems.append(Problem("limit", "should lie between 0 and 1", str(limit)))
    if comparison not in ("<", "<="):
        problems.append(Problem("comparison", "should be < or <=", comparison))
    if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or (sizes < 1).any():
        problems.append(Problem("sizes", "should be whole numbers of one or more"))
    elif pool is not None and (sizes > pool).any():
        problems.append(Problem("sizes", "samples are larger than the pool", str(int(sizes.max())), f"up to {pool}"))
    if problems:
        raise InputError("sampled test", problems)
