"""Charts of the exit forecast: plain data that agrees with the views."""

from __future__ import annotations

import json

import numpy as np
import pytest

from povsim.charts.forecast import chance_chart, fan_chart, flow_chart, heat_chart, heat_townships
from povsim.dashboard.widgets.plain import plain
from povsim.views.forecast_areas import QUANTILES, fan, flows, heat_quantities, heat_values
from povsim.views.forecast_numbers import chances
from tests.unit.views.forecast_samples import sample_digest


@pytest.fixture(scope="module")
def data():
    return sample_digest().part("forecast")


def test_bands_stack_up_to_the_quantiles(data):
    found = fan(data, ratio="registered_ratio", area=None, lang="en")
    chart = fan_chart(found, "en", before=found)
    for name, high in (("95", 5), ("80", 4), ("50", 3)):
        top = np.add(chart.data[f"low{name}"], chart.data[f"band{name}"])
        assert top == pytest.approx(found.quantiles[high])
    assert len(QUANTILES) == 6
    assert chart.data["before"] == chart.data["mean"]
    assert chart.data["target0"][:4] == [None] * 4
    assert "low95" not in chart.option["legend"]["data"]


def test_cells_of_the_heat_map_are_where_a_click_looks_for_them(data):
    for quantity in heat_quantities(data):
        chart, values = heat_chart(data, quantity=quantity, area=None, lang="zh"), heat_values(data, quantity)
        order, names = heat_townships(data, quantity), data["area"].values.tolist()[1:]
        assert list(chart.axes["y"]) == order
        for cell in chart.data["heat"]:
            x, y, value = cell["value"]
            wanted = values[names.index(order[y]), x]
            assert value == "-" if np.isnan(wanted) else value == pytest.approx(wanted)


def test_the_chosen_township_is_marked(data):
    area = data["area"].values.tolist()[2]
    chart = heat_chart(data, quantity="headcount_ratio", area=area, lang="en")
    marked = {cell["value"][1] for cell in chart.data["heat"] if "itemStyle" in cell}
    assert marked == {heat_townships(data, "headcount_ratio").index(area)}


def test_what_flows_into_a_node_is_its_stock(data):
    chart, found = flow_chart(data, area=None, lang="en"), flows(data, None)
    links = chart.option["series"][0]["links"]
    for end, year in enumerate(found.ends[1:], start=1):
        for status, stock in found.stocks.items():
            name = f"{status}, {year}"
            into = sum(link["value"] for link in links if link["target"] == name)
            assert into == pytest.approx(stock[end], abs=1.5), name
    names = [node["name"] for node in chart.data["flows"]]
    assert len(set(names)) == len(names)
    assert {link[side] for link in links for side in ("source", "target")} <= set(names)


def test_bars_are_the_chances(data):
    chart = chance_chart(data, area=None, lang="en", bounds={"incidence": 0.03})
    shares = [chances(data, year, None, "en", {"incidence": 0.03})[0].share for year in data["year"].values.tolist()]
    assert chart.data["incidence"] == shares


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_charts_are_plain_data(data, lang):
    found = fan(data, ratio="headcount_ratio", area=None, lang=lang, unit="persons")
    charts = [
        fan_chart(found, lang), flow_chart(data, area=None, lang=lang), chance_chart(data, area=None, lang=lang),
        heat_chart(data, quantity="chance", area=None, lang=lang),
    ]  # fmt: skip
    for chart in charts:
        json.dumps(plain(chart.whole()), allow_nan=False)
        assert chart.table is not None
        assert chart.table.rows
