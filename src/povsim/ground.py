"""A register made ready for the engine: facts for the rules, base-year incomes explained, blocks of whole villages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import layout as at
from povsim.drawn import uncertain_entries
from povsim.draws import household_key
from povsim.errors import InputError, Problem, nearest
from povsim.incomes import Explained, Parts, explain, mean_drift, nobody_has
from povsim.layout import MOST_GUARANTEES, Block, Bytes, Doubles, Floats, Home, Shorts
from povsim.plan_village import FACILITIES
from povsim.rules import Ground
from povsim.scenario import Scenario

BLOCK = 16384
"""Households a block aims at: large enough that calls cost little beside the work, small enough to share out."""
LARGEST_AMOUNT = 500_000_000.0
"""A household's yearly amount: room for growth below the two billion that sums of whole yuan start from."""


@dataclass(frozen=True)
class Prepared:
    """A register and one scenario made ready: facts, explained incomes by source, and blocks."""

    ground: Ground
    wage: Explained
    business: Explained
    blocks: tuple[Block, ...]
    weight: npt.NDArray[np.int32]
    shift: float
    one_process: bool
    """Whether wage and business share their luck, as they must where only their total was seen."""
    _drifts: dict[tuple[int, Parts, range], Doubles] = field(default_factory=dict)

    def drift(self, source: Explained, parts: Parts, horizons: range) -> Doubles:
        """Return the log factors that keep a source's mean on trend; the same parts are worked out once."""
        key = (id(source), parts, horizons)
        if key not in self._drifts:
            self._drifts[key] = mean_drift(source, parts, horizons=horizons)
        return self._drifts[key]


def prepare(
    register: xr.Dataset, scenario: Scenario, *, like: Prepared | None = None, block_size: int = BLOCK
) -> Prepared:
    """Make a register ready for simulation under a scenario.

    Parameters
    ----------
    register : Dataset
        As ``read_register`` or ``synthesise_register`` return it, covering the whole population.
    scenario : Scenario
        The plan; its income settings say how incomes are explained.
    like : Prepared, optional
        The same register made ready for another scenario; what the two have in common is used again.
    block_size : int
        Households a block aims at; a village is never divided. Results do not depend on it.

    Raises
    ------
    InputError
        The register and the scenario do not fit together: years, guarantees, townships, villages, income detail.
    """
    _check(register, scenario)
    weight = register["weight"].to_numpy().astype(np.float64)
    shift = scenario.incomes.shift.at(scenario.years[0])
    if like is not None and like.shift == shift:
        variances = (like.wage.variance, like.business.variance)
        return replace(like, ground=_ground(register, scenario, weight, variances))
    wage, business = _explain(register, scenario, weight)
    ground = _ground(register, scenario, weight, (wage.variance, business.variance))
    blocks = _blocks(register, ground, (wage, business), block_size)
    units = np.require(register["weight"].to_numpy(), np.int32, ["C", "W"])
    return Prepared(ground, wage, business, blocks, units, shift, register.attrs["income_detail"] == "split")


def _check(register: xr.Dataset, scenario: Scenario) -> None:
    problems: list[Problem] = []
    year = int(register.attrs["year"])
    if year >= scenario.years[0]:
        allowed = f"a year before {scenario.years[0]}"
        problems.append(Problem("register year", "not before the first simulated year", str(year), allowed))
    if register.attrs["coverage"] != "population":
        problems.append(
            Problem(
                "register coverage",
                "lists registered households only, so incidence and omissions cannot be told",
                mend="name margins with rural totals in the scenario (population.margins)",
            )
        )
    if register.attrs["income_detail"] == "total":
        mend = "state incomes.source_shares in the scenario"
        problems.append(Problem("register incomes", "only the total is known, not the sources", mend=mend))
    problems += _too_large(register)
    problems += _unknown_names(register, scenario)
    if problems:
        raise InputError(f"register for scenario {scenario.code}", problems)


def _too_large(register: xr.Dataset) -> list[Problem]:
    """Name what would not fit into the engine's numbers."""
    problems = []
    heads = register["persons"].to_numpy().astype(np.int64) * register["weight"].to_numpy().astype(np.int64)
    village = register["household_village"].to_numpy()
    most = int(np.bincount(village, heads, minlength=1).max()) if heads.size else 0
    if most >= 2**31:
        mend = "count in larger units (weights), or divide the village"
        problems.append(Problem("weight", "too many persons in one village", f"{most:,}", "below 2,147,483,648", mend))
    for name in ("wage", "business", "property", "transfer"):
        largest = float(np.nanmax(np.abs(register[name].to_numpy()), initial=0.0)) if name in register else 0.0
        if largest > LARGEST_AMOUNT:
            found, allowed = f"{largest:,.0f}", f"at most {LARGEST_AMOUNT:,.0f}"
            problems.append(Problem(name, "an amount too large to be counted", found, allowed, "use thousands"))
    if register.sizes["guarantee"] > MOST_GUARANTEES:
        found, allowed = str(register.sizes["guarantee"]), f"at most {MOST_GUARANTEES}"
        problems.append(Problem("guarantee", "too many guarantees", found, allowed))
    return problems


