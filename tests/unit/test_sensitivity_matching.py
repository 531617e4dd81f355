"""Second inputs with labels: in another order they give the same answer, with other labels they are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from povsim.errors import InputError
from povsim.sensitivity import vetoes as v
from povsim.sensitivity import weights as w
from povsim.sensitivity.discovery import find_boxes
from povsim.sensitivity.driver_design import make_design
from povsim.sensitivity.driver_indices import indices
from povsim.sensitivity.driver_luck import luck_share
from povsim.sensitivity.matching import matched

UNITS, VETOES = list("ABCD"), ["income", "house"]
FLAGS = xr.DataArray(
    [[True, False], [False, True], [True, True], [False, False]], {"unit": UNITS, "veto": VETOES}, ("unit", "veto")
)
HEADS = pd.Series([1, 10, 100, 1000], index=UNITS)
VALUES = xr.DataArray(
    [[1.0, 9.0], [5.0, 2.0], [2.0, 1.0], [7.0, 8.0]], {"unit": UNITS, "veto": VETOES}, ("unit", "veto")
)
CHANCES = (10 - VALUES) / 20
AREAS = v.histograms(pd.DataFrame({"village": [7, 7, 8, 9], "pattern": [1, 0, 2, 3], "persons": [1, 1, 5, 5]}), VETOES)
SCORES = xr.DataArray(
    [[1.0, 0.2, 0.1], [0.3, 0.9, 0.2], [0.1, 0.3, 0.8]],
    {"unit": list("ABC"), "indicator": list("xyz")},
    ("unit", "indicator"),
)
ROWS = pd.DataFrame([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], columns=list("xyz"))
AREA_HEADS = pd.Series([1.0, 2.0, 4.0], index=[7, 8, 9])
DESIGN = make_design("pawn", 2, points=200)
RESULT = pd.Series(3 * DESIGN.quantiles[:, 0] + DESIGN.quantiles[:, 1] ** 2)
SOBOL = make_design("sobol", 2, points=64)
PATHS = xr.DataArray(
    SOBOL.quantiles[:, [1]] ** 3 + np.arange(6) / 5, {"point": np.arange(len(SOBOL.quantiles))}, ("point", "draw")
)
POINTS = pd.DataFrame(np.random.default_rng(1).random((400, 2)), index=[f"p{place}" for place in range(400)])
FAILS = (POINTS[0] > 0.7) & (POINTS[1] < 0.4)

BESIDE: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "weight": (lambda given: v.attribution(FLAGS, weight=given), HEADS),
    "order": (lambda given: v.sequential_hits(FLAGS, VETOES, weight=given), HEADS),
    "off": (lambda given: v.release(FLAGS, ["house"], weight=given), HEADS),
    "counts": (
        lambda given: v.attribution(xr.DataArray([1, 2, 3, 0], {"unit": UNITS}, attrs={"veto": VETOES}), counts=given),
        HEADS,
    ),
    "curve flags": (lambda given: v.exclusion_curves(VALUES, given).at([1.5, 3.0, 8.0]), FLAGS),
    "curve weight": (lambda given: v.exclusion_curves(VALUES, FLAGS, weight=given).at([3.0]), HEADS),
    "curve weight, values labelled": (
        lambda given: v.exclusion_curves(VALUES, FLAGS.drop_vars("unit"), weight=given).at([3.0]),
        HEADS,
    ),
    "curve thresholds": (
        lambda given: v.exclusion_curves(VALUES, FLAGS).at(given),
        xr.DataArray([[2.0], [9.0]], {"veto": VETOES}, ("veto", "point")),
    ),
    "flips": (lambda given: v.flip_chances(CHANCES, given), FLAGS),
    "measured weight": (lambda given: v.measured_attribution(CHANCES, weight=given), HEADS),
    "cures, cost": (lambda given: v.unit_cures(VALUES - 4, cost=given, allowed=0), VALUES * 2),
    "compensation": (lambda given: v.compensation(VALUES[:, 0], given, cut=3), FLAGS[:, 0]),
    "rank": (lambda given: v.rank_attribution(FLAGS, given, places=1, weight=HEADS), pd.Series([7.0, 8, 6, 5], UNITS)),
    "rank weight": (lambda given: v.rank_attribution(FLAGS, [9, 7, 8, 6], places=1, weight=given), HEADS),
    "roll-up": (lambda given: v.rollup_attribution(AREAS, limit=0.1, weight=given), AREA_HEADS),
    "weightings": (lambda given: w.rank_acceptability(SCORES, given), ROWS),
    "analysis": (lambda given: w.acceptability_analysis(SCORES, given), ROWS),
    "points": (lambda given: w.stability_intervals(SCORES, given), pd.Series([50, 30, 20], list("xyz"))),
    "boxes": (lambda given: find_boxes(POINTS, given, boxes=1)[0].low, FAILS),
    "indices": (lambda given: indices(DESIGN, given)["median"], RESULT),
    "luck": (lambda given: luck_share(SOBOL, given), PATHS),
}
BY_NAME = ("points", "curve flags")
"""Never without labels: of indicators, of vetoes."""
NUMBERED = ("indices", "luck")
"""Points of a design have no labels but their numbers."""


def turned(given: Any) -> Any:
    """Return the same from its second entry on, the first one last, labels and all."""
    size = given.shape[1] if isinstance(given, pd.DataFrame) else given.shape[0]
    order = np.roll(np.arange(size), -1)
    if isinstance(given, pd.DataFrame):
        return given.iloc[:, order]
    return given.iloc[order] if isinstance(given, pd.Series) else given[order]


def relabelled(given: Any, names: Callable[[list[Any]], list[Any]]) -> Any:
    if isinstance(given, pd.DataFrame):
        return given.set_axis(names(list(given.columns)), axis=1)
    if isinstance(given, pd.Series):
        return given.set_axis(names(list(given.index)))
    return given.assign_coords({given.dims[0]: names(given[given.dims[0]].values.tolist())})


def same(one: Any, other: Any) -> None:
    if isinstance(one, xr.Dataset | xr.DataArray):
        xr.testing.assert_allclose(one, other)
    else:
        np.testing.assert_allclose(one, other)


@pytest.mark.parametrize("name", BESIDE)
def test_labels_in_another_order_change_nothing(name: str) -> None:
    ask, given = BESIDE[name]
    same(ask(turned(given)), ask(given))


@pytest.mark.parametrize("name", [name for name in BESIDE if name not in BY_NAME])
def test_arrays_without_labels_go_by_place(name: str) -> None:
    ask, given = BESIDE[name]
    plain = xr.DataArray(given.to_numpy(), dims=given.dims) if isinstance(given, xr.DataArray) else given.to_numpy()
    same(ask(plain), ask(given))
    if isinstance(given, pd.Series):
        same(ask(given.reset_index(drop=True)), ask(given))


@pytest.mark.parametrize("name", [name for name in BESIDE if name not in ("points", *NUMBERED)])
def test_other_labels_are_refused_with_their_names(name: str) -> None:
    ask, given = BESIDE[name]
    with pytest.raises(InputError, match=r"(?s)lacks labels of .*: .*has labels that .* does not have: strange"):
        ask(relabelled(given, lambda names: ["strange", *names[1:]]))


@pytest.mark.parametrize("name", [name for name in BESIDE if name not in ("points", *NUMBERED)])
def test_labels_there_twice_are_refused(name: str) -> None:
    ask, given = BESIDE[name]
    with pytest.raises(InputError, match=r"has labels of .* twice"):
        ask(relabelled(given, lambda names: [names[0], *names[:-1]]))


def test_labels_twice_on_both_sides_go_as_they_stand_or_are_refused() -> None:
    both = pd.Index(["A", "A", "B"])
    assert matched(pd.Series([1, 2, 3], both), "unit", both, ("weight", "blocked")).tolist() == [1, 2, 3]
    with pytest.raises(InputError, match=r"(?s)weight: has labels of unit twice.*unit: has labels twice, so that"):
        matched(pd.Series([1, 2, 3], ["B", "A", "A"]), "unit", both, ("weight", "blocked"))


def test_numbers_given_by_pandas_are_labels_only_where_they_are_the_labels_wanted() -> None:
    plain = pd.Series([10, 20, 30])
    assert list(matched(plain, "unit", pd.Index([2, 0, 1]), ("weight", "blocked"))) == [30, 10, 20]
    assert list(matched(plain, "unit", pd.Index([5, 6, 7]), ("weight", "blocked"))) == [10, 20, 30]
    with pytest.raises(InputError, match="lacks labels of unit: 5, 6"):
        matched(plain[[2, 1, 0]].set_axis([9, 8, 7]), "unit", pd.Index([5, 6, 7]), ("weight", "blocked"))


def test_codes_match_as_texts_and_through_levels() -> None:
    assert list(matched(pd.Series([1, 2], [430602, 430601]), "village", pd.Index(["430601", "430602"]), ("", ""))) == [
        2,
        1,
    ]
    pairs = pd.MultiIndex.from_tuples([("x", 1), ("y", 2)])
    assert list(matched(pd.Series([1, 2], pairs[::-1]), "unit", pairs, ("", ""))) == [2, 1]
    with pytest.raises(InputError, match="lacks labels"):
        matched(pd.Series([1, 2], pairs), "unit", pd.Index(["x", "y"]), ("weight", "blocked"))


def test_what_follows_from_labelled_units_keeps_their_labels() -> None:
    assert v.flip_chances(CHANCES, FLAGS)["unit"].values.tolist() == UNITS
    assert v.measured_attribution(CHANCES)["unit"].values.tolist() == UNITS


def test_a_threshold_for_each_rule_is_not_taken_for_points_of_all() -> None:
    curves = v.exclusion_curves(VALUES, FLAGS)
    with pytest.raises(InputError, match="have another shape"):
        curves.at(xr.DataArray([2.0, 9.0], {"veto": VETOES}, ("veto",)))


def test_costs_by_rule_may_be_labelled() -> None:
    wanted = v.unit_cures(VALUES - 4, cost={"income": 5, "house": 7})
    for cost in (pd.Series([7, 5], VETOES[::-1]), xr.DataArray([7, 5], {"veto": VETOES[::-1]})):
        xr.testing.assert_identical(v.unit_cures(VALUES - 4, cost=cost), wanted)


def test_points_with_other_dims_are_refused() -> None:
    with pytest.raises(InputError, match="dims: do not fit; found indicator, draw"):
        w.stability_intervals(SCORES, xr.DataArray(np.ones((3, 2)), {"indicator": list("xyz")}, ("indicator", "draw")))
