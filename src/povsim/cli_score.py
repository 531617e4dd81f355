"""The work behind ``povsim score``: which scorecards, their values and points, what is printed and written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from povsim import cli_show, figures
from povsim.cli_progress import Reporter
from povsim.errors import InputError, Problem
from povsim.folder import Run, open_run
from povsim.folder_files import write_dataset
from povsim.scoring.cells import LEAD, ORIGINS
from povsim.scoring.departments import departments
from povsim.scoring.entered import Shared
from povsim.scoring.league import league, usual_step, years_of
from povsim.scoring.missing import POLICIES, policies_used
from povsim.scoring.schema import Scorecard
from povsim.scoring.schemes import WeightScheme, weight_scheme
from povsim.scoring.scorecard import figures_of, read_scorecard
from povsim.scoring.scores import score
from povsim.scoring.signal_names import AREAS
from povsim.scoring.signals import units_of
from povsim.scoring.spread import spread_by_origin
from povsim.scoring.values import indicator_values
from povsim.scoring.workbook import write_workbook
from povsim.staging import replaced
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

MOST_TRIGGERS = 12
"""Triggers told on the screen."""
FEW = 3
"""Up to so many units a table runs over the years; more are a league table for each year."""
WIDEST_UNIT, WIDEST_ITEM = 18, 22
"""Columns of the names of units and items on the screen; the workbook has them whole."""


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    run: Path
    scorecard: str | None = None
    entered: Path | None = None
    schemes: tuple[Path, ...] = ()
    by: str | None = None
    year: int | None = None
    out: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class Scored:
    """A scorecard with its values and scores."""

    card: Scorecard
    values: xr.Dataset
    scores: xr.Dataset


def perform(order: Order, say: Wording) -> None:
    """Score a run, print the tables and write ``scores.nc`` and ``scores.xlsx``.

    Parameters
    ----------
    order : Order
        Run, scorecard, entered values, schemes.
    say : Wording
        Texts of the rooms ``commands`` and ``score``.

    Raises
    ------
    InputError
        Anything wrong with the inputs; nothing has been written then.
    """
    with open_run(order.run) as run:
        cards = _cards(order, run)
        _check(order, cards, run)
        schemes = _schemes(order, cards)
        with Reporter(say) as report:
            report.phase("score")
            done = [_score(order, run, card, cards, schemes) for card in cards]
            report.phase("write")
            files = _write(order, done, run, say)
        _print(order, done, say)
    screen = cli_show.screen()
    screen.print(say("score.written", files=", ".join(files)))
    screen.print(say("score.hint", card=order.scorecard or cards[0].code, run=order.run), soft_wrap=True)


def _cards(order: Order, run: Run) -> list[Scorecard]:
    """Return the scorecards asked for: by name, by level among those of the scenario, or all of the scenario's."""
    names = [order.scorecard] if order.scorecard else list(run.scenario.scorecards)
    if not names:
        mend = "name one: --scorecard NAME; povsim scorecards lists them"
        raise InputError(str(order.run), [Problem("--scorecard", "the scenario names no scorecard", mend=mend)])
    cards = [read_scorecard(name) for name in names]
    level = "county" if order.by == "department" else order.by
    if level is None:
        return cards
    fitting = [card for card in cards if card.level == level]
    if order.by == "department" and order.scorecard:
        fitting = cards
    if not fitting:
        found = ", ".join(f"{card.code} ({card.level})" for card in cards)
        mend = "name a scorecard of that level: --scorecard NAME"
        raise InputError(str(order.run), [Problem("--by", f"no scorecard of level {level}", found, mend=mend)])
    return fitting[:1]


