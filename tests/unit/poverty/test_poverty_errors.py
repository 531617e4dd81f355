"""Standard errors: influences against small changes of weights, designs against formulas and against simulation."""

import numpy as np
import pytest
import xarray as xr

from povsim import poverty
from povsim.errors import InputError
from povsim.poverty.influences import density

LUCK = np.random.default_rng(8)
INCOME = np.exp(LUCK.normal(0, 0.7, 240))
WEIGHT = LUCK.uniform(0.5, 3, 240)
LINE = 0.8
SMOOTH = {
    "headcount_ratio": {"line": LINE}, "poverty_gap": {"line": LINE}, "poverty_severity": {"line": LINE},
    "watts": {"line": LINE}, "mean_income": {}, "gini": {},
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
def test_influence_is_the_derivative_by_weight(name):
    measure, told = getattr(poverty, name), SMOOTH[name]
    found = poverty.influence(measure, INCOME, weight=WEIGHT, **told)
    assert found @ WEIGHT == pytest.approx(0, abs=1e-12)
    for person in (0, 17, int(INCOME.argmin()), int(INCOME.argmax())):
        ends = []
        for step in (-1e-4, 1e-4):
            moved = WEIGHT.copy()
            moved[person] += step
            ends.append(measure(INCOME, weight=moved, **told))
        assert found[person] == pytest.approx((ends[1] - ends[0]) / 2e-4, rel=1e-5, abs=1e-9)


def test_influence_with_ties():
    income = np.round(INCOME, 1)
    moved = WEIGHT.copy()
    moved[5] += 1e-5
    slope = (poverty.gini(income, weight=moved) - poverty.gini(income, weight=WEIGHT)) / 1e-5
    assert poverty.influence(poverty.gini, income, weight=WEIGHT)[5] == pytest.approx(slope, rel=1e-3)


def test_simple_random_sample_is_the_textbook_formula():
    found = poverty.standard_error(poverty.mean_income, INCOME, design=poverty.Design())
    assert found.error == pytest.approx(INCOME.std(ddof=1) / np.sqrt(240))
    assert found.degrees_of_freedom == 239
    assert found.high - found.value == pytest.approx(1.96994 * found.error, rel=1e-4)


def test_strata_and_clusters_by_a_slow_loop():
    stratum, cluster = np.arange(240) % 3, np.arange(240) // 10
    poor = (INCOME < LINE).astype(float)
    mean = (WEIGHT * poor).sum() / WEIGHT.sum()
    variance = 0.0
    for here in range(3):
        sums = []
        for unit in np.unique(cluster[stratum == here]):
            rows = (stratum == here) & (cluster == unit)
            sums.append(sum(WEIGHT[row] * (poor[row] - mean) / WEIGHT.sum() for row in np.flatnonzero(rows)))
        variance += len(sums) / (len(sums) - 1) * sum((one - np.mean(sums)) ** 2 for one in sums)
    design = poverty.Design(weight=WEIGHT, stratum=stratum, cluster=cluster)
    found = poverty.standard_error(poverty.headcount_ratio, INCOME, line=LINE, design=design)
    assert found.error == pytest.approx(np.sqrt(variance))
    assert found.degrees_of_freedom == 3 * 24 - 3


def test_groups_keep_the_whole_design():
    group, cluster = np.arange(240) % 2, np.arange(240) // 8
    design = poverty.Design(weight=WEIGHT, cluster=cluster)
    found = poverty.standard_error(poverty.poverty_gap, INCOME, line=LINE, design=design, by=group)
    inside = group == 1
    gap = np.maximum(0, 1 - INCOME / LINE)
    mean = (WEIGHT * gap)[inside].sum() / WEIGHT[inside].sum()
    sums = np.bincount(cluster, inside * WEIGHT * (gap - mean) / WEIGHT[inside].sum())
    assert found.error[1] == pytest.approx(np.sqrt(30 / 29 * ((sums - sums.mean()) ** 2).sum()))
    assert found.value[1] == pytest.approx(mean)


@pytest.mark.parametrize("name", ["gini", "at_risk_rate"])
def test_errors_are_the_spread_over_samples(name):
    """500 samples of clusters that are alike: the mean estimated error is the spread, and intervals cover as said."""
    measure, luck, found = getattr(poverty, name), np.random.default_rng(4), []
    for _ in range(500):
        cluster = np.repeat(np.arange(60), 8)
        income = np.exp(0.4 * luck.normal(size=60)[cluster] + 0.5 * luck.normal(size=480))
        found.append(poverty.standard_error(measure, income, design=poverty.Design(cluster=cluster)))
    values, errors = np.array([one.value for one in found]), np.array([one.error for one in found])
    assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(), rel=0.12)
    truth = values.mean()
    assert 0.91 < np.mean([one.low <= truth <= one.high for one in found]) < 0.98


def test_density():
    normal = np.random.default_rng(2).normal(10, 2, 50_000)
    assert density(normal, np.ones(50_000), 11.0) == pytest.approx(0.176, rel=0.03)
    assert density(np.ones(5), np.ones(5), 1.0) == 0.0


def test_lonely_units():
    stratum = np.array([0, 0, 0, 1])
    with pytest.raises(InputError, match="stratum: has one primary unit only; found 1: 1"):
        poverty.standard_error(poverty.gini, INCOME[:4], design=poverty.Design(stratum=stratum))
    centred = poverty.Design(stratum=stratum, lonely="centre")
    z = poverty.influence(poverty.mean_income, INCOME[:4])
    spread = 1.5 * ((z[:3] - z[:3].mean()) ** 2).sum() + (z[3] - z.mean()) ** 2
    assert poverty.linearised_error(z, design=centred) == pytest.approx(np.sqrt(spread))


def test_dataarrays_join_the_design_by_label():
    labels = [f"h{place}" for place in range(240)]

    def array(values, backwards=False):
        step = -1 if backwards else 1
        return xr.DataArray(values[::step], {"household": labels[::step]}, ("household",))

    stratum = np.arange(240) % 3
    design = poverty.Design(weight=array(WEIGHT, backwards=True), stratum=array(stratum, backwards=True))
    group = array(np.arange(240) % 2, backwards=True).rename("village")
    found = poverty.standard_error(poverty.watts, array(INCOME), line=LINE, design=design, by=group)
    plain = poverty.standard_error(
        poverty.watts, INCOME, line=LINE, design=poverty.Design(WEIGHT, stratum), by=np.arange(240) % 2
    )
    assert found.error.dims == ("village",)
    assert found.error.values == pytest.approx(plain.error)
    with pytest.raises(InputError, match="stratum: has no labels beside a labelled income"):
        poverty.standard_error(poverty.gini, array(INCOME), design=poverty.Design(stratum=stratum))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: poverty.standard_error(poverty.sen, INCOME, line=1, design=poverty.Design()),
            "has no known influence",
        ),
        (lambda: poverty.standard_error(poverty.gini, INCOME, line=1, design=poverty.Design()), "is not for this"),
        (lambda: poverty.standard_error(poverty.watts, INCOME, design=poverty.Design()), "line: is lacking"),
        (lambda: poverty.linearised_error(INCOME, design=poverty.Design(cluster=[1])), "cluster: does not have one"),
        (lambda: poverty.influence(poverty.gini, np.ones((2, 3))), "income: has more dims than persons"),
    ],
)
def test_errors_refuse(call, message):
    with pytest.raises(InputError, match=message):
        call()
