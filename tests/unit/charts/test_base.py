from povsim.charts.base import PALETTE, Chart, category_axis, frame, value_axis


def test_whole_puts_data_and_categories_in_place():
    lines = [{"id": "a", "type": "line"}, {"id": "b", "type": "bar", "data": [9]}]
    option = {"xAxis": {"type": "category"}, "series": lines}
    chart = Chart("fan", "t", option, data={"a": [1, 2]}, axes={"x": ["2016", "2017"]})
    whole = chart.whole()
    assert whole["series"][0] == {"id": "a", "type": "line", "data": [1, 2]}
    assert whole["series"][1]["data"] == [9]
    assert whole["xAxis"] == {"type": "category", "data": ["2016", "2017"]}
    assert "data" not in option["series"][0]


def test_years_are_categories_and_shares_have_a_formatter():
    assert category_axis([2016])["data"] == ["2016"]
    assert value_axis("x", share="yes", lowest=0)["axisLabel"] == {"formatter": {"$fn": "percent"}}
    assert value_axis("x", lowest=0)["min"] == 0
    assert "min" not in value_axis("x")
    assert frame(left=10)["left"] == 10


def test_colours_are_all_different():
    assert len(set(PALETTE)) == len(PALETTE) == 8
