"""What each measure adds to the difference between two plans: Shapley values by running mixtures of both again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.outlook import BAND
from povsim.planning.decomposition import coalitions_of, sampled_orders, sampled_shapley
from povsim.poverty.games import shapley
from povsim.quantity import validate
from povsim.runs import Settings, run_scenarios
from povsim.scenario import Scenario

OTHER = "other"
"""The player that stands for everything in which two plans differ apart from measures: funds, beliefs, standards."""
BATCH = 8
"""Mixtures run at a time, as in a sweep."""
STATISTICS = {
    "poor_persons": ("persons", "poor by income at year end", "年末收入贫困人数"),
    "failing_persons": ("persons", "truly failing the exit standard at year end", "年末真实未达标人数"),
    "lasting_exits": ("persons", "lasting exits so far", "累计稳定脱贫人数"),
    "spending": ("yuan", "spending so far", "累计支出"),
}
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Game:
    """Two plans, and the players that lead from one to the other."""

    first: Scenario
    second: Scenario
    players: tuple[tuple[str, ...], ...]
    """Codes of the measures of each player, or ``(OTHER,)``."""

    def mixture(self, coalition: int) -> Scenario:
        """Return the plan in which the players of a coalition are as in the second plan, the rest as in the first."""
        inside = {code for place, player in enumerate(self.players) if coalition >> place & 1 for code in player}
        base = self.second if OTHER in inside else self.first
        other = self.first if base is self.second else self.second
        codes = [*base.measures, *(code for code in other.measures if code not in base.measures)]
        measures = {code: _measure(self.second if code in inside else self.first, other, base, code) for code in codes}
        mixed = base.model_copy(update={"code": f"mixture.{coalition:x}", "measures": measures})
        # a copy is not checked: two plans that hold each on their own may not mix
        return validate(
            Scenario,
            mixed.model_dump(mode="json", by_alias=True),
            f"mixture of {self.first.code} and {self.second.code}",
        )


def _measure(chosen: Scenario, other: Scenario, base: Scenario, code: str) -> Any:
    """Return a measure of the plan chosen; one that it lacks is there but off, so that what names it still can."""
    if code in chosen.measures:
        return chosen.measures[code]
    known = other.measures if code in other.measures else base.measures
    return known[code].model_copy(update={"active": False})


def game_of(first: Scenario, second: Scenario) -> Game:
    """Return the players that lead from one plan to another: measures that differ, and everything else as one.

    Measures that can be had only by those who have, or do not have, another that differs go together with it, and
    those that change their fund go with everything else.

    Raises
    ------
    InputError
        The plans are the same.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> game_of(plan, povsim.read_scenario("sample", overrides=["measures.industry.active=false"])).players
    (('industry',),)
    """
    codes = list(dict.fromkeys([*first.measures, *second.measures]))
    differing = [code for code in codes if _state(first, code) != _state(second, code)]
    group = {code: code for code in differing}
    if _frame(first) != _frame(second) or any(_fund(first, code) != _fund(second, code) for code in differing):
        group[OTHER] = OTHER
    for code in differing:
        partners = [name for plan in (first, second) for name in _partners(plan, code)]
        partners += [OTHER] if _fund(first, code) != _fund(second, code) else []
        for partner in (name for name in partners if name in group):
            old, new = group[code], group[partner]
            group = {name: new if head == old else head for name, head in group.items()}
    if not group:
        raise InputError("measure_shares", [Problem("plans", "are the same: nothing to share out", second.code)])
    return Game(
        first, second, tuple(tuple(n for n in group if group[n] == head) for head in dict.fromkeys(group.values()))
    )


def _state(plan: Scenario, code: str) -> Any:
    measure = plan.measures.get(code)
    return None if measure is None or not measure.active else measure.model_dump()


def _frame(plan: Scenario) -> Any:
    """Return all of a plan but its names, its measures, what it is judged by, and its population, which is given."""
    return plan.model_dump(
        exclude={"code", "name_zh", "name_en", "note_zh", "note_en", "measures", "targets", "scorecards", "population"}
    )


def _fund(plan: Scenario, code: str) -> Any:
    return getattr(plan.measures.get(code), "fund", None)


def _partners(plan: Scenario, code: str) -> tuple[str, ...]:
    asked = getattr(plan.measures.get(code), "eligible", None)
    return (*getattr(asked, "holding", ()), *getattr(asked, "not_holding", ()))


def measure_shares(  # noqa: PLR0913  (a door: all but three by keyword)
    register: xr.Dataset,
    first: Scenario,
    second: Scenario,
    *,
    year: int | None = None,
    orders: int = 20,
    settings: Settings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Share the difference between two plans out over the measures in which they differ, by running mixtures of them.

    Parameters
    ----------
    register : Dataset
        The whole population, ``complete_population(first)``.
    first, second : Scenario
        The plans; for what each measure of a plan does against doing nothing, a first plan with all measures off.
    year : int, optional
        Year at whose end persons are counted; the last one if not given.
    orders : int
        Random orders in which measures are switched. Where all mixtures of n players are no more runs than that
        takes, all of them are run and the result is exact (given the draws); else it is an estimate.
    settings : Settings, optional
        Draws, seed, threads; 20 draws of seed 1 if not given. All mixtures share their luck.
    progress : callable, optional
        Called with mixtures run and mixtures in all.

    Returns
    -------
    Dataset
        Dims (player, statistic): ``share`` (mean over draws, second plan less first, adding up to ``change``),
        ``standard_error`` (of sampled orders; 0 where exact), ``low`` and ``high`` (80 % band over draws); by
        statistic ``change``. Attributes ``exact``, ``runs``, ``orders``, ``draws``, ``year``. Source: see ``shapley``.

    Raises
    ------
    InputError
        Plans that are the same, run over different years, or do not go together; a year that is not in both.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> off = povsim.read_scenario("sample", overrides=["measures.dibao_new.active=false"])
    >>> people = povsim.complete_population(plan)
    >>> shares = measure_shares(people, off, plan, settings=Settings(draws=range(2), seed=1))
    >>> shares["player"].values.tolist(), bool(shares.attrs["exact"]), int(shares.attrs["runs"])
    (['dibao_new'], True, 2)
    """
    game = game_of(first, second)
    chosen = replace(settings or Settings(draws=range(20), seed=1), household_summary=False, keep_households=False)
    when = first.years[1] if year is None else year
    _check_years(first, second, when)
    players = len(game.players)
    picked = sampled_orders(players, max(orders, 2), chosen.seed)
    exact = 1 << players <= (players - 1) * len(picked) + 2
    wanted = range(1 << players) if exact else sorted({item for order in picked for item in coalitions_of(order)})
    worth = _worth(register, game, list(wanted), (chosen, when), progress)
    if exact:
        values = shapley(np.array([worth[item] for item in wanted]))
        errors = np.zeros(values.shape[:2])
    else:
        along = np.array([[worth[item] for item in coalitions_of(order)] for order in picked])
        values = sampled_shapley(picked, along)[0]
        errors = sampled_shapley(picked, along.mean(axis=-1))[1]
    told = {"exact": int(exact), "runs": len(worth), "orders": len(picked), "draws": len(chosen.draws), "year": when}
    return _dataset(game, values, errors, told)