def _unknown_names(register: xr.Dataset, scenario: Scenario) -> list[Problem]:
    guarantees = [str(name) for name in register["guarantee"].values]
    places = {
        "townships": sorted({str(name) for name in register["township"].values}),
        "villages": [str(name) for name in register["village"].values],
    }
    asked = [
        (f"exit_standard.household.tests.{test.code}", test.guarantee, guarantees)
        for test in scenario.exit_standard.household.tests
        if test.type == "guarantee"
    ]
    asked += [("shocks.lapses", name, guarantees) for name in scenario.shocks.lapses]
    for code, measure in scenario.measures.items():
        # a measure for villages names places itself, one for households in its filter
        who, inside = getattr(measure, "eligible", measure), ".eligible" if hasattr(measure, "eligible") else ""
        named = (*getattr(who, "failing", ()), *getattr(measure, "cures", ()))
        asked += [(f"measures.{code}", name, guarantees) for name in named]
        for kind, known in places.items():
            asked += [(f"measures.{code}{inside}.{kind}", name, known) for name in getattr(who, kind)]
    return [
        Problem(where, "the register has no such name", name, ", ".join(known[:12]), nearest(name, known))
        for where, name, known in asked
        if name not in known
    ]


def _explain(register: xr.Dataset, scenario: Scenario, weight: Doubles) -> tuple[Explained, Explained]:
    persons = register["persons"].to_numpy().astype(np.float64)
    workers = register["workers"].to_numpy().astype(np.float64)
    covariates = np.column_stack([np.log(persons), np.log1p(workers)])
    township = _positions(register, ("county", "township"))
    area = township[register["household_village"].to_numpy()].astype(np.int32)
    shift = scenario.incomes.shift.at(scenario.years[0])

    def split(name: str) -> Explained:
        income = register[name].to_numpy().astype(np.float64)
        if not (income > 0).any():
            return nobody_has(income.size)
        return explain(income, shift=shift, covariates=covariates, area=area, weight=weight)

    return split("wage"), split("business")


def _ground(register: xr.Dataset, scenario: Scenario, weight: Doubles, variances: tuple[float, float]) -> Ground:
    test = scenario.exit_standard.household.tests[0]
    line = None
    if test.type == "income" and test.line_quantile is not None:
        persons = register["persons"].to_numpy().astype(np.float64)
        share = test.line_quantile.at(scenario.years[0])
        line = weighted_quantile(_income(register) / persons, weight * persons, share)
    poor = register["poor_village"].to_numpy() if "poor_village" in register else None
    units = register["weight"].to_numpy().astype(np.float64)
    villages = register.sizes["village"]
    households = np.bincount(register["household_village"].to_numpy(), units, villages).astype(np.int64)
    return Ground(
        base_year=int(register.attrs["year"]),
        origin=scenario.years[0] - 1,
        guarantees=tuple(str(name) for name in register["guarantee"].values),
        counties=register["county"].to_numpy().astype(str),
        township_position=_positions(register, ("county", "township")),
        county_position=_positions(register, ("county",)),
        townships=register["township"].to_numpy().astype(str),
        villages=register["village"].to_numpy().astype(str),
        poor_village=np.zeros(villages, bool) if poor is None else poor.astype(bool),
        households=households,
        facilities={name: register[f"lacks_{name}"].to_numpy().astype(bool) for name in _known_facilities(register)},
        variance_wage=variances[0],
        variance_business=variances[1],
        line_of_quantile=line,
        uncertain=uncertain_entries(scenario),
        village_key=household_key(register["village"].to_numpy().astype(str)),
    )


def _known_facilities(register: xr.Dataset) -> list[str]:
    return [name for name in FACILITIES if f"lacks_{name}" in register]


def _income(register: xr.Dataset) -> Doubles:
    """Return net income of households in the register's year."""
    names = ("wage", "business", "property", "transfer")
    total = np.zeros(register.sizes["household"])
    for name in names:
        total += register[name].to_numpy()
    return np.asarray(total - register["production_cost"].to_numpy(), dtype=np.float64)


def _positions(register: xr.Dataset, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Number the areas of villages in the order of the villages; a register is sorted, so an area is one run."""
    labels = np.array(
        ["/".join(parts) for parts in zip(*(register[name].to_numpy().astype(str) for name in names), strict=True)]
    )
    return np.cumsum(np.r_[0, labels[1:] != labels[:-1]]).astype(np.int64)


def weighted_quantile(values: Doubles, weight: Doubles, share: float) -> float:
    """Return the smallest value at which the weighted share of the population reaches ``share``.

    Examples
    --------
    >>> weighted_quantile(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4), 0.5)
    2.0
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    place = int(np.searchsorted(reached, share * reached[-1]))
    return float(values[order[min(place, values.size - 1)]])


