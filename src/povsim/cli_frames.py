"""Tables as a workbook: one sheet each, headings frozen, cells that no spreadsheet runs as a formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from povsim.sheets import Field, Sheet, workbook
from povsim.staging import replaced

MOST_ROWS = 200_000
"""Rows of a sheet."""


def write_frames(path: Path, frames: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as a workbook.

    Parameters
    ----------
    path : Path
        The .xlsx file; it appears whole or not at all.
    frames : mapping of sheet name to DataFrame
        Empty ones are left out.
    """
    sheets = [
        Sheet(title, [Field(str(heading)) for heading in frame.columns], _rows(frame))
        for title, frame in frames.items()
        if not frame.empty
    ]
    data = workbook(sheets or [Sheet("-", (), ())])
    with replaced(path) as part:
        part.write_bytes(data)


def _rows(frame: pd.DataFrame) -> Iterator[list[Any]]:
    for row in frame.head(MOST_ROWS).itertuples(index=False):
        yield [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    """Return a value as a sheet takes it: numbers plain, what is missing or infinite blank or in words."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value) if np.isfinite(value) else "infinite"
    if isinstance(value, (int, np.integer)):
        return int(value)
    return str(value)
