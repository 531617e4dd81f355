"""Charts of comparisons draw the views' numbers, in both languages, as plain data."""

from __future__ import annotations

import json

import pytest

from povsim.charts import comparison as charts
from povsim.views import comparison as views
from povsim.views.comparison_drivers import Drivers
from povsim.views.comparison_groups import winners
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
    assert chart.data["mean0"] == [[told.lasting[0], told.spending[0]]]
    assert len(chart.data["draws0"]) == 6


def test_a_tornado_stands_about_the_base() -> None:
    rows = [{"name": "x", "low": 0.05, "high": 0.02, "strength": -0.03}]
    told = Drivers("tornado", "headcount ratio", 2020, "share", 0.03, rows)
    chart = charts.drivers(told.rows, ("t", "n", told.units), told.base, "en")
    assert chart.data["low"] == pytest.approx([0.02])
    assert chart.data["high"] == pytest.approx([-0.01])
    strong = charts.drivers(rows, ("t", "n", "share"), float("nan"), "en")
    assert strong.data == {"strength": [-0.03]}
