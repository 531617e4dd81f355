"""The big numbers of the exit forecast, with their bands, for a year and an area; beside those of another plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import figures
from povsim.terms import Language
from povsim.views.forecast_digest import figure
from povsim.views.parts import BigNumber, Tone
from povsim.wording import Wording, wording

BAND = (0.1, 0.9)
"""Quantiles of the 80 % band over draws, those of ``povsim.outlook``."""
LARGE = 10**9
"""Denominators of bounds up to which products of persons fit into 64 bits."""
SURE, UNSURE = 0.8, 0.2
"""Chances from which a target is good or bad news, those of ``povsim.planning.targets``."""
COMMA, SEMICOLON = {"zh": "、", "en": ", "}, {"zh": "；", "en": "; "}
PERSONS = ("poor", "exits", "relapses")
Array = npt.NDArray[Any]
Bounds = Mapping[str, float]
"""By code of a target, the bound to judge by in place of the plan's; see ``moved_bounds``."""


@dataclass(frozen=True)
class Chance:
    """How likely a target is to hold.

    Attributes
    ----------
    code, name : str
        The target.
    share, error : float
        Share of draws in which it holds, and its standard error.
    bound : str
        Comparison and bound, as a person reads them.
    shortfall : float
        Mean amount by which it is missed where it is, of the plan's own bound; missing if never.
    """

    code: str
    name: str
    share: float
    error: float
    bound: str
    shortfall: float


def texts(lang: Language) -> Wording:
    """Return the texts of the page."""
    return wording(lang, "page_forecast")


def amount(number: str, unit: str) -> str:
    """Return a number with its unit."""
    return f"{number} {unit}"


def area_at(data: xr.Dataset, area: str | None) -> int:
    """Return the place of an area; everything where there is none of that name."""
    names = data["area"].to_numpy().tolist()
    return names.index(area) if area in names else 0


def year_at(data: xr.Dataset, year: int | None) -> int:
    """Return the place of a year; the last where the run has no such year."""
    years = data["year"].to_numpy().tolist()
    return years.index(year) if year in years else len(years) - 1


def area_name(data: xr.Dataset, area: str | None, lang: Language) -> str:
    """Return the name of an area: of everything the county's, or what all counties are called."""
    place = area_at(data, area)
    if place:
        return str(data["area"].to_numpy()[place])
    return data.attrs["county"] or texts(lang)("area.whole")


def moved_bounds(data: xr.Dataset, target: int, bound: float) -> list[Fraction | None]:
    """Return the bounds of a target by year when its last one is moved.

    One bound for all its years then counts in every year, so that it can be seen when it is reached; bounds that differ
    by year keep their proportions, in their own years.

    Parameters
    ----------
    data : Dataset
        A forecast's digest.
    target : int
        Its place.
    bound : float
        What the last bound is moved to.
    """
    planned = data["bound"].to_numpy()[target].tolist()
    exact = [None if math.isnan(one) else Fraction(repr(float(one))) for one in planned]
    due = [one for one in exact if one is not None]
    if len(set(due)) < 2 or not due[-1]:
        return [Fraction(repr(float(bound)))] * len(exact)
    factor = Fraction(repr(float(bound))) / due[-1]
    return [None if one is None else one * factor for one in exact]


def bound_array(data: xr.Dataset, target: int, bound: float | None) -> Array:
    """Return the bounds of a target by year, the plan's or moved ones; missing where it is not due."""
    if bound is None:
        return np.asarray(data["bound"].to_numpy()[target])
    return np.array([math.nan if one is None else float(one) for one in moved_bounds(data, target, bound)])


def held_under(data: xr.Dataset, target: int, bound: float | None = None) -> Array:
    """Tell where a target holds, dims (area, draw, year); with its last bound moved, compared just as exactly.

    Parameters
    ----------
    data : Dataset
        A forecast's digest.
    target : int
        Its place.
    bound : float, optional
        In place of the plan's last; false in years in which it is not due then.
    """
    if bound is None:
        return np.asarray(data["held"].to_numpy()[target])
    from povsim.rulebook import compare_exactly

    top, bottom = figure(data, str(data["measure_of"].to_numpy()[target]))
    sign = str(data["comparison"].to_numpy()[target])
    whole = np.ones_like(top) if bottom is None else bottom
    held = np.zeros(top.shape, dtype=bool)
    for y, exact in enumerate(moved_bounds(data, target, bound)):
        if exact is None:
            continue
        # whole numbers of any size: a bound with many decimals has a large denominator
        large = max(exact.denominator, abs(exact.numerator)) > LARGE
        above, below = ((part[..., y].astype(object) if large else part[..., y]) for part in (top, whole))
        held[..., y] = compare_exactly(above * exact.denominator, sign, below * exact.numerator)  # type: ignore[arg-type]
    return held


