"""What ``povsim sensitivity drivers`` prints: a ranking that can be read aloud, luck, and where the plan fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from povsim import cli_show, figures
from povsim.scenario import Scenario
from povsim.sensitivity.discovery import box_table
from povsim.sensitivity.discovery_boxes import SURE
from povsim.sensitivity.driver_indices import RANKED
from povsim.sensitivity.driver_runs import ENOUGH_DRAWS, is_probability
from povsim.sensitivity.drivers import ranking
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

SHOWN = 10
"""Figures in the table on the screen; the file has them all."""
WIDE = 0.2
"""Half of an interval of a share above which the share is a rough guess."""
MANY = 10_000
WIDEST = 46
"""Columns of a figure's meaning in the table; the sentences and the file have it whole."""
HALF = 0.5
BOUNDED = ("total", "mu_star", "median")
"""Indices that cannot be below zero."""
WELCOME = ("mean_income", "exits", "lasting_exits", "exits_households", "lasting_exits_households", "villages_passing")
"""Outputs of which little is bad; of all others much is."""


@dataclass(frozen=True)
class Done:
    """What was found, and from what."""

    scenario: Scenario
    result: xr.Dataset
    shown: tuple[tuple[str, int], ...]
    people: xr.Dataset
    count: int
    draws: int
    luck: str


def opening(done: Done, say: Wording) -> Iterator[str]:
    """Say what was run."""
    result = done.result
    factors = sum(1 for paths in result["paths"].to_numpy() if str(paths))
    points = int(result.attrs["points"])
    key = "tornado.runs" if result.attrs["method"] == "tornado" else "drivers.runs"
    yield say(key, points=figures.count(points), draws=done.draws, factors=factors)
    if done.count > factors:
        yield say("drivers.together", count=done.count, factors=factors)
    told = done.people.attrs
    if "thinned_to" in told:
        errors = {key: f"{100 * told[f'thinned_{key}_error']:+.1f} %" for key in ("persons", "registered")}
        yield say(
            "drivers.thinned",
            whole=figures.count(told["thinned_from"]),
            rows=figures.count(told["thinned_to"]),
            **errors,
        )


def print_one(done: Done, name: str, year: int, say: Wording) -> None:
    """Print the ranking of one output and year."""
    screen = cli_show.screen()
    one = done.result.sel(output=name, year=year)
    label = str(one[f"output_{say.lang}"].item()).partition(":" if say.lang == "en" else "：")[0]
    screen.print(say("drivers.title", year=year, output=label))
    ranked = ranking(done.result, name, year, say.lang)
    main = RANKED[str(done.result.attrs["method"])]
    if not ranked[main].notna().any() or not (ranked[main].abs() > 0).any():
        screen.print(say("drivers.constant"))
        return
    units = str(one["output_units"].item())
    for line in _sentences(done, ranked, one, say):
        screen.print(line)
    screen.print()
    cli_show.show_whole(screen, _table(ranked.head(SHOWN), main, units, say))
    if len(ranked) > SHOWN:
        most = _amount(float(ranked[main].abs().iloc[SHOWN:].max()), _units(main, units), say)
        screen.print(say("drivers.rest", count=len(ranked) - SHOWN, most=most))
    for line in _luck_lines(done, one, say):
        screen.print(line)


def _sentences(done: Done, ranked: pd.DataFrame, one: xr.Dataset, say: Wording) -> Iterator[str]:
    method = str(done.result.attrs["method"])
    main, units = RANKED[method], str(one["output_units"].item())
    if "result" in one:
        reached = one["result"].to_numpy()[done.result["independent"].to_numpy()]
        reached = reached if reached.size else one["result"].to_numpy()
        low, high = np.quantile(reached, [0.05, 0.95])
        values = {"mean": float(reached.mean()), "low": float(low), "high": float(high)}
        yield say("drivers.range", **{key: _level(value, units, say) for key, value in values.items()})
    first = ranked.iloc[0]
    value, error = float(first[main]), float(first[f"{main}_error"])
    noise = f"{float(one['noise']):.2f}" if "noise" in one else ""
    bounds = {"share": value, "low": value - error, "high": value + error}
    if main in BOUNDED:
        bounds = {
            key: min(max(number, 0.0), 1.0) if main != "total" else max(number, 0.0) for key, number in bounds.items()
        }
    shown = {key: _amount(number, _units(main, units), say, bare=key == "low") for key, number in bounds.items()}
    yield say(f"{method}.first", name=str(first["meaning"]), noise=noise, **shown)
    if len(ranked) > 1:
        other = abs(float(ranked[main].iloc[1])) + float(ranked[f"{main}_error"].iloc[1])
        if abs(value) - error < other:
            yield say("tornado.unclear" if method == "tornado" else "drivers.unclear")
    if method == "sobol" and error > WIDE:
        yield say("drivers.wide")


