"""Which measures still run for a household when a year closes, told from the panel and the addressed luck."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from povsim.plan import SUBSIDIES, CreditLine, Earning, HouseholdMeasure, Microcredit, Relocation, Works
from povsim.quantity import Quantity
from povsim.scenario import Scenario

Number = Callable[[Quantity, int], float]
"""The value of an entry in a year."""
Luck = Callable[[str, int], float]
"""This year's chance of the household's record of a measure, by the measure's code and the year."""
FADED = 0.05
"""An earning measure that has shrunk to less than this part of its full size is over."""


@dataclass(frozen=True)
class Held:
    """A measure that runs for a household: the year it began, and the year its support ended (0 while supported)."""

    since: int
    ended: int = 0


@dataclass(frozen=True)
class Close:
    """What the panel shows of a household at a year's close.

    Attributes
    ----------
    year : int
        The year.
    received : collection of str
        Codes of the measures received in it.
    owes_loan, owes_part : bool
        Whether a loan runs or is overdue, and whether a part of its own in a work or a move is still to be paid.
    lacking : collection of str
        Guarantees not met.
    """

    year: int
    received: Collection[str]
    owes_loan: bool
    owes_part: bool
    lacking: Collection[str]


def held_at_close(
    scenario: Scenario, before: Mapping[str, Held], close: Close, number: Number, luck: Luck
) -> dict[str, Held]:
    """Return the measures that run for a household when a year closes; it does not apply for these again.

    Where two measures of a household lend to it, or leave it in debt, the panel does not say which one is owed: both
    count as running until nothing is owed.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    before : mapping of str to Held
        What ran when the year before closed.
    close : Close
        What the panel shows of the year.
    number : callable
        Values of entries in the draw.
    luck : callable
        Tells which earning measures failed in the year.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> plan = read_scenario("sample")
    >>> close = Close(2016, ("jobs", "credit_line", "dibao"), False, False, ())
    >>> list(held_at_close(plan, {}, close, lambda entry, year: entry.at(year), lambda code, year: 0.99))
    ['jobs', 'credit_line']
    >>> list(held_at_close(plan, {}, close, lambda entry, year: entry.at(year), lambda code, year: 0.0))
    ['credit_line']
    """
    held = {}
    for code, measure in scenario.active().items():
        if measure.type in SUBSIDIES or not (code in before or code in close.received):
            continue
        now = before.get(code, Held(close.year))
        if isinstance(measure, Earning):
            now = Held(now.since, now.ended or (0 if code in close.received else close.year))
            failed = luck(code, close.year) < number(measure.failure, close.year)
            runs = not failed and _still_earns(measure, now, close.year, number)
        else:
            runs = _still_runs(measure, now, close, number)
        if runs:
            held[code] = now
    return held


def _still_runs(measure: HouseholdMeasure, held: Held, close: Close, number: Number) -> bool:
    if isinstance(measure, CreditLine):
        return close.year < held.since + int(number(measure.open_years, close.year)) - 1
    if isinstance(measure, Microcredit):
        return close.owes_loan
    if isinstance(measure, Works):
        return close.owes_part or not set(measure.cures).isdisjoint(close.lacking)
    return isinstance(measure, Relocation)


def _still_earns(measure: Earning, held: Held, year: int, number: Number) -> bool:
    """Tell whether an earning measure that has not failed goes on: paid ones end with their support, others fade."""
    if measure.PAID and held.ended:
        return False
    size = {0: measure.first_year, 1: measure.second_year}.get(year - held.since)
    full = 1.0 if size is None else number(size, year)
    return full * (1.0 - number(measure.decay, year)) ** (year - held.ended if held.ended else 0) >= FADED
