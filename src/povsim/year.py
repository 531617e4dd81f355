"""The calendar of a year for one block of households, and what happens between two years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from povsim import layout as at
from povsim.capacity import Applications, Listed, applications, cut_off, is_general, list_candidates, widest_income
from povsim.draws import decision_key, fill_normal_and_uniforms, fill_normals, fill_uniforms
from povsim.exits import judge_year, recall_failing
from povsim.incomes import Doubles, earn_year, start_source
from povsim.layout import Block, Floats, Households, Ints, Longs, Words, Workspace
from povsim.measures import ACTS
from povsim.measures.frame import Book, Turn, list_served
from povsim.measures.works import service_debt_year
from povsim.process import BlockYear, Process
from povsim.rules import MeasureRules, Rules
from povsim.shocks import shock_year

SUBSIDIES = ("transfer", "dibao")


@dataclass(frozen=True)
class AreaLuck:
    """What befalls whole areas in one draw; the scenarios share it."""

    county: Floats  # (years since the register's, 2, villages): standard normals of a village's county, by source
    village: Floats  # (years since the register's, 2, villages)
    disaster: Floats  # (years, villages): uniforms


class YearLuck(NamedTuple):
    """Luck of a block's year, four numbers a household each; the scenarios share it."""

    income: Floats  # (4, n) standard normals: renewal of wage and business, one-year luck of wage and business
    shock: Floats  # (4, n) uniforms: illness, its cost, disaster, dwelling
    inspection: Floats  # (4, n) a standard normal for the error in income, uniforms for guarantees and being found


@dataclass(frozen=True)
class Keys:
    """Keys of the built-in decisions of one seed."""

    start_wage: Words
    start_business: Words
    income: Words
    shock: Words
    inspection: Words

    @classmethod
    def of(cls, seed: int) -> Keys:
        """Return the keys of a seed."""
        names = ("income.start.wage", "income.start.business", "income", "shock", "inspection")
        return cls(*(decision_key(seed, name) for name in names))


@dataclass(frozen=True)
class YearOfScenario:
    """One scenario's year in one draw for one block: rules, the year's position, trends and disasters by village."""

    rules: Rules
    index: int
    draw: int
    trend: Floats  # (4, villages)
    struck: npt.NDArray[np.bool_]  # (villages,)

    @property
    def code(self) -> int:
        """Code of the year: 1 for the first."""
        return self.index + 1

    def turn(self, key: Words, served: Ints) -> Turn:
        """Return a measure's turn in this year."""
        return Turn(self.code, self.rules.origin, self.draw, key, served)


def simulate_year(
    h: Households,
    luck: YearLuck,
    now: YearOfScenario,
    books: dict[str, Book],
    work: Workspace,
    processes: tuple[Process, ...],
) -> None:
    """Live one year: the calendar.

    Trend and luck of incomes, illness and disaster, measures in force and new ones, debt, processes the user added,
    subsidies, the exit test, inspection with declared exits and falling back. Statistics and next year's applications
    follow.

    Parameters
    ----------
    h : Households
        A block of one scenario; changed in place.
    luck : YearLuck
        Luck of incomes, shocks and inspection, shared by the scenarios.
    now : YearOfScenario
        The year.
    books : dict of str to Book
        Where each measure enters money and recipients.
    work : Workspace
        The thread's work space.
    processes : tuple of Process
        Processes added from Python.
    """
    rules, index = now.rules, now.index
    earn_year(h, luck.income, now.trend, rules.income_terms[index])
    guarantees = rules.insurance_bit, rules.housing_bit
    shock_year(h, luck.shock, rules.illness[index], rules.disaster[index], now.struck, guarantees, now.code)
    h.received[:] = 0
    served = work.candidates[: list_served(h, work.candidates)]
    _act(h, now, books, served, subsidies=False)
    service_debt_year(h)
    for process in processes:
        process.step(BlockYear(h, rules.origin + now.code, now.draw, process.key))
    _act(h, now, books, served, subsidies=True)
    judge_year(
        h,
        rules.lines[index],
        rules.strict,
        rules.vetoes,
        rules.counts,
        rules.bits,
        rules.inspection[index],
        luck.inspection,
        now.code,
    )


def _act(h: Households, now: YearOfScenario, books: dict[str, Book], served: Ints, *, subsidies: bool) -> None:
    for place, measure in enumerate(now.rules.measures):
        if (measure.type in SUBSIDIES) == subsidies:
            since, ended = h.whole[at.SINCE + 2 * place], h.whole[at.SINCE + 2 * place + 1]
            terms = measure.terms[now.index]
            ACTS[measure.type](h, since, ended, terms, now.turn(measure.key, served), books[measure.code])


def draw_luck(block: Block, keys: Keys, draw: int, year: int, work: Workspace) -> YearLuck:
    """Draw the luck of a block's year that all scenarios share."""
    luck = YearLuck(*work.lanes(block.size))
    fill_normals(keys.income, draw, year, block.key, luck.income)
    if block.one_process:
        luck.income[1], luck.income[3] = luck.income[0], luck.income[2]
    fill_uniforms(keys.shock, draw, year, block.key, luck.shock)
    fill_normal_and_uniforms(keys.inspection, draw, year, block.key, luck.inspection)
    return luck


