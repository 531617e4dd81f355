"""Panel mappings: what they may say, what they may not, and how they are found."""

from __future__ import annotations

import re

import pytest

from povsim.errors import InputError
from povsim.panel_mapping import (
    mapping_for,
    parse_panel_mapping,
    read_panel_mapping,
    shipped_panel_mapping,
    shipped_panel_mappings,
)
from tests.unit.panels.panel_samples import LONG, POOR, WIDE

QUANTILE = {"quantile": 0.4, "wave": 1, "source": "made up", "status": "assumed"}


def test_waves_come_in_order_of_time_whatever_their_order_in_the_file() -> None:
    assert parse_panel_mapping(LONG).years == {"1": 2016, "2": 2018}


def test_a_unit_of_money_gives_factor_and_currency() -> None:
    money = parse_panel_mapping(LONG | {"income": {"from": "x", "unit": "thousand USD per head and month"}}).income
    assert money is not None
    assert (money.factor, money.currency, money.per_head) == (12_000.0, "USD", True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"incom": 1}, "incom: unknown key; allowed: .*; did you mean 'income'"),
        ({"status": "sure"}, "status: input should be 'documented'"),
        ({"income": {"from": "x", "unit": "CNY"}}, "unit should read .* found 'CNY'"),
        ({"income": {"from": "x", "unit": "CNY per household and year"}}, "amounts per household need `persons`"),
        ({"income": None}, "`welfare: income` needs the column `income`"),
        ({"wave": {"from": "wave", "years": {1: 2016}}}, "at least two waves; found 1"),
        ({"wave": {"from": "wave", "years": {1: 2016, 2: 2016}}}, "a year of its own"),
        ({"wave": None}, "a long file .* needs `wave`"),
        ({"layout": "wide"}, "a wide file .* needs `waves`"),
        ({"weight": {"from": "w", "wave": 3}}, "weight.wave names '3'; waves: 1, 2"),
        ({"line": QUANTILE | {"wave": 9}}, "line.wave names '9'"),
        ({"line": QUANTILE | {"share_of_median": 0.5}}, "exactly one of .* found share_of_median and quantile"),
        ({"line": {"value": 9, "unit": "CNY", "source": "x", "status": "assumed"}}, "an amount needs `unit"),
        ({"line": {"quantile": 0.4, "source": "x", "status": "assumed"}}, "needs the wave it is taken from"),
        (
            {"line": {"value": 9, "unit": "USD per head and year", "source": "x", "status": "assumed"}},
            "line is in USD, income in CNY",
        ),
        ({"outcomes": {"income": {"from": "y", "name_zh": "甲", "name_en": "y"}}}, "'income' is a name of the panel"),
        (
            {"covariates": {"age": {"from": "a"}}, "treatments": {"age": {"from": "b"}}},
            "'age' is given twice among outcomes, treatments and covariates",
        ),
        ({"sources": {"wage": {"unit": "CNY per head and year"}}}, "wage needs `from`"),
        ({"treated": {"from": "t", "values": {"yes": 2}}}, "treated.values.yes: input should be 0 or 1"),
        ({"unit": {"form": "id"}}, "unit.from: is missing"),
    ],
)
def test_what_a_mapping_may_not_say(change: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_panel_mapping(LONG | change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"waves": [WIDE["waves"][0]]}, "at least two waves"),
        ({"income": {"from": "x", "unit": "CNY per head and year"}}, "the headings stand in waves.columns"),
        ({"persons": {}}, "no wave says under columns where persons is found"),
        (
            {"waves": [WIDE["waves"][0], {"label": "b", "year": 2018, "columns": {"incme": "x", "income": "y"}}]},
            "waves.b.columns names 'incme', which is not declared .*did you mean 'income'",
        ),
    ],
)
def test_what_a_wide_mapping_may_not_say(change: dict, told: str) -> None:
    parse_panel_mapping(WIDE)
    with pytest.raises(InputError, match=told):
        parse_panel_mapping(WIDE | change)


def test_spells_have_neither_income_nor_line() -> None:
    parse_panel_mapping(POOR)
    with pytest.raises(InputError, match="has neither income nor line"):
        parse_panel_mapping(POOR | {"line": QUANTILE})


def test_several_slips_are_told_at_once() -> None:
    with pytest.raises(InputError, match=r"weight\.wave names") as caught:
        parse_panel_mapping(LONG | {"weight": {"from": "w", "wave": 3}, "line": QUANTILE | {"wave": 9}})
    assert "line.wave" in str(caught.value)


def test_shipped_mappings_are_whole_and_name_files_that_find_them() -> None:
    assert shipped_panel_mappings() == ["bangladesh-9198", "nlsy-poverty", "pakistan-graduation"]
    for name in shipped_panel_mappings():
        mapping = shipped_panel_mapping(name)
        assert re.search("[\u4e00-\u9fff]", mapping.name_zh)
        assert mapping_for(mapping.file) == mapping == read_panel_mapping(name)


def test_names_that_are_none_get_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'nlsy-poverty'"):
        shipped_panel_mapping("nlsy-povrty")
    with pytest.raises(InputError, match=r"a file, or one of .*did you mean 'pakistan-graduation'"):
        read_panel_mapping("pakistan-gradation")
    with pytest.raises(InputError, match="no shipped mapping knows this file"):
        mapping_for("own.csv")


def test_a_mapping_file_is_read_by_the_safe_loader(tmp_path) -> None:
    file = tmp_path / "own.panel.yaml"
    file.write_text("name_zh: !!python/object/apply:os.system [echo]\n", encoding="utf-8")
    with pytest.raises(InputError, match="could not determine a constructor"):
        read_panel_mapping(file)
