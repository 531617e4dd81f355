"""Who is excluded by which rules of households: rules, patterns of rules, and pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.views.parts import Column, Table
from povsim.views.vetoes_asked import Asked
from povsim.views.vetoes_counts import count_digits, share_digits
from povsim.views.vetoes_patterns import HOUSEHOLDS, PERSONS, persons_by_pattern

Array = npt.NDArray[Any]
MEASURES = ("any_hit", "sole_blocker", "shapley")
MOST_PATTERNS = 12
"""Patterns that a chart shows; the rest is one bar."""


def rules_table(asked: Asked) -> Table:
    """Return what each rule excludes, alone and together, in persons and households; means over the draws."""
    say, found = asked.say, asked.found
    mean = {name: found[name].mean(axis=1) for name in MEASURES}
    total = float(mean["shapley"][PERSONS].sum())
    columns = [Column("rule", say("column.rule"))]
    columns += [Column(f"{name}_persons", say(f"column.{name}.persons"), "count") for name in MEASURES]
    parts = mean["shapley"][PERSONS] / total if total > 0 else np.full(len(asked.codes), np.nan)
    columns.append(Column("part", say("column.part"), "percent", share_digits(parts[parts > 0].tolist())))
    columns += [Column(f"{name}_households", say(f"column.{name}.households"), "count") for name in MEASURES[:2]]
    rows = []
    for place, (code, name) in enumerate(zip(asked.codes, asked.names, strict=True)):
        row: dict[str, Any] = {"_key": code, "rule": name}
        for measure in MEASURES:
            for count, which in (("persons", PERSONS), ("households", HOUSEHOLDS)):
                row[f"{measure}_{count}"] = float(mean[measure][which, place])
        row["part"] = float(parts[place]) if total > 0 else None
        rows.append(row)
    return Table("veto_rules", say("table.rules"), columns, rows, say("table.rules.note"))


@dataclass(frozen=True, eq=False)
class Pattern:
    """Persons and households who fail exactly these rules; the last one may stand for all patterns that are rarer.

    ``rules`` holds places of rules; ``rest`` says how many patterns it stands for (0: it is one).
    """

    rules: tuple[int, ...]
    persons: float
    households: float
    rest: int = 0


def patterns(asked: Asked, most: int | None = None) -> list[Pattern]:
    """Return the patterns of failed rules, most persons first; beyond ``most`` of them the others are one."""
    kept, sums = persons_by_pattern(asked.part, asked.year, asked.off)
    found = [
        Pattern(_places(pattern), float(row[1]), float(row[0]))
        for pattern, row in zip(kept, sums, strict=True)
        if pattern != 0
    ]
    if most is None or len(found) <= most:
        return found
    others = found[most:]
    rest = Pattern((), sum(one.persons for one in others), sum(one.households for one in others), len(others))
    return [*found[:most], rest]


def _places(pattern: np.uint64) -> tuple[int, ...]:
    bits = int(pattern)
    return tuple(place for place in range(bits.bit_length()) if bits >> place & 1)


def pattern_name(asked: Asked, pattern: Pattern) -> str:
    """Return the rules of a pattern by name."""
    if pattern.rest:
        return asked.say("pattern.rest", number=pattern.rest)
    return asked.say("pattern.and").join(asked.names[place] for place in pattern.rules)


def patterns_table(asked: Asked) -> Table:
    """Return all patterns with their numbers."""
    say = asked.say
    found = patterns(asked)
    total = sum(one.persons for one in found)
    columns = [
        Column("pattern", say("column.pattern")),
        Column("rules", say("column.rules"), "count"),
        Column("persons", say("column.persons"), "count"),
        Column("households", say("column.households"), "count"),
        Column("part", say("column.part"), "percent", share_digits((one.persons / total for one in found), 2)),
    ]
    rows = [
        {
            "pattern": pattern_name(asked, one), "rules": len(one.rules), "persons": one.persons,
            "households": one.households, "part": one.persons / total if total else None,
        }
        for one in found
    ]  # fmt: skip
    return Table("veto_patterns", say("table.patterns"), columns, rows, say("table.patterns.note"))


def pairs_table(asked: Asked) -> Table:
    """Return pairs of rules: persons whom both hold back, and their overlap."""
    say = asked.say
    both, overlap = (asked.found[name][PERSONS] for name in ("both", "overlap"))
    places = [(a, b) for a in range(len(asked.codes)) for b in range(a + 1, len(asked.codes)) if both[a, b] > 0]
    places.sort(key=lambda place: overlap[place])
    rows: list[dict[str, Any]] = [
        {"rule": asked.names[a], "other": asked.names[b], "both": float(both[a, b]), "overlap": float(overlap[a, b])}
        for a, b in places
    ]
    digits = {name: count_digits(row[name] for row in rows) for name in ("both", "overlap")}
    columns = [
        Column("rule", say("column.rule")),
        Column("other", say("column.other")),
        Column("both", say("column.both"), "number", digits["both"]),
        Column("overlap", say("column.overlap"), "signed", digits["overlap"]),
    ]
    return Table("veto_pairs", say("table.pairs"), columns, rows, say("table.pairs.note"))


def nothing_held(asked: Asked) -> str:
    """Return why charts of the held back have nothing to draw; "" where somebody fails a rule that is in force."""
    if asked.found["excluded"][PERSONS].any():
        return ""
    off = bool(asked.codes) and all(code in asked.off for code in asked.codes)
    return asked.say("empty.off" if off else "empty.nobody")


def nothing_paired(asked: Asked) -> str:
    """Return why there are no pairs of rules to draw; "" where two rules hold somebody back together."""
    both = asked.found["both"][PERSONS]
    apart = ~np.eye(len(asked.codes), dtype=bool)
    return nothing_held(asked) or ("" if both[apart].any() else asked.say("empty.pairs"))
