"""Shocks against the luck they are addressed by: illness, lost jobs, guarantees that lapse, disasters."""

import numpy as np
import pytest

import povsim
from povsim.terms import CAUSES
from tests import tiny
from tests.conftest import quantity
from tests.tiny import county, dated, live, luck, plan

NEAR = {"rel": 1e-5, "abs": 0.01}
CAUSE = {term.code: place for place, term in enumerate(CAUSES, start=1)}
YEARS = range(2016, 2021)


def share(value):
    return quantity(value, "share")


def illness(**more):
    """Return changes by which everybody falls ill in 2016 only; 4,000 of 10,000 are left to the insured."""
    usual = {"hazard": dated("share", y2016=1, y2017=0), "hazard_ill": dated("share", y2016=1, y2017=0), "cost": 10_000,
             "reimbursement": 0.6, "work_loss": 0, "years": 1}  # fmt: skip
    return {f"shocks__illness__{name}": value for name, value in {**usual, **more}.items()}


def test_illness_costs_money_once_and_work_for_some_years():
    life = live(county(), plan(**illness(work_loss=0.3, years=2)))
    assert life.of("medical") == pytest.approx([4_000, 0, 0, 0, 0])
    assert life.of("wage") == pytest.approx([14_000, 14_000, 20_000, 20_000, 20_000], **NEAR)
    assert life.of("business") == pytest.approx([7_000, 7_000, 10_000, 10_000, 10_000], **NEAR)
    assert life.of("production_cost") == pytest.approx([2_800, 2_800, 4_000, 4_000, 4_000], **NEAR)
    assert life.of("ill_until") == [2] * 5


def test_insurance_changes_the_bill_and_not_the_hazard():
    life = live(county(lacks=("insurance",)), plan(**illness()))
    assert life.of("medical") == pytest.approx([10_000, 0, 0, 0, 0])


def test_who_falls_ill_is_the_luck_of_the_year_times_persons():
    draw = np.random.default_rng(1)
    people = county(600, persons=draw.integers(1, 7, 600), ill=draw.integers(0, 2, 600), cause=draw.integers(0, 4, 600))
    life = live(people, plan(**illness(hazard=0.03, hazard_ill=0.06, cause_factor=quantity(2, "factor"))))
    persons, ill = people["persons"].values, people["ill"].values > 0
    for place, year in enumerate(YEARS):
        # the cause may have become illness in an earlier year
        before = people["cause"].values if place == 0 else life["cause"][place - 1]
        hazard = np.where(ill, 0.06, 0.03) * persons * np.where(before == CAUSE["illness"], 2, 1)
        struck = luck(people, "shock", year) < hazard.astype(np.float32)
        assert np.array_equal(life["medical"][place] > 0, struck)


def test_costs_of_cases_have_the_stated_spread():
    people = county(20_000)
    life = live(people, plan(**illness(cost_sd=0.9)))
    cost = life["medical"][0].astype(float) / 0.4
    assert cost.mean() == pytest.approx(10_000, rel=0.04)
    assert np.log(cost).std() == pytest.approx(0.9, rel=0.02)


def test_a_disability_lowers_earnings_for_good_from_the_next_year_on():
    life = live(county(), plan(**illness(disability=share(1), disability_loss=share(0.3))))
    assert life.of("wage") == pytest.approx([20_000, 14_000, 14_000, 14_000, 14_000], **NEAR)
    assert life.of("business") == pytest.approx([10_000, 7_000, 7_000, 7_000, 7_000], **NEAR)
    again = live(county(), plan(**illness(hazard=1, hazard_ill=1, disability=share(1), disability_loss=share(0.3))))
    assert again.of("wage") == pytest.approx([20_000 * 0.7**year for year in range(5)], **NEAR)


def test_disability_is_the_luck_of_the_case():
    people = county(400)
    life = live(people, plan(**illness(disability=share(0.4), disability_loss=share(0.5))))
    disabled = luck(people, "shock.detail", 2016, lane=1) < 0.4
    assert np.array_equal(life["wage"][1] < 15_000, disabled)
    assert np.array_equal(life["cause"][0], np.where(disabled, CAUSE["disability"], CAUSE["illness"]))


def test_a_household_without_a_cause_gets_the_one_that_struck_it():
    people = county(2, cause=[0, CAUSE["land"]])
    assert live(people, plan(**illness()))["cause"].T.tolist() == [[CAUSE["illness"]] * 5, [CAUSE["land"]] * 5]
    struck = live(people, plan(**disaster()))
    assert struck["cause"].T.tolist() == [[CAUSE["disaster"]] * 5, [CAUSE["land"]] * 5]


def job_loss(**more):
    factor = more.pop("cause_factor", None)
    years = more.pop("years", 1)
    entries = {"hazard": share(more.pop("hazard", 1)), "wage_loss": share(more.pop("wage_loss", 0.5))}
    return {"shocks__job_loss": {**entries, "years": quantity(years, "years"), "cause_factor": factor}}