def due_cube(data: xr.Dataset, bounds: Bounds | None = None) -> Array:
    """Tell which targets are asked of which areas in which years, dims (target, area, year)."""
    other = bounds or {}
    due = np.empty(data["bound"].shape, dtype=bool)
    for t, code in enumerate(data["target"].to_numpy().tolist()):
        due[t] = ~np.isnan(bound_array(data, t, other.get(code)))
    return np.asarray(due[:, np.newaxis, :] & data["askable"].to_numpy()[:, :, np.newaxis])


def joint_chances(data: xr.Dataset, bounds: Bounds | None = None) -> Array:
    """Return the share of draws in which every target of a year holds, dims (area, year); missing without a target."""
    due, other = due_cube(data, bounds), bounds or {}
    held = np.ones(data["poor"].shape, dtype=bool)
    for t, code in enumerate(data["target"].to_numpy().tolist()):
        held &= held_under(data, t, other.get(code)) | ~due[t][:, np.newaxis, :]
    return np.where(due.any(axis=0), held.mean(axis=1), np.nan)


def always(data: xr.Dataset, area: str | None, bounds: Bounds | None = None) -> float | None:
    """Return the share of draws in which every target holds in all its years; none where only one year has any."""
    due, other = due_cube(data, bounds)[:, area_at(data, area)], bounds or {}
    if due.any(axis=0).sum() < 2:
        return None
    codes = data["target"].to_numpy().tolist()
    held = [held_under(data, t, other.get(code))[area_at(data, area)] | ~due[t] for t, code in enumerate(codes)]
    return float(np.logical_and.reduce(held).all(axis=1).mean())


def chances(
    data: xr.Dataset, year: int | None, area: str | None, lang: Language, bounds: Bounds | None = None
) -> list[Chance]:
    """Return how likely each target of a year is to hold in an area.

    Parameters
    ----------
    data : Dataset
        A forecast's digest.
    year, area : int and str, optional
        The last year and everything if not given.
    lang : {"zh", "en"}
        Language of the names.
    bounds : mapping, optional
        Bounds to judge by in place of the plan's.

    Returns
    -------
    list of Chance
        Targets due in the year that say something about the area; a number of persons set for a county does not say
        how it is shared out over townships.
    """
    years = data["year"].to_numpy().tolist()
    return chances_by_year(data, area, lang, bounds)[years[year_at(data, year)]]


def chances_by_year(
    data: xr.Dataset, area: str | None, lang: Language, bounds: Bounds | None = None
) -> dict[int, list[Chance]]:
    """Return the same for all years."""
    a, other, codes = area_at(data, area), bounds or {}, data["target"].to_numpy().tolist()
    due, names = due_cube(data, bounds)[:, a], data[f"target_{lang}"].to_numpy().tolist()
    asked = [bound_array(data, t, other.get(code)) for t, code in enumerate(codes)]
    held = [held_under(data, t, other.get(code))[a] for t, code in enumerate(codes)]
    missed = data["target_shortfall_if_missed"].to_numpy()[:, a] if "target_shortfall_if_missed" in data else None

    def chance(t: int, y: int) -> Chance:
        share = float(held[t][:, y].mean())
        error = math.sqrt(share * (1 - share) / held[t].shape[0])
        bound = bound_text(data, t, float(asked[t][y]), lang)
        short = math.nan if missed is None or codes[t] in other else float(missed[t, y])
        return Chance(codes[t], names[t], share, error, bound, short)

    return {
        year: [chance(t, y) for t in range(len(codes)) if due[t, y]]
        for y, year in enumerate(data["year"].to_numpy().tolist())
    }


def bound_text(data: xr.Dataset, target: int, bound: float, lang: Language) -> str:
    """Return what is asked for, such as "below 2 %"."""
    say, unit = texts(lang), str(data["target_unit"].to_numpy()[target])
    if unit == "share":
        text = f"{figures.number(100 * bound)}{'' if lang == 'zh' else ' '}%"
    else:
        text = amount(figures.number(bound), figures.unit_name(unit, lang))
    signs = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}
    return say(f"bound.{signs[str(data['comparison'].to_numpy()[target])]}", bound=text)


def spread(values: Array) -> tuple[float, float]:
    """Return the 80 % band over draws."""
    low, high = np.quantile(values, BAND)
    return float(low), float(high)


def cost_per_lasting_exit(data: xr.Dataset, area: int) -> Array:
    """Return mean spending so far over mean lasting exits so far, by year; missing while there are none."""
    so_far = {
        name: np.cumsum(np.asarray(data[name].to_numpy()[area], dtype=np.float64), axis=1).mean(axis=0)
        for name in ("spending", "lasting_exits")
    }
    lasting = so_far["lasting_exits"]
    return np.asarray(np.divide(so_far["spending"], lasting, out=np.full(lasting.shape, np.nan), where=lasting > 0))


