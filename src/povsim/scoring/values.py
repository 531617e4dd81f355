"""Values of a scorecard's indicators: simulated, entered or assumed, by scenario, draw, year and unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.scoring.assumed import drawn, drawn_findings, drawn_peers
from povsim.scoring.cells import ASSUMED, ENTERED, LEAD, NESTED, NOTHING, ORIGINS, SIMULATED, labels
from povsim.scoring.entered import Entered, Source, read_entered, units_entered
from povsim.scoring.schema import Indicator, Scorecard
from povsim.scoring.scorecard import read_scorecard
from povsim.scoring.scores import score
from povsim.scoring.signal_names import AREAS
from povsim.scoring.signals import signal, units_of

Floats = npt.NDArray[np.float32]
DEEPEST = 5
"""Scorecards within scorecards."""


@dataclass(frozen=True)
class Frame:
    """Which cells are wanted: the labels along each dim, and the address of luck."""

    scenarios: tuple[str, ...]
    draws: tuple[int, ...]
    years: tuple[int, ...]
    units: tuple[str, ...]
    seed: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Lengths of the dims scenario, draw, year, unit."""
        return len(self.scenarios), len(self.draws), len(self.years), len(self.units)


def indicator_values(
    outcomes: xr.Dataset,
    scorecard: Scorecard,
    *,
    entered: Source | Mapping[str, Source] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Return the value of every indicator for every unit, with its origin.

    Parameters
    ----------
    outcomes : Dataset
        As ``simulate`` returns it; says which scenarios, draws and years there are, and which areas.
    scorecard : Scorecard
        As ``read_scorecard`` returns it. Units are the areas of its level; of a level that is not simulated
        (households, departments), the units that are entered.
    entered : path, DataFrame, or mapping of card code to these, optional
        What the user enters (see ``povsim scorecard template``); it goes before what is simulated or assumed. A mapping
        also serves scorecards within this one.
    seed : int
        Address of the luck of assumed and entered ranges and of sampled inspections.

    Returns
    -------
    Dataset
        ``value(scenario, draw, year, unit, indicator)``, missing ones not a number; ``value_source(year, unit,
        indicator)``: 0 simulated, 1 entered, 2 assumed, 3 another scorecard's total, 4 nothing; ``value_origin
        (indicator)``; ``severity``, ``unit_class``, ``past_grade`` and ``peer_share`` where the scorecard has any.

    Raises
    ------
    InputError
        Whatever is wrong with the entered table; a simulated name that this run cannot give.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=2)
    >>> values = indicator_values(outcomes, read_scorecard("xiangyin-2016"))
    >>> values["value"].dims, values.sizes["indicator"]
    (('scenario', 'draw', 'year', 'unit', 'indicator'), 25)
    """
    return _values(outcomes, scorecard, _by_card(scorecard, entered), seed, ())


def _by_card(card: Scorecard, entered: Any) -> dict[str, Source]:
    if entered is None:
        return {}
    if not isinstance(entered, Mapping):
        return {card.code: entered}
    known = set(_within(card))
    problems = [
        Problem("entered", "is for no scorecard used here", code, ", ".join(sorted(known)), nearest(code, known))
        for code in entered
        if code not in known
    ]
    if problems:
        raise InputError(card.code, problems)
    return dict(entered)


def _within(card: Scorecard, depth: int = 0) -> Iterator[str]:
    """Yield the codes of a scorecard and of those within it."""
    yield card.code
    for item in card.indicators:
        if item.value_from.scorecard is not None and depth < DEEPEST:
            yield from _within(read_scorecard(item.value_from.scorecard), depth + 1)


def _values(
    outcomes: xr.Dataset, card: Scorecard, tables: dict[str, Source], seed: int, within: tuple[str, ...]
) -> xr.Dataset:
    if card.code in within or len(within) >= DEEPEST:
        chain = " > ".join((*within, card.code))
        raise InputError(card.code, [Problem("value_from.scorecard", "scorecards are nested in a circle", chain)])
    table = tables.get(card.code)
    frame = _frame(outcomes, card, table, seed)
    known = None if table is None else read_entered(table, card, frame.units, frame.years)
    # indicator first and unit last in memory: what every later step walks along
    stack = np.full((len(card.indicators), *frame.shape), np.nan, dtype=np.float32)
    source = np.full((len(card.indicators), len(frame.years), len(frame.units)), NOTHING, dtype=np.int8)
    for place, item in enumerate(card.indicators):
        if item.value_from.scorecard is not None:
            stack[place] = _nested(outcomes, card, item, tables, (seed, (*within, card.code), frame.units))
            source[place] = NESTED
        else:
            source[place] = _own(outcomes, card, item, frame, stack[place])
        if known is not None:
            _enter(known, item, frame, stack[place], source[place])
    return _dataset(card, frame, stack, source, known)


def _frame(outcomes: xr.Dataset, card: Scorecard, table: Source | None, seed: int) -> Frame:
    if card.level in AREAS:
        units = tuple(units_of(outcomes, card.level))
    elif table is not None:
        units = tuple(units_entered(table))
    else:
        what = f"units of level {card.level} are not simulated; enter them"
        mend = f"povsim scorecard template {card.code} values.xlsx"
        raise InputError(card.code, [Problem("entered", what, mend=mend)])
    scenarios = tuple(str(code) for code in outcomes["scenario"].to_numpy())
    draws = tuple(int(draw) for draw in outcomes["draw"].to_numpy())
    return Frame(scenarios, draws, tuple(int(year) for year in outcomes["year"].to_numpy()), units, seed)


def _own(outcomes: xr.Dataset, card: Scorecard, item: Indicator, frame: Frame, out: Floats) -> int:
    """Fill in what the indicator itself names as its source; return the code of the source."""
    named = item.value_from
    if named.simulated is not None:
        try:
            found = signal(outcomes, named, card.level, seed=frame.seed)
        except InputError as error:
            where = f"indicators.{item.code}.value_from"
            mend = "enter its values instead, or choose a plan that has what it needs"
            problems = [replace(each, where=f"{where}.{each.where}", mend=each.mend or mend) for each in error.problems]
            raise InputError(card.code, problems) from None
        out[:] = found.transpose(*LEAD).to_numpy()
        return SIMULATED
    figure = named.assumed if named.assumed is not None else named.otherwise
    if figure is None:
        return NOTHING
    decision = f"scorecard:{card.code}:{item.code}"
    out[:] = np.clip(drawn(figure, frame.units, frame.draws, frame.years, frame.seed, decision), *item.bounds)
    return ASSUMED


def _nested(
    outcomes: xr.Dataset,
    card: Scorecard,
    item: Indicator,
    tables: dict[str, Source],
    place: tuple[int, tuple[str, ...], tuple[str, ...]],
) -> Floats:
    """Return another scorecard's total over its points, (scenario, draw, year, unit); missing for units it lacks."""
    inner = read_scorecard(str(item.value_from.scorecard))
    if inner.level != card.level:
        found, allowed = f"{inner.code} is of level {inner.level}", card.level
        raise InputError(card.code, [Problem(f"indicators.{item.code}.value_from.scorecard", "level", found, allowed)])
    seed, within, units = place
    if inner.total_points <= 0:
        problem = Problem(f"indicators.{item.code}.value_from.scorecard", "has no points in all", inner.code)
        raise InputError(card.code, [problem])
    scores = score(_values(outcomes, inner, tables, seed, within), inner)
    total = scores["total"].isel(scheme=0).reindex(unit=list(units)).transpose(*LEAD).to_numpy()
    return np.asarray(total / inner.total_points, dtype=np.float32)


