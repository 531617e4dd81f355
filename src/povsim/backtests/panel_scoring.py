"""How good the forecasts of a panel were: of the statistics, and of single households."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import isotonic_regression

from povsim.backtests.panel_statistics import Statistic, shares
from povsim.backtests.panel_waves import Floats, Waves
from povsim.backtests.record import TABLE
from povsim.backtests.rivals import MODEL
from povsim.backtests.scores import BAND, crps, inside, mean_and_band
from povsim.poverty.survey_errors import Design, linearised_error

WIDE = (0.025, 0.975)
"""Quantiles of the 95 % band over draws."""
MORE = (
    "low95", "high95", "inside95", "households", "miscalibration", "discrimination", "uncertainty", "behind",
    "behind_error",
)  # fmt: skip
"""Columns of a panel's table after those of every back-test: the wider band, who was counted, the parts of the Brier
score, how far a forecaster's score lies behind the model's, and the sampling error of that difference."""
HOUSEHOLD_POOR, HOUSEHOLD_LOG = "household_poor", "household_log"


@dataclass(frozen=True)
class Forecast:
    """What one forecaster says.

    Attributes
    ----------
    model : str
        Its code; with ``_growth`` at the end where the growth of mean welfare was known.
    poor : array of bool, (draw, unit)
        Whether each household is poor in the last wave.
    chance : array, (unit,)
        Of being poor.
    log : array, (draw, unit), optional
        Log welfare over the line.
    """

    model: str
    poor: npt.NDArray[np.bool_]
    chance: Floats
    log: Floats | None = None


@dataclass(frozen=True)
class BrierParts:
    """A Brier score in three parts: ``miscalibration`` - ``discrimination`` + ``uncertainty``."""

    miscalibration: float
    discrimination: float
    uncertainty: float


def score_table(waves: Waves, actual: Sequence[Statistic], forecasts: Sequence[Forecast]) -> pd.DataFrame:
    """Return one row a statistic and forecaster, then one a forecaster for the chances and logs of households.

    Parameters
    ----------
    waves : Waves
    actual : sequence of Statistic
        What happened.
    forecasts : sequence of Forecast
        The models, first of those that are compared.
    """
    rows = [_statistic_row(waves, one, said) for one in actual for said in forecasts]
    rows += _household_rows(waves, forecasts)
    return pd.DataFrame(rows, columns=[*TABLE, *MORE])


def brier_parts(chance: Floats, event: Floats, weight: Floats) -> BrierParts:
    """Return the parts of a Brier score, by the best monotone recalibration of the chances.

    Parameters
    ----------
    chance, event, weight : array, (household,)
        Chance, 1 where it happened and 0 where not, weight.

    Returns
    -------
    BrierParts
        They add up to the score exactly (Dimitriadis, Gneiting and Jordan 2021, doi:10.1073/pnas.2016191118).

    Examples
    --------
    >>> brier_parts(np.array([0.2, 0.2, 0.8, 0.8]), np.array([0.0, 0, 1, 1]), np.ones(4)).uncertainty
    0.25
    """
    values, place = np.unique(chance, return_inverse=True)
    mass = np.bincount(place, weight)
    share = np.bincount(place, weight * event) / mass
    best = isotonic_regression(share, weights=mass).x[place]
    mean = float(np.average(event, weights=weight))
    whole, calibrated = (float(np.average((one - event) ** 2, weights=weight)) for one in (values[place], best))
    unknown = float(np.average((mean - event) ** 2, weights=weight))
    return BrierParts(whole - calibrated, unknown - calibrated, unknown)


def crps_columns(draws: Floats, actual: Floats) -> Floats:
    """Return the CRPS of every column of draws, as ``scores.crps`` has it for one.

    Examples
    --------
    >>> crps_columns(np.array([[0.0], [1.0]]), np.array([0.5])).tolist()
    [0.25]
    """
    ranked, size = np.sort(draws, axis=0), draws.shape[0]
    weights = (2.0 * np.arange(size) + 1.0 - size) / size**2
    return np.asarray(np.abs(ranked - actual).mean(axis=0) - weights @ ranked)


def _statistic_row(waves: Waves, one: Statistic, said: Forecast) -> dict[str, Any]:
    draws = shares(one.code, said.poor, one.members, waves.weight)
    mean, low, high = mean_and_band(draws)
    wide = (float(np.quantile(draws, WIDE[0])), float(np.quantile(draws, WIDE[1])))
    return _row(waves, one.code, said.model) | {
        "mean": mean, "low": low, "high": high, "actual": one.value, "actual_error": one.error,
        "crps": crps(draws, one.value), "inside": float(inside((low, high), one.value)),
        "low95": wide[0], "high95": wide[1], "inside95": float(inside(wide, one.value)), "households": one.households,
    }  # fmt: skip


def _household_rows(waves: Waves, forecasts: Sequence[Forecast]) -> list[dict[str, Any]]:
    base = waves.base
    event, weight = waves.poor[base, -1], waves.weight[base]
    rows, chances = [], {}
    for said in forecasts:
        chance = said.chance[base]
        chances[said.model] = (chance - event) ** 2
        parts = brier_parts(chance, event, weight)
        rows.append(
            _row(waves, HOUSEHOLD_POOR, said.model)
            | {"mean": float(np.average(chance, weights=weight)), "actual": float(np.average(event, weights=weight))}
            | {"brier": float(np.average(chances[said.model], weights=weight)), "households": int(base.sum())}
            | {"miscalibration": parts.miscalibration, "discrimination": parts.discrimination}
            | {"uncertainty": parts.uncertainty}
            | _behind(waves, chances, said.model)
        )
    logs: dict[str, Floats] = {}
    for said in (one for one in forecasts if one.log is not None):
        assert said.log is not None
        draws, seen = said.log[:, base], waves.log[base, -1]
        logs[said.model] = crps_columns(draws, seen)
        held = [np.quantile(draws, ends, axis=0) for ends in (BAND, WIDE)]
        covered = [float(np.average((low <= seen) & (seen <= high), weights=weight)) for low, high in held]
        rows.append(
            _row(waves, HOUSEHOLD_LOG, said.model)
            | {"crps": float(np.average(logs[said.model], weights=weight)), "households": int(base.sum())}
            | {"inside": covered[0], "inside95": covered[1], "unit": "amount"}
            | _behind(waves, logs, said.model)
        )
    return rows


def _behind(waves: Waves, scores: Mapping[str, Floats], model: str) -> dict[str, float]:
    """Return a score less the model's, household by household, and the error of the sample."""
    reference = scores.get(MODEL + ("_growth" if model.endswith("_growth") else ""))
    if reference is None or scores[model] is reference:
        return {}
    base, weight = waves.base, waves.weight
    apart = scores[model] - reference
    mean = float(np.average(apart, weights=weight[base]))
    influence = np.zeros(weight.size)
    influence[base] = (apart - mean) / weight[base].sum()
    design = Design(weight=weight, stratum=waves.stratum, cluster=waves.cluster, lonely="centre")
    return {"behind": mean, "behind_error": linearised_error(influence, design=design)}


def _row(waves: Waves, quantity: str, model: str) -> dict[str, Any]:
    empty = dict.fromkeys((*TABLE, *MORE), float("nan"))
    named = {"quantity": quantity, "when": waves.labels[-1], "model": model, "concept": "survey", "unit": "share"}
    return empty | named
