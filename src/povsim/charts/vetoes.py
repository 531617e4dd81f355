"""Charts of the veto lab: patterns of rules, shares, overlaps, curves of thresholds, flips, the sampled test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from povsim import figures
from povsim.charts.base import BLUE, GREEN, GREY, ORANGE, PALETTE, RED, SKY, Chart, category_axis, frame, value_axis
from povsim.views.parts import Column, Table
from povsim.views.vetoes_asked import Asked
from povsim.views.vetoes_boards import Board, board_curve
from povsim.views.vetoes_cards import moved_table
from povsim.views.vetoes_households import (
    MOST_PATTERNS,
    Pattern,
    pairs_table,
    pattern_name,
    patterns,
    patterns_table,
    rules_table,
)
from povsim.views.vetoes_income import bounds, excluded, line_grid
from povsim.views.vetoes_measured import flips, sampled, sampled_table
from povsim.views.vetoes_patterns import PERSONS

NAMES: dict[str, Any] = {"width": 168, "overflow": "truncate"}
"""Names of rules beside an axis."""
STRIPES = {"show": True, "areaStyle": {"color": ["rgba(128, 136, 148, 0.10)", "rgba(128, 136, 148, 0)"]}}
"""Rows told apart on light and on dark."""
TOP = {"nameLocation": "end", "nameGap": 14, "nameTextStyle": {"align": "left"}}
"""The name of an upright axis stands above it, to be read without turning one's head."""


def rules_chart(asked: Asked) -> Chart:
    """Draw what each rule excludes: any hit, Shapley share, sole hit; persons."""
    table, say = rules_table(asked), asked.say
    order = sorted(range(len(asked.codes)), key=lambda place: table.rows[place]["shapley_persons"])
    series, data = [], {}
    for name, colour in (("any_hit", SKY), ("shapley", BLUE), ("sole_blocker", ORANGE)):
        series.append(
            {"id": name, "name": say(f"series.{name}"), "type": "bar", "itemStyle": {"color": colour}, "barGap": "10%"}
        )
        data[name] = [round(table.rows[place][f"{name}_persons"], 1) for place in order]
    option = {
        "grid": frame(left=16, top=40, bottom=52), "legend": {"top": 4, "left": 16},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": value_axis(say("axis.persons")) | {"nameGap": 30},
        "yAxis": category_axis() | {"axisLabel": NAMES}, "series": series,
    }  # fmt: skip
    axes = {"y": [asked.names[place] for place in order]}
    return Chart("veto_rules", say("chart.rules"), option, data, axes, 360, table, say("chart.rules.note"))


def patterns_chart(asked: Asked) -> Chart:
    """Draw the most frequent patterns: bars of persons above, which rules they fail below."""
    found, say = patterns(asked, MOST_PATTERNS), asked.say
    columns = [str(place + 1) for place in range(len(found))]
    rules = list(range(len(asked.codes)))[::-1]
    bars = [
        {
            "value": round(one.persons, 1),
            "name": pattern_name(asked, one),
            "itemStyle": {"color": GREY if one.rest else BLUE},
        }
        for one in found
    ]
    hollow = {"type": "scatter", "xAxisIndex": 1, "yAxisIndex": 1, "symbolSize": 12, "silent": True}
    label = {"show": True, "position": "top", "formatter": {"$fn": "number"}}
    tall = 26 * len(rules) + 16
    # both with the same room for labels, or bars would not stand above their dots
    side = {"left": 16 + NAMES["width"] + 8, "right": 24, "containLabel": False}
    under = side | {"bottom": 16, "height": tall}
    option = {
        "grid": [side | {"top": 40, "bottom": tall + 24}, under],
        "tooltip": {"trigger": "item"},
        "xAxis": [
            {"type": "category", "data": columns, "axisLabel": {"show": False}, "axisTick": {"show": False}},
            {"type": "category", "data": columns, "gridIndex": 1, "show": False},
        ],
        "yAxis": [
            value_axis(say("axis.persons")) | TOP | {"axisLabel": {"width": 168, "formatter": {"$fn": "compact"}}},
            {
                "type": "category", "data": [asked.names[place] for place in rules], "gridIndex": 1, "axisLabel": NAMES,
                "axisLine": {"show": False}, "axisTick": {"show": False}, "splitArea": STRIPES,
            },
        ],
        "series": [
            {"id": "persons", "name": say("axis.persons"), "type": "bar", "barWidth": "55%", "label": label},
            hollow | {"id": "passes", "itemStyle": {"color": GREY, "opacity": 0.22}},
            hollow | {"id": "fails", "itemStyle": {"color": BLUE}},
        ],
    }  # fmt: skip
    dots = _dots(found, rules)
    data: dict[str, list[Any]] = {"persons": bars, "passes": dots[0], "fails": dots[1]}
    height = 220 + tall
    return Chart(
        "veto_patterns",
        say("chart.patterns"),
        option,
        data,
        {},
        height,
        patterns_table(asked),
        say("chart.patterns.note"),
    )


