"""The calendar of a year for a block of villages: one compiled call lives a village at a time, all scenarios in turn.

A village is small enough for the nearest cache, and its luck, drawn once, serves every scenario. Lists grow as the
villages go by: where the room given might not do, the call ends early, and is repeated from that village on with more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from povsim import layout as at
from povsim.capacity import IN_VILLAGE, apply_for, decide_in_village, gather_candidates, list_applicants
from povsim.compiled import compiled, f32, inlined, internal
from povsim.draws import fill_normals, fill_uniforms, to_normals
from povsim.enrolling import Cuts, enter_village, take_stock
from povsim.exits import inspect_village, recall_failing, test_village
from povsim.incomes import earn_village, renew_village, start_source
from povsim.layout import Flags, Floats, Growing, Home, Ints, Longs, Records, Roll, Scratch, Shorts, State, Words
from povsim.measures import DIBAO, EARNING, EDUCATION, FIRST_SUBSIDY, LINE, LOAN, MEDICAL, RELOCATION, TRANSFER, WORKS
from povsim.measures.frame import Spot, gather_luck
from povsim.measures.income import earn_by_measure
from povsim.measures.loan import hold_line, lend
from povsim.measures.subsidy import aid_pupils, assist_ill, pay_dibao, pay_flat
from povsim.measures.works import carry_out_works, relocate
from povsim.shocks import fall_ill, lapse, lose_jobs, pay_schools, strike
from povsim.tally import Counts, Shares, count_bins, count_loans, count_patterns, count_village

DECISIONS = (
    "income.start.wage", "income.start.business", "income", "shock", "shock.detail", "inspection", "schooling",
)  # fmt: skip
"""The built-in decisions, in the order of ``Figures.keys``; without their own key in a register with only totals."""
_START_WAGE, _START_BUSINESS, _INCOME, _SHOCK, _DETAIL, _INSPECTION, _SCHOOLING = range(7)
FIRST_PART, SUBSIDY_PART, LAST_PART, WHOLE = 1, 2, 4, 7
"""Parts of a year: up to the measures; subsidies; tests, inspection, counting and next year's applications.

A user's own processes act after the first part, totals that a scenario ties are met before the last.
"""


class Figures(NamedTuple):
    """One draw's numbers of S scenarios, Y years, V villages of the register and M measures; columns as in layout."""

    trend: Floats  # (S, Y, V, 5) log trend of wage and business, factors of property income and transfers, 1 if struck
    yearly: Floats  # (S, Y, YEARLY_TERMS)
    masks: Longs  # (S, MASKS)
    asks: Floats  # (S, Y, M, FIRST_TERM + MOST_TERMS)
    conditions: Longs  # (S, Y, M, CONDITIONS)
    rank: Shorts  # (S, M, causes + 1) place of each cause in a measure's priority
    villages: Flags  # (S, M, V) where a measure is open
    widest: Floats  # (S, Y) income per head at or above which unregistered households concern no measure
    keys: Words  # (M + decisions, 2), the measures first


class When(NamedTuple):
    """Which part of which year of which draw a call is about."""

    draw: int
    draw_position: int
    year_index: int  # 0 is the first simulated year
    origin: int  # calendar year of code 0
    base_year: int  # the register's
    first_scenario: int
    last_scenario: int  # not included
    part: int
    keep: int  # 1: flows of the whole block are kept in the scratch
    one_process: int  # 1: wage and business share their luck, as they must where only their total was seen


class Where(NamedTuple):
    """Which block a call is about, and from which of its villages on."""

    first: int
    first_village: int
    village: int


