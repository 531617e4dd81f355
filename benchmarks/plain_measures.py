"""The measures of the plain model: what each kind does to the households in it, and who is taken on for the next year.

A measure's records are columns over all households; what acts on few households works on their positions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from benchmarks.plain_luck import Doubles, Flags, Whole, spread
from povsim.measures import KINDS, TERMS, YEARLY
from povsim.rules_measures import FundRules, MeasureRules
from povsim.terms import CATEGORIES, CAUSES, STATUSES

if TYPE_CHECKING:
    from benchmarks.plain import County

EXITED = 2
FADED = 0.05
ALMOST_ONE = 1.0 - 2.0**-24
STAGES = ("preschool", "compulsory", "senior", "tertiary")
STAGE_ENDS = (3.0, 12.0, 15.0)
Figures = dict[str, float]


@dataclass
class Records:
    """One measure's records, a place for each household.

    Code of the entry year (0: none is alive), ever had, code of the year that support ended (0: runs), stage, and three
    amounts: size of the gain; loan, capital, arrears; debt, payment, job.
    """

    since: Whole
    had: Flags
    ended: Whole
    stage: Whole
    a: Doubles
    b: Doubles
    c: Doubles

    @classmethod
    def none(cls, n: int) -> Records:
        """Return room for n households, none of them in the measure."""
        return cls(
            np.zeros(n, int), np.zeros(n, bool), np.zeros(n, int), np.zeros(n, int), np.zeros(n), np.zeros(n),
            np.zeros(n),
        )  # fmt: skip

    @property
    def alive(self) -> Flags:
        """Who is in the measure."""
        return self.since > 0

    def end(self, who: Whole) -> None:
        """End records."""
        self.since[who] = 0
        self.ended[who] = 0
        self.stage[who] = 0
        for amount in (self.a, self.b, self.c):
            amount[who] = 0.0


def figures(measure: MeasureRules, index: int) -> Figures:
    """Return a measure's figures of a year by name."""
    return dict(zip(TERMS[measure.kind], measure.terms[index].astype(float).tolist(), strict=True))


# ---- what measures do ----


@dataclass
class Turn:
    """A measure's turn in a year: the county, its place among the measures, its records and its figures."""

    county: County
    slot: int
    measure: MeasureRules
    records: Records
    t: Figures

    @property
    def code(self) -> int:
        """Code of the year."""
        return self.county.code

    @property
    def new(self) -> Whole:
        """Positions of those who enter this year."""
        return np.flatnonzero(self.records.since == self.code)

    @property
    def all(self) -> Whole:
        """Positions of everybody in the measure."""
        return np.flatnonzero(self.records.since > 0)

    def uniform(self, lane: int, who: Whole) -> Doubles:
        """Return this year's luck in the measure."""
        return self.county.luck.uniform(f"measures.{self.measure.code}", self.county.year, lane, who=who)

    def normal(self, lane: int, who: Whole) -> Doubles:
        """Return this year's luck in the measure as standard normals."""
        return self.county.luck.normal(f"measures.{self.measure.code}", self.county.year, lane, who=who)

    def whole(self, amount: Doubles, who: Whole, kind: str = "yuan") -> Doubles:
        """Round to whole yuan."""
        self.county.watch.rounded(kind, who, amount)
        return np.floor(amount + 0.5)

    def count(self, who: Whole) -> None:
        """Enter recipients."""
        county = self.county
        units = np.bincount(county.village[who], county.weight[who], county.facts.villages)
        county.recipients[self.slot] += units.astype(np.int64)
        county.received[who] |= 1 << self.slot

    def pay(self, who: Whole, amount: Doubles) -> None:
        """Enter what is paid for households."""
        county = self.county
        yuan = np.bincount(county.village[who], amount * county.weight[who], county.facts.villages)
        county.spending[self.slot] += yuan.astype(np.int64)

    def cure(self, who: Whole) -> None:
        """Meet the guarantees that the measure is for."""
        county = self.county
        for name in county.scenario.measures[self.measure.code].cures:  # type: ignore[union-attr]
            county.lacks[county.guarantees.index(name), who] = False


