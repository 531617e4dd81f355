"""The work behind ``povsim sensitivity weights``: whose place rests on the points, and on which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from povsim import cli_show, figures
from povsim.cli_progress import Reporter
from povsim.errors import InputError, Problem, nearest
from povsim.folder import Run, open_run
from povsim.scoring.schema import Scorecard
from povsim.scoring.schemes import WeightScheme, weight_scheme
from povsim.scoring.scorecard import read_scorecard
from povsim.scoring.scores import score
from povsim.scoring.values import indicator_values
from povsim.sensitivity.weight_cards import case_of, compare_schemes
from povsim.sensitivity.weight_files import write_report
from povsim.sensitivity.weight_moves import entry_words
from povsim.sensitivity.weight_report import Report, analyse
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

TOP = 3
MOST_ROWS = 40
"""Units shown; files have them all."""
MOVERS = 6
"""Items shown of those left out."""
WIDEST_UNIT, WIDEST_ITEM = 18, 26


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    run: Path
    scorecard: str | None = None
    entered: Path | None = None
    schemes: tuple[Path, ...] = ()
    by: str | None = None
    year: int | None = None
    top: int | None = None
    count: int = 10_000
    seed: int = 0
    out: Path | None = None


@dataclass(frozen=True)
class Answer:
    """A report with what it was made from, and the schemes compared, if any."""

    card: Scorecard
    year: int
    report: Report
    compared: xr.Dataset | None


def perform(order: Order, say: Wording) -> None:
    """Score a run and say how far ranks rest on the points; write ``weights.nc`` and ``weights.xlsx``.

    Parameters
    ----------
    order : Order
        Run, scorecard, schemes to compare, how many places count as the first.
    say : Wording
        Texts of the rooms ``commands`` and ``weights``.

    Raises
    ------
    InputError
        Anything wrong with the inputs; nothing has been written then.
    """
    with open_run(order.run) as run:
        card = _card(order, run)
        with Reporter(say) as report:
            report.phase("score")
            answer = _answer(order, run, card)
    folder = order.out or order.run
    files = write_report(folder, answer.report, answer.compared, say)
    screen = cli_show.screen()
    for part in _parts(answer, say):
        if isinstance(part, str):
            screen.print(part)
        else:
            cli_show.show_whole(screen, part)
    screen.print(say("weights.written", files=", ".join(files)))


def _card(order: Order, run: Run) -> Scorecard:
    """Return the card asked for by name, else the only one of the scenario at the level asked for."""
    names = [order.scorecard] if order.scorecard else list(run.scenario.scorecards)
    cards = [read_scorecard(name) for name in names]
    fitting = [card for card in cards if order.by in (None, card.level)]
    problems = []
    if not order.scorecard and len(fitting) != 1:
        found = ", ".join(f"{card.code} ({card.level})" for card in cards) or "none in the scenario"
        mend = "name one: --scorecard NAME; povsim scorecards lists them"
        problems.append(Problem("--scorecard", "which one?", found, mend=mend))
    elif not fitting:
        problems.append(Problem("--by", "is not the scorecard's level", str(order.by), cards[0].level))
    years = [int(year) for year in run.outcomes["year"].to_numpy()]
    if order.year is not None and order.year not in years:
        mend = nearest(str(order.year), [str(year) for year in years])
        problems.append(Problem("--year", "is not in the run", str(order.year), f"{years[0]} to {years[-1]}", mend))
    if problems:
        raise InputError(str(order.run), problems)
    return fitting[0]


def _answer(order: Order, run: Run, card: Scorecard) -> Answer:
    values = indicator_values(run.outcomes, card, entered=order.entered, seed=order.seed)
    year = int(values["year"].to_numpy()[-1]) if order.year is None else order.year
    units = values.sizes["unit"]
    problems = []
    if units < 2:
        mend = "choose a scorecard of townships or villages"
        problems.append(Problem(card.code, "has one unit, so that there are no ranks", card.level, mend=mend))
    elif order.top is not None and order.top > units:
        problems.append(Problem("--top", "is more than there are units", str(order.top), f"1 to {units}"))
    if problems:
        raise InputError(str(order.run), problems)
    top = min(TOP, max(1, units - 1)) if order.top is None else order.top
    schemes = _schemes(order, card)
    compared = None
    if schemes:
        compared = compare_schemes(score(values, card, schemes=schemes), year=year)
    return Answer(
        card, year, analyse(case_of(values, card, year=year), top=top, count=order.count, seed=order.seed), compared
    )


def _schemes(order: Order, card: Scorecard) -> list[WeightScheme]:
    """Return the card's own scheme and those read from files; none where no file is named."""
    own, read = weight_scheme(card), []
    for path in order.schemes:
        reader = own.from_csv if path.suffix.lower() == ".csv" else own.from_excel
        read.append(reader(path, code=path.stem))
    return [own, *read] if read else []


