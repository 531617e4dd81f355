"""The work behind ``povsim goal-seek``: seek, say the answer in sentences, write goal.nc and goal.csv."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from povsim import cli_show, figures
from povsim.assumptions import harmless_table
from povsim.cli_progress import Reporter
from povsim.errors import InputError, Problem
from povsim.folder_files import write_dataset
from povsim.planning.goal_error import wilson
from povsim.planning.goals import GoalAnswer, goal_seek
from povsim.planning.levers import Lever, read_bounds
from povsim.register import read_register
from povsim.scenario import Scenario, read_scenario
from povsim.staging import replaced
from povsim.terms import Language
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

BATCHES = "runs"
"""Folder of finished batches, inside that of the results."""
LARGE = {"en": 1e6, "zh": 1e4}
"""From this amount on, money is told in millions (en) or ten thousands (zh)."""


@dataclass(frozen=True)
class Common:
    """What both commands take."""

    scenario: str
    register: Path | None = None
    mapping: Path | None = None
    draws: int = 100
    seed: int = 1
    threads: int | None = None
    out: Path | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class GoalOrder:
    """What was asked for on the command line."""

    common: Common
    target: str
    probability: float
    vary: tuple[str, ...]
    bounds: tuple[str, ...] = ()
    tolerance: float | None = None


def perform_goal_seek(order: GoalOrder, say: Wording) -> None:
    """Seek a goal, print the answer, write the files where a folder is named.

    Parameters
    ----------
    order : GoalOrder
        Scenario, goal, levers.
    say : Wording
        Texts of the rooms ``commands`` and ``goals``.

    Raises
    ------
    InputError
        Anything wrong with the inputs, before anything runs.
    """
    common = order.common
    with Reporter(say) as report:
        plan, register = read_inputs(common, report)
        report.phase("simulate")
        answer = goal_seek(
            plan,
            target=order.target,
            probability=order.probability,
            vary=order.vary,
            bounds=read_bounds(order.bounds) or None,
            register=register,
            draws=common.draws,
            seed=common.seed,
            tolerance=order.tolerance,
            threads=common.threads,
            progress=report,
            folder=None if common.out is None else common.out / BATCHES,
        )
    screen = cli_show.screen()
    for line in sentences(answer, say):
        screen.print(line)
    if not answer.frontier.empty:
        screen.print(_frontier(answer, say))
    if answer.status == "found" and answer.found is not None:
        path, value = answer.levers[0].path, f"{answer.found.value:.12g}"
        screen.print(say("goal.rerun", scenario=common.scenario, path=path, value=value), soft_wrap=True)
    screen.print(say("goal.runs", runs=figures.count(answer.runs), seed=answer.seed, seconds=f"{report.seconds:.1f}"))
    if common.out is not None:
        table = answer.tried if answer.frontier.empty else answer.frontier
        files = write_files(common.out, "goal", answer.dataset(), {"goal": table})
        screen.print(say("goal.written", files=files), soft_wrap=True)


def read_inputs(common: Common, report: Reporter) -> tuple[Scenario, xr.Dataset | None]:
    """Read plan and register.

    Raises
    ------
    InputError
        Faults of either; a mapping without a register.
    """
    report.phase("scenario")
    plan = read_scenario(common.scenario, overrides=common.overrides)
    if common.register is None:
        if common.mapping is not None:
            what = "says how a register is read, but no register is given"
            raise InputError(common.scenario, [Problem("--mapping", what, mend="add --register")])
        return plan, None
    report.phase("register")
    return plan, read_register(common.register, common.mapping)


def write_files(folder: Path, name: str, dataset: xr.Dataset, tables: dict[str, pd.DataFrame]) -> str:
    """Write a Dataset and its tables, and return the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    with replaced(folder / f"{name}.nc") as part:
        write_dataset(dataset, part)
    for code, table in tables.items():
        plain = harmless_table(table)
        with replaced(folder / f"{code}.csv") as part:
            plain.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")
    return ", ".join(str(folder / file) for file in (f"{name}.nc", *(f"{code}.csv" for code in tables)))


def sentences(answer: GoalAnswer, say: Wording) -> Iterator[str]:
    """Say what was found, sentence by sentence."""
    lang = say.lang
    asked = {"goal": answer.goal.shown(lang), "probability": figures.probability(answer.probability, lang)}
    plan = _chance(answer.plan_held, answer.plan_draws, lang)
    if answer.status == "held":
        yield say("goal.held", **asked, **plan)
        return
    yield say("goal.plan", **{key: plan[key] for key in ("draws", "held", "share")})
    if answer.found is None:
        first, second = (f"{item.label(lang)} ({item.path})" for item in answer.levers)
        yield say("goal.frontier", **asked, first=first, second=second)
        return
    yield from _of_one(answer, asked, say)


