"""What it takes to get through: how much a veto overrules, and the cheapest rules to mend for a unit or a village."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from povsim.errors import InputError, Problem
from povsim.sensitivity.matching import labels_of, matched, twice
from povsim.sensitivity.veto_inputs import BITS, check_known, is_whole
from povsim.sensitivity.veto_kernels import MOST_ENUMERATED, cheapest_subset, own_rules, spared_by
from povsim.sensitivity.veto_rollups import Histograms, exact_limit

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Cost = xr.DataArray | pd.Series | Mapping[str, float]


def compensation(total: xr.DataArray, vetoed: xr.DataArray, *, cut: float) -> xr.DataArray:
    """Return how far the totals of vetoed units lie above the cut: what good work elsewhere does not make up for.

    Parameters
    ----------
    total : DataArray
        Points before vetoes, with any dims.
    vetoed : DataArray
        Booleans, whether any veto holds, with the same dims and labels.
    cut : float
        Points from which a unit would get through.

    Returns
    -------
    DataArray
        Points above the cut (negative: it would not get through anyway); missing for units without a veto.

    Raises
    ------
    InputError
        Labels that are not the same.

    Examples
    --------
    >>> total = xr.DataArray([88.0, 52.0, 91.0], dims="unit")
    >>> compensation(total, xr.DataArray([True, True, False], dims="unit"), cut=60).values
    array([28., -8., nan])
    """
    # xarray by itself would leave out what only one of the two has
    for dim in set(total.dims) & set(vetoed.dims):
        vetoed = matched(vetoed, dim, labels_of(total, dim), ("vetoed", "compensation"))
    found = (total.astype(np.float64) - cut).where(vetoed)
    about = {"units": "points", "cut": cut, "long_name": "points above the cut that a veto overrules"}
    return found.rename("compensation").assign_attrs({**about, "long_name_zh": "被否决单位总分高出及格线"})


def unit_cures(
    shortfall: xr.DataArray,
    *,
    scale: Mapping[str, float] | None = None,
    cost: Cost | None = None,
    allowed: int = 0,
) -> xr.Dataset:
    """Return the cheapest rules to mend for each unit.

    A unit gets through when at most ``allowed`` rules block it; with none allowed all that block it are mended.

    Parameters
    ----------
    shortfall : DataArray
        (unit, veto): how far a unit falls short of each rule; 0 or less where the rule does not block. None may be
        missing: whether the rule blocks would not be known, and the cures of the unit neither.
    scale : mapping of veto to number, optional
        A shortfall's price is itself over the scale of its rule: 1 if not given.
    cost : DataArray, Series or mapping, optional
        Price of mending a rule, (unit, veto) or by veto; takes the place of shortfall over scale. Matched by label
        where both have labels, else by place.
    allowed : int
        Rules that may go on blocking, 0 or more.

    Returns
    -------
    Dataset
        ``cured`` (unit, veto), ``cost`` (unit), ``binding`` (unit): rules that block. Rules of equal price are mended
        in their order.

    Raises
    ------
    InputError
        Unknown rules or rules named twice; missing shortfalls; scales that are not above zero; negative or missing
        costs, or costs of other units; ``allowed`` that is no whole number of zero or more.

    Examples
    --------
    >>> short = xr.DataArray([[600.0, 1.0, 0.0]], dims=("unit", "veto"), coords={"veto": ["income", "house", "water"]})
    >>> found = unit_cures(short, scale={"income": 300}, allowed=1)
    >>> found["cured"].values.tolist(), found["cost"].values.tolist()
    ([[False, True, False]], [1.0])
    """
    table = shortfall.transpose(..., "veto")
    codes = [str(code) for code in table["veto"].to_numpy()]
    lacking = table.to_numpy().astype(np.float64)
    _check_cures(codes, lacking, allowed)
    binding = lacking > 0
    prices = _prices(lacking, codes, scale, _as_table(cost, table, codes))
    prices = np.where(binding, prices, np.inf)
    place = np.argsort(np.argsort(prices, axis=1, kind="stable"), axis=1, kind="stable")
    needed = np.maximum(binding.sum(axis=1) - allowed, 0)
    cured = binding & (place < needed[:, np.newaxis])
    unit = table.dims[0]
    data = {
        "cured": ((unit, "veto"), cured),
        "cost": (unit, np.where(cured, prices, 0.0).sum(axis=1)),
        "binding": (unit, binding.sum(axis=1)),
    }
    coords = {"veto": codes, **({unit: table[unit]} if unit in table.coords else {})}
    return xr.Dataset(data, coords, {"method": "exact: the cheapest of the rules that block"})


def _check_cures(codes: list[str], lacking: Floats, allowed: int) -> None:
    problems = list(twice("shortfall", codes, "names rules twice"))
    if gone := int(np.isnan(lacking).sum()):
        mend = "give 0 where a rule does not apply, leave out units that are not known"
        problems.append(Problem("shortfall", "is missing", f"{gone} of {lacking.size}", mend=mend))
    if not is_whole(allowed, 0):
        problems.append(Problem("allowed", "does not fit", str(allowed), "a whole number of zero or more"))
    if problems:
        raise InputError("cures", problems)


def _as_table(cost: Cost | None, table: xr.DataArray, codes: list[str]) -> Floats | None:
    if cost is None:
        return None
    if isinstance(cost, xr.DataArray):
        if not {"veto"} <= set(cost.dims) <= set(table.dims):
            dims = ", ".join(map(str, cost.dims))
            raise InputError("cures", [Problem("cost", "has other dims than the shortfall", dims, "unit, veto")])
        given = cost.transpose(..., "veto")
        for dim in given.dims:
            given = matched(given, dim, labels_of(table, dim), ("cost", "cures"))
        prices = given.to_numpy().astype(np.float64)
        return prices if prices.ndim == 2 or prices.size != len(codes) else np.broadcast_to(prices, table.shape)
    by_rule = {str(code): price for code, price in cost.items()}
    check_known(list(by_rule), codes, "cost")
    return np.broadcast_to(np.array([by_rule.get(code, np.nan) for code in codes], dtype=np.float64), table.shape)


def _prices(lacking: Floats, codes: list[str], scale: Mapping[str, float] | None, cost: Floats | None) -> Floats:
    if cost is not None:
        if cost.shape != lacking.shape:
            raise InputError("cures", [Problem("cost", "has another shape", str(cost.shape), str(lacking.shape))])
        if not (np.isfinite(cost[lacking > 0]).all() and (cost[lacking > 0] >= 0).all()):
            raise InputError("cures", [Problem("cost", "should be zero or more wherever a rule blocks")])
        return np.asarray(cost, dtype=np.float64)
    check_known(list(scale or {}), codes, "scale")
    wrong = [
        Problem(f"scale.{code}", "should be above zero", str(by)) for code, by in (scale or {}).items() if not by > 0
    ]
    if wrong:
        raise InputError("cures", wrong)
    return np.asarray(lacking / np.array([(scale or {}).get(code, 1.0) for code in codes]))


def area_cures(
    areas: Histograms,
    *,
    limit: float,
    comparison: Literal["<", "<="] = "<=",
    cost: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return, for each area that fails, the cheapest rules to mend so that it passes.

    Mending a rule mends it for every member who fails it; a member who fails two rules counts until both are mended.

    Parameters
    ----------
    areas : Histograms
        Members by pattern.
    limit : float
        Share of failing members above which an area fails.
    comparison : {"<=", "<"}
        How a share passes.
    cost : mapping of veto to number, optional
        Price of mending a rule for one member; 1 if not given: the fewest mendings.

    Returns
    -------
    DataFrame
        By area: ``rules`` (tuple of codes), ``cost``, ``share`` of failing members before, ``share_after``, ``method``:
        ``enumerated`` up to 16 rules that occur, else ``milp``. Areas that pass are left out; where nothing helps
        (limit 0 with "<"), the rules are empty and the cost is missing.

    Raises
    ------
    InputError
        Unknown rules, negative costs, a limit that is no share.

    Examples
    --------
    >>> from povsim.sensitivity.veto_rollups import histograms
    >>> rows = pd.DataFrame({"village": "a", "pattern": [0, 1, 2], "persons": [96, 1, 3]})
    >>> area_cures(histograms(rows, ["income", "housing"]), limit=0.02)[["rules", "cost"]].values.tolist()
    [[('housing',), 3.0]]
    """
    bound = exact_limit(limit, comparison)
    each = _member_costs(areas, cost)
    rows = list(_area_rows(areas, bound, each))
    return pd.DataFrame(rows, columns=["area", "rules", "cost", "share", "share_after", "method"]).set_index("area")


