"""Households most likely to fall back, and which test of the standard is behind it, from the run's summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

from povsim.folder import Run
from povsim.scenario import Scenario

LEAST_OUT = 0.5
"""A household counts where it is out of poverty, or has fallen back, in at least this share of the draws."""
STATES = ("poor", "registered", "exited", "relapsed", "monitored")
BASE = ("scenario", "year", "household", "village", "persons", "weight")
COLUMNS = (
    "year",
    "household",
    "village",
    "persons",
    "weight",
    "exited",
    "relapsed",
    "poor",
    "fallen_back",
    "risk",
    "test",
    "test_zh",
    "test_en",
    "test_fails",
)


def household_table(
    run: Run | pd.DataFrame | None, scenario: Scenario, years: Sequence[int], more: Sequence[str] = ()
) -> pd.DataFrame | None:
    """Return probabilities by household for some years of a scenario, only the columns that are needed.

    Parameters
    ----------
    run : Run, DataFrame or None
        A run that was opened, or a table like that of its ``households.parquet``.
    scenario : Scenario
        Whose rows.
    years : sequence of int
        Years wanted.
    more : sequence of str
        Columns beside identifiers, states and tests.

    Returns
    -------
    DataFrame or None
        None where the run was made without households.
    """
    tests = [f"fails_{test.code}" for test in scenario.exit_standard.household.tests]
    wanted = [*BASE, *STATES, *tests, *more]
    if run is None:
        return None
    if isinstance(run, pd.DataFrame):
        mine = run[(run["scenario"].astype(str) == scenario.code) & run["year"].isin(list(years))]
        return mine[wanted].reset_index(drop=True)
    file = Path(run.path) / "households.parquet"
    if not file.is_file():
        return None
    asked = [("scenario", "==", scenario.code), ("year", "in", [int(year) for year in years])]
    return pd.read_parquet(file, columns=wanted, filters=asked).reset_index(drop=True)


def most_at_risk(table: pd.DataFrame, scenario: Scenario, *, most: int = 20) -> pd.DataFrame:
    """Return the households most likely to fall back, by year, with the test that each fails most often.

    Parameters
    ----------
    table : DataFrame
        As ``household_table`` returns it.
    scenario : Scenario
        For the names of the tests.
    most : int
        Households a year.

    Returns
    -------
    DataFrame
        By year: ``exited``, ``relapsed``, ``poor`` (shares of draws at year end); ``fallen_back``, the share of draws
        in which it is back on the register among those in which it is out or back on it; ``risk``, the larger of that
        and of the least share of those draws in which it must be poor by income, given how often it is poor at all
        (exact where it is out or back in all draws); ``test``, the test failed most often, with its names, and
        ``test_fails``, the share of all draws that fail it, those before its exit included.
    """
    out = table["exited"] + table["relapsed"]
    held = table[out >= LEAST_OUT].assign(fallen_back=lambda one: one["relapsed"] / (one["exited"] + one["relapsed"]))
    # the summary has no joint counts: of the draws in which it is poor, only those beyond all its other states are sure
    gone = held["exited"] + held["relapsed"]
    over = ((held["poor"] - (1.0 - gone)).clip(lower=0.0) / gone).clip(upper=1.0)
    held = held.assign(risk=held["fallen_back"].where(held["fallen_back"] > over, over))
    held = held.sort_values(["year", "risk", "household"], ascending=[True, False, True], kind="stable")
    chosen = held[held["risk"] > 0].groupby("year", sort=False).head(most)
    names = {test.code: test for test in scenario.exit_standard.household.tests}
    codes = list(names)
    fails = chosen[[f"fails_{code}" for code in codes]].set_axis(codes, axis=1)
    test = [str(code) for code in fails.idxmax(axis=1)] if len(fails) else []
    found = chosen.assign(
        test=test,
        test_zh=[names[code].name_zh for code in test],
        test_en=[names[code].name_en for code in test],
        test_fails=fails.max(axis=1),
    )
    return found[list(COLUMNS)].reset_index(drop=True)


def with_area(table: pd.DataFrame, outcomes: xr.Dataset) -> pd.DataFrame:
    """Return a table by village with the township and county of each."""
    names = outcomes["village"].to_numpy().astype(str)
    village = table["village"].astype(str)
    areas = {
        level: dict(zip(names, outcomes[level].to_numpy().astype(str), strict=True)) for level in ("township", "county")
    }
    return table.assign(village=village, **{level: village.map(known) for level, known in areas.items()})
