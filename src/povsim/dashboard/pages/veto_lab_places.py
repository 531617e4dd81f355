"""A place for a chart or table that may have nothing to show."""

from __future__ import annotations

from typing import Any

from povsim.charts.base import Chart
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.layout import box, card, show_only
from povsim.dashboard.widgets.note import Note
from povsim.dashboard.widgets.table import TableView
from povsim.views.parts import Table


class Place:
    """A chart or table or, where it would be empty, a card with its title that says why.

    What goes out of sight is the box around a part, never the part itself: boxes are drawn by the notebook's own code,
    which follows their classes at any time. What is out of sight holds nothing old either.

    Attributes
    ----------
    widget : Widget
        What stands on the page.
    view : ChartView or TableView
        The chart or table, in sight where there is something to show.
    why : Note
        What is said in its place.

    Examples
    --------
    >>> place = Place()
    >>> place.show(Chart("c", "Title", {"series": []}), "Nothing is left.")
    >>> place.why.text, "povsim-hidden" in place.widget.children[0]._dom_classes
    ('Nothing is left.', True)
    """

    def __init__(self, view: ChartView | TableView | None = None) -> None:
        self.view: Any = ChartView() if view is None else view
        self.why = Note("")
        self._title = Note("", tone="heading")
        self._sight, self._card = box(self.view), card("", self._title, self.why)
        show_only(self._card, when=False)
        self.widget = box(self._sight, self._card)

    def show(self, told: Chart | Table, why: str = "") -> None:
        """Show a chart or table or, where a reason is given, why there is none."""
        show_only(self._sight, when=not why)
        show_only(self._card, when=bool(why))
        self.view.show(told)
        if why:
            self._title.show(told.title)
            self.why.show(why)
