"""A panel made ready for a back-test: who was poor in the early waves, whose last wave is held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FEWEST_UNITS = 40
"""Households seen in the last two waves, below which no share is worth a forecast."""


@dataclass(frozen=True)
class Waves:
    """The waves of a panel.

    Attributes
    ----------
    name : str
        Of the panel, for messages.
    log : array, (unit, wave)
        Log of welfare over the poverty line, NaN where not seen; all NaN in panels of spells.
    poor : array, (unit, wave)
        1 poor, 0 not, NaN not seen.
    years : array, (wave,)
    labels : tuple of str
        Of the waves.
    weight : array, (unit,)
        Households that each stands for.
    cluster, stratum : array of int, (unit,)
    """

    name: str
    log: Floats
    poor: Floats
    years: Floats
    labels: tuple[str, ...]
    weight: Floats
    cluster: npt.NDArray[np.int64]
    stratum: npt.NDArray[np.int64]

    @property
    def spells(self) -> bool:
        """Whether only poor or not poor is known."""
        return bool(np.isnan(self.log).all())

    @property
    def seen(self) -> Flags:
        """Who was seen when, (unit, wave)."""
        return ~np.isnan(self.poor)

    @property
    def base(self) -> Flags:
        """Who is forecast: seen in the last early wave and in the one held out, (unit,)."""
        seen = self.seen
        return np.asarray(seen[:, -2] & seen[:, -1])

    @property
    def gap(self) -> float:
        """Years from the last early wave to the one held out."""
        return float(self.years[-1] - self.years[-2])

    @property
    def clustered(self) -> bool:
        """Whether clusters hold more than one household."""
        return bool(np.unique(self.cluster).size < self.cluster.size)

    def early(self) -> Waves:
        """Return the panel without its last wave: nothing that is fitted may see more."""
        short = (self.name, self.log[:, :-1], self.poor[:, :-1], self.years[:-1], self.labels[:-1])
        return Waves(*short, self.weight, self.cluster, self.stratum)


def waves_of(panel: xr.Dataset) -> Waves:
    """Return a panel's waves.

    Parameters
    ----------
    panel : Dataset
        As `read_panel` returns it.

    Raises
    ------
    InputError
        No poverty line, fewer than two waves, or too few households seen in the last two.

    Examples
    --------
    >>> from povsim.calibration.simulated import Setting, simulated_panel
    >>> panel = simulated_panel(Setting(households=60, clusters=60), seed=1).assign_attrs(line=6000.0)
    >>> waves_of(panel).poor.shape
    (60, 5)
    """
    name = str(panel.attrs.get("name_en", "panel"))
    problems = []
    if panel.sizes["wave"] < 2:
        problems.append(Problem("waves", "a back-test needs two waves at least", str(panel.sizes["wave"])))
    line = float(panel.attrs.get("line", np.nan))
    if "poor" not in panel and not line > 0:
        mend = "say in the mapping under `line` what a poor household is"
        problems.append(Problem("line", "no poverty line above zero", "" if np.isnan(line) else f"{line:g}", mend=mend))
    if problems:
        raise InputError(name, problems)
    log, poor = _states(panel, line)
    found = Waves(
        name,
        log,
        poor,
        panel["year"].values.astype(np.float64),
        tuple(str(label) for label in panel["wave"].values),
        panel["weight"].values.astype(np.float64),
        _codes(panel["cluster"].values),
        _codes(panel["stratum"].values),
    )
    if (count := int(found.base.sum())) < FEWEST_UNITS:
        where = f"{found.labels[-2]} and {found.labels[-1]}"
        raise InputError(name, [Problem(where, "too few households seen in both", str(count), f"{FEWEST_UNITS}")])
    return found


def _states(panel: xr.Dataset, line: float) -> tuple[Floats, Floats]:
    if "poor" in panel:
        states = panel["poor"].values.astype(np.float64)
        return np.full(states.shape, np.nan), np.where(states < 0, np.nan, states)
    income = panel["income"].values.astype(np.float64)
    # a log needs an income above zero: the others are left out of everything, and counted
    used = np.nan_to_num(income) > 0
    ratio = np.where(used, income / line, 1.0)
    return np.where(used, np.log(ratio), np.nan), np.where(used, ratio < 1.0, np.nan)


def _codes(values: Any) -> npt.NDArray[np.int64]:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)
