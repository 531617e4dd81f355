"""The tabs of the exit forecast that only show: course of years, townships and flows, villages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from povsim.charts.forecast import chance_chart, fan_chart, flow_chart, heat_chart, heat_townships
from povsim.dashboard.pages.exit_forecast_asked import Asked
from povsim.dashboard.pages.exit_forecast_household import Households
from povsim.dashboard.pages.exit_forecast_levers import Levers
from povsim.dashboard.state import State
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.controls import picker, segments
from povsim.dashboard.widgets.layout import box, card, row
from povsim.dashboard.widgets.table import TableView
from povsim.views.forecast_areas import (
    RATIOS,
    fan,
    flow_table,
    heat_quantities,
    main_ratio,
    measure_table,
    target_table,
)
from povsim.views.forecast_villages import village_table

if TYPE_CHECKING:
    from ipywidgets import Widget

ROOM = "page_forecast"


class Pane(Protocol):
    """A tab: its widget, and how it follows what is asked."""

    widget: Widget

    def show(self, asked: Asked) -> None:
        """Show what is asked."""

    def close(self) -> None:
        """Let go of what goes on in the background."""


class Overview:
    """The fan of a share of persons with the targets, and how likely targets are to hold."""

    def __init__(self, state: State, asked: Asked) -> None:
        say = state.say(ROOM)
        self.ratio, self.unit = main_ratio(asked.data), "share"
        self.fan, self.chances, self.targets = ChartView(), ChartView(), TableView(height=320)
        self.measures = TableView(height=320)
        ratios = {name: say(f"ratio.{name}") for name in RATIOS}
        units = {name: say(f"unit.{name}") for name in ("share", "persons")}
        both = row(
            picker(say("ratio.pick"), ratios, self.ratio, lambda ratio: self._pick(ratio=ratio)),
            segments(say("unit.pick"), units, self.unit, lambda unit: self._pick(unit=unit)),
        )
        self.widget: Widget = box(
            row(card("", both, self.fan), card("", self.chances), ratio=(3, 2)),
            row(card("", self.targets), card("", self.measures), ratio=(3, 2)),
            classes="povsim-column",
        )

    def show(self, asked: Asked) -> None:
        """Show what is asked."""
        self.asked = asked
        self._draw()
        self.chances.show(chance_chart(asked.data, area=asked.area, lang=asked.lang))
        self.targets.show(target_table(asked.data, area=asked.area, lang=asked.lang))
        self.measures.show(measure_table(asked.data, year=asked.year, area=asked.area, lang=asked.lang))

    def close(self) -> None:
        """Nothing goes on."""

    def _pick(self, *, ratio: str = "", unit: str = "") -> None:
        self.ratio, self.unit = ratio or self.ratio, unit or self.unit
        self._draw()

    def _draw(self) -> None:
        asked = self.asked
        found = fan(asked.data, ratio=self.ratio, area=asked.area, lang=asked.lang, unit=self.unit)
        self.fan.show(fan_chart(found, asked.lang))


class Townships:
    """The heat map of townships, a click on which chooses one, and the flows of the chosen area."""

    def __init__(self, state: State, asked: Asked) -> None:
        say = state.say(ROOM)
        self.state, self.asked = state, asked
        quantities = heat_quantities(asked.data)
        self.quantity = quantities[0]
        self.heat, self.flows, self.moves = ChartView(), ChartView(), TableView(height=360)
        self.heat.observe(self._on_click, "clicked")
        names = {name: say(f"heat.{name}") for name in quantities}
        choice = picker(say("heat.pick"), names, self.quantity, self._pick)
        self.widget: Widget = box(
            # flows of many years need the width when letters are large
            row(card("", choice, self.heat), card("", self.flows), ratio=(1, 1)).add_class("povsim-stacks"),
            card("", self.moves),
            classes="povsim-column",
        )

    def show(self, asked: Asked) -> None:
        """Show what is asked."""
        self.asked = asked
        self._draw()
        self.flows.show(flow_chart(asked.data, area=asked.area, lang=asked.lang))
        self.moves.show(flow_table(asked.data, asked.area, asked.lang))

    def close(self) -> None:
        """Nothing goes on."""

    def _pick(self, quantity: str) -> None:
        self.quantity = quantity
        self._draw()

    def _draw(self) -> None:
        asked = self.asked
        self.heat.show(heat_chart(asked.data, quantity=self.quantity, area=asked.area, lang=asked.lang))

    def _on_click(self, change: Any) -> None:
        """Choose the township of the cell that was clicked; the same one again goes back to everything."""
        value = change["new"].get("value")
        names = heat_townships(self.asked.data, self.quantity)
        place = value[1] if isinstance(value, (list, tuple)) and len(value) > 1 else None
        if isinstance(place, (int, float)) and 0 <= int(place) < len(names):
            chosen = names[int(place)]
            self.state.change("forecast", area=None if chosen == self.asked.area else chosen)


class Villages:
    """The villages of the area with their chance of passing and the test that fails most often."""

    def __init__(self, state: State, asked: Asked) -> None:
        self.state, self.asked = state, asked
        self.table = TableView(height=640)
        self.widget: Widget = card("", self.table)

    def show(self, asked: Asked) -> None:
        """Show what is asked."""
        self.asked = asked
        self.table.show(village_table(asked.data, year=asked.year, area=asked.area, lang=asked.lang))

    def close(self) -> None:
        """Nothing goes on."""


PANES: dict[str, Callable[[State, Asked], Pane]] = {
    "overview": Overview,
    "townships": Townships,
    "villages": Villages,
    "households": Households,
    "levers": Levers,
}
"""Tabs by key, in order."""
