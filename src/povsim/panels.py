"""Reading a panel: the same households interviewed in several waves, as one labelled dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.mapping import MONEY_UNIT
from povsim.panel_mapping import mapping_for, read_panel_mapping
from povsim.panel_schema import Line, PanelMapping
from povsim.panel_tables import Floats, Table, read_table, unit_labels, unit_values, wave_grid

PER_HEAD_YEAR = "per head and year"


def read_panel(path: str | Path, *, mapping: PanelMapping | str | Path | None = None) -> xr.Dataset:
    r"""Read a panel file by its mapping.

    Parameters
    ----------
    path : str or Path
        CSV, Excel or Parquet; only the mapped columns are read.
    mapping : PanelMapping, str or Path, optional
        A mapping, its file, or the name of a shipped one; if not given, the shipped one that names the data file.

    Returns
    -------
    xarray.Dataset, dims (unit, wave)
        Coordinates ``unit`` and ``wave`` (labels, in order of time) and ``year(wave)``. Variables, NaN where not
        observed: ``income`` (per head and year, in the panel's currency), ``persons``, the sources of income that are
        mapped, outcomes and covariates by their codes; ``poor`` (int8, -1 not observed) in panels of spells. Of the
        household itself: ``weight`` (1 where unmapped), ``cluster`` (the household itself) and ``stratum`` (0), int32;
        ``treated`` (0) and other treatments by their codes, int8. Attributes: names, source, status, ``welfare``,
        ``currency``, ``line`` (NaN where there is none) and ``line_note``.

    Raises
    ------
    InputError
        Everything wrong with the mapping, or else with the file, with its rows.

    Examples
    --------
    >>> import tempfile
    >>> told = {"name_zh": "例", "name_en": "example", "source": "made up", "status": "assumed"}
    >>> from povsim.panel_mapping import parse_panel_mapping
    >>> mapping = parse_panel_mapping(
    ...     told
    ...     | {"layout": "long", "unit": {"from": "id"}, "wave": {"from": "wave", "years": {"a": 2016, "b": 2018}}}
    ...     | {"income": {"from": "inc", "unit": "CNY per household and month"}, "persons": {"from": "n"}}
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "p.csv")
    ...     _ = file.write_text("id,wave,inc,n\nx,b,400,2\nx,a,300,3\ny,a,100,1\n")
    ...     panel = read_panel(file, mapping=mapping)
    >>> panel.income.values.tolist()
    [[1200.0, 2400.0], [1200.0, nan]]
    """
    file = Path(path)
    chosen = _chosen(file, mapping)
    table = read_table(file, chosen)
    variables = _wave_variables(table, chosen) | _unit_variables(table, chosen)
    if table.problems:
        raise InputError(file.name, table.problems)
    coords = {
        "unit": np.array(table.names, dtype=str),
        "wave": np.array(table.waves, dtype=str),
        "year": ("wave", np.array(list(chosen.years.values()), dtype=np.float64), {"units": "year"}),
    }
    panel = xr.Dataset(variables, coords)
    welfare = panel["poor"] >= 0 if chosen.welfare == "poor" else panel["income"].notnull()
    panel = panel.isel(unit=_asked_units(welfare.values, chosen, file.name))
    return panel.assign_attrs(_attributes(panel, chosen))


def _chosen(file: Path, mapping: PanelMapping | str | Path | None) -> PanelMapping:
    if isinstance(mapping, PanelMapping):
        return mapping
    if not file.is_file():
        raise InputError(str(file), [Problem("file", "not found")])
    return mapping_for(file.name) if mapping is None else read_panel_mapping(mapping)


def _wave_variables(table: Table, mapping: PanelMapping) -> dict[str, Any]:
    persons = wave_grid(table, mapping, "persons") if mapping.persons is not None else np.full(table.shape, np.nan)
    _at_least(table, "persons", persons, 1.0)
    persons = np.where(persons < 1.0, np.nan, persons)
    dims = ("unit", "wave")
    found: dict[str, Any] = {"persons": (dims, persons, {"units": "persons"})}
    amounts = {"income": mapping.income} if mapping.income is not None else {}
    for name, money in (amounts | {str(name): entry for name, entry in mapping.sources.items()}).items():
        values = wave_grid(table, mapping, name) * money.factor
        values = values if money.per_head else values / persons
        values = np.where(values <= 0, np.nan, values) if money.nonpositive == "missing" else values
        found[name] = (dims, values, {"units": f"{money.currency} {PER_HEAD_YEAR}"})
    if mapping.poor is not None:
        poor = wave_grid(table, mapping, "poor", dict(mapping.poor.values))
        found["poor"] = (dims, np.where(np.isnan(poor), -1, poor).astype(np.int8), {"units": "yes or no"})
    for code in mapping.covariates:
        found[code] = (dims, wave_grid(table, mapping, code), {"role": "covariate"})
    for code, entry in mapping.outcomes.items():
        told = {"role": "outcome", "units": entry.unit, "name_zh": entry.name_zh, "name_en": entry.name_en}
        found[code] = (dims, wave_grid(table, mapping, code), told)
    return found


def _unit_variables(table: Table, mapping: PanelMapping) -> dict[str, Any]:
    units = table.shape[0]
    weight = np.ones(units) if mapping.weight is None else unit_values(table, "weight", mapping.weight)
    _above_zero(table, weight)
    cluster: npt.NDArray[np.int32] = np.arange(units, dtype=np.int32)
    if mapping.cluster is not None:
        cluster = unit_labels(table, "cluster", mapping.cluster)
    stratum: npt.NDArray[np.int32] = np.zeros(units, dtype=np.int32)
    if mapping.stratum is not None:
        stratum = unit_labels(table, "stratum", mapping.stratum)
    found: dict[str, Any] = {"weight": weight, "cluster": cluster, "stratum": stratum}
    found = {name: ("unit", values) for name, values in found.items()}
    flags = {"treated": mapping.treated} if mapping.treated is not None else {}
    for name, flag in (flags | dict(mapping.treatments)).items():
        values = np.nan_to_num(unit_values(table, name, flag)).astype(np.int8)
        told = {"role": "treatment", "name_zh": flag.name_zh or name, "name_en": flag.name_en or name}
        found[name] = ("unit", values, told)
    return {"treated": ("unit", np.zeros(units, dtype=np.int8), {"role": "none"})} | found


def _at_least(table: Table, name: str, grid: Floats, least: float) -> None:
    low = grid < least
    if low.any():
        units = [table.names[place] for place in np.flatnonzero(low.any(axis=1))[:8]]
        found = f"{int(low.sum())} values, such as those of {', '.join(units)}"
        table.problems.append(Problem(name, "too small", found, f"at least {least:g}"))


def _above_zero(table: Table, weight: Floats) -> None:
    if (low := weight <= 0).any():
        units = [table.names[place] for place in np.flatnonzero(low)[:8]]
        found = f"{int(low.sum())} households, such as {', '.join(units)}"
        table.problems.append(Problem("weight", "is not above zero", found, mend="leave the households out by keep"))


def _asked_units(seen: npt.NDArray[np.bool_], mapping: PanelMapping, source: str) -> npt.NDArray[np.bool_]:
    """Return whose rows stay: those seen at least once, or in every wave where the mapping says so."""
    kept = np.asarray(seen.all(axis=1) if mapping.keep.complete else seen.any(axis=1))
    if not kept.any():
        what = "no household is seen in every wave" if mapping.keep.complete else "no household is seen at all"
        raise InputError(source, [Problem("keep" if mapping.keep.complete else mapping.welfare, what)])
    return kept


def _attributes(panel: xr.Dataset, mapping: PanelMapping) -> dict[str, Any]:
    named = ("name_zh", "name_en", "source", "status", "note_zh", "note_en", "welfare", "currency")
    told: dict[str, Any] = {name: getattr(mapping, name) for name in named}
    line = mapping.line
    told["line"] = float("nan") if line is None else _line(panel, line)
    told["line_note"] = "" if line is None else f"{line.source} ({line.status})"
    return told | {"line_status": "" if line is None else line.status}


def _line(panel: xr.Dataset, line: Line) -> float:
    if line.value is not None:
        found = MONEY_UNIT.fullmatch(line.unit)
        scale = {"thousand": 1e3, "ten thousand": 1e4}.get(found[1] or "", 1.0) if found is not None else 1.0
        return line.value * scale * (12.0 if found is not None and found[4] == "month" else 1.0)
    income = panel["income"].sel(wave=line.wave).values
    seen = ~np.isnan(income)
    share = 0.5 if line.quantile is None else line.quantile
    return _between(income[seen], panel["weight"].values[seen], share) * (line.share_of_median or 1.0)


def _between(values: Floats, weight: Floats, share: float) -> float:
    """Return a quantile between two values (type 7 of R, with weights), so that no household stands on the line."""
    order = np.argsort(values, kind="stable")
    values, weight = values[order], weight[order]
    below = np.cumsum(weight) - weight
    return float(np.interp(share * below[-1], below, values))