def numbers(
    data: xr.Dataset, *, year: int | None, area: str | None, lang: Language, bounds: Bounds | None = None
) -> list[BigNumber]:
    """Return the headline numbers of a year and an area.

    Parameters
    ----------
    data : Dataset
        A forecast's digest: of a finished run, or of levers that were tried.
    year, area : int and str, optional
        The last year and everything if not given.
    lang : {"zh", "en"}
        Language.
    bounds : mapping, optional
        Bounds of targets in place of the plan's.

    Returns
    -------
    list of BigNumber
        Persons still poor at year end, chance of the targets, money per lasting exit, relapses, exits, money spent.
    """
    a, y, say = area_at(data, area), year_at(data, year), texts(lang)
    persons = {name: _persons(data, name, a, y, say) for name in PERSONS}
    chance = _chance(data, year, area, lang, bounds)
    return [
        persons["poor"],
        chance,
        _cost(data, a, y, lang),
        persons["relapses"],
        persons["exits"],
        _spent(data, a, y, lang),
    ]


def _persons(data: xr.Dataset, name: str, a: int, y: int, say: Wording) -> BigNumber:
    values = np.asarray(data[name].to_numpy()[a, :, y], dtype=np.float64)
    low, high = spread(values)
    told: dict[str, object] = {}
    if name == "poor":
        everybody = float(np.asarray(data["everybody"].to_numpy()[a, :, y]).mean())
        told = {
            "share": figures.percent(float(values.mean()) / everybody, say.lang),
            "registered": figures.count(float(np.asarray(data["registered"].to_numpy()[a, :, y]).mean())),
        }
    band = say("band", low=figures.count(low), high=figures.count(high))
    text = say("persons", count=figures.count(float(values.mean())))
    return BigNumber(
        name, say(f"number.{name}"), text, band, say(f"note.{name}", **told) if told else say(f"note.{name}")
    )


def _chance(data: xr.Dataset, year: int | None, area: str | None, lang: Language, bounds: Bounds | None) -> BigNumber:
    say, found = texts(lang), chances(data, year, area, lang, bounds)
    if not found:
        return BigNumber("chance", say("number.chance"), figures.NOTHING, "", _no_target(data, year, area, say))
    share = float(joint_chances(data, bounds)[area_at(data, area), year_at(data, year)])
    each = [
        say("chance.each", name=one.name, bound=one.bound, share=figures.probability(one.share, lang)) for one in found
    ]
    if (every := always(data, area, bounds)) is not None:
        each.append(say("chance.always", share=figures.probability(every, lang)))
    tone: Tone = "good" if share >= SURE else "bad" if share <= UNSURE else "warning"
    if len(found) > 1:
        below = say("chance.all", count=len(found))
    else:
        one = found[0]
        below = say("chance.one", name=one.name, error=figures.percent(one.error, lang, 0)) if one.error else one.name
    if every is not None:
        below = SEMICOLON[lang].join((below, say("chance.always", share=figures.probability(every, lang))))
    return BigNumber("chance", say("number.chance"), figures.probability(share, lang), below, "\n".join(each), tone)


def _no_target(data: xr.Dataset, year: int | None, area: str | None, say: Wording) -> str:
    bound, y = np.asarray(data["bound"]), year_at(data, year)
    years = data["year"].to_numpy().tolist()
    ahead = [years[at] for at in range(y + 1, len(years)) if not np.isnan(bound[:, at]).all()]
    if ahead:
        return say("chance.later", year=ahead[0])
    return say("chance.none_here") if area_at(data, area) and bound.size else say("chance.none")


def _cost(data: xr.Dataset, a: int, y: int, lang: Language) -> BigNumber:
    say = texts(lang)
    cost = float(cost_per_lasting_exit(data, a)[y])
    if math.isnan(cost):
        return BigNumber("cost", say("number.cost"), figures.NOTHING, "", say("note.cost_none"))
    value = amount(figures.unit_cost([cost], lang)[0], cost_unit(data, lang))
    return BigNumber("cost", say("number.cost"), value, say("cost.so_far"), say("note.cost"))


def _spent(data: xr.Dataset, a: int, y: int, lang: Language) -> BigNumber:
    say, values = texts(lang), np.asarray(data["spending"].to_numpy()[a, :, y], dtype=np.float64)
    middle, low, high = figures.money([float(values.mean()), *spread(values)], lang)
    unit = money_unit(data, lang)
    so_far = float(np.asarray(data["spending"].to_numpy()[a, :, : y + 1], dtype=np.float64).sum(axis=1).mean())
    note = say("note.spent", amount=figures.money([so_far], lang)[0], unit=unit)
    return BigNumber("spent", say("number.spent"), amount(middle, unit), say("band", low=low, high=high), note)


def _currency(data: xr.Dataset, lang: Language) -> str:
    return figures.currency_name(data.attrs["currency"], lang)


def money_unit(data: xr.Dataset, lang: Language) -> str:
    """Return the unit in which amounts of money are shown."""
    return texts(lang)("unit.money", currency=_currency(data, lang))


def cost_unit(data: xr.Dataset, lang: Language) -> str:
    """Return the unit in which money for one person is shown."""
    return texts(lang)("unit.cost", currency=_currency(data, lang))
