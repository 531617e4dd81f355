"""Values as a browser can take them: no numpy scalars, no numbers that JSON does not know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

FEW = 64
"""Numbers of an array that are sent as text; longer arrays are sent as bytes."""


def plain(value: Any) -> Any:
    """Return a value made of dicts, lists, text, numbers and None only; NaN and infinity become None.

    Arrays of more than a few numbers become ``{"$shape": [...], "$bytes": ...}``, which is sent as it lies in memory.

    Examples
    --------
    >>> plain({"a": (1, float("nan"), np.float64(2.5))})
    {'a': [1, None, 2.5]}
    """
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if value is None or kind is str or kind is int or kind is bool:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [plain(one) for one in value]
    if isinstance(value, (str, int, float)):
        return plain(kind.__mro__[-2](value))
    raise TypeError(f"{kind.__name__} cannot be sent to a browser")


def _array(value: np.ndarray[Any, Any]) -> Any:
    if value.dtype.kind not in "fiub" or value.size <= FEW:
        return plain(value.tolist())
    return {"$shape": list(value.shape), "$bytes": value.astype("<f8").tobytes()}