def earning(turn: Turn) -> None:
    """Add to one income source: a gain that grows over two years, may fail, and fades once support has ended."""
    county, records, t = turn.county, turn.records, turn.t
    new = turn.new
    luck = turn.uniform(3, new)
    # luck is single precision, and in the tail its last digits show
    quantile = np.minimum(luck.astype(np.float32) / np.float32(max(t["success"], 1e-30)), np.float32(ALMOST_ONE))
    gains = luck < t["success"]
    records.a[new] = np.where(gains, spread(ndtri(quantile.astype(float)), t["effect_sd"]), 0.0)

    who = turn.all
    age = turn.code - records.since[who]
    exited_long = (county.status[who] == EXITED) & (turn.code - county.status_year[who] > int(t["support_after_exit"]))
    over = (records.ended[who] == 0) & (age > 0) & ((age >= int(t["support_years"])) | exited_long)
    records.ended[who[over]] = turn.code
    ended = records.ended[who]
    size = np.where(age == 0, t["first_year"], np.where(age == 1, t["second_year"], 1.0))
    size = np.where(ended > 0, size * (1.0 - t["decay"]) ** (turn.code - ended), size)
    supported = who[ended == 0]
    cost = np.where(age[ended == 0] == 0, t["unit_cost"], 0.0) + t["yearly_cost"]
    turn.count(supported)
    turn.pay(supported, turn.whole(cost, supported, "booked"))
    failing = turn.uniform(2, who) < t["failure"]
    county.watch.near("size", size, FADED, who=who)
    gone = failing | (size < FADED)
    if t["paid"] > 0.5:
        gone |= ended > 0
    on = who[~gone]
    gain = t["amount"] * size[~gone] * records.a[on]
    if t["paid"] > 0.5:
        gain = turn.whole(gain, on)
        public = records.ended[on] == 0
        turn.pay(on[public], gain[public])
    _give_up(county, on, gain, t["displaced"])
    destination = int(t["destination"])
    if destination == 1:
        county.gross[on] += gain
        county.cost[on] += gain * (1.0 - t["margin"])
    else:
        {0: county.wage, 2: county.rent, 3: county.transfer}[destination][on] += gain
    records.end(who[gone])


def _give_up(county: County, who: Whole, gain: Doubles, displaced: float) -> None:
    """Take away the earlier business income that a gain displaces."""
    if displaced <= 0:
        return
    before = county.gross[who]
    share = np.divide(displaced * gain, before, out=np.zeros(who.size), where=before > 0)
    kept = 1.0 - np.minimum(share, 1.0)
    county.gross[who] *= kept
    county.cost[who] *= kept


def credit_line(turn: Turn) -> None:
    """Hold a right to borrow for some years."""
    records, t = turn.records, turn.t
    new, who = turn.new, turn.all
    records.a[new] = t["amount"]
    turn.pay(new, turn.whole(np.full(new.size, t["unit_cost"]), new, "booked"))
    turn.count(who)
    records.end(who[turn.code >= records.since[who] + int(t["open_years"]) - 1])


def _to_spare(county: County, who: Whole, t: Figures) -> Doubles:
    income = county.wage[who] + county.gross[who] - county.cost[who]
    income += county.rent[who] + county.transfer[who] + county.pension[who]
    return np.maximum(income - t["line"] * county.persons[who], 0.0) * t["repay_share"]


def microcredit(turn: Turn) -> None:
    """Lend, invest at a random return, collect at term; what is not repaid is in arrears."""
    county, records, t = turn.county, turn.records, turn.t
    who = turn.all
    late, running = who[records.stage[who] == 1], who[records.stage[who] == 0]
    records.c[late] -= np.minimum(records.c[late], turn.whole(_to_spare(county, late, t), late, "spare"))
    records.end(late[records.c[late] == 0])

    new = turn.new
    size = t["mean_amount"] * spread(turn.normal(3, new), t["amount_sd"])
    records.a[new] = turn.whole(np.minimum(size, t["max_amount"]), new)
    records.b[new] = records.a[new]
    returns = t["return_mean"] + t["return_sd"] * turn.normal(2, running)
    gain = records.b[running] * np.maximum(returns, -1.0)
    county.gross[running] += np.maximum(gain, 0.0)
    county.cost[running] += np.maximum(-gain, 0.0)
    records.b[running] += np.minimum(gain, 0.0)
    turn.count(running)
    turn.pay(running, turn.whole(records.a[running] * t["rate"], running, "booked"))

    due = running[turn.code - records.since[running] + 1 >= int(t["term"])]
    fetched = turn.whole(records.b[due] * t["salvage"] + _to_spare(county, due, t), due, "spare")
    records.c[due] = records.a[due] - np.minimum(records.a[due], fetched)
    records.a[due] = 0.0
    records.b[due] = 0.0
    records.stage[due] = 1
    records.end(due[records.c[due] == 0])


