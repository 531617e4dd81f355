"""Verdicts on villages and counties, worked out from counts: in truth, and as a sampled inspection sees them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.stats import hypergeom

from povsim.draws import household_key, uniforms
from povsim.outcomes import variable
from povsim.quantity import Quantity
from povsim.rulebook import Comparison, CountyTest, VillageTest
from povsim.scenario import Scenario

NOT_APPLICABLE = -1
"""Verdict where there is no test, and result of a test whose figure is not known; it vetoes nothing."""

Flags = npt.NDArray[np.bool_]


def compare_ratio(
    numerator: npt.NDArray[np.int64],
    denominator: npt.NDArray[np.int64],
    comparison: Comparison,
    bound: float | Fraction,
) -> Flags:
    """Compare ratios of whole numbers with a bound given in decimals, in whole numbers of any size.

    A ratio without a denominator passes an upper bound and fails a lower one.

    Examples
    --------
    >>> compare_ratio(np.array([2, 1]), np.array([100, 100]), "<", 0.02).tolist()
    [False, True]
    """
    exact = bound if isinstance(bound, Fraction) else Fraction(repr(float(bound)))
    # Python's whole numbers: yuan times the denominator of a decimal would not fit into 64 bits
    left = numerator.astype(object) * exact.denominator
    right = denominator.astype(object) * exact.numerator
    results = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    chosen = np.asarray(results[comparison], dtype=bool)
    return np.where(denominator == 0, comparison in ("<", "<="), chosen)


def add_verdicts(
    outcomes: xr.Dataset, register: xr.Dataset, scenarios: tuple[Scenario, ...], *, seed: int
) -> xr.Dataset:
    """Return the outcomes with the verdicts on villages and counties.

    Parameters
    ----------
    outcomes : Dataset
        Counts by scenario, draw, year and village.
    register : Dataset
        Collective income of the villages.
    scenarios : tuple of Scenario
        Their standards; the codes of all tests are joined along the veto dim, household tests first.
    seed : int
        Address of the sampled county test's luck.
    """
    codes, levels, names = _tests(scenarios)
    shape = (*outcomes["poor_persons"].shape, len(codes))
    fails = np.full(shape, NOT_APPLICABLE, dtype=np.int8)
    passes = np.ones(shape[:-1], dtype=np.int8)
    for place, scenario in enumerate(scenarios):
        one = outcomes.isel(scenario=place)
        for test in scenario.exit_standard.village:
            failing = (~_village_test(test, one, register, scenario)).astype(np.int8)
            if test.column == "collective_income":
                failing[..., np.isnan(register["collective_income"].to_numpy())] = NOT_APPLICABLE
            fails[place, ..., codes.index(test.code)] = failing
            if test.veto:
                passes[place] &= failing != 1
        if not scenario.exit_standard.village:
            passes[place] = NOT_APPLICABLE
    lead = ("scenario", "draw", "year", "village")
    out = outcomes.assign(
        village_passes=variable("village_passes", lead, passes),
        village_test_fails=variable("village_test_fails", (*lead, "veto"), fails),
    )
    labels = {"veto": codes, "veto_zh": ("veto", names[0]), "veto_en": ("veto", names[1]), "level": ("veto", levels)}
    return _add_counties(out.assign_coords(labels), scenarios, seed)


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


def _village_test(test: VillageTest, one: xr.Dataset, register: xr.Dataset, scenario: Scenario) -> Flags:
    """Tell which villages pass a test, shape (draw, year, village)."""
    status = one["persons"].transpose("draw", "year", "village", "status").to_numpy().astype(np.int64)
    everybody = status.sum(axis=-1)
    results = []
    for place, year in enumerate(scenario.span):
        bound = _bound(test, scenario, year)
        if test.column == "incidence":
            left, below = status[:, place, :, 1] + status[:, place, :, 3], everybody[:, place]
        elif test.column == "mean_income":
            total = one["income_sum"].sel(source="total").transpose("draw", "year", "village").to_numpy()
            left, below = np.floor(total[:, place]).astype(np.int64), everybody[:, place]
        else:
            rises = range(int(register.attrs["year"]) + 1, year + 1)
            grown = sum(scenario.references.collective_growth.at(each) for each in rises)
            income = np.nan_to_num(register["collective_income"].to_numpy().astype(np.float64)) + grown
            left = np.broadcast_to(np.floor(income).astype(np.int64), everybody[:, place].shape)
            below = np.ones_like(left)
        results.append(compare_ratio(left, below, test.comparison, bound))
    return np.stack(results, axis=1)


def _bound(test: VillageTest, scenario: Scenario, year: int) -> Fraction:
    bound = Fraction(repr(test.threshold.at(year)))
    reference = scenario.references.province_mean_income
    if test.of == "province_mean_income" and isinstance(reference, Quantity):
        return bound * Fraction(repr(reference.at(year)))
    return bound


def _add_counties(outcomes: xr.Dataset, scenarios: tuple[Scenario, ...], seed: int) -> xr.Dataset:
    counties = sorted(set(outcomes["county"].to_numpy().tolist()))
    codes = outcomes["veto"].to_numpy().tolist()
    shape = (len(scenarios), outcomes.sizes["draw"], outcomes.sizes["year"], len(counties))
    rates = {kind: np.full((*shape, len(codes)), np.nan, dtype=np.float32) for kind in ("true", "seen")}
    passes = {kind: np.ones(shape, dtype=np.int8) for kind in ("true", "seen")}
    for place, scenario in enumerate(scenarios):
        one = outcomes.isel(scenario=place)
        for where, county in enumerate(counties):
            villages = one.isel(village=np.flatnonzero(one["county"].to_numpy() == county))
            if not scenario.exit_standard.county:
                for verdict in passes.values():
                    verdict[place, :, :, where] = NOT_APPLICABLE
                continue
            for kind, counts in (("true", _true_counts(villages)), ("seen", _seen_counts(villages, scenario, seed))):
                for test in scenario.exit_standard.county:
                    ok, rate = _county_test(test, counts, scenario)
                    rates[kind][place, :, :, where, codes.index(test.code)] = rate
                    passes[kind][place, :, :, where] &= ok
    lead = ("scenario", "draw", "year", "county_name")
    data = {f"county_passes_{kind}": variable(f"county_passes_{kind}", lead, passes[kind]) for kind in passes}
    data |= {f"county_rate_{kind}": variable(f"county_rate_{kind}", (*lead, "veto"), rates[kind]) for kind in rates}
    return outcomes.assign(data).assign_coords(county_name=counties)


Counted = dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


def _true_counts(villages: xr.Dataset) -> Counted:
    """Count a county: numerators and denominators of its rates, each (draw, year), in persons."""
    status = villages["persons"].astype(np.int64).sum("village")
    everybody = status.sum("status").to_numpy()
    omitted = villages["omissions"].astype(np.int64).sum("village").to_numpy()
    wrong = villages["failing_exited_persons"].astype(np.int64).sum("village").to_numpy()
    registered = status.sel(status=["registered", "relapsed"]).sum("status").to_numpy()
    return {
        "composite_incidence": (registered + omitted + wrong, everybody),
        "wrong_exit_rate": (wrong, status.sel(status="exited").to_numpy()),
        "omission_rate": (omitted, status.sel(status="never_registered").to_numpy()),
    }


def _seen_counts(villages: xr.Dataset, scenario: Scenario, seed: int) -> Counted:
    """Sample villages and households as a county inspection does; each rate has its own denominator.

    Half of the questionnaires go to exited, half to unregistered households of the sampled villages. Which villages and
    how many failing households are met depends on addressed luck that the scenarios share.
    """
    plan = scenario.inspection
    chosen = _sampled_villages(villages, int(plan.sample_villages.at(scenario.years[0])), seed)
    asked = int(plan.sample_households.at(scenario.years[0])) // 2
    status = villages["households"].transpose("draw", "year", "village", "status").to_numpy().astype(np.int64)
    counts: Counted = {}
    for name, failing, place in (
        ("wrong_exit_rate", "failing_exited_households", 2),
        ("omission_rate", "omissions_households", 0),
    ):
        pool = (status[..., place] * chosen).sum(axis=-1)
        bad = (villages[failing].transpose("draw", "year", "village").to_numpy().astype(np.int64) * chosen).sum(axis=-1)
        size = np.minimum(asked, pool)
        luck = _county_luck(villages, f"inspection.sample.{name}", seed)
        counts[name] = (sampled_failures(luck, pool, bad, size), size)
    counts["composite_incidence"] = _composite(villages, counts)
    return counts


def sampled_failures(
    luck: npt.NDArray[np.float64],
    pool: npt.NDArray[np.int64],
    failing: npt.NDArray[np.int64],
    asked: int | npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return how many failing households a sample without replacement meets.

    Parameters
    ----------
    luck : array
        Uniforms, one a sample.
    pool, failing : array
        Households that can be sampled, and how many of them fail.
    asked : int or array
        Size of the sample.

    Returns
    -------
    array of int
        Hypergeometric counts: the quantile of the law at ``luck``.

    Examples
    --------
    >>> sampled_failures(np.array([0.5]), np.array([100]), np.array([20]), 50).tolist()
    [10]
    """
    found = hypergeom.ppf(luck, np.maximum(pool, 1), failing, asked)
    return np.asarray(np.nan_to_num(found), dtype=np.int64)