def _enter(known: Entered, item: Indicator, frame: Frame, out: Floats, source: npt.NDArray[np.int8]) -> None:
    """Write entered values over what was there; one entered before the year is over starts from what was there."""
    given = known.given(item.code, frame.years, frame.units)
    if not given.any():
        return
    for scenario in range(len(frame.scenarios)):
        values = known.values(
            item, draws=frame.draws, years=frame.years, units=frame.units, prior=out[scenario], seed=frame.seed
        )
        np.copyto(out[scenario], values, where=given)
    source[given] = ENTERED


def _dataset(
    card: Scorecard, frame: Frame, stack: Floats, source: npt.NDArray[np.int8], known: Entered | None
) -> xr.Dataset:
    codes = [item.code for item in card.indicators]
    data: dict[str, Any] = {
        "value": xr.DataArray(stack, dims=("indicator", *LEAD)).transpose(*LEAD, "indicator").variable,
        "value_source": (("year", "unit", "indicator"), source.transpose(1, 2, 0), _SOURCE),
        "value_origin": ("indicator", _origins(source)),
        "unit_class": ("unit", known.classes(frame.units) if known else [""] * len(frame.units)),
    }
    if card.findings:
        data["severity"] = ((*LEAD, "finding"), _findings(card, frame, known))
    if card.peers is not None:
        entered = {item.code: known.peers(item) for item in card.indicators} if known else {}
        data["peer_share"] = (("draw", "year", "peer", "indicator"), drawn_peers(card, entered, frame))
    history = known.history() if known else {}
    if history:
        past = [[str(history[year].get(unit, "")) for unit in frame.units] for year in sorted(history)]
        data["past_grade"] = (("past_year", "unit"), np.array(past, dtype=str))
    coordinates = {
        "scenario": list(frame.scenarios),
        "draw": np.array(frame.draws, dtype=np.int32),
        "year": np.array(frame.years, dtype=np.int32),
        "unit": list(frame.units),
        **labels("indicator", card.indicators),
        **(labels("finding", card.findings) if card.findings else {}),
        **({"past_year": sorted(history)} if history else {}),
    }
    attributes = {"scorecard": card.code, "level": card.level, "seed": frame.seed}
    return xr.Dataset(data, coordinates, attributes).assign_coords(indicator=codes)


_SOURCE = {
    "long_name": "where the value comes from",
    "long_name_zh": "数值来源",
    "flag_values": np.arange(len(ORIGINS), dtype=np.int8),
    "flag_meanings": " ".join(ORIGINS),
}


def _origins(source: npt.NDArray[np.int8]) -> npt.NDArray[np.str_]:
    """Return each indicator's origin: the one of most of its cells, an entered one before others when there is any."""
    found = []
    for cells in source:
        counts = np.bincount(cells.ravel(), minlength=len(ORIGINS))
        found.append(ORIGINS[ENTERED if counts[ENTERED] else int(counts.argmax())])
    return np.array(found, dtype=str)


def _findings(card: Scorecard, frame: Frame, known: Entered | None) -> npt.NDArray[np.int8]:
    """Return severities by scenario, draw, year, unit and finding; entered ones go before those drawn."""
    out = np.empty((*frame.shape, len(card.findings)), dtype=np.int8)
    for place, finding in enumerate(card.findings):
        out[..., place] = drawn_findings(card, finding, frame)
        if known is not None:
            entered = known.findings(finding.code, frame.years, frame.units)
            np.copyto(out[..., place], entered.astype(np.int8), where=entered >= 0)
    return out
