"""Reading a household register into the Dataset every room below expects, and checking one without using it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from povsim.errors import InputError, Problem
from povsim.mapping import Mapping, read_mapping
from povsim.register_convert import Rows, convert
from povsim.register_files import Sheet, file_sha256, read_sheet
from povsim.register_fold import Households, fold
from povsim.register_plan import AREAS, NO_MAPPING, Plan, is_wanted, make_plan
from povsim.register_report import describe_register, write_problems
from povsim.register_words import is_personal
from povsim.terms import REGISTER_COLUMNS, Column

__all__ = ["check_register", "describe_register", "read_register", "write_problems"]

INCOME_TOTAL = Column("income_total", "float32", "yuan per household and year", "家庭纯收入", "net income, all sources")
VILLAGE_VARIABLES = (
    Column("poor_village", "bool", "flag", "是否贫困村", "registered poor village"),
    Column("collective_income", "float32", "yuan a year", "村集体经济收入", "collective income of the village"),
    Column("population_households", "int64", "households", "全村户数", "all households of the village, 0 unknown"),
    Column("population_persons", "int64", "persons", "全村人口", "all persons of the village, 0 unknown"),
)
UNNAMED_COUNTY = "本县"
IDENTITY_SLACK_YUAN = 1.0
"""Stated income may differ from the sum of its sources by rounding; beyond this it is counted as a disagreement."""


def read_register(
    path: str | Path, mapping: Mapping | str | Path | None = None, *, year: int | None = None
) -> xr.Dataset:
    r"""Read a register export into a Dataset of households.

    Recognises the national export of 26 or 27 columns (a row is a person) and household forms with income by source;
    anything else needs a mapping. Names, identity numbers and telephones are never read.

    Parameters
    ----------
    path : str or Path
        CSV (UTF-8, with or without BOM, or GB18030; also ``.gz``), ``.xlsx`` or ``.parquet``.
    mapping : Mapping, str or Path, optional
        A mapping or the file of one; it goes before what the headings say.
    year : int, optional
        Year of the incomes; else the mapping's, the column 年度, or a year in the file's name.

    Returns
    -------
    xarray.Dataset
        Dims ``household``, ``village``, ``guarantee``; money in yuan per household and year. ``housing_area`` is NaN
        where the file has no such column. See the contract of the register Dataset.

    Raises
    ------
    InputError
        With all problems at once and the row numbers a spreadsheet shows.

    Examples
    --------
    >>> import tempfile
    >>> text = "乡镇,村,户编号,人数,人均纯收入（元）\n东塘镇,新光村,7,3,2500\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "register-2016.csv")
    ...     _ = file.write_text(text, encoding="utf-8")
    ...     register = read_register(file)
    >>> int(register.income_total[0]), register.village.item(), register.attrs["year"]
    (7500, '东塘镇/新光村', 2016)
    """
    loaded = _load(Path(path), mapping, year)
    if loaded.problems:
        raise InputError(Path(path).name, loaded.problems)
    return _dataset(loaded, Path(path))


def check_register(
    path: str | Path, mapping: Mapping | str | Path | None = None, *, year: int | None = None
) -> list[Problem]:
    """Return every problem of a register file; the list is empty when it can be read.

    Parameters
    ----------
    path, mapping, year
        As in `read_register`.

    Returns
    -------
    list of Problem
        With row numbers as a spreadsheet shows them.

    Examples
    --------
    >>> [problem.what for problem in check_register("nowhere.csv")]
    ['does not exist']
    """
    try:
        return list(_load(Path(path), mapping, year).problems)
    except InputError as error:
        return list(error.problems)


@dataclass(frozen=True)
class _Loaded:
    """A file as far as it could be read."""

    plan: Plan
    homes: Households
    year: int
    blank_items: dict[str, int]
    problems: tuple[Problem, ...]


def _load(path: Path, mapping: Mapping | str | Path | None, year: int | None) -> _Loaded:
    rules = NO_MAPPING if mapping is None else mapping if isinstance(mapping, Mapping) else read_mapping(mapping)
    sheet = read_sheet(path, wanted=lambda heading: is_wanted(heading, rules))
    plan = make_plan(sheet.headings, rules)
    rows = convert(sheet, plan)
    plan, rows = _settled_grain(sheet, plan, rows)
    problems = [*plan.problems, *sheet.problems, *rows.problems]
    found_year, year_problems = _year_of(path, rows, plan, year)
    problems += year_problems
    homes = Households(np.zeros(0, dtype=object), np.zeros(0, dtype=np.int64))
    if sheet.rows.size == 0:
        problems.append(Problem("file", "has no rows below the heading"))
    elif plan.household is not None:
        homes = fold(rows, plan)
        problems += homes.problems
        problems += _wrong_villages(homes)
        problems += _late_changes(homes, plan, found_year)
    return _Loaded(plan, homes, found_year, rows.blank_items, tuple(problems))


def _settled_grain(sheet: Sheet, plan: Plan, rows: Rows) -> tuple[Plan, Rows]:
    """Take a file of heads only, with sizes above one, for what it is: one row per household."""
    if plan.grain == "household" or plan.mapping.grain is not None:
        return plan, rows
    persons = rows.columns.get("persons")
    heads_only = rows.is_head is not None and bool(rows.is_head.all())
    if not heads_only or persons is None or not (persons > 1).any():
        return plan, rows
    plan = make_plan(sheet.headings, plan.mapping.model_copy(update={"grain": "household"}))
    return plan, convert(sheet, plan)


def _year_of(path: Path, rows: Rows, plan: Plan, year: int | None) -> tuple[int, list[Problem]]:
    """Return the year of the incomes: as asked for, mapped, in a column, or in the name of the file."""
    declared = year if year is not None else plan.mapping.year
    column = rows.year if rows.year is not None else np.zeros(0)
    seen, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    if seen.size > 1:
        found = ", ".join(f"{value:.0f} ({count} rows)" for value, count in zip(seen, counts, strict=True))
        usual = seen[np.argmax(counts)]
        at = tuple(rows.numbers[~np.isnan(column) & (column != usual)].tolist())
        return int(usual), [Problem(plan.roles["year"], "more than one year", found, "one year", "split the file", at)]
    if seen.size == 1 and declared is not None and int(seen[0]) != declared:
        found, allowed = f"{seen[0]:.0f}", f"{declared}, as asked for"
        return declared, [Problem(plan.roles["year"], "another year than asked for", found, allowed)]
    if seen.size == 1 or declared is not None:
        return (int(seen[0]) if declared is None else declared), []
    named = re.findall(r"(?<!\d)((?:19|20)\d{2})(?!\d)", path.name)
    if len(set(named)) == 1:
        return int(named[0]), []
    mend = "add a column 年度, put the year into the file's name, or give it as `year` or in a mapping"
    return 0, [Problem("year", "the year of the incomes is not known", ", ".join(named), mend=mend)]


def _wrong_villages(homes: Households) -> Iterator[Problem]:
    """Yield village columns that differ between the households of a village."""
    if not all(area in homes.areas for area in ("township", "village")):
        return
    keys = _village_keys(homes)[1]
    for column in VILLAGE_VARIABLES:
        if column.code in homes.columns:
            low = _by_village(np.fmin, homes.columns[column.code], keys)
            high = _by_village(np.fmax, homes.columns[column.code], keys)
            mask = (low < high)[keys]
            if mask.any():
                what, rows = "differs within a village", tuple(homes.numbers[mask].tolist())
                yield Problem(column.zh, what, allowed="one value per village", rows=rows)


def _late_changes(homes: Households, plan: Plan, year: int) -> Iterator[Problem]:
    late = homes.columns["status_year"] > year
    if year and late.any():
        found = ", ".join(f"{value:.0f}" for value in np.unique(homes.columns["status_year"][late]))
        rows = tuple(homes.numbers[late].tolist())
        yield Problem(plan.label("status_year"), "after the year of the register", found, f"at most {year}", rows=rows)


def _by_village(function: np.ufunc, values: NDArray[np.float64], keys: NDArray[np.int64]) -> NDArray[np.float64]:
    order = np.argsort(keys, kind="stable")
    starts = np.searchsorted(keys[order], np.arange(keys.max() + 1))
    return np.asarray(function.reduceat(values[order], starts))


def _village_keys(homes: Households) -> tuple[list[tuple[str, str, str]], NDArray[np.int64]]:
    """Return the villages as (county, township, village), sorted, and each household's position among them."""
    key = np.zeros(homes.ids.size, dtype=np.int64)
    names = []
    for area in AREAS:
        codes, words = homes.areas.get(area, (key * 0, np.array([UNNAMED_COUNTY], dtype=object)))
        ordered = np.array(["", *sorted(words)], dtype=object)
        rank = {word: position for position, word in enumerate(ordered)}
        ranks = np.array([*(rank[word] for word in words), 0], dtype=np.int64)[codes]
        key = key * ordered.size + ranks
        names.append((ranks, ordered))
    _, first, keys = np.unique(key, return_index=True, return_inverse=True)
    triples = [tuple(str(words[ranks[at]]) for ranks, words in names) for at in first]
    return [(county, township, village) for county, township, village in triples], keys.astype(np.int64)


