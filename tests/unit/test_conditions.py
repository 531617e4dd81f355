"""Conditions of vetoes and triggers: comparisons, findings, ranks among peers, combinations, what is missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from povsim.scoring.conditions import holds, holds_by_item, peer_rank, severity
from povsim.scoring.verdict_schema import Condition
from tests.unit.judging_parts import GRADES, card_of, facts_of, item, ledger, named

CARD = card_of([item("a"), item("b", 30), ledger("extra")], grades=GRADES, findings=[named("fraud"), named("misuse")])
POINTS = np.array([[10, 4, np.nan], [27, 30, 12], [2, -1, 0]])
FINDINGS = [[0, 1, 3], [2, 0, 0]]


def one(found):
    """Return the units of the only scenario, draw and year."""
    return found[0, 0, 0].tolist()


def where(facts, **condition):
    """Return the units where a condition holds."""
    return one(holds(Condition(**condition), facts))


def test_values_points_and_shares_are_compared():
    facts = facts_of(CARD, POINTS)
    assert where(facts, indicator="b", comparison=">=", threshold=0.9) == [True, True, False]
    assert where(facts, indicator="b", comparison=">", threshold=0.9) == [False, True, False]
    assert where(facts, indicator="b", of="points", comparison="<=", threshold=27) == [True, False, True]
    assert where(facts, indicator="b", of="share", comparison="<", threshold=0.9) == [False, False, True]


def test_what_is_not_known_makes_nothing_hold():
    facts = facts_of(CARD, POINTS)
    for way in (">", ">=", "<", "<="):
        for of in ("value", "points", "share"):
            assert not where(facts, indicator="a", of=of, comparison=way, threshold=0.5)[2]
        assert where(facts, indicator="extra", of="share", comparison=way, threshold=0) == [False] * 3
        assert not where(facts, total=True, comparison=way, threshold=60)[2]
    assert where(facts, target_missed="a") == [False, True, False]
    assert where(facts, peer_rank="total", comparison=">", threshold=0) == [False] * 3
    assert where(facts, grade="poor") == [False] * 3


def test_values_are_compared_in_single_precision():
    values = np.array([0.02, 0.019999], dtype=np.float32).reshape(1, 1, 1, 1, 2)
    facts = facts_of(card_of([item("a")]), np.zeros((1, 2)), values=values)
    assert where(facts, indicator="a", comparison=">=", threshold=0.02) == [True, False]
    assert where(facts, indicator="a", comparison="<", threshold=0.02) == [False, True]


def test_totals_are_compared_to_a_ten_thousandth():
    facts = facts_of(CARD, POINTS, total=[59.999996, 59.99, 60.000004])
    assert where(facts, total=True, comparison="<", threshold=60) == [False, True, False]
    assert where(facts, total=True, comparison=">", threshold=60) == [False, False, False]


def test_findings_hold_from_one_on_or_by_comparison():
    facts = facts_of(CARD, POINTS, findings=FINDINGS)
    assert where(facts, finding="fraud") == [False, True, True]
    assert where(facts, finding="fraud", comparison=">=", threshold=2) == [False, False, True]
    assert one(severity(Condition(finding="fraud"), facts)) == [0, 1, 3]
    assert one(severity(Condition(finding="fraud", comparison=">=", threshold=2), facts)) == [0, 0, 3]
    assert one(severity(Condition(finding="fraud", comparison="<", threshold=1), facts)) == [1, 0, 0]


def test_severity_is_that_of_the_largest_finding_that_holds():
    facts = facts_of(CARD, POINTS, findings=FINDINGS)
    either = Condition(any=[{"finding": "fraud"}, {"finding": "misuse"}])
    assert one(severity(either, facts)) == [2, 1, 3]
    both = Condition(all=[{"finding": "fraud"}, {"indicator": "b", "comparison": ">=", "threshold": 1}])
    assert one(severity(both, facts)) == [0, 1, 0]
    assert one(severity(Condition(target_missed="b"), facts)) == [0, 0, 1]
    assert severity(either, facts).dtype == np.int8


def test_grade_is_the_grade_by_total():
    grade = np.array([[[[0, 3, -1]]]], dtype=np.int8)
    facts = facts_of(CARD, POINTS, grade=grade)
    assert where(facts, grade="excellent") == [True, False, False]
    assert where(facts, grade="poor") == [False, True, False]


def test_all_and_any_nest():
    facts = facts_of(CARD, POINTS, findings=FINDINGS)
    condition = {"all": [{"any": [{"finding": "fraud"}, {"finding": "misuse"}]}, {"target_missed": "a"}]}
    assert where(facts, **condition) == [False, True, False]


def peers_of(*shares):
    """Return shares of peers, one draw and year, (peer, indicator) given."""
    return np.array(shares, dtype=np.float32)[None, None]


def test_rank_among_peers_shares_the_better_place():
    # own shares of a: 1, 0.4; of b: 0.9, 1
    facts = facts_of(CARD, POINTS, peer_share=peers_of([1, 0.9, np.nan], [0.4, 0.95, np.nan], [0.5, 1, np.nan]))
    assert one(peer_rank("a", facts)[0])[:2] == [1, 3]
    assert np.isnan(peer_rank("a", facts)[0, 0, 0, 0, 2])
    assert one(peer_rank("b", facts)[0]) == [3, 1, 4]
    each = peer_rank("each", facts)
    np.testing.assert_array_equal(each[0], peer_rank("a", facts)[0])
    assert np.isnan(each[2]).all()
    # totals over 40 points: 39, 33, not known; of the peers (10 + 27, 4 + 28.5, 5 + 30)
    assert one(peer_rank("total", facts)[0])[:2] == [1, 3]


def test_a_share_in_another_precision_still_ties():
    facts = facts_of(card_of([item("a", 3)]), [[2.7]], peer_share=peers_of([0.9], [np.float32(2.7) / np.float32(3)]))
    assert one(peer_rank("a", facts)[0]) == [1]


@given(st.integers(0, 2**32 - 1))
def test_ranks_among_peers_are_those_of_counting(seed):
    rng = np.random.default_rng(seed)
    card = card_of([item("a", 4), item("b", 8)])
    points = rng.integers(0, 5, (2, 2, 3, 2, 4)).astype(np.float32)
    peers = (rng.integers(0, 5, (3, 2, 6, 2)) / 4).astype(np.float32)
    facts = facts_of(card, points, years=(2016, 2017), peer_share=peers)
    each, total = peer_rank("each", facts), peer_rank("total", facts)
    for s, d, y, u in np.ndindex(2, 3, 2, 4):
        own = [points[0, s, d, y, u] / 4, points[1, s, d, y, u] / 8]
        for place in range(2):
            better = sum(peer[place] > own[place] for peer in peers[d, y])
            assert each[place, s, d, y, u] == 1 + better
        whole = sum(4 * peer[0] + 8 * peer[1] > points[:, s, d, y, u].sum() for peer in peers[d, y])
        assert total[0, s, d, y, u] == 1 + whole


BOTH = {
    "all": [
        {"peer_rank": "each", "comparison": ">", "threshold": 5},
        {"peer_rank": "total", "comparison": ">", "threshold": 2},
    ]
}


@pytest.mark.parametrize(("b", "struck"), [(30, [False] * 2), (16, [True, False]), (0, [True, True])])
def test_both_conditions_strike_only_together(b, struck):
    # nine peers earn 0.9 of a; one of them 0.9 of b and the others half: with all of b the county keeps the title
    card = card_of([item("a"), item("b", 30)])
    peers = peers_of([0.9, 0.9], *[[0.9, 0.5]] * 8)
    facts = facts_of(card, [[10], [b]], peer_share=peers)
    assert holds_by_item(Condition(**BOTH), facts)[:, 0, 0, 0, 0].tolist() == [False, struck[1]]
    facts = facts_of(card, [[5], [b]], peer_share=peers)
    assert holds_by_item(Condition(**BOTH), facts)[:, 0, 0, 0, 0].tolist() == struck
    assert holds(Condition(**BOTH), facts)[0, 0, 0, 0] == any(struck)
