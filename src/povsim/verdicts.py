"""Verdicts on villages and counties, worked out from counts: in truth, and as a sampled inspection sees them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.outcomes import variable
from povsim.quantity import Quantity
from povsim.rulebook import Comparison, VillageTest
from povsim.sampling import (
    APPROVAL,
    EXITED,
    ORDER,
    UNREGISTERED,
    Met,
    ask_households,
    choose_villages,
    sample_luck,
    sampled_failures,
)
from povsim.scenario import Scenario
from povsim.terms import Status

NOT_APPLICABLE = -1
"""Verdict where there is no test, and result of a test whose figure is not known; it vetoes nothing."""

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Ratio = tuple[Whole, Whole]
"""Numerators and denominators of a figure."""

_LEAD = ("draw", "year", "village")
_KINDS = ("true", "seen")
_SAFE = 2**62


def compare_ratio(numerator: Whole, denominator: Whole, comparison: Comparison, bound: float | Fraction) -> Flags:
    """Compare ratios of whole numbers with a bound given in decimals, in whole numbers of any size.

    A ratio without a denominator passes an upper bound and fails a lower one.

    Examples
    --------
    >>> compare_ratio(np.array([2, 1]), np.array([100, 100]), "<", 0.02).tolist()
    [False, True]
    """
    exact = bound if isinstance(bound, Fraction) else Fraction(repr(float(bound)))
    largest = max(_largest(numerator) * exact.denominator, _largest(denominator) * abs(exact.numerator))
    # Python's whole numbers where products do not fit into 64 bits: yuan times the denominator of a long decimal
    kind = np.int64 if largest < _SAFE else object
    left, right = numerator.astype(kind) * exact.denominator, denominator.astype(kind) * exact.numerator
    if comparison in ("<", "<="):
        chosen = left < right if comparison == "<" else left <= right
    else:
        chosen = left > right if comparison == ">" else left >= right
    return np.where(denominator == 0, comparison in ("<", "<="), np.asarray(chosen, dtype=bool))


def _largest(values: Whole) -> int:
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0


def add_verdicts(
    outcomes: xr.Dataset, register: xr.Dataset, scenarios: tuple[Scenario, ...], *, seed: int
) -> xr.Dataset:
    """Return the outcomes with the verdicts on villages and counties.

    Parameters
    ----------
    outcomes : Dataset
        Counts by scenario, draw, year and village. ``facilities_lacking`` (..., facility; -1 not modelled) and
        ``collective_projects`` (yuan) are read where they are there.
    register : Dataset
        Collective income of the villages, which of them are poor, and who was on the register as relapsed.
    scenarios : tuple of Scenario
        Their standards; the codes of all tests are joined along the veto dim, household tests first.
    seed : int
        Address of the sampled county test's luck.

    Returns
    -------
    Dataset
        With ``village_passes`` and ``village_test_fails``; for counties ``county_passes_true``, ``county_passes_seen``,
        ``county_rate_true``, ``county_rate_seen``, and ``county_sample``, the denominator of each rate seen.
    """
    codes, levels, names = _tests(scenarios)
    shape = (*outcomes["poor_persons"].shape, len(codes))
    fails = np.full(shape, NOT_APPLICABLE, dtype=np.int8)
    passes = np.ones(shape[:-1], dtype=np.int8)
    for place, scenario in enumerate(scenarios):
        one = outcomes.isel(scenario=place)
        for test in scenario.exit_standard.village:
            failing = _village_fails(test, one, register, scenario)
            fails[place, ..., codes.index(test.code)] = failing
            if test.veto:
                passes[place] &= failing != 1
        if not scenario.exit_standard.village:
            passes[place] = NOT_APPLICABLE
    lead = ("scenario", *_LEAD)
    out = outcomes.assign(
        village_passes=variable("village_passes", lead, passes),
        village_test_fails=variable("village_test_fails", (*lead, "veto"), fails),
    )
    labels = {"veto": codes, "veto_zh": ("veto", names[0]), "veto_en": ("veto", names[1]), "level": ("veto", levels)}
    return _add_counties(out.assign_coords(labels), register, scenarios, seed)


def _tests(scenarios: tuple[Scenario, ...]) -> tuple[list[str], list[str], tuple[list[str], list[str]]]:
    """List tests along the veto dim: household tests in bit order, then those of villages, then of counties."""
    found: dict[str, tuple[str, str, str]] = {}
    for level in ("household", "village", "county"):
        for scenario in scenarios:
            standard = scenario.exit_standard
            tests = standard.household.tests if level == "household" else getattr(standard, level)
            for test in tests:
                found.setdefault(test.code, (level, test.name_zh, test.name_en))
    levels = [item[0] for item in found.values()]
    return list(found), levels, ([item[1] for item in found.values()], [item[2] for item in found.values()])


def _village_fails(
    test: VillageTest, one: xr.Dataset, register: xr.Dataset, scenario: Scenario
) -> npt.NDArray[np.int8]:
    """Tell which villages fail a test, shape (draw, year, village)."""
    figure = _figure(test, one, register, scenario)
    if figure is None:
        return np.full([one.sizes[dim] for dim in _LEAD], NOT_APPLICABLE, dtype=np.int8)
    left, below = figure
    bounds = [_bound(test, scenario, year) for year in scenario.span]
    passing = [compare_ratio(left[:, y], below[:, y], test.comparison, bound) for y, bound in enumerate(bounds)]
    failing = (~np.stack(passing, axis=1)).astype(np.int8)
    if test.column == "collective_income":
        failing[..., np.isnan(register["collective_income"].to_numpy())] = NOT_APPLICABLE
    return failing


def _figure(test: VillageTest, one: xr.Dataset, register: xr.Dataset, scenario: Scenario) -> Ratio | None:
    """Return what a test compares, as ratios of shape (draw, year, village); none where nothing is known of it."""
    if test.column == "facilities":
        return _facilities(test, one)
    if test.column == "collective_income":
        income = collective_income(one, register, scenario)
        return income, np.ones_like(income)
    persons = _whole(one["persons"], "status")
    if test.column == "incidence":
        return persons[..., Status.registered] + persons[..., Status.relapsed], persons.sum(axis=-1)
    if test.column == "poor_without_relapses":
        stayed = persons[..., Status.registered] + _relapsed_before(persons[..., Status.relapsed], register)
        return stayed, np.ones_like(stayed)
    total = one["income_sum"].sel(source="total").transpose(*_LEAD).to_numpy()
    return np.floor(total).astype(np.int64), persons.sum(axis=-1)


def _whole(array: xr.DataArray, *more: str) -> Whole:
    return np.asarray(array.transpose(*_LEAD, *more).to_numpy(), dtype=np.int64)


def _relapsed_before(relapsed: Whole, register: xr.Dataset) -> Whole:
    """Return the relapsed persons of a village who were on its register as relapsed the year before already.

    Counts do not say who they are: at most as many as were there then.
    """
    on_it = register["status"].to_numpy() == Status.relapsed
    persons = (register["persons"].to_numpy().astype(np.float64) * register["weight"].to_numpy())[on_it]
    start = np.bincount(register["household_village"].to_numpy()[on_it], persons, minlength=relapsed.shape[-1])
    before = np.empty_like(relapsed)
    before[:, 0], before[:, 1:] = start.astype(np.int64), relapsed[:, :-1]
    return np.minimum(relapsed, before)


def collective_income(one: xr.Dataset, register: xr.Dataset, scenario: Scenario) -> Whole:
    """Return the villages' collective income, whole yuan: at the start, with its rise, and of projects."""
    rise, base = scenario.references.collective_growth, int(register.attrs["year"])
    grown = np.array([sum(rise.at(each) for each in range(base + 1, year + 1)) for year in scenario.span])
    income = np.nan_to_num(register["collective_income"].to_numpy().astype(np.float64)) + grown[:, np.newaxis]
    if "collective_projects" in one:
        income = income + one["collective_projects"].transpose(*_LEAD).to_numpy()
    whole: Whole = np.floor(income).astype(np.int64)
    return np.broadcast_to(whole, [one.sizes[dim] for dim in _LEAD])


