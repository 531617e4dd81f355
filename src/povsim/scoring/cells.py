"""Dims, labels and origins that values and scores share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LEAD = ("scenario", "draw", "year", "unit")
ORIGINS = ("simulated", "entered", "assumed", "scorecard", "nothing")
"""Where a value comes from; codes of ``value_source`` are positions here."""
SIMULATED, ENTERED, ASSUMED, NESTED, NOTHING = range(len(ORIGINS))


def labels(dim: str, entries: Sequence[Any]) -> dict[str, Any]:
    """Return codes along a dim with their names in both languages."""
    return {
        dim: (dim, np.array([entry.code for entry in entries], dtype=str)),
        f"{dim}_zh": (dim, np.array([entry.name_zh for entry in entries], dtype=str)),
        f"{dim}_en": (dim, np.array([entry.name_en for entry in entries], dtype=str)),
    }
