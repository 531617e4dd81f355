"""Numbers with their source, and the door for YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from povsim.errors import InputError
from povsim.quantity import Quantity, Rule, read_yaml, validate

ENTRY: dict[str, Any] = {"value": 1.0, "unit": "share", "source": "test", "status": "assumed"}


class Sheet(Rule):
    entries: dict[str, Quantity]
    more: tuple[Quantity, ...] = ()


def quantity(**changes: Any) -> Quantity:
    return Quantity(**{**ENTRY, **changes})


def write(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("year", "value"), [(2010, 1.0), (2015, 1.0), (2017, 1.0), (2018, 4.0), (2030, 4.0)])
def test_a_path_holds_until_its_next_date(year: int, value: float) -> None:
    assert quantity(value={2018: 4, 2015: 1}).at(year) == value


def test_entries_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        quantity().value = 2.0


@pytest.mark.parametrize(
    ("spread", "mean", "sd"),
    [
        ({"type": "normal", "sd": 2.0}, 10.0, 2.0),
        ({"type": "lognormal", "sd": 0.1}, 10 * np.exp(0.005), 10 * np.exp(0.005) * np.sqrt(np.expm1(0.01))),
        ({"type": "uniform", "low": 4.0, "high": 10.0}, 7.0, 6 / np.sqrt(12)),
        ({"type": "triangular", "low": 7.0, "high": 19.0}, 12.0, np.sqrt((12**2 + 3**2 + 9**2) / 36)),
    ],
)
def test_spreads_have_the_moments_of_their_law(spread: dict[str, Any], mean: float, sd: float) -> None:
    entry = quantity(value=10.0, spread=spread)
    drawn = np.array([entry.at_quantile(2016, (i + 0.5) / 20000) for i in range(20000)])
    assert drawn.mean() == pytest.approx(mean, rel=1e-3)
    # The variance of the triangle: (a2 + b2 + c2 - ab - ac - bc) / 18, here from the three differences.
    assert drawn.std() == pytest.approx(sd, rel=1e-2)


@pytest.mark.parametrize(
    "spread",
    [
        {"type": "normal", "sd": 2.0},
        {"type": "uniform", "low": -3, "high": 1},
        {"type": "triangular", "low": -3, "high": 1},
    ],
)
@given(probability=st.floats(0.001, 0.999))
def test_a_path_moves_as_one(spread: dict[str, Any], probability: float) -> None:
    path = quantity(value={2015: 10.0, 2020: 30.0}, spread=spread)
    assert path.at_quantile(2020, probability) - path.at_quantile(2015, probability) == pytest.approx(20.0)


def test_no_spread_no_draw() -> None:
    assert quantity().at_quantile(2016, 0.9) == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": "12"}, r"entries.a.value: should be a number, or a dated path .* found '12'"),
        ({"value": True}, "entries.a.value: should be a number"),
        ({"value": float("nan")}, "entries.a.value: input should be a finite number"),
        ({"value": {}}, "entries.a: the dated path is empty"),
        ({"value": {16: 1}}, "entries.a.value.16: .*1900"),
        ({"value": {2016: "x"}}, "entries.a.value.2016: input should be a valid number; found 'x'"),
        ({"status": "sure"}, "entries.a.status: .*'documented', 'estimated' or 'assumed'; found 'sure'"),
        ({"source": ""}, "entries.a.source: "),
        ({"sorce": "x"}, "entries.a.sorce: unknown key; allowed: .* did you mean 'source'"),
        ({"spread": {"type": "norml", "sd": 1}}, "entries.a.spread: unknown type; .* did you mean 'normal'"),
        ({"spread": {"type": "normal"}}, "entries.a.spread.sd: is missing"),
        ({"spread": {"type": "normal", "sd": 0}}, "entries.a.spread.sd: .*greater than 0"),
        ({"spread": {"type": "normal", "sd": 1, "sdd": 2}}, "entries.a.spread.sdd: unknown key; allowed: sd, type"),
        ({"spread": {"type": "uniform", "low": 2, "high": 3}}, "entries.a: the spread should .* hold the value"),
        ({"spread": {"type": "uniform", "low": 3, "high": 0}}, "entries.a: the spread should run from low to high"),
        (
            {"value": {2015: 1}, "spread": {"type": "triangular", "low": 1, "high": 3}},
            "entries.a: the spread should .* hold a shift of zero",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_path(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        validate(Sheet, {"entries": {"a": {**ENTRY, **changes}}}, "sheet.yaml")


def test_all_problems_come_at_once() -> None:
    data = {"entries": {"a": {**ENTRY, "status": "sure"}, "b": {"value": 1}}, "more": [{**ENTRY, "vlaue": 1}]}
    with pytest.raises(InputError, match=r"sheet.yaml: 5 problems") as caught:
        validate(Sheet, data, "sheet.yaml")
    assert {p.where for p in caught.value.problems} == {
        "entries.a.status", "entries.b.unit", "entries.b.source", "entries.b.status", "more.0.vlaue",
    }  # fmt: skip


def test_a_list_is_no_sheet() -> None:
    with pytest.raises(InputError, match="top: input should be a valid dictionary"):
        validate(Sheet, [1], "sheet.yaml")


def test_yaml_comes_as_plain_data(tmp_path: Path) -> None:
    text = "base: &b {2016: 2952}\nnext: {<<: *b, 2017: 3000.5}\nname: 湘阴县\n"
    assert read_yaml(write(tmp_path, text)) == {
        "base": {2016: 2952},
        "next": {2016: 2952, 2017: 3000.5},
        "name": "湘阴县",
    }


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "\n".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]" for i in range(12)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: key 'c' is given twice, first on line 3"),
        ("a: [1\nb: 2", "line 2: while parsing a flow sequence"),
        ("[1]", "the top should be a mapping of keys to values; found list"),
        ("", "the top should be a mapping of keys to values; found nothing"),
        ("a: &x [*x]", "line 1: an alias refers to itself"),
        (BOMB, "aliases stand for too many entries"),
        ("[" * 100_000, "line 1: nested too deeply"),
        ("- " * 100_000, "line 1: nested too deeply"),
        ("a: !!python/object:os.system x", "line 1: could not determine a constructor"),
        ("? [1, 2]\n: 3", "line 1: a key should be a single word or number"),
        ("a: " + "1" * 6000, "cannot be read as YAML"),
        ("a: \x07", "file: cannot be read as YAML|line 1"),
    ],
)
def test_bad_files_are_refused_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_yaml(write(tmp_path, text))


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes("name: 湘阴".encode("gb18030"))
    with pytest.raises(InputError, match="cannot be read as YAML text in UTF-8"):
        read_yaml(path)


def test_large_files_are_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too large; found 5000001 bytes"):
        read_yaml(write(tmp_path, "#" * 5_000_001))


def test_a_slip_in_the_name_is_mended(tmp_path: Path) -> None:
    write(tmp_path, "a: 1")
    with pytest.raises(InputError, match=r"not found; did you mean 'file.yaml'"):
        read_yaml(tmp_path / "flie.yaml")
