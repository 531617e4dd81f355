"""One income of a panel: the split of its variance, its trend, and the errors of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.calibration.bounds import Bounds, bounds_of
from povsim.calibration.distances import (
    LARGEST_RHO,
    Distance,
    Split,
    distance_of,
    distinct_lags,
    nearest_split,
    split_given,
)
from povsim.calibration.records import (
    ERROR_SHARE,
    PARAMETERS,
    RHO_RANGE,
    SHARES,
    Choices,
    IncomeProcess,
    Interval,
    Known,
)
from povsim.calibration.resampling import Progress, Sampled, bootstrap
from povsim.calibration.residuals import (
    FEWEST_PAIRS,
    Floats,
    Logs,
    Moments,
    log_incomes,
    moment_variance,
    moments_of,
    residual_grid,
    without_alone,
)
from povsim.errors import InputError, Problem

WITHIN = 1.96
ENDS = 1.645
"""Bounds are widened by this many standard errors: 95 % for a value anywhere between them (Imbens and Manski 2004,
doi:10.1111/j.1468-0262.2004.00555.x)."""

FIRST_MEMBER, MEMBERS = 17, 15
"""Of a sample of which only bounds are known: seven parameters, ten ends, then that many splits."""
LEAST_LEFT = 0.05
"""What has to be left of the persistent part at the shortest gap between waves for a panel to see it."""


@dataclass(frozen=True)
class Source:
    """One income, (unit, wave) per head, with what every income of the panel shares.

    ``waves`` holds the labels and the years of the waves.
    """

    income: Floats
    covariates: Floats
    group: npt.NDArray[np.integer]
    weight: Floats
    design: Sampled
    waves: tuple[tuple[str, ...], Floats]


@dataclass(frozen=True)
class _Question:
    """What is estimated in every bootstrap sample: what is known of rho, and how moments are weighed."""

    logs: Logs
    income: Floats
    years: Floats
    cluster: npt.NDArray[np.integer]
    known: Known
    within: Interval
    error_share: float
    choices: Choices


def process_of(source: Source, choices: Choices, progress: Progress | None = None) -> IncomeProcess:
    """Estimate the process of one income.

    Parameters
    ----------
    source : Source
    choices : Choices
    progress : callable, optional
        Told how many bootstrap samples are done, of how many.

    Raises
    ------
    InputError
        No two waves share enough households that can be compared with others.
    """
    asked = _question(source, choices)
    moments = _moments(asked, source.weight)
    point, split = _estimate(asked, source.weight)
    bounded = asked.known == "bounds"
    spread = bootstrap(
        lambda weight: _estimate(asked, weight)[0],
        source.weight,
        source.design,
        address=(choices.seed, choices.draws),
        threads=choices.threads,
        progress=progress,
    )
    deviation = spread.std(axis=0, ddof=1)
    bounds = _named_bounds(point) if bounded else {}
    errors = dict(zip(PARAMETERS, (float(one) for one in deviation[:7]), strict=True))
    errors |= dict.fromkeys(SHARES, float("nan")) if bounded else {}
    errors |= {"rho": float("nan")} if asked.known != "estimated" else {}
    values = dict(zip(PARAMETERS, (float(one) for one in point[:7]), strict=True))
    return IncomeProcess(
        **values,
        known=asked.known,
        standard_errors=errors,
        intervals=_intervals(asked, point, spread, deviation),
        bounds=bounds,
        households=int(np.unique(asked.logs.unit).size),
        observations=int(asked.logs.log.size),
        covariances=_named(moments, source.waves[0]),
        misfit=float(split.distance / np.sqrt(moments.covariance.size) / max(split.variance, 1e-300)),
        samples=_samples(spread, bounded=bounded),
    )


def trend_of(source: Source, choices: Choices) -> Interval:
    """Return the growth of an income's mean, log points a year, and its standard error."""
    years = source.waves[1]
    spread = bootstrap(
        lambda weight: np.array([_trend(source.income, weight, years)]),
        source.weight,
        source.design,
        address=(choices.seed, choices.draws),
    )
    return _trend(source.income, source.weight, years), float(spread.std(ddof=1))


def _question(source: Source, choices: Choices) -> _Question:
    logs = without_alone(log_incomes(source.income, source.covariates, source.group), source.weight)
    moments = moments_of(residual_grid(logs, source.weight), source.weight, source.waves[1])
    if not (moments.lag > 0).any():
        what = "no two waves share enough households above zero with others of their group"
        mend = "look at covariates, at groups of one household, and at one weight above all others"
        raise InputError("panel", [Problem("panel", what, f"below {FEWEST_PAIRS}", f"{FEWEST_PAIRS} or more", mend)])
    lags, rho = distinct_lags(moments), choices.rho
    within = RHO_RANGE if rho is None else (rho if isinstance(rho, tuple) else (rho, rho))
    known: Known = "bounds"
    if lags >= 3 and (rho is None or isinstance(rho, tuple)):
        known, within = "estimated", _searched(moments) if rho is None else within
    elif lags >= 2 and isinstance(rho, (int, float)):
        known = "given_rho"
    share = ERROR_SHARE if choices.error_share is None else choices.error_share
    cluster = source.design.cluster
    return _Question(logs, source.income, source.waves[1], cluster, known, within, share, choices)


