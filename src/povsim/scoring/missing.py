"""What happens where a value is missing: the policy of each indicator, and which cells it touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from povsim.errors import InputError, Problem
from povsim.scoring.schema import Scorecard

Floats = npt.NDArray[np.float32]
POLICIES = ("given", "rebase", "zero", "last_known", "left_out")
"""What was done with a cell; codes of ``filled`` are positions here."""
GIVEN, REBASE, ZERO, LAST_KNOWN, LEFT_OUT = range(len(POLICIES))
SHOWN = 3


def fill(card: Scorecard, values: Floats, units: Sequence[str], years: Sequence[int]) -> npt.NDArray[np.int8]:
    """Apply the policy of each indicator to its missing values.

    Parameters
    ----------
    card : Scorecard
        Its indicators, for their policies.
    values : array of float32, dims (indicator, scenario, draw, year, unit)
        Changed in place: the last known value is written where that is the policy; zero and rebase are left missing,
        since they are about points.
    units, years : sequence
        Labels, for the message.

    Returns
    -------
    array of int8
        Same dims: which policy was used, 0 where the value was there.

    Raises
    ------
    InputError
        Every indicator whose policy is to refuse and of which a value is missing.
    """
    filled = np.zeros(values.shape, dtype=np.int8)
    problems = []
    for place, item in enumerate(card.indicators):
        gone = np.isnan(values[place])
        if not gone.any():
            continue
        if item.missing == "refuse":
            problems.append(_refused(item.code, gone, units, years))
        elif item.missing == "last_known":
            carried = _carry(values[place])
            filled[place][gone & carried] = LAST_KNOWN
            filled[place][gone & ~carried] = REBASE
        else:
            filled[place][gone] = ZERO if item.missing == "zero" else REBASE
    if problems:
        raise InputError(card.code, problems)
    return filled


def leave_out(values: Floats) -> npt.NDArray[np.int8]:
    """Mark missing values as left out, whatever the policies say: for cases that give some indicators only."""
    return np.where(np.isnan(values), LEFT_OUT, GIVEN).astype(np.int8)


def _refused(code: str, gone: npt.NDArray[np.bool_], units: Sequence[str], years: Sequence[int]) -> Problem:
    cells = np.asarray(gone.any(axis=(0, 1)))
    found = [f"{units[u]} {years[y]}" for y, u in np.argwhere(cells)]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    what = "no value" if np.asarray(gone.all(axis=(0, 1)))[cells].all() else "no value in some draws"
    mend = "enter it (povsim scorecard template), or give the indicator another policy for what is missing"
    allowed = "missing: rebase, zero, last_known"
    return Problem(f"indicators.{code}", what, ", ".join(found[:SHOWN]) + more, allowed, mend)


def _carry(values: Floats) -> npt.NDArray[np.bool_]:
    """Write the last known value of earlier years into later ones, in place; tell which cells have one now."""
    for year in range(1, values.shape[2]):
        now = values[:, :, year]
        np.copyto(now, values[:, :, year - 1], where=np.isnan(now))
    return ~np.isnan(values)


def policies_used(filled: npt.NDArray[np.int8], years: Sequence[int]) -> Iterator[tuple[int, int, list[int]]]:
    """Yield indicator, policy and the years in which it was used; dims as :func:`fill` returns them."""
    for place in range(filled.shape[0]):
        for policy in range(1, len(POLICIES)):
            touched = (filled[place] == policy).any(axis=(0, 1, 3))
            if touched.any():
                yield place, policy, [year for year, there in zip(years, touched, strict=True) if there]
