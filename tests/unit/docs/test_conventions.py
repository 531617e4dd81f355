"""Every convention of the documentation is numbered once and held by tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "concepts" / "conventions.md"
HEADING = re.compile(r"^### (C\d+) (.+)$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def conventions() -> dict[str, str]:
    """Return the text of every convention by its number."""
    text = PAGE.read_text(encoding="utf-8")
    places = list(HEADING.finditer(text))
    ends = [place.start() for place in places[1:]] + [len(text)]
    found = [(place[1], text[place.end() : end]) for place, end in zip(places, ends, strict=True)]
    assert len({number for number, _ in found}) == len(found), "a number is given twice"
    return dict(found)


@cache
def functions(path: str) -> frozenset[str]:
    """Return the names of the functions that a file of tests defines."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_conventions_are_numbered_from_one_on():
    numbers = [int(number[1:]) for number in conventions()]
    assert numbers == sorted(numbers)
    assert numbers[0] == 1
    assert len(numbers) >= 44


@pytest.mark.parametrize("number", conventions())
def test_a_convention_names_tests_that_exist(number):
    named = NAMED.findall(conventions()[number])
    assert named, f"{number} names no test"
    for path, function in named:
        assert (ROOT / path).is_file(), f"{number}: {path} does not exist"
        assert function in functions(path), f"{number}: {path} has no {function}"


def test_pages_refer_to_conventions_that_exist():
    known = set(conventions())
    for page in (ROOT / "docs").rglob("*.md"):
        if "_build" not in page.parts:
            for found in re.findall(r"\[(C\d+)(?: to (C\d+))?\]", page.read_text(encoding="utf-8")):
                assert {number for number in found if number} <= known, page.name
