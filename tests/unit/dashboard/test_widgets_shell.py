"""The bar, the controls, workbooks, and the code that goes to browsers."""

import gzip
import io
import json
import re

import openpyxl
import pytest

from povsim.dashboard.links import encode
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from povsim.dashboard.widgets import (
    Shell,
    button,
    checks,
    number_slider,
    picker,
    segments,
    stage,
    text_field,
    toggle,
)
from povsim.dashboard.widgets.stage import PIECES, library, read
from povsim.dashboard.widgets.workbooks import workbook
from povsim.views.parts import Column, Table
from povsim.wording import read_room


def hear(widget, **content):
    """Let a widget hear a message as from the browser."""
    widget._handle_custom_msg(content, [])


@pytest.fixture
def desk():
    """A state and its bar."""
    state = State()
    return state, Shell(state, "weight-tuner")


def test_the_bar_steps_back_and_forth_and_pins(desk):
    state, shell = desk
    state.change(year=2016)
    assert (shell.can_undo, shell.can_redo) == (True, False)
    hear(shell, kind="do", what="undo")
    assert (state.settings.year, shell.can_undo, shell.can_redo) == (None, False, True)
    hear(shell, kind="do", what="redo")
    hear(shell, kind="do", what="pin")
    assert shell.pinned
    hear(shell, kind="do", what="reset")
    hear(shell, kind="do", what="swap")
    assert state.settings.year == 2016
    hear(shell, kind="do", what="unpin")
    assert not shell.pinned
    hear(shell, kind="do", what="__init__")
    assert state.settings.year == 2016


def test_language_theme_and_presenter_mode_reach_the_page(desk):
    state, shell = desk
    hear(shell, kind="look", lang="en", theme="dark", presenter=True)
    assert (stage().lang, stage().theme, stage().presenter) == ("en", "dark", True)
    hear(shell, kind="look", lang="xx", theme="<b>")
    assert (state.settings.lang, state.settings.theme) == ("en", "dark")


def test_a_link_is_taken_over_and_a_broken_one_told(desk):
    state, shell = desk
    hear(shell, kind="link", token=encode(Settings(year=2019, lang="en")))
    assert (state.settings.year, shell.token) == (2019, state.token)
    before = stage().message["n"]
    hear(shell, kind="link", token="1.kaputt")
    assert stage().message["n"] == before + 1
    assert stage().message["tone"] == "error"
    assert state.settings.year == 2019


def test_lists_on_the_bar_follow_and_change_settings(desk):
    state, shell = desk
    shell.offer("year", {2016: "2016", 2017: "2017"})
    shell.offer("run", {"only": "one"})
    assert [one["code"] for one in shell.pickers] == ["year"]
    hear(shell, kind="pick", code="year", value=1)
    assert (state.settings.year, shell.pickers[0]["value"]) == (2017, 1)
    for wrong in (2, -1, "1", None):
        hear(shell, kind="pick", code="year", value=wrong)
    hear(shell, kind="pick", code="lang", value=0)
    assert (state.settings.year, state.settings.lang) == (2017, "zh")
    picked = []
    shell.offer("scheme", {"a": "A", "b": "B"}, on_change=picked.append)
    hear(shell, kind="pick", code="scheme", value=1)
    assert picked == ["b"]


def test_packs_are_numbered_and_the_assumptions_are_one_link_away(desk):
    _state, shell = desk
    for kind in ("xlsx", "xlsx", "exe"):
        hear(shell, kind="pack", format=kind)
    assert shell.pack == {"kind": "xlsx", "n": 2}
    assert shell.assumptions == encode(Settings(tab="assumptions"))


def test_what_a_program_sets_is_not_told_back_to_it():
    heard = []
    years = picker("Year", {2016: "a", 2017: "b"}, 2016, heard.append)
    years.value = 2017
    years.options = {2017: "b", 2018: "c"}
    assert (years.value, heard) == (2017, [])
    years.options = [("x", "X")]
    assert years.value == "x"
    years.value = "gone"
    assert years.value is None


