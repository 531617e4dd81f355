"""Every text is there in both languages, is used, and fits its place."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Any

import pytest
import typer

import povsim
from povsim.assumptions import assumptions
from povsim.cli import app
from povsim.figures import source_name
from povsim.plan import CALENDAR
from povsim.register_report import describe_register
from povsim.scenario import Scenario, read_scenario, shipped_scenarios
from povsim.wording import ROOMS, language, read_room, wording

SOURCE = Path(povsim.__file__).parent


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_have_every_text(room: str) -> None:
    for key, texts in read_room(room).items():
        assert set(texts) == {"zh", "en"}, key
        assert all(isinstance(text, str) and text.strip() for text in texts.values()), key
        assert placeholders(texts["zh"]) == placeholders(texts["en"]), key
        # documents that figures come from keep their titles
        assert room == "sources" or not re.search("[\u4e00-\u9fff]", texts["en"]), key


def test_chinese_is_chinese() -> None:
    for room in ROOMS:
        for key, texts in read_room(room).items():
            bare = re.sub(r"{.*?}", "", texts["zh"])
            # What has no letters but those of its placeholders is punctuation.
            assert re.search("[\u4e00-\u9fff：]", bare) or not re.search("[A-Za-z/]", bare), key


def test_where_shipped_figures_come_from_is_said_in_both_languages() -> None:
    told = {text for both in read_room("sources").values() for text in both.values()}
    found = {
        text
        for name in shipped_scenarios()
        for row in assumptions(read_scenario(name))
        for text in (row.entry.source, row.entry.note)
        if text
    }
    assert found - told == set()
    zh = {text: source_name(text, "zh") for text in found}
    assert {text for text, said in zh.items() if not re.search("[\u4e00-\u9fff]", said)} == set()
    used = {source_name(text, "en") for text in found}
    assert {both["en"] for key, both in read_room("sources").items() if key[-1].isdigit()} == used
    assert source_name("set by hand; before: own judgement", "zh") == "手工设定；原为：自行判断"
    assert source_name("set by hand; before: our office", "en") == "set by hand; before: our office"


def test_every_room_is_a_file_and_every_file_a_room() -> None:
    assert sorted(path.stem for path in (SOURCE / "texts").glob("*.yaml")) == sorted(ROOMS)


ASKING = r"(?:say(?:\.find)?|_say\(\)|wording\([^)]*\))\(\s*"


def test_texts_of_commands_are_those_that_are_asked_for() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.py"))
    asked = set(re.findall(ASKING + r'"([^"]+[^".])"', code))
    families = (*(f"{stem}." for stem in re.findall(ASKING + r'f"([a-z_]+)\.\{', code)), "status.")
    # Chosen between in one expression.
    asked |= {"scenarios.nothing", "scenarios.register"}
    known = {key for room in ROOMS for key in read_room(room)}
    assert asked - known == set()
    assert {key for key in read_room("commands") if key not in asked and not key.startswith(families)} == set()


def walk(command: Any, path: str = "") -> list[tuple[str, Any]]:
    below = getattr(command, "commands", {})
    return [(path, command)] + [
        pair for name, each in below.items() for pair in walk(each, f"{path}.{name}" if path else name)
    ]


def test_every_command_and_option_has_help_and_no_help_is_left_over() -> None:
    wanted = {"help"}
    for path, command in walk(typer.main.get_command(app)):
        root = path or "povsim"
        wanted |= {root} | {f"{root}.{parameter.name.rstrip('_')}" for parameter in command.params}
    assert wanted - {name for name in wanted if name.endswith(".help")} == set(read_room("help"))


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_figure_of_what_ships_has_a_meaning_and_a_unit_in_both_languages(name: str) -> None:
    units = read_room("units")
    for row in assumptions(read_scenario(name)):
        tail = row.path.removeprefix("margins.")
        assert tail not in (row.zh, row.en), row.path
        assert not re.search("[\u4e00-\u9fff]", row.en), row.path
        assert row.entry.unit in units or re.sub("^[A-Z]{3} ", "yuan ", row.entry.unit) in units, row.entry.unit


def test_every_block_and_family_of_a_plan_is_explained() -> None:
    plan = read_room("plan")
    blocks = set(Scenario.model_fields) - {"name_zh", "name_en", "note_zh", "note_en"}
    assert blocks <= set(plan)
    assert {f"measures.{kind}" for kind in CALENDAR} <= set(plan)


def test_tables_of_a_register_have_titles() -> None:
    tables = describe_register(povsim.complete_population(read_scenario("sample")))
    assert {f"describe.{name}" for name in tables} <= set(read_room("commands"))


def test_language_follows_the_option_then_the_environment() -> None:
    assert language("en", {"LC_ALL": "zh_CN.UTF-8"}) == "en"
    assert language("zh", {"LC_ALL": "C"}) == "zh"
    assert language(None, {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_GB"}) == "zh"
    assert language(None, {"LC_ALL": "", "LANG": "zh_TW"}) == "zh"
    assert language(None, {"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}) == "en"
    assert language(None, {}) == "en"


def test_a_missing_text_is_an_error_and_braces_without_values_stay() -> None:
    say = wording("en", "commands")
    with pytest.raises(KeyError, match="no such text"):
        say("no such text")
    assert say.find("no such text") is None
    assert say("run.written", folder="a{b}", files=1, size="1 kB", seconds=2).startswith("Written to a{b} (1")
