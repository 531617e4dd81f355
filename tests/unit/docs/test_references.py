"""References written from the package: complete in both languages, and what pages tell people to type exists."""

import re
from pathlib import Path

import pytest
import typer
import yaml
from povsim_site import generated, interface, schemas, vocabulary
from povsim_site.commands import command_paths, command_reference, help_text
from povsim_site.tables import table

import povsim
from povsim.cli import app
from povsim.rulebook import ExitStandard
from povsim.scenario import Scenario, shipped_scenarios
from povsim.scoring.schema import Scorecard
from povsim.scoring.scorecard import shipped_scorecards
from povsim.scoring.signal_names import SIGNALS

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts)
ROOTS = (Scenario, ExitStandard, Scorecard)
CHINESE = re.compile("[\u4e00-\u9fff]")


def keys():
    return [
        (model, name) for root in ROOTS for model in schemas.schema_classes(root) for name in schemas.own_keys(model)
    ]


def test_every_key_has_a_meaning_in_both_languages():
    for model, name in keys():
        english, chinese = schemas.words_of(model, name)
        assert english, (model, name)
        assert CHINESE.search(chinese), (model, name)
        assert not CHINESE.search(english), (model, name)


def test_no_meaning_is_left_over():
    used = {f"{model.__name__}.{name}" for model, name in keys()} | {f"*.{name}" for _, name in keys()}
    shared = {f"*.{name}" for name in schemas.SHARED}
    assert set(schemas.meanings()) <= used | shared


def test_a_key_without_a_meaning_is_told():
    class Odd(Scenario):
        oddity: int = 0

    with pytest.raises(KeyError, match=r"Odd\.oddity: docs/_ext/povsim_site/meanings\.yaml does not say"):
        schemas.words_of(Odd, "oddity")


@pytest.mark.parametrize("root", ROOTS)
def test_every_key_and_every_link_is_on_the_page(root):
    page = schemas.figure_section("x") + schemas.schema_page(root, "x")
    anchors = set(re.findall(r"^\((x-\w+)\)=$", page, re.MULTILINE))
    assert {schemas.anchor(model, "x") for model in schemas.schema_classes(root)} <= anchors
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= anchors
    for model in schemas.schema_classes(root):
        assert all(f"| `{name}` |" in page for name in schemas.own_keys(model))


def test_units_ranges_and_defaults_are_those_of_the_schema():
    page = schemas.schema_page(Scenario, "x")
    assert "| `hazard` | [figure](#x-figure) | share, 0 to 1 | required | share of persons who fall ill" in page
    assert "| `cost` | [figure](#x-figure) | yuan per case, from 0 | required |" in page
    assert "| `priority` | `poorest_first`, `random`, `cause` |" in page
    assert "`poorest_first` | who comes first | 先后次序 |" in page


def test_names_of_files_are_complete():
    measures, signals, outcomes = vocabulary.measure_types(), vocabulary.signal_names(), vocabulary.outcome_variables()
    assert len(re.findall(r"^\| \[`", measures, re.MULTILINE)) == 24
    assert all(f"| `{name}` |" in signals for name in SIGNALS)
    assert "| `failing_by_test` | year, village, veto | persons |" in outcomes
    shipped = generated.TEXTS["shipped-scenarios"]() + generated.TEXTS["shipped-scorecards"]()
    assert all(f"| `{name}` |" in shipped for name in (*shipped_scenarios(), *shipped_scorecards()))


def test_every_command_is_in_both_references():
    for lang in ("en", "zh"):
        page = command_reference(lang)
        assert all(f"## povsim {' '.join(path)}\n" in page for path in command_paths())
    assert "模拟次数" in help_text(("run",), "zh")
    assert "simulated futures" in help_text(("run",), "en")


def test_every_public_name_is_on_its_page():
    for module, names in (("povsim", povsim.__all__), ("povsim.poverty", povsim.poverty.__all__)):
        page = interface.interface_page(module)
        functions = [name for name in names if name not in ("__version__", "lorenz")]
        assert all(f":: {name}\n" in page for name in functions), module


def test_marks_name_texts_and_every_text_is_used():
    marks = [mark for page in PAGES for mark in generated.MARK.findall(page.read_text(encoding="utf-8"))]
    assert sorted(marks) == sorted(generated.TEXTS)
    with pytest.raises(KeyError, match="no-such-text"):
        generated.filled("<!-- generated: no-such-text -->")


def options_of(path):
    command = typer.main.get_command(app)
    for word in path:
        command = command.commands[word]
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


def typed():
    """Yield the commands that pages tell people to type."""
    for page in [*PAGES, ROOT / "README.md", ROOT / "README.zh.md"]:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```\S*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines() if line.startswith("povsim ")]
        lines += re.findall(r"(?<!`)`(povsim [^`\n]+)`", text)
        yield from ((page.name, re.split(r"  #| [|>&]", line)[0].split()) for line in lines)


def test_commands_and_options_on_pages_exist():
    paths, seen = set(command_paths()), 0
    for page, words in typed():
        path = tuple(words[1:3]) if tuple(words[1:3]) in paths else tuple(words[1:2])
        if not re.fullmatch("[a-z-]+", path[0]):
            continue
        assert path in paths, (page, words)
        known = options_of(path) | {"--help", "--lang"}
        asked = {word.split("=")[0].rstrip("),.:") for word in words if word.startswith("--")}
        assert asked <= known, (page, words, asked - known)
        seen += 1
    assert seen > 40


def test_tables_leave_empty_columns_out_and_guard_bars():
    assert list(table(("a", "b"), [("1", " "), ("2", "")])) == ["| a |", "|---|", "| 1 |", "| 2 |"]


def test_yaml_blocks_of_pages_can_be_read():
    for page in PAGES:
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            assert yaml.safe_load(block), page.name