def _identifiers(words: NDArray[np.object_]) -> NDArray[Any]:
    """Return int64 where every identifier is a number below 2^63 and stays distinct as one, else str."""
    if all(word.isascii() and word.isdigit() and int(word) < 2**63 for word in words):
        numbers = np.array([int(word) for word in words], dtype=np.int64)
        if np.unique(numbers).size == words.size:
            return numbers
    return words.astype(str)


def _dataset(loaded: _Loaded, path: Path) -> xr.Dataset:
    homes, plan = loaded.homes, loaded.plan
    villages, keys = _village_keys(homes)
    ids = _identifiers(homes.ids)
    order = np.lexsort((ids, keys))
    dataset = xr.Dataset(coords=_coords(plan, villages, ids[order], keys[order]))
    columns = [*REGISTER_COLUMNS, *([INCOME_TOTAL] if plan.income_detail == "total" else [])]
    for column in columns:
        dataset[column.code] = ("household", homes.columns[column.code][order].astype(column.dtype), _labels(column))
    flags = [homes.deprived[term.code][order] for term, _ in plan.guarantees]
    table = np.stack(flags, axis=1) if flags else np.zeros((order.size, 0), dtype=bool)
    label = Column("deprived", "bool", "flag", "保障未落实", "guarantee not met")
    dataset["deprived"] = (("household", "guarantee"), table, _labels(label))
    for column in VILLAGE_VARIABLES:
        empty = np.nan if column.dtype == "float32" else 0.0
        values = np.full(len(villages), empty)
        if column.code in homes.columns:
            values = _by_village(np.fmax, homes.columns[column.code], keys)
            values = np.where(np.isnan(values), empty, values)
        dataset[column.code] = ("village", values.astype(column.dtype), _labels(column))
    dataset.attrs.update(_attributes(loaded, path))
    return dataset


