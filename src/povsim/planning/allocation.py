"""Allocation: what each measure's money buys, the best split of a budget over measures, checked by full runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.planning.allocation_curves import (
    PAIRED,
    Aim,
    Arm,
    Sampled,
    change_of,
    choose_measures,
    make_arms,
    picker,
    read_aim,
    sample,
)
from povsim.planning.allocation_split import Floats, Split, best_split, least_cost
from povsim.planning.goal_error import Z
from povsim.planning.lever_bench import Bench, Pick, open_parts
from povsim.runs import complete_population
from povsim.scenario import Scenario, read_scenario

Outcome = Literal["better", "not_shown", "plan", "none_fits"]
MOST_MEASURES = 6
"""So many measures are moved where none are named: those on which the plan spends most."""
SAMPLE_DRAWS = 20
LEAST_DRAWS = 10
CHECKS = 6
"""Splits tried by full runs before giving up, the one with the largest expected gain first."""
SAME_MONEY = 0.05
"""A budget this near to the plan's spending is compared with the plan alone."""
ROUNDING = 1e-9
"""Means of spending that differ by less than this share are equal."""


@dataclass(frozen=True)
class Checked:
    """A plan or split as full runs had it.

    Attributes
    ----------
    output, output_error : float
        Mean over draws, and half of its 95 % interval.
    cost : float
        Mean yearly spending on the measures that may be moved.
    spending : tuple of float
        The same by measure.
    """

    output: float
    output_error: float
    cost: float
    spending: tuple[float, ...]


@dataclass(frozen=True)
class Allocation:
    """The best split of a budget that was found.

    Attributes
    ----------
    status : {"better", "not_shown", "plan", "none_fits"}
        ``better``: its gain (with less money than the plan spends, that over the plan scaled to the budget) exceeds
        the simulation error. ``not_shown``: a gain was expected, but the check cannot tell
        it from none. ``plan``: no other split within the budget is expected to do better than the plan, which may
        itself cost more when run in full; see ``over_budget``.
        ``none_fits``: splits that were expected to fit cost more when run.
    aim, budget, currency : Aim, float, str
        What was asked; the budget is a year's.
    plan, best, scaled : Checked
        The plan, the split, and where the budget differs from the plan's spending the plan scaled to it.
    gain, gain_error : float
        Of the split over the plan on common draws, paired; half of the 95 % interval. Positive is better.
    scaled_gain, scaled_error : float
        The same over the plan scaled to the budget.
    split : DataFrame
        A row a measure: path, unit, plan's value and the split's, yearly spending under both.
    curves : DataFrame
        A row a measure and level: extra output and cost against the plan, marginal cost of a unit of output.
    paired : tuple of str
        Measures whose interactions were sampled; those of others are taken as none.
    left, set_aside : tuple of str
        Measures without a limit to move, and those not moved since others spend more; both stay as planned.
    funds : tuple of str
        Moved measures that also draw on a fund, whose money limits them too.
    draws, sampled, seed, runs : int
        Draws of the check, draws of the sample, luck, simulations in all.
    """

    status: Outcome
    aim: Aim
    budget: float
    currency: str
    plan: Checked
    best: Checked | None
    gain: float
    gain_error: float
    split: pd.DataFrame
    curves: pd.DataFrame
    paired: tuple[str, ...]
    left: tuple[str, ...]
    set_aside: tuple[str, ...]
    funds: tuple[str, ...]
    draws: int
    sampled: int
    seed: int
    runs: int
    scaled: Checked | None = None
    scaled_gain: float = float("nan")
    scaled_error: float = float("nan")

    @property
    def over_budget(self) -> float:
        """By how much the plan, where it is kept, cost more than the budget when run in full; a split never does."""
        if self.status != "plan" or _fits(self.plan, self.budget):
            return 0.0
        return self.plan.cost - self.budget

    def dataset(self) -> xr.Dataset:
        """Return split (dim ``measure``) and curves (dim ``level``) with the answer in the attributes."""
        money = f"{self.currency} per year"
        data = {name: _labelled(self.split, name, "measure", money) for name in self.split.columns}
        curves = {f"curve_{name}": _labelled(self.curves, name, "level", money) for name in self.curves.columns}
        told: dict[str, str | int | float] = {
            "status": self.status, "output": self.aim.name, "budget": self.budget, "currency": self.currency,
            "plan_output": self.plan.output, "plan_cost": self.plan.cost, "gain": self.gain,
            "gain_error": self.gain_error, "draws": self.draws, "sampled_draws": self.sampled, "seed": self.seed,
            "runs": self.runs, "left": ", ".join(self.left), "set_aside": ", ".join(self.set_aside),
            "paired": ", ".join(self.paired), "funds": ", ".join(self.funds), "over_budget": self.over_budget,
        }  # fmt: skip
        if self.best is not None:
            told |= {"best_output": self.best.output, "best_cost": self.best.cost}
        return xr.Dataset({**data, **curves}, attrs=told)


