"""Do the bands hold what they promise? Many made-up panels of known parameters, each back-tested.

``python -m povsim.backtests.panel_study --panels 200`` prints the figures that docs/backtests-panels.md quotes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from povsim.backtests.panel_draws import drawn, luck_of
from povsim.backtests.panel_fit import fit_early
from povsim.backtests.panel_scoring import Forecast, score_table
from povsim.backtests.panel_statistics import STATISTICS, actual_statistics
from povsim.backtests.panel_waves import waves_of
from povsim.calibration.simulated import Setting, simulated_panel
from povsim.incomes import Parts

POOR_SHARE = 0.3
"""Share of households below the line in the first wave."""


@dataclass(frozen=True)
class Study:
    """What is made up, and how it is back-tested."""

    setting: Setting
    panels: int
    draws: int = 100
    rho: float | tuple[float, float] | None = None


THREE_PARTS = Parts(variance=0.4, permanent=0.25, persistent=0.35, transitory=0.2, error=0.2, rho=0.8)
FIVE_WAVES = Setting(THREE_PARTS, (2014.0, 2015.0, 2016.0, 2017.0, 2018.0), 800, 800, 0.03)
THREE_WAVES = replace(FIVE_WAVES, years=(2014.0, 2015.0, 2016.0))


def study_table(study: Study, *, seed: int) -> pd.DataFrame:
    """Return forecasts of every panel and forecaster, one row a statistic: the tables of the back-tests, stacked.

    Parameters
    ----------
    study : Study
    seed : int
        The panels take this seed and the ones after it.

    Returns
    -------
    DataFrame
        Columns of a back-test's table and ``panel``. Growth goes on by the trend without common shocks, as the
        made-up panels have none.
    """
    found = []
    for number in range(study.panels):
        panel = simulated_panel(study.setting, seed=seed + number)
        line = float(np.quantile(panel["income"].values[:, 0], POOR_SHARE))
        waves = waves_of(panel.assign_attrs(line=line))
        fitted = fit_early(waves.early(), draws=study.draws, seed=seed + number, rho=study.rho)
        luck = luck_of(waves, draws=study.draws, seed=seed + number, sds=(0.0, 0.0))
        said = []
        for code, splits in fitted.splits.items():
            log = drawn(waves, fitted, splits, luck, "trend")
            said.append(Forecast(code, log < 0.0, (log < 0.0).mean(axis=0)))
        found.append(score_table(waves, actual_statistics(waves), said).assign(panel=number))
    return pd.concat(found, ignore_index=True)


def held(table: pd.DataFrame) -> pd.DataFrame:
    """Return coverage of the bands and the mean error of the forecasts, by statistic and forecaster."""
    rows = table[table["quantity"].isin(STATISTICS)]
    rows = rows.assign(bias=rows["mean"] - rows["actual"])
    kept = ["inside", "inside95", "bias", "mean", "actual", "crps"]
    return rows.groupby(["model", "quantity"], sort=False)[kept].mean()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print coverage and bias for panels of five and of three waves."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--panels", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    for name, setting in (("five waves", FIVE_WAVES), ("three waves", THREE_WAVES)):
        print(f"{name}, {asked.panels} panels of {setting.households} households")
        print(held(study_table(Study(setting, asked.panels), seed=asked.seed)).round(3).to_string())


if __name__ == "__main__":
    main()
