"""What is compared: plans out of runs or from memory, checked to go together, and how their draws are paired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.folder import Run, open_run
from povsim.planning.comparison_draws import Pairs, pair_numbers
from povsim.scenario import Scenario

Given = Run | str | Path | tuple[xr.Dataset, Scenario] | tuple[xr.Dataset, Scenario, pd.DataFrame]
"""A run (all its scenarios), its folder, or outcomes with a plan and, if there is one, the table of households."""


@dataclass(frozen=True)
class Side:
    """One plan of a comparison.

    Attributes
    ----------
    name : str
        Its code, with the name of the run's folder where two plans share one.
    outcomes : Dataset
        Its outcomes, scenario dim of length 1.
    scenario : Scenario
        The plan.
    households : Run, DataFrame or None
        Where the probabilities by household are.
    luck : tuple
        Equal for sides with the same luck on the same population.
    seed : str
        The seed, for people; unknown from memory.
    """

    name: str
    outcomes: xr.Dataset
    scenario: Scenario
    households: Run | pd.DataFrame | None
    luck: tuple[Any, ...]
    seed: str


@dataclass(frozen=True)
class Pairing(Pairs):
    """How the draws of two sides are put beside each other, and why not all of them one to one.

    Attributes
    ----------
    reason : str
        Key of a text; empty where all draws go one to one.
    """

    reason: str

    @property
    def whole(self) -> bool:
        """Whether every draw of either side goes with its twin, so that shares over draws have common luck too."""
        return self.common and not self.reason


def sides_of(runs: Sequence[Given]) -> tuple[Side, ...]:
    """Return the plans of runs in their order.

    Raises
    ------
    InputError
        Fewer than two plans; other years, areas, money or units of counting than the first has: all at once.
    """
    found = [side for given in runs for side in _sides(given)]
    if len(found) < 2:
        mend = "name two runs, or one with two scenarios"
        raise InputError("compare", [Problem("runs", "two plans are needed", f"{len(found)} plans", mend=mend)])
    problems = [problem for side in found[1:] for problem in _problems(found[0], side)]
    if problems:
        raise InputError("compare", problems)
    return _named(found)


def _sides(given: Given) -> list[Side]:
    if isinstance(given, (str, Path)):
        return _sides(open_run(given))
    if isinstance(given, Run):
        told = given.manifest
        luck = ("run", told["seed"], told["population"]["sha256"])
        return [_side(given.outcomes, plan, (given, luck, str(told["seed"]))) for plan in given.scenarios]
    outcomes, plan, *rest = given
    known = outcomes["scenario"].to_numpy().tolist()
    if plan.code not in known:
        raise InputError("compare", [Problem("scenario", "is not in the outcomes", plan.code, ", ".join(known))])
    return [_side(outcomes, plan, (rest[0] if rest else None, ("memory", id(outcomes)), ""))]


def _side(outcomes: xr.Dataset, plan: Scenario, rest: tuple[Any, tuple[Any, ...], str]) -> Side:
    households, luck, seed = rest
    return Side(plan.code, outcomes.sel(scenario=[plan.code]), plan, households, luck, seed)


def _named(sides: Sequence[Side]) -> tuple[Side, ...]:
    counts = Counter(side.name for side in sides)
    names: list[str] = []
    for side in sides:
        folder = f"{side.households.path.name}:" if isinstance(side.households, Run) else ""
        name = side.name if counts[side.name] == 1 else f"{folder}{side.name}"
        again = sum(known == name or known.startswith(f"{name}#") for known in names)
        names.append(f"{name}#{again + 1}" if again else name)
    return tuple(
        Side(name, side.outcomes, side.scenario, side.households, side.luck, side.seed)
        for name, side in zip(names, sides, strict=True)
    )


def _problems(first: Side, other: Side) -> list[Problem]:
    problems = []
    for dim, mend in (("year", "run both over the same years"), ("village", "run both on the same population")):
        a, b = (side.outcomes[dim].to_numpy() for side in (first, other))
        if a.shape != b.shape or not (a == b).all():
            what = f"{dim}s differ from those of {first.name}"
            problems.append(Problem(other.name, what, _some(b), _some(a), mend))
    for key in ("currency", "count_unit", "unit_of_persons"):
        mine, theirs = first.outcomes.attrs.get(key), other.outcomes.attrs.get(key)
        if mine != theirs:
            problems.append(Problem(other.name, f"{key} differs from that of {first.name}", str(theirs), str(mine)))
    return problems


def _some(values: npt.NDArray[Any]) -> str:
    return f"{values[0]} to {values[-1]} ({len(values)})" if len(values) else "none"


def pair_draws(first: Side, second: Side, *, common_luck: bool | None = None) -> Pairing:
    """Pair the draws of two sides: those with the same number where luck is common, else every draw with every other.

    Parameters
    ----------
    first, second : Side
        The sides.
    common_luck : bool, optional
        For outcomes in memory, whose seed is not known: whether they share their luck.
    """
    numbers = [side.outcomes["draw"].to_numpy() for side in (first, second)]
    same = first.luck == second.luck if common_luck is None else common_luck
    pairs = pair_numbers(numbers[0], numbers[1], same_luck=same)
    if pairs.common:
        reason = "" if pairs.first.size == max(number.size for number in numbers) else "luck.some_draws"
    else:
        reason = "luck.other_draws" if same else _reason(first, second)
    return Pairing(pairs.first, pairs.second, pairs.common, reason)


def _reason(first: Side, second: Side) -> str:
    if first.luck[0] == second.luck[0] == "run":
        return "luck.other_seed" if first.luck[1] != second.luck[1] else "luck.other_population"
    return "luck.unknown"
