"""Charts of comparisons draw the views' numbers, in both languages, as plain data."""

from __future__ import annotations

import json
from math import nan

import pytest

from povsim.charts import comparison as charts
from povsim.views import comparison as views
from povsim.views.comparison_drivers import Drivers, drivers_table
from povsim.views.comparison_groups import winners
from povsim.views.comparison_money import money_tables, parts_table
from povsim.views.comparison_sums import bargain_of
from tests.unit.views.comparison_samples import digested, make


@pytest.fixture(scope="module")
def pairs(people, tmp_path_factory):
    place = tmp_path_factory.mktemp("runs")
    return views.pairs_of(views.plans_of([digested(make(name, people, place), place) for name in ("a", "b")]))


def drawn(pairs, lang):
    plans = [pairs[0].first, pairs[0].second]
    yield charts.levels(plans, "poor_persons", lang)
    yield charts.differences(pairs, "poverty_gap", lang)
    for level in ("township", "village"):
        yield charts.area_differences(pairs, "poor_persons", 4, level, lang)
    yield charts.winners_chart(pairs[0], "less", (4, "cause", 0.0), lang)
    yield charts.plane(pairs, 4, lang)
    yield charts.parts(pairs, 4, lang)
    yield charts.targets(plans, lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_chart_is_plain_data_with_its_series(pairs, lang) -> None:
    for chart in drawn(pairs, lang):
        json.dumps(chart.whole(), allow_nan=False)
        assert {series["id"] for series in chart.option["series"]} == set(chart.data), chart.code
        assert chart.title
        assert all(len(values) for values in chart.data.values()), chart.code


def test_bands_are_stacked_from_their_lower_end(pairs) -> None:
    chart, told = charts.differences(pairs, "poor_persons", "en"), pairs[0].difference("poor_persons")
    assert chart.data["mean0"] == pytest.approx(told.mean.tolist())
    tops = [low + band for low, band in zip(chart.data["low0"], chart.data["band0"], strict=True)]
    assert tops == pytest.approx(told.high.tolist())
    assert chart.table is not None
    assert [row["difference1"] for row in chart.table.rows] == pytest.approx(told.mean.tolist())


def test_losers_are_drawn_to_the_left(pairs) -> None:
    chart = charts.winners_chart(pairs[0], "less", (4, "all", 0.0), "en")
    row = winners(pairs[0], 4, "all", "en", threshold=0.0)[0]
    assert (chart.data["won"], chart.data["lost"]) == ([row["won"]], [-row["lost"]])


def test_the_largest_area_comes_first(pairs) -> None:
    chart = charts.area_differences(pairs, "poor_persons", 4, "village", "en")
    sizes = [abs(box[2]) for box in chart.data["area0"]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(chart.axes["y"]) == len(sizes) == 6


def test_the_mean_of_the_plane_is_that_of_the_money_table(pairs) -> None:
    told = bargain_of(pairs[0], 4)
    chart = charts.plane(pairs, 4, "en")
    assert chart.data["mean0"] == [[told.lasting[0], pytest.approx(told.spending[0] / 1e6)]]
    assert len(chart.data["draws0"]) == 6
    extra = money_tables(pairs, 4, "en")[1].rows[0]
    assert chart.data["mean0"][0] == pytest.approx([extra["exits"], extra["spent"]])
    assert chart.option["yAxis"]["name"] == "extra money (million yuan)"
    zh = charts.plane(pairs, 4, "zh")
    assert zh.data["mean0"][0][1] == pytest.approx(told.spending[0] / 1e4)
    # ten thousands are not shortened to ten thousands of ten thousands
    assert zh.option["yAxis"]["axisLabel"]["formatter"]["$fn"] != "compact"


def test_names_on_top_of_axes_begin_at_the_axis(pairs) -> None:
    for chart in drawn(pairs, "en"):
        for axis in (chart.option["xAxis"], chart.option["yAxis"]):
            # a name in the middle stays centred
            aligned = axis.get("nameTextStyle", {}).get("align")
            assert aligned == ("left" if axis.get("nameLocation") == "end" else None), chart.code
    assert charts.plane(pairs, 4, "en").option["yAxis"]["nameLocation"] == "end"


def test_a_tornado_stands_about_the_base_in_points() -> None:
    rows = [{"name": "x", "path": "x", "low": 0.05, "high": 0.02, "strength": -0.03, "error": 0.001}]
    told = Drivers("tornado", "headcount ratio", 2020, "share", 0.03, rows)
    chart = charts.drivers(told, "en")
    assert chart.data["low"] == pytest.approx([2.0])
    assert chart.data["high"] == pytest.approx([-1.0])
    assert chart.option["xAxis"]["name"].endswith("(points)")
    table = drivers_table(told, "zh")
    units = {column.code: (column.kind, column.unit) for column in table.columns}
    assert units["low"] == ("percent", "")
    assert units["strength"] == units["error"] == ("number", "个百分点")
    assert (table.rows[0]["low"], table.rows[0]["strength"]) == (0.05, pytest.approx(-3.0))


def test_parts_of_a_variance_stay_percentages_and_large_money_is_scaled() -> None:
    rows = [{"name": "x", "path": "x", "low": nan, "high": nan, "strength": 0.4, "error": 0.1}]
    strong = charts.drivers(Drivers("sobol", "headcount ratio", 2020, "share", nan, rows), "en")
    assert strong.data == {"strength": [0.4]}
    assert strong.option["xAxis"]["axisLabel"]["formatter"]["$fn"] == "percent"
    rows = [{"name": "x", "path": "x", "low": 1e6, "high": 3e6, "strength": 2e6, "error": 1e4}]
    spent = Drivers("tornado", "money spent", 2020, "MXN per year", 2e6, rows)
    assert charts.drivers(spent, "zh").data == {"low": [-100.0], "high": [100.0]}
    assert drivers_table(spent, "zh").columns[1].unit == "万MXN"


def test_changes_of_shares_are_points_on_every_axis(pairs) -> None:
    for lang, unit in (("zh", "个百分点"), ("en", "points")):
        chart = charts.differences(pairs, "poverty_gap", lang)
        told = pairs[0].difference("poverty_gap")
        assert chart.option["yAxis"]["name"] == unit
        assert chart.data["mean0"] == pytest.approx((100 * told.mean).tolist())
        areas = charts.area_differences(pairs, "headcount_ratio", 4, "township", lang)
        assert areas.option["xAxis"]["name"] == unit
        parts, table = charts.parts(pairs, 4, lang), parts_table(pairs, 4, "headcount_ratio", lang)
        assert {one.unit for one in table.columns[2:]} == {unit}
        assert parts.option["xAxis"]["axisLabel"]["formatter"]["$fn"] != "percent"
        whole = 100 * float(pairs[0].difference("headcount_ratio", place=4).mean)
        assert parts.data["change"][0] == pytest.approx(whole, abs=1e-9)
    # hundredths of a point are not all labelled 0.01
    small = max(abs(100 * pairs[0].difference("poverty_gap").high).max(), abs(100 * told.low).max()) < 0.2
    assert (chart.option["yAxis"]["axisLabel"]["formatter"]["$fn"] == "number") == small
    levels = charts.levels([pairs[0].first], "headcount_ratio", "en")
    assert levels.option["yAxis"]["name"] == "%"
