"""Numbers that handbooks, papers and other programs print for small examples."""

import numpy as np
import pytest

from povsim import poverty

COUNTRY_C = np.array([100, 110, 150, 160])
TABLE_6_3 = np.array([10, 15, 20, 25, 40, 20, 30, 35, 45, 90])
ONE_TO_HUNDRED = np.arange(1, 101)
COUNTED = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 1, 0]])


@pytest.mark.parametrize(
    ("measure", "expected", "digits"),
    [
        ("headcount_ratio", 0.5, 12),
        ("poverty_gap", 0.08, 12),
        ("poverty_severity", 0.0136, 12),
        ("watts", 0.0877442, 7),
        ("sen", 0.09, 12),
        ("poor_gini", 0.0238095, 7),
    ],
)
def test_world_bank_handbook_country_c(measure, expected, digits):
    assert round(getattr(poverty, measure)(COUNTRY_C, line=125), digits) == expected


def test_world_bank_handbook_time_to_exit():
    assert round(poverty.exit_time(COUNTRY_C, line=125, growth=0.05), 7) == 1.7548846


@pytest.mark.parametrize(
    ("measure", "told", "expected"),
    [
        ("gini", {}, 0.3272727),
        ("theil_l", {}, 0.1792203),
        ("theil_t", {}, 0.1830644),
        ("hoover", {}, 0.2363636),
        ("atkinson", {"aversion": 0.5}, 0.0869155),
        ("atkinson", {"aversion": 1}, 0.1640783),
        ("atkinson", {"aversion": 2}, 0.2901688),
    ],
)
def test_world_bank_handbook_table_6_3(measure, told, expected):
    assert round(getattr(poverty, measure)(TABLE_6_3, **told), 7) == expected


def test_world_bank_handbook_vulnerability():
    assert round(poverty.vulnerability(50.0, sd=12.0, line=40.0), 3) == 0.202


@pytest.mark.parametrize(
    ("measure", "told", "percent", "digits"),
    [
        ("headcount_ratio", {}, 25, 10),
        ("poverty_gap", {}, 12.128713, 6),
        ("poverty_severity", {}, 7.923243, 6),
        ("watts", {}, 22.717049, 6),
        ("sen", {"small_sample": True}, 16.089109, 6),
        ("sen", {}, 16.2475, 4),
        ("takayama", {}, 11.523944, 6),
    ],
)
def test_stata_poverty(measure, told, percent, digits):
    assert round(100 * getattr(poverty, measure)(ONE_TO_HUNDRED, line=25.25, **told), digits) == percent


def test_alkire_foster_worked_example():
    found = poverty.alkire_foster(COUNTED, indicator_weight=[0.25] * 4, k=1 / 2)
    assert round(found.adjusted_headcount_ratio, 12) == 0.350
    assert found.headcount_ratio == 0.6
    assert round(found.intensity, 4) == 0.5833
    assert found.censored.tolist() == [0.4, 0.2, 0.6, 0.2]
    assert found.contributions.sum() == pytest.approx(1)


def test_fault_elsewhere_sen_takes_the_gini_of_the_poor():
    """Two packages take everybody's Gini: on a lognormal that is 39 % too much."""
    income = np.exp(np.random.default_rng(5).normal(0, 0.8, 200_000))
    line = float(np.quantile(income, 0.3))
    heads, gap = poverty.headcount_ratio(income, line=line), poverty.poverty_gap(income, line=line)
    shortfall = gap / heads
    ours = poverty.sen(income, line=line)
    assert ours == pytest.approx(heads * (shortfall + (1 - shortfall) * poverty.poor_gini(income, line=line)))
    faulty = heads * (shortfall + (1 - shortfall) * poverty.gini(income))
    assert faulty > 1.25 * ours


def test_fault_elsewhere_errors_know_strata_and_clusters():
    """A package that takes rows as drawn one by one: its error is several times too small where clusters are alike."""
    luck = np.random.default_rng(11)
    stratum = np.repeat(np.arange(4), 1000)
    cluster = np.repeat(np.arange(80), 50)
    income = 100 + 40 * luck.normal(size=80)[cluster] + 5 * luck.normal(size=4000)
    designs = poverty.Design(stratum=stratum, cluster=cluster), poverty.Design()
    by_design, naive = (poverty.standard_error(poverty.mean_income, income, design=one).error for one in designs)
    assert by_design > 5.7 * naive
    means = income.reshape(80, 50).mean(axis=1).reshape(4, 20)
    assert by_design == pytest.approx(np.sqrt((means.var(axis=1, ddof=1) / 20 / 16).sum()))
