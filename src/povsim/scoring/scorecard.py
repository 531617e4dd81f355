"""Scorecards from files: read, checked, listed; a derived one takes the items of another and re-bases their points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from povsim.errors import InputError, Problem, nearest
from povsim.quantity import Quantity, read_yaml, validate
from povsim.scenario import entries, shipped
from povsim.scoring.consistency import slips
from povsim.scoring.schema import Scorecard

FOLDER = "scorecards"


def shipped_scorecards() -> tuple[str, ...]:
    """Return the names of the scorecards that ship with the package.

    Examples
    --------
    >>> "xiangyin-2016" in shipped_scorecards()
    True
    """
    return tuple(sorted(path.stem for path in (shipped("rulebooks") / FOLDER).glob("*.yaml") if "." not in path.stem))


def locate_scorecard(name: str | Path) -> Path:
    """Return the path of a scorecard: a file, or one that ships."""
    places = [Path(name), shipped("rulebooks") / FOLDER / f"{name}.yaml"]
    for place in places:
        if place.is_file():
            return place
    known = shipped_scorecards()
    allowed = "a YAML file, or one of " + ", ".join(known)
    raise InputError(str(name), [Problem("scorecard", "not found", allowed=allowed, mend=nearest(str(name), known))])


def read_scorecard(path_or_name: str | Path) -> Scorecard:
    """Read a scorecard from a file or by the name of a shipped one.

    Parameters
    ----------
    path_or_name : str or Path
        YAML file, or a name out of :func:`shipped_scorecards`.

    Returns
    -------
    Scorecard
        Frozen, with ``.indicators``, ``.groups``, ``.vetoes`` and the other parts.

    Raises
    ------
    InputError
        File not found, or everything that is wrong in it: unknown keys, points that do not sum, band gaps and overlaps,
        targets the wrong way round, two rules for one indicator, names that stand for nothing.

    Examples
    --------
    >>> card = read_scorecard("xiangyin-2016")
    >>> card.indicators[0].code, card.indicators[0].points, len(card.groups)
    ('poverty_reduction_plan', 16.0, 6)
    """
    path = locate_scorecard(path_or_name)
    card = validate(Scorecard, expand_scorecard(path), str(path))
    problems = list(slips(card))
    if problems:
        raise InputError(str(path), problems)
    return card


def expand_scorecard(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return a scorecard's data; of one that is derived, with the items it takes over written in."""
    if path.resolve() in seen:
        raise InputError(str(path), [Problem("derived_from", "the scorecards derive from each other in a circle")])
    data = read_yaml(path)
    head = data.get("scorecard")
    base_name = head.get("derived_from") if isinstance(head, dict) else None
    if not base_name:
        return data
    beside = path.parent / f"{base_name}.yaml"
    base = expand_scorecard(beside if beside.is_file() else locate_scorecard(str(base_name)), (*seen, path.resolve()))
    return _derived(data, base, str(path))


def _derived(data: dict[str, Any], base: dict[str, Any], source: str) -> dict[str, Any]:
    """Take over the items that a level answers for, changed where the file says so, and re-base their points."""
    head = data["scorecard"]
    validate(Scorecard, base, source)
    if not isinstance(head.get("total_points"), (int, float)) or isinstance(head["total_points"], bool):
        raise InputError(
            source, [Problem("scorecard.total_points", "should be a number", repr(head.get("total_points")))]
        )
    changes = {str(item.get("code")): item for item in data.get("indicators") or [] if isinstance(item, dict)}
    kept = [item for item in base["indicators"] if head.get("level") in item.get("levels", ())]
    foreign = set(changes) - {item["code"] for item in kept}
    if foreign or not kept:
        allowed = ", ".join(item["code"] for item in kept) or f"none answers for level {head.get('level')!r}"
        raise InputError(source, [Problem("indicators", "not among the items taken over", ", ".join(foreign), allowed)])
    points = sum(item["points"] for item in kept)
    if points <= 0:
        raise InputError(source, [Problem("indicators", "the items taken over have no points to re-base")])
    factor = float(head["total_points"]) / points
    items = [
        {
            **item,
            "original_points": item.get("original_points", item["points"]),
            "points": item["points"] * factor,
            **changes.get(item["code"], {}),
        }
        for item in kept
    ]
    used = {item.get("group") for item in items}
    groups = [_rebased_group(group, factor) for group in base.get("groups", []) if group["code"] in used]
    return {"groups": groups, "profiles": base.get("profiles", {}), **data, "indicators": items}


def _rebased_group(group: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return a group of a derived scorecard: floor and cap go with the points; its sum may be of fewer items."""
    bounds = {key: group[key] * factor for key in ("cap", "floor") if group.get(key) is not None}
    return {**{key: value for key, value in group.items() if key != "points"}, **bounds}


def figures_of(card: Scorecard) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield what a scorecard rests on: dotted path, figure, unit, source, status, for every number in it."""
    for path, entry, _ in entries(card):
        yield path, _written(entry), entry.unit, entry.source, entry.status
    for item in card.indicators:
        yield f"indicators.{item.code}.points", f"{item.points:g}", "points", item.source, item.status
        rule = item.rule
        numbers = rule.model_dump(exclude={"type", "source", "status"}, exclude_defaults=True)
        text = ", ".join(f"{key} {value}" for key, value in numbers.items())
        yield f"indicators.{item.code}.rule", f"{rule.type} {text}".strip(), item.unit, rule.source, rule.status
    for name in ("vetoes", "triggers", "ladders", "awards", "findings", "provisions"):
        for part in getattr(card, name):
            yield f"{name}.{part.code}", part.name_en, "", part.source, part.status


def _written(entry: Quantity) -> str:
    if isinstance(entry.value, dict):
        return ", ".join(f"{year}: {value:g}" for year, value in sorted(entry.value.items()))
    return f"{entry.value:g}"
