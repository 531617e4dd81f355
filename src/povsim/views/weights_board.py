"""Totals, bands and ranks for any points at once: one product of item shares and points, and what vetoes do to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xarray as xr

    from povsim.scoring.schema import Scorecard
    from povsim.scoring.schemes import WeightScheme
    from povsim.sensitivity.weight_cards import Case

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

BLOCK = 4096
"""Cells weighed at a time: their shares in double precision stay in the cache."""
DECIMALS = 4
"""Points are compared to so many decimals, as scoring does."""
TIE = 1e-9
"""Totals (full score 1) no further than this from the next in order tie, as the analysis has it."""
LOW, HIGH = 0.1, 0.9
"""Ends of the band over draws."""
MOSTLY = 0.5
"""A unit that is out of the ranking in more of the draws than this is not ranked."""


@dataclass(frozen=True, eq=False)
class Board:
    """What the units of one scorecard and year earn by item, whatever the points of the items.

    Attributes
    ----------
    card : Scorecard
        The scorecard.
    year : int
        Year looked at.
    units : tuple of str
        Names.
    share : array of float32
        (draw, unit, indicator): earned part of an item's points, 0 where it does not count; points of items that have
        none of their own to weigh.
    gap : array of int
        (place, 3): draw, unit and indicator of items that do not count; the others are scaled up for them.
    out, emptied : array of bool
        (draw, unit): out of the ranking, total struck.
    taken : array of float32
        (draw, unit): points deducted by vetoes.
    reasons : tuple of str
        Why closed forms do not hold, locks apart.
    slow : tuple of str
        Why totals have to be scored again by the card's rules; empty where the arrays above are enough.
    values : Dataset, optional
        What they are scored again from.
    """

    card: Scorecard
    year: int
    units: tuple[str, ...]
    share: Floats
    gap: Whole
    out: Flags
    emptied: Flags
    taken: Floats
    reasons: tuple[str, ...]
    slow: tuple[str, ...] = ()
    values: xr.Dataset | None = None

    @cached_property
    def full(self) -> float:
        """Points of the card in all."""
        return float(self.card.total_points)

    @cached_property
    def additive(self) -> Flags:
        """Whether an item adds or takes off points under every scheme."""
        return np.array([item.points == 0 for item in self.card.indicators])

    @cached_property
    def cells(self) -> tuple[Whole, Whole, Flags]:
        """Draw and unit of cells where items do not count, and which items (cell, indicator)."""
        if not len(self.gap):
            none = np.zeros(0, dtype=np.int64)
            return none, none, np.zeros((0, len(self.additive)), dtype=bool)
        places, cell = np.unique(self.gap[:, :2], axis=0, return_inverse=True)
        mask = np.zeros((len(places), len(self.additive)), dtype=bool)
        mask[cell.reshape(-1), self.gap[:, 2]] = True
        return places[:, 0], places[:, 1], mask

    @cached_property
    def absent(self) -> frozenset[str]:
        """Codes of items that count for no unit in any draw."""
        mask = self.cells[2]
        none = np.asarray(mask.all(axis=0)) & (len(mask) == self.out.size)
        return frozenset(item.code for item, gone in zip(self.card.indicators, none, strict=True) if gone)

    @cached_property
    def limits(self) -> tuple[tuple[Whole, float | None, float | None, float], ...]:
        """Groups with a cap or a floor: places of their items, floor, cap, and their points as printed."""
        found = []
        for group in self.card.groups:
            if group.cap is None and group.floor is None:
                continue
            own = [place for place, item in enumerate(self.card.indicators) if item.group == group.code]
            printed = sum(self.card.indicators[place].points for place in own)
            found.append((np.array(own, dtype=np.int64), group.floor, group.cap, float(printed)))
        return tuple(found)

    @cached_property
    def unranked(self) -> Flags:
        """Whether a unit is out of the ranking in most draws."""
        return np.asarray(self.out.mean(axis=0) > MOSTLY)

    @cached_property
    def counted(self) -> Flags:
        """Draws that count in a unit's mean (draw, unit): those in which it is ranked; all where it mostly is not."""
        return ~self.out | self.unranked

    @cached_property
    def mean(self) -> Doubles:
        """Mean shares (unit, indicator) over the draws that count."""
        some = self.counted[..., None]
        return np.asarray((self.share * some).sum(axis=0, dtype=np.float64) / np.maximum(some.sum(axis=0), 1))

    @cached_property
    def scored(self) -> Case:
        """The case scored by the card's own rules, where totals have to be scored again."""
        from povsim.sensitivity.weight_cards import case_of

        if self.values is None:
            raise AssertionError("only a board that has to be scored again keeps its values")
        return case_of(self.values, self.card, year=self.year)

    @cached_property
    def gaps(self) -> list[Gap]:
        """What units miss in which part of their draws."""
        draw, unit, mask = self.cells
        count = np.maximum(self.counted.sum(axis=0), 1)
        found: dict[tuple[int, bytes], Gap] = {}
        for cell in np.flatnonzero(self.counted[draw, unit]):
            key = (int(unit[cell]), mask[cell].tobytes())
            part = 1 / count[unit[cell]]
            share = self.share[draw[cell], unit[cell]].astype(np.float64) * part
            before = found.get(key, Gap(key[0], mask[cell], np.zeros(share.size), 0.0))
            found[key] = Gap(key[0], mask[cell], before.share + share, before.part + part)
        return list(found.values())

    @property
    def sums(self) -> bool:
        """Whether mean totals are sums over items, but for what is scaled up for missing ones."""
        return not (self.limits or self.slow or self.emptied.any() or self.taken.any())


