"""Points by item, and what the analysis takes, out of a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from povsim.views.weights_board import TIE, Board, Doubles, Flags, ranked_totals

if TYPE_CHECKING:
    import xarray as xr

    from povsim.scoring.schemes import WeightScheme
    from povsim.sensitivity.weight_cards import Case


def item_points(board: Board, points: npt.ArrayLike) -> Doubles:
    """Return points by unit and item, mean over the draws that count, before caps of groups and vetoes."""
    given = np.asarray(points, dtype=np.float64)
    coefficients = np.where(board.additive, 1.0, given)
    found = board.mean * coefficients
    weighed = np.where(board.additive, 0.0, given)
    for gap in board.gaps:
        left = weighed.sum() - weighed[gap.mask].sum()
        if left > TIE:
            found[gap.unit] += gap.share * weighed * (weighed.sum() / left - 1.0)
    return np.asarray(found)


def full_points(board: Board, points: npt.ArrayLike) -> Doubles:
    """Return most points by unit and item, mean over draws; items that do not count leave theirs to the others.

    Each row sums to the card's points.
    """
    weighed = np.where(board.additive, 0.0, np.asarray(points, dtype=np.float64))
    found = np.repeat(weighed[None], len(board.units), axis=0)
    for gap in board.gaps:
        left = weighed.sum() - weighed[gap.mask].sum()
        others = weighed * (weighed.sum() / left if left > TIE else 1.0)
        found[gap.unit] += gap.part * (np.where(gap.mask, 0.0, others) - weighed)
    return np.asarray(found)


def absent(board: Board) -> Flags:
    """Return which items count for no unit in any draw (indicator,)."""
    return np.array([item.code in board.absent for item in board.card.indicators])


def reasons_under(board: Board, scheme: WeightScheme) -> tuple[str, ...]:
    """Return why closed forms do not hold under a scheme and its locks; empty where they do."""
    locked = ("locked points",) if any(line.locked for line in scheme.lines) else ()
    return (*board.reasons, *locked)


def case_of_board(board: Board, scheme: WeightScheme) -> Case:
    """Return the case that the analysis takes, with totals from the board where that is enough."""
    import xarray as xr

    from povsim.sensitivity.weight_cards import Case

    reasons = reasons_under(board, scheme)
    if board.slow:
        return replace(board.scored, scheme=scheme, reasons=(*reasons, *board.slow))
    units = xr.Dataset({}, {"unit": np.array(board.units, dtype=str)})
    return Case(board.card, xr.Dataset(), scheme, units, reasons, lambda weights: ranked_totals(board, weights))


def mean_scores(board: Board, scheme: WeightScheme) -> xr.DataArray:
    """Return mean item scores (unit, indicator), 0-1, as closed forms take them."""
    return score_array(np.clip(np.round(board.mean, 9), 0, 1), board.units, scheme.codes)


def score_array(values: Doubles, units: Sequence[str], codes: Sequence[str]) -> xr.DataArray:
    """Return scores (unit, indicator) with their names."""
    import xarray as xr

    return xr.DataArray(
        values, {"unit": np.array(units, dtype=str), "indicator": np.array(codes, dtype=str)}, ("unit", "indicator")
    )
