"""The income process against its formulas: moments, conditional start, and means that stay on trend."""

import numpy as np
import pytest
from scipy.stats import kstest

from povsim.incomes import NOTHING, Parts, explain, mean_drift
from tests.conftest import quantity
from tests.tiny import county, live, plan

N = 40_000
PARTS = Parts(variance=0.5, permanent=0.4, persistent=0.3, transitory=0.2, error=0.1, rho=0.8)


def residual(parts, **more):
    """Return the parts as a scenario states them; the variance is measured on the register."""
    names = ("permanent", "persistent", "transitory", "error", "rho")
    return {name: quantity(getattr(parts, name), "share") for name in names} | more


def wage_logs(income, parts, seed=1, weight=1, **changes):
    """Return logs of wages (year, household) of a county whose register says these, and what was simulated."""
    people = county(income.size, wage=income, business=0, production_cost=0, weight=weight)
    life = live(people, plan(incomes__wage=residual(parts), **changes), seed=seed)
    return np.log(life["wage"].astype(float)), life


@pytest.fixture(scope="module")
def population():
    """Households whose logs are drawn from the process itself: what was seen, and five years of wages."""
    rest = np.sqrt(PARTS.variance) * np.random.default_rng(0).standard_normal(N)
    rest -= rest.mean()
    return rest, wage_logs(np.exp(9.5 + rest), PARTS)[0]


def test_those_seen_poor_are_expected_to_rise(population):
    rest, logs = population
    for chosen in (rest < -1, rest > 1):
        seen = rest[chosen].mean()
        for year in range(5):
            pull = PARTS.permanent + PARTS.persistent * PARTS.rho ** (year + 1)
            kept = logs[year][chosen].mean() - logs[year].mean()
            assert kept == pytest.approx(pull * seen, rel=0.04)


def test_moments_of_the_process_equal_the_formulas(population):
    rest, logs = population
    v = PARTS.variance
    for year in range(5):
        assert logs[year].var() == pytest.approx(v * 0.9, rel=0.03)
        assert kstest((logs[year] - logs[year].mean()) / logs[year].std(), "norm").pvalue > 1e-4
        # error is not income: what was seen goes with income by all parts that last
        lasting = v * (PARTS.permanent + PARTS.persistent * PARTS.rho ** (year + 1))
        assert np.cov(rest, logs[year])[0, 1] == pytest.approx(lasting, rel=0.03)
    for lag in (1, 2, 4):
        expected = v * (PARTS.permanent + PARTS.persistent * PARTS.rho**lag)
        assert np.cov(logs[0], logs[lag])[0, 1] == pytest.approx(expected, rel=0.04)


def test_luck_of_a_household_over_draws_is_what_the_register_leaves_open():
    parts, v, rho = Parts(0.36, 0.4, 0.3, 0.2, 0.1, 0.83), 0.36, 0.83
    people = county(200, wage=np.geomspace(4_000, 90_000, 200), business=0, production_cost=0)
    stated = residual(parts, log_sd=quantity(0.6, "log points"))
    life = live(people, plan(incomes__wage=stated), draws=400)
    logs = np.log(life.panel["wage"].values[0].astype(float))
    logs -= logs.mean(axis=0)
    for place, horizon in ((0, 1), (4, 5)):
        faded = rho**horizon
        expected = v * (0.4 * 0.6 + faded**2 * 0.3 * 0.7 - 2 * faded * 0.4 * 0.3 + 0.3 * (1 - faded**2) + 0.2)
        assert (logs[:, place] ** 2).mean() == pytest.approx(expected, rel=0.03)
    expected = v * (0.4 * 0.6 - 0.4 * 0.3 * (rho + rho**5) + 0.3 * 0.7 * rho**6 + 0.3 * rho**4 * (1 - rho**2))
    assert (logs[:, 0] * logs[:, 4]).mean() == pytest.approx(expected, rel=0.06)


def test_mean_stays_on_trend_though_the_cross_section_is_not_normal():
    rng = np.random.default_rng(3)
    income, weight = np.exp(9 + rng.exponential(0.6, N)), rng.integers(1, 5, N)
    growth = quantity({2016: 0.0, 2018: 0.1, 2019: 0.0}, "share per year")
    logs, _ = wage_logs(income, PARTS, weight=weight, incomes__growth__wage=growth)
    seen = np.average(income, weights=weight)
    for year in range(5):
        mean = np.average(np.exp(logs[year]), weights=weight)
        assert mean == pytest.approx(seen * (1.1 if year >= 2 else 1.0), rel=0.02)


