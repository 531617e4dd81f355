"""Two or more plans side by side: differences on common draws, winners and losers, money, targets, growth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.outlook import BAND, forecast
from povsim.planning.comparison_draws import bargain, difference
from povsim.planning.comparison_groups import THRESHOLD, Question, winners_and_losers
from povsim.planning.comparison_sides import Given, Pairing, Side, pair_draws, sides_of
from povsim.planning.comparison_statistics import STATISTICS, membership, statistics_of
from povsim.planning.decomposition import Histogram, Poverty, edges_of, growth_redistribution

Floats = npt.NDArray[np.float64]
AREAS = ("county", "township", "village")
QUARTERS = ("more_for_more", "less_for_more", "more_for_less", "less_for_less")


@dataclass(frozen=True)
class Comparison:
    """Plans compared with the first of them.

    Attributes
    ----------
    names : tuple of str
        The plans; the first is what the others are compared with.
    year : int
        Year of winners, money and decomposition.
    differences : Dataset
        Dims (plan, statistic, year, area), plan without the first: ``difference`` (mean), ``low`` and ``high`` (80 %
        band over draws), ``standard_error`` of the mean, ``probability_better``, ``probability_equal`` (draw by draw);
        ``value_first`` and ``value_plan``, means over the draws that are compared; (side, statistic, year, area):
        ``value``, the mean over all draws of a side.
    luck : DataFrame
        By plan: ``common`` luck or not, pairs of ``draws``, the two sides' seeds, ``reason`` (key of a text).
    money : DataFrame
        By plan up to the year: ``spending`` and ``lasting_exits`` more than the first plan, each with band; ``cost``
        per extra lasting exit (ratio of the means), its band over draws and ``probability_negative``; shares of draws
        in the four quarters ``more_for_more``, ``less_for_more``, ``more_for_less``, ``less_for_less`` (money first).
    targets : DataFrame
        By plan, target and year: probability under it and under the first, over the draws that are compared, and the
        difference.
    groups : DataFrame
        Winners and losers by plan, as ``winners_and_losers`` gives them; empty without households.
    decomposition : DataFrame
        Change in poverty from the first plan to each other, and within each plan from its first year to ``year``,
        split into growth, redistribution and the line; see ``decomposition.growth_redistribution``.
    left_out : tuple of (str, str)
        What could not be said: key of a text, and plan.
    measures : Dataset or None
        Shares of measures, where they were run: ``measure_shares.measure_shares``.
    """

    names: tuple[str, ...]
    year: int
    differences: xr.Dataset
    luck: pd.DataFrame
    money: pd.DataFrame
    targets: pd.DataFrame
    groups: pd.DataFrame
    decomposition: pd.DataFrame
    left_out: tuple[tuple[str, str], ...]
    measures: xr.Dataset | None = None


def compare(
    runs: Sequence[Given],
    *,
    year: int | None = None,
    by: str | None = None,
    threshold: float = THRESHOLD,
    common_luck: bool | None = None,
    register: xr.Dataset | None = None,
) -> Comparison:
    """Compare plans with the first of them.

    Parameters
    ----------
    runs : sequence
        Runs that were opened, their folders, or (outcomes, scenario) or (outcomes, scenario, households); a run with
        several scenarios gives several plans. In memory, scenarios of one call of ``simulate`` share their luck.
    year : int, optional
        Year of winners, money and decomposition; the last if not given.
    by : {"county", "township", "village"}, optional
        Areas for which differences are given beside the whole.
    threshold : float
        Change of a household's probability of being poor that counts as winning or losing.
    common_luck : bool, optional
        Whether outcomes of several calls share population and seed, which they do not tell; runs do.
    register : Dataset, optional
        The population, for winners and losers by cause, category and status on the register.

    Returns
    -------
    Comparison
        Where luck is common, draws are compared one by one; else each with every other, which widens the bands, and
        ``luck`` says so. Nothing else is assumed about the draws.

    Raises
    ------
    InputError
        Fewer than two plans; plans of other years, areas or money; a year or areas that the runs do not have.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> less = povsim.read_scenario("sample", overrides={"code": "less", "measures.dibao_new.active": False})
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), [plan, less], draws=3)
    >>> result = compare([(outcomes, plan), (outcomes, less)])
    >>> result.names, bool(result.luck["common"].all())
    (('sample', 'less'), True)
    """
    sides = sides_of(runs)
    first, years = sides[0], [int(each) for each in sides[0].outcomes["year"].to_numpy()]
    when = _checked(years, year, by, threshold)
    pairings = [pair_draws(first, side, common_luck=common_luck) for side in sides[1:]]
    cubes = [statistics_of(side.outcomes, by) for side in sides]
    place = years.index(when)
    asked = Question(when, threshold, register)
    groups = [winners_and_losers(first, side, pair, asked) for side, pair in zip(sides[1:], pairings, strict=True)]
    named = [found.assign(plan=side.name) for side, found in zip(sides[1:], groups, strict=True) if found is not None]
    left = [("left_out.households", side.name) for side, found in zip(sides[1:], groups, strict=True) if found is None]
    left += [("left_out.line", side.name) for side in sides if _line(side, when) is None]
    return Comparison(
        tuple(side.name for side in sides),
        when,
        _differences(sides, cubes, pairings, by),
        _luck(sides, pairings),
        pd.DataFrame(
            [_money(s, (cubes[0], c), p, place) for s, c, p in zip(sides[1:], cubes[1:], pairings, strict=True)]
        ),
        _targets(sides, pairings),
        pd.concat(named, ignore_index=True) if named else pd.DataFrame(),
        _decompositions(sides, pairings, years[0], when),
        tuple(left),
    )


def _checked(years: list[int], year: int | None, by: str | None, threshold: float) -> int:
    when = years[-1] if year is None else year
    problems = []
    if when not in years:
        problems.append(Problem("year", "is not in the runs", str(when), f"{years[0]} to {years[-1]}"))
    if by is not None and by not in AREAS:
        problems.append(Problem("by", "unknown areas", by, ", ".join(AREAS)))
    if not 0 <= threshold < 1:
        problems.append(Problem("threshold", "should be a share", str(threshold), "0 to below 1"))
    if problems:
        raise InputError("compare", problems)
    return when


def _differences(
    sides: Sequence[Side], cubes: Sequence[dict[str, Floats]], pairings: Sequence[Pairing], by: str | None
) -> xr.Dataset:
    outcomes, codes = sides[0].outcomes, list(STATISTICS)
    areas, _ = membership(outcomes, by)
    parts = [
        {
            code: difference(cubes[0][code], cube[code], pair, better=STATISTICS[code].better, band=BAND)
            for code in codes
        }
        for cube, pair in zip(cubes[1:], pairings, strict=True)
    ]
    dims = ("plan", "statistic", "year", "area")
    names = {
        "difference": ("mean", "as the statistic", "mean difference from the first plan", "与首个方案之差"),
        "low": ("low", "as the statistic", "lower end of the 80 % band", "80%区间下限"),
        "high": ("high", "as the statistic", "upper end of the 80 % band", "80%区间上限"),
        "standard_error": ("error", "as the statistic", "standard error of the mean difference", "平均差的标准误"),
        "probability_better": (
            "better",
            "share",
            "draws in which it is better than the first plan",
            "优于首个方案的概率",
        ),
        "probability_equal": ("equal", "share", "draws in which it is the same", "相同的概率"),
    }
    data: dict[str, Any] = {
        name: (dims, np.array([[getattr(part[code], field) for code in codes] for part in parts]), _attrs(*labels))
        for name, (field, *labels) in names.items()
    }
    beside = list(zip(cubes[1:], pairings, strict=True))
    for name, place, label in (("value_first", 0, "mean of the first plan"), ("value_plan", 1, "mean of the plan")):
        means = np.array([_means((cubes[0], cube), pair, place) for cube, pair in beside])
        data[name] = (dims, means, _attrs("as the statistic", f"{label}, of the draws compared", "所比较各次的均值"))
    values = np.array([[cube[code].mean(axis=0) for code in codes] for cube in cubes])
    data["value"] = (("side", *dims[1:]), values, _attrs("as the statistic", "mean", "均值"))
    coordinates: dict[str, Any] = {
        "plan": [side.name for side in sides[1:]],
        "side": [side.name for side in sides],
        "statistic": codes,
        "statistic_zh": ("statistic", [STATISTICS[code].zh for code in codes]),
        "statistic_en": ("statistic", [STATISTICS[code].en for code in codes]),
        "units": ("statistic", [STATISTICS[code].units for code in codes]),
        "better": ("statistic", [STATISTICS[code].better for code in codes]),
        "year": outcomes["year"].to_numpy(),
        "area": areas,
    }
    return xr.Dataset(data, coordinates, {"currency": outcomes.attrs.get("currency", "yuan")})


def _means(cubes: tuple[dict[str, Floats], dict[str, Floats]], pair: Pairing, place: int) -> list[Floats]:
    """Return the means of one of two sides over the draws that are compared: all, where luck is not common."""
    draws = (pair.first, pair.second)[place] if pair.common else slice(None)
    return [cubes[place][code][draws].mean(axis=0) for code in STATISTICS]


def _attrs(units: str, en: str, zh: str) -> dict[str, str]:
    return {"units": units, "long_name": en, "long_name_zh": zh}


def _luck(sides: Sequence[Side], pairings: Sequence[Pairing]) -> pd.DataFrame:
    rows = [
        {
            "plan": side.name, "common": pair.common, "draws": len(pair.first), "seed_first": sides[0].seed,
            "seed": side.seed, "reason": pair.reason,
        }
        for side, pair in zip(sides[1:], pairings, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _money(side: Side, cubes: tuple[dict[str, Floats], dict[str, Floats]], pair: Pairing, place: int) -> dict[str, Any]:
    """Return what a plan costs and brings more than the first, up to a year, in the whole."""
    money, lasting = (
        (cubes[0][name][:, place, 0], cubes[1][name][:, place, 0])
        for name in ("spending_so_far", "lasting_exits_so_far")
    )
    told = bargain(money, lasting, pair, band=BAND)
    amounts = {"spending": told.spending, "lasting_exits": told.lasting, "cost": told.cost}
    ends = {f"{name}{end}": amounts[name][at] for name in amounts for at, end in enumerate(("", "_low", "_high"))}
    return {
        "plan": side.name,
        **ends,
        "probability_negative": told.negative,
        **dict(zip(QUARTERS, told.quarters, strict=True)),
    }


def _targets(sides: Sequence[Side], pairings: Sequence[Pairing]) -> pd.DataFrame:
    keys = ["target", "year"]
    names = {"probability": "probability_first", "comparison": "comparison_first", "value": "value_first"}
    rows = []
    for side, pair in zip(sides[1:], pairings, strict=True):
        one, two = _chances(sides[0], pair, pair.first), _chances(side, pair, pair.second)
        joined = two.join(one.set_index(keys)[list(names)].rename(columns=names), on=keys)
        # a target that one plan sets lower is another target: its probabilities say nothing about the plans
        alike = (joined["comparison"] == joined["comparison_first"]) & (joined["value"] == joined["value_first"])
        difference = (joined["probability"] - joined["probability_first"]).where(alike)
        rows.append(joined.assign(plan=side.name, difference=difference))
    return pd.concat(rows, ignore_index=True)


def _chances(side: Side, pair: Pairing, places: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return the chances of a side's targets over the draws that are compared: all, where luck is not common."""
    outcomes = side.outcomes if not pair.common or pair.whole else side.outcomes.isel(draw=places)
    return forecast(outcomes, side.scenario).targets