_LABELS = {
    "measure": ("", "measure", "措施"),
    "path": ("", "entry that limits the measure", "限额所在条目"),
    "unit": ("", "unit of the limit", "限额单位"),
    "plan": ("as unit says", "limit in the plan", "原限额"),
    "best": ("as unit says", "limit in the split", "分配后限额"),
    "plan_spending": ("money", "yearly spending in the plan", "原方案年支出"),
    "best_spending": ("money", "yearly spending in the split", "分配后年支出"),
    "factor": ("factor", "level, times the plan's", "为原限额的倍数"),
    "value": ("as unit says", "limit", "限额"),
    "output": ("as output", "output, mean over draws", "结果均值"),
    "extra_output": ("as output", "better than the plan by", "比原方案改善"),
    "extra_output_error": ("as output", "half of its 95 % interval", "改善的95%区间半宽"),
    "extra_cost": ("money", "costs more than the plan by", "比原方案多支出"),
    "marginal_cost": ("money", "cost of one more unit of output since the level before", "每多一单位结果的边际成本"),
}


def _labelled(table: pd.DataFrame, name: str, dim: str, money: str) -> xr.Variable:
    unit, label, label_zh = _LABELS[name]
    values = table[name].to_numpy()
    plain = values.astype(str) if values.dtype.kind in "OT" else values
    attrs = {"units": money if unit == "money" else unit, "long_name": label, "long_name_zh": label_zh}
    return xr.Variable(dim, plain, attrs)


def allocate(  # noqa: PLR0913  (a door: all but the first by keyword)
    scenario: Scenario | str | Path,
    *,
    budget: float,
    measures: Sequence[str] | None = None,
    output: str = "lasting_exits",
    draws: int = 100,
    seed: int = 1,
    register: xr.Dataset | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    folder: str | Path | None = None,
) -> Allocation:
    """Split a yearly budget over measures so that an output is as good as can be.

    Parameters
    ----------
    scenario : Scenario, str or Path
        The plan, or where to read it.
    budget : float
        Money a year for the measures that may be moved, as spent: mean over draws and years, in the plan's currency.
    measures : sequence of str, optional
        Codes; else the six with a limit on which the plan spends most. All others stay as planned.
    output : str
        Name of ``sweep_outputs.OUTPUTS``: counts of events over all years, else the last year's; the county's.
    draws : int
        Draws of the check; the levels are sampled on at most 20 others, so that luck in choosing flatters nothing.
    seed : int
        Address of all luck.
    register : Dataset, optional
        As ``read_register`` or ``complete_population`` returns it; without it the population is synthesised.
    threads : int, optional
        Threads; all processors if not given.
    progress : callable, optional
        Called with steps done and steps expected.
    folder : str or Path, optional
        Finished batches are kept there; the same call goes on from them after a stop.

    Returns
    -------
    Allocation
        Split, marginal cost curves, and the gain over the plan with its simulation error.

    Raises
    ------
    InputError
        Unknown measures and outputs; a budget below what the cheapest levels cost.

    Notes
    -----
    Each measure's limit is tried at 0, 1/2, 3/2 and 2 times the plan's, on common draws; pairs of the four that move
    the output most also at their corners. The best split of these levels is a mixed-integer programme
    (``scipy.optimize.milp``), for responses are not concave and interact. Splits are then run in full, on other draws,
    the most promising first, until one costs no more than the budget.

    Examples
    --------
    >>> plan = allocate("sample", budget=60000, measures=["industry", "repair"], draws=10)
    >>> plan.split["measure"].tolist(), plan.plan.cost > 0
    (['industry', 'repair'], True)
    """
    base = scenario if isinstance(scenario, Scenario) else read_scenario(scenario)
    _check(base, budget, draws)
    aim = read_aim(output)
    paths, left = choose_measures(base, measures)
    arms = make_arms(base, paths)
    people = complete_population(base, register)
    asked = {"budget": budget, "measures": ", ".join(paths), "output": output, "draws": draws, "seed": seed}
    parts = open_parts(folder, (base, people), asked)
    bench = Bench(people, base, cast("Pick", picker(aim, list(paths), base)), seed, threads, parts, progress)
    if measures is None and len(arms) > MOST_MEASURES:
        bench, arms = _spending_most(bench, aim, arms, range(LEAST_DRAWS))
    aside = tuple(code for code in paths if code not in [arm.code for arm in arms])
    return allocation_from(bench, aim, arms, (budget, draws), (left, aside))


