"""Relocation and works on guarantees worked out by hand, in a county where nothing else happens."""

import numpy as np
import pytest

from tests import tiny
from tests.tiny import county, lives, luck, measure

NEAR = {"rel": 1e-5, "abs": 0.01}
MOVED = ("food", "housing", "water")
MOVES = {"years": [2016, 2016]}
# figures, household, wage, gross, cost, property, debt at year end, what one household costs
MOVE_CASES = {
    "with a job": (
        {}, {}, [15_000, 32_000, 32_000, 32_000, 32_000], [7_500, 5_000, 5_000, 5_000, 5_000],
        [3_000, 2_000, 2_000, 2_000, 2_000], [-500, -400, -300, -200, -100], [8_000, 6_000, 4_000, 2_000, 0], 234_000,
    ),
    "without a job": (
        {"job_share": 0}, {}, [15_000, 20_000, 20_000, 20_000, 20_000], [7_500, 5_000, 5_000, 5_000, 5_000],
        [3_000, 2_000, 2_000, 2_000, 2_000], [-500, -400, -300, -200, -100], [8_000, 6_000, 4_000, 2_000, 0], 234_000,
    ),
    "without labour": (
        {}, {"workers": 0}, [15_000, 20_000, 20_000, 20_000, 20_000], [7_500, 5_000, 5_000, 5_000, 5_000],
        [3_000, 2_000, 2_000, 2_000, 2_000], [-500, -400, -300, -200, -100], [8_000, 6_000, 4_000, 2_000, 0], 234_000,
    ),
    "nothing to pay": (
        {"self_paid": 0, "disruption": 0, "land_loss": 0}, {"persons": 3}, [20_000, 32_000, 32_000, 32_000, 32_000],
        [10_000] * 5, [4_000] * 5, [0] * 5, [0] * 5, 183_000,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MOVE_CASES)
def test_relocation(case):
    figures, columns, wage, gross, cost, rent, debt, price = MOVE_CASES[case]
    life = lives(measure("relocation", **MOVES, **figures), county(lacks=MOVED, **columns))
    for column, expected in (("wage", wage), ("business", gross), ("production_cost", cost), ("property", rent)):
        assert life.of(column) == pytest.approx(expected, **NEAR), column
    assert life.of("debt") == pytest.approx(debt, abs=0.01)
    assert life.of("deprived") == [tiny.FOOD] * 5
    assert (life.spent(), life.served()) == ([2 * price, 0, 0, 0, 0], [2, 0, 0, 0, 0])


def test_nobody_moves_twice():
    life = lives(measure("relocation"), county(lacks=MOVED))
    assert life.served() == [2, 0, 0, 0, 0]


def test_a_job_after_the_move_is_the_luck_of_the_entry():
    people = county(300, lacks=MOVED)
    life = lives(measure("relocation", job_share=0.6), people)
    assert np.array_equal(life["wage"][1] > 21_000, luck(people, "measures.m", 2016, lane=3) < 0.6)


# type, what it cures if nothing else is named, what another one cures
WORKS = {"repair": "housing", "water": "water", "enrolment": "insurance", "return_to_school": "schooling"}


@pytest.mark.parametrize("kind", WORKS)
def test_works_cure_their_guarantee_and_leave_a_debt(kind):
    figures = {"subsidy": 7_500, "self_paid": 8_000, "repay_years": 4}
    people = county(lacks=("food", "clothing", WORKS[kind]), students=1)
    asked = {"status": tiny.EVERYBODY, "failing": [WORKS[kind]]}
    life = lives(measure(kind, **figures, eligible=asked), people)
    assert life.of("deprived") == [tiny.FOOD | tiny.CLOTHING] * 5
    assert life.of("debt") == [6_000, 4_000, 2_000, 0, 0]
    # the household's own part carries no interest
    assert life.of("property") == [0] * 5
    assert (life.spent(), life.served()) == ([15_000, 0, 0, 0, 0], [2, 0, 0, 0, 0])


def test_works_cure_what_they_name():
    life = lives(measure("repair", cures=["clothing", "water"]), county(lacks=("food", "clothing", "water", "housing")))
    assert life.of("deprived") == [tiny.FOOD | tiny.HOUSING] * 5


def test_works_are_tried_until_they_are_finished_and_paid_once():
    people = county(400, lacks=("food", "housing"))
    life = lives(
        measure("repair", subsidy=100, completion=0.4, eligible={"status": ["registered"]}, years=[2016, 2016]), people
    )
    unfinished = np.ones(400, bool)
    for year in range(5):
        unfinished &= luck(people, "measures.m", 2016 + year, lane=2) >= 0.4
        assert np.array_equal((life["deprived"][year] & tiny.HOUSING) > 0, unfinished)
    assert (life.spent(), life.served()) == ([40_000, 0, 0, 0, 0], [400, 0, 0, 0, 0])


def test_works_that_are_never_finished_stay_open():
    life = lives(measure("repair", completion=0, subsidy=100), county(lacks=("food", "housing")))
    assert life.of("deprived") == [tiny.FOOD | tiny.HOUSING] * 5
    assert life.served() == [2, 0, 0, 0, 0]


def test_debts_of_a_move_and_of_works_add_up():
    both = {"m": measure("relocation"), "w": measure("repair", self_paid=4_000, repay_years=2, years=[2016, 2016])}
    life = lives(both, county(lacks=MOVED))
    assert life.of("debt") == pytest.approx([10_000, 6_000, 4_000, 2_000, 0], abs=0.01)
    assert life.of("property") == pytest.approx([-500, -400, -300, -200, -100], abs=0.01)
