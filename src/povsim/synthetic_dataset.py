"""Synthetic rows as a register Dataset: identifiers, labels, units."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from povsim.alignment import Array, Bools, Columns, Ints
from povsim.areas import Areas
from povsim.margins import Margins
from povsim.terms import GUARANTEES, REGISTER_COLUMNS

_PER_VILLAGE = 2**20
"""Room for households of one village in an identifier; 32 + 20 bits stay exact even where numbers are float64."""


def household_ids(codes: Sequence[str], village: Ints, *, taken: Array | None = None) -> Ints:
    """Return unique identifiers that depend on the village code and the place in the village only.

    Adding a village or changing another one leaves them alone, and with them every addressed draw.

    Parameters
    ----------
    codes : sequence of str
        Village codes.
    village : array, dims (household,)
        Position along ``codes``, rising.
    taken : array, optional
        Identifiers already in use.

    Examples
    --------
    >>> ids = household_ids(["a", "b"], np.array([0, 0, 1]))
    >>> int(ids[1] - ids[0]), len(set(ids.tolist()))
    (1, 3)
    """
    used = set() if taken is None else set(np.unique(taken // _PER_VILLAGE).tolist())
    blocks = np.zeros(len(codes), dtype=np.int64)
    for position, code in enumerate(codes):
        blocks[position] = _free_block(code, used)
        used.add(int(blocks[position]))
    counts = np.bincount(village, minlength=len(codes))
    place = np.arange(village.size) - (np.cumsum(counts) - counts)[village]
    return np.asarray(blocks[village] * _PER_VILLAGE + place + 1)


def _free_block(code: str, used: set[int]) -> int:
    attempt = 0
    while True:
        digest = hashlib.sha256(f"{code}#{attempt}".encode()).digest()
        block = int.from_bytes(digest[:4], "big")
        if block not in used:
            return block
        attempt += 1


def labelled(name: str, values: Array) -> tuple[str, Array, dict[str, str]]:
    """Return a household column of the register with its dtype, units and long names."""
    column = _COLUMNS[name]
    labels = {"units": column.unit, "long_name": column.en, "long_name_zh": column.zh}
    return "household", values.astype(column.dtype), labels


_LATER = ("median", "known_headcounts", "lorenz")
_COLUMNS = {column.code: column for column in REGISTER_COLUMNS}
_VILLAGE_LABELS = {
    "poor_village": ("flag", "poor village", "贫困村"),
    "collective_income": ("yuan a year", "income of the village collective", "村集体经济收入"),
    "population_households": ("households", "rural households, everybody", "农村总户数"),
    "population_persons": ("persons", "rural persons, everybody", "农村总人口"),
}


def assemble(margins: Margins, areas: Areas, columns: Columns, village_columns: Columns, deprived: Bools) -> xr.Dataset:
    """Return the register Dataset of a synthetic population (``docs/register-dataset.md``).

    Parameters
    ----------
    margins, areas
        Where the rows come from.
    columns : dict of arrays, dims (household,)
        Columns of the register, ``household`` (identifiers) and ``village`` (positions).
    village_columns : dict of arrays, dims (village,)
        ``poor_village``, ``collective_income``, ``population_households``, ``population_persons``.
    deprived : array, dims (household, guarantee)
        Guarantees not met.
    """
    variables = {column.code: labelled(column.code, columns[column.code]) for column in REGISTER_COLUMNS}
    failed = {"units": "flag", "long_name": "guarantee not met", "long_name_zh": "保障未达标"}
    dataset = xr.Dataset({**variables, "deprived": (("household", "guarantee"), deprived, failed)})
    for name, (units, english, chinese) in _VILLAGE_LABELS.items():
        labels = {"units": units, "long_name": english, "long_name_zh": chinese}
        dataset[name] = ("village", village_columns[name], labels)
    dataset = dataset.assign_coords(_coordinates(margins, areas, columns))
    return dataset.assign_attrs(_attributes(margins))


def _coordinates(margins: Margins, areas: Areas, columns: Columns) -> dict[str, object]:
    townships = [areas.townships[position].name_zh for position in areas.township]
    place = {"units": "position", "long_name": "position along village", "long_name_zh": "所在村序号"}
    return {
        "household": ("household", columns["household"], _words("identifier", "household identifier", "户编号")),
        "village": ("village", np.array(areas.codes), _words("code", "village code", "村代码")),
        "township": ("village", np.array(townships), _words("name", "township", "乡镇")),
        "county": ("village", np.full(len(townships), margins.name_zh), _words("name", "county", "县")),
        "name_zh": ("village", np.array([v.name_zh for v in areas.villages]), _words("name", "Chinese name", "中文名")),
        "name_en": (
            "village",
            np.array([v.name_en or v.name_zh for v in areas.villages]),
            _words("name", "English name", "英文名"),
        ),
        "household_village": ("household", columns["village"].astype(np.int32), place),
        "guarantee": (
            "guarantee",
            np.array(list(margins.guarantees.rates)),
            {
                **_words("code", "guarantee", "保障项目"),
                "labels": json.dumps(_guarantee_labels(margins.guarantees.rates), ensure_ascii=False),
            },
        ),
    }


def _words(units: str, english: str, chinese: str) -> dict[str, str]:
    return {"units": units, "long_name": english, "long_name_zh": chinese}


def _guarantee_labels(rates: Mapping[str, object]) -> dict[str, list[str]]:
    known = {term.code: [term.zh, term.en] for term in GUARANTEES}
    return {code: known.get(code, [code, code]) for code in rates}


def _stated(margins: Margins) -> dict[str, object]:
    """Return the margins as plain data; entries that came later count where they are given, so that digests stay."""
    data = margins.model_dump(mode="json")
    data["income"] = {name: entry for name, entry in data["income"].items() if name not in _LATER or entry}
    return data


def _attributes(margins: Margins) -> dict[str, object]:
    canonical = json.dumps(_stated(margins), sort_keys=True, ensure_ascii=False)
    return {
        "year": margins.year,
        "county_name_en": margins.name_en,
        "coverage": "population",
        "income_detail": "by_source",
        "currency": margins.currency,
        "count_unit": "1 household",
        "unit_of_persons": "persons",
        "source": f"synthesised from the margins {margins.code}",
        "sha256": hashlib.sha256(canonical.encode()).hexdigest(),
        "missing": "{}",
        "dropped_personal_columns": "[]",
    }
