"""What the widgets send to a browser and when, and what they take from one."""

from types import SimpleNamespace

import numpy as np
import pytest

from povsim.charts.base import Chart
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from povsim.dashboard.widgets import (
    ChartView,
    Note,
    NumbersView,
    ProgressView,
    RankingView,
    Shell,
    TableView,
    Upload,
    WeightTable,
    discard,
    stage,
    tabs,
)
from povsim.dashboard.widgets.controls import number_slider
from povsim.dashboard.widgets.plain import plain
from povsim.views.parts import BigNumber, Column, Table


@pytest.fixture
def wire(monkeypatch):
    """Record what is sent: state by name, and messages of our own."""
    from comm.base_comm import BaseComm

    told = SimpleNamespace(states=[], messages=[])

    def publish(_self, msg_type, data=None, metadata=None, buffers=None, **_keys):
        content = data or {}
        if msg_type == "comm_msg" and content.get("method") == "update":
            told.states.append(content["state"])
        elif msg_type == "comm_msg" and content["content"].get("kind") == "many":
            left = list(buffers or [])
            for _, one, count in content["content"]["of"]:
                own, left = left[:count], left[count:]
                publish(_self, "comm_msg", one, buffers=own or None)
        elif msg_type == "comm_msg":
            told.messages.append((content["content"], buffers))

    import comm

    monkeypatch.setattr(BaseComm, "publish_msg", publish)
    monkeypatch.setattr(comm.DummyComm, "publish_msg", publish)
    return told


def hear(widget, buffers=(), **content):
    """Let a widget hear a message as from the browser."""
    widget._handle_custom_msg(content, list(buffers))


def chart(numbers, title="t", **option):
    series = [{"id": key, "type": "bar"} for key in numbers]
    return Chart("c", title, {"series": series, **option}, numbers, {"x": ["a", "b"]})


def test_a_chart_sends_its_option_once_and_then_only_series_that_changed(wire):
    view = ChartView()
    view.show(chart({"a": [1.0, 2.0], "b": [3.0, 4.0]}))
    wire.states.clear()
    view.show(chart({"a": [1.0, 2.0], "b": [3.0, 5.0]}))
    assert wire.states == [{"patch": {"n": 2, "series": {"b": [3.0, 5.0]}, "axes": {}}}]
    wire.states.clear()
    view.show(chart({"a": [1.0, 2.0], "b": [3.0, 5.0]}))
    assert wire.states == []


def test_a_chart_with_another_option_is_sent_whole(wire):
    view = ChartView(chart({"a": [1.0, 2.0]}))
    wire.states.clear()
    view.show(chart({"a": [1.0, 2.0]}, legend={"top": 0}))
    (state,) = wire.states
    assert state["data"] == {"n": 2, "series": {"a": [1.0, 2.0]}, "axes": {"x": ["a", "b"]}}
    assert state["option"]["legend"] == {"top": 0}
    assert "patch" not in state


def test_a_browser_that_comes_late_is_told_the_numbers_of_now(wire):
    view = ChartView(chart({"a": [1.0, 2.0], "b": [0.0, 0.0]}))
    view.show(chart({"a": [7.0, 8.0], "b": [0.0, 0.0]}))
    state = view.get_state()
    assert state["data"]["n"] == state["patch"]["n"] == 2
    assert state["data"]["series"] == {"a": [7.0, 8.0], "b": [0.0, 0.0]}
    assert state["patch"]["series"] == {}
    wire.states.clear()
    hear(view, kind="whole")
    assert wire.states[0]["data"]["series"]["a"] == [7.0, 8.0]


def test_long_arrays_travel_as_bytes_and_come_back_the_same():
    grid = np.arange(200, dtype=float).reshape(100, 2)
    told = plain({"a": grid})["a"]
    assert told["$shape"] == [100, 2]
    assert np.frombuffer(told["$bytes"], "<f8").reshape(100, 2).tolist() == grid.tolist()
    assert plain(np.array([1.0, np.nan])) == [1.0, None]


def test_what_json_does_not_know_is_mended_or_refused():
    assert plain([float("inf"), np.int64(3), True, {1: (2,)}]) == [None, 3, True, {"1": [2]}]
    with pytest.raises(TypeError, match="object cannot be sent to a browser"):
        plain([object()])


def test_a_click_on_a_chart_is_numbered():
    view = ChartView(chart({"a": [1.0]}))
    hear(view, kind="click", series="a", name="x", value=1.0)
    hear(view, kind="click", series="a", name="x", value=1.0)
    assert view.clicked == {"series": "a", "name": "x", "value": 1.0, "n": 2}


def table(rows):
    return Table("t", "T", [Column("name", "Name"), Column("n", "N", "number", 1, "persons")], rows, "note")


