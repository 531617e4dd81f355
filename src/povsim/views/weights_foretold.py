"""What a page needs to foretell totals by itself while the session works out the answer with its bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from povsim.scoring.schemes import WeightScheme
    from povsim.views.weights_board import Board

Singles = npt.NDArray[np.float32]
WHOLE = 1 - 1e-9
"""Part of a unit's draws from which on a gap is in all of them."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Mean totals as sums over items, of a board where they are nothing more.

    A unit's total under points w is ``fixed + sum(w * shares)``; a gap adds ``(f - 1) * sum(w * row)``, where f is all
    points over those of the items that are not in its mask.

    Attributes
    ----------
    items : tuple of str
        Items that have points to weigh, in the order of the weight table.
    fixed : array of float32, dims (unit,)
        Points that do not depend on weights.
    shares : array of float32, dims (unit, item)
        Mean earned part of an item's points.
    masks : tuple of tuple of int
        Places of items that do not count, each set once.
    gaps : tuple of (int, int, int)
        Unit, mask, and row of ``rows``; -1 where the unit has the gap in all its draws: then its shares are the row.
    rows : array of float32, dims (gap with a row of its own, item)
        What the draws with the gap add to the mean shares.
    """

    items: tuple[str, ...]
    fixed: Singles
    shares: Singles
    masks: tuple[tuple[int, ...], ...]
    gaps: tuple[tuple[int, int, int], ...]
    rows: Singles

    def told(self) -> dict[str, Any]:
        """Return what is sent as text."""
        masks, gaps = [list(mask) for mask in self.masks], [list(gap) for gap in self.gaps]
        return {"units": len(self.fixed), "items": list(self.items), "masks": masks, "gaps": gaps}

    def numbers(self) -> bytes:
        """Return what is sent as bytes: fixed points, shares, rows of gaps, one after the other."""
        return np.concatenate([self.fixed, self.shares.ravel(), self.rows.ravel()]).astype("<f4").tobytes()


def sums_of(board: Board, scheme: WeightScheme) -> Sums | None:
    """Return what totals are foretold from; none where they are more than sums: caps, vetoes, items in a fixed mix.

    Parameters
    ----------
    board : Board
        The units.
    scheme : WeightScheme
        Any scheme of the board's card.
    """
    if not board.sums or scheme.mixes:
        return None
    own = ~board.additive
    masks: dict[tuple[int, ...], int] = {}
    gaps: list[tuple[int, int, int]] = []
    rows: list[npt.NDArray[np.float64]] = []
    for gap in board.gaps:
        mask = masks.setdefault(tuple(np.flatnonzero(gap.mask[own]).tolist()), len(masks))
        row = -1
        if gap.part < WHOLE:
            row = len(rows)
            rows.append(gap.share[own])
        gaps.append((gap.unit, mask, row))
    return Sums(
        items=tuple(code for code, weighed in zip(scheme.codes, own.tolist(), strict=True) if weighed),
        fixed=board.mean[:, board.additive].sum(axis=1).astype(np.float32),
        shares=board.mean[:, own].astype(np.float32),
        masks=tuple(masks),
        gaps=tuple(gaps),
        rows=np.array(rows, dtype=np.float32).reshape(len(rows), int(own.sum())),
    )
