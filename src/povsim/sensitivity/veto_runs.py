"""Vetoes of a finished run: what its stored patterns and margins answer without simulating again, and what not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.folder import Run
from povsim.quantity import Quantity
from povsim.rulebook import IncomeTest
from povsim.scenario import Scenario
from povsim.sensitivity.veto_inputs import check_known
from povsim.sensitivity.veto_kernels import count_patterns
from povsim.sensitivity.veto_rollups import Histograms, exact_limit, failing_areas, rollup_attribution
from povsim.sensitivity.veto_shares import closed_forms

Array = npt.NDArray[Any]
COUNTS = ("households", "persons")
FEEDBACK = (
    "as simulated, at year end; what follows from a changed exit (support ends, others take its place) is left out",
    "按模拟的年末状况：退出改变后的连锁影响（帮扶终止、名额转给他人）不计在内",
)
"""What an answer from stored patterns leaves out, in English and Chinese."""


@dataclass(frozen=True, eq=False)
class Stored:
    """Patterns of one scenario and year of a run, rows by draw and village.

    Attributes
    ----------
    scenario : Scenario
        The plan.
    year : int
        The year.
    labels : mapping
        Coordinates of the dim veto: codes of the tests that veto, in the order of the bits, with names.
    draws, villages : sequence
        Numbers of the draws, codes of the villages.
    rows : DataFrame
        ``draw`` and ``village`` as positions; ``pattern`` in the bits of the tests that veto; the counts.
    """

    scenario: Scenario
    year: int
    labels: dict[str, Any]
    draws: Sequence[int]
    villages: Sequence[str]
    rows: pd.DataFrame

    @property
    def codes(self) -> list[str]:
        """Codes of the tests."""
        return [str(code) for code in self.labels["veto"]]


def stored_patterns(run: Run, year: int | None = None, scenario: str | None = None) -> Stored:
    """Read the patterns of one year of a run.

    Parameters
    ----------
    run : Run
        As ``open_run`` returns it.
    year : int, optional
        The last one if not given.
    scenario : str, optional
        The first one if not given.

    Raises
    ------
    InputError
        No such year or scenario; a run without patterns, or with those of another standard.

    Examples
    --------
    >>> import tempfile, povsim
    >>> from pathlib import Path
    >>> from povsim.folder import open_run, write_run
    >>> from povsim.folder_manifest import Record
    >>> from povsim.runs import Settings, run_scenarios
    >>> plan = povsim.read_scenario("sample")
    >>> people = povsim.complete_population(plan)
    >>> results = run_scenarios(people, (plan,), Settings(draws=range(2), seed=1))
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = write_run(results, Path(place, "first"), register=people, record=Record(seed=1))
    ...     with open_run(folder) as run:
    ...         stored = stored_patterns(run, 2020)
    >>> found = excluded_by_draw(stored)
    >>> found["shapley"].dims, bool((found["sole_blocker"] <= found["any_hit"]).all())
    (('count', 'draw', 'veto'), True)
    """
    plan = _scenario(run, scenario)
    years = list(plan.span)
    chosen = years[-1] if year is None else year
    if chosen not in years:
        problem = Problem("--year", "is not in the run", str(year), f"{years[0]} to {years[-1]}")
        raise InputError(str(run.path), [problem])
    frame = _read(run, chosen, plan.code)
    tests = plan.exit_standard.household.tests
    kept = [place for place, test in enumerate(tests) if test.veto]
    pattern = frame["pattern"].to_numpy().astype(np.uint64)
    if pattern.size and int(pattern.max()).bit_length() > len(tests):
        problem = Problem("patterns.parquet", "has patterns of other tests than those of scenario.yaml")
        raise InputError(str(run.path), [problem])
    bits = np.zeros_like(pattern)
    for place, test in enumerate(kept):
        bits |= ((pattern >> np.uint64(test)) & np.uint64(1)) << np.uint64(place)
    labels = {
        "veto": np.array([tests[place].code for place in kept], dtype=str),
        "veto_zh": ("veto", np.array([tests[place].name_zh for place in kept], dtype=str)),
        "veto_en": ("veto", np.array([tests[place].name_en for place in kept], dtype=str)),
    }
    draws, villages = ([*run.outcomes[name].to_numpy().tolist()] for name in ("draw", "village"))
    rows = {
        "draw": np.searchsorted(draws, frame["draw"].to_numpy()),
        "village": pd.Index(villages).get_indexer(frame["village"].astype(str)),
        "pattern": bits,
        **{name: frame[name].to_numpy().astype(np.int64) for name in COUNTS},
    }
    return Stored(plan, chosen, labels, draws, villages, pd.DataFrame(rows))


def _scenario(run: Run, code: str | None) -> Scenario:
    codes = [plan.code for plan in run.scenarios]
    if code is None:
        return run.scenarios[0]
    if code not in codes:
        problem = Problem("--scenario", "is not in the run", code, ", ".join(codes), nearest(code, codes))
        raise InputError(str(run.path), [problem])
    return run.scenarios[codes.index(code)]


def _read(run: Run, year: int, scenario: str) -> pd.DataFrame:
    """Read one year's rows; nothing else of the file is held."""
    path = run.path / "patterns.parquet"
    if not path.is_file():
        problem = Problem("patterns.parquet", "is missing from the run", mend="run the scenario again")
        raise InputError(str(run.path), [problem])
    try:
        frame = pd.read_parquet(path, filters=[("year", "==", year)])
    except (OSError, ValueError) as error:
        raise InputError(str(run.path), [Problem("patterns.parquet", "cannot be read", str(error)[:80])]) from None
    wanted = {"scenario", "draw", "village", "pattern", *COUNTS}
    if gone := sorted(wanted - set(frame.columns)):
        raise InputError(str(run.path), [Problem("patterns.parquet", "lacks columns", ", ".join(gone))])
    return frame[frame["scenario"].astype(str) == scenario]


