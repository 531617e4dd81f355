"""The exit forecast driven through its widgets, as a browser would, without one."""

from __future__ import annotations

import dataclasses
import threading
import time

import pytest

from povsim.dashboard.app import Shelf
from povsim.dashboard.pages import exit_forecast_household, exit_forecast_levers
from povsim.dashboard.pages.exit_forecast import Forecast, build
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from povsim.views import forecast_households as views
from povsim.views import store
from povsim.views.forecast_areas import heat_table
from povsim.views.forecast_cures import cures
from povsim.views.forecast_numbers import numbers
from tests.unit.views.forecast_samples import sample_digest

LEVER = "measures.industry.capacity.budget"


class Worker:
    """Stands in for the client of the simulator process: keeps what was asked."""

    def __init__(self):
        self.asked, self.cancelled = [], []

    def run(self, *given):
        return self._keep("run", given)

    def cures(self, *given):
        return self._keep("cures", given)

    def explain(self, *given):
        return self._keep("explain", given)

    def _keep(self, kind, given):
        number = len([1 for name, _ in self.asked if name == kind])
        self.asked.append((kind, given))
        stop = threading.Event()
        stop.cancel = lambda: self.cancelled.append(number)
        return stop

    def last(self, kind):
        return [given for name, given in self.asked if name == kind][-1]


@pytest.fixture
def worker(monkeypatch):
    made = Worker()
    for room in (exit_forecast_household, exit_forecast_levers):
        monkeypatch.setattr(room, "client", lambda: made)
    return made


@pytest.fixture
def made(worker):
    return opened()


def opened(**settings):
    return Forecast(State(Settings(lang="en", **settings)), Shelf([sample_digest()]))


def pane(made, key):
    made.tabs.value = key
    return made.panes[key]


def shown(view):
    return {one["code"]: one["value"] for one in view.numbers}


def test_build_returns_the_page(worker):
    assert "povsim-root" in build(State(Settings()), Shelf([sample_digest()]))._dom_classes


def test_big_numbers_are_those_of_the_view_for_year_and_township(made):
    data = sample_digest().part("forecast")
    wanted = numbers(data, year=2020, area=None, lang="en")
    assert shown(made.numbers) == {one.code: one.value for one in wanted}
    area = data["area"].values.tolist()[1]
    made.state.change(year=2017)
    made.state.change("forecast", area=area)
    wanted = numbers(data, year=2017, area=area, lang="en")
    assert shown(made.numbers) == {one.code: one.value for one in wanted}
    assert made.area.value == area
    made.state.undo()
    assert made.area.value == "*"


def test_what_a_link_names_and_the_run_does_not_have_is_passed_over(worker):
    made = opened(run="gone", year=1999, forecast={"area": "nowhere", "household": "<img onerror=alert(1)>"})
    assert (made.asked.year, made.asked.area) == (2020, None)
    assert "povsim-hidden" in pane(made, "households").details._dom_classes


def test_another_language_rebuilds_the_page_and_keeps_the_tab(made):
    pane(made, "villages")
    made.state.change(lang="zh")
    assert made.numbers.numbers[0]["label"] == "年末收入仍低于标准"
    assert made.tabs.value == "villages"
    assert made.panes["villages"].table.columns[1]["label"] == "村"


def test_tabs_are_built_when_opened_and_answer_at_once(made):
    assert list(made.panes) == ["overview"]
    for key in ("townships", "villages", "households", "levers"):
        pane(made, key)
    started = time.perf_counter()
    made.state.change(year=2018)
    assert time.perf_counter() - started < 1.0


def test_a_click_on_the_heat_map_chooses_the_township_and_again_lets_go(made):
    heat = pane(made, "townships").heat
    rows = heat_table(sample_digest().part("forecast"), "headcount_ratio", "en").rows
    for n, wanted in ((1, rows[1]["_key"]), (2, None)):
        heat.clicked = {"series": "heat", "name": "", "value": [0, 1, 0.1], "n": n}
        assert made.state.settings.forecast.area == wanted
    heat.clicked = {"series": "heat", "name": "", "value": None, "n": 3}
    heat.clicked = {"series": "heat", "name": "", "value": [0, 99, 0.1], "n": 4}
    assert made.state.settings.forecast.area is None


def test_a_household_of_the_list_shows_its_card_and_asks_for_cures(made, worker):
    tab = pane(made, "households")
    key = tab.follow.keys_shown[2]
    tab.follow.chosen = key
    assert made.state.settings.forecast.household == key
    assert "povsim-hidden" not in tab.details._dom_classes
    assert tab.who.text.startswith(f"{key}: ")
    code, folder, asked, listen = worker.last("cures")
    assert (code, folder, asked) == ("sample", sample_digest().folder, (key, 2020))
    digest = sample_digest()
    people = digest.part("households")
    found = cures(digest.part("forecast"), people, digest.scenario, views.row_of(people, key), 2020)
    listen({"id": "1", "result": found})
    assert len(tab.cures.rows) == len(found)
    assert tab.wait.text == ""


