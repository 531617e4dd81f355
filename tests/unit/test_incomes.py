"""The income process against its formulas: moments, conditional start, and means that stay on trend."""

import numpy as np
import pytest
from scipy.stats import kstest

from povsim.draws import decision_key, fill_normals
from povsim.incomes import NOTHING, Explained, Parts, explain, mean_drift, start_source

N = 200_000
PARTS = Parts(variance=0.5, permanent=0.4, persistent=0.3, transitory=0.2, error=0.1, rho=0.8)


def _start(rest, parts=PARTS, seed=1):
    level, fading = np.zeros(rest.size, np.float32), np.zeros(rest.size, np.float32)
    luck = np.empty((4, rest.size), np.float32)
    fill_normals(decision_key(seed, "start"), 0, 0, np.arange(rest.size, dtype=np.uint64), luck)
    fit = np.zeros(rest.size, np.float32)
    truth = np.zeros(rest.size, np.float32)
    seen = fit, rest.astype(np.float32)
    start_source(level, fading, luck, seen, (parts.sds(), parts.shares()), np.float32(0), truth)
    return level.astype(float), fading.astype(float), np.log(truth.astype(float))


def _live(level, fading, parts, years, seed=2):
    """Return log incomes year by year, in plain NumPy."""
    rng = np.random.default_rng(seed)
    logs = []
    for _ in range(years):
        fading = parts.rho * fading + parts.renewal_sd() * rng.standard_normal(fading.size)
        logs.append(level + fading + parts.sds()[2] * rng.standard_normal(fading.size))
    return np.array(logs)


@pytest.fixture(scope="module")
def population():
    """Households whose rests are drawn from the process itself."""
    rest = np.sqrt(PARTS.variance) * np.random.default_rng(0).standard_normal(N)
    return rest, *_start(rest)


def test_conditional_start_reproduces_the_cross_section(population):
    rest, level, fading, truth = population
    # unconditionally the parts have the variances of the process, and are independent
    correction = 0.5 * PARTS.variance * PARTS.error
    mu = level - correction
    assert mu.var() == pytest.approx(0.2, rel=0.02)
    assert fading.var() == pytest.approx(0.15, rel=0.02)
    assert np.cov(mu, fading)[0, 1] == pytest.approx(0, abs=0.002)
    # true income and error add up to what was seen, and error is independent of the truth
    error = rest - (truth - correction)
    assert error.var() == pytest.approx(0.05, rel=0.02)
    assert np.cov(truth, error)[0, 1] == pytest.approx(0, abs=0.002)
    assert kstest((truth - correction) / truth.std(), "norm").pvalue > 1e-4


def test_those_seen_poor_are_expected_to_rise(population):
    rest, level, fading, truth = population
    poor = rest < -1.0
    seen = rest[poor].mean()
    assert (truth[poor] - 0.5 * PARTS.variance * PARTS.error).mean() == pytest.approx(0.9 * seen, rel=0.02)
    next_year = (level[poor] + PARTS.rho * fading[poor]).mean() - 0.5 * PARTS.variance * PARTS.error
    assert next_year == pytest.approx((0.4 + 0.8 * 0.3) * seen, rel=0.02)


def test_moments_of_the_process_equal_the_formulas(population):
    _, level, fading, _ = population
    logs = _live(level, fading, PARTS, 6)
    v = PARTS.variance
    for year in (0, 5):
        assert logs[year].var() == pytest.approx(v * 0.9, rel=0.02)
    for lag in (1, 3, 5):
        expected = v * (PARTS.permanent + PARTS.persistent * PARTS.rho**lag)
        assert np.cov(logs[0], logs[lag])[0, 1] == pytest.approx(expected, rel=0.03)


def test_the_engine_s_process_has_these_moments(people, bare):
    """The compiled process on many draws of the sample county, against the same formulas."""
    import povsim

    calm = {
        "incomes.common.county_sd": 0.0,
        "incomes.common.village_sd": 0.0,
        "shocks.disaster.village": 0.0,
        "shocks.illness.hazard": 0.0,
        "shocks.illness.hazard_ill": 0.0,
        "incomes.growth.wage": 0.0,
        "incomes.wage.permanent": {"value": 0.4, "unit": "share", "source": "test", "status": "assumed"},
    }
    plan = povsim.read_scenario("sample", overrides={f"measures.{c}.active": False for c in bare.measures} | calm)
    _, panel = povsim.simulate(people, plan, draws=300, seed=5, keep=("household",))
    wage = panel["wage"].values[0].astype(float)
    earning = (wage > 1).all(axis=(0, 1))
    logs = np.log(wage[:, :, earning])
    # within a household, over draws, what is left after the base year was seen
    from povsim.ground import prepare

    parts_v = prepare(people, plan).wage.variance
    rho = 0.83
    logs = logs - logs.mean(axis=0)
    spread = (logs**2).mean(axis=(0, 2))
    for place, horizon in ((0, 1), (4, 5)):
        faded = rho**horizon
        expected = parts_v * (0.4 * 0.6 + faded**2 * 0.3 * 0.7 - 2 * faded * 0.4 * 0.3 + 0.3 * (1 - faded**2) + 0.2)
        assert spread[place] == pytest.approx(expected, rel=0.06)
    autocovariance = (logs[:, 0] * logs[:, 4]).mean()
    expected = parts_v * (0.4 * 0.6 - 0.4 * 0.3 * (rho + rho**5) + 0.3 * 0.7 * rho**6 + 0.3 * rho**4 * (1 - rho**2))
    assert autocovariance == pytest.approx(expected, rel=0.08)


def test_mean_stays_on_trend_though_the_cross_section_is_not_normal():
    rng = np.random.default_rng(3)
    rest = rng.exponential(0.7, N) - 0.7
    weight = rng.integers(1, 5, N).astype(float)
    parts = Parts(float(np.average(rest**2, weights=weight)), 0.4, 0.3, 0.2, 0.1, 0.8)
    source = Explained(np.full(N, 9.0), rest, parts.variance)
    drift = mean_drift(source, parts, weight=weight, horizons=range(1, 6))
    assert np.abs(drift).max() > 0.005
    level, fading, _ = _start(rest, parts)
    logs = _live(9.0 + level, fading, parts, 5)
    seen = np.average(np.exp(9.0 + rest), weights=weight)
    for year in range(5):
        mean = np.average(np.exp(logs[year] + drift[year]), weights=weight)
        assert mean == pytest.approx(seen, rel=0.01)


def test_without_a_source_nothing_is_explained():
    income = np.array([0.0, 0.0, 100.0])
    ones = np.ones(3)
    parts = explain(income, shift=0.0, covariates=ones[:, None], area=np.zeros(3, np.int32), weight=ones)
    assert parts.fit.tolist() == [NOTHING] * 3
    assert mean_drift(parts, PARTS, weight=ones, horizons=range(1, 3)).tolist() == [0.0, 0.0]


def test_shift_brings_households_without_income_in():
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
