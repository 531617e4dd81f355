"""Tables that can be sorted, searched, chosen from and taken away as a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from traitlets import Bool, Int, List, Unicode

from povsim.dashboard.widgets.part import Part
from povsim.dashboard.widgets.plain import plain
from povsim.dashboard.widgets.workbooks import workbook
from povsim.views.parts import Table


class TableView(Part):
    """A table; only the part that changed is sent.

    Parameters
    ----------
    selectable : bool
        Whether rows can be chosen; ``_key`` of a row names it.
    height : int
        Pixels at normal size after which the rows scroll.

    Attributes
    ----------
    chosen : str
        ``_key`` of the row chosen; set it to mark another one.

    Examples
    --------
    >>> from povsim.views.parts import Column
    >>> view = TableView(selectable=True)
    >>> view.show(Table("t", "Villages", [Column("name", "Village")], [{"_key": "v1", "name": "Upper"}]))
    >>> view.rows, view.keys_shown
    ([['Upper']], ['v1'])
    """

    kind = Unicode("table").tag(sync=True)
    code = Unicode("table").tag(sync=True)
    title = Unicode().tag(sync=True)
    note = Unicode().tag(sync=True)
    columns: Any = List().tag(sync=True)
    rows: Any = List().tag(sync=True)
    keys_shown: Any = List().tag(sync=True)
    selectable = Bool(default_value=False).tag(sync=True)
    height = Int(420).tag(sync=True)
    mark = Unicode().tag(sync=True)
    chosen = Unicode()

    def __init__(self, *, selectable: bool = False, height: int = 420) -> None:
        self._table: Table | None = None
        super().__init__(selectable=selectable, height=height)
        self.observe(lambda change: setattr(self, "mark", change["new"]), "chosen")

    def show(self, table: Table) -> None:
        """Show a table in place of the one before; search, order and choice stay where they can."""
        self._table = table
        codes = [column.code for column in table.columns]
        with self.hold_sync():
            self.code, self.title, self.note = table.code, table.title, table.note
            self.columns = [asdict(column) for column in table.columns]
            self.rows = [[plain(line.get(code)) for code in codes] for line in table.rows]
            self.keys_shown = [str(line.get("_key", "")) for line in table.rows]

    def _on_choose(self, content: Mapping[str, Any], _buffers: list[Any]) -> None:
        key = str(content.get("key", ""))
        if self.selectable and key in self.keys_shown:
            self.chosen = key

    def _on_workbook(self, _content: Mapping[str, Any], _buffers: list[Any]) -> None:
        if self._table is not None:
            self.send({"kind": "file", "name": f"{self._table.code}.xlsx"}, [workbook(self._table)])
