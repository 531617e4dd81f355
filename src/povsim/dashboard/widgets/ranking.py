"""The live ranking: units in order, with movement, bars and bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from traitlets import Bytes, Dict, Float, Int, List, Unicode

from povsim.dashboard.widgets.part import Part

if TYPE_CHECKING:
    from povsim.views.weights_foretold import Sums

FIELDS = ("rank", "move", "total", "low", "high", "best", "worst")
"""Columns of numbers, in the order in which they are sent."""


class RankingView(Part):
    """Units in order of rank; only what changed is sent, by column.

    Parameters
    ----------
    title : str
        Heading.
    height : int
        Pixels that the list takes at normal size; 0: what the window leaves.

    Attributes
    ----------
    chosen : str
        Key of the unit chosen; set it to mark another one.

    Examples
    --------
    >>> view = RankingView()
    >>> view.show({"key": ["v1"], "name": ["Upper"], "rank": [1], "move": [0], "total": [81.25]})
    >>> view.names, view.column("total")
    (['Upper'], [81.25])
    """

    kind = Unicode("ranking").tag(sync=True)
    units: Any = List().tag(sync=True)
    names: Any = List().tag(sync=True)
    numbers = Bytes().tag(sync=True)
    vetoes: Any = List().tag(sync=True)
    reaches: Any = List().tag(sync=True)
    sums = Bytes().tag(sync=True)
    sums_told: Any = Dict().tag(sync=True)
    title = Unicode().tag(sync=True)
    lowest = Float(0.0).tag(sync=True)
    highest = Float(100.0).tag(sync=True)
    top = Int(0).tag(sync=True)
    height = Int(0).tag(sync=True)
    mark = Unicode().tag(sync=True)
    chosen = Unicode()

    def __init__(self, *, title: str = "", height: int = 0) -> None:
        super().__init__(title=title, height=height)
        self.observe(lambda change: setattr(self, "mark", change["new"]), "chosen")

    def show(self, columns: Mapping[str, Sequence[Any]], *, top: int | None = None, title: str | None = None) -> None:
        """Show a ranking.

        Parameters
        ----------
        columns : mapping of str to sequence
            One value a unit in each: ``key``, ``name``, ``rank`` (from 1), ``move`` (places gained since the start,
            negative: lost), ``total``, ``low`` and ``high`` (band of the total), ``best`` and ``worst`` (attainable
            rank), ``reach`` (text in place of these two), ``veto`` (what bars it, empty if nothing). All but the first
            two may be missing; numbers may be None or not a number.
        top : int, optional
            Number of first places that a line is drawn under.
        title : str, optional
            Heading.
        """
        count = len(columns["key"])
        numbers = np.full((len(FIELDS), count), np.nan, dtype="<f4")
        for place, name in enumerate(FIELDS):
            if name in columns:
                numbers[place] = np.asarray(columns[name], dtype=float)
        texts = columns.get("reach", ())
        with self.hold_sync():
            self.units, self.names = list(columns["key"]), list(columns["name"])
            # as bytes: five hundred units a key stroke are too many numbers for text
            self.numbers = numbers.tobytes()
            self.vetoes = list(columns.get("veto", [""] * count))
            self.reaches = list(texts) if any(texts) else []
            self.top = self.top if top is None else top
            self.title = self.title if title is None else title

    def foretell_from(self, sums: Sums | None) -> None:
        """Let the page foretell totals and ranks while points move; without sums it waits for each answer.

        Parameters
        ----------
        sums : Sums, optional
            From ``views.weights_foretold.sums_of``, units in the order in which they are shown.
        """
        with self.hold_sync():
            self.sums = b"" if sums is None else sums.numbers()
            self.sums_told = {} if sums is None else sums.told()

    def column(self, field: str) -> list[float]:
        """Return a column of numbers as they were sent; what is missing is NaN."""
        table = np.frombuffer(self.numbers, dtype="<f4").reshape(len(FIELDS), -1)
        return [float(one) for one in table[FIELDS.index(field)]]

    def _on_choose(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        key = str(content.get("key", ""))
        if key in self.units:
            self.chosen = key
