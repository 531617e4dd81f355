"""A register brought to totals that are known from elsewhere, and by how much it had to be stretched.

Ranks are kept: no household passes another. Income per head y becomes a power of itself, line x (y / y_h)^b with y_h
the income at the known headcount, so that those at that rank come to stand at the line; b meets the mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq

from povsim.alignment import Array, Columns, Floats, Ints
from povsim.errors import InputError, Problem, nearest
from povsim.income_known import KnownHeadcount
from povsim.income_sources import SOURCES, net_income, raked

LOWEST = 0.05
"""Income over that at the headcount's rank below which the power gives way to a fixed multiple: it has to take zero and
losses, too."""
FLATTEST, STEEPEST = 0.01, 20.0
"""Bounds of the power."""
INCOMES = (*SOURCES, "production_cost", "pension", "dibao")
_SAME = 1e-6


@dataclass(frozen=True)
class KnownTotals:
    """What is known of a population; what is left out stays as it is.

    Attributes
    ----------
    persons : float, optional
        In all; met by the weights of a sample, to within one household.
    mean : float, optional
        Net income, yuan per head and year.
    sources : mapping of str to float
        Mean net income by source, yuan per head: ``wage``, ``business``, ``property``, ``transfer``. Those left out
        share what is left of the mean; where the mean is left out, it moves with the sources.
    headcount : KnownHeadcount, optional
        Share of persons or households below a line, met to within one household.
    """

    persons: float | None = None
    mean: float | None = None
    sources: Mapping[str, float] = field(default_factory=dict)
    headcount: KnownHeadcount | None = None


@dataclass(frozen=True)
class Aligned:
    """An aligned register.

    Attributes
    ----------
    register : Dataset
        As before, with other incomes and weights; ``attrs["alignment"]`` holds the table as JSON.
    stretch : DataFrame
        One row per total: ``total``, ``stated``, ``before``, ``after``, ``missed`` (stated less after), and the factor
        on single households that it took: ``median``, ``smallest``, ``largest`` (over households with that income
        above zero; for persons, weights).
    """

    register: xr.Dataset
    stretch: pd.DataFrame


def align_register(register: xr.Dataset, known: KnownTotals) -> Aligned:
    """Bring a register's weights and incomes to known totals, ranks kept, and tell the stretch.

    Parameters
    ----------
    register : Dataset
        Whole population, or a weighted sample of it.
    known : KnownTotals
        Persons, mean income, mean income by source, headcount at a line.

    Returns
    -------
    Aligned

    Raises
    ------
    InputError
        Nothing is known; sources for a register that has totals only; a share, a line, a mean or persons that cannot
        be; a mean and a headcount that contradict each other.

    Examples
    --------
    >>> from povsim.synthetic import synthesise_register
    >>> register = synthesise_register("sample", seed=1)
    >>> headcount = KnownHeadcount(line=2855, share=0.057)
    >>> aligned = align_register(register, KnownTotals(mean=11422, headcount=headcount))
    >>> aligned.stretch.set_index("total").loc["mean", ["stated", "before", "after"]].round(2).tolist()
    [11422.0, 12000.0, 11422.0]
    >>> row = aligned.stretch.set_index("total").loc["headcount"]
    >>> bool(abs(row["missed"]) < 8 / 1980), [round(float(row[name]), 2) for name in ("median", "smallest", "largest")]
    (True, [0.98, 0.8, 1.37])
    """
    _check(register, known)
    weight = _weights(register, known)
    persons = register["persons"].to_numpy().astype(np.float64)
    income = net_income(register)
    wanted = _wanted(register, known, weight)
    factor = _factors(income / persons, (persons, weight), known.headcount, wanted["mean"])
    sources = {name: mean * float(weight @ persons) for name, mean in wanted.items() if name != "mean"}
    columns = _moved(register, factor, weight, sources) if known.sources else _scaled(register, factor)
    kept = {name: (register[name].dims, values.astype(register[name].dtype)) for name, values in columns.items()}
    kept["weight"] = (("household",), weight.astype(register["weight"].dtype))
    result = register.assign({name: (*pair, register[name].attrs) for name, pair in kept.items()})
    table = pd.DataFrame(list(_told(register, result, known)))
    return Aligned(result.assign_attrs(alignment=table.to_json(orient="records")), table)


def _check(register: xr.Dataset, known: KnownTotals) -> None:
    problems = list(_wrong(known))
    if known.sources and register.attrs.get("income_detail") == "total":
        problems.append(Problem("sources", "the register knows totals only", mend="split_income first"))
    if problems:
        raise InputError("align_register", problems)


def _wrong(known: KnownTotals) -> Iterator[Problem]:
    if known == KnownTotals():
        yield Problem("known", "says nothing", allowed="persons, mean, sources or headcount")
    for name in known.sources:
        if name not in SOURCES:
            yield Problem(f"sources.{name}", "unknown source", allowed=", ".join(SOURCES), mend=nearest(name, SOURCES))
    yield from _wrong_amounts(known)
    yield from _wrong_sum(known)
    if known.headcount is not None and not (0 < known.headcount.share < 1 and known.headcount.line > 0):
        found = f"{known.headcount.share:g} below {known.headcount.line:g}"
        yield Problem("headcount", "is no share below a line", found, "0 to 1, below a line above zero")


def _wrong_amounts(known: KnownTotals) -> Iterator[Problem]:
    for name, value in known.sources.items():
        if not (np.isfinite(value) and value >= 0):
            yield Problem(f"sources.{name}", "is no amount", f"{value:g}", "zero or more")
    for name, amount in (("persons", known.persons), ("mean", known.mean)):
        if amount is not None and not (np.isfinite(amount) and amount > 0):
            yield Problem(name, "is no amount", f"{amount:g}", "more than zero")


def _wrong_sum(known: KnownTotals) -> Iterator[Problem]:
    if known.mean is not None and known.sources:
        together = sum(known.sources.values())
        whole = set(known.sources) == set(SOURCES)
        if together > known.mean * (1 + _SAME) or (whole and together < known.mean * (1 - _SAME)):
            allowed = f"{'' if whole else 'at most '}{known.mean:g}, the mean"
            yield Problem("sources", "do not add up to the mean", f"{together:g}", allowed)


def _weights(register: xr.Dataset, known: KnownTotals) -> Ints:
    """Return weights for the persons known: all times one factor, rounded so that every stretch of rows keeps to it."""
    weight = register["weight"].to_numpy().astype(np.int64)
    if known.persons is None:
        return weight
    persons = register["persons"].to_numpy().astype(np.int64)
    if known.persons < persons.sum():
        allowed = f"{persons.sum()}, the persons in the rows, or more"
        raise InputError("align_register", [Problem("persons", "are too few", f"{known.persons:g}", allowed)])
    factor = known.persons / float(weight @ persons)
    steps = np.floor(np.cumsum(weight * factor) + 0.5)
    moved = np.maximum(np.diff(np.concatenate(([0.0], steps))).astype(np.int64), 1)
    miss = round(known.persons) - int(moved @ persons)
    while (fits := np.flatnonzero((persons <= abs(miss)) & ((miss > 0) | (moved > 1)))).size:
        order = fits[np.argsort(-persons[fits], kind="stable")]
        taken = order[np.cumsum(persons[order]) <= abs(miss)]
        moved[taken] += 1 if miss > 0 else -1
        miss = round(known.persons) - int(moved @ persons)
    return moved


def _wanted(register: xr.Dataset, known: KnownTotals, weight: Ints) -> dict[str, float]:
    """Return the mean and the means by source to be met, yuan per head."""
    heads = float(weight @ register["persons"].to_numpy())
    mean = float(weight @ net_income(register)) / heads
    if not known.sources:
        return {"mean": mean if known.mean is None else known.mean}
    now = {name: float(weight @ values) / heads for name, values in _net_parts(register).items()}
    left = {name: value for name, value in now.items() if name not in known.sources}
    given = float(sum(known.sources.values()))
    rest = sum(left.values()) if known.mean is None else known.mean - given
    scale = rest / sum(left.values()) if left and sum(left.values()) > 0 else 1.0
    return {"mean": given + rest, **known.sources, **{name: value * scale for name, value in left.items()}}


def _net_parts(register: xr.Dataset) -> dict[str, Floats]:
    parts = {name: register[name].to_numpy().astype(np.float64) for name in SOURCES}
    parts["business"] = parts["business"] - register["production_cost"].to_numpy().astype(np.float64)
    return parts


def _factors(income: Floats, counts: tuple[Floats, Ints], headcount: KnownHeadcount | None, mean: float) -> Floats:
    """Return what each household's income is multiplied by."""
    persons, weight = counts
    heads = persons * weight
    now = float(income @ heads) / float(heads.sum())
    if headcount is None:
        if now <= 0:
            raise InputError("align_register", [Problem("mean", "the register's mean is not above zero", f"{now:g}")])
        return np.full(income.size, mean / now)
    pivot = _pivot(income, weight.astype(np.float64) if headcount.households else heads, headcount)

    def factors(power: float) -> Floats:
        relative = np.maximum(income / pivot, LOWEST)
        return np.asarray(headcount.line / pivot * relative ** (power - 1))

    def miss(power: float) -> float:
        return float((factors(power) * income) @ heads) / float(heads.sum()) - mean

    low, high = (miss(power) + mean for power in (FLATTEST, STEEPEST))
    if not low < mean < high:
        what = "cannot go with the headcount while ranks are kept"
        raise InputError("align_register", [Problem("mean", what, f"{mean:g}", f"{low:.6g} to {high:.6g}")])
    return factors(float(brentq(miss, FLATTEST, STEEPEST, xtol=1e-14)))


