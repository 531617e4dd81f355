"""Villages of the exit forecast: the chance that each passes its exit standard, and the test that most often fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.terms import Language
from povsim.views.forecast_numbers import area_at, area_name, texts, year_at
from povsim.views.parts import Column, Table

Array = npt.NDArray[Any]


def village_places(data: xr.Dataset, area: str | None) -> list[int]:
    """Return the places of the villages of an area."""
    a = area_at(data, area)
    if not a:
        return list(range(data.sizes["village"]))
    return np.flatnonzero(data["township"].to_numpy() == data["area"].to_numpy()[a]).tolist()


def village_table(data: xr.Dataset, *, year: int | None, area: str | None, lang: Language) -> Table:
    """Return the villages of an area in a year, the least likely to pass first.

    Parameters
    ----------
    data : Dataset
        A forecast's digest.
    year, area : int and str, optional
        The last year and everything if not given.
    lang : {"zh", "en"}
        Language.

    Returns
    -------
    Table
        A row a village: township, chance of passing the standard of villages, the test that fails most often and in
        what share of draws, persons, poor by income and on the register. Where the standard has no tests of villages,
        the test of households that most persons fail is named.
    """
    say, y = texts(lang), year_at(data, year)
    judged = bool(np.isfinite(data["village_passes"].to_numpy()).any())
    columns = [
        Column("township", say("column.township")),
        Column("name", say("column.village")),
        *([Column("passes", say("column.passes"), "percent")] if judged else []),
        Column("test", say("column.test" if judged else "column.household_test")),
        Column("fails", say("column.fails"), "percent", 0 if judged else 1),
        Column("poor", say("column.poor"), "count"),
        Column("poor_share", say("column.poor_share"), "percent", 1),
        Column("registered_share", say("column.registered_share"), "percent", 1),
        Column("persons", say("column.persons"), "count"),
    ]
    rows = list(_rows(data, village_places(data, area), y, lang, level="village" if judged else "household"))
    rows.sort(key=lambda row: (row["passes"] if row["passes"] is not None else 2.0, -row["poor_share"]))
    title = say("villages.title", area=area_name(data, area, lang), year=data["year"].to_numpy()[y])
    return Table("villages", title, columns, rows, say("villages.note" if judged else "villages.note_unjudged"))


def _rows(data: xr.Dataset, places: Sequence[int], y: int, lang: Language, *, level: str) -> Iterator[dict[str, Any]]:
    figures = {name: data[f"village_{name}"].to_numpy()[:, y] for name in ("persons", "poor", "registered", "passes")}
    names, codes, townships = (data[name].to_numpy().tolist() for name in (f"village_{lang}", "village", "township"))
    worst, fails, tests = *_worst(data, y, level), data[f"test_{lang}"].to_numpy().tolist()
    for place in places:
        persons = max(float(figures["persons"][place]), 1.0)
        passes, failing = float(figures["passes"][place]), fails[place] > 0
        yield {
            "_key": codes[place],
            "township": townships[place],
            "name": names[place] or codes[place],
            "passes": None if np.isnan(passes) else passes,
            "test": tests[worst[place]] if failing else "",
            "fails": float(fails[place]) if failing else None,
            "poor": float(figures["poor"][place]),
            "poor_share": float(figures["poor"][place]) / persons,
            "registered_share": float(figures["registered"][place]) / persons,
            "persons": float(figures["persons"][place]),
        }


def _worst(data: xr.Dataset, y: int, level: str) -> tuple[Array, Array]:
    """Return, by village, the test that fails most often (of households: that most persons fail) and how often."""
    places = np.flatnonzero(data["test_level"].to_numpy() == level)
    if level == "village":
        shares = np.nan_to_num(data["test_fails"].to_numpy()[places, :, y])
    else:
        everybody = np.maximum(data["village_persons"].to_numpy()[:, y], 1.0)
        shares = data["test_persons"].to_numpy()[places, :, y] / everybody
    return places[shares.argmax(axis=0)], shares.max(axis=0)
