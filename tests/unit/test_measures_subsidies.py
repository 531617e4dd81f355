"""Yearly subsidies worked out by hand, in a county where nothing else happens."""

import math

import numpy as np
import pytest

from tests.tiny import county, lives, measure

NEAR = {"rel": 1e-5, "abs": 0.01}


def test_education_aid_is_paid_for_each_pupil():
    people = county(3, students=[0, 1, 5], transfer=1_200)
    life = lives(measure("education"), people)
    assert life["transfer"].tolist() == [[1_200, 2_200, 6_200]] * 5
    assert (life.spent(), life.served()) == ([6_000] * 5, [2] * 5)


def test_stages_of_education_have_their_lengths_and_follow_each_other():
    stages = {"preschool": 1_000, "compulsory": 2_000, "senior": 3_000, "tertiary": 4_000}
    life = lives(measure("education", **stages), county(19_000, students=1))
    stage = np.rint(life["transfer"] / 1_000).astype(int)
    found = np.bincount(stage[0], minlength=5)[1:] / 19_000
    assert found.tolist() == pytest.approx([3 / 19, 9 / 19, 3 / 19, 4 / 19], abs=0.01)
    moves = set(zip(stage[:-1].ravel().tolist(), stage[1:].ravel().tolist(), strict=True))
    # who leaves at the end is followed by a younger one
    assert moves == {(1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (4, 1)}


def test_aid_of_nothing_reaches_nobody():
    nothing = dict.fromkeys(("preschool", "compulsory", "senior", "tertiary"), 0)
    life = lives(measure("education", **nothing), county(students=2))
    assert (life.spent(), life.served()) == ([0] * 5, [0] * 5)


ILL = {
    "shocks__illness__hazard": 0.5, "shocks__illness__cost": 10_000, "shocks__illness__reimbursement": 0.6,
    "shocks__illness__work_loss": 0, "shocks__illness__years": 1,
}  # fmt: skip
"""Everybody falls ill each year; 4,000 of 10,000 are left to the insured."""
# figures, own medical cost left, yuan and households by year (two households of four)
MEDICAL_CASES = {
    "a share": ({"reimbursed": 0.5}, 2_000, 4_000, 2),
    "above a deductible": ({"reimbursed": 0.5, "deductible": 1_000}, 2_500, 3_000, 2),
    "up to a ceiling": ({"reimbursed": 0.5, "deductible": 1_000, "ceiling": 1_200}, 2_800, 2_400, 2),
    "below the deductible": ({"reimbursed": 1, "deductible": 5_000}, 4_000, 0, 0),
    "the premium too": ({"reimbursed": 0.5, "premium": 150}, 2_000, 4_000 + 1_200, 2),
    "only the premium": ({"premium": 150}, 4_000, 1_200, 2),
    "nothing": ({}, 4_000, 0, 0),
    "in whole yuan": ({"reimbursed": 0.33333}, 4_000 - 1_333, 2_666, 2),
}


@pytest.mark.parametrize("case", MEDICAL_CASES)
def test_medical_assistance(case):
    figures, left, spent, served = MEDICAL_CASES[case]
    life = lives(measure("medical", **figures), county(), **ILL)
    assert life.of("medical") == pytest.approx([left] * 5, **NEAR)
    assert (life.spent(), life.served()) == ([spent] * 5, [served] * 5)


def test_those_without_insurance_bear_the_whole_bill():
    life = lives(measure("medical", reimbursed=0.5), county(lacks=("insurance",)), **ILL)
    assert life.of("medical") == pytest.approx([5_000] * 5, **NEAR)


@pytest.mark.parametrize(
    ("per", "heads"), [("household", 1), ("person", 4), ("student", 2), ("ill", 3), ("disabled", 1)]
)
@pytest.mark.parametrize("one_off", [False, True])
def test_flat_transfers_go_by_heads(per, heads, one_off):
    people = county(students=[2, 0], ill=[3, 0], disabled=[1, 0], transfer=1_200)
    life = lives(measure("transfer", amount=100.2, per=per, one_off=one_off), people)
    amount = math.floor(100.2 * heads + 0.5)
    column, before = ("one_off", 0) if one_off else ("transfer", 1_200)
    assert life.of(column) == pytest.approx([before + amount] * 5)
    both = 2 if per in ("household", "person") else 1
    assert (life.spent(), life.served()) == ([amount * both] * 5, [both] * 5)


def test_those_newly_disabled_count():
    disabling = {**ILL, "shocks__illness__disability": {"value": {2016: 1, 2017: 0}, "unit": "share", "source": "test",
                                                        "status": "assumed"}}  # fmt: skip
    life = lives(measure("transfer", per="disabled"), county(disabled=[0, 2]), **disabling)
    # it takes a year until the first household may apply; the second one has three from the first year on
    assert life.of("transfer", 0) == [0, 100, 100, 100, 100]
    assert life.of("transfer", 1) == [300] * 5


# standard, share paid, income per head of the last year, award to a household of four
DIBAO_CASES = [
    (3740, 0.55, 2_500, math.floor(1_240 * 0.55 * 4 + 0.5)),
    (3740, 1.0, 2_500, 4_960),
    (2500, 1.0, 2_500, 0),
    (2000, 1.0, 2_500, 0),
]


@pytest.mark.parametrize(("standard", "share", "income", "award"), DIBAO_CASES)
def test_dibao_pays_a_share_of_what_last_year_lacked(standard, share, income, award):
    people = county(wage=4 * income - 2_000, business=4_000, production_cost=2_000)
    life = lives(measure("dibao", standard=standard, paid_share=share), people)
    # incomes come back from their logs, so a yuan more or less is no mistake where the standard is met
    assert life.of("dibao") == pytest.approx([award] * 5, abs=1)
    assert sum(life.spent()) == sum(life["dibao"].sum(axis=1).tolist())
    if award:
        assert life.served() == [2] * 5


def test_dibao_goes_by_last_year_and_before_dibao():
    growth = {"value": {2016: 0, 2018: 1, 2019: 0}, "unit": "share per year", "source": "test", "status": "assumed"}
    people = county(wage=8_000, business=4_000, production_cost=2_000)
    life = lives(measure("dibao", standard=4_000, paid_share=1), people, incomes__growth__wage=growth)
    # 2,500 a head until wages double in 2018 to make it 4,500
    assert life.of("dibao") == pytest.approx([6_000, 6_000, 6_000, 0, 0], abs=1)
    assert life.of("seen_income_per_head") == pytest.approx([2_500, 2_500, 4_500, 4_500, 4_500], **NEAR)


def test_the_register_s_dibao_gives_way_to_the_measure():
    people = county(wage=8_000, business=4_000, production_cost=2_000, transfer=1_000, dibao=400)
    life = lives(measure("dibao", standard=4_000, paid_share=1, years=[2018, 2018]), people)
    assert life.of("dibao") == pytest.approx([400, 400, 5_400, 400, 400], abs=1)
    assert life.of("transfer") == pytest.approx([600] * 5)