@dataclass(frozen=True, eq=False)
class Gap:
    """Items that do not count for a unit in some of its draws.

    Attributes
    ----------
    unit : int
        Position.
    mask : array of bool
        (indicator,): which do not count.
    share : array of float64
        (indicator,): what these draws add to the unit's mean shares.
    part : float
        These draws, of those that count for the unit, 0-1.
    """

    unit: int
    mask: Flags
    share: Doubles
    part: float


@dataclass(frozen=True, eq=False)
class Standing:
    """Where units stand under some points; arrays (unit,).

    Attributes
    ----------
    total, low, high : array of float64
        Mean over the draws in which a unit is ranked (over all where it is not), and the 10-90 % band over draws.
    rank : array of int
        By the mean, ties sharing the best place; 0 where out of the ranking in most draws.
    out : array of float64
        Share of draws in which a unit is out of the ranking.
    """

    total: Doubles
    low: Doubles
    high: Doubles
    rank: Whole
    out: Doubles


def board_of(part: xr.Dataset, year: int) -> Board:
    """Return the board of one year of a digest.

    Raises
    ------
    KeyError
        A year that the digest does not have.
    """
    from povsim.scoring.schema import Scorecard
    from povsim.views.weights import values_of

    years = [int(one) for one in part["year"].to_numpy()]
    if year not in years:
        raise KeyError(year)
    at = years.index(year)
    gap = part["gap"].to_numpy()
    slow = tuple(part.attrs["slow"])
    arrays = {name: part[name].to_numpy()[at] for name in ("share", "out", "emptied", "taken")}
    return Board(
        card=Scorecard.model_validate_json(part.attrs["card"]),
        year=year,
        units=tuple(str(unit) for unit in part["unit"].to_numpy()),
        gap=gap[gap[:, 0] == at][:, 1:].astype(np.int64),
        reasons=tuple(part.attrs["reasons"][str(year)]),
        slow=slow,
        values=values_of(part) if slow else None,
        **arrays,
    )


# ---- totals ----


def totals(board: Board, points: npt.ArrayLike) -> Doubles:
    """Return totals (draw, unit) under some points, after vetoes, whether ranked or not.

    Parameters
    ----------
    board : Board
        One whose totals need no scoring again.
    points : array
        (indicator,), summing to the card's points.
    """
    return np.asarray(many_totals(board, np.asarray(points, dtype=np.float64)[None])[0])


def many_totals(board: Board, points: Doubles) -> Doubles:
    """Return totals (weighting, draw, unit) under points (weighting, indicator), after vetoes, ranked or not."""
    draws, units, items = board.share.shape
    cells = board.share.reshape(-1, items)
    flat = np.empty((len(points), len(cells)))
    scaled = np.where(board.additive, 0.0, points).T
    for first in range(0, len(cells), BLOCK):
        flat[:, first : first + BLOCK] = (cells[first : first + BLOCK].astype(np.float64) @ scaled).T
    found: Doubles = flat.reshape(len(points), draws, units)
    if len(board.cells[0]):
        draw, unit, _ = board.cells
        found[:, draw, unit] *= factors(board, points)
    if board.additive.any():
        found += board.share[..., board.additive].sum(axis=2, dtype=np.float64)
    for group in board.limits:
        found += _beyond(board, points, group)
    return _after_vetoes(board, found)


def factors(board: Board, points: Doubles) -> Doubles:
    """Return what cells are scaled up by for items that do not count (weighting, cell); not a number with none left."""
    weighed = np.where(board.additive, 0.0, points)
    whole = weighed.sum(axis=1, keepdims=True)
    left = whole - weighed @ board.cells[2].T
    return np.asarray(np.divide(whole, left, out=np.full_like(left, np.nan), where=left > TIE * np.maximum(whole, 1.0)))


