"""Which levels of which measures an allocation tries, what they do and cost, and how pairs of them interact."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.outcomes import LABELS
from povsim.plan import MeasureFrame
from povsim.planning.allocation_split import Floats, Responses, Split
from povsim.planning.goal_error import Z
from povsim.planning.lever_bench import Bench
from povsim.planning.levers import WHOLE, Lever, Overrides, find_levers
from povsim.scenario import Scenario
from povsim.sweep_outputs import EVENTS, OUTPUTS, RATIOS, SUMS, choose_outputs, reduce_outcomes
from povsim.terms import Language

FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Levels of each measure, times the plan's."""
PAIRED = 4
"""So many measures, those that move the output most, are also tried in pairs."""
BETTER_HIGH = frozenset({"exits", "lasting_exits", "exits_households", "lasting_exits_households"}) | {
    "mean_income", "villages_passing", "county_passes_true", "county_passes_seen",
}  # fmt: skip
FLOWS = frozenset(f"{name}{end}" for name in EVENTS if name != "omissions" for end in ("", "_households"))
"""Counted over all years; of the others the last year is taken."""
NO_AIM = ("spending", "loans_outstanding")
"""Neither more nor less of it is better."""


@dataclass(frozen=True)
class Aim:
    """What is to be as good as possible: an output, and whether more of it is better."""

    name: str

    @property
    def sign(self) -> int:
        """1 where more is better, else -1."""
        return 1 if self.name in BETTER_HIGH else -1

    @property
    def over_years(self) -> bool:
        """Whether it is summed over the years, rather than taken in the last."""
        return self.name in FLOWS

    def label(self, lang: Language) -> str:
        """Return what it counts."""
        return (RATIOS | SUMS | dict(LABELS))[self.name][2 if lang == "zh" else 1]

    @property
    def is_share(self) -> bool:
        """Whether it is a share."""
        return self.name in RATIOS and RATIOS[self.name][0] == "share"


def read_aim(name: str) -> Aim:
    """Return what an allocation is to improve.

    Raises
    ------
    InputError
        Not a name of ``sweep_outputs.OUTPUTS``, or one of which neither more nor less is better.

    Examples
    --------
    >>> read_aim("lasting_exits").sign, read_aim("headcount_ratio").sign
    (1, -1)
    """
    known = [item for item in OUTPUTS if item not in NO_AIM]
    if name not in known:
        raise InputError("allocation", [Problem("output", "no such aim", name, ", ".join(known), nearest(name, known))])
    return Aim(name)


def capacity_path(scenario: Scenario, code: str) -> str | None:
    """Return the path of what limits a measure that is on: its budget, households, share or villages a year."""
    measure = scenario.measures[code]
    if not measure.active:
        return None
    if not isinstance(measure, MeasureFrame):
        return f"measures.{code}.villages_per_year"
    return f"measures.{code}.capacity.{measure.capacity.limit()[0]}" if measure.capacity is not None else None


