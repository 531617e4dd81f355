"""Multidimensional poverty and targeting."""

from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from povsim import poverty
from povsim.errors import InputError
from povsim.poverty.multidimensional import as_fraction

TABLE = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 1, 0]])
NAMES = ["food", "water", "school", "house"]


def labelled():
    return xr.DataArray(TABLE > 0, {"household": list("abcde"), "indicator": NAMES}, ("household", "indicator"))


def test_sixths_and_eighteenths_are_counted_in_whole_numbers():
    """In doubles 1/6 + 1/18 + 1/18 + 1/18 is below 1/3: a float comparison calls this person not poor."""
    weights = [1 / 6, 1 / 18, 1 / 18, 1 / 18, 1 / 6, 1 / 2]
    flags = np.array([[1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0]])
    found = poverty.alkire_foster(flags, indicator_weight=weights, k=1 / 3)
    assert found.poor.tolist() == [True, False]


def test_weights_that_are_no_simple_fractions_are_exact_too():
    weights = np.random.default_rng(0).uniform(0.1, 1, 5)
    flags = np.array([[1, 0, 1, 0, 1], [0, 1, 0, 1, 0]])
    exact = [Fraction(one) for one in weights]
    cut = float((exact[0] + exact[2] + exact[4]) / sum(exact)) + 1e-9
    assert poverty.alkire_foster(flags, indicator_weight=weights, k=cut).headcount_ratio == 0.0
    assert poverty.alkire_foster(flags, indicator_weight=weights, k=cut - 2e-9).poor.tolist() == [True, False]


def test_fractions():
    assert as_fraction(np.float32(0.25)) == Fraction(1, 4)
    assert as_fraction(Fraction(2, 7)) == Fraction(2, 7)
    assert as_fraction(0.12345678901234) == Fraction(0.12345678901234)


def test_labels_and_groups():
    weights = xr.DataArray([2.0, 1.0, 1.0, 1.0], {"indicator": NAMES[::-1]}, ("indicator",))
    persons = xr.DataArray([1.0, 2, 3, 4, 5], {"household": list("edcba")}, ("household",))
    area = xr.DataArray(["x", "x", "x", "y", "y"], {"household": list("abcde")}, ("household",), name="village")
    found = poverty.alkire_foster(labelled(), indicator_weight=weights, k=0.4, weight=persons, by=area)
    assert found.censored.dims == ("village", "indicator")
    assert found.poor.sel(household="c").item() is True
    # households a (1/5 + 1/5, weight 5) and c (1/5 + 1/5 + 2/5, weight 3) of x; e of y; b (1/5) is not poor
    assert found.headcount_ratio.sel(village="x") == pytest.approx(8 / 12)
    assert found.adjusted_headcount_ratio.sel(village="x") == pytest.approx((5 * 0.4 + 3 * 0.8) / 12)
    assert found.censored.sel(village="x", indicator="house") == pytest.approx(3 / 12)
    whole = poverty.alkire_foster(labelled(), indicator_weight=weights, k=0.4, weight=persons)
    assert float(found.population_share @ found.adjusted_headcount_ratio) == pytest.approx(
        float(whole.adjusted_headcount_ratio)
    )
    assert float(found.group_contribution.sum()) == pytest.approx(1)
    assert found.contributions.sum("indicator").values == pytest.approx([1, 1])


@given(
    flags=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=8),
    weights=st.lists(st.integers(1, 9), min_size=3, max_size=3),
    k=st.integers(1, 10),
)
def test_by_a_slow_loop(flags, weights, k):
    total = sum(weights)
    points = [sum(w for w, flag in zip(weights, row, strict=True) if flag) for row in flags]
    poor = [10 * one >= k * total for one in points]
    found = poverty.alkire_foster(np.array(flags), indicator_weight=weights, k=k / 10)
    assert found.poor.tolist() == poor
    slow = sum(one for one, is_poor in zip(points, poor, strict=True) if is_poor) / total / len(flags)
    assert found.adjusted_headcount_ratio == pytest.approx(slow)
    as_gaps = poverty.adjusted_gap(np.array(flags, dtype=float), indicator_weight=weights, k=k / 10)
    assert as_gaps == pytest.approx(slow)