def _beyond(board: Board, points: Doubles, group: tuple[Whole, float | None, float | None, float]) -> Doubles:
    """Return what a group's cap takes off and its floor adds (weighting, draw, unit)."""
    own, floor, cap, printed = group
    coefficients = np.where(board.additive[own], 0.0, points[:, own])
    raw = np.moveaxis(board.share[..., own].astype(np.float64) @ coefficients.T, -1, 0)
    scale = np.ones(raw.shape)
    if len(board.cells[0]):
        scale[:, board.cells[0], board.cells[1]] = factors(board, points)
    raw = raw * scale + board.share[..., own[board.additive[own]]].sum(axis=2, dtype=np.float64)
    size = scale * (points[:, own].sum(axis=1) / printed if printed > 0 else np.ones(len(points)))[:, None, None]
    # a group of no points under these weights has no room for anything
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.clip(raw / size, floor, cap) * size
    return np.asarray(np.where(size > 0, kept, 0.0) - raw)


def _after_vetoes(board: Board, before: Doubles) -> Doubles:
    if not (board.emptied.any() or board.taken.any()):
        return before
    after = np.where(board.emptied, np.minimum(before, 0.0), before) - board.taken
    return np.asarray(np.maximum(after, np.minimum(before, 0.0)))


def ranked_totals(board: Board, weights: Doubles) -> Doubles:
    """Return totals (weighting, draw, unit), full score 1, not a number where out of the ranking.

    The same as `povsim.sensitivity.weights.rescored`, from weights that sum to one.
    """
    found = np.round(many_totals(board, weights * board.full), DECIMALS) / board.full
    found[:, board.out] = np.nan
    return found


def mean_totals(board: Board, weights: Doubles) -> Doubles:
    """Return mean totals (weighting, unit), full score 1, over ranked draws; not a number where a unit is not ranked.

    Parameters
    ----------
    board : Board
        One whose mean totals are sums (``board.sums``).
    weights : array of float64
        (weighting, indicator), each row summing to one.
    """
    coefficients = np.where(board.additive, 1.0 / board.full, weights)
    found = coefficients @ board.mean.T
    weighed = np.where(board.additive, 0.0, weights)
    whole = weighed.sum(axis=1)
    for gap in board.gaps:
        left = whole - weighed[:, gap.mask].sum(axis=1)
        factor = np.divide(whole, left, out=np.full_like(left, np.nan), where=left > TIE)
        found[:, gap.unit] += (weighed @ gap.share) * (factor - 1.0)
    found[:, board.unranked] = np.nan
    return np.asarray(found)


# ---- where units stand ----


def standing(board: Board, scheme: WeightScheme) -> Standing:
    """Return totals, bands and ranks under a scheme.

    The same as scoring the run again and taking means over draws.
    """
    if board.slow:
        return _rescored(board, scheme)
    found = np.round(totals(board, scheme.array()), DECIMALS)
    out = board.out.mean(axis=0)
    if board.out.any():
        counted = board.counted
        total = np.where(counted, found, 0.0).sum(axis=0) / np.maximum(counted.sum(axis=0), 1)
    else:
        total = found.mean(axis=0)
    low, high = band(found)
    rank = ranks(np.where(board.unranked, np.nan, total) / (board.full or 1.0))
    return Standing(total, low, high, rank, out)


def _rescored(board: Board, scheme: WeightScheme) -> Standing:
    from dataclasses import replace

    from povsim.sensitivity.weight_cards import rescored

    case = replace(board.scored, scheme=scheme)
    found = rescored(case, scheme.array()[None] / board.full)[0] * board.full
    out = np.isnan(found).mean(axis=0)
    known = np.where(np.isnan(found), 0.0, found).sum(axis=0)
    total = np.where(out < 1, known / np.maximum((~np.isnan(found)).sum(axis=0), 1), np.nan)
    low, high = band(np.where(np.isnan(found), total, found))
    return Standing(total, low, high, ranks(np.where(out > MOSTLY, np.nan, total) / board.full), out)


def band(found: Doubles) -> tuple[Doubles, Doubles]:
    """Return the ends of the 10-90 % band over draws of totals (draw, unit), as ``numpy.quantile`` does."""
    by_unit = np.ascontiguousarray(found.T)
    last = by_unit.shape[1] - 1
    places = [share * last for share in (LOW, HIGH)]
    needed = sorted({int(place) for place in places} | {min(int(place) + 1, last) for place in places})
    by_unit.partition(needed, axis=1)
    ends = []
    for place in places:
        below = int(place)
        one, two = by_unit[:, below], by_unit[:, min(below + 1, last)]
        ends.append(one + (two - one) * (place - below))
    return ends[0], ends[1]


def ranks(found: Doubles) -> Whole:
    """Return ranks (unit,) of totals (full score 1): ties share the best of their places; 0 for not a number.

    Examples
    --------
    >>> ranks(np.array([0.8, 0.9, 0.8, np.nan])).tolist()
    [2, 1, 2, 0]
    """
    out = np.zeros(found.size, dtype=np.int64)
    known = np.flatnonzero(~np.isnan(found))
    if not known.size:
        return out
    order = known[np.argsort(-found[known], kind="stable")]
    starts = np.r_[True, -np.diff(found[order]) > TIE]
    place = np.arange(1, order.size + 1)
    out[order] = np.maximum.accumulate(np.where(starts, place, 0))
    return out
