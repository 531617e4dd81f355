"""Pictures of back-tests as charts: lines with their bands, or bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from povsim.backtests.record import ROOM, Line, Picture, name_of
from povsim.charts.base import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Chart, category_axis, frame, value_axis
from povsim.terms import Language
from povsim.wording import Wording, wording

ACTUAL = RED
FORECASTS, RIVALS = (BLUE, GREEN, PURPLE, SKY), (GREY, ORANGE, SKY)

NAME_GAP = {"share": 48, "amount": 60, "persons": 72}
"""Pixels between an axis and its name: numbers of persons are long."""


def chart_of(picture: Picture, lang: Language) -> Chart:
    """Return a picture as a chart.

    Parameters
    ----------
    picture : Picture
        What is drawn.
    lang : {"zh", "en"}
        Language.

    Examples
    --------
    >>> line = Line("survey", "actual", [0.1, 0.2])
    >>> chart = chart_of(Picture("headcount", [("2016", "2016"), ("2017", "2017")], [line]), "en")
    >>> chart.title, chart.data
    ('Rural headcount ratio (as a survey finds it)', {'survey': [0.1, 0.2]})
    """
    say = wording(lang, ROOM)
    series: list[dict[str, Any]] = []
    data: dict[str, Sequence[Any]] = {}
    for line, colour in zip(picture.lines, _colours(picture.lines), strict=True):
        name = name_of(say, "line", line.code)
        if picture.shape == "lines" and len(line.low):
            _add_band(series, data, line, (say("band", name=name), colour))
        series.append(_bar(line, name, colour) if picture.shape == "bars" else _line(line, name, colour))
        data[line.code] = _known(line.values)
    axis = say.find(f"picture.{picture.code}.axis") or say(_axis(picture))
    share = "yes" if picture.unit == "share" else "no"
    option = {
        "grid": frame(left=NAME_GAP[picture.unit], top=64, right=28),
        "legend": {
            "top": 4,
            "type": "scroll",
            "data": [one["name"] for one in series if not one["id"].startswith("_")],
        },
        "tooltip": {"trigger": "axis", "valueFormatter": {"$fn": "percent" if share == "yes" else "compact"}},
        "xAxis": _names(picture, say),
        "yAxis": {**value_axis(axis, share=share), "nameGap": NAME_GAP[picture.unit]},
        "series": series,
    }
    banded = picture.shape == "lines" and any(len(line.low) for line in picture.lines)
    notes = (say.find(f"picture.{picture.code}.note"), say("picture.band") if banded else None)
    note = "\n".join(one for one in notes if one)
    return Chart(picture.code, say(f"picture.{picture.code}"), option, data, height=380, note=note)


def _axis(picture: Picture) -> str:
    """Return the text of the axis of values; shares of a panel count households."""
    return "panel.axis" if picture.code.startswith("panel_") else f"axis.{picture.unit}"


def _names(picture: Picture, say: Wording) -> dict[str, Any]:
    names = [pair[0] if say.lang == "zh" else pair[1] for pair in picture.categories]
    # names with a text of their own (steps of a decomposition) are found by it
    axis = category_axis([say.find(name) or name for name in names])
    return {**axis, "axisLabel": {"interval": 0, "hideOverlap": False}} if picture.shape == "bars" else axis


def _colours(lines: Sequence[Line]) -> list[str]:
    forecasts, rivals = iter(FORECASTS * len(lines)), iter(RIVALS * len(lines))
    return [ACTUAL if one.drawn == "actual" else next(forecasts if one.drawn == "model" else rivals) for one in lines]


def _add_band(series: list[dict[str, Any]], data: dict[str, Sequence[Any]], line: Line, named: tuple[str, str]) -> None:
    """Add a band as an invisible line to its lower end and a filled one stacked upon it."""
    label, colour = named
    plain = {
        "type": "line", "stack": f"band_{line.code}", "stackStrategy": "all", "symbol": "none", "silent": True, "z": 1,
        "lineStyle": {"opacity": 0}, "tooltip": {"show": False},
    }  # fmt: skip
    fill = {"areaStyle": {"color": colour, "opacity": 0.18}, "itemStyle": {"color": colour, "opacity": 0.4}}
    low, high = f"_low_{line.code}", f"_band_{line.code}"
    series.append({**plain, "id": low, "name": low})
    series.append({**plain, **fill, "id": high, "name": label})
    data[low] = _known(line.low)
    data[high] = _known([top - bottom for bottom, top in zip(line.low, line.high, strict=True)])


def _line(line: Line, name: str, colour: str) -> dict[str, Any]:
    style = {"color": colour, "width": 2.5, "type": "dashed" if line.drawn == "rival" else "solid"}
    actual = {"symbol": "diamond", "symbolSize": 10, "z": 5} if line.drawn == "actual" else {"symbolSize": 5, "z": 3}
    return {
        "id": line.code, "name": name, "type": "line", "lineStyle": style, "itemStyle": {"color": colour},
        "symbol": "circle", "connectNulls": False, **actual,
    }  # fmt: skip


def _bar(line: Line, name: str, colour: str) -> dict[str, Any]:
    return {"id": line.code, "name": name, "type": "bar", "itemStyle": {"color": colour}, "barMaxWidth": 34}


def _known(values: Sequence[float]) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]
