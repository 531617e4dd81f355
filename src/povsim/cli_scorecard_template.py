"""The work behind ``povsim scorecard template``: tables to be filled in, and a scorecard to start an own one from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from povsim import cli_show
from povsim.assumptions import harmless_table
from povsim.errors import InputError, Problem
from povsim.scoring.schema import Scorecard
from povsim.scoring.scorecard import read_scorecard
from povsim.scoring.signal_names import AREAS
from povsim.scoring.template import write_card_template
from povsim.staging import replaced
from povsim.wording import Wording

Kind = Literal["entered", "weights", "card"]
ENDINGS = {"entered": (".csv", ".xlsx"), "weights": (".csv", ".xlsx"), "card": (".yaml", ".yml")}
WIDEST = 60
"""Columns of a sheet are as wide as their longest cell, up to this many letters."""


def write_template(name: str, out: Path, run: Path | None, kind: Kind, say: Wording) -> None:
    """Write a table to be filled in for a scorecard, or a new scorecard.

    Parameters
    ----------
    name : str
        A scorecard's file or name; for kind ``card`` the code of the new one.
    out : Path
        File to write: ``.csv`` or ``.xlsx``, for kind ``card`` ``.yaml``. It may not exist yet: it may have been filled
        in.
    run : Path, optional
        Folder of a run: its units and years fill the table of entered values. Without it the table has one blank unit
        and the years that the scorecard names, or none.
    kind : {"entered", "weights", "card"}
        Values to be entered, weights, or a scorecard.
    say : Wording
        Texts of the rooms ``commands`` and ``scorecards``.

    Raises
    ------
    InputError
        Another ending, a file that is there already, no such scorecard, a folder that is no run.
    """
    _check(out, run, kind)
    screen = cli_show.screen()
    if kind == "card":
        write_card_template(out, name)
        screen.print(say("scorecard.template.card", file=out))
        return
    card = read_scorecard(name)
    if kind == "weights":
        _write_weights(card, out, say)
        screen.print(say("scorecard.template.weights", file=out))
        return
    table = entered_table(card, run, say)
    write_table(table, out)
    screen.print(say("scorecard.template.entered", file=out, rows=len(table)))


def _check(out: Path, run: Path | None, kind: Kind) -> None:
    problems = []
    if out.suffix.lower() not in ENDINGS[kind]:
        problems.append(Problem("OUT", f"has no ending for kind {kind}", out.name, ", ".join(ENDINGS[kind])))
    if out.exists():
        problems.append(
            Problem("OUT", "is there already and may have been filled in", out.name, mend="name a new file")
        )
    elif not out.parent.is_dir():
        problems.append(Problem("OUT", "is in a folder that does not exist", str(out.parent)))
    if run is not None and kind != "entered":
        problems.append(Problem("--run", f"does not go with kind {kind}", allowed="kind entered"))
    if problems:
        raise InputError("povsim scorecard template", problems)


def _write_weights(card: Scorecard, out: Path, say: Wording) -> None:
    from povsim.scoring.schemes import weight_scheme

    scheme = weight_scheme(card)
    write = scheme.to_csv if out.suffix.lower() == ".csv" else scheme.to_excel
    write(out, lang=say.lang)


def entered_table(card: Scorecard, run: Path | None, say: Wording) -> pd.DataFrame:
    """Return the table of values to be entered, with the units and years of a run where one is given."""
    from povsim.scoring.entered import entered_template

    units, years = _units_and_years(card, run)
    return entered_template(card, units, years, lang=say.lang)


def _units_and_years(card: Scorecard, run: Path | None) -> tuple[list[str], list[int]]:
    if run is None:
        return [], dated_years(card)
    from povsim.folder import open_run
    from povsim.scoring.signals import units_of

    with open_run(run) as opened:
        years = [int(year) for year in opened.outcomes["year"].values]
        # Households and departments are not among the areas of a run: their names are entered.
        units = [str(unit) for unit in units_of(opened.outcomes, card.level)] if card.level in AREAS else []
    return units, years


def dated_years(card: Scorecard) -> list[int]:
    """Return the years that dated targets of a scorecard name, else the year in its code.

    Examples
    --------
    >>> dated_years(read_scorecard("xiangyin-2016"))[:2]
    [2016, 2017]
    """
    targets = [item.target.value for item in card.indicators if item.target is not None]
    years = {year for value in targets if isinstance(value, dict) for year in value}
    named = {int(part) for part in card.code.split("-") if len(part) == 4 and part.isdigit()}
    return sorted(years or named or {FIRST_YEAR})


FIRST_YEAR = 2016
"""Year of the rows where neither a run nor the scorecard says one; to be overwritten."""


def write_table(table: pd.DataFrame, out: Path) -> None:
    """Write a table as CSV (UTF-8 with BOM) or as a workbook, no cell of which is run as a formula.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(pd.DataFrame({"unit": ["=A"], "value": [None]}), Path(folder, "a.csv"))
    ...     Path(folder, "a.csv").read_text(encoding="utf-8-sig").splitlines()
    ['unit,value', "'=A,"]
    """
    guarded = harmless_table(table)
    with replaced(out) as part:
        if out.suffix.lower() == ".csv":
            guarded.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")
        else:
            _write_sheet(guarded, part)


def _write_sheet(table: pd.DataFrame, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    page = book.active
    page.append([str(column) for column in table.columns])
    for row in table.itertuples(index=False):
        page.append([None if pd.isna(cell) else cell for cell in row])
    for place, column in enumerate(table.columns, start=1):
        longest = max((len(str(cell)) for cell in (column, *table[column].dropna())), default=0)
        page.cell(row=1, column=place).font = Font(bold=True)
        page.column_dimensions[get_column_letter(place)].width = min(longest * 1.3 + 2, WIDEST)
    page.freeze_panes = "A2"
    with path.open("wb") as stream:
        book.save(stream)
