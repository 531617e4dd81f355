"""The effect of a measure, from a panel in which some households had it: by lot, or matched on what they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import stdtrit

from povsim.calibration.balancing import Balance, balance_of, baseline_of, control_weights
from povsim.calibration.regression import fit_clustered
from povsim.calibration.resampling import bootstrap, sampled
from povsim.calibration.residuals import Floats
from povsim.errors import InputError, Problem, nearest

Method = Literal["difference", "baseline", "matched"]
FEWEST = 10
"""Households in each arm, below which nothing is said."""


@dataclass(frozen=True)
class Effect:
    """The effect on one outcome in one wave.

    Attributes
    ----------
    outcome, wave : str
        ``income``, ``log_income``, ``exit`` (share above the line of those below it at the baseline), or an outcome of
        the mapping.
    years : float
        Since the baseline.
    treated, control : float
        Means of the two arms, weighted.
    effect, error : float
        Intention to treat and its standard error, by clusters.
    low, high : float
        95 % interval by Student's t with clusters less one degrees of freedom.
    households : (int, int)
        Treated and others.
    clusters : int
    unit : str
    """

    outcome: str
    wave: str
    years: float
    treated: float
    control: float
    effect: float
    error: float
    low: float
    high: float
    households: tuple[int, int]
    clusters: int
    unit: str


@dataclass(frozen=True)
class Effects:
    """Effects of a treatment on all outcomes of a panel.

    Attributes
    ----------
    treatment : str
    method : {"difference", "baseline", "matched"}
    found : tuple of Effect
        By outcome and wave.
    balance : tuple of Balance
        How alike the arms were at the baseline, before and after weighing.
    told : mapping
        Names, source and status of the panel and of the treatment.
    """

    treatment: str
    method: Method
    found: tuple[Effect, ...]
    balance: tuple[Balance, ...]
    told: dict[str, Any]


def measure_effects(
    panel: xr.Dataset, *, treatment: str = "treated", method: Method = "difference", draws: int = 200, seed: int = 1
) -> Effects:
    """Estimate the effect of a treatment on every outcome, wave by wave after the first.

    Parameters
    ----------
    panel : Dataset, dims (unit, wave)
        As ``read_panel`` returns it; the first wave is the baseline.
    treatment : str
        Variable of the household, 0 or 1. All who were assigned count, whether they took part or not.
    method : {"difference", "baseline", "matched"}
        Difference of means; the same with the outcome's baseline and stratum held fixed (more exact where treatment was
        by lot; outcomes that were hardly asked for at the baseline go without it); or others weighed to look like the
        treated at the baseline (inverse probability weighting, for panels without a lot: what was not measured stays
        uncorrected). Where there are several strata, the first two compare within them.
    draws, seed : int
        Bootstrap samples of clusters, and their address; only ``matched`` needs them.

    Raises
    ------
    InputError
        No such treatment, or too few households in an arm.

    References
    ----------
    Hirano, Imbens and Ridder 2003, doi:10.1111/1468-0262.00442, for weights from the chance of being treated.
    """
    _checked(panel, treatment, method)
    weight = panel["weight"].values.astype(np.float64)
    arms = _Arms(panel, panel[treatment].values.astype(np.float64), weight / weight.max(), method)
    asked = [(name, wave) for name in outcome_units(panel) for wave in range(1, panel.sizes["wave"])]
    asked = [one for one in asked if min(_sizes(arms, *one)) >= FEWEST]
    adjusted = arms.weight
    if method == "matched":
        columns = list(baseline_of(panel).values())
        adjusted = control_weights(columns, arms.arm, arms.weight)
        numbers = _matched(arms, asked, columns, (seed, draws))
    else:
        numbers = [_compared(arms, name, wave) for name, wave in asked]
    found = tuple(_effect(arms, *one, estimate) for one, estimate in zip(asked, numbers, strict=True))
    return Effects(
        treatment, method, found, balance_of(panel, arms.arm, arms.weight, adjusted), _told(panel, treatment)
    )


def _told(panel: xr.Dataset, treatment: str) -> dict[str, Any]:
    told: dict[str, Any] = {name: panel.attrs.get(name, "") for name in ("name_zh", "name_en", "source", "status")}
    told |= {f"treatment_{lang}": panel[treatment].attrs.get(f"name_{lang}", treatment) for lang in ("zh", "en")}
    outcomes = [str(name) for name in panel.data_vars if panel[name].attrs.get("role") == "outcome"]
    told["outcomes"] = {name: {lang: panel[name].attrs[f"name_{lang}"] for lang in ("zh", "en")} for name in outcomes}
    return told


@dataclass(frozen=True)
class _Arms:
    panel: xr.Dataset
    arm: Floats
    weight: Floats
    method: Method

    def baseline(self, name: str) -> Floats | None:
        """Return an outcome's baseline, (unit,), where it is held fixed: not where it was hardly asked for then."""
        # of those who were poor before, all were: an exit has no baseline
        if self.method != "baseline" or name == "exit":
            return None
        before = values_of(self.panel, name, 0)
        asked = ~np.isnan(before)
        return before if min((asked & (self.arm == side)).sum() for side in (0, 1)) >= FEWEST else None

    def used(self, name: str, wave: int) -> npt.NDArray[np.bool_]:
        """Return whose values the effect on an outcome in a wave rests on, (unit,)."""
        seen = ~np.isnan(values_of(self.panel, name, wave))
        before = self.baseline(name)
        return seen if before is None else seen & ~np.isnan(before)


