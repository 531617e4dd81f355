"""Processes a user adds from Python in plain NumPy: a name, and a function that changes a block's year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from povsim import layout as at
from povsim.draws import LANES, fill_uniforms
from povsim.layout import Bytes, Floats, Home, Keys, Scratch, Shorts, State, Words

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

    _home: Home
    _flow: Floats
    _state: tuple[Bytes, Shorts]
    _key: Words
    year: int
    draw: int

    def __init__(self, home: Home, state: State, scratch: Scratch, when: tuple[int, int, int], key: Words) -> None:
        scenario, year, draw = when
        rows = (state.small[scenario, at.STATUS], state.bits[scenario, at.DEPRIVED])
        flow = scratch.floats[:, : home.key.size]
        parts = (("_home", home), ("_flow", flow), ("_state", rows), ("_key", key), ("year", year), ("draw", draw))
        for name, value in parts:
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Write a flow, so that ``block.wage = block.wage * 2`` does what it says; nothing else can be set."""
        if name not in _FLOWS:
            raise AttributeError(f"{name}: cannot be set; allowed: {', '.join(_FLOWS)}")
        self._flow[_FLOWS[name]][:] = value

    def __getattr__(self, name: str) -> Floats:
        """Return a flow by name."""
        if name in _FLOWS:
            flow: Floats = self._flow[_FLOWS[name]]
            return flow
        raise AttributeError(f"{name}: no such flow; allowed: {', '.join(_FLOWS)}")

    @property
    def persons(self) -> Floats:
        """Persons in each household."""
        persons: Floats = _read_only(self._home.traits[at.PERSONS].astype(np.float32))
        return persons

    @property
    def workers(self) -> Shorts:
        """Persons able to work."""
        workers: Shorts = _read_only(self._home.traits[at.WORKERS])
        return workers

    @property
    def status(self) -> Bytes:
        """Register status, codes of ``terms.Status``."""
        return self._state[0]

    @property
    def deprived(self) -> Shorts:
        """Unmet guarantees, one bit each in the register's order."""
        return self._state[1]

    @property
    def household(self) -> Keys:
        """Address of each household's luck."""
        keys: Keys = _read_only(self._home.key)
        return keys

    def uniforms(self) -> Floats:
        """Return four addressed uniforms a household, shape (4, n): the same in every scenario."""
        out = np.empty((LANES, self._home.key.size), dtype=np.float32)
        fill_uniforms(self._key, self.draw, self.year, self._home.key, out, 0)
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
