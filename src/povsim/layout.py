"""How a block of households lies in memory while it is simulated: a few arrays with one named row per column.

Rows rather than separate arrays, so that a compiled function takes one argument in place of twenty and a block stays
together in the cache. ``home`` and ``traits`` come from the register and never change; ``real`` and ``whole``
are the state that a year hands to the next, one pair per scenario; ``flow`` is the year's own work space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]
Keys = npt.NDArray[np.uint64]

# home: float32, yuan of the register's year and per household unless said otherwise
PERSONS, COST_RATIO, PROPERTY, TRANSFER, PENSION, DIBAO_BEFORE = 0, 1, 2, 3, 4, 5
FIT_WAGE, REST_WAGE, FIT_BUSINESS, REST_BUSINESS, INCOME_BEFORE = 6, 7, 8, 9, 10
HOME_ROWS = 11

# traits: int16
WORKERS, STUDENTS, ILL, DISABLED, CAUSE, CATEGORY = 0, 1, 2, 3, 4, 5
TRAIT_ROWS = 6

# real: float32 state
LEVEL_WAGE, LEVEL_BUSINESS, FADING_WAGE, FADING_BUSINESS = 0, 1, 2, 3  # logs: permanent level and persistent part
LAST_INCOME = 4  # yuan per head as inspectors saw it last year, before dibao
BALANCE, CAPITAL, ARREARS = 5, 6, 7  # microcredit: owed, still invested, overdue
DEBT, DEBT_PAYMENT, DEBT_RATE = 8, 9, 10  # own part of relocation and works: owed, paid back a year, interest
REAL_ROWS = 11

# whole: int16 state; years are codes, 1 for the first simulated year
DEPRIVED, STATUS, STATUS_YEAR, ABOVE, ILL_UNTIL, FLAGS, FELL = 0, 1, 2, 3, 4, 5, 6
SINCE = 7  # one row a measure: year of entry, negative once over, 0 never; then one row a measure: year support ended
PATTERN = 0  # in ``marks``

# flags
SOUND, FALLEN, FAILED_LAST, POOR_LAST, POOR_BEFORE = 1, 2, 4, 8, 16
SERVED = 32  # some measure has taken the household on, now or before

MOST_MEASURES = 31
"""A household's receipts of a year are kept in the bits of an int32."""

# flow: float32, the year's flows in yuan per household
WAGE, GROSS, COST, PROPERTY_INCOME, TRANSFER_INCOME, PENSION_INCOME, DIBAO, ONE_OFF, MEDICAL, COUNTED = range(10)
FLOW_ROWS = 10

# marks: int16, what the year's test and inspection decided
EVENTS = 1
MARK_ROWS = 2
EXIT, WRONG_EXIT, RELAPSE, NEWLY_POOR, LASTING_EXIT = 1, 2, 4, 8, 16


class Households(NamedTuple):
    """One block of households of one scenario, as compiled functions receive it (n households)."""

    home: Floats  # (HOME_ROWS, n)
    traits: Shorts  # (TRAIT_ROWS, n)
    village: Ints  # (n,) position within the block's villages
    bounds: Longs  # (villages + 1,) where each village's households begin
    weight: Ints  # (n,) count units
    key: Keys  # (n,) address of the household's luck
    real: Floats  # (REAL_ROWS, n)
    whole: Shorts  # (SINCE + 2 * measures, n)
    flow: Floats  # (FLOW_ROWS, n)
    marks: Shorts  # (MARK_ROWS, n)
    received: Ints  # (n,) what the household received this year, a bit for each measure


@dataclass(frozen=True)
class Block:
    """Whole villages that are simulated together: what the register says of their households.

    ``first`` and ``first_village`` are positions in the whole register; ``bounds`` (villages + 1,) says where each
    village's households begin within the block.
    """

    first: int
    first_village: int
    bounds: Longs
    home: Floats
    traits: Shorts
    village: Ints
    weight: Ints
    key: Keys
    deprived: Shorts
    status: Shorts
    status_year: Shorts
    one_process: bool = False
    """Whether wage and business share their luck, as they must where only their total was seen."""

    @property
    def size(self) -> int:
        """Number of households."""
        return int(self.key.shape[0])

    @property
    def villages(self) -> int:
        """Number of villages."""
        return int(self.bounds.shape[0]) - 1


class Workspace:
    """Arrays that a thread uses again for every block and year."""

    def __init__(self, largest: int) -> None:
        self._flow = np.zeros((FLOW_ROWS, largest), dtype=np.float32)
        self._lanes = np.zeros((3, 4, largest), dtype=np.float32)
        self.candidates = np.zeros(largest, dtype=np.int32)
        self.index = np.zeros(largest, dtype=np.int32)
        self.luck = np.zeros(largest, dtype=np.float32)
        self.sort_key = np.zeros(largest, dtype=np.uint32)
        self.cost = np.zeros(largest, dtype=np.int64)
        self._received = np.zeros(largest, dtype=np.int32)
        self._marks = np.zeros((MARK_ROWS, largest), dtype=np.int16)

    def flow(self, size: int) -> Floats:
        """Return a contiguous work space for a block of this size."""
        return self._flow.reshape(-1)[: FLOW_ROWS * size].reshape(FLOW_ROWS, size)

    def received(self, size: int) -> Ints:
        """Return space for a bit for each measure and household."""
        return self._received[:size]

    def marks(self, size: int) -> Shorts:
        """Return contiguous space for the year's marks."""
        return self._marks.reshape(-1)[: MARK_ROWS * size].reshape(MARK_ROWS, size)

    def lanes(self, size: int) -> tuple[Floats, Floats, Floats]:
        """Return contiguous space for four numbers a household, three times."""
        first, second, third = (each.reshape(-1)[: 4 * size].reshape(4, size) for each in self._lanes)
        return first, second, third
