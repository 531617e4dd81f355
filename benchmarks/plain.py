"""The same model as plain NumPy: whole arrays of float64, one household after another in no block, nothing compiled.

Two uses. As a twin it checks the engine: with :class:`AddressedLuck` it lives on the engine's own draws, so both
should decide alike but for the last digits of float32. As a yardstick, with :class:`GeneratorLuck`, it is what the
engine's speed is measured against: the code that an analyst would write first. Parameters of a draw, the regression
that explains base-year incomes and the drift correction are taken from povsim; everything that happens within a year
is written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import ndtri

from povsim.draws import uniforms
from povsim.ground import Prepared, prepare
from povsim.rules import TERMS, MeasureRules, Rules, make_rules
from povsim.scenario import Scenario
from povsim.terms import CATEGORIES, CAUSES, STATUSES

Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEVER, REGISTERED, EXITED, RELAPSED = 0, 1, 2, 3
EVENTS = ("exits", "wrong_exits", "relapses", "newly_poor", "lasting_exits")
BINS, LOWEST, HIGHEST = 128, 100.0, 1_000_000.0
MARGIN_BINS, MARGIN_REACH = 80, 2.0
UNKNOWN_YEAR = -9


class Luck(Protocol):
    """Where random numbers come from; ``of`` is ``household``, ``village`` or ``county``."""

    def uniform(self, decision: str, year: int, lane: int = 0, of: str = "household") -> Doubles:
        """Return a uniform for each."""

    def normal(self, decision: str, year: int, lane: int = 0, of: str = "household") -> Doubles:
        """Return a standard normal for each."""


class AddressedLuck:
    """The engine's own luck: the number at each address, as a double."""

    def __init__(self, register: xr.Dataset, *, seed: int, draw: int) -> None:
        self.names = {
            "household": register["household"].to_numpy(),
            "village": register["village"].to_numpy().astype(str),
            "county": register["county"].to_numpy().astype(str)[:1],
        }
        self.seed, self.draw = seed, draw

    def uniform(self, decision: str, year: int, lane: int = 0, of: str = "household") -> Doubles:
        """Return a uniform for each."""
        luck = uniforms(self.names[of], seed=self.seed, draw=self.draw, year=year, decision=decision, lane=lane)
        return luck.astype(np.float64)

    def normal(self, decision: str, year: int, lane: int = 0, of: str = "household") -> Doubles:
        """Return a standard normal for each."""
        return np.asarray(ndtri(self.uniform(decision, year, lane, of)))


class GeneratorLuck:
    """NumPy's generator: one stream, in the order of the program."""

    def __init__(self, register: xr.Dataset, *, seed: int, draw: int) -> None:
        self.sizes = {"household": register.sizes["household"], "village": register.sizes["village"], "county": 1}
        self.generator = np.random.default_rng([seed, draw])

    def uniform(self, decision: str, year: int, lane: int = 0, of: str = "household") -> Doubles:
        """Return a uniform for each."""
        return self.generator.random(self.sizes[of])

    def normal(self, decision: str, year: int, lane: int = 0, of: str = "household") -> Doubles:
        """Return a standard normal for each."""
        return self.generator.standard_normal(self.sizes[of])


class Watch:
    """Remembers nothing; the twin test brings one that notes comparisons that rounding could turn.

    It is handed what the model has at hand anyway, so that watching nothing costs nothing.
    """

    def near(
        self, kind: str, left: Any, right: Any, *, who: Any = None, scale: Callable[[], Any] | None = None
    ) -> None:
        """Look at a comparison; ``who`` are the households it is about, ``scale`` the size of what was added up."""

    def rounded(self, kind: str, who: Whole, amount: Doubles) -> None:
        """Look at amounts that are rounded to whole yuan."""

    def sorted_into(self, position: Doubles, scale: Callable[[], Any]) -> None:
        """Look at positions on a scale of bins."""

    def meeting(self, area: Whole, ranked: Whole, key: Doubles, granted: Flags) -> None:
        """Look at a decision on ranked applications for a limited capacity."""

    def close(self) -> None:
        """End a year."""


@dataclass(frozen=True)
class Facts:
    """What a register says, as plain arrays of n households."""

    prepared: Prepared
    base_year: int
    village: Whole
    township: Whole  # of each village
    county: Whole  # of each village
    weight: Whole
    columns: dict[str, npt.NDArray[Any]]  # yuan and persons as float64, counts and codes as int64
    lacks: Flags  # (guarantee, household)

    @property
    def villages(self) -> int:
        """Number of villages."""
        return self.township.size


def read_facts(register: xr.Dataset, scenario: Scenario) -> Facts:
    """Read a register into plain arrays; base-year incomes are explained by ``povsim.ground.prepare``."""
    names = (
        "persons", "workers", "students", "ill", "disabled", "wage", "business", "production_cost", "property",
        "transfer", "pension", "dibao", "cause", "category", "status", "status_year",
    )  # fmt: skip
    county = register["county"].to_numpy().astype(str)
    township = np.char.add(np.char.add(county, "/"), register["township"].to_numpy().astype(str))
    return Facts(
        prepared=prepare(register, scenario),
        base_year=int(register.attrs["year"]),
        village=register["household_village"].to_numpy().astype(np.int64),
        township=_in_order(township),
        county=_in_order(county),
        weight=register["weight"].to_numpy().astype(np.int64),
        columns={name: register[name].to_numpy().astype(_kind(name)) for name in names},
        lacks=np.ascontiguousarray(register["deprived"].to_numpy().T),
    )


