"""A place for a chart or table shows what there is, or why there is nothing: never both, and nothing old."""

from __future__ import annotations

from povsim.charts.base import Chart
from povsim.dashboard.pages.veto_lab_places import Place
from povsim.dashboard.widgets.layout import HIDDEN
from povsim.dashboard.widgets.table import TableView
from povsim.views.parts import Column, Table


def _shown(place: Place) -> list[bool]:
    """Tell whether the box of what is shown, and the card that says why there is nothing, are in sight."""
    return [HIDDEN not in one._dom_classes for one in place.widget.children]


def test_a_chart_goes_and_comes_back() -> None:
    place = Place()
    for values in ([3.0], [5.0]):
        place.show(Chart("c", "Bars", {"series": [{"id": "a", "type": "bar"}]}, {"a": values}))
        assert _shown(place) == [True, False]
        assert place.view._whole["series"] == {"a": values}
        place.show(Chart("c", "Bars", {"series": [{"id": "a", "type": "bar"}]}, {"a": []}), "There are none.")
        assert _shown(place) == [False, True]
        assert HIDDEN not in place.view._dom_classes
        assert place.view._whole["series"] == {"a": []}


def test_a_table_goes_and_comes_back() -> None:
    place = Place(TableView(selectable=True))
    place.show(Table("t", "Units", [], []), "There are none.")
    assert _shown(place) == [False, True]
    assert [one.text for one in place.widget.children[1].children] == ["Units", "There are none."]
    place.show(Table("t", "Units", [Column("a", "A")], [{"a": "x"}]))
    assert _shown(place) == [True, False]
    assert place.view.rows == [["x"]]