def _check_years(first: Scenario, second: Scenario, year: int) -> None:
    """Refuse what a part of the mixtures could not be run or counted for, before any is run."""
    plans = [(plan, f"{plan.years[0]} to {plan.years[1]}") for plan in (first, second)]
    problems = [
        Problem("year", "is not in the plan", str(year), f"{span}, as {plan.code}")
        for plan, span in plans
        if year not in plan.span
    ]
    if first.years != second.years:
        found, allowed = f"{second.code}: {plans[1][1]}", f"{plans[0][1]}, as {first.code}"
        problems.append(Problem("years", "plans run over different years", found, allowed))
    if problems:
        raise InputError("measure_shares", problems)


def _worth(
    register: xr.Dataset,
    game: Game,
    coalitions: Sequence[int],
    asked: tuple[Settings, int],
    progress: Callable[[int, int], None] | None,
) -> dict[int, Floats]:
    """Return statistics by coalition, shape (statistic, draw)."""
    plans = {coalition: game.mixture(coalition) for coalition in coalitions}
    found: dict[int, Floats] = {}
    for begin in range(0, len(coalitions), BATCH):
        batch = coalitions[begin : begin + BATCH]
        outcomes = run_scenarios(register, tuple(plans[item] for item in batch), asked[0]).outcomes
        for place, coalition in enumerate(batch):
            found[coalition] = _statistics(outcomes.isel(scenario=place), asked[1])
        if progress is not None:
            progress(len(found), len(coalitions))
    return found


def _statistics(one: xr.Dataset, year: int) -> Floats:
    upto = one.sel(year=slice(None, year)).sum("year")
    here = one.sel(year=year)
    values: Mapping[str, xr.DataArray] = {
        "poor_persons": here["poor_persons"].astype(np.int64).sum("village"),
        "failing_persons": here["failing_persons"].astype(np.int64).sum("village"),
        "lasting_exits": upto["lasting_exits"].astype(np.int64).sum("village"),
        "spending": upto["spending"].sum(["village", "measure"]),
    }
    return np.array([values[name].to_numpy() for name in STATISTICS], dtype=np.float64)


def _dataset(game: Game, values: Floats, errors: Floats, told: dict[str, int]) -> xr.Dataset:
    dims = ("player", "statistic")
    low, high = np.quantile(values, BAND, axis=-1)
    labels = {"units": "as the statistic"}
    names = {lang: [_name(game, player, lang) for player in game.players] for lang in ("zh", "en")}
    return xr.Dataset(
        {
            "share": (dims, values.mean(axis=-1), {**labels, "long_name": "share", "long_name_zh": "贡献"}),
            "standard_error": (
                dims,
                errors,
                {**labels, "long_name": "of sampled orders", "long_name_zh": "抽样标准误"},
            ),
            "low": (dims, low, {**labels, "long_name": "80 % band over draws", "long_name_zh": "80%区间下限"}),
            "high": (dims, high, {**labels, "long_name": "80 % band over draws", "long_name_zh": "80%区间上限"}),
            "change": (
                "statistic",
                values.sum(axis=0).mean(axis=-1),
                {**labels, "long_name": "change", "long_name_zh": "变动"},
            ),
        },
        {
            "player": ["+".join(player) for player in game.players],
            "player_zh": ("player", names["zh"]),
            "player_en": ("player", names["en"]),
            "statistic": list(STATISTICS),
            "units": ("statistic", [units for units, _, _ in STATISTICS.values()]),
        },
        told,
    )


def _name(game: Game, player: tuple[str, ...], lang: str) -> str:
    rest = {"zh": "其他差别", "en": "everything else"}[lang]
    known = {**game.first.measures, **game.second.measures}
    return " + ".join(known[code].label(lang) if code in known else rest for code in player)
