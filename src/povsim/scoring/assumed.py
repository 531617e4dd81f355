"""Values that are assumed: drawn by addressed luck for each draw, year and unit, and what peers elsewhere earn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from povsim.draws import uniforms
from povsim.quantity import Lognormal, Normal, Quantity, Uniform
from povsim.scoring.rules import item_points
from povsim.scoring.schema import Scorecard
from povsim.scoring.verdict_schema import Finding

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class Cells(Protocol):
    """Which cells are wanted, and the address of luck."""

    @property
    def draws(self) -> tuple[int, ...]:
        """Numbers of the draws."""

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years."""

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the units."""

    @property
    def seed(self) -> int:
        """Seed of luck."""


def luck(units: Sequence[str], draws: Sequence[int], years: Sequence[int], seed: int, decision: str) -> Doubles:
    """Return addressed uniforms, dims (draw, year, unit)."""
    out = np.empty((len(draws), len(years), len(units)))
    for d, draw in enumerate(draws):
        for y, year in enumerate(years):
            out[d, y] = uniforms(units, seed=seed, draw=draw, year=year, decision=decision)
    return out


def drawn(
    figure: Quantity, units: Sequence[str], draws: Sequence[int], years: Sequence[int], seed: int, decision: str
) -> Floats:
    """Return values of a figure, dims (draw, year, unit): its spread by addressed luck, itself where it has none.

    Examples
    --------
    >>> spread = {"type": "uniform", "low": 0.8, "high": 1}
    >>> figure = Quantity(value=0.9, unit="share", source="example", status="assumed", spread=spread)
    >>> values = drawn(figure, ["a", "b"], range(500), [2016], 1, "example")
    >>> values.shape, bool(values.min() > 0.8), round(float(values.mean()), 1)
    ((500, 1, 2), True, 0.9)
    """
    shape = (len(draws), len(years), len(units))
    if figure.spread is None:
        path = np.array([figure.at(year) for year in years])
        return np.broadcast_to(path[:, None], shape).astype(np.float32)
    chance = luck(units, draws, years, seed, decision)
    for place, year in enumerate(years):
        chance[:, place] = at_quantiles(figure, year, chance[:, place])
    return chance.astype(np.float32)


def at_quantiles(figure: Quantity, year: int, chance: Doubles) -> Doubles:
    """Return ``figure.at_quantile(year, .)`` of many probabilities at once.

    Examples
    --------
    >>> figure = Quantity(value=1.0, unit="share", source="a", status="assumed", spread={"type": "normal", "sd": 0.1})
    >>> bool(np.isclose(at_quantiles(figure, 2016, np.array([0.3]))[0], figure.at_quantile(2016, 0.3)))
    True
    """
    value, spread = figure.at(year), figure.spread
    if spread is None:
        return np.full_like(chance, value)
    if isinstance(spread, Normal):
        return np.asarray(value + spread.sd * ndtri(chance))
    if isinstance(spread, Lognormal):
        return np.asarray(value * np.exp(spread.sd * ndtri(chance)))
    # bounds of a dated path are those of a shift of the whole path
    centre = 0.0 if isinstance(figure.value, dict) else value
    low, width = spread.low - centre, spread.high - spread.low
    if isinstance(spread, Uniform):
        return np.asarray(value + low + width * chance)
    rise = -low / width
    below = np.sqrt(chance * rise)
    above = 1 - np.sqrt((1 - chance) * (1 - rise))
    return np.asarray(value + low + width * np.where(chance < rise, below, above))


def drawn_findings(card: Scorecard, finding: Finding, cells: Cells) -> npt.NDArray[np.int8]:
    """Return whether a finding is made, dims (draw, year, unit), severity 0 or 1; never where no chance is stated."""
    shape = (len(cells.draws), len(cells.years), len(cells.units))
    if finding.probability is None:
        return np.zeros(shape, dtype=np.int8)
    decision = f"finding:{card.code}:{finding.code}"
    chance = np.array([finding.probability.at(year) for year in cells.years])
    found = luck(cells.units, cells.draws, cells.years, cells.seed, decision) < chance[:, None]
    return found.astype(np.int8)


def drawn_peers(card: Scorecard, entered: Mapping[str, Mapping[str, Mapping[int, float]]], cells: Cells) -> Floats:
    """Return the share of each item's points that peers earn, dims (draw, year, peer, indicator).

    Parameters
    ----------
    card : Scorecard
        With peers.
    entered : mapping of item code to peer to year to value
        Peers that are known by name come first; assumed ones make up their number.
    cells : Cells
        Draws, years and the address of luck; units are not used.

    Returns
    -------
    array of float32
        Not a number for peers beyond the number of a draw and year.
    """
    assert card.peers is not None
    named = list(dict.fromkeys(name for peers in entered.values() for name in peers))
    shape = (len(cells.draws), len(cells.years))
    count = np.rint(drawn(card.peers.count, ["peers"], cells.draws, cells.years, cells.seed, f"peers:{card.code}"))
    names = [*named, *(f"peer {place + 1}" for place in range(max(0, int(count.max()) - len(named))))]
    # luck that all items of a peer have in common, and luck of each item, as standard normals
    together = ndtri(luck(names, cells.draws, cells.years, cells.seed, f"peers:{card.code}"))
    common = np.sqrt(card.peers.common), np.sqrt(1 - card.peers.common)
    out = np.empty((*shape, len(names), len(card.indicators)), dtype=np.float32)
    for place, item in enumerate(card.indicators):
        figure = card.peers.items.get(item.code, card.peers.share)
        alone = ndtri(luck(names, cells.draws, cells.years, cells.seed, f"peers:{card.code}:{item.code}"))
        chance = ndtr(common[0] * together + common[1] * alone)
        for y, year in enumerate(cells.years):
            out[:, y, :, place] = np.clip(at_quantiles(figure, year, chance[:, y]), 0, 1)
        for name, path in entered.get(item.code, {}).items():
            for year, value in path.items():
                if year in cells.years:
                    out[:, cells.years.index(year), names.index(name), place] = _share(item, value, year)
    # a draw with fewer peers than others has none in the last places
    out[np.arange(len(names)) >= np.maximum(count, len(named))] = np.nan
    return out


def _share(item: Any, value: float, year: int) -> float:
    points = item_points(item, np.array([[value]], dtype=np.float32), [year])
    return float(points[0, 0]) / item.rule_points if item.rule_points else 0.0
