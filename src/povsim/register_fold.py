"""Folding rows into households: persons into their household, missing values by declared policy, checks on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from povsim.errors import Problem
from povsim.mapping import VILLAGE_COLUMNS, ColumnMap
from povsim.register_convert import Floats, Rows, row_numbers
from povsim.register_plan import AREAS, PARTS_OF_INCOME, Plan
from povsim.terms import REGISTER_COLUMNS, Status

Ints = NDArray[np.int64]
COUNTS_OF_MEMBERS = ("workers", "students", "ill", "disabled")
POLICIES: dict[str, str] = {
    **{column.code: column.missing for column in REGISTER_COLUMNS},
    # Not a column of the terms: it stands in for the sources, whose policy is the median.
    "income_total": "median",
}


@dataclass(frozen=True)
class Groups:
    """Rows sorted by household: ``order`` of rows, ``starts`` of households in it, household ``of_row``."""

    order: Ints
    starts: Ints
    sizes: Ints
    of_row: Ints
    first: Ints

    def reduce(self, function: np.ufunc, values: NDArray[np.generic]) -> Floats:
        """Reduce values of rows to one per household."""
        return np.asarray(function.reduceat(values[self.order], self.starts))


@dataclass
class Households:
    """One value per household and column, with what was missing (the state of one folding)."""

    ids: NDArray[np.object_]
    numbers: Ints
    areas: dict[str, tuple[Ints, NDArray[np.object_]]] = field(default_factory=dict)
    columns: dict[str, Floats] = field(default_factory=dict)
    deprived: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    missing: dict[str, dict[str, str | int]] = field(default_factory=dict)
    stated_income: Floats | None = None
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class _Work:
    """What every step of one folding needs."""

    rows: Rows
    plan: Plan
    groups: Groups
    homes: Households

    @property
    def known(self) -> NDArray[np.bool_]:
        """Households that have a number; rows without one are a problem already and make no further ones."""
        return self.rows.household.codes[self.groups.first] >= 0

    def ids(self, mask: NDArray[np.bool_]) -> str:
        """Return the first few household numbers where a mask over households holds."""
        return "households " + ", ".join(str(word) for word in self.homes.ids[mask][:5])


def group_rows(codes: NDArray[np.int32]) -> Groups:
    """Group rows by household code; households come in order of their codes.

    Examples
    --------
    >>> group_rows(np.array([1, 0, 1], dtype=np.int32)).sizes.tolist()
    [1, 2]
    """
    order = np.argsort(codes, kind="stable")
    _, starts, of_sorted, sizes = np.unique(codes[order], return_index=True, return_inverse=True, return_counts=True)
    of_row = np.empty(codes.size, dtype=np.int64)
    of_row[order] = of_sorted
    return Groups(order, starts, sizes, of_row, order[starts])


def fold(rows: Rows, plan: Plan) -> Households:
    """Fold rows into households.

    Parameters
    ----------
    rows : Rows
        Numbers along the rows of the sheet; rows without a household number are left out.
    plan : Plan
        Grain and policies.

    Returns
    -------
    Households
        Float64 arrays along households in no particular order; money in yuan per household and year.

    Examples
    --------
    >>> from povsim.register_files import Cells
    >>> from povsim.register_plan import NO_MAPPING, make_plan
    >>> cells = Cells(np.array([0, 0], dtype=np.int32), np.array(["7"], dtype=object))
    >>> plan = make_plan(("户编号", "与户主关系"), NO_MAPPING)
    >>> fold(Rows(np.array([2, 3]), cells), plan).columns["persons"].tolist()
    [2.0]
    """
    groups = group_rows(rows.household.codes)
    ids = np.append(rows.household.words, "")[rows.household.codes[groups.first]]
    homes = Households(ids=ids, numbers=rows.numbers[groups.first])
    work = _Work(rows, plan, groups, homes)
    homes.problems.extend(_wrong_groups(work))
    for area, cells in rows.areas.items():
        codes = _same(cells.codes.astype(np.float64), area, work)
        homes.areas[area] = (codes.astype(np.int64), cells.words)
    _fold_persons(work)
    for code, values in rows.columns.items():
        if code in VILLAGE_COLUMNS:
            homes.columns[code] = groups.reduce(np.fmax, values)
        elif code != "persons":
            homes.columns[code] = _folded(code, values, work)
    for term, entries in plan.guarantees:
        homes.deprived[term.code] = _fold_guarantee(term.code, entries, work)
    if rows.stated_income is not None:
        homes.stated_income = groups.reduce(np.fmax, rows.stated_income)
    _settle(plan, homes)
    return homes


def _wrong_groups(work: _Work) -> Iterator[Problem]:
    """Yield duplicates, and households without one head."""
    rows, plan, groups = work.rows, work.plan, work.groups
    if plan.grain == "household":
        twice = (groups.sizes > 1) & work.known
        if twice.any():
            where = " + ".join(plan.household.from_) if plan.household is not None else "household"
            mend = "one row per household; a file of persons needs 与户主关系 or 人编号"
            at = row_numbers(rows.numbers, twice[groups.of_row])
            yield Problem(where, "household number stands more than once", work.ids(twice), "once", mend, at)
        return
    if rows.person_no is not None:
        key = groups.of_row * (len(rows.person_no.words) + 1) + rows.person_no.codes
        _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        again = (counts[inverse] > 1) & (rows.person_no.codes >= 0) & work.known[groups.of_row]
        if again.any():
            what, mend = "person number stands more than once in a household", "drop repeated rows"
            at = row_numbers(rows.numbers, again)
            yield Problem(plan.roles["person_no"], what, allowed="once", mend=mend, rows=at)
    yield from _wrong_heads(work)


def _wrong_heads(work: _Work) -> Iterator[Problem]:
    rows, groups = work.rows, work.groups
    if rows.is_head is None:
        return
    heads = groups.reduce(np.add, rows.is_head.astype(np.int64))
    for wrong, what in ((heads == 0, "members without a head"), (heads > 1, "more than one head")):
        wrong &= work.known
        if wrong.any():
            # Where there are two heads only their rows are shown, else all rows of the household.
            mask = wrong[groups.of_row] & (rows.is_head | (heads == 0)[groups.of_row])
            allowed, mend = "one 户主 per household", "correct 与户主关系 or 户编号"
            at = row_numbers(rows.numbers, mask)
            yield Problem(work.plan.roles["relation"], what, work.ids(wrong), allowed, mend, at)


def _same(values: Floats, code: str, work: _Work) -> Floats:
    """Return the value all rows of a household share; blanks take the household's own, other values are a problem."""
    groups, plan = work.groups, work.plan
    blank = np.where(values < 0, np.nan, values) if code in AREAS else values
    low, high = groups.reduce(np.fmin, blank), groups.reduce(np.fmax, blank)
    differs = (low < high) & work.known
    if differs.any() and plan.grain == "person":
        first = blank[groups.first]
        wanted = np.where(np.isnan(first), low, first)[groups.of_row]
        mask = differs[groups.of_row] & (blank != wanted) & ~np.isnan(blank)
        where = plan.areas[code].from_[0] if code in AREAS else plan.label(code)
        mend, at = "give all members the value of the household", row_numbers(work.rows.numbers, mask)
        what = "differs within a household"
        work.homes.problems.append(Problem(where, what, work.ids(differs), "one value", mend, at))
    return np.where(np.isnan(low), -1.0, low) if code in AREAS else low


