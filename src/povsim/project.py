"""A project folder to start from: a commented plan, a mapping, a made-up register and its rural totals."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml

from povsim.errors import InputError, Problem
from povsim.margins import SUFFIX
from povsim.margins_report import net_income
from povsim.scenario import expand, locate, safe_name, shipped
from povsim.synthetic import synthesise_register
from povsim.terms import CAUSES
from povsim.wording import Wording, wording

BASE = "sample"
FILES = {"plan.yaml": "plan", "mapping.yaml": "mapping", "register.csv": "register", "margins.yaml": "margins"}
"""Files of a project and the key of what each is for."""
WIDE = 10_000
NATIONAL_COLUMNS = (
    "县(市、区、旗)", "乡(镇)", "行政村", "自然村", "户编号", "人编号", "姓名", "证件号码", "人数", "与户主关系",
    "民族", "文化程度", "在校生状况", "健康状况", "劳动技能", "务工状况", "务工时间(月)", "参加大病医疗", "脱贫属性",
    "贫困户属性", "主要致贫原因", "危房户", "饮水安全", "饮水困难", "人均纯收入", "联系电话",
)  # fmt: skip
"""The national export: a row is a person. Names, identity numbers and telephones are there to be left unread."""
STATUS_WORDS = ("", "未脱贫", "已脱贫", "返贫", "监测对象")
CATEGORY_WORDS = ("一般贫困户", "低保贫困户", "五保贫困户")


def make_project(folder: str | Path) -> dict[str, str]:
    """Make a folder with a plan, a mapping, a sample register and its margins, ready for ``povsim run``.

    Parameters
    ----------
    folder : str or Path
        New or empty.

    Returns
    -------
    dict of str to str
        Files made, and the key of what each is for.

    Raises
    ------
    InputError
        The folder holds something, or is a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     sorted(make_project(Path(place, "county")))
    ['mapping.yaml', 'margins.yaml', 'plan.yaml', 'register.csv']
    """
    path = Path(folder)
    _refuse_full(path)
    texts = {
        "plan.yaml": plan_text(safe_name(path.resolve().name).strip(".-_") or "plan"),
        "mapping.yaml": mapping_text(),
        "register.csv": register_text(),
        "margins.yaml": margins_text(),
    }
    _write(path, texts)
    return FILES


def _refuse_full(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise InputError(str(path), [Problem("folder", "is a file", mend="name a folder that does not exist yet")])
    held = sorted(item.name for item in path.iterdir()) if path.is_dir() else []
    if held:
        more = f" and {len(held) - 5} more" if len(held) > 5 else ""
        problem = Problem("folder", "is not empty", ", ".join(held[:5]) + more, "a new or empty folder")
        raise InputError(str(path), [problem])


def _write(path: Path, texts: dict[str, str]) -> None:
    """Write all files or none; an empty folder that was there stays, since one may stand in it."""
    made = [parent for parent in (path, *path.parents) if not parent.exists()]
    path.mkdir(parents=True, exist_ok=True)
    try:
        for name, text in texts.items():
            # Excel takes a CSV without the mark for one in its own encoding.
            encoding = "utf-8-sig" if name.endswith(".csv") else "utf-8"
            (path / name).write_text(text, encoding=encoding, newline="\n")
    except BaseException:
        for name in texts:
            (path / name).unlink(missing_ok=True)
        for parent in made:
            parent.rmdir()
        raise


def plan_text(code: str) -> str:
    """Return the commented plan: the shipped sample with everything it is based on written out.

    Examples
    --------
    >>> "code: county" in plan_text("county")
    True
    """
    names, words = {lang: wording(lang, "plan") for lang in ("zh", "en")}, _both("plan")
    data = expand(locate(BASE))
    data["code"] = code
    data |= {f"name_{lang}": say("scenario.name") for lang, say in names.items()}
    data |= {f"note_{lang}": say("scenario.note") for lang, say in names.items()}
    data["population"] = {"margins": "margins.yaml", "mapping": "mapping.yaml", "seed": 1}
    data["exit_standard"] = data["exit_standard"]["code"]
    data["incomes"]["source_shares"] = _source_shares()
    return "".join([_comment("top", words, 0), *_blocks(data, words, "", 0)])


def _source_shares() -> dict[str, Any]:
    """Return the shares by source that the sample's own margins state, for a register that knows only totals."""
    income = _margins()["income"]
    shares = {name: {**entry, "unit": "share"} for name, entry in income["sources"].items()}
    cost = {key: income["production_cost_share"][key] for key in ("value", "source", "status")}
    return {**shares, "production_cost": {**cost, "unit": "share"}}


def _margins() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((shipped("scenarios") / f"{BASE}{SUFFIX}").read_text(encoding="utf-8"))
    return data


Words = tuple[Wording, ...]


def _both(room: str) -> Words:
    return wording("zh", room), wording("en", room)


def _comment(key: str, words: Words, indent: int) -> str:
    """Return an explanation in both languages as comment lines; nothing where there is none."""
    texts = [text for text in (say.find(key) for say in words) if text]
    margin = " " * indent
    return "".join(f"{margin}# {line}\n" for text in texts for line in text.splitlines())


