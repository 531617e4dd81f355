"""A small scorecard for tests of weight schemes, and files of its weights as planners leave them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import openpyxl
import pytest

from povsim.errors import InputError
from povsim.quantity import validate
from povsim.scoring.schema import Scorecard
from povsim.scoring.schemes import WeightScheme, weight_scheme

SOURCE = {"source": "test", "status": "assumed"}


def item(code: str, points: float, group: str, **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "group": group,
        "name_zh": f"指标{code}",
        "name_en": f"item {code}",
        "points": points,
        "unit": "share",
        "rule": {"type": "proportional", **SOURCE},
        "value_from": {"entered": code},
        "departments": ["扶贫办", "教育局"],
        **SOURCE,
        **changes,
    }


def group(code: str, **changes: Any) -> dict[str, Any]:
    return {"code": code, "name_zh": f"类别{code}", "name_en": f"group {code}", **changes}


def card(*, code: str = "small", mix: bool = True, **changes: Any) -> Scorecard:
    """Return a card of 100 points: a 30, b 20 | c 10 | x 16, y 12, z 12, a fixed mix | a ledger without points."""
    target = {"value": 0.98, "unit": "share", **SOURCE}
    deduction = {"type": "linear_deduction", "step": 0.01, "deduct": 1, **SOURCE}
    ledger = {"type": "ledger", "bonus_cap": 5, "penalty_cap": 3, **SOURCE}
    data: dict[str, Any] = {
        "scorecard": {
            "code": code,
            "name_zh": "试验",
            "name_en": "trial",
            "level": "county",
            "total_points": 100,
            "document": "test",
        },
        "groups": [
            group("first"),
            group("second"),
            group("rated", **({"mix": {"x": 0.4, "y": 0.3, "z": 0.3}} if mix else {})),
            group("extra"),
        ],
        "indicators": [
            item("a", 30, "first", target=target, rule=deduction),
            item("b", 20, "first"),
            item("c", 10, "second"),
            item("x", 16, "rated"),
            item("y", 12, "rated"),
            item("z", 12, "rated"),
            item("bonus", 0, "extra", unit="points", rule=ledger),
        ],
        **changes,
    }
    return validate(Scorecard, data, "small.yaml")


Lang = Literal["zh", "en"]
Edit = Callable[[Any], object]
SCHEME = weight_scheme(card(mix=False)).locked("b")


def edited(folder: Path, edit: Edit, *, scheme: WeightScheme = SCHEME, lang: Lang = "zh") -> Path:
    """Write a scheme, change it as a planner would, save it."""
    path = folder / "mine.xlsx"
    scheme.to_excel(path, lang=lang)
    book = openpyxl.load_workbook(path)
    edit(book.active)
    book.save(path)
    return path


def put(**cells: Any) -> Edit:
    def edit(page: Any) -> None:
        for address, value in cells.items():
            page[address] = value

    return edit


def plain(folder: Path, rows: list[list[Any]], *, encoding: str = "utf-8", separator: str = ",") -> Path:
    path = folder / "mine.csv"
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=separator).writerows(rows)
    return path


def table(**changes: Any) -> list[list[Any]]:
    """Return a table of codes and points under a heading, some of them changed."""
    return [["code", "points"], *([code, changes.get(code, value)] for code, value in SCHEME.points.items())]


def refused(path: Path, scheme: WeightScheme = SCHEME) -> str:
    with pytest.raises(InputError) as caught:
        scheme.from_excel(path)
    return str(caught.value)
