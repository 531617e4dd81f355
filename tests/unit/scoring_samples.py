"""Small scorecards and their values, made in a line, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from povsim.quantity import validate
from povsim.scoring.schema import Scorecard


def known() -> dict[str, Any]:
    return {"source": "example", "status": "assumed"}


def item(code: str, points: float, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name_zh": code,
        "name_en": code,
        "points": points,
        "unit": "share",
        "rule": {"type": "proportional", **known()},
        "value_from": {"entered": "own"},
        **known(),
        **more,
    }


def group(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "name_zh": code, "name_en": code, **more}


def card(*items: dict[str, Any], **more: Any) -> Scorecard:
    head = {
        "code": "small",
        "name_zh": "例",
        "name_en": "small",
        "level": "township",
        "total_points": sum(one["points"] for one in items),
        "document": "example",
    }
    return validate(Scorecard, {"scorecard": head, "indicators": list(items), **more}, "small")


def values(small: Scorecard, table: Any, years: tuple[int, ...] = (2016,), draws: int = 1) -> xr.Dataset:
    """Return a values Dataset from an array (year, unit, indicator), the same in every draw."""
    array = np.asarray(table, dtype=np.float32)
    stack = np.broadcast_to(array, (1, draws, *array.shape)).copy()
    codes = [one.code for one in small.indicators]
    coordinates = {
        "scenario": ["plan"],
        "draw": list(range(draws)),
        "year": list(years),
        "unit": [f"u{place}" for place in range(array.shape[1])],
        "indicator": codes,
    }
    data = {
        "value": (("scenario", "draw", "year", "unit", "indicator"), stack),
        "value_source": (("year", "unit", "indicator"), np.ones(array.shape, dtype=np.int8)),
        "value_origin": ("indicator", ["entered"] * len(codes)),
    }
    return xr.Dataset(data, coordinates)


def one(scores: xr.Dataset, name: str) -> Any:
    return scores[name].isel(scenario=0, scheme=0, draw=0, year=0).to_numpy()
