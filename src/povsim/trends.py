"""One draw made ready: parameter values, growth of areas, disasters, village works, as arrays for all scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from povsim.draws import decision_key, fill_normals, household_key, uniforms
from povsim.ground import Prepared
from povsim.incomes import log_trend
from povsim.layout import Doubles, Flags, Floats
from povsim.rules import Rules, make_rules
from povsim.scenario import Scenario
from povsim.stacked import Slots, stack
from povsim.year import Figures


@dataclass(frozen=True)
class AreaLuck:
    """What befalls whole areas in one draw; the scenarios share it."""

    county: Floats  # (years since the register's, 2, villages): standard normals of a village's county, by source
    village: Floats  # (years since the register's, 2, villages)
    disaster: Floats  # (years, villages): uniforms


@dataclass(frozen=True)
class Draw:
    """One draw: its number and position in the run, each scenario's rules, and the arrays that they come to."""

    number: int
    position: int
    rules: tuple[Rules, ...]
    figures: Figures

    @property
    def shared(self) -> bool:
        """Whether any capacity is shared between blocks."""
        return any(measure.shared for rules in self.rules for measure in rules.measures)


def make_draw(
    scenarios: Sequence[Scenario], prepared: Sequence[Prepared], slots: Slots, *, seed: int, number: int, position: int
) -> Draw:
    """Return one draw of a run.

    Parameters
    ----------
    scenarios, prepared : sequence
        The plans, and the register made ready for each.
    slots : Slots
        Measures and sizes of the run.
    seed, number : int
        Address of the luck.
    position : int
        Position of the draw in the run.
    """
    rules = tuple(
        make_rules(scenario, one.ground, seed=seed, draw=number)
        for scenario, one in zip(scenarios, prepared, strict=True)
    )
    luck = area_luck(scenarios[0], prepared[0], seed, number)
    trend = [
        trends(each, luck, earned_trends(one, each, scenario))
        for each, one, scenario in zip(rules, prepared, scenarios, strict=True)
    ]
    struck: list[Flags] = [luck.disaster < np.array(each.village_struck, dtype=np.float32)[:, None] for each in rules]
    return Draw(number, position, rules, stack(rules, trend, struck, slots, seed))


def area_luck(scenario: Scenario, prepared: Prepared, seed: int, draw: int) -> AreaLuck:
    """Draw the luck of counties and villages."""
    ground, span = prepared.ground, scenario.span
    years = list(range(ground.base_year + 1, span[-1] + 1))
    counties, of_village = np.unique(ground.counties, return_inverse=True)
    village = _luck_of_areas(seed, "growth.village", draw, years, ground.village_key)
    county = _luck_of_areas(seed, "growth.county", draw, years, household_key(counties))
    disaster = np.stack(
        [uniforms(ground.village_key, seed=seed, draw=draw, year=year, decision="disaster.village") for year in span]
    )
    return AreaLuck(county[:, :, of_village], village, disaster)


def _luck_of_areas(
    seed: int, decision: str, draw: int, years: list[int], keys: npt.NDArray[np.uint64]
) -> npt.NDArray[np.float32]:
    """Return standard normals of areas, shape (years, 2, areas): one for wages, one for business income."""
    key = decision_key(seed, decision)
    luck = np.empty((len(years), 4, keys.size), dtype=np.float32)
    for place, year in enumerate(years):
        fill_normals(key, draw, year, keys, luck[place], 0)
    return luck[:, :2]


def earned_trends(prepared: Prepared, rules: Rules, scenario: Scenario) -> Doubles:
    """Return the log trends of wage and business, shape (2, years)."""
    base = prepared.ground.base_year
    horizons = range(scenario.years[0] - base, scenario.years[1] - base + 1)
    sources = ((prepared.wage, rules.wage), (prepared.business, rules.business))
    return np.stack(
        [
            log_trend(growth, source, prepared.drift(source, parts, horizons))
            for growth, (source, parts) in zip(rules.growth[:2], sources, strict=True)
        ]
    )


def trends(rules: Rules, luck: AreaLuck, earned: Doubles) -> Floats:
    """Return the trend of every year and village: log of wage and business, factor of property income and transfers.

    Parameters
    ----------
    rules : Rules
        Growth of the other sources, the spread of the areas' shocks, what village works add to business.
    luck : AreaLuck
        Standard normals of the areas.
    earned : array, shape (2, years)
        Log trends of wage and business, see ``incomes.log_trend``.

    Returns
    -------
    array, shape (years, villages, 4), float32
    """
    county_sd, village_sd = rules.common_sd
    shocks = county_sd * luck.county + village_sd * luck.village - 0.5 * (county_sd**2 + village_sd**2)
    common = np.cumsum(shocks, axis=0)[-earned.shape[1] :]
    out = np.empty((*luck.disaster.shape, 4), dtype=np.float32)
    out[..., 0] = earned[0][:, None] + common[:, 0]
    out[..., 1] = earned[1][:, None] + common[:, 1] + rules.paths.business_gain
    out[..., 2:] = np.exp(rules.growth[2:]).T[:, None, :]
    return out