def test_a_reader_sets_controls_within_their_bounds_only():
    heard = []
    slider = number_slider("Share", (0, 10, 1), 5, heard.append)
    for value in (7, 11, -1, "3", True, None, float("nan")):
        hear(slider, kind="input", value=value, n=1)
    level = segments("Level", {"a": "A", "b": "B"}, "a", heard.append)
    for value in (1, 2, -1, "a", 0.5):
        hear(level, kind="input", value=value, n=1)
    on = toggle("On", False, heard.append)
    for value in (True, 1, "yes"):
        hear(on, kind="input", value=value, n=1)
    plans = checks("Plans", {"a": "A", "b": "B", "c": "C"}, ["a"], heard.append, most=2)
    for value in ([0, 2], [0, 1, 2], [5], "ab"):
        hear(plans, kind="input", value=value, n=1)
    field = text_field("Name", on_change=heard.append)
    for value in ("x", "y" * 3000, 4):
        hear(field, kind="input", value=value, n=1)
    assert heard == [7, "b", True, ["a", "c"], "x"]
    assert (slider.value, level.value, on.value, plans.value, field.value) == (7, "b", True, ["a", "c"], "x")


def test_a_disabled_button_cannot_be_pressed():
    pressed = []
    run = button("Run", lambda: pressed.append(1))
    hear(run, kind="press")
    run.disabled = True
    hear(run, kind="press")
    assert pressed == [1]


def test_a_workbook_holds_numbers_as_numbers_and_no_formula():
    columns = [
        Column("name", "Name"),
        Column("share", "Share", "percent", 1),
        Column("money", "Cost", "money", 0, "yuan"),
    ]
    rows = [
        {"name": '=HYPERLINK("x")', "share": 0.125, "money": 1234.5},
        {"name": "B\x00", "share": None, "money": float("nan")},
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(Table("t", "A/B: [x]", columns, rows, "=1+1")))).active
    assert sheet.title == "A B x"
    assert [cell.value for cell in sheet[3]][:3] == ["Name", "Share", "Cost (yuan)"]
    assert [cell.value for cell in sheet[4]][:3] == ['\'=HYPERLINK("x")', 0.125, 1234.5]
    assert [cell.value for cell in sheet[5]][:3] == ["B", None, None]
    assert (sheet["A2"].value, sheet["A2"].data_type, sheet["A4"].data_type) == ("'=1+1", "s", "s")
    assert sheet["B4"].number_format == "0.0%"


IMPORT = re.compile(r'from "\./(\w+)\.js"')


def test_modules_come_after_those_that_they_import():
    for place, name in enumerate(PIECES):
        for other in IMPORT.findall(read(f"{name}.js")):
            assert other in PIECES[:place], f"{name} imports {other}"


@pytest.mark.parametrize("name", [*PIECES, "part", "stage"])
def test_modules_are_short_and_take_no_text_for_code_or_markup(name):
    code = read(f"{name}.js")
    assert len(code.splitlines()) <= 400
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", code)
    assert "://" not in code.replace("http://www.w3.org/2000/svg", "")


def test_every_text_of_the_browser_is_there_and_used():
    code = "\n".join(read(f"{name}.js") for name in PIECES)
    known = {key.removeprefix("ui.") for key in read_room("dashboard") if key.startswith("ui.")}
    asked = set(re.findall(r'say\(\s*"([\w.-]+)"', code)) | set(re.findall(r'\? "([a-z]+\.[a-z.]+)"', code))
    asked |= set(re.findall(r': "([a-z]+\.[a-z.]+)"', code))
    assert asked - known == set()
    families = tuple(set(re.findall(r"say\(`(\w+)\.", code)) | set(re.findall(r"say\(`(\w+\.\w+)\.", code)))
    kernel = {"failed", "upload.size", "upload.ending"}
    steps = {"presenter", "undo", "redo", "reset", "pin", "swap", "unpin"}
    unused = {key for key in known - asked - kernel - steps if not key.startswith(families)}
    assert unused == set()


def test_the_library_is_small_and_holds_both_languages():
    packed, version = library()
    told = json.loads(gzip.decompress(packed))
    assert len(packed) < 60_000
    assert [name for name, _ in told["pieces"]] == list(PIECES)
    assert told["texts"]["zh"].keys() == told["texts"]["en"].keys()
    assert len(version) == 16
