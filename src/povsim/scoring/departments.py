"""Points by responsible unit: what each could earn, earned and lost, under a stated rule for items of several units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.scoring.missing import REBASE
from povsim.scoring.ranking import Flags, ranks
from povsim.scoring.schema import Scorecard

AttributionRule = Literal["equal", "first_named"]
RULES = ("equal", "first_named")

_LEAD = ("scenario", "scheme", "draw", "year", "unit")
# shares are ranked to a millionth, points to a ten-thousandth
_FINER = 100.0


def departments(scores: xr.Dataset, card: Scorecard, *, rule: AttributionRule | None = None) -> xr.Dataset:
    """Share the points of every item among the units that answer for it.

    Parameters
    ----------
    scores : Dataset
        ``points`` (scenario, scheme, draw, year, unit, indicator) and ``item_points`` (scheme, indicator), the points
        of the items in each scheme; ``item_struck`` (..., indicator) where vetoes strike items; ``filled``
        (..., indicator) where items without a value are left out and the others scaled up.
    card : Scorecard
        Which units answer for which item.
    rule : {"equal", "first_named"}, optional
        Who gets the points of an item of several units: all in equal parts, or the first named alone. The scorecard's
        own rule where left out.

    Returns
    -------
    Dataset
        Dims (scenario, scheme, draw, year, unit, department), unit being whose departments they are:
        ``points_available``, ``points_earned`` and ``points_lost`` (points; NaN where the points of one of its items
        are missing), ``share`` (earned over available; NaN where nothing is), ``rank`` by share within the unit and
        ``tied``; where items are struck ``disqualified``: the department answers for a struck item, alone or not,
        first named or not.

    Raises
    ------
    InputError
        Neither the scorecard nor the caller says how points are shared; no item names a responsible unit; scores that
        lack something, or belong to another scorecard.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> card = read_scorecard("xiangyin-2016")
    >>> codes = [item.code for item in card.indicators]
    >>> scores = xr.Dataset(
    ...     {"points": (("scenario", "scheme", "draw", "year", "unit", "indicator"), np.zeros((1, 1, 1, 1, 1, 25)))},
    ...     coords={"indicator": codes, "unit": ["Xiangyin"],
    ...             "item_points": (("scheme", "indicator"), [[item.points for item in card.indicators]])})
    >>> found = departments(scores, card, rule="equal")
    >>> round(float(found["points_lost"].sum()), 3)
    100.0
    """
    chosen = rule if rule is not None else card.attribution.rule if card.attribution is not None else None
    problems = list(_slips(scores, card, chosen))
    if problems:
        raise InputError(f"departments of {card.code}", problems)
    names, named = _named(card, [str(code) for code in scores["indicator"].values])
    parts = _parts(named, str(chosen))
    points = scores["points"].transpose(*_LEAD, "indicator")
    weights, counting = _weights(scores)
    earned = _earned(points.to_numpy(), counting, parts)
    whole = np.broadcast_to(weights @ parts, earned.shape)
    share = np.divide(earned, whole, out=np.full_like(earned, np.nan), where=whole > 0)
    struck, removed = _struck(scores, card, named > 0)
    rank, tied = ranks(
        share * _FINER, card.ties, out=None if removed is None else np.broadcast_to(removed, share.shape)
    )
    dims = (*_LEAD, "department")
    found: dict[str, tuple[tuple[str, ...], npt.NDArray[np.generic]]] = {
        "points_available": (dims, whole.astype(np.float32)),
        "points_earned": (dims, earned.astype(np.float32)),
        "points_lost": (dims, (whole - earned).astype(np.float32)),
        "share": (dims, share.astype(np.float32)),
        "rank": (dims, rank),
        "tied": (dims, tied),
    }
    if struck is not None:
        found["disqualified"] = (dims, np.broadcast_to(struck, share.shape))
    kept = {name: points.coords[name] for name in _LEAD if name in points.coords}
    attrs = {"scorecard": card.code, "attribution": str(chosen)}
    return xr.Dataset(found, coords={**kept, "department": names}, attrs=attrs)


def _slips(scores: xr.Dataset, card: Scorecard, rule: str | None) -> Iterator[Problem]:
    if rule is None:
        what = "the scorecard does not say how the points of an item are shared by the units that answer for it"
        yield Problem("rule", what, allowed="equal (in equal parts), first_named (all to the first named)")
    elif rule not in RULES:
        yield Problem("rule", "unknown rule", rule, ", ".join(RULES), nearest(rule, RULES))
    if not any(item.departments for item in card.indicators):
        yield Problem("indicators", "no item names the units that answer for it", mend="give departments")
    yield from _scores_slips(scores, card)


def _scores_slips(scores: xr.Dataset, card: Scorecard) -> Iterator[Problem]:
    for name in ("points", "item_points", "indicator"):
        if name not in scores.variables:
            yield Problem(f"scores.{name}", "is missing")
    known = card.by_code()
    for code in scores["indicator"].values.tolist() if "indicator" in scores.variables else ():
        if code not in known:
            yield Problem("scores.indicator", "is not an item of the scorecard", str(code), mend=nearest(code, known))


def _named(card: Scorecard, codes: list[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the departments in the order they first appear, and their place in each item's list (0: not in it)."""
    names = list(dict.fromkeys(name for item in card.indicators for name in item.departments))
    named = np.zeros((len(codes), len(names)), dtype=np.int64)
    for row, code in enumerate(codes):
        for place, name in enumerate(dict.fromkeys(card.indicator(code).departments), start=1):
            named[row, names.index(name)] = place
    return names, named


