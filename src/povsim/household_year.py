"""One household's years worked out from the panel: its account, its tests, what it received, what could help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from povsim.holdings import Close, Held, Luck, Number, held_at_close
from povsim.household_account import EVENTS, ITEMS, MARKS, SPELLS, STOCKS, Item
from povsim.layout import NEWLY_DISABLED
from povsim.quantity import Quantity
from povsim.remedies import Failed, Remedy, Standing, income_test, remedies, short_of
from povsim.rulebook import HouseholdTest
from povsim.scenario import Scenario
from povsim.terms import CATEGORIES, CAUSES, STATUSES, position

MEMBERS = ("persons", "workers", "students", "ill", "disabled", "weight", "status_year")


@dataclass(frozen=True)
class Household:
    """Who a household is, as the register says.

    Attributes
    ----------
    household : int or str
        Identifier.
    village, township, county, village_zh, village_en : str
        Where it lives.
    poor_village : bool
        Whether the village is registered as poor.
    persons, workers, students, ill, disabled : int
        Members.
    weight : int
        Count units it stands for.
    synthetic : bool
        Whether it was made, not read.
    category, cause, status : str
        Codes of the vocabulary in the register's year; no cause is the empty text.
    status_year : int
        Year of the last change of status, 0 unknown.
    lacking : tuple of str
        Guarantees not met in the register's year.
    income_per_head : float
        Yuan per head and year, all sources, in the register's year.
    income_before_dibao : float
        The same without dibao, with which growth in the first year is compared.
    register_year : int
        The year the register is of.
    """

    household: int | str
    village: str
    township: str
    county: str
    village_zh: str
    village_en: str
    poor_village: bool
    persons: int
    workers: int
    students: int
    ill: int
    disabled: int
    weight: int
    synthetic: bool
    category: str
    cause: str
    status: str
    status_year: int
    lacking: tuple[str, ...]
    income_per_head: float
    income_before_dibao: float
    register_year: int


@dataclass(frozen=True)
class Receipt:
    """A measure received in a year, and the yuan the household got in hand where the panel tells."""

    measure: str
    name_zh: str
    name_en: str
    money: float | None


@dataclass(frozen=True)
class HouseholdYear:
    """One year of a household.

    Attributes
    ----------
    year : int
        The year.
    amounts : mapping of str to float
        Yuan by row of ``ITEMS``; costs are negative.
    counted, counted_per_head, line : float
        Counted income of the household and per head, and the income line, yuan a year.
    seen_per_head, seen_before_dibao : float
        Counted income per head as inspectors saw it, and without dibao, which measures go by.
    stocks : mapping of str to float
        Yuan owed at year end by column of ``STOCKS``.
    marks : mapping of str to str
        Terms of ``MARKS`` that changed in the year, by column; the empty text where one ended.
    spells : mapping of str to int
        Last year of the spells of ``SPELLS`` that last in the year: work lost to illness, a job lost.
    newly_disabled : bool
        Whether illness left a member disabled in the year.
    status, status_before : str
        Register status at the close of this year and the one before.
    events : tuple of str
        Out of ``EVENTS``.
    lacking, lost, met : tuple of str
        Guarantees not met at year end; lost and met again since the year before.
    failed : tuple of Failed
        Tests truly failed.
    received : tuple of Receipt
        Measures received.
    remedies : tuple of Remedy
        Measures that address the failed tests.
    """

    year: int
    amounts: Mapping[str, float]
    counted: float
    counted_per_head: float
    line: float
    seen_per_head: float
    seen_before_dibao: float
    stocks: Mapping[str, float]
    marks: Mapping[str, str]
    spells: Mapping[str, int]
    newly_disabled: bool
    status: str
    status_before: str
    events: tuple[str, ...]
    lacking: tuple[str, ...]
    lost: tuple[str, ...]
    met: tuple[str, ...]
    failed: tuple[Failed, ...]
    received: tuple[Receipt, ...]
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True)
class Case:
    """What a household's years are worked out from.

    Attributes
    ----------
    scenario : Scenario
        The plan.
    household : Household
        Who it is.
    guarantees, measures : tuple of str
        Names of the bits of ``deprived`` and ``received`` in the panel.
    lines : mapping of int to float
        Income line of each year in the draw, yuan per head.
    number : callable
        Values of the plan's entries in the draw.
    panel : Dataset
        The household's panel, dims (year,), as ``simulate`` keeps it; ``received_money(year, measure)`` where known.
    luck : callable
        This year's chance of the household's measures, which decides those that fail.
    """

    scenario: Scenario
    household: Household
    guarantees: tuple[str, ...]
    measures: tuple[str, ...]
    lines: Mapping[int, float]
    number: Number
    panel: xr.Dataset
    luck: Luck


def read_household(register: xr.Dataset, place: int) -> Household:
    """Return who a household is.

    Parameters
    ----------
    register : Dataset
        The population.
    place : int
        Position along ``household``.

    Examples
    --------
    >>> import povsim
    >>> people = povsim.complete_population(povsim.read_scenario("sample"))
    >>> home = read_household(people, 0)
    >>> home.village_en, home.persons, home.workers, home.status, home.register_year
    ('First Village', 4, 3, 'never_registered', 2015)
    """
    one = register.isel(household=place)
    village = register.isel(village=int(one["household_village"]))
    cause = int(one["cause"])
    net = sum(float(one[name]) for name in ("wage", "business", "property", "transfer")) - float(one["production_cost"])
    return Household(
        household=one["household"].item(),
        village=str(village["village"].item()),
        township=str(village["township"].item()),
        county=str(village["county"].item()),
        village_zh=str(village["name_zh"].item()),
        village_en=str(village["name_en"].item()),
        poor_village=bool(village["poor_village"]) if "poor_village" in register else False,
        synthetic=bool(one["synthetic"]),
        category=CATEGORIES[int(one["category"])].code,
        cause=CAUSES[cause - 1].code if cause else "",
        status=STATUSES[int(one["status"])].code,
        lacking=tuple(register["guarantee"].values[one["deprived"].values].tolist()),
        income_per_head=net / int(one["persons"]),
        income_before_dibao=(net - float(one["dibao"])) / int(one["persons"]),
        register_year=int(register.attrs["year"]),
        **{name: int(one[name]) for name in MEMBERS},
    )


def household_years(case: Case) -> tuple[HouseholdYear, ...]:
    """Work out a household's years.

    Parameters
    ----------
    case : Case
        Plan, household and panel.
    """
    home = case.household
    before: dict[str, Any] = {
        "status": position(STATUSES, home.status),
        "deprived": sum(1 << place for place, name in enumerate(case.guarantees) if name in home.lacking),
        "cause": position(CAUSES, home.cause) + 1 if home.cause else 0,
        "seen_income_per_head": home.income_before_dibao,
    }
    years, held = list[HouseholdYear](), dict[str, Held]()
    for place, year in enumerate(case.panel["year"].values.tolist()):
        one = case.panel.isel(year=place)
        now = {str(name): array.item() for name, array in one.data_vars.items() if array.ndim == 0}
        held = held_at_close(case.scenario, held, _close(case, year, now), case.number, case.luck)
        years.append(_year(case, year, now | {"held": frozenset(held)}, before, _money(one)))
        before = now
    return tuple(years)


def _close(case: Case, year: int, now: Mapping[str, Any]) -> Close:
    return Close(
        year=year,
        received=_bits(now["received"], case.measures),
        owes_loan=now["loan_balance"] > 0 or now["arrears"] > 0,
        owes_part=now["debt"] > 0,
        lacking=_bits(now["deprived"], case.guarantees),
    )


def _money(one: xr.Dataset) -> dict[str, float]:
    """Return yuan received by measure, where the panel tells."""
    if "received_money" not in one:
        return {}
    money = one["received_money"]
    return dict(zip(money["measure"].values.tolist(), money.values.astype(float).tolist(), strict=True))


def _year(
    case: Case, year: int, now: Mapping[str, Any], before: Mapping[str, Any], money: Mapping[str, float]
) -> HouseholdYear:
    counts, persons = case.scenario.exit_standard.household.counts, case.household.persons
    amounts = {item.code: _amount(item, now) for item in ITEMS if now.keys() & {*item.plus, *item.minus}}
    counted, seen = now["counted_income"] / persons, now["seen_income_per_head"]
    dibao = now["dibao"] / persons if counts.dibao else 0.0
    # Inspectors err by one factor, which shows in what was recorded without dibao.
    error = seen / (counted - dibao) if counted != dibao else 1.0
    had, lacks = (_bits(state["deprived"], case.guarantees) for state in (before, now))
    failed = _failed(case, year, now, before)
    received = _bits(now["received"], case.measures)
    standing = _standing(case, now, frozenset(lacks), frozenset(received))
    return HouseholdYear(
        year=year,
        amounts=amounts,
        counted=now["counted_income"],
        counted_per_head=counted,
        line=case.lines[year],
        seen_per_head=counted * error,
        seen_before_dibao=seen,
        stocks={name: now[name] for name in STOCKS if name in now},
        marks={
            mark.column: mark.terms[now[mark.column] - 1].code if now[mark.column] else ""
            for mark in MARKS
            if mark.column in now and now[mark.column] != before.get(mark.column, 0)
        },
        spells=_spells(case, year, now),
        newly_disabled=bool(now.get("flags", 0) & ~before.get("flags", 0) & NEWLY_DISABLED),
        status=STATUSES[now["status"]].code,
        status_before=STATUSES[before["status"]].code,
        events=_bits(now["events"], EVENTS),
        lacking=lacks,
        lost=tuple(name for name in lacks if name not in had),
        met=tuple(name for name in had if name not in lacks),
        failed=failed,
        received=tuple(_receipt(case, code, now, money) for code in received),
        remedies=tuple(remedies(case.scenario, failed, standing, case.number, year)),
    )


def _spells(case: Case, year: int, now: Mapping[str, Any]) -> dict[str, int]:
    origin = case.scenario.years[0] - 1
    last = {name: origin + now.get(f"{name}_until", 0) for name in SPELLS}
    return {name: until for name, until in last.items() if until >= year}


def _amount(item: Item, now: Mapping[str, Any]) -> float:
    return float(sum(now.get(name, 0.0) for name in item.plus) - sum(now.get(name, 0.0) for name in item.minus))


def _bits(code: int, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names whose bit is set.

    Examples
    --------
    >>> _bits(5, ("food", "clothing", "housing"))
    ('food', 'housing')
    """
    return tuple(name for place, name in enumerate(names) if int(code) >> place & 1)