def _line(side: Side, year: int) -> float | None:
    """Return the income line of a year where it is one amount for all draws."""
    test = side.scenario.exit_standard.household.tests[0]
    line = test.line if test.type == "income" else None
    return None if line is None or line.spread is not None else line.at(year)


def _decompositions(sides: Sequence[Side], pairings: Sequence[Pairing], start: int, year: int) -> pd.DataFrame:
    first, rows = sides[0], []
    for side, pair in zip(sides[1:], pairings, strict=True):
        rows += _decomposed(((first, year, pair.first), (side, year, pair.second)), side.name)
    for side in sides if year > start else ():
        draws = np.arange(side.outcomes.sizes["draw"])
        rows += _decomposed(((side, start, draws), (side, year, draws)), side.name)
    return pd.DataFrame(rows)


Moment = tuple[Side, int, npt.NDArray[np.int64]]


def _decomposed(ends: tuple[Moment, Moment], plan: str) -> list[dict[str, Any]]:
    lines = [_line(side, year) for side, year, _ in ends]
    if lines[0] is None or lines[1] is None:
        return []
    made = [_histogram(moment) for moment in ends]
    kinds: tuple[tuple[Poverty, str], ...] = (("headcount_ratio", "poor_persons"), ("poverty_gap", "gap_sum"))
    rows = []
    for measure, name in kinds:
        split = growth_redistribution(made[0], made[1], (lines[0], lines[1]), measure)
        exact = _exact(ends[1], name) - _exact(ends[0], name)
        parts = {str(code): split["shapley"].sel(component=code).to_numpy() for code in split["component"].to_numpy()}
        # what the bins cannot say is told on its own, so that the parts add up to the exact change
        parts["unexplained"] = exact - split["change"].to_numpy()
        for component, values in {**parts, "change": exact}.items():
            low, high = np.quantile(values, BAND)
            rows.append(
                {
                    "plan": plan, "from_plan": ends[0][0].name, "from_year": ends[0][1], "to_year": ends[1][1],
                    "measure": measure, "component": component, "share": float(values.mean()), "low": float(low),
                    "high": float(high), "bound": 0.0 if component == "change" else float(split["bound"].mean()),
                }
            )  # fmt: skip
    return rows


def _histogram(moment: Moment) -> Histogram:
    side, year, draws = moment
    one = (
        side.outcomes["income_histogram"].isel(scenario=0).sel(year=year).sum("township_name").transpose("draw", "bin")
    )
    return Histogram(one.to_numpy().astype(np.float64)[draws], edges_of(one["bin"].to_numpy()))


def _exact(moment: Moment, name: str) -> Floats:
    side, year, draws = moment
    one = side.outcomes.isel(scenario=0).sel(year=year)
    top = one[name].astype(np.float64).sum("village").to_numpy()
    return np.asarray((top / one["persons"].astype(np.float64).sum(["village", "status"]).to_numpy())[draws])
