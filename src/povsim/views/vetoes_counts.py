"""Mean counts and small shares as people write them: no decimals that say nothing, no zero for what is there."""

from __future__ import annotations

import math
from collections.abc import Iterable

from povsim import figures

WHOLE_FROM = 9.95
"""From here on a mean count is written without decimals."""


def drawn(value: float) -> float:
    """Return a mean count as charts draw and label it: whole from ten on, with one decimal below.

    Examples
    --------
    >>> [drawn(one) for one in (219.7, 9.97, 7.18, 1.04)]
    [220.0, 10.0, 7.2, 1.0]
    """
    return round(float(value), 0 if abs(value) >= WHOLE_FROM else 1)


def mean_count(value: float) -> str:
    """Return a mean count as a text; what is there, but rounds to nothing, is not called 0.

    Examples
    --------
    >>> [mean_count(one) for one in (1234.6, 184.3, 7.3, 1.0, 0.02, 0.0, float("nan"))]
    ['1,235', '184', '7.3', '1', '<0.1', '0', '-']
    """
    if math.isnan(value):
        return figures.NOTHING
    if 0 < value < 0.05:
        return "<0.1"
    return figures.count(value) if abs(value) >= WHOLE_FROM else figures.number(round(value, 1))


def count_digits(values: Iterable[float | None]) -> int:
    """Return the decimals of a column of mean counts: none where they would all be .0, or nothing is below ten.

    Examples
    --------
    >>> count_digits([3.0, 12.6, None]), count_digits([0.0, 7.18])
    (0, 1)
    """
    return int(any(value is not None and drawn(value) % 1 for value in values))


def share_digits(shares: Iterable[float | None], most: int = 3) -> int:
    """Return the decimals of a column of percentages with which the smallest share that is there is not written as 0.

    Examples
    --------
    >>> share_digits([0.59, 0.00017, 0.0]), share_digits([0.5, 0.5, None]), share_digits([1e-9])
    (2, 1, 3)
    """
    least = min((share for share in shares if share), default=1.0)
    return next((digits for digits in range(1, most) if 100 * least >= 0.5 * 10**-digits), most)
