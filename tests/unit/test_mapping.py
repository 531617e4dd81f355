from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from povsim.errors import InputError
from povsim.mapping import ColumnMap, Mapping, parse_mapping, read_mapping
from povsim.register import read_register

HEAD = {"name_zh": "例", "name_en": "example", "source": "test", "status": "assumed"}
CONSTANT = {"value": 2.0, "unit": "XAU per household and month", "source": "test", "status": "assumed"}


def refused(content: object) -> str:
    with pytest.raises(InputError, match="problem") as caught:
        parse_mapping(content)
    return str(caught.value)


def with_column(code: str = "wage", **entry: object) -> dict[str, object]:
    return {**HEAD, "columns": {code: entry}}


YEARLY = "CNY per household and year"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**HEAD, "currancy": "MXN"}, r"currancy: unknown key; found currancy; allowed: .*did you mean 'currency'\?"),
        (
            {**HEAD, "grain": "houshold"},
            r"grain: unknown word; found houshold; allowed: household, person; did you mean",
        ),
        ({"name_zh": "例"}, r"name_en: is required and missing"),
        (
            with_column("wages", **{"from": "a", "unit": YEARLY}),
            r"columns.wages: unknown column; .*did you mean 'wage'",
        ),
        (with_column(**{"from": "a"}), r"columns.wage.unit: not a unit of income; found nothing; allowed: .*CNY per"),
        (with_column(**{"from": "a", "unit": "USD per head and year"}), r"not a unit of income; found USD per head"),
        (with_column(unit=YEARLY), r"columns.wage: give either `from` or `constant`"),
        (with_column(**{"from": ["a", "b"], "unit": YEARLY}), r"several headings need `transform: sum` or `join`"),
        (with_column(**{"from": "a", "unit": YEARLY, "transform": "scale"}), r"`transform: scale` needs `factor`"),
        (with_column(**{"from": "a", "unit": YEARLY, "factor": CONSTANT}), r"`transform: copy` does not use `factor`"),
        (
            with_column(**{"from": "a", "unit": YEARLY, "transform": "scale", "factor": {"value": 2.0}}),
            r"columns.wage.factor.source: is required and missing",
        ),
        (
            with_column(**{"from": "a", "unit": YEARLY, "transform": "scale", "factor": {**CONSTANT, "vale": 1}}),
            r"columns.wage.factor.vale: unknown key; found vale; allowed: value, unit, source, status; did you mean",
        ),
        (with_column(**{"from": "a", "unit": YEARLY, "transfrom": "copy"}), r"transfrom: unknown key.*'transform'"),
        (with_column("cause", **{"from": "a", "missing": "median"}), r"columns.cause.missing: no such policy .*median"),
        (
            with_column("housing_area", **{"from": "a", "unit": "mu"}),
            r"not the unit of this column; found mu; allowed: sq",
        ),
        (
            {**HEAD, "unit_of_persons": "households", "grain": "person"},
            r"unit_of_persons: households count as one each",
        ),
        (
            {**HEAD, "guarantees": [{"code": "food", "name_zh": "食", "name_en": "f", "from": "a"}] * 2},
            r"guarantees: code given twice; found food",
        ),
        ("text", r"file: is not a mapping of keys; found str"),
    ],
)
def test_mapping_errors(content: object, message: str) -> None:
    assert re.search(message, refused(content))


def test_all_problems_at_once() -> None:
    text = refused({**HEAD, "grain": "x", "curency": "MXN", "year": "soon"})
    assert text.startswith("mapping: 3 problems")


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("name_zh: 例\nname_zh: 另\n", encoding="utf-8")
    with pytest.raises(InputError, match="key given twice: name_zh"):
        read_mapping(path)


