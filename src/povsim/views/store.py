"""Datasets as folders of plain arrays, which any number of sessions map into memory and share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

INDEX = "index.json"
MAPPED_BYTES = 65_536
"""Smaller arrays are read: mapping one costs an open file."""
TEXTS_INLINE = 2_000
"""Longer arrays of text become arrays of fixed width beside the others, so that sessions share them too."""
INDEXED = 20_000
"""Longer coordinates come without an index, which would be a private copy of millions of objects."""


def write(dataset: xr.Dataset, folder: str | Path) -> Path:
    """Write a dataset as a folder of ``.npy`` files and an index in JSON.

    Parameters
    ----------
    dataset : Dataset
        Numbers, truth values, times and texts over any dims; attributes that JSON can hold.
    folder : str or Path
        Made where it does not exist; a dataset there is written over.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    TypeError
        A variable that is neither numbers, truth values, times nor texts: objects would have to be pickled.

    Examples
    --------
    >>> import tempfile
    >>> made = xr.Dataset({"poor": ("village", [3, 1])}, {"village": ["甲村", "乙村"]}, {"unit": "households"})
    >>> with tempfile.TemporaryDirectory() as place:
    ...     read(write(made, place)).identical(made)
    True
    """
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    entries = [
        _write_variable(str(name), variable, number, path) | {"coordinate": name in dataset.coords}
        for number, (name, variable) in enumerate(dataset.variables.items())
    ]
    index = {"attrs": dict(dataset.attrs), "variables": entries}
    text = json.dumps(index, ensure_ascii=False, default=_plain)
    (path / INDEX).write_text(text + "\n", encoding="utf-8")
    return path


def _write_variable(name: str, variable: xr.Variable, number: int, folder: Path) -> dict[str, Any]:
    entry = {"name": name, "dims": list(variable.dims), "attrs": dict(variable.attrs)}
    values = np.asarray(variable.to_numpy())
    if values.dtype.kind in "OUT":
        values = _texts(name, values)
        if values.size <= TEXTS_INLINE:
            return entry | {"texts": values.tolist()}
    elif values.dtype.kind not in "biufMm":
        raise TypeError(f"{name}: arrays of {values.dtype} cannot be kept as plain numbers or texts")
    file = f"{number:03d}.npy"
    np.save(folder / file, np.ascontiguousarray(values).reshape(values.shape), allow_pickle=False)
    return entry | {"file": file}


def _texts(name: str, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if values.dtype.kind == "O" and not all(isinstance(one, str) for one in values.ravel()):
        raise TypeError(f"{name}: holds objects that are not texts")
    return values.astype(str)


def _plain(value: object) -> object:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"attribute {value!r} of {type(value).__name__} cannot be kept as JSON")


def read(folder: str | Path) -> xr.Dataset:
    """Open a dataset that :func:`write` wrote; large arrays are read-only maps of their files.

    Parameters
    ----------
    folder : str or Path
        As given to :func:`write`.

    Returns
    -------
    Dataset
        As written. Coordinates of more than 20,000 labels have no index: select by position.

    Raises
    ------
    FileNotFoundError
        No such dataset.
    """
    path = Path(folder)
    index = json.loads((path / INDEX).read_text(encoding="utf-8"))
    coordinates: dict[str, xr.Variable] = {}
    unindexed: dict[str, xr.Variable] = {}
    data: dict[str, xr.Variable] = {}
    for entry in index["variables"]:
        variable = xr.Variable(tuple(entry["dims"]), _values(entry, path), entry["attrs"], fastpath=True)
        long = variable.size > INDEXED
        place = data if not entry["coordinate"] else unindexed if long else coordinates
        place[entry["name"]] = variable
    dataset = xr.Dataset(data, coordinates, index["attrs"])
    return dataset.assign_coords(xr.Coordinates(unindexed, indexes={})) if unindexed else dataset


def _values(entry: Mapping[str, Any], folder: Path) -> np.ndarray[Any, Any]:
    if "texts" in entry:
        values = np.array(entry["texts"], dtype=str)
    else:
        file = folder / entry["file"]
        mapped = file.stat().st_size > MAPPED_BYTES
        values = np.load(file, mmap_mode="r" if mapped else None, allow_pickle=False)
    values.flags.writeable = False
    return values
