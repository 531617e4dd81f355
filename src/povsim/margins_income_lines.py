"""How far incomes of a population are off what is stated of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from povsim.alignment import Floats
from povsim.income_distribution import fifth_means, fifth_starts, gini_of_ranked
from povsim.income_known import households_below
from povsim.income_sources import SOURCES, net_income
from povsim.margins import Margins
from povsim.margins_income import Headcount
from povsim.margins_lines import SURE, Line, line, pooled_sd, ratio, sd_slack, unseen, weakest
from povsim.poverty.lorenz import fit_beta, fit_general_quadratic
from povsim.quantity import Quantity
from povsim.synthetic_people import quintile_ratios

_ORDINATES = np.arange(0.05, 0.96, 0.05)
_SETTLED = 1e-3
"""How near sizes are brought to the mean of the population the fifths describe, relative: they are whole persons."""
_REFITTED = 1e-3
"""What a curve fitted again to single households may differ by, against the larger of its parameter and one."""
_LOSS_SPREAD = 0.54
"""Relative standard deviation of the size of a business loss."""


@dataclass(frozen=True)
class _Ranked:
    """Households by rising income per head."""

    income: Floats
    people: Floats
    running: Floats
    """Persons up to each boundary between households, as a share, from 0 to 1."""

    @property
    def one(self) -> float:
        """Return the largest household as a share of persons: no headcount is finer."""
        return float(self.people.max() / self.people.sum())


def income_lines(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    """Yield lines for level, inequality, known headcounts and the sources of income."""
    persons = register["persons"].to_numpy().astype(np.float64)
    per_head = net_income(register) / persons
    order = np.argsort(per_head, kind="stable")
    people = persons[order]
    running = np.concatenate(([0.0], np.cumsum(people))) / people.sum()
    ranked = _Ranked(per_head[order], people, running)
    mean = ratio(float((ranked.income * people).sum()), float(people.sum()))
    yield line("income.mean", margins.income.mean, mean, margins.year)
    yield from _tails(ranked, margins)
    yield from _fifths(ranked, margins)
    yield from _curve(ranked, margins)
    yield from _area_spreads(register, margins, per_head)
    yield unseen("income.transitory_share", margins.income.transitory_share, margins.year)
    yield from _sources(register, margins)


def _tails(ranked: _Ranked, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.income
    if rules.median is not None:
        below = households_below(0.5, ranked.people)
        around = ranked.income[max(below - 1, 0) : below + 1]
        slack = float(np.ptp(around)) / 2
        usual = line("income.median", rules.median, float(around.mean()), year)
        yield usual._replace(tolerance=usual.tolerance + slack)
    if rules.gini is not None:
        yield line("income.gini", rules.gini, gini_of_ranked(ranked.income, ranked.people), year)
    for number, item in enumerate(rules.known_headcounts):
        yield from _headcount(f"income.known_headcounts.{number}", item, ranked, year)


def _headcount(name: str, item: Headcount, ranked: _Ranked, year: int) -> Iterator[Line]:
    level = item.line.at(year)
    poor = int(np.searchsorted(ranked.income, level))
    if item.of == "households":
        share, one = ratio(poor, ranked.income.size), 1 / ranked.income.size
    else:
        share, one = float(ranked.running[poor]), ranked.one
    yield line(f"{name}.share", item.share, share, year, tolerance=one)
    if item.gap is not None:
        lack = (1 - ranked.income[:poor] / level) * ranked.people[:poor]
        yield line(f"{name}.gap", item.gap, ratio(float(lack.sum()), float(ranked.people.sum())), year, tolerance=one)


def _fifths(ranked: _Ranked, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.income
    if rules.quintiles is None:
        return
    means, ratios = fifth_means(ranked.income, ranked.people), quintile_ratios(margins)
    # The targets are the fifths rescaled to the county's mean, which depends on how persons spread over the fifths.
    cells = np.add.reduceat(ranked.people, fifth_starts(ranked.people.size)[:-1])
    targets = ratios * rules.mean.at(year) * ranked.people.sum() / (ratios * cells).sum()
    for number, quantity in enumerate(rules.quintiles):
        known = weakest(quantity, rules.mean, rules.dispersion)
        target = float(targets[number])
        yield line(f"income.quintiles.{number}", quantity, means[number], year)._replace(
            target=target, tolerance=1e-5 * target, status=known
        )
    stated = np.array([quantity.at(year) for quantity in rules.quintiles])
    if rules.reference_mean is not None:
        found = float((stated * cells).sum() / cells.sum())
        slack = _SETTLED * rules.reference_mean.at(year)
        yield line("income.reference_mean", rules.reference_mean, found, year, tolerance=slack)
    if rules.dispersion is not None and means[0] > 0:
        spread = float(np.log(means[4] / means[0]) / np.log(stated[4] / stated[0]))
        yield line("income.dispersion", rules.dispersion, spread, year)


def _curve(ranked: _Ranked, margins: Margins) -> Iterator[Line]:
    year, lorenz = margins.year, margins.income.lorenz
    if lorenz is None:
        return
    cash = np.concatenate(([0.0], np.cumsum(ranked.income * ranked.people)))
    shares = cash / cash[-1]
    for number, point in enumerate(lorenz.points or ()):
        found = float(np.interp(point.persons.at(year), ranked.running, shares))
        yield line(f"income.lorenz.points.{number}.income", point.income, found, year, tolerance=ranked.one)
    parameters = lorenz.general_quadratic or lorenz.beta
    if parameters is None:
        return
    fit = fit_beta if lorenz.beta else fit_general_quadratic
    curve = fit(_ORDINATES, np.interp(_ORDINATES, ranked.running, shares))
    for name in type(parameters).model_fields:
        entry: Quantity = getattr(parameters, name)
        slack = (_REFITTED + ranked.one) * max(abs(entry.at(year)), 1.0)
        kind = "beta" if lorenz.beta else "general_quadratic"
        yield line(f"income.lorenz.{kind}.{name}", entry, getattr(curve, name), year, tolerance=slack)


def _area_spreads(register: xr.Dataset, margins: Margins, per_head: Floats) -> Iterator[Line]:
    """Yield the spread of log income between townships and between their villages, households' own part taken off."""
    known = per_head > 0
    village = register["household_village"].to_numpy()[known]
    logs = np.log(per_head[known])
    counts = np.bincount(village, minlength=register.sizes["village"])
    there = counts > 1
    means = np.bincount(village, logs, counts.size)[there] / counts[there]
    within = np.bincount(village, logs**2, counts.size)[there] / counts[there] - means**2
    noise = within / (counts[there] - 1)
    townships = register["township"].to_numpy()[there]
    groups = [townships == name for name in np.unique(townships)]
    sd, free = pooled_sd(means[group] for group in groups)
    of_villages = float(np.sqrt(max(sd**2 - float(noise.mean()), 0.0))) if free else np.nan
    yield line(
        "income.village_sd",
        margins.income.village_sd,
        of_villages,
        margins.year,
        tolerance=sd_slack(sd, free),
    )
    upper, upper_free = pooled_sd([np.array([means[group].mean() for group in groups])])
    inner = float(np.mean([sd**2 / group.sum() for group in groups])) if free else np.nan
    of_townships = float(np.sqrt(max(upper**2 - inner, 0.0))) if upper_free else np.nan
    slack = sd_slack(upper, upper_free)
    yield line("income.township_sd", margins.income.township_sd, of_townships, margins.year, tolerance=slack)


