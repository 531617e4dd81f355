"""The door of every measure: arrays or DataArrays in, checked and joined by label, the same kind out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.poverty.layouts import Laid, lay_arrays, lay_labelled
from povsim.poverty.names import attributes

Floats = npt.NDArray[np.float64]
Kernel = Callable[[Floats, Floats, Floats], Any]
"""Incomes (person,), weights (person,), line (1,) or (person,) to a number or an array of fixed shape."""

_FIRST = 3
_SHORT = 1 << 16


@dataclass(frozen=True)
class Asked:
    """What a measure was asked.

    Attributes
    ----------
    name : str
        The measure, named in errors.
    income, weight, by, line : array or DataArray
        As the caller gave them; ``by`` may name a coordinate of the income.
    dim : str or None
        Dim to reduce over, for DataArrays.
    least : float or None
        Incomes below it are refused; with ``open_end`` it is refused itself.
    open_end : bool
        Whether ``least`` is not allowed itself.
    told : mapping of str to str
        What the caller calls ``income`` and ``line``, for errors.
    """

    name: str
    income: Any
    weight: Any = None
    by: Any = None
    dim: str | None = None
    line: Any = None
    least: float | None = None
    open_end: bool = False
    told: Mapping[str, str] = field(default_factory=dict)


def answer(asked: Asked, kernel: Kernel, more: tuple[str, Sequence[Any]] | None = None) -> Any:
    """Return a measure of every cell and group.

    Parameters
    ----------
    asked : Asked
        What came in.
    kernel : callable
        The measure of one cell.
    more : (str, sequence), optional
        Name and labels of the dim that the kernel's answer has, last.

    Returns
    -------
    float, array or DataArray
        Dims: those of the input less the reduced one, ``by``, ``more``; groups by sorted label.

    Raises
    ------
    InputError
        Naming everything wrong: not numbers, negative weights, nobody, a line at or below zero, labels that differ.
    """
    laid = laid_out(asked)
    rows = [[np.asarray(kernel(*part), dtype=np.float64) for part in groups] for groups in _cells(laid)]
    shape = (*laid.lead, *(() if laid.codes is None else (len(laid.labels),)), *rows[0][0].shape)
    found = np.array(rows).reshape(shape)
    return wrapped(laid, found, asked.name, more)


def laid_out(asked: Asked) -> Laid:
    """Return what came in as checked arrays of one shape.

    Raises
    ------
    InputError
        As ``answer`` says.
    """
    labelled = isinstance(asked.income, xr.DataArray)
    laid, problems = (lay_labelled if labelled else lay_arrays)(
        asked.income, {"weight": asked.weight, "line": asked.line}, asked.by, asked.dim
    )
    if laid is not None:
        problems += [*_bad_incomes(laid, asked), *_bad_weights(laid), *_bad_lines(laid, asked)]
    if problems or laid is None:
        raise InputError(asked.name, [replace(one, where=asked.told.get(one.where, one.where)) for one in problems])
    return laid


def wrapped(laid: Laid, found: Floats, name: str, more: tuple[str, Sequence[Any]] | None = None) -> Any:
    """Return an answer in the kind that came in.

    Parameters
    ----------
    laid : Laid
        What came in.
    found : array, dims (those of the input less the reduced one, groups, more)
        The answer.
    name : str
        The measure.
    more : (str, sequence), optional
        Name and labels of the last dim.
    """
    if laid.coords is None:
        return float(found) if found.ndim == 0 else found
    dims, coords = list(laid.lead_dims), dict(laid.coords)
    if laid.codes is not None:
        dims.append(laid.group_name)
        coords[laid.group_name] = laid.labels
    if more is not None:
        dims.append(more[0])
        coords[more[0]] = list(more[1])
    return xr.DataArray(found, coords, dims, name=name, attrs=attributes(name))


def _cells(laid: Laid) -> Iterator[Iterator[tuple[Floats, Floats, Floats]]]:
    """Yield, cell by cell, its groups' incomes, weights and lines."""
    places = None if laid.codes is None else places_of(laid.codes, len(laid.labels))
    for cell in np.ndindex(*laid.lead):
        yield _groups(laid.income[cell], laid.weight[cell], laid.line[cell], places)


