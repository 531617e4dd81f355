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

from povsim import layout as at
from povsim.arithmetic import exp32
from povsim.compiled import compiled, f32
from povsim.layout import Floats, Households, Longs

NOTHING = -1000.0
"""Log level of a source the household does not have: its exponential is zero for every purpose."""

Doubles = npt.NDArray[np.float64]


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

    fit: Doubles
    rest: Doubles
    variance: float
    shift_share: float = 0.0
    """Share of the shift in mean income plus shift, among households that have the source."""


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
    fit = np.full(income.shape, NOTHING)
    rest = np.zeros(income.shape)
    if has.sum() < 2:
        return Explained(fit, rest, 0.0)
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
    return Explained(fit, rest, float(np.sum(w * left**2) / w.sum()), shift / mean)


def mean_drift(source: Explained, parts: Parts, *, weight: Doubles, horizons: range) -> Doubles:
    """Return the log factor that keeps the mean of a source on its trend, one per horizon in years.

    The rest of a real cross-section is not exactly normal, so the mean of exp(mu + p + e) would drift in the first
    years though nothing grows. The expected mean is known in closed form given the rests, and is divided out.

    Parameters
    ----------
    source : Explained
        The base-year cross-section, n households.
    parts : Parts
        Split of the variance.
    weight : array, shape (n,)
        Households that a row stands for.
    horizons : range
        Years after the register's year.

    Returns
    -------
    array, shape (len(horizons),)
        Natural log, to be added to the trend.
    """
    has = source.fit > NOTHING / 2
    if not has.any():
        return np.zeros(len(horizons))
    fit, rest, w = source.fit[has], source.rest[has], weight[has]
    seen = np.log(np.sum(w * np.exp(fit + rest)))
    return np.array([seen - _expected_log_mean(fit, rest, w, parts, horizon) for horizon in horizons])


def _expected_log_mean(fit: Doubles, rest: Doubles, weight: Doubles, parts: Parts, horizon: int) -> float:
    faded = parts.rho**horizon
    pull = parts.permanent + parts.persistent * faded
    left = parts.variance * (
        parts.permanent * (1 - parts.permanent)
        + faded**2 * parts.persistent * (1 - parts.persistent)
        - 2 * faded * parts.permanent * parts.persistent
        + parts.persistent * (1 - faded**2)
        + parts.transitory
    )
    true_fit = fit + 0.5 * parts.variance * parts.error
    return float(np.log(np.sum(weight * np.exp(true_fit + pull * rest + 0.5 * left))))


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


@compiled
def renew_sources(h: Households, normals: Floats, terms: Floats) -> None:
    """Let the persistent parts live a year that is not simulated, between the register's year and the first one.

    Parameters are those of :func:`earn_year`.
    """
    wage, business, first, second = h.real[at.FADING_WAGE], h.real[at.FADING_BUSINESS], normals[0], normals[1]
    for i in range(wage.shape[0]):
        wage[i] = terms[0] * wage[i] + terms[1] * first[i]
        business[i] = terms[3] * business[i] + terms[4] * second[i]


@compiled
def start_source(
    level: Floats,
    fading: Floats,
    luck: Floats,
    seen: tuple[Floats, Floats],
    parts: tuple[Floats, Floats],
    shift: np.float32,
    truth: Floats,
) -> None:
    """Draw the permanent and persistent part of one source given the base year, and its true income then.

    Parameters
    ----------
    level, fading : array, shape (n,)
        Out: log level (explained and permanent part) and persistent part.
    luck : array, shape (4, n)
        Standard normals.
    seen : tuple of array, each shape (n,)
        Explained log income and the rest.
    parts : tuple of array, each shape (4,)
        Standard deviations and variance shares of the four parts.
    shift : float32
        Yuan that were added before taking logs.
    truth : array, shape (n,)
        Out: true income of the base year, yuan.
    """
    # given the sum, each part is its own draw plus its share of what the sum of draws missed (Matheron's rule)
    fit, rest = seen
    sds, shares = parts
    first, second, third, fourth = luck[0], luck[1], luck[2], luck[3]
    correction = f32(0.5) * sds[3] * sds[3]
    absent = f32(NOTHING / 2)
    for i in range(level.shape[0]):
        mu, p, e = sds[0] * first[i], sds[1] * second[i], sds[2] * third[i]
        missed = rest[i] - (mu + p + e + sds[3] * fourth[i])
        has = fit[i] > absent
        level[i] = fit[i] + correction + mu + shares[0] * missed if has else f32(NOTHING)
        fading[i] = p + shares[1] * missed if has else f32(0.0)
        truth[i] = max(exp32(level[i] + fading[i] + e + shares[2] * missed) - shift, f32(0.0)) if has else f32(0.0)


