"""What all charts share: the record of a chart, its palette, and axes that are labelled with their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from povsim.views.parts import Table

BLUE, ORANGE, GREEN, YELLOW, SKY, RED, PURPLE, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#F0E442", "#56B4E9", "#D55E00", "#CC79A7", "#8A8F98",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW, GREY)
"""Colours that the colour-blind tell apart: M. Okabe and K. Ito, Color Universal Design, 2008."""


@dataclass(frozen=True)
class Chart:
    """A chart: what it looks like, apart from the numbers it draws.

    Attributes
    ----------
    code, title : str
        Code (also the name of its picture), and title in the reader's language.
    option : mapping
        ECharts option (version 6), plain data: no functions, no colours of background or text (the theme sets them).
        Every series has an ``id``; series data may be left out here.
    data : mapping of str to sequence
        Data by series id; changed alone when only numbers change.
    axes : mapping of str to sequence
        Categories by axis, ``x`` or ``y``, where they change with the numbers.
    height : int
        Pixels at normal size.
    table : Table, optional
        The numbers behind it.
    note : str
        Convention, error or source, shown under it.
    """

    code: str
    title: str
    option: Mapping[str, Any]
    data: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    height: int = 320
    table: Table | None = None
    note: str = ""

    def whole(self) -> dict[str, Any]:
        """Return the option with its data in place, for a page that draws it once."""
        option = dict(self.option)
        option["series"] = [
            {**series, "data": self.data[series["id"]]} if series.get("id") in self.data else dict(series)
            for series in option.get("series", ())
        ]
        for side, names in self.axes.items():
            option[f"{side}Axis"] = {**option.get(f"{side}Axis", {}), "data": list(names)}
        return option


def frame(*, left: int = 56, right: int = 24, top: int = 24, bottom: int = 48) -> dict[str, Any]:
    """Return the grid of a chart in pixels, its labels kept inside."""
    return {"left": left, "right": right, "top": top, "bottom": bottom, "containLabel": True}


def value_axis(name: str, *, share: str = "no", lowest: float | None = None) -> dict[str, Any]:
    """Return an axis of numbers; ``share="yes"`` labels shares (0-1) as percentages by the named formatter."""
    label = {"formatter": {"$fn": "percent"}} if share == "yes" else {"formatter": {"$fn": "compact"}}
    axis: dict[str, Any] = {"type": "value", "name": name, "nameLocation": "middle", "nameGap": 44, "axisLabel": label}
    return axis if lowest is None else {**axis, "min": lowest}


def category_axis(names: Sequence[object] = (), name: str = "") -> dict[str, Any]:
    """Return an axis of categories; years too are categories, or they would be written as 2,016."""
    return {
        "type": "category", "data": [str(one) for one in names], "name": name, "nameLocation": "middle", "nameGap": 30,
        "axisTick": {"alignWithLabel": True},
    }  # fmt: skip
