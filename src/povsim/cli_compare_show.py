"""What ``povsim compare`` prints: sentences a planner can read aloud, then tables no wider than the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from povsim import cli_show, figures
from povsim.planning.comparison import Comparison
from povsim.planning.comparison_groups import KINDS, THRESHOLD
from povsim.planning.comparison_statistics import WHOLE
from povsim.terms import CATEGORIES, CAUSES, STATUSES
from povsim.views.comparison_sentence import Beside, sentence
from povsim.views.comparison_words import in_points
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

MOST_GROUPS = 20
SHOWN_GROUPS = ("all", "status_at_start", "status", "cause", "category", "township")


def parts(result: Comparison, say: Wording) -> Iterator[str | Table]:
    """Yield lines and tables in the order in which they are printed."""
    yield from (answer(result, plan, say) for plan in result.names[1:])
    for plan in result.names[1:]:
        one = _cell(result, plan, "poor_persons")
        shares = {
            key: figures.probability(float(one[f"probability_{name}"]), say.lang)
            for key, name in (("share", "better"), ("equal", "equal"))
        }
        yield say("answer.chance", plan=plan, **shares)
    for row in result.luck.to_dict("records"):
        yield from _luck(row, result.names[0], say)
    yield ""
    for plan in result.names[1:]:
        yield say("table.title", year=result.year, plan=plan, first=result.names[0])
        yield _statistics(result, plan, say)
        yield ""
    yield from _money(result, say)
    yield from _areas(result, say)
    yield from _targets(result, say)
    yield from _groups(result, say)
    yield from _decomposition(result, say)
    yield from _measures(result, say)
    for key, plan in result.left_out:
        yield say(key, plan=plan)
    yield say("note.band")


def answer(result: Comparison, plan: str, say: Wording) -> str:
    """Return the answer about one plan in a sentence: people, money, cost per extra lasting exit."""
    one = _cell(result, plan, "poor_persons")
    row = next(each for each in result.money.to_dict("records") if each["plan"] == plan)
    change, low, high = (float(one[name]) for name in ("difference", "low", "high"))
    told = Beside(
        plan=plan,
        first=result.names[0],
        year=result.year,
        poor=(change, low, high),
        spending=float(row["spending"]),
        lasting=float(row["lasting_exits"]),
        cost=float(row["cost"]),
        currency=figures.currency_name(str(result.differences.attrs["currency"]), say.lang),
    )
    return sentence(told, say)


def _cell(result: Comparison, plan: str, statistic: str, area: str = WHOLE) -> xr.Dataset:
    return result.differences.sel(plan=plan, statistic=statistic, year=result.year, area=area)


def _luck(row: dict[Any, Any], first: str, say: Wording) -> Iterator[str]:
    if row["common"]:
        yield say("luck.common", plan=row["plan"], first=first, draws=row["draws"])
        if row["reason"]:
            yield say(row["reason"])
        return
    yield say("luck.apart", plan=row["plan"], first=first, reason=say(row["reason"]))


def _amount(value: float, units: str, say: Wording, *, sign: bool = False) -> str:
    if np.isnan(value):
        return figures.NOTHING
    if units == "share" and sign:
        # what a share changes by is no share: 2 % to 3 % is one point more, and half as much again
        return in_points(_signless_nothing(f"{100 * value:+,.2f}"), say.lang)
    if units == "share":
        text = figures.percent(value, say.lang)
    elif units.startswith("yuan") and "head" not in units:
        text = figures.money([value], say.lang)[0]
    else:
        text = f"{value:,.1f}" if units == "villages" else figures.count(value)
    return _signless_nothing(f"+{text}" if sign and value > 0 else text)


def _signless_nothing(text: str) -> str:
    """Return a number without its sign where it rounds to nothing."""
    return text if any(digit in text for digit in "123456789") else text.lstrip("+-")


def _band(one: xr.Dataset, units: str, say: Wording) -> str:
    """Return the ends of a band; what shares differ by is in points, as the difference beside it says."""
    if units == "share":
        low, high = (_signless_nothing(f"{100 * float(one[end]):+,.2f}") for end in ("low", "high"))
    else:
        low, high = (_amount(float(one[end]), units, say, sign=True) for end in ("low", "high"))
    return f"{low} / {high}"


def _units(units: str, result: Comparison, say: Wording) -> str:
    currency = figures.currency_name(str(result.differences.attrs["currency"]), say.lang)
    if units.startswith("yuan"):
        return currency if "head" in units else say("money.large", currency=currency)
    return say(f"unit.{units}")


def _statistics(result: Comparison, plan: str, say: Wording) -> Table:
    rows = []
    for code in result.differences["statistic"].to_numpy().tolist():
        one = _cell(result, plan, code)
        units = str(one["units"].item())
        values = [_amount(float(one[side]), units, say) for side in ("value_first", "value_plan")]
        band = _band(one, units, say)
        name = f"{one[f'statistic_{say.lang}'].item()} ({_units(units, result, say)})"
        apart = _amount(float(one["difference"]), units, say, sign=True)
        better = figures.probability(float(one["probability_better"]), say.lang)
        rows.append([name, *values, apart, band, better])
    headings = [
        say("column.statistic"),
        result.names[0],
        plan,
        *(say(f"column.{key}") for key in ("difference", "band", "better")),
    ]
    return cli_show.grid(headings, rows)


def _money(result: Comparison, say: Wording) -> Iterator[str]:
    one = say("money.one", currency=figures.currency_name(str(result.differences.attrs["currency"]), say.lang))
    for row in result.money.to_dict("records"):
        quarters = [
            figures.probability(row[key], say.lang)
            for key in ("more_for_more", "less_for_more", "more_for_less", "less_for_less")
        ]
        yield say("money.quarters", plan=row["plan"], **dict(zip("abcd", quarters, strict=True)))
        if not np.isnan(row["cost_low"]):
            low, high = figures.unit_cost([row["cost_low"], row["cost_high"]], say.lang)
            negative = figures.probability(row["probability_negative"], say.lang)
            yield say("money.band", plan=row["plan"], low=low, high=high, one=one, negative=negative)
    yield ""


def _areas(result: Comparison, say: Wording) -> Iterator[str | Table]:
    areas = [area for area in result.differences["area"].to_numpy().tolist() if area != WHOLE]
    if not areas:
        return
    for plan in result.names[1:]:
        rows = []
        for area in areas[:MOST_GROUPS]:
            one = _cell(result, plan, "poor_persons", area)
            apart = [_amount(float(one[name]), "persons", say, sign=True) for name in ("difference", "low", "high")]
            more = [
                float(_cell(result, plan, name, area)["difference"])
                for name in ("lasting_exits_so_far", "spending_so_far")
            ]
            extra = [
                _amount(value, units, say, sign=True) for value, units in zip(more, ("persons", "yuan"), strict=True)
            ]
            better = figures.probability(float(one["probability_better"]), say.lang)
            rows.append([area, apart[0], f"{apart[1]} / {apart[2]}", better, *extra])
        poor = str(result.differences["statistic_" + say.lang].sel(statistic="poor_persons").item())
        yield f"{plan}: {poor}"
        yield cli_show.grid(
            [say(f"column.{key}") for key in ("area", "difference", "band", "better", "exits", "spent")], rows
        )
        yield ""


def _targets(result: Comparison, say: Wording) -> Iterator[str | Table]:
    if result.targets.empty:
        return
    yield say("targets.title")
    rows = [
        [
            str(row[f"name_{say.lang}"]),
            str(row["year"]),
            figures.probability(row["probability_first"], say.lang),
            str(row["plan"]),
            figures.probability(row["probability"], say.lang),
        ]
        for row in result.targets.to_dict("records")
    ]
    yield cli_show.grid([say("column.target"), say("column.year"), result.names[0], "", ""], rows, left=(0, 3))
    yield ""


def _groups(result: Comparison, say: Wording) -> Iterator[str | Table]:
    if result.groups.empty:
        return
    yield say("groups.title", year=result.year, threshold=in_points(f"{100 * THRESHOLD:g}", say.lang))
    rows = []
    for kind in (kind for kind in SHOWN_GROUPS if kind in set(result.groups["kind"])):
        mine = result.groups[result.groups["kind"] == kind]
        for row in mine.sort_values("won", ascending=False, kind="stable").head(MOST_GROUPS).to_dict("records"):
            label = KINDS[kind][0 if say.lang == "zh" else 1]
            label += "" if kind == "all" else say("colon") + _group(kind, row["group"], say)
            counts = [figures.count(row[key]) for key in ("households", "won", "lost")]
            rows.append([str(row["plan"]), label, *counts, _amount(row["change"], "share", say, sign=True)])
    keys = ("group", "households", "won", "lost", "change")
    yield cli_show.grid(["", *(say(f"column.{key}") for key in keys)], rows, left=(0, 1))
    yield ""


def _group(kind: str, code: str, say: Wording) -> str:
    terms = {"status": STATUSES, "status_at_start": STATUSES, "cause": CAUSES, "category": CATEGORIES}.get(kind, ())
    return next((term.label(say.lang) for term in terms if term.code == code), code)


def _decomposition(result: Comparison, say: Wording) -> Iterator[str | Table]:
    table = result.decomposition
    if table.empty:
        return
    table = table[table["measure"] == "headcount_ratio"]
    for (plan, first, start, end), rows in table.groupby(["plan", "from_plan", "from_year", "to_year"], sort=False):
        ends = (first, plan) if start == end else (start, end)
        yield say("decomposition.title", plan=plan, **{"from": ends[0], "to": ends[1]})
        lines = [
            [
                say(f"component.{row['component']}"),
                *(_amount(row[key], "share", say, sign=True) for key in ("share", "low", "high")),
                _amount(row["bound"], "share", say),
            ]
            for row in rows.to_dict("records")
        ]
        yield cli_show.grid(
            [say("column.component"), say("column.share"), say("column.band"), "", say("column.bound")], lines
        )
        yield ""
    yield say("note.bins")


def _measures(result: Comparison, say: Wording) -> Iterator[str | Table]:
    if result.measures is None:
        yield say("measures.none")
        return
    told = result.measures.attrs
    how = say(
        "measures.exact" if told["exact"] else "measures.sampled",
        **{key: told[key] for key in ("orders", "runs", "draws")},
    )
    yield say("measures.title", year=told["year"], how=how)
    one = result.measures.sel(statistic="poor_persons")
    order = np.argsort(-np.abs(one["share"].to_numpy()), kind="stable")[:MOST_GROUPS]
    rows = []
    for place in order:
        row = one.isel(player=int(place))
        share, error, low, high = (float(row[name]) for name in ("share", "standard_error", "low", "high"))
        cells = [f"{value:+,.1f}" for value in (share, low, high)]
        rows.append([str(row[f"player_{say.lang}"].item()), cells[0], f"{error:.1f}", f"{cells[1]} / {cells[2]}"])
    rows.append([say("component.change"), f"{float(one['change']):+,.1f}", "", ""])
    yield cli_show.grid([say(f"column.{key}") for key in ("player", "share", "error", "band")], rows)
    yield ""
