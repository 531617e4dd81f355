"""What a goal seek aims at: ``name(year, area) comparison number``, read by one pattern and never evaluated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import figures
from povsim.errors import InputError, Problem, nearest
from povsim.scenario import Scenario
from povsim.sweep_outputs import OUTPUTS, RATIOS, VERDICTS, Chosen, choose_outputs
from povsim.terms import Language

COMPARISONS = {"<=": "<=", ">=": ">=", "<": "<", ">": ">", "≤": "<=", "≥": ">=", "=<": "<=", "=>": ">="}
SHARES = tuple(name for name, (unit, *_) in RATIOS.items() if unit == "share")
"""Outputs that a percentage can be said of."""
_PATTERN = re.compile(
    r"\s*(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*\(\s*(?P<year>[0-9]{4})\s*(?:,(?P<area>[^(),]+))?\)\s*"
    r"(?:(?P<sign><=|>=|=<|=>|<|>|≤|≥)\s*(?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*"
    r"(?P<percent>%?))?\s*"
)
HOW = 'name(year) comparison number, such as "headcount_ratio(2020) <= 2%", or a target of the scenario and its year'


@dataclass(frozen=True)
class Goal:
    """One condition on one year's outcome.

    Attributes
    ----------
    name : str
        An output of a sweep, or the code of one of the scenario's targets, which states its own comparison.
    year : int
        Year of the outcome.
    area : str
        Name of a township or village; empty for the county.
    comparison : str
        One of <=, <, >=, >; empty for a target.
    number : float
        What it is compared with; 0 for a target.
    percent : bool
        Whether the number was written with %, which only a share may be; the same goal either way.
    """

    name: str
    year: int
    area: str = ""
    comparison: str = ""
    number: float = 0.0
    percent: bool = field(default=False, compare=False, repr=False)

    def __str__(self) -> str:
        """Return the text that reads back as this goal."""
        where = f", {self.area}" if self.area else ""
        what = f" {self.comparison} {self.number!r}" if self.comparison else ""
        return f"{self.name}({self.year:04d}{where}){what}"

    def shown(self, lang: Language) -> str:
        """Return the goal for people: shares as percentages."""
        if not self.comparison:
            return str(self)
        whole = figures.percent(self.number, lang, 4) if self.name in SHARES else figures.number(self.number)
        number = re.sub(r"\.?0+( ?%)$", r"\1", whole)
        return f"{str(self).partition(') ')[0]}) {self.comparison} {number}"

    @property
    def strict(self) -> bool:
        """Whether equality is not enough."""
        return self.comparison in ("<", ">")

    def margins(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return by how much values are on the right side: at least 0, or above it where equality is not enough.

        Examples
        --------
        >>> parse_goal("headcount_ratio(2020) <= 2%").margins(np.array([0.25, 0.02])).tolist()
        [-0.23, 0.0]
        """
        if not self.comparison:
            return np.where(values == 1, 0.5, -0.5)
        distance = values - self.number if self.comparison.startswith(">") else self.number - values
        return np.where(np.isnan(distance), -np.inf, distance)

    @property
    def is_flag(self) -> bool:
        """Whether the outcome only holds or does not, without telling by how much."""
        return not self.comparison or self.name in VERDICTS


def parse_goal(text: str) -> Goal:
    """Read a goal.

    Parameters
    ----------
    text : str
        ``name(year[, area]) comparison number[%]``; for a target of the scenario ``code(year)`` is enough.

    Returns
    -------
    Goal
        Names are not checked yet; see :func:`check_goal`.

    Raises
    ------
    InputError
        Anything else, or a number beyond what a computer holds.

    Examples
    --------
    >>> parse_goal("headcount_ratio(2020) <= 2%")
    Goal(name='headcount_ratio', year=2020, area='', comparison='<=', number=0.02)
    >>> str(parse_goal("exits(2018,三塘镇)≥5e2"))
    'exits(2018, 三塘镇) >= 500.0'
    """
    found = _PATTERN.fullmatch(text)
    area = (found["area"] or "").strip() if found else ""
    if found is None or (found["area"] is not None and not area):
        raise InputError("goal", [Problem("target", "cannot be read", text, HOW)])
    if found["sign"] is None:
        return Goal(found["name"], int(found["year"]), area)
    number = float(Decimal(found["number"]) / (100 if found["percent"] else 1))
    if not np.isfinite(number):
        raise InputError("goal", [Problem("target", "the number is too large", found["number"])])
    sign, percent = COMPARISONS[found["sign"]], bool(found["percent"])
    return Goal(found["name"], int(found["year"]), area, sign, number, percent)


