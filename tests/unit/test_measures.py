"""Earning types on a household worked out by hand, in a county where nothing else happens."""

import numpy as np
import pytest

from tests.tiny import county, lives, luck, measure

STATED = {"wage": 20_000, "business": 10_000, "production_cost": 4_000, "property": 500, "transfer": 1_200}
"""What a household of these tests has; it lacks food, so it stays on the register."""
NEAR = {"rel": 1e-5, "abs": 0.01}


def home(n=2, **columns):
    return county(n, **{**STATED, **columns})


def gains(life, column, household=0):
    """Return what a column has more than the household had at first, year by year."""
    return [value - STATED.get(column, 0) for value in life.of(column, household)]


# the amount of all types is 8,000; two households
ONCE = {"years": [2016, 2016], "unit_cost": 1000, "yearly_cost": 200}
GROWS = {**ONCE, "first_year": 0.5, "second_year": 0.75, "support_years": 2, "decay": 0.5}
GROWN = [4000, 6000, 8000, 4000, 2000]
UNPAID = {
    "industry": "business", "contracts": "business", "ecommerce": "business", "tourism": "business", "jobs": "wage",
    "workshop": "wage", "training": "wage", "solar": "property", "assets": "property",
}  # fmt: skip


@pytest.mark.parametrize("kind", UNPAID)
def test_earning_types_grow_and_fade(kind):
    life = lives(measure(kind, **GROWS), home())
    column = UNPAID[kind]
    assert gains(life, column) == pytest.approx(GROWN, abs=0.05)
    # gross sales are not net income: a quarter is left of them
    cost = [0.75 * gain for gain in GROWN] if column == "business" else [0] * 5
    assert gains(life, "production_cost") == pytest.approx(cost, abs=0.05)
    for other in {"wage", "business", "property", "transfer"} - {column}:
        assert gains(life, other) == pytest.approx([0] * 5, abs=0.05)
    assert (life.spent(), life.served()) == ([2400, 400, 0, 0, 0], [2, 2, 0, 0, 0])
    assert life.of("received") == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "field", "column"), [("posts", "wage", "wage"), ("ecology", "compensation", "transfer")]
)
def test_paid_types_book_what_they_pay_and_end_with_support(kind, field, column):
    # half of 8,001 is paid as 4,001: money booked and money received are whole yuan
    life = lives(measure(kind, **{**GROWS, field: 8001}), home())
    assert gains(life, column) == pytest.approx([4001, 6001, 0, 0, 0], abs=0.05)
    assert life.spent() == [2 * (1200 + 4001), 2 * (200 + 6001), 0, 0, 0]
    assert life.served() == [2, 2, 0, 0, 0]


# figures, gain in wage by year, yuan by year, households by year
EARNING_CASES = {
    "support goes on": ({**ONCE}, [8000] * 5, [2400, 400, 400, 400, 400], [2] * 5),
    "nobody gains": ({**ONCE, "success": 0}, [0] * 5, [2400, 400, 400, 400, 400], [2] * 5),
    "everybody gains": ({**ONCE, "success": 1}, [8000] * 5, [2400, 400, 400, 400, 400], [2] * 5),
    "all fail": ({**ONCE, "failure": 1}, [0] * 5, [2400, 0, 0, 0, 0], [2, 0, 0, 0, 0]),
    "those who failed may begin again": (
        {**ONCE, "failure": 1, "years": [2016, 2018]}, [0] * 5, [2400, 2400, 2400, 0, 0], [2, 2, 2, 0, 0],
    ),
    "fail from the third year": (
        {**ONCE, "failure": {2016: 0, 2018: 1}}, [8000, 8000, 0, 0, 0], [2400, 400, 400, 0, 0], [2, 2, 2, 0, 0],
    ),
    "gone at once when support ends": (
        {**ONCE, "support_years": 1, "decay": 1}, [8000, 8000, 0, 0, 0], [2400, 0, 0, 0, 0], [2, 0, 0, 0, 0],
    ),
    "a twentieth is too little to go on": (
        {**ONCE, "support_years": 1, "decay": 0.8}, [8000, 8000, 1600, 0, 0], [2400, 0, 0, 0, 0], [2, 0, 0, 0, 0],
    ),
    "a later start": (
        {**ONCE, "years": [2018, 2018]}, [0, 0, 8000, 8000, 8000], [0, 0, 2400, 400, 400], [0, 0, 2, 2, 2],
    ),
    "costs in whole yuan": (
        {"unit_cost": 1000.3, "yearly_cost": 200.3}, [8000] * 5, [2402, 400, 400, 400, 400], [2] * 5,
    ),
    "figures of the year": (
        {"wage": {2016: 8000, 2018: 9000}, "yearly_cost": {2016: 0, 2017: 50}}, [8000, 8000, 9000, 9000, 9000],
        [0, 100, 100, 100, 100], [2] * 5,
    ),
    "nobody applies": ({**ONCE, "take_up": 0}, [0] * 5, [0] * 5, [0] * 5),
}  # fmt: skip


