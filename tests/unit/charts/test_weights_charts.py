"""Charts of the weight tuner are plain data, whole, and draw the numbers of their tables."""

from __future__ import annotations

import json

import pytest

from povsim.charts import weights as charts
from povsim.charts.base import Chart
from povsim.scoring.schemes import weight_scheme
from povsim.views import weights_answers as answers
from povsim.views import weights_tables as tables
from povsim.views.weights_board import standing
from povsim.views.weights_scheme import equal
from povsim.views.weights_sure import Swap, leader, places, reach, swap
from tests.unit.views.weights_samples import sample


@pytest.fixture(params=["zh", "en"])
def made(request: pytest.FixtureRequest) -> dict[str, Chart]:
    lang = request.param
    small, _, board = sample("plain")
    own = weight_scheme(small)
    now = standing(board, own)
    unit = board.units[tables.in_order(now)[2]]
    schemes = [("one", own), ("two", equal(own))]
    found = swap(board, own, leader(board, own, unit), unit)
    assert isinstance(found, Swap)
    spots = places(board, own, "near", count=100)
    reached = answers.reach_table(board, now, reach(board, own, board.units), lang, near=True)
    return {
        "breakdown": charts.breakdown(tables.breakdown(board, own, unit, lang), lang),
        "schemes": charts.schemes(tables.compared(board, schemes, lang), ["one", "two"], lang, chosen=unit),
        "places": charts.places(answers.places_table(board, spots, "near", 3, lang), lang),
        "reach": charts.reach(reached, lang),
        "changes": charts.changes(answers.swap_table(found, own, lang), lang),
    }


def test_options_are_plain_data_and_every_series_has_its_numbers(made: dict[str, Chart]) -> None:
    for chart in made.values():
        json.dumps(chart.whole(), allow_nan=False)
        assert {series["id"] for series in chart.option["series"]} == set(chart.data)
        assert chart.title
        assert chart.table is not None


def test_numbers_are_those_of_the_tables(made: dict[str, Chart]) -> None:
    rows = made["breakdown"].table.rows
    assert made["breakdown"].data["full"] == [row["full"] for row in rows] == [40, 30, 20, 10]
    assert sum(made["changes"].data["change"][place]["value"] for place in range(2)) == pytest.approx(0, abs=0.01)
    first = made["schemes"].table.rows[0]
    assert made["schemes"].data[first["_key"]] == [first["rank0"], first["rank1"]]
    for row, before, span in zip(
        made["reach"].table.rows, made["reach"].data["before"], made["reach"].data["span"], strict=True
    ):
        assert (before + 0.5, before + span - 0.5) == (row["best"], row["worst"])
    cells = {(x, y): share for x, y, share in (cell["value"] for cell in made["places"].data["cells"])}
    assert cells[0, 0] == pytest.approx(made["places"].table.rows[0]["first"], abs=1e-4)