@dataclass(frozen=True)
class Sight:
    """A goal with where its values stand in a sweep's outputs.

    Attributes
    ----------
    goal : Goal
        What is asked.
    output : Chosen
        What is kept of each run.
    level : str
        ``county``, ``township`` or ``village``; empty for a target.
    """

    goal: Goal
    output: Chosen
    level: str

    def values(self, reduced: xr.Dataset) -> npt.NDArray[np.float64]:
        """Return the goal's outcome, shape (sample, draw)."""
        array = reduced[self.output.name].sel(year=self.goal.year)
        if self.level:
            array = array.sel({self.level: self.goal.area}) if self.goal.area else array.isel({self.level: 0})
        return np.asarray(array.transpose("sample", "draw").to_numpy(), dtype=np.float64)


def check_goal(goal: Goal, scenario: Scenario, register: xr.Dataset) -> Sight:
    """Find a goal's output, year and area.

    Parameters
    ----------
    goal : Goal
        As read.
    scenario : Scenario
        For its years and targets.
    register : Dataset
        For the names of townships and villages.

    Raises
    ------
    InputError
        Everything that is not known or does not go together, with the nearest name.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> check_goal(parse_goal("incidence(2020)"), plan, povsim.complete_population(plan)).output.name
    'incidence'
    """
    targets = [target.code for target in scenario.targets]
    problems = [*_name_problems(goal, targets), *_year_problems(goal, scenario, targets)]
    level = "" if goal.name in targets and goal.name not in OUTPUTS else _level(goal, register, problems)
    if goal.area and (not level or goal.name in VERDICTS):
        problems.append(Problem("target", f"{goal.name} is of the whole county", goal.area, mend="leave out the area"))
    if problems:
        raise InputError(f"goal {goal}", problems)
    asked = (goal.name, level) if level and goal.name not in VERDICTS else goal.name
    return Sight(goal, choose_outputs([asked], scenario)[0], level)


def _name_problems(goal: Goal, targets: Sequence[str]) -> list[Problem]:
    known = [*OUTPUTS, *targets]
    if goal.name not in known:
        return [Problem("target", "no such output", goal.name, ", ".join(known), nearest(goal.name, known))]
    if goal.name in OUTPUTS and not goal.comparison:
        mend = f"e.g. {goal.name}({goal.year}) >= 1"
        return [Problem("target", "needs a comparison and a number", str(goal), mend=mend)]
    if goal.name not in OUTPUTS and goal.comparison:
        mend = f"write {goal.name}({goal.year}), or compare an output"
        return [Problem("target", "a target of the scenario states its own comparison", str(goal), mend=mend)]
    return _number_problems(goal)


def _number_problems(goal: Goal) -> list[Problem]:
    if goal.name in SHARES and not 0 <= goal.number <= 1:
        mend = f"write {goal.number:g}% for {goal.number:g} in a hundred"
        return [Problem("target", "is a share", f"{goal.number:g}", "0 to 1, or 0% to 100%", mend)]
    if goal.percent and goal.name not in SHARES:
        written = f"{goal.number * 100:.12g}"
        where = f"{goal.name}({goal.year}{f', {goal.area}' if goal.area else ''})"
        allowed = f"a plain number; % of {', '.join(SHARES)}"
        mend = f"write {where} {goal.comparison} {written}, or compare a share"
        return [Problem("target", f"{goal.name} is not a share", f"{written}%", allowed, mend)]
    return []


def _year_problems(goal: Goal, scenario: Scenario, targets: Sequence[str]) -> list[Problem]:
    first, last = scenario.years
    if goal.year not in scenario.span:
        return [Problem("target", "the year is not one of the plan's", str(goal.year), f"{first} to {last}")]
    if goal.name in targets and goal.name not in OUTPUTS:
        target = next(item for item in scenario.targets if item.code == goal.name)
        years = [year for year in scenario.span if target.applies(year)]
        if goal.year not in years:
            allowed = ", ".join(str(year) for year in years)
            return [Problem("target", f"{goal.name} is not set for this year", str(goal.year), allowed)]
    return []


def _level(goal: Goal, register: xr.Dataset, problems: list[Problem]) -> str:
    """Return what kind of area a name is; what is wrong with it goes to ``problems``."""
    if not goal.area:
        return "county"
    names = {level: list(dict.fromkeys(register[level].to_numpy().astype(str).tolist())) for level in _AREAS}
    for level in _AREAS:
        if goal.area in names[level]:
            return level
    known = [*names["county"], *names["township"], *names["village"]]
    problems.append(
        Problem("target", "no such area", goal.area, ", ".join(names["township"]), nearest(goal.area, known))
    )
    return "county"


_AREAS = ("county", "township", "village")
