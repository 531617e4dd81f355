"""What a back-test forecasts: headcount, exit, entry, relapse of recent exiters, exit of the long poor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from povsim.backtests.panel_waves import Flags, Floats, Waves
from povsim.poverty.survey_errors import Design, linearised_error

STATISTICS = ("headcount", "exit", "entry", "relapse", "long_exit")
LEAVING = ("exit", "long_exit")
"""Statistics that count who is not poor; the others count who is."""
FEWEST_MEMBERS = 20
"""Households below which a statistic is left out."""


@dataclass(frozen=True)
class Statistic:
    """What happened, of one statistic.

    Attributes
    ----------
    code : str
        One of STATISTICS.
    members : array of bool, (unit,)
        Who is in the denominator.
    value, error : float
        Share of them, weighted, and its standard error by the design of the sample.
    """

    code: str
    members: Flags
    value: float
    error: float

    @property
    def households(self) -> int:
        """How many are in the denominator."""
        return int(self.members.sum())


def members_of(waves: Waves) -> Mapping[str, Flags]:
    """Return who is in the denominator of each statistic.

    Only households seen in the last early wave and in the one held out; relapse also needs the wave before, the long
    poor all early waves. With one early wave these two are left out.
    """
    base, poor = waves.base, waves.poor
    last = poor[:, -2]
    found = {"headcount": base, "exit": base & (last == 1), "entry": base & (last == 0)}
    if waves.years.size > 2:
        found["relapse"] = base & (last == 0) & (poor[:, -3] == 1)
        found["long_exit"] = base & (poor[:, :-1] == 1).all(axis=1)
    return found


def shares(code: str, poor: npt.NDArray[np.generic], members: Flags, weight: Floats) -> Floats:
    """Return a statistic of what was forecast, one value a draw.

    Parameters
    ----------
    code : str
        One of STATISTICS.
    poor : array, (draw, unit)
        Whether each household is poor in the last wave, or its chance of being so.
    members : array of bool, (unit,)
    weight : array, (unit,)

    Examples
    --------
    >>> shares("exit", np.array([[1, 0, 0]]), np.array([True, True, False]), np.ones(3)).tolist()
    [0.5]
    """
    w = weight[members]
    share = poor[:, members].astype(np.float64) @ w / w.sum()
    return np.asarray(1.0 - share if code in LEAVING else share)


def actual_statistics(waves: Waves) -> tuple[Statistic, ...]:
    """Return what happened, with the error of the sample; statistics of fewer than twenty households are left out.

    A share among some of a sample is a ratio: its influence is (event - share) / members for members and zero for the
    rest, who still count for the design.
    """
    found = []
    design = Design(weight=waves.weight, stratum=waves.stratum, cluster=waves.cluster, lonely="centre")
    last = np.nan_to_num(waves.poor[:, -1])
    for code, members in members_of(waves).items():
        if members.sum() < FEWEST_MEMBERS:
            continue
        value = float(shares(code, last[None], members, waves.weight)[0])
        event = 1.0 - last if code in LEAVING else last
        influence = np.where(members, event - value, 0.0) / waves.weight[members].sum()
        found.append(Statistic(code, members, value, linearised_error(influence, design=design)))
    return tuple(found)
