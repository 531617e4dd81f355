"""What a mapping file says: how the columns of somebody else's file become the columns of a register."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from povsim.errors import InputError, Problem, nearest
from povsim.terms import REGISTER_COLUMNS

Transform = Literal["copy", "sum", "scale", "exp_minus", "at_least", "join"]
Missing = Literal["refuse", "zero", "median", "unknown"]
Fold = Literal["same", "sum", "any"]
Support = Literal["documented", "estimated", "assumed"]

VILLAGE_COLUMNS = ("poor_village", "collective_income", "population_households", "population_persons")
MONEY = frozenset(
    {"wage", "business", "production_cost", "property", "transfer", "pension", "dibao", "income_total"},
)
DATA_COLUMNS = (
    *(column.code for column in REGISTER_COLUMNS if column.code != "synthetic"),
    "income_total",
    *VILLAGE_COLUMNS,
)
"""What a mapping may fill under ``columns``."""

NUMBERS_NEEDED: dict[str, str] = {"scale": "factor", "exp_minus": "subtract", "at_least": "threshold"}
MONEY_UNIT = re.compile(r"(?:(thousand|ten thousand) )?([A-Za-z]+) per (household|head) and (year|month)")
MAX_MAPPING_BYTES = 5_000_000


def plain_word(value: object) -> str:
    """Return a cell or a key of a value map as text: ``1.0`` and ``1`` are one word, blanks around it are dropped.

    Examples
    --------
    >>> plain_word(1.0), plain_word(" 是 ")
    ('1', '是')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).strip()
    return re.sub(r"^(-?\d+)\.0+$", r"\1", text) if "." in text else text


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _worded(value: object) -> object:
    return {plain_word(key): item for key, item in value.items()} if isinstance(value, dict) else value


