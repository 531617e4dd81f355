"""Values of a scenario's uncertain entries in one draw: each takes its own addressed luck."""

from __future__ import annotations

from functools import lru_cache

from povsim.draws import uniforms
from povsim.quantity import Quantity
from povsim.rulebook import Meaning
from povsim.scenario import Scenario, entries

Uncertain = tuple[tuple[str, Quantity, Meaning | None], ...]
"""Dotted path, entry and meaning of every figure that has a spread."""


def uncertain_entries(scenario: Scenario) -> Uncertain:
    """Return the entries of a scenario that differ from draw to draw."""
    return tuple(item for item in entries(scenario) if item[1].spread is not None)


@lru_cache(maxsize=4096)
def parameter_luck(path: str, seed: int, draw: int) -> float:
    """Return the uniform of a parameter in a draw; the scenarios of a run share it."""
    return float(uniforms([0], seed=seed, draw=draw, year=0, decision=f"parameter:{path}")[0])


class Sampler:
    """Values of a scenario's entries in one draw: an entry with a spread takes its own addressed luck."""

    def __init__(self, uncertain: Uncertain, *, seed: int, draw: int) -> None:
        self._luck = {id(entry): (parameter_luck(path, seed, draw), meaning) for path, entry, meaning in uncertain}

    def __call__(self, entry: Quantity, year: int) -> float:
        """Return the entry's value in a year, within the range that makes sense for it."""
        if id(entry) not in self._luck:
            return entry.at(year)
        luck, meaning = self._luck[id(entry)]
        value = entry.at_quantile(year, luck)
        return value if meaning is None else min(max(value, meaning.low), meaning.high)

    def maybe(self, entry: Quantity | None, year: int, neutral: float) -> float:
        """Return the entry's value, or what stands for an entry that is not given."""
        return neutral if entry is None else self(entry, year)

    def touches(self, found: object) -> bool:
        """Tell whether any entry of a rule, a mapping or a list differs from draw to draw."""
        if isinstance(found, Quantity):
            return id(found) in self._luck
        if isinstance(found, (tuple, list)):
            return any(self.touches(item) for item in found)
        if isinstance(found, dict):
            return any(self.touches(item) for item in found.values())
        fields = getattr(type(found), "model_fields", None)
        return fields is not None and any(self.touches(getattr(found, name)) for name in fields)
