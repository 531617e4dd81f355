"""Tables of a comparison: statistics, years, areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from povsim.planning.comparison_draws import Difference, difference
from povsim.terms import Language
from povsim.views.comparison_plans import Pair, Plan, Statistic, band_of, names, sentences, texts
from povsim.views.comparison_units import change_scale, level_scale
from povsim.views.comparison_words import unit_of
from povsim.views.parts import Column, Table

Level = Literal["county", "township", "village"]
SHEETS = {"count": "vs.statistics.count", "share": "vs.statistics.share", "money": "vs.statistics.money"}
TOWNSHIP, VILLAGE = "township", "village"


@dataclass(frozen=True)
class Line:
    """What a row says: its first cells, means under plans, differences from the first."""

    head: dict[str, Any]
    means: Sequence[float]
    told: Sequence[Difference]


def statistics(plan: Plan) -> list[Statistic]:
    """Return what plans can be compared by."""
    return [plan.statistic(str(code)) for code in plan.arrays["statistic"].tolist()]


def statistics_table(pairs: Sequence[Pair], place: int, form: str, lang: Language) -> Table:
    """Return all statistics of one form in a year: each plan, difference, band, how often better.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first.
    place : int
        Position of the year.
    form : {"count", "share", "money"}
        Which of them; a column holds amounts of one kind only.
    lang : {"zh", "en"}
        Language.
    """
    say, first = texts(lang), pairs[0].first
    plans = [first, *(one.second for one in pairs)]
    shown = [one for one in statistics(first) if one.form == form]
    lines = []
    for one in shown:
        head = {"_key": one.code, "name": one.label(lang), "unit": unit_of(one, first, lang)}
        means = [float(plan.value(one.code)[:, place].mean()) for plan in plans]
        lines.append(Line(head, means, [pair.difference(one.code, place=place) for pair in pairs]))
    columns, rows = _laid_out(lines, (first, shown[0]), (names(plans, lang), len(plans)), lang)
    heads = [Column("name", say("vs.column.statistic"))]
    if form == "count":
        # persons, villages and incomes stand under each other: the unit is said by row
        heads.append(Column("unit", say("vs.column.unit")))
        columns = [Column(one.code, one.label, one.kind, one.digits) for one in columns]
    return Table(f"compare_{form}", say(SHEETS[form], year=first.years[place]), [*heads, *columns], rows, _note(lang))


def _note(lang: Language) -> str:
    say = texts(lang)
    return sentences([say("note.band"), say("vs.note.dash")], lang)


def _laid_out(
    lines: Sequence[Line], of: tuple[Plan, Statistic], called: tuple[Sequence[str], int], lang: Language
) -> tuple[list[Column], list[dict[str, Any]]]:
    """Return columns and rows of a statistic, or one that stands for all; names, and how many of them have a value."""
    say, (plan, statistic), (named, values) = texts(lang), of, called
    level = level_scale(statistic, plan, lang, [mean for line in lines for mean in line.means])
    change = change_scale(statistic, plan, lang, [float(one.mean) for line in lines for one in line.told])
    columns = [level.column(f"value{at}", name) for at, name in enumerate(named[:values])]
    for at, name in enumerate(named[1:], start=1):
        # with two plans there is only one difference: its columns need no name
        tail = "" if len(named) == 2 else say("vs.column.of", plan=name)
        columns += [
            change.column(f"{code}{at}", say(f"vs.column.{code}") + tail) for code in ("difference", "low", "high")
        ]
        columns.append(Column(f"better{at}", say("vs.column.better") + tail, "percent"))
    rows = []
    for line in lines:
        row = {**line.head, **{f"value{at}": level.of(mean) for at, mean in enumerate(line.means)}}
        for at, one in enumerate(line.told, start=1):
            ends = {"difference": one.mean, "low": one.low, "high": one.high}
            row |= {f"{code}{at}": change.of(float(end)) for code, end in ends.items()}
            row[f"better{at}"] = better(one)
        rows.append(row)
    return columns, rows


def better(told: Difference) -> float | None:
    """Return the share of draws in which a plan is better; nothing where all are equal, or nothing is known."""
    return None if told.equal == 1 or np.isnan(told.mean) else float(told.better)


def years_table(pairs: Sequence[Pair], code: str, lang: Language) -> Table:
    """Return a statistic by year: each plan, difference from the first, band, how often better.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first.
    code : str
        The statistic.
    lang : {"zh", "en"}
        Language.
    """
    say, first = texts(lang), pairs[0].first
    statistic, plans = first.statistic(code), [first, *(one.second for one in pairs)]
    means = [plan.value(code).mean(axis=0) for plan in plans]
    told = [one.difference(code) for one in pairs]
    lines = [
        Line(
            {"_key": str(year), "year": str(year)},
            [float(mean[place]) for mean in means],
            [_at(one, place) for one in told],
        )
        for place, year in enumerate(first.years)
    ]
    columns, rows = _laid_out(lines, (first, statistic), (names(plans, lang), len(plans)), lang)
    title = say("vs.by_year", what=statistic.label(lang))
    return Table("compare_years", title, [Column("year", say("column.year")), *columns], rows, _note(lang))


def _at(told: Difference, place: int) -> Difference:
    return Difference(*(getattr(told, name)[place] for name in ("mean", "low", "high", "error", "better", "equal")))


def areas(plan: Plan, level: str) -> list[str]:
    """Return the names of the areas of a level."""
    if level == VILLAGE:
        return [str(name) for name in plan.arrays["village"]]
    levels = plan.arrays["area_level"].tolist()
    return [str(name) for name, of in zip(plan.arrays["area"], levels, strict=True) if of == level]


def by_village(plan: Plan) -> tuple[str, ...]:
    """Return the statistics that are known by village."""
    return tuple(str(code) for code in plan.arrays["village_statistic"])


def area_difference(one: Pair, code: str, place: int, level: str) -> tuple[np.ndarray[Any, Any], Difference]:
    """Return a statistic of the first plan and the difference from it by area of a level, all in one go.

    Parameters
    ----------
    one : Pair
        A plan beside the first.
    code : str
        The statistic; by village one of ``by_village``.
    place : int
        Position of the year.
    level : {"county", "township", "village"}
        Level of the areas.
    """
    values = [_by_area(plan, code, place, level) for plan in (one.first, one.second)]
    better = one.first.statistic(code).better
    told = difference(values[0], values[1], one.pairs, better=better, band=band_of(one.first))
    return values[0].mean(axis=0), told


def _by_area(plan: Plan, code: str, place: int, level: str) -> np.ndarray[Any, Any]:
    arrays = plan.arrays
    if level == VILLAGE:
        return plan.own(arrays["village_value"][plan.place, by_village(plan).index(code), :, place])
    at = arrays["statistic"].tolist().index(code)
    return plan.own(arrays["value"][plan.place, at, :, place][:, arrays["area_level"] == level])


def areas_differ(pairs: Sequence[Pair], code: str, place: int, level: str) -> bool:
    """Tell whether a statistic of a year differs in any draw and area of a level: else there is nothing to draw.

    Parameters
    ----------
    pairs, code, place, level
        As for ``areas_table``.
    """
    told = [area_difference(one, code, place, level)[1] for one in pairs]
    return any(bool(((one.equal < 1) & ~np.isnan(one.mean)).any()) for one in told)


def areas_table(pairs: Sequence[Pair], code: str, place: int, level: str, lang: Language) -> Table:
    """Return a statistic of a year by area: the first plan, the others' difference, band, how often better.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first.
    code : str
        The statistic.
    place : int
        Position of the year.
    level : {"county", "township", "village"}
        Level of the areas.
    lang : {"zh", "en"}
        Language.
    """
    say, first = texts(lang), pairs[0].first
    statistic, units = first.statistic(code), areas(first, level)
    told = [area_difference(one, code, place, level) for one in pairs]
    lines = [
        Line({"_key": unit, "area": unit}, [float(told[0][0][at])], [_at(one, at) for _, one in told])
        for at, unit in enumerate(units)
    ]
    plans = [first, *(one.second for one in pairs)]
    columns, rows = _laid_out(lines, (first, statistic), (names(plans, lang), 1), lang)
    title = say(f"vs.by_{level}", what=statistic.label(lang), year=first.years[place])
    head = Column("area", say(f"vs.column.{level}"))
    return Table(f"compare_{level}", title, [head, *columns], rows, _note(lang))
