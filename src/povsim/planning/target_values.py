"""What targets are measured on: figures by draw, year and unit, and where they hold, exactly where they are counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.planning.target_rules import SCORED, VERDICTS, UnitTarget
from povsim.scoring.schema import ValueFrom
from povsim.scoring.signals import signal, units_of
from povsim.verdicts import compare_ratio

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Measured:
    """A target with what it is measured on.

    Attributes
    ----------
    target : UnitTarget
        The target.
    units : tuple of str
        Names of the units.
    values : array, dims (draw, year, unit)
        The figure; NaN where the run does not know it.
    held : array, dims (draw, year, unit)
        Whether the bound in force is met; where the figure is not known it is not.
    bounds, due : array, dims (year,)
        The bound in force (its own year's, or the next one that is due), and whether the year's is due.
    """

    target: UnitTarget
    units: tuple[str, ...]
    values: Floats
    held: Flags
    bounds: Floats
    due: Flags

    @property
    def known(self) -> Flags:
        """Tell where the figure is known, dims (draw, year, unit)."""
        return np.asarray(~np.isnan(self.values))

    @property
    def missed_by(self) -> Floats:
        """Return the amount by which the bound is missed, 0 where it is met, NaN where nothing is known."""
        below = self.bounds[:, np.newaxis] - self.values
        gap = below if self.target.comparison in (">", ">=") else -below
        return np.where(self.held, 0.0, np.maximum(gap, 0.0))


def measure_target(one: xr.Dataset, target: UnitTarget, scores: Sequence[xr.Dataset] = ()) -> Measured:
    """Measure a target on the outcomes of one scenario.

    Parameters
    ----------
    one : Dataset
        Outcomes with the scenario dim of length 1.
    target : UnitTarget
        What to measure.
    scores : sequence of Dataset
        Scores of the same run, for points and ranks; the first whose level is the target's.

    Raises
    ------
    InputError
        No scores for the target; units that the level does not have; what ``of`` names is not in the run.
    """
    years = [int(year) for year in one["year"].to_numpy()]
    bounds = np.array([target.bound(year) for year in years])
    top, bottom, units = _figure(one, target, scores)
    if bottom is None:
        values = top.astype(np.float64)
        held = _compare(top, target, bounds)
    else:
        values = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
        # in whole numbers: a share of exactly the bound must not depend on rounding
        pairs = [(top[:, y], bottom[:, y], Fraction(repr(float(bound)))) for y, bound in enumerate(bounds)]
        held = np.stack([compare_ratio(a, b, target.comparison, bound) for a, b, bound in pairs], axis=1)
    chosen = _chosen(target, units)
    due = np.array([target.applies(year) for year in years])
    keep = np.isnan(values[..., chosen])
    return Measured(
        target, tuple(units[u] for u in chosen), values[..., chosen], held[..., chosen] & ~keep, bounds, due
    )


def _chosen(target: UnitTarget, units: list[str]) -> list[int]:
    unknown = [name for name in target.units if name not in units]
    if unknown:
        where = f"targets.{target.code}.units"
        raise InputError(
            "targets", [Problem(where, f"no such {target.level}", ", ".join(unknown), mend=nearest(unknown[0], units))]
        )
    return [units.index(name) for name in target.units] if target.units else list(range(len(units)))


def _figure(one: xr.Dataset, target: UnitTarget, scores: Sequence[xr.Dataset]) -> tuple[Array, Array | None, list[str]]:
    """Return numerators, denominators where the figure is a ratio of whole numbers, and units."""
    if target.measure in SCORED:
        return _scored(one, target, scores)
    if target.measure in VERDICTS:
        return _verdict(one, target.measure)
    units = units_of(one, target.level)
    exact = _whole(one, target.measure)
    if exact is not None and not target.of:
        member = _membership(one, target.level, units)
        return exact[0] @ member, None if exact[1] is None else exact[1] @ member, units
    source = ValueFrom(simulated=target.measure, of=target.of)
    return signal(one, source, target.level).isel(scenario=0).to_numpy(), None, units


def _membership(one: xr.Dataset, level: str, units: list[str]) -> npt.NDArray[np.int64]:
    """Return 1 where a village (row) belongs to a unit (column)."""
    names = one["village" if level == "village" else level].to_numpy().astype(str)
    return np.asarray(names[:, np.newaxis] == np.array(units)[np.newaxis], dtype=np.int64)


def _whole(one: xr.Dataset, measure: str) -> tuple[Array, Array | None] | None:
    """Return a measure by village as whole numbers, (draw, year, village), with its denominator if it has one."""
    whole = {"exits": "exits", "relapses": "relapses"}
    if measure in whole:
        return villages(one, whole[measure]), None
    persons = one["persons"].isel(scenario=0).astype(np.int64)
    everybody = persons.sum("status").transpose("draw", "year", "village").to_numpy()
    on_it = persons.sel(status=["registered", "relapsed"]).sum("status").transpose("draw", "year", "village").to_numpy()
    ratios: dict[str, Any] = {
        "headcount_ratio": lambda: villages(one, "poor_persons"),
        "failing_ratio": lambda: villages(one, "failing_persons"),
        "registered_ratio": lambda: on_it,
        "composite_incidence": lambda: on_it + villages(one, "omissions") + villages(one, "failing_exited_persons"),
        "mean_income": lambda: villages(one.sel(source="total"), "income_sum"),
    }
    return (ratios[measure](), everybody) if measure in ratios else None


def villages(one: xr.Dataset, name: str) -> npt.NDArray[np.int64]:
    """Return a statistic of one scenario by draw, year and village as whole numbers."""
    array = one[name].isel(scenario=0) if "scenario" in one[name].dims else one[name]
    whole: npt.NDArray[np.int64] = array.transpose("draw", "year", "village").to_numpy().astype(np.int64)
    return whole


def _verdict(one: xr.Dataset, measure: str) -> tuple[Array, None, list[str]]:
    dim = "village" if VERDICTS[measure] == "village" else "county_name"
    found = one[measure].isel(scenario=0).transpose("draw", "year", dim).to_numpy().astype(np.float64)
    return np.where(found < 0, np.nan, found), None, [str(unit) for unit in one[dim].to_numpy()]


def _scored(one: xr.Dataset, target: UnitTarget, scores: Sequence[xr.Dataset]) -> tuple[Array, None, list[str]]:
    code = str(one["scenario"].to_numpy()[0])
    for found in scores:
        if found.attrs.get("level") == target.level and code in found["scenario"].to_numpy().tolist():
            array = found["total" if target.measure == "points" else "rank"].sel(scenario=code).isel(scheme=0)
            values = (
                array.sel(draw=one["draw"].to_numpy()).transpose("draw", "year", "unit").to_numpy().astype(np.float64)
            )
            ranked = np.where(values == 0, np.nan, values) if target.measure == "rank" else np.round(values, 4)
            return ranked, None, [str(unit) for unit in found["unit"].to_numpy()]
    held = ", ".join(sorted({str(each.attrs.get("level")) for each in scores})) or "none"
    mend = "score the run first: povsim score RUN_DIR --scorecard NAME"
    raise InputError(
        "targets", [Problem(f"targets.{target.code}", f"no scores by {target.level}", f"scores by {held}", mend=mend)]
    )


def _compare(values: Array, target: UnitTarget, bounds: Floats) -> Flags:
    """Compare figures with bounds in the precision they are stored in, so that equal stays equal."""
    kind = values.dtype if values.dtype.kind == "f" else np.float64
    limit = bounds.astype(kind)[:, np.newaxis]
    with np.errstate(invalid="ignore"):
        found = {">": values > limit, ">=": values >= limit, "<": values < limit, "<=": values <= limit}
    return np.asarray(found[target.comparison], dtype=bool)