@compiled
def live_block(
    home: Home, state: State, scratch: Scratch, figures: Figures, counts: Counts, shares: Shares, standing: Longs,
    lists: tuple[Roll, Roll, Growing, Growing], cuts: Cuts, when: When, where: Where,
) -> int:  # fmt: skip
    """Live a year, or a part of it, of a block's villages.

    The calendar: trend and luck of incomes, shocks, measures in force and new ones (and here a user's own processes),
    subsidies, the exit test, inspection with declared exits and falling back, statistics, next year's applications.

    Parameters
    ----------
    home, state, scratch
        The block and the thread's work space.
    figures : Figures
        The draw's numbers.
    counts, shares
        Statistics, added to.
    standing : array, shape (S, V, M, 3)
        Out: of each measure count units eligible or served, served so far, yuan of running support, for the next year.
    lists : tuple
        Records and applications of the year before; records and applications of this one, filled.
    cuts : Cuts
        Decides the applications of measures whose capacity blocks share.
    when, where
        Part, year, draw; block and first village.

    Returns
    -------
    int
        The village that there was no room for, or the number of villages.
    """
    old, waiting, records, applications = lists
    villages, measures = home.bounds.shape[0] - 1, figures.conditions.shape[2]
    d, y = when.draw_position, when.year_index
    year, calendar = y + 1, when.origin + y + 1
    for v in range(where.village, villages):
        low, high = home.bounds[v], home.bounds[v + 1]
        if _lacks_room(high - low, shares, lists, measures, when, v):
            return v
        place = where.first_village + v
        if when.part & FIRST_PART != 0:
            _draw_income(home, scratch, figures.keys, when, calendar, low, high)
            key = figures.keys[measures + _SHOCK]
            fill_uniforms(key, when.draw, calendar, home.key[low:high], scratch.floats, at.SHOCK_LUCK)
        if when.part & LAST_PART != 0:
            key = figures.keys[measures + _INSPECTION]
            fill_uniforms(key, when.draw, calendar, home.key[low:high], scratch.floats, at.INSPECTION_LUCK)
            to_normals(scratch.floats, at.INSPECTION_LUCK, high - low)
        for s in range(when.first_scenario, when.last_scenario):
            base = low if when.keep == 1 else np.int64(0)
            spot = Spot(s, low, high, base, year, when.origin, when.draw, calendar - when.base_year, v)
            rows = records.rows[s]
            books = (counts.spending[s, d, y], counts.recipients[s, d, y])
            if when.part & FIRST_PART != 0:
                start = records.starts[s, v]
                records.starts[s, v + 1] = enter_village(
                    state, figures.conditions[s, y], (old, waiting), cuts, rows, start, place, where.first, spot,
                    (home.weight, counts.entered[s, y]),
                )  # fmt: skip
                _befall(home, state, scratch, figures, place, spot)
                _act(home, state, scratch, figures, books, rows, (start, records.starts[s, v + 1], place, 0), spot)
            begin, end = records.starts[s, v], records.starts[s, v + 1]
            if when.part & SUBSIDY_PART != 0:
                _act(home, state, scratch, figures, books, rows, (begin, end, place, 1), spot)
            if when.part & LAST_PART != 0:
                _judge(home, state, scratch, figures, counts, shares, (d, place), spot)
                count_loans(home.weight, rows, (begin, end), figures.conditions[s, y], counts.yuan[s, d, y, place])
                applications.starts[s, v + 1] = applications.starts[s, v]
                if year < figures.yearly.shape[1]:
                    asks = figures.asks[s, year]
                    kept = take_stock(home.weight, scratch, rows, (begin, end), asks, standing[s, place], spot)
                    if when.part == WHOLE:
                        records.starts[s, v + 1] = kept
                    _apply(home, state, scratch, figures, standing[s, place], applications, place, spot, year)
    return villages


@compiled
def begin_block(
    home: Home, state: State, scratch: Scratch, figures: Figures, counts: Counts, standing: Longs,
    applications: Growing, when: When, where: Where,
) -> int:  # fmt: skip
    """Set the state of a block at the end of the year before the first, its unseen parts drawn given what was seen.

    Parameters and what is returned are as for :func:`live_block`; ``when.year_index`` is -1.
    """
    villages, measures = home.bounds.shape[0] - 1, figures.conditions.shape[2]
    for v in range(where.village, villages):
        low, high = home.bounds[v], home.bounds[v + 1]
        for s in range(when.last_scenario):
            if applications.starts[s, v] + (high - low) * measures > applications.rows.shape[1]:
                return v
        place, since = where.first_village + v, when.origin - when.base_year
        own = _START_WAGE if when.one_process == 1 else _START_BUSINESS
        fill_normals(figures.keys[measures + _START_WAGE], when.draw, 0, home.key[low:high], scratch.floats, 0)
        fill_normals(figures.keys[measures + own], when.draw, 0, home.key[low:high], scratch.floats, 4)
        for s in range(when.last_scenario):
            spot = Spot(s, low, high, np.int64(0), 0, when.origin, when.draw, since, v)
            yearly = figures.yearly[s, 0]
            _start(home, state, scratch, yearly, spot)
            found = counts.identified[s, when.draw_position, place]
            recall_failing(home, state, scratch, yearly, figures.masks[s], spot, found)
        for year in range(when.base_year + 1, when.origin + 1):
            _draw_income(home, scratch, figures.keys, when, year, low, high)
            for s in range(when.last_scenario):
                spot = Spot(s, low, high, np.int64(0), 0, when.origin, when.draw, since, v)
                renew_village(state, scratch, figures.yearly[s, 0], spot)
        for s in range(when.last_scenario):
            spot = Spot(s, low, high, np.int64(0), 0, when.origin, when.draw, since, v)
            scratch.ints[at.HOLDS, : high - low] = np.int32(0)
            standing[s, place] = 0
            _apply(home, state, scratch, figures, standing[s, place], applications, place, spot, 0)
    return villages


