"""How households lie in memory while they are simulated: a few arrays with one named row per column.

Rows rather than separate arrays: what a compiled function takes costs time at every call and when it is compiled.
``Home`` is what the register says, cut into blocks of whole villages. ``State`` is what a year hands to the next, one
leading position per scenario. Who receives which measure is a list of ``RECORD``, since few do.
``Scratch`` is a thread's own work space: a village at a time lives in it, small enough for the nearest cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.int8]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]
Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Records = npt.NDArray[Any]

# State.real: float32
LEVEL_WAGE, LEVEL_BUSINESS, FADING_WAGE, FADING_BUSINESS = 0, 1, 2, 3  # logs: permanent level and persistent part
LAST_INCOME = 4  # yuan per head as inspectors saw it last year, before dibao
REAL_ROWS = 5

# State.small: int8; years are codes, 1 for the first simulated year
STATUS, STATUS_YEAR, ABOVE, ILL_UNTIL, JOBLESS_UNTIL, FELL, CAUSE = 0, 1, 2, 3, 4, 5, 6
SMALL_ROWS = 7

# State.bits: int16
DEPRIVED, FLAGS = 0, 1
BITS_ROWS = 2
SOUND, FALLEN, FAILED_LAST, POOR_LAST, POOR_BEFORE = 1, 2, 4, 8, 16
NEWLY_DISABLED, HAD_EXITED = 32, 64
MONITORED_CLASS = 128  # this and the next bit hold the monitored class, 1 to 3
CLASS_SHIFT = 7

# Home.facts: float32, yuan of the register's year and per household unless said otherwise
COST_RATIO, PROPERTY_BEFORE, TRANSFER_BEFORE, PENSION_BEFORE, DIBAO_BEFORE = 0, 1, 2, 3, 4
FIT_WAGE, REST_WAGE, FIT_BUSINESS, REST_BUSINESS, INCOME_BEFORE = 5, 6, 7, 8, 9  # logs; the last per head, less dibao
FACT_ROWS = 10

# Home.traits: int16
PERSONS, WORKERS, STUDENTS, ILL, DISABLED, DEPRIVED_BEFORE = 0, 1, 2, 3, 4, 5
TRAIT_ROWS = 6

# Home.codes: int8
CATEGORY, STATUS_BEFORE, STATUS_YEAR_BEFORE, CAUSE_BEFORE = 0, 1, 2, 3
CODE_ROWS = 4

# Scratch.floats: luck, four rows a decision; the year's flows in yuan per household; gathered luck
INCOME_LUCK, SHOCK_LUCK, INSPECTION_LUCK = 0, 4, 8
WAGE, GROSS, COST, PROPERTY_INCOME, TRANSFER_INCOME, PENSION_INCOME = 12, 13, 14, 15, 16, 17
DIBAO, ONE_OFF, MEDICAL, SCHOOLING, COUNTED = 18, 19, 20, 21, 22
FOUR, CANDIDATE_INCOME = 23, 27
FLOAT_ROWS = 28

# Scratch.ints: measures received this year and held, a bit each; gathered positions; places in bins; and what
# applications look at of each candidate, see capacity.gather_candidates
RECEIVED, HOLDS, PLACE, BIN, STEP = 0, 1, 2, 3, 4
TRAITS_OF, LACKS_OF, HOLDS_OF, HAD_OF, WEIGHT_OF, CHOSEN = 5, 6, 7, 8, 9, 10
INT_ROWS = 11

# Scratch.marks: int16, what the year's test and inspection decided
PATTERN, EVENTS = 0, 1
MARK_ROWS = 2
EXIT, WRONG_EXIT, RELAPSE, NEWLY_POOR, LASTING_EXIT, CAUGHT = 1, 2, 4, 8, 16, 32

# Figures.yearly: float32, one scenario's numbers of a year; several in a row where a length is said
INCOME_TERMS = 0  # 8, see incomes.earn_village
SHOCK_TERMS = 8  # 17, in the order of rules.SHOCK_TERMS
SCHOOL_TERMS = 25  # 4, cost of a pupil by stage
INSPECT_TERMS = 29  # 6, in the order of rules.INSPECTION_TERMS
WATCH_TERMS = 35  # 4, see rules.Rules.monitoring
COUNT_TERMS = 39  # 5, what counts as income
LAPSE_TERMS = 44  # 15, cumulated hazards of losing each guarantee
TEST_VALUES = 59  # 15, growth to reach or least earnings
CATCH_TERMS = 74  # 8, cumulated share of wrong exits that the stages of checking catch
START_TERMS = 82  # 16, see incomes.start_source, wage and business
LINE, LINE_BEFORE = 98, 99
EXIT_BAR = 100  # multiple of the line that a household has to be seen above to be declared out; 1 unless exits are tied
YEARLY_TERMS = 101
MOST_GUARANTEES = 15
"""Unmet guarantees are kept in the bits of an int16."""
MOST_STAGES = 8

# Figures.masks: int64, one scenario's
STRICT, VETOES, INSURANCE_BIT, HOUSING_BIT, SCHOOLING_BIT, TEST_COUNT, STAGE_COUNT, GUARANTEE_COUNT = range(8)
TEST_KIND, TEST_BIT = 8, 23  # 15 each
MASKS = 38

# Figures.asks: float32, one scenario's measure in a year
BELOW, TAKE_UP, FIRST_COST, STANDARD, RUNNING, RUNNING_OWED = 0, 1, 2, 8, 9, 10  # costs: the seven of Ask.cost
FIRST_TERM = 11  # the terms of the measure's kind

# Figures.conditions: int64, one scenario's measure in a year; the first ten are those of Ask.who
IS_STATUS, IS_CATEGORY, HAS_CAUSE, IS_FAILING, LEAST_WORKERS, MOST_WORKERS, LEAST_PERSONS = range(7)
PRIORITY, IS_YEARLY, NEEDED_TRAIT, HOLDING, NOT_HOLDING, DECIDES, LIMIT_KIND, LIMIT, RUNS, KIND = range(7, 17)
CONDITIONS = 17

# Counts.whole: int32, a village's statistics of a year
PERSONS_BY_STATUS, HOUSEHOLDS_BY_STATUS, FAILING, FAILING_HOUSEHOLDS = 0, 5, 10, 15  # five statuses each
HAPPENED, HAPPENED_HOUSEHOLDS = 20, 25  # five events each
WATCHED, POOR, CAUGHT_BY_STAGE = 30, 36, 37  # three classes and the stages, persons and households in turn
WHOLE_COLUMNS = 37 + 2 * MOST_STAGES

# Counts.yuan: int64
INCOME_BY_SOURCE, OWED, OVERDUE = 0, 5, 6
YUAN_COLUMNS = 7

MOST_MEASURES = 31
"""What a household receives, holds and ever had is kept in the bits of an int32."""
MOST_YEARS = 99
"""Codes of years fit into an int8."""

RECORD = np.dtype(
    [
        ("place", "i4"), ("measure", "i1"), ("since", "i1"), ("ended", "i1"), ("stage", "i1"),
        ("a", "f4"), ("b", "f4"), ("c", "f4"),
    ]
)  # fmt: skip
"""A household in a measure: position in the block, slot of the measure, codes of the years it began and support ended,
stage, and three numbers that a family gives a meaning (size; loan, capital, arrears; debt, payment)."""
DEAD = -1
"""Measure of a record that is over."""

APPLICATION = np.dtype(
    [("place", "i4"), ("measure", "i1"), ("granted", "i1"), ("spare", "i2"), ("key", "u4"), ("cost", "i8")], align=True
)
"""An application for the coming year: who, for what, granted already, place in the queue, cost in yuan."""


class Home(NamedTuple):
    """What the register says of a block's n households; never written."""

    facts: Floats  # (FACT_ROWS, n)
    traits: Shorts  # (TRAIT_ROWS, n)
    codes: Bytes  # (CODE_ROWS, n)
    weight: Ints  # (n,) count units
    key: Keys  # (n,) address of the household's luck
    bounds: Longs  # (villages + 1,) where each village's households begin
    township: Longs  # (villages,) position of its township within the block


