"""What the veto lab keeps of a run: patterns, verdicts on villages, margins, cures and rates, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.views.vetoes_boards import passes
from povsim.views.vetoes_patterns import by_draw

if TYPE_CHECKING:
    from povsim.folder import Run
    from povsim.scenario import Scenario
    from povsim.sensitivity.veto_rollups import Histograms
    from povsim.sensitivity.veto_runs import Stored

Array = npt.NDArray[Any]
CURED_DRAWS = 20
"""Draws whose failing villages get their cheapest cure worked out: half a millisecond each."""
SIZES = tuple(range(100, 5001, 100))
"""Sample sizes that the slider stops at."""
RATES = 121
"""True rates of a sampled test, from 0 to three times its limit."""
NATIONAL = 0.02
"""Wrong exits and omissions that the inspection of counties (2017) tolerates; used where a standard tests no county."""


def digest(run: Run) -> xr.Dataset:
    """Return what the veto lab keeps of a run, of its first scenario.

    Parameters
    ----------
    run : Run
        As ``open_run`` returns it, with patterns and margins.

    Returns
    -------
    Dataset
        ``cases`` (year, draw, pattern, count): households and persons by the rules they fail; ``any_hit``,
        ``sole_blocker``, ``shapley``, ``overlap`` and ``both`` of ``excluded_by_draw``; ``row_*`` and ``area_*``:
        persons by draw, village and pattern; ``rollup_*`` of ``rolled_up``; ``village_*`` (year, draw, village,
        village_rule): verdicts and the figures behind them; ``margin_*`` (year, bin); ``cure_*`` (year, village);
        ``sampled`` (test, size, rate) and ``true_rate`` (year, draw, test).

    Raises
    ------
    InputError
        A run without patterns.
    """
    from povsim.sensitivity.veto_runs import rolled_up, stored_patterns, village_histograms

    plan = run.scenarios[0]
    stored = [stored_patterns(run, year, plan.code) for year in plan.span]
    areas = [village_histograms(one) for one in stored]
    parts = [
        _labels(run, plan, stored[0]),
        _cases(stored),
        _areas(areas),
        _rollups([rolled_up(one) for one in stored]),
        _villages(run, plan),
        _margins(run, plan, stored[0].codes),
        _cures(areas, stored),
        _sampling(run, plan),
    ]
    return xr.merge(parts, compat="override", join="exact", combine_attrs="no_conflicts")


def _labels(run: Run, plan: Scenario, stored: Stored) -> xr.Dataset:
    tests = {test.code: test for test in plan.exit_standard.household.tests}
    from povsim.sensitivity.veto_runs import line_of, village_limit

    years, first = list(plan.span), stored.codes[:1] == [plan.exit_standard.household.tests[0].code]
    lines = [line_of(plan, year) if first else None for year in years]
    limits = [village_limit(plan, year) for year in years]
    names = run.outcomes["township"].to_numpy().astype(str)
    coords = {
        "year": years,
        "draw": np.asarray(stored.draws),
        "village": np.array(stored.villages, dtype=str),
        "township": ("village", names),
        "rule": stored.labels["veto"],
        "rule_zh": ("rule", stored.labels["veto_zh"][1]),
        "rule_en": ("rule", stored.labels["veto_en"][1]),
        "rule_kind": ("rule", np.array([tests[code].type for code in stored.codes], dtype=str)),
        "count": ["households", "persons"],
    }
    data = {
        "line": ("year", np.array([np.nan if line is None else line for line in lines])),
        "limit": ("year", np.array([limit for limit, _ in limits])),
        "own_error": ("year", np.array([plan.inspection.income_error.at(year) for year in years])),
    }
    attrs = {
        "limit_comparison": str(limits[0][1]),
        "seed": run.manifest.get("seed", 1),
        "currency": str(run.outcomes.attrs.get("currency", "yuan")),
    }
    return xr.Dataset(data, coords, attrs)


def _cases(stored: Sequence[Stored]) -> xr.Dataset:
    patterns = np.unique(np.concatenate([one.rows["pattern"].to_numpy() for one in stored])).astype(np.uint64)
    draws = len(stored[0].draws)
    cases = np.zeros((len(stored), draws, patterns.size, 2), dtype=np.int64)
    for place, one in enumerate(stored):
        where = np.searchsorted(patterns, one.rows["pattern"].to_numpy().astype(np.uint64))
        key = one.rows["draw"].to_numpy() * patterns.size + where
        for column, name in enumerate(("households", "persons")):
            # sums of whole numbers below 2**53 are exact
            found = np.bincount(key, one.rows[name].to_numpy(), minlength=draws * patterns.size)
            cases[place, :, :, column] = found.reshape(draws, patterns.size)
    base = [by_draw(patterns, year, len(stored[0].codes)) for year in cases]
    data: dict[str, Any] = {
        "cases": (("year", "draw", "pattern_number", "count"), cases.astype(np.int32)),
        "pattern": ("pattern_number", patterns),
    }
    for name, dims in _BASE.items():
        data[name] = (("year", *dims), np.stack([one[name] for one in base]))
    return xr.Dataset(data)


_BASE: Mapping[str, tuple[str, ...]] = {
    "any_hit": ("count", "draw", "rule"),
    "sole_blocker": ("count", "draw", "rule"),
    "shapley": ("count", "draw", "rule"),
    "excluded": ("count", "draw"),
    "overlap": ("count", "rule", "other_rule"),
    "both": ("count", "rule", "other_rule"),
}


def _areas(areas: Sequence[Histograms]) -> xr.Dataset:
    """Return persons by village and pattern of all years, one after another, in as few bytes as they need.

    Patterns go by their place in ``pattern``: both hold all that occur, in order.
    """
    every = np.concatenate([one.patterns for one in areas])
    patterns, rows = np.unique(every, return_inverse=True)
    persons = np.concatenate([one.counts for one in areas])
    row_edges = np.cumsum([0, *(one.counts.size for one in areas)])
    starts = [one.starts[:-1] + first for one, first in zip(areas, row_edges, strict=False)]
    keys = [np.array([int(area) for area in one.areas]) for one in areas]
    data = {
        "row_pattern": ("row", rows.astype(np.min_scalar_type(max(patterns.size - 1, 0)))),
        "row_persons": ("row", persons.astype(np.min_scalar_type(int(persons.max(initial=0))))),
        "area_start": ("area", np.concatenate(starts).astype(np.int32)),
        "area_key": ("area", np.concatenate(keys).astype(np.int32)),
        "year_rows": ("year_edge", row_edges),
        "year_areas": ("year_edge", np.cumsum([0, *(key.size for key in keys)])),
    }
    return xr.Dataset(data)


def _rollups(found: Sequence[xr.Dataset]) -> xr.Dataset:
    data: dict[str, Any] = {
        f"rollup_{name}": (("year", "rule"), np.stack([one[name].to_numpy() for one in found]))
        for name in ("shapley", "alone", "sole_blocker")
    }
    data["rollup_failing"] = (("year", "draw"), np.stack([one["failing"].to_numpy() for one in found]))
    return xr.Dataset(data)


# ---- village tests: verdicts and the figures behind them ----


def _villages(run: Run, plan: Scenario) -> xr.Dataset:
    tests = [test for test in plan.exit_standard.village if test.veto]
    lead, codes = ("year", "draw", "village"), [test.code for test in tests]
    one = run.outcomes.sel(scenario=plan.code)
    fails = one["village_test_fails"].sel(veto=codes).transpose(*lead, "veto").to_numpy()
    bounds = np.array([[_bound(test, plan, year) for test in tests] for year in plan.span]).reshape(-1, len(tests))
    figures = np.full(fails.shape, np.nan, dtype=np.float32)
    movable = np.zeros(len(tests), dtype=bool)
    for place, test in enumerate(tests):
        figure = _figure(one, test)
        if figure is None:
            continue
        failing = ~passes(figure, bounds[:, place, np.newaxis, np.newaxis], test.comparison)
        # figures that do not give the verdicts stored are not what was tested
        movable[place] = np.array_equal(failing, fails[..., place] == 1)
        figures[..., place] = figure if movable[place] else np.nan
    dims = (*lead, "village_rule")
    coords = {
        "village_rule": np.array(codes, dtype=str),
        "village_rule_zh": ("village_rule", np.array([test.name_zh for test in tests], dtype=str)),
        "village_rule_en": ("village_rule", np.array([test.name_en for test in tests], dtype=str)),
        "village_comparison": ("village_rule", np.array([test.comparison for test in tests], dtype=str)),
        "village_unit": ("village_rule", np.array([_unit(test) for test in tests], dtype=str)),
    }
    data = {
        "village_fails": (dims, fails == 1),
        "village_figure": (dims, figures),
        "village_movable": ("village_rule", movable),
        "village_threshold": (("year", "village_rule"), bounds),
        "village_scale": (("year", "village_rule"), _scales(tests, plan, bounds)),
    }
    return xr.Dataset(data, coords)


def _unit(test: Any) -> str:
    # a share of the province's mean is shown, and moved, as the money that it stands for
    return "yuan per head and year" if test.column == "mean_income" else str(test.threshold.unit)


def _bound(test: Any, plan: Scenario, year: int) -> float:
    bound = float(test.threshold.at(year))
    reference = plan.references.province_mean_income
    asked = test.of == "province_mean_income" and reference is not None
    return bound * float(reference.at(year)) if asked and reference is not None else bound


def _scales(tests: Sequence[Any], plan: Scenario, bounds: Array) -> Array:
    """Return the threshold as the plan writes it over the one compared, (year, village_rule)."""
    rows = [[float(test.threshold.at(year)) for test in tests] for year in plan.span]
    written = np.array(rows).reshape(bounds.shape)
    scales: Array = np.divide(written, bounds, out=np.ones_like(written), where=bounds != 0)
    return scales


def _figure(one: xr.Dataset, test: Any) -> Array | None:
    """Return what a village test compares, (year, draw, village); none where the outcomes do not say."""
    lead = ("year", "draw", "village")
    persons = one["persons"].transpose(*lead, "status")
    everybody = persons.sum("status").to_numpy().astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if test.column == "incidence":
            poor = persons.sel(status=["registered", "relapsed"]).sum("status").to_numpy()
            return np.asarray((poor / everybody).astype(np.float32))
        if test.column == "mean_income":
            total = one["income_sum"].sel(source="total").transpose(*lead).to_numpy()
            return np.asarray((total / everybody).astype(np.float32))
    if test.column == "collective_income":
        return np.asarray(np.floor(one["collective_income"].transpose(*lead).to_numpy()).astype(np.float32))
    return _facilities(one, test) if test.column == "facilities" else None


def _facilities(one: xr.Dataset, test: Any) -> Array:
    """Return the facilities (or the listed haves) that are there: a share where all that are modelled are asked for."""
    lacking = one["facilities_lacking"].transpose("facility", "year", "draw", "village").to_numpy()
    known = [str(code) for place, code in enumerate(one["facility"].to_numpy()) if (lacking[place] >= 0).any()]
    gone = dict(zip(known, lacking[[(row >= 0).any() for row in lacking]] == 1, strict=True))
    groups = [(code,) for code in known] if test.facility == "all" else [(str(test.facility),)]
    groups = [tuple(group) for group in test.haves.values()] if test.facility == "haves" else groups
    there = np.full(lacking.shape[1:], float(len(groups)))
    for group in groups:
        missing = [gone[code] for code in group if code in gone]
        if missing:
            there -= np.logical_or.reduce(missing)
    return np.asarray((there / max(len(groups), 1) if test.facility == "all" else there).astype(np.float32))


# ---- margins, cures, the sampled test ----


def _margins(run: Run, plan: Scenario, codes: Sequence[str]) -> xr.Dataset:
    """Return persons by distance to the income line, mean of the draws; nothing where the run has none."""
    from povsim.sensitivity.veto_curves import margin_curve

    income = plan.exit_standard.household.tests[0].code
    if not (run.path / "margins.nc").is_file() or list(codes[:1]) != [income]:
        return xr.Dataset()
    curves = [margin_curve(run.margins, income, year, plan.code) for year in plan.span]
    rows = {name: (("year", "bin"), np.stack([getattr(one, name) for one in curves])) for name in ("free", "blocked")}
    data: dict[str, Any] = {f"margin_{name}": row for name, row in rows.items()}
    return xr.Dataset({**data, "margin_edge": ("edge", curves[0].edges)})


def _cures(areas: Sequence[Histograms], stored: Sequence[Stored]) -> xr.Dataset:
    """Return the cheapest cure that a village needs most often, in the first draws."""
    shape = (len(stored), len(stored[0].villages))
    out = {name: np.zeros(shape) for name in ("often", "cost", "share", "after", "fails")}
    rules, draws = np.zeros(shape, dtype=np.uint64), min(CURED_DRAWS, len(stored[0].draws))
    for place, (one, patterns) in enumerate(zip(areas, stored, strict=True)):
        for village, group in _cured(one, patterns, draws):
            common = group["rules"].mode().iloc[0] if len(group) else ()
            some = group[group["rules"] == common]
            codes = [patterns.codes.index(code) for code in common]
            rules[place, village] = sum(1 << code for code in codes)
            out["often"][place, village] = len(some) / len(group)
            out["fails"][place, village] = len(group) / draws
            for name, column in (("cost", "cost"), ("share", "share"), ("after", "share_after")):
                out[name][place, village] = some[column].mean()
    data: dict[str, Any] = {f"cure_{name}": (("year", "village"), values) for name, values in out.items()}
    return xr.Dataset({**data, "cure_rules": (("year", "village"), rules)}, attrs={"cured_draws": draws})


def _cured(areas: Histograms, stored: Stored, draws: int) -> Iterator[tuple[int, Any]]:
    """Yield each village that fails in any of the first draws, with its cures (one row a draw)."""
    from povsim.sensitivity.veto_cures import area_cures
    from povsim.sensitivity.veto_rollups import Histograms as Part
    from povsim.sensitivity.veto_runs import village_limit

    number = sum(int(area) < draws * len(stored.villages) for area in areas.areas)
    end = int(areas.starts[number])
    some = Part(
        areas.areas[:number], areas.vetoes, areas.patterns[:end], areas.counts[:end], areas.starts[: number + 1]
    )
    limit, comparison = village_limit(stored.scenario, stored.year)
    found = area_cures(some, limit=limit, comparison=comparison)
    villages = found.index.astype(int).to_numpy() % len(stored.villages)
    for village in np.unique(villages).tolist():
        yield village, found[villages == village]


def _sampling(run: Run, plan: Scenario) -> xr.Dataset:
    """Return the operating characteristic of the county's sampled tests, and the rates of the run."""
    from povsim.sensitivity.veto_samples import sampled_test

    found = list(_tests(run, plan))
    sizes = list(SIZES)
    rows, rates, own = [], [], []
    for _, limit, comparison, true in found:
        rates.append(np.minimum(np.linspace(0, 3 * limit, RATES), 1.0))
        every = np.concatenate([rates[-1], np.nan_to_num(true, nan=1.0).ravel()])
        passing = sampled_test(every, sizes, limit=limit, comparison=comparison).to_numpy()
        rows.append(passing[:, :RATES])
        own.append(passing[:, RATES:].reshape(-1, *true.shape).astype(np.float32))
    coords = {
        "test": np.array([code for code, *_ in found], dtype=str),
        "test_comparison": ("test", np.array([sign for _, _, sign, _ in found], dtype=str)),
        "size": sizes,
    }
    empty = np.zeros((0, len(sizes), RATES))
    no_rates = np.zeros((0, run.outcomes.sizes["year"], run.outcomes.sizes["draw"]))
    data = {
        "sampled": (("test", "size", "rate"), np.stack(rows) if rows else empty),
        "rate": (("test", "rate"), np.stack(rates) if rates else empty[:, 0]),
        "test_limit": ("test", np.array([limit for _, limit, *_ in found])),
        "true_rate": (("test", "year", "draw"), np.stack([true for *_, true in found]) if found else no_rates),
        "sampled_true": (
            ("test", "size", "year", "draw"),
            np.stack(own) if found else np.zeros((0, len(sizes), *no_rates.shape[1:])),
        ),
    }
    return xr.Dataset(data, coords, {"national": int(not plan.exit_standard.county), **_test_names(plan)})