def draw_start(block: Block, keys: Keys, draw: int, work: Workspace) -> tuple[Floats, Floats]:
    """Draw the luck of the register's year that all scenarios share: four normals a household for each source."""
    wage, business, _ = work.lanes(block.size)
    fill_normals(keys.start_wage, draw, 0, block.key, wage)
    fill_normals(keys.start_wage if block.one_process else keys.start_business, draw, 0, block.key, business)
    return wage, business


def start(h: Households, block: Block, rules: Rules, luck: tuple[Floats, Floats]) -> None:
    """Set the state of a block at the end of the register's year, its unseen parts drawn given what was seen."""
    h.real[:] = 0
    h.whole[:] = 0
    h.whole[at.DEPRIVED], h.whole[at.STATUS] = block.deprived, block.status
    h.whole[at.STATUS_YEAR] = block.status_year
    h.whole[at.ILL_UNTIL] = -1
    h.real[at.LAST_INCOME] = h.home[at.INCOME_BEFORE]
    shift, wage, business = rules.income_terms[0][6], rules.wage, rules.business
    seen = h.home[at.FIT_WAGE], h.home[at.REST_WAGE]
    parts = wage.sds(), wage.shares()
    start_source(h.real[at.LEVEL_WAGE], h.real[at.FADING_WAGE], luck[0], seen, parts, shift, h.flow[at.WAGE])
    seen = h.home[at.FIT_BUSINESS], h.home[at.REST_BUSINESS]
    parts = business.sds(), business.shares()
    start_source(h.real[at.LEVEL_BUSINESS], h.real[at.FADING_BUSINESS], luck[1], seen, parts, shift, h.flow[at.GROSS])
    recall_failing(h, rules.line_before, rules.strict, rules.vetoes, rules.counts, rules.bits)


def candidates_year(h: Households, now: YearOfScenario, work: Workspace) -> Ints:
    """List the households of a block that the coming year's measures may concern."""
    asks = [measure.asks[now.index] for measure in now.rules.measures if measure.years[now.index]]
    if any(is_general(ask) for ask in asks):
        return np.arange(h.key.shape[0], dtype=np.int32)
    count = list_candidates(h, widest_income(asks), work.candidates)
    return work.candidates[:count]


def apply_year(
    h: Households, block: Block, now: YearOfScenario, place: int, candidates: Ints, work: Workspace
) -> Listed:
    """List a block's applications for a measure's coming year, and the standing of the measure by village."""
    rules = now.rules.measures[place]
    ask = rules.asks[now.index]
    ask = ask._replace(villages=ask.villages[block.first_village : block.first_village + block.villages])
    space = Applications(work.index, work.luck, work.sort_key, work.cost)
    since, ended = h.whole[at.SINCE + 2 * place], h.whole[at.SINCE + 2 * place + 1]
    return applications(h, since, ended, ask, now.turn(rules.key, candidates), space)


def take_on(h: Households, place: int, chosen: Ints, code: int) -> None:
    """Take households on for a measure in the year of a code."""
    h.whole[at.SINCE + 2 * place][chosen] = code
    h.whole[at.FLAGS][chosen] |= np.int16(at.SERVED)


def settle(
    measure: MeasureRules,
    index: int,
    waiting: Applications,
    units: Longs,
    starts: Longs,
    standing: Longs,
) -> npt.NDArray[np.bool_]:
    """Decide applications against a measure's capacity, area by area.

    Parameters
    ----------
    measure : MeasureRules
        Its capacity and limits.
    index : int
        Position of the year.
    waiting : Applications
        Applications of all the areas, area after area.
    units : array
        Count units of each application.
    starts : array, shape (areas + 1,)
        Where each area's applications begin.
    standing : array, shape (areas, 3)
        Count units eligible, served, and yuan of running support.

    Returns
    -------
    array of bool
        Granted or not.
    """
    if measure.capacity is None:
        return np.ones(waiting.place.size, dtype=bool)
    kind, _ = measure.capacity.limit()
    limit = measure.limits[index]
    if kind == "share":
        limits = np.floor(limit * standing[:, 0] + 1e-9).astype(np.int64) - standing[:, 1]
    elif kind == "households":
        limits = np.full(standing.shape[0], int(limit), dtype=np.int64)
    else:
        limits = int(limit) - standing[:, 2]
    return cut_off(waiting.sort_key, waiting.cost if kind == "budget" else units, starts, limits)


def trends(rules: Rules, luck: AreaLuck, earned: Doubles) -> Floats:
    """Return the trend of every year and village: log of wage and business, factor of property income and transfers.

    Parameters
    ----------
    rules : Rules
        Growth of the other sources and the spread of the areas' shocks.
    luck : AreaLuck
        Standard normals of the areas.
    earned : array, shape (2, years)
        Log trends of wage and business, see ``incomes.log_trend``.

    Returns
    -------
    array, shape (years, 4, villages), float32
    """
    county_sd, village_sd = rules.common_sd
    shocks = county_sd * luck.county + village_sd * luck.village - 0.5 * (county_sd**2 + village_sd**2)
    out = np.empty((luck.disaster.shape[0], 4, luck.disaster.shape[1]), dtype=np.float32)
    out[:, :2] = earned.T[:, :, None] + np.cumsum(shocks, axis=0)[-earned.shape[1] :]
    out[:, 2:] = np.exp(rules.growth[2:]).T[:, :, None]
    return out
