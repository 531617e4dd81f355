"""What a planner can move: numeric entries of a scenario, their labels, their natural bounds, the values to try."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.assumptions import assumptions, plain_value
from povsim.errors import InputError, Problem, nearest
from povsim.quantity import Quantity, validate
from povsim.rulebook import Meaning
from povsim.scenario import Scenario, entries
from povsim.sweep_sets import UNSWEPT
from povsim.terms import Language

Overrides = tuple[tuple[str, Any], ...]
"""Changes of the plan: dotted path and value, of a dated entry pairs of year and value; none for the plan as it is."""
FARTHEST = 3.0
"""A lever goes from nothing to so many times its value, within the schema's range; a share takes the whole range."""
WHOLE = ("households", "villages", "years", "households per year", "villages per year")
"""Units of which only whole numbers make sense."""
MOST_VALUES = 1_000_000
"""Values that a ladder may have: more than any search can tell apart, and still made within a second."""
NOT_MOVED = {**UNSWEPT, "targets": "a goal is not reached by moving it"}
SAME_WORD = {"coverage": "share", "loan": "microcredit", "loans": "microcredit"}
"""Words that people use for entries of other names; only for the nearest name offered."""


@dataclass(frozen=True)
class Lever:
    """A numeric entry of a scenario that may be moved.

    Attributes
    ----------
    path : str
        Dotted path, as ``--set`` takes it; set to one number, for a dated entry in all years.
    entry : Quantity
        As the plan has it.
    zh, en : str
        What it stands for.
    low, high : float
        Bounds of the search.
    """

    path: str
    entry: Quantity
    zh: str
    en: str
    low: float
    high: float

    @property
    def unit(self) -> str:
        """Unit of the entry."""
        return self.entry.unit

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return self.unit in WHOLE

    @property
    def now(self) -> float:
        """The plan's value; of a dated entry the last one."""
        return self.entry.at(9999)

    def label(self, lang: Language) -> str:
        """Return what the lever stands for."""
        return self.zh if lang == "zh" else self.en

    @property
    def attrs(self) -> dict[str, str]:
        """Units and labels for a Dataset."""
        return {"units": self.unit, "long_name": self.en, "long_name_zh": self.zh, "plan": plain_value(self.entry)}


def find_levers(
    scenario: Scenario, paths: Sequence[str], bounds: Sequence[tuple[float, float] | None] | None = None
) -> tuple[Lever, ...]:
    """Return levers of a scenario with their bounds.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    paths : sequence of str
        Dotted paths.
    bounds : sequence of (low, high), optional
        One a path, or fewer; else from nothing to three times the value within the schema's range, shares from 0 to 1.

    Raises
    ------
    InputError
        Unknown paths (the nearest is offered), entries that cannot be moved or are without effect, bounds that are
        empty, beyond what makes sense, or at which the scenario does not hold together.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> lever = find_levers(read_scenario("sample"), ["measures.industry.capacity.budget"])[0]
    >>> lever.en, lever.low, lever.high, lever.unit
    ('industry support: budget a year', 0.0, 180000.0, 'yuan per year')
    """
    known = {path: (entry, meaning) for path, entry, meaning in entries(scenario)}
    names = {row.path: row for row in assumptions(scenario)}
    given = [*(bounds or ()), *([None] * len(paths))]
    problems = _count_problems(paths, bounds)
    found: list[Lever] = []
    for path, asked in zip((item.removesuffix(".value") for item in paths), given, strict=False):
        wrong = _path_problem(scenario, path, list(known))
        if wrong is not None:
            problems.append(wrong)
            continue
        low, high, wrong = _bounds(path, *known[path], asked)
        problems += [wrong] if wrong else []
        found.append(Lever(path, known[path][0], names[path].zh, names[path].en, low, high))
    problems = problems or [problem for lever in found for problem in _end_problems(scenario, lever)]
    if problems:
        raise InputError(f"levers of {scenario.code}", problems)
    return tuple(found)


