"""All forecasts of a held-out wave, and the parameters behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from povsim.backtests.panel_draws import Known, Luck, drawn, drawn_neutral, luck_of
from povsim.backtests.panel_engine import common_sds, drawn_by_engine, runnable
from povsim.backtests.panel_fit import Fitted, fit_early
from povsim.backtests.panel_scoring import Forecast
from povsim.backtests.panel_waves import Floats, Waves
from povsim.backtests.rivals import AR1, ENGINE, MODEL, NEUTRAL, NO_PERSISTENCE, Interval
from povsim.backtests.spells import FittedSpells, chances, fit_spells
from povsim.calibration.distances import Split

GROWTH = "_growth"
"""End of the code of a forecaster that was told how mean welfare grew."""


@dataclass(frozen=True)
class Said:
    """What was forecast, and from which parameters.

    Attributes
    ----------
    forecasts : tuple of Forecast
        The model first.
    splits : sequence of Split
        Of the model, one a draw.
    lags : int
        Different gaps between the early waves.
    correlations : mapping
        Of pairs of early waves.
    trend : array, (draw,)
        Growth of mean welfare, log points a year; empty where there is no welfare.
    spells : FittedSpells, optional
        Where only states are known.
    """

    forecasts: tuple[Forecast, ...]
    splits: Sequence[Split]
    lags: int
    correlations: Mapping[tuple[str, str], float]
    trend: Floats
    spells: FittedSpells | None = None


def forecast_waves(waves: Waves, *, draws: int, seed: int, rho: float | Interval | None) -> Said:
    """Return the forecasts of the last wave by the model, by the simulation and by the rivals.

    Each twice: mean welfare going on by the trend of the early waves, and growing as it did. The first is the
    forecast; the second tells a miss of the trend from a miss of who moves.
    """
    fitted = fit_early(waves.early(), draws=draws, seed=seed, rho=rho)
    luck = luck_of(waves, draws=draws, seed=seed, sds=common_sds())
    found: list[Forecast] = []
    for known in ("trend", "growth"):
        found += _of_process(waves, fitted, luck, known, seed)
    return Said(tuple(found), fitted.splits[MODEL], fitted.lags, fitted.correlations, fitted.trend)


def forecast_spells(waves: Waves, *, draws: int, seed: int, rho: float | Interval | None) -> Said:
    """Return the forecasts of the last wave of a panel of states by the model and the rivals."""
    fitted = fit_spells(waves.early(), draws=draws, seed=seed, rho=rho)
    luck = np.random.default_rng([seed, 2]).random((draws, waves.weight.size))
    found = [Forecast(model, luck < chance, chance.mean(axis=0)) for model, chance in chances(waves, fitted).items()]
    return Said(tuple(found), fitted.splits, fitted.lags, fitted.correlations, np.zeros(0), fitted)


def mean_growth(waves: Waves) -> float:
    """Return how mean welfare really grew from the last early wave on, log points in all."""
    base = waves.base
    before, after = waves.weight[base] @ np.exp(waves.log[base][:, -2:])
    return float(np.log(after / before))


def _of_process(waves: Waves, fitted: Fitted, luck: Luck, known: Known, seed: int) -> list[Forecast]:
    end = GROWTH if known == "growth" else ""
    logs = {MODEL: drawn(waves, fitted, fitted.splits[MODEL], luck, known)}
    if runnable(waves):
        growth = mean_growth(waves) if known == "growth" else None
        logs[ENGINE] = drawn_by_engine(waves, fitted, draws=luck.own.shape[0], seed=seed, growth=growth)
    logs[NEUTRAL] = drawn_neutral(waves, fitted, luck, known)
    logs |= {one: drawn(waves, fitted, fitted.splits[one], luck, known) for one in (AR1, NO_PERSISTENCE)}
    return [Forecast(code + end, log < 0.0, (log < 0.0).mean(axis=0), log) for code, log in logs.items()]
