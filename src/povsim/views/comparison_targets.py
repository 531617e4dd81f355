"""Targets met by year under each plan, and what the plans are set to differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from povsim import figures
from povsim.terms import Language
from povsim.views.comparison_plans import Plan, names, targets_of, texts
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
    """
    say, years = texts(lang), plans[0].years
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for place, (plan, name) in enumerate(zip(plans, names(plans, lang), strict=True)):
        for told in targets_of(plan).values():
            key = (told["target_target"], place)
            row = rows.setdefault(
                key, {"_key": f"{key[0]}/{place}", "target": told[f"target_name_{lang}"], "plan": name, "required": []}
            )
            row["required"].append(_required(told, lang))
            row[str(told["target_year"])] = told["target_probability"]
    order = list(dict.fromkeys(code for code, _ in rows))
    kept = sorted(rows, key=lambda key: (order.index(key[0]), key[1]))
    told_rows = [{**rows[key], "required": _together(rows[key]["required"])} for key in kept]
    columns = [Column("target", say("vs.column.target")), Column("plan", say("vs.column.plan"))]
    columns += [Column(str(year), str(year), "percent") for year in years]
    columns.append(Column("required", say("vs.column.required")))
    return Table("compare_targets", say("vs.targets.title"), columns, told_rows, say("vs.targets.note"))


def _required(told: dict[str, Any], lang: Language) -> tuple[int, str]:
    value, unit = told["target_bound"], told["target_units"]
    if unit == "flag":
        return told["target_year"], texts(lang)("vs.target.passes")
    text = figures.percent(value, lang) if unit == "share" else figures.number(value)
    return told["target_year"], texts(lang)(f"comparison.{told['target_comparison']}", value=text)


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
        One row an entry: meaning, path, value in each plan (with the spread where it is drawn), unit, status, source.
    """
    say = texts(lang)
    found = [{row["path"]: row for row in parameter_rows(plan)} for plan in plans]
    paths = dict.fromkeys(path for one in found for path in one)
    rows = [_change(path, found, lang) for path in paths if _differs(path, found)]
    columns = [Column("meaning", say("vs.column.meaning")), Column("path", say("vs.column.path"))]
    columns += [Column(f"value{at}", name) for at, name in enumerate(names(plans, lang))]
    columns += [Column(code, say(f"vs.column.{code}")) for code in ("unit", "status", "source")]
    note = say("vs.changes.note" if rows else "vs.changes.none")
    return Table("compare_changes", say("vs.changes.title", count=len(rows)), columns, rows, note)


def _differs(path: str, found: Sequence[dict[str, dict[str, str]]]) -> bool:
    told = [one[path] for one in found if path in one]
    return len(told) < len(found) or len({(row["value"], row["spread"]) for row in told}) > 1


def _change(path: str, found: Sequence[dict[str, dict[str, str]]], lang: Language) -> dict[str, str]:
    say = texts(lang)
    told = next(one[path] for one in found if path in one)
    row = {"_key": path, "meaning": _meaning(told, lang), "path": path}
    row |= {f"value{at}": _value(one.get(path), lang) for at, one in enumerate(found)}
    status = say(f"status.{told['status']}") if told["status"] else say("vs.setting")
    unit = figures.unit_name(told["unit"], lang) if told["unit"] else ""
    return row | {"unit": unit, "status": status, "source": told["source"]}


def _meaning(row: dict[str, str], lang: Language) -> str:
    """Return what an entry is; a setting by its owner and the last word of its path."""
    if row["status"]:
        return row[lang]
    say, word = texts(lang), row["path"].rpartition(".")[2]
    said = say.find(f"vs.key.{word}") or word
    return f"{row[lang]}{say('colon')}{said}" if row[lang] else say.find(f"vs.key.{word}") or row["path"]


def _value(row: dict[str, str] | None, lang: Language) -> str:
    say = texts(lang)
    if row is None:
        return say("vs.not_set")
    value = row["value"]
    if value in ("true", "false"):
        return say(f"vs.{value}")
    kind, _, rest = row["spread"].partition(" ")
    return say("vs.value.spread", value=value, kind=say(f"vs.spread.{kind}"), rest=rest) if kind else value