def _spending_most(bench: Bench, aim: Aim, arms: tuple[Arm, ...], draws: range) -> tuple[Bench, tuple[Arm, ...]]:
    """Keep the measures on which the plan spends most, in the order of the plan."""
    spent = bench.ask([()], draws)[0, :, 1:].mean(axis=0)
    places = sorted(np.argsort(-spent, kind="stable")[:MOST_MEASURES].tolist())
    kept = tuple(arms[place] for place in places)
    pick = cast("Pick", picker(aim, [arm.code for arm in kept], bench.base))
    # The count of batches goes on, so that those in a folder keep their numbers.
    return replace(bench, pick=pick, known={}), kept


def allocation_from(
    bench: Bench,
    aim: Aim,
    arms: tuple[Arm, ...],
    asked: tuple[float, int],
    stay: tuple[tuple[str, ...], tuple[str, ...]],
) -> Allocation:
    """Allocate on a bench that is ready; see :func:`allocate`."""
    budget, draws = asked
    sampling = range(min(draws, SAMPLE_DRAWS))
    check = range(sampling.stop, sampling.stop + draws)
    levels = sum(len(arm.factors) - 1 for arm in arms)
    corners = 4 * math.comb(min(len(arms), PAIRED), 2)
    bench.expect((1 + levels + corners) * len(sampling) + 2 * draws)
    sampled = sample(bench, aim, arms, sampling)
    least = least_cost(sampled.responses)
    if least > budget:
        found, allowed = f"{budget:,.0f}", f"at least {least:,.0f} {bench.base.currency} a year"
        mend = "what has been begun costs so much with every limit at its lowest"
        raise InputError(f"allocation of {bench.base.code}", [Problem("budget", "too small", found, allowed, mend)])
    status, split = _tried_in_full(bench, arms, sampled, budget, check)
    plan = bench.ask([()], check)[0]
    chosen = plan if split is None else bench.ask([change_of(arms, split)], check)[0]
    gain, error = _paired(aim, chosen, plan)
    cost = float(plan[:, 1:].sum(axis=1).mean())
    scaled = _scaled(bench, arms, budget, cost, check)
    over = (None, math.nan, math.nan) if scaled is None else (_checked(scaled), *_paired(aim, chosen, scaled))
    # With less money than the plan spends the plan itself is no yardstick.
    excess = over[1] - over[2] if is_less(budget, cost) else gain - error
    if status == "better" and not excess > 0:
        status = "not_shown"
    return Allocation(
        status, aim, budget, bench.base.currency, _checked(plan),
        None if split is None else _checked(chosen), gain, error,
        _split_table(arms, split, plan, chosen), sampled.curves, sampled.paired, *stay, _funds(bench.base, arms), draws,
        len(sampling), bench.seed, bench.runs, *over,
    )  # fmt: skip