def _luck_lines(done: Done, one: xr.Dataset, say: Wording) -> Iterator[str]:
    if done.draws < ENOUGH_DRAWS and done.luck == "averaged":
        yield say("drivers.few", draws=done.draws)
    if "luck_share" in one:
        share = float(one["luck_share"])
        yield (
            say("drivers.one_draw")
            if np.isnan(share)
            else say("drivers.luck", share=figures.percent(share, say.lang, 0))
        )


def _table(ranked: pd.DataFrame, main: str, units: str, say: Wording) -> Table:
    columns = {"total": ("first",), "mu_star": ("mu", "sigma"), "median": ("maximum",), "swing": ("low", "high")}[main]
    headings = [say("column.place"), say("column.figure"), say(f"column.{main}"), say("column.interval")]
    headings += [say("column.alone" if name == "first" else f"column.{name}") for name in columns]
    rows = []
    for place, (_, row) in enumerate(ranked.iterrows(), 1):
        value, error = float(row[main]), float(row[f"{main}_error"])
        ends = (value - error, value + error)
        low, high = (max(end, 0.0) for end in ends) if main in BOUNDED else ends
        cells = [_amount(value, _units(main, units), say, bare=True)]
        cells.append(" - ".join(_amount(end, _units(main, units), say, bare=True) for end in (low, high)))
        for name in columns:
            show = _level if name in ("low", "high") else _amount
            cells.append(show(float(row[name]), _units(name, units), say, bare=True))
        rows.append([str(place), _short(str(row["meaning"])), *cells])
    return cli_show.grid(headings, rows, left=(1,))


def _short(text: str) -> str:
    """Return a text cut to the columns there are for it; a Chinese character takes two."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= WIDEST else set_cell_size(text, WIDEST - 1).rstrip() + "…"


def _units(index: str, units: str) -> str:
    """Return the unit of an index: that of the output, a share of the variance, or a distance."""
    return {"total": "variance", "first": "variance", "median": "distance", "maximum": "distance"}.get(index, units)


def _amount(value: float, units: str, say: Wording, *, bare: bool = False) -> str:
    """Return a change or a share; changes of shares are in percentage points."""
    if units == "variance":
        # Intervals by resampling overshoot what a share can be, and nobody should read "-0 %" aloud.
        return figures.percent(min(round(value, 2) + 0.0, 1.0), say.lang, 0)
    if units in ("share", "flag") and np.isfinite(value):
        text = f"{100 * value:.2f}"
        return text if bare else say("points.unit", value=text)
    return _number(value, units)


def _level(value: float, units: str, say: Wording, *, bare: bool = False) -> str:
    """Return a value of the result itself."""
    if units in ("share", "flag"):
        return figures.percent(value, say.lang, 0 if bare and units == "flag" else 2)
    return _number(value, units)


def _number(value: float, units: str) -> str:
    if not np.isfinite(value):
        return figures.NOTHING
    return f"{value:.2f}" if units == "distance" else f"{value:,.4g}" if abs(value) < MANY else f"{value:,.0f}"


def boxes(done: Done, found: xr.Dataset | None, say: Wording) -> Iterator[str]:
    """Say in which ranges of the figures the first output fails."""
    name, year = done.shown[0]
    one = done.result.sel(output=name, year=year)
    label = str(one[f"output_{say.lang}"].item()).partition(":" if say.lang == "en" else "：")[0]
    ((side, value),) = threshold(done).items()
    rule = "rule.chance" if is_probability(done.scenario, name) else f"rule.{side}"
    limit = _level(value, str(one["output_units"].item()), say)
    yield ""
    yield say("discover.title", rule=say(rule, output=label, year=year, value=limit))
    if found is None:
        reached = one["result"].to_numpy()[done.result["independent"].to_numpy()]
        fails = int((reached < value).sum() if side == "below" else (reached > value).sum())
        yield say("discover.refused", fails=fails, points=reached.size)
        return
    table = box_table(found, say.lang)
    if table.empty:
        yield say("discover.none")
    for box in found["box"].to_numpy():
        at = found.sel(box=box)
        shares = {key: figures.percent(float(at[key]), say.lang, 0) for key in ("density", "coverage")}
        yield say("discover.box", box=int(box), **shares)
        for row in table[table["box"] == box].to_dict("records"):
            yield _limit(row, say)


def _limit(row: Mapping[Any, Any], say: Wording) -> str:
    low, high = float(row["low"]), float(row["high"])
    kind = "under" if np.isnan(low) else "over" if np.isnan(high) else "between"
    text = say(f"discover.{kind}", name=row["meaning"], low=f"{low:.4g}", high=f"{high:.4g}")
    return text + (say("discover.chance") if float(row["quasi_p"]) > SURE else "")


def threshold(done: Done) -> dict[str, float]:
    """Return what counts as failing: a probability below one half, else the worse quarter of the points."""
    name, year = done.shown[0]
    if is_probability(done.scenario, name):
        return {"below": HALF}
    reached = done.result["result"].sel(output=name, year=year).to_numpy()[done.result["independent"].to_numpy()]
    good = name in WELCOME
    return {"below": float(np.quantile(reached, 0.25))} if good else {"above": float(np.quantile(reached, 0.75))}
