"""How parts stand on a page: boxes whose looks are the style sheet's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ipywidgets import Box, Widget
from traitlets import List, Unicode

from povsim.dashboard.state import State
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.part import Part, plain_layout

HIDDEN = "povsim-hidden"
RATIOS = ((1, 1), (1, 2), (2, 1), (2, 3), (3, 2), (1, 3), (3, 1), (1, 1, 1), (1, 1, 1, 1))
"""Widths of parts side by side that the style sheet knows."""


def box(*children: Widget, classes: str = "") -> Box:
    """Return a box with classes of the style sheet."""
    made = Box(children=children, layout=plain_layout())
    for name in ("povsim-box", *classes.split()):
        made.add_class(name)
    return made


def row(*children: Widget, ratio: Sequence[int] | None = None) -> Box:
    """Return parts side by side; under each other where the page is narrow.

    Parameters
    ----------
    *children : Widget
        From left to right.
    ratio : sequence of int, optional
        Widths: one of the pairs up to 3:1, or thirds or quarters. Without it parts take what they need.

    Examples
    --------
    >>> row(Note("a"), Note("b"), ratio=(2, 1))._dom_classes
    ('povsim-box', 'povsim-row', 'povsim-2-1')
    """
    if ratio is None:
        return box(*children, classes="povsim-row povsim-flow")
    return box(*children, classes="povsim-row povsim-" + "-".join(map(str, RATIOS[RATIOS.index(tuple(ratio))])))


def column(*children: Widget) -> Box:
    """Return parts under each other."""
    return box(*children, classes="povsim-column")


def grid(*children: Widget, least: int = 320) -> Box:
    """Return parts in as many columns as fit.

    Parameters
    ----------
    *children : Widget
        In reading order.
    least : int
        Least width of a column: 200, 260, 320 or 420 pixels at normal size.
    """
    return box(*children, classes=f"povsim-grid povsim-least-{least}")


def card(title: str, *children: Widget, note: str = "") -> Box:
    """Return parts on a surface of their own, under a heading and over a note.

    Parameters
    ----------
    title : str
        Heading; charts and tables bring their own, then it may be empty.
    *children : Widget
        What stands on it.
    note : str
        Convention, error or source.
    """
    parts = [*([Note(title, "heading")] if title else []), *children, *([Note(note, "small")] if note else [])]
    return box(*parts, classes="povsim-card")


def page(shell: Widget, *children: Widget) -> Box:
    """Return the root of a page: the bar on top and what it shows."""
    return box(shell, box(*children, classes="povsim-body povsim-column"), classes="povsim povsim-root")


def show_only(widget: Widget, *, when: bool) -> None:
    """Show a widget or take it out of sight; it keeps its state."""
    if when:
        widget.remove_class(HIDDEN)
    else:
        widget.add_class(HIDDEN)


class TabBar(Part):
    """The names of tabs; the arrow keys walk along them."""

    kind = Unicode("tabs").tag(sync=True)
    entries: Any = List().tag(sync=True)
    value = Unicode().tag(sync=True)

    def _on_choose(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        if content.get("key") in {key for key, _ in self.entries}:
            self.value = content["key"]


class Tabs(Box):
    """Tabs whose contents are made when first opened and kept from then on.

    Attributes
    ----------
    value : str
        Key of the tab that is open; set it to open another.
    """

    value = Unicode()

    def __init__(
        self, entries: Mapping[str, tuple[str, Widget | Callable[[], Widget]]], state: State | None = None
    ) -> None:
        self._entries, self._state = dict(entries), state
        self._built: dict[str, Widget] = {}
        told = [[key, label] for key, (label, _) in entries.items()]
        asked = state.settings.tab if state is not None else None
        first = asked if asked in self._entries else next(iter(self._entries))
        self.bar = TabBar(entries=told, value=first)
        super().__init__(layout=plain_layout())
        self.add_class("povsim-box").add_class("povsim-column").add_class("povsim-tabs")
        self.bar.observe(lambda change: setattr(self, "value", change["new"]), "value")
        self.observe(self._open, "value")
        self.value = first
        if state is not None:
            state.observe(self._follow, "settings")

    def built(self, key: str) -> Widget | None:
        """Return what a tab holds, if it has been opened."""
        return self._built.get(key)

    def release(self) -> None:
        """Stop following the state."""
        if self._state is not None:
            self._state.unobserve(self._follow, "settings")

    def _open(self, _change: Any) -> None:
        key = self.value
        self.bar.value = key
        if key not in self._built:
            made = self._entries[key][1]
            self._built[key] = made if isinstance(made, Widget) else made()
        for other, widget in self._built.items():
            show_only(widget, when=other == key)
        self.children = [self.bar, *self._built.values()]
        if self._state is not None and self._state.settings.tab != key:
            self._state.change(tab=key)

    def _follow(self, _change: Any) -> None:
        asked = self._state.settings.tab if self._state is not None else None
        if asked in self._entries:
            self.value = asked


def tabs(entries: Mapping[str, tuple[str, Widget | Callable[[], Widget]]], state: State | None = None) -> Tabs:
    """Return tabs; with a state the open one is part of the link.

    Parameters
    ----------
    entries : mapping of str to (label, widget)
        Instead of a widget a function that makes it, called when the tab is first opened.
    state : State, optional
        Its ``settings.tab`` is followed and set.

    Examples
    --------
    >>> both = tabs({"a": ("First", Note("1")), "b": ("Second", lambda: Note("2"))})
    >>> both.value, both.built("b")
    ('a', None)
    """
    return Tabs(entries, state)


def discard(widget: Widget) -> None:
    """Close a widget and all that stand in it, in the kernel and in the browser, so that rebuilding leaves none."""
    for child in getattr(widget, "children", ()):
        discard(child)
    if isinstance(widget, Tabs):
        widget.release()
    widget.close()
