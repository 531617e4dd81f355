"""What a person wants to see of a register: its problems as a file, and tables that describe it."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from povsim.errors import Problem
from povsim.terms import CATEGORIES, CAUSES, REGISTER_COLUMNS, STATUSES, Language, Term

QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)

_WORDS = {
    "households": ("户数", "households"),
    "persons": ("人数", "persons"),
    "township": ("乡镇", "township"),
    "status": ("脱贫属性", "status"),
    "category": ("贫困户属性", "category"),
    "cause": ("主要致贫原因", "cause"),
    "income": ("人均纯收入", "income per head"),
    "guarantee": ("保障", "guarantee"),
    "failing": ("未落实户数", "households without it"),
    "missing": ("缺失", "missing"),
    "column": ("字段", "column"),
    "policy": ("处理方式", "policy"),
    "count": ("个数", "count"),
    "quantile": ("分位", "quantile"),
    "none": ("无", "none"),
}
_POLICIES = {
    "zero": ("按零处理", "counted as zero"),
    "median": ("按同类中位数", "median of the category"),
    "unknown": ("记为未知", "left unknown"),
    "registered": ("按未脱贫处理", "counted as registered"),
}


def write_problems(problems: Iterable[Problem], path: str | Path) -> None:
    """Write problems to a CSV file (UTF-8 with BOM), one line per problem and row.

    Cells that a spreadsheet would run as a formula get a leading apostrophe. The file is written beside and renamed, so
    that an interrupted run leaves no half of one.

    Parameters
    ----------
    problems : iterable of Problem
        As `check_register` returns them.
    path : str or Path
        The file to write.

    Raises
    ------
    OSError
        When the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_problems([Problem("wage", "impossible value", found="-3", rows=(2, 9))], Path(folder, "problems.csv"))
    ...     text = Path(folder, "problems.csv").read_text(encoding="utf-8-sig")
    >>> print(text.strip())
    row,where,what,found,allowed,mend
    2,wage,impossible value,'-3,,
    9,wage,impossible value,'-3,,
    """
    file = Path(path)
    beside = file.with_name(f".{file.name}.part-{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("row", "where", "what", "found", "allowed", "mend"))
            for problem in problems:
                cells = [_harmless(text) for text in _texts(problem)]
                writer.writerows((row, *cells) for row in problem.rows or ("",))
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _texts(problem: Problem) -> tuple[str, ...]:
    return problem.where, problem.what, problem.found, problem.allowed, problem.mend


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def describe_register(register: xr.Dataset, *, lang: Language = "en") -> dict[str, pd.DataFrame]:
    r"""Describe a register in tables.

    Parameters
    ----------
    register : xarray.Dataset
        As `read_register` returns it; counts are weighted, in units of ``count_unit``.
    lang : {"zh", "en"}
        Language of titles and labels.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``township``, ``status``, ``category``, ``cause`` (households and persons), ``income`` (quantiles over persons,
        currency per head and year), ``guarantee`` (households without it), ``missing``.

    Examples
    --------
    >>> from povsim.register import read_register
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "register-2016.csv")
    ...     _ = file.write_text("乡镇,村,户编号,人数,人均纯收入\n东塘镇,新光村,7,3,2500\n", encoding="utf-8")
    ...     tables = describe_register(read_register(file), lang="en")
    >>> tables["township"].loc["东塘镇", "persons"].item()
    3
    """
    words = {code: pair[0 if lang == "zh" else 1] for code, pair in _WORDS.items()}
    township = register["township"].values[register["household_village"].values]
    causes = (Term("none", *_WORDS["none"]), *CAUSES)
    return {
        "township": _counts(register, pd.Series(township), words, "township"),
        "status": _counts(register, _labelled(register, "status", STATUSES, lang), words, "status"),
        "category": _counts(register, _labelled(register, "category", CATEGORIES, lang), words, "category"),
        "cause": _counts(register, _labelled(register, "cause", causes, lang), words, "cause"),
        "income": _income(register, words),
        "guarantee": _failing(register, words, lang),
        "missing": _missing(register, words, lang),
    }


def _labelled(register: xr.Dataset, code: str, terms: Sequence[Term], lang: Language) -> pd.Series[str]:
    labels = [term.label(lang) for term in terms]
    # A categorical keeps the order of the vocabulary instead of that of the alphabet.
    return pd.Series(pd.Categorical.from_codes(register[code].values.astype(np.int64), categories=pd.Index(labels)))


def _counts(register: xr.Dataset, key: pd.Series[str], words: dict[str, str], title: str) -> pd.DataFrame:
    weight = register["weight"].values.astype(np.int64)
    persons = weight * register["persons"].values
    frame = pd.DataFrame({words["households"]: weight, words["persons"]: persons})
    return frame.groupby(key, observed=True).sum().rename_axis(words[title])


def _income(register: xr.Dataset, words: dict[str, str]) -> pd.DataFrame:
    persons = register["persons"].values.astype(np.float64)
    if register.attrs["income_detail"] == "total":
        total = register["income_total"].values.astype(np.float64)
    else:
        plus = ("wage", "business", "property", "transfer")
        total = sum(register[code].values.astype(np.float64) for code in plus) - register["production_cost"].values
    per_head = total / persons
    order = np.argsort(per_head, kind="stable")
    share = np.cumsum((register["weight"].values * persons)[order])
    # The least income that at least this share of persons does not exceed.
    at = np.searchsorted(share, np.array(QUANTILES) * share[-1])
    values = per_head[order][np.minimum(at, order.size - 1)]
    title = f"{words['income']} ({register.attrs['currency']})"
    return pd.DataFrame({title: values}, index=pd.Index(QUANTILES, name=words["quantile"]))


def _failing(register: xr.Dataset, words: dict[str, str], lang: Language) -> pd.DataFrame:
    weight = register["weight"].values.astype(np.int64)
    counts = (register["deprived"].values * weight[:, None]).sum(axis=0)
    known = json.loads(register["guarantee"].attrs.get("labels", "{}"))
    codes = register["guarantee"].values.tolist()
    labels = [known.get(code, [code, code])[0 if lang == "zh" else 1] for code in codes]
    return pd.DataFrame({words["failing"]: counts}, index=pd.Index(labels, name=words["guarantee"]))


def _missing(register: xr.Dataset, words: dict[str, str], lang: Language) -> pd.DataFrame:
    place = 0 if lang == "zh" else 1
    names = {column.code: (column.zh, column.en)[place] for column in REGISTER_COLUMNS}
    entries = json.loads(register.attrs["missing"])
    rows = [
        (names.get(code, code), _POLICIES.get(entry["policy"], (entry["policy"],) * 2)[place], entry["count"])
        for code, entry in entries.items()
    ]
    return pd.DataFrame(rows, columns=[words["column"], words["policy"], words["count"]])