def _blocks(register: xr.Dataset, ground: Ground, sources: tuple[Explained, Explained], size: int) -> tuple[Block, ...]:
    """Cut the register into blocks: views of its columns, but for the few that are worked out."""
    village = register["household_village"].to_numpy()
    starts = np.searchsorted(village, np.arange(register.sizes["village"] + 1)).astype(np.int64)
    weight = np.require(register["weight"].to_numpy(), np.int32, ["C", "W"])
    key = _keys(register["household"].to_numpy())
    usual = usual_cost(register)
    blocks = []
    for first, last in _cuts(starts, size):
        here = slice(int(starts[first]), int(starts[last]))
        township = ground.township_position[first:last]
        home = Home(
            facts=_facts(register, sources, usual, here),
            traits=_traits(register, here),
            codes=_codes(register, ground.origin, here),
            weight=weight[here],
            key=key[here],
            bounds=starts[first : last + 1] - starts[first],
            township=(township - township[0]).astype(np.int64),
        )
        blocks.append(Block(here.start, first, int(township[0]), int(township[-1] - township[0]) + 1, home))
    return tuple(blocks)


def _keys(identifiers: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return the addresses of households: the register's own column where it holds whole numbers."""
    key = identifiers.view(np.uint64) if identifiers.dtype == np.int64 else household_key(identifiers)
    if identifiers.dtype.kind not in "iu" and np.unique(key).size < key.size:
        raise InputError("register", [Problem("household", "two identifiers share one address of luck")])
    return np.require(key, np.uint64, ["C", "W"])


def usual_cost(register: xr.Dataset) -> float:
    """Return production cost as a share of gross business income, of all trades that do not lose money."""
    gross, cost = register["business"].to_numpy(), register["production_cost"].to_numpy()
    sound = (gross > 0) & (cost <= gross)
    units = register["weight"].to_numpy()[sound].astype(np.float64)
    sales = float(np.sum(gross[sound] * units))
    return float(np.sum(cost[sound] * units)) / sales if sales > 0 else 0.0


def _facts(register: xr.Dataset, sources: tuple[Explained, Explained], usual: float, here: slice) -> Floats:
    def column(name: str) -> Doubles:
        return register[name].to_numpy()[here].astype(np.float64)

    gross, cost, pension, dibao = column("business"), column("production_cost"), column("pension"), column("dibao")
    total = column("wage") + gross - cost + column("property") + column("transfer")
    facts = np.empty((at.FACT_ROWS, gross.size), dtype=np.float32)
    # a cost without sales is a cost of that year only: there is no trade that would repeat it
    ratio = np.divide(cost, gross, out=np.zeros_like(cost), where=gross > 0)
    # a loss is one year's as well: a trade that loses money every year would be given up
    facts[at.COST_RATIO] = np.where(ratio > 1.0, usual, ratio)
    facts[at.PROPERTY_BEFORE], facts[at.TRANSFER_BEFORE] = column("property"), column("transfer") - pension - dibao
    facts[at.PENSION_BEFORE], facts[at.DIBAO_BEFORE] = pension, dibao
    facts[at.INCOME_BEFORE] = (total - dibao) / column("persons")
    for row, source in ((at.FIT_WAGE, sources[0]), (at.FIT_BUSINESS, sources[1])):
        facts[row], facts[row + 1] = source.fit[here], source.rest[here]
    return facts


def _traits(register: xr.Dataset, here: slice) -> Shorts:
    names = ("persons", "workers", "students", "ill", "disabled")
    rows = [register[name].to_numpy()[here].astype(np.int16) for name in names]
    return np.stack([*rows, _bits(register["deprived"].to_numpy()[here])])


def _codes(register: xr.Dataset, origin: int, here: slice) -> Bytes:
    year = register["status_year"].to_numpy()[here].astype(np.int32)
    # a change of status before the first simulated year has a code at or below zero
    code = np.where(year > 0, np.clip(year - origin, -99, 0), -9)
    rows = [register[name].to_numpy()[here] for name in ("category", "status")]
    return np.stack([*rows, code, register["cause"].to_numpy()[here]]).astype(np.int8)


def _bits(deprived: npt.NDArray[np.bool_]) -> npt.NDArray[np.int16]:
    bits = np.zeros(deprived.shape[0], dtype=np.int16)
    for place in range(deprived.shape[1]):
        bits |= deprived[:, place].astype(np.int16) << np.int16(place)
    return bits


def _cuts(starts: npt.NDArray[np.int64], block_size: int) -> list[tuple[int, int]]:
    """Cut the row of villages into runs of about ``block_size`` households."""
    cuts: list[tuple[int, int]] = []
    first = 0
    for village in range(1, starts.size):
        # villages without households at the end go with the last block
        full = starts[village] - starts[first] >= block_size and starts[village] < starts[-1]
        if full or village == starts.size - 1:
            cuts.append((first, village))
            first = village
    return cuts