def test_a_table_sends_nothing_when_nothing_changed(wire):
    view = TableView()
    view.show(table([{"_key": "a", "name": "A", "n": np.float64(1.5)}, {"_key": "b", "name": "B", "n": float("nan")}]))
    assert view.rows == [["A", 1.5], ["B", None]]
    wire.states.clear()
    view.show(table([{"_key": "a", "name": "A", "n": 1.5}, {"_key": "b", "name": "B", "n": None}]))
    assert wire.states == []
    view.show(table([{"_key": "a", "name": "A", "n": 2.5}, {"_key": "b", "name": "B", "n": None}]))
    assert wire.states == [{"rows": [["A", 2.5], ["B", None]]}]


def test_only_rows_that_exist_can_be_chosen():
    view = TableView(selectable=True)
    view.show(table([{"_key": "a", "name": "A", "n": 1}]))
    hear(view, kind="choose", key="a")
    assert view.chosen == view.mark == "a"
    hear(view, kind="choose", key="nobody")
    assert view.chosen == "a"


def test_markup_in_names_stays_what_it_is(wire):
    evil = '<img src=x onerror="alert(1)">'
    view, note, numbers = TableView(), Note(evil), NumbersView()
    view.show(table([{"name": evil, "n": 1}]))
    numbers.show([BigNumber("a", evil, evil)])
    assert view.rows[0][0] == note.text == numbers.numbers[0]["label"] == evil


def weights(points):
    return [{"code": f"i{at}", "name": f"I{at}", "group": "g", "points": one} for at, one in enumerate(points)]


def test_an_edit_of_a_weight_sends_back_numbers_only_and_says_which_edit_it_answers(wire):
    view = WeightTable()
    view.show(weights([60.0, 40.0]))
    view.observe(lambda change: view.show(weights([change["new"]["points"], 100 - change["new"]["points"]])), "edit")
    wire.states.clear()
    hear(view, kind="edit", code="i0", points=70, n=5, drag=True, ack=True)
    assert view.edit == {"code": "i0", "points": 70.0, "n": 5, "drag": True}
    (state,) = wire.states
    assert list(state) == ["values"]
    assert state["values"]["n"] == 5
    assert state["values"]["points"] == [70.0, 30.0]
    assert wire.messages == [({"kind": "ack", "n": 5}, None)]


@pytest.mark.parametrize(
    "told",
    [
        {"code": "i9", "points": 1}, {"code": "i0", "points": -1}, {"code": "i0", "points": float("inf")},
        {"code": "i0", "points": "1"}, {"code": "i0", "points": True}, {"code": "i0", "rating": 6},
        {"code": "i0", "rating": 2.5}, {"code": "i0", "locked": 1}, {"code": "i0"},
    ],
)  # fmt: skip
def test_edits_that_no_page_of_ours_sends_are_ignored(wire, told):
    view = WeightTable()
    view.show(weights([60.0, 40.0]))
    hear(view, kind="edit", n=1, ack=True, **told)
    assert view.edit == {}
    assert [content["kind"] for content, _ in wire.messages] == ["ack"]


def test_a_control_acknowledges_with_where_it_stands(wire):
    heard = []
    slider = number_slider("Line", (0, 10, 1), 4, heard.append)
    hear(slider, kind="input", value=6, n=1, ack=True)
    # the page shows the 6 already, and a step back is told it although it is what the page was told first
    assert wire.messages == [({"kind": "ack", "n": 1, "shown": 6}, None)]
    wire.states.clear()
    slider.value = 4
    assert [state["shown"] for state in wire.states] == [4]
    hear(slider, kind="input", value=11, n=2, ack=True)
    assert wire.messages[-1] == ({"kind": "ack", "n": 2, "shown": 4}, None)
    assert heard == [6]


def test_a_fault_of_a_page_is_shown_and_the_browser_is_answered(wire):
    view = WeightTable()
    view.show(weights([60.0, 40.0]))

    def fail(_change):
        raise RuntimeError("no")

    view.observe(fail, "edit")
    hear(view, kind="edit", code="i0", points=70, n=1, ack=True)
    assert stage().message["tone"] == "error"
    assert "no" not in stage().message["text"].split()
    assert ({"kind": "ack", "n": 1}, None) in wire.messages


