"""Switches of rules and the slider of one threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from povsim import figures
from povsim.dashboard.state import State
from povsim.dashboard.widgets.controls import Control, button, number_slider, picker, toggle
from povsim.dashboard.widgets.layout import box, card, column, row
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.plain import plain
from povsim.views import vetoes
from povsim.views.vetoes_changes import Slider

if TYPE_CHECKING:
    from ipywidgets import Widget

    from povsim.views.vetoes import Asked

LEVELS = ("household", "village")
"""Rules of a scorecard are switched where the scorecard is shown."""


class Controls:
    """What the reader sets.

    Attributes
    ----------
    switches : dict of str to Control
        By rule.
    of_card : list of Control
        Those of them that belong to the scorecard, to be shown with it.
    rule, threshold : Control
        The rule whose threshold is looked at, and the threshold.
    own : Note
        How far the threshold can be moved, and where it is in the run.
    """

    def __init__(self, state: State, asked: Asked) -> None:
        self.state, self.say = state, asked.say
        self.switches: dict[str, Control] = {}
        self.sliders: dict[str, Slider] = {one.key: one for one in vetoes.sliders(asked)}
        levels = {one.key: one.level for one in vetoes.switches(asked)}
        for one in vetoes.switches(asked):
            self.switches[one.key] = toggle(
                one.label, one.on, lambda on, key=one.key: self._switch(key, "on" if on else "off")
            )
        groups: list[Widget] = []
        for level in LEVELS:
            own = [self.switches[key] for key, its in levels.items() if its == level]
            if own:
                groups += [Note(self.say(f"control.rules.{level}"), tone="small"), column(*own)]
        self.of_card = [self.switches[key] for key, its in levels.items() if its == "card"]
        both = row(button(self.say("control.all_on"), self._all_on), button(self.say("control.all_off"), self._all_off))
        thresholds = self._thresholds(asked)
        fixed = vetoes.fixed(asked)
        self.widget = box(
            card(self.say("control.threshold"), *thresholds, note=fixed),
            card(self.say("control.switches"), both, *groups),
            classes="povsim-column",
        )

    def _thresholds(self, asked: Asked) -> list[Widget]:
        say = self.say
        if not self.sliders:
            return [Note(say("control.nothing"))]
        names = {key: one.label for key, one in self.sliders.items()}
        chosen = chosen_rule(self.state, asked)
        self.rule = picker(say("control.rule"), names, chosen, lambda key: self.state.change("vetoes", rule=key))
        one = self.sliders[str(chosen)]
        self.threshold = number_slider(
            say("control.value"), (one.low, one.high, one.step), one.value, self._move, unit=one.unit, digits=one.digits
        )
        self.own = Note("", tone="small")
        self.back = button(say("control.back"), self._back, "quiet")
        return [self.rule, self.threshold, row(self.own, self.back)]

    def show(self, asked: Asked) -> None:
        """Show what is set; nothing of it comes back as a change."""
        for key, control in self.switches.items():
            control.value = key not in asked.off
        if not self.sliders:
            return
        self.sliders = {one.key: one for one in vetoes.sliders(asked)}
        chosen = str(chosen_rule(self.state, asked))
        one = self.sliders[chosen]
        settings = plain({"low": one.low, "high": one.high, "step": one.step, "unit": one.unit, "digits": one.digits})
        with self.threshold.hold_sync():
            self.rule.value = chosen
            self.threshold.settings = settings
            self.threshold.value = min(max(one.value, one.low), one.high)
        lines = (
            self.say("control.reach", low=_written(one, one.low), high=self._amount(one, one.high)),
            self.say("control.own", value=self._amount(one, one.own)),
        )
        self.own.show("\n".join(lines))
        # greyed out instead of taken away: nothing on the card moves under the hand that drags
        self.back.disabled = chosen not in asked.thresholds

    def _amount(self, one: Slider, value: float) -> str:
        gap = "" if one.unit == "%" and self.say.lang == "zh" else " "
        return f"{_written(one, value)}{gap}{one.unit}"

    def _switch(self, key: str, turned: str) -> None:
        off = [code for code in self.state.settings.vetoes.off if code != key]
        self.state.change("vetoes", off=tuple(off if turned == "on" else [*off, key]))

    def _all_on(self) -> None:
        self.state.change("vetoes", off=(), thresholds={})

    def _all_off(self) -> None:
        self.state.change("vetoes", off=tuple(self.switches))

    def _move(self, shown: float) -> None:
        key = str(self.rule.value)
        one, now = self.sliders[key], dict(self.state.settings.vetoes.thresholds)
        now[key] = one.setting(shown)
        if abs(shown - one.own) < one.step / 2:
            del now[key]
        self.state.change("vetoes", drag=f"threshold {key}", thresholds=now)

    def _back(self) -> None:
        now = dict(self.state.settings.vetoes.thresholds)
        now.pop(str(self.rule.value), None)
        self.state.change("vetoes", thresholds=now)


def _written(one: Slider, value: float) -> str:
    return figures.number(round(value, one.digits))


def chosen_rule(state: State, asked: Asked) -> str | None:
    """Return the rule whose threshold is looked at: that of settings, if its threshold can be moved, else the first."""
    keys = [one.key for one in vetoes.sliders(asked)]
    wanted = state.settings.vetoes.rule
    return wanted if wanted in keys else next(iter(keys), None)