def test_only_safe_yaml(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("name_zh: !!python/object/apply:os.getcwd []\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as YAML; found could not determine a constructor"):
        read_mapping(path)


def test_mappings_are_frozen() -> None:
    mapping = parse_mapping(HEAD)
    assert isinstance(mapping, Mapping)
    with pytest.raises(ValidationError, match="frozen"):
        mapping.year = 2016  # type: ignore[misc]


@pytest.mark.parametrize(
    ("unit", "factor", "per_head"),
    [
        ("CNY per household and year", 1, False),
        ("CNY per head and month", 12, True),
        ("thousand CNY per household and year", 1_000, False),
        ("ten thousand CNY per head and month", 120_000, True),
    ],
)
def test_money_units(unit: str, factor: float, per_head: bool) -> None:
    entry = ColumnMap(from_=("a",), unit=unit)
    assert (entry.money_factor(), entry.per_head) == (factor, per_head)


FOREIGN = """
name_zh: 外国住户
name_en: foreign households
source: test
status: assumed
year: 2014
coverage: population
currency: XAU
headings: mapped_only
household: {from: [block, number], transform: join}
township: {constant: all}
village:
  from: place
  values: {1: north, 2: south}
  names_en: {north: the north}
columns:
  persons: {from: size}
  income_total:
    from: log_income
    unit: XAU per head and month
    transform: exp_minus
    subtract: {value: 2.0, unit: XAU per head and month, source: test, status: assumed}
  weight: {from: expansion}
  status: {constant: never_registered}
  category: {from: class, values: {A: general, B: tekun}}
  housing_area:
    from: rooms
    transform: scale
    factor: {value: 15.0, unit: square metres per room, source: test, status: estimated}
guarantees:
  - code: nutrition
    name_zh: 营养
    name_en: nutrition
    from: hunger
    transform: at_least
    threshold: {value: 0.5, unit: share, source: test, status: assumed}
  - {code: roof, name_zh: 屋顶, name_en: roof, from: roof, values: {tin: true, none: false}, reversed: true}
"""


@pytest.fixture
def foreign(tmp_path: Path) -> tuple[Path, Path]:
    mapping, data = tmp_path / "foreign.mapping.yaml", tmp_path / "foreign.csv"
    mapping.write_text(FOREIGN, encoding="utf-8")
    data.write_text(
        "block,number,place,size,log_income,expansion,class,rooms,hunger,roof,name\n"
        f"1,1,2,3,{float(np.log(12.0))!r},10,A,2,0.5,tin,Nobody\n"
        "1,2,1.0,2,0,7,B,1,0.25,none,Nobody\n",
        encoding="utf-8",
    )
    return data, mapping


def test_a_foreign_file_through_a_mapping(foreign: tuple[Path, Path]) -> None:
    register = read_register(foreign[0], foreign[1])
    assert register.household.values.tolist() == ["1-2", "1-1"]
    assert register.village.values.tolist() == ["all/north", "all/south"]
    assert register.name_en.values.tolist() == ["the north", "south"]
    # exp(0) - 2 is below zero and floored; (12 - 2) a head and month is 360 a year for three.
    assert register.income_total.values.tolist() == [0.0, pytest.approx(360.0, rel=1e-6)]
    assert register.weight.values.tolist() == [7, 10]
    assert register.category.values.tolist() == [2, 0]
    assert register.housing_area.values.tolist() == [15.0, 30.0]
    assert register.guarantee.values.tolist() == ["nutrition", "roof"]
    assert register.deprived.values.tolist() == [[False, True], [True, False]]
    assert register.attrs["coverage"] == "population"
    assert register.attrs["currency"] == "XAU"
    assert register.attrs["dropped_personal_columns"] == '["name"]'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("from: size", "from: sise", r"mapping: sise: no such heading; found sise; .*did you mean 'size'\?"),
        ("from: size", "from: name", r"mapping: name: is personal data, which is dropped at the door"),
        ("B: tekun", "B: tekn", r"mapping: class: unknown word in values; found tekn; .*did you mean 'tekun'\?"),
        ("{A: general, B: tekun}", "{A: general}", r"class: unknown word; found B; allowed: A; 1 rows: 3"),
        ("{1: north, 2: south}", "{1: north}", r"place: not in the value map; found 2; .*1 rows: 2"),
        (
            "constant: never_registered",
            "constant: exitd",
            r"columns.status.constant: unknown word; found exitd; .*exited",
        ),
        (
            "from: expansion",
            "from: log_income",
            r"log_income: impossible value; found 0, 2.48\d+; allowed: a whole number",
        ),
    ],
)
def test_mapping_and_file_disagree(foreign: tuple[Path, Path], old: str, new: str, message: str) -> None:
    data, path = foreign
    path.write_text(FOREIGN.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_register(data, path)


def test_absent_sizes_count_each_household_as_one(foreign: tuple[Path, Path]) -> None:
    data, path = foreign
    path.write_text(
        FOREIGN.replace("  persons: {from: size}\n", "") + "unit_of_persons: households\n", encoding="utf-8"
    )
    register = read_register(data, path)
    assert register.persons.values.tolist() == [1, 1]
    assert register.attrs["unit_of_persons"] == "households"
