"""The home page follows its settings, and its cards carry them."""

from __future__ import annotations

import pytest

from povsim.dashboard.app import Shelf
from povsim.dashboard.pages.home import TABS, Home, build
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from tests.unit.views.comparison_samples import digested, make


@pytest.fixture(scope="module")
def digests(people, tmp_path_factory) -> list:
    place = tmp_path_factory.mktemp("runs")
    return [digested(make(name, people, place), place) for name in ("a", "b")]


@pytest.fixture
def shown(digests) -> Home:
    return Home(State(Settings(lang="en")), Shelf(digests))


def test_choosing_a_run_is_a_setting_that_the_cards_carry(shown) -> None:
    table = shown._made["runs"]
    assert [row[1] for row in table.rows] == ["a", "b"]
    assert table.chosen == "a"
    table.chosen = "b"
    assert shown.state.settings.run == "b"
    assert shown.doors.token == shown.state.token
    shown.state.undo()
    assert table.chosen == "a"


def test_every_tab_opens_in_both_languages(shown) -> None:
    for lang in ("zh", "en"):
        shown.state.change(lang=lang)
        for key in TABS:
            shown.state.change(tab=key)
            assert shown.tabs.value == key
    assert shown.doors.doors[0]["title"] == "Exit forecast"


def test_figures_can_be_filtered_by_status(shown) -> None:
    shown.state.change(tab="assumptions")
    numbers, table = shown._made["assumptions"]
    told = {one["code"]: int(one["value"].replace(",", "")) for one in numbers.numbers}
    assert len(table.rows) == told["figures"]
    shown._filter("documented")
    assert len(table.rows) == told["documented"] > 0
    shown.state.change(run="b")
    assert len(table.rows) == told["documented"]
    shown.state.change(lang="zh")
    assert shown.status == "documented"


def test_a_name_is_text_and_nothing_else(shown, digests) -> None:
    shown.state.change(lang="zh")
    assert shown._made["runs"].rows[1][0] == "<img onerror=x>"


def test_old_cards_stop_following(shown) -> None:
    before = shown.doors
    shown.state.change(lang="zh")
    shown.state.change(year=2018)
    assert shown.doors is not before
    assert before.token != shown.doors.token == shown.state.token


def test_the_page_is_a_widget(digests) -> None:
    assert "povsim-box" in build(State(), Shelf(digests))._dom_classes
