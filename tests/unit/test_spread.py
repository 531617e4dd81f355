"""The variance of totals over draws, by the origin of the values."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.scoring.spread import JOINT, ORIGINS, spread_by_origin

CELLS = ("scenario", "scheme", "draw", "year", "unit")
SOURCES = ["simulated", "assumed", "entered", "assumed"]


def scores_of(points, *, total=None, **more):
    """Return scores of points (scenario, scheme, draw, year, unit, indicator)."""
    points = np.asarray(points, dtype=np.float32)
    more = more or {"value_origin": ("indicator", SOURCES)}
    total = points.sum(axis=-1) if total is None else total
    return xr.Dataset(
        {"points": ((*CELLS, "indicator"), points), "total_before_vetoes": (CELLS, total), **more},
        coords={"unit": [f"u{place}" for place in range(points.shape[4])]},
    )


def of_draws(*rows):
    """Return points of one cell: a row by draw."""
    return np.array(rows, dtype=np.float32).reshape(1, 1, len(rows), 1, 1, -1)


def parts(found, name="variance"):
    """Return the parts of the first cell."""
    return dict(zip(found["origin"].values.tolist(), found[name][0, 0, 0, 0].values.tolist(), strict=True))


def test_what_moves_together_is_joint():
    # simulated 1 and 3 (variance 1), assumed 0 and 4 (variance 4), together: 1 and 7 (variance 9)
    found = spread_by_origin(scores_of(of_draws([1, 0, 5, 0], [3, 2, 5, 2])))
    assert found["variance"].dims == ("scenario", "scheme", "year", "unit", "origin")
    assert found["origin"].values.tolist() == [*ORIGINS, JOINT]
    assert parts(found) == {"simulated": 1, "entered": 0, "assumed": 4, "scorecard": 0, "joint": 4}
    share = parts(found, "share")
    assert share["assumed"] == pytest.approx(4 / 9)
    assert sum(share.values()) == pytest.approx(1)
    assert parts(found, "sd")["assumed"] == 2
    assert np.isnan(parts(found, "sd")["joint"])
    assert found["total_sd"].values.ravel().tolist() == [3]
    assert found["total_mean"].values.ravel().tolist() == [9]


def test_what_moves_against_each_other_makes_joint_negative():
    found = parts(spread_by_origin(scores_of(of_draws([1, 3, 0, 0], [3, 1, 0, 0]))))
    assert found == {"simulated": 1, "entered": 0, "assumed": 1, "scorecard": 0, "joint": -2}


def test_a_cap_on_the_total_is_joint():
    found = parts(spread_by_origin(scores_of(of_draws([1, 0, 0, 0], [3, 0, 0, 0]), total=np.ones((1, 1, 2, 1, 1)))))
    assert found["joint"] == -1


def test_the_source_by_year_and_unit_goes_first():
    points = np.array([[1, 2], [3, 6]], dtype=np.float32).reshape(1, 1, 2, 1, 2, 1)
    source = np.array([[[0], [1]]], dtype=np.int8)
    scores = scores_of(
        points, value_source=(("year", "unit", "indicator"), source), value_origin=("indicator", ["assumed"])
    )
    found = spread_by_origin(scores)["variance"][0, 0, 0].values
    assert found[0].tolist() == [1, 0, 0, 0, 0]
    assert found[1].tolist() == [0, 4, 0, 0, 0]


def test_what_never_varies_has_no_variance_by_rounding():
    points = np.full((1, 1, 7, 1, 1, 4), 0.1, dtype=np.float32)
    found = spread_by_origin(scores_of(points))
    assert set(parts(found).values()) == {0}
    assert np.isnan(found["share"]).all()


def test_a_draw_without_a_total_has_no_spread_and_items_left_out_count_nothing():
    points = of_draws([1, np.nan, 0, 0], [3, np.nan, 0, 0])
    assert np.isnan(spread_by_origin(scores_of(points))["variance"]).all()
    known = parts(spread_by_origin(scores_of(points, total=np.nansum(points, axis=-1))))
    assert known == {"simulated": 1, "entered": 0, "assumed": 0, "scorecard": 0, "joint": 0}


@given(st.integers(0, 2**32 - 1))
def test_parts_are_those_of_adding_up_item_by_item(seed):
    rng = np.random.default_rng(seed)
    points = rng.random((2, 2, 5, 3, 2, 4)).astype(np.float32) * 10
    found = spread_by_origin(scores_of(points))
    cell = (1, 0, 2, 1)
    draws = points[1, 0, :, 2, 1]
    for origin in ORIGINS:
        own = sum((draws[:, k].astype(float) for k, name in enumerate(SOURCES) if name == origin), np.zeros(5))
        mean = sum(own) / 5
        assert found["variance"].sel(origin=origin).values[cell] == pytest.approx(sum((own - mean) ** 2) / 5, abs=1e-9)
    np.testing.assert_allclose(
        found["variance"].sum("origin"), points.sum(axis=-1).astype(float).var(axis=2), rtol=1e-4
    )


def test_everything_missing_is_told_at_once():
    with pytest.raises(InputError, match=r"(?s)points.*total_before_vetoes.*value_origin"):
        spread_by_origin(xr.Dataset())
