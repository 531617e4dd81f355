"""The uncertain figures of a scenario as factors of a sensitivity analysis: which, how they move, their names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from povsim.assumptions import assumptions
from povsim.errors import InputError, Problem, nearest
from povsim.quantity import Quantity, validate
from povsim.rulebook import Meaning
from povsim.scenario import Scenario, entries

Floats = npt.NDArray[np.float64]
Shared = Literal["together", "apart"]
JOIN = "+"
"""Between the paths of entries that move together."""
SURE = 1e-9
"""A quantile is kept so far from 0 and 1, where an unbounded spread has no value."""
Asked = Sequence[str | Sequence[str]] | Mapping[str, Any] | None
"""What may be asked for: nothing, paths, lists of paths that move together, or paths with bounds or spreads."""


@dataclass(frozen=True)
class Moved:
    """One entry that a factor moves.

    Attributes
    ----------
    path : str
        Dotted path.
    entry : Quantity
        As written, with the spread it moves on.
    meaning : Meaning, optional
        Of the entry, with the range that makes sense.
    bounds : tuple of float, optional
        Given bounds, which need not hold the value; of a dated path they are bounds of a shift.
    """

    path: str
    entry: Quantity
    meaning: Meaning | None
    bounds: tuple[float, float] | None = None

    def value(self, quantile: float) -> float | dict[int, float]:
        """Return the value at a quantile, within the range that makes sense; a dated path moves as a whole."""
        written = self.entry.value
        if isinstance(written, dict):
            return {year: self._clipped(self._at(year, quantile)) for year in sorted(written)}
        return self._clipped(self._at(0, quantile))

    def _at(self, year: int, quantile: float) -> float:
        if self.bounds is None:
            return self.entry.at_quantile(year, quantile)
        moved = self.bounds[0] + quantile * (self.bounds[1] - self.bounds[0])
        return self.entry.at(year) + moved if isinstance(self.entry.value, dict) else moved

    def _clipped(self, value: float) -> float:
        return value if self.meaning is None else min(max(value, self.meaning.low), self.meaning.high)


@dataclass(frozen=True)
class Driver:
    """One factor: an uncertain entry, or several that move together at one quantile."""

    name: str
    moved: tuple[Moved, ...]
    zh: str
    en: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Dotted paths of what moves."""
        return tuple(item.path for item in self.moved)

    def values(self, quantile: float) -> dict[str, Any]:
        """Return what to set for a quantile, path by path."""
        inside = min(max(quantile, SURE), 1 - SURE)
        return {item.path: item.value(inside) for item in self.moved}


def find_drivers(scenario: Scenario, asked: Asked = None, *, shared: Shared = "together") -> tuple[Driver, ...]:
    """Return the factors of a scenario.

    Entries are drawn apart from each other in a run. `read_scenario` writes a YAML alias out as entries of their own,
    so a figure that stands for two places would pass for two independent ones. Entries that agree in name, value,
    unit, source, note and spread are therefore taken for one figure and move together, whichever of them is named.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    asked : sequence of str or of sequences of str, or mapping of str to bounds, optional
        Dotted paths; paths in one sequence, or joined by ``+``, move together. A mapping gives ``(low, high)``, a
        spread such as ``{"type": "normal", "sd": 0.1}``, or None for the entry's own. Every entry with a spread if not
        given.
    shared : {"together", "apart"}
        Whether entries that agree in everything are one figure.

    Raises
    ------
    InputError
        Unknown paths (the nearest is named), entries without spread or bounds, bounds that are none or make no sense,
        an entry in two factors, copies of one figure named as two factors, no uncertain entry at all.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> found = find_drivers(read_scenario("sample"), ["incomes.wage.rho"])
    >>> found[0].paths, found[0].values(0.5)["incomes.business.rho"]
    (('incomes.wage.rho', 'incomes.business.rho'), 0.81)
    """
    known = {path: (entry, meaning) for path, entry, meaning in entries(scenario)}
    copies = _copies(known) if shared == "together" else {}
    wanted = _wanted(asked, known)
    problems = [problem for paths, bounds in wanted for problem in _problems(paths, bounds, known)]
    if asked is not None:
        problems = problems or list(_meetings(wanted, copies))
    if not wanted:
        problems.append(Problem("parameters", "no entry of the scenario has a spread", mend="name paths with bounds"))
    if problems:
        raise InputError(scenario.code, problems)
    names = {row.path: (row.zh, row.en) for row in assumptions(scenario)}
    grown = [(_grown(paths, copies), bounds) for paths, bounds in wanted]
    once = {paths[0]: (paths, bounds) for paths, bounds in grown} if asked is None else None
    return tuple(_driver(paths, bounds, known, names) for paths, bounds in (once.values() if once else grown))


