"""A place for a chart that may have nothing to draw."""

from __future__ import annotations

from povsim.charts.base import Chart
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.layout import box, card, show_only
from povsim.dashboard.widgets.note import Note


class Place:
    """A chart or, where it would be empty, a card with its title that says why.

    Attributes
    ----------
    widget : Widget
        What stands on the page.
    chart : ChartView
        The chart, in sight where there is something to draw.
    why : Note
        What is said in its place.

    Examples
    --------
    >>> place = Place()
    >>> place.show(Chart("c", "Title", {"series": []}), "Nothing is left.")
    >>> place.why.text, "povsim-hidden" in place.chart._dom_classes
    ('Nothing is left.', True)
    """

    def __init__(self) -> None:
        self.chart, self.why = ChartView(), Note("")
        self._title = Note("", tone="heading")
        self._card = card("", self._title, self.why)
        self.widget = box(self.chart, self._card)

    def show(self, chart: Chart, why: str = "") -> None:
        """Show a chart or, where a reason is given, why there is none."""
        show_only(self.chart, when=not why)
        show_only(self._card, when=bool(why))
        if why:
            self._title.show(chart.title)
            self.why.show(why)
        else:
            self.chart.show(chart)
