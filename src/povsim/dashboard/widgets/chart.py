"""One widget for all charts: the option once, afterwards only the numbers that changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import Dict, Int, Unicode

from povsim.charts.base import Chart
from povsim.dashboard.widgets.part import Part
from povsim.dashboard.widgets.plain import plain
from povsim.dashboard.widgets.workbooks import workbook


class ChartView(Part):
    """A chart with its title, its note, a picture of it to take away, and its numbers as a workbook.

    ``option`` stays whole. ``data`` holds all numbers as they were when last sent together, ``patch`` the series that
    changed since, numbered, so that a page that missed one asks for all.

    Attributes
    ----------
    clicked : dict
        What was clicked last: ``{"series", "name", "value", "n"}``.

    Examples
    --------
    >>> view = ChartView()
    >>> view.show(Chart("c", "Title", {"series": [{"type": "bar", "id": "a"}]}, {"a": [1.0, 2.0]}))
    >>> view.show(Chart("c", "Title", {"series": [{"type": "bar", "id": "a"}]}, {"a": [1.0, 3.0]}))
    >>> view.patch["n"], view.clicked
    (2, {})
    """

    kind = Unicode("chart").tag(sync=True)
    code = Unicode("chart").tag(sync=True)
    title = Unicode().tag(sync=True)
    note = Unicode().tag(sync=True)
    height = Int(320).tag(sync=True)
    table = Unicode().tag(sync=True)
    option: Any = Dict().tag(sync=True)
    data: Any = Dict().tag(sync=True)
    patch: Any = Dict().tag(sync=True)
    clicked: Any = Dict()

    def __init__(self, chart: Chart | None = None) -> None:
        self._n = 0
        self._whole: dict[str, Any] = {"series": {}, "axes": {}}
        self._chart: Chart | None = None
        super().__init__(data={"n": 0, "series": {}, "axes": {}}, patch={"n": 0, "series": {}, "axes": {}})
        if chart is not None:
            self.show(chart)

    def show(self, chart: Chart) -> None:
        """Show a chart; of the chart shown before only what differs is sent.

        Parameters
        ----------
        chart : Chart
            With the same option as before, only series and axes that changed travel.
        """
        option = plain(chart.option)
        series, axes = dict(chart.data), {side: list(names) for side, names in chart.axes.items()}
        same = self._chart is not None and option == self.option
        changed = {key: plain(one) for key, one in series.items() if not (same and self._known("series", key, one))}
        moved = {side: plain(one) for side, one in axes.items() if not (same and self._known("axes", side, one))}
        self._whole, self._chart = {"series": series, "axes": axes}, chart
        with self.hold_sync():
            self.code, self.title, self.note, self.height = chart.code, chart.title, chart.note, chart.height
            self.table = "" if chart.table is None else chart.table.code
            if not same:
                self._n += 1
                self.option, self.data = option, {"n": self._n, "series": changed, "axes": moved}
            elif changed or moved:
                self._n += 1
                self.patch = {"n": self._n, "series": changed, "axes": moved}

    def get_state(self, key: Any = None, drop_defaults: Any = False) -> dict[str, Any]:  # noqa: FBT002
        """Return what the browser is to know; asked for everything, the numbers are those of now."""
        if key is None and self._chart is not None:
            self._trait_values["data"] = {"n": self._n, **plain(self._whole)}
            self._trait_values["patch"] = {"n": self._n, "series": {}, "axes": {}}
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        return state

    def _known(self, part: str, key: str, value: Any) -> bool:
        before = self._whole[part].get(key)
        if before is None:
            return False
        if hasattr(before, "dtype") or hasattr(value, "dtype"):
            import numpy as np

            return bool(np.array_equal(before, value))
        return bool(before is value or list(before) == list(value))

    def _on_whole(self, _content: Mapping[str, Any], _buffers: list[Any]) -> None:
        self.send_state()

    def _on_click(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        self.clicked = {
            "series": str(content.get("series", "")),
            "name": str(content.get("name", "")),
            "value": content.get("value"),
            "n": self.clicked.get("n", 0) + 1,
        }

    def _on_workbook(self, _content: Mapping[str, Any], _buffers: list[Any]) -> None:
        if self._chart is not None and self._chart.table is not None:
            table = self._chart.table
            self.send({"kind": "file", "name": f"{table.code}.xlsx"}, [workbook(table)])
