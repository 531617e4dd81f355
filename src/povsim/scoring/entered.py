"""Values that users enter: known ones, ranges, ratings and values to date, by year and unit; and the blank table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ValidationError

from povsim.errors import InputError, Problem
from povsim.figures import unit_name
from povsim.scoring.entered_draws import by_rater, drawn, grid, luck, placed, weighted
from povsim.scoring.entered_files import COLUMNS, Slip, gathered, listed, peer_name, read_table, records
from povsim.scoring.entered_rows import FINAL, Reading, context_of, interpret, rater_kind
from povsim.scoring.schema import Indicator, Profile, Scorecard
from povsim.scoring.year_to_date import to_year_end
from povsim.terms import Language
from povsim.wording import wording

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Shared:
    """A table that serves scorecards of several levels: rows of the units of the others are passed over."""

    table: str | Path | pd.DataFrame
    others: frozenset[str]


Source = str | Path | pd.DataFrame | Shared


@dataclass(frozen=True)
class Entered:
    """What was entered for a scorecard.

    Attributes
    ----------
    card : Scorecard
        The scorecard it was read against.
    readings, found : mapping of code to tuple of Reading
        Values of indicators, severities of findings.
    class_of : mapping of unit to str
        Classes of units.
    grades : mapping of year to unit to code of a grade
        Grades of past years.
    peer_values : mapping of indicator to peer to year to value
        Values of named units elsewhere, in the unit of the indicator.
    profiles : mapping of code to Profile
        Profiles that take the place of the scorecard's.
    """

    card: Scorecard
    readings: Mapping[str, tuple[Reading, ...]]
    found: Mapping[str, tuple[Reading, ...]]
    class_of: Mapping[str, str]
    grades: Mapping[int, Mapping[str, str]]
    peer_values: Mapping[str, Mapping[str, Mapping[int, float]]]
    profiles: Mapping[str, Profile]

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the indicators that have entries for units of the run."""
        return tuple(self.readings)

    def given(self, code: str, years: Sequence[int], units: Sequence[str]) -> Flags:
        """Return for which years and units an indicator has an entry, dims (year, unit)."""
        out = np.zeros((len(years), len(units)), dtype=bool)
        for year, unit, _ in placed(self.readings.get(code, ()), years, units):
            out[year, unit] = True
        return out

    def values(
        self,
        item: Indicator,
        *,
        draws: Sequence[int],
        years: Sequence[int],
        units: Sequence[str],
        prior: npt.ArrayLike | None = None,
        seed: int = 0,
    ) -> Floats:
        """Return the entered values of an indicator.

        Known values are the same in all draws. Ranges are drawn: uniform between low and high, triangular where a value
        is given too. Several ratings are averaged within each kind of rater, then over kinds by their weights, those of
        the kinds present. Of values to date the latest month counts, carried to the year's end with its profile.

        Parameters
        ----------
        item : Indicator
            The item.
        draws, years, units : sequence
            What is wanted; luck is addressed by them, so that the order makes no difference.
        prior : array, dims (draw, year, unit), optional
            Year-end values from before anything was entered, for values to date.
        seed : int
            Seed of the luck of ranges.

        Returns
        -------
        array of float32, dims (draw, year, unit)
            In the unit of the indicator, not a number where nothing is entered.
        """
        shape = (len(draws), len(years), len(units))
        sums: dict[str, Doubles] = defaultdict(lambda: np.zeros(shape))
        counts: dict[str, npt.NDArray[np.int64]] = defaultdict(lambda: np.zeros(shape[1:], dtype=np.int64))
        for rater, readings in by_rater(self.readings.get(item.code, ())).items():
            ranges = grid(readings, years, units)
            decision = f"entered:{self.card.code}:{item.code}" + (f":{rater}" if rater else "")
            values = drawn(ranges, luck(ranges, units, draws, years, (seed, decision)))
            if (ranges[3] < FINAL).any():
                profile = self.profile(item.profile)
                values = to_year_end(values, ranges[3], profile, prior, bounds=item.bounds).astype(np.float64)
            known = ~np.isnan(ranges[0])
            sums[rater_kind(rater)] += np.where(known, values, 0.0)
            counts[rater_kind(rater)] += known
        return weighted(sums, counts, item.value_from.raters, shape)

    def profile(self, code: str) -> Profile:
        """Return a profile: the entered one, else the scorecard's."""
        return self.profiles[code] if code in self.profiles else self.card.profiles[code]

    def findings(self, code: str, years: Sequence[int], units: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return severities of a finding, dims (year, unit): the worst of a year's months, -1 where none is entered."""
        out = np.full((len(years), len(units)), -1, dtype=np.int64)
        for year, unit, reading in placed(self.found.get(code, ()), years, units):
            out[year, unit] = max(out[year, unit], int(reading.mode))
        return out

    def classes(self, units: Sequence[str]) -> list[str]:
        """Return the class of each unit, no text where none is entered."""
        return [self.class_of.get(str(unit), "") for unit in units]

    def history(self) -> dict[int, dict[str, str]]:
        """Return the grades of past years: year, unit, code of the grade."""
        return {year: dict(grades) for year, grades in sorted(self.grades.items())}

    def peers(self, item: Indicator) -> dict[str, dict[int, float]]:
        """Return the values of named peers: name, year, value in the unit of the indicator."""
        return {name: dict(path) for name, path in self.peer_values.get(item.code, {}).items()}


def read_entered(source: Source, card: Scorecard, units: Sequence[str], years: Sequence[int]) -> Entered:
    """Read the values that a user enters for a scorecard.

    The table has one row per entry with the columns unit, year, indicator, value (low and high beside or instead of it
    for a range), month, rater, note, headed in Chinese or English; or it is wide: unit, year and one column per
    indicator. ``indicator`` is a code or a name of the scorecard's indicators or findings, ``class``, ``grade`` (of a
    past year) or ``profile:<code>``; a unit ``peer:<name>`` is a unit elsewhere. Rows without a value are passed over.

    Parameters
    ----------
    source : str, Path, DataFrame or Shared
        CSV (UTF-8 or GB18030) or ``.xlsx`` file, or the table itself.
    card : Scorecard
        As ``read_scorecard`` returns it.
    units : sequence of str
        Units of the run.
    years : sequence of int
        Years of the run.

    Returns
    -------
    Entered
        Frozen; see its methods.

    Raises
    ------
    InputError
        Everything that is wrong, with rows as a spreadsheet shows them.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> card = read_scorecard("xiangyin-2016")
    >>> item = card.indicators[0]
    >>> table = pd.DataFrame({"unit": ["A"], "year": [2016], "indicator": [item.code], "value": ["98%"]})
    >>> entered = read_entered(table, card, ["A"], [2016, 2017])
    >>> entered.values(item, draws=[0], years=[2016, 2017], units=["A"])[0, :, 0].tolist()
    [0.9800000190734863, nan]
    """
    others = source.others if isinstance(source, Shared) else frozenset()
    table = read_table(source.table if isinstance(source, Shared) else source)
    rows, problems = records(table)
    rows = [row for row in rows if row.unit not in others]
    context = context_of(card, units, years)
    parts = [part for row in rows for part in interpret(row, context)]
    readings = [part for part in parts if isinstance(part, Reading)]
    slips = [part for part in parts if isinstance(part, Slip)]
    sorted_ = _sorted(readings)
    problems += gathered([*slips, *_twice(readings)])
    profiles = _profiles(card, sorted_["profile"], table.source, problems)
    problems += _without_weight(card, sorted_["indicator"])
    if not any(slip.where == "unit" for slip in slips):
        # A unit whose name is misspelt would be missing too.
        problems += _incomplete(card, sorted_["indicator"], list(context.units.values()))
    if problems:
        raise InputError(table.source, problems)
    return Entered(
        card,
        {code: tuple(found) for code, found in sorted_["indicator"].items()},
        {code: tuple(found) for code, found in sorted_["finding"].items()},
        {reading.unit: reading.text for reading in sorted_["class"].get("class", ())},
        _nested((r.year, r.unit, r.text) for r in sorted_["grade"].get("grade", ())),
        {code: _nested((r.unit, r.year, r.mode) for r in found) for code, found in sorted_["peer"].items()},
        profiles,
    )


def units_entered(source: Source) -> tuple[str, ...]:
    """Return the units of a table in their order, for levels whose units no run knows.

    Raises
    ------
    InputError
        The table cannot be read, or names no unit.

    Examples
    --------
    >>> table = pd.DataFrame({"unit": ["B", "peer:C", "A", "B"], "indicator": "x", "value": 1})
    >>> units_entered(table)
    ('B', 'A')
    """
    table = read_table(source.table if isinstance(source, Shared) else source)
    rows, _ = records(table)
    units = tuple(dict.fromkeys(row.unit for row in rows if row.unit and not peer_name(row.unit)))
    if not units:
        raise InputError(table.source, [Problem("unit", "no row names a unit")])
    return units


def entered_template(
    card: Scorecard, units: Sequence[str], years: Sequence[int], *, lang: Language = "en"
) -> pd.DataFrame:
    """Return the table that a user fills in: a row for every item and finding, values blank.

    Parameters
    ----------
    card : Scorecard
        As ``read_scorecard`` returns it.
    units : sequence of str
        Units of the run; one blank unit where they are not known.
    years : sequence of int
        Years of the run.
    lang : {"zh", "en"}
        Language of headings and notes.

    Returns
    -------
    DataFrame
        Columns as ``read_entered`` takes them; rows left blank are passed over there.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> entered_template(read_scorecard("xiangyin-2016"), ["A"], [2016]).columns.tolist()
    ['unit', 'year', 'indicator', 'value', 'low', 'high', 'month', 'rater', 'note']
    """
    say = wording(lang, "entered")
    rows: list[tuple[str, int | None, str, str, str]] = []
    for unit in units or ("",):
        for year in years:
            for item in card.indicators:
                known = item.value_from.simulated is not None or item.value_from.scorecard is not None
                note = say(
                    "note.item", name=item.label(lang), unit=unit_name(item.unit, lang), points=f"{item.points:g}"
                )
                note += say("note.known") if known else ""
                rows += [(unit, year, item.code, rater, note) for rater in item.value_from.raters or ("",)]
            rows += [(unit, year, f.code, "", say("note.finding", name=f.label(lang))) for f in card.findings]
        rows += [(unit, *row) for row in _of_units(card, years, lang)]
    frame = pd.DataFrame(rows, columns=["unit", "year", "indicator", "rater", "note"]).reindex(columns=[*COLUMNS])
    return frame.astype(object).where(frame.notna(), None).rename(columns={c: say(f"column.{c}") for c in COLUMNS})


def _of_units(card: Scorecard, years: Sequence[int], lang: Language) -> Iterator[tuple[int | None, str, str, str]]:
    """Yield the rows of classes and past grades, where an award asks for them."""
    say = wording(lang, "entered")
    if any(award.within_class for award in card.awards):
        yield None, "class", "", say("note.class")
    in_a_row = max((award.years or 0 for award in card.awards if award.type == "consecutive"), default=0)
    grades = listed([f"{grade.code} {grade.label(lang)}" for grade in card.grades.grades]) if card.grades else ""
    for year in range(min(years) - in_a_row + 1, min(years)) if grades else ():
        yield year, "grade", "", say("note.grade", grades=grades)


def _sorted(readings: Iterable[Reading]) -> dict[str, dict[str, list[Reading]]]:
    """Return readings by kind and code."""
    out: dict[str, dict[str, list[Reading]]] = defaultdict(lambda: defaultdict(list))
    for reading in readings:
        out[reading.kind][reading.code].append(reading)
    return out


def _nested(parts: Iterable[tuple[object, object, object]]) -> dict:  # type: ignore[type-arg]
    out: dict[object, dict[object, object]] = defaultdict(dict)
    for outer, inner, value in parts:
        out[outer][inner] = value
    return dict(out)


def _twice(readings: Sequence[Reading]) -> Iterator[Slip]:
    rows: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for reading in readings:
        rows[reading.address].append(reading.row)
    for (_, code, *address), found in rows.items():
        if len(found) > 1:
            named = " ".join(str(part) for part in (*address[:2], *address[3:]) if part)
            month = f" month {address[2]}" if address[2] != FINAL else ""
            yield from (Slip(row, str(code), "is entered twice", f"{named}{month}".strip()) for row in found)


def _profiles(
    card: Scorecard, entered: Mapping[str, Sequence[Reading]], source: str, problems: list[Problem]
) -> dict[str, Profile]:
    """Return the profiles entered; one that does not hold together is added to the problems."""
    out = {}
    for code, readings in entered.items():
        done = {reading.month: reading.mode for reading in readings}
        try:
            new = {"done": done, "source": f"entered in {source}", "status": "estimated"}
            out[code] = Profile.model_validate({**card.profiles[code].model_dump(), **new})
        except ValidationError as error:
            what = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
            found = ", ".join(f"{month}: {share:g}" for month, share in sorted(done.items()))
            rows = tuple(reading.row for reading in readings)
            problems.append(Problem(f"profile:{code}", what, found, rows=rows))
    return out


def _without_weight(card: Scorecard, entered: Mapping[str, Sequence[Reading]]) -> Iterator[Problem]:
    """Yield indicators rated, in some unit and year, only by kinds of raters that weigh nothing."""
    for code, readings in entered.items():
        weights = card.indicator(code).value_from.raters
        total: dict[tuple[str, int], float] = defaultdict(float)
        for reading in readings:
            total[reading.unit, reading.year] += weights.get(rater_kind(reading.rater), 0.0)
        bare = [f"{unit} {year}" for (unit, year), weight in total.items() if weights and weight == 0]
        if bare:
            allowed = ", ".join(name for name, weight in weights.items() if weight > 0)
            yield Problem(code, "is rated only by raters without weight", listed(bare), allowed)


def _incomplete(card: Scorecard, entered: Mapping[str, Sequence[Reading]], units: Sequence[str]) -> Iterator[Problem]:
    """Yield indicators that have no other source and are entered for some units of a year but not for all."""
    for code, readings in entered.items():
        item = card.indicator(code)
        if item.missing != "refuse" or item.value_from.entered is None or item.value_from.otherwise is not None:
            continue
        for year in sorted({reading.year for reading in readings}):
            there = {reading.unit for reading in readings if reading.year == year}
            if absent := [unit for unit in units if unit not in there]:
                mend = "fill these in, or let the scorecard say what stands for missing values"
                yield Problem(code, f"is entered for some units of {year} only", f"missing {listed(absent)}", mend=mend)