def _blocks(data: dict[str, Any], words: Words, path: str, indent: int) -> Iterator[str]:
    """Write blocks with the explanation above each; what has none is written as it is."""
    for key, value in data.items():
        where = f"{path}{key}"
        kind = value.get("type") if isinstance(value, dict) else None
        if indent == 0:
            yield "\n" if _comment(where, words, 0) else ""
        yield _comment(f"measures.{kind}" if kind else where, words, indent)
        if isinstance(value, dict) and indent == 0:
            yield f"{key}:\n"
            yield from _blocks(value, words, f"{where}.", indent + 2)
        else:
            text = yaml.dump(_Open({key: value}), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDE)
            yield "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())


class _Open(dict[str, Any]):
    """A mapping that is always written with a line for each key."""


class _Dumper(yaml.SafeDumper):
    """Writes a figure with its unit and source on one line, and never an alias, which few readers know."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent(dumper: yaml.SafeDumper, data: dict[Any, Any]) -> yaml.Node:
    simple = all(not isinstance(value, (dict, list)) for value in data.values())
    flow = {"value", "unit"} <= set(data) or (simple and len(data) <= 3) or all(isinstance(key, int) for key in data)
    return dumper.represent_mapping(
        "tag:yaml.org,2002:map", data.items(), flow_style=flow and not isinstance(data, _Open)
    )


def _represent_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    flow = all(not isinstance(value, (dict, list)) for value in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_Dumper.add_representer(dict, _represent)
_Dumper.add_representer(_Open, _represent)
_Dumper.add_representer(list, _represent_list)


def mapping_text() -> str:
    """Return the commented mapping of the sample register."""
    words = _both("plan")
    lines = [
        _comment("mapping.top", words, 0),
        "name_zh: 全国系统导出格式（虚构样例）\n",
        "name_en: national export (made-up sample)\n",
        "source: made up by povsim init\n",
        "status: assumed\n\n",
        _comment("mapping.year", words, 0),
        f"year: {_margins()['year']}\n",
        _comment("mapping.grain", words, 0),
        "grain: person\n",
        _comment("mapping.coverage", words, 0),
        "coverage: registered\n",
        "currency: CNY\n\n",
        _comment("mapping.examples", words, 0),
        EXAMPLES,
    ]
    return "".join(lines)


EXAMPLES = """\
# household: {from: 家庭代码, source: own form, status: assumed}
# village: {from: 村委会, source: own form, status: assumed}
# columns:
#   wage: {from: 打工收入, unit: ten thousand CNY per household and year, source: own form, status: assumed}
#   income_total: {from: 人均收入, unit: CNY per head and year, source: own form, status: assumed}
#   status:
#     from: 类别
#     values: {在册: registered, 出列: exited}
#     source: own form
#     status: assumed
"""


def margins_text() -> str:
    """Return the sample's margins, as they ship, under an explanation in both languages."""
    shipped_text = (shipped("scenarios") / f"{BASE}{SUFFIX}").read_text(encoding="utf-8")
    return _comment("margins.top", _both("plan"), 0) + shipped_text


def register_text() -> str:
    """Return a made-up register in the national layout: the registered households of the sample, one row a person."""
    register = synthesise_register(BASE, seed=1)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(NATIONAL_COLUMNS)
    listed = np.flatnonzero(register["status"].values > 0)
    for number, row in enumerate(listed.tolist(), start=1):
        writer.writerows(_members(register.isel(household=row), number))
    return stream.getvalue()


def _members(home: xr.Dataset, number: int) -> Iterator[list[str]]:
    """Yield the persons of a household; what the layout asks of the household is the same in each row."""
    persons = int(home["persons"])
    village = int(home["household_village"])
    income = round(float(net_income(home.expand_dims("household"))[0]) / persons)
    lacks = dict(zip(home["guarantee"].values.tolist(), home["deprived"].values.tolist(), strict=True))
    cause = int(home["cause"])
    for member in range(persons):
        person = [f"{member + 1:02d}", f"虚构{number:03d}-{member + 1}", "0" * 18, str(persons)]
        yield [
            str(home["county"].values[village]),
            str(home["township"].values[village]),
            str(home["name_zh"].values[village]),
            "一组",
            f"99{number:06d}",
            *person,
            "户主" if member == 0 else "其他",
            "",
            "",
            *_personal(home, member, lacks),
            "",
            "0",
            "否" if lacks["insurance"] and member == 0 else "是",
            STATUS_WORDS[int(home["status"])],
            CATEGORY_WORDS[int(home["category"])],
            CAUSES[cause - 1].zh if cause else "",
            "是" if lacks["housing"] else "否",
            "否" if lacks["water"] else "是",
            "是" if lacks["water"] else "否",
            str(income),
            "0" * 11,
        ]


def _personal(home: xr.Dataset, member: int, lacks: dict[str, bool]) -> tuple[str, str, str]:
    """Return school, health and skill of a member: workers stand first, pupils last."""
    from_last = int(home["persons"]) - 1 - member
    pupil = from_last < int(home["students"])
    school = "小学" if pupil else "非在校生"
    if pupil and from_last == 0 and lacks["schooling"]:
        school = "辍学"
    health = [word for word, code in (("长期慢性病", "ill"), ("残疾", "disabled")) if from_last < int(home[code])] or [
        "健康"
    ]
    skill = "普通劳动力" if member < int(home["workers"]) else "无劳动力"
    return school, ",".join(health), skill
