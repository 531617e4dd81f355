"""PRIM: known boxes, other implementations, what is refused."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from povsim.errors import InputError
from povsim.sensitivity.discovery import box_table, discover, find_boxes

Floats = npt.NDArray[np.float64]


def noisy() -> tuple[Floats, npt.NDArray[np.bool_]]:
    """A box in two of four factors, with one point in twenty the wrong way round."""
    rng = np.random.default_rng(2016)
    points = rng.random((1000, 4))
    fails = (points[:, 0] > 0.6) & (points[:, 1] < 0.5)
    return points, fails ^ (rng.random(1000) < 0.05)


def test_as_good_a_box_as_other_implementations_find() -> None:
    # On these points with the same settings (peeling and pasting .05, least mass .05) ema_workbench 2.5.3 and PRIM
    # 1.0.0 both end at a in 0.624320-1, b in 0-0.486979, d above 0.025449: coverage 0.742188, density 0.945274, mass
    # 0.201, quasi-p 8.6e-54 and 1.1e-41 (and 0.51 for d, which is chance). Pasting differs in the size of a slice.
    points, fails = noisy()
    (box,) = find_boxes(points, fails, boxes=1)
    assert box.coverage >= 0.742188
    assert box.density >= 0.945274
    assert box.mass == pytest.approx(0.201, abs=0.01)
    assert box.low[0] == pytest.approx(0.624320, abs=0.03)
    assert box.high[1] == pytest.approx(0.486979, abs=0.01)
    assert box.low[3] == pytest.approx(0.025449, abs=0.02)
    assert box.restricted.tolist() == [True, True, False, True]
    assert box.quasi_p[0] < 1e-50
    assert box.quasi_p[1] < 1e-38
    assert box.quasi_p[3] > 0.4
    # Our own figures, so that a change is noticed.
    assert (box.coverage, box.density) == (pytest.approx(0.765625), pytest.approx(0.946860, abs=1e-6))


def test_two_boxes_one_after_the_other() -> None:
    points = np.random.default_rng(7).random((3000, 3))
    first, second = points[:, 0] < 0.25, (points[:, 1] > 0.8) & (points[:, 2] > 0.5)
    found = find_boxes(points, first | second)
    assert len(found) == 2
    assert sum(box.coverage for box in found) > 0.9
    assert min(box.density for box in found) > 0.95


def test_shares_are_those_of_the_points() -> None:
    points, fails = noisy()
    (box,) = find_boxes(points, fails, boxes=1)
    held = box.holds(points)
    assert box.mass == held.mean()
    assert box.density == fails[held].mean()
    assert box.coverage == fails[held].sum() / fails.sum()


def test_order_of_points_does_not_matter() -> None:
    points, fails = noisy()
    mixed = np.random.default_rng(3).permutation(len(points))
    (one,), (two,) = find_boxes(points, fails, boxes=1), find_boxes(points[mixed], fails[mixed], boxes=1)
    np.testing.assert_allclose(one.low, two.low)
    np.testing.assert_allclose(one.high, two.high)


def test_few_values_and_pure_noise() -> None:
    rng = np.random.default_rng(5)
    steps = rng.integers(0, 4, size=(800, 2)).astype(np.float64)
    (box,) = find_boxes(steps, (steps[:, 0] == 3) & (steps[:, 1] <= 1), boxes=1)
    assert (box.density, box.coverage) == (1.0, 1.0)
    assert find_boxes(rng.random((400, 3)), rng.random(400) < 0.3) == ()


def test_what_is_refused() -> None:
    points = np.random.default_rng(1).random((100, 2))
    with pytest.raises(InputError, match="everything fails"):
        find_boxes(points, np.full(100, fill_value=True))
    with pytest.raises(InputError, match="too few points fail"):
        find_boxes(points, points[:, 0] > 0.95)
    with pytest.raises(InputError, match="does not go with fails"):
        find_boxes(points, points[:5, 0] > 0.5)
    with pytest.raises(InputError, match=r"(?s)should be finite.*alpha.*least_mass.*density.*boxes"):
        find_boxes(
            np.where(points > 0.9, np.nan, points), points[:, 0] > 0.5, alpha=0.7, least_mass=0, density=2, boxes=0
        )


def result_of(points: Floats, reached: Floats) -> xr.Dataset:
    names = ["a", "b", "c", "d", "luck"]
    return xr.Dataset(
        {
            "value": (("point", "parameter"), np.column_stack([points, np.full(len(points), np.nan)])),
            "result": (("point", "output", "year"), reached[:, None, None]),
            "independent": ("point", np.full(len(points), fill_value=True)),
        },
        {
            "parameter": names,
            "output": ["held"],
            "year": [2020],
            "meaning_zh": ("parameter", names),
            "meaning_en": ("parameter", names),
            "parameter_units": ("parameter", ["share"] * 5),
        },
        {"method": "sobol"},
    )


def test_where_a_plan_fails() -> None:
    points, fails = noisy()
    result = result_of(points, np.where(fails, 0.2, 0.9))
    found = discover(result, below=0.5)
    assert found["density"].to_numpy()[0] > 0.9
    table = box_table(found, "zh")
    assert table["parameter"].tolist()[:2] == ["a", "b"]
    assert np.isnan(table["high"].iloc[0])
    with pytest.raises(InputError, match=r"(?s)is not in the result.*is not in the result.*give one of the two"):
        discover(result, output="hold", year=2031)
    result["independent"][:] = False
    with pytest.raises(InputError, match="no points drawn"):
        discover(result, below=0.5)