def _check(order: Order, cards: Sequence[Scorecard], run: Run) -> None:
    """Refuse beforehand what could only fail at the end."""
    problems, years = [], [int(year) for year in run.outcomes["year"].to_numpy()]
    if order.year is not None and order.year not in years:
        allowed = f"{years[0]} to {years[-1]}"
        problems.append(Problem("--year", "is not in the run", str(order.year), allowed))
    if order.by == "department" and cards[0].attribution is None:
        mend = "write attribution: {rule: equal, source: ..., status: assumed} into the scorecard"
        what = f"{cards[0].code} does not say how points are shared by the units that answer for them"
        problems.append(Problem("attribution", what, allowed="rule: equal or first_named", mend=mend))
    if order.out is not None and order.out.exists() and not order.out.is_dir():
        problems.append(Problem("--out", "is a file", str(order.out), "a folder"))
    if problems:
        raise InputError(str(order.run), problems)


def _schemes(order: Order, cards: Sequence[Scorecard]) -> list[WeightScheme]:
    """Return the card's own scheme and those read from files, each named after its file."""
    if not order.schemes:
        return []
    if len(cards) > 1:
        names = ", ".join(card.code for card in cards)
        problem = Problem("--scheme", "which scorecard is it for?", names, mend="add --scorecard NAME")
        raise InputError("povsim score", [problem])
    own = weight_scheme(cards[0])
    read = []
    for path in order.schemes:
        reader = own.from_csv if path.suffix.lower() == ".csv" else own.from_excel
        read.append(reader(path, code=path.stem))
    return [own, *read]


def _score(
    order: Order, run: Run, card: Scorecard, cards: Sequence[Scorecard], schemes: Sequence[WeightScheme]
) -> Scored:
    entered = None
    if order.entered is not None:
        entered = Shared(order.entered, _foreign_units(run, card, cards))
    values = indicator_values(run.outcomes, card, entered=entered, seed=order.seed)
    try:
        return Scored(card, values, score(values, card, schemes=schemes or None))
    except InputError:
        if order.year is None:
            raise
        # other years may lack what this one has
        values = values.sel(year=[order.year])
        return Scored(card, values, score(values, card, schemes=schemes or None))


def _foreign_units(run: Run, card: Scorecard, cards: Sequence[Scorecard]) -> frozenset[str]:
    """Return the units of the other scorecards, whose rows in a shared table are not this card's."""
    others = [other.level for other in cards if other.level != card.level and other.level in AREAS]
    own = set(units_of(run.outcomes, card.level)) if card.level in AREAS else set()
    return frozenset(unit for level in others for unit in units_of(run.outcomes, level) if unit not in own)


def _write(order: Order, done: Sequence[Scored], run: Run, say: Wording) -> list[str]:
    folder = order.out or order.run
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for place, one in enumerate(done):
        name = "scores.nc" if place == 0 else f"scores-{one.card.code}.nc"
        with replaced(folder / name) as part:
            write_dataset(one.scores, part)
        files.append(name)
    for stale in folder.glob("scores-*.nc"):
        if stale.name not in files:
            stale.unlink()
    with replaced(folder / "scores.xlsx") as part:
        about = {"run": str(order.run), "seed": str(order.seed)}
        write_workbook(part, [(one.card, one.values, one.scores) for one in done], about, say)
    return [str(folder / name) for name in (*files, "scores.xlsx")]


def _print(order: Order, done: Sequence[Scored], say: Wording) -> None:
    screen = cli_show.screen()
    for one in done:
        for line in _heading(one, say):
            screen.print(line)
        screen.print()
        for scenario in range(one.scores.sizes["scenario"]):
            for scheme in range(one.scores.sizes["scheme"]):
                _print_tables(order, one, (scenario, scheme), say)
        if order.by == "department":
            cli_show.show_whole(screen, _department_table(one, years_of(one.scores, order.year)[-1], say))
            screen.print()
        for line in _triggers(one, years_of(one.scores, order.year), say):
            screen.print(line)
        for line in _notes(one, years_of(one.scores, order.year), say):
            screen.print(line)
        screen.print()


