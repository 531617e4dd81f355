"""Why a nation's forecast misses the published path: what each step from the lognormal to the register changes."""

from __future__ import annotations

from dataclasses import dataclass

from povsim.backtests.nation_plans import GROWTH, LUCK, MEASURES, SHOCKS, Plans, lines, mean_path
from povsim.backtests.nation_reference import needed_growth
from povsim.backtests.nation_runs import Paths
from povsim.backtests.nation_spec import Concept, Nation, Series
from povsim.backtests.nation_table import Rivals

STEPS = ("shape", "luck", "shocks", "by_source", "measures")
"""From the lognormal to the model with measures, in the order of adding."""


@dataclass(frozen=True)
class Gap:
    """The way from the lognormal to what was published in one year; shares of persons.

    Attributes
    ----------
    year : int
        Year.
    lognormal, model, declared : float
        Headcount of the lognormal, of the model with measures, and what its register declares.
    actual : float
        Published.
    concept : {"survey", "register"}
        What was published: then it is held against the model's headcount, or against its register.
    steps : mapping of str to float
        What each of ``STEPS`` adds to the headcount.
    """

    year: int
    lognormal: float
    model: float
    declared: float
    actual: float
    concept: Concept
    steps: dict[str, float]

    @property
    def rest(self) -> float:
        """What was published less the model: what none of the steps explains."""
        return self.actual - (self.model if self.concept == "survey" else self.declared)

    @property
    def declaration(self) -> float:
        """What the model's register declares less its headcount."""
        return self.declared - self.model


def gaps(spec: Nation, paths: Paths, others: Rivals) -> list[Gap]:
    """Return the gap of every year with a published path; that of the survey if there is one, else of the register.

    Parameters
    ----------
    spec : Nation
        Published.
    paths : Paths
        Simulated.
    others : Rivals
        Computed beside.
    """
    series = spec.series.get("headcount") or spec.series["declared"]
    return [_gap(year, series, paths, others) for place, year in enumerate(paths.years) if year in series.years]


def _gap(year: int, series: Series, paths: Paths, others: Rivals) -> Gap:
    place = paths.years.index(year)
    mean = {plan: float(paths.values["headcount", plan][:, place].mean()) for plan in (LUCK, SHOCKS, GROWTH, MEASURES)}
    way = [others.lognormal[year], others.alike[year], mean[LUCK], mean[SHOCKS], mean[GROWTH], mean[MEASURES]]
    steps = {name: after - before for name, before, after in zip(STEPS, way, way[1:], strict=False)}
    declared = float(paths.values["declared", MEASURES][:, place].mean())
    return Gap(year, way[0], mean[MEASURES], declared, series.years[year], series.concept, steps)


@dataclass(frozen=True)
class Needed:
    """How incomes of the start's poorest had to grow for the published headcount to come out.

    Attributes
    ----------
    year : int
        Last year with a headcount above zero.
    headcount : float
        Published in it.
    poor, mean : float
        Yearly growth needed of those who are last to pass the line, and growth of the mean.
    """

    year: int
    headcount: float
    poor: float
    mean: float


def growth_needed(spec: Nation, plans: Plans) -> Needed | None:
    """Return what growth of the poor a published headcount asks for; nothing where there is no headcount above zero."""
    series = spec.series.get("headcount") or spec.series["declared"]
    years = [year for year in spec.span if series.years.get(year, 0) > 0]
    if not years:
        return None
    year, base, mean = years[-1], spec.years[0] - 1, mean_path(spec)
    span = year - base
    factor = needed_growth(plans.register, headcount=series.years[year], line=lines(plans.full)[year])
    return Needed(year, series.years[year], factor ** (1 / span) - 1, (mean[year] / mean[base]) ** (1 / span) - 1)
