from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from povsim import register_files
from povsim.errors import Problem
from povsim.mapping import parse_mapping
from povsim.register import describe_register, read_register, write_problems
from povsim.terms import CAUSES, REGISTER_COLUMNS, STATUSES
from tests.unit.register_samples import SECRETS, failing, household_frame, person_frame, write

HEAD = {"name_zh": "例", "name_en": "example", "source": "test", "status": "assumed"}


def content(register: xr.Dataset) -> xr.Dataset:
    same = register.copy()
    same.attrs = {key: value for key, value in register.attrs.items() if key not in {"source", "sha256"}}
    return same


@pytest.fixture
def persons(tmp_path: Path) -> Path:
    return write(person_frame(), tmp_path / "register-2016.csv")


def test_folds_persons_like_a_slow_obvious_count(persons: Path) -> None:
    register = read_register(persons)
    frame = person_frame()
    assert register.sizes["household"] == frame["户编号"].nunique()
    assert register["household"].dtype == np.int64
    for code, members in frame.groupby("户编号"):
        home = register.sel(household=int(code))
        head = members.iloc[0]
        assert home.persons == len(members)
        assert home.workers == members["劳动技能"].isin(["普通劳动力", "技能劳动力"]).sum()
        assert home.students == (members["在校生状况"] != "非在校生").sum()
        assert home.ill == members["健康状况"].str.contains("慢性病|大病").sum()
        assert home.disabled == members["健康状况"].str.contains("残疾").sum()
        assert home.income_total == int(head["人均纯收入"]) * len(members)
        assert STATUSES[int(home.status)].zh == head["脱贫属性"]
        assert CAUSES[int(home.cause) - 1].zh == head["主要致贫原因"]
        assert int(home.category) == ["一般贫困户", "低保贫困户", "五保贫困户"].index(head["贫困户属性"])
        failing = {
            "food": False,
            "clothing": False,
            "housing": head["危房户"] == "是",
            "water": head["饮水安全"] == "否" or head["饮水困难"] == "是",
            "schooling": False,
            "insurance": (members["参加大病医疗"] == "否").any(),
        }
        assert dict(zip(register.guarantee.values.tolist(), home.deprived.values.tolist(), strict=True)) == failing
        village = register.village.values[int(home.household_village)]
        assert village == f"{head['乡(镇)']}/{head['行政村']}"


def test_dataset_keeps_its_contract(persons: Path) -> None:
    register = read_register(persons)
    for column in REGISTER_COLUMNS:
        assert register[column.code].dtype == np.dtype(column.dtype)
    assert register["income_total"].dtype == np.float32
    assert register["household_village"].dtype == np.int32
    assert register.attrs["income_detail"] == "total"
    assert register.attrs["year"] == 2016
    assert register.attrs["coverage"] == "registered"
    assert len(register.attrs["sha256"]) == 64
    for name, variable in register.variables.items():
        assert {"units", "long_name", "long_name_zh"} <= variable.attrs.keys(), name
    assert not register.wage.any()
    keys = list(zip(register.household_village.values.tolist(), register.household.values.tolist(), strict=True))
    assert keys == sorted(keys)
    assert register.village.values.tolist() == sorted(register.village.values.tolist())
    assert np.isnan(register.housing_area).all()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_encodings_give_the_same_register(persons: Path, tmp_path: Path, encoding: str) -> None:
    other = write(person_frame(), tmp_path / "other-2016.csv", encoding)
    xr.testing.assert_identical(content(read_register(other)), content(read_register(persons)))


@pytest.mark.parametrize(
    "name", ["r-2016.csv.gz", "r-2016.parquet", "r-2016.xlsx", "typed-2016.parquet", "typed-2016.xlsx"]
)
def test_formats_give_the_same_register(persons: Path, tmp_path: Path, name: str) -> None:
    frame = person_frame()
    if name.startswith("typed"):
        for heading in ("户编号", "人数", "人均纯收入"):
            frame[heading] = frame[heading].astype(float if heading == "人均纯收入" else int)
    path = tmp_path / name
    if name.endswith("gz"):
        write(frame, path)
    elif name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_excel(path, index=False)
    xr.testing.assert_identical(content(read_register(path)), content(read_register(persons)))


