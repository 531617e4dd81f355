"""What drives a plan's result: a tornado read from where ``povsim sensitivity drivers`` left it, or made anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from povsim import figures
from povsim.terms import Language
from povsim.views.comparison_plans import Plan, texts
from povsim.views.comparison_units import LARGE, POINT_DIGITS, POINTS, seen_digits
from povsim.views.parts import Column, Kind, Table

if TYPE_CHECKING:
    import xarray as xr

PLACES = ("drivers.nc", "drivers/drivers.nc")
"""Where results of drivers are looked for in the folder of a run."""
SHOWN = 15
STRONGEST = {"tornado": "swing", "morris": "mu_star", "sobol": "total", "pawn": "median"}


@dataclass(frozen=True)
class Drivers:
    """What drives one result of a plan.

    Attributes
    ----------
    method : {"tornado", "morris", "sobol", "pawn"}
        How it was found.
    output, year : str, int
        Result and year.
    units : str
        Of the result; ``share`` for indices that are shares.
    base : float
        The result with all figures as written; not a number where the method has none.
    rows : list of dict
        ``name``, ``path``, ``low``, ``high`` (result with the figure low and high; tornado), ``strength``, ``error``;
        the strongest first.
    """

    method: str
    output: str
    year: int
    units: str
    base: float
    rows: list[dict[str, Any]]


def stored(plan: Plan) -> Path | None:
    """Return the file of a drivers result: one in the run's folder, else one that a page made."""
    if plan.place:
        return None
    places = [*(plan.digest.path / name for name in PLACES), made_file(plan.digest.folder)]
    return next((place for place in places if place.is_file()), None)


def made_file(folder: Path) -> Path:
    """Return where pages keep what they make, beside the digest of a run."""
    return folder / "drivers" / "drivers.nc"


def can_run(plan: Plan) -> bool:
    """Tell whether a plan can be run again from the plan alone: a register is not kept with a run."""
    return plan.place == 0 and not plan.part.attrs["registered"]


def read_drivers(file: Path, lang: Language) -> Drivers:
    """Return the first result of a file that ``povsim sensitivity drivers`` wrote, in its last year.

    Parameters
    ----------
    file : Path
        ``drivers.nc``.
    lang : {"zh", "en"}
        Language of the figures' meanings.
    """
    import xarray as xr

    with xr.open_dataset(file, engine="netcdf4") as found:
        return drivers_of(found.load(), lang)


def drivers_of(found: xr.Dataset, lang: Language) -> Drivers:
    """Return the first result of a drivers Dataset in its last year, the strongest figures first.

    Parameters
    ----------
    found : Dataset
        As ``povsim.sensitivity.drivers.tornado`` or ``drivers`` returns it.
    lang : {"zh", "en"}
        Language.
    """
    one, method = found.isel(output=0, year=-1), str(found.attrs["method"])
    name = STRONGEST[method]
    strength = one[name].to_numpy()
    order = np.argsort(-np.abs(np.nan_to_num(strength)), kind="stable")[:SHOWN]
    ends = [one[side].to_numpy() if side in one else np.full(strength.shape, np.nan) for side in ("low", "high")]
    texts_of = {key: one[key].to_numpy() for key in (f"meaning_{lang}", "parameter")}
    rows = [
        {
            "_key": str(texts_of["parameter"][at]), "name": str(texts_of[f"meaning_{lang}"][at]),
            "path": str(texts_of["parameter"][at]), "low": float(ends[0][at]), "high": float(ends[1][at]),
            "strength": float(strength[at]), "error": float(one[f"{name}_error"].to_numpy()[at]),
        }
        for at in order.tolist()
        if strength[at]
    ]  # fmt: skip
    output = str(one[f"output_{lang}"].item()) if f"output_{lang}" in one.coords else str(one["output"].item())
    told = one.coords.get("output_units")
    units = "share" if method == "sobol" else "" if told is None else str(told.item())
    base = float(one["base"].item()) if "base" in one else float("nan")
    return Drivers(method, output, int(one["year"].item()), units, base, rows)


@dataclass(frozen=True)
class Units:
    """How results of drivers are written, and changes of them: factor and unit; results that are shares as percentages.

    Attributes
    ----------
    level, change : tuple of (float, str)
        Factor and unit of results, and of changes of results.
    share : bool
        Whether results are shares, or the strength is one.
    """

    level: tuple[float, str]
    change: tuple[float, str]
    share: bool


def units_of(told: Drivers, lang: Language) -> Units:
    """Return how the numbers of drivers are written: changes of shares in points, large money as everywhere.

    Parameters
    ----------
    told : Drivers
        As ``drivers_of`` returns it.
    lang : {"zh", "en"}
        Language.
    """
    say, (code, _, rest) = texts(lang), told.units.partition(" ")
    if told.units == "share":
        # parts of a variance and distances of distributions are no changes of the result
        changes = told.method in ("tornado", "morris")
        return Units((1.0, ""), (POINTS, say("vs.points.unit")) if changes else (1.0, ""), share=True)
    if rest in ("", "per year") and (code == "yuan" or (len(code) == 3 and code.isupper())):
        large = (1 / LARGE[lang], say("money.large", currency=figures.currency_name(code, lang)))
        return Units(large, large, share=False)
    same = (1.0, figures.unit_name(told.units, lang) if told.units else "")
    return Units(same, same, share=False)


def drivers_table(told: Drivers, lang: Language) -> Table:
    """Return the strongest figures with what the result is when each is low and high.

    Parameters
    ----------
    told : Drivers
        As ``drivers_of`` returns it.
    lang : {"zh", "en"}
        Language.
    """
    say, units = texts(lang), units_of(told, lang)
    points = units.change[0] == POINTS
    # results of a tornado with as many decimals as what they differ by, or both ends would look alike
    digits = seen_digits((abs(row["strength"]) for row in told.rows), units.change[0], 1, 3)
    level: tuple[Kind, int, str] = ("percent", 2, "") if units.share else ("number", digits, units.level[1])
    change: tuple[Kind, int, str] = ("number", POINT_DIGITS if points else digits, units.change[1])
    ends: dict[str, tuple[Kind, int, str]] = {"low": level, "high": level} if told.method == "tornado" else {}
    shown = {**ends, **dict.fromkeys(("strength", "error"), level if units.share and not points else change)}
    columns = [Column("name", say("vs.column.meaning"))]
    columns += [Column(code, say(f"vs.drivers.{code}"), *form) for code, form in shown.items()]
    columns.append(Column("path", say("vs.column.path")))
    factors = {"low": units.level[0], "high": units.level[0], "strength": units.change[0], "error": units.change[0]}
    rows = [row | {code: factor * row[code] for code, factor in factors.items()} for row in told.rows]
    title = say("vs.drivers.title", what=told.output, year=told.year)
    return Table("compare_drivers", title, columns, rows, say(f"vs.drivers.note.{told.method}"))