@compiled
def earn_year(h: Households, normals: Floats, trend: Floats, terms: Floats) -> None:
    """Set the year's flows by source before shocks and measures.

    Parameters
    ----------
    h : Households
        Changes the persistent parts and all flows.
    normals : array, shape (4, n)
        Standard normals: renewal of wage and business, one-year luck of wage and business.
    trend : array, shape (4, villages)
        Log trend of wage and business, factors of property income and transfers.
    terms : array, shape (8,)
        rho, renewal sd and one-year sd of wage, the same of business, the shift in yuan, and 1 while no measure of the
        year takes the place of the register's dibao.
    """
    wage, gross, cost = h.flow[at.WAGE], h.flow[at.GROSS], h.flow[at.COST]
    shift, cost_ratio = terms[6], h.home[at.COST_RATIO]
    _earn_source(
        h.real[at.LEVEL_WAGE],
        h.real[at.FADING_WAGE],
        normals[0],
        normals[2],
        wage,
        h.bounds,
        trend[0],
        terms[0:3],
        shift,
    )
    _earn_source(
        h.real[at.LEVEL_BUSINESS], h.real[at.FADING_BUSINESS], normals[1], normals[3], gross, h.bounds, trend[1],
        terms[3:6], shift,
    )  # fmt: skip
    for i in range(cost.shape[0]):
        cost[i] = gross[i] * cost_ratio[i]
    _set_other_sources(h, trend, terms[7])


@compiled
def _earn_source(  # a row each: then the loop becomes vector code
    level: Floats,
    fading: Floats,
    renewal: Floats,
    luck: Floats,
    out: Floats,
    bounds: Longs,
    trend: Floats,
    terms: Floats,
    shift: np.float32,
) -> None:
    rho, renewal_sd, luck_sd = terms[0], terms[1], terms[2]
    for v in range(bounds.shape[0] - 1):
        common = trend[v]
        # slices, not offsets: an index that starts at zero needs no check for wrapping round
        here = slice(bounds[v], bounds[v + 1])
        level_v, fading_v, renewal_v, luck_v, out_v = level[here], fading[here], renewal[here], luck[here], out[here]
        for i in range(out_v.shape[0]):
            persistent = rho * fading_v[i] + renewal_sd * renewal_v[i]
            fading_v[i] = persistent
            out_v[i] = max(exp32(level_v[i] + persistent + luck_sd * luck_v[i] + common) - shift, f32(0.0))


@compiled
def _set_other_sources(h: Households, trend: Floats, keeps_dibao: np.float32) -> None:
    rent, transfer, pension = h.flow[at.PROPERTY_INCOME], h.flow[at.TRANSFER_INCOME], h.flow[at.PENSION_INCOME]
    rent_before, transfer_before, pension_before = h.home[at.PROPERTY], h.home[at.TRANSFER], h.home[at.PENSION]
    # growth of these sources has no area part, so one factor serves the block
    of_property, of_transfers = trend[2, 0], trend[3, 0]
    for i in range(rent.shape[0]):
        rent[i] = rent_before[i] * of_property
    for i in range(rent.shape[0]):
        transfer[i] = transfer_before[i] * of_transfers
        pension[i] = pension_before[i] * of_transfers
    dibao, dibao_before = h.flow[at.DIBAO], h.home[at.DIBAO_BEFORE]
    for i in range(rent.shape[0]):
        dibao[i] = dibao_before[i] * of_transfers * keeps_dibao
    h.flow[at.ONE_OFF, :] = f32(0.0)
    h.flow[at.MEDICAL, :] = f32(0.0)
