"""What is known of a distribution of income beside its mean, and where it stands among ranked households."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri

from povsim.alignment import Floats
from povsim.poverty.lorenz_curves import Curve


@dataclass(frozen=True)
class KnownHeadcount:
    """The share of persons, or of households, with less than a line.

    Attributes
    ----------
    line : float
        Yuan per head and year.
    share : float
        Below the line, 0-1.
    gap : float, optional
        Poverty gap at that line: mean shortfall over the line, of persons, 0-1.
    households : bool
        Whether the share is of households instead of persons.
    """

    line: float
    share: float
    gap: float | None = None
    households: bool = False


@dataclass(frozen=True)
class Known:
    """What is known of a distribution beside its mean.

    Attributes
    ----------
    fifths : array of five, optional
        Mean income per head in the fifths of households, in any unit.
    gini : float, optional
        Of persons, trapezoid convention.
    curve : GeneralQuadratic or Beta, optional
        Lorenz curve of persons.
    median : float, optional
        Of persons, yuan per head.
    headcounts : tuple of KnownHeadcount
        Met before everything else.
    weights : mapping of str to float
        How much a relative miss of ``fifths``, ``gini``, ``curve``, ``median`` or ``gap`` counts; 1 where left out.
    """

    fifths: Floats | None = None
    gini: float | None = None
    curve: Curve | None = None
    median: float | None = None
    headcounts: tuple[KnownHeadcount, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)


def household_scores(households: int) -> Floats:
    """Return the standard normal values of the ranks of households.

    Examples
    --------
    >>> household_scores(3).round(3).tolist()
    [-0.967, 0.0, 0.967]
    """
    return np.asarray(ndtri((np.arange(households) + 0.5) / households))


def households_below(share: float, persons: Floats, *, households: bool = False) -> int:
    """Return how many of the lowest households come nearest to a share of all persons, or of all households.

    Examples
    --------
    >>> households_below(0.5, np.array([4.0, 1, 1])), households_below(0.5, np.array([4.0, 1, 1]), households=True)
    (1, 2)
    """
    if households:
        return int(np.floor(share * persons.size + 0.5))
    running = np.concatenate(([0.0], np.cumsum(persons)))
    return int(np.argmin(np.abs(running - share * running[-1])))