def excluded_by_draw(stored: Stored) -> xr.Dataset:
    """Attribute who fails the household standard to its rules, draw by draw, in households and in persons.

    Parameters
    ----------
    stored : Stored
        As :func:`stored_patterns` returns it.

    Returns
    -------
    Dataset
        The variables of ``attribution`` with the dims count (households, persons) and draw before the others.
    """
    rules, draws = len(stored.codes), len(stored.draws)
    group, pattern = (stored.rows[name].to_numpy() for name in ("draw", "pattern"))
    singles = np.zeros((len(COUNTS), draws, rules, rules + 1), dtype=np.int64)
    pairs = np.zeros((len(COUNTS), draws, rules, rules, rules + 1), dtype=np.int64)
    for place, name in enumerate(COUNTS):
        count_patterns(pattern, stored.rows[name].to_numpy(), group, singles[place], pairs[place])
    coords = {"count": list(COUNTS), "draw": stored.draws, **stored.labels}
    coords["other_veto"] = ("other_veto", stored.labels["veto"])
    about = {"year": stored.year, "method": "exact from stored patterns", "note": FEEDBACK[0], "note_zh": FEEDBACK[1]}
    return xr.Dataset(closed_forms(singles, pairs, ("count", "draw")), coords, about)


def switched_off(stored: Stored, off: Sequence[str]) -> xr.Dataset:
    """Return whom switching household rules off together would release, draw by draw, exactly.

    Parameters
    ----------
    stored : Stored
        As :func:`stored_patterns` returns it.
    off : sequence of str
        Codes of household rules.

    Returns
    -------
    Dataset
        ``excluded``, ``still_excluded``, ``released`` (count, draw); the attributes say what is left out, and the
        overrides (``set``) with which a re-run would answer that too.

    Raises
    ------
    InputError
        Unknown rules, with the nearest name.
    """
    check_known(off, stored.codes, "--off")
    kept = np.uint64(sum(1 << place for place, code in enumerate(stored.codes) if code not in off))
    pattern = stored.rows["pattern"].to_numpy()
    sums = np.zeros((3, len(COUNTS), len(stored.draws)), dtype=np.int64)
    for place, name in enumerate(COUNTS):
        heads, draw = stored.rows[name].to_numpy(), stored.rows["draw"].to_numpy()
        for row, hit in enumerate((pattern != 0, (pattern & kept) != 0)):
            np.add.at(sums[row, place], draw[hit], heads[hit])
    sums[2] = sums[0] - sums[1]
    names = ("excluded", "still_excluded", "released")
    about = {
        "off": list(off),
        "method": "exact from stored patterns",
        "note": FEEDBACK[0],
        "note_zh": FEEDBACK[1],
        "set": [f"exit_standard.household.tests.{code}.veto=false" for code in off],
    }
    data = {name: (("count", "draw"), row) for name, row in zip(names, sums, strict=True)}
    return xr.Dataset(data, {"count": list(COUNTS), "draw": stored.draws}, about)