@pytest.mark.parametrize("case", EARNING_CASES)
def test_earning_measures(case):
    figures, gained, spent, served = EARNING_CASES[case]
    life = lives(measure("jobs", **figures), home())
    assert gains(life, "wage") == pytest.approx(gained, abs=0.05)
    assert (life.spent(), life.served()) == (spent, served)


# type, figures, gross business income, production cost, wage in the first year
DISPLACED_CASES = {
    "half of a wage": ("jobs", {"displaced": 0.5}, 6_000, 2_400, 28_000),
    "all of a wage": ("jobs", {"displaced": 1}, 2_000, 800, 28_000),
    "never more than there was": ("jobs", {"displaced": 1, "wage": 15_000}, 0, 0, 35_000),
    "of sales": ("industry", {"displaced": 0.5}, 6_000 + 8_000, 2_400 + 6_000, 20_000),
    "of sales beyond what there was": ("industry", {"displaced": 1, "gross_sales": 20_000}, 20_000, 15_000, 20_000),
    "none": ("jobs", {"displaced": 0}, 10_000, 4_000, 28_000),
}


@pytest.mark.parametrize("case", DISPLACED_CASES)
def test_a_gain_takes_time_from_what_was_earned_before(case):
    kind, figures, gross, cost, wage = DISPLACED_CASES[case]
    life = lives(measure(kind, **figures), home())
    assert life.of("business") == pytest.approx([gross] * 5, **NEAR)
    assert life.of("production_cost") == pytest.approx([cost] * 5, **NEAR)
    assert life.of("wage") == pytest.approx([wage] * 5, **NEAR)


def test_earning_measures_side_by_side_add_up():
    # the second of two trades displaces of what the first has made too
    both = {"a": measure("jobs"), "b": measure("workshop", displaced=0.5), "c": measure("industry")}
    life = lives(both, home())
    assert life.of("wage") == pytest.approx([36_000] * 5, **NEAR)
    # c acts first, whatever the order in the file: 18,000 of sales less half of 8,000
    assert life.of("business") == pytest.approx([14_000] * 5, **NEAR)
    assert life.of("production_cost") == pytest.approx([10_000 * 14 / 18] * 5, **NEAR)


@pytest.mark.parametrize(("after_exit", "served"), [(0, [2, 0, 0, 0, 0]), (1, [2, 2, 0, 0, 0]), (30, [2, 2, 2, 2, 2])])
def test_support_ends_some_years_after_exit(after_exit, served):
    # nothing is lacking, so both exit in the first year
    life = lives(measure("jobs", **ONCE, support_after_exit=after_exit), home(lacks=()))
    assert life.of("status") == [2] * 5
    assert life.served() == served


def test_success_is_the_luck_of_the_entry():
    people = home(400)
    life = lives(measure("jobs", success=0.4), people)
    gained = life["wage"][0] - 20_000 > 1
    assert np.array_equal(gained, luck(people, "measures.m", 2016, lane=3) < 0.4)
    # who gains does not change from year to year, and all are served
    assert (gained == (life["wage"][4] - 20_000 > 1)).all()
    assert life.served() == [400] * 5


def test_failure_is_the_luck_of_each_year():
    people = home(400)
    life = lives(measure("jobs", failure=0.3, years=[2016, 2016]), people)
    alive = np.ones(400, bool)
    for year in range(5):
        alive &= luck(people, "measures.m", 2016 + year, lane=2) >= 0.3
        assert np.array_equal(life["wage"][year] - 20_000 > 1, alive)


def test_take_up_is_the_luck_of_each_year():
    people = home(400)
    life = lives(measure("jobs", take_up=0.3), people)
    joined = np.zeros(400, bool)
    for year in range(5):
        joined |= luck(people, "measures.m", 2016 + year, lane=0) < 0.3
        assert np.array_equal(life["wage"][year] - 20_000 > 1, joined)


def test_effects_differ_between_households_with_the_stated_mean():
    life = lives(measure("jobs", effect_sd=0.6, success=0.5), home(40_000))
    gained = life["wage"][0].astype(float) - 20_000
    assert gained.mean() == pytest.approx(4_000, rel=0.02)
    assert np.log(gained[gained > 1]).std() == pytest.approx(0.6, rel=0.02)
