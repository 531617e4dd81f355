"""A table as a workbook that goes on calculating: numbers stay numbers, and no text becomes a formula."""

from __future__ import annotations

from povsim.views.parts import Table


def workbook(table: Table) -> bytes:
    """Return the bytes of a workbook with one sheet: title, note, headings with units, rows.

    Parameters
    ----------
    table : Table
        In the reader's language; percent columns hold shares and are shown as percentages.

    Examples
    --------
    >>> from povsim.views.parts import Column
    >>> workbook(Table("t", "Title", [Column("a", "A", "number")], [{"a": 1.5}]))[:2]
    b'PK'
    """
    from povsim.dashboard.widgets.stage import stage
    from povsim.report.annex import table_workbook
    from povsim.wording import wording

    say = wording("en" if stage().lang == "en" else "zh", "dashboard")
    return table_workbook(table, (say("ui.yes"), say("ui.no")))
