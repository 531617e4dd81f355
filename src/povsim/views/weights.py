"""What the weight tuner needs of a run and a scorecard, worked out once: what each item earns, whatever its points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from povsim.folder import Run
    from povsim.scoring.schema import Scorecard
    from povsim.scoring.verdict_schema import Condition, Veto

VALUES = "values."
"""Before the names of what is only kept where scores have to be worked out again by the scorecard's own rules."""
STRIKING = ("fail", "zero", "deduct", "disqualify")


def digest(run: Run, card: Scorecard) -> xr.Dataset | None:
    """Return what totals, ranks and bands are made of under any points; nothing for a card without points to weigh.

    Parameters
    ----------
    run : Run
        As opened.
    card : Scorecard
        Scored with the run's own values, nothing entered.

    Returns
    -------
    Dataset
        ``share`` (year, draw, unit, indicator): earned part of an item's points, or its points where it has none of
        its own to weigh; 0 where it does not count, which ``gap`` lists; ``out``, ``emptied``, ``taken`` (year, draw,
        unit): out of the ranking, total struck, points deducted; ``vetoed`` (veto, year, unit): share of draws;
        ``value`` (year, unit, indicator): mean over draws. Attributes: the card, why closed forms do not hold by year,
        and why totals have to be scored again.

    Raises
    ------
    InputError
        The card does not work for the run.
    """
    from povsim.scoring.scores import score
    from povsim.scoring.values import indicator_values

    if not any(item.points > 0 for item in card.indicators):
        return None
    values = indicator_values(run.outcomes, card)
    return digest_of(values, score(values, card), card)


def digest_of(values: xr.Dataset, scores: xr.Dataset, card: Scorecard) -> xr.Dataset:
    """Return the digest of values and of their scores under the card's own points; see :func:`digest`."""
    import xarray as xr

    from povsim.sensitivity.weight_cards import reasons_of

    one = scores.isel(scenario=0, scheme=0).transpose("year", "draw", "unit", ...)
    share, gap = _shares(one, card)
    data: dict[str, Any] = {
        "share": (("year", "draw", "unit", "indicator"), share),
        "gap": (("place", "gap_dim"), np.argwhere(gap).astype(np.int32)),
        "value": (("year", "unit", "indicator"), _mean(one["value"])),
        **_struck(one, card),
    }
    from povsim.scoring.schemes import weight_scheme

    years = [int(year) for year in one["year"].to_numpy()]
    own = weight_scheme(card)
    reasons = {str(year): list(reasons_of(card, scores.sel(year=[year]), own)) for year in years}
    slow = list(dict.fromkeys(weight_bound(card)))
    about = {"card": card.model_dump_json(), "reasons": reasons, "slow": slow}
    found = xr.Dataset(data, {"year": years, "unit": one["unit"].to_numpy().astype(str)}, about)
    return found.merge(_kept(values)) if slow else found


def _shares(one: xr.Dataset, card: Scorecard) -> tuple[np.ndarray, np.ndarray]:
    """Return earned shares (points of items without their own), 0 where an item does not count, and where that is."""
    points = one["points"].transpose("year", "draw", "unit", "indicator").to_numpy().astype(np.float64)
    factor = one["rebased_by"].transpose("year", "draw", "unit").to_numpy().astype(np.float64)
    full = np.array([item.points for item in card.indicators])
    weighed = full > 0
    share = np.where(weighed, points / factor[..., None] / np.where(weighed, full, 1.0), points)
    gap = np.isnan(share)
    return np.where(gap, 0.0, np.round(share, 6)).astype(np.float32), gap


def _mean(value: xr.DataArray) -> np.ndarray:
    stack = value.transpose("draw", "year", "unit", "indicator").to_numpy().astype(np.float64)
    known = ~np.isnan(stack)
    total, count = np.where(known, stack, 0.0).sum(axis=0), known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _struck(one: xr.Dataset, card: Scorecard) -> dict[str, Any]:
    """Return what vetoes do that no points decide."""
    dims = ("year", "draw", "unit")
    vetoed = one["vetoed"].transpose("veto", *dims).to_numpy().astype(bool)
    out = ~one["passed"].transpose(*dims).to_numpy().astype(bool)
    emptied, taken = np.zeros(out.shape, dtype=bool), np.zeros(out.shape, dtype=np.float32)
    for place, veto in enumerate(card.vetoes):
        held = vetoed[place] & veto.active
        out |= held & (veto.effect == "disqualify" and veto.ranking and veto.scope == "unit")
        emptied |= held & (veto.effect == "zero" and veto.of in ("", "total"))
        taken += held * np.float32(veto.value or 0.0)
    striking = [place for place, veto in enumerate(card.vetoes) if veto.active and veto.effect in STRIKING]
    codes = np.array([card.vetoes[place].code for place in striking], dtype=str)
    return {
        "out": (dims, out),
        "emptied": (dims, emptied),
        "taken": (dims, taken),
        "vetoed": (("veto", "year", "unit"), vetoed[striking].mean(axis=2).astype(np.float32)),
        "veto_code": (("veto",), codes),
    }


def weight_bound(card: Scorecard) -> Iterator[str]:
    """Say why points decide more than sums, so that totals have to be scored again by the card's own rules."""
    for veto in card.vetoes:
        if not veto.active or veto.effect not in STRIKING or _only_awards(veto):
            continue
        if veto.effect == "zero" and veto.of not in ("", "total"):
            yield "a veto strikes single items or groups"
        if any(_needs_points(part) for part in veto.when.parts()):
            yield "a veto looks at points, totals, grades or ranks"


def _only_awards(veto: Veto) -> bool:
    return veto.effect == "disqualify" and (not veto.ranking or veto.scope == "item")


def _needs_points(part: Condition) -> bool:
    asked = part.total is not None or part.grade is not None or part.peer_rank is not None
    return asked or (part.indicator is not None and part.of != "value")


def _kept(values: xr.Dataset) -> xr.Dataset:
    """Return values under names of their own."""
    return values.rename({name: VALUES + str(name) for name in {*values.variables, *values.dims}}).assign_attrs({})


def values_of(part: xr.Dataset) -> xr.Dataset:
    """Return the values that a digest keeps, as ``indicator_values`` returned them."""
    chosen = part[[name for name in part.variables if str(name).startswith(VALUES)]].assign_attrs({})
    return chosen.rename({name: str(name).removeprefix(VALUES) for name in {*chosen.variables, *chosen.dims}})
