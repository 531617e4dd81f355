"""Panels that only say who was poor: the last wave forecast from the spells before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from povsim.backtests.panel_fit import rho_range
from povsim.backtests.panel_waves import Floats, Waves
from povsim.backtests.rivals import INDEPENDENT, MARKOV, MODEL, Interval, three_part_split
from povsim.backtests.spells_latent import chance_of_last, simulated_spells
from povsim.backtests.spells_normal import tetrachoric
from povsim.calibration.distances import Split, distance_of, distinct_lags
from povsim.calibration.resampling import bootstrap, sampled
from povsim.calibration.residuals import FEWEST_PAIRS, Moments
from povsim.errors import InputError, Problem
from povsim.poverty.dynamics import spell_hazards

HAZARD_YEARS = 3
"""Years of a spell whose hazards are shown."""


@dataclass(frozen=True)
class FittedSpells:
    """Parameters of spells in every draw, from a bootstrap sample of the clusters each.

    Attributes
    ----------
    threshold : array, (draw, wave)
        Below which a household is poor; the last wave's goes on as the early ones went.
    splits : tuple of Split
        Of the latent variance, one a draw.
    after : array, (draw, 2)
        Chance of being poor after a wave not poor, and poor, pooled over the early waves.
    lags : int
        Different gaps between the early waves.
    within : (float, float)
        Where rho may lie.
    correlations : mapping of (str, str) to float
        Tetrachoric, of pairs of early waves.
    """

    threshold: Floats
    splits: tuple[Split, ...]
    after: Floats
    lags: int
    within: Interval
    correlations: Mapping[tuple[str, str], float]


def fit_spells(early: Waves, *, draws: int, seed: int, rho: float | Interval | None = None) -> FittedSpells:
    """Fit the latent process and the rivals on the early waves.

    Parameters
    ----------
    early : Waves
        Without the wave that is held out.
    draws, seed, rho
        As in `panel_fit.fit_early`.

    Raises
    ------
    InputError
        Early waves in which nobody or everybody is poor, or pairs of them with too few persons.
    """
    _checked(early)
    waves = early.years.size
    first, second = np.triu_indices(waves, 1)
    samples = bootstrap(
        lambda weight: _row(early, weight), early.weight, sampled(early.cluster, early.stratum), address=(seed, draws)
    )
    shares = np.clip(samples[:, :waves], 1e-4, 1 - 1e-4)
    cut = ndtri(shares)
    both = samples[:, waves : waves + first.size]
    seen = np.clip(tetrachoric(cut[:, first], cut[:, second], both), -1.0, 1.0)
    place = np.concatenate([np.arange(waves), first]), np.concatenate([np.arange(waves), second])
    lag = early.years[place[1]] - early.years[place[0]]
    asked = [
        Moments(*place, np.concatenate([np.ones(waves), row]), np.full(lag.size, FEWEST_PAIRS), lag) for row in seen
    ]
    lags = distinct_lags(asked[0])
    within = rho_range(lags, rho)
    luck = np.random.default_rng([seed, 1]).random((draws, 2))
    splits = tuple(
        three_part_split(distance_of(one, "equal"), lags, within, (u[0], u[1]))
        for one, u in zip(asked, luck, strict=True)
    )
    own = _row(early, early.weight)
    own_cut = ndtri(np.clip(own[:waves], 1e-4, 1 - 1e-4))
    told = tetrachoric(own_cut[first], own_cut[second], own[waves : waves + first.size])
    named = {(early.labels[a], early.labels[b]): float(value) for a, b, value in zip(first, second, told, strict=True)}
    return FittedSpells(cut, splits, samples[:, -2:], lags, within, named)


def chances(waves: Waves, fitted: FittedSpells) -> Mapping[str, Floats]:
    """Return the chance of being poor in the last wave by forecaster, (draw, unit) each.

    The model brings what is known of each household up to date with all its early waves; the Markov chain looks at the
    last of them only; with independence nobody's past says anything.
    """
    early = waves.poor[:, :-1]
    histories, place = np.unique(np.where(np.isnan(early), -1.0, early), axis=0, return_inverse=True)
    histories = np.where(histories < 0, np.nan, histories)
    place = place.ravel()
    threshold = _carried_on(fitted.threshold, waves.years)
    model = np.stack(
        [
            chance_of_last(split, cut, histories, waves.years)[place]
            for split, cut in zip(fitted.splits, threshold, strict=True)
        ]
    )
    last = np.nan_to_num(early[:, -1]).astype(int)
    independent = np.repeat(ndtr(threshold[:, -1])[:, None], waves.weight.size, axis=1)
    return {MODEL: model, MARKOV: fitted.after[:, last], INDEPENDENT: independent}


def hazards(waves: Waves, fitted: FittedSpells, *, seed: int) -> Mapping[str, tuple[Floats, Floats]]:
    """Return hazards by the year of the spell over all waves: of the panel, and of as many persons made up a draw.

    Returns
    -------
    mapping
        ``exit`` and ``reentry`` to what was seen, (year,), and what the process says, (draw, year). Only persons seen
        in every wave count, and only years of a spell that the waves can show. Nothing where few were, or where the
        waves are not a year apart.
    """
    whole = waves.seen.all(axis=1)
    if whole.sum() < FEWEST_PAIRS or not np.allclose(np.diff(waves.years), 1.0):
        return {}
    seen = spell_hazards(waves.poor[whole].T, weight=waves.weight[whole])
    threshold = _carried_on(fitted.threshold, waves.years)
    rng = np.random.default_rng([seed, 3])
    said: dict[str, list[Floats]] = {"exit": [], "reentry": []}
    for split, cut in zip(fitted.splits, threshold, strict=True):
        found = spell_hazards(simulated_spells(split, cut, waves.years, persons=int(whole.sum()), rng=rng).T)
        said["exit"].append(found.exit[:HAZARD_YEARS])
        said["reentry"].append(found.reentry[:HAZARD_YEARS])
    shown = {"exit": seen.exit[:HAZARD_YEARS], "reentry": seen.reentry[:HAZARD_YEARS]}
    pairs = {code: (values, np.array(said[code])) for code, values in shown.items()}
    # of few waves nobody has a spell of that many years whose end could be seen
    known = {code: ~np.isnan(values) & ~np.isnan(drawn).all(axis=0) for code, (values, drawn) in pairs.items()}
    return {code: (pairs[code][0][one], pairs[code][1][:, one]) for code, one in known.items() if one.any()}


def _row(early: Waves, weight: Floats) -> Floats:
    """Return shares poor by wave, poor in both of each pair, and poor after a wave not poor and poor."""
    seen, poor = early.seen, np.nan_to_num(early.poor)
    first, second = np.triu_indices(early.years.size, 1)
    shares = weight @ poor / np.maximum(weight @ seen, 1e-300)
    pair = seen[:, first] & seen[:, second]
    both = weight @ (poor[:, first] * poor[:, second] * pair) / np.maximum(weight @ pair, 1e-300)
    steps = seen[:, :-1] & seen[:, 1:]
    after = []
    for state in (0.0, 1.0):
        here = steps & (poor[:, :-1] == state)
        after.append((weight @ (here * poor[:, 1:])).sum() / max(float((weight @ here).sum()), 1e-300))
    return np.concatenate([shares, both, after])


def _carried_on(cut: Floats, years: Floats) -> Floats:
    """Return thresholds with the last wave's: moved on from the last early one by the slope over the early ones."""
    early = years[:-1]
    off = early - early.mean()
    slope = cut @ off / (off @ off) if early.size > 1 else np.zeros(len(cut))
    return np.column_stack([cut, cut[:, -1] + slope * (years[-1] - years[-2])])


def _checked(early: Waves) -> None:
    seen, poor = early.seen, np.nan_to_num(early.poor)
    problems = []
    for wave, label in enumerate(early.labels):
        share = poor[:, wave].sum() / max(int(seen[:, wave].sum()), 1)
        if not 0 < share < 1:
            what = "nobody is poor" if share == 0 else "everybody is poor"
            problems.append(Problem(label, f"{what}: there is no state to leave or enter"))
    first, second = np.triu_indices(early.years.size, 1)
    least = int((seen[:, first] & seen[:, second]).sum(axis=0).min())
    if least < FEWEST_PAIRS:
        problems.append(Problem("early waves", "too few persons seen in two of them", str(least), f"{FEWEST_PAIRS}"))
    if problems:
        raise InputError(early.name, problems)
