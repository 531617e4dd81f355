"""The files of a run, one writer each; tables go out in row groups, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr
import yaml

from povsim.outcomes import Results
from povsim.scenario import Scenario

ROW_GROUP = 500_000
COMPRESSION = {"zlib": True, "complevel": 1, "shuffle": True}
FLAGS = {"flag_values": np.array([0, 1], dtype=np.int8), "flag_meanings": "false true"}


def write_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Write a Dataset as compressed netCDF4; counts stay whole numbers, flags become int8 with their meanings.

    Parameters
    ----------
    dataset : Dataset
        Left as it is.
    path : Path
        The file to write.
    """
    out = dataset.copy(deep=False)
    for name, array in dataset.variables.items():
        if array.dtype == bool:
            out[name] = array.copy(deep=False)
            out[name].attrs |= FLAGS
    squeezed = [name for name, array in out.data_vars.items() if array.dtype.kind in "biuf" and array.ndim]
    out.to_netcdf(path, format="NETCDF4", engine="netcdf4", encoding={name: dict(COMPRESSION) for name in squeezed})


def labels(codes: npt.ArrayLike, names: list[str]) -> pa.DictionaryArray:
    """Return a column of positions as a dictionary-encoded column of labels."""
    return pa.DictionaryArray.from_arrays(pa.array(np.asarray(codes, dtype=np.int32)), pa.array(names, pa.string()))


LABEL = pa.dictionary(pa.int32(), pa.string())
PATTERNS = pa.schema(
    [
        ("scenario", LABEL),
        ("draw", pa.int32()),
        ("year", pa.int32()),
        ("village", LABEL),
        ("pattern", pa.uint16()),
        ("households", pa.int64()),
        ("persons", pa.int64()),
    ]
)


def write_patterns(results: Results, path: Path) -> None:
    """Write who fails which tests together: one row per scenario, draw, year, village and pattern that occurs.

    Rows are sorted, so that the file does not depend on threads.

    Parameters
    ----------
    results : Results
        As ``run_scenarios`` returns them.
    path : Path
        The Parquet file to write.
    """
    with pq.ParquetWriter(path, PATTERNS, compression="zstd") as writer:
        for keys, rows in _groups(results):
            writer.write_table(_pattern_table(results, keys, rows), row_group_size=ROW_GROUP)


Keys = npt.NDArray[np.int64]


def _groups(results: Results) -> Iterator[tuple[Keys, Keys]]:
    """Yield keys (rows, 3: scenario, draw, year) and rows (rows, 4) of about one row group at a time."""
    keys: list[Keys] = []
    held: list[Keys] = []
    gathered = 0
    for place in sorted(results.tables.patterns):
        rows = np.concatenate([block for _, block in results.tables.patterns[place]])
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        keys.append(np.broadcast_to(np.array(place, dtype=np.int64), (len(rows), 3)))
        held.append(rows)
        gathered += len(rows)
        if gathered >= ROW_GROUP:
            yield np.concatenate(keys), np.concatenate(held)
            keys, held, gathered = [], [], 0
    if gathered:
        yield np.concatenate(keys), np.concatenate(held)


def _pattern_table(results: Results, keys: Keys, rows: Keys) -> pa.Table:
    outcomes = results.outcomes
    columns = [
        labels(keys[:, 0], outcomes["scenario"].values.tolist()),
        pa.array(outcomes["draw"].values[keys[:, 1]].astype(np.int32)),
        pa.array(outcomes["year"].values[keys[:, 2]].astype(np.int32)),
        labels(rows[:, 0], outcomes["village"].values.tolist()),
        pa.array(rows[:, 1].astype(np.uint16)),
        pa.array(rows[:, 2]),
        pa.array(rows[:, 3]),
    ]
    return pa.Table.from_arrays(columns, schema=PATTERNS)


def write_households(results: Results, register: xr.Dataset, path: Path) -> None:
    """Write, per scenario, year and household, the share of draws in which each thing is so, and the mean income.

    Parameters
    ----------
    results : Results
        With household sums, that is run with ``household_summary``.
    register : Dataset
        The population that was simulated.
    path : Path
        The Parquet file to write.
    """
    base = _household_base(register)
    outcomes = results.outcomes
    names, years = outcomes["scenario"].values.tolist(), outcomes["year"].values.tolist()
    writer: pq.ParquetWriter | None = None
    try:
        for scenario in range(len(names)):
            for year in range(len(years)):
                rows = base["household"].__len__()
                table = pa.table(
                    {
                        "scenario": labels(np.full(rows, scenario), names),
                        "year": pa.array(np.full(rows, years[year], dtype=np.int32)),
                        **base,
                        **_shares(results, scenario, year),
                    }
                )
                writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table, row_group_size=ROW_GROUP)
    finally:
        if writer is not None:
            writer.close()


def _household_base(register: xr.Dataset) -> dict[str, Any]:
    return {
        "household": pa.array(register["household"].values.tolist()),
        "village": labels(register["household_village"].values, register["village"].values.astype(str).tolist()),
        "persons": pa.array(register["persons"].values),
        "weight": pa.array(register["weight"].values),
        "synthetic": pa.array(register["synthetic"].values),
    }


def _shares(results: Results, scenario: int, year: int) -> dict[str, Any]:
    summary, draws = results.tables.summary, results.outcomes.sizes["draw"]
    tests = [test.code for test in results.scenarios[scenario].exit_standard.household.tests]
    place = (scenario, year)
    sums = {name: summary[name][place] for name in ("poor", "registered", "exited", "relapsed", "monitored")}
    sums |= {f"fails_{code}": summary["failing"][place][bit] for bit, code in enumerate(tests)}
    sums |= {f"receives_{code}": summary["receiving"][place][slot] for slot, code in enumerate(_of_households(results))}
    sums["income_per_head"] = summary["income"][place]
    return {name: pa.array((values / draws).astype(np.float32)) for name, values in sums.items()}


def _of_households(results: Results) -> tuple[str, ...]:
    """Return the measures for households, which come first."""
    return results.measures[: results.tables.size.measures]


def write_scenario(scenario: Scenario, path: Path, *, beside: dict[str, str]) -> None:
    """Write a scenario in full: its base, its rulebook and every override written in.

    Parameters
    ----------
    scenario : Scenario
        As read.
    path : Path
        The YAML file to write.
    beside : dict of str to str
        Names, in the same folder, of the copies of its ``margins`` and ``mapping``; a run folder can then be moved to
        another machine and run again there.
    """
    data = plain(scenario.model_dump(mode="python", by_alias=True))
    data["population"] |= beside
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")


def plain(value: Any) -> Any:
    """Return lists for tuples, all the way down, as YAML knows them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
