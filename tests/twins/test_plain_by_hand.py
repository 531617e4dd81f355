"""The measures of the plain model against cases worked out by hand: one household, luck that is a given number."""

from types import SimpleNamespace

import numpy as np
import pytest

import povsim
from benchmarks import plain_measures as plain
from benchmarks.plain import Watch, simulate_plain
from povsim.measures import KINDS, TERMS
from tests.twins.alike import SEED


class Fixed:
    """Luck that is the same number everywhere, by lane."""

    def __init__(self, **lanes):
        self.lanes = {int(name[1:]): value for name, value in lanes.items()}

    def uniform(self, decision, year, lane=0, *, who=None, of="household"):
        return np.full(1 if who is None else who.size, self.lanes.get(lane, 0.5))

    def normal(self, decision, year, lane=0, *, who=None, of="household"):
        return np.zeros(1 if who is None else who.size)


def _household(*, persons=4.0, luck=None, **flows):
    """Return a county of one household as the measures of the plain model see it."""
    names = ("wage", "gross", "cost", "rent", "transfer", "pension", "medical", "dibao", "one_off", "last_income")
    return SimpleNamespace(
        n=1, code=1, year=2016, village=np.zeros(1, int), weight=np.ones(1, int), persons=np.array([persons]),
        facts=SimpleNamespace(villages=1, base_year=2015), watch=Watch(), luck=luck or Fixed(),
        status=np.array([1]), status_year=np.array([0]), received=np.zeros(1, int), guarantees=("housing",),
        lacks=np.ones((1, 1), bool), column=lambda name: np.ones(1), lose=lambda who, share: None,
        scenario=SimpleNamespace(measures={"m": SimpleNamespace(cures=("housing",))}),
        **{name: np.array([float(flows.get(name, 0.0))]) for name in names},
    )  # fmt: skip


def _live(county, type_, years, figures, records=None):
    """Let a household enter a measure, or stay in it, for some years; return yuan spent and served by year, records."""
    kind = KINDS[type_]
    terms = {name: float(figures.get(name, 0.0)) for name in TERMS[kind]}
    if records is None:
        records = plain.Records.none(1)
        records.since[0] = county.code
    spent, served = [], []
    for _ in range(years):
        county.spending, county.recipients = np.zeros((1, 1), int), np.zeros((1, 1), int)
        turn = plain.Turn(county, 0, SimpleNamespace(code="m", kind=kind), records, terms)
        plain.ACTS[kind](turn)
        spent.append(int(county.spending[0, 0]))
        served.append(int(county.recipients[0, 0]))
        county.code += 1
        county.year += 1
    return spent, served, records


TRADE = {
    "amount": 9000, "margin": 0.45, "first_year": 0.4, "second_year": 0.8, "success": 1, "support_years": 2,
    "support_after_exit": 2, "decay": 0.5, "unit_cost": 5000, "yearly_cost": 800, "destination": 1,
}  # fmt: skip


def test_a_trade_by_hand():
    county = _household(gross=10000, cost=4000)
    spent, served, records = _live(county, "industry", 4, TRADE)
    # 0.4, 0.8, then full size in the year that support ends, then half
    assert spent == [5800, 800, 0, 0]
    assert served == [1, 1, 0, 0]
    assert county.gross[0] == pytest.approx(10000 + 9000 * (0.4 + 0.8 + 1 + 0.5))
    assert county.cost[0] == pytest.approx(4000 + 0.55 * 9000 * 2.7)
    assert records.ended[0] == 3


def test_a_gain_displaces_what_was_earned_before():
    county = _household(gross=10000, cost=4000)
    _live(county, "jobs", 1, {**TRADE, "destination": 0, "displaced": 0.5})
    assert (county.wage[0], county.gross[0], county.cost[0]) == pytest.approx((3600, 8200, 3280))


def test_a_post_is_paid_in_whole_yuan():
    county = _household()
    spent, _, _ = _live(county, "posts", 1, {**TRADE, "amount": 6001, "destination": 0, "paid": 1})
    assert county.wage[0] == 2400
    assert spent == [5800 + 2400]


def test_who_fails_costs_and_earns_nothing_more():
    county = _household(luck=Fixed(_2=0.05))
    spent, served, records = _live(county, "industry", 2, {**TRADE, "failure": 0.1})
    assert (spent, served, county.gross[0], records.since[0]) == ([5800, 0], [1, 0], 0.0, 0)


