"""Villages of a margins file in the order of the register, and totals declared for county, townships or villages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from povsim.alignment import Array, Floats, Ints, largest_remainder, normals
from povsim.errors import InputError, Problem
from povsim.margins import Margins, Township, Village
from povsim.quantity import Quantity


@dataclass(frozen=True)
class Areas:
    """Villages sorted by (township, village), as the register wants them."""

    townships: tuple[Township, ...]
    villages: tuple[Village, ...]
    township: Ints
    """Position of each village's township."""

    @property
    def codes(self) -> list[str]:
        """``township/village`` of each village."""
        return [f"{self.townships[t].name_zh}/{v.name_zh}" for t, v in zip(self.township, self.villages, strict=True)]


@dataclass(frozen=True)
class Declared:
    """Totals that have to be met: the villages fall into groups, each with its total (-1: nothing declared)."""

    group: Ints
    totals: Ints
    labels: tuple[str, ...]
    """Where each total stands in the margins, for messages."""


def lay_out(margins: Margins) -> Areas:
    """Sort townships and villages as the register sorts its rows."""
    townships = sorted(margins.townships, key=lambda township: township.name_zh)
    rows = [
        (position, village)
        for position, township in enumerate(townships)
        for village in sorted(township.units(), key=lambda unit: unit.name_zh)
    ]
    index = np.array([position for position, _ in rows], dtype=np.int64)
    return Areas(tuple(townships), tuple(village for _, village in rows), index)


def declared(margins: Margins, areas: Areas, field: str, county: Quantity | None, *, label: str) -> Declared:
    """Turn totals given at any level into groups of villages that do not overlap.

    Parameters
    ----------
    margins, areas
        The margins and their layout.
    field : str
        Name of the entry in townships and villages.
    county : Quantity or None
        The county's total.
    label : str
        Dotted path of the county's total, for messages.

    Raises
    ------
    InputError
        The parts exceed their whole, or miss it with nothing left to make it up.
    """
    group = np.full(len(areas.villages), -1, dtype=np.int64)
    totals: list[int] = []
    labels: list[str] = []
    problems: list[Problem] = []
    for where, quantity, members in _levels(areas, field, county, label):
        if quantity is None:
            continue
        value = round(quantity.at(margins.year))
        # What smaller areas inside have claimed is theirs; the others share the remainder.
        rest = value - sum(totals[number] for number in np.unique(group[members]) if number >= 0)
        free = members[group[members] < 0]
        if rest < 0 or (rest > 0 and not free.size):
            problems.append(Problem(where, "does not agree with the totals inside it", str(value), str(value - rest)))
        elif free.size:
            group[free] = len(totals)
            totals.append(rest)
            labels.append(where)
    if problems:
        raise InputError(margins.code, problems)
    return Declared(group, np.array(totals, dtype=np.int64), tuple(labels))


def _levels(
    areas: Areas, field: str, county: Quantity | None, label: str
) -> Iterator[tuple[str, Quantity | None, Ints]]:
    for position, (code, village) in enumerate(zip(areas.codes, areas.villages, strict=True)):
        yield f"{code}.{field}", getattr(village, field), np.array([position])
    for position, township in enumerate(areas.townships):
        yield f"{township.name_zh}.{field}", getattr(township, field), np.flatnonzero(areas.township == position)
    yield label, county, np.arange(len(areas.villages))


def demand(total: Declared, *, where: str, source: str) -> Declared:
    """Refuse totals that leave a village without any."""
    if missing := int((total.group < 0).sum()):
        mend = "give the county's total, or one for every township or village"
        raise InputError(source, [Problem(where, "is missing", f"{missing} villages without a total", mend=mend)])
    return total


def share_out(
    total: Declared, weights: Floats, *, at_least: Array | None = None, at_most: Array | None = None, source: str
) -> Ints:
    """Share the declared totals out over villages, exactly, between bounds.

    Raises
    ------
    InputError
        A total lies outside its bounds.
    """
    low = np.zeros(weights.size, dtype=np.int64) if at_least is None else np.asarray(at_least, dtype=np.int64)
    counts = low.copy()
    problems = []
    for number, value in enumerate(total.totals.tolist()):
        members = np.flatnonzero(total.group == number)
        held = int(low[members].sum())
        bound = None if at_most is None else np.asarray(at_most)[members] - low[members]
        if value < held:
            what = "the total is smaller than what the register holds"
            problems.append(Problem(total.labels[number], what, str(value), f"at least {held}"))
        elif bound is not None and bound.sum() < value - held:
            room = f"at most {held + int(bound.sum())}"
            problems.append(Problem(total.labels[number], "more than there is room for", str(value), room))
        else:
            counts[members] += largest_remainder(weights[members], value - held, at_most=bound)
    if problems:
        raise InputError(source, problems)
    return counts


def village_weights(margins: Margins, areas: Areas, *, seed: int) -> Floats:
    """Return relative sizes of villages: kind and a lognormal variation."""
    year, population = margins.year, margins.population
    ratio = population.community_ratio.at(year)
    kind = np.array([ratio if village.kind == "community" else 1.0 for village in areas.villages])
    variation = normals(seed, "village size", len(areas.villages)) * population.village_size_sd.at(year)
    return np.asarray(kind * np.exp(variation))
