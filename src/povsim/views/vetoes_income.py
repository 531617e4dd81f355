"""The income line moved: persons excluded, exact at the edges of the stored bins, bounded between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from povsim.views.vetoes_asked import BAND, Asked, Surety, remembered
from povsim.views.vetoes_patterns import PERSONS

if TYPE_CHECKING:
    from povsim.sensitivity.veto_curves import MarginCurve

Array = npt.NDArray[Any]
REACH = (0.5, 1.5)
"""How far the line can be moved, as multiples of the run's."""
POINTS = 101
SAME = 0.5
"""Bounds nearer than half a person are one number."""


@dataclass(frozen=True)
class Excluded:
    """Persons excluded, mean of the draws: bounds, equal where the answer is exact, an estimate, and the draws' band.

    The band is missing where the income line was moved: margins are kept as sums over the draws.
    """

    low: float
    estimate: float
    high: float
    surety: Surety
    band: tuple[float, float] | None = None


def has_margins(asked: Asked) -> bool:
    """Tell whether the run says how the excluded change with the income line."""
    return "margin_free" in asked.part and asked.income is not None


def curve_of(asked: Asked) -> MarginCurve:
    """Return the run's curve of the income line, all other rules in force."""
    from povsim.sensitivity.veto_curves import MarginCurve as Curve

    free, blocked = (asked.part[f"margin_{name}"].to_numpy()[asked.place] for name in ("free", "blocked"))
    return Curve(str(asked.income), asked.part["margin_edge"].to_numpy(), free, blocked)


def excluded(asked: Asked) -> Excluded:
    """Return the persons excluded by the rules as they are set.

    Rules switched off are exact from patterns, a moved income line from margins. Both together are bounded: margins do
    not say which other rules hold those back whom they list as held back otherwise.
    """
    return remembered(asked.memory, "excluded", lambda: _excluded(asked))


def _excluded(asked: Asked) -> Excluded:
    if asked.line_moved and has_margins(asked):
        low, estimate, high = (float(row[0]) for row in bounds(asked, np.array([asked.factor])))
        surety: Surety = "exact" if high - low < SAME else "bounded"
        return Excluded(low, estimate, high, surety)
    persons = asked.found["excluded"][PERSONS]
    mean = float(persons.mean())
    low, high = (float(edge) for edge in np.quantile(persons, BAND))
    return Excluded(mean, mean, mean, "rerun" if asked.line_moved else "exact", (low, high))


def bounds(asked: Asked, factors: Array) -> tuple[Array, Array, Array]:
    """Return bounds and an estimate of the persons excluded, at multiples of the income line.

    Parameters
    ----------
    asked : Asked
        A run with margins; rules of households that are off count, the income test as if it were on.
    factors : array
        New line over that of the run.

    Returns
    -------
    tuple of three arrays
        Lowest, estimated, highest number.
    """
    curve = curve_of(asked)
    found = curve.at(factors)
    rows = [found[name].to_numpy() for name in ("low", "estimate", "high")]
    off = [code for code in asked.off if code in asked.codes and code != asked.income]
    if not off:
        return rows[0], rows[1], rows[2]
    below, above = _freed(asked, off)
    freed = _freed_below(curve, factors, below, above)
    # margins count the freed as held back otherwise, whatever the line
    lowest, middle, highest = (row - below - above + some for row, some in zip(rows, freed, strict=True))
    return lowest, middle, highest


def _freed(asked: Asked, off: list[str]) -> tuple[float, float]:
    """Return persons whom, but for income, only rules now off hold back: those below the line, and above."""
    patterns = asked.part["pattern"].to_numpy()
    persons = asked.part["cases"].to_numpy()[asked.place, :, :, PERSONS].mean(axis=0)
    income = np.uint64(1)
    gone = np.uint64(sum(1 << asked.codes.index(code) for code in off))
    freed = ((patterns & ~(gone | income)) == 0) & ((patterns & gone) != 0)
    below = (patterns & income) != 0
    return float(persons[freed & below].sum()), float(persons[freed & ~below].sum())


def _freed_below(curve: MarginCurve, factors: Array, below: float, above: float) -> tuple[Array, Array, Array]:
    """Return how many of the freed fall below the moved line: at least, about, at most.

    The freed are among the persons that margins list as held back otherwise, of whom they tell the incomes.
    """
    from povsim.sensitivity.veto_curves import MarginCurve as Curve

    held = Curve(curve.veto, curve.edges, curve.blocked, np.zeros(curve.blocked.size))
    there, under = held.at(factors), float(held.at([1.0])["low"][0])
    sides = (under, float(curve.blocked.sum()) - under)
    lowest, middle, highest = (there[name].to_numpy() for name in ("low", "estimate", "high"))
    freed = (below, above)
    return _share(lowest, sides, freed, min), _share(middle, sides, freed, None), _share(highest, sides, freed, max)


def _share(there: Array, sides: tuple[float, float], freed: tuple[float, float], side: Any) -> Array:
    """Return the freed among those below the moved line: the fewest (min), the most (max), or in proportion."""
    (under, over), (below, above) = sides, freed
    gain, loss = np.maximum(there - under, 0), np.maximum(under - there, 0)
    if side is min:
        more = np.maximum(gain - (over - above), 0)
        return np.asarray(below + more - np.minimum(below, loss))
    if side is max:
        fewer = np.maximum(loss - (under - below), 0)
        return np.asarray(below + np.minimum(above, gain) - fewer)
    up = gain * (above / over if over > 0 else 0.0)
    return np.asarray(below + up - loss * (below / under if under > 0 else 0.0))


def line_grid(asked: Asked) -> Array:
    """Return the multiples of the line at which its curve is drawn: edges of bins, where it is exact."""
    edges = np.exp(asked.part["margin_edge"].to_numpy())
    inside = edges[(edges >= REACH[0]) & (edges <= REACH[1])]
    return np.asarray(np.union1d(inside, [1.0]))