def _searched(moments: Moments) -> Interval:
    """Return where rho is searched: where it is lower, the persistent part looks like luck of one year."""
    shortest = float(moments.lag[moments.lag > 0].min())
    return min(LEAST_LEFT ** (1.0 / shortest), LARGEST_RHO), LARGEST_RHO


def _moments(asked: _Question, weight: Floats) -> Moments:
    grid = residual_grid(asked.logs, weight)
    # a bootstrap sample counts households once each, seen or drawn often; the number only guards against empty pairs
    return moments_of(grid, weight, asked.years)


def _estimate(asked: _Question, weight: Floats) -> tuple[Floats, Split]:
    """Return the parameters (and for bounds their ends) in one row, and the split."""
    moments = _moments(asked, weight)
    distance = _weighed(asked, moments, weight)
    trend = _trend(asked.income, weight, asked.years)
    if asked.known == "bounds":
        found = bounds_of(distance, asked.within, distinct_lags(moments))
        row, share = _row(found.central, asked.error_share, trend), asked.error_share
        return np.concatenate([row, _ends(found, share), _members(found, share)]), found.central
    searched = asked.known == "estimated"
    split = nearest_split(distance, asked.within) if searched else split_given(distance, asked.within[0])
    return _row(split, asked.error_share, trend), split


def _samples(spread: Floats, *, bounded: bool) -> Floats:
    """Return the parameters of all samples; where only bounds are known, of some splits that agree with each."""
    if not bounded:
        return spread
    return np.asarray(spread[:, FIRST_MEMBER:].reshape(-1, 7))


def _members(found: Bounds, error_share: float) -> Floats:
    """Return the parameters of splits that agree with a panel, evenly from all that were looked at, in one row."""
    places = np.linspace(0, len(found.members) - 1, MEMBERS).astype(int)
    return np.concatenate([_row(found.members[place], error_share, float("nan")) for place in places])


def _weighed(asked: _Question, moments: Moments, weight: Floats) -> Distance:
    weighting = asked.choices.weighting
    if weighting == "equal":
        return distance_of(moments, weighting)
    variance = moment_variance(residual_grid(asked.logs, weight), weight, moments, asked.cluster)
    return distance_of(moments, weighting, variance)


def _row(split: Split, error_share: float, trend: float) -> Floats:
    variance = max(split.variance, 1e-300)
    once = split.one_year / variance
    shares = (split.permanent / variance, split.persistent / variance, once * (1 - error_share), once * error_share)
    return np.array([split.variance, *shares, split.rho, trend])


def _ends(found: Bounds, error_share: float) -> Floats:
    once = np.array(found.one_year)
    pairs = (found.permanent, found.persistent, once * (1 - error_share), once * error_share, found.rho)
    return np.array([end for pair in pairs for end in pair])


def _named_bounds(point: Floats) -> dict[str, Interval]:
    ends = point[7:FIRST_MEMBER]
    return {name: (float(ends[2 * k]), float(ends[2 * k + 1])) for k, name in enumerate((*SHARES, "rho"))}


def _intervals(asked: _Question, point: Floats, spread: Floats, deviation: Floats) -> dict[str, Interval]:
    """Return 95 % intervals.

    Near a bound percentiles alone hold a share too seldom, and so do standard errors alone: for shares and rho the
    interval spans both (docs/calibration.md has the shares of panels in which each holds).
    """
    low, high = np.quantile(spread[:, :7], (0.025, 0.975), axis=0)
    least, most = point[:7] - WITHIN * deviation[:7], point[:7] + WITHIN * deviation[:7]
    ends = np.stack([np.clip(np.minimum(low, least), 0.0, 1.0), np.clip(np.maximum(high, most), 0.0, 1.0)])
    ends[1, PARAMETERS.index("rho")] = min(ends[1, PARAMETERS.index("rho")], LARGEST_RHO)
    for free in (PARAMETERS.index("variance"), PARAMETERS.index("trend")):
        ends[:, free] = least[free], most[free]
    found = {name: (float(ends[0, k]), float(ends[1, k])) for k, name in enumerate(PARAMETERS)}
    if asked.known == "bounds":
        for k, name in enumerate((*SHARES, "rho")):
            first, last = 7 + 2 * k, 8 + 2 * k
            lower, upper = point[first] - ENDS * deviation[first], point[last] + ENDS * deviation[last]
            found[name] = (float(max(lower, 0.0)), float(min(upper, 1.0)))
    if asked.known != "estimated":
        found["rho"] = asked.within
    return found


def _named(moments: Moments, waves: tuple[str, ...]) -> dict[tuple[str, str], float]:
    pairs = zip(moments.first, moments.second, moments.covariance, strict=True)
    return {(waves[first], waves[second]): float(value) for first, second, value in pairs}


def _trend(income: Floats, weight: Floats, years: Floats) -> float:
    """Return the slope of the log of weighted means over the years; NaN where a mean is not above zero."""
    seen = ~np.isnan(income)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (weight @ np.nan_to_num(income)) / (weight @ seen)
    if not (means > 0).all():
        return float("nan")
    logs: Any = np.log(means)
    off = years - years.mean()
    return float(off @ (logs - logs.mean()) / (off @ off))