def _facilities(test: VillageTest, one: xr.Dataset) -> Ratio | None:
    """Return the facilities that are there over one, or over all that are modelled; none where none is modelled."""
    lacking = _lacking(one)
    groups: list[tuple[str, ...]] = [(str(test.facility),)]
    if test.facility == "all":
        groups = [(code,) for code in lacking]
    elif test.facility == "haves":
        groups = [tuple(group) for group in test.haves.values()]
    if not any(code in lacking for group in groups for code in group):
        return None
    there = np.full([one.sizes[dim] for dim in _LEAD], len(groups), dtype=np.int64)
    for group in groups:
        gone = [lacking[code] for code in group if code in lacking]
        if gone:
            there -= np.logical_or.reduce(gone)
    return there, np.full_like(there, len(groups) if test.facility == "all" else 1)


def _lacking(one: xr.Dataset) -> dict[str, Flags]:
    """Return which villages lack each facility that is modelled; -1 stands for one that is not."""
    if "facilities_lacking" not in one:
        return {}
    values = one["facilities_lacking"].transpose(*_LEAD, "facility").to_numpy()
    codes = one["facility"].to_numpy().tolist()
    return {code: values[..., place] == 1 for place, code in enumerate(codes) if (values[..., place] >= 0).any()}


def _bound(test: VillageTest, scenario: Scenario, year: int) -> Fraction:
    bound = Fraction(repr(test.threshold.at(year)))
    reference = scenario.references.province_mean_income
    if test.of == "province_mean_income" and isinstance(reference, Quantity):
        return bound * Fraction(repr(reference.at(year)))
    return bound


