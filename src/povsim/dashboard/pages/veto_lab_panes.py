"""What the tabs of the veto lab show; each is made when it is first opened and filled when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ipywidgets import Box, Layout

from povsim import figures
from povsim.charts import vetoes as charts
from povsim.dashboard.pages.veto_lab_controls import Controls, chosen_rule
from povsim.dashboard.pages.veto_lab_places import Place
from povsim.dashboard.state import State
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.controls import button, number_slider, picker
from povsim.dashboard.widgets.layout import box, column, grid, row, show_only
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
    patterns, shares, pairs, table = Place(), Place(), Place(), TableView()

    def show(asked: Asked) -> None:
        nobody = vetoes.nothing_held(asked)
        patterns.show(charts.patterns_chart(asked), nobody)
        shares.show(charts.rules_chart(asked), nobody)
        pairs.show(charts.pairs_chart(asked), vetoes.nothing_paired(asked))
        table.show(vetoes.rules_table(asked))

    return Pane(column(patterns.widget, shares.widget, table, pairs.widget), show)


def curve(state: State, _asked: Asked, _controls: Controls) -> Pane:
    """Return the tab of the curve of one threshold, and what the rules of its level hold back."""
    chart, table, told = ChartView(), TableView(), Note("")
    hidden = box(chart)

    def show(asked: Asked) -> None:
        rule = chosen_rule(state, asked)
        told.show(asked.say("control.nothing") if rule is None else asked.say("curve.off") if rule in asked.off else "")
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

    return Pane(column(told, hidden, table), show)


def villages(state: State, _asked: Asked, _controls: Controls) -> Pane:
    """Return the tab of verdicts on villages, what one of them needs, and the cheapest cures."""
    every, one, rollup, cures = TableView(selectable=True), TableView(), TableView(), TableView(selectable=True)
    hidden, mended = box(one), Place(cures)
    _choosing(state, every, cures)

    def show(asked: Asked) -> None:
        unit = state.settings.vetoes.unit
        every.show(vetoes.villages_table(asked))
        every.chosen = cures.chosen = unit or ""
        show_only(hidden, when=unit in asked.villages.members)
        if unit in asked.villages.members:
            one.show(vetoes.unit_table(asked, str(unit)))
        mended.show(vetoes.cures_table(asked), vetoes.nothing_cured(asked))
        rollup.show(vetoes.rollup_table(asked))

    return Pane(column(every, hidden, mended.widget, rollup), show)


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
    reach = Note(_reach(asked, *map(figures.number, ERRORS[:2])), tone="small")
    told, numbers, chart, table = Note("", "warning"), NumbersView(), ChartView(), TableView()

    def show(asked: Asked) -> None:
        told.show(_by_own_rules(asked))
        slider.value = asked.error
        numbers.show(vetoes.flip_numbers(asked))
        chart.show(charts.flips_chart(asked))
        table.show(vetoes.measured_table(asked))

    return Pane(column(told, row(slider, reach, to_own).add_class("povsim-controls"), numbers, chart, table), show)


def _by_own_rules(asked: Asked) -> str:
    """Return, where anything is changed, that a tab does not follow it."""
    return asked.say("answer.own_rules") if vetoes.changes(asked) else ""


def _reach(asked: Asked, low: str, high: str) -> str:
    return asked.say("control.reach", low=low, high=high)


def sample(state: State, asked: Asked, _controls: Controls) -> Pane:
    """Return the tab of the sampled county test."""
    sizes, people = vetoes.sizes(asked), asked.say("axis.persons")
    slider = number_slider(
        asked.say("control.sample"), sizes, asked.sample,
        lambda size: state.change("vetoes", drag="sample", sample=round(size)), unit=people,
    )  # fmt: skip
    reach = Note(_reach(asked, figures.count(sizes[0]), f"{figures.count(sizes[1])} {people}"), tone="small")
    told, chart, table = Note("", "warning"), Place(), TableView()
    numbers = box(table)

    def show(asked: Asked) -> None:
        nothing = vetoes.nothing_sampled(asked)
        told.show(_by_own_rules(asked))
        slider.value = asked.sample
        chart.show(charts.sampled_chart(asked), nothing)
        show_only(numbers, when=not nothing)
        table.show(vetoes.sampled_table(asked))

    return Pane(column(told, row(slider, reach).add_class("povsim-controls"), chart.widget, numbers), show)


class _CardPane:
    """The tab of a scorecard's vetoes and gates."""

    def __init__(self, state: State, asked: Asked, controls: Controls) -> None:
        self.state = state
        self.note = Note("")
        self.rules = Place(TableView())
        self.kept, self.close = (Place(TableView(selectable=True)) for _ in range(2))
        self.near, self.unit, self.moved = TableView(), TableView(), Place()
        _choosing(state, self.kept.view, self.close.view)
        choices = vetoes.vetoes_of(asked)
        self.veto = picker(asked.say("control.veto"), choices, next(iter(choices), None), lambda _: self._show_moved())
        self.asked = asked
        self.unit_box, self.near_box = box(self.unit), box(self.near)
        self.moved_box = box(self.veto, self.moved.widget, classes="povsim-column")
        # a card with nothing but controls would be empty where those are out of sight
        on = surface(asked.say("control.rules.card"), grid(*controls.of_card, least=260)).add_class("povsim-controls")
        show_only(on, when=bool(controls.of_card))
        self.tables = column(self.rules.widget, self.kept.widget, self.unit_box, self.close.widget)
        self.widget = column(self.note, on, self.tables, self.near_box, self.moved_box)

    def show(self, asked: Asked) -> None:
        """Show the scorecard as the rules are set."""
        self.asked = asked
        assert asked.units is not None
        self.note.show(_about(asked))
        show_only(self.tables, when=_strikes(asked))
        none = "" if asked.units.codes else asked.say("empty.rules.card")
        self.rules.show(vetoes.board_rules_table(asked, asked.units), none)
        self.kept.show(vetoes.kept_table(asked), vetoes.nothing_kept(asked))
        unit = self.state.settings.vetoes.unit
        self.kept.view.chosen = self.close.view.chosen = unit or ""
        here = unit in asked.units.members and bool(asked.units.codes)
        show_only(self.unit_box, when=here)
        if here:
            self.unit.show(vetoes.unit_table(asked, str(unit)))
        self.close.show(vetoes.close_table(asked), vetoes.nothing_close(asked))
        near = vetoes.near_table(asked)
        show_only(self.near_box, when=bool(near.rows))
        self.near.show(near)
        self._show_moved()

    def _show_moved(self) -> None:
        chosen = self.veto.value
        show_only(self.moved_box, when=chosen is not None)
        if chosen is not None:
            chart = charts.moved_chart(self.asked, chosen)
            drawable = chart.table is not None and chart.table.rows
            self.moved.show(chart, "" if drawable else self.asked.say("table.moved.none"))


def _strikes(asked: Asked) -> bool:
    """Tell whether the scorecard has a veto or gate at all."""
    assert asked.units is not None
    assert asked.card is not None
    return bool(asked.units.codes) or asked.card.sizes["veto"] > 0


def _about(asked: Asked) -> str:
    assert asked.card is not None
    assert asked.units is not None
    lines = [str(asked.card.attrs[f"label_{asked.lang}"])]
    cut = float(asked.card.attrs["cut"])
    if cut == cut:
        lines.append(asked.say("card.cut", cut=figures.number(cut)))
    if left := str(asked.card.attrs.get(f"left_out_{asked.lang}", "")):
        lines.append(asked.say("card.left_out", items=left))
    if not _strikes(asked):
        lines.append(asked.say("empty.card"))
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
