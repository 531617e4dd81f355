"""The tab that tries a change: levers, the run in the background, and its answer beside the finished run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from povsim.charts.forecast import chance_chart, fan_chart
from povsim.dashboard.pages.exit_forecast_asked import Asked
from povsim.dashboard.pages.exit_forecast_household import problem_text
from povsim.dashboard.state import State
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.controls import Control, button, number_slider
from povsim.dashboard.widgets.layout import box, card, row, show_only
from povsim.dashboard.widgets.note import Note, ProgressView
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.worker_client import Submission, client
from povsim.views import store
from povsim.views.forecast_areas import fan, main_ratio
from povsim.views.forecast_beside import first_draws, numbers_beside
from povsim.views.forecast_levers import Dial, Lever, bounds_of, dial, levers_in, plan_text, without_bounds
from povsim.views.forecast_numbers import numbers

if TYPE_CHECKING:
    import xarray as xr
    from ipywidgets import Widget

ROOM = "page_forecast"
GROUPS = ("measures", "funds", "growth", "targets")
QUIET_SECONDS = 0.4
"""A lever that rests so long is let go of: the run begins."""


class Levers:
    """The tab.

    Attributes
    ----------
    widget : Widget
        What is shown.
    sliders : dict of str to Control
        By path of the lever.
    before, after : NumbersView
        The finished run on the draws of the trial, and the trial.
    trial : Dataset or None
        Digest of the last answer.
    """

    def __init__(self, state: State, asked: Asked) -> None:
        self.state, self.asked, self.say = state, asked, state.say(ROOM)
        self.levers = {lever.path: lever for lever in levers_in(asked.data)}
        self.dials = {path: dial(lever, asked.lang) for path, lever in self.levers.items()}
        self.sliders: dict[str, Control] = {}
        self.trial: xr.Dataset | None = None
        self._running: Submission | None = None
        self._tried: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._make()

    def show(self, asked: Asked) -> None:
        """Show what is asked; levers that were moved elsewhere begin a run."""
        self.asked = asked
        for path, slider in self.sliders.items():
            shown = self.dials[path]
            slider.value = shown.shown(asked.levers[path]) if path in asked.levers else shown.now
        self._say_moved()
        if without_bounds(asked.levers) != self._tried:
            self._soon()
        self._draw()

    def close(self) -> None:
        """Give up what goes on in the background."""
        self._stop()

    # ---- making ----

    def _make(self) -> None:
        say = self.say
        groups = [self._group(group) for group in GROUPS if any(one.group == group for one in self.levers.values())]
        self.moved, self.error = Note("", tone="small"), Note("", tone="error")
        self.progress = ProgressView()
        self.progress.observe(lambda _: self._cancel(), "cancelled")
        buttons = row(
            button(say("levers.run"), self._again, "primary"), button(say("levers.reset"), self._reset, "quiet")
        )
        left = card(say("levers.title"), self.moved, *groups, buttons, note=say("levers.note")).add_class(
            "povsim-controls"
        )
        self.before, self.after, self.state_line = NumbersView(), NumbersView(), Note("", tone="info")
        self.before_card = card(say("levers.before"), self.before)
        self.after_card = card(say("levers.after"), self.state_line, self.progress, self.error, self.after)
        self.fan, self.chances = ChartView(), ChartView()
        right = box(
            self.before_card,
            self.after_card,
            card("", self.fan),
            card("", self.chances),
            classes="povsim-column",
        )
        empty = Note(say("levers.none"), tone="info")
        self.widget: Widget = row(left if self.levers else empty, right, ratio=(1, 2))

    def _group(self, group: str) -> Widget:
        parts: list[Widget] = [Note(self.say(f"levers.{group}"), tone="heading")]
        for lever in self.levers.values():
            if lever.group == group:
                parts += [self._slider(lever, self.dials[lever.path])]
        return box(*parts, classes="povsim-column")

    def _slider(self, lever: Lever, shown: Dial) -> Control:
        lang = self.asked.lang
        dated = lever.group != "targets" and ": " in lever.plan
        name = self.say("levers.dated", name=lever.label(lang)) if dated else lever.label(lang)
        slider = number_slider(
            name, (shown.low, shown.high, shown.step), shown.now,
            lambda value: self._move(lever.path, value), unit=shown.unit, digits=shown.digits,
        )  # fmt: skip
        slider.help = plan_text(lever, lang)
        self.sliders[lever.path] = slider
        return slider

    # ---- moving ----

    def _move(self, path: str, shown: float) -> None:
        lever, levers = self.levers[path], dict(self.asked.levers)
        value = self.dials[path].value(shown)
        # of a dated entry even its last value is a change: it holds in all years then; bounds move in proportion
        if value == lever.now and (lever.group == "targets" or ": " not in lever.plan):
            levers.pop(path, None)
        else:
            levers[path] = value
        self.state.change("forecast", drag=f"lever.{path}", levers=levers)

    def _reset(self) -> None:
        self.state.change("forecast", levers={})

    def _say_moved(self) -> None:
        say, asked = self.say, self.asked
        lines = [say("levers.moved", count=len(asked.levers)) if asked.levers else say("levers.untouched")]
        lines += [
            say("levers.other", path=path, value=f"{value:g}")
            for path, value in asked.levers.items()
            if path not in self.levers
        ]
        self.moved.show("\n".join(lines))

    # ---- running ----

    def _soon(self) -> None:
        """Begin once the lever rests; without a loop (in tests) at once."""
        self._stop()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._again()
            return
        self._timer = loop.call_later(QUIET_SECONDS, self._again)

    def _again(self) -> None:
        self._stop()
        asked, levers = self.asked, without_bounds(self.asked.levers)
        self._tried, self.trial = levers, None
        self.error.show("")
        if levers:
            self.progress.show(0.0, self.say("worker.starting"))
            self._running = client().run(asked.digest.code, asked.digest.folder, levers, self._on_message)
        else:
            self.progress.finish()
        self._draw()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._running is not None:
            self._running.cancel()
            self._running = None

    def _cancel(self) -> None:
        """Give up on the reader's word; the answer there is stays."""
        self._stop()
        draws = 0 if self.trial is None else self.trial.sizes["draw"]
        self.progress.finish(self.say("levers.partial", draws=draws) if draws else self.say("levers.cancelled"))

    def _on_message(self, message: dict[str, Any]) -> None:
        kinds: dict[str, Callable[[dict[str, Any]], None]] = {
            "queued": self._on_queued, "progress": self._on_progress, "stage": self._on_stage, "done": self._on_done,
            "error": self._on_error,
        }  # fmt: skip
        for kind, handle in kinds.items():
            if kind in message:
                handle(message)

    def _on_queued(self, message: dict[str, Any]) -> None:
        if message["queued"]:
            self.progress.show(0.0, self.say("levers.queued", count=message["queued"]))

    def _on_progress(self, message: dict[str, Any]) -> None:
        have, want = message.get("have", 0), message.get("want", 1)
        self.progress.show(have / max(message.get("last", want), 1), self.say("levers.running", done=have, draws=want))

    def _on_stage(self, message: dict[str, Any]) -> None:
        self.trial = store.read(Path(message["folder"]))
        self.progress.show(message["stage"] / message["last"], self.say("levers.done", draws=message["stage"]))
        self._draw()

    def _on_done(self, _message: dict[str, Any]) -> None:
        self._running = None
        self.progress.finish()

    def _on_error(self, message: dict[str, Any]) -> None:
        self._running = None
        self.progress.finish()
        self.error.show(problem_text(message, self.say))

    # ---- showing ----

    def _draw(self) -> None:
        asked, bounds = self.asked, bounds_of(self.asked.levers)
        asks: dict[str, Any] = {"year": asked.year, "area": asked.area, "lang": asked.lang}
        after = self.trial
        if after is None and bounds and not without_bounds(asked.levers):
            after = asked.data
        base = asked.data if after is None else first_draws(asked.data, after)
        self.before.show(numbers(base, **asks))
        show_only(self.before_card, when=after is not None)
        self.after.show([] if after is None else numbers_beside(asked.data, after, **asks, bounds=bounds))
        self._tell(after, bounds)
        # before anything is tried it only says how to: no use where levers are hidden
        mark = self.after_card.remove_class if after is not None else self.after_card.add_class
        mark("povsim-controls")
        shown = asked.data if after is None else after
        ratio = main_ratio(asked.data)
        now = fan(shown, ratio=ratio, area=asked.area, lang=asked.lang, bounds=bounds)
        was = None if after is None else fan(base, ratio=ratio, area=asked.area, lang=asked.lang)
        self.fan.show(fan_chart(now, asked.lang, before=was))
        self.chances.show(chance_chart(shown, area=asked.area, lang=asked.lang, bounds=bounds))

    def _tell(self, after: xr.Dataset | None, bounds: dict[str, float]) -> None:
        if self.trial is not None:
            self.state_line.show(self.say("levers.done", draws=self.trial.sizes["draw"]))
        elif after is not None and bounds:
            self.state_line.show(self.say("levers.only_targets"))
        else:
            self.state_line.show("" if without_bounds(self.asked.levers) else self.say("levers.untouched"))
