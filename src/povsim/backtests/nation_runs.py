"""The simulation of a nation: the quantities that series are held against, by plan, draw and year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.backtests.nation_plans import GROWTH, LUCK, MEASURES, SHOCKS, Plans, lines
from povsim.backtests.nation_spec import Nation
from povsim.engine import Progress
from povsim.income_distribution import fifth_starts
from povsim.interrupts import raise_if_stopped
from povsim.outcomes import ratios
from povsim.runs import simulate
from povsim.terms import Status

Floats = npt.NDArray[np.float64]
BATCH = 10
"""Draws simulated at a time: the households of a batch are kept (14 columns of 20,000 over seven years), not of all."""


@dataclass(frozen=True)
class Paths:
    """What was simulated.

    Attributes
    ----------
    years : tuple of int
        Years.
    values : mapping of (quantity, plan) to array, dims (draw, year)
        Shares of persons, yuan per head and year, or persons of the nation. Of the plans ``luck`` and ``shocks`` only
        ``headcount`` is kept.
    scale : float
        Persons of the nation that one person of the sample stands for.
    """

    years: tuple[int, ...]
    values: Mapping[tuple[str, str], Floats]
    scale: float


def run_plans(
    spec: Nation, plans: Plans, *, draws: int, seed: int, progress: Progress = lambda done, total: None
) -> Paths:
    """Simulate a nation's plans on the same luck.

    Parameters
    ----------
    spec : Nation
        Persons that the sample stands for, years, other lines.
    plans : Plans
        Start and plans.
    draws, seed : int
        Paths of luck, and their address.
    progress : callable
        Told how far it is, in draws and draws in all.

    Returns
    -------
    Paths
    """
    scale = spec.persons.at(spec.years[0] - 1) / float(plans.register["persons"].sum())
    found: dict[tuple[str, str], list[Floats]] = {}
    for first in range(0, draws, BATCH):
        batch = range(first, min(first + BATCH, draws))
        for quantity, plan, values in _batch(spec, plans, batch, seed, scale):
            found.setdefault((quantity, plan), []).append(values)
        progress(batch.stop, draws)
    return Paths(tuple(spec.span), {key: np.concatenate(parts) for key, parts in found.items()}, scale)


def _batch(spec: Nation, plans: Plans, batch: range, seed: int, scale: float) -> Iterator[tuple[str, str, Floats]]:
    """Yield quantity, plan and values of a batch, dims (draw, year)."""
    bare = simulate(
        plans.register, [plans.scenarios[LUCK], plans.scenarios[SHOCKS]], draws=batch, seed=seed, progress=_heed
    )
    for plan in (LUCK, SHOCKS):
        yield "headcount", plan, _by_draw(ratios(bare)["headcount_ratio"].sel(scenario=plan))
    chosen = [plans.scenarios[GROWTH], plans.scenarios[MEASURES]]
    outcomes, panel = simulate(plans.register, chosen, draws=batch, seed=seed, keep=("household",), progress=_heed)
    shares = ratios(outcomes)
    for plan in (GROWTH, MEASURES):
        one = outcomes.sel(scenario=plan)
        for quantity, name in (
            ("headcount", "headcount_ratio"),
            ("declared", "registered_ratio"),
            ("mean", "mean_income"),
        ):
            yield quantity, plan, _by_draw(shares[name].sel(scenario=plan))
        for quantity in ("exits", "relapses", "newly_poor"):
            yield quantity, plan, scale * _by_draw(one[quantity].sum("village"))
        for quantity, values in _of_households(spec, plans, panel.sel(scenario=plan), scale):
            yield quantity, plan, values


def _heed(done: int, total: int) -> None:
    """End the run where a stop was asked for."""
    raise_if_stopped()


def _by_draw(array: xr.DataArray) -> Floats:
    """Return an array over draws and years; of the areas there is one, the nation."""
    return np.asarray(
        array.squeeze([dim for dim in array.dims if dim not in ("draw", "year")]).transpose("draw", "year")
    )


def _of_households(spec: Nation, plans: Plans, panel: xr.Dataset, scale: float) -> Iterator[tuple[str, Floats]]:
    persons = panel["persons"].to_numpy().astype(np.float64)
    counted = panel["counted_income"].transpose("draw", "year", "household").to_numpy() / persons
    everybody = persons.sum()
    for quantity, function in (("low_fifth", _low_fifth), ("median", _median)):
        yield quantity, np.apply_along_axis(function, 2, counted, persons)
    if spec.line_otherwise is not None:
        other = {**lines(plans.full), **_dated(spec)}
        below = counted < np.array([other[year] for year in spec.span])[:, np.newaxis]
        yield "headcount_otherwise", below @ persons / everybody
    status = panel["status"].transpose("draw", "year", "household").to_numpy()
    start = plans.register["status"].to_numpy().astype(status.dtype)
    before = np.concatenate([np.broadcast_to(start, (status.shape[0], 1, start.size)), status[:, :-1]], axis=1)
    registered = status == Status.registered
    yield "relapses_registered", scale * (((status == Status.relapsed) & (before == Status.exited)) @ persons)
    yield "newly_registered", scale * ((registered & (before == Status.never_registered)) @ persons)
    yield "dibao_recipients", scale * ((panel["dibao"].transpose("draw", "year", "household").to_numpy() > 0) @ persons)


def _dated(spec: Nation) -> dict[int, float]:
    value = None if spec.line_otherwise is None else spec.line_otherwise.value
    return value if isinstance(value, dict) else {}


def _low_fifth(income: Floats, persons: Floats) -> float:
    """Return mean income per head in the lowest fifth of households ranked by income per head."""
    low = np.argsort(income)[: fifth_starts(income.size)[1]]
    return float(income[low] @ persons[low] / persons[low].sum())


def _median(income: Floats, persons: Floats) -> float:
    order = np.argsort(income)
    running = np.cumsum(persons[order])
    return float(income[order][np.searchsorted(running, running[-1] / 2)])
