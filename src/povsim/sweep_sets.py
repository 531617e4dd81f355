"""The parameter sets of a sweep: a grid or a list of samples, and a checked scenario for each of them."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from povsim.errors import ROWS_SHOWN, InputError, Problem
from povsim.scenario import Scenario, entries, scenario_of

UNSWEPT = {
    "code": "names the scenario, and each set gets a code of its own",
    "population": "the population is the register that is given",
    "years": "all sets run over the same years",
}
"""Entries that cannot differ between sets, and why."""
PLAIN = (bool, int, float, str)


@dataclass(frozen=True)
class Sets:
    """Parameter sets in the order in which they run.

    Attributes
    ----------
    paths : tuple of str
        Dotted paths of the entries that are changed.
    values : tuple of tuple
        One tuple a set, in the order of the paths.
    axes : tuple of tuple
        Values along each dim of a grid, whose last dim runs fastest; empty for samples.
    """

    paths: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    axes: tuple[tuple[Any, ...], ...] = ()

    def column(self, path: str) -> tuple[Any, ...]:
        """Return the values of a path, set by set."""
        place = self.paths.index(path)
        return tuple(row[place] for row in self.values)


def read_sets(grid_or_samples: object) -> Sets:
    """Return the parameter sets that a grid or a list of samples stands for.

    Parameters
    ----------
    grid_or_samples : mapping of path to sequence, DataFrame, or sequence of mappings of path to value
        A mapping is a full factorial grid; a DataFrame (a column a path) or a sequence of mappings is a list.

    Raises
    ------
    InputError
        Neither; nothing in it; a value twice along a dim; empty cells; samples that set different entries.

    Examples
    --------
    >>> read_sets({"incomes.growth.wage": [0.05, 0.1], "measures.industry.active": [True]}).values
    ((0.05, True), (0.1, True))
    """
    if isinstance(grid_or_samples, pd.DataFrame):
        return _checked(_of_table(grid_or_samples))
    if isinstance(grid_or_samples, Mapping):
        return _checked(_of_grid(grid_or_samples))
    if isinstance(grid_or_samples, Sequence) and all(isinstance(item, Mapping) for item in grid_or_samples):
        return _checked(_of_samples(grid_or_samples))
    found = type(grid_or_samples).__name__
    allowed = "a mapping of paths to lists of values, a DataFrame, or a list of mappings"
    raise InputError("sweep", [Problem("sets", "cannot be read", found, allowed)])


def _of_grid(grid: Mapping[str, Any]) -> Sets:
    problems, axes = [], []
    for path, given in grid.items():
        if isinstance(given, (str, bytes, Mapping)) or not hasattr(given, "__iter__"):
            problems.append(Problem(str(path), "should be a list of values", repr(given), mend=f"write [{given!r}]"))
            continue
        axis = tuple(_plain(value) for value in given)
        twice = sorted(text for text, times in Counter(map(_text, axis)).items() if times > 1)
        problems += [Problem(str(path), "a value is given twice", ", ".join(twice))] if twice else []
        axes.append(axis)
    if problems:
        raise InputError("sweep", problems)
    return Sets(tuple(grid), tuple(itertools.product(*axes)), tuple(axes))


def _of_table(table: pd.DataFrame) -> Sets:
    holes = {str(name): np.flatnonzero(table[name].isna().to_numpy()).tolist() for name in table.columns}
    problems = [Problem(path, "is empty", f"sample {_several(at)}") for path, at in holes.items() if at]
    if problems:
        raise InputError("sweep", problems)
    columns = [[_plain(value) for value in table[name].tolist()] for name in table.columns]
    return Sets(tuple(str(name) for name in table.columns), tuple(zip(*columns, strict=True)))


def _of_samples(samples: Sequence[Mapping[str, Any]]) -> Sets:
    paths = tuple(samples[0]) if samples else ()
    other = [place for place, sample in enumerate(samples) if set(sample) != set(paths)]
    if other:
        what = "does not set the same entries as the first"
        raise InputError("sweep", [Problem("sets", what, f"sample {_several(other)}", ", ".join(paths))])
    return Sets(paths, tuple(tuple(_plain(sample[path]) for path in paths) for sample in samples))


def _checked(sets: Sets) -> Sets:
    if not sets.paths or not sets.values:
        raise InputError("sweep", [Problem("sets", "none given", allowed="at least one path with one value")])
    problems = [Problem(str(path), "a path is a text") for path in sets.paths if not isinstance(path, str)]
    bare = [str(path).removesuffix(".value") for path in sets.paths]
    for one, two in itertools.combinations(bare, 2):
        if f"{one}.".startswith(f"{two}.") or f"{two}.".startswith(f"{one}."):
            problems.append(Problem(two, "changes the same entry as another path", one, "one path an entry"))
    for path in sets.paths:
        odd = [value for value in sets.column(path) if not _writable(value)]
        problems += [Problem(path, "is not plain data", repr(odd[0]), "numbers, texts, lists, mappings")] if odd else []
    if problems:
        raise InputError("sweep", problems)
    return sets


def _plain(value: Any) -> Any:
    """Return NumPy's numbers as Python's, all the way down."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _writable(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=repr)


def _several(places: Sequence[int]) -> str:
    return str(places[0]) + (f" and {len(places) - 1} more" if len(places) > 1 else "")


