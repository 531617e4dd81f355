"""Numbers that carry their unit and source, and the safe door for every YAML file and every set of entries."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Strict, Tag, ValidationError, model_validator
from scipy.special import ndtri

from povsim.errors import InputError, Problem, nearest

EvidenceStatus = Literal["documented", "estimated", "assumed"]
"""Seen in a publication; computed from published figures or data; our own judgement or another place's figure."""

LARGEST_FILE = 5_000_000
"""Bytes; a larger YAML file is refused unread."""
LARGEST_TREE = 1_000_000
"""Entries of a YAML document once every alias is written out; a small file can stand for billions."""
DEEPEST_NESTING = 64
"""Levels; the C parser overruns the stack on very deep nesting, so depth is checked on the event stream first."""

Finite = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""A finite number; text and true/false are not numbers here."""
PositiveNumber = Annotated[Finite, Field(gt=0)]
Year = Annotated[int, Field(ge=1900, le=2200)]
M = TypeVar("M", bound=BaseModel)


class Rule(BaseModel):
    """Base of every entry of a file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Normal(Rule):
    """Normal spread around the value, sd in the unit of the value."""

    type: Literal["normal"]
    sd: PositiveNumber


class Lognormal(Rule):
    """Lognormal factor with median one, sd of the logarithm."""

    type: Literal["lognormal"]
    sd: PositiveNumber


class Uniform(Rule):
    """Anything between two bounds, equally likely."""

    type: Literal["uniform"]
    low: Finite
    high: Finite


class Triangular(Rule):
    """Between two bounds with the mode at the value."""

    type: Literal["triangular"]
    low: Finite
    high: Finite


Spread = Annotated[Normal | Lognormal | Uniform | Triangular, Field(discriminator="type")]


def _branch(value: object) -> str | None:
    if isinstance(value, Mapping):
        return "path"
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else None


NumberOrPath = Annotated[
    Annotated[Finite, Tag("number")] | Annotated[dict[Year, Finite], Tag("path")],
    Discriminator(
        _branch,
        custom_error_type="number_or_path",
        custom_error_message="should be a number, or a dated path such as {2016: 2952}",
    ),
]


class Quantity(Rule):
    """A number with its unit, its source and how well it is known.

    Parameters
    ----------
    value : float or dict of int to float
        One number, or a dated path (year -> value).
    unit : str
        Unit, for example ``yuan per head and year``; ``share`` for shares 0-1.
    source : str
        Publication or reasoning the number comes from.
    status : {"documented", "estimated", "assumed"}
        How well it is known.
    note : str
        Anything a reader has to know.
    spread : Spread, optional
        Distribution of the value from draw to draw. ``low`` and ``high`` are bounds of the value itself; for a dated
        path they are bounds of one common shift of the whole path, as ``normal`` is; ``lognormal`` is a common factor.

    Examples
    --------
    >>> line = Quantity(value={2015: 2855, 2016: 2952}, unit="yuan", source="national line", status="documented")
    >>> line.at(2015), line.at(2018), line.at(2010)
    (2855.0, 2952.0, 2855.0)
    """

    value: NumberOrPath
    unit: str
    source: Annotated[str, Field(min_length=1)]
    status: EvidenceStatus
    note: str = ""
    spread: Spread | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Quantity:
        if isinstance(self.value, dict) and not self.value:
            raise ValueError("the dated path is empty; give at least one year")
        if isinstance(self.spread, (Uniform, Triangular)):
            low, high = self.spread.low, self.spread.high
            centre, what = (0.0, "a shift of zero") if isinstance(self.value, dict) else (self.value, "the value")
            if not (low < high and low <= centre <= high):
                raise ValueError(f"the spread should run from low to high and hold {what}; found {low:g} to {high:g}")
        return self

    def at(self, year: int) -> float:
        """Return the latest value dated no later than ``year``; before the first date, the first value."""
        if not isinstance(self.value, dict):
            return float(self.value)
        dates = sorted(self.value)
        return float(self.value[max((date for date in dates if date <= year), default=dates[0])])

    def at_quantile(self, year: int, probability: float) -> float:
        """Return the value of ``year`` at a quantile of the spread (the value itself where no spread is given).

        Parameters
        ----------
        year : int
            Year of the value.
        probability : float
            Between 0 and 1, both excluded; the same probability moves a whole dated path.

        Examples
        --------
        >>> sigma = Quantity(
        ...     value=0.5, unit="log points", source="panel", status="estimated", spread={"type": "normal", "sd": 0.1}
        ... )
        >>> round(sigma.at_quantile(2016, 0.975), 3)
        0.696
        """
        value, spread = self.at(year), self.spread
        if spread is None:
            return value
        if isinstance(spread, Normal):
            return value + spread.sd * float(ndtri(probability))
        if isinstance(spread, Lognormal):
            return value * math.exp(spread.sd * float(ndtri(probability)))
        base = 0.0 if isinstance(self.value, dict) else value
        return value + _shift(spread, base, probability)


