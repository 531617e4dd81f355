"""What a run was made from and with: versions, seed, hashes of the inputs, sizes, time."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import xarray as xr

from povsim.outcomes import Results
from povsim.quantity import read_yaml
from povsim.register_files import file_sha256
from povsim.scenario import Scenario, locate

FORMAT = 1
"""Changes when an older povsim could no longer open a run."""
PACKAGES = ("numpy", "numba", "scipy", "pandas", "xarray", "netCDF4", "pyarrow", "openpyxl", "pydantic", "PyYAML")


@dataclass(frozen=True)
class Record:
    """How a run came about.

    Attributes
    ----------
    seed : int
        Address of all luck.
    threads : int or None
        Threads asked for; all processors if none.
    inputs : mapping of role to file
        As ``input_files`` lists them; hashed, and recorded by name only.
    overrides : tuple of str
        Entries changed on the command line.
    seconds : float
        Wall time up to the writing of the manifest.
    """

    seed: int
    threads: int | None = None
    inputs: Mapping[str, Path] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    seconds: float = 0.0


def input_files(
    scenario_file: Path, scenario: Scenario, *, register: Path | None = None, mapping: Path | None = None
) -> dict[str, Path]:
    """List the files a run is made from: the scenario with its bases and rulebook, margins, mapping, register.

    Parameters
    ----------
    scenario_file : Path
        Where the scenario was read from.
    scenario : Scenario
        As read.
    register, mapping : Path, optional
        As given on the command line.
    """
    found = {"scenario": scenario_file}
    path, standard = scenario_file, None
    for depth in range(1, 20):
        data = read_yaml(path)
        if standard is None and isinstance(data.get("exit_standard"), str):
            standard = locate(data["exit_standard"], path.parent)
        if data.get("base") is None:
            break
        path = locate(str(data["base"]), path.parent)
        found[f"base {depth}"] = path
    source = scenario.population
    named = {
        "exit_standard": standard,
        "margins": locate(source.margins) if source.margins else None,
        "mapping": mapping or (locate(source.mapping) if source.mapping else None),
        "register": register,
    }
    return found | {role: file for role, file in named.items() if file is not None}


def write_manifest(results: Results, register: xr.Dataset, record: Record, folder: Path) -> None:
    """Write ``manifest.json`` for the files that are in the folder."""
    outcomes = results.outcomes
    draws = outcomes["draw"].values
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "povsim": version("povsim"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "scenarios": outcomes["scenario"].values.tolist(),
        "overrides": list(record.overrides),
        "seed": record.seed,
        "draws": {"count": int(draws.size), "first": int(draws[0])},
        "threads": record.threads or os.cpu_count() or 1,
        "inputs": {role: {"file": path.name, "sha256": file_sha256(path)} for role, path in record.inputs.items()},
        "population": _population(register),
        "sizes": {str(name): int(length) for name, length in outcomes.sizes.items()}
        | {"household": register.sizes["household"]},
        "seconds": round(record.seconds, 2),
        "files": {item.name: {"bytes": item.stat().st_size} for item in sorted(folder.iterdir())},
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def _population(register: xr.Dataset) -> dict[str, Any]:
    told = {name: register.attrs.get(name) for name in ("year", "source", "sha256", "currency", "income_detail")}
    return {
        **{name: value if isinstance(value, str) or value is None else int(value) for name, value in told.items()},
        "count_unit": register.attrs.get("count_unit", "1 household"),
        "unit_of_persons": register.attrs.get("unit_of_persons", "persons"),
        "synthetic_households": int(register["synthetic"].values.sum()),
        "missing": json.loads(register.attrs.get("missing", "{}")),
        "dropped_personal_columns": json.loads(register.attrs.get("dropped_personal_columns", "[]")),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
