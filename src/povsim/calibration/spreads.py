"""Spreads that a scenario can draw: its figures are drawn apart from each other, estimates hang together.

A panel of a few waves knows the sum of permanent and persistent variance well and each of them badly: where one is
high, the other is low. Drawn apart with their standard errors, they would make persistence far less certain than the
panel has it. So the spreads are chosen for the autocorrelations over one to five years, which exits and relapses go
by, to be as uncertain as in the panel.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from povsim.calibration.records import IncomeProcess
from povsim.calibration.residuals import Floats

HORIZONS = np.arange(1.0, 6.0)
DRAWN = ("permanent", "persistent", "rho")
_STEP = 1e-4


def independent_spreads(process: IncomeProcess) -> dict[str, float]:
    """Return standard deviations to draw the permanent share, the persistent share and rho apart with.

    Their covariance of autocorrelations comes nearest to that of the samples, each element on the scale of its
    standard errors; no deviation passes that of the samples themselves. Shares are brought to a sum of one after the
    draw, as the simulation does.
    """
    point = np.array([process.permanent, process.persistent, process.rho])
    samples = process.samples[:, [1, 2, 5]]
    wanted = np.cov(np.array([_persistence(row, 1.0 - row[:2].sum()) for row in samples]).T)
    once = 1.0 - point[:2].sum()
    slopes = np.stack(
        [
            (_persistence(point + step, once) - _persistence(point - step, once)) / (2 * _STEP)
            for step in _STEP * np.eye(3)
        ]
    )
    scale = np.sqrt(np.maximum(np.diag(wanted), 1e-12))
    upper = np.triu_indices(scale.size)
    unit = np.outer(scale, scale)
    columns = np.column_stack([(np.outer(slope, slope) / unit)[upper] for slope in slopes])
    found = np.sqrt(nnls(columns, (wanted / unit)[upper])[0])
    most = samples.std(axis=0, ddof=1)
    return {name: float(value) for name, value in zip(DRAWN, np.minimum(found, most), strict=True)}


def _persistence(row: Floats, once: float) -> Floats:
    """Return the autocorrelations over no time (without luck of one year) and over the horizons."""
    permanent, persistent, rho = row
    whole = max(permanent + persistent + once, 1e-9)
    lasting = np.concatenate([[1.0], np.clip(rho, 1e-6, 1.0) ** HORIZONS])
    return np.asarray((permanent + persistent * lasting) / whole)
