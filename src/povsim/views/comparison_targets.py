"""Targets met by year under each plan, and what the plans are set to differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from povsim import figures
from povsim.terms import Language
from povsim.views.comparison_due import targets_of
from povsim.views.comparison_plans import Plan, names, texts
from povsim.views.comparison_settings import meaning, value
from povsim.views.parts import Column, Table

FIGURE = ("path", "zh", "en", "value", "spread", "unit", "status", "source", "note")


def targets_table(plans: Sequence[Plan], lang: Language) -> Table:
    """Return the probability of each target under each plan, by year; empty where none is due.

    Parameters
    ----------
    plans : sequence of Plan
        The plans.
    lang : {"zh", "en"}
        Language.

    Returns
    -------
    Table
        Shares of the draws that the plans are compared on, as the big numbers count them.
    """
    say, years, called = texts(lang), plans[0].years, names(plans, lang)
    rows: dict[tuple[tuple[str, str], int], dict[str, Any]] = {}
    for place, (plan, name) in enumerate(zip(plans, called, strict=True)):
        for told in targets_of(plan):
            key = ((told.target, told.unit), place)
            head = {"_key": f"{'/'.join(filter(None, key[0]))}/{place}", "target": told.name(lang), "plan": name}
            row = rows.setdefault(key, {**head, "required": []})
            row["required"].append((told.year, told.required(lang)))
            row[str(told.year)] = told.probability
    order = list(dict.fromkeys(target for target, _ in rows))
    kept = sorted(rows, key=lambda key: (order.index(key[0]), key[1]))
    told_rows = [{**rows[key], "required": _together(rows[key]["required"])} for key in kept]
    columns = [Column("target", say("vs.column.target")), Column("plan", say("vs.column.plan"))]
    columns += [Column(str(year), str(year), "percent") for year in years]
    columns.append(Column("required", say("vs.column.required")))
    note = say("vs.targets.note", draws=_draws(plans, called, lang))
    return Table("compare_targets", say("vs.targets.title"), columns, told_rows, note)


def _draws(plans: Sequence[Plan], called: Sequence[str], lang: Language) -> str:
    """Say how many draws count: one number, or one a plan where they differ."""
    say, counts = texts(lang), [plan.draws.size for plan in plans]
    if len(set(counts)) == 1:
        return say("vs.targets.draws", draws=counts[0])
    each = [say("vs.targets.draws_of", plan=name, draws=count) for name, count in zip(called, counts, strict=True)]
    return say("vs.list").join(each)


def _together(bounds: Sequence[tuple[int, str]]) -> str:
    """Return bounds by year as one text; a bound that stays is told once."""
    said = list(dict.fromkeys(text for _, text in bounds))
    return said[0] if len(said) == 1 else "; ".join(f"{year}: {text}" for year, text in bounds)


def parameter_rows(plan: Plan) -> Iterator[dict[str, str]]:
    """Yield what a plan is set to: figures with their sources, then other settings."""
    mine = plan.arrays["parameter_plan"] == plan.place
    columns = [plan.arrays[f"parameter_{name}"][mine].tolist() for name in FIGURE]
    for values in zip(*columns, strict=True):
        yield dict(zip(FIGURE, values, strict=True))


def changes_table(plans: Sequence[Plan], lang: Language) -> Table:
    """Return what is set differently in any of the plans.

    Parameters
    ----------
    plans : sequence of Plan
        The plans.
    lang : {"zh", "en"}
        Language.

    Returns
    -------
    Table
        One row an entry: meaning, value in each plan (with the spread where it is drawn), unit, status, source, path.
    """
    say = texts(lang)
    found = [{row["path"]: row for row in parameter_rows(plan)} for plan in plans]
    paths = dict.fromkeys(path for one in found for path in one)
    rows = [_change(path, found, lang) for path in paths if _differs(path, found)]
    columns = [Column("meaning", say("vs.column.meaning"))]
    columns += [Column(f"value{at}", name) for at, name in enumerate(names(plans, lang))]
    # where it stands in the plan's file comes last: it is for who edits that
    columns += [Column(code, say(f"vs.column.{code}")) for code in ("unit", "status", "source", "path")]
    note = say("vs.changes.note" if rows else "vs.changes.none")
    return Table("compare_changes", say("vs.changes.title", count=len(rows)), columns, rows, note)


def _differs(path: str, found: Sequence[dict[str, dict[str, str]]]) -> bool:
    told = [one[path] for one in found if path in one]
    return len(told) < len(found) or len({(row["value"], row["spread"]) for row in told}) > 1


def _change(path: str, found: Sequence[dict[str, dict[str, str]]], lang: Language) -> dict[str, str]:
    say = texts(lang)
    # what one plan leaves unset and another gives a figure has its meaning there
    told = max((one[path] for one in found if path in one), key=lambda row: bool(row["status"]))
    row = {"_key": path, "meaning": meaning(told, lang)}
    row |= {f"value{at}": value(one.get(path), lang) for at, one in enumerate(found)}
    status = say(f"status.{told['status']}") if told["status"] else say("vs.setting")
    unit = figures.unit_name(told["unit"], lang) if told["unit"] else ""
    return row | {"unit": unit, "status": status, "source": figures.source_name(told["source"], lang), "path": path}
