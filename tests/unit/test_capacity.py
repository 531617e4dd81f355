"""Who is taken on: the cut-off against a plain sort, the orders of priority, and limits of every kind and area."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import povsim
from povsim.capacity import _ordered_bits, cut_off
from tests.conftest import quantity


def _by_sorting(keys, amounts, limit):
    granted, left = [False] * len(keys), limit
    for place in sorted(range(len(keys)), key=lambda k: (keys[k], k)):
        if amounts[place] > left:
            break
        granted[place], left = True, left - amounts[place]
    return granted


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 50)), max_size=40),
    st.integers(-5, 500),
)
def test_cut_off_equals_a_plain_sort(applications, limit):
    keys, amounts = [key % 7 for key, _ in applications], [amount for _, amount in applications]
    found = cut_off(np.array(keys, np.uint32), np.array(amounts, np.int64), np.array([0, len(keys)]), np.array([limit]))
    assert found.tolist() == _by_sorting(keys, amounts, limit)


def test_areas_are_cut_off_apart():
    keys, amounts = np.array([2, 1, 2, 1], np.uint32), np.ones(4, np.int64)
    found = cut_off(keys, amounts, np.array([0, 2, 4]), np.array([1, 0]))
    assert found.tolist() == [False, True, False, False]


@given(st.lists(st.floats(-1e9, 1e9, width=32), min_size=2, max_size=20))
def test_sort_keys_order_as_the_numbers_do(values):
    numbers = np.array(values, dtype=np.float32)
    bits = [int(_ordered_bits(number)) for number in numbers]
    for a, b, x, y in zip(numbers, numbers[1:], bits, bits[1:], strict=False):
        if a != b:
            assert (a < b) == (x < y)


def _run(people, overrides, draws=6):
    # only the measure under test, so that what it did can be read off
    others = ("industry", "microcredit", "relocation", "repair", "water", "enrolment", "dibao")
    off = {f"measures.{code}.active": False for code in others if code != "industry"}
    plan = povsim.read_scenario("sample", overrides={**off, **overrides})
    return povsim.simulate(people, plan, draws=draws, seed=2, keep=("household",))


def _capacity(area, **limit):
    return {"measures.industry.capacity": {"area": area, **limit}}


def test_households_limit_by_village_township_and_county(people):
    for area, dim, count in (("village", "village", 6), ("township", "township", 2), ("county", "county", 1)):
        limit = {"households": quantity(1, "households per year")}
        out, _ = _run(people, {**_capacity(area, **limit), "measures.industry.take_up": 1.0})
        new = out["recipients"].sel(measure="industry", year=2016)
        grouped = new if dim == "village" else new.groupby(dim).sum("village")
        assert grouped.max() == 1
        assert new.sum("village").max() == count


def test_share_limits_all_that_were_ever_served(people):
    share = {"share": quantity(0.25, "share")}
    out, _ = _run(people, {**_capacity("county", **share), "measures.industry.take_up": 1.0})
    registered = int(((people["status"] == 1) & (people["workers"] >= 1)).sum())
    first = out["recipients"].sel(measure="industry", year=2016).sum("village")
    assert (first == registered // 4).all()


def test_a_share_of_a_yearly_measure_is_served_every_year(people):
    from tests.conftest import flat_transfer

    half = flat_transfer(100, capacity={"area": "county", "share": quantity(0.3, "share")})
    out, _ = _run(people, {"measures.industry.active": False, "measures.flat": half})
    assert (out["recipients"].sel(measure="flat").sum("village") == 180).all()


def test_a_transfer_by_pupil_goes_to_households_with_pupils(people):
    from tests.conftest import flat_transfer

    limit = {"area": "county", "households": quantity(100, "households per year")}
    pupils = flat_transfer(100, per="student", capacity=limit, priority="random")
    out, panel = _run(people, {"measures.industry.active": False, "measures.flat": pupils})
    assert (out["recipients"].sel(measure="flat").sum("village") == 100).all()
    received = (panel["received"].values & 1) > 0
    assert (people["students"].values[np.nonzero(received)[-1]] > 0).all()


def test_a_larger_budget_serves_more(people):
    served = []
    for budget in (0, 30_000, 120_000):
        limit = {"budget": quantity(budget, "yuan per year")}
        out, _ = _run(people, _capacity("county", **limit))
        assert (out["spending"].sum(["village", "measure"]) <= budget).all()
        served.append(int(out["recipients"].sum()))
    assert served[0] == 0
    assert served[0] < served[1] < served[2]


def test_poorest_go_first(people):
    limit = {"households": quantity(5, "households per year")}
    everyone = {"measures.industry.take_up": 1.0, "measures.industry.eligible": {"status": ["registered"]}}
    plan_out, panel = _run(people, {**_capacity("county", **limit), **everyone}, draws=1)
    assert plan_out["recipients"].sel(year=2016).sum() == 5
    # those whose costs of business rose over a plan without the measure are the five poorest of the register
    without, bare = _run(people, {"measures.industry.active": False}, draws=1)
    assert without["recipients"].sum() == 0
    gained = (panel["business"] - bare["business"]).sel(year=2016).isel(scenario=0, draw=0) > 1
    income = people["wage"] + people["business"] - people["production_cost"] + people["property"]
    income = (income + people["transfer"]) / people["persons"]
    registered = income.where(people["status"] == 1)
    poorest = registered["household"].values[np.argsort(registered.values)[:5]]
    assert set(people["household"].values[gained.values]) <= set(poorest)
    assert gained.sum() >= 4


def test_priority_by_cause(people):
    limit = {"households": quantity(3, "households per year")}
    wanted = 3  # schooling: position 2 of the causes, code 3
    chosen = {
        "measures.industry.priority": "cause",
        "measures.industry.take_up": 1.0,
        "measures.industry.eligible": {"status": ["registered"], "cause": ["schooling", "illness"]},
    }
    out, panel = _run(people, {**_capacity("county", **limit), **chosen}, draws=1)
    _, bare = _run(people, {"measures.industry.active": False}, draws=1)
    assert out["recipients"].sel(year=2016).sum() == 3
    gained = (panel["business"] - bare["business"]).sel(year=2016).isel(scenario=0, draw=0).values > 1
    schooling = ((people["cause"].values == wanted) & (people["status"].values == 1)).sum()
    causes = people["cause"].values[gained].tolist()
    assert causes.count(wanted) >= min(3, schooling) - (3 - len(causes))


@pytest.mark.parametrize(
    ("field", "value"),
    [("townships", ["西乡"]), ("villages", ["西乡/三村"]), ("poor_villages_only", True), ("workers_at_least", 3)],
)
def test_filters_keep_others_out(people, field, value):
    chosen = {
        "measures.industry.eligible": {"status": ["registered", "relapsed"], field: value},
        "measures.industry.capacity": None,
    }
    out, _ = _run(people, chosen)
    served = out["recipients"].sel(measure="industry").sum(["scenario", "draw", "year"])
    assert served.sum() > 0
    if field == "townships":
        assert served.where(out["township"] != "西乡").sum() == 0
    elif field == "villages":
        assert served.where(out["village"] != "西乡/三村").sum() == 0
    elif field == "poor_villages_only":
        assert (served.values[~people["poor_village"].values] == 0).all()