def _kind(name: str) -> type:
    counts = ("workers", "students", "ill", "disabled", "cause", "category", "status", "status_year")
    return np.int64 if name in counts else np.float64


def _in_order(labels: npt.NDArray[np.str_]) -> Whole:
    """Number labels by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


@dataclass
class Support:
    """One measure's state: code of the entry year (0 not in support), ever served, year support ended, entry luck.

    A loan adds what is owed and what is still invested.
    """

    entered: Whole
    served: Flags
    ended: Whole
    luck: Doubles
    balance: Doubles
    capital: Doubles


@dataclass
class Statistics:
    """What is counted: by name, leading dim year, then (measure and) village; patterns as rows; the panel if kept."""

    tables: dict[str, list[npt.NDArray[Any]]] = field(default_factory=dict)
    patterns: list[Whole] = field(default_factory=list)  # rows: village, pattern, households, persons
    panel: dict[str, list[npt.NDArray[Any]]] = field(default_factory=dict)

    def add(self, where: dict[str, list[npt.NDArray[Any]]], **arrays: npt.NDArray[Any]) -> None:
        """Append a year's arrays."""
        for name, array in arrays.items():
            where.setdefault(name, []).append(array)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return a table, years first."""
        return np.stack(self.tables[name])


def simulate_plain(
    register: xr.Dataset,
    scenario: Scenario,
    *,
    seed: int,
    draw: int,
    luck: type[AddressedLuck] | type[GeneratorLuck] = AddressedLuck,
    facts: Facts | None = None,
    keep: bool = False,
    watch: Watch | None = None,
) -> Statistics:
    """Simulate one draw of one scenario.

    Parameters
    ----------
    register : Dataset
        The whole population.
    scenario : Scenario
        The plan.
    seed, draw : int
        Address of luck, and of the parameters' values.
    luck : class
        Where random numbers come from.
    facts : Facts, optional
        The register as plain arrays, when it was read before.
    keep : bool
        Keep the panel of households.
    watch : Watch, optional
        Told of every comparison that rounding could turn.

    Returns
    -------
    Statistics
        All that the engine counts.
    """
    facts = facts or read_facts(register, scenario)
    rules = make_rules(scenario, facts.prepared.ground, seed=seed, draw=draw)
    county = County(facts, scenario, rules, luck(register, seed=seed, draw=draw), watch or Watch())
    county.start()
    statistics = Statistics()
    for index, year in enumerate(scenario.span):
        county.live(index, year)
        county.count(statistics)
        if keep:
            statistics.add(statistics.panel, **county.panel())
        county.watch.close()
    return statistics


class County:
    """All households of a county under one scenario in one draw, and the calendar of a year."""

    def __init__(self, facts: Facts, scenario: Scenario, rules: Rules, luck: Luck, watch: Watch) -> None:
        self.facts, self.scenario, self.rules, self.luck, self.watch = facts, scenario, rules, luck, watch
        self.village, self.weight = facts.village, facts.weight
        self.n = facts.weight.size
        self.persons = facts.columns["persons"]
        self.guarantees = facts.prepared.ground.guarantees
        self.lacks = facts.lacks.copy()

    def column(self, name: str) -> Doubles:
        """Return a column of the register."""
        return self.facts.columns[name]

    # ---- the base year ----

    def start(self) -> None:
        """Set the state at the end of the register's year."""
        gross, cost = self.column("business"), self.column("production_cost")
        self.cost_ratio = np.divide(cost, gross, out=np.zeros(self.n), where=gross > 0)
        self.old_dibao = self.column("dibao")
        self.old_transfer = self.column("transfer") - self.column("pension") - self.old_dibao
        total = self.column("wage") + gross - cost + self.column("property") + self.column("transfer")
        self.last_income = (total - self.old_dibao) / self.persons
        self.status = self.column("status").copy()
        known = self.column("status_year")
        self.status_year = np.where(known > 0, np.clip(known - self.rules.origin, -99, 0), UNKNOWN_YEAR)
        self.ill_until = np.full(self.n, -1)
        self.above = np.zeros(self.n, dtype=np.int64)
        self.fell = np.zeros(self.n, dtype=np.int64)
        self.arrears = np.zeros(self.n)
        self.debt, self.debt_payment, self.debt_rate = np.zeros((3, self.n))
        self.support = {
            code: Support(np.zeros(self.n, int), np.zeros(self.n, bool), np.zeros(self.n, int), *np.zeros((3, self.n)))
            for code in self.scenario.active()
        }
        self._start_incomes()

    def _start_incomes(self) -> None:
        prepared, rules = self.facts.prepared, self.rules
        self.shift = float(rules.income_terms[0][6])
        self.sources, truth = {}, {}
        for name, explained, parts in (
            ("wage", prepared.wage, rules.wage),
            ("business", prepared.business, rules.business),
        ):
            shares = np.array([parts.permanent, parts.persistent, parts.transitory, parts.error])
            sds = np.sqrt(parts.variance * shares)
            mu, p, e, error = (
                sd * self.luck.normal(f"income.start.{name}", 0, lane) for lane, sd in enumerate(sds.tolist())
            )
            # each part is its own draw plus its share of what the sum of the draws missed
            missed = explained.rest - (mu + p + e + error)
            has = explained.fit > -500
            level = explained.fit + 0.5 * sds[3] ** 2 + mu + shares[0] * missed
            fading = p + shares[1] * missed
            true_log = level + fading + e + shares[2] * missed
            truth[name] = np.where(has, np.maximum(np.exp(np.where(has, true_log, 0.0)) - self.shift, 0.0), 0.0)
            self.sources[name] = (has, np.where(has, level, 0.0), np.where(has, fading, 0.0))
        income = truth["wage"] + truth["business"] * (1 - self.cost_ratio)
        income += self.column("property") + self.old_transfer
        income += self.old_dibao * rules.counts[1] + self.column("pension") * rules.counts[0]
        needed = float(rules.line_before) * self.persons
        poor = self._below(income, needed)
        self.watch.near("line", income, needed, scale=lambda: truth["wage"] + truth["business"] + np.abs(income))
        fails = self._fails_veto(poor)
        exited = self.status == EXITED
        self.sound, self.fallen = exited & ~fails, np.zeros(self.n, bool)
        self.failed_last, self.poor_last, self.poor_before = fails, poor, np.zeros(self.n, bool)
        self.area_growth = np.zeros((2, self.facts.villages))
        # years between the register and the first simulated one fade and renew luck, no more
        for year in range(self.facts.base_year + 1, self.scenario.years[0]):
            self._grow_areas(year)
            for place, (name, parts) in enumerate((("wage", rules.wage), ("business", rules.business))):
                has, level, fading = self.sources[name]
                renewed = parts.rho * fading + parts.renewal_sd() * self.luck.normal("income", year, place)
                self.sources[name] = (has, level, renewed)
        first, last = (year - self.facts.base_year for year in self.scenario.years)
        horizons = range(first, last + 1)
        self.drift = {
            "wage": prepared.drift(prepared.wage, rules.wage, horizons),
            "business": prepared.drift(prepared.business, rules.business, horizons),
        }

    def _below(self, income: Doubles, needed: Any) -> Flags:
        return income <= needed if self.rules.strict else income < needed

    def _fails_veto(self, poor: Flags) -> Flags:
        fails = np.zeros(self.n, bool)
        for test in self.scenario.exit_standard.household.tests:
            if test.veto:
                fails |= poor if test.type == "income" else self._lacking(test.guarantee)
        return fails

    def _lacking(self, guarantee: str) -> Flags:
        return self.lacks[self.guarantees.index(guarantee)]

    # ---- the year ----

    def live(self, index: int, year: int) -> None:
        """Live a year: applications, incomes, shocks, measures, debt, subsidies, the test, inspection."""
        self.index, self.year, self.code = index, year, index + 1
        self.line = float(self.rules.lines[index])
        measures = len(self.rules.measures)
        self.spending = np.zeros((measures, self.facts.villages), dtype=np.int64)
        self.recipients = np.zeros((measures, self.facts.villages), dtype=np.int64)
        for measure in self.rules.measures:
            if measure.years[index]:
                self.apply(measure)
        self.earn()
        self.fall_ill()
        self.strike()
        acts = {
            "industry": self.industry, "microcredit": self.microcredit, "relocation": self.relocation,
            "repair": self.repair, "transfer": self.pay_transfer, "dibao": self.pay_dibao,
        }  # fmt: skip
        self._act(acts, ("industry", "microcredit", "relocation", "repair"))
        self.service_debt()
        self._act(acts, ("transfer", "dibao"))
        self.test()
        self.inspect()

    def _act(self, acts: dict[str, Any], families: tuple[str, ...]) -> None:
        for slot, measure in enumerate(self.rules.measures):
            if measure.type in families:
                terms = dict(zip(TERMS[measure.type], measure.terms[self.index].astype(float).tolist(), strict=True))
                acts[measure.type](slot, measure, self.support[measure.code], terms)

    def apply(self, measure: MeasureRules) -> None:
        """Take on households that apply for a measure, as far as its capacity goes."""
        frame, support, ask = self.scenario.measures[measure.code], self.support[measure.code], measure.asks[self.index]
        decision = f"measures.{measure.code}"
        eligible = self._eligible(frame.eligible, ask)
        wants = self.luck.uniform(decision, self.year, 0) < float(ask.take_up)
        lottery = self.luck.uniform(decision, self.year, 1) if frame.priority == "random" else None
        applying = eligible & wants & (support.entered == 0)
        if measure.type == "microcredit":
            applying &= self.arrears <= 0
        if measure.type == "transfer":
            applying &= self._heads({"per": measure.terms[self.index][1]}) > 0
        who = np.flatnonzero(applying)
        if measure.capacity is not None:
            # a yearly measure begins anew each year; a lasting one counts all it ever served
            lasting = measure.type not in ("dibao", "transfer")
            who = (
                self._ration(measure, who, eligible | support.served, lottery)
                if lasting
                else self._ration(measure, who, eligible, lottery)
            )
        support.entered[who], support.ended[who] = self.code, 0
        support.served[who] |= measure.type not in ("dibao", "transfer")
        self._entry_luck(measure, support, who)

    def _entry_luck(self, measure: MeasureRules, support: Support, who: Whole) -> None:
        """Draw the luck that stays with a household from its entry on."""
        decision = f"measures.{measure.code}"
        if measure.type == "industry":
            support.luck[who] = self.luck.normal(decision, self.year, 3)[who]
        elif measure.type == "relocation":
            support.luck[who] = self.luck.uniform(decision, self.year, 3)[who]

    def _eligible(self, who: Any, ask: Any) -> Flags:
        below = float(ask.below)
        if np.isfinite(below):
            self.watch.near("eligible", self.last_income, below)
        eligible = self.last_income < below
        eligible &= _one_of(self.status, who.status, [term.code for term in STATUSES])
        eligible &= _one_of(self.column("category"), who.category, [term.code for term in CATEGORIES])
        eligible &= _one_of(self.column("cause"), who.cause, ["", *(term.code for term in CAUSES)])
        workers = self.column("workers")
        eligible &= (workers >= who.workers_at_least) & (workers <= who.workers_at_most)
        eligible &= self.persons >= who.persons_at_least
        if who.failing:
            eligible &= np.any([self._lacking(name) for name in who.failing], axis=0)
        ground = self.facts.prepared.ground
        served = np.ones(self.facts.villages, bool)
        if who.townships:
            served &= np.isin(ground.townships, who.townships)
        if who.villages:
            served &= np.isin(ground.villages, who.villages)
        if who.poor_villages_only:
            served &= ground.poor_village
        return eligible & served[self.village]

    def _ration(self, measure: MeasureRules, who: Whole, reached: Flags, lottery: Doubles | None) -> Whole:
        """Return the applicants that capacity allows, area by area, in the order of priority."""
        assert measure.capacity is not None
        frame, support = self.scenario.measures[measure.code], self.support[measure.code]
        kind, _ = measure.capacity.limit()
        facts = self.facts
        areas = {"village": np.arange(facts.villages), "township": facts.township, "county": facts.county}
        of_village = areas[measure.capacity.area]
        area, count = of_village[self.village], int(of_village.max()) + 1
        limit = np.full(count, measure.limits[self.index])
        if kind == "share":
            limit = np.floor(limit * np.bincount(area, self.weight * reached, count) + 1e-9)
            limit -= np.bincount(area, self.weight * support.served, count)
        elif kind == "budget":
            limit = np.floor(limit) - np.bincount(area, self._running_cost(measure) * self.weight, count)
        else:
            limit = np.floor(limit)
        use = (self._cost(measure, who) if kind == "budget" else np.ones(who.size)) * self.weight[who]
        key = self.last_income[who]
        rank = np.zeros(who.size)
        if lottery is not None:
            key = lottery[who]
        elif frame.priority == "cause":
            rank = self._cause_rank(frame.eligible.cause)[who]
        order = np.lexsort((who, key, rank, area[who]))
        here = area[who][order]
        used = np.cumsum(use[order])
        before = np.r_[0.0, used][np.searchsorted(here, np.arange(count))]
        granted = np.zeros(who.size, bool)
        granted[order] = used - before[here] <= limit[here]
        self.watch.meeting(area, who[order], key[order], granted[order])
        return who[granted]

    def _cause_rank(self, causes: tuple[str, ...]) -> Doubles:
        codes = ["", *(term.code for term in CAUSES)]
        rank = np.full(len(codes), float(len(causes)))
        for place, cause in enumerate(causes):
            rank[codes.index(cause)] = place
        return rank[self.column("cause")]

    def _terms(self, measure: MeasureRules) -> dict[str, float]:
        return dict(zip(TERMS[measure.type], measure.terms[self.index].astype(float).tolist(), strict=True))

    def _cost(self, measure: MeasureRules, who: Whole) -> Doubles:
        """Return what taking on a household may cost at most, in whole yuan."""
        t, persons = self._terms(measure), self.persons[who]
        if measure.type == "industry":
            cost = np.full(who.size, t["unit_cost"] + t["yearly_cost"])
        elif measure.type == "microcredit":
            cost = np.full(who.size, float(np.float32(t["max_amount"] * t["rate"])))
        elif measure.type == "relocation":
            cost = (t["cost_per_head"] - t["self_paid"]) * persons
        elif measure.type == "repair":
            cost = np.full(who.size, t["subsidy"])
        elif measure.type == "dibao":
            cost = t["paid_share"] * np.maximum(t["standard"] - self.last_income[who], 0) * persons
        else:
            cost = t["amount"] * self._heads(t)[who]
        self.watch.rounded("cost", who, cost + 0.5)
        return np.ceil(cost)

    def _running_cost(self, measure: MeasureRules) -> Doubles:
        """Return what households already in support cost, in whole yuan."""
        t, support = self._terms(measure), self.support[measure.code]
        supported = (support.entered > 0) & (support.ended == 0)
        if measure.type == "industry":
            return np.where(supported, np.ceil(t["yearly_cost"]), 0.0)
        if measure.type == "microcredit":
            interest = t["rate"] * support.balance
            self.watch.rounded("cost", np.arange(self.n), interest + 0.5)
            return np.where(supported, np.ceil(interest), 0.0)
        return np.zeros(self.n)

    # ---- incomes and shocks ----

    def _grow_areas(self, year: int) -> None:
        county_sd, village_sd = self.rules.common_sd
        for place in range(2):
            common = county_sd * self.luck.normal("growth.county", year, place, "county")
            common = common + village_sd * self.luck.normal("growth.village", year, place, "village")
            self.area_growth[place] += common - 0.5 * (county_sd**2 + village_sd**2)

    def earn(self) -> None:
        """Set the year's flows before shocks and measures."""
        rules = self.rules
        self._grow_areas(self.year)
        earned = []
        for place, (name, parts) in enumerate((("wage", rules.wage), ("business", rules.business))):
            has, level, fading = self.sources[name]
            fading *= parts.rho
            fading += parts.renewal_sd() * self.luck.normal("income", self.year, place)
            once = np.sqrt(parts.variance * parts.transitory) * self.luck.normal("income", self.year, 2 + place)
            # income grows as stated, the shift added to it before taking logs does not
            shift = getattr(self.facts.prepared, name).shift_share
            grown = np.exp(rules.growth[place, self.index]) * (1.0 - shift) + shift
            trend = np.log(grown) + self.drift[name][self.index] + self.area_growth[place]
            income = np.exp(level + fading + once + trend[self.village]) - self.shift
            earned.append(np.where(has, np.maximum(income, 0.0), 0.0))
        self.wage, self.gross = earned
        self.cost = self.gross * self.cost_ratio
        of_property, of_transfers = np.exp(rules.growth[2:, self.index])
        self.rent = self.column("property") * of_property
        self.transfer = self.old_transfer * of_transfers
        self.pension = self.column("pension") * of_transfers
        self.dibao, self.one_off, self.medical = np.zeros((3, self.n))
        # the register's dibao goes on in years without a dibao measure
        running = [item for item in self.scenario.active().values() if item.type == "dibao"]
        if not any(item.years[0] <= self.year <= item.years[1] for item in running):
            self.dibao = self.old_dibao * of_transfers

    def fall_ill(self) -> None:
        """Strike households with illness."""
        terms = self.rules.illness[self.index].astype(float).tolist()
        hazard, hazard_ill, cost, cost_sd, reimbursed, loss, years = terms
        hazards = np.where(self.column("ill") > 0, hazard_ill, hazard) * self.persons
        falls = self.luck.uniform("shock", self.year, 0) < hazards
        size = cost * np.exp(cost_sd * self.luck.normal("shock", self.year, 1) - 0.5 * cost_sd**2)
        if "insurance" in self.guarantees:
            share = np.where(self._lacking("insurance"), 1.0, 1.0 - reimbursed)
        else:
            share = np.full(self.n, 1.0 - reimbursed)
        self.medical = np.where(falls, size * share, 0.0)
        self.ill_until[falls] = self.code + int(years) - 1
        self._lose(self.ill_until >= self.code, loss)

    def _lose(self, who: Any, share: float) -> None:
        for flow in (self.wage, self.gross, self.cost):
            flow[who] *= 1.0 - share

    def strike(self) -> None:
        """Let a disaster strike villages."""
        household, loss, dwelling = self.rules.disaster[self.index].astype(float).tolist()
        village_share = float(np.float32(self.rules.village_struck[self.index]))
        struck = self.luck.uniform("disaster.village", self.year, 0, "village") < village_share
        hit = struck[self.village] & (self.luck.uniform("shock", self.year, 2) < household)
        damaged = hit & (self.luck.uniform("shock", self.year, 3) < dwelling)
        self.gross[hit] *= 1.0 - loss
        if "housing" in self.guarantees:
            self.lacks[self.guarantees.index("housing")] |= damaged

    # ---- measures: who is in support, what it does, what it costs ----

    def _whole(self, amount: Doubles, who: Whole, kind: str = "yuan") -> Doubles:
        """Round to whole yuan."""
        self.watch.rounded(kind, who, amount)
        return np.floor(amount + 0.5)

    def _book(self, slot: int, who: Whole, amount: Doubles | None = None) -> None:
        """Enter recipients, or what was paid for them."""
        v, units = self.village[who], self.weight[who]
        if amount is None:
            self.recipients[slot] += np.bincount(v, units, self.facts.villages).astype(np.int64)
        else:
            self.spending[slot] += np.bincount(v, amount * units, self.facts.villages).astype(np.int64)

    def industry(self, slot: int, measure: MeasureRules, support: Support, t: dict[str, float]) -> None:
        """Add sales and costs of supported trades."""
        who = np.flatnonzero(support.entered > 0)
        age = self.code - support.entered[who]
        exited_long = (self.status[who] == EXITED) & (self.code - self.status_year[who] > int(t["support_after_exit"]))
        over = (support.ended[who] == 0) & (age > 0) & ((age >= int(t["support_years"])) | exited_long)
        support.ended[who[over]] = self.code
        ended = support.ended[who]
        size = np.where(age == 0, t["first_year"], np.where(age == 1, t["second_year"], 1.0))
        size = np.where(ended > 0, size * (1.0 - t["decay"]) ** (self.code - ended), size)
        paid = who[ended == 0]
        cost = np.where(age[ended == 0] == 0, t["unit_cost"], 0.0) + t["yearly_cost"]
        self._book(slot, paid)
        self._book(slot, paid, self._whole(cost, paid, "booked"))
        failing = self.luck.uniform(f"measures.{measure.code}", self.year, 2)[who] < t["failure"]
        self.watch.near("size", size, 0.05, who=who)
        gone = failing | (size < 0.05)
        support.entered[who[gone]] = 0
        support.ended[who[gone]] = 0
        on, size = who[~gone], size[~gone]
        sales = t["gross_sales"] * size * np.exp(t["effect_sd"] * support.luck[on] - 0.5 * t["effect_sd"] ** 2)
        self.gross[on] += sales
        self.cost[on] += sales * (1.0 - t["margin"])

    def _to_spare(self, who: Whole, t: dict[str, float]) -> Doubles:
        income = self.wage[who] + self.gross[who] - self.cost[who]
        income += self.rent[who] + self.transfer[who] + self.pension[who]
        return np.maximum(income - self.line * self.persons[who], 0.0) * t["repay_share"]

    def microcredit(self, slot: int, measure: MeasureRules, support: Support, t: dict[str, float]) -> None:
        """Lend, invest, collect at term."""
        decision = f"measures.{measure.code}"
        late = np.flatnonzero(self.arrears > 0)
        spare = self._to_spare(late, t)
        self.arrears[late] -= np.minimum(self.arrears[late], self._whole(spare, late))
        new = np.flatnonzero(support.entered == self.code)
        size = t["mean_amount"] * np.exp(
            t["amount_sd"] * self.luck.normal(decision, self.year, 3)[new] - 0.5 * t["amount_sd"] ** 2
        )
        support.balance[new] = self._whole(np.minimum(size, t["max_amount"]), new)
        support.capital[new] = support.balance[new]
        who = np.flatnonzero(support.entered > 0)
        returns = t["return_mean"] + t["return_sd"] * self.luck.normal(decision, self.year, 2)[who]
        gain = support.capital[who] * np.maximum(returns, -1.0)
        self.gross[who] += np.maximum(gain, 0.0)
        self.cost[who] += np.maximum(-gain, 0.0)
        support.capital[who] += np.minimum(gain, 0.0)
        self._book(slot, who)
        self._book(slot, who, self._whole(support.balance[who] * t["rate"], who, "booked"))
        due = who[self.code - support.entered[who] + 1 >= int(t["term"])]
        fetched = support.capital[due] * t["salvage"] + self._to_spare(due, t)
        self.arrears[due] += support.balance[due] - np.minimum(support.balance[due], self._whole(fetched, due))
        support.balance[due] = 0.0
        support.capital[due] = 0.0
        support.entered[due] = 0

    def _owe(self, who: Whole, amount: Doubles, years: float, rate: float) -> None:
        owed = self.debt[who] + amount
        # the rate of the whole is the mean of its parts
        interest = self.debt_rate[who] * self.debt[who] + rate * amount
        self.debt_rate[who] = np.divide(interest, owed, out=self.debt_rate[who], where=owed > 0)
        self.debt[who] = owed
        self.debt_payment[who] += amount / years

    def relocation(self, slot: int, measure: MeasureRules, support: Support, t: dict[str, float]) -> None:
        """Move households; those who moved before have lost land and may have a job."""
        new = np.flatnonzero(support.entered == self.code)
        own = self._whole(t["self_paid"] * self.persons[new], new)
        self._owe(new, own, t["repay_years"], t["rate"])
        self._book(slot, new)
        self._book(slot, new, self._whole(t["cost_per_head"] * self.persons[new], new, "booked") - own)
        self._lose(new, t["disruption"])
        self._cure(new, measure)
        moved = np.flatnonzero((support.entered > 0) & (support.entered < self.code))
        self.gross[moved] *= 1.0 - t["land_loss"]
        self.cost[moved] *= 1.0 - t["land_loss"]
        employed = moved[(self.column("workers")[moved] > 0) & (support.luck[moved] < t["job_share"])]
        self.wage[employed] += t["job_wage"]

    def _cure(self, who: Whole, measure: MeasureRules) -> None:
        for name in self.scenario.measures[measure.code].cures:  # type: ignore[union-attr]
            self.lacks[self.guarantees.index(name), who] = False

    def repair(self, slot: int, measure: MeasureRules, support: Support, t: dict[str, float]) -> None:
        """Start works, and finish those found sound."""
        new = np.flatnonzero(support.entered == self.code)
        self._book(slot, new)
        self._book(slot, new, self._whole(np.full(new.size, t["subsidy"]), new, "booked"))
        self._owe(new, self._whole(np.full(new.size, t["self_paid"]), new), t["repay_years"], 0.0)
        sound = self.luck.uniform(f"measures.{measure.code}", self.year, 2) < t["completion"]
        done = np.flatnonzero((support.entered > 0) & sound)
        self._cure(done, measure)
        support.entered[done] = 0

    def service_debt(self) -> None:
        """Pay interest and a part of the debt."""
        self.rent -= self.debt * self.debt_rate
        left = np.maximum(self.debt - self.debt_payment, 0.0)
        self.debt_payment = np.where((self.debt > 0) & (left <= 0), 0.0, self.debt_payment)
        self.debt = left

    def _heads(self, t: dict[str, float]) -> Doubles:
        return (
            np.ones(self.n), self.persons, self.column("students"), self.column("ill"), self.column("disabled"),
        )[int(t["per"])]  # fmt: skip

    def pay_transfer(self, slot: int, measure: MeasureRules, support: Support, t: dict[str, float]) -> None:
        """Pay flat transfers."""
        who = np.flatnonzero(support.entered == self.code)
        amount = self._whole(t["amount"] * self._heads(t)[who], who)
        flow = self.one_off if t["one_off"] > 0.5 else self.transfer
        flow[who] += amount
        self._book(slot, who)
        self._book(slot, who, amount)
        support.entered[who] = 0

    def pay_dibao(self, slot: int, measure: MeasureRules, support: Support, t: dict[str, float]) -> None:
        """Pay the dibao awarded on last year's income."""
        who = np.flatnonzero(support.entered == self.code)
        lacking = np.maximum(t["standard"] - self.last_income[who], 0.0)
        # the award is as exact as the income it was assessed on
        award = self._whole(lacking * t["paid_share"] * self.persons[who], who, "award")
        self.dibao[who] += award
        self._book(slot, who)
        self._book(slot, who, award)
        support.entered[who] = 0

    # ---- the test and the inspection ----

    def test(self) -> None:
        """Find who truly fails which test."""
        pension, dibao, one_off, medical = self.rules.counts.astype(float).tolist()
        self.counted = self.wage + self.gross - self.cost + self.rent + self.transfer
        self.counted += self.pension * pension + self.dibao * dibao + self.one_off * one_off - self.medical * medical
        needed = self.line * self.persons
        self.poor = self._below(self.counted, needed)
        self.watch.near("line", self.counted, needed, scale=self.turnover)
        self.pattern = self.poor.astype(np.int64)
        for place, test in enumerate(self.scenario.exit_standard.household.tests):
            if test.type == "guarantee":
                self.pattern += self._lacking(test.guarantee).astype(np.int64) << place
        self.fails = self._fails_veto(self.poor)
        self.blocked = (self.pattern & self.rules.vetoes & ~1) != 0

    def turnover(self) -> Doubles:
        """Return the size of what is added up to counted income: rounding errors are in proportion to it."""
        sums = self.wage + self.gross + self.cost + self.medical + np.abs(self.rent)
        return np.asarray(sums + self.transfer + self.pension + self.line * self.persons)

    def inspect(self) -> None:
        """Inspect households and change their status."""
        terms = self.rules.inspection[self.index].astype(float).tolist()
        error_sd, overlooked, false_alarm, found_share, delay, stability = terms
        # before dibao: dibao is taken off only where it was counted
        seen = (self.counted - self.dibao * float(self.rules.counts[1])) / self.persons
        flagged = self.sound | self.fallen | self.failed_last | self.poor_last | self.poor_before
        never = self.status == NEVER
        overlook = never & (self.pattern == 0) & ~flagged & (seen >= 1.5 * self.line)
        self.watch.near("visit", seen, 1.5 * self.line, scale=lambda: self.turnover() / self.persons)
        error = np.exp(error_sd * self.luck.normal("inspection", self.year, 0) - 0.5 * error_sd**2)
        self.last_income = np.where(overlook, seen, seen * error)
        found = self.luck.uniform("inspection", self.year, 2) < found_share
        registered = (self.status == REGISTERED) | (self.status == RELAPSED)
        exited = self.status == EXITED
        self.lasting = self.poor_before & ~self.poor_last & ~self.poor
        self.poor_before, self.poor_last = self.poor_last, self.poor
        self._declare(registered, error, (overlooked, false_alarm, stability))
        self._follow(exited, found, delay)
        outside = (self.status == NEVER) & self.fails
        self.newly_poor = outside & ~self.failed_last
        entering = outside & self.failed_last & found
        self.status[entering] = REGISTERED
        self.status_year[entering] = self.code
        self.failed_last = self.fails

    def _declare(self, registered: Flags, error: Doubles, terms: tuple[float, float, float]) -> None:
        """Declare registered households out of poverty that are seen to pass."""
        overlooked, false_alarm, stability = terms
        seen, needed = self.counted * error, self.line * self.persons
        self.watch.near("seen", seen, needed, who=registered, scale=self.turnover)
        poor_seen = self._below(seen, needed) & bool(self.rules.vetoes & 1)
        luck = self.luck.uniform("inspection", self.year, 1)
        lacking_seen = np.where(self.blocked, luck >= overlooked, luck < false_alarm)
        passing = ~poor_seen & ~lacking_seen
        self.above = np.where(registered, np.where(passing, self.above + 1, 0), self.above)
        self.exits = registered & (self.above >= int(stability))
        self.wrong_exits = self.exits & self.fails
        self.status[self.exits] = EXITED
        self.status_year[self.exits] = self.code
        self.fell[self.exits] = 0
        self.sound = np.where(self.exits, ~self.fails, self.sound)
        self.fallen &= ~self.exits

    def _follow(self, exited: Flags, found: Flags, delay: float) -> None:
        """Find out who fell back after exit."""
        failing, fine = exited & self.fails, exited & ~self.fails
        self.sound |= fine
        self.fallen &= ~fine
        self.fell[fine] = 0
        self.fell[failing & (self.fell == 0)] = self.code
        self.relapses = failing & self.sound & ~self.fallen
        self.fallen |= self.relapses
        back = failing & found & (self.code - self.fell >= int(delay))
        self.status[back] = RELAPSED
        self.status_year[back] = self.code
        self.above[back] = 0

    # ---- statistics ----

    def owed(self) -> Doubles:
        """Return the loans running, all measures together."""
        return np.asarray(sum((support.balance for support in self.support.values()), np.zeros(self.n)))

    def _by_village(self, amount: Any, group: Any = 0, groups: int = 1) -> Doubles:
        cell = self.village * groups + group
        return np.bincount(cell, amount, self.facts.villages * groups).reshape(self.facts.villages, groups)

    def count(self, out: Statistics) -> None:
        """Count the year by village and township."""
        units, heads, status = self.weight, self.persons * self.weight, self.status
        events = [self.exits, self.wrong_exits, self.relapses, self.newly_poor, self.lasting]
        needed = self.line * self.persons
        gap = np.where(self.poor, 1.0 - np.maximum(self.counted, 0.0) / needed, 0.0)
        log_gap = np.where(self.poor, np.log(needed / np.maximum(self.counted, 1e-3 * needed)), 0.0)
        sources = [
            self.wage, self.gross - self.cost, self.rent, self.transfer + self.pension + self.dibao + self.one_off
        ]  # fmt: skip
        sums = [self._by_village(units * source) for source in sources]
        out.add(
            out.tables,
            persons=self._by_village(heads, status, 5),
            households=self._by_village(units, status, 5),
            failing=self._by_village(heads * self.fails, status, 5),
            failing_households=self._by_village(units * self.fails, status, 5),
            events=np.hstack([self._by_village(heads * event) for event in events]),
            events_households=np.hstack([self._by_village(units * event) for event in events]),
            poor=self._by_village(heads * self.poor)[:, 0],
            gaps=np.hstack([self._by_village(heads * part) for part in (gap, gap**2, log_gap)]),
            income=np.hstack([*sums, sum(sums)]),
            loans=np.hstack([self._by_village(units * self.owed()), self._by_village(units * self.arrears)]),
            spending=self.spending,
            recipients=self.recipients,
        )
        self._count_bins(out, heads)
        self._count_patterns(out, heads)

    def _count_bins(self, out: Statistics, heads: Doubles) -> None:
        townships = int(self.facts.township.max()) + 1
        town = self.facts.township[self.village]
        log_income = np.log(np.maximum(self.counted / self.persons, 1.0))
        place = (log_income - np.log(LOWEST)) / (np.log(HIGHEST / LOWEST) / BINS)
        step = (log_income - np.log(max(self.line, 1e-3)) + MARGIN_REACH) / (2 * MARGIN_REACH / MARGIN_BINS)
        self.watch.sorted_into(place, lambda: self.turnover() / np.maximum(np.abs(self.counted), 1.0))
        self.watch.sorted_into(step, lambda: self.turnover() / np.maximum(np.abs(self.counted), 1.0))
        bins = np.clip(place, 0, BINS - 1).astype(int)
        steps = np.clip(step, 0, MARGIN_BINS - 1).astype(int)
        histogram = np.bincount(town * BINS + bins, heads, townships * BINS)
        cell = (town * 2 + self.blocked) * MARGIN_BINS + steps
        margins = np.bincount(cell, heads, townships * 2 * MARGIN_BINS)
        out.add(
            out.tables,
            histogram=histogram.reshape(townships, BINS),
            margins=margins.reshape(townships, 2, MARGIN_BINS),
        )

    def _count_patterns(self, out: Statistics, heads: Doubles) -> None:
        tests = len(self.scenario.exit_standard.household.tests)
        keys, inverse = np.unique((self.village << tests) | self.pattern, return_inverse=True)
        households, persons = np.bincount(inverse, self.weight), np.bincount(inverse, heads)
        rows = np.column_stack([keys >> tests, keys & ((1 << tests) - 1), households, persons])
        out.patterns.append(rows.astype(np.int64))

    def panel(self) -> dict[str, npt.NDArray[Any]]:
        """Return the year's household columns under the names of the engine's panel."""
        events = (self.exits, self.wrong_exits, self.relapses, self.newly_poor, self.lasting)
        powers = (1 << np.arange(len(self.guarantees)))[:, None]
        columns = {
            "wage": self.wage, "business": self.gross, "production_cost": self.cost, "property": self.rent,
            "transfer": self.transfer, "pension": self.pension, "dibao": self.dibao, "one_off": self.one_off,
            "medical": self.medical, "counted_income": self.counted, "loan_balance": self.owed(),
            "arrears": self.arrears, "debt": self.debt, "seen_income_per_head": self.last_income,
            "status": self.status, "deprived": (self.lacks * powers).sum(axis=0), "pattern": self.pattern,
            "events": sum(event.astype(np.int64) << place for place, event in enumerate(events)),
            "turnover": self.turnover(),
        }  # fmt: skip
        return {name: np.array(column) for name, column in columns.items()}


def _one_of(column: npt.NDArray[Any], names: tuple[str, ...], known: list[str]) -> Flags | bool:
    """Tell which codes are among the named ones; nothing named means everything."""
    return np.isin(column, [known.index(name) for name in names]) if names else True