def _owe(records: Records, who: Whole, amount: Doubles, years: float) -> None:
    records.a[who] = amount
    # in single precision, as the engine does: whether the last instalment clears a debt hangs on the last digit
    records.b[who] = amount.astype(np.float32) / np.float32(years)


def _pay_off(records: Records, who: Whole) -> None:
    left = records.a[who].astype(np.float32) - records.b[who].astype(np.float32)
    records.a[who] = np.maximum(left, 0.0)


def relocation(turn: Turn) -> None:
    """Move households; those who moved before have lost land, may have a job, and pay their debt off."""
    county, records, t = turn.county, turn.records, turn.t
    new = turn.new
    own = turn.whole(t["self_paid"] * county.persons[new], new)
    _owe(records, new, own, t["repay_years"])
    turn.count(new)
    turn.pay(new, turn.whole(t["cost_per_head"] * county.persons[new], new, "booked") - own)
    county.lose(new, t["disruption"])
    turn.cure(new)
    records.c[new] = (county.column("workers")[new] > 0) & (turn.uniform(3, new) < t["job_share"])

    who = turn.all
    moved = who[records.since[who] < turn.code]
    county.gross[moved] *= 1.0 - t["land_loss"]
    county.cost[moved] *= 1.0 - t["land_loss"]
    county.wage[moved] += t["job_wage"] * records.c[moved]
    county.rent[who] -= records.a[who] * t["rate"]
    _pay_off(records, who)


def works(turn: Turn) -> None:
    """Start works, finish those found sound, pay the debt off."""
    records, t = turn.records, turn.t
    new, who = turn.new, turn.all
    turn.count(new)
    turn.pay(new, turn.whole(np.full(new.size, t["subsidy"]), new, "booked"))
    _owe(records, new, turn.whole(np.full(new.size, t["self_paid"]), new), t["repay_years"])
    unfinished = who[records.stage[who] == 0]
    done = unfinished[turn.uniform(2, unfinished) < t["completion"]]
    turn.cure(done)
    records.stage[done] = 1
    _pay_off(records, who)
    records.end(who[(records.stage[who] == 1) & (records.a[who] == 0)])


def education(turn: Turn) -> None:
    """Pay aid for each pupil by stage of education."""
    county, records = turn.county, turn.records
    who = turn.all
    amounts = np.array([turn.t[stage] for stage in STAGES])
    aid = turn.whole(by_stage(county, who, amounts), who)
    county.transfer[who] += aid
    turn.count(who[aid > 0])
    turn.pay(who, aid)
    records.end(who)


def by_stage(county: County, who: Whole, amounts: Doubles) -> Doubles:
    """Return the sum of an amount a stage over the pupils of some households."""
    students = county.column("students")[who]
    years = county.year - county.facts.base_year
    total = np.zeros(who.size)
    for pupil in range(int(students.max(initial=0))):
        place = (county.pupil_luck(pupil % 4)[who] * 19.0 + years) % 19.0
        has = students > pupil
        for end in (0.0, *STAGE_ENDS, 19.0):
            county.watch.near("stage", place[has], end, who=who[has], scale=lambda: 38.0)
        total += np.where(has, amounts[np.searchsorted(STAGE_ENDS, place, side="right")], 0.0)
    return total


def medical(turn: Turn) -> None:
    """Bear a part of the household's own medical cost, and its insurance premium."""
    county, records, t = turn.county, turn.records, turn.t
    who = turn.all
    borne = np.minimum(t["reimbursed"] * np.maximum(county.medical[who] - t["deductible"], 0.0), t["ceiling"])
    paid = turn.whole(borne, who, "award")
    county.medical[who] -= paid
    premium = turn.whole(t["premium"] * county.persons[who], who, "booked")
    turn.pay(who, paid + premium)
    turn.count(who[(paid > 0) | (t["premium"] > 0)])
    records.end(who)


def transfer(turn: Turn) -> None:
    """Pay a flat amount to households, or to each of their persons, pupils, ill or disabled."""
    county, records, t = turn.county, turn.records, turn.t
    who = turn.all
    amount = turn.whole(t["amount"] * county.heads(int(t["per"]))[who], who)
    flow = county.one_off if t["one_off"] > 0.5 else county.transfer
    flow[who] += amount
    turn.count(who)
    turn.pay(who, amount)
    records.end(who)


