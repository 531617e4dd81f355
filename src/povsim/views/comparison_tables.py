"""Tables of a comparison: statistics, years, areas, money, parts of the change, luck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from povsim.planning.comparison_draws import Difference, difference
from povsim.planning.decomposition import Poverty
from povsim.terms import Language
from povsim.views.comparison_plans import Pair, Plan, Statistic, band_of, names, texts
from povsim.views.comparison_sums import bargain_of, between, cost_of, within
from povsim.views.comparison_words import axis_unit, currency_of
from povsim.views.parts import Column, Kind, Table

Level = Literal["county", "township", "village"]
KINDS: dict[str, Kind] = {"share": "percent", "money": "money", "count": "count"}
DIGITS = {"share": 2, "money": 0, "count": 0}
SHEETS = {"count": "vs.statistics.count", "share": "vs.statistics.share", "money": "vs.statistics.money"}
PART_DIGITS = 3
TOWNSHIP, VILLAGE = "township", "village"


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
    rows = []
    for statistic in (one for one in statistics(first) if one.form == form):
        row: dict[str, Any] = {"_key": statistic.code, "name": statistic.label(lang)}
        row["unit"] = axis_unit(statistic, first, lang)
        row |= {f"value{at}": float(plan.value(statistic.code)[:, place].mean()) for at, plan in enumerate(plans)}
        for at, one in enumerate(pairs, start=1):
            row |= _cells(one.difference(statistic.code, place=place), at)
        rows.append(row)
    head = [Column("name", say("vs.column.statistic"))]
    head += [] if form == "share" else [Column("unit", say("vs.column.unit"))]
    columns = [*head, *_columns(plans, form, lang)]
    title = say(SHEETS[form], year=first.years[place])
    return Table(f"compare_{form}", title, columns, rows, say("note.band"))


def _columns(plans: Sequence[Plan], form: str, lang: Language) -> list[Column]:
    say, called = texts(lang), names(plans, lang)
    kind, digits = KINDS[form], DIGITS[form]
    found = [Column(f"value{at}", name, kind, digits) for at, name in enumerate(called)]
    for at, name in enumerate(called[1:], start=1):
        # with two plans there is only one difference: its columns need no name
        of = "" if len(called) == 2 else say("vs.column.of", plan=name)
        found += [
            Column(f"{code}{at}", say(f"vs.column.{code}") + of, kind, digits) for code in ("difference", "low", "high")
        ]
        found.append(Column(f"better{at}", say("vs.column.better") + of, "percent"))
    return found


def _cells(told: Difference, at: int) -> dict[str, float]:
    return {
        f"difference{at}": float(told.mean), f"low{at}": float(told.low), f"high{at}": float(told.high),
        f"better{at}": float(told.better),
    }  # fmt: skip


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
    rows: list[dict[str, Any]] = []
    for place, year in enumerate(first.years):
        row: dict[str, Any] = {"_key": str(year), "year": str(year)}
        row |= {f"value{at}": float(mean[place]) for at, mean in enumerate(means)}
        for at, one in enumerate(told, start=1):
            row |= _cells(_at(one, place), at)
        rows.append(row)
    columns = [Column("year", say("column.year")), *_columns(plans, statistic.form, lang)]
    title = say("vs.by_year", what=statistic.label(lang), unit=axis_unit(statistic, first, lang))
    return Table("compare_years", title, columns, rows, say("note.band"))


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
    rows: list[dict[str, Any]] = []
    for at, unit in enumerate(units):
        row: dict[str, Any] = {"_key": unit, "area": unit, "value0": float(told[0][0][at])}
        for number, (_, one) in enumerate(told, start=1):
            row |= _cells(_at(one, at), number)
        rows.append(row)
    plans = [first, *(one.second for one in pairs)]
    columns = [column for column in _columns(plans, statistic.form, lang) if column.code not in _others(plans)]
    unit, year = axis_unit(statistic, first, lang), first.years[place]
    title = say(f"vs.by_{level}", what=statistic.label(lang), unit=unit, year=year)
    head = Column("area", say(f"vs.column.{level}"))
    return Table(f"compare_{level}", title, [head, *columns], rows, say("note.band"))


def _others(plans: Sequence[Plan]) -> set[str]:
    return {f"value{at}" for at in range(1, len(plans))}


def money_table(pairs: Sequence[Pair], place: int, lang: Language) -> Table:
    """Return what each plan costs and brings up to a year, and more than the first.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first.
    place : int
        Position of the year.
    lang : {"zh", "en"}
        Language.
    """
    say, first = texts(lang), pairs[0].first
    plans = [first, *(one.second for one in pairs)]
    rows = [_own(plan, name, place) for plan, name in zip(plans, names(plans, lang), strict=True)]
    for one, row in zip(pairs, rows[1:], strict=True):
        told = bargain_of(one, place)
        for name, three in (("spent", told.spending), ("exits", told.lasting), ("extra", told.cost)):
            row |= {f"{name}{end}": value for end, value in zip(("", "_low", "_high"), three, strict=True)}
        row |= dict(zip(("more_more", "less_more", "more_less", "less_less"), told.quarters, strict=True))
    money, kinds = currency_of(first, lang), {"exits": "count", "lasting": "count"}
    columns = [Column("plan", say("vs.column.plan"))]
    for code in ("spending", "lasting", "cost", "spent", "exits", "extra"):
        kind: Kind = "count" if code in kinds else "money"
        unit = say("unit.persons") if kind == "count" else money
        ends = ("", "_low", "_high") if code in ("spent", "exits", "extra") else ("",)
        names_of = {end: say(f"vs.money.{code}") + (say(f"vs.end{end}") if end else "") for end in ends}
        columns += [Column(f"{code}{end}", name, kind, 0, unit) for end, name in names_of.items()]
    columns += [Column(code, say(f"vs.quarter.{code}"), "percent") for code in _QUARTERS]
    title = say("vs.money.title", year=first.years[place])
    return Table("compare_money", title, columns, rows, say("vs.money.note"))


_QUARTERS = ("more_more", "less_more", "more_less", "less_less")


def _own(plan: Plan, name: str, place: int) -> dict[str, Any]:
    spending, lasting = (float(plan.value(f"{code}_so_far")[:, place].mean()) for code in ("spending", "lasting_exits"))
    cost = cost_of(plan, place)
    return {
        "_key": plan.code, "plan": name, "spending": spending, "lasting": lasting,
        "cost": None if np.isnan(cost) else cost,
    }  # fmt: skip


def _seen(share: float) -> float:
    """Return a share, or nothing where no digit of it would be shown: a minus before zeros looks like a mistake."""
    return share if round(share, PART_DIGITS + 2) else 0.0


def parts_table(pairs: Sequence[Pair], place: int, measure: Poverty, lang: Language) -> Table:
    """Split the differences between plans, and the change within each plan since its first year.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first.
    place : int
        Position of the year.
    measure : {"headcount_ratio", "poverty_gap"}
        What is split.
    lang : {"zh", "en"}
        Language.
    """
    say, first = texts(lang), pairs[0].first
    plans = [first, *(one.second for one in pairs)]
    called, years = names(plans, lang), first.years
    split = [
        (say("vs.parts.between", first=called[0], plan=name, year=years[place]), between(one, place, measure))
        for one, name in zip(pairs, called[1:], strict=True)
    ]
    split += [
        (say("vs.parts.within", plan=name, start=years[0], year=years[place]), within(plan, place, measure))
        for plan, name in zip(plans, called, strict=True)
    ]
    rows = [
        {
            "change": title, "part": say(f"component.{one.code}"), "_part": one.code, "share": _seen(one.mean),
            "low": _seen(one.low), "high": _seen(one.high), "bound": one.bound,
        }
        for title, parts in split
        for one in parts
    ]  # fmt: skip
    columns = [Column("change", say("vs.column.change")), Column("part", say("column.component"))]
    columns += [
        Column(code, say(f"vs.column.{code}"), "percent", PART_DIGITS) for code in ("share", "low", "high", "bound")
    ]
    title = say("vs.parts.title", what=first.statistic(measure).label(lang))
    return Table("compare_parts", title, columns, rows, say("note.bins" if rows else "vs.parts.none"))