Counted = dict[str, Ratio]
"""Rates of a county by column, each (draw, year); a column of which nothing is known is missing."""


@dataclass(frozen=True)
class _County:
    """Counts of a county's villages in one scenario.

    ``exited`` and ``unregistered`` are (4, draw, year, village): households of the group, those failing, persons of the
    group, those failing. ``registered``, with relapsed, and ``everybody`` are persons (draw, year).
    """

    exited: Whole
    unregistered: Whole
    registered: Whole
    everybody: Whole
    poor: Flags


def _add_counties(outcomes: xr.Dataset, register: xr.Dataset, scenarios: tuple[Scenario, ...], seed: int) -> xr.Dataset:
    counties = sorted(set(outcomes["county"].to_numpy().tolist()))
    codes = outcomes["veto"].to_numpy().tolist()
    shape = (len(scenarios), outcomes.sizes["draw"], outcomes.sizes["year"], len(counties))
    passes = {kind: np.full(shape, NOT_APPLICABLE, dtype=np.int8) for kind in _KINDS}
    rates = {kind: np.full((*shape, len(codes)), np.nan, dtype=np.float32) for kind in _KINDS}
    sizes = {kind: np.zeros((*shape, len(codes)), dtype=np.int64) for kind in _KINDS}
    judged = [place for place, scenario in enumerate(scenarios) if scenario.exit_standard.county]
    villages = [np.flatnonzero(outcomes["county"].to_numpy() == county) for county in counties if judged]
    luck = [_luck(outcomes, places, seed) for places in villages]
    for place in judged:
        scenario, groups = scenarios[place], _groups(outcomes.isel(scenario=place))
        for where, places in enumerate(villages):
            county, at = _county(groups, register, places), (place, slice(None), slice(None), where)
            found = _true_rates(county, scenario), _seen_rates(county, scenario, luck[where])
            for kind, columns in zip(_KINDS, found, strict=True):
                passes[kind][at], rates[kind][at], sizes[kind][at] = _judge(columns, scenario, codes)
    lead = ("scenario", "draw", "year", "county_name")
    data = {f"county_passes_{kind}": variable(f"county_passes_{kind}", lead, passes[kind]) for kind in _KINDS}
    data |= {f"county_rate_{kind}": variable(f"county_rate_{kind}", (*lead, "veto"), rates[kind]) for kind in _KINDS}
    data["county_sample"] = xr.Variable((*lead, "veto"), sizes["seen"], _SAMPLE)
    return outcomes.assign(data).assign_coords(county_name=counties)


_SAMPLE = {
    "units": "persons",
    "long_name": "denominator of the rate seen: persons asked (approval: households asked)",
    "long_name_zh": "抽查指标的分母：抽查人数（认可度为户数）",
}


def _luck(outcomes: xr.Dataset, places: npt.NDArray[np.intp], seed: int) -> npt.NDArray[np.float32]:
    """Return the luck of a county's samples, (draw, year, lane, village and then the county)."""
    draws, years = outcomes["draw"].to_numpy().tolist(), outcomes["year"].to_numpy().tolist()
    addresses = [outcomes["village"].to_numpy()[places], outcomes["county"].to_numpy()[places[:1]]]
    return np.concatenate([sample_luck(each, draws, years, seed=seed) for each in addresses], axis=-1)


def _groups(one: xr.Dataset) -> Whole:
    """Count all villages of a scenario, (10, draw, year, village): four of exited, four of unregistered, two more."""
    households, persons = (one[name].transpose(*_LEAD, "status").to_numpy() for name in ("households", "persons"))
    failing = {name: one[name].transpose(*_LEAD).to_numpy() for name in _FAILING}
    counts = np.empty((10, *persons.shape[:-1]), dtype=np.int64)
    for row, status in ((0, Status.exited), (4, Status.never_registered)):
        counts[row], counts[row + 2] = households[..., status], persons[..., status]
    for row, name in zip((1, 3, 5, 7), _FAILING, strict=True):
        counts[row] = failing[name]
    counts[8] = persons[..., Status.registered]
    counts[8] += persons[..., Status.relapsed]
    counts[9] = persons.sum(axis=-1, dtype=np.int64)
    return counts


_FAILING = ("failing_exited_households", "failing_exited_persons", "omissions_households", "omissions")


def _county(groups: Whole, register: xr.Dataset, places: npt.NDArray[np.intp]) -> _County:
    """Pick a county's villages; those of the register are in the same order as those of the outcomes."""
    own = groups if places.size == groups.shape[-1] else groups[..., places]
    poor = register["poor_village"].to_numpy().astype(bool)[places]
    return _County(own[:4], own[4:8], own[8].sum(axis=-1), own[9].sum(axis=-1), poor)


