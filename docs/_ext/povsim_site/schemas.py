"""References written from the schemas: every key with its type, unit, range and meaning in both languages."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from povsim.quantity import Quantity, Rule, Spread
from povsim.rulebook import Meaning, Named
from povsim_site.tables import cell, table

PLAIN: dict[object, str] = {bool: "true, false", int: "whole number", float: "number", str: "text"}
SPREADS = get_args(get_args(Spread)[0])
"""The laws a figure may be drawn from."""
SHARED = ("name_zh", "name_en")
"""Keys of so many entries that tables leave them out; the pages say so once."""
MOST_NAMED = 4
"""Types that a cell of a table names one by one."""


@cache
def meanings() -> dict[str, tuple[str, str]]:
    """Return what keys without a Meaning mean: English and Chinese, by ``Class.key`` or ``*.key``."""
    written = yaml.safe_load((Path(__file__).parent / "meanings.yaml").read_text(encoding="utf-8"))
    return {key: (english, chinese) for key, (english, chinese) in written.items()}


def schema_classes(root: type[BaseModel]) -> list[type[BaseModel]]:
    """Return the classes of a schema, bases before those that build on them, in the order in which keys name them.

    Examples
    --------
    >>> from povsim.scenario import Scenario
    >>> [one.__name__ for one in schema_classes(Scenario)][:3]
    ['Scenario', 'Population', 'Incomes']
    """
    found: list[type[BaseModel]] = []
    _collect(root, found)
    return found


def _collect(annotation: object, found: list[type[BaseModel]]) -> None:
    model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    if model and annotation is not Quantity and annotation not in found:
        _collect_class(annotation, found)
    for part in get_args(annotation):
        _collect(part, found)


def _collect_class(model: type[BaseModel], found: list[type[BaseModel]]) -> None:
    bases = [base for base in model.__mro__[1:] if _has_section(base)]
    found += [one for one in (*reversed(bases), model) if one not in found]
    for one in (model, *bases):
        for name in own_keys(one):
            _collect(one.model_fields[name].annotation, found)


def _has_section(base: type) -> bool:
    return isinstance(base, type) and issubclass(base, Rule) and base not in (Rule, Named) and bool(own_keys(base))


def own_keys(model: type[BaseModel]) -> list[str]:
    """Return the keys that a class declares itself, in its order."""
    declared = inspect.get_annotations(model)
    return [name for name in model.model_fields if name in declared and name not in SHARED]


def meaning_of(field: FieldInfo) -> Meaning | None:
    """Return the Meaning a field carries, if any."""
    within = (part for item in get_args(field.annotation) for part in getattr(item, "__metadata__", ()))
    return next((item for item in (*field.metadata, *within) if isinstance(item, Meaning)), None)


def words_of(model: type[BaseModel], name: str) -> tuple[str, str]:
    """Return what a key means, English and Chinese.

    Raises
    ------
    KeyError
        Neither the schema nor ``meanings.yaml`` says it.

    Examples
    --------
    >>> from povsim.beliefs import Illness
    >>> words_of(Illness, "hazard")
    ('share of persons who fall ill in a year', '患病率')
    """
    found = meaning_of(model.model_fields[name])
    if found is not None:
        return found.en, found.zh
    keys = [f"{base.__name__}.{name}" for base in model.__mro__] + [f"*.{name}"]
    for key in keys:
        if key in meanings():
            return meanings()[key]
    raise KeyError(f"{keys[0]}: docs/_ext/povsim_site/meanings.yaml does not say what it means")


def type_of(annotation: Any, prefix: str) -> str:
    """Return the type of a key in words, with links to the sections of other entries.

    Examples
    --------
    >>> type_of(tuple[int, ...], "scenario"), type_of(bool | None, "scenario")
    ('list of whole number', 'true, false')
    """
    if annotation in PLAIN:
        return PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        figure = annotation is Quantity
        return f"[figure](#{prefix}-figure)" if figure else f"[{annotation.__name__}](#{anchor(annotation, prefix)})"
    if hasattr(annotation, "__metadata__"):
        return type_of(get_args(annotation)[0], prefix)
    return _composed(get_origin(annotation), get_args(annotation), prefix)


def _composed(origin: Any, parts: tuple[Any, ...], prefix: str) -> str:
    if origin is Literal:
        return ", ".join(f"`{'true' if part is True else part}`" for part in parts)
    inner = [type_of(part, prefix) for part in parts if part not in (type(None), Ellipsis)]
    if origin is tuple:
        return f"list of {inner[0]}" if Ellipsis in parts else ", ".join(inner)
    if origin is dict:
        return f"by {'name' if parts[0] is str else inner[0]}: {inner[1]}"
    several = list(dict.fromkeys(inner))
    if len(several) > MOST_NAMED:
        return f"one of {len(several)} types, {several[0]} to {several[-1]}"
    return " or ".join(several)


def anchor(model: type[BaseModel], prefix: str) -> str:
    """Return the name of a class's section."""
    return f"{prefix}-{model.__name__.lower()}"


