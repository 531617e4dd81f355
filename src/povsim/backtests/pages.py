"""The page of a back-test: both languages, charts, scores, limits, parameters; it needs no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from povsim import figures
from povsim.backtests.drawing import chart_of
from povsim.backtests.panel_page import panel_tables
from povsim.backtests.record import ROOM, BackTest, name_of, own_version, skill
from povsim.report.page import page
from povsim.report.parts import Chapter, Contents, Item
from povsim.terms import Language
from povsim.views.parts import Column, Table
from povsim.wording import Wording, wording

CONVENTIONS = 3


def backtest_page(result: BackTest, *, lang: Language = "en") -> bytes:
    """Return the page; it opens in the language named, and holds both.

    Parameters
    ----------
    result : BackTest
        Of a nation or a panel.
    lang : {"zh", "en"}
        Language it opens in.
    """
    order: tuple[Language, Language] = ("zh", "en") if lang == "zh" else ("en", "zh")
    return page([backtest_contents(result, one) for one in order])


def backtest_contents(result: BackTest, lang: Language) -> Contents:
    """Return what the page says, in one language."""
    say = wording(lang, ROOM)
    told = {
        "version": own_version(), "code": result.code, "draws": result.settings.get("draws", ""),
        "seed": result.settings.get("seed", ""),
    }  # fmt: skip
    family = "panel." if result.kind == "panel" else ""
    chapters = [_results(result, say), _scores(result, say), _limits(result, say), _parameters(result, say)]
    return Contents(
        lang,
        say("title", name=result.label(lang)),
        say("subtitle", draws=told["draws"], seed=told["seed"]),
        result.headline(lang),
        say("origin", **told),
        [say(f"{family}convention.{number}") for number in range(1, CONVENTIONS + 1)],
        chapters,
    )


def _results(result: BackTest, say: Wording) -> Chapter:
    charts = [chart_of(picture, say.lang) for picture in result.pictures]
    empty: Sequence[Column] = ()
    items = [Item(Table(chart.code, chart.title, empty, note=chart.note), (chart,)) for chart in charts]
    lead = [one.text(say.lang) for one in result.statements[1:]]
    return Chapter("results", say("chapter.results"), (), [*_with_numbers(items, result, say)], lead)


def _with_numbers(items: list[Item], result: BackTest, say: Wording) -> list[Item]:
    """Put the numbers a picture draws under it."""
    numbers = []
    for item, picture in zip(items, result.pictures, strict=True):
        kind: Any = {"share": "percent", "persons": "count", "amount": "number"}[picture.unit]
        columns = [Column("_", say("column.when") if picture.shape == "lines" else "")]
        rows: list[dict[str, Any]] = [
            {"_": say.find(pair[say.lang == "en"]) or pair[say.lang == "en"]} for pair in picture.categories
        ]
        for line in picture.lines:
            columns.append(Column(line.code, name_of(say, "line", line.code), kind, 1 if kind == "percent" else 0))
            for row, value in zip(rows, line.values, strict=True):
                row[line.code] = None if math.isnan(value) else value
        table = Table(item.table.code, item.table.title, columns, rows, item.table.note)
        numbers.append(Item(table, item.charts))
    return numbers


def _scores(result: BackTest, say: Wording) -> Chapter:
    tables = (skill_table(result, say), outcome_table(result, say))
    items = [Item(one) for one in (panel_tables(result, say) if result.kind == "panel" else tables)]
    return Chapter("scores", say("chapter.scores"), (), items)


def skill_table(result: BackTest, say: Wording) -> Table:
    """Return how well each model did, by quantity.

    Parameters
    ----------
    result : BackTest
        The back-test.
    say : Wording
        Texts of the room ``backtest``.
    """
    columns = [
        *(Column(code, say(f"column.{code}")) for code in ("quantity", "model")),
        Column("count", say("column.count"), "count"),
        *(Column(code, say(f"column.{code}"), "number") for code in ("error", "bias", "crps")),
        Column("brier", say("column.brier"), "number", 2), Column("coverage", say("column.coverage"), "percent"),
    ]  # fmt: skip
    rows = []
    for row in skill(result.table).to_dict("records"):
        amounts = {code: distance(row[code], str(row["unit"]), say.lang) for code in ("error", "bias", "crps")}
        rows.append({**_named(row, say), **amounts})
    return Table("skill", say("table.skill"), columns, rows, say("table.skill.note"))


def outcome_table(result: BackTest, say: Wording) -> Table:
    """Return the whole table in the reader's language; the file beside the page has bands and units in columns."""
    # what a panel's outcome is off by chance matters; how a published figure was rounded is told by its digits
    error = ("actual_error",) if result.kind == "panel" else ()
    columns = [
        Column("quantity", say("column.quantity")),
        # years and short words must not be broken, which only columns of numbers are kept from
        *(Column(code, say(f"column.{code}"), "number") for code in ("when", "concept")),
        Column("model", say("column.model")),
        *(Column(code, say(f"column.{code}"), "number") for code in ("mean", "band", "actual", *error, "crps")),
        Column("brier", say("column.brier"), "number", 2),
        Column("inside", say("column.inside"), "number"),
    ]
    return Table("outcomes", say("table.outcomes"), columns, _outcomes(result, say), say("table.outcomes.note"))


