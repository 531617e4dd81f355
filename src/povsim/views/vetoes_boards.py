"""Units against rules, draw by draw: villages against the village tests, or scored units against a card's vetoes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.rulebook import Comparison

Array = npt.NDArray[Any]
CARD = "card."
"""Before the code of a scorecard's rule, so that it is not taken for a test of the same name."""
POINTS = 81
"""Thresholds at which a curve is drawn."""


@dataclass(frozen=True, eq=False)
class Board:
    """Verdicts of one year and the figures behind them.

    Attributes
    ----------
    prefix : str
        Before the codes of rules, in settings and links.
    codes, names, units : sequence of str
        Rules with their names and the units of their figures.
    members, places : sequence of str
        Units by code, and the area that each lies in ("" where it is itself one).
    draws : int
        Number of draws.
    flags : array of bool
        (draw, unit, rule): who fails what, as the rules stand.
    figures : array of float32
        (draw, unit, rule): what is compared; missing where a rule compares nothing, or the figure is not known.
    thresholds : array
        (rule).
    comparisons : sequence of str
        How a figure passes.
    movable : array of bool
        (rule): whether its threshold can be moved without a new run.
    """

    prefix: str
    codes: Sequence[str]
    names: Sequence[str]
    units: Sequence[str]
    members: Sequence[str]
    places: Sequence[str]
    draws: int
    flags: Array
    figures: Array
    thresholds: Array
    comparisons: Sequence[Comparison]
    movable: Array

    def key(self, place: int) -> str:
        """Return the code of a rule as settings have it."""
        return self.prefix + self.codes[place]

    @cached_property
    def reaches(self) -> list[tuple[float, float, float]]:
        """How far the slider of each threshold goes, and its step; see :func:`reach`."""
        return [reach(self, place) for place in range(len(self.codes))]

    @cached_property
    def held(self) -> Array:
        """Units that fail any rule as the rules stand, by draw."""
        return np.asarray(self.flags.any(axis=2).sum(axis=1))

    def find(self, key: str) -> int | None:
        """Return the place of a rule by its code in settings; none where it is not on this board."""
        code = key.removeprefix(self.prefix)
        return list(self.codes).index(code) if key.startswith(self.prefix) and code in self.codes else None

    def standing(self, off: Collection[str], thresholds: Mapping[str, float]) -> Array:
        """Return who fails what when rules are switched off and thresholds moved, (draw, unit, rule)."""
        changed = [place for place in range(len(self.codes)) if self.key(place) in off]
        moved = [place for place in range(len(self.codes)) if self.movable[place] and self.key(place) in thresholds]
        if not (changed or moved):
            return self.flags
        flags = np.array(self.flags)
        for place in moved:
            bound = thresholds[self.key(place)]
            if bound != self.thresholds[place]:
                flags[..., place] = ~passes(self.figures[..., place], bound, self.comparisons[place])
        flags[..., changed] = False
        return flags

    def table(self, flags: Array) -> xr.DataArray:
        """Return flags with draws and units one after another, (unit, veto), as the analysis takes them."""
        return xr.DataArray(
            flags.reshape(-1, len(self.codes)), {"veto": list(self.codes)}, ("unit", "veto"), name="blocked"
        )


