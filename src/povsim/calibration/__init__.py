"""What a panel of households says: the parts of income luck, the trend, and the effect of a measure."""

from __future__ import annotations

from povsim.calibration.effects import Effect, Effects, measure_effects
from povsim.calibration.estimating import calibrate, calibrate_by
from povsim.calibration.records import Attrition, Calibration, Choices, IncomeProcess, Note
from povsim.calibration.simulated import Setting, simulated_panel
from povsim.calibration.written import calibration_yaml, effects_yaml

__all__ = [
    "Attrition",
    "Calibration",
    "Choices",
    "Effect",
    "Effects",
    "IncomeProcess",
    "Note",
    "Setting",
    "calibrate",
    "calibrate_by",
    "calibration_yaml",
    "effects_yaml",
    "measure_effects",
    "simulated_panel",
]
