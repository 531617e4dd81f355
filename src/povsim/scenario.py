"""What a planner chooses, part two: the scenario, read from YAML, with its base, its overrides and its assumptions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, Field, model_validator

from povsim.beliefs import Alignment, Incomes, Inspection, Monitoring, References, Shocks
from povsim.errors import InputError, Problem, nearest
from povsim.plan import CALENDAR, Fund, HouseholdMeasure, Measure, MeasureFrame, VillageMeasure, Years
from povsim.quantity import Quantity, Rule, read_yaml, validate
from povsim.rulebook import ExitStandard, Meaning, Named, Target


class Population(Rule):
    """Where the households come from: margins to synthesise from, or a file the user brings, with its mapping."""

    margins: str | None = None
    mapping: str | None = None
    seed: int = 2016
    note_zh: str = ""
    note_en: str = ""


_FIXED = (
    "references.",
    "targets.",
    "exit_standard.village.",
    "exit_standard.county.",
    "incomes.shift",
    "incomes.source_shares.",
    "inspection.sample_",
    "inspection.poor_villages",
    "inspection.other_villages",
    "inspection.approval",
    "alignment.",
)
"""Figures that are not drawn anew for each draw."""


class Scenario(Named):
    """A plan for a county: what will be done for whom and when, and what is believed about incomes and luck.

    Examples
    --------
    >>> scenario = read_scenario("xiangyin-2016")
    >>> scenario.years
    (2016, 2020)
    """

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
    note_zh: str = ""
    note_en: str = ""
    currency: str = "yuan"
    years: Years
    population: Population
    incomes: Incomes
    shocks: Shocks
    measures: dict[str, Measure] = Field(default_factory=dict)
    funds: dict[str, Fund] = Field(default_factory=dict)
    exit_standard: ExitStandard
    inspection: Inspection
    monitoring: Monitoring | None = None
    references: References
    targets: tuple[Target, ...] = ()
    scorecards: tuple[str, ...] = ()
    """Names of the scorecards that ``povsim score`` uses where none is asked for."""
    alignment: tuple[Alignment, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        slips = (_slips_of_years, _slips_of_measures, _slips_of_budgets, _slips_of_funds, _slips_of_figures)
        checks = (*slips, _slips_of_alignment)
        problems = [problem for check in checks for problem in check(self)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def span(self) -> range:
        """All years, first to last."""
        return range(self.years[0], self.years[1] + 1)

    def active(self) -> dict[str, HouseholdMeasure]:
        """Return the household measures that are on, in the order in which they act within a year."""
        chosen = [
            (CALENDAR.index(measure.type), code, measure)
            for code, measure in self.measures.items()
            if isinstance(measure, MeasureFrame) and measure.active
        ]
        return {code: measure for _, code, measure in sorted(chosen, key=lambda item: item[0])}

    def village_measures(self) -> dict[str, VillageMeasure]:
        """Return the village measures that are on, in the order of the file."""
        return {
            code: measure
            for code, measure in self.measures.items()
            if not isinstance(measure, MeasureFrame) and measure.active
        }


def _slips_of_years(plan: Scenario) -> Iterator[str]:
    first, last = plan.years
    if not first <= last <= first + 99:
        yield f"years should run forward over at most 100 years; found {first} to {last}"


def _slips_of_measures(plan: Scenario) -> Iterator[str]:
    households = {code: measure for code, measure in plan.measures.items() if isinstance(measure, MeasureFrame)}
    for code, measure in households.items():
        where, asked = f"measures.{code}", measure.eligible
        for field, names in (("holding", asked.holding), ("not_holding", asked.not_holding)):
            for name in (name for name in names if name not in households):
                yield f"{where}.eligible.{field} names {name!r}, which is no household measure of the scenario"
        if measure.active and asked.holding and not any(name in plan.active() for name in asked.holding):
            yield f"{where} is on, but what its holding asks for is off or not there, so nobody would be eligible"


def _slips_of_budgets(plan: Scenario) -> Iterator[str]:
    for code, measure in plan.measures.items():
        if not isinstance(measure, MeasureFrame):
            continue
        where, own = f"measures.{code}", measure.capacity is not None and measure.capacity.budget is not None
        if measure.fund is not None and measure.fund not in plan.funds:
            yield f"{where}.fund names {measure.fund!r}; funds of the scenario: {', '.join(plan.funds) or 'none'}"
        if measure.type == "medical" and (own or measure.fund is not None):
            yield f"{where} can have no budget and no fund: what it costs is not known beforehand"
        elif own and measure.fund is not None:
            yield f"{where} draws on a fund, so its capacity may not have a budget of its own"


def _slips_of_funds(plan: Scenario) -> Iterator[str]:
    for name, fund in plan.funds.items():
        for code in fund.order:
            if getattr(plan.measures.get(code), "fund", None) != name:
                yield f"funds.{name}.order names {code!r}, which is no measure that draws on the fund"


def _slips_of_figures(plan: Scenario) -> Iterator[str]:
    figures = list(entries(plan))
    fixed = [path for path, entry, _ in figures if entry.spread is not None and path.startswith(_FIXED)]
    if fixed:
        yield f"{fixed[0]} is one figure for all draws, so it takes no spread"
    mixed = [path for path, entry, meaning in figures if _other_money(entry, meaning, plan.currency)]
    means = [item for item in plan.alignment if item.total == "mean_income"]
    mixed += [f"alignment.{item.code}.value" for item in means if item.value.unit.split(" ")[0] != plan.currency]
    if mixed:
        yield f"amounts should be in {plan.currency}; {mixed[0]} is not, nor are {len(mixed) - 1} others"
    tests = [f"village test {test.code!r}" for test in plan.exit_standard.village if test.of == "province_mean_income"]
    tests += [f"household test {test.code!r}" for test in plan.exit_standard.household.tests if test.type == "growth"]
    if tests and plan.references.province_mean_income is None:
        yield f"references.province_mean_income is needed by the {tests[0]}"
    if plan.exit_standard.household.counts.schooling_cost and plan.shocks.schooling is None:
        yield "shocks.schooling is needed, since the exit standard takes the cost of schooling off income"


def _slips_of_alignment(plan: Scenario) -> Iterator[str]:
    totals = [item.total for item in plan.alignment]
    if len(set(totals)) < len(totals):
        yield "alignment names a total twice"
    for item in plan.alignment:
        path = item.value.value
        least = min(path.values()) if isinstance(path, dict) else path
        if least < 0:
            yield f"alignment.{item.code}.value should be at least 0; found {least:g}"
    if "exits" in totals and not plan.exit_standard.household.tests[0].veto:
        yield "alignment.exits acts through the income test, which should therefore be a veto of the exit standard"


def shipped(folder: Literal["scenarios", "rulebooks"]) -> Path:
    """Return the folder of files that ship with the package, in a wheel as in an editable install."""
    inside = Path(str(resources.files("povsim"))) / "data" / folder
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / folder


def shipped_scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that ship with the package.

    Examples
    --------
    >>> "xiangyin-2016" in shipped_scenarios()
    True
    """
    return tuple(sorted(path.stem for path in shipped("scenarios").glob("*.yaml") if "." not in path.stem))


