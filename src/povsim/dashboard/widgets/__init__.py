"""The parts that pages are made of: charts, tables, the weight table, the bar on top, controls and layout."""

from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.controls import button, checks, number_slider, picker, segments, text_field, toggle
from povsim.dashboard.widgets.layout import card, column, discard, grid, page, row, show_only, tabs
from povsim.dashboard.widgets.note import Note, ProgressView
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.ranking import RankingView
from povsim.dashboard.widgets.shell import Shell
from povsim.dashboard.widgets.stage import stage
from povsim.dashboard.widgets.table import TableView
from povsim.dashboard.widgets.upload import Upload
from povsim.dashboard.widgets.weight_table import WeightTable

__all__ = [
    "ChartView",
    "Note",
    "NumbersView",
    "ProgressView",
    "RankingView",
    "Shell",
    "TableView",
    "Upload",
    "WeightTable",
    "button",
    "card",
    "checks",
    "column",
    "discard",
    "grid",
    "number_slider",
    "page",
    "picker",
    "row",
    "segments",
    "show_only",
    "stage",
    "tabs",
    "text_field",
    "toggle",
]