def _shift(spread: Uniform | Triangular, centre: float, probability: float) -> float:
    low, width = spread.low - centre, spread.high - spread.low
    if isinstance(spread, Uniform):
        return low + width * probability
    rise = -low / width
    if probability < rise:
        return low + width * math.sqrt(probability * rise)
    return low + width * (1 - math.sqrt((1 - probability) * (1 - rise)))


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file of plain data.

    Parameters
    ----------
    path : str or Path
        File in UTF-8 with a mapping at the top.

    Returns
    -------
    dict
        Plain Python objects only.

    Raises
    ------
    InputError
        File missing or too large, syntax error, duplicate key, nesting or aliases beyond reason; with line numbers.

    Examples
    --------
    >>> read_yaml("missing.yaml")
    Traceback (most recent call last):
    povsim.errors.InputError: missing.yaml: 1 problem
      - file: not found
    """
    path, source = Path(path), str(path)
    if not path.is_file():
        raise InputError(source, [Problem("file", "not found", mend=_nearest_file(path))])
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise InputError(source, [Problem("file", "too large", f"{size} bytes", f"at most {LARGEST_FILE} bytes")])
    try:
        data = _load(path.read_bytes().decode("utf-8-sig"), source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise InputError(source, [Problem(f"line {mark.line + 1}" if mark else "file", what)]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(source, [Problem("file", f"cannot be read as YAML text in UTF-8: {error}")]) from None
    if not isinstance(data, dict):
        found = "nothing" if data is None else type(data).__name__
        raise InputError(source, [Problem("file", "the top should be a mapping of keys to values", found)])
    return data


def _nearest_file(path: Path) -> str:
    return nearest(path.name, [item.name for item in path.parent.glob("*.y*ml")]) if path.parent.is_dir() else ""


def _load(text: str, source: str) -> object:
    kind: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    _check_depth(text, kind, source)
    loader = kind(text)
    try:
        tree = loader.get_single_node()
        if tree is None:
            return None
        problems: list[Problem] = []
        if _expanded_size(tree, {}, problems) > LARGEST_TREE:
            problems.append(Problem("file", "aliases stand for too many entries", allowed=f"at most {LARGEST_TREE}"))
        if problems:
            raise InputError(source, problems)
        return loader.construct_document(tree)
    finally:
        loader.dispose()


def _check_depth(text: str, kind: Any, source: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=kind):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_NESTING:
            where = f"line {event.start_mark.line + 1}" if event.start_mark else "file"
            raise InputError(source, [Problem(where, "nested too deeply", allowed=f"{DEEPEST_NESTING} levels")])


def _expanded_size(node: yaml.Node, sizes: dict[int, int], problems: list[Problem]) -> int:
    """Count entries with aliases written out, gathering duplicate keys on the way (each node visited once)."""
    if id(node) in sizes:
        if not sizes[id(node)]:
            problems.append(Problem(f"line {node.start_mark.line + 1}", "an alias refers to itself"))
        return sizes[id(node)]
    sizes[id(node)] = 0
    if isinstance(node, yaml.MappingNode):
        problems += _duplicates(node)
    sizes[id(node)] = size = 1 + sum(_expanded_size(child, sizes, problems) for child in _children(node))
    return size


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from (key, value)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _duplicates(node: yaml.MappingNode) -> list[Problem]:
    first: dict[tuple[str, str], int] = {}
    problems = []
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(f"line {line}", "a key should be a single word or number"))
        elif (name := (key.tag, key.value)) in first:
            problems.append(Problem(f"line {line}", f"key {key.value!r} is given twice, first on line {first[name]}"))
        else:
            first[name] = line
    return problems


def validate(model_class: type[M], data: object, source: str) -> M:
    """Build a model from plain data, turning every error into one ``InputError``.

    Parameters
    ----------
    model_class : type
        Pydantic model to build.
    data : object
        Plain data, as ``read_yaml`` returns them.
    source : str
        Name of the file or object, for the message.

    Raises
    ------
    InputError
        All problems at once: dotted path, what was found, what is allowed, the nearest known key for a typo.

    Examples
    --------
    >>> validate(Quantity, {"value": 1, "unit": "share", "sorce": "x", "status": "sure"}, "a.yaml")
    Traceback (most recent call last):
    povsim.errors.InputError: a.yaml: 3 problems
      - source: is missing
      - status: input should be 'documented', 'estimated' or 'assumed'; found 'sure'
      - sorce: unknown key; allowed: note, source, spread, status, unit, value; did you mean 'source'?
    """
    try:
        return model_class.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
    raise InputError(source, [_problem(model_class, data, dict(detail)) for detail in details])


def _problem(model_class: type[BaseModel], data: object, detail: dict[str, Any]) -> Problem:
    kind, context = detail["type"], detail.get("ctx", {})
    path = _written(data, detail["loc"]) + ([str(detail["loc"][-1])] if kind == "missing" else [])
    where = ".".join(path) or "top"
    if kind == "missing":
        return Problem(where, "is missing")
    if kind == "extra_forbidden":
        known = sorted(_known_keys(model_class, detail["loc"][:-1]))
        return Problem(where, "unknown key", allowed=", ".join(known), mend=nearest(str(detail["loc"][-1]), known))
    if kind == "union_tag_invalid":
        known = context["expected_tags"].replace("'", "").split(", ")
        return Problem(where, "unknown type", context["tag"], ", ".join(known), nearest(context["tag"], known))
    message = detail["msg"].removeprefix("Value error, ")
    # A whole mapping as the value found would bury the message that a rule over several keys has to say.
    found = "" if isinstance(detail["input"], (Mapping, list, BaseModel)) else repr(detail["input"])
    return Problem(where, message[:1].lower() + message[1:], found)


def _written(data: object, location: tuple[int | str, ...]) -> list[str]:
    """Keep the parts of a location that the author wrote; pydantic adds names of union branches."""
    path: list[str] = []
    for part in location:
        if isinstance(data, Mapping):
            key = part if part in data else _as_number(part)
            if key not in data:
                continue
            data = data[key]
        elif isinstance(data, (list, tuple)) and isinstance(part, int):
            data = data[part]
        else:
            continue
        path.append(str(part))
    return path


def _as_number(part: int | str) -> int | None:
    return int(part) if isinstance(part, str) and part.lstrip("-").isdigit() else None


def _known_keys(model_class: type[BaseModel], location: tuple[int | str, ...]) -> set[str]:
    level: list[Any] = [model_class]
    for part in location:
        inner = [item for annotation in level for item in _step(annotation, part)]
        # A part that leads nowhere is the name of a union branch: narrow to it where it can be told.
        level = inner or [item for item in level if _tag(item) == part] or level
    return {name for model in level for name in model.model_fields if _is_model(model)}


def _step(annotation: Any, part: int | str) -> Iterator[Any]:
    if _is_model(annotation):
        if part in annotation.model_fields:
            yield from _flat(annotation.model_fields[part].annotation)
    elif get_origin(annotation) in (dict, Mapping):
        yield from _flat(get_args(annotation)[1])
    elif get_origin(annotation) in (list, tuple) and isinstance(part, int):
        yield from _flat(get_args(annotation)[0])


def _flat(annotation: Any) -> Iterator[Any]:
    if _is_model(annotation) or get_origin(annotation) in (dict, Mapping, list, tuple):
        yield annotation
    elif get_origin(annotation) is Annotated:
        yield from _flat(get_args(annotation)[0])
    else:
        for member in get_args(annotation):
            yield from _flat(member)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _tag(annotation: Any) -> object:
    kind = annotation.model_fields.get("type") if _is_model(annotation) else None
    names = get_args(kind.annotation) if kind is not None else ()
    return names[0] if names else getattr(annotation, "__name__", None)