def _fold_persons(work: _Work) -> None:
    """Set persons: rows of a household, the column that says so, or one where sizes are declared absent."""
    plan, homes = work.plan, work.homes
    counted = work.groups.sizes.astype(np.float64)
    if "persons" not in work.rows.columns:
        homes.columns["persons"] = counted if plan.grain == "person" else np.ones(counted.size)
        return
    stated = _same(work.rows.columns["persons"], "persons", work)
    if plan.grain == "person":
        differs = (stated != counted) & ~np.isnan(stated) & work.known
        if differs.any():
            pairs = zip(stated[differs][:5], counted[differs][:5], strict=True)
            found = ", ".join(f"{said:.0f} said and {seen:.0f} rows" for said, seen in pairs)
            what, mend = "persons disagree with the rows of the household", "add the members or correct the number"
            at = row_numbers(homes.numbers, differs)
            homes.problems.append(Problem(plan.label("persons"), what, found, "as many as rows", mend, at))
        stated = counted
    homes.columns["persons"] = _filled("persons", stated, homes.numbers, work)


def _folded(code: str, values: Floats, work: _Work) -> Floats:
    how = work.plan.columns[code].fold or "same"
    if how == "same":
        return _filled(code, _same(values, code, work), work.homes.numbers, work)
    filled = _filled(code, values, work.rows.numbers, work)
    return work.groups.reduce(np.add if how == "sum" else np.fmax, filled)


def _filled(code: str, values: Floats, numbers: Ints, work: _Work) -> Floats:
    """Apply the policy for blanks and count its uses; the median waits until categories are known."""
    blank, entry = np.isnan(values), work.plan.columns[code]
    if not blank.any():
        return values
    policy = entry.missing or POLICIES.get(code, "zero")
    if code == "status" and entry.missing is None and work.plan.mapping.coverage == "registered":
        # Whoever stands in a register of registered households is registered, not 'never registered'.
        policy = "registered"
    if policy == "refuse":
        mend, where = "fill the cells, or declare another policy in a mapping", work.plan.label(code)
        work.homes.problems.append(Problem(where, "missing value", mend=mend, rows=row_numbers(numbers, blank)))
        return values
    work.homes.missing[code] = {"policy": policy, "count": int(blank.sum())}
    if policy == "median":
        return values
    return np.where(blank, float(Status.registered) if policy == "registered" else 0.0, values)