@inlined
def _start(home: Home, state: State, scratch: Scratch, yearly: Floats, spot: Spot) -> None:
    s, here, n = spot.scenario, slice(spot.low, spot.high), spot.high - spot.low
    floats, facts = scratch.floats, home.facts
    for source in range(2):
        luck = (
            floats[4 * source, :n], floats[4 * source + 1, :n], floats[4 * source + 2, :n], floats[4 * source + 3, :n]
        )  # fmt: skip
        seen = (facts[at.FIT_WAGE + 2 * source, here], facts[at.REST_WAGE + 2 * source, here])
        parts = yearly[at.START_TERMS + 8 * source : at.START_TERMS + 8 * source + 8]
        start_source(
            state.real[s, at.LEVEL_WAGE + source, here], state.real[s, at.FADING_WAGE + source, here], luck, seen,
            parts, yearly[at.INCOME_TERMS + 6], floats[at.WAGE + source, :n],
        )  # fmt: skip
    state.real[s, at.LAST_INCOME, here] = facts[at.INCOME_BEFORE, here]
    for row in range(at.SMALL_ROWS):
        state.small[s, row, here] = np.int8(0)
    state.small[s, at.STATUS, here] = home.codes[at.STATUS_BEFORE, here]
    state.small[s, at.STATUS_YEAR, here] = home.codes[at.STATUS_YEAR_BEFORE, here]
    state.small[s, at.CAUSE, here] = home.codes[at.CAUSE_BEFORE, here]
    state.small[s, at.ILL_UNTIL, here] = np.int8(-1)
    state.small[s, at.JOBLESS_UNTIL, here] = np.int8(-1)
    state.bits[s, at.DEPRIVED, here] = home.traits[at.DEPRIVED_BEFORE, here]
    state.bits[s, at.FLAGS, here] = np.int16(0)
    state.had[s, here] = np.int32(0)


@inlined
def _lacks_room(
    n: int, shares: Shares, lists: tuple[Roll, Roll, Growing, Growing], measures: int, when: When, v: int
) -> bool:
    old, waiting, records, applications = lists
    for s in range(when.first_scenario, when.last_scenario):
        if when.part & FIRST_PART != 0:
            held = old.starts[s, v + 1] - old.starts[s, v] + waiting.starts[s, v + 1] - waiting.starts[s, v]
            if records.starts[s, v] + held > records.rows.shape[1]:
                return True
        if when.part & LAST_PART != 0:
            if applications.starts[s, v] + n * measures > applications.rows.shape[1]:
                return True
            if shares.filled[s] + n + 1 > shares.patterns.shape[1]:
                return True
    return False


@inlined
def _draw_income(home: Home, scratch: Scratch, keys: Words, when: When, year: int, low: int, high: int) -> None:
    floats, n = scratch.floats, high - low
    key = keys[keys.shape[0] - len(DECISIONS) + _INCOME]
    fill_normals(key, when.draw, year, home.key[low:high], floats, at.INCOME_LUCK)
    if when.one_process == 1:
        floats[at.INCOME_LUCK + 1, :n] = floats[at.INCOME_LUCK, :n]
        floats[at.INCOME_LUCK + 3, :n] = floats[at.INCOME_LUCK + 2, :n]


@internal
def _befall(home: Home, state: State, scratch: Scratch, figures: Figures, place: int, spot: Spot) -> None:
    """Let the year's incomes come in, and its shocks strike."""
    s, y, decisions = spot.scenario, spot.year - 1, figures.conditions.shape[2]
    yearly, masks, trend = figures.yearly[s, y], figures.masks[s], figures.trend[s, y, place]
    scratch.ints[at.RECEIVED, spot.base : spot.base + spot.high - spot.low] = np.int32(0)
    earn_village(home, state, scratch, trend, yearly, spot)
    terms, detail = yearly[at.SHOCK_TERMS : at.SHOCK_TERMS + 17], figures.keys[decisions + _DETAIL]
    fall_ill(home, state, scratch, terms, masks[at.INSURANCE_BIT], detail, spot)
    if terms[11] > f32(0.0):
        lose_jobs(state, scratch, terms, spot)
    hazards = yearly[at.LAPSE_TERMS : at.LAPSE_TERMS + masks[at.GUARANTEE_COUNT]]
    lapse(home, state, scratch, hazards, masks[at.SCHOOLING_BIT], spot)
    if trend[4] > f32(0.0):
        strike(home, state, scratch, terms, masks[at.HOUSING_BIT], detail, spot)
    if yearly[at.COUNT_TERMS + 4] > f32(0.0):
        amounts = yearly[at.SCHOOL_TERMS : at.SCHOOL_TERMS + 4]
        pay_schools(home, scratch, amounts, figures.keys[decisions + _SCHOOLING], spot)