def range_of(field: FieldInfo) -> str:
    """Return the range that a figure or a number may lie in.

    Examples
    --------
    >>> from povsim.beliefs import Illness
    >>> range_of(Illness.model_fields["hazard"]), range_of(Illness.model_fields["cost"])
    ('0 to 1', 'from 0')
    """
    found = meaning_of(field)
    low, high = (found.low, found.high) if found else (-math.inf, math.inf)
    metadata = [*field.metadata]
    for part in (field.annotation, *get_args(field.annotation)):
        metadata += [item for inner in getattr(part, "__metadata__", ()) for item in getattr(inner, "metadata", ())]
    above = ""
    for item in metadata:
        low = max(low, getattr(item, "ge", low))
        high = min(high, getattr(item, "le", high))
        above = f"above {item.gt:g}" if hasattr(item, "gt") else above
    if above or (math.isinf(low) and math.isinf(high)):
        return above
    if math.isinf(high):
        return f"from {low:g}"
    return f"up to {high:g}" if math.isinf(low) else f"{low:g} to {high:g}"


def default_of(field: FieldInfo) -> str:
    """Return what holds where a key is left out: ``required`` where it may not be."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, BaseModel):
        return "as below"
    if value in ("", (), {}):
        return "empty"
    return f"`{', '.join(map(str, value)) if isinstance(value, tuple) else value}`"


def schema_page(root: type[BaseModel], prefix: str) -> str:
    """Return the reference of a schema as MyST text, a section for each kind of entry."""
    return "\n".join(line for model in schema_classes(root) for line in _section(model, prefix))


def _section(model: type[BaseModel], prefix: str) -> Iterator[str]:
    yield from (f"({anchor(model, prefix)})=", f"## {_title(model)}", "", _summary(model), "")
    above = [base for base in model.__mro__[1:] if _has_section(base)]
    if above:
        links = ", ".join(f"[{base.__name__}](#{anchor(base, prefix)})" for base in above)
        yield from (f"Besides its own keys it states those of {links}.", "")
    rows = [_row(model, name, prefix) for name in own_keys(model)]
    if rows:
        yield from table(("key", "type", "unit, range", "if left out", "meaning", "含义"), rows)
    yield ""


def _title(model: type[BaseModel]) -> str:
    kind = model.model_fields.get("type")
    names = get_args(kind.annotation) if kind is not None and get_origin(kind.annotation) is Literal else ()
    return f"{model.__name__} ({names[0]})" if len(names) == 1 else model.__name__


def _summary(model: type[BaseModel]) -> str:
    """Return what the class says of itself, without sections of parameters and examples."""
    text = typing.cast(str, model.__doc__ or "")
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    kept = []
    for part in paragraphs:
        if "-----" in part:
            break
        kept.append(part.replace("``", "`"))
    return "\n\n".join(kept)


def _row(model: type[BaseModel], name: str, prefix: str) -> list[str]:
    field = model.model_fields[name]
    found = meaning_of(field)
    english, chinese = words_of(model, name)
    kind = type_of(field.annotation, prefix)
    limits = ", ".join(part for part in (found.unit if found else "", range_of(field)) if part)
    return [f"`{name}`", kind, limits, default_of(field), cell(english), cell(chinese)]


def figure_section(prefix: str) -> str:
    """Return the section on figures: what each states, and the laws it may be drawn from."""
    rows = [[f"`{law.model_fields['type'].annotation.__args__[0]}`", _laws_keys(law), _summary(law)] for law in SPREADS]
    lines = [f"({prefix}-figure)=", "## Figures", "", _summary(Quantity), ""]
    keys = (
        ("`value`", "number, or a dated path such as `{2016: 2952, 2017: 3200}`; a path holds until its next date"),
        ("`unit`", "the one unit that the tables below name; amounts in the currency of the scenario"),
        ("`source`", "publication or reasoning"),
        ("`status`", "`documented`, `estimated` or `assumed`"),
        ("`note`", "anything a reader has to know; may be left out"),
        ("`spread`", "law of the value from draw to draw; may be left out"),
    )
    lines += [*table(("key", "meaning"), [list(row) for row in keys]), ""]
    lines += [*table(("spread, `type`", "keys", "meaning"), rows), ""]
    return "\n".join(lines)


def _laws_keys(law: type[BaseModel]) -> str:
    return ", ".join(f"`{name}`" for name in law.model_fields if name != "type")
