"""What plans cost and bring, beside the first and draw by draw; and growth and redistribution in what changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from povsim.planning.comparison_draws import Bargain
from povsim.planning.decomposition import Poverty
from povsim.terms import Language
from povsim.views.comparison_plans import Pair, Plan, names, sentences, texts
from povsim.views.comparison_sums import Part, bargain_of, between, cost_of, within
from povsim.views.comparison_units import POINT_DIGITS, POINTS, Scale, each_money, large_money
from povsim.views.comparison_words import probability
from povsim.views.parts import Column, Table

QUARTERS = ("more_more", "less_more", "more_less", "less_less")
"""Of the plane of extra money and extra exits, in the order of ``Bargain.quarters``."""


def money_tables(pairs: Sequence[Pair], place: int, lang: Language) -> list[Table]:
    """Return what each plan costs and brings up to a year, how much more than the first, and how draws are spread.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first.
    place : int
        Position of the year.
    lang : {"zh", "en"}
        Language.

    Returns
    -------
    list of Table
        Totals by plan; extra money, extra lasting exits and money per extra exit, each with its band; shares of draws.
    """
    told = [bargain_of(one, place) for one in pairs]
    return [_totals(pairs, place, lang), _extra(pairs, told, place, lang), _quarters(pairs, told, place, lang)]


def _named(pairs: Sequence[Pair], lang: Language) -> tuple[str, ...]:
    return names([pairs[0].first, *(one.second for one in pairs)], lang)


def _totals(pairs: Sequence[Pair], place: int, lang: Language) -> Table:
    say, first = texts(lang), pairs[0].first
    plans = [first, *(one.second for one in pairs)]
    sums = [[float(plan.value(f"{code}_so_far")[:, place].mean()) for code in ("spending", "lasting_exits")]
            for plan in plans]  # fmt: skip
    large, each = large_money(first, lang, [spent for spent, _ in sums]), each_money(first, lang)
    rows = [
        {
            "_key": plan.code, "plan": name, "spending": large.of(spent), "lasting": lasting,
            "cost": _known(each.of(cost_of(plan, place))),
        }
        for plan, name, (spent, lasting) in zip(plans, _named(pairs, lang), sums, strict=True)
    ]  # fmt: skip
    columns = [
        Column("plan", say("vs.column.plan")),
        large.column("spending", say("vs.money.spending")),
        Column("lasting", say("vs.money.lasting"), "count", 0, say("unit.persons")),
        each.column("cost", say("vs.money.cost")),
    ]
    return Table("compare_money", say("vs.money.title", year=first.years[place]), columns, rows, say("vs.note.cost"))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _extra(pairs: Sequence[Pair], told: Sequence[Bargain], place: int, lang: Language) -> Table:
    say, first = texts(lang), pairs[0].first
    called = _named(pairs, lang)
    scales = {
        "spent": large_money(first, lang, [one.spending[0] for one in told], signed=True),
        "exits": Scale(1.0, say("unit.persons"), "signed", 0),
        "extra": each_money(first, lang),
    }
    rows = []
    for one, name, found in zip(pairs, called[1:], told, strict=True):
        row: dict[str, Any] = {"_key": one.second.code, "plan": name}
        for (code, scale), (mean, low, high) in zip(
            scales.items(), (found.spending, found.lasting, found.cost), strict=True
        ):
            row |= {code: _known(scale.of(mean)), f"{code}_band": scale.band(low, high, lang)}
        rows.append(row)
    columns = [Column("plan", say("vs.column.plan"))]
    for code, scale in scales.items():
        columns += [
            scale.column(code, say(f"vs.money.{code}")),
            Column(f"{code}_band", say(f"vs.money.{code}_band"), "text", 0, scale.unit),
        ]
    title = say("vs.money.extra_title", first=called[0], year=first.years[place])
    return Table("compare_extra", title, columns, rows, say("vs.money.note"))


def _quarters(pairs: Sequence[Pair], told: Sequence[Bargain], place: int, lang: Language) -> Table:
    say, called = texts(lang), _named(pairs, lang)
    rows = [
        {"_key": one.second.code, "plan": name, **dict(zip(QUARTERS, found.quarters, strict=True))}
        for one, name, found in zip(pairs, called[1:], told, strict=True)
    ]
    columns = [Column("plan", say("vs.column.plan"))]
    columns += [Column(code, say(f"vs.quarter.{code}"), "percent") for code in QUARTERS]
    title = say("vs.money.quarters_title", first=called[0], year=pairs[0].first.years[place])
    return Table("compare_quarters", title, columns, rows, say("vs.money.quarters_note"))


def plane_note(pairs: Sequence[Pair], place: int, lang: Language) -> str:
    """Say what the quarters of the plane are, and in which most draws of each plan lie.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first.
    place : int
        Position of the year.
    lang : {"zh", "en"}
        Language.
    """
    say, called = texts(lang), _named(pairs, lang)
    said = [say("vs.plane.note")]
    for one, name in zip(pairs, called[1:], strict=True):
        told = bargain_of(one, place)
        if not any(values.any() for values in told.draws):
            said.append(say("vs.plane.same", plan=name))
            continue
        most = int(np.argmax(told.quarters))
        words = {"where": say(f"vs.plane.{QUARTERS[most]}"), "what": say(f"vs.quarter.{QUARTERS[most]}")}
        said.append(say("vs.plane.most", plan=name, share=probability(told.quarters[most], lang), **words))
    return sentences(said, lang)


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

    Returns
    -------
    Table
        In percentage points, as all changes of shares.
    """
    say, first = texts(lang), pairs[0].first
    called, years = _named(pairs, lang), first.years
    split = [
        (say("vs.parts.between", first=called[0], plan=name, year=years[place]), between(one, place, measure))
        for one, name in zip(pairs, called[1:], strict=True)
    ]
    plans: list[Plan] = [first, *(one.second for one in pairs)]
    split += [
        (say("vs.parts.within", plan=name, start=years[0], year=years[place]), within(plan, place, measure))
        for plan, name in zip(plans, called, strict=True)
    ]
    rows = [
        {
            "change": title, "part": say(f"component.{one.code}"), "_part": one.code, "share": _seen(one.mean),
            "low": _seen(one.low), "high": _seen(one.high), "bound": POINTS * one.bound,
        }
        for title, parts in split
        for one in parts
    ]  # fmt: skip
    points = Scale(POINTS, say("vs.points.unit"), "signed", POINT_DIGITS)
    columns = [Column("change", say("vs.column.change")), Column("part", say("column.component"))]
    columns += [points.column(code, say(f"vs.column.{code}")) for code in ("share", "low", "high")]
    columns.append(Column("bound", say("vs.column.bound"), "number", POINT_DIGITS, points.unit))
    title = say("vs.parts.title", what=first.statistic(measure).label(lang))
    return Table("compare_parts", title, columns, rows, _parts_note(split, lang) if rows else say("vs.parts.none"))


def _parts_note(split: Sequence[tuple[str, Sequence[Part]]], lang: Language) -> str:
    """Say what bins are, and which changes they hide: those with no part as large as what bins can hide."""
    say = texts(lang)
    said, hidden = [say("note.bins")], [title for title, parts in split if _hidden(parts)]
    if len(hidden) == len([title for title, parts in split if parts]):
        said.append(say("vs.parts.hidden.all"))
    elif hidden:
        said.append(say("vs.parts.hidden", changes=say("vs.list").join(hidden)))
    return sentences(said, lang)


def _hidden(parts: Sequence[Part]) -> bool:
    told = [one for one in parts if one.code != "unexplained"]
    return bool(told) and max(abs(one.mean) for one in told) < max(one.bound for one in told)


def _seen(share: float) -> float:
    """Return a share in points, or nothing where no digit would be seen: a minus before zeros looks like a mistake."""
    points = POINTS * share
    return points if round(points, POINT_DIGITS) else 0.0
