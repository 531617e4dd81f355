"""What the tabs of the veto lab show; each is made when it is first opened and filled when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ipywidgets import Box, Layout

from povsim import figures
from povsim.charts import vetoes as charts
from povsim.dashboard.pages.veto_lab_controls import Controls, chosen_rule
from povsim.dashboard.state import State
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.controls import button, number_slider, picker
from povsim.dashboard.widgets.layout import box, column, grid, show_only
from povsim.dashboard.widgets.layout import card as surface
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.table import TableView
from povsim.views import vetoes
from povsim.views.vetoes_boards import CARD

if TYPE_CHECKING:
    from ipywidgets import Widget

    from povsim.views.vetoes import Asked

ERRORS = (0.0, 0.5, 0.01)
"""Lowest, highest, step of the measurement error in log points."""


@dataclass(frozen=True, eq=False)
class Pane:
    """One tab: what shows the answers, and the function that fills it."""

    widget: Widget
    show: Callable[[Asked], None]


def at_top(widget: Widget) -> Box:
    """Return a box whose parts stay at its top where its neighbour is taller."""
    made = box(widget)
    made.layout = Layout(align_self="flex-start", align_content="flex-start")
    return made


def who(_state: State, _asked: Asked, _controls: Controls) -> Pane:
    """Return the tab of patterns, shares and pairs."""
    patterns, shares, pairs, table = ChartView(), ChartView(), ChartView(), TableView()

    def show(asked: Asked) -> None:
        patterns.show(charts.patterns_chart(asked))
        shares.show(charts.rules_chart(asked))
        pairs.show(charts.pairs_chart(asked))
        table.show(vetoes.rules_table(asked))

    return Pane(column(patterns, shares, table, pairs), show)


def curve(state: State, _asked: Asked, _controls: Controls) -> Pane:
    """Return the tab of the curve of one threshold, and what the rules of its level hold back."""
    chart, table, none = ChartView(), TableView(), Note("")
    hidden = box(chart)

    def show(asked: Asked) -> None:
        rule = chosen_rule(state, asked)
        none.show("" if rule else asked.say("control.nothing"))
        show_only(hidden, when=rule is not None)
        if rule is None:
            table.show(vetoes.rules_table(asked))
        elif rule == asked.income:
            chart.show(charts.line_chart(asked))
            table.show(vetoes.rules_table(asked))
        else:
            board = asked.units if rule.startswith(CARD) and asked.units is not None else asked.villages
            place = board.find(rule)
            chart.show(charts.board_chart(asked, board, place or 0))
            table.show(vetoes.board_rules_table(asked, board))

    return Pane(column(none, hidden, table), show)


def villages(state: State, _asked: Asked, _controls: Controls) -> Pane:
    """Return the tab of verdicts on villages, what one of them needs, and the cheapest cures."""
    every, one, rollup, cures = TableView(selectable=True), TableView(), TableView(), TableView(selectable=True)
    hidden = box(one)
    _choosing(state, every, cures)

    def show(asked: Asked) -> None:
        unit = state.settings.vetoes.unit
        every.show(vetoes.villages_table(asked))
        every.chosen = cures.chosen = unit or ""
        show_only(hidden, when=unit in asked.villages.members)
        if unit in asked.villages.members:
            one.show(vetoes.unit_table(asked, str(unit)))
        cures.show(vetoes.cures_table(asked))
        rollup.show(vetoes.rollup_table(asked))

    return Pane(column(every, hidden, cures, rollup), show)


def _choosing(state: State, *tables: TableView) -> None:
    def choose(change: Any) -> None:
        if change["new"] and change["new"] != state.settings.vetoes.unit:
            state.change("vetoes", unit=change["new"])

    for table in tables:
        table.observe(choose, "chosen")


def error(state: State, asked: Asked, _controls: Controls) -> Pane:
    """Return the tab of measurement error."""
    say, own = asked.say, float(asked.part["own_error"].sel(year=asked.year))
    slider = number_slider(
        say("control.error"), ERRORS, asked.error,
        lambda sd: state.change("vetoes", drag="error", error=sd), digits=2,
    )  # fmt: skip
    to_own = button(say("control.own_error", error=f"{own:g}"), lambda: state.change("vetoes", error=own))
    numbers, chart, table = NumbersView(), ChartView(), TableView()

    def show(asked: Asked) -> None:
        slider.value = asked.error
        numbers.show(vetoes.flip_numbers(asked))
        chart.show(charts.flips_chart(asked))
        table.show(vetoes.measured_table(asked))

    return Pane(
        column(box(slider, to_own, classes="povsim-row povsim-flow povsim-controls"), numbers, chart, table), show
    )


def sample(state: State, asked: Asked, _controls: Controls) -> Pane:
    """Return the tab of the sampled county test."""
    slider = number_slider(
        asked.say("control.sample"), vetoes.sizes(asked), asked.sample,
        lambda size: state.change("vetoes", drag="sample", sample=round(size)), unit=asked.say("axis.persons"),
    )  # fmt: skip
    chart, table = ChartView(), TableView()

    def show(asked: Asked) -> None:
        slider.value = asked.sample
        chart.show(charts.sampled_chart(asked))
        table.show(vetoes.sampled_table(asked))

    return Pane(column(box(slider, classes="povsim-row povsim-flow povsim-controls"), chart, table), show)


class _CardPane:
    """The tab of a scorecard's vetoes and gates."""

    def __init__(self, state: State, asked: Asked, controls: Controls) -> None:
        self.state = state
        self.note = Note("")
        self.rules, self.kept, self.close = TableView(), TableView(selectable=True), TableView(selectable=True)
        self.near, self.unit, self.moved = TableView(), TableView(), ChartView()
        _choosing(state, self.kept, self.close)
        choices = vetoes.vetoes_of(asked)
        self.veto = picker(asked.say("control.veto"), choices, next(iter(choices), None), lambda _: self._show_moved())
        self.asked = asked
        self.unit_box, self.moved_box = box(self.unit), box(self.veto, self.moved, classes="povsim-column")
        on = [surface(asked.say("control.rules.card"), grid(*controls.of_card, least=260))] if controls.of_card else []
        self.widget = column(
            self.note, *on, self.rules, self.kept, self.unit_box, self.close, self.near, self.moved_box,
        )  # fmt: skip

    def show(self, asked: Asked) -> None:
        """Show the scorecard as the rules are set."""
        self.asked = asked
        assert asked.units is not None
        self.note.show(_about(asked))
        self.rules.show(vetoes.board_rules_table(asked, asked.units))
        self.kept.show(vetoes.kept_table(asked))
        unit = self.state.settings.vetoes.unit
        self.kept.chosen = self.close.chosen = unit or ""
        here = unit in asked.units.members
        show_only(self.unit_box, when=here)
        if here:
            self.unit.show(vetoes.unit_table(asked, str(unit)))
        self.close.show(vetoes.close_table(asked))
        self.near.show(vetoes.near_table(asked))
        self._show_moved()

    def _show_moved(self) -> None:
        chosen = self.veto.value
        show_only(self.moved_box, when=chosen is not None)
        if chosen is not None:
            self.moved.show(charts.moved_chart(self.asked, chosen))


def _about(asked: Asked) -> str:
    assert asked.card is not None
    assert asked.units is not None
    lines = [str(asked.card.attrs[f"label_{asked.lang}"])]
    cut = float(asked.card.attrs["cut"])
    if cut == cut:
        lines.append(asked.say("card.cut", cut=figures.number(cut)))
    if left := str(asked.card.attrs.get(f"left_out_{asked.lang}", "")):
        lines.append(asked.say("card.left_out", items=left))
    if not asked.units.codes:
        lines.append(asked.say("table.board_rules.none"))
    if len(asked.units.members) < 2:
        lines.append(asked.say("card.single"))
    return "\n".join(lines)


def card(state: State, asked: Asked, controls: Controls) -> Pane:
    """Return the tab of a scorecard's vetoes and gates."""
    made = _CardPane(state, asked, controls)
    return Pane(made.widget, made.show)


PANES: Mapping[str, Callable[[State, Any, Controls], Pane]] = {
    "who": who, "rules": curve, "villages": villages, "error": error, "sample": sample, "card": card,
}  # fmt: skip
"""In the order of the tabs."""