def locate(name: str | Path, beside: Path | None = None) -> Path:
    """Return the path of a scenario or a file it names: as given, beside another file, or shipped."""
    given = Path(name)
    places = [given, *([beside / given] if beside else [])]
    places += [shipped(folder) / f"{name}{end}" for folder in ("scenarios", "rulebooks") for end in ("", ".yaml")]
    for place in places:
        if place.is_file():
            return place
    names = [*shipped_scenarios(), *(str(path) for path in Path().glob("*.yaml"))]
    raise InputError(
        str(name),
        [
            Problem(
                "file",
                "not found",
                allowed="a YAML file, or one of " + ", ".join(shipped_scenarios()),
                mend=nearest(str(name), names),
            )
        ],
    )


def read_scenario(path_or_name: str | Path, *, overrides: Mapping[str, Any] | Sequence[str] = ()) -> Scenario:
    """Read a scenario from a file or by the name of a shipped one.

    Parameters
    ----------
    path_or_name : str or Path
        YAML file, or the name of a shipped scenario.
    overrides : mapping of dotted path to value, or sequence of "path=value"
        Changes on top of the file, such as ``measures.industry.capacity.budget=2000000``. The path of an entry with
        unit and source changes its value; its source then says so.

    Returns
    -------
    Scenario
        Frozen; a variant is made by reading again with other overrides.

    Raises
    ------
    InputError
        File not found, or everything that is wrong in it.

    Examples
    --------
    >>> plan = read_scenario("xiangyin-2016", overrides=["measures.industry.active=false"])
    >>> plan.measures["industry"].active
    False
    """
    path = locate(path_or_name)
    return scenario_of(expand(path), overrides, str(path))


def scenario_of(data: dict[str, Any], overrides: Mapping[str, Any] | Sequence[str], source: str) -> Scenario:
    """Return the scenario of expanded data, which are left as they are, with overrides on top."""
    changed = _written_out(data)
    for dotted, value in _pairs(overrides, source):
        _set(changed, dotted, value, source)
    return validate(Scenario, changed, source)


