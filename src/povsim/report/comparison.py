"""The chapter that puts plans side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from povsim.charts import comparison as charts
from povsim.charts.base import BLUE, GREEN, ORANGE, PURPLE
from povsim.report.parts import Chapter, Item, Plot, Stroke
from povsim.report.wanted import Wanted
from povsim.terms import Language
from povsim.views.comparison import Pair, Plan, answer, chosen, luck_words, names, numbers, pairs_of, place_of, plans_of
from povsim.views.comparison_groups import THRESHOLD, caution, groups_table, known
from povsim.views.comparison_money import money_tables, parts_table
from povsim.views.comparison_plans import texts
from povsim.views.comparison_tables import areas_table, statistics_table, years_table
from povsim.views.comparison_targets import changes_table, targets_table
from povsim.views.parts import BigNumber, Table
from povsim.wording import wording

if TYPE_CHECKING:
    from povsim.views.digests import RunDigest

QUANTITY = "poor_persons"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)


def plans(digest: RunDigest, others: Sequence[RunDigest], wanted: Wanted) -> tuple[Plan, ...]:
    """Return the plans that are put side by side; the first alone where nothing is to be compared with it."""
    every = plans_of([digest, *(one for one in others if one.code != digest.code)])
    return chosen(every, digest.code, wanted.compare.others)


def chapter(shown: Sequence[Plan], wanted: Wanted, year: int, lang: Language) -> Chapter | None:
    """Return differences by year and area, money, targets, groups, other settings; nothing for one plan."""
    if len(shown) < 2:
        return None
    pairs, called = pairs_of(shown), names(shown, lang)
    place = place_of(shown[0], year)
    lead = [text for at, one in enumerate(pairs, 1) for text in _sentences(one, (called[0], called[at]), year, lang)]
    items = [
        *_years(shown, pairs, wanted, year, lang),
        *_statistics(pairs, place, lang),
        *_areas(pairs, wanted, place, lang),
    ]
    items += [*_targets(shown, lang), *_money(pairs, place, lang), *_groups(pairs, called, place, lang)]
    items.append(Item(changes_table(shown, lang)))
    title = wording(lang, "report")("chapter.comparison", year=year)
    kept = [item for item in items if item.table.rows]
    return Chapter("comparison", title, _numbers(shown, pairs, place, lang), kept, lead, _origin(shown, pairs, lang))


def counted(shown: Sequence[Plan], lang: Language) -> str:
    """Say on how many draws plans are compared, where those are not all draws of the first run; else nothing.

    Parameters
    ----------
    shown : sequence of Plan
        The plans, those of common luck on the draws that all of them have.
    lang : {"zh", "en"}
        Language.
    """
    first = shown[0]
    if len(shown) < 2 or first.draws.size == first.arrays["draw"].size:
        return ""
    return wording(lang, "report")("convention.counted", draws=first.draws.size)


def _origin(shown: Sequence[Plan], pairs: Sequence[Pair], lang: Language) -> str:
    """Return where the numbers come from: every run with its draws, and those counted; empty where it is one run."""
    say, runs = wording(lang, "report"), {plan.digest.code: plan.digest.manifest for plan in shown}
    if len(runs) < 2:
        return ""
    each = [
        say("origin.run", run=code, draws=manifest["draws"]["count"], seed=manifest["seed"])
        for code, manifest in runs.items()
    ]
    common = all(one.pairs.common for one in pairs)
    how = say("origin.common", draws=shown[0].draws.size) if common else say("origin.apart")
    manifest = shown[0].digest.manifest
    words = {"version": manifest["povsim"], "date": str(manifest["created"])[:10]}
    return say("origin.runs", **words, runs=say("origin.list").join(each), counted=how)


def _sentences(one: Pair, called: tuple[str, str], year: int, lang: Language) -> list[str]:
    told = [answer(one, year, called, lang), luck_words(one, called, lang)]
    warned = caution(one, called, lang) if known(one) else ""
    return [*told, warned] if warned else told


def _numbers(shown: Sequence[Plan], pairs: Sequence[Pair], place: int, lang: Language) -> list[BigNumber]:
    """Return the big numbers of every plan, each under its name."""
    called, found = names(shown, lang), []
    for plan, name, one in zip(shown, called, [None, *pairs], strict=True):
        for told in numbers(plan, one, place, lang):
            label = f"{name} · {told.label}"
            found.append(BigNumber(f"{plan.code}.{told.code}", label, told.value, told.spread, told.note, told.tone))
    return found


def _years(shown: Sequence[Plan], pairs: Sequence[Pair], wanted: Wanted, year: int, lang: Language) -> list[Item]:
    code = _quantity(shown[0], wanted)
    table, called = years_table(pairs, code, lang), names(shown, lang)
    strokes = [Stroke(f"value{at}", COLOURS[at % len(COLOURS)]) for at in range(len(shown))]
    what, unit = shown[0].statistic(code).label(lang), next(one.unit for one in table.columns if one.code == "value0")
    axis = texts(lang)("vs.with_unit", what=what, unit=unit) if unit else what
    plot = Plot("line", "year", strokes, axis)
    message = answer(pairs[0], year, (called[0], called[1]), lang)
    drawn = (charts.levels(shown, code, lang), charts.differences(pairs, code, lang))
    return [Item(table, drawn, plot, message=message)]


def _quantity(plan: Plan, wanted: Wanted) -> str:
    known_codes = plan.part["statistic"].to_numpy().tolist()
    asked = wanted.compare.quantity
    return asked if asked is not None and asked in known_codes else QUANTITY


def _statistics(pairs: Sequence[Pair], place: int, lang: Language) -> list[Item]:
    return [Item(statistics_table(pairs, place, form, lang)) for form in ("count", "share", "money")]


def _areas(pairs: Sequence[Pair], wanted: Wanted, place: int, lang: Language) -> list[Item]:
    level = wanted.compare.by if wanted.compare.by != "county" else "township"
    code = _quantity(pairs[0].first, wanted)
    table = areas_table(pairs, code, place, level, lang)
    return [Item(table, (charts.area_differences(pairs, code, place, level, lang),))] if table.rows else []


def _targets(shown: Sequence[Plan], lang: Language) -> list[Item]:
    table = targets_table(shown, lang)
    return [Item(table, (charts.targets(shown, lang),), heat="low")] if table.rows else []


def _money(pairs: Sequence[Pair], place: int, lang: Language) -> list[Item]:
    parts = parts_table(pairs, place, "headcount_ratio", lang)
    totals, extra, quarters = money_tables(pairs, place, lang)
    found = [Item(totals), Item(extra, (charts.plane(pairs, place, lang),)), Item(quarters)]
    return [*found, Item(parts, (charts.parts(pairs, place, lang),))] if parts.rows else found


def _groups(pairs: Sequence[Pair], called: Sequence[str], place: int, lang: Language) -> list[Item]:
    found = []
    for at, one in enumerate(pairs, start=1):
        if known(one):
            asked = (place, "township", THRESHOLD)
            table = groups_table(one, called[at], asked, lang)
            named = Table(f"{table.code}{at}", table.title, table.columns, table.rows, table.note)
            found.append(Item(named, (charts.winners_chart(one, called[at], asked, lang),)))
    return found
