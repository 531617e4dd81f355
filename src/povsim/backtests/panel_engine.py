"""The simulation itself on a panel: a register made of the last early wave, run to the year that is held out.

It knows one wave only, as it does of any register, and takes the splits of the panel as figures with a spread. The
same process conditioned on all early waves is in ``panel_draws``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from povsim.backtests.panel_fit import Fitted
from povsim.backtests.panel_waves import Flags, Floats, Waves
from povsim.backtests.rivals import MODEL
from povsim.beliefs import CommonShocks, Growth, Residual
from povsim.calibration.distances import Split
from povsim.quantity import Quantity
from povsim.runs import simulate
from povsim.scenario import Scenario, read_scenario
from povsim.terms import GUARANTEES, REGISTER_COLUMNS

BEFORE_FIRST = 2015
"""Year of the register that is made: the shipped plan that lends its rules begins a year later. Only gaps count."""
MOST_YEARS = 5
"""Years that the plan runs."""
PLANS, DRAWS_A_PLAN = 20, 10
"""Bootstrap samples whose parameters are simulated, at most, and draws of each, at least."""
AT_LINE = 10_000.0
"""Welfare is written so that the poverty line is this: what the engine counts are whole amounts."""
_QUIET: dict[str, Any] = {
    "measures": {}, "funds": {}, "targets": (), "monitoring": None, "alignment": (),
    "shocks.job_loss": None, "shocks.lapses": {}, "shocks.disaster.village": 0,
    "shocks.illness.hazard": 0, "shocks.illness.hazard_ill": 0, "shocks.illness.disability": None,
    "shocks.illness.disability_loss": None, "shocks.illness.cause_factor": None,
    "exit_standard.household.tests.income.line": AT_LINE,
}  # fmt: skip
"""Shocks and measures off: what they do to incomes is in the panel's variances already."""


def common_sds() -> tuple[float, float]:
    """Return the yearly spread of growth that a whole area and a village share, log points, as the shipped plan has it.

    Examples
    --------
    >>> common_sds()
    (0.015, 0.02)
    """
    common = read_scenario("sample").incomes.common
    year = BEFORE_FIRST + 1
    return common.county_sd.at(year), common.village_sd.at(year)


def runnable(waves: Waves) -> bool:
    """Tell whether the simulation can reach the last wave: whole years, and no more than its plan has."""
    return not waves.spells and waves.gap in range(1, MOST_YEARS + 1)


def drawn_by_engine(waves: Waves, fitted: Fitted, *, draws: int, seed: int, growth: float | None = None) -> Floats:
    """Return draws of each household's last log welfare over the line by the simulation, (draw, unit).

    Parameters
    ----------
    waves, fitted
        The panel and its parameters. A plan holds one split, so draws are shared out among plans, each with the split
        and the trend of one bootstrap sample.
    draws, seed : int
        Of the simulation.
    growth : float, optional
        How mean welfare really grew, log points in all; without it the trend goes on, with common shocks.

    Returns
    -------
    array, (draw, unit)
        NaN for households not seen in the last early wave.
    """
    seen = waves.seen[:, -2]
    people, plan = register_of(waves, seen), quiet_plan()
    years = int(waves.gap)
    found = np.full((draws, waves.weight.size), np.nan)
    plans = max(min(PLANS, draws // DRAWS_A_PLAN), 1)
    samples = np.linspace(0, len(fitted.trend) - 1, plans).astype(int)
    for part, sample in zip(np.array_split(np.arange(draws), plans), samples, strict=True):
        own = with_process(plan, fitted.splits[MODEL][sample], _yearly(fitted, sample, years, growth))
        own = own if growth is None else _without_common(own)
        _, panel = simulate(
            people, own, draws=range(part[0], part[-1] + 1), seed=seed, threads=1, keep=("household",)
        )  # fmt: skip
        last = panel["wage"].isel(scenario=0).sel(year=BEFORE_FIRST + years).values
        found[part[0] : part[-1] + 1, seen] = np.log(np.maximum(last, 1e-30) / AT_LINE)
    return found


def register_of(waves: Waves, seen: Flags) -> xr.Dataset:
    """Return a register of the households seen in the last early wave: one person each, all welfare as wages."""
    size = int(seen.sum())
    level = np.exp(waves.log[seen, -2]) * AT_LINE
    weight = waves.weight[seen]
    count = np.maximum(np.rint(weight / weight.mean() * 1000), 1)
    # clusters become villages, whose households share growth shocks; one village where every household is a cluster
    village = np.unique(waves.cluster[seen], return_inverse=True)[1] if waves.clustered else np.zeros(size, int)
    figures: dict[str, Any] = {"persons": 1, "workers": 1, "wage": level, "weight": count, "housing_area": 30}
    data: dict[str, Any] = {
        column.code: ("household", np.broadcast_to(figures.get(column.code, 0), size).astype(column.dtype))
        for column in REGISTER_COLUMNS
    }
    data["deprived"] = (("household", "guarantee"), np.zeros((size, len(GUARANTEES)), dtype=bool))
    names = [f"P/{number}" for number in range(int(village.max()) + 1)]
    data["poor_village"] = ("village", np.zeros(len(names), dtype=bool))
    data["collective_income"] = ("village", np.zeros(len(names), dtype=np.float32))
    coords: dict[str, Any] = {
        "household": np.flatnonzero(seen).astype(np.int64),
        "household_village": ("household", village.astype(np.int32)),
        "guarantee": [term.code for term in GUARANTEES],
        "village": names,
        "township": ("village", ["P"] * len(names)),
        "county": ("village", ["P"] * len(names)),
        "name_zh": ("village", names),
        "name_en": ("village", names),
    }
    told = {"year": BEFORE_FIRST, "coverage": "population", "income_detail": "by_source", "currency": "CNY"}
    told |= {"count_unit": "a thousandth of a household", "unit_of_persons": "thousandths of persons"}
    return xr.Dataset(data, coords, told)


def quiet_plan() -> Scenario:
    """Return the shipped plan without measures, targets or shocks, its line where the panel's line is written."""
    return read_scenario("sample", overrides=_QUIET)


def with_process(plan: Scenario, split: Split, growth: float) -> Scenario:
    """Return a plan with one split of the variance and one yearly growth of wages, share a year.

    Luck of one year and error do the same to what surveys see, so both go under transitory.
    """
    whole = max(split.variance, 1e-12)
    permanent, persistent = float(split.permanent / whole), float(split.persistent / whole)
    parts = Residual(
        permanent=_figure(permanent),
        persistent=_figure(persistent),
        transitory=_figure(1.0 - permanent - persistent),
        error=_figure(0.0),
        rho=_figure(split.rho),
    )
    nothing = _figure(0.0, "share per year")
    grown = Growth(wage=_figure(growth, "share per year"), business=nothing, property=nothing, transfer=nothing)
    incomes = plan.incomes.model_copy(update={"wage": parts, "business": parts, "growth": grown})
    return plan.model_copy(update={"incomes": incomes})


def _without_common(plan: Scenario) -> Scenario:
    quiet = CommonShocks(county_sd=_figure(0.0, "log points"), village_sd=_figure(0.0, "log points"))
    return plan.model_copy(update={"incomes": plan.incomes.model_copy(update={"common": quiet})})


def _yearly(fitted: Fitted, sample: int, years: int, growth: float | None) -> float:
    return float(np.expm1(fitted.trend[sample] if growth is None else growth / years))


def _figure(value: float, unit: str = "share") -> Quantity:
    return Quantity(value=value, unit=unit, source="the early waves of the panel", status="estimated")
