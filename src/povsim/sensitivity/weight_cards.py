"""The same questions for a scorecard: closed form where its points simply add up, scored again where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.scoring.rule_schema import Gate
from povsim.scoring.schema import Scorecard
from povsim.scoring.schemes import WeightScheme, weight_scheme
from povsim.scoring.scores import score
from povsim.sensitivity.weight_inputs import Doubles, refuse, top_problems
from povsim.sensitivity.weight_moves import ranked, ranks_of, with_moves
from povsim.sensitivity.weight_ranks import acceptability_of

TOGETHER = 2_000_000
"""Shares scored in one go, so that memory stays bounded."""
STEPS = 24
"""Points tried on each side of the present ones where an interval is looked for by scoring again."""
EXACT_DIGITS = 6
"""Item shares are rounded to what single precision knows, so that equal scores are equal."""


@dataclass(frozen=True, eq=False)
class Case:
    """One scorecard, scenario and year, with the scheme that is looked at.

    Attributes
    ----------
    card : Scorecard
        The scorecard.
    values : Dataset
        As ``indicator_values`` returns it, of one scenario and year.
    scheme : WeightScheme
        Points and locks.
    scores : Dataset
        As ``score`` returns it, of one scenario and year, under the scheme alone.
    reasons : tuple of str
        Why the closed form does not hold; empty where it does.
    totals : callable, optional
        A faster way to what `rescored` returns, where the caller has one; `values` and all of `scores` but its units
        may then be empty.
    """

    card: Scorecard
    values: xr.Dataset
    scheme: WeightScheme
    scores: xr.Dataset
    reasons: tuple[str, ...]
    totals: Callable[[Doubles], Doubles] | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the units."""
        return tuple(str(unit) for unit in self.scores["unit"].to_numpy())

    @property
    def method(self) -> str:
        """How answers are found."""
        return "re-evaluated" if self.reasons else "closed form"

    @property
    def about(self) -> dict[str, str]:
        """Attributes of every answer: how it was found and why."""
        why = ", ".join(self.reasons) or "totals are sums of points times item scores"
        return {"method": self.method, "why": why, "scorecard": self.card.code, "scheme": self.scheme.code}


def case_of(
    values: xr.Dataset, card: Scorecard, *, year: int, scenario: int = 0, scheme: WeightScheme | None = None
) -> Case:
    """Return a scorecard's case for one scenario and year.

    Parameters
    ----------
    values : Dataset
        As ``indicator_values`` returns it.
    card : Scorecard
        The scorecard they belong to.
    year : int
        Year looked at.
    scenario : int
        Position of the scenario.
    scheme : WeightScheme, optional
        The card's own points if not given.

    Raises
    ------
    InputError
        A year that is not in the run, a card without points to weigh, values that cannot be scored.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=2)
    >>> card = povsim.read_scorecard("xiangyin-2016-townships")
    >>> case = case_of(povsim.indicator_values(outcomes, card), card, year=2016)
    >>> case.method, case.reasons[0]  # the sample has no values for some items
    ('re-evaluated', 'points re-based for missing items')
    """
    years = [int(one) for one in values["year"].to_numpy()]
    problems = []
    if year not in years:
        problems.append(Problem("year", "is not in the run", str(year), f"{years[0]} to {years[-1]}"))
    if not any(item.points > 0 for item in card.indicators):
        problems.append(Problem(card.code, "has no points to weigh"))
    refuse(card.code, problems)
    own = weight_scheme(card) if scheme is None else scheme
    # all years are scored: what is missing in one may be filled from another
    scores = score(values, card, schemes=[own]).isel(scenario=[scenario], scheme=[0]).sel(year=[year])
    one = values.isel(scenario=[scenario]).sel(year=[year]).copy()
    one["value"] = scores["value"].transpose(*values["value"].dims)
    return Case(card, one, own, scores, tuple(reasons_of(card, scores, own)))


def reasons_of(card: Scorecard, scores: xr.Dataset, scheme: WeightScheme) -> Iterator[str]:
    """Say what keeps a total from being the sum of points times item scores."""
    shares = scores["points"] / scores["item_points"].where(scores["item_points"] > 0)
    beyond = bool((shares < -1e-6).any()) or bool((shares > 1 + 1e-6).any())
    striking = ("fail", "zero", "deduct", "disqualify")
    found = {
        "caps or floors of groups": any(group.cap is not None or group.floor is not None for group in card.groups),
        "items in fixed shares": any(group.mix for group in card.groups),
        "locked points": any(line.locked for line in scheme.lines),
        "vetoes": any(veto.active and veto.effect in striking for veto in card.vetoes),
        "gates": any(isinstance(item.rule, Gate) for item in card.indicators),
        "items without points of their own": any(item.points == 0 for item in card.indicators),
        "points re-based for missing items": bool((scores["rebased_by"] != 1).any()),
        "item scores missing or beyond 0-1": beyond or bool(scores["points"].isnull().any()),
    }
    yield from (reason for reason, holds in found.items() if holds)


