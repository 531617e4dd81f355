"""The steps a synthetic population is built in, shared by a whole county and by the unregistered rest of a register."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from povsim.alignment import Array, Columns, Floats, Ints, normals
from povsim.areas import Areas, Declared
from povsim.income_sources import split_population
from povsim.margins import Margins
from povsim.synthetic_people import Sizing, draw_members, draw_sizes, incomes_per_head, latent_ranks
from povsim.synthetic_status import categories, causes, deprivation_factor, need_scores
from povsim.terms import Status


@dataclass(frozen=True)
class Population:
    """Households before anyone is registered; arrays over households, ``effect`` over villages."""

    village: Ints
    sizes: Ints
    log_income: Floats
    """Log of yuan per head and year."""
    factor: Floats
    """Common factor of the guarantees."""
    members: Columns
    need: Floats
    """How strongly a household calls for registration, log points."""
    effect: Floats


def populate(margins: Margins, areas: Areas, households: Ints, persons: Declared, *, seed: int) -> Population:
    """Fill villages with households that meet the person totals and the income margins.

    Parameters
    ----------
    margins, areas
        What to build.
    households : array, dims (village,)
        Households of each village.
    persons : Declared
        Persons by group of villages; every village belongs to one.
    """
    village = np.repeat(np.arange(households.size), households)
    rank, effect = latent_ranks(margins, areas, village, seed=seed)
    sizes = draw_sizes(margins, Sizing(persons.group[village], persons.totals, persons.labels), rank, seed=seed)
    log_income = np.log(incomes_per_head(margins, rank, sizes))
    standard = standardised(log_income)
    factor = deprivation_factor(margins, standard, seed=seed)
    members = draw_members(margins, standard, sizes, seed=seed)
    need = need_scores(margins, log_income, factor, members["ill"], seed=seed)
    return Population(village, sizes, log_income, factor, members, need, effect)


def standardised(log_income: Floats) -> Floats:
    """Return log income less its mean, over its standard deviation."""
    return np.asarray((log_income - log_income.mean()) / max(float(log_income.std()), 1e-9))


def complete_columns(
    margins: Margins, sizes: Ints, log_income: Floats, members: Columns, standing: Columns, *, seed: int
) -> Columns:
    """Return the household columns of a register, from people, incomes and status.

    Parameters
    ----------
    margins : Margins
        Categories, causes, income sources, housing.
    sizes, log_income : arrays, dims (household,)
        Persons, and log of income per head.
    members : dict of arrays
        Workers, students, ill and disabled.
    standing : dict of arrays
        ``status`` and ``status_year``.
    """
    status = standing["status"]
    people: Columns = {"persons": sizes, **members}
    category = categories(margins, status, people, log_income, seed=seed)
    sources = split_population(margins, people, np.exp(log_income) * sizes, category, seed=seed)
    return {
        **people,
        **sources,
        "housing_area": _housing(margins, sizes, log_income, seed=seed),
        "cause": causes(margins, status != Status.never_registered, people, seed=seed),
        "category": category,
        **standing,
        "weight": np.ones(sizes.size),
        "synthetic": np.ones(sizes.size, dtype=np.bool_),
    }


def _housing(margins: Margins, sizes: Ints, log_income: Floats, *, seed: int) -> Floats:
    year, rules = margins.year, margins.housing
    noise = rules.sd.at(year) * normals(seed, "housing", sizes.size)
    area = sizes * np.exp(rules.income_elasticity.at(year) * (log_income - log_income.mean()) + noise)
    return np.asarray(area * (rules.area_per_head.at(year) * sizes.sum() / area.sum()))


def collective_incomes(margins: Margins, poor: Array, *, seed: int) -> Floats:
    """Return the yearly income of each village collective, yuan; the mean over villages is the margin's."""
    year, rules = margins.year, margins.collective_income
    level = np.where(poor, rules.poor_village_ratio.at(year), 1.0)
    income = level * np.exp(rules.sd.at(year) * normals(seed, "collective income", poor.size))
    return np.asarray(income * (rules.mean.at(year) / income.mean()))
