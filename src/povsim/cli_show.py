"""What commands print: tables and notes for a planner, in either language, no wider than 100 columns."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from povsim import figures
from povsim.terms import Language
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from rich.console import Console
    from rich.table import Table

    from povsim.assumptions import Assumption
    from povsim.errors import Problem
    from povsim.outlook import Forecast
    from povsim.scenario import Scenario

WIDTH = 100
"""Columns of what is printed to a file or a pipe."""
ENOUGH_DRAWS = 100


def screen() -> Console:
    """Return where to print: as wide as the terminal, or 100 columns."""
    from rich.console import Console

    fixed = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else WIDTH
    return Console(width=fixed, highlight=False, markup=False, emoji=False, soft_wrap=False)


def grid(headings: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = (0,)) -> Table:
    """Return a plain table; numbers to the right, the columns named in ``left`` to the left."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, show_header=any(headings))
    for place, heading in enumerate(headings):
        text = place in left
        # Only words may be folded into the next line: half a number is a wrong number.
        table.add_column(
            Text(heading), justify="left" if text else "right", no_wrap=not text or place == 0, overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def show_whole(screen: Console, table: Table) -> None:
    """Print a table of numbers at its own width: a terminal that is too narrow folds lines, but no digit is lost."""
    from rich.measure import Measurement

    before = screen.width
    wanted = Measurement.get(screen, screen.options.update(width=10 * WIDTH, max_width=10 * WIDTH), table).maximum
    screen.width = max(before, wanted)
    screen.print(table)
    screen.width = before


def people_of(register: xr.Dataset, say: Wording) -> str:
    """Say how many households and persons there are; where sizes are not known, households only."""
    weight = register["weight"].values.astype(np.int64)
    households = figures.count(int(weight.sum()))
    if register.attrs.get("unit_of_persons") == "households":
        return say("people.households", households=households)
    persons = figures.count(int((weight * register["persons"].values).sum()))
    return say("people.persons", households=households, persons=persons)


def headline(outcomes: xr.Dataset, register: xr.Dataset, scenario: Scenario, say: Wording, *, seed: int) -> list[str]:
    """Return the lines above the table: the plan, the people, how many of them are made up."""
    weight = register["weight"].values.astype(np.int64)
    synthetic = int(weight[register["synthetic"].values].sum())
    county = ", ".join(dict.fromkeys(register["county"].values.astype(str).tolist()))
    if say.lang == "en":
        county = register.attrs.get("county_name_en", county)
    draws = figures.count(outcomes.sizes["draw"])
    people = say("run.people", county=county, people=people_of(register, say), draws=draws, seed=seed)
    lines = [f"{scenario.label(say.lang)}  {scenario.years[0]}-{scenario.years[1]}", people]
    if synthetic == weight.sum():
        lines.append(say("run.synthetic.all"))
    elif synthetic:
        lines.append(say("run.synthetic.some", synthetic=figures.count(synthetic)))
    return lines


def forecast_table(result: Forecast, scenario: Scenario, say: Wording) -> Table:
    """Return the forecast by year, with the totals in the last row."""
    table, lang = result.table, say.lang
    name = figures.currency_name(scenario.currency, lang)
    headings = [say(f"column.{key}") for key in ("year", "headcount", "band", "exits", "relapses", "wrong_exits")]
    headings.append(say("column.spending", unit=say("money.large", currency=name)))
    headings.append(say("column.probability"))
    headings.append(say("column.cost", unit=say("money.one", currency=name)))
    spending = figures.money([*table["spending"], table["spending"].sum()], lang)
    cost = figures.unit_cost(table["cost_per_lasting_exit"].tolist(), lang)
    rows = [
        [
            str(year),
            figures.percent(row["headcount_ratio"], lang),
            figures.band(row["low"], row["high"], lang),
            *(figures.count(row[key]) for key in ("exits", "relapses", "wrong_exits")),
            spending[place],
            figures.probability(row["target_probability"], lang),
            cost[place],
        ]
        for place, (year, row) in enumerate(table.iterrows())
    ]
    sums = [figures.count(table[key].sum()) for key in ("exits", "relapses", "wrong_exits")]
    rows.append([say("row.total"), "", "", *sums, spending[-1], "", ""])
    return grid(headings, rows)


def target_table(result: Forecast, say: Wording) -> Table:
    """Return the probability of each target, target by target, each name said once."""
    lang = say.lang
    order = {code: place for place, code in enumerate(dict.fromkeys(result.targets["target"]))}
    rows, told = [], ""
    for row in sorted(result.targets.to_dict("records"), key=lambda row: (order[row["target"]], row["year"])):
        name = "" if row["target"] == told else str(row[f"name_{lang}"])
        told = row["target"]
        value = figures.percent(row["value"], lang) if row["unit"] == "share" else figures.number(row["value"])
        required = say(f"comparison.{row['comparison']}", value=value)
        rows.append([name, str(row["year"]), required, figures.probability(row["probability"], lang)])
    headings = (say("targets.title"), say("column.year"), say("targets.required"), say("targets.probability"))
    return grid(headings, rows)


def alignment_lines(outcomes: xr.Dataset, scenario: Scenario, say: Wording) -> list[str]:
    """Return what each tied total of each year needed: what was reached, and the stretch from draw to draw."""
    lines = []
    for item in scenario.alignment:
        path = item.value.value
        one = outcomes.sel(scenario=scenario.code, total=item.total)
        for year in (year for year in scenario.span if isinstance(path, dict) and year in path):
            goal = item.value.at(year)
            stretch, missed = (one[f"alignment_{key}"].sel(year=year).values for key in ("stretch", "missed"))
            middle, low, high = (f"{call(stretch):.3f}" for call in (np.median, np.min, np.max))
            reached = {"goal": figures.count(goal), "reached": figures.count(float(np.median(goal - missed)))}
            unit = figures.unit_name(item.value.unit, say.lang)
            lines.append(
                say(f"aligned.{item.total}", year=year, unit=unit, **reached, middle=middle, low=low, high=high)
            )
    return [say("alignment.title"), *lines] if lines else []


def notes(outcomes: xr.Dataset, counts: dict[str, int], name: str, say: Wording) -> list[str]:
    """Return what has to be known to read the table: units, spread, lasting exits, what is assumed."""
    draws = outcomes.sizes["draw"]
    unit = str(outcomes.attrs.get("unit_of_persons", "persons"))
    lines = [
        say("table.counts", unit=say.find(f"unit.{unit}") or unit),
        say("note.cost"),
        say("note.spread", draws=figures.count(draws)),
    ]
    if draws < ENOUGH_DRAWS:
        lines.append(say("note.few", enough=ENOUGH_DRAWS))
    return [*lines, say("note.assumed", **counts), f"  povsim assumptions {name}"]


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """Return problems as an indented list."""
    return [f"  - {problem.line()}" for problem in problems]


def describe_tables(tables: dict[str, pd.DataFrame], say: Wording) -> Iterable[tuple[str, Table | str]]:
    """Yield a title and a table for each table of a register."""
    for key, frame in tables.items():
        if frame.empty:
            yield say(f"describe.{key}"), say("describe.nothing_missing")
            continue
        shown = frame.reset_index() if frame.index.name else frame
        rows = [
            [_cell(value, first=place == 0) for place, value in enumerate(row)] for row in shown.itertuples(index=False)
        ]
        left = [place for place in range(shown.shape[1]) if place == 0 or shown.dtypes.iloc[place].kind not in "iuf"]
        yield say(f"describe.{key}"), grid([str(column) for column in shown.columns], rows, left)


def _cell(value: object, *, first: bool) -> str:
    if not isinstance(value, (int, float, np.number)):
        return str(value)
    return f"{value:.0%}" if first else figures.count(float(value))


def assumption_lines(row: Assumption, lang: Language) -> tuple[str, str]:
    """Return a figure as two lines: what it is and its value, then where it is set and where it comes from."""
    say, entry = wording(lang, "commands"), row.entry
    if isinstance(entry.value, dict):
        value = ", ".join(f"{year}: {figures.number(item)}" for year, item in sorted(entry.value.items()))
    elif entry.unit == "year":
        value = f"{entry.value:.0f}"
    else:
        value = figures.number(entry.value)
    colon = say("colon")
    return (
        f"{row.meaning(lang)}{colon}{value} {figures.unit_name(entry.unit, lang)} [{say('status.' + entry.status)}]",
        f"    {row.path}  {figures.source_name(entry.source, lang)}",
    )
