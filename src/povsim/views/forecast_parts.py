"""Digests of a forecast made from some draws each, put together into one of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

MEANS = ("village_", "test_fails", "test_persons", "measure_spending", "measure_recipients")
"""Beginnings of the names of variables that are means over draws."""


def combined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return the digest of all draws of several digests of one plan.

    Parameters
    ----------
    parts : sequence of Dataset
        As ``digest_outcomes`` returns them, of draws that differ, in order.

    Returns
    -------
    Dataset
        What is kept by draw side by side, means over draws weighted by the number of draws.

    Examples
    --------
    >>> one = xr.Dataset({"poor": ("draw", [4]), "village_poor": ("village", [4.0])}, {"draw": [0]})
    >>> two = xr.Dataset({"poor": ("draw", [1, 1]), "village_poor": ("village", [1.0])}, {"draw": [1, 2]})
    >>> whole = combined([one, two])
    >>> whole["poor"].values.tolist(), whole["village_poor"].values.tolist()
    ([4, 1, 1], [2.0])
    """
    first, draws = parts[0], np.array([part.sizes["draw"] for part in parts], dtype=np.float64)
    if len(parts) == 1:
        return first
    data: dict[str, Any] = {}
    for name, array in first.data_vars.items():
        values = [part[name].to_numpy() for part in parts]
        if "draw" in array.dims:
            data[str(name)] = (array.dims, np.concatenate(values, axis=array.dims.index("draw")))
        elif str(name).startswith(MEANS):
            data[str(name)] = (array.dims, np.tensordot(draws / draws.sum(), np.stack(values), axes=1))
        else:
            data[str(name)] = array.variable
    coordinates = {name: array.variable for name, array in first.coords.items() if "draw" not in array.dims}
    coordinates["draw"] = xr.Variable("draw", np.concatenate([part["draw"].to_numpy() for part in parts]))
    return xr.Dataset(data, coordinates, first.attrs)
