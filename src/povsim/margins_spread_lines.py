"""How far sizes, links and spreads between villages and households are off what is stated of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from scipy.special import ndtri

from povsim.alignment import Array, Floats
from povsim.income_sources import net_income
from povsim.margins import Margins
from povsim.margins_lines import (
    SURE,
    Line,
    compared,
    line,
    pooled_sd,
    ratio,
    rounding,
    sd_slack,
    split_logs,
    unseen,
)
from povsim.terms import Status


def spread_lines(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    """Yield lines for the entries that say how things spread and go together, those that show in nothing included."""
    for maker in (_village_sizes, _household_sizes, _registration, _housing, _collective, _hidden):
        yield from maker(register, margins)


def _village_sizes(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.population
    communities = {
        f"{township.name_zh}/{unit.name_zh}"
        for township in margins.townships
        for unit in township.units()
        if unit.kind == "community"
    }
    households = np.bincount(register["household_village"].to_numpy(), minlength=register.sizes["village"])
    first = np.isin(register["village"].to_numpy(), list(communities))
    groups = split_logs(households.astype(np.float64), first)
    sd, free = pooled_sd(groups)
    times, slack = compared(groups, sd)
    slack = slack * rules.community_ratio.at(year)
    yield line("population.community_ratio", rules.community_ratio, times, year, tolerance=slack)
    yield line("population.village_size_sd", rules.village_size_sd, sd, year, tolerance=sd_slack(sd, free))


def _household_sizes(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.household_size
    persons = register["persons"].to_numpy().astype(np.int64)
    number = persons.size
    for size, quantity in sorted(rules.shares.items()):
        found = ratio((persons == size).sum(), number)
        yield line(f"household_size.shares.{size}", quantity, found, year, tolerance=rounding(number))
    if rules.income_correlation is not None:
        found = _polyserial(net_income(register) / persons, persons)
        slack = SURE / np.sqrt(max(number, 1))
        yield line("household_size.income_correlation", rules.income_correlation, found, year, tolerance=slack)


def _polyserial(income: Floats, persons: Array) -> float:
    """Return the correlation of income's normal score with the normal variable that sizes are steps of.

    Two-step estimate of Olsson, Drasgow and Dorans (1982), doi:10.1007/BF02294164.
    """
    if np.ptp(persons) == 0:
        return np.nan
    score = np.empty(income.size)
    score[np.argsort(income, kind="stable")] = ndtri((np.arange(income.size) + 0.5) / income.size)
    share = np.cumsum(np.bincount(persons))[:-1] / persons.size
    steps = ndtri(share[(share > 0) & (share < 1)])
    heights = np.exp(-(steps**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.corrcoef(score, persons)[0, 1] * persons.std() / heights.sum())


def _registration(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.registration
    status, changed = register["status"].to_numpy(), register["status_year"].to_numpy()
    waiting, exited = changed[status == Status.registered], changed[status == Status.exited]
    since = float(waiting.mean()) if waiting.size else np.nan
    yield line("registration.registered_year", rules.registered_year, since, year, tolerance=0.5)
    for when, quantity in sorted(rules.exit_years.items()):
        found = ratio((exited == when).sum(), exited.size)
        yield line(f"registration.exit_years.{when}", quantity, found, year, tolerance=rounding(exited.size))
    village, poor = register["household_village"].to_numpy(), register["poor_village"].to_numpy().astype(np.bool_)
    households = np.bincount(village, minlength=poor.size)
    listed = np.bincount(village, status != Status.never_registered, poor.size)
    groups = split_logs(listed / np.maximum(households, 1), poor)
    sd, free = pooled_sd(groups)
    times, slack = compared(groups, sd)
    slack = slack * rules.poor_village_ratio.at(year)
    yield line("registration.poor_village_ratio", rules.poor_village_ratio, times, year, tolerance=slack)
    yield line("registration.village_sd", rules.village_sd, sd, year, tolerance=sd_slack(sd, free))


def _housing(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.housing
    persons = register["persons"].to_numpy().astype(np.float64)
    income, area = net_income(register) / persons, register["housing_area"].to_numpy().astype(np.float64) / persons
    known = (income > 0) & (area > 0)
    slope, sd, error = np.nan, np.nan, np.nan
    if known.sum() > 2:
        x, y = np.log(income[known]), np.log(area[known])
        x, y = x - x.mean(), y - y.mean()
        slope = float((x @ y) / (x @ x))
        sd = float(np.sqrt(((y - slope * x) ** 2).sum() / (known.sum() - 2)))
        error = sd / float(np.sqrt(x @ x))
    yield line("housing.income_elasticity", rules.income_elasticity, slope, year, tolerance=SURE * error)
    yield line("housing.sd", rules.sd, sd, year, tolerance=sd_slack(sd, float(known.sum()) - 2))


def _collective(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.collective_income
    poor = register["poor_village"].to_numpy().astype(np.bool_)
    groups = split_logs(register["collective_income"].to_numpy().astype(np.float64), poor)
    sd, free = pooled_sd(groups)
    times, slack = compared(groups, sd)
    yield line("collective_income.sd", rules.sd, sd, year, tolerance=sd_slack(sd, free))
    slack = slack * rules.poor_village_ratio.at(year)
    yield line("collective_income.poor_village_ratio", rules.poor_village_ratio, times, year, tolerance=slack)


def _hidden(_: xr.Dataset, margins: Margins) -> Iterator[Line]:
    """Yield what acts on variables nobody sees: a household's luck, its true need, the factor behind guarantees."""
    year, rules = margins.year, margins.registration
    for name in ("workers", "students", "ill", "disabled"):
        yield unseen(f"people.{name}.income_link", getattr(margins.people, name).income_link, year)
    yield unseen("guarantees.common_factor", margins.guarantees.common_factor, year)
    yield unseen("guarantees.income_link", margins.guarantees.income_link, year)
    for name in ("identification_error", "guarantee_weight", "illness_weight"):
        yield unseen(f"registration.{name}", getattr(rules, name), year)
