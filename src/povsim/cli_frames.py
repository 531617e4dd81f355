"""Tables as a workbook: one sheet each, headings frozen, cells that no spreadsheet runs as a formula."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from povsim.assumptions import harmless
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
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    for title, frame in frames.items():
        if frame.empty:
            continue
        sheet = book.create_sheet(title[:31])
        sheet.append([harmless(str(heading)) for heading in frame.columns])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
        for row in frame.head(MOST_ROWS).itertuples(index=False):
            sheet.append([_cell(value) for value in row])
    if not book.sheetnames:
        book.create_sheet("-")
    with replaced(path) as part, part.open("wb") as stream:
        book.save(stream)


def _cell(value: Any) -> Any:
    """Return a value as a sheet takes it: numbers plain, what is missing or infinite blank or in words."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value) if np.isfinite(value) else "infinite"
    if isinstance(value, (int, np.integer)):
        return int(value) if abs(int(value)) < 2**53 else str(int(value))
    return harmless(str(value))
