"""Forecasts of the held-out wave: each household's log welfare given all that was seen of it before.

The three parts and the one-year luck are joint normals, so the last wave given the early ones is normal too: with z
the standardised logs and R their correlations, its mean is R_le R_ee^-1 z_e and its variance 1 - R_le R_ee^-1 R_el.
With one early wave this is what the simulation does when it draws the parts given the register's year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from povsim.backtests.panel_fit import Fitted
from povsim.backtests.panel_waves import Floats, Waves
from povsim.backtests.rivals import correlation
from povsim.calibration.distances import Split

Known = Literal["trend", "growth"]


@dataclass(frozen=True)
class Luck:
    """Luck that all forecasters share, so that they differ by what they say and not by chance.

    Attributes
    ----------
    own : array, (draw, unit)
        Standard normals.
    common : array, (draw, unit)
        Growth shocks of the whole panel and of clusters, log points, up to the last wave.
    """

    own: npt.NDArray[np.float32]
    common: Floats


def luck_of(waves: Waves, *, draws: int, seed: int, sds: tuple[float, float]) -> Luck:
    """Return the luck of a back-test.

    Parameters
    ----------
    waves : Waves
    draws, seed : int
    sds : (float, float)
        Yearly spread of the growth of all and of a cluster, log points; clusters of one household have none.
    """
    rng = np.random.default_rng([seed, 2])
    own = rng.standard_normal((draws, waves.weight.size), dtype=np.float32)
    root = np.sqrt(waves.gap)
    common = sds[0] * root * rng.standard_normal((draws, 1)) + np.zeros((draws, waves.weight.size))
    if waves.clustered:
        shocks = rng.standard_normal((draws, int(waves.cluster.max()) + 1))
        common = common + sds[1] * root * shocks[:, waves.cluster]
    return Luck(own, common)


def conditional(waves: Waves, fitted: Fitted, splits: Sequence[Split]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each household's last log welfare before growth, (draw, unit) each.

    Parameters
    ----------
    waves : Waves
    fitted : Fitted
    splits : sequence of Split
        One a draw.

    Returns
    -------
    mean, sd : array, (draw, unit)
        NaN for households seen in no early wave.
    """
    size = (len(splits), waves.weight.size)
    mean, sd = np.full(size, np.nan), np.full(size, np.nan)
    law = np.stack([correlation(split, waves.years) for split in splits])
    logs, seen = waves.log[:, :-1], waves.seen[:, :-1]
    level, spread = fitted.mean[:, -1], fitted.sd[:, -1]
    for pattern in np.unique(seen, axis=0):
        if not pattern.any():
            continue
        who = np.flatnonzero((seen == pattern).all(axis=1))
        known = np.flatnonzero(pattern)
        z = (logs[who][None][:, :, known] - fitted.mean[:, None, known]) / fitted.sd[:, None, known]
        early = law[:, known[:, None], known] + 1e-9 * np.eye(known.size)
        pull = np.linalg.solve(early, law[:, known, -1][..., None])[..., 0]
        left = 1.0 - np.einsum("dk,dk->d", pull, law[:, known, -1])
        mean[:, who] = level[:, None] + spread[:, None] * np.einsum("dnk,dk->dn", z, pull)
        sd[:, who] = (spread * np.sqrt(np.maximum(left, 0.0)))[:, None]
    return mean, sd


def drawn(waves: Waves, fitted: Fitted, splits: Sequence[Split], luck: Luck, known: Known) -> Floats:
    """Return draws of each household's last log welfare over the line, (draw, unit).

    Parameters
    ----------
    waves, fitted, luck
        The panel, parameters, luck.
    splits : sequence of Split
        One a draw.
    known : {"trend", "growth"}
        Whether mean welfare goes on by the trend of the early waves, with common shocks, or as it really grew.
    """
    mean, sd = conditional(waves, fitted, splits)
    kept = _kept_mean(waves, fitted, (mean, sd), known)
    return mean + sd * luck.own + _growth(waves, fitted, luck, known) + kept[:, None]


def drawn_neutral(waves: Waves, fitted: Fitted, luck: Luck, known: Known) -> Floats:
    """Return draws where everybody's welfare grows alike, (draw, unit)."""
    return waves.log[:, -2][None] + _growth(waves, fitted, luck, known)


def _growth(waves: Waves, fitted: Fitted, luck: Luck, known: Known) -> Floats:
    if known == "growth":
        base, level = waves.base, np.exp(waves.log[waves.base])
        before, after = waves.weight[base] @ level[:, -2], waves.weight[base] @ level[:, -1]
        return np.full((fitted.trend.size, 1), np.log(after / before))
    return np.asarray(fitted.trend[:, None] * waves.gap + luck.common)


def _kept_mean(waves: Waves, fitted: Fitted, law: tuple[Floats, Floats], known: Known) -> Floats:
    """Return the log factor by draw that keeps mean welfare where it was before growth.

    Logs of real incomes are not quite normal, so a process that is would move the mean though nothing grows; the
    simulation divides that out too (``incomes.mean_drift``). Where the trend is a forecast this is done in each
    bootstrap sample, so that the mean of the households themselves keeps its luck: a sample that happened to do well
    falls back. Where real growth is told, the mean of these households is told.
    """
    base = waves.base
    weight = fitted.weight[:, base] if known == "trend" else waves.weight[None, base]
    mean, sd = law[0][:, base], law[1][:, base]
    before = (weight * np.exp(waves.log[base, -2])).sum(axis=1)
    after = (weight * np.exp(mean + 0.5 * sd**2)).sum(axis=1)
    return np.asarray(np.log(before / after))
