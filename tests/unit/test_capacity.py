"""Who is taken on: the cut-off against a plain sort, the orders of priority, and limits of every kind and area."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import povsim
from povsim.capacity import cut_off
from tests import tiny
from tests.conftest import flat_transfer, only, quantity
from tests.tiny import capacity, county, live, luck, measure, plan


def by_sorting(keys, amounts, limit):
    """Return which applications are granted: the longest run in order whose sum stays within the limit."""
    granted, left = np.zeros(len(keys), bool), limit
    for place in sorted(range(len(keys)), key=lambda k: (keys[k], k)):
        if amounts[place] > left:
            break
        granted[place], left = True, left - amounts[place]
    return granted


def by_cut(keys, amounts, limit):
    """Return which applications ``cut_off`` grants."""
    key, amount = np.array(keys, np.uint32), np.array(amounts, np.int64)
    last, position = cut_off(key, amount, limit)
    return (key < last) | ((key == last) & (np.arange(key.size) <= position))


KEYS = st.one_of(st.integers(0, 6), st.integers(0, 2**32 - 1), st.sampled_from([0, 2**21, 2**21 - 1, 2**31, 2**32 - 1]))


@settings(max_examples=400)
@given(st.lists(st.tuples(KEYS, st.integers(0, 50)), max_size=40), st.integers(-5, 600))
def test_cut_off_equals_a_plain_sort(applications, limit):
    keys, amounts = [key for key, _ in applications], [amount for _, amount in applications]
    expected = by_sorting(keys, amounts, limit) if limit >= 0 else np.zeros(len(keys), bool)
    assert by_cut(keys, amounts, limit).tolist() == expected.tolist()


@given(st.lists(st.integers(0, 2**40), max_size=20), st.integers(0, 2**44))
def test_amounts_may_be_large(amounts, limit):
    keys = [(7 * place) % 5 for place in range(len(amounts))]
    assert by_cut(keys, amounts, limit).tolist() == by_sorting(keys, amounts, limit).tolist()


PEOPLE = 60
AREAS = {"village": 6, "township": 2, "county": 1}


def _random_county(seed):
    draw = np.random.default_rng(seed)
    # a few incomes of the same size, so that ties go by household
    wage = draw.choice([4_000, 6_000, 8_000, 9_000, 10_000, 11_000, 12_000, 14_000], PEOPLE)
    return county(
        PEOPLE, villages=6, wage=wage, business=0, production_cost=0, persons=draw.integers(1, 7, PEOPLE),
        weight=draw.integers(1, 4, PEOPLE), cause=draw.integers(0, 14, PEOPLE),
    )  # fmt: skip


def _area(people, name):
    if name == "county":
        return np.zeros(PEOPLE, int)
    if name == "village":
        return people["household_village"].values
    townships = people["township"].values[people["household_village"].values]
    return np.unique(townships, return_inverse=True)[1]


def _expected(people, area, limit, order, cost, may=None):
    """Return who is granted, area by area, by a plain sort; ``limit`` gives the room of an area's households."""
    areas, granted = _area(people, area), np.zeros(PEOPLE, bool)
    for place in range(AREAS[area]):
        here = np.flatnonzero((areas == place) & (True if may is None else may))
        granted[here] = by_sorting([order[i] for i in here], [int(cost[i]) for i in here], limit(areas == place))
    return granted


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("priority", ["poorest_first", "random", "cause"])
@pytest.mark.parametrize("kind", ["households", "budget", "share"])
def test_limits_equal_a_plain_sort_in_every_area(kind, priority, area):
    people = _random_county(1)
    persons, weight, cause = (people[name].values.astype(int) for name in ("persons", "weight", "cause"))
    listed = ["schooling", "labour", "illness"]
    codes = [3, 10, 1]
    asked = {"status": tiny.EVERYBODY} | ({"cause": listed} if priority == "cause" else {})
    may = np.isin(cause, codes) if priority == "cause" else np.ones(PEOPLE, bool)
    number = {"households": 9, "budget": 2_000, "share": 0.3}[kind]
    pays = measure(
        "transfer", amount=100, per="person", priority=priority, eligible=asked, years=[2016, 2016],
        capacity=capacity(area, kind, number),
    )  # fmt: skip
    life = live(people, plan({"m": pays}))
    income = people["wage"].values / persons
    order = {
        "poorest_first": income,
        "random": luck(people, "measures.m", 2016, lane=1),
        "cause": [(codes.index(c) if c in codes else 9, income[i]) for i, c in enumerate(cause)],
    }[priority]
    cost = 100 * persons * weight if kind == "budget" else weight
    limit = {
        "households": lambda here: 9,
        "budget": lambda here: 2_000,
        "share": lambda here: int(3 * weight[here & may].sum() // 10),
    }[kind]
    expected = _expected(people, area, limit, order, cost, may)
    assert (life["received"][0] == 1).tolist() == expected.tolist()
    assert 0 < expected.sum() < may.sum()


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000), area=st.sampled_from(sorted(AREAS)), kind=st.sampled_from(["households", "budget"]),
    number=st.integers(0, 4_000), take_up=st.sampled_from([1.0, 0.6]),
)  # fmt: skip
def test_any_limit_equals_a_plain_sort(seed, area, kind, number, take_up):
    people = _random_county(seed)
    number = number // 100 if kind == "households" else number
    pays = measure(
        "transfer", amount=100, per="person", years=[2016, 2016], take_up=take_up, capacity=capacity(area, kind, number)
    )
    persons, weight = (people[name].values.astype(int) for name in ("persons", "weight"))
    cost = 100 * persons * weight if kind == "budget" else weight
    applies = luck(people, "measures.m", 2016) < np.float32(take_up)
    expected = _expected(people, area, lambda here: number, people["wage"].values / persons, cost, applies)
    assert (live(people, plan({"m": pays}))["received"][0] == 1).tolist() == expected.tolist()