def _member_costs(areas: Histograms, cost: Mapping[str, float] | None) -> Floats:
    check_known(list(cost or {}), areas.vetoes, "cost")
    wrong = [
        Problem(f"cost.{code}", "should be zero or more", str(by))
        for code, by in (cost or {}).items()
        if not (np.isfinite(by) and by >= 0)
    ]
    if wrong:
        raise InputError("cures", wrong)
    return np.array([(cost or {}).get(code, 1.0) for code in areas.vetoes])


def _area_rows(areas: Histograms, bound: Whole, each: Floats) -> Iterable[tuple[Any, ...]]:
    room, price = np.zeros(1 << MOST_ENUMERATED, dtype=np.int64), np.zeros(1 << MOST_ENUMERATED)
    own = np.zeros(BITS, dtype=np.int64)
    for place, area in enumerate(areas.areas):
        rows = slice(areas.starts[place], areas.starts[place + 1])
        patterns, counts = areas.patterns[rows], areas.counts[rows]
        everybody, bad = int(counts.sum()), int(counts[patterns != 0].sum())
        if _passes(bad, everybody, bound):
            continue
        size = own_rules(patterns, own)
        rules = own[:size].copy()
        failing = [int(counts[(patterns >> np.uint64(rule)) & np.uint64(1) == 1].sum()) for rule in rules.tolist()]
        cost = np.array(failing) * each[rules]
        if size <= MOST_ENUMERATED:
            spared_by(patterns, counts, own, size, room)
            chosen = _members(int(cheapest_subset(room[: 1 << size], cost, size, bound, price)), size)
        else:
            chosen = _by_milp(patterns, counts, rules, cost, bound)
        yield _row(area, (patterns, counts), chosen, (rules, cost, areas.vetoes), bound)