def test_what_follows_from_one_message_travels_in_one_and_the_acknowledgement_last(monkeypatch):
    sent = []
    monkeypatch.setattr(stage(), "send", lambda content, buffers: sent.append((content, buffers)))
    table, note, gone = WeightTable(), Note(""), Note("")
    ranking = RankingView()
    table.show([{"code": "i0", "name": "A", "group": "G", "points": 100.0}])

    def follow(_change):
        note.show("moved")
        gone.show("never seen")
        discard(gone)
        ranking.show({"key": ["u"], "name": ["U"], "rank": [1], "total": [7.0]})

    table.observe(follow, "edit")
    hear(table, kind="edit", code="i0", points=70, n=1, ack=True)
    (content, buffers), *more = sent
    assert more == []
    assert content["kind"] == "many"
    parts = [part for part, _, _ in content["of"]]
    assert parts == [note.model_id, ranking.model_id, table.model_id]
    assert content["of"][-1][1] == {"method": "custom", "content": {"kind": "ack", "n": 1}}
    assert [count for _, _, count in content["of"]] == [0, len(buffers), 0]
    assert np.frombuffer(buffers[0], "<f4")[2] == 7.0
    hear(table, kind="edit", code="unknown", points=70, n=2)
    assert len(sent) == 1, "nothing to tell, nothing sent"


def test_a_fault_in_what_follows_keeps_nothing_back(wire):
    def fail():
        raise RuntimeError("no")

    table, note = WeightTable(), Note("")
    table.observe(lambda _: (note.show("seen"), stage().soon(fail)), "mode")
    wire.states.clear()
    with pytest.raises(RuntimeError):
        table._receive(table, {"kind": "mode", "mode": "ratings"}, [])
    assert [state["text"] for state in wire.states if "text" in state] == ["seen"]
    note.show("and goes on")
    assert wire.states[-1]["text"] == "and goes on"


def test_what_a_thread_tells_meanwhile_goes_its_own_way(wire):
    from threading import Thread

    table, note = WeightTable(), Note("")
    wire.states.clear()
    seen = []

    def follow(_change):
        thread = Thread(target=lambda: note.show("from a thread"))
        thread.start()
        thread.join()
        seen.extend(wire.states)

    table.observe(follow, "mode")
    hear(table, kind="mode", mode="ratings")
    assert [state["text"] for state in seen] == ["from a thread"]


def test_a_ranking_sends_numbers_as_bytes_and_names_once(wire):
    view = RankingView()
    columns = {
        "key": [str(n) for n in range(500)], "name": [f"V{n}" for n in range(500)], "rank": np.arange(1, 501),
        "total": 50.0 + np.arange(500), "veto": [""] * 500, "best": [1] * 500, "worst": [None] * 499 + [9],
    }  # fmt: skip
    view.show(columns, top=3)
    assert view.column("total")[:2] == [50.0, 51.0]
    assert view.column("worst")[499] == 9
    assert np.isnan(view.column("low")).all()
    wire.states.clear()
    columns["total"][7] = 77.0
    view.show(columns)
    assert [list(state) for state in wire.states] == [["numbers"]] or wire.states == [{}]
    assert view.column("total")[7] == 77.0
    hear(view, kind="choose", key="7")
    assert view.chosen == "7"


def test_files_that_are_too_large_or_of_another_kind_are_refused():
    view = Upload(max_bytes=1_000_000)
    hear(view, [b"x" * 1_000_001], kind="file", name="a.csv")
    assert view.file == {}
    assert "a.csv" in stage().message["text"]
    hear(view, [b"MZ"], kind="file", name="a.exe")
    assert view.file == {}
    hear(view, [memoryview(b"a,b")], kind="file", name="A.CSV")
    assert view.file == {"name": "A.CSV", "data": b"a,b", "n": 1}
    hear(view, kind="pasted", text="x" * 2_000_000)
    assert view.pasted == {}
    hear(view, kind="pasted", text="a\t1")
    assert view.pasted == {"text": "a\t1", "n": 1}


def test_progress_counts_cancels_and_stays_within_bounds():
    view = ProgressView()
    view.show(1.7, "half")
    assert (view.value, view.running) == (1.0, True)
    hear(view, kind="cancel")
    view.finish("done")
    assert (view.cancelled, view.running, view.text) == (1, False, "done")


def test_tabs_build_when_opened_and_follow_the_link(wire):
    made = []
    state = State(Settings(tab="b"))
    both = tabs(
        {"a": ("A", lambda: made.append("a") or Note("1")), "b": ("B", lambda: made.append("b") or Note("2"))}, state
    )
    assert (both.value, made) == ("b", ["b"])
    hear(both.bar, kind="choose", key="a")
    assert (state.settings.tab, made) == ("a", ["b", "a"])
    assert "povsim-hidden" in both.built("b")._dom_classes
    state.change(tab="b")
    assert both.value == "b"
    assert both.built("a") is not None
    hear(both.bar, kind="choose", key="nowhere")
    assert both.value == "b"


def test_discarded_parts_are_closed_and_listen_no_longer():
    state = State()
    both = tabs({"a": ("A", Note("1")), "b": ("B", lambda: Note("2"))}, state)
    shell = Shell(state, "home")
    inside = both.built("a")
    discard(both)
    discard(shell)
    state.change(tab="b", lang="en")
    assert both.built("b") is None
    assert inside.comm is None
    assert shell.comm is None
    assert both.comm is None
