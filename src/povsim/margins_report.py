"""How far a synthetic population is off each of its margins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from povsim.alignment import Array, Floats
from povsim.income_distribution import fifth_means, gini_of_ranked
from povsim.income_sources import SOURCES
from povsim.margins import Margins, Township, Village
from povsim.quantity import Quantity
from povsim.synthetic_people import quintile_ratios
from povsim.synthetic_status import failure_rate
from povsim.terms import CATEGORIES, CAUSES, Status, position


class Line(NamedTuple):
    """One margin beside what the register holds."""

    margin: str
    unit: str
    target: float
    found: float
    status: str


def net_income(register: xr.Dataset) -> Floats:
    """Return net household income, yuan a year, dims (household,)."""
    if "income_total" in register:
        return np.asarray(register["income_total"].to_numpy(), dtype=np.float64)
    parts = [register[name].to_numpy().astype(np.float64) for name in (*SOURCES, "production_cost")]
    return np.asarray(sum(parts[:4]) - parts[4])


def margins_report(register: xr.Dataset, margins: Margins) -> pd.DataFrame:
    """Compare a population with the margins it was built from.

    Parameters
    ----------
    register : Dataset
        Register with coverage ``population``.
    margins : Margins
        The margins.

    Returns
    -------
    DataFrame
        One row per margin: ``margin`` (dotted path), ``unit``, ``target``, ``found``, ``difference``, ``relative``
        (difference over target) and ``status`` (documented, estimated, assumed).

    Examples
    --------
    >>> from povsim.margins import read_margins
    >>> from povsim.synthetic import synthesise_register
    >>> margins = read_margins("sample")
    >>> report = margins_report(synthesise_register(margins, seed=1), margins).set_index("margin")
    >>> report.loc["population.persons", ["target", "found", "difference"]].astype(int).tolist()
    [1980, 1980, 0]
    """
    makers = (_totals, _areas, _incomes, _sources, _people, _guarantees, _labels)
    table = pd.DataFrame([line for maker in makers for line in maker(register, margins)], columns=list(Line._fields))
    table["difference"] = table["found"] - table["target"]
    table["relative"] = table["difference"] / table["target"].where(table["target"] != 0)
    return table[["margin", "unit", "target", "found", "difference", "relative", "status"]]


def _weakest(*quantities: Quantity | None) -> str:
    """Return the weakest status: a target computed from several entries is no better known than the worst of them."""
    present = {quantity.status for quantity in quantities if quantity is not None}
    return next(status for status in ("assumed", "estimated", "documented") if status in present)


def _line(name: str, quantity: Quantity, found: float, year: int) -> Line:
    return Line(name, quantity.unit, quantity.at(year), float(found), quantity.status)


def _totals(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.registration
    persons = register["persons"].to_numpy().astype(np.int64)
    status = register["status"].to_numpy()
    registered = status != Status.never_registered
    found: list[tuple[str, Quantity | None, float]] = [
        ("population.households", margins.population.households, persons.size),
        ("population.persons", margins.population.persons, persons.sum()),
        ("registration.households", rules.households, registered.sum()),
        ("registration.persons", rules.persons, persons[registered].sum()),
        ("registration.exited_share", rules.exited_share, _ratio((status == Status.exited).sum(), registered.sum())),
        ("registration.poor_villages", rules.poor_villages, register["poor_village"].sum().item()),
        ("housing.area_per_head", margins.housing.area_per_head, _per(register["housing_area"], persons)),
        ("collective_income.mean", margins.collective_income.mean, register["collective_income"].mean().item()),
    ]
    yield from (_line(name, quantity, value, year) for name, quantity, value in found if quantity is not None)


def _areas(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    village = register["household_village"].to_numpy()
    persons = register["persons"].to_numpy().astype(np.float64)
    registered = (register["status"].to_numpy() != Status.never_registered).astype(np.float64)
    counts = {
        "households": np.ones(persons.size),
        "persons": persons,
        "registered_households": registered,
        "registered_persons": persons * registered,
    }
    per_village = {
        name: np.bincount(village, weights=value, minlength=register.sizes["village"]) for name, value in counts.items()
    }
    codes, townships = register["village"].to_numpy(), register["township"].to_numpy()
    for township in margins.townships:
        areas: list[tuple[str, Township | Village, Array]] = [
            (township.name_zh, township, townships == township.name_zh)
        ]
        for unit in township.units():
            areas.append((f"{township.name_zh}/{unit.name_zh}", unit, codes == f"{township.name_zh}/{unit.name_zh}"))
        for label, area, members in areas:
            for name, values in per_village.items():
                if (quantity := getattr(area, name)) is not None:
                    yield _line(f"{label}.{name}", quantity, values[members].sum(), margins.year)


def _incomes(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.income
    persons = register["persons"].to_numpy().astype(np.float64)
    income = net_income(register)
    order = np.argsort(income / persons, kind="stable")
    ranked, people = (income / persons)[order], persons[order]
    yield _line("income.mean", rules.mean, _ratio(income.sum(), persons.sum()), year)
    if rules.gini is not None:
        yield _line("income.gini", rules.gini, gini_of_ranked(ranked, people), year)
        return
    means = fifth_means(ranked, people)
    ratios = quintile_ratios(margins)
    # The targets are the fifths rescaled to the county's mean, which depends on how persons spread over the fifths.
    cells = np.add.reduceat(people, -(-np.arange(5) * people.size // 5))
    scale = rules.mean.at(year) * people.sum() / (ratios * cells).sum()
    for number, quantity in enumerate(rules.quintiles or ()):
        known = _weakest(quantity, rules.mean, rules.dispersion)
        yield Line(f"income.quintiles.{number}", quantity.unit, float(ratios[number] * scale), means[number], known)


def _sources(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.income
    sums = {
        name: float(register[name].to_numpy().astype(np.float64).sum())
        for name in (*SOURCES, "production_cost", "pension")
    }
    net = {**{name: sums[name] for name in SOURCES}, "business": sums["business"] - sums["production_cost"]}
    for name in SOURCES:
        share = _ratio(net[name], sum(net.values()))
        yield _line(f"income.sources.{name}", getattr(rules.sources, name), share, year)
    cost = _ratio(sums["production_cost"], sums["business"])
    yield _line("income.production_cost_share", rules.production_cost_share, cost, year)
    yield _line("income.pension_share", rules.pension_share, _ratio(sums["pension"], sums["transfer"]), year)


def _people(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    persons = register["persons"].sum().item()
    for name in ("workers", "students", "ill", "disabled"):
        share = _ratio(register[name].sum().item(), persons)
        yield _line(f"people.{name}.share", getattr(margins.people, name).share, share, margins.year)


def _guarantees(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    status, deprived = register["status"].to_numpy(), register["deprived"].to_numpy()
    kinds = {"registered": Status.registered, "exited": Status.exited, "unregistered": Status.never_registered}
    for column, (code, rule) in enumerate(margins.guarantees.rates.items()):
        for name, kind in kinds.items():
            rows = deprived[status == kind, column]
            quantity: Quantity = getattr(rule, name) or rule.unregistered
            target = failure_rate(rule, kind, margins.year)
            found = _ratio(rows.sum(), rows.size)
            yield Line(f"guarantees.{code}.{name}", quantity.unit, target, found, quantity.status)


def _labels(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, shares = margins.year, margins.categories
    registered = register["status"].to_numpy() != Status.never_registered
    cause, category = register["cause"].to_numpy(), register["category"].to_numpy()
    for code, quantity in margins.causes.items():
        found = _ratio((cause == position(CAUSES, code) + 1).sum(), registered.sum())
        yield _line(f"causes.{code}", quantity, found, year)
    dibao, tekun = (category == position(CATEGORIES, code) for code in ("dibao", "tekun"))
    yield _line("categories.dibao", shares.dibao, _ratio((dibao & registered).sum(), registered.sum()), year)
    yield _line("categories.tekun", shares.tekun, _ratio((tekun & registered).sum(), registered.sum()), year)
    others = _ratio((dibao & ~registered).sum(), (~registered).sum())
    yield _line("categories.dibao_unregistered", shares.dibao_unregistered, others, year)


def _per(values: xr.DataArray, persons: Array) -> float:
    return _ratio(float(values.to_numpy().astype(np.float64).sum()), float(persons.sum()))


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else 0.0
