"""The league table of a year: points with their band, rank, grade, vetoes, and what each unit loses most on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.outlook import BAND
from povsim.scoring.schema import Scorecard
from povsim.scoring.verdict_schema import Trigger
from povsim.wording import Wording

USUAL = 0.5
"""A unit has a place in the table if it is ranked in at least this share of draws."""
LOSSES = 3
"""Items named among those that a unit loses most on."""


def league(scores: xr.Dataset, card: Scorecard, year: int, *, scenario: int = 0, scheme: int = 0) -> pd.DataFrame:
    """Return a year's table of units, best first.

    Parameters
    ----------
    scores : Dataset
        As ``score`` returns it.
    card : Scorecard
        The scorecard, for its grades and awards.
    year : int
        Year wanted.
    scenario, scheme : int
        Positions along their dims.

    Returns
    -------
    DataFrame
        Index ``unit``. ``points`` (mean over draws), ``low``, ``high`` (80 % band), ``place`` (by mean points; 0:
        mostly unranked), ``rank_low``, ``rank_high`` (80 % band of the rank, where ranked), ``grade`` (position of the
        most frequent one, -1 none) and ``grade_share`` (of draws), ``vetoed`` and ``passed`` (shares of draws),
        ``lost`` (codes of the items most lost on, with the mean points lost), ``awards`` (code to share of draws).

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=2)
    >>> card = povsim.read_scorecard("xiangyin-2016-townships")
    >>> table = league(povsim.score(povsim.indicator_values(outcomes, card), card), card, 2016)
    >>> bool((table["low"] <= table["high"]).all()), int(table["place"].iloc[0])
    (True, 1)
    """
    one = scores.isel(scenario=scenario, scheme=scheme).sel(year=year)
    total = one["total"].transpose("draw", "unit").to_numpy().astype(np.float64)
    rank = one["rank"].transpose("draw", "unit").to_numpy()
    grades = [_most_frequent(column) for column in one["grade"].transpose("unit", "draw").to_numpy()]
    low, high = np.quantile(total, BAND, axis=0)
    rank_low, rank_high = _rank_band(rank)
    table = pd.DataFrame(
        {
            "points": total.mean(axis=0),
            "low": low,
            "high": high,
            "rank_low": rank_low,
            "rank_high": rank_high,
            "grade": [grade for grade, _ in grades],
            "grade_share": [share for _, share in grades],
            "vetoed": _any(one["vetoed"], "veto"),
            "passed": one["passed"].mean("draw").to_numpy(),
            "lost": lost(one, scores["item_points"].isel(scheme=scheme)),
            "awards": _awards(one["award"], card),
        },
        index=pd.Index([str(unit) for unit in one["unit"].to_numpy()], name="unit"),
    )
    # equal means keep the order of the units, so that the same run always prints the same table
    ranked = (rank > 0).mean(axis=0) >= USUAL
    table = table.assign(_ranked=ranked).sort_values(["_ranked", "points"], ascending=False, kind="stable")
    points = table["points"].round(4).where(table.pop("_ranked"))
    table.insert(0, "place", points.rank(method="min", ascending=False).fillna(0).astype(int))
    return table


def _rank_band(rank: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Return the band of ranks, (2, unit), over the draws in which a unit is ranked; NaN where it never is."""
    ranked = np.where(rank > 0, rank, np.nan).astype(np.float64)
    never = np.isnan(ranked).all(axis=0)
    band: npt.NDArray[np.float64] = np.nanquantile(np.where(never, 0.0, ranked), BAND, axis=0, method="nearest")
    band[:, never] = np.nan
    return band


def _most_frequent(column: npt.NDArray[np.int8]) -> tuple[int, float]:
    found, counts = np.unique(column, return_counts=True)
    place = int(counts.argmax())
    return int(found[place]), float(counts[place] / column.size)


def _any(flags: xr.DataArray, dim: str) -> npt.NDArray[np.float64]:
    """Return the share of draws in which any of the flags holds, by unit."""
    if not flags.sizes[dim]:
        return np.zeros(flags.sizes["unit"])
    return np.asarray(flags.any(dim).mean("draw").to_numpy())


def lost(one: xr.Dataset, weights: xr.DataArray) -> list[dict[str, float]]:
    """Return, unit by unit, the mean points lost on the items that cost most; items that cost nothing are not named."""
    # in the points of the scheme: what re-basing adds because other items are left out is not lost on this one
    gone = (weights - one["points"] / one["rebased_by"]).mean("draw").transpose("unit", "indicator").to_numpy()
    codes = [str(code) for code in one["indicator"].to_numpy()]
    found = []
    for row in gone:
        order = np.argsort(-np.nan_to_num(row), kind="stable")[:LOSSES]
        found.append({codes[place]: float(row[place]) for place in order if row[place] > 0.005})
    return found


def _awards(bits: xr.DataArray, card: Scorecard) -> list[dict[str, float]]:
    values = bits.transpose("unit", "draw").to_numpy()
    shares = {award.code: ((values >> place) & 1).mean(axis=1) for place, award in enumerate(card.awards)}
    return [{code: float(share[unit]) for code, share in shares.items()} for unit in range(values.shape[0])]


def usual_step(card: Scorecard, trigger: Trigger, steps: npt.NDArray[np.int8], say: Wording) -> str:
    """Return the consequence a trigger mostly has, over the draws in which it is set off; no text where it never is."""
    reached = steps[steps >= 0]
    if not reached.size:
        return ""
    ladder = next(ladder for ladder in card.ladders if ladder.code == trigger.ladder)
    return ladder.steps[int(np.bincount(reached).argmax())].label(say.lang)


def years_of(scores: xr.Dataset, wanted: int | None = None) -> Sequence[int]:
    """Return the years of a Dataset of scores, or the one wanted."""
    years = [int(year) for year in scores["year"].to_numpy()]
    return years if wanted is None else [year for year in years if year == wanted]
