"""A run as a folder: written whole or not at all, and opened again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from povsim.assumptions import assumptions, write_assumptions
from povsim.errors import InputError, Problem
from povsim.folder_files import write_dataset, write_households, write_patterns, write_scenario
from povsim.folder_manifest import FORMAT, Record, write_manifest
from povsim.outcomes import Results
from povsim.scenario import Scenario, locate, read_scenario
from povsim.staging import MANIFEST, read_manifest, staged, target_folder

POPULATION, MAPPING = "population.yaml", "mapping.yaml"
FILES = (
    "outcomes.nc", "patterns.parquet", "margins.nc", "households.parquet", "scenario.yaml", "assumptions.csv",
    POPULATION, MAPPING, MANIFEST,
)  # fmt: skip
"""Names of the files of a run; with several scenarios each but the first is in ``scenario.<code>.yaml``."""


def check_folder(folder: str | Path) -> Path:
    """Return the full path of a folder a run may be written to; see :func:`write_run` for what is refused."""
    return target_folder(folder, FILES)


def write_run(
    results: Results,
    folder: str | Path,
    *,
    register: xr.Dataset,
    record: Record,
    before: Callable[[], None] = lambda: None,
) -> Path:
    """Write everything a run leaves behind to a folder, which appears only when it is complete.

    Parameters
    ----------
    results : Results
        As ``run_scenarios`` returns them.
    folder : str or Path
        New, empty, or a previous run, which is replaced.
    register : Dataset
        The population that was simulated.
    record : Record
        Seed, inputs, time.
    before : callable
        Called just before the folder takes its place; an exception of its own still stops that.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        The folder holds anything else than a run.

    Examples
    --------
    >>> import tempfile, povsim
    >>> from povsim.runs import Settings, run_scenarios
    >>> plan = povsim.read_scenario("sample")
    >>> people = povsim.complete_population(plan)
    >>> results = run_scenarios(people, (plan,), Settings(draws=range(2), seed=1))
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = write_run(results, Path(place, "first"), register=people, record=Record(seed=1))
    ...     with open_run(folder) as run:
    ...         print(run.scenario.code, run.outcomes.sizes["draw"], int(run.patterns()["persons"].sum()))
    sample 2 19800
    """
    target = check_folder(folder)
    with staged(target, before) as part:
        write_dataset(results.outcomes, part / "outcomes.nc")
        write_patterns(results, part / "patterns.parquet")
        write_dataset(results.margins, part / "margins.nc")
        if results.tables.household_summary:
            write_households(results, register, part / "households.parquet")
        _write_scenarios(results.scenarios, record, part)
        write_manifest(results, register, record, part)
    return target


def _write_scenarios(scenarios: tuple[Scenario, ...], record: Record, part: Path) -> None:
    """Write the scenarios with copies of the files they name, so that the folder runs again on another machine."""
    first = scenarios[0].population
    named = {"margins": (first.margins, POPULATION), "mapping": (first.mapping, MAPPING)}
    beside = {}
    for key, (given, name) in named.items():
        source = record.inputs.get(key) or (locate(given) if given else None)
        if source is not None:
            shutil.copyfile(source, part / name)
            beside[key] = name
    for scenario in scenarios:
        name = "scenario.yaml" if scenario is scenarios[0] else f"scenario.{scenario.code}.yaml"
        write_scenario(scenario, part / name, beside=beside)
    rows = [(scenario.code, row) for scenario in scenarios for row in assumptions(scenario)]
    write_assumptions(rows, part / "assumptions.csv")


@dataclass(frozen=True)
class Run:
    """A run that was written to a folder; its parts are read when first asked for.

    Attributes
    ----------
    path : Path
        The folder.
    manifest : dict
        Versions, seed, hashes of inputs, sizes, time.
    """

    path: Path
    manifest: dict[str, Any]

    @cached_property
    def outcomes(self) -> xr.Dataset:
        """Outcomes by scenario, draw, year and village; values are read from the file as they are used."""
        return _open(self.path / "outcomes.nc")

    @cached_property
    def margins(self) -> xr.Dataset:
        """Persons by distance to the income threshold."""
        return _open(self.path / "margins.nc")

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """All scenarios of the run, as expanded."""
        names = ["scenario.yaml", *(f"scenario.{code}.yaml" for code in self.manifest["scenarios"][1:])]
        return tuple(read_scenario(self.path / name) for name in names)

    @property
    def scenario(self) -> Scenario:
        """The scenario (the first, when there are several)."""
        return self.scenarios[0]

    def patterns(self) -> pd.DataFrame:
        """Households and persons by scenario, draw, year, village and pattern of failed tests."""
        return pd.read_parquet(self.path / "patterns.parquet")

    def households(self) -> pd.DataFrame | None:
        """Probabilities per scenario, year and household; nothing where the run was made without them."""
        file = self.path / "households.parquet"
        return pd.read_parquet(file) if file.is_file() else None

    def close(self) -> None:
        """Close the files that were opened."""
        for name in ("outcomes", "margins"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def __enter__(self) -> Run:
        """Return the run itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its files."""
        self.close()


def _open(path: Path) -> xr.Dataset:
    if not path.is_file():
        raise InputError(str(path.parent), [Problem(path.name, "is missing from the run")])
    return xr.open_dataset(path, engine="netcdf4")


def open_run(folder: str | Path) -> Run:
    """Open a run that ``povsim run`` or :func:`write_run` wrote.

    Parameters
    ----------
    folder : str or Path
        The folder.

    Returns
    -------
    Run
        Use it in a ``with`` block, or call ``close()``, to let go of its files.

    Raises
    ------
    InputError
        The folder is not a run, or one that a newer povsim wrote.

    Examples
    --------
    >>> open_run("nowhere")
    Traceback (most recent call last):
    povsim.errors.InputError: nowhere: 1 problem
      - folder: does not exist
    """
    path = Path(folder)
    if not path.is_dir():
        what = "is a file; name the folder of the run" if path.exists() else "does not exist"
        raise InputError(str(folder), [Problem("folder", what)])
    manifest = read_manifest(path)
    if manifest is None:
        what = f"is not a povsim run: no {MANIFEST} of povsim in it"
        raise InputError(str(folder), [Problem("folder", what, mend="make one with povsim run SCENARIO --out FOLDER")])
    if not isinstance(manifest["format"], int) or manifest["format"] > FORMAT:
        found, allowed = str(manifest["format"]), f"up to {FORMAT}"
        problem = Problem("format", "was written by a newer povsim", found, allowed, "update povsim")
        raise InputError(str(folder), [problem])
    return Run(path, manifest)