def dibao(turn: Turn) -> None:
    """Pay the dibao awarded on last year's income."""
    county, records, t = turn.county, turn.records, turn.t
    who = turn.all
    lacking = np.maximum(t["standard"] - county.last_income[who], 0.0)
    # the award is as exact as the income it was assessed on
    award = turn.whole(lacking * t["paid_share"] * county.persons[who], who, "award")
    county.dibao[who] += award
    turn.count(who)
    turn.pay(who, award)
    records.end(who)


ACTS: dict[int, Callable[[Turn], None]] = {
    KINDS["industry"]: earning,
    KINDS["credit_line"]: credit_line,
    KINDS["microcredit"]: microcredit,
    KINDS["relocation"]: relocation,
    KINDS["repair"]: works,
    KINDS["education"]: education,
    KINDS["medical"]: medical,
    KINDS["transfer"]: transfer,
    KINDS["dibao"]: dibao,
}


def act(county: County) -> None:
    """Let all measures act, in the order of the calendar, which ends with the subsidies."""
    for slot, measure in enumerate(county.rules.measures):
        turn = Turn(county, slot, measure, county.records[measure.code], figures(measure, county.index))
        ACTS[measure.kind](turn)


# ---- who is taken on ----


@dataclass
class Asking:
    """Applications for one measure: positions, place in the queue, count units and yuan that each uses.

    ``reached`` and ``served`` tell of all households who is eligible or was served, and who was served.
    """

    who: Whole
    rank: Doubles
    key: Doubles
    units: Whole
    yuan: Whole
    reached: Flags
    served: Flags


def apply_all(county: County) -> None:
    """Take on households for the coming year, on the state at the close of the year before."""
    waiting: dict[str, Asking] = {}
    for measure in county.rules.measures:
        if not measure.years[county.index]:
            continue
        asking = _ask(county, measure)
        if measure.capacity is None and measure.fund is None:
            _take_on(county, measure, asking.who)
        else:
            waiting[measure.code] = asking
    for measure in county.rules.measures:
        asking = waiting.get(measure.code)
        if asking is not None and measure.fund is None:
            _take_on(county, measure, asking.who[_within_capacity(county, measure, asking)])
    for fund in county.rules.funds:
        _share_out(county, fund, waiting)


def _share_out(county: County, fund: FundRules, waiting: dict[str, Asking]) -> None:
    """Let the measures of a fund draw on it, one after the other, once their running support is set aside."""
    rules = {measure.code: measure for measure in county.rules.measures}
    area = county.area_of[fund.area]
    running = sum((_running(county, rules[code]) for code in fund.measures), np.zeros(county.n))
    left = np.floor(fund.limits[county.index]) - np.bincount(area, running * county.weight, area.max() + 1)
    for code in fund.measures:
        if code in waiting:
            left -= _draw_on(county, rules[code], waiting[code], area, left)


def _ask(county: County, measure: MeasureRules) -> Asking:
    """List who applies for a measure."""
    frame, records, ask = (
        county.scenario.measures[measure.code],
        county.records[measure.code],
        measure.asks[county.index],
    )
    decision = f"measures.{measure.code}"
    eligible = _eligible(county, measure, frame.eligible)
    wants = county.luck.uniform(decision, county.year, 0) < np.float32(ask.take_up)
    applying = eligible & wants & ~records.alive
    trait = int(ask.who[9])
    if trait > 0:
        applying &= county.heads(trait + 1) > 0
    who = np.flatnonzero(applying)
    # a yearly measure begins anew each year; a lasting one counts all it ever served
    served = records.alive if measure.kind in YEARLY else records.alive | records.had
    rank = ask.rank[county.cause[who]].astype(float) if frame.priority == "cause" else np.zeros(who.size)
    key = county.last_income[who]
    if frame.priority == "random":
        key = county.luck.uniform(decision, county.year, 1, who=who)
    units = county.weight[who]
    yuan = _cost(county, who, ask).astype(np.int64) * units
    return Asking(who, rank, key, units, yuan, eligible | served, served)


