"""Pairs of draws and bargains, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from povsim.planning import comparison_draws as draws


def test_pairs_of_other_luck_are_all_pairs_and_at_most_so_many(monkeypatch) -> None:
    pairs = draws.pair_numbers(range(3), range(2), same_luck=False)
    assert sorted(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [
        (a, b) for a in range(3) for b in range(2)
    ]
    monkeypatch.setattr(draws, "MOST_PAIRS", 7)
    few = draws.pair_numbers(range(5), range(5), same_luck=False)
    assert len(few.first) == 7
    assert few.first.max() == few.second.max() == 4


def test_no_draw_in_common_is_no_common_luck() -> None:
    assert not draws.pair_numbers([0, 1], [2, 3], same_luck=True).common


def test_means_of_unpaired_draws_are_means_of_the_sides() -> None:
    pairs = draws.pair_numbers(range(3), range(2), same_luck=False)
    told = draws.difference(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0]), pairs, better=1, band=(0.1, 0.9))
    assert float(told.mean) == 13.0
    assert float(told.error) == pytest.approx(np.hypot(1 / np.sqrt(3), np.sqrt(50) / np.sqrt(2)))
    assert float(told.better) == 1.0


def test_a_bargain_without_a_difference_costs_nothing_known() -> None:
    same = draws.pair_numbers([0, 1], [0, 1], same_luck=True)
    zero = np.zeros(2)
    told = draws.bargain((zero, zero), (zero, zero), same, band=(0.1, 0.9))
    assert np.isnan(told.cost[0])
    assert np.isnan(told.cost[1])
    assert told.quarters == (0.0, 0.0, 0.0, 1.0)
