"""Each family of measures on a household worked out by hand."""

import numpy as np
import pytest

from povsim import layout as at
from povsim.draws import decision_key, uniforms
from povsim.layout import Households
from povsim.measures import ACTS
from povsim.measures.frame import Book, Turn
from povsim.measures.works import service_debt_year
from povsim.shocks import fall_ill_year, strike_year

NEVER = 1e-9
"""A share so small that the addressed luck of these tests does not fall below it."""


def household(n=1, persons=4.0, measures=1, **rows):
    """Return n equal households; rows name state columns to set."""
    h = Households(
        home=np.zeros((at.HOME_ROWS, n), np.float32),
        traits=np.zeros((at.TRAIT_ROWS, n), np.int16),
        village=np.zeros(n, np.int32),
        bounds=np.array([0, n], np.int64),
        weight=np.ones(n, np.int32),
        key=np.arange(1, n + 1, dtype=np.uint64),
        real=np.zeros((at.REAL_ROWS, n), np.float32),
        whole=np.zeros((at.SINCE + 2 * measures, n), np.int16),
        flow=np.zeros((at.FLOW_ROWS, n), np.float32),
        marks=np.zeros((at.MARK_ROWS, n), np.int16),
        received=np.zeros(n, np.int32),
    )
    h.home[at.PERSONS] = persons
    h.traits[at.WORKERS] = 2
    for name, value in rows.items():
        for block in ("flow", "real", "whole"):
            if hasattr(at, name) and name in _ROWS[block]:
                getattr(h, block)[getattr(at, name)] = value
    return h


_ROWS = {
    "flow": {"WAGE", "GROSS", "COST", "PROPERTY_INCOME", "TRANSFER_INCOME"},
    "real": {"LAST_INCOME", "BALANCE", "CAPITAL", "ARREARS", "DEBT", "DEBT_PAYMENT", "DEBT_RATE"},
    "whole": {"DEPRIVED", "STATUS", "STATUS_YEAR"},
}


def act(kind, h, terms, year, since=1):
    """Let a measure act in a year and return its books."""
    book = Book(np.zeros(1, np.int64), np.zeros(1, np.int32), 1)
    rows = h.whole[at.SINCE], h.whole[at.SINCE + 1]
    if since is not None:
        rows[0][:] = since
    turn = Turn(year, 2015, 0, decision_key(1, "test"), np.arange(h.key.size, dtype=np.int32))
    ACTS[kind](h, *rows, np.array(terms, np.float32), turn, book)
    return int(book.spending[0]), int(book.recipients[0])


# gross_sales, margin, effect_sd, first, second, failure, support_years, after_exit, decay, unit_cost, yearly_cost
INDUSTRY = [10_000, 0.4, 0.0, 0.5, 0.8, 0.0, 3, 2, 0.25, 5_000, 800]


@pytest.mark.parametrize(
    ("year", "gross", "spent", "served"),
    [(1, 5_000, 5_800, 1), (2, 8_000, 800, 1), (3, 10_000, 800, 1), (4, 10_000, 0, 0), (5, 7_500, 0, 0)],
)
def test_industry_grows_and_fades(year, gross, spent, served):
    h = household()
    h.whole[at.SINCE + 1] = 4 if year > 4 else 0
    assert act("industry", h, INDUSTRY, year) == (spent, served)
    # gross sales are not net income: the margin is what is left
    assert h.flow[at.GROSS, 0] == pytest.approx(gross)
    assert h.flow[at.GROSS, 0] - h.flow[at.COST, 0] == pytest.approx(0.4 * gross)


def test_industry_support_ends_some_years_after_exit():
    h = household(STATUS=2, STATUS_YEAR=1)
    terms = [*INDUSTRY[:6], 9, 1, *INDUSTRY[8:]]
    assert act("industry", h, terms, 2)[1] == 1
    assert act("industry", h, terms, 3, since=None)[1] == 0
    assert h.whole[at.SINCE + 1, 0] == 3


def test_failed_industry_brings_nothing_and_ends():
    h = household()
    assert act("industry", h, [*INDUSTRY[:5], 1.0, *INDUSTRY[6:]], 1) == (5_800, 1)
    assert h.flow[at.GROSS, 0] == 0
    assert h.whole[at.SINCE, 0] == -1


def test_industry_effects_differ_between_households_with_the_stated_mean():
    h = household(n=100_000)
    act("industry", h, [10_000, 0.4, 0.6, 1.0, *INDUSTRY[4:]], 1)
    sales = h.flow[at.GROSS].astype(float)
    assert sales.mean() == pytest.approx(10_000, rel=0.01)
    assert np.log(sales).std() == pytest.approx(0.6, rel=0.01)