def test_depth():
    gaps = np.array([[0.5, 0.0], [0.2, 0.4]])
    assert poverty.adjusted_gap(gaps, indicator_weight=[3, 1], k=0.5) == pytest.approx((0.375 + 0.25) / 2)
    assert poverty.adjusted_gap(gaps, indicator_weight=[3, 1], k=1, alpha=2) == pytest.approx((0.03 + 0.04) / 2)


def test_nobody_poor():
    found = poverty.alkire_foster(np.zeros((2, 2)), indicator_weight=[1, 1], k=0.5)
    assert found.headcount_ratio == 0
    assert found.adjusted_headcount_ratio == 0
    assert np.isnan(found.intensity)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"k": 2}, "k: is not a share of all indicator weight; found 2"),
        ({"indicator_weight": [1, 1]}, "indicator_weight: does not have one for each; found 2; allowed: 4"),
        ({"indicator_weight": [1, 1, 1, 0]}, "indicator_weight: is not above zero"),
        ({"deprived": TABLE * 2}, "deprived: holds other values"),
        ({"deprived": TABLE[0]}, "deprived: has other dims"),
        ({"weight": [1.0] * 4}, "weight: does not fit the income"),
    ],
)
def test_counting_refuses(told, message):
    with pytest.raises(InputError, match=message):
        poverty.alkire_foster(**({"deprived": TABLE, "indicator_weight": [1] * 4, "k": 0.5} | told))


def test_indicator_labels_must_agree():
    weights = xr.DataArray([1.0] * 4, {"indicator": ["food", "water", "school", "roof"]}, ("indicator",))
    with pytest.raises(InputError, match="other labels of indicator; found 1 lacking: house"):
        poverty.alkire_foster(labelled(), indicator_weight=weights, k=0.5)


def test_targeting():
    benefit, poor = np.array([10.0, 0, 30, 0, 0]), np.array([True, True, False, False, False])
    found = poverty.targeting_table(benefit, poor=poor, weight=[2, 2, 1, 1, 2])
    assert found.coverage == 0.5
    assert found.coverage_of_others == 0.25
    assert found.leakage == pytest.approx(1 / 3)
    assert found.leakage_of_money == pytest.approx(30 / 50)
    assert found.differential == 0.25
    assert found.relative_share == pytest.approx(0.4 / 0.5)
    assert found.mean_benefit_of_poor == 10.0


def test_targeting_of_everybody_is_neutral_and_of_nobody_is_nothing():
    poor = np.array([1, 0, 0])
    assert poverty.targeting_table(np.ones(3), poor=poor).relative_share == pytest.approx(1)
    assert np.isnan(poverty.targeting_table(np.zeros(3), poor=poor).leakage)


def test_targeting_of_dataarrays_joins_labels():
    benefit = xr.DataArray([10.0, 0, 30], {"household": list("abc")}, ("household",))
    poor = xr.DataArray([False, False, True], {"household": list("cba")}, ("household",))
    found = poverty.targeting_table(benefit, poor=poor)
    assert float(found.coverage) == 1.0
    assert found.coverage.name == "coverage"
    with pytest.raises(InputError, match="benefit: is too low"):
        poverty.targeting_table(-benefit, poor=poor)
    with pytest.raises(InputError, match="poor: holds other values"):
        poverty.targeting_table(benefit, poor=poor + 1)


def test_incidence_along_the_distribution():
    income = np.array([4.0, 1, 3, 2])
    found = poverty.quantile_incidence(np.array([0, 2.0, 6, 0]), income=income, count=2)
    assert found["coverage"].tolist() == [0.5, 0.5]
    assert found["benefit_share"].tolist() == [0.25, 0.75]
    assert found["relative_benefit"].tolist() == pytest.approx([2 / 3, 6 / 7])
    tied = poverty.quantile_incidence(np.array([1.0, 0, 0, 0]), income=np.ones(4), count=2)
    assert tied["benefit_share"].tolist() == [0.5, 0.5]
    people = xr.DataArray(income, {"household": list("abcd")}, ("household",))
    labels = poverty.quantile_incidence(people * 0 + 1, income=people, count=2)["coverage"]
    assert labels.coords["quantile_group"].values.tolist() == [1, 2]