def _parts(answer: Answer, say: Wording) -> Iterator[str | Table]:
    report, card = answer.report, answer.card
    yield say("weights.title", card=card.label(say.lang), year=answer.year)
    sizes, top = report.case.scores.sizes, report.top
    yield say("weights.level", units=sizes["unit"], draws=sizes["draw"], points=f"{card.total_points:g}", top=top)
    count = int(report.near.attrs["weightings"])
    if report.case.reasons:
        yield say("weights.rescored", why=", ".join(report.case.reasons), count=count)
    else:
        yield say("weights.closed", error=f"{50 / np.sqrt(count):.1f}")
    yield ""
    yield say("weights.places", top=top)
    yield _unit_table(report, say)
    yield from _sure(report, say)
    yield say("weights.about_rescored") if report.case.reasons else say("weights.about")
    yield ""
    yield say("weights.items", top=top)
    yield _item_table(report, card, say)
    yield ""
    yield from _swaps(report, card, say)
    yield ""
    yield say("weights.left_out")
    yield _left_out_table(report, card, say)
    yield ""
    if answer.compared is not None:
        yield say("weights.compared", first=str(answer.compared["scheme"].to_numpy()[0]))
        yield _scheme_table(answer.compared, say)
        yield ""


def _in_order(report: Report) -> list[int]:
    points = report.units["points"].to_numpy()
    return [int(place) for place in np.argsort(-np.nan_to_num(points, nan=-np.inf), kind="stable")]


def _unit_table(report: Report, say: Wording) -> Table:
    # scored again, weights always meet the luck of draws
    keys = ("luck", "near", "any") if report.case.reasons else ("luck", "near", "any", "both")
    reach = "best_near" in report.units
    headings = [say("column.place"), say("column.unit"), say("column.points"), *(say(f"column.{key}") for key in keys)]
    headings += [say("column.reach")] if reach else []
    rows = []
    for place in _in_order(report)[:MOST_ROWS]:
        one = report.units.isel(unit=place)
        cells = [str(int(one["rank"])) if int(one["rank"]) else figures.NOTHING, _short(str(one["unit"].values))]
        cells.append(f"{float(one['points']):.2f}" if np.isfinite(one["points"]) else figures.NOTHING)
        cells += [figures.probability(float(one[f"top_{key}"]), say.lang) for key in keys]
        cells += [f"{int(one['best_near'])}-{int(one['worst_near'])}"] if reach else []
        rows.append(cells)
    return cli_show.grid(headings, rows, left=(1,))


def _sure(report: Report, say: Wording) -> Iterator[str]:
    """Say of the first how sure they are of it, in sentences."""
    for place in _in_order(report)[: min(report.top, TOP)]:
        one = report.units.isel(unit=place)
        shares = {key: figures.probability(float(one[f"top_{key}"]), say.lang) for key in ("near", "any")}
        yield say("weights.sure", unit=str(one["unit"].values), rank=int(one["rank"]), top=report.top, **shares)


def _item_table(report: Report, card: Scorecard, say: Wording) -> Table:
    items, rows = card.by_code(), []
    exact = "low_gainer" in report.items
    for place in range(report.items.sizes["indicator"]):
        one = report.items.isel(indicator=place)
        ends = {side: float(one[side]) for side in ("low", "high")}
        span = f"{ends['low']:.1f}-{ends['high']:.1f}"
        name = items[str(one["indicator"].values)].label(say.lang)
        cells = [_short(name, WIDEST_ITEM), f"{float(one['points']):.1f}", span]
        cells += [_exchange(one, side, say) for side in ("low", "high")] if exact else []
        rows.append(cells)
    headings = [say(f"column.{key}") for key in ("item", "now", "range", *(("below", "above") if exact else ()))]
    return cli_show.grid(headings, rows, left=(0, 3, 4) if exact else (0,))


