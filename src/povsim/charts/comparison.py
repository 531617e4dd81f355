"""Charts of plans side by side; each plan keeps its colour on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from povsim.charts.base import GREEN, RED, Chart, category_axis, frame, value_axis
from povsim.charts.comparison_axes import COLOURS, ROW, SHADOW, TOP, bars, legend, scaled_axis, zero
from povsim.charts.comparison_sums import drivers, parts, plane, targets
from povsim.planning.comparison_draws import Difference
from povsim.terms import Language
from povsim.views.comparison_groups import winners
from povsim.views.comparison_plans import Pair, Plan, band_of, names, texts
from povsim.views.comparison_tables import VILLAGE, area_difference, areas, years_table
from povsim.views.comparison_units import Scale, change_scale, level_scale
from povsim.views.comparison_words import points_text

__all__ = ["area_differences", "differences", "drivers", "levels", "parts", "plane", "targets", "winners_chart"]

MOST_AREAS = 25
LABEL = {"width": 150, "overflow": "truncate"}


def levels(plans: Sequence[Plan], code: str, lang: Language) -> Chart:
    """Return a statistic by year under each plan, with 80 % bands.

    Parameters
    ----------
    plans : sequence of Plan
        The plans.
    code : str
        The statistic.
    lang : {"zh", "en"}
        Language.
    """
    say, statistic, called = texts(lang), plans[0].statistic(code), names(plans, lang)
    lines = []
    for plan in plans:
        values = plan.value(code)
        low, high = np.quantile(values, band_of(plan), axis=0)
        lines.append((values.mean(axis=0), low, high))
    head = ("compare_levels", say("vs.chart.levels", what=statistic.label(lang)))
    scale = level_scale(statistic, plans[0], lang, [float(mean) for means, *_ in lines for mean in means])
    return _lines(head, (plans[0], scale), list(zip(called, COLOURS, lines, strict=False)))


def differences(pairs: Sequence[Pair], code: str, lang: Language) -> Chart:
    """Return by year how a statistic differs from the first plan, with 80 % bands of the draws' differences.

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
    statistic, called = first.statistic(code), names([first, *(one.second for one in pairs)], lang)
    told = [one.difference(code) for one in pairs]
    lines = [(one.mean, one.low, one.high) for one in told]
    title = say("vs.chart.differences", what=statistic.label(lang), first=called[0])
    drawn = list(zip(called[1:], COLOURS[1:], lines, strict=False))
    scale = change_scale(statistic, first, lang, [float(mean) for one in told for mean in one.mean])
    chart = _lines(("compare_differences", title), (first, scale), drawn)
    chart.option["series"][-1]["markLine"] = zero("yAxis")
    # how large a difference is shows beside none
    chart.option["yAxis"]["scale"] = False
    note = "vs.note.common" if all(one.pairs.common for one in pairs) else "vs.note.apart"
    return replace(chart, table=years_table(pairs, code, lang), note=say(note))


Line = tuple[str, str, tuple[Any, Any, Any]]


def _lines(head: tuple[str, str], of: tuple[Plan, Scale], lines: Sequence[Line]) -> Chart:
    plan, scale = of
    series: list[dict[str, Any]] = []
    data: dict[str, list[float | None]] = {}
    # the axis rounds what a tooltip can say in full
    tip = {} if scale.kind in ("percent", "count") else {"tooltip": {"valueFormatter": scale.tip}}
    for at, (name, colour, ends) in enumerate(lines):
        mean, low, high = (scale.of(values) for values in ends)
        quiet = {"type": "line", "stack": f"band{at}", "stackStrategy": "all", "symbol": "none", "silent": True,
                 "lineStyle": {"opacity": 0}, "tooltip": {"show": False}, "name": name}  # fmt: skip
        series += [
            {**quiet, "id": f"low{at}"},
            {**quiet, "id": f"band{at}", "areaStyle": {"color": colour, "opacity": 0.16}},
            {
                "id": f"mean{at}", "name": name, "type": "line", "symbolSize": 7, "itemStyle": {"color": colour},
                "lineStyle": {"width": 3, "color": colour}, **tip,
            },
        ]  # fmt: skip
        data |= {f"low{at}": _plain(low), f"band{at}": _plain(high - low), f"mean{at}": _plain(mean)}
    option = {
        "grid": frame(left=24, top=44, bottom=16, right=20),
        "legend": legend([(name, colour) for name, colour, _ in lines]),
        "tooltip": {"trigger": "axis", "formatter": {"$fn": "axis_table"}},
        "xAxis": category_axis(plan.years),
        "yAxis": _values(scale, *(scale.of(np.asarray(ends)) for *_, ends in lines)),
        "series": series,
    }
    return Chart(*head, option, data, {"x": [str(year) for year in plan.years]}, 340)