def test_order_of_the_file_does_not_matter(persons: Path, tmp_path: Path) -> None:
    shuffled = person_frame().sample(frac=1.0, random_state=1)
    other = read_register(write(shuffled, tmp_path / "shuffled-2016.csv"))
    xr.testing.assert_identical(content(other), content(read_register(persons)))


def test_title_row_blank_rows_and_line_breaks_in_headings(persons: Path, tmp_path: Path) -> None:
    lines = person_frame().rename(columns={"人均纯收入": "人均纯收入\n（元）"}).to_csv(index=False).split("\n")
    path = tmp_path / "titled-2016.csv"
    path.write_text("\n".join(["建档立卡信息表" + "," * 25, *lines[:5], "," * 25, *lines[5:]]), encoding="utf-8")
    xr.testing.assert_identical(content(read_register(path)), content(read_register(persons)))


def test_personal_data_stay_at_the_door(persons: Path, tmp_path: Path) -> None:
    for path in (persons, write(household_frame(), tmp_path / "form.csv")):
        register = read_register(path)
        everything = repr(register.to_dict())
        for secret in SECRETS:
            assert secret not in everything
    assert json.loads(read_register(persons).attrs["dropped_personal_columns"]) == ["姓名", "证件号码", "联系电话"]
    assert json.loads(register.attrs["dropped_personal_columns"]) == ["户主姓名", "手机号码"]


def test_personal_columns_are_not_even_read(persons: Path) -> None:
    seen = register_files.read_sheet(persons, wanted=lambda heading: heading in {"户编号", "人数"})
    assert sorted(seen.cells) == [4, 8]


def test_status_year_of_the_27_column_export(tmp_path: Path) -> None:
    frame = person_frame()
    frame.insert(19, "脱贫年度", np.where(frame["脱贫属性"] == "已脱贫", "2015", ""))
    register = read_register(write(frame, tmp_path / "r27-2016.csv"))
    assert (register.status_year.values == np.where(register.status.values == 2, 2015, 0)).all()
    late = frame.assign(脱贫年度=np.where(frame["脱贫属性"] == "已脱贫", "2019", ""))
    assert re.search(
        r"脱贫年度: after the year of the register; found 2019; allowed: at most 2016", failing(late, tmp_path)
    )


def test_household_form_by_source(tmp_path: Path) -> None:
    frame = household_frame()
    register = read_register(write(frame, tmp_path / "form.csv"))
    assert register.attrs["income_detail"] == "by_source"
    assert "income_total" not in register
    assert register.household.dtype.kind == "U"
    by_id = frame.set_index("户编号").loc[register.household.values]
    for code, heading in {"wage": "工资性收入（元）", "production_cost": "生产经营性支出", "dibao": "低保金"}.items():
        assert (register[code].values == by_id[heading].astype(np.float32).values).all()
    assert (register.housing_area.values == by_id["住房面积（平方米）"].astype(np.float32).values).all()
    assert (register.deprived.sel(guarantee="housing").values == (by_id["是否危房"] == "是").values).all()


def test_units_in_headings_are_used(tmp_path: Path) -> None:
    frame = household_frame().rename(columns={"工资性收入（元）": "工资性收入（万元）"})
    frame["工资性收入（万元）"] = "1.25"
    assert (read_register(write(frame, tmp_path / "form.csv")).wage == 12_500).all()


def test_stated_income_is_compared_with_its_sources(tmp_path: Path) -> None:
    frame = household_frame()
    number = frame.drop(columns=["年度"]).apply(pd.to_numeric, errors="coerce")
    net = number["工资性收入（元）"] + number["生产经营性收入"] + number["财产性收入"] + number["转移性收入"]
    per_head = (net - number["生产经营性支出"]) / number["家庭人口数"]
    per_head[:4] += 5
    register = read_register(write(frame.assign(人均纯收入=per_head.round(2)), tmp_path / "form.csv"))
    assert register.attrs["income_disagreements"] == 4


def test_heads_only_with_sizes_is_a_household_form(tmp_path: Path) -> None:
    frame = household_frame().assign(与户主关系="户主")
    assert (read_register(write(frame, tmp_path / "form.csv")).persons.values > 1).any()