def coordinate(values: Sequence[Any]) -> npt.NDArray[Any]:
    """Return values as an array: numbers, flags or texts as they are, anything else as JSON.

    Examples
    --------
    >>> coordinate([1, 2.5]).tolist(), coordinate([None, {2016: 1}]).tolist()
    ([1.0, 2.5], ['null', '{"2016": 1}'])
    """
    kinds = {type(value) for value in values}
    if kinds in ({bool}, {str}):
        return np.array(values)
    if kinds == {int} and all(abs(value) < 2**63 for value in values):
        return np.array(values, dtype=np.int64)
    if kinds <= {int, float}:
        return np.array(values, dtype=np.float64)
    return np.array([_text(value) for value in values])


@dataclass(frozen=True)
class Variants:
    """The scenario of each set, made anew when asked for, so that thousands of sets need no memory."""

    base: Scenario
    data: dict[str, Any]
    sets: Sets

    def scenario(self, place: int, leave_out: frozenset[str] = frozenset()) -> Scenario:
        """Return the scenario of the set at ``place``, under a code of its own."""
        pairs = zip(self.sets.paths, self.sets.values[place], strict=True)
        changes = {path: value for path, value in pairs if path not in leave_out}
        read = scenario_of(self.data, changes, f"{self.base.code}.yaml")
        return read.model_copy(update={"code": f"{self.base.code[:60]}.{place}"})

    @cached_property
    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return the values of each path, set by set."""
        return {path: coordinate(self.sets.column(path)) for path in self.sets.paths}

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """Return units and labels of the paths, as far as the entries have them."""
        known = {path: (entry, meaning) for path, entry, meaning in entries(self.scenario(0))}
        found: dict[str, dict[str, str]] = {}
        for path in self.sets.paths:
            entry, meaning = known.get(path.removesuffix(".value"), (None, None))
            found[path] = {"units": entry.unit} if entry else {}
            found[path] |= {"long_name": meaning.en, "long_name_zh": meaning.zh} if meaning else {"long_name": path}
        return found


def variants(base: Scenario, sets: Sets) -> Variants:
    """Return the scenarios of the sets."""
    return Variants(base, base.model_dump(mode="json", by_alias=True), sets)


def set_problems(made: Variants) -> list[Problem]:
    """Make every set's scenario and list all that is wrong with paths and values."""
    wrong = {path: problem for path in made.sets.paths if (problem := _path_problem(made, path)) is not None}
    met: dict[tuple[str, str, str], tuple[Problem, list[int]]] = {}
    for place in range(len(made.sets.values)):
        for problem in _value_problems(made, place, frozenset(wrong)):
            key = (problem.where, problem.what, problem.found)
            met.setdefault(key, (problem, []))[1].append(place)
    told: dict[str, list[Problem]] = {}
    for problem, places in met.values():
        told.setdefault(problem.where, []).append(_with_sets(made.sets, problem, places))
    return [*wrong.values(), *(problem for each in told.values() for problem in _shortened(each))]


def _path_problem(made: Variants, path: str) -> Problem | None:
    values = made.sets.column(path)
    texts = list(dict.fromkeys(_text(value) for value in values))
    found = ", ".join(texts[:3]) + (", ..." if len(texts) > 3 else "")
    if path.partition(".")[0] in UNSWEPT:
        return Problem(path, "cannot differ between sets", found, mend=UNSWEPT[path.partition(".")[0]])
    try:
        scenario_of(made.data, {path: values[0]}, made.base.code)
    except InputError as error:
        for problem in error.problems:
            where = problem.where.removeprefix("--set ")
            if where != problem.where or (problem.what == "unknown key" and where == path):
                what = "no such entry" + (f": {where}" if where != path else "")
                return Problem(path, what, found, problem.allowed, problem.mend)
    return None


def _value_problems(made: Variants, place: int, leave_out: frozenset[str]) -> tuple[Problem, ...]:
    try:
        scenario = made.scenario(place, leave_out)
    except InputError as error:
        return error.problems
    codes = [test.code for test in made.base.exit_standard.household.tests]
    found = [test.code for test in scenario.exit_standard.household.tests]
    if found != codes:
        where = "exit_standard.household.tests"
        return (Problem(where, "all sets need the same tests", ", ".join(found), ", ".join(codes)),)
    return ()


def _with_sets(sets: Sets, problem: Problem, places: Sequence[int]) -> Problem:
    """Name the values that led to a problem, since a rule over several entries does not."""
    inside = f"{problem.where.removeprefix('--set ').removesuffix('.value')}."
    near = [path for path in sets.paths if f"{path}.".startswith(inside) or inside.startswith(f"{path}.")]
    values = dict(zip(sets.paths, sets.values[places[0]], strict=True))
    given = ", ".join(f"{path} = {_text(values[path])}" for path in near or sets.paths)
    mend = "; ".join(part for part in (problem.mend, f"set {_several(places)}: {given}") if part)
    return Problem(problem.where, problem.what, problem.found, problem.allowed, mend)


def _shortened(problems: list[Problem]) -> list[Problem]:
    left = len(problems) - ROWS_SHOWN
    more = [Problem(problems[0].where, f"and {left} more wrong values")] if left > 0 else []
    return problems[:ROWS_SHOWN] + more