def _plain(values: Any) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in np.asarray(values, dtype=np.float64)]


def _values(scale: Scale, *drawn: Any) -> dict[str, Any]:
    # a name beside the axis would be turned; on top it is read like the numbers
    return {**scaled_axis(scale, *drawn), **TOP, "scale": True}


def area_differences(pairs: Sequence[Pair], code: str, place: int, level: str, lang: Language) -> Chart:
    """Return how a statistic of a year differs by area, the largest differences first, with 80 % bands.

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
    called = names([first, *(one.second for one in pairs)], lang)[1:]
    told = [area_difference(one, code, place, level)[1] for one in pairs]
    largest = np.max([np.abs(np.nan_to_num(one.mean)) for one in told], axis=0)
    order = np.argsort(-largest, kind="stable")[:MOST_AREAS]
    scale = change_scale(statistic, first, lang, [float(mean) for one in told for mean in one.mean])
    drawn = [scale.of(np.asarray([one.low, one.high])) for one in told]
    series = [
        {
            "id": f"area{at}", "name": name, "type": "boxplot", "boxWidth": [2, 10],
            "itemStyle": {"color": colour, "borderColor": colour, "borderWidth": 2},
            "tooltip": {"valueFormatter": scale.tip},
        }
        for at, (name, colour) in enumerate(zip(called, COLOURS[1:], strict=False))
    ]  # fmt: skip
    series[-1]["markLine"] = zero("xAxis")
    option = {
        "grid": frame(left=12, top=40, bottom=30, right=24),
        "legend": legend(list(zip(called, COLOURS[1:], strict=False))),
        "tooltip": {"trigger": "item"},
        "xAxis": {**scaled_axis(scale, *drawn), "nameGap": 28, "scale": True},
        "yAxis": {**category_axis(), "inverse": True, "axisLabel": LABEL},
        "series": series,
    }
    data = {f"area{at}": [_box(one, unit, scale) for unit in order.tolist()] for at, one in enumerate(told)}
    cut = say("vs.chart.cut", most=len(order)) if len(order) < len(units) else ""
    key = "vs.chart.villages" if level == VILLAGE else f"vs.chart.{level}"
    title = say(key, what=statistic.label(lang), year=first.years[place], cut=cut)
    height = max(220, 80 + len(order) * (ROW if len(pairs) == 1 else ROW + 8 * len(pairs)))
    axes = {"y": [units[at] for at in order.tolist()]}
    return Chart("compare_areas", title, option, data, axes, height, note=say("note.band"))


def _box(told: Difference, at: int, scale: Scale) -> list[float | None]:
    """Return the ends of the band as whiskers and the mean as a box without height."""
    low, mean, high = (float(scale.of(values[at])) for values in (told.low, told.mean, told.high))
    return [None] * 5 if np.isnan(mean) else [low, mean, mean, mean, high]


def winners_chart(one: Pair, called: str, asked: tuple[int, str, float], lang: Language) -> Chart:
    """Return households that win, to the right, and lose, to the left, by group.

    Parameters
    ----------
    one : Pair
        A plan beside the first, both run with households.
    called : str
        Name of the plan.
    asked : tuple of (int, str, float)
        Position of the year, kind of groups, threshold.
    lang : {"zh", "en"}
        Language.
    """
    say, (place, kind, threshold) = texts(lang), asked
    rows = winners(one, place, kind, lang, threshold=threshold)
    kept = sorted(rows, key=lambda row: -(row["won"] + row["lost"]))[:MOST_AREAS]
    ends = {"won": (say("vs.column.won"), GREEN, 1), "lost": (say("vs.column.lost"), RED, -1)}
    axis = value_axis(say("unit.households"))
    option = {
        "grid": frame(left=12, top=40, bottom=30, right=24),
        "legend": legend([(name, colour) for name, colour, _ in ends.values()]),
        "tooltip": {**SHADOW, "valueFormatter": {"$fn": "magnitude"}},
        "xAxis": {**axis, "nameGap": 28, "axisLabel": {**axis.get("axisLabel", {}), "formatter": {"$fn": "magnitude"}}},
        "yAxis": {**category_axis(), "inverse": True, "axisLabel": LABEL},
        "series": [bars(code, name, colour, stack="all") for code, (name, colour, _) in ends.items()],
    }
    data = {code: [sign * row[code] for row in kept] for code, (_, _, sign) in ends.items()}
    title = say("vs.chart.groups", plan=called, year=one.first.years[place], threshold=points_text(threshold, lang))
    labels = [row["group"] or say("vs.kind.all") for row in kept]
    return Chart("compare_groups_chart", title, option, data, {"y": labels}, max(220, 80 + ROW * len(kept)))
