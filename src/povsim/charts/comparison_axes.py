"""What the charts of plans side by side share: colours, legends, the line at nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from povsim.charts.base import BLUE, GREEN, GREY, ORANGE, PURPLE

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
"""The first plan, and the others."""
ROW = 30
"""Pixels of a bar."""
SHADOW = {"trigger": "axis", "axisPointer": {"type": "shadow"}, "formatter": {"$fn": "axis_table"}}
"""Tooltip of bars."""


def legend(entries: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a legend over the chart; long names are cut short with an ellipsis.

    Parameters
    ----------
    entries : sequence of (str, str)
        Names and colours.

    Examples
    --------
    >>> [entry["name"] for entry in legend([("a", "#0072B2")])["data"]]
    ['a']
    """
    named = [{"name": name, "itemStyle": {"color": colour}} for name, colour in entries]
    text = {"width": 260, "overflow": "truncate"}
    return {"type": "scroll", "top": 4, "left": "center", "icon": "roundRect", "data": named, "textStyle": text}


def zero(*axes: str) -> dict[str, Any]:
    """Return thin lines at nothing.

    Parameters
    ----------
    *axes : {"xAxis", "yAxis"}
        The axes on which nothing is marked.

    Examples
    --------
    >>> zero("yAxis")["data"]
    [{'yAxis': 0}]
    """
    style = {"type": "dashed", "color": GREY}
    data = [{axis: 0} for axis in axes]
    return {"silent": True, "symbol": "none", "label": {"show": False}, "lineStyle": style, "data": data}


def bars(code: str, name: str, colour: str, **more: Any) -> dict[str, Any]:
    """Return a series of bars.

    Examples
    --------
    >>> bars("won", "Win", "#009E73", stack="all")["stack"]
    'all'
    """
    return {"id": code, "name": name, "type": "bar", "barMaxWidth": 18, "itemStyle": {"color": colour}, **more}
