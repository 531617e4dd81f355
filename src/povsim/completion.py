"""A register of registered households completed with everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from povsim.alignment import Array, Columns, Ints, highest, uniforms
from povsim.areas import Areas, Declared, declared, demand, lay_out, share_out, village_weights
from povsim.choosing import highest_per_village
from povsim.errors import InputError, Problem, nearest
from povsim.income_sources import SOURCES
from povsim.margins import Margins, read_margins
from povsim.margins_report import net_income
from povsim.synthetic_dataset import assemble, household_ids
from povsim.synthetic_people import draw_members
from povsim.synthetic_population import complete_columns, populate, standardised
from povsim.synthetic_status import deprivations
from povsim.terms import REGISTER_COLUMNS, Status


@dataclass(frozen=True)
class Held:
    """What the register holds already, by village of the margins."""

    village: Ints
    """Position of each register village along the villages of the margins."""
    households: Ints
    persons: Ints


def complete_register(
    register: xr.Dataset, margins: Margins | Mapping[str, Any] | str | Path, *, seed: int
) -> xr.Dataset:
    """Complete a register of registered households with synthetic unregistered ones.

    The rural totals of the margins are met for the county and for every township and village that has one. The
    unregistered rest is drawn from the whole population's distribution less those whom the register would have chosen,
    so that incomes regress toward the mean of the population and not of the register.

    Parameters
    ----------
    register : Dataset
        Register with coverage ``registered`` of one county; its rows are returned untouched.
    margins : Margins, mapping, str or Path
        The margins; villages are matched by township and Chinese name.
    seed : int
        Zero or more.

    Returns
    -------
    Dataset
        Coverage ``population``; the new rows have ``synthetic`` true and status never registered.

    Raises
    ------
    InputError
        Unknown villages, totals missing or smaller than the register's, a register that counts in other units.

    Examples
    --------
    >>> from povsim.synthetic import synthesise_register
    >>> whole = synthesise_register("sample", seed=1)
    >>> listed = whole.isel(household=(whole["status"] > 0).values).assign_attrs(coverage="registered")
    >>> complete = complete_register(listed, "sample", seed=2)
    >>> complete.sizes["household"], int(complete["synthetic"].sum() - listed["synthetic"].sum())
    (600, 530)
    """
    margins = read_margins(margins)
    areas = lay_out(margins)
    _check_register(register, margins)
    held = _held(register, margins, areas)
    households, persons = _totals(margins, areas, held, seed=seed)
    rest = _unregistered(margins, areas, (households, persons, held), register, seed=seed)
    return _joined(register, rest, held)


def _check_register(register: xr.Dataset, margins: Margins) -> None:
    expected = {"coverage": "registered", "count_unit": "1 household", "unit_of_persons": "persons"}
    mend = "only a register of registered households that counts households and persons can be completed"
    problems = [
        Problem(f"attrs.{name}", "cannot be completed", str(register.attrs.get(name)), value, mend)
        for name, value in expected.items()
        if register.attrs.get(name) != value
    ]
    codes, wanted = register["guarantee"].to_numpy().tolist(), list(margins.guarantees.rates)
    if sorted(codes) != sorted(wanted):
        problems.append(
            Problem("guarantee", "the register and the margins differ", ", ".join(codes), ", ".join(wanted))
        )
    counties = sorted(set(register["county"].to_numpy().tolist()))
    if len(counties) != 1:
        problems.append(Problem("county", "a register of one county is needed", ", ".join(counties)))
    if int(register.attrs["year"]) != margins.year:
        problems.append(Problem("year", "differs from the margins'", str(register.attrs["year"]), str(margins.year)))
    if problems:
        raise InputError("complete_register", problems)


def _held(register: xr.Dataset, margins: Margins, areas: Areas) -> Held:
    known = {code: position for position, code in enumerate(areas.codes)}
    pairs = zip(register["township"].to_numpy().tolist(), register["name_zh"].to_numpy().tolist(), strict=True)
    names = [f"{township}/{name}" for township, name in pairs]
    if unknown := [name for name in names if name not in known]:
        mends = [(name, nearest(name, known)) for name in unknown]
        raise InputError(
            margins.code,
            [Problem(name, "village of the register is not in the margins", mend=mend) for name, mend in mends],
        )
    village = np.array([known[name] for name in names], dtype=np.int64)
    row_village = village[register["household_village"].to_numpy()]
    weight = register["weight"].to_numpy().astype(np.float64)
    people = weight * register["persons"].to_numpy()
    households = np.bincount(row_village, weights=weight, minlength=len(known)).astype(np.int64)
    return Held(village, households, np.bincount(row_village, weights=people, minlength=len(known)).astype(np.int64))


def _totals(margins: Margins, areas: Areas, held: Held, *, seed: int) -> tuple[Ints, Declared]:
    """Return all households per village and persons by group of villages; refuse totals below the register's."""
    totals = margins.population
    households = declared(margins, areas, "households", totals.households, label="population.households")
    persons = declared(margins, areas, "persons", totals.persons, label="population.persons")
    demand(households, where="population.households", source=margins.code)
    demand(persons, where="population.persons", source=margins.code)
    weights = village_weights(margins, areas, seed=seed)
    counts = share_out(households, weights, at_least=held.households, source=margins.code)
    share_out(persons, weights, at_least=held.persons, source=margins.code)
    return counts, persons


