"""Numbers, units and lists as the sentences about scorecards write them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from povsim import figures
from povsim.quantity import Lognormal, Normal, Quantity
from povsim.terms import Language
from povsim.wording import Wording, wording

ROOMS = ("commands", "scorecards")
YES_OR_NO = "0 or 1"
DIGITS = 4
"""Points of re-based items do not come out even."""


@cache
def words(lang: Language) -> Wording:
    """Return the texts that the sentences are made of."""
    return wording(lang, *ROOMS)


def in_percent(unit: str) -> bool:
    """Tell whether values in a unit are written in percent.

    Examples
    --------
    >>> in_percent("share"), in_percent("ratio"), in_percent("persons")
    (True, True, False)
    """
    return unit == "ratio" or unit.split(" ")[0] == "share"


def points_text(value: float, lang: Language) -> str:
    """Return a number of points.

    Examples
    --------
    >>> points_text(16, "zh"), points_text(1, "en"), points_text(2.5, "en"), points_text(100 / 9, "en")
    ('16分', '1 point', '2.5 points', '11.1111 points')
    """
    return words(lang)("points.one" if abs(value) == 1 else "points.many", value=_plain(round(value, DIGITS)))


def amount(value: float, unit: str, lang: Language) -> str:
    """Return a value with its unit, shares in percent.

    Examples
    --------
    >>> amount(0.999, "share", "en"), amount(1.0, "ratio", "zh"), amount(3740, "yuan per head", "zh")
    ('99.9 %', '100%', '3,740元/人')
    >>> amount(1, "persons", "en"), amount(2017, "year (end)", "en"), amount(5, "place", "zh")
    ('1 person', 'end of 2017', '第5名')
    """
    gap = "" if lang == "zh" else " "
    if in_percent(unit):
        return f"{_plain(100 * value)}{gap}%"
    if unit == YES_OR_NO and value in (0, 1):
        return words(lang)("yes" if value else "no")
    if words(lang).find(f"ordinal.{unit}"):
        return words(lang)(f"ordinal.{unit}", value=f"{value:g}")
    return f"{_plain(value)}{gap}{_counted(value, unit, lang)}".strip()


def gap_text(value: float, unit: str, lang: Language) -> str:
    """Return a difference of two values: percentage points for shares.

    Examples
    --------
    >>> gap_text(0.001, "share", "zh"), gap_text(0.001, "share", "en"), gap_text(0.05, "ratio", "en")
    ('0.1个百分点', '0.1 percentage point', '5 percentage points')
    >>> gap_text(100, "persons", "en")
    '100 persons'
    """
    if not in_percent(unit):
        return f"{_plain(value)}{'' if lang == 'zh' else ' '}{_counted(value, unit, lang)}"
    shown = 100 * value
    return words(lang)("gap.one" if round(shown, 6) <= 1 else "gap.many", value=_plain(shown))


def path_text(entry: Quantity, lang: Language, *, whole: str = "") -> str:
    """Return the value of an entry, of a dated one each date with its value.

    Parameters
    ----------
    entry : Quantity
        The entry.
    lang : {"zh", "en"}
        Language.
    whole : str
        Key of a text that dated values stand in, with ``{path}``.

    Examples
    --------
    >>> target = Quantity(value={2016: 0.2, 2017: 0.3}, unit="share", source="plan", status="assumed")
    >>> path_text(target, "zh"), path_text(target, "en"), path_text(target, "en", whole="dated.target")
    ('2016年20%，2017年30%', '2016: 20 %, 2017: 30 %', 'the target (2016: 20 %, 2017: 30 %)')
    """
    if not isinstance(entry.value, dict):
        return amount(entry.value, entry.unit, lang)
    dates = sorted(entry.value.items())
    # One value for all years is said once; its dates would only be in the way.
    if len({value for _, value in dates}) == 1:
        return amount(dates[0][1], entry.unit, lang)
    say, percent = words(lang), in_percent(entry.unit)
    shown = [amount(value, entry.unit, lang) if percent else _plain(value) for _, value in dates]
    parts = [say("dated.year", year=year, value=value) for (year, _), value in zip(dates, shown, strict=True)]
    # Thousands have commas of their own; the unit is said once.
    path = listed(parts, lang, clauses=not percent)
    path += "" if percent else ("" if lang == "zh" else " ") + figures.unit_name(entry.unit, lang)
    return say(whole, path=path) if whole else path


def figure_text(entry: Quantity, lang: Language) -> str:
    """Return the value of an entry with its spread.

    Examples
    --------
    >>> spread = {"type": "triangular", "low": 0.9, "high": 1.0}
    >>> figure = Quantity(value=0.97, unit="share", source="guess", status="assumed", spread=spread)
    >>> figure_text(figure, "zh"), figure_text(figure, "en")
    ('97%（90%至100%之间）', '97 % (between 90 % and 100 %)')
    """
    say, spread, figure = words(lang), entry.spread, path_text(entry, lang)
    if spread is None:
        return figure
    if isinstance(spread, Normal):
        return say("spread.normal", figure=figure, sd=gap_text(spread.sd, entry.unit, lang))
    if isinstance(spread, Lognormal):
        return say("spread.lognormal", figure=figure, sd=_plain(spread.sd))
    if isinstance(entry.value, dict):
        low, high = (gap_text(value, entry.unit, lang) for value in (spread.low, spread.high))
        return say("spread.shift", figure=figure, low=low, high=high)
    low, high = (amount(value, entry.unit, lang) for value in (spread.low, spread.high))
    return say("spread.between", figure=figure, low=low, high=high)


def listed(parts: Iterable[str], lang: Language, *, clauses: bool = False) -> str:
    """Return texts one after another; ``clauses``: they hold commas of their own.

    Examples
    --------
    >>> listed(["a", "b"], "zh"), listed(["a", "b"], "en"), listed(["a", "b"], "en", clauses=True)
    ('a，b', 'a, b', 'a; b')
    """
    zh, en = ("；", "; ") if clauses else ("，", ", ")
    return (zh if lang == "zh" else en).join(parts)


def bracketed(text: str, lang: Language) -> str:
    """Return a text in brackets, to be put behind another.

    Examples
    --------
    >>> bracketed("16", "zh"), bracketed("16", "en")
    ('（16）', ' (16)')
    """
    return f"（{text}）" if lang == "zh" else f" ({text})"


def _counted(value: float, unit: str, lang: Language) -> str:
    one = words(lang).find(f"one.{unit}") if abs(value) == 1 else None
    return one or figures.unit_name(unit, lang)


def _plain(value: float) -> str:
    text = figures.number(value)
    return "0" if text == "-0" else text