def _count_problems(paths: Sequence[str], bounds: Sequence[object] | None) -> list[Problem]:
    problems = [Problem("vary", "no lever given", allowed="dotted paths as --set takes them")] if not paths else []
    bare = [path.removesuffix(".value") for path in paths]
    problems += [Problem("vary", "given twice", path) for path in dict.fromkeys(bare) if bare.count(path) > 1]
    if bounds is not None and len(bounds) > len(paths):
        problems.append(Problem("bounds", "more than levers", str(len(bounds)), f"at most {len(paths)}"))
    return problems


def _path_problem(scenario: Scenario, path: str, known: Sequence[str]) -> Problem | None:
    head, _, rest = path.partition(".")
    if head in NOT_MOVED:
        return Problem("vary", "cannot be a lever", path, mend=NOT_MOVED[head])
    if path not in known:
        allowed = "a numeric entry of the scenario; povsim assumptions lists them"
        return Problem("vary", "no such lever", path, allowed, nearest_path(path, known))
    code = rest.partition(".")[0]
    if head == "measures" and not scenario.measures[code].active:
        mend = f"turn it on: --set measures.{code}.active=true"
        return Problem("vary", "the measure is off, so this moves nothing", path, mend=mend)
    return None


def nearest_path(path: str, known: Sequence[str]) -> str:
    """Return the likely path meant, by its letters or by its words; empty where none is near.

    Examples
    --------
    >>> nearest_path("measures.loan.coverage", ["measures.microcredit.capacity.share", "measures.jobs.take_up"])
    "did you mean 'measures.microcredit.capacity.share'?"
    """
    said = nearest(path, known)
    words = {SAME_WORD.get(word, word) for word in _words(path)}
    ranked = sorted(known, key=lambda item: (-len(words & set(item.split("."))), -len(words & _words(item)), len(item)))
    best = ranked[0] if ranked else ""
    # Two words in common besides the room say more than letters do.
    if len(words & _words(best)) >= 3 or (best and not said and words & set(best.split(".")[1:])):
        return f"did you mean '{best}'?"
    return said


def _words(path: str) -> set[str]:
    return set(re.split(r"[._]", path))


def _bounds(
    path: str, entry: Quantity, meaning: Meaning | None, asked: tuple[float, float] | None
) -> tuple[float, float, Problem | None]:
    least, most = (meaning.low, meaning.high) if meaning is not None else (-math.inf, math.inf)
    if asked is not None:
        low, high = (float(end) for end in asked)
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            return low, high, Problem("bounds", "should run from a lower to a higher number", f"{low:g}:{high:g}")
        if low < least or high > most:
            allowed = f"{least:g} to {most:g} {entry.unit}"
            return low, high, Problem("bounds", f"beyond what makes sense for {path}", f"{low:g}:{high:g}", allowed)
        return low, high, None
    values = list(entry.value.values()) if isinstance(entry.value, dict) else [entry.value]
    low, high = max(least, min(0.0, FARTHEST * min(values))), min(most, max(0.0, FARTHEST * max(values)))
    if (least, most) == (0.0, 1.0) or (not any(values) and math.isfinite(most - least)):
        return least, most, None
    if low < high:
        return low, high, None
    return low, high, Problem("bounds", f"none known for {path}, which is 0", mend="give them: --bounds LOW:HIGH")


def _end_problems(scenario: Scenario, lever: Lever) -> list[Problem]:
    """Make the scenario at both ends, so that a rule over several entries is met before anything runs."""
    try:
        for end in (lever.low, lever.high):
            changed(scenario, ((lever.path, end),))
    except InputError as error:
        mend = f"with {lever.path} = {end:g}; give other bounds or another lever"
        return [Problem(item.where, item.what, item.found, item.allowed, mend) for item in error.problems]
    return []