def test_missing_values_follow_declared_policies(tmp_path: Path) -> None:
    frame = household_frame()
    frame.loc[0:2, "工资性收入（元）"] = ""
    frame.loc[3, "主要致贫原因"] = "-"
    frame.loc[4:5, "生产经营性支出"] = "NA"
    register = read_register(write(frame, tmp_path / "form.csv"))
    missing = json.loads(register.attrs["missing"])
    assert missing["wage"] == {"policy": "median", "count": 3}
    assert missing["cause"] == {"policy": "unknown", "count": 1}
    assert missing["production_cost"] == {"policy": "zero", "count": 2}
    assert missing["deprived.food"] == {"policy": "zero", "count": 30}
    wages = pd.to_numeric(frame["工资性收入（元）"])
    for row in range(3):
        median = wages[frame["贫困户属性"] == frame.loc[row, "贫困户属性"]].median()
        assert register.wage.sel(household=f"H{row}") == np.float32(median)
    strict = parse_mapping(
        {
            **HEAD,
            "columns": {
                "wage": {"from": "工资性收入（元）", "unit": "CNY per household and year", "missing": "refuse"}
            },
        }
    )
    text = failing(frame, tmp_path, mapping=strict)
    assert re.search(r"工资性收入（元）: missing value; .*3 rows: 2, 3, 4", text)


def test_blank_status_counts_as_registered(tmp_path: Path) -> None:
    frame = household_frame().assign(脱贫属性="")
    register = read_register(write(frame, tmp_path / "form.csv"))
    assert (register.status == 1).all()
    assert json.loads(register.attrs["missing"])["status"] == {"policy": "registered", "count": 30}


def test_leading_zeros_that_tell_households_apart_stay_text(tmp_path: Path) -> None:
    frame = household_frame(households=2)
    frame["户编号"] = ["012", "12"]
    assert sorted(read_register(write(frame, tmp_path / "form.csv")).household.values) == ["012", "12"]


def test_report_file_guards_against_formulas(tmp_path: Path) -> None:
    problems = [
        Problem("=cmd", "+1", "-2", "@x", "\tb", rows=(3, 4)),
        Problem("year", "not known", "a = b"),
    ]
    path = tmp_path / "problems.csv"
    write_problems(problems, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["row", "where", "what", "found", "allowed", "mend"]
    assert rows[1] == ["3", "'=cmd", "'+1", "'-2", "'@x", "'\tb"]
    assert rows[2][0] == "4"
    assert rows[3] == ["", "year", "not known", "a = b", "", ""]
    assert [file.name for file in tmp_path.iterdir()] == ["problems.csv"]


def test_description_counts_by_township_and_language(persons: Path) -> None:
    register = read_register(persons)
    frame = person_frame()
    heads = frame[frame["与户主关系"] == "户主"]
    chinese, english = describe_register(register, lang="zh"), describe_register(register, lang="en")
    assert chinese["township"]["户数"].to_dict() == heads["乡(镇)"].value_counts().to_dict()
    assert chinese["township"]["人数"].to_dict() == frame["乡(镇)"].value_counts().to_dict()
    assert chinese["status"]["户数"].to_dict() == heads["脱贫属性"].value_counts().to_dict()
    assert chinese["cause"]["户数"].to_dict() == heads["主要致贫原因"].value_counts().to_dict()
    assert english["category"]["households"].sum() == len(heads)
    assert english["guarantee"].loc["safe housing"].item() == (heads["危房户"] == "是").sum()
    incomes = frame["人均纯收入"].astype(float).sort_values()
    assert english["income"].iloc[0].item() == incomes.min()
    assert english["income"].iloc[-1].item() == incomes.max()
    assert "按零处理" in set(chinese["missing"]["处理方式"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(households=st.integers(1, 60), seed=st.integers(0, 2**32 - 1))
def test_folding_keeps_every_person(tmp_path: Path, households: int, seed: int) -> None:
    frame = person_frame(households, seed)
    register = read_register(write(frame, tmp_path / "any-2016.csv"))
    assert register.sizes["household"] == households
    assert int(register.persons.sum()) == len(frame)
    assert int(register.workers.sum()) == int(frame["劳动技能"].isin(["普通劳动力", "技能劳动力"]).sum())
    assert (register.workers <= register.persons).all()