def _labels(column: Column) -> dict[str, str]:
    return {"units": column.unit, "long_name": column.en, "long_name_zh": column.zh}


def _coords(
    plan: Plan, villages: list[tuple[str, str, str]], ids: NDArray[Any], keys: NDArray[np.int64]
) -> dict[str, Any]:
    counties = {county for county, _, _ in villages}
    codes = ["/".join(triple if len(counties) > 1 else triple[1:]) for triple in villages]
    declared = plan.mapping.village
    zh = declared.names_zh if declared is not None else {}
    en = declared.names_en if declared is not None else {}
    terms = [term for term, _ in plan.guarantees]

    def named(dim: str, values: list[str], name_zh: str, name_en: str) -> tuple[str, NDArray[np.str_], dict[str, str]]:
        return dim, np.array(values, dtype=str), {"units": "", "long_name": name_en, "long_name_zh": name_zh}

    return {
        "household": ("household", ids, {"units": "", "long_name": "household", "long_name_zh": "户编号"}),
        "village": named("village", codes, "村", "village"),
        "county": named("village", [county for county, _, _ in villages], "县", "county"),
        "township": named("village", [township for _, township, _ in villages], "乡镇", "township"),
        "name_zh": named("village", [zh.get(name, name) for _, _, name in villages], "中文名称", "Chinese name"),
        "name_en": named("village", [en.get(name, name) for _, _, name in villages], "英文名称", "English name"),
        "household_village": (
            "household",
            keys.astype(np.int32),
            {"units": "position", "long_name": "position of the village", "long_name_zh": "所在村序号"},
        ),
        "guarantee": (
            "guarantee",
            np.array([term.code for term in terms], dtype=str),
            {
                "units": "",
                "long_name": "guarantee",
                "long_name_zh": "保障项目",
                # Guarantees may be a country's own, so that their labels travel with them.
                "labels": json.dumps({term.code: [term.zh, term.en] for term in terms}, ensure_ascii=False),
            },
        ),
    }


def _attributes(loaded: _Loaded, path: Path) -> dict[str, str | int]:
    homes, plan = loaded.homes, loaded.plan
    missing: dict[str, dict[str, str | int]] = dict(homes.missing)
    for code, count in loaded.blank_items.items():
        missing |= {f"{code}.items": {"policy": "zero", "count": count}} if count else {}
    attributes: dict[str, str | int] = {
        "year": loaded.year,
        "coverage": plan.mapping.coverage,
        "income_detail": plan.income_detail,
        "currency": plan.mapping.currency,
        "count_unit": plan.mapping.count_unit,
        "unit_of_persons": plan.mapping.unit_of_persons,
        "source": path.name,
        "sha256": file_sha256(path),
        "missing": json.dumps(missing, ensure_ascii=False, sort_keys=True),
        "dropped_personal_columns": json.dumps(
            [name for name in plan.headings if is_personal(name)], ensure_ascii=False
        ),
    }
    if homes.stated_income is not None and plan.stated_income is not None:
        attributes["income_disagreements"] = _disagreements(homes, per_head=plan.stated_income.per_head)
    return attributes


def _disagreements(homes: Households, *, per_head: bool) -> int:
    """Count households whose stated income is not the sum of its sources: old figures are common, so it is no error."""
    columns = homes.columns
    total = (
        columns["wage"] + columns["business"] + columns["property"] + columns["transfer"] - columns["production_cost"]
    )
    computed = total / columns["persons"] if per_head else total
    stated = homes.stated_income if homes.stated_income is not None else computed
    return int((np.abs(computed - stated) > IDENTITY_SLACK_YUAN).sum())
