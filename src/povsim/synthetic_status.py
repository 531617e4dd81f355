"""Who is registered, who has left, which guarantees fail, categories and causes: exact counts by ranked scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from povsim.alignment import Array, Bools, Columns, Floats, Ints, highest, largest_remainder, normals, rounded, uniforms
from povsim.areas import Areas, Declared, share_out
from povsim.errors import InputError, Problem
from povsim.margins import Guarantee, Margins
from povsim.quantity import Quantity
from povsim.terms import CATEGORIES, CAUSES, Status, position

CAUSE_NEEDS = {"disability": "disabled", "schooling": "students", "illness": "ill"}
"""Causes that go to households with such a member as long as there are any, scarcest first."""
_FAR = 1e6


def poor_villages(margins: Margins, areas: Areas, effect: Floats, *, seed: int) -> Bools:
    """Mark poor villages: those named, then the ones with the lowest incomes as far as can be told."""
    number = round(margins.registration.poor_villages.at(margins.year))
    named = np.array([village.poor for village in areas.villages])
    eligible = named | np.array([village.kind == "village" for village in areas.villages])
    if not named.sum() <= number <= eligible.sum():
        allowed = f"{named.sum()} to {eligible.sum()}"
        problem = Problem("registration.poor_villages", "does not agree with the villages", str(number), allowed)
        raise InputError(margins.code, [problem])
    score = -effect / max(float(effect.std()), 1e-9) + normals(seed, "poor villages", effect.size)
    return highest(np.where(named, _FAR, np.where(eligible, score, -_FAR)), number)


def deprivation_factor(margins: Margins, standard: Floats, *, seed: int) -> Floats:
    """Return the standard normal factor common to all guarantees, higher for the poor."""
    link = margins.guarantees.income_link.at(margins.year)
    return np.asarray(-link * standard + np.sqrt(1 - link**2) * normals(seed, "guarantee factor", standard.size))


def need_scores(margins: Margins, log_income: Floats, factor: Floats, ill: Array, *, seed: int) -> Floats:
    """Return how strongly each household calls for registration, in log points of income.

    Low permanent income (the observed one less a transitory part that nobody sees apart), failing guarantees and
    illness count; the identification error blurs the rest.
    """
    year, rules = margins.year, margins.registration
    transitory = margins.income.transitory_share.at(year)
    permanent = (1 - transitory) * (log_income - log_income.mean())
    doubt = np.sqrt(transitory * (1 - transitory)) * log_income.std() * normals(seed, "permanent income", factor.size)
    error = rules.identification_error.at(year) * normals(seed, "identification", factor.size)
    merit = rules.guarantee_weight.at(year) * factor + rules.illness_weight.at(year) * (ill > 0)
    return np.asarray(merit - permanent + doubt + error)


def quotas(margins: Margins, choice: tuple[Ints, Floats], poor: Bools, total: Declared, *, seed: int) -> Ints:
    """Share the registered households out over villages: half by size, half by need, poor villages denser.

    Parameters
    ----------
    margins : Margins
        Registration margins.
    choice : tuple of arrays, dims (household,)
        Village and need.
    poor : array, dims (village,)
        Poor villages.
    total : Declared
        Registered households per group of villages.

    Raises
    ------
    InputError
        More registered households than households.
    """
    year, rules = margins.year, margins.registration
    village, score = choice
    households = np.bincount(village, minlength=poor.size)
    wanted = min(int(total.totals.sum()), score.size)
    needy = np.bincount(village[highest(score, wanted)], minlength=poor.size)
    spread = np.exp(rules.village_sd.at(year) * normals(seed, "registered density", poor.size))
    density = np.where(poor, rules.poor_village_ratio.at(year), 1.0) * spread
    weights = (needy + households * wanted / max(score.size, 1)) * density
    return share_out(total, weights, at_most=households, source=margins.code)


def statuses(margins: Margins, registered: Bools, standing: Floats, *, seed: int) -> Columns:
    """Return status and status year; those best off among the registered have left by the end of the year.

    Parameters
    ----------
    margins : Margins
        Registration margins.
    registered : array, dims (household,)
        Ever registered.
    standing : array, dims (household,)
        Log income, the basis of exit decisions (blurred here).
    """
    year, rules = margins.year, margins.registration
    rows = np.flatnonzero(registered)
    blurred = standing[rows] + rules.identification_error.at(year) * normals(seed, "exit", rows.size)
    exited = rows[highest(blurred, rounded(rules.exited_share.at(year), rows.size))]
    status = np.where(registered, Status.registered, Status.never_registered)
    status[exited] = Status.exited
    status_year = np.where(registered, round(rules.registered_year.at(year)), 0)
    status_year[exited] = _dealt(rules.exit_years, exited.size, year, seed=seed)
    return {"status": status, "status_year": status_year}


def _dealt(shares: Mapping[int, Quantity], number: int, year: int, *, seed: int) -> Ints:
    kinds = np.array(sorted(shares))
    counts = largest_remainder([shares[int(kind)].at(year) for kind in kinds], number)
    return np.repeat(kinds, counts)[np.argsort(uniforms(seed, "exit year", number), kind="stable")]


def deprivations(margins: Margins, status: Array, factor: Floats, students: Array, *, seed: int) -> Bools:
    """Return which guarantees fail, dims (household, guarantee): a Gaussian copula with one common factor.

    The thresholds are set in each of the three groups (registered, exited, never registered) so that the shares come
    out exactly, rounded to whole households.
    """
    common = margins.guarantees.common_factor.at(margins.year)
    result = np.zeros((status.size, len(margins.guarantees.rates)), dtype=np.bool_)
    for column, (code, rule) in enumerate(margins.guarantees.rates.items()):
        own = normals(seed, f"guarantee {code}", status.size)
        latent = np.sqrt(common) * factor + np.sqrt(1 - common) * own
        # Where nobody is at school nobody can drop out; the few such households only fill an excess.
        latent = latent - _FAR * (students == 0) if rule.about == "students" else latent
        for kind in (Status.never_registered, Status.registered, Status.exited):
            rows = np.flatnonzero(status == kind)
            result[rows, column] = highest(latent[rows], rounded(failure_rate(rule, kind, margins.year), rows.size))
    return result


def failure_rate(rule: Guarantee, status: Status, year: int) -> float:
    """Return the declared share of failures among households of a status."""
    by_status = {Status.registered: rule.registered, Status.exited: rule.exited or rule.unregistered}
    return by_status.get(status, rule.unregistered).at(year)


def categories(margins: Margins, status: Array, members: Columns, log_income: Floats, *, seed: int) -> Array:
    """Return the category: tekun for those nobody works for, dibao for the poorest others, counts exact."""
    year, shares = margins.year, margins.categories
    registered = status != Status.never_registered
    helpless = (members["workers"] == 0) * 2.0 + (members["disabled"] > 0)
    blurred = -log_income + 0.4 * normals(seed, "category", status.size) + 0.5 * (helpless + (members["ill"] > 0))
    category = np.zeros(status.size, dtype=np.int8)
    rows = np.flatnonzero(registered)
    alone = (4.0 * helpless - members["persons"] + blurred)[rows]
    tekun = rows[highest(alone, rounded(shares.tekun.at(year), rows.size))]
    category[tekun] = position(CATEGORIES, "tekun")
    left = rows[category[rows] == 0]
    # A registered household that has not exited is what dibao is for.
    score = blurred[left] + 1.0 * (status[left] == Status.registered)
    dibao = left[highest(score, min(left.size, rounded(shares.dibao.at(year), rows.size)))]
    others = np.flatnonzero(~registered)
    dibao_others = others[highest(blurred[others], rounded(shares.dibao_unregistered.at(year), others.size))]
    category[dibao] = category[dibao_others] = position(CATEGORIES, "dibao")
    return category


def causes(margins: Margins, registered: Bools, members: Columns, *, seed: int) -> Array:
    """Return the main cause of poverty of registered households (0: none); counts exact, members fit where possible."""
    rows = np.flatnonzero(registered)
    codes = list(margins.causes)
    counts = largest_remainder([margins.causes[code].at(margins.year) for code in codes], rows.size)
    number = dict(zip(codes, counts.tolist(), strict=True))
    cause = np.zeros(rows.size, dtype=np.int8)
    first = [code for code in (*CAUSE_NEEDS, "labour") if code in number]
    for code in [*first, *(code for code in codes if code not in first)]:
        fits = 1.0 * (members[CAUSE_NEEDS[code]][rows] > 0) if code in CAUSE_NEEDS else np.zeros(rows.size)
        fits = -members["workers"][rows] if code == "labour" else fits
        free = np.flatnonzero(cause == 0)
        noise = uniforms(seed, f"cause {code}", rows.size)
        picked = free[highest((fits + noise)[free], number[code])]
        cause[picked] = position(CAUSES, code) + 1
    result = np.zeros(registered.size, dtype=np.int8)
    result[rows] = cause
    return result