@internal
def _judge(
    home: Home, state: State, scratch: Scratch, figures: Figures, counts: Counts, shares: Shares,
    cell: tuple[int, int], spot: Spot,
) -> None:  # fmt: skip
    """Test and inspect a village, and count it."""
    s, y = spot.scenario, spot.year - 1
    d, place = cell
    yearly, masks = figures.yearly[s, y], figures.masks[s]
    line, vetoes, whole = yearly[at.LINE], masks[at.VETOES], counts.whole[s, d, y, place]
    test_village(home, state, scratch, yearly, masks, line, spot, 1)
    inspect_village(home, state, scratch, yearly, masks, spot, whole)
    out = (whole, counts.yuan[s, d, y, place], counts.gaps[s, d, y, place])
    count_village(home, state, scratch, line, vetoes, spot, out)
    township = home.township[spot.village]
    count_bins(home, scratch, line, vetoes, spot, shares.histogram[s, township], shares.margins[s, township])
    shares.filled[s] = count_patterns(home, scratch, spot, place, shares.patterns[s], shares.filled[s])


@internal
def _act(
    home: Home, state: State, scratch: Scratch, figures: Figures, books: tuple[Longs, Ints], rows: Records,
    run: tuple[int, int, int, int], spot: Spot,
) -> None:  # fmt: skip
    """Let the measures act, each on the run of its records; subsidies act after a user's own processes.

    ``run`` is where the village's records begin and end, the village, and 1 when it is the subsidies' turn.
    """
    begin, last, village, turn = run
    s, y, measures = spot.scenario, spot.year - 1, figures.conditions.shape[2]
    conditions, asks = figures.conditions[s, y], figures.asks[s, y]
    spending, recipients = books
    while begin < last:
        measure = np.int64(rows[begin]["measure"])
        end = begin
        while end < last and rows[end]["measure"] == measure:
            end += 1
        kind = conditions[measure, at.KIND] if measure >= 0 else np.int64(-1)
        if kind >= 0 and (kind >= FIRST_SUBSIDY) == (turn == 1):
            terms, part = asks[measure, at.FIRST_TERM :], (begin, end, 1 << measure)
            if kind in (EARNING, LOAN, RELOCATION, WORKS):
                gather_luck(home.key, scratch, rows, begin, end, figures.keys[measure], spot)
            spent, served = np.int64(0), np.int64(0)
            if kind == EARNING:
                spent, served = earn_by_measure(home, state, scratch, rows, part, terms, spot)
            elif kind == LINE:
                spent, served = hold_line(home, state, scratch, rows, part, terms, spot)
            elif kind == LOAN:
                spent, served = lend(home, state, scratch, rows, part, terms, spot)
            elif kind == RELOCATION:
                spent, served = relocate(home, state, scratch, rows, part, terms, spot)
            elif kind == WORKS:
                spent, served = carry_out_works(home, state, scratch, rows, part, terms, spot)
            elif kind == EDUCATION:
                key = figures.keys[measures + _SCHOOLING]
                spent, served = aid_pupils(home, scratch, rows, part, terms, spot, key)
            elif kind == MEDICAL:
                spent, served = assist_ill(home, scratch, rows, part, terms, spot)
            elif kind == TRANSFER:
                spent, served = pay_flat(home, state, scratch, rows, part, terms, spot)
            elif kind == DIBAO:
                spent, served = pay_dibao(home, state, scratch, rows, part, terms, spot)
            spending[measure, village] += spent
            recipients[measure, village] += np.int32(served)
        begin = end


@internal
def _apply(
    home: Home, state: State, scratch: Scratch, figures: Figures, standing: Longs, applications: Growing, place: int,
    spot: Spot, coming: int,
) -> None:  # fmt: skip
    """List a village's applications for the coming year, and where each measure stands."""
    s, v = spot.scenario, spot.village
    rows, filled = applications.rows[s], applications.starts[s, v]
    conditions, asks = figures.conditions[s, coming], figures.asks[s, coming]
    candidates = gather_candidates(home, state, scratch, spot, figures.widest[s, coming])
    for measure in range(conditions.shape[0]):
        if conditions[measure, at.RUNS] == 0 or not figures.villages[s, measure, place]:
            continue
        ask = (conditions[measure], asks[measure])
        count = list_applicants(scratch, candidates, measure, ask, standing[measure])
        begin = filled
        rank, key = figures.rank[s, measure], figures.keys[measure]
        filled = apply_for(home, state, scratch, count, measure, ask, rank, key, spot, rows, begin)
        if ask[0][at.DECIDES] == IN_VILLAGE:
            decide_in_village(rows, (begin, filled), home.weight, ask[0], standing[measure])
    applications.starts[s, v + 1] = filled