def _of_one(answer: GoalAnswer, asked: dict[str, str], say: Wording) -> Iterator[str]:
    found, lever, lang = answer.found, answer.levers[0], say.lang
    assert found is not None
    bounds, unit = amounts([lever.low, lever.high, found.value], lever, lang)
    told = {**asked, "label": lever.label(lang), "path": lever.path, "unit": unit}
    chance = _chance(found.held, answer.draws, lang)
    if found.status == "found":
        (now, value, low, high), unit = amounts([lever.now, found.value, found.low, found.high], lever, lang)
        dated = isinstance(lever.entry.value, dict)
        values = list(lever.entry.value.values()) if isinstance(lever.entry.value, dict) else [lever.now]
        verb = "raise" if found.value > max(values) else "lower" if found.value < min(values) else "set"
        now = _path(lever, lang) if dated else now
        told |= {"unit": unit, "now": now, "value": value, "low": low, "high": high}
        yield say("goal.found", **told, verb=say(f"goal.{verb}"))
        yield say("goal.chance", **chance)
    elif found.status == "unreachable":
        ends = {"low": bounds[0], "high": bounds[1], "value": bounds[2]}
        interval = {"least": chance["low"], "most": chance["high"], "share": chance["share"], "draws": chance["draws"]}
        yield say("goal.unreachable", **told, **ends, **interval)
    elif found.status == "everywhere":
        yield say("goal.everywhere", **told, low=bounds[0], high=bounds[1])
    else:
        yield say(
            "goal.no_effect", **_without(told, "probability"), low=bounds[0], high=bounds[1], share=chance["share"]
        )
    if found.status in ("found", "unreachable"):
        yield say("goal.monotone") if found.direction else say("goal.winding")
        if isinstance(lever.entry.value, dict):
            yield say("goal.dated")


def _path(lever: Lever, lang: Language) -> str:
    """Return a dated entry: the value of each year."""
    dated = dict(sorted(lever.entry.value.items())) if isinstance(lever.entry.value, dict) else {}
    shown, _ = amounts(list(dated.values()), lever, lang)
    listed = [
        f"{value} ({year})" if lang == "en" else f"{value}（{year}年）"
        for year, value in zip(dated, shown, strict=True)
    ]
    return (", " if lang == "en" else "、").join(listed)


def _without(told: dict[str, str], key: str) -> dict[str, str]:
    return {name: text for name, text in told.items() if name != key}


def _chance(held: int, draws: int, lang: Language) -> dict[str, str]:
    low, high = wilson(held, draws)
    return {
        "held": figures.count(held),
        "draws": figures.count(draws),
        "share": figures.percent(held / draws, lang, 0),
        "low": figures.percent(low, lang, 0),
        "high": figures.percent(high, lang, 0),
    }


def amounts(values: Sequence[float], lever: Lever, lang: Language) -> tuple[list[str], str]:
    """Return values of a lever for people, and their unit with what stands before it.

    Examples
    --------
    >>> from povsim.planning.levers import find_levers
    >>> lever = find_levers(read_scenario("xiangyin-2016"), ["measures.industry.capacity.budget"])[0]
    >>> amounts([12e6, 21.5e6], lever, "en"), amounts([12e6, 21.5e6], lever, "zh")
    ((['12', '21.5'], ' million yuan per year'), (['1,200', '2,150'], '万元/年'))
    """
    unit = figures.unit_name(lever.unit, lang)
    gap = " " if lang == "en" else ""
    if lever.unit.startswith("share"):
        # A share per year is a rate of growth: its year is said after the number.
        rest = lever.unit.removeprefix("share").strip()
        return [_short(100 * value) + f"{gap}%" for value in values], f" {rest}" if rest and lang == "en" else ""
    money = lever.unit.split(" ")[0] not in ("households", "villages", "years", "factor", "ratio", "log")
    if money and max(abs(value) for value in values) >= LARGE[lang]:
        scale, word = (1e6, "million ") if lang == "en" else (1e4, "万")
        return [_short(value / scale) for value in values], f"{gap}{word}{unit}"
    return [_short(value) for value in values], f"{gap}{unit}"


def _short(value: float) -> str:
    """Return a number with four digits or so, whole ones whole."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 4
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"


def _frontier(answer: GoalAnswer, say: Wording) -> Table:
    first, second = answer.levers
    rows = []
    for row in answer.frontier.to_dict("records"):
        other, unit = amounts([row[second.path]], second, say.lang)
        cells = [other[0] + unit]
        if row["status"] == "found":
            (value, low, high), unit = amounts([row["value"], row["low"], row["high"]], first, say.lang)
            cells += [value + unit, f"{low} - {high}"]
        else:
            cells += [say(f"frontier.{row['status']}"), figures.NOTHING]
        rows.append([*cells, figures.percent(float(row["probability"]), say.lang, 0)])
    headings = [second.path, say("column.needed"), say("column.within"), say("column.holds")]
    return cli_show.grid(headings, rows)