def _pivot(income: Floats, counted: Floats, headcount: KnownHeadcount) -> float:
    """Return an income between two households that has the share below it, as near as whole households allow."""
    order = np.argsort(income, kind="stable")
    ranked = income[order]
    running = np.concatenate(([0.0], np.cumsum(counted[order])))
    off = np.abs(running - headcount.share * running[-1])
    apart = np.concatenate(([True], np.diff(ranked) > 0, [True]))
    below = int(np.argmin(np.where(apart, off, np.inf)))
    ends = np.concatenate((ranked[:1] * (1 - 1e-6), ranked, ranked[-1:] * (1 + 1e-6)))[below : below + 2]
    if ends[1] <= 0:
        what = "nobody at that rank has an income above zero"
        raise InputError("align_register", [Problem("headcount.share", what, f"{headcount.share:g}")])
    # Half way between logs, so that rounding to single precision leaves both on their side.
    return float(np.sqrt(ends[0] * ends[1]) if ends[0] > 0 else ends[1] / 2)


def _scaled(register: xr.Dataset, factor: Floats) -> Columns:
    names = ("income_total",) if "income_total" in register else INCOMES
    return {name: register[name].to_numpy() * factor for name in names}


def _moved(register: xr.Dataset, factor: Floats, weight: Ints, totals: Mapping[str, float]) -> Columns:
    """Return the income columns by source: every household has its total, every source its mean; losses go along."""
    parts = np.stack([_net_parts(register)[name] for name in SOURCES], axis=1) * factor[:, np.newaxis]
    gains, losses = np.maximum(parts, 0.0), np.minimum(parts, 0.0)
    rows = weight.astype(np.float64)
    wanted = np.array([totals[name] for name in SOURCES]) - rows @ losses
    weighted = gains * rows[:, np.newaxis]
    found = raked(weighted, np.asarray(weighted.sum(axis=1)), np.asarray(wanted))
    times = np.divide(found, weighted, out=np.ones_like(found), where=weighted > 0) * factor[:, np.newaxis]
    business = np.where(parts[:, 1] < 0, factor, times[:, 1])
    by_name = {"wage": times[:, 0], "property": times[:, 2], "business": business, "production_cost": business}
    by_name |= dict.fromkeys(("transfer", "pension", "dibao"), times[:, 3])
    return {name: register[name].to_numpy() * by_name[name] for name in INCOMES}