def _dots(found: Sequence[Pattern], rules: Sequence[int]) -> tuple[list[list[int]], list[list[int]]]:
    """Return the dots of rules passed and failed, as places of column and row; none for the rarer patterns together."""
    dots: tuple[list[list[int]], list[list[int]]] = ([], [])
    for column, one in enumerate(found):
        for row, rule in enumerate(rules):
            if not one.rest:
                dots[rule in one.rules].append([column, row])
    return dots


def pairs_chart(asked: Asked) -> Chart:
    """Draw how many persons each pair of rules holds back together."""
    say = asked.say
    both = asked.found["both"][PERSONS]
    size = len(asked.codes)
    cells = [[a, b, round(float(both[a, b]))] for a in range(size) for b in range(size) if a != b]
    most = max((cell[2] for cell in cells), default=0.0)
    names = category_axis(asked.names)
    option = {
        "grid": frame(left=16, top=12, bottom=64),
        "tooltip": {"trigger": "item"},
        "xAxis": names | {"axisLabel": NAMES | {"width": 84, "rotate": 30, "interval": 0}},
        "yAxis": names | {"axisLabel": NAMES | {"interval": 0}},
        "visualMap": {
            "min": 0, "max": max(most, 1.0), "calculable": False, "orient": "horizontal", "left": "center", "bottom": 0,
            "inRange": {"color": ["#F2F6FA", SKY, BLUE]}, "itemHeight": 120, "text": [say("axis.persons"), ""],
        },
        "series": [
            {
                "id": "both", "name": say("series.both"), "type": "heatmap",
                "label": {"show": True, "formatter": {"$fn": "compact"}},
            }
        ],
    }  # fmt: skip
    return Chart(
        "veto_pairs", say("chart.pairs"), option, {"both": cells}, {}, 380, pairs_table(asked), say("chart.pairs.note")
    )


# ---- thresholds ----


def line_chart(asked: Asked) -> Chart:
    """Draw the persons excluded as the income line moves: bounds where the other rules are not all in force."""
    say, factors = asked.say, line_grid(asked)
    low, middle, high = bounds(asked, factors)
    x = factors * asked.line
    now = excluded(asked)
    data: dict[str, Any] = {
        "estimate": _points(x, middle), "low": _points(x, low), "high": _points(x, high),
        "now": [{"value": [round(asked.factor * asked.line, 6), round(now.estimate, 1)], "name": say("mark.now")}],
    }  # fmt: skip
    unit = figures.unit_name("yuan per head and year", asked.lang) if asked.line != 1.0 else say("unit.multiple")
    option = _curve_option((say("axis.line", unit=unit), say("axis.excluded.persons")), (float(x[0]), float(x[-1])))
    option["series"] = [
        _thin("low", say("series.low")), _thin("high", say("series.high")),
        _curve("estimate", say("series.estimate"), _marks(asked.line, say("mark.own"))), _dot("now", say("mark.now")),
    ]  # fmt: skip
    title, columns = (
        say("chart.line", rule=asked.names[0]),
        {"threshold": x, "low": low, "estimate": middle, "high": high},
    )
    table = _curve_table(asked, title, unit, columns)
    return Chart("veto_line", title, option, data, {}, 340, table, say("chart.line.note"))


