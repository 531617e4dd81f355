"""What stands on slides: big numbers, charts that can be edited, tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from povsim.report.parts import Item, Plot
from povsim.report.slide_frame import BOTTOM, LEFT, RIGHT, TOP, box
from povsim.report.slide_text import INK, NAVY, Look, face, rgb
from povsim.sheet_parts import Field, number_format, plain_text
from povsim.terms import Language
from povsim.views.parts import BigNumber, Column, Table

TONES = {"plain": NAVY, "good": "00704F", "bad": "B3261E", "warning": "8A5A00"}
CARD = "F3F6FA"


def add_numbers(slide: Any, numbers: Sequence[BigNumber], lang: Language) -> None:
    """Add big numbers as cards, at most six."""
    from pptx.enum.shapes import MSO_SHAPE
    from pptx.util import Inches

    shown = list(numbers[:6])
    across = min(3, len(shown)) if len(shown) != 4 else 2
    down = -(-len(shown) // across)
    gap = 0.3
    wide, high = (RIGHT - LEFT - gap * (across - 1)) / across, min(2.3, (BOTTOM - TOP - gap * (down - 1)) / down)
    for place, one in enumerate(shown):
        x, y = LEFT + (place % across) * (wide + gap), TOP + (place // across) * (high + gap)
        card = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *(Inches(side) for side in (x, y, wide, high)))
        card.fill.solid()
        card.fill.fore_color.rgb = rgb(CARD)
        card.line.fill.background()
        card.shadow.inherit = False
        inner = wide - 0.5
        box(slide, one.label, (x + 0.25, y + 0.18, inner, 0.4), (18, 16, 14, 12), lang)
        value = (x + 0.25, y + 0.62, inner, 0.85)
        box(slide, one.value, value, (40, 36, 32, 28, 24, 20, 16), lang, Look(TONES[one.tone], bold=True))
        box(slide, one.spread, (x + 0.25, y + 1.52, inner, high - 1.66), (15, 14, 13, 12, 11), lang, Look(INK))


# ---- charts ----


def add_chart(slide: Any, item: Item, lang: Language) -> Any:
    """Add a chart of an item's plot that PowerPoint can edit, from the numbers of its table."""
    from pptx.util import Inches

    plot = item.plot
    assert plot is not None
    table = plot.table or item.table
    made = slide.shapes.add_chart(
        _type(plot), Inches(LEFT), Inches(TOP), Inches(RIGHT - LEFT), Inches(BOTTOM - TOP), _data(table, plot)
    )
    chart = made.chart
    chart.has_title = False
    _look(chart, plot, lang)
    _axes(chart, plot, table, lang)
    _paint(chart, plot, table, lang)
    return chart


def _type(plot: Plot) -> Any:
    from pptx.enum.chart import XL_CHART_TYPE

    kinds = {"line": "LINE_MARKERS", "bar": "BAR_CLUSTERED", "column": "COLUMN_CLUSTERED"}
    return getattr(XL_CHART_TYPE, kinds[plot.kind])


def _data(table: Table, plot: Plot) -> Any:
    from pptx.chart import data as chart_data

    columns = {column.code: column for column in table.columns}
    untyped: Any = chart_data
    data = untyped.CategoryChartData(number_format=_format(columns[plot.strokes[0].column]))
    rows = table.rows[: plot.most]
    # the numbers go into a workbook within the slide: no name may become a formula there
    data.categories = [plain_text(str(row[plot.label])) for row in rows]
    for stroke in plot.strokes:
        values = [None if row.get(stroke.column) is None else float(row[stroke.column]) for row in rows]
        data.add_series(plain_text(columns[stroke.column].label), values)
    return data


def _format(column: Column) -> str:
    return number_format(Field("", column.kind, column.digits))


def _look(chart: Any, plot: Plot, lang: Language) -> None:
    from pptx.enum.chart import XL_LEGEND_POSITION
    from pptx.util import Pt

    chart.font.size = Pt(13)
    face(chart.font, lang)
    chart.has_legend = len(plot.strokes) > 1
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False


