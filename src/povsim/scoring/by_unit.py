"""Village statistics summed over the units of a scorecard: counties, townships or villages, exactly and at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.draws import LANES, decision_key, fill_uniforms, household_key
from povsim.errors import InputError, Problem, nearest
from povsim.sampling import sampled_failures
from povsim.scoring.schema import ValueFrom
from povsim.scoring.signal_names import AREAS
from povsim.terms import STATUSES

Array = npt.NDArray[Any]
Whole = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEAD = ("scenario", "draw", "year", "village")
_STATUS = {term.code: place for place, term in enumerate(STATUSES)}


@dataclass(frozen=True)
class View:
    """Outcomes as one scorecard looks at them.

    Attributes
    ----------
    outcomes : Dataset
        The run.
    source : ValueFrom
        What the indicator asks for.
    level : str
        County, township or village.
    units : list of str
        The units of that level.
    order, starts : array
        The villages sorted by unit, and where each unit begins among them.
    seed : int
        Address of the luck of samples.
    """

    outcomes: xr.Dataset
    source: ValueFrom
    level: str
    units: list[str]
    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    seed: int

    @property
    def name(self) -> str:
        """Name of the signal."""
        return str(self.source.simulated)

    @property
    def years(self) -> list[int]:
        """Calendar years."""
        years: list[int] = self.outcomes["year"].to_numpy().tolist()
        return years

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Lengths of scenario, draw, year and unit."""
        lead = self.outcomes.sizes
        return lead["scenario"], lead["draw"], lead["year"], len(self.units)


def units_of(outcomes: xr.Dataset, level: str) -> list[str]:
    """Return the names of a level's units, in the order in which every array by unit has them.

    Parameters
    ----------
    outcomes : Dataset
        As ``simulate`` returns it.
    level : {"county", "township", "village"}
        Counties in the order in which villages first name them, townships as along ``township_name``, or villages.

    Raises
    ------
    InputError
        A level that is not simulated.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=1)
    >>> units_of(outcomes, "township"), len(units_of(outcomes, "village"))
    (['东镇', '西乡'], 6)
    """
    if level not in AREAS:
        raise InputError(
            "level", [Problem("level", "is not simulated", level, ", ".join(AREAS), nearest(level, AREAS))]
        )
    if level == "township":
        return [str(name) for name in outcomes["township_name"].to_numpy()]
    return [str(name) for name in dict.fromkeys(outcomes[level].to_numpy().tolist())]


def make_view(outcomes: xr.Dataset, source: ValueFrom, level: str, seed: int) -> View:
    """Sort the villages by the units of a level."""
    units = units_of(outcomes, level)
    place = {name: number for number, name in enumerate(units)}
    unit = np.array([place[str(name)] for name in outcomes[level].to_numpy()], dtype=np.intp)
    order = np.argsort(unit, kind="stable")
    starts = np.searchsorted(unit[order], np.arange(len(units)))
    return View(outcomes, source, level, units, order, starts, seed)


def values_of(view: View, name: str, *more: str, lead: Sequence[str] = LEAD) -> Array:
    """Return a variable of the outcomes as an array with ``lead`` and ``more`` as its dims."""
    if name not in view.outcomes:
        mend = "run the scenario again with this version"
        raise InputError("outcomes", [Problem(name, f"is missing, and {view.name} needs it", mend=mend)])
    return view.outcomes[name].transpose(*lead, *more).to_numpy()


def by_unit(view: View, values: Array) -> Array:
    """Sum over the villages of each unit, the village being the last axis; whole numbers in 64 bits, exactly."""
    wide = np.int64 if values.dtype.kind in "biu" else np.float64
    if (np.diff(view.order) != 1).any():
        values = values[..., view.order]
    if len(view.units) == values.shape[-1]:
        return values.astype(wide)
    total: Array = np.add.reduceat(values, view.starts, axis=-1, dtype=wide)
    return total