def _exchange(one: xr.Dataset, side: str, say: Wording) -> str:
    loser, gainer = (str(one[f"{side}_{role}"].values) for role in ("loser", "gainer"))
    if not loser and not gainer:
        return say("weights.never")
    return say("weights.swap", loser=_short(loser, 10), gainer=_short(gainer, 10))


def _swaps(report: Report, card: Scorecard, say: Wording) -> Iterator[str]:
    if report.case.reasons:
        yield say("weights.no_swaps")
        return
    if report.swaps.empty:
        yield say("weights.all_first", top=report.top)
        return
    yield say("weights.swaps", top=report.top)
    items = card.by_code()
    for row in report.swaps.to_dict("records"):
        named = {"ahead": row["ahead"], "behind": row["behind"], "gap": f"{row['gap']:.2f}"}
        if not row["possible"]:
            yield "  " + say("weights.impossible", **named)
        elif not row["moves"]:
            yield "  " + say("weights.level_now", ahead=row["ahead"], behind=row["behind"])
        else:
            moves = [
                say(
                    "weights.one_move",
                    giver=items[giver].label(say.lang),
                    taker=items[taker].label(say.lang),
                    amount=f"{amount:.2f}",
                )
                for giver, taker, amount in row["moves"]
            ]
            yield "  " + say("weights.move", **named, moved=f"{row['moved']:.2f}", moves="; ".join(moves))


def _left_out_table(report: Report, card: Scorecard, say: Wording) -> Table:
    items, found = card.by_code(), report.left_out
    units = [str(unit) for unit in found["unit"].to_numpy()]
    now = _first(found["rank_now"], report.top)
    rows = []
    for place in np.argsort(-found["mean_move"].to_numpy(), kind="stable")[:MOVERS]:
        one = found.isel(indicator=int(place))
        then = _first(one["rank"], report.top)
        mover = _mover(one, units, say)
        names = [", ".join(_short(units[unit], 12) for unit in sorted(part)) for part in (then - now, now - then)]
        label = _short(items[str(one["indicator"].values)].label(say.lang), WIDEST_ITEM)
        rows.append([label, f"{float(one['mean_move']):.1f}", *(name or figures.NOTHING for name in names), mover])
    headings = [say(f"column.{key}") for key in ("item", "mean_move", "enters", "leaves", "mover")]
    return cli_show.grid(headings, rows, left=(0, 2, 3, 4))


def _mover(one: xr.Dataset, units: Sequence[str], say: Wording) -> str:
    """Return the unit that moves most; one that drops out or comes in moves more than any number of places."""
    entry, moved = one["entry"].to_numpy(), one["moved"].to_numpy()
    most = int((np.abs(entry) * (moved.size + 1) + np.abs(moved)).argmax())
    move = str(entry_words(one, say.lang).to_numpy()[most]) or f"{int(moved[most]):+d}"
    return f"{_short(units[most], 12)} {move}"


def _first(ranks: xr.DataArray, top: int) -> set[int]:
    values = ranks.to_numpy()
    return set(np.flatnonzero((values > 0) & (values <= top)).tolist())


def _scheme_table(compared: xr.Dataset, say: Wording) -> Table:
    schemes = [str(code) for code in compared["scheme"].to_numpy()]
    order = np.argsort(compared["rank"].isel(scheme=0).to_numpy(), kind="stable")[:MOST_ROWS]
    rows = []
    for place in order:
        one = compared.isel(unit=int(place))
        ranks = [str(int(rank)) if rank else figures.NOTHING for rank in one["rank"].to_numpy()]
        words = [str(word) for word in entry_words(one, say.lang).to_numpy()]
        moves = [word or f"{int(move):+d}" for word, move in zip(words, one["moved"].to_numpy(), strict=True)]
        rest = [f"{rank} ({move})" for rank, move in zip(ranks[1:], moves[1:], strict=True)]
        rows.append([_short(str(one["unit"].values)), ranks[0], *rest])
    return cli_show.grid([say("column.unit"), *(_short(code, 14) for code in schemes)], rows)


def _short(text: str, width: int = WIDEST_UNIT) -> str:
    """Return a text cut to a number of columns; a Chinese character takes two."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"
