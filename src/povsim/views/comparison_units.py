"""Units of amounts in columns and along axes: large money scaled, changes of shares in percentage points."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from povsim import figures
from povsim.terms import Language
from povsim.views.comparison_plans import Plan, Statistic, texts
from povsim.views.comparison_words import currency_of, unit_of
from povsim.views.parts import Column, Kind

LARGE: dict[Language, float] = {"zh": 1e4, "en": 1e6}
"""What money of a county's size is divided by."""
EACH: dict[Language, float] = {"zh": 1e4, "en": 1.0}
"""What money for one person is divided by."""
MOST: dict[Language, int] = {"zh": 2, "en": 3}
"""Decimals of large money at most."""
POINTS = 100.0
POINT_DIGITS = 3
"""Decimals of percentage points: plans differ by hundredths of a point."""
NOISE = 1e-9
"""Differences no larger (in the unit written) are left by sums."""


@dataclass(frozen=True)
class Scale:
    """How amounts are written in a column or along an axis.

    Attributes
    ----------
    factor : float
        What amounts are multiplied by.
    unit : str
        The unit they are then in; none for percentages.
    kind, digits
        As in ``Column``.
    """

    factor: float
    unit: str
    kind: Kind
    digits: int

    def of(self, values: Any) -> Any:
        """Return amounts in the unit."""
        return values * self.factor

    def column(self, code: str, label: str, *, unit: str | None = None) -> Column:
        """Return a column of such amounts; another unit may be given, or none."""
        return Column(code, label, self.kind, self.digits, self.unit if unit is None else unit)

    def text(self, value: float) -> str:
        """Return an amount as a column writes it, without its unit; nothing known is a dash.

        Examples
        --------
        >>> change = Scale(100.0, "points", "signed", 1)
        >>> change.text(0.0123), change.text(-0.00001), change.text(float("nan"))
        ('+1.2', '0.0', '-')
        """
        if math.isnan(value):
            return figures.NOTHING
        text = f"{self.of(value):{'+' if self.kind == 'signed' else ''},.{self.digits}f}"
        # what rounds to nothing has no sign
        return text if any(digit in text for digit in "123456789") else text.lstrip("+-")

    def band(self, low: float, high: float, lang: Language) -> str:
        """Return the ends of a band as one text; empty where they are not known."""
        if math.isnan(low) or math.isnan(high):
            return ""
        return texts(lang)("band.to", low=self.text(low), high=self.text(high))

    @property
    def tip(self) -> dict[str, Any]:
        """The formatter of numbers in a tooltip, where the axis would write them too roughly."""
        return {"$fn": "signed" if self.kind == "signed" else "number", "digits": self.digits}


def level_scale(statistic: Statistic, plan: Plan, lang: Language, amounts: Iterable[float] = ()) -> Scale:
    """Return how a statistic itself is written.

    Parameters
    ----------
    statistic : Statistic
        The statistic.
    plan : Plan
        For its currency.
    lang : {"zh", "en"}
        Language.
    amounts : iterable of float
        What is to be written: the largest decides the decimals of money.
    """
    unit = unit_of(statistic, plan, lang)
    if statistic.form == "share":
        return Scale(1.0, unit, "percent", 2)
    if statistic.form == "money":
        return Scale(1 / LARGE[lang], unit, "money", money_digits(amounts, lang))
    return Scale(1.0, unit, "number", 1) if statistic.units == "villages" else Scale(1.0, unit, "count", 0)


def change_scale(statistic: Statistic, plan: Plan, lang: Language, amounts: Iterable[float] = ()) -> Scale:
    """Return how a difference of a statistic is written: of shares in percentage points.

    Parameters
    ----------
    statistic, plan, lang
        As for ``level_scale``.
    amounts : iterable of float
        What is to be written: none of it is to look like nothing that is not.
    """
    unit, kept = unit_of(statistic, plan, lang), [float(one) for one in amounts]
    if statistic.form == "share":
        return Scale(POINTS, texts(lang)("vs.points.unit"), "signed", POINT_DIGITS)
    if statistic.form == "money":
        factor = 1 / LARGE[lang]
        return Scale(factor, unit, "signed", seen_digits(kept, factor, money_digits(kept, lang), MOST[lang]))
    # villages are few: their means are told with a decimal, and so is how they differ
    return Scale(1.0, unit, "signed", seen_digits(kept, 1.0, int(statistic.units == "villages"), 1))


def money_digits(amounts: Iterable[float], lang: Language) -> int:
    """Return the decimals that large money is written with, as ``figures.money`` has it.

    Examples
    --------
    >>> money_digits([765_539_841.0, 3e6], "zh"), money_digits([3e6], "zh"), money_digits([3e6], "en")
    (0, 2, 3)
    """
    largest = max((abs(one) for one in amounts if not math.isnan(one)), default=0.0)
    return len(figures.money([largest], lang)[0].partition(".")[2])


def seen_digits(amounts: Iterable[float], factor: float, digits: int, most: int) -> int:
    """Return the decimals with which nothing that is there is written as 0, as far as the most allowed does it.

    Parameters
    ----------
    amounts : iterable of float
        What is to be written; below a billionth (of the unit) it is the noise of sums.
    factor : float
        What amounts are multiplied by.
    digits, most : int
        Decimals at least and at most.

    Examples
    --------
    >>> seen_digits([20_000.0, 4e6], 1e-6, 1, 3), seen_digits([1e-12], 1.0, 0, 3)
    (2, 0)
    """
    kept = list(amounts)
    while digits < most and any(NOISE < abs(one) * factor < 0.5 * 10.0**-digits for one in kept):
        digits += 1
    return digits


def large_money(plan: Plan, lang: Language, amounts: Iterable[float] = (), *, signed: bool = False) -> Scale:
    """Return how money of a county's size is written, as what is spent or, with a sign, as what is spent more."""
    unit = texts(lang)("money.large", currency=currency_of(plan, lang))
    return Scale(1 / LARGE[lang], unit, "signed" if signed else "money", money_digits(amounts, lang))


def each_money(plan: Plan, lang: Language) -> Scale:
    """Return how money for one person is written."""
    unit = texts(lang)("vs.unit.each", currency=currency_of(plan, lang))
    return Scale(1 / EACH[lang], unit, "money", 2 if lang == "zh" else 0)
