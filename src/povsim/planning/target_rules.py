"""Targets for the units of a level: those of the scenario, verdicts, and more read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from povsim.errors import InputError, Problem, nearest
from povsim.quantity import Quantity, Rule, read_yaml, validate
from povsim.rulebook import Comparison, Named, Target
from povsim.scenario import Scenario
from povsim.scoring.signal_names import SIGNALS

Level = Literal["county", "township", "village"]
LEVELS: tuple[Level, ...] = ("county", "township", "village")
VERDICTS: dict[str, Level] = {
    "village_passes": "village",
    "county_passes_true": "county",
    "county_passes_seen": "county",
}
"""Verdicts a run holds, and whose they are; a verdict is met where it is 1."""
SCORED = ("points", "rank")
COUNTS = ("exits", "villages_passing")
"""What adds up over areas: a bound of the county is none of its townships."""
MEASURES = (*SIGNALS, *VERDICTS, *SCORED)


class UnitTarget(Named):
    """A figure that each unit of a level has to reach in given years.

    Attributes
    ----------
    code : str
        What the target is called.
    level : {"county", "township", "village", "department"}
        Whose target; departments only of points and ranks.
    measure : str
        A name out of ``povsim scorecard signals`` (incidence, exits, income, coverage, ...), a verdict
        (``village_passes``, ``county_passes_true``, ``county_passes_seen``), or ``points`` or ``rank`` of scores.
    of : tuple of str
        For names that need them: measures, guarantees, facilities, tests.
    units : tuple of str
        The units meant; all of the level if empty.
    comparison, value
        The bound; a dated value sets it for the years it names. A verdict needs none.
    """

    code: Annotated[str, Field(min_length=1, max_length=80)]
    level: Literal["county", "township", "village", "department"] = "county"
    measure: str
    of: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    comparison: Comparison = ">="
    value: Quantity | None = None

    @model_validator(mode="after")
    def _known(self) -> UnitTarget:
        if self.measure not in MEASURES:
            allowed = nearest(self.measure, MEASURES) or f"allowed: {', '.join(MEASURES)}"
            raise ValueError(f"measure {self.measure!r} is unknown; {allowed}")
        if (self.value is None) != (self.measure in VERDICTS):
            raise ValueError("a verdict takes no value, any other measure needs one")
        if self.measure in VERDICTS and self.level != VERDICTS[self.measure]:
            raise ValueError(f"{self.measure} is known by {VERDICTS[self.measure]}")
        if self.level == "department" and self.measure not in SCORED:
            raise ValueError("departments have points and ranks only")
        return self

    @property
    def unit(self) -> str:
        """Return the unit of the value."""
        return "flag" if self.value is None else self.value.unit

    def bound(self, year: int) -> float:
        """Return the bound of a year: its own, else that of the next year that has one, else the last."""
        if self.value is None:
            return 1.0
        dated = self.value.value
        if not isinstance(dated, dict):
            return float(dated)
        return float(dated[min((date for date in dated if date >= year), default=max(dated))])

    def applies(self, year: int) -> bool:
        """Tell whether the target is due in a year."""
        dated = None if self.value is None else self.value.value
        return year in dated if isinstance(dated, dict) else True


class TargetFile(Rule):
    """A file of targets."""

    targets: Annotated[tuple[UnitTarget, ...], Field(min_length=1)]


def read_targets(file: str | Path) -> tuple[UnitTarget, ...]:
    """Read targets of units from a YAML file with the one entry ``targets``.

    Raises
    ------
    InputError
        Everything that is wrong in it; two targets of the same code.
    """
    found = validate(TargetFile, read_yaml(file), str(file)).targets
    codes = [target.code for target in found]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise InputError(str(file), [Problem("targets", "two targets share a code", ", ".join(twice), "a code each")])
    return found


def targets_of(scenario: Scenario, levels: tuple[Level, ...] = ("county",)) -> tuple[UnitTarget, ...]:
    """Return a scenario's targets for the levels asked for, and the verdicts of its standards.

    A ratio set for the county is asked of each township or village alike; a number of persons or villages is not,
    since it does not say how it is shared out.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> [(one.code, one.level) for one in targets_of(read_scenario("sample"), ("county", "township"))]
    [('incidence', 'county'), ('incidence', 'township')]
    """
    own = [
        _of_level(target, level)
        for target in scenario.targets
        for level in levels
        if level == "county" or target.measure not in COUNTS
    ]
    standard = scenario.exit_standard
    have = {"village": bool(standard.village), "county": bool(standard.county)}
    return (*own, *(_verdict(code) for code, level in VERDICTS.items() if level in levels and have[level]))


def _of_level(target: Target, level: Level) -> UnitTarget:
    return UnitTarget(
        code=target.code,
        name_zh=target.name_zh,
        name_en=target.name_en,
        level=level,
        measure=target.measure,
        comparison=target.comparison,
        value=target.value,
    )


_NAMES = {
    "village_passes": ("村退出达标", "village passes its exit standard"),
    "county_passes_true": ("县退出达标（真实）", "county passes its exit standard, in truth"),
    "county_passes_seen": ("县退出达标（抽查）", "county passes its exit standard, as sampled"),
}


def _verdict(code: str) -> UnitTarget:
    zh, en = _NAMES[code]
    return UnitTarget(code=code, level=VERDICTS[code], measure=code, name_zh=zh, name_en=en)