# mean_amount, amount_sd, max_amount, term, rate, return_mean, return_sd, salvage, repay_share, line
LOAN = [40_000, 0.0, 50_000, 3, 0.0475, 0.10, 0.0, 0.8, 0.5, 3_000]


def test_a_loan_runs_and_is_repaid_at_term():
    h = household(WAGE=40_000)
    for year in (1, 2):
        h.flow[at.GROSS] = 0
        assert act("microcredit", h, LOAN, year, since=1 if year == 1 else None) == (1_900, 1)
        assert h.flow[at.GROSS, 0] == pytest.approx(4_000)
        assert h.real[at.BALANCE, 0] == 40_000
    h.flow[at.GROSS] = 0
    act("microcredit", h, LOAN, 3, since=None)
    # 32,000 from the capital, 8,000 of half of 40,000 + 4,000 - 12,000
    assert (h.real[at.BALANCE, 0], h.real[at.ARREARS, 0], h.whole[at.SINCE, 0]) == (0, 0, -3)


def test_what_cannot_be_repaid_is_overdue_and_paid_off_later():
    h = household(WAGE=12_000)
    for year in (1, 2, 3):
        h.flow[at.GROSS] = 0
        act("microcredit", h, LOAN, year, since=1 if year == 1 else None)
    # income of 16,000 leaves half of 4,000 above the line of 12,000: 2,000 beside 32,000 of 40,000
    assert h.real[at.ARREARS, 0] == 6_000
    h.flow[at.GROSS] = 0
    h.flow[at.WAGE] = 16_000
    act("microcredit", h, LOAN, 4, since=None)
    assert h.real[at.ARREARS, 0] == 4_000


def test_losses_eat_the_capital():
    h = household(WAGE=12_000)
    act("microcredit", h, [*LOAN[:5], -0.25, *LOAN[6:]], 1)
    assert h.flow[at.COST, 0] == pytest.approx(10_000)
    assert h.real[at.CAPITAL, 0] == pytest.approx(30_000)


def test_loans_are_capped():
    h = household(n=20_000)
    act("microcredit", h, [40_000, 0.5, *LOAN[2:]], 1)
    assert h.real[at.BALANCE].max() == 50_000
    assert (h.real[at.BALANCE] == np.round(h.real[at.BALANCE])).all()


# cost_per_head, self_paid, repay_years, rate, disruption, land_loss, job_share, job_wage, cures
MOVE = [61_000, 2_500, 5, 0.05, 0.25, 0.5, 1.0, 12_000, 0b1100]


def test_relocation_disrupts_indebts_and_changes_income():
    h = household(WAGE=20_000, GROSS=8_000, COST=4_000, DEPRIVED=0b1101)
    assert act("relocation", h, MOVE, 1) == (4 * 61_000 - 10_000, 1)
    assert (h.flow[at.WAGE, 0], h.flow[at.GROSS, 0], h.flow[at.COST, 0]) == (15_000, 6_000, 3_000)
    assert h.whole[at.DEPRIVED, 0] == 0b0001
    service_debt_year(h)
    assert h.flow[at.PROPERTY_INCOME, 0] == pytest.approx(-500)
    assert h.real[at.DEBT, 0] == 8_000
    h.flow[at.WAGE], h.flow[at.GROSS], h.flow[at.COST] = 20_000, 8_000, 4_000
    assert act("relocation", h, MOVE, 2, since=None) == (0, 0)
    assert (h.flow[at.WAGE, 0], h.flow[at.GROSS, 0], h.flow[at.COST, 0]) == (32_000, 4_000, 2_000)


def test_a_job_after_the_move_is_not_certain():
    h = household(n=20_000)
    act("relocation", h, [*MOVE[:6], 0.6, *MOVE[7:]], 2)
    assert (h.flow[at.WAGE] > 0).mean() == pytest.approx(0.6, abs=0.02)
    idle = household(n=100)
    idle.traits[at.WORKERS] = 0
    act("relocation", idle, MOVE, 2)
    assert (idle.flow[at.WAGE] == 0).all()


def test_debt_is_paid_off():
    h = household(DEBT=10_000, DEBT_PAYMENT=2_000, DEBT_RATE=0.05)
    owed = []
    for _ in range(6):
        service_debt_year(h)
        owed.append(float(h.real[at.DEBT, 0]))
    assert owed == [8_000, 6_000, 4_000, 2_000, 0, 0]
    assert h.real[at.DEBT_PAYMENT, 0] == 0