def passes(figures: Array, bound: Array | float, comparison: str) -> Array:
    """Tell which figures pass, compared in single precision; a figure that is not known passes.

    Examples
    --------
    >>> passes(np.array([0.01, 0.02, np.nan], dtype=np.float32), 0.02, "<").tolist()
    [True, False, True]
    """
    limit = np.asarray(bound, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        found = {
            ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal,
        }[comparison](figures, limit)  # fmt: skip
    return np.asarray(found | np.isnan(figures))


def village_board(part: xr.Dataset, year: int, lang: str) -> Board:
    """Return the villages against the tests of villages that veto."""
    one = part[["village_fails", "village_figure", "village_threshold"]].sel(year=year)
    return Board(
        prefix="",
        codes=_texts(part, "village_rule"),
        names=_texts(part, f"village_rule_{lang}"),
        units=_texts(part, "village_unit"),
        members=_texts(part, "village"),
        places=_texts(part, "township"),
        draws=part.sizes["draw"],
        flags=one["village_fails"].to_numpy(),
        figures=one["village_figure"].to_numpy(),
        thresholds=one["village_threshold"].to_numpy(),
        comparisons=_texts(part, "village_comparison"),  # type: ignore[arg-type]
        movable=part["village_movable"].to_numpy(),
    )


def card_board(card: xr.Dataset, year: int, lang: str) -> Board:
    """Return the units of a scorecard against its vetoes and gates."""
    one = card[["holds", "figure", "threshold"]].sel(year=year)
    return Board(
        prefix=CARD,
        codes=_texts(card, "rule"),
        names=_texts(card, f"rule_{lang}"),
        units=_texts(card, "rule_unit"),
        members=_texts(card, "unit"),
        places=[""] * card.sizes["unit"],
        draws=card.sizes["draw"],
        flags=one["holds"].to_numpy(),
        figures=one["figure"].to_numpy(),
        thresholds=one["threshold"].to_numpy(),
        comparisons=_texts(card, "rule_comparison"),  # type: ignore[arg-type]
        movable=card["rule_movable"].to_numpy(),
    )


def _texts(part: xr.Dataset, name: str) -> list[str]:
    return [str(text) for text in part[name].to_numpy()]


@dataclass(frozen=True, eq=False)
class BoardCurve:
    """Units held back, mean of the draws, as one threshold moves and all else stays as it is set.

    Attributes
    ----------
    thresholds, excluded : array
        Points of the step function, exact.
    own, now : float
        The threshold of the run, and the one set.
    """

    thresholds: Array
    excluded: Array
    own: float
    now: float


def board_curve(board: Board, place: int, off: Collection[str], thresholds: Mapping[str, float]) -> BoardCurve:
    """Return the excluded of a board as the threshold of one rule moves, exact.

    Parameters
    ----------
    board : Board
        Units and rules.
    place : int
        Place of the rule, which has to be movable.
    off, thresholds
        As settings have them; the rule itself counts as switched on.
    """
    from povsim.sensitivity.veto_curves import exclusion_curves

    key = board.key(place)
    flags = board.standing([one for one in off if one != key], thresholds)
    values = board.figures[..., place].reshape(-1, 1)
    table = xr.DataArray(values, {"veto": [board.codes[place]]}, ("unit", "veto"))
    curve = exclusion_curves(table, board.table(flags), comparison=board.comparisons[place])
    own, now = float(board.thresholds[place]), float(thresholds.get(key, board.thresholds[place]))
    grid = np.union1d(np.linspace(*board.reaches[place][:2], POINTS), [own, now])
    # figures are kept in single precision: so are the thresholds they are held against
    found = curve.at(grid.astype(np.float32).astype(np.float64)).to_numpy()[0] / board.draws
    return BoardCurve(grid, found, own, now)


def reach(board: Board, place: int) -> tuple[float, float, float]:
    """Return how far a threshold's slider goes, and its step: what most units have, and the threshold itself."""
    own = float(board.thresholds[place])
    low, high = _ends(board, place, own)
    if board.units[place].startswith("share"):
        low, high = max(low, 0.0), min(max(high, 1.5 * own), 1.0)
    step = nice((high - low) / 100)
    if board.units[place] in WHOLE:
        step = max(round(step), 1.0)
    # the threshold itself is one of the steps
    down, up = (float(np.ceil(round(way / step, 6))) for way in (own - low, high - own))
    low, high = own - down * step, own + up * step
    if board.units[place].startswith("share"):
        high = min(high, 1.0)
    return round(max(low, 0.0) if own >= 0 else low, 12), round(high, 12), step


def _ends(board: Board, place: int, own: float) -> tuple[float, float]:
    """Return the ends that hold what most units have, and room on both sides of the threshold where it is a measure.

    Verdicts are exact at any threshold, as figures are stored: also where hardly a unit has so little, or so much.
    """
    known = board.figures[..., place]
    known = known[~np.isnan(known)]
    low, high = (float(edge) for edge in np.quantile(known, (0.02, 0.98))) if known.size else (own, own)
    room = ROOM if own > 0 and board.units[place] not in WHOLE else (1.0, 1.0)
    low, high = min(low, room[0] * own), max(high, room[1] * own)
    return (low, high) if high > low else (min(0.0, 2 * own), max(2 * own, 1.0))


ROOM = (0.5, 1.5)
"""How far a threshold can be moved at least, as multiples of its own."""
WHOLE = ("facilities", "persons", "households", "villages", "0 or 1")


def nice(step: float) -> float:
    """Return a step near to the one given that people count in: 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> nice(37.0), nice(0.0013)
    (50.0, 0.001)
    """
    power = 10.0 ** np.floor(np.log10(step))
    first = min((1, 2, 5, 10), key=lambda one: abs(one - step / power))
    return float(round(first * power, 12))


def held(board: Board, off: Collection[str], thresholds: Mapping[str, float]) -> Array:
    """Return how many units fail any rule, by draw."""
    return np.asarray(board.standing(off, thresholds).any(axis=2).sum(axis=1))
