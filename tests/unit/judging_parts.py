"""Small scorecards and facts made up for tests of conditions, judgements and awards."""

import numpy as np

from povsim.quantity import validate
from povsim.scoring.conditions import Facts
from povsim.scoring.consistency import slips
from povsim.scoring.schema import Scorecard

MARK = {"source": "test", "status": "assumed"}
GRADES = {
    "by": "cutoff",
    **MARK,
    "grades": [
        {"code": code, "name_zh": code, "name_en": code, "at_least": cut}
        for code, cut in (("excellent", 90), ("good", 80), ("fair", 60), ("poor", None))
    ],
}


def named(code, **more):
    """Return an entry with a code, names and a source."""
    return {"code": code, "name_zh": code, "name_en": code, **MARK, **more}


def item(code, points=10.0, *, gate=False, **more):
    """Return an indicator between 0 and 1 with a target of one half."""
    kind = "gate" if gate else "all_or_nothing"
    return named(
        code,
        points=points,
        unit="share",
        rule={"type": kind, **MARK},
        value_from={"entered": "own"},
        target={"value": 0.5, "unit": "share", **MARK},
        **more,
    )


def ledger(code, **more):
    """Return an item of points added or taken off."""
    return named(code, points=0, unit="points", rule={"type": "ledger", **MARK}, value_from={"entered": "own"}, **more)


def card_of(items, **parts):
    """Return a scorecard of items and other parts."""
    total = sum(one["points"] for one in items)
    head = {"code": "tried", "name_zh": "t", "name_en": "t", "level": "county", "document": "d", "total_points": total}
    card = validate(Scorecard, {"scorecard": head, "indicators": items, **parts}, "tried")
    assert not list(slips(card))
    return card


def facts_of(card, points, *, units=None, years=(2016,), findings=None, total=None, **more):
    """Return facts from points: shape (indicator, ..., unit) is spread to one scenario, one draw, the years.

    Values are the shares of the points, and the target is met from one half on.
    """
    points = np.asarray(points, dtype=np.float32)
    items, count = points.shape[0], points.shape[-1]
    cells = points.shape[1:] if points.ndim == 5 else (1, 1, len(years), count)
    points = points if points.ndim == 5 else np.broadcast_to(points.reshape(items, 1, 1, -1, count), (items, *cells))
    weights = np.array([one.points for one in card.indicators])
    shares = points / np.where(weights > 0, weights, np.nan).astype(np.float32).reshape(-1, 1, 1, 1, 1)
    given = np.zeros((len(card.findings), *cells), dtype=np.int8)
    if findings is not None:
        given[:] = np.asarray(findings, dtype=np.int8).reshape(len(card.findings), 1, 1, -1, count)
    whole = points.sum(axis=0) if total is None else np.broadcast_to(np.asarray(total, dtype=np.float32), cells)
    units = units or [f"u{place}" for place in range(count)]
    parts = {"classes": [""] * count, "values": shares, "met": shares >= 0.5, "missing": np.isnan(points), **more}
    return Facts(
        card=card, points=points, shares=shares, total=whole, findings=given, weights=weights, years=list(years),
        units=units, **parts,
    )  # fmt: skip


def groups_of(card, points):
    """Return the points of the groups between floor and cap, the slow way."""
    out = np.zeros((len(card.groups), *points.shape[1:]), dtype=np.float32)
    for place, group in enumerate(card.groups):
        for number, one in enumerate(card.indicators):
            if one.group == group.code:
                out[place] += points[number]
        low = -np.inf if group.floor is None else group.floor
        out[place] = np.clip(out[place], low, np.inf if group.cap is None else group.cap)
    return out