def _heading(one: Scored, say: Wording) -> Iterator[str]:
    yield say("score.title", card=one.card.label(say.lang), document=one.card.scorecard.document)
    sizes = one.scores.sizes
    level, points = say(f"level.{one.card.level}"), f"{one.card.total_points:g}"
    yield say("score.level", units=sizes["unit"], level=level, draws=sizes["draw"], points=points)


def _print_tables(order: Order, one: Scored, place: tuple[int, int], say: Wording) -> None:
    screen, (scenario, scheme) = cli_show.screen(), place
    if one.scores.sizes["scenario"] > 1:
        screen.print(say("score.scenario", scenario=str(one.scores["scenario"].to_numpy()[scenario])))
    if one.scores.sizes["scheme"] > 1:
        screen.print(say("score.scheme", scheme=str(one.scores["scheme"].to_numpy()[scheme])))
    tables = {
        year: league(one.scores, one.card, year, scenario=scenario, scheme=scheme)
        for year in years_of(one.scores, order.year)
    }
    if one.scores.sizes["unit"] <= FEW:
        frame = pd.concat([table.assign(year=year) for year, table in tables.items()])
        cli_show.show_whole(screen, _grid(one, frame, say, over_years=True))
        screen.print()
        return
    for year, table in tables.items():
        screen.print(say("score.year", year=year))
        cli_show.show_whole(screen, _grid(one, table, say, over_years=False))
        screen.print()


def _grid(one: Scored, frame: pd.DataFrame, say: Wording, *, over_years: bool) -> Table:
    graded, blocked = one.card.grades is not None, bool(one.card.vetoes)
    passing = any(item.rule.type == "gate" for item in one.card.indicators)
    passing = passing or any(veto.effect == "fail" for veto in one.card.vetoes)
    headings = [say("column.year"), say("column.unit")] if over_years else [say("column.place"), say("column.unit")]
    headings += [say("column.points"), say("column.band")]
    headings += [] if over_years else [say("column.ranks")]
    headings += [say("column.grade")] if graded else []
    headings += [say("column.vetoed")] if blocked else []
    headings += [say("column.passed")] if passing else []
    rows = []
    for unit, row in frame.iterrows():
        first = str(row["year"]) if over_years else str(row["place"] or figures.NOTHING)
        cells = [first, _short(str(unit), WIDEST_UNIT), f"{row['points']:.1f}", f"{row['low']:.1f}-{row['high']:.1f}"]
        cells += [] if over_years else [_ranks(row["rank_low"], row["rank_high"])]
        cells += [grade_text(one.card, row["grade"], row["grade_share"], say)] if graded else []
        cells += [figures.probability(row["vetoed"], say.lang)] if blocked else []
        cells += [figures.probability(row["passed"], say.lang)] if passing else []
        rows.append([*cells, _loss(one.card, row["lost"], say)])
    words = [1, *([headings.index(say("column.grade"))] if graded else []), len(headings)]
    return cli_show.grid([*headings, say("column.lost")], rows, left=words)


def _ranks(low: float, high: float) -> str:
    return figures.NOTHING if np.isnan(low) else f"{low:.0f}-{high:.0f}"


def grade_text(card: Scorecard, place: int, share: float, say: Wording) -> str:
    """Return a grade's name with how often it is reached."""
    if card.grades is None or place < 0:
        return figures.NOTHING
    return f"{card.grades.grades[place].label(say.lang)} ({figures.probability(share, say.lang)})"


def _loss(card: Scorecard, losses: dict[str, float], say: Wording) -> str:
    """Name the item that a unit loses most on, with the points."""
    for code, points in losses.items():
        return f"{_short(card.by_code()[code].label(say.lang), WIDEST_ITEM)} -{points:.1f}"
    return figures.NOTHING


