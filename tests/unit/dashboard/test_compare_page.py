"""The page that puts plans side by side follows its settings, and shows what the views say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from povsim.dashboard.app import Shelf
from povsim.dashboard.pages import scenario_compare_drivers, scenario_compare_job
from povsim.dashboard.pages.scenario_compare import PANELS, Comparison, build
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from povsim.dashboard.widgets.layout import HIDDEN
from povsim.views import comparison as views
from povsim.views.comparison_drivers import Drivers, can_run, drivers_table, made_file, read_drivers, stored
from tests.unit.views.comparison_samples import digested, make


@pytest.fixture(scope="module")
def digests(people, tmp_path_factory) -> dict:
    place = tmp_path_factory.mktemp("runs")
    return {name: digested(make(name, people, place), place) for name in ("a", "b", "both", "bare", "few")}


@pytest.fixture
def shown(digests) -> Comparison:
    return Comparison(State(Settings(lang="en")), Shelf([digests[name] for name in ("a", "b", "both")]))


def test_it_shows_what_the_views_say(shown) -> None:
    scene = shown.scene
    assert [plan.code for plan in scene.plans] == ["a", "b"]
    told = views.numbers(scene.plans[1], scene.pairs[0], 4, "en")
    assert [one["value"] for one in shown.numbers[1].numbers] == [one.value for one in told]
    assert shown.answer.text == views.answer(scene.pairs[0], 2020, scene.names, "en")


def test_every_tab_can_be_opened_in_both_languages(shown) -> None:
    for lang in ("en", "zh"):
        shown.state.change(lang=lang)
        for key in PANELS:
            shown.state.change(tab=key)
            assert shown.tabs.value == key
            assert set(shown.panels) >= {key}
    assert shown.answer.text.startswith("按")


def test_only_the_tab_that_is_open_is_worked_out(shown, monkeypatch) -> None:
    shown.state.change(tab="money")
    worked = []
    for key, panel in shown.panels.items():
        monkeypatch.setattr(panel, "show", lambda scene, key=key: worked.append(key))
    shown.state.change(year=2018)
    assert worked == ["money"]
    shown.state.change(tab="years")
    assert worked == ["money", "years"]
    shown.state.change(tab="money")
    assert worked == ["money", "years"]


def test_plans_are_added_changed_and_taken_away(shown) -> None:
    shown._choose(2, "both:less")
    assert [plan.code for plan in shown.scene.plans] == ["a", "b", "both:less"]
    assert len(shown.numbers) == 3
    shown._choose(1, "both")
    assert shown.state.settings.compare.others == ("both", "both:less")
    shown._choose(2, "")
    assert [plan.code for plan in shown.scene.plans] == ["a", "both"]
    shown.state.undo()
    assert [plan.code for plan in shown.scene.plans] == ["a", "both", "both:less"]
    offered = [dict(one.options) for one in shown.pickers]
    assert "" not in offered[0]
    assert "" in offered[2]
    assert set(offered[2]) == {"", "b"}


def test_year_quantity_and_threshold_are_followed(shown) -> None:
    shown.state.change(year=2018)
    assert "2018" in shown.answer.text
    shown.state.change("compare", quantity="poverty_gap")
    assert shown.scene.quantity == "poverty_gap"
    shown.state.change(tab="areas")
    shown.state.change("compare", by="village")
    # by village only a few are known
    assert shown.scene.quantity == "poverty_gap"
    shown.state.change(tab="groups")
    shown.state.change("compare", group="cause", threshold=0.2)
    assert (shown.scene.group, shown.scene.threshold) == ("cause", 0.2)


def test_a_link_from_elsewhere_does_no_harm(digests) -> None:
    asked = {"others": ["gone"], "quantity": "x", "group": "y"}
    settings = Settings(run="gone", year=1950, tab="nowhere", compare=asked)
    page = Comparison(State(settings), Shelf([digests["a"], digests["b"]]))
    page.state.change(tab="groups")
    assert [plan.code for plan in page.scene.plans] == ["a", "b"]
    assert page.scene.year == 2020


def test_one_plan_alone_says_how_to_make_another(digests) -> None:
    page = Comparison(State(Settings(lang="en")), Shelf([digests["a"]]))
    assert "povsim run sample" in page._body.children[-1].text
    page.state.change(lang="zh")
    assert "povsim run sample" in page._body.children[-1].text


def test_a_run_without_households_says_so(digests) -> None:
    page = Comparison(State(Settings(lang="en")), Shelf([digests["a"], digests["bare"]]))
    page.state.change(tab="groups")
    assert "without households" in page.panels["groups"]._none.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_warning_stands_over_households_counted_over_other_draws(digests, shown, lang) -> None:
    page = Comparison(State(Settings(lang=lang, tab="groups")), Shelf([digests["a"], digests["few"]]))
    panel, (first, second) = page.panels["groups"], page.scene.names
    counted = f"6 of {first} against 3 of {second}" if lang == "en" else f"“{first}”6 次，“{second}”3 次"
    assert panel._caution.tone == "warning"
    assert counted in panel._caution.text
    assert "--draws" in panel._caution.text
    assert panel._body.children.index(panel._caution) < panel._body.children.index(panel._table)
    # runs of the same draws need none
    shown.state.change(tab="groups")
    assert shown.panels["groups"]._caution.text == ""


def test_a_single_picker_has_no_number(shown, digests) -> None:
    page = Comparison(State(Settings(lang="en")), Shelf([digests["a"], digests["b"]]))
    assert [one.label for one in page._row.children] == ["Compared with"]
    assert [one.label for one in shown._row.children] == ["Compared with 1", "Compared with 2"]


@pytest.fixture
def alike(digests) -> Comparison:
    """The page of two runs of one plan with one title."""
    return Comparison(State(Settings(lang="en")), Shelf([digests["a"], digests["both"]]))


def test_a_card_names_the_plan_in_full_where_its_short_name_is_a_code(shown, alike) -> None:
    assert [plan.code for plan in alike.scene.plans] == ["a", "both"]
    assert [one.text for one in alike.heads] == ["a (base)", "both"]
    assert all("(6 draws in all)" in one.text and len(one.text) > 20 for one in alike.abouts)

    # titles that tell plans apart need no second line
    assert [one.text for one in shown.abouts] == ["", ""]


def test_where_nothing_differs_a_text_stands_in_place_of_a_chart(shown, alike) -> None:
    for page, nothing in ((alike, True), (shown, False)):
        for key in ("areas", "groups", "changes"):
            page.state.change(tab=key)
        areas, groups, changes = (page.panels[key] for key in ("areas", "groups", "changes"))
        assert bool(areas._alike.text) == bool(groups._nobody.text) == bool(changes._none.text) == nothing
        for one in (areas._chart, groups._chart, changes._table):
            assert (HIDDEN in one._dom_classes) == nothing
    assert "2020" in alike.panels["areas"]._alike.text
    # with the widest bar of all nobody's probability changes so much
    shown.state.change(tab="groups")
    shown.state.change("compare", threshold=0.5)
    assert "more than 50 points" in shown.panels["groups"]._nobody.text
    assert HIDDEN in shown.panels["groups"]._chart._dom_classes


def test_a_tornado_in_which_nothing_moves_says_so(digests, monkeypatch) -> None:
    still = Drivers("tornado", "headcount ratio", 2020, "share", 0.03, [])
    monkeypatch.setattr(scenario_compare_drivers.views, "stored", lambda plan: plan.digest.folder / "drivers.nc")
    monkeypatch.setattr(scenario_compare_drivers.views, "read_drivers", lambda *_: still)
    page = Comparison(State(Settings(lang="en", tab="drivers")), Shelf([digests["b"], digests["a"]]))
    panel = page.panels["drivers"]
    assert "no figure changes the result" in panel._none.text
    assert panel._chart not in panel.widget.children


def test_money_is_told_in_three_tables(shown) -> None:
    shown.state.change(tab="money")
    told = shown.panels["money"]._tables
    assert [view.code for view in told] == ["compare_money", "compare_extra", "compare_quarters"]
    assert all(len(view.columns) <= 7 for view in told)


def test_the_page_is_a_widget(digests) -> None:
    assert "povsim-box" in build(State(), Shelf([digests["a"], digests["b"]]))._dom_classes


class Quick:
    """Stands for a process: says what it is told to say."""

    def __init__(self, digest, hear) -> None:
        self.digest, self.hear, self.cancelled = digest, hear, False

    def cancel(self) -> None:
        self.cancelled = True


def test_progress_cancel_and_failure_are_shown(shown, monkeypatch) -> None:
    monkeypatch.setattr(scenario_compare_drivers, "Job", Quick)
    shown.state.change(tab="drivers")
    panel = shown.panels["drivers"]
    panel._begin()
    panel._job.hear({"done": 1, "total": 4})
    assert (panel._progress.value, panel._progress.running) == (0.25, True)
    job = panel._job
    panel._progress.cancelled += 1
    assert job.cancelled
    assert not panel._progress.running
    panel._begin()
    panel._job.hear({"error": "no room"})
    assert "no room" in panel._progress.text
    panel._begin()
    job = panel._job
    shown.state.change(lang="zh")
    assert job.cancelled


def test_a_tornado_that_was_made_is_found_again(digests, monkeypatch) -> None:
    from povsim.sensitivity import driver_tornado

    plan, every = views.plans_of([digests["b"]])[0], driver_tornado.find_drivers
    assert stored(plan) is None
    assert can_run(plan)
    # among the first are parts of a variance, which have to sum to one
    monkeypatch.setattr(driver_tornado, "find_drivers", lambda scenario, *_, **__: every(scenario)[:4])
    told: list[tuple[int, int]] = []
    file = scenario_compare_job.make(digests["b"].folder, lambda done, total: told.append((done, total)))
    assert told[-1] == (9, 9)
    assert stored(plan) == file == made_file(digests["b"].folder)
    found = read_drivers(file, "zh")
    strengths = [abs(row["strength"]) for row in found.rows]
    assert strengths == sorted(strengths, reverse=True)
    assert (found.method, found.year) == ("tornado", 2020)
    rows = drivers_table(found, "zh").rows
    # results are shares, changes of them points
    assert rows[0]["strength"] == pytest.approx(100 * (rows[0]["high"] - rows[0]["low"]))
    page = Comparison(State(Settings(lang="en", tab="drivers")), Shelf([digests["b"], digests["a"]]))
    assert page.panels["drivers"]._table.rows
    file.unlink()


def test_a_process_that_is_cancelled_says_nothing(digests) -> None:
    heard: list[dict] = []
    job = scenario_compare_job.Job(digests["a"], heard.append)
    job.cancel()
    job.settle()
    assert heard == []
    assert not made_file(digests["a"].folder).exists()


def test_what_fails_is_told(tmp_path) -> None:
    command = [sys.executable, "-m", "povsim.dashboard.pages.scenario_compare_job", str(tmp_path)]
    done = subprocess.run(command, stdin=subprocess.PIPE, capture_output=True, check=False, input=None, timeout=120)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert all("error" in line for line in told)
