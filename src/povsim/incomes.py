"""The income process: what area and household explain, luck that stays, luck that fades, luck of one year.

With r the log of an income source less what area and household explain, r = mu + p + e + error: a permanent, a
persistent, a transitory part and measurement error, independent normals whose shares of the variance a scenario
states. The base year shows only r, so (mu, p, e, error) are drawn from their joint normal given the sum: households
seen poor move up and households seen rich move down, as they do in panels. Afterwards p fades by rho a year and is
renewed, e is drawn anew. All parts multiply, so a source that is zero stays zero until a measure adds to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Chebyshev

from povsim import layout as at
from povsim.arithmetic import exp32
from povsim.compiled import f32, inlined
from povsim.layout import Doubles, Floats, Home, Scratch, State
from povsim.measures.frame import Spot

NOTHING = -1000.0
"""Log level of a source the household does not have: its exponential is zero for every purpose."""


@dataclass(frozen=True)
class Parts:
    """Split of the log variance of one income source: total variance and four shares that sum to one, and rho."""

    variance: float
    permanent: float
    persistent: float
    transitory: float
    error: float
    rho: float

    def sds(self) -> Floats:
        """Return the standard deviations of the permanent, persistent, transitory and error parts, (4,)."""
        shares = np.array([self.permanent, self.persistent, self.transitory, self.error])
        return np.sqrt(self.variance * shares).astype(np.float32)

    def shares(self) -> Floats:
        """Return the four shares, (4,)."""
        return np.array([self.permanent, self.persistent, self.transitory, self.error], dtype=np.float32)

    def renewal_sd(self) -> float:
        """Return the yearly innovation of the persistent part that keeps its variance as it is."""
        return float(np.sqrt(self.variance * self.persistent * (1.0 - self.rho**2)))


@dataclass(frozen=True)
class Explained:
    """One income source of n households split into what area and household explain and the rest, in logs.

    ``fit`` is NOTHING where the household does not have the source; ``rest`` is zero there.
    """

    fit: Floats
    rest: Floats
    variance: float
    shift_share: float = 0.0
    """Share of the shift in mean income plus shift, among households that have the source."""
    curve: Chebyshev | None = None
    """Log of the weighted sum of exp(fit + pull * rest), by the pull; none where nobody has the source."""

    @property
    def seen_log_mean(self) -> float:
        """Log of the weighted sum of incomes as they were seen."""
        return float(self.curve(1.0)) if self.curve is not None else 0.0


def explain(
    income: Doubles, *, shift: float, covariates: Doubles, area: npt.NDArray[np.int32], weight: Doubles
) -> Explained:
    """Split the log of an income source into what area and household explain and the rest.

    Parameters
    ----------
    income : array, shape (n,)
        Yuan per household and year; households at or below zero (after ``shift``) do not take part.
    shift : float
        Yuan added before taking logs.
    covariates : array, shape (n, k)
        Household characteristics, such as logs of persons and workers.
    area : array of int, shape (n,)
        Area of each household; each area has its own intercept.
    weight : array, shape (n,)
        Households that a row stands for.

    Returns
    -------
    Explained
        Weighted least squares within areas; the variance of the rest is weighted.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> income = np.exp(9 + 0.5 * rng.standard_normal(4000))
    >>> ones, zeros = np.ones(4000), np.zeros(4000, np.int32)
    >>> parts = explain(income, shift=0.0, covariates=ones[:, None], area=zeros, weight=ones)
    >>> round(parts.variance, 2)
    0.25
    """
    has = income + shift > 0
    fit = np.full(income.shape, NOTHING, dtype=np.float32)
    rest = np.zeros(income.shape, dtype=np.float32)
    if has.sum() < 2:
        return nobody_has(income.size)
    log = np.log(income[has] + shift)
    w, groups = weight[has].astype(np.float64), area[has]
    totals = np.maximum(np.bincount(groups, w), 1e-300)

    def centred(x: Doubles) -> Doubles:
        return np.asarray(x - (np.bincount(groups, w * x) / totals)[groups], dtype=np.float64)

    y = centred(log)
    x = np.column_stack([centred(column) for column in covariates[has].T])
    root = np.sqrt(w)
    slope = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]
    left = y - x @ slope
    fit[has] = log - left
    rest[has] = left
    mean = float(np.sum(w * (income[has] + shift)) / w.sum())
    curve = _log_mean_curve(log - left, left, w)
    return Explained(fit, rest, float(np.sum(w * left**2) / w.sum()), shift / mean, curve)


def nobody_has(households: int) -> Explained:
    """Return what stands for a source that no household has."""
    return Explained(np.full(households, NOTHING, dtype=np.float32), np.zeros(households, dtype=np.float32), 0.0)


def mean_drift(source: Explained, parts: Parts, *, horizons: range) -> Doubles:
    """Return the log factor that keeps the mean of a source on its trend, one per horizon in years.

    The rest of a real cross-section is not exactly normal, so the mean of exp(mu + p + e) would drift in the first
    years though nothing grows. The expected mean is known in closed form given the rests, and is divided out.

    Parameters
    ----------
    source : Explained
        The base-year cross-section, n households.
    parts : Parts
        Split of the variance.
    horizons : range
        Years after the register's year.

    Returns
    -------
    array, shape (len(horizons),)
        Natural log, to be added to the trend.
    """
    if source.curve is None:
        return np.zeros(len(horizons))
    return np.array([source.seen_log_mean - _expected_log_mean(source, parts, horizon) for horizon in horizons])


def _expected_log_mean(source: Explained, parts: Parts, horizon: int) -> float:
    faded = parts.rho**horizon
    pull = parts.permanent + parts.persistent * faded
    left = parts.variance * (
        parts.permanent * (1 - parts.permanent)
        + faded**2 * parts.persistent * (1 - parts.persistent)
        - 2 * faded * parts.permanent * parts.persistent
        + parts.persistent * (1 - faded**2)
        + parts.transitory
    )
    assert source.curve is not None
    return float(source.curve(pull)) + 0.5 * parts.variance * parts.error + 0.5 * left


def _log_mean_curve(fit: Doubles, rest: Doubles, weight: Doubles) -> Chebyshev:
    """Return log(sum(weight * exp(fit + pull * rest))) as a function of the pull between 0 and 1.

    A smooth function of one number, however many households: drawn through a few points once, it saves every draw of
    every scenario a pass over all of them. Seventeen points leave an error below 1e-7 in the shipped county.
    """

    def at_pull(pull: float) -> float:
        largest = float(fit.max())
        return largest + float(np.log(np.sum(weight * np.exp(fit - largest + pull * rest))))

    return Chebyshev.interpolate(np.vectorize(at_pull), 16, domain=[0.0, 1.0])


def log_trend(growth: Doubles, source: Explained, drift: Doubles) -> Doubles:
    """Return the log trend of a source's income plus shift, so that income itself grows as stated.

    Parameters
    ----------
    growth : array, shape (years,)
        Cumulated log growth of income since the register's year.
    source : Explained
        Knows how much of income plus shift is shift, which does not grow.
    drift : array, shape (years,)
        As :func:`mean_drift` returns it.

    Returns
    -------
    array, shape (years,)
    """
    shift = source.shift_share
    return np.asarray(np.log(np.exp(growth) * (1.0 - shift) + shift) + drift)


@inlined
def renew_village(state: State, scratch: Scratch, terms: Floats, spot: Spot) -> None:
    """Let the persistent parts live a year that is not simulated, between the register's year and the first one.

    Parameters are those of :func:`earn_village`.
    """
    n = spot.high - spot.low
    for source in range(2):
        fading = state.real[spot.scenario, at.FADING_WAGE + source, spot.low : spot.high]
        luck = scratch.floats[at.INCOME_LUCK + source, :n]
        rho, sd = terms[3 * source], terms[3 * source + 1]
        for i in range(n):
            fading[i] = rho * fading[i] + sd * luck[i]


@inlined
def start_source(
    level: Floats,
    fading: Floats,
    luck: tuple[Floats, Floats, Floats, Floats],
    seen: tuple[Floats, Floats],
    parts: Floats,
    shift: np.float32,
    truth: Floats,
) -> None:
    """Draw the permanent and persistent part of one source given the base year, and its true income then.

    Parameters
    ----------
    level, fading : array, shape (n,)
        Out: log level (explained and permanent part) and persistent part.
    luck : tuple of four arrays, each shape (n,)
        Standard normals.
    seen : tuple of array, each shape (n,)
        Explained log income and the rest.
    parts : array, shape (8,)
        Standard deviations, then variance shares of the four parts.
    shift : float32
        Yuan that were added before taking logs.
    truth : array, shape (n,)
        Out: true income of the base year, yuan.
    """
    # given the sum, each part is its own draw plus its share of what the sum of draws missed (Matheron's rule)
    fit, rest = seen
    first, second, third, fourth = luck
    correction = f32(0.5) * parts[3] * parts[3]
    absent = f32(NOTHING / 2)
    for i in range(level.shape[0]):
        mu, p, e = parts[0] * first[i], parts[1] * second[i], parts[2] * third[i]
        missed = rest[i] - (mu + p + e + parts[3] * fourth[i])
        has = fit[i] > absent
        level[i] = fit[i] + correction + mu + parts[4] * missed if has else f32(NOTHING)
        fading[i] = p + parts[5] * missed if has else f32(0.0)
        truth[i] = max(exp32(level[i] + fading[i] + e + parts[6] * missed) - shift, f32(0.0)) if has else f32(0.0)


@inlined
def earn_village(home: Home, state: State, scratch: Scratch, trend: Floats, terms: Floats, spot: Spot) -> None:
    """Set the year's flows by source before shocks and measures.

    Parameters
    ----------
    home, state, scratch
        The village; changes the persistent parts and all flows. The rows of ``scratch.floats`` from INCOME_LUCK on are
        standard normals: renewal of wage and business, one-year luck of wage and business.
    trend : array, shape (4,)
        Log trend of wage and business, factors of property income and transfers.
    terms : array, shape (8,)
        rho, renewal sd and one-year sd of wage, the same of business, the shift in yuan, and 1 while no measure of the
        year takes the place of the register's dibao.
    spot : Spot
        Village, scenario and year.
    """
    n, s = spot.high - spot.low, spot.scenario
    here, there = slice(spot.low, spot.high), slice(spot.base, spot.base + n)
    floats, facts = scratch.floats, home.facts
    for source in range(2):
        _earn_source(
            state.real[s, at.LEVEL_WAGE + source, here],
            state.real[s, at.FADING_WAGE + source, here],
            floats[at.INCOME_LUCK + source, :n],
            floats[at.INCOME_LUCK + 2 + source, :n],
            floats[at.WAGE + source, there],
            trend[source],
            terms[3 * source : 3 * source + 3],
            terms[6],
        )
    gross, cost, ratio = floats[at.GROSS, there], floats[at.COST, there], facts[at.COST_RATIO, here]
    for i in range(n):
        cost[i] = gross[i] * ratio[i]
    # growth of these sources has no area part, so one factor serves all
    factors = (trend[2], trend[3], trend[3], trend[3] * terms[7])
    for k in range(4):
        before, out, factor = facts[at.PROPERTY_BEFORE + k, here], floats[at.PROPERTY_INCOME + k, there], factors[k]
        for i in range(n):
            out[i] = before[i] * factor
    for row in range(at.ONE_OFF, at.COUNTED):
        floats[row, there] = f32(0.0)


@inlined
def _earn_source(  # a row each: then the loop becomes vector code
    level: Floats,
    fading: Floats,
    renewal: Floats,
    luck: Floats,
    out: Floats,
    common: np.float32,
    terms: Floats,
    shift: np.float32,
) -> None:
    rho, renewal_sd, luck_sd, absent = terms[0], terms[1], terms[2], f32(NOTHING / 2)
    for i in range(out.shape[0]):
        persistent = rho * fading[i] + renewal_sd * renewal[i]
        fading[i] = persistent
        income = max(exp32(level[i] + persistent + luck_sd * luck[i] + common) - shift, f32(0.0))
        out[i] = income if level[i] > absent else f32(0.0)
