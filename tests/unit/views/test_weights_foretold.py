"""Sums that a page foretells totals from, against the totals that the session works out."""

from __future__ import annotations

import numpy as np
import pytest

from povsim.scoring.schemes import weight_scheme
from povsim.views.weights_board import standing
from povsim.views.weights_foretold import Sums, sums_of
from povsim.views.weights_scheme import moved
from tests.unit.views.weights_samples import CARDS, sample


def totals_under(sums: Sums, points: np.ndarray) -> np.ndarray:
    """Slow twin of what the page does, from the bytes it is sent."""
    told, flat = sums.told(), np.frombuffer(sums.numbers(), dtype="<f4").astype(float)
    units, items = told["units"], len(told["items"])
    fixed, shares = flat[:units], flat[units : units * (1 + items)].reshape(units, items)
    rows = flat[units * (1 + items) :].reshape(-1, items)
    earned = shares @ points
    totals = fixed + earned
    for unit, mask, row in told["gaps"]:
        factor = points.sum() / (points.sum() - points[told["masks"][mask]].sum())
        totals[unit] += (factor - 1) * (earned[unit] if row < 0 else rows[row] @ points)
    return totals


@pytest.mark.parametrize("name", ["plain", "missing", "zero", "ledger"])
def test_foretold_totals_are_those_of_the_session(name: str) -> None:
    small, _, board = sample(name)
    own = weight_scheme(small)
    sums = sums_of(board, own)
    assert sums is not None
    luck = np.random.default_rng(5)
    for _ in range(20):
        scheme = moved(own, sums.items[int(luck.integers(len(sums.items)))], float(luck.uniform(1, 90)))
        points = np.array([scheme.points[code] for code in sums.items])
        np.testing.assert_allclose(totals_under(sums, points), standing(board, scheme).total, atol=1e-3)


def test_an_item_that_nobody_has_takes_no_rows_of_its_own() -> None:
    small, _, board = sample("missing", without="b", missing=0.0)
    sums = sums_of(board, weight_scheme(small))
    assert sums is not None
    assert (sums.masks, {row for *_, row in sums.gaps}, sums.rows.size) == (((1,),), {-1}, 0)
    points = np.array([55.0, 15.0, 20.0, 10.0])
    scheme = weight_scheme(small).with_points(dict(zip(sums.items, points.tolist(), strict=True)))
    np.testing.assert_allclose(totals_under(sums, points), standing(board, scheme).total, atol=1e-3)


def test_what_is_more_than_a_sum_is_not_foretold() -> None:
    more = {name for name in CARDS if sums_of(sample(name)[2], weight_scheme(sample(name)[0])) is None}
    assert "capped" in more
    assert not more & {"plain", "missing", "zero", "ledger"}
