"""Processes a user adds from Python in plain NumPy: a name, and a function that changes a block's year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from povsim import layout as at
from povsim.draws import LANES, fill_uniforms
from povsim.layout import Floats, Households, Keys, Shorts, Words

_FLOWS = {
    "wage": at.WAGE,
    "business": at.GROSS,
    "production_cost": at.COST,
    "property": at.PROPERTY_INCOME,
    "transfer": at.TRANSFER_INCOME,
    "one_off": at.ONE_OFF,
    "medical": at.MEDICAL,
}


def _read_only(facts: Any) -> Any:
    """Return a view that cannot be written: facts of the register are shared by draws, scenarios and threads."""
    view = facts.view()
    view.setflags(write=False)
    return view


class BlockYear:
    """A block of n households in one year, as a user's process sees it.

    ``persons``, ``workers`` and ``household`` are facts of the register and cannot be written.

    Attributes are views: change them in place. ``wage``, ``business`` (gross), ``production_cost``, ``property``,
    ``transfer``, ``one_off``, ``medical`` are the year's flows in yuan per household; ``persons``, ``workers``,
    ``status``, ``deprived``, ``household`` describe the households; ``year`` and ``draw`` say when.
    """

    _h: Households
    _key: Words
    year: int
    draw: int

    def __init__(self, households: Households, year: int, draw: int, key: Words) -> None:
        for name, value in (("_h", households), ("_key", key), ("year", year), ("draw", draw)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Write a flow, so that ``block.wage = block.wage * 2`` does what it says; nothing else can be set."""
        if name not in _FLOWS:
            raise AttributeError(f"{name}: cannot be set; allowed: {', '.join(_FLOWS)}")
        self._h.flow[_FLOWS[name]][:] = value

    def __getattr__(self, name: str) -> Floats:
        """Return a flow by name."""
        if name in _FLOWS:
            flow: Floats = self._h.flow[_FLOWS[name]]
            return flow
        raise AttributeError(f"{name}: no such flow; allowed: {', '.join(_FLOWS)}")

    @property
    def persons(self) -> Floats:
        """Persons in each household."""
        persons: Floats = _read_only(self._h.home[at.PERSONS])
        return persons

    @property
    def workers(self) -> Shorts:
        """Persons able to work."""
        workers: Shorts = _read_only(self._h.traits[at.WORKERS])
        return workers

    @property
    def status(self) -> Shorts:
        """Register status, codes of ``terms.Status``."""
        status: Shorts = self._h.whole[at.STATUS]
        return status

    @property
    def deprived(self) -> Shorts:
        """Unmet guarantees, one bit each in the register's order."""
        deprived: Shorts = self._h.whole[at.DEPRIVED]
        return deprived

    @property
    def household(self) -> Keys:
        """Address of each household's luck."""
        keys: Keys = _read_only(self._h.key)
        return keys

    def uniforms(self) -> Floats:
        """Return four addressed uniforms a household, shape (4, n): the same in every scenario."""
        out = np.empty((LANES, self._h.key.size), dtype=np.float32)
        fill_uniforms(self._key, self.draw, self.year, self._h.key, out)
        return out


@dataclass(frozen=True)
class Process:
    """A process added from Python: it acts after the measures and before subsidies and the exit test.

    Examples
    --------
    Tourism brings 800 yuan to one household in ten:

    >>> def visit(block):
    ...     block.business[block.uniforms()[0] < 0.1] += 800
    >>> tourism = Process("tourism", visit)
    """

    name: str
    step: Callable[[BlockYear], None]
    key: Any = field(default=None)
