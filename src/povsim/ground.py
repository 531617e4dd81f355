"""A register made ready for the engine: facts for the rules, base-year incomes explained, blocks of whole villages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import layout as at
from povsim.draws import household_key
from povsim.errors import InputError, Problem, nearest
from povsim.incomes import Doubles, Explained, Parts, explain, mean_drift
from povsim.layout import Block, Floats
from povsim.rules import Ground, uncertain_entries
from povsim.scenario import Scenario

BLOCK = 32768
"""Households a block aims at: large enough that calls cost little beside the work, small enough for the cache."""


LARGEST_AMOUNT = 500_000_000.0
"""A household's yearly amount: room for growth below the two billion that sums of whole yuan start from."""
MOST_GUARANTEES = 15
"""Unmet guarantees are kept in the bits of an int16."""


@dataclass(frozen=True)
class Prepared:
    """A register and one scenario made ready: facts, explained incomes by source, and blocks."""

    ground: Ground
    wage: Explained
    business: Explained
    blocks: tuple[Block, ...]
    weight: Doubles
    home: Floats
    shift: float
    _drifts: dict[tuple[int, Parts, range], Doubles] = field(default_factory=dict)

    def drift(self, source: Explained, parts: Parts, horizons: range) -> Doubles:
        """Return the log factors that keep a source's mean on trend; the same parts are worked out once."""
        key = (id(source), parts, horizons)
        if key not in self._drifts:
            self._drifts[key] = mean_drift(source, parts, weight=self.weight, horizons=horizons)
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
        ground = _ground(register, scenario, like.home, weight, variances)
        return replace(like, ground=ground)
    wage, business = _explain(register, scenario, weight)
    home = _home(register, wage, business)
    ground = _ground(register, scenario, home, weight, (wage.variance, business.variance))
    return Prepared(ground, wage, business, _blocks(register, ground, home, block_size), weight, home, shift)


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
    for code, measure in scenario.measures.items():
        named = (*measure.eligible.failing, *getattr(measure, "cures", ()))
        asked += [(f"measures.{code}", name, guarantees) for name in named]
        for kind, known in places.items():
            asked += [(f"measures.{code}.eligible.{kind}", name, known) for name in getattr(measure.eligible, kind)]
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
            return Explained(np.full(income.shape, -1000.0), np.zeros(income.shape), 0.0)
        return explain(income, shift=shift, covariates=covariates, area=area, weight=weight)

    return split("wage"), split("business")


def _home(register: xr.Dataset, wage: Explained, business: Explained) -> Floats:
    def column(name: str) -> npt.NDArray[np.float64]:
        return register[name].to_numpy().astype(np.float64)

    gross, cost = column("business"), column("production_cost")
    # a cost without sales is a cost of that year only: there is no trade that would repeat it
    ratio = np.divide(cost, gross, out=np.zeros_like(cost), where=gross > 0)
    pension, dibao = column("pension"), column("dibao")
    total = column("wage") + gross - cost + column("property") + column("transfer")
    other = column("transfer") - pension - dibao
    home = np.zeros((at.HOME_ROWS, gross.size), dtype=np.float32)
    home[at.PERSONS] = column("persons")
    home[at.COST_RATIO] = ratio
    home[at.PROPERTY], home[at.TRANSFER], home[at.PENSION] = column("property"), other, pension
    home[at.DIBAO_BEFORE] = dibao
    home[at.FIT_WAGE], home[at.REST_WAGE] = wage.fit, wage.rest
    home[at.FIT_BUSINESS], home[at.REST_BUSINESS] = business.fit, business.rest
    home[at.INCOME_BEFORE] = (total - home[at.DIBAO_BEFORE]) / column("persons")
    return home


def _ground(
    register: xr.Dataset, scenario: Scenario, home: Floats, weight: Doubles, variances: tuple[float, float]
) -> Ground:
    test = scenario.exit_standard.household.tests[0]
    line = None
    if test.type == "income" and test.line_quantile is not None:
        per_head = (home[at.INCOME_BEFORE] + home[at.DIBAO_BEFORE] / home[at.PERSONS]).astype(np.float64)
        share = test.line_quantile.at(scenario.years[0])
        line = weighted_quantile(per_head, weight * home[at.PERSONS], share)
    poor = register["poor_village"].to_numpy() if "poor_village" in register else None
    return Ground(
        base_year=int(register.attrs["year"]),
        origin=scenario.years[0] - 1,
        guarantees=tuple(str(name) for name in register["guarantee"].values),
        counties=register["county"].to_numpy().astype(str),
        township_position=_positions(register, ("county", "township")),
        county_position=_positions(register, ("county",)),
        townships=register["township"].to_numpy().astype(str),
        villages=register["village"].to_numpy().astype(str),
        poor_village=np.zeros(register.sizes["village"], bool) if poor is None else poor.astype(bool),
        variance_wage=variances[0],
        variance_business=variances[1],
        line_of_quantile=line,
        uncertain=uncertain_entries(scenario),
    )


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


def _blocks(register: xr.Dataset, ground: Ground, home: Floats, block_size: int) -> tuple[Block, ...]:
    village = register["household_village"].to_numpy()
    starts = np.searchsorted(village, np.arange(register.sizes["village"] + 1)).astype(np.int64)
    deprived = _bits(register["deprived"].to_numpy())
    key = household_key(register["household"].to_numpy())
    if np.unique(key).size < key.size:
        raise InputError("register", [Problem("household", "two identifiers share one address of luck")])
    traits = np.stack(
        [register[name].to_numpy() for name in ("workers", "students", "ill", "disabled", "cause", "category")]
    ).astype(np.int16)
    year = register["status_year"].to_numpy().astype(np.int64)
    # a change of status before the first simulated year has a code at or below zero
    code = np.where(year > 0, np.clip(year - ground.origin, -99, 0), -9).astype(np.int16)
    blocks = []
    for first, last in _cuts(starts, block_size):
        low, high = int(starts[first]), int(starts[last])
        blocks.append(
            Block(
                first=low,
                first_village=first,
                bounds=starts[first : last + 1] - low,
                home=np.ascontiguousarray(home[:, low:high]),
                traits=np.ascontiguousarray(traits[:, low:high]),
                village=(village[low:high] - first).astype(np.int32),
                weight=register["weight"].to_numpy()[low:high].astype(np.int32),
                key=key[low:high],
                deprived=deprived[low:high],
                status=register["status"].to_numpy()[low:high].astype(np.int16),
                status_year=code[low:high],
                one_process=register.attrs["income_detail"] == "split",
            )
        )
    return tuple(blocks)


def _bits(deprived: npt.NDArray[np.bool_]) -> npt.NDArray[np.int16]:
    powers = (1 << np.arange(deprived.shape[1])).astype(np.int16)
    return cast("npt.NDArray[np.int16]", (deprived * powers).sum(axis=1).astype(np.int16))


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