def _parts(named: npt.NDArray[np.int64], rule: str) -> npt.NDArray[np.float64]:
    """Return the part of each item that is each department's, (indicator, department)."""
    if rule == "first_named":
        return np.asarray(named == 1, dtype=np.float64)
    return np.asarray((named > 0) / np.maximum(named.max(axis=1, keepdims=True), 1))


def _weights(scores: xr.Dataset) -> tuple[npt.NDArray[np.float64], Flags]:
    """Return the points that items could earn, and which count, both (..., indicator) or sizes of one.

    Where items without a value do not count, the others are scaled up to the points of the whole, as their points are.
    """
    weights = scores["item_points"].transpose("scheme", "indicator").to_numpy().astype(np.float64)
    weights = weights[None, :, None, None, None]
    out = scores["filled"] == REBASE if "filled" in scores else None
    if out is None or not out.any():
        return weights, np.ones((1, 1, 1, 1, 1, weights.shape[-1]), dtype=bool)
    counting = ~out.transpose("scenario", "draw", "year", "unit", "indicator").to_numpy()[:, None]
    left = weights * counting
    sums = left.sum(axis=-1, keepdims=True)
    factor = np.divide(weights.sum(axis=-1, keepdims=True), sums, out=np.zeros_like(sums), where=sums > 0)
    return left * factor, counting


def _earned(
    points: npt.NDArray[np.floating], counting: Flags, parts: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Share points (..., indicator) among departments; a missing item makes the sum missing for its own only."""
    missing = np.isnan(points)
    earned = np.where(missing, 0.0, points) @ parts
    if (missing := missing & counting).any():
        earned[(missing.astype(np.float32) @ (parts > 0).astype(np.float32)) > 0] = np.nan
    return np.asarray(earned, dtype=np.float64)


def _struck(scores: xr.Dataset, card: Scorecard, named: Flags) -> tuple[Flags | None, Flags | None]:
    """Return departments that answer for a struck item, and those that are out of the ranking for it."""
    if "item_struck" not in scores:
        return None, None
    struck = scores["item_struck"].astype(bool)
    removing = [veto.code for veto in card.vetoes if veto.ranking]
    by_veto = "veto" in struck.dims and "veto" in struck.coords
    removed = struck.isel(veto=[code in removing for code in struck["veto"].values]) if by_veto else struck & False
    return _answering(struck, named), _answering(removed, named)


def _answering(struck: xr.DataArray, named: Flags) -> Flags:
    lead = [dim for dim in _LEAD if dim in struck.dims]
    joined = struck.any([dim for dim in struck.dims if dim not in (*lead, "indicator")])
    flags = joined.transpose(*lead, "indicator").to_numpy()
    found = (flags.astype(np.float32) @ named.astype(np.float32)) > 0
    missing = [place for place, dim in enumerate(_LEAD) if dim not in lead]
    return np.asarray(np.expand_dims(found, missing))
