"""How far a synthetic population is off each of its margins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from povsim.alignment import Array
from povsim.income_sources import net_income
from povsim.margins import Margins, Township, Village
from povsim.margins_income_lines import income_lines
from povsim.margins_lines import Line, line, ratio, rounding
from povsim.margins_spread_lines import spread_lines
from povsim.quantity import Quantity
from povsim.synthetic_status import failure_rate
from povsim.terms import CATEGORIES, CAUSES, Status, position

__all__ = ["margins_report", "net_income"]


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
        One row for every figure of the margins: ``margin`` (dotted path), ``unit``, ``target``, ``found``,
        ``difference``, ``relative`` (difference over target), ``tolerance`` (what rounding to whole households and, for
        what is drawn, luck account for), ``outcome`` (``met``, ``missed``, or ``unseen`` for figures that steer the
        making and show in no single figure of a register) and ``status`` (documented, estimated, assumed).

    Examples
    --------
    >>> from povsim.margins import read_margins
    >>> from povsim.synthetic import synthesise_register
    >>> margins = read_margins("sample")
    >>> report = margins_report(synthesise_register(margins, seed=1), margins).set_index("margin")
    >>> report.loc["population.persons", ["target", "found", "difference"]].astype(int).tolist()
    [1980, 1980, 0]
    >>> report["outcome"].value_counts().to_dict()
    {'met': 75, 'unseen': 14, 'missed': 9}
    """
    makers = (_totals, _areas, income_lines, _people, _guarantees, _labels, spread_lines)
    table = pd.DataFrame([one for maker in makers for one in maker(register, margins)], columns=list(Line._fields))
    table["difference"] = table["found"] - table["target"]
    table["relative"] = table["difference"] / table["target"].where(table["target"] != 0)
    # A figure may be exactly at its tolerance; binary fractions must not decide.
    within = table["difference"].abs() <= table["tolerance"] * (1 + 1e-9) + 1e-12
    table["outcome"] = np.where(table["difference"].isna(), "unseen", np.where(within, "met", "missed"))
    return table[["margin", "unit", "target", "found", "difference", "relative", "tolerance", "outcome", "status"]]


def _totals(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.registration
    persons = register["persons"].to_numpy().astype(np.int64)
    status = register["status"].to_numpy()
    registered = status != Status.never_registered
    left, listed = (status == Status.exited).sum(), registered.sum()
    found: list[tuple[str, Quantity | None, float, float | None]] = [
        ("population.households", margins.population.households, persons.size, 0.0),
        ("population.persons", margins.population.persons, persons.sum(), 0.0),
        ("registration.households", rules.households, listed, 0.0),
        ("registration.persons", rules.persons, persons[registered].sum(), 0.0),
        ("registration.exited_share", rules.exited_share, ratio(left, listed), rounding(2 * listed)),
        ("registration.poor_villages", rules.poor_villages, register["poor_village"].sum().item(), 0.0),
        ("housing.area_per_head", margins.housing.area_per_head, _per(register["housing_area"], persons), None),
        ("collective_income.mean", margins.collective_income.mean, register["collective_income"].mean().item(), None),
    ]
    for name, quantity, value, tolerance in found:
        if quantity is not None:
            yield line(name, quantity, value, year, tolerance=tolerance)


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
                    total = values[members].sum()
                    yield line(f"{label}.{name}", quantity, total, margins.year, tolerance=0.0)


def _people(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    persons = register["persons"].sum().item()
    for name in ("workers", "students", "ill", "disabled"):
        share = ratio(register[name].sum().item(), persons)
        entry = getattr(margins.people, name).share
        yield line(f"people.{name}.share", entry, share, margins.year, tolerance=rounding(2 * persons))


def _guarantees(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    status, deprived = register["status"].to_numpy(), register["deprived"].to_numpy()
    kinds = {"registered": Status.registered, "exited": Status.exited, "unregistered": Status.never_registered}
    for column, (code, rule) in enumerate(margins.guarantees.rates.items()):
        for name, kind in kinds.items():
            rows = deprived[status == kind, column]
            quantity: Quantity = getattr(rule, name) or rule.unregistered
            target = failure_rate(rule, kind, margins.year)
            found = ratio(rows.sum(), rows.size)
            slack = rounding(2 * rows.size)
            yield Line(f"guarantees.rates.{code}.{name}", quantity.unit, target, found, slack, quantity.status)


def _labels(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, shares = margins.year, margins.categories
    registered = register["status"].to_numpy() != Status.never_registered
    cause, category = register["cause"].to_numpy(), register["category"].to_numpy()
    listed, others = int(registered.sum()), int((~registered).sum())
    for code, quantity in margins.causes.items():
        found = ratio((cause == position(CAUSES, code) + 1).sum(), listed)
        yield line(f"causes.{code}", quantity, found, year, tolerance=rounding(listed))
    dibao, tekun = (category == position(CATEGORIES, code) for code in ("dibao", "tekun"))
    rows = (
        ("dibao", shares.dibao, (dibao & registered).sum(), listed),
        ("tekun", shares.tekun, (tekun & registered).sum(), listed),
        ("dibao_unregistered", shares.dibao_unregistered, (dibao & ~registered).sum(), others),
    )
    for name, quantity, part, whole in rows:
        yield line(f"categories.{name}", quantity, ratio(part, whole), year, tolerance=rounding(2 * whole))


def _per(values: xr.DataArray, persons: Array) -> float:
    return ratio(float(values.to_numpy().astype(np.float64).sum()), float(persons.sum()))
