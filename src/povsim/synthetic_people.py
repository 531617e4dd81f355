"""Households and the people in them: income rank, sizes, income per head, workers, students, ill and disabled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from povsim.alignment import Bools, Columns, Floats, Ints, highest, largest_remainder, logistics, normals, rounded
from povsim.areas import Areas
from povsim.errors import InputError, Problem
from povsim.income_distribution import FIFTHS, fifth_means, fifth_starts, from_gini, from_quintiles
from povsim.margins import Margins, PersonShare

WIDEST_AREA_SHARE = 0.9
"""Areas may explain at most this part of the variance of log income."""
STRONGEST_CORRELATION = 0.9
SMALLEST_CHECKED = 200
"""Households below which fifths may miss their margins unopposed."""
LARGEST_MISS = 0.01
SMALLEST_SOLVED = 50
"""Households below which the relation of size and income is not solved for."""


@dataclass(frozen=True)
class Sizing:
    """What fixes household sizes: the person totals per group of villages and the size distribution."""

    group: Ints
    """Group of each household."""
    persons: Ints
    """Persons to be met per group."""
    labels: tuple[str, ...]
    """Where each total stands in the margins, for messages."""


def latent_ranks(margins: Margins, areas: Areas, village: Ints, *, seed: int) -> tuple[Floats, Floats]:
    """Return a standard normal income rank per household, and the area effect per village on the same scale.

    Raises
    ------
    InputError
        Declared area effects leave no room for differences between households.
    """
    year, income = margins.year, margins.income
    sigma = log_spread(margins)
    shares = [(sd.at(year) / sigma) ** 2 for sd in (income.township_sd, income.village_sd)]
    if sum(shares) > WIDEST_AREA_SHARE:
        found = f"{sum(shares):.2f} of the variance"
        problem = Problem(
            "income.village_sd", "areas differ more than households do", found, f"at most {WIDEST_AREA_SHARE}"
        )
        raise InputError(margins.code, [problem])
    township_effect = normals(seed, "township income", len(areas.townships))[areas.township] * np.sqrt(shares[0])
    effect = township_effect + normals(seed, "village income", len(areas.villages)) * np.sqrt(shares[1])
    own = normals(seed, "household income", village.size) * np.sqrt(1 - sum(shares))
    return effect[village] + own, np.asarray(effect)


def log_spread(margins: Margins) -> float:
    """Return the standard deviation of log income implied by the outer fifths or by the Gini coefficient."""
    year, income = margins.year, margins.income
    if income.gini is not None:
        return max(1.8 * income.gini.at(year), 0.02)  # sqrt(2) quantile((gini + 1) / 2), to a few per cent
    ratios = quintile_ratios(margins)
    return float(np.log(ratios[4] / ratios[0]) / 2.8)  # the outer fifths of a normal lie 2.8 standard units apart


def quintile_ratios(margins: Margins) -> Floats:
    """Return the means of the fifths over the reference mean, after narrowing by the declared dispersion."""
    year, income = margins.year, margins.income
    means = np.array([quantity.at(year) for quantity in income.quintiles or ()])
    dispersion = 1.0 if income.dispersion is None else income.dispersion.at(year)
    reference = means.mean() if income.reference_mean is None else income.reference_mean.at(year)
    return np.asarray((means / reference) ** dispersion)


def draw_sizes(margins: Margins, sizing: Sizing, rank: Floats, *, seed: int) -> Ints:
    """Return household sizes that meet the person totals, related to income as the margins say.

    Where the quintiles come with the mean of their population, the relation follows from them: only when poorer
    households are larger does the person-weighted mean of the fifths fall to the population's.

    Parameters
    ----------
    margins : Margins
        Size distribution and income margins.
    sizing : Sizing
        Person totals and the households they cover.
    rank : array, dims (household,)
        Latent income rank, any monotone scale.

    Raises
    ------
    InputError
        A person total cannot be met by sizes of the distribution.
    """
    households = np.bincount(sizing.group, minlength=sizing.persons.size)
    pool = _size_pool(margins, households, sizing)
    standard = _standard_rank(rank)
    noise = normals(seed, "household size", rank.size)
    many = sizing.persons.size > 1

    def sizes(correlation: float) -> Ints:
        score = correlation * standard + np.sqrt(1 - correlation**2) * noise
        order = np.lexsort((score, sizing.group)) if many else np.argsort(score, kind="stable")
        result = np.empty(rank.size, dtype=np.int64)
        result[order] = pool
        return result

    return sizes(_size_correlation(margins, sizes, rank))


def _standard_rank(rank: Floats) -> Floats:
    return np.asarray(rank - rank.mean()) / max(float(rank.std()), 1e-12)


def _size_pool(margins: Margins, households: Ints, sizing: Sizing) -> Ints:
    """Return the sizes of each group, rising within the group, groups one after another."""
    kinds = np.array(sorted(margins.household_size.shares), dtype=np.int64)
    shares = np.array([margins.household_size.shares[int(kind)].at(margins.year) for kind in kinds])
    problems, parts = [], []
    for number, (count, persons) in enumerate(zip(households.tolist(), sizing.persons.tolist(), strict=True)):
        low, high = int(kinds[0]) * count, int(kinds[-1]) * count
        if low <= persons <= high:
            parts.append(np.repeat(kinds, _size_counts(kinds, shares, count, persons)))
        else:
            what = f"persons cannot live in {count} households of {kinds[0]} to {kinds[-1]}"
            problems.append(Problem(sizing.labels[number], what, str(persons), f"{low} to {high}"))
    if problems:
        raise InputError(margins.code, problems)
    return np.concatenate(parts)


def _size_counts(kinds: Ints, shares: Floats, households: int, persons: int) -> Ints:
    """Tilt the shares exponentially to the mean wanted, round, and move single households until persons agree."""
    if households == 0:
        return np.zeros(kinds.size, dtype=np.int64)
    mean = persons / households

    def tilted(tilt: float) -> Floats:
        power = np.log(shares) + tilt * (kinds - mean)
        weights = np.exp(power - power.max())
        return np.asarray(weights / weights.sum())

    inside = kinds[0] + 1e-6 < mean < kinds[-1] - 1e-6
    tilt = float(brentq(lambda t: float((tilted(t) * kinds).sum()) - mean, -60, 60)) if inside else 0.0
    edge = (kinds == kinds[0] if mean <= kinds[0] + 1e-6 else kinds == kinds[-1]).astype(np.float64)
    counts = largest_remainder(tilted(tilt) if inside else edge, households)
    while (miss := persons - int((counts * kinds).sum())) != 0:
        _move_one(counts, miss)
    return counts


def _move_one(counts: Ints, miss: int) -> None:
    """Move one household from the fullest size to the next in the direction wanted (sizes are consecutive)."""
    step = 1 if miss > 0 else -1
    movable = counts[:-1] if step > 0 else counts[1:]
    fullest = int(np.argmax(movable)) + (step < 0)
    counts[fullest] -= 1
    counts[fullest + step] += 1


def _size_correlation(margins: Margins, sizes: Callable[[float], Ints], rank: Floats) -> float:
    """Return the correlation declared, or the one at which the fifths average to the mean of their population."""
    year, income = margins.year, margins.income
    if income.quintiles is None or income.reference_mean is None:
        declared = margins.household_size.income_correlation
        return 0.0 if declared is None else declared.at(year)
    ratios = np.array([quantity.at(year) for quantity in income.quintiles]) / income.reference_mean.at(year)
    order = np.argsort(rank, kind="stable")
    starts = fifth_starts(rank.size)[:-1]

    def miss(correlation: float) -> float:
        persons = np.add.reduceat(sizes(correlation)[order], starts)
        return float((ratios * persons).sum() / persons.sum() - 1)

    low, high = -STRONGEST_CORRELATION, STRONGEST_CORRELATION
    if rank.size < SMALLEST_SOLVED or miss(low) * miss(high) >= 0:
        # Few households, or all of one size: the nearer end, and the common rescaling of incomes does the rest.
        return min((low, 0.0, high), key=lambda correlation: abs(miss(correlation))) if rank.size >= FIFTHS else 0.0
    return float(brentq(miss, low, high, xtol=1e-5))


def incomes_per_head(margins: Margins, rank: Floats, sizes: Ints) -> Floats:
    """Return income per head, yuan a year, by household: rising in the latent rank, margins met.

    Parameters
    ----------
    margins : Margins
        Income margins.
    rank, sizes : arrays, dims (household,)
        Latent income rank and persons.
    """
    year, income = margins.year, margins.income
    order = np.argsort(rank, kind="stable")
    persons = sizes[order].astype(np.float64)
    mean = income.mean.at(year)
    if income.gini is not None:
        ranked = from_gini(income.gini.at(year), persons, mean)
    elif rank.size < FIFTHS:
        raise InputError(margins.code, [Problem("population.households", "fifths need five households or more")])
    else:
        ratios = quintile_ratios(margins)
        ranked = from_quintiles(ratios, persons, mean)
        _check_fifths(margins, fifth_means(ranked, persons), ratios)
    result = np.empty(rank.size)
    result[order] = ranked
    return result


def _check_fifths(margins: Margins, found: Floats, ratios: Floats) -> None:
    """Refuse fifths that no smooth distribution has; very few households may miss them for their own reasons."""
    households = margins.population.households
    if households is None or households.at(margins.year) < SMALLEST_CHECKED:
        return
    if np.abs(found / found.sum() / (ratios / ratios.sum()) - 1).max() > LARGEST_MISS:
        shape = ", ".join(f"{ratio:.3g}" for ratio in ratios)
        problem = Problem("income.quintiles", "no smooth distribution has fifths in such a relation", shape)
        raise InputError(margins.code, [problem])


def draw_members(margins: Margins, standard: Floats, sizes: Ints, *, seed: int) -> Columns:
    """Return workers, students, ill and disabled members; totals are exact, nobody is both at work and at school.

    Parameters
    ----------
    margins : Margins
        Shares of persons and their links to income.
    standard : array, dims (household,)
        Standardised log income.
    sizes : array, dims (household,)
        Persons.
    """
    household = np.repeat(np.arange(sizes.size), sizes)
    place = np.arange(household.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    lean = standard[household]

    def choose(name: str, entry: PersonShare, lift: Floats, *, taken: Bools | None = None) -> Bools:
        link = entry.income_link.at(margins.year)
        score = link * lean + lift + logistics(seed, name, household.size)
        free = household.size if taken is None else int((~taken).sum())
        score = score if taken is None else np.where(taken, -np.inf, score)
        return highest(score, min(free, rounded(entry.share.at(margins.year), household.size)))

    level = np.zeros(household.size)
    ill = choose("ill", margins.people.ill, level)
    disabled = choose("disabled", margins.people.disabled, level)
    # The first two places of a household stand for the couple that heads it, later ones for children and parents.
    adult = np.array([1.0, 1.0, 0.0, -1.0])[np.minimum(place, 3)]
    workers = choose("workers", margins.people.workers, adult - 2.0 * ill - 3.0 * disabled)
    young = np.array([-8.0, -2.0, 1.5, 1.0])[np.minimum(place, 3)]
    students = choose("students", margins.people.students, young, taken=workers)
    masks = {"workers": workers, "students": students, "ill": ill, "disabled": disabled}
    return {name: np.bincount(household[mask], minlength=sizes.size) for name, mask in masks.items()}