def test_a_lost_job_takes_part_of_the_wage_for_some_years():
    once = {"hazard": {2016: 1, 2017: 1e-9}, "wage_loss": 0.4, "years": 2}
    life = live(county(), plan(**job_loss(**once)))
    assert life.of("wage") == pytest.approx([12_000, 12_000, 20_000, 20_000, 20_000], **NEAR)
    assert life.of("business") == pytest.approx([10_000] * 5, **NEAR)
    assert life.of("jobless_until") == [2] * 5


def test_who_loses_a_job_is_the_luck_of_the_year():
    draw = np.random.default_rng(2)
    people = county(600, wage=draw.choice([0, 20_000], 600), cause=draw.integers(0, 14, 600))
    life = live(people, plan(**job_loss(hazard=0.2, cause_factor=quantity(2, "factor"))))
    raised = np.isin(people["cause"].values, [CAUSE["skill"], CAUSE["labour"]])
    earning = people["wage"].values > 0
    for place, year in enumerate(YEARS):
        lost = luck(people, "shock", year, lane=1) < np.where(raised, 0.4, 0.2).astype(np.float32)
        assert np.array_equal(life["wage"][place][earning] < 15_000, lost[earning])


def test_a_lost_job_stays_lost_in_a_year_in_which_nobody_loses_one():
    life = live(county(), plan(**job_loss(hazard={2016: 1, 2017: 0}, wage_loss=0.4, years=2)))
    assert life.of("wage") == pytest.approx([12_000, 12_000, 20_000, 20_000, 20_000], **NEAR)


def test_a_household_without_wages_has_no_job_to_lose():
    life = live(county(3, wage=[20_000, 20_000, 0]), plan(**job_loss()))
    assert life["jobless_until"][0].tolist() == [1, 1, -1]


def test_a_household_loses_one_guarantee_at_most_in_a_year():
    people = county(600, lacks=(), students=np.arange(600) % 2)
    hazards = {"housing": 0.1, "schooling": 0.2, "insurance": 0.15}
    life = live(people, plan(shocks__lapses={name: share(value) for name, value in hazards.items()}))
    expected, pupils = np.zeros(600, int), people["students"].values > 0
    # in the order of the register's guarantees, whatever the order in the file
    bounds = {tiny.HOUSING: (0, 0.1), tiny.SCHOOLING: (0.1, 0.3), tiny.INSURANCE: (0.3, 0.45)}
    for place, year in enumerate(YEARS):
        u = luck(people, "shock", year, lane=2)
        for bit, (low, high) in bounds.items():
            lost = (u >= np.float32(low)) & (u < np.float32(high))
            expected |= np.where(lost & (pupils if bit == tiny.SCHOOLING else True), bit, 0)
        assert np.array_equal(life["deprived"][place], expected)


def test_what_has_lapsed_is_mended_by_works_in_the_year_after():
    lapse = {"shocks__lapses": {"water": dated("share", y2016=1, y2017=0)}}
    works = tiny.measure("water", subsidy=300, eligible={"status": tiny.EVERYBODY, "failing": ["water"]})
    life = live(county(lacks=()), plan({"m": works}, **lapse))
    assert life.of("deprived") == [tiny.WATER, 0, 0, 0, 0]
    assert life.spent() == [0, 600, 0, 0, 0]


def disaster(**more):
    usual = {"village": {2016: 1, 2017: 0}, "household": 1, "business_loss": 0.3, "dwelling": 0}
    return {f"shocks__disaster__{name}": share(value) for name, value in {**usual, **more}.items()}


def test_disaster_takes_the_harvest_not_its_cost():
    life = live(county(), plan(**disaster(dwelling=1)))
    assert life.of("business") == pytest.approx([7_000, 10_000, 10_000, 10_000, 10_000], **NEAR)
    assert life.of("production_cost") == pytest.approx([4_000] * 5, **NEAR)
    assert life.of("wage") == pytest.approx([20_000] * 5, **NEAR)
    assert life.of("deprived") == [tiny.FOOD | tiny.HOUSING] * 5


def test_villages_are_struck_and_in_them_households():
    people = county(400, villages=8)
    life = live(people, plan(**disaster(village=0.4, household=0.6, dwelling=0.5)))
    village = people["household_village"].values
    unsafe = np.zeros(400, bool)
    for place, year in enumerate(YEARS):
        u = povsim.uniforms(people["village"].values, seed=1, draw=0, year=year, decision="disaster.village")
        struck = (u < np.float32(0.4))[village] & (luck(people, "shock", year, lane=3) < np.float32(0.6))
        assert np.array_equal(life["business"][place] < 8_000, struck)
        unsafe |= struck & (luck(people, "shock.detail", year, lane=2) < 0.5)
        assert np.array_equal((life["deprived"][place] & tiny.HOUSING) > 0, unsafe)


def test_without_shocks_nothing_happens():
    life = live(county(), plan())
    assert life.of("wage") == pytest.approx([20_000] * 5, **NEAR)
    assert life.of("medical") == life.of("schooling_cost") == [0] * 5
    assert life.of("deprived") == [tiny.FOOD] * 5
    assert life.of("cause") == [0] * 5
