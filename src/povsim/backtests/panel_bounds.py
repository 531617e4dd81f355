"""Two waves: nothing can be held out, so what agrees with both of them is shown, from end to end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from povsim.backtests.panel_scoring import MORE, WIDE
from povsim.backtests.panel_statistics import actual_statistics
from povsim.backtests.panel_waves import Floats, Waves
from povsim.backtests.record import TABLE
from povsim.backtests.rivals import Interval
from povsim.backtests.scores import mean_and_band
from povsim.backtests.spells_normal import both_below, tetrachoric
from povsim.calibration.records import ERROR_SHARE, RHO_RANGE
from povsim.calibration.resampling import bootstrap, sampled

FITTED, PERMANENT, TRANSITORY = "fitted", "all_permanent", "all_transitory"
MOST, LEAST = "most_movement", "least_movement"
_GRID = 46
_NOBODY = 1e-6
"""Shares are kept this far from 0 and 1, where the normals behind them would be infinite."""


def bounds_table(
    waves: Waves, *, draws: int, seed: int, rho: float | Interval | None = None, error_share: float | None = None
) -> pd.DataFrame:
    """Return exit and entry between two waves as seen, as fitted, and at the ends of what could be.

    Parameters
    ----------
    waves : Waves
        Of two waves.
    draws, seed : int
        Bootstrap samples of clusters within strata, and their luck.
    rho : float or (float, float), optional
        Persistence, or its range; .5 to .95 if not given.
    error_share : float, optional
        Share of the one-year variance that is misreporting; a half if not given.

    Returns
    -------
    DataFrame
        Columns of every panel's table; nothing is scored. Over the gap between the waves: the normals with the
        correlation as it was seen, with all spread but the error permanent, and with all of it transitory. Over one
        year, starting as in the first wave: the least and the most movement that any split agreeing with that
        correlation allows, rho within its range.
    """
    share = ERROR_SHARE if error_share is None else error_share
    within = RHO_RANGE if rho is None else (rho if isinstance(rho, tuple) else (rho, rho))
    rows = bootstrap(
        lambda weight: _rates(_summary(waves, weight), waves, within, share),
        waves.weight,
        sampled(waves.cluster, waves.stratum),
        address=(seed, draws),
    )
    seen = {one.code: one for one in actual_statistics(waves)}
    found = []
    for place, (quantity, model) in enumerate(_NAMES):
        mean, low, high = mean_and_band(rows[:, place])
        row: dict[str, Any] = dict.fromkeys((*TABLE, *MORE), float("nan"))
        row |= {"quantity": quantity, "when": waves.labels[-1], "model": model, "concept": "survey", "unit": "share"}
        row |= {"mean": mean, "low": low, "high": high}
        row |= {
            f"{end}95": float(np.quantile(rows[:, place], at)) for end, at in zip(("low", "high"), WIDE, strict=True)
        }
        if (one := seen.get(quantity)) is not None:
            row |= {"actual": one.value, "actual_error": one.error, "households": one.households}
        found.append(row)
    return pd.DataFrame(found, columns=[*TABLE, *MORE])


_NAMES = (
    *((quantity, model) for model in (FITTED, PERMANENT, TRANSITORY) for quantity in ("exit", "entry")),
    *((quantity, model) for model in (MOST, LEAST) for quantity in ("exit_year", "entry_year")),
)


def seen_correlation(waves: Waves) -> float:
    """Return the correlation of the two waves: of log welfare, or of the normals behind the states."""
    return float(_summary(waves, waves.weight)[2])


def yearly_correlations(correlation: float, gap: float, within: Interval) -> Interval:
    """Return the least and the largest correlation over one year that agrees with one over several.

    Examples
    --------
    >>> low, high = yearly_correlations(0.4, 7.0, (0.5, 0.95))
    >>> round(low, 3), round(high, 3)
    (0.4, 0.875)
    """
    shared = min(max(correlation, 0.0), 1.0)
    found = [shared]
    for rho in np.linspace(*within, _GRID):
        left = float(rho) ** gap
        # as little permanent as leaves the persistent part within what there is
        permanent = max((shared - left) / (1.0 - left), 0.0)
        persistent = (shared - permanent) / left if left > 0 else 0.0
        found.append(permanent + persistent * float(rho))
    return min(found), max(found)


def _rates(summary: Floats, waves: Waves, within: Interval, error_share: float) -> Floats:
    before, after, correlation = summary
    ends = (correlation, 1.0 - error_share * (1.0 - correlation), 0.0)
    low, high = yearly_correlations(correlation, waves.gap, within)
    gap = [rate for one in ends for rate in _moves(before, after, one)]
    year = [rate for one in (low, high) for rate in _moves(before, before, one)]
    return np.array(gap + year)


def _moves(before: float, after: float, correlation: float) -> tuple[float, float]:
    both = float(both_below(ndtri(before), ndtri(after), min(correlation, 1.0 - 1e-9)))
    # nobody is at risk of what only others could do
    leave = 1.0 - both / before if before > _NOBODY else float("nan")
    return leave, (after - both) / (1.0 - before) if before < 1.0 - _NOBODY else float("nan")


def _summary(waves: Waves, weight: Floats) -> Floats:
    """Return shares poor in both waves and the correlation, of those seen twice."""
    base = waves.base
    w, poor = weight[base], waves.poor[base]
    shares = np.clip(w @ poor / w.sum(), _NOBODY, 1.0 - _NOBODY)
    if waves.spells:
        both = float(w @ (poor[:, 0] * poor[:, 1]) / w.sum())
        return np.array([*shares, float(tetrachoric(ndtri(shares[0]), ndtri(shares[1]), both))])
    covariance = np.cov(waves.log[base].T, aweights=w, ddof=0)
    return np.array([*shares, covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])])
