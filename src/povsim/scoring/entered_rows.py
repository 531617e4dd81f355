"""What the rows of an entered table mean for a scorecard: each a reading, or the slips that keep it from being one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from povsim.register_files import clean_word
from povsim.scoring.entered_files import Kind, Meaning, Record, Slip, key_of, lexicon, listed, peer_name
from povsim.scoring.schema import Indicator, Scorecard
from povsim.scoring.small_tables import Cell, number_in, text_in

FINAL = 12
"""Month of a value that holds for the whole year."""
SEVEREST = 9
YES = frozenset({"yes", "true", "是", "有"})
NO = frozenset({"no", "false", "否", "无"})
PERCENT_UNITS = frozenset({"percent", "per cent", "%"})
EARLIEST = 1900


@dataclass(frozen=True)
class Reading:
    """One entered thing: a value known (low, mode and high the same), or a range; a text for classes and grades.

    ``month`` is 12 where none was given; ``mode`` is not a number where only the range is known.
    """

    row: int
    kind: Kind
    code: str
    unit: str = ""
    year: int = 0
    month: int = FINAL
    low: float = math.nan
    mode: float = math.nan
    high: float = math.nan
    rater: str = ""
    text: str = ""

    @property
    def address(self) -> tuple[object, ...]:
        """What may be entered once only."""
        return self.kind, self.code, self.unit, self.year, self.month, self.rater


@dataclass(frozen=True)
class Context:
    """What rows are read against; ``units`` leads from cleaned names to the names as the run has them."""

    card: Scorecard
    units: Mapping[str, str]
    years: tuple[int, ...]
    lexicon: Mapping[str, tuple[Meaning, ...]]


def context_of(card: Scorecard, units: Sequence[str], years: Sequence[int]) -> Context:
    """Return what the rows of a table are read against."""
    names = {clean_word(str(unit)): str(unit) for unit in units}
    return Context(card, names, tuple(int(year) for year in years), lexicon(card))


def interpret(record: Record, context: Context) -> Iterator[Reading | Slip]:
    """Yield what a row says, once for each item it is for, or its slips."""
    if record.blank:
        return
    meanings = context.lexicon.get(key_of(record.word), ())
    if not meanings:
        yield _unknown_word(record, context)
    for meaning in meanings:
        yield from _READERS[_kind(record, meaning)](record, meaning.code, context)


def _kind(record: Record, meaning: Meaning) -> Kind:
    return "peer" if meaning.kind == "indicator" and peer_name(record.unit) else meaning.kind


def _unknown_word(record: Record, context: Context) -> Slip:
    if not record.word:
        return Slip(record.row, "indicator", "is missing")
    codes = [*(item.code for item in context.card.indicators), *(item.code for item in context.card.findings)]
    allowed = f"codes and names of the scorecard: {listed(codes)}; class; grade; profile:<code>"
    return Slip(record.row, "indicator", "unknown indicator", record.word, allowed, known=context.lexicon)


def _indicator(record: Record, code: str, context: Context) -> Iterator[Reading | Slip]:
    item = context.card.indicator(code)
    unit, year, month = _unit(record, context), _year(record, context), _month(record)
    early = isinstance(month, int) and month < FINAL
    numbers, rater = _numbers(record, item, early=early), _rater(record, item)
    if (
        isinstance(unit, Slip)
        or isinstance(year, Slip)
        or isinstance(month, Slip)
        or isinstance(numbers, list)
        or isinstance(rater, Slip)
    ):
        found = numbers if isinstance(numbers, list) else []
        yield from (slip for slip in (unit, year, month, rater, *found) if isinstance(slip, Slip))
    elif early and not item.profile:
        what = f"month {month}: the indicator has no profile that carries a value to the year's end"
        yield Slip(record.row, code, what, mend="enter the value of the whole year, without month")
    else:
        yield Reading(record.row, "indicator", code, unit, year, month, *numbers, rater=rater)


def _peer(record: Record, code: str, context: Context) -> Iterator[Reading | Slip]:
    item = context.card.indicator(code)
    year, numbers = _year(record, context), _numbers(record, item, early=False)
    slips = [year] if isinstance(year, Slip) else []
    slips += numbers if isinstance(numbers, list) else []
    if context.card.peers is None:
        slips.append(Slip(record.row, "unit", "the scorecard declares no peers", record.unit))
    if record.low is not None or record.high is not None or record.month is not None or record.rater:
        what = "a peer has one value for the year: low, high, month and rater stay blank"
        slips.append(Slip(record.row, "unit", what, record.unit))
    if slips or isinstance(year, Slip) or isinstance(numbers, list):
        yield from slips
    else:
        yield Reading(record.row, "peer", code, peer_name(record.unit), year, FINAL, *numbers)


def _finding(record: Record, code: str, context: Context) -> Iterator[Reading | Slip]:
    unit, year, month = _unit(record, context), _year(record, context), _month(record)
    severity, plain = _severity(record, code), _plain(record, code)
    if (
        isinstance(unit, Slip)
        or isinstance(year, Slip)
        or isinstance(month, Slip)
        or isinstance(severity, Slip)
        or isinstance(plain, Slip)
    ):
        yield from (slip for slip in (unit, year, month, severity, plain) if isinstance(slip, Slip))
    else:
        yield Reading(record.row, "finding", code, unit, year, month, severity, severity, severity)


def _class(record: Record, code: str, context: Context) -> Iterator[Reading | Slip]:
    unit, plain, text = _unit(record, context), _plain(record, code), text_in(record.value)
    if isinstance(unit, Slip) or isinstance(plain, Slip) or not text:
        yield from (slip for slip in (unit, plain) if isinstance(slip, Slip))
        if not text:
            yield Slip(record.row, code, "value is missing")
    else:
        yield Reading(record.row, "class", code, unit, text=text)


def _grade(record: Record, code: str, context: Context) -> Iterator[Reading | Slip]:
    grades = context.card.grades.grades if context.card.grades else ()
    names = {clean_word(n).lower(): g.code for g in grades for n in (g.name_en, g.name_zh, g.code)}
    unit, year, plain = _unit(record, context), _past_year(record, context), _plain(record, code)
    found, text = names.get(text_in(record.value).lower()), text_in(record.value)
    if isinstance(unit, Slip) or isinstance(year, Slip) or isinstance(plain, Slip) or found is None:
        yield from (slip for slip in (unit, year, plain) if isinstance(slip, Slip))
        if not grades:
            yield Slip(record.row, code, "the scorecard has no grades", text)
        elif found is None:
            allowed = listed([f"{g.code} ({g.name_zh}, {g.name_en})" for g in grades])
            yield Slip(record.row, code, "unknown grade", text, allowed, known=tuple(names))
    else:
        yield Reading(record.row, "grade", code, unit, year, text=found)


def _profile(record: Record, code: str, context: Context) -> Iterator[Reading | Slip]:
    where = f"profile:{code}"
    month, plain, found = _month(record), _plain(record, where), number_in(record.value)
    slips = [slip for slip in (month, plain) if isinstance(slip, Slip)]
    if record.unit:
        slips.append(Slip(record.row, where, "holds for all units: unit stays blank", record.unit))
    if record.month is None:
        slips.append(Slip(record.row, where, "month is missing", allowed="1 to 12"))
    if found is None or not 0 <= found[0] <= 1:
        slips.append(Slip(record.row, where, "value should be a share", text_in(record.value), "0 to 1, or 0% to 100%"))
    if slips or found is None or isinstance(month, Slip):
        yield from slips
    else:
        yield Reading(record.row, "profile", code, month=month, low=found[0], mode=found[0], high=found[0])


def _several(record: Record, code: str, context: Context) -> Iterator[Slip]:
    yield Slip(record.row, "indicator", "the name stands for several; use a code", record.word, code)


_READERS: dict[Kind, Callable[[Record, str, Context], Iterable[Reading | Slip]]] = {
    "indicator": _indicator,
    "peer": _peer,
    "finding": _finding,
    "class": _class,
    "grade": _grade,
    "profile": _profile,
    "ambiguous": _several,
}


def _unit(record: Record, context: Context) -> str | Slip:
    if record.unit in context.units:
        return context.units[record.unit]
    if not record.unit:
        return Slip(record.row, "unit", "is missing")
    return Slip(record.row, "unit", "unknown unit", record.unit, listed(context.units), known=context.units)


def _whole(cell: Cell, suffix: str) -> int | None:
    found = number_in(cell.removesuffix(suffix) if isinstance(cell, str) else cell)
    return int(found[0]) if found is not None and not found[1] and found[0] == int(found[0]) else None


def _year(record: Record, context: Context) -> int | Slip:
    year = _whole(record.year, "年")
    if year in context.years and year is not None:
        return year
    what = "is missing" if record.year is None else "outside the run"
    return Slip(record.row, "year", what, text_in(record.year), listed(context.years))


def _past_year(record: Record, context: Context) -> int | Slip:
    year = _whole(record.year, "年")
    if year is not None and EARLIEST <= year < context.years[0]:
        return year
    allowed = f"years before {context.years[0]}; later grades are worked out"
    what = "is missing" if record.year is None else "of a grade lies outside"
    return Slip(record.row, "year", what, text_in(record.year), allowed)


def _month(record: Record) -> int | Slip:
    if record.month is None:
        return FINAL
    month = _whole(record.month, "月")
    if month is not None and 1 <= month <= FINAL:
        return month
    return Slip(record.row, "month", "impossible month", text_in(record.month), "1 to 12, or blank for the whole year")


def _rater(record: Record, item: Indicator) -> str | Slip:
    raters = item.value_from.raters
    kind = rater_kind(record.rater)
    if kind in raters or (not raters and not record.rater):
        return record.rater
    if not record.rater:
        return Slip(record.row, item.code, "rater is missing", allowed=listed(raters))
    if not raters:
        return Slip(record.row, item.code, "is not rated: rater stays blank", record.rater)
    mend = "several raters of a kind: add a number, such as " + f"{next(iter(raters))}:1"
    return Slip(record.row, item.code, "unknown kind of rater", record.rater, listed(raters), mend, tuple(raters))


def rater_kind(rater: str) -> str:
    """Return the kind of a rater: what stands before a colon, where there is one."""
    return rater.partition(":")[0].strip()


def _plain(record: Record, where: str) -> Slip | None:
    """Refuse what goes with the values of indicators only."""
    if record.low is not None or record.high is not None or record.rater:
        return Slip(record.row, where, "takes a value only: low, high and rater stay blank")
    return None


def _severity(record: Record, code: str) -> float | Slip:
    text = text_in(record.value).lower()
    if text in YES or text in NO:
        return 1.0 if text in YES else 0.0
    number = _whole(record.value, "")
    if number is not None and 0 <= number <= SEVEREST:
        return float(number)
    return Slip(record.row, code, "impossible severity", text, f"0 to {SEVEREST}, yes or no, 是 or 否")


def _numbers(record: Record, item: Indicator, *, early: bool) -> tuple[float, float, float] | list[Slip]:
    """Return low, mode and high; the mode is not a number where only a range is given."""
    cells = {"low": record.low, "value": record.value, "high": record.high}
    found = {name: _number(record.row, name, cell, item) for name, cell in cells.items() if cell is not None}
    slips = [number for number in found.values() if isinstance(number, Slip)]
    if ("low" in found) != ("high" in found):
        slips.append(Slip(record.row, item.code, "low and high go together"))
    given = {name: number for name, number in found.items() if not isinstance(number, Slip)}
    slips += [slip for name, number in given.items() for slip in _beyond(record, name, number, item, early=early)]
    if slips:
        return slips
    if "low" not in given:
        return given["value"], given["value"], given["value"]
    low, high, mode = given["low"], given["high"], given.get("value", math.nan)
    if low > high:
        return [Slip(record.row, item.code, "low above high", f"{low:g} to {high:g}")]
    if mode < low or mode > high:
        return [Slip(record.row, item.code, "value outside its range", f"{mode:g}", f"{low:g} to {high:g}")]
    return low, mode, high


def _number(row: int, name: str, cell: Cell, item: Indicator) -> float | Slip:
    found = number_in(cell)
    if found is None:
        return Slip(row, item.code, f"{name} should be a number", text_in(cell))
    number, percent = found
    share = item.unit.split(" ")[0] in ("share", "ratio")
    if percent and not share:
        if item.unit in PERCENT_UNITS:
            return number * 100
        return Slip(row, item.code, f"{name} is in per cent", text_in(cell), f"a number in {item.unit}")
    if share and not percent and abs(number) > _largest_bare(item):
        mend = f"write {number:g}% or {number / 100:g}"
        return Slip(row, item.code, f"{name} should be a share", text_in(cell), "0 to 1, or per cent", mend)
    return number


def _largest_bare(item: Indicator) -> float:
    """Return the largest number that is taken for a share without a per cent sign: 98 hardly means 9,800 per cent."""
    high = item.bounds[1]
    return max(1.0, high) if math.isfinite(high) else 10.0 if item.unit.startswith("ratio") else 1.0


def _beyond(record: Record, name: str, number: float, item: Indicator, *, early: bool) -> Iterator[Slip]:
    low, high = item.bounds
    # What adds up over the year may still lie below the lowest value that a whole year can have.
    least = min(low, 0.0) if early else low
    if not least <= number <= high:
        allowed = f"{least:g} to {high:g}".replace("-inf to", "up to").replace(" to inf", " or more")
        yield Slip(record.row, item.code, f"{name} is impossible", f"{number:g}", allowed)