Headings = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Scalar = str | bool | int | float
Words = Annotated[dict[str, Scalar], BeforeValidator(_worded)]
Labels = Annotated[dict[str, str], BeforeValidator(_worded)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Constant(_Frozen):
    """A number used in a transform, with its unit and where it comes from."""

    value: float
    unit: str
    source: str
    status: Support


class ColumnMap(_Frozen):
    """How one column is made from headings of the file, or from a constant.

    ``values`` maps words of the file to values; several words in one cell (split at ``,`` ``、`` ``;`` ``/``) give the
    largest of theirs. ``reversed`` turns yes into no. ``fold`` says how the rows of a household become one value: they
    are all the ``same``, they ``sum``, or one yes is enough (``any``). For money ``unit`` reads
    ``[thousand|ten thousand] CURRENCY per household|head and year|month`` and is turned into the household's year.
    """

    from_: Headings = Field(default=(), validation_alias="from", serialization_alias="from")
    constant: Scalar | None = None
    unit: str = ""
    transform: Transform = "copy"
    subtract: Constant | None = None
    factor: Constant | None = None
    threshold: Constant | None = None
    values: Words = Field(default_factory=dict)
    reversed: bool = False
    missing: Missing | None = None
    fold: Fold | None = None
    source: str = ""
    status: Support = "assumed"

    @model_validator(mode="after")
    def _whole(self) -> ColumnMap:
        if bool(self.from_) == (self.constant is not None):
            raise ValueError("give either `from` or `constant`, and only one of them")
        if len(self.from_) > 1 and self.transform not in {"sum", "join"}:
            raise ValueError(f"several headings need `transform: sum` or `join`, not `{self.transform}`")
        needed = NUMBERS_NEEDED.get(self.transform)
        for name in ("subtract", "factor", "threshold"):
            if (getattr(self, name) is None) == (name == needed):
                verb = "needs" if name == needed else "does not use"
                raise ValueError(f"`transform: {self.transform}` {verb} `{name}`")
        return self

    def money_factor(self) -> float:
        """Return what turns the column's unit into yuan a year; per head is left to the caller."""
        found = MONEY_UNIT.fullmatch(self.unit)
        if found is None:
            return 1.0
        return {"thousand": 1e3, "ten thousand": 1e4}.get(found[1], 1.0) * (12.0 if found[4] == "month" else 1.0)

    @property
    def per_head(self) -> bool:
        """Whether the unit is per head, so that the household's value is this times its persons."""
        return " per head " in self.unit


class AreaMap(_Frozen):
    """Where the name of a township or county comes from."""

    from_: Headings = Field(default=(), validation_alias="from", serialization_alias="from")
    constant: str | None = None
    values: Labels = Field(default_factory=dict)
    source: str = ""
    status: Support = "assumed"

    @model_validator(mode="after")
    def _whole(self) -> AreaMap:
        if (len(self.from_) == 1) == (self.constant is not None):
            raise ValueError("give either one heading as `from` or a `constant`")
        return self


class VillageMap(AreaMap):
    """Where the name of a village comes from, and labels for the names."""

    names_zh: Labels = Field(default_factory=dict)
    names_en: Labels = Field(default_factory=dict)


class GuaranteeMap(ColumnMap):
    """One guarantee: its code and labels, and what says that it is *not* met (yes means deprived)."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name_zh: str
    name_en: str


class Mapping(_Frozen):
    """A whole mapping file.

    ``headings: recognised`` lets the headings that povsim knows fill what the mapping leaves open;
    ``mapped_only`` reads nothing that is not written here. ``guarantees`` replaces the six default ones.
    """

    name_zh: str
    name_en: str
    source: str
    status: Support
    year: int | None = Field(default=None, ge=1900, le=2200)
    grain: Literal["household", "person"] | None = None
    coverage: Literal["registered", "population"] = "registered"
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    count_unit: str = "1 household"
    unit_of_persons: Literal["persons", "households"] = "persons"
    headings: Literal["recognised", "mapped_only"] = "recognised"
    household: ColumnMap | None = None
    village: VillageMap | None = None
    township: AreaMap | None = None
    county: AreaMap | None = None
    columns: dict[str, ColumnMap] = Field(default_factory=dict)
    guarantees: tuple[GuaranteeMap, ...] | None = None


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping file.

    Parameters
    ----------
    path : str or Path
        YAML, read by the safe loader.

    Returns
    -------
    Mapping
        Frozen; money units and numeric constants as the file declares them.

    Raises
    ------
    InputError
        Naming every problem with its path in the file.

    Examples
    --------
    >>> import tempfile
    >>> text = "{name_zh: 例, name_en: example, source: none, status: assumed, year: 2016}"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "example.mapping.yaml")
    ...     _ = file.write_text(text, encoding="utf-8")
    ...     read_mapping(file).year
    2016
    """
    file = Path(path)
    try:
        if file.stat().st_size > MAX_MAPPING_BYTES:
            raise InputError(file.name, [Problem("file", "too large for a mapping", allowed="at most 5 MB")])
        content = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=_OnceLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        words = " ".join(str(error).replace(str(file), file.name).split())
        raise InputError(file.name, [Problem("file", "cannot be read as YAML", found=words)]) from None
    return parse_mapping(content, source=file.name)


def parse_mapping(content: object, *, source: str = "mapping") -> Mapping:
    """Turn the content of a mapping file into a `Mapping`.

    Raises
    ------
    InputError
        Naming every problem with its path, what was found, what is allowed and the nearest name.

    Examples
    --------
    >>> parse_mapping({"name_zh": "例", "name_en": "example", "source": "none", "status": "assumed"}).coverage
    'registered'
    """
    if not isinstance(content, dict):
        raise InputError(source, [Problem("file", "is not a mapping of keys", found=type(content).__name__)])
    try:
        mapping = Mapping.model_validate(content)
    except ValidationError as error:
        raise InputError(source, [_readable(item) for item in error.errors()]) from None
    problems = list(_inconsistent(mapping))
    if problems:
        raise InputError(source, problems)
    return mapping


class _OnceLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice: plain YAML would keep the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        # A key merged from an anchor may be overridden; only keys written out count.
        written = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        keys = [self.construct_object(key, deep=True) for key in written]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key given twice: {', '.join(sorted(twice))}", None)
        return super().construct_mapping(node, deep=deep)


def _readable(error: Any) -> Problem:
    """Turn one error of the schema into a problem with a path such as ``columns.wage.transform``."""
    path = [str(part) for part in error["loc"]]
    where, found = ".".join(path) or "file", error["input"]
    if error["type"] == "extra_forbidden":
        known = _fields_at(path[:-1])
        return Problem(where, "unknown key", path[-1], ", ".join(known), nearest(path[-1], known))
    if error["type"] == "missing":
        return Problem(where, "is required and missing")
    if error["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        return Problem(where, "unknown word", str(found), ", ".join(known), nearest(str(found), known))
    message = error["msg"].removeprefix("Value error, ")
    return Problem(where, message, "" if isinstance(found, dict | list) else str(found))


def _fields_at(path: list[str]) -> list[str]:
    """Return the keys allowed at a path: enough of the schema's tree to name the nearest one."""
    model: type[BaseModel] = Mapping
    if path:
        branches: dict[str, type[BaseModel]] = {
            "columns": ColumnMap,
            "household": ColumnMap,
            "guarantees": GuaranteeMap,
        }
        model = branches.get(path[0], AreaMap)
    if path and path[-1] in {"subtract", "factor", "threshold"}:
        model = Constant
    return [str(field.validation_alias or name) for name, field in model.model_fields.items()]


def _inconsistent(mapping: Mapping) -> Iterator[Problem]:
    """Yield what the schema alone cannot see: names of columns, units, policies that make no sense together."""
    for code, entry in mapping.columns.items():
        where = f"columns.{code}"
        if code not in DATA_COLUMNS:
            mend = nearest(code, DATA_COLUMNS)
            yield Problem(where, "unknown column", code, ", ".join(DATA_COLUMNS), mend)
            continue
        yield from _wrong_unit(where, code, entry, mapping.currency)
        yield from _wrong_policy(where, code, entry)
    if mapping.unit_of_persons == "households" and ("persons" in mapping.columns or mapping.grain == "person"):
        what = "households count as one each, so persons cannot be mapped and the grain cannot be person"
        yield Problem("unit_of_persons", what, found="households", mend="drop columns.persons or say `persons`")
    if mapping.household is not None and mapping.household.transform not in {"copy", "join"}:
        yield Problem("household.transform", "unknown word", mapping.household.transform, "copy, join")
    yield from _wrong_guarantees(mapping.guarantees or ())


def _wrong_guarantees(guarantees: tuple[GuaranteeMap, ...]) -> Iterator[Problem]:
    codes = [guarantee.code for guarantee in guarantees]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield Problem("guarantees", "code given twice", code)
    for index, guarantee in enumerate(guarantees):
        if guarantee.missing not in {None, "refuse", "zero"}:
            yield Problem(f"guarantees.{index}.missing", "no such policy for a flag", guarantee.missing, "refuse, zero")
        if guarantee.transform not in {"copy", "at_least"}:
            yield Problem(f"guarantees.{index}.transform", "unknown word", guarantee.transform, "copy, at_least")


def _wrong_unit(where: str, code: str, entry: ColumnMap, currency: str) -> Iterator[Problem]:
    """Yield a unit of money that cannot be turned into a household's year, or one that is not the column's."""
    if code in MONEY:
        found = MONEY_UNIT.fullmatch(entry.unit)
        if entry.constant is None and (found is None or found[2] not in {currency, "yuan"}):
            allowed = f"[thousand|ten thousand] {currency} per household|head and year|month"
            yield Problem(f"{where}.unit", "not a unit of income", entry.unit or "nothing", allowed)
        return
    units = {column.code: column.unit for column in REGISTER_COLUMNS}
    if entry.unit and code in units and entry.unit != units[code]:
        yield Problem(f"{where}.unit", "not the unit of this column", entry.unit, units[code], "use `transform: scale`")


def _wrong_policy(where: str, code: str, entry: ColumnMap) -> Iterator[Problem]:
    """Yield a missing-value policy or a transform that the kind of column does not know."""
    dtypes = {column.code: column.dtype for column in REGISTER_COLUMNS}
    dtype = dtypes.get(code, "float32")
    allowed = ["refuse", "zero"] + (["median"] if dtype == "float32" else []) + (["unknown"] if dtype == "int8" else [])
    if entry.missing is not None and entry.missing not in allowed:
        yield Problem(f"{where}.missing", "no such policy for this column", entry.missing, ", ".join(allowed))
    if entry.transform == "join" or (dtype == "int8" and entry.transform != "copy"):
        allowed = ["copy"] if dtype == "int8" else [word for word in get_args(Transform) if word != "join"]
        yield Problem(f"{where}.transform", "no such transform for this column", entry.transform, ", ".join(allowed))