@pytest.mark.parametrize("area", AREAS)
def test_new_households_of_each_year_are_those_next_in_the_queue(area):
    people = _random_county(2)
    weight = people["weight"].values.astype(int)
    life = live(people, plan({"m": measure("jobs", capacity=capacity(area, "households", 5))}))
    served = np.zeros(PEOPLE, bool)
    income = people["wage"].values / people["persons"].values
    for year in range(5):
        served |= _expected(people, area, lambda here: 5, income, weight, ~served)
        assert (life["received"][year] == 1).tolist() == served.tolist()
        income = life["seen_income_per_head"][year]


def test_a_share_limits_all_that_were_ever_served():
    people = _random_county(3)
    weight = people["weight"].values.astype(int)
    path = {"value": {2016: 0.1, 2018: 0.25}, "unit": "share", "source": "test", "status": "assumed"}
    # support is over after a year: those served before count on
    job = measure("jobs", support_years=1, decay=1, capacity={"area": "county", "share": path})
    life = live(people, plan({"m": job}))
    ever = np.logical_or.accumulate(life["received"] == 1)
    room = [weight.sum() // 10, weight.sum() // 10, weight.sum() // 4, weight.sum() // 4, weight.sum() // 4]
    reached = (ever * weight).sum(axis=1)
    assert (reached <= room).all()
    # a household of three may not fit into what is left
    assert (reached > np.array(room) - 3).all()
    assert reached[1] == reached[0] < reached[2]


def test_a_share_of_a_yearly_measure_is_served_every_year(people):
    third = flat_transfer(100, capacity=capacity("county", "share", 0.3))
    out = povsim.simulate(people, povsim.read_scenario("sample", overrides={**only(), "measures.flat": third}), draws=3)
    assert (out["recipients"].sel(measure="flat").sum("village") == 180).all()


def test_a_budget_pays_running_support_first():
    # 3,000 yuan: three households at 1,000; then 400 a year for each of those, and what is left for new ones
    job = measure("jobs", unit_cost=600, yearly_cost=400, capacity=capacity("county", "budget", 3_000))
    life = live(county(20), plan({"m": job}))
    assert life.served() == [3, 4, 5, 6, 6]
    assert life.spent() == [3_000, 2_200, 2_600, 3_000, 2_400]


# type, figures, what is set aside for a household of four with two pupils
RESERVED = {
    "jobs": ({"unit_cost": 500, "yearly_cost": 70}, 570),
    "posts": ({"unit_cost": 500, "yearly_cost": 70, "wage": 900}, 1_470),
    "credit_line": ({"unit_cost": 60}, 60),
    "microcredit": ({"max_amount": 20_000, "mean_amount": 8_000, "rate": 0.05}, 1_000),
    "relocation": ({"cost_per_head": 500, "self_paid": 100}, 1_600),
    "repair": ({"subsidy": 700}, 700),
    "education": ({"preschool": 100, "compulsory": 300, "senior": 200, "tertiary": 250}, 600),
    "transfer": ({"amount": 90, "per": "student"}, 180),
    "dibao": ({"standard": 7_000, "paid_share": 0.5}, 1_000),
}


@pytest.mark.parametrize("kind", RESERVED)
def test_what_taking_on_a_household_costs_is_set_aside_at_its_highest(kind):
    figures, cost = RESERVED[kind]
    # 6,500 a head; nobody differs, so as many are served as the reserved cost allows
    people = county(9, students=2)
    for budget, served in ((4 * cost, 4), (4 * cost - 1, 3)):
        one = measure(kind, **figures, years=[2016, 2016], capacity=capacity("county", "budget", budget))
        life = live(people, plan({"m": one}))
        assert life.served()[0] == served
        assert life.spent()[0] <= budget


def test_village_township_and_county_in_one_block_or_many(people):
    plans = [
        povsim.read_scenario(
            "sample",
            overrides={
                **only("industry"),
                "code": area,
                "measures.industry.capacity": capacity(area, "households", 1),
                "measures.industry.take_up": 1.0,
            },
        )
        for area in AREAS
    ]
    out = povsim.simulate(people, plans, draws=4, seed=2)
    new = out["recipients"].sel(measure="industry", year=2016)
    for area, most in AREAS.items():
        one = new.sel(scenario=area)
        grouped = one if area == "village" else one.groupby(area).sum("village")
        assert grouped.max() == 1
        assert one.sum("village").max() == most


def test_a_transfer_by_pupil_goes_to_households_with_pupils(people):
    pupils = flat_transfer(100, per="student", capacity=capacity("county", "households", 100), priority="random")
    scenario = povsim.read_scenario("sample", overrides={**only(), "measures.flat": pupils})
    out, panel = povsim.simulate(people, scenario, draws=3, keep=("household",))
    assert (out["recipients"].sel(measure="flat").sum("village") == 100).all()
    assert (people["students"].values[np.nonzero(panel["received"].values & 1)[-1]] > 0).all()


def test_a_larger_budget_serves_more(people):
    served = []
    for budget in (0, 30_000, 120_000):
        limit = {"measures.industry.capacity": capacity("county", "budget", budget)}
        scenario = povsim.read_scenario("sample", overrides={**only("industry"), **limit})
        out = povsim.simulate(people, scenario, draws=6, seed=2)
        assert (out["spending"].sum(["village", "measure"]) <= budget).all()
        served.append(int(out["recipients"].sum()))
    assert served[0] == 0
    assert served[0] < served[1] < served[2]


FILTERS = {
    "status": {"status": ["exited", "never_registered"]},
    "category": {"status": tiny.EVERYBODY, "category": ["dibao", "tekun"]},
    "cause": {"status": tiny.EVERYBODY, "cause": ["illness", "other"]},
    "failing": {"status": tiny.EVERYBODY, "failing": ["housing", "water"]},
    "workers_at_least": {"status": tiny.EVERYBODY, "workers_at_least": 3},
    "workers_at_most": {"status": tiny.EVERYBODY, "workers_at_most": 1},
    "persons_at_least": {"status": tiny.EVERYBODY, "persons_at_least": 5},
    "income_below": {"status": tiny.EVERYBODY, "income_below": quantity(6_000, "yuan per head and year")},
    "townships": {"status": tiny.EVERYBODY, "townships": ["西乡"]},
    "villages": {"status": tiny.EVERYBODY, "villages": ["西乡/三村"]},
    "poor_villages_only": {"status": tiny.EVERYBODY, "poor_villages_only": True},
    "all together": {"workers_at_least": 1, "townships": ["东镇"], "poor_villages_only": False, "persons_at_least": 2},
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_let_in_whom_they_name(people, name):
    asked = {"status": ["registered", "relapsed"], **FILTERS[name]}
    scenario = povsim.read_scenario(
        "sample", overrides={**only(), "measures.flat": flat_transfer(100, eligible=asked, years=[2016, 2016])}
    )
    _, panel = povsim.simulate(people, scenario, draws=1, keep=("household",))
    column = {key: people[key].values for key in ("status", "category", "cause", "workers", "persons")}
    village = people["household_village"].values
    earned = ("wage", "business", "property", "transfer")
    income = sum(people[key].values.astype(float) for key in earned) - people["production_cost"] - people["dibao"]
    may = np.isin(column["status"], [tiny.EVERYBODY.index(status) for status in asked["status"]])
    may &= np.isin(column["category"], [1, 2]) if "category" in asked else True
    may &= np.isin(column["cause"], [1, 13]) if "cause" in asked else True
    lacking = people["deprived"].sel(guarantee=asked.get("failing", [])).any("guarantee").values
    may &= lacking if "failing" in asked else True
    may &= (column["workers"] >= asked.get("workers_at_least", 0)) & (
        column["workers"] <= asked.get("workers_at_most", 99)
    )
    may &= column["persons"] >= asked.get("persons_at_least", 0)
    may &= (income.values / column["persons"] < 6_000) if "income_below" in asked else True
    for key in ("township", "village"):
        may &= np.isin(people[key].values[village], asked[f"{key}s"]) if f"{key}s" in asked else True
    may &= people["poor_village"].values[village] if asked.get("poor_villages_only") else True
    assert np.array_equal(panel["received"].values[0, 0, 0] > 0, may)
    assert may.any()
