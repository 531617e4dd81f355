"""Charts of what plans come to: money against exits, parts of the change, targets met, drivers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from povsim.charts.base import BLUE, GREEN, GREY, ORANGE, RED, SKY, YELLOW, Chart, category_axis, frame, value_axis
from povsim.charts.comparison_axes import COLOURS, ROW, SHADOW, TOP, as_it_is, bars, legend, scaled_axis, zero
from povsim.terms import Language
from povsim.views.comparison_drivers import Drivers, Units, drivers_table, units_of
from povsim.views.comparison_money import parts_table, plane_note
from povsim.views.comparison_plans import Pair, Plan, names, texts
from povsim.views.comparison_sums import bargain_of
from povsim.views.comparison_targets import targets_table
from povsim.views.comparison_units import POINT_DIGITS, large_money

PARTS = {"growth": GREEN, "redistribution": BLUE, "line": YELLOW, "unexplained": GREY}
MOST_POINTS = 400


def plane(pairs: Sequence[Pair], place: int, lang: Language) -> Chart:
    """Return, draw by draw, the extra money against the extra lasting exits.

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
    called = names([first, *(one.second for one in pairs)], lang)[1:]
    scale = large_money(first, lang, signed=True)
    series: list[dict[str, Any]] = []
    data: dict[str, list[list[float]]] = {}
    for at, (one, name, colour) in enumerate(zip(pairs, called, COLOURS[1:], strict=False)):
        told = bargain_of(one, place)
        money, exits = (values[:: max(1, values.size // MOST_POINTS)] for values in told.draws)
        series += [
            {
                "id": f"draws{at}", "name": name, "type": "scatter", "symbolSize": 7,
                "itemStyle": {"color": colour, "opacity": 0.45},
            },
            {
                "id": f"mean{at}", "name": name, "type": "scatter", "symbol": "diamond", "symbolSize": 20,
                "itemStyle": {"color": colour, "borderColor": "#ffffff", "borderWidth": 1},
            },
        ]  # fmt: skip
        data[f"draws{at}"] = [[float(x), float(scale.of(y))] for x, y in zip(exits, money, strict=True)]
        data[f"mean{at}"] = [[told.lasting[0], scale.of(told.spending[0])]]
    series[-1]["markLine"] = zero("xAxis", "yAxis")
    points = (np.asarray(drawn)[:, 1] for drawn in data.values())
    money_axis = {
        **scaled_axis(scale, *points),
        "name": say("vs.with_unit", what=say("vs.plane.money"), unit=scale.unit),
    }
    option = {
        "grid": frame(left=24, top=44, bottom=34, right=30),
        "legend": legend(list(zip(called, COLOURS[1:], strict=False))),
        "tooltip": {"trigger": "item"},
        "xAxis": {**value_axis(say("vs.plane.exits")), "nameGap": 28, "axisLine": {"onZero": False}},
        "yAxis": {**money_axis, **TOP, "axisLine": {"onZero": False}},
        "series": series,
    }
    title = say("vs.chart.plane", year=first.years[place])
    return Chart("compare_plane", title, option, data, height=360, note=plane_note(pairs, place, lang))


def parts(pairs: Sequence[Pair], place: int, lang: Language) -> Chart:
    """Return growth, redistribution and line in the changes of the headcount ratio, as stacked bars.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first.
    place : int
        Position of the year.
    lang : {"zh", "en"}
        Language.
    """
    say, table = texts(lang), parts_table(pairs, place, "headcount_ratio", lang)
    changes = list(dict.fromkeys(str(row["change"]) for row in table.rows))
    at = {(row["change"], row["_part"]): row["share"] for row in table.rows}
    named = {code: say(f"component.{code}") for code in (*PARTS, "change")}
    tip = {"tooltip": {"valueFormatter": {"$fn": "signed", "digits": POINT_DIGITS}}}
    series = [bars(code, named[code], colour, stack="all", barMaxWidth=26, **tip) for code, colour in PARTS.items()]
    total = {"id": "change", "name": named["change"], "type": "scatter", "symbol": "diamond", "symbolSize": 15, **tip}
    series.append({**total, "itemStyle": {"color": RED}})
    data = {code: [at[change, code] for change in changes] for code in named}
    option = {
        "grid": frame(left=12, top=44, bottom=34, right=30),
        "legend": legend([(named[code], colour) for code, colour in {**PARTS, "change": RED}.items()]),
        "tooltip": SHADOW,
        "xAxis": {**value_axis(say("vs.parts.axis")), "nameGap": 28, "axisLabel": as_it_is(*data.values())},
        "yAxis": {**category_axis(), "inverse": True, "axisLabel": {"width": 260, "overflow": "break"}},
        "series": series,
    }
    height = 110 + 52 * len(changes)
    return Chart("compare_parts_chart", table.title, option, data, {"y": changes}, height, note=table.note)


def targets(plans: Sequence[Plan], lang: Language) -> Chart:
    """Return the probability of each target under each plan and in each year as a heat map.

    Parameters
    ----------
    plans : sequence of Plan
        The plans.
    lang : {"zh", "en"}
        Language.
    """
    say, table = texts(lang), targets_table(plans, lang)
    years = [str(year) for year in plans[0].years]
    rows = [f"{row['target']}\n{row['plan']}" for row in table.rows]
    cells = [
        [place, at, row[year]]
        for at, row in enumerate(table.rows)
        for place, year in enumerate(years)
        if row.get(year) is not None
    ]
    label = {"width": 280, "overflow": "truncate", "lineHeight": 17}
    option: dict[str, Any] = {
        "grid": frame(left=12, top=12, bottom=56, right=24),
        "tooltip": {"trigger": "item"},
        "xAxis": {**category_axis(years), "position": "top", "splitArea": {"show": False}},
        "yAxis": {**category_axis(), "inverse": True, "axisLabel": label},
        "visualMap": {
            "min": 0, "max": 1, "orient": "horizontal", "left": "center", "bottom": 4,
            "itemWidth": 14, "itemHeight": 160, "formatter": {"$fn": "percent0"},
            "text": [say("vs.sure"), say("vs.never")], "inRange": {"color": [ORANGE, "#F6EBD9", SKY, BLUE]},
        },
        "series": [
            {
                "id": "targets", "name": say("vs.targets.probability"), "type": "heatmap",
                "label": {"show": True, "formatter": {"$fn": "percent0"}, "fontSize": 14},
                "itemStyle": {"borderWidth": 2, "borderColor": "transparent"},
                "tooltip": {"valueFormatter": {"$fn": "percent0"}},
            }
        ],
    }  # fmt: skip
    height = 110 + 46 * len(rows)
    return Chart("compare_targets_chart", table.title, option, {"targets": cells}, {"y": rows}, height, note=table.note)


def drivers(told: Drivers, lang: Language) -> Chart:
    """Return the strongest figures as bars: a tornado about the base, else how strong each is.

    Parameters
    ----------
    told : Drivers
        As ``comparison_drivers.drivers_of`` returns it.
    lang : {"zh", "en"}
        Language.
    """
    say, table, units = texts(lang), drivers_table(told, lang), units_of(told, lang)
    tornado = not math.isnan(told.base)
    ends = {"low": ORANGE, "high": BLUE} if tornado else {"strength": BLUE}
    less, (factor, unit) = told.base if tornado else 0.0, units.change
    series = [bars(code, say(f"vs.drivers.{code}"), colour, barGap="-100%") for code, colour in ends.items()]
    name = say("vs.drivers.axis" if tornado else "vs.drivers.strength")
    axis = value_axis(
        say("vs.with_unit", what=name, unit=unit) if unit else name, share="no" if unit else _share(units)
    )
    data = {code: [factor * (row[code] - less) for row in told.rows] for code in ends}
    option = {
        "grid": frame(left=12, top=40, bottom=34, right=30),
        "legend": legend([(one["name"], one["itemStyle"]["color"]) for one in series]),
        "tooltip": SHADOW,
        "xAxis": {**axis, "nameGap": 28, **({} if factor == 1 else {"axisLabel": as_it_is(*data.values())})},
        "yAxis": {**category_axis(), "inverse": True, "axisLabel": {"width": 300, "overflow": "truncate"}},
        "series": series,
    }
    axes = {"y": [row["name"] for row in told.rows]}
    height = 100 + ROW * len(told.rows)
    return Chart("compare_drivers_chart", table.title, option, data, axes, height, note=table.note)


def _share(units: Units) -> str:
    return "yes" if units.share else "no"