def board_chart(asked: Asked, board: Board, place: int) -> Chart:
    """Draw the villages, or units, held back as one of their thresholds moves; exact."""
    say = asked.say
    curve = board_curve(board, place, asked.off, asked.thresholds)
    unit = board.units[place]
    by = 100.0 if unit == "ratio" or unit.startswith("share") else 1.0
    at = float(curve.excluded[int(np.searchsorted(curve.thresholds, curve.now))])
    data: dict[str, list[Any]] = {
        "estimate": _points(by * curve.thresholds, curve.excluded),
        "now": [{"value": [round(by * curve.now, 6), round(at, 1)], "name": say("mark.now")}],
    }
    shown = "%" if by == 100.0 else figures.unit_name(unit, asked.lang)
    held = say("axis.excluded.units" if board.prefix else "axis.excluded.villages")
    ends = (by * float(curve.thresholds[0]), by * float(curve.thresholds[-1]))
    option = _curve_option((say("axis.threshold", unit=shown), held), ends)
    option["series"] = [
        _curve("estimate", held, _marks(by * curve.own, say("mark.own"))), _dot("now", say("mark.now")),
    ]  # fmt: skip
    title = say("chart.board", rule=board.names[place])
    columns = {"threshold": by * curve.thresholds, "estimate": curve.excluded}
    table = _curve_table(asked, title, shown, columns)
    return Chart(f"veto_threshold_{board.codes[place]}", title, option, data, {}, 340, table, say("chart.board.note"))


