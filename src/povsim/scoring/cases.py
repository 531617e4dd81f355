"""Cases of a scorecard: inputs and what they should come to, by clause, in a file that an official can extend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import Field, model_validator

from povsim.errors import InputError, Problem, nearest
from povsim.quantity import Finite, Rule, Year, read_yaml, validate
from povsim.scenario import shipped
from povsim.scoring.cells import LEAD, NOTHING
from povsim.scoring.schema import Scorecard
from povsim.scoring.scorecard import FOLDER, read_scorecard
from povsim.scoring.scores import score_values

TOLERANCE = 1e-3
"""Points; states are float32."""
Severity = Annotated[int, Field(ge=0, le=9)]


class Expected(Rule):
    """What a case should come to; only what is named is compared."""

    points: dict[str, Finite] = Field(default_factory=dict)
    groups: dict[str, Finite] = Field(default_factory=dict)
    total: Finite | None = None
    total_before_vetoes: Finite | None = None
    passed: bool | None = None
    vetoes: dict[str, bool] = Field(default_factory=dict)
    triggers: dict[str, Severity] = Field(default_factory=dict)
    step: dict[str, str] = Field(default_factory=dict)
    grade: str | None = None
    rank: int | None = None
    awards: tuple[str, ...] | None = None


class CaseUnit(Rule):
    """One unit of a case."""

    inputs: dict[str, Finite] = Field(default_factory=dict)
    findings: dict[str, Severity] = Field(default_factory=dict)
    unit_class: str = Field(default="", alias="class")
    history: dict[Year, str] = Field(default_factory=dict)
    expect: Expected = Expected()


class Case(Rule):
    """One case: a unit given at the top, or several by name."""

    name: str
    name_zh: str = ""
    clause: Annotated[str, Field(min_length=1)]
    year: Year
    inputs: dict[str, Finite] = Field(default_factory=dict)
    findings: dict[str, Severity] = Field(default_factory=dict)
    history: dict[Year, str] = Field(default_factory=dict)
    expect: Expected | None = None
    units: dict[str, CaseUnit] = Field(default_factory=dict)
    peers: dict[str, tuple[Finite, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Case:
        if bool(self.units) == (self.expect is not None):
            raise ValueError("give either units, or inputs with what to expect")
        return self

    def by_unit(self) -> dict[str, CaseUnit]:
        """Return the units by name; one given at the top has the case's own."""
        if self.units:
            return self.units
        assert self.expect is not None
        own = CaseUnit(inputs=self.inputs, findings=self.findings, history=self.history, expect=self.expect)
        return {"unit": own}


class CaseFile(Rule):
    """The cases of one scorecard."""

    scorecard: str
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True)
class CaseResult:
    """What came of a case; no problems means that it came out."""

    name: str
    clause: str
    problems: tuple[str, ...]


def shipped_cases() -> dict[str, Path]:
    """Return the case files that ship, by the name of their scorecard.

    Examples
    --------
    >>> "xiangyin-2016" in shipped_cases()
    True
    """
    folder = shipped("rulebooks") / FOLDER / "cases"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def run_cases(path: str | Path, card: Scorecard | None = None) -> list[CaseResult]:
    """Run the cases of a file.

    Parameters
    ----------
    path : str or Path
        Case file in YAML.
    card : Scorecard, optional
        The scorecard; read by the name in the file where it is not given.

    Returns
    -------
    list of CaseResult
        In the order of the file.

    Raises
    ------
    InputError
        The file is faulty, or names items, vetoes, grades or awards that the scorecard does not have.

    Examples
    --------
    >>> results = run_cases(shipped_cases()["xiangyin-2016"])
    >>> [result.name for result in results if result.problems]
    []
    """
    file = validate(CaseFile, read_yaml(path), str(path))
    card = read_scorecard(file.scorecard) if card is None else card
    problems = [problem for case in file.cases for problem in _slips(card, case)]
    if problems:
        raise InputError(str(path), problems)
    return [_run(card, case) for case in file.cases]


def _slips(card: Scorecard, case: Case) -> Iterator[Problem]:
    known = {
        "indicator": [item.code for item in card.indicators],
        "finding": [item.code for item in card.findings],
        "group": [item.code for item in card.groups],
        "veto": [item.code for item in card.vetoes],
        "trigger": [item.code for item in card.triggers],
        "award": [item.code for item in card.awards],
        "grade": [grade.code for grade in card.grades.grades] if card.grades else [],
    }
    for kind, code in _names(case):
        if code not in known[kind]:
            allowed = ", ".join(known[kind]) or "none"
            yield Problem(f"cases.{case.name}", f"unknown {kind}", code, allowed, nearest(code, known[kind]))


def _names(case: Case) -> Iterator[tuple[str, str]]:
    yield from (("indicator", code) for code in case.peers)
    for unit in case.by_unit().values():
        expect = unit.expect
        yield from (("indicator", code) for code in (*unit.inputs, *expect.points))
        yield from (("finding", code) for code in unit.findings)
        yield from (("group", code) for code in expect.groups)
        yield from (("veto", code) for code in expect.vetoes)
        yield from (("trigger", code) for code in (*expect.triggers, *expect.step))
        yield from (("award", code) for code in expect.awards or ())
        yield from (("grade", code) for code in (*unit.history.values(), *([expect.grade] if expect.grade else [])))


def _run(card: Scorecard, case: Case) -> CaseResult:
    try:
        scores = score_values(case_values(card, case), card, strict=False)
    except InputError as error:
        return CaseResult(case.name, case.clause, tuple(problem.line() for problem in error.problems))
    one = scores.isel(scenario=0, scheme=0, draw=0, year=0)
    found = [
        f"{name}: {text}" if case.units else text
        for name, unit in case.by_unit().items()
        for text in _compare(card, unit.expect, one.sel(unit=name))
    ]
    return CaseResult(case.name, case.clause, tuple(found))


