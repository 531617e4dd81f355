"""The chapter on the exit forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from povsim import figures
from povsim.charts.base import BLUE, GREEN, GREY, ORANGE, PALETTE, PURPLE, RED, SKY
from povsim.charts.forecast import chance_chart, fan_chart, flow_chart, heat_chart
from povsim.report.parts import Chapter, Item, Plot, Stroke
from povsim.report.wanted import Wanted
from povsim.terms import Language
from povsim.views.forecast_areas import fan, fan_table, heat_table, main_ratio, measure_table
from povsim.views.forecast_numbers import area_name, numbers, year_at
from povsim.views.forecast_villages import village_table
from povsim.views.parts import BigNumber, Column, Table
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    import xarray as xr

    from povsim.views.digests import RunDigest

MOST_FLOWS = 5
"""Moves drawn on slides: more cannot be told apart."""
TARGET_COLOURS = (RED, PURPLE, ORANGE)
FLOW_COLOURS = (GREEN, RED, ORANGE, SKY, PURPLE, BLUE, GREY)


def chapter(digest: RunDigest, wanted: Wanted, lang: Language) -> Chapter:
    """Return big numbers, fan, townships, targets, flows, money and villages of the year and area asked for."""
    data, area = digest.part("forecast"), wanted.forecast.area
    year = int(data["year"].to_numpy()[year_at(data, wanted.year)])
    head = numbers(data, year=year, area=area, lang=lang)
    told = _Told(data, area, year, lang, {one.code: one for one in head})
    found = [_fan(told), _heat(told), _chances(told), _flows(told), _measures(told), _villages(told)]
    items = [*found, *_more_heats(told)]
    return Chapter("forecast", told.say("chapter.forecast"), head, [item for item in items if item.table.rows])


@dataclass(frozen=True)
class _Told:
    """What is told of: the digest, the area, the year, in a language."""

    data: xr.Dataset
    area: str | None
    year: int
    lang: Language
    head: Mapping[str, BigNumber]

    @property
    def say(self) -> Wording:
        return wording(self.lang, "report")

    @property
    def place(self) -> str:
        return area_name(self.data, self.area, self.lang)

    def percent(self, share: float, digits: int = 1) -> str:
        return figures.percent(share, self.lang, digits)


def headline(data: xr.Dataset, wanted: Wanted, lang: Language) -> str:
    """Return the main result in a sentence: the share that targets are set on, at the end of the year."""
    told = _Told(data, wanted.forecast.area, int(data["year"].to_numpy()[year_at(data, wanted.year)]), lang, {})
    ratio = fan(data, ratio=main_ratio(data), area=told.area, lang=lang)
    y = ratio.years.index(told.year)
    low, high = (told.percent(float(ratio.quantiles[q, y])) for q in (1, 4))
    values = {"year": told.year, "place": told.place, "quantity": told.say(f"ratio.{ratio.ratio}")}
    return told.say("message.numbers", **values, share=told.percent(float(ratio.mean[y])), low=low, high=high)


def _fan(told: _Told) -> Item:
    found = fan(told.data, ratio=main_ratio(told.data), area=told.area, lang=told.lang)
    table, y = fan_table(found, told.lang), found.years.index(told.year)
    strokes = [Stroke("mean"), Stroke("low80", SKY, "yes"), Stroke("high80", SKY, "yes")]
    targets = [column.code for column in table.columns if column.code.startswith("target")]
    strokes += [Stroke(code, colour, "yes") for code, colour in zip(targets, TARGET_COLOURS, strict=False)]
    ends = {"start": told.percent(float(found.mean[0])), "end": told.percent(float(found.mean[y]))}
    years = {"first": found.years[0], "year": told.year}
    message = told.say("message.fan", place=told.place, quantity=told.say(f"ratio.{found.ratio}"), **ends, **years)
    chart = fan_chart(found, told.lang)
    table = Table("fan", chart.title, table.columns, table.rows, table.note)
    return Item(table, (chart,), Plot("line", "year", strokes, found.label), message=message)


def _heat(told: _Told) -> Item:
    ratio = main_ratio(told.data)
    quantity = ratio if ratio in ("headcount_ratio", "registered_ratio") else "headcount_ratio"
    chart = heat_chart(told.data, quantity=quantity, area=told.area, lang=told.lang)
    table = heat_table(told.data, quantity, told.lang)
    key = str(told.year)
    known = [row for row in table.rows if row.get(key) is not None]
    if len(known) < 2:
        return Item(table, (chart,), heat="high")
    worst, best = max(known, key=lambda row: row[key]), min(known, key=lambda row: row[key])
    message = told.say(
        "message.heat", year=told.year, worst=worst["area"], best=best["area"],
        high=told.percent(worst[key]), low=told.percent(best[key]),
    )  # fmt: skip
    return Item(table, (chart,), heat="high", message=message)


def _more_heats(told: _Told) -> list[Item]:
    return [Item(heat_table(told.data, quantity, told.lang), heat="high") for quantity in ("exits", "relapses")]


def _chances(told: _Told) -> Item:
    chart = chance_chart(told.data, area=told.area, lang=told.lang)
    assert chart.table is not None
    due = [row for row in chart.table.rows if str(row["year"]) == str(told.year)]
    if not due:
        return Item(chart.table, (chart,))
    key = "message.chance" if len(due) == 1 else "message.chances"
    values = {"name": due[0]["name"], "bound": due[0]["bound"], "share": told.head["chance"].value, "count": len(due)}
    message = told.say(key, year=told.year, **values)
    names = list(dict.fromkeys(str(row["name"]) for row in chart.table.rows))
    wide = wider(chart.table, "name", "share", names)
    strokes = [Stroke(name, PALETTE[at % len(PALETTE)]) for at, name in enumerate(names)]
    return Item(
        chart.table, (chart,), Plot("column", "year", strokes, told.say("axis.chance"), table=wide), message=message
    )


def _flows(told: _Told) -> Item:
    chart = flow_chart(told.data, area=told.area, lang=told.lang)
    assert chart.table is not None
    largest: dict[str, float] = {}
    for row in chart.table.rows:
        largest[str(row["move"])] = max(abs(float(row["mean"])), largest.get(str(row["move"]), 0.0))
    moves = sorted(largest, key=lambda name: -largest[name])[:MOST_FLOWS]
    wide = wider(chart.table, "move", "mean", moves)
    strokes = [Stroke(name, FLOW_COLOURS[at % len(FLOW_COLOURS)]) for at, name in enumerate(moves)]
    message = told.say(
        "message.flows",
        year=told.year,
        place=told.place,
        **{code: told.head[code].value for code in ("exits", "relapses")},
    )
    return Item(
        chart.table, (chart,), Plot("column", "year", strokes, told.say("axis.persons"), table=wide), message=message
    )


def _measures(told: _Told) -> Item:
    table = measure_table(told.data, year=told.year, area=told.area, lang=told.lang)
    if not table.rows:
        return Item(table)
    first, unit = table.rows[0], next(column.unit for column in table.columns if column.code == "spent")
    total = sum(float(row["spent"]) for row in table.rows)
    share = told.percent(float(first["spent"]) / total, 0) if total else figures.NOTHING
    message = told.say("message.measures", year=told.year, name=first["name"], share=share)
    plot = Plot("bar", "name", [Stroke("spent")], told.say("axis.spent", unit=unit), most=12)
    return Item(table, plot=plot, message=message, spare="yes")


def _villages(told: _Told) -> Item:
    table = village_table(told.data, year=told.year, area=told.area, lang=told.lang)
    judged = any(column.code == "passes" for column in table.columns)
    if not table.rows:
        return Item(table)
    if judged:
        count = sum(1 for row in table.rows if row["passes"] is not None and row["passes"] < 0.5)
        key = "message.villages.one" if count == 1 else "message.villages"
        message = told.say(key, year=told.year, count=count, all=len(table.rows))
    else:
        message = told.say(
            "message.villages.poor",
            year=told.year,
            name=table.rows[0]["name"],
            share=told.percent(table.rows[0]["poor_share"]),
        )
    shown = ("township", "name", "passes", "test", "fails", "poor_share")
    return Item(table, message=message, shown=shown, spare="yes")


def wider(table: Table, name: str, value: str, names: Sequence[str]) -> Table:
    """Return a table with a row a year and a column a name, the numbers as they are.

    Examples
    --------
    >>> long = Table("t", "T", [Column("v", "V", "count")], [{"year": "2016", "n": "a", "v": 3.0}])
    >>> wider(long, "n", "v", ["a"]).rows
    ({'year': '2016', 'a': 3.0},)
    """
    like = next(column for column in table.columns if column.code == value)
    rows: dict[str, dict[str, Any]] = {}
    for row in table.rows:
        rows.setdefault(str(row["year"]), {"year": str(row["year"])})[str(row[name])] = row[value]
    year = next((column for column in table.columns if column.code == "year"), Column("year", ""))
    columns = [year, *(Column(one, one, like.kind, like.digits, like.unit) for one in names)]
    return Table(f"{table.code}_wide", table.title, columns, tuple(rows.values()))
