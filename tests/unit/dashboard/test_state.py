import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from povsim.dashboard import state as module
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import DEEPEST, State
from povsim.errors import InputError


def test_undo_and_redo_walk_the_same_way_back_and_forth():
    state = State()
    for value in (1.0, 2.0, 3.0):
        state.change("weights", points={"a": value})
    state.undo()
    state.undo()
    assert state.settings.weights.points == {"a": 1.0}
    state.redo()
    assert state.settings.weights.points == {"a": 2.0}
    state.change("weights", points={"a": 9.0})
    assert not state.can_redo
    state.undo()
    assert state.settings.weights.points == {"a": 2.0}


def test_nothing_to_undo_does_nothing():
    state = State()
    state.undo()
    state.redo()
    assert state.settings == Settings()
    assert not state.can_undo


def test_a_change_to_the_same_is_no_step():
    state = State()
    state.change("vetoes", off=())
    assert not state.can_undo


def test_language_theme_and_presenter_are_no_steps_and_survive_undo():
    state = State()
    state.change("weights", points={"a": 1.0})
    state.change(lang="en", theme="dark", presenter=True)
    state.undo()
    assert state.settings.weights.points == {}
    assert (state.settings.lang, state.settings.theme, state.settings.presenter) == ("en", "dark", True)
    assert not state.can_undo


def test_a_drag_is_one_step_until_it_pauses(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    state = State()
    for value in range(1, 6):
        state.change("weights", drag="a", points={"a": float(value)})
        now[0] += 0.1
    now[0] += 2
    state.change("weights", drag="a", points={"a": 50.0})
    state.undo()
    assert state.settings.weights.points == {"a": 5.0}
    state.undo()
    assert state.settings.weights.points == {}


def test_drags_of_two_things_are_two_steps():
    state = State()
    state.change("weights", drag="a", points={"a": 1.0})
    state.change("weights", drag="b", points={"a": 1.0, "b": 1.0})
    state.undo()
    assert state.settings.weights.points == {"a": 1.0}


def test_reset_goes_to_the_start_and_can_be_undone():
    state = State(Settings(year=2018))
    state.change(year=2020)
    state.change(lang="en")
    state.reset()
    assert (state.settings.year, state.settings.lang) == (2018, "en")
    state.undo()
    assert state.settings.year == 2020


def test_the_past_is_bounded():
    state = State()
    for value in range(DEEPEST + 50):
        state.change("weights", points={"a": float(value)})
    steps = 0
    while state.can_undo:
        state.undo()
        steps += 1
    assert steps == DEEPEST


def test_pin_and_swap():
    state = State()
    state.change("weights", points={"a": 1.0})
    state.pin()
    state.change("weights", points={"a": 2.0})
    state.swap()
    assert state.settings.weights.points == {"a": 1.0}
    assert state.pinned is not None
    assert state.pinned.weights.points == {"a": 2.0}
    state.unpin()
    assert state.pinned is None


def test_observers_see_settings_and_token_together():
    state, seen = State(), []
    state.observe(lambda _: seen.append((state.settings.year, settings_of(state.token).year)), "token")
    state.change(year=2019)
    assert seen == [(2019, 2019)]


def settings_of(token):
    return module.decode(token)


def test_a_link_brings_everything_back():
    state = State()
    state.change("weights", points={"income": 12.5}, locked=("income",), ratings={"b": 3})
    state.change("vetoes", off=("housing",), thresholds={"income": 3200.0}, error=0.2)
    state.change("compare", others=("plan-b",), by="township")
    state.change(lang="en", year=2018, run="run-1")
    other = State()
    other.load(state.token)
    assert other.settings == state.settings
    other.undo()
    assert other.settings == Settings(lang="en")


def test_a_bad_link_changes_nothing():
    state = State(Settings(year=2018))
    with pytest.raises(InputError, match="is damaged"):
        state.load("1.zzzz")
    assert state.settings == Settings(year=2018)
    assert not state.can_undo


@pytest.mark.parametrize(
    ("part", "updates"),
    [
        (None, {"lang": "fr"}),
        (None, {"nonsense": 1}),
        ("weights", {"points": {"a": -1.0}}),
        ("weights", {"points": {"a": float("nan")}}),
        ("weights", {"ratings": {"a": 6}}),
        ("vetoes", {"error": 1.5}),
        ("compare", {"others": ("a", "b", "c", "d")}),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_changes_nothing(part, updates):
    state = State()
    with pytest.raises(ValidationError):
        state.change(part, **updates)
    assert state.settings == Settings()
    assert not state.can_undo


def test_the_session_speaks_its_language():
    state = State()
    assert state.say("commands")("status.assumed") == "假定"
    state.change(lang="en")
    assert state.say("commands")("status.assumed") == "assumed"


@given(st.lists(st.sampled_from(["change", "undo", "redo", "reset", "pin", "swap"]), max_size=30))
def test_any_walk_keeps_flags_and_link_true(walk):
    state = State()
    for number, step in enumerate(walk):
        if step == "change":
            state.change("weights", points={"a": float(number)})
        else:
            getattr(state, step)()
        assert module.decode(state.token) == state.settings
        assert state.can_undo == bool(state._past)
        assert state.can_redo == bool(state._future)