def test_a_loan_by_hand():
    county = _household(wage=20000)
    figures = {
        "mean_amount": 10000, "max_amount": 50000, "term": 2, "rate": 0.05, "return_mean": -0.1, "salvage": 0.5,
        "repay_share": 0.3, "line": 4000,
    }  # fmt: skip
    spent, served, records = _live(county, "microcredit", 2, figures)
    # invested 10000, 9000, 8100; of the loan 4050 are salvaged and 0.3 * (20000 - 1900 - 16000) spared
    assert spent == [500, 500]
    assert served == [1, 1]
    assert county.cost[0] == pytest.approx(1900)
    assert (records.stage[0], records.a[0], records.c[0]) == (1, 0, 10000 - 4050 - 630)
    county.cost[0] = 0
    # nothing is lost any more, so 0.3 * (20000 - 16000) a year go to the arrears
    _, served, _ = _live(county, "microcredit", 1, figures, records)
    assert (served, records.c[0]) == ([0], 5320 - 1200)
    _live(county, "microcredit", 4, figures, records)
    assert (records.since[0], records.c[0]) == (0, 0)


def test_a_move_by_hand():
    county = _household(gross=10000, cost=4000, luck=Fixed(_3=0.2))
    figures = {
        "cost_per_head": 61000, "self_paid": 2500, "repay_years": 5, "rate": 0.05, "land_loss": 0.5, "job_share": 0.6,
        "job_wage": 12000,
    }  # fmt: skip
    spent, served, records = _live(county, "relocation", 2, figures)
    assert spent == [4 * 58500, 0]
    assert served == [1, 0]
    assert (county.wage[0], county.gross[0], county.cost[0]) == (12000, 5000, 2000)
    assert county.rent[0] == pytest.approx(-0.05 * (10000 + 8000))
    assert records.a[0] == 6000
    assert not county.lacks.any()


def test_works_are_over_when_done_and_paid_off():
    county = _household(luck=Fixed(_2=0.9))
    figures = {"subsidy": 7500, "self_paid": 1000, "repay_years": 3, "completion": 0.5}
    spent, served, records = _live(county, "repair", 3, figures)
    assert (spent, served) == ([7500, 0, 0], [1, 0, 0])
    assert county.lacks.all()
    assert records.since[0] == 1
    county.luck = Fixed(_2=0.1)
    _live(county, "repair", 1, figures, records)
    assert not county.lacks.any()
    assert records.since[0] == 0
    again = _live(county, "repair", 2, figures)[2]
    assert (again.stage[0], again.since[0]) == (1, 5)


def test_medical_assistance_by_hand():
    county = _household(medical=9000)
    figures = {"reimbursed": 0.5, "deductible": 1000, "ceiling": 3000, "premium": 150}
    spent, served, records = _live(county, "medical", 1, figures)
    assert (spent, served, county.medical[0], records.since[0]) == ([3600], [1], 6000, 0)


def test_pupils_move_through_their_stages():
    county = _household()
    county.pupil_luck = lambda lane: np.array([2.5 / 19])
    figures = {"preschool": 1, "compulsory": 10, "senior": 100, "tertiary": 1000}
    county.year = 2015
    aids = [_live(county, "education", 1, figures)[0][0] for _ in range(20)]
    assert aids == [1] + [10] * 9 + [100] * 3 + [1000] * 4 + [1] * 3


def test_books_balance(people, sample):
    plan = povsim.read_scenario("sample", overrides={"measures.credit_line.unit_cost.value": 1.0})
    out = simulate_plain(people, plan, seed=SEED, draw=0)
    slots = list(plan.active())
    spent, served = out["spending"].sum(axis=2), out["recipients"].sum(axis=2)
    for code in ("repair", "water", "enrolment"):
        slot = slots.index(code)
        np.testing.assert_array_equal(spent[:, slot], served[:, slot] * plan.measures[code].subsidy.at(2016))
    everybody = out["persons"].sum(axis=(1, 2))
    assert (everybody == everybody[0]).all()
    assert (out["histogram"].sum(axis=(1, 2)) == everybody).all()
    assert all(np.isfinite(table).all() for name in out.tables for table in [out[name]])
