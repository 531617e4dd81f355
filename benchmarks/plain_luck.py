"""Where the plain model's random numbers come from, and the watch that a test may keep over its comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import ndtri

from povsim.draws import household_key, uniforms

Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

ONCE = 0
"""Year of luck that a household has once and for all."""


class Luck(Protocol):
    """Where random numbers come from: for each household, village or county (``of``), or for some (``who``)."""

    def uniform(
        self, decision: str, year: int, lane: int = 0, *, who: Whole | None = None, of: str = "household"
    ) -> Doubles:
        """Return a uniform for each."""

    def normal(
        self, decision: str, year: int, lane: int = 0, *, who: Whole | None = None, of: str = "household"
    ) -> Doubles:
        """Return a standard normal for each."""


class AddressedLuck:
    """The engine's own luck: the number at each address, as a double."""

    def __init__(self, register: xr.Dataset, *, seed: int, draw: int) -> None:
        self.keys = {
            "household": household_key(register["household"].to_numpy()),
            "village": household_key(register["village"].to_numpy().astype(str)),
            "county": household_key(register["county"].to_numpy().astype(str)[:1]),
        }
        self.seed, self.draw = seed, draw

    def uniform(
        self, decision: str, year: int, lane: int = 0, *, who: Whole | None = None, of: str = "household"
    ) -> Doubles:
        """Return a uniform for each."""
        keys = self.keys[of] if who is None else self.keys[of][who]
        luck = uniforms(keys, seed=self.seed, draw=self.draw, year=year, decision=decision, lane=lane)
        return luck.astype(np.float64)

    def normal(
        self, decision: str, year: int, lane: int = 0, *, who: Whole | None = None, of: str = "household"
    ) -> Doubles:
        """Return a standard normal for each."""
        return np.asarray(ndtri(self.uniform(decision, year, lane, who=who, of=of)))


class GeneratorLuck:
    """NumPy's generator: one stream, in the order of the program."""

    def __init__(self, register: xr.Dataset, *, seed: int, draw: int) -> None:
        self.sizes = {"household": register.sizes["household"], "village": register.sizes["village"], "county": 1}
        self.generator = np.random.default_rng([seed, draw])

    def uniform(
        self, decision: str, year: int, lane: int = 0, *, who: Whole | None = None, of: str = "household"
    ) -> Doubles:
        """Return a uniform for each."""
        return self.generator.random(self.sizes[of] if who is None else who.size)

    def normal(
        self, decision: str, year: int, lane: int = 0, *, who: Whole | None = None, of: str = "household"
    ) -> Doubles:
        """Return a standard normal for each."""
        return self.generator.standard_normal(self.sizes[of] if who is None else who.size)


class Watch:
    """Remembers nothing; the twin test brings one that notes comparisons that rounding could turn.

    It is handed what the model has at hand anyway, so that watching nothing costs nothing.
    """

    def near(
        self, kind: str, left: Any, right: Any, *, who: Any = None, scale: Callable[[], Any] | None = None
    ) -> None:
        """Look at a comparison; ``who`` are the households it is about, ``scale`` the size of what was added up."""

    def rounded(self, kind: str, who: Whole, amount: Doubles) -> None:
        """Look at amounts that are rounded to whole yuan."""

    def sorted_into(self, position: Doubles, scale: Callable[[], Any]) -> None:
        """Look at positions on a scale of bins."""

    def meeting(self, area: Whole, ranked: Whole, key: Doubles, granted: Flags) -> None:
        """Look at a decision on ranked applications for a limited capacity."""

    def close(self) -> None:
        """End a year."""


def spread(normal: Doubles, sd: float) -> Doubles:
    """Return lognormal factors with mean one at standard normals, ``sd`` in log points."""
    return np.asarray(np.exp(sd * normal - 0.5 * sd**2))


__all__ = ["ONCE", "AddressedLuck", "Doubles", "Flags", "GeneratorLuck", "Luck", "Watch", "Whole", "spread"]
