"""Who left a panel: how many, and whether they were the poor ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from povsim.calibration.records import Attrition
from povsim.calibration.regression import fit_clustered
from povsim.calibration.residuals import Floats


def attrition_of(
    income: Floats, weight: Floats, cluster: npt.NDArray[np.integer], waves: npt.NDArray[np.str_]
) -> tuple[Attrition, ...]:
    """Return who of the first wave is missing in each later one.

    Parameters
    ----------
    income : array, (unit, wave)
        Per head; NaN where not observed.
    weight : array, (unit,)
    cluster : array of int, (unit,)
    waves : array of str, (wave,)

    Examples
    --------
    >>> income = np.array([[1.0, 2.0], [1.0, 2.0], [np.e, np.nan], [np.nan, 3.0]])
    >>> found = attrition_of(income, np.ones(4), np.arange(4), np.array(["a", "b"]))[0]
    >>> found.seen, round(found.left, 3), round(found.gap, 6), found.entered
    (3, 0.333, 1.0, 1)
    """
    seen = ~np.isnan(income)
    first = seen[:, 0]
    begun, w = income[first, 0], weight[first]
    found = []
    for place in range(1, seen.shape[1]):
        left = ~seen[first, place]
        gap, error = _gap(begun, left, w, cluster[first])
        entered = int((seen[:, place] & ~first).sum())
        found.append(Attrition(str(waves[place]), left.size, float(w @ left / w.sum()), gap, error, entered))
    return tuple(found)


def _gap(
    begun: Floats, left: npt.NDArray[np.bool_], weight: Floats, cluster: npt.NDArray[np.integer]
) -> tuple[float, float]:
    """Return mean log income of those who left less that of those who stayed, with its error; NaN if one is empty."""
    has = begun > 0
    if not left[has].any() or left[has].all():
        return float("nan"), float("nan")
    design = np.column_stack([np.ones(int(has.sum())), left[has]])
    fit = fit_clustered(np.log(begun[has]), design, weight[has], cluster[has])
    return float(fit.coefficient[1]), float(fit.error[1])
