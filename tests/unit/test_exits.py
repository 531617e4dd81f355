"""Exit tests and inspection on households worked out by hand: statuses, wrong exits, relapse, being found."""

import numpy as np
import pytest

from povsim import layout as at
from povsim.draws import decision_key, fill_normal_and_uniforms
from povsim.exits import inspect_year, test_year
from povsim.terms import Status
from tests.unit.test_measures import household

LINE = np.float32(3_000)
ALL = np.ones(4, np.float32)
# income_error, overlooked, false_alarm, found, delay, stability_years
EXACT = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
test_year.__test__ = False


def live(h, year, terms=EXACT, vetoes=0b11, bits=(0, 0b1)):
    """Test and inspect a block in a year."""
    test_year(h, LINE, 1, ALL, np.array(bits, np.int16))
    luck = np.empty((4, h.key.size), np.float32)
    fill_normal_and_uniforms(decision_key(1, "inspection"), 0, 2015 + year, h.key, luck)
    inspect_year(h, LINE, 1, vetoes, np.float32(1), np.array(terms, np.float32), luck, year)
    return int(h.marks[at.EVENTS, 0])


@pytest.mark.parametrize(
    ("income", "strict", "fails"),
    [(12_000, 1, True), (12_000, 0, False), (12_001, 1, False), (11_999, 0, True), (-500, 1, True)],
)
def test_income_against_the_line(income, strict, fails):
    h = household(WAGE=income)
    test_year(h, LINE, strict, ALL, np.array([0], np.int16))
    assert bool(h.marks[at.PATTERN, 0] & 1) is fails


def test_what_counts_is_a_switch_of_the_standard():
    h = household(WAGE=1_000, GROSS=500, COST=700, PROPERTY_INCOME=10, TRANSFER_INCOME=20)
    for row, amount in ((at.PENSION_INCOME, 100), (at.DIBAO, 200), (at.ONE_OFF, 400), (at.MEDICAL, 50)):
        h.flow[row] = amount
    for counts, expected in (([1, 1, 1, 1], 1_480), ([0, 0, 0, 0], 830), ([1, 0, 1, 0], 1_330)):
        test_year(h, LINE, 1, np.array(counts, np.float32), np.array([0], np.int16))
        assert h.flow[at.COUNTED, 0] == pytest.approx(expected)


def test_pattern_has_a_bit_for_each_test():
    h = household(DEPRIVED=0b101)
    test_year(h, LINE, 1, ALL, np.array([0, 0b1, 0b10, 0b100], np.int16))
    assert h.marks[at.PATTERN, 0] == 0b1011


def test_declared_exit_and_the_years_above():
    h = household(WAGE=20_000, STATUS=Status.registered)
    two = [*EXACT[:5], 2.0]
    assert live(h, 1, two) == 0
    assert h.whole[at.STATUS, 0] == Status.registered
    assert live(h, 2, two) & at.EXIT
    assert (h.whole[at.STATUS, 0], h.whole[at.STATUS_YEAR, 0]) == (Status.exited, 2)


def test_a_year_below_starts_the_count_again():
    h = household(WAGE=20_000, STATUS=Status.registered)
    two = [*EXACT[:5], 2.0]
    live(h, 1, two)
    h.flow[at.WAGE] = 5_000
    live(h, 2, two)
    h.flow[at.WAGE] = 20_000
    assert live(h, 3, two) == 0
    assert live(h, 4, two) & at.EXIT


def test_an_unmet_guarantee_blocks_only_as_a_veto():
    h = household(WAGE=20_000, STATUS=Status.registered, DEPRIVED=0b1)
    assert live(h, 1) == 0
    assert live(h, 2, vetoes=0b01) & at.EXIT


def test_overlooking_a_guarantee_makes_a_wrong_exit():
    h = household(WAGE=20_000, STATUS=Status.registered, DEPRIVED=0b1)
    assert live(h, 1, [0.0, 1.0, 0.0, 1.0, 1.0, 1.0]) & (at.EXIT | at.WRONG_EXIT) == at.EXIT | at.WRONG_EXIT


def test_error_in_income_makes_wrong_and_missed_exits():
    h = household(n=20_000, WAGE=12_000, STATUS=Status.registered)
    live(h, 1, [0.2, 0.0, 0.0, 1.0, 1.0, 1.0])
    wrong = (h.marks[at.EVENTS] & at.WRONG_EXIT) > 0
    # log error is normal with mean -0.02 and sd 0.2: above zero with probability Phi(-0.1)
    assert wrong.mean() == pytest.approx(0.4602, abs=0.012)


def test_relapse_is_counted_once_and_registered_after_the_delay():
    h = household(WAGE=20_000, STATUS=Status.registered)
    assert live(h, 1) & at.EXIT
    h.flow[at.WAGE] = 5_000
    assert live(h, 2) == at.RELAPSE
    assert h.whole[at.STATUS, 0] == Status.exited
    assert live(h, 3) == 0
    assert h.whole[at.STATUS, 0] == Status.relapsed
    h.flow[at.WAGE] = 20_000
    assert live(h, 4) & at.EXIT


def test_nobody_is_registered_again_who_is_not_found():
    h = household(WAGE=20_000, STATUS=Status.registered)
    live(h, 1)
    h.flow[at.WAGE] = 5_000
    unseen = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    assert live(h, 2, unseen) == at.RELAPSE
    for year in (3, 4, 5):
        live(h, year, unseen)
    assert h.whole[at.STATUS, 0] == Status.exited


def test_a_wrong_exit_is_no_relapse():
    h = household(WAGE=20_000, STATUS=Status.registered, DEPRIVED=0b1)
    live(h, 1, [0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    assert live(h, 2) == 0
    assert live(h, 3) == 0
    assert h.whole[at.STATUS, 0] == Status.relapsed


def test_new_poverty_and_being_found():
    h = household(WAGE=20_000)
    assert live(h, 1) == 0
    h.flow[at.WAGE] = 5_000
    assert live(h, 2) == at.NEWLY_POOR
    assert h.whole[at.STATUS, 0] == Status.never_registered
    assert live(h, 3) == 0
    assert h.whole[at.STATUS, 0] == Status.registered


def test_lasting_exit_is_two_years_above_after_a_poor_one():
    h = household(WAGE=5_000)
    live(h, 1)
    h.flow[at.WAGE] = 20_000
    assert not live(h, 2) & at.LASTING_EXIT
    assert live(h, 3) & at.LASTING_EXIT
    assert not live(h, 4) & at.LASTING_EXIT


def test_income_remembered_is_before_dibao():
    h = household(WAGE=8_000)
    h.flow[at.DIBAO] = 2_000
    live(h, 1)
    assert h.real[at.LAST_INCOME, 0] == 2_000
