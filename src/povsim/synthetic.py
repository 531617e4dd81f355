"""A household register built from published margins, whole or as the unregistered rest of a real register.

What comes out is a plausible population, not a fact about any household: rows are labelled ``synthetic``, and what the
margins assume is as good as their sources. Totals declared as whole numbers are met exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from povsim.alignment import Bools, Columns
from povsim.areas import Areas, declared, demand, lay_out, share_out, village_weights
from povsim.choosing import Choice, choose_households
from povsim.completion import complete_register
from povsim.income_sources import split_income
from povsim.margins import Margins, read_margins
from povsim.margins_report import margins_report
from povsim.synthetic_dataset import assemble, household_ids
from povsim.synthetic_population import Population, collective_incomes, complete_columns, populate
from povsim.synthetic_status import deprivations, poor_villages, quotas, statuses

__all__ = ["complete_register", "margins_report", "split_income", "synthesise_register"]


def synthesise_register(margins: Margins | Mapping[str, Any] | str | Path, *, seed: int) -> xr.Dataset:
    """Build the whole rural population of a county from its margins.

    Parameters
    ----------
    margins : Margins, mapping, str or Path
        The margins, plain data, a path or a shipped name.
    seed : int
        Zero or more; the same margins and seed give the same bits.

    Returns
    -------
    Dataset, dims (household, village, guarantee)
        A register with coverage ``population``, every row ``synthetic``; incomes in yuan per household and year of the
        margins' year.

    Raises
    ------
    InputError
        The margins are incomplete or contradict each other.

    Examples
    --------
    >>> register = synthesise_register("sample", seed=1)
    >>> dict(register.sizes), int(register["persons"].sum())
    ({'household': 600, 'guarantee': 6, 'village': 6}, 1980)
    """
    margins = read_margins(margins)
    areas = lay_out(margins)
    population = _population(margins, areas, seed=seed)
    poor = poor_villages(margins, areas, population.effect, seed=seed)
    registered = _registered(margins, areas, population, poor, seed=seed)
    standing = statuses(margins, registered, population.log_income, seed=seed)
    members = population.members
    deprived = deprivations(margins, standing["status"], population.factor, members["students"], seed=seed)
    columns = complete_columns(margins, population.sizes, population.log_income, members, standing, seed=seed)
    columns |= {"household": household_ids(areas.codes, population.village), "village": population.village}
    return assemble(margins, areas, columns, _villages(margins, population, poor, seed=seed), deprived)


def _population(margins: Margins, areas: Areas, *, seed: int) -> Population:
    source, totals = margins.code, margins.population
    households = declared(margins, areas, "households", totals.households, label="population.households")
    persons = declared(margins, areas, "persons", totals.persons, label="population.persons")
    demand(households, where="population.households", source=source)
    demand(persons, where="population.persons", source=source)
    counts = share_out(households, village_weights(margins, areas, seed=seed), source=source)
    return populate(margins, areas, counts, persons, seed=seed)


def _registered(margins: Margins, areas: Areas, population: Population, poor: Bools, *, seed: int) -> Bools:
    rules = margins.registration
    total = declared(margins, areas, "registered_households", rules.households, label="registration.households")
    demand(total, where="registration.households", source=margins.code)
    persons = declared(margins, areas, "registered_persons", rules.persons, label="registration.persons")
    quota = quotas(margins, (population.village, population.need), poor, total, seed=seed)
    choice = Choice(population.village, population.need, population.sizes, margins.code)
    return choose_households(choice, quota, persons)


def _villages(margins: Margins, population: Population, poor: Bools, *, seed: int) -> Columns:
    households = np.bincount(population.village, minlength=poor.size)
    persons = np.bincount(population.village, weights=population.sizes, minlength=poor.size)
    return {
        "poor_village": poor,
        "collective_income": collective_incomes(margins, poor, seed=seed).astype(np.float32),
        "population_households": households.astype(np.int64),
        "population_persons": persons.astype(np.int64),
    }