def _failed(case: Case, year: int, now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[Failed, ...]:
    found = []
    for place, test in enumerate(case.scenario.exit_standard.household.tests):
        if int(now["pattern"]) >> place & 1:
            gap = _gap(case, test, year, now, before)
            found.append(Failed(test.code, test.name_zh, test.name_en, test.type, test.veto, **gap))
    return tuple(found)


def _gap(
    case: Case, test: HouseholdTest, year: int, now: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a failed test lacks: the fields of :class:`Failed` beyond its name."""
    standard, persons = case.scenario.exit_standard.household, case.household.persons
    if test.type == "guarantee":
        return {"guarantee": test.guarantee}
    if test.type == "income":
        return income_test(now["counted_income"], case.lines[year], persons, strict=test.comparison == ">")
    if test.type == "activity":
        return short_of(now["wage"] + now["business"], case.number(test.least, year))
    mean = case.scenario.references.province_mean_income
    growth = mean.at(year) / mean.at(year - 1) - 1 if isinstance(mean, Quantity) else 0.0
    reached = now["counted_income"] - (now["dibao"] if standard.counts.dibao else 0.0)
    return short_of(reached / persons, (1 + growth) * before["seen_income_per_head"], heads=persons)


def _standing(case: Case, now: Mapping[str, Any], lacking: frozenset[str], receives: frozenset[str]) -> Standing:
    home = case.household
    cause = int(now.get("cause", position(CAUSES, home.cause) + 1 if home.cause else 0))
    return Standing(
        status=STATUSES[now["status"]].code,
        category=home.category,
        cause=CAUSES[cause - 1].code if cause else "",
        lacking=lacking,
        persons=home.persons,
        workers=home.workers,
        students=home.students,
        ill=home.ill,
        disabled=home.disabled + (1 if now.get("flags", 0) & NEWLY_DISABLED else 0),
        medical=float(now.get("medical", 0.0)),
        income=now["seen_income_per_head"],
        arrears=now["arrears"],
        township=home.township,
        village=home.village,
        poor_village=home.poor_village,
        receives=receives,
        holds=now["held"],
    )


def _receipt(case: Case, code: str, now: Mapping[str, Any], money: Mapping[str, float]) -> Receipt:
    measure = case.scenario.measures[code]
    amount = money.get(code)
    if amount is None and measure.type == "dibao":
        others = [
            each for each in _bits(now["received"], case.measures) if case.scenario.measures[each].type == "dibao"
        ]
        amount = float(now["dibao"]) if len(others) == 1 else None
    return Receipt(code, measure.name_zh, measure.name_en, amount)
