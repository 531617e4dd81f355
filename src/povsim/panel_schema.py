"""What a panel mapping says: how the headings of a file of repeated interviews become the variables of a panel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from povsim.errors import nearest
from povsim.mapping import MONEY_UNIT, plain_word
from povsim.quantity import EvidenceStatus, Finite, PositiveNumber, Rule

SOURCES = ("wage", "business", "property", "transfer")
RESERVED = (*("income", "persons", "poor", "weight", "cluster", "stratum", "treated", "unit", "wave", "year"), *SOURCES)
"""Names of variables that every panel may have; outcomes, treatments and covariates need names of their own."""
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Word = Annotated[str, BeforeValidator(lambda value: plain_word(value))]
_SCALE = {"thousand": 1e3, "ten thousand": 1e4}


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _worded(value: object) -> object:
    return {plain_word(key): item for key, item in value.items()} if isinstance(value, dict) else value


Headings = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Flags = Annotated[dict[str, Literal[0, 1]], BeforeValidator(_worded)]


class Heading(Rule):
    """One heading of the file."""

    from_: str = Field(validation_alias="from", min_length=1)


class LongWaves(Rule):
    """Where a long file says which wave a row belongs to, and the year of each wave; ``ignored`` waves are not read."""

    from_: str = Field(validation_alias="from", min_length=1)
    years: Annotated[dict[str, Finite], BeforeValidator(_worded)]
    ignored: tuple[Word, ...] = ()


class WideWave(Rule):
    """One wave of a wide file: its label, its year, and the headings of its variables by name."""

    label: Word
    year: Finite
    columns: dict[str, Headings]


class Money(Rule):
    """An amount: headings that are added up, and their unit; in a wide file the waves name the headings."""

    from_: Headings = Field(default=(), validation_alias="from")
    unit: str
    nonpositive: Literal["keep", "missing"] = "keep"
    """Amounts at or below zero: kept, or read as not observed."""

    @model_validator(mode="after")
    def _a_unit_of_money(self) -> Money:
        if MONEY_UNIT.fullmatch(self.unit) is None:
            allowed = "[thousand|ten thousand] CURRENCY per household|head and year|month"
            raise ValueError(f"unit should read '{allowed}'; found '{self.unit}'")
        return self

    @property
    def currency(self) -> str:
        """The currency's name in the unit."""
        return self._unit[1]

    @property
    def per_head(self) -> bool:
        """Whether the amount is per head already."""
        return self._unit[2] == "head"

    @property
    def factor(self) -> float:
        """What turns the amount into one of a year."""
        return _SCALE.get(self._unit[0] or "", 1.0) * (12.0 if self._unit[3] == "month" else 1.0)

    @property
    def _unit(self) -> tuple[str, str, str, str]:
        found = MONEY_UNIT.fullmatch(self.unit)
        assert found is not None
        return (found[1], found[2], found[3], found[4])


class Number(Rule):
    """A number as the file has it, or the sum of several."""

    from_: Headings = Field(default=(), validation_alias="from")


class Labelled(Number):
    """A number with its unit and its names."""

    unit: str = "1"
    name_zh: str = Field(min_length=1)
    name_en: str = Field(min_length=1)


class UnitNumber(Rule):
    """A number of the household itself; ``wave`` says whose value is taken where the waves differ."""

    from_: str = Field(validation_alias="from", min_length=1)
    wave: Word | None = None


class UnitLabel(Rule):
    """A label of the household itself, joined from several headings where one is not enough."""

    from_: Headings = Field(validation_alias="from", min_length=1)
    wave: Word | None = None


def _zero_one() -> dict[str, Literal[0, 1]]:
    return {"0": 0, "1": 1}


class Flag(Rule):
    """Yes or no of the household itself (a treatment), or of each wave (poor): which words stand for 1 and for 0."""

    from_: Headings = Field(default=(), validation_alias="from", max_length=1)
    values: Flags = Field(default_factory=_zero_one)
    wave: Word | None = None
    name_zh: str = ""
    name_en: str = ""


class Line(Rule):
    """The poverty line, per head and year: an amount, a share of the median of a wave, or a quantile of a wave."""

    value: PositiveNumber | None = None
    share_of_median: Annotated[Finite, Field(gt=0, le=2)] | None = None
    quantile: Annotated[Finite, Field(gt=0, lt=1)] | None = None
    wave: Word | None = None
    unit: str = ""
    source: str = Field(min_length=1)
    status: EvidenceStatus

    @model_validator(mode="after")
    def _one_way(self) -> Line:
        ways = [name for name in ("value", "share_of_median", "quantile") if getattr(self, name) is not None]
        if len(ways) != 1:
            found = " and ".join(ways) or "none"
            raise ValueError(f"give exactly one of value, share_of_median and quantile; found {found}")
        if (self.value is None) == (self.wave is None):
            raise ValueError("a relative line needs the wave it is taken from; an amount has none")
        found_unit = MONEY_UNIT.fullmatch(self.unit)
        if self.value is not None and (found_unit is None or found_unit[3] != "head"):
            raise ValueError(f"an amount needs `unit: CURRENCY per head and year|month`; found '{self.unit}'")
        return self


class Keep(Rule):
    """Whose rows are read: those with one of the ``values`` under each heading; ``complete``: seen in every wave."""

    values: dict[str, tuple[Word, ...]] = Field(default_factory=dict)
    complete: bool = False