def _composite(villages: xr.Dataset, counts: Counted) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (registered + omission rate x unregistered + wrong-exit rate x exited) over everybody, in persons."""
    status = villages["persons"].astype(np.int64).sum("village")
    seen = status.sel(status=["registered", "relapsed"]).sum("status").to_numpy().astype(np.float64)
    for name, group in (("omission_rate", "never_registered"), ("wrong_exit_rate", "exited")):
        bad, size = counts[name]
        seen = seen + status.sel(status=group).to_numpy() * bad / np.maximum(size, 1)
    return np.rint(seen).astype(np.int64), status.sum("status").to_numpy()


def _sampled_villages(villages: xr.Dataset, wanted: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw villages without replacement: 1 where sampled, shape (draw, year, village)."""
    keys = household_key(villages["village"].to_numpy())
    shape = (villages.sizes["draw"], villages.sizes["year"], keys.size)
    luck = np.empty(shape, dtype=np.float32)
    for d, draw in enumerate(villages["draw"].to_numpy().tolist()):
        for y, year in enumerate(villages["year"].to_numpy().tolist()):
            luck[d, y] = uniforms(keys, seed=seed, draw=draw, year=year, decision="inspection.sample.village")
    order = np.argsort(np.argsort(luck, axis=-1), axis=-1)
    return (order < wanted).astype(np.int64)


def _county_luck(villages: xr.Dataset, decision: str, seed: int) -> npt.NDArray[np.float64]:
    key = household_key(villages["county"].to_numpy()[:1])
    years, draws = villages["year"].to_numpy().tolist(), villages["draw"].to_numpy().tolist()
    luck = [[float(uniforms(key, seed=seed, draw=d, year=y, decision=decision)[0]) for y in years] for d in draws]
    return np.array(luck)


def _county_test(test: CountyTest, counts: Counted, scenario: Scenario) -> tuple[Flags, npt.NDArray[np.float64]]:
    bad, size = counts[test.column]
    passing = [
        compare_ratio(bad[:, place], size[:, place], test.comparison, test.threshold.at(year))
        for place, year in enumerate(scenario.span)
    ]
    rate = np.divide(bad, size, out=np.full(bad.shape, np.nan), where=size > 0)
    return np.stack(passing, axis=1), rate