def _sources(register: xr.Dataset, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.income
    columns = {
        name: register[name].to_numpy().astype(np.float64)
        for name in (*SOURCES, "production_cost", "pension", "dibao", "persons")
    }
    sums = {name: float(column.sum()) for name, column in columns.items()}
    net = {**{name: sums[name] for name in SOURCES}, "business": sums["business"] - sums["production_cost"]}
    for name in SOURCES:
        yield line(f"income.sources.{name}", getattr(rules.sources, name), ratio(net[name], sum(net.values())), year)
    for name in SOURCES:
        yield unseen(f"income.source_slopes.{name}", getattr(rules.source_slopes, name), year)
    cost = ratio(sums["production_cost"], sums["business"])
    yield line("income.production_cost_share", rules.production_cost_share, cost, year)
    business = columns["business"] - columns["production_cost"]
    yield from _losses(business, net_income(register), margins)
    yield line("income.pension_share", rules.pension_share, ratio(sums["pension"], sums["transfer"]), year)
    paid = columns["dibao"] > 0
    benefit = ratio(sums["dibao"], float(columns["persons"][paid].sum())) if paid.any() else np.nan
    yield line("income.dibao_benefit", rules.dibao_benefit, benefit, year)


def _losses(business: Floats, income: Floats, margins: Margins) -> Iterator[Line]:
    year, rules = margins.year, margins.income
    share, size = rules.loss_share.at(year), rules.loss_size.at(year)
    losing = (business < 0) & (income > 0)
    slack = SURE * float(np.sqrt(share * (1 - share) / max(income.size, 1)))
    yield line("income.loss_share", rules.loss_share, ratio(losing.sum(), income.size), year, tolerance=slack)
    found = float((-business[losing] / income[losing]).mean()) if losing.any() else np.nan
    luck = SURE * _LOSS_SPREAD * size / np.sqrt(max(losing.sum(), 1))
    yield line("income.loss_size", rules.loss_size, found, year, tolerance=luck)