def item_scores(case: Case) -> xr.DataArray:
    """Return item scores (draw, unit, indicator), 0-1, under the scorecard's rules.

    Raises
    ------
    InputError
        The closed form does not hold, for the reasons told.
    """
    if case.reasons:
        mend = "use the functions that take the case: they score again"
        raise InputError(case.card.code, [Problem("closed form", "does not hold", ", ".join(case.reasons), mend=mend)])
    one = case.scores.isel(scenario=0, scheme=0, year=0)
    under = score(case.values, case.card).isel(scenario=0, scheme=0, year=0)["points"]
    shares = under.transpose("draw", "unit", "indicator").to_numpy().astype(np.float64)
    full = np.array([item.points for item in case.card.indicators], dtype=np.float64)
    shares = np.clip(np.round(shares / full, EXACT_DIGITS), 0, 1)
    coords = {name: one[name].to_numpy() for name in ("draw", "unit", "indicator")}
    about = {"units": "share", "long_name": "item score", "long_name_zh": "单项得分率"}
    return xr.DataArray(shares, coords, ("draw", "unit", "indicator"), "item_score", about)


def rescored(case: Case, weights: Doubles) -> Doubles:
    """Return totals (weighting, draw, unit) after vetoes, full score 1, scored again under each weighting.

    A unit out of the ranking is not a number. Points are compared as scoring does, to a ten-thousandth.
    """
    if case.totals is not None:
        return case.totals(weights)
    card, total = case.card, case.card.total_points
    codes = [item.code for item in card.indicators]
    cells = case.values["value"].size
    step = max(1, TOGETHER // cells)
    parts = []
    for first in range(0, len(weights), step):
        schemes = [
            _scheme(case, f"w{first + place}", dict(zip(codes, row * total, strict=True)))
            for place, row in enumerate(weights[first : first + step])
        ]
        found = score(case.values, card, schemes=schemes).isel(scenario=0, year=0)
        totals = found["total"].transpose("scheme", "draw", "unit").to_numpy().astype(np.float64)
        out = found["rank"].transpose("scheme", "draw", "unit").to_numpy() == 0
        parts.append(np.where(out, np.nan, np.round(totals, 4) / total))
    return np.concatenate(parts)


def _scheme(case: Case, code: str, points: dict[str, float]) -> WeightScheme:
    lines = tuple(replace(line, points=float(points[line.code])) for line in case.scheme.lines)
    return replace(case.scheme, code=code, lines=lines)


def _rescaled(case: Case, code: str, points: float) -> Doubles | None:
    """Return weights with one item's points changed and the others that are not locked rescaled; none if impossible."""
    try:
        scheme = case.scheme.with_points({code: points}, rescale=True)
    except InputError:
        return None
    return np.asarray(scheme.array() / case.card.total_points)


def movable(case: Case) -> list[str]:
    """Return codes of the items whose points can move: not locked, with points to weigh, in no fixed mix."""
    fixed = {code for _, parts in case.scheme.mixes for code, _ in parts}
    weighed = {item.code for item in case.card.indicators if item.points > 0}
    return [line.code for line in case.scheme.lines if not line.locked and line.code in weighed - fixed]


def rescored_leave_one_out(case: Case) -> xr.Dataset:
    """Return what `leave_one_out` does, scored again without each item; totals are means over draws."""
    rows = {code: _rescaled(case, code, 0.0) for code in movable(case)}
    kept = {code: row for code, row in rows.items() if row is not None}
    refuse(case.card.code, [] if kept else [Problem("indicators", "none can be left out: all are locked or fixed")])
    totals = _means(rescored(case, np.stack([case.scheme.array() / case.card.total_points, *kept.values()])))
    full = case.card.total_points
    now = ranked(totals[0], {"unit": case.units}, full)
    return with_moves(ranked(totals[1:], {"indicator": list(kept), "unit": case.units}, full), now).assign_attrs(
        case.about
    )


def rescored_ladder(case: Case, indicator: str, steps: Sequence[float]) -> xr.Dataset:
    """Return what `weight_ladder` does, scored again at each step; steps that locks do not allow are left out."""
    rows = {float(step): _rescaled(case, indicator, float(step)) for step in steps}
    kept = {step: row for step, row in rows.items() if row is not None}
    refuse(case.card.code, [] if kept else [Problem(indicator, "cannot take any of these points", str(list(steps)))])
    totals = _means(rescored(case, np.stack(list(kept.values()))))
    found = ranked(totals, {"step": np.array(list(kept)), "unit": case.units}, case.card.total_points)
    return found.assign_attrs({**case.about, "indicator": indicator})


def rescored_acceptability(case: Case, weights: Doubles) -> xr.Dataset:
    """Return what `acceptability_analysis` says of places, scored again under each weighting, over all draws."""
    totals = rescored(case, weights)
    found = acceptability_of(totals.reshape(-1, totals.shape[-1]), case.units)
    shares = found["rank_acceptability"]
    found["expected_rank"] = (shares * shares["rank"]).sum("rank") / (1 - found["unranked"])
    # draws under one weighting are alike, so that weightings are what counts
    found["standard_error"] = np.sqrt((shares * (1 - shares)).clip(0) / len(weights))
    return found.assign_attrs(case.about, weightings=len(weights))


def rescored_intervals(case: Case, *, top: int) -> xr.Dataset:
    """Return intervals of points within which the first ``top`` by mean total stay, by scoring again on a grid.

    The grid has 24 points on each side; the end is the last at which nothing has changed. A change that is undone
    between two points of the grid may be missed, and the true end lies up to ``step`` points further out.

    Raises
    ------
    InputError
        ``top`` that is no whole number from 1 to the number of units.
    """
    refuse(case.card.code, top_problems(top, len(case.units)))
    rows = [_grid_interval(case, code, top) for code in movable(case)]
    names = ("points", "low", "high", "low_step", "high_step")
    data = {name: ("indicator", np.array([row[place] for row in rows])) for place, name in enumerate(names)}
    found = xr.Dataset(data, {"indicator": np.array(movable(case), dtype=str)})
    found["changed"] = ("indicator", np.array([row[5] for row in rows], dtype=str))
    return found.assign_attrs({**case.about, "asked": f"first {top}", "total_points": case.card.total_points})


def _grid_interval(case: Case, code: str, top: int) -> tuple[float, float, float, float, float, str]:
    now = case.scheme.points[code]
    ends, steps, changed = [], [], []
    for edge in (0.0, case.card.total_points):
        grid = np.linspace(now, edge, STEPS + 1)
        rows = [_rescaled(case, code, float(points)) for points in grid]
        kept = [row for row in rows if row is not None]
        sets = [_first(line, top) for line in _means(rescored(case, np.stack(kept)))] if kept else [frozenset()]
        place = next((step for step, members in enumerate(sets) if members != sets[0]), len(sets)) - 1
        ends.append(float(grid[place]))
        steps.append(abs(edge - now) / STEPS)
        names = sorted(sets[0] ^ sets[place + 1]) if place + 1 < len(sets) else []
        changed.append(", ".join(case.units[unit] for unit in names))
    return now, ends[0], ends[1], steps[0], steps[1], " | ".join(changed)


def _first(totals: Doubles, top: int) -> frozenset[int]:
    ranks = ranks_of(totals)
    return frozenset(np.flatnonzero((ranks > 0) & (ranks <= top)).tolist())


def _means(totals: Doubles) -> Doubles:
    """Return means over draws; a unit out of the ranking in most draws is out."""
    out = np.isnan(totals).mean(axis=1) > 0.5
    known = np.where(np.isnan(totals), 0.0, totals).sum(axis=1)
    count = (~np.isnan(totals)).sum(axis=1)
    return np.where(out, np.nan, known / np.maximum(count, 1))


def compare_schemes(scores: xr.Dataset, *, year: int, scenario: int = 0) -> xr.Dataset:
    """Compare weight schemes that a run was scored under: points, ranks, and who moves.

    Parameters
    ----------
    scores : Dataset
        As ``povsim.score(values, card, schemes=[...])`` returns it; the first scheme is the one compared with.
    year : int
        Year looked at.
    scenario : int
        Position of the scenario.

    Returns
    -------
    Dataset
        ``total`` (mean over draws, after vetoes) and ``rank`` (by it; 0: not ranked in most draws) by scheme and unit;
        ``moved``: places gained over the first scheme; ``entry``: -1 where the unit drops out of the ranking, 1 where
        it comes in, so that no places can be counted (``moved`` is 0); ``mean_move`` (scheme); ``ahead`` (scheme,
        unit): share of draws in which the unit's rank is better than under the first scheme.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=2)
    >>> card = povsim.read_scorecard("xiangyin-2016-townships")
    >>> own = povsim.weight_scheme(card)
    >>> heavy = own.with_points({"satisfaction": 30}, rescale=True).named("heavy")
    >>> scores = povsim.score(povsim.indicator_values(outcomes, card), card, schemes=[own, heavy])
    >>> int(compare_schemes(scores, year=2016)["moved"].isel(scheme=0).sum())
    0
    """
    one = scores.isel(scenario=scenario).sel(year=year).transpose("scheme", "draw", "unit", ...)
    total = float(scores.attrs.get("total_points", 100.0)) or 1.0
    places = one["rank"].to_numpy()
    totals = _means(np.where(places == 0, np.nan, np.round(one["total"].to_numpy().astype(np.float64), 4) / total))
    units = [str(unit) for unit in one["unit"].to_numpy()]
    schemes = [str(code) for code in one["scheme"].to_numpy()]
    found = ranked(totals, {"scheme": schemes, "unit": units}, total)
    out = with_moves(found, found.isel(scheme=0, drop=True))
    better = (places < places[:1]) & (places > 0)
    about = {"units": "share", "long_name": "share of draws with a better rank", "long_name_zh": "名次更好的模拟占比"}
    out["ahead"] = (("scheme", "unit"), better.mean(axis=1), about)
    return out.assign_attrs(method="re-evaluated", why="each scheme was scored")
