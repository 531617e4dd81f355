"""What plans come to: money and lasting exits, targets, growth and redistribution, each beside the first plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from povsim.planning.comparison_draws import Bargain, Difference, bargain, difference
from povsim.views.comparison_due import same_targets
from povsim.views.comparison_plans import Pair, Plan, band_of

if TYPE_CHECKING:
    from povsim.planning.decomposition import Histogram, Poverty

Floats = npt.NDArray[np.float64]
PARTS = ("growth", "redistribution", "line", "unexplained", "change")
EXACT: dict[Poverty, str] = {"headcount_ratio": "headcount_ratio", "poverty_gap": "poverty_gap"}


def bargain_of(pair: Pair, place: int) -> Bargain:
    """Return what the second plan costs and brings more than the first, up to a year."""
    sums = [
        tuple(plan.value(name)[:, place] for plan in (pair.first, pair.second))
        for name in ("spending_so_far", "lasting_exits_so_far")
    ]
    return bargain((sums[0][0], sums[0][1]), (sums[1][0], sums[1][1]), pair.pairs, band=band_of(pair.first))


def cost_of(plan: Plan, place: int) -> float:
    """Return money spent so far over lasting exits so far, both means; not a number while there are none."""
    money, lasting = (float(plan.value(f"{name}_so_far")[:, place].mean()) for name in ("spending", "lasting_exits"))
    return money / lasting if lasting > 0 else float("nan")


def hold(plan: Plan, place: int) -> Floats | None:
    """Return in which draws all targets of a year hold, as 0 and 1; nothing where none is due."""
    found = plan.own(plan.arrays["targets_hold"][plan.place, :, place]).astype(np.float64)
    return None if (found < 0).any() else found


def hold_difference(pair: Pair, place: int) -> Difference | None:
    """Return how the probability of all targets of a year differs; nothing where the targets are others."""
    first, second = (hold(plan, place) for plan in (pair.first, pair.second))
    if first is None or second is None or not same_targets(pair, pair.first.years[place]):
        return None
    return difference(first, second, pair.pairs, better=1, band=band_of(pair.first))


@dataclass(frozen=True)
class Part:
    """A part of a change in poverty: its mean share, the band, and the most that bins can hide."""

    code: str
    mean: float
    low: float
    high: float
    bound: float


def decomposed(ends: tuple[tuple[Plan, int, npt.NDArray[np.int64]], ...], measure: Poverty) -> list[Part]:
    """Split the change of poverty from one plan and year to another into growth, redistribution and the line.

    Parameters
    ----------
    ends : pair of (Plan, place of the year, positions of draws)
        From what, and to what.
    measure : {"headcount_ratio", "poverty_gap"}
        What is split.

    Returns
    -------
    list of Part
        Growth, redistribution, line, what the bins cannot tell, and the change itself; empty where an income line is
        no one amount.
    """
    from povsim.planning.decomposition import growth_redistribution

    lines = [float(plan.arrays["line"][plan.place, place]) for plan, place, _ in ends]
    if any(np.isnan(line) for line in lines):
        return []
    made = [_histogram(plan, place, draws) for plan, place, draws in ends]
    split = growth_redistribution(made[0], made[1], (lines[0], lines[1]), measure)
    exact = [plan.value(EXACT[measure])[:, place][draws] for plan, place, draws in ends]
    change = exact[1] - exact[0]
    values = dict(zip(split["component"].to_numpy().tolist(), split["shapley"].to_numpy(), strict=True))
    # what the bins cannot say is told on its own, so that the parts add up to the exact change
    values |= {"unexplained": change - split["change"].to_numpy(), "change": change}
    bound, band = float(split["bound"].mean()), band_of(ends[0][0])
    return [_part(code, values[code], 0.0 if code == "change" else bound, band) for code in PARTS]


def _part(code: str, values: Floats, bound: float, band: tuple[float, float]) -> Part:
    low, high = np.quantile(values, band)
    return Part(code, float(values.mean()), float(low), float(high), bound)


def _histogram(plan: Plan, place: int, draws: npt.NDArray[np.int64]) -> Histogram:
    from povsim.planning.decomposition import Histogram, edges_of

    persons = plan.own(plan.arrays["histogram"][plan.place, :, place])[draws].astype(np.float64)
    return Histogram(persons, edges_of(plan.arrays["bin"]))


def between(pair: Pair, place: int, measure: Poverty) -> list[Part]:
    """Split the difference between two plans at the end of a year."""
    return decomposed(((pair.first, place, pair.pairs.first), (pair.second, place, pair.pairs.second)), measure)


def within(plan: Plan, place: int, measure: Poverty) -> list[Part]:
    """Split the change within a plan from its first year to another; nothing for the first year itself."""
    draws = np.arange(plan.draws.size)
    return decomposed(((plan, 0, draws), (plan, place, draws)), measure) if place else []
