"""Native charts of a sheet's rows, which follow when a number is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from povsim.sheet_parts import Drawing, Field, Stroke, number_format


def draw(place: Any, drawing: Drawing, rows: tuple[int, int], fields: Sequence[Field]) -> None:
    """Draw rows of the table below it, as a chart that follows when a number is changed."""
    from openpyxl.chart import BarChart, LineChart, Reference

    top, last = rows
    end = min(last, top + drawing.most)
    chart = LineChart() if drawing.kind == "line" else BarChart()
    for stroke in drawing.strokes:
        chart.add_data(Reference(place, min_col=stroke.column + 1, min_row=top, max_row=end), titles_from_data=True)
    chart.set_categories(Reference(place, min_col=drawing.label + 1, min_row=top + 1, max_row=end))
    for series, stroke in zip(chart.series, drawing.strokes, strict=True):
        _paint(series, stroke, line=drawing.kind == "line")
    chart.y_axis.number_format = number_format(fields[drawing.strokes[0].column])
    chart.y_axis.title, chart.title = drawing.axis or None, drawing.title
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.tickLblPos = "low"
    chart.legend.position = "b"
    if len(drawing.strokes) == 1:
        chart.legend = None
    chart.width, chart.height = 24, 11
    if drawing.kind == "bar":
        _from_the_top(chart, end - top)
    chart.display_blanks = "gap"
    place.add_chart(chart, f"A{last + 3}")


def _from_the_top(chart: Any, bars: int) -> None:
    chart.type, chart.gapWidth = "bar", 40
    chart.x_axis.scaling.orientation = "maxMin"
    chart.y_axis.crosses = "max"
    chart.height = max(8.0, 3.0 + 0.6 * bars)


def _paint(series: Any, stroke: Stroke, *, line: bool) -> None:
    if not line:
        series.graphicalProperties.solidFill = stroke.colour
        return
    series.smooth = False
    series.graphicalProperties.line.solidFill = stroke.colour
    series.graphicalProperties.line.width = 28_575 if stroke.dashed == "no" else 19_050
    if stroke.dashed == "yes":
        series.graphicalProperties.line.dashStyle = "dash"
    series.marker.symbol = "circle" if stroke.dashed == "no" else "none"
