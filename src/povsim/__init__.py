"""povsim: a planning laboratory for poverty-exit targets.

Names are loaded when first used, so that the command line answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from povsim.backtests.subjects import backtest
    from povsim.calibration import calibrate, calibration_yaml, measure_effects
    from povsim.draws import uniforms
    from povsim.errors import InputError
    from povsim.explanation import explain
    from povsim.folder import open_run
    from povsim.outcomes import ratios
    from povsim.outlook import forecast
    from povsim.panels import read_panel
    from povsim.planning.allocation import allocate
    from povsim.planning.comparison import compare
    from povsim.planning.goals import goal_seek
    from povsim.planning.targets import target_report
    from povsim.process import Process
    from povsim.register import read_register
    from povsim.runs import complete_population, simulate
    from povsim.scenario import read_scenario
    from povsim.scoring.schemes import weight_scheme
    from povsim.scoring.scorecard import read_scorecard
    from povsim.scoring.scores import score
    from povsim.scoring.values import indicator_values
    from povsim.sweeps import sweep
    from povsim.synthetic import synthesise_register

_HOMES = {
    "InputError": "errors",
    "Process": "process",
    "allocate": "planning.allocation",
    "backtest": "backtests.subjects",
    "calibrate": "calibration",
    "calibration_yaml": "calibration",
    "compare": "planning.comparison",
    "complete_population": "runs",
    "explain": "explanation",
    "forecast": "outlook",
    "goal_seek": "planning.goals",
    "indicator_values": "scoring.values",
    "measure_effects": "calibration",
    "open_run": "folder",
    "ratios": "outcomes",
    "read_panel": "panels",
    "read_register": "register",
    "read_scenario": "scenario",
    "read_scorecard": "scoring.scorecard",
    "score": "scoring.scores",
    "simulate": "runs",
    "sweep": "sweeps",
    "synthesise_register": "synthetic",
    "target_report": "planning.targets",
    "uniforms": "draws",
    "weight_scheme": "scoring.schemes",
}

__all__ = [
    "InputError",
    "Process",
    "__version__",
    "allocate",
    "backtest",
    "calibrate",
    "calibration_yaml",
    "compare",
    "complete_population",
    "explain",
    "forecast",
    "goal_seek",
    "indicator_values",
    "measure_effects",
    "open_run",
    "ratios",
    "read_panel",
    "read_register",
    "read_scenario",
    "read_scorecard",
    "score",
    "simulate",
    "sweep",
    "synthesise_register",
    "target_report",
    "uniforms",
    "weight_scheme",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"povsim.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'povsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
