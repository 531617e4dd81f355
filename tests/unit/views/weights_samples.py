"""Small scorecards with luck in their values, and their boards, for tests of the weight tuner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from povsim.scoring.schema import Scorecard
from povsim.scoring.scores import score
from povsim.views import store
from povsim.views.digests import RunDigest
from povsim.views.weights import digest_of
from povsim.views.weights_board import Board, board_of
from tests.unit.scoring_samples import card, group, item, known, values

ITEMS = ("a", "b", "c", "d")


def plain_card(**more: Any) -> Scorecard:
    """Return a card of 100 points: a 40, b 30, c 20, d 10, the last two in a group."""
    grouped = {"group": "pair"}
    items = [item("a", 40), item("b", 30), item("c", 20, **grouped), item("d", 10, **grouped)]
    return card(*items, **{"groups": [group("pair")], **more})


def veto(effect: str, when: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = {"code": f"v_{effect}", "name_zh": "否决", "name_en": effect}
    return {**names, "when": when, "effect": effect, **known(), **more}


def low(code: str, threshold: float) -> dict[str, Any]:
    return {"indicator": code, "comparison": "<", "threshold": threshold}


def with_luck(small: Scorecard, units: int = 7, draws: int = 9, seed: int = 3, missing: float = 0.0) -> xr.Dataset:
    """Return values 0-1 that differ by draw; a share of them may be missing."""
    luck = np.random.default_rng(seed)
    found = values(small, np.zeros((1, units, len(small.indicators))), draws=draws)
    made = luck.random(found["value"].shape).round(2).astype(np.float32)
    if missing:
        made[luck.random(made.shape) < missing] = np.nan
    found["value"] = (found["value"].dims, made)
    return found


CARDS: dict[str, tuple[Scorecard, float]] = {
    "plain": (plain_card(), 0.0),
    "missing": (
        card(*[item(code, points, missing="rebase") for code, points in zip(ITEMS, (40, 30, 20, 10), strict=True)]),
        0.25,
    ),
    "zero": (card(item("a", 60, missing="zero"), item("b", 40)), 0.0),
    "capped": (plain_card(groups=[group("pair", cap=18, floor=4)]), 0.0),
    "ledger": (
        card(item("a", 60), item("b", 40), item("plus", 0, rule={"type": "ledger", "bonus_cap": 5, **known()})),
        0.0,
    ),
    "gate": (
        card(
            item("a", 60),
            item("b", 40, rule={"type": "gate", **known()}, target={"value": 0.4, "unit": "share", **known()}),
        ),
        0.0,
    ),
    "fail": (plain_card(vetoes=[veto("fail", low("a", 0.3))]), 0.0),
    "out": (plain_card(vetoes=[veto("disqualify", low("b", 0.6), ranking=True)]), 0.0),
    "empty": (plain_card(vetoes=[veto("zero", low("c", 0.2))]), 0.0),
    "deduct": (plain_card(vetoes=[veto("deduct", low("d", 0.5), value=7)]), 0.0),
    "awards": (plain_card(vetoes=[veto("disqualify", low("d", 0.9))]), 0.0),
    "total": (plain_card(vetoes=[veto("fail", {"total": True, "comparison": "<", "threshold": 45})]), 0.0),
    "item": (plain_card(vetoes=[veto("zero", low("a", 0.5), of="b")]), 0.0),
}
"""Cards by what keeps their totals from being plain sums, and the share of values that is missing."""


def sample(name: str, *, without: str = "", **more: Any) -> tuple[Scorecard, xr.Dataset, Board]:
    """Return a card, values, and the board of their digest; one item may have no value anywhere."""
    small, missing = CARDS[name]
    found = with_luck(small, **{"missing": missing, **more})
    if without:
        found["value"].loc[{"indicator": without}] = np.nan
    return small, found, board_of(digest_of(found, score(found, small), small), 2016)


def run_digest(folder: Path, *names: str, units: int = 7) -> RunDigest:
    """Return a digest of a run, with the cards asked for under their names."""
    for name in names:
        small, missing = CARDS[name]
        head = small.scorecard.model_copy(update={"code": name, "name_zh": f"评分表{name}"})
        small = small.model_copy(update={"scorecard": head})
        found = with_luck(small, missing=missing, units=units)
        store.write(digest_of(found, score(found, small), small), folder / f"weights.{name}")
    told = {"scenarios": ["county"]}
    return RunDigest("county", folder, folder, names, {}, told, {"zh": "全县", "en": "County"})