def _short(text: str, width: int) -> str:
    """Return a text cut to a number of columns; a Chinese character takes two."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _department_table(one: Scored, year: int, say: Wording) -> Table:
    found = departments(one.scores, one.card).isel(scenario=0, scheme=0).sel(year=year).mean("draw")
    sums = found[["points_available", "points_earned", "points_lost"]].sum("unit")
    sums["share"] = sums["points_earned"] / sums["points_available"]
    if "disqualified" in found:
        sums["disqualified"] = found["disqualified"].mean("unit")
    found = sums
    order = np.argsort(-found["points_lost"].to_numpy(), kind="stable")
    rows = []
    for place in order:
        at = found.isel(department=int(place))
        cells = [
            str(at["department"].to_numpy()),
            *(f"{float(at[name]):.2f}" for name in ("points_available", "points_earned", "points_lost")),
        ]
        cells.append(figures.percent(float(at["share"]), say.lang, 1))
        if "disqualified" in found:
            cells.append(figures.probability(float(at["disqualified"]), say.lang))
        rows.append(cells)
    headings = [say(f"column.{key}") for key in ("department", "available", "earned", "lost_points", "share")]
    headings[0] += f" ({year})"
    headings += [say("column.struck")] if "disqualified" in found else []
    return cli_show.grid(headings, rows)


def _triggers(one: Scored, years: Sequence[int], say: Wording) -> Iterator[str]:
    """Say which triggers are set off where, how often, and what mostly follows."""
    scores, lines = one.scores.isel(scenario=0, scheme=0), []
    for year in years:
        for unit in scores["unit"].to_numpy():
            here = scores.sel(year=year, unit=unit)
            for trigger in one.card.triggers:
                share = float((here["triggered"].sel(trigger=trigger.code) > 0).mean())
                if share > 0:
                    step = usual_step(one.card, trigger, here["step"].sel(trigger=trigger.code).to_numpy(), say)
                    told = figures.probability(share, say.lang)
                    names = {"unit": str(unit), "trigger": trigger.label(say.lang), "share": told, "step": step}
                    lines.append(say("trigger.line", year=year, **names))
    if lines:
        yield say("trigger.title")
        yield from (f"  {line}" for line in lines[:MOST_TRIGGERS])
        if len(lines) > MOST_TRIGGERS:
            yield "  " + say("trigger.more", count=len(lines) - MOST_TRIGGERS)


def _notes(one: Scored, years: Sequence[int], say: Wording) -> Iterator[str]:
    """Say where the spread comes from, what was missing, what the card rests on."""
    parts = spread_by_origin(one.scores).isel(scenario=0, scheme=0).sel(year=list(years)).mean(("year", "unit"))
    total = float(parts["variance"].sum())
    if total > 0:
        shares = {str(code): float(parts["variance"].sel(origin=code)) / total for code in parts["origin"].to_numpy()}
        named = [
            f"{say(f'origin.{code}')} {figures.percent(share, say.lang, 0)}" for code, share in shares.items() if share
        ]
        yield say("spread.title", parts=", ".join(named))
    else:
        yield say("spread.none")
    filled = one.scores["filled"].transpose("indicator", *LEAD).to_numpy()
    for item, policy, when in policies_used(filled, years_of(one.scores)):
        shown = ", ".join(str(year) for year in when if year in years)
        if shown:
            name = one.card.indicators[item].label(say.lang)
            yield say("filled.note", indicator=name, years=shown, policy=say(f"policy.{POLICIES[policy]}"))
    statuses = [status for *_, status in figures_of(one.card)]
    cells = one.scores["value_source"].sel(year=list(years)).to_numpy().ravel()
    parts_of = np.bincount(cells, minlength=len(ORIGINS)) / max(cells.size, 1)
    part = {name: figures.percent(float(parts_of[place]), say.lang, 0) for place, name in enumerate(ORIGINS)}
    counts = {status: statuses.count(status) for status in ("documented", "estimated", "assumed")}
    given = {"simulated": part["simulated"], "entered": part["entered"], "assumed_values": part["assumed"]}
    yield say("values.note", **counts, **given)
    if one.card.peers is not None:
        peers = one.card.peers
        yield say("peers.note", count=f"{peers.count.at(years[-1]):g}", name=peers.label(say.lang))
    yield say("about.band")