def test_search_by_village_offers_its_households(made):
    tab = pane(made, "households")
    tab.search.value = sample_digest().part("forecast")["village_zh"].values[0]
    assert len(tab.found.options) > 1
    tab.search.value = "nobody here <b>"
    assert "nobody here <b>" in tab.missing.text


def test_the_full_explanation_fills_two_tables(made, worker):
    import povsim

    tab = pane(made, "households")
    tab.follow.chosen = key = tab.follow.keys_shown[0]
    tab._explain()
    listen = worker.last("explain")[-1]
    listen({"id": "1", "progress": 0.5})
    assert tab.progress.running
    listen({"id": "1", "result": povsim.explain(sample_digest().path, key).plain()})
    listen({"id": "1", "done": True})
    assert not tab.progress.running
    assert [row[0] for row in tab.story.rows] == ["2016", "2017", "2018", "2019", "2020"]
    tab.follow.chosen = tab.follow.keys_shown[1]
    assert "povsim-hidden" in tab.full._dom_classes


def test_a_run_without_households_says_so(worker, tmp_path):
    digest = sample_digest()
    store.write(digest.part("forecast"), tmp_path / "forecast")
    bare = dataclasses.replace(digest, folder=tmp_path)
    made = Forecast(State(Settings(lang="en")), Shelf([bare]))
    made.tabs.value = "households"
    assert "without households" in made.panes["households"].widget.text


def test_a_lever_runs_in_the_background_and_is_shown_beside_the_plan(made, worker):
    tab = pane(made, "levers")
    slider = tab.sliders[LEVER]
    slider._on_change(slider.settings["high"])
    levers = made.state.settings.forecast.levers
    assert levers == {LEVER: tab.levers[LEVER].high}
    code, folder, asked, listen = worker.last("run")
    assert (code, asked) == ("sample", levers)
    few = sample_digest().part("forecast").isel(draw=slice(0, 3)).copy()
    few["poor"] = few["poor"] * 0 + 7
    listen({"id": "1", "progress": 0.2, "have": 0, "want": 3, "last": 8})
    assert tab.progress.running
    listen({"id": "1", "stage": 3, "last": 8, "folder": str(store.write(few, folder.parent / "trial"))})
    assert shown(tab.after)["poor"] == "7"
    base = sample_digest().part("forecast").isel(draw=slice(0, 3))
    wanted = numbers(base, year=2020, area=None, lang="en")
    assert shown(tab.before) == {one.code: one.value for one in wanted}
    assert {one["id"] for one in tab.fan.option["series"]} >= {"mean", "before"}
    tab._on_message({"id": "1", "done": True})
    assert not tab.progress.running


def test_moving_on_gives_up_the_run_before(made, worker):
    tab = pane(made, "levers")
    for value in (10.0, 20.0, 30.0):
        tab.sliders[LEVER]._on_change(value)
    assert len([kind for kind, _ in worker.asked if kind == "run"]) == 3
    assert worker.cancelled == [0, 1]
    tab._cancel()
    assert worker.cancelled == [0, 1, 2]


def test_bounds_of_targets_act_without_a_run(made, worker):
    tab = pane(made, "levers")
    tab.sliders["targets.incidence.value"]._on_change(6.0)
    assert made.state.settings.forecast.levers == {"targets.incidence.value": 0.06}
    assert not [kind for kind, _ in worker.asked if kind == "run"]
    wanted = numbers(sample_digest().part("forecast"), year=2020, area=None, lang="en", bounds={"incidence": 0.06})
    assert shown(tab.after) == {one.code: one.value for one in wanted}
    assert tab.chances.option["series"]


def test_back_to_the_plan_forgets_the_trial(made, worker):
    tab = pane(made, "levers")
    tab.sliders[LEVER]._on_change(10.0)
    tab._reset()
    assert made.state.settings.forecast.levers == {}
    assert tab.trial is None
    assert tab.after.numbers == []
    assert tab.sliders[LEVER].value == tab.dials[LEVER].now


def test_errors_of_the_process_are_shown_as_they_are_said(made, worker):
    tab = pane(made, "levers")
    tab.sliders[LEVER]._on_change(10.0)
    listen = worker.last("run")[-1]
    listen({"id": "1", "error": "input", "text": "register: is needed"})
    assert tab.error.text == "register: is needed"
    listen({"id": "1", "error": "busy", "text": ""})
    assert tab.error.text.startswith("Too many runs")


def test_levers_of_a_link_that_are_not_on_the_page_run_too(worker):
    made = opened(forecast={"levers": {"measures.jobs.take_up": 0.9}}, tab="levers")
    tab = made.panes["levers"]
    assert "measures.jobs.take_up = 0.9" in tab.moved.text
    assert worker.last("run")[2] == {"measures.jobs.take_up": 0.9}