def choose_measures(scenario: Scenario, asked: Sequence[str] | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the measures that may be moved, code to path of the limit, and the codes of those without one.

    Raises
    ------
    InputError
        Unknown codes, measures asked for that are off or have no limit.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> choose_measures(read_scenario("sample"), ["industry"])[0]
    {'industry': 'measures.industry.capacity.budget'}
    """
    paths = {code: capacity_path(scenario, code) for code, measure in scenario.measures.items() if measure.active}
    known = list(scenario.measures)
    problems = []
    for code in asked or ():
        if code not in known:
            problems.append(Problem("measures", "no such measure", code, ", ".join(known), nearest(code, known)))
        elif paths.get(code) is None:
            what = "the measure is off" if code not in paths else "the measure has no limit that a budget could move"
            problems.append(Problem("measures", what, code))
    twice = [code for code in dict.fromkeys(asked or ()) if list(asked or ()).count(code) > 1]
    problems += [Problem("measures", "given twice", code) for code in twice]
    open_ = {code: path for code, path in paths.items() if path is not None}
    if not open_:
        problems.append(Problem("measures", "no measure of the plan has a limit that a budget could move"))
    if problems:
        raise InputError(f"allocation of {scenario.code}", problems)
    left = tuple(code for code, path in paths.items() if path is None)
    return ({code: open_[code] for code in asked} if asked else open_), left


@dataclass(frozen=True)
class Arm:
    """One measure's lever and the levels tried.

    Attributes
    ----------
    code : str
        The measure.
    lever : Lever
        What limits it.
    factors : tuple of float
        Levels, times the plan's, in rising order.
    plan : int
        Which of them is the plan.
    """

    code: str
    lever: Lever
    factors: tuple[float, ...]
    plan: int

    def change(self, factor: float) -> Overrides:
        """Return the change that sets the lever to a multiple of the plan's; none for the plan."""
        if factor == 1.0:
            return ()
        value = self.lever.entry.value
        if isinstance(value, dict):
            return ((self.lever.path, tuple((year, self.scaled(one, factor)) for year, one in value.items())),)
        return ((self.lever.path, self.scaled(value, factor)),)

    def scaled(self, value: float, factor: float) -> float:
        """Return a multiple of a value within what makes sense: whole numbers, shares up to 1."""
        times = value * factor
        if self.lever.unit in WHOLE:
            return float(max(np.ceil(times - 1e-9), 0.0))
        return min(times, 1.0) if self.lever.unit == "share" else float(f"{times:.12g}")


def make_arms(scenario: Scenario, paths: dict[str, str]) -> tuple[Arm, ...]:
    """Return the levels of measures; levels that come to the same are tried once."""
    levers = find_levers(scenario, list(paths.values()), [(0.0, 1.0)] * len(paths))
    arms = []
    for code, lever in zip(paths, levers, strict=True):
        bare = Arm(code, lever, (1.0,), 0)
        amounts: dict[float, float] = {bare.scaled(lever.now, 1.0): 1.0}
        for factor in FACTORS:
            amounts.setdefault(bare.scaled(lever.now, factor), factor)
        factors = tuple(amounts[amount] for amount in sorted(amounts))
        arms.append(Arm(code, lever, factors, factors.index(1.0)))
    flat = [arm.lever.path for arm in arms if len(arm.factors) < 2]
    if flat:
        raise InputError(
            f"allocation of {scenario.code}",
            [Problem("measures", "a limit of 0 has no multiples", path) for path in flat],
        )
    return tuple(arms)


def change_of(arms: Sequence[Arm], split: Split) -> Overrides:
    """Return the changes that make a split of the plan."""
    return tuple(item for arm, level in zip(arms, split, strict=True) for item in arm.change(arm.factors[level]))


def picker(aim: Aim, codes: Sequence[str], base: Scenario) -> object:
    """Return what is kept of a run: the output, then the yearly spending on each measure."""
    chosen = choose_outputs([aim.name], base)

    def pick(outcomes: xr.Dataset, scenarios: Sequence[Scenario]) -> npt.NDArray[np.float64]:
        reduced = reduce_outcomes(outcomes, scenarios, chosen, base)[aim.name].isel(county=0)
        output = reduced.sum("year") if aim.over_years else reduced.isel(year=-1)
        spending = outcomes["spending"].sel(measure=list(codes)).astype(np.float64).sum("village").mean("year")
        kept = [output.transpose("sample", "draw").to_numpy()[..., np.newaxis]]
        kept.append(spending.transpose("scenario", "draw", "measure").to_numpy())
        return np.concatenate(kept, axis=2)

    return pick


@dataclass(frozen=True)
class Sampled:
    """What was learnt from the sampled levels."""

    responses: Responses
    curves: pd.DataFrame
    paired: tuple[str, ...]


def sample(bench: Bench, aim: Aim, arms: Sequence[Arm], draws: range) -> Sampled:
    """Try each level of each measure alone, then the corners of pairs, on common draws.

    Parameters
    ----------
    bench : Bench
        The plan; its figures are the output and the spending on each measure.
    aim : Aim
        The output.
    arms : sequence of Arm
        Measures and levels.
    draws : range
        Draws of the sample.

    Returns
    -------
    Sampled
        Interactions between the plan and the corners are taken as bilinear in the levels.
    """
    alone = [arm.change(factor) for arm in arms for factor in arm.factors]
    figures = bench.ask([(), *alone], draws)
    plan, rest = figures[0], list(figures[1:])
    gains, costs, rows = [], [], []
    for arm in arms:
        own, rest = np.array(rest[: len(arm.factors)]), rest[len(arm.factors) :]
        difference = aim.sign * (own[..., 0] - plan[..., 0])
        extra = (own[..., 1:] - plan[..., 1:]).sum(axis=2)
        gains.append(difference.mean(axis=1))
        costs.append(extra.mean(axis=1))
        rows += _curve(arm, own, difference, costs[-1])
    base_cost = float(plan[:, 1:].sum(axis=1).mean())
    spans = [float(np.ptp(gain)) for gain in gains]
    chosen = sorted(sorted(range(len(arms)), key=lambda place: -spans[place])[:PAIRED])
    pair_gain, pair_cost = _interactions(bench, aim, arms, chosen, draws)
    responses = Responses(tuple(gains), tuple(costs), base_cost, pair_gain, pair_cost)
    return Sampled(responses, pd.DataFrame(rows), tuple(arms[place].code for place in chosen))


def _curve(arm: Arm, own: Floats, difference: Floats, extra: Floats) -> list[dict[str, object]]:
    """Return the rows of a measure's marginal cost curve."""
    error = Z * difference.std(axis=1, ddof=1) / np.sqrt(difference.shape[1])
    gain = difference.mean(axis=1)
    rows: list[dict[str, object]] = []
    for level, factor in enumerate(arm.factors):
        steps = difference[level] - difference[level - 1] if level else np.zeros(2)
        more = extra[level] - extra[level - 1] if level else np.nan
        # A cost of what may be luck would be a figure of nothing.
        is_told = more > 0 and steps.mean() > Z * steps.std(ddof=1) / np.sqrt(steps.size)
        rows.append(
            {
                "measure": arm.code,
                "path": arm.lever.path,
                "factor": factor,
                "value": arm.scaled(arm.lever.now, factor),
                "output": float(own[level, :, 0].mean()),
                "extra_output": float(gain[level]),
                "extra_output_error": float(error[level]),
                "extra_cost": float(extra[level]),
                "marginal_cost": float(more / steps.mean()) if is_told else np.nan,
            }
        )
    return rows


Pairs = dict[tuple[int, int], Floats]


def _interactions(
    bench: Bench, aim: Aim, arms: Sequence[Arm], chosen: Sequence[int], draws: range
) -> tuple[Pairs, Pairs]:
    pairs = list(itertools.combinations(chosen, 2))
    corners = {
        place: tuple(level for level in (0, len(arms[place].factors) - 1) if level != arms[place].plan)
        for place in chosen
    }
    asked = [(pair, ends) for pair in pairs for ends in itertools.product(corners[pair[0]], corners[pair[1]])]
    changes: dict[tuple[tuple[int, int], tuple[int, int]], tuple[Overrides, Overrides, Overrides]] = {}
    for pair, ends in asked:
        one, two = (arms[place].change(arms[place].factors[level]) for place, level in zip(pair, ends, strict=True))
        changes[pair, ends] = (one, two, one + two)
    if changes:
        bench.ask([both for _, _, both in changes.values()], draws)
    gain: Pairs = {pair: np.zeros(tuple(len(arms[place].factors) for place in pair)) for pair in pairs}
    cost: Pairs = {pair: np.zeros_like(gain[pair]) for pair in pairs}
    for (pair, ends), three in changes.items():
        one, two, both, plan = bench.ask([*three, ()], draws)
        joint = (both - one - two + plan).mean(axis=0)
        weight = np.outer(*(_nearness(arms[place], level) for place, level in zip(pair, ends, strict=True)))
        gain[pair] += aim.sign * joint[0] * weight
        cost[pair] += joint[1:].sum() * weight
    return gain, cost


def _nearness(arm: Arm, corner: int) -> Floats:
    """Return how far each level is on the way from the plan to a corner; 0 on the other side."""
    amounts = np.array([arm.scaled(arm.lever.now, factor) for factor in arm.factors])
    return np.asarray(np.clip((amounts - amounts[arm.plan]) / (amounts[corner] - amounts[arm.plan]), 0.0, 1.0))
