"""What plans rest on, as rows: figures with source and status, other settings, the documents of scorecards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from povsim.assumptions import assumptions, plain_value
from povsim.quantity import Quantity
from povsim.scenario import Scenario

FIGURE = {"value", "unit", "source", "status"}
"""What an entry has that is a figure."""
UNTOLD = ("code", "name_zh", "name_en", "base", "margins", "mapping")
"""Names of things and places of files: they differ between any two runs and change nothing."""


def parameters(plan: Scenario, place: int) -> Iterator[dict[str, Any]]:
    """Yield every figure of a plan and its population, then every other setting.

    Parameters
    ----------
    plan : Scenario
        The plan.
    place : int
        Position of the plan in its run.

    Yields
    ------
    dict
        ``plan``, ``path``, ``zh``, ``en`` (meaning), ``value``, ``spread``, ``unit``, ``status``, ``source``, ``note``,
        all but the first as text; without a status where it is a setting and no figure.
    """
    for row in assumptions(plan):
        entry = row.entry
        yield {
            "plan": place, "path": row.path, "zh": row.zh, "en": row.en, "value": plain_value(entry),
            "spread": _spread(entry), "unit": entry.unit, "status": entry.status, "source": entry.source,
            "note": entry.note,
        }  # fmt: skip
    empty = dict.fromkeys(("spread", "unit", "status", "source", "note"), "")
    for path, value, owner in settings_of(plan.model_dump(mode="json", by_alias=True)):
        yield {"plan": place, "path": path, "zh": owner[0], "en": owner[1], "value": value, **empty}


def _spread(entry: Quantity) -> str:
    if entry.spread is None:
        return ""
    told = entry.spread.model_dump()
    return f"{told.pop('type')} " + ", ".join(f"{key} {value:g}" for key, value in told.items())


Owner = tuple[str, str]
"""Names, in Chinese and English, of the measure, test or the like that a setting belongs to; empty without one."""


def settings_of(tree: Any, path: str = "", owner: Owner = ("", "")) -> Iterator[tuple[str, str, Owner]]:
    """Yield path, value as text, and owner of what is set in a plan and is no figure.

    Examples
    --------
    >>> measures = {"jobs": {"name_zh": "岗位", "name_en": "jobs", "active": True, "for": ["poor", "dibao"]}}
    >>> for row in settings_of({"measures": measures}):
    ...     print(row)
    ('measures.jobs.active', 'true', ('岗位', 'jobs'))
    ('measures.jobs.for', 'poor; dibao', ('岗位', 'jobs'))
    """
    if isinstance(tree, dict):
        yield from _of_mapping(tree, path, owner)
    elif isinstance(tree, list) and any(isinstance(item, (dict, list)) for item in tree):
        for position, item in enumerate(tree):
            key = item.get("code", position) if isinstance(item, dict) else position
            yield from settings_of(item, f"{path}.{key}", owner)
    elif isinstance(tree, list):
        yield path, "; ".join(_text(item) for item in tree), owner
    else:
        yield path, _text(tree), owner


def _of_mapping(tree: dict[str, Any], path: str, owner: Owner) -> Iterator[tuple[str, str, Owner]]:
    if set(tree) >= FIGURE:
        return
    # the plan as a whole owns nothing: its name would stand before every setting
    named = bool(path) and bool(tree.get("name_zh"))
    mine = (str(tree["name_zh"]), str(tree.get("name_en") or tree["name_zh"])) if named else owner
    for key, inside in tree.items():
        if key not in UNTOLD:
            yield from settings_of(inside, f"{path}.{key}" if path else str(key), mine)


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def documents() -> Iterator[dict[str, Any]]:
    """Yield the scorecards that ship: names, level, points, how much of each is documented, and the document."""
    from povsim.scoring.scorecard import figures_of, read_scorecard, shipped_scorecards

    for name in shipped_scorecards():
        card = read_scorecard(name)
        known = [status for *_, status in figures_of(card)]
        yield {
            "code": card.code, "zh": card.label("zh"), "en": card.label("en"), "level": card.level,
            "points": float(card.scorecard.total_points), "document": card.scorecard.document,
            "note_zh": card.scorecard.note_zh, "note_en": card.scorecard.note_en or card.scorecard.note_zh,
            **{status: known.count(status) for status in ("documented", "estimated", "assumed")},
        }  # fmt: skip
