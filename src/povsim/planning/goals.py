"""Goal seek: how far a lever has to be moved for a goal to hold with a probability, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.planning.goal_error import wilson
from povsim.planning.goal_grammar import Goal, Sight, check_goal, parse_goal
from povsim.planning.goal_search import COARSE, Floats, Found, Quest, seek
from povsim.planning.lever_bench import Bench, open_parts
from povsim.planning.levers import Lever, Overrides, chosen_values, find_levers, ladder
from povsim.runs import complete_population
from povsim.scenario import Scenario, read_scenario
from povsim.sweep_outputs import reduce_outcomes

Outcome = Literal["held", "found", "everywhere", "unreachable", "no_effect"]
Bounds = Sequence[tuple[float, float] | None] | Mapping[str, tuple[float, float]]
FRONTIER = 5
"""Values of the second lever."""
LEAST_DRAWS = 10
MOST_LEVERS = 2


@dataclass(frozen=True)
class GoalAnswer:
    """What a goal seek found.

    Attributes
    ----------
    goal, probability : Goal, float
        What was asked.
    levers : tuple of Lever
        One, or two: the first is sought for each of some values of the second.
    status : {"held", "found", "everywhere", "unreachable", "no_effect"}
        ``held``: the plan as it is holds already. ``everywhere``: every value between the bounds holds (the plan does
        not). ``unreachable``: none does, and the best is told. Of two levers: whether any pair holds.
    plan_held, plan_draws : int
        In how many of how many draws the plan as it is holds; few draws where that was clear from few.
    draws, seed, runs : int
        Draws of the answer, luck, and simulations in all (variants times draws).
    found : Found, optional
        Of one lever: value, interval, probability, values tried; missing where the plan holds already.
    frontier : DataFrame
        Of two levers: a row for each value of the second, with status, value, low and high of the first, probability.
    tried : DataFrame
        Every pair or value tried: lever values, draws, held, probability with its 95 % interval.
    """

    goal: Goal
    probability: float
    levers: tuple[Lever, ...]
    status: Outcome
    plan_held: int
    plan_draws: int
    draws: int
    seed: int
    runs: int
    found: Found | None = None
    frontier: pd.DataFrame = field(default_factory=pd.DataFrame)
    tried: pd.DataFrame = field(default_factory=pd.DataFrame)

    def dataset(self) -> xr.Dataset:
        """Return all of it as a Dataset: dims ``try`` and, of two levers, ``pair``; the answer in the attributes."""
        data = _columns(self.tried, "try", self.levers)
        if not self.frontier.empty:
            pairs = _columns(self.frontier, "pair", self.levers)
            data |= {f"frontier_{name}": array for name, array in pairs.items()}
        told: dict[str, str | int | float] = {
            "goal": str(self.goal), "probability": self.probability, "status": self.status, "draws": self.draws,
            "seed": self.seed, "runs": self.runs, "plan_held": self.plan_held, "plan_draws": self.plan_draws,
        }  # fmt: skip
        if self.found is not None:
            told |= {"value": self.found.value, "low": self.found.low, "high": self.found.high}
            told |= {"held": self.found.held, "monotone": str(self.found.direction != 0).lower()}
        return xr.Dataset(data, attrs=told)


_LABELS = {
    "draws": ("draws", "draws of luck", "模拟次数"),
    "held": ("draws", "draws in which the goal holds", "达到目标的模拟次数"),
    "probability": ("share", "share of draws in which the goal holds", "达标概率"),
    "probability_low": ("share", "lower end of its 95 % interval", "达标概率95%区间下限"),
    "probability_high": ("share", "upper end of its 95 % interval", "达标概率95%区间上限"),
    "status": ("", "what was found", "结果"),
    "value": ("", "value of the first lever that holds", "第一项所需取值"),
    "low": ("", "lower end of what is consistent with the probability", "模拟误差范围下限"),
    "high": ("", "upper end of what is consistent with the probability", "模拟误差范围上限"),
}


def _columns(table: pd.DataFrame, dim: str, levers: Sequence[Lever]) -> dict[str, xr.Variable]:
    known = {lever.path: lever.attrs for lever in levers}
    found = {}
    for name in map(str, table.columns):
        unit, label, label_zh = _LABELS.get(name, ("", name, name))
        unit = levers[0].unit if name in ("value", "low", "high") else unit
        attrs = known.get(name, {"units": unit, "long_name": label, "long_name_zh": label_zh})
        values = table[name].to_numpy()
        found[name] = xr.Variable(dim, values.astype(str) if values.dtype.kind in "OT" else values, attrs)
    return found


def goal_seek(  # noqa: PLR0913  (a door: all but the first by keyword)
    scenario: Scenario | str | Path,
    *,
    target: str,
    probability: float,
    vary: str | Sequence[str],
    bounds: Bounds | None = None,
    register: xr.Dataset | None = None,
    draws: int = 100,
    seed: int = 1,
    tolerance: float | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    folder: str | Path | None = None,
) -> GoalAnswer:
    """Find how far a lever has to be moved for a goal to hold with a probability.

    Parameters
    ----------
    scenario : Scenario, str or Path
        The plan, or where to read it.
    target : str
        ``name(year[, area]) comparison number[%]``, a name out of ``sweep_outputs.OUTPUTS``; or ``code(year)`` of one
        of the scenario's targets. Parsed, never evaluated.
    probability : float
        Share of draws in which the goal is to hold, between 0 and 1.
    vary : str or sequence of str
        Dotted path of the lever, or of two: then the frontier is found. A lever is set to one number, as ``--set``
        does; for a dated entry in all years, and without a spread of its own.
    bounds : sequence of (low, high) or mapping of path to (low, high), optional
        In units of the lever; else from nothing to three times the plan's value in the schema's range; shares 0 to 1.
    register : Dataset, optional
        As ``read_register`` or ``complete_population`` returns it; without it the population is synthesised.
    draws : int
        Draws of the answer; the coarse grid takes a tenth of them.
    seed : int
        Address of all luck.
    tolerance : float, optional
        Width of the last bracket in units of the lever; else what the simulation error allows.
    threads : int, optional
        Threads; all processors if not given.
    progress : callable, optional
        Called with steps done and steps expected.
    folder : str or Path, optional
        Finished batches are kept there; the same call goes on from them after a stop.

    Returns
    -------
    GoalAnswer
        Value, the values consistent with the probability within simulation error, and everything tried.

    Raises
    ------
    InputError
        What is not known or does not go together, before anything runs.

    Notes
    -----
    On common draws a response that is monotone crosses the probability once: checked on a coarse grid (paired
    differences, two standard errors), then bisection, sped up by the secant of the deciding margin. Otherwise the grid
    is refined and the nearest value that holds is answered. The interval of the lever is that of a quantile of the
    draws' own crossings (order statistics); for targets that only hold or not, that of the values tried whose Wilson
    interval holds the probability (doi:10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> answer = goal_seek(
    ...     "sample", target="headcount_ratio(2020) <= 60%", probability=0.5, vary="measures.jobs.take_up", draws=10
    ... )
    >>> answer.status, answer.plan_held
    ('held', 10)
    """
    base = scenario if isinstance(scenario, Scenario) else read_scenario(scenario)
    goal = parse_goal(target)
    paths = (vary,) if isinstance(vary, str) else tuple(vary)
    _check(base, probability, draws, paths, tolerance)
    levers = find_levers(base, paths, _as_list(paths, bounds))
    people = complete_population(base, register)
    sight = check_goal(goal, base, people)
    asked = {
        "target": goal, "probability": probability, "levers": [(item.path, item.low, item.high) for item in levers],
        "draws": draws, "seed": seed, "tolerance": tolerance,
    }  # fmt: skip
    parts = open_parts(folder, (base, people), asked)
    bench = Bench(people, base, partial(_figures, sight, base), seed, threads, parts, progress)
    quest = Quest(ladder(levers[0], tolerance), probability, draws, goal.strict, tolerance, levers[0].now)
    return answer_from(bench, goal, levers, quest)


def _figures(sight: Sight, base: Scenario, outcomes: xr.Dataset, scenarios: Sequence[Scenario]) -> Floats:
    reduced = reduce_outcomes(outcomes, scenarios, (sight.output,), base)
    return sight.goal.margins(sight.values(reduced))[..., np.newaxis]


def _check(base: Scenario, probability: float, draws: int, paths: Sequence[str], tolerance: float | None) -> None:
    problems = []
    if not 0 < probability < 1:
        mend = "no number of draws shows what is certain"
        problems.append(Problem("probability", "out of range", f"{probability:g}", "between 0 and 1", mend))
    if draws < LEAST_DRAWS:
        problems.append(Problem("draws", "too few for a probability", str(draws), f"at least {LEAST_DRAWS}"))
    if len(paths) > MOST_LEVERS:
        problems.append(Problem("vary", "too many levers", str(len(paths)), "one, or two for the frontier"))
    if tolerance is not None and not 0 < tolerance < float("inf"):
        problems.append(Problem("tolerance", "should be above 0", f"{tolerance:g}"))
    if problems:
        raise InputError(f"goal seek of {base.code}", problems)


def _as_list(paths: Sequence[str], bounds: Bounds | None) -> Sequence[tuple[float, float] | None] | None:
    if not isinstance(bounds, Mapping):
        return bounds
    unknown = [path for path in bounds if path not in paths]
    if unknown:
        raise InputError("bounds", [Problem("bounds", "not a lever", unknown[0], ", ".join(paths))])
    return [bounds.get(path) for path in paths]


def answer_from(bench: Bench, goal: Goal, levers: tuple[Lever, ...], quest: Quest) -> GoalAnswer:
    """Seek on a bench that is ready; see :func:`goal_seek`."""
    bench.expect(quest.pilot * (COARSE + 1) + 2 * quest.draws)
    held, draws = _plan(bench, quest)
    found, frontier = None, pd.DataFrame()
    status: Outcome = "held"
    if draws < quest.draws or held < quest.need(quest.draws):
        if len(levers) == 1:
            found = seek(quest, partial(_ask, bench, levers, quest, ()))
            status = found.status
        else:
            frontier = _frontier(bench, levers, quest)
            kinds = frontier["status"].tolist()
            order: tuple[Outcome, ...] = ("found", "everywhere", "unreachable", "no_effect")
            status = next(kind for kind in order if kind in kinds)
    tried = _tried(bench, levers, quest)
    return GoalAnswer(
        goal,
        quest.probability,
        levers,
        status,
        held,
        draws,
        quest.draws,
        bench.seed,
        bench.runs,
        found,
        frontier,
        tried,
    )


def _plan(bench: Bench, quest: Quest) -> tuple[int, int]:
    """Return in how many of how many draws the plan as it is holds: of all, unless few make clear that it does not."""
    few = int(quest.held(bench.ask([()], range(quest.pilot))).sum())
    if wilson(few, quest.pilot)[1] < quest.probability:
        return few, quest.pilot
    return int(quest.held(bench.ask([()], range(quest.draws))).sum()), quest.draws


def _ask(
    bench: Bench, levers: Sequence[Lever], quest: Quest, rest: tuple[float, ...], places: Sequence[int], draws: int
) -> Floats:
    """Return the margins of values of the first lever, the others being fixed."""
    asked = [_overrides(levers, (float(quest.values[place]), *rest)) for place in places]
    return bench.ask(asked, range(draws))[..., 0]


def _overrides(levers: Sequence[Lever], values: Sequence[float]) -> Overrides:
    return tuple(chosen_values(levers, values).items())


def _frontier(bench: Bench, levers: tuple[Lever, ...], quest: Quest) -> pd.DataFrame:
    """Seek the first lever for each of some values of the second; the coarse grids of all are run together."""
    rungs = ladder(levers[1])
    seconds = [float(rungs[int(place)]) for place in np.linspace(0, len(rungs) - 1, FRONTIER).round()]
    places = [int(place) for place in np.unique(np.linspace(0, len(quest.values) - 1, COARSE).round())]
    together = [_overrides(levers, (float(quest.values[place]), second)) for second in seconds for place in places]
    bench.expect(len(together) * quest.pilot + 2 * FRONTIER * quest.draws)
    bench.ask(together, range(quest.pilot))
    rows = []
    for second in dict.fromkeys(seconds):
        one = seek(quest, partial(_ask, bench, levers, quest, (second,)))
        row: dict[str, object] = {levers[1].path: second, "status": one.status}
        holds = one.status in ("found", "everywhere")
        ends = (one.value, one.low, one.high) if holds else (np.nan,) * 3
        row |= dict(zip(("value", "low", "high"), ends, strict=True))
        rows.append(row | _chance(one.held, quest.draws))
    return pd.DataFrame(rows)


def _chance(held: int, draws: int) -> dict[str, float]:
    low, high = wilson(held, draws)
    return {"probability": held / draws, "probability_low": low, "probability_high": high}


def _tried(bench: Bench, levers: Sequence[Lever], quest: Quest) -> pd.DataFrame:
    """Return what was tried, by value."""
    rows = []
    for overrides, margins in bench.known.items():
        if overrides:
            held = int(quest.held(np.array([row[0] for row in margins.values()])).sum())
            rows.append({**dict(overrides), "draws": len(margins), "held": held, **_chance(held, len(margins))})
    columns = [*(lever.path for lever in levers), "draws", "held", "probability", "probability_low", "probability_high"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[: len(levers)], ignore_index=True)
