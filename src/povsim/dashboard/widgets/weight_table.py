"""The weight table: points by indicator, with locks, ratings, group totals and stability intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from traitlets import Dict, Float, Int, List, Unicode

from povsim.dashboard.widgets.part import Part
from povsim.dashboard.widgets.plain import plain

FIXED = ("code", "name", "group", "unit", "printed", "absent", "note")
MOVING = ("points", "lo", "hi", "locked", "rating")


class WeightTable(Part):
    """Points that can be dragged, typed and locked; the kernel decides, the page only foretells.

    Attributes
    ----------
    edit : dict
        What the reader did last: ``{"code", "points" | "locked" | "rating", "n", "drag"}``; observe it. A drag sends at
        most one edit at a time and never keeps the last one back; ``drag`` is false on the last.
    mode : {"points", "ratings"}
        What is entered; observe it.
    total : float
        What the points add up to.
    height : int
        Pixels that the list may take at normal size; 0: what the window leaves.
    """

    kind = Unicode("weight_table").tag(sync=True)
    rows: Any = List().tag(sync=True)
    values: Any = Dict().tag(sync=True)
    total = Float(100.0).tag(sync=True)
    title = Unicode().tag(sync=True)
    mode = Unicode("points").tag(sync=True)
    height = Int(0).tag(sync=True)
    edit: Any = Dict()

    def __init__(self, *, title: str = "", total: float = 100.0, height: int = 0) -> None:
        self._handled = 0
        super().__init__(title=title, total=total, height=height)

    def show(self, rows: Sequence[Mapping[str, Any]], *, total: float | None = None) -> None:
        """Show the table; what stays is sent once, afterwards only the numbers.

        Parameters
        ----------
        rows : sequence of mapping
            ``code``, ``name``, ``group`` (heading it stands under), ``unit``, ``points``, ``lo`` and ``hi`` (points
            between which the first places stay, None if unknown), ``locked``, ``rating`` (0-5 or None),
            ``printed`` (points of the document, None if none), ``absent`` (nobody has a value), ``note`` (tooltip).
            Rows of a group follow each other.
        total : float, optional
            What the points add up to; 100 from the start.

        Examples
        --------
        >>> table = WeightTable()
        >>> table.show([{"code": "a", "name": "Roads", "group": "Village", "points": 100.0, "printed": 90}])
        >>> table.values["points"], table.values["locked"]
        ([100.0], [False])
        """
        defaults = {"locked": False}
        with self.hold_sync():
            self.rows = [{field: plain(row.get(field)) for field in FIXED} for row in rows]
            told = {field: [plain(row.get(field, defaults.get(field))) for row in rows] for field in MOVING}
            self.values = {"n": self._handled, **told}
            self.total = self.total if total is None else float(total)

    def _on_edit(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        code, n = str(content.get("code", "")), int(content.get("n", 0))
        self._handled = n
        if code not in {row["code"] for row in self.rows}:
            return
        told = _checked(content)
        if told:
            self.edit = {"code": code, **told, "n": n, "drag": content.get("drag") is True}

    def _on_mode(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        if content.get("mode") in ("points", "ratings"):
            self.mode = content["mode"]


def _checked(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one thing that an edit sets, if it is of the kind it should be; the page is anybody's to write to."""
    points, rating, locked = content.get("points"), content.get("rating"), content.get("locked")
    if isinstance(points, int | float) and not isinstance(points, bool) and math.isfinite(points) and points >= 0:
        return {"points": float(points)}
    if isinstance(rating, int) and not isinstance(rating, bool) and 0 <= rating <= 5:
        return {"rating": rating}
    return {"locked": locked} if isinstance(locked, bool) else {}
