"""Measure how well calibration recovers known parameters: bias, errors and coverage on panels made up from them.

    python benchmarks/calibration.py [--panels 300] [--draws 200] [--only yearly]

For every setting: the truth, the mean and median estimate, their spread over panels, the mean bootstrap error and the
share of panels whose 95 % interval holds the truth. The figures of docs/calibration.md come from here.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import povsim
from povsim.calibration.records import SHARES, IncomeProcess
from povsim.calibration.simulated import Setting, simulated_panel
from povsim.incomes import Parts

KEYS = ("variance", *SHARES, "lasting", "rho", "trend")
SETTINGS: dict[str, tuple[Setting, float | None]] = {
    "yearly, 5 waves": (Setting(), None),
    "yearly, 5 waves, 600 households": (Setting(households=600, clusters=120), None),
    "yearly, 7 waves": (Setting(years=tuple(float(year) for year in range(2012, 2019))), None),
    "unequal: 0, 1, 3, 6 years": (Setting(years=(2010.0, 2011.0, 2013.0, 2016.0)), None),
    "yearly, 10 % leave a year at random": (Setting(attrition=0.1), None),
    "no permanent part": (Setting(parts=Parts(0.5, 0.0, 0.6, 0.2, 0.2, 0.8)), None),
    "three waves, rho stated": (Setting(years=(2014.0, 2015.0, 2016.0)), 0.8),
    "three waves, bounds": (Setting(years=(2014.0, 2015.0, 2016.0)), None),
    "two waves four years apart, bounds": (Setting(years=(2014.0, 2018.0)), None),
}


def study(name: str, panels: int, draws: int) -> None:
    """Print one setting."""
    setting, rho = SETTINGS[name]
    parts, started = setting.parts, time.perf_counter()
    truth = {key: getattr(parts, key) for key in ("variance", *SHARES, "rho")}
    truth |= {"lasting": parts.permanent + parts.persistent, "trend": setting.trend}
    share = parts.error / (parts.error + parts.transitory)
    found = [
        povsim.calibrate(simulated_panel(setting, seed=seed), error_share=share, rho=rho, draws=draws, seed=seed).total
        for seed in range(10_000, 10_000 + panels)
    ]
    known, bounded = found[0].known, found[0].known == "bounds"
    print(
        f"\n{name}: {known}, {panels} panels of {setting.households} households, {time.perf_counter() - started:.0f} s"
    )
    print(f"{'':12}{'truth':>8}{'mean':>8}{'median':>8}{'sd':>8}{'s.e.':>8}{'held':>8}{'width':>8}{'in bounds':>11}")
    for key in (one for one in KEYS if not (bounded and one == "lasting")):
        values = np.array([getattr(one, key) for one in found])
        ends = np.array([_interval(one, key) for one in found])
        error = np.array([_error(one, key) for one in found])
        held = np.mean((ends[:, 0] - 1e-9 <= truth[key]) & (truth[key] <= ends[:, 1] + 1e-9))
        inside = ""
        if bounded and key in found[0].bounds:
            inside = f"{np.mean([one.bounds[key][0] <= truth[key] <= one.bounds[key][1] for one in found]):.2f}"
        row = (truth[key], values.mean(), np.median(values), values.std(ddof=1), error.mean(), held)
        print(
            f"{key:12}" + "".join(f"{one:8.3f}" for one in (*row, np.mean(ends[:, 1] - ends[:, 0]))) + f"{inside:>11}"
        )


def _interval(process: IncomeProcess, key: str) -> tuple[float, float]:
    return process.lasting_error[1] if key == "lasting" else process.intervals[key]


def _error(process: IncomeProcess, key: str) -> float:
    return process.lasting_error[0] if key == "lasting" else process.standard_errors[key]


def main() -> None:
    """Run the study."""
    asked = argparse.ArgumentParser(description="Recovery of known parameters by calibration.")
    asked.add_argument("--panels", type=int, default=300)
    asked.add_argument("--draws", type=int, default=200)
    asked.add_argument("--only", default="", help="settings whose name begins so")
    given = asked.parse_args()
    for name in SETTINGS:
        if name.startswith(given.only):
            study(name, given.panels, given.draws)


if __name__ == "__main__":
    main()