def changed(base: Scenario, overrides: Overrides) -> Scenario:
    """Return a plan with numeric entries set, as ``read_scenario(overrides=...)`` would, without reading any file.

    Parameters
    ----------
    base : Scenario
        The plan.
    overrides : tuple of (path, value)
        Of a dated entry one number for all years, or pairs of year and value.

    Raises
    ------
    InputError
        The plan does not hold together with these values.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> changed(read_scenario("sample"), (("incomes.growth.wage", 0.1),)).incomes.growth.wage.at(2018)
    0.1
    """
    if not overrides:
        return base
    data = base.model_dump(mode="json", by_alias=True)
    for path, value in overrides:
        entry: Any = data
        for part in path.split("."):
            entry = _within(entry, part)
        plain = dict(value) if isinstance(value, tuple) else value
        source = f"set by hand; before: {entry['source']}"
        entry |= {"value": plain, "source": source, "status": "assumed", "spread": None}
    return validate(Scenario, data, base.code)


def _within(place: Any, part: str) -> Any:
    if isinstance(place, list):
        return next(item for number, item in enumerate(place) if item.get("code", str(number)) == part)
    return place[part]


def ladder(lever: Lever, tolerance: float | None = None) -> npt.NDArray[np.float64]:
    """Return the values that a search may try: both bounds and round numbers between them.

    Parameters
    ----------
    lever : Lever
        With its bounds.
    tolerance : float, optional
        How fine; at least a hundred steps or so if not given.

    Raises
    ------
    InputError
        A tolerance that asks for more than ``MOST_VALUES`` values.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> lever = find_levers(read_scenario("sample"), ["measures.jobs.take_up"])[0]
    >>> ladder(lever)[:3].tolist(), ladder(lever).size
    ([0.0, 0.01, 0.02], 101)
    """
    wide = lever.high - lever.low
    power = math.floor(math.log10(wide)) - 2
    if tolerance is not None:
        power = min(power, math.floor(math.log10(tolerance)))
    power = max(power, 0) if lever.whole else power
    finest = math.ceil(math.log10(wide / MOST_VALUES))
    if power < finest:
        what, allowed = f"too fine for {lever.path}", f"at least {10.0**finest:g} {lever.unit}"
        raise InputError("goal seek", [Problem("tolerance", what, f"{tolerance:g}", allowed)])
    first, last = math.ceil(lever.low / 10.0**power), math.floor(lever.high / 10.0**power)
    # Texts make round numbers exact: 3e-2 is 0.03, while 3 * 0.01 need not be.
    between = [float(f"{step}e{power}") for step in range(first, last + 1)]
    return np.unique([lever.low, *between, lever.high])


def read_bounds(texts: Sequence[str]) -> list[tuple[float, float] | None]:
    """Read bounds written ``LOW:HIGH``, percentages allowed; an empty text leaves the natural ones.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> read_bounds(["0:2e7", "10%:80%", ""])
    [(0.0, 20000000.0), (0.1, 0.8), None]
    """
    found: list[tuple[float, float] | None] = []
    problems = []
    for text in texts:
        low, sign, high = text.partition(":")
        ends = [_number(low), _number(high)]
        if not text.strip():
            found.append(None)
        elif not sign or any(end is None for end in ends):
            problems.append(Problem("bounds", "cannot be read", text, "LOW:HIGH, such as 0:2e7 or 10%:80%"))
        else:
            found.append((float(ends[0] or 0), float(ends[1] or 0)))
    if problems:
        raise InputError("bounds", problems)
    return found


def _number(text: str) -> float | None:
    bare = text.strip()
    try:
        value = float(bare.removesuffix("%"))
    except ValueError:
        return None
    return value / 100 if bare.endswith("%") else value


def chosen_values(levers: Sequence[Lever], values: Sequence[float]) -> Mapping[str, float]:
    """Return overrides that set levers to values."""
    return {lever.path: float(value) for lever, value in zip(levers, values, strict=True)}
