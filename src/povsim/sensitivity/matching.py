"""Second inputs beside a table: put in its order by label where both have labels, by place where one has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest

Labels = pd.Index
SHOWN = 5
"""So many labels are named, the others counted."""


def labels_of(given: object, dim: Hashable, axis: int = 0) -> Labels | None:
    """Return the labels along a dim of a DataArray or an axis of a Series or DataFrame; none where there are none.

    Examples
    --------
    >>> labels_of(xr.DataArray([1, 2], {"unit": ["A", "B"]}), "unit").tolist(), labels_of([1, 2], "unit")
    (['A', 'B'], None)
    """
    if isinstance(given, xr.DataArray):
        return given.indexes.get(dim)
    return given.axes[axis] if isinstance(given, pd.Series | pd.DataFrame) and axis < given.ndim else None


def first_dim(given: object, name: str) -> Hashable:
    """Return the name of the first dim of a DataArray; ``name`` of anything else."""
    return given.dims[0] if isinstance(given, xr.DataArray) and given.dims else name


def matched(given: Any, dim: Hashable, wanted: Labels | None, told: tuple[str, str], axis: int = 0) -> Any:
    """Return an array in the order of the labels it is to go with.

    Arrays without labels, or beside a table without labels, are left as they are: they go by place. So are those whose
    labels are only the numbers 0, 1, 2, ... that pandas gives by itself, unless these are the very labels wanted.

    Parameters
    ----------
    given : DataArray, Series, DataFrame or array
        What may have labels.
    dim : str
        Dim of the labels; of pandas the name that messages use.
    wanted : Index, optional
        Labels of the table.
    told : tuple of str
        What the input is called, and what is being read, for messages.
    axis : int
        Axis of the labels of a DataFrame.

    Raises
    ------
    InputError
        Labels that are not the same set: which are missing, beyond it or there twice.

    Examples
    --------
    >>> persons = pd.Series([5, 2], index=["B", "A"])
    >>> matched(persons, "unit", pd.Index(["A", "B"]), ("weight", "blocked")).tolist()
    [2, 5]
    """
    own = labels_of(given, dim, axis)
    if own is None or wanted is None or own.equals(wanted):
        return given
    order = _order(own, wanted)
    if order is None:
        if _numbered(own) or _numbered(wanted):
            return given
        raise InputError(told[1], list(_differences(told[0], dim, _texts(own), _texts(wanted))))
    if isinstance(given, xr.DataArray):
        return given.isel({dim: order})
    return given.iloc[order] if axis == 0 else given.iloc[:, order]


def _numbered(index: Labels) -> bool:
    """Tell whether labels are those that pandas gives by itself."""
    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _texts(index: Labels) -> list[str]:
    return [str(label) for label in index]


def _order(own: Labels, wanted: Labels) -> npt.NDArray[np.intp] | None:
    """Return where the wanted labels are; none where the sets differ."""
    if len(own) != len(wanted):
        return None
    if own.nlevels == wanted.nlevels and own.is_unique and wanted.is_unique:
        found = own.get_indexer(wanted)
        if (found >= 0).all():
            return found
    # codes are compared as texts everywhere, so that 430601 and "430601" are the same village
    mine, other = pd.Index(_texts(own), dtype=object), pd.Index(_texts(wanted), dtype=object)
    if mine.equals(other):
        return np.arange(len(own))
    if not (mine.is_unique and other.is_unique):
        return None
    found = mine.get_indexer(other)
    return found if (found >= 0).all() else None


def _differences(name: str, dim: Hashable, own: list[str], wanted: list[str]) -> Iterator[Problem]:
    have, need = set(own), set(wanted)
    missing, beyond = [label for label in wanted if label not in have], [label for label in own if label not in need]
    if missing:
        mend = "give every label once, or an array without labels, which goes by place"
        yield Problem(name, f"lacks labels of {dim}: {listed(missing)}", mend=mend)
    if beyond:
        hint = nearest(beyond[0], need) if len(need) <= len(beyond[0]) * 100 else ""
        yield Problem(name, f"has labels that {dim} does not have: {listed(beyond)}", mend=hint)
    yield from twice(name, own, f"has labels of {dim} twice")
    yield from twice(str(dim), wanted, f"has labels twice, so that {name} cannot be matched")


def twice(where: str, names: Iterable[object], what: str = "has names twice") -> Iterator[Problem]:
    """Yield what is wrong where names occur more than once."""
    found = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if found:
        yield Problem(where, what, listed(found), "each once")


def listed(names: list[str]) -> str:
    """Return the first few names and how many more there are.

    Examples
    --------
    >>> listed(["a", "b"]), listed(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