def _groups(
    income: Floats, weight: Floats, line: Floats, places: list[npt.NDArray[np.int64]] | None
) -> Iterator[tuple[Floats, Floats, Floats]]:
    one = line[:1] if line.strides[-1] == 0 else line
    if places is None:
        yield income, weight, one
        return
    # everybody is gathered once, group after group: cheaper than to gather each group
    order, edges = np.concatenate(places), np.cumsum([0, *(place.size for place in places)]).tolist()
    income, weight = income[order], weight[order] if weight.strides[-1] else weight
    one = one if one.size == 1 else one[order]
    for low, high in pairwise(edges):
        yield income[low:high], weight[low:high], one if one.size == 1 else one[low:high]


def places_of(codes: npt.NDArray[np.int64], count: int) -> list[npt.NDArray[np.int64]]:
    """Return, for each of ``count`` groups, the positions that have its code.

    Examples
    --------
    >>> [place.tolist() for place in places_of(np.array([1, 0, 1]), 2)]
    [[1], [0, 2]]
    """
    # short integers are sorted by counting
    short = codes.astype(np.uint16) if count <= _SHORT else codes
    order = np.argsort(short, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes, minlength=count))[:-1])


# ---- what is refused ----


def offenders(bad: npt.NDArray[np.bool_], values: npt.NDArray[Any], labels: Sequence[Any] | None) -> str:
    """Return how many values are bad and the first of them.

    Examples
    --------
    >>> offenders(np.array([False, True]), np.array([1.0, -2.0]), ["a", "b"])
    '1 of 2: -2.0 at b'
    """
    spots = np.argwhere(bad)
    told = []
    for spot in spots[:_FIRST]:
        at = spot[-1] if labels is None else labels[spot[-1]]
        told.append(f"{values[tuple(spot)]} at {'position ' if labels is None else ''}{at}")
    rest = f" and {len(spots) - _FIRST} more" if len(spots) > _FIRST else ""
    return f"{len(spots)} of {bad.size}: {', '.join(told)}{rest}"


def _bad_incomes(laid: Laid, asked: Asked) -> Iterator[Problem]:
    income = laid.income
    low, high = income.min(), income.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        found = offenders(~np.isfinite(income), income, laid.persons)
        yield Problem("income", "is not a finite number", found, "finite numbers", "drop or fill these persons first")
    least = asked.least
    if least is None or low > least or (low == least and not asked.open_end):
        return
    bad = income <= least if asked.open_end else income < least
    if bad.any():
        allowed = f"numbers {'above' if asked.open_end else 'from'} {least:g}{' on' if not asked.open_end else ''}"
        found = offenders(bad, income, laid.persons)
        yield Problem("income", "is too low for this measure", found, allowed, "see the measure about low incomes")


def _bad_weights(laid: Laid) -> Iterator[Problem]:
    given = laid.given.get("weight")
    if given is None:
        return
    low, high = given.min(), given.max()
    if not (low >= 0 and np.isfinite(high)):
        found = offenders(~((given >= 0) & np.isfinite(given)), given, laid.persons)
        yield Problem("weight", "is negative or not a finite number", found, "finite numbers from 0 on")
        return
    for cell in np.ndindex(*laid.lead):
        # cells that share a row of weights share its sum
        row = laid.weight[cell]
        sums = row.sum()[np.newaxis] if laid.codes is None else np.bincount(laid.codes, row, len(laid.labels))
        if not (sums > 0).all():
            which = "" if laid.codes is None else f" in {', '.join(str(x) for x in laid.labels[sums <= 0])}"
            yield Problem("weight", f"is zero for everybody{which}", "0", "a sum above 0")
            return
        if laid.weight.ndim > 1 and all(step == 0 for step in laid.weight.strides[:-1]):
            return


def _bad_lines(laid: Laid, asked: Asked) -> Iterator[Problem]:
    if asked.line is None:
        return
    given = np.atleast_1d(laid.given["line"])
    bad = ~((given > 0) & np.isfinite(given))
    if bad.any():
        yield Problem("line", "is not above zero", offenders(bad, given, None), "finite numbers above 0")