def case_values(card: Scorecard, case: Case) -> xr.Dataset:
    """Return the inputs of a case as ``indicator_values`` would return them: one scenario, draw and year."""
    units = case.by_unit()
    codes = [item.code for item in card.indicators]
    shape = (1, 1, 1, len(units))
    value = np.full((*shape, len(codes)), np.nan, dtype=np.float32)
    finding = np.zeros((*shape, len(card.findings)), dtype=np.int8)
    for place, unit in enumerate(units.values()):
        for code, given in unit.inputs.items():
            value[0, 0, 0, place, codes.index(code)] = given
        for number, item in enumerate(card.findings):
            finding[0, 0, 0, place, number] = unit.findings.get(item.code, 0)
    data: dict[str, Any] = {
        "value": ((*LEAD, "indicator"), value),
        "value_source": (("year", "unit", "indicator"), np.full((1, len(units), len(codes)), NOTHING, np.int8)),
        "unit_class": ("unit", np.array([unit.unit_class for unit in units.values()], dtype=str)),
        "severity": ((*LEAD, "finding"), finding),
        **_history(units),
        **_peers(case, codes),
    }
    past = {"past_year": sorted({year for unit in units.values() for year in unit.history})} if _history(units) else {}
    coordinates = {
        "scenario": ["case"],
        "draw": [0],
        "year": [case.year],
        "unit": list(units),
        "indicator": codes,
        "finding": [item.code for item in card.findings],
        **past,
    }
    return xr.Dataset(data, coordinates, {"scorecard": card.code, "level": card.level})


def _history(units: Mapping[str, CaseUnit]) -> dict[str, Any]:
    years = sorted({year for unit in units.values() for year in unit.history})
    if not years:
        return {}
    past = [[unit.history.get(year, "") for unit in units.values()] for year in years]
    return {"past_grade": (("past_year", "unit"), np.array(past, dtype=str))}


def _peers(case: Case, codes: list[str]) -> dict[str, Any]:
    if not case.peers:
        return {}
    count = max(len(shares) for shares in case.peers.values())
    out = np.zeros((1, 1, count, len(codes)), dtype=np.float32)
    for code, shares in case.peers.items():
        out[0, 0, : len(shares), codes.index(code)] = shares
    return {"peer_share": (("draw", "year", "peer", "indicator"), out)}


def _compare(card: Scorecard, expect: Expected, one: xr.Dataset) -> Iterator[str]:
    yield from _numbers("points", expect.points, one["points"], "indicator")
    yield from _numbers("groups", expect.groups, one["group_points"], "group")
    for name in ("total", "total_before_vetoes"):
        wanted = getattr(expect, name)
        if wanted is not None and not abs(float(one[name]) - wanted) <= TOLERANCE:
            yield f"{name}: {float(one[name]):g}; expected {wanted:g}"
    for name, dim, table in (("vetoed", "veto", expect.vetoes), ("triggered", "trigger", expect.triggers)):
        for code, wanted in table.items():
            found = int(one[name].sel({dim: code}))
            if found != int(wanted):
                yield f"{dim} {code}: {found}; expected {int(wanted)}"
    yield from _steps(card, expect.step, one)
    if expect.passed is not None and bool(one["passed"]) != expect.passed:
        yield f"passed: {bool(one['passed'])}; expected {expect.passed}"
    if expect.rank is not None and int(one["rank"]) != expect.rank:
        yield f"rank: {int(one['rank'])}; expected {expect.rank}"
    yield from _verdicts(card, expect, one)


def _numbers(name: str, wanted: Mapping[str, float], found: xr.DataArray, dim: str) -> Iterator[str]:
    for code, number in wanted.items():
        there = float(found.sel({dim: code}))
        if not abs(there - number) <= TOLERANCE:
            yield f"{name} of {code}: {there:g}; expected {number:g}"


def _steps(card: Scorecard, wanted: Mapping[str, str], one: xr.Dataset) -> Iterator[str]:
    ladders = {ladder.code: ladder for ladder in card.ladders}
    for code, step in wanted.items():
        trigger = next(trigger for trigger in card.triggers if trigger.code == code)
        place = int(one["step"].sel(trigger=code))
        found = ladders[trigger.ladder].steps[place].code if place >= 0 else ""
        if found != step:
            yield f"step of {code}: {found or 'none'}; expected {step or 'none'}"


def _verdicts(card: Scorecard, expect: Expected, one: xr.Dataset) -> Iterator[str]:
    if expect.grade is not None:
        place = int(one["grade"])
        found = card.grades.grades[place].code if card.grades and place >= 0 else ""
        if found != expect.grade:
            yield f"grade: {found or 'none'}; expected {expect.grade or 'none'}"
    if expect.awards is not None:
        won = awards_won(card, one["award"].to_numpy())
        if set(won) != set(expect.awards):
            yield f"awards: {', '.join(won) or 'none'}; expected {', '.join(expect.awards) or 'none'}"


def awards_won(card: Scorecard, bits: npt.NDArray[Any]) -> list[str]:
    """Return the codes of the awards that a unit's bits stand for.

    Examples
    --------
    >>> card = read_scorecard("xiangyin-2016-townships")
    >>> awards_won(card, np.array(1)) == [card.awards[0].code]
    True
    """
    return [award.code for place, award in enumerate(card.awards) if int(bits) >> place & 1]
