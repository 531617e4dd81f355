"""Targets of a plan by year, with the draws in which each holds: what cards and tables of targets count alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim import figures
from povsim.terms import Language
from povsim.views.comparison_plans import Pair, Plan, texts

Flags = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Due:
    """A target in a year in which it is due, or the verdict on a county.

    Attributes
    ----------
    target, unit : str
        Code; the county, where there are several and the verdict is on one of them.
    year : int
        When it is due.
    comparison, bound, units
        What is asked for.
    zh, en : str
        Names.
    held : array of int8
        By draw that counts: 1 where it holds, 0 where not, -1 where the draw cannot tell.
    """

    target: str
    unit: str
    year: int
    comparison: str
    bound: float
    units: str
    zh: str
    en: str
    held: Flags

    @property
    def verdict(self) -> bool:
        """Whether it is a verdict of the exit standard, and none of the plan's own targets."""
        return self.units == "flag"

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same target in another plan."""
        return self.target, self.unit, self.year, self.comparison, self.bound

    @property
    def probability(self) -> float | None:
        """Share of the draws that can tell in which it holds; nothing where none can."""
        known = self.held[self.held >= 0]
        return float(known.mean()) if known.size else None

    def name(self, lang: Language) -> str:
        """Return its name, with the county's where there are several."""
        name = self.zh if lang == "zh" else self.en
        return texts(lang)("vs.bracket", what=name, more=self.unit) if self.unit else name

    def required(self, lang: Language) -> str:
        """Return what is asked for: a bound, or to pass."""
        say = texts(lang)
        if self.verdict:
            return say("vs.target.passes")
        if self.units == "share":
            text = figures.number(100 * self.bound) + ("%" if lang == "zh" else " %")
        else:
            text = f"{figures.number(self.bound)} {figures.unit_name(self.units, lang)}"
        return say(f"comparison.{self.comparison}", value=text)


def targets_of(plan: Plan) -> list[Due]:
    """Return the targets of a plan and the verdicts on its counties, by year, on the draws that count.

    Parameters
    ----------
    plan : Plan
        The plan.
    """
    arrays = plan.arrays
    if "target_plan" not in arrays:
        return []
    names = {"target": "target", "unit": "unit", "year": "year", "comparison": "comparison", "bound": "bound",
             "units": "units", "zh": "name_zh", "en": "name_en"}  # fmt: skip
    return [
        Due(
            **{name: arrays[f"target_{key}"][at].item() for name, key in names.items()},
            held=plan.own(arrays["target_held"][at]),
        )
        for at in np.flatnonzero(arrays["target_plan"] == plan.place).tolist()
    ]


def due(plan: Plan, year: int) -> list[Due]:
    """Return the plan's own targets that are due in a year."""
    return [one for one in targets_of(plan) if one.year == year and not one.verdict]


def same_targets(pair: Pair, year: int) -> bool:
    """Tell whether two plans have the same targets in a year: else their probabilities do not compare."""
    asked = [{one.key for one in due(plan, year)} for plan in (pair.first, pair.second)]
    return asked[0] == asked[1]
