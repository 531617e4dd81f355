"""One line of a report on margins: what is stated, what the register holds, and by how much luck may part them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from povsim.alignment import Array, Floats
from povsim.quantity import Quantity

STORED = 1e-5
"""Relative rounding of amounts: they are kept in single precision and fitted in cells of rank."""
SURE = 2.0
"""Standard errors that luck is given, for what is drawn rather than counted out: about 95 %."""


class Line(NamedTuple):
    """One margin beside what the register holds; ``found`` is NaN for what shows in no single figure of a register."""

    margin: str
    unit: str
    target: float
    found: float
    tolerance: float
    status: str


def line(name: str, quantity: Quantity, found: float, year: int, *, tolerance: float | None = None) -> Line:
    """Return the line of an entry; amounts may be off by what storing them rounds, unless another tolerance is given.

    Examples
    --------
    >>> mean = Quantity(value=9433, unit="yuan", source="example", status="estimated")
    >>> round(line("income.mean", mean, 9433.01, 2013).tolerance, 5)
    0.09433
    """
    target = quantity.at(year)
    slack = STORED * abs(target) if tolerance is None else tolerance
    return Line(name, quantity.unit, target, float(found), float(slack), quantity.status)


def unseen(name: str, quantity: Quantity, year: int) -> Line:
    """Return the line of an entry that steers the making and shows in no single figure of a register."""
    return line(name, quantity, np.nan, year, tolerance=np.nan)


def rounding(number: float) -> float:
    """Return how far a share of so many may be off: rounded to whole ones, or given one more by largest remainders."""
    return (1 + STORED) / number if number else np.nan


def ratio(part: float, whole: float) -> float:
    """Return a part of a whole, 0 where there is none."""
    return float(part) / float(whole) if whole else 0.0


def weakest(*quantities: Quantity | None) -> str:
    """Return the weakest status: a target computed from several entries is no better known than the worst of them."""
    present = {quantity.status for quantity in quantities if quantity is not None}
    return next(status for status in ("assumed", "estimated", "documented") if status in present)


def pooled_sd(groups: Iterable[Floats]) -> tuple[float, float]:
    """Return the standard deviation around the means of groups, and the degrees of freedom.

    Examples
    --------
    >>> sd, free = pooled_sd([np.array([1.0, 3.0]), np.array([10.0, 12.0])])
    >>> round(sd, 6), free
    (1.414214, 2.0)
    """
    kept = [group for group in groups if group.size > 1]
    free = float(sum(group.size - 1 for group in kept))
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in kept)
    return (float(np.sqrt(squares / free)), free) if free else (np.nan, 0.0)


def sd_slack(sd: float, free: float) -> float:
    """Return how far luck takes a standard deviation of normal draws."""
    return SURE * sd / np.sqrt(2 * free) if free else np.nan


def split_logs(values: Array, first: Array) -> tuple[Floats, Floats]:
    """Return the logs of the positive values in a group and of those outside it."""
    known = np.isfinite(values) & (values > 0)
    return np.log(values[known & first]), np.log(values[known & ~first])


def compared(groups: tuple[Floats, Floats], sd: float) -> tuple[float, float]:
    """Return the ratio of two groups' levels, and how far luck takes its logarithm; groups are logs.

    Examples
    --------
    >>> compared((np.log([2.0, 2.0]), np.log([4.0, 4.0])), 0.5)
    (0.5, 1.0)
    """
    first, second = groups
    if not first.size or not second.size:
        return np.nan, np.nan
    slack = SURE * sd * np.sqrt(1 / first.size + 1 / second.size)
    return round(float(np.exp(first.mean() - second.mean())), 12), float(slack)
