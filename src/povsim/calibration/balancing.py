"""Households without a measure weighed to look like those with it, and how alike both were before and after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from povsim.calibration.residuals import Floats

_ROUNDS = 50
_CLOSE = 1e-10
_RIDGE = 1e-6
"""Keeps the chances inside 0 and 1 where a covariate tells treatment exactly."""


@dataclass(frozen=True)
class Balance:
    """One covariate at the baseline.

    Attributes
    ----------
    covariate : str
    treated, control, weighed : float
        Mean of the treated, of the others, and of the others as weighed.
    before, after : float
        Difference in standard deviations of the treated, before and after weighing; beyond .1 the arms differ.
    """

    covariate: str
    treated: float
    control: float
    weighed: float
    before: float
    after: float


def baseline_of(panel: xr.Dataset) -> dict[str, Floats]:
    """Return what is known of households in the first wave, (unit,) each: log income, log persons, covariates.

    Missing values and incomes at or below zero stand at the mean of the others.
    """
    found: dict[str, Floats] = {}
    if "income" in panel:
        income = panel["income"].values[:, 0]
        found["log_income"] = np.log(np.where(income > 0, income, np.nan))
    persons = panel["persons"].values[:, 0]
    if not np.isnan(persons).all():
        found["log_persons"] = np.log(persons)
    for name in panel.data_vars:
        if panel[name].attrs.get("role") in ("covariate", "outcome"):
            found[str(name)] = panel[name].values[:, 0].astype(np.float64)
    known = {name: values for name, values in found.items() if not np.isnan(values).all() and np.nanstd(values) > 0}
    return {name: np.where(np.isnan(values), np.nanmean(values), values) for name, values in known.items()}


def control_weights(columns: list[Floats], arm: Floats, weight: Floats) -> Floats:
    """Return weights under which the others look like the treated: those of the treated stay, others take their odds.

    Parameters
    ----------
    columns : list of array, (unit,) each
        What is known of the baseline, as `baseline_of` returns it.
    arm : array, (unit,)
        1 treated, 0 not.
    weight : array, (unit,)
        Zero for households that a bootstrap sample leaves out.
    """
    middle = [np.average(column, weights=weight) for column in columns]
    scaled = [(column - mean) / column.std() for column, mean in zip(columns, middle, strict=True)]
    chance = treatment_chance(np.column_stack([np.ones(arm.size), *scaled]), arm, weight)
    return np.where(arm == 1, weight, weight * chance / (1.0 - chance))


def treatment_chance(x: Floats, arm: Floats, weight: Floats) -> Floats:
    """Return the chance of treatment by a logit, Newton's method.

    Examples
    --------
    >>> arm = np.array([1.0, 0.0, 0.0, 0.0])
    >>> treatment_chance(np.ones((4, 1)), arm, np.ones(4)).round(4).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    # the ridge is small beside weights of one on average, whatever their unit
    weight = weight / weight.mean()
    slope = np.zeros(x.shape[1])
    chance = np.full(arm.size, 0.5)
    for _ in range(_ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(x @ slope, -30.0, 30.0)))
        scores = (x * (weight * (arm - chance))[:, None]).sum(axis=0) - _RIDGE * slope
        bend = (x * (weight * chance * (1.0 - chance))[:, None]).T @ x + _RIDGE * np.eye(x.shape[1])
        step = np.linalg.solve(bend, scores)
        slope = slope + step
        if np.abs(step).max() < _CLOSE:
            break
    return np.asarray(chance)


def balance_of(panel: xr.Dataset, arm: Floats, weight: Floats, adjusted: Floats) -> tuple[Balance, ...]:
    """Return how alike the arms are in each covariate, with the weights as they are and as adjusted."""
    rows = []
    for name, values in baseline_of(panel).items():
        treated = float(np.average(values, weights=weight * arm))
        control = float(np.average(values, weights=weight * (1.0 - arm)))
        weighed = float(np.average(values, weights=adjusted * (1.0 - arm)))
        sd = float(np.sqrt(np.average((values - treated) ** 2, weights=weight * arm))) or 1.0
        rows.append(Balance(name, treated, control, weighed, (treated - control) / sd, (treated - weighed) / sd))
    return tuple(rows)
