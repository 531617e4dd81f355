"""The levers of the exit forecast: what a planner can move, chosen from the plan, and what moving it did."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xarray as xr

from povsim import figures
from povsim.terms import Language
from povsim.views.forecast_numbers import COMMA, texts

if TYPE_CHECKING:
    from povsim.scenario import Scenario

BIG = 1_000_000
"""Amounts from which sliders show ten thousands or millions."""
STEPS = 200
"""Steps of a slider, at most."""
MAIN = 5
"""Measures offered as levers: those that cost most, of which there is room for so many."""
GROWTH = ("incomes.growth.wage", "incomes.growth.business")


@dataclass(frozen=True)
class Lever:
    """Something that can be moved.

    Attributes
    ----------
    path : str
        Dotted path, as ``--set`` takes it.
    group : {"measures", "funds", "growth", "targets"}
        Where it is shown.
    zh, en : str
        What it is.
    unit : str
        As the plan writes it.
    low, high, now : float
        Bounds, and the plan's value; of a dated entry the last.
    whole : bool
        Whether only whole numbers make sense.
    plan : str
        The plan's value in full, year by year where it is dated.
    """

    path: str
    group: str
    zh: str
    en: str
    unit: str
    low: float
    high: float
    now: float
    whole: bool
    plan: str

    def label(self, lang: Language) -> str:
        """Return what the lever is."""
        return self.zh if lang == "zh" else self.en


def levers_of(plan: Scenario, spending: Mapping[str, float]) -> list[Lever]:
    """Choose the levers of a plan: room of the measures that cost most, funds, growth, bounds of targets.

    Parameters
    ----------
    plan : Scenario
        The plan.
    spending : mapping of str to float
        By measure, over all years.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> found = levers_of(read_scenario("sample"), {"industry": 5.0, "jobs": 1.0})
    >>> [lever.path for lever in found if lever.group in ("measures", "targets")]
    ['measures.industry.capacity.budget', 'measures.jobs.capacity.households', 'targets.incidence.value']
    """
    paths = {path: group for group, path in _paths(plan, spending)}
    return [*(_lever(plan, path, group) for path, group in paths.items()), *_bounds(plan)]


def _paths(plan: Scenario, spending: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    active = plan.active()
    ranked = sorted((code for code in active if spending.get(code)), key=lambda code: -spending[code])
    roomy = [code for code in ranked if active[code].capacity is not None]
    for code in roomy[:MAIN]:
        capacity = active[code].capacity
        assert capacity is not None
        kind, _ = capacity.limit()
        # where a fund pays, room is the measure's own; without either, who applies is what limits it
        yield "measures", f"measures.{code}.capacity.{kind}" if kind else f"measures.{code}.take_up"
    for name in plan.funds:
        yield "funds", f"funds.{name}.budget"
    for path in GROWTH:
        yield "growth", path


def _lever(plan: Scenario, path: str, group: str) -> Lever:
    from povsim.planning.levers import find_levers

    found = find_levers(plan, [path])[0]
    return Lever(
        path, group, found.zh, found.en, found.unit, found.low, found.high, found.now, found.whole, found.attrs["plan"]
    )


def _bounds(plan: Scenario) -> Iterator[Lever]:
    """Yield the bounds of targets: a goal is not reached by moving it, but a planner asks what another would mean."""
    from povsim.assumptions import plain_value
    from povsim.planning.levers import FARTHEST

    for target in plan.targets:
        entry = target.value
        values = list(entry.value.values()) if isinstance(entry.value, dict) else [entry.value]
        high = min(1.0, FARTHEST * max(values)) if entry.unit == "share" else FARTHEST * max(values)
        yield Lever(
            f"targets.{target.code}.value",
            "targets",
            target.name_zh,
            target.name_en,
            entry.unit,
            0.0,
            high,
            entry.at(9999),
            entry.unit != "share",
            plain_value(entry),
        )


def pack_levers(levers: list[Lever]) -> str:
    """Return levers as JSON, for the attributes of a digest."""
    return json.dumps([vars(lever) for lever in levers], ensure_ascii=False)


def levers_in(digest: xr.Dataset) -> list[Lever]:
    """Return the levers of a run from its digest."""
    found: list[dict[str, Any]] = json.loads(digest.attrs.get("levers", "[]"))
    return [Lever(**each) for each in found]


@dataclass(frozen=True)
class Dial:
    """A lever as a slider shows it, in units people think in.

    Attributes
    ----------
    scale : float
        Units of the plan in one unit shown.
    unit : str
        Unit shown.
    low, high, step, now : float
        In the unit shown.
    digits : int
        Decimals shown.
    """

    scale: float
    unit: str
    low: float
    high: float
    step: float
    now: float
    digits: int

    def value(self, shown: float) -> float:
        """Return the value for the plan of a number shown.

        Examples
        --------
        >>> Dial(0.01, "%", 0.0, 100.0, 1.0, 25.0, 0).value(35.0)
        0.35
        """
        return float(f"{shown * self.scale:.10g}")

    def shown(self, value: float) -> float:
        """Return the number shown of a value of the plan."""
        return float(f"{value / self.scale:.10g}")


def dial(lever: Lever, lang: Language) -> Dial:
    """Return how a slider shows a lever: shares in per cent, large sums in ten thousands (zh) or millions (en).

    Examples
    --------
    >>> found = dial(Lever("p", "funds", "资金", "fund", "yuan per year", 0.0, 3.9e7, 1.3e7, False, "13000000"), "en")
    >>> found.unit, found.high, found.step, found.now
    ('million yuan per year', 39.0, 0.2, 13.0)
    """
    name = figures.unit_name(lever.unit, lang)
    scale, unit = 1.0, name
    if lever.unit.startswith("share"):
        scale, unit = 0.01, "%"
    elif lever.high >= BIG and not lever.whole:
        scale, unit = 1e4 if lang == "zh" else 1e6, texts(lang)("dial.money", unit=name)
    wide = (lever.high - lever.low) / scale
    step = _round_step(wide / STEPS)
    if lever.whole:
        step = max(1.0, step)
    digits = max(0, -math.floor(math.log10(step))) if step < 1 else 0
    low, high = lever.low / scale, math.ceil(lever.high / scale / step - 1e-9) * step
    # never beyond what the plan may hold
    high = min(high, lever.high / scale)
    return Dial(scale, unit, low, float(f"{high:.10g}"), step, float(f"{lever.now / scale:.10g}"), digits)


def _round_step(least: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return float(f"{next(factor for factor in (1, 2, 5, 10) if factor * power >= least - 1e-12) * power:.10g}")


def plan_text(lever: Lever, lang: Language) -> str:
    """Return the plan's own value of a lever, year by year where it is dated, as people read it."""
    shown = dial(lever, lang)

    def one(text: str) -> str:
        year, sign, value = text.rpartition(": ")
        return f"{year}{sign}{figures.number(shown.shown(float(value)))}"

    return texts(lang)(
        "levers.plan", value=COMMA[lang].join(one(part) for part in lever.plan.split("; ")), unit=shown.unit
    )


def bounds_of(levers: Mapping[str, float]) -> dict[str, float]:
    """Return, of levers that were moved, the bounds of targets by code.

    Examples
    --------
    >>> bounds_of({"targets.incidence.value": 0.03, "funds.special.budget": 1e7})
    {'incidence': 0.03}
    """
    ends = ("targets.", ".value")
    return {
        path.removeprefix(ends[0]).removesuffix(ends[1]): value
        for path, value in levers.items()
        if path.startswith(ends[0]) and path.endswith(ends[1])
    }


def without_bounds(levers: Mapping[str, float]) -> dict[str, float]:
    """Return the levers that need a new run: all but the bounds of targets."""
    bounds = bounds_of(levers)
    return {
        path: value
        for path, value in levers.items()
        if path.removeprefix("targets.").removesuffix(".value") not in bounds
    }
