"""How much each person moves a measure: derivatives with respect to weights, for standard errors by linearisation.

Each function takes incomes, weights and what the measure takes, and returns z with z_k = d measure / d w_k: the measure
of a sample whose weights change a little changes by the sum of z times the changes (J.-C. Deville, "Variance estimation
for complex statistics and estimators: linearization and residual techniques", 1999).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from povsim.poverty.ordering import rising
from povsim.poverty.quantiles import quantile_of_rising
from povsim.poverty.sums import dot

Floats = npt.NDArray[np.float64]
Influence = Callable[[Floats, Floats, Floats], Floats]


def of_mean(values: Floats, weight: Floats) -> Floats:
    """Return the influence on a weighted mean.

    Examples
    --------
    >>> of_mean(np.array([1.0, 3.0]), np.ones(2)).tolist()
    [-0.5, 0.5]
    """
    total = float(weight.sum())
    return (values - dot(weight, values) / total) / total


def of_fgt(alpha: float) -> Influence:
    """Return the influence on a Foster-Greer-Thorbecke measure of an order."""

    def influence(y: Floats, w: Floats, z: Floats) -> Floats:
        gap = np.clip(1.0 - y / z, 0.0, 1.0)
        return of_mean((y < z).astype(np.float64) if alpha == 0.0 else gap**alpha, w)

    return influence


def of_watts(y: Floats, w: Floats, z: Floats) -> Floats:
    """Return the influence on the Watts measure."""
    return of_mean(np.log(z / np.minimum(y, z)), w)


def of_income(y: Floats, w: Floats, _: Floats) -> Floats:
    """Return the influence on mean income."""
    return of_mean(y, w)


def of_gini(y: Floats, w: Floats, _: Floats) -> Floats:
    """Return the influence on the Gini coefficient, trapezoid convention.

    With G = A / (2 W T), A the weighted sum of absolute differences over pairs, W and T the sums of weights and of
    weighted incomes, z_k = 2 A_k / (2 W T) - G (1 / W + y_k / T); A_k is the sum of absolute differences from k.
    """
    values, places = np.unique(y, return_inverse=True)
    persons = np.cumsum(np.bincount(places, w))
    cash = np.cumsum(np.bincount(places, w * y))
    everybody, total = float(persons[-1]), float(cash[-1])
    apart = (values * (2.0 * persons - everybody) + total - 2.0 * cash)[places]
    gini = dot(w, apart) / (2.0 * everybody * total)
    return np.asarray(apart / (everybody * total) - gini * (1.0 / everybody + y / total))


def of_at_risk(fraction: float) -> Influence:
    """Return the influence on the share of persons below a fraction of the median, the median being estimated too.

    The density at the median and at the threshold comes from a Gaussian kernel on log incomes, or on incomes where some
    are not above zero.
    """

    def influence(y: Floats, w: Floats, _: Floats) -> Floats:
        total = float(w.sum())
        middle = quantile_of_rising(*rising(y, w), 0.5)
        edge = fraction * middle
        low = (y < edge).astype(np.float64)
        at_middle, at_edge = density(y, w, middle), density(y, w, edge)
        moved = at_edge / at_middle * fraction * ((y <= middle) - 0.5) / total if at_middle > 0 else np.zeros(y.size)
        return of_mean(low, w) - moved

    return influence


def density(values: Floats, weight: Floats, at: float) -> float:
    """Return the density of a distribution at a value, by a Gaussian kernel.

    The width is 0.79 interquartile ranges times n to the power of -1/5, n the effective number of rows.

    Examples
    --------
    >>> round(density(np.linspace(-0.5, 0.5, 1001), np.ones(1001), 0.0), 3)
    0.999
    """
    logs = bool(at > 0 and values.min() > 0)
    x, point = (np.log(values), float(np.log(at))) if logs else (values, at)
    ordered = rising(x, weight)
    spread = quantile_of_rising(*ordered, 0.75) - quantile_of_rising(*ordered, 0.25)
    rows = float(weight.sum()) ** 2 / dot(weight, weight)
    width = 0.79 * spread * rows**-0.2
    if width <= 0:
        return 0.0
    heights = np.exp(-0.5 * ((x - point) / width) ** 2) / (width * np.sqrt(2.0 * np.pi))
    found = dot(weight, heights) / float(weight.sum())
    return found / at if logs else found
