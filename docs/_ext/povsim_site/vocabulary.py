"""References of names: types of measures, simulated names, variables of results, words, columns of a register."""

import inspect
from functools import cache
from typing import Any, get_args

import xarray as xr

import povsim
from povsim.figures import unit_name
from povsim.plan import CALENDAR, HouseholdMeasure
from povsim.plan_frame import MeasureFrame
from povsim.plan_income import Earning
from povsim.plan_village import Collective, VillageWorks
from povsim.rulebook import Named
from povsim.scoring.signal_names import SIGNALS
from povsim.terms import (
    CATEGORIES,
    CAUSES,
    FACILITY_TERMS,
    GUARANTEES,
    MONITORED_CLASSES,
    REGISTER_COLUMNS,
    SOURCES,
    STATUSES,
)
from povsim_site.schemas import own_keys
from povsim_site.tables import cell, table

WORDS = (
    ("Register status 登记状态", STATUSES),
    ("Income sources 收入来源", SOURCES),
    ("Main causes of poverty 主要致贫原因", CAUSES),
    ("Household categories 农户属性", CATEGORIES),
    ("Guarantees 保障", GUARANTEES),
    ("Monitored classes 监测类别", MONITORED_CLASSES),
    ("Facilities of a village 村设施", FACILITY_TERMS),
)


def measure_types() -> str:
    """Return the types of measures in the order in which they act within a year."""
    classes = {name: kind for kind in get_args(HouseholdMeasure) for name in get_args(_type_of(kind))}
    lines = ["| type | what it does | income goes to | keys of its own |", "|---|---|---|---|"]
    for name in CALENDAR:
        lines.append(_measure_row(name, classes[name]))
    for kind in (VillageWorks, Collective):
        lines.append(_measure_row(get_args(_type_of(kind))[0], kind))
    return "\n".join([*lines, ""])


def _type_of(kind: Any) -> Any:
    return kind.model_fields["type"].annotation


def _measure_row(name: str, kind: Any) -> str:
    frames = (MeasureFrame, Earning, Named)
    keys = [key for base in kind.__mro__[::-1] if base not in frames and hasattr(base, "model_fields")
            for key in own_keys(base) if key != "type"]  # fmt: skip
    keys = [key for key in keys if key not in MeasureFrame.model_fields]
    doc = cell((inspect.getdoc(kind) or "").split("\n\n")[0])
    link = f"[`{name}`](scenario.md#scenario-{kind.__name__.lower()})"
    return f"| {link} | {doc} | {getattr(kind, 'DESTINATION', ' ')} | {', '.join(f'`{key}`' for key in keys)} |"


def signal_names() -> str:
    """Return the simulated names that indicators may take their values from."""
    needs = {"nothing": "", "measures": "`of`: measures", "guarantees": "`of`: guarantees"}
    needs |= {"facilities": "`of`: facilities", "tests": "`of`: a county test"}
    rows = []
    for signal in SIGNALS.values():
        asked = [needs[signal.of]] if signal.of != "nothing" else []
        if signal.plan:
            asked.append(f"`plan` in {signal.plan.rstrip('!')}" + ("" if signal.plan.endswith("!") else ", if wanted"))
        asked += ["`sample`, if wanted"] if signal.sample else []
        levels = ", ".join(signal.levels)
        unit = f"{unit_name(signal.unit, 'en')} {unit_name(signal.unit, 'zh')}"
        rows.append((f"`{signal.code}`", cell(signal.en), cell(signal.zh), unit, "; ".join(asked), levels))
    headings = ("name", "meaning", "含义", "unit", "also needs", "levels")
    return "\n".join([*table(headings, rows), ""])


@cache
def _outcomes() -> xr.Dataset:
    plan = povsim.read_scenario("sample")
    return povsim.simulate(povsim.complete_population(plan), plan, draws=1)


def outcome_variables() -> str:
    """Return the variables of outcomes as a small run has them."""
    outcomes = _outcomes()
    rows = [
        (f"`{name}`", _dims(variable), variable.attrs.get("units", ""), cell(variable.attrs.get("long_name", "")),
         cell(variable.attrs.get("long_name_zh", "")))
        for name, variable in outcomes.data_vars.items()
    ]  # fmt: skip
    coordinates = [(f"`{name}`", _dims(variable), str(variable.dtype)) for name, variable in outcomes.coords.items()]
    attributes = ", ".join(f"`{name}`" for name in outcomes.attrs)
    return "\n".join(
        [
            *table(("variable", "dims after scenario, draw", "unit", "meaning", "含义"), rows),
            "",
            "## Coordinates",
            "",
            *table(("coordinate", "dims", "type"), coordinates),
            "",
            f"Attributes: {attributes}.",
            "",
        ]
    )


def _dims(variable: xr.DataArray) -> str:
    return ", ".join(str(name) for name in variable.dims if name not in ("scenario", "draw")) or " "


def words() -> str:
    """Return the words of the register and of results, in both languages."""
    lines = []
    for title, terms in WORDS:
        rows = [(f"`{term.code}`", term.en, term.zh) for term in terms]
        lines += [f"## {title}", "", *table(("code", "English", "中文"), rows), ""]
    return "\n".join(lines)


def register_columns() -> str:
    """Return the household columns of a register."""
    rows = [
        (f"`{column.code}`", column.dtype, column.unit, cell(column.en), cell(column.zh), column.missing)
        for column in REGISTER_COLUMNS
    ]
    return "\n".join([*table(("column", "type", "unit", "meaning", "含义", "if missing"), rows), ""])
