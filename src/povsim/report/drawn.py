"""Charts of the page from the plots of slides, where a table has no chart of its own; legends of what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from povsim.charts.base import Chart, category_axis, frame, value_axis
from povsim.report.parts import Item, Plot, Stroke
from povsim.views.parts import Table

BAR = 26
"""Pixels of a bar with its gap."""


def charts_of(item: Item) -> list[Chart]:
    """Return the charts of an item: its own, else one of its plot."""
    if item.charts or item.plot is None:
        return [named(chart) for chart in item.charts]
    return [chart_of(item.plot, item.plot.table or item.table)]


def chart_of(plot: Plot, table: Table) -> Chart:
    """Return a plot as a chart for the page.

    Parameters
    ----------
    plot : Plot
        What is drawn.
    table : Table
        From which numbers.

    Examples
    --------
    >>> from povsim.report.parts import Stroke
    >>> from povsim.views.parts import Column
    >>> table = Table("t", "T", [Column("n", "N"), Column("v", "V", "count")], [{"n": "a", "v": 2.0}])
    >>> chart_of(Plot("bar", "n", [Stroke("v")]), table).data
    {'v': [2.0]}
    """
    columns, rows = {column.code: column for column in table.columns}, table.rows[: plot.most]
    share = "yes" if columns[plot.strokes[0].column].kind == "percent" else "no"
    names = category_axis([row[plot.label] for row in rows])
    values = value_axis(columns[plot.strokes[0].column].unit or plot.axis, share=share)
    upright = plot.kind != "bar"
    series = [_series(one, columns[one.column].label, plot) for one in plot.strokes]
    lying = {**names, "inverse": True, "axisLabel": {"width": 200, "overflow": "truncate", "interval": 0}}
    option: dict[str, Any] = {
        "grid": frame(left=12, top=40 if len(series) > 1 else 12, bottom=44 if not upright else 24),
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": names if upright else {**values, "nameGap": 28},
        "yAxis": values if upright else lying,
        "series": series,
    }
    option |= {"legend": {"top": 4}} if len(series) > 1 else {}
    data = {one.column: [row.get(one.column) for row in rows] for one in plot.strokes}
    height = 320 if upright else 80 + (BAR + 14 * (len(series) - 1)) * len(rows)
    return Chart(f"{table.code}_plot", table.title, option, data, height=height)


def _series(stroke: Stroke, name: str, plot: Plot) -> dict[str, Any]:
    line = {"color": stroke.colour, "type": "dashed" if stroke.dashed == "yes" else "solid"}
    made = {"id": stroke.column, "name": name, "itemStyle": {"color": stroke.colour}}
    return (
        {**made, "type": "line", "lineStyle": line}
        if plot.kind == "line"
        else {**made, "type": "bar", "barMaxWidth": 18}
    )


def named(chart: Chart) -> Chart:
    """Return a chart whose legend names only what can be seen: bands rest on lines without colour."""
    legend = chart.option.get("legend")
    if not isinstance(legend, Mapping) or "data" in legend:
        return chart
    seen = [one["name"] for one in chart.option.get("series", ()) if "name" in one and not _unseen(one)]
    option = {**chart.option, "legend": {**legend, "data": list(dict.fromkeys(seen))}}
    return Chart(chart.code, chart.title, option, chart.data, chart.axes, chart.height, chart.table, chart.note)


def _unseen(series: Mapping[str, Any]) -> bool:
    line = series.get("lineStyle", {})
    return isinstance(line, Mapping) and line.get("opacity") == 0 and "areaStyle" not in series
