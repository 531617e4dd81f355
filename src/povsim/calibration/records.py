"""What a calibration is asked for and what it finds, as frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from povsim.incomes import Parts

SHARES = ("permanent", "persistent", "transitory", "error")
PARAMETERS = ("variance", *SHARES, "rho", "trend")
ERROR_SHARE = 0.5
"""Share of the one-year variance taken for misreporting where none is stated, as in the shipped scenarios."""
RHO_RANGE = (0.5, 0.95)
"""Where rho is looked for when a panel cannot tell it and none is stated; yearly panels elsewhere put it near .83."""

Weighting = Literal["equal", "diagonal", "optimal"]
Known = Literal["estimated", "given_rho", "bounds"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Note:
    """Something a reader has to know: the key of a text of the room ``calibrate`` and what fills it."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Choices:
    """How a panel is calibrated.

    Attributes
    ----------
    error_share : float, optional
        Share of the one-year variance that is misreporting, 0-1: a panel cannot tell it from luck of one year. A half
        if not given.
    rho : float or (float, float), optional
        What is left of the persistent part after a year, or the range it lies in. Estimated if not given and the panel
        can tell it; else looked for between .5 and .95.
    weighting : {"equal", "diagonal", "optimal"}
        Weights of the autocovariances in the distance: all alike, by their own variances, or by all their covariances
        (which is biased in small panels: Altonji and Segal 1996, doi:10.1080/07350015.1996.10524661).
    groups : str, optional
        Variable of the household whose groups have a mean of their own in every wave; the strata if not given.
    draws, seed : int
        Bootstrap samples, and the address of their luck.
    threads : int
        Workers; the answer is the same to the last bit for any number.
    """

    error_share: float | None = None
    rho: float | Interval | None = None
    weighting: Weighting = "equal"
    groups: str | None = None
    draws: int = 200
    seed: int = 1
    threads: int = 1


@dataclass(frozen=True)
class IncomeProcess:
    """The parts of the log variance of one income, per head.

    Attributes
    ----------
    variance : float
        Of log income less what covariates, area and wave explain.
    permanent, persistent, transitory, error : float
        Shares of the variance; they sum to one.
    rho : float
        What is left of the persistent part after a year.
    trend : float
        Growth of the mean, log points a year; NaN where a mean is not above zero.
    known : {"estimated", "given_rho", "bounds"}
        Whether all is estimated, the rest given a stated rho, or only bounds are.
    standard_errors : mapping of str to float
        By parameter, from the cluster bootstrap; NaN for what is stated, not estimated, and for parameters of which
        only bounds are known.
    intervals : mapping of str to (float, float)
        95 % by parameter; of shares and rho the wider of percentiles and standard errors; where only bounds are known,
        the bounds widened for the error of the sample.
    bounds : mapping of str to (float, float)
        All values that agree with the panel; empty unless ``known`` is ``bounds``. Parameters are then a central
        member.
    households, observations : int
        Households and incomes above zero that took part.
    covariances : mapping of (str, str) to float
        Autocovariance of each pair of waves.
    misfit : float
        Root mean square of what the parts leave of the autocovariances, share of the variance.
    samples : array, (sample, 7)
        Parameters in the order of ``PARAMETERS``: of every bootstrap sample, or, where only bounds are known, of
        splits that agree with each (without a trend).
    """

    variance: float
    permanent: float
    persistent: float
    transitory: float
    error: float
    rho: float
    trend: float
    known: Known
    standard_errors: Mapping[str, float]
    intervals: Mapping[str, Interval]
    bounds: Mapping[str, Interval]
    households: int
    observations: int
    covariances: Mapping[tuple[str, str], float]
    misfit: float
    samples: npt.NDArray[np.float64] = field(repr=False, compare=False)

    @property
    def lasting(self) -> float:
        """Permanent and persistent share together, which a short panel knows far better than each."""
        return self.permanent + self.persistent

    @property
    def lasting_error(self) -> tuple[float, Interval]:
        """Standard error and 95 % interval of the lasting share; NaN where only bounds are known."""
        if self.known == "bounds":
            nothing = float("nan")
            return nothing, (nothing, nothing)
        both = self.samples[:, 1] + self.samples[:, 2]
        error, ends = float(both.std(ddof=1)), np.quantile(both, (0.025, 0.975))
        reach = 1.96 * error
        low, high = min(ends[0], self.lasting - reach), max(ends[1], self.lasting + reach)
        return error, (float(max(low, 0.0)), float(min(high, 1.0)))

    def parts(self) -> Parts:
        """Return the split as the simulation takes it."""
        return Parts(self.variance, self.permanent, self.persistent, self.transitory, self.error, self.rho)


@dataclass(frozen=True)
class Attrition:
    """Who was seen in the first wave and not in a later one.

    Attributes
    ----------
    wave : str
        The later wave.
    seen : int
        Households seen in the first wave.
    left : float
        Share of them not seen in the later one, weighted.
    gap : float
        Mean log income in the first wave of those who left less that of those who stayed; below zero: the poor left.
    gap_error : float
        Its standard error, by clusters.
    entered : int
        Households seen in the later wave and not in the first.
    """

    wave: str
    seen: int
    left: float
    gap: float
    gap_error: float
    entered: int


@dataclass(frozen=True)
class Calibration:
    """What a panel says about incomes.

    Attributes
    ----------
    total : IncomeProcess
        Of income (or consumption) per head.
    sources : mapping of str to IncomeProcess
        Of wage and business, where the panel has them.
    trends : mapping of str to (float, float)
        Growth of the mean of every source that is mapped, log points a year, and its standard error.
    attrition : tuple of Attrition
        One a later wave; the weights are not adjusted for it.
    notes : tuple of Note
        What a reader has to know.
    choices : Choices
        What was asked for.
    told : mapping
        Names, source, status, welfare and currency of the panel, its waves and years, clusters and strata.
    """

    total: IncomeProcess
    sources: Mapping[str, IncomeProcess]
    trends: Mapping[str, tuple[float, float]]
    attrition: tuple[Attrition, ...]
    notes: tuple[Note, ...]
    choices: Choices
    told: Mapping[str, Any]
