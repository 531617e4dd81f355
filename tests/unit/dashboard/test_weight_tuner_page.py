"""The weight tuner driven through its widgets, as a browser would, without one."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from povsim.dashboard.app import Shelf
from povsim.dashboard.pages.weight_tuner import Tuner, build
from povsim.dashboard.pages.weight_tuner_desk import tops
from povsim.dashboard.pages.weight_tuner_later import Later
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from povsim.scoring.schemes import weight_scheme
from povsim.views.digests import RunDigest
from povsim.views.weights_board import board_of, standing
from povsim.views.weights_files import workbook
from povsim.views.weights_intervals import intervals
from povsim.views.weights_scheme import moved
from povsim.views.weights_sure import reach
from tests.unit.views.weights_samples import run_digest

CARDS = ("plain", "missing", "fail")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDigest:
    return run_digest(tmp_path_factory.mktemp("digest"), *CARDS)


@pytest.fixture
def tuner(run: RunDigest) -> Iterator[Tuner]:
    made = opened(run)
    yield made
    made.later.drop()
    made.soon.drop()
    settle(made)


def opened(run: RunDigest, **settings: Any) -> Tuner:
    made = Tuner(State(Settings(**settings)), Shelf([run]))
    made.later.wait = made.soon.wait = 0.01
    settle(made)
    return made


def settle(tuner: Tuner) -> None:
    tuner.soon.settle()
    tuner.later.settle()


def edit(tuner: Tuner, code: str, n: int = 1, **what: Any) -> None:
    tuner.table.edit = {"code": code, "drag": False, "n": n, **what}


def points(tuner: Tuner) -> dict[str, float]:
    return dict(zip([row["code"] for row in tuner.table.rows], tuner.table.values["points"], strict=True))


def shown(tuner: Tuner, field: str) -> list[Any]:
    return list(tuner.ranking.vetoes) if field == "veto" else tuner.ranking.column(field)


def test_a_weight_moves_and_everything_follows(tuner: Tuner, run: RunDigest) -> None:
    edit(tuner, "a", points=70.0)
    assert points(tuner) == pytest.approx({"a": 70, "b": 15, "c": 10, "d": 5})
    board = board_of(run.part("weights.plain"), 2016)
    own = weight_scheme(board.card)
    now, printed = standing(board, moved(own, "a", 70)), standing(board, own)
    assert shown(tuner, "rank") == now.rank.tolist()
    assert shown(tuner, "total") == pytest.approx(now.total.tolist(), abs=1e-3)
    assert shown(tuner, "low") == pytest.approx(now.low.tolist(), abs=1e-3)
    assert shown(tuner, "move") == (printed.rank - now.rank).tolist()
    settle(tuner)
    wanted = intervals(board, moved(own, "a", 70), 3).points
    assert tuner.table.values["lo"] == pytest.approx([wanted[code][0] for code in "abcd"])


def test_only_numbers_travel_when_a_weight_moves(tuner: Tuner) -> None:
    names = ("units", "names", "vetoes", "reaches")
    before = {name: getattr(tuner.ranking, name) for name in names} | {"rows": tuner.table.rows}
    sent: list[str] = []
    tuner.ranking.observe(lambda change: sent.append(change["name"]))
    edit(tuner, "a", points=71.0)
    assert {name: getattr(tuner.ranking, name) for name in names} | {"rows": tuner.table.rows} == before
    assert sent == ["numbers"]


def test_locks_hold_and_what_they_forbid_is_told(tuner: Tuner) -> None:
    edit(tuner, "b", locked=True)
    assert tuner.table.values["locked"] == [False, True, False, False]
    edit(tuner, "a", points=60.0)
    assert points(tuner)["b"] == 30
    before = points(tuner)
    edit(tuner, "a", points=75.0, n=2)
    assert points(tuner) == before
    assert "未作调整" in tuner.note.text
    assert "只能在 0 至 70 分之间" in tuner.note.text
    assert tuner.note.tone == "warning"
    assert "有分值锁定" in tuner.method.text
    edit(tuner, "b", locked=False)
    edit(tuner, "a", points=75.0, n=3)
    assert points(tuner)["a"] == 75
    assert tuner.note.tone == "info"


def test_a_drag_is_one_step_and_leaves_no_trace_when_taken_back(tuner: Tuner) -> None:
    for n, value in enumerate((50.0, 80.0, 100.0, 60.0, 40.0)):
        edit(tuner, "a", points=value, drag=n < 4, n=n)
    assert points(tuner) == pytest.approx({"a": 40, "b": 30, "c": 20, "d": 10}, abs=1e-12)
    edit(tuner, "c", points=30.0, n=9)
    tuner.state.undo()
    assert points(tuner)["c"] == pytest.approx(20)
    tuner.state.undo()
    assert tuner.state.settings.weights.points == {}
    assert not tuner.state.can_undo
    tuner.state.redo()
    tuner.state.redo()
    assert points(tuner)["c"] == 30


def test_ratings_are_a_second_way_to_enter(tuner: Tuner) -> None:
    edit(tuner, "a", rating=5)
    assert tuner.table.values["rating"] == [5, 3, 3, 3]
    assert points(tuner)["a"] == pytest.approx(500 / 14)
    edit(tuner, "d", rating=0)
    assert points(tuner) == pytest.approx({"a": 500 / 11, "b": 300 / 11, "c": 300 / 11, "d": 0})
    edit(tuner, "a", points=20.0)
    assert tuner.table.values["rating"] == [None] * 4


def test_buttons(tuner: Tuner) -> None:
    edit(tuner, "b", locked=True)
    press(tuner, "各项均分")
    assert points(tuner) == pytest.approx({"a": 70 / 3, "b": 30, "c": 70 / 3, "d": 70 / 3})
    press(tuner, "取整到 0.5 分")
    assert all(float(2 * one).is_integer() for one in points(tuner).values())
    assert sum(points(tuner).values()) == 100
    press(tuner, "恢复文件分值")
    assert tuner.state.settings.weights.points == {}
    assert tuner.table.values["locked"] == [False] * 4


def press(tuner: Tuner, label: str) -> None:
    def find(widget: Any) -> Iterator[Any]:
        if getattr(widget, "form", "") == "button" and widget.label == label:
            yield widget
        for child in getattr(widget, "children", ()):
            yield from find(child)

    next(find(tuner.root))._on_press({}, [])


def test_link_brings_everything_back(tuner: Tuner, run: RunDigest) -> None:
    edit(tuner, "a", points=66.6)
    edit(tuner, "d", locked=True)
    tuner.ranking.chosen = "u4"
    again = opened(run)
    again.state.load(tuner.state.token)
    settle(again)
    assert points(again) == points(tuner)
    assert again.table.values["locked"] == [False, False, False, True]
    assert again.desk.unit == "u4"
    assert shown(again, "total") == pytest.approx(shown(tuner, "total"))


def test_a_link_for_another_card_shows_printed_points_and_says_so(run: RunDigest) -> None:
    made = opened(run, weights={"points": {"a": 99.0, "nobody": 1.0}})
    assert points(made) == {"a": 40, "b": 30, "c": 20, "d": 10}
    assert "链接" in made.note.text


def test_upload_good_wrong_and_off_by_the_sum(tuner: Tuner) -> None:
    own = tuner.desk.place.own
    tuner.bring.upload.file = {"name": "方案.xlsx", "data": workbook(moved(own, "a", 52), "zh"), "n": 1}
    assert points(tuner)["a"] == 52
    assert tuner.state.settings.weights.scheme == "方案.xlsx"
    assert tuner.bring.note.tone == "good"
    book = openpyxl.load_workbook(io.BytesIO(workbook(own, "zh")))
    book.active["D4"], book.active["D5"] = "=1+1", -4
    tuner.bring.upload.file = {"name": "坏.xlsx", "data": saved(book), "n": 2}
    assert points(tuner)["a"] == 52
    assert "D4：分值是公式" in tuner.bring.note.text
    assert "D5：分值为负" in tuner.bring.note.text
    assert tuner.bring.note.tone == "error"
    assert "povsim-hidden" in tuner.bring.offer._dom_classes
    tuner.bring.upload.pasted = {"text": "50\n50\n50\n50", "n": 1}
    assert points(tuner)["a"] == 52
    assert "povsim-hidden" not in tuner.bring.offer._dom_classes
    tuner.bring.rescale._on_press({}, [])
    assert points(tuner) == dict.fromkeys("abcd", 25.0)
    tuner.state.undo()
    assert points(tuner)["a"] == 52


def saved(book: Any) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_export_is_what_is_shown(tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, bytes]] = []
    monkeypatch.setattr(tuner.shell, "send_file", lambda name, data, mime="": sent.append((name, data)))
    edit(tuner, "a", points=64.0)
    press(tuner, "导出 Excel 权重表")
    name, data = sent[0]
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert name == "weights-plain.xlsx"
    assert [sheet.cell(row, 4).value for row in range(4, 8)] == pytest.approx(list(points(tuner).values()))


def test_panes_are_filled_when_opened(tuner: Tuner, run: RunDigest) -> None:
    board = board_of(run.part("weights.plain"), 2016)
    own = weight_scheme(board.card)
    assert set(tuner._panes) == {"breakdown"}
    for key in ("schemes", "places", "reach", "change", "intervals"):
        tuner.tabs.value = key
        settle(tuner)
    assert tuner.state.settings.tab == "intervals"
    charts = {key: chart_of(pane.widget) for key, pane in tuner._panes.items()}
    total = standing(board, own).total[board.units.index(tuner.desk.unit)]
    assert sum(charts["breakdown"]._chart.data["earned"]) == pytest.approx(total, abs=0.01)
    cells = charts["places"]._chart.data["cells"]
    assert sum(cell["value"][2] for cell in cells) == pytest.approx(7, abs=0.02)
    found = reach(board, own, board.units)
    assert charts["reach"]._chart.data["span"][0] == found[first(board)][1] - found[first(board)][0] + 1
    assert charts["schemes"]._chart.table.rows[0]["_key"] == first(board)


def first(board: Any) -> str:
    return board.units[int(standing(board, weight_scheme(board.card)).rank.argmin())]


def chart_of(widget: Any) -> Any:
    if getattr(widget, "kind", "") == "chart":
        return widget
    return next((found for child in getattr(widget, "children", ()) if (found := chart_of(child)) is not None), None)


def test_what_must_change_can_be_tried_and_undone(tuner: Tuner) -> None:
    tuner.tabs.value = "change"
    settle(tuner)
    totals = dict(zip(tuner.ranking.units, shown(tuner, "total"), strict=True))
    leader, unit = max(totals, key=totals.get), tuner.desk.unit
    assert leader != unit
    press(tuner, "试用这组分值")
    after = dict(zip(tuner.ranking.units, shown(tuner, "total"), strict=True))
    assert after[unit] == pytest.approx(after[leader], abs=0.01)
    tuner.state.undo()
    assert dict(zip(tuner.ranking.units, shown(tuner, "total"), strict=True)) == totals


def test_other_card_language_and_pin(tuner: Tuner) -> None:
    edit(tuner, "a", points=70.0)
    tuner.state.pin()
    tuner.tabs.value = "schemes"
    names = [column["label"] for column in table_of(tuner)]
    assert "方案 A（对照）" in names
    tuner.state.change(lang="en")
    settle(tuner)
    assert points(tuner)["a"] == 70
    assert tuner.tabs.value == "schemes"
    assert "A (pinned)" in [column["label"] for column in table_of(tuner)]
    tuner._pick_card("fail")
    settle(tuner)
    assert tuner.state.settings.weights.points == {}
    assert points(tuner)["a"] == 40
    assert any("vetoed" in veto for veto in shown(tuner, "veto"))
    tuner.state.undo()
    assert points(tuner)["a"] == 70


def table_of(tuner: Tuner) -> list[dict[str, Any]]:
    def find(widget: Any) -> Iterator[Any]:
        if getattr(widget, "kind", "") == "table":
            yield widget
        for child in getattr(widget, "children", ()):
            yield from find(child)

    return next(find(tuner._panes["schemes"].widget)).columns


def test_a_run_without_such_a_card_says_so(tmp_path: Path) -> None:
    nothing = RunDigest("none", tmp_path, tmp_path, (), {}, {"scenarios": ["x"]}, {"zh": "无", "en": "none"})
    root = build(State(), Shelf([nothing]))
    assert "没有可调分值的评分表" in root.children[1].children[0].children[0].text


def test_tops() -> None:
    assert tops(2) == [1]
    assert tops(205) == [1, 3, 5, 10, 20, 50]


def test_later_takes_only_the_last_and_drops_what_is_overtaken() -> None:
    later, found = Later(wait=0.05), []
    for value in range(5):
        later.ask(lambda value=value: value, found.append)
    later.settle()
    assert found == [4]
    running, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        running.set()
        go_on.wait(5)
        return "outdated"

    later.ask(slow, found.append)
    assert running.wait(5)
    later.ask(lambda: "new", found.append)
    go_on.set()
    later.settle()
    assert found == [4, "new"]
    later.ask(lambda: time.sleep(0.01), found.append)
    later.drop()
    later.settle()
    assert found == [4, "new"]


def test_work_that_fails_is_logged_and_does_not_stop_later_work(caplog: pytest.LogCaptureFixture) -> None:
    later, found = Later(wait=0.0), []
    later.ask(lambda: 1 / 0, found.append)
    later.settle()
    assert "failed" in caplog.text
    later.ask(lambda: 1, found.append)
    later.settle()
    assert found == [1]
