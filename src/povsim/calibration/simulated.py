"""Panels made up from known parameters: what estimates are held against."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.incomes import Parts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """A panel to make up.

    Attributes
    ----------
    parts : Parts
        Variance, its shares, rho.
    years : tuple of float
        Years of the waves, rising.
    households, clusters : int
        Clusters share a part of the permanent luck.
    trend : float
        Growth of the mean, log points a year.
    attrition : float
        Share of those still there who leave for good between two waves, at random.
    cluster_share : float
        Share of the permanent variance that a cluster shares.
    """

    parts: Parts = field(default_factory=lambda: Parts(0.36, 0.4, 0.3, 0.15, 0.15, 0.8))
    years: tuple[float, ...] = (2014.0, 2015.0, 2016.0, 2017.0, 2018.0)
    households: int = 2000
    clusters: int = 200
    trend: float = 0.05
    attrition: float = 0.0
    cluster_share: float = 0.2


def simulated_panel(setting: Setting, *, seed: int) -> xr.Dataset:
    """Return a panel with known parameters, in the form of ``read_panel``.

    Examples
    --------
    >>> panel = simulated_panel(Setting(households=50, clusters=10), seed=1)
    >>> dict(panel.sizes)
    {'unit': 50, 'wave': 5}
    """
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, 0], dtype=np.uint64)))
    parts, n = setting.parts, setting.households
    years = np.asarray(setting.years, dtype=np.float64)
    cluster = np.arange(n) % setting.clusters
    mine, shared = rng.standard_normal(n), rng.standard_normal(setting.clusters)[cluster]
    permanent = np.sqrt(1 - setting.cluster_share) * mine + np.sqrt(setting.cluster_share) * shared
    sd = np.sqrt(parts.variance * np.array([parts.permanent, parts.persistent, parts.transitory, parts.error]))
    fading = rng.standard_normal(n)
    persistent = [fading]
    for gap in np.diff(years):
        left = parts.rho**gap
        fading = left * fading + np.sqrt(1 - left**2) * rng.standard_normal(n)
        persistent.append(fading)
    once = rng.standard_normal((2, n, years.size))
    log = sd[0] * permanent[:, None] + sd[1] * np.stack(persistent, axis=1) + sd[2] * once[0] + sd[3] * once[1]
    there = np.cumsum(rng.random((n, years.size)) < setting.attrition, axis=1)
    there = there - there[:, :1] == 0
    income = np.where(there, np.exp(9.0 + setting.trend * (years - years[0]) + log - parts.variance / 2), np.nan)
    return _dataset(income, years, cluster)


def _dataset(income: Floats, years: Floats, cluster: npt.NDArray[np.int64]) -> xr.Dataset:
    n, dims = income.shape[0], ("unit", "wave")
    told = {"name_zh": "模拟面板", "name_en": "simulated panel", "source": "made up", "status": "assumed"}
    told |= {"note_zh": "", "note_en": "", "welfare": "income", "currency": "CNY", "line_note": "", "line_status": ""}
    return xr.Dataset(
        {
            "income": (dims, income),
            "persons": (dims, np.full(income.shape, np.nan)),
            "weight": ("unit", np.ones(n)),
            "cluster": ("unit", cluster.astype(np.int32)),
            "stratum": ("unit", np.zeros(n, dtype=np.int32)),
            "treated": ("unit", np.zeros(n, dtype=np.int8)),
        },
        {
            "unit": np.arange(n).astype(str),
            "wave": [f"{year:g}" for year in years],
            "year": ("wave", years),
        },
        told | {"line": float("nan")},
    )