def village_histograms(stored: Stored) -> Histograms:
    """Return persons by pattern for every village of every draw; areas are numbered draw by draw."""
    rows = stored.rows.sort_values(["draw", "village"], kind="stable")
    key = (rows["draw"] * len(stored.villages) + rows["village"]).to_numpy()
    edges = np.flatnonzero(np.diff(key, prepend=-1))
    pattern, persons = rows["pattern"].to_numpy(), rows["persons"].to_numpy()
    starts = np.append(edges, key.size).astype(np.int64)
    return Histograms([str(each) for each in key[edges]], stored.codes, pattern, persons, starts)


def village_limit(scenario: Scenario, year: int) -> tuple[float, Any]:
    """Return the share of failing persons above which a village fails, and how a share passes.

    That of the standard's test of incidence, else 2 %, the national rule.
    """
    for test in scenario.exit_standard.village:
        if test.column == "incidence" and test.comparison in ("<", "<="):
            return float(test.threshold.at(year)), test.comparison
    return 0.02, "<"


def rolled_up(stored: Stored, off: Sequence[str] = ()) -> xr.Dataset:
    """Attribute villages above the limit of truly failing persons to the household rules; mean of the draws.

    Parameters
    ----------
    stored : Stored
        As :func:`stored_patterns` returns it.
    off : sequence of str
        Household rules to switch off: ``still_failing`` says how many villages would fail without them.

    Returns
    -------
    Dataset
        ``shapley``, ``alone``, ``sole_blocker`` (veto), ``failing``, ``still_failing`` (draw): numbers of villages.
    """
    check_known(off, stored.codes, "--off")
    limit, comparison = village_limit(stored.scenario, stored.year)
    areas, draws = village_histograms(stored), len(stored.draws)
    found = rollup_attribution(areas, limit=limit, comparison=comparison)
    draw = np.array([int(area) for area in areas.areas], dtype=np.int64) // len(stored.villages)
    active = np.array([code not in off for code in stored.codes], dtype=bool)
    still = failing_areas(areas, exact_limit(limit, comparison), active)
    data: dict[str, Any] = {
        name: ("veto", found[name].to_numpy() / draws) for name in ("shapley", "alone", "sole_blocker")
    }
    for name, fails in (("failing", found["fails"].to_numpy()), ("still_failing", still)):
        data[name] = ("draw", np.bincount(draw[fails], minlength=draws))
    about = {**found.attrs, "units": "villages", "off": list(off), "note": FEEDBACK[0], "note_zh": FEEDBACK[1]}
    return xr.Dataset(data, {"draw": stored.draws, **stored.labels}, about)


def village_blocks(run: Run, year: int, scenario: str) -> xr.DataArray:
    """Return which villages fail which village tests that veto, (draw, village, veto), from the outcomes.

    Raises
    ------
    InputError
        The standard has no tests of villages.
    """
    tests = [test for test in _scenario(run, scenario).exit_standard.village if test.veto]
    if not tests:
        what = "the exit standard has no tests of villages"
        raise InputError(str(run.path), [Problem("--level", what, "village", "household")])
    fails = run.outcomes["village_test_fails"].sel(scenario=scenario, year=year, veto=[test.code for test in tests])
    keep = [name for name in ("draw", "village", "veto", "veto_zh", "veto_en") if name in fails.coords]
    blocked = (fails.transpose("draw", "village", "veto") == 1).reset_coords(drop=True)
    return blocked.assign_coords({name: fails[name].reset_coords(drop=True) for name in keep})


def line_of(scenario: Scenario, year: int) -> float | None:
    """Return the income line of a year in yuan per head; none where it is a quantile of incomes."""
    test = scenario.exit_standard.household.tests[0]
    return float(test.line.at(year)) if isinstance(test, IncomeTest) and isinstance(test.line, Quantity) else None