def _outcomes(result: BackTest, say: Wording) -> list[dict[str, Any]]:
    words = wording(say.lang, "report")
    rows = []
    for row in result.table.to_dict("records"):
        unit, named = str(row["unit"]), _named(row, say)
        shown = {code: amount(row[code], unit, say.lang) for code in ("mean", "low", "high", "actual")}
        shown |= {code: distance(row[code], unit, say.lang) for code in ("actual_error", "crps")}
        shown["band"] = f"{shown['low']} – {shown['high']}" if row["low"] < row["high"] else figures.NOTHING
        told = figures.NOTHING if math.isnan(row["inside"]) else words("words.yes" if row["inside"] else "words.no")
        quantity = (
            named["quantity"] if unit.startswith(("share", "persons")) else f"{named['quantity']} ({named['unit']})"
        )
        rows.append({**named, **shown, "quantity": quantity, "when": str(row["when"]), "inside": told})
    return rows


def distance(value: float, unit: str, lang: Language) -> str:
    r"""Return a distance between numbers of the table as text: shares differ by percentage points.

    Examples
    --------
    >>> distance(0.0125, "share of persons", "en"), distance(458.0, "yuan per head and year", "en")
    ('1.25\xa0points', '458\xa0yuan')
    """
    money = unit.partition(" ")[0]
    if math.isnan(value) or money == "persons":
        return amount(value, unit, lang)
    if not unit.startswith("share"):
        return f"{amount(value, unit, lang)}{'' if lang == 'zh' else chr(160)}{figures.currency_name(money, lang)}"
    return wording(lang, ROOM)("points", number=f"{100 * value:.2f}")


def amount(value: float, unit: str, lang: Language) -> str:
    """Return a number of the table as text: a percentage, persons or money.

    Examples
    --------
    >>> amount(0.0571, "share of persons", "en"), amount(600000.0, "persons", "zh")
    ('5.71 %', '600,000')
    """
    if math.isnan(value):
        return figures.NOTHING
    return figures.percent(value, lang) if unit.startswith("share") else figures.count(value)


def _named(row: dict[Any, Any], say: Wording) -> dict[str, Any]:
    names = {code: name_of(say, code, str(row[code])) for code in ("quantity", "model", "concept")}
    return {**row, **names, "unit": figures.unit_name(str(row["unit"]), say.lang)}


def _limits(result: BackTest, say: Wording) -> Chapter:
    return Chapter("limits", say("chapter.limits"), lead=[one.text(say.lang) for one in result.notes])


def _parameters(result: BackTest, say: Wording) -> Chapter:
    frame: pd.DataFrame = result.parameters
    codes = ("meaning", "value", "unit", "status", "source", "name")
    rows = [
        {
            "meaning": row[f"name_{say.lang}"], "value": row["value"], "name": row["name"], "source": row["source"],
            "unit": figures.unit_name(str(row["unit"]), say.lang), "status": say(f"status.{row['status']}"),
        }
        for row in frame.to_dict("records")
    ]  # fmt: skip
    counts = frame["status"].value_counts()
    known = {status: int(counts.get(status, 0)) for status in ("documented", "estimated", "assumed")}
    message = say("message.parameters", total=len(rows), **known)
    table = Table(
        "parameters",
        say("table.parameters"),
        [Column(code, say(f"column.{code}"), "number" if code == "status" else "text") for code in codes],
        rows,
    )
    return Chapter("parameters", say("chapter.parameters"), (), [Item(table, message=message)])