def _fold_guarantee(code: str, entries: tuple[ColumnMap, ...], work: _Work) -> NDArray[np.bool_]:
    """Return where a guarantee is not met: one of its headings says so; households that say nothing are counted."""
    homes, rows = work.homes, work.rows
    result, told = np.zeros(homes.ids.size, dtype=bool), np.zeros(homes.ids.size, dtype=bool)
    for entry, values in zip(entries, rows.guarantees.get(code, []), strict=True):
        where = entry.from_[0] if entry.from_ else code
        any_member = (entry.fold or "any") == "any"
        folded = work.groups.reduce(np.fmax, values) if any_member else _same(values, where, work)
        told |= ~np.isnan(folded)
        result |= folded > 0
        if entry.missing == "refuse" and np.isnan(values).any():
            mend = "fill the cells, or declare `missing: zero` in the mapping"
            at = row_numbers(rows.numbers, np.isnan(values))
            homes.problems.append(Problem(where, "missing value", mend=mend, rows=at))
    if not told.all():
        homes.missing[f"deprived.{code}"] = {"policy": "zero", "count": int((~told).sum())}
    return result


def _settle(plan: Plan, homes: Households) -> None:
    """Fill medians, turn money per head into the household's, add absent columns, compare columns."""
    for column in REGISTER_COLUMNS:
        if column.code not in homes.columns:
            homes.columns[column.code] = np.full(homes.ids.size, 1.0 if column.code == "weight" else 0.0)
            _absent(column.code, plan, homes)
    for code, values in homes.columns.items():
        if homes.missing.get(code, {}).get("policy") == "median":
            homes.columns[code] = _with_medians(values, homes.columns["category"])
    for code, entry in plan.columns.items():
        if entry.per_head and code not in VILLAGE_COLUMNS:
            homes.columns[code] = homes.columns[code] * homes.columns["persons"]
    within = homes.columns["pension"] + homes.columns["dibao"]
    if "transfer" in homes.missing:
        homes.columns["transfer"] = np.fmax(homes.columns["transfer"], within)
    homes.problems.extend(_contradictions(plan, homes, within))


def _absent(code: str, plan: Plan, homes: Households) -> None:
    """Say what stands where the file has no such column."""
    if code in {"weight", "synthetic"} or (code in PARTS_OF_INCOME and plan.income_detail == "total"):
        return
    policy, count = "zero", homes.ids.size
    if code == "housing_area":
        # A dwelling of no area would be a claim, and without a single value there is no median either.
        homes.columns[code] = np.full(count, np.nan)
        policy = "unknown"
    elif code == "cause":
        policy = "unknown"
    elif code == "status" and plan.mapping.coverage == "registered":
        homes.columns[code] = np.full(count, float(Status.registered))
        policy = "registered"
    homes.missing[code] = {"policy": policy, "count": count}


def _with_medians(values: Floats, category: Floats) -> Floats:
    """Fill blanks with the median of the category, or of all where a category has none."""
    blank = np.isnan(values)
    if blank.all():
        return values
    filled = np.where(blank, np.median(values[~blank]), values)
    for code in np.unique(category[blank]):
        known = ~blank & (category == code)
        if known.any():
            filled[blank & (category == code)] = np.median(values[known])
    return filled


def _contradictions(plan: Plan, homes: Households, within: Floats) -> Iterator[Problem]:
    persons = homes.columns["persons"]
    for code in COUNTS_OF_MEMBERS:
        over = homes.columns[code] > persons
        if over.any() and plan.mapping.unit_of_persons == "persons":
            pairs = zip(homes.columns[code][over][:5], persons[over][:5], strict=True)
            found = ", ".join(f"{part:.0f} of {whole:.0f}" for part, whole in pairs)
            what, at = "more than the persons of the household", row_numbers(homes.numbers, over)
            yield Problem(plan.label(code), what, found, "at most the persons of the household", rows=at)
    # A cent of slack: the parts were rounded one by one.
    over = within > homes.columns["transfer"] + 0.01
    if over.any() and plan.income_detail == "by_source":
        pairs = zip(within[over][:5], homes.columns["transfer"][over][:5], strict=True)
        found = ", ".join(f"{part:.2f} within {whole:.2f}" for part, whole in pairs)
        what, allowed = "pensions and dibao are more than all transfers", "pension + dibao at most transfer"
        mend, at = "enter 转移性收入 with all its items", row_numbers(homes.numbers, over)
        yield Problem(plan.label("transfer"), what, found, allowed, mend, at)
