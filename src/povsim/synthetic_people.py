"""Households and the people in them: income rank, sizes, income per head, workers, students, ill and disabled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from povsim.alignment import Bools, Columns, Floats, Ints, highest, largest_remainder, logistics, normals, rounded
from povsim.areas import Areas
from povsim.errors import InputError, Problem
from povsim.income_distribution import FIFTHS, fifth_means, fifth_starts, from_gini, from_lorenz, from_quintiles
from povsim.income_law import Known, KnownHeadcount, fit_income_law, ranked_incomes
from povsim.margins import Margins, PersonShare
from povsim.poverty.lorenz import gini_from
from povsim.poverty.lorenz_curves import Curve
from povsim.quantity import Quantity

WIDEST_AREA_SHARE = 0.9
"""Areas may explain at most this part of the variance of log income."""
STRONGEST_CORRELATION = 0.9
SMALLEST_CHECKED = 200
"""Households below which fifths may miss their margins unopposed."""
LARGEST_MISS = 0.01
SMALLEST_SOLVED = 50
"""Households below which the relation of size and income is not solved for."""
TRUST = {"documented": 2.0, "estimated": 1.4, "assumed": 1.0}
"""What a relative miss counts by how well a margin is known; squared, each step counts double."""


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
    """Return the standard deviation of log income implied by the outer fifths, the Gini coefficient or the curve."""
    year, income = margins.year, margins.income
    curve = lorenz_curve(margins)
    gini = gini_from(curve) if curve is not None else None if income.gini is None else income.gini.at(year)
    if gini is not None:
        return max(1.8 * gini, 0.02)  # sqrt(2) quantile((gini + 1) / 2), to a few per cent
    ratios = quintile_ratios(margins)
    return float(np.log(ratios[4] / ratios[0]) / 2.8)  # the outer fifths of a normal lie 2.8 standard units apart


def lorenz_curve(margins: Margins) -> Curve | None:
    """Return the Lorenz curve of the margins, where they have one: best up to the first known poverty line."""
    year, income = margins.year, margins.income
    if income.lorenz is None:
        return None
    lines = [item.line.at(year) / income.mean.at(year) for item in income.known_headcounts]
    return income.lorenz.curve(year, line_over_mean=lines[0] if lines else None)


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
    order = np.argsort(rank, kind="stable")
    ranked = ranked_by_margins(margins, sizes[order].astype(np.float64))
    result = np.empty(rank.size)
    result[order] = ranked
    return result


def ranked_by_margins(margins: Margins, persons: Floats) -> Floats:
    """Return rising incomes per head for households ranked by it, yuan a year.

    A known headcount or median asks for tails of their own; else fifths, a Gini coefficient or a curve are enough.

    Parameters
    ----------
    margins : Margins
        Income margins.
    persons : array, dims (household,)
        Household sizes, lowest income per head first.

    Raises
    ------
    InputError
        Fewer households than fifths, or fifths that no smooth distribution has.
    """
    year, income = margins.year, margins.income
    mean, curve = income.mean.at(year), lorenz_curve(margins)
    if persons.size < FIFTHS and (income.quintiles is not None or income.known_headcounts or income.median):
        raise InputError(margins.code, [Problem("population.households", "fifths need five households or more")])
    if income.known_headcounts or income.median is not None:
        return ranked_incomes(fit_income_law(known_incomes(margins), persons, mean), persons, mean)
    if curve is not None:
        return from_lorenz(curve, persons, mean)
    if income.gini is not None:
        return from_gini(income.gini.at(year), persons, mean)
    ratios = quintile_ratios(margins)
    ranked = from_quintiles(ratios, persons, mean)
    _check_fifths(margins, fifth_means(ranked, persons), ratios)
    return ranked


def known_incomes(margins: Margins) -> Known:
    """Return what the margins say of incomes, for a law with tails of its own; better known figures count for more."""
    year, income = margins.year, margins.income
    stated: dict[str, list[Quantity]] = {
        "fifths": list(income.quintiles or ()),
        "gini": [income.gini] if income.gini else [],
        "curve": [] if income.lorenz is None else [point.income for point in income.lorenz.points or ()],
        "median": [income.median] if income.median else [],
        "gap": [item.gap for item in income.known_headcounts if item.gap is not None],
    }
    return Known(
        fifths=quintile_ratios(margins) if income.quintiles else None,
        gini=income.gini.at(year) if income.gini else None,
        curve=lorenz_curve(margins),
        median=income.median.at(year) if income.median else None,
        headcounts=tuple(
            KnownHeadcount(
                item.line.at(year),
                item.share.at(year),
                None if item.gap is None else item.gap.at(year),
                item.of == "households",
            )
            for item in income.known_headcounts
        ),
        weights={name: min(TRUST[entry.status] for entry in entries) for name, entries in stated.items() if entries},
    )


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
