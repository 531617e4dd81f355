"""Measures for villages: five villages worked out by hand, capacity against a sort, luck shared between plans."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from povsim.draws import uniforms
from povsim.plan_village import FACILITIES, Collective, VillageWorks
from povsim.villages import first_in_order, mean_one, village_paths
from tests.conftest import quantity

NAMES = np.array(["a", "b", "c", "d", "e"])
SPAN = range(2016, 2021)


@dataclass(frozen=True)
class Ground:
    villages: np.ndarray = field(default_factory=lambda: NAMES)
    townships: np.ndarray = field(default_factory=lambda: np.array(["x", "x", "y", "y", "y"]))
    poor_village: np.ndarray = field(default_factory=lambda: np.array([False, True, False, True, False]))
    households: np.ndarray = field(default_factory=lambda: np.array([100, 200, 500, 300, 500]))
    facilities: dict = field(default_factory=dict)


def _frame(per_year, cost, more):
    frame = {"name_zh": "甲", "name_en": "A", "years": (2016, 2020), "payer": {"name_zh": "县", "name_en": "county"}}
    frame |= {"villages_per_year": quantity(per_year, "villages per year"), "cost": quantity(cost, "yuan per village")}
    return frame | {key: quantity(value, "share") if isinstance(value, float) else value for key, value in more.items()}


def works(per_year=1, cost=1000, **more):
    given_ = {"facility": "road", "lacking": 1.0, "self_raised": 0.0, "completion": 1.0, "business_gain": 0.1, **more}
    return VillageWorks.model_validate({"type": "village_works", **_frame(per_year, cost, given_)})


def collective(per_year=1, cost=1000, income=10_000, sd=0.0, **more):
    given_ = {"first_year": 1.0, "failure": 0.0, **more}
    given_["income_per_year"] = quantity(income, "yuan per village and year")
    given_["income_sd"] = quantity(sd, "log points")
    return Collective.model_validate({"type": "collective", **_frame(per_year, cost, given_)})


def run(measures, ground=None, span=SPAN, draw=0):
    return village_paths(measures, ground or Ground(), span, lambda entry, year: entry.at(year), seed=7, draw=draw)


def begun_in(paths, row=0):
    """Return the names of the villages begun in each year."""
    return ["".join(NAMES[year > 0]) for year in paths.recipients[row]]


def luck(decision, year, lane, draw=0):
    found = uniforms(NAMES, seed=7, draw=draw, year=year, decision=decision, lane=lane)
    return found.astype(np.float64)


def test_poor_villages_go_first_then_the_order_of_the_villages():
    paths = run({"road": works(2, priority="poor_villages_first")})
    assert begun_in(paths) == ["bd", "ac", "e", "", ""]
    assert paths.recipients[0, :3].tolist() == [[0, 200, 0, 300, 0], [100, 0, 500, 0, 0], [0, 0, 0, 0, 500]]
    assert paths.lacking[0].sum(axis=1).tolist() == [3, 1, 0, 0, 0]


def test_largest_first_with_ties_in_the_order_of_the_villages():
    assert begun_in(run({"road": works(1, priority="largest_first")})) == ["c", "e", "d", "b", "a"]


def test_random_order_is_the_luck_of_the_year():
    paths = run({"road": works(2, priority="random")})
    left, expected = list(range(5)), []
    for year in SPAN:
        first = sorted(left, key=lambda v: luck("measures.road", year, 1)[v])[:2]
        expected.append("".join(NAMES[sorted(first)]))
        left = [v for v in left if v not in first]
    assert begun_in(paths) == expected


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({"townships": ("y",)}, "cde"),
        ({"villages": ("a", "e")}, "ae"),
        ({"poor_villages_only": True}, "bd"),
        ({"townships": ("y",), "poor_villages_only": True}, "d"),
        ({"active": False}, ""),
    ],
)
def test_only_the_villages_a_measure_is_for(chosen, names):
    paths = run({"road": works(9, **chosen)})
    assert begun_in(paths) == [names, "", "", "", ""]
    assert "".join(NAMES[~paths.lacking[0, -1]]) == names


def test_years_of_a_measure():
    assert begun_in(run({"road": works(2, years=(2017, 2018))})) == ["", "bd", "ac", "", ""]


@pytest.mark.parametrize(("per_year", "number"), [(0, 0), (0.9, 0), (2.9, 2), (2.9999999999, 3), (99, 5)])
def test_capacity_counts_whole_villages(per_year, number):
    assert np.count_nonzero(run({"road": works(per_year)}).recipients[0, 0]) == number


def test_capacity_follows_a_dated_path():
    road = works({2016: 0, 2017: 3, 2018: 1})
    assert begun_in(run({"road": road})) == ["", "abd", "c", "e", ""]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=30), st.integers(0, 40))
def test_the_first_in_order_equal_a_plain_sort(villages, number):
    waiting, key = (np.array(column) for column in zip(*villages, strict=True))
    by_sorting = sorted(np.flatnonzero(waiting), key=lambda v: (key[v], v))[:number]
    assert np.flatnonzero(first_in_order(waiting, key.astype(float), number)).tolist() == sorted(by_sorting)


def test_ties_of_many_villages_keep_their_order():
    key = (np.arange(500) % 3).astype(float)
    assert np.flatnonzero(first_in_order(np.ones(500, bool), key, 100)).tolist() == list(range(0, 300, 3))


def test_the_start_is_what_the_register_says():
    lacks = np.array([True, False, False, False, True])
    ground = Ground(facilities={"clinic": ~lacks, "road": lacks})
    paths = run({"road": works(1, completion=0.0, lacking=0.0)}, ground)
    assert paths.facilities == ("road", "clinic")
    assert (paths.lacking[0] == lacks).all()
    assert (paths.lacking[1] == ~lacks).all()
    assert begun_in(paths) == ["a", "e", "", "", ""]
    assert lacks.tolist() == [True, False, False, False, True]


def test_the_start_is_drawn_where_the_register_says_nothing():
    for draw in range(20):
        paths = run({"road": works(0, lacking=0.4)}, draw=draw)
        assert (paths.lacking[0] == (luck("villages.road", 0, 0, draw) < 0.4)).all()


def test_villages_that_have_the_facility_are_not_served_and_gain_nothing():
    ground = Ground(facilities={"road": np.array([True, False, True, False, True])})
    paths = run({"road": works(9)}, ground)
    assert begun_in(paths) == ["ace", "", "", "", ""]
    assert np.allclose(paths.business_gain[1:], np.log(1.1) * np.array([1, 0, 1, 0, 1]))


def test_works_are_tried_every_year_until_finished_and_paid_once():
    # the measure takes villages on in 2016 only; what was begun goes on
    paths = run({"road": works(5, cost=1000, completion=0.4, years=(2016, 2016))})
    tries = np.array([luck("measures.road", year, 2) < 0.4 for year in SPAN])
    expected = ~np.logical_or.accumulate(tries)
    assert 0 < expected[1].sum() < 5
    assert (paths.lacking[0] == expected).all()
    assert paths.spending[0].tolist() == [[1000] * 5] + [[0] * 5] * 4
    # of use from the year after
    assert (paths.business_gain[0] == 0).all()
    assert np.allclose(paths.business_gain[1:], np.where(expected[:-1], 0.0, np.log1p(0.1)))


def test_gains_of_facilities_multiply():
    road, power = works(9, business_gain=0.1), works(9, facility="power", business_gain=0.2)
    paths = run({"power": power, "road": road})
    assert paths.facilities == ("road", "power")
    assert np.allclose(np.exp(paths.business_gain[1:]), 1.1 * 1.2)


def test_two_measures_share_the_state_of_one_facility():
    poor = works(1, cost=10, poor_villages_only=True, business_gain=0.1)
    others = works(2, cost=20, business_gain=0.3, priority="largest_first", lacking=0.0)
    paths = run({"poor": poor, "others": others})
    assert paths.facilities == ("road",)
    assert begun_in(paths, 0) == ["b", "d", "", "", ""]
    assert begun_in(paths, 1) == ["ce", "a", "", "", ""]
    assert paths.spending.sum(axis=(1, 2)).tolist() == [20, 60]
    assert np.allclose(np.exp(paths.business_gain[-1]), [1.3, 1.1, 1.3, 1.1, 1.3])


def test_works_under_way_are_not_begun_by_another_measure():
    paths = run({"slow": works(5, completion=0.0), "quick": works(5, completion=1.0)})
    assert begun_in(paths, 0) == ["abcde", "", "", "", ""]
    assert begun_in(paths, 1) == [""] * 5
    assert paths.lacking.all()


@pytest.mark.parametrize("priority", ["poor_villages_first", "random", "largest_first"])
@settings(max_examples=30, deadline=None)
@given(few=st.integers(0, 5), more=st.integers(0, 5), completion=st.floats(0.05, 1.0), draw=st.integers(0, 1000))
def test_more_capacity_never_leaves_a_village_lacking_for_longer(priority, few, more, completion, draw):
    low, high = (
        run({"road": works(number, priority=priority, completion=completion, lacking=0.8)}, draw=draw)
        for number in (few, few + more)
    )
    assert (high.lacking <= low.lacking).all()
    assert (high.business_gain >= low.business_gain).all()


def test_projects_earn_from_their_first_year():
    paths = run({"shop": collective(2, cost=5000, income=10_001, first_year=0.5)})
    assert begun_in(paths) == ["bd", "ac", "e", "", ""]
    assert paths.collective[:, 1].tolist() == [5001, 10001, 10001, 10001, 10001]
    assert paths.collective[:, 4].tolist() == [0, 0, 5001, 10001, 10001]
    assert paths.spending.sum() == 25_000
    assert paths.facilities == ()
    assert paths.lacking.shape == (0, 5, 5)
    assert not paths.business_gain.any()


def test_projects_that_fail_are_gone_for_good():
    paths = run({"shop": collective(5, failure=0.4)})
    alive = np.logical_and.accumulate([luck("measures.shop", year, 2) >= 0.4 for year in SPAN])
    assert 0 < alive[0].sum() < 5
    assert (paths.collective == 10_000 * alive).all()
    assert begun_in(paths) == ["abcde", "", "", "", ""]


def test_the_size_of_a_project_is_drawn_once_and_has_mean_one():
    early, late = (run({"shop": collective(5, sd=0.5, years=(year, 2020))}) for year in (2016, 2018))
    factor = np.exp(0.5 * _quantile(luck("measures.shop", 0, 3)) - 0.125)
    assert early.collective[0].tolist() == np.floor(10_000 * factor + 0.5).astype(int).tolist()
    assert (early.collective == early.collective[0]).all()
    assert (late.collective[2:] == early.collective[2:]).all()
    assert not late.collective[:2].any()
    many = (np.arange(200_000) + 0.5) / 200_000
    assert mean_one(many, 0.5).mean() == pytest.approx(1.0, abs=1e-3)


def _quantile(u):
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(value) for value in u])


def test_two_kinds_of_project_may_stand_in_one_village():
    one, other = collective(9, income=100), collective(9, income=30)
    assert (run({"one": one, "other": other}).collective == 130).all()


@settings(max_examples=30, deadline=None)
@given(
    per_year=st.integers(0, 5),
    cost=st.integers(0, 10**7),
    raised=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    completion=st.floats(0.0, 1.0),
    draw=st.integers(0, 1000),
)
def test_spending_is_the_public_cost_of_the_villages_begun(per_year, cost, raised, completion, draw):
    road = works(per_year, cost * 4, self_raised=raised, completion=completion, lacking=0.7)
    shop = collective(per_year, cost, failure=0.3)
    paths = run({"road": road, "shop": shop}, draw=draw)
    begun = np.count_nonzero(paths.recipients, axis=(1, 2))
    assert paths.spending.sum(axis=(1, 2)).tolist() == [begun[0] * int(cost * 4 * (1 - raised)), begun[1] * cost]
    assert (np.count_nonzero(paths.recipients, axis=2) <= per_year).all()
    assert not paths.spending[paths.recipients == 0].any()


def test_the_cost_of_the_year_is_paid_in_whole_yuan():
    road = works(1, {2016: 1001, 2017: 1003}, self_raised=0.5, priority="largest_first")
    assert run({"road": road}).spending[0].sum(axis=1).tolist() == [501, 502, 502, 502, 502]


def test_another_measure_changes_nothing_for_the_first():
    road = works(1, completion=0.5, priority="random", lacking=0.8)
    shop = collective(1, failure=0.3, sd=0.4, priority="random")
    clinic = works(2, facility="clinic", completion=0.5, lacking=0.5)
    for draw in range(10):
        alone, shops = run({"road": road}, draw=draw), run({"shop": shop}, draw=draw)
        both = run({"clinic": clinic, "shop": shop, "road": road}, draw=draw)
        assert (both.lacking[0] == alone.lacking[0]).all()
        assert (both.spending[2] == alone.spending[0]).all()
        assert (both.recipients[1] == shops.recipients[0]).all()
        assert (both.collective == shops.collective).all()


def test_the_same_village_has_the_same_luck_among_others():
    road = works(9, completion=0.3, lacking=0.6)
    few = np.array([3, 1])
    ground = Ground(NAMES[few], *(getattr(Ground(), name)[few] for name in ("townships", "poor_village", "households")))
    for draw in range(10):
        assert (
            run({"road": road}, ground, draw=draw).lacking == run({"road": road}, draw=draw).lacking[..., few]
        ).all()


def test_nothing_at_all():
    paths = run({})
    assert paths.spending.shape == paths.recipients.shape == (0, 5, 5)
    assert not paths.collective.any()
    bare = Ground(np.array([], str), np.array([], str), np.array([], bool), np.array([], np.int64))
    empty = run({"road": works(3), "shop": collective(3)}, bare)
    assert empty.lacking.shape == (1, 5, 0)
    assert empty.spending.shape == (2, 5, 0)


def test_shapes_and_types():
    paths = run({"shop": collective(), "road": works()}, span=range(2016, 2019))
    assert (paths.business_gain.dtype, paths.business_gain.shape) == (np.float64, (3, 5))
    assert (paths.collective.dtype, paths.collective.shape) == (np.int64, (3, 5))
    assert (paths.lacking.dtype, paths.lacking.shape) == (np.bool_, (1, 3, 5))
    assert (paths.spending.dtype, paths.spending.shape) == (np.int64, (2, 3, 5))
    assert (paths.recipients.dtype, paths.recipients.shape) == (np.int64, (2, 3, 5))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"years": (2018, 2016)}, "years should run forward"),
        ({"completion": 1.2}, "between 0 and 1"),
        ({"cost": quantity(1, "yuan per household")}, "the unit should be 'yuan per village'"),
        ({"facility": "cinema"}, "culture_room"),
        ({"income_sd": quantity(0.1, "log points")}, "Extra inputs"),
    ],
)
def test_faulty_rules_are_refused(change, words):
    with pytest.raises(ValidationError, match=words):
        works(**change) if "cost" not in change else VillageWorks.model_validate(works().model_dump() | change)


def test_facilities_are_listed_in_one_order():
    everything = {name: works(1, facility=name) for name in reversed(FACILITIES)}
    assert run(everything).facilities == FACILITIES
