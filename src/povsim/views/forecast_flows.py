"""Who moved between statuses in a year, worked out from persons by status at year ends and the exits of the year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.terms import STATUSES

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Flow:
    """A move between statuses from one year end to the next.

    Attributes
    ----------
    code, source, target : str
        Name, and codes of the statuses.
    """

    code: str
    source: str
    target: str


FLOWS = (
    Flow("exit", "registered", "exited"),
    Flow("exit_again", "relapsed", "exited"),
    Flow("back", "exited", "relapsed"),
    Flow("found", "never_registered", "registered"),
    Flow("monitored_exited", "exited", "monitored"),
    Flow("monitored_others", "never_registered", "monitored"),
)
"""All moves there are; the last two are net of those who leave monitoring, so they may be negative."""


def flows_of(stock: Array, exits: Array, watching: Array) -> Array:
    """Return how many persons made each move.

    Persons by status at year ends and the persons declared out in the year determine every move while nobody is
    monitored: who has left "exited" beyond the new exits is back on the register; what the relapsed then lack has
    exited again; who is no longer "never registered" was found. From the year on in which monitoring takes the place
    of new registrations, nobody comes back or is found, and what the exited and the never registered lack is monitored,
    net of those let go again: outcomes do not tell the two directions apart.

    Parameters
    ----------
    stock : array, dims (status, area, draw, year end)
        Persons by status, the register's year first.
    exits : array, dims (area, draw, year)
        Persons declared out of poverty in the year.
    watching : array of bool, dims (year,)
        Years in which monitoring is in force.

    Returns
    -------
    array, dims (flow, area, draw, year)
        In the order of ``FLOWS``.

    Examples
    --------
    >>> ends = np.zeros((5, 1, 1, 2), dtype=int)
    >>> ends[:, 0, 0, 0], ends[:, 0, 0, 1] = (50, 40, 10, 0, 0), (48, 24, 26, 2, 0)
    >>> flows_of(ends, np.array([[[18]]]), np.array([False]))[:, 0, 0, 0].tolist()
    [18, 0, 2, 2, 0, 0]
    """
    never, _registered, exited, relapsed, _monitored = _placed(stock)
    before, after = slice(None, -1), slice(1, None)
    out_of_exited = exited[..., before] + exits - exited[..., after]
    out_of_never = never[..., before] - never[..., after]
    back = np.where(watching, 0, out_of_exited)
    again = relapsed[..., before] + back - relapsed[..., after]
    return np.stack(
        [
            exits - again,
            again,
            back,
            np.where(watching, 0, out_of_never),
            np.where(watching, out_of_exited, 0),
            np.where(watching, out_of_never, 0),
        ]
    )


def _placed(stock: Array) -> tuple[Array, ...]:
    codes = [term.code for term in STATUSES]
    names = ("never_registered", "registered", "exited", "relapsed", "monitored")
    return tuple(stock[codes.index(name)] for name in names)