class PanelMapping(Rule):
    """A whole panel mapping file: what `povsim.panel_mapping` reads."""

    name_zh: str
    name_en: str
    source: str = Field(min_length=1)
    status: EvidenceStatus
    note_zh: str = ""
    note_en: str = ""
    file: str = ""
    """Name of the data file, by which the mapping is found where none is given."""
    layout: Literal["long", "wide"]
    unit: Heading
    wave: LongWaves | None = None
    waves: tuple[WideWave, ...] = ()
    welfare: Literal["income", "consumption", "poor"] = "income"
    income: Money | None = None
    poor: Flag | None = None
    persons: Number | None = None
    sources: dict[Literal["wage", "business", "property", "transfer"], Money] = Field(default_factory=dict)
    covariates: dict[Code, Number] = Field(default_factory=dict)
    outcomes: dict[Code, Labelled] = Field(default_factory=dict)
    weight: UnitNumber | None = None
    cluster: UnitLabel | None = None
    stratum: UnitLabel | None = None
    treated: Flag | None = None
    treatments: dict[Code, Flag] = Field(default_factory=dict)
    line: Line | None = None
    keep: Keep = Keep()

    @model_validator(mode="after")
    def _consistent(self) -> PanelMapping:
        shape = (_slips_of_layout, _slips_of_waves, _slips_of_columns)
        checks = (*shape, _slips_of_welfare, _slips_of_names, _slips_of_money)
        problems = [problem for check in checks for problem in check(self)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def years(self) -> dict[str, float]:
        """The waves' labels and years, in order of time."""
        given = {wave.label: wave.year for wave in self.waves} if self.wave is None else self.wave.years
        return dict(sorted(given.items(), key=lambda item: item[1]))

    @property
    def by_wave(self) -> dict[str, Headings]:
        """The variables with a value a wave, and the headings of each (none in a wide file, whose waves name them)."""
        named: dict[str, Headings] = {}
        for name in ("income", "poor", "persons"):
            entry = getattr(self, name)
            named |= {} if entry is None else {name: entry.from_}
        for group in (self.sources, self.covariates, self.outcomes):
            named |= {str(code): entry.from_ for code, entry in group.items()}
        return named

    @property
    def by_unit(self) -> dict[str, UnitNumber | UnitLabel | Flag]:
        """The variables with one value a household."""
        given = {name: getattr(self, name) for name in ("weight", "cluster", "stratum", "treated")}
        return {name: entry for name, entry in given.items() if entry is not None} | dict(self.treatments)

    @property
    def currency(self) -> str:
        """The currency of the welfare measure; empty where there is none."""
        return self.income.currency if self.income is not None else ""


def _slips_of_layout(mapping: PanelMapping) -> Iterator[str]:
    long = mapping.layout == "long"
    if long and (mapping.wave is None or mapping.waves):
        yield "a long file (one row a household and wave) needs `wave` with its years, and no `waves`"
    if not long and (mapping.wave is not None or not mapping.waves):
        yield "a wide file (one row a household) needs `waves`, and no `wave`"
    for name, headings in mapping.by_wave.items():
        if long and not headings:
            yield f"{name} needs `from`"
        if not long and headings:
            yield f"{name}: in a wide file the headings stand in waves.columns, not in `from`"
    for name, entry in mapping.by_unit.items():
        if not entry.from_:
            yield f"{name} needs `from`"


def _slips_of_welfare(mapping: PanelMapping) -> Iterator[str]:
    wanted = "poor" if mapping.welfare == "poor" else "income"
    if getattr(mapping, wanted) is None:
        yield f"`welfare: {mapping.welfare}` needs the column `{wanted}`"
    if mapping.welfare == "poor" and (mapping.income is not None or mapping.line is not None):
        yield "`welfare: poor` has neither income nor line"
    money = [entry for entry in (mapping.income, *mapping.sources.values()) if entry is not None]
    if any(not entry.per_head for entry in money) and mapping.persons is None:
        yield "amounts per household need `persons`"


def _slips_of_names(mapping: PanelMapping) -> Iterator[str]:
    codes = [*mapping.outcomes, *mapping.treatments, *mapping.covariates]
    for code in codes:
        if code in RESERVED:
            yield f"{code!r} is a name of the panel itself; choose another code"
        if codes.count(code) > 1:
            yield f"{code!r} is given twice among outcomes, treatments and covariates"


def _slips_of_waves(mapping: PanelMapping) -> Iterator[str]:
    labels = [wave.label for wave in mapping.waves] or list(mapping.years)
    if len(labels) < 2:
        yield f"a panel needs at least two waves; found {len(labels)}"
    years = list(mapping.years.values())
    if len(set(labels)) < len(labels) or len(set(years)) < len(years):
        yield "each wave needs a label and a year of its own"
    asked = {name: entry.wave for name, entry in mapping.by_unit.items()}
    asked["line"] = mapping.line.wave if mapping.line is not None else None
    for name, label in asked.items():
        if label is not None and label not in labels:
            yield f"{name}.wave names {label!r}; waves: {', '.join(labels)}"


def _slips_of_columns(mapping: PanelMapping) -> Iterator[str]:
    known = mapping.by_wave
    for wave in mapping.waves:
        for name in (name for name in wave.columns if name not in known):
            told = f"waves.{wave.label}.columns names {name!r}, which is not declared ({', '.join(known)})"
            yield f"{told} {nearest(name, known)}".strip()
    for name in known if mapping.waves else ():
        if not any(name in wave.columns for wave in mapping.waves):
            yield f"no wave says under columns where {name} is found"


def _slips_of_money(mapping: PanelMapping) -> Iterator[str]:
    units: dict[str, str] = {name: entry.unit for name, entry in mapping.sources.items()}
    if mapping.line is not None and mapping.line.value is not None:
        units["line"] = mapping.line.unit
    for name, unit in units.items():
        found = MONEY_UNIT.fullmatch(unit)
        if mapping.income is not None and found is not None and found[2] != mapping.currency:
            yield f"{name} is in {found[2]}, income in {mapping.currency}"