def _axes(chart: Any, plot: Plot, table: Table, lang: Language) -> None:
    from pptx.enum.chart import XL_TICK_LABEL_POSITION, XL_TICK_MARK
    from pptx.util import Pt

    columns = {column.code: column for column in table.columns}
    values, names = chart.value_axis, chart.category_axis
    values.tick_labels.number_format = _format(columns[plot.strokes[0].column])
    values.tick_labels.number_format_is_linked = False
    _scale(values, plot, table)
    values.major_gridlines.format.line.color.rgb = rgb("DDE3EA")
    values.format.line.fill.background()
    values.major_tick_mark = names.major_tick_mark = XL_TICK_MARK.NONE
    names.format.line.color.rgb = rgb("8496A9")
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    if plot.axis:
        values.has_title = True
        run = values.axis_title.text_frame.paragraphs[0].add_run()
        run.text, run.font.size, run.font.bold = plot.axis, Pt(13), False
        face(run.font, lang)
    if plot.kind == "bar":
        names.reverse_order = True
        # turned upside down, the values would stand on top
        values.tick_label_position = XL_TICK_LABEL_POSITION.HIGH
        bars = min(len(table.rows), plot.most)
        names.tick_labels.font.size = Pt(13 if bars <= 10 else 12 if bars <= 14 else 11)
        _every_name(names)
        face(names.tick_labels.font, lang)


def _every_name(axis: Any) -> None:
    """Have every bar named: programs leave names out where they find them too close."""
    from pptx.oxml.ns import qn

    element = axis._element
    skip = element.makeelement(qn("c:tickLblSkip"), {"val": "1"})
    before = element.find(qn("c:noMultiLvlLbl"))
    if before is None:
        element.append(skip)
    else:
        before.addprevious(skip)


def _scale(axis: Any, plot: Plot, table: Table) -> None:
    """Start bars and lines of what cannot be negative at nothing; shares that may be whole end there."""
    known = [
        float(row[one.column])
        for one in plot.strokes
        for row in table.rows[: plot.most]
        if row.get(one.column) is not None
    ]
    if known and min(known) >= 0:
        axis.minimum_scale = 0
    shares = all(
        column.kind == "percent" for column in table.columns if column.code in {one.column for one in plot.strokes}
    )
    if known and shares and 0.5 < max(known) <= 1:
        axis.maximum_scale = 1


def _paint(chart: Any, plot: Plot, table: Table, lang: Language) -> None:
    from pptx.enum.dml import MSO_LINE
    from pptx.util import Pt

    drawn = chart.plots[0]
    if plot.kind != "line":
        drawn.gap_width, drawn.overlap = (45 if len(plot.strokes) == 1 else 60), 0
    for series, stroke in zip(drawn.series, plot.strokes, strict=True):
        colour = rgb(stroke.colour.removeprefix("#"))
        if plot.kind != "line":
            series.format.fill.solid()
            series.format.fill.fore_color.rgb = colour
            continue
        series.smooth = False
        series.format.line.color.rgb = colour
        series.format.line.width = Pt(3.25 if stroke.dashed == "no" else 2)
        _mark(series, stroke.dashed == "no", colour)
        if stroke.dashed == "yes":
            series.format.line.dash_style = MSO_LINE.DASH
    if len(plot.strokes) == 1 or plot.kind == "line":
        _label(drawn.series[0], plot, table, lang)


def _mark(series: Any, solid: bool, colour: Any) -> None:  # noqa: FBT001  (a property of the line)
    from pptx.enum.chart import XL_MARKER_STYLE

    series.marker.style = XL_MARKER_STYLE.CIRCLE if solid else XL_MARKER_STYLE.NONE
    if solid:
        series.marker.size = 8
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = colour
        series.marker.format.line.color.rgb = colour


def _label(series: Any, plot: Plot, table: Table, lang: Language) -> None:
    """Write the numbers of the first series beside its points."""
    from pptx.enum.chart import XL_LABEL_POSITION
    from pptx.util import Pt

    column = next(one for one in table.columns if one.code == plot.strokes[0].column)
    labels = series.data_labels
    labels.show_value = True
    labels.number_format, labels.number_format_is_linked = _format(column), False
    labels.position = XL_LABEL_POSITION.ABOVE if plot.kind == "line" else XL_LABEL_POSITION.OUTSIDE_END
    labels.font.size, labels.font.bold = Pt(13), plot.kind == "line"
    face(labels.font, lang)