def _eligible(county: County, measure: MeasureRules, who: Any) -> Flags:
    below = float(np.float32(measure.asks[county.index].below))
    if np.isfinite(below):
        county.watch.near("eligible", county.last_income, below)
    eligible = county.last_income < below
    eligible &= _one_of(county.status, who.status, [term.code for term in STATUSES])
    eligible &= _one_of(county.column("category"), who.category, [term.code for term in CATEGORIES])
    eligible &= _one_of(county.cause, who.cause, ["", *(term.code for term in CAUSES)])
    workers = county.column("workers")
    eligible &= (workers >= who.workers_at_least) & (workers <= who.workers_at_most)
    eligible &= county.persons >= who.persons_at_least
    if who.failing:
        eligible &= np.any([county.lacking(name) for name in who.failing], axis=0)
    if who.holding:
        eligible &= _held(county, who.holding)
    if who.not_holding:
        eligible &= ~_held(county, who.not_holding)
    return eligible & measure.villages[county.village]


def _held(county: County, codes: tuple[str, ...]) -> Flags:
    """Tell who is in one of some measures; those that are not active are held by nobody."""
    held = [county.records[code].alive for code in codes if code in county.records]
    return np.any(held, axis=0) if held else np.zeros(county.n, bool)


def _one_of(column: npt.NDArray[Any], names: tuple[str, ...], known: list[str]) -> Flags | bool:
    """Tell which codes are among the named ones; nothing named means everything."""
    return np.isin(column, [known.index(name) for name in names]) if names else True


def _cost(county: County, who: Whole, ask: Any) -> Doubles:
    """Return what taking on a household may cost at most, in whole yuan."""
    household, person, share, pupil, ill, disabled, standard = ask.cost.astype(float).tolist()
    lacking = np.maximum(standard - county.last_income[who], 0.0)
    cost = household + county.persons[who] * (person + share * lacking)
    cost += pupil * county.heads(2)[who] + ill * county.heads(3)[who] + disabled * county.heads(4)[who]
    county.watch.rounded("assessed" if share > 0 else "cost", who, cost + 0.5)
    return np.ceil(cost)


def _running(county: County, measure: MeasureRules) -> Doubles:
    """Return what households already in support cost, in whole yuan."""
    records = county.records[measure.code]
    household, owed = measure.asks[county.index].running.astype(float).tolist()
    supported = records.alive & (records.ended == 0)
    cost = np.where(supported, household + owed * records.a, 0.0)
    county.watch.rounded("cost", np.arange(county.n), cost + 0.5)
    return np.ceil(cost)


def _within_capacity(county: County, measure: MeasureRules, asking: Asking) -> Flags:
    """Tell which applications the measure's own capacity allows."""
    if measure.capacity is None:
        return np.ones(asking.who.size, bool)
    kind, _ = measure.capacity.limit()
    area = county.area_of[measure.capacity.area]
    count = int(area.max()) + 1
    limit = np.full(count, measure.limits[county.index])
    if kind == "share":
        limit = np.floor(limit * np.bincount(area, county.weight * asking.reached, count) + 1e-9)
        limit -= np.bincount(area, county.weight * asking.served, count)
    elif kind == "budget":
        limit = np.floor(limit) - np.bincount(area, _running(county, measure) * county.weight, count)
    else:
        limit = np.floor(limit)
    use = asking.yuan if kind == "budget" else asking.units
    return _first_in_order(county, asking, np.ones(asking.who.size, bool), use, area, limit)


def _draw_on(county: County, measure: MeasureRules, asking: Asking, area: Whole, left: Doubles) -> Doubles:
    """Take on what a fund still allows of a measure, and return what that uses in each area."""
    allowed = _within_capacity(county, measure, asking)
    granted = _first_in_order(county, asking, allowed, asking.yuan, area, left)
    who = asking.who[granted]
    _take_on(county, measure, who)
    return np.bincount(area[who], asking.yuan[granted], left.size)


def _first_in_order(county: County, asking: Asking, allowed: Flags, use: Whole, area: Whole, limit: Doubles) -> Flags:
    """Grant, area by area, the longest run of applications in order of priority whose use stays within the limit."""
    place = np.flatnonzero(allowed)
    who = asking.who[place]
    order = np.lexsort((who, asking.key[place], asking.rank[place], area[who]))
    place, who = place[order], who[order]
    here = area[who]
    used = np.cumsum(use[place])
    before = np.r_[0, used][np.searchsorted(here, np.arange(limit.size))]
    granted = used - before[here] <= limit[here]
    county.watch.meeting(area, who, asking.key[place], granted)
    out = np.zeros(asking.who.size, bool)
    out[place] = granted
    return out


def _take_on(county: County, measure: MeasureRules, who: Whole) -> None:
    records = county.records[measure.code]
    records.since[who], records.ended[who] = county.code, 0
    records.had[who] = True
