"""Charts of the weight tuner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from povsim.charts.base import BLUE, GREY, ORANGE, PALETTE, Chart, category_axis, frame, value_axis
from povsim.terms import Language
from povsim.views.parts import Table
from povsim.views.weights_answers import MOST_ROWS
from povsim.wording import wording

ROOM = "page_weights"
NAME_WIDTH = 340
ROW = 22
"""Pixels of one bar."""
MOST_LINES = 40
"""Units drawn as lines; of more, the first and the one chosen."""
FAINT = 0.005
"""Shares below would be written as nothing."""
SHADES = ["#f3f7fb", "#9ecae1", "#4292c6", "#08519c", "#08306b"]
"""From never to always: one hue, so that the colour-blind read it too."""


def _names(names: Sequence[str] = ()) -> dict[str, Any]:
    """Return an axis of names from the top down; long ones are cut, the tooltip has them whole."""
    label = {"width": NAME_WIDTH, "overflow": "truncate", "interval": 0}
    axis = {**category_axis(names), "inverse": True, "axisLabel": label, "axisTick": {"show": False}}
    axis.pop("nameGap")
    return axis


def _tooltip(trigger: str = "axis") -> dict[str, Any]:
    return {"trigger": trigger, "confine": True, **({"formatter": {"$fn": "axis_table"}} if trigger == "axis" else {})}


def breakdown(table: Table, lang: Language) -> Chart:
    """Return a unit's points by item as bars within full points, the mean of all units as marks.

    Parameters
    ----------
    table : Table
        From ``views.weights_tables.breakdown``.
    lang : {"zh", "en"}
        Language.
    """
    say = wording(lang, ROOM)
    rows = table.rows
    names = [str(row["name"]) for row in rows]
    option = {
        "grid": {**frame(left=8, right=24, top=34, bottom=40)},
        "legend": {"top": 0, "left": 0},
        "tooltip": _tooltip(),
        "xAxis": {**value_axis(say("axis.points"), lowest=0), "nameGap": 28},
        "yAxis": _names(),
        "series": [
            {"id": "full", "name": say("column.full"), "type": "bar", "barWidth": 15, "barGap": "-100%",
             "itemStyle": {"color": GREY, "opacity": 0.25}, "silent": True},
            {"id": "earned", "name": say("column.earned"), "type": "bar", "barWidth": 15, "z": 3,
             "itemStyle": {"color": BLUE}},
            {"id": "mean", "name": say("column.mean"), "type": "scatter", "symbol": "diamond", "symbolSize": 10,
             "itemStyle": {"color": ORANGE}, "z": 4},
        ],
    }  # fmt: skip
    data = {code: [round(float(row[code]), 3) for row in rows] for code in ("full", "earned", "mean")}
    return Chart("breakdown", table.title, option, data, {"y": names}, 90 + ROW * len(rows), table, table.note)


def schemes(table: Table, labels: Sequence[str], lang: Language, *, chosen: str | None = None) -> Chart:
    """Return ranks under several schemes as lines from scheme to scheme; the chosen unit's stands out.

    Parameters
    ----------
    table : Table
        From ``views.weights_tables.compared``.
    labels : sequence of str
        Names of the schemes.
    lang : {"zh", "en"}
        Language.
    chosen : str, optional
        Key of a unit.
    """
    say = wording(lang, ROOM)
    shown = [row for place, row in enumerate(table.rows) if place < MOST_LINES or row["_key"] == chosen]
    series = [_line(row, place, chosen) for place, row in enumerate(shown)]
    option = {
        "grid": frame(left=36, right=130, top=12, bottom=12),
        "tooltip": _tooltip("item"),
        "xAxis": {**category_axis(labels), "position": "top", "boundaryGap": False, "axisLine": {"show": False}},
        "yAxis": {**value_axis(say("axis.rank"), lowest=1), "inverse": True, "minInterval": 1, "nameGap": 34},
        "series": series,
    }
    data = {str(row["_key"]): [row.get(f"rank{place}") for place in range(len(labels))] for row in shown}
    return Chart("schemes", table.title, option, data, {}, max(300, 24 * min(len(shown), 24)), table, table.note)


def _line(row: Mapping[str, Any], place: int, chosen: str | None) -> dict[str, Any]:
    marked = row["_key"] == chosen
    faint = chosen is not None and not marked
    return {
        "id": str(row["_key"]), "name": str(row["name"]), "type": "line", "symbolSize": 8 if marked else 6,
        "lineStyle": {"width": 4 if marked else 2, "opacity": 0.3 if faint else 1},
        "itemStyle": {"color": PALETTE[place % len(PALETTE)], "opacity": 0.4 if faint else 1},
        "emphasis": {"focus": "series"}, "z": 5 if marked else 2,
        "endLabel": {"show": True, "formatter": "{a}", "width": 110, "overflow": "truncate"},
    }  # fmt: skip


def places(table: Table, lang: Language) -> Chart:
    """Return the heat map of units by places; of many units those that stand best.

    Parameters
    ----------
    table : Table
        From ``views.weights_answers.places_table``.
    lang : {"zh", "en"}
        Language.
    """
    say = wording(lang, ROOM)
    bands = [column for column in table.columns if column.code[0] == "p" and column.code[1:].isdigit()]
    rows = list(table.rows[:MOST_ROWS])
    cells = [
        _cell((x, y, float(row[band.code])), say("axis.cell", unit=row["name"], rank=band.label))
        for y, row in enumerate(rows)
        for x, band in enumerate(bands)
        if row[band.code] >= FAINT / 10
    ]
    option = {
        "grid": frame(left=8, right=24, top=12, bottom=86),
        "tooltip": {"trigger": "item", "confine": True},
        "xAxis": {**category_axis([band.label for band in bands], say("axis.rank"))},
        "yAxis": _names(),
        "visualMap": {"min": 0, "max": 1, "calculable": False, "orient": "horizontal", "left": "center", "bottom": 0,
                      "inRange": {"color": SHADES}, "text": ["100%", "0%"], "formatter": {"$fn": "percent0"},
                      "itemHeight": 180},
        "series": [{"id": "cells", "name": say("axis.share"), "type": "heatmap", "progressive": 0,
                    "tooltip": {"valueFormatter": {"$fn": "percent1"}},
                    "label": {"show": True, "formatter": {"$fn": "percent0"}}}],
    }  # fmt: skip
    axes = {"x": [band.label for band in bands], "y": [str(row["name"]) for row in rows]}
    return Chart("places", table.title, option, {"cells": cells}, axes, 130 + ROW * len(rows), table, table.note)


def _cell(told: tuple[int, int, float], name: str) -> dict[str, Any]:
    """Return a cell of the heat map; one that rounds to nothing has no number."""
    x, y, share = told
    cell: dict[str, Any] = {"name": name, "value": [x, y, round(share, 4)]}
    return cell if share >= FAINT else {**cell, "label": {"show": False}}


def reach(table: Table, lang: Language) -> Chart:
    """Return best and worst places within reach as bars, the place now as a mark.

    Parameters
    ----------
    table : Table
        From ``views.weights_answers.reach_table``.
    lang : {"zh", "en"}
        Language.
    """
    say = wording(lang, ROOM)
    rows = table.rows
    option = {
        "grid": frame(left=8, right=24, top=34, bottom=40),
        "legend": {"top": 0, "left": 0, "data": [say("legend.reach"), say("column.rank")]},
        "tooltip": _tooltip(),
        "xAxis": {**value_axis(say("axis.rank"), lowest=0), "minInterval": 1, "nameGap": 28},
        "yAxis": _names(),
        "series": [
            {"id": "before", "name": " ", "type": "bar", "stack": "reach", "silent": True, "itemStyle": {"opacity": 0},
             "tooltip": {"show": False}},
            {"id": "span", "name": say("legend.reach"), "type": "bar", "stack": "reach", "barWidth": 12,
             "itemStyle": {"color": BLUE, "opacity": 0.45, "borderRadius": 6}},
            {"id": "now", "name": say("column.rank"), "type": "scatter", "symbolSize": 12, "z": 4,
             "itemStyle": {"color": ORANGE}},
        ],
    }  # fmt: skip
    data: dict[str, list[float]] = {
        "before": [row["best"] - 0.5 for row in rows],
        "span": [row["worst"] - row["best"] + 1 for row in rows],
        "now": [row["rank"] for row in rows],
    }
    axes = {"y": [str(row["name"]) for row in rows]}
    return Chart("reach", table.title, option, data, axes, 90 + ROW * len(rows), table, table.note)


def changes(table: Table, lang: Language) -> Chart:
    """Return how many points items give and take for two units to draw level.

    Parameters
    ----------
    table : Table
        From ``views.weights_answers.swap_table``.
    lang : {"zh", "en"}
        Language.
    """
    say = wording(lang, ROOM)
    change: dict[str, float] = {}
    for row in table.rows:
        change[row["giver"]] = change.get(row["giver"], 0.0) - row["amount"]
        change[row["taker"]] = change.get(row["taker"], 0.0) + row["amount"]
    ordered = sorted(change.items(), key=lambda entry: entry[1])
    option = {
        "grid": frame(left=8, right=24, top=12, bottom=40),
        "tooltip": _tooltip(),
        "xAxis": {**value_axis(say("axis.change")), "nameGap": 28},
        "yAxis": _names(),
        "series": [{"id": "change", "name": say("axis.change"), "type": "bar", "barWidth": 14}],
    }
    data = [{"value": round(value, 3), "itemStyle": {"color": BLUE if value > 0 else ORANGE}} for _, value in ordered]
    axes, height = {"y": [name for name, _ in ordered]}, 80 + ROW * max(2, len(ordered))
    return Chart("changes", say("title.changes"), option, {"change": data}, axes, height, table)
