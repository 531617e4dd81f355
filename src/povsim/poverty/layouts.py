"""Bringing what a measure was given to one shape: arrays by their last axis, DataArrays by their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem

Floats = npt.NDArray[np.float64]
Laying = tuple["Laid | None", list[Problem]]

CORE_DIMS = ("household", "person")
_SHOWN = 3


@dataclass(frozen=True)
class Laid:
    """Arrays of one shape, the persons last.

    Attributes
    ----------
    income, weight, line : array, dims (lead..., person)
        Views of what was given, as float64, stretched without copies.
    given : mapping of str to array
        Weight and line before stretching, for checks.
    codes : array, dims (person,), or None
        Group of each person, a position in ``labels``.
    labels : array
        Group labels, sorted.
    group_name : str
        Dim of groups.
    persons : array or None
        Labels of persons.
    lead_dims : tuple of str
        Names of the leading dims, for DataArrays.
    coords : mapping or None
        Coordinates of the leading dims; None for plain arrays.
    """

    income: Floats
    weight: Floats
    line: Floats
    given: Mapping[str, Floats]
    codes: npt.NDArray[np.int64] | None = None
    labels: npt.NDArray[Any] = field(default_factory=lambda: np.array([]))
    group_name: str = "group"
    persons: Any = None
    lead_dims: tuple[str, ...] = ()
    coords: Mapping[Any, Any] | None = None

    @property
    def lead(self) -> tuple[int, ...]:
        """Return the sizes of the leading dims."""
        return self.income.shape[:-1]


def numbers(item: Any, where: str, problems: list[Problem]) -> Floats | None:
    """Return an item as float64, or None after noting what is wrong with it.

    Examples
    --------
    >>> numbers([1, 2], "income", []).tolist()
    [1.0, 2.0]
    """
    if isinstance(item, pd.Series | pd.DataFrame | pd.Index):
        mend = "use .to_numpy() where the order is known to be the same, else .to_xarray()"
        problems.append(Problem(where, "has an index that would be ignored", type(item).__name__, "arrays", mend))
        return None
    if isinstance(item, xr.DataArray):
        problems.append(Problem(where, "is a DataArray beside a plain income", "", "both of one kind"))
        return None
    raw = np.asarray(item)
    if raw.dtype.kind not in "iufb":
        problems.append(Problem(where, "does not hold numbers", str(raw.dtype), "numbers"))
        return None
    return np.asarray(raw, dtype=np.float64)


def group_codes(by: Any, size: int, problems: list[Problem]) -> tuple[Any, npt.NDArray[Any]]:
    """Return the group of each person and the sorted labels of groups.

    Examples
    --------
    >>> codes, labels = group_codes(["b", "a", "b"], 3, [])
    >>> codes.tolist(), labels.tolist()
    ([1, 0, 1], ['a', 'b'])
    """
    raw = np.asarray(by)
    if raw.shape != (size,):
        problems.append(Problem("by", "does not have one label a person", str(raw.shape), f"({size},)"))
        return None, np.array([])
    if pd.isna(raw).any():
        problems.append(Problem("by", "lacks labels", f"{int(pd.isna(raw).sum())} of {size}", "a label for everybody"))
        return None, np.array([])
    codes, labels = pd.factorize(raw, sort=True)
    return codes.astype(np.int64), np.asarray(labels)


def lay_arrays(income: Any, others: Mapping[str, Any], by: Any, dim: str | None) -> Laying:
    """Lay out plain arrays: the last axis is persons, leading axes are kept.

    Parameters
    ----------
    income : array, dims (lead..., person)
        Numbers.
    others : mapping of str to array or None
        ``weight`` (its last axis is persons) and ``line`` (a number, or an array that stretches to the income).
    by : array, dims (person,), or None
        Groups.
    dim : None
        Not for arrays.

    Returns
    -------
    tuple
        What was laid out, None where that failed; problems.
    """
    problems: list[Problem] = []
    if dim is not None:
        problems.append(Problem("dim", "is for DataArrays", repr(dim), "nothing: arrays reduce over their last axis"))
    values = numbers(income, "income", problems)
    if values is None:
        return None, problems
    if values.ndim == 0 or values.size == 0:
        return None, [*problems, Problem("income", "holds nobody", str(values.shape), "at least one person")]
    given = {name: _fitting(item, name, values, problems) for name, item in others.items() if item is not None}
    codes, labels = (None, np.array([])) if by is None else group_codes(by, values.shape[-1], problems)
    if problems:
        return None, problems
    weight, line = (np.broadcast_to(given.get(name, np.ones(1)), values.shape) for name in ("weight", "line"))
    return Laid(values, weight, line, given, codes, labels), problems


def _fitting(item: Any, name: str, values: Floats, problems: list[Problem]) -> Floats:
    """Return an array that stretches to the income, or note that it does not."""
    part = numbers(item, name, problems)
    if part is None:
        return np.ones(1)
    try:
        fits = np.broadcast_shapes(part.shape, values.shape) == values.shape
    except ValueError:
        fits = False
    if not fits or (name == "weight" and part.shape[-1:] != values.shape[-1:]):
        problems.append(Problem(name, "does not fit the income", str(part.shape), f"{values.shape}"))
    return part


def core_dim(income: xr.DataArray, dim: str | None) -> str:
    """Return the dim of persons.

    Raises
    ------
    InputError
        Where it is not there, or cannot be told.

    Examples
    --------
    >>> core_dim(xr.DataArray(np.zeros((2, 3)), dims=("year", "household")), None)
    'household'
    """
    known = (dim,) if dim is not None else CORE_DIMS if income.ndim != 1 else tuple(str(name) for name in income.dims)
    for name in known:
        if name in income.dims:
            return name
    allowed = ", ".join(str(name) for name in income.dims)
    raise InputError("dim", [Problem("dim", "is not a dim of the income", str(dim), allowed, "say dim=")])


def matched(item: xr.DataArray, indexes: Mapping[Any, Any], where: str, problems: list[Problem]) -> xr.DataArray:
    """Return a DataArray with its labels in the order of others, noting labels that differ.

    Parameters
    ----------
    item : DataArray
        To be joined.
    indexes : mapping of dim to Index or None
        Labels to be met, None for a dim that has none.
    where : str
        Its name in problems.
    problems : list of Problem
        Added to.
    """
    for dim in item.dims:
        if dim not in indexes:
            continue
        wanted, own = indexes[dim], item.indexes.get(dim)
        if wanted is None and own is None:
            continue
        if wanted is None or own is None:
            found = f"labels on {'the income' if own is None else where} only"
            problems.append(Problem(where, f"cannot be joined by label over {dim}", found, "labels on both, or none"))
        elif not own.equals(wanted):
            item = _reordered(item, str(dim), wanted, where, problems)
    return item


def _reordered(
    item: xr.DataArray, dim: str, wanted: pd.Index[Any], where: str, problems: list[Problem]
) -> xr.DataArray:
    own = item.indexes[dim]
    if own.has_duplicates or wanted.has_duplicates:
        problems.append(Problem(where, f"has labels of {dim} more than once, in another order", "", "each label once"))
        return item
    lacking, beyond = wanted.difference(own), own.difference(wanted)
    if len(lacking) or len(beyond):
        parts = [
            f"{len(labels)} {word}: {', '.join(str(label) for label in labels[:_SHOWN])}"
            for labels, word in ((lacking, "lacking"), (beyond, "too many"))
            if len(labels)
        ]
        problems.append(Problem(where, f"has other labels of {dim}", "; ".join(parts), "the labels it is joined to"))
        return item
    return item.sel({dim: wanted})


def lay_labelled(income: xr.DataArray, others: Mapping[str, Any], by: Any, dim: str | None) -> Laying:
    """Lay out DataArrays, joined by label, never by place.

    Parameters
    ----------
    income : DataArray
        Numbers.
    others : mapping of str to DataArray, number or None
        ``weight`` and ``line``; their labels may come in another order, and they may have dims of their own.
    by : DataArray, str or None
        Groups over the dim of persons, or the name of such a coordinate of the income.
    dim : str or None
        Dim of persons.

    Returns
    -------
    tuple
        What was laid out, None where that failed; problems.
    """
    problems: list[Problem] = []
    core = core_dim(income, dim)
    if income.size == 0:
        return None, [Problem("income", "holds nobody", str(dict(income.sizes)), "at least one person")]
    indexes: dict[Any, Any] = {name: income.indexes.get(name) for name in income.dims}
    parts = {"income": income}
    for name, item in others.items():
        if item is not None:
            parts[name] = _labelled(item, name, core, indexes, problems)
    groups = None if by is None else _labelled_groups(by, income, core, problems)
    codes, labels = (None, np.array([])) if groups is None else group_codes(groups, income.sizes[core], problems)
    values = {name: numbers(part.variable.values, name, problems) for name, part in parts.items()}
    if problems:
        return None, problems
    lead = tuple(str(name) for name in dict.fromkeys(d for part in parts.values() for d in part.dims) if name != core)
    sizes = {name: next(part.sizes[name] for part in parts.values() if name in part.dims) for name in (*lead, core)}
    views = {
        name: cast(Any, xr.Variable(part.dims, values[name])).set_dims(sizes).transpose(*sizes).values
        for name, part in parts.items()
    }
    ones = np.broadcast_to(1.0, tuple(sizes.values()))
    coords = {
        name: (coord.dims, coord.values)
        for part in reversed(parts.values())
        for name, coord in part.coords.items()
        if core not in coord.dims and name != core
    }
    given = {name: view for name, view in values.items() if name != "income" and view is not None}
    named = groups is not None and groups.name is not None and groups.name not in lead
    group_name = str(groups.name) if groups is not None and named else "group"
    persons = income.indexes.get(core)
    weight, line = views.get("weight", ones), views.get("line", ones)
    return Laid(views["income"], weight, line, given, codes, labels, group_name, persons, lead, coords), problems


def _labelled(item: Any, name: str, core: str, indexes: dict[Any, Any], problems: list[Problem]) -> xr.DataArray:
    """Return a weight or line joined to what came before it, whose labels it then adds."""
    if not isinstance(item, xr.DataArray):
        if np.ndim(item) or name == "weight" or isinstance(item, pd.Series):
            problems.append(Problem(name, "has no labels beside a labelled income", type(item).__name__, "a DataArray"))
            return xr.DataArray(1.0)
        return xr.DataArray(np.asarray(item))
    if name == "weight" and core not in item.dims:
        problems.append(Problem(name, f"lacks the dim {core}", str(item.dims), f"dims with {core}"))
    joined = matched(item, indexes, name, problems)
    indexes.update({dim: joined.indexes.get(dim) for dim in joined.dims if dim not in indexes})
    return joined


def _labelled_groups(by: Any, income: xr.DataArray, core: str, problems: list[Problem]) -> xr.DataArray | None:
    if isinstance(by, str):
        if by not in income.coords:
            known = ", ".join(str(name) for name in income.coords)
            problems.append(Problem("by", "is not a coordinate of the income", by, known))
            return None
        by = income.coords[by]
    if not isinstance(by, xr.DataArray) or by.dims != (core,):
        problems.append(Problem("by", "is not a DataArray over the persons", type(by).__name__, f"dims ({core},)"))
        return None
    return matched(by, {core: income.indexes.get(core)}, "by", problems)
