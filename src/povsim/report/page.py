"""The report as one page that needs no network: both languages, charts, tables; nothing in it is taken for markup."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from html import escape
from typing import Any

from povsim.charts.base import Chart
from povsim.charts.library import echarts_licences, echarts_source
from povsim.report.drawn import charts_of
from povsim.report.page_code import script, style
from povsim.report.page_tables import table_of
from povsim.report.parts import Chapter, Contents, Item
from povsim.sheet_parts import FORBIDDEN
from povsim.views.parts import BigNumber
from povsim.wording import Wording, wording

DIGITS = 7
"""Significant digits of numbers that charts draw."""


def page(reports: Sequence[Contents]) -> bytes:
    """Return the page; it opens in the language of the first report.

    Parameters
    ----------
    reports : sequence of Contents
        The same report in each language.
    """
    charts: dict[str, dict[str, Any]] = {}
    body = "".join(_report(report, charts) for report in reports)
    data = json.dumps(charts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    pieces = (echarts_source().replace("\r", ""), script())
    first = reports[0]
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{escape(_policy(pieces))}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{text(first.message)}</title><style>{style()}</style>"
    )
    scripts = "".join(f'<script type="module">{piece}</script>' for piece in pieces)
    # within a script "<" could end it, whatever the names of villages hold
    blocks = f'<script type="application/json" id="charts">{data.replace("<", chr(92) + "u003c")}</script>{scripts}'
    lang = "zh-CN" if first.lang == "zh" else "en"
    opened = f'<!DOCTYPE html>\n<html lang="{lang}" data-lang="{first.lang}" data-theme="light"><head>{head}</head>'
    return f"{opened}<body>{body}{_licences(reports)}{blocks}</body></html>\n".encode()


def _policy(pieces: Sequence[str]) -> str:
    scripts = " ".join(_hash(piece) for piece in pieces)
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_hash(style())}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(piece: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(piece.encode()).digest()).decode()}'"


def text(value: str) -> str:
    """Return a text as a page shows it: whatever it holds, it is no markup.

    Examples
    --------
    >>> text("<img onerror=x>")
    '&lt;img onerror=x&gt;'
    """
    return escape(FORBIDDEN.sub("", value))


# ---- a language ----


def _report(report: Contents, charts: dict[str, dict[str, Any]]) -> str:
    say, of = wording(report.lang, "report"), f'data-of="{report.lang}"'
    chapters = "".join(_chapter(chapter, report, charts) for chapter in report.chapters)
    rules = "".join(f"<li>{text(rule)}</li>" for rule in report.conventions)
    code = f"{report.lang}-conventions"
    return (
        f'<header class="bar" {of}>{_bar(report, say)}</header><main {of}>'
        f'<p class="soft">{text(report.title)}　{text(report.subtitle)}</p><h1>{text(report.message)}</h1>'
        f'<noscript><p class="note">{text(say("page.script"))}</p></noscript>{chapters}'
        f'<section id="{code}"><h2>{text(say("page.conventions"))}</h2><ul>{rules}</ul>'
        f'<p class="note">{text(report.origin)}</p></section></main>'
    )


def _bar(report: Contents, say: Wording) -> str:
    links = [(chapter.code, f"{report.lang}-{chapter.code}", chapter.title) for chapter in report.chapters]
    links.append(("conventions", f"{report.lang}-conventions", say("page.conventions")))
    nav = "".join(
        f'<a href="#{code}" title="{text(title)}">{text(say.find(f"nav.{name}") or title)}</a>'
        for name, code, title in links
    )
    label = text(say("page.language.label"))
    other = wording("en" if report.lang == "zh" else "zh", "report")("page.own")
    return (
        f'<nav aria-label="{text(say("page.contents"))}">{nav}</nav>'
        f'<button type="button" data-do="language" aria-label="{label}">{text(other)}</button>'
        f'<button type="button" data-do="theme">{text(say("page.theme"))}</button>'
        f'<button type="button" data-do="print">{text(say("page.print"))}</button>'
    )


def _chapter(chapter: Chapter, report: Contents, charts: dict[str, dict[str, Any]]) -> str:
    lead = "".join(f'<p class="told">{text(sentence)}</p>' for sentence in chapter.lead)
    cards = "".join(_card(one) for one in chapter.numbers)
    items = "".join(_item(item, report, charts) for item in chapter.items)
    head = f'<section id="{report.lang}-{chapter.code}"><h2>{text(chapter.title)}</h2>{lead}'
    told = f'<p class="note">{text(chapter.origin)}</p>' if chapter.origin else ""
    return head + (f'<div class="cards">{cards}</div>' if cards else "") + f"{items}{told}</section>"


def _card(one: BigNumber) -> str:
    note = f"<small>{text(one.note)}</small>" if one.note else ""
    return (
        f'<div class="card" data-tone="{one.tone}"><span>{text(one.label)}</span><b>{text(one.value)}</b>'
        f"<span>{text(one.spread)}</span>{note}</div>"
    )


def _item(item: Item, report: Contents, charts: dict[str, dict[str, Any]]) -> str:
    told = f'<p class="told">{text(item.message)}</p>' if item.message else ""
    found = charts_of(item)
    figures = "".join(_figure(chart, item, report, charts) for chart in found)
    note = f'<p class="note">{text(item.table.note)}</p>' if item.table.note else ""
    table = table_of(item, wording(report.lang, "report"), drawn="yes" if found else "no")
    return f"<article><h3>{text(item.table.title)}</h3>{told}{figures}{table}{note}</article>"


def _figure(chart: Chart, item: Item, report: Contents, charts: dict[str, dict[str, Any]]) -> str:
    code = f"{report.lang}-{len(charts)}"
    axes = {side: list(names) for side, names in chart.axes.items()}
    charts[code] = {
        "lang": report.lang, "height": chart.height, "option": plain(chart.option), "data": plain(chart.data),
        "axes": plain(axes),
    }  # fmt: skip
    captions = [one for one in (chart.title, chart.note) if one and one not in (item.table.title, item.table.note)]
    caption = f"<figcaption>{text(chr(10).join(captions))}</figcaption>" if captions else ""
    label = text(" ".join(one for one in (chart.title, chart.note) if one))
    return f'<figure><div class="chart" data-chart="{code}" role="img" aria-label="{label}"></div>{caption}</figure>'


def plain(value: Any) -> Any:
    """Return data as JSON takes it: arrays as lists, what is missing as null, numbers with so many digits as are seen.

    Examples
    --------
    >>> plain({"a": (1 / 3, float("nan")), "b": "x"})
    {'a': [0.3333333, None], 'b': 'x'}
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return FORBIDDEN.sub("", value) if isinstance(value, str) else value


def _licences(reports: Sequence[Contents]) -> str:
    return "".join(_licence(report) for report in reports)


def _licence(report: Contents) -> str:
    say = wording(report.lang, "report")
    head = f'<main data-of="{report.lang}"><details><summary>{text(say("page.licences"))}</summary>'
    return f"{head}<pre>{text(echarts_licences())}</pre></details></main>"