def _test_names(plan: Scenario) -> dict[str, str]:
    return {f"test_{test.code}_{lang}": test.label(lang) for test in plan.exit_standard.county for lang in ("zh", "en")}


def _tests(run: Run, plan: Scenario) -> Iterator[tuple[str, float, Any, Array]]:
    """Yield code, limit on the failing rate, comparison, and true rates (year, draw)."""
    one, last = run.outcomes.sel(scenario=plan.code), list(plan.span)[-1]
    for test in plan.exit_standard.county:
        if test.column == "composite_incidence":
            continue
        bound, lower = float(test.threshold.at(last)), test.comparison in (">", ">=")
        true = one["county_rate_true"].sel(veto=test.code).mean("county_name").transpose("year", "draw").to_numpy()
        sign = "<=" if "=" in test.comparison else "<"
        yield test.code, round(1 - bound, 12) if lower else bound, sign, 1 - true if lower else true
    if not plan.exit_standard.county:
        for code, failing, status in _NATIONAL_TESTS:
            bad = one[failing].sum("village").transpose("year", "draw").to_numpy()
            group = one["persons"].sel(status=status).sum("village").transpose("year", "draw").to_numpy()
            yield code, NATIONAL, "<", bad / np.maximum(group, 1)


_NATIONAL_TESTS = (
    ("wrong_exit_rate", "failing_exited_persons", "exited"),
    ("omission_rate", "omissions", "never_registered"),
)