def _wanted(asked: Asked, known: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    """Return paths and bounds of each factor asked for."""
    if asked is None:
        return [((path,), None) for path, (entry, _) in known.items() if entry.spread is not None]
    if isinstance(asked, Mapping):
        return [(tuple(str(key).split(JOIN)), bounds) for key, bounds in asked.items()]
    if isinstance(asked, str):
        return [(tuple(asked.split(JOIN)), None)]
    return [(tuple(item.split(JOIN)) if isinstance(item, str) else tuple(item), None) for item in asked]


def _copies(known: Mapping[str, tuple[Quantity, Meaning | None]]) -> dict[str, tuple[str, ...]]:
    """Return the paths that hold the same figure, for every uncertain entry with copies."""
    same: dict[tuple[str, str, str], list[str]] = {}
    for path, (entry, meaning) in known.items():
        if entry.spread is not None:
            name = meaning.en if meaning is not None else ""
            same.setdefault((path.rpartition(".")[2], name, entry.model_dump_json()), []).append(path)
    return {path: tuple(paths) for paths in same.values() if len(paths) > 1 for path in paths}


def _grown(paths: tuple[str, ...], copies: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(other for path in paths for other in copies.get(path, (path,))))


def _problems(paths: tuple[str, ...], bounds: Any, known: Mapping[str, Any]) -> Iterator[Problem]:
    for path in paths:
        if path not in known:
            uncertain = [name for name, (entry, _) in known.items() if entry.spread is not None]
            near = nearest(path, list(known)) or nearest(path, uncertain)
            yield Problem("parameters", "no such entry", path, "a dotted path of a figure of the scenario", near)
        elif bounds is None and known[path][0].spread is None:
            mend = f"give bounds: {path}=LOW..HIGH, or {{'{path}': (low, high)}}"
            yield Problem(f"parameters {path}", "has no spread", mend=mend)
        elif bounds is not None:
            yield from _bound_problems(path, bounds, *known[path])


def _bound_problems(path: str, bounds: Any, entry: Quantity, meaning: Meaning | None) -> Iterator[Problem]:
    where = f"parameters {path}"
    if isinstance(bounds, Mapping):
        try:
            _spread(entry, bounds)
        except InputError as error:
            yield from (
                Problem(f"{where}.{item.where}", item.what, item.found, item.allowed) for item in error.problems
            )
        return
    if not _is_pair(bounds):
        yield Problem(where, "is not (low, high) or a spread", repr(bounds), "two finite numbers, the lower first")
    elif meaning is not None and not isinstance(entry.value, dict) and not _inside(bounds, meaning):
        found, allowed = f"{bounds[0]:g} to {bounds[1]:g}", f"{meaning.low:g} to {meaning.high:g}"
        yield Problem(where, "bounds reach beyond what makes sense", found, allowed)


def _inside(bounds: Sequence[float], meaning: Meaning) -> bool:
    return meaning.low <= bounds[0] and bounds[1] <= meaning.high


def _is_pair(bounds: Any) -> bool:
    if isinstance(bounds, str) or not isinstance(bounds, Sequence) or len(bounds) != 2:
        return False
    numbers = all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in bounds)
    return numbers and bool(np.isfinite(bounds).all()) and bounds[0] < bounds[1]


def _spread(entry: Quantity, bounds: Mapping[str, Any]) -> Quantity:
    return validate(Quantity, {**entry.model_dump(), "spread": dict(bounds)}, "parameters")


def _meetings(
    wanted: Sequence[tuple[tuple[str, ...], Any]], copies: Mapping[str, tuple[str, ...]]
) -> Iterator[Problem]:
    """Yield entries that are in two factors, as named or as copies of one figure."""
    grown = [_grown(paths, copies) for paths, _ in wanted]
    pairs = [(one, two) for one, two in itertools.combinations(grown, 2) if set(one) & set(two)]
    for one, two in pairs:
        what = "are one figure, or hold the same entry, and cannot be two factors"
        mend = f"name them as one: {one[0]}{JOIN}{two[0]}; or say that such figures are apart (shared apart)"
        yield Problem(f"parameters {one[0]} and {two[0]}", what, mend=mend)


def _driver(
    paths: tuple[str, ...], bounds: Any, known: Mapping[str, Any], names: Mapping[str, tuple[str, str]]
) -> Driver:
    moved = []
    for path in paths:
        entry, meaning = known[path]
        if isinstance(bounds, Mapping):
            entry = _spread(entry, bounds)
        pair = None if bounds is None or isinstance(bounds, Mapping) else (float(bounds[0]), float(bounds[1]))
        moved.append(Moved(path, entry, meaning, pair))
    zh, en = names.get(paths[0], (paths[0], paths[0]))
    if len(paths) > 1:
        zh, en = f"{zh}（连同另外{len(paths) - 1}项一起变动）", f"{en} (and {len(paths) - 1} more with it)"
    return Driver(paths[0], tuple(moved), zh, en)
