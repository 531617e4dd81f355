"""The report about weights as files: one netCDF4 with everything, one workbook of tidy tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from povsim.folder_files import write_dataset
from povsim.sensitivity.weight_moves import entry_words, told_moves
from povsim.sensitivity.weight_report import Report
from povsim.sheets import Field, Sheet, workbook
from povsim.staging import replaced
from povsim.terms import Language
from povsim.wording import Wording


def write_report(folder: Path, report: Report, compared: xr.Dataset | None, say: Wording) -> list[str]:
    """Write ``weights.nc`` and ``weights.xlsx`` and return their paths.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    report : Report
        As ``analyse`` returns it.
    compared : Dataset, optional
        Weight schemes compared.
    say : Wording
        Texts of the room ``weights``, for the names of the sheets; columns have the names of the variables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replaced(folder / "weights.nc") as part:
        write_dataset(whole(report, compared), part)
    found = [_sheet(say(f"sheet.{key}"), frame) for key, frame in tables(report, compared, say.lang)]
    with replaced(folder / "weights.xlsx") as part:
        part.write_bytes(workbook(found))
    return [str(folder / name) for name in ("weights.nc", "weights.xlsx")]


def whole(report: Report, compared: xr.Dataset | None = None) -> xr.Dataset:
    """Return everything in one Dataset; names tell which part a variable belongs to."""
    parts = []
    for name in ("units", "near", "any_weights", "both", "items", "left_out"):
        one: xr.Dataset = getattr(report, name)
        one = told_moves(one) if name == "left_out" else one
        parts.append(one.rename({str(code): f"{name}_{code}" for code in one.data_vars}))
    if compared is not None:
        parts.append(told_moves(compared).rename({str(code): f"schemes_{code}" for code in compared.data_vars}))
    out = xr.merge(parts, join="outer", combine_attrs="override")
    out.attrs = {}
    return out.assign_attrs({**report.case.about, "top": report.top, "weightings": report.near.attrs["weightings"]})


def tables(
    report: Report, compared: xr.Dataset | None = None, lang: Language = "en"
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield tidy tables: one row per unit, item, pair, item and unit, unit and rank, scheme and unit.

    Who drops out of a ranking or comes in moves no number of places: the column ``entry`` says so in words.
    """
    yield "units", report.units.to_dataframe().reset_index()
    yield "items", report.items.to_dataframe().reset_index()
    if not report.swaps.empty:
        moves = [
            "; ".join(f"{giver} > {taker}: {amount:.4f}" for giver, taker, amount in row)
            for row in report.swaps["moves"]
        ]
        yield "swaps", report.swaps.assign(moves=moves)
    yield "left_out", _moves(report.left_out, ["total", "rank", "moved", "entry"], lang)
    columns = {name: getattr(report, name)["rank_acceptability"] for name in ("near", "any_weights", "both")}
    yield "acceptability", xr.Dataset(columns).to_dataframe().reset_index()
    if compared is not None:
        yield "schemes", _moves(compared, ["total", "rank", "moved", "entry", "ahead"], lang)


def _moves(found: xr.Dataset, names: list[str], lang: Language) -> pd.DataFrame:
    told = told_moves(found).assign(entry=entry_words(found, lang))
    return told[names].to_dataframe().reset_index()


def _sheet(title: str, frame: pd.DataFrame) -> Sheet:
    fields = [Field(str(name)) for name in frame.columns]
    return Sheet(title, fields, ([_cell(value) for value in row] for row in frame.itertuples(index=False)))


def _cell(value: Any) -> Any:
    """Return a value as a sheet takes it: what is neither a number nor a truth as a text."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return value if isinstance(value, (int, float, np.integer, np.floating)) else str(value)