def _true_rates(county: _County, scenario: Scenario) -> Counted:
    """Return a county's rates in truth, by persons."""
    wrong, omitted = county.exited[3].sum(axis=-1), county.unregistered[3].sum(axis=-1)
    rates = {
        "composite_incidence": (county.registered + omitted + wrong, county.everybody),
        "wrong_exit_rate": (wrong, county.exited[2].sum(axis=-1)),
        "omission_rate": (omitted, county.unregistered[2].sum(axis=-1)),
    }
    if scenario.inspection.approval is not None:
        shares = [Fraction(repr(scenario.inspection.approval.at(year))) for year in scenario.span]
        top, bottom = ([getattr(share, part) for share in shares] for part in ("numerator", "denominator"))
        rates["approval"] = (np.broadcast_to(top, wrong.shape), np.broadcast_to(bottom, wrong.shape))
    return rates


def _seen_rates(county: _County, scenario: Scenario, luck: npt.NDArray[np.float32]) -> Counted:
    """Return a county's rates as sampled: villages by stratum, then households within them.

    Half of the questionnaires go to exited, half to unregistered households of the sampled villages; each rate has its
    own denominator. Everyone asked is asked for approval too, whose failures are spread evenly over the villages.
    """
    plan, years = scenario.inspection, list(scenario.span)
    by_village = luck[..., :-1]
    chosen = choose_villages(by_village[:, :, ORDER], _strata(county.poor, scenario))
    asked = [int(plan.sample_households.at(year)) for year in years]
    exited = ask_households(chosen, county.exited, [each // 2 for each in asked], by_village[:, :, EXITED])
    others = [each - each // 2 for each in asked]
    unregistered = ask_households(chosen, county.unregistered, others, by_village[:, :, UNREGISTERED])
    rates = {
        "wrong_exit_rate": (exited.failing, exited.persons),
        "omission_rate": (unregistered.failing, unregistered.persons),
    }
    rates["composite_incidence"] = _composite(county, rates)
    if plan.approval is not None:
        shares = np.array([plan.approval.at(year) for year in years])
        rates["approval"] = _approval(shares, exited, unregistered, luck[:, :, APPROVAL, -1])
    return rates


def _strata(poor: Flags, scenario: Scenario) -> list[tuple[Flags, list[int]]]:
    """Return the strata that villages are drawn from, with the number wanted by year."""
    plan = scenario.inspection
    if plan.poor_villages is None or plan.other_villages is None:
        wanted = [(np.ones_like(poor), plan.sample_villages)]
    else:
        wanted = [(poor, plan.poor_villages), (~poor, plan.other_villages)]
    return [(members, [int(number.at(year)) for year in scenario.span]) for members, number in wanted]


def _composite(county: _County, seen: Counted) -> Ratio:
    """Return (registered + omission rate x unregistered + wrong-exit rate x exited) over everybody, in persons."""
    total = county.registered
    for name, group in (("omission_rate", county.unregistered), ("wrong_exit_rate", county.exited)):
        bad, size = seen[name]
        below = np.maximum(size, 1)
        total = total + (2 * group[2].sum(axis=-1) * bad + below) // (2 * below)
    return total, county.everybody


def _approval(shares: npt.NDArray[np.float64], one: Met, other: Met, luck: npt.NDArray[np.float32]) -> Ratio:
    """Return how many of the households asked approve, out of those of the sampled villages."""
    pool, asked = one.pool + other.pool, one.asked + other.asked
    approving = np.floor(shares * pool + 0.5).astype(np.int64)
    return sampled_failures(luck, pool, approving, asked), asked


def _judge(
    columns: Counted, scenario: Scenario, codes: list[str]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], Whole]:
    """Return verdicts (draw, year), and rates with their denominators (draw, year, veto)."""
    tests = [test for test in scenario.exit_standard.county if test.column in columns]
    shape = columns["composite_incidence"][0].shape
    passes = np.full(shape, 1 if tests else NOT_APPLICABLE, dtype=np.int8)
    rates = np.full((*shape, len(codes)), np.nan, dtype=np.float32)
    sizes = np.zeros((*shape, len(codes)), dtype=np.int64)
    for test in tests:
        (bad, size), veto = columns[test.column], codes.index(test.code)
        for place, year in enumerate(scenario.span):
            passes[:, place] &= compare_ratio(bad[:, place], size[:, place], test.comparison, test.threshold.at(year))
        rates[..., veto] = np.divide(bad, size, out=np.full(shape, np.nan), where=size > 0)
        sizes[..., veto] = size
    return passes, rates, sizes