def _checked(panel: xr.Dataset, treatment: str, method: str) -> None:
    source, problems = str(panel.attrs.get("name_en", "panel")), []
    known = [str(name) for name in panel.data_vars if panel[name].attrs.get("role") == "treatment"]
    if treatment not in known:
        allowed = ", ".join(known) or "none: the mapping names no treatment"
        problems.append(Problem("treatment", "no such treatment", treatment, allowed, nearest(treatment, known)))
    else:
        arm = panel[treatment].values
        counts = int((arm == 1).sum()), int((arm == 0).sum())
        if min(counts) < FEWEST:
            found = f"{counts[0]} treated, {counts[1]} others"
            problems.append(Problem("treatment", "too few households in an arm", found, f"at least {FEWEST} in each"))
    if method not in ("difference", "baseline", "matched"):
        problems.append(Problem("method", "unknown", method, "difference, baseline, matched"))
    if problems:
        raise InputError(source, problems)


def outcome_units(panel: xr.Dataset) -> dict[str, str]:
    """Return the outcomes of a panel and their units."""
    named: dict[str, str] = {}
    if "income" in panel:
        named |= {"income": str(panel["income"].attrs.get("units", "")), "log_income": "log points"}
        named |= {"exit": "share"} if np.isfinite(panel.attrs.get("line", np.nan)) else {}
    if "poor" in panel:
        named |= {"exit": "share"}
    for name in panel.data_vars:
        if panel[name].attrs.get("role") == "outcome":
            named[str(name)] = str(panel[name].attrs.get("units", ""))
    return named


def values_of(panel: xr.Dataset, name: str, wave: int) -> Floats:
    """Return an outcome in a wave, (unit,), NaN where it is not seen.

    ``exit`` is seen of those poor in the first wave: 1 where they are not poor in this one.
    """
    if name == "exit":
        before, now = _poor(panel, 0), _poor(panel, wave)
        return np.where(before == 1, 1.0 - now, np.nan)
    if name == "log_income":
        income = panel["income"].values[:, wave]
        return np.log(np.where(income > 0, income, np.nan))
    return np.asarray(panel[name].values[:, wave], dtype=np.float64)


def _poor(panel: xr.Dataset, wave: int) -> Floats:
    if "poor" in panel:
        poor = panel["poor"].values[:, wave].astype(np.float64)
        return np.where(poor < 0, np.nan, poor)
    income = panel["income"].values[:, wave]
    return np.where(np.isnan(income), np.nan, (income < panel.attrs["line"]).astype(np.float64))


def _sizes(arms: _Arms, name: str, wave: int) -> tuple[int, int]:
    seen = arms.used(name, wave)
    return int((seen & (arms.arm == 1)).sum()), int((seen & (arms.arm == 0)).sum())


def _effect(arms: _Arms, name: str, wave: int, estimate: tuple[Floats, float]) -> Effect:
    panel, (means, error) = arms.panel, estimate
    seen = arms.used(name, wave)
    clusters = int(np.unique(_clusters(panel)[seen]).size)
    treated, control, effect = (float(one) for one in means)
    reach = float(stdtrit(max(clusters - 1, 1), 0.975)) * error
    years = float(panel["year"].values[wave] - panel["year"].values[0])
    label, unit = str(panel["wave"].values[wave]), outcome_units(panel)[name]
    ends, sizes = (effect - reach, effect + reach), _sizes(arms, name, wave)
    return Effect(name, label, years, treated, control, effect, error, *ends, sizes, clusters, unit)


def _clusters(panel: xr.Dataset) -> npt.NDArray[np.intp]:
    return sampled(panel["cluster"].values, panel["stratum"].values).cluster


def _compared(arms: _Arms, name: str, wave: int) -> tuple[Floats, float]:
    """Return both means and the effect by least squares within strata, and the effect's error by clusters."""
    panel, y = arms.panel, values_of(arms.panel, name, wave)
    seen, before = arms.used(name, wave), arms.baseline(name)
    controls = [] if before is None else [before[seen]]
    x = np.column_stack([arms.arm[seen], *_strata(panel["stratum"].values[seen]), *controls])
    fit = fit_clustered(y[seen], x, arms.weight[seen], _clusters(panel)[seen])
    treated, control, _ = _means(y, arms.weight * seen, arms.arm)
    return np.array([treated, control, fit.coefficient[0]]), float(fit.error[0])


def _strata(stratum: npt.NDArray[np.integer]) -> Iterator[Floats]:
    """Yield a column a stratum; with one stratum this is the constant."""
    for one in np.unique(stratum):
        yield (stratum == one).astype(np.float64)


def _means(y: Floats, weight: Floats, arm: Floats) -> Floats:
    filled = np.nan_to_num(y)
    treated, control = (float((weight * side) @ filled / (weight @ side)) for side in (arm, 1.0 - arm))
    return np.array([treated, control, treated - control])


def _matched(
    arms: _Arms, asked: list[tuple[str, int]], columns: list[Floats], address: tuple[int, int]
) -> list[tuple[Floats, float]]:
    """Return weighted means and bootstrap errors, the chances of treatment estimated anew in every sample."""
    values = [values_of(arms.panel, *one) for one in asked]

    def means(weight: Floats) -> Floats:
        adjusted = control_weights(columns, arms.arm, weight)
        return np.stack([_means(y, adjusted * ~np.isnan(y), arms.arm) for y in values])

    design = sampled(arms.panel["cluster"].values, arms.panel["stratum"].values)
    spread = bootstrap(means, arms.weight, design, address=address)
    errors = spread[:, :, 2].std(axis=0, ddof=1)
    return [(row, float(error)) for row, error in zip(means(arms.weight), errors, strict=True)]
