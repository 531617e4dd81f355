"""Lorenz curves: what counts as one, and measures against sampled distributions."""

import numpy as np
import pytest
import xarray as xr

from povsim import poverty
from povsim.errors import InputError
from povsim.poverty import lorenz

P = np.array([0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9])


def from_curve(curve):
    return np.asarray(curve.ordinate(P))


@pytest.mark.parametrize(
    "curve",
    [lorenz.GeneralQuadratic(0.9, -1.3, 0.2), lorenz.Beta(0.6, 0.95, 0.55), lorenz.GeneralQuadratic(1.2, -0.6, 0.1)],
)
def test_a_curve_is_found_again_from_its_points(curve):
    assert curve.faults == ()
    fit = lorenz.fit_beta if isinstance(curve, lorenz.Beta) else lorenz.fit_general_quadratic
    found = fit(P, from_curve(curve))
    names = ("theta", "gamma", "delta") if isinstance(curve, lorenz.Beta) else ("a", "b", "c")
    assert [getattr(found, name) for name in names] == pytest.approx([getattr(curve, name) for name in names], rel=1e-6)
    assert found.squares < 1e-18
    assert type(lorenz.fit_best(P, from_curve(curve))) is type(curve)
    assert type(lorenz.fit_best(P, from_curve(curve), line_over_mean=0.6)) is type(curve)


@pytest.mark.parametrize("curve", [lorenz.GeneralQuadratic(1.2, -0.6, 0.1), lorenz.Beta(0.6, 0.95, 0.55)])
def test_measures_are_those_of_the_distribution(curve):
    """Incomes drawn from the curve at a million even ranks have the same poverty."""
    ranks = (np.arange(1_000_000) + 0.5) / 1_000_000
    income = 1000 * curve.slope(ranks)
    found = lorenz.poverty_from(curve, mean=1000.0, line=500.0, floor=0.05)
    assert found.headcount_ratio == pytest.approx(poverty.headcount_ratio(income, line=500), abs=2e-6)
    assert found.poverty_gap == pytest.approx(poverty.poverty_gap(income, line=500), abs=2e-5)
    assert found.poverty_severity == pytest.approx(poverty.poverty_severity(income, line=500), abs=2e-5)
    assert found.watts == pytest.approx(poverty.watts(income, line=500, floor=0.05), abs=2e-5)
    top = 1.0 - float(curve.ordinate(1.0))
    assert found.gini == pytest.approx(
        poverty.gini(income) * income.mean() / 1000 + (1 - income.mean() / 1000), abs=2e-3
    )
    assert top == pytest.approx(0, abs=1e-12)


def test_watts_without_a_floor_needs_incomes_above_zero():
    assert np.isnan(lorenz.poverty_from(lorenz.Beta(0.6, 0.95, 0.55), mean=100.0, line=50.0).watts)
    sound = lorenz.poverty_from(lorenz.GeneralQuadratic(1.2, -0.6, 0.1), mean=100.0, line=50.0)
    assert sound.watts > sound.poverty_gap


def test_lines_below_and_above_everybody():
    curve = lorenz.GeneralQuadratic(1.2, -0.6, 0.1)
    nobody = lorenz.poverty_from(curve, mean=100.0, line=1e-3)
    assert (nobody.headcount_ratio, nobody.poverty_gap, nobody.poverty_severity, nobody.watts) == (0, 0, 0, 0)
    # the curve is steep at the top but not endlessly: above its highest income everybody is poor
    everybody = lorenz.poverty_from(curve, mean=100.0, line=100.0 * float(curve.slope(1.0)) * 1.01)
    assert everybody.headcount_ratio == 1.0


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        (lorenz.GeneralQuadratic(-2.0, 0.5, 0.1), "does not pass"),
        (lorenz.GeneralQuadratic(0.3, -0.5, 0.2), "ends far below"),
        (lorenz.GeneralQuadratic(1.2, -0.6, -0.1), "starts with negative incomes"),
        (lorenz.Beta(-0.1, 0.9, 0.5), "is above the diagonal"),
        (lorenz.Beta(0.6, 1.2, 0.5), "bends downwards at the bottom"),
        (lorenz.Beta(0.6, 0.9, 1.5), "bends downwards at the top"),
        (lorenz.Beta(0.9, 0.7, 0.5), "starts with negative incomes"),
    ],
)
def test_faults(curve, message):
    assert any(message in fault for fault in curve.faults)
    with pytest.raises(InputError, match=message):
        lorenz.poverty_from(curve, mean=100.0, line=50.0)


def test_a_sound_curve_rises_ever_steeper():
    place = np.linspace(0, 1, 2001)
    for curve in (lorenz.GeneralQuadratic(0.9, -1.3, 0.2), lorenz.GeneralQuadratic(1.2, -0.6, 0.1)):
        shares = curve.ordinate(place)
        assert np.diff(shares).min() >= 0
        assert np.diff(shares, 2).min() > -1e-12
        assert shares[0] == pytest.approx(0)


@pytest.mark.parametrize(
    ("p", "share", "message"),
    [
        ([0.2, 0.4, 0.6], [0.05, 0.2, 0.4], "p: has too few points"),
        ([20, 40, 60, 80], [5, 20, 40, 60], "p, l: are not shares"),
        ([0.4, 0.2, 0.6, 0.8], [0.1, 0.2, 0.4, 0.6], "p: does not rise"),
        ([0.2, 0.4, 0.6, 0.8], [0.3, 0.4, 0.6, 0.8], "l: is above the diagonal; found at p = 0.2"),
        ([0.2, 0.4, 0.6, 0.8], [0.1, 0.15, 0.4, 0.6], "l: does not bend upwards"),
        ([0.2, 0.4, 0.6, 1.0], [0.1, 0.2, 0.4, 0.9], "l: does not end well"),
        ([0.2, 0.4], [0.1], "l: does not go with p"),
    ],
)
def test_points_are_checked(p, share, message):
    with pytest.raises(InputError, match=message):
        lorenz.fit_general_quadratic(p, share)


def test_points_on_the_diagonal_have_no_beta_curve():
    with pytest.raises(InputError, match=r"l: is on the diagonal; found at p = 0\.2"):
        lorenz.fit_beta([0.2, 0.4, 0.6, 0.8], [0.2, 0.4, 0.6, 0.8])


def test_neither_curve():
    with pytest.raises(InputError, match="fit_best: "):
        lorenz.fit_best([0.05, 0.5, 0.9, 0.99], [0.0, 0.0, 0.0, 0.0001])


def test_points_may_have_labels():
    curve = lorenz.GeneralQuadratic(0.9, -1.3, 0.2)
    p = xr.DataArray(P, dims="point")
    assert lorenz.fit_general_quadratic(p, p.copy(data=from_curve(curve))).a == pytest.approx(0.9)
    with pytest.raises(InputError, match="l: has other labels of point"):
        lorenz.fit_beta(p.assign_coords(point=range(7)), p.assign_coords(point=range(1, 8)))


def test_bad_arguments():
    curve = lorenz.GeneralQuadratic(0.9, -1.3, 0.2)
    with pytest.raises(InputError, match="poverty_from: 2 problems"):
        lorenz.poverty_from(curve, mean=0.0, line=-1.0)
    with pytest.raises(InputError, match="floor: is not a share"):
        lorenz.poverty_from(curve, mean=1.0, line=1.0, floor=2.0)
