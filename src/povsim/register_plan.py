"""From the headings of a file, and a mapping where one is given, to a plan of how each register column is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from povsim.errors import Problem, nearest
from povsim.mapping import AreaMap, ColumnMap, Fold, Mapping, Scalar, VillageMap
from povsim.register_words import (
    DISABLED,
    DROPOUT,
    GUARANTEE_HEADINGS,
    HEADINGS,
    ILL,
    IS_MET,
    IS_PROBLEM,
    MEMBER_HEADINGS,
    PARTS,
    SCHOOL,
    SKILL,
    heading_key,
    heading_stem,
    is_personal,
)
from povsim.terms import GUARANTEES, REGISTER_COLUMNS, Term

AREAS = ("county", "township", "village")
BY_SOURCE = ("wage", "business", "transfer")
"""The sources without which an income by source is no income; the others may be absent and count as zero."""
PARTS_OF_INCOME = (*BY_SOURCE, "production_cost", "property", "pension", "dibao")
NO_MAPPING = Mapping(name_zh="", name_en="", source="", status="documented")
Grain = Literal["household", "person"]

_MONEY_WORDS = {"万元": ("ten thousand ", "year"), "千元": ("thousand ", "year"), "元/月": ("", "month")}
_MEMBER_COLUMNS: dict[str, tuple[str, dict[str, Scalar]]] = {
    "workers": ("skill", SKILL),
    "students": ("school", SCHOOL),
    "ill": ("health", ILL),
    "disabled": ("health", DISABLED),
}


@dataclass(frozen=True)
class Plan:
    """How every column of the register is made; ``None`` or absence means that the file has nothing to say on it."""

    headings: tuple[str, ...]
    mapping: Mapping
    household: ColumnMap | None
    areas: dict[str, AreaMap]
    columns: dict[str, ColumnMap]
    guarantees: tuple[tuple[Term, tuple[ColumnMap, ...]], ...]
    roles: dict[str, str]
    stated_income: ColumnMap | None = None
    problems: tuple[Problem, ...] = field(default=())

    @property
    def grain(self) -> Grain:
        """Whether a row is a household or a person: declared, else a person where members have numbers or relations."""
        if self.mapping.grain is not None:
            return self.mapping.grain
        return "person" if self.roles.keys() & {"relation", "person_no"} else "household"

    @property
    def income_detail(self) -> Literal["by_source", "total"]:
        """Whether incomes come by source or as a total only."""
        return "total" if "income_total" in self.columns else "by_source"

    def position(self, heading: str) -> int:
        """Return the position of a heading in the file, -1 where it has none."""
        keys = [heading_key(known) for known in self.headings]
        key = heading_key(heading)
        return keys.index(key) if key in keys else -1

    def label(self, code: str) -> str:
        """Return the heading a column is made from, for messages."""
        entry = self.columns.get(code)
        return " + ".join(entry.from_) if entry is not None and entry.from_ else code


def is_wanted(heading: str, mapping: Mapping) -> bool:
    """Whether a heading is read: named by the mapping or recognised, and never personal.

    Examples
    --------
    >>> [is_wanted(word, NO_MAPPING) for word in ("人均纯收入（元）", "姓名", "民族")]
    [True, False, False]
    """
    if not heading or is_personal(heading):
        return False
    if heading_key(heading) in {heading_key(name) for name in _mapped_headings(mapping)}:
        return True
    return mapping.headings == "recognised" and bool(_KNOWN & {heading_key(heading), heading_stem(heading)[0]})


def make_plan(headings: tuple[str, ...], mapping: Mapping) -> Plan:
    """Match the headings of a file with what povsim knows and what the mapping says; the mapping goes first.

    Parameters
    ----------
    headings : tuple of str
        As in the file, personal ones included.
    mapping : Mapping
        `NO_MAPPING` where none was given.

    Returns
    -------
    Plan
        With every problem of headings and mapping in ``problems``.

    Examples
    --------
    >>> make_plan(("乡镇", "村", "户编号", "人数", "人均纯收入（元）"), NO_MAPPING).income_detail
    'total'
    """
    found = _recognised(headings) if mapping.headings == "recognised" else {}
    plan = Plan(
        headings=headings,
        mapping=mapping,
        household=mapping.household or _one("household", found),
        areas={area: entry for area in AREAS if (entry := _area(area, mapping, found)) is not None},
        columns={},
        guarantees=(),
        roles={role: found[role] for role in ("person_no", "relation", "year", "months") if role in found},
    )
    columns = {**_known_columns(found, plan.grain), **mapping.columns}
    stated = columns.get("income_total")
    by_source = "income_total" not in mapping.columns and all(code in columns for code in BY_SOURCE)
    # One of the two: a total beside all its sources is only there to be compared with them.
    dropped = {"income_total"} if by_source else set(PARTS_OF_INCOME) if stated is not None else set()
    plan = replace(
        plan,
        columns={code: entry for code, entry in columns.items() if code not in dropped},
        guarantees=_guarantees(mapping, found, plan.grain),
        stated_income=stated if by_source else None,
    )
    return replace(plan, problems=tuple(_plan_problems(plan, found)))


def _mapped_headings(mapping: Mapping) -> Iterator[str]:
    entries: list[ColumnMap | AreaMap | None] = [mapping.household, mapping.village, mapping.township, mapping.county]
    for entry in [*entries, *mapping.columns.values(), *(mapping.guarantees or ())]:
        yield from entry.from_ if entry is not None else ()


def _recognised(headings: tuple[str, ...]) -> dict[str, str]:
    """Return role -> heading of the file, the preferred synonym where several are there."""
    keys: dict[str, str] = {}
    for heading in headings:
        if not is_personal(heading):
            keys.setdefault(heading_stem(heading)[0], heading)
            keys.setdefault(heading_key(heading), heading)
    roles = {**HEADINGS, **MEMBER_HEADINGS, **{f"part:{name}": (name,) for part in PARTS.values() for name in part}}
    for code, options in GUARANTEE_HEADINGS.items():
        roles.update({f"{code}:{index}": words for index, (words, _, _) in enumerate(options)})
    found = {}
    for role, words in roles.items():
        hit = next((keys[heading_key(word)] for word in words if heading_key(word) in keys), None)
        if hit is not None:
            found[role] = hit
    return found


def _one(role: str, found: dict[str, str]) -> ColumnMap | None:
    return ColumnMap(from_=(found[role],)) if role in found else None


def _area(area: str, mapping: Mapping, found: dict[str, str]) -> AreaMap | None:
    declared: AreaMap | None = getattr(mapping, area)
    if declared is not None:
        return declared
    kind = VillageMap if area == "village" else AreaMap
    return kind(from_=(found[area],)) if area in found else None


def _known_columns(found: dict[str, str], grain: Grain) -> dict[str, ColumnMap]:
    columns = {}
    for code in (*(column.code for column in REGISTER_COLUMNS), "income_total", *HEADINGS):
        if code in found and code not in _NOT_COLUMNS:
            columns[code] = ColumnMap(from_=(found[code],), unit=_money_unit(code, found[code], "household"))
    if "income_total" not in columns and "income_per_head" in found:
        heading = found["income_per_head"]
        columns["income_total"] = ColumnMap(from_=(heading,), unit=_money_unit("income_total", heading, "head"))
    columns |= _summed_parts(found, columns)
    members = _MEMBER_COLUMNS if grain == "person" else {}
    for code, (role, words) in members.items():
        if role in found:
            columns[code] = ColumnMap(from_=(found[role],), values=words, fold="sum")
    return columns


def _summed_parts(found: dict[str, str], columns: dict[str, ColumnMap]) -> dict[str, ColumnMap]:
    summed: dict[str, ColumnMap] = {}
    for code, names in PARTS.items():
        parts = tuple(found[f"part:{name}"] for name in names if f"part:{name}" in found)
        if code not in columns and parts:
            # 低保金 and 养老保险金 alone would pass for all transfers.
            whole = code == "property" or any(part.startswith("其他") for part in parts)
            unit = _money_unit(code, parts[0], "household")
            summed |= {code: ColumnMap(from_=parts, transform="sum", unit=unit)} if whole else {}
    return summed


def _money_unit(code: str, heading: str, per: str) -> str:
    if code not in {*PARTS_OF_INCOME, "income_total", "collective_income"}:
        return ""
    multiple, every = _MONEY_WORDS.get(heading_stem(heading)[1], ("", "year"))
    return f"{multiple}CNY per {per} and {every}"


def _guarantees(
    mapping: Mapping, found: dict[str, str], grain: Grain
) -> tuple[tuple[Term, tuple[ColumnMap, ...]], ...]:
    if mapping.guarantees is not None:
        return tuple((Term(g.code, g.name_zh, g.name_en), (g,)) for g in mapping.guarantees)
    result = []
    for term in GUARANTEES:
        entries = []
        for index, (_, met, fold) in enumerate(GUARANTEE_HEADINGS[term.code]):
            heading = found.get(f"{term.code}:{index}")
            if heading is not None:
                how: Fold = "any" if fold == "any" else "same"
                entries.append(
                    ColumnMap(from_=(heading,), values=IS_MET if met else IS_PROBLEM, reversed=met, fold=how)
                )
        if term.code == "schooling" and grain == "person" and "school" in found:
            entries.append(ColumnMap(from_=(found["school"],), values=DROPOUT, fold="any"))
        result.append((term, tuple(entries)))
    return tuple(result)


def _plan_problems(plan: Plan, found: dict[str, str]) -> Iterator[Problem]:
    yield from _mapped_problems(plan)
    used = {heading_key(heading) for heading in (*found.values(), *_mapped_headings(plan.mapping))}
    keys = [heading_key(heading) for heading in plan.headings]
    for key in sorted(used):
        if keys.count(key) > 1:
            yield Problem(key, "heading stands more than once", str(keys.count(key)), "once", "rename or drop one")
    missing = _missing(plan)
    if missing:
        seen = ", ".join(heading for heading in plan.headings if heading and not is_personal(heading)) or "none"
        known = ", ".join(sorted(set(found.values()))) or "none"
        example = " ".join(f"{code}: {{from: your heading}}" for code in missing[:2])
        what = f"no heading was recognised for {', '.join(missing)}; recognised were {known}"
        allowed = "; ".join(f"{code}: {', '.join(HEADINGS[code][:4])}" for code in missing if code in HEADINGS)
        yield Problem("headings", what, seen, allowed, f"rename headings or write a mapping file such as `{example}`")


def _mapped_problems(plan: Plan) -> Iterator[Problem]:
    for heading in dict.fromkeys(_mapped_headings(plan.mapping)):
        if is_personal(heading):
            mend = "use a household number such as 户编号"
            yield Problem(f"mapping: {heading}", "is personal data, which is dropped at the door", mend=mend)
        elif plan.position(heading) < 0:
            usable = [known for known in plan.headings if not is_personal(known)]
            yield Problem(
                f"mapping: {heading}", "no such heading", heading, ", ".join(usable), nearest(heading, usable)
            )


def _missing(plan: Plan) -> list[str]:
    """Return what cannot be done without and is neither recognised, mapped nor declared absent."""
    missing = ["household"] if plan.household is None else []
    missing += [area for area in ("township", "village") if area not in plan.areas]
    if plan.grain == "household" and plan.mapping.unit_of_persons == "persons" and "persons" not in plan.columns:
        missing.append("persons")
    if plan.income_detail == "by_source":
        lacking = [code for code in BY_SOURCE if code not in plan.columns]
        # Nothing on income at all: the simplest thing to add is the income per head.
        missing += ["income_per_head"] if len(lacking) == len(BY_SOURCE) else lacking
    return missing


_NOT_COLUMNS = frozenset(
    {"county", "township", "village", "household", "person_no", "relation", "year", "months", "income_per_head"}
)
_KNOWN = frozenset(
    heading_key(word)
    for words in (
        *HEADINGS.values(),
        *MEMBER_HEADINGS.values(),
        *PARTS.values(),
        *(words for options in GUARANTEE_HEADINGS.values() for words, _, _ in options),
    )
    for word in words
)
