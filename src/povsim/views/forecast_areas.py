"""The exit forecast by year and township: fans of draws, heat map, chances of targets, flows between statuses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import figures
from povsim.terms import STATUSES, Language
from povsim.views.forecast_digest import figure
from povsim.views.forecast_flows import FLOWS, Flow
from povsim.views.forecast_numbers import (
    Bounds,
    amount,
    area_at,
    area_name,
    bound_array,
    chances_by_year,
    joint_chances,
    money_unit,
    spread,
    texts,
    year_at,
)
from povsim.views.parts import Column, Table

Array = npt.NDArray[Any]
RATIOS = ("registered_ratio", "headcount_ratio", "composite_incidence", "failing_ratio")
"""Shares of persons that a fan can show; targets are set on the first three."""
QUANTILES = (0.025, 0.1, 0.25, 0.75, 0.9, 0.975)
"""Ends of the bands that hold 95, 80 and 50 % of the draws."""
HEATS = ("headcount_ratio", "registered_ratio", "chance", "exits", "relapses")
"""What the heat map can show."""


@dataclass(frozen=True)
class Fan:
    """How a figure spreads over draws, by year.

    Attributes
    ----------
    ratio, label, area : str
        What is shown, and of which area.
    years : tuple of int
        Years.
    mean : array, dims (year,)
        Mean over draws.
    quantiles : array, dims (6, year)
        Ends of the bands, ``QUANTILES``.
    targets : tuple of (name, array by year)
        Bounds of the targets set on this figure, missing in years in which they are not due.
    unit : {"share", "persons"}
        What is counted.
    draws : int
        How many draws it rests on.
    """

    ratio: str
    label: str
    area: str
    years: tuple[int, ...]
    mean: Array
    quantiles: Array
    targets: tuple[tuple[str, Array], ...]
    unit: str
    draws: int


def main_ratio(data: xr.Dataset) -> str:
    """Return the share to show first: that of the first target set on a share, else poverty by income."""
    measured = [name for name in data["measure_of"].to_numpy().tolist() if name in RATIOS]
    return measured[0] if measured else "headcount_ratio"


def ratio_values(data: xr.Dataset, ratio: str, area: int) -> Array:
    """Return a share of persons by draw and year, as ``povsim.ratios`` has it."""
    return np.asarray(ratio_cube(data, ratio)[area])


def ratio_cube(data: xr.Dataset, ratio: str) -> Array:
    """Return a share of persons by area, draw and year."""
    top, bottom = figure(data, ratio)
    assert bottom is not None
    return np.asarray(top / bottom)


def fan(
    data: xr.Dataset, *, ratio: str, area: str | None, lang: Language, unit: str = "share", bounds: Bounds | None = None
) -> Fan:
    """Return how a share of persons spreads over draws, by year.

    Parameters
    ----------
    data : Dataset
        A forecast's digest.
    ratio : str
        Out of ``RATIOS``.
    area : str, optional
        Township; everything if not given.
    lang : {"zh", "en"}
        Language of the names.
    unit : {"share", "persons"}
        Shares, or persons with bounds of targets as so many persons.
    bounds : mapping, optional
        Bounds of targets in place of the plan's.
    """
    a = area_at(data, area)
    everybody = data["everybody"].to_numpy()[a].astype(np.float64)
    scale = everybody if unit == "persons" else np.ones_like(everybody)
    values = ratio_values(data, ratio, a) * scale
    lines = []
    for t, code in enumerate(data["target"].to_numpy().tolist()):
        if data["measure_of"].to_numpy()[t] == ratio and data["askable"].to_numpy()[t, a]:
            bound = bound_array(data, t, (bounds or {}).get(code))
            lines.append((str(data[f"target_{lang}"].to_numpy()[t]), bound * scale.mean(axis=0)))
    years = tuple(data["year"].to_numpy().tolist())
    quantiles = np.quantile(values, QUANTILES, axis=0)
    label = texts(lang)(f"ratio.{ratio}")
    return Fan(
        ratio,
        label,
        area_name(data, area, lang),
        years,
        values.mean(axis=0),
        quantiles,
        tuple(lines),
        unit,
        values.shape[0],
    )


def fan_table(found: Fan, lang: Language) -> Table:
    """Return a fan as a table, a row a year."""
    say, percent = texts(lang), found.unit == "share"
    kind: Any = "percent" if percent else "count"
    digits = 2 if percent else 0
    names = ("low95", "low80", "low50", "high50", "high80", "high95")
    columns = [
        Column("year", say("column.year")),
        Column("mean", say("column.mean"), kind, digits),
        *(Column(name, say(f"column.{name}"), kind, digits) for name in names),
        *(Column(f"target{t}", name, kind, digits) for t, (name, _) in enumerate(found.targets)),
    ]
    rows = [
        {
            "year": str(year),
            "mean": float(found.mean[y]),
            **{name: float(found.quantiles[q, y]) for q, name in enumerate(names)},
            **{f"target{t}": _known(values[y]) for t, (_, values) in enumerate(found.targets)},
        }
        for y, year in enumerate(found.years)
    ]
    return Table(f"fan_{found.ratio}", found.label, columns, rows, say("fan.note", draws=figures.count(found.draws)))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def heat_values(data: xr.Dataset, quantity: str, bounds: Bounds | None = None) -> Array:
    """Return what the heat map shows, dims (township, year): means over draws, or the chance that targets hold."""
    if quantity == "chance":
        return np.asarray(joint_chances(data, bounds)[1:])
    if quantity in ("exits", "relapses"):
        return np.asarray(data[quantity].to_numpy()[1:].mean(axis=1))
    return np.asarray(ratio_cube(data, quantity)[1:].mean(axis=1))


def heat_quantities(data: xr.Dataset) -> tuple[str, ...]:
    """Return what the heat map can show of a run: chances only where a target is asked of townships."""
    asked = bool(np.asarray(data["askable"])[:, 1:].any())
    return tuple(name for name in HEATS if name != "chance" or asked)


def heat_table(data: xr.Dataset, quantity: str, lang: Language, bounds: Bounds | None = None) -> Table:
    """Return the heat map as a table, a row a township, the one with the largest figure at the end first."""
    say, values = texts(lang), heat_values(data, quantity, bounds)
    kind: Any = "count" if quantity in ("exits", "relapses") else "percent"
    years, names = data["year"].to_numpy().tolist(), data["area"].to_numpy().tolist()[1:]
    columns = [
        Column("area", say("column.township")),
        *(Column(str(year), str(year), kind, 0 if quantity == "chance" else 2 * (kind == "percent")) for year in years),
    ]
    rows = [
        {"_key": names[a], "area": names[a], **{str(year): _known(values[a, y]) for y, year in enumerate(years)}}
        for a in heat_order(values, quantity)
    ]
    return Table(
        f"heat_{quantity}",
        say("heat.title", quantity=say(f"heat.{quantity}")),
        columns,
        rows,
        say(f"heat.note.{quantity}"),
    )


def heat_order(values: Array, quantity: str) -> list[int]:
    """Return townships from the one that needs most attention at the end to the one that needs least."""
    known = np.where(np.isnan(values), -np.inf, values)
    last = np.array([row[np.isfinite(row)][-1] if np.isfinite(row).any() else 0.0 for row in known])
    return [int(a) for a in np.argsort(last if quantity == "chance" else -last, kind="stable")]


def target_table(data: xr.Dataset, *, area: str | None, lang: Language, bounds: Bounds | None = None) -> Table:
    """Return how likely targets are to hold, a row a target and year."""
    say = texts(lang)
    columns = [
        Column("name", say("column.target")),
        Column("year", say("column.year")),
        Column("bound", say("column.bound")),
        Column("share", say("column.chance"), "percent"),
        Column("error", say("column.error"), "percent", 1),
        Column("shortfall", say("column.shortfall"), "text"),
    ]
    units = dict(zip(data["target"].to_numpy().tolist(), data["target_unit"].to_numpy().tolist(), strict=True))
    rows = [
        {
            "name": one.name,
            "year": str(year),
            "bound": one.bound,
            "share": one.share,
            "error": one.error,
            "shortfall": _shortfall(one.shortfall, units[one.code], lang),
        }
        for year, found in chances_by_year(data, area, lang, bounds).items()
        for one in found
    ]
    title = say("targets.title", area=area_name(data, area, lang))
    return Table("targets", title, columns, rows, say("targets.note", draws=figures.count(data.sizes["draw"])))


def _shortfall(value: float, unit: str, lang: Language) -> str:
    if math.isnan(value):
        return ""
    if unit == "share":
        # how far one percentage is from another is points, not per cent
        return texts(lang)("shortfall.points", points=f"{100 * value:.2f}")
    return amount(figures.count(value), figures.unit_name(unit, lang))


@dataclass(frozen=True)
class Flows:
    """Persons by status at year ends and who moved between them, means over draws.

    Attributes
    ----------
    ends : tuple of int
        Year ends, the register's first.
    stocks : mapping of str to array
        Persons by status on whom something is known, dims (year end,).
    moves : tuple of (Flow, array by year)
        Moves that occur; net ones may be negative.
    """

    ends: tuple[int, ...]
    stocks: Mapping[str, Array]
    moves: tuple[tuple[Flow, Array], ...]


def flows(data: xr.Dataset, area: str | None) -> Flows:
    """Return who was on the register, exited, came back and was found, year by year."""
    a = area_at(data, area)
    stock = data["stock"].to_numpy()[:, a].astype(np.float64).mean(axis=1)
    moved = data["moved"].to_numpy()[:, a].astype(np.float64).mean(axis=1)
    codes = data["status"].to_numpy().tolist()
    shown = {code: stock[s] for s, code in enumerate(codes) if code != "never_registered" and stock[s].any()}
    moves = tuple((flow, moved[f]) for f, flow in enumerate(FLOWS) if moved[f].any())
    return Flows(tuple(data["year_end"].to_numpy().tolist()), shown, moves)


def flow_table(data: xr.Dataset, area: str | None, lang: Language) -> Table:
    """Return the moves of each year with their 80 % bands, and what became of exits beside them."""
    say, a = texts(lang), area_at(data, area)
    columns = [
        Column("year", say("column.year")),
        Column("move", say("column.move")),
        Column("mean", say("column.mean"), "count"),
        Column("low", say("column.low80"), "count"),
        Column("high", say("column.high80"), "count"),
        Column("basis", say("column.basis")),
    ]
    rows = []
    moved = data["moved"].to_numpy()[:, a].astype(np.float64)
    for y, year in enumerate(data["year"].to_numpy().tolist()):
        known = [(flow.code, moved[f, :, y], _basis(flow)) for f, flow in enumerate(FLOWS)]
        beside = [
            (name, data[name].to_numpy()[a, :, y].astype(np.float64), "counted")
            for name in ("relapses", "wrong_exits", "newly_poor")
        ]
        rows += [
            _move_row(year, code, values, basis, lang) for code, values, basis in (*known, *beside) if values.any()
        ]
    title = say("flows.table", area=area_name(data, area, lang))
    return Table("flows", title, columns, rows, flow_note(data, lang))


def _basis(flow: Flow) -> str:
    return "net" if flow.target == "monitored" else "derived"


def _move_row(year: int, code: str, values: Array, basis: str, lang: Language) -> dict[str, Any]:
    say, (low, high) = texts(lang), spread(values)
    return {
        "year": str(year),
        "move": say(f"move.{code}"),
        "mean": float(values.mean()),
        "low": low,
        "high": high,
        "basis": say(f"basis.{basis}"),
    }


def flow_note(data: xr.Dataset, lang: Language) -> str:
    """Return how the moves are known, and which of them are net."""
    say, since = texts(lang), int(data.attrs["monitored_from"])
    text = say("flows.note")
    return (
        f"{text} {say('flows.note.monitored', year=since)}"
        if since and since <= int(data["year"].to_numpy()[-1])
        else text
    )


def status_name(code: str, lang: Language) -> str:
    """Return the label of a status."""
    return next(term.label(lang) for term in STATUSES if term.code == code)


def measure_table(data: xr.Dataset, *, year: int | None, area: str | None, lang: Language) -> Table:
    """Return what measures cost and reach in a year, the dearest first."""
    say, a, y = texts(lang), area_at(data, area), year_at(data, year)
    spent, reached = (data[f"measure_{name}"].to_numpy()[:, a, y] for name in ("spending", "recipients"))
    names: Sequence[str] = data[f"measure_{lang}"].to_numpy().tolist()
    scale, digits = figures.money_scale(spent.tolist(), lang)
    columns = [
        Column("name", say("column.measure")),
        Column("spent", say("column.spent"), "money", digits, money_unit(data, lang)),
        Column("reached", say("column.reached"), "count"),
    ]
    rows = [
        {"name": names[m], "spent": float(spent[m]) / scale, "reached": float(reached[m])}
        for m in np.argsort(-spent, kind="stable").tolist()
        if spent[m] or reached[m]
    ]
    title = say("measures.title", area=area_name(data, area, lang), year=data["year"].to_numpy()[y])
    return Table("measures", title, columns, rows, say("measures.note"))
