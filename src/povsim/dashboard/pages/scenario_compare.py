"""Two to four plans side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ipywidgets import Layout

from povsim.charts.comparison_axes import COLOURS
from povsim.dashboard.packing import offer_packs
from povsim.dashboard.pages import scenario_compare_panels as panels
from povsim.dashboard.pages.scenario_compare_drivers import Drivers
from povsim.dashboard.pages.scenario_compare_scene import Scene, choices, everything, scene_of
from povsim.dashboard.widgets.controls import picker
from povsim.dashboard.widgets.layout import box, card, column, discard, page, row, tabs
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.shell import Shell
from povsim.views import comparison as views
from povsim.views.comparison_plans import MOST, texts

if TYPE_CHECKING:
    from ipywidgets import Widget

    from povsim.dashboard.app import Shelf
    from povsim.dashboard.state import State
    from povsim.views.parts import BigNumber

HELP = ("vs.lead", "vs.help.1", "vs.help.2", "vs.help.3", "vs.help.4")
PANELS: dict[str, Callable[[Any], panels.Panel]] = {
    "years": panels.Years,
    "areas": panels.Areas,
    "groups": panels.Groups,
    "money": panels.Money,
    "parts": panels.Parts,
    "targets": panels.Targets,
    "changes": panels.Changes,
    "drivers": Drivers,
}
RATIOS = {2: (1, 1), 3: (1, 1, 1), 4: (1, 1, 1, 1)}
COMMAND = "povsim run {code} --set code={code}-2 --set measures.NAME.active=false --out runs/{code}-2"


def build(state: State, shelf: Shelf) -> Widget:
    """Return the page.

    Parameters
    ----------
    state : State
        The session's settings.
    shelf : Shelf
        Runs to look at.
    """
    return Comparison(state, shelf).root


class Comparison:
    """The page of one session.

    Attributes
    ----------
    root : Widget
        The page.
    scene : Scene
        What is shown.
    """

    def __init__(self, state: State, shelf: Shelf) -> None:
        self.state, self.shelf = state, shelf
        self.scene: Scene = scene_of(state.settings, shelf)
        self.panels: dict[str, panels.Panel] = {}
        self._shown: dict[str, Scene] = {}
        self.shell = Shell(state, page="scenario-compare")
        offer_packs(self.shell, state, shelf)
        self._body = box(classes="povsim-column")
        self.root = page(self.shell, self._body)
        self._build()
        state.observe(self._follow, "settings")
        state.observe(lambda _: self._show_numbers(), "pinned")

    def _build(self) -> None:
        """Make all parts anew: at first, in another language, with another number of plans."""
        scene, say = self.scene, texts(self.scene.lang)
        self.shell.help = [say(key) for key in HELP]
        self._offer()
        old = self._body.children
        for panel in self.panels.values():
            panel.release()
        self.panels, self._shown = {}, {}
        self.pickers = [
            picker(say("vs.other", number=number), {}, None, partial(self._choose, number)) for number in range(1, MOST)
        ]
        self.answer, self.luck, self.unfit = Note("", "lead"), Note("", "small"), Note("", "small")
        self._row = row(*self.pickers).add_class("povsim-controls")
        parts: list[Widget] = [self._row, self.unfit]
        if scene.pairs:
            self.numbers = [NumbersView() for _ in scene.plans]
            self.heads = [Note("", "heading") for _ in scene.plans]
            self.abouts = [Note("", "small") for _ in scene.plans]
            parts += [column(self.answer, self.luck), self._cards(), self._tabs()]
        else:
            code = scene.plans[0].digest.manifest["scenarios"][0]
            parts.append(Note(say("vs.alone", command=COMMAND.format(code=code)), "info"))
        self._body.children = parts
        for widget in old:
            discard(widget)
        self._show()

    def _offer(self) -> None:
        lang = self.scene.lang
        self.shell.offer("run", {code: self.shelf.get(code).label(lang) for code in self.shelf.codes()})
        # the last year first: it stands for a link that names none
        self.shell.offer("year", {year: str(year) for year in reversed(self.scene.plans[0].years)})

    def _cards(self) -> Widget:
        made = []
        for head, about, numbers, colour in zip(self.heads, self.abouts, self.numbers, COLOURS, strict=False):
            # a title that plans share stands under the code that charts tell them apart by
            one = card("", head, about, numbers)
            # the colour of the plan on all charts
            one.layout = Layout(border_top=f"4px solid {colour}")
            made.append(one)
        return row(*made, ratio=RATIOS[len(made)])

    def _tabs(self) -> Widget:
        say = texts(self.scene.lang)
        entries: dict[str, tuple[str, Any]] = {key: (say(f"vs.tab.{key}"), partial(self._panel, key)) for key in PANELS}
        self.tabs = tabs(entries, self.state)
        self.tabs.observe(lambda change: self._open(change["new"]), "value")
        return self.tabs

    def _panel(self, key: str) -> Widget:
        self.panels[key] = PANELS[key](self.state)
        self._open(key)
        return self.panels[key].widget

    def _open(self, key: str) -> None:
        """Show a tab what it has not yet shown."""
        if key in self.panels and self._shown.get(key) is not self.scene:
            self._shown[key] = self.scene
            self.panels[key].show(self.scene)

    def _choose(self, number: int, code: str) -> None:
        """Take a plan as the one at a place beside the first; none takes away that one."""
        codes = [plan.code for plan in self.scene.plans[1:]]
        codes[number - 1 : number] = [code] if code else []
        self.state.change("compare", others=tuple(codes))

    def _follow(self, change: Any) -> None:
        old, new = change["old"], change["new"]
        watched = ("lang", "run", "year", "compare")
        if all(getattr(old, name) == getattr(new, name) for name in watched):
            return
        before, self.scene = self.scene, scene_of(new, self.shelf, self.scene)
        if before.lang != self.scene.lang or len(before.plans) != len(self.scene.plans):
            self._build()
        else:
            if before.plans[0].code != self.scene.plans[0].code:
                self._offer()
            self._show()

    def _show(self) -> None:
        scene, say = self.scene, texts(self.scene.lang)
        self._show_pickers()
        if not scene.pairs:
            return
        named = [(one, (scene.names[0], name)) for one, name in zip(scene.pairs, scene.names[1:], strict=True)]
        self.answer.show("\n".join(views.answer(one, scene.year, called, scene.lang) for one, called in named))
        self.luck.show("\n".join(views.luck_words(one, called, scene.lang) for one, called in named))
        for at, name in enumerate(scene.names):
            self.heads[at].show(say("vs.head.first", plan=name) if at == 0 else name)
            self.abouts[at].show(views.about(scene.plans[at], name, scene.lang))
        self._show_numbers()
        self._open(self.tabs.value)

    def _show_numbers(self) -> None:
        scene, pinned = self.scene, self.state.pinned
        if not scene.pairs:
            return
        then = None if pinned is None else scene_of(pinned.changed(lang=scene.lang), self.shelf, scene)
        for at, (plan, shown) in enumerate(zip(scene.plans, self.numbers, strict=True)):
            shown.show(_numbers_of(scene, at), [] if then is None else _numbers_then(then, plan.code, at))

    def _show_pickers(self) -> None:
        scene, say, plans = self.scene, texts(self.scene.lang), everything(self.shelf)
        seen = []
        for number, one in enumerate(self.pickers, start=1):
            offered = choices(scene, plans, number)
            # one plan has to stay beside the first, and places are filled from the left
            nothing = {} if number == 1 and offered else {"": say("vs.none")}
            one.options = {**nothing, **offered}
            one.value = scene.plans[number].code if number < len(scene.plans) else ""
            one.label = say("vs.other", number=number)
            if number <= len(scene.plans) and offered:
                seen.append(one)
        if len(seen) == 1:
            # one alone needs no number
            seen[0].label = say("vs.other.only")
        panels.put(self._row, *seen)
        why = [(plan, views.misfit(scene.plans[0], plan)) for plan in plans if plan.code != scene.plans[0].code]
        lines = [say("vs.unfit", plan=plan.label(scene.lang), why=say(key)) for plan, key in why if key]
        self.unfit.show("\n".join(lines))


def _numbers_of(scene: Scene, at: int) -> list[BigNumber]:
    return views.numbers(scene.plans[at], scene.pairs[at - 1] if at else None, scene.place, scene.lang)


def _numbers_then(then: Scene, code: str, at: int) -> list[BigNumber]:
    """Return the pinned numbers of a plan; none where it was not there, or first then and beside it now."""
    places = [place for place, plan in enumerate(then.plans) if plan.code == code and bool(place) == bool(at)]
    return _numbers_of(then, places[0]) if places and then.pairs else []