def test_drift_is_what_the_mean_of_a_plain_simulation_is_off():
    rng = np.random.default_rng(4)
    rest = rng.exponential(0.7, 200_000) - 0.7
    income, weight = np.exp(9 + rest), rng.integers(1, 5, rest.size).astype(float)
    source = explain(
        income, shift=0.0, covariates=np.ones((rest.size, 1)), area=np.zeros(rest.size, np.int32), weight=weight
    )
    parts = Parts(source.variance, 0.4, 0.3, 0.2, 0.1, 0.8)
    drift = mean_drift(source, parts, horizons=range(1, 6))
    assert np.abs(drift).max() > 0.005
    # the parts given their sum: their own draw plus their share of what the draws missed
    drawn = parts.sds()[:, None].astype(float) * rng.standard_normal((4, rest.size))
    level, fading, _, _ = drawn + parts.shares()[:, None] * (source.rest - drawn.sum(axis=0))
    level += source.fit + 0.5 * parts.variance * parts.error
    seen = np.average(income, weights=weight)
    for year in range(5):
        fading = parts.rho * fading + parts.renewal_sd() * rng.standard_normal(rest.size)
        luck = np.sqrt(parts.variance * parts.transitory) * rng.standard_normal(rest.size)
        assert np.average(np.exp(level + fading + luck + drift[year]), weights=weight) == pytest.approx(seen, rel=0.01)


def test_without_a_source_nothing_is_explained():
    ones = np.ones(3)
    parts = explain(
        np.array([0.0, 0.0, 100.0]), shift=0.0, covariates=ones[:, None], area=np.zeros(3, np.int32), weight=ones
    )
    assert parts.fit.tolist() == [NOTHING] * 3
    assert mean_drift(parts, PARTS, horizons=range(1, 3)).tolist() == [0.0, 0.0]


def test_a_source_that_is_zero_stays_zero_and_a_shift_brings_it_in():
    people = county(4, wage=[0, 10_000, 20_000, 40_000], business=0, production_cost=0)
    grows = {"incomes__growth__wage": 0.1, "incomes__wage": residual(PARTS)}
    without = live(people, plan(**grows), draws=20).panel["wage"].isel(household=0)
    assert (without < 1e-6).all()
    shifted = live(people, plan(**grows, incomes__shift=2_000), draws=20).panel["wage"].isel(household=0)
    assert (shifted >= 0).all()
    assert (shifted > 100).any()


def test_shift_is_added_before_taking_logs():
    income = np.array([0.0, 50.0, 100.0, 400.0])
    ones = np.ones(4)
    parts = explain(income, shift=10.0, covariates=ones[:, None], area=np.zeros(4, np.int32), weight=ones)
    assert np.exp(parts.fit + parts.rest) == pytest.approx(income + 10.0)


def test_areas_have_their_own_intercept():
    rng = np.random.default_rng(4)
    area = np.repeat([0, 1], 5000).astype(np.int32)
    income = np.exp(8 + area + 0.3 * rng.standard_normal(10_000))
    ones = np.ones(10_000)
    parts = explain(income, shift=0.0, covariates=ones[:, None], area=area, weight=ones)
    assert parts.variance == pytest.approx(0.09, rel=0.05)
    assert parts.fit[area == 1].mean() - parts.fit[area == 0].mean() == pytest.approx(1, abs=0.02)


def test_sources_grow_as_stated():
    people = county(10, wage=12_000, property=500, transfer=1_500, pension=300, dibao=200)
    grows = {f"incomes__growth__{name}": rate for name, rate in
             {"wage": 0.1, "business": 0.05, "property": 0.2, "transfer": -0.1}.items()}  # fmt: skip
    life = live(people, plan(**grows))
    for column, start, rate in (
        ("wage", 12_000, 0.1), ("business", 10_000, 0.05), ("production_cost", 4_000, 0.05), ("property", 500, 0.2),
        ("transfer", 1_000, -0.1), ("pension", 300, -0.1), ("dibao", 200, -0.1),
    ):  # fmt: skip
        assert life.of(column) == pytest.approx([start * (1 + rate) ** year for year in range(1, 6)], rel=1e-5), column
    assert life.sum("income_sum", source="business") == [
        pytest.approx(10 * 6_000 * 1.05**year, abs=10) for year in range(1, 6)
    ]
