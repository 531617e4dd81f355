"""What drives a plan: a tornado that stands in the run's folder, or one that is made now, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from povsim.charts import comparison as charts
from povsim.dashboard.pages.scenario_compare_job import DRAWS, HOUSEHOLDS, Job
from povsim.dashboard.pages.scenario_compare_panels import Panel, put
from povsim.dashboard.pages.scenario_compare_scene import Scene
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.controls import button, picker
from povsim.dashboard.widgets.layout import column, row
from povsim.dashboard.widgets.note import Note, ProgressView
from povsim.dashboard.widgets.table import TableView
from povsim.views import comparison_drivers as views
from povsim.views.comparison_plans import Plan, texts

if TYPE_CHECKING:
    from pathlib import Path

    from ipywidgets import Widget

    from povsim.dashboard.state import State

COMMAND = "povsim sensitivity drivers {scenario} --output headcount_ratio --method tornado --register FILE --out {out}"


class Drivers(Panel):
    """The strongest figures of a plan."""

    def __init__(self, state: State) -> None:
        self._say = texts(state.settings.lang)
        self._scene: Scene | None = None
        self._at = 0
        self._job: Job | None = None
        self._plan = picker(self._say("vs.plan"), {}, None, self._choose)
        self._about, self._source, self._none = Note("", "plain"), Note("", "small"), Note("", "info")
        self._start = button(self._say("vs.drivers.start", plan=""), self._begin, "primary")
        self._progress = ProgressView()
        self._progress.observe(lambda _: self._cancel(), "cancelled")
        self._chart, self._table = ChartView(), TableView()
        self._row = row(self._plan).add_class("povsim-controls")
        self.widget = column(self._row)

    def show(self, scene: Scene) -> None:
        """Show what is there for the plan that is chosen, and offer to make what is not."""
        self._scene = scene
        self._at = self._at if self._at < len(scene.plans) else 0
        self._plan.options = dict(enumerate(scene.names))
        self._plan.value = self._at
        plan, name, say = scene.plans[self._at], scene.names[self._at], self._say
        file = views.stored(plan)
        free = views.can_run(plan)
        self._start.label = say("vs.drivers.start", plan=name)
        put(self._row, self._plan, *([self._start] if file is None and free and self._job is None else []))
        if file is None:
            self._about.show(self._words(plan, free=free))
            put(self.widget, self._row, self._progress, self._about)
            return
        made = file == views.made_file(plan.digest.folder)
        self._source.show(say("vs.drivers.made") if made else say("vs.drivers.stored", file=file.name))
        put(self.widget, self._row, self._progress, self._source, *self._found(file, scene))

    def _found(self, file: Path, scene: Scene) -> list[Widget]:
        """Fill chart and table out of a file, and return them; a note where no figure moves the result."""
        told = views.read_drivers(file, scene.lang)
        if not told.rows:
            self._none.show(self._say("vs.drivers.none", what=told.output, year=told.year))
            return [self._none]
        self._chart.show(charts.drivers(told, scene.lang))
        self._table.show(views.drivers_table(told, scene.lang))
        return [self._chart, self._table]

    def _words(self, plan: Plan, *, free: bool) -> str:
        if free:
            return self._say("vs.drivers.lead", households=f"{HOUSEHOLDS:,}", draws=DRAWS)
        told = COMMAND.format(scenario="SCENARIO.yaml", out=plan.digest.path.name)
        return self._say("vs.drivers.register", command=told)

    def _choose(self, at: int) -> None:
        self._at = at
        if self._scene is not None:
            self.show(self._scene)

    def _begin(self) -> None:
        if self._scene is None or self._job is not None:
            return
        self._progress.show(0.0, self._say("vs.drivers.preparing"))
        self._job = Job(self._scene.plans[self._at].digest, self._hear)
        self.show(self._scene)

    def _hear(self, told: dict[str, object]) -> None:
        """Take what the process says: how far it is, that it is done, or why it is not."""
        if "total" in told:
            done, total = int(str(told["done"])), int(str(told["total"]))
            self._progress.show(done / max(total, 1), self._say("vs.drivers.running", done=done, total=total))
            return
        self._job = None
        failed = told.get("error")
        self._progress.finish(self._say("vs.drivers.failed", reason=failed) if failed else "")
        if self._scene is not None:
            self.show(self._scene)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._progress.finish(self._say("vs.drivers.cancelled"))
        if self._scene is not None:
            self.show(self._scene)

    def release(self) -> None:
        """Stop what is being made, when the page is built anew."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
