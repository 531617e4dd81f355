"""A register built from margins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from povsim.alignment import Floats, highest, largest_remainder
from povsim.areas import Declared
from povsim.choosing import Choice, choose_households
from povsim.errors import InputError
from povsim.income_distribution import fifth_means, from_gini, from_quintiles, gini_of_ranked
from povsim.margins import Margins, read_margins, shipped_margins
from povsim.margins_report import net_income
from povsim.quantity import Quantity
from povsim.synthetic import complete_register, margins_report, split_income, synthesise_register
from povsim.terms import CATEGORIES, CAUSES, REGISTER_COLUMNS, Status, position

LINE_2015 = 2855
INTEGER_MARGINS = ["population.households", "population.persons", "registration.households", "registration.persons"]


@pytest.fixture(scope="module")
def sample() -> Margins:
    return read_margins("sample")


@pytest.fixture(scope="module")
def register(sample: Margins) -> xr.Dataset:
    return synthesise_register(sample, seed=1)


@pytest.fixture(scope="module")
def county() -> Margins:
    return read_margins("xiangyin-2016")


@pytest.fixture(scope="module")
def county_register(county: Margins) -> xr.Dataset:
    return synthesise_register(county, seed=1)


def entry(value: float) -> dict[str, Any]:
    return {"value": value, "unit": "x", "source": "test", "status": "assumed"}


def changed(margins: Margins, **changes: Any) -> dict[str, Any]:
    """Return the margins as plain data with entries replaced: ``population__persons=10``."""
    data: dict[str, Any] = margins.model_dump()
    for path, value in changes.items():
        *sections, last = path.split("__")
        place: Any = data
        for section in sections:
            place = place[int(section)] if section.isdigit() else place[section]
        place[last] = entry(value) if isinstance(value, (int, float)) else value
    return data


def per_head(register: xr.Dataset) -> Floats:
    return np.asarray(net_income(register) / register["persons"].to_numpy())


def listed(register: xr.Dataset) -> xr.Dataset:
    rows = register["status"].to_numpy() > 0
    listed = register.isel(household=rows).assign_attrs(coverage="registered")
    return listed.assign(synthetic=xr.zeros_like(listed["synthetic"]))


# ---- small tools


@given(weights=st.lists(st.floats(0, 1e6), min_size=1, max_size=30), total=st.integers(0, 10_000))
def test_largest_remainder_is_exact_and_never_a_whole_off(weights: list[float], total: int) -> None:
    counts = largest_remainder(weights, total)
    assert counts.sum() == total
    share = np.array(weights) / sum(weights) if sum(weights) else np.full(len(weights), 1 / len(weights))
    assert (np.abs(counts - share * total) < 1 + 1e-6).all()


@given(bounds=st.lists(st.integers(0, 20), min_size=1, max_size=10), part=st.floats(0, 1), seed=st.integers(0, 99))
def test_largest_remainder_keeps_bounds(bounds: list[int], part: float, seed: int) -> None:
    total = int(part * sum(bounds))
    counts = largest_remainder(np.random.default_rng(seed).random(len(bounds)), total, at_most=bounds)
    assert counts.sum() == total
    assert (counts <= bounds).all()


def test_bounds_too_tight_are_refused() -> None:
    with pytest.raises(ValueError, match="9 cannot be shared out: the bounds hold 3"):
        largest_remainder([1, 1], 9, at_most=[1, 2])


@given(scores=st.lists(st.floats(-5, 5), max_size=20), count=st.integers(0, 25))
def test_highest_marks_the_number_asked_for(scores: list[float], count: int) -> None:
    values = np.array(scores)
    chosen = highest(values, count)
    assert chosen.sum() == min(count, values.size)
    assert not chosen.any() or chosen.all() or values[chosen].min() >= values[~chosen].max()


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), part=st.floats(0.2, 0.8))
def test_choosing_meets_any_total_that_a_choice_exists_for(seed: int, part: float) -> None:
    rng = np.random.default_rng(seed)
    village = np.sort(rng.integers(0, 4, 120))
    size = rng.integers(1, 7, 120)
    quota = (np.bincount(village, minlength=4) * part).astype(int)
    by_chance = np.concatenate([rng.permutation(np.flatnonzero(village == v))[: quota[v]] for v in range(4)])
    total = int(size[by_chance].sum())
    persons = Declared(np.zeros(4, dtype=int), np.array([total]), ("persons",))
    chosen = choose_households(Choice(village, rng.standard_normal(120), size, "x"), quota, persons)
    assert np.bincount(village[chosen], minlength=4).tolist() == quota.tolist()
    assert size[chosen].sum() == total


def test_choosing_says_what_cannot_be_met() -> None:
    choice = Choice(np.zeros(3, dtype=int), np.arange(3.0), np.array([2, 2, 2]), "county")
    persons = Declared(np.array([0]), np.array([5]), ("registration.persons",))
    with pytest.raises(InputError, match=r"registration.persons: no choice .* found 5; allowed: near [46]"):
        choose_households(choice, np.array([2]), persons)


# ---- income distribution


@settings(max_examples=30)
@given(
    centre=st.floats(0.15, 0.5),
    tilt=st.floats(0.87, 1.15),
    outer=st.tuples(st.floats(1.4, 2.5), st.floats(1.4, 2.5)),
    lean=st.floats(-0.4, 0.4),
    households=st.integers(200, 900),
)
def test_quintiles_come_out_for_any_bell_shape(
    centre: float, tilt: float, outer: tuple[float, float], lean: float, households: int
) -> None:
    steps = centre * np.array([outer[0], tilt, 1 / tilt, outer[1]])
    ratios = np.exp(np.concatenate(([0.0], np.cumsum(steps))))
    rng = np.random.default_rng(households)
    persons = np.maximum(1, np.round(3.3 + lean * np.linspace(-3, 3, households) + rng.normal(0, 1, households)))
    income = from_quintiles(ratios, persons, 10_000.0)
    assert (np.diff(income) > 0).all()
    assert np.average(income, weights=persons) == pytest.approx(10_000, rel=1e-12)
    found = fifth_means(income, persons)
    assert found / found[0] == pytest.approx(ratios / ratios[0], rel=0.01)


@given(gini=st.floats(0.1, 0.7))
@settings(max_examples=30)
def test_gini_comes_out(gini: float) -> None:
    persons = np.random.default_rng(1).integers(1, 7, 2000).astype(float)
    income = from_gini(gini, persons, 12_000.0)
    assert gini_of_ranked(income, persons) == pytest.approx(gini, abs=1e-6)
    assert np.average(income, weights=persons) == pytest.approx(12_000)


def test_handbook_gini() -> None:
    income = np.sort(np.array([10.0, 15, 20, 25, 40, 20, 30, 35, 45, 90]))
    assert gini_of_ranked(income, np.ones(10)) == pytest.approx(0.3272727, abs=1e-7)


# ---- the whole county


def test_the_contract_is_kept(register: xr.Dataset) -> None:
    assert set(register.dims) == {"household", "village", "guarantee"}
    for column in REGISTER_COLUMNS:
        assert register[column.code].dtype == np.dtype(column.dtype), column.code
    assert all({"units", "long_name", "long_name_zh"} <= set(register[name].attrs) for name in register.variables)
    wanted = {
        "year", "coverage", "income_detail", "currency", "count_unit", "unit_of_persons", "source", "sha256", "missing",
        "dropped_personal_columns",
    }  # fmt: skip
    assert wanted <= set(register.attrs)
    assert register.attrs["coverage"] == "population"
    assert register["synthetic"].all()
    keys = list(zip(register["county"].values, register["township"].values, register["village"].values, strict=True))
    assert keys == sorted(keys)
    assert (np.diff(register["household_village"].values) >= 0).all()


def test_rows_are_sorted_and_identifiers_unique(county_register: xr.Dataset) -> None:
    ids, village = county_register["household"].to_numpy(), county_register["household_village"].to_numpy()
    assert ids.dtype == np.int64
    assert np.unique(ids).size == ids.size
    assert ids.min() > 0
    assert (np.lexsort((ids, village)) == np.arange(ids.size)).all()


@pytest.mark.parametrize("name", ["sample", "xiangyin-2016"])
def test_shipped_margins_are_met(name: str) -> None:
    margins = read_margins(name)
    report = margins_report(synthesise_register(margins, seed=5), margins).set_index("margin")
    assert (report.loc[INTEGER_MARGINS, "difference"] == 0).all()
    assert report.loc["registration.poor_villages", "difference"] == 0
    exact = ("income.mean", "income.quintiles.", "income.sources.", "income.production_cost", "income.pension")
    assert report.loc[report.index.str.startswith(exact), "relative"].abs().max() < 1e-5
    target = report["target"].to_dict()
    shares = report[report.index.str.startswith(("people.", "guarantees.", "causes.", "categories."))]
    # Shares are met to the household: half a unit over the smallest group, the exited.
    smallest = target["registration.households"] * target["registration.exited_share"]
    assert shares["difference"].abs().max() <= 1.01 / smallest
    assert set(report["status"]) <= {"documented", "estimated", "assumed"}


def test_names_and_numbers_of_the_county(county: Margins, county_register: xr.Dataset) -> None:
    units = [unit for township in county.townships for unit in township.units()]
    assert sum(unit.kind == "village" for unit in units) == 163
    assert sum(unit.kind == "community" for unit in units) == 41
    assert len(county.townships) == 15
    assert "文星镇/江东社区" in county_register["village"].values
    assert county_register["name_en"].sel(village="文星镇/江东社区").item() == "江东社区"


def test_the_base_year_is_plausible(county_register: xr.Dataset) -> None:
    persons = county_register["persons"].to_numpy().astype(float)
    poor = per_head(county_register) < LINE_2015
    status = county_register["status"].to_numpy()
    assert 0.05 < np.average(poor, weights=persons) < 0.08
    needy = poor | county_register["deprived"].to_numpy().any(axis=1)
    waiting = status == Status.registered
    assert np.average(needy[waiting], weights=persons[waiting]) > 0.7
    never = status == Status.never_registered
    assert np.average(needy[never], weights=persons[never]) < 0.07


def test_members_fit_in_their_household(county_register: xr.Dataset) -> None:
    register = county_register
    assert (register["workers"] + register["students"] <= register["persons"]).all()
    for name in ("workers", "students", "ill", "disabled"):
        assert (register[name] >= 0).all()
        assert (register[name] <= register["persons"]).all()


def test_signs_of_the_relations(county_register: xr.Dataset) -> None:
    register = county_register
    log_income = np.log(per_head(register))
    persons = register["persons"].to_numpy()

    def link(values: xr.DataArray) -> float:
        return float(np.corrcoef(log_income, values.to_numpy() / persons)[0, 1])

    assert np.corrcoef(log_income, persons)[0, 1] < -0.1
    assert link(register["workers"]) > 0.05
    assert link(register["ill"]) < -0.05
    assert link(register["disabled"]) < -0.02
    assert np.corrcoef(log_income, register["housing_area"] / persons)[0, 1] > 0.1
    failed = register["deprived"].to_numpy().astype(float)
    assert (np.array([np.corrcoef(log_income, column)[0, 1] for column in failed.T]) < 0).all()
    together = np.corrcoef(failed.T)
    assert together[np.triu_indices(failed.shape[1], 1)].mean() > 0.01


def test_poor_villages_hold_more_of_the_register(county_register: xr.Dataset) -> None:
    village = county_register["household_village"].to_numpy()
    registered = (county_register["status"].to_numpy() > 0).astype(float)
    share = np.bincount(village, weights=registered) / np.bincount(village)
    poor = county_register["poor_village"].to_numpy()
    assert 1.5 < share[poor].mean() / share[~poor].mean() < 4


def test_causes_and_categories_fit(county_register: xr.Dataset) -> None:
    register = county_register
    cause, status = register["cause"].to_numpy(), register["status"].to_numpy()
    assert ((cause > 0) == (status > 0)).all()
    ill = cause == position(CAUSES, "illness") + 1
    assert (register["ill"].to_numpy()[ill] > 0).mean() > 0.95
    dibao = register["category"].to_numpy() == position(CATEGORIES, "dibao")
    assert ((register["dibao"].to_numpy() > 0) == dibao).all()
    assert (register["pension"] + register["dibao"] <= register["transfer"] * (1 + 1e-6)).all()


def test_net_total_is_the_sum_of_its_parts(county: Margins, county_register: xr.Dataset) -> None:
    register = county_register
    net_business = register["business"] - register["production_cost"]
    assert (net_business < 0).mean() == pytest.approx(county.income.loss_share.at(2015), rel=0.1)
    for name in ("wage", "business", "production_cost", "property", "transfer", "pension", "dibao", "housing_area"):
        assert np.isfinite(register[name]).all()
        assert (register[name] >= 0).all()
    mean = net_income(register).sum() / register["persons"].sum().item()
    assert mean == pytest.approx(county.income.mean.at(2015), rel=1e-6)


def test_same_seed_same_bits(sample: Margins, register: xr.Dataset) -> None:
    again = synthesise_register(sample, seed=1)
    assert register.identical(again)
    other = synthesise_register(sample, seed=2)
    assert not np.array_equal(register["wage"].values, other["wage"].values)


def test_identifiers_do_not_depend_on_other_villages(sample: Margins, register: xr.Dataset) -> None:
    data = changed(sample)
    data["townships"][1]["villages"] += ({"name_zh": "新村"},)
    larger = synthesise_register(data, seed=1)
    first = [r["household"].values[r["household_village"].values == 0][:5].tolist() for r in (register, larger)]
    assert first[0] == first[1]


def test_mean_and_gini_will_do(sample: Margins) -> None:
    data = changed(sample, income__gini=0.35, household_size__income_correlation=-0.3)
    data["income"] |= {"quintiles": None, "reference_mean": None, "dispersion": None}
    report = margins_report(synthesise_register(data, seed=3), read_margins(data)).set_index("margin")
    assert report.loc["income.gini", "found"] == pytest.approx(0.35, abs=1e-4)
    assert report.loc["income.mean", "relative"] == pytest.approx(0, abs=1e-6)


def test_totals_of_townships_and_villages_are_met(sample: Margins) -> None:
    data = changed(
        sample,
        townships__0__households=250, townships__0__persons=800, townships__0__registered_households=30,
        townships__0__registered_persons=101, townships__1__registered_persons=130,
        townships__1__villages__0__households=120, townships__1__villages__0__persons=401,
    )  # fmt: skip
    report = margins_report(synthesise_register(data, seed=4), read_margins(data))
    wholes = report[report["margin"].str.contains("households|persons") & ~report["margin"].str.contains("people")]
    assert len(wholes) == 11
    assert (wholes["difference"] == 0).all()


def test_county_totals_may_follow_from_townships(sample: Margins) -> None:
    parts = {
        f"townships__{t}__{name}": value for t in (0, 1) for name, value in (("households", 200), ("persons", 640))
    }
    data = changed(sample, **parts)
    data["population"] |= {"households": None, "persons": None}
    assert synthesise_register(data, seed=1).sizes["household"] == 400


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    households=st.integers(40, 400), size=st.floats(1.5, 5.5), registered=st.floats(0, 0.5), exited=st.floats(0, 1),
    failing=st.floats(0, 1), seed=st.integers(0, 2**31),
)  # fmt: skip
def test_any_small_county_meets_its_whole_numbers(
    households: int, size: float, registered: float, exited: float, failing: float, seed: int
) -> None:
    data = changed(
        read_margins("sample"),
        population__households=households, population__persons=round(size * households),
        registration__households=int(registered * households), registration__exited_share=exited,
        guarantees__rates__housing__registered=failing,
    )  # fmt: skip
    data["registration"]["persons"] = None
    margins = read_margins(data)
    register = synthesise_register(margins, seed=seed)
    report = margins_report(register, margins).set_index("margin")
    assert (report.loc[INTEGER_MARGINS[:3], "difference"] == 0).all()
    assert (register["workers"] + register["students"] <= register["persons"]).all()
    assert np.isfinite(net_income(register)).all()
    assert report.loc["income.mean", "relative"] == pytest.approx(0, abs=1e-5)


# ---- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population__persons": 500}, r"population.persons: persons cannot live in 600 .* found 500; allowed: 600"),
        ({"townships__0__households": 700}, r"population.households: does not agree .* found 600; allowed: 700"),
        ({"registration__households": 601}, "registration.households: more than there is room for"),
        ({"registration__persons": 70 * 9}, "registration.persons: no choice of registered households"),
        ({"registration__poor_villages": 7}, "registration.poor_villages: does not agree with the villages; found 7"),
        ({"income__quintiles": [3000, 9000, 9100, 9200, 9300]}, "income.quintiles: no smooth distribution has fifths"),
        ({"income__village_sd": 2.0}, "income.village_sd: areas differ more than households do"),
    ],
)
def test_impossible_totals_are_refused(sample: Margins, changes: dict[str, Any], message: str) -> None:
    if means := changes.get("income__quintiles"):
        changes = {"income__quintiles": [entry(mean) for mean in means], "income__reference_mean": 7500}
    with pytest.raises(InputError, match=message):
        synthesise_register(changed(sample, **changes), seed=1)


def test_missing_totals_are_refused(sample: Margins) -> None:
    data = changed(sample)
    data["population"]["households"] = None
    with pytest.raises(InputError, match=r"population.households: is missing; found 6 villages without a total"):
        synthesise_register(data, seed=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"causes__illness": 0.9}, "shares should add up to 1; found 1.459"),
        ({"household_size__shares__3": 0.9}, "household_size: shares should add up to 1"),
        ({"population__households": 10.5}, "population.households: should be a whole number, zero or more; found 10.5"),
        ({"people__workers__share": 1.5}, "people.workers.share: should be a share between 0 and 1; found 1.5"),
        ({"people__workers__share": 0.95}, "the shares of workers and students should not exceed 1 together"),
        ({"income__gini": 0.3}, "income: give either the five quintile means or the Gini coefficient"),
        ({"income__quintiles__0": 9000}, "income: quintile means should rise"),
        ({"income__reference_maen": 9000}, "income.reference_maen: unknown key; .* did you mean 'reference_mean'"),
    ],
)
def test_margins_that_contradict_themselves_are_refused(
    sample: Margins, changes: dict[str, float], message: str
) -> None:
    data = sample.model_dump()
    data["income"]["quintiles"] = list(data["income"]["quintiles"])
    *_, (path, value) = changes.items()
    place: Any = data
    *sections, last = path.split("__")
    for section in sections:
        place = place[section]
    place[int(last) if last.isdigit() else last] = entry(value)
    if path == "household_size__shares__3":
        place.pop("3", None)
    if path == "income__quintiles__0":
        place[0] = entry(9000)
    with pytest.raises(InputError, match=message):
        read_margins(data)


def test_unknown_names_are_mended() -> None:
    assert {"sample", "xiangyin-2016"} <= set(shipped_margins())
    with pytest.raises(InputError, match=r"neither a file nor a shipped name; .* did you mean 'sample'"):
        read_margins("smaple")


def test_unknown_cause_is_mended(sample: Margins) -> None:
    data = changed(sample)
    data["causes"]["ilness"] = data["causes"].pop("illness")
    with pytest.raises(InputError, match=r"unknown cause 'ilness'; .* did you mean 'illness'"):
        read_margins(data)


# ---- completing a register


def test_completion_keeps_the_register_and_meets_totals(sample: Margins, register: xr.Dataset) -> None:
    part = listed(register)
    whole = complete_register(part, sample, seed=9)
    assert whole.sizes["household"] == 600
    assert int(whole["persons"].sum()) == 1980
    kept = whole.isel(household=~whole["synthetic"].to_numpy())
    assert kept.sizes["household"] == part.sizes["household"]
    for name in part.data_vars:
        if "household" in part[name].dims:
            assert np.array_equal(kept[name].values, part[name].values), name
            assert kept[name].dtype == part[name].dtype
    assert np.array_equal(kept["household"].values, part["household"].values)
    new = whole.isel(household=whole["synthetic"].to_numpy())
    assert (new["status"] == Status.never_registered).all()
    assert (new["cause"] == 0).all()
    assert np.unique(whole["household"].values).size == 600
    assert per_head(new).mean() > 2 * per_head(kept).mean()
    found = np.bincount(whole["household_village"].values, minlength=6)
    assert np.array_equal(found, whole["population_households"].values)
    people = np.bincount(whole["household_village"].values, weights=whole["persons"].values)
    assert np.array_equal(people, whole["population_persons"].values)
    order = np.lexsort((whole["household"].values, whole["household_village"].values))
    assert (order == np.arange(600)).all()
    assert whole.identical(complete_register(part, sample, seed=9))


def test_completion_meets_totals_of_villages(sample: Margins, register: xr.Dataset) -> None:
    data = changed(sample, townships__1__villages__0__households=140, townships__1__villages__0__persons=450)
    whole = complete_register(listed(register), data, seed=2)
    rows = whole["village"].values[whole["household_village"].values] == "西乡/三村"
    assert rows.sum() == 140
    assert whole["persons"].values[rows].sum() == 450


def test_completion_names_strings_and_totals(sample: Margins, register: xr.Dataset) -> None:
    part = listed(register)
    names = np.array([f"synthetic-{n:04d}" for n in range(part.sizes["household"])])
    order = np.lexsort((names, part["household_village"].values))
    part = part.assign_coords(household=("household", names)).isel(household=order)
    part = part.assign(income_total=("household", net_income(part).astype(np.float32)))
    part = part.assign({n: xr.zeros_like(part[n]) for n in ("wage", "business", "production_cost", "property")})
    part = part.assign_attrs(income_detail="total")
    whole = complete_register(part, sample, seed=2)
    assert np.unique(whole["household"].values).size == 600
    assert (whole["income_total"] > 0).all()
    assert (whole["wage"] == 0).all()


def test_completion_of_a_full_register_adds_nobody(sample: Margins, register: xr.Dataset) -> None:
    full = register.assign_attrs(coverage="registered")
    whole = complete_register(full, sample, seed=2)
    assert whole.sizes["household"] == 600
    assert np.array_equal(whole["wage"].values, full["wage"].values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population__households": 50}, "population.households: the total is smaller than what the register holds"),
        ({"population__persons": 200}, "population.persons: the total is smaller .* at least 231"),
        (
            {"population__persons": 700},
            r"population.persons: the persons left cannot live in 530 unregistered|cannot live",
        ),
        ({"townships__0__households": 1}, "东镇.households: the total is smaller than what the register holds"),
        ({"year": 2016}, "year: differs from the margins'; found 2015; allowed: 2016"),
    ],
)
def test_completion_refuses_what_cannot_be(
    sample: Margins, register: xr.Dataset, changes: dict[str, Any], message: str
) -> None:
    data = changed(sample, **{k: v for k, v in changes.items() if k != "year"})
    data["year"] = changes.get("year", 2015)
    with pytest.raises(InputError, match=message):
        complete_register(listed(register), data, seed=1)


def test_completion_refuses_missing_totals(sample: Margins, register: xr.Dataset) -> None:
    data = changed(sample)
    data["population"] |= {"households": None, "persons": None}
    with pytest.raises(InputError, match=r"population.households: is missing"):
        complete_register(listed(register), data, seed=1)


def test_completion_refuses_unknown_villages(sample: Margins, register: xr.Dataset) -> None:
    part = listed(register)
    part = part.assign_coords(name_zh=("village", ["東社区", *part["name_zh"].values[1:]]))
    with pytest.raises(InputError, match="东镇/東社区: village of the register is not in the margins; did you mean"):
        complete_register(part, sample, seed=1)


def test_completion_refuses_a_whole_population(sample: Margins, register: xr.Dataset) -> None:
    with pytest.raises(InputError, match=r"attrs.coverage: cannot be completed; found population; allowed: registered"):
        complete_register(register, sample, seed=1)


# ---- splitting totals


def shares(**values: float) -> dict[str, Quantity]:
    given = {"wage": 0.4, "business": 0.35, "property": 0.02, "transfer": 0.23, "production_cost": 0.4} | values
    return {name: Quantity(**entry(value)) for name, value in given.items()}


def totals_only(values: list[float]) -> xr.Dataset:
    return xr.Dataset(
        {"income_total": ("household", np.array(values, dtype=np.float32))},
        attrs={"income_detail": "total", "year": 2015},
    )


@given(values=st.lists(st.floats(-1e5, 1e6, width=32), max_size=20))
def test_split_parts_add_up(values: list[float]) -> None:
    split = split_income(totals_only(values), shares(pension=0.3, dibao=0.1))
    assert split.attrs["income_detail"] == "split"
    assert "income_total" not in split
    assert net_income(split) == pytest.approx(np.array(values, dtype=np.float64), rel=1e-5, abs=1e-3)
    assert (split["pension"] + split["dibao"] <= split["transfer"] + 1e-3).all()


@pytest.mark.parametrize(
    ("given_shares", "message"),
    [
        (shares(wage=0.9), "the four sources should add up to 1; found 1.5"),
        (shares(production_cost=1.0), "production_cost: leaves no net income"),
        (shares(wgae=0.1), "wgae: unknown share; .* did you mean 'wage'"),
        ({"wage": shares()["wage"]}, "transfer: is missing"),
        (shares(pension=0.8, dibao=0.8), "pension: pensions and dibao exceed transfers"),
        (shares(dibao=-1), "dibao: is not a share; found -1"),
    ],
)
def test_split_refuses_bad_shares(given_shares: dict[str, Quantity], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_income(totals_only([1.0]), given_shares)


def test_split_refuses_a_register_by_source(register: xr.Dataset) -> None:
    with pytest.raises(InputError, match="income_detail: there is no total to split; found by_source; allowed: total"):
        split_income(register, shares())
