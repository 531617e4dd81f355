"""The veto lab driven as a reader would: through what the browser tells its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import povsim
from povsim.dashboard.app import Shelf
from povsim.dashboard.pages.veto_lab import Lab
from povsim.dashboard.state import State
from povsim.dashboard.widgets.chart import ChartView
from povsim.dashboard.widgets.layout import HIDDEN
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.part import Part
from povsim.dashboard.widgets.table import TableView
from povsim.folder import open_run, write_run
from povsim.folder_manifest import Record
from povsim.runs import Settings, run_scenarios
from povsim.scoring.scorecard import read_scorecard
from povsim.views import store, vetoes
from povsim.views.digests import RunDigest

CARDS = ("guangxi-village-2017", "xiangyin-2016-townships")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    plan = povsim.read_scenario("sample")
    people = povsim.complete_population(plan)
    results = run_scenarios(people, (plan,), Settings(draws=range(4), seed=3))
    place = tmp_path_factory.mktemp("runs")
    write_run(results, place / "first", register=people, record=Record(seed=3))
    folder: Path = place / "digest"
    with open_run(place / "first") as run:
        store.write(vetoes.digest(run), folder / "vetoes")
        for code in CARDS:
            store.write(vetoes.digest_card(run, read_scorecard(code)), folder / f"vetoes.{code}")
        manifest = run.manifest
    names = {"zh": "样例县", "en": "Sample county"}
    return Shelf([RunDigest("first", folder, place / "first", CARDS, {}, manifest, names)])


@pytest.fixture
def lab(shelf: Shelf) -> Lab:
    state = State()
    state.change(lang="en")
    return Lab(state, shelf)


def _told(control: Any, value: Any) -> None:
    """Do what the browser does when the reader sets a control."""
    control._receive(control, {"kind": "input", "value": value}, [])


def _excluded(lab: Lab) -> str:
    return str(lab.numbers.numbers[0]["value"])


def test_a_switch_takes_a_rule_out_and_undo_puts_it_back(lab: Lab) -> None:
    before = _excluded(lab)
    _told(lab.controls.switches["income"], False)
    assert lab.state.settings.vetoes.off == ("income",)
    assert _excluded(lab) != before
    assert "1 changed (exact)" in lab.answer.text
    assert "is off" in lab.basis.text
    assert "[exact]" in lab.basis.text
    lab.state.undo()
    assert _excluded(lab) == before
    assert lab.controls.switches["income"].value is True
    lab.state.redo()
    assert lab.controls.switches["income"].value is False


def test_all_rules_off_and_back(lab: Lab) -> None:
    before = _excluded(lab)
    lab.controls._all_off()
    assert _excluded(lab) == "0"
    assert not any(one.value for one in lab.controls.switches.values())
    lab.controls._all_on()
    assert _excluded(lab) == before
    assert "nothing is changed" in lab.answer.text


def test_a_threshold_dragged_is_one_step_and_comes_back(lab: Lab) -> None:
    before, own = _excluded(lab), lab.controls.threshold.value
    high = lab.controls.threshold.settings["high"]
    for value in (own + 100, own + 200, high):
        _told(lab.controls.threshold, value)
    assert lab.state.settings.vetoes.thresholds == {"income": high}
    assert _excluded(lab) != before
    lab.state.undo()
    assert lab.state.settings.vetoes.thresholds == {}
    assert _excluded(lab) == before
    assert lab.controls.threshold.value == own


def test_a_threshold_at_its_own_value_is_no_change(lab: Lab) -> None:
    own = lab.controls.threshold.value
    _told(lab.controls.threshold, own + 100)
    _told(lab.controls.threshold, own)
    assert lab.state.settings.vetoes.thresholds == {}


def test_shares_are_moved_in_percent(lab: Lab) -> None:
    place = [key for key, _ in lab.controls.rule.options].index("village_incidence")
    _told(lab.controls.rule, place)
    assert lab.state.settings.vetoes.rule == "village_incidence"
    assert lab.controls.threshold.settings["unit"] == "%"
    _told(lab.controls.threshold, 3.0)
    assert lab.state.settings.vetoes.thresholds == {"village_incidence": 0.03}
    assert "3 %" in lab.basis.text
    assert lab.rerun.disabled is False
    assert "--set exit_standard.village.village_incidence.threshold=0.03" in lab.rerun.help


def test_every_tab_shows_what_is_set(lab: Lab) -> None:
    _told(lab.controls.switches["housing"], False)
    for key in ("who", "rules", "villages", "error", "sample", "card"):
        lab.tabs.value = key
        assert lab.state.settings.tab == key
        assert key in lab.panes
    lab.tabs.value = "who"
    rows = lab.panes["who"].widget.children[2].rows
    housing = next(row for row in rows if row[0] == "safe housing")
    assert housing[1] == 0


def test_a_village_chosen_is_explained(lab: Lab) -> None:
    lab.tabs.value = "villages"
    every, hidden = lab.panes["villages"].widget.children[:2]
    one = hidden.children[0]
    assert "povsim-hidden" in hidden._dom_classes
    every._receive(every, {"kind": "choose", "key": every.keys_shown[0]}, [])
    assert lab.state.settings.vetoes.unit == every.keys_shown[0]
    assert "povsim-hidden" not in hidden._dom_classes
    assert every.keys_shown[0] in one.title


def test_error_and_sample_go_through_the_state(lab: Lab) -> None:
    lab.tabs.value = "error"
    pane = _all(lab.panes["error"].widget)
    (numbers,) = (one for one in pane if isinstance(one, NumbersView))
    before = numbers.numbers[0]["value"]
    (slider,) = (one for one in pane if getattr(one, "label", "") == lab.say("control.error"))
    _told(slider, 0.3)
    assert lab.state.settings.vetoes.error == 0.3
    assert numbers.numbers[0]["value"] != before
    lab.tabs.value = "sample"
    pane = _all(lab.panes["sample"].widget)
    (slider,) = (one for one in pane if getattr(one, "label", "") == lab.say("control.sample"))
    _told(slider, 500)
    assert lab.state.settings.vetoes.sample == 500
    assert all("500" in one.title for one in pane if isinstance(one, ChartView | TableView))


def test_rules_of_a_scorecard_have_names_of_their_own(lab: Lab) -> None:
    assert "card.incidence" in lab.controls.switches
    lab.tabs.value = "card"
    table = _table(lab, "card", "veto_card_rules")
    _told(lab.controls.switches["card.incidence"], False)
    assert lab.state.settings.vetoes.off == ("card.incidence",)
    row = table.rows[table.keys_shown.index("card.incidence")]
    assert row[1] == 0
    assert "of the scorecard" in lab.basis.text
    assert lab.rerun.help == ""
    assert lab.rerun.disabled is True


def test_another_scorecard_year_or_language_builds_the_page_anew(lab: Lab) -> None:
    lab.state.change(scorecard=CARDS[1])
    assert not any(key.startswith("card.") for key in lab.controls.switches)
    lab.state.change(year=2017)
    assert lab.asked.year == 2017
    lab.state.change(lang="zh")
    assert lab.numbers.numbers[0]["label"] == "至少一项不达标"
    lab.state.change(year=1990)
    assert lab.asked.year == 2020, "a year that the run does not have is that of its end"


def test_what_is_set_goes_to_the_forecast_as_levers(lab: Lab) -> None:
    _told(lab.controls.switches["water"], False)
    lab._to_forecast()
    assert lab.state.settings.forecast.levers == {"exit_standard.household.tests.water.veto": 0.0}
    lab.state.undo()
    assert lab.state.settings.forecast.levers == {}
    assert lab.state.settings.vetoes.off == ("water",)


def test_a_link_with_rules_that_are_not_there_is_passed_over(lab: Lab) -> None:
    before = _excluded(lab)
    lab.state.change("vetoes", off=("nonsense",), thresholds={"card.nothing": 3.0}, rule="gone", unit="nobody")
    assert _excluded(lab) == before
    assert lab.controls.rule.value == "income"
    for key in ("rules", "villages", "card"):
        lab.tabs.value = key


def _all(widget: Any) -> list[Any]:
    return [widget, *(one for child in getattr(widget, "children", ()) for one in _all(child))]


def _seen(widget: Any) -> list[Any]:
    """Return the parts of a widget that are in sight, in reading order."""
    if "povsim-hidden" in widget._dom_classes:
        return []
    return [widget, *(one for child in getattr(widget, "children", ()) for one in _seen(child))]


def _texts(widget: Any) -> list[str]:
    return [one.text for one in _seen(widget) if getattr(one, "text", "")]


def _charts(widget: Any) -> set[str]:
    return {one.title for one in _seen(widget) if isinstance(one, ChartView)}


def _table(lab: Lab, key: str, code: str) -> TableView:
    found: list[TableView] = [
        one for one in _all(lab.panes[key].widget) if isinstance(one, TableView) and one.code == code
    ]
    return found[0]


def _above(lab: Lab) -> list[Any]:
    """Return what stands over the slider: full rows before its row, and its own column down to it."""
    body = list(lab._body.children)
    (row,) = (one for one in body if lab.controls.threshold in _all(one))
    column = _seen(row.children[0])
    parts = column[: column.index(lab.controls.threshold)]
    return [*(one for whole in body[: body.index(row)] for one in _seen(whole)), *parts]


def test_nothing_over_the_slider_changes_while_it_is_moved(lab: Lab) -> None:
    def looks() -> list[tuple[int, Any, Any]]:
        return [(id(one), getattr(one, "text", None), getattr(one, "label", None)) for one in _above(lab)]

    before, own = looks(), lab.controls.threshold.value
    assert lab.numbers not in _above(lab)
    for value in (own + 100, own + 300, own):
        _told(lab.controls.threshold, value)
        assert looks() == before
    _told(lab.controls.switches["housing"], False)
    lab.controls._all_off()
    assert looks() == before


def test_what_is_said_of_the_answer_keeps_its_one_line(lab: Lab) -> None:
    tone = lab.answer.tone
    assert lab.basis_card not in _seen(lab.root)
    _told(lab.controls.threshold, lab.controls.threshold.value + 140)
    _told(lab.controls.switches["housing"], False)
    assert lab.answer.tone == tone
    assert "\n" not in lab.answer.text
    assert "bounded" in lab.answer.text
    assert len(lab.basis.text.splitlines()) > 3
    order = _seen(lab.root)
    switches = [one for one in lab.controls.switches.values() if one in order]
    assert order.index(lab.basis_card) > max(map(order.index, switches))
    lab.controls._all_on()
    assert lab.basis_card not in _seen(lab.root)


def test_the_way_back_is_greyed_out_and_keeps_its_place(lab: Lab) -> None:
    assert lab.controls.back.disabled is True
    _told(lab.controls.threshold, lab.controls.threshold.value + 100)
    assert lab.controls.back.disabled is False
    assert lab.controls.back in _seen(lab.root)
    lab.controls.back._receive(lab.controls.back, {"kind": "press"}, [])
    assert lab.state.settings.vetoes.thresholds == {}
    assert lab.controls.back.disabled is True
    assert lab.controls.back in _seen(lab.root)


def test_how_far_a_threshold_goes_is_written_below_it(lab: Lab) -> None:
    settings = lab.controls.threshold.settings
    ends = f"can be set from {settings['low']:,.0f} to {settings['high']:,.0f} yuan per head and year"
    assert lab.controls.own.text.splitlines()[0] == ends
    place = [key for key, _ in lab.controls.rule.options].index("village_incidence")
    _told(lab.controls.rule, place)
    one = lab.controls.sliders["village_incidence"]
    assert lab.controls.own.text == f"can be set from {one.low:g} to {one.high:g} %\nin the run 2 %"
    for key, ends in (("error", "from 0 to 0.5"), ("sample", "persons")):
        lab.tabs.value = key
        assert any(ends in text for text in _texts(lab.panes[key].widget))
    lab.state.change(lang="zh", tab="who")
    assert "可设 " in lab.controls.own.text
    assert lab.controls.own.text.endswith("结果中为 2%")


def test_charts_without_anything_to_draw_say_so(lab: Lab) -> None:
    lab.state.change(year=2017, tab="who")
    pane = lab.panes["who"].widget
    titles = _charts(pane)
    assert len(titles) == 3
    assert not any("nobody" in text for text in _texts(pane))
    lab.controls._all_off()
    assert _charts(pane) == set()
    assert _texts(pane).count(lab.say("empty.off")) == 3
    assert titles <= {*_texts(pane)}
    _told(lab.controls.switches["income"], True)
    assert len(_charts(pane)) == 2
    assert lab.say("empty.pairs") in _texts(pane)
    lab.controls._all_on()
    assert _charts(pane) == titles


def _out_of_sight(widget: Any) -> list[Any]:
    if HIDDEN in widget._dom_classes:
        return _all(widget)
    return [one for child in getattr(widget, "children", ()) for one in _out_of_sight(child)]


def _counted(chart: ChartView) -> float:
    """Return the largest number of persons that a chart holds."""
    numbers = [one["value"] if isinstance(one, dict) else one for row in chart._whole["series"].values() for one in row]
    return max((max(one[2:], default=0.0) if isinstance(one, list) else float(one) for one in numbers), default=0.0)


def test_a_chart_out_of_sight_goes_with_its_box_and_holds_nothing_old(lab: Lab) -> None:
    """A part does not take itself away in the browser; a box that holds it does."""
    lab.state.change(year=2017, tab="who")
    pane = lab.panes["who"].widget
    charts = [one for one in _all(pane) if isinstance(one, ChartView)]
    before = [_counted(one) for one in charts]
    assert min(before) > 0
    for _ in range(2):
        lab.controls._all_off()
        gone = _out_of_sight(pane)
        assert all(one in gone and HIDDEN not in one._dom_classes for one in charts)
        assert [_counted(one) for one in charts] == [0, 0, 0]
        lab.controls._all_on()
        assert not [one for one in charts if one in _out_of_sight(pane)]
        assert [_counted(one) for one in charts] == before


@pytest.mark.parametrize("card", CARDS)
def test_only_boxes_are_taken_out_of_sight(lab: Lab, card: str) -> None:
    lab.state.change(scorecard=card)
    for key in ("who", "rules", "villages", "error", "sample", "card"):
        lab.tabs.value = key
    for change in (lab.controls._all_off, lab.controls._all_on):
        change()
        for key in lab.panes:
            lab.tabs.value = key
            hidden = [one for one in _all(lab.panes[key].widget) if HIDDEN in one._dom_classes]
            assert not [one for one in hidden if isinstance(one, Part)], key


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("key", ["error", "sample"])
def test_tabs_that_go_by_the_run_say_so_while_anything_is_changed(lab: Lab, key: str, lang: str) -> None:
    lab.state.change(lang=lang, tab=key)
    pane = lab.panes[key].widget
    first = pane.children[0]
    assert first.tone == "warning"
    assert first.text == ""
    _told(lab.controls.switches["housing"], False)
    assert first.text == lab.say("answer.own_rules")
    lab.controls._all_on()
    assert first.text == ""
    _told(lab.controls.threshold, lab.controls.threshold.settings["high"])
    assert first.text == lab.say("answer.own_rules")
    lab.controls._all_on()
    assert lab.say("answer.own_rules") not in _texts(pane)


def test_no_table_is_shown_empty(lab: Lab) -> None:
    for card in CARDS:
        lab.state.change(scorecard=card)
        for key in ("who", "rules", "villages", "error", "sample", "card"):
            lab.tabs.value = key
            shown = [one for one in _seen(lab.panes[key].widget) if isinstance(one, TableView)]
            assert not [one.code for one in shown if not one.rows], (card, key)


def test_the_curve_of_a_rule_that_is_off_says_what_it_shows(lab: Lab) -> None:
    lab.tabs.value = "rules"
    assert lab.say("curve.off") not in _texts(lab.panes["rules"].widget)
    _told(lab.controls.switches["income"], False)
    assert lab.say("curve.off") in _texts(lab.panes["rules"].widget)


def test_a_scorecard_without_vetoes_says_so_and_shows_no_empty_tables(lab: Lab) -> None:
    lab.state.change(scorecard=CARDS[1], tab="card")
    pane = lab.panes["card"].widget
    assert any(lab.say("empty.card") in text for text in _texts(pane))
    tables = [one for one in _seen(pane) if isinstance(one, TableView)]
    assert all(one.rows for one in tables)
    # what is on the tab besides controls, which a meeting does not see, is not a card with a heading alone
    cards = [one for one in _seen(pane) if "povsim-card" in one._dom_classes]
    assert all("povsim-controls" in one._dom_classes or len(_texts(one)) > 1 for one in cards)
    lab.state.change(scorecard=CARDS[0])
    pane = lab.panes["card"].widget
    cards = [one for one in _seen(pane) if "povsim-card" in one._dom_classes]
    assert all("povsim-controls" in one._dom_classes for one in cards if len(_texts(one)) < 2)
    assert any(isinstance(one, TableView) for one in _seen(pane))
