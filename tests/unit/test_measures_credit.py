"""Loans and credit lines worked out by hand, in a county where nothing else happens."""

import numpy as np
import pytest

from tests.tiny import county, lives, measure


def test_credit_lines_are_open_for_their_years():
    line = measure("credit_line", open_years=2, unit_cost=50)
    life = lives(line, county())
    # a line that has run out is asked for again
    assert (life.spent(), life.served()) == ([100, 0, 100, 0, 100], [2] * 5)
    once = lives({**line, "years": [2016, 2016]}, county())
    assert (once.spent(), once.served()) == ([100, 0, 0, 0, 0], [2, 2, 0, 0, 0])
    # a promise is neither income nor a loan
    assert life.of("business") == pytest.approx([10_000] * 5, abs=0.05)
    assert life.of("loan_balance") == [0] * 5


LOAN = {"years": [2016, 2016]}
# figures, changes of the household, sales less cost above 6,000, loan and arrears at year end, yuan by year
LOAN_CASES = {
    # 8,000 from the capital and half of 27,000 - 12,000 are more than enough
    "repaid at term": (LOAN, {}, [1000, 1000, 1000, 0, 0], [10_000, 10_000, 0, 0, 0], [0] * 5, [500, 500, 500, 0, 0]),
    "taken again": (
        {"term": 2}, {}, [1000] * 5, [10_000, 0, 10_000, 0, 10_000], [0] * 5, [500] * 5,
    ),
    "overdue": (
        LOAN, {"wage": 6_000, "business": 3_000, "production_cost": 1_000}, [1000, 1000, 1000, 0, 0],
        [10_000, 10_000, 0, 0, 0], [0, 0, 2_000, 2_000, 2_000], [500, 500, 500, 0, 0],
    ),
    # 10,500 + 1,000 - 12,000 is no spare income; half of 13,500 + 1,000 - 12,000 is 1,250
    "overdue in part": (
        LOAN, {"wage": 11_500, "business": 3_000, "production_cost": 1_000}, [1000, 1000, 1000, 0, 0],
        [10_000, 10_000, 0, 0, 0], [0, 0, 750, 0, 0], [500, 500, 500, 0, 0],
    ),
    "no interest": ({**LOAN, "rate": 0}, {}, [1000, 1000, 1000, 0, 0], [10_000, 10_000, 0, 0, 0], [0] * 5, [0] * 5),
    "one year": ({**LOAN, "term": 1}, {}, [1000, 0, 0, 0, 0], [0] * 5, [0] * 5, [500, 0, 0, 0, 0]),
    "capped": (
        {**LOAN, "max_amount": 4_000}, {}, [400, 400, 400, 0, 0], [4_000, 4_000, 0, 0, 0], [0] * 5,
        [200, 200, 200, 0, 0],
    ),
    # a quarter of what is left is lost each year: 10,000, 7,500, 5,625; 3,375 and half of 12,593.75 are 328 too little
    "losses eat the capital": (
        {**LOAN, "return_mean": -0.25}, {}, [-2500, -1875, -1406.25, 0, 0], [10_000, 10_000, 0, 0, 0],
        [0, 0, 328, 0, 0], [500, 500, 500, 0, 0],
    ),
    "no more is lost than there is": (
        {**LOAN, "return_mean": -1, "repay_share": 0}, {}, [-10_000, 0, 0, 0, 0], [10_000, 10_000, 0, 0, 0],
        [0, 0, 10_000, 10_000, 10_000], [500, 500, 500, 0, 0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LOAN_CASES)
def test_loans(case):
    figures, columns, net, owed, overdue, spent = LOAN_CASES[case]
    people = county(**columns)
    before = float(people["business"][0] - people["production_cost"][0])
    life = lives(measure("microcredit", **figures), people)
    earned = np.array(life.of("business")) - np.array(life.of("production_cost"))
    assert (earned - before).tolist() == pytest.approx(net, abs=0.05)
    assert life.of("loan_balance") == owed
    assert life.of("arrears") == overdue
    assert life.spent() == [2 * yuan for yuan in spent]
    assert life.served() == [2 if value else 0 for value in net] if "no more" not in case else [2, 2, 2, 0, 0]
    assert life.sum("loans_outstanding") == [2 * yuan for yuan in owed]
    assert life.sum("arrears") == [2 * yuan for yuan in overdue]


def test_what_is_overdue_is_paid_off_from_spare_income_before_a_new_loan():
    # wages rise by 5,000 in 2019: half of 10,000 + 5,000 - 12,000 goes to the arrears, twice
    people = county(wage=8_000, business=4_000, production_cost=2_000)
    wages = {"value": {2016: 0, 2019: 0.625, 2020: 0}, "unit": "share per year", "source": "test", "status": "assumed"}
    life = lives(measure("microcredit", salvage=0.75), people, incomes__growth__wage=wages)
    assert life.of("arrears") == [0, 0, 2_500, 1_000, 0]
    assert life.of("loan_balance") == [10_000, 10_000, 0, 0, 0]
    # the record was still overdue when 2019 closed, so no new loan was asked for
    assert life.served() == [2, 2, 2, 0, 0]


def test_two_kinds_of_loan_side_by_side_have_their_own_books():
    loans = {
        "large": measure("microcredit", **LOAN, mean_amount=30_000, term=3, return_mean=0.1),
        "small": measure("microcredit", **LOAN, mean_amount=5_000, term=2, rate=0.1, return_mean=0.2),
    }
    life = lives(loans, county())
    assert life.of("loan_balance") == [35_000, 30_000, 0, 0, 0]
    assert life.of("business") == pytest.approx([14_000, 14_000, 13_000, 10_000, 10_000], abs=0.05)
    assert (life.spent("large"), life.spent("small")) == ([3000, 3000, 3000, 0, 0], [1000, 1000, 0, 0, 0])
    assert life.sum("loans_outstanding") == [70_000, 60_000, 0, 0, 0]


def test_loans_differ_in_size_and_return():
    life = lives(
        measure("microcredit", mean_amount=20_000, amount_sd=0.4, return_sd=0.2, return_mean=0.05), county(20_000)
    )
    lent = life["loan_balance"][0].astype(float)
    assert (lent == np.round(lent)).all()
    assert lent.max() <= 50_000
    middle = lent[lent < 50_000]
    assert np.log(middle).std() == pytest.approx(0.4, rel=0.05)
    net = (life["business"][0] - life["production_cost"][0]).astype(float) - 6_000
    assert (net / lent).mean() == pytest.approx(0.05, abs=0.005)
    assert (net / lent).std() == pytest.approx(0.2, rel=0.03)
