"""Income by source: totals split so that every household's parts add up and every source's mean is met."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from povsim.alignment import Array, Bools, Columns, Floats, normals, uniforms
from povsim.errors import InputError, Problem, nearest
from povsim.margins import Margins
from povsim.quantity import Quantity
from povsim.terms import CATEGORIES, REGISTER_COLUMNS, position

SOURCES = ("wage", "business", "property", "transfer")
_ROUNDS = 200
_CLOSE = 1e-12


def split_population(margins: Margins, members: Columns, income: Floats, category: Array, *, seed: int) -> Columns:
    """Return the income columns of a synthetic population.

    Parameters
    ----------
    margins : Margins
        Income margins: shares by source, their slopes, losses, costs, pensions, dibao.
    members : dict of arrays, dims (household,)
        ``persons``, ``workers``, ``students``, ``ill``.
    income : array, dims (household,)
        Net income of the household, yuan a year.
    category : array, dims (household,)
        Household category.

    Returns
    -------
    dict of arrays, dims (household,), yuan per household and year
    """
    year, rules = margins.year, margins.income
    loss = _losses(margins, income, seed=seed)
    shares = np.array([getattr(rules.sources, source).at(year) for source in SOURCES])
    weights = _weights(margins, members, income, loss > 0, seed=seed)
    wanted = shares * income.sum() + np.array([0.0, loss.sum(), 0.0, 0.0])
    parts = raked(weights, income + loss, wanted)
    gross, cost = _gross(parts[:, 1], loss, rules.production_cost_share.at(year), seed=seed)
    columns = {"wage": parts[:, 0], "business": gross, "production_cost": cost, "property": parts[:, 2]}
    return columns | _transfers(margins, members, parts[:, 3], category)


def net_income(register: xr.Dataset) -> Floats:
    """Return net household income, yuan a year, dims (household,)."""
    if "income_total" in register:
        return np.asarray(register["income_total"].to_numpy(), dtype=np.float64)
    parts = [register[name].to_numpy().astype(np.float64) for name in (*SOURCES, "production_cost")]
    return np.asarray(sum(parts[:4]) - parts[4])


def _losses(margins: Margins, income: Floats, *, seed: int) -> Floats:
    year, rules = margins.year, margins.income
    # The share itself is not a margin to meet, so independent draws do.
    hit = uniforms(seed, "business loss", income.size) < rules.loss_share.at(year)
    size = rules.loss_size.at(year) * np.exp(0.5 * normals(seed, "loss size", income.size) - 0.125)
    return np.where(hit, income * size, 0.0)


def _weights(margins: Margins, members: Columns, income: Floats, losing: Bools, *, seed: int) -> Floats:
    """Return positive weights of the four sources by household, before they are brought to the margins."""
    year, rules = margins.year, margins.income
    log_income = np.log(income / members["persons"])
    standard = (log_income - log_income.mean()) / max(float(log_income.std()), 1e-9)
    earners = (members["workers"] + 0.1) / members["persons"]
    old = members["persons"] - members["workers"] - members["students"]
    lifts = (earners, np.sqrt(earners), np.ones(income.size), 0.3 + old / members["persons"])
    columns = []
    for source, lift, noise in zip(SOURCES, lifts, (0.9, 0.9, 1.5, 0.7), strict=True):
        share, slope = getattr(rules.sources, source).at(year), getattr(rules.source_slopes, source).at(year)
        columns.append(share * lift * np.exp(slope * standard + noise * normals(seed, f"source {source}", income.size)))
    columns[1] = np.where(losing, 0.0, columns[1])
    return np.stack(columns, axis=1)


def raked(weights: Floats, rows: Floats, columns: Floats) -> Floats:
    """Scale rows and columns in turn (iterative proportional fitting) until both sums hold; rows hold exactly.

    Examples
    --------
    >>> raked(np.ones((2, 2)), np.array([1.0, 3.0]), np.array([2.0, 2.0])).tolist()
    [[0.5, 0.5], [1.5, 1.5]]
    """
    table = weights
    for _ in range(_ROUNDS):
        table = _rows_scaled(table, rows)
        sums = table.sum(axis=0)
        if np.abs(sums - columns).max() <= _CLOSE * columns.sum():
            break
        table = table * np.divide(columns, sums, out=np.zeros_like(columns), where=sums > 0)
    return _rows_scaled(table, rows)


def _rows_scaled(table: Floats, rows: Floats) -> Floats:
    sums = table.sum(axis=1)
    # A household with nothing has nothing to scale; populations that are made have none.
    return np.asarray(table * np.divide(rows, sums, out=np.zeros_like(rows), where=sums > 0)[:, np.newaxis])


def _gross(net: Floats, loss: Floats, share: float, *, seed: int) -> tuple[Floats, Floats]:
    """Return gross business income and production cost; over all households cost is the declared share of gross."""
    ratio = np.exp(0.4 * normals(seed, "production cost", net.size)) * share / (1 - share)
    cost = net * ratio
    sales = loss  # whoever loses sells as much as the loss
    wanted = share / (1 - share) * (net.sum() - loss.sum())
    fixed = (sales + loss).sum()
    factor = (wanted - fixed) / cost.sum() if wanted > fixed and cost.sum() > 0 else 1.0
    cost = cost * factor
    return net + cost + sales, cost + sales + loss


def _transfers(margins: Margins, members: Columns, transfer: Floats, category: Array) -> Columns:
    """Return transfers, and the dibao and pensions within them; pensions go with old members and meet their share."""
    year, rules = margins.year, margins.income
    entitled = category == position(CATEGORIES, "dibao")
    dibao = np.where(entitled, np.minimum(rules.dibao_benefit.at(year) * members["persons"], 0.8 * transfer), 0.0)
    old = np.maximum(members["persons"] - members["workers"] - members["students"], 0)
    room = transfer - dibao
    wanted = min(rules.pension_share.at(year) * transfer.sum(), 0.95 * room[old > 0].sum())

    def miss(level: float) -> float:
        return float((room * -np.expm1(-level * old)).sum() - wanted)

    level = float(brentq(miss, 0.0, 60.0)) if wanted > 0 else 0.0
    return {"transfer": transfer, "pension": room * -np.expm1(-level * old), "dibao": dibao}


def split_income(register: xr.Dataset, shares: Mapping[str, Quantity]) -> xr.Dataset:
    """Split a register's income totals by declared shares, for a source that knows only the total.

    Parameters
    ----------
    register : Dataset
        Register with ``attrs["income_detail"] == "total"`` and ``income_total(household)``, yuan a year.
    shares : mapping of str to Quantity
        ``wage``, ``business`` (net), ``property`` and ``transfer`` as shares of net income, adding up to one, and
        ``production_cost`` as share of gross business income; optionally ``pension`` and ``dibao`` as shares of
        transfers.

    Returns
    -------
    Dataset
        The same rows with the parts in place of the total and ``income_detail`` ``split``. A total below zero becomes
        a business loss of that size.

    Raises
    ------
    InputError
        The register has its income by source already, or the shares are incomplete.

    Examples
    --------
    >>> def share(x):
    ...     return Quantity(value=x, unit="share", source="example", status="assumed")
    >>> register = xr.Dataset(
    ...     {"income_total": ("household", [1000.0, -50.0])}, attrs={"income_detail": "total", "year": 2015}
    ... )
    >>> parts = {"wage": 0.5, "business": 0.3, "property": 0.0, "transfer": 0.2, "production_cost": 0.4}
    >>> split = split_income(register, {name: share(value) for name, value in parts.items()})
    >>> split["business"].values.tolist(), split["production_cost"].values.tolist()
    ([500.0, 0.0], [200.0, 50.0])
    """
    _check_split(register, shares)
    year = int(register.attrs["year"])
    value = {name: quantity.at(year) for name, quantity in shares.items()}
    total = register["income_total"].to_numpy().astype(np.float64)
    positive, loss = np.maximum(total, 0.0), np.maximum(-total, 0.0)
    gross = positive * value["business"] / (1 - value["production_cost"])
    columns = {name: positive * value[name] for name in ("wage", "property", "transfer")}
    columns |= {"business": gross, "production_cost": gross * value["production_cost"] + loss}
    columns |= {name: columns["transfer"] * value.get(name, 0.0) for name in ("pension", "dibao")}
    words = {column.code: column for column in REGISTER_COLUMNS}
    result = register.drop_vars("income_total").assign(
        {
            name: ("household", values.astype(np.float32), _labels(words[name].unit, words[name].en, words[name].zh))
            for name, values in columns.items()
        }
    )
    used = json.dumps({name: shares[name].model_dump(mode="json") for name in sorted(shares)}, ensure_ascii=False)
    return result.assign_attrs(income_detail="split", income_split=used)


def _labels(units: str, long_name: str, long_name_zh: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name, "long_name_zh": long_name_zh}


def _check_split(register: xr.Dataset, shares: Mapping[str, Quantity]) -> None:
    known = (*SOURCES, "production_cost", "pension", "dibao")
    problems = [
        Problem(name, "unknown share", allowed=", ".join(known), mend=nearest(name, known))
        for name in shares
        if name not in known
    ]
    problems += [Problem(name, "is missing") for name in known[:5] if name not in shares]
    detail = str(register.attrs.get("income_detail"))
    if detail != "total" or "income_total" not in register:
        problems.append(Problem("income_detail", "there is no total to split", detail, "total"))
    if not problems:
        problems += _check_values({name: quantity.at(int(register.attrs["year"])) for name, quantity in shares.items()})
    if problems:
        raise InputError("split_income", problems)


def _check_values(value: Mapping[str, float]) -> list[Problem]:
    problems = [
        Problem(name, "is not a share", f"{number:g}", "0 to 1")
        for name, number in value.items()
        if not 0 <= number <= 1
    ]
    if value["production_cost"] >= 1:
        problems.append(Problem("production_cost", "leaves no net income", f"{value['production_cost']:g}", "below 1"))
    if abs((total := sum(value[name] for name in SOURCES)) - 1) > 1e-6:
        problems.append(Problem("shares", "the four sources should add up to 1", f"{total:.6g}"))
    if value.get("pension", 0.0) + value.get("dibao", 0.0) > 1:
        problems.append(Problem("pension", "pensions and dibao exceed transfers"))
    return problems
