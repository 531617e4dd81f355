"""Measures beside each other: those that ask for others, and those that draw on one fund."""

import pytest

import povsim
from tests import tiny
from tests.tiny import capacity, county, fund, lives, measure


def home(n=2, **columns):
    return county(n, **{"property": 500, "transfer": 1_200, **columns})


def test_only_households_that_hold_a_measure():
    loan = measure("microcredit", eligible={"status": tiny.EVERYBODY, "holding": ["line"]})
    line = measure("credit_line", years=[2016, 2016], open_years=4)
    life = lives({"line": line, "m": loan}, home())
    # the line comes first in the same meeting; it has run out when the second loan would be asked for
    assert life.of("loan_balance") == [10_000, 10_000, 0, 10_000, 10_000]
    waits = lives({"line": {**line, "capacity": capacity("county", "households", 9)}, "m": loan}, home())
    # where lines are decided on together, they are held from the next year on
    assert waits.of("loan_balance") == [0, 10_000, 10_000, 0, 0]
    never = lives({"line": {**line, "take_up": measure("jobs", take_up=0)["take_up"]}, "m": loan}, home())
    assert never.served("m") == [0] * 5


def test_only_households_that_do_not_hold_a_measure():
    post = measure("posts", eligible={"status": tiny.EVERYBODY, "not_holding": ["job"]})
    job = measure("jobs", failure={2016: 0, 2018: 1}, years=[2016, 2016])
    life = lives({"job": job, "m": post}, home())
    assert life.served("job") == [2, 2, 2, 0, 0]
    # the job was lost in 2018
    assert life.served("m") == [0, 0, 0, 2, 2]


def test_support_that_has_ended_is_still_held_while_it_lasts():
    post = measure("posts", eligible={"status": tiny.EVERYBODY, "not_holding": ["job"]})
    job = measure("jobs", support_years=1, decay=0.9, years=[2016, 2016])
    life = lives({"job": job, "m": post}, home())
    # full size in 2017, a tenth in 2018, too little in 2019
    assert life.of("received") == [1, 0, 0, 0, 2]
    assert life.served("m") == [0, 0, 0, 0, 2]


def test_a_process_acts_before_subsidies_and_after_other_measures():
    seen = []

    def look(block):
        seen.append((float(block.wage[0]), float(block.transfer[0])))

    plan = tiny.plan({"job": measure("jobs"), "flat": measure("transfer")})
    povsim.simulate(home(), plan, draws=1, threads=1, processes=[povsim.Process("look", look)])
    assert seen == [pytest.approx((28_000, 1_200), rel=1e-5)] * 5


def test_measures_on_a_fund_share_it():
    # 1,000 yuan a household; running support of 400 for each of those taken on before
    on_fund = {"fund": "f", "unit_cost": 600, "yearly_cost": 400}
    measures = {"a": measure("industry", **on_fund), "b": measure("jobs", **on_fund)}
    people = home(10)
    life = lives(measures, people, {"f": fund(3_900)})
    # 3 of a; 1,200 set aside leaves 2,700 for two more of a; 2,000 leaves one; from then on there is nothing left
    assert life.served("a") == [3, 5, 6, 7, 8]
    assert life.served("b") == [0] * 5
    assert life.spent("a") == [3_000, 3_200, 3_000, 3_400, 3_800]
    turned = lives(measures, people, {"f": fund(3_900, order=["b", "a"])})
    assert (turned.served("a"), turned.served("b")) == ([0] * 5, [3, 5, 6, 7, 8])
    for one in (life, turned):
        book = one.out["fund_spending"].isel(scenario=0, draw=0, fund=0).values.tolist()
        assert book == [a + b for a, b in zip(one.spent("a"), one.spent("b"), strict=True)]
        assert one.out["fund_budget"].isel(scenario=0, draw=0, fund=0).values.tolist() == [3_900] * 5


def test_what_is_left_of_a_fund_goes_to_the_next_measure():
    first = measure("repair", fund="f", subsidy=700, eligible={"status": ["registered"], "workers_at_least": 2})
    second = measure("enrolment", fund="f", subsidy=200, years=[2016, 2017])
    people = county(6, workers=[2, 2, 0, 0, 0, 0], lacks=("food", "housing", "insurance"))
    life = lives({"a": first, "b": second}, people, {"f": fund(2_000)})
    assert life.served("a")[0] == 2
    # 600 are left: three households; the others come next year, when nothing is left of a
    assert life.served("b")[0] == 3
    assert life.spent("b")[0] == 600


def test_a_fund_counts_in_each_township():
    people = home(8, villages=4)
    life = lives(measure("repair", fund="f", subsidy=1_000), people, {"f": fund(1_500, area="township")})
    first = life.out["recipients"].isel(scenario=0, draw=0, year=0, measure=0).groupby("township").sum()
    assert first.values.tolist() == [1, 1]
    assert life.out["fund_budget"].isel(scenario=0, draw=0, fund=0).values.tolist() == [3_000] * 5


def test_own_capacity_and_fund_both_hold():
    asked = {"status": ["registered"], "failing": ["housing"]}
    one = capacity("township", "households", 1)
    limited = measure("repair", fund="f", subsidy=1_000, capacity=one, eligible=asked)
    people = home(8, villages=4, lacks=("food", "housing"))
    life = lives(limited, people, {"f": fund(9_000)})
    assert life.served() == [2, 2, 2, 2, 0]
    poorer = lives(limited, people, {"f": fund(1_000)})
    assert poorer.served() == [1] * 5


def test_running_support_is_paid_though_the_fund_shrinks():
    shrinking = {"value": {2016: 4_000, 2017: 500}, "unit": "yuan per year", "source": "test", "status": "assumed"}
    measures = {
        "a": measure("industry", fund="f", unit_cost=600, yearly_cost=400),
        "b": measure("repair", fund="f", subsidy=1),
    }
    life = lives(measures, home(4), {"f": {**fund(0), "budget": shrinking}})
    assert life.served("a") == [4, 4, 4, 4, 4]
    assert life.spent("a") == [4_000, 1_600, 1_600, 1_600, 1_600]
    assert life.served("b") == [0] * 5
