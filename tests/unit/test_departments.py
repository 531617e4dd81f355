"""Points of responsible units: shares of items, sums, what is struck, what is missing, what is refused."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.scoring.departments import departments
from povsim.scoring.missing import REBASE
from tests.unit.judging_parts import MARK, card_of, item, ledger, named

ITEMS = [
    item("a", 40, departments=["office", "schools"]),
    item("b", 30, departments=["schools"]),
    item("c", 20, departments=["health", "schools", "office"]),
    item("d", 10),
    ledger("fines", departments=["office"]),
]
CARD = card_of(ITEMS)
CELLS = ("scenario", "scheme", "draw", "year", "unit")
WEIGHTS = np.array([[40.0, 30, 20, 10, 0], [20, 50, 20, 10, 0]])
NAMES = ["office", "schools", "health"]


def scores_of(points, weights=WEIGHTS[:1], **more):
    """Return scores from points (..., indicator): the leading dims are filled up."""
    points = np.asarray(points, dtype=np.float32)
    points = points if points.ndim == 6 else points.reshape(1, 1, 1, 1, -1, points.shape[-1])
    coordinates = {
        "indicator": [one.code for one in CARD.indicators],
        "unit": [f"u{place}" for place in range(points.shape[4])],
        "item_points": (("scheme", "indicator"), weights),
    }
    return xr.Dataset({"points": ((*CELLS, "indicator"), points), **more}, coords=coordinates)


def one(found):
    """Return the departments of the first unit."""
    return found[0, 0, 0, 0, 0].values.tolist()


def test_items_are_split_equally_or_go_to_the_first_named():
    scores = scores_of([30, 30, 12, 5, -3])
    equal = departments(scores, CARD, rule="equal")
    assert equal["department"].values.tolist() == NAMES
    np.testing.assert_allclose(one(equal["points_available"]), [20 + 20 / 3, 20 + 30 + 20 / 3, 20 / 3], rtol=1e-6)
    np.testing.assert_allclose(one(equal["points_earned"]), [15 + 4 - 3, 15 + 30 + 4, 4], rtol=1e-6)
    np.testing.assert_allclose(one(equal["points_lost"]), [26.6667 - 16, 56.6667 - 49, 6.6667 - 4], atol=1e-4)
    np.testing.assert_allclose(one(equal["share"]), [16 / 26.6667, 49 / 56.6667, 0.6], atol=1e-5)
    assert one(equal["rank"]) == [2, 1, 2]
    assert one(equal["tied"]) == [True, False, True]
    assert equal.attrs["attribution"] == "equal"
    first = departments(scores, CARD, rule="first_named")
    assert one(first["points_available"]) == [40, 30, 20]
    assert one(first["points_earned"]) == [27, 30, 12]


def test_the_rule_of_the_scorecard_is_used_unless_another_is_asked_for():
    card = card_of(ITEMS, attribution={"rule": "first_named", **MARK})
    scores = scores_of([30, 30, 12, 5, -3])
    assert departments(scores, card).attrs["attribution"] == "first_named"
    assert departments(scores, card, rule="equal").attrs["attribution"] == "equal"


@given(st.integers(0, 2**32 - 1), st.sampled_from(["equal", "first_named"]))
def test_departments_sum_to_the_items_that_have_any(seed, rule):
    rng = np.random.default_rng(seed)
    shares = rng.random((2, 2, 3, 2, 4, 5)).astype(np.float32)
    points = shares * WEIGHTS[None, :, None, None, None].astype(np.float32)
    points[..., 4] = rng.normal(0, 3, points.shape[:-1])
    found = departments(scores_of(points, WEIGHTS), CARD, rule=rule)
    assert found["points_earned"].dims == (*CELLS, "department")
    of_any = [0, 1, 2, 4]
    np.testing.assert_allclose(found["points_earned"].sum("department"), points[..., of_any].sum(axis=-1), atol=1e-3)
    whole = np.broadcast_to(WEIGHTS[:, of_any].sum(axis=1)[None, :, None, None, None], points.shape[:-1])
    np.testing.assert_allclose(found["points_available"].sum("department"), whole, rtol=1e-6)
    lost = found["points_available"] - found["points_earned"]
    np.testing.assert_allclose(found["points_lost"], lost, atol=1e-4)
    # the slow way: one item and one department at a time
    cell = tuple(rng.integers(0, size) for size in points.shape[:-1])
    earned = dict.fromkeys(NAMES, 0.0)
    for place, entry in enumerate(CARD.indicators):
        for name in entry.departments if rule == "equal" else entry.departments[:1]:
            earned[name] += points[cell][place] / (len(entry.departments) if rule == "equal" else 1)
    np.testing.assert_allclose(found["points_earned"].values[cell], list(earned.values()), atol=1e-4)


def test_a_missing_item_is_missing_for_its_own_departments_only():
    found = departments(scores_of([30, np.nan, 12, 5, 0]), CARD, rule="first_named")
    np.testing.assert_array_equal(one(found["points_earned"]), [30, np.nan, 12])
    assert one(found["rank"]) == [1, 0, 2]


def test_an_item_that_does_not_count_leaves_its_points_to_the_others():
    # b is left out: a, c and d are scaled from 70 to 100
    factor = 100 / 70
    points = [[30 * factor, np.nan, 12 * factor, 5 * factor, -3], [30, 30, 12, 5, -3]]
    flags = np.zeros((1, 1, 1, 2, 5), dtype=np.int8)
    flags[..., 0, 1] = REBASE
    filled = (("scenario", "draw", "year", "unit", "indicator"), flags)
    found = departments(scores_of(points, filled=filled), CARD, rule="first_named")
    np.testing.assert_allclose(one(found["points_available"]), [40 * factor, 0, 20 * factor], rtol=1e-6)
    np.testing.assert_allclose(one(found["points_earned"]), [30 * factor - 3, 0, 12 * factor], rtol=1e-6)
    assert one(found["rank"]) == [1, 0, 2]
    assert found["points_earned"][0, 0, 0, 0, 1].values.tolist() == [27, 30, 12]
    equal = departments(scores_of(points, filled=filled), CARD, rule="equal")
    assert equal["points_earned"].sum("department").values.ravel().tolist() == pytest.approx([42 * factor - 3, 69])


def test_a_department_without_points_has_no_share():
    found = departments(scores_of([30, 30, 12, 5, 0], [[40, 30, 0, 30, 0]]), CARD, rule="first_named")
    np.testing.assert_array_equal(one(found["share"]), [0.75, 1, np.nan])
    assert one(found["rank"]) == [2, 1, 0]


def struck_of(code, unit, dims=("veto", *CELLS, "indicator")):
    """Return flags that strike one item of one of two units."""
    sizes = {**dict.fromkeys(dims, 1), "unit": 2, "indicator": 5, "veto": 2}
    flags = xr.DataArray(np.zeros([sizes[dim] for dim in dims], dtype=bool), dims=dims)
    flags = flags.assign_coords(veto=["other", "title"], indicator=[one.code for one in CARD.indicators])
    flags.loc[{"indicator": code, "veto": "title"}] = np.arange(2) == unit
    return flags


VETO = named("title", effect="disqualify", scope="item",
             when={"peer_rank": "each", "comparison": ">", "threshold": 5})  # fmt: skip
PEERS = {
    **MARK, "name_zh": "p", "name_en": "p", "count": {"value": 9, "unit": "counties", **MARK},
    "share": {"value": 0.9, "unit": "share", **MARK},
}  # fmt: skip


@pytest.mark.parametrize("rule", ["equal", "first_named"])
def test_everybody_who_answers_for_a_struck_item_is_struck(rule):
    card = card_of(ITEMS, peers=PEERS, vetoes=[VETO])
    scores = scores_of([[30, 30, 12, 5, 0]] * 2, item_struck=struck_of("a", 1))
    found = departments(scores, card, rule=rule)
    assert found["disqualified"].dims == (*CELLS, "department")
    assert found["disqualified"][0, 0, 0, 0].values.tolist() == [[False] * 3, [True, True, False]]
    assert (found["rank"] > 0).all()


def test_a_veto_may_take_departments_out_of_the_ranking():
    card = card_of(ITEMS, peers=PEERS, vetoes=[{**VETO, "ranking": True}])
    scores = scores_of([[30, 30, 12, 5, 0]] * 2, item_struck=struck_of("b", 1))
    found = departments(scores, card, rule="first_named")
    assert found["rank"][0, 0, 0, 0].values.tolist() == [[2, 1, 3], [1, 0, 2]]


def test_flags_of_items_may_lack_dims():
    flags = struck_of("d", 0, ("veto", "unit", "indicator"))
    found = departments(scores_of([[30, 30, 12, 5, 0]] * 2, item_struck=flags), CARD, rule="equal")
    assert not found["disqualified"].any()
    one_veto = struck_of("c", 0).isel(veto=1, drop=True)
    found = departments(scores_of([[30, 30, 12, 5, 0]] * 2, item_struck=one_veto), CARD, rule="equal")
    assert found["disqualified"][0, 0, 0, 0].values.tolist() == [[True] * 3, [False] * 3]


def test_without_a_rule_both_are_named():
    with pytest.raises(InputError, match=r"does not say how .* equal \(in equal parts\), first_named"):
        departments(scores_of([30, 30, 12, 5, 0]), CARD)
    with pytest.raises(
        InputError, match=r"unknown rule; found eqal; allowed: equal, first_named; did you mean 'equal'"
    ):
        departments(scores_of([30, 30, 12, 5, 0]), CARD, rule="eqal")


def test_everything_wrong_is_told_at_once():
    bare = card_of([item("x", 100)])
    scores = scores_of([30, 30, 12, 5, 0]).drop_vars("item_points")
    with pytest.raises(InputError, match="no item names the units") as caught:
        departments(scores, bare)
    assert {problem.where for problem in caught.value.problems} == {
        "rule", "indicators", "scores.item_points", "scores.indicator"}  # fmt: skip
    with pytest.raises(InputError, match=r"scores.indicator: is missing"):
        departments(scores_of([30, 30, 12, 5, 0]).drop_vars("indicator"), CARD, rule="equal")
