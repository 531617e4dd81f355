"""Registers made for the tests: nothing in them is about a real household."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from povsim.errors import InputError
from povsim.register import check_register, read_register

PERSON_COLUMNS = [
    "县(市、区、旗)",
    "乡(镇)",
    "行政村",
    "自然村",
    "户编号",
    "人编号",
    "姓名",
    "证件号码",
    "人数",
    "与户主关系",
    "民族",
    "文化程度",
    "在校生状况",
    "健康状况",
    "劳动技能",
    "务工状况",
    "务工时间(月)",
    "参加大病医疗",
    "脱贫属性",
    "贫困户属性",
    "主要致贫原因",
    "危房户",
    "饮水安全",
    "饮水困难",
    "人均纯收入",
    "联系电话",
]
SECRETS = ("张某", "13900000000", "43062419800101")
CAUSES = ["因病", "因残", "因学", "缺技术", "缺劳力", "自身发展动力不足"]


def person_frame(households: int = 40, seed: int = 7) -> pd.DataFrame:
    """Return a national export of 26 columns, all cells text, as it comes out of a system."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, households)
    home = np.repeat(np.arange(households), sizes)
    member = np.arange(home.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)

    def each(words: list[str]) -> np.ndarray:
        return rng.choice(words, households)[home]

    village = rng.integers(0, 6, households)
    data = {
        "县(市、区、旗)": np.repeat("湘阴县", home.size),
        "乡(镇)": np.array(["东塘镇", "樟树镇"])[(village // 3)[home]],
        "行政村": np.array([f"{name}村" for name in "甲乙丙丁戊己"])[village[home]],
        "自然村": rng.choice(["一组", "二组"], home.size),
        "户编号": np.char.add("43000", (10_000 + home).astype(str)),
        "人编号": np.char.zfill((member + 1).astype(str), 2),
        "姓名": np.repeat(SECRETS[0], home.size),
        "证件号码": np.char.add(SECRETS[2], (1000 + home).astype(str)),
        "人数": sizes[home].astype(str),
        "与户主关系": np.where(member == 0, "户主", rng.choice(["配偶", "之子", "之女"], home.size)),
        "民族": np.repeat("汉族", home.size),
        "文化程度": rng.choice(["小学", "初中"], home.size),
        "在校生状况": rng.choice(["非在校生", "小学", "九年级", "本科一年级"], home.size, p=[0.7, 0.1, 0.1, 0.1]),
        "健康状况": rng.choice(["健康", "长期慢性病", "患有大病", "残疾", "长期慢性病,残疾"], home.size),
        "劳动技能": rng.choice(["普通劳动力", "技能劳动力", "丧失劳动力", "无劳动力", "弱劳动力或半劳动力"], home.size),
        "务工状况": np.repeat("", home.size),
        "务工时间(月)": rng.integers(0, 13, home.size).astype(str),
        "参加大病医疗": rng.choice(["是", "否"], home.size, p=[0.9, 0.1]),
        "脱贫属性": each(["未脱贫", "已脱贫", "返贫"]),
        "贫困户属性": each(["一般贫困户", "低保贫困户", "五保贫困户"]),
        "主要致贫原因": each(CAUSES),
        "危房户": each(["是", "否"]),
        "饮水安全": each(["是", "是", "否"]),
        "饮水困难": each(["否", "否", "是"]),
        "人均纯收入": rng.integers(500, 9_000, households)[home].astype(str),
        "联系电话": np.repeat(SECRETS[1], home.size),
    }
    frame = pd.DataFrame(data)[PERSON_COLUMNS]
    return frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)


def household_frame(households: int = 30, seed: int = 3) -> pd.DataFrame:
    """Return a household form with income by source, variants of headings included."""
    rng = np.random.default_rng(seed)
    persons = rng.integers(1, 7, households)
    transfer = rng.integers(500, 4_000, households)
    return pd.DataFrame(
        {
            "年度": "2016",
            "乡镇": rng.choice(["东塘镇", "樟树镇"], households),
            "村": rng.choice(["甲村", "乙村"], households),
            "户编号": np.char.add("H", np.arange(households).astype(str)),
            "户主姓名": SECRETS[0],
            "家庭人口数": persons.astype(str),
            "劳动力人数": np.minimum(persons, rng.integers(0, 4, households)).astype(str),
            "工资性收入（元）": rng.integers(0, 20_000, households).astype(str),
            "生产经营性收入": rng.integers(0, 9_000, households).astype(str),
            "生产经营性支出": rng.integers(0, 9_000, households).astype(str),
            "财产性收入": rng.integers(0, 500, households).astype(str),
            "转移性收入": transfer.astype(str),
            "养老保险金": (transfer // 4).astype(str),
            "低保金": (transfer // 4).astype(str),
            "住房面积（平方米）": rng.integers(30, 150, households).astype(str),
            "脱贫属性": rng.choice(["未脱贫", "已脱贫"], households),
            "贫困户属性": rng.choice(["一般贫困户", "低保贫困户"], households),
            "主要致贫原因": rng.choice(CAUSES, households),
            "是否危房": rng.choice(["是", "否"], households),
            "手机号码": SECRETS[1],
        }
    )


def write(frame: pd.DataFrame, path: Path, encoding: str = "utf-8") -> Path:
    text = frame.to_csv(index=False)
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def failing(frame: pd.DataFrame, tmp_path: Path, **given: object) -> str:
    """Return the whole message; reading and checking must agree on it."""
    path = write(frame, tmp_path / "spoiled-2016.csv")
    with pytest.raises(InputError, match="problem") as caught:
        read_register(path, **given)  # type: ignore[arg-type]
    assert check_register(path, **given) == list(caught.value.problems)  # type: ignore[arg-type]
    return str(caught.value)
