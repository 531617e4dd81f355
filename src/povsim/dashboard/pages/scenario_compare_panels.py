"""The tabs of the comparison, each made when first opened and shown anew when what it is about changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from povsim.charts import comparison as charts
from povsim.dashboard.pages.scenario_compare_scene import Scene, of_level, quantities
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.controls import number_slider, picker, segments
from povsim.dashboard.widgets.layout import column, row, show_only
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.table import TableView
from povsim.views import comparison_groups as groups
from povsim.views import comparison_money as money
from povsim.views import comparison_tables as tables
from povsim.views import comparison_targets as targets
from povsim.views.comparison_plans import texts
from povsim.views.comparison_words import points_text

if TYPE_CHECKING:
    from ipywidgets import Box, Widget

    from povsim.dashboard.state import State

MOST_POINTS = 50
"""Percentage points up to which the threshold of winners and losers can be set."""


class Panel:
    """A tab: its widget, and how it shows a scene."""

    widget: Widget

    def show(self, scene: Scene) -> None:
        """Show what a scene is about."""
        raise NotImplementedError

    def release(self) -> None:
        """Let go of what would outlive the widget."""


def put(place: Box, *parts: Widget) -> None:
    """Let a box hold just these parts; those that stand there already stay as they are."""
    if place.children != parts:
        place.children = parts


class Years(Panel):
    """A quantity by year under each plan, and how it differs; all statistics of the year in tables."""

    def __init__(self, state: State) -> None:
        say = texts(state.settings.lang)
        self._picker = picker(say("vs.quantity"), {}, None, lambda code: state.change("compare", quantity=code))
        self._levels, self._apart, self._years = ChartView(), ChartView(), TableView()
        self._tables = {form: TableView() for form in tables.SHEETS}
        self.widget = column(
            row(self._picker).add_class("povsim-controls"),
            row(self._levels, self._apart, ratio=(1, 1)),
            self._years,
            *self._tables.values(),
        )

    def show(self, scene: Scene) -> None:
        """Show levels, differences and tables."""
        self._picker.options = quantities(scene.plans[0], scene.lang)
        self._picker.value = scene.quantity
        self._levels.show(charts.levels(scene.plans, scene.quantity, scene.lang))
        chart = charts.differences(scene.pairs, scene.quantity, scene.lang)
        self._apart.show(chart)
        if chart.table is not None:
            self._years.show(chart.table)
        for form, view in self._tables.items():
            view.show(tables.statistics_table(scene.pairs, scene.place, form, scene.lang))


class Areas(Panel):
    """A quantity of the year by township or village."""

    def __init__(self, state: State) -> None:
        say = texts(state.settings.lang)
        self._picker = picker(say("vs.quantity"), {}, None, lambda code: state.change("compare", quantity=code))
        levels = {level: say(f"vs.level.{level}") for level in (tables.TOWNSHIP, tables.VILLAGE)}
        self._level = segments(say("vs.level"), levels, None, lambda level: state.change("compare", by=level))
        self._note, self._alike = Note("", "small"), Note("", "info")
        self._chart, self._table = ChartView(), TableView(height=560)
        self.widget = column(
            row(self._level, self._picker, self._note).add_class("povsim-controls"),
            self._alike,
            row(self._chart, self._table, ratio=(2, 3)),
        )

    def show(self, scene: Scene) -> None:
        """Show differences by area."""
        say, code = texts(scene.lang), of_level(scene)
        known = quantities(scene.plans[0], scene.lang)
        village = scene.level == tables.VILLAGE
        self._level.value = scene.level
        self._picker.options = {one: known[one] for one in tables.by_village(scene.plans[0])} if village else known
        self._picker.value = code
        self._note.show(say("vs.villages_only") if village else "")
        asked = (code, scene.place, scene.level)
        differ = tables.areas_differ(scene.pairs, *asked)
        told = {"what": known[code], "year": scene.year, "level": say(f"vs.level.{scene.level}")}
        self._alike.show("" if differ else say("vs.areas.alike", **told))
        show_only(self._chart, when=differ)
        if differ:
            self._chart.show(charts.area_differences(scene.pairs, *asked, scene.lang))
        self._table.show(tables.areas_table(scene.pairs, *asked, scene.lang))


class Groups(Panel):
    """Households that win or lose, by group, and by how much counts."""

    def __init__(self, state: State) -> None:
        say = texts(state.settings.lang)
        self._scene: Scene | None = None
        self._at = 0
        self._plan = picker(say("vs.plan"), {}, None, self._choose)
        self._kind = picker(say("vs.kind"), {}, None, lambda kind: state.change("compare", group=kind))
        self._bar = number_slider(
            say("vs.threshold"), (0, MOST_POINTS, 1), 5,
            lambda points: state.change("compare", drag="threshold", threshold=points / 100),
            unit=say("vs.points.unit"),
        )  # fmt: skip
        self._none, self._nobody, self._caution = Note("", "info"), Note("", "info"), Note("", "warning")
        self._chart, self._table, self._ladder = ChartView(), TableView(height=520), TableView()
        self._row = row(self._kind, self._bar).add_class("povsim-controls")
        self._body = column(
            self._row,
            self._caution,
            row(column(self._nobody, self._chart), self._ladder, ratio=(2, 1)),
            self._table,
        )
        self.widget = column(self._none, self._body)

    def show(self, scene: Scene) -> None:
        """Show winners and losers; say so where a run has no households."""
        self._scene = scene
        say = texts(scene.lang)
        known = [at for at, one in enumerate(scene.pairs) if groups.known(one)]
        self._none.show("" if len(known) == len(scene.pairs) else say("vs.groups.none"))
        put(self.widget, self._none, *([self._body] if known else []))
        if not known:
            return
        self._at = self._at if self._at in known else known[0]
        self._plan.options = {at: scene.names[at + 1] for at in known}
        self._plan.value = self._at
        put(self._row, *([self._plan] if len(known) > 1 else []), self._kind, self._bar)
        kinds = groups.kinds(scene.plans[0])
        kind = scene.group if scene.group in kinds else kinds[0]
        self._kind.options = {one: say(f"vs.kind.{one}") for one in kinds}
        self._kind.value, self._bar.value = kind, round(100 * scene.threshold)
        called, asked = scene.names[self._at + 1], (scene.place, kind, scene.threshold)
        table = groups.groups_table(scene.pairs[self._at], called, asked, scene.lang)
        self._caution.show(groups.caution(scene.pairs[self._at], (scene.names[0], called), scene.lang))
        some = any(line["won"] or line["lost"] for line in table.rows)
        bar = points_text(scene.threshold, scene.lang)
        self._nobody.show("" if some else say("vs.groups.nobody", plan=called, year=scene.year, threshold=bar))
        show_only(self._chart, when=some)
        if some:
            self._chart.show(charts.winners_chart(scene.pairs[self._at], called, asked, scene.lang))
        self._table.show(table)
        pairs = [scene.pairs[at] for at in known]
        self._ladder.show(groups.ladder_table(pairs, [scene.names[at + 1] for at in known], scene.place, scene.lang))

    def _choose(self, at: int) -> None:
        self._at = at
        if self._scene is not None:
            self.show(self._scene)


class Money(Panel):
    """What the plans cost and bring: a point a draw, and tables of totals, differences and shares of draws."""

    def __init__(self, _state: State) -> None:
        self._plane, self._tables = ChartView(), [TableView() for _ in range(3)]
        self.widget = column(self._plane, *self._tables)

    def show(self, scene: Scene) -> None:
        """Show extra money and extra exits."""
        self._plane.show(charts.plane(scene.pairs, scene.place, scene.lang))
        told = money.money_tables(scene.pairs, scene.place, scene.lang)
        for view, table in zip(self._tables, told, strict=True):
            view.show(table)


class Parts(Panel):
    """Growth, redistribution and the line."""

    def __init__(self, _state: State) -> None:
        self._none, self._chart, self._table = Note("", "info"), ChartView(), TableView()
        self.widget = column(self._none, self._chart, self._table)

    def show(self, scene: Scene) -> None:
        """Show what the changes are made of."""
        table = money.parts_table(scene.pairs, scene.place, "headcount_ratio", scene.lang)
        self._none.show("" if table.rows else table.note)
        put(self.widget, *([self._chart, self._table] if table.rows else [self._none]))
        if table.rows:
            self._chart.show(charts.parts(scene.pairs, scene.place, scene.lang))
            self._table.show(table)


class Targets(Panel):
    """Targets met by year."""

    def __init__(self, _state: State) -> None:
        self._none, self._chart, self._table = Note("", "info"), ChartView(), TableView()
        self.widget = column(self._none, self._chart, self._table)

    def show(self, scene: Scene) -> None:
        """Show the probability of each target under each plan."""
        table = targets.targets_table(scene.plans, scene.lang)
        self._none.show("" if table.rows else texts(scene.lang)("vs.targets.none"))
        put(self.widget, *([self._chart, self._table] if table.rows else [self._none]))
        if table.rows:
            self._chart.show(charts.targets(scene.plans, scene.lang))
            self._table.show(table)


class Changes(Panel):
    """What the plans set differently."""

    def __init__(self, _state: State) -> None:
        self._none, self._table = Note("", "info"), TableView(height=620)
        self.widget = column(self._none, self._table)

    def show(self, scene: Scene) -> None:
        """Show the entries that differ; say so where none does."""
        table = targets.changes_table(scene.plans, scene.lang)
        self._none.show("" if table.rows else table.note)
        show_only(self._table, when=bool(table.rows))
        self._table.show(table)