def is_less(budget: float, cost: float) -> bool:
    """Tell whether a budget is less than the plan spends.

    Examples
    --------
    >>> is_less(90.0, 100.0), is_less(99.0, 100.0)
    (True, False)
    """
    return budget < cost * (1 - SAME_MONEY)


def _tried_in_full(
    bench: Bench, arms: tuple[Arm, ...], sampled: Sampled, budget: float, check: range
) -> tuple[Outcome, Split | None]:
    """Run splits in full until one costs no more than the budget; none where the plan is the best."""
    plan = tuple(arm.plan for arm in arms)
    excluded: list[Split] = []
    while len(excluded) < CHECKS:
        split = best_split(sampled.responses, budget, excluded)
        if split is None:
            break
        if split == plan or (plan not in excluded and sampled.responses.of(split)[0] <= 0 <= _room(sampled, budget)):
            return "plan", None
        # A budget is not to be exceeded by what the simulation error would excuse.
        if _fits(_checked(bench.ask([change_of(arms, split)], check)[0]), budget):
            return "better", split
        excluded.append(split)
    return "none_fits", None


def _room(sampled: Sampled, budget: float) -> float:
    """Return what the budget leaves over the plan's cost."""
    return budget - sampled.responses.base_cost


def _paired(aim: Aim, one: Floats, other: Floats) -> tuple[float, float]:
    """Return the gain of one over another on common draws, and half of its 95 % interval."""
    difference = aim.sign * (one[:, 0] - other[:, 0])
    return float(difference.mean()), float(Z * difference.std(ddof=1) / math.sqrt(len(difference)))


def _fits(run: Checked, budget: float) -> bool:
    return run.cost <= budget * (1 + ROUNDING)


def _checked(figures: Floats) -> Checked:
    error = float(Z * figures[:, 0].std(ddof=1) / math.sqrt(len(figures)))
    spending = tuple(float(amount) for amount in figures[:, 1:].mean(axis=0))
    return Checked(float(figures[:, 0].mean()), error, sum(spending), spending)


def _scaled(bench: Bench, arms: tuple[Arm, ...], budget: float, cost: float, check: range) -> Floats | None:
    """Run the plan with all limits scaled to the budget, where that is another amount than the plan's."""
    if cost <= 0 or abs(budget / cost - 1) <= SAME_MONEY:
        return None
    changes = tuple(item for arm in arms for item in arm.change(budget / cost))
    return np.asarray(bench.ask([changes], check)[0])


def _split_table(arms: tuple[Arm, ...], split: Split | None, plan: Floats, best: Floats) -> pd.DataFrame:
    rows = []
    for place, arm in enumerate(arms):
        level = arm.plan if split is None else split[place]
        rows.append(
            {
                "measure": arm.code,
                "path": arm.lever.path,
                "unit": arm.lever.unit,
                "plan": arm.lever.now,
                "best": arm.scaled(arm.lever.now, arm.factors[level]),
                "plan_spending": float(plan[:, 1 + place].mean()),
                "best_spending": float(best[:, 1 + place].mean()),
            }
        )
    return pd.DataFrame(rows)


def _funds(base: Scenario, arms: tuple[Arm, ...]) -> tuple[str, ...]:
    return tuple(arm.code for arm in arms if getattr(base.measures[arm.code], "fund", None) is not None)


def _check(base: Scenario, budget: float, draws: int) -> None:
    problems = []
    if not (np.isfinite(budget) and budget >= 0):
        problems.append(Problem("budget", "should be an amount a year", f"{budget:g}", "0 or more"))
    if draws < LEAST_DRAWS:
        problems.append(Problem("draws", "too few to tell a gain", str(draws), f"at least {LEAST_DRAWS}"))
    if problems:
        raise InputError(f"allocation of {base.code}", problems)