def expand(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return a scenario's data with its base and its rulebook written in."""
    if path.resolve() in seen:
        raise InputError(str(path), [Problem("base", "the bases go round in a circle")])
    data = read_yaml(path)
    base = data.pop("base", None)
    if base is not None:
        below = expand(locate(str(base), path.parent), (*seen, path.resolve()))
        data = _merged(below, data)
    standard = data.get("exit_standard")
    if isinstance(standard, str):
        data["exit_standard"] = read_yaml(locate(standard, path.parent))
    population = data.get("population")
    if isinstance(population, dict):
        for key in ("margins", "mapping"):
            name = population.get(key)
            if isinstance(name, str) and (path.parent / name).is_file():
                population[key] = str(path.parent / name)
    return data


def _written_out(node: Any) -> Any:
    """Copy data so that what an alias stood for is there twice: a change of one must not change the other."""
    if isinstance(node, dict):
        return {key: _written_out(value) for key, value in node.items()}
    return [_written_out(value) for value in node] if isinstance(node, list) else node


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict) and not _is_entry(value)
        merged[key] = _merged(old, value) if both and isinstance(old, dict) else value
    return merged


def _is_entry(data: object) -> bool:
    return isinstance(data, dict) and "value" in data


def _pairs(overrides: Mapping[str, Any] | Sequence[str], source: str) -> Iterator[tuple[str, Any]]:
    if isinstance(overrides, Mapping):
        yield from overrides.items()
        return
    for text in overrides:
        path, sign, value = text.partition("=")
        if not sign or not path.strip():
            problem = Problem(f"--set {text}", "should read path=value", mend="e.g. measures.industry.active=false")
            raise InputError(source, [problem])
        try:
            yield path.strip(), _number(yaml.safe_load(value))
        except yaml.YAMLError:
            raise InputError(source, [Problem(f"--set {text}", "the value cannot be read")]) from None


def _number(value: Any) -> Any:
    """Read 2e6 as a number, which YAML takes for a text."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _set(data: dict[str, Any], dotted: str, value: Any, source: str) -> None:
    *parents, last = dotted.split(".")
    place: Any = data
    for depth, part in enumerate([*parents, last]):
        if isinstance(place, list):
            place = {_key(item): item for item in place if isinstance(item, dict)}
        keys = list(place) if isinstance(place, dict) else []
        if part not in keys and not (depth == len(parents) and isinstance(place, dict)):
            where = ".".join(dotted.split(".")[: depth + 1])
            raise InputError(
                source,
                [
                    Problem(
                        f"--set {where}", "no such entry", allowed=", ".join(map(str, keys)), mend=nearest(part, keys)
                    )
                ],
            )
        if depth < len(parents):
            place = place[part]
    dated = isinstance(value, dict) and all(isinstance(key, int) for key in value)
    if _is_entry(place.get(last)) and value is not None and (dated or not isinstance(value, dict)):
        given = f"set by hand; before: {place[last].get('source', '')}"
        place[last] = {**place[last], "value": value, "source": given, "status": "assumed", "spread": None}
    elif last == "value" and "unit" in place:
        _set(data, ".".join(parents), value, source)
    else:
        place[last] = value


def _key(item: dict[str, Any]) -> object:
    """Return what an item of a list is called by in a dotted path."""
    return next((item[key] for key in ("code", "type", "total") if key in item), None)


def _other_money(entry: Quantity, meaning: Meaning | None, currency: str) -> bool:
    """Tell whether an amount is in another currency than the scenario's."""
    return meaning is not None and meaning.unit.startswith("yuan ") and entry.unit.split(" ")[0] != currency


def entries(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Quantity, Meaning | None]]:
    """Walk over every numeric entry of a model: dotted path, entry, and what it stands for where the schema says.

    Examples
    --------
    >>> [path for path, _, _ in entries(read_scenario("xiangyin-2016"))][0]
    'incomes.growth.wage'
    """
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        within = (part for item in get_args(field.annotation) for part in getattr(item, "__metadata__", ()))
        meaning = next((item for item in (*field.metadata, *within) if isinstance(item, Meaning)), None)
        yield from _entries_of(value, f"{prefix}{name}", meaning)


def _entries_of(value: object, path: str, meaning: Meaning | None) -> Iterator[tuple[str, Quantity, Meaning | None]]:
    if isinstance(value, Quantity):
        yield path, value, meaning
    elif isinstance(value, BaseModel):
        yield from entries(value, f"{path}.")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entries_of(item, f"{path}.{key}", meaning)
    elif isinstance(value, tuple):
        for position, item in enumerate(value):
            key = getattr(item, "code", str(position))
            yield from _entries_of(item, f"{path}.{key}", meaning)


def safe_name(text: str) -> str:
    """Return a text as a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-") or "run"