def total_of(view: View, name: str) -> Array:
    """Return a statistic of villages by unit, dims (scenario, draw, year, unit)."""
    return by_unit(view, values_of(view, name))


def status_of(view: View, name: str, *statuses: str) -> Whole:
    """Return persons or households of some statuses by unit at year end, dims (scenario, draw, year, unit)."""
    values = values_of(view, name, "status")
    return by_unit(view, _picked(values, statuses))


def start_of(view: View, name: str, *statuses: str) -> Whole:
    """Return persons or households of some statuses by unit in the register, dims (unit,)."""
    return by_unit(view, _picked(values_of(view, f"{name}_at_start", "status", lead=("village",)), statuses))


def _picked(values: Array, statuses: Sequence[str]) -> Array:
    places = [_STATUS[code] for code in statuses]
    chosen = values[..., places[0]].astype(np.int64)
    for place in places[1:]:
        chosen += values[..., place]
    return chosen


def at_year_start(ends: Array, start: Array) -> Array:
    """Return what was at the end of the year before: the register's in the first year, (scenario, draw, year, unit)."""
    before = np.empty_like(ends)
    before[:, :, 0], before[:, :, 1:] = start, ends[:, :, :-1]
    return before


def ratio(part: Array, whole: Array) -> Doubles:
    """Divide in 64 bits; NaN where there is nothing to divide by.

    Examples
    --------
    >>> ratio(np.array([1, 1]), np.array([4, 0])).tolist()
    [0.25, nan]
    """
    top, bottom = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    shares: Doubles = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return shares


def rate(view: View, households: tuple[str, Whole, Whole], persons: tuple[Whole, Whole]) -> Doubles:
    """Return a rate in truth, by persons; or, where the indicator names a sample, as so many households show it.

    Parameters
    ----------
    view : View
        The indicator's view; ``source.sample`` is the number of households asked in each unit.
    households : tuple of (str, array, array)
        Name of the decision whose luck the sample has; households that fail, and households that can be asked.
    persons : tuple of array
        Persons that fail, and persons in all.

    Returns
    -------
    array, dims (scenario, draw, year, unit)
        Of a sample: failing over asked households, drawn without replacement, the same luck in every scenario; all are
        asked where there are fewer. NaN where there is nobody.
    """
    if view.source.sample is None:
        return ratio(*persons)
    decision, failing, pool = households
    wanted = np.array([int(view.source.sample.at(year)) for year in view.years], dtype=np.int64)
    asked = np.minimum(wanted[:, np.newaxis], pool)
    return ratio(sampled_failures(_luck(view, decision), pool, failing, asked), asked)


def _luck(view: View, decision: str) -> npt.NDArray[np.float32]:
    """Return a uniform by draw, year and unit; those of ``povsim.draws.uniforms``, with what is common hashed once."""
    keys, key = household_key(view.units), decision_key(view.seed, decision)
    draws = view.outcomes["draw"].to_numpy().tolist()
    luck = np.empty((len(draws), len(view.years), LANES, keys.size), dtype=np.float32)
    for d, draw in enumerate(draws):
        for y, year in enumerate(view.years):
            fill_uniforms(key, draw, year, keys, luck[d, y], 0)
    return luck[:, :, 0]


def chosen_among(view: View, known: dict[str, list[int]], what: str) -> list[int]:
    """Return the places of what ``of`` names, in order and once each.

    Raises
    ------
    InputError
        A name that is not known, or none given.
    """
    unknown = [name for name in view.source.of if name not in known]
    allowed = ", ".join(known) or "there are none"
    problems = [
        Problem(f"{view.name}.of", f"names no {what} of the run", name, allowed, nearest(name, known))
        for name in unknown
    ]
    if not view.source.of:
        problems.append(Problem(f"{view.name}.of", "is missing", allowed=allowed))
    if problems:
        raise InputError("value_from", problems)
    return sorted({place for name in view.source.of for place in known[name]})
