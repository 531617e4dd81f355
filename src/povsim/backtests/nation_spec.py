"""What a nation or province is tested on: the file of its published series, its start and its plan."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from povsim.errors import InputError, Problem, nearest
from povsim.plan_frame import Years
from povsim.quantity import Quantity, Year, read_yaml, validate
from povsim.rulebook import Named

Concept = Literal["survey", "register"]
"""An estimate from a household survey, or what was declared and registered: two things."""
Measure = Literal[
    "headcount", "declared", "mean", "median", "low_fifth", "relapses_registered", "newly_registered", "exits",
    "dibao_recipients",
]  # fmt: skip
"""What a series may be held against; see ``nation_runs``."""
MUST = ("mean",)
"""Series that every test needs."""


class Series(Named):
    """A published series: by year, as survey or register has it."""

    concept: Concept
    value: Quantity
    rounding: Annotated[float, Field(ge=0)] = 0.0
    """Half a unit of the last digit published, in the unit of the values."""
    bounds: dict[Year, Literal["at_least", "at_most"]] = Field(default_factory=dict)
    """Years whose figure was published as a bound."""

    @model_validator(mode="after")
    def _dated(self) -> Series:
        years = self.value.value
        if not isinstance(years, dict):
            raise ValueError("the value should be a dated path, one figure for each year, such as {2016: 0.045}")
        if strange := sorted(set(self.bounds) - set(years)):
            raise ValueError(f"bounds name {strange[0]}, a year without a figure")
        return self

    @property
    def years(self) -> dict[int, float]:
        """Figures by year; unlike elsewhere nothing is carried forward from one year to the next."""
        return self.value.value if isinstance(self.value.value, dict) else {}


class Nation(Named):
    """A back-test on published series.

    Examples
    --------
    >>> spec = read_nation("china")
    >>> spec.years, spec.series["headcount"].years[2015]
    ((2014, 2020), 0.057)
    """

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
    note_zh: str = ""
    note_en: str = ""
    scenario: str
    """The plan with what was done: measures on, coverage as documented."""
    years: Years
    persons: Quantity
    """Persons that the sample stands for."""
    series: dict[Measure, Series]
    line_published: Quantity
    """The poverty line in the years for which it was published; the scenario's line fills the others."""
    line_otherwise: Quantity | None = None
    """Other ways to fill or carry on the line, by year."""
    fifths: tuple[Quantity, Quantity, Quantity, Quantity, Quantity] | None = None
    """Published means of the fifths of households."""
    plan: dict[str, Any] = Field(default_factory=dict)
    """Changes of the scenario: dotted path to entry."""
    start: dict[str, Any] = Field(default_factory=dict)
    """Changes of the margins that the start is made from: dotted path to entry."""

    @model_validator(mode="after")
    def _whole(self) -> Nation:
        if missing := [name for name in MUST if name not in self.series]:
            raise ValueError(f"series.{missing[0]} is needed")
        if not {"headcount", "declared"} & set(self.series):
            raise ValueError("give series.headcount (a survey's) or series.declared (a register's), or both")
        for name, concept in (("headcount", "survey"), ("declared", "register")):
            if name in self.series and self.series[name].concept != concept:
                raise ValueError(f"series.{name} is of the concept {concept!r}; a series never mixes the two")
        if self.years[0] > self.years[1]:
            raise ValueError(f"years should run forward; found {self.years[0]} to {self.years[1]}")
        return self

    @property
    def span(self) -> range:
        """All years, first to last."""
        return range(self.years[0], self.years[1] + 1)


def read_nation(name: str | Path) -> Nation:
    """Read the file of a back-test, or the shipped one of that name.

    Parameters
    ----------
    name : str or Path
        YAML file, or a shipped name such as ``china``. A file may name another as its ``base`` and hold only what
        differs.

    Raises
    ------
    InputError
        Not found, or everything that is wrong in it.
    """
    path = locate_nation(name)
    return validate(Nation, _expanded(path), str(path))


def shipped_backtests() -> tuple[str, ...]:
    """Return the names of the back-tests that ship with the package.

    Examples
    --------
    >>> "china" in shipped_backtests()
    True
    """
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml") if "." not in path.stem))


def is_nation(name: str | Path) -> bool:
    """Tell whether a name stands for published series: a shipped back-test, or a YAML file that maps no panel.

    Examples
    --------
    >>> is_nation("china"), is_nation("panel.csv")
    (True, False)
    """
    text = str(name)
    return text in shipped_backtests() or (text.endswith((".yaml", ".yml")) and not text.endswith(".panel.yaml"))


def locate_nation(name: str | Path, beside: Path | None = None) -> Path:
    """Return the path of a back-test's file: as given, beside another file, or shipped."""
    given = Path(name)
    places = [given, *([beside / given, beside / f"{name}.yaml"] if beside else []), _folder() / f"{name}.yaml"]
    for place in places:
        if place.is_file():
            return place
    known = shipped_backtests()
    allowed = "a YAML file, or one of " + ", ".join(known)
    raise InputError(str(name), [Problem("file", "not found", allowed=allowed, mend=nearest(str(name), known))])


def _folder() -> Path:
    # Installed wheels hold the files inside the package, a source tree beside it.
    inside = Path(str(resources.files("povsim"))) / "data" / "backtests"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[3] / "backtests"


def _expanded(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return a file's data with its base written in, and the scenario it names by its full path."""
    if path.resolve() in seen:
        raise InputError(str(path), [Problem("base", "the bases go round in a circle")])
    data = read_yaml(path)
    named = data.get("scenario")
    if isinstance(named, str) and (path.parent / named).is_file():
        data["scenario"] = str(path.parent / named)
    base = data.pop("base", None)
    if base is None:
        return data
    below = _expanded(locate_nation(str(base), path.parent), (*seen, path.resolve()))
    # What was published of another place says nothing about this one: series are never inherited one by one.
    parts = ("plan", "start")
    merged = {part: {**_mapping(below.get(part)), **_mapping(data.get(part))} for part in parts}
    return {**below, **data, **merged}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


MEASURES: tuple[str, ...] = get_args(Measure)
