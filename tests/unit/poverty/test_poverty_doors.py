"""What goes in and out of measures: kinds, labels, groups, thresholds and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from povsim import poverty
from povsim.errors import InputError

INCOME = np.array([50.0, 80.0, 120.0, 200.0])


def labelled(values, dim="household", labels=("a", "b", "c", "d"), **more):
    return xr.DataArray(values, {dim: list(labels)}, (dim,), **more)


def test_a_number_comes_out_of_an_array():
    found = poverty.headcount_ratio(INCOME, line=100)
    assert isinstance(found, float)
    assert found == 0.5


def test_leading_axes_are_kept():
    found = poverty.poverty_gap(np.stack([INCOME, INCOME * 2]), line=100)
    assert found == pytest.approx([0.175, 0.0])


def test_a_line_for_each_row():
    lines = np.array([[100.0], [50.0]])
    assert poverty.headcount_ratio(np.stack([INCOME, INCOME]), line=lines).tolist() == [0.5, 0.0]


def test_a_line_for_each_person():
    assert poverty.headcount_ratio(INCOME, line=np.array([50.0, 90.0, 130.0, 100.0])) == 0.5
    assert poverty.poverty_gap(INCOME, line=np.array([100.0, 160.0, 100.0, 100.0])) == 0.25


def test_a_dataarray_comes_out_with_other_dims_and_names():
    panel = xr.DataArray(
        np.stack([INCOME, INCOME * 2]), {"year": [2016, 2017], "household": list("abcd")}, ("year", "household")
    )
    line = xr.DataArray([100.0, 250.0], {"year": [2017, 2016]}, ("year",))
    found = poverty.headcount_ratio(panel, line=line)
    assert found.dims == ("year",)
    assert found.sel(year=2016) == 1.0
    assert found.sel(year=2017) == 0.0
    assert found.attrs["units"] == "share"
    assert found.attrs["long_name_zh"] == "贫困发生率"


def test_lines_may_bring_a_dim():
    lines = xr.DataArray([60.0, 150.0], {"rule": ["low", "high"]}, ("rule",))
    found = poverty.headcount_ratio(labelled(INCOME), line=lines)
    assert found.dims == ("rule",)
    assert found.values.tolist() == [0.25, 0.75]


def test_weights_are_joined_by_label():
    weight = labelled([4.0, 3.0, 2.0, 1.0], labels="dcba")
    assert float(poverty.headcount_ratio(labelled(INCOME), line=100, weight=weight)) == pytest.approx(0.3)


def test_other_labels_are_refused():
    weight = labelled([1.0, 1.0, 1.0, 1.0], labels="abcx")
    with pytest.raises(InputError, match="other labels of household; found 1 lacking: d; 1 too many: x"):
        poverty.headcount_ratio(labelled(INCOME), line=100, weight=weight)


def test_plain_weights_beside_labels_are_refused():
    with pytest.raises(InputError, match="weight: has no labels beside a labelled income"):
        poverty.gini(labelled(INCOME), weight=np.ones(4))


def test_labels_beside_plain_incomes_are_refused():
    with pytest.raises(InputError, match="weight: is a DataArray beside a plain income"):
        poverty.gini(INCOME, weight=labelled(np.ones(4)))


def test_an_index_is_not_ignored():
    with pytest.raises(InputError, match="income: has an index that would be ignored"):
        poverty.gini(pd.Series(INCOME))


def test_groups_of_arrays_come_sorted():
    found = poverty.headcount_ratio(INCOME, line=100, by=["z", "m", "z", "m"], weight=[1, 1, 3, 1])
    assert found.tolist() == [0.5, 0.25]


def test_groups_of_dataarrays_are_labelled():
    income = labelled(INCOME).assign_coords(village=("household", ["z", "m", "z", "m"]))
    found = poverty.headcount_ratio(income, line=100, by="village")
    assert found.dims == ("village",)
    assert found.sel(village="z") == 0.5
    shuffled = labelled(["m", "z", "m", "z"], labels="dcba", name="village")
    xr.testing.assert_equal(poverty.headcount_ratio(income, line=100, by=shuffled), found)


def test_orders_are_a_dim():
    found = poverty.fgt(labelled(INCOME), line=100, alpha=(0, 1))
    assert found.dims == ("alpha",)
    assert found.values == pytest.approx([0.5, 0.175])


def test_every_problem_is_named_at_once():
    income = np.array([np.nan, 1.0, np.inf])
    with pytest.raises(InputError, match="headcount_ratio: 3 problems") as caught:
        poverty.headcount_ratio(income, line=0.0, weight=[1.0, -1.0, 1.0])
    assert [problem.where for problem in caught.value.problems] == ["income", "weight", "line"]
    assert "2 of 3: nan at position 0, inf at position 2" in str(caught.value)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"income": []}, "income: holds nobody"),
        ({"income": ["a"]}, "income: does not hold numbers"),
        ({"weight": [1.0]}, r"weight: does not fit the income; found \(1,\)"),
        ({"weight": [0.0] * 4}, "weight: is zero for everybody"),
        ({"weight": [0, 1, 0, 1], "by": list("xyxy")}, "weight: is zero for everybody in x"),
        ({"line": np.nan}, "line: is not above zero"),
        ({"line": -1.0}, "line: is not above zero; found 1 of 1: -1.0"),
        ({"by": ["x"]}, "by: does not have one label a person"),
        ({"by": [None, "x", "x", "x"]}, "by: lacks labels; found 1 of 4"),
        ({"dim": "household"}, "dim: is for DataArrays"),
    ],
)
def test_bad_input_is_refused(told, message):
    with pytest.raises(InputError, match=message):
        poverty.headcount_ratio(**({"income": INCOME, "line": 100.0} | told))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: poverty.watts([0.0, 1.0], line=2), "income: is too low for this measure; found 1 of 2: 0.0"),
        (lambda: poverty.watts([1.0], line=2, floor=2.0), "floor: is not a share of the line"),
        (lambda: poverty.exit_time([1.0], line=2, growth=0), "growth: leads nobody over the line"),
        (lambda: poverty.fgt([1.0], line=2, alpha=-1), "alpha: is not an order"),
        (lambda: poverty.theil_l([0.0, 1.0]), "income: is too low"),
        (lambda: poverty.theil_t([-1.0, 1.0]), "income: is too low"),
        (lambda: poverty.atkinson([1.0], aversion=0), "aversion: is not above zero"),
        (lambda: poverty.gini([1.0], convention="lower"), "convention: is unknown"),
        (lambda: poverty.quantile([1.0], share=50), "share: is not a share; found 50.0"),
        (lambda: poverty.line_for_share([1.0], share=-0.1), "share: is not a share"),
        (lambda: poverty.quantile_shares([1.0], count=0), "count: is no number of groups"),
        (lambda: poverty.at_risk_rate([1.0], fraction=0), "fraction: is not above zero"),
        (lambda: poverty.at_risk_threshold([1.0], fraction=0), "fraction: is not above zero"),
        (lambda: poverty.median_gap([1.0], fraction=0), "fraction: is not above zero"),
        (lambda: poverty.gini(xr.DataArray(np.ones((2, 2)), dims=("a", "b"))), "dim: is not a dim of the income"),
    ],
)
def test_arguments_are_checked(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_who_is_at_the_line_is_not_poor():
    assert poverty.headcount_ratio([100.0, 99.0], line=100) == 0.5
    assert poverty.headcount_ratio([100.0, 99.0], line=100, poor_at_line=True) == 1.0


def test_single_precision_is_compared_as_it_is_stored():
    """2300.3 in single precision is 2300.30004...: not below 2300.3, though both print alike; 2300.7 is 2300.69995."""
    income = np.array([2300.3, 2300.7], dtype=np.float32)
    assert poverty.headcount_ratio(income[:1], line=2300.3) == 0.0
    assert poverty.headcount_ratio(income[1:], line=2300.7) == 1.0
    assert poverty.headcount_ratio(income[1:], line=np.float32(2300.7)) == 0.0


def test_a_gap_that_rounds_to_zero_still_counts_a_head():
    line = 1e16
    income = np.array([np.nextafter(line, 0)])
    assert poverty.fgt(income, line=line, alpha=(0, 1)).tolist()[0] == 1.0


def test_incomes_below_zero_count_as_zero():
    assert poverty.poverty_gap([-50.0, 100.0], line=100) == 0.5
    assert poverty.sen([-50.0, 100.0], line=100) == poverty.sen([0.0, 100.0], line=100)


def test_a_floor_for_watts():
    assert poverty.watts([-5.0, 200.0], line=100, floor=0.01) == pytest.approx(np.log(100) / 2)


def test_whatever_is_public_loads():
    for name in poverty.__all__:
        assert getattr(poverty, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        poverty.nothing  # noqa: B018
