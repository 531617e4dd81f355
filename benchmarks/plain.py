"""The same model as plain NumPy: whole arrays of float64, one household after another in no block, nothing compiled.

Two uses. As a twin it checks the engine: with :class:`AddressedLuck` it lives on the engine's own draws, so both
should decide alike but for the last digits of float32. As a yardstick, with :class:`GeneratorLuck`, it is what the
engine's speed is measured against: the code that an analyst would write first. Parameters of a draw, the paths of
villages, the regression that explains base-year incomes and the drift correction are taken from povsim; everything that
happens to a household within a year is written anew, the measures in ``plain_measures``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from benchmarks.plain_luck import ONCE, AddressedLuck, Doubles, Flags, GeneratorLuck, Luck, Watch, Whole, spread
from benchmarks.plain_measures import Records, act, apply_all, by_stage
from povsim.ground import Prepared, prepare
from povsim.rules import INSPECTION_TERMS, SHOCK_TERMS, Rules, make_rules
from povsim.scenario import Scenario
from povsim.terms import CAUSES, position

NEVER, REGISTERED, EXITED, RELAPSED, MONITORED = 0, 1, 2, 3, 4
UNSTABLE, MARGINAL, HARDSHIP = 1, 2, 3
EVENTS = ("exits", "wrong_exits", "relapses", "newly_poor", "lasting_exits")
ILLNESS, DISABILITY, DISASTER, SKILL, LABOUR = (
    position(CAUSES, code) + 1 for code in ("illness", "disability", "disaster", "skill", "labour")
)
LOOKED_AT = 1.5
BINS, LOWEST, HIGHEST = 128, 100.0, 1_000_000.0
MARGIN_BINS, MARGIN_REACH = 80, 2.0
UNKNOWN_YEAR = -9


@dataclass(frozen=True)
class Facts:
    """What a register says, as plain arrays of n households."""

    prepared: Prepared
    base_year: int
    one_process: bool  # sources split from one total share their luck
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
        one_process=register.attrs["income_detail"] == "split",
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
class Statistics:
    """What is counted: by name, leading dim year, then (measure and) village; patterns as rows; the panel if kept.

    ``identified`` has a row a village: persons and households on the register at the start though they truly pass, then
    those off it though they truly fail. Monitored (by class) and caught (by stage) end in persons and households.
    """

    identified: Whole = field(default_factory=lambda: np.zeros((0, 4), int))
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
    statistics = Statistics(identified=county.identification())
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
        areas = {"village": np.arange(facts.villages), "township": facts.township, "county": facts.county}
        self.area_of = {name: area[self.village] for name, area in areas.items()}
        self._pupils: dict[int, Doubles] = {}

    def column(self, name: str) -> Doubles:
        """Return a column of the register."""
        return self.facts.columns[name]

    def lacking(self, guarantee: str) -> Flags:
        """Tell who lacks a guarantee."""
        return self.lacks[self.guarantees.index(guarantee)]

    def heads(self, per: int) -> Doubles:
        """Return what a flat amount is paid for: 1, persons, pupils, ill, disabled members."""
        if per == 4:
            return self.column("disabled") + self.newly_disabled
        return (np.ones(self.n), self.persons, self.column("students"), self.column("ill"))[per]

    def pupil_luck(self, lane: int) -> Doubles:
        """Return where a household's pupils stand in their schooling at the start, the same in every year."""
        if lane not in self._pupils:
            self._pupils[lane] = self.luck.uniform("schooling", ONCE, lane)
        return self._pupils[lane]

    # ---- the base year ----

    def start(self) -> None:
        """Set the state at the end of the register's year."""
        gross, cost = self.column("business"), self.column("production_cost")
        ratio = np.divide(cost, gross, out=np.zeros(self.n), where=gross > 0)
        # a trade that lost money in the register's year has the usual cost of trades from then on
        sound = (gross > 0) & (cost <= gross)
        sales = (gross * self.weight)[sound].sum()
        usual = (cost * self.weight)[sound].sum() / sales if sales > 0 else 0.0
        self.cost_ratio = np.where(ratio > 1.0, usual, ratio)
        self.old_dibao = self.column("dibao")
        self.old_transfer = self.column("transfer") - self.column("pension") - self.old_dibao
        total = self.column("wage") + gross - cost + self.column("property") + self.column("transfer")
        self.last_income = (total - self.old_dibao) / self.persons
        self.status = self.column("status").copy()
        self.cause = self.column("cause").copy()
        known = self.column("status_year")
        self.status_year = np.where(known > 0, np.clip(known - self.rules.origin, -99, 0), UNKNOWN_YEAR)
        self.ill_until, self.jobless_until = np.full((2, self.n), -1)
        self.above, self.fell, self.monitored_class = np.zeros((3, self.n), dtype=np.int64)
        self.newly_disabled, self.had_exited, self.poor_before = np.zeros((3, self.n), dtype=bool)
        self.records = {measure.code: Records.none(self.n) for measure in self.rules.measures}
        self._start_incomes()

    def _start_incomes(self) -> None:
        prepared, rules = self.facts.prepared, self.rules
        self.shift = float(rules.income_terms[0][6])
        self.sources, truth = {}, {}
        luck: list[Doubles] = []
        for name, explained, parts in (
            ("wage", prepared.wage, rules.wage),
            ("business", prepared.business, rules.business),
        ):
            shares = np.array([parts.permanent, parts.persistent, parts.transitory, parts.error])
            sds = np.sqrt(parts.variance * shares)
            if not (luck and self.facts.one_process):
                luck = [self.luck.normal(f"income.start.{name}", ONCE, lane) for lane in range(4)]
            mu, p, e, error = (sd * normal for sd, normal in zip(sds.tolist(), luck, strict=True))
            # each part is its own draw plus its share of what the sum of the draws missed
            missed = explained.rest - (mu + p + e + error)
            has = explained.fit > -500
            level = explained.fit + 0.5 * sds[3] ** 2 + mu + shares[0] * missed
            fading = p + shares[1] * missed
            true_log = level + fading + e + shares[2] * missed
            truth[name] = np.where(has, np.maximum(np.exp(np.where(has, true_log, 0.0)) - self.shift, 0.0), 0.0)
            self.sources[name] = (has, np.where(has, level, 0.0), np.where(has, fading, 0.0))
        self._start_truth(truth["wage"], truth["business"])
        self.area_growth = np.zeros((2, self.facts.villages))
        # years between the register and the first simulated one fade and renew luck, no more
        for year in range(self.facts.base_year + 1, self.scenario.years[0]):
            self._grow_areas(year)
            renewals = self._income_luck(year, 0)
            for (name, parts), normal in zip(
                (("wage", rules.wage), ("business", rules.business)), renewals, strict=True
            ):
                has, level, fading = self.sources[name]
                self.sources[name] = (has, level, parts.rho * fading + parts.renewal_sd() * normal)
        first, last = (year - self.facts.base_year for year in self.scenario.years)
        horizons = range(first, last + 1)
        self.drift = {
            "wage": prepared.drift(prepared.wage, rules.wage, horizons),
            "business": prepared.drift(prepared.business, rules.business, horizons),
        }

    def _start_truth(self, wage: Doubles, gross: Doubles) -> None:
        """Find who truly fails in the register's year, so that what fails later is not new."""
        rules = self.rules
        income = wage + gross * (1 - self.cost_ratio) + self.column("property") + self.old_transfer
        income += self.column("pension") * rules.counts[0] + self.old_dibao * rules.counts[1]
        needed = float(rules.line_before) * self.persons
        poor = self._below(income, needed)
        self.watch.near("line", income, needed, scale=lambda: wage + gross + np.abs(income))
        fails = poor & bool(rules.vetoes & 1)
        # what growth is asked for cannot be told of the register's year
        for place, test in enumerate(self.scenario.exit_standard.household.tests):
            if test.type == "guarantee" and test.veto:
                fails |= self.lacking(test.guarantee)
            elif test.type == "activity" and test.veto:
                fails |= (self.column("workers") > 0) & (wage + gross < float(rules.test_values[0][place]))
        self.sound, self.fallen = (self.status == EXITED) & ~fails, np.zeros(self.n, bool)
        self.failed_last, self.poor_last = fails, poor

    def identification(self) -> Whole:
        """Count by village who is wrongly on the register at the start, and who was left out: persons, households."""
        listed = (self.status == REGISTERED) | (self.status == RELAPSED)
        wrong, omitted = listed & ~self.failed_last, (self.status == NEVER) & self.failed_last
        heads = self.persons * self.weight
        counts = [self._by_village(each * who)[:, 0] for who in (wrong, omitted) for each in (heads, self.weight)]
        return np.column_stack(counts).astype(np.int64)

    def _below(self, income: Doubles, needed: Any) -> Flags:
        return income <= needed if self.rules.strict else income < needed

    # ---- the year ----

    def live(self, index: int, year: int) -> None:
        """Live a year: those taken on enter, then incomes, shocks, measures, the test, inspection."""
        self.index, self.year, self.code = index, year, index + 1
        self.line = float(self.rules.lines[index])
        shape = (len(self.rules.measures), self.facts.villages)
        self.spending, self.recipients = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.received = np.zeros(self.n, dtype=np.int64)
        apply_all(self)
        self.earn()
        self.fall_ill()
        self.lose_jobs()
        self.lapse()
        self.strike()
        self.pay_schools()
        act(self)
        self.test()
        self.inspect()

    # ---- incomes and shocks ----

    def _grow_areas(self, year: int) -> None:
        county_sd, village_sd = self.rules.common_sd
        for place in range(2):
            common = county_sd * self.luck.normal("growth.county", year, place, of="county")
            common = common + village_sd * self.luck.normal("growth.village", year, place, of="village")
            self.area_growth[place] += common - 0.5 * (county_sd**2 + village_sd**2)

    def _income_luck(self, year: int, lane: int) -> tuple[Doubles, Doubles]:
        """Return the luck of wage and business."""
        wage = self.luck.normal("income", year, lane)
        return wage, wage if self.facts.one_process else self.luck.normal("income", year, lane + 1)

    def earn(self) -> None:
        """Set the year's flows before shocks and measures."""
        rules = self.rules
        self._grow_areas(self.year)
        renewals, moments = self._income_luck(self.year, 0), self._income_luck(self.year, 2)
        earned = []
        for place, (name, parts) in enumerate((("wage", rules.wage), ("business", rules.business))):
            has, level, fading = self.sources[name]
            fading *= parts.rho
            fading += parts.renewal_sd() * renewals[place]
            once = np.sqrt(parts.variance * parts.transitory) * moments[place]
            # income grows as stated, the shift added to it before taking logs does not
            shift = getattr(self.facts.prepared, name).shift_share
            grown = np.exp(rules.growth[place, self.index]) * (1.0 - shift) + shift
            trend = np.log(grown) + self.drift[name][self.index] + self.area_growth[place]
            if name == "business":
                trend = trend + rules.paths.business_gain[self.index]
            income = np.exp(level + fading + once + trend[self.village]) - self.shift
            earned.append(np.where(has, np.maximum(income, 0.0), 0.0))
        self.wage, self.gross = earned
        self.cost = self.gross * self.cost_ratio
        of_property, of_transfers = np.exp(rules.growth[2:, self.index])
        self.rent = self.column("property") * of_property
        self.transfer = self.old_transfer * of_transfers
        self.pension = self.column("pension") * of_transfers
        self.dibao, self.one_off, self.medical, self.schooling = np.zeros((4, self.n))
        # the register's dibao goes on in years without a dibao measure
        running = [item for item in self.scenario.active().values() if item.type == "dibao"]
        if not any(item.years[0] <= self.year <= item.years[1] for item in running):
            self.dibao = self.old_dibao * of_transfers

    def lose(self, who: Any, share: float) -> None:
        """Take away a share of what is earned."""
        for flow in (self.wage, self.gross, self.cost):
            flow[who] *= 1.0 - share

    def _shock(self) -> dict[str, float]:
        return dict(zip(SHOCK_TERMS, self.rules.shocks[self.index].astype(float).tolist(), strict=True))

    def fall_ill(self) -> None:
        """Strike households with illness: cost, lost work, perhaps a disability."""
        t = self._shock()
        hazard = np.where(self.column("ill") > 0, t["hazard_ill"], t["hazard"]) * self.persons
        hazard = np.where(self.cause == ILLNESS, hazard * t["cause_factor"], hazard)
        falls = np.flatnonzero(self.luck.uniform("shock", self.year, 0) < hazard)
        size = t["cost"] * spread(self.luck.normal("shock.detail", self.year, 0, who=falls), t["cost_sd"])
        insured = np.ones(falls.size, bool)
        if "insurance" in self.guarantees:
            insured = ~self.lacking("insurance")[falls]
        self.medical[falls] = np.where(insured, size * (1.0 - t["reimbursement"]), size)
        self.ill_until[falls] = self.code + int(t["years"]) - 1
        hurt = self.luck.uniform("shock.detail", self.year, 1, who=falls) < t["disability"]
        disabled = falls[hurt]
        self.newly_disabled[disabled] = True
        # the year's incomes are there already: less is earned from the next year on
        for _, level, _ in self.sources.values():
            level[disabled] += np.log(1.0 - t["disability_loss"]) if disabled.size else 0.0
        unnamed = self.cause[falls] == 0
        self.cause[falls[unnamed]] = np.where(hurt, DISABILITY, ILLNESS)[unnamed]
        self.lose(self.ill_until >= self.code, t["work_loss"])

    def lose_jobs(self) -> None:
        """Let households with a wage lose work."""
        t = self._shock()
        exposed = (self.cause == SKILL) | (self.cause == LABOUR)
        hazard = np.where(exposed, t["job_hazard"] * t["job_factor"], t["job_hazard"])
        struck = (self.wage > 0) & (self.luck.uniform("shock", self.year, 1) < hazard)
        self.jobless_until[struck] = self.code + int(t["job_years"]) - 1
        self.wage[self.jobless_until >= self.code] *= 1.0 - t["wage_loss"]

    def lapse(self) -> None:
        """Let households lose a guarantee, one at most."""
        hazards = self.rules.lapses[self.index].astype(float)
        lost = np.searchsorted(hazards, self.luck.uniform("shock", self.year, 2), side="right")
        for place, name in enumerate(self.guarantees):
            losing = lost == place
            if name == "schooling":
                losing &= self.column("students") > 0
            self.lacks[place] |= losing

    def strike(self) -> None:
        """Let a disaster strike villages."""
        t = self._shock()
        village_share = float(np.float32(self.rules.village_struck[self.index]))
        struck = self.luck.uniform("disaster.village", self.year, 0, of="village") < village_share
        hit = np.flatnonzero(struck[self.village] & (self.luck.uniform("shock", self.year, 3) < t["household"]))
        self.gross[hit] *= 1.0 - t["business_loss"]
        damaged = hit[self.luck.uniform("shock.detail", self.year, 2, who=hit) < t["dwelling"]]
        if "housing" in self.guarantees:
            self.lacks[self.guarantees.index("housing"), damaged] = True
        self.cause[hit[self.cause[hit] == 0]] = DISASTER

    def pay_schools(self) -> None:
        """Set what pupils cost, where it counts."""
        if self.rules.counts[4] > 0:
            who = np.flatnonzero(self.column("students") > 0)
            self.schooling[who] = by_stage(self, who, self.rules.schooling[self.index].astype(float))

    # ---- the test and the inspection ----

    def test(self) -> None:
        """Find who truly fails which test."""
        pension, dibao, one_off, medical, schooling = self.rules.counts.astype(float).tolist()
        self.counted = self.wage + (self.gross - self.cost) + self.rent + self.transfer
        self.counted += self.pension * pension + self.dibao * dibao + self.one_off * one_off
        self.counted -= self.medical * medical + self.schooling * schooling
        needed = self.line * self.persons
        self.poor = self._below(self.counted, needed)
        self.watch.near("line", self.counted, needed, scale=self.turnover)
        self.seen = (self.counted - self.dibao * dibao) / self.persons
        self.pattern = self.poor.astype(np.int64)
        values = self.rules.test_values[self.index].astype(float).tolist()
        for place, test in enumerate(self.scenario.exit_standard.household.tests):
            if test.type == "guarantee":
                self.pattern |= self.lacking(test.guarantee).astype(np.int64) << place
            elif test.type != "income":
                self.pattern |= self._missed(test.type, values[place]).astype(np.int64) << place
        self.fails = (self.pattern & self.rules.vetoes) != 0
        self.blocked = (self.pattern & self.rules.vetoes & ~1) != 0

    def _missed(self, kind: str, value: float) -> Flags:
        """Tell which households with labour miss the growth or the earnings asked for."""
        labour = self.column("workers") > 0
        if kind == "growth":
            bar = (1.0 + value) * self.last_income
            self.watch.near("growth", self.seen, bar, who=labour, scale=lambda: self.turnover() / self.persons)
            return labour & (self.seen < bar)
        earned = self.wage + self.gross
        self.watch.near("activity", earned, value, who=labour, scale=lambda: earned + value)
        return labour & (earned < value)

    def turnover(self) -> Doubles:
        """Return the size of what is added up to counted income: rounding errors are in proportion to it."""
        sums = self.wage + self.gross + self.cost + np.abs(self.medical) + self.schooling + np.abs(self.rent)
        return np.asarray(sums + np.abs(self.transfer) + self.pension + self.line * self.persons)

    def inspect(self) -> None:
        """Inspect households and change their status."""
        t = dict(zip(INSPECTION_TERMS, self.rules.inspection[self.index].astype(float).tolist(), strict=True))
        watching, low, hardship_share, noticed_share = self.rules.monitoring[self.index].astype(float).tolist()
        # before dibao: dibao is taken off only where it was counted
        flagged = self.sound | self.fallen | self.failed_last | self.poor_last | self.poor_before
        clear = LOOKED_AT * (max(self.line, low) if watching else self.line)
        passed_by = (self.status == NEVER) & (self.pattern == 0) & ~flagged & (self.seen >= clear)
        if watching:
            passed_by &= self.medical <= 0
        self.watch.near("visit", self.seen, clear, scale=lambda: self.turnover() / self.persons)
        error = spread(self.luck.normal("inspection", self.year, 0), t["income_error"])
        self.last_income = np.where(passed_by, self.seen, self.seen * error)
        luck = self.luck.uniform("inspection", self.year, 2)
        found = (luck < t["found"]) & (not watching)
        self.lasting = self.poor_before & ~self.poor_last & ~self.poor
        self.poor_before, self.poor_last = self.poor_last, self.poor
        before = self.status.copy()
        outside = (before == NEVER) | ((before == MONITORED) & ~self.had_exited)
        self._declare((before == REGISTERED) | (before == RELAPSED), error, t)
        self._follow((before == EXITED) | ((before == MONITORED) & self.had_exited), found, t["delay"])
        self._notice(outside & self.fails, found)
        if watching:
            self._monitor(before, ~passed_by, error, low, hardship_share, luck < noticed_share)
        self.failed_last = self.fails

    def _declare(self, registered: Flags, error: Doubles, t: dict[str, float]) -> None:
        """Declare registered households out of poverty that are seen to pass, unless a check catches them."""
        seen, needed = self.counted * error, self.line * self.persons
        self.watch.near("seen", seen, needed, who=registered, scale=self.turnover)
        poor_seen = self._below(seen, needed) & bool(self.rules.vetoes & 1)
        luck = self.luck.uniform("inspection", self.year, 1)
        lacking_seen = np.where(self.blocked, luck >= t["overlooked"], luck < t["false_alarm"])
        passing = registered & ~poor_seen & ~lacking_seen
        catches = self.rules.catches.astype(float)
        stage = np.searchsorted(catches, self.luck.uniform("inspection", self.year, 3), side="right")
        self.caught = passing & self.fails & (stage < catches.size) & (self.above + 1 >= int(t["stability_years"]))
        self.stage = np.minimum(stage, max(catches.size - 1, 0))
        self.above = np.where(registered, np.where(passing & ~self.caught, self.above + 1, 0), self.above)
        self.exits = registered & (self.above >= int(t["stability_years"]))
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

    def _notice(self, failing: Flags, found: Flags) -> None:
        """Find households outside the register that fail: newly poor at first, registered in a later year."""
        self.newly_poor = failing & ~self.failed_last
        entering = failing & self.failed_last & found
        self.status[entering] = REGISTERED
        self.status_year[entering] = self.code

    def _monitor(
        self, before: Whole, visited: Flags, error: Doubles, line: float, share: float, noticed: Flags
    ) -> None:
        """Watch households close to the line or under a sudden burden, and let them go once they are clear of it."""
        exited, watched = before == EXITED, before == MONITORED
        concerned = visited & (exited | watched | (before == NEVER))
        seen, burden = self.counted * error / self.persons, share * np.maximum(self.counted + self.medical, 0.0)
        self.watch.near("watch", seen, line, who=concerned, scale=lambda: self.turnover() / self.persons)
        self.watch.near("burden", self.medical, burden, who=concerned & (self.medical > 0), scale=self.turnover)
        below, hardship = seen < line, self.medical > burden
        entering = concerned & ~watched & noticed & (below | hardship)
        leaving = watched & ~(below | hardship | self.fails)
        self.status[entering] = MONITORED
        self.had_exited |= entering & exited
        kind = np.where(hardship, HARDSHIP, np.where(exited, UNSTABLE, MARGINAL))
        self.monitored_class = np.where(entering, kind, np.where(leaving, 0, self.monitored_class))
        self.status[leaving] = np.where(self.had_exited[leaving], EXITED, NEVER)
        self.had_exited &= ~leaving
        self.status_year[entering | leaving] = self.code

    # ---- statistics ----

    def loans(self, amount: str) -> Doubles:
        """Return what is owed (``a``) or overdue (``c``), all loan measures together."""
        loans = [measure.code for measure in self.rules.measures if measure.type == "microcredit"]
        return np.asarray(sum((getattr(self.records[code], amount) for code in loans), np.zeros(self.n)))

    def debt(self) -> Doubles:
        """Return what is owed for a dwelling or for works."""
        indebting = [m.code for m in self.rules.measures if hasattr(self.scenario.measures[m.code], "repay_years")]
        return np.asarray(sum((self.records[code].a for code in indebting), np.zeros(self.n)))

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
        given = self.transfer + self.pension + self.dibao + self.one_off
        sources = [np.floor(source + 0.5) for source in (self.wage, self.gross - self.cost, self.rent, given)]
        sums = [self._by_village(units * source) for source in sources]
        owed = [np.floor(self.loans(amount) + 0.5) for amount in ("a", "c")]
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
            loans=np.hstack([self._by_village(units * amount) for amount in owed]),
            # what is done for whole villages was worked out before
            spending=np.vstack([self.spending, self.rules.paths.spending[:, self.index]]),
            recipients=np.vstack([self.recipients, self.rules.paths.recipients[:, self.index]]),
        )
        self._count_stages(out, heads)
        self._count_bins(out, heads)
        self._count_patterns(out, heads)

    def _count_stages(self, out: Statistics, heads: Doubles) -> None:
        """Count wrong exits caught by each stage of checking, and monitored households by class."""
        stages = self.rules.catches.size
        kind = np.where(self.status == MONITORED, self.monitored_class, 0)
        both = (heads, self.weight)
        caught = [self._by_village(each * self.caught, self.stage, max(stages, 1))[:, :stages] for each in both]
        monitored = [self._by_village(each, kind, 4)[:, 1:] for each in both]
        out.add(out.tables, caught=np.stack(caught, axis=2), monitored=np.stack(monitored, axis=2))

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

    def flags(self) -> Whole:
        """Return what is remembered of a household in the engine's bits."""
        known = (
            self.sound, self.fallen, self.failed_last, self.poor_last, self.poor_before, self.newly_disabled,
            self.had_exited,
        )  # fmt: skip
        bits = sum(flag.astype(np.int64) << place for place, flag in enumerate(known))
        return np.asarray(bits + (self.monitored_class << len(known)))

    def panel(self) -> dict[str, npt.NDArray[Any]]:
        """Return the year's household columns under the names of the engine's panel."""
        events = (self.exits, self.wrong_exits, self.relapses, self.newly_poor, self.lasting, self.caught)
        powers = (1 << np.arange(len(self.guarantees)))[:, None]
        columns = {
            "wage": self.wage, "business": self.gross, "production_cost": self.cost, "property": self.rent,
            "transfer": self.transfer, "pension": self.pension, "dibao": self.dibao, "one_off": self.one_off,
            "medical": self.medical, "schooling_cost": self.schooling, "counted_income": self.counted,
            "loan_balance": self.loans("a"), "arrears": self.loans("c"), "debt": self.debt(),
            "seen_income_per_head": self.last_income, "status": self.status, "cause": self.cause,
            "ill_until": self.ill_until, "jobless_until": self.jobless_until, "flags": self.flags(),
            "deprived": (self.lacks * powers).sum(axis=0), "pattern": self.pattern,
            "received": self.received,
            "events": sum(event.astype(np.int64) << place for place, event in enumerate(events)),
            "turnover": self.turnover(),
        }  # fmt: skip
        return {name: np.array(column) for name, column in columns.items()}


__all__ = ["AddressedLuck", "Facts", "GeneratorLuck", "Statistics", "Watch", "read_facts", "simulate_plain"]
