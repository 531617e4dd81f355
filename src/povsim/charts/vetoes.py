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
from povsim.views.vetoes_counts import count_digits, drawn, mean_count
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
from povsim.views.vetoes_measured import counted, flips, sampled, sampled_table
from povsim.views.vetoes_patterns import PERSONS

NAMES: dict[str, Any] = {"width": 190, "overflow": "break", "interval": 0, "hideOverlap": False}
"""Names of rules beside an axis: in two lines where they do not fit one, and none left out."""
ONE_LINE, TWO_LINES = 22, 50
"""Columns, of which a Chinese sign takes two, that fit beside an axis: one line also where type is enlarged."""
ROW, TALL_ROW = 26, 34
"""Pixels of a row of names of one line, and of two."""
SHADES, INKS = ("#F2F6FA", SKY, BLUE), ("#000000", "#FFFFFF")
"""Colours of cells from few to many, and of the numbers on them."""
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
        data[name] = [drawn(table.rows[place][f"{name}_persons"]) for place in order]
    option = {
        "grid": frame(left=16, top=40, bottom=52), "legend": {"top": 4, "left": 16},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": value_axis(say("axis.persons")) | {"nameGap": 30},
        "yAxis": category_axis() | {"axisLabel": NAMES}, "series": series,
    }  # fmt: skip
    axes = {"y": [_fitting(asked.names[place]) for place in order]}
    height = max(360, 92 + 38 * len(order))
    return Chart("veto_rules", say("chart.rules"), option, data, axes, height, table, say("chart.rules.note"))


def _columns(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in text)


def _fitting(name: str) -> str:
    """Return a name cut where it would take more than two lines."""
    if _columns(name) <= TWO_LINES:
        return name
    kept = next(end for end in range(len(name), 0, -1) if _columns(name[:end]) < TWO_LINES)
    return f"{name[:kept].rstrip()}…"


def patterns_chart(asked: Asked) -> Chart:
    """Draw the most frequent patterns: bars of persons above, which rules they fail below."""
    found, say = patterns(asked, MOST_PATTERNS), asked.say
    columns = [str(place + 1) for place in range(len(found))]
    rules = list(range(len(asked.codes)))[::-1]
    bars = [
        {
            "value": drawn(one.persons),
            "name": pattern_name(asked, one),
            "itemStyle": {"color": GREY if one.rest else BLUE},
            # the named formatters write all numbers with the same decimals, or shorten them
            "label": {"formatter": mean_count(one.persons)},
        }
        for one in found
    ]
    hollow = {"type": "scatter", "xAxisIndex": 1, "yAxisIndex": 1, "symbolSize": 12, "silent": True}
    label = {"show": True, "position": "top"}
    names = [_fitting(asked.names[place]) for place in rules]
    tall = (TALL_ROW if any(_columns(name) > ONE_LINE for name in names) else ROW) * len(rules) + 16
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
            value_axis(say("axis.persons")) | TOP | {"axisLabel": {"formatter": {"$fn": "compact"}}},
            {
                "type": "category", "data": names, "gridIndex": 1, "axisLabel": NAMES,
                "axisLine": {"show": False}, "axisTick": {"show": False}, "splitArea": STRIPES,
            },
        ],
        "series": [
            {"id": "persons", "name": say("axis.persons"), "type": "bar", "barWidth": "55%", "label": label,
             "labelLayout": {"hideOverlap": True}},
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
    """Draw how many persons each pair of rules holds back together; rules are numbered, as names fit one side only."""
    say = asked.say
    both = asked.found["both"][PERSONS]
    size = len(asked.codes)
    pairs = [(a, b) for a in range(size) for b in range(size) if a != b]
    most = max((drawn(both[pair]) for pair in pairs), default=0.0)
    cells = []
    for a, b in pairs:
        value = drawn(both[a, b])
        label = {"color": _ink(value / most if most else 0.0), "formatter": mean_count(both[a, b])}
        # the first rule stands on top, where places are counted from below
        name = say("pattern.and").join((asked.names[b], asked.names[a]))
        cells.append({"value": [a, size - 1 - b, value], "name": name, "label": label})
    names = [_fitting(f"{place + 1}  {name}") for place, name in enumerate(asked.names)]
    people = say("axis.persons")
    option = {
        "grid": frame(left=16, top=12, bottom=44),
        "tooltip": {"trigger": "item"},
        "xAxis": category_axis(range(1, size + 1)),
        "yAxis": category_axis(names[::-1]) | {"axisLabel": NAMES},
        "visualMap": {
            "min": 0, "max": max(most, 1.0), "calculable": False, "orient": "horizontal", "left": "center", "bottom": 0,
            "inRange": {"color": list(SHADES)}, "itemHeight": 120, "text": [f"{mean_count(most)} {people}", "0"],
        },
        "series": [{"id": "both", "name": say("series.both"), "type": "heatmap", "label": {"show": True}}],
    }  # fmt: skip
    height = max(380, 72 + 40 * size)
    table, note = pairs_table(asked), say("chart.pairs.note")
    return Chart("veto_pairs", say("chart.pairs"), option, {"both": cells}, {}, height, table, note)


def _ink(share: float) -> str:
    """Return the colour that reads best on a cell, of its share of the most: the library writes white on mid-blue."""
    step = min(int(2 * share), 1)
    ends = ([int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)] for shade in SHADES[step : step + 2])
    mixed = [low + (2 * share - step) * (high - low) for low, high in zip(*ends, strict=True)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in mixed]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # relative luminance by WCAG 2: black and white read equally well where (light + 0.05)^2 = 0.05 x 1.05
    return INKS[0] if (light + 0.05) ** 2 > 0.05 * 1.05 else INKS[1]


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
    table = _curve_table(asked, title, (unit, say("axis.persons")), columns)
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
    table = _curve_table(asked, title, (shown, say("unit.units" if board.prefix else "unit.villages")), columns)
    return Chart(f"veto_threshold_{board.codes[place]}", title, option, data, {}, 340, table, say("chart.board.note"))


def _curve_table(asked: Asked, title: str, units: tuple[str, str], columns: Mapping[str, Any]) -> Table:
    """Return the numbers of a curve; the first column holds the thresholds, and the first unit is theirs."""
    first = Column("threshold", asked.say("column.threshold"), "number", 2, units[0])
    others = [
        Column(name, asked.say(f"series.{name}"), "number", count_digits(values), units[1])
        for name, values in columns.items()
        if name != "threshold"
    ]
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
        "persons": [drawn(one) for one in found.persons],
        "chance": [round(float(one), 5) for one in found.chance],
    }
    columns = [Column("distance", say("axis.distance")), Column("persons", say("series.near"), "count")]
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
    note = "\n".join(line for line in (say("chart.sampled.note"), counted(asked)) if line)
    return Chart("veto_sampled", title, option, data, {}, 380, sampled_table(asked), note)


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
