"""What the charts of plans side by side share: colours, legends, the line at nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from povsim.charts.base import BLUE, GREEN, GREY, ORANGE, PURPLE, value_axis
from povsim.views.comparison_units import Scale

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
"""The first plan, and the others."""
ROW = 30
"""Pixels of a bar."""
SHADOW = {"trigger": "axis", "axisPointer": {"type": "shadow"}, "formatter": {"$fn": "axis_table"}}
"""Tooltip of bars."""
TOP = {"nameLocation": "end", "nameGap": 12, "nameTextStyle": {"align": "left"}}
"""A name on top of an axis to the left begins at the axis: centred, a long one would leave the chart."""
SMALL = 0.2
"""Where all numbers are below, an axis has labels with three decimals."""


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


def scaled_axis(scale: Scale, *values: Any) -> dict[str, Any]:
    """Return an axis of numbers in the unit of a scale.

    Parameters
    ----------
    scale : Scale
        Unit, and how amounts are brought to it.
    *values : array
        What is drawn, in the unit: small numbers need more decimals on the axis.

    Examples
    --------
    >>> scaled_axis(Scale(0.0001, "万元", "money", 2))["axisLabel"], scaled_axis(Scale(1.0, "", "percent", 2))["name"]
    ({'formatter': {'$fn': 'free'}}, '%')
    """
    axis = value_axis(scale.unit or "%", share="yes" if scale.kind == "percent" else "no")
    return axis if scale.factor == 1 else {**axis, "axisLabel": as_it_is(*values)}


def as_it_is(*values: Any) -> dict[str, Any]:
    """Return labels of an axis whose unit is scaled already.

    Shortened once more they would say ten thousands of ten thousands; with too few decimals all would read alike.

    Examples
    --------
    >>> as_it_is([0.01, -0.02]), as_it_is([0.01, 3.0], [float("nan")])
    ({'formatter': {'$fn': 'number', 'digits': 3}}, {'formatter': {'$fn': 'free'}})
    """
    largest = max((float(np.nanmax(np.abs(one), initial=0.0)) for one in values), default=0.0)
    return {"formatter": {"$fn": "number", "digits": 3} if 0 < largest < SMALL else {"$fn": "free"}}
