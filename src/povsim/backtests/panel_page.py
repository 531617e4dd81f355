"""The scores of a panel's back-test as tables, in one language: statistics, single households, or bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from povsim import figures
from povsim.backtests.panel_scoring import HOUSEHOLD_LOG, HOUSEHOLD_POOR
from povsim.backtests.record import BackTest, name_of
from povsim.views.parts import Column, Table
from povsim.wording import Wording

HOMES = (HOUSEHOLD_POOR, HOUSEHOLD_LOG)


def panel_tables(result: BackTest, say: Wording) -> tuple[Table, ...]:
    """Return the tables of scores of a panel's back-test.

    Parameters
    ----------
    result : BackTest
        Of a panel.
    say : Wording
        Texts of the room ``backtest``.
    """
    rows = result.table
    if rows["inside"].isna().all():
        return (_statistics("bounds", rows, say, ("mean", "band", "actual", "actual_error", "households")),)
    columns = ("mean", "band", "wide", "actual", "actual_error", "inside", "inside95", "crps", "households")
    homes = rows["quantity"].isin(HOMES)
    return _statistics("statistics", rows[~homes], say, columns), _households(rows[homes], say)


def cells_of(table: Table, say: Wording) -> list[list[str]]:
    """Return a table's rows as text, for a terminal.

    Parameters
    ----------
    table : Table
    say : Wording
        Texts of the room ``backtest``.
    """
    return [[_cell(row.get(column.code), column, say) for column in table.columns] for row in table.rows]


def _cell(value: Any, column: Column, say: Wording) -> str:
    if value is None:
        return figures.NOTHING
    if isinstance(value, str):
        return value
    if column.kind == "flag":
        return f"{int(value)}"
    if column.kind == "percent":
        return figures.percent(float(value), say.lang, column.digits)
    return figures.count(value) if column.kind == "count" else f"{value:.{column.digits}f}"


_KINDS: dict[str, tuple[Any, int]] = {
    "mean": ("percent", 1), "actual": ("percent", 1), "actual_error": ("percent", 1), "inside": ("flag", 0),
    "inside95": ("flag", 0), "households": ("count", 0), "crps": ("number", 4), "score": ("number", 4),
    "miscalibration": ("number", 4), "discrimination": ("number", 4), "uncertainty": ("number", 4),
    "behind": ("number", 4), "behind_error": ("number", 4), "coverage": ("percent", 1), "coverage95": ("percent", 1),
}  # fmt: skip


def _columns(codes: Sequence[str], say: Wording) -> list[Column]:
    return [Column(code, say(f"panel.column.{code}"), *_KINDS.get(code, ("text", 0))) for code in codes]


def _statistics(code: str, rows: pd.DataFrame, say: Wording, columns: Sequence[str]) -> Table:
    shown = []
    for row in rows.to_dict("records"):
        held = {name: None if math.isnan(row[name]) else bool(row[name]) for name in ("inside", "inside95")}
        bands = {"band": _band(row, ("low", "high"), say), "wide": _band(row, ("low95", "high95"), say)}
        shown.append(_plain(row) | _named(row, say) | held | bands)
    title, note = say(f"panel.table.{code}"), say(f"panel.table.{code}.note")
    return Table(code, title, _columns(("quantity", "model", *columns), say), shown, note)


def _households(rows: pd.DataFrame, say: Wording) -> Table:
    codes = (
        "score", "miscalibration", "discrimination", "uncertainty", "behind", "behind_error", "coverage", "coverage95",
    )  # fmt: skip
    shown = []
    for row in rows.to_dict("records"):
        score = row["brier"] if row["quantity"] == HOUSEHOLD_POOR else row["crps"]
        told = _plain(row | {"score": score, "coverage": row["inside"], "coverage95": row["inside95"]})
        shown.append(told | _named(row, say))
    columns = _columns(("quantity", "model", *codes), say)
    return Table("households", say("panel.table.households"), columns, shown, say("panel.table.households.note"))


def _named(row: dict[Any, Any], say: Wording) -> dict[str, str]:
    return {
        "quantity": name_of(say, "panel.statistic", str(row["quantity"])),
        "model": name_of(say, "panel.model", str(row["model"])),
    }


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}


def _band(row: dict[Any, Any], ends: tuple[str, str], say: Wording) -> str:
    low, high = (float(row[end]) for end in ends)
    return figures.NOTHING if math.isnan(low) else figures.band(low, high, say.lang)
