"""Numbers as a planner reads them: percentages, persons, money, dated values, sizes of files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from povsim.terms import Language
from povsim.wording import read_room, wording

NOTHING = "-"


def percent(share: float, lang: Language, digits: int = 2) -> str:
    """Return a share as a percentage.

    Examples
    --------
    >>> percent(0.04876, "en"), percent(0.04876, "zh"), percent(float("nan"), "en")
    ('4.88 %', '4.88%', '-')
    """
    if math.isnan(share):
        return NOTHING
    return f"{100 * share:.{digits}f}{'' if lang == 'zh' else ' '}%"


def band(low: float, high: float, lang: Language) -> str:
    """Return a band of shares.

    Examples
    --------
    >>> band(0.0401, 0.0567, "en")
    '4.01-5.67 %'
    """
    return f"{100 * low:.2f}-{percent(high, lang)}"


def probability(share: float, lang: Language) -> str:
    """Return a probability without decimals; only what never or always happened is 0 or 100.

    Examples
    --------
    >>> probability(0.999, "en"), probability(1.0, "en"), probability(0.001, "zh"), probability(0.25, "zh")
    ('>99 %', '100 %', '<1%', '25%')
    """
    if 0 < share < 0.005:
        return "<" + percent(0.01, lang, 0)
    if 0.995 < share < 1:
        return ">" + percent(0.99, lang, 0)
    return percent(share, lang, 0)


def count(number: float) -> str:
    """Return a number of persons or households.

    Examples
    --------
    >>> count(169800), count(89.25)
    ('169,800', '89')
    """
    return NOTHING if math.isnan(number) else f"{number:,.0f}"


def money(amounts: Sequence[float], lang: Language) -> list[str]:
    """Return amounts in ten thousands (zh) or millions (en), all with the decimals the largest one deserves.

    Examples
    --------
    >>> money([865414.55, 159373.45], "zh"), money([865414.55, 159373.45], "en")
    (['86.54', '15.94'], ['0.865', '0.159'])
    >>> money([112_345_678.0], "zh"), money([112_345_678.0], "en")
    (['11,235'], ['112.3'])
    """
    scale, digits = money_scale(amounts, lang)
    return [NOTHING if math.isnan(amount) else f"{amount / scale:,.{digits}f}" for amount in amounts]


def money_scale(amounts: Sequence[float], lang: Language) -> tuple[float, int]:
    """Return what large amounts are divided by, ten thousand (zh) or a million (en), and the decimals they deserve.

    Examples
    --------
    >>> money_scale([73_145_510.0, 4_081_132.0], "zh"), money_scale([73_145_510.0], "en")
    ((10000.0, 0), (1000000.0, 2))
    """
    scale = 1e4 if lang == "zh" else 1e6
    largest = max((abs(amount) / scale for amount in amounts if not math.isnan(amount)), default=0.0)
    steps = ((1000, 2), (math.inf, 0)) if lang == "zh" else ((10, 3), (100, 2), (math.inf, 1))
    return scale, next(decimals for bound, decimals in steps if largest < bound)


def unit_cost(amounts: Sequence[float], lang: Language) -> list[str]:
    """Return amounts for one person: in ten thousands with two decimals (zh), in whole units (en).

    Examples
    --------
    >>> unit_cost([15886.5], "zh"), unit_cost([15886.5], "en")
    (['1.59'], ['15,886'])
    """
    one = [f"{amount / 1e4:,.2f}" if lang == "zh" else f"{amount:,.0f}" for amount in amounts]
    return [NOTHING if math.isnan(amount) else text for amount, text in zip(amounts, one, strict=True)]


def currency_name(code: str, lang: Language) -> str:
    """Return the name of a currency; one that is not the yuan keeps its code.

    Examples
    --------
    >>> currency_name("yuan", "zh"), currency_name("CNY", "en"), currency_name("MXN", "zh")
    ('元', 'yuan', 'MXN')
    """
    return wording(lang, "commands")("currency.yuan") if code in ("yuan", "CNY") else code


def unit_name(unit: str, lang: Language) -> str:
    """Return a unit as a file writes it in the language asked for; amounts in another currency keep its code.

    Examples
    --------
    >>> unit_name("yuan per head", "zh"), unit_name("MXN per head", "zh"), unit_name("MXN per head", "en")
    ('元/人', 'MXN/人', 'MXN per head')
    """
    say = wording(lang, "units")
    code, _, rest = unit.partition(" ")
    if say.find(unit) is None and len(code) == 3 and code.isupper():
        known = say.find(f"yuan {rest}".strip())
        return known.replace(currency_name("yuan", lang), code, 1) if known else unit
    return say.find(unit) or unit


def source_name(text: str, lang: Language) -> str:
    """Return where a figure comes from, or a note on it, in the language asked for.

    What shipped files say is known in both languages; a planner's own words stay as they were written.

    Examples
    --------
    >>> source_name("own judgement", "zh"), source_name("own judgement", "en"), source_name("our office, 2016", "zh")
    ('自行判断', 'own judgement', 'our office, 2016')
    """
    say = wording(lang, "sources")
    before = text.removeprefix(wording("en", "sources")("source.by_hand", before=""))
    if before != text:
        return say("source.by_hand", before=source_name(before, lang))
    known = _sources().get(text)
    return text if known is None else known[lang]


@cache
def _sources() -> Mapping[str, Mapping[str, str]]:
    return {text: both for both in read_room("sources").values() for text in both.values()}


def number(value: float) -> str:
    """Return any number with separators and as many decimals as it has, six digits at most after the point.

    Examples
    --------
    >>> number(12000000.0), number(0.0475), number(-0.14)
    ('12,000,000', '0.0475', '-0.14')
    """
    text = f"{value:,.6f}"
    return text.rstrip("0").rstrip(".")


def size(count_of_bytes: int) -> str:
    """Return the size of a file or folder.

    Examples
    --------
    >>> size(900), size(2_345_678)
    ('1 kB', '2.3 MB')
    """
    if count_of_bytes < 1_000_000:
        return f"{max(1, round(count_of_bytes / 1000))} kB"
    return f"{count_of_bytes / 1e6:,.1f} MB"