def _unregistered(
    margins: Margins, areas: Areas, totals: tuple[Ints, Declared, Held], register: xr.Dataset, *, seed: int
) -> xr.Dataset:
    households, persons, held = totals
    whole = populate(margins, areas, households, persons, seed=seed)
    rest = np.flatnonzero(~highest_per_village(whole.need, whole.village, held.households))
    village, log_income = whole.village[rest], whole.log_income[rest]
    wanted = persons.totals - _by_group(held.persons, persons)
    sizes = _adjusted(whole.sizes[rest], persons.group[village], (wanted, persons.labels), margins, seed=seed)
    if rest.size:
        members = draw_members(margins, standardised(log_income), sizes, seed=seed)
        standing: Columns = {
            "status": np.full(rest.size, int(Status.never_registered)),
            "status_year": np.zeros(rest.size),
        }
        columns = complete_columns(margins, sizes, log_income, members, standing, seed=seed)
    else:
        columns = {column.code: np.zeros(0) for column in REGISTER_COLUMNS}
    deprived = deprivations(margins, columns["status"], whole.factor[rest], columns["students"], seed=seed)
    columns |= {"household": _new_ids(areas, village, register), "village": village}
    population = held.persons + np.bincount(village, weights=sizes, minlength=households.size).astype(np.int64)
    village_columns: Columns = {
        "poor_village": np.array([unit.poor for unit in areas.villages]),
        "collective_income": np.full(households.size, np.nan, dtype=np.float32),
        "population_households": households,
        "population_persons": population,
    }
    rows = assemble(margins, areas, columns, village_columns, deprived)
    return rows if register.attrs.get("income_detail") != "total" else _total_only(rows)


def _total_only(rows: xr.Dataset) -> xr.Dataset:
    """Put the net total in place of the parts, as a register that knows only totals has it."""
    total = net_income(rows)
    empty = {name: xr.zeros_like(rows[name]) for name in (*SOURCES, "production_cost", "pension", "dibao")}
    return rows.assign(empty).assign(income_total=("household", total.astype(np.float32)))


def _by_group(values: Ints, groups: Declared) -> Ints:
    return np.bincount(groups.group, weights=values, minlength=groups.totals.size).astype(np.int64)