class State(NamedTuple):
    """What a block's year hands to the next, for S scenarios and n households."""

    real: Floats  # (S, REAL_ROWS, n)
    small: Bytes  # (S, SMALL_ROWS, n)
    bits: Shorts  # (S, BITS_ROWS, n)
    had: Ints  # (S, n) measures the household ever had, a bit each


class Roll(NamedTuple):
    """Lists of a block, village after village and scenario after scenario, and where each village's begin."""

    rows: Records  # (length,)
    starts: Longs  # (S, villages + 1)


class Growing(NamedTuple):
    """Lists that a block's year writes, a region for each scenario."""

    rows: Records  # (S, room)
    starts: Longs  # (S, villages + 1)


class Scratch(NamedTuple):
    """A thread's work space for L households: a village at a time, or the block where its flows are kept."""

    floats: Floats  # (FLOAT_ROWS, L)
    ints: Ints  # (INT_ROWS, L)
    marks: Shorts  # (MARK_ROWS, L)
    key: Keys  # (L,) gathered addresses of luck
    slots: Longs  # (2 ** tests, 2), all zero between villages


@dataclass(frozen=True)
class Block:
    """Whole villages that are simulated together; ``first`` and ``first_village`` are positions in the register."""

    first: int
    first_village: int
    first_township: int
    townships: int
    home: Home

    @property
    def size(self) -> int:
        """Number of households."""
        return int(self.home.key.shape[0])

    @property
    def villages(self) -> int:
        """Number of villages."""
        return int(self.home.bounds.shape[0]) - 1

    @property
    def largest_village(self) -> int:
        """Households of the largest village."""
        return int(np.diff(self.home.bounds).max(initial=1))


def new_state(scenarios: int, size: int) -> State:
    """Return room for the state of a block."""
    return State(
        np.empty((scenarios, REAL_ROWS, size), dtype=np.float32),
        np.empty((scenarios, SMALL_ROWS, size), dtype=np.int8),
        np.empty((scenarios, BITS_ROWS, size), dtype=np.int16),
        np.empty((scenarios, size), dtype=np.int32),
    )


def new_scratch(length: int, tests: int) -> Scratch:
    """Return a work space for villages or blocks of at most ``length`` households."""
    return Scratch(
        np.zeros((FLOAT_ROWS, length), dtype=np.float32),
        np.zeros((INT_ROWS, length), dtype=np.int32),
        np.zeros((MARK_ROWS, length), dtype=np.int16),
        np.zeros(length, dtype=np.uint64),
        np.zeros((1 << tests, 2), dtype=np.int64),
    )
