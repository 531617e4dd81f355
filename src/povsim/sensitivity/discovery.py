"""Scenario discovery: in which box of its uncertain figures a plan fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.sensitivity.discovery_boxes import Box, find_boxes
from povsim.terms import Language

__all__ = ["Box", "box_table", "discover", "find_boxes"]


def discover(
    result: xr.Dataset,
    *,
    output: str | None = None,
    year: int | None = None,
    below: float | None = None,
    above: float | None = None,
    boxes: int = 3,
) -> xr.Dataset:
    """Find out where in the space of uncertain figures a plan fails.

    Parameters
    ----------
    result : Dataset
        As :func:`povsim.sensitivity.drivers.drivers` returns it with Sobol or PAWN; Morris's points are not drawn from
        the spreads.
    output, year : optional
        The first and the last if not given.
    below, above : float, optional
        A point fails where the mean over draws lies below, or above; one of the two.
    boxes : int
        How many at most.

    Returns
    -------
    Dataset
        ``low``, ``high`` (missing where not limited) and ``quasi_p`` by box and parameter, in the figure's own units (a
        dated path: of its first year); ``coverage``, ``density``, ``mass`` by box.

    Raises
    ------
    InputError
        No threshold or two, points that are not independent, all or hardly any points fail.
    """
    outputs, years = (
        [str(name) for name in result["output"].to_numpy()],
        [int(item) for item in result["year"].to_numpy()],
    )
    name, at = output or outputs[0], years[-1] if year is None else year
    problems = []
    if name not in outputs:
        problems.append(Problem("output", "is not in the result", name, ", ".join(outputs), nearest(name, outputs)))
    if at not in years:
        problems.append(Problem("year", "is not in the result", str(at), ", ".join(map(str, years))))
    if (below is None) == (above is None):
        problems.append(Problem("below, above", "give one of the two", f"{below}, {above}"))
    if not bool(result["independent"].any()):
        mend = "use method sobol or pawn"
        problems.append(
            Problem("method", "has no points drawn from the spreads", str(result.attrs["method"]), "", mend)
        )
    if problems:
        raise InputError("discovery", problems)
    kept = result.isel(point=np.flatnonzero(result["independent"].to_numpy()))
    kept = kept.isel(parameter=np.flatnonzero(np.isfinite(kept["value"].to_numpy()).all(axis=0)))
    reached = kept["result"].sel(output=name, year=at).to_numpy()
    known = np.isfinite(reached)
    fails = reached < below if below is not None else reached > above
    found = find_boxes(kept["value"].to_numpy()[known], fails[known], boxes=boxes)
    return _box_dataset(
        found, kept, {"output": name, "year": at, "points": int(known.sum()), "fails": int(fails.sum())}
    )


def _box_dataset(found: Sequence[Box], kept: xr.Dataset, told: dict[str, str | int]) -> xr.Dataset:
    values = kept["value"].to_numpy()
    count = values.shape[1]
    low = np.array([np.where(box.low > values.min(axis=0), box.low, np.nan) for box in found]).reshape(-1, count)
    high = np.array([np.where(box.high < values.max(axis=0), box.high, np.nan) for box in found]).reshape(-1, count)
    quasi = np.array([box.quasi_p for box in found]).reshape(-1, count)
    both = ("box", "parameter")
    shares = {
        "coverage": ("share of all failures in the box", "箱内失败占全部失败的比例"),
        "density": ("share of the box that fails", "箱内失败的比例"),
        "mass": ("share of all points in the box", "箱内点占全部点的比例"),
    }
    return xr.Dataset(
        {
            "low": (both, low, _words("value of the figure", "lower limit", "下限")),
            "high": (both, high, _words("value of the figure", "upper limit", "上限")),
            "quasi_p": (both, quasi, _words("probability", "quasi-p-value of the limits", "限值的准p值")),
            **{
                name: ("box", np.array([getattr(box, name) for box in found]), _words("share", *words))
                for name, words in shares.items()
            },
        },
        {
            "box": np.arange(1, len(found) + 1),
            **{key: kept[key] for key in ("parameter", "meaning_zh", "meaning_en", "parameter_units")},
        },
        told,
    )


def _words(units: str, en: str, zh: str) -> dict[str, str]:
    return {"units": units, "long_name": en, "long_name_zh": zh}


def box_table(found: xr.Dataset, lang: Language = "en") -> pd.DataFrame:
    """Return the limits of all boxes as a tidy table: box, parameter, meaning, low, high, quasi_p, units.

    Parameters
    ----------
    found : Dataset
        As `discover` returns it.
    lang : {"zh", "en"}
        Language of ``meaning``.

    Returns
    -------
    DataFrame
        A row for each limited figure of each box, the surest first.
    """
    rows = []
    for place, box in enumerate(found["box"].to_numpy()):
        one = found.isel(box=place)
        for at in np.flatnonzero(np.isfinite(one["quasi_p"].to_numpy())):
            item = one.isel(parameter=int(at))
            names = {"parameter": str(item["parameter"].item()), "meaning": str(item[f"meaning_{lang}"].item())}
            limits = {key: float(item[key]) for key in ("low", "high", "quasi_p")}
            rows.append({"box": int(box), **names, **limits, "units": str(item["parameter_units"].item())})
    columns = ["box", "parameter", "meaning", "low", "high", "quasi_p", "units"]
    return pd.DataFrame(rows, columns=columns).sort_values(["box", "quasi_p"], ignore_index=True, kind="stable")
