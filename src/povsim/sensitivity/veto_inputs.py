"""Who is blocked by which rules, as callers give it: a boolean table or patterns with counts, checked in one place."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.sensitivity.matching import Labels, labels_of, matched, twice

Array = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Patterns = npt.NDArray[np.uint64]

MOST_RULES = 256
"""Rules of a table; patterns have 64 bits."""
BITS = 64
Weights = npt.ArrayLike | xr.DataArray | pd.Series


@dataclass(frozen=True, eq=False)
class Blocked:
    """Units and what blocks them: ``flags`` (unit, veto) or ``patterns`` (unit), and a weight by unit.

    Attributes
    ----------
    flags : array of bool, optional
        (unit, veto); none where patterns are given.
    patterns : array of uint64, optional
        (unit,), bit i for the i-th veto.
    weight : array of int64 or float64
        (unit,): persons, households or 1.
    labels : mapping
        Coordinates of the dim veto: its codes, and names where they are known.
    """

    flags: Flags | None
    patterns: Patterns | None
    weight: Array
    labels: dict[str, Any]

    @property
    def codes(self) -> list[str]:
        """Codes of the vetoes."""
        return [str(code) for code in self.labels["veto"]]

    def table(self) -> Flags:
        """Return the flags (unit, veto), unpacked where there are patterns."""
        if self.flags is not None:
            return self.flags
        assert self.patterns is not None
        bits = np.arange(len(self.codes), dtype=np.uint64)
        return np.asarray((self.patterns[:, np.newaxis] >> bits) & np.uint64(1), dtype=bool)


def read_blocked(blocked: xr.DataArray, weight: Weights | None, counts: Weights | None) -> Blocked:
    """Check and unpack what an attribution is given.

    Parameters
    ----------
    blocked : DataArray
        Boolean with dim veto and one other; or whole numbers with one dim, whose attribute ``veto`` may list codes.
    weight, counts : array, optional
        By unit; matched by label where both have labels, else by place.

    Raises
    ------
    InputError
        Anything else; all problems at once.
    """
    problems = list(_shape_problems(blocked, counts))
    if problems:
        raise InputError("blocked", problems)
    if blocked.dtype == bool:
        table = blocked.transpose(..., "veto")
        flags = np.ascontiguousarray(table.to_numpy())
        return Blocked(flags, None, _weights(table, weight, None), _labels(table))
    patterns = blocked.to_numpy().astype(np.uint64)
    codes = _codes(blocked, patterns)
    heads = _weights(blocked, weight, counts)
    return Blocked(None, patterns, heads, {"veto": codes})


def _shape_problems(blocked: object, counts: Weights | None) -> Iterable[Problem]:
    if not isinstance(blocked, xr.DataArray):
        yield Problem("blocked", "should be a DataArray", type(blocked).__name__)
    elif blocked.dtype == bool:
        yield from _flag_problems(blocked)
        if counts is not None:
            yield Problem("counts", "go with patterns", mend="use weight for flags")
    elif blocked.dtype.kind not in "iu":
        yield Problem("blocked", "should hold flags or patterns", str(blocked.dtype), "bool, or whole numbers")
    elif blocked.ndim != 1:
        yield Problem("blocked", "patterns need one dim", ", ".join(map(str, blocked.dims)))
    elif blocked.size and int(blocked.min()) < 0:
        yield Problem("blocked", "patterns cannot be negative", str(int(blocked.min())))


def _flag_problems(blocked: xr.DataArray) -> Iterable[Problem]:
    if blocked.ndim != 2 or "veto" not in blocked.dims:
        dims = ", ".join(map(str, blocked.dims))
        yield Problem("blocked", "flags need the dim veto and one other", dims, "(unit, veto)")
    elif blocked.sizes["veto"] > MOST_RULES:
        yield Problem("blocked", "too many rules", str(blocked.sizes["veto"]), f"up to {MOST_RULES}")
    elif "veto" in blocked.coords:
        yield from twice("veto", blocked["veto"].to_numpy(), "names rules twice")


def _labels(table: xr.DataArray) -> dict[str, Any]:
    codes = table["veto"].to_numpy() if "veto" in table.coords else np.arange(table.sizes["veto"])
    found: dict[str, Any] = {"veto": codes}
    for name in ("veto_zh", "veto_en"):
        if name in table.coords:
            found[name] = ("veto", table[name].to_numpy())
    return found


def _codes(blocked: xr.DataArray, patterns: Patterns) -> Array:
    """Return the codes of the bits: those that the attribute ``veto`` lists, else their numbers."""
    needed = int(patterns.max()).bit_length() if patterns.size else 0
    listed = blocked.attrs.get("veto")
    if listed is None:
        return np.arange(needed)
    codes = np.asarray(listed, dtype=str).ravel()
    problems = list(twice("veto", codes, "names rules twice"))
    if codes.size < needed:
        found = f"bit {needed - 1} is set, {codes.size} rules"
        problems.append(Problem("blocked", "has patterns of rules that its attribute does not list", found))
    if problems:
        raise InputError("blocked", problems)
    return codes


def _weights(table: xr.DataArray, weight: Weights | None, counts: Weights | None) -> Array:
    """Return whole numbers where all are whole, else float64; they multiply."""
    dim, size = table.dims[0], table.shape[0]
    out: Array = np.ones(size, dtype=np.int64)
    for name, given in (("weight", weight), ("counts", counts)):
        if given is not None:
            out = out * one_weight(name, given, dim, size, labels_of(table, dim))
    return out


def one_weight(name: str, given: Weights, dim: Hashable, size: int, labels: Labels | None = None) -> Array:
    """Return a weight by unit as int64 or float64, in the order of the units' labels where both have labels.

    Raises
    ------
    InputError
        Another length or dim, other labels; negative, missing or endless numbers.
    """
    if isinstance(given, xr.DataArray) and given.dims != (dim,):
        found = ", ".join(map(str, given.dims))
        raise InputError("blocked", [Problem(name, "has other dims than the units", found, str(dim))])
    values = np.asarray(matched(given, dim, labels, (name, "blocked")))
    if values.shape != (size,):
        raise InputError("blocked", [Problem(name, "has another length", str(values.shape), str((size,)))])
    if values.dtype.kind not in "biuf":
        raise InputError("blocked", [Problem(name, "should be numbers", str(values.dtype))])
    if size and not (np.isfinite(values).all() and values.min() >= 0):
        raise InputError("blocked", [Problem(name, "should be zero or more everywhere")])
    return values.astype(np.float64 if values.dtype.kind == "f" else np.int64)


def is_whole(value: object, least: int) -> bool:
    """Tell whether something is a whole number of at least so much."""
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= least


def check_known(given: Sequence[str], codes: Sequence[str], where: str) -> None:
    """Refuse codes of rules that do not exist, and codes given twice.

    Raises
    ------
    InputError
        With the nearest name for each.
    """
    problems = [
        Problem(where, "no such rule", code, ", ".join(codes), nearest(code, codes))
        for code in dict.fromkeys(given)
        if code not in codes
    ]
    twice = sorted({code for code in given if list(given).count(code) > 1})
    problems += [Problem(where, "given twice", ", ".join(twice))] if twice else []
    if problems:
        raise InputError("rules", problems)