def _members(subset: int, size: int) -> npt.NDArray[np.bool_] | None:
    return None if subset < 0 else ((subset >> np.arange(size)) & 1).astype(bool)


def _passes(bad: int, everybody: int, bound: Whole) -> bool:
    left, right = bad * int(bound[1]), everybody * int(bound[0])
    return left < right or (left == right and bool(bound[2]))


def _row(
    area: str,
    members: tuple[npt.NDArray[np.uint64], Whole],
    chosen: npt.NDArray[np.bool_] | None,
    known: tuple[Whole, Floats, Any],
    bound: Whole,
) -> tuple[Any, ...]:
    (patterns, counts), (rules, cost, vetoes) = members, known
    everybody = max(int(counts.sum()), 1)
    share = float(counts[patterns != 0].sum() / everybody)
    method = "enumerated" if rules.size <= MOST_ENUMERATED else "milp"
    if chosen is None:
        return area, (), np.nan, share, share, method
    mended = np.uint64(sum(1 << int(rule) for rule in rules[chosen]))
    after = float(counts[(patterns & ~mended) != 0].sum() / everybody)
    return area, tuple(str(vetoes[rule]) for rule in rules[chosen]), float(cost[chosen].sum()), share, after, method


def _by_milp(
    patterns: npt.NDArray[np.uint64], counts: Whole, rules: Whole, cost: Floats, bound: Whole
) -> npt.NDArray[np.bool_] | None:
    """Choose rules y and patterns z that they free: z <= y for each rule of a pattern, enough members freed."""
    failing = np.flatnonzero(patterns)
    bits = ((patterns[failing, np.newaxis] >> rules.astype(np.uint64)) & np.uint64(1)).astype(bool)
    everybody, bad = int(counts.sum()), int(counts[failing].sum())
    # the most members that may go on failing: bad * den <= everybody * num, or strictly less
    most = (everybody * int(bound[0]) - (0 if bound[2] else 1)) // int(bound[1])
    if most < 0:
        return None
    freed, rule = np.nonzero(bits)
    count, size = freed.size, rules.size
    row = np.arange(count)
    links = csr_array(
        (
            np.concatenate([np.ones(count), -np.ones(count)]),
            (np.concatenate([row, row]), np.concatenate([size + freed, rule])),
        ),
        shape=(count, size + failing.size),
    )
    enough = np.concatenate([np.zeros(size), counts[failing].astype(np.float64)])
    found = milp(
        np.concatenate([cost, np.zeros(failing.size)]),
        integrality=np.concatenate([np.ones(size), np.zeros(failing.size)]),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(links, ub=0), LinearConstraint(enough[np.newaxis], lb=bad - most)],
    )
    if found.x is None:
        raise InputError("cures", [Problem("rules", "no cheapest set was found", str(found.message))])
    return np.asarray(found.x[:size] > 0.5)
