"""The work behind ``povsim register margins``: a register made from margins, held against each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from povsim import cli_show, figures
from povsim.assumptions import LANGUAGES, harmless_table, margin_meaning
from povsim.errors import InputError, Problem
from povsim.margins import Margins, Township, Village, read_margins
from povsim.margins_report import margins_report
from povsim.staging import replaced
from povsim.synthetic import synthesise_register
from povsim.wording import Wording, wording

COLUMNS = ("target", "found", "difference", "tolerance")


def show_margins(name: str, seed: int, csv: Path | None, say: Wording) -> None:
    """Print how far a register is off its margins; write every line to a CSV file if asked for.

    Parameters
    ----------
    name : str
        File of margins, or a shipped name.
    seed : int
        Of the register.
    csv : Path or None
        File to write, both languages side by side.
    say : Wording
        With the rooms ``commands`` and ``margins``.
    """
    if csv is not None and Path(name).is_file() and csv.resolve() == Path(name).resolve():
        raise InputError("povsim register margins", [Problem("--csv", "is the margins file itself", csv.name)])
    margins = read_margins(name)
    register = synthesise_register(margins, seed=seed)
    table = margins_report(register, margins)
    screen = cli_show.screen()
    for text in _headlines(margins, register, table, say, seed=seed):
        screen.print(text)
    screen.print()
    seen = table[table["outcome"] != "unseen"]
    rows = [_row(margins, str(line["margin"]), line, say) for _, line in seen.iterrows()]
    screen.print(cli_show.grid(_headings(say), rows))
    screen.print()
    screen.print(say("stated.note"))
    hidden = [_meaning(margins, path, say) for path in table.loc[table["outcome"] == "unseen", "margin"]]
    if hidden:
        screen.print(say("stated.unseen"))
        screen.print("  " + ("；" if say.lang == "zh" else "; ").join(hidden))
    if csv is not None:
        with replaced(csv) as part:
            _told(margins, table).to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")
        screen.print(say("stated.written", file=csv, count=len(table)))


def _headlines(margins: Margins, register: xr.Dataset, table: pd.DataFrame, say: Wording, *, seed: int) -> list[str]:
    counts = table["outcome"].value_counts()
    label = margins.name_zh if say.lang == "zh" else margins.name_en
    households = figures.count(register.sizes["household"])
    persons = figures.count(int(register["persons"].sum()))
    kinds = {kind: int(counts.get(kind, 0)) for kind in ("met", "missed", "unseen")}
    return [
        say("stated.title", name=label, households=households, persons=persons, seed=seed),
        say("stated.counts", total=len(table), **kinds),
    ]


def _headings(say: Wording) -> list[str]:
    return [say("stated.margin"), *(say(f"stated.{column}") for column in COLUMNS), say("stated.outcome")]


def _row(margins: Margins, path: str, line: pd.Series[Any], say: Wording) -> list[str]:
    whole = line["unit"] == "year"
    values = [f"{line[column]:.0f}" if whole else _figure(float(line[column])) for column in COLUMNS]
    return [_meaning(margins, path, say), *values, say(f"outcome.{line['outcome']}")]


def _figure(value: float) -> str:
    """Return a figure with four decimals at most, none from a thousand on."""
    if abs(value) >= 1000:
        return figures.count(value)
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _meaning(margins: Margins, path: str, say: Wording) -> str:
    """Return what a margin stands for; those of an area begin with the Chinese names of its township and village."""
    owner, _, field = path.rpartition(".")
    first, _, second = owner.partition("/")
    for township in margins.townships:
        if township.name_zh == first:
            units = {unit.name_zh: unit for unit in township.units()}
            owners: list[Township | Village] = [township, *([units[second]] if second else [])]
            names = [(one.name_en if say.lang == "en" else "") or one.name_zh for one in owners]
            return say(f"townships.*.{field}").format(item="/".join(names))
    return margin_meaning(margins, path, say)


def _told(margins: Margins, table: pd.DataFrame) -> pd.DataFrame:
    told = table.copy()
    for place, lang in enumerate(LANGUAGES, start=1):
        say = wording(lang, "commands", "margins")
        told.insert(place, f"meaning_{lang}", [_meaning(margins, path, say) for path in table["margin"]])
    return harmless_table(told)
