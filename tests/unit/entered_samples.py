"""A scorecard and tables of entered values, made up for tests."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from povsim.errors import InputError
from povsim.quantity import validate
from povsim.scoring.entered import read_entered
from povsim.scoring.schema import Scorecard

SAID = {"source": "test", "status": "assumed"}
UNITS, YEARS = ["东镇", "西乡", "南镇"], [2016, 2017]
RULE = {"type": "proportional", **SAID}
SPENT = {"type": "proportional_to_norm", "norm": 100.0, **SAID}


def item(code, zh, en, **more):
    entry = {
        "code": code,
        "name_zh": zh,
        "name_en": en,
        "points": 10,
        "unit": "share",
        "rule": RULE,
        "value_from": {"entered": "own"},
        **SAID,
    }
    return {**entry, **more}


def otherwise(value, unit="share"):
    return {"entered": "own", "otherwise": {"value": value, "unit": unit, **SAID}}


def make_card(**changes):
    raters = {"entered": "own", "raters": {"county": 0.6, "households": 0.4, "nobody": 0.0}}
    data = {
        "scorecard": {
            "code": "test",
            "name_zh": "测试",
            "name_en": "test",
            "level": "township",
            "total_points": 70,
            "document": "none",
        },
        "indicators": [
            item("known", "群众认可度（%）", "Recognition", missing="zero"),
            item("strict", "准确率", "Accuracy"),
            item("rated", "民主评议", "Ratings", value_from=raters, missing="zero"),
            item(
                "spent",
                "资金支出",
                "Spending",
                unit="yuan",
                possible=[0, None],
                rule=SPENT,
                profile="spending",
                value_from=otherwise(90.0, "yuan"),
            ),
            item(
                "settled",
                "满意度",
                "Satisfaction",
                profile="reading",
                value_from=otherwise(0.9),
                departments=["扶贫办"],
            ),
            item("done", "完成率", "Completion", unit="ratio", value_from={"entered": "kpi"}, missing="rebase"),
            item("simulated", "贫困发生率", "Incidence", value_from={"simulated": "headcount_ratio"}),
        ],
        "findings": [{"code": "misuse", "name_zh": "挪用资金", "name_en": "Misuse of funds", **SAID}],
        "grades": {
            "by": "cutoff",
            "grades": [
                {"code": "good", "name_zh": "优秀", "name_en": "Excellent", "at_least": 90},
                {"code": "rest", "name_zh": "其他", "name_en": "Other"},
            ],
            **SAID,
        },
        "awards": [
            {
                "code": "flag",
                "name_zh": "红旗",
                "name_en": "Flag",
                "type": "consecutive",
                "grade": "good",
                "years": 3,
                "within_class": True,
                **SAID,
            }
        ],
        "peers": {
            "name_zh": "同类县",
            "name_en": "peers",
            "count": {"value": 5, "unit": "units", **SAID},
            "share": {"value": 0.9, "unit": "share", **SAID},
            **SAID,
        },
        "profiles": {
            "spending": {
                "name_zh": "支出进度",
                "name_en": "Spending pace",
                "kind": "flow",
                "done": {6: 0.4, 12: 1.0},
                "persistence": 1.0,
                **SAID,
            },
            "reading": {
                "name_zh": "读数",
                "name_en": "Readings",
                "kind": "level",
                "done": {6: 0.5, 12: 1.0},
                "persistence": 0.0,
                **SAID,
            },
        },
    }
    return validate(Scorecard, {**data, **changes}, "test")


CARD = make_card()


def frame(*rows, columns=("unit", "year", "indicator", "value")):
    return pd.DataFrame([list(row) for row in rows], columns=list(columns), dtype=object)


def entry(**cells):
    """Return a table of one row, with all its columns."""
    usual = {"unit": "东镇", "year": 2016, "indicator": "known", "value": None, "low": None, "high": None}
    return pd.DataFrame([{**usual, "month": None, "rater": None, **cells}], dtype=object)


def read(source, card=CARD, units=UNITS, years=YEARS):
    return read_entered(source, card, units, years)


def values(entered, code, draws=range(4), prior=None, seed=0):
    return entered.values(
        entered.card.indicator(code), draws=list(draws), years=YEARS, units=UNITS, prior=prior, seed=seed
    )


def refused(source, match, **more):
    with pytest.raises(InputError, match=match) as caught:
        read(source, **more)
    return caught.value


def save(table: pd.DataFrame, path: Path, encoding="utf-8-sig") -> Path:
    if path.suffix == ".xlsx":
        table.to_excel(path, index=False)
    else:
        table.to_csv(path, index=False, encoding=encoding)
    return path
