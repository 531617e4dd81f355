"""A panel of households held against itself: fit on the early waves, forecast the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from povsim.backtests.panel_bounds import bounds_table
from povsim.backtests.panel_engine import common_sds
from povsim.backtests.panel_forecasts import GROWTH, Said, forecast_spells, forecast_waves
from povsim.backtests.panel_scoring import score_table
from povsim.backtests.panel_statistics import STATISTICS, actual_statistics
from povsim.backtests.panel_waves import Floats, Waves, waves_of
from povsim.backtests.panel_words import both, bounds_statements, notes_of, statements_of
from povsim.backtests.record import PARAMETERS, BackTest, Line, Picture
from povsim.backtests.rivals import ENGINE, MODEL, Interval
from povsim.backtests.spells import hazards
from povsim.calibration.records import ERROR_SHARE
from povsim.errors import InputError, Problem
from povsim.panel_schema import PanelMapping
from povsim.panels import read_panel

FEWEST_DRAWS = 20
_SHOWN = ("headcount", "exit", "entry", "relapse", "long_exit")


def backtest_panel(
    panel: xr.Dataset | str | Path,
    *,
    mapping: PanelMapping | str | Path | None = None,
    draws: int = 200,
    seed: int = 1,
    rho: float | Interval | None = None,
    error_share: float | None = None,
) -> BackTest:
    """Fit on the early waves of a panel and hold the forecast of the last against what happened.

    Parameters
    ----------
    panel : Dataset, str or Path
        As ``read_panel`` returns it, or a data file. Treated households are left out.
    mapping : PanelMapping, str or Path, optional
        For a data file: as ``read_panel`` takes it.
    draws, seed : int
        Paths of luck, each with parameters of its own from a bootstrap sample of the clusters; their address.
    rho : float or (float, float), optional
        Persistence or its range; estimated where the early waves have three different gaps, else .5 to .95.
    error_share : float, optional
        Share of the one-year variance that is misreporting. Forecasts are of incomes as surveys see them, in which
        error and luck of one year do the same; only the bounds of a panel of two waves use it. A half if not given.

    Returns
    -------
    BackTest
        Headcount, exit, entry, relapse of recent exiters and exit of the long poor, by the model, the simulation and
        the rivals, with 80 % and 95 % bands and scores. With two waves bounds, and nothing held out.

    Raises
    ------
    InputError
        As ``read_panel``; choices out of range; no poverty line; too few households.

    Examples
    --------
    >>> from povsim.calibration.simulated import Setting, simulated_panel
    >>> made = simulated_panel(Setting(households=300, clusters=300, years=(2014, 2015, 2016)), seed=1)
    >>> found = backtest_panel(made.assign_attrs(line=6000.0), draws=20)
    >>> sorted(set(found.table["model"]))[:3]
    ['ar1', 'ar1_growth', 'engine']
    """
    _check_choices(draws, seed, rho, error_share)
    if isinstance(panel, xr.Dataset):
        code, whole = "panel", panel
    else:
        code, whole = Path(panel).name.split(".")[0], read_panel(panel, mapping=mapping)
    kept = whole.isel(unit=np.flatnonzero(whole["treated"].values == 0))
    treated = whole.sizes["unit"] - kept.sizes["unit"]
    waves = waves_of(kept)
    settings: dict[str, Any] = {"draws": draws, "seed": seed, "rho": rho, "error_share": error_share}
    settings |= {"waves": list(waves.labels), "years": waves.years.tolist(), "source": str(whole.attrs["source"])}
    if waves.years.size == 2:
        table = bounds_table(waves, draws=draws, seed=seed, rho=rho, error_share=error_share)
        said, statements = None, bounds_statements(table, waves, whole)
    else:
        said = (forecast_spells if waves.spells else forecast_waves)(waves, draws=draws, seed=seed, rho=rho)
        table = score_table(waves, actual_statistics(waves), said.forecasts)
        statements = statements_of(table, whole)
    return BackTest(
        code=code,
        name_zh=str(whole.attrs["name_zh"]),
        name_en=str(whole.attrs["name_en"]),
        kind="panel",
        statements=statements,
        table=table,
        parameters=pd.DataFrame(_parameters(whole, said, error_share), columns=list(PARAMETERS)),
        pictures=tuple(_pictures(table, waves, said, seed)),
        notes=notes_of(waves, kept, said, treated),
        settings=settings,
    )


def _check_choices(draws: int, seed: int, rho: float | Interval | None, error_share: float | None) -> None:
    problems = []
    if draws < FEWEST_DRAWS:
        problems.append(Problem("draws", "too few for a band", str(draws), f"{FEWEST_DRAWS} or more; 200 is usual"))
    if not 0 <= seed < 2**32:
        problems.append(Problem("seed", "out of range", str(seed), "0 to 4294967295"))
    low, high = (0.0, 0.0) if rho is None else (rho if isinstance(rho, tuple) else (rho, rho))
    if not 0 <= low <= high < 1:
        found = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        problems.append(Problem("rho", "should be a number or a range, the lower first", found, "0 to below 1"))
    if error_share is not None and not 0 <= error_share <= 1:
        problems.append(Problem("error_share", "is not a share", f"{error_share:g}", "0 to 1"))
    if problems:
        raise InputError("backtest", problems)


# ---- what went in ----


def _parameters(panel: xr.Dataset, said: Said | None, error_share: float | None) -> Iterator[dict[str, Any]]:
    line = float(panel.attrs["line"])
    if not np.isnan(line):
        told = (str(panel.attrs["line_status"]) or "assumed", str(panel.attrs["line_note"]))
        yield _parameter("line", line, f"{panel.attrs['currency']} per head and year", told)
    if said is None:
        share = ERROR_SHARE if error_share is None else error_share
        yield _parameter("error_share", share, "share", ("assumed", both("panel.source.stated")[1]))
        return
    fitted = ("estimated", both("panel.source.early")[1])
    whole = np.array([(one.permanent, one.persistent, one.one_year) for one in said.splits])
    whole /= whole.sum(axis=1, keepdims=True)
    figures = {"permanent": whole[:, 0], "persistent": whole[:, 1], "one_year": whole[:, 2]}
    figures["rho"] = np.array([one.rho for one in said.splits])
    for name, values in figures.items():
        yield _parameter(name, float(values.mean()), "share", fitted, float(values.std()))
    if said.trend.size:
        yield _parameter("trend", float(said.trend.mean()), "log points a year", fitted, float(said.trend.std()))
        stated = ("assumed", both("panel.source.plan")[1])
        for name, value in zip(("common_sd", "village_sd"), common_sds(), strict=True):
            yield _parameter(name, value, "log points", stated)


def _parameter(name: str, value: float, unit: str, told: tuple[str, str], sd: float | None = None) -> dict[str, Any]:
    named = both(f"panel.parameter.{name}")
    note = "" if sd is None else both("panel.parameter.sd", sd=f"{sd:.3f}")[1]
    return {
        "name": name, "name_zh": named[0], "name_en": named[1], "value": float(f"{value:.5g}"), "unit": unit,
        "status": told[0], "source": told[1], "note": note,
    }  # fmt: skip


# ---- what is drawn ----


def _pictures(table: pd.DataFrame, waves: Waves, said: Said | None, seed: int) -> Iterator[Picture]:
    if said is None:
        yield _bars("panel_bounds", table, table, ("exit", "entry"))
        yield _bars("panel_year", table, table, ("exit_year", "entry_year"))
        return
    shown = table[table["quantity"].isin(STATISTICS)]
    told = shown["model"].str.endswith(GROWTH)
    yield _bars("panel_trend", shown, shown[~told], _SHOWN)
    if told.any():
        yield _bars("panel_growth", shown, shown[told], _SHOWN)
    if said.spells is not None:
        for code, (seen, drawn) in hazards(waves, said.spells, seed=seed).items():
            yield _hazard_picture(code, seen, drawn)


def _bars(code: str, table: pd.DataFrame, rows: pd.DataFrame, quantities: Sequence[str]) -> Picture:
    here = [one for one in quantities if (rows["quantity"] == one).any()]
    first = table.drop_duplicates("quantity").set_index("quantity")
    lines = []
    if not first.loc[here, "actual"].isna().all():
        lines.append(Line("actual", "actual", first.loc[here, "actual"].tolist()))
    for model, part in rows.groupby("model", sort=False):
        at = part.set_index("quantity").reindex(here)
        name = str(model).removesuffix(GROWTH)
        kind = "model" if name in (MODEL, ENGINE) else "rival"
        lines.append(Line(name, kind, at["mean"].tolist(), at["low"].tolist(), at["high"].tolist()))  # type: ignore[arg-type]
    return Picture(code, [both(f"panel.statistic.{one}") for one in here], lines, "share", "bars")


def _hazard_picture(code: str, seen: Floats, drawn: Floats) -> Picture:
    years = [both("panel.spell_year", year=year) for year in range(1, seen.size + 1)]
    low, high = np.nanquantile(drawn, (0.1, 0.9), axis=0)
    lines = [
        Line("actual", "actual", seen.tolist()),
        Line(MODEL, "model", np.nanmean(drawn, axis=0).tolist(), low.tolist(), high.tolist()),
    ]
    return Picture(f"panel_hazard_{code}", years, lines, "share", "bars")
