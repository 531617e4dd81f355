"""Charts of the exit forecast: fan, heat map, flows between year ends, chances by year, a household's chances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from povsim import figures
from povsim.charts.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALETTE,
    PURPLE,
    RED,
    SKY,
    YELLOW,
    Chart,
    category_axis,
    frame,
    value_axis,
)
from povsim.terms import Language
from povsim.views.forecast_areas import (
    Fan,
    Flows,
    fan_table,
    flow_note,
    flow_table,
    flows,
    heat_order,
    heat_table,
    heat_values,
    status_name,
    target_table,
)
from povsim.views.forecast_numbers import Bounds, area_name, chances_by_year, texts

BANDS = (("95", 0, 5, 0.14), ("80", 1, 4, 0.24), ("50", 2, 3, 0.4))
"""Bands by share of the draws: places of their ends among the quantiles, and how solid they are drawn."""
LEAST_LABELLED = 0.08
"""Part of all persons shown at a year end from which a node is named; all are named in its tooltip."""
STATUS_COLOURS = {"registered": ORANGE, "exited": GREEN, "relapsed": RED, "monitored": SKY}
HEAT_COLOURS = ("#fff7e6", "#fdd49e", "#fc8d59", "#b30000")
ODDS_COLOURS = ("#b30000", "#fdd49e", "#cfe8d5", "#00704f")


def fan_chart(found: Fan, lang: Language, *, before: Fan | None = None) -> Chart:
    """Draw how a share of persons spreads over draws, by year, with the bounds of targets.

    Parameters
    ----------
    found : Fan
        As ``views.forecast_areas.fan`` returns it.
    lang : {"zh", "en"}
        Language.
    before : Fan, optional
        That of the finished run on the same draws, whose mean is drawn as a dashed line.
    """
    series: list[dict[str, Any]] = []
    values: dict[str, Sequence[Any]] = {}
    for name, low, high, opacity in BANDS:
        _add_band(series, values, found, (name, low, high, opacity), lang)
    _add_lines(series, values, found, lang)
    if before is not None:
        series.append(_line("before", texts(lang)("fan.before"), GREY, dashed="yes"))
        values["before"] = before.mean.tolist()
    say = texts(lang)
    share = "yes" if found.unit == "share" else "no"
    axis = value_axis(
        found.label if found.unit == "share" else say("axis.persons", quantity=found.label), share=share, lowest=0
    )
    option = {
        "grid": frame(left=60, top=44, right=32),
        # the invisible lower ends of bands are no entries
        "legend": {"top": 4, "type": "scroll", "data": [one["name"] for one in series if one["name"] != one["id"]]},
        "tooltip": {"trigger": "axis", "valueFormatter": {"$fn": "percent" if found.unit == "share" else "compact"}},
        "xAxis": category_axis(found.years, say("axis.year")),
        "yAxis": axis,
        "series": series,
    }
    title = say("fan.title", quantity=found.label, area=found.area)
    return Chart(
        "fan", title, option, values, height=360, table=fan_table(found, lang), note=say("fan.note", draws=found.draws)
    )


def _add_band(
    series: list[dict[str, Any]],
    values: dict[str, Sequence[Any]],
    found: Fan,
    band: tuple[str, int, int, float],
    lang: Language,
) -> None:
    """Add a band as an invisible line to its lower end and a filled one stacked upon it."""
    name, low, high, opacity = band
    label = texts(lang)(f"band.{name}")
    plain = {"type": "line", "stack": f"band{name}", "stackStrategy": "all", "symbol": "none", "silent": True}
    nothing = {"lineStyle": {"opacity": 0}, "tooltip": {"show": False}}
    series.append({**plain, **nothing, "id": f"low{name}", "name": f"low{name}", "z": 1})
    fill = {"areaStyle": {"color": BLUE, "opacity": opacity}, "itemStyle": {"color": BLUE, "opacity": opacity}}
    series.append({**plain, **nothing, **fill, "id": f"band{name}", "name": label, "z": 1})
    values[f"low{name}"] = found.quantiles[low].tolist()
    values[f"band{name}"] = (found.quantiles[high] - found.quantiles[low]).tolist()


def _add_lines(series: list[dict[str, Any]], values: dict[str, Sequence[Any]], found: Fan, lang: Language) -> None:
    series.append(_line("mean", texts(lang)("fan.mean"), BLUE))
    values["mean"] = found.mean.tolist()
    for t, (name, bound) in enumerate(found.targets):
        colour = (RED, PURPLE, YELLOW)[t % 3]
        line = _line(f"target{t}", texts(lang)("fan.target", name=name), colour, dashed="yes")
        series.append({**line, "step": "middle", "symbol": "diamond", "symbolSize": 8})
        values[f"target{t}"] = [None if math.isnan(value) else float(value) for value in bound]


def _line(code: str, name: str, colour: str, *, dashed: str = "no") -> dict[str, Any]:
    style = {"color": colour, "width": 3 if dashed == "no" else 2, "type": "dashed" if dashed == "yes" else "solid"}
    return {
        "type": "line",
        "id": code,
        "name": name,
        "symbolSize": 7,
        "lineStyle": style,
        "itemStyle": {"color": colour},
        "z": 3,
    }


def heat_chart(
    data: xr.Dataset, *, quantity: str, area: str | None, lang: Language, bounds: Bounds | None = None
) -> Chart:
    """Draw townships by years; a click on a cell names its township (second entry of the value) and year (first).

    Parameters
    ----------
    data : Dataset
        A forecast's digest.
    quantity : str
        Out of ``views.forecast_areas.HEATS``.
    area : str, optional
        The township to mark.
    lang : {"zh", "en"}
        Language.
    bounds : mapping, optional
        Bounds of targets in place of the plan's.
    """
    say, values = texts(lang), heat_values(data, quantity, bounds)
    townships, years = heat_townships(data, quantity, bounds), data["year"].to_numpy().tolist()
    names = data["area"].to_numpy().tolist()[1:]
    share = quantity not in ("exits", "relapses")
    rows = [names.index(name) for name in townships]
    chosen = townships.index(area) if area in townships else -1
    cells = [
        {
            "value": [x, y, _cell(values[a, x])],
            **({"itemStyle": {"borderColor": BLUE, "borderWidth": 3}} if y == chosen else {}),
        }
        for y, a in enumerate(rows)
        for x in range(len(years))
    ]
    known = values[np.isfinite(values)]
    odds = quantity == "chance"
    top = 1.0 if odds else max(float(known.max()), 1e-9) if known.size else 1.0
    option = {
        "grid": {**frame(left=8, right=16, top=8, bottom=76)},
        "tooltip": {"valueFormatter": {"$fn": "percent" if share else "compact"}},
        "xAxis": {**category_axis(years, say("axis.year")), "splitArea": {"show": True}},
        "yAxis": {
            **category_axis(townships),
            "inverse": True,
            "axisLabel": {"interval": 0, "width": 120, "overflow": "truncate"},
        },
        "visualMap": {
            "min": 0,
            "max": top,
            "orient": "horizontal",
            "left": "center",
            "bottom": 0,
            "calculable": False,
            "itemHeight": 160,
            "text": _ends(top, share=share, lang=lang),
            "formatter": {"$fn": "percent" if share else "compact"},
            "inRange": {"color": list(ODDS_COLOURS if odds else HEAT_COLOURS)},
        },
        "series": [
            {
                "type": "heatmap",
                "id": "heat",
                "name": say(f"heat.{quantity}"),
                "label": {
                    "show": True,
                    "formatter": {"$fn": "percent0" if odds else "percent1" if share else "compact"},
                },
                "emphasis": {"itemStyle": {"borderWidth": 2}},
            }
        ],
    }
    table = heat_table(data, quantity, lang, bounds)
    axes = {"x": [str(year) for year in years], "y": townships}
    height = min(760, 130 + 26 * max(len(townships), 4))
    return Chart("heat", table.title, option, {"heat": cells}, axes, height=height, table=table, note=table.note)


def _ends(top: float, *, share: bool, lang: Language) -> list[str]:
    """Return what the ends of the colour bar stand for, the high one first."""
    return (
        [figures.percent(top, lang, 0 if top == 1 else 1), figures.percent(0, lang, 0)]
        if share
        else [figures.number(round(top, 1)), "0"]
    )


def heat_townships(data: xr.Dataset, quantity: str, bounds: Bounds | None = None) -> list[str]:
    """Return the townships in the order in which the heat map shows them, top to bottom."""
    names = data["area"].to_numpy().tolist()[1:]
    return [names[a] for a in heat_order(heat_values(data, quantity, bounds), quantity)]


def _cell(value: float) -> float | str:
    return "-" if math.isnan(value) else float(value)


def flow_chart(data: xr.Dataset, *, area: str | None, lang: Language) -> Chart:
    """Draw who was on the register, exited, came back and was found, from one year end to the next.

    What enters from outside the register comes from a node of its own. Who stays is what neither left nor came; net
    moves that go the other way are drawn that way.
    """
    say, found = texts(lang), flows(data, area)
    nodes: dict[str, dict[str, Any]] = {}
    links: list[dict[str, Any]] = []

    def node(status: str, end: int) -> str:
        label = say("flows.outside") if status == "never_registered" else status_name(status, lang)
        name = say("flows.node", status=label, year=found.ends[end])
        look = {"color": STATUS_COLOURS.get(status, GREY)}
        short = {"formatter": _node_text(found, status, end, label), "show": _labelled(found, status, end)}
        nodes.setdefault(name, {"name": name, "itemStyle": look, "depth": end, "label": short})
        return name

    for end in range(1, len(found.ends)):
        left = {status: float(stock[end - 1]) for status, stock in found.stocks.items()}
        for flow, moved in found.moves:
            amount = float(moved[end - 1])
            source, target = (flow.source, flow.target) if amount >= 0 else (flow.target, flow.source)
            if abs(amount) >= 0.5:
                links.append({"source": node(source, end - 1), "target": node(target, end), "value": abs(amount)})
            left[source] = left.get(source, 0.0) - abs(amount)
        links += [
            {"source": node(status, end - 1), "target": node(status, end), "value": kept}
            for status, kept in left.items()
            if kept >= 0.5 and status in found.stocks
        ]
    option = {
        "tooltip": {"trigger": "item", "valueFormatter": {"$fn": "compact"}},
        "series": [
            {
                "type": "sankey",
                "id": "flows",
                "left": 8,
                "right": 150,
                "top": 12,
                "bottom": 12,
                "nodeAlign": "left",
                "nodeWidth": 14,
                "nodeGap": 20,
                "draggable": False,
                "emphasis": {"focus": "adjacency"},
                "lineStyle": {"color": "source", "opacity": 0.35},
                "links": links,
                "layoutIterations": 24,
                "label": {"overflow": "truncate", "width": 140, "fontSize": 12, "lineHeight": 15},
            }
        ],
    }
    title = say("flows.title", area=area_name(data, area, lang))
    table = flow_table(data, area, lang)
    return Chart(
        "flows", title, option, {"flows": list(nodes.values())}, height=420, table=table, note=flow_note(data, lang)
    )


def _node_text(found: Flows, status: str, end: int, label: str) -> str:
    """Return what stands beside a node: its name at both edges, between them the year; and how many are in it.

    Between the edges there is room for a few digits only: the next year's node follows.
    """
    if status not in found.stocks:
        return label.replace(" ", "\n")
    many, year = figures.count(float(found.stocks[status][end])), str(found.ends[end])
    if 0 < end < len(found.ends) - 1:
        return f"{year}\n{many}"
    return f"{label}\n{year}\n{many}" if _large(found, status, end) else f"{label} {many}"


def _labelled(found: Flows, status: str, end: int) -> bool:
    """Tell whether a node has room for its name: at the right edge, where it is large, and outside at the left edge."""
    if status not in found.stocks:
        return end == 0
    return end == len(found.ends) - 1 or _large(found, status, end)


def _large(found: Flows, status: str, end: int) -> bool:
    whole = sum(float(stock[end]) for stock in found.stocks.values())
    return status in found.stocks and float(found.stocks[status][end]) >= LEAST_LABELLED * whole


def chance_chart(data: xr.Dataset, *, area: str | None, lang: Language, bounds: Bounds | None = None) -> Chart:
    """Draw how likely each target is to hold, year by year."""
    say, years = texts(lang), data["year"].to_numpy().tolist()
    found = {year: {one.code: one for one in each} for year, each in chances_by_year(data, area, lang, bounds).items()}
    codes = [code for code in data["target"].to_numpy().tolist() if any(code in each for each in found.values())]
    names = dict(zip(data["target"].to_numpy().tolist(), data[f"target_{lang}"].to_numpy().tolist(), strict=True))
    series = [
        {
            "type": "bar",
            "id": code,
            "name": names[code],
            "itemStyle": {"color": PALETTE[place % len(PALETTE)]},
            "barMaxWidth": 36,
        }
        for place, code in enumerate(codes)
    ]
    values = {code: [found[year][code].share if code in found[year] else None for year in years] for code in codes}
    option = {
        "grid": frame(left=60, top=44),
        "legend": {"top": 4, "type": "scroll"},
        "tooltip": {"trigger": "axis", "valueFormatter": {"$fn": "percent0"}},
        "xAxis": category_axis(years, say("axis.year")),
        "yAxis": {**value_axis(say("axis.chance"), share="yes", lowest=0), "max": 1},
        "series": series,
    }
    table = target_table(data, area=area, lang=lang, bounds=bounds)
    return Chart("chances", table.title, option, values, height=300, table=table, note=table.note)