def _told(before: xr.Dataset, after: xr.Dataset, known: KnownTotals) -> Iterator[dict[str, float | str]]:
    incomes, headcount = (net_income(before), net_income(after)), known.headcount
    if known.persons is not None:
        weights = before["weight"].to_numpy(), after["weight"].to_numpy()
        yield _row("persons", known.persons, (_heads(before).sum(), _heads(after).sum()), weights)
    if known.mean is not None:
        yield _row("mean", known.mean, (_mean(before, incomes[0]), _mean(after, incomes[1])), incomes)
    for name, stated in known.sources.items():
        parts = _net_parts(before)[name], _net_parts(after)[name]
        yield _row(name, stated, (_mean(before, parts[0]), _mean(after, parts[1])), parts)
    if headcount is not None:
        shares = _share(before, incomes[0], headcount), _share(after, incomes[1], headcount)
        yield _row("headcount", headcount.share, shares, incomes)


def _row(
    total: str, stated: float, found: tuple[float, float], households: tuple[Array, Array]
) -> dict[str, float | str]:
    before, after = (float(value) for value in found)
    had = households[0] > 0
    change = households[1][had].astype(np.float64) / households[0][had]
    told = (float(np.median(change)), float(change.min()), float(change.max())) if change.size else (np.nan,) * 3
    spread = dict(zip(("median", "smallest", "largest"), told, strict=True))
    return {"total": total, "stated": stated, "before": before, "after": after, "missed": stated - after, **spread}


def _heads(register: xr.Dataset) -> Floats:
    return np.asarray(register["weight"].to_numpy().astype(np.float64) * register["persons"].to_numpy())


def _mean(register: xr.Dataset, amounts: Floats) -> float:
    return float(register["weight"].to_numpy() @ amounts) / float(_heads(register).sum())


def _share(register: xr.Dataset, income: Floats, headcount: KnownHeadcount) -> float:
    counted = register["weight"].to_numpy().astype(np.float64) if headcount.households else _heads(register)
    poor = income / register["persons"].to_numpy() < headcount.line
    return float(counted[poor].sum() / counted.sum())