def test_debts_at_different_rates_cost_their_mean():
    h = household(WAGE=20_000, DEPRIVED=0b1100)
    act("relocation", h, MOVE, 1)
    act("repair", h, [7_500, 10_000, 5, 1.0, 0b100], 1)
    service_debt_year(h)
    # 5 % of 10,000 from the move, nothing on 10,000 from the repair
    assert h.flow[at.PROPERTY_INCOME, 0] == pytest.approx(-500)
    assert h.real[at.DEBT, 0] == pytest.approx(16_000)


def test_repair_cures_when_finished_and_sound():
    # subsidy, self_paid, repay_years, completion, cures
    h = household(DEPRIVED=0b101)
    assert act("repair", h, [7_500, 10_000, 5, NEVER, 0b100], 1) == (7_500, 1)
    assert h.whole[at.DEPRIVED, 0] == 0b101
    assert act("repair", h, [7_500, 10_000, 5, 1.0, 0b100], 2, since=None) == (0, 0)
    assert h.whole[at.DEPRIVED, 0] == 0b001
    assert h.whole[at.SINCE, 0] == -2
    assert h.real[at.DEBT, 0] == 10_000


def test_dibao_pays_a_share_of_what_last_year_lacked():
    # standard, paid_share
    h = household(LAST_INCOME=2_000.4)
    assert act("dibao", h, [3_740, 0.55], 1) == (3_827, 1)
    assert h.flow[at.DIBAO, 0] == 3_827
    assert act("dibao", h, [3_740, 0.55], 2, since=None) == (0, 0)
    rich = household(LAST_INCOME=9_000)
    assert act("dibao", rich, [3_740, 0.55], 1) == (0, 1)


@pytest.mark.parametrize(("per", "amount"), [(0, 100), (1, 400), (2, 200), (3, 300), (4, 0)])
def test_flat_transfers_go_by_heads(per, amount):
    h = household()
    h.traits[at.STUDENTS], h.traits[at.ILL] = 2, 3
    assert act("transfer", h, [100, per, 0], 1) == (amount, 1)
    assert h.flow[at.TRANSFER_INCOME, 0] == amount
    assert act("transfer", h, [100, per, 1], 2, since=2) == (amount, 1)
    assert h.flow[at.ONE_OFF, 0] == amount


def test_illness_costs_money_and_work():
    luck = np.full((4, 1), 0.5, np.float32)
    # hazard, hazard_ill, cost, cost_sd, reimbursement, work_loss, years
    terms = np.array([1.0, 1.0, 10_000, 0.0, 0.6, 0.3, 2], np.float32)
    h = household(WAGE=20_000, GROSS=10_000, COST=4_000)
    fall_ill_year(h, luck, terms, 0b1000, 1)
    assert h.flow[at.MEDICAL, 0] == pytest.approx(4_000)
    assert h.flow[at.WAGE, 0] == pytest.approx(14_000)
    assert h.flow[at.GROSS, 0] - h.flow[at.COST, 0] == pytest.approx(4_200)
    healthy = np.array([0.0, 0.0, *terms[2:]], np.float32)
    for year, wage in ((2, 14_000), (3, 20_000)):
        h.flow[at.WAGE] = 20_000
        fall_ill_year(h, luck, healthy, 0b1000, year)
        assert h.flow[at.WAGE, 0] == pytest.approx(wage)
    uninsured = household(DEPRIVED=0b1000)
    fall_ill_year(uninsured, luck, terms, 0b1000, 1)
    assert uninsured.flow[at.MEDICAL, 0] == pytest.approx(10_000)


def test_disaster_takes_the_harvest_not_its_cost():
    luck = np.full((4, 2), 0.5, np.float32)
    h = household(n=2, GROSS=10_000, COST=4_000)
    h.village[:] = [0, 1]
    strike_year(h, luck, np.array([1.0, 0.3, 1.0], np.float32), np.array([True, False]), 0b10)
    assert h.flow[at.GROSS].tolist() == [7_000, 10_000]
    assert h.flow[at.COST].tolist() == [4_000, 4_000]
    assert h.whole[at.DEPRIVED].tolist() == [0b10, 0]


def test_luck_of_a_measure_is_addressed_by_its_code_and_year():
    h = household(n=50)
    act("industry", h, [10_000, 0.4, 0.0, 1.0, 1.0, 0.3, *INDUSTRY[6:]], 1)
    luck = uniforms(np.arange(1, 51), seed=1, draw=0, year=2016, decision="test", lane=2)
    assert ((h.flow[at.GROSS] == 0) == (luck < 0.3)).all()