def _adjusted(sizes: Ints, group: Ints, wanted: tuple[Ints, tuple[str, ...]], margins: Margins, *, seed: int) -> Ints:
    """Add or take single members in households picked at random until the persons of each group are met."""
    largest, result, problems = max(margins.household_size.shares), sizes.copy(), []
    order = uniforms(seed, "size adjustment", sizes.size)
    totals, labels = wanted
    for number, total in enumerate(totals.tolist()):
        rows = np.flatnonzero(group == number)
        if not rows.size <= total <= largest * rows.size:
            what = f"the persons left cannot live in {rows.size} unregistered households"
            problems.append(Problem(labels[number], what, str(total), f"{rows.size} to {largest * rows.size}"))
            continue
        while miss := total - int(result[rows].sum()):
            step = 1 if miss > 0 else -1
            movable = rows[result[rows] < largest] if step > 0 else rows[result[rows] > 1]
            result[movable[highest(order[movable], abs(miss))]] += step
    if problems:
        raise InputError(margins.code, problems)
    return result


def _new_ids(areas: Areas, village: Ints, register: xr.Dataset) -> Array:
    present = register["household"].to_numpy()
    if np.issubdtype(present.dtype, np.integer):
        return household_ids(areas.codes, village, taken=present)
    prefix = "synthetic-"
    # A register may hold rows that were synthesised before under the same names.
    while any(str(label).startswith(prefix) for label in present.tolist()):
        prefix += "x-"
    return np.array([f"{prefix}{number}" for number in household_ids(areas.codes, village).tolist()], dtype=str)


def _joined(register: xr.Dataset, rest: xr.Dataset, held: Held) -> xr.Dataset:
    """Return both sets of rows on the villages of the margins, in the order of the register."""
    place = np.concatenate(
        (held.village[register["household_village"].to_numpy()], rest["household_village"].to_numpy())
    )
    villages, moved = _villages(register, rest, held)
    rest = rest.sel(guarantee=register["guarantee"].to_numpy())
    identifiers = np.concatenate((register["household"].to_numpy(), rest["household"].to_numpy()))
    order = np.lexsort((identifiers, moved[place]))
    result = villages.assign_coords(
        household=("household", identifiers[order], register["household"].attrs),
        household_village=("household", moved[place][order].astype(np.int32), register["household_village"].attrs),
        guarantee=register["guarantee"],
    )
    for name, column in register.data_vars.items():
        if "household" in column.dims:
            new = _counterpart(rest, str(name), column)
            values = np.concatenate((column.to_numpy(), new.astype(column.dtype)))[order]
            result[name] = (column.dims, values, column.attrs)
    source = f"{register.attrs.get('source', '')}, {rest.attrs['source'].replace('synthesised', 'completed')}"
    return result.assign_attrs({**register.attrs, "coverage": "population", "source": source})


def _counterpart(rest: xr.Dataset, name: str, column: xr.DataArray) -> Array:
    """Return the new rows' values of a register column: nothing for columns that synthetic rows do not have."""
    if name in rest:
        return rest[name].to_numpy()
    shape = (rest.sizes["household"], *column.shape[1:])
    return np.full(shape, np.nan if np.issubdtype(column.dtype, np.floating) else np.zeros(1, column.dtype)[0])


def _villages(register: xr.Dataset, rest: xr.Dataset, held: Held) -> tuple[xr.Dataset, Ints]:
    """Return the villages with what the register says of its own, sorted, and the new position of each."""
    merged: dict[str, Array] = {}
    for name in ("village", "name_zh", "name_en", "poor_village", "collective_income"):
        old = rest[name].to_numpy().astype(object)
        old[held.village] = register[name].to_numpy()
        merged[name] = old.astype(str if name in ("village", "name_zh", "name_en") else rest[name].dtype)
    townships = rest["township"].to_numpy()
    county = register["county"].to_numpy()[0]
    order = np.array(sorted(range(townships.size), key=lambda v: (townships[v], merged["village"][v])), dtype=np.int64)
    moved = np.empty(order.size, dtype=np.int64)
    moved[order] = np.arange(order.size)
    merged |= {"township": townships, "county": np.full(townships.size, county)}
    merged |= {name: rest[name].to_numpy() for name in ("population_households", "population_persons")}
    variables = {name: ("village", values[order], rest[name].attrs) for name, values in merged.items()}
    labels = ("village", "township", "county", "name_zh", "name_en")
    coordinates = {name: variables.pop(name) for name in labels}
    return xr.Dataset(variables, coords=coordinates), moved