def _curve_table(asked: Asked, title: str, unit: str, columns: Mapping[str, Any]) -> Table:
    """Return the numbers of a curve; the first column holds the thresholds."""
    first = Column("threshold", asked.say("column.threshold"), "number", 2, unit)
    others = [Column(name, asked.say(f"series.{name}"), "number", 1) for name in columns if name != "threshold"]
    rows = [dict(zip(columns, map(float, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    return Table("veto_curve", title, [first, *others], rows)


def _points(x: Any, y: Any) -> list[list[float]]:
    return [[round(float(a), 6), round(float(b), 1)] for a, b in zip(x, y, strict=True)]


def _curve_option(names: tuple[str, str], ends: tuple[float, float]) -> dict[str, Any]:
    across, up = names
    return {
        "grid": frame(left=16, top=72, bottom=56), "legend": {"top": 4, "left": 16}, "tooltip": {"trigger": "axis"},
        "xAxis": value_axis(across)
        | {"min": round(ends[0], 6), "max": round(ends[1], 6), "nameGap": 32, "splitLine": {"show": False}}
        | {"axisLabel": {"formatter": {"$fn": "compact"}, "showMinLabel": False, "showMaxLabel": False}},
        "yAxis": value_axis(up) | TOP,
    }  # fmt: skip


def _marks(own: float, name: str) -> dict[str, Any]:
    line = {"type": "dashed", "color": GREY}
    label = {"formatter": name, "position": "end"}
    return {"silent": True, "symbol": "none", "lineStyle": line, "label": label, "data": [{"xAxis": round(own, 6)}]}


def _curve(code: str, name: str, marks: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": code, "name": name, "type": "line", "showSymbol": False, "lineStyle": {"width": 3, "color": BLUE},
        "itemStyle": {"color": BLUE}, "markLine": marks,
    }  # fmt: skip


def _thin(code: str, name: str) -> dict[str, Any]:
    return {
        "id": code, "name": name, "type": "line", "showSymbol": False, "itemStyle": {"color": SKY},
        "lineStyle": {"width": 1, "type": "dotted", "color": SKY},
    }  # fmt: skip


def _dot(code: str, name: str) -> dict[str, Any]:
    return {"id": code, "name": name, "type": "scatter", "symbolSize": 16, "itemStyle": {"color": ORANGE}, "z": 5}


# ---- measured, sampled, ranks ----


def flips_chart(asked: Asked) -> Chart:
    """Draw the chance to flip by distance to the line, over the persons at each distance."""
    found, say = flips(asked), asked.say
    names = [f"{100 * (np.exp(one) - 1):+.0f}%" for one in found.distance]
    right = (
        value_axis(say("axis.chance"), share="yes", lowest=0.0)
        | {"max": 0.5, "splitLine": {"show": False}}
        | TOP
        | {"nameTextStyle": {"align": "right"}}
    )
    option = {
        "grid": frame(left=16, right=16, top=72, bottom=56), "legend": {"top": 4, "left": 16},
        "tooltip": {"trigger": "axis"},
        "xAxis": category_axis(name=say("axis.distance")),
        "yAxis": [value_axis(say("axis.persons")) | TOP, right],
        "series": [
            {"id": "persons", "name": say("series.near"), "type": "bar", "itemStyle": {"color": SKY}},
            {
                "id": "chance", "name": say("series.chance"), "type": "line", "yAxisIndex": 1, "showSymbol": False,
                "lineStyle": {"width": 3, "color": ORANGE}, "itemStyle": {"color": ORANGE},
            },
        ],
    }  # fmt: skip
    data = {
        "persons": [round(float(one), 1) for one in found.persons],
        "chance": [round(float(one), 5) for one in found.chance],
    }
    columns = [Column("distance", say("axis.distance")), Column("persons", say("series.near"), "number", 1)]
    columns.append(Column("chance", say("series.chance"), "percent", 2))
    numbers = zip(names, found.persons, found.chance, strict=True)
    rows = [{"distance": name, "persons": float(near), "chance": float(chance)} for name, near, chance in numbers]
    table = Table("veto_flips", say("chart.flips"), columns, rows, say("chart.flips.note"))
    return Chart("veto_flips", say("chart.flips"), option, data, {"x": names}, 340, table, say("chart.flips.note"))


def sampled_chart(asked: Asked) -> Chart:
    """Draw how often a sample passes by true rate, with the run's true rates on the curve."""
    say, tests = asked.say, sampled(asked)
    series: list[dict[str, Any]] = []
    data: dict[str, Any] = {}
    for number, one in enumerate(tests):
        colour = PALETTE[number % len(PALETTE)]
        marks = _marks(one.limit, say("mark.limit"))
        dashed = "solid" if number == 0 else "dashed"
        series.append(
            {
                "id": one.code, "name": one.label, "type": "line", "showSymbol": False, "itemStyle": {"color": colour},
                "lineStyle": {"width": 3, "color": colour, "type": dashed},
                **({"markLine": marks} if number == 0 else {}),
            }
        )  # fmt: skip
        series.append(
            {
                "id": f"{one.code}_run", "name": say("series.run", test=one.label), "type": "scatter", "symbolSize": 9,
                "itemStyle": {"color": colour, "opacity": 0.55},
            }
        )  # fmt: skip
        data[one.code] = [[round(float(a), 6), round(float(b), 5)] for a, b in zip(one.rates, one.chances, strict=True)]
        here = one.true <= one.rates[-1]
        pairs = zip(one.true[here], one.true_chances[here], strict=True)
        data[f"{one.code}_run"] = [[round(float(a), 6), round(float(b), 5)] for a, b in pairs]
    option = {
        "grid": frame(left=16, top=92, bottom=56), "legend": {"top": 4, "left": 16}, "tooltip": {"trigger": "item"},
        "xAxis": value_axis(say("axis.true_rate"), share="yes", lowest=0.0)
        | {"nameGap": 32, "splitLine": {"show": False}},
        "yAxis": value_axis(say("axis.passes"), share="yes", lowest=0.0) | TOP | {"max": 1}, "series": series,
    }  # fmt: skip
    title = say("chart.sampled", size=figures.count(asked.sample))
    return Chart("veto_sampled", title, option, data, {}, 380, sampled_table(asked), say("chart.sampled.note"))


def moved_chart(asked: Asked, veto: str) -> Chart:
    """Draw places lost by the units that a veto hits, and gained by the others, were its effect another."""
    table, say = moved_table(asked, veto), asked.say
    series = [
        {"id": "lost", "name": say("series.places_lost"), "type": "bar", "itemStyle": {"color": RED}},
        {"id": "gained", "name": say("series.places_gained"), "type": "bar", "itemStyle": {"color": GREEN}},
    ]
    option = {
        "grid": frame(left=16, top=72, bottom=40), "legend": {"top": 4, "left": 16},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": category_axis(), "yAxis": value_axis(say("axis.places")) | TOP, "series": series,
    }  # fmt: skip
    data = {name: [row[name] for row in table.rows] for name in ("lost", "gained")}
    axes = {"x": [row["effect"] for row in table.rows]}
    return Chart("veto_moved", table.title, option, data, axes, 320, table, table.note)
